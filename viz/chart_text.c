/* Draws call trees as text. The rules are those that charts/parse_charts.py reads. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "viz/chart_parts.h"

#define NESTED_ARROW 3	/* columns from a box's left edge to the arrows below it */
#define OUTLINE_ARROW 2 /* the same in the other style */
#define CHILD_AT 5	/* columns from an arrow to the box it leads to */
#define LOOP_MORE 4	/* by which arrows inside a loop are longer */

/* What lines are made of, beside letters: written in ASCII or with box characters. */
enum glyph {
	BAR = 1, /* an arrow that goes on */
	SIDE,	 /* of a box */
	DASH,	 /* of an arrow */
	EDGE,	 /* of a box */
	BRANCH,	 /* an arrow leaves, and others follow */
	ELBOW,	 /* the last arrow leaves */
	TOP_LEFT,
	TOP_RIGHT,
	BOTTOM_LEFT,
	BOTTOM_RIGHT,
	HANG, /* arrows begin under the box */
	SHARED_LEFT,
	SHARED_RIGHT,
	UPPER_ENDS,
	LOWER_ENDS, /* between two stacked boxes */
	GLYPHS
};
static const char ascii[GLYPHS] = { 0,	 '|', '|', '-', '-', '|', '+', '+',
				    '+', '+', '+', '|', '+', '+', '+', '+' };
static const char *const utf8[GLYPHS] = { "",  "│", "│", "─", "─", "├", "└", "┌",
					  "┐", "└", "┘", "┬", "├", "┤", "┴", "┬" };

struct pen {
	const struct call_tree *tree;
	const struct viz_chart_options *opt;
	FILE *out;
	char *bars; /* the columns of arrows that still go on, a glyph each, else a blank */
	unsigned cap;
	unsigned arrow_at;
	bool gutter; /* the tree is a comparison */
	char mark;   /* of the line at hand */
	bool whole;  /* children's children too */
};

static const struct call_node *node(const struct pen *p, uint32_t i)
{
	return &p->tree->nodes[i];
}

static void put(const struct pen *p, enum glyph g)
{
	if (p->opt->format == CHART_UTF8)
		fputs(utf8[g], p->out);
	else
		fputc(ascii[g], p->out);
}

/* A sentence beside a box: nothing in it may look like a box or an arrow. */
static void put_text(const struct pen *p, const char *text)
{
	for (; *text; text++)
		fputc(*text == '|' ? '/' : (unsigned char)*text < ' ' ? '?' : *text, p->out);
}

/* Begins a line: the mark, then bars of the arrows that go on, blanks elsewhere, up to `col`. */
static void indent(const struct pen *p, unsigned col)
{
	if (p->gutter) {
		if (p->opt->color && p->mark)
			fputs(p->mark == '+' ? "\033[32m" : "\033[31m", p->out);
		fputc(p->mark ? p->mark : ' ', p->out);
		fputc(' ', p->out);
	}
	for (unsigned i = 0; i < col; i++)
		if (p->bars[i] == BAR)
			put(p, BAR);
		else
			fputc(' ', p->out);
}

static void end_line(const struct pen *p)
{
	fputs(p->gutter && p->opt->color && p->mark ? "\033[0m\n" : "\n", p->out);
}

/* Its upper border, or its lower one, with a mark where arrows begin at column `mark`. */
static void border(const struct pen *p, size_t len, bool upper, unsigned mark)
{
	put(p, upper ? TOP_LEFT : BOTTOM_LEFT);
	for (unsigned i = 1; i < len + 3; i++)
		put(p, i == mark ? HANG : EDGE);
	put(p, upper ? TOP_RIGHT : BOTTOM_RIGHT);
	end_line(p);
}

static bool set_bar(struct pen *p, unsigned col, bool on)
{
	if (col >= p->cap) {
		unsigned cap = col * 2 + 64;
		char *grown = realloc(p->bars, cap);
		if (!grown)
			return false;
		memset(grown + p->cap, ' ', cap - p->cap);
		p->bars = grown;
		p->cap = cap;
	}
	p->bars[col] = on ? BAR : ' ';
	return true;
}

/* The arrow to the next thing under a box, in the middle of a line. */
static void put_arrow(const struct pen *p, unsigned arrow, bool last, unsigned more)
{
	indent(p, arrow);
	put(p, last ? ELBOW : BRANCH);
	for (unsigned i = 0; i < 2 + more; i++)
		put(p, DASH);
	fputs("> ", p->out);
}

/* "(x3) ", "(x3, then x2) ": how often. */
static void put_count(const struct pen *p, const struct call_node *n)
{
	const char *times = p->opt->format == CHART_UTF8 ? "×" : "x";
	if (n->other)
		fprintf(p->out, "(%s%" PRIu32 ", then %s%" PRIu32 ") ", times, n->count, times, n->other);
	else if (n->count > 1)
		fprintf(p->out, "(%s%" PRIu32 ") ", times, n->count);
}

static void put_name(const struct pen *p, uint32_t i, bool root)
{
	const struct call_node *n = node(p, i);
	put(p, SIDE);
	fprintf(p->out, " %s ", n->fn->name);
	put(p, SIDE);
	bool counted = n->count > 1 || n->other;
	if (*n->fn->what || counted || n->resumed) {
		fputs(root ? " : " : " ", p->out);
		put_count(p, n);
		if (n->resumed)
			fputs("(goes on) ", p->out);
		put_text(p, n->fn->what);
	}
	end_line(p);
}

static size_t name_len(const struct pen *p, uint32_t i)
{
	return strlen(node(p, i)->fn->name);
}

static void close_box(const struct pen *p, unsigned col, uint32_t i, bool hangs)
{
	indent(p, col);
	border(p, name_len(p, i), false, hangs ? p->arrow_at : 0);
}

static void put_delay(const struct pen *p, const struct call_node *n)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 } };
	unsigned u = 0;
	if (n->when == WHEN_UNKNOWN || n->count > 1)
		return;
	if (n->delay == 0) {
		fputs(n->when == WHEN_AFTER ? ", at once" : " just now", p->out);
		return;
	}
	while (n->delay < units[u].ns)
		u++;
	uint64_t whole = n->delay / units[u].ns, part = n->delay % units[u].ns * 1000 / units[u].ns;
	char digits[8];
	snprintf(digits, sizeof(digits), ".%03u", (unsigned)part);
	for (int i = 3; i >= 0 && (digits[i] == '0' || digits[i] == '.'); i--) {
		bool point = digits[i] == '.';
		digits[i] = '\0';
		if (point)
			break;
	}
	fprintf(p->out, n->when == WHEN_AFTER ? ", after %" PRIu64 "%s %s" : " %" PRIu64 "%s %s before",
		whole, digits, units[u].unit);
}

static bool put_children(struct pen *p, unsigned arrow, uint32_t i, unsigned more, bool last_of_all);

/* A line that is no box; what it leads to, if anything, comes below. */
static bool put_line(struct pen *p, unsigned arrow, uint32_t i, unsigned more, bool last)
{
	const struct call_node *n = node(p, i);
	if (n->kind == CALL_LOOP) {
		put_arrow(p, arrow, false, more);
		if (n->other)
			fprintf(p->out, "loop, %" PRIu32 " times, then %" PRIu32, n->count, n->other);
		else
			fprintf(p->out, "loop, %" PRIu32 " times", n->count);
		end_line(p);
		return put_children(p, arrow, i, more + LOOP_MORE, last);
	}
	put_arrow(p, arrow, last, more);
	if (n->kind == CALL_FN) {
		fprintf(p->out, "call ->%s(), e.g.,", n->op->name);
	} else {
		put_count(p, n);
		put_text(p, n->kind == CALL_STEP ? n->fn->name : call_tree_text(p->tree, i));
		if (n->kind == CALL_HOP)
			put_delay(p, n);
	}
	end_line(p);
	return set_bar(p, arrow, !last);
}

/* A box, by an arrow or below a line that leads to it, and what hangs from it. */
static bool put_box(struct pen *p, unsigned arrow, uint32_t i, unsigned more, bool by_arrow, bool last)
{
	unsigned col = arrow + CHILD_AT + more;
	p->mark = node(p, i)->mark;
	if (!set_bar(p, col, false))
		return false;
	indent(p, col);
	border(p, name_len(p, i), true, 0);
	if (by_arrow)
		put_arrow(p, arrow, last, more);
	else
		indent(p, col);
	put_name(p, i, false);
	if (last)
		set_bar(p, arrow, false);
	close_box(p, col, i, p->whole && node(p, i)->first);
	return !p->whole || put_children(p, col + p->arrow_at, i, 0, true);
}

/* What hangs from a box, or stands in a loop, whose arrows are at column `arrow`. */
static bool put_children(struct pen *p, unsigned arrow, uint32_t i, unsigned more, bool last_of_all)
{
	for (uint32_t c = node(p, i)->first; c; c = node(p, c)->next) {
		const struct call_node *n = node(p, c);
		bool last = last_of_all && !n->next, box = n->kind == CALL_FN, by_arrow = box && !n->op;
		p->mark = n->mark;
		if (!set_bar(p, arrow + CHILD_AT + more, false) || !set_bar(p, arrow, true))
			return false;
		if (!p->whole && !by_arrow && (c != node(p, i)->first || more)) {
			indent(p, arrow + 1);
			end_line(p);
		}
		if (!by_arrow && !put_line(p, arrow, c, more, last))
			return false;
		uint32_t below = box ? c : n->kind == CALL_HOP ? n->first : 0;
		if (below && !put_box(p, arrow, below, more, by_arrow, last))
			return false;
	}
	return true;
}

static bool draw_nested(struct pen *p, uint32_t root)
{
	p->arrow_at = NESTED_ARROW;
	p->whole = true;
	p->mark = node(p, root)->mark;
	if (!set_bar(p, 0, false))
		return false;
	indent(p, 0);
	border(p, name_len(p, root), true, 0);
	indent(p, 0);
	put_name(p, root, true);
	close_box(p, 0, root, node(p, root)->first);
	return put_children(p, NESTED_ARROW, root, 0, true);
}

/* ---- outline ---- */

/*
 * The call that is stacked below box i: the only thing that i does, and itself worth a drawing; 0 none.
 * A call through a slot keeps its arrow, which names the slot.
 */
static uint32_t stacked(const struct pen *p, uint32_t i)
{
	uint32_t c = node(p, i)->first;
	const struct call_node *n = node(p, c);
	if (!c || n->next || n->kind != CALL_FN || n->op || n->count > 1 || n->mark != node(p, i)->mark)
		return 0;
	return n->first ? c : 0;
}

/* Border between two stacked boxes: as wide as the wider one. */
static void shared_border(const struct pen *p, size_t a, size_t b)
{
	size_t narrow = a < b ? a : b, wide = a < b ? b : a;
	indent(p, 0);
	put(p, SHARED_LEFT);
	for (size_t i = 1; i < wide + 3; i++)
		put(p, i == narrow + 3 ? (a < b ? UPPER_ENDS : LOWER_ENDS) : EDGE);
	put(p, a == b ? SHARED_RIGHT : a < b ? TOP_RIGHT : BOTTOM_RIGHT);
	end_line(p);
}

static bool draw_block(struct pen *p, uint32_t i)
{
	fprintf(p->out, "```\n%s\n", node(p, i)->fn->file);
	p->mark = node(p, i)->mark;
	indent(p, 0);
	border(p, name_len(p, i), true, 0);
	indent(p, 0);
	put_name(p, i, true);
	for (uint32_t c; (c = stacked(p, i)); i = c) {
		shared_border(p, name_len(p, i), name_len(p, c));
		indent(p, 0);
		put_name(p, c, true);
	}
	close_box(p, 0, i, node(p, i)->first);
	bool ok = put_children(p, OUTLINE_ARROW, i, 0, true);
	fputs("```\n\n", p->out);
	return ok;
}

/* Drawings that were made: an open table of what they look like. */
struct drawn {
	uint64_t *at;
	uint32_t n, cap;
};

static uint64_t look_of_lines(const struct pen *p, uint32_t i, uint64_t h)
{
	for (uint32_t c = node(p, i)->first; c; c = node(p, c)->next) {
		const struct call_node *n = node(p, c);
		const char *text = n->kind == CALL_HOP ? call_tree_text(p->tree, c) : "";
		const void *own[] = { n->fn, n->op, (void *)(uintptr_t)XXH3_64bits(text, strlen(text)) };
		uint64_t line[] = { h, XXH3_64bits(own, sizeof(own)), n->count, n->other,
				    (uint64_t)n->kind << 16 | (uint64_t)n->resumed << 8 | (uint8_t)n->mark };
		h = XXH3_64bits(line, sizeof(line));
		if (n->kind != CALL_FN)
			h = look_of_lines(p, c, h + 1);
	}
	return h;
}

/* What the drawing of i looks like: two of one look are one drawing. */
static uint64_t look(const struct pen *p, uint32_t i)
{
	uint64_t h = 1;
	for (uint32_t c = i; c; c = stacked(p, c)) {
		uint64_t box[] = { h, (uint64_t)(uintptr_t)node(p, c)->fn, (uint8_t)node(p, c)->mark };
		h = XXH3_64bits(box, sizeof(box));
		i = c;
	}
	return look_of_lines(p, i, h) | 1;
}

static bool is_new(struct drawn *d, uint64_t look)
{
	if (d->n * 2 >= d->cap) {
		struct drawn old = *d;
		d->cap = old.cap ? old.cap * 2 : 256;
		d->at = calloc(d->cap, sizeof(*d->at));
		d->n = 0;
		for (uint32_t i = 0; i < old.cap && d->at; i++)
			if (old.at[i])
				is_new(d, old.at[i]);
		free(old.at);
		if (!d->at)
			return false;
	}
	uint32_t i = (uint32_t)(look >> 20) & (d->cap - 1);
	while (d->at[i] && d->at[i] != look)
		i = (i + 1) & (d->cap - 1);
	if (d->at[i] == look)
		return false;
	d->at[i] = look;
	d->n++;
	return true;
}

/* Every function that calls something gets a drawing, once for each way in which it was seen to call. */
static bool outline(struct pen *p, struct drawn *d, uint32_t i)
{
	if (node(p, i)->kind == CALL_FN && node(p, i)->first) {
		if (is_new(d, look(p, i)) && !draw_block(p, i))
			return false;
		if (!d->at)
			return false;
		for (uint32_t c; (c = stacked(p, i)); i = c)
			;
	}
	for (uint32_t c = node(p, i)->first; c; c = node(p, c)->next)
		if (!outline(p, d, c))
			return false;
	return true;
}

static bool draw_outline(struct pen *p, uint32_t root)
{
	struct drawn d = { 0 };
	bool ok = set_bar(p, 64, false);
	p->arrow_at = OUTLINE_ARROW;
	if (ok && !node(p, root)->first)
		ok = draw_block(p, root);
	ok = ok && outline(p, &d, root);
	free(d.at);
	return ok;
}

/* ---- */

uint64_t chart_text_size(const struct call_tree *tree, uint32_t i, unsigned level)
{
	uint64_t size = 3 * ((uint64_t)level * (NESTED_ARROW + CHILD_AT) + 40);
	for (uint32_t c = tree->nodes[i].first; c; c = tree->nodes[c].next)
		size += chart_text_size(tree, c, level + 1);
	return size;
}

bool chart_text(const struct call_tree *tree, uint32_t root, const struct viz_chart_options *opt,
		bool compared, FILE *out)
{
	struct pen p = { .tree = tree, .opt = opt, .out = out, .gutter = compared };
	bool ok = opt->style == VIZ_NESTED ? draw_nested(&p, root) : draw_outline(&p, root);
	free(p.bars);
	return ok;
}
