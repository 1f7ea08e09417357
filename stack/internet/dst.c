/*
 * Life of a dst_entry: made with one reference or none, freed when the last is given back. A family's
 * routing embeds it first in its own structure and frees that in ops->destroy.
 *
 * The last reference may be dropped by a function that lies inside one that still reads the entry (a
 * packet freed under dst_output()), so it is freed by call_rcu().
 */
#include "stack/internet/dst.h"

#include "stack/interface/netdevice.h"
#include "stack/internet/internet.h"

const struct dst_metrics dst_default_metrics = { .refcnt = 1 };

int dst_discard_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)net, (void)sk;
	kfree_skb_reason(skb, SKB_DROP_REASON_DEV_DOWN);
	return 0;
}

int dst_discard(struct sk_buff *skb)
{
	return dst_discard_out(NULL, skb->sk, skb);
}

void dst_init(struct dst_entry *dst, const struct dst_ops *ops, struct net_device *dev, int initial_ref,
	      int initial_obsolete, u16 flags)
{
	TRACE(dst, "init dst_entry and its reference count");
	dst->dev = dev;
	if (dev)
		dev_hold(dev);
	dst->ops = ops;
	dst->_metrics = dst_default_metrics.metrics;
	dst->metrics = NULL;
	dst->expires = 0;
	dst->input = dst_discard;
	dst->output = dst_discard_out;
	dst->error = 0;
	dst->obsolete = (short)initial_obsolete;
	dst->header_len = 0;
	dst->trailer_len = 0;
	dst->__refcnt = initial_ref;
	dst->__use = 0;
	dst->lastuse = jiffies(dst->host);
	dst->flags = flags;
	if (!(flags & DST_NOCOUNT))
		inet_state(dst->host)->nr_dst++;
}

struct dst_entry *dst_alloc(const struct dst_ops *ops, struct kmem_cache *cache, struct net_device *dev,
			    int initial_ref, int initial_obsolete, u16 flags)
{
	TRACE(dev, "allocate a route entry");
	struct dst_entry *dst = kmem_cache_alloc(dev->host, cache);

	if (!dst)
		return NULL;
	dst->host = dev->host;
	dst_init(dst, ops, dev, initial_ref, initial_obsolete, flags);
	return dst;
}

/* Frees an entry that nobody refers to any more. */
static void dst_destroy(struct dst_entry *dst)
{
	TRACE(dst, "free a route entry that nobody uses");
	struct net_device *dev = dst->dev;
	struct dst_metrics *metrics = dst->metrics;
	struct host *host = dst->host;

	if (dst->ops->destroy) {
		TRACE_OP(dst, "destroy");
		dst->ops->destroy(dst); /* the memory as well */
	}
	if (dev)
		dev_put(dev);
	if (metrics && --metrics->refcnt == 0)
		kfree(host, metrics);
}

static void dst_destroy_rcu(struct rcu_head *head)
{
	struct dst_entry *dst = container_of(head, struct dst_entry, rcu_head);
	TRACE(dst, "free a route entry after its last readers are done");

	dst_destroy(dst);
}

static void dst_count_dec(struct dst_entry *dst)
{
	TRACE(dst, "count one route entry less");
	struct inet_state *state = inet_state(dst->host); /* NULL: at the end of a host */

	if (state && !(dst->flags & DST_NOCOUNT))
		state->nr_dst--;
}

void dst_release(struct dst_entry *dst)
{
	if (!dst)
		return;
	TRACE(dst, "drop a reference to the route");
	SIM_BUG_ON(dst->host, dst->__refcnt <= 0);
	if (--dst->__refcnt == 0) {
		dst_count_dec(dst);
		call_rcu(dst->host, &dst->rcu_head, dst_destroy_rcu);
	}
}

void dst_release_of(struct host *host, struct dst_entry *dst)
{
	if (dst) {
		dst_release(dst);
		return;
	}
	TRACE_AS(host, "dst_release", "drop a reference to the route");
}

void dst_release_immediate(struct dst_entry *dst)
{
	if (!dst)
		return;
	TRACE(dst, "drop a reference to the route, and free it at once if it was the last");
	SIM_BUG_ON(dst->host, dst->__refcnt <= 0);
	if (--dst->__refcnt == 0) {
		dst_count_dec(dst);
		dst_destroy(dst);
	}
}

void dst_dev_put(struct dst_entry *dst)
{
	TRACE(dst, "let go of the route's device: the route is not to be used any more");
	struct net_device *dev = dst->dev;

	dst->obsolete = DST_OBSOLETE_DEAD;
	dst->input = dst_discard;
	dst->output = dst_discard_out;
	/* Holders may still look at dst->dev: loopback outlives every other device. */
	if (dev && dev != dst->host->net->loopback_dev) {
		dst->dev = dst->host->net->loopback_dev;
		dev_hold(dst->dev);
		dev_put(dev);
	}
}
