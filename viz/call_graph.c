/* Makes one node of all calls of a function, and one edge of all calls from one function to another. */
#include "viz/call_graph.h"

#include <stdlib.h>
#include <string.h>

#include "viz/array.h"

#define SENTENCES 80 /* nodes up to which each shows its sentence */
#define LINE 32	     /* letters of a line of it */

/* Layers, from the top: the documents' bands first, then what all of them use. */
static const struct graph_cluster layers[] = {
	{ .name = "application", .cls = PIC_APPLICATION, .band = 1 },
	{ .name = "packet", .cls = PIC_APPLICATION, .band = 2 },
	{ .name = "transport", .cls = PIC_TRANSPORT, .band = 3 },
	{ .name = "internet", .cls = PIC_INTERNET, .band = 4 },
	{ .name = "interface", .cls = PIC_INTERFACE, .band = 5 },
	{ .name = "netfilter", .cls = PIC_STRONG },
	{ .name = "skb", .cls = PIC_SKB },
	{ .name = "kernel", .cls = PIC_KERNEL },
	{ .name = "other", .cls = PIC_NORMAL },
};
#define NR_LAYERS (sizeof(layers) / sizeof(layers[0]))

/* An open table: keys of 64 bits to indices. */
struct index {
	uint64_t *keys;
	uint32_t *at, n, cap;
};

struct make {
	struct call_graph *to;
	const struct call_tree *tree;
	struct index nodes, edges;
	uint32_t cap_nodes, cap_edges;
	bool failed;
};

const char *call_layer(const struct viz_fn *fn, char *buf, unsigned len)
{
	const struct trace_fn f = { .file = fn->file };
	return trace_fn_layer(&f, buf, len);
}

static uint32_t slot(const struct index *x, uint64_t key)
{
	uint32_t i = (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 32) & (x->cap - 1);
	while (x->keys[i] && x->keys[i] != key)
		i = (i + 1) & (x->cap - 1);
	return i;
}

/* The index that belongs to a key, or where to write a new one; NULL without memory. *known tells. */
static uint32_t *look_up(struct index *x, uint64_t key, bool *known)
{
	if (x->n * 2 >= x->cap) {
		struct index old = *x;
		x->cap = old.cap ? old.cap * 2 : 256;
		x->keys = calloc(x->cap, sizeof(*x->keys));
		x->at = calloc(x->cap, sizeof(*x->at));
		if (!x->keys || !x->at) {
			free(x->keys);
			free(x->at);
			*x = old;
			return NULL;
		}
		for (uint32_t i = 0; i < old.cap; i++)
			if (old.keys[i]) {
				uint32_t s = slot(x, old.keys[i]);
				x->keys[s] = old.keys[i];
				x->at[s] = old.at[i];
			}
		free(old.keys);
		free(old.at);
	}
	uint32_t s = slot(x, key);
	*known = x->keys[s] != 0;
	x->n += !*known;
	x->keys[s] = key;
	return &x->at[s];
}

static uint32_t layer_of(const struct viz_fn *fn)
{
	char name[64];
	call_layer(fn, name, sizeof(name));
	for (uint32_t i = 0; i < NR_LAYERS; i++)
		if (strcmp(layers[i].name, name) == 0)
			return i;
	return NR_LAYERS - 1;
}

static char join(char a, char b)
{
	return a == b ? a : '\0';
}

/* The node of the function; UINT32_MAX without memory. */
static uint32_t node_of(struct make *m, uint32_t i)
{
	const struct call_node *n = &m->tree->nodes[i];
	struct graph *g = &m->to->graph;
	bool known;
	uint32_t *at = look_up(&m->nodes, (uint64_t)(uintptr_t)n->fn, &known);
	if (!at) {
		m->failed = true;
		return UINT32_MAX;
	}
	if (known) {
		struct graph_node *node = &g->nodes[*at];
		node->count += n->resumed ? 0 : n->count;
		node->mark = join(node->mark, n->mark);
		return *at;
	}
	struct graph_node *grown =
		array_room(g->nodes, g->nr_nodes, &m->cap_nodes, sizeof(*grown), &m->failed);
	if (!grown)
		return UINT32_MAX;
	g->nodes = grown;
	*at = g->nr_nodes++;
	g->nodes[*at] = (struct graph_node){ .id = n->fn->name, .name = n->fn->name, .tip = n->fn->what };
	g->nodes[*at].href = n->fn->file;
	g->nodes[*at].cluster = layer_of(n->fn);
	g->nodes[*at].count = n->resumed ? 0 : n->count;
	g->nodes[*at].mark = n->mark;
	return *at;
}

static void add_edge(struct make *m, uint32_t from, uint32_t to, const struct call_node *n, bool hop)
{
	struct graph *g = &m->to->graph;
	bool known;
	uint64_t key = ((uint64_t)from << 32 | (uint64_t)to << 1 | hop) + 1;
	uint32_t *at = look_up(&m->edges, key, &known);
	struct graph_edge *grown =
		at && !known ? array_room(g->edges, g->nr_edges, &m->cap_edges, sizeof(*grown), &m->failed)
			     : NULL;
	if (!at || m->failed) {
		m->failed = true;
		return;
	}
	if (known) {
		g->edges[*at].count += n->count;
		g->edges[*at].mark = join(g->edges[*at].mark, n->mark);
		return;
	}
	g->edges = grown;
	*at = g->nr_edges++;
	g->edges[*at] =
		(struct graph_edge){ .from = from, .to = to, .count = n->count, .mark = n->mark, .hop = hop };
	g->edges[*at].op = n->op ? n->op->name : NULL;
}

static void walk(struct make *m, uint32_t i, uint32_t from, bool hop)
{
	const struct call_node *n = &m->tree->nodes[i];
	if (n->kind == CALL_FN) {
		uint32_t to = node_of(m, i);
		if (m->failed)
			return;
		if (from != UINT32_MAX)
			add_edge(m, from, to, n, hop);
		else
			m->to->graph.nodes[to].root = true;
		from = to;
		hop = false;
	} else if (n->kind == CALL_HOP) {
		hop = true;
	}
	for (uint32_t c = n->first; c && !m->failed; c = m->tree->nodes[c].next)
		walk(m, c, from, hop);
}

/* A sentence in lines of some letters; what is too long ends in an ellipsis. */
static void set_lines(struct graph_node *n)
{
	const char *at = n->tip;
	for (unsigned k = 0; k < GRAPH_LINES && *at; k++) {
		size_t len = strlen(at);
		if (len > LINE && k + 1 < GRAPH_LINES)
			for (len = LINE; len > 1 && at[len] != ' '; len--)
				;
		if (len == 1 || len > LINE)
			len = strlen(at) > LINE ? LINE - 3 : strlen(at);
		snprintf(n->lines[k], sizeof(n->lines[k]), "%.*s%s", (int)len, at,
			 k + 1 == GRAPH_LINES && at[len] ? "..." : "");
		at += len + (at[len] == ' ');
	}
}

/* Functions of one name in several files get ids of their own: name__2. */
static bool set_ids(struct make *m)
{
	struct graph *g = &m->to->graph;
	size_t len = 1;
	for (uint32_t i = 0; i < g->nr_nodes; i++)
		len += strlen(g->nodes[i].name) + 16;
	char *at = m->to->text = malloc(len);
	for (uint32_t i = 0; i < g->nr_nodes && at; i++) {
		unsigned same = 1;
		for (uint32_t k = 0; k < i; k++)
			same += strcmp(g->nodes[k].name, g->nodes[i].name) == 0;
		if (same == 1)
			continue;
		g->nodes[i].id = at;
		at += sprintf(at, "%s__%u", g->nodes[i].name, same) + 1;
	}
	return m->to->text != NULL;
}

int call_graph_build(struct call_graph *to, const struct call_tree *tree, const char *title)
{
	struct make m = { .to = to, .tree = tree };
	memset(to, 0, sizeof(*to));
	to->graph.title = title;
	to->graph.clusters = malloc(sizeof(layers));
	to->graph.nr_clusters = NR_LAYERS;
	m.failed = !to->graph.clusters;
	if (!m.failed)
		memcpy(to->graph.clusters, layers, sizeof(layers));
	for (uint32_t i = tree->first; i && !m.failed; i = tree->nodes[i].next)
		walk(&m, i, UINT32_MAX, false);
	if (!m.failed && set_ids(&m)) {
		for (uint32_t i = 0; i < to->graph.nr_nodes && to->graph.nr_nodes <= SENTENCES; i++)
			set_lines(&to->graph.nodes[i]);
		graph_finish(&to->graph);
	} else {
		m.failed = true;
		call_graph_free(to);
	}
	free(m.nodes.keys);
	free(m.nodes.at);
	free(m.edges.keys);
	free(m.edges.at);
	return m.failed ? -1 : 0;
}

void call_graph_free(struct call_graph *g)
{
	graph_free(&g->graph);
	free(g->text);
	g->text = NULL;
}
