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

/* DRAM. An allocation is a power of two of at least 64 bytes, aligned to itself up to a page. */
struct ram {
	uint8_t *base; /* maps RAM_BASE */
	uint32_t size;
	uint32_t top; /* bytes handed out so far; above it the memory was never used and is zero */
	void *free[20]; /* free lists by order, last in first out; order n holds 1 << n bytes */
	uint32_t in_use, peak; /* bytes */
	struct ram_page *pages; /* a record a page: struct page of the stack is built on it */
};

/*
 * A block of `size` bytes (rounded up to a power of two), or NULL. `*fresh` (may be NULL) tells that the
 * memory was never handed out before, so it is zero and untouched: who would only clear it can leave it.
 */
void *ram_alloc(struct host *host, uint32_t size, const char *site, bool *fresh);
void ram_free(struct host *host, void *p, uint32_t size);

/* The bytes that a block of this size really has. */
uint32_t ram_block_size(uint32_t size);

/* Bus address of a pointer into RAM and back; 0/NULL when it lies outside. */
uint32_t ram_bus_addr(const struct host *host, const void *p);
void *ram_ptr(const struct host *host, uint32_t addr, uint32_t len);

/* ---- objects that no device sees ---- */

struct kmem_cache {
	const char *name;
	uint32_t size;
	void *free;	/* last in first out */
	void *slabs;	/* memory taken from malloc, given back with the host */
	uint32_t in_use, peak;
	struct kmem_obj *live; /* objects that are out, newest first */
	struct kmem_cache *next;
};

struct kmem {
	struct kmem_cache *caches; /* in order of creation */
	uint64_t nr_allocs;	   /* of this host, RAM included */
	uint64_t fail_nth;	   /* the allocation of this number fails; 0 none */
	bool fail_forever;	   /* and all after it */
	uint64_t nr_failed;
};

/* Creates a cache of objects of `size` bytes. `name` must be a literal. Slabs grow from one page. */
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

#endif
