/* The hash of a packet's flow: addresses, protocol and ports, the same in both directions. */
#include "stack/interface/etherdevice.h"
#include "stack/interface/netdevice.h"
#include "stack/internet/ip.h"
#include "stack/net.h"
#include "stack/skb/skb_header.h"
#include "stack/transport/tcp.h"

/* Addresses in one word, ports and protocol in another, the lower end first; of a fragment no ports. */
static bool skb_flow_keys(const struct sk_buff *skb, u64 keys[2])
{
	const struct iphdr *iph;
	struct iphdr ip_copy;
	__be16 ports_copy[2] = { 0 }, *ports = ports_copy;
	int offset = skb_network_offset(skb);
	u32 from, to;

	if (skb->protocol != htons(ETH_P_IP))
		return false;
	iph = skb_header_pointer(skb, offset, sizeof(ip_copy), &ip_copy);
	if (!iph)
		return false;
	if ((iph->protocol == IPPROTO_TCP || iph->protocol == IPPROTO_UDP) && !ip_is_fragment(iph))
		ports = skb_header_pointer(skb, offset + iph->ihl * 4, sizeof(ports_copy), ports_copy);
	if (!ports)
		return false;
	from = ntohl(iph->saddr);
	to = ntohl(iph->daddr);
	if (from < to || (from == to && ports[0] < ports[1])) {
		keys[0] = (u64)from << 32 | to;
		keys[1] = (u64)iph->protocol << 32 | (u32)ports[0] << 16 | ports[1];
	} else {
		keys[0] = (u64)to << 32 | from;
		keys[1] = (u64)iph->protocol << 32 | (u32)ports[1] << 16 | ports[0];
	}
	return true;
}

void __skb_get_hash(struct sk_buff *skb)
{
	TRACE_SKB(skb, "hash the packet's addresses and ports");
	const struct net *net = skb->host->net;
	u64 keys[2];

	if (skb_flow_keys(skb, keys))
		skb->hash = (u32)siphash_2u64(keys[0], keys[1], net->tcp->seq.net_secret);
}
