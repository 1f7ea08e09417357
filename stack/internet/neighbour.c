/*
 * The table of neighbours: look-up, creation and removal.
 *
 * Entries are in a hash by address and device, and on all_list in order of creation, so that walks do not
 * depend on the hash. A table holds one reference to each of its entries; an entry that left the table
 * (dead) is freed with its last reference, after the functions that borrowed it are done (call_rcu).
 */
#include "stack/internet/neigh_impl.h"

#include "stack/internet/arp.h"
#include "stack/kernel/printk.h"
#include "stack/kernel/rcu.h"

/* ---- the hash ---- */

static u32 neigh_bucket(const struct neigh_table *tbl, u32 hash)
{
	return hash >> (32 - tbl->nht.hash_shift);
}

/* Rehashes everything into a table of 1 << shift buckets; without memory the old one stays in use. */
static void neigh_hash_grow(struct neigh_table *tbl, unsigned int shift)
{
	struct neighbour **new = kzalloc(tbl->host, sizeof(*new) << shift), *n;
	u32 bucket;

	if (!new)
		return;
	if (tbl->nht.hash_buckets) /* the first ones are no growth */
		NEIGH_CACHE_STAT_INC(tbl, hash_grows);
	kfree(tbl->host, tbl->nht.hash_buckets);
	tbl->nht.hash_buckets = new;
	tbl->nht.hash_shift = shift;
	list_for_each_entry (n, &tbl->all_list, all_list) {
		n->hash = tbl->hash(&n->primary_key, n->dev, tbl->nht.hash_rnd);
		bucket = neigh_bucket(tbl, n->hash);
		n->next = new[bucket];
		new[bucket] = n;
	}
}

struct neighbour *neigh_lookup(struct neigh_table *tbl, const void *pkey, struct net_device *dev)
{
	TRACE(tbl, "find a neighbour by address and device");
	u32 bucket = neigh_bucket(tbl, tbl->hash(pkey, dev, tbl->nht.hash_rnd));
	struct neighbour *n = tbl->nht.hash_buckets ? tbl->nht.hash_buckets[bucket] : NULL;

	NEIGH_CACHE_STAT_INC(tbl, lookups);
	while (n && (n->dev != dev || !tbl->key_eq(n, pkey)))
		n = n->next;
	if (n) {
		neigh_hold(n);
		NEIGH_CACHE_STAT_INC(tbl, hits);
	}
	return n;
}

/* ---- removal ---- */

static void neigh_mark_dead(struct neighbour *n)
{
	TRACE(n, "the neighbour is in no table any more");
	n->dead = 1;
	if (!list_empty(&n->gc_list)) {
		list_del_init(&n->gc_list);
		n->tbl->gc_entries--;
	}
}

/* Drops what waits for the address. */
void neigh_purge_queue(struct neighbour *n, enum skb_drop_reason reason)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&n->arp_queue)) != NULL)
		kfree_skb_reason(skb, reason);
	n->arp_queue_len_bytes = 0;
}

/* Takes the entry out of its table; the table's reference passes to the caller. */
static void neigh_unlink(struct neigh_table *tbl, struct neighbour *n)
{
	struct neighbour **np = &tbl->nht.hash_buckets[neigh_bucket(tbl, n->hash)];

	while (*np != n)
		np = &(*np)->next;
	*np = n->next;
	list_del_init(&n->all_list);
}

static void neigh_cleanup_and_release(struct neighbour *neigh)
{
	TRACE(neigh, "tell that the neighbour is gone, and let go of it");
	neigh_notify_gone(neigh);
	neigh_release(neigh);
}

bool neigh_reap(struct neighbour *n, struct neigh_table *tbl)
{
	if (n->refcnt != 1 || n->dead)
		return false;
	neigh_unlink(tbl, n);
	neigh_mark_dead(n);
	neigh_cleanup_and_release(n);
	return true;
}

static bool neigh_del(struct neighbour *n, struct neigh_table *tbl)
{
	TRACE(n, "take the neighbour out of its chain, unless somebody uses it");
	return neigh_reap(n, tbl);
}

bool neigh_remove_one(struct neighbour *ndel, struct neigh_table *tbl)
{
	TRACE(ndel, "take one neighbour out of the table");
	ndel->hash = tbl->hash(&ndel->primary_key, ndel->dev, tbl->nht.hash_rnd);
	return neigh_del(ndel, tbl);
}

static void neigh_free_rcu(struct rcu_head *head)
{
	struct neighbour *neigh = container_of(head, struct neighbour, rcu);

	kmem_cache_free(neigh->host, neigh->tbl->cache, neigh);
}

void neigh_destroy(struct neighbour *neigh)
{
	TRACE(neigh, "free a neighbour");
	bool running = neigh_del_timer(neigh);

	SIM_BUG_ON(neigh->host, !neigh->dead);
	SIM_BUG_ON(neigh->host, running);
	NEIGH_CACHE_STAT_INC(neigh->tbl, destroys);
	neigh_purge_queue(neigh, SKB_DROP_REASON_NEIGH_DEAD);
	if (neigh->dev)
		dev_put(neigh->dev);
	neigh_parms_put(neigh->parms);
	neigh->tbl->entries--;
	call_rcu(neigh->host, &neigh->rcu, neigh_free_rcu);
}

static void neigh_flush_dev(struct neigh_table *tbl, struct net_device *dev, bool skip_perm)
{
	TRACE(tbl, "take a device's neighbours out of the table");
	struct neighbour *n, *next;

	list_for_each_entry_safe (n, next, &tbl->all_list, all_list) {
		if ((dev && n->dev != dev) || (skip_perm && (n->nud_state & NUD_PERMANENT)))
			continue;
		neigh_unlink(tbl, n);
		neigh_del_timer(n);
		neigh_mark_dead(n);
		if (n->refcnt != 1) { /* somebody uses it still: make it harmless */
			neigh_purge_queue(n, SKB_DROP_REASON_NEIGH_DEAD);
			n->output = neigh_blackhole;
			neigh_set_state(n, n->nud_state & NUD_VALID ? NUD_NOARP : NUD_NONE);
		}
		neigh_cleanup_and_release(n);
	}
}

void neigh_changeaddr(struct neigh_table *tbl, struct net_device *dev)
{
	TRACE(tbl, "forget the device's neighbours: its address changed");
	neigh_flush_dev(tbl, dev, false);
}

static void __neigh_ifdown(struct neigh_table *tbl, struct net_device *dev, bool skip_perm)
{
	TRACE(tbl, "forget neighbours, those answered for, and answers that wait");
	neigh_flush_dev(tbl, dev, skip_perm);
	pneigh_ifdown_and_unlock(tbl, dev, skip_perm);
	pneigh_queue_purge(tbl);
}

int neigh_ifdown(struct neigh_table *tbl, struct net_device *dev)
{
	TRACE(tbl, "forget the device's neighbours: it goes down");
	__neigh_ifdown(tbl, dev, false);
	return 0;
}

int neigh_carrier_down(struct neigh_table *tbl, struct net_device *dev)
{
	TRACE(tbl, "forget the device's neighbours: its link is down");
	__neigh_ifdown(tbl, dev, true);
	return 0;
}

/* ---- creation ---- */

static struct neighbour *neigh_alloc(struct neigh_table *tbl, struct net_device *dev, bool exempt_from_gc)
{
	TRACE(tbl, "allocate a neighbour entry");
	unsigned long now = jiffies(tbl->host);
	struct neighbour *n = NULL;
	int entries;

	(void)dev;
	if (!exempt_from_gc) {
		entries = tbl->gc_entries++;
		if ((entries >= tbl->gc_thresh3 ||
		     (entries >= tbl->gc_thresh2 && time_after(now, tbl->last_flush + 5 * HZ))) &&
		    !neigh_forced_gc(tbl) && entries >= tbl->gc_thresh3) {
			net_info_ratelimited(tbl->host, "neighbour: %s: neighbor table overflow!", tbl->id);
			NEIGH_CACHE_STAT_INC(tbl, table_fulls);
			goto out_entries;
		}
	}
	n = kmem_cache_zalloc(tbl->host, tbl->cache);
	if (!n)
		goto out_entries;
	n->host = tbl->host;
	n->tbl = tbl;
	__skb_queue_head_init(&n->arp_queue);
	INIT_LIST_HEAD(&n->gc_list);
	INIT_LIST_HEAD(&n->all_list);
	n->updated = n->used = now;
	n->nud_state = NUD_NONE;
	n->trace_id = ++tbl->last_trace_id;
	n->output = neigh_blackhole;
	n->parms = neigh_parms_clone(&tbl->parms);
	timer_setup(tbl->host, &n->timer, neigh_timer_handler, 0);
	n->refcnt = 1;
	n->dead = 1;
	NEIGH_CACHE_STAT_INC(tbl, allocs);
	tbl->entries++;
	return n;
out_entries:
	if (!exempt_from_gc)
		tbl->gc_entries--;
	return NULL;
}

struct neighbour *___neigh_create(struct neigh_table *tbl, const void *pkey, struct net_device *dev,
				  bool exempt_from_gc, bool want_ref)
{
	TRACE(tbl, "create a neighbour unless it is there");
	struct neighbour *n, *n1, *rc;
	u32 bucket;
	int error;

	n = neigh_alloc(tbl, dev, exempt_from_gc);
	if (!n)
		return ERR_PTR(-ENOBUFS);
	memcpy(&n->primary_key, pkey, tbl->key_len);
	n->dev = dev;
	dev_hold(dev);
	if (tbl->constructor) {
		TRACE_OP(tbl, "constructor");
		error = tbl->constructor(n);
		rc = ERR_PTR(error);
		if (error < 0)
			goto out_neigh_release;
	}
	n->confirmed = jiffies(tbl->host) - ((unsigned long)NEIGH_VAR(n->parms, BASE_REACHABLE_TIME) << 1);
	if (!tbl->nht.hash_buckets)
		neigh_hash_grow(tbl, tbl->nht.hash_shift);
	else if (tbl->entries > 1 << tbl->nht.hash_shift)
		neigh_hash_grow(tbl, tbl->nht.hash_shift + 1);
	rc = ERR_PTR(-ENOBUFS);
	if (!tbl->nht.hash_buckets)
		goto out_neigh_release;
	n->hash = tbl->hash(&n->primary_key, dev, tbl->nht.hash_rnd);
	bucket = neigh_bucket(tbl, n->hash);
	rc = ERR_PTR(-EINVAL);
	if (n->parms->dead)
		goto out_neigh_release;
	for (n1 = tbl->nht.hash_buckets[bucket]; n1; n1 = n1->next) {
		if (n1->dev == dev && n1->primary_key == n->primary_key) {
			if (want_ref)
				neigh_hold(n1);
			rc = n1;
			goto out_neigh_release;
		}
	}
	n->dead = 0;
	if (!exempt_from_gc)
		list_add_tail(&n->gc_list, &tbl->gc_list);
	list_add_tail(&n->all_list, &tbl->all_list);
	if (want_ref)
		neigh_hold(n);
	n->next = tbl->nht.hash_buckets[bucket];
	tbl->nht.hash_buckets[bucket] = n;
	return n;
out_neigh_release:
	if (!exempt_from_gc)
		tbl->gc_entries--;
	neigh_release(n);
	return rc;
}

struct neighbour *__neigh_create(struct neigh_table *tbl, const void *pkey, struct net_device *dev,
				 bool want_ref)
{
	TRACE(tbl, "create a neighbour");
	return ___neigh_create(tbl, pkey, dev, false, want_ref);
}

/* ---- start and end ---- */

int neigh_table_init(struct host *host, struct neigh_table *tbl)
{
	tbl->host = host;
	tbl->parms.host = host;
	tbl->parms.tbl = tbl;
	tbl->parms.refcnt = 1;
	INIT_LIST_HEAD(&tbl->gc_list);
	INIT_LIST_HEAD(&tbl->all_list);
	tbl->nht.hash_shift = 3; /* buckets come with the first entry */
	random_init(&tbl->random, host->sim, host->name, "neigh/arp");
	for (unsigned int i = 0; i < ARRAY_SIZE(tbl->nht.hash_rnd); i++)
		tbl->nht.hash_rnd[i] = random_u32(&tbl->random) | 1;
	tbl->parms.reachable_time =
		(int)neigh_rand_reach_time(tbl, (unsigned long)NEIGH_VAR(&tbl->parms, BASE_REACHABLE_TIME));
	pneigh_init(tbl);
	tbl->cache = kmem_cache_create(host, "arp_cache", tbl->entry_size);
	if (!tbl->cache)
		return -ENOMEM;
	tbl->last_flush = tbl->last_rand = jiffies(host);
	INIT_DEFERRABLE_WORK(host, &tbl->gc_work, neigh_periodic_work);
	queue_delayed_work(system_power_efficient_wq, &tbl->gc_work,
			   (unsigned long)tbl->parms.reachable_time);
	return 0;
}

void neigh_table_clear(struct neigh_table *tbl)
{
	cancel_delayed_work_sync(&tbl->gc_work);
	__neigh_ifdown(tbl, NULL, false);
	rcu_barrier(tbl->host);
	SIM_BUG_ON(tbl->host, tbl->entries != 0 || tbl->gc_entries != 0);
	kfree(tbl->host, tbl->phash_buckets);
	tbl->phash_buckets = NULL;
	kfree(tbl->host, tbl->nht.hash_buckets);
	tbl->nht.hash_buckets = NULL;
}

int neigh_init(struct host *host)
{
	if (host->net->neigh)
		return 0;
	host->net->neigh = kzalloc(host, sizeof(*host->net->neigh));
	if (!host->net->neigh)
		return -ENOMEM;
	return 0;
}

void neigh_exit(struct host *host)
{
	if (host->net->neigh)
		kfree(host, host->net->neigh);
	host->net->neigh = NULL;
}
