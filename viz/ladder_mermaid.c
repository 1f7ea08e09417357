/* Ladders as Mermaid's sequence diagrams. */
#include <string.h>

#include "viz/ladder.h"

/* What Mermaid would take for its own is written by number. */
static void put_text(FILE *out, const char *text)
{
	for (; *text; text++)
		if (*text == ';' || *text == '#' || *text == '<' || *text == '>')
			fprintf(out, "#%d;", *text);
		else
			fputc(*text, out);
	fputc('\n', out);
}

static void put_send(const struct ladder *l, uint32_t i, FILE *out)
{
	const struct viz_send *s = &l->sends.send[i];
	char text[1024], span[32], notes[256];
	uint32_t to = s->to < l->t->nr_hosts && l->t->hosts[s->to].name ? ladder_lane(l, s->to)
									: ladder_lane(l, s->from);
	fprintf(out, "    h%u%sh%u: ", ladder_lane(l, s->from),
		s->drop != VIZ_NOBODY || s->arrived == VIZ_NEVER ? "-x" : "->>", to);
	ladder_words(l, i, true, text, sizeof(text));
	ladder_notes(l, i, notes, sizeof(notes));
	size_t n = strlen(text);
	snprintf(text + n, sizeof(text) - n, "%s", notes);
	if (s->arrived != VIZ_NEVER && s->arrived != s->sent) {
		ladder_span(s->arrived - s->sent, span, sizeof(span));
		n = strlen(text);
		snprintf(text + n, sizeof(text) - n, " (+%s)", span);
	}
	put_text(out, text);
}

int viz_ladder_mermaid(const struct ladder *l, FILE *out, char *err, unsigned errlen)
{
	char text[640];
	(void)err;
	(void)errlen;
	fputs("sequenceDiagram\n", out);
	for (uint32_t i = 0; i < l->nr_lanes; i++)
		fprintf(out, "    participant h%u as %s\n", i, ladder_host(l, l->lanes[i]));
	for (uint32_t i = 0; i < l->nr_items; i++) {
		const struct ladder_item *it = &l->items[i];
		if (it->kind == LADDER_ARRIVE)
			continue;
		if (it->kind == LADDER_SEND) {
			put_send(l, it->index, out);
			continue;
		}
		fprintf(out, "    Note over h%u: ", ladder_lane(l, it->host));
		if (it->kind == LADDER_DROP)
			snprintf(text, sizeof(text), "X %s",
				 viz_string(&l->t->drops, l->sends.drops[it->index].reason));
		else if (it->kind == LADDER_STATE)
			ladder_state_text(l, &l->states[it->index], text, sizeof(text));
		else
			ladder_call_text(&l->calls[it->index],
					 it->kind == LADDER_RET || l->calls[it->index].to == it->time, text,
					 sizeof(text));
		put_text(out, text);
	}
	return 0;
}
