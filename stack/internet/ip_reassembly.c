/*
 * Reassembly of IPv4 packets: fragments with the same (addresses, id, protocol) are queued until all are here
 * or the time is up. Called by ip_local_deliver().
 *
 *	ip_defrag -> ip_find, ip_frag_queue -> (complete) ip_frag_reasm
 *	timer     -> ip_expire: everything is dropped, and the sender told if the first fragment came
 *
 * The policy on overlaps is Linux's: a fragment that brings nothing new is ignored, any other overlap
 * drops the whole packet.
 */
#include <limits.h>

#include "stack/internet/icmp.h"
#include "stack/internet/inet_frag.h"
#include "stack/internet/inetpeer.h"
#include "stack/internet/internet.h"
#include "stack/kernel/printk.h"

#define IP_FRAG_TIME (30 * HZ)

struct ipq {
	struct inet_frag_queue q; /* first */
	u8 ecn;			  /* IPFRAG_ECN_* of all fragments */
	u16 max_df_size;	  /* largest fragment with DF */
	int iif;
	unsigned int rid; /* how many fragments the sender had sent when the last of this packet came */
	struct inet_peer *peer;
};

static inline struct ipq *ipq_of(struct inet_frag_queue *q)
{
	return container_of(q, struct ipq, q);
}

/* ---- the key ---- */

static u32 frag_key_hash(const struct fqdir *fqdir, const struct frag_v4_compare_key *key)
{
	u32 h = fqdir->rnd;

	h = (h ^ key->saddr) * 0x9e3779b1u;
	h = ((h ^ h >> 15) ^ key->daddr) * 0x85ebca77u;
	h = ((h ^ h >> 13) ^ ((u32)key->id << 16 | key->protocol)) * 0xc2b2ae3du;
	h = ((h ^ h >> 16) ^ key->user) * 0x27d4eb2fu;
	return h ^ h >> 15;
}

static u32 ip4_key_hashfn(struct fqdir *fqdir, const void *key)
{
	TRACE(fqdir, "hash what tells packets apart");
	return frag_key_hash(fqdir, key);
}

static u32 ip4_obj_hashfn(struct inet_frag_queue *q)
{
	TRACE(q, "hash the key of a reassembly queue");
	return frag_key_hash(q->fqdir, &q->key.v4);
}

static int ip4_obj_cmpfn(struct inet_frag_queue *q, const void *key)
{
	TRACE(q, "compare the key of a reassembly queue");
	const struct frag_v4_compare_key *a = &q->key.v4, *b = key;

	return a->saddr != b->saddr || a->daddr != b->daddr || a->id != b->id || a->protocol != b->protocol ||
	       a->user != b->user || a->vif != b->vif;
}

/* ---- life of a queue ---- */

static void ip4_frag_init(struct inet_frag_queue *q, const void *key)
{
	TRACE(q, "prepare a reassembly queue for IPv4");
	struct ipq *qp = ipq_of(q);

	q->key.v4 = *(const struct frag_v4_compare_key *)key;
	if (q->fqdir->max_dist)
		qp->peer = inet_getpeer_v4(q->host->net, q->key.v4.saddr, true);
	if (qp->peer)
		inet_hold_peer(qp->peer);
}

static void ip4_frag_free(struct inet_frag_queue *q)
{
	TRACE(q, "forget the sender of a packet that was put together");
	if (ipq_of(q)->peer)
		inet_putpeer(ipq_of(q)->peer);
}

static void ipq_put(struct ipq *ipq)
{
	TRACE(&ipq->q, "be done with a reassembly queue");
	inet_frag_put(&ipq->q);
}

static void ipq_kill(struct ipq *ipq)
{
	TRACE(&ipq->q, "close a reassembly queue");
	inet_frag_kill(&ipq->q);
}

static struct ipq *ip_find(struct net *net, const struct iphdr *iph, u32 user)
{
	TRACE(net, "find the queue of the fragment's packet");
	struct frag_v4_compare_key key = {
		.saddr = iph->saddr,
		.daddr = iph->daddr,
		.user = user,
		.id = iph->id,
		.protocol = iph->protocol,
	};
	struct inet_frag_queue *q = inet_frag_find(net->inet->fqdir, &key);

	return q ? ipq_of(q) : NULL;
}

/* ---- time is up ---- */

/* Only the end host answers (RFC 792). */
static bool frag_expire_skip_icmp(struct sk_buff *head)
{
	TRACE_SKB(head, "is it another host's packet, so that nobody is told?");
	return skb_rtable(head)->rt_type != RTN_LOCAL;
}

/* The first fragment of a packet that did not become whole: may the sender be told? It is given its device
 * and a route for that. */
static bool ip_expire_route(struct ipq *qp, struct sk_buff *head)
{
	const struct iphdr *iph = ip_hdr(head);

	head->dev = dev_get_by_index_rcu(head->host->net, qp->iif);
	if (!head->dev)
		return false;
	if (ip_route_input_noref(head, iph->daddr, iph->saddr, iph->tos, head->dev))
		return false;
	return !frag_expire_skip_icmp(head);
}

static void ip_expire(struct timer_list *t)
{
	struct ipq *qp = ipq_of(container_of(t, struct inet_frag_queue, timer));
	TRACE(&qp->q, "give a packet up whose fragments did not all come in time");
	struct net *net = qp->q.host->net;
	struct sk_buff *head;

	if (qp->q.fqdir->dead || (qp->q.flags & INET_FRAG_COMPLETE))
		goto out;
	qp->q.drop = SKB_DROP_REASON_FRAG_REASM_TIMEOUT;
	ipq_kill(qp);
	__IP_INC_STATS(net, IPSTATS_MIB_REASMFAILS);
	__IP_INC_STATS(net, IPSTATS_MIB_REASMTIMEOUT);
	if (!(qp->q.flags & INET_FRAG_FIRST_IN))
		goto out;
	head = inet_frag_pull_head(&qp->q);
	if (!head)
		goto out;
	if (ip_expire_route(qp, head))
		icmp_send(head, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, 0);
	kfree_skb_reason(head, SKB_DROP_REASON_FRAG_REASM_TIMEOUT);
out:
	ipq_put(qp);
}

/* ---- ids used again ---- */

/* Has the sender sent so many other fragments since that this one belongs to a later packet of the same id?
 */
static bool ip_frag_too_far(struct ipq *qp)
{
	TRACE(&qp->q, "was the id used again since the last fragment?");
	unsigned int max = (unsigned int)qp->q.fqdir->max_dist, start = qp->rid;

	if (!qp->peer || !max)
		return false;
	qp->rid = ++qp->peer->rid;
	if (!qp->q.fragments_tail || qp->rid - start <= max)
		return false;
	__IP_INC_STATS(qp->q.host->net, IPSTATS_MIB_REASMFAILS);
	return true;
}

/* Begins the packet anew. -ETIMEDOUT: its time is just up. */
static int ip_frag_reinit(struct ipq *qp)
{
	TRACE(&qp->q, "drop the fragments of an older packet");
	struct inet_frag_queue *q = &qp->q;
	u16 drop = q->drop;

	if (!mod_timer(&q->timer, jiffies(q->host) + (unsigned long)q->fqdir->timeout)) {
		q->refcnt++;
		return -ETIMEDOUT;
	}
	q->drop = SKB_DROP_REASON_FRAG_TOO_FAR;
	sub_frag_mem_limit(q->fqdir, inet_frag_rbtree_purge(q));
	q->drop = drop;
	q->flags = 0;
	q->len = 0;
	q->meat = 0;
	q->rb_fragments = RB_ROOT;
	q->fragments_tail = NULL;
	q->last_run_head = NULL;
	qp->iif = 0;
	qp->ecn = 0;
	return 0;
}

/* ---- putting together ---- */

static bool ip_frag_coalesce_ok(const struct ipq *qp)
{
	TRACE(&qp->q, "may the fragments' data be merged?");
	return qp->q.key.v4.user == IP_DEFRAG_LOCAL_DELIVER;
}

/* The header of the whole packet, made of that of the first fragment. */
static void ip_frag_header(struct ipq *qp, struct sk_buff *skb, int len, u8 ecn)
{
	struct iphdr *iph = ip_hdr(skb);

	IPCB(skb)->frag_max_size = max(qp->max_df_size, qp->q.max_size);
	iph->tot_len = htons((u16)len);
	iph->tos |= ecn;
	/* When the largest fragment had DF, the sender probes the path: cut it the same way if we have to. */
	if (qp->max_df_size == qp->q.max_size) {
		IPCB(skb)->flags |= IPSKB_FRAG_PMTU;
		iph->frag_off = htons(IP_DF);
	} else {
		iph->frag_off = 0;
	}
	ip_send_check(skb->host, iph);
}

/* All fragments are here: skb, which came last, becomes the packet. */
static int ip_frag_reasm(struct ipq *qp, struct sk_buff *skb, struct sk_buff *prev_tail,
			 struct net_device *dev)
{
	TRACE_SKB(skb, "put the packet together");
	struct net *net = skb->host->net;
	void *reasm_data;
	int len, err;
	u8 ecn;

	ipq_kill(qp);
	ecn = ip_frag_ecn_table[qp->ecn];
	err = -EINVAL;
	if (unlikely(ecn == 0xff))
		goto out_fail;
	err = -ENOMEM;
	reasm_data = inet_frag_reasm_prepare(&qp->q, skb, prev_tail);
	if (!reasm_data) {
		qp->q.drop = SKB_DROP_REASON_NOMEM;
		goto out_fail;
	}
	len = (int)ip_hdrlen(skb) + qp->q.len;
	err = -E2BIG;
	if (len > 65535) {
		pr_info(skb->host, "IPv4: Oversized IP packet from %u.%u.%u.%u", ((u8 *)&qp->q.key)[0],
			((u8 *)&qp->q.key)[1], ((u8 *)&qp->q.key)[2], ((u8 *)&qp->q.key)[3]);
		qp->q.drop = SKB_DROP_REASON_FRAG_OVERSIZE;
		goto out_fail;
	}
	inet_frag_reasm_finish(&qp->q, skb, reasm_data, ip_frag_coalesce_ok(qp));
	skb->dev = dev;
	ip_frag_header(qp, skb, len, ecn);
	__IP_INC_STATS(net, IPSTATS_MIB_REASMOKS);
	qp->q.rb_fragments = RB_ROOT;
	qp->q.fragments_tail = NULL;
	qp->q.last_run_head = NULL;
	return 0;
out_fail:
	__IP_INC_STATS(net, IPSTATS_MIB_REASMFAILS);
	return err;
}

/* ---- taking a fragment in ---- */

static u8 ip4_frag_ecn(const struct ipq *qp, u8 tos)
{
	TRACE(&qp->q, "note the fragment's congestion bits");
	return (u8)(1u << (tos & 3));
}

struct frag_place {
	int offset, end; /* of the data, in the packet's payload */
	int ihl;
	bool df;
};

/* Where the fragment's data lies. False: it does not fit what the others said. */
static bool ip_frag_place(struct ipq *qp, struct sk_buff *skb, struct frag_place *p)
{
	int off = ntohs(ip_hdr(skb)->frag_off);

	p->ihl = (int)ip_hdrlen(skb);
	p->df = off & IP_DF;
	p->offset = (off & IP_OFFSET) << 3;
	p->end = p->offset + (int)skb->len - skb_network_offset(skb) - p->ihl;
	if (!(off & IP_MF)) {
		/* The last one fixes the length; nothing may lie beyond, and there is only one end. */
		if (p->end < qp->q.len || ((qp->q.flags & INET_FRAG_LAST_IN) && p->end != qp->q.len))
			return false;
		qp->q.flags |= INET_FRAG_LAST_IN;
		qp->q.len = p->end;
	} else {
		if (p->end & 7) { /* must be whole blocks: the rest is cut off */
			p->end &= ~7;
			if (skb->ip_summed != CHECKSUM_UNNECESSARY)
				skb->ip_summed = CHECKSUM_NONE;
		}
		if (p->end > qp->q.len) {
			if (qp->q.flags & INET_FRAG_LAST_IN)
				return false;
			qp->q.len = p->end;
		}
	}
	return p->end != p->offset;
}

/* The fragment is in the queue: count it. */
static void ip_frag_account(struct ipq *qp, struct sk_buff *skb, const struct frag_place *p,
			    const struct net_device *dev)
{
	u16 fragsize = (u16)min((int)skb->len + p->ihl, 65535);

	if (dev)
		qp->iif = dev->ifindex;
	qp->q.stamp = skb->tstamp;
	qp->q.meat += (int)skb->len;
	qp->ecn |= ip4_frag_ecn(qp, ip_hdr(skb)->tos);
	add_frag_mem_limit(qp->q.fqdir, skb->truesize);
	if (p->offset == 0)
		qp->q.flags |= INET_FRAG_FIRST_IN;
	qp->q.max_size = max(qp->q.max_size, fragsize);
	if (p->df)
		qp->max_df_size = max(qp->max_df_size, fragsize);
}

static bool ipq_is_whole(const struct ipq *qp)
{
	return qp->q.flags == (INET_FRAG_FIRST_IN | INET_FRAG_LAST_IN) && qp->q.meat == qp->q.len;
}

/* 0: skb is the whole packet. Else it is queued (-EINPROGRESS) or gone. */
static int ip_frag_queue(struct ipq *qp, struct sk_buff *skb)
{
	TRACE_SKB(skb, "add the fragment to its packet");
	struct net *net = skb->host->net;
	struct sk_buff *prev_tail;
	struct net_device *dev;
	struct frag_place p;
	int err = -ENOENT;

	if (qp->q.flags & INET_FRAG_COMPLETE)
		goto drop;
	if (!(IPCB(skb)->flags & IPSKB_FRAG_COMPLETE) && unlikely(ip_frag_too_far(qp))) {
		err = ip_frag_reinit(qp);
		if (unlikely(err)) {
			ipq_kill(qp);
			goto drop;
		}
	}
	err = -EINVAL;
	if (!ip_frag_place(qp, skb, &p))
		goto discard_qp;
	err = -ENOMEM;
	if (!pskb_pull(skb, (unsigned int)(skb_network_offset(skb) + p.ihl)) ||
	    pskb_trim_rcsum(skb, (unsigned int)(p.end - p.offset)))
		goto discard_qp;
	dev = skb->dev; /* its place is the tree's */
	prev_tail = qp->q.fragments_tail;
	err = inet_frag_queue_insert(&qp->q, skb, p.offset, p.end);
	if (err) {
		if (err == IPFRAG_DUP) {
			kfree_skb_reason(skb, SKB_DROP_REASON_DUP_FRAG);
			return -EINVAL;
		}
		err = -EINVAL;
		qp->q.drop = SKB_DROP_REASON_FRAG_OVERLAP;
		__IP_INC_STATS(net, IPSTATS_MIB_REASM_OVERLAPS);
		goto discard_qp;
	}
	ip_frag_account(qp, skb, &p, dev);
	if (ipq_is_whole(qp)) {
		unsigned long orefdst = skb->_skb_refdst;

		skb->_skb_refdst = 0UL;
		err = ip_frag_reasm(qp, skb, prev_tail, dev);
		if (err) {
			/* skb is in the queue and goes with it. */
			refdst_drop(orefdst);
			inet_frag_kill(&qp->q);
		} else {
			skb->_skb_refdst = orefdst;
		}
		return err;
	}
	skb_dst_drop(skb);
	skb_orphan(skb);
	return -EINPROGRESS;
discard_qp:
	inet_frag_kill(&qp->q);
	__IP_INC_STATS(net, IPSTATS_MIB_REASMFAILS);
drop:
	kfree_skb_reason(skb, (enum skb_drop_reason)qp->q.drop);
	return err;
}

int ip_defrag(struct net *net, struct sk_buff *skb, u32 user)
{
	TRACE_SKB(skb, "put the fragments of a packet together");
	struct ipq *qp;
	int ret;

	__IP_INC_STATS(net, IPSTATS_MIB_REASMREQDS);
	qp = ip_find(net, ip_hdr(skb), user);
	if (qp) {
		ret = ip_frag_queue(qp, skb);
		ipq_put(qp);
		return ret;
	}
	__IP_INC_STATS(net, IPSTATS_MIB_REASMFAILS);
	kfree_skb_reason(skb, SKB_DROP_REASON_FRAG_MEM);
	return -ENOMEM;
}

/* ---- start and end ---- */

int ipfrag_set(struct net *net, const char *name, long value)
{
	struct fqdir *fqdir = net->inet->fqdir;
	long min = 0, max = INT_MAX;

	if (!strcmp(name, "time"))
		max = INT_MAX / HZ;
	else if (!strcmp(name, "low_thresh"))
		max = fqdir->high_thresh;
	else if (!strcmp(name, "high_thresh"))
		min = fqdir->low_thresh, max = LONG_MAX;
	if (value < min || value > max)
		return -EINVAL;
	if (!strcmp(name, "time"))
		fqdir->timeout = (int)value * HZ;
	else if (!strcmp(name, "high_thresh"))
		fqdir->high_thresh = value;
	else if (!strcmp(name, "low_thresh"))
		fqdir->low_thresh = value;
	else if (!strcmp(name, "max_dist"))
		fqdir->max_dist = (int)value;
	else
		return -ENOENT;
	return 0;
}

int ipfrag_get(struct net *net, const char *name, long *value)
{
	const struct fqdir *fqdir = net->inet->fqdir;

	if (!strcmp(name, "time"))
		*value = fqdir->timeout / HZ;
	else if (!strcmp(name, "high_thresh"))
		*value = fqdir->high_thresh;
	else if (!strcmp(name, "low_thresh"))
		*value = fqdir->low_thresh;
	else if (!strcmp(name, "max_dist"))
		*value = fqdir->max_dist;
	else
		return -ENOENT;
	return 0;
}

static const struct inet_frags ip4_frags = {
	.name = "ip4-frags",
	.qsize = sizeof(struct ipq),
	.constructor = ip4_frag_init,
	.destructor = ip4_frag_free,
	.frag_expire = ip_expire,
	.hashfn = ip4_key_hashfn,
	.obj_hashfn = ip4_obj_hashfn,
	.obj_cmpfn = ip4_obj_cmpfn,
};

int ipfrag_init(struct host *host)
{
	struct inet_state *inet = inet_state(host);
	struct random r;
	int err = fqdir_init(&inet->fqdir, &ip4_frags, host);

	if (err)
		return err;
	random_init(&r, host->sim, host->name, "ip/frag");
	inet->fqdir->rnd = random_u32(&r);
	inet->fqdir->high_thresh = 4 * 1024 * 1024;
	inet->fqdir->low_thresh = 3 * 1024 * 1024;
	inet->fqdir->timeout = IP_FRAG_TIME;
	inet->fqdir->max_dist = 64;
	return 0;
}

void ipfrag_exit(struct host *host)
{
	struct inet_state *inet = inet_state(host);

	if (inet->fqdir)
		fqdir_exit(inet->fqdir);
	inet->fqdir = NULL;
}
