/*
 * BBR's model of the path: the delivery rate, the long-term rate of a policer, how ACKs come in clumps, and
 * whether the pipe has been filled.
 *
 * A policer lets bursts pass and then drops all above its rate. It shows as two intervals that follow each
 * other, both with a loss of a fifth or more and nearly the same rate: then that rate is obeyed for 48
 * rounds.
 */
#include "stack/transport/tcp_bbr.h"

#define BBR_BW_RTTS (BBR_CYCLE_LEN + 2)	      /* rounds that the largest rate is taken over */
#define BBR_FULL_BW_THRESH (BBR_UNIT * 5 / 4) /* growth of the rate that keeps startup going, */
#define BBR_FULL_BW_CNT 3		      /* and the rounds without it that end startup */

#define BBR_LT_INTVL_MIN_RTTS 4
#define BBR_LT_LOSS_THRESH 50	       /* lost in 1/256 of delivered */
#define BBR_LT_BW_RATIO (BBR_UNIT / 8) /* rates that differ by less are the same, */
#define BBR_LT_BW_DIFF (4000 / 8)      /* or by less than this, in bytes per second */
#define BBR_LT_BW_MAX_RTTS 48

#define BBR_EXTRA_ACKED_WIN_RTTS 5
#define BBR_ACK_EPOCH_ACKED_RESET_THRESH (1U << 20)

/* ---- policers ---- */

static void bbr_reset_lt_bw_sampling_interval(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *bbr = bbr_ca(sk);

	bbr->lt_last_stamp = (u32)(tp->delivered_mstamp / USEC_PER_MSEC);
	bbr->lt_last_delivered = tp->delivered;
	bbr->lt_last_lost = tp->lost;
	bbr->lt_rtt_cnt = 0;
}

void bbr_reset_lt_bw_sampling(struct sock *sk)
{
	TRACE_SK(sk, "forget about policers");
	struct bbr *bbr = bbr_ca(sk);

	bbr->lt_bw = 0;
	bbr->lt_use_bw = 0;
	bbr->lt_is_sampling = 0;
	bbr_reset_lt_bw_sampling_interval(sk);
}

static void bbr_lt_bw_interval_done(struct sock *sk, u32 bw)
{
	TRACE_SK(sk, "an interval with losses is over: is its rate that of the one before?");
	struct bbr *bbr = bbr_ca(sk);

	if (bbr->lt_bw) {
		u32 diff = bw > bbr->lt_bw ? bw - bbr->lt_bw : bbr->lt_bw - bw;

		if ((u64)diff * BBR_UNIT <= (u64)BBR_LT_BW_RATIO * bbr->lt_bw ||
		    bbr_rate_bytes_per_sec(sk, diff, BBR_UNIT) <= BBR_LT_BW_DIFF) {
			bbr->lt_bw = (u32)(((u64)bw + bbr->lt_bw) >> 1);
			bbr->lt_use_bw = 1;
			bbr->pacing_gain = BBR_UNIT; /* no probing */
			bbr->lt_rtt_cnt = 0;
			return;
		}
	}
	bbr->lt_bw = bw;
	bbr_reset_lt_bw_sampling_interval(sk);
}

/* Ends an interval whose losses are as heavy as a policer's. */
static void bbr_lt_bw_interval(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct bbr *bbr = bbr_ca(sk);
	u32 lost = tp->lost - bbr->lt_last_lost, delivered = tp->delivered - bbr->lt_last_delivered, t;

	if (!delivered || lost << BBR_SCALE < BBR_LT_LOSS_THRESH * delivered)
		return;
	t = (u32)(tp->delivered_mstamp / USEC_PER_MSEC) - bbr->lt_last_stamp; /* ms */
	if ((s32)t < 1)
		return;
	if (t >= ~0U / USEC_PER_MSEC) {
		bbr_reset_lt_bw_sampling(sk);
		return;
	}
	bbr_lt_bw_interval_done(sk, (u32)((u64)delivered * BW_UNIT / (t * USEC_PER_MSEC)));
}

void bbr_lt_bw_sampling(struct sock *sk, const struct rate_sample *rs)
{
	TRACE_SK(sk, "look for a policer: intervals between losses, at least four rounds long");
	struct bbr *bbr = bbr_ca(sk);

	if (bbr->lt_use_bw) {
		if (bbr->mode == BBR_PROBE_BW && bbr->round_start &&
		    ++bbr->lt_rtt_cnt >= BBR_LT_BW_MAX_RTTS) {
			bbr_reset_lt_bw_sampling(sk);
			bbr_reset_probe_bw_mode(sk);
		}
		return;
	}
	if (!bbr->lt_is_sampling) {
		if (!rs->losses)
			return;
		bbr_reset_lt_bw_sampling_interval(sk);
		bbr->lt_is_sampling = 1;
	}
	if (rs->is_app_limited) {
		bbr_reset_lt_bw_sampling(sk);
		return;
	}
	if (bbr->round_start)
		bbr->lt_rtt_cnt++;
	if (bbr->lt_rtt_cnt < BBR_LT_INTVL_MIN_RTTS)
		return;
	if (bbr->lt_rtt_cnt > 4 * BBR_LT_INTVL_MIN_RTTS) {
		bbr_reset_lt_bw_sampling(sk); /* too long: the losses are of other making */
		return;
	}
	if (rs->losses)
		bbr_lt_bw_interval(sk);
}

/* ---- the delivery rate ---- */

void bbr_update_bw(struct sock *sk, const struct rate_sample *rs)
{
	TRACE_SK(sk, "take an ACK's delivery rate; does a round trip begin?");
	const struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *bbr = bbr_ca(sk);
	u64 bw;

	bbr->round_start = 0;
	if (rs->delivered < 0 || rs->interval_us <= 0)
		return; /* no sample */
	if (!before(rs->prior_delivered, bbr->next_rtt_delivered)) {
		bbr->next_rtt_delivered = tp->delivered;
		bbr->rtt_cnt++;
		bbr->round_start = 1;
		bbr->packet_conservation = 0;
	}
	bbr_lt_bw_sampling(sk, rs);
	bw = (u64)rs->delivered * BW_UNIT / (u64)rs->interval_us;
	/* a sender that had nothing to send shows less than the path takes */
	if (!rs->is_app_limited || bw >= bbr_max_bw(sk))
		minmax_running_max(&bbr->bw, BBR_BW_RTTS, bbr->rtt_cnt, (u32)bw);
}

/* ---- clumps of ACKs ---- */

void bbr_update_ack_aggregation(struct sock *sk, const struct rate_sample *rs)
{
	TRACE_SK(sk, "how many more packets than the rate explains are acknowledged at once?");
	const struct tcp_sock *tp = tcp_sk(sk);
	struct bbr *bbr = bbr_ca(sk);
	u32 expected, extra;

	if (!rs->acked_sacked || rs->delivered < 0 || rs->interval_us <= 0)
		return;
	if (bbr->round_start) {
		bbr->extra_acked_win_rtts = min(0x1FU, bbr->extra_acked_win_rtts + 1U) & 0x1F;
		if (bbr->extra_acked_win_rtts >= BBR_EXTRA_ACKED_WIN_RTTS) {
			bbr->extra_acked_win_rtts = 0;
			bbr->extra_acked_win_idx = !bbr->extra_acked_win_idx;
			bbr->extra_acked[bbr->extra_acked_win_idx] = 0;
		}
	}
	expected = (u32)((u64)bbr_bw(sk) * tcp_stamp_us_delta(tp->delivered_mstamp, bbr->ack_epoch_mstamp) /
			 BW_UNIT);
	/* an epoch lasts as long as ACKs are ahead of the rate */
	if (bbr->ack_epoch_acked <= expected ||
	    bbr->ack_epoch_acked + rs->acked_sacked >= BBR_ACK_EPOCH_ACKED_RESET_THRESH) {
		bbr->ack_epoch_acked = 0;
		bbr->ack_epoch_mstamp = tp->delivered_mstamp;
		expected = 0;
	}
	bbr->ack_epoch_acked = min(0xFFFFFU, bbr->ack_epoch_acked + rs->acked_sacked) & 0xFFFFF;
	extra = min(bbr->ack_epoch_acked - expected, tcp_snd_cwnd(tp));
	if (extra > bbr->extra_acked[bbr->extra_acked_win_idx])
		bbr->extra_acked[bbr->extra_acked_win_idx] = (u16)extra;
}

/* ---- the pipe ---- */

void bbr_check_full_bw_reached(struct sock *sk, const struct rate_sample *rs)
{
	TRACE_SK(sk, "has the rate stopped growing by a quarter a round? then the pipe is full");
	struct bbr *bbr = bbr_ca(sk);

	if (bbr_full_bw_reached(sk) || !bbr->round_start || rs->is_app_limited)
		return;
	if (bbr_max_bw(sk) >= (u32)((u64)bbr->full_bw * BBR_FULL_BW_THRESH >> BBR_SCALE)) {
		bbr->full_bw = bbr_max_bw(sk);
		bbr->full_bw_cnt = 0;
		return;
	}
	bbr->full_bw_cnt = (bbr->full_bw_cnt + 1U) & 3;
	bbr->full_bw_reached = bbr->full_bw_cnt >= BBR_FULL_BW_CNT;
}
