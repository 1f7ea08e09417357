/* Call trees as a graph: one node a function, in the cluster of its layer. */
#ifndef VIZ_CALL_GRAPH_H
#define VIZ_CALL_GRAPH_H

#include "viz/call_tree.h"
#include "viz/graph.h"

/* The graph of all roots of a tree, which is not folded. `title` is kept. 0, or -1 when memory ran out;
 * graph_free() it. */
struct call_graph {
	struct graph graph;
	char *text; /* of the ids */
};
int call_graph_build(struct call_graph *g, const struct call_tree *tree, const char *title);
void call_graph_free(struct call_graph *g);

/* Folder of a function's file: "transport". */
const char *call_layer(const struct viz_fn *fn, char *buf, unsigned len);

#endif
