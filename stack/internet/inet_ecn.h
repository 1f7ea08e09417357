/* ECN in the IP header: who can carry a congestion mark, and marking. */
#ifndef STACK_INTERNET_INET_ECN_H
#define STACK_INTERNET_INET_ECN_H

#include "stack/interface/etherdevice.h"
#include "stack/internet/ip.h"
#include "stack/skb/skbuff.h"

#define INET_ECN_NOT_ECT 0
#define INET_ECN_ECT_1 1
#define INET_ECN_ECT_0 2
#define INET_ECN_CE 3
#define INET_ECN_MASK 3

/* The packet met congestion: marks it if its sender can read that. False: it cannot. */
static inline bool INET_ECN_set_ce(struct sk_buff *skb)
{
	struct iphdr *iph = ip_hdr(skb);
	unsigned int more;

	if (skb->protocol != htons(ETH_P_IP) ||
	    skb_network_header(skb) + sizeof(*iph) > skb_tail_pointer(skb) || !(iph->tos & INET_ECN_MASK))
		return false;
	more = INET_ECN_CE - (iph->tos & INET_ECN_MASK);
	iph->tos = (u8)(iph->tos + more);
	iph->check = csum16_sub(iph->check, htons((u16)more));
	return true;
}

#endif
