/*
 * BBR, version 1: the sending rate follows a model of the path, not losses. The model is the largest delivery
 * rate of the last ten round trips (bw) and the smallest RTT of the last ten seconds (min_rtt); the pacing
 * rate is bw, the window about twice bw * min_rtt, each times a gain that depends on the mode:
 *
 *	STARTUP: the rate doubles per round trip, until three rounds have not raised bw by a quarter
 *	   > DRAIN: the queue that this has built is drained, until one bw * min_rtt is in flight
 *	   > PROBE_BW: for ever, a cycle of eight phases: 1.25 (is there more?), 0.75 (drain), six times 1
 *	PROBE_RTT: when min_rtt is ten seconds old: four packets in flight for 200 ms and a round trip, so
 *	   that the queue is empty; then PROBE_BW, or STARTUP if the pipe has not been filled yet
 *
 * Loss does not lower bw, but in recovery packets are conserved for a round. tcp_bbr_model.c estimates bw and
 * min_rtt and finds policers; here are modes, pacing rate and window. Gains are in 1/256 (BBR_UNIT), rates in
 * packets per us, times 2^24 (BW_UNIT).
 */
#include "stack/transport/tcp_bbr.h"

/* Startup: 2/ln(2), the smallest gain that doubles the rate each round; and its inverse to drain. */
#define BBR_HIGH_GAIN (BBR_UNIT * 2885 / 1000 + 1)
#define BBR_DRAIN_GAIN (BBR_UNIT * 1000 / 2885)
#define BBR_CWND_GAIN (BBR_UNIT * 2)
#define BBR_CYCLE_RAND 7	    /* the cycle begins in any phase but the draining one */
#define BBR_CWND_MIN_TARGET 4	    /* packets: enough for delayed ACKs */
#define BBR_MIN_TSO_RATE 1200000    /* bits per second: below, packets go one by one */
#define BBR_PACING_MARGIN_PERCENT 1 /* the pacing rate is below bw by this, so that no queue builds */
#define BBR_EXTRA_ACKED_GAIN BBR_UNIT
#define BBR_EXTRA_ACKED_MAX_US (100 * 1000)

static const u16 bbr_pacing_gain[BBR_CYCLE_LEN] = {
	BBR_UNIT * 5 / 4, BBR_UNIT * 3 / 4, BBR_UNIT, BBR_UNIT, BBR_UNIT, BBR_UNIT, BBR_UNIT, BBR_UNIT,
};

/* ---- the pacing rate ---- */

u64 bbr_rate_bytes_per_sec(const struct sock *sk, u64 rate, u32 gain)
{
	rate *= tcp_sk(sk)->mss_cache;
	rate *= gain;
	rate >>= BBR_SCALE;
	rate *= USEC_PER_SEC / 100 * (100 - BBR_PACING_MARGIN_PERCENT);
	return rate >> BW_SCALE;
}

static unsigned long bbr_bw_to_pacing_rate(struct sock *sk, u32 bw, u32 gain)
{
	return min((unsigned long)bbr_rate_bytes_per_sec(sk, bw, gain), sk->sk_max_pacing_rate);
}

static void bbr_init_pacing_rate_from_rtt(struct sock *sk)
{
	TRACE_SK(sk, "first pacing rate: the initial window per round trip (or ms), times startup's gain");
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 rtt_us = USEC_PER_MSEC;

	if (tp->srtt_us) {
		rtt_us = max(tp->srtt_us >> 3, 1U);
		bbr_ca(sk)->has_seen_rtt = 1;
	}
	sk->sk_pacing_rate =
		bbr_bw_to_pacing_rate(sk, (u32)((u64)tcp_snd_cwnd(tp) * BW_UNIT / rtt_us), BBR_HIGH_GAIN);
}

static void bbr_set_pacing_rate(struct sock *sk, u32 bw, u32 gain)
{
	TRACE_SK(sk, "pace at the bandwidth times the gain; do not go down before the pipe was full");
	unsigned long rate = bbr_bw_to_pacing_rate(sk, bw, gain);

	if (unlikely(!bbr_ca(sk)->has_seen_rtt && tcp_sk(sk)->srtt_us))
		bbr_init_pacing_rate_from_rtt(sk);
	if (bbr_full_bw_reached(sk) || rate > sk->sk_pacing_rate)
		sk->sk_pacing_rate = rate;
}

static u32 bbr_min_tso_segs(struct sock *sk)
{
	TRACE_SK(sk, "segments to send as one at the least: two unless the rate is very low");

	return sk->sk_pacing_rate < (BBR_MIN_TSO_RATE >> 3) ? 1 : 2;
}

static u32 bbr_tso_segs_goal(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 bytes = (u32)min_t(unsigned long, sk->sk_pacing_rate >> sk->sk_pacing_shift,
			       sk->sk_gso_max_size - 1 - MAX_TCP_HEADER);

	return min(max(bytes / tp->mss_cache, bbr_min_tso_segs(sk)), 0x7FU);
}

/* ---- the window ---- */

/* What bw and min_rtt, times a gain, make of packets in flight. */
static u32 bbr_bdp(struct sock *sk, u32 bw, u32 gain)
{
	const struct bbr *bbr = bbr_ca(sk);

	if (unlikely(bbr->min_rtt_us == ~0U))
		return TCP_INIT_CWND; /* no RTT yet */
	return (u32)(((((u64)bw * bbr->min_rtt_us * gain) >> BBR_SCALE) + BW_UNIT - 1) / BW_UNIT);
}

/* Room for packets that are not on the wire: three bursts (sender, device, receiver), delayed ACKs, and the
 * phase that probes. */
static u32 bbr_quantization_budget(struct sock *sk, u32 cwnd)
{
	const struct bbr *bbr = bbr_ca(sk);

	cwnd += 3 * bbr_tso_segs_goal(sk);
	cwnd = (cwnd + 1) & ~1U;
	if (bbr->mode == BBR_PROBE_BW && bbr->cycle_idx == 0)
		cwnd += 2;
	return cwnd;
}

static u32 bbr_inflight(struct sock *sk, u32 bw, u32 gain)
{
	return bbr_quantization_budget(sk, bbr_bdp(sk, bw, gain));
}

/* Packets in flight at the time when the next one will leave by pacing: some will have been delivered. */
static u32 bbr_packets_in_net_at_edt(struct sock *sk, u32 inflight_now)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 edt_ns = max(tp->tcp_wstamp_ns, tp->tcp_clock_cache);
	u32 interval_us = (u32)((edt_ns - tp->tcp_clock_cache) / NSEC_PER_USEC);
	u32 delivered = (u32)(((u64)bbr_bw(sk) * interval_us) >> BW_SCALE);
	u32 inflight = inflight_now;

	if (bbr_ca(sk)->pacing_gain > BBR_UNIT)
		inflight += bbr_tso_segs_goal(sk); /* it goes up by the burst that leaves then */
	return delivered >= inflight ? 0 : inflight - delivered;
}

/* What ACKs that come in clumps need in addition. */
static u32 bbr_ack_aggregation_cwnd(struct sock *sk)
{
	u32 most;

	if (!bbr_full_bw_reached(sk))
		return 0;
	most = (u32)((u64)bbr_bw(sk) * BBR_EXTRA_ACKED_MAX_US / BW_UNIT);
	return min((BBR_EXTRA_ACKED_GAIN * bbr_extra_acked(sk)) >> BBR_SCALE, most);
}

/* The window before loss recovery or PROBE_RTT, to come back to. */
static void bbr_save_cwnd(struct sock *sk)
{
	struct bbr *bbr = bbr_ca(sk);
	u32 cwnd = tcp_snd_cwnd(tcp_sk(sk));

	if (bbr->prev_ca_state < TCP_CA_Recovery && bbr->mode != BBR_PROBE_RTT)
		bbr->prior_cwnd = cwnd;
	else
		bbr->prior_cwnd = max(bbr->prior_cwnd, cwnd);
}

static bool bbr_set_cwnd_to_recover_or_restore(struct sock *sk, const struct rate_sample *rs, u32 acked,
					       u32 *new_cwnd)
{
	TRACE_SK(sk,
		 "in the first round of a recovery send what is acknowledged; after it restore the window");
	const struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *bbr = bbr_ca(sk);
	u8 prev_state = bbr->prev_ca_state, state = inet_csk(sk)->icsk_ca_state;
	u32 cwnd = tcp_snd_cwnd(tp);

	if (rs->losses > 0)
		cwnd = (u32)max((int)cwnd - rs->losses, 1);
	if (state == TCP_CA_Recovery && prev_state != TCP_CA_Recovery) {
		bbr->packet_conservation = 1;
		bbr->next_rtt_delivered = tp->delivered; /* a round begins */
		cwnd = tcp_packets_in_flight(tp) + acked;
	} else if (prev_state >= TCP_CA_Recovery && state < TCP_CA_Recovery) {
		cwnd = max(cwnd, bbr->prior_cwnd);
		bbr->packet_conservation = 0;
	}
	bbr->prev_ca_state = state & 7;
	*new_cwnd = bbr->packet_conservation ? max(cwnd, tcp_packets_in_flight(tp) + acked) : cwnd;
	return bbr->packet_conservation;
}

static void bbr_set_cwnd(struct sock *sk, const struct rate_sample *rs, u32 acked, u32 bw, u32 gain)
{
	TRACE_SK(sk, "move the window towards what the model wants in flight");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 cwnd = tcp_snd_cwnd(tp), target;

	if (acked && !bbr_set_cwnd_to_recover_or_restore(sk, rs, acked, &cwnd)) {
		target = bbr_quantization_budget(sk, bbr_bdp(sk, bw, gain) + bbr_ack_aggregation_cwnd(sk));
		if (bbr_full_bw_reached(sk))
			cwnd = min(cwnd + acked, target);
		else if (cwnd < target || tp->delivered < TCP_INIT_CWND)
			cwnd += acked;
		cwnd = max(cwnd, (u32)BBR_CWND_MIN_TARGET);
	}
	cwnd = min(cwnd, tp->snd_cwnd_clamp);
	if (bbr_ca(sk)->mode == BBR_PROBE_RTT)
		cwnd = min(cwnd, (u32)BBR_CWND_MIN_TARGET);
	tcp_snd_cwnd_set(tp, cwnd);
}

/* ---- modes ---- */

/* Has the phase lasted a min_rtt, and done what it is for? */
static bool bbr_is_next_cycle_phase(struct sock *sk, const struct rate_sample *rs)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct bbr *bbr = bbr_ca(sk);
	bool is_full_length = tcp_stamp_us_delta(tp->delivered_mstamp, bbr->cycle_mstamp) > bbr->min_rtt_us;
	u32 inflight, bw = bbr_max_bw(sk);

	if (bbr->pacing_gain == BBR_UNIT)
		return is_full_length;
	inflight = bbr_packets_in_net_at_edt(sk, rs->prior_in_flight);
	if (bbr->pacing_gain > BBR_UNIT)
		return is_full_length && (rs->losses || inflight >= bbr_inflight(sk, bw, bbr->pacing_gain));
	return is_full_length || inflight <= bbr_inflight(sk, bw, BBR_UNIT);
}

static void bbr_advance_cycle_phase(struct sock *sk)
{
	TRACE_SK(sk, "go to the next phase of the gain cycle");
	struct bbr *bbr = bbr_ca(sk);

	bbr->cycle_idx = (bbr->cycle_idx + 1) & (BBR_CYCLE_LEN - 1);
	bbr->cycle_mstamp = tcp_sk(sk)->delivered_mstamp;
}

void bbr_reset_probe_bw_mode(struct sock *sk)
{
	TRACE_SK(sk, "probe for bandwidth, from a random phase");
	struct bbr *bbr = bbr_ca(sk);

	bbr->mode = BBR_PROBE_BW;
	bbr->cycle_idx = (BBR_CYCLE_LEN - 1 - random_below(&tcp_host(sk)->seq.random, BBR_CYCLE_RAND)) &
			 (BBR_CYCLE_LEN - 1);
	bbr_advance_cycle_phase(sk);
}

static void bbr_reset_mode(struct sock *sk)
{
	TRACE_SK(sk, "after PROBE_RTT: go on where the pipe's filling stands");

	if (bbr_full_bw_reached(sk))
		bbr_reset_probe_bw_mode(sk);
	else
		bbr_ca(sk)->mode = BBR_STARTUP;
}

static void bbr_update_cycle_phase(struct sock *sk, const struct rate_sample *rs)
{
	if (bbr_ca(sk)->mode == BBR_PROBE_BW && bbr_is_next_cycle_phase(sk, rs))
		bbr_advance_cycle_phase(sk);
}

static void bbr_check_drain(struct sock *sk)
{
	TRACE_SK(sk, "is the pipe full: drain; is the queue drained: probe for bandwidth");
	struct bbr *bbr = bbr_ca(sk);

	if (bbr->mode == BBR_STARTUP && bbr_full_bw_reached(sk)) {
		bbr->mode = BBR_DRAIN;
		tcp_sk(sk)->snd_ssthresh = bbr_inflight(sk, bbr_max_bw(sk), BBR_UNIT);
	}
	if (bbr->mode == BBR_DRAIN && bbr_packets_in_net_at_edt(sk, tcp_packets_in_flight(tcp_sk(sk))) <=
					      bbr_inflight(sk, bbr_max_bw(sk), BBR_UNIT))
		bbr_reset_probe_bw_mode(sk);
}

static void bbr_check_probe_rtt_done(struct sock *sk)
{
	TRACE_SK(sk, "leave PROBE_RTT when its time is over");
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *bbr = bbr_ca(sk);
	u32 now = tcp_jiffies32(sk->host);

	if (!bbr->probe_rtt_done_stamp || !after(now, bbr->probe_rtt_done_stamp))
		return;
	bbr->min_rtt_stamp = now; /* not again for ten seconds */
	tcp_snd_cwnd_set(tp, max(tcp_snd_cwnd(tp), bbr->prior_cwnd));
	bbr_reset_mode(sk);
}

static void bbr_probe_rtt(struct sock *sk)
{
	TRACE_SK(sk, "stay with few packets in flight for 200 ms and a round trip");
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *bbr = bbr_ca(sk);
	u32 mark = tp->delivered + tcp_packets_in_flight(tp);

	tp->app_limited = mark ? mark : 1; /* low rates of this time say nothing about the path */
	if (!bbr->probe_rtt_done_stamp && tcp_packets_in_flight(tp) <= BBR_CWND_MIN_TARGET) {
		bbr->probe_rtt_done_stamp =
			tcp_jiffies32(sk->host) + (u32)msecs_to_jiffies(BBR_PROBE_RTT_MODE_MS);
		bbr->probe_rtt_round_done = 0;
		bbr->next_rtt_delivered = tp->delivered;
	} else if (bbr->probe_rtt_done_stamp) {
		if (bbr->round_start)
			bbr->probe_rtt_round_done = 1;
		if (bbr->probe_rtt_round_done)
			bbr_check_probe_rtt_done(sk);
	}
}

static void bbr_update_min_rtt(struct sock *sk, const struct rate_sample *rs)
{
	TRACE_SK(sk, "take the smallest RTT of ten seconds; probe for it when it is too old");
	struct bbr *bbr = bbr_ca(sk);
	u32 now = tcp_jiffies32(sk->host);
	bool filter_expired = after(now, bbr->min_rtt_stamp + BBR_MIN_RTT_WIN_SEC * HZ);

	if (rs->rtt_us >= 0 &&
	    ((u32)rs->rtt_us < bbr->min_rtt_us || (filter_expired && !rs->is_ack_delayed))) {
		bbr->min_rtt_us = (u32)rs->rtt_us;
		bbr->min_rtt_stamp = now;
	}
	if (filter_expired && !bbr->idle_restart && bbr->mode != BBR_PROBE_RTT) {
		bbr->mode = BBR_PROBE_RTT;
		bbr_save_cwnd(sk);
		bbr->probe_rtt_done_stamp = 0;
	}
	if (bbr->mode == BBR_PROBE_RTT)
		bbr_probe_rtt(sk);
	if (rs->delivered > 0)
		bbr->idle_restart = 0;
}

static void bbr_update_gains(struct bbr *bbr)
{
	static const u16 pacing[] = { [BBR_STARTUP] = BBR_HIGH_GAIN,
				      [BBR_DRAIN] = BBR_DRAIN_GAIN,
				      [BBR_PROBE_BW] = BBR_UNIT,
				      [BBR_PROBE_RTT] = BBR_UNIT };
	static const u16 cwnd[] = { [BBR_STARTUP] = BBR_HIGH_GAIN,
				    [BBR_DRAIN] = BBR_HIGH_GAIN,
				    [BBR_PROBE_BW] = BBR_CWND_GAIN,
				    [BBR_PROBE_RTT] = BBR_UNIT };

	bbr->pacing_gain = pacing[bbr->mode] & 0x3ff;
	bbr->cwnd_gain = cwnd[bbr->mode] & 0x3ff;
	if (bbr->mode == BBR_PROBE_BW && !bbr->lt_use_bw)
		bbr->pacing_gain = bbr_pacing_gain[bbr->cycle_idx] & 0x3ff;
}

/* ---- the operations ---- */

static void bbr_main(struct sock *sk, const struct rate_sample *rs)
{
	TRACE_SK(sk, "update the model by an ACK's rate sample; set pacing rate and window by it");
	const struct bbr *bbr = bbr_ca(sk);
	u32 bw;

	bbr_update_bw(sk, rs);
	bbr_update_ack_aggregation(sk, rs);
	bbr_update_cycle_phase(sk, rs);
	bbr_check_full_bw_reached(sk, rs);
	bbr_check_drain(sk);
	bbr_update_min_rtt(sk, rs);
	bbr_update_gains(bbr_ca(sk));
	bw = bbr_bw(sk);
	bbr_set_pacing_rate(sk, bw, bbr->pacing_gain);
	bbr_set_cwnd(sk, rs, rs->acked_sacked, bw, bbr->cwnd_gain);
}

static void bbr_init(struct sock *sk)
{
	TRACE_SK(sk, "begin with startup, and have the socket paced");
	struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *bbr = bbr_ca(sk);

	*bbr = (struct bbr){
		.min_rtt_us = tcp_min_rtt(tp),
		.min_rtt_stamp = tcp_jiffies32(sk->host),
		.next_rtt_delivered = tp->delivered,
		.prev_ca_state = TCP_CA_Open,
		.mode = BBR_STARTUP,
		.ack_epoch_mstamp = tp->tcp_mstamp,
	};
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	bbr_init_pacing_rate_from_rtt(sk);
	bbr_reset_lt_bw_sampling(sk);
	if (sk->sk_pacing_status == SK_PACING_NONE)
		sk->sk_pacing_status = SK_PACING_NEEDED;
}

static void bbr_cwnd_event(struct sock *sk, enum tcp_ca_event event)
{
	TRACE_SK(sk, "after idling: pace at the bandwidth, and do not probe for the RTT at once");
	const struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *bbr = bbr_ca(sk);

	if (event != CA_EVENT_TX_START || !tp->app_limited)
		return;
	bbr->idle_restart = 1;
	bbr->ack_epoch_mstamp = tp->tcp_mstamp;
	bbr->ack_epoch_acked = 0;
	if (bbr->mode == BBR_PROBE_BW)
		bbr_set_pacing_rate(sk, bbr_bw(sk), BBR_UNIT);
	else if (bbr->mode == BBR_PROBE_RTT)
		bbr_check_probe_rtt_done(sk);
}

static u32 bbr_sndbuf_expand(struct sock *sk)
{
	TRACE_SK(sk, "send buffer: three windows");
	return 3;
}

static u32 bbr_undo_cwnd(struct sock *sk)
{
	TRACE_SK(sk, "a recovery was not due: forget what it made the model think; the window is kept");
	struct bbr *bbr = bbr_ca(sk);

	bbr->full_bw = 0;
	bbr->full_bw_cnt = 0;
	bbr_reset_lt_bw_sampling(sk);
	return tcp_snd_cwnd(tcp_sk(sk));
}

static u32 bbr_ssthresh(struct sock *sk)
{
	TRACE_SK(sk, "remember the window upon a loss; the threshold stays");

	bbr_save_cwnd(sk);
	return tcp_sk(sk)->snd_ssthresh;
}

static void bbr_set_state(struct sock *sk, u8 new_state)
{
	TRACE_SK(sk, "a retransmission timeout is a loss to the model, and the end of a round");
	struct bbr *bbr = bbr_ca(sk);
	struct rate_sample rs = { .losses = 1 };

	if (new_state != TCP_CA_Loss)
		return;
	bbr->prev_ca_state = TCP_CA_Loss;
	bbr->full_bw = 0;
	bbr->round_start = 1;
	bbr_lt_bw_sampling(sk, &rs);
}

static size_t bbr_get_info(const struct sock *sk, union tcp_cc_info *info)
{
	TRACE_SK(sk, "tell bandwidth, smallest RTT and gains");
	const struct bbr *bbr = bbr_ca(sk);
	u64 bw = ((u64)bbr_bw(sk) * tcp_sk(sk)->mss_cache * USEC_PER_SEC) >> BW_SCALE;

	info->bbr = (struct tcp_bbr_info){ .bbr_bw_lo = (u32)bw,
					   .bbr_bw_hi = (u32)(bw >> 32),
					   .bbr_min_rtt = bbr->min_rtt_us,
					   .bbr_pacing_gain = bbr->pacing_gain,
					   .bbr_cwnd_gain = bbr->cwnd_gain };
	return sizeof(info->bbr);
}

const struct tcp_congestion_ops tcp_bbr_cong_ops = {
	.ssthresh = bbr_ssthresh,
	.set_state = bbr_set_state,
	.cwnd_event = bbr_cwnd_event,
	.min_tso_segs = bbr_min_tso_segs,
	.cong_control = bbr_main,
	.undo_cwnd = bbr_undo_cwnd,
	.sndbuf_expand = bbr_sndbuf_expand,
	.get_info = bbr_get_info,
	.init = bbr_init,
	.flags = TCP_CONG_NON_RESTRICTED,
	.name = "bbr",
};
