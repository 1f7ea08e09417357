/*
 * Bringing devices up and down, their flags, addresses, mtu and features, and telling others of it.
 */
#include "stack/interface/netdevice.h"
#include "stack/kernel/printk.h"

/* ---- notifiers ---- */

static int call_netdevice_notifiers_info(unsigned long val, struct netdev_notifier_info *info)
{
	TRACE(info->dev, "call everybody who wants to hear of devices");
	ASSERT_RTNL(info->dev->host);
	return raw_notifier_call_chain(&netdev_state(info->dev->host)->netdev_chain, val, info);
}

static int call_netdevice_notifiers_extack(unsigned long val, struct net_device *dev)
{
	TRACE(dev, "tell of an event of the device");
	struct netdev_notifier_info info = { .dev = dev };

	return call_netdevice_notifiers_info(val, &info);
}

int call_netdevice_notifiers(unsigned long val, struct net_device *dev)
{
	TRACE(dev, "tell of an event of the device");
	return call_netdevice_notifiers_extack(val, dev);
}

int register_netdevice_notifier(struct net *net, struct notifier_block *nb)
{
	struct net_device *dev;
	int err = 0;

	rtnl_lock(net->host);
	raw_notifier_chain_register(&net->netdev->netdev_chain, nb);
	for_each_netdev(net, dev)
	{
		struct netdev_notifier_info info = { .dev = dev };

		err = notifier_to_errno(nb->notifier_call(nb, NETDEV_REGISTER, &info));
		if (err) {
			raw_notifier_chain_unregister(&net->netdev->netdev_chain, nb);
			break;
		}
		if (dev->flags & IFF_UP)
			nb->notifier_call(nb, NETDEV_UP, &info);
	}
	rtnl_unlock(net->host);
	return err;
}

int unregister_netdevice_notifier(struct net *net, struct notifier_block *nb)
{
	return raw_notifier_chain_unregister(&net->netdev->netdev_chain, nb);
}

void netdev_state_change(struct net_device *dev)
{
	TRACE(dev, "tell of a change of the device's state");
	struct netdev_notifier_change_info change_info = { .info.dev = dev };

	if (!(dev->flags & IFF_UP))
		return;
	call_netdevice_notifiers_info(NETDEV_CHANGE, &change_info.info);
	rtmsg_ifinfo(dev, 0);
}

/* ---- what the device listens to ---- */

static void __dev_notify_flags(struct net_device *dev, unsigned int old_flags, unsigned int gchanges);

static void dev_change_rx_flags(struct net_device *dev, int flags)
{
	TRACE(dev, "tell the driver that the device listens to more or to less");

	if (dev->netdev_ops->ndo_change_rx_flags) {
		TRACE_OP(dev, "ndo_change_rx_flags");
		dev->netdev_ops->ndo_change_rx_flags(dev, flags);
	}
}

static void __dev_set_promiscuity(struct net_device *dev, int inc, bool notify)
{
	TRACE(dev, "count who wants all frames of the device");
	unsigned int old_flags = dev->flags;

	ASSERT_RTNL(dev->host);
	dev->promiscuity += inc;
	SIM_BUG_ON(dev->host, dev->promiscuity < 0);
	if (dev->promiscuity > 0)
		dev->flags |= IFF_PROMISC;
	else
		dev->flags &= ~(unsigned int)IFF_PROMISC;
	if (dev->flags != old_flags) {
		pr_info(dev->host, "device %s %s promiscuous mode", dev->name,
			dev->flags & IFF_PROMISC ? "entered" : "left");
		dev_change_rx_flags(dev, IFF_PROMISC);
	}
	if (notify)
		__dev_notify_flags(dev, old_flags, IFF_PROMISC);
}

void __dev_set_rx_mode(struct net_device *dev)
{
	TRACE(dev, "let the driver set up which frames the device accepts");
	bool further = dev->uc.count != 0;

	if (!(dev->flags & IFF_UP) || !netif_device_present(dev))
		return;
	/* A card that knows but one unicast address has to take all. */
	if (unlikely(further != dev->uc_promisc) && !(dev->priv_flags & IFF_UNICAST_FLT)) {
		dev->uc_promisc = further;
		__dev_set_promiscuity(dev, further ? 1 : -1, false);
	}
	if (dev->netdev_ops->ndo_set_rx_mode) {
		TRACE_OP(dev, "ndo_set_rx_mode");
		dev->netdev_ops->ndo_set_rx_mode(dev);
	}
}

void dev_set_rx_mode(struct net_device *dev)
{
	TRACE(dev, "set up which frames the device accepts");
	__dev_set_rx_mode(dev);
}

int dev_set_promiscuity(struct net_device *dev, int inc)
{
	TRACE(dev, "accept all frames, or no longer");
	unsigned int old_flags = dev->flags;

	__dev_set_promiscuity(dev, inc, true);
	if (dev->flags != old_flags)
		dev_set_rx_mode(dev);
	return 0;
}

static void __dev_set_allmulti(struct net_device *dev, int inc, bool notify)
{
	TRACE(dev, "count who wants all multicast frames of the device");
	unsigned int old_flags = dev->flags, old_gflags = dev->gflags;

	ASSERT_RTNL(dev->host);
	dev->allmulti += inc;
	SIM_BUG_ON(dev->host, dev->allmulti < 0);
	if (dev->allmulti > 0)
		dev->flags |= IFF_ALLMULTI;
	else
		dev->flags &= ~(unsigned int)IFF_ALLMULTI;
	if (dev->flags == old_flags)
		return;
	dev_change_rx_flags(dev, IFF_ALLMULTI);
	dev_set_rx_mode(dev);
	if (notify)
		__dev_notify_flags(dev, old_flags, dev->gflags ^ old_gflags);
}

int dev_set_allmulti(struct net_device *dev, int inc)
{
	TRACE(dev, "accept all multicast frames, or no longer");

	__dev_set_allmulti(dev, inc, true);
	return 0;
}

/* ---- up and down ---- */

static int __dev_open(struct net_device *dev)
{
	TRACE(dev, "start the device");
	const struct net_device_ops *ops = dev->netdev_ops;
	int ret;

	ASSERT_RTNL(dev->host);
	dev_addr_check(dev);
	if (!netif_device_present(dev))
		return -ENODEV;
	ret = notifier_to_errno(call_netdevice_notifiers_extack(NETDEV_PRE_UP, dev));
	if (ret)
		return ret;
	dev->state |= 1ul << __LINK_STATE_START;
	if (ops->ndo_validate_addr) {
		TRACE_OP(dev, "ndo_validate_addr");
		ret = ops->ndo_validate_addr(dev);
	}
	if (!ret && ops->ndo_open) {
		TRACE_OP(dev, "ndo_open");
		ret = ops->ndo_open(dev);
	}
	if (ret) {
		dev->state &= ~(1ul << __LINK_STATE_START);
		return ret;
	}
	dev->flags |= IFF_UP;
	dev_set_rx_mode(dev);
	dev_activate(dev);
	return 0;
}

static void __dev_close_many(struct net_device *dev)
{
	TRACE(dev, "tell that the device goes down, stop its queue and the driver");
	ASSERT_RTNL(dev->host);
	call_netdevice_notifiers(NETDEV_GOING_DOWN, dev);
	dev->state &= ~(1ul << __LINK_STATE_START);
	dev_deactivate_many(dev);
	if (dev->netdev_ops->ndo_stop) {
		TRACE_OP(dev, "ndo_stop");
		dev->netdev_ops->ndo_stop(dev);
	}
	dev->flags &= ~(unsigned int)IFF_UP;
}

static void __dev_close(struct net_device *dev)
{
	TRACE(dev, "stop the device");
	__dev_close_many(dev);
}

static void __dev_notify_flags(struct net_device *dev, unsigned int old_flags, unsigned int gchanges)
{
	TRACE(dev, "tell of changed flags");
	unsigned int changes = dev->flags ^ old_flags;

	if (gchanges)
		rtmsg_ifinfo(dev, gchanges);
	if (changes & IFF_UP)
		call_netdevice_notifiers(dev->flags & IFF_UP ? NETDEV_UP : NETDEV_DOWN, dev);
	if (dev->flags & IFF_UP && changes & ~(unsigned int)(IFF_UP | IFF_PROMISC | IFF_ALLMULTI)) {
		struct netdev_notifier_change_info change_info = { .info.dev = dev,
								   .flags_changed = changes };

		call_netdevice_notifiers_info(NETDEV_CHANGE, &change_info.info);
	}
}

int dev_open(struct net_device *dev)
{
	TRACE(dev, "bring the device up");
	int ret;

	if (dev->flags & IFF_UP)
		return 0;
	ret = __dev_open(dev);
	if (ret < 0)
		return ret;
	rtmsg_ifinfo(dev, IFF_UP | IFF_RUNNING);
	call_netdevice_notifiers(NETDEV_UP, dev);
	return ret;
}

void dev_close(struct net_device *dev)
{
	TRACE(dev, "bring the device down");
	if (!(dev->flags & IFF_UP))
		return;
	__dev_close_many(dev);
	rtmsg_ifinfo(dev, IFF_UP | IFF_RUNNING);
	call_netdevice_notifiers(NETDEV_DOWN, dev);
}

static int __dev_change_flags(struct net_device *dev, unsigned int flags)
{
	TRACE(dev, "change the device's flags, start or stop it");
	const unsigned int user = IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_DYNAMIC | IFF_MULTICAST |
				  IFF_PORTSEL | IFF_AUTOMEDIA;
	unsigned int old_flags = dev->flags;
	int ret = 0;

	ASSERT_RTNL(dev->host);
	dev->flags =
		(flags & user) | (dev->flags & (IFF_UP | IFF_VOLATILE_FLAGS | IFF_PROMISC | IFF_ALLMULTI));
	dev_set_rx_mode(dev);
	if ((old_flags ^ flags) & IFF_UP) {
		if (old_flags & IFF_UP)
			__dev_close(dev);
		else
			ret = __dev_open(dev);
	}
	if ((flags ^ dev->gflags) & IFF_PROMISC) {
		unsigned int before = dev->flags;

		dev->gflags ^= IFF_PROMISC;
		__dev_set_promiscuity(dev, flags & IFF_PROMISC ? 1 : -1, false);
		if (dev->flags != before)
			dev_set_rx_mode(dev);
	}
	if ((flags ^ dev->gflags) & IFF_ALLMULTI) {
		dev->gflags ^= IFF_ALLMULTI;
		__dev_set_allmulti(dev, flags & IFF_ALLMULTI ? 1 : -1, false);
	}
	return ret;
}

int dev_change_flags(struct net_device *dev, unsigned int flags)
{
	TRACE(dev, "change the device's flags and tell of it");
	unsigned int old_flags = dev->flags, old_gflags = dev->gflags;
	int ret = __dev_change_flags(dev, flags);

	if (ret < 0)
		return ret;
	__dev_notify_flags(dev, old_flags, (old_flags ^ dev->flags) | (old_gflags ^ dev->gflags));
	return ret;
}

unsigned int dev_get_flags(const struct net_device *dev)
{
	TRACE(dev, "tell the device's flags as programs see them");
	unsigned int flags =
		dev->flags & ~(unsigned int)(IFF_PROMISC | IFF_ALLMULTI | IFF_RUNNING | IFF_LOWER_UP);

	flags |= dev->gflags & (IFF_PROMISC | IFF_ALLMULTI);
	if (netif_running(dev)) {
		if (netif_oper_up(dev))
			flags |= IFF_RUNNING;
		if (netif_carrier_ok(dev))
			flags |= IFF_LOWER_UP;
	}
	return flags;
}

int netdev_set_up(struct net_device *dev, bool up)
{
	struct host *host = dev->host;
	unsigned int flags = dev_get_flags(dev);
	int err;

	rtnl_lock(host);
	err = dev_change_flags(dev, up ? flags | IFF_UP : flags & ~(unsigned int)IFF_UP);
	rtnl_unlock(host);
	return err;
}

/* ---- mtu, address, features, statistics ---- */

static int call_netdevice_notifiers_mtu(unsigned long val, struct net_device *dev, u32 old)
{
	TRACE(dev, "tell of a change of the mtu");
	struct netdev_notifier_mtu_info info = { .info.dev = dev, .old = old };

	return call_netdevice_notifiers_info(val, &info.info);
}

static int __dev_set_mtu(struct net_device *dev, int new_mtu)
{
	TRACE(dev, "have the driver use the mtu");

	if (dev->netdev_ops->ndo_change_mtu) {
		TRACE_OP(dev, "ndo_change_mtu");
		return dev->netdev_ops->ndo_change_mtu(dev, new_mtu);
	}
	dev->mtu = (unsigned int)new_mtu;
	return 0;
}

static int dev_validate_mtu(struct net_device *dev, int new_mtu)
{
	TRACE(dev, "is the mtu within what the device can do?");

	return new_mtu < (int)dev->min_mtu || (dev->max_mtu && new_mtu > (int)dev->max_mtu) ? -EINVAL : 0;
}

static int dev_set_mtu_ext(struct net_device *dev, int new_mtu)
{
	TRACE(dev, "change the mtu and tell of it");
	unsigned int orig_mtu = dev->mtu;
	int err;

	if (new_mtu == (int)dev->mtu)
		return 0;
	err = dev_validate_mtu(dev, new_mtu);
	if (err)
		return err;
	if (!netif_device_present(dev))
		return -ENODEV;
	err = notifier_to_errno(call_netdevice_notifiers(NETDEV_PRECHANGEMTU, dev));
	if (err)
		return err;
	err = __dev_set_mtu(dev, new_mtu);
	if (!err)
		call_netdevice_notifiers_mtu(NETDEV_CHANGEMTU, dev, orig_mtu);
	return err;
}

int dev_set_mtu(struct net_device *dev, int new_mtu)
{
	TRACE(dev, "change the device's mtu");

	return dev_set_mtu_ext(dev, new_mtu);
}

/* May the address be used? Nobody here ever objects. */
static int dev_pre_changeaddr_notify(struct net_device *dev)
{
	TRACE(dev, "ask whether the device's hardware address may change");
	struct netdev_notifier_info info = { .dev = dev };

	return notifier_to_errno(call_netdevice_notifiers_info(NETDEV_PRE_CHANGEADDR, &info));
}

int dev_set_mac_address(struct net_device *dev, const unsigned char *addr, unsigned int len)
{
	TRACE(dev, "change the device's hardware address");
	struct sockaddr sa = { .sa_family = dev->type };
	int err;

	if (!dev->netdev_ops->ndo_set_mac_address)
		return -EOPNOTSUPP;
	if (len != dev->addr_len || len > sizeof(sa.sa_data))
		return -EINVAL;
	if (!netif_device_present(dev))
		return -ENODEV;
	memcpy(sa.sa_data, addr, len);
	err = dev_pre_changeaddr_notify(dev);
	if (err)
		return err;
	TRACE_OP(dev, "ndo_set_mac_address");
	err = dev->netdev_ops->ndo_set_mac_address(dev, &sa);
	if (err)
		return err;
	dev->addr_assign_type = NET_ADDR_SET;
	call_netdevice_notifiers(NETDEV_CHANGEADDR, dev);
	return 0;
}

void netdev_features_change(struct net_device *dev)
{
	TRACE(dev, "tell of changed features");
	call_netdevice_notifiers(NETDEV_FEAT_CHANGE, dev);
}

/* Features that make no sense without others. */
static netdev_features_t netdev_fix_features(struct net_device *dev, netdev_features_t features)
{
	TRACE(dev, "drop features that lack what they need");
	if (!(features & NETIF_F_CSUM_MASK))
		features &= ~(NETIF_F_TSO | NETIF_F_TSO_ECN | NETIF_F_TSO6);
	if (!(features & NETIF_F_SG))
		features &= ~(NETIF_F_ALL_TSO | NETIF_F_GSO);
	if (!(features & NETIF_F_TSO))
		features &= ~(NETIF_F_TSO_MANGLEID | NETIF_F_TSO_ECN);
	return features;
}

int __netdev_update_features(struct net_device *dev)
{
	TRACE(dev, "compute the device's features anew");
	netdev_features_t features = dev->features & ~dev->hw_features;
	int err = 0;

	features |= dev->wanted_features & dev->hw_features;
	if (dev->netdev_ops->ndo_fix_features) {
		TRACE_OP(dev, "ndo_fix_features");
		features = dev->netdev_ops->ndo_fix_features(dev, features);
	}
	features = netdev_fix_features(dev, features);
	if (dev->features == features)
		return 0;
	if (dev->netdev_ops->ndo_set_features) {
		TRACE_OP(dev, "ndo_set_features");
		err = dev->netdev_ops->ndo_set_features(dev, features);
	}
	if (err < 0)
		return -1;
	dev->features = features;
	return 1;
}

void netdev_update_features(struct net_device *dev)
{
	TRACE(dev, "compute the device's features anew and tell of it");
	if (__netdev_update_features(dev))
		netdev_features_change(dev);
}

struct rtnl_link_stats64 *dev_get_stats(struct net_device *dev, struct rtnl_link_stats64 *storage)
{
	TRACE(dev, "get the device's counters");
	if (dev->netdev_ops->ndo_get_stats64) {
		TRACE_OP(dev, "ndo_get_stats64");
		dev->netdev_ops->ndo_get_stats64(dev, storage);
	} else {
		*storage = dev->stats;
	}
	storage->rx_dropped += dev->core_rx_dropped;
	storage->tx_dropped += dev->core_tx_dropped;
	storage->rx_nohandler += dev->core_rx_nohandler;
	return storage;
}
