/*
 * Memory of one Lua state: blocks from a region of its own, so that the order in which objects lie in
 * memory is the same in every run (Lua hashes tables and functions by address) and a limit can be set.
 */
#ifndef LUA_ARENA_H
#define LUA_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena {
	uint8_t *base; /* aligned to 4 GiB: the low 32 bits of an address do not depend on the run */
	size_t top, limit, in_use;
	uint64_t given; /* bytes in all */
	size_t extra;	/* above the limit, while an error is being put into words */
	void *free[32]; /* free blocks by class, last in first out */
	bool limit_hit;
	bool refuse; /* nothing more is given: lua/script.c ends code that cannot yield by this */
};

/* `limit`: bytes that may be in use. False: no address space. */
bool arena_init(struct arena *a, size_t limit);
void arena_free(struct arena *a);

/* A lua_Alloc; `ud` is the arena. */
void *arena_alloc(void *ud, void *ptr, size_t osize, size_t nsize);

#endif
