/*
 * Control messages at level SOL_IP: what a program says about one packet that it sends (ip_cmsg_send), and
 * what it is told about one that it receives (ip_cmsg_recv). The options that ask for the latter are in
 * ip_sockopt.c.
 */
#include "stack/application/scm.h"
#include "stack/internet/ip.h"
#include "stack/transport/inet_sock.h"

#ifndef IP_RECVFRAGSIZE
#define IP_RECVFRAGSIZE 25
#endif

/* ---- with a packet that is sent ---- */

static int cmsg_send_pktinfo(const struct cmsghdr *cmsg, struct ipcm_cookie *ipc)
{
	struct in_pktinfo info;

	if (cmsg->cmsg_len != CMSG_LEN(sizeof(info)))
		return -EINVAL;
	memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
	if (info.ipi_ifindex)
		ipc->oif = info.ipi_ifindex;
	ipc->addr = info.ipi_spec_dst.s_addr;
	return 0;
}

static int cmsg_send_ttl(const struct cmsghdr *cmsg, struct ipcm_cookie *ipc)
{
	int val;

	if (cmsg->cmsg_len != CMSG_LEN(sizeof(val)))
		return -EINVAL;
	memcpy(&val, CMSG_DATA(cmsg), sizeof(val));
	if (val < 1 || val > 255)
		return -EINVAL;
	ipc->ttl = (u8)val;
	return 0;
}

/* As an int, or as the single byte that IP_RECVTOS gives. */
static int cmsg_send_tos(const struct cmsghdr *cmsg, struct ipcm_cookie *ipc)
{
	int val;

	if (cmsg->cmsg_len == CMSG_LEN(sizeof(val)))
		memcpy(&val, CMSG_DATA(cmsg), sizeof(val));
	else if (cmsg->cmsg_len == CMSG_LEN(1))
		val = *CMSG_DATA(cmsg);
	else
		return -EINVAL;
	if (val < 0 || val > 255)
		return -EINVAL;
	ipc->tos = (s16)val;
	ipc->priority = (char)rt_tos2priority((u8)val);
	return 0;
}

static int cmsg_send_retopts(struct sock *sk, const struct cmsghdr *cmsg, struct ipcm_cookie *ipc)
{
	size_t len = min_t(size_t, cmsg->cmsg_len - CMSG_LEN(0), MAX_IPOPTLEN);

	return ip_options_get(sock_net(sk), &ipc->opt, CMSG_DATA(cmsg), (int)len);
}

int ip_cmsg_send(struct sock *sk, const struct msghdr *msg, struct ipcm_cookie *ipc)
{
	TRACE_SK(sk, "read what the program says about this packet: address, device, ttl, tos, options");
	const struct cmsghdr *cmsg;
	int err;

	for_each_cmsghdr(cmsg, msg)
	{
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level == SOL_SOCKET) {
			err = __sock_cmsg_send(sk, cmsg, &ipc->sockc);
			if (err)
				return err;
			continue;
		}
		if (cmsg->cmsg_level != IPPROTO_IP)
			continue;
		switch (cmsg->cmsg_type) {
		case IP_RETOPTS:
			err = cmsg_send_retopts(sk, cmsg, ipc);
			break;
		case IP_PKTINFO:
			err = cmsg_send_pktinfo(cmsg, ipc);
			break;
		case IP_TTL:
			err = cmsg_send_ttl(cmsg, ipc);
			break;
		case IP_TOS:
			err = cmsg_send_tos(cmsg, ipc);
			break;
		default:
			return -EINVAL;
		}
		if (err)
			return err;
	}
	return 0;
}

void ipcm_init_sk(struct ipcm_cookie *ipcm, const struct inet_sock *inet)
{
	ipcm_init(ipcm);
	sockcm_init(&ipcm->sockc, &inet->sk);
	ipcm->oif = inet->sk.sk_bound_dev_if;
	ipcm->addr = inet->inet_saddr;
}

int ipcm_from_msg(struct sock *sk, const struct msghdr *msg, struct ipcm_cookie *ipc,
		  struct ip_options_data *opt_copy)
{
	const struct ip_options_rcu *opt = inet_sk(sk)->inet_opt;
	int err = msg->msg_controllen ? ip_cmsg_send(sk, msg, ipc) : 0;

	if (ipc->opt) {
		memcpy(opt_copy, ipc->opt, sizeof(*ipc->opt) + ipc->opt->opt.optlen);
		kfree(sk->host, ipc->opt);
	} else if (opt) {
		memcpy(opt_copy, opt, sizeof(*opt) + opt->opt.optlen);
	} else {
		return err;
	}
	ipc->opt = (struct ip_options_rcu *)opt_copy;
	return err;
}

void ipcm_multicast_defaults(struct ipcm_cookie *ipc, const struct inet_sock *inet, __be32 daddr,
			     __be32 *saddr)
{
	if (ipv4_is_multicast(daddr)) {
		if (!ipc->oif)
			ipc->oif = inet->mc_index;
		if (!*saddr)
			*saddr = inet->mc_addr;
	} else if (!ipc->oif) {
		ipc->oif = inet->uc_index;
	}
}

/* ---- with a packet that is received ---- */

#define PKTINFO_SKB_CB(skb) ((struct in_pktinfo *)(void *)((skb)->cb))

/* The packet goes into a socket's queue: keep what its route tells, let the route go. */
void ipv4_pktinfo_prepare(const struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "note where the packet came in, let go of its route");
	struct in_pktinfo *pktinfo = PKTINFO_SKB_CB(skb);
	const struct rtable *rt = skb_rtable(skb);

	if ((inet_sk(sk)->cmsg_flags & IP_CMSG_PKTINFO) && rt) {
		pktinfo->ipi_ifindex = inet_iif(skb);
		pktinfo->ipi_spec_dst.s_addr = fib_compute_spec_dst(skb);
	} else {
		pktinfo->ipi_ifindex = 0;
		pktinfo->ipi_spec_dst.s_addr = 0;
	}
	/* options are echoed by the route */
	if (unlikely(IPCB(skb)->opt.optlen))
		skb_dst_force(skb);
	else
		skb_dst_drop(skb);
}

static void ip_cmsg_recv_pktinfo(struct msghdr *msg, struct sk_buff *skb)
{
	TRACE_SKB(skb, "tell the program where the packet came in and to which address");
	struct in_pktinfo info = *PKTINFO_SKB_CB(skb);

	info.ipi_addr.s_addr = ip_hdr(skb)->daddr;
	put_cmsg(skb->host, msg, IPPROTO_IP, IP_PKTINFO, sizeof(info), &info);
}

static void ip_cmsg_recv_ttl(struct msghdr *msg, struct sk_buff *skb)
{
	TRACE_SKB(skb, "tell the program the packet's time to live");
	int ttl = ip_hdr(skb)->ttl;

	put_cmsg(skb->host, msg, IPPROTO_IP, IP_TTL, sizeof(ttl), &ttl);
}

static void ip_cmsg_recv_tos(struct msghdr *msg, struct sk_buff *skb)
{
	TRACE_SKB(skb, "tell the program the packet's type of service");

	put_cmsg(skb->host, msg, IPPROTO_IP, IP_TOS, 1, &ip_hdr(skb)->tos);
}

static void ip_cmsg_recv_opts(struct msghdr *msg, struct sk_buff *skb)
{
	TRACE_SKB(skb, "tell the program the packet's ip options");

	if (IPCB(skb)->opt.optlen)
		put_cmsg(skb->host, msg, IPPROTO_IP, IP_RECVOPTS, IPCB(skb)->opt.optlen, ip_hdr(skb) + 1);
}

static void ip_cmsg_recv_retopts(struct net *net, struct msghdr *msg, struct sk_buff *skb)
{
	TRACE_SKB(skb, "tell the program the ip options of an answer to the packet");
	struct ip_options_data data;

	if (!IPCB(skb)->opt.optlen)
		return;
	if (__ip_options_echo(net, &data.opt, skb, &IPCB(skb)->opt)) {
		msg->msg_flags |= MSG_CTRUNC;
		return;
	}
	ip_options_undo(net, &data.opt);
	put_cmsg(skb->host, msg, IPPROTO_IP, IP_RETOPTS, data.opt.optlen, data.data);
}

static void ip_cmsg_recv_dstaddr(struct msghdr *msg, struct sk_buff *skb)
{
	TRACE_SKB(skb, "tell the program to which address and port the packet went");
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_addr.s_addr = ip_hdr(skb)->daddr;
	memcpy(&sin.sin_port, skb_transport_header(skb) + 2, sizeof(sin.sin_port));
	put_cmsg(skb->host, msg, IPPROTO_IP, IP_ORIGDSTADDR, sizeof(sin), &sin);
}

static void ip_cmsg_recv_fragsize(struct msghdr *msg, struct sk_buff *skb)
{
	TRACE_SKB(skb, "tell the program how long the largest fragment of the packet was");
	int val = IPCB(skb)->frag_max_size;

	if (val)
		put_cmsg(skb->host, msg, IPPROTO_IP, IP_RECVFRAGSIZE, sizeof(val), &val);
}

void ip_cmsg_recv_offset(struct msghdr *msg, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "tell the program what it wants to know about the packet");
	unsigned int flags = inet_sk(sk)->cmsg_flags;

	if (flags & IP_CMSG_PKTINFO)
		ip_cmsg_recv_pktinfo(msg, skb);
	if (flags & IP_CMSG_TTL)
		ip_cmsg_recv_ttl(msg, skb);
	if (flags & IP_CMSG_TOS)
		ip_cmsg_recv_tos(msg, skb);
	if (flags & IP_CMSG_RECVOPTS)
		ip_cmsg_recv_opts(msg, skb);
	if (flags & IP_CMSG_RETOPTS)
		ip_cmsg_recv_retopts(sock_net(sk), msg, skb);
	if (flags & IP_CMSG_ORIGDSTADDR)
		ip_cmsg_recv_dstaddr(msg, skb);
	if (flags & IP_CMSG_RECVFRAGSIZE)
		ip_cmsg_recv_fragsize(msg, skb);
}
