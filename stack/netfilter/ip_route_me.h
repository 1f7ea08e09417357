/* A packet that netfilter changed gets its route anew. */
#ifndef STACK_NETFILTER_IP_ROUTE_ME_H
#define STACK_NETFILTER_IP_ROUTE_ME_H

#include "stack/skb/skbuff.h"

struct sock;

/* addr_type: RTN_* of the packet's source, RTN_UNSPEC: find out. 0 or a negative errno. */
int ip_route_me_harder(struct net *net, struct sock *sk, struct sk_buff *skb, unsigned int addr_type);

#endif
