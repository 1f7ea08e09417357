/*
 * Reassembly of fragments, what is the same in every family: queues that are found by a key, in a hash
 * that grows with them, with a timer each and one limit on the memory of all (struct fqdir, per host).
 *
 * A queue holds its fragments as runs (pieces without a gap, chained by next_frag) in a red-black tree
 * ordered by offset: in order, a fragment is appended to the last run without a search; in any other order
 * it costs a search of the tree. Nothing is quadratic.
 *
 * References of a queue: its timer, the hash, and whoever works on it. A complete or killed queue is out
 * of the hash; the last reference frees it and what is left in it.
 */
#ifndef STACK_INTERNET_INET_FRAG_H
#define STACK_INTERNET_INET_FRAG_H

#include "core/random.h"
#include "stack/internet/ip.h"
#include "stack/kernel/list.h"
#include "stack/kernel/rbtree.h"
#include "stack/kernel/rcu.h"
#include "stack/kernel/timer.h"

struct frag_v4_compare_key {
	__be32 saddr, daddr;
	u32 user; /* who asks for it: IP_DEFRAG_* */
	u32 vif;  /* no VRF: 0 */
	__be16 id;
	u16 protocol;
};

/* struct inet_frag_queue.flags */
#define INET_FRAG_FIRST_IN 1
#define INET_FRAG_LAST_IN 2
#define INET_FRAG_COMPLETE 4 /* nothing more is taken in */

struct fqdir;

struct inet_frag_queue {
	struct host *host;
	struct hlist_node node;
	u32 hash;
	union {
		struct frag_v4_compare_key v4;
	} key;
	struct timer_list timer;
	int refcnt;
	struct rb_root rb_fragments;	/* of the first skb of each run */
	struct sk_buff *fragments_tail; /* the fragment with the highest offset */
	struct sk_buff *last_run_head;
	u64 stamp; /* when the latest fragment came */
	int len;   /* of the packet, as far as known */
	int meat;  /* bytes that are here */
	u8 flags;
	u16 max_size; /* of the largest fragment */
	u16 drop;     /* enum skb_drop_reason of what is left in it */
	struct fqdir *fqdir;
	struct rcu_head rcu;
};

/* What a family does with its queues. */
struct inet_frags {
	const char *name; /* of the cache */
	unsigned int qsize;
	void (*constructor)(struct inet_frag_queue *q, const void *key);
	void (*destructor)(struct inet_frag_queue *q);
	void (*frag_expire)(struct timer_list *t);
	u32 (*hashfn)(struct fqdir *fqdir, const void *key);
	u32 (*obj_hashfn)(struct inet_frag_queue *q);
	int (*obj_cmpfn)(struct inet_frag_queue *q, const void *key); /* 0: it is the one */
};

struct fqdir {
	struct host *host;
	const struct inet_frags *f;
	long high_thresh, low_thresh; /* bytes; above the high one nothing more is taken in */
	int timeout;		      /* jiffies */
	int max_dist;		      /* packets of the same sender that may come in between */
	bool dead;
	u32 rnd; /* keys the hash */
	long mem;
	unsigned int nelems, nbuckets;
	struct hlist_head *buckets;
	struct kmem_cache *cache;
};

enum { IPFRAG_OK, IPFRAG_DUP = -1, IPFRAG_OVERLAP = -2 };

/* A fragment's notes in skb->cb while it is queued. */
struct ipfrag_skb_cb {
	struct inet_skb_parm h4;
	struct sk_buff *next_frag; /* of its run */
	int frag_run_len;	   /* of the run: in its first skb */
	int ip_defrag_offset;
};
#define FRAG_CB(skb) ((struct ipfrag_skb_cb *)(void *)((skb)->cb))

int fqdir_init(struct fqdir **fqdirp, const struct inet_frags *f, struct host *host);
void fqdir_exit(struct fqdir *fqdir);
struct inet_frag_queue *inet_frag_find(struct fqdir *fqdir, const void *key);
void inet_frag_kill(struct inet_frag_queue *fq);
void inet_frag_destroy(struct inet_frag_queue *q);
unsigned int inet_frag_rbtree_purge(struct inet_frag_queue *q);
int inet_frag_queue_insert(struct inet_frag_queue *q, struct sk_buff *skb, int offset, int end);
void *inet_frag_reasm_prepare(struct inet_frag_queue *q, struct sk_buff *skb, struct sk_buff *parent);
void inet_frag_reasm_finish(struct inet_frag_queue *q, struct sk_buff *head, void *reasm_data,
			    bool try_coalesce);
struct sk_buff *inet_frag_pull_head(struct inet_frag_queue *q);

static inline void inet_frag_put(struct inet_frag_queue *q)
{
	if (--q->refcnt == 0)
		inet_frag_destroy(q);
}

static inline long frag_mem_limit(const struct fqdir *fqdir)
{
	return fqdir->mem;
}

static inline void sub_frag_mem_limit(struct fqdir *fqdir, long val)
{
	fqdir->mem -= val;
}

static inline void add_frag_mem_limit(struct fqdir *fqdir, long val)
{
	fqdir->mem += val;
}

/* ---- ECN of fragments (RFC 3168 5.3): which of the four codes were seen, one bit each ---- */

#define IPFRAG_ECN_NOT_ECT 0x01
#define IPFRAG_ECN_ECT_1 0x02
#define IPFRAG_ECN_ECT_0 0x04
#define IPFRAG_ECN_CE 0x08

extern const u8 ip_frag_ecn_table[16]; /* bits to set in the packet; 0xff: they do not go together */

#endif
