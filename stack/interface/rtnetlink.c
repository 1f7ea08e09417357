/*
 * rtnl: messages about devices, and the lock over all configuration of the network. A task that finds it
 * taken sleeps; outside of tasks (boot, tear-down) nobody can hold it.
 */
#include "stack/interface/netdevice.h"

void rtnl_lock(struct host *host)
{
	TRACE(host, "take the lock over the network's configuration");
	struct netdev_state *st = netdev_state(host);

	while (st->rtnl_locked) {
		SIM_BUG_ON(host, !current(host));
		if (!current(host))
			break;
		DEFINE_WAIT(wait, host);
		prepare_to_wait_exclusive(&st->rtnl_wait, &wait, TASK_UNINTERRUPTIBLE);
		if (st->rtnl_locked)
			schedule(host);
		finish_wait(&st->rtnl_wait, &wait);
	}
	st->rtnl_locked = true;
}

void rtnl_unlock(struct host *host)
{
	TRACE(host, "release the lock over the network's configuration");
	struct netdev_state *st = netdev_state(host);

	st->rtnl_locked = false;
	if (waitqueue_active(&st->rtnl_wait))
		wake_up(&st->rtnl_wait);
}

bool rtnl_is_locked(struct host *host)
{
	TRACE(host, "check that the configuration's lock is held");
	return netdev_state(host)->rtnl_locked;
}

/* ---- messages about devices; there is no netlink yet, so nobody listens ---- */

#define RTM_NEWLINK 16
#define RTNLGRP_LINK 1

/* The fixed part of the message, as rtnetlink lays it out. */
struct ifinfo_msg {
	struct {
		u32 len;
		u16 type, flags;
		u32 seq, pid;
	} nlmsg;
	struct {
		u8 family, pad;
		u16 type;
		s32 index;
		u32 flags, change;
	} ifinfo;
};

/* Linux makes room for all that a device might have to tell; most of it stays unused. */
static unsigned int if_nlmsg_size(const struct net_device *dev)
{
	TRACE(dev, "how large may the message about the device become?");
	return sizeof(struct ifinfo_msg) + 1280;
}

static void rtnl_fill_ifinfo(struct sk_buff *skb, const struct net_device *dev, unsigned int change)
{
	TRACE(dev, "describe the device in a message");
	struct ifinfo_msg msg = {
		.nlmsg = { .len = sizeof(msg), .type = RTM_NEWLINK },
		.ifinfo = { .type = dev->type,
			    .index = dev->ifindex,
			    .flags = dev_get_flags(dev),
			    .change = change },
	};

	__skb_put_data(skb, &msg, sizeof(msg));
}

static struct sk_buff *rtmsg_ifinfo_build_skb(const struct net_device *dev, unsigned int change)
{
	TRACE(dev, "make a message about the device");
	struct sk_buff *skb = nlmsg_new(dev->host, if_nlmsg_size(dev), GFP_KERNEL);

	if (skb)
		rtnl_fill_ifinfo(skb, dev, change);
	return skb;
}

static void rtmsg_ifinfo_send(struct sk_buff *skb, const struct net_device *dev)
{
	TRACE(dev, "send the message about the device");
	rtnl_notify(skb, dev->host->net, 0, RTNLGRP_LINK, GFP_KERNEL);
}

static void rtmsg_ifinfo_event(const struct net_device *dev, unsigned int change)
{
	TRACE(dev, "tell netlink listeners of an event of the device");
	struct sk_buff *skb;

	if (dev->reg_state != NETREG_REGISTERED)
		return;
	skb = rtmsg_ifinfo_build_skb(dev, change);
	if (skb)
		rtmsg_ifinfo_send(skb, dev);
}

/* The kind of event that the message names. */
static void rtnl_get_event(const struct net_device *dev)
{
	TRACE(dev, "which event is it?");
}

void rtmsg_ifinfo(struct net_device *dev, unsigned int change)
{
	TRACE(dev, "tell netlink listeners of a change of the device");
	rtnl_get_event(dev);
	rtmsg_ifinfo_event(dev, change);
}

static int rtnetlink_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	TRACE(dev, "tell netlink listeners of what they would not hear otherwise");

	(void)nb;
	if (event == NETDEV_CHANGEMTU || event == NETDEV_CHANGEADDR || event == NETDEV_FEAT_CHANGE) {
		rtnl_get_event(dev);
		rtmsg_ifinfo_event(dev, 0);
	}
	return NOTIFY_DONE;
}

void rtnetlink_init(struct net *net)
{
	TRACE(net, "follow the events of devices");
	struct netdev_state *st = net->netdev;

	st->rtnetlink_dev_notifier.notifier_call = rtnetlink_event;
	register_netdevice_notifier(net, &st->rtnetlink_dev_notifier);
}
