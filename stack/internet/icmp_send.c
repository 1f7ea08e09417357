/*
 * ICMP output: errors about packets (icmp_send) and answers to requests (icmp_reply), both rate limited:
 * by the host (icmp_msgs_per_sec) and by destination (icmp_ratelimit).
 *
 * An error is never sent about a broadcast, a fragment that is not the first, or another error.
 */
#include "stack/internet/icmp_impl.h"
#include "stack/internet/internet.h"
#include "stack/internet/inetpeer.h"
#include "stack/kernel/softirq.h"
#include "stack/transport/inet_sock.h"

#define IPTOS_PREC_INTERNETCONTROL 0xc0
#define IP_ADDR_DUMMY 0xc0000008u /* 192.0.0.8 */

/* ---- rate limits ---- */

static bool icmpv4_mask_allow(struct net *net, int type, int code)
{
	TRACE(net, "is this kind of message without limit?");
	if (type > NR_ICMP_TYPES)
		return true;
	if (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED) /* mtu discovery must work */
		return true;
	return !((1u << type) & (unsigned int)net->ipv4.sysctl_icmp_ratemask);
}

bool icmp_global_allow(struct net *net)
{
	TRACE(net, "does the host's limit allow another message?");
	struct inet_state *inet = net->inet;
	u32 now = (u32)jiffies(net->host), delta, incr;

	if (inet->icmp_credit > 0)
		return true;
	delta = min_t(u32, now - inet->icmp_stamp, HZ);
	if (delta < HZ / 50)
		return false;
	incr = (u32)net->ipv4.sysctl_icmp_msgs_per_sec * delta / HZ;
	if (!incr)
		return false;
	inet->icmp_stamp = now;
	inet->icmp_credit = min_t(u32, inet->icmp_credit + incr, (u32)net->ipv4.sysctl_icmp_msgs_burst);
	return true;
}

static void icmp_global_consume(struct net *net)
{
	TRACE(net, "count a message against the host's limit");
	u32 credits = random_below(&net->inet->icmp_random, 3); /* so that nobody can measure it */

	net->inet->icmp_credit -= min(credits, net->inet->icmp_credit);
}

static bool icmpv4_global_allow(struct net *net, int type, int code, bool *apply_ratelimit)
{
	TRACE(net, "check the message against the host's rate limit");
	if (icmpv4_mask_allow(net, type, code))
		return true;
	if (icmp_global_allow(net)) {
		*apply_ratelimit = true;
		return true;
	}
	return false;
}

static bool icmpv4_xrlim_allow(struct net *net, struct rtable *rt, struct flowi4 *fl4, bool apply_ratelimit)
{
	TRACE(net, "check the message against the destination's rate limit");
	bool rc = true;

	if (!apply_ratelimit)
		return true;
	if (!(rt->dst.dev->flags & IFF_LOOPBACK))
		rc = inet_peer_xrlim_allow(inet_getpeer_v4(net, fl4->daddr, true),
					   net->ipv4.sysctl_icmp_ratelimit);
	if (rc)
		icmp_global_consume(net);
	return rc;
}

/* ---- the socket that messages are sent from ---- */

static const struct proto icmp_ctl_prot;

static struct sock *icmp_sk_create(struct net *net)
{
	struct sock *sk = sk_alloc(net, AF_INET, GFP_ATOMIC, &icmp_ctl_prot, 1);

	if (!sk)
		return NULL;
	sock_init_data(NULL, sk);
	sk->sk_protocol = IPPROTO_ICMP;
	sk->sk_type = SOCK_RAW;
	sk->sk_allocation = GFP_ATOMIC;
	sk->sk_sndbuf = 2 * (int)SKB_TRUESIZE(64 * 1024);
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	inet_sk(sk)->uc_ttl = -1;
	inet_sk(sk)->mc_ttl = 1;
	inet_sk(sk)->pmtudisc = IP_PMTUDISC_DONT;
	return sk;
}

/* The host's sock for ICMP, made when the first message is sent; NULL: no memory. */
static struct sock *icmp_xmit_lock(struct net *net)
{
	struct inet_state *inet = net->inet;
	struct trace_host *tr = &net->host->tr;
	bool active = tr->active, recording = tr->recording;

	if (inet->icmp_sk)
		return inet->icmp_sk;
	/* In Linux it is there from the start: making it is no part of what is being traced. */
	tr->active = tr->recording = false;
	inet->icmp_sk = icmp_sk_create(net);
	tr->active = active;
	tr->recording = recording;
	return inet->icmp_sk;
}

void icmp_out_count(struct net *net, u8 type)
{
	TRACE(net, "count a message that is sent");
	ICMPMSGOUT_INC_STATS(net, type);
	ICMP_INC_STATS(net, ICMP_MIB_OUTMSGS);
}

static int icmp_glue_bits(void *from, char *to, int offset, int len, int odd, struct sk_buff *skb)
{
	TRACE_SKB(skb, "copy a piece of the packet that the message is about");
	struct icmp_bxm *icmp_param = from;
	__wsum csum = skb_copy_and_csum_bits(icmp_param->skb, icmp_param->offset + offset, (u8 *)to, len);

	skb->csum = csum_block_add(skb->csum, csum, odd);
	if (unlikely(icmp_param->skb->_nfct) && icmp_type_is_error(icmp_param->data.icmph.type))
		nf_ct_attach(skb, icmp_param->skb);
	return 0;
}

static void icmp_push_reply(struct sock *sk, struct icmp_bxm *icmp_param, struct flowi4 *fl4,
			    struct ipcm_cookie *ipc, struct rtable **rt)
{
	TRACE_SK(sk, "put the message together and send it");
	struct sk_buff *skb, *skb1;
	struct icmphdr *icmph;
	__wsum csum;

	if (ip_append_data(sk, fl4, icmp_glue_bits, icmp_param, icmp_param->data_len + icmp_param->head_len,
			   icmp_param->head_len, ipc, rt, MSG_DONTWAIT) < 0) {
		__ICMP_INC_STATS(sock_net(sk), ICMP_MIB_OUTERRORS);
		ip_flush_pending_frames(sk);
		return;
	}
	skb = skb_peek(&sk->sk_write_queue);
	if (!skb)
		return;
	icmph = icmp_hdr(skb);
	csum = csum_partial_copy_nocheck(&icmp_param->data, icmph, icmp_param->head_len);
	skb_queue_walk (&sk->sk_write_queue, skb1)
		csum = csum_add(csum, skb1->csum);
	icmph->checksum = csum_fold(csum);
	skb->ip_summed = CHECKSUM_NONE;
	ip_push_pending_frames(sk, fl4);
}

/* ---- answers ---- */

void icmp_reply(struct icmp_bxm *icmp_param, struct sk_buff *skb)
{
	TRACE_SKB(skb, "answer a request");
	struct net *net = skb->host->net;
	struct flowi4 fl4 = { .flowi4_proto = IPPROTO_ICMP };
	bool apply_ratelimit = false;
	struct ipcm_cookie ipc;
	struct rtable *rt;
	struct sock *sk;

	if (__ip_options_echo(net, &icmp_param->replyopts.opt, skb, &IPCB(skb)->opt))
		return;
	local_bh_disable(skb->host);
	if (!icmpv4_global_allow(net, icmp_param->data.icmph.type, icmp_param->data.icmph.code,
				 &apply_ratelimit))
		goto out_bh_enable;
	sk = icmp_xmit_lock(net);
	if (!sk)
		goto out_bh_enable;
	icmp_param->data.icmph.checksum = 0;
	ipcm_init(&ipc);
	inet_sk(sk)->tos = ip_hdr(skb)->tos;
	fl4.daddr = ipc.addr = ip_hdr(skb)->saddr;
	fl4.saddr = fib_compute_spec_dst(skb);
	fl4.flowi4_tos = RT_TOS(ip_hdr(skb)->tos);
	if (icmp_param->replyopts.opt.optlen)
		ipc.opt = (struct ip_options_rcu *)&icmp_param->replyopts;
	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		goto out_bh_enable;
	if (icmpv4_xrlim_allow(net, rt, &fl4, apply_ratelimit))
		icmp_push_reply(sk, icmp_param, &fl4, &ipc, &rt);
	dst_release_of(net->host, rt ? &rt->dst : NULL);
out_bh_enable:
	local_bh_enable(skb->host);
}

/* ---- errors ---- */

/* The device by which to look for the way back. */
static struct net_device *icmp_get_route_lookup_dev(struct sk_buff *skb)
{
	TRACE_SKB(skb, "find the device that the packet was on");
	return skb->dev ? skb->dev : skb_dst(skb) ? skb_dst(skb)->dev : NULL;
}

static struct rtable *icmp_route_lookup(struct net *net, struct flowi4 *fl4, struct sk_buff *skb_in,
					const struct iphdr *iph, __be32 saddr, u8 tos, int type, int code)
{
	TRACE_SKB(skb_in, "find the route back to the sender");
	struct net_device *dev;
	struct rtable *rt;

	memset(fl4, 0, sizeof(*fl4));
	fl4->daddr = iph->saddr;
	fl4->saddr = saddr;
	fl4->flowi4_tos = RT_TOS(tos);
	fl4->flowi4_proto = IPPROTO_ICMP;
	fl4->fl4_icmp_type = (u8)type;
	fl4->fl4_icmp_code = (u8)code;
	dev = icmp_get_route_lookup_dev(skb_in);
	rt = ip_route_output_key_hash(net, fl4, skb_in);
	if (!IS_ERR(rt))
		inet_addr_type_dev_table(net, dev,
					 fl4->daddr); /* only IPsec would do something else for others */
	return rt;
}

/* May an error be sent about this packet? */
static bool icmp_error_allowed(struct sk_buff *skb_in, const struct iphdr *iph, const struct rtable *rt,
			       int type)
{
	u8 _inner_type, *itp;

	if (skb_in->pkt_type != PACKET_HOST || (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)))
		return false;
	if (ipv4_is_multicast(iph->daddr) || ipv4_is_lbcast(iph->daddr))
		return false;
	if (iph->frag_off & htons(IP_OFFSET))
		return false;
	if (icmp_type_is_error((u8)type) && iph->protocol == IPPROTO_ICMP) {
		itp = skb_header_pointer(skb_in, skb_network_offset(skb_in) + (iph->ihl << 2),
					 sizeof(_inner_type), &_inner_type);
		if (!itp || *itp > NR_ICMP_TYPES || icmp_type_is_error(*itp))
			return false;
	}
	return true;
}

/* The address to send the error from; 0: the route decides. */
static __be32 icmp_error_source(struct net *net, struct sk_buff *skb_in, const struct iphdr *iph,
				struct rtable *rt)
{
	struct net_device *dev = NULL;

	if (rt->rt_flags & RTCF_LOCAL)
		return iph->daddr;
	if (rt_is_input_route(rt) && net->ipv4.sysctl_icmp_errors_use_inbound_ifaddr)
		dev = dev_get_by_index_rcu(net, skb_in->skb_iif);
	return dev ? inet_select_addr(dev, iph->saddr, RT_SCOPE_LINK) : 0;
}

/* How much of the packet goes into the message: RFC 1812 wants as much as fits 576 bytes. */
static void icmp_error_quote(struct icmp_bxm *param, struct sk_buff *skb_in, const struct rtable *rt)
{
	int room = (int)min_t(u32, dst_mtu(&rt->dst), 576);

	room -= (int)sizeof(struct iphdr) + param->replyopts.opt.optlen + (int)sizeof(struct icmphdr);
	param->data_len = min((int)skb_in->len - param->offset, room);
	param->head_len = sizeof(struct icmphdr);
}

static void icmp_send_error(struct net *net, struct sk_buff *skb_in, const struct iphdr *iph,
			    struct rtable *rt, int type, int code, __be32 info, const struct ip_options *opt,
			    bool apply_ratelimit)
{
	struct icmp_bxm param;
	struct ipcm_cookie ipc;
	struct flowi4 fl4;
	struct sock *sk = icmp_xmit_lock(net);
	__be32 saddr;
	u8 tos;

	if (!sk)
		return;
	saddr = icmp_error_source(net, skb_in, iph, rt);
	tos = icmp_type_is_error((u8)type) ? (iph->tos & 0x1e) | IPTOS_PREC_INTERNETCONTROL : iph->tos;
	if (__ip_options_echo(net, &param.replyopts.opt, skb_in, opt))
		return;
	memset(&param.data, 0, sizeof(param.data));
	param.data.icmph.type = (u8)type;
	param.data.icmph.code = (u8)code;
	param.data.icmph.un.gateway = info;
	param.skb = skb_in;
	param.offset = skb_network_offset(skb_in);
	inet_sk(sk)->tos = tos;
	ipcm_init(&ipc);
	ipc.addr = iph->saddr;
	ipc.opt = (struct ip_options_rcu *)&param.replyopts;
	rt = icmp_route_lookup(net, &fl4, skb_in, iph, saddr, tos, type, code);
	if (IS_ERR(rt))
		return;
	if (icmpv4_xrlim_allow(net, rt, &fl4, apply_ratelimit)) {
		icmp_error_quote(&param, skb_in, rt);
		if (!fl4.saddr)
			fl4.saddr = htonl(IP_ADDR_DUMMY);
		if (param.data_len >= 0)
			icmp_push_reply(sk, &param, &fl4, &ipc, &rt);
	}
	dst_release_of(net->host, rt ? &rt->dst : NULL);
}

void __icmp_send(struct sk_buff *skb_in, int type, int code, __be32 info, const struct ip_options *opt)
{
	TRACE_SKB(skb_in, "send an icmp error about the packet");
	struct rtable *rt = skb_rtable(skb_in);
	struct net *net = skb_in->host->net;
	const struct iphdr *iph = ip_hdr(skb_in);
	bool apply_ratelimit = false;

	if (!rt || (const u8 *)iph < skb_in->head ||
	    skb_network_header(skb_in) + sizeof(*iph) > skb_tail_pointer(skb_in))
		return;
	if (!icmp_error_allowed(skb_in, iph, rt, type))
		return;
	local_bh_disable(net->host);
	if ((skb_in->dev && (skb_in->dev->flags & IFF_LOOPBACK)) ||
	    icmpv4_global_allow(net, type, code, &apply_ratelimit))
		icmp_send_error(net, skb_in, iph, rt, type, code, info, opt, apply_ratelimit);
	local_bh_enable(net->host);
}

void icmp_send(struct sk_buff *skb_in, int type, int code, __be32 info)
{
	TRACE_SKB(skb_in, "send an icmp error about the packet");
	__icmp_send(skb_in, type, code, info, &IPCB(skb_in)->opt);
}

/* ---- start and end ---- */

int icmp_init(struct host *host)
{
	TRACE(host, "prepare the socket that sends the kernel's ICMP messages");
	struct inet_state *inet;

	if (inet_state_init(host))
		return -ENOMEM;
	inet = inet_state(host);
	random_init(&inet->icmp_random, host->sim, host->name, "icmp/limit");
	inet->icmp_stamp = (u32)jiffies(host) - HZ; /* the bucket is full at the start */
	return proto_register(host, &icmp_ctl_prot, 1);
}

void icmp_exit(struct host *host)
{
	struct inet_state *inet = host->net->inet;

	if (!inet)
		return;
	if (inet->icmp_sk) {
		ip_flush_pending_frames(inet->icmp_sk);
		sock_put(inet->icmp_sk);
		inet->icmp_sk = NULL;
	}
	proto_unregister(host, &icmp_ctl_prot);
}

static const struct proto icmp_ctl_prot = {
	.obj_size = sizeof(struct inet_sock),
	.name = "ICMP",
};
