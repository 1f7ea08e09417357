/* Forwarding: a packet for somebody else goes on by its route, with one hop less to live. */
#include "stack/internet/route.h"
#include "stack/interface/etherdevice.h"
#include "stack/internet/icmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/internet/netfilter.h"

int ip_decrease_ttl(struct iphdr *iph)
{
	u32 check = iph->check;

	/* The checksum grows by what the word of ttl and protocol shrinks by. */
	check += htons(0x0100);
	iph->check = (__sum16)(check + (check >= 0xFFFF));
	return --iph->ttl;
}

/* The hop of a source route that was reached: our address in its place, the next one as destination. */
static void forward_source_route(struct sk_buff *skb, const struct ip_options *opt)
{
	u8 *p = skb_network_header(skb) + opt->srr;
	int at, end = p[1];

	for (at = p[2]; at + 3 <= end && memcmp(&opt->nexthop, p + at - 1, 4) != 0; at += 4)
		;
	if (at + 3 <= end) {
		ip_hdr(skb)->daddr = opt->nexthop;
		ip_rt_get_source(p + at - 1, skb, skb_rtable(skb));
		p[2] = (u8)(at + 4);
	}
	if (opt->ts_needaddr) {
		p = skb_network_header(skb) + opt->ts;
		ip_rt_get_source(p + p[2] - 9, skb, skb_rtable(skb));
	}
}

/* Record route: our address by which the packet leaves. */
static void ip_forward_options(struct sk_buff *skb)
{
	TRACE_SKB(skb, "fill in the options that note the packet's way");
	struct ip_options *opt = &IPCB(skb)->opt;

	if (opt->rr_needaddr) {
		u8 *rr = skb_network_header(skb) + opt->rr;

		ip_rt_get_source(&rr[rr[2] - 5], skb, skb_rtable(skb));
		opt->is_changed = 1;
	}
	if (opt->srr_is_hit) {
		forward_source_route(skb, opt);
		opt->is_changed = 1;
	}
	if (opt->is_changed) {
		opt->is_changed = 0;
		ip_send_check(skb->host, ip_hdr(skb));
	}
}

static bool ip_exceeds_mtu(const struct sk_buff *skb, unsigned int mtu)
{
	TRACE_SKB(skb, "check that the packet fits the path");
	if (likely(skb->len <= mtu) || !(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return false;
	/* Put together from fragments with DF: they fit one by one or not at all. */
	if (unlikely(IPCB(skb)->frag_max_size > mtu))
		return true;
	if (skb->ignore_df)
		return false;
	return !skb_is_gso(skb) || !skb_gso_validate_network_len(skb, mtu);
}

static int ip_forward_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "the hook is passed: send the forwarded packet");
	__IP_INC_STATS(net, IPSTATS_MIB_OUTFORWDATAGRAMS);
	__IP_ADD_STATS(net, IPSTATS_MIB_OUTOCTETS, skb->len);
	if (unlikely(IPCB(skb)->opt.optlen))
		ip_forward_options(skb);
	skb->tstamp = 0;
	return dst_output(net, sk, skb);
}

static int ip_forward_drop(struct sk_buff *skb, enum skb_drop_reason reason)
{
	kfree_skb_reason(skb, reason);
	return NET_RX_DROP;
}

/* The header changes: the packet's data must be our own. */
static bool ip_forward_cow(struct sk_buff *skb, const struct dst_entry *dst)
{
	return !skb_cow(skb, LL_RESERVED_SPACE(dst->dev) + dst->header_len);
}

int ip_forward(struct sk_buff *skb)
{
	TRACE_SKB(skb, "forward the packet by its route");
	struct net *net = skb->host->net;
	const struct ip_options *opt = &IPCB(skb)->opt;
	struct rtable *rt = skb_rtable(skb);
	unsigned int mtu;

	if (unlikely(skb->pkt_type != PACKET_HOST || skb->sk))
		return ip_forward_drop(skb, SKB_DROP_REASON_OTHERHOST);
	if (unlikely(opt->router_alert) && ip_call_ra_chain(skb))
		return NET_RX_SUCCESS;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	if (unlikely(ip_hdr(skb)->ttl <= 1)) {
		__IP_INC_STATS(net, IPSTATS_MIB_INHDRERRORS);
		icmp_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
		return ip_forward_drop(skb, SKB_DROP_REASON_IP_TTL);
	}
	if (unlikely(opt->is_strictroute && rt->rt_uses_gateway)) {
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_SR_FAILED, 0);
		return ip_forward_drop(skb, SKB_DROP_REASON_IP_OPTIONS);
	}
	IPCB(skb)->flags |= IPSKB_FORWARDED;
	mtu = ip_dst_mtu_maybe_forward(&rt->dst, true);
	if (unlikely(ip_exceeds_mtu(skb, mtu))) {
		IP_INC_STATS(net, IPSTATS_MIB_FRAGFAILS);
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
		return ip_forward_drop(skb, SKB_DROP_REASON_IP_MTU);
	}
	if (unlikely(!ip_forward_cow(skb, &rt->dst)))
		return ip_forward_drop(skb, SKB_DROP_REASON_NOMEM);
	ip_decrease_ttl(ip_hdr(skb));
	if (unlikely((IPCB(skb)->flags & IPSKB_DOREDIRECT) && !opt->srr))
		ip_rt_send_redirect(skb);
	skb->priority = rt_tos2priority(ip_hdr(skb)->tos);
	return NF_HOOK(NFPROTO_IPV4, NF_INET_FORWARD, net, NULL, skb, skb->dev, rt->dst.dev,
		       ip_forward_finish);
}
