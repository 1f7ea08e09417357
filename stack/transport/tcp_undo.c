/*
 * A reduction of the window proves wrong: nothing was lost, the segments were only late.
 *
 * Proofs: the ACK echoes a time stamp older than the first retransmission (Eifel, RFC 4015); duplicate SACKs
 * came for all that was retransmitted (undo_retrans is 0, RFC 3708); F-RTO. undo_marker is snd_una at the
 * reduction, 0 when there is nothing to undo.
 */
#include "stack/transport/tcp_input.h"

static inline bool tcp_tsopt_ecr_before(const struct tcp_sock *tp, u32 when)
{
	return tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr && before(tp->rx_opt.rcv_tsecr, when);
}

bool tcp_skb_spurious_retrans(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "was a retransmitted segment acknowledged by its first transmission?");

	return (TCP_SKB_CB(skb)->sacked & TCPCB_RETRANS) && tcp_tsopt_ecr_before(tp, tcp_skb_timestamp(skb));
}

static inline bool tcp_packet_delayed(const struct tcp_sock *tp)
{
	return tp->retrans_stamp && tcp_tsopt_ecr_before(tp, tp->retrans_stamp);
}

static inline bool tcp_may_undo(const struct tcp_sock *tp)
{
	return tp->undo_marker && (!tp->undo_retrans || tcp_packet_delayed(tp));
}

/* Is a retransmission under way, or was the first segment ever sent twice? */
bool tcp_any_retrans_done(const struct sock *sk)
{
	const struct sk_buff *skb;

	if (tcp_sk(sk)->retrans_out)
		return true;
	skb = tcp_rtx_queue_head(sk);
	return skb && (TCP_SKB_CB(skb)->sacked & TCPCB_EVER_RETRANS);
}

static void tcp_undo_cwnd_reduction(struct sock *sk, bool unmark_loss)
{
	TRACE_SK(sk, "nothing was lost: restore the window from before the reduction");
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	if (unmark_loss) {
		skb_rbtree_walk (skb, &sk->tcp_rtx_queue)
			TCP_SKB_CB(skb)->sacked &= (u8)~TCPCB_LOST;
		tp->lost_out = 0;
		tcp_clear_all_retrans_hints(tp);
	}
	if (tp->prior_ssthresh) {
		tcp_snd_cwnd_set(tp, tcp_ca_undo_cwnd(sk));
		if (tp->prior_ssthresh > tp->snd_ssthresh) {
			tp->snd_ssthresh = tp->prior_ssthresh;
			tcp_ecn_withdraw_cwr(tp);
		}
	}
	tp->snd_cwnd_stamp = tcp_jiffies32(sk->host);
	tp->undo_marker = 0;
	tp->rack.advanced = 1; /* what is really lost has to be found anew */
}

/*
 * Without SACK the state is held until something above high_seq is acknowledged: duplicate ACKs of what was
 * sent again must not start another recovery (RFC 6582).
 */
static bool tcp_is_non_sack_preventing_reopen(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tp->snd_una != tp->high_seq || !tcp_is_reno(tp))
		return false;
	if (!tcp_any_retrans_done(sk))
		tp->retrans_stamp = 0;
	return true;
}

/* The end of recovery. True: it is held a little longer. */
bool tcp_try_undo_recovery(struct sock *sk)
{
	TRACE_SK(sk, "recovery is over: was it needed?");
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_may_undo(tp)) {
		bool loss = inet_csk(sk)->icsk_ca_state == TCP_CA_Loss;

		tcp_undo_cwnd_reduction(sk, false);
		NET_INC_STATS(sock_net(sk), loss ? LINUX_MIB_TCPLOSSUNDO : LINUX_MIB_TCPFULLUNDO);
	} else if (tp->rack.reo_wnd_persist) {
		tp->rack.reo_wnd_persist--;
	}
	if (tcp_is_non_sack_preventing_reopen(sk))
		return true;
	tcp_set_ca_state(sk, TCP_CA_Open);
	tp->is_sack_reneg = 0;
	return false;
}

bool tcp_try_undo_dsack(struct sock *sk)
{
	TRACE_SK(sk, "did duplicate SACKs show all retransmissions as needless?");
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->undo_marker || tp->undo_retrans)
		return false;
	tp->rack.reo_wnd_persist = (u8)(min(TCP_RACK_RECOVERY_THRESH, tp->rack.reo_wnd_persist + 1) & 0x1f);
	tcp_undo_cwnd_reduction(sk, false);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPDSACKUNDO);
	return true;
}

bool tcp_try_undo_loss(struct sock *sk, bool frto_undo)
{
	TRACE_SK(sk, "was the retransmission timeout spurious?");
	struct tcp_sock *tp = tcp_sk(sk);

	if (!frto_undo && !tcp_may_undo(tp))
		return false;
	tcp_undo_cwnd_reduction(sk, true);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPLOSSUNDO);
	if (frto_undo)
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPSPURIOUSRTOS);
	inet_csk(sk)->icsk_retransmits = 0;
	if (tcp_is_non_sack_preventing_reopen(sk))
		return true;
	if (frto_undo || tcp_is_sack(tp)) {
		tcp_set_ca_state(sk, TCP_CA_Open);
		tp->is_sack_reneg = 0;
	}
	return true;
}

bool tcp_try_undo_partial(struct sock *sk, u32 prior_snd_una)
{
	TRACE_SK(sk, "does a partial ACK show that the segment was only late?");
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->undo_marker || !tcp_packet_delayed(tp))
		return false;
	/* it was late by this much: next time wait longer before calling it lost */
	tcp_check_sack_reordering(sk, prior_snd_una, 1);

	/* retransmissions are still out: their duplicate SACKs may finish the proof */
	if (tp->retrans_out)
		return true;
	if (!tcp_any_retrans_done(sk))
		tp->retrans_stamp = 0;
	tcp_undo_cwnd_reduction(sk, true);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPPARTIALUNDO);
	tcp_try_keep_open(sk);
	return true;
}

void tcp_try_undo_spurious_syn(struct sock *sk)
{
	TRACE_SK(sk, "was the SYN sent again for nothing?");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 syn_stamp = tp->retrans_stamp; /* time stamp of the first SYN */

	if (tp->undo_marker && syn_stamp && tp->rx_opt.saw_tstamp && syn_stamp == tp->rx_opt.rcv_tsecr)
		tp->undo_marker = 0;
}
