/*
 * RACK (RFC 8985): a segment is lost when another that was sent sufficiently later has been delivered.
 *
 * rack.mstamp/end_seq name the most recently sent segment known to be delivered, rack.rtt_us its round trip.
 * A segment sent before it is lost once rtt_us + reordering window have passed since it was sent; until then
 * a timer (ICSK_TIME_REO_TIMEOUT) waits for the rest. The window is a quarter of the least RTT, more after
 * duplicate SACKs, nothing when no reordering was ever seen and losses are plain.
 */
#include "stack/transport/tcp_input.h"

static u32 tcp_rack_reo_wnd(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->reord_seen) {
		/* no reordering is known: no patience in recovery, or with three segments SACKed */
		if (inet_csk(sk)->icsk_ca_state >= TCP_CA_Recovery)
			return 0;
		if (tp->sacked_out >= tp->reordering &&
		    !(sock_net(sk)->ipv4.sysctl_tcp_recovery & TCP_RACK_NO_DUPTHRESH))
			return 0;
	}
	return min((tcp_min_rtt(tp) >> 2) * tp->rack.reo_wnd_steps, tp->srtt_us >> 3);
}

/* us until the segment is lost; 0 or less: it is. */
s32 tcp_rack_skb_timeout(struct tcp_sock *tp, struct sk_buff *skb, u32 reo_wnd)
{
	return (s32)(tp->rack.rtt_us + reo_wnd -
		     tcp_stamp_us_delta(tp->tcp_mstamp, tcp_skb_timestamp_us(skb)));
}

/* Marks what is lost; returns the us until more may be, 0 for never. */
static u32 tcp_rack_detect_loss(struct sock *sk)
{
	TRACE_SK(sk, "take for lost what was sent sufficiently before something that was delivered");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 reo_wnd = tcp_rack_reo_wnd(sk), timeout = 0;
	struct sk_buff *skb, *next;

	list_for_each_entry_safe (skb, next, &tp->tsorted_sent_queue, tcp_tsorted_anchor) {
		const struct tcp_skb_cb *scb = TCP_SKB_CB(skb);
		s32 remaining;

		if ((scb->sacked & TCPCB_LOST) && !(scb->sacked & TCPCB_SACKED_RETRANS))
			continue;
		/* the list is in the order of sending: nothing behind is old enough */
		if (!tcp_skb_sent_after(tp->rack.mstamp, tcp_skb_timestamp_us(skb), tp->rack.end_seq,
					scb->end_seq))
			break;
		remaining = tcp_rack_skb_timeout(tp, skb, reo_wnd);
		if (remaining <= 0) {
			tcp_mark_skb_lost(sk, skb);
			list_del_init(&skb->tcp_tsorted_anchor);
		} else {
			timeout = max_t(u32, (u32)remaining, timeout);
		}
	}
	return timeout;
}

bool tcp_rack_mark_lost(struct sock *sk)
{
	TRACE_SK(sk, "find losses by time, and set the timer for those in doubt");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 timeout;

	if (!tp->rack.advanced)
		return false;
	tp->rack.advanced = 0;
	timeout = tcp_rack_detect_loss(sk);
	if (timeout)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_REO_TIMEOUT,
					  usecs_to_jiffies(timeout) + TCP_TIMEOUT_MIN,
					  inet_csk(sk)->icsk_rto);
	return timeout;
}

void tcp_rack_advance(struct tcp_sock *tp, u8 sacked, u32 end_seq, u64 xmit_time)
{
	TRACE_SK_LEAF((struct sock *)tp, "remember the last sent segment that was delivered");
	u32 rtt_us = tcp_stamp_us_delta(tp->tcp_mstamp, xmit_time);

	/* less than ever measured: not the retransmission was delivered but the original */
	if (rtt_us < tcp_min_rtt(tp) && (sacked & TCPCB_RETRANS))
		return;
	tp->rack.advanced = 1;
	tp->rack.rtt_us = rtt_us;
	if (tcp_skb_sent_after(xmit_time, tp->rack.mstamp, end_seq, tp->rack.end_seq)) {
		tp->rack.mstamp = xmit_time;
		tp->rack.end_seq = end_seq;
	}
}

void tcp_rack_reo_timeout(struct sock *sk)
{
	TRACE_SK(sk, "the reordering window is over: what has not come is lost");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 prior_inflight = tcp_packets_in_flight(tp), lost = tp->lost;

	tcp_rack_detect_loss(sk);
	if (prior_inflight != tcp_packets_in_flight(tp)) {
		if (inet_csk(sk)->icsk_ca_state != TCP_CA_Recovery) {
			tcp_enter_recovery(sk, false);
			if (!inet_csk(sk)->icsk_ca_ops->cong_control)
				tcp_cwnd_reduction(sk, 1, (int)(tp->lost - lost), 0);
		}
		tcp_xmit_retransmit_queue(sk);
	}
	if (inet_csk(sk)->icsk_pending != ICSK_TIME_RETRANS)
		tcp_rearm_rto(sk);
}

void tcp_rack_update_reo_wnd(struct sock *sk, struct rate_sample *rs)
{
	TRACE_SK_LEAF(sk, "widen the reordering window after duplicate SACKs, narrow it again later");
	struct tcp_sock *tp = tcp_sk(sk);

	if ((sock_net(sk)->ipv4.sysctl_tcp_recovery & TCP_RACK_STATIC_REO_WND) || !rs->prior_delivered)
		return;
	/* once per round trip */
	if (before(rs->prior_delivered, tp->rack.last_delivered))
		tp->rack.dsack_seen = 0;
	if (tp->rack.dsack_seen) {
		tp->rack.reo_wnd_steps = (u8)min_t(u32, 0xff, tp->rack.reo_wnd_steps + 1u);
		tp->rack.dsack_seen = 0;
		tp->rack.last_delivered = tp->delivered;
		tp->rack.reo_wnd_persist = TCP_RACK_RECOVERY_THRESH;
	} else if (!tp->rack.reo_wnd_persist) {
		tp->rack.reo_wnd_steps = 1;
	}
}
