/*
 * The end of a TCP socket: close(), shutdown(), disconnect. A connection that the program has closed lives on
 * without it (an orphan) until both sides are done; then inet_csk_destroy_sock() frees it.
 */
#include "stack/application/socket.h"
#include "stack/kernel/softirq.h"
#include "stack/transport/tcp.h"

/* Where close() or shutdown(SHUT_WR) leads from each state, and whether a FIN has to be sent. */
static const u8 new_state[TCP_MAX_STATES] = {
	[0] = TCP_CLOSE,
	[TCP_ESTABLISHED] = TCP_FIN_WAIT1 | 0x80,
	[TCP_SYN_SENT] = TCP_CLOSE,
	[TCP_SYN_RECV] = TCP_FIN_WAIT1 | 0x80,
	[TCP_FIN_WAIT1] = TCP_FIN_WAIT1,
	[TCP_FIN_WAIT2] = TCP_FIN_WAIT2,
	[TCP_TIME_WAIT] = TCP_CLOSE,
	[TCP_CLOSE] = TCP_CLOSE,
	[TCP_CLOSE_WAIT] = TCP_LAST_ACK | 0x80,
	[TCP_LAST_ACK] = TCP_LAST_ACK,
	[TCP_LISTEN] = TCP_CLOSE,
	[TCP_CLOSING] = TCP_CLOSING,
	[TCP_NEW_SYN_RECV] = TCP_CLOSE, /* never */
};

/* True: a FIN has to be sent. */
static bool tcp_close_state(struct sock *sk)
{
	TRACE_SK(sk, "go to the state that our close leads to");
	u8 next = new_state[sk->sk_state];

	tcp_set_state(sk, next & 0x7f);
	return next & 0x80;
}

void tcp_shutdown(struct sock *sk, int how)
{
	TRACE_SK_IN(sk, IN_TASK, "shut down the sending side: send a FIN behind the data");

	if (!(how & SEND_SHUTDOWN))
		return;
	if ((1u << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_SYN_SENT | TCPF_CLOSE_WAIT)) {
		if (tcp_close_state(sk))
			tcp_send_fin(sk);
	}
}

/* ---- close() ---- */

/* Throws away what the program has not read; true when there was data. */
static bool flush_receive_queue(struct sock *sk)
{
	bool data_was_unread = false;
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&sk->sk_receive_queue)) != NULL) {
		u32 end_seq = TCP_SKB_CB(skb)->end_seq;

		if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN)
			end_seq--;
		data_was_unread |= after(end_seq, tcp_sk(sk)->copied_seq);
		__kfree_skb(skb);
	}
	return data_was_unread;
}

/* Our side's end of the connection: FIN, or RST when data is lost that way. */
static void close_our_side(struct sock *sk, bool data_was_unread)
{
	struct net *net = sock_net(sk);

	if (unlikely(tcp_host(sk)->dying)) {
		tcp_set_state(sk, TCP_CLOSE);
	} else if (data_was_unread) {
		/* RFC 2525, 2.17: the peer must learn that its data was not read */
		NET_INC_STATS(net, LINUX_MIB_TCPABORTONCLOSE);
		tcp_set_state(sk, TCP_CLOSE);
		tcp_send_active_reset(sk, sk->sk_allocation);
	} else if (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime) {
		sk_prot_disconnect(sk, 0);
		NET_INC_STATS(net, LINUX_MIB_TCPABORTONDATA);
	} else if (tcp_close_state(sk)) {
		tcp_send_fin(sk);
	}
}

/* FIN_WAIT2 without a process is bounded. True: a time-wait socket has taken over. */
static bool orphan_in_fin_wait2(struct sock *sk)
{
	int tmo;

	if (tcp_sk(sk)->linger2 < 0) {
		tcp_set_state(sk, TCP_CLOSE);
		tcp_send_active_reset(sk, GFP_ATOMIC);
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPABORTONLINGER);
		return false;
	}
	tmo = tcp_fin_time(sk);
	if (tmo > TCP_TIMEWAIT_LEN) {
		inet_csk_reset_keepalive_timer(sk, (unsigned long)(tmo - TCP_TIMEWAIT_LEN));
		return false;
	}
	tcp_time_wait(sk, TCP_FIN_WAIT2, tmo);
	return true;
}

/* The socket has no process any more: it goes at once, or when its connection is over. */
static void adjudge_to_death(struct sock *sk)
{
	int state = sk->sk_state;

	sock_hold(sk);
	sock_orphan(sk);
	local_bh_disable(sk->host);
	__release_sock(sk); /* the backlog, while we still own the socket */
	tcp_host(sk)->orphan_count++;
	/* ended meanwhile by a segment of the backlog? */
	if (state != TCP_CLOSE && sk->sk_state == TCP_CLOSE)
		goto out;
	if (sk->sk_state == TCP_FIN_WAIT2 && orphan_in_fin_wait2(sk))
		goto out;
	if (sk->sk_state != TCP_CLOSE && tcp_check_oom(sk, 0)) {
		tcp_set_state(sk, TCP_CLOSE);
		tcp_send_active_reset(sk, GFP_ATOMIC);
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPABORTONMEMORY);
	}
	if (sk->sk_state == TCP_CLOSE) {
		/* aborted before the handshake of Fast Open was over, say with unread data */
		if (tcp_sk(sk)->fastopen_rsk)
			reqsk_fastopen_remove(sk, tcp_sk(sk)->fastopen_rsk, false);
		inet_csk_destroy_sock(sk);
	}
out:
	local_bh_enable(sk->host);
}

/* Leaves the socket owned by the caller, with the caller's reference. */
void __tcp_close(struct sock *sk, long timeout)
{
	TRACE_SK_IN(sk, IN_TASK, "close the connection in order, or abort it when data would be lost");
	bool data_was_unread;

	sk->sk_shutdown = SHUTDOWN_MASK;
	if (sk->sk_state == TCP_LISTEN) {
		tcp_set_state(sk, TCP_CLOSE);
		inet_csk_listen_stop(sk);
		adjudge_to_death(sk);
		return;
	}
	data_was_unread = flush_receive_queue(sk);
	if (sk->sk_state != TCP_CLOSE) {
		close_our_side(sk, data_was_unread);
		sk_stream_wait_close(sk, timeout);
	}
	adjudge_to_death(sk);
}

void tcp_close(struct sock *sk, long timeout)
{
	TRACE_SK_IN(sk, IN_TASK, "close the connection and let go of the socket");

	lock_sock(sk);
	__tcp_close(sk, timeout);
	release_sock(sk);
	sock_put(sk);
}

/* ---- disconnect ---- */

static bool tcp_need_reset(int state)
{
	return (1u << state) &
	       (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_SYN_RECV);
}

/* ABORT of RFC 793: the peer is told, unless the host itself goes down. */
static void abort_connection(struct sock *sk, int old_state)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (old_state == TCP_LISTEN) {
		inet_csk_listen_stop(sk);
	} else if (unlikely(tcp_host(sk)->dying)) {
		sk->sk_err = ECONNRESET;
	} else if (tcp_need_reset(old_state) ||
		   (tp->snd_nxt != tp->write_seq && (1u << old_state) & (TCPF_CLOSING | TCPF_LAST_ACK))) {
		tcp_send_active_reset(sk, GFP_ATOMIC);
		sk->sk_err = ECONNRESET;
	} else if (old_state == TCP_SYN_SENT) {
		sk->sk_err = ECONNRESET;
	}
}

/* All that the connection has left behind in the socket, so that connect() starts afresh. */
static void forget_connection(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	tp->srtt_us = 0;
	tp->mdev_us = jiffies_to_usecs(TCP_TIMEOUT_INIT);
	tp->rcv_rtt_last_tsecr = 0;
	/* beyond what the old connection can have sent: the new one's segments are told apart */
	tp->write_seq += tp->max_window + 2;
	if (!tp->write_seq)
		tp->write_seq = 1;
	icsk->icsk_backoff = 0;
	icsk->icsk_probes_out = 0;
	icsk->icsk_probes_tstamp = 0;
	icsk->icsk_rto = TCP_TIMEOUT_INIT;
	icsk->icsk_rto_min = TCP_RTO_MIN;
	icsk->icsk_delack_max = TCP_DELACK_MAX;
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	tp->snd_cwnd = TCP_INIT_CWND;
	tp->snd_cwnd_cnt = 0;
	tp->is_cwnd_limited = 0;
	tp->max_packets_out = 0;
	tp->window_clamp = 0;
	tp->delivered = tp->delivered_ce = 0;
	tcp_ca_release(sk);
	memset(icsk->icsk_ca_priv, 0, sizeof(icsk->icsk_ca_priv));
	icsk->icsk_ca_initialized = 0;
	tcp_set_ca_state(sk, TCP_CA_Open);
	tp->is_sack_reneg = 0;
	tcp_clear_retrans(tp);
	tp->total_retrans = 0;
	inet_csk_delack_init(sk);
	icsk->icsk_ack.rcv_mss = TCP_MIN_MSS;
	memset(&tp->rx_opt, 0, sizeof(tp->rx_opt));
}

static void forget_counters(struct tcp_sock *tp)
{
	tp->compressed_ack = 0;
	tp->segs_in = tp->segs_out = tp->data_segs_in = tp->data_segs_out = 0;
	tp->bytes_sent = tp->bytes_acked = tp->bytes_received = tp->bytes_retrans = 0;
	tp->duplicate_sack[0].start_seq = tp->duplicate_sack[0].end_seq = 0;
	tp->dsack_dups = tp->reord_seen = 0;
	tp->retrans_out = tp->sacked_out = 0;
	tp->tlp_high_seq = 0;
	tp->last_oow_ack_time = 0;
	tp->app_limited = ~0U;
	tp->rate_app_limited = 1;
	memset(&tp->rack, 0, sizeof(tp->rack));
	tp->rack.reo_wnd_steps = 1;
	tp->syn_data_acked = 0;
	tp->rcv_ooopack = 0;
}

/* Ends the connection (or listening) at once; the socket can be used again. */
int tcp_disconnect(struct sock *sk, int flags)
{
	TRACE_SK(sk, "end the connection at once and make the socket fit for another one");
	struct tcp_sock *tp = tcp_sk(sk);
	int old_state = sk->sk_state;

	(void)flags;
	if (old_state != TCP_CLOSE)
		tcp_set_state(sk, TCP_CLOSE);
	abort_connection(sk, old_state);
	tcp_clear_xmit_timers(sk);
	__skb_queue_purge(&sk->sk_receive_queue);
	tp->copied_seq = tp->rcv_nxt;
	tp->urg_data = 0;
	tcp_write_queue_purge(sk);
	tcp_fastopen_active_disable_ofo_check(sk);
	skb_rbtree_purge(sk->host, &tp->out_of_order_queue);
	inet_sk(sk)->inet_dport = 0;
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK))
		inet_sk(sk)->inet_rcv_saddr = inet_sk(sk)->inet_saddr = 0;
	sk->sk_shutdown = 0;
	sock_reset_flag(sk, SOCK_DONE);
	forget_connection(sk);
	__sk_dst_reset(sk);
	dst_release_of(sk->host, sk->sk_rx_dst);
	sk->sk_rx_dst = NULL;
	kfree(sk->host, tp->saved_syn);
	tp->saved_syn = NULL;
	forget_counters(tp);
	if (tp->fastopen_rsk)
		reqsk_fastopen_remove(sk, tp->fastopen_rsk, false);
	tcp_free_fastopen_req(tp);
	inet_sk(sk)->defer_connect = 0;
	tp->fastopen_client_fail = 0;
	SIM_BUG_ON(sk->host, inet_sk(sk)->inet_num && !inet_csk(sk)->icsk_bind_hash);
	if (sk->sk_frag.page) {
		put_page(sk->host, sk->sk_frag.page);
		sk->sk_frag.page = NULL;
		sk->sk_frag.offset = 0;
	}
	sk_error_report(sk);
	return 0;
}
