/*
 * Segments that were acknowledged leave the retransmission queue, and are measured while they do: round trip
 * times, RACK's and the delivery rate's samples.
 */
#include "stack/internet/errqueue.h"
#include "stack/transport/tcp_input.h"
#include "stack/transport/tcp_output.h"

/* What is gathered over the segments of one ACK. */
struct tcp_cleaned {
	bool timed; /* there was a never retransmitted one */
	u64 first_ackt,
		last_ackt; /* us: when the first and last of these were sent (may be 0: the run's start) */
	u32 reord;	   /* lowest sequence number of these */
	u32 pkts_acked;
	u32 last_in_flight;
	int flag;
};

/* The ACK ends within a TSO packet: take the acknowledged segments off its front; how many there were. */
static u32 tcp_tso_acked(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "part of a large packet was acknowledged: trim it");
	u32 acked = (u32)tcp_skb_pcount(skb);

	if (tcp_trim_head(sk, skb, tcp_sk(sk)->snd_una - TCP_SKB_CB(skb)->seq))
		return 0;
	return acked - (u32)tcp_skb_pcount(skb);
}

static void tcp_ack_tstamp(struct sock *sk, struct sk_buff *skb, u32 prior_snd_una)
{
	TRACE_SKB(skb, "does the program want to know when this was acknowledged?");
	u32 tskey;

	if (likely(!TCP_SKB_CB(skb)->txstamp_ack))
		return;
	tskey = skb_shinfo(skb)->tskey;
	if (!before(tskey, prior_snd_una) && before(tskey, tcp_sk(sk)->snd_una)) {
		tcp_skb_tsorted_save(skb);
		__skb_tstamp_tx(skb, sk, SCM_TSTAMP_ACK);
		tcp_skb_tsorted_restore(skb);
	}
}

/* One segment, or the first `acked` packets of it, was acknowledged: counters, samples, flags. */
static void tcp_clean_one(struct sock *sk, struct sk_buff *skb, u32 start_seq, u32 acked,
			  struct tcp_sacktag_state *sack, bool ece_ack, struct tcp_cleaned *c)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *scb = TCP_SKB_CB(skb);
	u8 sacked = scb->sacked;

	if (unlikely(sacked & TCPCB_RETRANS)) {
		if (sacked & TCPCB_SACKED_RETRANS)
			tp->retrans_out -= acked;
		c->flag |= FLAG_RETRANS_DATA_ACKED;
	} else if (!(sacked & TCPCB_SACKED_ACKED)) {
		c->last_ackt = tcp_skb_timestamp_us(skb);
		if (!c->timed)
			c->first_ackt = c->last_ackt;
		c->timed = true;
		c->last_in_flight = scb->tx.in_flight;
		if (before(start_seq, c->reord))
			c->reord = start_seq;
		if (!after(scb->end_seq, tp->high_seq))
			c->flag |= FLAG_ORIG_SACK_ACKED;
	}

	if (sacked & TCPCB_SACKED_ACKED) {
		tp->sacked_out -= acked;
	} else if (tcp_is_sack(tp)) {
		tcp_count_delivered(tp, acked, ece_ack);
		if (!tcp_skb_spurious_retrans(tp, skb))
			tcp_rack_advance(tp, sacked, scb->end_seq, tcp_skb_timestamp_us(skb));
	}
	if (sacked & TCPCB_LOST)
		tp->lost_out -= acked;

	tp->packets_out -= acked;
	c->pkts_acked += acked;
	tcp_rate_skb_delivered(sk, skb, sack->rate);

	if (likely(!(scb->tcp_flags & TCPHDR_SYN))) {
		c->flag |= FLAG_DATA_ACKED;
	} else {
		c->flag |= FLAG_SYN_ACKED;
		tp->retrans_stamp = 0;
	}
}

/* Walks the queue up to snd_una; returns the segment that is first in it then. */
static struct sk_buff *tcp_clean_walk(struct sock *sk, u32 prior_snd_una, struct tcp_sacktag_state *sack,
				      bool ece_ack, struct tcp_cleaned *c, bool *fully_acked)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_rtx_queue_head(sk), *next;

	for (; skb; skb = next) {
		u32 start_seq = TCP_SKB_CB(skb)->seq, acked = (u32)tcp_skb_pcount(skb);

		if (after(TCP_SKB_CB(skb)->end_seq, tp->snd_una)) {
			if (acked == 1 || !after(tp->snd_una, start_seq))
				break;
			acked = tcp_tso_acked(sk, skb);
			if (!acked)
				break;
			*fully_acked = false;
		}
		tcp_clean_one(sk, skb, start_seq, acked, sack, ece_ack, c);
		if (!*fully_acked)
			break;

		tcp_ack_tstamp(sk, skb, prior_snd_una);
		next = skb_rb_next(skb);
		if (unlikely(skb == tp->retransmit_skb_hint))
			tp->retransmit_skb_hint = NULL;
		tcp_highest_sack_replace(sk, skb, next);
		tcp_rtx_queue_unlink_and_free(skb, sk);
	}
	return skb;
}

/* Round trip times from what left the queue and what was SACKed. True when there is a sample. */
static bool tcp_clean_rtt(struct sock *sk, const struct tcp_sacktag_state *sack, struct tcp_cleaned *c,
			  bool fully_acked, u32 prior_sacked, u32 prior_snd_una, long *sack_rtt_us)
{
	struct tcp_sock *tp = tcp_sk(sk);
	long seq_rtt_us = -1, ca_rtt_us = -1;

	if (likely(c->timed) && !(c->flag & FLAG_RETRANS_DATA_ACKED)) {
		seq_rtt_us = tcp_stamp_us_delta(tp->tcp_mstamp, c->first_ackt);
		ca_rtt_us = tcp_stamp_us_delta(tp->tcp_mstamp, c->last_ackt);
		/* a lone short segment in order: the receiver had reason to delay its ACK */
		if (c->pkts_acked == 1 && fully_acked && !prior_sacked &&
		    tp->snd_una - prior_snd_una < tp->mss_cache &&
		    sack->rate->prior_delivered + 1 == tp->delivered &&
		    !(c->flag & (FLAG_CA_ALERT | FLAG_SYN_ACKED)))
			c->flag |= FLAG_ACK_MAYBE_DELAYED;
	}
	if (sack->timed) {
		*sack_rtt_us = tcp_stamp_us_delta(tp->tcp_mstamp, sack->first_sackt);
		ca_rtt_us = tcp_stamp_us_delta(tp->tcp_mstamp, sack->last_sackt);
	}
	return tcp_ack_update_rtt(sk, c->flag, seq_rtt_us, *sack_rtt_us, ca_rtt_us, sack->rate);
}

/* Something was acknowledged cumulatively. */
static void tcp_clean_progress(struct sock *sk, struct tcp_cleaned *c, u32 prior_fack, bool ece_ack)
{
	struct tcp_sock *tp = tcp_sk(sk);

	c->flag |= FLAG_SET_XMIT_TIMER;
	if (unlikely(inet_csk(sk)->icsk_mtup.probe_size && !after(tp->mtu_probe.probe_seq_end, tp->snd_una)))
		tcp_mtup_probe_success(sk);

	if (tcp_is_reno(tp)) {
		tcp_remove_reno_sacks(sk, (int)c->pkts_acked, ece_ack);
		/* without SACK nobody knows whether it was the retransmission that came */
		if (c->flag & FLAG_RETRANS_DATA_ACKED)
			c->flag &= ~FLAG_ORIG_SACK_ACKED;
	} else if (before(c->reord, prior_fack)) {
		/* a never retransmitted segment from below what was SACKed before: reordering, not loss */
		tcp_check_sack_reordering(sk, c->reord, 0);
	}
}

int tcp_clean_rtx_queue(struct sock *sk, u32 prior_fack, u32 prior_snd_una, struct tcp_sacktag_state *sack,
			bool ece_ack)
{
	TRACE_SK(sk, "free what was acknowledged from the retransmission queue, measure the round trip");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_cleaned c = { .reord = tp->snd_nxt };
	u32 prior_sacked = tp->sacked_out;
	bool fully_acked = true, rtt_update;
	long sack_rtt_us = -1;
	struct sk_buff *skb;

	skb = tcp_clean_walk(sk, prior_snd_una, sack, ece_ack, &c, &fully_acked);
	if (!skb)
		tcp_chrono_stop(sk, TCP_CHRONO_BUSY);
	if (likely(between(tp->snd_up, prior_snd_una, tp->snd_una)))
		tp->snd_up = tp->snd_una;
	if (skb) {
		tcp_ack_tstamp(sk, skb, prior_snd_una);
		if (TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED)
			c.flag |= FLAG_SACK_RENEGING;
	}

	rtt_update = tcp_clean_rtt(sk, sack, &c, fully_acked, prior_sacked, prior_snd_una, &sack_rtt_us);
	if (c.flag & FLAG_ACKED)
		tcp_clean_progress(sk, &c, prior_fack, ece_ack);
	else if (skb && rtt_update && sack_rtt_us >= 0 &&
		 sack_rtt_us > (long)tcp_stamp_us_delta(tp->tcp_mstamp, tcp_skb_timestamp_us(skb)))
		/* the head is younger than what was SACKed: its timer may start anew */
		c.flag |= FLAG_SET_XMIT_TIMER;

	if (inet_csk(sk)->icsk_ca_ops->pkts_acked) {
		struct ack_sample sample = { .pkts_acked = c.pkts_acked,
					     .rtt_us = (s32)sack->rate->rtt_us,
					     .in_flight = c.last_in_flight };

		tcp_ca_pkts_acked(sk, &sample);
	}
	return c.flag;
}
