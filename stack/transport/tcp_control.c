/*
 * Segments that are sent for their header's sake: SYN and SYN-ACK, FIN, RST, pure ACKs (at once or after a
 * delay) and window probes; and with the SYN, the start of a connection.
 *
 * SYN and FIN take a sequence number and wait in the retransmission queue like data. RST, ACK and probes
 * are sent once, and nothing is kept of them.
 */
#include "stack/transport/tcp_output.h"

/* An empty packet with head room for all headers, the beginning of a new journey. */
static struct sk_buff *tcp_alloc_control(struct sock *sk, gfp_t gfp)
{
	struct sk_buff *skb = alloc_skb(sk->host, MAX_TCP_HEADER, gfp);

	if (likely(skb)) {
		skb->journey = trace_journey_new(sk->host);
		skb_reserve(skb, MAX_TCP_HEADER);
	}
	return skb;
}

/* The sequence number for a segment without data: snd_nxt, unless the window was shrunk below it. */
static u32 tcp_acceptable_seq(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!before(tcp_wnd_end(tp), tp->snd_nxt) ||
	    (tp->rx_opt.wscale_ok && tp->snd_nxt - tcp_wnd_end(tp) < 1U << tp->rx_opt.rcv_wscale))
		return tp->snd_nxt;
	return tcp_wnd_end(tp);
}

/* ---- ECN in the handshake ---- */

static void tcp_ecn_send_syn(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "ask for ECN if it is wanted");
	struct tcp_sock *tp = tcp_sk(sk);
	bool use_ecn = sock_net(sk)->ipv4.sysctl_tcp_ecn == 1 || tcp_ca_needs_ecn(sk);

	if (!use_ecn) {
		const struct dst_entry *dst = __sk_dst_get(sk);

		use_ecn = dst && dst_feature(dst, RTAX_FEATURE_ECN);
	}
	tp->ecn_flags = 0;
	if (use_ecn) {
		TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_ECE | TCPHDR_CWR;
		tp->ecn_flags = TCP_ECN_OK;
		if (tcp_ca_needs_ecn(sk))
			INET_ECN_xmit(sk);
	}
}

static void tcp_ecn_send_synack(struct sock *sk, struct sk_buff *skb)
{
	TCP_SKB_CB(skb)->tcp_flags &= (u8)~TCPHDR_CWR;
	if (!(tcp_sk(sk)->ecn_flags & TCP_ECN_OK))
		TCP_SKB_CB(skb)->tcp_flags &= (u8)~TCPHDR_ECE;
	else if (tcp_ca_needs_ecn(sk))
		INET_ECN_xmit(sk);
}

/* ---- connect ---- */

static void tcp_ca_dst_init(struct sock *sk, const struct dst_entry *dst)
{
	TRACE_SK(sk, "use the congestion control that the route names");
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_congestion_ops *ca = tcp_ca_find_key(sock_net(sk), dst_metric(dst, RTAX_CC_ALGO));

	if (likely(!ca))
		return;
	icsk->icsk_ca_dst_locked = dst_metric_locked(dst, RTAX_CC_ALGO);
	icsk->icsk_ca_ops = ca;
}

/* The window that the SYN offers. */
static void tcp_connect_init_window(struct sock *sk, const struct dst_entry *dst)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 mss = tp->advmss;
	u8 rcv_wscale;

	/* a user's buffer limits what will ever be announced */
	if ((sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
	    (tp->window_clamp > (u32)tcp_full_space(sk) || !tp->window_clamp))
		tp->window_clamp = (u32)tcp_full_space(sk);
	if (tp->rx_opt.ts_recent_stamp)
		mss -= tp->tcp_header_len - TCP_HEADER_LEN;
	tcp_select_initial_window(sk, tcp_full_space(sk), mss, &tp->rcv_wnd, &tp->window_clamp,
				  sock_net(sk)->ipv4.sysctl_tcp_window_scaling, &rcv_wscale,
				  dst_metric(dst, RTAX_INITRWND));
	tp->rx_opt.rcv_wscale = rcv_wscale & 0xf;
	tp->rcv_ssthresh = tp->rcv_wnd;
}

static void tcp_connect_init(struct sock *sk)
{
	TRACE_SK(sk, "set mss, window and sequence numbers for the connection");
	const struct dst_entry *dst = __sk_dst_get(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	tp->tcp_header_len = TCP_HEADER_LEN;
	if (sock_net(sk)->ipv4.sysctl_tcp_timestamps)
		tp->tcp_header_len += TCPOLEN_TSTAMP_ALIGNED;
	if (tcp_md5_do_lookup(sk, inet_sk(sk)->inet_daddr))
		tp->tcp_header_len += TCPOLEN_MD5SIG_ALIGNED;
	if (tp->rx_opt.user_mss)
		tp->rx_opt.mss_clamp = tp->rx_opt.user_mss;
	tp->max_window = 0;
	tcp_mtup_init(sk);
	tcp_sync_mss(sk, dst_mtu(dst));
	tcp_ca_dst_init(sk, dst);
	if (!tp->window_clamp)
		tp->window_clamp = dst_metric(dst, RTAX_WINDOW);
	tp->advmss = tcp_mss_clamp(tp, (u16)dst_metric_advmss(dst));
	tcp_initialize_rcv_mss(sk);
	tcp_connect_init_window(sk, dst);

	sk->sk_err = 0;
	sock_reset_flag(sk, SOCK_DONE);
	tp->snd_wnd = 0;
	tcp_init_wl(tp, 0);
	tcp_write_queue_purge(sk);
	tp->snd_una = tp->write_seq;
	tp->snd_sml = tp->write_seq;
	tp->snd_up = tp->write_seq;
	tp->snd_nxt = tp->write_seq;
	tp->rcv_nxt = 0;
	tp->rcv_wup = tp->rcv_nxt;
	tp->copied_seq = tp->rcv_nxt;

	inet_csk(sk)->icsk_rto = TCP_TIMEOUT_INIT;
	inet_csk(sk)->icsk_retransmits = 0;
	tcp_clear_retrans(tp);
}

void tcp_connect_queue_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "charge the SYN to the socket and count it as in flight");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	tcb->end_seq += skb->len;
	__skb_header_release(skb);
	sk_wmem_queued_add(sk, (int)skb->truesize);
	sk_mem_charge(sk, (int)skb->truesize);
	tp->write_seq = tcb->end_seq;
	tp->packets_out += (u32)tcp_skb_pcount(skb);
}

int tcp_connect(struct sock *sk)
{
	TRACE_SK(sk, "alloc skb and pass to ip layer for transmit, re-send if no response before timeout");
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *buff;
	int err;

	TRACE_OP(sk, "rebuild_header");
	if (inet_csk(sk)->icsk_af_ops->rebuild_header(sk))
		return -EHOSTUNREACH; /* the route is gone */
	tcp_connect_init(sk);
	inet_trace_name(sk);

	buff = sk_stream_alloc_skb(sk, 0, sk->sk_allocation, true);
	if (unlikely(!buff))
		return -ENOBUFS;
	buff->journey = trace_journey_new(sk->host);
	tcp_init_nondata_skb(buff, tp->write_seq++, TCPHDR_SYN);
	tcp_mstamp_refresh(tp);
	tp->retrans_stamp = tcp_time_stamp(tp);
	tcp_connect_queue_skb(sk, buff);
	tcp_ecn_send_syn(sk, buff);
	tcp_rbtree_insert(&sk->tcp_rtx_queue, buff);

	err = unlikely(tp->fastopen_req) ? tcp_send_syn_data(sk, buff)
					 : tcp_transmit_skb(sk, buff, 1, sk->sk_allocation);
	if (err == -ECONNREFUSED)
		return err;

	/* tcp_transmit_skb() takes a segment beyond snd_nxt for new data, so this comes after it */
	tp->snd_nxt = tp->write_seq;
	tp->pushed_seq = tp->write_seq;
	buff = tcp_send_head(sk);
	if (unlikely(buff)) {
		tp->snd_nxt = TCP_SKB_CB(buff)->seq;
		tp->pushed_seq = TCP_SKB_CB(buff)->seq;
	}
	TCP_INC_STATS(sock_net(sk), TCP_MIB_ACTIVEOPENS);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, inet_csk(sk)->icsk_rto, TCP_RTO_MAX);
	return 0;
}

/* Two SYNs have crossed: ours is sent again as a SYN-ACK. */
int tcp_send_synack(struct sock *sk)
{
	TRACE_SK(sk, "answer a SYN that crossed ours");
	struct sk_buff *skb = tcp_rtx_queue_head(sk);

	if (unlikely(!skb || !(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN)))
		return -EFAULT;
	if (!(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_ACK)) {
		if (skb_cloned(skb)) {
			struct sk_buff *nskb;

			tcp_skb_tsorted_save(skb);
			nskb = skb_copy(skb, GFP_ATOMIC);
			tcp_skb_tsorted_restore(skb);
			if (!nskb)
				return -ENOMEM;
			INIT_LIST_HEAD(&nskb->tcp_tsorted_anchor);
			tcp_highest_sack_replace(sk, skb, nskb);
			tcp_rtx_queue_unlink_and_free(skb, sk);
			__skb_header_release(nskb);
			tcp_rbtree_insert(&sk->tcp_rtx_queue, nskb);
			sk_wmem_queued_add(sk, (int)nskb->truesize);
			sk_mem_charge(sk, (int)nskb->truesize);
			skb = nskb;
		}
		TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_ACK;
		tcp_ecn_send_synack(sk, skb);
	}
	return tcp_transmit_skb(sk, skb, 1, GFP_ATOMIC);
}

int tcp_rtx_synack(struct sock *sk, struct request_sock *req)
{
	TRACE_SK(sk, "send the SYN-ACK of a half-open connection again");
	struct flowi fl;
	int res;

	TRACE_OP(sk, "send_synack");
	res = tcp_rsk(req)->af_specific->send_synack(sk, NULL, &fl, req, NULL, TCP_SYNACK_NORMAL, NULL);
	if (!res) {
		TCP_INC_STATS(sock_net(sk), TCP_MIB_RETRANSSEGS);
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPSYNRETRANS);
		if (unlikely(tcp_passive_fastopen(sk)))
			tcp_sk(sk)->total_retrans++;
	}
	return res;
}

/* ---- FIN and RST ---- */

static void tcp_queue_skb(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "queue the packet behind all data");
	struct tcp_sock *tp = tcp_sk(sk);

	tp->write_seq = TCP_SKB_CB(skb)->end_seq;
	__skb_header_release(skb);
	tcp_add_write_queue_tail(sk, skb);
	sk_wmem_queued_add(sk, (int)skb->truesize);
	sk_mem_charge(sk, (int)skb->truesize);
}

void tcp_send_fin(struct sock *sk)
{
	TRACE_SK(sk, "tell the peer that no more data will come");
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *tskb = tcp_write_queue_tail(sk), *skb;

	/* the FIN rides on the last packet that waits; short of memory, even on one that was sent */
	if (!tskb && tcp_under_memory_pressure(sk))
		tskb = tcp_rtx_queue_tail(sk);
	if (tskb) {
		TCP_SKB_CB(tskb)->tcp_flags |= TCPHDR_FIN;
		TCP_SKB_CB(tskb)->end_seq++;
		tp->write_seq++;
		if (!tcp_send_head(sk)) {
			/* no new segment: the retransmission timer will send it */
			tp->snd_nxt++;
			return;
		}
	} else {
		skb = alloc_skb_fclone(sk->host, MAX_TCP_HEADER, sk->sk_allocation);
		if (unlikely(!skb))
			return;
		skb->journey = trace_journey_new(sk->host);
		INIT_LIST_HEAD(&skb->tcp_tsorted_anchor);
		skb_reserve(skb, MAX_TCP_HEADER);
		sk_forced_mem_schedule(sk, (int)skb->truesize);
		tcp_init_nondata_skb(skb, tp->write_seq, TCPHDR_ACK | TCPHDR_FIN);
		tcp_queue_skb(sk, skb);
	}
	__tcp_push_pending_frames(sk, tcp_current_mss(sk), TCP_NAGLE_OFF);
}

void tcp_send_active_reset(struct sock *sk, gfp_t priority)
{
	TRACE_SK(sk, "tell the peer that the connection is aborted");
	struct sk_buff *skb;

	TCP_INC_STATS(sock_net(sk), TCP_MIB_OUTRSTS);
	skb = tcp_alloc_control(sk, priority);
	if (unlikely(!skb)) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPABORTFAILED);
		return;
	}
	tcp_init_nondata_skb(skb, tcp_acceptable_seq(sk), TCPHDR_ACK | TCPHDR_RST);
	tcp_mstamp_refresh(tcp_sk(sk));
	if (tcp_transmit_skb(sk, skb, 0, priority))
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPABORTFAILED);
}

/* ---- ACK ---- */

/* No memory for an ACK: try again later, each time twice as late. */
static void tcp_retry_ack(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	unsigned long delay = (unsigned long)TCP_DELACK_MAX << icsk->icsk_ack.retry;

	if (delay < TCP_RTO_MAX)
		icsk->icsk_ack.retry++;
	inet_csk_schedule_ack(sk);
	icsk->icsk_ack.ato = TCP_ATO_MIN;
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_DACK, delay, TCP_RTO_MAX);
}

void __tcp_send_ack(struct sock *sk, u32 rcv_nxt)
{
	TRACE_SK(sk, "build an ACK and send it");
	struct sk_buff *buff;

	if (unlikely(sk->sk_state == TCP_CLOSE))
		return;
	buff = tcp_alloc_control(sk, GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!buff)) {
		tcp_retry_ack(sk);
		return;
	}
	tcp_init_nondata_skb(buff, tcp_acceptable_seq(sk), TCPHDR_ACK);
	/* it must not count much against the send buffer, nor wake the writer */
	skb_set_tcp_pure_ack(buff);
	__tcp_transmit_skb(sk, buff, 0, GFP_ATOMIC, rcv_nxt);
}

void tcp_send_ack(struct sock *sk)
{
	TRACE_SK(sk, "acknowledge what has come");

	__tcp_send_ack(sk, tcp_sk(sk)->rcv_nxt);
}

/* How long the ACK may wait, in jiffies. */
static u32 tcp_delack_time(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 ato = icsk->icsk_ack.ato;

	if (ato > TCP_DELACK_MIN) {
		u32 max_ato = HZ / 2;

		if (inet_csk_in_pingpong_mode(sk) || (icsk->icsk_ack.pending & ICSK_ACK_PUSHED))
			max_ato = TCP_DELACK_MAX;
		/* past an RTT the sender may be waiting for it */
		if (tp->srtt_us) {
			u32 rtt = max((u32)usecs_to_jiffies(tp->srtt_us >> 3), TCP_DELACK_MIN);

			max_ato = min(max_ato, rtt);
		}
		ato = min(ato, max_ato);
	}
	return min(ato, icsk->icsk_delack_max);
}

void tcp_send_delayed_ack(struct sock *sk)
{
	TRACE_SK(sk, "acknowledge a little later, perhaps with data");
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 ato = tcp_delack_time(sk);
	unsigned long now = jiffies(sk->host), timeout = now + ato;

	/* the timer runs already: it must not be put off */
	if (icsk->icsk_ack.pending & ICSK_ACK_TIMER) {
		if (time_before_eq(icsk->icsk_ack.timeout, now + (ato >> 2))) {
			tcp_send_ack(sk);
			return;
		}
		if (!time_before(timeout, icsk->icsk_ack.timeout))
			timeout = icsk->icsk_ack.timeout;
	}
	icsk->icsk_ack.pending |= ICSK_ACK_SCHED | ICSK_ACK_TIMER;
	icsk->icsk_ack.timeout = timeout;
	sk_reset_timer(sk, &icsk->icsk_delack_timer, timeout);
}

/* ---- window probes ---- */

static int tcp_xmit_probe_skb(struct sock *sk, int urgent, int mib)
{
	TRACE_SK(sk, "send an ACK with an old sequence number, which the peer has to answer");
	struct sk_buff *skb = tcp_alloc_control(sk, GFP_ATOMIC | __GFP_NOWARN);

	if (!skb)
		return -1;
	/* one byte before the window; with urgent data the pointer must be believed, so not so old */
	tcp_init_nondata_skb(skb, tcp_sk(sk)->snd_una - !urgent, TCPHDR_ACK);
	NET_INC_STATS(sock_net(sk), mib);
	return tcp_transmit_skb(sk, skb, 0, GFP_ATOMIC);
}

void tcp_send_window_probe(struct sock *sk)
{
	TRACE_SK(sk, "ask the peer for its window");

	if (sk->sk_state != TCP_ESTABLISHED)
		return;
	tcp_sk(sk)->snd_wl1 = tcp_sk(sk)->rcv_nxt - 1;
	tcp_mstamp_refresh(tcp_sk(sk));
	tcp_xmit_probe_skb(sk, 0, LINUX_MIB_TCPWINPROBE);
}

/* The window has room for a part of the next packet: that is the probe. */
static int tcp_wakeup_with_data(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	unsigned int mss = tcp_current_mss(sk);
	u32 seg_size = tcp_wnd_end(tp) - tcb->seq;
	int err;

	if (before(tp->pushed_seq, tcb->end_seq))
		tp->pushed_seq = tcb->end_seq;
	if (seg_size < tcb->end_seq - tcb->seq || skb->len > mss) {
		seg_size = min(seg_size, mss);
		tcb->tcp_flags |= TCPHDR_PSH;
		if (tcp_fragment(sk, TCP_FRAG_IN_WRITE_QUEUE, skb, seg_size, mss, GFP_ATOMIC))
			return -1;
	} else if (!tcp_skb_pcount(skb)) {
		tcp_set_skb_tso_segs(skb, mss);
	}
	tcb->tcp_flags |= TCPHDR_PSH;
	err = tcp_transmit_skb(sk, skb, 1, GFP_ATOMIC);
	if (!err)
		tcp_event_new_data_sent(sk, skb);
	return err;
}

int tcp_write_wakeup(struct sock *sk, int mib)
{
	TRACE_SK(sk, "make the peer answer: with data that fits its window, or with a probe");
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_send_head(sk);

	if (sk->sk_state == TCP_CLOSE)
		return -1;
	if (skb && before(TCP_SKB_CB(skb)->seq, tcp_wnd_end(tp)))
		return tcp_wakeup_with_data(sk, skb);
	if (between(tp->snd_up, tp->snd_una + 1, tp->snd_una + 0xFFFF))
		tcp_xmit_probe_skb(sk, 1, mib);
	return tcp_xmit_probe_skb(sk, 0, mib);
}

void tcp_send_probe0(struct sock *sk)
{
	TRACE_SK(sk, "probe a window of zero, and set the timer for the next probe");
	struct inet_connection_sock *icsk = inet_csk(sk);
	unsigned long timeout;
	int err = tcp_write_wakeup(sk, LINUX_MIB_TCPWINPROBE);

	if (tcp_sk(sk)->packets_out || tcp_write_queue_empty(sk)) {
		/* the retransmission timer does the rest, or there is nothing left to send */
		icsk->icsk_probes_out = 0;
		icsk->icsk_backoff = 0;
		icsk->icsk_probes_tstamp = 0;
		return;
	}
	icsk->icsk_probes_out++;
	if (err <= 0) {
		if (icsk->icsk_backoff < sock_net(sk)->ipv4.sysctl_tcp_retries2)
			icsk->icsk_backoff++;
		timeout = tcp_probe0_when(sk, TCP_RTO_MAX);
	} else {
		/* our own queue was full: soon again, without backing off */
		timeout = TCP_RESOURCE_PROBE_INTERVAL;
	}
	timeout = tcp_clamp_probe0_to_user_timeout(sk, (u32)timeout);
	tcp_reset_xmit_timer(sk, ICSK_TIME_PROBE0, timeout, TCP_RTO_MAX);
}
