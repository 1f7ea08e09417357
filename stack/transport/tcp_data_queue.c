/*
 * Data of received segments: what is next in order goes to the receive queue, where the program fetches it;
 * the rest is dropped (old, beyond the window) or kept out of order (tcp_ofo.c).
 *
 * Invariants: the receive queue holds [copied_seq, rcv_nxt) without holes, in order; all of its segments are
 * charged to the socket (skb_set_owner_r), merged ones (tcp_try_coalesce) with what they brought.
 */
#include "stack/transport/tcp_input.h"

void tcp_rcv_nxt_update(struct tcp_sock *tp, u32 seq)
{
	TRACE_SK_LEAF((struct sock *)tp, "move the next byte that is expected");

	tp->bytes_received += seq - tp->rcv_nxt;
	tp->rcv_nxt = seq;
}

bool tcp_try_coalesce(struct sock *sk, struct sk_buff *to, struct sk_buff *from, bool *fragstolen)
{
	TRACE_SKB(from, "merge a segment with the one before it");
	int delta;

	*fragstolen = false;
	if (TCP_SKB_CB(from)->seq != TCP_SKB_CB(to)->end_seq)
		return false;
	if (!skb_try_coalesce(to, from, fragstolen, &delta))
		return false;

	sk->sk_rmem_alloc += delta;
	sk_mem_charge(sk, delta);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPRCVCOALESCE);
	TCP_SKB_CB(to)->end_seq = TCP_SKB_CB(from)->end_seq;
	TCP_SKB_CB(to)->ack_seq = TCP_SKB_CB(from)->ack_seq;
	TCP_SKB_CB(to)->tcp_flags |= TCP_SKB_CB(from)->tcp_flags;
	if (TCP_SKB_CB(from)->has_rxtstamp) {
		TCP_SKB_CB(to)->has_rxtstamp = true;
		to->tstamp = from->tstamp;
	}
	return true;
}

/* 1 when the data was merged into the last segment: the caller frees what is left of the skb. */
int tcp_queue_rcv(struct sock *sk, struct sk_buff *skb, bool *fragstolen)
{
	TRACE_SKB(skb, "add skb to the receive queue of the socket");
	struct sk_buff *tail = skb_peek_tail(&sk->sk_receive_queue);
	bool eaten = tail && tcp_try_coalesce(sk, tail, skb, fragstolen);

	tcp_rcv_nxt_update(tcp_sk(sk), TCP_SKB_CB(skb)->end_seq);
	if (!eaten) {
		__skb_queue_tail(&sk->sk_receive_queue, skb);
		skb_set_owner_r(skb, sk);
	}
	return eaten;
}

void tcp_data_ready(struct sock *sk)
{
	TRACE_SK(sk, "tell the program that there is data to read");

	if (tcp_epollin_ready(sk, sk->sk_rcvlowat) || sock_flag(sk, SOCK_DONE))
		sk_call_data_ready(sk);
}

/* Next in order, all or its end, and there is room: queue it, and what it joins to. */
static void tcp_data_queue_in_order(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool fragstolen = false;
	int eaten;

	if (skb_queue_empty(&sk->sk_receive_queue)) {
		/* a program that waits must get something */
		sk_forced_mem_schedule(sk, (int)skb->truesize);
	} else if (tcp_try_rmem_schedule(sk, skb, skb->truesize)) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPRCVQDROP);
		sk_call_data_ready(sk);
		tcp_drop(sk, skb, SKB_DROP_REASON_SOCKET_RCVBUFF);
		return;
	}

	eaten = tcp_queue_rcv(sk, skb, &fragstolen);
	if (skb->len)
		tcp_event_data_recv(sk, skb);
	if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN)
		tcp_fin(sk);

	if (unlikely(!RB_EMPTY_ROOT(&tp->out_of_order_queue))) {
		tcp_ofo_queue(sk);
		/* RFC 5681: the segment that fills the hole is acknowledged at once */
		if (RB_EMPTY_ROOT(&tp->out_of_order_queue))
			inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW;
	}
	if (tp->rx_opt.num_sacks)
		tcp_sack_remove(tp);
	tcp_fast_path_check(sk);

	if (eaten)
		kfree_skb_partial(skb, fragstolen);
	if (!sock_flag(sk, SOCK_DEAD))
		tcp_data_ready(sk);
}

/* Not to be taken: say at once what we do expect. */
static void tcp_data_out_of_window(struct sock *sk, struct sk_buff *skb, enum skb_drop_reason reason)
{
	tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
	inet_csk_schedule_ack(sk);
	tcp_drop(sk, skb, reason);
}

static void tcp_data_zero_window(struct sock *sk, struct sk_buff *skb)
{
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPZEROWINDOWDROP);
	tcp_data_out_of_window(sk, skb, SKB_DROP_REASON_TCP_ZEROWINDOW);
}

void tcp_data_queue(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "queue the data of a segment: in order, out of order, or not at all");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;

	if (seq == end_seq) {
		__kfree_skb(skb);
		return;
	}
	skb_dst_drop(skb);
	__skb_pull(skb, tcp_hdr(skb)->doff * 4);
	tp->rx_opt.dsack = 0;

	if (likely(seq == tp->rcv_nxt)) {
		if (tcp_receive_window(tp) == 0)
			tcp_data_zero_window(sk, skb);
		else
			tcp_data_queue_in_order(sk, skb);
		return;
	}
	if (!after(end_seq, tp->rcv_nxt)) {
		/* sent again although we have it: our ACK was lost */
		NET_INC_STATS(sock_net(sk), LINUX_MIB_DELAYEDACKLOST);
		tcp_dsack_set(sk, seq, end_seq);
		tcp_data_out_of_window(sk, skb, SKB_DROP_REASON_TCP_OLD_DATA);
		return;
	}
	if (!before(seq, tp->rcv_nxt + tcp_receive_window(tp))) {
		tcp_data_out_of_window(sk, skb, SKB_DROP_REASON_TCP_OVERWINDOW);
		return;
	}
	if (before(seq, tp->rcv_nxt)) {
		/* begins with old data: the reader skips it */
		tcp_dsack_set(sk, seq, tp->rcv_nxt);
		if (!tcp_receive_window(tp))
			tcp_data_zero_window(sk, skb);
		else
			tcp_data_queue_in_order(sk, skb);
		return;
	}
	tcp_data_queue_ofo(sk, skb);
}
