/* Routes a packet again after its addresses changed on the way out (Linux's net/ipv4/netfilter.c). */
#include "stack/netfilter/ip_route_me.h"

#include "stack/interface/netdevice.h"
#include "stack/internet/ip.h"
#include "stack/internet/route.h"
#include "stack/transport/inet_sock.h"

int ip_route_me_harder(struct net *net, struct sock *sk, struct sk_buff *skb, unsigned int addr_type)
{
	TRACE_SKB(skb, "find the route of the changed packet");
	struct net_device *dev = skb_dst(skb)->dev;
	const struct iphdr *iph = ip_hdr(skb);
	struct flowi4 fl4 = { .daddr = iph->daddr, .flowi4_tos = RT_TOS(iph->tos), .flowi4_mark = skb->mark };
	unsigned int need;
	struct rtable *rt;

	if (sk && sk_fullsock(sk)) {
		fl4.flowi4_oif = sk->sk_bound_dev_if;
		fl4.flowi4_flags = inet_sk_flowi_flags(sk);
	}
	if (addr_type == RTN_UNSPEC)
		addr_type = inet_addr_type_dev_table(net, dev, iph->saddr);
	if (addr_type == RTN_LOCAL || addr_type == RTN_UNICAST) {
		fl4.flowi4_flags |= FLOWI_FLAG_ANYSRC;
		fl4.saddr = iph->saddr;
	}
	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return (int)PTR_ERR(rt);
	skb_dst_drop(skb);
	skb_dst_set(skb, &rt->dst);
	if (skb_dst(skb)->error)
		return skb_dst(skb)->error;
	need = (unsigned int)LL_RESERVED_SPACE(rt->dst.dev);
	if (skb_headroom(skb) < need && pskb_expand_head(skb, (int)(need - skb_headroom(skb)), 0, GFP_ATOMIC))
		return -ENOMEM;
	return 0;
}
