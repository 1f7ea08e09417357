/*
 * `export --format perfetto`: the protocol buffers of ui.perfetto.dev (protos/perfetto/trace/trace.proto). A
 * host is a track with its lanes as tracks below, in our order; slices are begin and end events, arrows flow
 * ids; counters and values are counter tracks. Each host is a packet sequence with names of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "viz/counters.h"
#include "viz/proto.h"
#include "viz/series.h"
#include "viz/timeline.h"

/* Numbers of fields, by message. */
enum { TRACE_PACKET = 1 };
enum {
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_INTERNED_DATA = 12,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_TRACK_DESCRIPTOR = 60,
	PACKET_FIRST_ON_SEQUENCE = 87,
};
enum { SEQ_INCREMENTAL_STATE_CLEARED = 1, SEQ_NEEDS_INCREMENTAL_STATE = 2 };
enum {
	TRACK_UUID = 1,
	TRACK_NAME = 2,
	TRACK_PARENT = 5,
	TRACK_COUNTER = 8,
	TRACK_CHILD_ORDERING = 11,
	TRACK_RANK = 12,
};
enum { ORDER_EXPLICIT = 3 };
enum { COUNTER_UNIT = 3, COUNTER_UNIT_NAME = 6 };
enum { UNIT_COUNT = 2, UNIT_BYTES = 3 };
enum {
	EVENT_CATEGORY_IID = 3,
	EVENT_ANNOTATION = 4,
	EVENT_TYPE = 9,
	EVENT_NAME_IID = 10,
	EVENT_TRACK = 11,
	EVENT_NAME = 23,
	EVENT_COUNTER_VALUE = 30,
	EVENT_FLOW_IDS = 47,
	EVENT_TERMINATING_FLOW_IDS = 48,
};
enum { TYPE_SLICE_BEGIN = 1, TYPE_SLICE_END = 2, TYPE_COUNTER = 4 };
enum { ANNOTATION_NAME_IID = 1, ANNOTATION_UINT = 3, ANNOTATION_INT = 4, ANNOTATION_STRING_IID = 17 };
enum {
	INTERNED_CATEGORIES = 1,
	INTERNED_EVENT_NAMES = 2,
	INTERNED_ANNOTATION_NAMES = 3,
	INTERNED_STRINGS = 29
};
enum { ENTRY_IID = 1, ENTRY_TEXT = 2 };

/* Names of arguments; the iid is the place, from 1. */
enum arg { ARG_FILE = 1, ARG_LAYER, ARG_DESCRIPTION, ARG_OP, ARG_JOURNEY, ARG_SOCKET, ARG_BYTES, ARG_RESULT };
static const char *const arg_names[] = {
	[ARG_FILE] = "file",	     [ARG_LAYER] = "layer",	[ARG_DESCRIPTION] = "description",
	[ARG_OP] = "called through", [ARG_JOURNEY] = "journey", [ARG_SOCKET] = "socket",
	[ARG_BYTES] = "bytes",	     [ARG_RESULT] = "result",
};

struct perfetto {
	const struct viz_export *x;
	struct proto p; /* the packet that is being made */
	uint32_t host;
	bool *known;	      /* by rank: the sequence has its names */
	uint32_t nr_counters; /* that have a track */
	uint8_t *open;	      /* bit by counter: a state that lasts */
	uint32_t nr_open;     /* bytes of it */
	uint64_t last;	      /* time of the host */
	bool first, failed;
};

/* ---- numbers of names: what belongs to a function, or a slot, is found from its rank ---- */

enum string { STRING_FILE = 1, STRING_LAYER, STRING_DESCRIPTION, STRING_NAME, STRINGS };

static uint64_t string_iid(unsigned rank, enum string which)
{
	return (uint64_t)rank * STRINGS + which;
}

static void entry(struct proto *p, unsigned field, uint64_t iid, const char *text)
{
	size_t at = proto_begin(p, field);
	proto_varint(p, ENTRY_IID, iid);
	proto_text(p, ENTRY_TEXT, text);
	proto_end(p, at);
}

/* Brings the names of a function, step or slot, within a packet's interned data. */
static void intern_fn(struct perfetto *c, unsigned rank)
{
	const struct viz_fn *fn = &c->x->t->fns[rank];
	const struct trace_fn as_traced = { .file = fn->file };
	char layer[64];
	trace_fn_layer(&as_traced, layer, sizeof(layer));
	entry(&c->p, INTERNED_CATEGORIES, rank + 1, layer);
	entry(&c->p, INTERNED_EVENT_NAMES, rank + 1, fn->name);
	entry(&c->p, INTERNED_STRINGS, string_iid(rank, STRING_FILE), fn->file);
	entry(&c->p, INTERNED_STRINGS, string_iid(rank, STRING_LAYER), layer);
	entry(&c->p, INTERNED_STRINGS, string_iid(rank, STRING_DESCRIPTION), fn->what);
	entry(&c->p, INTERNED_STRINGS, string_iid(rank, STRING_NAME), fn->name);
	c->known[rank] = true;
}

/* ---- packets ---- */

static size_t packet_begin(struct perfetto *c)
{
	c->p.n = 0;
	size_t at = proto_begin(&c->p, TRACE_PACKET);
	proto_varint(&c->p, PACKET_SEQUENCE_ID, c->host + 1);
	proto_varint(&c->p, PACKET_SEQUENCE_FLAGS,
		     c->first ? SEQ_INCREMENTAL_STATE_CLEARED | SEQ_NEEDS_INCREMENTAL_STATE
			      : SEQ_NEEDS_INCREMENTAL_STATE);
	if (c->first)
		proto_varint(&c->p, PACKET_FIRST_ON_SEQUENCE, 1);
	c->first = false;
	return at;
}

static void packet_end(struct perfetto *c, size_t at)
{
	proto_end(&c->p, at);
	if (c->p.failed)
		c->failed = true;
	else
		fwrite(c->p.buf, 1, c->p.n, c->x->out);
}

/* ---- tracks ---- */

#define COUNTER_LANE 0xff
#define NO_LIMIT                                                                                             \
	0x7fffffffu /* what the stack writes for a value without a limit: it would flatten the curve */

static uint64_t uuid(uint32_t host, unsigned lane, uint32_t sub)
{
	return (uint64_t)(host + 1) << 40 | (uint64_t)lane << 32 | sub;
}

static uint64_t lane_uuid(uint32_t host, enum viz_lane lane, uint32_t sub)
{
	return uuid(host, lane + 1, sub);
}

/* A track below the host's, or (`id` the host's) that one. */
static void track(struct perfetto *c, uint64_t id, const char *name, uint32_t rank, const char *unit)
{
	uint64_t parent = uuid(c->host, 0, 0);
	size_t packet = packet_begin(c), at = proto_begin(&c->p, PACKET_TRACK_DESCRIPTOR);
	proto_varint(&c->p, TRACK_UUID, id);
	proto_text(&c->p, TRACK_NAME, name);
	if (id == parent)
		proto_varint(&c->p, TRACK_CHILD_ORDERING, ORDER_EXPLICIT);
	else
		proto_varint(&c->p, TRACK_PARENT, parent);
	proto_varint(&c->p, TRACK_RANK, rank);
	if (unit) {
		size_t counter = proto_begin(&c->p, TRACK_COUNTER);
		if (strcmp(unit, "bytes") == 0)
			proto_varint(&c->p, COUNTER_UNIT, UNIT_BYTES);
		else if (*unit && !strchr(unit, '|'))
			proto_text(&c->p, COUNTER_UNIT_NAME, unit);
		else
			proto_varint(&c->p, COUNTER_UNIT, UNIT_COUNT);
		proto_end(&c->p, counter);
	}
	proto_end(&c->p, at);
	packet_end(c, packet);
}

/* The names of arguments, and all tracks but counters. */
static void describe(struct perfetto *c, const struct viz_timeline_host *h)
{
	track(c, uuid(c->host, 0, 0), c->x->t->hosts[c->host].name, c->host, NULL);
	for (uint32_t i = 0; i < h->nr_lanes; i++)
		track(c, lane_uuid(c->host, h->lanes[i].lane, h->lanes[i].sub), h->lanes[i].name, i, NULL);
	size_t packet = packet_begin(c), at = proto_begin(&c->p, PACKET_INTERNED_DATA);
	for (unsigned i = ARG_FILE; i <= ARG_RESULT; i++)
		entry(&c->p, INTERNED_ANNOTATION_NAMES, i, arg_names[i]);
	proto_end(&c->p, at);
	packet_end(c, packet);
}

/* ---- events ---- */

static void argument(struct proto *p, enum arg name, unsigned kind, uint64_t value)
{
	size_t at = proto_begin(p, EVENT_ANNOTATION);
	proto_varint(p, ANNOTATION_NAME_IID, name);
	proto_varint(p, kind, value);
	proto_end(p, at);
}

static void fn_arguments(struct perfetto *c, const struct viz_slice *s, unsigned rank)
{
	argument(&c->p, ARG_FILE, ANNOTATION_STRING_IID, string_iid(rank, STRING_FILE));
	argument(&c->p, ARG_LAYER, ANNOTATION_STRING_IID, string_iid(rank, STRING_LAYER));
	if (*s->fn->what)
		argument(&c->p, ARG_DESCRIPTION, ANNOTATION_STRING_IID, string_iid(rank, STRING_DESCRIPTION));
	if (s->op >= 0)
		argument(&c->p, ARG_OP, ANNOTATION_STRING_IID, string_iid((unsigned)s->op, STRING_NAME));
}

static void slice_name(struct proto *p, const struct viz_slice *s)
{
	char numbered[64];
	snprintf(numbered, sizeof(numbered), "%s %u", s->name, s->number);
	proto_text(p, EVENT_NAME, s->number ? numbered : s->name);
}

static void begin_event(struct perfetto *c, const struct viz_slice *s)
{
	struct proto *p = &c->p;
	unsigned rank = s->fn ? (unsigned)(s->fn - c->x->t->fns) : 0;
	proto_varint(p, EVENT_TYPE, TYPE_SLICE_BEGIN);
	proto_varint(p, EVENT_TRACK, lane_uuid(s->host, s->lane, s->sub));
	if (s->fn) {
		proto_varint(p, EVENT_CATEGORY_IID, rank + 1);
		proto_varint(p, EVENT_NAME_IID, rank + 1);
		fn_arguments(c, s, rank);
	} else {
		slice_name(p, s);
	}
	if (s->journey)
		argument(p, ARG_JOURNEY, ANNOTATION_UINT, s->journey);
	if (s->socket)
		argument(p, ARG_SOCKET, ANNOTATION_UINT, s->socket);
	if (s->bytes)
		argument(p, ARG_BYTES, ANNOTATION_UINT, s->bytes);
	if (s->has_result)
		argument(p, ARG_RESULT, ANNOTATION_INT, (uint64_t)(int64_t)s->result);
	for (uint32_t i = 0; i < s->nr_arrows; i++)
		proto_fixed64(p,
			      s->arrows[i].phase == ARROW_END ? EVENT_TERMINATING_FLOW_IDS : EVENT_FLOW_IDS,
			      (uint64_t)(s->arrows[i].kind + 1) << 48 | viz_arrow_id(&s->arrows[i]));
}

static void on_begin(void *arg, const struct viz_slice *s)
{
	struct perfetto *c = arg;
	size_t packet = packet_begin(c), at;
	unsigned rank = s->fn ? (unsigned)(s->fn - c->x->t->fns) : 0;
	proto_varint(&c->p, PACKET_TIMESTAMP, s->begin);
	if (s->fn && (!c->known[rank] || (s->op >= 0 && !c->known[s->op]))) {
		at = proto_begin(&c->p, PACKET_INTERNED_DATA);
		if (!c->known[rank])
			intern_fn(c, rank);
		if (s->op >= 0 && !c->known[s->op])
			intern_fn(c, (unsigned)s->op);
		proto_end(&c->p, at);
	}
	at = proto_begin(&c->p, PACKET_TRACK_EVENT);
	begin_event(c, s);
	proto_end(&c->p, at);
	packet_end(c, packet);
}

static size_t event_begin(struct perfetto *c, size_t *packet, unsigned type, uint64_t on, uint64_t time)
{
	*packet = packet_begin(c);
	proto_varint(&c->p, PACKET_TIMESTAMP, time);
	size_t at = proto_begin(&c->p, PACKET_TRACK_EVENT);
	proto_varint(&c->p, EVENT_TYPE, type);
	proto_varint(&c->p, EVENT_TRACK, on);
	return at;
}

static void event_end(struct perfetto *c, size_t packet, size_t at)
{
	proto_end(&c->p, at);
	packet_end(c, packet);
}

static void slice_end(struct perfetto *c, uint64_t on, uint64_t time)
{
	size_t packet, at = event_begin(c, &packet, TYPE_SLICE_END, on, time);
	event_end(c, packet, at);
}

static void on_end(void *arg, enum viz_lane lane, uint32_t sub, uint64_t time)
{
	struct perfetto *c = arg;
	slice_end(c, lane_uuid(c->host, lane, sub), time);
	c->last = time > c->last ? time : c->last;
}

/* A counter, or a state, is seen for the first time. */
static void new_counter(struct perfetto *c, const struct viz_counter *n, bool state)
{
	char name[160];
	if (n->id / 8 >= c->nr_open) {
		uint32_t nr = c->nr_open ? c->nr_open * 2 : 64;
		uint8_t *grown = realloc(c->open, nr);
		if (!grown) {
			c->failed = true;
			return;
		}
		memset(grown + c->nr_open, 0, nr - c->nr_open);
		c->open = grown;
		c->nr_open = nr;
	}
	snprintf(name, sizeof(name), "%s %s", n->object, n->name);
	c->nr_counters = n->id + 1;
	track(c, uuid(c->host, COUNTER_LANE, n->id), name, 1000000 + n->id, state ? NULL : n->unit);
}

/* States are slices of a track of their own, each up to the next. */
static void on_state(struct perfetto *c, const struct viz_counter *n, uint64_t time)
{
	uint64_t on = uuid(c->host, COUNTER_LANE, n->id);
	uint8_t *open = &c->open[n->id / 8], bit = (uint8_t)(1 << n->id % 8);
	char name[64];
	if (*open & bit)
		slice_end(c, on, time);
	*open |= bit;
	size_t packet, at = event_begin(c, &packet, TYPE_SLICE_BEGIN, on, time);
	proto_text(&c->p, EVENT_NAME, series_state_name(n->unit, (int64_t)n->value, name, sizeof(name)));
	event_end(c, packet, at);
}

static void on_count(void *arg, const struct viz_counter *n, uint64_t time)
{
	struct perfetto *c = arg;
	bool state = strchr(n->unit, '|') != NULL;
	size_t packet, at;
	if (n->id >= c->nr_counters)
		new_counter(c, n, state);
	if (c->failed || n->value == NO_LIMIT)
		return;
	c->last = time > c->last ? time : c->last;
	if (state) {
		on_state(c, n, time);
		return;
	}
	at = event_begin(c, &packet, TYPE_COUNTER, uuid(c->host, COUNTER_LANE, n->id), time);
	proto_varint(&c->p, EVENT_COUNTER_VALUE, n->value);
	event_end(c, packet, at);
}

/* The host's states last to its end. */
static void end_states(struct perfetto *c)
{
	for (uint32_t i = 0; i < c->nr_counters; i++)
		if (c->open[i / 8] >> i % 8 & 1)
			slice_end(c, uuid(c->host, COUNTER_LANE, i), c->last);
}

static bool export_host(struct perfetto *c, const struct viz_timeline *tl, uint32_t i)
{
	struct viz_timeline_visitor v = { .arg = c, .begin = on_begin, .end = on_end };
	c->host = i;
	c->first = true;
	c->nr_counters = 0;
	c->last = c->x->from;
	if (c->open)
		memset(c->open, 0, c->nr_open);
	memset(c->known, 0, c->x->t->nr_fns);
	describe(c, &tl->hosts[i]);
	if (viz_timeline_host(tl, i, &v) < 0 || viz_counters_host(c->x, i, on_count, c) < 0 || c->failed)
		return false;
	end_states(c);
	return !c->failed;
}

int viz_export_perfetto(const struct viz_export *x)
{
	struct perfetto c = { .x = x, .known = malloc(x->t->nr_fns + 1u) };
	struct viz_timeline tl = { 0 };
	bool ok = c.known && viz_timeline_init(&tl, x) == 0;
	for (uint32_t i = 0; i < x->t->nr_hosts && ok; i++)
		if (viz_export_wants(x, i))
			ok = export_host(&c, &tl, i);
	viz_timeline_free(&tl);
	free(c.p.buf);
	free(c.known);
	free(c.open);
	return ok ? 0 : viz_export_no_memory(x);
}
