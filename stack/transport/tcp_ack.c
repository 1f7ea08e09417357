/*
 * An acknowledgement comes in: tcp_ack() is called for every segment with ACK, by all states.
 *
 * In order: is the ACK number believable; the window; SACK and ECN; segments that are done with leave the
 * retransmission queue (tcp_clean_rtx.c); if anything is unusual the loss state machine decides
 * (tcp_recovery.c); timers; delivery rate; congestion window; and at the end what has to be sent again.
 */
#include "stack/transport/tcp_input.h"
#include "stack/transport/tcp_trace.h"

/* ---- counters that move with an ACK ---- */

void tcp_count_delivered(struct tcp_sock *tp, u32 delivered, bool ece_ack)
{
	TRACE_SK_LEAF((struct sock *)tp, "count packets that reached the peer");

	tp->delivered += delivered;
	if (ece_ack)
		tp->delivered_ce += delivered;
}

static void tcp_snd_una_update(struct tcp_sock *tp, u32 ack)
{
	TRACE_SK_LEAF((struct sock *)tp, "move the first unacknowledged byte");

	tp->bytes_acked += ack - tp->snd_una;
	tp->snd_una = ack;
}

/* Packets that were delivered since `prior_delivered`. */
static u32 tcp_newly_delivered(struct sock *sk, u32 prior_delivered, int flag)
{
	TRACE_SK_LEAF(sk, "how many packets does this ACK show as delivered?");
	u32 delivered = tcp_sk(sk)->delivered - prior_delivered;

	NET_ADD_STATS(sock_net(sk), LINUX_MIB_TCPDELIVERED, delivered);
	if (flag & FLAG_ECE)
		NET_ADD_STATS(sock_net(sk), LINUX_MIB_TCPDELIVEREDCE, delivered);
	return delivered;
}

/* ---- the send window ---- */

/* A newer segment, or the same one with a larger window (RFC 793's SND.WL1 and SND.WL2). */
bool tcp_may_update_window(const struct tcp_sock *tp, u32 ack, u32 ack_seq, u32 nwin)
{
	return after(ack, tp->snd_una) || after(ack_seq, tp->snd_wl1) ||
	       (ack_seq == tp->snd_wl1 && nwin > tp->snd_wnd);
}

static int tcp_ack_update_window(struct sock *sk, const struct sk_buff *skb, u32 ack, u32 ack_seq)
{
	TRACE_SKB(skb, "take the peer's window from the segment");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 nwin = ntohs(tcp_hdr(skb)->window);
	int flag = 0;

	if (likely(!tcp_hdr(skb)->syn))
		nwin <<= tp->rx_opt.snd_wscale;

	if (tcp_may_update_window(tp, ack, ack_seq, nwin)) {
		flag |= FLAG_WIN_UPDATE;
		tcp_update_wl(tp, ack_seq);
		if (tp->snd_wnd != nwin) {
			tp->snd_wnd = nwin;
			/* the window is part of the prediction */
			tp->pred_flags = 0;
			tcp_fast_path_check(sk);
			if (!tcp_write_queue_empty(sk))
				tcp_slow_start_after_idle_check(sk);
			if (nwin > tp->max_window) {
				tp->max_window = nwin;
				tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
			}
		}
	}
	tcp_snd_una_update(tp, ack);
	return flag;
}

/* The peer answered while nothing was in flight: keep probing its zero window, or stop doing so. */
static void tcp_ack_probe(struct sock *sk)
{
	TRACE_SK(sk, "nothing was in flight: does data wait for a closed window?");
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct sk_buff *head = tcp_send_head(sk);
	unsigned long when;

	if (!head)
		return;
	if (!after(TCP_SKB_CB(head)->end_seq, tcp_wnd_end(tcp_sk(sk)))) {
		icsk->icsk_backoff = 0;
		icsk->icsk_probes_tstamp = 0;
		inet_csk_clear_xmit_timer(sk, ICSK_TIME_PROBE0);
		/* the write that is due is made by the caller (tcp_data_snd_check) */
		return;
	}
	when = tcp_clamp_probe0_to_user_timeout(sk, (u32)tcp_probe0_when(sk, TCP_RTO_MAX));
	tcp_reset_xmit_timer(sk, ICSK_TIME_PROBE0, when, TCP_RTO_MAX);
}

/* ---- congestion window ---- */

static inline bool tcp_ack_is_dubious(const struct sock *sk, int flag)
{
	return !(flag & FLAG_NOT_DUP) || (flag & FLAG_CA_ALERT) || inet_csk(sk)->icsk_ca_state != TCP_CA_Open;
}

/* With known reordering any progress will do, else only an ACK that moves snd_una (RFC 5681). */
static inline bool tcp_may_raise_cwnd(const struct sock *sk, int flag)
{
	if (tcp_sk(sk)->reordering > (u32)sock_net(sk)->ipv4.sysctl_tcp_reordering)
		return flag & FLAG_FORWARD_PROGRESS;
	return flag & FLAG_DATA_ACKED;
}

static void tcp_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	TRACE_SK(sk, "let the congestion control grow the window");

	tcp_ca_cong_avoid(sk, ack, acked);
	tcp_sk(sk)->snd_cwnd_stamp = tcp_jiffies32(sk->host);
}

static void tcp_cong_control(struct sock *sk, u32 ack, u32 acked_sacked, int flag,
			     const struct rate_sample *rs)
{
	TRACE_SK(sk, "set the congestion window and the pacing rate");

	if (inet_csk(sk)->icsk_ca_ops->cong_control) {
		tcp_ca_cong_control(sk, rs);
		return;
	}
	if (tcp_in_cwnd_reduction(sk))
		tcp_cwnd_reduction(sk, (int)acked_sacked, rs->losses, flag);
	else if (tcp_may_raise_cwnd(sk, flag))
		tcp_cong_avoid(sk, ack, acked_sacked);
	tcp_update_pacing_rate(sk);
}

static void tcp_in_ack_event(struct sock *sk, int flag)
{
	TRACE_SK(sk, "tell the congestion control of the ACK");
	u32 event = 0;

	if (!inet_csk(sk)->icsk_ca_ops->in_ack_event)
		return;
	if (flag & FLAG_WIN_UPDATE)
		event |= CA_ACK_WIN_UPDATE;
	if (flag & FLAG_SLOWPATH) {
		event |= CA_ACK_SLOWPATH;
		if (flag & FLAG_ECE)
			event |= CA_ACK_ECE;
	}
	tcp_ca_in_ack_event(sk, event);
}

/* ---- tail loss probe ---- */

/* What does the ACK say about the loss probe that was sent as tlp_high_seq? */
static void tcp_process_tlp_ack(struct sock *sk, u32 ack, int flag)
{
	TRACE_SK(sk, "did the tail loss probe repair a loss?");
	struct tcp_sock *tp = tcp_sk(sk);

	if (before(ack, tp->tlp_high_seq))
		return;
	if (!tp->tlp_retrans || (flag & FLAG_DSACK_TLP)) {
		/* the probe was new data, or both it and the original came: nothing was lost */
		tp->tlp_high_seq = 0;
	} else if (after(ack, tp->tlp_high_seq)) {
		/* no duplicate SACK by now: the probe stood in for a lost segment */
		tcp_init_cwnd_reduction(sk);
		tcp_set_ca_state(sk, TCP_CA_CWR);
		tcp_end_cwnd_reduction(sk);
		tcp_try_keep_open(sk);
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPLOSSPROBERECOVERY);
	} else if (!(flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DATA_SACKED))) {
		/* a pure duplicate ACK: original and probe both came */
		tp->tlp_high_seq = 0;
	}
}

/* ---- sending at the end of an ACK ---- */

static void tcp_xmit_recovery(struct sock *sk, int rexmit)
{
	TRACE_SK(sk, "send again what the loss state machine asks for");
	struct tcp_sock *tp = tcp_sk(sk);

	if (likely(rexmit == REXMIT_NONE) || sk->sk_state == TCP_SYN_SENT)
		return;
	if (unlikely(rexmit == REXMIT_NEW)) {
		__tcp_push_pending_frames(sk, tcp_current_mss(sk), TCP_NAGLE_OFF);
		if (after(tp->snd_nxt, tp->high_seq))
			return;
		tp->frto = 0; /* no new data could be sent: it cannot tell whether the timeout was spurious */
	}
	tcp_xmit_retransmit_queue(sk);
}

/* ---- the whole ---- */

/* An ACK that is not as header prediction expects: window, SACK, ECN. Returns flags. */
static int tcp_ack_slow(struct sock *sk, const struct sk_buff *skb, u32 ack, u32 prior_snd_una,
			struct tcp_sacktag_state *state)
{
	u32 ack_seq = TCP_SKB_CB(skb)->seq;
	int flag = 0;

	if (ack_seq != TCP_SKB_CB(skb)->end_seq)
		flag |= FLAG_DATA;
	else
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPPUREACKS);
	flag |= tcp_ack_update_window(sk, skb, ack, ack_seq);
	if (TCP_SKB_CB(skb)->sacked)
		flag |= tcp_sacktag_write_queue(sk, skb, prior_snd_una, state);
	if (tcp_ecn_rcv_ecn_echo(tcp_sk(sk), tcp_hdr(skb)))
		flag |= FLAG_ECE;
	if (state->sack_delivered)
		tcp_count_delivered(tcp_sk(sk), state->sack_delivered, flag & FLAG_ECE);
	return flag;
}

/* How many duplicate ACKs this one stands for (an aggregate of pure ACKs for several). */
static int tcp_ack_dupacks(const struct sk_buff *skb, int flag)
{
	if (flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DSACKING_ACK))
		return 0;
	return skb_shinfo(skb)->gso_segs > 1 ? skb_shinfo(skb)->gso_segs : 1;
}

/* Older than snd_una: its SACK blocks may still be news. 0, or minus the reason to drop it. */
static int tcp_ack_old(struct sock *sk, const struct sk_buff *skb, int flag, u32 prior_snd_una,
		       struct tcp_sacktag_state *state)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 ack = TCP_SKB_CB(skb)->ack_seq, delivered = tp->delivered;
	u32 window = (u32)min_t(u64, tp->max_window, tp->bytes_acked);
	int rexmit = REXMIT_NONE;

	/* RFC 5961: no honest peer acknowledges what is further back than its largest window */
	if (before(ack, prior_snd_una - window)) {
		if (!(flag & FLAG_NO_CHALLENGE_ACK))
			tcp_send_challenge_ack(sk);
		return -SKB_DROP_REASON_TCP_TOO_OLD_ACK;
	}
	if (TCP_SKB_CB(skb)->sacked) {
		flag |= tcp_sacktag_write_queue(sk, skb, prior_snd_una, state);
		if (state->sack_delivered)
			tcp_count_delivered(tp, state->sack_delivered, flag & FLAG_ECE);
		tcp_fastretrans_alert(sk, prior_snd_una, 0, &flag, &rexmit);
		tcp_newly_delivered(sk, delivered, flag);
		tcp_xmit_recovery(sk, rexmit);
	}
	return 0;
}

/* Nothing was in flight. */
static int tcp_ack_no_queue(struct sock *sk, const struct sk_buff *skb, int flag, u32 prior_snd_una,
			    u32 prior_delivered)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int rexmit = REXMIT_NONE;

	tcp_in_ack_event(sk, flag);
	if (flag & FLAG_DSACKING_ACK) {
		tcp_fastretrans_alert(sk, prior_snd_una, 0, &flag, &rexmit);
		tcp_newly_delivered(sk, prior_delivered, flag);
	}
	tcp_ack_probe(sk);
	if (tp->tlp_high_seq)
		tcp_process_tlp_ack(sk, TCP_SKB_CB(skb)->ack_seq, flag);
	return 1;
}

/* What was in flight, in the light of this ACK. */
static int tcp_ack_queue(struct sock *sk, const struct sk_buff *skb, int flag, u32 prior_fack,
			 u32 prior_snd_una, u32 prior_delivered, bool is_sack_reneg,
			 struct tcp_sacktag_state *state)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct rate_sample *rs = state->rate;
	u32 ack = TCP_SKB_CB(skb)->ack_seq, lost = tp->lost, delivered;
	int rexmit = REXMIT_NONE;

	flag |= tcp_clean_rtx_queue(sk, prior_fack, prior_snd_una, state, flag & FLAG_ECE);
	tcp_rack_update_reo_wnd(sk, rs);
	tcp_in_ack_event(sk, flag);
	if (unlikely(tp->tlp_high_seq))
		tcp_process_tlp_ack(sk, ack, flag);
	if (tcp_ack_is_dubious(sk, flag))
		tcp_fastretrans_alert(sk, prior_snd_una, tcp_ack_dupacks(skb, flag), &flag, &rexmit);

	if (flag & FLAG_SET_XMIT_TIMER)
		tcp_set_xmit_timer(sk);
	if ((flag & FLAG_FORWARD_PROGRESS) || !(flag & FLAG_NOT_DUP))
		sk_dst_confirm(sk);

	delivered = tcp_newly_delivered(sk, prior_delivered, flag);
	lost = tp->lost - lost;
	rs->is_ack_delayed = !!(flag & FLAG_ACK_MAYBE_DELAYED);
	tcp_rate_gen(sk, delivered, lost, is_sack_reneg, rs);
	tcp_cong_control(sk, ack, delivered, flag, rs);
	tcp_xmit_recovery(sk, rexmit);
	return 1;
}

int tcp_ack(struct sock *sk, const struct sk_buff *skb, int flag)
{
	TRACE_SKB(skb, "process an acknowledgement");
	struct tcp_sock *tp = tcp_sk(sk);
	struct rate_sample rs = { .prior_delivered = 0 };
	struct tcp_sacktag_state state = { .rate = &rs };
	u32 prior_snd_una = tp->snd_una, prior_fack, prior_packets = tp->packets_out;
	u32 prior_delivered = tp->delivered, ack = TCP_SKB_CB(skb)->ack_seq;
	bool is_sack_reneg = tp->is_sack_reneg;

	if (unlikely(before(ack, prior_snd_una)))
		return tcp_ack_old(sk, skb, flag, prior_snd_una, &state);
	if (unlikely(after(ack, tp->snd_nxt))) {
		/* RFC 9293, 3.10.7.4, and RFC 5961, 5.2: what was never sent */
		if (!(flag & FLAG_NO_CHALLENGE_ACK))
			tcp_send_challenge_ack(sk);
		return -SKB_DROP_REASON_TCP_ACK_UNSENT_DATA;
	}
	if (after(ack, prior_snd_una)) {
		flag |= FLAG_SND_UNA_ADVANCED;
		inet_csk(sk)->icsk_retransmits = 0;
	}
	prior_fack = tcp_is_sack(tp) ? tcp_highest_sack_seq(tp) : tp->snd_una;
	rs.prior_in_flight = tcp_packets_in_flight(tp);

	if (flag & FLAG_UPDATE_TS_RECENT)
		tcp_replace_ts_recent(tp, TCP_SKB_CB(skb)->seq);

	if ((flag & (FLAG_SLOWPATH | FLAG_SND_UNA_ADVANCED)) == FLAG_SND_UNA_ADVANCED) {
		/* header prediction: the window is as it was, there is no SACK and no ECE */
		tcp_update_wl(tp, TCP_SKB_CB(skb)->seq);
		tcp_snd_una_update(tp, ack);
		flag |= FLAG_WIN_UPDATE;
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPHPACKS);
	} else {
		flag |= tcp_ack_slow(sk, skb, ack, prior_snd_una, &state);
	}
	tcp_ecn_accept_cwr(sk, skb);

	sk->sk_err_soft = 0;
	inet_csk(sk)->icsk_probes_out = 0;
	tp->rcv_tstamp = tcp_jiffies32(sk->host);
	int ret = prior_packets ? tcp_ack_queue(sk, skb, flag, prior_fack, prior_snd_una, prior_delivered,
						is_sack_reneg, &state)
				: tcp_ack_no_queue(sk, skb, flag, prior_snd_una, prior_delivered);
	tcp_trace_values(sk);
	return ret;
}
