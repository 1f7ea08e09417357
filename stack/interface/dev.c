/*
 * Devices of a host: making, naming, registering, finding and freeing them, and the layer's start and end.
 */
#include "stack/interface/netdevice.h"

#include <stdio.h>

#include "stack/interface/gro.h"
#include "stack/interface/phy.h"
#include "stack/kernel/rcu.h"

/* ---- finding ---- */

static struct net_device *netdev_name_node_lookup(struct net *net, const char *name)
{
	TRACE(net, "look a device name up");
	struct net_device *dev;

	for_each_netdev(net, dev)
	{
		if (!strncmp(dev->name, name, IFNAMSIZ))
			return dev;
	}
	return NULL;
}

static struct net_device *netdev_name_node_lookup_rcu(struct net *net, const char *name)
{
	TRACE(net, "look a device name up");
	struct net_device *dev;

	for_each_netdev(net, dev)
	{
		if (!strncmp(dev->name, name, IFNAMSIZ))
			return dev;
	}
	return NULL;
}

struct net_device *__dev_get_by_name(struct net *net, const char *name)
{
	TRACE(net, "find a device by its name");
	return netdev_name_node_lookup(net, name);
}

struct net_device *dev_get_by_name_rcu(struct net *net, const char *name)
{
	TRACE(net, "find a device by its name");
	return netdev_name_node_lookup_rcu(net, name);
}

static struct net_device *netdev_index_lookup(struct net *net, int ifindex)
{
	struct net_device *dev;

	for_each_netdev(net, dev)
	{
		if (dev->ifindex == ifindex)
			return dev;
	}
	return NULL;
}

struct net_device *__dev_get_by_index(struct net *net, int ifindex)
{
	TRACE(net, "find a device by its index");
	return netdev_index_lookup(net, ifindex);
}

struct net_device *dev_get_by_index_rcu(struct net *net, int ifindex)
{
	TRACE(net, "find a device by its index");
	return netdev_index_lookup(net, ifindex);
}

struct net_device *dev_get_by_index(struct net *net, int ifindex)
{
	TRACE(net, "find a device by its index and hold it");
	struct net_device *dev = dev_get_by_index_rcu(net, ifindex);

	dev_hold(dev);
	return dev;
}

/* ---- making ---- */

static void netdev_init_one_queue(struct net_device *dev, struct netdev_queue *queue)
{
	TRACE(dev, "init a tx queue");
	queue->host = dev->host;
	queue->dev = dev;
}

static int netif_alloc_netdev_queues(struct net_device *dev)
{
	TRACE(dev, "alloc and init tx queue");
	dev->_tx = kzalloc(dev->host, sizeof(*dev->_tx) * dev->num_tx_queues);
	if (!dev->_tx)
		return -ENOMEM;
	for (unsigned int i = 0; i < dev->num_tx_queues; i++)
		netdev_init_one_queue(dev, &dev->_tx[i]);
	return 0;
}

static int netif_alloc_rx_queues(struct net_device *dev)
{
	TRACE(dev, "alloc and init rx queue");
	dev->_rx = kzalloc(dev->host, sizeof(*dev->_rx) * dev->num_rx_queues);
	if (!dev->_rx)
		return -ENOMEM;
	for (unsigned int i = 0; i < dev->num_rx_queues; i++)
		dev->_rx[i].dev = dev;
	return 0;
}

static void dev_net_set(struct net_device *dev, struct net *net)
{
	TRACE(dev, "set dev's network namespace");
	dev->nd_net = net;
}

struct net_device *alloc_netdev_mqs(struct host *host, int sizeof_priv, const char *name,
				    void (*setup)(struct net_device *), unsigned int txqs, unsigned int rxqs)
{
	TRACE(host, "alloc net_device + priv, alloc tx/rx queues, install basic ops");
	size_t head = ALIGN(sizeof(struct net_device), 64ul);
	struct net_device *dev;

	SIM_BUG_ON(host, txqs != 1 || rxqs != 1);
	dev = kzalloc(host, head + (size_t)sizeof_priv);
	if (!dev)
		return NULL;
	dev->host = host;
	dev->priv = (char *)dev + head;
	dev->refcnt = 1;
	if (dev_addr_init(dev))
		goto free_dev;
	dev_mc_init(dev);
	dev_uc_init(dev);
	dev_net_set(dev, host->net);
	dev->gso_max_size = GSO_MAX_SIZE;
	dev->gso_max_segs = GSO_MAX_SEGS;
	INIT_LIST_HEAD(&dev->dev_list);
	INIT_LIST_HEAD(&dev->napi_list);
	INIT_LIST_HEAD(&dev->link_watch_list);
	INIT_LIST_HEAD(&dev->ptype_all);
	INIT_LIST_HEAD(&dev->ptype_specific);
	dev->priv_flags = IFF_XMIT_DST_RELEASE;
	setup(dev);
	dev->num_tx_queues = dev->real_num_tx_queues = txqs;
	dev->num_rx_queues = dev->real_num_rx_queues = rxqs;
	if (netif_alloc_netdev_queues(dev) || netif_alloc_rx_queues(dev))
		goto free_dev;
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	return dev;
free_dev:
	free_netdev(dev);
	return NULL;
}

void free_netdev(struct net_device *dev)
{
	TRACE(dev, "free the device");
	SIM_BUG_ON(dev->host, dev->reg_state == NETREG_REGISTERED);
	if (dev->_tx)
		kfree(dev->host, dev->_tx);
	if (dev->_rx)
		kfree(dev->host, dev->_rx);
	dev_addr_flush(dev);
	kfree(dev->host, dev);
}

/* ---- registering ---- */

/* "eth%d" becomes the first name of that shape which is free. */
static int dev_get_valid_name(struct net *net, struct net_device *dev, const char *name)
{
	TRACE(dev, "determine name");
	char buf[IFNAMSIZ + 12], base[IFNAMSIZ];
	const char *p = strchr(name, '%');

	if (!name[0] || strchr(name, '/'))
		return -EINVAL;
	if (!p) {
		if (__dev_get_by_name(net, name))
			return -EEXIST;
		if (dev->name != name)
			snprintf(dev->name, sizeof(dev->name), "%.15s", name);
		return 0;
	}
	if (strcmp(p, "%d") != 0)
		return -EINVAL;
	snprintf(base, sizeof(base), "%.*s", (int)(p - name), name);
	for (int i = 0; i < 10000; i++) {
		snprintf(buf, sizeof(buf), "%s%d", base, i);
		if (strlen(buf) >= IFNAMSIZ)
			return -ENFILE;
		if (netdev_name_node_lookup(net, buf))
			continue;
		snprintf(dev->name, sizeof(dev->name), "%.15s", buf);
		return 0;
	}
	return -ENFILE;
}

static int netdev_register_kobject(struct net_device *dev)
{
	TRACE(dev, "set dev name and add dev to framework");
	return 0; /* there is no sysfs */
}

static void list_netdevice(struct net_device *dev)
{
	TRACE(dev, "add to net namespace and hashtables");
	struct netdev_state *st = netdev_state(dev->host);

	list_add_tail(&dev->dev_list, &st->dev_base_head);
	st->nr_devices++;
}

static void unlist_netdevice(struct net_device *dev)
{
	TRACE(dev, "remove from net namespace and hashtables");
	list_del_init(&dev->dev_list);
	netdev_state(dev->host)->nr_devices--;
}

int register_netdevice(struct net_device *dev)
{
	TRACE(dev, "determine name/idx, config features, add dev, label 'present', apply noop_qdisc, setup "
		   "watchdog");
	struct net *net = dev_net(dev);
	int ret;

	ASSERT_RTNL(dev->host);
	ret = dev_get_valid_name(net, dev, dev->name);
	if (ret < 0)
		return ret;
	if (dev->netdev_ops->ndo_init) {
		TRACE_OP(dev, "ndo_init");
		ret = dev->netdev_ops->ndo_init(dev);
		if (ret)
			return ret > 0 ? -EIO : ret;
	}
	if (!dev->ifindex)
		dev->ifindex = ++netdev_state(dev->host)->last_ifindex;
	SIM_BUG_ON(dev->host, dev->ifindex > U16_MAX); /* skb_iif */
	/* What can be done in software can always be switched on and off. */
	dev->hw_features |= NETIF_F_SOFT_FEATURES;
	dev->features |= NETIF_F_SOFT_FEATURES;
	dev->wanted_features = dev->features & dev->hw_features;
	dev->vlan_features |= NETIF_F_HIGHDMA;
	dev->mpls_features |= NETIF_F_SG;

	ret = notifier_to_errno(call_netdevice_notifiers(NETDEV_POST_INIT, dev));
	if (ret)
		return ret;
	ret = netdev_register_kobject(dev);
	if (ret)
		return ret;
	dev->reg_state = NETREG_REGISTERED;
	__netdev_update_features(dev);
	dev->state |= 1ul << __LINK_STATE_PRESENT;
	linkwatch_init_dev(dev);
	dev_init_scheduler(dev);
	dev_hold(dev);
	list_netdevice(dev);
	trace_subject_name(dev->host, SUBJECT_DEV, (u32)dev->ifindex, "%s", dev->name);
	memcpy(dev->perm_addr, dev->dev_addr, dev->addr_len);
	ret = notifier_to_errno(call_netdevice_notifiers(NETDEV_REGISTER, dev));
	if (ret) {
		unregister_netdevice(dev);
		return ret;
	}
	rtmsg_ifinfo(dev, ~0u);
	return 0;
}

int register_netdev(struct net_device *dev)
{
	TRACE(dev, "determine name/idx, config features, add dev, label 'present', apply noop_qdisc, setup "
		   "watchdog");
	struct host *host = dev->host;
	int err;

	rtnl_lock(host);
	err = register_netdevice(dev);
	rtnl_unlock(host);
	return err;
}

void unregister_netdevice(struct net_device *dev)
{
	TRACE(dev, "close the device and take it out of all lists");
	if (dev->reg_state != NETREG_REGISTERED)
		return;
	dev->dismantle = true;
	dev_close(dev);
	unlist_netdevice(dev);
	dev->reg_state = NETREG_UNREGISTERING;
	linkwatch_forget_dev(dev);
	dev_shutdown(dev);
	call_netdevice_notifiers(NETDEV_UNREGISTER, dev);
	dev_uc_flush(dev);
	dev_mc_flush(dev);
	if (dev->netdev_ops->ndo_uninit) {
		TRACE_OP(dev, "ndo_uninit");
		dev->netdev_ops->ndo_uninit(dev);
	}
	dev->reg_state = NETREG_RELEASED;
	dev_put(dev);
}

void unregister_netdev(struct net_device *dev)
{
	TRACE(dev, "close the device and take it out of all lists");
	struct host *host = dev->host;

	rtnl_lock(host);
	unregister_netdevice(dev);
	rtnl_unlock(host);
}

/* ---- start and end of the layer ---- */

static void netdev_set_sysctls(struct net *net)
{
	net->core.sysctl_netdev_budget = 300;
	net->core.sysctl_netdev_budget_usecs =
		2 * 1000 * 1000 / HZ; /* 2 ms at HZ 1000, as 5.15 computes it */
	net->core.sysctl_dev_weight = 64;
	net->core.sysctl_netdev_max_backlog = 1000;
}

static int netdev_state_init(struct host *host)
{
	struct netdev_state *st = kzalloc(host, sizeof(*st));

	if (!st)
		return -ENOMEM;
	st->host = host;
	host->net->netdev = st;
	INIT_LIST_HEAD(&st->dev_base_head);
	INIT_LIST_HEAD(&st->ptype_all);
	INIT_LIST_HEAD(&st->offload_base);
	INIT_LIST_HEAD(&st->lweventlist);
	for (int i = 0; i < PTYPE_HASH_SIZE; i++)
		INIT_LIST_HEAD(&st->ptype_base[i]);
	init_waitqueue_head(host, &st->rtnl_wait);
	init_waitqueue_head(host, &st->nl_table_wait);
	linkwatch_init(host);
	st->hw_addr_cache = kmem_cache_create(host, "netdev_hw_addr", sizeof(struct netdev_hw_addr));
	if (!st->hw_addr_cache)
		return -ENOMEM;
	return noop_qdisc_init(host);
}

static void softnet_init(struct host *host)
{
	struct softnet_data *sd = softnet_data(host);

	sd->host = host;
	__skb_queue_head_init(&sd->input_pkt_queue);
	__skb_queue_head_init(&sd->process_queue);
	INIT_LIST_HEAD(&sd->poll_list);
	sd->output_queue_tailp = &sd->output_queue;
	sd->backlog.host = host;
	INIT_LIST_HEAD(&sd->backlog.poll_list);
	INIT_LIST_HEAD(&sd->backlog.dev_list);
	init_gro_hash(&sd->backlog);
	sd->backlog.poll = process_backlog;
	sd->backlog.weight = host->net->core.sysctl_dev_weight;
}

int net_dev_init(struct host *host)
{
	TRACE(host, "start the interface layer: per-cpu queues, softirqs, loopback");
	int err;

	netdev_set_sysctls(host->net);
	err = netdev_state_init(host);
	if (err)
		goto fail;
	softnet_init(host);
	rtnetlink_init(host->net);
	err = loopback_net_init(host->net);
	if (err)
		goto fail;
	open_softirq(host, NET_TX_SOFTIRQ, net_tx_action);
	open_softirq(host, NET_RX_SOFTIRQ, net_rx_action);
	return 0;
fail:
	net_dev_exit(host);
	return err;
}

void softnet_flush(struct host *host)
{
	struct softnet_data *sd = softnet_data(host);
	struct sk_buff *skb, *next;

	skb_queue_purge_reason(host, &sd->input_pkt_queue, SKB_DROP_REASON_TEARDOWN);
	skb_queue_purge_reason(host, &sd->process_queue, SKB_DROP_REASON_TEARDOWN);
	skb_list_walk_safe(sd->completion_queue, skb, next) kfree_skb(skb);
	sd->completion_queue = NULL;
}

void net_dev_exit(struct host *host)
{
	struct netdev_state *st = host->net->netdev;

	if (!st)
		return;
	/* The last registered first, so that loopback goes last. */
	while (!list_empty(&st->dev_base_head)) {
		struct net_device *dev = list_last_entry(&st->dev_base_head, struct net_device, dev_list);

		dev->driver_remove(dev);
	}
	linkwatch_exit(host);
	noop_qdisc_exit(host);
	kfree(host, st);
	host->net->netdev = NULL;
}
