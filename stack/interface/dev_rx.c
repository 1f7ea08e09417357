/*
 * Receive: from a driver's netif_receive_skb() to the protocol that wants the packet (packet_type).
 *
 * Several may want one packet (taps, then its protocol). Each but the last gets a reference more; the
 * last gets the packet itself, from __netif_receive_skb_one_core().
 */
#include "stack/interface/vlan.h"

/* ---- packet types ---- */

static struct list_head *ptype_head(struct net *net, const struct packet_type *pt)
{
	if (pt->type == htons(ETH_P_ALL))
		return pt->dev ? &pt->dev->ptype_all : &net->netdev->ptype_all;
	return pt->dev ? &pt->dev->ptype_specific
		       : &net->netdev->ptype_base[ntohs(pt->type) & PTYPE_HASH_MASK];
}

void dev_add_pack(struct net *net, struct packet_type *pt)
{
	TRACE(net, "register who receives packets of this type");
	struct netdev_state *st = net->netdev;

	list_add(&pt->list, ptype_head(net, pt));
	st->nit = !list_empty(&st->ptype_all);
}

static void ptype_remove(struct net *net, struct packet_type *pt)
{
	list_del_init(&pt->list);
	net->netdev->nit = !list_empty(&net->netdev->ptype_all);
}

void __dev_remove_pack(struct net *net, struct packet_type *pt)
{
	TRACE(net, "receive packets of this type no longer");
	ptype_remove(net, pt);
}

/* For who frees it at once: nobody uses it any more afterwards. */
void dev_remove_pack(struct net *net, struct packet_type *pt)
{
	TRACE(net, "receive packets of this type no longer");
	ptype_remove(net, pt);
}

/* ---- delivery ---- */

static int deliver_skb(struct sk_buff *skb, struct packet_type *pt_prev, struct net_device *orig_dev)
{
	TRACE_SKB(skb, "give the packet to one of several who want it");
	skb->users++;
	TRACE_OP(skb, "func");
	return pt_prev->func(skb, skb->dev, pt_prev, orig_dev);
}

/* All of a list who want this type, the last one not yet. */
static void deliver_ptype_list_skb(struct sk_buff *skb, struct packet_type **pt, struct net_device *orig_dev,
				   __be16 type, struct list_head *ptype_list)
{
	struct packet_type *ptype, *pt_prev = *pt;

	list_for_each_entry (ptype, ptype_list, list) {
		if (ptype->type != type)
			continue;
		if (pt_prev)
			deliver_skb(skb, pt_prev, orig_dev);
		pt_prev = ptype;
	}
	*pt = pt_prev;
}

/*
 * Hands a packet with a tag beside it to the device of its VLAN (skb->dev). Where there is none, a number
 * means that the packet is for another host. *pskb NULL afterwards: the packet is gone.
 */
static void rx_vlan_tag(struct sk_buff **pskb)
{
	struct sk_buff *skb = *pskb;

	for (;;) {
		if (vlan_do_receive(pskb) || !*pskb)
			return;
		if (skb_vlan_tag_get_id(skb)) {
			skb->pkt_type = PACKET_OTHERHOST;
			break;
		}
		if (!eth_type_vlan(skb->protocol))
			break;
		/* The outer tag is only a priority: look at the one behind it. */
		__vlan_hwaccel_clear_tag(skb);
		skb = *pskb = skb_vlan_untag(skb);
		if (!skb)
			return;
	}
	__vlan_hwaccel_clear_tag(skb);
}

static __always_inline int __netif_receive_skb_core(struct sk_buff **pskb, struct packet_type **ppt_prev)
{
	struct sk_buff *skb = *pskb;
	TRACE_SKB(skb, "determine packet type");
	struct netdev_state *st = netdev_state(skb->host);
	struct net_device *orig_dev = skb->dev, *dev;
	struct packet_type *pt_prev = NULL;
	__be16 type;

	skb_reset_network_header(skb);
	if (!skb_transport_header_was_set(skb))
		skb_reset_transport_header(skb);
	skb_reset_mac_len(skb);
another_round:
	dev = skb->dev;
	skb->skb_iif = (u16)dev->ifindex;
	st->softnet.processed++;
	if (unlikely(eth_type_vlan(skb->protocol))) {
		skb = *pskb = skb_vlan_untag(skb);
		if (!skb)
			return NET_RX_DROP;
	}

	if (unlikely(st->nit))
		deliver_ptype_list_skb(skb, &pt_prev, orig_dev, htons(ETH_P_ALL), &st->ptype_all);
	if (unlikely(!list_empty(&dev->ptype_all)))
		deliver_ptype_list_skb(skb, &pt_prev, orig_dev, htons(ETH_P_ALL), &dev->ptype_all);
	if (unlikely(skb_vlan_tag_present(skb))) {
		if (pt_prev) {
			deliver_skb(skb, pt_prev, orig_dev);
			pt_prev = NULL;
		}
		rx_vlan_tag(pskb);
		skb = *pskb;
		if (!skb)
			return NET_RX_DROP;
		if (skb->dev != dev)
			goto another_round;
	}

	type = skb->protocol;
	deliver_ptype_list_skb(skb, &pt_prev, orig_dev, type, &st->ptype_base[ntohs(type) & PTYPE_HASH_MASK]);
	if (unlikely(!list_empty(&orig_dev->ptype_specific)))
		deliver_ptype_list_skb(skb, &pt_prev, orig_dev, type, &orig_dev->ptype_specific);
	if (unlikely(dev != orig_dev))
		deliver_ptype_list_skb(skb, &pt_prev, orig_dev, type, &dev->ptype_specific);

	if (likely(pt_prev)) {
		*ppt_prev = pt_prev;
		return NET_RX_SUCCESS;
	}
	dev->core_rx_dropped++;
	kfree_skb_reason(skb, SKB_DROP_REASON_UNHANDLED_PROTO);
	return NET_RX_DROP;
}

static int __netif_receive_skb_one_core(struct sk_buff *skb)
{
	TRACE_SKB(skb, "determine packet type (e.g., ip) and call its ->func() (e.g., ip_rcv)");
	struct net_device *orig_dev = skb->dev;
	struct packet_type *pt_prev = NULL;
	int ret = __netif_receive_skb_core(&skb, &pt_prev);

	if (likely(pt_prev)) {
		TRACE_OP(skb, "func");
		ret = pt_prev->func(skb, skb->dev, pt_prev, orig_dev);
	}
	return ret;
}

int __netif_receive_skb(struct sk_buff *skb)
{
	TRACE_SKB(skb, "determine packet type (e.g., ip) and call its ->func() (e.g., ip_rcv)");
	return __netif_receive_skb_one_core(skb);
}

int netif_receive_skb_internal(struct sk_buff *skb)
{
	TRACE_SKB(skb, "determine packet type (e.g., ip) and call its ->func() (e.g., ip_rcv)");

	net_timestamp_check(skb);
	return __netif_receive_skb(skb);
}

int netif_receive_skb(struct sk_buff *skb)
{
	TRACE_SKB(skb, "determine packet type (e.g., ip) and call its ->func() (e.g., ip_rcv)");
	return netif_receive_skb_internal(skb);
}

/* ---- several at once: what napi_gro_receive() has collected ---- */

static void __netif_receive_skb_list_ptype(struct list_head *head, struct packet_type *pt_prev,
					   struct net_device *orig_dev)
{
	struct sk_buff *skb, *next;

	if (!pt_prev || list_empty(head))
		return;
	if (likely(pt_prev->list_func)) {
		TRACE_OP(orig_dev, "list_func");
		pt_prev->list_func(head, pt_prev, orig_dev);
		return;
	}
	list_for_each_entry_safe (skb, next, head, list) {
		skb_list_del_init(skb);
		TRACE_OP(skb, "func");
		pt_prev->func(skb, skb->dev, pt_prev, orig_dev);
	}
}

/* Packets in a row that one protocol of one device wants go there together. */
static void __netif_receive_skb_list_core(struct host *host, struct list_head *head)
{
	TRACE(host, "determine the type of each packet, hand over those of one type together");
	struct packet_type *pt_curr = NULL;
	struct net_device *od_curr = NULL;
	struct sk_buff *skb, *next;
	LIST_HEAD(sublist);

	list_for_each_entry_safe (skb, next, head, list) {
		struct net_device *orig_dev = skb->dev;
		struct packet_type *pt_prev = NULL;

		skb_list_del_init(skb);
		__netif_receive_skb_core(&skb, &pt_prev);
		if (!pt_prev)
			continue;
		if (pt_curr != pt_prev || od_curr != orig_dev) {
			__netif_receive_skb_list_ptype(&sublist, pt_curr, od_curr);
			INIT_LIST_HEAD(&sublist);
			pt_curr = pt_prev;
			od_curr = orig_dev;
		}
		list_add_tail(&skb->list, &sublist);
	}
	__netif_receive_skb_list_ptype(&sublist, pt_curr, od_curr);
}

static void __netif_receive_skb_list(struct host *host, struct list_head *head)
{
	TRACE(host, "determine packet types and call their ->list_func()");
	__netif_receive_skb_list_core(host, head);
}

void netif_receive_skb_list_internal(struct list_head *head)
{
	struct host *host = list_first_entry(head, struct sk_buff, list)->host;
	TRACE(host, "determine packet types and call their ->list_func()");
	struct sk_buff *skb;

	if (unlikely(netdev_state(host)->netstamp_needed))
		list_for_each_entry (skb, head, list)
			net_timestamp_check(skb);
	__netif_receive_skb_list(host, head);
}
