/* Makes charts: picks calls, takes their trees out of the forest, merges or compares them, draws. */
#include "viz/chart.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "viz/call_graph.h"
#include "viz/call_hops.h"
#include "viz/chart_parts.h"

int viz_chart_format(const char *word)
{
	static const char *const words[] = { "ascii", "utf8", "dot", "mermaid", "svg", "png", "pdf" };
	for (int i = 0; i <= CHART_PDF; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	return -1;
}

#define MAX_TEXT (256u << 20) /* bytes of one drawing */

/* ---- runs ---- */

static int by_name(const void *a, const void *b)
{
	const struct viz_fn *const *x = a, *const *y = b;
	int r = strcmp((*x)->name, (*y)->name);
	if (r == 0 && (*x)->kind != (*y)->kind)
		r = (*x)->kind < (*y)->kind ? -1 : 1;
	return r ? r : strcmp((*x)->file, (*y)->file);
}

/* Makes one function of those that several runs name alike: the first run's. */
static int make_one(struct viz_charts *c)
{
	const struct viz_fn **all = NULL;
	uint32_t n = 0;
	for (unsigned r = 0; r < c->n; r++) {
		struct viz_chart_run *run = &c->runs[r];
		uint32_t more = run->t->nr_fns, known = n;
		run->src.canon = malloc((more + 1) * sizeof(*run->src.canon));
		run->src.skip = calloc(more + 1, sizeof(bool));
		run->src.hide = calloc(more + 1, sizeof(bool));
		const struct viz_fn **grown = realloc(all, (n + more + 1) * sizeof(*all));
		all = grown ? grown : all;
		if (!grown || !run->src.canon || !run->src.skip || !run->src.hide) {
			free(all);
			return -1;
		}
		for (uint32_t i = 0; i < more; i++) {
			const struct viz_fn *fn = &run->t->fns[i];
			const struct viz_fn **same =
				known ? bsearch(&fn, all, known, sizeof(*all), by_name) : NULL;
			run->src.canon[i] = same ? *same : fn;
			if (!same)
				all[n++] = fn;
		}
		if (n)
			qsort(all, n, sizeof(*all), by_name);
	}
	free(all);
	return 0;
}

int viz_charts_open(struct viz_charts *c, const struct viz_trace *const *traces, const char *const *names,
		    unsigned n, char *err, unsigned errlen)
{
	*c = (struct viz_charts){ .runs = calloc(n, sizeof(*c->runs)) };
	for (unsigned r = 0; r < n && c->runs; r++) {
		c->runs[r].t = traces[r];
		c->runs[r].name = names[r];
		if (forest_build(&c->runs[r].forest, traces[r]) < 0)
			break;
		c->runs[r].src.f = &c->runs[r].forest;
		c->n++;
	}
	if (c->n == n && make_one(c) == 0)
		return 0;
	viz_charts_close(c);
	snprintf(err, errlen, "no memory");
	return -1;
}

void viz_charts_close(struct viz_charts *c)
{
	for (unsigned r = 0; r < c->n; r++) {
		forest_free(&c->runs[r].forest);
		free(c->runs[r].src.canon);
		free(c->runs[r].src.skip);
		free(c->runs[r].src.hide);
	}
	free(c->runs);
	*c = (struct viz_charts){ 0 };
}

/* ---- what is left out ---- */

static bool in_words(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (const char *w = words; *w; w += strcspn(w, ","), w += *w == ',')
		if (strcspn(w, ",") == len && strncmp(w, word, len) == 0)
			return true;
	return false;
}

static bool matches_any(const char *const *globs, const char *name)
{
	for (; *globs; globs++)
		if (fnmatch(*globs, name, 0) == 0)
			return true;
	return false;
}

/* Every word of opt->layer is one. */
static int check_layers(const struct viz_charts *c, const char *words, char *err, unsigned errlen)
{
	char names[32][32], word[32];
	unsigned n = 0, at;
	for (unsigned r = 0; r < c->n; r++)
		for (uint32_t i = 0; i < c->runs[r].t->nr_fns && n < 32; i++) {
			call_layer(&c->runs[r].t->fns[i], names[n], sizeof(names[n]));
			for (at = 0; strcmp(names[at], names[n]) != 0; at++)
				;
			n += at == n;
		}
	for (const char *w = words; *w; w += strcspn(w, ","), w += *w == ',') {
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(w, ","), w);
		for (at = 0; at < n && strcmp(names[at], word) != 0; at++)
			;
		if (at < n)
			continue;
		at = (unsigned)snprintf(err, errlen, "there is no layer '%s': there are", word);
		for (unsigned i = 0; i < n && at < errlen; i++)
			at += (unsigned)snprintf(err + at, errlen - at, "%s %s", i ? "," : "", names[i]);
		return -1;
	}
	return 0;
}

static void set_filter(struct viz_chart_run *run, const struct viz_chart_options *opt)
{
	char layer[64];
	for (uint32_t i = 0; i < run->t->nr_fns; i++) {
		const struct viz_fn *fn = &run->t->fns[i];
		bool fits = !opt->layer || in_words(opt->layer, call_layer(fn, layer, sizeof(layer)));
		run->src.skip[i] = !fits || (opt->only[0] && !matches_any(opt->only, fn->name));
		run->src.hide[i] = matches_any(opt->hide, fn->name);
	}
}

/* ---- making ---- */

struct make {
	const struct viz_charts *c;
	const struct viz_chart_options *opt;
	const struct chart_picks *picks;
	FILE *out;
	bool compare;
	char *err;
	unsigned errlen;
};

static uint32_t copy_root(const struct make *m, struct call_tree *tree, const struct chart_root *root)
{
	struct call_filter filter = { .depth = m->opt->depth, .follow = m->opt->follow };
	filter.keep = m->picks->keep[m->picks->first_keep[root->run] + root->host];
	return call_tree_copy(tree, &m->c->runs[root->run].src, root->host, root->node, &filter);
}

/* "sys_connect: client, task client, connect(3, ...) = 0, at 0.001 s" */
static void describe(const struct make *m, const struct chart_root *root, char *text, unsigned len)
{
	const struct viz_chart_run *run = &m->c->runs[root->run];
	const struct forest_host *fh = &run->forest.hosts[root->host];
	char context[128], call[160] = "";
	hop_context(&run->forest, root->host, root->node, context, sizeof(context));
	if (root->syscall) {
		const struct forest_node *n = &fh->nodes[root->syscall];
		const char *words = viz_string(&run->t->hosts[root->host].strings, n->obj);
		char result[64];
		chart_result(fh->values[n->pid], result, sizeof(result));
		snprintf(call, sizeof(call), ", %.90s%s", words, result);
	}
	snprintf(text, len, "%s%s%s: %s%s, at %" PRIu64 ".%09" PRIu64 " s", m->c->n > 1 ? run->name : "",
		 m->c->n > 1 ? ": " : "", viz_fn_name(run->t, fh->nodes[root->node].fn), context, call,
		 root->time / 1000000000, root->time % 1000000000);
}

static bool as_text(const struct make *m)
{
	return m->opt->format <= CHART_UTF8;
}

static bool draw_text(const struct make *m, const struct call_tree *tree, const char *heading, uint32_t root)
{
	bool fence = heading && m->opt->style == VIZ_NESTED;
	uint64_t size = m->opt->style == VIZ_NESTED ? chart_text_size(tree, root, 0) : 0;
	if (size > MAX_TEXT) {
		snprintf(m->err, m->errlen,
			 "the drawing would take %" PRIu64
			 " MB of text: draw less (--depth, --layer, --only, --follow), or "
			 "use --style outline",
			 size >> 20);
		return false;
	}
	if (heading)
		fprintf(m->out, "# %s\n%s", heading, fence ? "```\n" : "");
	bool ok = chart_text(tree, root, m->opt, m->compare, m->out);
	if (fence)
		fputs("```\n\n", m->out);
	return ok;
}

/* All roots of a tree as one graph. */
static bool draw_graph(const struct make *m, const struct call_tree *tree)
{
	char title[256];
	struct call_graph g;
	const struct chart_root *root = &m->picks->roots[0];
	if (m->picks->n == 1)
		describe(m, root, title, sizeof(title));
	else
		snprintf(title, sizeof(title), "%s and %" PRIu32 " more calls",
			 viz_fn_name(m->c->runs[root->run].t,
				     forest_at(&m->c->runs[root->run].forest, root->host, root->node)->fn),
			 m->picks->n - 1);
	if (tree->failed || call_graph_build(&g, tree, title) < 0)
		return false;
	int rc = 0;
	switch (m->opt->format) {
	case CHART_DOT:
		graph_write_dot(&g.graph, m->out);
		break;
	case CHART_MERMAID:
		rc = graph_write_mermaid(&g.graph, m->out, m->err, m->errlen);
		break;
	default:
		rc = graph_write_picture(&g.graph, (enum pic_format)(m->opt->format - CHART_SVG + PIC_SVG),
					 m->out, m->err, m->errlen);
	}
	call_graph_free(&g);
	return rc == 0;
}

static bool draw_each(const struct make *m)
{
	bool ok = true;
	for (uint32_t i = 0; i < m->picks->n && ok; i++) {
		struct call_tree tree = { 0 };
		char heading[512];
		uint32_t root = copy_root(m, &tree, &m->picks->roots[i]);
		if (root && !m->opt->unfold)
			call_tree_fold(&tree);
		describe(m, &m->picks->roots[i], heading, sizeof(heading));
		ok = !tree.failed && draw_text(m, &tree, m->picks->n > 1 ? heading : NULL, root);
		call_tree_free(&tree);
	}
	return ok;
}

static bool merge_roots(const struct make *m, struct call_tree *all)
{
	for (uint32_t i = 0; i < m->picks->n && !all->failed; i++) {
		struct call_tree tree = { 0 };
		uint32_t root = copy_root(m, &tree, &m->picks->roots[i]), to = all->first;
		while (root && to && !call_tree_same(all, to, &tree, root))
			to = all->nodes[to].next;
		if (root && !to && (to = call_tree_add(all, 0, CALL_FN, tree.nodes[root].fn)) != 0)
			all->nodes[to].count = 0;
		if (root && to)
			call_tree_merge(all, to, &tree, root);
		all->failed |= tree.failed;
		call_tree_free(&tree);
	}
	return !all->failed;
}

static bool draw_merged(const struct make *m)
{
	struct call_tree all = { 0 };
	bool ok = merge_roots(m, &all);
	if (!as_text(m))
		ok = ok && draw_graph(m, &all);
	for (uint32_t i = all.first; i && ok && as_text(m); i = all.nodes[i].next) {
		char heading[160];
		snprintf(heading, sizeof(heading), "%s: %" PRIu32 " calls", all.nodes[i].fn->name,
			 all.nodes[i].count);
		ok = draw_text(m, &all, all.nodes[all.first].next ? heading : NULL, i);
	}
	call_tree_free(&all);
	return ok;
}

static void count_marks(const struct call_tree *tree, uint32_t i, uint32_t *both, uint32_t *minus,
			uint32_t *plus)
{
	const struct call_node *n = &tree->nodes[i];
	if (n->kind == CALL_FN)
		++*(n->mark == '-' ? minus : n->mark == '+' ? plus : both);
	for (uint32_t c = n->first; c; c = tree->nodes[c].next)
		count_marks(tree, c, both, minus, plus);
}

static bool draw_compared(const struct make *m, char *note, unsigned notelen)
{
	struct call_tree a = { 0 }, b = { 0 };
	uint32_t both = 0, minus = 0, plus = 0, second = 0, ra, rb;
	while (m->picks->roots[second].run == 0)
		second++;
	ra = copy_root(m, &a, &m->picks->roots[0]);
	rb = copy_root(m, &b, &m->picks->roots[second]);
	if (ra && rb && !m->opt->unfold && as_text(m)) {
		call_tree_fold(&a);
		call_tree_fold(&b);
	}
	bool ok = ra && rb && !a.failed && !b.failed;
	if (ok) {
		call_tree_compare(&a, ra, &b, rb);
		count_marks(&a, ra, &both, &minus, &plus);
		snprintf(note, notelen,
			 "%" PRIu32 " boxes in both, %" PRIu32 " only in %s (-), %" PRIu32 " only in %s (+)",
			 both, minus, m->c->runs[0].name, plus, m->c->runs[1].name);
		ok = as_text(m) ? draw_text(m, &a, NULL, ra) : draw_graph(m, &a);
	}
	call_tree_free(&a);
	call_tree_free(&b);
	return ok;
}

static void note_picks(const struct make *m, char *note, unsigned notelen)
{
	const struct chart_picks *p = m->picks;
	if (p->n == 1 || m->opt->pick == PICK_NTH) {
		char text[512];
		describe(m, &p->roots[0], text, sizeof(text));
		snprintf(note, notelen, "%s; %" PRIu64 " more calls of it there%s", text, p->others,
			 p->others ? " (--nth N)" : "");
	} else {
		snprintf(note, notelen, "%" PRIu32 " calls %s", p->n,
			 m->opt->pick == PICK_MERGED ? "merged" : "drawn");
	}
}

int viz_chart(const struct viz_charts *c, const struct viz_chart_options *opt, bool compare, FILE *out,
	      char *note, unsigned notelen, char *err, unsigned errlen)
{
	struct chart_picks picks;
	struct make m = { .c = c, .opt = opt, .picks = &picks, .out = out, .compare = compare };
	m.err = err;
	m.errlen = errlen;
	bool ok = false;
	*err = *note = '\0';
	if (opt->layer && check_layers(c, opt->layer, err, errlen) < 0)
		return -1;
	for (unsigned r = 0; r < c->n; r++)
		set_filter(&c->runs[r], opt);
	if (chart_pick(&picks, c, opt, compare, err, errlen) == 0) {
		note_picks(&m, note, notelen);
		ok = compare					? draw_compared(&m, note, notelen)
		     : opt->pick == PICK_MERGED || !as_text(&m) ? draw_merged(&m)
								: draw_each(&m);
		if (!ok && !*err)
			snprintf(err, errlen, "no memory, or the chart is too big: try --depth");
	}
	chart_picks_free(&picks);
	return ok ? 0 : -1;
}

int viz_chart_one(const struct viz_trace *t, const struct viz_chart_options *opt, FILE *out, char *note,
		  unsigned notelen, char *err, unsigned errlen)
{
	struct viz_charts c;
	const char *name = "";
	if (viz_charts_open(&c, &t, &name, 1, err, errlen) < 0)
		return -1;
	int rc = viz_chart(&c, opt, false, out, note, notelen, err, errlen);
	viz_charts_close(&c);
	return rc;
}
