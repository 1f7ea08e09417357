/*
 * Changes of a device's carrier reach the qdisc and the notifiers from here, in a work item: at once when
 * a carrier came and packets wait for it (urgent), else at most once a second.
 */
#include "stack/interface/netdevice.h"
#include "stack/interface/vlan.h"

static unsigned char default_operstate(const struct net_device *dev)
{
	TRACE(dev, "the operational state that goes with the carrier");
	if (netif_carrier_ok(dev))
		return IF_OPER_UP;
	return is_vlan_dev(dev) ? IF_OPER_LOWERLAYERDOWN : IF_OPER_DOWN;
}

static void rfc2863_policy(struct net_device *dev)
{
	TRACE(dev, "set the operational state by the carrier");
	dev->operstate = default_operstate(dev);
}

void linkwatch_init_dev(struct net_device *dev)
{
	TRACE(dev, "take over a carrier that changed before registration");
	if (!netif_carrier_ok(dev))
		rfc2863_policy(dev);
}

/* The carrier is there, but the queue still has another qdisc than its own. */
static bool linkwatch_urgent_event(struct net_device *dev)
{
	TRACE(dev, "ask whether the device waits for this event to transmit");
	if (!netif_running(dev))
		return false;
	return netif_carrier_ok(dev) && dev->_tx->qdisc != dev->_tx->qdisc_sleeping;
}

static void linkwatch_add_event(struct net_device *dev)
{
	TRACE(dev, "queue an event of the device");
	if (list_empty(&dev->link_watch_list)) {
		list_add_tail(&dev->link_watch_list, &netdev_state(dev->host)->lweventlist);
		dev_hold(dev);
	}
}

static void linkwatch_schedule_work(struct host *host, bool urgent)
{
	TRACE(host, "have the carrier events handled, soon or at once");
	struct netdev_state *st = netdev_state(host);
	unsigned long delay = st->linkwatch_nextevent - jiffies(host);

	if (st->linkwatch_urgent)
		return;
	if (urgent) {
		st->linkwatch_urgent = true;
		mod_delayed_work(system_wq, &st->linkwatch_work, 0);
		return;
	}
	/* In the past: the difference wrapped around. */
	if (delay > HZ)
		delay = 0;
	schedule_delayed_work(&st->linkwatch_work, delay);
}

void linkwatch_fire_event(struct net_device *dev)
{
	TRACE(dev, "have a change of the carrier handled");
	bool urgent = linkwatch_urgent_event(dev);

	if (!(dev->state & 1ul << __LINK_STATE_LINKWATCH_PENDING)) {
		dev->state |= 1ul << __LINK_STATE_LINKWATCH_PENDING;
		linkwatch_add_event(dev);
	} else if (!urgent) {
		return;
	}
	linkwatch_schedule_work(dev->host, urgent);
}

static void linkwatch_do_dev(struct net_device *dev)
{
	TRACE(dev, "follow the carrier: operational state, qdisc, notifiers");
	dev->state &= ~(1ul << __LINK_STATE_LINKWATCH_PENDING);
	rfc2863_policy(dev);
	if (dev->flags & IFF_UP) {
		if (netif_carrier_ok(dev))
			dev_activate(dev);
		else
			dev_deactivate(dev);
		netdev_state_change(dev);
	}
	dev_put(dev);
}

/* The device goes away: nobody follows its carrier any more. */
void linkwatch_forget_dev(struct net_device *dev)
{
	if (list_empty(&dev->link_watch_list))
		return;
	list_del_init(&dev->link_watch_list);
	dev->state &= ~(1ul << __LINK_STATE_LINKWATCH_PENDING);
	dev_put(dev);
}

static void __linkwatch_run_queue(struct host *host, bool urgent_only)
{
	TRACE(host, "handle the carrier events that are due");
	struct netdev_state *st = netdev_state(host);
	unsigned long now = jiffies(host);
	LIST_HEAD(todo);

	if (!urgent_only)
		st->linkwatch_nextevent = now + HZ;
	else if (time_after(st->linkwatch_nextevent, now + HZ))
		st->linkwatch_nextevent = now;
	st->linkwatch_urgent = false;
	list_splice_init(&st->lweventlist, &todo);
	while (!list_empty(&todo)) {
		struct net_device *dev = list_first_entry(&todo, struct net_device, link_watch_list);

		list_del_init(&dev->link_watch_list);
		if (urgent_only && !linkwatch_urgent_event(dev)) {
			list_add_tail(&dev->link_watch_list, &st->lweventlist);
			continue;
		}
		linkwatch_do_dev(dev);
	}
	if (!list_empty(&st->lweventlist))
		linkwatch_schedule_work(host, false);
}

static void linkwatch_event(struct work_struct *work)
{
	TRACE(work, "handle carrier events");
	struct host *host = work->host;

	rtnl_lock(host);
	__linkwatch_run_queue(host, time_after(netdev_state(host)->linkwatch_nextevent, jiffies(host)));
	rtnl_unlock(host);
}

void linkwatch_init(struct host *host)
{
	INIT_DELAYED_WORK(host, &netdev_state(host)->linkwatch_work, linkwatch_event);
}

void linkwatch_exit(struct host *host)
{
	cancel_delayed_work_sync(&netdev_state(host)->linkwatch_work);
}
