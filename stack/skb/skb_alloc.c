/*
 * Making and freeing skbs.
 *
 * struct sk_buff comes from a cache, its buffer from host RAM: of __alloc_skb() a block of a power of
 * two, of the receive path a piece of a 32 KiB block of pages (head_frag), whose page counts the pieces that
 * are out. A pair (fclone) is freed when both of its skbs are.
 */
#include "stack/skb/skbuff.h"

#include "stack/internet/dst.h"

#define RX_BLOCK_ORDER 3u

int skb_init(struct host *host)
{
	TRACE(host, "make the caches of struct sk_buff");
	struct skb_state *st = kzalloc(host, sizeof(*st));

	if (!st)
		return -ENOMEM;
	st->host = host;
	st->head_cache = kmem_cache_create(host, "skbuff_head_cache", sizeof(struct sk_buff));
	st->fclone_cache = kmem_cache_create(host, "skbuff_fclone_cache", sizeof(struct sk_buff_fclones));
	if (!st->head_cache || !st->fclone_cache) {
		kfree(host, st);
		return -ENOMEM;
	}
	host->net->skb = st;
	return 0;
}

void skb_exit(struct host *host)
{
	struct skb_state *st = host->net->skb;

	if (!st)
		return;
	if (st->rx_cache.page)
		put_page(host, st->rx_cache.page);
	host->net->skb = NULL;
	kfree(host, st);
}

void skb_over_panic(struct sk_buff *skb, unsigned int sz, const char *where)
{
	sim_fault(skb->host->sim, skb->host, "%s: %u bytes do not fit (len %u, tail %u, end %u)", where, sz,
		  skb->len, skb->tail, skb->end);
}

void skb_under_panic(struct sk_buff *skb, unsigned int sz, const char *where)
{
	sim_fault(skb->host->sim, skb->host, "%s: %u bytes are not there (len %u, headroom %u)", where, sz,
		  skb->len, skb_headroom(skb));
}

bool skb_sane(const struct sk_buff *skb)
{
	const struct skb_shared_info *si = skb_shinfo(skb);
	unsigned int paged = 0;
	const struct sk_buff *frag;
	int i;

	if (!skb->host || !skb->users || skb->data < skb->head || skb->tail > skb->end ||
	    (unsigned int)(skb->data - skb->head) > skb->tail ||
	    skb_headlen(skb) != skb->tail - skb_headroom(skb) || si->nr_frags > MAX_SKB_FRAGS)
		return false;
	for (i = 0; i < si->nr_frags; i++)
		paged += skb_frag_size(&si->frags[i]);
	skb_walk_frags(skb, frag) paged += frag->len;
	return paged == skb->data_len;
}

/* ---- making ---- */

void *kmalloc_reserve(struct host *host, unsigned int size, bool plain, bool *fresh, const char *site)
{
	TRACE_LEAF(host, "allocate the data buffer of the packet");

	*fresh = true; /* kzalloc() clears */
	return plain ? kzalloc_at(host, size, site) : ram_alloc(host, size, site, fresh);
}

/*
 * Memory that was never used is zero, and so often is what was used but never written: a receive buffer that
 * no frame came into. Such pages are not written to, since that is what makes them take room.
 */
static void clear_shinfo(struct skb_shared_info *shinfo)
{
	u64 head[4];

	BUILD_BUG_ON(offsetof(struct skb_shared_info, dataref) + sizeof(int) > sizeof(head));
	memcpy(head, shinfo, sizeof(head));
	if (head[0] | head[1] | head[2] | head[3])
		memset(shinfo, 0, sizeof(head));
}

static void __build_skb_around(struct sk_buff *skb, void *data, unsigned int frag_size, bool fresh)
{
	TRACE_LEAF(skb, "set up struct sk_buff around its buffer");
	unsigned int size = frag_size - SKB_SHINFO_SIZE;

	skb->truesize = SKB_TRUESIZE(size);
	skb->users = 1;
	skb->head = data;
	skb->data = data;
	skb->tail = 0;
	skb->end = size;
	skb->mac_header = (u16)~0U;
	skb->transport_header = (u16)~0U;
	if (!fresh)
		clear_shinfo(skb_shinfo(skb));
}

struct sk_buff *__alloc_skb_at(struct host *host, unsigned int size, gfp_t gfp_mask __maybe_unused, int flags,
			       const char *site)
{
	TRACE_AS(host, "__alloc_skb", "allocate struct sk_buff and its buffer");
	struct skb_state *st = host->net->skb;
	struct kmem_cache *cache = flags & SKB_ALLOC_FCLONE ? st->fclone_cache : st->head_cache;
	unsigned int osize = ram_block_size(SKB_DATA_ALIGN(size) + SKB_SHINFO_SIZE);
	struct sk_buff *skb = kmem_cache_alloc_at(host, cache, site);
	bool fresh;
	void *data;

	if (unlikely(!skb))
		return NULL;
	data = kmalloc_reserve(host, osize, flags & SKB_ALLOC_PLAIN, &fresh, site);
	if (unlikely(!data)) {
		kmem_cache_free(host, cache, skb);
		return NULL;
	}
	memset(skb, 0, sizeof(*skb));
	skb->host = host;
	__build_skb_around(skb, data, osize, fresh);
	skb->head_plain = !!(flags & SKB_ALLOC_PLAIN);
	if (flags & SKB_ALLOC_FCLONE) {
		struct sk_buff_fclones *fclones = container_of(skb, struct sk_buff_fclones, skb1);

		skb->fclone = SKB_FCLONE_ORIG;
		fclones->fclone_ref = 1;
		fclones->skb2.fclone = SKB_FCLONE_CLONE;
		fclones->skb2.sk = NULL;
	}
	return skb;
}

struct sk_buff *alloc_skb_at(struct host *host, unsigned int size, gfp_t priority, const char *site)
{
	TRACE_AS(host, "alloc_skb", "allocate a packet buffer");

	return __alloc_skb_at(host, size, priority, 0, site);
}

struct sk_buff *nlmsg_new_at(struct host *host, unsigned int size, gfp_t priority, const char *site)
{
	TRACE_AS(host, "alloc_skb", "allocate a packet buffer");

	return __alloc_skb_at(host, size, priority, SKB_ALLOC_PLAIN, site);
}

struct sk_buff *alloc_skb_fclone_at(struct host *host, unsigned int size, gfp_t priority, const char *site)
{
	TRACE_AS(host, "alloc_skb_fclone", "allocate a packet buffer with room for its clone");

	return __alloc_skb_at(host, size, priority, SKB_ALLOC_FCLONE, site);
}

struct sk_buff *alloc_skb_with_frags(struct host *host, unsigned long header_len, unsigned long data_len,
				     int max_page_order, int *errcode, gfp_t gfp_mask)
{
	TRACE(host, "allocate a packet buffer with pages for its data");
	struct sk_buff *skb;
	int i;

	*errcode = -EMSGSIZE;
	if (DIV_ROUND_UP(data_len, PAGE_SIZE) > (unsigned long)MAX_SKB_FRAGS << max_page_order)
		return NULL;
	*errcode = -ENOBUFS;
	skb = alloc_skb(host, (unsigned int)header_len, gfp_mask);
	if (!skb)
		return NULL;
	for (i = 0; data_len; i++) {
		unsigned int order = (unsigned int)max_page_order;
		unsigned int chunk;
		struct page *page;

		while (order && data_len < (unsigned long)PAGE_SIZE << order)
			order--;
		page = i < MAX_SKB_FRAGS ? alloc_pages(host, order) : NULL;
		if (!page) {
			consume_skb(skb);
			return NULL;
		}
		chunk = (unsigned int)min_t(unsigned long, data_len, (unsigned long)PAGE_SIZE << order);
		skb_fill_page_desc(skb, i, page, 0, (int)chunk);
		skb->truesize += PAGE_SIZE << order;
		data_len -= chunk;
	}
	*errcode = 0;
	return skb;
}

/* Cuts `size` bytes off the block that receive buffers come from. */
static void *page_frag_alloc(struct host *host, struct page_frag_cache *nc, unsigned int size, bool *fresh)
{
	if (unlikely(!nc->page || nc->offset < size)) {
		u32 top = host->ram.top;

		if (nc->page && page_count(nc->page) == 1) {
			nc->fresh = false;
		} else {
			if (nc->page)
				put_page(host, nc->page);
			nc->page = alloc_pages(host, RX_BLOCK_ORDER);
			if (!nc->page)
				return NULL;
			nc->fresh = (u8 *)page_address(host, nc->page) >= host->ram.base + top;
		}
		nc->offset = PAGE_SIZE << RX_BLOCK_ORDER;
	}
	nc->offset -= size;
	get_page(nc->page);
	*fresh = nc->fresh;
	return (u8 *)page_address(host, nc->page) + nc->offset;
}

struct sk_buff *__build_skb(struct host *host, void *data, unsigned int frag_size, bool fresh)
{
	TRACE(host, "make struct sk_buff for a buffer that is there");
	struct sk_buff *skb = kmem_cache_alloc(host, host->net->skb->head_cache);

	if (unlikely(!skb))
		return NULL;
	memset(skb, 0, sizeof(*skb));
	skb->host = host;
	__build_skb_around(skb, data, frag_size, fresh);
	return skb;
}

/* A receive buffer of `len` bytes after the pad; too small and too large ones come from __alloc_skb(). */
static struct sk_buff *rx_alloc(struct host *host, struct net_device *dev, unsigned int len, gfp_t gfp_mask)
{
	struct sk_buff *skb;
	bool fresh;
	void *data;

	len += NET_SKB_PAD;
	if (len <= SKB_WITH_OVERHEAD(1024) || len > SKB_WITH_OVERHEAD(PAGE_SIZE)) {
		skb = __alloc_skb(host, len, gfp_mask, SKB_ALLOC_RX, -1);
	} else {
		len = SKB_DATA_ALIGN(len) + SKB_SHINFO_SIZE;
		data = page_frag_alloc(host, &host->net->skb->rx_cache, len, &fresh);
		if (unlikely(!data))
			return NULL;
		skb = __build_skb(host, data, len, fresh);
		if (unlikely(!skb)) {
			put_page(host, virt_to_head_page(host, data));
			return NULL;
		}
		skb->head_frag = 1;
	}
	if (likely(skb)) {
		skb_reserve(skb, NET_SKB_PAD);
		skb->dev = dev;
	}
	return skb;
}

struct sk_buff *__netdev_alloc_skb(struct host *host, struct net_device *dev, unsigned int len,
				   gfp_t gfp_mask)
{
	TRACE(host, "allocate a receive buffer");

	return rx_alloc(host, dev, len, gfp_mask);
}

struct sk_buff *netdev_alloc_skb(struct host *host, struct net_device *dev, unsigned int length)
{
	TRACE(host, "allocate a receive buffer");

	return __netdev_alloc_skb(host, dev, length, GFP_ATOMIC);
}

struct sk_buff *netdev_alloc_skb_ip_align(struct host *host, struct net_device *dev, unsigned int length)
{
	TRACE(host, "allocate a receive buffer in which the IP header is aligned");
	struct sk_buff *skb = __netdev_alloc_skb(host, dev, length + NET_IP_ALIGN, GFP_ATOMIC);

	if (likely(skb))
		skb_reserve(skb, NET_IP_ALIGN);
	return skb;
}

struct sk_buff *__napi_alloc_skb(struct host *host, struct net_device *dev, unsigned int len, gfp_t gfp_mask)
{
	TRACE(host, "allocate a receive buffer within napi's poll");
	struct sk_buff *skb = rx_alloc(host, dev, len + NET_IP_ALIGN, gfp_mask);

	if (likely(skb))
		skb_reserve(skb, NET_IP_ALIGN);
	return skb;
}

struct sk_buff *napi_alloc_skb(struct host *host, struct net_device *dev, unsigned int length)
{
	TRACE(host, "allocate a receive buffer within napi's poll");

	return __napi_alloc_skb(host, dev, length, GFP_ATOMIC);
}

/* ---- freeing ---- */

void skb_release_head_state(struct sk_buff *skb)
{
	TRACE_SKB(skb, "give back the packet's route and its charge to the socket");

	skb_dst_drop(skb);
	if (skb->destructor) {
		TRACE_OP(skb, "destructor");
		skb->destructor(skb);
	}
	nf_reset_ct(skb);
}

void skb_free_head(struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "free the packet's buffer");
	unsigned char *head = skb->head;

	if (unlikely(skb->head_plain))
		kfree(skb->host, head);
	else if (skb->head_frag)
		put_page(skb->host, virt_to_head_page(skb->host, head));
	else
		ram_free(skb->host, head, skb->end + SKB_SHINFO_SIZE);
}

/* Frees a frag_list; its packets are part of one that is counted elsewhere. */
static void skb_free_frag_list(struct sk_buff *segs)
{
	struct sk_buff *next;

	for (; segs; segs = next) {
		next = segs->next;
		if (skb_unref(segs))
			__kfree_skb(segs);
	}
}

void skb_release_data(struct sk_buff *skb)
{
	TRACE_SKB(skb, "give back the packet's data");
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	int i;

	if (skb->cloned && shinfo->dataref & SKB_DATAREF_MASK) {
		shinfo->dataref -= skb->nohdr ? (1 << SKB_DATAREF_SHIFT) + 1 : 1;
		return;
	}
	if (unlikely(skb_zcopy(skb)))
		skb_zcopy_clear(skb, true);
	for (i = 0; i < shinfo->nr_frags; i++)
		__skb_frag_unref(skb->host, &shinfo->frags[i]);
	if (unlikely(shinfo->frag_list))
		skb_free_frag_list(shinfo->frag_list);
	skb_free_head(skb);
}

void skb_release_all(struct sk_buff *skb)
{
	TRACE_SKB(skb, "give back all that the packet holds");

	skb_release_head_state(skb);
	if (likely(skb->head))
		skb_release_data(skb);
}

void kfree_skbmem(struct sk_buff *skb)
{
	TRACE_SKB_LEAF(skb, "free struct sk_buff");
	struct host *host = skb->host;
	struct sk_buff_fclones *fclones;

	switch (skb->fclone) {
	case SKB_FCLONE_UNAVAILABLE:
		kmem_cache_free(host, host->net->skb->head_cache, skb);
		return;
	case SKB_FCLONE_ORIG:
		fclones = container_of(skb, struct sk_buff_fclones, skb1);
		break;
	default:
		fclones = container_of(skb, struct sk_buff_fclones, skb2);
		break;
	}
	if (--fclones->fclone_ref == 0)
		kmem_cache_free(host, host->net->skb->fclone_cache, fclones);
}

void __kfree_skb(struct sk_buff *skb)
{
	TRACE_SKB(skb, "free the packet");

	skb_release_all(skb);
	kfree_skbmem(skb);
}

static void skb_count_drop(struct sk_buff *skb, enum skb_drop_reason reason)
{
	skb->host->net->skb->drops[reason - SKB_DROP_REASON_FIRST]++;
	trace_drop(skb->host, reason, skb->journey);
}

void kfree_skb_reason(struct sk_buff *skb, enum skb_drop_reason reason)
{
	if (unlikely(!skb))
		return;
	TRACE_SKB(skb, "drop the packet");
	if (!skb_unref(skb))
		return;
	/* An empty one that came in no frame is a receive buffer that was never filled; one that a socket
	 * leaves behind may be a FIN, whose work is done. */
	if (likely(skb->len) || (skb_mac_header_was_set(skb) && (reason != SKB_DROP_REASON_SOCKET_CLOSE ||
								 skb->data == skb_network_header(skb))))
		skb_count_drop(skb, reason);
	__kfree_skb(skb);
}

void kfree_skb_list_reason(struct sk_buff *segs, enum skb_drop_reason reason)
{
	struct sk_buff *next;

	for (; segs; segs = next) {
		next = segs->next;
		kfree_skb_reason(segs, reason);
	}
}

void consume_skb(struct sk_buff *skb)
{
	if (unlikely(!skb))
		return;
	TRACE_SKB(skb, "free a packet that was dealt with");
	if (!skb_unref(skb))
		return;
	__kfree_skb(skb);
}

/* No route, no socket, no reference left: only the data. */
void __consume_stateless_skb(struct sk_buff *skb)
{
	TRACE_SKB(skb, "free a packet that holds nothing but its data");

	skb_release_data(skb);
	kfree_skbmem(skb);
}

void kfree_skb_partial(struct sk_buff *skb, bool head_stolen)
{
	TRACE_SKB(skb, "free a packet whose data another one took over");

	if (head_stolen) {
		skb_release_head_state(skb);
		kmem_cache_free(skb->host, skb->host->net->skb->head_cache, skb);
	} else {
		__kfree_skb(skb);
	}
}
