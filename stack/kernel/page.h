/*
 * Pages of a host's RAM, with reference counts: struct page is core's record of a RAM page.
 *
 * A block of 2^order pages has one count, in its first page's record; virt_to_page() gives the record of any
 * page, virt_to_head_page() that of the block's first.
 */
#ifndef STACK_KERNEL_PAGE_H
#define STACK_KERNEL_PAGE_H

#include "stack/kernel/kernel.h"

struct page {
	struct ram_page rp;
};

/* 2^order pages with one reference, or NULL. */
#define alloc_pages(host, order) alloc_pages_at(host, order, SIM_SITE)
#define alloc_page(host) alloc_pages_at(host, 0, SIM_SITE)
struct page *alloc_pages_at(struct host *host, unsigned int order, const char *site);
void free_page_block(struct host *host, struct page *page); /* put_page()'s slow half */

static inline struct page *virt_to_page(const struct host *host, const void *p)
{
	return (struct page *)ram_page(&host->ram, (size_t)((const u8 *)p - host->ram.base) >> PAGE_SHIFT);
}
static inline void *page_address(const struct host *host, const struct page *page)
{
	return host->ram.base + (ram_page_index(&host->ram, &page->rp) << PAGE_SHIFT);
}
/* The first page of the block that this page is in. */
static inline struct page *compound_head(const struct host *host, const struct page *page)
{
	size_t i;

	if (page->rp.order <= PAGE_SHIFT)
		return (struct page *)(uintptr_t)page;
	i = ram_page_index(&host->ram, &page->rp);
	return (struct page *)ram_page(&host->ram, i & ~(((size_t)1 << (page->rp.order - PAGE_SHIFT)) - 1));
}
static inline struct page *virt_to_head_page(const struct host *host, const void *p)
{
	return compound_head(host, virt_to_page(host, p));
}
static inline unsigned int compound_order(const struct page *page)
{
	return page->rp.order > PAGE_SHIFT ? page->rp.order - PAGE_SHIFT : 0;
}
static inline size_t page_size(const struct page *page)
{
	return (size_t)1 << page->rp.order;
}
static inline int page_count(const struct page *page)
{
	return page->rp.refs;
}
static inline void set_page_count(struct page *page, int n)
{
	page->rp.refs = n;
}
static inline void page_ref_add(struct page *page, int n)
{
	page->rp.refs += n;
}
static inline void page_ref_inc(struct page *page)
{
	page->rp.refs++;
}

/* `page` is a block's first. */
static inline void get_page(struct page *page)
{
	page->rp.refs++;
}
static inline void put_page(struct host *host, struct page *page)
{
	if (--page->rp.refs == 0)
		free_page_block(host, page);
}
static inline void page_ref_sub_free(struct host *host, struct page *page, int n)
{
	page->rp.refs -= n;
	if (page->rp.refs == 0)
		free_page_block(host, page);
}

#endif
