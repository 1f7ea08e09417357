/* Forwarding: a packet for somebody else goes on by its route, with one hop less to live. */
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

static bool ip_exceeds_mtu(const struct sk_buff *skb, unsigned int mtu)
{
	TRACE_SKB(skb, "check that the packet fits the path");
	if (skb->len <= mtu)
		return false;
	if (!(ip_hdr(skb)->frag_off & htons(IP_DF)) || skb->ignore_df)
		return false;
	return !skb_is_gso(skb) || !skb_gso_validate_network_len(skb, mtu);
}

static int ip_forward_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "the hook is passed: send the forwarded packet");
	__IP_INC_STATS(net, IPSTATS_MIB_OUTFORWDATAGRAMS);
	__IP_ADD_STATS(net, IPSTATS_MIB_OUTOCTETS, skb->len);
	skb->tstamp = 0;
	return dst_output(net, sk, skb);
}

int ip_forward(struct sk_buff *skb)
{
	TRACE_SKB(skb, "forward the packet by its route");
	struct net *net = skb->host->net;
	struct rtable *rt = skb_rtable(skb);
	unsigned int mtu;

	if (skb->pkt_type != PACKET_HOST || unlikely(skb->sk)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_OTHERHOST);
		return NET_RX_DROP;
	}
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	if (ip_hdr(skb)->ttl <= 1) {
		__IP_INC_STATS(net, IPSTATS_MIB_INHDRERRORS);
		icmp_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_TTL);
		return NET_RX_DROP;
	}
	IPCB(skb)->flags |= IPSKB_FORWARDED;
	mtu = ip_dst_mtu_maybe_forward(&rt->dst, true);
	if (ip_exceeds_mtu(skb, mtu)) {
		IP_INC_STATS(net, IPSTATS_MIB_FRAGFAILS);
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_MTU);
		return NET_RX_DROP;
	}
	if (skb_cow(skb, LL_RESERVED_SPACE(rt->dst.dev) + rt->dst.header_len)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return NET_RX_DROP;
	}
	ip_decrease_ttl(ip_hdr(skb));
	skb->priority = 0;
	return NF_HOOK(NFPROTO_IPV4, NF_INET_FORWARD, net, NULL, skb, skb->dev, rt->dst.dev,
		       ip_forward_finish);
}
