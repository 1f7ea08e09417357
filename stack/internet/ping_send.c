/*
 * Sending by ping sockets: the program gives an echo request, of which type and sequence number are taken;
 * the identifier is the socket's, the checksum is computed.
 */
#include "stack/internet/ip_sock.h"
#include "stack/internet/ping.h"

/* The message: its header as it will be sent, and the program's data behind it. */
struct pingfakehdr {
	struct icmphdr icmph;
	struct msghdr *msg;
	__wsum wcheck; /* of the data so far */
};

static int ping_getfrag(void *from, char *to, int offset, int fraglen, int odd, struct sk_buff *skb)
{
	TRACE_SKB(skb, "copy a piece of the message into the packet and sum it");
	struct pingfakehdr *pfh = from;

	(void)offset, (void)odd;
	return csum_and_copy_from_iter_full(to, (size_t)fraglen, &pfh->wcheck, &pfh->msg->msg_iter) ? 0
												    : -EFAULT;
}

/* The message is complete: its checksum and header, then off. */
static int ping_v4_push_pending_frames(struct sock *sk, struct pingfakehdr *pfh, struct flowi4 *fl4)
{
	TRACE_SK(sk, "put the icmp header on and send the message");
	struct sk_buff *skb = skb_peek(&sk->sk_write_queue);

	if (!skb)
		return 0;
	pfh->wcheck = csum_partial(&pfh->icmph, sizeof(pfh->icmph), pfh->wcheck);
	pfh->icmph.checksum = csum_fold(pfh->wcheck);
	*icmp_hdr(skb) = pfh->icmph;
	skb->ip_summed = CHECKSUM_NONE;
	return ip_push_pending_frames(sk, fl4);
}

/* Reads the program's icmp header and checks that it may send this. */
static int ping_common_sendmsg(struct sock *sk, struct msghdr *msg, size_t len, struct icmphdr *user_icmph)
{
	TRACE_SK(sk, "check the message that the program wants to send");

	if (len > 0xFFFF)
		return -EMSGSIZE;
	if (len < sizeof(*user_icmph))
		return -EINVAL;
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (memcpy_from_msg(user_icmph, msg, sizeof(*user_icmph)))
		return -EFAULT;
	return ping_supported(user_icmph->type, user_icmph->code) ? 0 : -EINVAL;
}

/* The address that the message goes to: named with it, or the peer's. */
static int ping_destination(const struct sock *sk, const struct msghdr *msg, __be32 *daddr)
{
	const struct sockaddr_in *usin = msg->msg_name;

	if (!usin) {
		*daddr = inet_sk(sk)->inet_daddr;
		return sk->sk_state == TCP_ESTABLISHED ? 0 : -EDESTADDRREQ;
	}
	if (msg->msg_namelen < (int)sizeof(*usin))
		return -EINVAL;
	if (usin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	*daddr = usin->sin_addr.s_addr;
	return 0;
}

static int ping_flow(struct sock *sk, const struct msghdr *msg, struct flowi4 *fl4, __be32 daddr,
		     const struct icmphdr *icmph, struct ipcm_cookie *ipc)
{
	const struct ip_options *opt = ipc->opt ? &ipc->opt->opt : NULL;
	u8 tos = get_rtconn_flags(ipc, sk);
	__be32 saddr = ipc->addr;

	ipc->addr = daddr;
	if (opt && opt->srr) {
		if (!daddr)
			return -EINVAL;
		daddr = opt->faddr;
	}
	if ((msg->msg_flags & MSG_DONTROUTE) || (opt && opt->is_strictroute))
		tos |= RTO_ONLINK;
	ipcm_multicast_defaults(ipc, inet_sk(sk), daddr, &saddr);
	flowi4_init_output(fl4, ipc->oif, ipc->sockc.mark, tos, RT_SCOPE_UNIVERSE, (u8)sk->sk_protocol,
			   inet_sk_flowi_flags(sk), daddr, saddr, 0, 0);
	fl4->fl4_icmp_type = icmph->type;
	fl4->fl4_icmp_code = icmph->code;
	return 0;
}

static int ping_append_and_push(struct sock *sk, struct msghdr *msg, size_t len, struct flowi4 *fl4,
				struct ipcm_cookie *ipc, struct rtable **rtp,
				const struct icmphdr *user_icmph)
{
	struct pingfakehdr pfh = { .icmph = *user_icmph, .msg = msg };
	int err;

	lock_sock(sk);
	pfh.icmph.checksum = 0;
	pfh.icmph.un.echo.id = inet_sk(sk)->inet_sport;
	if (!ipc->addr)
		ipc->addr = fl4->daddr;
	err = ip_append_data(sk, fl4, ping_getfrag, &pfh, (int)len, sizeof(struct icmphdr), ipc, rtp,
			     msg->msg_flags);
	if (err)
		ip_flush_pending_frames(sk);
	else
		err = ping_v4_push_pending_frames(sk, &pfh, fl4);
	release_sock(sk);
	return err;
}

int ping_v4_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	TRACE_SK_IN(sk, IN_TASK, "send an icmp echo request");
	struct ip_options_data opt_copy;
	struct icmphdr user_icmph;
	struct ipcm_cookie ipc;
	struct rtable *rt;
	struct flowi4 fl4;
	__be32 daddr;
	int err = ping_common_sendmsg(sk, msg, len, &user_icmph);

	if (err)
		return err;
	err = ping_destination(sk, msg, &daddr);
	if (err)
		return err;
	ipcm_init_sk(&ipc, inet_sk(sk));
	err = ipcm_from_msg(sk, msg, &ipc, &opt_copy);
	if (!err)
		err = ping_flow(sk, msg, &fl4, daddr, &user_icmph, &ipc);
	if (err)
		return err;
	rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
	if (IS_ERR(rt)) {
		if (PTR_ERR(rt) == -ENETUNREACH)
			IP_INC_STATS(sock_net(sk), IPSTATS_MIB_OUTNOROUTES);
		return (int)PTR_ERR(rt);
	}
	err = -EACCES;
	if ((rt->rt_flags & RTCF_BROADCAST) && !sock_flag(sk, SOCK_BROADCAST))
		goto out;
	if (msg->msg_flags & MSG_CONFIRM)
		dst_confirm_neigh(&rt->dst, &fl4.daddr);
	err = ping_append_and_push(sk, msg, len, &fl4, &ipc, &rt, &user_icmph);
out:
	dst_release_of(sk->host, rt ? &rt->dst : NULL);
	return err < 0 ? err : (int)len;
}
