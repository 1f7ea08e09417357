/* Writes the reference manual as Markdown. */
#include "viz/manual.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "viz/chart_parts.h"

struct manual {
	const struct catalogue *c;
	const char *const *runs;
	unsigned nr_runs;
	const char *dir;
	uint32_t *order; /* functions by layer, file, name */
	char *err;
	unsigned errlen;
};

/* "tcp_input.c" of "stack/transport/tcp_input.c". */
static const char *base_name(const struct catalogue_fn *fn)
{
	const char *slash = strrchr(fn->file, '/');
	return slash ? slash + 1 : fn->file;
}

static int by_place(const void *a, const void *b, void *arg)
{
	const struct catalogue *c = arg;
	const struct catalogue_fn *x = &c->fns[*(const uint32_t *)a], *y = &c->fns[*(const uint32_t *)b];
	int r = strcmp(x->layer, y->layer);
	r = r ? r : strcmp(x->file, y->file);
	return r ? r : strcmp(x->name, y->name);
}

static int fail(const struct manual *m, const char *path)
{
	snprintf(m->err, m->errlen, "cannot write %s: %s", path, strerror(errno));
	return -1;
}

/* A link to a function's section, from a page in a folder of the manual. */
static void put_link(const struct catalogue_fn *fn, const char *up, FILE *out)
{
	fprintf(out, "[%s](%s%s/%s.md#%s)", fn->name, up, fn->layer, base_name(fn), fn->name);
}

static void put_edges(const struct manual *m, const char *head, uint32_t edge, bool callees, FILE *out)
{
	if (!edge)
		return;
	fprintf(out, "- %s ", head);
	for (const char *sep = ""; edge; sep = ", ") {
		const struct catalogue_edge *e = &m->c->edges[edge];
		fputs(sep, out);
		put_link(&m->c->fns[callees ? e->callee : e->caller], "../", out);
		fprintf(out, " (%llu)", (unsigned long long)e->calls);
		edge = callees ? e->next_callee : e->next_caller;
	}
	fputs("\n", out);
}

static struct viz_fn described(const struct catalogue_fn *fn)
{
	return (struct viz_fn){ .name = fn->name, .file = fn->file, .what = fn->what };
}

/* What the function called, all calls of all runs laid over one another. */
static int put_chart(const struct manual *m, const struct catalogue_fn *fn, FILE *out)
{
	const struct viz_chart_options opt = { .style = VIZ_OUTLINE };
	struct viz_fn top = described(fn), fns[256], ops[256]; /* the tree points at them */
	struct call_tree tree = { 0 };
	uint32_t root = call_tree_add(&tree, 0, CALL_FN, &top), edge = fn->callees;
	if (root)
		tree.nodes[root].count = (uint32_t)fn->calls;
	for (unsigned n = 0; edge && n < 256 && root; n++) {
		const struct catalogue_edge *e = &m->c->edges[edge];
		fns[n] = described(&m->c->fns[e->callee]);
		uint32_t i = call_tree_add(&tree, root, CALL_FN, &fns[n]);
		if (i)
			tree.nodes[i].count = (uint32_t)e->calls;
		if (i && e->op) {
			ops[n] =
				(struct viz_fn){ .kind = TRACE_FN_OP, .name = e->op, .file = "", .what = "" };
			tree.nodes[i].op = &ops[n];
		}
		edge = e->next_callee;
	}
	putc('\n', out);
	bool drawn = !tree.failed && chart_text(&tree, root, &opt, false, out);
	call_tree_free(&tree);
	if (!drawn)
		snprintf(m->err, m->errlen, "no memory");
	return drawn ? 0 : -1;
}

static int put_fn(const struct manual *m, const struct catalogue_fn *fn, FILE *out)
{
	char may[64], saw[64];
	fprintf(out, "\n## %s\n\n%s%s- may run in: %s\n", fn->name, fn->what, *fn->what ? "\n\n" : "",
		catalogue_contexts(fn, false, may, sizeof(may)));
	if (!fn->calls) {
		fputs("- no call of it was seen\n", out);
		return 0;
	}
	fprintf(out, "- %llu calls seen, in: %s\n", (unsigned long long)fn->calls,
		catalogue_contexts(fn, true, saw, sizeof(saw)));
	put_edges(m, "called by", fn->callers, false, out);
	put_edges(m, "calls", fn->callees, true, out);
	return fn->callees ? put_chart(m, fn, out) : 0;
}

/* The page of the functions order[from..to), which are one file's. */
static int write_page(const struct manual *m, uint32_t from, uint32_t to)
{
	const struct catalogue_fn *fn = &m->c->fns[m->order[from]];
	char path[1024];
	snprintf(path, sizeof(path), "%s/%s", m->dir, fn->layer);
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return fail(m, path);
	snprintf(path, sizeof(path), "%s/%s/%s.md", m->dir, fn->layer, base_name(fn));
	FILE *out = fopen(path, "we");
	if (!out)
		return fail(m, path);
	fprintf(out, "# %s\n\n[all functions](../index.md)\n", fn->file);
	int rc = 0;
	for (uint32_t i = from; i < to && rc == 0; i++)
		rc = put_fn(m, &m->c->fns[m->order[i]], out);
	bool wrote = !ferror(out);
	return fclose(out) != 0 || !wrote ? fail(m, path) : rc;
}

static int write_index(const struct manual *m)
{
	char path[1024];
	const char *layer = "", *file = "";
	snprintf(path, sizeof(path), "%s/index.md", m->dir);
	FILE *out = fopen(path, "we");
	if (!out)
		return fail(m, path);
	fprintf(out,
		"# The functions of the stack\n\n%u functions; calls are those of %u runs:", m->c->nr_fns,
		m->nr_runs);
	for (unsigned r = 0; r < m->nr_runs; r++) {
		const char *end = m->runs[r] + strlen(m->runs[r]), *start;
		while (end > m->runs[r] + 1 && end[-1] == '/')
			end--;
		for (start = end; start > m->runs[r] && start[-1] != '/';)
			start--;
		fprintf(out, "%s %.*s", r ? "," : "", (int)(end - start), start);
	}
	fputs(".\n", out);
	for (uint32_t i = 0; i < m->c->nr_fns; i++) {
		const struct catalogue_fn *fn = &m->c->fns[m->order[i]];
		if (strcmp(layer, fn->layer) != 0)
			fprintf(out, "\n## %s\n", layer = fn->layer);
		if (strcmp(file, fn->file) != 0)
			fprintf(out, "\n### %s\n\n", file = fn->file);
		fputs("- ", out);
		put_link(fn, "", out);
		fprintf(out, "%s%s%s\n", *fn->what ? ": " : "", fn->what, fn->calls ? "" : " (not seen)");
	}
	bool wrote = !ferror(out);
	return fclose(out) != 0 || !wrote ? fail(m, path) : 0;
}

int manual_write(const struct catalogue *c, const char *const *runs, unsigned nr_runs, const char *dir,
		 char *err, unsigned errlen)
{
	struct manual m = {
		.c = c, .runs = runs, .nr_runs = nr_runs, .dir = dir, .err = err, .errlen = errlen
	};
	m.order = malloc(c->nr_fns * sizeof(*m.order));
	if (!m.order) {
		snprintf(err, errlen, "no memory");
		return -1;
	}
	for (uint32_t i = 0; i < c->nr_fns; i++)
		m.order[i] = i;
	qsort_r(m.order, c->nr_fns, sizeof(*m.order), by_place, (void *)c);
	int rc = write_index(&m);
	for (uint32_t from = 0, to; from < c->nr_fns && rc == 0; from = to) {
		for (to = from;
		     to < c->nr_fns && strcmp(c->fns[m.order[to]].file, c->fns[m.order[from]].file) == 0;)
			to++;
		rc = write_page(&m, from, to);
	}
	free(m.order);
	return rc;
}
