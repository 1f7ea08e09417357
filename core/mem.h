/*
 * Memory of a host: RAM with bus addresses (packet data, descriptor rings) and caches of objects that
 * no device sees. Both are accounted for: what is still out at the end of a run is a leak, reported
 * with the place that asked for it. Every allocation can be made to fail in turn (fail_nth).
 */
#ifndef CORE_MEM_H
#define CORE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host;

#define RAM_BASE 0x80000000u /* DRAM of the AST2500 */
#define RAM_PAGE 4096u

/*
 * The record of one page of RAM. A page belongs for good to blocks of one order: of 4096 bytes and more (the
 * record of the block's first page counts), or smaller ones, several in the page.
 */
struct ram_page {
	union {
		uintptr_t owner;   /* order >= 12: who has the block: mem.c */
		uintptr_t *owners; /* order < 12: the same for each block in the page */
	};
	int32_t refs;  /* the owner's: struct page of the stack (stack/kernel/page.h) is this record */
	uint8_t order; /* 0: the page was never handed out */
};

/* DRAM. An allocation is a power of two of at least 64 bytes, aligned to itself. */
#define RAM_ORDER_MIN 6
#define RAM_ORDERS 23 /* up to 4 MiB */
#define RAM_FEW 80u   /* pages: what a host with one card has out when it idles */

struct ram {
	uint8_t *base; /* maps RAM_BASE */
	uint32_t size;
	uint32_t top;		/* bytes handed out so far; what is above was never used and is zero */
	void *free[RAM_ORDERS]; /* by order, last in first out; order n holds 1 << n bytes */
	uint32_t in_use, peak;	/* bytes */
	struct ram_page *pages; /* a record a page beyond the first few, address space only until used */
	struct ram_page few[RAM_FEW];
	uint16_t carved[12 -
			RAM_ORDER_MIN]; /* blocks not yet handed out of the newest page of the small orders */
	uint8_t *carve[12 - RAM_ORDER_MIN]; /* and the first of them */
	char *owners_pool, *owners_end;	    /* room for `owners` arrays */
	void *owners_chunks;
};

/*
 * A block of `size` bytes (rounded up to a power of two), or NULL. `*fresh` (may be NULL) tells that the
 * memory was never handed out before, so it is zero and untouched: who would only clear it can leave it.
 */
void *ram_alloc(struct host *host, uint32_t size, const char *site, bool *fresh);
void ram_free(struct host *host, void *p, uint32_t size);

/* The bytes that a block of this size really has. */
uint32_t ram_block_size(uint32_t size);

/* The record of page `i` of RAM, and back. */
static inline struct ram_page *ram_page(const struct ram *ram, size_t i)
{
	return (struct ram_page *)(i < RAM_FEW ? ram->few : ram->pages) + i;
}
static inline size_t ram_page_index(const struct ram *ram, const struct ram_page *page)
{
	size_t i = ((uintptr_t)page - (uintptr_t)ram->few) / sizeof(*page);

	return i < RAM_FEW ? i : (size_t)(page - ram->pages);
}

/* ---- objects that no device sees ---- */

struct kmem_cache {
	const char *name;
	uint32_t size;		 /* of an object with its hidden header */
	struct kmem_obj *free;	 /* last in first out */
	char *fresh, *fresh_end; /* what is left of the newest slab; never handed out yet */
	struct kmem_slab *slabs; /* memory taken from malloc, newest first; given back with the host */
	uint32_t in_use, peak;
	uint32_t slab_bytes; /* of all slabs, headers not counted */
	struct kmem_cache *next;
};

struct kmem {
	struct kmem_cache *caches, **caches_tail; /* in order of creation */
	struct kmem_big *big;			  /* what kzalloc() gave, newest first */
	struct kmem_big *spare;			  /* given back and kept, or NULL */
	uint64_t nr_allocs;			  /* of this host, RAM included */
	uint64_t fail_nth;			  /* the allocation of this number fails; 0 none */
	bool fail_forever;			  /* and all after it */
	uint64_t nr_failed;
};

/* Creates a cache of objects of `size` bytes. `name` must be a literal. Slabs start with a few objects and
 * grow with the cache. */
struct kmem_cache *kmem_cache_create(struct host *host, const char *name, uint32_t size);

/* kmem_cache_alloc(host, cache): an object with undefined contents, or NULL. kmem_cache_zalloc: cleared. */
#define kmem_cache_alloc(host, cache) kmem_cache_alloc_at(host, cache, SIM_SITE)
#define kmem_cache_zalloc(host, cache) kmem_cache_zalloc_at(host, cache, SIM_SITE)
void *kmem_cache_alloc_at(struct host *host, struct kmem_cache *cache, const char *site);
void *kmem_cache_zalloc_at(struct host *host, struct kmem_cache *cache, const char *site);
void kmem_cache_free(struct host *host, struct kmem_cache *cache, void *p);

/* Odd-sized, long-lived memory (tables, devices). Cleared. Accounted like objects. */
#define kzalloc(host, size) kzalloc_at(host, size, SIM_SITE)
void *kzalloc_at(struct host *host, size_t size, const char *site);
void kfree(struct host *host, void *p);

/* Asks the fault injection whether the allocation at hand is to fail; counts it. For allocators built on
 * others. */
bool kmem_should_fail(struct host *host);

/* ---- the host's own use (host.c) ---- */

int mem_init(struct host *host, uint32_t ram_size); /* 0 or -ENOMEM */
void mem_exit(struct host *host);
/* sim_fault() for the first kind of thing that is still out: "leak: 3 objects of NAME, first allocated at
 * SITE". */
void mem_check_leaks(struct host *host);

#endif
