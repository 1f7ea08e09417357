/*
 * struct dst_entry: a routing decision, shared by sockets and packets, and how packets hold on to it.
 *
 * Who owns what: a reference keeps an entry alive; the cache of its nexthop holds one (obsolete is then
 * DST_OBSOLETE_FORCE_CHK, and dst_check() tells holders when to look up again). A packet that travels
 * within one softirq may borrow without a reference (SKB_DST_NOREF).
 */
#ifndef STACK_INTERNET_DST_H
#define STACK_INTERNET_DST_H

#include "stack/kernel/kernel.h"
#include "stack/kernel/rcu.h"
#include "stack/net.h"
#include "stack/skb/skbuff.h"

struct net_device;
struct neighbour;
struct sock;
struct dst_entry;

/* Route metrics, numbered as in rtnetlink. */
enum {
	RTAX_UNSPEC,
	RTAX_LOCK,
	RTAX_MTU,
	RTAX_WINDOW,
	RTAX_RTT,
	RTAX_RTTVAR,
	RTAX_SSTHRESH,
	RTAX_CWND,
	RTAX_ADVMSS,
	RTAX_REORDERING,
	RTAX_HOPLIMIT,
	RTAX_INITCWND,
	RTAX_FEATURES,
	RTAX_RTO_MIN,
	RTAX_INITRWND,
	RTAX_QUICKACK,
	RTAX_CC_ALGO,
	RTAX_FASTOPEN_NO_COOKIE,
	__RTAX_MAX
};
#define RTAX_MAX (__RTAX_MAX - 1)

#define RTAX_FEATURE_ECN (1 << 0)
#define RTAX_FEATURE_SACK (1 << 1)
#define RTAX_FEATURE_TIMESTAMP (1 << 2)
#define RTAX_FEATURE_ALLFRAG (1 << 3)
#define DST_FEATURE_ECN_CA (1u << 31)
#define DST_FEATURE_ECN_MASK (DST_FEATURE_ECN_CA | RTAX_FEATURE_ECN)

struct dst_metrics {
	u32 metrics[RTAX_MAX];
	int refcnt;
};

/* What a family's routing does with its entries; internet/route.c has IPv4's. */
struct dst_ops {
	u16 family;
	/* The entry when it still holds, NULL when the holder has to look up again. */
	struct dst_entry *(*check)(struct dst_entry *dst, u32 cookie);
	unsigned int (*default_advmss)(const struct dst_entry *dst);
	unsigned int (*mtu)(const struct dst_entry *dst);
	void (*destroy)(struct dst_entry *dst);
	/* A holder has no success with it: the entry to go on with, or NULL. */
	struct dst_entry *(*negative_advice)(struct dst_entry *dst);
	/* The next hop of this packet cannot be reached. */
	void (*link_failure)(struct sk_buff *skb);
	void (*update_pmtu)(struct dst_entry *dst, struct sock *sk, struct sk_buff *skb, u32 mtu,
			    bool confirm_neigh);
	void (*redirect)(struct dst_entry *dst, struct sock *sk, struct sk_buff *skb);
	struct neighbour *(*neigh_lookup)(const struct dst_entry *dst, struct sk_buff *skb,
					  const void *daddr);
	void (*confirm_neigh)(const struct dst_entry *dst, const void *daddr);
};

#define DST_NOXFRM 0x0002
#define DST_NOPOLICY 0x0004
#define DST_NOCOUNT 0x0008
#define DST_METADATA 0x0080

#define DST_OBSOLETE_NONE 0
#define DST_OBSOLETE_DEAD 2
#define DST_OBSOLETE_FORCE_CHK (-1)
#define DST_OBSOLETE_KILL (-2)

struct dst_entry {
	struct host *host;
	struct net_device *dev;
	const struct dst_ops *ops;
	const u32 *_metrics;	     /* metric m is at [m - 1]; of the fib_info, or all zero */
	struct dst_metrics *metrics; /* whose reference we hold, or NULL */
	unsigned long expires;	     /* jiffies; 0: never */
	int (*input)(struct sk_buff *skb);
	int (*output)(struct net *net, struct sock *sk, struct sk_buff *skb);
	u16 flags;
	short obsolete; /* DST_OBSOLETE_* */
	u16 header_len, trailer_len;
	int __refcnt;
	int __use;
	unsigned long lastuse;
	short error; /* of an entry that says "no" */
	struct rcu_head rcu_head;
};

extern const struct dst_metrics dst_default_metrics;

/* An entry from the family's cache, or NULL; the family fills in what follows struct dst_entry. */
struct dst_entry *dst_alloc(const struct dst_ops *ops, struct kmem_cache *cache, struct net_device *dev,
			    int initial_ref, int initial_obsolete, u16 flags);
void dst_init(struct dst_entry *dst, const struct dst_ops *ops, struct net_device *dev, int initial_ref,
	      int initial_obsolete, u16 flags);
/* Gives a reference back; the last one destroys the entry. NULL is allowed. */
void dst_release(struct dst_entry *dst);
/* The same where Linux's chart shows the call although there may be no route. */
void dst_release_of(struct host *host, struct dst_entry *dst);
void dst_release_immediate(struct dst_entry *dst);
/* The entry's device goes away: packets still under way are dropped. */
void dst_dev_put(struct dst_entry *dst);
int dst_discard(struct sk_buff *skb);
int dst_discard_out(struct net *net, struct sock *sk, struct sk_buff *skb);

static inline void dst_hold(struct dst_entry *dst)
{
	SIM_BUG_ON(dst->host, dst->__refcnt <= 0);
	dst->__refcnt++;
}

/* A reference unless the entry is being destroyed. */
static inline bool dst_hold_safe(struct dst_entry *dst)
{
	if (dst->__refcnt <= 0)
		return false;
	dst->__refcnt++;
	return true;
}

static inline struct dst_entry *dst_clone(struct dst_entry *dst)
{
	if (dst)
		dst_hold(dst);
	return dst;
}

/* ---- metrics ---- */

static inline u32 dst_metric_raw(const struct dst_entry *dst, int metric)
{
	return dst->_metrics[metric - 1];
}

/* A metric that is what it is when 0 (not MTU, ADVMSS, HOPLIMIT: these have defaults). */
static inline u32 dst_metric(const struct dst_entry *dst, int metric)
{
	return dst_metric_raw(dst, metric);
}

static inline u32 dst_metric_advmss(const struct dst_entry *dst)
{
	u32 advmss = dst_metric_raw(dst, RTAX_ADVMSS);

	if (!advmss) {
		TRACE_OP(dst, "default_advmss");
		advmss = dst->ops->default_advmss(dst);
	}
	return advmss;
}

static inline u32 dst_feature(const struct dst_entry *dst, u32 feature)
{
	return dst_metric(dst, RTAX_FEATURES) & feature;
}

static inline int dst_metric_locked(const struct dst_entry *dst, int metric)
{
	return !!(dst_metric(dst, RTAX_LOCK) & (1u << metric));
}

static inline u32 dst_allfrag(const struct dst_entry *dst)
{
	return dst_feature(dst, RTAX_FEATURE_ALLFRAG);
}

/* RTAX_RTT and RTAX_RTO_MIN are stored in milliseconds; a jiffy is one. */
static inline unsigned long dst_metric_rtt(const struct dst_entry *dst, int metric)
{
	return dst_metric(dst, metric);
}

static inline u32 dst_mtu(const struct dst_entry *dst)
{
	TRACE(dst, "get the mtu of the path");
	TRACE_OP(dst, "mtu");
	return dst->ops->mtu(dst);
}

/* ---- a family's operations ---- */

static inline struct dst_entry *dst_check(struct dst_entry *dst, u32 cookie)
{
	if (dst->obsolete) {
		TRACE_OP(dst, "check");
		dst = dst->ops->check(dst, cookie);
	}
	return dst;
}

static inline struct neighbour *dst_neigh_lookup(const struct dst_entry *dst, const void *daddr)
{
	TRACE_OP(dst, "neigh_lookup");
	return dst->ops->neigh_lookup(dst, NULL, daddr);
}

static inline struct neighbour *dst_neigh_lookup_skb(const struct dst_entry *dst, struct sk_buff *skb)
{
	TRACE_OP(dst, "neigh_lookup");
	return dst->ops->neigh_lookup(dst, skb, NULL);
}

static inline void dst_confirm_neigh(const struct dst_entry *dst, const void *daddr)
{
	TRACE_OP(dst, "confirm_neigh");
	dst->ops->confirm_neigh(dst, daddr);
}

/* What sk_dst_confirm() replaced; kept as Linux keeps it. */
static inline void dst_confirm(struct dst_entry *dst)
{
	(void)dst;
}

static inline void dst_set_expires(struct dst_entry *dst, int timeout)
{
	unsigned long expires = jiffies(dst->host) + (unsigned long)timeout;

	if (expires == 0)
		expires = 1;
	if (dst->expires == 0 || time_before(expires, dst->expires))
		dst->expires = expires;
}

/* ---- how a packet holds its route: skb->_skb_refdst ---- */

#define SKB_DST_NOREF 1UL
#define SKB_DST_PTRMASK (~(SKB_DST_NOREF))

static inline struct dst_entry *skb_dst(const struct sk_buff *skb)
{
	return (struct dst_entry *)(skb->_skb_refdst & SKB_DST_PTRMASK);
}

/* Gives the packet a route; the reference becomes the packet's. */
static inline void skb_dst_set(struct sk_buff *skb, struct dst_entry *dst)
{
	skb->_skb_refdst = (unsigned long)dst;
}

/* The packet borrows a route that the caller keeps alive. */
static inline void skb_dst_set_noref(struct sk_buff *skb, struct dst_entry *dst)
{
	skb->_skb_refdst = (unsigned long)dst | SKB_DST_NOREF;
}

static inline bool skb_dst_is_noref(const struct sk_buff *skb)
{
	return (skb->_skb_refdst & SKB_DST_NOREF) && skb_dst(skb);
}

static inline void refdst_drop(unsigned long refdst)
{
	if (!(refdst & SKB_DST_NOREF))
		dst_release((struct dst_entry *)(refdst & SKB_DST_PTRMASK));
}

static inline void skb_dst_drop(struct sk_buff *skb)
{
	if (skb->_skb_refdst) {
		refdst_drop(skb->_skb_refdst);
		skb->_skb_refdst = 0UL;
	}
}

static inline void __skb_dst_copy(struct sk_buff *nskb, unsigned long refdst)
{
	nskb->_skb_refdst = refdst;
	if (!(refdst & SKB_DST_NOREF))
		dst_clone(skb_dst(nskb));
}

static inline void skb_dst_copy(struct sk_buff *nskb, const struct sk_buff *oskb)
{
	__skb_dst_copy(nskb, oskb->_skb_refdst);
}

/* Turns a borrowed route into a reference before the packet is queued; false when it lost its route. */
static inline bool skb_dst_force(struct sk_buff *skb)
{
	if (skb_dst_is_noref(skb)) {
		struct dst_entry *dst = skb_dst(skb);

		if (!dst_hold_safe(dst))
			dst = NULL;
		skb->_skb_refdst = (unsigned long)dst;
	}
	return skb->_skb_refdst != 0UL;
}

static inline void dst_link_failure(struct sk_buff *skb)
{
	struct dst_entry *dst = skb_dst(skb);

	if (dst && dst->ops->link_failure) {
		TRACE_OP(skb, "link_failure");
		dst->ops->link_failure(skb);
	}
}

/* A packet did not fit the path: remember the mtu that does. */
static inline void skb_dst_update_pmtu(struct sk_buff *skb, u32 mtu)
{
	struct dst_entry *dst = skb_dst(skb);

	if (dst && dst->ops->update_pmtu) {
		TRACE_OP(skb, "update_pmtu");
		dst->ops->update_pmtu(dst, NULL, skb, mtu, true);
	}
}

static inline int dst_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "send the packet as its route says");
	TRACE_OP(skb, "output");
	return skb_dst(skb)->output(net, sk, skb);
}

static inline int dst_input(struct sk_buff *skb)
{
	TRACE_SKB(skb, "take the packet in or forward it, as its route says");
	TRACE_OP(skb, "input");
	return skb_dst(skb)->input(skb);
}

#endif
