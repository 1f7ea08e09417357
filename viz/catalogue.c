/* Counts who calls whom over traces, and lists it. */
#include "viz/catalogue.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "viz/flow.h"

/* ---- functions ---- */

static int desc_cmp(const char *name, const char *file, const char *name2, const char *file2)
{
	int r = strcmp(name, name2);
	return r ? r : strcmp(file, file2);
}

static int fn_cmp(const void *a, const void *b)
{
	const struct catalogue_fn *x = a, *y = b;
	return desc_cmp(x->name, x->file, y->name, y->file);
}

int catalogue_init(struct catalogue *c)
{
	*c = (struct catalogue){ .nr_slots = 1 << 14, .nr_edges = 1, .cap_edges = 4096 };
	c->fns = calloc((size_t)(__stop_wp_fn - __start_wp_fn) + 1, sizeof(*c->fns));
	c->slots = calloc(c->nr_slots, sizeof(*c->slots));
	c->edges = calloc(c->cap_edges, sizeof(*c->edges));
	if (!c->fns || !c->slots || !c->edges) {
		catalogue_free(c);
		return -1;
	}
	uint32_t n = 0;
	for (const struct trace_fn *fn = __start_wp_fn; fn < __stop_wp_fn; fn++) {
		if (fn->kind != TRACE_FN_FUNCTION)
			continue;
		struct catalogue_fn *to = &c->fns[n++];
		*to = (struct catalogue_fn){
			.name = fn->name, .file = fn->file, .what = fn->what, .contexts = fn->contexts
		};
		trace_fn_layer(fn, to->layer, sizeof(to->layer));
	}
	qsort(c->fns, n, sizeof(*c->fns), fn_cmp);
	for (uint32_t i = 0; i < n; i++) /* a function that is compiled in twice */
		if (c->nr_fns == 0 || fn_cmp(&c->fns[c->nr_fns - 1], &c->fns[i]) != 0)
			c->fns[c->nr_fns++] = c->fns[i];
	return 0;
}

void catalogue_free(struct catalogue *c)
{
	free(c->fns);
	free(c->slots);
	free(c->edges);
	*c = (struct catalogue){ 0 };
}

int catalogue_find(const struct catalogue *c, const char *name, const char *file)
{
	uint32_t from = 0, to = c->nr_fns;
	while (from < to) {
		uint32_t mid = from + (to - from) / 2;
		if (desc_cmp(c->fns[mid].name, c->fns[mid].file, name, file ? file : "") < 0)
			from = mid + 1;
		else
			to = mid;
	}
	bool found = from < c->nr_fns && strcmp(c->fns[from].name, name) == 0 &&
		     (!file || strcmp(c->fns[from].file, file) == 0);
	return found ? (int)from : -1;
}

/* ---- edges ---- */

static uint32_t *slot_of(const struct catalogue *c, uint32_t caller, uint32_t callee)
{
	uint32_t at = (caller * 0x9e3779b1u ^ callee * 0x85ebca6bu) & (c->nr_slots - 1);
	while (c->slots[at] &&
	       (c->edges[c->slots[at]].caller != caller || c->edges[c->slots[at]].callee != callee))
		at = (at + 1) & (c->nr_slots - 1);
	return &c->slots[at];
}

static int grow(struct catalogue *c)
{
	if (c->nr_edges == c->cap_edges) {
		struct catalogue_edge *edges = realloc(c->edges, c->cap_edges * 2 * sizeof(*edges));
		if (!edges)
			return -1;
		c->edges = edges;
		c->cap_edges *= 2;
	}
	if (c->nr_edges * 2 < c->nr_slots)
		return 0;
	uint32_t *slots = calloc(c->nr_slots * 2, sizeof(*slots));
	if (!slots)
		return -1;
	free(c->slots);
	c->slots = slots;
	c->nr_slots *= 2;
	for (uint32_t e = 1; e < c->nr_edges; e++)
		*slot_of(c, c->edges[e].caller, c->edges[e].callee) = e;
	return 0;
}

/* Puts edge `e` at the end of a list, so that lists are in the order in which edges were first seen. */
static void append(struct catalogue *c, uint32_t *list, uint32_t e, bool of_callees)
{
	while (*list)
		list = of_callees ? &c->edges[*list].next_callee : &c->edges[*list].next_caller;
	*list = e;
}

/* The program's own copy of a slot's name. */
static const char *op_name(const char *name)
{
	for (const struct trace_fn *fn = __start_wp_fn; fn < __stop_wp_fn; fn++)
		if (fn->kind == TRACE_FN_OP && strcmp(fn->name, name) == 0)
			return fn->name;
	return NULL;
}

static int count_edge(struct catalogue *c, uint32_t caller, uint32_t callee, const char *op)
{
	if (grow(c) < 0)
		return -1;
	uint32_t *slot = slot_of(c, caller, callee);
	if (!*slot) {
		*slot = c->nr_edges;
		c->edges[c->nr_edges++] = (struct catalogue_edge){ .caller = caller,
								   .callee = callee,
								   .op = op ? op_name(op) : NULL };
		append(c, &c->fns[caller].callees, *slot, true);
		append(c, &c->fns[callee].callers, *slot, false);
	}
	c->edges[*slot].calls++;
	return 0;
}

/* ---- walking a trace ---- */

struct walk {
	struct catalogue *c;
	const struct viz_trace *t;
	int32_t *index; /* of the catalogue, by the trace's rank; -1: not in it */
	bool failed;
};

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	static const uint8_t seen[] = { [FLOW_NONE] = SEEN_BOOT,
					[FLOW_TASK] = SEEN_TASK,
					[FLOW_IRQ] = SEEN_IRQ,
					[FLOW_SOFTIRQ] = SEEN_SOFTIRQ };
	struct walk *w = arg;
	int32_t fn = w->index[call->fn];
	if (fn < 0 || w->failed)
		return;
	w->c->fns[fn].calls++;
	w->c->fns[fn].seen |= seen[flow->kind];
	if (parent && w->index[parent->fn] >= 0)
		w->failed |= count_edge(w->c, (uint32_t)w->index[parent->fn], (uint32_t)fn,
					call->op >= 0 ? viz_fn_name(w->t, (unsigned)call->op) : NULL) < 0;
}

int catalogue_add(struct catalogue *c, const struct viz_trace *t)
{
	struct walk w = { .c = c, .t = t, .index = calloc(t->nr_fns + 1, sizeof(*w.index)) };
	if (!w.index)
		return -1;
	for (uint32_t i = 0; i < t->nr_fns; i++)
		w.index[i] = catalogue_find(c, t->fns[i].name, t->fns[i].file);
	for (uint32_t host = 0; host < t->nr_hosts && !w.failed; host++) {
		struct viz_visitor v = { .arg = &w, .enter = on_enter };
		if (t->hosts[host].name)
			w.failed |= viz_flow_run(t, host, &v) < 0;
	}
	free(w.index);
	return w.failed ? -1 : 0;
}

/* ---- printing ---- */

const char *catalogue_contexts(const struct catalogue_fn *fn, bool seen, char *buf, unsigned len)
{
	/* bits of enum cpu_ctx that go together: task and work, hard interrupt, softirq and timer */
	static const struct {
		uint32_t may, saw;
		const char *name;
	} names[] = { { 1 << 1 | 1 << 5, SEEN_TASK, "task" },
		      { 1 << 3 | 1 << 4, SEEN_SOFTIRQ, "softirq" },
		      { 1 << 2, SEEN_IRQ, "irq" },
		      { 0, SEEN_BOOT, "boot" } };
	unsigned n = 0;
	snprintf(buf, len, "%s", seen ? "-" : fn->contexts == 0xff ? "any" : "");
	if (!seen && fn->contexts == 0xff)
		return buf;
	for (unsigned i = 0; i < 4; i++)
		if ((seen ? fn->seen & names[i].saw : fn->contexts & names[i].may) && n < len)
			n += (unsigned)snprintf(buf + n, len - n, "%s%s", n ? " " : "", names[i].name);
	return buf;
}

/* Callers or callees with their counts, after `head`. */
static void print_edges(const struct catalogue *c, const char *head, uint32_t edge, bool callees,
			const char *end, FILE *out)
{
	fputs(head, out);
	for (const char *sep = ""; edge; sep = ", ") {
		const struct catalogue_edge *e = &c->edges[edge];
		fprintf(out, "%s%s x%llu", sep, c->fns[callees ? e->callee : e->caller].name,
			(unsigned long long)e->calls);
		edge = callees ? e->next_callee : e->next_caller;
	}
	fputs(end, out);
}

static void print_fn(const struct catalogue *c, const struct catalogue_fn *fn, FILE *out)
{
	char may[64], saw[64];
	fprintf(out, "%s (%s, %s)\n", fn->name, fn->layer, fn->file);
	if (*fn->what)
		fprintf(out, "    %s\n", fn->what);
	fprintf(out, "    may run in: %s; %llu calls seen%s%s\n",
		catalogue_contexts(fn, false, may, sizeof(may)), (unsigned long long)fn->calls,
		fn->calls ? " in: " : "", fn->calls ? catalogue_contexts(fn, true, saw, sizeof(saw)) : "");
	if (fn->callers)
		print_edges(c, "    called by: ", fn->callers, false, "\n", out);
	if (fn->callees)
		print_edges(c, "    calls: ", fn->callees, true, "\n", out);
}

static void print_row(const struct catalogue *c, const struct catalogue_fn *fn, FILE *out)
{
	char may[64], saw[64];
	fprintf(out, "%s\t%s\t%s\t%s\t%s\t%llu\t%s\t", fn->name, fn->layer, fn->file,
		catalogue_contexts(fn, false, may, sizeof(may)),
		catalogue_contexts(fn, true, saw, sizeof(saw)), (unsigned long long)fn->calls, fn->what);
	print_edges(c, "", fn->callers, false, "\t", out);
	print_edges(c, "", fn->callees, true, "\n", out);
}

unsigned catalogue_print(const struct catalogue *c, const struct catalogue_query *q, FILE *out)
{
	unsigned n = 0;
	if (q->tsv)
		fputs("function\tlayer\tfile\tmay run in\tseen in\tcalls\tdescription\tcallers\tcallees\n",
		      out);
	for (uint32_t i = 0; i < c->nr_fns; i++) {
		const struct catalogue_fn *fn = &c->fns[i];
		if ((q->layer && fnmatch(q->layer, fn->layer, 0) != 0) ||
		    (q->name && fnmatch(q->name, fn->name, 0) != 0) || (q->unseen && fn->calls))
			continue;
		(q->tsv ? print_row : print_fn)(c, fn, out);
		n++;
	}
	return n;
}
