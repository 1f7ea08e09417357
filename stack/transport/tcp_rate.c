/*
 * Delivery rate samples: how many packets were delivered between the sending of a packet and its ACK.
 *
 * Each packet carries what had been delivered when it was sent. When it is acknowledged, the packets
 * delivered since, over the longer of the time it took to send them and the time it took to have them
 * acknowledged, are the rate. A sample from a time when the program had nothing to send (app limited) says
 * only that the path takes at least so much.
 */
#include "stack/transport/tcp_input.h"

void tcp_rate_skb_sent(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "note in the packet what has been delivered so far");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *scb = TCP_SKB_CB(skb);

	/* nothing was in flight: the interval begins here */
	if (!tp->packets_out) {
		u64 tstamp_us = tcp_skb_timestamp_us(skb);

		tp->first_tx_mstamp = tstamp_us;
		tp->delivered_mstamp = tstamp_us;
	}
	scb->tx.first_tx_mstamp = tp->first_tx_mstamp;
	scb->tx.delivered_mstamp = tp->delivered_mstamp;
	scb->tx.delivered = tp->delivered;
	scb->tx.is_app_limited = tp->app_limited ? 1 : 0;
}

void tcp_rate_skb_delivered(struct sock *sk, struct sk_buff *skb, struct rate_sample *rs)
{
	TRACE_SKB_LEAF(skb, "a packet was delivered: begin a rate sample from the one sent last");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *scb = TCP_SKB_CB(skb);
	u64 tx_tstamp;

	if (!scb->tx.delivered_mstamp)
		return;
	tx_tstamp = tcp_skb_timestamp_us(skb);
	if (!rs->prior_delivered ||
	    tcp_skb_sent_after(tx_tstamp, tp->first_tx_mstamp, scb->end_seq, rs->last_end_seq)) {
		rs->prior_delivered = scb->tx.delivered;
		rs->prior_mstamp = scb->tx.delivered_mstamp;
		rs->is_app_limited = scb->tx.is_app_limited;
		rs->is_retrans = scb->sacked & TCPCB_RETRANS;
		rs->last_end_seq = scb->end_seq;

		tp->first_tx_mstamp = tx_tstamp;
		rs->interval_us = tcp_stamp_us_delta(tp->first_tx_mstamp, scb->tx.first_tx_mstamp);
	}
	/* SACKed: it stays in the queue but must not count again */
	if (scb->sacked & TCPCB_SACKED_ACKED)
		scb->tx.delivered_mstamp = 0;
}

void tcp_rate_gen(struct sock *sk, u32 delivered, u32 lost, bool is_sack_reneg, struct rate_sample *rs)
{
	TRACE_SK_LEAF(sk, "compute the delivery rate that the ACK shows");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 snd_us, ack_us;

	if (tp->app_limited && after(tp->delivered, tp->app_limited))
		tp->app_limited = 0;
	if (delivered)
		tp->delivered_mstamp = tp->tcp_mstamp;
	rs->acked_sacked = delivered;
	rs->losses = (int)lost;

	/* no packet was delivered, or what the peer says cannot be trusted */
	if (!rs->prior_mstamp || is_sack_reneg) {
		rs->delivered = -1;
		rs->interval_us = -1;
		return;
	}
	rs->delivered = (s32)(tp->delivered - rs->prior_delivered);
	snd_us = (u32)rs->interval_us;
	ack_us = tcp_stamp_us_delta(tp->tcp_mstamp, rs->prior_mstamp);
	rs->interval_us = max(snd_us, ack_us);
	rs->snd_interval_us = snd_us;
	rs->rcv_interval_us = ack_us;

	/* less than the least RTT cannot be: aggregated or spurious ACKs */
	if (unlikely(rs->interval_us < (long)tcp_min_rtt(tp))) {
		rs->interval_us = -1;
		return;
	}
	if (!rs->is_app_limited || (u64)(u32)rs->delivered * tp->rate_interval_us >=
					   (u64)tp->rate_delivered * (u64)rs->interval_us) {
		tp->rate_delivered = (u32)rs->delivered;
		tp->rate_interval_us = (u32)rs->interval_us;
		tp->rate_app_limited = rs->is_app_limited;
	}
}

void tcp_rate_check_app_limited(struct sock *sk)
{
	TRACE_SK_LEAF(sk, "is it the program that holds the connection up?");
	struct tcp_sock *tp = tcp_sk(sk);

	if (tp->write_seq - tp->snd_nxt < tp->mss_cache && sk_wmem_alloc_get(sk) < (int)SKB_TRUESIZE(1) &&
	    tcp_packets_in_flight(tp) < tcp_snd_cwnd(tp) && tp->lost_out <= tp->retrans_out) {
		u32 mark = tp->delivered + tcp_packets_in_flight(tp);

		tp->app_limited = mark ? mark : 1;
	}
}
