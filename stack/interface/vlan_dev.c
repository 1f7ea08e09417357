/*
 * The device of a VLAN: what is sent gets the VLAN's tag and goes to the lower device; what comes in arrives
 * by vlan_do_receive(). It has no queue of its own.
 */
#include <stdio.h>

#include "stack/interface/ethtool.h"
#include "stack/interface/vlan.h"

/* ---- the link header ---- */

/* Without help of the card the tag is part of the header, unless it is put in later (REORDER_HDR). */
static int vlan_dev_hard_header(struct sk_buff *skb, struct net_device *dev, unsigned short type,
				const void *daddr, const void *saddr, unsigned int len)
{
	TRACE_SKB(skb, "build mac header with the vlan's tag");
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	unsigned int vhdrlen = 0;
	int rc;

	if (!(vlan->flags & VLAN_FLAG_REORDER_HDR)) {
		struct vlan_hdr vhdr = { .h_vlan_TCI = htons(vlan->vlan_id) };

		vhdr.h_vlan_encapsulated_proto =
			htons(type != ETH_P_802_3 && type != ETH_P_802_2 ? type : (u16)len);
		memcpy(skb_push(skb, VLAN_HLEN), &vhdr, VLAN_HLEN);
		skb->protocol = vlan->vlan_proto;
		type = ntohs(vlan->vlan_proto);
		vhdrlen = VLAN_HLEN;
	}
	rc = dev_hard_header(skb, vlan->real_dev, type, daddr, saddr ? saddr : dev->dev_addr, len + vhdrlen);
	return rc > 0 ? rc + (int)vhdrlen : rc;
}

/* The card puts the tag in: the header is the lower device's. */
static int vlan_passthru_hard_header(struct sk_buff *skb, struct net_device *dev, unsigned short type,
				     const void *daddr, const void *saddr, unsigned int len)
{
	TRACE_SKB(skb, "build mac header by the lower device");
	return dev_hard_header(skb, vlan_dev_priv(dev)->real_dev, type, daddr, saddr ? saddr : dev->dev_addr,
			       len);
}

static const struct header_ops vlan_header_ops = {
	.create = vlan_dev_hard_header,
	.parse = eth_header_parse,
	.parse_protocol = eth_header_parse_protocol,
};

static const struct header_ops vlan_passthru_header_ops = {
	.create = vlan_passthru_hard_header,
	.parse = eth_header_parse,
	.parse_protocol = eth_header_parse_protocol,
};

/* ---- sending ---- */

static u16 vlan_dev_get_egress_qos_mask(const struct net_device *dev, u32 skprio)
{
	const struct vlan_priority_tci_mapping *mp;

	for (mp = vlan_dev_priv(dev)->egress_priority_map; mp; mp = mp->next)
		if (mp->priority == skprio)
			return mp->vlan_qos;
	return 0;
}

static netdev_tx_t vlan_dev_hard_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	TRACE_SKB(skb, "give the packet the vlan's tag and send it by the lower device");
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	unsigned int len = skb->len;
	int ret;

	if (vlan->flags & VLAN_FLAG_REORDER_HDR || memcmp(skb->data + 12, &vlan->vlan_proto, 2) != 0) {
		u16 qos = vlan_dev_get_egress_qos_mask(dev, skb->priority);

		__vlan_hwaccel_put_tag(skb, vlan->vlan_proto, vlan->vlan_id | qos);
	}
	skb->dev = vlan->real_dev;
	ret = dev_queue_xmit(skb);
	if (likely(ret == NET_XMIT_SUCCESS || ret == NET_XMIT_CN)) {
		dev->stats.tx_packets++;
		dev->stats.tx_bytes += len;
	} else {
		dev->stats.tx_dropped++;
	}
	return (netdev_tx_t)ret;
}

/* ---- priorities ---- */

void vlan_dev_set_ingress_priority(struct net_device *dev, u32 skb_prio, u16 vlan_prio)
{
	vlan_dev_priv(dev)->ingress_priority_map[vlan_prio & 7] = skb_prio;
}

int vlan_dev_set_egress_priority(struct net_device *dev, u32 skb_prio, u16 vlan_prio)
{
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	u16 vlan_qos = (u16)(vlan_prio << VLAN_PRIO_SHIFT);
	struct vlan_priority_tci_mapping *mp;

	for (mp = vlan->egress_priority_map; mp; mp = mp->next) {
		if (mp->priority == skb_prio) {
			mp->vlan_qos = vlan_qos;
			return 0;
		}
	}
	mp = kzalloc(dev->host, sizeof(*mp));
	if (!mp)
		return -ENOBUFS;
	mp->next = vlan->egress_priority_map;
	mp->priority = skb_prio;
	mp->vlan_qos = vlan_qos;
	vlan->egress_priority_map = mp;
	return 0;
}

/* ---- up and down, addresses ---- */

static bool vlan_addr_differs(const struct net_device *dev)
{
	return !ether_addr_equal(dev->dev_addr, vlan_dev_priv(dev)->real_dev->dev_addr);
}

static int vlan_dev_open(struct net_device *dev)
{
	TRACE(dev, "start the vlan's device, on the lower one");
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	struct net_device *real_dev = vlan->real_dev;
	int err;

	if (!(real_dev->flags & IFF_UP) && !(vlan->flags & VLAN_FLAG_LOOSE_BINDING))
		return -ENETDOWN;
	if (vlan_addr_differs(dev)) {
		err = dev_uc_add(real_dev, dev->dev_addr);
		if (err < 0)
			return err;
	}
	if (dev->flags & IFF_ALLMULTI)
		dev_set_allmulti(real_dev, 1);
	if (dev->flags & IFF_PROMISC)
		dev_set_promiscuity(real_dev, 1);
	ether_addr_copy(vlan->real_dev_addr, real_dev->dev_addr);
	if (netif_carrier_ok(real_dev))
		netif_carrier_on(dev);
	return 0;
}

static void vlan_dev_change_rx_flags(struct net_device *dev, int change)
{
	TRACE(dev, "have the lower device listen to as much as the vlan's");
	struct net_device *real_dev = vlan_dev_priv(dev)->real_dev;

	if (!(dev->flags & IFF_UP))
		return;
	if (change & IFF_ALLMULTI)
		dev_set_allmulti(real_dev, dev->flags & IFF_ALLMULTI ? 1 : -1);
	if (change & IFF_PROMISC)
		dev_set_promiscuity(real_dev, dev->flags & IFF_PROMISC ? 1 : -1);
}

static int vlan_dev_stop(struct net_device *dev)
{
	TRACE(dev, "stop the vlan's device");
	struct net_device *real_dev = vlan_dev_priv(dev)->real_dev;

	dev_mc_unsync(real_dev, dev);
	dev_uc_unsync(real_dev, dev);
	if (dev->flags & IFF_ALLMULTI)
		dev_set_allmulti(real_dev, -1);
	if (dev->flags & IFF_PROMISC)
		dev_set_promiscuity(real_dev, -1);
	if (vlan_addr_differs(dev))
		dev_uc_del(real_dev, dev->dev_addr);
	netif_carrier_off(dev);
	return 0;
}

static int vlan_dev_set_mac_address(struct net_device *dev, void *p)
{
	TRACE(dev, "change the mac address of the vlan's device");
	struct net_device *real_dev = vlan_dev_priv(dev)->real_dev;
	const u8 *addr = (const u8 *)((struct sockaddr *)p)->sa_data;
	int err;

	if (!is_valid_ether_addr(addr))
		return -EADDRNOTAVAIL;
	if (dev->flags & IFF_UP) {
		if (!ether_addr_equal(addr, real_dev->dev_addr)) {
			err = dev_uc_add(real_dev, addr);
			if (err < 0)
				return err;
		}
		if (vlan_addr_differs(dev))
			dev_uc_del(real_dev, dev->dev_addr);
	}
	eth_hw_addr_set(dev, addr);
	return 0;
}

static void vlan_dev_set_rx_mode(struct net_device *dev)
{
	TRACE(dev, "have the lower device accept what the vlan's wants");
	struct net_device *real_dev = vlan_dev_priv(dev)->real_dev;

	dev_mc_sync(real_dev, dev);
	dev_uc_sync(real_dev, dev);
}

static int vlan_dev_change_mtu(struct net_device *dev, int new_mtu)
{
	TRACE(dev, "change the vlan's mtu: at most the lower device's");

	if ((int)vlan_dev_priv(dev)->real_dev->mtu < new_mtu)
		return -ERANGE;
	dev->mtu = (unsigned int)new_mtu;
	return 0;
}

/* ---- features ---- */

static netdev_features_t netdev_intersect_features(netdev_features_t f1, netdev_features_t f2)
{
	if ((f1 ^ f2) & NETIF_F_HW_CSUM) {
		if (f1 & NETIF_F_HW_CSUM)
			f1 |= NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM;
		else
			f2 |= NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM;
	}
	return f1 & f2;
}

static netdev_features_t vlan_dev_fix_features(struct net_device *dev, netdev_features_t features)
{
	TRACE(dev, "drop features that the lower device does not have for tagged packets");
	const struct net_device *real_dev = vlan_dev_priv(dev)->real_dev;
	netdev_features_t old_features = features, lower;

	lower = netdev_intersect_features(real_dev->vlan_features | NETIF_F_RXCSUM, real_dev->features);
	if (lower & (NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM))
		lower |= NETIF_F_HW_CSUM;
	features = netdev_intersect_features(features, lower);
	features |= old_features & (NETIF_F_SOFT_FEATURES | NETIF_F_GSO_SOFTWARE);
	return features | NETIF_F_LLTX;
}

/* ---- ethtool ---- */

static void vlan_ethtool_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	TRACE(dev, "tell the driver's name");
	memset(info, 0, sizeof(*info));
	snprintf(info->driver, sizeof(info->driver), "802.1Q VLAN Support");
	snprintf(info->version, sizeof(info->version), "1.8");
}

static int vlan_ethtool_get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *cmd)
{
	TRACE(dev, "ask the lower device for speed and duplex");
	return ethtool_get_link_ksettings(vlan_dev_priv(dev)->real_dev, cmd);
}

static const struct ethtool_ops vlan_ethtool_ops = {
	.get_drvinfo = vlan_ethtool_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = vlan_ethtool_get_link_ksettings,
};

/* ---- making ---- */

static int vlan_dev_init(struct net_device *dev)
{
	TRACE(dev, "init the vlan's device from its lower one");
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	struct net_device *real_dev = vlan->real_dev;
	const unsigned long inherit = 1ul << __LINK_STATE_NOCARRIER | 1ul << __LINK_STATE_DORMANT;

	netif_carrier_off(dev);
	dev->flags = real_dev->flags &
		     ~(unsigned int)(IFF_UP | IFF_PROMISC | IFF_ALLMULTI | IFF_MASTER | IFF_SLAVE);
	dev->state = (real_dev->state & inherit) | 1ul << __LINK_STATE_PRESENT;
	dev->hw_features = NETIF_F_HW_CSUM | NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_GSO_SOFTWARE |
			   NETIF_F_HIGHDMA | NETIF_F_SCTP_CRC;
	dev->features |= dev->hw_features | NETIF_F_LLTX;
	dev->gso_max_size = real_dev->gso_max_size;
	dev->gso_max_segs = real_dev->gso_max_segs;
	dev->vlan_features = real_dev->vlan_features;
	eth_hw_addr_set(dev, real_dev->dev_addr);
	memcpy(dev->broadcast, real_dev->broadcast, dev->addr_len);
	dev->needed_headroom = real_dev->needed_headroom;
	if (vlan_hw_offload_capable(real_dev->features, vlan->vlan_proto)) {
		dev->header_ops = &vlan_passthru_header_ops;
		dev->hard_header_len = real_dev->hard_header_len;
	} else {
		dev->header_ops = &vlan_header_ops;
		dev->hard_header_len = (unsigned short)(real_dev->hard_header_len + VLAN_HLEN);
	}
	dev_hold(real_dev);
	return 0;
}

static void vlan_dev_uninit(struct net_device *dev)
{
	TRACE(dev, "give back what the vlan's device holds");
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);

	while (vlan->egress_priority_map) {
		struct vlan_priority_tci_mapping *mp = vlan->egress_priority_map;

		vlan->egress_priority_map = mp->next;
		kfree(dev->host, mp);
	}
	dev_put(vlan->real_dev);
}

/* Tear-down of the host: vlan devices go before their lower ones, which were registered before them. */
static void vlan_remove(struct net_device *dev)
{
	struct host *host = dev->host;

	rtnl_lock(host);
	vlan_dellink(dev);
	rtnl_unlock(host);
}

static const struct net_device_ops vlan_netdev_ops = {
	.ndo_init = vlan_dev_init,
	.ndo_uninit = vlan_dev_uninit,
	.ndo_open = vlan_dev_open,
	.ndo_stop = vlan_dev_stop,
	.ndo_start_xmit = vlan_dev_hard_start_xmit,
	.ndo_set_rx_mode = vlan_dev_set_rx_mode,
	.ndo_change_rx_flags = vlan_dev_change_rx_flags,
	.ndo_set_mac_address = vlan_dev_set_mac_address,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_change_mtu = vlan_dev_change_mtu,
	.ndo_fix_features = vlan_dev_fix_features,
};

void vlan_setup(struct net_device *dev)
{
	TRACE(dev, "init with a vlan device's values");

	ether_setup(dev);
	dev->priv_flags |= IFF_802_1Q_VLAN | IFF_NO_QUEUE | IFF_UNICAST_FLT;
	dev->priv_flags &= ~IFF_XMIT_DST_RELEASE;
	dev->netdev_ops = &vlan_netdev_ops;
	dev->ethtool_ops = &vlan_ethtool_ops;
	dev->driver_remove = vlan_remove;
	dev->min_mtu = 0;
	dev->max_mtu = ETH_MAX_MTU;
}
