/*
 * Addresses that the host answers for although they are not its own (`ip neigh add proxy`), and the answers
 * that wait a random while before they are given, so that the address's owner comes first.
 */
#include "stack/internet/dst.h"
#include "stack/internet/neigh_impl.h"

#define PNEIGH_HASHMASK 0xfu

/* ---- the entries ---- */

static unsigned int pneigh_hash(const struct neigh_table *tbl, __be32 key)
{
	TRACE(tbl, "which chain is the address's?");
	key ^= key >> 16;
	key ^= key >> 8;
	key ^= key >> 4;
	return key & PNEIGH_HASHMASK;
}

static struct pneigh_entry *__pneigh_lookup_1(const struct neigh_table *tbl, struct pneigh_entry *n,
					      __be32 key, const struct net_device *dev)
{
	TRACE(tbl, "look for the address in its chain");

	while (n && (n->key != key || (n->dev && n->dev != dev)))
		n = n->next;
	return n;
}

struct pneigh_entry *pneigh_lookup(struct neigh_table *tbl, const void *pkey, struct net_device *dev,
				   bool creat)
{
	TRACE(tbl, "do we answer for this address?");
	struct pneigh_entry *n;
	unsigned int hash_val;
	__be32 key;

	memcpy(&key, pkey, sizeof(key));
	hash_val = pneigh_hash(tbl, key);
	n = __pneigh_lookup_1(tbl, tbl->phash_buckets ? tbl->phash_buckets[hash_val] : NULL, key, dev);
	if (n || !creat)
		return n;
	ASSERT_RTNL(tbl->host);
	if (!tbl->phash_buckets)
		tbl->phash_buckets = kzalloc(tbl->host, (PNEIGH_HASHMASK + 1) * sizeof(n));
	n = tbl->phash_buckets ? kzalloc(tbl->host, sizeof(*n)) : NULL;
	if (!n)
		return NULL;
	n->key = key;
	n->dev = dev;
	if (dev)
		dev_hold(dev);
	n->next = tbl->phash_buckets[hash_val];
	tbl->phash_buckets[hash_val] = n;
	return n;
}

static void pneigh_free(struct neigh_table *tbl, struct pneigh_entry *n)
{
	if (n->dev)
		dev_put(n->dev);
	kfree(tbl->host, n);
}

int pneigh_delete(struct neigh_table *tbl, const void *pkey, struct net_device *dev)
{
	TRACE(tbl, "answer for the address no longer");
	struct pneigh_entry *n, **np;
	unsigned int hash_val;
	__be32 key;

	memcpy(&key, pkey, sizeof(key));
	hash_val = pneigh_hash(tbl, key);
	if (!tbl->phash_buckets)
		return -ENOENT;
	for (np = &tbl->phash_buckets[hash_val]; (n = *np) != NULL; np = &n->next) {
		if (n->key == key && n->dev == dev) {
			*np = n->next;
			pneigh_free(tbl, n);
			return 0;
		}
	}
	return -ENOENT;
}

/* The device goes down (NULL: all do): its entries go. */
void pneigh_ifdown_and_unlock(struct neigh_table *tbl, struct net_device *dev, bool skip_perm)
{
	TRACE(tbl, "answer for nobody by the device any more");
	struct pneigh_entry *n, **np;

	for (unsigned int h = 0; tbl->phash_buckets && h <= PNEIGH_HASHMASK; h++) {
		for (np = &tbl->phash_buckets[h]; (n = *np) != NULL;) {
			if ((skip_perm && n->permanent) || (dev && n->dev != dev)) {
				np = &n->next;
				continue;
			}
			*np = n->next;
			pneigh_free(tbl, n);
		}
	}
}

void pneigh_for_each(struct neigh_table *tbl, void (*fn)(const struct pneigh_entry *n, void *cookie),
		     void *cookie)
{
	for (unsigned int h = 0; tbl->phash_buckets && h <= PNEIGH_HASHMASK; h++) {
		for (const struct pneigh_entry *n = tbl->phash_buckets[h]; n; n = n->next)
			fn(n, cookie);
	}
}

/* ---- answers that wait ---- */

static void neigh_proxy_process(struct timer_list *t)
{
	struct neigh_table *tbl = from_timer(tbl, t, proxy_timer);
	TRACE(tbl, "answer the requests for others that have waited long enough");
	unsigned long now = jiffies(tbl->host);
	long sched_next = 0;
	struct sk_buff *skb, *n;

	for (skb = skb_peek(&tbl->proxy_queue); skb; skb = n) {
		long tdif = (long)(NEIGH_CB(skb)->sched_next - now);
		struct net_device *dev = skb->dev;

		n = skb_peek_next(skb, &tbl->proxy_queue);
		if (tdif <= 0) {
			__skb_unlink(skb, &tbl->proxy_queue);
			if (netif_running(dev)) {
				TRACE_OP(tbl, "proxy_redo");
				tbl->proxy_redo(skb);
			} else {
				kfree_skb_reason(skb, SKB_DROP_REASON_DEV_DOWN);
			}
			dev_put(dev);
		} else if (!sched_next || tdif < sched_next) {
			sched_next = tdif;
		}
	}
	del_timer(&tbl->proxy_timer);
	if (sched_next)
		mod_timer(&tbl->proxy_timer, now + (unsigned long)sched_next);
}

void pneigh_enqueue(struct neigh_table *tbl, struct neigh_parms *p, struct sk_buff *skb)
{
	TRACE_SKB(skb, "put off the answer for another host, by up to proxy_delay");
	unsigned long sched_next =
		jiffies(tbl->host) + random_below(&tbl->proxy_random, (u32)NEIGH_VAR(p, PROXY_DELAY));

	if (tbl->proxy_queue.qlen > (u32)NEIGH_VAR(p, PROXY_QLEN)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_PROXYFULL);
		return;
	}
	NEIGH_CB(skb)->sched_next = sched_next;
	NEIGH_CB(skb)->flags |= LOCALLY_ENQUEUED;
	if (timer_pending(&tbl->proxy_timer) && time_before(tbl->proxy_timer.expires, sched_next))
		sched_next = tbl->proxy_timer.expires;
	skb_dst_drop(skb);
	dev_hold(skb->dev);
	__skb_queue_tail(&tbl->proxy_queue, skb);
	mod_timer(&tbl->proxy_timer, sched_next);
}

/* Forgets all answers that wait, as 5.15 does whichever device goes down. */
void pneigh_queue_purge(struct neigh_table *tbl)
{
	TRACE(tbl, "forget answers that wait");
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&tbl->proxy_queue)) != NULL) {
		dev_put(skb->dev);
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_DOWN);
	}
	del_timer(&tbl->proxy_timer);
}

void pneigh_init(struct neigh_table *tbl)
{
	__skb_queue_head_init(&tbl->proxy_queue);
	timer_setup(tbl->host, &tbl->proxy_timer, neigh_proxy_process, 0);
	random_init(&tbl->proxy_random, tbl->host->sim, tbl->host->name, "neigh/proxy");
}
