/* Lays trees over one another: to count what they share, or to find what only one of them has. */
#include <stdlib.h>
#include <string.h>

#include "viz/call_tree.h"

#define MAX_CELLS (1u << 22) /* of the table that aligns two lists of children */

/* A copy of b with all below it, that hangs nowhere yet; `below`: also what is below it. */
static uint32_t graft(struct call_tree *tree, const struct call_tree *from, uint32_t b, char mark)
{
	const struct call_node *y = &from->nodes[b];
	uint32_t i = call_tree_new(tree, y->kind, y->fn);
	if (!i)
		return 0;
	struct call_node *n = &tree->nodes[i];
	*n = *y;
	n->first = n->last = n->next = 0;
	n->mark = mark;
	if (y->kind == CALL_HOP) {
		uint32_t text = call_tree_keep(tree, call_tree_text(from, b));
		tree->nodes[i].text = text;
	}
	for (uint32_t d = y->first; d && !tree->failed; d = from->nodes[d].next) {
		uint32_t c = graft(tree, from, d, mark);
		struct call_node *p = &tree->nodes[i];
		if (p->last)
			tree->nodes[p->last].next = c;
		else
			p->first = c;
		p->last = c;
	}
	return i;
}

/* ---- merging ---- */

static uint32_t find_child(const struct call_tree *tree, uint32_t from, uint32_t until,
			   const struct call_tree *other, uint32_t b)
{
	for (uint32_t c = from; c && c != until; c = tree->nodes[c].next)
		if (call_tree_same(tree, c, other, b))
			return c;
	return 0;
}

void call_tree_merge(struct call_tree *tree, uint32_t a, const struct call_tree *from, uint32_t b)
{
	uint32_t at = 0; /* the child of a that was met last: new ones come after it */
	tree->nodes[a].count += from->nodes[b].count;
	for (uint32_t d = from->nodes[b].first; d && !tree->failed; d = from->nodes[d].next) {
		uint32_t first = tree->nodes[a].first, next = at ? tree->nodes[at].next : first;
		uint32_t c = find_child(tree, next, 0, from, d);
		if (!c)
			c = find_child(tree, first, next, from, d);
		if (!c) {
			c = call_tree_new(tree, from->nodes[d].kind, from->nodes[d].fn);
			if (!c)
				return;
			struct call_node *n = &tree->nodes[c];
			*n = from->nodes[d];
			n->first = n->last = 0;
			n->count = 0;
			if (n->kind == CALL_HOP) {
				uint32_t text = call_tree_keep(tree, call_tree_text(from, d));
				tree->nodes[c].text = text;
			}
			tree->nodes[c].next = next;
			if (at)
				tree->nodes[at].next = c;
			else
				tree->nodes[a].first = c;
			if (!next)
				tree->nodes[a].last = c;
		}
		if (tree->nodes[c].delay != from->nodes[d].delay)
			tree->nodes[c].when = WHEN_UNKNOWN;
		call_tree_merge(tree, c, from, d);
		at = c;
	}
}

/* ---- comparing ---- */

struct compare {
	struct call_tree *tree;
	const struct call_tree *from;
	uint64_t *ha, *hb; /* hashes; ha of the nodes that were there before */
};

/* The children of a node. NULL without memory or children. */
static uint32_t *list_of(struct compare *k, const struct call_tree *tree, uint32_t i, uint32_t *n)
{
	*n = 0;
	for (uint32_t c = tree->nodes[i].first; c; c = tree->nodes[c].next)
		++*n;
	uint32_t *list = malloc((*n + 1) * sizeof(*list)), at = 0;
	if (!list)
		k->tree->failed = true;
	for (uint32_t c = tree->nodes[i].first; c && list; c = tree->nodes[c].next)
		list[at++] = c;
	return list;
}

/* How well two lines go together: 0 not. */
static uint32_t worth(const struct compare *k, uint32_t c, uint32_t d)
{
	if (!call_tree_same(k->tree, c, k->from, d))
		return 0;
	return k->ha[c] == k->hb[d] ? 3 : 2;
}

/* pair[i] = the line of b that goes with line i of a, or UINT32_MAX; in order, and as many as possible. */
static void align(struct compare *k, const uint32_t *a, uint32_t n, const uint32_t *b, uint32_t m,
		  uint32_t *pair)
{
	uint64_t cells = (uint64_t)(n + 1) * (m + 1);
	uint32_t *best = cells <= MAX_CELLS ? calloc(cells, sizeof(*best)) : NULL, w = m + 1;
	for (uint32_t i = 0; i < n; i++)
		pair[i] = UINT32_MAX;
	if (!best) { /* too long for the table: each with the next like it */
		for (uint32_t i = 0, at = 0; i < n; i++)
			for (uint32_t j = at; j < m && j < at + 64; j++)
				if (worth(k, a[i], b[j])) {
					pair[i] = j;
					at = j + 1;
					break;
				}
		return;
	}
	for (uint32_t i = n; i-- > 0;)
		for (uint32_t j = m; j-- > 0;) {
			uint32_t v = worth(k, a[i], b[j]), down = best[(i + 1) * w + j],
				 right = best[i * w + j + 1];
			uint32_t both = v ? v + best[(i + 1) * w + j + 1] : 0;
			best[i * w + j] = both >= down && both >= right ? both : down > right ? down : right;
		}
	for (uint32_t i = 0, j = 0; i < n && j < m;) {
		uint32_t v = worth(k, a[i], b[j]), here = best[i * w + j];
		if (v && here == v + best[(i + 1) * w + j + 1])
			pair[i++] = j++;
		else if (here == best[(i + 1) * w + j])
			i++;
		else
			j++;
	}
	free(best);
}

static void mark_all(struct call_tree *tree, uint32_t i, char mark)
{
	tree->nodes[i].mark = mark;
	for (uint32_t c = tree->nodes[i].first; c; c = tree->nodes[c].next)
		mark_all(tree, c, mark);
}

static void hang(struct call_tree *tree, uint32_t parent, uint32_t c)
{
	struct call_node *p = &tree->nodes[parent];
	tree->nodes[c].next = 0;
	if (p->last)
		tree->nodes[p->last].next = c;
	else
		p->first = c;
	p->last = c;
}

static void compare(struct compare *k, uint32_t a, uint32_t b)
{
	struct call_tree *tree = k->tree;
	uint32_t n, m, head = 0, tail = 0, j;
	if (tree->nodes[a].count != k->from->nodes[b].count)
		tree->nodes[a].other = k->from->nodes[b].count;
	if (k->ha[a] == k->hb[b]) {
		call_tree_blur(tree, a, k->from, b);
		return;
	}
	if (tree->nodes[a].delay != k->from->nodes[b].delay)
		tree->nodes[a].when = WHEN_UNKNOWN;
	uint32_t *la = list_of(k, tree, a, &n), *lb = list_of(k, k->from, b, &m);
	uint32_t *pair = la && lb ? malloc((n + 1) * sizeof(*pair)) : NULL;
	if (!pair)
		tree->failed = true;
	while (pair && head < n && head < m && worth(k, la[head], lb[head]) == 3) {
		pair[head] = head;
		head++;
	}
	while (pair && tail < n - head && tail < m - head &&
	       worth(k, la[n - 1 - tail], lb[m - 1 - tail]) == 3) {
		pair[n - 1 - tail] = m - 1 - tail;
		tail++;
	}
	if (pair) {
		align(k, la + head, n - head - tail, lb + head, m - head - tail, pair + head);
		for (uint32_t i = head; i < n - tail; i++)
			pair[i] += pair[i] == UINT32_MAX ? 0 : head;
		tree->nodes[a].first = tree->nodes[a].last = 0;
	}
	j = 0;
	for (uint32_t i = 0; pair && i < n && !tree->failed; i++) {
		for (; pair[i] != UINT32_MAX && j < pair[i]; j++)
			hang(tree, a, graft(tree, k->from, lb[j], '+'));
		hang(tree, a, la[i]);
		if (pair[i] == UINT32_MAX)
			mark_all(tree, la[i], '-');
		else
			compare(k, la[i], lb[j++]);
	}
	for (; pair && j < m && !tree->failed; j++)
		hang(tree, a, graft(tree, k->from, lb[j], '+'));
	free(la);
	free(lb);
	free(pair);
}

void call_tree_compare(struct call_tree *tree, uint32_t a, const struct call_tree *from, uint32_t b)
{
	struct compare k = {
		.tree = tree, .from = from, .ha = call_tree_hashes(tree), .hb = call_tree_hashes(from)
	};
	if (k.ha && k.hb)
		compare(&k, a, b);
	else
		tree->failed = true;
	free(k.ha);
	free(k.hb);
}
