/* Builds the tree of one call. */
#include "viz/call_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct build {
	struct call_tree *tree;
	const struct viz_trace *t;
	const struct viz_host *host;
	const char *fn;
	unsigned nth, depth, root_depth;
	uint64_t seen;
	bool failed;
};

/* Appends a node under `parent`; 0 when there is no memory. */
static uint32_t add(struct build *b, uint32_t parent, uint16_t fn, bool step, int32_t op)
{
	struct call_tree *tree = b->tree;
	if (tree->n == tree->cap) {
		uint32_t cap = tree->cap ? tree->cap * 2 : 256;
		struct call_node *grown = realloc(tree->nodes, cap * sizeof(*grown));
		if (!grown) {
			b->failed = true;
			return 0;
		}
		tree->nodes = grown;
		tree->cap = cap;
	}
	uint32_t i = tree->n++;
	tree->nodes[i] = (struct call_node){ .fn = fn, .step = step, .op = op };
	if (parent) {
		struct call_node *p = &tree->nodes[parent];
		if (p->last)
			tree->nodes[p->last].next = i;
		else
			p->first = i;
		p->last = i;
	}
	return i;
}

static void describe(struct build *b, const struct viz_flow *flow)
{
	char *to = b->tree->context;
	size_t len = sizeof(b->tree->context);
	if (flow->kind == FLOW_TASK)
		snprintf(to, len, "task %s", viz_string(&b->host->tasks, flow->pid));
	else
		snprintf(to, len, "%s",
			 flow->kind == FLOW_IRQ	      ? "irq"
			 : flow->kind == FLOW_SOFTIRQ ? "softirq"
						      : "boot");
}

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct build *b = arg;
	if (parent && parent->user) {
		if (!b->depth || call->depth <= b->root_depth + b->depth)
			call->user = add(b, parent->user, call->fn, false, call->op);
		return;
	}
	if (strcmp(viz_fn_name(b->t, call->fn), b->fn) != 0)
		return;
	if (++b->seen != b->nth)
		return;
	b->root_depth = call->depth;
	b->tree->time = call->time;
	describe(b, flow);
	call->user = add(b, 0, call->fn, false, -1);
}

static void on_step(void *arg, const struct viz_flow *flow, const struct viz_call *call, unsigned rank)
{
	struct build *b = arg;
	(void)flow;
	if (call->user && (!b->depth || call->depth < b->root_depth + b->depth))
		add(b, call->user, (uint16_t)rank, true, -1);
}

int call_tree_build(struct call_tree *tree, const struct viz_trace *t, unsigned host, const char *fn,
		    unsigned nth, unsigned depth)
{
	struct build b = {
		.tree = tree, .t = t, .host = &t->hosts[host], .fn = fn, .nth = nth, .depth = depth
	};
	struct viz_visitor v = { .arg = &b, .enter = on_enter, .step = on_step };
	memset(tree, 0, sizeof(*tree));
	add(&b, 0, 0, false, -1); /* node 0 */
	if (b.failed || viz_flow_run(t, host, &v) < 0 || b.failed) {
		call_tree_free(tree);
		return -1;
	}
	tree->others = b.seen - (b.seen >= nth);
	return tree->n > 1;
}

void call_tree_free(struct call_tree *tree)
{
	free(tree->nodes);
	memset(tree, 0, sizeof(*tree));
}
