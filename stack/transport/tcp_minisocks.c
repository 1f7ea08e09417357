/*
 * The small forms of a connection: its birth from a half-open one (a request), and TIME_WAIT at its end.
 * Received segments come in by tcp_v4_rcv(); tcp_fin(), tcp_rcv_state_process() and close() start TIME_WAIT.
 */
#include "stack/internet/dst.h"
#include "stack/kernel/softirq.h"
#include "stack/transport/tcp.h"
#include "stack/transport/tcp_trace.h"

static bool tcp_in_window(struct host *host, u32 seq, u32 end_seq, u32 s_win, u32 e_win)
{
	TRACE(host, "does the segment touch the window?");

	if (seq == s_win)
		return true;
	if (after(end_seq, s_win) && before(seq, e_win))
		return true;
	return seq == e_win && seq == end_seq;
}

/* ---- TIME_WAIT ---- */

void tcp_twsk_destructor(struct sock *sk)
{
	TRACE_SK(sk, "free what the time-wait socket holds");

	kfree(sk->host, tcp_twsk(sk)->tw_md5_key);
}

/* The ACK of a segment out of place, but not too often. Without it the caller's reference goes. */
static enum tcp_tw_status tcp_timewait_check_oow_rate_limit(struct inet_timewait_sock *tw,
							    struct sk_buff *skb, int mib_idx)
{
	TRACE_SKB(skb, "answer a segment out of place, but not too often");
	struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);

	if (!tcp_oow_rate_limited(skb->host->net, skb, mib_idx, &tcptw->tw_last_oow_ack_time))
		return TCP_TW_ACK;
	inet_twsk_put(tw);
	return TCP_TW_SUCCESS;
}

/* FIN_WAIT2 without a process: only the peer's FIN may come. */
static enum tcp_tw_status fin_wait2_segment(struct inet_timewait_sock *tw, struct sk_buff *skb,
					    const struct tcphdr *th, const struct tcp_options_received *opt,
					    bool paws_reject)
{
	struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (paws_reject || !tcp_in_window(skb->host, cb->seq, cb->end_seq, tcptw->tw_rcv_nxt,
					  tcptw->tw_rcv_nxt + tcptw->tw_rcv_wnd))
		return tcp_timewait_check_oow_rate_limit(tw, skb, LINUX_MIB_TCPACKSKIPPEDFINWAIT2);
	if (th->rst) {
		inet_twsk_deschedule_put(tw);
		return TCP_TW_SUCCESS;
	}
	if (th->syn && !before(cb->seq, tcptw->tw_rcv_nxt))
		return TCP_TW_RST;
	if (!th->ack || !after(cb->end_seq, tcptw->tw_rcv_nxt) || cb->end_seq == cb->seq) {
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	/* data for a program that has gone */
	if (!th->fin || cb->end_seq != tcptw->tw_rcv_nxt + 1)
		return TCP_TW_RST;
	tw->tw_substate = TCP_TIME_WAIT;
	tcp_trace_state_id(skb->host, ((struct sock *)tw)->trace_id, TCP_TIME_WAIT);
	tcptw->tw_rcv_nxt = cb->end_seq;
	if (opt->saw_tstamp) {
		tcptw->tw_ts_recent_stamp = tcp_seconds(skb->host);
		tcptw->tw_ts_recent = opt->rcv_tsval;
	}
	inet_twsk_reschedule(tw, TCP_TIMEWAIT_LEN);
	return TCP_TW_ACK;
}

/* May a SYN begin a new connection? RFC 1122: with a higher number; RFC 7323: or a later time stamp. */
static bool time_wait_new_syn(const struct tcp_timewait_sock *tcptw, const struct sk_buff *skb,
			      const struct tcphdr *th, const struct tcp_options_received *opt)
{
	return th->syn && !th->rst && !th->ack &&
	       (after(TCP_SKB_CB(skb)->seq, tcptw->tw_rcv_nxt) ||
		(opt->saw_tstamp && (s32)(tcptw->tw_ts_recent - opt->rcv_tsval) < 0));
}

/* TCP_TW_SUCCESS: the caller's reference is gone. Else the caller still has it. */
enum tcp_tw_status tcp_timewait_state_process(struct inet_timewait_sock *tw, struct sk_buff *skb,
					      const struct tcphdr *th)
{
	TRACE_SKB(skb, "a segment for a connection in TIME_WAIT");
	struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);
	struct tcp_options_received opt = { .saw_tstamp = 0 };
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct net *net = skb->host->net;
	bool paws_reject = false;

	if (th->doff > sizeof(*th) / 4 && tcptw->tw_ts_recent_stamp) {
		tcp_parse_options(net, skb, &opt, 0, NULL);
		if (opt.saw_tstamp) {
			if (opt.rcv_tsecr)
				opt.rcv_tsecr -= tcptw->tw_ts_offset;
			opt.ts_recent = tcptw->tw_ts_recent;
			opt.ts_recent_stamp = tcptw->tw_ts_recent_stamp;
			paws_reject = tcp_paws_reject(skb->host, &opt, th->rst);
		}
	}
	if (tw->tw_substate == TCP_FIN_WAIT2)
		return fin_wait2_segment(tw, skb, th, &opt, paws_reject);

	if (!paws_reject && cb->seq == tcptw->tw_rcv_nxt && (cb->seq == cb->end_seq || th->rst)) {
		/* a bare ACK, or a RST (which RFC 1337 says to ignore: the sysctl) */
		if (th->rst && !net->ipv4.sysctl_tcp_rfc1337) {
			inet_twsk_deschedule_put(tw);
			return TCP_TW_SUCCESS;
		}
		if (!th->rst)
			inet_twsk_reschedule(tw, TCP_TIMEWAIT_LEN);
		if (opt.saw_tstamp) {
			tcptw->tw_ts_recent = opt.rcv_tsval;
			tcptw->tw_ts_recent_stamp = tcp_seconds(skb->host);
		}
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	if (!paws_reject && time_wait_new_syn(tcptw, skb, th, &opt)) {
		u32 isn = tcptw->tw_snd_nxt + 65535 + 2;

		TCP_SKB_CB(skb)->tcp_tw_isn = isn ? isn : 1;
		return TCP_TW_SYN;
	}
	if (paws_reject)
		NET_INC_STATS(net, LINUX_MIB_PAWSESTABREJECTED);
	if (th->rst) {
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	/* the peer did not get our last ACK: wait anew */
	if (paws_reject || th->ack)
		inet_twsk_reschedule(tw, TCP_TIMEWAIT_LEN);
	return tcp_timewait_check_oow_rate_limit(tw, skb, LINUX_MIB_TCPACKSKIPPEDTIMEWAIT);
}

/* The connection becomes a time-wait socket, for `timeo` in FIN_WAIT2; the sock itself ends. */
void tcp_time_wait(struct sock *sk, int state, int timeo)
{
	TRACE_SK(sk, "let a small time-wait socket stand in for the connection");
	const struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_state *host_tcp = tcp_host(sk);
	struct inet_timewait_sock *tw = inet_twsk_alloc(sk, &host_tcp->death_row, state);

	if (tw) {
		struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);
		const struct tcp_md5sig_key *key = tcp_md5_do_lookup(sk, inet_sk(sk)->inet_daddr);
		int rto = (int)((inet_csk(sk)->icsk_rto << 2) - (inet_csk(sk)->icsk_rto >> 1));

		tw->tw_mark = sk->sk_mark;
		tw->tw_priority = sk->sk_priority;
		tw->tw_rcv_wscale = tp->rx_opt.rcv_wscale;
		tcptw->tw_rcv_nxt = tp->rcv_nxt;
		tcptw->tw_snd_nxt = tp->snd_nxt;
		tcptw->tw_rcv_wnd = tcp_receive_window(tp);
		tcptw->tw_ts_recent = tp->rx_opt.ts_recent;
		tcptw->tw_ts_recent_stamp = tp->rx_opt.ts_recent_stamp;
		tcptw->tw_ts_offset = tp->tsoffset;
		tcptw->tw_last_oow_ack_time = 0;
		tcptw->tw_tx_delay = tp->tcp_tx_delay;
		tcptw->tw_md5_key = unlikely(key) ? tcp_md5_key_copy(sk->host, key) : NULL;
		timeo = max(timeo, rto);
		if (state == TCP_TIME_WAIT)
			timeo = TCP_TIMEWAIT_LEN;
		inet_twsk_schedule(tw, timeo);
		inet_twsk_hashdance(tw, sk, &host_tcp->hashinfo);
		tcp_trace_time_wait(sk, state);
	} else {
		/* too many, or no memory: then without waiting */
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPTIMEWAITOVERFLOW);
	}
	tcp_update_metrics(sk);
	tcp_done(sk);
}

/* ---- from request to connection ---- */

/* The receive window that the SYN-ACK offers. */
void tcp_openreq_init_rwin(struct request_sock *req, const struct sock *sk_listener,
			   const struct dst_entry *dst)
{
	TRACE_SK(sk_listener, "choose the window that the SYN-ACK offers");
	struct inet_request_sock *ireq = inet_rsk(req);
	const struct tcp_sock *tp = tcp_sk(sk_listener);
	int full_space = tcp_full_space(sk_listener);
	int mss = tcp_mss_clamp(tp, (u16)tcp_dst_advmss(dst));
	u8 rcv_wscale;

	req->rsk_window_clamp = tp->window_clamp ? tp->window_clamp : dst_metric(dst, RTAX_WINDOW);
	if ((sk_listener->sk_userlocks & SOCK_RCVBUF_LOCK) &&
	    (req->rsk_window_clamp > (u32)full_space || req->rsk_window_clamp == 0))
		req->rsk_window_clamp = (u32)full_space;
	tcp_select_initial_window(sk_listener, full_space,
				  (u32)(mss - (ireq->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0)),
				  &req->rsk_rcv_wnd, &req->rsk_window_clamp, ireq->wscale_ok, &rcv_wscale,
				  dst_metric(dst, RTAX_INITRWND));
	ireq->rcv_wscale = rcv_wscale & 15;
}

void tcp_ecn_openreq_child(struct tcp_sock *tp, const struct request_sock *req)
{
	TRACE((struct sock *)tp, "does the new connection use ECN?");

	tp->ecn_flags = inet_rsk(req)->ecn_ok ? TCP_ECN_OK : 0;
}

void tcp_ca_openreq_child(struct sock *sk, const struct dst_entry *dst)
{
	TRACE_SK(sk, "give the new connection its congestion control");

	(void)dst; /* routes do not choose it */
	if (!inet_csk(sk)->icsk_ca_setsockopt)
		tcp_assign_congestion_control(sk);
	tcp_set_ca_state(sk, TCP_CA_Open);
}

/* Sequence numbers and times of the new connection. */
static void child_init_sequence(struct sock *newsk, const struct request_sock *req)
{
	const struct tcp_request_sock *treq = tcp_rsk(req);
	struct tcp_sock *newtp = tcp_sk(newsk);
	u32 now = tcp_jiffies32(newsk->host);

	newtp->pred_flags = 0;
	newtp->rcv_wup = newtp->copied_seq = newtp->rcv_nxt = treq->rcv_isn + 1;
	newtp->segs_in = 1;
	newtp->snd_sml = newtp->snd_una = newtp->snd_nxt = newtp->snd_up = treq->snt_isn + 1;
	INIT_LIST_HEAD(&newtp->tsq_node);
	INIT_LIST_HEAD(&newtp->tsorted_sent_queue);
	newtp->out_of_order_queue = RB_ROOT;
	newsk->tcp_rtx_queue = RB_ROOT;
	tcp_init_wl(newtp, treq->rcv_isn);
	minmax_reset(&newtp->rtt_min, now, ~0U);
	inet_csk(newsk)->icsk_ack.lrcvtime = now;
	newtp->lsndtime = now;
	newsk->sk_txhash = treq->txhash;
	newtp->total_retrans = req->num_retrans;
}

/* What both sides' SYNs agreed on. */
static void child_init_options(struct sock *newsk, const struct request_sock *req, const struct sk_buff *skb)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	const struct tcp_request_sock *treq = tcp_rsk(req);
	struct tcp_sock *newtp = tcp_sk(newsk);

	newtp->rx_opt.tstamp_ok = ireq->tstamp_ok;
	newtp->rx_opt.sack_ok = ireq->sack_ok;
	newtp->window_clamp = req->rsk_window_clamp;
	newtp->rcv_ssthresh = req->rsk_rcv_wnd;
	newtp->rcv_wnd = req->rsk_rcv_wnd;
	newtp->rx_opt.wscale_ok = ireq->wscale_ok;
	newtp->rx_opt.snd_wscale = ireq->wscale_ok ? ireq->snd_wscale : 0;
	newtp->rx_opt.rcv_wscale = ireq->wscale_ok ? ireq->rcv_wscale : 0;
	if (!ireq->wscale_ok)
		newtp->window_clamp = min(newtp->window_clamp, 65535U);
	newtp->snd_wnd = (u32)ntohs(tcp_hdr(skb)->window) << newtp->rx_opt.snd_wscale;
	newtp->max_window = newtp->snd_wnd;
	newtp->tcp_header_len = sizeof(struct tcphdr);
	newtp->rx_opt.ts_recent_stamp = 0;
	if (newtp->rx_opt.tstamp_ok) {
		newtp->rx_opt.ts_recent = req->ts_recent;
		newtp->rx_opt.ts_recent_stamp = tcp_seconds(newsk->host);
		newtp->tcp_header_len += TCPOLEN_TSTAMP_ALIGNED;
	}
	if (req->num_timeout) {
		/* the SYN-ACK was repeated: tcp_try_undo_spurious_syn() finds out whether without need */
		newtp->undo_marker = treq->snt_isn;
		newtp->retrans_stamp = (u32)(treq->snt_synack / (USEC_PER_SEC / TCP_TS_HZ));
	}
	newtp->tsoffset = treq->ts_off;
	newtp->rx_opt.mss_clamp = req->mss;
}

/* The new connection's socket, in SYN_RECV, with two references; NULL: no memory. */
struct sock *tcp_create_openreq_child(struct sock *sk, struct request_sock *req, struct sk_buff *skb)
{
	TRACE_SKB(skb, "make the socket of the new connection from the listener's and the request");
	struct sock *newsk = inet_csk_clone_lock(sk, req, GFP_ATOMIC);
	struct tcp_sock *newtp;

	if (!newsk)
		return NULL;
	newtp = tcp_sk(newsk);
	child_init_sequence(newsk, req);
	tcp_init_xmit_timers(newsk);
	newtp->write_seq = newtp->pushed_seq = tcp_rsk(req)->snt_isn + 1;
	if (sock_flag(newsk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(newsk, (unsigned long)keepalive_time_when(newtp));
	child_init_options(newsk, req, skb);
	newtp->md5sig_info = NULL;
	if (tcp_md5_do_lookup(sk, inet_sk(newsk)->inet_daddr))
		newtp->tcp_header_len += TCPOLEN_MD5SIG_ALIGNED;
	if (skb->len >= TCP_MSS_DEFAULT + newtp->tcp_header_len)
		inet_csk(newsk)->icsk_ack.last_seg_size = (u16)(skb->len - newtp->tcp_header_len);
	tcp_ecn_openreq_child(newtp, req);
	newtp->fastopen_req = NULL;
	newtp->fastopen_rsk = NULL;
	newtp->saved_syn = NULL;
	TCP_INC_STATS(sock_net(sk), TCP_MIB_PASSIVEOPENS);
	return newsk;
}

/* Options of a segment for a request. True: PAWS rejects it. */
static bool check_req_options(struct sock *sk, struct sk_buff *skb, const struct request_sock *req,
			      struct tcp_options_received *opt)
{
	const struct tcphdr *th = tcp_hdr(skb);

	opt->saw_tstamp = 0;
	if (th->doff <= sizeof(*th) / 4)
		return false;
	tcp_parse_options(sock_net(sk), skb, opt, 0, NULL);
	if (!opt->saw_tstamp)
		return false;
	opt->ts_recent = req->ts_recent;
	if (opt->rcv_tsecr)
		opt->rcv_tsecr -= tcp_rsk(req)->ts_off;
	/* when the SYN came is not kept: the timer tells about when */
	opt->ts_recent_stamp = tcp_seconds(sk->host) - (int)(reqsk_timeout(req, TCP_RTO_MAX) / HZ);
	return tcp_paws_reject(sk->host, opt, th->rst);
}

/* The same SYN again: our SYN-ACK was lost. Repeats it, and waits anew. */
static void check_req_retransmitted_syn(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
					bool fastopen)
{
	if (!tcp_oow_rate_limited(sock_net(sk), skb, LINUX_MIB_TCPACKSKIPPEDSYNRECV,
				  &tcp_rsk(req)->last_oow_ack_time) &&
	    !inet_rtx_syn_ack(sk, req) && !fastopen)
		mod_timer_pending(&req->rsk_timer, jiffies(sk->host) + reqsk_timeout(req, TCP_RTO_MAX));
}

/* Not acceptable: tells the peer what we expect. */
static void check_req_out_of_window(struct sock *sk, struct sk_buff *skb, struct request_sock *req, bool rst,
				    bool paws_reject)
{
	if (!rst && !tcp_oow_rate_limited(sock_net(sk), skb, LINUX_MIB_TCPACKSKIPPEDSYNRECV,
					  &tcp_rsk(req)->last_oow_ack_time)) {
		TRACE_OP(skb, "send_ack");
		req->rsk_ops->send_ack(sk, skb, req);
	}
	if (paws_reject)
		NET_INC_STATS(sock_net(sk), LINUX_MIB_PAWSESTABREJECTED);
}

/* The half-open connection ends by a RST or a SYN that cannot be. */
static void embryonic_reset(struct sock *sk, struct sk_buff *skb, struct request_sock *req, bool rst,
			    bool fastopen, bool *req_stolen)
{
	bool unlinked;

	if (!rst) {
		TRACE_OP(skb, "send_reset");
		req->rsk_ops->send_reset(sk, skb);
	} else if (fastopen) {
		reqsk_fastopen_remove(sk, req, true);
		tcp_reset(sk, skb);
	}
	if (fastopen)
		return;
	unlinked = inet_csk_reqsk_queue_drop(sk, req);
	if (unlinked)
		NET_INC_STATS(sock_net(sk), LINUX_MIB_EMBRYONICRSTS);
	*req_stolen = !unlinked;
}

/* The handshake is done: makes the connection. */
static struct sock *check_req_accept(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				     const struct tcp_options_received *opt, bool *req_stolen)
{
	struct sock *child;
	bool own_req = false;

	TRACE_OP(skb, "syn_recv_sock");
	child = inet_csk(sk)->icsk_af_ops->syn_recv_sock(sk, skb, req, NULL, req, &own_req);
	if (!child) {
		if (sock_net(sk)->ipv4.sysctl_tcp_abort_on_overflow)
			embryonic_reset(sk, skb, req, false, false, req_stolen);
		else
			inet_rsk(req)->acked = 1; /* the peer's next segment tries again */
		return NULL;
	}
	if (own_req && opt->saw_tstamp && !after(TCP_SKB_CB(skb)->seq, tcp_rsk(req)->rcv_nxt))
		tcp_sk(child)->rx_opt.ts_recent = opt->rcv_tsval;
	tcp_synack_rtt_meas(child, req);
	*req_stolen = !own_req;
	return inet_csk_complete_hashdance(sk, child, req, own_req);
}

/*
 * A segment for a half-open connection. Returns the new connection (owning the caller's reference to the
 * request), the listener itself (the segment is for it: a bad ACK), or NULL: nothing more to do. With
 * `fastopen` `sk` is the connection, which exists already, and is what is returned if it shall process the
 * segment.
 */
struct sock *tcp_check_req(struct sock *sk, struct sk_buff *skb, struct request_sock *req, bool fastopen,
			   bool *req_stolen)
{
	TRACE_SKB(skb, "a segment for a half-open connection: is it the ACK of the handshake?");
	const struct tcp_request_sock *treq = tcp_rsk(req);
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	__be32 flg = tcp_flag_word(tcp_hdr(skb)) & (TCP_FLAG_RST | TCP_FLAG_SYN | TCP_FLAG_ACK);
	struct tcp_options_received opt = { .saw_tstamp = 0 };
	bool paws_reject = check_req_options(sk, skb, req, &opt);
	bool rst = flg & TCP_FLAG_RST;

	if (cb->seq == treq->rcv_isn && flg == TCP_FLAG_SYN && !paws_reject) {
		check_req_retransmitted_syn(sk, skb, req, fastopen);
		return NULL;
	}
	/* an ACK of something else: the listener answers it with a RST */
	if ((flg & TCP_FLAG_ACK) && !rst && !fastopen && cb->ack_seq != treq->snt_isn + 1)
		return sk;
	if (paws_reject || !tcp_in_window(skb->host, cb->seq, cb->end_seq, treq->rcv_nxt,
					  treq->rcv_nxt + req->rsk_rcv_wnd)) {
		check_req_out_of_window(sk, skb, req, rst, paws_reject);
		return NULL;
	}
	if (opt.saw_tstamp && !after(cb->seq, treq->rcv_nxt))
		req->ts_recent = opt.rcv_tsval;
	if (cb->seq == treq->rcv_isn)
		flg &= ~TCP_FLAG_SYN; /* the SYN itself lies before the window: cut off */
	if (rst && cb->seq != treq->rcv_nxt) {
		/* RFC 5961, 3.2: a guess does not end it */
		tcp_reqsk_send_challenge_ack(sk, skb, req);
		return NULL;
	}
	if (flg & (TCP_FLAG_RST | TCP_FLAG_SYN)) {
		TCP_INC_STATS(sock_net(sk), TCP_MIB_ATTEMPTFAILS);
		embryonic_reset(sk, skb, req, rst, fastopen, req_stolen);
		return NULL;
	}
	if (!(flg & TCP_FLAG_ACK))
		return NULL;
	if (fastopen)
		return sk;
	/* TCP_DEFER_ACCEPT: a bare ACK is not enough, data must come */
	if (req->num_timeout < inet_csk(sk)->icsk_accept_queue.rskq_defer_accept &&
	    cb->end_seq == treq->rcv_isn + 1) {
		inet_rsk(req)->acked = 1;
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPDEFERACCEPTDROP);
		return NULL;
	}
	return check_req_accept(sk, skb, req, &opt, req_stolen);
}

/* The new connection gets the segment that completed the handshake. Nonzero: answer it with a RST. */
int tcp_child_process(struct sock *parent, struct sock *child, struct sk_buff *skb)
{
	TRACE_SKB(skb, "give the segment to the new connection, and tell the listener");
	int ret = 0, state = child->sk_state;

	tcp_segs_in(tcp_sk(child), skb);
	if (!sock_owned_by_user(child)) {
		ret = tcp_rcv_state_process(child, skb);
		/* wakes accept() */
		if (state == TCP_SYN_RECV && child->sk_state != state)
			sk_call_data_ready(parent);
	} else {
		/* accepted already, and its task is at work */
		sk_add_backlog(child, skb, U32_MAX);
	}
	bh_unlock_sock(child);
	sock_put(child);
	return ret;
}
