/*
 * Red-black trees: no red node has a red child, and every way from the root down meets as many black
 * nodes. The empty subtree counts as black.
 */
#include "stack/kernel/rbtree.h"

enum { RED, BLACK };

static inline bool is_red(const struct rb_node *n)
{
	return n && !(n->parent_color & 1);
}
static inline void set_color(struct rb_node *n, uintptr_t color)
{
	n->parent_color = (n->parent_color & ~(uintptr_t)1) | color;
}
static inline void set_parent(struct rb_node *n, struct rb_node *parent)
{
	n->parent_color = (uintptr_t)parent | (n->parent_color & 1);
}

/* Puts `with` (may be NULL) where `node` hangs. */
static void replace_child(struct rb_node *node, struct rb_node *with, struct rb_root *root)
{
	struct rb_node *parent = rb_parent(node);

	if (!parent)
		root->rb_node = with;
	else if (parent->rb_left == node)
		parent->rb_left = with;
	else
		parent->rb_right = with;
	if (with)
		set_parent(with, parent);
}

/* The right child takes the node's place, the node becomes its left child; and the mirror image. */
static void rotate_left(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *up = node->rb_right;

	node->rb_right = up->rb_left;
	if (up->rb_left)
		set_parent(up->rb_left, node);
	replace_child(node, up, root);
	up->rb_left = node;
	set_parent(node, up);
}

static void rotate_right(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *up = node->rb_left;

	node->rb_left = up->rb_right;
	if (up->rb_right)
		set_parent(up->rb_right, node);
	replace_child(node, up, root);
	up->rb_right = node;
	set_parent(node, up);
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent;

	while (is_red(parent = rb_parent(node))) {
		struct rb_node *grand = rb_parent(parent); /* exists: a root is black */
		bool left = parent == grand->rb_left;
		struct rb_node *uncle = left ? grand->rb_right : grand->rb_left;

		if (is_red(uncle)) {
			set_color(parent, BLACK);
			set_color(uncle, BLACK);
			set_color(grand, RED);
			node = grand;
			continue;
		}
		if (left) {
			if (node == parent->rb_right) {
				rotate_left(parent, root);
				parent = node;
			}
			rotate_right(grand, root);
		} else {
			if (node == parent->rb_left) {
				rotate_right(parent, root);
				parent = node;
			}
			rotate_left(grand, root);
		}
		set_color(parent, BLACK);
		set_color(grand, RED);
		break;
	}
	set_color(root->rb_node, BLACK);
}

/* One black node is missing on the ways through `node` (may be NULL), a child of `parent`. */
static void rebalance(struct rb_node *node, struct rb_node *parent, struct rb_root *root)
{
	while (parent && !is_red(node)) {
		bool left = node == parent->rb_left;
		struct rb_node *sib = left ? parent->rb_right : parent->rb_left;

		if (is_red(sib)) {
			set_color(sib, BLACK);
			set_color(parent, RED);
			if (left)
				rotate_left(parent, root);
			else
				rotate_right(parent, root);
			sib = left ? parent->rb_right : parent->rb_left;
		}
		struct rb_node *near = left ? sib->rb_left : sib->rb_right;
		struct rb_node *far = left ? sib->rb_right : sib->rb_left;
		if (!is_red(near) && !is_red(far)) {
			set_color(sib, RED);
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		if (!is_red(far)) {
			set_color(near, BLACK);
			set_color(sib, RED);
			if (left)
				rotate_right(sib, root);
			else
				rotate_left(sib, root);
			far = sib;
			sib = near;
		}
		set_color(sib, is_red(parent) ? RED : BLACK);
		set_color(parent, BLACK);
		set_color(far, BLACK);
		if (left)
			rotate_left(parent, root);
		else
			rotate_right(parent, root);
		return;
	}
	if (node)
		set_color(node, BLACK);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *child, *parent;
	bool black;

	if (node->rb_left && node->rb_right) {
		/* its successor, which has no left child, takes its place and colour */
		struct rb_node *succ = node->rb_right;

		while (succ->rb_left)
			succ = succ->rb_left;
		child = succ->rb_right;
		black = !is_red(succ);
		parent = rb_parent(succ);
		if (parent == node) {
			parent = succ;
		} else {
			parent->rb_left = child;
			if (child)
				set_parent(child, parent);
			succ->rb_right = node->rb_right;
			set_parent(succ->rb_right, succ);
		}
		replace_child(node, succ, root);
		set_color(succ, is_red(node) ? RED : BLACK);
		succ->rb_left = node->rb_left;
		set_parent(succ->rb_left, succ);
	} else {
		child = node->rb_left ? node->rb_left : node->rb_right;
		parent = rb_parent(node);
		black = !is_red(node);
		replace_child(node, child, root);
	}
	if (black)
		rebalance(child, parent, root);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *n = root->rb_node;

	while (n && n->rb_left)
		n = n->rb_left;
	return n;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->rb_node;

	while (n && n->rb_right)
		n = n->rb_right;
	return n;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *n = node->rb_right, *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (n) {
		while (n->rb_left)
			n = n->rb_left;
		return n;
	}
	while ((parent = rb_parent(node)) && node == parent->rb_right)
		node = parent;
	return parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *n = node->rb_left, *parent;

	if (RB_EMPTY_NODE(node))
		return NULL;
	if (n) {
		while (n->rb_right)
			n = n->rb_right;
		return n;
	}
	while ((parent = rb_parent(node)) && node == parent->rb_left)
		node = parent;
	return parent;
}

void rb_replace_node(struct rb_node *victim, struct rb_node *with, struct rb_root *root)
{
	*with = *victim;
	replace_child(victim, with, root);
	if (with->rb_left)
		set_parent(with->rb_left, with);
	if (with->rb_right)
		set_parent(with->rb_right, with);
}
