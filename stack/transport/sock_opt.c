/*
 * Options at level SOL_SOCKET, and the slots of families that do without an operation.
 */
#include <limits.h>

#include "stack/application/socket.h"
#include "stack/interface/netdevice.h"
#include "stack/transport/sock_tstamp.h"

#ifndef IFNAMSIZ
#define IFNAMSIZ 16
#endif

/* ---- values ---- */

static int sock_copy_user_timeval(struct host *host, struct timeval *tv, sockptr_t optval,
				  unsigned int optlen)
{
	TRACE(host, "get the time from the program");

	if (optlen < sizeof(*tv))
		return -EINVAL;
	return copy_from_sockptr(tv, optval, sizeof(*tv));
}

static int sock_set_timeout(struct sock *sk, long *timeo_p, sockptr_t optval, unsigned int optlen)
{
	TRACE_SK(sk, "set how long reading or writing may block");
	struct timeval tv;
	int err = sock_copy_user_timeval(sk->host, &tv, optval, optlen);

	if (err)
		return err;
	if (tv.tv_usec < 0 || tv.tv_usec >= USEC_PER_SEC)
		return -EDOM;
	if (tv.tv_sec < 0) {
		*timeo_p = 0;
		return 0;
	}
	*timeo_p = MAX_SCHEDULE_TIMEOUT;
	if (tv.tv_sec == 0 && tv.tv_usec == 0)
		return 0;
	if (tv.tv_sec < MAX_SCHEDULE_TIMEOUT / HZ - 1)
		*timeo_p = tv.tv_sec * HZ + DIV_ROUND_UP((long)tv.tv_usec, USEC_PER_SEC / HZ);
	return 0;
}

static struct timeval sock_get_timeout(long timeo)
{
	struct timeval tv = { 0 };

	if (timeo != MAX_SCHEDULE_TIMEOUT) {
		tv.tv_sec = timeo / HZ;
		tv.tv_usec = timeo % HZ * (USEC_PER_SEC / HZ);
	}
	return tv;
}

void __sock_set_rcvbuf(struct sock *sk, int val)
{
	TRACE_SK(sk, "set the receive buffer: twice as much, for what a packet costs besides its data");

	val = min_t(int, val, INT_MAX / 2);
	sk->sk_userlocks |= SOCK_RCVBUF_LOCK;
	sk->sk_rcvbuf = max_t(int, val * 2, SOCK_MIN_RCVBUF);
}

static void sock_set_sndbuf(struct sock *sk, int val)
{
	val = min_t(int, val, INT_MAX / 2);
	sk->sk_userlocks |= SOCK_SNDBUF_LOCK;
	sk->sk_sndbuf = max_t(int, val * 2, SOCK_MIN_SNDBUF);
	sk_call_write_space(sk);
}

static int sock_set_linger(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	struct linger ling;

	if (optlen < sizeof(ling))
		return -EINVAL;
	if (copy_from_sockptr(&ling, optval, sizeof(ling)))
		return -EFAULT;
	if (!ling.l_onoff) {
		sock_reset_flag(sk, SOCK_LINGER);
		return 0;
	}
	sk->sk_lingertime = (unsigned long)(unsigned int)ling.l_linger * HZ;
	sock_set_flag(sk, SOCK_LINGER);
	return 0;
}

void sock_set_keepalive(struct sock *sk)
{
	lock_sock(sk);
	if (sk->sk_prot->keepalive)
		sk_prot_keepalive(sk, true);
	sock_valbool_flag(sk, SOCK_KEEPOPEN, true);
	release_sock(sk);
}

static int sock_bindtoindex_locked(struct sock *sk, int ifindex)
{
	TRACE_SK(sk, "let the socket use this device only, and forget its route");
	if (ifindex < 0)
		return -EINVAL;
	sk->sk_bound_dev_if = ifindex;
	if (sk->sk_prot->rehash)
		sk_prot_rehash(sk);
	sk_dst_reset(sk);
	return 0;
}

static int sock_bindtoindex(struct sock *sk, int ifindex)
{
	TRACE_SK(sk, "let the socket use this device only");
	int ret;

	lock_sock(sk);
	ret = sock_bindtoindex_locked(sk, ifindex);
	release_sock(sk);
	return ret;
}

static int sock_setbindtodevice(struct sock *sk, sockptr_t optval, int optlen)
{
	TRACE_SK(sk, "let the socket use one device only");
	char devname[IFNAMSIZ] = "";
	int index = 0;

	if (optlen < 0)
		return -EINVAL;
	optlen = min_t(int, optlen, IFNAMSIZ - 1);
	if (copy_from_sockptr(devname, optval, (size_t)optlen))
		return -EFAULT;
	if (devname[0]) {
		struct net_device *dev = dev_get_by_name_rcu(sock_net(sk), devname);

		if (!dev)
			return -ENODEV;
		index = dev->ifindex;
	}
	return sock_bindtoindex(sk, index);
}

/* ---- setting ---- */

/* Flags of the sock that are a plain yes or no; -1 when the option is none. */
static int sock_flag_of_option(int optname)
{
	switch (optname) {
	case SO_DEBUG:
		return SOCK_DBG;
	case SO_BROADCAST:
		return SOCK_BROADCAST;
	case SO_OOBINLINE:
		return SOCK_URGINLINE;
	case SO_RXQ_OVFL:
		return SOCK_RXQ_OVFL;
	case SO_WIFI_STATUS:
		return SOCK_WIFI_STATUS;
	case SO_NOFCS:
		return SOCK_NOFCS;
	case SO_SELECT_ERR_QUEUE:
		return SOCK_SELECT_ERR_QUEUE;
	case SO_LOCK_FILTER:
		return SOCK_FILTER_LOCKED;
	default:
		return -1;
	}
}

static int sock_set_rcvlowat(struct socket *sock, int val)
{
	struct sock *sk = sock->sk;

	if (val < 0)
		val = INT_MAX;
	if (sock->ops && sock->ops->set_rcvlowat) {
		TRACE_OP(sock, "set_rcvlowat");
		return sock->ops->set_rcvlowat(sk, val);
	}
	sk->sk_rcvlowat = val ? val : 1;
	return 0;
}

static int sock_set_int(struct socket *sock, int optname, int val)
{
	struct sock *sk = sock->sk;
	const struct netns_core *core = &sock_net(sk)->core;
	int valbool = val ? 1 : 0;

	switch (optname) {
	case SO_REUSEADDR:
		sk->sk_reuse = valbool ? SK_CAN_REUSE : SK_NO_REUSE;
		return 0;
	case SO_REUSEPORT:
		sk->sk_reuseport = (u8)valbool;
		return 0;
	case SO_TYPE:
	case SO_PROTOCOL:
	case SO_DOMAIN:
	case SO_ERROR:
		return -ENOPROTOOPT;
	case SO_DONTROUTE:
		sock_valbool_flag(sk, SOCK_LOCALROUTE, valbool);
		sk_dst_reset(sk);
		return 0;
	case SO_SNDBUF:
		sock_set_sndbuf(sk, (int)min_t(u32, (u32)val, (u32)core->sysctl_wmem_max));
		return 0;
	case SO_SNDBUFFORCE:
		sock_set_sndbuf(sk, max(val, 0));
		return 0;
	case SO_RCVBUF:
		__sock_set_rcvbuf(sk, (int)min_t(u32, (u32)val, (u32)core->sysctl_rmem_max));
		return 0;
	case SO_RCVBUFFORCE:
		__sock_set_rcvbuf(sk, max(val, 0));
		return 0;
	case SO_KEEPALIVE:
		if (sk->sk_prot->keepalive)
			sk_prot_keepalive(sk, valbool);
		sock_valbool_flag(sk, SOCK_KEEPOPEN, valbool);
		return 0;
	case SO_NO_CHECK:
		sk->sk_no_check_tx = (u8)valbool & 1;
		return 0;
	case SO_PRIORITY:
		sk->sk_priority = (u32)val;
		return 0;
	case SO_BSDCOMPAT:
		return 0;
	case SO_PASSCRED:
		sock->flags = valbool ? sock->flags | BIT(SOCK_PASSCRED) : sock->flags & ~BIT(SOCK_PASSCRED);
		return 0;
	case SO_PASSSEC:
		sock->flags = valbool ? sock->flags | BIT(SOCK_PASSSEC) : sock->flags & ~BIT(SOCK_PASSSEC);
		return 0;
	case SO_DETACH_FILTER: /* there never is one */
		return sock_flag(sk, SOCK_FILTER_LOCKED) ? -EPERM : -ENOENT;
	case SO_CNX_ADVICE:
		if (val == 1)
			dst_negative_advice(sk);
		return 0;
	case SO_PREFER_BUSY_POLL:
		sk->sk_prefer_busy_poll = (u8)valbool & 1;
		return 0;
	case SO_BUSY_POLL_BUDGET:
		return val < 0 || val > U16_MAX ? -EINVAL : 0;
	case SO_BINDTOIFINDEX:
		return sock_bindtoindex_locked(sk, val);
	case SO_BUF_LOCK:
		if (val & ~SOCK_BUF_LOCK_MASK)
			return -EINVAL;
		sk->sk_userlocks = (u8)((sk->sk_userlocks & ~SOCK_BUF_LOCK_MASK) | val) & 0xf;
		return 0;
	case SO_TIMESTAMP:
	case SO_TIMESTAMPNS:
		sock_set_timestamp(sk, optname, valbool);
		return 0;
	case SO_TIMESTAMPING:
		return sock_set_timestamping(sk, val);
	case SO_BUSY_POLL:
		if (val < 0)
			return -EINVAL;
		sk->sk_ll_usec = (u32)val;
		return 0;
	case SO_RCVLOWAT:
		return sock_set_rcvlowat(sock, val);
	case SO_MARK:
		if ((u32)val != sk->sk_mark) {
			sk->sk_mark = (u32)val;
			sk_dst_reset(sk);
		}
		return 0;
	case SO_PEEK_OFF:
		if (!sock->ops->set_peek_off)
			return -EOPNOTSUPP;
		TRACE_OP(sock, "set_peek_off");
		return sock->ops->set_peek_off(sk, val);
	case SO_INCOMING_CPU:
		sk->sk_incoming_cpu = val;
		return 0;
	case SO_ZEROCOPY:
		/* 5.15.0 said ENOTSUPP, which is no error for programs */
		if (sk->sk_family != PF_INET ||
		    !(sk->sk_type == SOCK_STREAM ||
		      (sk->sk_type == SOCK_DGRAM && sk->sk_protocol == IPPROTO_UDP)))
			return -EOPNOTSUPP;
		if (val < 0 || val > 1)
			return -EINVAL;
		sock_valbool_flag(sk, SOCK_ZEROCOPY, valbool);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int sock_set_pacing_rate(struct sock *sk, sockptr_t optval, unsigned int optlen, int val)
{
	unsigned long rate = (u32)val == ~0u ? ~0ul : (u32)val;

	if (optlen >= sizeof(rate) && copy_from_sockptr(&rate, optval, sizeof(rate)))
		return -EFAULT;
	if (rate != ~0ul && sk->sk_pacing_status == SK_PACING_NONE)
		sk->sk_pacing_status = SK_PACING_NEEDED;
	sk->sk_max_pacing_rate = rate;
	sk->sk_pacing_rate = min(sk->sk_pacing_rate, rate);
	return 0;
}

int sock_setsockopt(struct socket *sock, int level __maybe_unused, int optname, sockptr_t optval,
		    unsigned int optlen)
{
	TRACE(sock, "set an option of the socket layer");
	struct sock *sk = sock->sk;
	int val, flag, ret = 0;

	if (optname == SO_BINDTODEVICE)
		return sock_setbindtodevice(sk, optval, (int)optlen);
	if (optlen < sizeof(int))
		return -EINVAL;
	if (copy_from_sockptr(&val, optval, sizeof(val)))
		return -EFAULT;
	lock_sock(sk);
	flag = sock_flag_of_option(optname);
	if (optname == SO_LOCK_FILTER && !val && sock_flag(sk, SOCK_FILTER_LOCKED))
		ret = -EPERM;
	else if (flag >= 0)
		sock_valbool_flag(sk, (enum sock_flags)flag, val);
	else if (optname == SO_LINGER)
		ret = sock_set_linger(sk, optval, optlen);
	else if (optname == SO_RCVTIMEO || optname == SO_RCVTIMEO_NEW)
		ret = sock_set_timeout(sk, &sk->sk_rcvtimeo, optval, optlen);
	else if (optname == SO_SNDTIMEO || optname == SO_SNDTIMEO_NEW)
		ret = sock_set_timeout(sk, &sk->sk_sndtimeo, optval, optlen);
	else if (optname == SO_MAX_PACING_RATE)
		ret = sock_set_pacing_rate(sk, optval, optlen, val);
	else
		ret = sock_set_int(sock, optname, val);
	release_sock(sk);
	return ret;
}

/* ---- getting ---- */

/* SO_MEMINFO: what the sock's buffers hold and may hold. */
static void sk_get_meminfo(const struct sock *sk, u32 *mem)
{
	mem[0] = (u32)sk_rmem_alloc_get(sk);
	mem[1] = (u32)sk->sk_rcvbuf;
	mem[2] = (u32)sk_wmem_alloc_get(sk);
	mem[3] = (u32)sk->sk_sndbuf;
	mem[4] = (u32)sk->sk_forward_alloc;
	mem[5] = (u32)sk->sk_wmem_queued;
	mem[6] = (u32)sk->sk_omem_alloc;
	mem[7] = (u32)sk->sk_backlog.len;
	mem[8] = (u32)sk->sk_drops;
}

/* Options whose value is one int; false when it is none of them. */
static bool sock_get_int(struct socket *sock, int optname, int *val)
{
	struct sock *sk = sock->sk;
	int flag = sock_flag_of_option(optname);

	if (flag >= 0) {
		*val = sock_flag(sk, (enum sock_flags)flag);
		return true;
	}
	switch (optname) {
	case SO_DONTROUTE:
		*val = sock_flag(sk, SOCK_LOCALROUTE);
		break;
	case SO_SNDBUF:
		*val = sk->sk_sndbuf;
		break;
	case SO_RCVBUF:
		*val = sk->sk_rcvbuf;
		break;
	case SO_REUSEADDR:
		*val = sk->sk_reuse;
		break;
	case SO_REUSEPORT:
		*val = sk->sk_reuseport;
		break;
	case SO_KEEPALIVE:
		*val = sock_flag(sk, SOCK_KEEPOPEN);
		break;
	case SO_TYPE:
		*val = sk->sk_type;
		break;
	case SO_PROTOCOL:
		*val = sk->sk_protocol;
		break;
	case SO_DOMAIN:
		*val = sk->sk_family;
		break;
	case SO_ERROR:
		*val = -sock_error(sk);
		if (!*val) {
			*val = sk->sk_err_soft;
			sk->sk_err_soft = 0;
		}
		break;
	case SO_NO_CHECK:
		*val = sk->sk_no_check_tx;
		break;
	case SO_PRIORITY:
		*val = (int)sk->sk_priority;
		break;
	case SO_BSDCOMPAT:
		*val = 0;
		break;
	case SO_TIMESTAMP:
		*val = sock_flag(sk, SOCK_RCVTSTAMP) && !sock_flag(sk, SOCK_RCVTSTAMPNS);
		break;
	case SO_TIMESTAMPNS:
		*val = sock_flag(sk, SOCK_RCVTSTAMPNS);
		break;
	case SO_BUSY_POLL:
		*val = (int)sk->sk_ll_usec;
		break;
	case SO_RCVLOWAT:
		*val = sk->sk_rcvlowat;
		break;
	case SO_SNDLOWAT:
		*val = 1;
		break;
	case SO_PASSCRED:
		*val = !!(sock->flags & BIT(SOCK_PASSCRED));
		break;
	case SO_PASSSEC:
		*val = !!(sock->flags & BIT(SOCK_PASSSEC));
		break;
	case SO_BPF_EXTENSIONS:
		*val = 64; /* SKF_AD_MAX */
		break;
	case SO_PREFER_BUSY_POLL:
		*val = sk->sk_prefer_busy_poll;
		break;
	case SO_BINDTOIFINDEX:
		*val = sk->sk_bound_dev_if;
		break;
	case SO_BUF_LOCK:
		*val = sk->sk_userlocks & SOCK_BUF_LOCK_MASK;
		break;
	case SO_ACCEPTCONN:
		*val = sk->sk_state == TCP_LISTEN;
		break;
	case SO_MARK:
		*val = (int)sk->sk_mark;
		break;
	case SO_PEEK_OFF:
		if (!sock->ops->set_peek_off)
			return false;
		*val = sk->sk_peek_off;
		break;
	case SO_INCOMING_CPU:
		*val = sk->sk_incoming_cpu;
		break;
	case SO_ZEROCOPY:
		*val = sock_flag(sk, SOCK_ZEROCOPY);
		break;
	default:
		return false;
	}
	return true;
}

static int sock_getbindtodevice(struct sock *sk, char *optval, int *optlen, int len)
{
	struct net_device *dev;
	int n;

	if (!sk->sk_bound_dev_if) {
		*optlen = 0;
		return 0;
	}
	if (len < IFNAMSIZ)
		return -EINVAL;
	dev = dev_get_by_index(sock_net(sk), sk->sk_bound_dev_if);
	if (!dev)
		return -ENODEV;
	n = (int)strlen(dev->name) + 1;
	memcpy(optval, dev->name, (size_t)n);
	dev_put(dev);
	*optlen = n;
	return 0;
}

static int sock_getpeername_opt(struct socket *sock, char *optval, int *optlen, int len)
{
	struct sockaddr_storage address;
	int lv = sock_ops_getname(sock, (struct sockaddr *)&address, 2);

	if (lv < 0)
		return -ENOTCONN;
	if (lv < len)
		return -EINVAL;
	memcpy(optval, &address, (size_t)len);
	*optlen = len;
	return 0;
}

int sock_getsockopt(struct socket *sock, int level __maybe_unused, int optname, char *optval, int *optlen)
{
	TRACE(sock, "get an option of the socket layer");
	struct sock *sk = sock->sk;
	union {
		int val;
		unsigned long ulval;
		u64 val64;
		struct linger ling;
		struct timeval tv;
		struct {
			int flags, bind_phc;
		} timestamping;
		struct ucred cred;
		u32 meminfo[9];
	} v = { .meminfo = { 0 } };
	int len, lv = sizeof(int);

	if (!optlen)
		return -EFAULT;
	len = *optlen;
	if (len < 0)
		return -EINVAL;
	if (!optval && len)
		return -EFAULT;
	switch (optname) {
	case SO_LINGER:
		lv = sizeof(v.ling);
		v.ling.l_onoff = sock_flag(sk, SOCK_LINGER);
		v.ling.l_linger = (int)(sk->sk_lingertime / HZ);
		break;
	case SO_RCVTIMEO:
	case SO_RCVTIMEO_NEW:
		lv = sizeof(v.tv);
		v.tv = sock_get_timeout(sk->sk_rcvtimeo);
		break;
	case SO_SNDTIMEO:
	case SO_SNDTIMEO_NEW:
		lv = sizeof(v.tv);
		v.tv = sock_get_timeout(sk->sk_sndtimeo);
		break;
	case SO_TIMESTAMPING:
		lv = sizeof(v.timestamping);
		v.timestamping.flags = sk->sk_tsflags;
		break;
	case SO_MEMINFO:
		lv = sizeof(v.meminfo);
		sk_get_meminfo(sk, v.meminfo);
		break;
	case SO_MAX_PACING_RATE:
		if (len >= (int)sizeof(v.ulval)) {
			lv = sizeof(v.ulval);
			v.ulval = sk->sk_max_pacing_rate;
		} else {
			v.val = (int)min_t(unsigned long, sk->sk_max_pacing_rate, ~0u);
		}
		break;
	case SO_PEERCRED: /* of a peer on another machine nothing is known */
		lv = sizeof(v.cred);
		v.cred = (struct ucred){ 0, (uid_t)-1, (gid_t)-1 };
		break;
	case SO_PEERGROUPS:
		return -ENODATA;
	case SO_GET_FILTER:
		lv = 0;
		break;
	case SO_NETNS_COOKIE:
		lv = sizeof(u64);
		if (len != lv)
			return -EINVAL;
		v.val64 = 1; /* the first one */
		break;
	case SO_COOKIE:
		lv = sizeof(u64);
		if (len < lv)
			return -EINVAL;
		v.val64 = sk->trace_id;
		break;
	case SO_BINDTODEVICE:
		return sock_getbindtodevice(sk, optval, optlen, len);
	case SO_PEERNAME:
		return sock_getpeername_opt(sock, optval, optlen, len);
	default:
		if (!sock_get_int(sock, optname, &v.val))
			return optname == SO_PEEK_OFF ? -EOPNOTSUPP : -ENOPROTOOPT;
	}
	len = min(len, lv);
	memcpy(optval, &v, (size_t)len);
	*optlen = len;
	return 0;
}

/* ---- the protocol's options: what families put into their slots ---- */

int sock_common_setsockopt(struct socket *sock, int level, int optname, sockptr_t optval, unsigned int optlen)
{
	TRACE(sock, "set an option of the protocol");

	return sk_prot_setsockopt(sock->sk, level, optname, optval, optlen);
}

int sock_common_getsockopt(struct socket *sock, int level, int optname, char *optval, int *optlen)
{
	TRACE(sock, "get an option of the protocol");

	return sk_prot_getsockopt(sock->sk, level, optname, optval, optlen);
}

int sock_common_recvmsg(struct socket *sock, struct msghdr *msg, size_t size, int flags)
{
	TRACE(sock, "receive by the protocol");
	int addr_len = 0;
	int err =
		sk_prot_recvmsg(sock->sk, msg, size, flags & MSG_DONTWAIT, flags & ~MSG_DONTWAIT, &addr_len);

	if (err >= 0)
		msg->msg_namelen = addr_len;
	return err;
}
