/*
 * VLAN (802.1Q): tags on packets (vlan_core.c), and devices for one VLAN of another device (vlan.c,
 * vlan_dev.c).
 *
 * A tag is beside the packet (skb->vlan_tci, vlan_present) as long as cards insert and strip it; else it is
 * in the frame, behind the addresses. A device's VLANs are found over its vlan_info, by number.
 */
#ifndef STACK_INTERFACE_VLAN_H
#define STACK_INTERFACE_VLAN_H

#include "stack/interface/etherdevice.h"

#define VLAN_PRIO_SHIFT 13
#define VLAN_VID_MASK 0x0fff
#define VLAN_GROUP_ARRAY_SPLIT_PARTS 8
#define VLAN_GROUP_ARRAY_PART_LEN (4096 / VLAN_GROUP_ARRAY_SPLIT_PARTS)

/* flags of a VLAN device */
#define VLAN_FLAG_REORDER_HDR 1	  /* received packets lose their tag also in the frame */
#define VLAN_FLAG_LOOSE_BINDING 4 /* up and down by itself */

struct vlan_hdr {
	__be16 h_vlan_TCI;
	__be16 h_vlan_encapsulated_proto;
};

/* The VLANs of a device (net_device.vlan_info), there while it has any. */
struct vlan_info {
	unsigned int nr_vlan_devs;
	struct net_device **vlan_devices_arrays[VLAN_GROUP_ARRAY_SPLIT_PARTS];
};

struct vlan_priority_tci_mapping {
	u32 priority;
	u16 vlan_qos; /* as it stands in the TCI */
	struct vlan_priority_tci_mapping *next;
};

struct vlan_dev_priv {
	u32 ingress_priority_map[8];
	struct vlan_priority_tci_mapping *egress_priority_map; /* priority 0 where there is none */
	__be16 vlan_proto;
	u16 vlan_id, flags;
	struct net_device *real_dev;
	unsigned char real_dev_addr[ETH_ALEN];
};

static inline struct vlan_dev_priv *vlan_dev_priv(const struct net_device *dev)
{
	return netdev_priv(dev);
}

static inline bool is_vlan_dev(const struct net_device *dev)
{
	return dev->priv_flags & IFF_802_1Q_VLAN;
}

static inline bool eth_type_vlan(__be16 ethertype)
{
	return ethertype == htons(ETH_P_8021Q) || ethertype == htons(ETH_P_8021AD);
}

static inline u16 skb_vlan_tag_get_id(const struct sk_buff *skb)
{
	return skb->vlan_tci & VLAN_VID_MASK;
}

static inline __be16 skb_vlan_proto(const struct sk_buff *skb)
{
	return htons(skb->vlan_8021ad ? ETH_P_8021AD : ETH_P_8021Q);
}

static inline void __vlan_hwaccel_put_tag(struct sk_buff *skb, __be16 vlan_proto, u16 vlan_tci)
{
	skb->vlan_8021ad = vlan_proto == htons(ETH_P_8021AD);
	skb->vlan_tci = vlan_tci;
	skb->vlan_present = 1;
}

static inline void __vlan_hwaccel_clear_tag(struct sk_buff *skb)
{
	skb->vlan_present = 0;
}

/* The card puts the tag in itself. */
static inline bool vlan_hw_offload_capable(netdev_features_t features, __be16 proto)
{
	return proto == htons(ETH_P_8021Q) && (features & NETIF_F_HW_VLAN_CTAG_TX);
}

/* A tag beside the packet or in the frame. */
static inline bool skb_vlan_tagged(const struct sk_buff *skb)
{
	return skb_vlan_tag_present(skb) || eth_type_vlan(skb->protocol);
}

/* ---- vlan_core.c ---- */

/* Puts the tag of the packet into its frame. NULL: no memory, the packet is dropped. */
struct sk_buff *__vlan_hwaccel_push_inside(struct sk_buff *skb);
/* Takes the tag out of a received frame. NULL: malformed or no memory, the packet is dropped. */
struct sk_buff *skb_vlan_untag(struct sk_buff *skb);
/*
 * Hands the packet to the device of its VLAN (skb->dev). False: there is none, or it is down and the packet
 * dropped (*skbp NULL).
 */
bool vlan_do_receive(struct sk_buff **skbp);
struct net_device *vlan_find_dev(const struct net_device *real_dev, __be16 vlan_proto, u16 vlan_id);

/* ---- vlan.c: with rtnl held ---- */

/*
 * `ip link add link REAL name NAME type vlan id ID [reorder_hdr ..] [loose_binding ..]`. -EEXIST, -ERANGE (no
 * such number), -EOPNOTSUPP (not on this device), -ENOMEM, and what register_netdevice() says. The new device
 * is in *res.
 */
int vlan_newlink(struct net_device *real_dev, const char *name, u16 vlan_id, u16 flags,
		 struct net_device **res);
void vlan_dellink(struct net_device *dev);
void vlan_setup(struct net_device *dev); /* vlan_dev.c */

/* Packets of a VLAN priority (0..7) get this skb->priority; and the reverse. */
void vlan_dev_set_ingress_priority(struct net_device *dev, u32 skb_prio, u16 vlan_prio);
int vlan_dev_set_egress_priority(struct net_device *dev, u32 skb_prio, u16 vlan_prio);

#endif
