/*
 * Round trip time and what follows from it: the retransmission timeout (RFC 6298 in Linux's form), the
 * minimum over a window of time (RACK, delivery rate), the pacing rate.
 */
#include "stack/transport/tcp_input.h"

/* ---- windowed minimum and maximum ---- */

/*
 * Keeps the three best samples of the last `win` ticks: s[0] the best (least or largest), s[1] the best of
 * those after it, s[2] likewise; so that when s[0] grows too old a recent one can take its place.
 */
static u32 minmax_subwin_update(struct minmax *m, u32 win, const struct minmax_sample *val)
{
	u32 age = val->t - m->s[0].t;

	if (unlikely(age > win)) {
		m->s[0] = m->s[1];
		m->s[1] = m->s[2];
		m->s[2] = *val;
		if (unlikely(val->t - m->s[0].t > win)) {
			m->s[0] = m->s[1];
			m->s[1] = m->s[2];
			m->s[2] = *val;
		}
	} else if (unlikely(m->s[1].t == m->s[0].t) && age > win / 4) {
		m->s[2] = m->s[1] = *val;
	} else if (unlikely(m->s[2].t == m->s[1].t) && age > win / 2) {
		m->s[2] = *val;
	}
	return m->s[0].v;
}

u32 minmax_running_min(struct minmax *m, u32 win, u32 t, u32 meas)
{
	struct minmax_sample val = { .t = t, .v = meas };

	if (unlikely(val.v <= m->s[0].v) || unlikely(val.t - m->s[2].t > win))
		return minmax_reset(m, t, meas);
	if (unlikely(val.v <= m->s[1].v))
		m->s[2] = m->s[1] = val;
	else if (unlikely(val.v <= m->s[2].v))
		m->s[2] = val;
	return minmax_subwin_update(m, win, &val);
}

u32 minmax_running_max(struct minmax *m, u32 win, u32 t, u32 meas)
{
	struct minmax_sample val = { .t = t, .v = meas };

	if (unlikely(val.v >= m->s[0].v) || unlikely(val.t - m->s[2].t > win))
		return minmax_reset(m, t, meas);
	if (unlikely(val.v >= m->s[1].v))
		m->s[2] = m->s[1] = val;
	else if (unlikely(val.v >= m->s[2].v))
		m->s[2] = val;
	return minmax_subwin_update(m, win, &val);
}

/* ---- RTT and RTO ---- */

/*
 * Smoothed RTT and its mean deviation, by Jacobson with two changes of Linux: a sample far below the mean
 * moves the deviation only by an eighth (a falling RTT must not raise the RTO), and the variance that counts
 * is the largest deviation of the last round trip, which comes down slowly. srtt_us is kept 8-fold, mdev_us
 * and rttvar_us 4-fold.
 */
static void tcp_rtt_estimator(struct sock *sk, long mrtt_us)
{
	TRACE_SK_LEAF(sk, "add a sample to the smoothed round trip time and its variance");
	struct tcp_sock *tp = tcp_sk(sk);
	long m = mrtt_us;
	u32 srtt = tp->srtt_us;

	if (srtt) {
		m -= srtt >> 3;
		srtt += (u32)m;
		if (m < 0) {
			m = -m - (long)(tp->mdev_us >> 2);
			if (m > 0)
				m >>= 3;
		} else {
			m -= tp->mdev_us >> 2;
		}
		tp->mdev_us += (u32)m;
		if (tp->mdev_us > tp->mdev_max_us) {
			tp->mdev_max_us = tp->mdev_us;
			if (tp->mdev_max_us > tp->rttvar_us)
				tp->rttvar_us = tp->mdev_max_us;
		}
		if (after(tp->snd_una, tp->rtt_seq)) {
			if (tp->mdev_max_us < tp->rttvar_us)
				tp->rttvar_us -= (tp->rttvar_us - tp->mdev_max_us) >> 2;
			tp->rtt_seq = tp->snd_nxt;
			tp->mdev_max_us = tcp_rto_min_us(sk);
		}
	} else {
		srtt = (u32)m << 3;
		tp->mdev_us = (u32)m << 1;
		tp->rttvar_us = max(tp->mdev_us, tcp_rto_min_us(sk));
		tp->mdev_max_us = tp->rttvar_us;
		tp->rtt_seq = tp->snd_nxt;
	}
	tp->srtt_us = max(1U, srtt);
}

void tcp_set_rto(struct sock *sk)
{
	TRACE_SK(sk, "compute the retransmission timeout from the round trip time");

	inet_csk(sk)->icsk_rto = __tcp_set_rto(tcp_sk(sk));
	tcp_bound_rto(sk);
}

static void tcp_update_rtt_min(struct sock *sk, u32 rtt_us, int flag)
{
	TRACE_SK_LEAF(sk, "keep the least round trip time of the last five minutes");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 wlen = (u32)sock_net(sk)->ipv4.sysctl_tcp_min_rtt_wlen * HZ;

	/* a delayed ACK says nothing about the path */
	if ((flag & FLAG_ACK_MAYBE_DELAYED) && rtt_us > tcp_min_rtt(tp))
		return;
	minmax_running_min(&tp->rtt_min, wlen, tcp_jiffies32(sk->host),
			   rtt_us ? rtt_us : jiffies_to_usecs(1));
}

bool tcp_ack_update_rtt(struct sock *sk, int flag, long seq_rtt_us, long sack_rtt_us, long ca_rtt_us,
			struct rate_sample *rs)
{
	TRACE_SK(sk, "take a sample of the round trip time from the ACK");
	const struct tcp_sock *tp = tcp_sk(sk);

	/* Karn: segments that were sent twice give none, but their time stamp's echo does */
	if (seq_rtt_us < 0)
		seq_rtt_us = sack_rtt_us;
	if (seq_rtt_us < 0 && tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr && (flag & FLAG_ACKED)) {
		u32 delta = tcp_time_stamp(tp) - tp->rx_opt.rcv_tsecr;

		if (likely(delta < S32_MAX / (USEC_PER_SEC / TCP_TS_HZ)))
			seq_rtt_us = ca_rtt_us = (long)(delta ? delta : 1) * (USEC_PER_SEC / TCP_TS_HZ);
	}
	rs->rtt_us = ca_rtt_us;
	if (seq_rtt_us < 0)
		return false;

	/* ca_rtt_us is the least: of the segment that was sent last */
	tcp_update_rtt_min(sk, (u32)ca_rtt_us, flag);
	tcp_rtt_estimator(sk, seq_rtt_us);
	tcp_set_rto(sk);
	inet_csk(sk)->icsk_backoff = 0;
	return true;
}

void tcp_synack_rtt_meas(struct sock *sk, struct request_sock *req)
{
	TRACE_SK(sk, "measure the round trip of the handshake");
	struct rate_sample rs;
	long rtt_us = -1;

	if (req && !req->num_retrans && tcp_rsk(req)->snt_synack)
		rtt_us = tcp_stamp_us_delta(tcp_clock_us(sk->host), tcp_rsk(req)->snt_synack);
	tcp_ack_update_rtt(sk, FLAG_SYN_ACKED, rtt_us, -1L, rtt_us, &rs);
}

/* ---- timers ---- */

void tcp_rearm_rto(struct sock *sk)
{
	TRACE_SK(sk, "set the retransmission timer anew, or clear it when nothing is in flight");
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 rto = icsk->icsk_rto;

	if (tp->fastopen_rsk)
		return;
	if (!tp->packets_out) {
		inet_csk_clear_xmit_timer(sk, ICSK_TIME_RETRANS);
		return;
	}
	/* the timer stood for less than the RTO: what has passed since the head was sent counts */
	if (icsk->icsk_pending == ICSK_TIME_REO_TIMEOUT || icsk->icsk_pending == ICSK_TIME_LOSS_PROBE) {
		s64 delta_us = tcp_rto_delta_us(sk);

		rto = (u32)usecs_to_jiffies((u32)max_t(s64, delta_us, 1));
	}
	tcp_reset_xmit_timer(sk, ICSK_TIME_RETRANS, rto, TCP_RTO_MAX);
}

void tcp_set_xmit_timer(struct sock *sk)
{
	TRACE_SK(sk, "set the timer: loss probe if it may be, else retransmission");

	if (!tcp_schedule_loss_probe(sk, true))
		tcp_rearm_rto(sk);
}

/* ---- pacing ---- */

/* One window per RTT, with some room to grow: twice that in slow start, 1.2 times after it. */
void tcp_update_pacing_rate(struct sock *sk)
{
	TRACE_SK_LEAF(sk, "set the pacing rate from window and round trip time");
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct netns_ipv4 *sysctl = &sock_net(sk)->ipv4;
	u64 rate = (u64)tp->mss_cache * ((USEC_PER_SEC / 100) << 3);

	rate *= tcp_snd_cwnd(tp) < tp->snd_ssthresh / 2 ? sysctl->sysctl_tcp_pacing_ss_ratio
							: sysctl->sysctl_tcp_pacing_ca_ratio;
	rate *= max(tcp_snd_cwnd(tp), tp->packets_out);
	if (likely(tp->srtt_us))
		rate /= tp->srtt_us;
	sk->sk_pacing_rate = min_t(u64, rate, sk->sk_max_pacing_rate);
}
