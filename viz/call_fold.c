/* Folds repetitions: one call many times in a row, and loops over several. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "viz/call_tree.h"

#define LONGEST_LOOP 16 /* lines of a loop's body */

static uint64_t hash_node(const struct call_tree *tree, const uint64_t *hashes, uint32_t i)
{
	const struct call_node *n = &tree->nodes[i];
	const struct {
		const void *fn, *op;
		uint64_t kind, text;
	} own = { n->fn, n->op, (uint64_t)n->kind << 16 | (uint64_t)n->resumed << 8 | (uint8_t)n->mark,
		  n->kind == CALL_HOP ? XXH3_64bits(call_tree_text(tree, i), strlen(call_tree_text(tree, i)))
				      : 0 };
	uint64_t h = XXH3_64bits(&own, sizeof(own));
	for (uint32_t c = n->first; c; c = tree->nodes[c].next) {
		uint64_t below[3] = { h, hashes[c], tree->nodes[c].count };
		h = XXH3_64bits(below, sizeof(below));
	}
	return h;
}

/* Addresses go into the hashes: they serve to compare, and decide no order. */
static void hash_below(const struct call_tree *tree, uint64_t *hashes, uint32_t i)
{
	for (uint32_t c = tree->nodes[i].first; c; c = tree->nodes[c].next)
		hash_below(tree, hashes, c);
	hashes[i] = hash_node(tree, hashes, i);
}

uint64_t *call_tree_hashes(const struct call_tree *tree)
{
	uint64_t *hashes = calloc(tree->n ? tree->n : 1, sizeof(*hashes));
	for (uint32_t i = tree->first; i && hashes; i = tree->nodes[i].next)
		hash_below(tree, hashes, i);
	return hashes;
}

void call_tree_blur(struct call_tree *ta, uint32_t a, const struct call_tree *tb, uint32_t b)
{
	struct call_node *x = &ta->nodes[a];
	const struct call_node *y = &tb->nodes[b];
	if (x->delay != y->delay)
		x->when = WHEN_UNKNOWN;
	for (uint32_t c = x->first, d = y->first; c && d; c = ta->nodes[c].next, d = tb->nodes[d].next)
		call_tree_blur(ta, c, tb, d);
}

struct fold {
	struct call_tree *tree;
	uint64_t *hashes; /* of the nodes that were there before */
	uint32_t *list;	  /* children at hand */
	uint32_t cap;
};

static bool equal(const struct fold *f, uint32_t a, uint32_t b)
{
	return f->hashes[a] == f->hashes[b] && f->tree->nodes[a].count == f->tree->nodes[b].count;
}

/* Folds neighbours that are alike; returns how many are left in f->list. */
static uint32_t fold_runs(struct fold *f, uint32_t i)
{
	struct call_tree *tree = f->tree;
	uint32_t n = 0;
	for (uint32_t c = tree->nodes[i].first; c; c = tree->nodes[c].next) {
		uint32_t prev = n ? f->list[n - 1] : 0;
		if (prev && f->hashes[prev] == f->hashes[c]) {
			tree->nodes[prev].count += tree->nodes[c].count;
			call_tree_blur(tree, prev, tree, c);
			continue;
		}
		if (n == f->cap) {
			uint32_t cap = f->cap ? f->cap * 2 : 256;
			uint32_t *grown = realloc(f->list, cap * sizeof(*grown));
			if (!grown) {
				tree->failed = true;
				return 0;
			}
			f->list = grown;
			f->cap = cap;
		}
		f->list[n++] = c;
	}
	return n;
}

/* How often the `len` lines from list[at] stand there, one time after the other. */
static uint32_t times(const struct fold *f, uint32_t n, uint32_t at, uint32_t len)
{
	uint32_t end = at + len;
	while (end < n && equal(f, f->list[end - len], f->list[end]))
		end++;
	return (end - at) / len;
}

/* Appends list[at], or a loop of `len` lines, to i's children, which are built anew. */
static void hang(struct fold *f, uint32_t i, uint32_t at, uint32_t len, uint32_t nr)
{
	struct call_tree *tree = f->tree;
	uint32_t to = i;
	if (nr > 1 && (to = call_tree_add(tree, i, CALL_LOOP, NULL)) != 0)
		tree->nodes[to].count = nr;
	for (uint32_t k = 0; k < len && to; k++) {
		uint32_t c = f->list[at + k];
		for (uint32_t r = 1; r < nr; r++)
			call_tree_blur(tree, c, tree, f->list[at + r * len + k]);
		tree->nodes[c].next = 0;
		if (tree->nodes[to].last)
			tree->nodes[tree->nodes[to].last].next = c;
		else
			tree->nodes[to].first = c;
		tree->nodes[to].last = c;
	}
	if (nr > 1 && to)
		f->hashes[to] = hash_node(tree, f->hashes, to);
}

static void fold_children(struct fold *f, uint32_t i)
{
	uint32_t n = fold_runs(f, i);
	f->tree->nodes[i].first = f->tree->nodes[i].last = 0;
	for (uint32_t at = 0; at < n && !f->tree->failed;) {
		uint32_t len, nr = 1;
		for (len = 2; len <= LONGEST_LOOP && at + 2 * len <= n; len++)
			if ((nr = times(f, n, at, len)) > 1)
				break;
		len = nr > 1 ? len : 1;
		hang(f, i, at, len, nr);
		at += len * nr;
	}
}

static void fold_below(struct fold *f, uint32_t i)
{
	for (uint32_t c = f->tree->nodes[i].first; c && !f->tree->failed; c = f->tree->nodes[c].next)
		fold_below(f, c);
	if (f->tree->nodes[i].first && !f->tree->failed)
		fold_children(f, i);
	if (!f->tree->failed)
		f->hashes[i] = hash_node(f->tree, f->hashes, i);
}

void call_tree_fold(struct call_tree *tree)
{
	/* at most one loop for every four nodes that there are */
	struct fold f = { .tree = tree, .hashes = calloc((size_t)tree->n * 2 + 1, sizeof(*f.hashes)) };
	if (!f.hashes)
		tree->failed = true;
	for (uint32_t i = tree->first; i && !tree->failed; i = tree->nodes[i].next)
		fold_below(&f, i);
	free(f.hashes);
	free(f.list);
}
