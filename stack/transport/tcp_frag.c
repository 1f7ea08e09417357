/*
 * Cutting and joining the packets of the write and retransmission queues: splitting one that only fits in
 * part, taking off what was acknowledged, and joining several into a probe of the path's MTU.
 *
 * tcp_gso_segs (tcp_skb_pcount) is how many segments of tcp_gso_size a packet makes; the counters of the
 * flight (packets_out, sacked_out, lost_out, retrans_out) count these, so whoever changes it mends them.
 */
#include "stack/interface/netdevice.h"
#include "stack/transport/tcp_output.h"

void tcp_set_skb_tso_segs(struct sk_buff *skb, unsigned int mss_now)
{
	TRACE_SKB_LEAF(skb, "how many segments will the packet make?");

	if (skb->len <= mss_now) {
		tcp_skb_pcount_set(skb, 1);
		TCP_SKB_CB(skb)->tcp_gso_size = 0;
	} else {
		tcp_skb_pcount_set(skb, (int)DIV_ROUND_UP(skb->len, mss_now));
		TCP_SKB_CB(skb)->tcp_gso_size = (u16)mss_now;
	}
}

int tcp_init_tso_segs(struct sk_buff *skb, unsigned int mss_now)
{
	TRACE_SKB(skb, "make sure that the number of segments fits the mss");
	int tso_segs = tcp_skb_pcount(skb);

	if (!tso_segs || (tso_segs > 1 && tcp_skb_mss(skb) != (int)mss_now)) {
		tcp_set_skb_tso_segs(skb, mss_now);
		tso_segs = tcp_skb_pcount(skb);
	}
	return tso_segs;
}

/* A sent packet makes `decr` segments less than it was counted with. */
void tcp_adjust_pcount(struct sock *sk, const struct sk_buff *skb, int decr)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 sacked = TCP_SKB_CB(skb)->sacked;

	tp->packets_out -= (u32)decr;
	if (sacked & TCPCB_SACKED_ACKED)
		tp->sacked_out -= (u32)decr;
	if (sacked & TCPCB_SACKED_RETRANS)
		tp->retrans_out -= (u32)decr;
	if (sacked & TCPCB_LOST)
		tp->lost_out -= (u32)decr;
	/* Reno's count is a guess anyway */
	if (tcp_is_reno(tp) && decr > 0)
		tp->sacked_out -= min(tp->sacked_out, (u32)decr);
	if (tp->lost_skb_hint && before(TCP_SKB_CB(skb)->seq, TCP_SKB_CB(tp->lost_skb_hint)->seq) &&
	    (sacked & TCPCB_SACKED_ACKED))
		tp->lost_cnt_hint -= decr;
	tcp_verify_left_out(tp);
}

static bool tcp_has_tx_tstamp(const struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "did the program ask for a time stamp of the sending?");

	return TCP_SKB_CB(skb)->txstamp_ack || (skb_shinfo(skb)->tx_flags & SKBTX_ANY_TSTAMP);
}

static void tcp_fragment_tstamp(struct sk_buff *skb, struct sk_buff *skb2)
{
	TRACE_SKB(skb, "a wanted time stamp goes with the piece that has its byte");
	struct skb_shared_info *shinfo = skb_shinfo(skb), *shinfo2 = skb_shinfo(skb2);
	u8 tsflags;

	if (likely(!tcp_has_tx_tstamp(skb)) || before(shinfo->tskey, TCP_SKB_CB(skb2)->seq))
		return;
	tsflags = shinfo->tx_flags & SKBTX_ANY_TSTAMP;
	shinfo->tx_flags &= (u8)~tsflags;
	shinfo2->tx_flags |= tsflags;
	swap(shinfo->tskey, shinfo2->tskey);
	TCP_SKB_CB(skb2)->txstamp_ack = TCP_SKB_CB(skb)->txstamp_ack;
	TCP_SKB_CB(skb)->txstamp_ack = 0;
}

static void tcp_skb_fragment_eor(struct sk_buff *skb, struct sk_buff *skb2)
{
	TRACE_SKB_LEAF(skb, "the end of a record goes with the second piece");

	TCP_SKB_CB(skb2)->eor = TCP_SKB_CB(skb)->eor;
	TCP_SKB_CB(skb)->eor = 0;
}

static void tcp_insert_write_queue_after(struct sk_buff *skb, struct sk_buff *buff, struct sock *sk,
					 enum tcp_queue tcp_queue)
{
	TRACE_SKB(buff, "queue the second piece behind the first");

	if (tcp_queue == TCP_FRAG_IN_WRITE_QUEUE)
		__skb_queue_after(&sk->sk_write_queue, skb, buff);
	else
		tcp_rbtree_insert(&sk->tcp_rtx_queue, buff);
}

/* The part behind `len` goes from skb to the new buff: accounts, sequence numbers, flags, data. */
static void tcp_split_to(struct sock *sk, struct sk_buff *skb, struct sk_buff *buff, u32 len, u32 moved)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb), *btcb = TCP_SKB_CB(buff);

	buff->journey = skb->journey;
	sk_wmem_queued_add(sk, (int)buff->truesize);
	sk_mem_charge(sk, (int)buff->truesize);
	/* the fragments that move keep what they were charged with */
	buff->truesize += moved;
	skb->truesize -= moved;

	btcb->seq = tcb->seq + len;
	btcb->end_seq = tcb->end_seq;
	tcb->end_seq = btcb->seq;
	btcb->tcp_flags = tcb->tcp_flags;
	tcb->tcp_flags &= (u8) ~(TCPHDR_FIN | TCPHDR_PSH);
	btcb->sacked = tcb->sacked;
	tcp_skb_fragment_eor(skb, buff);
	skb_split(skb, buff, len);
	buff->ip_summed = CHECKSUM_PARTIAL;
	buff->tstamp = skb->tstamp;
	tcp_fragment_tstamp(skb, buff);
}

/* May the retransmission queue grow by another piece? A peer that SACKs byte by byte must not fill memory. */
static bool tcp_fragment_allowed(struct sock *sk, const struct sk_buff *skb, enum tcp_queue tcp_queue)
{
	long limit = sk->sk_sndbuf + 2L * SKB_TRUESIZE(GSO_MAX_SIZE);

	if (likely((sk->sk_wmem_queued >> 1) <= limit) || tcp_queue == TCP_FRAG_IN_WRITE_QUEUE ||
	    skb == tcp_rtx_queue_head(sk) || skb == tcp_rtx_queue_tail(sk))
		return true;
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPWQUEUETOOBIG);
	return false;
}

int tcp_fragment(struct sock *sk, enum tcp_queue tcp_queue, struct sk_buff *skb, u32 len,
		 unsigned int mss_now, gfp_t gfp)
{
	TRACE_SKB(skb, "cut a packet in two");
	struct tcp_sock *tp = tcp_sk(sk);
	int nsize = max((int)skb_headlen(skb) - (int)len, 0);
	struct sk_buff *buff;
	int old_factor;

	SIM_BUG_ON(sk->host, len > skb->len);
	if (!tcp_fragment_allowed(sk, skb, tcp_queue) || skb_unclone(skb, gfp))
		return -ENOMEM;
	buff = sk_stream_alloc_skb(sk, nsize, gfp, true);
	if (!buff)
		return -ENOMEM;
	tcp_split_to(sk, skb, buff, len, skb->len - len - (u32)nsize);

	old_factor = tcp_skb_pcount(skb);
	tcp_set_skb_tso_segs(skb, mss_now);
	tcp_set_skb_tso_segs(buff, mss_now);
	TCP_SKB_CB(buff)->tx = TCP_SKB_CB(skb)->tx;

	/* when it was sent already, the flight changed by it */
	if (!before(tp->snd_nxt, TCP_SKB_CB(buff)->end_seq)) {
		int diff = old_factor - tcp_skb_pcount(skb) - tcp_skb_pcount(buff);

		if (diff)
			tcp_adjust_pcount(sk, skb, diff);
	}
	__skb_header_release(buff);
	tcp_insert_write_queue_after(skb, buff, sk, tcp_queue);
	if (tcp_queue == TCP_FRAG_IN_RTX_QUEUE)
		list_add(&buff->tcp_tsorted_anchor, &skb->tcp_tsorted_anchor);
	return 0;
}

int tso_fragment(struct sock *sk, struct sk_buff *skb, unsigned int len, unsigned int mss_now, gfp_t gfp)
{
	TRACE_SKB(skb, "cut an unsent packet in two at a multiple of the mss");
	struct sk_buff *buff;

	/* data in the linear part has to be copied */
	if (skb->len != skb->data_len)
		return tcp_fragment(sk, TCP_FRAG_IN_WRITE_QUEUE, skb, len, mss_now, gfp);
	buff = sk_stream_alloc_skb(sk, 0, gfp, true);
	if (unlikely(!buff))
		return -ENOMEM;
	tcp_split_to(sk, skb, buff, len, skb->len - len);
	TCP_SKB_CB(buff)->sacked = 0;
	tcp_set_skb_tso_segs(skb, mss_now);
	tcp_set_skb_tso_segs(buff, mss_now);
	__skb_header_release(buff);
	tcp_insert_write_queue_after(skb, buff, sk, TCP_FRAG_IN_WRITE_QUEUE);
	return 0;
}

int tcp_trim_head(struct sock *sk, struct sk_buff *skb, u32 len)
{
	TRACE_SKB(skb, "take off what was acknowledged of a packet");
	int delta_truesize;

	if (skb_unclone(skb, GFP_ATOMIC))
		return -ENOMEM;
	delta_truesize = __pskb_trim_head(skb, (int)len);
	TCP_SKB_CB(skb)->seq += len;
	skb->ip_summed = CHECKSUM_PARTIAL;
	if (delta_truesize) {
		skb->truesize -= (unsigned int)delta_truesize;
		sk_wmem_queued_add(sk, -delta_truesize);
		sk_mem_uncharge(sk, delta_truesize);
	}
	if (tcp_skb_pcount(skb) > 1)
		tcp_set_skb_tso_segs(skb, (unsigned int)tcp_skb_mss(skb));
	return 0;
}

void tcp_skb_collapse_tstamp(struct sk_buff *skb, const struct sk_buff *next_skb)
{
	if (likely(!TCP_SKB_CB(next_skb)->txstamp_ack &&
		   !(skb_shinfo(next_skb)->tx_flags & SKBTX_ANY_TSTAMP)))
		return;
	skb_shinfo(skb)->tx_flags |= skb_shinfo(next_skb)->tx_flags & SKBTX_ANY_TSTAMP;
	skb_shinfo(skb)->tskey = skb_shinfo(next_skb)->tskey;
	TCP_SKB_CB(skb)->txstamp_ack |= TCP_SKB_CB(next_skb)->txstamp_ack;
}

/* ---- probing the path's MTU (RFC 4821) ---- */

/* The search has narrowed down: begin again from the top after a while, the path may have changed. */
static void tcp_mtu_check_reprobe(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 interval = sock_net(sk)->ipv4.sysctl_tcp_probe_interval;

	if ((s32)(tcp_jiffies32(sk->host) - icsk->icsk_mtup.probe_timestamp) < (s32)(interval * HZ))
		return;
	icsk->icsk_mtup.probe_size = 0;
	icsk->icsk_mtup.search_high =
		tcp_sk(sk)->rx_opt.mss_clamp + (int)TCP_HEADER_LEN + icsk->icsk_af_ops->net_header_len;
	icsk->icsk_mtup.search_low = tcp_mss_to_mtu(sk, (int)tcp_sk(sk)->mss_cache);
	icsk->icsk_mtup.probe_timestamp = tcp_jiffies32(sk->host);
}

static bool tcp_can_coalesce_send_queue_head(struct sock *sk, u32 len)
{
	struct sk_buff *skb;

	skb_queue_walk (&sk->sk_write_queue, skb) {
		if (len <= skb->len)
			return true;
		if (unlikely(TCP_SKB_CB(skb)->eor))
			return false;
		len -= skb->len;
	}
	return false;
}

/* Moves the first bytes of the write queue into the probe. */
static void tcp_fill_probe(struct sock *sk, struct sk_buff *nskb, u32 probe_size, unsigned int mss_now)
{
	struct sk_buff *skb;

	while (nskb->len < probe_size && (skb = nskb->next) != (struct sk_buff *)&sk->sk_write_queue) {
		u32 copy = min(skb->len, probe_size - nskb->len);

		skb_copy_bits(skb, 0, skb_put(nskb, copy), (int)copy);
		if (skb->len <= copy) {
			TCP_SKB_CB(nskb)->tcp_flags |= TCP_SKB_CB(skb)->tcp_flags;
			TCP_SKB_CB(nskb)->eor = TCP_SKB_CB(skb)->eor;
			tcp_skb_collapse_tstamp(nskb, skb);
			tcp_unlink_write_queue(skb, sk);
			tcp_wmem_free_skb(sk, skb);
			continue;
		}
		TCP_SKB_CB(nskb)->tcp_flags |= TCP_SKB_CB(skb)->tcp_flags & (u8) ~(TCPHDR_FIN | TCPHDR_PSH);
		if (!skb_shinfo(skb)->nr_frags) {
			skb_pull(skb, copy);
		} else {
			int delta = __pskb_trim_head(skb, (int)copy);

			if (delta) {
				skb->truesize -= (unsigned int)delta;
				sk_wmem_queued_add(sk, -delta);
				sk_mem_uncharge(sk, delta);
			}
			tcp_set_skb_tso_segs(skb, mss_now);
		}
		TCP_SKB_CB(skb)->seq += copy;
	}
}

static int tcp_send_mtu_probe(struct sock *sk, u32 probe_size, unsigned int mss_now)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_send_head(sk), *nskb;

	nskb = sk_stream_alloc_skb(sk, (int)probe_size, GFP_ATOMIC, false);
	if (!nskb)
		return -1;
	nskb->journey = skb->journey;
	sk_wmem_queued_add(sk, (int)nskb->truesize);
	sk_mem_charge(sk, (int)nskb->truesize);
	TCP_SKB_CB(nskb)->seq = TCP_SKB_CB(skb)->seq;
	TCP_SKB_CB(nskb)->end_seq = TCP_SKB_CB(skb)->seq + probe_size;
	TCP_SKB_CB(nskb)->tcp_flags = TCPHDR_ACK;
	TCP_SKB_CB(nskb)->sacked = 0;
	nskb->csum = 0;
	nskb->ip_summed = CHECKSUM_PARTIAL;
	tcp_insert_write_queue_before(nskb, skb, sk);
	tcp_highest_sack_replace(sk, skb, nskb);
	tcp_fill_probe(sk, nskb, probe_size, mss_now);
	tcp_init_tso_segs(nskb, nskb->len);

	if (tcp_transmit_skb(sk, nskb, 1, GFP_ATOMIC))
		return -1;
	/* the probe replaces a segment: its loss says nothing about congestion */
	tp->snd_cwnd--;
	tcp_event_new_data_sent(sk, nskb);
	icsk->icsk_mtup.probe_size = (u32)tcp_mss_to_mtu(sk, (int)nskb->len) & 0x7fffffff;
	tp->mtu_probe.probe_seq_start = TCP_SKB_CB(nskb)->seq;
	tp->mtu_probe.probe_seq_end = TCP_SKB_CB(nskb)->end_seq;
	return 1;
}

/* 1: a probe was sent; 0: wait, more data can be sent as a probe soon; -1: go on as usual. */
int tcp_mtu_probe(struct sock *sk)
{
	TRACE_SK(sk, "get MTU size");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	int probe_size, size_needed, interval;
	unsigned int mss_now;

	if (likely(!icsk->icsk_mtup.enabled || icsk->icsk_mtup.probe_size ||
		   icsk->icsk_ca_state != TCP_CA_Open || tp->snd_cwnd < 11 || tp->rx_opt.num_sacks ||
		   tp->rx_opt.dsack))
		return -1;

	/* half way between what is known to fit and what might */
	mss_now = tcp_current_mss(sk);
	probe_size = tcp_mtu_to_mss(sk, (icsk->icsk_mtup.search_high + icsk->icsk_mtup.search_low) >> 1);
	size_needed = probe_size + (int)((tp->reordering + 1) * tp->mss_cache);
	interval = icsk->icsk_mtup.search_high - icsk->icsk_mtup.search_low;
	if (probe_size > tcp_mtu_to_mss(sk, icsk->icsk_mtup.search_high) ||
	    interval < sock_net(sk)->ipv4.sysctl_tcp_probe_threshold) {
		tcp_mtu_check_reprobe(sk);
		return -1;
	}
	/* enough behind the probe must be there to notice its loss by duplicate ACKs */
	if (tp->write_seq - tp->snd_nxt < (u32)size_needed || tp->snd_wnd < (u32)size_needed)
		return -1;
	if (after(tp->snd_nxt + (u32)size_needed, tcp_wnd_end(tp)))
		return 0;
	if (tcp_packets_in_flight(tp) + 2 > tp->snd_cwnd)
		return tcp_packets_in_flight(tp) ? 0 : -1;
	if (!tcp_can_coalesce_send_queue_head(sk, (u32)probe_size))
		return -1;
	return tcp_send_mtu_probe(sk, (u32)probe_size, mss_now);
}
