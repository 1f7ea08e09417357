/*
 * Sending: which segments of the write queue may go now, the TCP header in front of them, and the way to IP.
 *
 *	__tcp_push_pending_frames(), tcp_push_one(), tcp_tasklet_func() > tcp_write_xmit()
 *	    for each skb that congestion window, receive window, Nagle and TSQ let pass:
 *	    tcp_transmit_skb() > __tcp_transmit_skb(): a clone gets the header and goes to ip_queue_xmit()
 *	    tcp_event_new_data_sent(): the skb moves from the write queue to the retransmission queue
 *
 * An skb holds up to 64 KiB; tcp_gso_segment() cuts it behind the queueing discipline. Limits and chunks are
 * therefore counted in segments: tcp_skb_pcount().
 */
#include "stack/application/socket.h"
#include "stack/interface/sch_generic.h"
#include "stack/transport/tcp_output.h"
#include "stack/transport/tcp_trace.h"

/* ---- clocks and statistics ---- */

void tcp_mstamp_refresh(struct tcp_sock *tp)
{
	TRACE_SK_LEAF((struct sock *)tp, "read the clock, once for all that follows");
	u64 now = tcp_stamp_ns(((struct sock *)tp)->host);

	tp->tcp_clock_cache = now;
	tp->tcp_mstamp = now / NSEC_PER_USEC;
}

/* Time goes to the account of what limits the sender now. */
static void tcp_chrono_set(struct tcp_sock *tp, const enum tcp_chrono new)
{
	TRACE_SK_LEAF((struct sock *)tp, "change what the sender's time is booked on");
	const u32 now = tcp_jiffies32(((struct sock *)tp)->host);
	enum tcp_chrono old = tp->chrono_type;

	if (old > TCP_CHRONO_UNSPEC)
		tp->chrono_stat[old - 1] += now - tp->chrono_start;
	tp->chrono_start = now;
	tp->chrono_type = new;
}

void tcp_chrono_start(struct sock *sk, const enum tcp_chrono type)
{
	TRACE_SK(sk, "from here on this limits the sender");

	/* a limit found later outranks an earlier one: full buffer, then window, then just busy */
	if (type > tcp_sk(sk)->chrono_type)
		tcp_chrono_set(tcp_sk(sk), type);
}

void tcp_chrono_stop(struct sock *sk, const enum tcp_chrono type)
{
	TRACE_SK(sk, "this does not limit the sender any more");
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_rtx_and_write_queues_empty(sk))
		tcp_chrono_set(tp, TCP_CHRONO_UNSPEC);
	else if (type == tp->chrono_type)
		tcp_chrono_set(tp, TCP_CHRONO_BUSY);
}

/* ---- queues ---- */

void tcp_rbtree_insert(struct rb_root *root, struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "queue the packet by sequence number until it is acknowledged");
	struct rb_node **p = &root->rb_node, *parent = NULL;

	while (*p) {
		struct sk_buff *other = rb_to_skb(parent = *p);

		p = before(TCP_SKB_CB(skb)->seq, TCP_SKB_CB(other)->seq) ? &parent->rb_left
									 : &parent->rb_right;
	}
	rb_link_node(&skb->rbnode, parent, p);
	rb_insert_color(&skb->rbnode, root);
}

void tcp_event_new_data_sent(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "account for new data that was sent");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int prior_packets = tp->packets_out;

	tp->snd_nxt = TCP_SKB_CB(skb)->end_seq;
	__skb_unlink(skb, &sk->sk_write_queue);
	tcp_rbtree_insert(&sk->tcp_rtx_queue, skb);
	if (!tp->highest_sack)
		tp->highest_sack = skb;

	tp->packets_out += (u32)tcp_skb_pcount(skb);
	if (!prior_packets || icsk->icsk_pending == ICSK_TIME_LOSS_PROBE)
		tcp_rearm_rto(sk);
	NET_ADD_STATS(sock_net(sk), LINUX_MIB_TCPORIGDATASENT, tcp_skb_pcount(skb));
	tcp_check_space(sk);
}

void tcp_init_nondata_skb(struct sk_buff *skb, u32 seq, u8 flags)
{
	TRACE_SKB_LEAF(skb, "set up a segment without data: sequence number and flags");
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	skb->ip_summed = CHECKSUM_PARTIAL;
	tcb->tcp_flags = flags;
	tcb->sacked = 0;
	tcb->eor = 0;
	tcb->txstamp_ack = 0;
	tcb->tcp_gso_size = 0;
	tcp_skb_pcount_set(skb, 1);
	tcb->seq = seq;
	if (flags & (TCPHDR_SYN | TCPHDR_FIN))
		seq++;
	tcb->end_seq = seq;
}

/* ---- the congestion window and idle times ---- */

void tcp_cwnd_restart(struct sock *sk, s32 delta)
{
	TRACE_SK(sk, "halve the window for each RTO that the connection was idle");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 restart_cwnd = tcp_init_cwnd(tp, __sk_dst_get(sk));
	u32 cwnd = tp->snd_cwnd;

	tcp_ca_event(sk, CA_EVENT_CWND_RESTART);
	tp->snd_ssthresh = tcp_current_ssthresh(sk);
	restart_cwnd = min(restart_cwnd, cwnd);
	while ((delta -= (s32)inet_csk(sk)->icsk_rto) > 0 && cwnd > restart_cwnd)
		cwnd >>= 1;
	tp->snd_cwnd = max(cwnd, restart_cwnd);
	tp->snd_cwnd_stamp = tcp_jiffies32(sk->host);
	tp->snd_cwnd_used = 0;
}

static void tcp_cwnd_application_limited(struct sock *sk)
{
	TRACE_SK(sk, "the application did not use the window: bring it down half way");
	struct tcp_sock *tp = tcp_sk(sk);

	if (inet_csk(sk)->icsk_ca_state == TCP_CA_Open && sk->sk_socket &&
	    !(sk->sk_socket->flags & BIT(SOCK_NOSPACE))) {
		u32 init_win = tcp_init_cwnd(tp, __sk_dst_get(sk));
		u32 win_used = max(tp->snd_cwnd_used, init_win);

		if (win_used < tp->snd_cwnd) {
			tp->snd_ssthresh = tcp_current_ssthresh(sk);
			tp->snd_cwnd = (tp->snd_cwnd + win_used) >> 1;
		}
		tp->snd_cwnd_used = 0;
	}
	tp->snd_cwnd_stamp = tcp_jiffies32(sk->host);
}

static void tcp_cwnd_validate(struct sock *sk, bool is_cwnd_limited)
{
	TRACE_SK(sk, "note how far the congestion window was used");
	const struct tcp_congestion_ops *ca_ops = inet_csk(sk)->icsk_ca_ops;
	struct tcp_sock *tp = tcp_sk(sk);

	/* the strongest signal of each window counts */
	if (!before(tp->snd_una, tp->cwnd_usage_seq) || is_cwnd_limited ||
	    (!tp->is_cwnd_limited && tp->packets_out > tp->max_packets_out)) {
		tp->is_cwnd_limited = is_cwnd_limited;
		tp->max_packets_out = tp->packets_out;
		tp->cwnd_usage_seq = tp->snd_nxt;
	}

	if (tcp_is_cwnd_limited(sk)) {
		tp->snd_cwnd_used = 0;
		tp->snd_cwnd_stamp = tcp_jiffies32(sk->host);
		return;
	}
	tp->snd_cwnd_used = max(tp->snd_cwnd_used, tp->packets_out);
	if (sock_net(sk)->ipv4.sysctl_tcp_slow_start_after_idle &&
	    (s32)(tcp_jiffies32(sk->host) - tp->snd_cwnd_stamp) >= (s32)inet_csk(sk)->icsk_rto &&
	    !ca_ops->cong_control)
		tcp_cwnd_application_limited(sk);

	/* nothing to send, and the program waits for buffer space: the buffer is too small */
	if (tcp_write_queue_empty(sk) && sk->sk_socket && sk->sk_socket->flags & BIT(SOCK_NOSPACE) &&
	    (1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT))
		tcp_chrono_start(sk, TCP_CHRONO_SNDBUF_LIMITED);
}

/* ---- one segment to IP ---- */

static void tcp_event_data_sent(struct tcp_sock *tp, struct sock *sk)
{
	TRACE_SK(sk, "note when data was sent; is the session interactive?");
	struct inet_connection_sock *icsk = inet_csk(sk);
	const u32 now = tcp_jiffies32(sk->host);

	if (tcp_packets_in_flight(tp) == 0)
		tcp_ca_event(sk, CA_EVENT_TX_START);
	tp->lsndtime = now;
	/* an answer to what came just before */
	if (now - icsk->icsk_ack.lrcvtime < icsk->icsk_ack.ato)
		inet_csk_inc_pingpong_cnt(sk);
}

/* An ACK goes out: what was to be acknowledged later has been by it. */
static inline void tcp_event_ack_sent(struct sock *sk, u32 rcv_nxt)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (unlikely(tp->compressed_ack)) {
		NET_ADD_STATS(sock_net(sk), LINUX_MIB_TCPACKCOMPRESSED, tp->compressed_ack);
		tp->compressed_ack = 0;
		if (hrtimer_try_to_cancel(&tp->compressed_ack_timer) == 1)
			__sock_put(sk);
	}
	if (unlikely(rcv_nxt != tp->rcv_nxt))
		return; /* an ACK of the past */
	tcp_dec_quickack_mode(sk);
	inet_csk_clear_xmit_timer(sk, ICSK_TIME_DACK);
}

static void tcp_ecn_send(struct sock *sk, struct sk_buff *skb, struct tcphdr *th, unsigned int header_len)
{
	TRACE_SKB_LEAF(skb, "set the ECN bits of a segment");
	struct tcp_sock *tp = tcp_sk(sk);

	if (!(tp->ecn_flags & TCP_ECN_OK))
		return;
	/* only new data may carry a mark */
	if (skb->len != header_len && !before(TCP_SKB_CB(skb)->seq, tp->snd_nxt)) {
		INET_ECN_xmit(sk);
		if (tp->ecn_flags & TCP_ECN_QUEUE_CWR) {
			tp->ecn_flags &= (u8)~TCP_ECN_QUEUE_CWR;
			th->cwr = 1;
			skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_ECN;
		}
	} else if (!tcp_ca_needs_ecn(sk)) {
		INET_ECN_dontxmit(sk);
	}
	if (tp->ecn_flags & TCP_ECN_DEMAND_CWR)
		th->ece = 1;
}

/* Pacing: when the next segment may leave. The skb goes to the end of the list by time of sending. */
void tcp_update_skb_after_send(struct sock *sk, struct sk_buff *skb, u64 prior_wstamp)
{
	TRACE_SKB_LEAF(skb, "put the packet last in the list by time of sending");
	struct tcp_sock *tp = tcp_sk(sk);

	if (sk->sk_pacing_status != SK_PACING_NONE) {
		unsigned long rate = sk->sk_pacing_rate;

		/* the first ten packets, the initial window, are not paced */
		if (rate != ~0UL && rate && tp->data_segs_out >= TCP_INIT_CWND) {
			u64 len_ns = (u64)skb->len * NSEC_PER_SEC / rate;
			u64 credit = tp->tcp_wstamp_ns - prior_wstamp;

			len_ns -= min(len_ns / 2, credit);
			tp->tcp_wstamp_ns += len_ns;
		}
	}
	list_move_tail(&skb->tcp_tsorted_anchor, &tp->tsorted_sent_queue);
}

/* A copy to send, while the original waits for its ACK. */
static struct sk_buff *tcp_clone_to_send(struct sk_buff *skb, gfp_t gfp_mask)
{
	struct sk_buff *clone;

	tcp_skb_tsorted_save(skb);
	clone = unlikely(skb_cloned(skb)) ? pskb_copy(skb, gfp_mask) : skb_clone(skb, gfp_mask);
	tcp_skb_tsorted_restore(skb);
	if (likely(clone))
		clone->dev = NULL; /* lay over the tree's links */
	return clone;
}

/* The skb is charged to the socket until the driver is done with it: TSQ. */
static inline void tcp_skb_charge(struct sock *sk, struct sk_buff *skb)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = skb_is_tcp_pure_ack(skb) ? __sock_wfree : tcp_wfree;
	sk->sk_wmem_alloc += (int)skb->truesize;
}

/* Everything of the header but window, ECN bits, options and checksum. */
static struct tcphdr *tcp_build_header(struct sock *sk, struct sk_buff *skb, unsigned int header_size,
				       u32 rcv_nxt)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcphdr *th = (struct tcphdr *)skb->data;

	th->source = inet->inet_sport;
	th->dest = inet->inet_dport;
	th->seq = htonl(tcb->seq);
	th->ack_seq = htonl(rcv_nxt);
	*((__be16 *)th + 6) = htons((u16)((header_size >> 2) << 12 | tcb->tcp_flags));
	th->check = 0;
	th->urg_ptr = 0;
	if (unlikely(tcp_urg_mode(tp) && before(tcb->seq, tp->snd_up))) {
		if (before(tp->snd_up, tcb->seq + 0x10000)) {
			th->urg_ptr = htons((u16)(tp->snd_up - tcb->seq));
			th->urg = 1;
		} else if (after(tcb->seq + 0xFFFF, tp->snd_nxt)) {
			th->urg_ptr = htons(0xFFFF);
			th->urg = 1;
		}
	}
	return th;
}

static inline void tcp_send_check(struct sock *sk, struct sk_buff *skb)
{
	TRACE_OP(sk, "send_check");
	inet_csk(sk)->icsk_af_ops->send_check(sk, skb);
}

static inline int tcp_queue_xmit(struct sock *sk, struct sk_buff *skb)
{
	TRACE_OP(sk, "queue_xmit");
	return inet_csk(sk)->icsk_af_ops->queue_xmit(sk, skb, &inet_sk(sk)->cork.fl);
}

/* What the segment is counted as, just before it leaves. */
static inline void tcp_count_segment(struct sock *sk, struct sk_buff *skb, unsigned int header_size)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int segs = (unsigned int)tcp_skb_pcount(skb);

	if (skb->len != header_size) {
		tcp_event_data_sent(tp, sk);
		tp->data_segs_out += segs;
		tp->bytes_sent += skb->len - header_size;
	}
	if (after(tcb->end_seq, tp->snd_nxt) || tcb->seq == tcb->end_seq)
		TCP_ADD_STATS(sock_net(sk), TCP_MIB_OUTSEGS, segs);
	tp->segs_out += segs;
	skb_shinfo(skb)->gso_segs = (u16)segs;
	skb_shinfo(skb)->gso_size = (u16)tcp_skb_mss(skb);
}

int __tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, int clone_it, gfp_t gfp_mask, u32 rcv_nxt)
{
	TRACE_SKB(skb, "build tcp header and send to ip layer");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_out_options opts = { .options = 0 };
	struct sk_buff *oskb = NULL;
	u64 prior_wstamp = tp->tcp_wstamp_ns;
	unsigned int header_size;
	struct tcphdr *th;
	int err;

	tp->tcp_wstamp_ns = max(tp->tcp_wstamp_ns, tp->tcp_clock_cache);
	skb->skb_mstamp_ns = tp->tcp_wstamp_ns;
	if (clone_it) {
		oskb = skb;
		skb = tcp_clone_to_send(oskb, gfp_mask);
		if (unlikely(!skb))
			return -ENOBUFS;
		tcb = TCP_SKB_CB(skb);
	}

	if (unlikely(tcb->tcp_flags & TCPHDR_SYN)) {
		header_size = tcp_syn_options(sk, skb, &opts) + TCP_HEADER_LEN;
	} else {
		header_size = tcp_established_options(sk, skb, &opts) + TCP_HEADER_LEN;
		if (tcp_skb_pcount(skb) > 1)
			tcb->tcp_flags |= TCPHDR_PSH; /* so that GRO at the receiver does not wait for more */
	}
	skb->ooo_okay = sk_wmem_alloc_get(sk) < (int)SKB_TRUESIZE(1);
	skb_push(skb, header_size);
	skb_reset_transport_header(skb);
	tcp_skb_charge(sk, skb);
	skb_set_dst_pending_confirm(skb, sk->sk_dst_pending_confirm);

	th = tcp_build_header(sk, skb, header_size, rcv_nxt);
	skb_shinfo(skb)->gso_type = (u32)sk->sk_gso_type;
	if (likely(!(tcb->tcp_flags & TCPHDR_SYN))) {
		th->window = htons(tcp_select_window(sk));
		tcp_ecn_send(sk, skb, th, header_size);
	} else {
		th->window = htons((u16)min(tp->rcv_wnd, 65535U)); /* never scaled */
	}
	tcp_options_write(sk->host, (__be32 *)(th + 1), tp, &opts);
	if (unlikely(opts.md5))
		tcp_v4_md5_hash_skb(opts.hash_location, opts.md5, inet_sk(sk)->inet_saddr,
				    inet_sk(sk)->inet_daddr, skb);
	tcp_send_check(sk, skb);

	if (likely(tcb->tcp_flags & TCPHDR_ACK))
		tcp_event_ack_sent(sk, rcv_nxt);
	tcp_count_segment(sk, skb, header_size);
	memset(IPCB(skb), 0, sizeof(struct inet_skb_parm)); /* cb is IP's from here on */

	err = tcp_queue_xmit(sk, skb);
	if (unlikely(err > 0)) {
		/* a queue of our own host was full */
		tcp_enter_cwr(sk);
		err = net_xmit_eval(err);
	}
	if (!err && oskb) {
		tcp_update_skb_after_send(sk, oskb, prior_wstamp);
		tcp_rate_skb_sent(sk, oskb);
	}
	return err;
}

int tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, int clone_it, gfp_t gfp_mask)
{
	TRACE_SKB(skb, "pass packet to ip layer for transmit");

	return __tcp_transmit_skb(sk, skb, clone_it, gfp_mask, tcp_sk(sk)->rcv_nxt);
}

/* ---- what may be sent, and how much at once ---- */

static u32 tcp_tso_autosize(const struct sock *sk, unsigned int mss_now, u32 min_tso_segs)
{
	TRACE_SK_LEAF(sk, "segments that go into one packet: about a millisecond at the pacing rate");
	unsigned long bytes = min((unsigned long)sk->sk_pacing_rate >> sk->sk_pacing_shift,
				  (unsigned long)sk->sk_gso_max_size - 1 - MAX_TCP_HEADER);

	return max((u32)(bytes / mss_now), min_tso_segs);
}

u32 tcp_tso_segs(struct sock *sk, unsigned int mss_now)
{
	TRACE_SK(sk, "number of segments to hand to the device as one");
	u32 segs = tcp_tso_autosize(sk, mss_now, tcp_ca_min_tso_segs(sk));

	return min(segs, (u32)sk->sk_gso_max_segs);
}

/* Was the last small segment sent not acknowledged yet? (Minshall's refinement of Nagle) */
static inline bool tcp_minshall_check(const struct tcp_sock *tp)
{
	return after(tp->snd_sml, tp->snd_una) && !after(tp->snd_sml, tp->snd_nxt);
}

static void tcp_minshall_update(struct tcp_sock *tp, unsigned int mss_now, const struct sk_buff *skb)
{
	TRACE_SK_LEAF((struct sock *)tp, "remember the last small segment");

	if (skb->len < (unsigned int)tcp_skb_pcount(skb) * mss_now)
		tp->snd_sml = TCP_SKB_CB(skb)->end_seq;
}

static bool tcp_nagle_check(bool partial, const struct tcp_sock *tp, int nonagle)
{
	TRACE_SK((struct sock *)tp, "Nagle: hold a small segment back while another is unacknowledged");

	if (!partial)
		return false;
	return (nonagle & TCP_NAGLE_CORK) || (!nonagle && tp->packets_out && tcp_minshall_check(tp));
}

static inline bool tcp_nagle_test(const struct tcp_sock *tp, const struct sk_buff *skb, unsigned int cur_mss,
				  int nonagle)
{
	if (nonagle & TCP_NAGLE_PUSH)
		return true;
	if (tcp_urg_mode(tp) || (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN))
		return true;
	return !tcp_nagle_check(skb->len < cur_mss, tp, nonagle);
}

bool tcp_snd_wnd_test(const struct tcp_sock *tp, const struct sk_buff *skb, unsigned int cur_mss)
{
	TRACE_SK_LEAF((struct sock *)tp, "does a segment fit the receiver's window?");
	u32 end_seq = TCP_SKB_CB(skb)->end_seq;

	if (skb->len > cur_mss)
		end_seq = TCP_SKB_CB(skb)->seq + cur_mss;
	return !after(end_seq, tcp_wnd_end(tp));
}

/* Segments that the congestion window allows; never more than half of it at once. */
static inline unsigned int tcp_cwnd_test(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	u32 in_flight, cwnd = tp->snd_cwnd;

	/* a FIN does not wait */
	if ((TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN) && tcp_skb_pcount(skb) == 1)
		return 1;
	in_flight = tcp_packets_in_flight(tp);
	if (in_flight >= cwnd)
		return 0;
	return min(max(cwnd >> 1, 1U), cwnd - in_flight);
}

static unsigned int tcp_mss_split_point(const struct sock *sk, const struct sk_buff *skb,
					unsigned int mss_now, unsigned int max_segs, int nonagle)
{
	TRACE_SKB(skb, "how much of the packet fits window and quota");
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 window = tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq;
	u32 max_len = mss_now * max_segs, needed, partial;

	if (likely(max_len <= window && skb != tcp_write_queue_tail(sk)))
		return max_len;
	needed = min(skb->len, window);
	if (max_len <= needed)
		return max_len;
	partial = needed % mss_now;
	return tcp_nagle_check(partial != 0, tp, nonagle) ? needed - partial : needed;
}

/* What one call of tcp_write_xmit() goes by. */
struct tcp_xmit {
	unsigned int mss_now, max_segs;
	unsigned int limit; /* bytes of the skb at hand that may be sent */
	int nonagle, push_one;
	bool is_cwnd_limited, is_rwnd_limited;
};

static bool tcp_tso_should_defer(struct sock *sk, struct sk_buff *skb, struct tcp_xmit *x)
{
	TRACE_SKB_LEAF(skb, "is it better to wait for ACKs and send a bigger packet then?");
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct sk_buff *head;
	u32 send_win, cong_win, limit;
	int win_divisor = sock_net(sk)->ipv4.sysctl_tcp_tso_win_divisor;

	if (inet_csk(sk)->icsk_ca_state >= TCP_CA_Recovery)
		return false;
	/* waits of more than a millisecond make bursts */
	if ((s64)(tp->tcp_clock_cache - tp->tcp_wstamp_ns - NSEC_PER_SEC / 1000) > 0)
		return false;

	send_win = tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq;
	cong_win = (tp->snd_cwnd - tcp_packets_in_flight(tp)) * tp->mss_cache;
	limit = min(send_win, cong_win);
	if (limit >= x->max_segs * tp->mss_cache)
		return false;
	if (skb != tcp_write_queue_tail(sk) && limit >= skb->len)
		return false;
	if (win_divisor) {
		/* a good part of the window is enough */
		if (limit >= min(tp->snd_wnd, tp->snd_cwnd * tp->mss_cache) / (u32)win_divisor)
			return false;
	} else if (limit > tcp_max_tso_deferred_mss(tp) * tp->mss_cache) {
		return false;
	}

	/* is the next ACK due soon, within half an RTT? */
	head = tcp_rtx_queue_head(sk);
	if (!head)
		return false;
	if ((s64)(tp->tcp_clock_cache - head->tstamp - (u64)NSEC_PER_USEC * (tp->srtt_us >> 4)) < 0)
		return false;

	if (cong_win < send_win) {
		if (cong_win <= skb->len) {
			x->is_cwnd_limited = true;
			return true;
		}
	} else if (send_win <= skb->len) {
		x->is_rwnd_limited = true;
		return true;
	}
	/* nothing will be added to this one */
	return !((TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN) || !tcp_skb_can_collapse_to(skb));
}

/* Do pacing, windows and Nagle let (a part of) the skb go? Sets x->limit. */
static bool tcp_may_send(struct sock *sk, struct sk_buff *skb, struct tcp_xmit *x)
{
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int cwnd_quota;
	int tso_segs;

	if (tcp_pacing_check(sk))
		return false;
	tso_segs = tcp_init_tso_segs(skb, x->mss_now);
	cwnd_quota = tcp_cwnd_test(tp, skb);
	if (!cwnd_quota) {
		if (x->push_one != 2) /* a loss probe goes in any case */
			return false;
		cwnd_quota = 1;
	}
	if (unlikely(!tcp_snd_wnd_test(tp, skb, x->mss_now))) {
		x->is_rwnd_limited = true;
		return false;
	}
	if (tso_segs == 1) {
		if (unlikely(!tcp_nagle_test(tp, skb, x->mss_now,
					     tcp_skb_is_last(sk, skb) ? x->nonagle : TCP_NAGLE_PUSH)))
			return false;
	} else if (!x->push_one && tcp_tso_should_defer(sk, skb, x)) {
		return false;
	}
	x->limit = x->mss_now;
	if (tso_segs > 1 && !tcp_urg_mode(tp))
		x->limit = tcp_mss_split_point(sk, skb, x->mss_now, min(cwnd_quota, x->max_segs), x->nonagle);
	return true;
}

/* Returns true when nothing is in flight though there is data: the caller sets the probe timer. */
bool tcp_write_xmit(struct sock *sk, unsigned int mss_now, int nonagle, int push_one, gfp_t gfp)
{
	TRACE_SK(sk, "send segments of the write queue, as far as the windows allow");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_xmit x = { .mss_now = mss_now, .nonagle = nonagle, .push_one = push_one };
	unsigned int sent_pkts = 0;
	struct sk_buff *skb;

	tcp_mstamp_refresh(tp);
	if (!push_one) {
		int result = tcp_mtu_probe(sk);

		if (!result)
			return false;
		if (result > 0)
			sent_pkts = 1;
	}

	x.max_segs = tcp_tso_segs(sk, mss_now);
	while ((skb = tcp_send_head(sk))) {
		if (!tcp_may_send(sk, skb, &x))
			break;
		if (skb->len > x.limit && unlikely(tso_fragment(sk, skb, x.limit, mss_now, gfp)))
			break;
		if (tcp_small_queue_check(sk, skb, 0))
			break;
		/* empty: its sender was refused memory in the middle, and will remove it */
		if (TCP_SKB_CB(skb)->end_seq == TCP_SKB_CB(skb)->seq)
			break;
		if (unlikely(tcp_transmit_skb(sk, skb, 1, gfp)))
			break;
		tcp_event_new_data_sent(sk, skb);
		tcp_minshall_update(tp, mss_now, skb);
		sent_pkts += (unsigned int)tcp_skb_pcount(skb);
		if (push_one)
			break;
	}

	if (x.is_rwnd_limited)
		tcp_chrono_start(sk, TCP_CHRONO_RWND_LIMITED);
	else
		tcp_chrono_stop(sk, TCP_CHRONO_RWND_LIMITED);
	x.is_cwnd_limited |= tcp_packets_in_flight(tp) >= tp->snd_cwnd;
	if (likely(sent_pkts || x.is_cwnd_limited))
		tcp_cwnd_validate(sk, x.is_cwnd_limited);
	tcp_trace_values(sk);

	if (likely(sent_pkts)) {
		if (tcp_in_cwnd_reduction(sk))
			tp->prr_out += sent_pkts;
		if (push_one != 2)
			tcp_schedule_loss_probe(sk, false);
		return false;
	}
	return !tp->packets_out && !tcp_write_queue_empty(sk);
}

void __tcp_push_pending_frames(struct sock *sk, unsigned int cur_mss, int nonagle)
{
	TRACE_SK(sk, "send what waits in the write queue");

	/* close() may have found nobody to send it to */
	if (unlikely(sk->sk_state == TCP_CLOSE))
		return;
	if (tcp_write_xmit(sk, cur_mss, nonagle, 0, GFP_ATOMIC))
		tcp_check_probe_timer(sk);
}

void tcp_push_one(struct sock *sk, unsigned int mss_now)
{
	TRACE_SK(sk, "send the one packet at the head of the write queue");

	SIM_BUG_ON(sk->host, !tcp_send_head(sk) || tcp_send_head(sk)->len < mss_now);
	tcp_write_xmit(sk, mss_now, TCP_NAGLE_PUSH, 1, sk->sk_allocation);
}
