/*
 * TCP's state machine for received segments: all states but ESTABLISHED (tcp_input.c). The states and the
 * arrows between them are drawn at tcp_set_state() (tcp.c).
 *
 *	LISTEN      SYN                     a half-open connection (tcp_conn_request.c)
 *	SYN_SENT    SYN+ACK                 ESTABLISHED, ACK
 *	            SYN                     SYN_RECV, SYN+ACK (simultaneous open)
 *	SYN_RECV    ACK of our SYN          ESTABLISHED
 *	FIN_WAIT1   ACK of our FIN          FIN_WAIT2 (kept small when nobody holds the socket)
 *	            FIN                     CLOSING, or TIME_WAIT when our FIN is acknowledged as well
 *	FIN_WAIT2   FIN                     TIME_WAIT
 *	CLOSING     ACK of our FIN          TIME_WAIT
 *	LAST_ACK    ACK of our FIN          CLOSE
 *	any         RST                     CLOSE
 *
 * Return of tcp_rcv_state_process(): 0 the segment is taken (or dropped), else the caller answers with a RST
 * and frees it.
 */
#include "stack/application/socket.h"
#include "stack/transport/tcp_input.h"

/* ---- the end of a connection ---- */

void tcp_done_with_error(struct sock *sk, int err)
{
	TRACE_SK(sk, "end the connection with an error for the program");

	sk->sk_err = err;
	tcp_write_queue_purge(sk);
	tcp_done(sk);
	if (!sock_flag(sk, SOCK_DEAD))
		sk_error_report(sk);
}

void tcp_reset(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SK(sk, "the peer reset the connection");
	int err;

	(void)skb;
	switch (sk->sk_state) {
	case TCP_SYN_SENT:
		err = ECONNREFUSED;
		break;
	case TCP_CLOSE_WAIT:
		err = EPIPE;
		break;
	case TCP_CLOSE:
		return;
	default:
		err = ECONNRESET;
	}
	tcp_done_with_error(sk, err);
}

/* The arrow that a FIN takes. */
static void tcp_fin_state(struct sock *sk)
{
	switch (sk->sk_state) {
	case TCP_SYN_RECV:
	case TCP_ESTABLISHED:
		tcp_set_state(sk, TCP_CLOSE_WAIT);
		inet_csk_enter_pingpong_mode(sk); /* the ACK can wait for the program's close() */
		break;
	case TCP_CLOSE_WAIT:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
		break; /* sent again */
	case TCP_FIN_WAIT1:
		/* simultaneous close */
		tcp_send_ack(sk);
		tcp_set_state(sk, TCP_CLOSING);
		break;
	case TCP_FIN_WAIT2:
		tcp_send_ack(sk);
		tcp_time_wait(sk, TCP_TIME_WAIT, 0);
		break;
	default:
		SIM_BUG_ON(sk->host, true); /* LISTEN and CLOSE take no data */
	}
}

void tcp_fin(struct sock *sk)
{
	TRACE_SK(sk, "the peer will send no more");
	struct tcp_sock *tp = tcp_sk(sk);

	inet_csk_schedule_ack(sk);
	sk->sk_shutdown |= RCV_SHUTDOWN;
	sock_set_flag(sk, SOCK_DONE);
	tcp_fin_state(sk);

	/* nothing lies behind a FIN: whatever was kept out of order is not of this connection */
	skb_rbtree_purge(sk->host, &tp->out_of_order_queue);
	if (tcp_is_sack(tp))
		tcp_sack_reset(&tp->rx_opt);

	if (!sock_flag(sk, SOCK_DEAD)) {
		sk_call_state_change(sk);
		if (sk->sk_shutdown == SHUTDOWN_MASK || sk->sk_state == TCP_CLOSE)
			sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_HUP);
		else
			sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_IN);
	}
}

/* ---- a connection comes up ---- */

/* First window, RFC 6928: ten segments, unless the route says otherwise. */
u32 tcp_init_cwnd(const struct tcp_sock *tp, const struct dst_entry *dst)
{
	TRACE((const struct sock *)tp, "choose the initial congestion window");
	u32 cwnd = dst ? dst_metric(dst, RTAX_INITCWND) : 0;

	if (!cwnd)
		cwnd = TCP_INIT_CWND;
	return min(cwnd, tp->snd_cwnd_clamp);
}

void tcp_init_transfer(struct sock *sk, int bpf_op, struct sk_buff *skb)
{
	TRACE_SK(sk, "prepare for data: route, metrics, windows, congestion control, buffers");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	(void)bpf_op;
	(void)skb;
	tcp_mtup_init(sk);
	TRACE_OP(sk, "rebuild_header");
	icsk->icsk_af_ops->rebuild_header(sk);
	tcp_init_metrics(sk);

	/* RFC 5681: one segment after the handshake lost something, unless that proved wrong */
	if (tp->total_retrans > 1 && tp->undo_marker)
		tcp_snd_cwnd_set(tp, 1);
	else
		tcp_snd_cwnd_set(tp, tcp_init_cwnd(tp, __sk_dst_get(sk)));
	tp->snd_cwnd_stamp = tcp_jiffies32(sk->host);

	if (!icsk->icsk_ca_initialized)
		tcp_init_congestion_control(sk);
	tcp_init_buffer_space(sk);
}

void tcp_finish_connect(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SK(sk, "the connection is established on the side that called connect()");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_set_state(sk, TCP_ESTABLISHED);
	icsk->icsk_ack.lrcvtime = tcp_jiffies32(sk->host);
	if (skb) {
		TRACE_OP(sk, "sk_rx_dst_set");
		icsk->icsk_af_ops->sk_rx_dst_set(sk, skb);
	}
	tcp_init_transfer(sk, 0, skb);

	/* the first data is no restart after idling */
	tp->lsndtime = tcp_jiffies32(sk->host);
	if (sock_flag(sk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(sk, (unsigned long)keepalive_time_when(tp));
	if (!tp->rx_opt.snd_wscale)
		__tcp_fast_path_on(tp, tp->snd_wnd);
	else
		tp->pred_flags = 0; /* the SYN-ACK's window was not scaled: wait for one that is */
}

/* The peer uses time stamps: segments get 12 bytes shorter. */
static void tcp_connect_use_timestamps(struct tcp_sock *tp)
{
	if (tp->rx_opt.saw_tstamp) {
		tp->rx_opt.tstamp_ok = 1;
		tcp_store_ts_recent(tp);
		tp->tcp_header_len = sizeof(struct tcphdr) + TCPOLEN_TSTAMP_ALIGNED;
	} else {
		tp->tcp_header_len = sizeof(struct tcphdr);
	}
}

/* ---- SYN_SENT ---- */

/* The SYN-ACK's numbers, windows and options become the connection's. */
static void tcp_synsent_take_synack(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->rcv_nxt = TCP_SKB_CB(skb)->seq + 1;
	tp->rcv_wup = TCP_SKB_CB(skb)->seq + 1;
	/* RFC 7323: the window of a SYN is never scaled */
	tp->snd_wnd = ntohs(th->window);
	if (!tp->rx_opt.wscale_ok) {
		tp->rx_opt.snd_wscale = tp->rx_opt.rcv_wscale = 0;
		tp->window_clamp = min(tp->window_clamp, 65535U);
	}
	tcp_connect_use_timestamps(tp);
	if (tp->rx_opt.tstamp_ok)
		tp->advmss -= TCPOLEN_TSTAMP_ALIGNED;
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	tcp_initialize_rcv_mss(sk);
	tp->copied_seq = tp->rcv_nxt;
}

/* The handshake is done: wake the program, send the third segment of it or let data carry it. */
static int tcp_synsent_established(struct sock *sk, struct sk_buff *skb, struct tcp_fastopen_cookie *foc)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	bool fastopen_fail;

	tcp_finish_connect(sk, skb);
	fastopen_fail = (tp->syn_fastopen || tp->syn_data) && tcp_rcv_fastopen_synack(sk, skb, foc);
	if (!sock_flag(sk, SOCK_DEAD)) {
		sk_call_state_change(sk);
		sk_wake_async(sk, SOCK_WAKE_IO, POLL_OUT);
	}
	if (fastopen_fail)
		return -1; /* the data that was sent again acknowledges */
	if (sk->sk_write_pending || icsk->icsk_accept_queue.rskq_defer_accept ||
	    inet_csk_in_pingpong_mode(sk)) {
		/* a write waits for the connection: its data will acknowledge */
		inet_csk_schedule_ack(sk);
		tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_DACK, TCP_DELACK_MAX, TCP_RTO_MAX);
		__kfree_skb(skb);
		return 0;
	}
	tcp_send_ack(sk);
	return -1;
}

/* Both ends called connect() at once: the SYNs crossed. */
static int tcp_synsent_simultaneous(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_set_state(sk, TCP_SYN_RECV);
	tcp_connect_use_timestamps(tp);
	tp->rcv_nxt = TCP_SKB_CB(skb)->seq + 1;
	tp->copied_seq = tp->rcv_nxt;
	tp->rcv_wup = TCP_SKB_CB(skb)->seq + 1;
	tp->snd_wnd = ntohs(th->window);
	tp->snd_wl1 = TCP_SKB_CB(skb)->seq;
	tp->max_window = tp->snd_wnd;

	tcp_ecn_rcv_syn(tp, th);
	tcp_mtup_init(sk);
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	tcp_initialize_rcv_mss(sk);
	tcp_send_synack(sk);
	__kfree_skb(skb);
	return 0;
}

/* What the options of a segment that is not taken said is forgotten. */
static void tcp_synsent_undo(struct tcp_sock *tp, u16 saved_clamp)
{
	tcp_clear_options(&tp->rx_opt);
	tp->rx_opt.mss_clamp = saved_clamp;
}

/* Is it an ACK of something that we did not send (an old connection's)? */
static bool tcp_synsent_bad_ack(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 ack = TCP_SKB_CB(skb)->ack_seq;

	if (!after(ack, tp->snd_una) || after(ack, tp->snd_nxt)) {
		/* the RST that we answer with clears the way: try again soon */
		if (inet_csk(sk)->icsk_retransmits == 0)
			inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, TCP_TIMEOUT_MIN, TCP_RTO_MAX);
		return true;
	}
	if (tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr &&
	    !between(tp->rx_opt.rcv_tsecr, tp->retrans_stamp, tcp_time_stamp(tp))) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_PAWSACTIVEREJECTED);
		return true;
	}
	return false;
}

/* Returns 1 for a RST in answer, 0 when the segment is freed, -1 to go on with it (urgent data, freeing). */
static int tcp_rcv_synsent_state_process(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th)
{
	TRACE_SKB(skb, "a segment in answer to our SYN");
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_fastopen_cookie foc = { .len = -1 };
	u16 saved_clamp = tp->rx_opt.mss_clamp;

	tcp_parse_options(sock_net(sk), skb, &tp->rx_opt, 0, &foc);
	if (tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr)
		tp->rx_opt.rcv_tsecr -= tp->tsoffset;

	if (th->ack) {
		if (tcp_synsent_bad_ack(sk, skb)) {
			tcp_synsent_undo(tp, saved_clamp);
			return 1;
		}
		if (th->rst) {
			tcp_reset(sk, skb);
			__kfree_skb(skb);
			return 0;
		}
		if (!th->syn)
			goto discard_and_undo;
		tcp_ecn_rcv_synack(tp, th);
		tcp_init_wl(tp, TCP_SKB_CB(skb)->seq);
		tcp_try_undo_spurious_syn(sk);
		tcp_ack(sk, skb, FLAG_SLOWPATH);
		tcp_synsent_take_synack(sk, skb, th);
		return tcp_synsent_established(sk, skb, &foc);
	}
	/* a RST without ACK proves nothing */
	if (th->rst)
		goto discard_and_undo;
	if (tp->rx_opt.ts_recent_stamp && tp->rx_opt.saw_tstamp && tcp_paws_reject(sk->host, &tp->rx_opt, 0))
		goto discard_and_undo;
	if (th->syn)
		return tcp_synsent_simultaneous(sk, skb, th);

discard_and_undo:
	tcp_synsent_undo(tp, saved_clamp);
	tcp_drop(sk, skb, SKB_DROP_REASON_TCP_FLAGS);
	return 0;
}

/* ---- the other states ---- */

/* Why a listener did not take a SYN, after it has counted that. */
static enum skb_drop_reason tcp_listen_drop_reason(const struct sock *sk)
{
	if (sk_acceptq_is_full(sk))
		return SKB_DROP_REASON_TCP_LISTEN_OVERFLOW;
	if (inet_csk_reqsk_queue_is_full(sk))
		return SKB_DROP_REASON_TCP_REQQFULL;
	return SKB_DROP_REASON_TCP_REQ_DROP;
}

static int tcp_rcv_listen(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th)
{
	int drops = sk->sk_drops;

	if (th->ack)
		return 1;
	if (th->rst || !th->syn) {
		tcp_drop(sk, skb, th->rst ? SKB_DROP_REASON_TCP_RESET : SKB_DROP_REASON_TCP_LISTEN_NOSYN);
		return 0;
	}
	if (th->fin) {
		tcp_drop(sk, skb, SKB_DROP_REASON_TCP_FLAGS);
		return 0;
	}
	TRACE_OP(sk, "conn_request");
	if (inet_csk(sk)->icsk_af_ops->conn_request(sk, skb) < 0)
		return 1;
	if (unlikely(sk->sk_drops != drops))
		kfree_skb_reason(skb, tcp_listen_drop_reason(sk));
	else
		consume_skb(skb);
	return 0;
}

/* The handshake of a connection that Fast Open made with the SYN is over. */
static void tcp_rcv_synrecv_state_fastopen(struct sock *sk)
{
	TRACE_SK(sk, "the handshake of a Fast Open connection is done");
	struct tcp_sock *tp = tcp_sk(sk);

	/* was the SYN-ACK sent again for nothing? */
	if (inet_csk(sk)->icsk_ca_state == TCP_CA_Loss && !tp->packets_out)
		tcp_try_undo_recovery(sk);
	tp->retrans_stamp = 0;
	inet_csk(sk)->icsk_retransmits = 0;
	reqsk_fastopen_remove(sk, tp->fastopen_rsk, false);
	tcp_rearm_rto(sk); /* for data that was sent already */
}

/* The ACK of our SYN: a listener's child, or the end of a simultaneous open. */
static void tcp_rcv_synrecv(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->delivered++; /* the SYN */
	if (!tp->srtt_us)
		tcp_synack_rtt_meas(sk, tp->fastopen_rsk);
	if (unlikely(tp->fastopen_rsk)) {
		tcp_rcv_synrecv_state_fastopen(sk);
	} else {
		tcp_try_undo_spurious_syn(sk);
		tp->retrans_stamp = 0;
		tcp_init_transfer(sk, 0, skb);
		tp->copied_seq = tp->rcv_nxt;
	}

	tcp_set_state(sk, TCP_ESTABLISHED);
	sk_call_state_change(sk);
	/* only after a simultaneous open is there a program that waits in connect() */
	if (sk->sk_socket)
		sk_wake_async(sk, SOCK_WAKE_IO, POLL_OUT);

	tp->snd_una = TCP_SKB_CB(skb)->ack_seq;
	tp->snd_wnd = (u32)ntohs(th->window) << tp->rx_opt.snd_wscale;
	tcp_init_wl(tp, TCP_SKB_CB(skb)->seq);
	if (tp->rx_opt.tstamp_ok)
		tp->advmss -= TCPOLEN_TSTAMP_ALIGNED;
	if (!inet_csk(sk)->icsk_ca_ops->cong_control)
		tcp_update_pacing_rate(sk);
	tp->lsndtime = tcp_jiffies32(sk->host);
	tcp_initialize_rcv_mss(sk);
	tcp_fast_path_on(tp);
	/* shutdown() came before the handshake was done */
	if (sk->sk_shutdown & SEND_SHUTDOWN)
		tcp_shutdown(sk, SEND_SHUTDOWN);
}

/* What is to be done with a segment after its ACK. */
enum tcp_state_next {
	TCP_NEXT_DATA,	  /* go on with its data */
	TCP_NEXT_CONSUME, /* it is done with: free it */
	TCP_NEXT_RESET,	  /* the caller answers with a RST */
};

/* Data beyond the FIN that we have, or for a socket that nobody will read. */
static inline bool tcp_has_new_data(const struct sock *sk, const struct sk_buff *skb, const struct tcphdr *th)
{
	return TCP_SKB_CB(skb)->end_seq != TCP_SKB_CB(skb)->seq &&
	       after(TCP_SKB_CB(skb)->end_seq - th->fin, tcp_sk(sk)->rcv_nxt);
}

static enum tcp_state_next tcp_rcv_fin_wait1(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int tmo;

	if (unlikely(tp->fastopen_rsk))
		tcp_rcv_synrecv_state_fastopen(sk);
	if (tp->snd_una != tp->write_seq)
		return TCP_NEXT_DATA;
	tcp_set_state(sk, TCP_FIN_WAIT2);
	sk->sk_shutdown |= SEND_SHUTDOWN;
	sk_dst_confirm(sk);
	if (!sock_flag(sk, SOCK_DEAD)) {
		/* the program may sleep in close() with linger */
		sk_call_state_change(sk);
		return TCP_NEXT_DATA;
	}

	if (tp->linger2 < 0 || tcp_has_new_data(sk, skb, th)) {
		/* a FIN behind data that never came */
		if (tp->linger2 >= 0 && tp->syn_fastopen && th->fin)
			tcp_fastopen_active_disable(sk);
		tcp_done(sk);
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPABORTONDATA);
		return TCP_NEXT_RESET;
	}
	tmo = tcp_fin_time(sk);
	if (tmo > (int)TCP_TIMEWAIT_LEN) {
		inet_csk_reset_keepalive_timer(sk, (unsigned long)(tmo - (int)TCP_TIMEWAIT_LEN));
	} else if (th->fin || sock_owned_by_user(sk)) {
		/* the FIN is about to change the state; or the owner of the socket will see to it */
		inet_csk_reset_keepalive_timer(sk, (unsigned long)tmo);
	} else {
		tcp_time_wait(sk, TCP_FIN_WAIT2, tmo);
		return TCP_NEXT_CONSUME;
	}
	return TCP_NEXT_DATA;
}

/* Step 5 of RFC 793: the ACK has been processed; does the state change? */
static enum tcp_state_next tcp_rcv_state_ack(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);

	switch (sk->sk_state) {
	case TCP_SYN_RECV:
		tcp_rcv_synrecv(sk, skb, th);
		break;
	case TCP_FIN_WAIT1:
		return tcp_rcv_fin_wait1(sk, skb, th);
	case TCP_CLOSING:
		if (tp->snd_una == tp->write_seq) {
			tcp_time_wait(sk, TCP_TIME_WAIT, 0);
			return TCP_NEXT_CONSUME;
		}
		break;
	case TCP_LAST_ACK:
		if (tp->snd_una == tp->write_seq) {
			tcp_update_metrics(sk);
			tcp_done(sk);
			return TCP_NEXT_CONSUME;
		}
		break;
	}
	return TCP_NEXT_DATA;
}

/* Step 7: data. True when the segment was taken; `*reset`: nobody will ever read it. */
static bool tcp_rcv_state_data(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th, bool *reset)
{
	switch (sk->sk_state) {
	case TCP_CLOSE_WAIT:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
		/* behind the peer's FIN there is nothing; an old segment is answered as usual */
		if (!before(TCP_SKB_CB(skb)->seq, tcp_sk(sk)->rcv_nxt))
			return false;
		fallthrough;
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
		/* RFC 1122: data after close() is lost, the peer must be told */
		if ((sk->sk_shutdown & RCV_SHUTDOWN) && tcp_has_new_data(sk, skb, th)) {
			NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPABORTONDATA);
			tcp_reset(sk, skb);
			*reset = true;
			return false;
		}
		fallthrough;
	case TCP_ESTABLISHED:
		tcp_data_queue(sk, skb);
		return true;
	}
	return false;
}

/* Checks and the ACK, common to the synchronised states. True: go on; else `*ret` is what to return. */
static bool tcp_rcv_state_check(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th, int *ret)
{
	struct request_sock *req = tcp_sk(sk)->fastopen_rsk;
	bool req_stolen = false;
	int acceptable;

	*ret = 0;
	if (unlikely(req) && !tcp_check_req(sk, skb, req, true, &req_stolen)) {
		tcp_drop(sk, skb, SKB_DROP_REASON_TCP_REQ_DROP);
		return false;
	}
	if (!th->ack && !th->rst && !th->syn) {
		tcp_drop(sk, skb, SKB_DROP_REASON_TCP_FLAGS);
		return false;
	}
	if (!tcp_validate_incoming(sk, skb, th, 0))
		return false;

	acceptable = tcp_ack(sk, skb, FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT | FLAG_NO_CHALLENGE_ACK);
	if (likely(acceptable > 0))
		return true;
	if (sk->sk_state == TCP_SYN_RECV) {
		*ret = 1; /* it acknowledges something else than our SYN */
		return false;
	}
	/* an old ACK is no reason to lose what comes with it: a FIN may be late */
	if (acceptable == 0)
		return true;
	tcp_send_challenge_ack(sk);
	tcp_drop(sk, skb, (enum skb_drop_reason) - acceptable);
	return false;
}

static int tcp_rcv_synsent(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th)
{
	int queued;

	tcp_sk(sk)->rx_opt.saw_tstamp = 0;
	tcp_mstamp_refresh(tcp_sk(sk));
	queued = tcp_rcv_synsent_state_process(sk, skb, th);
	if (queued >= 0)
		return queued;
	/* data of a SYN-ACK comes again later, urgent data with it */
	tcp_urg(sk, skb, th);
	__kfree_skb(skb);
	tcp_data_snd_check(sk);
	return 0;
}

int tcp_rcv_state_process(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "handle the tcp state change and packet reply");
	const struct tcphdr *th = tcp_hdr(skb);
	bool reset = false, queued;
	int ret;

	switch (sk->sk_state) {
	case TCP_CLOSE:
		tcp_drop(sk, skb, SKB_DROP_REASON_TCP_CLOSE);
		return 0;
	case TCP_LISTEN:
		return tcp_rcv_listen(sk, skb, th);
	case TCP_SYN_SENT:
		return tcp_rcv_synsent(sk, skb, th);
	}

	tcp_mstamp_refresh(tcp_sk(sk));
	tcp_sk(sk)->rx_opt.saw_tstamp = 0;
	if (!tcp_rcv_state_check(sk, skb, th, &ret))
		return ret;
	switch (tcp_rcv_state_ack(sk, skb, th)) {
	case TCP_NEXT_CONSUME:
		__kfree_skb(skb);
		return 0;
	case TCP_NEXT_RESET:
		return 1;
	case TCP_NEXT_DATA:
		break;
	}

	tcp_urg(sk, skb, th);
	queued = tcp_rcv_state_data(sk, skb, th, &reset);
	if (reset)
		return 1;
	/* the FIN may just have ended the connection */
	if (sk->sk_state != TCP_CLOSE) {
		tcp_data_snd_check(sk);
		tcp_ack_snd_check(sk);
	}
	if (!queued) {
		if (TCP_SKB_CB(skb)->seq == TCP_SKB_CB(skb)->end_seq)
			__kfree_skb(skb); /* its ACK was all that it had to say */
		else
			tcp_drop(sk, skb, SKB_DROP_REASON_TCP_CLOSE);
	}
	return 0;
}
