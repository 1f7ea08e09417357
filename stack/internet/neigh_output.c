/* Output by a neighbour: with its address known, or to be found first. */
#include "stack/internet/neigh_impl.h"

static void neigh_hh_init(struct neighbour *n)
{
	TRACE(n, "make the cached hardware header");
	if (!n->hh.hh_len) {
		TRACE_OP(n, "cache");
		n->dev->header_ops->cache(n, &n->hh, n->tbl->protocol);
	}
}

/* Puts the hardware header on and sends; the address is known. */
static int neigh_xmit_header(struct neighbour *neigh, struct sk_buff *skb)
{
	int err;

	__skb_pull(skb, (unsigned int)skb_network_offset(skb));
	err = dev_hard_header(skb, neigh->dev, ntohs(skb->protocol), neigh->ha, NULL, skb->len);
	if (unlikely(err < 0)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_HDR);
		return -EINVAL;
	}
	return dev_queue_xmit(skb);
}

int neigh_resolve_output(struct neighbour *neigh, struct sk_buff *skb)
{
	TRACE_SKB(skb, "send once the neighbour's hardware address is known");
	if (neigh_event_send(neigh, skb))
		return 0;
	if (neigh->dev->header_ops->cache && !neigh->hh.hh_len)
		neigh_hh_init(neigh);
	return neigh_xmit_header(neigh, skb);
}

int neigh_connected_output(struct neighbour *neigh, struct sk_buff *skb)
{
	TRACE_SKB(skb, "put the hardware header on and send");
	return neigh_xmit_header(neigh, skb);
}

int neigh_direct_output(struct neighbour *neigh, struct sk_buff *skb)
{
	TRACE_SKB(skb, "send without a hardware header");
	(void)neigh;
	return dev_queue_xmit(skb);
}
