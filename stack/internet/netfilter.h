/*
 * Netfilter's five hooks on the way of a packet, and what may be hung on them.
 *
 *	ip_rcv -> PRE_ROUTING -> route -> LOCAL_IN -> the host
 *	                           |
 *	                           +----> FORWARD ---------------+
 *	the host -> LOCAL_OUT -> route ---------------------------+-> POST_ROUTING -> the wire
 *
 * What is registered at a hook runs in order of priority; each entry lets the packet pass (NF_ACCEPT), drops
 * it or takes it away. A hook without entries costs one predicted branch. ARP's hooks have no users.
 */
#ifndef STACK_INTERNET_NETFILTER_H
#define STACK_INTERNET_NETFILTER_H

#include "stack/kernel/rcu.h"
#include "stack/net.h"
#include "stack/skb/skbuff.h"

struct net_device;
struct sock;

/* enum nf_inet_hooks and NF_INET_NUMHOOKS are in stack/net.h. */

enum {
	NFPROTO_UNSPEC = 0,
	NFPROTO_INET = 1,
	NFPROTO_IPV4 = 2,
	NFPROTO_ARP = 3,
	NFPROTO_BRIDGE = 7,
	NFPROTO_IPV6 = 10
};
enum { NF_ARP_IN, NF_ARP_OUT, NF_ARP_FORWARD };

/* Verdicts; NF_DROP may carry an errno for the sender (EPERM when it has none). */
#define NF_DROP 0u
#define NF_ACCEPT 1u
#define NF_STOLEN 2u
#define NF_REPEAT 4u /* inside connection tracking only */
#define NF_VERDICT_MASK 0xffu
#define NF_DROP_ERR(err) (((unsigned int)-(err) << 16) | NF_DROP)
#define NF_DROP_GETERR(verdict) (-(int)((verdict) >> 16))

#define NF_IP_PRI_CONNTRACK_DEFRAG (-400)
#define NF_IP_PRI_CONNTRACK (-200)
#define NF_IP_PRI_MANGLE (-150)
#define NF_IP_PRI_NAT_DST (-100)
#define NF_IP_PRI_FILTER 0
#define NF_IP_PRI_NAT_SRC 100
#define NF_IP_PRI_CONNTRACK_CONFIRM INT32_MAX

typedef int nf_okfn_t(struct net *net, struct sock *sk, struct sk_buff *skb);

/* Where a packet is when a hook's entries see it. */
struct nf_hook_state {
	u8 hook, pf;
	struct net_device *in, *out; /* NULL: none on this side */
	struct sock *sk;
	struct net *net;
	nf_okfn_t *okfn;
};

typedef unsigned int nf_hookfn(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);

struct nf_hook_ops {
	nf_hookfn *hook;
	void *priv;
	u8 hooknum;
	int priority;
};

struct nf_hook_entries {
	struct rcu_head rcu;
	struct host *host;
	u16 num_hook_entries;
	struct nf_hook_ops hooks[];
};

int netfilter_init(struct host *host);
void netfilter_exit(struct host *host);

/*
 * 0 or -ENOMEM. Of equal priority, the later one runs first. Never taken off again; not to be called by what
 * runs in a hook.
 */
int nf_register_net_hook(struct net *net, const struct nf_hook_ops *reg);
int nf_register_net_hooks(struct net *net, const struct nf_hook_ops *reg, unsigned int n);

/* Runs the entries: 1: all let it pass; else the packet is gone, and the value is what to return. */
int nf_hook_slow(struct sk_buff *skb, struct nf_hook_state *state, const struct nf_hook_entries *e);

/* 1: the caller goes on with okfn(); else the packet is gone and the value is what to return. */
static inline int nf_hook(u8 pf, unsigned int hook, struct net *net, struct sock *sk, struct sk_buff *skb,
			  struct net_device *indev, struct net_device *outdev, nf_okfn_t *okfn)
{
	TRACE_SKB(skb, "run the netfilter rules of this hook");
	const struct nf_hook_entries *hook_head = pf == NFPROTO_IPV4 ? net->nf_hooks_ipv4[hook] : NULL;

	if (likely(!hook_head))
		return 1;
	struct nf_hook_state state = { (u8)hook, pf, indev, outdev, sk, net, okfn };

	return nf_hook_slow(skb, &state, hook_head);
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
