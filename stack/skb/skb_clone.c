/*
 * Copies of packets, from sharing everything (skb_clone) over sharing the fragments (pskb_copy) to
 * sharing nothing (skb_copy); and giving a packet a new buffer (pskb_expand_head).
 */
#include "stack/skb/skbuff.h"

#include "stack/internet/dst.h"

void skb_headers_offset_update(struct sk_buff *skb, int off)
{
	TRACE_SKB_LEAF(skb, "move the header offsets along with the buffer");

	if (skb->ip_summed == CHECKSUM_PARTIAL)
		skb->csum_start = (u16)(skb->csum_start + off);
	skb->transport_header = (u16)(skb->transport_header + off);
	skb->network_header = (u16)(skb->network_header + off);
	if (skb_mac_header_was_set(skb))
		skb->mac_header = (u16)(skb->mac_header + off);
}

void __copy_skb_header(struct sk_buff *new, const struct sk_buff *old)
{
	TRACE_SKB_LEAF(old, "copy what struct sk_buff says about the packet");

	new->tstamp = old->tstamp;
	new->dev = old->dev;
	memcpy(new->cb, old->cb, sizeof(old->cb));
	skb_dst_copy(new, old);
	memcpy(new->headers_start, old->headers_start,
	       offsetof(struct sk_buff, headers_end) - offsetof(struct sk_buff, headers_start));
	if (unlikely(new->_nfct))
		nf_conntrack_get(new);
}

void skb_copy_header(struct sk_buff *new, const struct sk_buff *old)
{
	TRACE_SKB(old, "copy what struct sk_buff and its shared info say about the packet");

	__copy_skb_header(new, old);
	skb_shinfo(new)->gso_size = skb_shinfo(old)->gso_size;
	skb_shinfo(new)->gso_segs = skb_shinfo(old)->gso_segs;
	skb_shinfo(new)->gso_type = skb_shinfo(old)->gso_type;
}

static struct sk_buff *__skb_clone(struct sk_buff *n, struct sk_buff *skb)
{
	TRACE_SKB(skb, "make a second struct sk_buff for the same data");

	n->next = n->prev = NULL;
	n->sk = NULL;
	__copy_skb_header(n, skb);
	n->host = skb->host;
	n->len = skb->len;
	n->data_len = skb->data_len;
	n->hdr_len = (u16)(skb->nohdr ? skb_headroom(skb) : skb->hdr_len);
	n->cloned = 1;
	n->nohdr = 0;
	n->peeked = 0;
	n->destructor = NULL;
	n->tail = skb->tail;
	n->end = skb->end;
	n->head = skb->head;
	n->head_frag = skb->head_frag;
	n->head_plain = skb->head_plain;
	n->data = skb->data;
	n->truesize = skb->truesize;
	n->users = 1;
	skb_shinfo(skb)->dataref++;
	skb->cloned = 1;
	return n;
}

struct sk_buff *skb_clone(struct sk_buff *skb, gfp_t gfp_mask __maybe_unused)
{
	TRACE_SKB(skb, "clone the packet: a second descriptor, the data is shared");
	struct sk_buff_fclones *fclones = container_of(skb, struct sk_buff_fclones, skb1);
	struct sk_buff *n;

	if (skb->fclone == SKB_FCLONE_ORIG && fclones->fclone_ref == 1) {
		n = &fclones->skb2;
		fclones->fclone_ref = 2;
		n->fclone = SKB_FCLONE_CLONE;
	} else {
		n = kmem_cache_alloc(skb->host, skb->host->net->skb->head_cache);
		if (unlikely(!n))
			return NULL;
		n->fclone = SKB_FCLONE_UNAVAILABLE;
	}
	return __skb_clone(n, skb);
}

struct sk_buff *skb_morph(struct sk_buff *dst, struct sk_buff *src)
{
	TRACE_SKB(src, "turn one packet into a clone of another");

	skb_release_all(dst);
	return __skb_clone(dst, src);
}

/* Takes one more reference to each packet of a frag_list. */
static void skb_clone_fraglist(struct sk_buff *skb)
{
	struct sk_buff *list;

	skb_walk_frags(skb, list) skb_get(list);
}

struct sk_buff *skb_copy(const struct sk_buff *skb, gfp_t gfp_mask)
{
	TRACE_SKB(skb, "copy the packet with all its data");
	unsigned int headerlen = skb_headroom(skb);
	struct sk_buff *n = __alloc_skb(skb->host, skb->end + skb->data_len, gfp_mask, 0, -1);

	if (!n)
		return NULL;
	skb_reserve(n, (int)headerlen);
	__skb_put(n, skb->len);
	memcpy(n->head, skb->head, headerlen);
	if (skb_copy_bits(skb, 0, n->data, (int)skb->len)) {
		__kfree_skb(n);
		return NULL;
	}
	skb_copy_header(n, skb);
	return n;
}

struct sk_buff *skb_copy_expand(const struct sk_buff *skb, int newheadroom, int newtailroom, gfp_t gfp_mask)
{
	TRACE_SKB(skb, "copy the packet with other head and tail room");
	int oldheadroom = (int)skb_headroom(skb);
	int head_copy = min(oldheadroom, newheadroom);
	struct sk_buff *n = __alloc_skb(
		skb->host, (unsigned int)newheadroom + skb->len + (unsigned int)newtailroom, gfp_mask, 0, -1);

	if (!n)
		return NULL;
	skb_reserve(n, newheadroom);
	__skb_put(n, skb->len);
	memcpy(n->data - head_copy, skb->data - head_copy, (size_t)head_copy);
	if (skb_copy_bits(skb, 0, n->data, (int)skb->len)) {
		__kfree_skb(n);
		return NULL;
	}
	skb_copy_header(n, skb);
	skb_headers_offset_update(n, newheadroom - oldheadroom);
	return n;
}

struct sk_buff *__pskb_copy_fclone(struct sk_buff *skb, int headroom, gfp_t gfp_mask, bool fclone)
{
	TRACE_SKB(skb, "copy the packet's linear part and share its fragments");
	unsigned int size = skb_headlen(skb) + (unsigned int)headroom;
	struct sk_buff *n = __alloc_skb(skb->host, size, gfp_mask, fclone ? SKB_ALLOC_FCLONE : 0, -1);
	struct skb_shared_info *from = skb_shinfo(skb);
	int i;

	if (!n)
		return NULL;
	skb_reserve(n, headroom);
	__skb_put(n, skb_headlen(skb));
	skb_copy_from_linear_data(skb, n->data, n->len);
	n->truesize += skb->data_len;
	n->data_len = skb->data_len;
	n->len = skb->len;
	if (unlikely(skb_zcopy(skb)))
		skb_zerocopy_clone(n, skb, gfp_mask);
	for (i = 0; i < from->nr_frags; i++) {
		skb_shinfo(n)->frags[i] = from->frags[i];
		skb_frag_ref(skb, i);
	}
	skb_shinfo(n)->nr_frags = from->nr_frags;
	if (from->frag_list) {
		skb_shinfo(n)->frag_list = from->frag_list;
		skb_clone_fraglist(n);
	}
	skb_copy_header(n, skb);
	if (headroom != (int)skb_headroom(skb))
		skb_headers_offset_update(n, headroom - (int)skb_headroom(skb));
	return n;
}

struct sk_buff *__pskb_copy(struct sk_buff *skb, int headroom, gfp_t gfp_mask)
{
	return __pskb_copy_fclone(skb, headroom, gfp_mask, false);
}

struct sk_buff *pskb_copy(struct sk_buff *skb, gfp_t gfp_mask)
{
	TRACE_SKB(skb, "copy the packet's headers and share its payload");

	return __pskb_copy(skb, (int)skb_headroom(skb), gfp_mask);
}

/* ---- a new buffer ---- */

/* Copies the used part of the buffer and skb_shared_info to `data`, whose end is at `size`. */
static void expand_copy(struct sk_buff *skb, u8 *data, int nhead, unsigned int size)
{
	struct skb_shared_info *from = skb_shinfo(skb), *to = (void *)(data + size);

	memcpy(data + nhead, skb->head, skb->tail);
	memcpy(to, from, offsetof(struct skb_shared_info, frags) + from->nr_frags * sizeof(from->frags[0]));
	to->dataref = 0;
}

int pskb_expand_head(struct sk_buff *skb, int nhead, int ntail, gfp_t gfp_mask __maybe_unused)
{
	TRACE_SKB(skb, "move the packet to a new buffer, with more room");
	unsigned int osize = skb->end;
	unsigned int block = ram_block_size(
		SKB_DATA_ALIGN((unsigned int)nhead + osize + (unsigned int)ntail) + SKB_SHINFO_SIZE);
	unsigned int size = block - SKB_SHINFO_SIZE;
	bool fresh;
	u8 *data;
	long off;
	int i;

	SIM_BUG_ON(skb->host, nhead < 0 || skb_shared(skb));
	data = kmalloc_reserve(skb->host, block, skb->head_plain, &fresh, SIM_SITE);
	if (!data)
		return -ENOMEM;
	expand_copy(skb, data, nhead, size);
	if (skb_cloned(skb)) {
		if (unlikely(skb_zcopy(skb)))
			net_zcopy_get(skb_uarg(skb));
		for (i = 0; i < skb_shinfo(skb)->nr_frags; i++)
			skb_frag_ref(skb, i);
		if (skb_has_frag_list(skb))
			skb_clone_fraglist(skb);
		skb_release_data(skb);
	} else {
		skb_free_head(skb);
	}
	off = data + nhead - skb->head;
	skb->head = data;
	skb->head_frag = 0;
	skb->data += off;
	skb->end = size;
	skb->tail += (unsigned int)nhead;
	skb_headers_offset_update(skb, nhead);
	skb->cloned = 0;
	skb->hdr_len = 0;
	skb->nohdr = 0;
	/* Who charged the packet to a sock knows its truesize; leave it alone then. */
	if (!skb->sk || !skb->destructor)
		skb->truesize += size - osize;
	return 0;
}

struct sk_buff *skb_realloc_headroom(struct sk_buff *skb, unsigned int headroom)
{
	TRACE_SKB(skb, "copy the packet's headers where the head room is too small");
	int delta = (int)(headroom - skb_headroom(skb));
	struct sk_buff *skb2;

	if (delta <= 0)
		return pskb_copy(skb, GFP_ATOMIC);
	skb2 = skb_clone(skb, GFP_ATOMIC);
	if (skb2 && pskb_expand_head(skb2, (int)SKB_DATA_ALIGN((unsigned int)delta), 0, GFP_ATOMIC)) {
		consume_skb(skb2);
		skb2 = NULL;
	}
	return skb2;
}

struct sk_buff *skb_expand_head(struct sk_buff *skb, unsigned int headroom)
{
	TRACE_SKB(skb, "see to it that the packet has so much head room");
	int delta = (int)(headroom - skb_headroom(skb));

	if (delta <= 0)
		return skb;
	if (skb_shared(skb)) {
		struct sk_buff *nskb = skb_clone(skb, GFP_ATOMIC);

		if (!nskb) {
			kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
			return NULL;
		}
		consume_skb(skb);
		skb = nskb;
	}
	if (pskb_expand_head(skb, (int)SKB_DATA_ALIGN((unsigned int)delta), 0, GFP_ATOMIC)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	return skb;
}
