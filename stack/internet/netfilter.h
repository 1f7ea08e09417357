/*
 * Netfilter's five hooks on the way of a packet. There are no rules yet: nf_hook() finds an empty list,
 * and the packet goes on with okfn().
 */
#ifndef STACK_INTERNET_NETFILTER_H
#define STACK_INTERNET_NETFILTER_H

#include "stack/net.h"
#include "stack/skb/skbuff.h"

struct net_device;
struct sock;

enum nf_inet_hooks {
	NF_INET_PRE_ROUTING,
	NF_INET_LOCAL_IN,
	NF_INET_FORWARD,
	NF_INET_LOCAL_OUT,
	NF_INET_POST_ROUTING,
	NF_INET_NUMHOOKS
};

enum {
	NFPROTO_UNSPEC = 0,
	NFPROTO_INET = 1,
	NFPROTO_IPV4 = 2,
	NFPROTO_ARP = 3,
	NFPROTO_BRIDGE = 7,
	NFPROTO_IPV6 = 10
};
enum { NF_ARP_IN, NF_ARP_OUT, NF_ARP_FORWARD };

typedef int nf_okfn_t(struct net *net, struct sock *sk, struct sk_buff *skb);

/* 1: the caller goes on with okfn(); else the packet is gone and the value is what to return. */
static inline int nf_hook(u8 pf, unsigned int hook, struct net *net, struct sock *sk, struct sk_buff *skb,
			  struct net_device *indev, struct net_device *outdev, nf_okfn_t *okfn)
{
	TRACE_SKB(skb, "run the netfilter rules of this hook");
	(void)pf, (void)hook, (void)net, (void)sk, (void)indev, (void)outdev, (void)okfn;
	return 1;
}

static inline int NF_HOOK(u8 pf, unsigned int hook, struct net *net, struct sock *sk, struct sk_buff *skb,
			  struct net_device *in, struct net_device *out, nf_okfn_t *okfn)
{
	TRACE_SKB(skb, "pass the packet through a netfilter hook, then on");
	int ret = nf_hook(pf, hook, net, sk, skb, in, out, okfn);

	if (likely(ret == 1))
		ret = okfn(net, sk, skb);
	return ret;
}

static inline int NF_HOOK_COND(u8 pf, unsigned int hook, struct net *net, struct sock *sk,
			       struct sk_buff *skb, struct net_device *in, struct net_device *out,
			       nf_okfn_t *okfn, bool cond)
{
	TRACE_SKB(skb, "pass the packet through a netfilter hook unless it was there already");
	int ret = 1;

	if (cond)
		ret = nf_hook(pf, hook, net, sk, skb, in, out, okfn);
	if (likely(ret == 1))
		ret = okfn(net, sk, skb);
	return ret;
}

#endif
