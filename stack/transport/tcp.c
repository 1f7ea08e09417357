/*
 * TCP sockets: creation, state, poll, shutdown, disconnect, and the host's TCP as a whole.
 *
 * tcp_set_state() is the one way to change a connection's state. What it allows:
 *
 *	                    CLOSE
 *	      listen()    /   |   \   connect()
 *	         +-------+    |    +-----------+
 *	         v            |                v
 *	      LISTEN ...SYN...|..> SYN_RECV <- SYN_SENT     (a SYN makes a request; its child
 *	         |            |      |  |  \     |           socket is born in SYN_RECV)
 *	         v            |      |  |   v    v
 *	       CLOSE          |      |  |  ESTABLISHED
 *	                      |      |  |   |       |
 *	                      |      |  v   v close v FIN
 *	                      |      | FIN_WAIT1  CLOSE_WAIT <- SYN_RECV
 *	                      |      |  |    |      |
 *	                      |      |  v    v      v close
 *	                      |  FIN_WAIT2 CLOSING LAST_ACK
 *	                      |      |      |       |
 *	                      +------+---- CLOSE ---+
 *
 * Every state may go to CLOSE (reset, abort). TIME_WAIT is no state of a sock here: tcp_time_wait() makes a
 * struct inet_timewait_sock and the sock goes to CLOSE.
 */
#include <limits.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>

#include "stack/application/socket.h"
#include "stack/kernel/printk.h"
#include "stack/transport/tcp.h"

/* ---- creation ---- */

int tcp_init_sock(struct sock *sk)
{
	TRACE_SK(sk, "initialize the tcp socket: timers, windows, congestion control");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	tp->out_of_order_queue = RB_ROOT;
	sk->tcp_rtx_queue = RB_ROOT;
	tcp_init_xmit_timers(sk);
	INIT_LIST_HEAD(&tp->tsq_node);
	INIT_LIST_HEAD(&tp->tsorted_sent_queue);

	icsk->icsk_rto = TCP_TIMEOUT_INIT;
	icsk->icsk_rto_min = TCP_RTO_MIN;
	icsk->icsk_delack_max = TCP_DELACK_MAX;
	tp->mdev_us = jiffies_to_usecs(TCP_TIMEOUT_INIT);
	minmax_reset(&tp->rtt_min, tcp_jiffies32(sk->host), ~0U);
	tp->snd_cwnd = TCP_INIT_CWND;
	/* nothing is known of the rate until the first ACK */
	tp->app_limited = ~0U;
	tp->rate_app_limited = 1;
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	tp->snd_cwnd_clamp = ~0U;
	tp->mss_cache = TCP_MSS_DEFAULT;
	tp->reordering = (u32)sock_net(sk)->ipv4.sysctl_tcp_reordering;
	tcp_assign_congestion_control(sk);
	tp->tsoffset = 0;
	tp->rack.reo_wnd_steps = 1;
	sk->sk_write_space = sk_stream_write_space;
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	icsk->icsk_sync_mss = tcp_sync_mss;
	sk->sk_sndbuf = sock_net(sk)->ipv4.sysctl_tcp_wmem[1];
	sk->sk_rcvbuf = sock_net(sk)->ipv4.sysctl_tcp_rmem[1];
	sk_sockets_allocated_inc(sk);
	/* always: a device that cannot gets the segments one by one */
	sk->sk_route_forced_caps = NETIF_F_GSO;
	return 0;
}

/* ---- state ---- */

#define ALLOW(...) ((u16)((__VA_ARGS__) | TCPF_CLOSE))
static const u16 allowed[TCP_MAX_STATES] = {
	[TCP_CLOSE] = ALLOW(TCPF_SYN_SENT | TCPF_LISTEN),
	[TCP_LISTEN] = ALLOW(0),
	[TCP_SYN_SENT] = ALLOW(TCPF_SYN_RECV | TCPF_ESTABLISHED),
	[TCP_SYN_RECV] = ALLOW(TCPF_ESTABLISHED | TCPF_FIN_WAIT1 | TCPF_CLOSE_WAIT),
	[TCP_ESTABLISHED] = ALLOW(TCPF_FIN_WAIT1 | TCPF_CLOSE_WAIT),
	[TCP_FIN_WAIT1] = ALLOW(TCPF_FIN_WAIT2 | TCPF_CLOSING),
	[TCP_FIN_WAIT2] = ALLOW(0),
	[TCP_CLOSING] = ALLOW(0),
	[TCP_CLOSE_WAIT] = ALLOW(TCPF_LAST_ACK),
	[TCP_LAST_ACK] = ALLOW(0),
};

/* Is the arrow in the diagram? For tests. */
bool tcp_state_allowed(int from, int to)
{
	return from == to || (from < TCP_MAX_STATES && allowed[from] >> to & 1);
}

static void trace_state(struct sock *sk, int state)
{
	switch (state) {
	case TCP_ESTABLISHED:
		TRACE_STEP(sk, "change tcp state to ESTABLISHED");
		break;
	case TCP_SYN_SENT:
		TRACE_STEP(sk, "change tcp state to SYN_SENT");
		break;
	case TCP_SYN_RECV:
		TRACE_STEP(sk, "change tcp state to SYN_RECV");
		break;
	case TCP_FIN_WAIT1:
		TRACE_STEP(sk, "change tcp state to FIN_WAIT1");
		break;
	case TCP_FIN_WAIT2:
		TRACE_STEP(sk, "change tcp state to FIN_WAIT2");
		break;
	case TCP_CLOSE:
		TRACE_STEP(sk, "change tcp state to CLOSE");
		break;
	case TCP_CLOSE_WAIT:
		TRACE_STEP(sk, "change tcp state to CLOSE_WAIT");
		break;
	case TCP_LAST_ACK:
		TRACE_STEP(sk, "change tcp state to LAST_ACK");
		break;
	case TCP_CLOSING:
		TRACE_STEP(sk, "change tcp state to CLOSING");
		break;
	}
}

void tcp_set_state(struct sock *sk, int state)
{
	TRACE_SK(sk, "change the state of the connection");
	struct net *net = sock_net(sk);
	int oldstate = sk->sk_state;

	SIM_BUG_ON(sk->host, !tcp_state_allowed(oldstate, state));
	if (trace_recording(sk->host) && state != oldstate)
		trace_state(sk, state);
	switch (state) {
	case TCP_ESTABLISHED:
		if (oldstate != TCP_ESTABLISHED)
			TCP_INC_STATS(net, TCP_MIB_CURRESTAB);
		break;
	case TCP_CLOSE_WAIT:
		if (oldstate == TCP_SYN_RECV)
			TCP_INC_STATS(net, TCP_MIB_CURRESTAB);
		break;
	case TCP_CLOSE:
		if (oldstate == TCP_CLOSE_WAIT || oldstate == TCP_ESTABLISHED)
			TCP_INC_STATS(net, TCP_MIB_ESTABRESETS);
		sk_prot_unhash(sk);
		if (inet_csk(sk)->icsk_bind_hash && !(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
			inet_put_port(sk);
		fallthrough;
	default:
		if (oldstate == TCP_ESTABLISHED || oldstate == TCP_CLOSE_WAIT)
			TCP_DEC_STATS(net, TCP_MIB_CURRESTAB);
	}
	/* out of the tables first: nobody finds a closed socket there */
	inet_sk_state_store(sk, state);
}

/* The connection is over: tells the program, or frees the socket that no program holds. */
void tcp_done(struct sock *sk)
{
	TRACE_SK(sk, "end the connection");
	struct request_sock *req = tcp_sk(sk)->fastopen_rsk;

	if (sk->sk_state == TCP_SYN_SENT || sk->sk_state == TCP_SYN_RECV)
		TCP_INC_STATS(sock_net(sk), TCP_MIB_ATTEMPTFAILS);
	tcp_set_state(sk, TCP_CLOSE);
	tcp_clear_xmit_timers(sk);
	if (unlikely(req))
		reqsk_fastopen_remove(sk, req, false);
	sk->sk_shutdown = SHUTDOWN_MASK;
	if (!sock_flag(sk, SOCK_DEAD))
		sk_call_state_change(sk);
	else
		inet_csk_destroy_sock(sk);
}

/* Kills a connection from outside (`ss -K`): resets it and reports `err`. */
int tcp_abort(struct sock *sk, int err)
{
	TRACE_SK(sk, "abort the connection from outside");

	if (sk->sk_state == TCP_NEW_SYN_RECV) {
		struct request_sock *req = inet_reqsk(sk);

		inet_csk_reqsk_queue_drop(req->rsk_listener, req);
		return 0;
	}
	if (!sk_fullsock(sk))
		return -EOPNOTSUPP;
	if (sk->sk_state == TCP_LISTEN) {
		tcp_set_state(sk, TCP_CLOSE);
		inet_csk_listen_stop(sk);
	}
	if (!sock_flag(sk, SOCK_DEAD)) {
		sk->sk_err = err;
		sk_error_report(sk);
		if ((1u << sk->sk_state) &
		    (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_SYN_RECV))
			tcp_send_active_reset(sk, GFP_ATOMIC);
		tcp_done(sk);
	}
	tcp_write_queue_purge(sk);
	return 0;
}

/* ---- queues ---- */

static void tcp_rtx_queue_purge(struct sock *sk)
{
	TRACE_SK(sk, "free all segments that wait for their acknowledgement");
	struct rb_node *p = rb_first(&sk->tcp_rtx_queue);

	tcp_sk(sk)->highest_sack = NULL;
	while (p) {
		struct sk_buff *skb = rb_to_skb(p);

		p = rb_next(p);
		/* the list by time is initialized as a whole afterwards */
		tcp_rtx_queue_unlink(skb, sk);
		sk_wmem_free_skb(sk, skb);
	}
}

void tcp_write_queue_purge(struct sock *sk)
{
	TRACE_SK(sk, "free all segments that were to be sent");
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	tcp_chrono_stop(sk, TCP_CHRONO_BUSY);
	while ((skb = __skb_dequeue(&sk->sk_write_queue)) != NULL) {
		tcp_skb_tsorted_anchor_cleanup(skb);
		sk_wmem_free_skb(sk, skb);
	}
	tcp_rtx_queue_purge(sk);
	INIT_LIST_HEAD(&tp->tsorted_sent_queue);
	tcp_clear_all_retrans_hints(tp);
	tp->packets_out = 0;
	inet_csk(sk)->icsk_backoff = 0;
}

/* ---- poll ---- */

bool tcp_stream_is_readable(struct sock *sk, int target)
{
	TRACE_SK(sk, "is there enough data to wake the reader?");

	return tcp_epollin_ready(sk, target);
}

/* Is a write() worth a wake-up? Not while more is unsent than TCP_NOTSENT_LOWAT. */
bool tcp_stream_memory_free(const struct sock *sk, int wake)
{
	TRACE_SK_LEAF(sk, "may the program queue more data?");
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 notsent = tp->write_seq - tp->snd_nxt;

	return (notsent << wake) < tcp_notsent_lowat(tp);
}

static unsigned int tcp_poll_connected(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	int target = sock_rcvlowat(sk, 0, INT_MAX);
	unsigned int mask = 0;

	if (unlikely(tp->urg_data) && tp->urg_seq == tp->copied_seq && !sock_flag(sk, SOCK_URGINLINE))
		target++;
	if (tcp_stream_is_readable(sk, target))
		mask |= EPOLLIN | EPOLLRDNORM;
	if ((sk->sk_shutdown & SEND_SHUTDOWN) || __sk_stream_is_writeable(sk, 1)) {
		mask |= EPOLLOUT | EPOLLWRNORM;
	} else {
		/* sk_stream_write_space() tells when there is room */
		sk->sk_socket->wq.flags |= BIT(SOCKWQ_ASYNC_NOSPACE);
		sk->sk_socket->flags |= BIT(SOCK_NOSPACE);
	}
	if (tp->urg_data & TCP_URG_VALID)
		mask |= EPOLLPRI;
	return mask;
}

unsigned int tcp_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait)
{
	TRACE(sock, "what can the program do with the connection now?");
	struct sock *sk = sock->sk;
	unsigned int mask = 0;

	sock_poll_wait(file, sock, wait);
	if (sk->sk_state == TCP_LISTEN)
		return inet_csk_listen_poll(sk);
	if (sk->sk_shutdown == SHUTDOWN_MASK || sk->sk_state == TCP_CLOSE)
		mask |= EPOLLHUP;
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (sk->sk_state != TCP_SYN_SENT && (sk->sk_state != TCP_SYN_RECV || tcp_sk(sk)->fastopen_rsk))
		mask |= tcp_poll_connected(sk);
	else if (sk->sk_state == TCP_SYN_SENT && inet_sk(sk)->defer_connect)
		mask |= EPOLLOUT | EPOLLWRNORM; /* the SYN waits for data to take along */
	if (sk->sk_err || !skb_queue_empty(&sk->sk_error_queue))
		mask |= EPOLLERR;
	return mask;
}

int tcp_set_rcvlowat(struct sock *sk, int val)
{
	TRACE_SK(sk, "set how much data wakes the reader");
	int cap = sk->sk_userlocks & SOCK_RCVBUF_LOCK ? sk->sk_rcvbuf >> 1
						      : sock_net(sk)->ipv4.sysctl_tcp_rmem[2] >> 1;

	val = min(val, cap);
	sk->sk_rcvlowat = val ? val : 1;
	tcp_data_ready(sk);
	if (sk->sk_userlocks & SOCK_RCVBUF_LOCK)
		return 0;
	val <<= 1;
	if (val > sk->sk_rcvbuf) {
		sk->sk_rcvbuf = val;
		tcp_sk(sk)->window_clamp = (u32)tcp_win_from_space(sk, val);
	}
	return 0;
}

int tcp_inq(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	int answ;

	if ((1u << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV))
		return 0;
	if (sock_flag(sk, SOCK_URGINLINE) || !tp->urg_data || before(tp->urg_seq, tp->copied_seq) ||
	    !before(tp->urg_seq, tp->rcv_nxt)) {
		answ = (int)(tp->rcv_nxt - tp->copied_seq);
		/* the FIN counts one */
		if (answ && sock_flag(sk, SOCK_DONE))
			answ--;
		return answ;
	}
	return (int)(tp->urg_seq - tp->copied_seq);
}

int tcp_ioctl(struct sock *sk, int cmd, unsigned long arg)
{
	TRACE_SK(sk, "answer a request: bytes to read, bytes unsent, at the urgent mark?");
	const struct tcp_sock *tp = tcp_sk(sk);
	int answ;

	if (sk->sk_state == TCP_LISTEN && cmd != (int)SIOCATMARK)
		return -EINVAL;
	switch (cmd) {
	case SIOCINQ:
		lock_sock(sk);
		answ = tcp_inq(sk);
		release_sock(sk);
		break;
	case SIOCATMARK:
		answ = tp->urg_data && tp->urg_seq == tp->copied_seq;
		break;
	case SIOCOUTQ:
	case SIOCOUTQNSD:
		answ = 0;
		if (!((1u << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)))
			answ = (int)(tp->write_seq - (cmd == SIOCOUTQ ? tp->snd_una : tp->snd_nxt));
		break;
	default:
		return -ENOIOCTLCMD;
	}
	if (!arg)
		return -EFAULT;
	*(int *)arg = answ;
	return 0;
}

/* ---- memory ---- */

void tcp_enter_memory_pressure(struct sock *sk)
{
	TRACE_SK(sk, "note that TCP uses much memory");
	struct tcp_state *state = tcp_host(sk);

	if (state->memory_pressure)
		return;
	state->memory_pressure = jiffies(sk->host) ? jiffies(sk->host) : 1;
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPMEMORYPRESSURES);
}

void tcp_leave_memory_pressure(struct sock *sk)
{
	TRACE_SK(sk, "note that TCP uses little memory again");
	struct tcp_state *state = tcp_host(sk);

	if (!state->memory_pressure)
		return;
	NET_ADD_STATS(sock_net(sk), LINUX_MIB_TCPMEMORYPRESSURESCHRONO,
		      jiffies_to_msecs(jiffies(sk->host) - state->memory_pressure));
	state->memory_pressure = 0;
}

bool tcp_too_many_orphans(struct sock *sk, int shift)
{
	TRACE_SK(sk, "are there too many connections without a process?");

	return tcp_host(sk)->orphan_count << shift > sock_net(sk)->ipv4.sysctl_tcp_max_orphans;
}

bool tcp_check_oom(struct sock *sk, int shift)
{
	TRACE_SK(sk, "must the orphan be killed for lack of memory?");
	bool too_many_orphans = tcp_too_many_orphans(sk, shift);
	bool out_of_memory = tcp_out_of_memory(sk);

	if (too_many_orphans)
		pr_info(sk->host, "TCP: too many orphaned sockets\n");
	if (out_of_memory)
		pr_info(sk->host, "TCP: out of memory -- consider tuning tcp_mem\n");
	return too_many_orphans || out_of_memory;
}

/* ---- for what does not exist here ---- */

void tcp_cleanup_ulp(struct sock *sk)
{
	TRACE_SK(sk, "detach a protocol above TCP");
}
