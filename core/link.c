/*
 * Links. Each direction is a transmitter, busy until a known time, and a wire with frames in flight.
 *
 * Nothing happens while a frame waits or flies, so both are plain arithmetic at the time of sending:
 *
 *	port_send()   start = when the transmitter is free      leave = start + wire time
 *	              arrival = leave + delay (+ jitter)        then into `flying`, ordered by arrival
 *	arrival       one event per direction, for the first frame in flight, whatever their number
 *
 * Frames on a wire never overtake each other. Those chosen to be late fly in a list of their own.
 * Each frame takes its place (when, key) when it is sent, so sharing an event does not change the order.
 */
#include "core/link.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#include "core/drop.h"
#include "core/host.h"
#include "core/pcapng.h"
#include "core/random.h"

#define BITS_NS (8 * NSEC_PER_SEC)
#define LATE_DEFAULT NSEC_PER_MSEC

struct flight {
	struct frame *head, *tail;
};

struct link_dir {
	struct event arrival; /* of the first frame in flight */
	struct port *from, *to;
	struct flight flying;  /* in the order of sending, which is that of arrival */
	struct flight late;    /* chosen to be late, sorted by arrival */
	uint64_t free_at;      /* the transmitter is busy until then */
	uint64_t last_arrival; /* of `flying`: nobody may arrive before */
	uint64_t rate;	       /* of the frame sent last; ns_per_byte belongs to it */
	uint32_t ns_per_byte;  /* 0: not a whole number */
	uint32_t nr_flying;
	bool up, plain; /* plain: neither faults nor scripted drops */
	struct link_stats stats;

	/* when each frame that had to wait starts, oldest first: a ring, 1 << wait_order entries */
	uint64_t *wait;
	uint32_t wait_first, nr_wait, wait_order;

	struct link_params params;
	struct random loss, duplicate, corrupt, reorder, jitter;
	uint32_t drop_next;
	bool (*drop_match)(void *arg, const struct frame *f);
	void *drop_arg;
};

struct link {
	struct sim *sim;
	struct link_dir dir[2];
	bool up;
	char *name;
};

static const struct link_params shortest_link = { .delay = LINK_DELAY_MIN };

/* ---- ports ---- */

void port_init(struct port *port, struct node *node, struct host *host, const char *name)
{
	memset(port, 0, sizeof(*port));
	port->node = node;
	port->host = host;
	port->trace = host;
	snprintf(port->name, sizeof(port->name), "%s", name);
}

bool port_link_up(const struct port *port)
{
	return port->out && port->out->up;
}

/* Folds one more frame into what the port has sent. The hash of the bytes goes with the frame, so that a
 * switch does not compute it again. */
static void port_fold(struct port *port, struct frame *f, uint64_t start)
{
	if (!f->hash)
		f->hash = XXH3_64bits(f->data, f->len);
	const uint64_t v[4] = { port->digest, start, f->len, f->hash };

	port->digest = XXH3_64bits(v, sizeof(v));
}

void port_drop(struct port *port, struct frame *f, unsigned why)
{
	struct sim *sim = port->node->sim;

	if (port->trace)
		trace_drop(port->trace, why, f->journey);
	else
		sim->nr_drops++;
	frame_put(sim, f);
}

/* ---- the transmitter ---- */

uint64_t wire_time(uint32_t len, uint64_t rate)
{
	return ((uint64_t)(len + ETH_OVERHEAD) * BITS_NS + rate - 1) / rate;
}

/* As wire_time(), without the division at the usual rates. */
static uint64_t dir_wire_time(struct link_dir *d, uint32_t len, uint64_t rate)
{
	if (unlikely(rate != d->rate)) {
		d->rate = rate;
		d->ns_per_byte = BITS_NS % rate ? 0 : BITS_NS / rate;
	}
	if (likely(d->ns_per_byte))
		return (uint64_t)(len + ETH_OVERHEAD) * d->ns_per_byte;
	return wire_time(len, rate);
}

static bool wait_grow(struct link_dir *d)
{
	uint32_t order = d->wait ? d->wait_order + 1 : 4;
	uint64_t *wait = malloc(sizeof(*wait) << order);

	if (!wait)
		return false;
	for (uint32_t i = 0; i < d->nr_wait; i++)
		wait[i] = d->wait[(d->wait_first + i) & ((1u << d->wait_order) - 1)];
	free(d->wait);
	d->wait = wait;
	d->wait_order = order;
	d->wait_first = 0;
	return true;
}

/* The transmitter is busy: queues a frame behind the others. False: no room. */
static bool wait_push(struct link_dir *d, uint64_t now, uint64_t start)
{
	uint32_t max = d->params.queue_len ? d->params.queue_len : LINK_QUEUE_DEFAULT;

	while (d->nr_wait && d->wait[d->wait_first] <= now) {
		d->wait_first = (d->wait_first + 1) & ((1u << d->wait_order) - 1);
		d->nr_wait--;
	}
	if (d->nr_wait >= max)
		return false;
	if ((!d->wait || d->nr_wait == 1u << d->wait_order) && !wait_grow(d))
		return false;
	d->wait[(d->wait_first + d->nr_wait++) & ((1u << d->wait_order) - 1)] = start;
	return true;
}

/* ---- the wire ---- */

static bool before(const struct frame *a, const struct frame *b)
{
	return a->when != b->when ? a->when < b->when : a->key < b->key;
}

/* Which list holds the frame that arrives first. */
static struct flight *first_flight(struct link_dir *d)
{
	if (likely(!d->late.head))
		return &d->flying;
	if (!d->flying.head || before(d->late.head, d->flying.head))
		return &d->late;
	return &d->flying;
}

static void arm(struct link_dir *d)
{
	const struct frame *f = first_flight(d)->head;

	event_add_keyed(&d->arrival, f->when, f->key);
}

static void append(struct flight *q, struct frame *f)
{
	f->next = NULL;
	if (q->head)
		q->tail->next = f;
	else
		q->head = f;
	q->tail = f;
}

static void fly(struct link_dir *d, struct frame *f, uint64_t arrival)
{
	if (unlikely(arrival < d->last_arrival))
		arrival = d->last_arrival;
	d->last_arrival = arrival;
	f->when = arrival;
	f->key = event_key(d->from->node);
	append(&d->flying, f);
	if (!d->nr_flying++ || d->late.head)
		arm(d);
}

static void fly_late(struct link_dir *d, struct frame *f, uint64_t arrival)
{
	struct frame **p = &d->late.head;

	f->when = arrival;
	f->key = event_key(d->from->node);
	if (!*p || before(d->late.tail, f)) {
		append(&d->late, f);
	} else {
		while (before(*p, f))
			p = &(*p)->next;
		f->next = *p;
		*p = f;
	}
	d->nr_flying++;
	arm(d);
}

/* The first frame in flight is there. */
static void on_arrival(struct event *ev)
{
	struct link_dir *d = (struct link_dir *)((char *)ev - offsetof(struct link_dir, arrival));
	struct flight *q = first_flight(d);
	struct frame *f = q->head;
	struct port *to = d->to;

	q->head = f->next;
	if (--d->nr_flying)
		arm(d);
	d->stats.frames++;
	d->stats.bytes += f->len;
	to->rx_frames++;
	to->peer_rate = d->rate;
	if (unlikely(to->capture))
		capture_frame(to->capture, to->node->sim->now, f, PCAPNG_IN);
	to->receive(to, f);
}

/* ---- faults ---- */

static bool scripted_drop(struct link_dir *d, const struct frame *f)
{
	if (!d->drop_next || (d->drop_match && !d->drop_match(d->drop_arg, f)))
		return false;
	d->drop_next--;
	return true;
}

/* Turns over one bit. */
static void corrupt_frame(struct link_dir *d, struct frame *f)
{
	if (!f->len)
		return;
	uint32_t bit = random_below(&d->corrupt, f->len * 8);

	f->data[bit / 8] ^= 1u << bit % 8;
	f->hash = 0;
	f->bad_fcs = f->bad_fcs || !d->params.faults.corrupt_fcs_ok;
	d->stats.corrupted++;
}

static uint64_t jitter_of(struct link_dir *d)
{
	uint64_t max = d->params.faults.jitter;

	/* the upper half of a 128-bit product: uniform without a division */
	return max == UINT64_MAX ? random_u64(&d->jitter)
				 : (uint64_t)((unsigned __int128)random_u64(&d->jitter) * (max + 1) >> 64);
}

static void fly_with_faults(struct link_dir *d, struct frame *f, uint64_t arrival)
{
	const struct link_faults *fa = &d->params.faults;
	struct frame *twin = NULL;

	if (scripted_drop(d, f)) {
		d->stats.lost++;
		port_drop(d->from, f, DROP_LINK_SCRIPTED);
		return;
	}
	if (fa->loss && random_chance(&d->loss, fa->loss)) {
		d->stats.lost++;
		port_drop(d->from, f, DROP_LINK_LOSS);
		return;
	}
	if (fa->duplicate && random_chance(&d->duplicate, fa->duplicate)) {
		twin = frame_copy(d->from->node->sim, f);
		if (twin)
			d->stats.duplicated++;
	}
	if (fa->corrupt && random_chance(&d->corrupt, fa->corrupt))
		corrupt_frame(d, f);
	if (fa->jitter)
		arrival += jitter_of(d);
	if (fa->reorder && random_chance(&d->reorder, fa->reorder)) {
		d->stats.reordered++;
		fly_late(d, f, arrival + (fa->reorder_delay ? fa->reorder_delay : LATE_DEFAULT));
	} else {
		fly(d, f, arrival);
	}
	if (twin)
		fly(d, twin, arrival);
}

/* ---- sending ---- */

static uint64_t refused(struct port *port, struct frame *f, uint64_t *counter, enum core_drop_reason why)
{
	if (counter)
		(*counter)++;
	port_drop(port, f, why);
	return 0;
}

uint64_t port_send(struct port *port, struct frame *f, uint64_t wire_rate)
{
	struct link_dir *d = port->out;
	uint64_t now = port->node->sim->now, start = now;
	bool traced = port->trace && trace_recording(port->trace);

	if (unlikely(!d))
		return refused(port, f, NULL, DROP_LINK_NO_CABLE);
	if (unlikely(traced) && d->to->trace)
		trace_wire_to(port->trace, d->to->trace->index);
	if (unlikely(!d->up))
		return refused(port, f, &d->stats.dropped_down, DROP_LINK_DOWN);
	if (d->free_at > now) {
		start = d->free_at;
		if (!wait_push(d, now, start))
			return refused(port, f, &d->stats.dropped_queue, DROP_LINK_QUEUE_FULL);
	} else {
		d->nr_wait = 0;
	}
	if (unlikely(f->refs != 1))
		sim_fault(port->node->sim, port->host, "port %s sends a frame that is shared", port->name);
	port->node->sim->nr_frames++;
	port->tx_frames++;
	port_fold(port, f, start);
	if (unlikely(port->capture))
		capture_frame(port->capture, now, f, PCAPNG_OUT);

	d->free_at = start + dir_wire_time(d, f->len, d->params.rate ? d->params.rate : wire_rate);
	if (unlikely(traced))
		trace_wire_times(port->trace, start, d->free_at);
	if (likely(d->plain))
		fly(d, f, d->free_at + d->params.delay);
	else
		fly_with_faults(d, f, d->free_at + d->params.delay);
	return d->free_at;
}

/* ---- making and changing links ---- */

static void dir_replain(struct link_dir *d)
{
	const struct link_faults *f = &d->params.faults;

	d->plain = !(f->jitter || f->loss || f->duplicate || f->corrupt || f->reorder || d->drop_next);
}

static void dir_set_params(struct link_dir *d, const struct link_params *params)
{
	d->params = *params;
	if (d->params.delay < LINK_DELAY_MIN)
		d->params.delay = LINK_DELAY_MIN;
	dir_replain(d);
}

static void dir_random(struct link_dir *d, struct sim *sim, const char *name, const char *way)
{
	struct {
		struct random *r;
		const char *purpose;
	} streams[] = {
		{ &d->loss, "loss" },	    { &d->duplicate, "duplicate" }, { &d->corrupt, "corrupt" },
		{ &d->reorder, "reorder" }, { &d->jitter, "jitter" },
	};
	char scope[160], stream[32];

	snprintf(scope, sizeof(scope), "link/%s", name);
	for (unsigned i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		snprintf(stream, sizeof(stream), "%s/%s", way, streams[i].purpose);
		random_init(streams[i].r, sim, scope, stream);
	}
}

static void dir_init(struct link_dir *d, struct link *link, struct port *from, struct port *to,
		     const char *way, const struct link_params *params)
{
	d->from = from;
	d->to = to;
	d->up = true;
	event_init(&d->arrival, from->node, on_arrival, 0);
	dir_random(d, link->sim, link->name, way);
	dir_set_params(d, params);
}

static void tell(struct port *port, bool up)
{
	if (port->link_change)
		port->link_change(port, up);
}

struct link *link_new(struct sim *sim, const char *name, struct port *a, struct port *b,
		      const struct link_params *params)
{
	if (a->out || b->out || a == b)
		return NULL;
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->name = strdup(name);
	if (!link->name) {
		free(link);
		return NULL;
	}
	link->sim = sim;
	link->up = true;
	if (!params)
		params = &shortest_link;
	dir_init(&link->dir[0], link, a, b, "a>b", params);
	dir_init(&link->dir[1], link, b, a, "b>a", params);
	a->out = &link->dir[0];
	b->out = &link->dir[1];
	tell(a, true);
	tell(b, true);
	return link;
}

static void flight_lose(struct link_dir *d, struct flight *q)
{
	for (struct frame *f = q->head, *next; f; f = next) {
		next = f->next;
		d->stats.dropped_down++;
		port_drop(d->from, f, DROP_LINK_DOWN);
	}
	q->head = NULL;
}

static void dir_down(struct link_dir *d)
{
	d->up = false;
	event_del(&d->arrival);
	flight_lose(d, &d->flying);
	flight_lose(d, &d->late);
	d->nr_flying = 0;
	d->nr_wait = 0;
	d->free_at = 0;
	d->last_arrival = 0;
}

void link_set_up(struct link *link, bool up)
{
	if (up == link->up)
		return;
	link->up = up;
	for (int i = 0; i < 2; i++) {
		if (up)
			link->dir[i].up = true;
		else
			dir_down(&link->dir[i]);
	}
	tell(link->dir[0].from, up);
	tell(link->dir[1].from, up);
}

void link_free(struct link *link)
{
	if (!link)
		return;
	link_set_up(link, false);
	for (int i = 0; i < 2; i++) {
		link->dir[i].from->out = NULL;
		free(link->dir[i].wait);
	}
	free(link->name);
	free(link);
}

bool link_is_up(const struct link *link)
{
	return link->up;
}

const char *link_name(const struct link *link)
{
	return link->name;
}

struct port *link_port(const struct link *link, int end)
{
	return link->dir[end].from;
}

void link_set_params(struct link *link, int dir, const struct link_params *params)
{
	for (int i = 0; i < 2; i++) {
		if (dir < 0 || dir == i)
			dir_set_params(&link->dir[i], params);
	}
}

void link_set_faults(struct link *link, int dir, const struct link_faults *faults)
{
	for (int i = 0; i < 2; i++) {
		if (dir >= 0 && dir != i)
			continue;
		link->dir[i].params.faults = *faults;
		dir_replain(&link->dir[i]);
	}
}

const struct link_params *link_get_params(const struct link *link, int dir)
{
	return &link->dir[dir].params;
}

void link_drop_next(struct link *link, int dir, uint32_t n, bool (*match)(void *arg, const struct frame *f),
		    void *arg)
{
	for (int i = 0; i < 2; i++) {
		struct link_dir *d = &link->dir[i];

		if (dir >= 0 && dir != i)
			continue;
		d->drop_next = n;
		d->drop_match = match;
		d->drop_arg = arg;
		dir_replain(d);
	}
}

uint32_t link_in_flight(const struct link *link, int dir)
{
	return link->dir[dir].nr_flying;
}

uint32_t link_waiting(const struct link *link, int dir)
{
	const struct link_dir *d = &link->dir[dir];
	uint32_t n = d->free_at > link->sim->now ? d->nr_wait : 0;

	for (uint32_t i = 0;
	     n && d->wait[(d->wait_first + i) & ((1u << d->wait_order) - 1)] <= link->sim->now; i++)
		n--;
	return n;
}

const struct link_stats *link_get_stats(const struct link *link, int dir)
{
	return &link->dir[dir].stats;
}
