/*
 * The out-of-order queue: data beyond rcv_nxt, a red-black tree by sequence number (tp->out_of_order_queue),
 * its last segment at hand (tp->ooo_last_skb) because most data comes there.
 *
 * Invariant: no segment covers another. When segments overlap, what is covered entirely is dropped; partial
 * overlap stays, the reader skips it.
 */
#include "stack/transport/tcp_input.h"

static inline u16 tcp_skb_segs(const struct sk_buff *skb)
{
	u16 segs = skb_shinfo(skb)->gso_segs;

	return segs ? segs : 1;
}

/* As tcp_try_coalesce(), and counts the segments (rcv_ooopack, ACK compression). */
static bool tcp_ooo_try_coalesce(struct sock *sk, struct sk_buff *to, struct sk_buff *from, bool *fragstolen)
{
	TRACE_SKB(from, "merge an out-of-order segment with its neighbour");
	u32 segs = (u32)tcp_skb_segs(to) + tcp_skb_segs(from);

	if (!tcp_try_coalesce(sk, to, from, fragstolen))
		return false;
	skb_shinfo(to)->gso_segs = (u16)min_t(u32, segs, 0xffff);
	return true;
}

/* Frees a segment of the tree, or one that does not get in, because others have its data. */
static void tcp_ofo_drop(struct sock *sk, struct sk_buff *skb)
{
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPOFOMERGE);
	tcp_drop(sk, skb, SKB_DROP_REASON_TCP_OFOMERGE);
}

/* Drops what the new segment covers to its right; makes it the last if it is. */
static void tcp_ofo_merge_right(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 end_seq = TCP_SKB_CB(skb)->end_seq;
	struct sk_buff *next;

	while ((next = skb_rb_next(skb)) != NULL) {
		if (!after(end_seq, TCP_SKB_CB(next)->seq))
			return;
		if (before(end_seq, TCP_SKB_CB(next)->end_seq)) {
			tcp_dsack_extend(sk, TCP_SKB_CB(next)->seq, end_seq);
			return;
		}
		rb_erase(&next->rbnode, &tp->out_of_order_queue);
		tcp_dsack_extend(sk, TCP_SKB_CB(next)->seq, TCP_SKB_CB(next)->end_seq);
		tcp_ofo_drop(sk, next);
	}
	tp->ooo_last_skb = skb;
}

/* What became of a segment. */
enum tcp_ofo_result {
	TCP_OFO_INSERTED,
	TCP_OFO_MERGED,	 /* its data is in another segment now; what is left is to be freed */
	TCP_OFO_DROPPED, /* freed, others had its data */
};

/* Puts the segment where it belongs in the tree, by sequence number. */
static enum tcp_ofo_result tcp_ofo_insert(struct sock *sk, struct sk_buff *skb, bool *fragstolen)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;
	struct rb_node **p = &tp->out_of_order_queue.rb_node, *parent = NULL;
	struct sk_buff *other;

	if (likely(tcp_ooo_try_coalesce(sk, tp->ooo_last_skb, skb, fragstolen)))
		return TCP_OFO_MERGED;
	/* behind the last: no need to search */
	if (!before(seq, TCP_SKB_CB(tp->ooo_last_skb)->end_seq)) {
		parent = &tp->ooo_last_skb->rbnode;
		p = &parent->rb_right;
		goto insert;
	}

	while (*p) {
		parent = *p;
		other = rb_to_skb(parent);
		if (before(seq, TCP_SKB_CB(other)->seq)) {
			p = &parent->rb_left;
			continue;
		}
		if (before(seq, TCP_SKB_CB(other)->end_seq)) {
			if (!after(end_seq, TCP_SKB_CB(other)->end_seq)) {
				/* the other has all of it */
				tcp_ofo_drop(sk, skb);
				tcp_dsack_set(sk, seq, end_seq);
				return TCP_OFO_DROPPED;
			}
			if (seq == TCP_SKB_CB(other)->seq) {
				/* it has all of the other: take its place */
				rb_replace_node(&other->rbnode, &skb->rbnode, &tp->out_of_order_queue);
				tcp_dsack_extend(sk, TCP_SKB_CB(other)->seq, TCP_SKB_CB(other)->end_seq);
				if (other == tp->ooo_last_skb)
					tp->ooo_last_skb = skb;
				tcp_ofo_drop(sk, other);
				tcp_ofo_merge_right(sk, skb);
				return TCP_OFO_INSERTED;
			}
			tcp_dsack_set(sk, seq, TCP_SKB_CB(other)->end_seq);
		} else if (tcp_ooo_try_coalesce(sk, other, skb, fragstolen)) {
			return TCP_OFO_MERGED;
		}
		p = &parent->rb_right;
	}
insert:
	rb_link_node(&skb->rbnode, parent, p);
	rb_insert_color(&skb->rbnode, &tp->out_of_order_queue);
	tcp_ofo_merge_right(sk, skb);
	return TCP_OFO_INSERTED;
}

/* The queue was empty. */
static void tcp_ofo_insert_first(struct tcp_sock *tp, struct sk_buff *skb)
{
	if (tcp_is_sack(tp)) {
		tp->rx_opt.num_sacks = 1;
		tp->selective_acks[0].start_seq = TCP_SKB_CB(skb)->seq;
		tp->selective_acks[0].end_seq = TCP_SKB_CB(skb)->end_seq;
	}
	rb_link_node(&skb->rbnode, NULL, &tp->out_of_order_queue.rb_node);
	rb_insert_color(&skb->rbnode, &tp->out_of_order_queue);
	tp->ooo_last_skb = skb;
}

/* The segment stays in the queue: it is the socket's from now on. */
static void tcp_ofo_keep(struct sock *sk, struct sk_buff *skb)
{
	/* without SACK the sender fills the hole and no more: no larger window for that */
	if (tcp_is_sack(tcp_sk(sk)))
		tcp_grow_window(sk, skb, false);
	skb_condense(skb);
	skb_set_owner_r(skb, sk);
}

void tcp_data_queue_ofo(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "keep a segment that came before its turn");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;
	enum tcp_ofo_result result;
	bool fragstolen = false;

	tcp_ecn_check_ce(sk, skb);
	if (unlikely(tcp_try_rmem_schedule(sk, skb, skb->truesize))) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPOFODROP);
		sk_call_data_ready(sk);
		tcp_drop(sk, skb, SKB_DROP_REASON_PROTO_MEM);
		return;
	}
	tp->pred_flags = 0;
	inet_csk_schedule_ack(sk);
	tp->rcv_ooopack += tcp_skb_segs(skb);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPOFOQUEUE);

	if (RB_EMPTY_ROOT(&tp->out_of_order_queue)) {
		tcp_ofo_insert_first(tp, skb);
		tcp_ofo_keep(sk, skb);
		return;
	}
	result = tcp_ofo_insert(sk, skb, &fragstolen);
	if (result == TCP_OFO_MERGED) {
		if (tcp_is_sack(tp))
			tcp_grow_window(sk, skb, true);
		kfree_skb_partial(skb, fragstolen);
	}
	if (tcp_is_sack(tp))
		tcp_sack_new_ofo_skb(sk, seq, end_seq);
	if (result == TCP_OFO_INSERTED)
		tcp_ofo_keep(sk, skb);
}

void tcp_ofo_queue(struct sock *sk)
{
	TRACE_SK(sk, "the hole is filled: move out-of-order data that is in order now");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 dsack_high = tp->rcv_nxt;
	struct sk_buff *skb;

	while ((skb = skb_rb_first(&tp->out_of_order_queue)) != NULL) {
		u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;
		struct sk_buff *tail;
		bool fragstolen, eaten, fin;

		if (after(seq, tp->rcv_nxt))
			break;
		if (before(seq, dsack_high)) {
			u32 dsack = dsack_high;

			if (before(dsack_high, end_seq))
				dsack_high = end_seq;
			tcp_dsack_extend(sk, seq, dsack);
		}
		rb_erase(&skb->rbnode, &tp->out_of_order_queue);
		if (unlikely(!after(end_seq, tp->rcv_nxt))) {
			tcp_drop(sk, skb, SKB_DROP_REASON_TCP_OLD_DATA);
			continue;
		}

		tail = skb_peek_tail(&sk->sk_receive_queue);
		eaten = tail && tcp_try_coalesce(sk, tail, skb, &fragstolen);
		tcp_rcv_nxt_update(tp, end_seq);
		fin = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN;
		if (!eaten)
			__skb_queue_tail(&sk->sk_receive_queue, skb);
		else
			kfree_skb_partial(skb, fragstolen);
		if (unlikely(fin)) {
			tcp_fin(sk); /* frees what lies behind */
			break;
		}
	}
}
