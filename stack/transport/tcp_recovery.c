/*
 * The loss state machine of the sender, and what it does to the window.
 *
 *	Open      nothing unusual
 *	Disorder  SACKs or duplicate ACKs came: something is lost or late
 *	CWR       the window is being reduced because of ECN (or a local queue)
 *	Recovery  segments are taken for lost and sent again, the window is being reduced
 *	Loss      the retransmission timer expired
 *
 *	Open <-> Disorder -> Recovery -> Open;  Open, Disorder -> CWR -> Open;  any -> Loss -> Open
 *
 * tcp_fastretrans_alert() is called for each ACK that is unusual, or while the state is not Open. CWR,
 * Recovery and Loss last until all that was sent before them (high_seq) is acknowledged. In CWR and Recovery
 * the window comes down by proportional rate reduction (RFC 6937).
 */
#include "stack/transport/tcp_input.h"

/* ---- reduction of the window ---- */

void tcp_init_cwnd_reduction(struct sock *sk)
{
	TRACE_SK(sk, "begin to reduce the congestion window");
	struct tcp_sock *tp = tcp_sk(sk);

	tp->high_seq = tp->snd_nxt;
	tp->tlp_high_seq = 0;
	tp->snd_cwnd_cnt = 0;
	tp->prior_cwnd = tcp_snd_cwnd(tp);
	tp->prr_delivered = 0;
	tp->prr_out = 0;
	tp->snd_ssthresh = tcp_ca_ssthresh(sk);
	tcp_ecn_queue_cwr(tp);
}

/*
 * Sends in proportion to what is delivered, so that the window reaches ssthresh after one round trip; when
 * losses brought the flight below that, grows it again like slow start, if snd_una moves and no more is lost.
 */
void tcp_cwnd_reduction(struct sock *sk, int newly_acked_sacked, int newly_lost, int flag)
{
	TRACE_SK(sk, "reduce the congestion window in proportion to what is delivered");
	struct tcp_sock *tp = tcp_sk(sk);
	int delta = (int)(tp->snd_ssthresh - tcp_packets_in_flight(tp)), sndcnt;

	if (newly_acked_sacked <= 0 || !tp->prior_cwnd)
		return;
	tp->prr_delivered += (u32)newly_acked_sacked;
	if (delta < 0) {
		u64 share = (u64)tp->snd_ssthresh * tp->prr_delivered + tp->prior_cwnd - 1;

		sndcnt = (int)(share / tp->prior_cwnd) - (int)tp->prr_out;
	} else {
		sndcnt = max((int)(tp->prr_delivered - tp->prr_out), newly_acked_sacked);
		if ((flag & FLAG_SND_UNA_ADVANCED) && !newly_lost)
			sndcnt++;
		sndcnt = min(delta, sndcnt);
	}
	/* one segment goes at once: the fast retransmission */
	sndcnt = max(sndcnt, tp->prr_out ? 0 : 1);
	tcp_snd_cwnd_set(tp, tcp_packets_in_flight(tp) + (u32)sndcnt);
}

void tcp_end_cwnd_reduction(struct sock *sk)
{
	TRACE_SK(sk, "the reduction is over: the window is ssthresh");
	struct tcp_sock *tp = tcp_sk(sk);

	if (inet_csk(sk)->icsk_ca_ops->cong_control)
		return;
	if (tp->snd_ssthresh < TCP_INFINITE_SSTHRESH &&
	    (inet_csk(sk)->icsk_ca_state == TCP_CA_CWR || tp->undo_marker)) {
		tcp_snd_cwnd_set(tp, tp->snd_ssthresh);
		tp->snd_cwnd_stamp = tcp_jiffies32(sk->host);
	}
	tcp_ca_event(sk, CA_EVENT_COMPLETE_CWR);
}

void tcp_enter_cwr(struct sock *sk)
{
	TRACE_SK(sk, "reduce the window because of congestion without loss");
	struct tcp_sock *tp = tcp_sk(sk);

	tp->prior_ssthresh = 0;
	if (inet_csk(sk)->icsk_ca_state < TCP_CA_CWR) {
		tp->undo_marker = 0;
		tcp_init_cwnd_reduction(sk);
		tcp_set_ca_state(sk, TCP_CA_CWR);
	}
}

void tcp_enter_recovery(struct sock *sk, bool ece_ack)
{
	TRACE_SK(sk, "segments were lost: recover them, with a smaller window");
	struct tcp_sock *tp = tcp_sk(sk);

	NET_INC_STATS(sock_net(sk), tcp_is_reno(tp) ? LINUX_MIB_TCPRENORECOVERY : LINUX_MIB_TCPSACKRECOVERY);
	tp->prior_ssthresh = 0;
	tcp_init_undo(tp);
	if (!tcp_in_cwnd_reduction(sk)) {
		if (!ece_ack)
			tp->prior_ssthresh = tcp_current_ssthresh(sk);
		tcp_init_cwnd_reduction(sk);
	}
	tcp_set_ca_state(sk, TCP_CA_Recovery);
}

void tcp_try_keep_open(struct sock *sk)
{
	TRACE_SK(sk, "back to Open, or Disorder while something is out of order");
	struct tcp_sock *tp = tcp_sk(sk);
	u8 state = tcp_left_out(tp) || tcp_any_retrans_done(sk) ? TCP_CA_Disorder : TCP_CA_Open;

	if (inet_csk(sk)->icsk_ca_state != state) {
		tcp_set_ca_state(sk, state);
		tp->high_seq = tp->snd_nxt;
	}
}

static void tcp_try_to_open(struct sock *sk, int flag)
{
	TRACE_SK(sk, "nothing to recover: stay, or go, to Open, Disorder or CWR");

	tcp_verify_left_out(tcp_sk(sk));
	if (!tcp_any_retrans_done(sk))
		tcp_sk(sk)->retrans_stamp = 0;
	if (flag & FLAG_ECE)
		tcp_enter_cwr(sk);
	if (inet_csk(sk)->icsk_ca_state != TCP_CA_CWR)
		tcp_try_keep_open(sk);
}

/* ---- MTU probes (RFC 4821) ---- */

static void tcp_mtup_probe_failed(struct sock *sk)
{
	TRACE_SK(sk, "the probe of a larger MTU was lost");
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_mtup.search_high = (int)icsk->icsk_mtup.probe_size - 1;
	icsk->icsk_mtup.probe_size = 0;
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPMTUPFAIL);
}

void tcp_mtup_probe_success(struct sock *sk)
{
	TRACE_SK(sk, "the probe of a larger MTU came through");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u64 cwnd;

	/* the window stays the same in bytes */
	tp->prior_ssthresh = tcp_current_ssthresh(sk);
	cwnd = (u64)tcp_snd_cwnd(tp) * (u32)tcp_mss_to_mtu(sk, (int)tp->mss_cache) /
	       icsk->icsk_mtup.probe_size;
	tcp_snd_cwnd_set(tp, max_t(u32, 1U, (u32)cwnd));
	tp->snd_cwnd_cnt = 0;
	tp->snd_cwnd_stamp = tcp_jiffies32(sk->host);
	tp->snd_ssthresh = tcp_current_ssthresh(sk);

	icsk->icsk_mtup.search_low = (int)icsk->icsk_mtup.probe_size;
	icsk->icsk_mtup.probe_size = 0;
	tcp_sync_mss(sk, icsk->icsk_pmtu_cookie);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPMTUPSUCCESS);
}

/* ---- the state machine ---- */

/* Segments that the peer has, and one more for the hole. */
static inline u32 tcp_dupack_heuristics(const struct tcp_sock *tp)
{
	return tp->sacked_out + 1;
}

static bool tcp_time_to_recover(struct sock *sk)
{
	TRACE_SK(sk, "is anything taken for lost?");
	const struct tcp_sock *tp = tcp_sk(sk);

	return tp->lost_out || (!tcp_is_rack(sk) && tcp_dupack_heuristics(tp) > tp->reordering);
}

/*
 * snd_una has come to a segment that was SACKed: the peer threw it away, or its ACK is on its way. Waits half
 * a round trip for that before the timer declares all lost.
 */
static bool tcp_check_sack_reneging(struct sock *sk, int *ack_flag)
{
	TRACE_SK(sk, "did the peer throw away what it had SACKed?");
	unsigned long delay;

	if (!(*ack_flag & FLAG_SACK_RENEGING) || !(*ack_flag & FLAG_SND_UNA_ADVANCED))
		return false;
	delay = max(usecs_to_jiffies(tcp_sk(sk)->srtt_us >> 4), msecs_to_jiffies(10));
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, delay, TCP_RTO_MAX);
	*ack_flag &= ~FLAG_SET_XMIT_TIMER;
	return true;
}

/* Has so much been SACKed that even a path that reorders must have lost the head? */
static inline bool tcp_force_fast_retransmit(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	return after(tcp_highest_sack_seq(tp), tp->snd_una + tp->reordering * tp->mss_cache);
}

static void tcp_identify_packet_loss(struct sock *sk, int *ack_flag)
{
	TRACE_SK(sk, "find out what is lost");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 prior_retrans = tp->retrans_out;

	if (tcp_rtx_queue_empty(sk))
		return;
	if (unlikely(tcp_is_reno(tp))) {
		tcp_newreno_mark_lost(sk, *ack_flag & FLAG_SND_UNA_ADVANCED);
	} else if (tcp_is_rack(sk)) {
		if (tcp_rack_mark_lost(sk))
			*ack_flag &= ~FLAG_SET_XMIT_TIMER; /* the timer stands for the reordering window */
		if (prior_retrans > tp->retrans_out)
			*ack_flag |= FLAG_LOST_RETRANS;
	}
}

/* Without RACK: counts SACKed segments. */
static void tcp_update_scoreboard(struct sock *sk, bool fast_rexmit)
{
	TRACE_SK(sk, "take segments for lost by the number of SACKed ones above them");
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!tcp_is_sack(tp))
		return;
	if (tp->sacked_out >= tp->reordering)
		tcp_mark_head_lost(sk, (int)(tp->sacked_out - tp->reordering), false);
	else if (fast_rexmit)
		tcp_mark_head_lost(sk, 1, true);
}

/* F-RTO (RFC 5682) after a timeout. True: nothing more is to be done with this ACK. */
static bool tcp_process_frto(struct sock *sk, int flag, int num_dupack, bool recovered, int *rexmit)
{
	struct tcp_sock *tp = tcp_sk(sk);

	/* what was never sent again was (S)ACKed: the segments were late, not lost */
	if ((flag & FLAG_ORIG_SACK_ACKED) && tcp_try_undo_loss(sk, true))
		return true;
	if (after(tp->snd_nxt, tp->high_seq)) {
		/* the new data that step 2b sent did not help: a real loss */
		if ((flag & FLAG_DATA_SACKED) || num_dupack)
			tp->frto = 0;
	} else if ((flag & FLAG_SND_UNA_ADVANCED) && !recovered) {
		tp->high_seq = tp->snd_nxt;
		/* step 2b: try new data rather than retransmissions */
		if (!tcp_write_queue_empty(sk) && after(tcp_wnd_end(tp), tp->snd_nxt)) {
			*rexmit = REXMIT_NEW;
			return true;
		}
		tp->frto = 0;
	}
	return false;
}

static void tcp_process_loss(struct sock *sk, int flag, int num_dupack, int *rexmit)
{
	TRACE_SK(sk, "an ACK after a retransmission timeout");
	struct tcp_sock *tp = tcp_sk(sk);
	bool recovered = !before(tp->snd_una, tp->high_seq);

	if ((flag & FLAG_SND_UNA_ADVANCED) && tcp_try_undo_loss(sk, false))
		return;
	if (tp->frto && tcp_process_frto(sk, flag, num_dupack, recovered, rexmit))
		return;
	if (recovered) {
		tcp_try_undo_recovery(sk);
		return;
	}
	if (tcp_is_reno(tp)) {
		if (after(tp->snd_nxt, tp->high_seq) && num_dupack)
			tcp_add_reno_sack(sk, num_dupack, flag & FLAG_ECE);
		else if (flag & FLAG_SND_UNA_ADVANCED)
			tcp_reset_reno_sack(tp);
	}
	*rexmit = REXMIT_LOST;
}

/* All that was sent before the state began is acknowledged: ends it. True: this ACK is done with. */
static bool tcp_ca_episode_over(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	switch (inet_csk(sk)->icsk_ca_state) {
	case TCP_CA_CWR:
		/* high_seq itself must be passed: an ECE up to there is of the old window */
		if (tp->snd_una != tp->high_seq) {
			tcp_end_cwnd_reduction(sk);
			tcp_set_ca_state(sk, TCP_CA_Open);
		}
		break;
	case TCP_CA_Recovery:
		if (tcp_is_reno(tp))
			tcp_reset_reno_sack(tp);
		if (tcp_try_undo_recovery(sk))
			return true;
		tcp_end_cwnd_reduction(sk);
		break;
	}
	return false;
}

/* In Recovery. True: go on and retransmit. */
static bool tcp_ca_in_recovery(struct sock *sk, u32 prior_snd_una, int num_dupack, int *ack_flag,
			       bool *do_lost)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int flag = *ack_flag;

	if (!(flag & FLAG_SND_UNA_ADVANCED)) {
		if (tcp_is_reno(tp))
			tcp_add_reno_sack(sk, num_dupack, flag & FLAG_ECE);
	} else {
		if (tcp_try_undo_partial(sk, prior_snd_una))
			return false;
		*do_lost = tcp_is_reno(tp) || tcp_force_fast_retransmit(sk);
	}
	if (tcp_try_undo_dsack(sk))
		tcp_try_keep_open(sk);
	tcp_identify_packet_loss(sk, ack_flag);
	if (inet_csk(sk)->icsk_ca_state != TCP_CA_Recovery) {
		if (!tcp_time_to_recover(sk))
			return false;
		/* undone, and yet something is lost: recover again */
		tcp_enter_recovery(sk, flag & FLAG_ECE);
	}
	return true;
}

/* In Open, Disorder or CWR (or just back from Loss). True: Recovery begins. */
static bool tcp_ca_before_recovery(struct sock *sk, int num_dupack, int *ack_flag)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	int flag = *ack_flag;

	if (tcp_is_reno(tp)) {
		if (flag & FLAG_SND_UNA_ADVANCED)
			tcp_reset_reno_sack(tp);
		tcp_add_reno_sack(sk, num_dupack, flag & FLAG_ECE);
	}
	if (icsk->icsk_ca_state <= TCP_CA_Disorder)
		tcp_try_undo_dsack(sk);
	tcp_identify_packet_loss(sk, ack_flag);
	if (!tcp_time_to_recover(sk)) {
		tcp_try_to_open(sk, flag);
		return false;
	}
	/* a lost MTU probe is no congestion */
	if (icsk->icsk_ca_state < TCP_CA_CWR && icsk->icsk_mtup.probe_size &&
	    tp->snd_una == tp->mtu_probe.probe_seq_start) {
		tcp_mtup_probe_failed(sk);
		tcp_snd_cwnd_set(tp, tcp_snd_cwnd(tp) + 1);
		tcp_simple_retransmit(sk);
		return false;
	}
	tcp_enter_recovery(sk, flag & FLAG_ECE);
	return true;
}

void tcp_fastretrans_alert(struct sock *sk, u32 prior_snd_una, int num_dupack, int *ack_flag, int *rexmit)
{
	TRACE_SK(sk, "an unusual ACK: drive the loss state machine");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	bool do_lost = num_dupack || ((*ack_flag & FLAG_DATA_SACKED) && tcp_force_fast_retransmit(sk));
	bool fast_rexmit = false;

	if (!tp->packets_out && tp->sacked_out)
		tp->sacked_out = 0;
	/* ECN does not lie about congestion: what it made us reduce is not to be undone */
	if (*ack_flag & FLAG_ECE)
		tp->prior_ssthresh = 0;
	if (tcp_check_sack_reneging(sk, ack_flag))
		return;
	tcp_verify_left_out(tp);

	if (icsk->icsk_ca_state == TCP_CA_Open)
		tp->retrans_stamp = 0;
	else if (!before(tp->snd_una, tp->high_seq) && tcp_ca_episode_over(sk))
		return;

	switch (icsk->icsk_ca_state) {
	case TCP_CA_Recovery:
		if (!tcp_ca_in_recovery(sk, prior_snd_una, num_dupack, ack_flag, &do_lost))
			return;
		break;
	case TCP_CA_Loss:
		tcp_process_loss(sk, *ack_flag, num_dupack, rexmit);
		tcp_identify_packet_loss(sk, ack_flag);
		if (icsk->icsk_ca_state != TCP_CA_Open && !(*ack_flag & FLAG_LOST_RETRANS))
			return;
		/* back in Open, or a retransmission was lost: as if it began */
		fallthrough;
	default:
		if (!tcp_ca_before_recovery(sk, num_dupack, ack_flag))
			return;
		fast_rexmit = true;
	}
	if (!tcp_is_rack(sk) && do_lost)
		tcp_update_scoreboard(sk, fast_rexmit);
	*rexmit = REXMIT_LOST;
}
