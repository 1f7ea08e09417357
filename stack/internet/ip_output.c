/*
 * IPv4 output: headers onto segments of a socket's connection, then out by the route, over the hook of
 * netfilter and the next hop's neighbour to the device layer.
 *
 *	ip_queue_xmit | ip_build_and_send_pkt | ip_send_skb
 *	  -> ip_local_out -> dst_output -> ip_output -> ip_finish_output -> ip_finish_output2 -> neigh_output
 */
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/internet/ip_sock.h"
#include "stack/internet/neighbour.h"
#include "stack/internet/netfilter.h"
#include "stack/transport/inet_sock.h"

void ip_send_check(struct host *host, struct iphdr *iph)
{
	TRACE_LEAF(host, "compute the header's checksum");
	iph->check = 0;
	iph->check = ip_fast_csum((u8 *)iph, iph->ihl);
}

int __ip_local_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "finish the ip header, pass the local output hook");
	struct iphdr *iph = ip_hdr(skb);

	iph->tot_len = htons((u16)skb->len);
	ip_send_check(skb->host, iph);
	skb->protocol = htons(0x0800);
	return nf_hook(NFPROTO_IPV4, NF_INET_LOCAL_OUT, net, sk, skb, NULL, skb_dst(skb)->dev, dst_output);
}

int ip_local_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "send a packet that this host made");
	int err = __ip_local_out(net, sk, skb);

	if (likely(err == 1))
		err = dst_output(net, sk, skb);
	return err;
}

/* Of a listening or half-open socket: addresses and route are the packet's. */
int ip_build_and_send_pkt(struct sk_buff *skb, const struct sock *sk, __be32 saddr, __be32 daddr,
			  struct ip_options_rcu *opt, u8 tos)
{
	TRACE_SKB(skb, "build an ip header and send");
	const struct inet_sock *inet = inet_sk(sk);
	struct rtable *rt = skb_rtable(skb);
	struct net *net = sock_net(sk);
	struct iphdr *iph;

	skb_push(skb, (unsigned int)sizeof(struct iphdr) + (opt ? opt->opt.optlen : 0u));
	skb_reset_network_header(skb);
	iph = ip_hdr(skb);
	iph->version = 4;
	iph->ihl = 5;
	iph->tos = tos;
	iph->ttl = (u8)ip_select_ttl(inet, &rt->dst);
	iph->daddr = opt && opt->opt.srr ? opt->opt.faddr : daddr;
	iph->saddr = saddr;
	iph->protocol = (u8)sk->sk_protocol;
	if (ip_dont_fragment(sk, &rt->dst)) {
		iph->frag_off = htons(IP_DF);
		iph->id = 0;
	} else {
		iph->frag_off = 0;
		__ip_select_ident(net, iph, 1);
	}
	if (opt && opt->opt.optlen) {
		iph->ihl += opt->opt.optlen >> 2;
		ip_options_build(skb, &opt->opt, daddr, rt);
	}
	skb->priority = sk->sk_priority;
	if (!skb->mark)
		skb->mark = sk->sk_mark;
	return ip_local_out(net, skb->sk, skb);
}

/* ---- the last steps ---- */

static struct neighbour *ip_neigh_for_gw(struct rtable *rt, struct sk_buff *skb)
{
	TRACE_SKB(skb, "find the neighbour to hand the packet to");
	if (rt->rt_gw_family == AF_INET)
		return ip_neigh_gw4(rt->dst.dev, rt->rt_gw4);
	return ip_neigh_gw4(rt->dst.dev, ip_hdr(skb)->daddr);
}

/* The socket heard from the peer: its neighbour is there. */
static inline void ip_confirm_neigh(const struct sk_buff *skb, struct neighbour *n)
{
	if (unlikely(skb->dst_pending_confirm)) {
		struct sock *sk = skb->sk;

		if (sk && sk->sk_dst_pending_confirm)
			sk->sk_dst_pending_confirm = 0;
		neigh_confirm(n);
	}
}

static int ip_finish_output2(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "hand the packet to the neighbour of the next hop");
	struct rtable *rt = (struct rtable *)skb_dst(skb);
	struct net_device *dev = rt->dst.dev;
	struct neighbour *neigh;

	(void)sk;
	if (unlikely(rt->rt_type == RTN_MULTICAST))
		IP_UPD_PO_STATS(net, IPSTATS_MIB_OUTMCAST, skb->len);
	else if (unlikely(rt->rt_type == RTN_BROADCAST))
		IP_UPD_PO_STATS(net, IPSTATS_MIB_OUTBCAST, skb->len);
	if (unlikely(skb_headroom(skb) < (unsigned int)LL_RESERVED_SPACE(dev) && dev->header_ops)) {
		skb = skb_expand_head(skb, (unsigned int)LL_RESERVED_SPACE(dev));
		if (!skb)
			return -ENOMEM;
	}
	neigh = ip_neigh_for_gw(rt, skb);
	if (unlikely(IS_ERR(neigh))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_CREATEFAIL);
		return (int)PTR_ERR(neigh);
	}
	ip_confirm_neigh(skb, neigh);
	return neigh_output(neigh, skb, false);
}

/* A GSO packet of segments too long for the path (it came in big to be forwarded): cut it here. */
static int ip_finish_output_gso(struct net *net, struct sock *sk, struct sk_buff *skb, unsigned int mtu)
{
	TRACE_SKB(skb, "send a packet that is still to be segmented");
	struct sk_buff *segs, *nskb;
	int ret = 0, err;

	if (skb_gso_validate_network_len(skb, mtu))
		return ip_finish_output2(net, sk, skb);
	segs = skb_gso_segment(skb, netif_skb_features(skb) & ~NETIF_F_GSO_MASK);
	if (IS_ERR_OR_NULL(segs)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SKB_GSO_SEG);
		return -ENOMEM;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, segs, nskb)
	{
		segs->next = NULL;
		err = ip_fragment(net, sk, segs, mtu, ip_finish_output2);
		if (err && ret == 0)
			ret = err;
	}
	return ret;
}

unsigned int ip_skb_dst_mtu(struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SKB(skb, "get the mtu that the packet must keep to");
	if (!sk || !sk_fullsock(sk) || ip_sk_use_pmtu(sk))
		return ip_dst_mtu_maybe_forward(skb_dst(skb), IPCB(skb)->flags & IPSKB_FORWARDED);
	return min(skb_dst(skb)->dev->mtu, IP_MAX_MTU);
}

static int __ip_finish_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "fragment the packet if it is too long");
	unsigned int mtu = ip_skb_dst_mtu(sk, skb);

	if (skb_is_gso(skb))
		return ip_finish_output_gso(net, sk, skb, mtu);
	if (unlikely(skb->len > mtu || IPCB(skb)->frag_max_size))
		return ip_fragment(net, sk, skb, mtu, ip_finish_output2);
	return ip_finish_output2(net, sk, skb);
}

static int ip_finish_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "all hooks passed: go on to the neighbour");
	return __ip_finish_output(net, sk, skb);
}

int ip_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "send by the device of the route, over the postrouting hook");
	struct net_device *dev = skb_dst(skb)->dev, *indev = skb->dev;

	IP_UPD_PO_STATS(net, IPSTATS_MIB_OUT, skb->len);
	skb->dev = dev;
	skb->protocol = htons(0x0800);
	return NF_HOOK_COND(NFPROTO_IPV4, NF_INET_POST_ROUTING, net, sk, skb, indev, dev, ip_finish_output,
			    !(IPCB(skb)->flags & IPSKB_REROUTED));
}

/* ---- to many ---- */

/* A copy for this host itself. */
static int ip_mc_finish_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "give this host its copy");
	struct rtable *new_rt = rt_dst_clone(net->loopback_dev, skb_rtable(skb));

	if (new_rt) { /* it comes in by the device, whatever the sender's route says */
		new_rt->rt_iif = 0;
		skb_dst_drop(skb);
		skb_dst_set(skb, &new_rt->dst);
	}
	return dev_loopback_xmit(net, sk, skb);
}

/* IP_MULTICAST_LOOP; what the host itself sends (IGMP) comes back. */
static bool sk_mc_loop(const struct sk_buff *skb, const struct sock *sk)
{
	TRACE_SKB(skb, "does what is sent to groups come back?");
	return !sk || inet_sk(sk)->mc_loop;
}

static void ip_mc_loop_back(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *newskb = skb_clone(skb, GFP_ATOMIC);

	if (newskb)
		NF_HOOK(NFPROTO_IPV4, NF_INET_POST_ROUTING, net, sk, newskb, NULL, newskb->dev,
			ip_mc_finish_output);
}

int ip_mc_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "send to many, this host included");
	struct net_device *dev = skb_dst(skb)->dev, *indev = skb->dev;
	const struct rtable *rt = skb_rtable(skb);

	IP_UPD_PO_STATS(net, IPSTATS_MIB_OUT, skb->len);
	skb->dev = dev;
	skb->protocol = htons(0x0800);
	if (rt->rt_flags & RTCF_MULTICAST) {
		if (sk_mc_loop(skb, sk))
			ip_mc_loop_back(net, sk, skb);
		if (ip_hdr(skb)->ttl == 0) { /* not beyond this host */
			kfree_skb_reason(skb, SKB_DROP_REASON_IP_TTL);
			return 0;
		}
	}
	if (rt->rt_flags & RTCF_BROADCAST)
		ip_mc_loop_back(net, sk, skb);
	return NF_HOOK_COND(NFPROTO_IPV4, NF_INET_POST_ROUTING, net, sk, skb, indev, dev, ip_finish_output,
			    !(IPCB(skb)->flags & IPSKB_REROUTED));
}

/* ---- segments of a connection ---- */

void ip_copy_addrs(struct host *host, struct iphdr *iph, const struct flowi4 *fl4)
{
	TRACE_LEAF(host, "fill in the addresses");
	iph->saddr = fl4->saddr;
	iph->daddr = fl4->daddr;
}

/* The socket's route has gone: find it again. NULL: there is none. */
static struct rtable *ip_queue_route(struct sock *sk, struct flowi4 *fl4, u8 tos)
{
	struct inet_sock *inet = inet_sk(sk);
	struct ip_options_rcu *inet_opt = inet->inet_opt;
	struct rtable *rt;

	rt = ip_route_output_ports(sock_net(sk), fl4, sk,
				   inet_opt && inet_opt->opt.srr ? inet_opt->opt.faddr : inet->inet_daddr,
				   inet->inet_saddr, inet->inet_dport, inet->inet_sport, (u8)sk->sk_protocol,
				   (u8)RT_CONN_FLAGS_TOS(sk, tos), sk->sk_bound_dev_if);
	if (IS_ERR(rt))
		return NULL;
	sk_setup_caps(sk, &rt->dst);
	return rt;
}

int __ip_queue_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl, u8 tos)
{
	TRACE_SKB(skb, "route the segment and put the ip header on");
	struct inet_sock *inet = inet_sk(sk);
	struct ip_options_rcu *inet_opt = inet->inet_opt;
	struct flowi4 *fl4 = &fl->u.ip4;
	struct rtable *rt = skb_rtable(skb);
	struct net *net = sock_net(sk);
	struct iphdr *iph;

	if (likely(!rt)) {
		rt = (struct rtable *)__sk_dst_check(sk, 0);
		if (unlikely(!rt)) {
			rt = ip_queue_route(sk, fl4, tos);
			if (!rt)
				goto no_route;
		}
		skb_dst_set_noref(skb, &rt->dst);
	}
	if (unlikely(inet_opt && inet_opt->opt.is_strictroute && rt->rt_uses_gateway))
		goto no_route;
	skb_push(skb, (unsigned int)sizeof(struct iphdr) + (inet_opt ? inet_opt->opt.optlen : 0u));
	skb_reset_network_header(skb);
	iph = ip_hdr(skb);
	iph->version = 4;
	iph->ihl = 5;
	iph->tos = tos;
	iph->frag_off = ip_dont_fragment(sk, &rt->dst) && !skb->ignore_df ? htons(IP_DF) : 0;
	iph->ttl = (u8)ip_select_ttl(inet, &rt->dst);
	iph->protocol = (u8)sk->sk_protocol;
	ip_copy_addrs(skb->host, iph, fl4);
	if (unlikely(inet_opt && inet_opt->opt.optlen)) {
		iph->ihl += inet_opt->opt.optlen >> 2;
		ip_options_build(skb, &inet_opt->opt, inet->inet_daddr, rt);
	}
	ip_select_ident_segs(net, skb, sk, skb_shinfo(skb)->gso_segs ? skb_shinfo(skb)->gso_segs : 1);
	skb->priority = sk->sk_priority;
	skb->mark = sk->sk_mark;
	return ip_local_out(net, sk, skb);
no_route:
	IP_INC_STATS(net, IPSTATS_MIB_OUTNOROUTES);
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
	return -EHOSTUNREACH;
}

int ip_queue_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl)
{
	TRACE_SKB(skb, "send a segment of a connection");
	return __ip_queue_xmit(sk, skb, fl, inet_sk(sk)->tos);
}

/* ---- start and end ---- */

static void ip_default_sysctls(struct net *net)
{
	struct netns_ipv4 *ipv4 = &net->ipv4;

	ipv4->sysctl_ip_default_ttl = IPDEFTTL;
	ipv4->sysctl_ip_early_demux = 1;
	ipv4->sysctl_tcp_early_demux = 1;
	ipv4->sysctl_udp_early_demux = 1;
	ipv4->sysctl_icmp_echo_ignore_broadcasts = 1;
	ipv4->sysctl_icmp_ignore_bogus_error_responses = 1;
	ipv4->sysctl_icmp_ratelimit = 1 * HZ;
	ipv4->sysctl_icmp_ratemask =
		0x1818; /* unreachable, source quench, time exceeded, parameter problem */
	ipv4->sysctl_icmp_msgs_per_sec = 1000;
	ipv4->sysctl_icmp_msgs_burst = 50;
	if (!ipv4->sysctl_local_port_max) {
		ipv4->sysctl_local_port_min = 32768;
		ipv4->sysctl_local_port_max = 60999;
	}
}

static const struct offload_callbacks ip_offload = {
	.gso_segment = inet_gso_segment,
	.gro_receive = inet_gro_receive,
	.gro_complete = inet_gro_complete,
};

int ip_init(struct host *host)
{
	TRACE(host, "prepare routing, reassembly and the numbers of packets");
	struct inet_state *inet;
	int err = inet_state_init(host);

	if (err)
		return err;
	inet = inet_state(host);
	ip_default_sysctls(host->net);
	random_init(&inet->id_random, host->sim, host->name, "ip/id");
	err = ipfrag_init(host);
	if (err)
		return err;
	err = ip_rt_init(host);
	if (err) {
		ipfrag_exit(host);
		return err;
	}
	inet->ip_packet_offload.type = htons(0x0800);
	inet->ip_packet_offload.callbacks = ip_offload;
	dev_add_offload(host->net, &inet->ip_packet_offload);
	return 0;
}

/* After all sockets are closed. arp_exit() comes next. */
void ip_exit(struct host *host)
{
	struct inet_state *inet = inet_state(host);

	dev_remove_offload(host->net, &inet->ip_packet_offload);
	ipfrag_exit(host);
	ip_rt_exit(host);
	inet_peers_exit(host);
	rcu_barrier(host);
	SIM_BUG_ON(host, inet->nr_dst != 0 || inet->fib_info_cnt != 0);
	if (inet->idents)
		kfree(host, inet->idents);
	inet->idents = NULL;
}
