/* One call and all that it called, as a tree in memory. */
#ifndef VIZ_CALL_TREE_H
#define VIZ_CALL_TREE_H

#include "viz/flow.h"

struct call_node {
	uint16_t fn;
	bool step;		    /* a step line: `fn` is the rank of its text */
	int32_t op;		    /* reached through this slot, or -1 */
	uint32_t first, last, next; /* children and next sibling: indices, 0 none */
};

/* Nodes in the order in which they were called; node 0 is not used, node 1 is the root. */
struct call_tree {
	struct call_node *nodes;
	uint32_t n, cap;
	uint64_t time;	  /* of the root's call */
	uint64_t others;  /* calls of the same function on this host beside this one */
	char context[80]; /* "task client", "softirq", ... */
};

/* The nth (from 1) call of `fn` on a host. 1 found, 0 not, -1 no memory. Levels below `depth` are left out
 * (0: all). */
int call_tree_build(struct call_tree *tree, const struct viz_trace *t, unsigned host, const char *fn,
		    unsigned nth, unsigned depth);
void call_tree_free(struct call_tree *tree);

#endif
