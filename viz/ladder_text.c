/*
 * Ladders as text: a line for each frame and each thing that a host does, in order of time. The life lines
 * stand on the left, a thick one where a program waits inside a call; what is said stands on the right.
 *
 * A run of lines that repeat each other (the segments of a bulk transfer and their ACKs) is folded: one line
 * of each kind, with a count. Whatever is not plain (lost, sent again, late) ends the run.
 */
#include <stdlib.h>
#include <string.h>

#include "viz/ladder.h"

#define FOLD_FROM 4 /* as many of a kind are folded */
#define MAX_KINDS 64

struct line {
	uint32_t item;
	uint64_t kind;	/* lines of one kind differ in numbers alone; 0: never folded */
	uint32_t times; /* folded: so many; 0: in another line's count */
	uint32_t last;	/* the last of these, an item */
};

struct text {
	const struct ladder *l;
	FILE *out;
	struct line *lines;
	uint32_t n;
	uint16_t *busy; /* by lane: programs that wait inside a call */
	unsigned gap;	/* columns from life line to life line */
};

/* ---- lines and folds ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static uint64_t send_kind(const struct ladder *l, uint32_t i)
{
	const struct viz_send *s = &l->sends.send[i];
	struct frame_head h;
	viz_send_head(&l->sends, i, &h);
	if (s->drop != VIZ_NOBODY || s->resent || s->duplicate || s->overtaken || s->arrived == VIZ_NEVER ||
	    !h.ip || h.flags & (FRAME_SYN | FRAME_FIN | FRAME_RST))
		return 0;
	uint64_t k = mix(mix(1, (uint64_t)s->from << 32 | s->to), (uint64_t)h.saddr << 32 | h.daddr);
	k = mix(k, (uint64_t)h.sport << 32 | (uint64_t)h.dport << 16 | h.proto);
	/* SACKs tell of trouble: each is shown */
	if (h.proto == FRAME_TCP && h.l4 && h.options > 12)
		return 0;
	if (h.proto == FRAME_TCP && h.l4)
		return mix(k, h.payload ? s->len : 0) | 1;
	return mix(k, (uint64_t)s->len << 32 | (h.l4 ? h.b[h.l4] : 0)) | 1;
}

static uint64_t call_kind(const struct ladder *l, const struct ladder_item *it)
{
	const struct ladder_call *c = &l->calls[it->index];
	uint64_t k = mix(2 + it->kind, (uint64_t)c->host << 32 | c->pid);
	for (const char *p = c->text; *p; p++)
		k = mix(k, (unsigned char)*p);
	return (it->kind == LADDER_CALL && c->to != it->time ? k : mix(k, (uint32_t)c->result)) | 1;
}

static void make_lines(struct text *t)
{
	const struct ladder *l = t->l;
	for (uint32_t i = 0; i < l->nr_items; i++) {
		const struct ladder_item *it = &l->items[i];
		if (it->kind == LADDER_ARRIVE)
			continue;
		t->lines[t->n++] = (struct line){ .item = i,
						  .times = 1,
						  .last = i,
						  .kind = !l->opt.limit		    ? 0
							  : it->kind == LADDER_SEND ? send_kind(l, it->index)
							  : it->kind == LADDER_CALL || it->kind == LADDER_RET
								  ? call_kind(l, it)
								  : 0 };
	}
}

/* Folds lines from..to, which may all be folded; or, when `only_mark`, finds those that are too few to be. */
static void fold_run(struct text *t, uint32_t from, uint32_t to, bool only_mark)
{
	uint64_t kinds[MAX_KINDS];
	uint32_t first[MAX_KINDS], count[MAX_KINDS], n = 0;
	for (uint32_t i = from; i < to; i++) {
		uint32_t k = 0;
		while (k < n && kinds[k] != t->lines[i].kind)
			k++;
		if (k == n && n == MAX_KINDS)
			continue;
		if (k == n) {
			kinds[n] = t->lines[i].kind;
			count[n] = 0;
			first[n++] = i;
		}
		count[k]++;
	}
	for (uint32_t k = 0; k < n; k++) {
		if (count[k] < FOLD_FROM && only_mark)
			for (uint32_t i = first[k]; i < to; i++)
				if (t->lines[i].kind == kinds[k])
					t->lines[i].kind = 0;
		if (count[k] < FOLD_FROM || only_mark)
			continue;
		for (uint32_t i = first[k] + 1; i < to; i++)
			if (t->lines[i].kind == kinds[k]) {
				t->lines[i].times = 0;
				t->lines[first[k]].last = t->lines[i].item;
			}
		t->lines[first[k]].times = count[k];
	}
}

/* What does not come again and again ends a run. */
static void fold(struct text *t)
{
	for (int only_mark = 1; only_mark >= 0; only_mark--) {
		uint32_t from = 0;
		for (uint32_t i = 0; i <= t->n; i++)
			if (i == t->n || !t->lines[i].kind) {
				fold_run(t, from, i, only_mark);
				from = i + 1;
			}
	}
}

/* ---- drawing ---- */

static const char *thin(const struct text *t)
{
	return t->l->opt.utf8 ? "│" : "|";
}

static void put_n(FILE *out, const char *s, unsigned n)
{
	while (n-- > 0)
		fputs(s, out);
}

/* The life lines, `at` marked (VIZ_NOBODY: none), and `end` blanks. */
static void put_lanes(const struct text *t, uint32_t at, unsigned end)
{
	bool utf8 = t->l->opt.utf8;
	for (uint32_t i = 0; i < t->l->nr_lanes; i++) {
		fputs(i == at ? (utf8 ? "●" : "o") : t->busy[i] ? (utf8 ? "┃" : "#") : thin(t), t->out);
		put_n(t->out, " ", i + 1 < t->l->nr_lanes ? t->gap - 1 : end);
	}
}

/* The life lines with an arrow between two of them. */
static void put_arrow(const struct text *t, const struct viz_send *s)
{
	const struct ladder *l = t->l;
	bool utf8 = l->opt.utf8, lost = s->arrived == VIZ_NEVER, refused = !lost && s->drop != VIZ_NOBODY;
	const char *bar = utf8 ? "─" : "-";
	uint32_t a = ladder_lane(l, s->from);
	uint32_t b = s->to < l->t->nr_hosts && l->t->hosts[s->to].name ? ladder_lane(l, s->to)
		     : a + 1 < l->nr_lanes			       ? a + 1
		     : a					       ? a - 1
								       : 0;
	uint32_t lo = a < b ? a : b, hi = a < b ? b : a;
	unsigned width = (hi - lo) * t->gap - 1, stop = lost ? width / 2 : 0;
	for (uint32_t i = 0; i < l->nr_lanes; i++) {
		fputs(refused && i == b ? "X" : t->busy[i] ? (utf8 ? "┃" : "#") : thin(t), t->out);
		if (i != lo || lo == hi) {
			put_n(t->out, " ", i + 1 < l->nr_lanes ? t->gap - 1 : 2);
			continue;
		}
		const char *end = lost ? (s->drop == VIZ_NOBODY ? "?" : "X") : b > a ? ">" : "<";
		if (b < a)
			put_n(t->out, " ", stop);
		if (b < a)
			fputs(end, t->out);
		put_n(t->out, bar, width - stop - 1);
		if (b > a)
			fputs(end, t->out);
		if (b > a)
			put_n(t->out, " ", stop);
		i = hi - 1;
	}
}

static void put_times(const struct text *t, const struct line *line)
{
	const struct ladder *l = t->l;
	const struct ladder_item *a = &l->items[line->item], *b = &l->items[line->last];
	const char *x = l->opt.utf8 ? "×" : "x";
	char until[32], text[640];
	struct frame_head first, last;
	struct frame_bases fb, lb;
	ladder_time(b->time, until, sizeof(until));
	if (a->kind != LADDER_SEND) {
		const struct ladder_call *c = &l->calls[a->index];
		ladder_call_text(c, a->kind == LADDER_RET || c->to == a->time, text, sizeof(text));
		fprintf(t->out, "%s%u %s: %s, until %s", x, line->times, ladder_host(l, a->host), text,
			until);
		return;
	}
	viz_send_head(&l->sends, a->index, &first);
	viz_send_head(&l->sends, b->index, &last);
	fb = viz_send_bases(&l->sends, a->index);
	lb = viz_send_bases(&l->sends, b->index);
	*text = '\0';
	if (!l->one_talk)
		frame_who(&first, text, sizeof(text));
	fprintf(t->out, "%s%u ", x, line->times);
	if (first.proto == FRAME_TCP && first.l4 && first.payload)
		fprintf(t->out, "segments: %sseq %u:%u, %u bytes each, until %s", text, first.seq - fb.seq,
			last.seq - lb.seq + last.payload, first.payload, until);
	else if (first.proto == FRAME_TCP && first.l4)
		fprintf(t->out, "ACKs: %sack %u to %u, until %s", text, first.ack - fb.ack, last.ack - lb.ack,
			until);
	else {
		ladder_words(l, a->index, false, text, sizeof(text));
		fprintf(t->out, "frames: %s, until %s", text, until);
	}
}

static void put_send(const struct text *t, const struct line *line)
{
	const struct ladder *l = t->l;
	uint32_t i = l->items[line->item].index;
	const struct viz_send *s = &l->sends.send[i];
	char span[32] = "", text[640] = "", notes[256];
	put_arrow(t, s);
	if (s->arrived != VIZ_NEVER && s->arrived != s->sent)
		ladder_span(s->arrived - s->sent, span + 1, sizeof(span) - 1);
	if (span[1])
		*span = '+';
	fprintf(t->out, "%13s  ", span);
	if (line->times > 1) {
		put_times(t, line);
		return;
	}
	ladder_words(l, i, false, text, sizeof(text));
	ladder_notes(l, i, notes, sizeof(notes));
	fprintf(t->out, "%s%s", text, notes);
}

static void put_side(const struct text *t, const struct line *line)
{
	const struct ladder *l = t->l;
	const struct ladder_item *it = &l->items[line->item];
	uint32_t lane = ladder_lane(l, it->host);
	char text[640];
	if (it->kind == LADDER_DROP) {
		const struct viz_drop *d = &l->sends.drops[it->index];
		put_lanes(t, lane, 2);
		fprintf(t->out, "%13s  %s drops packet %u [dropped: %s]", "X", ladder_host(l, it->host),
			d->journey, viz_string(&l->t->drops, d->reason));
		return;
	}
	put_lanes(t, lane, 2);
	fprintf(t->out, "%13s  ", "");
	if (line->times > 1) {
		put_times(t, line);
		return;
	}
	if (it->kind == LADDER_STATE) {
		ladder_state_text(l, &l->states[it->index], text, sizeof(text));
		fprintf(t->out, "%s: TCP %s", ladder_host(l, it->host), text);
		return;
	}
	const struct ladder_call *c = &l->calls[it->index];
	ladder_call_text(c, it->kind == LADDER_RET || c->to == it->time, text, sizeof(text));
	fprintf(t->out, "%s: %s%s", ladder_host(l, it->host), text,
		it->kind == LADDER_CALL && c->to != it->time ? " ..." : "");
}

/* Programs that begin to wait in a call, or end it. */
static void keep_busy(struct text *t, const struct ladder_item *it)
{
	uint32_t lane = ladder_lane(t->l, it->host);
	if (it->kind == LADDER_CALL && t->l->calls[it->index].to != it->time)
		t->busy[lane]++;
	else if (it->kind == LADDER_RET && t->busy[lane])
		t->busy[lane]--;
}

/* The time between lines: marked when it is long, or as so many empty lines. */
static void put_gap(const struct text *t, uint64_t ns)
{
	const struct ladder *l = t->l;
	char span[32];
	uint64_t all = l->items[l->nr_items - 1].time - l->items[0].time, rows = t->n > 60 ? t->n : 60;
	if (l->opt.scale) {
		uint64_t empty = all ? (uint64_t)((unsigned __int128)ns * rows / all) : 0;
		for (; empty > 1; empty--) {
			fprintf(t->out, "%14s  ", "");
			put_lanes(t, VIZ_NOBODY, 0);
			fputc('\n', t->out);
		}
	} else if (ladder_gap(l, ns)) {
		ladder_span(ns, span, sizeof(span));
		const char *dots = l->opt.utf8 ? "⋮" : ":";
		fprintf(t->out, "%13s%s\n%14s\n%13s%s\n", "", dots, span, "", dots);
	}
}

static void put_head(const struct text *t)
{
	const struct ladder *l = t->l;
	if (l->one_talk && *l->who)
		fprintf(t->out, "Between %s.\n\n", l->who);
	fprintf(t->out, "%14s  ", "time (s)");
	for (uint32_t i = 0; i < l->nr_lanes; i++)
		fprintf(t->out, "%-*s", i + 1 < l->nr_lanes ? (int)t->gap : 0, ladder_host(l, l->lanes[i]));
	fputc('\n', t->out);
}

/* Life lines stand far enough apart for their names. */
static unsigned gap_of(const struct ladder *l)
{
	size_t gap = l->nr_lanes <= 3 ? 24 : l->nr_lanes <= 6 ? 16 : 12;
	for (uint32_t i = 0; i < l->nr_lanes; i++)
		gap = strlen(ladder_host(l, l->lanes[i])) + 2 > gap ? strlen(ladder_host(l, l->lanes[i])) + 2
								    : gap;
	return (unsigned)gap;
}

static void put_lines(struct text *t)
{
	const struct ladder *l = t->l;
	uint64_t before = l->items[0].time;
	char when[32];
	for (uint32_t i = 0; i < t->n; i++) {
		const struct line *line = &t->lines[i];
		const struct ladder_item *it = &l->items[line->item];
		bool waits = it->kind == LADDER_CALL && l->calls[it->index].to != it->time;
		if (!line->times || (waits && line->times > 1)) { /* its return is enough */
			keep_busy(t, it);
			continue;
		}
		put_gap(t, it->time - before);
		before = it->time;
		ladder_time(it->time, when, sizeof(when));
		fprintf(t->out, "%14s  ", when);
		if (it->kind == LADDER_SEND)
			put_send(t, line);
		else
			put_side(t, line);
		fputc('\n', t->out);
		keep_busy(t, it);
	}
}

int viz_ladder_text(const struct ladder *l, FILE *out, char *err, unsigned errlen)
{
	struct text t = { .l = l, .out = out, .gap = gap_of(l) };
	t.lines = calloc(l->nr_items, sizeof(*t.lines));
	t.busy = calloc(l->nr_lanes + 1, sizeof(*t.busy));
	bool ok = t.lines && t.busy;
	if (ok) {
		make_lines(&t);
		fold(&t);
		put_head(&t);
		put_lines(&t);
	} else {
		snprintf(err, errlen, "no memory");
	}
	free(t.lines);
	free(t.busy);
	return ok ? 0 : -1;
}
