/*
 * Frames: two sizes, kept in last-in-first-out lists of the simulation so that the few in use stay in
 * the cache. Memory is taken in slabs and given back with the simulation.
 *
 * The size of a slot is an odd number of cache lines: headers of neighbours fall into different sets.
 * Under AddressSanitizer every frame is its own malloc(), so that a use after frame_put() is found.
 */
#include "core/link.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define FRAMES_FROM_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FRAMES_FROM_MALLOC 1
#endif
#endif
#ifndef FRAMES_FROM_MALLOC
#define FRAMES_FROM_MALLOC 0
#endif

#define LINE 64u
#define DATA_OFFSET 80u /* of the first byte of a new frame in its slot; headroom lies before it */
#define SMALL_SLOT (25u * LINE)
#define BIG_SLOT (147u * LINE)
#define SMALL_ROOM (SMALL_SLOT - DATA_OFFSET)
#define BIG_ROOM (BIG_SLOT - DATA_OFFSET)

_Static_assert(sizeof(struct frame) + FRAME_HEADROOM <= DATA_OFFSET, "frame header grew");
_Static_assert(SMALL_ROOM >= 1518, "a full-size tagged frame must be a small one");
_Static_assert(BIG_ROOM >= FRAME_MAX + FRAME_HEADROOM, "the longest frame must fit");

struct slab {
	struct slab *next;
	void *slots;
};

struct frame_pool {
	struct frame *free_small, *free_big;
	struct slab *slabs;
};

static struct frame_pool *pool_get(struct sim *sim)
{
	if (unlikely(!sim->frames))
		sim->frames = calloc(1, sizeof(*sim->frames));
	return sim->frames;
}

/* Puts a slab's worth of new frames into a free list. */
static bool pool_grow(struct frame_pool *pool, bool big)
{
	uint32_t slot = big ? BIG_SLOT : SMALL_SLOT, n = FRAMES_FROM_MALLOC ? 1 : big ? 4 : 32;
	struct frame **list = big ? &pool->free_big : &pool->free_small;
	struct slab *slab = malloc(sizeof(*slab));

	if (!slab)
		return false;
	slab->slots = aligned_alloc(LINE, (size_t)slot * n);
	if (!slab->slots) {
		free(slab);
		return false;
	}
	slab->next = pool->slabs;
	pool->slabs = slab;
	for (uint32_t i = n; i-- > 0;) {
		struct frame *f = (struct frame *)((uint8_t *)slab->slots + (size_t)slot * i);

		f->capacity = slot - DATA_OFFSET;
		f->next = *list;
		*list = f;
	}
	return true;
}

static struct frame *slot_get(struct sim *sim, bool big)
{
	if (FRAMES_FROM_MALLOC) {
		struct frame *f = aligned_alloc(LINE, big ? BIG_SLOT : SMALL_SLOT);

		if (f)
			f->capacity = big ? BIG_ROOM : SMALL_ROOM;
		return f;
	}
	struct frame_pool *pool = pool_get(sim);

	if (unlikely(!pool))
		return NULL;
	struct frame **list = big ? &pool->free_big : &pool->free_small;

	if (unlikely(!*list) && !pool_grow(pool, big))
		return NULL;
	struct frame *f = *list;

	*list = f->next;
	return f;
}

struct frame *frame_alloc(struct sim *sim, uint32_t len)
{
	if (unlikely(len > BIG_ROOM))
		return NULL;
	struct frame *f = slot_get(sim, len > SMALL_ROOM);

	if (unlikely(!f))
		return NULL;
	f->data = (uint8_t *)f + DATA_OFFSET;
	f->next = NULL;
	f->hash = 0;
	f->len = len;
	f->journey = 0;
	f->hop = 0;
	f->refs = 1;
	f->bad_fcs = false;
	return f;
}

struct frame *frame_copy(struct sim *sim, const struct frame *f)
{
	struct frame *copy = frame_alloc(sim, f->len);

	if (unlikely(!copy))
		return NULL;
	memcpy(copy->data, f->data, f->len);
	copy->hash = f->hash;
	copy->journey = f->journey;
	copy->hop = f->hop;
	copy->bad_fcs = f->bad_fcs;
	return copy;
}

void frame_put(struct sim *sim, struct frame *f)
{
	if (--f->refs)
		return;
	if (FRAMES_FROM_MALLOC) {
		free(f);
		return;
	}
	struct frame **list = f->capacity == SMALL_ROOM ? &sim->frames->free_small : &sim->frames->free_big;

	f->next = *list;
	*list = f;
}

struct frame *frame_own(struct sim *sim, struct frame *f)
{
	if (likely(f->refs == 1))
		return f;
	struct frame *copy = frame_copy(sim, f);

	frame_put(sim, f);
	return copy;
}

void frame_pool_free(struct sim *sim)
{
	if (!sim->frames)
		return;
	for (struct slab *s = sim->frames->slabs, *next; s; s = next) {
		next = s->next;
		free(s->slots);
		free(s);
	}
	free(sim->frames);
	sim->frames = NULL;
}
