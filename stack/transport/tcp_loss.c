/*
 * Which segments are taken for lost, and how much reordering the path is known to do.
 *
 * A segment in the retransmission queue has three bits: SACKED_ACKED (S), LOST (L), SACKED_RETRANS (R, sent
 * again and under way). Each is counted: sacked_out, lost_out, retrans_out. What is in flight is
 * packets_out - (sacked_out + lost_out) + retrans_out. S excludes L. A lost retransmission loses its R.
 */
#include "stack/transport/tcp_input.h"

bool tcp_is_rack(const struct sock *sk)
{
	TRACE_SK_LEAF(sk, "are losses detected by time (RACK)?");

	return sock_net(sk)->ipv4.sysctl_tcp_recovery & TCP_RACK_LOSS_DETECTION;
}

/* ---- reordering ---- */

/*
 * A segment came after others that were sent later (`low_seq` lies below what was SACKed before): takes the
 * distance for the path's reordering.
 */
void tcp_check_sack_reordering(struct sock *sk, u32 low_seq, int ts)
{
	TRACE_SK(sk, "the path reorders: by how much?");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 fack = tcp_highest_sack_seq(tp), mss = tp->mss_cache, metric;

	if (!before(low_seq, fack))
		return;
	metric = fack - low_seq;
	if (mss && metric > tp->reordering * mss)
		tp->reordering =
			min((metric + mss - 1) / mss, (u32)sock_net(sk)->ipv4.sysctl_tcp_max_reordering);
	tp->reord_seen++;
	NET_INC_STATS(sock_net(sk), ts ? LINUX_MIB_TCPTSREORDER : LINUX_MIB_TCPSACKREORDER);
}

/* ---- without SACK: duplicate ACKs stand for SACKed segments ---- */

/* No more of them than segments above the hole. True when there were too many. */
static bool tcp_limit_reno_sacked(struct tcp_sock *tp)
{
	u32 holes = min(max(tp->lost_out, 1U), tp->packets_out);

	if (tp->sacked_out + holes > tp->packets_out) {
		tp->sacked_out = tp->packets_out - holes;
		return true;
	}
	return false;
}

/* More duplicate ACKs than were possible: some were of reordered segments. */
static void tcp_check_reno_reordering(struct sock *sk, int addend)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tcp_limit_reno_sacked(tp))
		return;
	tp->reordering =
		min(tp->packets_out + (u32)addend, (u32)sock_net(sk)->ipv4.sysctl_tcp_max_reordering);
	tp->reord_seen++;
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPRENOREORDER);
}

void tcp_add_reno_sack(struct sock *sk, int num_dupack, bool ece_ack)
{
	TRACE_SK(sk, "take duplicate ACKs for segments that the peer has");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 prior_sacked = tp->sacked_out;
	s32 delivered;

	if (!num_dupack)
		return;
	tp->sacked_out += (u32)num_dupack;
	tcp_check_reno_reordering(sk, 0);
	delivered = (s32)(tp->sacked_out - prior_sacked);
	if (delivered > 0)
		tcp_count_delivered(tp, (u32)delivered, ece_ack);
	tcp_verify_left_out(tp);
}

void tcp_remove_reno_sacks(struct sock *sk, int acked, bool ece_ack)
{
	TRACE_SK(sk, "the hole is filled: forget the duplicate ACKs that stood for what lies above");
	struct tcp_sock *tp = tcp_sk(sk);

	if (acked > 0) {
		/* one ACK eats the hole itself, the others were counted as delivered before */
		tcp_count_delivered(tp, max_t(u32, (u32)acked - min_t(u32, tp->sacked_out, (u32)acked), 1),
				    ece_ack);
		tp->sacked_out -= min(tp->sacked_out, (u32)acked - 1);
	}
	tcp_check_reno_reordering(sk, acked);
	tcp_verify_left_out(tp);
}

/* ---- marking ---- */

/* tcp_xmit_retransmit_queue() must start no later than at this segment. */
static void tcp_verify_retransmit_hint(struct tcp_sock *tp, struct sk_buff *skb)
{
	TRACE_SKB(skb, "let the next retransmission start no later than here");
	const struct sk_buff *hint = tp->retransmit_skb_hint;

	if (hint ? before(TCP_SKB_CB(skb)->seq, TCP_SKB_CB(hint)->seq) : tp->retrans_out >= tp->lost_out)
		tp->retransmit_skb_hint = skb;
}

static void tcp_notify_skb_loss_event(struct tcp_sock *tp, const struct sk_buff *skb)
{
	TRACE_SKB(skb, "count the packets that were lost");

	tp->lost += (u32)tcp_skb_pcount(skb);
}

void tcp_mark_skb_lost(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "take a segment for lost, or its retransmission");
	struct tcp_sock *tp = tcp_sk(sk);
	u8 sacked = TCP_SKB_CB(skb)->sacked;

	if (sacked & TCPCB_SACKED_ACKED)
		return;
	tcp_verify_retransmit_hint(tp, skb);
	if (sacked & TCPCB_LOST) {
		if (sacked & TCPCB_SACKED_RETRANS) {
			TCP_SKB_CB(skb)->sacked &= (u8)~TCPCB_SACKED_RETRANS;
			tp->retrans_out -= (u32)tcp_skb_pcount(skb);
			NET_ADD_STATS(sock_net(sk), LINUX_MIB_TCPLOSTRETRANSMIT, tcp_skb_pcount(skb));
			tcp_notify_skb_loss_event(tp, skb);
		}
	} else {
		tp->lost_out += (u32)tcp_skb_pcount(skb);
		TCP_SKB_CB(skb)->sacked |= TCPCB_LOST;
		tcp_notify_skb_loss_event(tp, skb);
	}
}

void tcp_skb_mark_lost_uncond_verify(struct tcp_sock *tp, struct sk_buff *skb)
{
	TRACE_SKB(skb, "take a segment for lost unless it is marked already");

	tcp_verify_retransmit_hint(tp, skb);
	if (!(TCP_SKB_CB(skb)->sacked & (TCPCB_LOST | TCPCB_SACKED_ACKED))) {
		tp->lost_out += (u32)tcp_skb_pcount(skb);
		tp->lost += (u32)tcp_skb_pcount(skb);
		TCP_SKB_CB(skb)->sacked |= TCPCB_LOST;
	}
}

/* Without RACK: what comes before `packets` SACKed segments have been passed; `only_head`: the first only. */
void tcp_mark_head_lost(struct sock *sk, int packets, bool only_head)
{
	TRACE_SK(sk, "take the segments at the head for lost");
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_rtx_queue_head(sk);
	int sacked = 0;

	skb_rbtree_walk_from (skb) {
		if (TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED)
			sacked += tcp_skb_pcount(skb);
		if (sacked > packets)
			break;
		if (!(TCP_SKB_CB(skb)->sacked & TCPCB_LOST))
			tcp_mark_skb_lost(sk, skb);
		if (only_head)
			break;
	}
	tcp_verify_left_out(tp);
}

void tcp_newreno_mark_lost(struct sock *sk, bool snd_una_advanced)
{
	TRACE_SK(sk, "without SACK: is the first segment lost?");
	const struct tcp_sock *tp = tcp_sk(sk);
	const u8 state = inet_csk(sk)->icsk_ca_state;
	struct sk_buff *skb;
	u32 mss;

	/* enough duplicate ACKs to begin; in recovery a partial ACK shows the next hole (RFC 6582) */
	if (!((state < TCP_CA_Recovery && tp->sacked_out >= tp->reordering) ||
	      (state == TCP_CA_Recovery && snd_una_advanced)))
		return;
	skb = tcp_rtx_queue_head(sk);
	if (!skb || (TCP_SKB_CB(skb)->sacked & TCPCB_LOST))
		return;
	mss = (u32)tcp_skb_mss(skb);
	if (tcp_skb_pcount(skb) > 1 && skb->len > mss)
		tcp_fragment(sk, TCP_FRAG_IN_RTX_QUEUE, skb, mss, mss, GFP_ATOMIC);
	tcp_mark_skb_lost(sk, skb);
}

/* ---- retransmission timeout ---- */

void tcp_clear_retrans(struct tcp_sock *tp)
{
	TRACE_SK((struct sock *)tp, "forget all that is known about lost and retransmitted segments");

	tp->retrans_out = 0;
	tp->lost_out = 0;
	tp->undo_marker = 0;
	tp->undo_retrans = -1;
	tp->sacked_out = 0;
}

/* From here on a reduction of the window may prove wrong: remember what has to be disproved. */
void tcp_init_undo(struct tcp_sock *tp)
{
	tp->undo_marker = tp->snd_una;
	tp->undo_retrans = (int)tp->retrans_out;
	if (tp->tlp_high_seq && tp->tlp_retrans)
		tp->undo_retrans++;
	if (!tp->undo_retrans)
		tp->undo_retrans = -1;
}

static void tcp_timeout_mark_lost(struct sock *sk)
{
	TRACE_SK(sk, "the timer expired: take for lost what was not SACKed");
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb, *head = tcp_rtx_queue_head(sk);
	bool reneged = head && (TCP_SKB_CB(head)->sacked & TCPCB_SACKED_ACKED);

	if (reneged) {
		/* SACKed long ago and still not acknowledged: the peer threw it away (RFC 2018 allows) */
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPSACKRENEGING);
		tp->sacked_out = 0;
		tp->is_sack_reneg = 1;
	} else if (tcp_is_reno(tp)) {
		tcp_reset_reno_sack(tp);
	}

	skb = head;
	skb_rbtree_walk_from (skb) {
		if (reneged)
			TCP_SKB_CB(skb)->sacked &= (u8)~TCPCB_SACKED_ACKED;
		else if (tcp_is_rack(sk) && skb != head && tcp_rack_skb_timeout(tp, skb, 0) > 0)
			continue; /* sent too recently to be called lost */
		tcp_mark_skb_lost(sk, skb);
	}
	tcp_verify_left_out(tp);
	tcp_clear_all_retrans_hints(tp);
}

void tcp_enter_loss(struct sock *sk)
{
	TRACE_SK(sk, "retransmission timeout: all is lost, start over with a window of one");
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct netns_ipv4 *sysctl = &sock_net(sk)->ipv4;
	struct tcp_sock *tp = tcp_sk(sk);
	bool new_recovery = icsk->icsk_ca_state < TCP_CA_Recovery;

	tcp_timeout_mark_lost(sk);

	/* reduce ssthresh, unless this window's loss has done so */
	if (icsk->icsk_ca_state <= TCP_CA_Disorder || !after(tp->high_seq, tp->snd_una) ||
	    (icsk->icsk_ca_state == TCP_CA_Loss && !icsk->icsk_retransmits)) {
		tp->prior_ssthresh = tcp_current_ssthresh(sk);
		tp->prior_cwnd = tcp_snd_cwnd(tp);
		tp->snd_ssthresh = tcp_ca_ssthresh(sk);
		tcp_ca_event(sk, CA_EVENT_LOSS);
		tcp_init_undo(tp);
	}
	tcp_snd_cwnd_set(tp, tcp_packets_in_flight(tp) + 1);
	tp->snd_cwnd_cnt = 0;
	tp->snd_cwnd_stamp = tcp_jiffies32(sk->host);

	/* a timeout in spite of duplicate ACKs: reordering was taken for too much */
	if (icsk->icsk_ca_state <= TCP_CA_Disorder && tp->sacked_out >= (u32)sysctl->sysctl_tcp_reordering)
		tp->reordering = min(tp->reordering, (u32)sysctl->sysctl_tcp_reordering);
	tcp_set_ca_state(sk, TCP_CA_Loss);
	tp->high_seq = tp->snd_nxt;
	tp->tlp_high_seq = 0;
	tcp_ecn_queue_cwr(tp);

	/* F-RTO (RFC 5682): the next ACKs may show that the timeout was spurious */
	tp->frto = sysctl->sysctl_tcp_frto && (new_recovery || icsk->icsk_retransmits) &&
		   !icsk->icsk_mtup.probe_size;
}

/* ---- the path's MTU shrank ---- */

static u32 tcp_skb_seglen(const struct sk_buff *skb)
{
	return tcp_skb_pcount(skb) == 1 ? skb->len : (u32)tcp_skb_mss(skb);
}

void tcp_simple_retransmit(struct sock *sk)
{
	TRACE_SK(sk, "send again, in smaller segments, what is too large for the path");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 mss = tcp_current_mss(sk);
	struct sk_buff *skb;
	/* Fast Open's SYN and its data are two in the queue, one packet on the path: all of it */
	bool all = tp->syn_data && sk->sk_state == TCP_SYN_SENT;

	skb_rbtree_walk (skb, &sk->tcp_rtx_queue) {
		if (all || tcp_skb_seglen(skb) > mss)
			tcp_mark_skb_lost(sk, skb);
	}
	tcp_clear_retrans_hints_partial(tp);
	if (!tp->lost_out)
		return;
	if (tcp_is_reno(tp))
		tcp_limit_reno_sacked(tp);
	tcp_verify_left_out(tp);

	/* no congestion: the window stays, but the state machine has to see these through */
	if (inet_csk(sk)->icsk_ca_state != TCP_CA_Loss) {
		tp->high_seq = tp->snd_nxt;
		tp->snd_ssthresh = tcp_current_ssthresh(sk);
		tp->prior_ssthresh = 0;
		tp->undo_marker = 0;
		tcp_set_ca_state(sk, TCP_CA_Loss);
	}
	tcp_xmit_retransmit_queue(sk);
}
