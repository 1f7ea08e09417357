/*
 * The receiver's judgement: how large the peer's segments are, how soon to acknowledge, how large a window
 * to offer and how large a buffer that needs.
 *
 * ACKs: at the start of a connection, and after trouble, `icsk_ack.quick` of them go out at once; else an
 * ACK is delayed by `ato` (40 to 200 ms) in the hope of data to carry it, unless two full segments came.
 * Window: rcv_ssthresh is how much of the buffer may be offered; it grows with each segment whose data
 * fills its memory well. Buffer: tcp_rcv_space_adjust() measures what the program takes per round trip and
 * sizes the buffer for twice that (dynamic right-sizing).
 */
#include "stack/transport/tcp_input.h"
#include "stack/transport/tcp_trace.h"

/* ---- segment size ---- */

/*
 * Guesses the peer's MSS from the sizes that come: rcv_mss decides what counts as a full segment. A smaller
 * segment changes the guess only when two in a row have the same size and neither ends a message.
 */
static void tcp_measure_rcv_mss(struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SK_LEAF(sk, "guess the peer's segment size");
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u16 last = icsk->icsk_ack.last_seg_size;
	u32 len = skb_shinfo(skb)->gso_size ? skb_shinfo(skb)->gso_size : skb->len;

	icsk->icsk_ack.last_seg_size = 0;
	if (len >= icsk->icsk_ack.rcv_mss) {
		icsk->icsk_ack.rcv_mss = (u16)min_t(u32, len, tp->advmss);
		return;
	}

	len += (u32)(skb->data - skb_transport_header(skb));
	if (len >= TCP_MSS_DEFAULT + sizeof(struct tcphdr) ||
	    (len >= TCP_MIN_MSS + sizeof(struct tcphdr) && !(tcp_flag_word(tcp_hdr(skb)) & TCP_REMNANT))) {
		len -= tp->tcp_header_len;
		icsk->icsk_ack.last_seg_size = (u16)len;
		if (len == last) {
			icsk->icsk_ack.rcv_mss = (u16)len;
			return;
		}
	}
	if (icsk->icsk_ack.pending & ICSK_ACK_PUSHED)
		icsk->icsk_ack.pending |= ICSK_ACK_PUSHED2;
	icsk->icsk_ack.pending |= ICSK_ACK_PUSHED;
}

void tcp_initialize_rcv_mss(struct sock *sk)
{
	TRACE_SK(sk, "start with a cautious guess of the peer's segment size");
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 hint = min_t(u32, tp->advmss, tp->mss_cache);

	hint = min3(hint, tp->rcv_wnd / 2, (u32)TCP_MSS_DEFAULT);
	inet_csk(sk)->icsk_ack.rcv_mss = (u16)max_t(u32, hint, TCP_MIN_MSS);
}

/* ---- quick and delayed ACKs ---- */

static void tcp_incr_quickack(struct sock *sk, unsigned int max_quickacks)
{
	TRACE_SK(sk, "grant as many immediate ACKs as fill half the window");
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 quickacks = tcp_sk(sk)->rcv_wnd / (2u * icsk->icsk_ack.rcv_mss);

	if (!quickacks)
		quickacks = 2;
	quickacks = min(quickacks, max_quickacks);
	if (quickacks > icsk->icsk_ack.quick)
		icsk->icsk_ack.quick = (u8)quickacks;
}

void tcp_enter_quickack_mode(struct sock *sk, unsigned int max_quickacks)
{
	TRACE_SK(sk, "acknowledge at once for a while");

	tcp_incr_quickack(sk, max_quickacks);
	inet_csk_exit_pingpong_mode(sk);
	inet_csk(sk)->icsk_ack.ato = TCP_ATO_MIN;
}

static bool tcp_in_quickack_mode(struct sock *sk)
{
	TRACE_SK_LEAF(sk, "are ACKs to go out at once?");
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct dst_entry *dst = __sk_dst_get(sk);

	return (dst && dst_metric(dst, RTAX_QUICKACK)) ||
	       (icsk->icsk_ack.quick && !inet_csk_in_pingpong_mode(sk));
}

/* Moves the delay of ACKs towards the time between two segments. */
static void tcp_adapt_ato(struct sock *sk, u32 now)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 ato = icsk->icsk_ack.ato, gap = now - icsk->icsk_ack.lrcvtime;

	if (gap <= TCP_ATO_MIN / 2) {
		icsk->icsk_ack.ato = (ato >> 1) + TCP_ATO_MIN / 2;
	} else if (gap < ato) {
		ato = (ato >> 1) + gap;
		icsk->icsk_ack.ato = min(ato, icsk->icsk_rto);
	} else if (gap > icsk->icsk_rto) {
		/* such a pause: the peer restarts slowly, or lost its ACKs */
		tcp_incr_quickack(sk, TCP_MAX_QUICKACKS);
	}
}

/* Is there reason to acknowledge now rather than later? */
static bool tcp_ack_is_due(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct inet_connection_sock *icsk = inet_csk(sk);

	/* more than one full segment, and either the program reads along or the window would open */
	if (tp->rcv_nxt - tp->rcv_wup > icsk->icsk_ack.rcv_mss &&
	    ((int)(tp->rcv_nxt - tp->copied_seq) < sk->sk_rcvlowat || __tcp_select_window(sk) >= tp->rcv_wnd))
		return true;
	return tcp_in_quickack_mode(sk) || (icsk->icsk_ack.pending & ICSK_ACK_NOW);
}

/*
 * With a hole in the data each segment asks for an ACK. Thins these out: the first few duplicates go at once
 * (the sender counts to three), then one per 5 % of the RTT, 1 ms at most.
 */
static bool tcp_compress_sack(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const struct netns_ipv4 *sysctl = &sock_net(sk)->ipv4;
	u32 rtt;
	u64 delay;

	if (!tcp_is_sack(tp) || tp->compressed_ack >= sysctl->sysctl_tcp_comp_sack_nr)
		return false;
	if (tp->compressed_ack_rcv_nxt != tp->rcv_nxt) {
		tp->compressed_ack_rcv_nxt = tp->rcv_nxt;
		tp->dup_ack_counter = 0;
	}
	if (tp->dup_ack_counter < TCP_FASTRETRANS_THRESH) {
		tp->dup_ack_counter++;
		return false;
	}
	tp->compressed_ack++;
	if (hrtimer_is_queued(&tp->compressed_ack_timer))
		return true;

	rtt = tp->rcv_rtt_est.rtt_us;
	if (tp->srtt_us && tp->srtt_us < rtt)
		rtt = tp->srtt_us;
	delay = (u64)rtt * (NSEC_PER_USEC >> 3) / 20;
	if (delay > sysctl->sysctl_tcp_comp_sack_delay_ns)
		delay = sysctl->sysctl_tcp_comp_sack_delay_ns;
	sock_hold(sk);
	hrtimer_start_range_ns(&tp->compressed_ack_timer, (ktime_t)delay,
			       sysctl->sysctl_tcp_comp_sack_slack_ns, HRTIMER_MODE_REL_PINNED_SOFT);
	return true;
}

void __tcp_ack_snd_check(struct sock *sk, int ofo_possible)
{
	TRACE_SK(sk, "acknowledge now, or later");

	if (tcp_ack_is_due(sk))
		tcp_send_ack(sk);
	else if (!ofo_possible || RB_EMPTY_ROOT(&tcp_sk(sk)->out_of_order_queue))
		tcp_send_delayed_ack(sk);
	else if (!tcp_compress_sack(sk))
		tcp_send_ack(sk);
}

/* ---- the round trip, as the receiver sees it ---- */

/*
 * Adds a sample (us). One that was measured by the window (`win_dep`: the time a window's worth of data
 * takes) is an upper bound only, so that the least counts; others are smoothed.
 */
static void tcp_rcv_rtt_update(struct tcp_sock *tp, u32 sample, int win_dep)
{
	TRACE_SK_LEAF((struct sock *)tp, "take a sample of the receiver's round trip time");
	u32 est = tp->rcv_rtt_est.rtt_us; /* 8 times the RTT */

	if (!est)
		est = sample << 3;
	else if (win_dep)
		est = min(est, sample << 3);
	else
		est += sample - (est >> 3);
	tp->rcv_rtt_est.rtt_us = est;
}

/* Without time stamps: how long it takes until the whole window was received. */
static inline void tcp_rcv_rtt_measure(struct tcp_sock *tp)
{
	if (tp->rcv_rtt_est.time) {
		u32 delta;

		if (before(tp->rcv_nxt, tp->rcv_rtt_est.seq))
			return;
		delta = tcp_stamp_us_delta(tp->tcp_mstamp, tp->rcv_rtt_est.time);
		tcp_rcv_rtt_update(tp, delta ? delta : 1, 1);
	}
	tp->rcv_rtt_est.seq = tp->rcv_nxt + tp->rcv_wnd;
	tp->rcv_rtt_est.time = tp->tcp_mstamp;
}

/* With time stamps: the age of what a full segment echoes, once per echoed value. */
void tcp_rcv_rtt_measure_ts(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 delta;

	if (tp->rx_opt.rcv_tsecr == tp->rcv_rtt_last_tsecr)
		return;
	tp->rcv_rtt_last_tsecr = tp->rx_opt.rcv_tsecr;
	if (TCP_SKB_CB(skb)->end_seq - TCP_SKB_CB(skb)->seq < inet_csk(sk)->icsk_ack.rcv_mss)
		return;
	delta = tcp_time_stamp(tp) - tp->rx_opt.rcv_tsecr;
	if (delta < S32_MAX / (USEC_PER_SEC / TCP_TS_HZ))
		tcp_rcv_rtt_update(tp, (delta ? delta : 1) * (USEC_PER_SEC / TCP_TS_HZ), 0);
}

/* ---- the window ---- */

/*
 * The data wastes memory. With an ever smaller window, would it still fit? Then the window may grow a
 * little: by this much, or 0.
 */
static int __tcp_grow_window(const struct sock *sk, const struct sk_buff *skb, unsigned int skbtruesize)
{
	TRACE_SK(sk, "may the window grow although the segment wastes memory?");
	const struct tcp_sock *tp = tcp_sk(sk);
	int truesize = tcp_win_from_space(sk, (int)skbtruesize) >> 1;
	int window = tcp_win_from_space(sk, sock_net(sk)->ipv4.sysctl_tcp_rmem[2]) >> 1;

	for (; tp->rcv_ssthresh <= (u32)window; truesize >>= 1, window >>= 1)
		if (truesize <= (int)skb->len)
			return 2 * inet_csk(sk)->icsk_ack.rcv_mss;
	return 0;
}

/*
 * What the segment costs in memory. `adjust`: it may yet be merged with its neighbour, so that headers
 * and an empty head do not count.
 */
static u32 tcp_truesize_adjust(bool adjust, const struct sk_buff *skb)
{
	u32 truesize = skb->truesize;

	if (adjust && !skb_headlen(skb)) {
		u32 head = SKB_TRUESIZE(skb_end_offset(skb));

		truesize = truesize > head ? truesize - head : 1;
	}
	return truesize;
}

void tcp_grow_window(struct sock *sk, const struct sk_buff *skb, bool adjust)
{
	TRACE_SK(sk, "let the window grow, if the data uses its memory well");
	struct tcp_sock *tp = tcp_sk(sk);
	int room = (int)min_t(u32, tp->window_clamp, (u32)max(tcp_space(sk), 0)) - (int)tp->rcv_ssthresh;
	u32 truesize;
	int incr;

	if (room <= 0 || tcp_under_memory_pressure(sk))
		return;
	truesize = tcp_truesize_adjust(adjust, skb);
	if (tcp_win_from_space(sk, (int)truesize) <= (int)skb->len)
		incr = 2 * tp->advmss;
	else
		incr = __tcp_grow_window(sk, skb, truesize);
	if (incr) {
		incr = max(incr, 2 * (int)skb->len);
		tp->rcv_ssthresh += (u32)min(room, incr);
		inet_csk(sk)->icsk_ack.quick |= 1;
	}
}

void tcp_clamp_window(struct sock *sk)
{
	TRACE_SK(sk, "the receive buffer is overrun: enlarge it if allowed, shrink the window");
	struct tcp_sock *tp = tcp_sk(sk);
	int limit = sock_net(sk)->ipv4.sysctl_tcp_rmem[2];

	inet_csk(sk)->icsk_ack.quick = 0;
	if (sk->sk_rcvbuf < limit && !(sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
	    !tcp_under_memory_pressure(sk) && sk_memory_allocated(sk) < sk_prot_mem_limits(sk, 0))
		sk->sk_rcvbuf = min(sk_rmem_alloc_get(sk), limit);
	if (sk_rmem_alloc_get(sk) > sk->sk_rcvbuf)
		tp->rcv_ssthresh = min(tp->window_clamp, 2u * tp->advmss);
}

/* ---- buffers ---- */

void tcp_init_buffer_space(struct sock *sk)
{
	TRACE_SK(sk, "size the buffers and windows of a connection that came up");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 maxwin, advmss = tp->advmss;
	int app_win = sock_net(sk)->ipv4.sysctl_tcp_app_win;

	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK))
		tcp_sndbuf_expand(sk);

	tcp_mstamp_refresh(tp);
	tp->rcvq_space.time = tp->tcp_mstamp;
	tp->rcvq_space.seq = tp->copied_seq;

	maxwin = (u32)tcp_full_space(sk);
	if (tp->window_clamp >= maxwin) {
		tp->window_clamp = maxwin;
		if (app_win && maxwin > 4 * advmss)
			tp->window_clamp = max(maxwin - (maxwin >> app_win), 4 * advmss);
	}
	/* keep back room for one segment */
	if (app_win && tp->window_clamp > 2 * advmss && tp->window_clamp + advmss > maxwin)
		tp->window_clamp = max(2 * advmss, maxwin - advmss);

	tp->rcv_ssthresh = min(tp->rcv_ssthresh, tp->window_clamp);
	tp->snd_cwnd_stamp = tcp_jiffies32(sk->host);
	tp->rcvq_space.space = min3(tp->rcv_ssthresh, tp->rcv_wnd, (u32)TCP_INIT_CWND * advmss);
}

/* The buffer that lets `copied` bytes per round trip grow as fast as slow start does; 0: leave it. */
static int tcp_rcvbuf_wanted(struct sock *sk, u32 copied)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct netns_ipv4 *sysctl = &sock_net(sk)->ipv4;
	int rcvmem = SKB_TRUESIZE(tp->advmss + MAX_TCP_HEADER);
	u64 rcvwin, grow;

	if (!sysctl->sysctl_tcp_moderate_rcvbuf || (sk->sk_userlocks & SOCK_RCVBUF_LOCK))
		return 0;
	/* twice the rate, for losses in flight, and more by as much as the rate grew */
	rcvwin = ((u64)copied << 1) + 16 * tp->advmss;
	grow = rcvwin * (copied - tp->rcvq_space.space) / tp->rcvq_space.space;
	rcvwin += grow << 1;

	while (tcp_win_from_space(sk, rcvmem) < tp->advmss)
		rcvmem += 128;
	rcvwin = rcvwin / tp->advmss * (u32)rcvmem;
	return (int)min_t(u64, rcvwin, (u64)sysctl->sysctl_tcp_rmem[2]);
}

void tcp_rcv_space_adjust(struct sock *sk)
{
	TRACE_SK(sk, "enlarge the receive buffer to what the program takes per round trip");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 time, copied;

	tcp_mstamp_refresh(tp);
	time = tcp_stamp_us_delta(tp->tcp_mstamp, tp->rcvq_space.time);
	if (!tp->rcv_rtt_est.rtt_us || time < (tp->rcv_rtt_est.rtt_us >> 3))
		return;

	copied = tp->copied_seq - tp->rcvq_space.seq;
	if (copied > tp->rcvq_space.space) {
		int rcvbuf = tp->rcvq_space.space ? tcp_rcvbuf_wanted(sk, copied) : 0;

		if (rcvbuf > sk->sk_rcvbuf) {
			sk->sk_rcvbuf = rcvbuf;
			tp->window_clamp = (u32)tcp_win_from_space(sk, rcvbuf);
		}
		tp->rcvq_space.space = copied;
	}
	tp->rcvq_space.seq = tp->copied_seq;
	tp->rcvq_space.time = tp->tcp_mstamp;
}

/* ---- all of it, for each segment with data ---- */

void tcp_event_data_recv(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "data came: schedule an ACK, adapt its delay and the window");
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 now = tcp_jiffies32(sk->host);

	inet_csk_schedule_ack(sk);
	tcp_measure_rcv_mss(sk, skb);
	tcp_rcv_rtt_measure(tcp_sk(sk));

	if (unlikely(!icsk->icsk_ack.ato)) {
		/* the first data: the sender is in slow start and waits for each ACK */
		tcp_incr_quickack(sk, TCP_MAX_QUICKACKS);
		icsk->icsk_ack.ato = TCP_ATO_MIN;
	} else {
		tcp_adapt_ato(sk, now);
	}
	icsk->icsk_ack.lrcvtime = now;

	tcp_ecn_check_ce(sk, skb);
	if (skb->len >= 128)
		tcp_grow_window(sk, skb, true);
	tcp_trace_values(sk);
}
