/*
 * Reassembly queues: found, made, filled, put together, thrown away (see inet_frag.h). Called by the
 * family's own part (ip_reassembly.c), in softirq context.
 */
#include "stack/internet/inet_frag.h"

#define FRAG_MIN_BUCKETS 8u
#define FRAG_MAX_BUCKETS 4096u

/* ---- the directory of a host's queues ---- */

int fqdir_init(struct fqdir **fqdirp, const struct inet_frags *f, struct host *host)
{
	struct fqdir *fqdir = kzalloc(host, sizeof(*fqdir));

	if (!fqdir)
		return -ENOMEM;
	fqdir->cache = kmem_cache_create(host, f->name, f->qsize);
	if (!fqdir->cache) {
		kfree(host, fqdir);
		return -ENOMEM;
	}
	fqdir->host = host;
	fqdir->f = f;
	*fqdirp = fqdir;
	return 0;
}

void fqdir_exit(struct fqdir *fqdir)
{
	struct host *host = fqdir->host;
	struct inet_frag_queue *q;

	for (unsigned int i = 0; i < fqdir->nbuckets; i++) {
		while ((q = hlist_entry_safe(fqdir->buckets[i].first, struct inet_frag_queue, node))) {
			q->drop = SKB_DROP_REASON_TEARDOWN;
			q->refcnt++;
			inet_frag_kill(q);
			inet_frag_put(q);
		}
	}
	fqdir->dead = true;
	rcu_barrier(host); /* queues are freed by call_rcu() */
	SIM_BUG_ON(host, fqdir->mem != 0 || fqdir->nelems != 0);
	if (fqdir->buckets)
		kfree(host, fqdir->buckets);
	kfree(host, fqdir);
}

static struct hlist_head *frag_bucket(const struct fqdir *fqdir, u32 hash)
{
	return &fqdir->buckets[hash & (fqdir->nbuckets - 1)];
}

/* Makes the hash as large as the queues need. Without memory it stays as it is; false: there is none at all.
 */
static bool frag_hash_grow(struct fqdir *fqdir)
{
	unsigned int size = fqdir->nbuckets ? fqdir->nbuckets * 2 : FRAG_MIN_BUCKETS, i, old;
	struct hlist_head *buckets, *from = fqdir->buckets;
	struct inet_frag_queue *q;

	if (fqdir->nbuckets && (fqdir->nelems < fqdir->nbuckets || size > FRAG_MAX_BUCKETS))
		return true;
	buckets = kzalloc(fqdir->host, size * sizeof(*buckets));
	if (!buckets)
		return fqdir->nbuckets != 0;
	old = fqdir->nbuckets;
	fqdir->buckets = buckets;
	fqdir->nbuckets = size;
	for (i = 0; i < old; i++) {
		while ((q = hlist_entry_safe(from[i].first, struct inet_frag_queue, node))) {
			hlist_del_init(&q->node);
			hlist_add_head(&q->node, frag_bucket(fqdir, q->hash));
		}
	}
	if (from)
		kfree(fqdir->host, from);
	return true;
}

/* ---- the end of a queue ---- */

void inet_frag_kill(struct inet_frag_queue *fq)
{
	TRACE(fq, "take a reassembly queue out of the hash, stop its timer");
	if (del_timer(&fq->timer))
		fq->refcnt--;
	if (fq->flags & INET_FRAG_COMPLETE)
		return;
	fq->flags |= INET_FRAG_COMPLETE;
	fq->fqdir->f->obj_hashfn(fq);
	hlist_del_init(&fq->node);
	fq->fqdir->nelems--;
	fq->refcnt--;
}

/* Drops every fragment that is left. Returns their truesize. */
unsigned int inet_frag_rbtree_purge(struct inet_frag_queue *q)
{
	TRACE(q, "drop the fragments that are left in a queue");
	struct rb_node *p = rb_first(&q->rb_fragments);
	unsigned int sum = 0;

	while (p) {
		struct sk_buff *skb = rb_entry(p, struct sk_buff, rbnode), *next;

		p = rb_next(p);
		rb_erase(&skb->rbnode, &q->rb_fragments);
		for (; skb; skb = next) {
			next = FRAG_CB(skb)->next_frag;
			memset(&skb->rbnode, 0, sizeof(skb->rbnode));
			sum += skb->truesize;
			kfree_skb_reason(skb, (enum skb_drop_reason)q->drop);
		}
	}
	return sum;
}

static void inet_frag_destroy_rcu(struct rcu_head *head)
{
	struct inet_frag_queue *q = container_of(head, struct inet_frag_queue, rcu);
	TRACE(q, "nobody looks at the reassembly queue any more: give its memory back");

	TRACE_OP(q, "destructor");
	q->fqdir->f->destructor(q);
	kmem_cache_free(q->host, q->fqdir->cache, q);
}

void inet_frag_destroy(struct inet_frag_queue *q)
{
	TRACE(q, "free a reassembly queue");
	struct fqdir *fqdir = q->fqdir;

	SIM_BUG_ON(q->host, !(q->flags & INET_FRAG_COMPLETE) || timer_pending(&q->timer));
	sub_frag_mem_limit(fqdir, (long)inet_frag_rbtree_purge(q) + fqdir->f->qsize);
	call_rcu(q->host, &q->rcu, inet_frag_destroy_rcu);
}

/* ---- finding and making ---- */

static struct inet_frag_queue *inet_frag_alloc(struct fqdir *fqdir, const void *key)
{
	TRACE(fqdir, "allocate a reassembly queue");
	struct inet_frag_queue *q = kmem_cache_alloc(fqdir->host, fqdir->cache);

	if (!q)
		return NULL;
	memset(q, 0, fqdir->f->qsize);
	q->host = fqdir->host;
	q->fqdir = fqdir;
	q->drop = SKB_DROP_REASON_FRAG_INVALID;
	TRACE_OP(q, "constructor");
	fqdir->f->constructor(q, key);
	add_frag_mem_limit(fqdir, fqdir->f->qsize);
	timer_setup(fqdir->host, &q->timer, fqdir->f->frag_expire, 0);
	q->refcnt = 3; /* the timer, the hash, the caller */
	return q;
}

static struct inet_frag_queue *inet_frag_create(struct fqdir *fqdir, const void *key)
{
	TRACE(fqdir, "make a reassembly queue and start its timer");
	struct inet_frag_queue *q;

	if (!frag_hash_grow(fqdir))
		return NULL;
	q = inet_frag_alloc(fqdir, key);
	if (!q)
		return NULL;
	q->hash = fqdir->f->obj_hashfn(q);
	hlist_add_head(&q->node, frag_bucket(fqdir, q->hash));
	fqdir->nelems++;
	mod_timer(&q->timer, jiffies(fqdir->host) + (unsigned long)fqdir->timeout);
	return q;
}

struct inet_frag_queue *inet_frag_find(struct fqdir *fqdir, const void *key)
{
	TRACE(fqdir, "find the reassembly queue of the packet, or make one");
	struct inet_frag_queue *q;
	u32 hash;

	if (!fqdir->high_thresh || frag_mem_limit(fqdir) > fqdir->high_thresh)
		return NULL;
	hash = fqdir->f->hashfn(fqdir, key);
	if (fqdir->nbuckets) {
		hlist_for_each_entry (q, frag_bucket(fqdir, hash), node) {
			if (q->hash == hash && !fqdir->f->obj_cmpfn(q, key)) {
				q->refcnt++;
				return q;
			}
		}
	}
	return inet_frag_create(fqdir, key);
}

/* ---- filling: runs ---- */

static void fragcb_clear(struct sk_buff *skb)
{
	TRACE_SKB(skb, "begin a run with this fragment");
	RB_CLEAR_NODE(&skb->rbnode);
	FRAG_CB(skb)->next_frag = NULL;
	FRAG_CB(skb)->frag_run_len = (int)skb->len;
}

static void fragrun_append_to_last(struct inet_frag_queue *q, struct sk_buff *skb)
{
	TRACE_SKB(skb, "add the fragment to the last run");
	fragcb_clear(skb);
	FRAG_CB(q->last_run_head)->frag_run_len += (int)skb->len;
	FRAG_CB(q->fragments_tail)->next_frag = skb;
	q->fragments_tail = skb;
}

static void fragrun_create(struct inet_frag_queue *q, struct sk_buff *skb)
{
	TRACE_SKB(skb, "start a new last run");
	fragcb_clear(skb);
	if (q->last_run_head)
		rb_link_node(&skb->rbnode, &q->last_run_head->rbnode, &q->last_run_head->rbnode.rb_right);
	else
		rb_link_node(&skb->rbnode, NULL, &q->rb_fragments.rb_node);
	rb_insert_color(&skb->rbnode, &q->rb_fragments);
	q->fragments_tail = skb;
	q->last_run_head = skb;
}

/* A fragment before the end of what is here: a run of its own, where nothing is yet. */
static int fragrun_insert(struct inet_frag_queue *q, struct sk_buff *skb, int offset, int end)
{
	struct rb_node **rbn = &q->rb_fragments.rb_node, *parent = NULL;

	while (*rbn) {
		struct sk_buff *curr = rb_entry(*rbn, struct sk_buff, rbnode);
		int start = FRAG_CB(curr)->ip_defrag_offset, run_end = start + FRAG_CB(curr)->frag_run_len;

		parent = *rbn;
		if (end <= start)
			rbn = &parent->rb_left;
		else if (offset >= run_end)
			rbn = &parent->rb_right;
		else
			return offset >= start && end <= run_end ? IPFRAG_DUP : IPFRAG_OVERLAP;
	}
	fragcb_clear(skb);
	rb_link_node(&skb->rbnode, parent, rbn);
	rb_insert_color(&skb->rbnode, &q->rb_fragments);
	return IPFRAG_OK;
}

/* Bytes that are here already are a duplicate; any other overlap makes the whole packet worthless. */
int inet_frag_queue_insert(struct inet_frag_queue *q, struct sk_buff *skb, int offset, int end)
{
	TRACE_SKB(skb, "put the fragment in its place, refuse overlaps");
	struct sk_buff *last = q->fragments_tail;
	int last_end = last ? FRAG_CB(last)->ip_defrag_offset + (int)last->len : 0, ret;

	if (!last) {
		fragrun_create(q, skb);
	} else if (last_end < end) {
		if (offset < last_end)
			return IPFRAG_OVERLAP;
		if (offset == last_end)
			fragrun_append_to_last(q, skb);
		else
			fragrun_create(q, skb);
	} else {
		ret = fragrun_insert(q, skb, offset, end);
		if (ret)
			return ret;
	}
	FRAG_CB(skb)->ip_defrag_offset = offset;
	return IPFRAG_OK;
}

/* ---- putting together ---- */

/* The packet's struct sk_buff is the one that came last: it becomes the first fragment, and a clone takes its
 * place in the queue. Without memory: false, nothing is changed. */
static bool frag_make_head(struct inet_frag_queue *q, struct sk_buff *skb, struct sk_buff *parent,
			   struct sk_buff *head)
{
	struct sk_buff *fp = skb_clone(skb, GFP_ATOMIC);

	if (!fp)
		return false;
	FRAG_CB(fp)->next_frag = FRAG_CB(skb)->next_frag;
	if (RB_EMPTY_NODE(&skb->rbnode))
		FRAG_CB(parent)->next_frag = fp;
	else
		rb_replace_node(&skb->rbnode, &fp->rbnode, &q->rb_fragments);
	if (q->fragments_tail == skb)
		q->fragments_tail = fp;
	skb_morph(skb, head);
	FRAG_CB(skb)->next_frag = FRAG_CB(head)->next_frag;
	rb_replace_node(&head->rbnode, &skb->rbnode, &q->rb_fragments);
	memset(&head->rbnode, 0, sizeof(head->rbnode));
	consume_skb(head);
	return true;
}

/* The first fragment has a frag_list of its own: it is moved to an skb with nothing else. NULL: no memory. */
static struct sk_buff **frag_split_head(struct inet_frag_queue *q, struct sk_buff *head)
{
	struct sk_buff *clone = alloc_skb(head->host, 0, GFP_ATOMIC);

	if (!clone)
		return NULL;
	skb_shinfo(clone)->frag_list = skb_shinfo(head)->frag_list;
	clone->data_len = clone->len = head->data_len - __skb_pagelen(head);
	clone->ip_summed = head->ip_summed;
	head->truesize += clone->truesize;
	add_frag_mem_limit(q->fqdir, clone->truesize);
	skb_shinfo(head)->frag_list = clone;
	return &clone->next;
}

/* Makes `skb`, which completes the packet (`parent` was last before it), the head of the packet. Where the
 * next fragment is to be hung, or NULL without memory. */
void *inet_frag_reasm_prepare(struct inet_frag_queue *q, struct sk_buff *skb, struct sk_buff *parent)
{
	TRACE_SKB(skb, "make this skb the head of the packet");
	struct sk_buff *head = rb_entry_safe(rb_first(&q->rb_fragments), struct sk_buff, rbnode);
	int delta;

	if (head != skb && !frag_make_head(q, skb, parent, head))
		return NULL;
	delta = -(int)skb->truesize;
	if (skb_unclone(skb, GFP_ATOMIC))
		return NULL;
	delta += (int)skb->truesize;
	add_frag_mem_limit(q->fqdir, delta);
	if (skb_has_frag_list(skb))
		return frag_split_head(q, skb);
	return &skb_shinfo(skb)->frag_list;
}

/* Adds one fragment to the packet: its data to the head's if that is possible, else the skb to its list. */
static void frag_add(struct sk_buff *head, struct sk_buff *fp, struct sk_buff ***nextp, bool try_coalesce)
{
	bool stolen;
	int delta;

	if (head->ip_summed != fp->ip_summed)
		head->ip_summed = CHECKSUM_NONE;
	else if (head->ip_summed == CHECKSUM_COMPLETE)
		head->csum = csum_add(head->csum, fp->csum);
	memset(&fp->rbnode, 0, sizeof(fp->rbnode));
	if (try_coalesce && skb_try_coalesce(head, fp, &stolen, &delta)) {
		kfree_skb_partial(fp, stolen);
		return;
	}
	fp->sk = NULL;
	head->data_len += fp->len;
	head->len += fp->len;
	head->truesize += fp->truesize;
	**nextp = fp;
	*nextp = &fp->next;
}

void inet_frag_reasm_finish(struct inet_frag_queue *q, struct sk_buff *head, void *reasm_data,
			    bool try_coalesce)
{
	TRACE_SKB(head, "hang all fragments on the head of the packet");
	struct sk_buff **nextp = reasm_data, *fp = FRAG_CB(head)->next_frag, *next;
	struct rb_node *rbn = rb_next(&head->rbnode);
	long sum_truesize = head->truesize;

	skb_push(head, (unsigned int)(head->data - skb_network_header(head)));
	rb_erase(&head->rbnode, &q->rb_fragments);
	while (rbn || fp) {
		for (; fp; fp = next) { /* the run */
			next = FRAG_CB(fp)->next_frag;
			sum_truesize += fp->truesize;
			frag_add(head, fp, &nextp, try_coalesce);
		}
		if (rbn) {
			fp = rb_entry(rbn, struct sk_buff, rbnode);
			rbn = rb_next(rbn);
			rb_erase(&fp->rbnode, &q->rb_fragments);
		}
	}
	sub_frag_mem_limit(q->fqdir, sum_truesize);
	*nextp = NULL;
	head->next = head->prev = NULL;
	head->tstamp = q->stamp;
}

/* Takes the first fragment out of a queue that is given up; it has a device again. */
struct sk_buff *inet_frag_pull_head(struct inet_frag_queue *q)
{
	TRACE(q, "take the first fragment out of the queue");
	struct sk_buff *head = rb_entry_safe(rb_first(&q->rb_fragments), struct sk_buff, rbnode), *next;

	if (!head)
		return NULL;
	next = FRAG_CB(head)->next_frag;
	if (next)
		rb_replace_node(&head->rbnode, &next->rbnode, &q->rb_fragments);
	else
		rb_erase(&head->rbnode, &q->rb_fragments);
	memset(&head->rbnode, 0, sizeof(head->rbnode));
	if (head == q->fragments_tail)
		q->fragments_tail = NULL;
	sub_frag_mem_limit(q->fqdir, head->truesize);
	return head;
}

const u8 ip_frag_ecn_table[16] = {
	/* congestion was met by a fragment of an ECN-capable packet */
	[IPFRAG_ECN_CE | IPFRAG_ECN_ECT_0] = 3,
	[IPFRAG_ECN_CE | IPFRAG_ECN_ECT_1] = 3,
	[IPFRAG_ECN_CE | IPFRAG_ECN_ECT_0 | IPFRAG_ECN_ECT_1] = 3,
	/* one packet cannot be ECN-capable and not */
	[IPFRAG_ECN_NOT_ECT | IPFRAG_ECN_CE] = 0xff,
	[IPFRAG_ECN_NOT_ECT | IPFRAG_ECN_ECT_0] = 0xff,
	[IPFRAG_ECN_NOT_ECT | IPFRAG_ECN_ECT_1] = 0xff,
	[IPFRAG_ECN_NOT_ECT | IPFRAG_ECN_ECT_0 | IPFRAG_ECN_ECT_1] = 0xff,
	[IPFRAG_ECN_NOT_ECT | IPFRAG_ECN_CE | IPFRAG_ECN_ECT_0] = 0xff,
	[IPFRAG_ECN_NOT_ECT | IPFRAG_ECN_CE | IPFRAG_ECN_ECT_1] = 0xff,
	[IPFRAG_ECN_NOT_ECT | IPFRAG_ECN_CE | IPFRAG_ECN_ECT_0 | IPFRAG_ECN_ECT_1] = 0xff,
};
