/*
 * Page fragments and the frag_list of an skb. Included by skbuff.h.
 */
#ifndef STACK_SKB_SKB_FRAG_H
#define STACK_SKB_SKB_FRAG_H

#include "stack/skb/skbuff.h"

/* A piece of a block of pages that somebody fills bit by bit: sk->sk_frag. */
struct page_frag {
	struct page *page;
	u32 offset;
	u32 size;
};

#define skb_walk_frags(skb, iter) for (iter = skb_shinfo(skb)->frag_list; iter; iter = (iter)->next)

static inline bool skb_has_frag_list(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->frag_list != NULL;
}

static inline void skb_frag_list_init(struct sk_buff *skb)
{
	skb_shinfo(skb)->frag_list = NULL;
}

static inline unsigned int skb_frag_size(const skb_frag_t *frag)
{
	return frag->bv_len;
}

static inline void skb_frag_size_set(skb_frag_t *frag, unsigned int size)
{
	frag->bv_len = size;
}

static inline void skb_frag_size_add(skb_frag_t *frag, int delta)
{
	frag->bv_len += (unsigned int)delta;
}

static inline void skb_frag_size_sub(skb_frag_t *frag, int delta)
{
	frag->bv_len -= (unsigned int)delta;
}

static inline unsigned int skb_frag_off(const skb_frag_t *frag)
{
	return frag->bv_offset;
}

static inline void skb_frag_off_add(skb_frag_t *frag, int delta)
{
	frag->bv_offset += (unsigned int)delta;
}

static inline void skb_frag_off_set(skb_frag_t *frag, unsigned int offset)
{
	frag->bv_offset = offset;
}

static inline void skb_frag_off_copy(skb_frag_t *to, const skb_frag_t *from)
{
	to->bv_offset = from->bv_offset;
}

static inline struct page *skb_frag_page(const skb_frag_t *frag)
{
	return frag->bv_page;
}

static inline void __skb_frag_set_page(skb_frag_t *frag, struct page *page)
{
	frag->bv_page = page;
}

static inline void *skb_frag_address(const struct host *host, const skb_frag_t *frag)
{
	return (u8 *)page_address(host, frag->bv_page) + frag->bv_offset;
}

static inline void __skb_frag_ref(skb_frag_t *frag)
{
	get_page(frag->bv_page);
}

static inline void skb_frag_ref(struct sk_buff *skb, int f)
{
	__skb_frag_ref(&skb_shinfo(skb)->frags[f]);
}

static inline void __skb_frag_unref(struct host *host, skb_frag_t *frag)
{
	put_page(host, frag->bv_page);
}

static inline void skb_frag_unref(struct sk_buff *skb, int f)
{
	__skb_frag_unref(skb->host, &skb_shinfo(skb)->frags[f]);
}

/* Bytes in the fragments, without the frag_list. */
static inline unsigned int __skb_pagelen(const struct sk_buff *skb)
{
	unsigned int len = 0;
	int i;

	for (i = skb_shinfo(skb)->nr_frags - 1; i >= 0 && (int)len < (int)skb->len; i--)
		len += skb_frag_size(&skb_shinfo(skb)->frags[i]);
	return len;
}

/* Bytes in the linear part and the fragments. */
static inline unsigned int skb_pagelen(const struct sk_buff *skb)
{
	return skb_headlen(skb) + __skb_pagelen(skb);
}

static inline void __skb_fill_page_desc(struct sk_buff *skb, int i, struct page *page, int off, int size)
{
	skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

	frag->bv_page = page;
	frag->bv_offset = (unsigned int)off;
	frag->bv_len = (unsigned int)size;
}

/* The caller's reference to the page becomes the packet's. Lengths are the caller's to mend. */
static inline void skb_fill_page_desc(struct sk_buff *skb, int i, struct page *page, int off, int size)
{
	TRACE_SKB_LEAF(skb, "fill the buffer descriptor in struct sk_buff");

	__skb_fill_page_desc(skb, i, page, off, size);
	skb_shinfo(skb)->nr_frags = (u8)(i + 1);
}

static inline bool skb_can_coalesce(const struct sk_buff *skb, int i, const struct page *page, int off)
{
	if (i) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i - 1];

		return page == skb_frag_page(frag) &&
		       (unsigned int)off == skb_frag_off(frag) + skb_frag_size(frag);
	}
	return false;
}

void skb_add_rx_frag(struct sk_buff *skb, int i, struct page *page, int off, int size, unsigned int truesize);
void skb_coalesce_rx_frag(struct sk_buff *skb, int i, int size, unsigned int truesize);
int skb_append_pagefrags(struct sk_buff *skb, struct page *page, int offset, size_t size);

#endif
