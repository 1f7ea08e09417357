/*
 * The receiver's side of SACK: which blocks of data beyond rcv_nxt the next ACK reports.
 *
 * selective_acks holds up to four blocks, the one that changed last first (RFC 2018 wants that), each of them
 * one run of the out-of-order queue. duplicate_sack is a block of data that came twice (RFC 2883), reported
 * once, ahead of the others, while rx_opt.dsack is set.
 */
#include "stack/transport/tcp_input.h"

/* Beyond this many blocks an ACK without time stamps could not say all: compressed ACKs go out before. */
#define TCP_SACK_BLOCKS_EXPECTED 2

/* Lets the block grow to take in [seq, end_seq), when the two touch. */
static inline bool tcp_sack_extend(struct tcp_sack_block *sp, u32 seq, u32 end_seq)
{
	if (after(seq, sp->end_seq) || after(sp->start_seq, end_seq))
		return false;
	if (before(seq, sp->start_seq))
		sp->start_seq = seq;
	if (after(end_seq, sp->end_seq))
		sp->end_seq = end_seq;
	return true;
}

/* ---- duplicates ---- */

void tcp_dsack_set(struct sock *sk, u32 seq, u32 end_seq)
{
	TRACE_SK(sk, "report data that came twice");
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tcp_is_sack(tp) || !sock_net(sk)->ipv4.sysctl_tcp_dsack)
		return;
	NET_INC_STATS(sock_net(sk),
		      before(seq, tp->rcv_nxt) ? LINUX_MIB_TCPDSACKOLDSENT : LINUX_MIB_TCPDSACKOFOSENT);
	tp->rx_opt.dsack = 1;
	tp->duplicate_sack[0].start_seq = seq;
	tp->duplicate_sack[0].end_seq = end_seq;
}

void tcp_dsack_extend(struct sock *sk, u32 seq, u32 end_seq)
{
	TRACE_SK(sk, "report more data that came twice");
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->rx_opt.dsack)
		tcp_dsack_set(sk, seq, end_seq);
	else
		tcp_sack_extend(tp->duplicate_sack, seq, end_seq);
}

void tcp_send_dupack(struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SKB(skb, "answer a segment out of the window with an ACK that says what is expected");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;

	if (end_seq != seq && before(seq, tp->rcv_nxt)) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_DELAYEDACKLOST);
		tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
		if (tcp_is_sack(tp) && sock_net(sk)->ipv4.sysctl_tcp_dsack)
			tcp_dsack_set(sk, seq, after(end_seq, tp->rcv_nxt) ? tp->rcv_nxt : end_seq);
	}
	tcp_send_ack(sk);
}

/* ---- out-of-order data ---- */

/* The first block grew: it may now touch others, which go. */
static void tcp_sack_maybe_coalesce(struct tcp_sock *tp)
{
	struct tcp_sack_block *sp = tp->selective_acks;
	int i = 1;

	while (i < tp->rx_opt.num_sacks) {
		if (!tcp_sack_extend(sp, sp[i].start_seq, sp[i].end_seq)) {
			i++;
			continue;
		}
		tp->rx_opt.num_sacks--;
		for (int j = i; j < tp->rx_opt.num_sacks; j++)
			sp[j] = sp[j + 1];
	}
}

void tcp_sack_compress_send_ack(struct sock *sk)
{
	TRACE_SK(sk, "send the ACK that was held back to compress several into one");
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->compressed_ack)
		return;
	if (hrtimer_try_to_cancel(&tp->compressed_ack_timer) == 1)
		__sock_put(sk);
	/* the one that is sent now was not saved */
	NET_ADD_STATS(sock_net(sk), LINUX_MIB_TCPACKCOMPRESSED, tp->compressed_ack - 1);
	tp->compressed_ack = 0;
	tcp_send_ack(sk);
}

void tcp_sack_new_ofo_skb(struct sock *sk, u32 seq, u32 end_seq)
{
	TRACE_SK(sk, "report new out-of-order data as the first SACK block");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_sack_block *sp = tp->selective_acks, grown;
	int n = tp->rx_opt.num_sacks, i;

	for (i = 0; i < n; i++) {
		if (!tcp_sack_extend(&sp[i], seq, end_seq))
			continue;
		if (i >= TCP_SACK_BLOCKS_EXPECTED)
			tcp_sack_compress_send_ack(sk);
		/* to the front with it */
		grown = sp[i];
		for (; i > 0; i--)
			sp[i] = sp[i - 1];
		sp[0] = grown;
		if (n > 1)
			tcp_sack_maybe_coalesce(tp);
		return;
	}
	if (n >= TCP_SACK_BLOCKS_EXPECTED)
		tcp_sack_compress_send_ack(sk);

	/* a new block in front; the oldest is forgotten when there are too many */
	if (n >= TCP_NUM_SACKS)
		n = tp->rx_opt.num_sacks = TCP_NUM_SACKS - 1;
	for (i = n; i > 0; i--)
		sp[i] = sp[i - 1];
	sp[0].start_seq = seq;
	sp[0].end_seq = end_seq;
	tp->rx_opt.num_sacks++;
}

void tcp_sack_remove(struct tcp_sock *tp)
{
	TRACE_SK((struct sock *)tp, "forget SACK blocks that the data in order has reached");
	struct tcp_sack_block *sp = tp->selective_acks;
	int kept = 0;

	if (RB_EMPTY_ROOT(&tp->out_of_order_queue)) {
		tp->rx_opt.num_sacks = 0;
		return;
	}
	for (int i = 0; i < tp->rx_opt.num_sacks; i++)
		if (before(tp->rcv_nxt, sp[i].start_seq))
			sp[kept++] = sp[i];
	tp->rx_opt.num_sacks = (u8)kept;
}
