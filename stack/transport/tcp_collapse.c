/*
 * Too much memory for the data received: find room, or refuse.
 *
 * tcp_try_rmem_schedule() asks for memory for a segment. When the buffer is full, tcp_prune_queue() first
 * copies data that wastes its memory together (collapse), then gives up out-of-order data, from the end of
 * the queue (the peer has to send it again: reneging, which RFC 2018 allows). Data in order is kept always.
 */
#include "stack/skb/skb_copy.h"
#include "stack/transport/tcp_input.h"

/* ---- collapse ---- */

/* The segments to be collapsed: a list (the receive queue) or a tree (the out-of-order queue). */
struct tcp_collapse_from {
	struct sk_buff_head *list; /* or NULL */
	struct rb_root *root;
};

static struct sk_buff *tcp_skb_next(struct sk_buff *skb, const struct sk_buff_head *list)
{
	return list ? skb_peek_next(skb, list) : skb_rb_next(skb);
}

/* Takes a segment whose data was copied out; returns the next. */
static struct sk_buff *tcp_collapse_one(struct sock *sk, struct sk_buff *skb,
					const struct tcp_collapse_from *from)
{
	struct sk_buff *next = tcp_skb_next(skb, from->list);

	if (from->list)
		__skb_unlink(skb, from->list);
	else
		rb_erase(&skb->rbnode, from->root);
	__kfree_skb(skb);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPRCVCOLLAPSED);
	return next;
}

/* Is the memory of the segment hardly used, or does the next one overlap it? */
static bool tcp_collapse_useful(struct sock *sk, struct sk_buff *skb, const struct sk_buff *next)
{
	if (TCP_SKB_CB(skb)->tcp_flags & (TCPHDR_SYN | TCPHDR_FIN))
		return false;
	if (tcp_win_from_space(sk, (int)skb->truesize) > (int)skb->len)
		return true;
	return next && TCP_SKB_CB(skb)->end_seq != TCP_SKB_CB(next)->seq;
}

/* A new segment with what can be copied of [start, end), which begins in `*skb`; frees what is used up. */
static struct sk_buff *tcp_collapse_copy(struct sock *sk, struct sk_buff **skb, u32 *start, u32 end,
					 struct sk_buff *tail, const struct tcp_collapse_from *from)
{
	u32 room = min_t(u32, SKB_MAX_ORDER(0, 0), end - *start);
	struct sk_buff *nskb = alloc_skb(sk->host, room, GFP_ATOMIC);

	if (!nskb)
		return NULL;
	memcpy(nskb->cb, (*skb)->cb, sizeof(nskb->cb));
	nskb->journey = (*skb)->journey;
	TCP_SKB_CB(nskb)->seq = TCP_SKB_CB(nskb)->end_seq = *start;

	while (room > 0) {
		int offset = (int)(*start - TCP_SKB_CB(*skb)->seq);
		int size = (int)(TCP_SKB_CB(*skb)->end_seq - *start);

		if (size > 0) {
			size = min((int)room, size);
			if (offset < 0 || skb_copy_bits(*skb, offset, skb_tail_pointer(nskb), size))
				break;
			__skb_put(nskb, (u32)size);
			TCP_SKB_CB(nskb)->end_seq += (u32)size;
			room -= (u32)size;
			*start += (u32)size;
		}
		if (!before(*start, TCP_SKB_CB(*skb)->end_seq)) {
			*skb = tcp_collapse_one(sk, *skb, from);
			if (!*skb || *skb == tail ||
			    (TCP_SKB_CB(*skb)->tcp_flags & (TCPHDR_SYN | TCPHDR_FIN)) ||
			    after(TCP_SKB_CB(*skb)->seq, *start))
				break;
		}
	}
	return nskb;
}

/* New segments go before the first that is left of the old ones; a tree gets its own when all is done. */
static void tcp_collapse_add(struct sock *sk, const struct tcp_collapse_from *from, struct sk_buff *nskb,
			     struct sk_buff *next, struct sk_buff **done)
{
	if (!from->list) {
		nskb->next = *done;
		*done = nskb;
	} else if (next) {
		__skb_queue_before(from->list, next, nskb);
	} else {
		__skb_queue_tail(from->list, nskb);
	}
	skb_set_owner_r(nskb, sk);
}

/* Collapses the data of [start, end) in the segments from `head` up to, not including, `tail`. */
static void tcp_collapse(struct sock *sk, const struct tcp_collapse_from *from, struct sk_buff *head,
			 struct sk_buff *tail, u32 start, u32 end)
{
	TRACE_SK(sk, "copy received data together to save memory");
	struct sk_buff *skb = head, *nskb, *begun = NULL; /* begun: part of it was copied already */
	struct sk_buff *done = NULL, *more;

	while (skb && skb != tail && before(start, end)) {
		struct sk_buff *next = tcp_skb_next(skb, from->list);

		if (!before(start, TCP_SKB_CB(skb)->end_seq)) {
			/* all of it is old */
			skb = tcp_collapse_one(sk, skb, from);
			continue;
		}
		if (after(TCP_SKB_CB(skb)->seq, start))
			start = TCP_SKB_CB(skb)->seq;
		if (skb != begun && !tcp_collapse_useful(sk, skb, next == tail ? NULL : next)) {
			start = TCP_SKB_CB(skb)->end_seq;
			skb = next;
			continue;
		}
		nskb = tcp_collapse_copy(sk, &skb, &start, end, tail, from);
		if (!nskb)
			break;
		if (!nskb->len) {
			__kfree_skb(nskb);
			break;
		}
		tcp_collapse_add(sk, from, nskb, skb, &done);
		begun = skb && after(start, TCP_SKB_CB(skb)->seq) ? skb : NULL;
	}
	for (; done; done = more) {
		more = done->next;
		tcp_rbtree_insert(from->root, done);
	}
}

/* Each run without a hole is collapsed by itself. */
static void tcp_collapse_ofo_queue(struct sock *sk)
{
	TRACE_SK(sk, "copy out-of-order data together, run by run");
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_collapse_from from = { .root = &tp->out_of_order_queue };
	struct sk_buff *skb = skb_rb_first(&tp->out_of_order_queue), *head;

	while (skb) {
		u32 start = TCP_SKB_CB(skb)->seq, end = TCP_SKB_CB(skb)->end_seq;
		int range_truesize = 0;

		for (head = skb; skb && !after(TCP_SKB_CB(skb)->seq, end); skb = skb_rb_next(skb)) {
			range_truesize += (int)skb->truesize;
			if (after(TCP_SKB_CB(skb)->end_seq, end))
				end = TCP_SKB_CB(skb)->end_seq;
		}
		/* a run that hardly takes memory is not worth it */
		if (range_truesize >= (int)SKB_TRUESIZE(SKB_MAX_ORDER(0, 0)))
			tcp_collapse(sk, &from, head, skb, start, end);
	}
	tp->ooo_last_skb = skb_rb_last(&tp->out_of_order_queue);
}

/* ---- prune ---- */

/*
 * Gives up out-of-order data from the end, an eighth of the buffer at a time, until it is no longer
 * overrun. True when there was any.
 */
static bool tcp_prune_ofo_queue(struct sock *sk)
{
	TRACE_SK(sk, "give up out-of-order data for lack of memory");
	struct tcp_sock *tp = tcp_sk(sk);
	int goal = sk->sk_rcvbuf >> 3;
	struct sk_buff *skb = tp->ooo_last_skb, *prev;

	if (RB_EMPTY_ROOT(&tp->out_of_order_queue))
		return false;
	NET_INC_STATS(sock_net(sk), LINUX_MIB_OFOPRUNED);
	while (skb) {
		prev = skb_rb_prev(skb);
		rb_erase(&skb->rbnode, &tp->out_of_order_queue);
		goal -= (int)skb->truesize;
		tcp_drop(sk, skb, SKB_DROP_REASON_TCP_OFO_PRUNE);
		skb = prev;
		if (!skb || goal <= 0) {
			sk_mem_reclaim(sk);
			if (sk_rmem_alloc_get(sk) <= sk->sk_rcvbuf && !tcp_under_memory_pressure(sk))
				break;
			goal = sk->sk_rcvbuf >> 3;
		}
	}
	tp->ooo_last_skb = skb;

	/* what was SACKed is not there any more: better say nothing than report wrongly */
	if (tp->rx_opt.sack_ok)
		tcp_sack_reset(&tp->rx_opt);
	return true;
}

/* 0 when there is room again, -1 when the segment cannot be kept. */
static int tcp_prune_queue(struct sock *sk)
{
	TRACE_SK(sk, "the receive buffer is full: find room in it");
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_collapse_from from = { .list = &sk->sk_receive_queue };

	NET_INC_STATS(sock_net(sk), LINUX_MIB_PRUNECALLED);
	if (sk_rmem_alloc_get(sk) >= sk->sk_rcvbuf)
		tcp_clamp_window(sk);
	else if (tcp_under_memory_pressure(sk))
		tcp_adjust_rcv_ssthresh(sk);
	if (sk_rmem_alloc_get(sk) <= sk->sk_rcvbuf)
		return 0;

	tcp_collapse_ofo_queue(sk);
	tcp_collapse(sk, &from, skb_peek(&sk->sk_receive_queue), NULL, tp->copied_seq, tp->rcv_nxt);
	sk_mem_reclaim(sk);
	if (sk_rmem_alloc_get(sk) <= sk->sk_rcvbuf)
		return 0;

	tcp_prune_ofo_queue(sk);
	if (sk_rmem_alloc_get(sk) <= sk->sk_rcvbuf)
		return 0;

	/* the program does not read and the peer does not heed the window: refuse, and watch every segment */
	NET_INC_STATS(sock_net(sk), LINUX_MIB_RCVPRUNED);
	tp->pred_flags = 0;
	return -1;
}

int tcp_try_rmem_schedule(struct sock *sk, struct sk_buff *skb, unsigned int size)
{
	TRACE_SKB(skb, "get memory of the receive buffer for a segment");

	if (sk_rmem_alloc_get(sk) > sk->sk_rcvbuf || !sk_rmem_schedule(sk, skb, (int)size)) {
		if (tcp_prune_queue(sk) < 0)
			return -1;
		while (!sk_rmem_schedule(sk, skb, (int)size))
			if (!tcp_prune_ofo_queue(sk))
				return -1;
	}
	return 0;
}
