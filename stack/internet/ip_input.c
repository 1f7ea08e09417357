/*
 * IPv4 input: the header is checked, the packet gets its route, and what is for this host goes up to its
 * protocol.
 *
 *	ip_rcv -> ip_rcv_core -> (hook) ip_rcv_finish -> dst_input
 *	  -> ip_local_deliver -> (hook) ip_local_deliver_finish -> ip_protocol_deliver_rcu -> tcp_v4_rcv, ...
 *	  -> ip_forward
 */
#include "stack/interface/etherdevice.h"
#include "stack/internet/icmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/internet/netfilter.h"
#include "stack/transport/inet_sock.h"

/* ---- router alert ---- */

bool ip_call_ra_chain(struct sk_buff *skb)
{
	TRACE_SKB(skb, "give a packet that asks routers to look at it to those who do");
	struct net *net = skb->host->net;
	struct sock *last = NULL;

	for (struct ip_ra_chain *ra = net->inet->ra_chain; ra; ra = ra->next) {
		struct sock *sk = ra->sk;

		if (inet_sk(sk)->inet_num != ip_hdr(skb)->protocol ||
		    !inet_sk_bound_dev_eq(sk->sk_bound_dev_if, skb->dev->ifindex, 0))
			continue;
		if (ip_is_fragment(ip_hdr(skb)) && ip_defrag(net, skb, IP_DEFRAG_CALL_RA_CHAIN))
			return true;
		if (last) {
			struct sk_buff *skb2 = skb_clone(skb, GFP_ATOMIC);

			if (skb2)
				raw_rcv(last, skb2);
		}
		last = sk;
	}
	if (!last)
		return false;
	raw_rcv(last, skb);
	return true;
}

/* ---- local delivery ---- */

void ip_protocol_deliver_rcu(struct net *net, struct sk_buff *skb, int protocol)
{
	TRACE_SKB(skb, "give the packet to its protocol");
	const struct net_protocol *ipprot;
	int raw, ret;

	for (;;) {
		raw = raw_local_deliver(skb, protocol);
		ipprot = inet_protos(net, (u8)protocol);
		if (unlikely(!ipprot))
			break;
		TRACE_OP(skb, "handler");
		ret = ipprot->handler(skb);
		if (likely(ret >= 0)) {
			__IP_INC_STATS(net, IPSTATS_MIB_INDELIVERS);
			return;
		}
		protocol = -ret;
	}
	if (raw) {
		__IP_INC_STATS(net, IPSTATS_MIB_INDELIVERS);
		consume_skb(skb);
		return;
	}
	__IP_INC_STATS(net, IPSTATS_MIB_INUNKNOWNPROTOS);
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0);
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_NOPROTO);
}

static int ip_local_deliver_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "take the ip header off and deliver");
	(void)sk;
	__skb_pull(skb, skb_network_header_len(skb));
	ip_protocol_deliver_rcu(net, skb, ip_hdr(skb)->protocol);
	return 0;
}

int ip_local_deliver(struct sk_buff *skb)
{
	TRACE_SKB(skb, "deliver the packet to this host, over the local input hook");
	struct net *net = skb->host->net;

	if (unlikely(ip_is_fragment(ip_hdr(skb))) && ip_defrag(net, skb, IP_DEFRAG_LOCAL_DELIVER))
		return 0;
	return NF_HOOK(NFPROTO_IPV4, NF_INET_LOCAL_IN, net, NULL, skb, skb->dev, NULL,
		       ip_local_deliver_finish);
}

/* ---- the way to the route ---- */

/* Checks the options of the header. True: drop the packet. */
static bool ip_rcv_options(struct sk_buff *skb, struct net_device *dev)
{
	struct ip_options *opt = &IPCB(skb)->opt;
	struct in_device *in_dev;

	/* Options may be changed on the way: the header must be ours. */
	if (skb_cow(skb, skb_headroom(skb))) {
		__IP_INC_STATS(skb->host->net, IPSTATS_MIB_INDISCARDS);
		return true;
	}
	opt->optlen = (u8)(ip_hdr(skb)->ihl * 4u - sizeof(struct iphdr));
	if (ip_options_compile(skb->host->net, opt, skb)) {
		__IP_INC_STATS(skb->host->net, IPSTATS_MIB_INHDRERRORS);
		return true;
	}
	if (opt->srr) {
		in_dev = __in_dev_get_rcu(dev);
		if (!in_dev || !IN_DEV_SOURCE_ROUTE(in_dev) || ip_options_rcv_srr(skb, dev))
			return true;
	}
	return false;
}

static bool ip_can_use_hint(const struct sk_buff *skb, const struct iphdr *iph, const struct sk_buff *hint)
{
	TRACE_SKB_LEAF(skb, "may the route of the packet before be used?");
	return hint && !skb_dst(skb) && ip_hdr(hint)->daddr == iph->daddr && ip_hdr(hint)->tos == iph->tos;
}

static __always_inline int ip_rcv_finish_core(struct net *net, struct sk_buff *skb, struct net_device *dev,
					      const struct sk_buff *hint)
{
	TRACE_SKB(skb, "determine packet direction (deliver to tcp layer or forward to other host)");
	const struct iphdr *iph = ip_hdr(skb);
	enum skb_drop_reason reason = SKB_DROP_REASON_IP_INNOROUTES;
	struct in_device *in_dev;
	struct rtable *rt;
	int err;

	if (ip_can_use_hint(skb, iph, hint)) {
		err = ip_route_use_hint(skb, iph->daddr, iph->saddr, iph->tos, dev, hint);
		if (unlikely(err))
			goto drop_error;
	}
	if (net->ipv4.sysctl_ip_early_demux && !skb_dst(skb) && !skb->sk && !ip_is_fragment(iph)) {
		const struct net_protocol *ipprot = inet_protos(net, iph->protocol);

		if (ipprot && ipprot->early_demux) {
			TRACE_OP(skb, "early_demux");
			err = ipprot->early_demux(skb);
			if (unlikely(err))
				goto drop_error;
			iph = ip_hdr(skb);
		}
	}
	if (!skb_dst(skb)) {
		err = ip_route_input_noref(skb, iph->daddr, iph->saddr, iph->tos, dev);
		if (unlikely(err))
			goto drop_error;
	}
	if (unlikely(iph->ihl > 5) && ip_rcv_options(skb, dev)) {
		reason = SKB_DROP_REASON_IP_OPTIONS;
		goto drop;
	}
	rt = skb_rtable(skb);
	if (unlikely(rt->rt_type == RTN_MULTICAST)) {
		__IP_UPD_PO_STATS(net, IPSTATS_MIB_INMCAST, skb->len);
	} else if (unlikely(rt->rt_type == RTN_BROADCAST)) {
		__IP_UPD_PO_STATS(net, IPSTATS_MIB_INBCAST, skb->len);
	} else if (unlikely(skb->pkt_type == PACKET_BROADCAST || skb->pkt_type == PACKET_MULTICAST)) {
		/* A unicast address in a frame to many (RFC 1122 3.3.6). */
		in_dev = __in_dev_get_rcu(dev);
		if (in_dev && in_dev->cnf.drop_unicast_in_l2_multicast) {
			reason = SKB_DROP_REASON_UNICAST_IN_L2_MULTICAST;
			goto drop;
		}
	}
	return NET_RX_SUCCESS;
drop_error:
	if (err == -EXDEV) {
		reason = SKB_DROP_REASON_IP_RPFILTER;
		__NET_INC_STATS(net, LINUX_MIB_IPRPFILTER);
	} else if (err == -EINVAL) {
		reason = ipv4_is_multicast(iph->daddr) ? SKB_DROP_REASON_MULTICAST
						       : SKB_DROP_REASON_IP_MARTIAN;
	}
drop:
	kfree_skb_reason(skb, reason);
	return NET_RX_DROP;
}

static int ip_rcv_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "find the packet's route and follow it");
	int ret = ip_rcv_finish_core(net, skb, skb->dev, NULL);

	(void)sk;
	if (likely(ret != NET_RX_DROP))
		ret = dst_input(skb);
	return ret;
}

/* ---- the header ---- */

/* Lengths and checksum of the header; the counter of what is wrong, and the reason. */
static bool ip_header_ok(struct net *net, struct sk_buff *skb, enum skb_drop_reason *reason)
{
	const struct iphdr *iph;
	u32 len;

	*reason = SKB_DROP_REASON_IP_INHDR;
	if (!pskb_may_pull(skb, sizeof(struct iphdr)))
		goto inhdr_error;
	iph = ip_hdr(skb);
	if (iph->ihl < 5 || iph->version != 4)
		goto inhdr_error;
	__IP_ADD_STATS(net, IPSTATS_MIB_NOECTPKTS + (iph->tos & 3),
		       skb_shinfo(skb)->gso_segs > 1 ? skb_shinfo(skb)->gso_segs : 1);
	if (!pskb_may_pull(skb, iph->ihl * 4u))
		goto inhdr_error;
	iph = ip_hdr(skb);
	if (unlikely(ip_fast_csum((u8 *)iph, iph->ihl))) {
		*reason = SKB_DROP_REASON_IP_CSUM;
		__IP_INC_STATS(net, IPSTATS_MIB_CSUMERRORS);
		goto inhdr_error;
	}
	len = ntohs(iph->tot_len);
	if (unlikely(skb->len < len)) {
		*reason = SKB_DROP_REASON_PKT_TOO_SMALL;
		__IP_INC_STATS(net, IPSTATS_MIB_INTRUNCATEDPKTS);
		return false;
	}
	if (len < iph->ihl * 4u)
		goto inhdr_error;
	/* The frame may be padded, and the card leaves the FCS at its end. */
	if (pskb_trim_rcsum(skb, len)) {
		*reason = SKB_DROP_REASON_NOMEM;
		__IP_INC_STATS(net, IPSTATS_MIB_INDISCARDS);
		return false;
	}
	return true;
inhdr_error:
	__IP_INC_STATS(net, IPSTATS_MIB_INHDRERRORS);
	return false;
}

static __always_inline struct sk_buff *ip_rcv_core(struct sk_buff *skb, struct net *net)
{
	TRACE_SKB(skb, "check the ip header, cut the packet to its length");
	enum skb_drop_reason reason;

	if (unlikely(skb->pkt_type == PACKET_OTHERHOST)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_OTHERHOST);
		return NULL;
	}
	__IP_UPD_PO_STATS(net, IPSTATS_MIB_IN, skb->len);
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb)) {
		__IP_INC_STATS(net, IPSTATS_MIB_INDISCARDS);
		return NULL;
	}
	if (unlikely(!ip_header_ok(net, skb, &reason))) {
		kfree_skb_reason(skb, reason);
		return NULL;
	}
	skb->transport_header = (u16)(skb->network_header + ip_hdr(skb)->ihl * 4);
	memset(IPCB(skb), 0, sizeof(struct inet_skb_parm));
	IPCB(skb)->iif = skb->skb_iif;
	skb_orphan(skb);
	return skb;
}

int ip_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt, struct net_device *orig_dev)
{
	TRACE_SKB(skb, "receive an ip packet, over the prerouting hook");
	struct net *net = dev_net(dev);

	(void)pt, (void)orig_dev;
	skb = ip_rcv_core(skb, net);
	if (unlikely(!skb))
		return NET_RX_DROP;
	return NF_HOOK(NFPROTO_IPV4, NF_INET_PRE_ROUTING, net, NULL, skb, dev, NULL, ip_rcv_finish);
}

/* ---- several packets of one device at once ---- */

static void ip_sublist_rcv_finish(struct list_head *head)
{
	struct sk_buff *skb, *next;

	list_for_each_entry_safe (skb, next, head, list) {
		skb_list_del_init(skb);
		dst_input(skb);
	}
}

/* The next packet to the same address may use this one's route, except of a broadcast. */
static struct sk_buff *ip_extract_route_hint(struct sk_buff *skb)
{
	return skb_rtable(skb)->rt_type == RTN_BROADCAST ? NULL : skb;
}

/* Packets in a row that have one route go on together. */
static void ip_list_rcv_finish(struct net *net, struct list_head *head)
{
	TRACE(net, "find the packets' routes and follow them");
	struct sk_buff *skb, *next, *hint = NULL;
	struct dst_entry *curr_dst = NULL;
	LIST_HEAD(sublist);

	list_for_each_entry_safe (skb, next, head, list) {
		struct dst_entry *dst;

		skb_list_del_init(skb);
		if (ip_rcv_finish_core(net, skb, skb->dev, hint) == NET_RX_DROP)
			continue;
		dst = skb_dst(skb);
		if (curr_dst != dst) {
			hint = ip_extract_route_hint(skb);
			ip_sublist_rcv_finish(&sublist);
			curr_dst = dst;
		}
		list_add_tail(&skb->list, &sublist);
	}
	ip_sublist_rcv_finish(&sublist);
}

static void ip_sublist_rcv(struct list_head *head, struct net_device *dev, struct net *net)
{
	TRACE(net, "pass packets through the prerouting hook, then on");
	struct sk_buff *skb, *next;
	LIST_HEAD(sublist);

	list_for_each_entry_safe (skb, next, head, list) {
		skb_list_del_init(skb);
		if (nf_hook(NFPROTO_IPV4, NF_INET_PRE_ROUTING, net, NULL, skb, dev, NULL, ip_rcv_finish) == 1)
			list_add_tail(&skb->list, &sublist);
	}
	ip_list_rcv_finish(net, &sublist);
}

void ip_list_rcv(struct list_head *head, struct packet_type *pt, struct net_device *orig_dev)
{
	TRACE(orig_dev, "receive several ip packets");
	struct net_device *curr_dev = NULL;
	struct sk_buff *skb, *next;
	LIST_HEAD(sublist);

	(void)pt;
	list_for_each_entry_safe (skb, next, head, list) {
		struct net_device *dev = skb->dev;

		skb_list_del_init(skb);
		skb = ip_rcv_core(skb, dev_net(dev));
		if (!skb)
			continue;
		if (curr_dev != dev) {
			if (!list_empty(&sublist))
				ip_sublist_rcv(&sublist, curr_dev, dev_net(curr_dev));
			INIT_LIST_HEAD(&sublist);
			curr_dev = dev;
		}
		list_add_tail(&skb->list, &sublist);
	}
	if (!list_empty(&sublist))
		ip_sublist_rcv(&sublist, curr_dev, dev_net(curr_dev));
}
