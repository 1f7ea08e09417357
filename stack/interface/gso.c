/*
 * Generic segmentation: a packet larger than the wire takes is cut here when the device cannot do it,
 * by the protocol's callback (offload_base).
 */
#include "stack/interface/etherdevice.h"

void dev_add_offload(struct net *net, struct packet_offload *po)
{
	struct packet_offload *elem;

	list_for_each_entry (elem, &net->netdev->offload_base, list) {
		if (po->priority < elem->priority)
			break;
	}
	list_add_tail(&po->list, &elem->list);
}

void dev_remove_offload(struct net *net, struct packet_offload *po)
{
	(void)net;
	list_del(&po->list);
}

/* The network protocol behind any vlan tags; `*depth`: the length of the link header. 0: not known. */
__be16 skb_network_protocol(struct sk_buff *skb, int *depth)
{
	TRACE_SKB(skb, "get the protocol of the network layer");
	__be16 type = skb->protocol;
	unsigned int vlan_depth = skb->mac_len ? skb->mac_len : ETH_HLEN;

	if (unlikely(type == htons(ETH_P_TEB))) {
		if (!pskb_may_pull(skb, sizeof(struct ethhdr)))
			return 0;
		type = ((const struct ethhdr *)skb->data)->h_proto;
	}
	if (unlikely(type == htons(ETH_P_8021Q) || type == htons(ETH_P_8021AD))) {
		vlan_depth = ETH_HLEN;
		do {
			u8 buf[VLAN_HLEN];
			const u8 *vh = skb_header_pointer(skb, (int)vlan_depth, VLAN_HLEN, buf);

			if (!vh)
				return 0;
			memcpy(&type, vh + 2, sizeof(type));
			vlan_depth += VLAN_HLEN;
		} while (type == htons(ETH_P_8021Q) || type == htons(ETH_P_8021AD));
	}
	if (depth)
		*depth = (int)vlan_depth;
	return type;
}

/* Untraced, as the inline helpers they are. */
bool skb_gso_ok(struct sk_buff *skb, netdev_features_t features)
{
	return net_gso_ok(features, (int)skb_shinfo(skb)->gso_type) &&
	       (!skb_has_frag_list(skb) || (features & NETIF_F_FRAGLIST));
}

bool netif_needs_gso(struct sk_buff *skb, netdev_features_t features)
{
	return skb_is_gso(skb) &&
	       (!skb_gso_ok(skb, features) ||
		unlikely(skb->ip_summed != CHECKSUM_PARTIAL && skb->ip_summed != CHECKSUM_UNNECESSARY));
}

struct sk_buff *skb_mac_gso_segment(struct sk_buff *skb, netdev_features_t features)
{
	TRACE_SKB(skb, "let the network protocol cut the packet into segments");
	struct sk_buff *segs = ERR_PTR(-EPROTONOSUPPORT);
	struct packet_offload *ptype;
	int vlan_depth = skb->mac_len;
	__be16 type = skb_network_protocol(skb, &vlan_depth);

	if (unlikely(!type))
		return ERR_PTR(-EINVAL);
	__skb_pull(skb, (unsigned int)vlan_depth);
	list_for_each_entry (ptype, &netdev_state(skb->host)->offload_base, list) {
		if (ptype->type != type || !ptype->callbacks.gso_segment)
			continue;
		TRACE_OP(skb, "gso_segment");
		segs = ptype->callbacks.gso_segment(skb, features);
		break;
	}
	__skb_push(skb, (unsigned int)(skb->data - skb_mac_header(skb)));
	return segs;
}

/* The sum must be left to the segments (sending), or be known to be right (receiving). */
static bool skb_needs_check(const struct sk_buff *skb, bool tx_path)
{
	if (tx_path)
		return skb->ip_summed != CHECKSUM_PARTIAL && skb->ip_summed != CHECKSUM_UNNECESSARY;
	return skb->ip_summed == CHECKSUM_NONE;
}

struct sk_buff *__skb_gso_segment(struct sk_buff *skb, netdev_features_t features, bool tx_path)
{
	TRACE_SKB(skb, "cut a packet into segments that fit the wire");
	if (unlikely(skb_needs_check(skb, tx_path))) {
		int err = skb_cow_head(skb, 0);

		if (err < 0)
			return ERR_PTR(err);
	}
	SKB_GSO_CB(skb)->mac_offset = (int)skb_headroom(skb);
	SKB_GSO_CB(skb)->encap_level = 0;
	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	return skb_mac_gso_segment(skb, features);
}

struct sk_buff *skb_gso_segment(struct sk_buff *skb, netdev_features_t features)
{
	return __skb_gso_segment(skb, features, true);
}
