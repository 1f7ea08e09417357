/*
 * Appending a received segment to a packet of its flow: its bytes become fragments of that packet, or it
 * joins the packet's frag_list whole when the fragments are all used.
 */
#include "stack/interface/gro.h"

/* The linear part, a piece of a page, becomes a fragment; the fragments follow it. */
static bool gro_take_head(struct sk_buff *lp, struct sk_buff *skb, int *delta_truesize)
{
	struct skb_shared_info *to = skb_shinfo(lp), *from = skb_shinfo(skb);
	struct page *page = virt_to_head_page(skb->host, skb->head);
	unsigned int offset = skb_gro_offset(skb);
	skb_frag_t *frag = to->frags + to->nr_frags;

	if (to->nr_frags + 1 + from->nr_frags > MAX_SKB_FRAGS)
		return false;
	__skb_frag_set_page(frag, page);
	skb_frag_off_set(frag,
			 (unsigned int)(skb->data - (unsigned char *)page_address(skb->host, page)) + offset);
	skb_frag_size_set(frag, skb_headlen(skb) - offset);
	memcpy(frag + 1, from->frags, sizeof(*frag) * from->nr_frags);
	to->nr_frags = (u8)(to->nr_frags + 1 + from->nr_frags);
	*delta_truesize = (int)(skb->truesize - SKB_STRUCT_SIZE);
	NAPI_GRO_CB(skb)->free = NAPI_GRO_FREE_STOLEN_HEAD;
	return true;
}

int skb_gro_receive(struct sk_buff *p, struct sk_buff *skb)
{
	TRACE_SKB(skb, "append the segment to the packet of its flow");
	unsigned int offset = skb_gro_offset(skb), len = skb_gro_len(skb);
	struct sk_buff *lp = NAPI_GRO_CB(p)->last;
	int delta_truesize = 0;

	if (unlikely(p->len + len >= 65536 || NAPI_GRO_CB(skb)->flush))
		return -E2BIG;
	if (!skb->head_frag || skb_headlen(skb) == offset || !gro_take_head(lp, skb, &delta_truesize)) {
		delta_truesize = (int)skb->truesize;
		__skb_pull(skb, offset);
		if (lp == p)
			skb_shinfo(p)->frag_list = skb;
		else
			lp->next = skb;
		skb->next = NULL;
		NAPI_GRO_CB(p)->last = skb;
		__skb_header_release(skb);
		lp = p;
	}
	NAPI_GRO_CB(p)->count++;
	p->data_len += len;
	p->truesize += (unsigned int)delta_truesize;
	p->len += len;
	if (lp != p) {
		lp->data_len += len;
		lp->truesize += (unsigned int)delta_truesize;
		lp->len += len;
	}
	NAPI_GRO_CB(skb)->same_flow = 1;
	return 0;
}
