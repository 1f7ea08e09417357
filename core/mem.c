/*
 * A host's memory: RAM by powers of two, objects by caches, both accounted for.
 *
 * RAM is carved from the bottom up and never given back to the carver: a page serves blocks of one order for
 * good, freed blocks wait on a list by order, and the last one freed is the next one used, while it is still
 * in the processor's cache. Who has a block is kept beside RAM and not in it: a device may write over a block
 * but not over the accounts. Objects have a small header in front of them that says who has them.
 */
#include "core/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/host.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) __asan_poison_memory_region(p, n)
#define UNPOISON(p, n) __asan_unpoison_memory_region(p, n)
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#define PAGE_ORDER 12
#define OWNER_FREE ((uintptr_t)1 << 63) /* set in no address */
#define OWNERS_CHUNK 256 /* bytes; an order of 64 bytes needs twice that for a page, and gets it */
#define SLAB_MIN 512u	 /* bytes; a slab adds a sixteenth to its cache, so little is taken in vain */
#define SLAB_MAX 65536u

/*
 * In front of each object: the account of a block, as beside RAM. The site that asked for the object, or,
 * with OWNER_FREE set, the next free one. One word: a host that idles is made of small objects.
 */
struct kmem_obj {
	uintptr_t owner;
};

struct kmem_slab {
	struct kmem_slab *next;
	char *end;
	char objs[];
};

/* In front of what kzalloc() gives. */
struct kmem_big {
	struct kmem_big *next, **pprev;
	const char *site;
	size_t size; /* of data */
	char data[];
};

/* A block of up to so many bytes is kept for the next one of its size: messages about a neighbour come again
 * and again. */
#define SPARE_MAX 1024

static bool fails_now(struct host *host)
{
	struct kmem *k = &host->kmem;

	if (k->nr_allocs != k->fail_nth && !(k->fail_forever && k->nr_allocs > k->fail_nth))
		return false;
	k->nr_failed++;
	return true;
}

bool kmem_should_fail(struct host *host)
{
	struct kmem *k = &host->kmem;

	k->nr_allocs++;
	return unlikely(k->fail_nth) && k->nr_allocs >= k->fail_nth && fails_now(host);
}

/* ---- RAM ---- */

static inline unsigned order_of(uint32_t size)
{
	return size <= 1u << RAM_ORDER_MIN ? RAM_ORDER_MIN : 32u - (unsigned)__builtin_clz(size - 1);
}

uint32_t ram_block_size(uint32_t size)
{
	return 1u << order_of(size);
}

static inline struct ram_page *page_of(struct ram *ram, const void *p)
{
	return ram_page(ram, (size_t)((const uint8_t *)p - ram->base) / RAM_PAGE);
}

/*
 * The account of a block: its page's for the big ones, one of several for the small. It holds the site that
 * asked for the block, or, with OWNER_FREE set, the next block on the free list; 0 when never handed out. A
 * link inside the free block would be at the mercy of any device.
 */
static inline uintptr_t *owner_of(struct ram *ram, unsigned order, const void *p)
{
	struct ram_page *page = page_of(ram, p);

	if (order >= PAGE_ORDER)
		return &page->owner;
	return &page->owners[((const uint8_t *)p - ram->base) % RAM_PAGE >> order];
}

/* Address space beyond all blocks so far for a new one; NULL when RAM is full. */
static uint8_t *ram_grow(struct ram *ram, unsigned order)
{
	uint64_t size = 1ull << order, start = (ram->top + size - 1) & ~(size - 1);

	if (start + size > ram->size)
		return NULL;
	ram->top = (uint32_t)(start + size);
	for (uint64_t at = start; at < start + size; at += RAM_PAGE)
		ram_page(ram, at / RAM_PAGE)->order = (uint8_t)order;
	return ram->base + start;
}

static uintptr_t *owners_alloc(struct ram *ram, unsigned n)
{
	size_t bytes = n * sizeof(uintptr_t);

	if ((size_t)(ram->owners_end - ram->owners_pool) < bytes) {
		size_t size = sizeof(void *) + (bytes > OWNERS_CHUNK ? bytes : OWNERS_CHUNK);
		void **chunk = calloc(1, size);

		if (!chunk)
			return NULL;
		*chunk = ram->owners_chunks;
		ram->owners_chunks = chunk;
		ram->owners_pool = (char *)(chunk + 1);
		ram->owners_end = (char *)chunk + size;
	}
	void *p = ram->owners_pool;
	ram->owners_pool += bytes;
	return p;
}

/* A small block that was never used, from the newest page of its order. */
static void *ram_carve(struct ram *ram, unsigned order)
{
	unsigned i = order - RAM_ORDER_MIN;

	if (!ram->carved[i]) {
		unsigned n = RAM_PAGE >> order;
		uintptr_t *owners = owners_alloc(ram, n);
		uint8_t *page = owners ? ram_grow(ram, PAGE_ORDER) : NULL;

		if (!page)
			return NULL;
		page_of(ram, page)->order = (uint8_t)order;
		page_of(ram, page)->owners = owners;
		ram->carve[i] = page;
		ram->carved[i] = (uint16_t)n;
	}
	void *p = ram->carve[i];
	ram->carve[i] += (size_t)1 << order;
	ram->carved[i]--;
	return p;
}

void *ram_alloc(struct host *host, uint32_t size, const char *site, bool *fresh)
{
	struct ram *ram = &host->ram;
	unsigned order = order_of(size);

	if (unlikely(kmem_should_fail(host) || order >= RAM_ORDERS))
		return NULL;
	void *p = ram->free[order];
	uintptr_t *owner;
	if (likely(p)) {
		owner = owner_of(ram, order, p);
		ram->free[order] = (void *)(*owner & ~OWNER_FREE);
	} else {
		p = order < PAGE_ORDER ? ram_carve(ram, order) : ram_grow(ram, order);
		if (unlikely(!p))
			return NULL;
		owner = owner_of(ram, order, p);
	}
	if (fresh)
		*fresh = *owner == 0;
	*owner = (uintptr_t)site;
	ram->in_use += 1u << order;
	if (ram->in_use > ram->peak)
		ram->peak = ram->in_use;
	return p;
}

void ram_free(struct host *host, void *p, uint32_t size)
{
	struct ram *ram = &host->ram;
	unsigned order = order_of(size);

	if (unlikely((uintptr_t)p - (uintptr_t)ram->base >= ram->top || page_of(ram, p)->order != order ||
		     ((const uint8_t *)p - ram->base) & ((1u << order) - 1))) {
		sim_fault(host->sim, host, "ram_free: no block of %u bytes at 0x%08x", size,
			  ram_bus_addr(host, p));
		return;
	}
	uintptr_t *owner = owner_of(ram, order, p);
	if (unlikely(*owner == 0 || *owner & OWNER_FREE)) {
		sim_fault(host->sim, host, "ram_free: the block at 0x%08x is free already",
			  ram_bus_addr(host, p));
		return;
	}
	*owner = (uintptr_t)ram->free[order] | OWNER_FREE;
	ram->free[order] = p;
	ram->in_use -= 1u << order;
}

/* Blocks that are still out: their number, and the site of the one at the lowest address. */
static uint32_t ram_count(struct ram *ram, const char **site)
{
	uint32_t n = 0;

	for (uint32_t at = 0; at < ram->top;) {
		unsigned order = ram_page(ram, at / RAM_PAGE)->order;
		uint32_t step = order ? 1u << order : RAM_PAGE; /* 0: skipped to align the next block */
		uintptr_t owner = order ? *owner_of(ram, order, ram->base + at) : 0;

		if (owner && !(owner & OWNER_FREE) && n++ == 0)
			*site = (const char *)owner;
		at += step;
	}
	return n;
}

/* ---- caches of objects ---- */

struct kmem_cache *kmem_cache_create(struct host *host, const char *name, uint32_t size)
{
	struct kmem_cache *cache = kmem_should_fail(host) ? NULL : calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	cache->name = name;
	cache->size = (uint32_t)((size + sizeof(struct kmem_obj) + 7) & ~7u);
	*host->kmem.caches_tail = cache;
	host->kmem.caches_tail = &cache->next;
	return cache;
}

static bool cache_grow(struct kmem_cache *cache)
{
	uint32_t bytes = cache->slab_bytes / 16;

	bytes = bytes < SLAB_MIN ? SLAB_MIN : bytes > SLAB_MAX ? SLAB_MAX : bytes;
	bytes = bytes > cache->size ? bytes / cache->size * cache->size : cache->size;
	struct kmem_slab *slab = malloc(sizeof(*slab) + bytes);
	if (!slab)
		return false;
	slab->next = cache->slabs;
	slab->end = slab->objs + bytes;
	cache->slabs = slab;
	cache->fresh = slab->objs;
	cache->fresh_end = slab->end;
	cache->slab_bytes += bytes;
	return true;
}

void *kmem_cache_alloc_at(struct host *host, struct kmem_cache *cache, const char *site)
{
	if (unlikely(kmem_should_fail(host)))
		return NULL;
	struct kmem_obj *obj = cache->free;
	if (likely(obj)) {
		cache->free = (struct kmem_obj *)(obj->owner & ~OWNER_FREE);
		UNPOISON(obj + 1, cache->size - sizeof(*obj));
	} else {
		if (cache->fresh == cache->fresh_end && !cache_grow(cache))
			return NULL;
		obj = (struct kmem_obj *)cache->fresh;
		cache->fresh += cache->size;
	}
	obj->owner = (uintptr_t)site;
	if (++cache->in_use > cache->peak)
		cache->peak = cache->in_use;
	return obj + 1;
}

void *kmem_cache_zalloc_at(struct host *host, struct kmem_cache *cache, const char *site)
{
	void *p = kmem_cache_alloc_at(host, cache, site);

	if (likely(p))
		memset(p, 0, cache->size - sizeof(struct kmem_obj));
	return p;
}

void kmem_cache_free(struct host *host, struct kmem_cache *cache, void *p)
{
	struct kmem_obj *obj = (struct kmem_obj *)p - 1;

	if (unlikely(!p))
		return;
	if (unlikely(obj->owner & OWNER_FREE)) {
		sim_fault(host->sim, host, "%s: object freed twice", cache->name);
		return;
	}
	obj->owner = (uintptr_t)cache->free | OWNER_FREE;
	cache->free = obj;
	cache->in_use--;
	POISON(p, cache->size - sizeof(*obj));
}

/* The first object of a slab that is still out: the site that asked for it, or `none`. */
static const char *slab_first_out(char *at, const char *end, uint32_t size, const char *none)
{
	for (; at < end; at += size) {
		uintptr_t owner = ((struct kmem_obj *)at)->owner;

		if (!(owner & OWNER_FREE))
			return (const char *)owner;
	}
	return none;
}

/* The site of the oldest object by place in the cache that is still out. */
static const char *cache_first_out(const struct kmem_cache *cache)
{
	const char *site = "?";

	for (struct kmem_slab *slab = cache->slabs; slab; slab = slab->next)
		site = slab_first_out(slab->objs, slab == cache->slabs ? cache->fresh : slab->end,
				      cache->size, site);
	return site;
}

/* ---- odd sizes ---- */

void *kzalloc_at(struct host *host, size_t size, const char *site)
{
	struct kmem_big *big = NULL;

	if (kmem_should_fail(host))
		return NULL;
	if (host->kmem.spare && host->kmem.spare->size == size) {
		big = host->kmem.spare;
		host->kmem.spare = NULL;
		UNPOISON(big->data, size);
		memset(big->data, 0, size);
	} else if (!(big = calloc(1, sizeof(*big) + size))) {
		return NULL;
	}
	big->site = site;
	big->size = size;
	big->next = host->kmem.big;
	big->pprev = &host->kmem.big;
	if (big->next)
		big->next->pprev = &big->next;
	host->kmem.big = big;
	return big->data;
}

void kfree(struct host *host, void *p)
{
	struct kmem_big *big;

	if (!p)
		return;
	big = (struct kmem_big *)((char *)p - offsetof(struct kmem_big, data));
	*big->pprev = big->next; /* NOLINT(clang-analyzer-unix.Malloc): the list's head is seen as a block of
				    its own */
	if (big->next)
		big->next->pprev = big->pprev;
	if (!host->kmem.spare && big->size <= SPARE_MAX) {
		POISON(big->data, big->size);
		host->kmem.spare = big;
		return;
	}
	free(big); /* NOLINT(clang-analyzer-unix.Malloc): the list's head is seen as a block of its own */
}

/* ---- a host's memory as a whole ---- */

static void *map_pages(size_t size)
{
	void *p =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int mem_init(struct host *host, uint32_t ram_size)
{
	struct ram *ram = &host->ram;
	size_t size = (ram_size + (size_t)RAM_PAGE - 1) & ~((size_t)RAM_PAGE - 1);

	host->kmem.caches_tail = &host->kmem.caches;
	ram->size = (uint32_t)size;
	if (!size)
		return 0;
	ram->base = map_pages(size);
	ram->pages = ram->base ? map_pages(size / RAM_PAGE * sizeof(*ram->pages)) : NULL;
	if (ram->pages)
		return 0;
	mem_exit(host);
	return -ENOMEM;
}

void mem_exit(struct host *host)
{
	struct ram *ram = &host->ram;
	struct kmem *k = &host->kmem;

	while (k->caches) {
		struct kmem_cache *cache = k->caches;

		while (cache->slabs) {
			struct kmem_slab *slab = cache->slabs;

			cache->slabs = slab->next;
			UNPOISON(slab->objs, (size_t)(slab->end - slab->objs));
			free(slab);
		}
		k->caches = cache->next;
		free(cache);
	}
	k->caches_tail = &k->caches;
	while (k->big)
		kfree(host, k->big->data);
	free(k->spare);
	k->spare = NULL;
	while (ram->owners_chunks) {
		void *chunk = ram->owners_chunks;

		ram->owners_chunks = *(void **)chunk;
		free(chunk);
	}
	if (ram->base)
		munmap(ram->base, ram->size);
	if (ram->pages)
		munmap(ram->pages, (size_t)ram->size / RAM_PAGE * sizeof(*ram->pages));
	ram->base = NULL;
	ram->pages = NULL;
}

void mem_check_leaks(struct host *host)
{
	uint32_t n = 0;
	const char *site = "?";

	for (struct kmem_cache *cache = host->kmem.caches; cache; cache = cache->next) {
		if (cache->in_use)
			sim_fault(host->sim, host, "leak: %u objects of %s, first allocated at %s",
				  cache->in_use, cache->name, cache_first_out(cache));
	}
	for (struct kmem_big *big = host->kmem.big; big; big = big->next, n++)
		site = big->site;
	if (n)
		sim_fault(host->sim, host, "leak: %u objects of kzalloc, first allocated at %s", n, site);
	n = ram_count(&host->ram, &site);
	if (n)
		sim_fault(host->sim, host, "leak: %u objects of RAM, first allocated at %s", n, site);
}
