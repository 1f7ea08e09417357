/*
 * UDP output: one datagram per call, in one go (ip_make_skb), or put together over several calls on the
 * socket's write queue (MSG_MORE, UDP_CORK: ip_append_data, then udp_push_pending_frames).
 *
 *	pending 0 -> first call with MSG_MORE: AF_INET, addresses and route in inet->cork -> a call without: 0
 */
#include "stack/application/scm.h"
#include "stack/application/socket.h"
#include "stack/internet/ip_sock.h"
#include "stack/transport/udp.h"

/* ---- from a finished packet to IP ---- */

void udp4_hwcsum(struct sk_buff *skb, __be32 src, __be32 dst)
{
	TRACE_SKB(skb, "leave the checksum to the card: prepare the pseudo header's part");
	struct udphdr *uh = udp_hdr(skb);
	int offset = skb_transport_offset(skb), len = (int)skb->len - offset, hlen = len;
	struct sk_buff *frags;
	__wsum csum = 0;

	if (!skb_has_frag_list(skb)) {
		skb->csum_start = (u16)(skb_transport_header(skb) - skb->head);
		skb->csum_offset = offsetof(struct udphdr, check);
		uh->check = (__sum16)~csum_tcpudp_magic(src, dst, (u32)len, IPPROTO_UDP, 0);
		return;
	}
	/* several pieces: the card cannot sum over them */
	skb_walk_frags(skb, frags)
	{
		csum = csum_add(csum, frags->csum);
		hlen -= (int)frags->len;
	}
	csum = skb_checksum(skb, offset, hlen, csum);
	skb->ip_summed = CHECKSUM_NONE;
	uh->check = csum_tcpudp_magic(src, dst, (u32)len, IPPROTO_UDP, csum);
	if (uh->check == 0)
		uh->check = CSUM_MANGLED_0;
}

/* Sum of header and data; the data's was made while it was copied. */
static __wsum udp_csum(struct sk_buff *skb)
{
	__wsum csum = csum_partial(skb_transport_header(skb), sizeof(struct udphdr), skb->csum);
	struct sk_buff *frags;

	skb_walk_frags(skb, frags) csum = csum_add(csum, frags->csum);
	return csum;
}

static void udp_fill_check(struct sk_buff *skb, const struct sock *sk, const struct flowi4 *fl4, int len)
{
	struct udphdr *uh = udp_hdr(skb);

	uh->check = 0;
	if (sk->sk_no_check_tx) {
		skb->ip_summed = CHECKSUM_NONE;
	} else if (skb->ip_summed == CHECKSUM_PARTIAL) {
		udp4_hwcsum(skb, fl4->saddr, fl4->daddr);
	} else {
		uh->check = csum_tcpudp_magic(fl4->saddr, fl4->daddr, (u32)len, (u8)sk->sk_protocol,
					      udp_csum(skb));
		if (uh->check == 0) /* which would mean: none */
			uh->check = CSUM_MANGLED_0;
	}
}

/* The datagram is to become several, each with cork->gso_size bytes of data: cut below, as late as may be. */
static int udp_set_gso(struct sk_buff *skb, const struct sock *sk, const struct inet_cork *cork, int len)
{
	const unsigned int hlen = skb_network_header_len(skb) + (unsigned int)sizeof(struct udphdr);
	const unsigned int datalen = (unsigned int)len - (unsigned int)sizeof(struct udphdr);
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (hlen + cork->gso_size > cork->fragsize || datalen > cork->gso_size * UDP_MAX_SEGMENTS ||
	    sk->sk_no_check_tx)
		return -EINVAL;
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return -EIO;
	if (datalen > cork->gso_size) {
		shinfo->gso_size = cork->gso_size;
		shinfo->gso_type = SKB_GSO_UDP_L4;
		shinfo->gso_segs = (u16)DIV_ROUND_UP(datalen, cork->gso_size);
	}
	return 0;
}

static int udp_send_skb(struct sk_buff *skb, const struct flowi4 *fl4, const struct inet_cork *cork)
{
	TRACE_SKB(skb, "put the udp header on, send to ip layer");
	struct sock *sk = skb->sk;
	struct net *net = sock_net(sk);
	bool recverr = inet_sk(sk)->recverr;
	int len = (int)skb->len - skb_transport_offset(skb), err;
	struct udphdr *uh = udp_hdr(skb);

	uh->source = inet_sk(sk)->inet_sport;
	uh->dest = fl4->fl4_dport;
	uh->len = htons((u16)len);
	if (unlikely(cork->gso_size)) {
		err = udp_set_gso(skb, sk, cork, len);
		if (err) {
			kfree_skb(skb);
			return err;
		}
	}
	udp_fill_check(skb, sk, fl4, len);
	err = ip_send_skb(net, skb);
	if (!err) {
		UDP_INC_STATS(net, UDP_MIB_OUTDATAGRAMS, 0);
	} else if (err == -ENOBUFS && !recverr) {
		/* a full queue below is the network's business */
		UDP_INC_STATS(net, UDP_MIB_SNDBUFERRORS, 0);
		err = 0;
	}
	return err;
}

/* ---- a datagram over several calls ---- */

int udp_push_pending_frames(struct sock *sk)
{
	TRACE_SK_IN(sk, IN_TASK, "send what was put together as one datagram");
	struct udp_sock *up = udp_sk(sk);
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 *fl4 = &inet->cork.fl.u.ip4;
	struct sk_buff *skb = __ip_make_skb(sk, fl4, &sk->sk_write_queue, &inet->cork.base);
	int err = skb ? udp_send_skb(skb, fl4, &inet->cork.base) : 0;

	up->len = 0;
	up->pending = 0;
	return err;
}

void udp_flush_pending_frames(struct sock *sk)
{
	TRACE_SK(sk, "throw an unfinished datagram away");
	struct udp_sock *up = udp_sk(sk);

	if (up->pending) {
		up->len = 0;
		up->pending = 0;
		ip_flush_pending_frames(sk);
	}
}

/* ---- sendmsg() ---- */

/* One call on its way through the functions below. */
struct udp_send {
	struct sock *sk;
	struct msghdr *msg;
	struct flowi4 *fl4; /* the route's key: ours, or the connected socket's */
	struct flowi4 fl4_stack;
	struct ipcm_cookie ipc;
	struct ip_options_data opt_copy;
	struct rtable *rt; /* a reference, until the packet takes it over */
	__be32 daddr;
	__be16 dport;
	bool connected; /* the socket's own route can be used */
	bool cork;	/* more is to come */
};

/* Where to. 0 or an errno. */
static int udp_get_dest(struct udp_send *us)
{
	const struct sockaddr_in *usin = us->msg->msg_name;
	const struct inet_sock *inet = inet_sk(us->sk);

	if (usin) {
		if (us->msg->msg_namelen < (int)sizeof(*usin))
			return -EINVAL;
		if (usin->sin_family != AF_INET && usin->sin_family != AF_UNSPEC)
			return -EAFNOSUPPORT;
		us->daddr = usin->sin_addr.s_addr;
		us->dport = usin->sin_port;
		return us->dport ? 0 : -EINVAL;
	}
	if (us->sk->sk_state != TCP_ESTABLISHED)
		return -EDESTADDRREQ;
	us->daddr = inet->inet_daddr;
	us->dport = inet->inet_dport;
	us->connected = true;
	return 0;
}

/* The SOL_UDP control messages: the size of segments (UDP_SEGMENT). 1: there are others too. */
static int udp_cmsg_send(struct sock *sk, const struct msghdr *msg, u16 *gso_size)
{
	TRACE_SK(sk, "read what the program says about this datagram: size of segments");
	const struct cmsghdr *cmsg;
	int need_ip = 0;

	for_each_cmsghdr(cmsg, msg)
	{
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level != SOL_UDP) {
			need_ip = 1;
			continue;
		}
		if (cmsg->cmsg_type != UDP_SEGMENT || cmsg->cmsg_len != CMSG_LEN(sizeof(*gso_size)))
			return -EINVAL;
		memcpy(gso_size, CMSG_DATA(cmsg), sizeof(*gso_size));
	}
	return need_ip;
}

/* What the message and the socket say about how it goes out. */
static int udp_get_cookie(struct udp_send *us)
{
	struct sock *sk = us->sk;
	struct ipcm_cookie *ipc = &us->ipc;
	int err;

	ipcm_init_sk(ipc, inet_sk(sk));
	ipc->gso_size = udp_sk(sk)->gso_size;
	if (likely(!us->msg->msg_controllen && !inet_sk(sk)->inet_opt))
		return 0;
	if (us->msg->msg_controllen) {
		us->connected = false;
		err = udp_cmsg_send(sk, us->msg, &ipc->gso_size);
		if (err < 0)
			return err;
	}
	return ipcm_from_msg(sk, us->msg, ipc, &us->opt_copy);
}

/* Finds the route of a datagram for which the socket has none. */
static int udp_route(struct udp_send *us, __be32 faddr, __be32 saddr, u8 tos)
{
	struct sock *sk = us->sk;
	struct net *net = sock_net(sk);
	struct rtable *rt;

	us->fl4 = &us->fl4_stack;
	flowi4_init_output(us->fl4, us->ipc.oif, us->ipc.sockc.mark, tos, RT_SCOPE_UNIVERSE,
			   (u8)sk->sk_protocol, inet_sk_flowi_flags(sk), faddr, saddr, us->dport,
			   inet_sk(sk)->inet_sport);
	rt = ip_route_output_flow(net, us->fl4, sk);
	if (IS_ERR(rt)) {
		if (PTR_ERR(rt) == -ENETUNREACH)
			IP_INC_STATS(net, IPSTATS_MIB_OUTNOROUTES);
		return (int)PTR_ERR(rt);
	}
	us->rt = rt;
	if ((rt->rt_flags & RTCF_BROADCAST) && !sock_flag(sk, SOCK_BROADCAST))
		return -EACCES;
	if (us->connected)
		sk_dst_set(sk, dst_clone(&rt->dst));
	return 0;
}

/* Decides how the datagram goes out, from the socket's settings and the destination, and routes it. */
static int udp_prepare(struct udp_send *us)
{
	struct sock *sk = us->sk;
	struct ipcm_cookie *ipc = &us->ipc;
	const struct ip_options *opt;
	__be32 saddr, faddr = us->daddr;
	int err = udp_get_cookie(us);
	u8 tos;

	if (err)
		return err;
	opt = ipc->opt ? &ipc->opt->opt : NULL;
	saddr = ipc->addr;
	ipc->addr = us->daddr;
	if (opt && opt->srr) {
		if (!us->daddr)
			return -EINVAL;
		faddr = opt->faddr;
		us->connected = false;
	}
	tos = get_rttos(ipc, inet_sk(sk));
	if (sock_flag(sk, SOCK_LOCALROUTE) || (us->msg->msg_flags & MSG_DONTROUTE) ||
	    (opt && opt->is_strictroute)) {
		tos |= RTO_ONLINK;
		us->connected = false;
	}
	ipcm_multicast_defaults(ipc, inet_sk(sk), us->daddr, &saddr);
	if (ipv4_is_multicast(us->daddr))
		us->connected = false;
	if (us->connected)
		us->rt = (struct rtable *)sk_dst_check(sk, 0);
	return us->rt ? 0 : udp_route(us, faddr, saddr, tos);
}

/* Adds to the socket's datagram and sends it when it is whole. Called with the sock owned. */
static int udp_append(struct udp_send *us, int ulen)
{
	struct sock *sk = us->sk;
	unsigned int flags = us->msg->msg_flags | (us->cork ? MSG_MORE : 0);
	int err;

	udp_sk(sk)->len = (u16)(udp_sk(sk)->len + ulen);
	err = ip_append_data(sk, us->fl4, ip_generic_getfrag, us->msg, ulen, sizeof(struct udphdr), &us->ipc,
			     &us->rt, flags);
	if (err)
		udp_flush_pending_frames(sk);
	else if (!us->cork)
		err = udp_push_pending_frames(sk);
	else if (unlikely(skb_queue_empty(&sk->sk_write_queue)))
		udp_sk(sk)->pending = 0;
	release_sock(sk);
	return err;
}

/* Begins a datagram that is sent later. */
static int udp_cork(struct udp_send *us, int ulen)
{
	struct sock *sk = us->sk;
	struct flowi4 *fl4 = &inet_sk(sk)->cork.fl.u.ip4;
	__be32 saddr = us->fl4->saddr;

	lock_sock(sk);
	if (unlikely(udp_sk(sk)->pending)) { /* another thread was faster */
		release_sock(sk);
		return -EINVAL;
	}
	fl4->daddr = us->daddr;
	fl4->saddr = saddr;
	fl4->fl4_dport = us->dport;
	fl4->fl4_sport = inet_sk(sk)->inet_sport;
	us->fl4 = fl4;
	udp_sk(sk)->pending = AF_INET;
	return udp_append(us, ulen);
}

/* The packet is routed: makes and sends it, or begins to put it together. */
static int udp_transmit(struct udp_send *us, size_t len)
{
	unsigned int flags = us->msg->msg_flags;
	int ulen = (int)(len + sizeof(struct udphdr));
	struct inet_cork cork;
	struct sk_buff *skb;

	if (flags & MSG_CONFIRM) {
		if (flags & MSG_PROBE)
			dst_confirm_neigh(&us->rt->dst, &us->fl4->daddr);
		if ((flags & MSG_PROBE) && !len)
			return 0;
	}
	if (!us->ipc.addr)
		us->daddr = us->ipc.addr = us->fl4->daddr;
	if (us->cork)
		return udp_cork(us, ulen);
	skb = ip_make_skb(us->sk, us->fl4, ip_generic_getfrag, us->msg, ulen, sizeof(struct udphdr), &us->ipc,
			  &us->rt, &cork, flags);
	if (IS_ERR_OR_NULL(skb))
		return (int)PTR_ERR(skb);
	return udp_send_skb(skb, us->fl4, &cork);
}

/* A datagram is being put together: adds to it. False: there is none (any more). */
static bool udp_append_pending(struct udp_send *us, size_t len, int *err)
{
	struct sock *sk = us->sk;

	if (likely(!udp_sk(sk)->pending))
		return false;
	lock_sock(sk);
	if (!udp_sk(sk)->pending) {
		release_sock(sk);
		return false;
	}
	ipcm_init(&us->ipc); /* what the first call said holds */
	*err = udp_append(us, (int)len);
	return true;
}

int udp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	TRACE_SK_IN(sk, IN_TASK, "decide the route, build the datagram, send to ip layer");
	struct udp_send us;
	int err;

	if (len > 0xFFFF)
		return -EMSGSIZE;
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	us.sk = sk;
	us.msg = msg;
	us.fl4 = &inet_sk(sk)->cork.fl.u.ip4;
	us.rt = NULL;
	us.connected = false;
	us.cork = udp_sk(sk)->corkflag || (msg->msg_flags & MSG_MORE);
	if (!udp_append_pending(&us, len, &err)) {
		err = udp_get_dest(&us);
		if (err)
			return err;
		err = udp_prepare(&us);
		if (!err)
			err = udp_transmit(&us, len);
	}
	dst_release_of(sk->host, us.rt ? &us.rt->dst : NULL);
	if (!err)
		return (int)len;
	/* there is no better counter for "no room" */
	if (err == -ENOBUFS || (sk->sk_socket && sk->sk_socket->flags & BIT(SOCK_NOSPACE)))
		UDP_INC_STATS(sock_net(sk), UDP_MIB_SNDBUFERRORS, 0);
	return err;
}
