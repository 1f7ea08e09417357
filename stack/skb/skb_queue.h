/*
 * Queues of skbs: doubly linked lists with a count, and the red-black trees of TCP. Included by skbuff.h.
 */
#ifndef STACK_SKB_SKB_QUEUE_H
#define STACK_SKB_SKB_QUEUE_H

#include "stack/skb/skbuff.h"

struct sk_buff_head {
	/* As the first two members of struct sk_buff. */
	struct sk_buff *next, *prev;
	u32 qlen;
};

static inline void __skb_queue_head_init(struct sk_buff_head *list)
{
	list->prev = list->next = (struct sk_buff *)list;
	list->qlen = 0;
}

static inline void skb_queue_head_init(struct sk_buff_head *list)
{
	__skb_queue_head_init(list);
}

static inline bool skb_queue_empty(const struct sk_buff_head *list)
{
	return list->next == (const struct sk_buff *)list;
}

static inline bool skb_queue_empty_lockless(const struct sk_buff_head *list)
{
	return skb_queue_empty(list);
}

static inline u32 skb_queue_len(const struct sk_buff_head *list)
{
	return list->qlen;
}

static inline u32 skb_queue_len_lockless(const struct sk_buff_head *list)
{
	return list->qlen;
}

static inline bool skb_queue_is_last(const struct sk_buff_head *list, const struct sk_buff *skb)
{
	return skb->next == (const struct sk_buff *)list;
}

static inline bool skb_queue_is_first(const struct sk_buff_head *list, const struct sk_buff *skb)
{
	return skb->prev == (const struct sk_buff *)list;
}

static inline struct sk_buff *skb_queue_next(const struct sk_buff_head *list, const struct sk_buff *skb)
{
	(void)list;
	return skb->next;
}

static inline struct sk_buff *skb_queue_prev(const struct sk_buff_head *list, const struct sk_buff *skb)
{
	(void)list;
	return skb->prev;
}

static inline struct sk_buff *skb_peek(const struct sk_buff_head *list)
{
	struct sk_buff *skb = list->next;

	return skb == (const struct sk_buff *)list ? NULL : skb;
}

static inline struct sk_buff *__skb_peek(const struct sk_buff_head *list)
{
	return list->next;
}

static inline struct sk_buff *skb_peek_next(struct sk_buff *skb, const struct sk_buff_head *list)
{
	struct sk_buff *next = skb->next;

	return next == (const struct sk_buff *)list ? NULL : next;
}

static inline struct sk_buff *skb_peek_tail(const struct sk_buff_head *list)
{
	struct sk_buff *skb = list->prev;

	return skb == (const struct sk_buff *)list ? NULL : skb;
}

/*
 * The links that a packet and a queue's head both begin with. A neighbour in a queue may be either, so its
 * links are reached through this type.
 */
struct skb_links {
	struct sk_buff *next, *prev;
};

static inline struct skb_links *skb_links(void *skb_or_head)
{
	return skb_or_head;
}

static inline void __skb_insert(struct sk_buff *newsk, struct sk_buff *prev, struct sk_buff *next,
				struct sk_buff_head *list)
{
	newsk->next = next;
	newsk->prev = prev;
	skb_links(next)->prev = newsk;
	skb_links(prev)->next = newsk;
	list->qlen++;
}

static inline void __skb_queue_after(struct sk_buff_head *list, struct sk_buff *prev, struct sk_buff *newsk)
{
	__skb_insert(newsk, prev, skb_links(prev)->next, list);
}

static inline void __skb_queue_before(struct sk_buff_head *list, struct sk_buff *next, struct sk_buff *newsk)
{
	__skb_insert(newsk, skb_links(next)->prev, next, list);
}

static inline void __skb_queue_head(struct sk_buff_head *list, struct sk_buff *newsk)
{
	__skb_queue_after(list, (struct sk_buff *)list, newsk);
}

static inline void __skb_queue_tail(struct sk_buff_head *list, struct sk_buff *newsk)
{
	__skb_queue_before(list, (struct sk_buff *)list, newsk);
}

static inline void __skb_unlink(struct sk_buff *skb, struct sk_buff_head *list)
{
	struct sk_buff *next = skb->next, *prev = skb->prev;

	list->qlen--;
	skb->next = skb->prev = NULL;
	skb_links(next)->prev = prev;
	skb_links(prev)->next = next;
}

static inline struct sk_buff *__skb_dequeue(struct sk_buff_head *list)
{
	struct sk_buff *skb = skb_peek(list);

	if (skb)
		__skb_unlink(skb, list);
	return skb;
}

static inline struct sk_buff *__skb_dequeue_tail(struct sk_buff_head *list)
{
	struct sk_buff *skb = skb_peek_tail(list);

	if (skb)
		__skb_unlink(skb, list);
	return skb;
}

static inline void __skb_queue_splice(const struct sk_buff_head *list, struct sk_buff *prev,
				      struct sk_buff *next)
{
	struct sk_buff *first = list->next, *last = list->prev;

	first->prev = prev;
	skb_links(prev)->next = first;
	last->next = next;
	skb_links(next)->prev = last;
}

/* Moves all of `list` to the front of `head`. */
static inline void skb_queue_splice_init(struct sk_buff_head *list, struct sk_buff_head *head)
{
	if (!skb_queue_empty(list)) {
		__skb_queue_splice(list, (struct sk_buff *)head, head->next);
		head->qlen += list->qlen;
		__skb_queue_head_init(list);
	}
}

/* Moves all of `list` to the end of `head`. */
static inline void skb_queue_splice_tail_init(struct sk_buff_head *list, struct sk_buff_head *head)
{
	if (!skb_queue_empty(list)) {
		__skb_queue_splice(list, head->prev, (struct sk_buff *)head);
		head->qlen += list->qlen;
		__skb_queue_head_init(list);
	}
}

#define skb_queue_walk(queue, skb)                                                                           \
	for (skb = (queue)->next; skb != (struct sk_buff *)(queue); skb = skb->next)

#define skb_queue_walk_safe(queue, skb, tmp)                                                                 \
	for (skb = (queue)->next, tmp = skb->next; skb != (struct sk_buff *)(queue);                         \
	     skb = tmp, tmp = skb->next)

#define skb_queue_walk_from(queue, skb) for (; skb != (struct sk_buff *)(queue); skb = skb->next)

#define skb_queue_reverse_walk(queue, skb)                                                                   \
	for (skb = (queue)->prev; skb != (struct sk_buff *)(queue); skb = skb->prev)

#define skb_list_walk_safe(first, skb, next_skb)                                                             \
	for ((skb) = (first), (next_skb) = (skb) ? (skb)->next : NULL; (skb);                                \
	     (skb) = (next_skb), (next_skb) = (skb) ? (skb)->next : NULL)

/* Takes a packet off a list that is linked by skb->list. */
static inline void skb_list_del_init(struct sk_buff *skb)
{
	list_del(&skb->list);
	skb_mark_not_on_list(skb);
}

/* Out of line and traced: skb_queue.c. The host is needed where the list may be empty. */
struct sk_buff *skb_dequeue(struct host *host, struct sk_buff_head *list);
struct sk_buff *skb_dequeue_tail(struct host *host, struct sk_buff_head *list);
void skb_queue_head(struct sk_buff_head *list, struct sk_buff *newsk);
void skb_queue_tail(struct sk_buff_head *list, struct sk_buff *newsk);
void skb_unlink(struct sk_buff *skb, struct sk_buff_head *list);
void skb_append(struct sk_buff *old, struct sk_buff *newsk, struct sk_buff_head *list);
/* Drops all packets of a queue, with a reason for each. */
void skb_queue_purge(struct host *host, struct sk_buff_head *list);
void skb_queue_purge_reason(struct host *host, struct sk_buff_head *list, enum skb_drop_reason reason);
void __skb_queue_purge(struct sk_buff_head *list);

/* ---- trees ---- */

#define rb_to_skb(rb) rb_entry_safe(rb, struct sk_buff, rbnode)
#define skb_rb_first(root) rb_to_skb(rb_first(root))
#define skb_rb_last(root) rb_to_skb(rb_last(root))
#define skb_rb_next(skb) rb_to_skb(rb_next(&(skb)->rbnode))
#define skb_rb_prev(skb) rb_to_skb(rb_prev(&(skb)->rbnode))

#define skb_rbtree_walk(skb, root) for (skb = skb_rb_first(root); skb != NULL; skb = skb_rb_next(skb))

#define skb_rbtree_walk_from(skb) for (; skb != NULL; skb = skb_rb_next(skb))

#define skb_rbtree_walk_from_safe(skb, tmp)                                                                  \
	for (; tmp = skb ? skb_rb_next(skb) : NULL, (skb != NULL); skb = tmp)

/* Frees all packets of a tree; returns the sum of their truesizes. */
unsigned int skb_rbtree_purge(struct host *host, struct rb_root *root);

#endif
