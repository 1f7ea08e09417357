/*
 * TCP's timers. Each connection has three kernel timers:
 *
 *	icsk_retransmit_timer > tcp_write_timer(): what icsk_pending says it stands for: retransmission
 *	    (RFC 6298 back-off), zero window probe, tail loss probe, or RACK's reordering window
 *	icsk_delack_timer > tcp_delack_timer(): a delayed ACK is due
 *	sk_timer > tcp_keepalive_timer(): keepalive, and the end of FIN_WAIT2
 *
 * A timer is not stopped when it is not needed any more, it finds nothing to do; and not moved when it is to
 * fire later, it sets itself again. While a task owns the socket, a bit in sk_tsq_flags makes
 * tcp_release_cb() do the work. A pending timer holds a reference to the socket.
 */
#include "stack/transport/tcp_input.h"
#include "stack/transport/tcp_output.h"
#include "stack/transport/tcp_trace.h"

/* ---- giving up ---- */

static void tcp_write_err(struct sock *sk)
{
	TRACE_SK(sk, "the peer does not answer: abort the connection");

	tcp_done_with_error(sk, sk->sk_err_soft ? sk->sk_err_soft : ETIMEDOUT);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPABORTONTIMEOUT);
}

/* Too many sockets without a process, or too little memory: true when this one had to go. */
static bool tcp_out_of_resources(struct sock *sk, bool do_reset)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 idle = tcp_jiffies32(sk->host) - tp->lsndtime;
	int shift = 0;

	/* who has been silent for long, or has had an ICMP error, has to go first */
	if ((s32)idle > (s32)(2 * TCP_RTO_MAX) || !do_reset)
		shift++;
	if (sk->sk_err_soft)
		shift++;
	if (!tcp_check_oom(sk, shift))
		return false;
	if ((s32)idle <= (s32)TCP_TIMEWAIT_LEN || (!tp->snd_wnd && !tp->packets_out))
		do_reset = true;
	if (do_reset)
		tcp_send_active_reset(sk, GFP_ATOMIC);
	tcp_done(sk);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPABORTONMEMORY);
	return true;
}

/* How often a connection without a process tries again; `alive`: the peer seems to be there. */
static int tcp_orphan_retries(struct sock *sk, bool alive)
{
	int retries = sock_net(sk)->ipv4.sysctl_tcp_orphan_retries;

	if (sk->sk_err_soft && !alive)
		return 0;
	return !retries && alive ? 8 : retries;
}

/* After some timeouts big packets are suspected: search the path's MTU, or halve what is assumed. */
static void tcp_mtu_probing(struct inet_connection_sock *icsk, struct sock *sk)
{
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	int mss;

	if (!ipv4->sysctl_tcp_mtu_probing)
		return;
	if (!icsk->icsk_mtup.enabled) {
		icsk->icsk_mtup.enabled = 1;
		icsk->icsk_mtup.probe_timestamp = tcp_jiffies32(sk->host);
	} else {
		mss = tcp_mtu_to_mss(sk, icsk->icsk_mtup.search_low) >> 1;
		mss = min(ipv4->sysctl_tcp_base_mss, mss);
		mss = max(mss, ipv4->sysctl_tcp_mtu_probe_floor);
		mss = max(mss, ipv4->sysctl_tcp_min_snd_mss);
		icsk->icsk_mtup.search_low = tcp_mss_to_mtu(sk, mss);
	}
	tcp_sync_mss(sk, icsk->icsk_pmtu_cookie);
}

static unsigned int tcp_model_timeout(struct sock *sk, unsigned int boundary, unsigned int rto_base)
{
	TRACE_SK(sk, "how long would so many retransmissions take?");
	unsigned int doublings = (unsigned int)ilog2(TCP_RTO_MAX / rto_base);
	unsigned int timeout;

	if (boundary <= doublings)
		timeout = ((2U << boundary) - 1) * rto_base;
	else
		timeout = ((2U << doublings) - 1) * rto_base + (boundary - doublings) * TCP_RTO_MAX;
	return jiffies_to_msecs(timeout);
}

/*
 * Has as much time passed since the first retransmission as `boundary` retransmissions take when each waits
 * twice as long, or `timeout` ms if not 0? Time counts and not the number, so that RTTs do not matter.
 */
static bool retransmits_timed_out(struct sock *sk, unsigned int boundary, unsigned int timeout)
{
	TRACE_SK(sk, "has it been retransmitting for too long?");
	const struct tcp_sock *tp = tcp_sk(sk);
	unsigned int start_ts = tp->retrans_stamp;

	if (!inet_csk(sk)->icsk_retransmits)
		return false;
	if (likely(timeout == 0)) {
		bool syn = (1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV);

		timeout = tcp_model_timeout(sk, boundary, syn ? TCP_TIMEOUT_INIT : TCP_RTO_MIN);
	}
	return (s32)(tcp_time_stamp(tp) - start_ts - timeout) >= 0;
}

/* True when the connection was given up. */
static bool tcp_write_timeout(struct sock *sk)
{
	TRACE_SK(sk, "has it been tried often enough?");
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	bool expired = false;
	int retry_until;

	if ((1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) {
		if (icsk->icsk_retransmits)
			__dst_negative_advice(sk);
		retry_until = icsk->icsk_syn_retries ? icsk->icsk_syn_retries : ipv4->sysctl_tcp_syn_retries;
		expired = icsk->icsk_retransmits >= retry_until;
	} else {
		if (retransmits_timed_out(sk, ipv4->sysctl_tcp_retries1, 0)) {
			/* perhaps the route or its MTU is to blame */
			tcp_mtu_probing(icsk, sk);
			__dst_negative_advice(sk);
		}
		retry_until = ipv4->sysctl_tcp_retries2;
		if (sock_flag(sk, SOCK_DEAD)) {
			bool alive = icsk->icsk_rto < TCP_RTO_MAX;
			bool do_reset;

			retry_until = tcp_orphan_retries(sk, alive);
			do_reset = alive || !retransmits_timed_out(sk, (unsigned int)retry_until, 0);
			if (tcp_out_of_resources(sk, do_reset))
				return true;
		}
	}
	if (!expired)
		expired = retransmits_timed_out(sk, (unsigned int)retry_until, icsk->icsk_user_timeout);
	tcp_fastopen_active_detect_blackhole(sk, expired);
	if (expired) {
		tcp_write_err(sk);
		return true;
	}
	sk_rethink_txhash(sk);
	return false;
}

/* ---- retransmission ---- */

static u32 tcp_clamp_rto_to_user_timeout(const struct sock *sk)
{
	TRACE_SK(sk, "do not wait beyond the timeout that the user set");
	const struct inet_connection_sock *icsk = inet_csk(sk);
	u32 user_timeout = icsk->icsk_user_timeout; /* ms */
	u32 elapsed;
	s32 remaining;

	if (!user_timeout)
		return icsk->icsk_rto;
	elapsed = tcp_time_stamp(tcp_sk(sk)) - tcp_sk(sk)->retrans_stamp;
	remaining = (s32)(user_timeout - elapsed);
	if (remaining <= 0)
		return 1; /* at once */
	return min(icsk->icsk_rto, (u32)msecs_to_jiffies((unsigned int)remaining));
}

u32 tcp_clamp_probe0_to_user_timeout(const struct sock *sk, u32 when)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	s32 elapsed, remaining;

	if (!icsk->icsk_user_timeout || !icsk->icsk_probes_tstamp)
		return when;
	elapsed = (s32)(tcp_jiffies32(sk->host) - icsk->icsk_probes_tstamp);
	if (elapsed < 0)
		elapsed = 0;
	remaining = (s32)msecs_to_jiffies(icsk->icsk_user_timeout) - elapsed;
	return min(max((u32)max(remaining, 0), TCP_TIMEOUT_MIN), when);
}

/* What kind of recovery the first timeout puts an end to. */
static void tcp_count_timeout(struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	bool sack = tcp_is_sack(tp);

	if (icsk->icsk_retransmits)
		return;
	if (icsk->icsk_ca_state == TCP_CA_Recovery)
		NET_INC_STATS(sock_net(sk),
			      sack ? LINUX_MIB_TCPSACKRECOVERYFAIL : LINUX_MIB_TCPRENORECOVERYFAIL);
	else if (icsk->icsk_ca_state == TCP_CA_Loss)
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPLOSSFAILURES);
	else if (icsk->icsk_ca_state == TCP_CA_Disorder || tp->sacked_out)
		NET_INC_STATS(sock_net(sk), sack ? LINUX_MIB_TCPSACKFAILURES : LINUX_MIB_TCPRENOFAILURES);
}

/* Doubles the timeout, and waits for that long. */
static void tcp_back_off(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;

	if (sk->sk_state == TCP_ESTABLISHED && (tp->thin_lto || ipv4->sysctl_tcp_thin_linear_timeouts) &&
	    tcp_stream_is_thin(tp) && icsk->icsk_retransmits <= TCP_THIN_LINEAR_RETRIES) {
		/* few packets, each one precious to somebody who waits: do not double at first */
		icsk->icsk_backoff = 0;
		icsk->icsk_rto = min(__tcp_set_rto(tp), TCP_RTO_MAX);
	} else {
		icsk->icsk_rto = min(icsk->icsk_rto << 1, TCP_RTO_MAX);
	}
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tcp_clamp_rto_to_user_timeout(sk), TCP_RTO_MAX);
	if (retransmits_timed_out(sk, (unsigned int)ipv4->sysctl_tcp_retries1 + 1, 0))
		__sk_dst_reset(sk);
}

/* The receiver has taken its window back: its zero window is probed by the retransmission itself. */
static void tcp_retransmit_into_zero_window(struct sock *sk, struct sk_buff *skb)
{
	/* it may stay so for ever, as long as the receiver answers */
	if ((s32)(tcp_jiffies32(sk->host) - tcp_sk(sk)->rcv_tstamp) > (s32)TCP_RTO_MAX) {
		tcp_write_err(sk);
		return;
	}
	tcp_enter_loss(sk);
	tcp_retransmit_skb(sk, skb, 1);
	__sk_dst_reset(sk);
	tcp_back_off(sk);
}

/* A Fast Open connection waits for the ACK of its SYN-ACK: sends that again, before anything else. */
static void tcp_fastopen_synack_timer(struct sock *sk, struct request_sock *req)
{
	TRACE_SK(sk, "repeat the SYN-ACK of a Fast Open connection, or give up");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	int max_retries = icsk->icsk_syn_retries;

	TRACE_OP(sk, "syn_ack_timeout");
	req->rsk_ops->syn_ack_timeout(req);
	/* once more than for others */
	if (!max_retries)
		max_retries = sock_net(sk)->ipv4.sysctl_tcp_synack_retries + 1;
	if (req->num_timeout >= max_retries) {
		tcp_write_err(sk);
		return;
	}
	/* data may have been sent: its window shrinks as that of other connections whose SYN-ACK was lost */
	if (icsk->icsk_retransmits == 1)
		tcp_enter_loss(sk);
	/* an error is no reason to give up a connection that may have been accepted */
	inet_rtx_syn_ack(sk, req);
	req->num_timeout++;
	icsk->icsk_retransmits++;
	if (!tp->retrans_stamp)
		tp->retrans_stamp = tcp_time_stamp(tp);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, reqsk_timeout(req, TCP_RTO_MAX), TCP_RTO_MAX);
}

void tcp_retransmit_timer(struct sock *sk)
{
	TRACE_SK(sk, "no ACK came in time: send the first packet again, and wait twice as long");
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	if (unlikely(tp->fastopen_rsk)) {
		tcp_fastopen_synack_timer(sk, tp->fastopen_rsk);
		return;
	}
	if (!tp->packets_out)
		return;
	skb = tcp_rtx_queue_head(sk);
	SIM_BUG_ON(sk->host, !skb);
	tp->tlp_high_seq = 0;

	if (!tp->snd_wnd && !sock_flag(sk, SOCK_DEAD) &&
	    !((1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV))) {
		tcp_retransmit_into_zero_window(sk, skb);
		return;
	}
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPTIMEOUTS);
	if (tcp_write_timeout(sk))
		return;
	tcp_count_timeout(sk);
	tcp_enter_loss(sk);

	icsk->icsk_retransmits++;
	if (tcp_retransmit_skb(sk, tcp_rtx_queue_head(sk), 1) > 0) {
		/* our own queue was full: soon again, without backing off */
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, TCP_RESOURCE_PROBE_INTERVAL, TCP_RTO_MAX);
		return;
	}
	icsk->icsk_backoff++;
	tcp_back_off(sk);
	tcp_trace_values(sk);
}

/* ---- zero window ---- */

static void tcp_probe_timer(struct sock *sk)
{
	TRACE_SK(sk, "is the receiver's window still zero? Ask it, or give up");
	struct inet_connection_sock *icsk = inet_csk(sk);
	int max_probes = sock_net(sk)->ipv4.sysctl_tcp_retries2;
	bool give_up = false;

	if (tcp_sk(sk)->packets_out || !tcp_send_head(sk)) {
		icsk->icsk_probes_out = 0;
		icsk->icsk_probes_tstamp = 0;
		return;
	}
	/* RFC 1122: the peer may keep it closed for ever, as long as it answers (and the user is patient) */
	if (!icsk->icsk_probes_tstamp)
		icsk->icsk_probes_tstamp = tcp_jiffies32(sk->host);
	else if (icsk->icsk_user_timeout && (s32)(tcp_jiffies32(sk->host) - icsk->icsk_probes_tstamp) >=
						    (s32)msecs_to_jiffies(icsk->icsk_user_timeout))
		give_up = true;
	if (!give_up && sock_flag(sk, SOCK_DEAD)) {
		bool alive = inet_csk_rto_backoff(icsk, TCP_RTO_MAX) < TCP_RTO_MAX;

		max_probes = tcp_orphan_retries(sk, alive);
		if (!alive && icsk->icsk_backoff >= max_probes)
			give_up = true;
		else if (tcp_out_of_resources(sk, true))
			return;
	}
	if (give_up || icsk->icsk_probes_out >= max_probes)
		tcp_write_err(sk);
	else
		tcp_send_probe0(sk);
}

/* ---- the write timer ---- */

void tcp_write_timer_handler(struct sock *sk)
{
	TRACE_SK(sk, "do what the retransmission timer stands for");
	struct inet_connection_sock *icsk = inet_csk(sk);
	int event = icsk->icsk_pending;

	if (((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)) || !event)
		return;
	if (time_after(icsk->icsk_timeout, jiffies(sk->host))) {
		sk_reset_timer(sk, &icsk->icsk_retransmit_timer, icsk->icsk_timeout);
		return;
	}
	tcp_mstamp_refresh(tcp_sk(sk));
	switch (event) {
	case ICSK_TIME_REO_TIMEOUT:
		tcp_rack_reo_timeout(sk);
		break;
	case ICSK_TIME_LOSS_PROBE:
		tcp_send_loss_probe(sk);
		break;
	case ICSK_TIME_RETRANS:
		icsk->icsk_pending = 0;
		tcp_retransmit_timer(sk);
		break;
	case ICSK_TIME_PROBE0:
		icsk->icsk_pending = 0;
		tcp_probe_timer(sk);
		break;
	}
}

/* The socket is owned: its owner does the work when it gives it up. */
static void tcp_defer_timer(struct sock *sk, unsigned long flag)
{
	if (!(sk->sk_tsq_flags & flag)) {
		sk->sk_tsq_flags |= flag;
		sock_hold(sk);
	}
}

static void tcp_write_timer(struct timer_list *t)
{
	TRACE(t, "the retransmission timer fires");
	struct inet_connection_sock *icsk = from_timer(icsk, t, icsk_retransmit_timer);
	struct sock *sk = &icsk->icsk_inet.sk;

	if (!sock_owned_by_user(sk))
		tcp_write_timer_handler(sk);
	else
		tcp_defer_timer(sk, TCPF_WRITE_TIMER_DEFERRED);
	sock_put(sk);
}

/* ---- delayed ACK ---- */

void tcp_delack_timer_handler(struct sock *sk)
{
	TRACE_SK(sk, "send the ACK that was delayed");
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)) || !(icsk->icsk_ack.pending & ICSK_ACK_TIMER))
		return;
	if (time_after(icsk->icsk_ack.timeout, jiffies(sk->host))) {
		sk_reset_timer(sk, &icsk->icsk_delack_timer, icsk->icsk_ack.timeout);
		return;
	}
	icsk->icsk_ack.pending &= (u8)~ICSK_ACK_TIMER;
	if (!inet_csk_ack_scheduled(sk))
		return;
	if (!inet_csk_in_pingpong_mode(sk)) {
		/* waited for nothing: data comes more slowly than was thought */
		icsk->icsk_ack.ato = min(icsk->icsk_ack.ato << 1, icsk->icsk_rto);
	} else {
		/* no answer came to carry it: the session is not that interactive */
		inet_csk_exit_pingpong_mode(sk);
		icsk->icsk_ack.ato = TCP_ATO_MIN;
	}
	tcp_mstamp_refresh(tcp_sk(sk));
	tcp_send_ack(sk);
	NET_INC_STATS(sock_net(sk), LINUX_MIB_DELAYEDACKS);
}

static void tcp_delack_timer(struct timer_list *t)
{
	TRACE(t, "the delayed ACK timer fires");
	struct inet_connection_sock *icsk = from_timer(icsk, t, icsk_delack_timer);
	struct sock *sk = &icsk->icsk_inet.sk;

	if (!sock_owned_by_user(sk)) {
		tcp_delack_timer_handler(sk);
	} else {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_DELAYEDACKLOCKED);
		tcp_defer_timer(sk, TCPF_DELACK_TIMER_DEFERRED);
	}
	sock_put(sk);
}

enum hrtimer_restart tcp_compressed_ack_kick(struct hrtimer *timer)
{
	TRACE(timer, "send one ACK for those that were held back");
	struct tcp_sock *tp = container_of(timer, struct tcp_sock, compressed_ack_timer);
	struct sock *sk = (struct sock *)tp;

	if (!sock_owned_by_user(sk)) {
		if (tp->compressed_ack) {
			tp->compressed_ack--; /* one is sent after all: the rest counts as saved */
			tcp_send_ack(sk);
		}
	} else {
		tcp_defer_timer(sk, TCPF_DELACK_TIMER_DEFERRED);
	}
	sock_put(sk);
	return HRTIMER_NORESTART;
}

/* ---- keepalive ---- */

void tcp_syn_ack_timeout(const struct request_sock *req)
{
	NET_INC_STATS(((const struct sock *)req)->host->net, LINUX_MIB_TCPTIMEOUTS);
}

void tcp_set_keepalive(struct sock *sk, int val)
{
	TRACE_SK(sk, "switch keepalive on or off");

	if ((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN))
		return;
	if (val && !sock_flag(sk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(sk, (unsigned long)keepalive_time_when(tcp_sk(sk)));
	else if (!val)
		inet_csk_delete_keepalive_timer(sk);
}

/* FIN_WAIT2 of a socket without a process has lasted long enough: the rest is TIME_WAIT, or an abort. */
static void tcp_end_fin_wait2(struct sock *sk)
{
	if (tcp_sk(sk)->linger2 >= 0) {
		int tmo = tcp_fin_time(sk) - TCP_TIMEWAIT_LEN;

		if (tmo > 0) {
			tcp_time_wait(sk, TCP_FIN_WAIT2, tmo);
			return;
		}
	}
	tcp_send_active_reset(sk, GFP_ATOMIC);
	tcp_done(sk);
}

/* The connection has been silent for too long: probes it. Jiffies until the next look, 0: given up. */
static u32 tcp_keepalive_probe(struct sock *sk, u32 elapsed)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 user_timeout = icsk->icsk_user_timeout;
	bool give_up;

	if (user_timeout)
		give_up = elapsed >= msecs_to_jiffies(user_timeout) && icsk->icsk_probes_out > 0;
	else
		give_up = icsk->icsk_probes_out >= keepalive_probes(tp);
	if (give_up) {
		tcp_send_active_reset(sk, GFP_ATOMIC);
		tcp_write_err(sk);
		return 0;
	}
	if (tcp_write_wakeup(sk, LINUX_MIB_TCPKEEPALIVE) > 0)
		return TCP_RESOURCE_PROBE_INTERVAL; /* our own queue was full */
	icsk->icsk_probes_out++;
	return (u32)keepalive_intvl_when(tp);
}

static void tcp_keepalive_timer(struct timer_list *t)
{
	TRACE(t, "is the peer still there?");
	struct sock *sk = from_timer(sk, t, sk_timer);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 idle, next;

	if (sock_owned_by_user(sk)) {
		inet_csk_reset_keepalive_timer(sk, HZ / 20);
		goto out;
	}
	if (sk->sk_state == TCP_LISTEN)
		goto out;
	tcp_mstamp_refresh(tp);
	if (sk->sk_state == TCP_FIN_WAIT2 && sock_flag(sk, SOCK_DEAD)) {
		tcp_end_fin_wait2(sk);
		goto out;
	}
	if (!sock_flag(sk, SOCK_KEEPOPEN) || ((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_SYN_SENT)))
		goto out;

	next = (u32)keepalive_time_when(tp);
	if (!tp->packets_out && tcp_write_queue_empty(sk)) {
		idle = keepalive_time_elapsed(tp);
		if (idle >= next)
			next = tcp_keepalive_probe(sk, idle);
		else
			next -= idle;
		if (!next)
			goto out;
	}
	inet_csk_reset_keepalive_timer(sk, next);
out:
	sock_put(sk);
}

void tcp_init_xmit_timers(struct sock *sk)
{
	TRACE_SK(sk, "set up the timers of a connection");
	struct tcp_sock *tp = tcp_sk(sk);

	inet_csk_init_xmit_timers(sk, &tcp_write_timer, &tcp_delack_timer, &tcp_keepalive_timer);
	hrtimer_init(sk->host, &tp->pacing_timer, HRTIMER_MODE_ABS_PINNED_SOFT);
	tp->pacing_timer.function = tcp_pace_kick;
	hrtimer_init(sk->host, &tp->compressed_ack_timer, HRTIMER_MODE_REL_PINNED_SOFT);
	tp->compressed_ack_timer.function = tcp_compressed_ack_kick;
}
