/*
 * Congestion control: the operations table of an algorithm, one inline wrapper per slot (which also
 * marks the call in the chart), and the rate sample that an ACK yields. Reached through tcp.h.
 */
#ifndef STACK_TRANSPORT_TCP_CONG_H
#define STACK_TRANSPORT_TCP_CONG_H

#include "stack/transport/tcp_types.h"

#define TCP_CA_NAME_MAX 16

#define TCP_CONG_NON_RESTRICTED 0x1
#define TCP_CONG_NEEDS_ECN 0x2

/* enum tcp_ca_state (TCP_CA_Open, Disorder, CWR, Recovery, Loss) is <netinet/tcp.h>'s. */
#define TCPF_CA_Open (1 << TCP_CA_Open)
#define TCPF_CA_Disorder (1 << TCP_CA_Disorder)
#define TCPF_CA_CWR (1 << TCP_CA_CWR)
#define TCPF_CA_Recovery (1 << TCP_CA_Recovery)
#define TCPF_CA_Loss (1 << TCP_CA_Loss)

enum tcp_ca_event {
	CA_EVENT_TX_START,     /* first transmission when nothing is in flight */
	CA_EVENT_CWND_RESTART, /* congestion window restarts after idling */
	CA_EVENT_COMPLETE_CWR, /* end of a congestion recovery */
	CA_EVENT_LOSS,	       /* retransmission timeout */
	CA_EVENT_ECN_NO_CE,    /* ECT came without CE */
	CA_EVENT_ECN_IS_CE,    /* CE came */
};

enum tcp_ca_ack_event_flags {
	CA_ACK_SLOWPATH = 1 << 0,
	CA_ACK_WIN_UPDATE = 1 << 1,
	CA_ACK_ECE = 1 << 2,
};

struct ack_sample {
	u32 pkts_acked;
	s32 rtt_us;
	u32 in_flight;
};

/* What one ACK says about the rate of delivery. */
struct rate_sample {
	u64 prior_mstamp;
	u32 prior_delivered, prior_delivered_ce;
	s32 delivered, delivered_ce;
	long interval_us;
	u32 snd_interval_us, rcv_interval_us;
	long rtt_us;
	int losses;
	u32 acked_sacked, prior_in_flight, last_end_seq;
	bool is_app_limited, is_retrans, is_ack_delayed;
};

/* What TCP_CC_INFO gives, as <linux/inet_diag.h> has it. */
union tcp_cc_info {
	struct tcp_dctcp_info {
		u16 dctcp_enabled, dctcp_ce_state;
		u32 dctcp_alpha, dctcp_ab_ecn, dctcp_ab_tot;
	} dctcp;
	struct tcp_bbr_info {
		u32 bbr_bw_lo, bbr_bw_hi;	    /* bytes per second */
		u32 bbr_min_rtt;		    /* us */
		u32 bbr_pacing_gain, bbr_cwnd_gain; /* times 256 */
	} bbr;
};

struct tcp_congestion_ops {
	/* returns the slow start threshold upon a loss (required) */
	u32 (*ssthresh)(struct sock *sk);
	/* grows the window upon `acked` packets (required, unless cong_control) */
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	/* told before the CA state changes */
	void (*set_state)(struct sock *sk, u8 new_state);
	/* told of window events */
	void (*cwnd_event)(struct sock *sk, enum tcp_ca_event ev);
	/* told of each ACK: enum tcp_ca_ack_event_flags */
	void (*in_ack_event)(struct sock *sk, u32 flags);
	/* told of packets that were acknowledged, with an RTT sample */
	void (*pkts_acked)(struct sock *sk, const struct ack_sample *sample);
	/* overrides sysctl_tcp_min_tso_segs */
	u32 (*min_tso_segs)(struct sock *sk);
	/* replaces cong_avoid and the pacing rate's update */
	void (*cong_control)(struct sock *sk, const struct rate_sample *rs);
	/* returns the window before a reduction that proved wrong (required) */
	u32 (*undo_cwnd)(struct sock *sk);
	/* factor of the send buffer over the window */
	u32 (*sndbuf_expand)(struct sock *sk);
	void (*init)(struct sock *sk);
	void (*release)(struct sock *sk);
	/* tells about itself for TCP_CC_INFO: returns the bytes written */
	size_t (*get_info)(const struct sock *sk, union tcp_cc_info *info);
	u32 flags; /* TCP_CONG_* */
	const char *name;
};

/* Operations of the algorithms that are built in, each in the file of its name. */
extern const struct tcp_congestion_ops tcp_reno;
extern const struct tcp_congestion_ops cubictcp;
extern const struct tcp_congestion_ops dctcp;
extern const struct tcp_congestion_ops tcp_bbr_cong_ops;

/* Parameters of the modules, one set a host: /sys/module/tcp_cubic/parameters, .../tcp_dctcp/parameters. */
struct tcp_cong_params {
	int fast_convergence, initial_ssthresh, tcp_friendliness;
	int hystart, hystart_detect, hystart_low_window, hystart_ack_delta_us;
	int dctcp_shift_g, dctcp_alpha_on_init;
};

/* hystart_detect */
#define HYSTART_ACK_TRAIN 0x1
#define HYSTART_DELAY 0x2

static inline u32 tcp_ca_ssthresh(struct sock *sk)
{
	TRACE_OP(sk, "ssthresh");
	return inet_csk(sk)->icsk_ca_ops->ssthresh(sk);
}

static inline void tcp_ca_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	TRACE_OP(sk, "cong_avoid");
	inet_csk(sk)->icsk_ca_ops->cong_avoid(sk, ack, acked);
}

static inline void tcp_ca_set_state(struct sock *sk, u8 new_state)
{
	if (inet_csk(sk)->icsk_ca_ops->set_state) {
		TRACE_OP(sk, "set_state");
		inet_csk(sk)->icsk_ca_ops->set_state(sk, new_state);
	}
}

static inline void tcp_ca_in_ack_event(struct sock *sk, u32 flags)
{
	if (inet_csk(sk)->icsk_ca_ops->in_ack_event) {
		TRACE_OP(sk, "in_ack_event");
		inet_csk(sk)->icsk_ca_ops->in_ack_event(sk, flags);
	}
}

static inline void tcp_ca_pkts_acked(struct sock *sk, const struct ack_sample *sample)
{
	if (inet_csk(sk)->icsk_ca_ops->pkts_acked) {
		TRACE_OP(sk, "pkts_acked");
		inet_csk(sk)->icsk_ca_ops->pkts_acked(sk, sample);
	}
}

static inline u32 tcp_ca_min_tso_segs(struct sock *sk)
{
	if (!inet_csk(sk)->icsk_ca_ops->min_tso_segs)
		return sock_net(sk)->ipv4.sysctl_tcp_min_tso_segs;
	TRACE_OP(sk, "min_tso_segs");
	return inet_csk(sk)->icsk_ca_ops->min_tso_segs(sk);
}

static inline void tcp_ca_cong_control(struct sock *sk, const struct rate_sample *rs)
{
	TRACE_OP(sk, "cong_control");
	inet_csk(sk)->icsk_ca_ops->cong_control(sk, rs);
}

static inline u32 tcp_ca_undo_cwnd(struct sock *sk)
{
	TRACE_OP(sk, "undo_cwnd");
	return inet_csk(sk)->icsk_ca_ops->undo_cwnd(sk);
}

static inline u32 tcp_ca_sndbuf_expand(struct sock *sk)
{
	if (!inet_csk(sk)->icsk_ca_ops->sndbuf_expand)
		return 2;
	TRACE_OP(sk, "sndbuf_expand");
	return inet_csk(sk)->icsk_ca_ops->sndbuf_expand(sk);
}

static inline void tcp_ca_init(struct sock *sk)
{
	if (inet_csk(sk)->icsk_ca_ops->init) {
		TRACE_OP(sk, "init");
		inet_csk(sk)->icsk_ca_ops->init(sk);
	}
}

static inline void tcp_ca_release(struct sock *sk)
{
	if (inet_csk(sk)->icsk_ca_ops->release) {
		TRACE_OP(sk, "release");
		inet_csk(sk)->icsk_ca_ops->release(sk);
	}
}

static inline size_t tcp_ca_get_info(const struct sock *sk, union tcp_cc_info *info)
{
	if (!inet_csk(sk)->icsk_ca_ops->get_info)
		return 0;
	TRACE_OP(sk, "get_info");
	return inet_csk(sk)->icsk_ca_ops->get_info(sk, info);
}

static inline bool tcp_ca_needs_ecn(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ca_ops->flags & TCP_CONG_NEEDS_ECN;
}

static inline void tcp_ca_event(struct sock *sk, const enum tcp_ca_event event)
{
	TRACE_SK(sk, "tell the congestion control of a window event");

	if (inet_csk(sk)->icsk_ca_ops->cwnd_event) {
		TRACE_OP(sk, "cwnd_event");
		inet_csk(sk)->icsk_ca_ops->cwnd_event(sk, event);
	}
}

/* ---- tcp_cong.c ---- */
void tcp_cong_init(struct net *net);
const struct tcp_congestion_ops *tcp_ca_find(const char *name);
const struct tcp_congestion_ops *tcp_ca_find_key(struct net *net, u32 key);
u32 tcp_ca_get_key_by_name(const char *name, bool *ecn_ca);
const char *tcp_ca_get_name_by_key(u32 key);
void tcp_assign_congestion_control(struct sock *sk);
void tcp_init_congestion_control(struct sock *sk);
void tcp_cleanup_congestion_control(struct sock *sk);
int tcp_set_default_congestion_control(struct net *net, const char *name);
void tcp_get_available_congestion_control(char *buf, size_t len);
void tcp_get_allowed_congestion_control(const struct net *net, char *buf, size_t len);
int tcp_set_allowed_congestion_control(struct net *net, const char *names);
int tcp_set_congestion_control(struct sock *sk, const char *name, bool load, bool cap_net_admin);
u32 tcp_slow_start(struct tcp_sock *tp, u32 acked);
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked);
u32 tcp_reno_ssthresh(struct sock *sk);
u32 tcp_reno_undo_cwnd(struct sock *sk);
void tcp_reno_cong_avoid(struct sock *sk, u32 ack, u32 acked);
void tcp_set_ca_state(struct sock *sk, const u8 ca_state);

#endif
