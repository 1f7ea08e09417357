/*
 * State charts as text: the diagram, with solid boxes and lines where something went and dotted ones
 * elsewhere, and below it the way of each object. Also as Graphviz DOT and as Mermaid.
 */
#include <stdlib.h>
#include <string.h>

#include "viz/states.h"

#define OBJECTS 20 /* whose ways are told */
#define STEPS 24   /* of a way */

struct sheet {
	unsigned width, height;
	bool utf8;
	uint8_t *cell; /* a letter, or ENDS and what else */
};

/* A cell of a line: where it goes on from here, and how it looks. */
enum {
	LEFT = 1,
	RIGHT = 2,
	UP = 4,
	DOWN = 8,
	DOTTED = 16,
	LINE = 128, /* it is one */
};

static uint8_t *at(const struct sheet *s, unsigned x, unsigned y)
{
	return &s->cell[y * s->width + x];
}

static void put_word(const struct sheet *s, unsigned x, unsigned y, const char *text)
{
	for (; *text && x < s->width && y < s->height; text++, x++)
		*at(s, x, y) = (uint8_t)*text;
}

/* A straight piece of a line from one place to another, both included. */
static void put_piece(const struct sheet *s, struct diagram_place a, struct diagram_place b, uint8_t look)
{
	int dx = (b.x > a.x) - (b.x < a.x), dy = (b.y > a.y) - (b.y < a.y);
	uint8_t on = dx > 0   ? RIGHT
		     : dx < 0 ? LEFT
		     : dy > 0 ? DOWN
			      : UP,
		back = dx > 0	? LEFT
		       : dx < 0 ? RIGHT
		       : dy > 0 ? UP
				: DOWN;
	for (int x = a.x, y = a.y;; x += dx, y += dy) {
		bool first = x == a.x && y == a.y, last = x == b.x && y == b.y;
		uint8_t *c = at(s, (unsigned)x, (unsigned)y);
		*c = (uint8_t)((*c & LINE ? *c & ~DOTTED : 0) | LINE | look | (last ? 0 : on) |
			       (first ? 0 : back));
		if (last)
			break;
	}
}

static void put_box(const struct sheet *s, const struct diagram_box *box, bool visited)
{
	uint8_t look = visited ? 0 : DOTTED;
	struct diagram_place p[] = { { box->x, box->y },
				     { (uint8_t)(box->x + box->w - 1), box->y },
				     { (uint8_t)(box->x + box->w - 1), (uint8_t)(box->y + box->h - 1) },
				     { box->x, (uint8_t)(box->y + box->h - 1) } };
	for (unsigned i = 0; i < 4; i++)
		put_piece(s, p[i], p[(i + 1) % 4], look);
	put_word(s, box->x + (box->w - (unsigned)strlen(box->name)) / 2, box->y + box->h / 2u, box->name);
}

static void put_arrow(const struct sheet *s, const struct diagram_arrow *a, const struct states_count *count)
{
	unsigned n = 2;
	char text[64];
	while (n < DIAGRAM_POINTS && (a->p[n].x || a->p[n].y))
		n++;
	for (unsigned i = 1; i < n; i++)
		put_piece(s, a->p[i - 1], a->p[i], count->n ? 0 : DOTTED);
	struct diagram_place end = a->p[n - 1], before = a->p[n - 2];
	*at(s, end.x, end.y) = (uint8_t)(end.x > before.x   ? '>'
					 : end.x < before.x ? '<'
					 : end.y > before.y ? 'v'
							    : '^');
	unsigned len = (unsigned)strlen(a->event);
	put_word(s, a->how & DIAGRAM_ENDS ? a->x + 1 - len : a->x, a->y, a->event);
	if (!count->n)
		return;
	states_count_text(count, text, sizeof(text));
	len = (unsigned)strlen(text);
	put_word(s, a->how & DIAGRAM_ENDS ? a->x + 1 - len : a->x, a->y + (a->how & DIAGRAM_BELOW ? 1 : 2),
		 text);
}

static const char *glyph(const struct sheet *s, uint8_t c, char *buf)
{
	static const char *const solid[16] = { [LEFT] = "━",	     [RIGHT] = "━",
					       [LEFT | RIGHT] = "━", [UP] = "┃",
					       [DOWN] = "┃",	     [UP | DOWN] = "┃",
					       [RIGHT | DOWN] = "┏", [LEFT | DOWN] = "┓",
					       [RIGHT | UP] = "┗",   [LEFT | UP] = "┛" };
	static const char *const dotted[16] = { [LEFT] = "┄",	      [RIGHT] = "┄",
						[LEFT | RIGHT] = "┄", [UP] = "┆",
						[DOWN] = "┆",	      [UP | DOWN] = "┆",
						[RIGHT | DOWN] = "┌", [LEFT | DOWN] = "┐",
						[RIGHT | UP] = "└",   [LEFT | UP] = "┘" };
	unsigned ways = c & 15;
	if (!(c & LINE)) {
		buf[0] = c ? (char)c : ' ';
		buf[1] = '\0';
		return buf;
	}
	if (s->utf8)
		return c & DOTTED ? (dotted[ways] ? dotted[ways] : "+") : solid[ways] ? solid[ways] : "+";
	if (!(ways & (UP | DOWN)))
		return c & DOTTED ? "." : "-";
	if (!(ways & (LEFT | RIGHT)))
		return c & DOTTED ? ":" : "|";
	return c & DOTTED ? "." : "+";
}

static void put_sheet(const struct sheet *s, FILE *out)
{
	char buf[2];
	for (unsigned y = 0; y < s->height; y++) {
		unsigned end = s->width;
		while (end > 0 && !*at(s, end - 1, y))
			end--;
		for (unsigned x = 0; x < end; x++)
			fputs(glyph(s, *at(s, x, y), buf), out);
		fputc('\n', out);
	}
}

/* ---- what else there is to tell ---- */

static void put_others(const struct states *st, FILE *out)
{
	char text[64];
	for (uint32_t i = 0; i < st->nr_others; i++)
		fprintf(out, "%s%s -> %s  %s\n",
			i ? "                    " : "not in the diagram: ", st->others[i].from,
			st->others[i].to, states_count_text(&st->others[i].count, text, sizeof(text)));
	if (st->nr_others)
		fputc('\n', out);
}

static void put_way(const struct states *st, const struct series *s, FILE *out)
{
	char name[24], at_text[32], stay[32];
	fprintf(out, "%s %s\n", s->host, s->of);
	for (uint32_t i = 0; i < s->n && i < STEPS; i++) {
		states_time_text(s->p[i].time, at_text, sizeof(at_text));
		states_name(st, s, i, name, sizeof(name));
		if (i + 1 < s->n)
			fprintf(out, "  %16s  %-12s for %s\n", at_text, name,
				states_time_text(s->p[i + 1].time - s->p[i].time, stay, sizeof(stay)));
		else
			fprintf(out, "  %16s  %s\n", at_text, name);
	}
	if (s->n > STEPS)
		fprintf(out, "  %16s  and %u more\n", "", s->n - STEPS);
}

int states_text(const struct states *st, bool utf8, FILE *out)
{
	const struct state_diagram *d = st->diagram;
	struct sheet s = { d->width, d->height, utf8, calloc(d->width, d->height) };
	if (!s.cell)
		return -1;
	for (int taken = 0; taken < 2; taken++) /* what was taken lies on top */
		for (unsigned i = 0; d->arrows[i].event; i++)
			if ((st->arrow[i].n > 0) == taken)
				put_arrow(&s, &d->arrows[i], &st->arrow[i]);
	for (unsigned i = 0; d->boxes[i].name; i++)
		put_box(&s, &d->boxes[i], st->visited[i]);
	fprintf(out, "%s: %u object%s\n\n", d->title, st->set.n, st->set.n == 1 ? "" : "s");
	put_sheet(&s, out);
	free(s.cell);
	fputc('\n', out);
	put_others(st, out);
	for (uint32_t i = 0; i < st->set.n && i < OBJECTS; i++)
		put_way(st, &st->set.s[i], out);
	if (st->set.n > OBJECTS)
		fprintf(out, "and %u more\n", st->set.n - OBJECTS);
	return 0;
}

/* ---- DOT, Mermaid ---- */

void states_dot(const struct states *st, FILE *out)
{
	const struct state_diagram *d = st->diagram;
	char text[64];
	fprintf(out,
		"digraph \"%s\" {\n\tnode [shape=box, style=rounded, fontname=\"monospace\"]\n"
		"\tedge [fontname=\"monospace\", fontsize=10]\n",
		d->value);
	for (unsigned i = 0; d->boxes[i].name; i++)
		fprintf(out, "\ts%u [label=\"%s\"%s]\n", i, d->boxes[i].name,
			st->visited[i] ? ", penwidth=2"
				       : ", style=\"rounded,dotted\", color=gray, fontcolor=gray40");
	for (unsigned i = 0; d->arrows[i].event; i++) {
		const struct diagram_arrow *a = &d->arrows[i];
		fprintf(out, "\ts%u -> s%u [label=\"%s", a->from, a->to, a->event);
		if (st->arrow[i].n)
			fprintf(out, "\\n%s\", penwidth=2]\n",
				states_count_text(&st->arrow[i], text, sizeof(text)));
		else
			fputs("\", style=dotted, color=gray, fontcolor=gray40]\n", out);
	}
	for (uint32_t i = 0; i < st->nr_others; i++) {
		unsigned from = 0, to = 0;
		while (d->boxes[from].name && strcmp(d->boxes[from].name, st->others[i].from) != 0)
			from++;
		while (d->boxes[to].name && strcmp(d->boxes[to].name, st->others[i].to) != 0)
			to++;
		if (d->boxes[from].name && d->boxes[to].name)
			fprintf(out, "\ts%u -> s%u [label=\"%s\", style=dashed, penwidth=2]\n", from, to,
				states_count_text(&st->others[i].count, text, sizeof(text)));
	}
	fputs("}\n", out);
}

void states_mermaid(const struct states *st, FILE *out)
{
	const struct state_diagram *d = st->diagram;
	char text[64];
	fprintf(out, "---\ntitle: %s\n---\nstateDiagram-v2\n", d->title);
	for (unsigned i = 0; d->boxes[i].name; i++)
		fprintf(out, "    state \"%s\" as s%u\n", d->boxes[i].name, i);
	for (unsigned i = 0; d->arrows[i].event; i++) {
		const struct diagram_arrow *a = &d->arrows[i];
		fprintf(out, "    s%u --> s%u : %s%s%s\n", a->from, a->to, a->event,
			st->arrow[i].n ? " " : "",
			st->arrow[i].n ? states_count_text(&st->arrow[i], text, sizeof(text)) : "");
	}
	for (uint32_t i = 0; i < st->nr_others; i++)
		fprintf(out, "    %%%% not in the diagram: %s to %s %s\n", st->others[i].from,
			st->others[i].to, states_count_text(&st->others[i].count, text, sizeof(text)));
	fputs("    classDef taken stroke-width:3px\n    classDef untaken stroke-dasharray:2 4\n", out);
	for (unsigned i = 0; d->boxes[i].name; i++)
		fprintf(out, "    class s%u %s\n", i, st->visited[i] ? "taken" : "untaken");
}
