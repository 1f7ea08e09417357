/*
 * Segmentation: one large packet of the stack becomes frames that fit the device. The payload is not
 * copied when the device can gather (NETIF_F_SG): segments share the fragments' pages.
 */
#include "stack/skb/skbuff.h"

#include "stack/interface/netdevice.h"
#include "stack/transport/sock.h"

/* What stays the same for all segments of a packet. */
struct segmenting {
	struct sk_buff *head;
	unsigned int doffset; /* bytes of headers, from the mac header */
	unsigned int headroom;
	unsigned int mss;
	bool sg, csum;
	int frag;		 /* fragment that goes on */
	unsigned int frag_start; /* where its bytes begin in the packet */
};

/* Shares the fragments that bytes [offset, offset + len) lie in with a segment. */
static int segment_frags(struct segmenting *s, struct sk_buff *nskb, unsigned int offset, unsigned int len)
{
	struct skb_shared_info *from = skb_shinfo(s->head), *to = skb_shinfo(nskb);
	unsigned int end = offset + len;

	while (s->frag < from->nr_frags && s->frag_start < end) {
		const skb_frag_t *f = &from->frags[s->frag];
		unsigned int fend = s->frag_start + skb_frag_size(f);
		unsigned int lo = max(offset, s->frag_start), hi = min(end, fend);
		skb_frag_t *n = &to->frags[to->nr_frags];

		if (lo < hi) {
			if (to->nr_frags >= MAX_SKB_FRAGS)
				return -EINVAL;
			*n = *f;
			__skb_frag_ref(n);
			skb_frag_off_add(n, (int)(lo - s->frag_start));
			skb_frag_size_set(n, hi - lo);
			to->nr_frags++;
		}
		if (fend > end)
			break;
		s->frag++;
		s->frag_start = fend;
	}
	return 0;
}

/* The checksum of a segment that the device does not compute: of its payload, for the protocol to finish. */
static void segment_csum(struct segmenting *s, struct sk_buff *nskb)
{
	if (s->csum)
		return;
	nskb->ip_summed = CHECKSUM_NONE;
	SKB_GSO_CB(nskb)->csum = skb_checksum(nskb, (int)s->doffset, (int)(nskb->len - s->doffset), 0);
	SKB_GSO_CB(nskb)->csum_start = (u16)(skb_headroom(nskb) + s->doffset);
}

/* One segment with the payload bytes [offset, offset + len). */
static struct sk_buff *segment_one(struct segmenting *s, unsigned int offset, unsigned int len)
{
	struct sk_buff *head = s->head, *nskb;
	unsigned int headlen = skb_headlen(head);
	unsigned int hsize = headlen > offset ? min(headlen - offset, len) : 0;

	if (!s->sg)
		hsize = len;
	nskb = __alloc_skb(head->host, hsize + s->doffset + s->headroom, GFP_ATOMIC, 0, -1);
	if (unlikely(!nskb))
		return NULL;
	skb_reserve(nskb, (int)s->headroom);
	__skb_put(nskb, s->doffset);
	__copy_skb_header(nskb, head);
	skb_headers_offset_update(nskb, (int)skb_headroom(nskb) - (int)s->headroom);
	skb_reset_mac_len(nskb);
	skb_copy_from_linear_data(head, nskb->data, s->doffset);
	if (!s->sg) {
		if (skb_copy_bits(head, (int)offset, skb_put(nskb, len), (int)len))
			goto err;
		segment_csum(s, nskb);
		return nskb;
	}
	skb_copy_from_linear_data_offset(head, (int)offset, skb_put(nskb, hsize), hsize);
	skb_shinfo(nskb)->flags |= skb_shinfo(head)->flags & SKBFL_SHARED_FRAG;
	skb_zerocopy_clone(nskb, head, GFP_ATOMIC);
	if (segment_frags(s, nskb, offset + hsize, len - hsize))
		goto err;
	nskb->data_len = len - hsize;
	nskb->len += nskb->data_len;
	nskb->truesize += nskb->data_len;
	segment_csum(s, nskb);
	return nskb;
err:
	consume_skb(nskb);
	return NULL;
}

struct sk_buff *skb_segment(struct sk_buff *head_skb, u64 features)
{
	TRACE_SKB(head_skb, "cut the packet into segments that fit the device");
	struct sk_buff *segs = NULL, *tail = NULL;
	struct segmenting s = { .head = head_skb };
	unsigned int offset, len;
	__be16 proto;

	/* The caller has pulled all headers: what lies before data belongs to each segment. */
	s.doffset = (unsigned int)(head_skb->data - skb_mac_header(head_skb));
	__skb_push(head_skb, s.doffset);
	proto = skb_network_protocol(head_skb, NULL);
	if (unlikely(!proto))
		return ERR_PTR(-EINVAL);
	s.headroom = skb_headroom(head_skb);
	s.mss = skb_shinfo(head_skb)->gso_size;
	s.sg = features & NETIF_F_SG && !skb_has_frag_list(head_skb);
	s.csum = can_checksum_protocol(features, proto);
	s.frag_start = skb_headlen(head_skb);
	for (offset = s.doffset; offset < head_skb->len; offset += len) {
		struct sk_buff *nskb;

		len = min(head_skb->len - offset, s.mss);
		nskb = segment_one(&s, offset, len);
		if (unlikely(!nskb)) {
			struct sk_buff *next;

			for (; segs; segs = next) {
				next = segs->next;
				consume_skb(segs);
			}
			return ERR_PTR(-ENOMEM);
		}
		if (segs)
			tail->next = nskb;
		else
			segs = nskb;
		tail = nskb;
	}
	/* The list's first knows its last. */
	segs->prev = tail;
	/* What the sock was charged for goes on with the last segment, the rest of it free of charge. */
	if (head_skb->destructor == sock_wfree) {
		swap(tail->truesize, head_skb->truesize);
		swap(tail->destructor, head_skb->destructor);
		swap(tail->sk, head_skb->sk);
	}
	return segs;
}

/* ---- lengths of the segments to come ---- */

unsigned int skb_gso_transport_seglen(const struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "length of a segment from the transport header on");
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int thlen = 8; /* UDP */

	if (skb_is_gso_tcp(skb))
		thlen = (unsigned int)(skb_transport_header(skb)[12] >> 4) * 4;
	return thlen + shinfo->gso_size;
}

unsigned int skb_gso_network_seglen(const struct sk_buff *skb)
{
	TRACE_SKB(skb, "length of a segment from the network header on");

	return (unsigned int)(skb->transport_header - skb->network_header) + skb_gso_transport_seglen(skb);
}

bool skb_gso_validate_network_len(const struct sk_buff *skb, unsigned int mtu)
{
	TRACE_SKB(skb, "will all segments fit the mtu?");

	return skb_gso_network_seglen(skb) <= mtu;
}

bool skb_gso_validate_mac_len(const struct sk_buff *skb, unsigned int len)
{
	TRACE_SKB(skb, "will all segments fit the device's frame?");

	return (unsigned int)(skb->transport_header - skb->mac_header) + skb_gso_transport_seglen(skb) <= len;
}

__sum16 gso_make_checksum(struct sk_buff *skb, __wsum res)
{
	TRACE_SKB(skb, "make the checksum of a segment from that of its payload");
	unsigned char *start = skb_transport_header(skb);
	int plen = (int)(skb->head + SKB_GSO_CB(skb)->csum_start - start);
	__wsum partial = SKB_GSO_CB(skb)->csum;

	SKB_GSO_CB(skb)->csum = res;
	SKB_GSO_CB(skb)->csum_start = (u16)(start - skb->head);
	return csum_fold(csum_partial(start, plen, partial));
}

void gso_reset_checksum(struct sk_buff *skb, __wsum res)
{
	SKB_GSO_CB(skb)->csum = res;
	SKB_GSO_CB(skb)->csum_start = (u16)(skb_checksum_start(skb) - skb->head);
}
