/* Takes trees out of a forest. */
#include "viz/call_tree.h"

#include <stdlib.h>
#include <string.h>

#include "viz/call_hops.h"

#define MAX_NODES (1u << 23) /* a chart beyond that is a mistake */

uint32_t call_tree_new(struct call_tree *tree, enum call_kind kind, const struct viz_fn *fn)
{
	if (tree->n == tree->cap) {
		uint32_t cap = tree->cap ? tree->cap * 2 : 256;
		struct call_node *grown =
			cap <= MAX_NODES ? realloc(tree->nodes, cap * sizeof(*grown)) : NULL;
		if (!grown) {
			tree->failed = true;
			return 0;
		}
		tree->nodes = grown;
		tree->cap = cap;
		if (tree->n == 0)
			tree->nodes[tree->n++] = (struct call_node){ .kind = CALL_LOOP }; /* node 0 */
	}
	uint32_t i = tree->n++;
	tree->nodes[i] = (struct call_node){ .fn = fn, .kind = (uint8_t)kind, .count = 1 };
	return i;
}

uint32_t call_tree_add(struct call_tree *tree, uint32_t parent, enum call_kind kind, const struct viz_fn *fn)
{
	uint32_t i = call_tree_new(tree, kind, fn);
	if (!i)
		return 0;
	uint32_t *first = parent ? &tree->nodes[parent].first : &tree->first;
	uint32_t *last = parent ? &tree->nodes[parent].last : &tree->last;
	if (*last)
		tree->nodes[*last].next = i;
	else
		*first = i;
	*last = i;
	return i;
}

void call_tree_free(struct call_tree *tree)
{
	free(tree->nodes);
	free(tree->text);
	memset(tree, 0, sizeof(*tree));
}

uint32_t call_tree_keep(struct call_tree *tree, const char *text)
{
	size_t len = strlen(text) + 1;
	while (tree->nr_text + len > tree->cap_text) {
		uint32_t cap = tree->cap_text ? tree->cap_text * 2 : 4096;
		char *grown = cap > tree->cap_text ? realloc(tree->text, cap) : NULL;
		if (!grown) {
			tree->failed = true;
			return 0;
		}
		tree->text = grown;
		tree->cap_text = cap;
	}
	memcpy(tree->text + tree->nr_text, text, len);
	tree->nr_text += (uint32_t)len;
	return tree->nr_text - (uint32_t)len;
}

bool call_tree_same(const struct call_tree *ta, uint32_t a, const struct call_tree *tb, uint32_t b)
{
	const struct call_node *x = &ta->nodes[a], *y = &tb->nodes[b];
	if (x->kind != y->kind || x->fn != y->fn || x->op != y->op || x->resumed != y->resumed)
		return false;
	return x->kind != CALL_HOP || strcmp(call_tree_text(ta, a), call_tree_text(tb, b)) == 0;
}

/* ---- copying ---- */

struct copy {
	struct call_tree *tree;
	const struct call_source *src;
	struct call_filter filter;
	uint8_t **seen; /* by host and node: calls that are drawn because of a hop; NULL: none is followed */
};

/* Where a subtree is copied from and to. */
struct place {
	uint32_t host, parent; /* parent: node of the tree */
	unsigned level;	       /* of the parent, below the root */
	unsigned hops;	       /* followed to get here */
	uint32_t since;	       /* nodes before it are left out, unless calls that are open then */
	bool keep;	       /* the filter's `keep` counts */
	bool bare;	       /* in a function that is not drawn: its lines are not either */
};

static void copy_call(struct copy *c, struct place at, uint32_t node);

static uint32_t add_hop(struct copy *c, const struct place *at, uint32_t node, const struct forest_hop *hop)
{
	struct hop_line line;
	uint32_t i = call_tree_add(c->tree, at->parent, CALL_HOP, NULL);
	if (!i)
		return 0;
	if (node)
		hop_line(c->src->f, at->host, node, hop, &line);
	else
		line = (struct hop_line){ .text = "~~> and then" };
	c->tree->nodes[i].text = call_tree_keep(c->tree, line.text);
	c->tree->nodes[i].delay = line.delay;
	c->tree->nodes[i].when = (uint8_t)line.when;
	return i;
}

/* Whether it is the first time that a hop leads to this call: so often is it drawn, lest a chart has no end.
 */
static bool first_time(struct copy *c, uint32_t host, uint32_t node)
{
	uint8_t **seen = &c->seen[host];
	if (!*seen && !(*seen = calloc(c->src->f->hosts[host].n, 1))) {
		c->tree->failed = true;
		return false;
	}
	bool first = !(*seen)[node];
	(*seen)[node] = 1;
	return first;
}

/* Draws what a hop set off below its line; a line has one box below it, so that more need lines of their own.
 */
static void follow(struct copy *c, struct place at, uint32_t line, const struct hop_target *to, unsigned nr)
{
	struct place below = at;
	below.hops++;
	below.keep = false;
	below.level = at.level + 1;
	for (unsigned i = 0; i < nr && line; i++) {
		uint32_t before = c->tree->nodes[line].last;
		if (!first_time(c, to[i].host, to[i].node))
			continue;
		below.parent = line;
		below.host = to[i].host;
		below.since = to[i].since;
		copy_call(c, below, to[i].node);
		if (i + 1 < nr && c->tree->nodes[line].last != before)
			line = add_hop(c, &at, 0, NULL);
	}
}

/* What happens at a node beside calls and steps, and, when hops are followed, what it set off. */
static void copy_event(struct copy *c, struct place at, uint32_t node)
{
	const struct forest *f = c->src->f;
	const struct forest_node *n = forest_at(f, at.host, node);
	struct hop_target to[HOP_TARGETS];
	bool on = at.hops < c->filter.follow && (!c->filter.depth || at.level + 1 < c->filter.depth);
	if (n->kind == NODE_OUT || n->kind == NODE_IN) {
		if (n->obj == FOREST_NONE)
			return;
		for (uint32_t h = n->obj; h < f->nr_hops; h++) {
			struct forest_hop ends[HOP_ENDS];
			const struct forest_hop *hop = &f->hops[h];
			if (h != n->obj &&
			    (n->kind == NODE_IN || hop->out != node || hop->out_host != at.host))
				break;
			unsigned nr = hop_ends(f, hop, ends);
			for (unsigned k = 0; k < nr; k++) {
				uint32_t line = add_hop(c, &at, node, &ends[k]);
				if (on && n->kind == NODE_OUT)
					follow(c, at, line, to, hop_targets(f, &ends[k], to));
			}
		}
		return;
	}
	uint32_t line = add_hop(c, &at, node, NULL);
	if (n->kind != NODE_IRQ || !on)
		return;
	unsigned nr = 0;
	for (uint32_t i = n->first; i && nr < HOP_TARGETS; i = forest_at(f, at.host, i)->next)
		if (forest_at(f, at.host, i)->kind == NODE_CALL)
			to[nr++] = (struct hop_target){ at.host, i, 0 };
	follow(c, at, line, to, nr);
}

static bool leads_to(const struct forest *f, uint32_t host, uint32_t i, uint32_t node)
{
	while (node > i)
		node = forest_at(f, host, node)->parent;
	return node == i;
}

/* What hangs below `node` of the forest, under at.parent of the tree. */
static void copy_below(struct copy *c, struct place at, uint32_t node)
{
	const struct forest *f = c->src->f;
	bool whole = !at.keep || c->filter.keep[node] != 1;
	if (c->filter.depth && at.level >= c->filter.depth)
		return;
	for (uint32_t i = forest_at(f, at.host, node)->first; i && !c->tree->failed;) {
		const struct forest_node *n = forest_at(f, at.host, i);
		if (i < at.since && !leads_to(f, at.host, i, at.since)) {
			i = n->next;
			continue;
		}
		struct place below = at;
		if (whole)
			below.keep = false;
		if (n->kind == NODE_CALL)
			copy_call(c, below, i);
		else if (!whole || (at.bare && (n->kind == NODE_STEP || !c->filter.follow)))
			;
		else if (n->kind == NODE_STEP)
			call_tree_add(c->tree, at.parent, CALL_STEP, c->src->canon[n->fn]);
		else
			copy_event(c, below, i);
		i = n->next;
	}
}

static void copy_call(struct copy *c, struct place at, uint32_t node)
{
	const struct forest_node *n = forest_at(c->src->f, at.host, node);
	if (c->src->hide[n->fn] || (at.keep && !c->filter.keep[node]))
		return;
	at.bare = c->src->skip[n->fn];
	if (!at.bare) {
		uint32_t i = call_tree_add(c->tree, at.parent, CALL_FN, c->src->canon[n->fn]);
		if (!i)
			return;
		if (n->op != FOREST_NO_OP)
			c->tree->nodes[i].op = c->src->canon[n->op];
		c->tree->nodes[i].resumed = node < at.since;
		at.parent = i;
		at.level++;
	}
	copy_below(c, at, node);
}

/* The outermost call that leads to a node. */
static uint32_t top_call(const struct forest *f, uint32_t host, uint32_t i)
{
	for (uint32_t up;
	     (up = forest_at(f, host, i)->parent) != 0 && forest_at(f, host, up)->kind == NODE_CALL;)
		i = up;
	return i;
}

uint32_t call_tree_copy(struct call_tree *tree, const struct call_source *src, uint32_t host, uint32_t node,
			const struct call_filter *filter)
{
	struct copy c = { .tree = tree, .src = src, .filter = *filter };
	struct place at = { .host = host, .keep = filter->keep != NULL };
	uint32_t root = call_tree_add(tree, 0, CALL_FN, src->canon[forest_at(src->f, host, node)->fn]);
	if (!root)
		return 0;
	at.parent = root;
	if (filter->follow && !(c.seen = calloc(src->f->t->nr_hosts, sizeof(*c.seen)))) {
		tree->failed = true;
		return 0;
	}
	if (c.seen)
		first_time(&c, host, top_call(src->f, host, node)); /* what goes on after a sleep is in it */
	copy_below(&c, at, node);
	for (uint32_t h = 0; c.seen && h < src->f->t->nr_hosts; h++)
		free(c.seen[h]);
	free(c.seen);
	return tree->failed ? 0 : root;
}
