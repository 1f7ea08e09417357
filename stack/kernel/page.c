/*
 * Pages: blocks of RAM that are shared and counted.
 */
#include "stack/kernel/page.h"

struct page *alloc_pages_at(struct host *host, unsigned int order, const char *site)
{
	void *p = ram_alloc(host, PAGE_SIZE << order, site, NULL);

	if (unlikely(!p))
		return NULL;
	struct page *page = virt_to_page(host, p);
	page->rp.refs = 1;
	return page;
}

void free_page_block(struct host *host, struct page *page)
{
	ram_free(host, page_address(host, page), (u32)page_size(page));
}
