/*
 * The table of neighbours: look-up, creation, removal and garbage collection.
 *
 * Entries are in a hash by address and device, and on all_list in order of creation, so that walks do not
 * depend on the hash. A table holds one reference to each of its entries; an entry that left the table
 * (dead) is freed with its last reference, after the functions that borrowed it are done (call_rcu).
 */
#include "stack/internet/neigh_impl.h"

#include "stack/internet/arp.h"
#include "stack/kernel/printk.h"
#include "stack/kernel/rcu.h"

/* ---- parameters ---- */

unsigned long neigh_rand_reach_time(struct neigh_table *tbl, unsigned long base)
{
	return base ? random_below(&tbl->random, (u32)base) + (base >> 1) : 0;
}

struct neigh_parms *neigh_parms_clone(struct neigh_parms *parms)
{
	parms->refcnt++;
	return parms;
}

void neigh_parms_put(struct neigh_parms *parms)
{
	if (--parms->refcnt == 0)
		kfree(parms->host, parms);
}

struct neigh_parms *neigh_parms_alloc(struct net_device *dev, struct neigh_table *tbl)
{
	struct neigh_parms *p = kzalloc(dev->host, sizeof(*p));

	if (!p)
		return NULL;
	*p = tbl->parms;
	p->refcnt = 1;
	p->dead = false;
	p->dev = dev;
	dev_hold(dev);
	p->reachable_time = (int)neigh_rand_reach_time(tbl, (unsigned long)NEIGH_VAR(p, BASE_REACHABLE_TIME));
	p->next = tbl->parms.next;
	tbl->parms.next = p;
	return p;
}

void neigh_parms_release(struct neigh_table *tbl, struct neigh_parms *parms)
{
	struct neigh_parms **pp = &tbl->parms.next;

	if (!parms)
		return;
	while (*pp && *pp != parms)
		pp = &(*pp)->next;
	if (*pp)
		*pp = parms->next;
	parms->dead = true;
	dev_put(parms->dev);
	parms->dev = NULL;
	neigh_parms_put(parms);
}

/* ---- the hash ---- */

static u32 neigh_bucket(struct neigh_table *tbl, const void *pkey, const struct net_device *dev)
{
	return tbl->hash(pkey, dev, tbl->nht.hash_rnd) >> (32 - tbl->nht.hash_shift);
}

/* Rehashes everything into a table of 1 << shift buckets; without memory the old one stays in use. */
static void neigh_hash_grow(struct neigh_table *tbl, unsigned int shift)
{
	struct neighbour **new = kzalloc(tbl->host, sizeof(*new) << shift), *n;
	u32 bucket;

	if (!new)
		return;
	NEIGH_CACHE_STAT_INC(tbl, hash_grows);
	kfree(tbl->host, tbl->nht.hash_buckets);
	tbl->nht.hash_buckets = new;
	tbl->nht.hash_shift = shift;
	list_for_each_entry (n, &tbl->all_list, all_list) {
		bucket = neigh_bucket(tbl, &n->primary_key, n->dev);
		n->next = new[bucket];
		new[bucket] = n;
	}
}

struct neighbour *neigh_lookup(struct neigh_table *tbl, const void *pkey, struct net_device *dev)
{
	TRACE(tbl, "find a neighbour by address and device");
	u32 bucket = neigh_bucket(tbl, pkey, dev);
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
	n->dead = 1;
	if (!list_empty(&n->gc_list)) {
		list_del_init(&n->gc_list);
		n->tbl->gc_entries--;
	}
}

/* Takes the entry out of its table; the table's reference passes to the caller. */
static void neigh_unlink(struct neigh_table *tbl, struct neighbour *n)
{
	struct neighbour **np = &tbl->nht.hash_buckets[neigh_bucket(tbl, &n->primary_key, n->dev)];

	while (*np != n)
		np = &(*np)->next;
	*np = n->next;
	list_del_init(&n->all_list);
	neigh_mark_dead(n);
}

static void neigh_cleanup_and_release(struct neighbour *neigh)
{
	neigh_notify_gone(neigh);
	neigh_release(neigh);
}

bool neigh_remove_one(struct neighbour *ndel, struct neigh_table *tbl)
{
	if (ndel->refcnt != 1 || ndel->dead)
		return false;
	neigh_unlink(tbl, ndel);
	neigh_cleanup_and_release(ndel);
	return true;
}

static void neigh_free_rcu(struct rcu_head *head)
{
	struct neighbour *neigh = container_of(head, struct neighbour, rcu);

	kmem_cache_free(neigh->host, neigh->tbl->cache, neigh);
}

void neigh_destroy(struct neighbour *neigh)
{
	TRACE(neigh, "free a neighbour");
	SIM_BUG_ON(neigh->host, !neigh->dead);
	SIM_BUG_ON(neigh->host, timer_pending(&neigh->timer));
	NEIGH_CACHE_STAT_INC(neigh->tbl, destroys);
	__skb_queue_purge(&neigh->arp_queue);
	neigh->arp_queue_len_bytes = 0;
	if (neigh->dev)
		dev_put(neigh->dev);
	neigh_parms_put(neigh->parms);
	neigh->tbl->entries--;
	call_rcu(neigh->host, &neigh->rcu, neigh_free_rcu);
}

static void neigh_flush_dev(struct neigh_table *tbl, struct net_device *dev, bool skip_perm)
{
	struct neighbour *n, *next;

	list_for_each_entry_safe (n, next, &tbl->all_list, all_list) {
		if ((dev && n->dev != dev) || (skip_perm && (n->nud_state & NUD_PERMANENT)))
			continue;
		neigh_hold(n);
		neigh_unlink(tbl, n);
		neigh_del_timer(n);
		__skb_queue_purge(&n->arp_queue);
		n->arp_queue_len_bytes = 0;
		n->output = neigh_blackhole;
		n->hh.hh_len = 0;
		n->nud_state = n->nud_state & NUD_VALID ? NUD_NOARP : NUD_NONE;
		neigh_cleanup_and_release(n);
		neigh_release(n);
	}
}

void neigh_changeaddr(struct neigh_table *tbl, struct net_device *dev)
{
	TRACE(tbl, "forget the device's neighbours: its address changed");
	neigh_flush_dev(tbl, dev, false);
}

int neigh_ifdown(struct neigh_table *tbl, struct net_device *dev)
{
	TRACE(tbl, "forget the device's neighbours: it goes down");
	neigh_flush_dev(tbl, dev, false);
	return 0;
}

int neigh_carrier_down(struct neigh_table *tbl, struct net_device *dev)
{
	TRACE(tbl, "forget the device's neighbours: its link is down");
	neigh_flush_dev(tbl, dev, true);
	return 0;
}

/* ---- garbage collection ---- */

/* The table is full: removes what nobody used for five seconds, oldest first. Returns how many. */
static int neigh_forced_gc(struct neigh_table *tbl)
{
	TRACE(tbl, "make room in the full neighbour table");
	int max_clean = tbl->gc_entries - tbl->gc_thresh2, shrunk = 0;
	unsigned long now = jiffies(tbl->host), tref = now - 5 * HZ;
	struct neighbour *n, *next;

	NEIGH_CACHE_STAT_INC(tbl, forced_gc_runs);
	list_for_each_entry_safe (n, next, &tbl->gc_list, gc_list) {
		if (n->refcnt != 1)
			continue;
		if (n->nud_state != NUD_FAILED && n->nud_state != NUD_NOARP &&
		    time_in_range(n->updated, tref, now))
			continue;
		if (neigh_remove_one(n, tbl) && ++shrunk >= max_clean)
			break;
	}
	tbl->last_flush = now;
	return shrunk;
}

/* May the periodic collection take this entry? */
static bool neigh_is_garbage(struct neighbour *n, unsigned long now)
{
	if (n->nud_state & (NUD_PERMANENT | NUD_IN_TIMER) || (n->flags & NTF_EXT_LEARNED) || n->refcnt != 1)
		return false;
	if (time_before(n->used, n->confirmed))
		n->used = n->confirmed;
	return n->nud_state == NUD_FAILED ||
	       time_after(now, n->used + (unsigned long)NEIGH_VAR(n->parms, GC_STALETIME));
}

static void neigh_periodic_work(struct work_struct *work)
{
	struct neigh_table *tbl = container_of(to_delayed_work(work), struct neigh_table, gc_work);
	TRACE(tbl, "draw new reachable times and remove neighbours that nobody uses");
	unsigned long now = jiffies(tbl->host);
	struct neighbour *n, *next;
	struct neigh_parms *p;

	NEIGH_CACHE_STAT_INC(tbl, periodic_gc_runs);
	if (time_after(now, tbl->last_rand + 300 * HZ)) {
		tbl->last_rand = now;
		for (p = &tbl->parms; p; p = p->next)
			p->reachable_time = (int)neigh_rand_reach_time(
				tbl, (unsigned long)NEIGH_VAR(p, BASE_REACHABLE_TIME));
	}
	if (tbl->entries >= tbl->gc_thresh1) {
		list_for_each_entry_safe (n, next, &tbl->all_list, all_list) {
			if (neigh_is_garbage(n, now))
				neigh_remove_one(n, tbl);
		}
	}
	queue_delayed_work(system_power_efficient_wq, &tbl->gc_work,
			   (unsigned long)NEIGH_VAR(&tbl->parms, BASE_REACHABLE_TIME) >> 1);
}

/* ---- creation ---- */

static struct neighbour *neigh_alloc(struct neigh_table *tbl, struct net_device *dev, bool exempt_from_gc)
{
	TRACE(tbl, "allocate a neighbour entry");
	unsigned long now = jiffies(tbl->host);
	struct neighbour *n;

	(void)dev;
	if (!exempt_from_gc &&
	    (tbl->gc_entries >= tbl->gc_thresh3 ||
	     (tbl->gc_entries >= tbl->gc_thresh2 && time_after(now, tbl->last_flush + 5 * HZ)))) {
		if (!neigh_forced_gc(tbl) && tbl->gc_entries >= tbl->gc_thresh3) {
			if (tbl->stats.table_fulls++ == 0)
				pr_info(tbl->host, "neighbour: %s: neighbor table overflow!", tbl->id);
			return NULL;
		}
	}
	n = kmem_cache_zalloc(tbl->host, tbl->cache);
	if (!n)
		return NULL;
	n->host = tbl->host;
	n->tbl = tbl;
	__skb_queue_head_init(&n->arp_queue);
	INIT_LIST_HEAD(&n->gc_list);
	INIT_LIST_HEAD(&n->all_list);
	n->updated = n->used = now;
	n->nud_state = NUD_NONE;
	n->output = neigh_blackhole;
	n->parms = neigh_parms_clone(&tbl->parms);
	timer_setup(tbl->host, &n->timer, neigh_timer_handler, 0);
	n->refcnt = 1;
	n->dead = 1;
	NEIGH_CACHE_STAT_INC(tbl, allocs);
	tbl->entries++;
	return n;
}

static struct neighbour *___neigh_create(struct neigh_table *tbl, const void *pkey, struct net_device *dev,
					 bool exempt_from_gc, bool want_ref)
{
	TRACE(tbl, "create a neighbour unless it is there");
	struct neighbour *n, *n1;
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
		if (error < 0)
			goto out_neigh_release;
	}
	n->confirmed = jiffies(tbl->host) - ((unsigned long)NEIGH_VAR(n->parms, BASE_REACHABLE_TIME) << 1);
	if (!tbl->nht.hash_buckets)
		neigh_hash_grow(tbl, tbl->nht.hash_shift);
	else if (tbl->entries > 1 << tbl->nht.hash_shift)
		neigh_hash_grow(tbl, tbl->nht.hash_shift + 1);
	error = -ENOBUFS;
	if (!tbl->nht.hash_buckets)
		goto out_neigh_release;
	bucket = neigh_bucket(tbl, &n->primary_key, dev);
	error = -EINVAL;
	if (n->parms->dead)
		goto out_neigh_release;
	for (n1 = tbl->nht.hash_buckets[bucket]; n1; n1 = n1->next) {
		if (n1->dev == dev && n1->primary_key == n->primary_key) {
			if (want_ref)
				neigh_hold(n1);
			neigh_release(n);
			return n1;
		}
	}
	n->dead = 0;
	if (!exempt_from_gc) {
		list_add_tail(&n->gc_list, &tbl->gc_list);
		tbl->gc_entries++;
	}
	list_add_tail(&n->all_list, &tbl->all_list);
	if (want_ref)
		neigh_hold(n);
	n->next = tbl->nht.hash_buckets[bucket];
	tbl->nht.hash_buckets[bucket] = n;
	return n;
out_neigh_release:
	neigh_release(n);
	return ERR_PTR(error);
}

struct neighbour *__neigh_create(struct neigh_table *tbl, const void *pkey, struct net_device *dev,
				 bool want_ref)
{
	TRACE(tbl, "create a neighbour");
	return ___neigh_create(tbl, pkey, dev, false, want_ref);
}

/* ---- `ip neigh` ---- */

int ip_neigh_add(struct host *host, const char *name, __be32 addr, const u8 *lladdr, u8 state)
{
	struct net_device *dev = __dev_get_by_name(host->net, name);
	struct neighbour *n;
	int err;

	if (!dev)
		return -ENODEV;
	if (!addr || (!lladdr && (state & NUD_VALID)))
		return -EINVAL;
	n = neigh_lookup(arp_tbl(host->net), &addr, dev);
	if (!n) {
		n = ___neigh_create(arp_tbl(host->net), &addr, dev, (state & NUD_PERMANENT) != 0, true);
		if (IS_ERR(n))
			return (int)PTR_ERR(n);
	}
	err = neigh_update(n, lladdr, state, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN, 0);
	neigh_release(n);
	return err;
}

int ip_neigh_del(struct host *host, const char *name, __be32 addr)
{
	struct net_device *dev = __dev_get_by_name(host->net, name);
	struct neighbour *n;

	if (!dev)
		return -ENODEV;
	n = neigh_lookup(arp_tbl(host->net), &addr, dev);
	if (!n)
		return -ENOENT;
	neigh_update(n, NULL, NUD_FAILED, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN, 0);
	neigh_release(n);
	neigh_remove_one(n, arp_tbl(host->net));
	return 0;
}

void ip_neigh_flush(struct host *host, const char *name)
{
	struct net_device *dev = name ? __dev_get_by_name(host->net, name) : NULL;
	struct neigh_table *tbl = arp_tbl(host->net);
	struct neighbour *n, *next;

	if (name && !dev)
		return;
	list_for_each_entry_safe (n, next, &tbl->all_list, all_list) {
		if ((dev && n->dev != dev) || (n->nud_state & (NUD_PERMANENT | NUD_NOARP)))
			continue;
		neigh_hold(n);
		neigh_update(n, NULL, NUD_FAILED, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN, 0);
		neigh_release(n);
		neigh_remove_one(n, tbl);
	}
}

void neigh_for_each(struct neigh_table *tbl, void (*fn)(struct neighbour *neigh, void *cookie), void *cookie)
{
	struct neighbour *n;

	list_for_each_entry (n, &tbl->all_list, all_list)
		fn(n, cookie);
}

const char *neigh_state_name(u8 nud_state)
{
	switch (nud_state) {
	case NUD_NONE:
		return "NONE";
	case NUD_INCOMPLETE:
		return "INCOMPLETE";
	case NUD_REACHABLE:
		return "REACHABLE";
	case NUD_STALE:
		return "STALE";
	case NUD_DELAY:
		return "DELAY";
	case NUD_PROBE:
		return "PROBE";
	case NUD_FAILED:
		return "FAILED";
	case NUD_NOARP:
		return "NOARP";
	case NUD_PERMANENT:
		return "PERMANENT";
	default:
		return "?";
	}
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
	neigh_flush_dev(tbl, NULL, false);
	rcu_barrier(tbl->host);
	SIM_BUG_ON(tbl->host, tbl->entries != 0);
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
	init_waitqueue_head(host, &host->net->neigh->nl_table_wait);
	return 0;
}

void neigh_exit(struct host *host)
{
	if (host->net->neigh)
		kfree(host, host->net->neigh);
	host->net->neigh = NULL;
}
