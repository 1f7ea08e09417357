/*
 * Raw IPv4 sockets see every packet before the protocol's own handler. There are none yet: the table is
 * empty, and what is here is how IP asks it.
 */
#include "stack/internet/icmp.h"
#include "stack/internet/ip.h"
#include "stack/internet/protocol.h"

/* Gives each raw socket of this protocol a copy; false: there was none. */
static bool raw_v4_input(struct sk_buff *skb, const struct iphdr *iph, unsigned int hash)
{
	TRACE_SKB(skb, "give a copy to each raw socket of the protocol");
	(void)iph, (void)hash;
	return false;
}

int raw_local_deliver(struct sk_buff *skb, int protocol)
{
	TRACE_SKB(skb, "hand the packet to raw sockets");
	return raw_v4_input(skb, ip_hdr(skb), (unsigned int)protocol & (MAX_INET_PROTOS - 1));
}

void raw_icmp_error(struct sk_buff *skb, int protocol, u32 info)
{
	TRACE_SKB(skb, "tell raw sockets of an icmp error");
	(void)protocol, (void)info;
}
