/*
 * Events and their queue.
 *
 * An event's place is (when, node, that node's own counter): `key` packs the scheduling node's id
 * into the upper 24 bits and its counter into the lower 40. The queue is intrusive: the caller owns
 * the struct event and embeds it in what the event is about; nothing is allocated.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

struct node;
struct sim;
struct event;

typedef void event_fn(struct event *ev);

enum event_flags {
	/* Does not keep the run alive: periodic house-keeping (PHY poll, watchdog, garbage collection,
	 * keepalive). A run "until idle" ends when only such events are left. */
	EVENT_BACKGROUND = 1,
};

struct event {
	uint64_t when; /* virtual time in ns */
	uint64_t key;  /* node id << 40 | node's counter */
	event_fn *fn;
	struct node *node;	     /* whose counter orders it */
	struct event *next, **pprev; /* the queue's; pprev is NULL when not pending */
	uint32_t slot;		     /* the queue's */
	uint8_t flags;
};

/* The queue's own state; see event.c for its shape. */
struct event_queue {
	struct event_queue_impl *impl;
	uint32_t nr_pending, nr_background;
};

/* Prepares an event that `node` schedules. Flags: enum event_flags. */
void event_init(struct event *ev, struct node *node, event_fn *fn, unsigned flags);

/* Arms the event for `when` (not before now); an armed event is moved. Takes the next count of its node. */
void event_add(struct event *ev, uint64_t when);

/* Arms with a key that was taken earlier by event_key(): for in-flight frames that share one event. */
void event_add_keyed(struct event *ev, uint64_t when, uint64_t key);
uint64_t event_key(struct node *node);

/* Disarms; false when it was not pending. */
bool event_del(struct event *ev);

static inline bool event_pending(const struct event *ev)
{
	return ev->pprev != 0;
}

int event_queue_init(struct event_queue *q); /* 0, or -1 without memory */
void event_queue_free(struct event_queue *q);

/* The first event if it is due at or before `until` (removed from the queue), else NULL. */
struct event *event_queue_pop(struct event_queue *q, uint64_t until);

/* The time of the first event, or UINT64_MAX when there is none. May look through many: not for the hot path.
 */
uint64_t event_queue_next(struct event_queue *q);

/* Whether an event is due at or before `t`. Cheap; t must not be before the current time. */
bool event_queue_due(struct event_queue *q, uint64_t t);

/* Whether the queue's lists are in order (tests; slow). */
bool event_queue_sane(const struct event_queue *q);

#endif
