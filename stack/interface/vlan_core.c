/*
 * VLAN tags on packets: into the frame, out of the frame, and from a received tag to the VLAN's device.
 */
#include "stack/interface/vlan.h"

struct net_device *vlan_find_dev(const struct net_device *real_dev, __be16 vlan_proto, u16 vlan_id)
{
	struct net_device **array;

	if (!real_dev->vlan_info || vlan_proto != htons(ETH_P_8021Q))
		return NULL;
	array = real_dev->vlan_info->vlan_devices_arrays[vlan_id / VLAN_GROUP_ARRAY_PART_LEN];
	return array ? array[vlan_id % VLAN_GROUP_ARRAY_PART_LEN] : NULL;
}

/* ---- tags in the frame ---- */

/* Puts a tag before the last two bytes of a link header of `mac_len` bytes, at which skb->data is. */
static struct sk_buff *vlan_insert_inner_tag(struct sk_buff *skb, __be16 vlan_proto, u16 vlan_tci,
					     unsigned int mac_len)
{
	TRACE_SKB(skb, "put a vlan tag into the frame");
	unsigned int addresses = mac_len - 2;
	__be16 tci = htons(vlan_tci);

	if (skb_cow_head(skb, VLAN_HLEN) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	skb_push(skb, VLAN_HLEN);
	memmove(skb->data, skb->data + VLAN_HLEN, addresses);
	memcpy(skb->data + addresses, &vlan_proto, sizeof(vlan_proto));
	memcpy(skb->data + addresses + 2, &tci, sizeof(tci));
	skb->mac_header = (u16)(skb->mac_header - VLAN_HLEN);
	return skb;
}

struct sk_buff *__vlan_hwaccel_push_inside(struct sk_buff *skb)
{
	TRACE_SKB(skb, "put the packet's vlan tag into its frame");
	__be16 proto = skb_vlan_proto(skb);

	skb = vlan_insert_inner_tag(skb, proto, skb->vlan_tci, ETH_HLEN);
	if (likely(skb)) {
		skb->protocol = proto;
		__vlan_hwaccel_clear_tag(skb);
	}
	return skb;
}

/* The protocol behind the tag, as eth_type_trans() would tell it. */
static __be16 vlan_encap_proto(const struct sk_buff *skb, const struct vlan_hdr *vhdr)
{
	const u8 *rawp = (const u8 *)(vhdr + 1);

	(void)skb;
	if (ntohs(vhdr->h_vlan_encapsulated_proto) >= ETH_P_802_3_MIN)
		return vhdr->h_vlan_encapsulated_proto;
	return rawp[0] == 0xff && rawp[1] == 0xff ? htons(ETH_P_802_3) : htons(ETH_P_802_2);
}

/* The addresses move up over the place of the tag. */
static struct sk_buff *skb_reorder_vlan_header(struct sk_buff *skb)
{
	TRACE_SKB(skb, "close the gap that the tag leaves in the link header");
	unsigned int mac_len;

	if (skb_cow(skb, skb_headroom(skb)) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	mac_len = (unsigned int)(skb->data - skb_mac_header(skb));
	if (likely(mac_len > VLAN_HLEN + 2))
		memmove(skb_mac_header(skb) + VLAN_HLEN, skb_mac_header(skb), mac_len - VLAN_HLEN - 2);
	skb->mac_header = (u16)(skb->mac_header + VLAN_HLEN);
	return skb;
}

struct sk_buff *skb_vlan_untag(struct sk_buff *skb)
{
	TRACE_SKB(skb, "take the vlan tag out of the frame");
	struct vlan_hdr vhdr;
	__be16 proto;

	if (unlikely(skb_vlan_tag_present(skb)))
		return skb; /* two: the inner one stays for later */
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb))
		return NULL;
	/* The two bytes behind the tag as well, which may tell the protocol. */
	if (unlikely(!pskb_may_pull(skb, VLAN_HLEN + 2))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_HDR_TRUNC);
		return NULL;
	}
	memcpy(&vhdr, skb->data, sizeof(vhdr));
	proto = vlan_encap_proto(skb, (const struct vlan_hdr *)(const void *)skb->data);
	__vlan_hwaccel_put_tag(skb, skb->protocol, ntohs(vhdr.h_vlan_TCI));
	skb_pull_rcsum(skb, VLAN_HLEN);
	skb->protocol = proto;
	skb = skb_reorder_vlan_header(skb);
	if (unlikely(!skb))
		return NULL;
	skb_reset_network_header(skb);
	if (!skb_transport_header_was_set(skb))
		skb_reset_transport_header(skb);
	skb_reset_mac_len(skb);
	return skb;
}

/* ---- to the VLAN's device ---- */

/* Without REORDER_HDR the tag is in the frame, for who looks at it there. */
static struct sk_buff *vlan_keep_tag(struct sk_buff *skb)
{
	unsigned int offset = (unsigned int)(skb->data - skb_mac_header(skb));

	skb_push(skb, offset);
	skb = vlan_insert_inner_tag(skb, skb_vlan_proto(skb), skb->vlan_tci, skb->mac_len);
	if (unlikely(!skb))
		return NULL;
	skb_pull(skb, offset + VLAN_HLEN);
	skb_reset_mac_len(skb);
	return skb;
}

bool vlan_do_receive(struct sk_buff **skbp)
{
	struct sk_buff *skb = *skbp;
	struct net_device *vlan_dev = vlan_find_dev(skb->dev, skb_vlan_proto(skb), skb_vlan_tag_get_id(skb));

	if (!vlan_dev)
		return false;
	TRACE_SKB(skb, "take the packet off the vlan's lower device");
	skb = *skbp = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb))
		return false;
	if (unlikely(!(vlan_dev->flags & IFF_UP))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_DOWN);
		*skbp = NULL;
		return false;
	}
	skb->dev = vlan_dev;
	/* Not for the lower device, but the VLAN's may have an address of its own. */
	if (unlikely(skb->pkt_type == PACKET_OTHERHOST) &&
	    ether_addr_equal_64bits(eth_hdr(skb)->h_dest, vlan_dev->dev_addr))
		skb->pkt_type = PACKET_HOST;
	if (!(vlan_dev_priv(vlan_dev)->flags & VLAN_FLAG_REORDER_HDR)) {
		skb = *skbp = vlan_keep_tag(skb);
		if (unlikely(!skb))
			return false;
	}
	skb->priority = vlan_dev_priv(vlan_dev)->ingress_priority_map[skb->vlan_tci >> VLAN_PRIO_SHIFT];
	__vlan_hwaccel_clear_tag(skb);
	vlan_dev->stats.rx_packets++;
	vlan_dev->stats.rx_bytes += skb->len;
	if (skb->pkt_type == PACKET_MULTICAST)
		vlan_dev->stats.multicast++;
	return true;
}
