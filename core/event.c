/*
 * The event queue: a radix queue of buckets with a short sorted list in front.
 *
 *	current list            level 0 1 2 ... 7, 256 buckets each, unsorted
 *	when < current_end      when >= current_end >= pivot
 *
 * An event's level is the highest byte in which its time differs from the pivot's, its bucket the value of
 * that byte: as in a clock, near events lie in fine buckets, far ones in coarse ones. The pivot only grows.
 * To find the first event, the lowest bucket is taken: when it holds a few events, they are sorted into the
 * current list; when it holds many, the pivot moves to its start and they spread over the finer levels. So an
 * event is touched when it is added, about once or twice on its way down, and when it is popped, whatever the
 * number pending. An event that is added before current_end goes into the current list, which is always
 * right; while there are few events, current_end just moves on and all of them live there.
 *
 * Invariants: the current list is sorted by (when, key) and lies before all buckets; levels up to that of the
 * bucket that the current list came from are empty below it; the pivot is not after any event in a bucket.
 */
#include "core/event.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/sim.h"

#define LEVELS 8
#define BUCKETS 256
#define CHAINS                                                                                               \
	4 /* lists of a bucket; walked side by side, so that the cache misses of cold events overlap         \
	   */
#define SLOT_CURRENT UINT32_MAX
#define SORT_MAX 16    /* so many in a bucket are sorted rather than spread */
#define CURRENT_MAX 64 /* a current list longer than this goes back into buckets */

struct event_queue_impl {
	uint64_t pivot;
	uint64_t current_end;
	struct event *current, *current_tail;
	uint32_t nr_current;
	uint32_t current_level; /* of the bucket that the current list came from */
	uint32_t levels_used;	/* a bit a level that has a bucket in use */
	uint64_t used[LEVELS][BUCKETS / 64];
	uint32_t count[LEVELS * BUCKETS];
	struct event *chain[LEVELS * BUCKETS * CHAINS];
};

static inline bool before(const struct event *a, const struct event *b)
{
	return a->when != b->when ? a->when < b->when : a->key < b->key;
}

/* ---- buckets ---- */

static inline void bucket_push(struct event_queue_impl *q, struct event *ev)
{
	uint64_t diff = ev->when ^ q->pivot;
	unsigned level = diff ? (63u - (unsigned)__builtin_clzll(diff)) >> 3 : 0;
	unsigned b = ev->when >> (level * 8) & (BUCKETS - 1);
	unsigned bucket = level * BUCKETS + b;
	uint32_t slot = bucket * CHAINS + (q->count[bucket]++ & (CHAINS - 1));
	struct event **head = &q->chain[slot];

	q->used[level][b / 64] |= 1ull << (b & 63);
	q->levels_used |= 1u << level;
	ev->slot = slot;
	ev->next = *head;
	if (ev->next)
		ev->next->pprev = &ev->next;
	ev->pprev = head;
	*head = ev;
}

static void bucket_mark_empty(struct event_queue_impl *q, unsigned bucket)
{
	unsigned level = bucket / BUCKETS, b = bucket % BUCKETS;
	uint64_t *used = q->used[level];

	used[b / 64] &= ~(1ull << (b & 63));
	if (!(used[0] | used[1] | used[2] | used[3]))
		q->levels_used &= ~(1u << level);
}

/* The lowest bucket in use; there must be one. */
static inline unsigned first_bucket(const struct event_queue_impl *q)
{
	unsigned level = (unsigned)__builtin_ctz(q->levels_used), w = 0;

	while (!q->used[level][w])
		w++;
	return level * BUCKETS + w * 64 + (unsigned)__builtin_ctzll(q->used[level][w]);
}

/* The earliest time that a bucket can hold. */
static inline uint64_t bucket_start(const struct event_queue_impl *q, unsigned bucket)
{
	unsigned shift = bucket / BUCKETS * 8;
	uint64_t above = shift == 56 ? 0 : q->pivot >> (shift + 8) << (shift + 8);

	return above | (uint64_t)(bucket % BUCKETS) << shift;
}

/* ---- the current list ---- */

static inline void current_link(struct event_queue_impl *q, struct event **place, struct event *ev)
{
	ev->slot = SLOT_CURRENT;
	ev->next = *place;
	if (ev->next)
		ev->next->pprev = &ev->next;
	else
		q->current_tail = ev;
	ev->pprev = place;
	*place = ev;
	q->nr_current++;
}

static void current_insert(struct event_queue_impl *q, struct event *ev)
{
	struct event **place = &q->current;

	if (q->current && !before(ev, q->current_tail)) {
		place = &q->current_tail->next;
	} else {
		while (*place && before(*place, ev))
			place = &(*place)->next;
	}
	current_link(q, place, ev);
}

/* Puts what lies at or after the pivot back into buckets, finer ones than it came from. */
static __attribute__((noinline)) void current_spread(struct event_queue_impl *q)
{
	struct event **place = &q->current, *ev, *next;

	q->current_tail = NULL;
	q->nr_current = 0;
	while (*place && (*place)->when < q->pivot) {
		q->current_tail = *place;
		q->nr_current++;
		place = &(*place)->next;
	}
	ev = *place;
	*place = NULL;
	q->current_end = q->pivot;
	q->current_level = 0;
	for (; ev; ev = next) {
		next = ev->next;
		bucket_push(q, ev);
	}
}

static struct event *merge(struct event *a, struct event *b)
{
	struct event *head = NULL, **tail = &head;

	while (a && b) {
		struct event **first = before(b, a) ? &b : &a;

		*tail = *first;
		tail = &(*tail)->next;
		*first = *tail;
	}
	*tail = a ? a : b;
	return head;
}

/* Sorts a list of any length; bucket lists are newest first, so mostly reversed runs. */
static struct event *sort_list(struct event *list)
{
	struct event *part[33] = { NULL }, *ev, *next;
	unsigned i, top = 0;

	for (ev = list; ev; ev = next) {
		/* take a whole descending run: it is reversed on the way */
		struct event *run = ev;

		next = ev->next;
		run->next = NULL;
		while (next && before(next, run)) {
			struct event *after = next->next;

			next->next = run;
			run = next;
			next = after;
		}
		for (i = 0; i < 32 && part[i]; i++) {
			run = merge(part[i], run);
			part[i] = NULL;
		}
		part[i] = run;
		top = i > top ? i : top;
	}
	struct event *all = NULL;
	for (i = 0; i <= top; i++)
		all = all ? merge(part[i], all) : part[i];
	return all;
}

static void current_set(struct event_queue_impl *q, struct event *list)
{
	struct event **place = &q->current;

	for (struct event *ev = list; ev; ev = ev->next) {
		ev->slot = SLOT_CURRENT;
		ev->pprev = place;
		place = &ev->next;
		q->current_tail = ev;
		q->nr_current++;
	}
	q->current = list;
}

static void current_take_few(struct event_queue_impl *q, struct event **few, unsigned n)
{
	struct event **place = &q->current;
	unsigned i, j;

	for (i = 1; i < n; i++) {
		struct event *ev = few[i];

		for (j = i; j > 0 && before(ev, few[j - 1]); j--)
			few[j] = few[j - 1];
		few[j] = ev;
	}
	for (i = 0; i < n; i++) {
		few[i]->slot = SLOT_CURRENT;
		few[i]->pprev = place;
		*place = few[i];
		place = &few[i]->next;
	}
	*place = NULL;
	q->current_tail = few[n - 1];
	q->nr_current = n;
}

/* The events of a bucket that has few. */
static inline void bucket_list(struct event *const *chain, struct event **few)
{
	for (unsigned c = 0; c < CHAINS; c++) {
		for (struct event *ev = chain[c]; ev; ev = ev->next)
			*few++ = ev;
	}
}

/* Spreads a bucket's events, taken out of it before, over the finer levels. */
static void bucket_spread(struct event_queue_impl *q, struct event **at)
{
	bool any = true;

	while (any) {
		any = false;
		for (unsigned c = 0; c < CHAINS; c++) {
			struct event *ev = at[c];

			if (!ev)
				continue;
			at[c] = ev->next;
			bucket_push(q, ev);
			any = true;
		}
	}
}

/* All chains of a bucket as one sorted list: events of one instant. */
static struct event *bucket_sort(struct event **at)
{
	struct event *all = NULL;

	for (unsigned c = 0; c < CHAINS; c++)
		all = merge(all, sort_list(at[c]));
	return all;
}

/*
 * Fills the empty current list from the lowest bucket; false when that starts after `until` or there is
 * none. The pivot so never passes `until`.
 */
static bool refill(struct event_queue_impl *q, uint64_t until)
{
	while (q->levels_used) {
		unsigned bucket = first_bucket(q), level = bucket / BUCKETS, n = q->count[bucket];
		uint64_t start = bucket_start(q, bucket);
		struct event **chain = &q->chain[bucket * CHAINS], *few[SORT_MAX], *at[CHAINS];

		if (start > until)
			return false;
		q->pivot = start;
		q->current_end = start;
		memcpy(at, chain, sizeof(at));
		memset(chain, 0, sizeof(at));
		q->count[bucket] = 0;
		bucket_mark_empty(q, bucket);
		if (n <= SORT_MAX || level == 0) {
			uint64_t end = start + (1ull << (level * 8));

			q->current_end = end > start ? end : UINT64_MAX;
			q->current_level = level;
			if (n <= SORT_MAX) {
				bucket_list(at, few);
				current_take_few(q, few, n);
			} else {
				current_set(q, bucket_sort(at));
			}
			return true;
		}
		bucket_spread(q, at);
	}
	return false;
}

/* ---- the interface ---- */

void event_init(struct event *ev, struct node *node, event_fn *fn, unsigned flags)
{
	ev->when = 0;
	ev->key = 0;
	ev->fn = fn;
	ev->node = node;
	ev->next = NULL;
	ev->pprev = NULL;
	ev->slot = 0;
	ev->flags = (uint8_t)flags;
}

uint64_t event_key(struct node *node)
{
	return (uint64_t)node->id << 40 | node->seq++;
}

static void unlink_event(struct event_queue_impl *q, struct event *ev)
{
	struct event *next = ev->next;

	*ev->pprev = next;
	if (next)
		next->pprev = ev->pprev;
	if (ev->slot == SLOT_CURRENT) {
		q->nr_current--;
		if (!next)
			q->current_tail =
				q->current
					? (struct event *)((char *)ev->pprev - offsetof(struct event, next))
					: NULL;
	} else if (--q->count[ev->slot / CHAINS] == 0) {
		bucket_mark_empty(q, ev->slot / CHAINS);
	}
	ev->pprev = NULL;
}

bool event_del(struct event *ev)
{
	struct event_queue *queue = &ev->node->sim->queue;

	if (!ev->pprev)
		return false;
	unlink_event(queue->impl, ev);
	queue->nr_pending--;
	queue->nr_background -= ev->flags & EVENT_BACKGROUND;
	return true;
}

/* Out of line: it would cost every event_add_keyed() the saving of registers. */
static __attribute__((noinline)) void bucket_push_far(struct event_queue_impl *q, struct event *ev)
{
	bucket_push(q, ev);
}

void event_add_keyed(struct event *ev, uint64_t when, uint64_t key)
{
	struct sim *sim = ev->node->sim;
	struct event_queue_impl *q = sim->queue.impl;

	if (ev->pprev)
		event_del(ev);
	if (unlikely(when < sim->now)) {
		sim_fault(sim, NULL, "event of node %u armed for %llu ns, which has passed", ev->node->id,
			  (unsigned long long)when);
		when = sim->now;
	}
	ev->when = when;
	ev->key = key;
	if (!q->levels_used && q->nr_current < SORT_MAX && when >= q->current_end) {
		/* so few events need no buckets */
		q->pivot = sim->now;
		q->current_end = when < UINT64_MAX ? when + 1 : when;
		q->current_level = LEVELS;
	}
	if (when < q->current_end) {
		current_insert(q, ev);
		if (unlikely(q->nr_current > CURRENT_MAX) && q->current_level > 0)
			current_spread(q);
	} else {
		bucket_push_far(q, ev);
	}
	sim->queue.nr_pending++;
	sim->queue.nr_background += ev->flags & EVENT_BACKGROUND;
}

void event_add(struct event *ev, uint64_t when)
{
	event_add_keyed(ev, when, event_key(ev->node));
}

int event_queue_init(struct event_queue *queue)
{
	queue->nr_pending = 0;
	queue->nr_background = 0;
	queue->impl = calloc(1, sizeof(*queue->impl));
	return queue->impl ? 0 : -1;
}

void event_queue_free(struct event_queue *queue)
{
	free(queue->impl);
	queue->impl = NULL;
}

struct event *event_queue_pop(struct event_queue *queue, uint64_t until)
{
	struct event_queue_impl *q = queue->impl;
	struct event *ev = q->current;

	if (!ev) {
		if (!refill(q, until))
			return NULL;
		ev = q->current;
	}
	if (ev->when > until)
		return NULL;
	q->current = ev->next;
	if (ev->next) {
		ev->next->pprev = &q->current;
		__builtin_prefetch(ev->next->next);
	} else {
		q->current_tail = NULL;
	}
	q->nr_current--;
	ev->pprev = NULL;
	queue->nr_pending--;
	queue->nr_background -= ev->flags & EVENT_BACKGROUND;
	return ev;
}

bool event_queue_due(struct event_queue *queue, uint64_t t)
{
	struct event_queue_impl *q = queue->impl;

	if (!q->current && !refill(q, t))
		return false;
	return q->current && q->current->when <= t;
}

uint64_t event_queue_next(struct event_queue *queue)
{
	struct event_queue_impl *q = queue->impl;
	uint64_t first = UINT64_MAX;

	if (q->current)
		return q->current->when;
	if (!q->levels_used)
		return UINT64_MAX;
	struct event *const *chain = &q->chain[first_bucket(q) * CHAINS];
	for (unsigned c = 0; c < CHAINS; c++) {
		for (const struct event *ev = chain[c]; ev; ev = ev->next)
			first = ev->when < first ? ev->when : first;
	}
	return first;
}

bool event_queue_sane(const struct event_queue *queue)
{
	const struct event_queue_impl *q = queue->impl;
	uint32_t n = 0, in_buckets = 0;

	for (const struct event *ev = q->current; ev; ev = ev->next, n++) {
		if (ev->slot != SLOT_CURRENT || *ev->pprev != ev || ev->when >= q->current_end)
			return false;
		if (ev->next ? before(ev->next, ev) : ev != q->current_tail)
			return false;
	}
	if (n != q->nr_current || (!q->current && q->current_tail))
		return false;
	for (uint32_t slot = 0; slot < LEVELS * BUCKETS * CHAINS; slot++) {
		unsigned bucket = slot / CHAINS, level = bucket / BUCKETS;
		bool used = q->used[level][bucket % BUCKETS / 64] >> (bucket & 63) & 1;

		if (used != (q->count[bucket] != 0) || (used && !(q->levels_used >> level & 1)))
			return false;
		if (slot % CHAINS == 0)
			in_buckets += q->count[bucket];
		for (const struct event *ev = q->chain[slot]; ev; ev = ev->next, n++) {
			if (ev->slot != slot || *ev->pprev != ev || ev->when < q->pivot ||
			    ev->when < bucket_start(q, bucket))
				return false;
		}
	}
	return n == queue->nr_pending && n == q->nr_current + in_buckets;
}
