/*
 * BBR's state of a connection, shared by tcp_bbr.c (modes, pacing, window) and tcp_bbr_model.c (estimates).
 */
#ifndef STACK_TRANSPORT_TCP_BBR_H
#define STACK_TRANSPORT_TCP_BBR_H

#include "stack/transport/tcp_input.h"

#define BW_SCALE 24 /* rates are in packets per us, times 2^24 */
#define BW_UNIT (1 << BW_SCALE)
#define BBR_SCALE 8 /* gains are in 1/256 */
#define BBR_UNIT (1 << BBR_SCALE)

#define BBR_CYCLE_LEN 8
#define BBR_MIN_RTT_WIN_SEC 10
#define BBR_PROBE_RTT_MODE_MS 200

enum bbr_mode { BBR_STARTUP, BBR_DRAIN, BBR_PROBE_BW, BBR_PROBE_RTT };

/* In icsk_ca_priv. */
struct bbr {
	u32 min_rtt_us;		  /* smallest RTT of ten seconds; ~0: none yet */
	u32 min_rtt_stamp;	  /* jiffies: when that was taken */
	u32 probe_rtt_done_stamp; /* jiffies: when PROBE_RTT may end; 0: not yet known */
	struct minmax bw;	  /* largest delivery rate of ten round trips */
	u32 rtt_cnt;		  /* round trips so far */
	u32 next_rtt_delivered;	  /* tp->delivered at which the round trip ends */
	u64 cycle_mstamp;	  /* us: when this phase of the gain cycle began */
	u32 mode : 3, prev_ca_state : 3;
	u32 packet_conservation : 1; /* first round of a recovery */
	u32 round_start : 1;	     /* this ACK begins a round trip */
	u32 idle_restart : 1;	     /* sending began after silence */
	u32 probe_rtt_round_done : 1;
	u32 lt_is_sampling : 1, lt_rtt_cnt : 7, lt_use_bw : 1; /* a policer is looked for, since, is obeyed */
	u32 lt_bw;					       /* its rate */
	u32 lt_last_delivered, lt_last_lost, lt_last_stamp;    /* when the interval began; ms */
	u32 pacing_gain : 10, cwnd_gain : 10;
	u32 full_bw_reached : 1, full_bw_cnt : 2; /* the pipe was filled; rounds without growth */
	u32 cycle_idx : 3, has_seen_rtt : 1;
	u32 prior_cwnd; /* the window before a recovery or PROBE_RTT */
	u32 full_bw;	/* the rate that growth is measured by */
	u64 ack_epoch_mstamp;
	u16 extra_acked[2];	  /* largest surplus of ACKs in this and the last five rounds */
	u32 ack_epoch_acked : 20; /* packets acknowledged in this epoch */
	u32 extra_acked_win_rtts : 5, extra_acked_win_idx : 1;
};

_Static_assert(sizeof(struct bbr) <= ICSK_CA_PRIV_SIZE, "BBR's state fits the socket");

static inline struct bbr *bbr_ca(const struct sock *sk)
{
	return (struct bbr *)inet_csk_ca(sk);
}

static inline bool bbr_full_bw_reached(const struct sock *sk)
{
	return bbr_ca(sk)->full_bw_reached;
}

static inline u32 bbr_max_bw(const struct sock *sk)
{
	return minmax_get(&bbr_ca(sk)->bw);
}

/* The rate to go by: a policer's if there is one. */
static inline u32 bbr_bw(const struct sock *sk)
{
	return bbr_ca(sk)->lt_use_bw ? bbr_ca(sk)->lt_bw : bbr_max_bw(sk);
}

static inline u32 bbr_extra_acked(const struct sock *sk)
{
	return max(bbr_ca(sk)->extra_acked[0], bbr_ca(sk)->extra_acked[1]);
}

/* ---- tcp_bbr.c ---- */
u64 bbr_rate_bytes_per_sec(const struct sock *sk, u64 rate, u32 gain);
void bbr_reset_probe_bw_mode(struct sock *sk);

/* ---- tcp_bbr_model.c ---- */
void bbr_update_bw(struct sock *sk, const struct rate_sample *rs);
void bbr_update_ack_aggregation(struct sock *sk, const struct rate_sample *rs);
void bbr_check_full_bw_reached(struct sock *sk, const struct rate_sample *rs);
void bbr_reset_lt_bw_sampling(struct sock *sk);
void bbr_lt_bw_sampling(struct sock *sk, const struct rate_sample *rs);

#endif
