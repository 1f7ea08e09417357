/*
 * DCTCP (RFC 8257): congestion control for data centres, whose switches mark packets (ECN) as soon as their
 * queue is longer than a few packets. The receiver echoes each mark exactly; the sender keeps a mean of the
 * marked share, alpha, and reduces its window by half of that share instead of by half.
 *
 * It needs a peer that agrees to ECN; without, the connection falls back to Reno.
 */
#include "stack/transport/tcp_output.h"

#define DCTCP_MAX_ALPHA 1024U /* alpha is in 1/1024 */

/* A connection's state, in icsk_ca_priv. */
struct dctcp {
	u32 old_delivered, old_delivered_ce; /* when the observation window began */
	u32 prior_rcv_nxt;		     /* what had been received before the packet at hand */
	u32 dctcp_alpha;		     /* mean share of marked packets */
	u32 next_seq;			     /* the observation window ends when this is acknowledged */
	u32 ce_state;			     /* was the last packet received marked? */
	u32 loss_cwnd;			     /* the window before the last reduction */
};

static const struct tcp_congestion_ops dctcp_reno;

static inline struct dctcp *dctcp_ca(const struct sock *sk)
{
	return (struct dctcp *)inet_csk_ca(sk);
}

static inline const struct tcp_cong_params *dctcp_params(const struct sock *sk)
{
	return &sock_net(sk)->tcp->cong_params;
}

/* ---- the sender ---- */

static void dctcp_reset(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct dctcp *ca = dctcp_ca(sk);

	ca->next_seq = tp->snd_nxt;
	ca->old_delivered = tp->delivered;
	ca->old_delivered_ce = tp->delivered_ce;
}

static void dctcp_init(struct sock *sk)
{
	TRACE_SK(sk, "begin with the highest alpha, or use reno where the peer knows no ECN");
	struct dctcp *ca = dctcp_ca(sk);

	if (!(tcp_sk(sk)->ecn_flags & TCP_ECN_OK) && sk->sk_state != TCP_LISTEN &&
	    sk->sk_state != TCP_CLOSE) {
		inet_csk(sk)->icsk_ca_ops = &dctcp_reno;
		INET_ECN_dontxmit(sk);
		return;
	}
	ca->prior_rcv_nxt = tcp_sk(sk)->rcv_nxt;
	ca->dctcp_alpha = min((u32)dctcp_params(sk)->dctcp_alpha_on_init, DCTCP_MAX_ALPHA);
	ca->loss_cwnd = 0;
	ca->ce_state = 0;
	dctcp_reset(sk);
}

static u32 dctcp_ssthresh(struct sock *sk)
{
	TRACE_SK(sk, "slow start threshold upon marks: the window less half the marked share");
	const struct tcp_sock *tp = tcp_sk(sk);
	struct dctcp *ca = dctcp_ca(sk);

	ca->loss_cwnd = tp->snd_cwnd;
	return max(tp->snd_cwnd - (u32)(((u64)tp->snd_cwnd * ca->dctcp_alpha) >> 11), 2U);
}

static void dctcp_update_alpha(struct sock *sk, u32 flags)
{
	TRACE_SK(sk, "once per round trip: move alpha towards the share of packets that were marked");
	const struct tcp_sock *tp = tcp_sk(sk);
	const int shift_g = dctcp_params(sk)->dctcp_shift_g;
	struct dctcp *ca = dctcp_ca(sk);
	u32 delivered_ce, alpha = ca->dctcp_alpha, decay;

	(void)flags;
	if (before(tp->snd_una, ca->next_seq))
		return;
	/* alpha = (1 - g) * alpha + g * share, g = 1 / 2^shift_g; what is too small to be shifted becomes 0
	 */
	decay = alpha >> shift_g;
	alpha -= decay ? decay : alpha;
	delivered_ce = tp->delivered_ce - ca->old_delivered_ce;
	if (delivered_ce) {
		u32 delivered = tp->delivered - ca->old_delivered;

		alpha += (delivered_ce << (10 - shift_g)) / max(1U, delivered);
		alpha = min(alpha, DCTCP_MAX_ALPHA);
	}
	ca->dctcp_alpha = alpha;
	dctcp_reset(sk);
}

/* A packet was lost: that is worse than any mark. */
static void dctcp_react_to_loss(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	dctcp_ca(sk)->loss_cwnd = tp->snd_cwnd;
	tp->snd_ssthresh = max(tp->snd_cwnd >> 1U, 2U);
}

static void dctcp_state(struct sock *sk, u8 new_state)
{
	TRACE_SK(sk, "halve the threshold when packets were lost");

	if (new_state == TCP_CA_Recovery && new_state != inet_csk(sk)->icsk_ca_state)
		dctcp_react_to_loss(sk);
}

static u32 dctcp_cwnd_undo(struct sock *sk)
{
	TRACE_SK(sk, "window from before a reduction that was not due");

	return max(tcp_sk(sk)->snd_cwnd, dctcp_ca(sk)->loss_cwnd);
}

/* ---- the receiver ---- */

static void dctcp_ece_ack_cwr(struct sock *sk, u32 ce_state)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (ce_state)
		tp->ecn_flags |= TCP_ECN_DEMAND_CWR;
	else
		tp->ecn_flags &= (u8)~TCP_ECN_DEMAND_CWR;
}

/*
 * An ACK stands for packets that were all marked or all unmarked: where that changes, what is not yet
 * acknowledged is, with the old state, and the packet at hand at once.
 */
static void dctcp_ece_ack_update(struct sock *sk, u32 new_ce_state)
{
	TRACE_SK(sk, "echo the marks exactly: acknowledge at once when they begin or end");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct dctcp *ca = dctcp_ca(sk);

	if (ca->ce_state != new_ce_state) {
		if (icsk->icsk_ack.pending & ICSK_ACK_TIMER) {
			dctcp_ece_ack_cwr(sk, ca->ce_state);
			__tcp_send_ack(sk, ca->prior_rcv_nxt);
		}
		icsk->icsk_ack.pending |= ICSK_ACK_NOW;
	}
	ca->prior_rcv_nxt = tcp_sk(sk)->rcv_nxt;
	ca->ce_state = new_ce_state;
	dctcp_ece_ack_cwr(sk, new_ce_state);
}

static void dctcp_cwnd_event(struct sock *sk, enum tcp_ca_event ev)
{
	TRACE_SK(sk, "a mark, none, or a retransmission timeout");

	switch (ev) {
	case CA_EVENT_ECN_IS_CE:
	case CA_EVENT_ECN_NO_CE:
		dctcp_ece_ack_update(sk, ev == CA_EVENT_ECN_IS_CE);
		break;
	case CA_EVENT_LOSS:
		dctcp_react_to_loss(sk);
		break;
	default:
		break; /* the other events change nothing */
	}
}

/* ---- the tables ---- */

static size_t dctcp_get_info(const struct sock *sk, union tcp_cc_info *info)
{
	TRACE_SK(sk, "tell alpha, the state of marks, and the bytes of this round trip");
	const struct dctcp *ca = dctcp_ca(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	info->dctcp = (struct tcp_dctcp_info){ .dctcp_enabled = 0 };
	if (inet_csk(sk)->icsk_ca_ops != &dctcp_reno) {
		info->dctcp.dctcp_enabled = 1;
		info->dctcp.dctcp_ce_state = (u16)ca->ce_state;
		info->dctcp.dctcp_alpha = ca->dctcp_alpha;
		info->dctcp.dctcp_ab_ecn = tp->mss_cache * (tp->delivered_ce - ca->old_delivered_ce);
		info->dctcp.dctcp_ab_tot = tp->mss_cache * (tp->delivered - ca->old_delivered);
	}
	return sizeof(info->dctcp);
}

const struct tcp_congestion_ops dctcp = {
	.ssthresh = dctcp_ssthresh,
	.cong_avoid = tcp_reno_cong_avoid,
	.set_state = dctcp_state,
	.cwnd_event = dctcp_cwnd_event,
	.in_ack_event = dctcp_update_alpha,
	.undo_cwnd = dctcp_cwnd_undo,
	.get_info = dctcp_get_info,
	.init = dctcp_init,
	.flags = TCP_CONG_NEEDS_ECN,
	.name = "dctcp",
};

static const struct tcp_congestion_ops dctcp_reno = {
	.ssthresh = tcp_reno_ssthresh,
	.cong_avoid = tcp_reno_cong_avoid,
	.undo_cwnd = tcp_reno_undo_cwnd,
	.get_info = dctcp_get_info,
	.name = "dctcp-reno",
};
