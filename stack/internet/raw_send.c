/*
 * Sending by raw IPv4 sockets: the program gives the payload, and IP puts the header on (ip_append_data), or,
 * with IP_HDRINCL, it gives the header too (raw_send_hdrinc).
 */
#include "stack/internet/icmp.h"
#include "stack/internet/netfilter.h"
#include "stack/internet/ip_sock.h"
#include "stack/internet/raw.h"
#include "stack/transport/sock_tstamp.h"

/* The program's message; its first bytes are read before the rest, to find the route by them. */
struct raw_frag_vec {
	struct msghdr *msg;
	union {
		struct icmphdr icmph;
		char c[1];
	} hdr;
	int hlen;
};

/* ---- with the program's own header ---- */

/* Fills in what the program left open. (The stable kernels refuse a header too short to be one; 5.15.0 sent
 * it as it was.) */
static int raw_finish_header(struct sk_buff *skb, struct net *net, const struct flowi4 *fl4, size_t length)
{
	struct iphdr *iph = ip_hdr(skb);
	unsigned int iphlen = iph->ihl * 4u;

	if (iphlen > length || iphlen < sizeof(*iph))
		return -EINVAL;
	if (!iph->saddr)
		iph->saddr = fl4->saddr;
	iph->check = 0;
	iph->tot_len = htons((u16)length);
	if (!iph->id)
		ip_select_ident(net, skb, NULL);
	iph->check = ip_fast_csum((u8 *)iph, iph->ihl);
	skb->transport_header = (u16)(skb->transport_header + iphlen);
	if (iph->protocol == IPPROTO_ICMP && length >= iphlen + sizeof(struct icmphdr))
		icmp_out_count(net, icmp_hdr(skb)->type);
	return 0;
}

static int raw_send_hdrinc(struct sock *sk, struct flowi4 *fl4, struct msghdr *msg, size_t length,
			   struct rtable **rtp, unsigned int flags, const struct sockcm_cookie *sockc)
{
	TRACE_SK(sk, "send a packet whose ip header the program made");
	struct net *net = sock_net(sk);
	struct rtable *rt = *rtp;
	struct net_device *dev = rt->dst.dev;
	unsigned int hlen;
	struct sk_buff *skb;
	int err;

	if (length > dev->mtu) {
		ip_local_error(sk, EMSGSIZE, fl4->daddr, inet_sk(sk)->inet_dport, dev->mtu);
		return -EMSGSIZE;
	}
	if (length < sizeof(struct iphdr))
		return -EINVAL;
	if (flags & MSG_PROBE)
		return 0;
	TRACE_STEP(sk, "set up skb");
	hlen = LL_RESERVED_SPACE(dev);
	skb = sock_alloc_send_skb(sk, length + hlen + dev->needed_tailroom + 15, flags & MSG_DONTWAIT, &err);
	if (!skb)
		goto error;
	skb_reserve(skb, (int)hlen);
	skb->priority = sk->sk_priority;
	skb->mark = sockc->mark;
	if (!skb->journey)
		skb->journey = trace_journey_new(sk->host);
	skb_dst_set(skb, &rt->dst);
	*rtp = NULL;
	skb_reset_network_header(skb);
	skb_put(skb, (unsigned int)length);
	skb->ip_summed = CHECKSUM_NONE;
	skb_setup_tx_timestamp(skb, sk, sockc->tsflags);
	skb->transport_header = skb->network_header;
	err = -EFAULT;
	if (memcpy_from_msg(ip_hdr(skb), msg, (int)length))
		goto error_free;
	err = raw_finish_header(skb, net, fl4, length);
	if (err)
		goto error_free;
	err = NF_HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, sk, skb, NULL, dev, dst_output);
	if (err > 0)
		err = err != NET_XMIT_CN ? -ENOBUFS : 0;
	if (err)
		goto error;
	return 0;
error_free:
	kfree_skb(skb);
error:
	IP_INC_STATS(net, IPSTATS_MIB_OUTDISCARDS);
	return err == -ENOBUFS && !inet_sk(sk)->recverr ? 0 : err;
}

/* ---- with the header that IP makes ---- */

/* The route may depend on an ICMP message's type and code. */
static int raw_probe_proto_opt(struct raw_frag_vec *rfv, struct sock *sk, struct flowi4 *fl4)
{
	TRACE_SK(sk, "read the part of the message that the route depends on");

	if (fl4->flowi4_proto != IPPROTO_ICMP)
		return 0;
	rfv->hlen = 2;
	if (memcpy_from_msg(rfv->hdr.c, rfv->msg, rfv->hlen))
		return -EFAULT;
	fl4->fl4_icmp_type = rfv->hdr.icmph.type;
	fl4->fl4_icmp_code = rfv->hdr.icmph.code;
	return 0;
}

static int raw_getfrag(void *from, char *to, int offset, int len, int odd, struct sk_buff *skb)
{
	TRACE_SKB(skb, "copy a piece of the message into the packet");
	struct raw_frag_vec *rfv = from;

	if (offset < rfv->hlen) {
		int copy = min(rfv->hlen - offset, len);

		if (skb->ip_summed == CHECKSUM_PARTIAL)
			memcpy(to, rfv->hdr.c + offset, (size_t)copy);
		else
			skb->csum = csum_block_add(
				skb->csum, csum_partial_copy_nocheck(rfv->hdr.c + offset, to, copy), odd);
		odd = 0;
		offset += copy;
		to += copy;
		len -= copy;
		if (!len)
			return 0;
	}
	return ip_generic_getfrag(rfv->msg, to, offset - rfv->hlen, len, odd, skb);
}

static int raw_send_append(struct sock *sk, struct raw_frag_vec *rfv, struct flowi4 *fl4, size_t len,
			   struct ipcm_cookie *ipc, struct rtable **rtp)
{
	unsigned int flags = rfv->msg->msg_flags;
	int err;

	if (!ipc->addr)
		ipc->addr = fl4->daddr;
	lock_sock(sk);
	err = ip_append_data(sk, fl4, raw_getfrag, rfv, (int)len, 0, ipc, rtp, flags);
	if (err) {
		ip_flush_pending_frames(sk);
	} else if (!(flags & MSG_MORE)) {
		err = ip_push_pending_frames(sk, fl4);
		if (err == -ENOBUFS && !inet_sk(sk)->recverr)
			err = 0;
	}
	release_sock(sk);
	return err;
}

/* ---- both ---- */

/* The address that the message goes to: named with it, or the peer's. */
static int raw_destination(const struct sock *sk, const struct msghdr *msg, __be32 *daddr)
{
	const struct sockaddr_in *usin = msg->msg_name;

	if (!msg->msg_namelen) {
		*daddr = inet_sk(sk)->inet_daddr;
		return sk->sk_state == TCP_ESTABLISHED ? 0 : -EDESTADDRREQ;
	}
	if (msg->msg_namelen < (int)sizeof(*usin))
		return -EINVAL;
	if (usin->sin_family != AF_INET && usin->sin_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	*daddr = usin->sin_addr.s_addr;
	return 0;
}

static void raw_flow(struct sock *sk, const struct msghdr *msg, struct flowi4 *fl4, __be32 daddr,
		     __be32 saddr, struct ipcm_cookie *ipc)
{
	const bool hdrincl = inet_sk(sk)->hdrincl;
	u8 tos = get_rtconn_flags(ipc, sk);

	if (msg->msg_flags & MSG_DONTROUTE)
		tos |= RTO_ONLINK;
	ipcm_multicast_defaults(ipc, inet_sk(sk), daddr, &saddr);
	flowi4_init_output(fl4, ipc->oif, ipc->sockc.mark, tos, RT_SCOPE_UNIVERSE,
			   hdrincl ? IPPROTO_RAW : (u8)sk->sk_protocol,
			   (u8)(inet_sk_flowi_flags(sk) | (hdrincl ? FLOWI_FLAG_KNOWN_NH : 0)), daddr, saddr,
			   0, 0);
}

/* What the program and the socket say about the packet; *daddr becomes its first hop. */
static int raw_prepare(struct sock *sk, struct msghdr *msg, struct ipcm_cookie *ipc,
		       struct ip_options_data *opt_copy, __be32 *daddr, __be32 *saddr)
{
	int err;

	ipcm_init_sk(ipc, inet_sk(sk));
	err = ipcm_from_msg(sk, msg, ipc, opt_copy);
	if (err)
		return err;
	*saddr = ipc->addr;
	ipc->addr = *daddr;
	if (!ipc->opt)
		return 0;
	/* the program makes the whole header, or none of it */
	if (inet_sk(sk)->hdrincl)
		return -EINVAL;
	if (ipc->opt->opt.srr) {
		if (!*daddr)
			return -EINVAL;
		*daddr = ipc->opt->opt.faddr;
	}
	return 0;
}

int raw_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	TRACE_SK_IN(sk, IN_TASK, "find the route, make the packet and send it");
	const bool hdrincl = inet_sk(sk)->hdrincl;
	struct raw_frag_vec rfv = { .msg = msg };
	struct ip_options_data opt_copy;
	struct ipcm_cookie ipc;
	__be32 daddr, saddr;
	struct rtable *rt;
	struct flowi4 fl4;
	int err;

	if (len > 0xFFFF)
		return -EMSGSIZE;
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	err = raw_destination(sk, msg, &daddr);
	if (err)
		return err;
	err = raw_prepare(sk, msg, &ipc, &opt_copy, &daddr, &saddr);
	if (err)
		return err;
	raw_flow(sk, msg, &fl4, daddr, saddr, &ipc);
	if (!hdrincl) {
		err = raw_probe_proto_opt(&rfv, sk, &fl4);
		if (err)
			return err;
	}
	rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
	if (IS_ERR(rt))
		return (int)PTR_ERR(rt);
	err = -EACCES;
	if ((rt->rt_flags & RTCF_BROADCAST) && !sock_flag(sk, SOCK_BROADCAST))
		goto done;
	err = 0;
	if (msg->msg_flags & MSG_CONFIRM) {
		dst_confirm_neigh(&rt->dst, &fl4.daddr);
		if ((msg->msg_flags & MSG_PROBE) && !len)
			goto done;
	}
	err = hdrincl ? raw_send_hdrinc(sk, &fl4, msg, len, &rt, msg->msg_flags, &ipc.sockc)
		      : raw_send_append(sk, &rfv, &fl4, len, &ipc, &rt);
done:
	dst_release_of(sk->host, rt ? &rt->dst : NULL);
	return err < 0 ? err : (int)len;
}
