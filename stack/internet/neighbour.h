/*
 * Neighbours: which link address a next hop has, and whether it still answers.
 *
 *   NONE --send--> INCOMPLETE --reply--> REACHABLE --reachable time--> STALE --send--> DELAY
 *                      |                     ^                          ^               |
 *                  no answer                 +------- confirmed --------|---------------+ delay_first_probe
 *                      v                     +--------------------------|--------- PROBE
 *                   FAILED <------------------- no answer --------------+---------------+
 *
 * NOARP and PERMANENT never change by themselves. A neighbour lives in its table's hash and is referred
 * to by packets' senders only for the duration of a call; timers hold a reference while they are armed.
 * While INCOMPLETE, packets wait in arp_queue, at most queue_len_bytes of them (the oldest give way).
 */
#ifndef STACK_INTERNET_NEIGHBOUR_H
#define STACK_INTERNET_NEIGHBOUR_H

#include <string.h>

#include "core/random.h"
#include "stack/interface/netdevice.h"
#include "stack/kernel/kernel.h"
#include "stack/kernel/list.h"
#include "stack/kernel/rcu.h"
#include "stack/kernel/timer.h"
#include "stack/kernel/wait.h"
#include "stack/kernel/workqueue.h"
#include "stack/net.h"
#include "stack/skb/skbuff.h"

#define NUD_INCOMPLETE 0x01
#define NUD_REACHABLE 0x02
#define NUD_STALE 0x04
#define NUD_DELAY 0x08
#define NUD_PROBE 0x10
#define NUD_FAILED 0x20
#define NUD_NOARP 0x40
#define NUD_PERMANENT 0x80
#define NUD_NONE 0x00

#define NUD_IN_TIMER (NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE)
#define NUD_VALID (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)
#define NUD_CONNECTED (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE)

#define NTF_USE 0x01
#define NTF_SELF 0x02
#define NTF_PROXY 0x08
#define NTF_EXT_LEARNED 0x10
#define NTF_STICKY 0x40
#define NTF_ROUTER 0x80

/* Flags of neigh_update(). */
#define NEIGH_UPDATE_F_OVERRIDE 0x00000001
#define NEIGH_UPDATE_F_WEAK_OVERRIDE 0x00000002
#define NEIGH_UPDATE_F_OVERRIDE_ISROUTER 0x00000004
#define NEIGH_UPDATE_F_USE 0x10000000
#define NEIGH_UPDATE_F_EXT_LEARNED 0x20000000
#define NEIGH_UPDATE_F_ISROUTER 0x40000000
#define NEIGH_UPDATE_F_ADMIN 0x80000000

/* Parameters of a table or of a device, as in /proc/sys/net/ipv4/neigh/; times in jiffies. */
enum {
	NEIGH_VAR_MCAST_PROBES,
	NEIGH_VAR_UCAST_PROBES,
	NEIGH_VAR_APP_PROBES,
	NEIGH_VAR_MCAST_REPROBES,
	NEIGH_VAR_RETRANS_TIME,
	NEIGH_VAR_BASE_REACHABLE_TIME,
	NEIGH_VAR_DELAY_PROBE_TIME,
	NEIGH_VAR_GC_STALETIME,
	NEIGH_VAR_QUEUE_LEN_BYTES,
	NEIGH_VAR_PROXY_QLEN,
	NEIGH_VAR_ANYCAST_DELAY,
	NEIGH_VAR_PROXY_DELAY,
	NEIGH_VAR_LOCKTIME,
	NEIGH_VAR_DATA_MAX
};

struct neigh_table;
struct neighbour;

struct neigh_parms {
	struct host *host;
	struct net_device *dev; /* NULL: the table's defaults */
	struct neigh_table *tbl;
	struct neigh_parms *next;
	bool dead;
	int refcnt;
	int reachable_time; /* drawn anew every five minutes around base_reachable_time */
	u32 data_state;	    /* bit by bit: set by hand, so the default does not change it */
	int data[NEIGH_VAR_DATA_MAX];
};

#define NEIGH_VAR(p, attr) ((p)->data[NEIGH_VAR_##attr])

struct neigh_statistics {
	unsigned long allocs, destroys, hash_grows, res_failed, lookups, hits;
	unsigned long rcv_probes_mcast, rcv_probes_ucast, periodic_gc_runs, forced_gc_runs;
	unsigned long unres_discards, table_fulls;
};
#define NEIGH_CACHE_STAT_INC(tbl, field) ((void)(tbl)->stats.field++)

#define NEIGH_ADDR_LEN 8 /* link addresses; Ethernet's have 6 bytes */

struct neigh_ops {
	int family;
	/* Asks who has this address. */
	void (*solicit)(struct neighbour *neigh, struct sk_buff *skb);
	/* Nobody has: tells the sender of a packet that waited. */
	void (*error_report)(struct neighbour *neigh, struct sk_buff *skb);
	int (*output)(struct neighbour *neigh, struct sk_buff *skb);
	int (*connected_output)(struct neighbour *neigh, struct sk_buff *skb);
};

struct neighbour {
	struct host *host;
	struct hh_cache hh;
	int (*output)(struct neighbour *neigh, struct sk_buff *skb);
	u8 nud_state; /* set by neigh_set_state() only */
	u8 type;      /* RTN_* */
	u8 dead;
	u8 protocol;
	u8 flags; /* NTF_* */
	u8 ha[NEIGH_ADDR_LEN];
	int refcnt;
	struct net_device *dev;
	u32 trace_id;		/* count of the table, from 1 */
	u32 hash;		/* of address and device, before it is cut to the table's size */
	__be32 primary_key;	/* the IPv4 address */
	struct neighbour *next; /* in the hash bucket */
	struct neigh_table *tbl;
	struct neigh_parms *parms;
	const struct neigh_ops *ops;
	unsigned long used;	 /* jiffies */
	unsigned long confirmed; /* jiffies: it was proved reachable */
	unsigned long updated;	 /* jiffies: state changed */
	int probes;
	unsigned int arp_queue_len_bytes;
	struct sk_buff_head arp_queue;
	struct timer_list timer;
	struct rcu_head rcu;
	struct list_head gc_list; /* of what forced gc may take, oldest first */
	struct list_head
		all_list; /* every entry of the table in order of creation: walks are in this order */
};

struct neigh_hash_table {
	struct neighbour **hash_buckets;
	unsigned int hash_shift;
	u32 hash_rnd[4];
};

struct neigh_table {
	struct host *host;
	int family;
	unsigned int entry_size, key_len;
	__be16 protocol;
	u32 (*hash)(const void *pkey, const struct net_device *dev, const u32 *hash_rnd);
	bool (*key_eq)(const struct neighbour *n, const void *pkey);
	int (*constructor)(struct neighbour *neigh);
	bool (*is_multicast)(const void *pkey);
	void (*proxy_redo)(struct sk_buff *skb); /* a request that waited: handle it again */
	const char *id;
	struct neigh_parms parms; /* defaults; first of the list */
	int gc_interval, gc_thresh1, gc_thresh2, gc_thresh3;
	unsigned long last_flush, last_rand;
	struct delayed_work gc_work;
	int entries, gc_entries;
	u32 last_trace_id;
	struct list_head gc_list, all_list;
	struct neigh_statistics stats;
	struct neigh_hash_table nht;
	struct kmem_cache *cache;
	struct random random;		     /* "neigh/arp": hash key, reachable times */
	struct pneigh_entry **phash_buckets; /* made for the first entry */
	struct sk_buff_head proxy_queue;     /* requests whose answers wait */
	struct timer_list proxy_timer;
	struct random proxy_random; /* "neigh/proxy": delays of answers for others */
};

/* An address that the host answers for. */
struct pneigh_entry {
	struct pneigh_entry *next;
	struct net_device *dev; /* NULL: on every device */
	__be32 key;
	bool permanent;
};

/* The neighbour layer's part of skb->cb. */
struct neighbour_cb {
	unsigned long sched_next; /* jiffies: when to answer */
	unsigned int flags;
};
#define LOCALLY_ENQUEUED 0x1
#define NEIGH_CB(skb) ((struct neighbour_cb *)(skb)->cb)

/* net->neigh */
struct neigh_state {
	struct neigh_table arp_tbl;
};

static inline struct neigh_table *arp_tbl(struct net *net)
{
	return &net->neigh->arp_tbl;
}

int neigh_init(struct host *host);
void neigh_exit(struct host *host);
int neigh_table_init(struct host *host, struct neigh_table *tbl);
void neigh_table_clear(struct neigh_table *tbl);
struct neighbour *neigh_lookup(struct neigh_table *tbl, const void *pkey, struct net_device *dev);
struct neighbour *__neigh_create(struct neigh_table *tbl, const void *pkey, struct net_device *dev,
				 bool want_ref);
void neigh_destroy(struct neighbour *neigh);
int __neigh_event_send(struct neighbour *neigh, struct sk_buff *skb);
int neigh_update(struct neighbour *neigh, const u8 *lladdr, u8 new, u32 flags, u32 nlmsg_pid);
void neigh_app_ns(struct neighbour *n);
bool neigh_remove_one(struct neighbour *ndel, struct neigh_table *tbl);
void neigh_changeaddr(struct neigh_table *tbl, struct net_device *dev);
int neigh_ifdown(struct neigh_table *tbl, struct net_device *dev);
int neigh_carrier_down(struct neigh_table *tbl, struct net_device *dev);
int neigh_resolve_output(struct neighbour *neigh, struct sk_buff *skb);
int neigh_connected_output(struct neighbour *neigh, struct sk_buff *skb);
int neigh_direct_output(struct neighbour *neigh, struct sk_buff *skb);
struct neighbour *neigh_event_ns(struct neigh_table *tbl, u8 *lladdr, void *saddr, struct net_device *dev);
struct neigh_parms *neigh_parms_alloc(struct net_device *dev, struct neigh_table *tbl);
void neigh_parms_release(struct neigh_table *tbl, struct neigh_parms *parms);
unsigned long neigh_rand_reach_time(struct neigh_table *tbl, unsigned long base);
/* Walks every entry in order of creation; `fn` may not remove entries. */
void neigh_for_each(struct neigh_table *tbl, void (*fn)(struct neighbour *neigh, void *cookie), void *cookie);

/* ---- proxies: neigh_proxy.c ---- */
struct pneigh_entry *pneigh_lookup(struct neigh_table *tbl, const void *pkey, struct net_device *dev,
				   bool creat);
int pneigh_delete(struct neigh_table *tbl, const void *pkey, struct net_device *dev);
void pneigh_enqueue(struct neigh_table *tbl, struct neigh_parms *p, struct sk_buff *skb);
void pneigh_for_each(struct neigh_table *tbl, void (*fn)(const struct pneigh_entry *n, void *cookie),
		     void *cookie);

/*
 * ---- `ip neigh`: neigh_admin.c ----
 * `add` makes entries only, `change` (replace, no create) changes them only, `replace` does both.
 */
struct ip_neigh_spec {
	const char *dev;
	__be32 addr;
	const u8 *lladdr; /* 6 bytes; NULL: not given */
	u8 state;	  /* NUD_ */
	u8 flags;	  /* NTF_USE: start resolving it; NTF_EXT_LEARNED */
	bool create, replace;
};

/* 0 or a negative errno: ENODEV, ENOENT, EEXIST, ENOBUFS, EINVAL (no address for a state that needs one). */
int ip_neigh_add_spec(struct host *host, const struct ip_neigh_spec *spec);
/* The same as `replace`. */
int ip_neigh_add(struct host *host, const char *dev, __be32 addr, const u8 *lladdr, u8 state);
int ip_neigh_del(struct host *host, const char *dev, __be32 addr);
void ip_neigh_flush(struct host *host, const char *dev); /* all but PERMANENT and NOARP; NULL: every device */
/* `ip neigh add|del proxy`; dev NULL: on every device. */
int ip_neigh_add_proxy(struct host *host, const char *dev, __be32 addr);
int ip_neigh_del_proxy(struct host *host, const char *dev, __be32 addr);

/* net.ipv4.neigh.DEV.NAME, DEV a device or "default": neigh_parms.c. 0, -ENOENT or -EINVAL. */
int neigh_sysctl_set(struct net *net, const char *dev, const char *name, long value);
int neigh_sysctl_get(struct net *net, const char *dev, const char *name, long *value);
/* The names in order, NULL at the end; those of the table are among the defaults only. */
const char *neigh_sysctl_name(bool dflt, unsigned int i);

const char *neigh_state_name(u8 nud_state); /* "REACHABLE" */

static inline void neigh_hold(struct neighbour *neigh)
{
	neigh->refcnt++;
}

static inline struct neighbour *neigh_clone(struct neighbour *neigh)
{
	if (neigh)
		neigh_hold(neigh);
	return neigh;
}

static inline void neigh_release(struct neighbour *neigh)
{
	if (--neigh->refcnt == 0)
		neigh_destroy(neigh);
}

/* The packet's route proved to work in both directions. */
static inline void neigh_confirm(struct neighbour *neigh)
{
	if (!neigh)
		return;
	TRACE_LEAF(neigh, "note that the neighbour answers");
	unsigned long now = jiffies(neigh->host);

	if (neigh->confirmed != now)
		neigh->confirmed = now;
}

static inline int neigh_event_send(struct neighbour *neigh, struct sk_buff *skb)
{
	TRACE(neigh, "start resolving the neighbour unless it is usable");
	unsigned long now = jiffies(neigh->host);

	if (neigh->used != now)
		neigh->used = now;
	if (!(neigh->nud_state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE)))
		return __neigh_event_send(neigh, skb);
	return 0;
}

static inline int neigh_hh_output(const struct hh_cache *hh, struct sk_buff *skb)
{
	TRACE_SKB(skb, "put the cached hardware header before the packet");
	unsigned int hh_len = hh->hh_len;

	if (unlikely(skb_headroom(skb) < HH_DATA_MOD)) {
		kfree_skb(skb);
		return NET_XMIT_DROP;
	}
	memcpy(skb->data - HH_DATA_MOD, hh->hh_data, HH_DATA_MOD);
	__skb_push(skb, hh_len);
	return dev_queue_xmit(skb);
}

static inline int neigh_output(struct neighbour *n, struct sk_buff *skb, bool skip_cache)
{
	TRACE_SKB(skb, "hand the packet to its neighbour's output");
	if ((n->nud_state & NUD_CONNECTED) && n->hh.hh_len && !skip_cache)
		return neigh_hh_output(&n->hh, skb);
	TRACE_OP(skb, "output");
	return n->output(n, skb);
}

static inline struct neighbour *__neigh_lookup(struct neigh_table *tbl, const void *pkey,
					       struct net_device *dev, int creat)
{
	TRACE(tbl, "find the neighbour, or create it on demand");
	struct neighbour *n = neigh_lookup(tbl, pkey, dev);

	if (n || !creat)
		return n;
	n = __neigh_create(tbl, pkey, dev, true);
	return IS_ERR(n) ? NULL : n;
}

#endif
