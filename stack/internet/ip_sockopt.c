/*
 * Options at level SOL_IP (net/ipv4/ip_sockglue.c). The protocols' setsockopt and getsockopt call in for the
 * level that is not theirs.
 */
#include "stack/application/scm.h"
#include "stack/internet/inet_ecn.h"
#include "stack/internet/route.h"
#include "stack/internet/igmp.h"
#include "stack/internet/ip.h"
#include "stack/interface/netdevice.h"
#include "stack/transport/inet_connection_sock.h"

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#ifndef IP_RECVERR_RFC4884
#define IP_RECVERR_RFC4884 26
#endif
#ifndef IP_NODEFRAG
#define IP_NODEFRAG 22
#endif

#ifndef IP_RECVFRAGSIZE
#define IP_RECVFRAGSIZE 25
#endif

/* ---- setting ---- */

static void __ip_sock_set_tos(struct sock *sk, int val)
{
	TRACE_SK(sk, "set the type of service of the socket's packets");
	struct inet_sock *inet = inet_sk(sk);

	if (sk->sk_type == SOCK_STREAM)
		val = (val & ~INET_ECN_MASK) | (inet->tos & INET_ECN_MASK);
	if (inet->tos != (u8)val) {
		inet->tos = (u8)val;
		sk->sk_priority = rt_tos2priority((u8)val);
		sk_dst_reset(sk);
	}
}

/* What the program wants told with each packet; 0: the option is none of these. */
static u16 cmsg_flag_of_option(int optname)
{
	switch (optname) {
	case IP_PKTINFO:
		return IP_CMSG_PKTINFO;
	case IP_RECVTTL:
		return IP_CMSG_TTL;
	case IP_RECVTOS:
		return IP_CMSG_TOS;
	case IP_RECVOPTS:
		return IP_CMSG_RECVOPTS;
	case IP_PASSSEC:
		return IP_CMSG_PASSSEC;
	case IP_RETOPTS:
		return IP_CMSG_RETOPTS;
	case IP_RECVORIGDSTADDR:
		return IP_CMSG_ORIGDSTADDR;
	case IP_RECVFRAGSIZE:
		return IP_CMSG_RECVFRAGSIZE;
	default:
		return 0;
	}
}

static int set_unicast_if(struct sock *sk, int val, unsigned int optlen)
{
	int ifindex = (int)ntohl((u32)val);
	struct net_device *dev;

	if (optlen != sizeof(int))
		return -EINVAL;
	if (ifindex) {
		dev = dev_get_by_index(sock_net(sk), ifindex);
		if (!dev)
			return -EADDRNOTAVAIL;
		dev_put(dev);
		if (sk->sk_bound_dev_if && sk->sk_bound_dev_if != ifindex)
			return -EINVAL;
	}
	inet_sk(sk)->uc_index = ifindex;
	return 0;
}

static bool outside(int val, int low, int high)
{
	return val < low || val > high;
}

/* Options of which a number is kept. */
static int set_number(struct sock *sk, int optname, int val, unsigned int optlen)
{
	struct inet_sock *inet = inet_sk(sk);

	switch (optname) {
	case IP_TOS:
		__ip_sock_set_tos(sk, val);
		return 0;
	case IP_TTL:
		if (optlen < 1 || (val != -1 && outside(val, 1, 255)))
			return -EINVAL;
		inet->uc_ttl = (s16)val;
		return 0;
	case IP_MINTTL:
		if (optlen < 1 || outside(val, 0, 255))
			return -EINVAL;
		inet->min_ttl = (u8)val;
		return 0;
	case IP_MTU_DISCOVER:
		if (outside(val, IP_PMTUDISC_DONT, IP_PMTUDISC_OMIT))
			return -EINVAL;
		inet->pmtudisc = (u8)val;
		return 0;
	case IP_MULTICAST_TTL:
		if (sk->sk_type == SOCK_STREAM || optlen < 1)
			return -EINVAL;
		if (val == -1)
			val = 1;
		if (outside(val, 0, 255))
			return -EINVAL;
		inet->mc_ttl = (u8)val;
		return 0;
	case IP_UNICAST_IF:
		return set_unicast_if(sk, val, optlen);
	default:
		return -ENOPROTOOPT;
	}
}

/* Options that are a plain yes or no, then the numbers. */
static int set_option(struct sock *sk, int optname, int val, unsigned int optlen)
{
	struct inet_sock *inet = inet_sk(sk);
	u16 flag = cmsg_flag_of_option(optname);

	if (optname == IP_RECVFRAGSIZE && sk->sk_type != SOCK_RAW && sk->sk_type != SOCK_DGRAM)
		return -EINVAL;
	if (flag) {
		inet->cmsg_flags = (u16)(val ? inet->cmsg_flags | flag : inet->cmsg_flags & ~flag);
		return 0;
	}
	switch (optname) {
	case IP_RECVERR:
		inet->recverr = !!val;
		if (!val)
			skb_queue_purge(sk->host, &sk->sk_error_queue);
		return 0;
	case IP_RECVERR_RFC4884:
		if (outside(val, 0, 1))
			return -EINVAL;
		inet->recverr_rfc4884 = !!val;
		return 0;
	case IP_HDRINCL:
		if (sk->sk_type != SOCK_RAW)
			return -ENOPROTOOPT;
		inet->hdrincl = !!val;
		return 0;
	case IP_NODEFRAG:
		if (sk->sk_type != SOCK_RAW)
			return -ENOPROTOOPT;
		inet->nodefrag = !!val;
		return 0;
	case IP_BIND_ADDRESS_NO_PORT:
		inet->bind_address_no_port = !!val;
		return 0;
	case IP_FREEBIND:
		if (optlen < 1)
			return -EINVAL;
		inet->freebind = !!val;
		return 0;
	case IP_TRANSPARENT:
		if (optlen < 1)
			return -EINVAL;
		inet->transparent = !!val;
		return 0;
	case IP_MULTICAST_LOOP:
		if (optlen < 1)
			return -EINVAL;
		inet->mc_loop = !!val;
		return 0;
	case IP_MULTICAST_ALL:
		if (optlen < 1 || outside(val, 0, 1))
			return -EINVAL;
		inet->mc_all = !!val;
		return 0;
	default:
		return set_number(sk, optname, val, optlen);
	}
}

/* Connections count the options into each segment. */
static void ip_options_resize(struct sock *sk, int by)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_ext_hdr_len = (u16)(icsk->icsk_ext_hdr_len + by);
	icsk->icsk_sync_mss(sk, icsk->icsk_pmtu_cookie);
}

static int set_ip_options(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	struct inet_sock *inet = inet_sk(sk);
	struct ip_options_rcu *opt = NULL;
	int err;

	if (optlen > MAX_IPOPTLEN)
		return -EINVAL;
	if (!optval && optlen)
		return -EFAULT;
	err = ip_options_get(sock_net(sk), &opt, optval, (int)optlen);
	if (err)
		return err;
	if (inet->is_icsk)
		ip_options_resize(sk, opt->opt.optlen - (inet->inet_opt ? inet->inet_opt->opt.optlen : 0));
	kfree(sk->host, inet->inet_opt);
	inet->inet_opt = opt;
	return 0;
}

/* As they will go out, with the place for our own entries empty. */
static int get_ip_options(struct sock *sk, char *optval, int *optlen)
{
	const struct ip_options_rcu *opt = inet_sk(sk)->inet_opt;
	struct ip_options_data copy;
	int len = 0;

	if (opt && opt->opt.optlen) {
		memcpy(&copy, opt, sizeof(*opt) + opt->opt.optlen);
		ip_options_undo(sock_net(sk), &copy.opt);
		len = min(*optlen, (int)copy.opt.optlen);
		memcpy(optval, copy.data, (size_t)len);
	}
	*optlen = len;
	return 0;
}

static int do_ip_setsockopt(struct sock *sk, int optname, sockptr_t optval, unsigned int optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "set an ip option");
	unsigned char byte;
	int val = 0, err;

	/* an int, or, as the BSDs have it, a single byte */
	if (optlen >= sizeof(int)) {
		if (copy_from_sockptr(&val, optval, sizeof(val)))
			return -EFAULT;
	} else if (optlen >= 1) {
		if (copy_from_sockptr(&byte, optval, 1))
			return -EFAULT;
		val = byte;
	}
	if (optname == IP_ROUTER_ALERT)
		return ip_ra_control(sk, val != 0);
	if (ip_is_mcast_option(optname))
		return ip_mc_setsockopt(sk, optname, optval, optlen);
	setsockopt_needs_rtnl(sk, optname);
	lock_sock(sk);
	if (optname == IP_OPTIONS)
		err = set_ip_options(sk, optval, optlen);
	else
		err = set_option(sk, optname, val, optlen);
	release_sock(sk);
	return err;
}

int ip_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval, unsigned int optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "set an option of the ip layer");

	if (level != IPPROTO_IP)
		return -ENOPROTOOPT;
	return do_ip_setsockopt(sk, optname, optval, optlen);
}

/* ---- getting ---- */

static int get_mtu(struct sock *sk, int *val)
{
	struct dst_entry *dst = sk_dst_get(sk);

	*val = 0;
	if (dst) {
		*val = (int)dst_mtu(dst);
		dst_release(dst);
	}
	return *val ? 0 : -ENOTCONN;
}

static int get_option(struct sock *sk, int optname, int *val)
{
	const struct inet_sock *inet = inet_sk(sk);
	u16 flag = cmsg_flag_of_option(optname);

	if (flag) {
		*val = (inet->cmsg_flags & flag) != 0;
		return 0;
	}
	switch (optname) {
	case IP_TOS:
		*val = inet->tos;
		break;
	case IP_TTL:
		*val = inet->uc_ttl == -1 ? sock_net(sk)->ipv4.sysctl_ip_default_ttl : inet->uc_ttl;
		break;
	case IP_MINTTL:
		*val = inet->min_ttl;
		break;
	case IP_MTU_DISCOVER:
		*val = inet->pmtudisc;
		break;
	case IP_MTU:
		return get_mtu(sk, val);
	case IP_RECVERR:
		*val = inet->recverr;
		break;
	case IP_RECVERR_RFC4884:
		*val = inet->recverr_rfc4884;
		break;
	case IP_HDRINCL:
		*val = inet->hdrincl;
		break;
	case IP_NODEFRAG:
		*val = inet->nodefrag;
		break;
	case IP_BIND_ADDRESS_NO_PORT:
		*val = inet->bind_address_no_port;
		break;
	case IP_FREEBIND:
		*val = inet->freebind;
		break;
	case IP_TRANSPARENT:
		*val = inet->transparent;
		break;
	case IP_MULTICAST_TTL:
		*val = inet->mc_ttl;
		break;
	case IP_MULTICAST_LOOP:
		*val = inet->mc_loop;
		break;
	case IP_MULTICAST_ALL:
		*val = inet->mc_all;
		break;
	case IP_UNICAST_IF:
		*val = (int)htonl((u32)inet->uc_index);
		break;
	default:
		return -ENOPROTOOPT;
	}
	return 0;
}

/* IP_PKTOPTIONS: what a connection would be told with a datagram, taken from the last segment of its
 * handshake. */
static int get_pktoptions(const struct sock *sk, char *optval, int *optlen)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct msghdr msg = { .msg_control = optval, .msg_controllen = (size_t)*optlen };
	int ttl = inet->mc_ttl, tos = inet->rcv_tos;

	if (sk->sk_type != SOCK_STREAM)
		return -ENOPROTOOPT;
	if (inet->cmsg_flags & IP_CMSG_PKTINFO) {
		struct in_pktinfo info = { .ipi_ifindex = inet->mc_index };

		info.ipi_addr.s_addr = inet->inet_rcv_saddr;
		info.ipi_spec_dst.s_addr = inet->inet_rcv_saddr;
		put_cmsg(sk->host, &msg, SOL_IP, IP_PKTINFO, sizeof(info), &info);
	}
	if (inet->cmsg_flags & IP_CMSG_TTL)
		put_cmsg(sk->host, &msg, SOL_IP, IP_TTL, sizeof(ttl), &ttl);
	if (inet->cmsg_flags & IP_CMSG_TOS)
		put_cmsg(sk->host, &msg, SOL_IP, IP_TOS, sizeof(tos), &tos);
	*optlen -= (int)msg.msg_controllen;
	return 0;
}

static bool getsockopt_needs_rtnl(struct sock *sk, int optname)
{
	TRACE_SK(sk, "does the option concern the configuration of devices?");
	return optname == IP_MSFILTER;
}

static int do_ip_getsockopt(struct sock *sk, int optname, char *optval, int *optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "read an ip option");
	int val, err, len = *optlen;

	if (len < 0)
		return -EINVAL;
	if (ip_is_mcast_option(optname))
		return ip_mc_getsockopt(sk, optname, optval, optlen);
	getsockopt_needs_rtnl(sk, optname);
	lock_sock(sk);
	err = optname == IP_OPTIONS	 ? get_ip_options(sk, optval, optlen)
	      : optname == IP_PKTOPTIONS ? get_pktoptions(sk, optval, optlen)
					 : get_option(sk, optname, &val);
	release_sock(sk);
	if (err || optname == IP_OPTIONS || optname == IP_PKTOPTIONS)
		return err;
	if (!optval)
		return -EFAULT;
	/* who asks for less than an int gets a byte when it fits */
	if (len < (int)sizeof(int) && len > 0 && !outside(val, 0, 255)) {
		*optlen = 1;
		*optval = (char)val;
		return 0;
	}
	*optlen = min(len, (int)sizeof(int));
	memcpy(optval, &val, (size_t)*optlen);
	return 0;
}

int ip_getsockopt(struct sock *sk, int level, int optname, char *optval, int *optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "read an option of the ip layer");

	if (level != IPPROTO_IP)
		return -EOPNOTSUPP;
	return do_ip_getsockopt(sk, optname, optval, optlen);
}
