/*
 * Options of TCP sockets: setsockopt() and getsockopt() at level IPPROTO_TCP. Options that are not there
 * (ULP, repair, zero copy) answer as a Linux built without them. TCP_INFO is in tcp_info.c.
 */
#include "stack/application/socket.h"
#include "stack/transport/tcp.h"
#include "stack/transport/tcp_info.h"

/* ---- setting ---- */

void __tcp_sock_set_cork(struct sock *sk, bool on)
{
	TRACE_SK(sk, "hold small segments back, or let them go");
	struct tcp_sock *tp = tcp_sk(sk);

	if (on) {
		tp->nonagle |= TCP_NAGLE_CORK;
	} else {
		tp->nonagle &= ~TCP_NAGLE_CORK;
		if (tp->nonagle & TCP_NAGLE_OFF)
			tp->nonagle |= TCP_NAGLE_PUSH;
		tcp_push_pending_frames(sk);
	}
}

void tcp_sock_set_cork(struct sock *sk, bool on)
{
	lock_sock(sk);
	__tcp_sock_set_cork(sk, on);
	release_sock(sk);
}

void __tcp_sock_set_nodelay(struct sock *sk, bool on)
{
	TRACE_SK(sk, "turn Nagle's algorithm off or on");

	if (on) {
		tcp_sk(sk)->nonagle |= TCP_NAGLE_OFF | TCP_NAGLE_PUSH;
		tcp_push_pending_frames(sk);
	} else {
		tcp_sk(sk)->nonagle &= ~TCP_NAGLE_OFF;
	}
}

static void __tcp_sock_set_quickack(struct sock *sk, int val)
{
	TRACE_SK(sk, "send ACKs at once, or delay them again");

	if (!val) {
		inet_csk_enter_pingpong_mode(sk);
		return;
	}
	inet_csk_exit_pingpong_mode(sk);
	if (((1u << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)) && inet_csk_ack_scheduled(sk)) {
		inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_PUSHED;
		tcp_cleanup_rbuf(sk, 1);
		if (!(val & 1))
			inet_csk_enter_pingpong_mode(sk);
	}
}

int tcp_sock_set_keepidle_locked(struct sock *sk, int val)
{
	TRACE_SK(sk, "set after how long an idle connection is probed");
	struct tcp_sock *tp = tcp_sk(sk);

	if (val < 1 || val > MAX_TCP_KEEPIDLE)
		return -EINVAL;
	tp->keepalive_time = (unsigned int)val * HZ;
	if (sock_flag(sk, SOCK_KEEPOPEN) && !((1u << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN))) {
		u32 elapsed = keepalive_time_elapsed(tp);

		elapsed = tp->keepalive_time > elapsed ? tp->keepalive_time - elapsed : 0;
		inet_csk_reset_keepalive_timer(sk, elapsed);
	}
	return 0;
}

int tcp_set_window_clamp(struct sock *sk, int val)
{
	TRACE_SK(sk, "bound the window that is advertised");
	struct tcp_sock *tp = tcp_sk(sk);
	u32 old = tp->window_clamp;

	if (!val) {
		if (sk->sk_state != TCP_CLOSE)
			return -EINVAL;
		tp->window_clamp = 0;
		return 0;
	}
	tp->window_clamp = (u32)max(val, SOCK_MIN_RCVBUF / 2);
	if (tp->window_clamp < old)
		tp->rcv_ssthresh = min(tp->rcv_ssthresh, tp->window_clamp);
	else if (tp->window_clamp > old)
		tp->rcv_ssthresh = max(min(tp->rcv_wnd, tp->window_clamp), tp->rcv_ssthresh);
	return 0;
}

/* TCP_DEFER_ACCEPT in seconds as a number of SYN-ACK timeouts (1, 3, 7, ... s), and back. */
static u8 secs_to_retrans(int seconds, int timeout, int rto_max)
{
	u8 res = 0;
	int period = timeout;

	if (seconds <= 0)
		return 0;
	for (res = 1; seconds > period && res < 255; res++) {
		timeout = min(timeout << 1, rto_max);
		period += timeout;
	}
	return res;
}

static int retrans_to_secs(u8 retrans, int timeout, int rto_max)
{
	int period = retrans ? timeout : 0;

	for (; retrans > 1; retrans--) {
		timeout = min(timeout << 1, rto_max);
		period += timeout;
	}
	return period;
}

static int set_congestion(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	char name[TCP_CA_NAME_MAX] = "";
	int err;

	if (optlen < 1)
		return -EINVAL;
	if (!optval)
		return -EFAULT;
	strncpy(name, optval, min_t(size_t, optlen, TCP_CA_NAME_MAX - 1));
	lock_sock(sk);
	err = tcp_set_congestion_control(sk, name, true, true);
	release_sock(sk);
	return err;
}

static inline bool outside(int val, int lo, int hi)
{
	return val < lo || val > hi;
}

static int set_keepalive(struct sock *sk, int optname, int val)
{
	struct tcp_sock *tp = tcp_sk(sk);

	switch (optname) {
	case TCP_KEEPIDLE:
		return tcp_sock_set_keepidle_locked(sk, val);
	case TCP_KEEPINTVL:
		if (outside(val, 1, MAX_TCP_KEEPINTVL))
			return -EINVAL;
		tp->keepalive_intvl = (unsigned int)val * HZ;
		return 0;
	default:
		if (outside(val, 1, MAX_TCP_KEEPCNT))
			return -EINVAL;
		tp->keepalive_probes = (u8)val;
		return 0;
	}
}

static int set_fastopen(struct sock *sk, int optname, int val)
{
	bool unconnected = (1u << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN);
	struct tcp_sock *tp = tcp_sk(sk);

	if (optname == TCP_FASTOPEN) {
		if (val < 0 || !unconnected)
			return -EINVAL;
		tcp_fastopen_init_key_once(sock_net(sk));
		fastopen_queue_tune(sk, val);
		return 0;
	}
	if (outside(val, 0, 1))
		return -EINVAL;
	if (optname == TCP_FASTOPEN_NO_COOKIE) {
		if (!unconnected)
			return -EINVAL;
		tp->fastopen_no_cookie = (u8)val & 1;
		return 0;
	}
	if (!(sock_net(sk)->ipv4.sysctl_tcp_fastopen & TFO_CLIENT_ENABLE))
		return -EOPNOTSUPP;
	if (sk->sk_state != TCP_CLOSE)
		return -EINVAL;
	tp->fastopen_connect = (u8)val & 1;
	return 0;
}

/* One key of 16 bytes, or two: the second is still accepted. */
static int set_fastopen_key(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	u8 key[TCP_FASTOPEN_KEY_BUF_LENGTH];

	if (optlen != TCP_FASTOPEN_KEY_LENGTH && optlen != TCP_FASTOPEN_KEY_BUF_LENGTH)
		return -EINVAL;
	if (copy_from_sockptr(key, optval, optlen))
		return -EFAULT;
	return tcp_fastopen_reset_cipher(sock_net(sk), sk, key,
					 optlen > TCP_FASTOPEN_KEY_LENGTH ? key + TCP_FASTOPEN_KEY_LENGTH
									  : NULL);
}

static int set_int(struct sock *sk, int optname, int val)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	switch (optname) {
	case TCP_MAXSEG:
		if (val && outside(val, (int)TCP_MIN_MSS, (int)MAX_TCP_WINDOW))
			return -EINVAL;
		tp->rx_opt.user_mss = (u16)val;
		return 0;
	case TCP_NODELAY:
		__tcp_sock_set_nodelay(sk, val);
		return 0;
	case TCP_THIN_LINEAR_TIMEOUTS:
		if (outside(val, 0, 1))
			return -EINVAL;
		tp->thin_lto = (u8)val & 1;
		return 0;
	case TCP_THIN_DUPACK:
		return outside(val, 0, 1) ? -EINVAL : 0;
	case TCP_CORK:
		__tcp_sock_set_cork(sk, val);
		return 0;
	case TCP_KEEPIDLE:
	case TCP_KEEPINTVL:
	case TCP_KEEPCNT:
		return set_keepalive(sk, optname, val);
	case TCP_SYNCNT:
		if (outside(val, 1, MAX_TCP_SYNCNT))
			return -EINVAL;
		icsk->icsk_syn_retries = (u8)val;
		return 0;
	case TCP_SAVE_SYN:
		if (outside(val, 0, 2))
			return -EINVAL;
		tp->save_syn = (u8)val & 3;
		return 0;
	case TCP_LINGER2:
		tp->linger2 = val < 0 ? -1 : val > TCP_FIN_TIMEOUT_MAX / HZ ? TCP_FIN_TIMEOUT_MAX : val * HZ;
		return 0;
	case TCP_DEFER_ACCEPT:
		icsk->icsk_accept_queue.rskq_defer_accept =
			secs_to_retrans(val, (int)(TCP_TIMEOUT_INIT / HZ), (int)(TCP_RTO_MAX / HZ));
		return 0;
	case TCP_WINDOW_CLAMP:
		return tcp_set_window_clamp(sk, val);
	case TCP_QUICKACK:
		__tcp_sock_set_quickack(sk, val);
		return 0;
	case TCP_USER_TIMEOUT:
		if (val < 0)
			return -EINVAL;
		icsk->icsk_user_timeout = (u32)val;
		return 0;
	case TCP_FASTOPEN:
	case TCP_FASTOPEN_CONNECT:
	case TCP_FASTOPEN_NO_COOKIE:
		return set_fastopen(sk, optname, val);
	case TCP_NOTSENT_LOWAT:
		tp->notsent_lowat = (u32)val;
		sk_call_write_space(sk);
		return 0;
	case TCP_INQ:
		if (outside(val, 0, 1))
			return -EINVAL;
		tp->recvmsg_inq = (u8)val & 1;
		return 0;
	case TCP_REPAIR_OPTIONS:
		return -EINVAL;
	case TCP_REPAIR:
	case TCP_REPAIR_QUEUE:
	case TCP_REPAIR_WINDOW:
	case TCP_TIMESTAMP:
		return -EPERM;
	case TCP_QUEUE_SEQ:
		return sk->sk_state == TCP_CLOSE ? -EINVAL : -EPERM;
	default:
		return -ENOPROTOOPT;
	}
}

static int do_tcp_setsockopt(struct sock *sk, int optname, sockptr_t optval, unsigned int optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "set a tcp option");
	int val, err;

	if (optname == TCP_CONGESTION)
		return set_congestion(sk, optval, optlen);
	if (optname == TCP_ULP)
		return optlen < 1 ? -EINVAL : -ENOENT;
	if (optname == TCP_FASTOPEN_KEY)
		return set_fastopen_key(sk, optval, optlen);
	if (optname == TCP_MD5SIG || optname == TCP_MD5SIG_EXT) {
		lock_sock(sk);
		err = tcp_v4_parse_md5_keys(sk, optname, optval, optlen);
		release_sock(sk);
		return err;
	}
	if (optlen < sizeof(int))
		return -EINVAL;
	if (copy_from_sockptr(&val, optval, sizeof(val)))
		return -EFAULT;
	lock_sock(sk);
	err = set_int(sk, optname, val);
	release_sock(sk);
	return err;
}

int tcp_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval, unsigned int optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "set an option of the connection or of a layer below");
	const struct inet_connection_sock *icsk = inet_csk(sk);

	if (level != SOL_TCP) {
		if (!icsk->icsk_af_ops->setsockopt)
			return -ENOPROTOOPT;
		TRACE_OP(sk, "setsockopt");
		return icsk->icsk_af_ops->setsockopt(sk, level, optname, optval, optlen);
	}
	return do_tcp_setsockopt(sk, optname, optval, optlen);
}

/* ---- reading ---- */

/* An option that is a number; false: there is none of this name. */
static bool get_int(struct sock *sk, int optname, int *val)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;

	switch (optname) {
	case TCP_MAXSEG:
		*val = (int)tp->mss_cache;
		if (tp->rx_opt.user_mss && ((1u << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)))
			*val = tp->rx_opt.user_mss;
		return true;
	case TCP_NODELAY:
		*val = !!(tp->nonagle & TCP_NAGLE_OFF);
		return true;
	case TCP_CORK:
		*val = !!(tp->nonagle & TCP_NAGLE_CORK);
		return true;
	case TCP_KEEPIDLE:
		*val = keepalive_time_when(tp) / HZ;
		return true;
	case TCP_KEEPINTVL:
		*val = keepalive_intvl_when(tp) / HZ;
		return true;
	case TCP_KEEPCNT:
		*val = keepalive_probes(tp);
		return true;
	case TCP_SYNCNT:
		*val = icsk->icsk_syn_retries ? icsk->icsk_syn_retries : ipv4->sysctl_tcp_syn_retries;
		return true;
	case TCP_LINGER2:
		*val = tp->linger2;
		if (*val >= 0)
			*val = (*val ? *val : ipv4->sysctl_tcp_fin_timeout) / HZ;
		return true;
	case TCP_DEFER_ACCEPT:
		*val = retrans_to_secs(icsk->icsk_accept_queue.rskq_defer_accept,
				       (int)(TCP_TIMEOUT_INIT / HZ), (int)(TCP_RTO_MAX / HZ));
		return true;
	case TCP_WINDOW_CLAMP:
		*val = (int)tp->window_clamp;
		return true;
	case TCP_QUICKACK:
		*val = !inet_csk_in_pingpong_mode(sk);
		return true;
	case TCP_THIN_LINEAR_TIMEOUTS:
		*val = tp->thin_lto;
		return true;
	case TCP_THIN_DUPACK:
	case TCP_REPAIR:
		*val = 0;
		return true;
	case TCP_FASTOPEN:
		*val = icsk->icsk_accept_queue.fastopenq.max_qlen;
		return true;
	case TCP_FASTOPEN_CONNECT:
		*val = tp->fastopen_connect;
		return true;
	case TCP_FASTOPEN_NO_COOKIE:
		*val = tp->fastopen_no_cookie;
		return true;
	case TCP_USER_TIMEOUT:
		*val = (int)icsk->icsk_user_timeout;
		return true;
	case TCP_NOTSENT_LOWAT:
		*val = (int)tp->notsent_lowat;
		return true;
	case TCP_INQ:
		*val = tp->recvmsg_inq;
		return true;
	case TCP_SAVE_SYN:
		*val = tp->save_syn;
		return true;
	case TCP_TIMESTAMP:
		*val = (int)(tcp_time_stamp_raw(sk->host) + tp->tsoffset);
		return true;
	default:
		return false;
	}
}

/* Copies what fits of a value and tells its length. */
static int put_option(char *optval, int *optlen, const void *value, int size)
{
	if (!optval)
		return -EFAULT;
	*optlen = min(*optlen, size);
	memcpy(optval, value, (size_t)*optlen);
	return 0;
}

static int get_info(struct sock *sk, char *optval, int *optlen)
{
	struct tcp_info info;

	tcp_get_info(sk, &info);
	return put_option(optval, optlen, &info, sizeof(info));
}

static int get_fastopen_key(const struct sock *sk, char *optval, int *optlen)
{
	u8 key[TCP_FASTOPEN_KEY_BUF_LENGTH];
	int n = tcp_fastopen_get_cipher(inet_csk(sk)->icsk_accept_queue.fastopenq.ctx, key);

	return put_option(optval, optlen, key, n * TCP_FASTOPEN_KEY_LENGTH);
}

/* TCP_SAVED_SYN: the headers of the SYN (TCP_SAVE_SYN), once. */
static int get_saved_syn(struct sock *sk, char *optval, int *optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "give the program the headers of the SYN");
	struct tcp_sock *tp = tcp_sk(sk);
	int len = 0, err;

	lock_sock(sk);
	if (tp->saved_syn)
		len = (int)(tp->saved_syn->mac_hdrlen + tp->saved_syn->network_hdrlen +
			    tp->saved_syn->tcp_hdrlen);
	if (*optlen < len) {
		*optlen = len;
		err = -EINVAL;
	} else {
		err = put_option(optval, optlen, len ? tp->saved_syn->data : (u8 *)optval, len);
		if (!err) {
			kfree(sk->host, tp->saved_syn);
			tp->saved_syn = NULL;
		}
	}
	release_sock(sk);
	return err;
}

static int get_cc_info(struct sock *sk, char *optval, int *optlen)
{
	union tcp_cc_info info;
	size_t size = tcp_ca_get_info(sk, &info);

	return put_option(optval, optlen, &info, (int)size);
}

static int do_tcp_getsockopt(struct sock *sk, int optname, char *optval, int *optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "read a tcp option");
	char name[TCP_CA_NAME_MAX] = "";
	int val;

	if (*optlen < 0)
		return -EINVAL;
	switch (optname) {
	case TCP_INFO:
		return get_info(sk, optval, optlen);
	case TCP_CC_INFO:
		return get_cc_info(sk, optval, optlen);
	case TCP_CONGESTION:
		strncpy(name, inet_csk(sk)->icsk_ca_ops->name, TCP_CA_NAME_MAX - 1);
		return put_option(optval, optlen, name, TCP_CA_NAME_MAX);
	case TCP_SAVED_SYN:
		return get_saved_syn(sk, optval, optlen);
	case TCP_ULP:
		*optlen = 0;
		return 0;
	case TCP_FASTOPEN_KEY:
		return get_fastopen_key(sk, optval, optlen);
	case TCP_REPAIR_QUEUE:
	case TCP_QUEUE_SEQ:
		return -EINVAL;
	case TCP_REPAIR_WINDOW:
		return *optlen == 20 ? -EPERM : -EINVAL; /* struct tcp_repair_window */
	default:
		if (!get_int(sk, optname, &val))
			return -ENOPROTOOPT;
		return put_option(optval, optlen, &val, sizeof(val));
	}
}

int tcp_getsockopt(struct sock *sk, int level, int optname, char *optval, int *optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "read an option of the connection or of a layer below");
	const struct inet_connection_sock *icsk = inet_csk(sk);

	if (level != SOL_TCP) {
		if (!icsk->icsk_af_ops->getsockopt)
			return -ENOPROTOOPT;
		TRACE_OP(sk, "getsockopt");
		return icsk->icsk_af_ops->getsockopt(sk, level, optname, optval, optlen);
	}
	return do_tcp_getsockopt(sk, optname, optval, optlen);
}
