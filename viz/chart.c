/* Draws call trees as text. The rules are those that charts/parse_charts.py reads. */
#include "viz/chart.h"

#include <stdlib.h>
#include <string.h>

#include "viz/call_tree.h"

#define ARROW_AT 3 /* nested: columns from a box's left edge to the arrows below it */
#define CHILD_AT 5 /* columns from an arrow to the box it leads to */

struct pen {
	const struct viz_trace *t;
	const struct call_tree *tree;
	FILE *out;
	char *bars; /* the columns of arrows that still go on, a character each */
	unsigned cap;
	unsigned arrow_at;
};

static const struct call_node *node(const struct pen *p, uint32_t i)
{
	return &p->tree->nodes[i];
}

/* A sentence beside a box: nothing in it may look like a box or an arrow. */
static void put_text(const struct pen *p, const char *text)
{
	for (; *text; text++)
		fputc(*text == '|' ? '/' : *text, p->out);
}

/* The first `col` columns of a line: bars of the arrows that go on, blanks elsewhere. */
static void indent(const struct pen *p, unsigned col)
{
	fwrite(p->bars, 1, col, p->out);
}

static void border(const struct pen *p, size_t len, unsigned mark)
{
	fputc('+', p->out);
	for (unsigned i = 1; i < len + 3; i++)
		fputc(i == mark ? '|' : '-', p->out);
	fputc('+', p->out);
	fputc('\n', p->out);
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
	p->bars[col] = on ? '|' : ' ';
	return true;
}

/* The arrow that leads to the next thing under the box at column `arrow - arrow_at`. */
static void put_arrow(const struct pen *p, unsigned arrow, bool last)
{
	indent(p, arrow);
	fputs(last ? "+--> " : "|--> ", p->out);
}

static void put_box(struct pen *p, unsigned col, uint32_t i, unsigned arrow, bool by_arrow, bool last,
		    bool root)
{
	const struct viz_fn *fn = &p->t->fns[node(p, i)->fn];
	size_t len = strlen(fn->name);
	indent(p, col);
	border(p, len, 0);
	if (by_arrow)
		put_arrow(p, arrow, last);
	else
		indent(p, col);
	fprintf(p->out, "| %s |", fn->name);
	if (*fn->what) {
		fputs(root ? " : " : " ", p->out);
		put_text(p, fn->what);
	}
	fputc('\n', p->out);
	if (last)
		set_bar(p, arrow, false);
}

static void close_box(const struct pen *p, unsigned col, uint32_t i)
{
	indent(p, col);
	border(p, strlen(p->t->fns[node(p, i)->fn].name), node(p, i)->first ? p->arrow_at : 0);
}

/* What hangs below the box at column `col`; `whole`: the children's children too. */
static bool put_children(struct pen *p, unsigned col, uint32_t i, bool whole)
{
	unsigned arrow = col + p->arrow_at;
	for (uint32_t c = node(p, i)->first; c; c = node(p, c)->next) {
		bool last = !node(p, c)->next;
		bool op = node(p, c)->op >= 0;
		if (!set_bar(p, arrow + CHILD_AT, false) || !set_bar(p, arrow, true))
			return false;
		if (!whole) {
			if (c != node(p, i)->first && (node(p, c)->step || op)) {
				indent(p, arrow + 1);
				fputc('\n', p->out);
			}
		}
		if (node(p, c)->step) {
			put_arrow(p, arrow, last);
			put_text(p, viz_fn_name(p->t, node(p, c)->fn));
			fputc('\n', p->out);
			set_bar(p, arrow, !last);
			continue;
		}
		if (op) {
			put_arrow(p, arrow, last);
			fprintf(p->out, "call ->%s(), e.g.,\n", viz_fn_name(p->t, (unsigned)node(p, c)->op));
			set_bar(p, arrow, !last);
		}
		put_box(p, arrow + CHILD_AT, c, arrow, !op, last, false);
		if (whole) {
			close_box(p, arrow + CHILD_AT, c);
			if (!put_children(p, arrow + CHILD_AT, c, true))
				return false;
		} else {
			indent(p, arrow + CHILD_AT);
			border(p, strlen(viz_fn_name(p->t, node(p, c)->fn)), 0);
		}
	}
	return true;
}

static bool draw_nested(struct pen *p)
{
	p->arrow_at = ARROW_AT;
	if (!set_bar(p, 0, false))
		return false;
	put_box(p, 0, 1, 0, false, false, true);
	close_box(p, 0, 1);
	return put_children(p, 0, 1, true);
}

/* ---- outline ---- */

/*
 * The call that is stacked below box i: the only thing that i does, and itself worth a drawing; 0 none.
 * A call through a slot keeps its arrow, which names the slot.
 */
static uint32_t stacked(const struct pen *p, uint32_t i)
{
	uint32_t c = node(p, i)->first;
	if (!c || node(p, c)->next || node(p, c)->step || node(p, c)->op >= 0)
		return 0;
	return node(p, c)->first ? c : 0;
}

/* Border between two stacked boxes: as wide as the wider one. */
static void shared_border(const struct pen *p, size_t a, size_t b)
{
	size_t narrow = a < b ? a : b, wide = a < b ? b : a;
	fputc('+', p->out);
	for (size_t i = 1; i < wide + 3; i++)
		fputc(i == narrow + 3 ? '+' : '-', p->out);
	fputs("+\n", p->out);
}

static bool same_drawing(const struct pen *p, uint32_t a, uint32_t b)
{
	for (uint32_t c, d; node(p, a)->fn == node(p, b)->fn && (c = stacked(p, a)) && (d = stacked(p, b));) {
		a = c;
		b = d;
	}
	if (node(p, a)->fn != node(p, b)->fn)
		return false;
	uint32_t x = node(p, a)->first, y = node(p, b)->first;
	for (; x && y; x = node(p, x)->next, y = node(p, y)->next)
		if (node(p, x)->fn != node(p, y)->fn || node(p, x)->step != node(p, y)->step ||
		    node(p, x)->op != node(p, y)->op)
			return false;
	return !x && !y;
}

static bool draw_block(struct pen *p, uint32_t i)
{
	fprintf(p->out, "```\n%s\n", p->t->fns[node(p, i)->fn].file);
	put_box(p, 0, i, 0, false, false, true);
	for (uint32_t c; (c = stacked(p, i)); i = c) {
		shared_border(p, strlen(viz_fn_name(p->t, node(p, i)->fn)),
			      strlen(viz_fn_name(p->t, node(p, c)->fn)));
		fprintf(p->out, "| %s |", viz_fn_name(p->t, node(p, c)->fn));
		if (*p->t->fns[node(p, c)->fn].what) {
			fputs(" : ", p->out);
			put_text(p, p->t->fns[node(p, c)->fn].what);
		}
		fputc('\n', p->out);
	}
	p->arrow_at = 2;
	close_box(p, 0, i);
	bool ok = put_children(p, 0, i, false);
	fputs("```\n\n", p->out);
	return ok;
}

/* Every function that calls something gets a drawing, once for each way in which it was seen to call. */
static bool draw_outline(struct pen *p)
{
	uint32_t n = p->tree->n;
	bool *inside = calloc(n, sizeof(*inside)); /* drawn inside a stack above */
	uint32_t *drawn = calloc(n, sizeof(*drawn)), nr = 0;
	bool ok = inside && drawn && set_bar(p, 64, false);
	for (uint32_t i = 1; i < n && ok; i++) {
		if (node(p, i)->step || !node(p, i)->first || inside[i])
			continue;
		bool again = false;
		for (uint32_t k = 0; k < nr && !again; k++)
			again = same_drawing(p, drawn[k], i);
		for (uint32_t c, at = i; (c = stacked(p, at)); at = c)
			inside[c] = true;
		if (again)
			continue;
		drawn[nr++] = i;
		ok = draw_block(p, i);
	}
	free(inside);
	free(drawn);
	return ok;
}

/* ---- */

static bool has_function(const struct viz_trace *t, const char *name)
{
	for (uint32_t i = 0; i < t->nr_fns; i++)
		if (t->fns[i].kind == TRACE_FN_FUNCTION && strcmp(t->fns[i].name, name) == 0)
			return true;
	return false;
}

int viz_chart(const struct viz_trace *t, const struct viz_chart_options *opt, FILE *out, char *note,
	      unsigned notelen, char *err, unsigned errlen)
{
	struct call_tree tree;
	unsigned nth = opt->nth ? opt->nth : 1;
	int found = 0;
	uint32_t h;
	if (!has_function(t, opt->call)) {
		snprintf(err, errlen, "there is no function '%s' in the trace", opt->call);
		return -1;
	}
	if (opt->host && viz_host_index(t, opt->host) < 0) {
		snprintf(err, errlen, "there is no host '%s' in the trace", opt->host);
		return -1;
	}
	for (h = 0; h < t->nr_hosts && found == 0; h++)
		if (t->hosts[h].name && (!opt->host || strcmp(opt->host, t->hosts[h].name) == 0)) {
			found = call_tree_build(&tree, t, h, opt->call, nth, opt->depth);
			if (found == 0)
				call_tree_free(&tree);
		}
	if (found <= 0) {
		snprintf(err, errlen, found < 0 ? "no memory" : "%s was not called%s%s%s", opt->call,
			 nth > 1 ? " that often" : "", opt->host ? " on " : "", opt->host ? opt->host : "");
		return -1;
	}
	snprintf(note, notelen, "%s: %s, %s, at %llu.%09llu s; %llu more calls of it there%s", opt->call,
		 t->hosts[h - 1].name, tree.context, (unsigned long long)(tree.time / 1000000000),
		 (unsigned long long)(tree.time % 1000000000), (unsigned long long)tree.others,
		 tree.others ? " (--nth N)" : "");
	struct pen p = { .t = t, .tree = &tree, .out = out };
	bool ok = opt->style == VIZ_NESTED ? draw_nested(&p) : draw_outline(&p);
	free(p.bars);
	call_tree_free(&tree);
	if (!ok)
		snprintf(err, errlen, "no memory");
	return ok ? 0 : -1;
}
