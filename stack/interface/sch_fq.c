/*
 * fq: a queue per flow (socket), served in turn, each paced.
 *
 * A packet may carry its earliest time of departure (skb->tstamp, from TCP); without, the flow's rate
 * (sk_pacing_rate, or the qdisc's maxrate) makes one. A flow is in one of four states:
 *
 *	detached: empty	 >  new_flows (first come, with credit)	 >  old_flows (credit used up: next turn)
 *	throttled: its head may not leave yet; the tree by time, and one timer for the earliest
 *
 * Linux finds flows by the socket's address; here it is the socket's number, so that a run repeats. Flows of
 * no socket (forwarded, SYN-ACK, RST) are found by the flow's hash.
 */
#include "stack/interface/sch_fq.h"

#include "stack/interface/netdevice.h"
#include "stack/internet/inet_ecn.h"
#include "stack/transport/sock.h"

#define FQ_BUCKETS 1024
#define FQ_GC_AGE (3 * HZ)
#define FQ_REFILL_DELAY (HZ * 40 / 1000) /* a flow that was silent for so long gets its credit anew */
#define FQ_LOW_RATE_THRESHOLD (550000 / 8)
#define FQ_HORIZON_NS (10ull * NSEC_PER_SEC) /* departures further off are refused */
#define FQ_TIMER_SLACK_NS (10 * 1000)
#define TC_PRIO_CONTROL 7
#define TC_PRIO_MAX 15

struct fq_flow {
	struct fq_flow *chain; /* in its bucket */
	struct fq_flow *next;  /* in new_flows or old_flows */
	struct sk_buff *head, *tail;
	u64 key;
	u32 socket_hash;
	int qlen, credit;
	enum { FQ_DETACHED, FQ_QUEUED, FQ_THROTTLED } state;
	unsigned long age; /* jiffies: when it became empty */
	struct rb_node rate_node;
	u64 time_next_packet;
};

struct fq_flow_head {
	struct fq_flow *first, *last;
};

struct fq_sched_data {
	struct fq_flow_head new_flows, old_flows;
	struct rb_root delayed; /* throttled flows by time */
	u64 time_next_delayed_flow;
	struct fq_flow internal; /* control packets: before all */
	struct fq_flow *buckets[FQ_BUCKETS];
	struct tc_fq_qopt opt;
	struct tc_fq_qd_stats stats;
	struct hrtimer watchdog;
	struct Qdisc *sch;
};

/* ---- a flow's packets, by time of departure ---- */

static void flow_queue_add(struct fq_flow *f, struct sk_buff *skb)
{
	struct sk_buff **at = &f->head;
	u64 when = qdisc_skb_cb(skb)->time_to_send;

	if (f->head && qdisc_skb_cb(f->tail)->time_to_send <= when)
		at = &f->tail->next;
	while (*at && qdisc_skb_cb(*at)->time_to_send <= when)
		at = &(*at)->next;
	skb->next = *at;
	*at = skb;
	if (!skb->next)
		f->tail = skb;
	f->qlen++;
}

static struct sk_buff *fq_dequeue_skb(struct Qdisc *sch, struct fq_flow *f)
{
	struct sk_buff *skb = f->head;

	f->head = skb->next;
	skb_mark_not_on_list(skb);
	f->qlen--;
	sch->qstats.qlen--;
	sch->qstats.backlog -= qdisc_pkt_len(skb);
	sch->bstats.bytes += qdisc_pkt_len(skb);
	sch->bstats.packets += skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1;
	return skb;
}

/* ---- flows ---- */

static void fq_flow_add_tail(struct fq_flow_head *head, struct fq_flow *f)
{
	if (head->first)
		head->last->next = f;
	else
		head->first = f;
	head->last = f;
	f->next = NULL;
	f->state = FQ_QUEUED;
}

static void fq_flow_set_throttled(struct fq_sched_data *q, struct fq_flow *f)
{
	TRACE(q->sch, "the flow's next packet has to wait: put the flow aside");
	struct rb_node **p = &q->delayed.rb_node, *parent = NULL;

	while (*p) {
		const struct fq_flow *other = rb_entry(*p, struct fq_flow, rate_node);

		parent = *p;
		p = f->time_next_packet >= other->time_next_packet ? &parent->rb_right : &parent->rb_left;
	}
	rb_link_node(&f->rate_node, parent, p);
	rb_insert_color(&f->rate_node, &q->delayed);
	f->state = FQ_THROTTLED;
	q->stats.throttled_flows++;
	q->stats.throttled++;
	q->time_next_delayed_flow = min(q->time_next_delayed_flow, f->time_next_packet);
}

static void fq_flow_unset_throttled(struct fq_sched_data *q, struct fq_flow *f)
{
	rb_erase(&f->rate_node, &q->delayed);
	q->stats.throttled_flows--;
	fq_flow_add_tail(&q->old_flows, f);
}

static void fq_check_throttled(struct fq_sched_data *q, u64 now)
{
	TRACE(q->sch, "flows whose time has come queue up again");
	struct rb_node *p;

	if (q->time_next_delayed_flow > now)
		return;
	q->time_next_delayed_flow = ~0ull;
	while ((p = rb_first(&q->delayed))) {
		struct fq_flow *f = rb_entry(p, struct fq_flow, rate_node);

		if (f->time_next_packet > now) {
			q->time_next_delayed_flow = f->time_next_packet;
			break;
		}
		fq_flow_unset_throttled(q, f);
	}
}

/* Frees flows of the bucket that have been empty for long. */
static void fq_gc(struct fq_sched_data *q, struct fq_flow **bucket)
{
	unsigned long now = jiffies(q->sch->host);

	while (*bucket) {
		struct fq_flow *f = *bucket;

		if (f->state != FQ_DETACHED || !time_after(now, f->age + FQ_GC_AGE)) {
			bucket = &f->chain;
			continue;
		}
		*bucket = f->chain;
		kfree(q->sch->host, f);
		q->stats.flows--;
		q->stats.inactive_flows--;
		q->stats.gc_flows++;
	}
}

/* The socket's number, or of what has no connection the hash. */
static u64 fq_key(struct sk_buff *skb, u32 orphan_mask)
{
	const struct sock *sk = skb->sk;

	if (sk && sk_fullsock(sk) && sk->sk_state != TCP_LISTEN && sk->sk_state != TCP_CLOSE)
		return (u64)sk->trace_id << 1;
	skb_orphan(skb);
	return (u64)(skb_get_hash(skb) & orphan_mask) << 1 | 1;
}

static struct fq_flow *fq_classify(struct fq_sched_data *q, struct sk_buff *skb)
{
	TRACE_SKB(skb, "find the packet's flow, or make one");
	struct fq_flow **bucket, *f;
	u64 key;

	if (unlikely((skb->priority & TC_PRIO_MAX) == TC_PRIO_CONTROL))
		return &q->internal;
	key = fq_key(skb, q->opt.orphan_mask);
	bucket = &q->buckets[key * 0x9E3779B97F4A7C15ull >> 54];
	for (f = *bucket; f && f->key != key;)
		f = f->chain;
	if (!f) {
		fq_gc(q, bucket);
		f = kzalloc(q->sch->host, sizeof(*f));
		if (unlikely(!f))
			return &q->internal;
		f->key = key;
		f->chain = *bucket;
		*bucket = f;
		f->credit = (int)q->opt.initial_quantum;
		f->age = jiffies(q->sch->host);
		q->stats.flows++;
		q->stats.inactive_flows++;
	}
	if (skb->sk && !q->opt.no_pacing)
		skb->sk->sk_pacing_status = SK_PACING_FQ; /* TCP needs no timer of its own */
	return f;
}

/* ---- the qdisc ---- */

static int fq_enqueue(struct sk_buff *skb, struct Qdisc *sch, struct sk_buff **to_free)
{
	TRACE_SKB(skb, "queue the packet in its flow");
	struct fq_sched_data *q = qdisc_priv(sch);
	u64 now = ktime_get_ns(sch->host);
	struct fq_flow *f;

	if (unlikely(sch->qstats.qlen >= sch->limit))
		return qdisc_drop(skb, sch, to_free);
	qdisc_skb_cb(skb)->time_to_send = skb->tstamp ? skb->tstamp : now;
	if (unlikely(skb->tstamp > now + FQ_HORIZON_NS)) {
		q->stats.horizon_drops++;
		return qdisc_drop(skb, sch, to_free);
	}
	f = fq_classify(q, skb);
	if (unlikely(f->qlen >= (int)q->opt.flow_plimit && f != &q->internal)) {
		q->stats.flows_plimit++;
		return qdisc_drop(skb, sch, to_free);
	}
	sch->qstats.backlog += qdisc_pkt_len(skb);
	sch->qstats.qlen++;
	flow_queue_add(f, skb);
	if (unlikely(f == &q->internal)) {
		q->stats.highprio_packets++;
	} else if (f->state == FQ_DETACHED) {
		fq_flow_add_tail(&q->new_flows, f);
		if (time_after(jiffies(sch->host), f->age + FQ_REFILL_DELAY))
			f->credit = max(f->credit, (int)q->opt.quantum);
		q->stats.inactive_flows--;
	}
	return NET_XMIT_SUCCESS;
}

/* After a packet: when may the flow's next one leave? */
static void fq_pace(struct fq_sched_data *q, struct fq_flow *f, const struct sk_buff *skb, u64 now)
{
	u64 rate = q->opt.flow_max_rate, len;
	u32 plen = qdisc_pkt_len(skb);

	f->credit -= (int)plen;
	if (q->opt.no_pacing)
		return;
	/* a packet with a departure time has been paced by its sender; only maxrate is left */
	if (!skb->tstamp) {
		if (skb->sk)
			rate = min(rate, (u64)skb->sk->sk_pacing_rate);
		if (rate <= FQ_LOW_RATE_THRESHOLD) {
			f->credit = 0;
		} else {
			plen = max(plen, q->opt.quantum);
			if (f->credit > 0)
				return;
		}
	}
	if (rate == ~0ull)
		return;
	len = rate ? plen * NSEC_PER_SEC / rate : NSEC_PER_SEC;
	if (unlikely(len > NSEC_PER_SEC)) {
		len = NSEC_PER_SEC;
		q->stats.pkts_too_long++;
	}
	/* what the last packet left late by is caught up with, half of it at the most */
	if (f->time_next_packet)
		len -= min(len / 2, now - f->time_next_packet);
	f->time_next_packet = now + len;
}

/* The first packet of the flow, if it may leave. Otherwise the flow has left the list's head. */
static struct sk_buff *fq_flow_serve(struct Qdisc *sch, struct fq_flow_head *head, u64 now)
{
	struct fq_sched_data *q = qdisc_priv(sch);
	struct fq_flow *f = head->first;
	u64 when;

	if (f->credit <= 0) {
		f->credit += (int)q->opt.quantum;
		head->first = f->next;
		fq_flow_add_tail(&q->old_flows, f);
		return NULL;
	}
	if (!f->head) {
		head->first = f->next;
		/* a flow of the new ones passes through the old ones, or it would starve them */
		if (head == &q->new_flows && q->old_flows.first) {
			fq_flow_add_tail(&q->old_flows, f);
		} else {
			f->state = FQ_DETACHED;
			f->age = jiffies(sch->host);
			q->stats.inactive_flows++;
		}
		return NULL;
	}
	when = max(qdisc_skb_cb(f->head)->time_to_send, f->time_next_packet);
	if (now < when) {
		head->first = f->next;
		f->time_next_packet = when;
		fq_flow_set_throttled(q, f);
		return NULL;
	}
	if ((s64)(now - when - q->opt.ce_threshold) > 0) {
		INET_ECN_set_ce(f->head);
		q->stats.ce_mark++;
	}
	return fq_dequeue_skb(sch, f);
}

static struct sk_buff *fq_dequeue(struct Qdisc *sch)
{
	TRACE(sch, "take the next packet that may leave, from the flows in turn");
	struct fq_sched_data *q = qdisc_priv(sch);
	u64 now = ktime_get_ns(sch->host);
	struct sk_buff *skb;

	if (!sch->qstats.qlen)
		return NULL;
	if (unlikely(q->internal.head))
		return fq_dequeue_skb(sch, &q->internal);
	fq_check_throttled(q, now);
	for (;;) {
		struct fq_flow_head *head = q->new_flows.first ? &q->new_flows : &q->old_flows;
		struct fq_flow *f = head->first;

		if (!f)
			break;
		skb = fq_flow_serve(sch, head, now);
		if (skb) {
			fq_pace(q, f, skb, now);
			return skb;
		}
	}
	if (q->time_next_delayed_flow != ~0ull)
		hrtimer_start_range_ns(&q->watchdog, (ktime_t)q->time_next_delayed_flow, FQ_TIMER_SLACK_NS,
				       HRTIMER_MODE_ABS_PINNED_SOFT);
	return NULL;
}

static struct sk_buff *fq_peek(struct Qdisc *sch)
{
	const struct fq_sched_data *q = qdisc_priv(sch);

	return q->internal.head	    ? q->internal.head
	       : q->new_flows.first ? q->new_flows.first->head
	       : q->old_flows.first ? q->old_flows.first->head
				    : NULL;
}

static enum hrtimer_restart fq_watchdog(struct hrtimer *timer)
{
	TRACE(timer, "the first of the waiting flows may send: have the qdisc run");
	const struct fq_sched_data *q = container_of(timer, struct fq_sched_data, watchdog);

	__netif_schedule(q->sch);
	return HRTIMER_NORESTART;
}

const struct tc_fq_qopt fq_defaults = { .orphan_mask = 1023, .ce_threshold = ~0u * NSEC_PER_USEC };

static int fq_init(struct Qdisc *sch, void *arg)
{
	TRACE(sch, "set limits and quanta of the flows");
	struct fq_sched_data *q = qdisc_priv(sch);
	const struct net_device *dev = qdisc_dev(sch);
	u32 psched_mtu = dev->mtu + dev->hard_header_len;

	q->opt = arg ? *(const struct tc_fq_qopt *)arg : fq_defaults;
	q->opt.plimit = q->opt.plimit ? q->opt.plimit : 10000;
	q->opt.flow_plimit = q->opt.flow_plimit ? q->opt.flow_plimit : 100;
	q->opt.quantum = q->opt.quantum ? q->opt.quantum : 2 * psched_mtu;
	q->opt.initial_quantum = q->opt.initial_quantum ? q->opt.initial_quantum : 10 * psched_mtu;
	q->opt.flow_max_rate = q->opt.flow_max_rate ? q->opt.flow_max_rate : ~0ull;
	sch->limit = q->opt.plimit;
	q->sch = sch;
	q->time_next_delayed_flow = ~0ull;
	q->delayed = RB_ROOT;
	hrtimer_init(sch->host, &q->watchdog, HRTIMER_MODE_ABS_PINNED_SOFT);
	q->watchdog.function = fq_watchdog;
	return 0;
}

static void fq_flow_purge(struct fq_flow *f)
{
	if (f->head)
		kfree_skb_list_reason(f->head, SKB_DROP_REASON_QDISC_DROP);
	f->head = NULL;
	f->qlen = 0;
}

static void fq_reset(struct Qdisc *sch)
{
	TRACE(sch, "drop the packets of all flows, and the flows");
	struct fq_sched_data *q = qdisc_priv(sch);

	hrtimer_cancel(&q->watchdog);
	fq_flow_purge(&q->internal);
	for (unsigned int i = 0; i < FQ_BUCKETS; i++) {
		while (q->buckets[i]) {
			struct fq_flow *f = q->buckets[i];

			q->buckets[i] = f->chain;
			fq_flow_purge(f);
			kfree(sch->host, f);
		}
	}
	q->new_flows.first = q->old_flows.first = NULL;
	q->delayed = RB_ROOT;
	q->time_next_delayed_flow = ~0ull;
	q->stats.flows = q->stats.inactive_flows = q->stats.throttled_flows = 0;
}

void fq_dump(struct Qdisc *sch, struct tc_fq_qopt *opt)
{
	*opt = ((struct fq_sched_data *)qdisc_priv(sch))->opt;
}

void fq_dump_stats(struct Qdisc *sch, struct tc_fq_qd_stats *st)
{
	*st = ((struct fq_sched_data *)qdisc_priv(sch))->stats;
}

const struct Qdisc_ops fq_qdisc_ops = {
	.id = "fq",
	.priv_size = sizeof(struct fq_sched_data),
	.enqueue = fq_enqueue,
	.dequeue = fq_dequeue,
	.peek = fq_peek,
	.init = fq_init,
	.reset = fq_reset,
};
