/*
 * A chart before it is drawn: calls, steps and hops as a tree.
 *
 * call_tree_copy() takes it from a forest, leaving out what is not to be shown; call_tree_merge() lays one
 * tree over another, call_tree_compare() finds what only one of two has, call_tree_fold() folds repetitions.
 * Functions are compared by address: those of several runs must have been made one (chart_runs.c).
 */
#ifndef VIZ_CALL_TREE_H
#define VIZ_CALL_TREE_H

#include "viz/forest.h"

enum call_kind {
	CALL_FN,   /* a call */
	CALL_STEP, /* a line that is no call: fn is its text */
	CALL_HOP,  /* a line: something is set off here or was set off elsewhere; its child is what ran */
	CALL_LOOP, /* its children are repeated `count` times */
};

enum call_when { WHEN_UNKNOWN, WHEN_AFTER, WHEN_BEFORE };

struct call_node {
	const struct viz_fn *fn, *op; /* op: the slot it was called through, or NULL */
	uint64_t delay;		      /* CALL_HOP: ns, see `when` */
	uint32_t first, last, next;   /* children and next sibling: indices, 0 none */
	uint32_t count;		      /* times in a row, or (merged) in all */
	uint32_t other;		      /* compared: times in the other run, when that differs */
	uint32_t text;		      /* CALL_HOP: offset in the tree's text */
	uint8_t kind, when;	      /* enum call_kind, enum call_when */
	char mark;		      /* compared: '-' only in the first, '+' only in the second, else 0 */
	bool resumed;		      /* the call began before what set this off, and goes on */
};

/* Node 0 is not used; roots have no parent and are linked by `next`. */
struct call_tree {
	struct call_node *nodes;
	uint32_t n, cap;
	uint32_t first, last; /* roots */
	char *text;
	uint32_t nr_text, cap_text;
	bool failed; /* no memory */
};

/* What is left out of a tree; NULL and 0: nothing. */
struct call_filter {
	const uint8_t
		*keep; /* by node of the host: 0 left out, 1 only the path to what is kept, 2 and all below */
	unsigned depth;	 /* levels below the root; 0: all */
	unsigned follow; /* hops that are followed */
};

/* A run whose trees are drawn. By rank: the functions as trees name them; whether one is not drawn, but what
 * it calls is; whether neither is. */
struct call_source {
	const struct forest *f;
	const struct viz_fn **canon;
	bool *skip, *hide;
};

/* A new node: that hangs nowhere yet; as the last child of `parent` (0: a root). 0 without memory. */
uint32_t call_tree_new(struct call_tree *tree, enum call_kind kind, const struct viz_fn *fn);
uint32_t call_tree_add(struct call_tree *tree, uint32_t parent, enum call_kind kind, const struct viz_fn *fn);
/* A copy of `text` in the tree, for a node's `text`. */
uint32_t call_tree_keep(struct call_tree *tree, const char *text);
void call_tree_free(struct call_tree *tree);

/* Appends the call `node` of a host as a root. Returns it, 0 without memory. */
uint32_t call_tree_copy(struct call_tree *tree, const struct call_source *src, uint32_t host, uint32_t node,
			const struct call_filter *filter);

/* Lays root `b` of tree `from` over root `a`: what both have is counted, the rest added. */
void call_tree_merge(struct call_tree *tree, uint32_t a, const struct call_tree *from, uint32_t b);

/* Marks what only root `a` has, and adds, marked, what only root `b` of tree `from` has. */
void call_tree_compare(struct call_tree *tree, uint32_t a, const struct call_tree *from, uint32_t b);

/* Folds what repeats itself below every root. */
void call_tree_fold(struct call_tree *tree);

/* Of every node that hangs in the tree: the same for the same line with the same below, whatever the counts
 * of the lines themselves. NULL without memory; free() it. */
uint64_t *call_tree_hashes(const struct call_tree *tree);

/* a and b have one hash: where their delays differ, a's and those below it are forgotten. */
void call_tree_blur(struct call_tree *ta, uint32_t a, const struct call_tree *tb, uint32_t b);

/* Whether a and b are the same line: function or text, and slot. Children are not looked at. */
bool call_tree_same(const struct call_tree *ta, uint32_t a, const struct call_tree *tb, uint32_t b);

static inline const char *call_tree_text(const struct call_tree *tree, uint32_t node)
{
	return tree->text + tree->nodes[node].text;
}

#endif
