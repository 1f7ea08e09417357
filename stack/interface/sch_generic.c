/*
 * Queueing disciplines in general: dequeuing to the device, and a device's qdisc going on and off.
 *
 * While a device is down its queue shows `noop`; its qdisc proper (qdisc_sleeping) is put in place by
 * dev_activate(), with the carrier. A qdisc runs (qdisc_run) when something was put in and when the driver
 * wakes its queue, then from the NET_TX softirq.
 */
#include "stack/interface/netdevice.h"

#define DEV_TX_WEIGHT 64 /* packets a run of a qdisc may send */

struct net_device *qdisc_dev(const struct Qdisc *qdisc)
{
	return qdisc->dev_queue->dev;
}

/* ---- running ---- */

bool qdisc_run_begin(struct Qdisc *q)
{
	if (unlikely(q->state & BIT(__QDISC_STATE_RUNNING))) {
		q->state |= BIT(__QDISC_STATE_MISSED);
		return false;
	}
	q->state |= BIT(__QDISC_STATE_RUNNING);
	return true;
}

void qdisc_run_end(struct Qdisc *q)
{
	q->state &= ~BIT(__QDISC_STATE_RUNNING);
	if (unlikely(q->state & BIT(__QDISC_STATE_MISSED))) {
		q->state &= ~BIT(__QDISC_STATE_MISSED);
		__netif_schedule(q);
	}
}

/* How many packets wait has changed. */
void qdisc_trace_len_slow(const struct Qdisc *q)
{
	const struct net_device *dev = qdisc_dev(q);

	if (likely(dev)) /* noop_qdisc has none */
		TRACE_VALUE(q, SUBJECT_DEV, (u32)dev->ifindex, "qlen", "packets", q->qstats.qlen);
}

/* Packets that the device did not take go first next time. */
static void dev_requeue_skb(struct sk_buff *skb, struct Qdisc *q)
{
	TRACE(q, "put back packets that the device did not take");
	struct sk_buff *next;

	for (; skb; skb = next) {
		next = skb->next;
		__skb_queue_tail(&q->gso_skb, skb);
		q->qstats.requeues++;
		q->qstats.backlog += qdisc_pkt_len(skb);
		q->qstats.qlen++;
	}
	qdisc_trace_len(q);
	/* A stopped queue runs its qdisc when it is woken. */
	if (!netif_xmit_frozen_or_stopped(q->dev_queue))
		__netif_schedule(q);
}

/* One packet, or NULL; `*validate`: it was not yet seen by validate_xmit_skb(). */
static struct sk_buff *dequeue_skb(struct Qdisc *q, bool *validate)
{
	TRACE(q, "take the next packet out of the queue");
	struct netdev_queue *txq = q->dev_queue;
	struct sk_buff *skb = skb_peek(&q->gso_skb);

	if (unlikely(skb)) {
		*validate = false;
		if (netif_xmit_frozen_or_stopped(txq))
			return NULL;
		__skb_unlink(skb, &q->gso_skb);
		q->qstats.backlog -= qdisc_pkt_len(skb);
		q->qstats.qlen--;
		qdisc_trace_len(q);
		return skb;
	}
	*validate = true;
	/* With one tx queue there is no use in taking a packet that it cannot send. */
	if ((q->flags & TCQ_F_ONETXQUEUE) && netif_xmit_frozen_or_stopped(txq))
		return NULL;
	TRACE_OP(q, "dequeue");
	skb = q->ops->dequeue(q);
	if (skb)
		qdisc_trace_len(q);
	return skb;
}

bool sch_direct_xmit(struct sk_buff *skb, struct Qdisc *q, struct net_device *dev, struct netdev_queue *txq,
		     bool validate)
{
	TRACE_SKB(skb, "transmit packets now; requeue what the device does not take");
	int ret = NETDEV_TX_BUSY;

	if (validate)
		skb = validate_xmit_skb_list(skb, dev, NULL);
	if (unlikely(!skb))
		return true;
	if (!netif_xmit_frozen_or_stopped(txq))
		skb = dev_hard_start_xmit(skb, dev, txq, &ret);
	if (unlikely(!dev_xmit_complete(ret))) {
		dev_requeue_skb(skb, q);
		return false;
	}
	return true;
}

static bool qdisc_restart(struct Qdisc *q)
{
	bool validate;
	struct sk_buff *skb = dequeue_skb(q, &validate);

	if (!skb)
		return false;
	return sch_direct_xmit(skb, q, qdisc_dev(q), q->dev_queue, validate);
}

void __qdisc_run(struct Qdisc *q)
{
	TRACE(q, "send what is queued, a bounded number of packets");
	int quota = DEV_TX_WEIGHT;

	while (qdisc_restart(q)) {
		if (--quota <= 0) {
			__netif_schedule(q);
			break;
		}
	}
}

void qdisc_run(struct Qdisc *q)
{
	TRACE(q, "send what is queued unless somebody does already");
	if (qdisc_run_begin(q)) {
		__qdisc_run(q);
		qdisc_run_end(q);
	}
}

/* ---- NET_TX ---- */

static void __netif_reschedule(struct Qdisc *q)
{
	TRACE(q, "queue the qdisc for net_tx_action");
	struct softnet_data *sd = softnet_data(q->host);

	q->next_sched = NULL;
	*sd->output_queue_tailp = q;
	sd->output_queue_tailp = &q->next_sched;
	raise_softirq_irqoff(q->host, NET_TX_SOFTIRQ);
}

void __netif_schedule(struct Qdisc *q)
{
	TRACE(q, "have the qdisc run soon");
	if (!(q->state & BIT(__QDISC_STATE_SCHED))) {
		q->state |= BIT(__QDISC_STATE_SCHED);
		__netif_reschedule(q);
	}
}

void netif_schedule_queue(struct netdev_queue *txq)
{
	TRACE(txq, "have the queue's qdisc run soon unless the queue is stopped");
	if (!(txq->state & QUEUE_STATE_ANY_XOFF))
		__netif_schedule(txq->qdisc);
}

void net_tx_action(struct host *host)
{
	TRACE(host, "free sent packets and run the qdiscs that want it");
	struct softnet_data *sd = softnet_data(host);
	struct sk_buff *skb = sd->completion_queue, *next;
	struct Qdisc *head = sd->output_queue;

	sd->completion_queue = NULL;
	for (; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		kfree_skb(skb);
	}
	sd->output_queue = NULL;
	sd->output_queue_tailp = &sd->output_queue;
	while (head) {
		struct Qdisc *q = head;

		head = head->next_sched;
		q->state &= ~BIT(__QDISC_STATE_SCHED);
		if (likely(!(q->state & BIT(__QDISC_STATE_DEACTIVATED))))
			qdisc_run(q);
	}
}

/* Takes a qdisc that goes away off the output queue. */
static void qdisc_unschedule(struct Qdisc *q)
{
	struct softnet_data *sd = softnet_data(q->host);

	if (!(q->state & BIT(__QDISC_STATE_SCHED)))
		return;
	for (struct Qdisc **p = &sd->output_queue; *p; p = &(*p)->next_sched) {
		if (*p != q)
			continue;
		*p = q->next_sched;
		if (sd->output_queue_tailp == &q->next_sched)
			sd->output_queue_tailp = p;
		break;
	}
	q->state &= ~BIT(__QDISC_STATE_SCHED);
}

/* ---- making and freeing ---- */

struct Qdisc *qdisc_alloc(struct netdev_queue *dev_queue, const struct Qdisc_ops *ops)
{
	TRACE(dev_queue, "allocate a queueing discipline");
	struct Qdisc *sch = kzalloc(dev_queue->host, sizeof(*sch) + ops->priv_size);

	if (!sch)
		return ERR_PTR(-ENOMEM);
	sch->host = dev_queue->host;
	sch->ops = ops;
	sch->dev_queue = dev_queue;
	__skb_queue_head_init(&sch->gso_skb);
	return sch;
}

struct Qdisc *qdisc_create_dflt(struct netdev_queue *dev_queue, const struct Qdisc_ops *ops, u32 parentid)
{
	TRACE(dev_queue, "make a queueing discipline with its defaults");
	struct Qdisc *sch = qdisc_alloc(dev_queue, ops);

	if (IS_ERR(sch))
		return NULL;
	sch->parent = parentid;
	if (ops->init) {
		TRACE_OP(sch, "init");
		if (ops->init(sch, NULL)) {
			qdisc_put(sch);
			return NULL;
		}
	}
	return sch;
}

void qdisc_reset(struct Qdisc *qdisc)
{
	TRACE(qdisc, "drop all that is queued");
	if (qdisc->ops->reset) {
		TRACE_OP(qdisc, "reset");
		qdisc->ops->reset(qdisc);
	}
	if (unlikely(!skb_queue_empty(&qdisc->gso_skb)))
		skb_queue_purge_reason(qdisc->host, &qdisc->gso_skb, SKB_DROP_REASON_QDISC_DROP);
	qdisc->qstats.qlen = 0;
	qdisc_trace_len(qdisc);
	qdisc->qstats.backlog = 0;
}

void qdisc_put(struct Qdisc *qdisc)
{
	TRACE(qdisc, "free a queueing discipline");
	if (qdisc->flags & TCQ_F_BUILTIN)
		return;
	qdisc_unschedule(qdisc);
	qdisc_reset(qdisc);
	if (qdisc->ops->destroy) {
		TRACE_OP(qdisc, "destroy");
		qdisc->ops->destroy(qdisc);
	}
	kfree(qdisc->host, qdisc);
}

int qdisc_drop(struct sk_buff *skb, struct Qdisc *sch, struct sk_buff **to_free)
{
	sch->qstats.drops++;
	skb->next = *to_free;
	*to_free = skb;
	return NET_XMIT_DROP;
}

/* Puts another qdisc into a queue (tc); returns the one it had, which the caller frees. */
struct Qdisc *dev_graft_qdisc(struct netdev_queue *dev_queue, struct Qdisc *qdisc)
{
	TRACE(dev_queue, "replace the queue's qdisc");
	struct Qdisc *oqdisc = dev_queue->qdisc_sleeping, *noop = netdev_state(dev_queue->host)->noop_qdisc;

	if (!qdisc)
		qdisc = noop;
	dev_queue->qdisc_sleeping = qdisc;
	dev_queue->qdisc = noop;
	dev_queue->dev->qdisc = qdisc;
	return oqdisc;
}

/* ---- a device's qdisc goes on and off ---- */

static void attach_one_default_qdisc(struct net_device *dev, struct netdev_queue *dev_queue)
{
	TRACE(dev, "give the queue its default qdisc");
	const struct Qdisc_ops *ops = dev->priv_flags & IFF_NO_QUEUE ? &noqueue_qdisc_ops : &pfifo_fast_ops;
	struct Qdisc *qdisc = qdisc_create_dflt(dev_queue, ops, ~0u);

	if (!qdisc) {
		netdev_info(dev, "qdisc attach failed");
		return;
	}
	qdisc->flags |= TCQ_F_ONETXQUEUE;
	dev_queue->qdisc_sleeping = qdisc;
}

static void attach_default_qdiscs(struct net_device *dev)
{
	TRACE(dev, "give the device its default qdisc");
	attach_one_default_qdisc(dev, dev->_tx);
	dev->qdisc = dev->_tx->qdisc_sleeping;
}

static void transition_one_qdisc(struct net_device *dev)
{
	TRACE(dev, "put the queue's own qdisc in place");
	struct netdev_queue *dev_queue = dev->_tx;
	struct Qdisc *new_qdisc = dev_queue->qdisc_sleeping;

	if (!(new_qdisc->flags & TCQ_F_BUILTIN))
		new_qdisc->state &= ~BIT(__QDISC_STATE_DEACTIVATED);
	dev_queue->qdisc = new_qdisc;
	dev_queue->trans_start = jiffies(dev->host);
}

static void dev_watchdog_up(struct net_device *dev)
{
	TRACE(dev, "enable watchdog timer for netdev");
	__netdev_watchdog_up(dev);
}

void dev_activate(struct net_device *dev)
{
	TRACE(dev, "put the device's qdisc in place, once there is a carrier");
	if (dev->qdisc == netdev_state(dev->host)->noop_qdisc)
		attach_default_qdiscs(dev);
	if (!netif_carrier_ok(dev))
		return; /* linkwatch comes back here */
	transition_one_qdisc(dev);
	dev_watchdog_up(dev);
}

static void qdisc_deactivate(struct Qdisc *qdisc)
{
	TRACE(qdisc, "mark the qdisc as off");
	if (!(qdisc->flags & TCQ_F_BUILTIN))
		qdisc->state |= BIT(__QDISC_STATE_DEACTIVATED);
}

static void dev_deactivate_queue(struct net_device *dev)
{
	TRACE(dev, "put noop in place of the queue's qdisc");
	qdisc_deactivate(dev->_tx->qdisc);
	dev->_tx->qdisc = netdev_state(dev->host)->noop_qdisc;
}

static void netif_freeze_queues(struct net_device *dev)
{
	TRACE(dev, "let nobody transmit");
	dev->_tx->state |= 1ul << __QUEUE_STATE_FROZEN;
}

static void netif_unfreeze_queues(struct net_device *dev)
{
	TRACE(dev, "let the queues go on");
	dev->_tx->state &= ~(1ul << __QUEUE_STATE_FROZEN);
	netif_schedule_queue(dev->_tx);
}

static void netif_tx_lock(struct net_device *dev)
{
	TRACE(dev, "take the lock over all tx queues");
	netif_freeze_queues(dev);
}

static void netif_tx_unlock(struct net_device *dev)
{
	TRACE(dev, "release the lock over all tx queues");
	netif_unfreeze_queues(dev);
}

static void dev_watchdog_down(struct net_device *dev)
{
	TRACE(dev, "stop the watchdog timer");
	local_bh_disable(dev->host);
	netif_tx_lock(dev);
	if (del_timer(&dev->watchdog_timer))
		dev_put(dev);
	netif_tx_unlock(dev);
	local_bh_enable(dev->host);
}

static bool some_qdisc_is_busy(struct net_device *dev)
{
	TRACE(dev, "ask whether a qdisc is still running");
	return dev->_tx->qdisc_sleeping->state & BIT(__QDISC_STATE_RUNNING);
}

void dev_deactivate_many(struct net_device *dev)
{
	TRACE(dev, "stop the device's qdisc and drop what it holds");
	dev_deactivate_queue(dev);
	dev_watchdog_down(dev);
	synchronize_net(dev->host);
	qdisc_reset(dev->_tx->qdisc_sleeping);
	SIM_BUG_ON(dev->host, some_qdisc_is_busy(dev));
}

void dev_deactivate(struct net_device *dev)
{
	TRACE(dev, "stop the device's qdisc and drop what it holds");
	dev_deactivate_many(dev);
}

/* The timer holds the device. */
static void watchdog_arm(struct net_device *dev)
{
	if (!mod_timer(&dev->watchdog_timer,
		       round_jiffies(jiffies(dev->host) + (unsigned long)dev->watchdog_timeo)))
		dev_hold(dev);
}

/* mod_timer() of the charts; the watchdog itself goes on without it. */
static void watchdog_mod_timer(struct net_device *dev)
{
	TRACE_AS(dev, "mod_timer", "watchdog timer");
	watchdog_arm(dev);
}

static void dev_watchdog(struct timer_list *t)
{
	struct net_device *dev = from_timer(dev, t, watchdog_timer);
	TRACE(dev, "show warning if it expires, update next expiry");
	struct netdev_queue *txq = dev->_tx;
	unsigned long now = jiffies(dev->host);

	if (txq->qdisc != netdev_state(dev->host)->noop_qdisc && netif_device_present(dev) &&
	    netif_running(dev) && netif_carrier_ok(dev)) {
		if (unlikely(netif_xmit_stopped(txq) &&
			     time_after(now, txq->trans_start + (unsigned long)dev->watchdog_timeo))) {
			if (++txq->trans_timeout == 1) /* a warning of the kernel's: once */
				printk(dev->host, "NETDEV WATCHDOG: %s (%.*s): transmit queue 0 timed out",
				       dev->name, (int)strcspn(dev->parent_name, " "), dev->parent_name);
			TRACE_OP(dev, "ndo_tx_timeout");
			dev->netdev_ops->ndo_tx_timeout(dev, 0);
		}
		watchdog_arm(dev);
	}
	dev_put(dev);
}

void __netdev_watchdog_up(struct net_device *dev)
{
	TRACE(dev, "enable watchdog timer for netdev");
	if (!dev->netdev_ops->ndo_tx_timeout)
		return;
	if (dev->watchdog_timeo <= 0)
		dev->watchdog_timeo = 5 * HZ;
	watchdog_mod_timer(dev);
}

static void watchdog_setup(struct net_device *dev)
{
	TRACE_AS(dev, "timer_setup", "setup a timer with function");
	timer_setup(dev->host, &dev->watchdog_timer, dev_watchdog, TIMER_BACKGROUND);
}

void dev_init_scheduler(struct net_device *dev)
{
	TRACE(dev, "apply noop_qdisc, setup timer of watchdog monitoring device");
	dev->qdisc = netdev_state(dev->host)->noop_qdisc;
	dev->_tx->qdisc = dev->qdisc;
	dev->_tx->qdisc_sleeping = dev->qdisc;
	watchdog_setup(dev);
}

void dev_shutdown(struct net_device *dev)
{
	TRACE(dev, "free the device's qdisc");
	struct Qdisc *qdisc = dev->_tx->qdisc_sleeping, *noop = netdev_state(dev->host)->noop_qdisc;

	if (del_timer(&dev->watchdog_timer))
		dev_put(dev);
	dev->_tx->qdisc = noop;
	dev->_tx->qdisc_sleeping = noop;
	dev->qdisc = noop;
	qdisc_put(qdisc);
}

/* ---- stopping and waking the queue: the driver's side ---- */

static void netif_tx_stop_queue(struct netdev_queue *txq)
{
	TRACE(txq, "stop a tx queue");
	txq->state |= QUEUE_STATE_DRV_XOFF;
}

void netif_stop_queue(struct net_device *dev)
{
	TRACE(dev, "stop the tx queue");
	netif_tx_stop_queue(dev->_tx);
}

void netif_start_queue(struct net_device *dev)
{
	TRACE(dev, "enable tx queue (allow transmit)");
	dev->_tx->state &= ~QUEUE_STATE_DRV_XOFF;
}

void netif_tx_wake_queue(struct netdev_queue *txq)
{
	TRACE(txq, "let a tx queue go on");
	if (txq->state & QUEUE_STATE_DRV_XOFF) {
		txq->state &= ~QUEUE_STATE_DRV_XOFF;
		__netif_schedule(txq->qdisc);
	}
}

void netif_wake_queue(struct net_device *dev)
{
	TRACE(dev, "let the tx queue go on");
	netif_tx_wake_queue(dev->_tx);
}

void netif_tx_disable(struct net_device *dev)
{
	TRACE(dev, "disable tx queue");
	netif_tx_stop_queue(dev->_tx);
}

/* ---- the carrier ---- */

void netif_carrier_on(struct net_device *dev)
{
	TRACE(dev, "clear 'no carrier' flag, enable watchdog timer for netdev");
	if (netif_carrier_ok(dev))
		return;
	dev->state &= ~(1ul << __LINK_STATE_NOCARRIER);
	if (dev->reg_state == NETREG_UNINITIALIZED)
		return;
	TRACE_VALUE(dev, SUBJECT_DEV, (u32)dev->ifindex, "carrier", "off|on", 1);
	dev->carrier_up_count++;
	linkwatch_fire_event(dev);
	if (netif_running(dev))
		__netdev_watchdog_up(dev);
}

void netif_carrier_off(struct net_device *dev)
{
	TRACE(dev, "label 'no carrier' on netdev");
	if (!netif_carrier_ok(dev))
		return;
	dev->state |= 1ul << __LINK_STATE_NOCARRIER;
	if (dev->reg_state == NETREG_UNINITIALIZED)
		return;
	TRACE_VALUE(dev, SUBJECT_DEV, (u32)dev->ifindex, "carrier", "off|on", 0);
	dev->carrier_down_count++;
	linkwatch_fire_event(dev);
}
