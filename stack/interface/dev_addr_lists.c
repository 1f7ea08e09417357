/*
 * The addresses of a device: its own (dev_addrs; dev_addr points into the first), and the unicast and
 * multicast ones that others had it listen to, each counted.
 */
#include <string.h>

#include "stack/interface/netdevice.h"

static struct netdev_hw_addr *__hw_addr_create(struct net_device *dev, const unsigned char *addr,
					       unsigned char type)
{
	TRACE(dev, "make an entry for a hardware address");
	struct netdev_hw_addr *ha = kmem_cache_zalloc(dev->host, netdev_state(dev->host)->hw_addr_cache);

	if (!ha)
		return NULL;
	memcpy(ha->addr, addr, dev->addr_len ? dev->addr_len : MAX_ADDR_LEN);
	ha->type = type;
	ha->refcount = 1;
	return ha;
}

static int __hw_addr_add_ex(struct net_device *dev, struct netdev_hw_addr_list *list,
			    const unsigned char *addr, unsigned char type)
{
	TRACE(dev, "add a hardware address to a list, or count it once more");
	struct netdev_hw_addr *ha;

	list_for_each_entry (ha, &list->list, list) {
		if (ha->type == type && !memcmp(ha->addr, addr, dev->addr_len)) {
			ha->refcount++;
			return 0;
		}
	}
	ha = __hw_addr_create(dev, addr, type);
	if (!ha)
		return -ENOMEM;
	list_add_tail(&ha->list, &list->list);
	list->count++;
	return 0;
}

static int __hw_addr_add(struct net_device *dev, struct netdev_hw_addr_list *list, const unsigned char *addr,
			 unsigned char type)
{
	TRACE(dev, "add addr to dev");
	return __hw_addr_add_ex(dev, list, addr, type);
}

static int __hw_addr_del_entry(struct net_device *dev, struct netdev_hw_addr_list *list,
			       struct netdev_hw_addr *ha)
{
	TRACE(dev, "one less wants the hardware address: free it after the last");
	if (--ha->refcount)
		return 0;
	list_del(&ha->list);
	list->count--;
	kmem_cache_free(dev->host, netdev_state(dev->host)->hw_addr_cache, ha);
	return 0;
}

/* -ENOENT: there is no such address. */
static int __hw_addr_del_ex(struct net_device *dev, struct netdev_hw_addr_list *list,
			    const unsigned char *addr, unsigned char type)
{
	TRACE(dev, "find a hardware address in a list and drop it");
	struct netdev_hw_addr *ha;

	list_for_each_entry (ha, &list->list, list)
		if (ha->type == type && !memcmp(ha->addr, addr, dev->addr_len))
			return __hw_addr_del_entry(dev, list, ha);
	return -ENOENT;
}

static int __hw_addr_del(struct net_device *dev, struct netdev_hw_addr_list *list, const unsigned char *addr,
			 unsigned char type)
{
	TRACE(dev, "take a hardware address out of a list when nobody wants it any more");
	return __hw_addr_del_ex(dev, list, addr, type);
}

static void __hw_addr_flush(struct net_device *dev, struct netdev_hw_addr_list *list)
{
	struct netdev_hw_addr *ha, *tmp;

	list_for_each_entry_safe (ha, tmp, &list->list, list) {
		list_del(&ha->list);
		kmem_cache_free(dev->host, netdev_state(dev->host)->hw_addr_cache, ha);
	}
	list->count = 0;
}

int dev_addr_init(struct net_device *dev)
{
	TRACE(dev, "init dev addr list and creat the first node");
	unsigned char addr[MAX_ADDR_LEN] = { 0 };
	int err;

	INIT_LIST_HEAD(&dev->dev_addrs.list);
	err = __hw_addr_add(dev, &dev->dev_addrs, addr, NETDEV_HW_ADDR_T_LAN);
	if (!err)
		dev->dev_addr = list_first_entry(&dev->dev_addrs.list, struct netdev_hw_addr, list)->addr;
	return err;
}

void dev_addr_flush(struct net_device *dev)
{
	__hw_addr_flush(dev, &dev->dev_addrs);
	dev->dev_addr = NULL;
}

void dev_addr_check(struct net_device *dev)
{
	TRACE(dev, "check that nobody wrote to the device's address behind its back");
	SIM_BUG_ON(dev->host,
		   dev->dev_addr !=
			   list_first_entry(&dev->dev_addrs.list, struct netdev_hw_addr, list)->addr);
}

void dev_addr_mod(struct net_device *dev, unsigned int offset, const void *addr, size_t len)
{
	TRACE(dev, "write the device's address");
	dev_addr_check(dev);
	memcpy(dev->dev_addr + offset, addr, len);
}

void dev_addr_set(struct net_device *dev, const unsigned char *addr)
{
	dev_addr_mod(dev, 0, addr, dev->addr_len);
}

void dev_mc_init(struct net_device *dev)
{
	TRACE(dev, "init the list of multicast addresses");
	INIT_LIST_HEAD(&dev->mc.list);
}

void dev_uc_init(struct net_device *dev)
{
	TRACE(dev, "init the list of further unicast addresses");
	INIT_LIST_HEAD(&dev->uc.list);
}

static int __dev_mc_add(struct net_device *dev, const unsigned char *addr)
{
	TRACE(dev, "add a multicast address and tell the driver");
	int err = __hw_addr_add_ex(dev, &dev->mc, addr, NETDEV_HW_ADDR_T_MULTICAST);

	if (!err)
		__dev_set_rx_mode(dev);
	return err;
}

int dev_mc_add(struct net_device *dev, const unsigned char *addr)
{
	TRACE(dev, "listen to a multicast address");
	return __dev_mc_add(dev, addr);
}

static int __dev_mc_del(struct net_device *dev, const unsigned char *addr)
{
	TRACE(dev, "remove a multicast address and tell the driver");
	int err = __hw_addr_del_ex(dev, &dev->mc, addr, NETDEV_HW_ADDR_T_MULTICAST);

	if (!err)
		__dev_set_rx_mode(dev);
	return err;
}

int dev_mc_del(struct net_device *dev, const unsigned char *addr)
{
	TRACE(dev, "listen to a multicast address no longer");
	return __dev_mc_del(dev, addr);
}

int dev_uc_add(struct net_device *dev, const unsigned char *addr)
{
	TRACE(dev, "listen to one more unicast address");
	int err = __hw_addr_add(dev, &dev->uc, addr, NETDEV_HW_ADDR_T_UNICAST);

	if (!err)
		__dev_set_rx_mode(dev);
	return err;
}

int dev_uc_del(struct net_device *dev, const unsigned char *addr)
{
	TRACE(dev, "listen to a further unicast address no longer");
	int err = __hw_addr_del(dev, &dev->uc, addr, NETDEV_HW_ADDR_T_UNICAST);

	if (!err)
		__dev_set_rx_mode(dev);
	return err;
}

/* ---- a device on top of another: what it listens to, the lower one must hear ---- */

/* An entry that is synced holds itself (refcount), so that one which nobody wants any more is still found. */
static void __hw_addr_sync(struct net_device *to, struct netdev_hw_addr_list *to_list,
			   struct net_device *from, struct netdev_hw_addr_list *from_list)
{
	TRACE(to, "listen to what the device on top listens to");
	struct netdev_hw_addr *ha, *tmp;

	list_for_each_entry_safe (ha, tmp, &from_list->list, list) {
		if (!ha->synced) {
			if (__hw_addr_add_ex(to, to_list, ha->addr, ha->type))
				continue;
			ha->synced = true;
			ha->refcount++;
		} else if (ha->refcount == 1) {
			__hw_addr_del(to, to_list, ha->addr, ha->type);
			__hw_addr_del(from, from_list, ha->addr, ha->type);
		}
	}
	__dev_set_rx_mode(to);
}

static void __hw_addr_unsync(struct net_device *to, struct netdev_hw_addr_list *to_list,
			     struct net_device *from, struct netdev_hw_addr_list *from_list)
{
	TRACE(to, "listen no longer to what the device on top listens to");
	struct netdev_hw_addr *ha, *tmp;

	list_for_each_entry_safe (ha, tmp, &from_list->list, list) {
		if (!ha->synced)
			continue;
		ha->synced = false;
		__hw_addr_del(to, to_list, ha->addr, ha->type);
		__hw_addr_del(from, from_list, ha->addr, ha->type);
	}
	__dev_set_rx_mode(to);
}

void dev_mc_sync(struct net_device *to, struct net_device *from)
{
	TRACE(to, "listen to the multicast addresses of the device on top");
	__hw_addr_sync(to, &to->mc, from, &from->mc);
}

void dev_uc_sync(struct net_device *to, struct net_device *from)
{
	TRACE(to, "listen to the further unicast addresses of the device on top");
	__hw_addr_sync(to, &to->uc, from, &from->uc);
}

void dev_mc_unsync(struct net_device *to, struct net_device *from)
{
	TRACE(to, "listen no longer to the multicast addresses of the device on top");
	__hw_addr_unsync(to, &to->mc, from, &from->mc);
}

void dev_uc_unsync(struct net_device *to, struct net_device *from)
{
	TRACE(to, "listen no longer to the further unicast addresses of the device on top");
	__hw_addr_unsync(to, &to->uc, from, &from->uc);
}

void dev_mc_flush(struct net_device *dev)
{
	__hw_addr_flush(dev, &dev->mc);
}

void dev_uc_flush(struct net_device *dev)
{
	__hw_addr_flush(dev, &dev->uc);
}
