/*
 * VLAN devices: making and removing them, and following what happens to their lower device.
 */
#include "stack/interface/vlan.h"

#include <stdio.h>

/* ---- a device's VLANs ---- */

static struct net_device **vlan_slot(struct host *host, struct vlan_info *info, u16 vlan_id, bool make)
{
	struct net_device ***part = &info->vlan_devices_arrays[vlan_id / VLAN_GROUP_ARRAY_PART_LEN];

	if (!*part && make)
		*part = kzalloc(host, VLAN_GROUP_ARRAY_PART_LEN * sizeof(**part));
	return *part ? *part + vlan_id % VLAN_GROUP_ARRAY_PART_LEN : NULL;
}

static void vlan_info_put(struct net_device *real_dev)
{
	struct vlan_info *info = real_dev->vlan_info;

	if (info->nr_vlan_devs)
		return;
	for (int i = 0; i < VLAN_GROUP_ARRAY_SPLIT_PARTS; i++)
		if (info->vlan_devices_arrays[i])
			kfree(real_dev->host, info->vlan_devices_arrays[i]);
	kfree(real_dev->host, info);
	real_dev->vlan_info = NULL;
}

/* The n-th VLAN device of a device, from `*vlan_id` on; NULL when there is no further one. */
static struct net_device *vlan_next(const struct net_device *real_dev, u32 *vlan_id)
{
	for (; real_dev->vlan_info && *vlan_id <= VLAN_VID_MASK; ++*vlan_id) {
		struct net_device *dev = vlan_find_dev(real_dev, htons(ETH_P_8021Q), (u16)*vlan_id);

		if (dev) {
			++*vlan_id;
			return dev;
		}
	}
	return NULL;
}

/* ---- what the lower device does ---- */

static void netif_stacked_transfer_operstate(const struct net_device *rootdev, struct net_device *dev)
{
	TRACE(dev, "take over the lower device's carrier");

	if (netif_carrier_ok(rootdev))
		netif_carrier_on(dev);
	else
		netif_carrier_off(dev);
}

static void vlan_sync_address(struct net_device *dev, struct net_device *vlandev)
{
	TRACE(vlandev, "follow the lower device's change of address");
	struct vlan_dev_priv *vlan = vlan_dev_priv(vlandev);

	if (ether_addr_equal(vlan->real_dev_addr, dev->dev_addr))
		return;
	/* Now different or the same: the lower device has to hear the VLAN's address, or no longer. */
	if (!ether_addr_equal(vlandev->dev_addr, vlan->real_dev_addr) &&
	    ether_addr_equal(vlandev->dev_addr, dev->dev_addr))
		dev_uc_del(dev, vlandev->dev_addr);
	if (ether_addr_equal(vlandev->dev_addr, vlan->real_dev_addr) &&
	    !ether_addr_equal(vlandev->dev_addr, dev->dev_addr))
		dev_uc_add(dev, vlandev->dev_addr);
	ether_addr_copy(vlan->real_dev_addr, dev->dev_addr);
}

static void vlan_follow(struct net_device *dev, struct net_device *vlandev, unsigned long event)
{
	bool loose = vlan_dev_priv(vlandev)->flags & VLAN_FLAG_LOOSE_BINDING;
	unsigned int flags = dev_get_flags(vlandev);

	switch (event) {
	case NETDEV_CHANGE:
		netif_stacked_transfer_operstate(dev, vlandev);
		break;
	case NETDEV_CHANGEADDR:
		if (flags & IFF_UP)
			vlan_sync_address(dev, vlandev);
		break;
	case NETDEV_CHANGEMTU:
		if (vlandev->mtu > dev->mtu)
			dev_set_mtu(vlandev, (int)dev->mtu);
		break;
	case NETDEV_FEAT_CHANGE:
		netdev_update_features(vlandev);
		break;
	case NETDEV_DOWN:
		if (!loose)
			dev_change_flags(vlandev, flags & ~(unsigned int)IFF_UP);
		netif_stacked_transfer_operstate(dev, vlandev);
		break;
	case NETDEV_UP:
		if (!(flags & IFF_UP) && !loose)
			dev_change_flags(vlandev, flags | IFF_UP);
		netif_stacked_transfer_operstate(dev, vlandev);
		break;
	case NETDEV_UNREGISTER:
		vlan_dellink(vlandev);
		break;
	default:
		break;
	}
}

static int vlan_device_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr), *vlandev;
	u32 id = 0;

	(void)nb;
	if (likely(!dev->vlan_info))
		return NOTIFY_DONE;
	TRACE(dev, "have the device's vlans follow what happens to it");
	while ((vlandev = vlan_next(dev, &id)))
		vlan_follow(dev, vlandev, event);
	return NOTIFY_DONE;
}

/* ---- making and removing ---- */

static int vlan_check_real_dev(const struct net_device *real_dev, u16 vlan_id)
{
	TRACE(real_dev, "check that the device can have this vlan");

	if (vlan_id >= VLAN_VID_MASK)
		return -ERANGE;
	if (real_dev->features & NETIF_F_VLAN_CHALLENGED || real_dev->type != ARPHRD_ETHER)
		return -EOPNOTSUPP;
	return vlan_find_dev(real_dev, htons(ETH_P_8021Q), vlan_id) ? -EEXIST : 0;
}

static int register_vlan_dev(struct net_device *dev)
{
	TRACE(dev, "register the vlan's device and enter it into its lower one");
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	struct net_device *real_dev = vlan->real_dev, **slot;
	struct netdev_state *st = netdev_state(dev->host);
	int err = -ENOMEM;

	if (!st->vlan_notifier.notifier_call) { /* the host's first */
		st->vlan_notifier.notifier_call = vlan_device_event;
		raw_notifier_chain_register(&st->netdev_chain, &st->vlan_notifier); /* rtnl is held */
	}
	if (!real_dev->vlan_info)
		real_dev->vlan_info = kzalloc(dev->host, sizeof(*real_dev->vlan_info));
	if (!real_dev->vlan_info)
		return err;
	slot = vlan_slot(dev->host, real_dev->vlan_info, vlan->vlan_id, true);
	if (!slot)
		goto out;
	err = register_netdevice(dev);
	if (err)
		goto out;
	netif_stacked_transfer_operstate(real_dev, dev);
	linkwatch_fire_event(dev);
	*slot = dev;
	real_dev->vlan_info->nr_vlan_devs++;
out:
	vlan_info_put(real_dev);
	return err;
}

static void unregister_vlan_dev(struct net_device *dev)
{
	TRACE(dev, "take the vlan's device out of its lower one and unregister it");
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	struct net_device *real_dev = vlan->real_dev;

	/* First down, while it can still send; then nothing arrives any more. */
	dev_close(dev);
	*vlan_slot(dev->host, real_dev->vlan_info, vlan->vlan_id, false) = NULL;
	real_dev->vlan_info->nr_vlan_devs--;
	vlan_info_put(real_dev);
	unregister_netdevice(dev);
}

int vlan_newlink(struct net_device *real_dev, const char *name, u16 vlan_id, u16 flags,
		 struct net_device **res)
{
	TRACE(real_dev, "make a device for a vlan of this one");
	struct vlan_dev_priv *vlan;
	struct net_device *dev;
	int err = vlan_check_real_dev(real_dev, vlan_id);

	if (err)
		return err;
	dev = alloc_netdev(real_dev->host, sizeof(*vlan), name, vlan_setup);
	if (!dev)
		return -ENOMEM;
	vlan = vlan_dev_priv(dev);
	vlan->vlan_proto = htons(ETH_P_8021Q);
	vlan->vlan_id = vlan_id;
	vlan->real_dev = real_dev;
	vlan->flags = flags;
	dev->mtu = real_dev->mtu;
	err = register_vlan_dev(dev);
	if (err)
		free_netdev(dev);
	else
		*res = dev;
	return err;
}

void vlan_dellink(struct net_device *dev)
{
	TRACE(dev, "remove a vlan's device");

	unregister_vlan_dev(dev);
	free_netdev(dev);
}
