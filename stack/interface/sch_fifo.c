/*
 * The simple qdiscs: noop (drops all), noqueue (none at all), pfifo_fast (three bands by priority, each a
 * queue of tx_queue_len packets; a band is served when those before it are empty), and pfifo, bfifo and
 * pfifo_head_drop (one queue with a limit, in packets or bytes).
 */
#include "stack/interface/netdevice.h"

#define PFIFO_FAST_BANDS 3
#define TC_PRIO_MAX 15

/* ---- noop ---- */

static int noop_enqueue(struct sk_buff *skb, struct Qdisc *qdisc, struct sk_buff **to_free)
{
	TRACE_SKB(skb, "drop the packet: the device is down");
	qdisc_drop(skb, qdisc, to_free);
	return NET_XMIT_CN;
}

static struct sk_buff *noop_dequeue(struct Qdisc *qdisc)
{
	TRACE(qdisc, "nothing is ever queued here");
	return NULL;
}

int noop_qdisc_init(struct host *host)
{
	struct netdev_state *st = netdev_state(host);
	struct Qdisc *q;

	st->noop_netdev_queue = kzalloc(host, sizeof(*st->noop_netdev_queue));
	if (!st->noop_netdev_queue)
		return -ENOMEM;
	st->noop_netdev_queue->host = host;
	q = qdisc_alloc(st->noop_netdev_queue, &noop_qdisc_ops);
	if (IS_ERR(q))
		return -ENOMEM;
	q->flags = TCQ_F_BUILTIN;
	st->noop_netdev_queue->qdisc = q;
	st->noop_netdev_queue->qdisc_sleeping = q;
	st->noop_qdisc = q;
	return 0;
}

void noop_qdisc_exit(struct host *host)
{
	struct netdev_state *st = netdev_state(host);

	if (st->noop_qdisc)
		kfree(host, st->noop_qdisc);
	if (st->noop_netdev_queue)
		kfree(host, st->noop_netdev_queue);
}

/* ---- pfifo_fast ---- */

struct pfifo_fast_priv {
	u32 limit; /* of each band */
	struct {
		struct sk_buff *head, **tail;
		u32 qlen;
	} band[PFIFO_FAST_BANDS];
};

/* Band of each priority, as the classic meaning of the TOS bits has it. */
static const u8 prio2band[TC_PRIO_MAX + 1] = { 1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1 };

static int pfifo_fast_enqueue(struct sk_buff *skb, struct Qdisc *qdisc, struct sk_buff **to_free)
{
	TRACE_SKB(skb, "queue the packet in the band of its priority");
	struct pfifo_fast_priv *priv = qdisc_priv(qdisc);
	unsigned int b = prio2band[skb->priority & TC_PRIO_MAX];

	if (unlikely(priv->band[b].qlen >= priv->limit))
		return qdisc_drop(skb, qdisc, to_free);
	skb->next = NULL;
	*priv->band[b].tail = skb;
	priv->band[b].tail = &skb->next;
	priv->band[b].qlen++;
	qdisc->qstats.qlen++;
	qdisc->qstats.backlog += qdisc_pkt_len(skb);
	return NET_XMIT_SUCCESS;
}

static struct sk_buff *pfifo_fast_dequeue(struct Qdisc *qdisc)
{
	TRACE(qdisc, "take the first packet of the first band that has one");
	struct pfifo_fast_priv *priv = qdisc_priv(qdisc);

	for (int b = 0; b < PFIFO_FAST_BANDS; b++) {
		struct sk_buff *skb = priv->band[b].head;

		if (!skb)
			continue;
		priv->band[b].head = skb->next;
		if (!skb->next)
			priv->band[b].tail = &priv->band[b].head;
		priv->band[b].qlen--;
		skb_mark_not_on_list(skb);
		qdisc->qstats.qlen--;
		qdisc->qstats.backlog -= qdisc_pkt_len(skb);
		qdisc->bstats.bytes += qdisc_pkt_len(skb);
		qdisc->bstats.packets += skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1;
		return skb;
	}
	return NULL;
}

static struct sk_buff *pfifo_fast_peek(struct Qdisc *qdisc)
{
	struct pfifo_fast_priv *priv = qdisc_priv(qdisc);

	for (int b = 0; b < PFIFO_FAST_BANDS; b++) {
		if (priv->band[b].head)
			return priv->band[b].head;
	}
	return NULL;
}

static int pfifo_fast_init(struct Qdisc *qdisc, void *opt)
{
	TRACE(qdisc, "init the three bands");
	struct pfifo_fast_priv *priv = qdisc_priv(qdisc);

	(void)opt;
	priv->limit = qdisc_dev(qdisc)->tx_queue_len;
	if (!priv->limit)
		return -EINVAL;
	for (int b = 0; b < PFIFO_FAST_BANDS; b++)
		priv->band[b].tail = &priv->band[b].head;
	qdisc->limit = priv->limit;
	qdisc->flags |= TCQ_F_CAN_BYPASS | TCQ_F_NOLOCK;
	return 0;
}

static void pfifo_fast_reset(struct Qdisc *qdisc)
{
	TRACE(qdisc, "drop the packets of all bands");
	struct pfifo_fast_priv *priv = qdisc_priv(qdisc);

	for (int b = 0; b < PFIFO_FAST_BANDS; b++) {
		struct sk_buff *list = priv->band[b].head;

		priv->band[b].head = NULL;
		priv->band[b].tail = &priv->band[b].head;
		priv->band[b].qlen = 0;
		if (list)
			kfree_skb_list_reason(list, SKB_DROP_REASON_QDISC_DROP);
	}
}

/* ---- pfifo, bfifo, pfifo_head_drop ---- */

static int qdisc_enqueue_tail(struct sk_buff *skb, struct Qdisc *sch)
{
	struct sk_buff_head *q = qdisc_priv(sch);

	__skb_queue_tail(q, skb);
	sch->qstats.qlen++;
	sch->qstats.backlog += qdisc_pkt_len(skb);
	return NET_XMIT_SUCCESS;
}

static int bfifo_enqueue(struct sk_buff *skb, struct Qdisc *sch, struct sk_buff **to_free)
{
	TRACE_SKB(skb, "queue the packet unless the queue has too many bytes");

	if (likely(sch->qstats.backlog + qdisc_pkt_len(skb) <= sch->limit))
		return qdisc_enqueue_tail(skb, sch);
	return qdisc_drop(skb, sch, to_free);
}

static int pfifo_enqueue(struct sk_buff *skb, struct Qdisc *sch, struct sk_buff **to_free)
{
	TRACE_SKB(skb, "queue the packet unless the queue is full");

	if (likely(sch->qstats.qlen < sch->limit))
		return qdisc_enqueue_tail(skb, sch);
	return qdisc_drop(skb, sch, to_free);
}

static struct sk_buff *qdisc_dequeue_head(struct Qdisc *sch)
{
	TRACE(sch, "take the first packet");
	struct sk_buff *skb = __skb_dequeue(qdisc_priv(sch));

	if (!skb)
		return NULL;
	sch->qstats.qlen--;
	sch->qstats.backlog -= qdisc_pkt_len(skb);
	sch->bstats.bytes += qdisc_pkt_len(skb);
	sch->bstats.packets += skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1;
	return skb;
}

static int pfifo_tail_enqueue(struct sk_buff *skb, struct Qdisc *sch, struct sk_buff **to_free)
{
	TRACE_SKB(skb, "queue the packet, and drop the first one when the queue is full");
	struct sk_buff *first;

	if (unlikely(sch->limit == 0))
		return qdisc_drop(skb, sch, to_free);
	if (likely(sch->qstats.qlen < sch->limit))
		return qdisc_enqueue_tail(skb, sch);
	first = __skb_dequeue(qdisc_priv(sch));
	sch->qstats.qlen--;
	sch->qstats.backlog -= qdisc_pkt_len(first);
	qdisc_drop(first, sch, to_free);
	qdisc_enqueue_tail(skb, sch);
	return NET_XMIT_CN;
}

static struct sk_buff *qdisc_peek_head(struct Qdisc *sch)
{
	return skb_peek(qdisc_priv(sch));
}

/* `opt`: u32 limit, or NULL for the device's queue length (bfifo: that many full packets). */
static int fifo_init(struct Qdisc *sch, void *opt)
{
	TRACE(sch, "set the limit of the queue");
	bool is_bfifo = sch->ops == &bfifo_qdisc_ops;
	struct net_device *dev = qdisc_dev(sch);

	__skb_queue_head_init(qdisc_priv(sch));
	if (opt)
		sch->limit = *(u32 *)opt;
	else
		sch->limit =
			is_bfifo ? dev->tx_queue_len * (dev->mtu + dev->hard_header_len) : dev->tx_queue_len;
	if (is_bfifo ? sch->limit >= dev->mtu + dev->hard_header_len : sch->limit >= 1)
		sch->flags |= TCQ_F_CAN_BYPASS;
	return 0;
}

static void fifo_reset(struct Qdisc *sch)
{
	TRACE(sch, "drop what is queued");
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(qdisc_priv(sch))))
		kfree_skb_reason(skb, SKB_DROP_REASON_QDISC_DROP);
}

#define FIFO_OPS(id_, enqueue_)                                                                              \
	{                                                                                                    \
		.id = id_, .priv_size = sizeof(struct sk_buff_head), .enqueue = enqueue_,                    \
		.dequeue = qdisc_dequeue_head, .peek = qdisc_peek_head, .init = fifo_init,                   \
		.reset = fifo_reset,                                                                         \
	}

const struct Qdisc_ops pfifo_qdisc_ops = FIFO_OPS("pfifo", pfifo_enqueue);
const struct Qdisc_ops bfifo_qdisc_ops = FIFO_OPS("bfifo", bfifo_enqueue);
const struct Qdisc_ops pfifo_head_drop_qdisc_ops = FIFO_OPS("pfifo_head_drop", pfifo_tail_enqueue);

const struct Qdisc_ops noop_qdisc_ops = {
	.id = "noop",
	.enqueue = noop_enqueue,
	.dequeue = noop_dequeue,
	.peek = noop_dequeue,
};

const struct Qdisc_ops noqueue_qdisc_ops = {
	.id = "noqueue",
	.dequeue = noop_dequeue,
	.peek = noop_dequeue,
};

const struct Qdisc_ops pfifo_fast_ops = {
	.id = "pfifo_fast",
	.priv_size = sizeof(struct pfifo_fast_priv),
	.enqueue = pfifo_fast_enqueue,
	.dequeue = pfifo_fast_dequeue,
	.peek = pfifo_fast_peek,
	.init = pfifo_fast_init,
	.reset = pfifo_fast_reset,
};
