/*
 * Generic receive offload: see gro.h.
 *
 *	napi_gro_receive > dev_gro_receive > inet_gro_receive > tcp4_gro_receive
 *	   merged          it is part of a held packet now
 *	   held            first of its flow: waits for more, until poll ends
 *	   normal          goes up as it is, in batches: gro_normal_list > netif_receive_skb_list_internal
 *
 * A held packet goes up (napi_gro_complete) when a packet of its flow does not fit behind it, when eight
 * others wait, and when poll ends: so nothing waits longer than the batch that poll finds.
 */
#include "stack/interface/gro.h"

#include "stack/interface/etherdevice.h"

#define MAX_GRO_SKBS 8 /* held at a time, in each list */
#define GRO_NORMAL_BATCH 8

/* ---- what goes up ---- */

void gro_normal_list_slow(struct napi_struct *napi)
{
	TRACE_AS(napi, "gro_normal_list", "hand up the packets that are collected");
	netif_receive_skb_list_internal(&napi->rx_list);
	INIT_LIST_HEAD(&napi->rx_list);
	napi->rx_count = 0;
}

static void gro_normal_one(struct napi_struct *napi, struct sk_buff *skb, int segs)
{
	TRACE_SKB(skb, "collect the packet, to be handed up with others");
	list_add_tail(&skb->list, &napi->rx_list);
	napi->rx_count += segs;
	if (napi->rx_count >= GRO_NORMAL_BATCH)
		gro_normal_list(napi);
}

/* The offload of the packet's network protocol, or NULL. */
static const struct packet_offload *gro_offload(const struct sk_buff *skb)
{
	struct packet_offload *ptype;

	list_for_each_entry (ptype, &netdev_state(skb->host)->offload_base, list) {
		if (ptype->type == skb->protocol && ptype->callbacks.gro_receive)
			return ptype;
	}
	return NULL;
}

static void napi_gro_complete(struct napi_struct *napi, struct sk_buff *skb)
{
	TRACE_SKB(skb, "finish a packet that no more are merged into, and hand it up");
	const struct packet_offload *ptype;
	int err = -ENOENT;

	if (NAPI_GRO_CB(skb)->count == 1) {
		skb_shinfo(skb)->gso_size = 0;
		goto out;
	}
	ptype = gro_offload(skb);
	if (likely(ptype)) {
		TRACE_OP(skb, "gro_complete");
		err = ptype->callbacks.gro_complete(skb, 0);
	}
	if (unlikely(err)) {
		SIM_BUG_ON(napi->host, true); /* held, so it had an offload */
		kfree_skb(skb);
		return;
	}
out:
	gro_normal_one(napi, skb, NAPI_GRO_CB(skb)->count);
}

/* The oldest are at the end of a list. */
static void __napi_gro_flush_chain(struct napi_struct *napi, u32 index, bool flush_old)
{
	TRACE(napi, "hand up the packets that wait in one list");
	struct gro_list *gro_list = &napi->gro_hash[index];
	struct sk_buff *skb, *p;

	list_for_each_entry_safe_reverse(skb, p, &gro_list->list, list)
	{
		if (flush_old && NAPI_GRO_CB(skb)->age == jiffies(napi->host))
			return;
		skb_list_del_init(skb);
		napi_gro_complete(napi, skb);
		gro_list->count--;
	}
	if (!gro_list->count)
		napi->gro_bitmask &= ~BIT(index);
}

void napi_gro_flush(struct napi_struct *napi, bool flush_old)
{
	TRACE(napi, "hand up the packets that wait for more of their flow");
	for (u32 i = 0; i < GRO_HASH_BUCKETS; i++) {
		if (napi->gro_bitmask & BIT(i))
			__napi_gro_flush_chain(napi, i, flush_old);
	}
}

static void gro_flush_oldest(struct napi_struct *napi, struct list_head *head)
{
	TRACE(napi, "hand up the packet that waits longest");
	struct sk_buff *oldest = list_last_entry(head, struct sk_buff, list);

	skb_list_del_init(oldest);
	napi_gro_complete(napi, oldest);
}

/* ---- the lists ---- */

void init_gro_hash(struct napi_struct *napi)
{
	TRACE(napi, "init the lists of packets that wait for more of their flow");
	napi->gro_hash = NULL;
	INIT_LIST_HEAD(&napi->rx_list);
	napi->gro_bitmask = 0;
	napi->rx_count = 0;
}

void flush_gro_hash(struct napi_struct *napi)
{
	TRACE(napi, "drop the packets that wait for more of their flow");
	struct sk_buff *skb, *n;

	for (int i = 0; napi->gro_hash && i < GRO_HASH_BUCKETS; i++) {
		list_for_each_entry_safe (skb, n, &napi->gro_hash[i].list, list) {
			skb_list_del_init(skb);
			kfree_skb_reason(skb, SKB_DROP_REASON_DEV_DOWN);
		}
	}
	if (napi->gro_hash)
		kfree(napi->host, napi->gro_hash);
	napi->gro_hash = NULL;
	napi->gro_bitmask = 0;
}

/* Most devices never need the lists. */
static bool gro_hash_ready(struct napi_struct *napi)
{
	if (likely(napi->gro_hash))
		return true;
	napi->gro_hash = kzalloc(napi->host, GRO_HASH_BUCKETS * sizeof(*napi->gro_hash));
	if (!napi->gro_hash)
		return false;
	for (int i = 0; i < GRO_HASH_BUCKETS; i++)
		INIT_LIST_HEAD(&napi->gro_hash[i].list);
	return true;
}

/* Marks the held packets that have the new one's device, mac header and tag. */
static void gro_list_prepare(const struct list_head *head, const struct sk_buff *skb)
{
	TRACE_SKB(skb, "compare the link header with those of the packets that wait");
	u32 hash = skb_get_hash_raw(skb);
	struct sk_buff *p;

	list_for_each_entry (p, head, list) {
		NAPI_GRO_CB(p)->flush = 0;
		NAPI_GRO_CB(p)->same_flow = hash == skb_get_hash_raw(p) && p->dev == skb->dev &&
					    p->vlan_present == skb->vlan_present &&
					    (!p->vlan_present || p->vlan_tci == skb->vlan_tci) &&
					    !memcmp(skb_mac_header(p), skb_mac_header(skb), ETH_HLEN);
	}
}

/* ---- a new packet ---- */

enum gro_result { GRO_MERGED, GRO_MERGED_FREE, GRO_HELD, GRO_NORMAL };

static void gro_start(struct sk_buff *skb)
{
	struct napi_gro_cb *cb = NAPI_GRO_CB(skb);

	skb_set_network_header(skb, (int)skb_gro_offset(skb));
	skb_reset_mac_len(skb);
	cb->same_flow = 0;
	cb->flush = skb_is_gso(skb) || skb_has_frag_list(skb);
	cb->free = 0;
	cb->is_atomic = 1;
	cb->csum_cnt = skb->ip_summed == CHECKSUM_UNNECESSARY ? (skb->csum_level + 1u) & 7u : 0;
}

/* Keeps the packet for more of its flow. */
static void gro_hold(struct napi_struct *napi, struct gro_list *gro_list, struct sk_buff *skb)
{
	struct napi_gro_cb *cb = NAPI_GRO_CB(skb);

	if (unlikely(gro_list->count >= MAX_GRO_SKBS))
		gro_flush_oldest(napi, &gro_list->list);
	else
		gro_list->count++;
	cb->count = 1;
	cb->age = jiffies(napi->host);
	cb->last = skb;
	skb_shinfo(skb)->gso_size = (u16)skb_gro_len(skb);
	list_add(&skb->list, &gro_list->list);
}

static enum gro_result dev_gro_receive(struct napi_struct *napi, struct sk_buff *skb)
{
	TRACE_SKB(skb, "find a packet that this one continues");
	u32 bucket = skb_get_hash_raw(skb) & (GRO_HASH_BUCKETS - 1);
	const struct packet_offload *ptype;
	struct gro_list *gro_list;
	enum gro_result ret;
	struct sk_buff *pp;

	if (!(skb->dev->features & NETIF_F_GRO) || unlikely(!gro_hash_ready(napi)))
		return GRO_NORMAL;
	gro_list = &napi->gro_hash[bucket];
	gro_list_prepare(&gro_list->list, skb);
	ptype = gro_offload(skb);
	if (!ptype)
		return GRO_NORMAL;
	gro_start(skb);
	TRACE_OP(skb, "gro_receive");
	pp = ptype->callbacks.gro_receive(&gro_list->list, skb);
	if (pp) {
		skb_list_del_init(pp);
		napi_gro_complete(napi, pp);
		gro_list->count--;
	}
	if (NAPI_GRO_CB(skb)->same_flow) {
		ret = NAPI_GRO_CB(skb)->free ? GRO_MERGED_FREE : GRO_MERGED;
	} else if (NAPI_GRO_CB(skb)->flush) {
		ret = GRO_NORMAL;
	} else {
		gro_hold(napi, gro_list, skb);
		ret = GRO_HELD;
	}
	if (gro_list->count)
		napi->gro_bitmask |= BIT(bucket);
	else
		napi->gro_bitmask &= ~BIT(bucket);
	return ret;
}

static void napi_skb_free_stolen_head(struct sk_buff *skb)
{
	TRACE_SKB(skb, "free a packet whose bytes another one took over");
	kfree_skb_partial(skb, true);
}

static enum gro_result napi_skb_finish(struct napi_struct *napi, struct sk_buff *skb, enum gro_result ret)
{
	TRACE_SKB(skb, "hand the packet up, or free what is left of it, or neither");
	switch (ret) {
	case GRO_NORMAL:
		gro_normal_one(napi, skb, 1);
		break;
	case GRO_MERGED_FREE:
		if (NAPI_GRO_CB(skb)->free == NAPI_GRO_FREE_STOLEN_HEAD)
			napi_skb_free_stolen_head(skb);
		else
			__kfree_skb(skb);
		break;
	case GRO_HELD:
	case GRO_MERGED:
		break;
	}
	return ret;
}

int napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb)
{
	TRACE_SKB(skb, "merge the packet with others of its flow, or pass it on");
	NAPI_GRO_CB(skb)->data_offset = 0;
	return napi_skb_finish(napi, skb, dev_gro_receive(napi, skb));
}

/* ---- for the protocols' callbacks ---- */

__sum16 skb_gro_checksum_validate(struct sk_buff *skb, __wsum pseudo)
{
	struct napi_gro_cb *cb = NAPI_GRO_CB(skb);
	__sum16 sum;

	if (likely(cb->csum_cnt)) {
		cb->csum_cnt--;
		return 0;
	}
	sum = csum_fold(skb_checksum(skb, (int)skb_gro_offset(skb), (int)skb_gro_len(skb), pseudo));
	if (!sum)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	return sum;
}
