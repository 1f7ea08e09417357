/* Blocks of powers of two from 16 bytes up, a free list each. */
#include "lua/arena.h"

#include <string.h>
#include <sys/mman.h>

#define ALIGN (1ull << 32)

/* The class of a size, and the bytes that its blocks have. */
static unsigned class_of(size_t n, size_t *size)
{
	unsigned c = n <= 16 ? 0 : 64u - (unsigned)__builtin_clzll(n - 1) - 4;
	*size = (size_t)16 << c;
	return c;
}

bool arena_init(struct arena *a, size_t limit)
{
	memset(a, 0, sizeof(*a));
	/* the limit counts blocks in use; free lists and rounding may need up to four times as much */
	size_t size = limit * 4;
	uint8_t *p = mmap(NULL, size + ALIGN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return false;
	uint8_t *base = (uint8_t *)(((uintptr_t)p + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
	if (base > p)
		munmap(p, (size_t)(base - p));
	munmap(base + size, (size_t)(p + size + ALIGN - (base + size)));
	if (mprotect(base, size, PROT_READ | PROT_WRITE) < 0) {
		munmap(base, size);
		return false;
	}
	a->base = base;
	a->limit = limit;
	return true;
}

void arena_free(struct arena *a)
{
	if (a->base)
		munmap(a->base, a->limit * 4);
	a->base = NULL;
}

static void *take(struct arena *a, size_t n)
{
	size_t size;
	unsigned c = class_of(n, &size);
	if (c >= sizeof(a->free) / sizeof(a->free[0]) || a->refuse ||
	    a->in_use + size > a->limit + a->extra) {
		a->limit_hit = true;
		return NULL;
	}
	void *p = a->free[c];
	if (p) {
		memcpy(&a->free[c], p, sizeof(void *));
	} else {
		if (size > a->limit * 4 - a->top) {
			a->limit_hit = true;
			return NULL;
		}
		p = a->base + a->top;
		a->top += size;
	}
	a->in_use += size;
	a->given += n;
	return p;
}

static void give(struct arena *a, void *p, size_t n)
{
	size_t size;
	unsigned c = class_of(n, &size);
	memcpy(p, &a->free[c], sizeof(void *));
	a->free[c] = p;
	a->in_use -= size;
}

void *arena_alloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
	struct arena *a = ud;
	size_t have, want;
	if (nsize == 0) {
		if (ptr)
			give(a, ptr, osize);
		return NULL;
	}
	if (!ptr)
		return take(a, nsize);
	if (class_of(osize, &have) == class_of(nsize, &want))
		return ptr;
	void *p = take(a, nsize);
	if (!p && nsize <= osize)
		return ptr; /* Lua relies on shrinking never failing */
	if (p) {
		memcpy(p, ptr, osize < nsize ? osize : nsize);
		give(a, ptr, osize);
	}
	return p;
}
