/*
 * Queues and trees of packets: what is out of line.
 */
#include "stack/skb/skbuff.h"

struct sk_buff *skb_dequeue(struct host *host, struct sk_buff_head *list)
{
	TRACE_LEAF(host, "take the first packet off a queue");

	return __skb_dequeue(list);
}

struct sk_buff *skb_dequeue_tail(struct host *host, struct sk_buff_head *list)
{
	TRACE(host, "take the last packet off a queue");

	return __skb_dequeue_tail(list);
}

void skb_queue_head(struct sk_buff_head *list, struct sk_buff *newsk)
{
	TRACE_SKB(newsk, "put the packet at the head of a queue");

	__skb_queue_head(list, newsk);
}

void skb_queue_tail(struct sk_buff_head *list, struct sk_buff *newsk)
{
	TRACE_SKB(newsk, "put the packet at the end of a queue");

	__skb_queue_tail(list, newsk);
}

void skb_unlink(struct sk_buff *skb, struct sk_buff_head *list)
{
	TRACE_SKB(skb, "take the packet out of its queue");

	__skb_unlink(skb, list);
}

void skb_append(struct sk_buff *old, struct sk_buff *newsk, struct sk_buff_head *list)
{
	TRACE_SKB(newsk, "put the packet behind another one in its queue");

	__skb_queue_after(list, old, newsk);
}

void skb_queue_purge_reason(struct host *host, struct sk_buff_head *list, enum skb_drop_reason reason)
{
	TRACE_AS(host, "skb_queue_purge", "drop all packets of a queue");
	struct sk_buff *skb;

	while ((skb = skb_dequeue(host, list)) != NULL)
		kfree_skb_reason(skb, reason);
}

void skb_queue_purge(struct host *host, struct sk_buff_head *list)
{
	skb_queue_purge_reason(host, list, SKB_DROP_REASON_SOCKET_CLOSE);
}

void __skb_queue_purge(struct sk_buff_head *list)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list)) != NULL)
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_CLOSE);
}

unsigned int skb_rbtree_purge(struct host *host, struct rb_root *root)
{
	TRACE(host, "drop all packets of a tree");
	struct rb_node *p = rb_first(root);
	unsigned int sum = 0;

	while (p) {
		struct sk_buff *skb = rb_to_skb(p);

		p = rb_next(p);
		rb_erase(&skb->rbnode, root);
		sum += skb->truesize;
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_CLOSE);
	}
	return sum;
}
