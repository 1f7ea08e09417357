/*
 * Red-black trees with Linux's names. The caller searches for the place, links the node there with
 * rb_link_node() and calls rb_insert_color() to restore the balance.
 */
#ifndef STACK_KERNEL_RBTREE_H
#define STACK_KERNEL_RBTREE_H

#include "stack/kernel/kernel.h"

struct rb_node {
	uintptr_t parent_color; /* parent's address, colour in bit 0 (1 black); own address: not in a tree */
	struct rb_node *rb_right, *rb_left;
};
struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT ((struct rb_root){ NULL })
#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member)                                                                     \
	({                                                                                                   \
		__typeof__(ptr) _p = (ptr);                                                                  \
		_p ? rb_entry(_p, type, member) : NULL;                                                      \
	})
#define RB_EMPTY_ROOT(root) ((root)->rb_node == NULL)
#define RB_EMPTY_NODE(node) ((node)->parent_color == (uintptr_t)(node))
#define RB_CLEAR_NODE(node) ((node)->parent_color = (uintptr_t)(node))

static inline struct rb_node *rb_parent(const struct rb_node *n)
{
	return (struct rb_node *)(n->parent_color & ~(uintptr_t)1);
}
/* Hangs a new (red) node at *link, a child pointer of `parent` or the root's pointer. */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->parent_color = (uintptr_t)parent;
	node->rb_left = NULL;
	node->rb_right = NULL;
	*link = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
void rb_replace_node(struct rb_node *victim, struct rb_node *with, struct rb_root *root);

#endif
