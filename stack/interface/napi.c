/*
 * NAPI: who is to be polled, and the NET_RX softirq that polls.
 *
 * SCHED is set from being scheduled until napi_complete(); meanwhile further schedules set MISSED. An
 * instance that used up its weight goes to the end of the queue. The softirq ends after netdev_budget
 * packets or netdev_budget_usecs and raises itself again when something is left.
 */
#include "stack/interface/gro.h"

/* NAPI is now idle, scheduled or being polled; the backlog's belongs to no device. */
enum { NAPI_IDLE, NAPI_SCHEDULED, NAPI_POLLING };
static inline void napi_trace(const struct napi_struct *n, u32 state)
{
	if (trace_recording(n->host) && n->dev)
		TRACE_VALUE(n, SUBJECT_DEV, (u32)n->dev->ifindex, "napi_state", "idle|scheduled|polling",
			    state);
}

void netif_napi_add(struct net_device *dev, struct napi_struct *napi, int (*poll)(struct napi_struct *, int),
		    int weight)
{
	TRACE(dev, "init a napi instance of the device");
	struct netdev_state *st = netdev_state(dev->host);

	napi->host = dev->host;
	INIT_LIST_HEAD(&napi->poll_list);
	init_gro_hash(napi);
	napi->poll = poll;
	napi->weight = weight;
	napi->dev = dev;
	/* Disabled until napi_enable(). */
	napi->state = NAPIF_STATE_LISTED | NAPIF_STATE_SCHED | BIT(NAPI_STATE_NPSVC);
	napi->napi_id = ++st->next_napi_id;
	list_add(&napi->dev_list, &dev->napi_list);
}

void __netif_napi_del(struct napi_struct *napi)
{
	TRACE(napi, "remove a napi instance");
	if (!(napi->state & NAPIF_STATE_LISTED))
		return;
	napi->state &= ~NAPIF_STATE_LISTED;
	list_del_init(&napi->dev_list);
	flush_gro_hash(napi);
}

void synchronize_net(struct host *host)
{
	TRACE(host, "wait until nobody uses what was just removed");
	rtnl_is_locked(host);
}

void netif_napi_del(struct napi_struct *napi)
{
	__netif_napi_del(napi);
	synchronize_net(napi->host);
}

void napi_enable(struct napi_struct *n)
{
	TRACE(n, "enable napi");
	SIM_BUG_ON(n->host, !(n->state & NAPIF_STATE_SCHED));
	n->state &= ~(NAPIF_STATE_SCHED | BIT(NAPI_STATE_NPSVC));
}

void napi_disable(struct napi_struct *n)
{
	TRACE(n, "disable napi");
	n->state |= NAPIF_STATE_DISABLE;
	while (n->state & (NAPIF_STATE_SCHED | BIT(NAPI_STATE_NPSVC))) {
		/* It waits to be polled by ksoftirqd: let it, or take it away when there are no tasks any
		 * more. */
		if (current(n->host)) {
			msleep(n->host, 1);
			continue;
		}
		list_del_init(&n->poll_list);
		n->state &= ~(NAPIF_STATE_SCHED | NAPIF_STATE_MISSED | BIT(NAPI_STATE_NPSVC));
	}
	n->state |= NAPIF_STATE_SCHED | BIT(NAPI_STATE_NPSVC);
	n->state &= ~(NAPIF_STATE_DISABLE | NAPIF_STATE_MISSED);
}

bool napi_schedule_prep(struct napi_struct *n)
{
	TRACE_LEAF(n, "label SCHED in napi_struct");
	if (unlikely(n->state & NAPIF_STATE_DISABLE))
		return false;
	if (n->state & NAPIF_STATE_SCHED) {
		n->state |= NAPIF_STATE_MISSED;
		return false;
	}
	n->state |= NAPIF_STATE_SCHED;
	return true;
}

void ____napi_schedule(struct softnet_data *sd, struct napi_struct *napi)
{
	TRACE(napi, "queue napi for polling and raise NET_RX");
	list_add_tail(&napi->poll_list, &sd->poll_list);
	napi_trace(napi, NAPI_SCHEDULED);
	__raise_softirq_irqoff(napi->host, NET_RX_SOFTIRQ);
}

void __napi_schedule(struct napi_struct *n)
{
	TRACE(n, "queue napi for polling");
	____napi_schedule(softnet_data(n->host), n);
}

void __napi_schedule_irqoff(struct napi_struct *n)
{
	TRACE(n, "queue napi for polling, interrupts being off");
	____napi_schedule(softnet_data(n->host), n);
}

void napi_schedule(struct napi_struct *n)
{
	TRACE(n, "have napi polled soon");
	if (napi_schedule_prep(n))
		__napi_schedule(n);
}

void napi_schedule_irqoff(struct napi_struct *n)
{
	TRACE(n, "have napi polled soon, interrupts being off");
	if (napi_schedule_prep(n))
		__napi_schedule_irqoff(n);
}

bool napi_complete_done(struct napi_struct *n, int work_done)
{
	TRACE(n, "clear the state of napi_struct");
	(void)work_done;
	if (unlikely(n->gro_bitmask))
		napi_gro_flush(n, false);
	gro_normal_list(n);
	list_del_init(&n->poll_list);
	SIM_BUG_ON(n->host, !(n->state & NAPIF_STATE_SCHED));
	if (unlikely(n->state & NAPIF_STATE_MISSED)) {
		/* Somebody scheduled it meanwhile: it stays scheduled. */
		n->state &= ~NAPIF_STATE_MISSED;
		__napi_schedule(n);
		return false;
	}
	n->state &= ~NAPIF_STATE_SCHED;
	napi_trace(n, NAPI_IDLE);
	return true;
}

bool napi_complete(struct napi_struct *n)
{
	TRACE(n, "clear the state of napi_struct");
	return napi_complete_done(n, 0);
}

/* ---- the softirq ---- */

static int __napi_poll(struct napi_struct *n, bool *repoll)
{
	TRACE(n, "poll one device and see whether it wants to go on");
	int work = 0, weight = n->weight;

	/* It may have been disabled since it was queued. */
	if (likely(n->state & NAPIF_STATE_SCHED)) {
		TRACE_OP(n, "poll");
		work = n->poll(n, weight);
	}
	SIM_BUG_ON(n->host, work > weight);
	if (likely(work < weight))
		return work;
	if (unlikely(n->state & NAPIF_STATE_DISABLE)) {
		napi_complete(n);
		return work;
	}
	/* What came in in an earlier jiffy waits no longer. */
	if (unlikely(n->gro_bitmask))
		napi_gro_flush(n, HZ >= 1000);
	gro_normal_list(n);
	*repoll = list_empty(&n->poll_list);
	return work;
}

static int napi_poll(struct napi_struct *n, struct list_head *repoll)
{
	TRACE(n, "poll one device");
	bool do_repoll = false;
	int work;

	list_del_init(&n->poll_list);
	napi_trace(n, NAPI_POLLING);
	work = __napi_poll(n, &do_repoll);
	if (do_repoll) {
		list_add_tail(&n->poll_list, repoll);
		napi_trace(n, NAPI_SCHEDULED);
	}
	return work;
}

bool sd_has_rps_ipi_waiting(struct softnet_data *sd)
{
	TRACE_LEAF(sd, "ask whether other cpus are to be told of packets for them");
	return false;
}

static void net_rps_action_and_irq_enable(struct softnet_data *sd)
{
	TRACE_LEAF(sd, "tell other cpus of packets for them, enable interrupts");
}

/* netdev_budget_usecs are over since `start`. */
static bool net_rx_time_over(const struct host *host, u64 start)
{
	unsigned long limit = usecs_to_jiffies((unsigned int)host->net->core.sysctl_netdev_budget_usecs);

	if (likely(host_now(host) == start && limit))
		return false;
	return time_after_eq(jiffies(host), start / NSEC_PER_JIFFY + limit);
}

void net_rx_action(struct host *host)
{
	TRACE(host, "poll the devices that have something to receive");
	struct softnet_data *sd = softnet_data(host);
	u64 start = host_now(host);
	int budget = host->net->core.sysctl_netdev_budget;
	LIST_HEAD(list);
	LIST_HEAD(repoll);

	list_splice_init(&sd->poll_list, &list);
	for (;;) {
		if (list_empty(&list)) {
			if (!sd_has_rps_ipi_waiting(sd) && list_empty(&repoll))
				return;
			break;
		}
		budget -= napi_poll(list_first_entry(&list, struct napi_struct, poll_list), &repoll);
		if (unlikely(budget <= 0 || net_rx_time_over(host, start))) {
			sd->time_squeeze++;
			break;
		}
	}
	/* First what came in meanwhile, then what was not reached, then what wants to go on. */
	list_splice_tail_init(&sd->poll_list, &list);
	list_splice_tail(&repoll, &list);
	list_splice(&list, &sd->poll_list);
	if (!list_empty(&sd->poll_list))
		__raise_softirq_irqoff(host, NET_RX_SOFTIRQ);
	net_rps_action_and_irq_enable(sd);
}
