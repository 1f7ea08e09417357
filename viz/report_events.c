/* From the flows of each host to one row of events. */
#include "viz/report_events.h"

#include <stdlib.h>
#include <string.h>

#include "viz/array.h"

#define NO_LANE UINT32_MAX
#define MAX_LANES UINT16_MAX

/* Collects one host. */
struct collect {
	struct report_events *all;
	struct report_host *host;
	uint32_t index;			/* of the host */
	uint32_t fixed[LANE_CARD + 1];	/* its lanes but the tasks' */
	uint32_t *tasks, nr_tasks;	/* lanes by pid */
	uint32_t frame;			/* the last frame's event + 1 */
	uint32_t subject_kind, subject; /* whose the values are that come */
	uint32_t running;		/* lane of the task that has the CPU */
	bool failed;
};

static uint32_t new_lane(struct collect *c, enum report_lane_kind kind, uint32_t pid)
{
	struct report_events *e = c->all;
	struct report_lane *grown =
		e->nr_lanes < MAX_LANES ? realloc(e->lanes, (e->nr_lanes + 1) * sizeof(*grown)) : NULL;
	if (!grown) {
		c->failed = true;
		return 0;
	}
	e->lanes = grown;
	e->lanes[e->nr_lanes] = (struct report_lane){ .host = c->index, .pid = pid, .kind = kind };
	return e->nr_lanes++;
}

static uint32_t lane_of(struct collect *c, enum report_lane_kind kind, uint32_t pid)
{
	uint32_t *slot = &c->fixed[kind];
	if (kind == LANE_TASK) {
		if (pid >= c->nr_tasks) {
			uint32_t n = pid < 1u << 24 ? pid + 16 : 0;
			uint32_t *grown = n ? realloc(c->tasks, n * sizeof(*grown)) : NULL;
			if (!grown) {
				c->failed = true;
				return 0;
			}
			memset(grown + c->nr_tasks, 0xff, (n - c->nr_tasks) * sizeof(*grown));
			c->tasks = grown;
			c->nr_tasks = n;
		}
		slot = &c->tasks[pid];
	}
	if (*slot == NO_LANE)
		*slot = new_lane(c, kind, pid);
	return *slot;
}

static uint32_t lane_of_flow(struct collect *c, const struct viz_flow *flow)
{
	static const enum report_lane_kind kinds[] = { [FLOW_NONE] = LANE_BOOT,
						       [FLOW_TASK] = LANE_TASK,
						       [FLOW_IRQ] = LANE_IRQ,
						       [FLOW_SOFTIRQ] = LANE_SOFTIRQ };
	return lane_of(c, kinds[flow->kind], flow->pid);
}

/* Appends an event; its index. */
static uint32_t add(struct collect *c, uint32_t lane, unsigned kind, unsigned fn, uint32_t obj, uint64_t time)
{
	struct report_host *h = c->host;
	struct report_event *events =
		c->failed ? NULL : array_room(h->events, h->n, &h->cap, sizeof(*events), &c->failed);
	if (!events)
		return 0;
	h->events = events;
	struct report_lane *l = &c->all->lanes[lane];
	uint32_t row = l->open + (l->kind == LANE_TASK && kind != RE_SYSCALL);
	h->events[h->n] = (struct report_event){ .time = time,
						 .obj = obj,
						 .fn = (uint16_t)fn,
						 .op = UINT16_MAX,
						 .lane = (uint16_t)lane,
						 .row = (uint8_t)(row < 255 ? row : 255),
						 .kind = (uint8_t)kind };
	l->last = h->n;
	l->last_time = time;
	return h->n++;
}

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct collect *c = arg;
	uint32_t lane = lane_of_flow(c, flow);
	unsigned kind = call->kind == TR_ENTER_SKB ? RE_FN_SKB : call->kind == TR_ENTER_SK ? RE_FN_SK : RE_FN;
	uint32_t i = add(c, lane, kind | (parent ? 0 : RE_ROOT), call->fn, call->obj, call->time);
	if (c->failed)
		return;
	if (call->op >= 0)
		c->host->events[i].op = (uint16_t)call->op;
	c->all->lanes[lane].open++;
	call->user = i;
}

/* A call ends with the event that is next on its host; a task that lost the CPU, with the one that took it
 * away. */
static void on_leave(void *arg, const struct viz_flow *flow, const struct viz_call *call, uint64_t time)
{
	struct collect *c = arg;
	uint32_t lane = lane_of_flow(c, flow);
	if (c->failed)
		return;
	struct report_lane *l = &c->all->lanes[lane];
	struct report_event *e = &c->host->events[call->user];
	l->open--;
	if (time == l->last_time) {
		e->kind |= RE_TIGHT;
		e->end = l->last + 1;
	} else {
		e->end = flow->kind == FLOW_TASK && lane != c->running ? l->off : c->host->n;
	}
}

static void on_step(void *arg, const struct viz_flow *flow, const struct viz_call *call, unsigned rank)
{
	struct collect *c = arg;
	uint32_t lane = lane_of_flow(c, flow);
	(void)call;
	if (!c->failed)
		add(c, lane, RE_STEP, rank, 0, flow->last);
}

static void close_syscall(struct collect *c, struct report_lane *l, unsigned flags)
{
	if (l->call)
		c->host->events[l->call - 1].end = flags & RE_OPEN ? l->last + 1 : c->host->n;
	if (l->call)
		c->host->events[l->call - 1].kind |= (uint8_t)flags;
	l->call = 0;
}

static void program_call(struct collect *c, uint32_t lane, const struct trace_rec *rec, uint64_t time)
{
	close_syscall(c, &c->all->lanes[lane], 0);
	if (rec->kind == TR_RET) {
		add(c, lane, RE_RET, 0, rec->obj, time);
	} else {
		uint32_t i = add(c, lane, RE_SYSCALL, 0, rec->obj, time);
		c->all->lanes[lane].call = i + 1;
	}
}

/* The task in lane `to`, or nobody, has the CPU. */
static void switched(struct collect *c, uint32_t to, unsigned kind, uint64_t time)
{
	uint32_t i = add(c, lane_of(c, LANE_CPU, 0), kind, 0, to, time);
	if (c->running != NO_LANE)
		c->all->lanes[c->running].off = i;
	c->running = kind == RE_TASK ? to : NO_LANE;
}

/* Whether the event before this one is the sending of that packet at this time: the wire dropped it. */
static bool just_sent(const struct collect *c, uint32_t packet, uint64_t time)
{
	const struct report_event *e = c->host->n ? &c->host->events[c->host->n - 1] : NULL;
	return e && e->kind == RE_TX && e->obj == packet && e->time == time;
}

static void value(struct collect *c, const struct trace_rec *rec)
{
	struct report_host *h = c->host;
	struct report_value *values =
		array_room(h->values, h->nr_values, &h->cap_values, sizeof(*values), &c->failed);
	if (!values)
		return;
	h->values = values;
	h->values[h->nr_values] =
		(struct report_value){ c->subject_kind, c->subject, rec->fn, h->n, rec->obj, h->nr_values };
	h->nr_values++;
}

static int value_cmp(const void *x, const void *y)
{
	const struct report_value *a = x, *b = y;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->fn != b->fn)
		return a->fn < b->fn ? -1 : 1;
	return (a->nr > b->nr) - (a->nr < b->nr);
}

/* More of the first bytes of the frame that was last: 7 of them, or what is left of it. */
static void frame_bytes(struct collect *c, const struct trace_rec *rec)
{
	struct report_host *h = c->host;
	struct report_head *head = h->nr_heads ? &h->heads[h->nr_heads - 1] : NULL;
	if (!c->frame)
		return;
	if (!head || head->index != c->frame - 1) {
		struct report_head *heads =
			array_room(h->heads, h->nr_heads, &h->cap_heads, sizeof(*heads), &c->failed);
		if (!heads)
			return;
		h->heads = heads;
		head = &h->heads[h->nr_heads++];
		*head = (struct report_head){ .index = c->frame - 1 };
	}
	const uint8_t bytes[7] = { (uint8_t)rec->obj,
				   (uint8_t)(rec->obj >> 8),
				   (uint8_t)(rec->obj >> 16),
				   (uint8_t)(rec->obj >> 24),
				   (uint8_t)rec->fn,
				   (uint8_t)(rec->fn >> 8),
				   rec->depth };
	uint32_t len = h->events[head->index].fn;
	for (int i = 0; i < 7 && head->n < len && head->n < TRACE_BYTES; i++)
		head->bytes[head->n++] = bytes[i];
}

static void wire_time(struct collect *c, const struct trace_rec *rec)
{
	struct report_host *h = c->host;
	uint64_t when = rec->obj | (uint64_t)rec->fn << 32 | (uint64_t)rec->depth << 48;
	struct report_wire *w = h->nr_wires ? &h->wires[h->nr_wires - 1] : NULL;
	if (!c->frame)
		return;
	if (!w || w->index != c->frame - 1) {
		struct report_wire *wires =
			array_room(h->wires, h->nr_wires, &h->cap_wires, sizeof(*wires), &c->failed);
		if (!wires)
			return;
		h->wires = wires;
		w = &h->wires[h->nr_wires++];
		uint64_t sent = h->events[c->frame - 1].time;
		*w = (struct report_wire){ c->frame - 1, sent, sent };
	}
	*(rec->kind == TR_WIRE_FROM ? &w->from : &w->left) = when;
}

static void frame(struct collect *c, const struct trace_rec *rec, uint64_t time)
{
	uint32_t i = add(c, lane_of(c, LANE_CARD, 0), rec->kind == TR_FRAME_TX ? RE_TX : RE_RX, rec->fn,
			 rec->obj, time);
	if (!c->failed)
		c->host->events[i].op = rec->depth;
	c->frame = i + 1;
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct collect *c = arg;
	/* In no call, and no task's: the card's doing, or a timer's */
	bool outside = (flow->kind == FLOW_NONE || flow->kind == FLOW_SOFTIRQ) && rec->depth <= 1;
	uint32_t lane = outside ? lane_of(c, LANE_CPU, 0) : lane_of_flow(c, flow);
	switch (rec->kind) {
	case TR_TASK:
		switched(c, lane_of(c, LANE_TASK, rec->obj), RE_TASK, time);
		break;
	case TR_IDLE:
		switched(c, 0, RE_IDLE, time);
		break;
	case TR_IRQ:
		add(c, lane_of(c, LANE_CPU, 0), RE_IRQ, 0, rec->obj, time);
		break;
	case TR_IRQ_END:
		add(c, lane_of(c, LANE_CPU, 0), RE_IRQ_END, 0, 0, time);
		break;
	case TR_SOFTIRQ:
		add(c, lane_of_flow(c, flow), RE_SOFTIRQ, 0, rec->obj, time);
		break;
	case TR_CALL:
	case TR_RET:
		if (flow->kind == FLOW_TASK)
			program_call(c, lane, rec, time);
		break;
	case TR_HOP_OUT:
	case TR_HOP_IN:
		if (rec->fn == HOP_FRAME || (outside && rec->fn == HOP_IRQ))
			lane = lane_of(c, LANE_CARD, 0);
		add(c, lane, rec->kind == TR_HOP_OUT ? RE_HOP_OUT : RE_HOP_IN, rec->fn, rec->obj, time);
		break;
	case TR_DROP:
		if (outside || just_sent(c, rec->obj, time))
			lane = lane_of(c, LANE_CARD, 0);
		add(c, lane, RE_DROP, rec->fn, rec->obj, time);
		break;
	case TR_FRAME_TX:
	case TR_FRAME_RX:
		frame(c, rec, time);
		break;
	case TR_BYTES:
		frame_bytes(c, rec);
		break;
	case TR_WIRE_FROM:
	case TR_WIRE_LEFT:
		wire_time(c, rec);
		break;
	case TR_NOTE:
		add(c, lane, RE_NOTE, 0, rec->obj, time);
		break;
	case TR_SUBJECT:
		c->subject_kind = rec->fn;
		c->subject = rec->obj;
		break;
	case TR_VALUE:
		value(c, rec);
		break;
	default:
		break;
	}
}

static int collect_host(struct report_events *e, const struct viz_trace *t, uint32_t host)
{
	struct collect c = { .all = e, .host = &e->hosts[host], .index = host, .running = NO_LANE };
	struct viz_visitor v = {
		.arg = &c, .enter = on_enter, .leave = on_leave, .step = on_step, .mark = on_mark
	};
	memset(c.fixed, 0xff, sizeof(c.fixed));
	lane_of(&c, LANE_CPU, 0); /* first */
	int r = viz_flow_run(t, host, &v);
	for (uint32_t i = 0; !c.failed && i < e->nr_lanes; i++)
		if (e->lanes[i].host == host)
			close_syscall(&c, &e->lanes[i], RE_OPEN | RE_TIGHT);
	free(c.tasks);
	if (c.host->nr_values)
		qsort(c.host->values, c.host->nr_values, sizeof(*c.host->values), value_cmp);
	return r < 0 || c.failed ? -1 : 0;
}

/* ---- one order ---- */

/* A host's next event, for the heap. */
struct head {
	uint64_t time;
	uint32_t host, i;
};

static bool before(const struct head *a, const struct head *b)
{
	return a->time != b->time ? a->time < b->time : a->host < b->host;
}

static void sift_down(struct head *heap, uint32_t n, uint32_t at)
{
	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child + 1 < n && before(&heap[child + 1], &heap[child]))
			child++;
		if (child >= n || !before(&heap[child], &heap[at]))
			return;
		struct head swap = heap[at];
		heap[at] = heap[child];
		heap[child] = swap;
		at = child;
	}
}

static int place_all(struct report_events *e)
{
	struct head *heap = calloc(e->nr_hosts ? e->nr_hosts : 1, sizeof(*heap));
	uint32_t n = 0, place = 0;
	for (uint32_t h = 0; heap && h < e->nr_hosts; h++) {
		struct report_host *host = &e->hosts[h];
		host->place = malloc((host->n + 1) * sizeof(*host->place));
		if (!host->place) {
			free(heap);
			return -1;
		}
		if (host->n)
			heap[n++] = (struct head){ host->events[0].time, h, 0 };
	}
	if (!heap)
		return -1;
	for (uint32_t i = n / 2; i-- > 0;)
		sift_down(heap, n, i);
	while (n > 0) {
		struct report_host *host = &e->hosts[heap[0].host];
		host->place[heap[0].i++] = place++;
		if (heap[0].i < host->n)
			heap[0].time = host->events[heap[0].i].time;
		else
			heap[0] = heap[--n];
		sift_down(heap, n, 0);
	}
	for (uint32_t h = 0; h < e->nr_hosts; h++)
		e->hosts[h].place[e->hosts[h].n] = place;
	free(heap);
	return 0;
}

/* From indices in the host's events to places: an end that is tight is right after the event before it. */
static void place_ends(struct report_host *h)
{
	for (uint32_t i = 0; i < h->n; i++) {
		struct report_event *e = &h->events[i];
		unsigned kind = e->kind & RE_KIND;
		if (kind <= RE_FN_SK || kind == RE_SYSCALL)
			e->end = e->kind & RE_TIGHT ? h->place[e->end - 1] + 1 : h->place[e->end];
	}
}

int report_events_collect(struct report_events *e, const struct viz_trace *t)
{
	uint64_t n = 0;
	memset(e, 0, sizeof(*e));
	e->hosts = calloc(t->nr_hosts ? t->nr_hosts : 1, sizeof(*e->hosts));
	e->nr_hosts = e->hosts ? t->nr_hosts : 0;
	int r = e->hosts ? 0 : -1;
	for (uint32_t i = 0; r == 0 && i < t->nr_hosts; i++)
		if (t->hosts[i].name) {
			r = collect_host(e, t, i);
			n += e->hosts[i].n;
		}
	if (r == 0 && n < UINT32_MAX)
		r = place_all(e);
	if (r < 0 || n >= UINT32_MAX) {
		report_events_free(e);
		return -1;
	}
	for (uint32_t i = 0; i < e->nr_hosts; i++)
		place_ends(&e->hosts[i]);
	e->n = (uint32_t)n;
	return 0;
}

void report_events_free(struct report_events *e)
{
	for (uint32_t i = 0; i < e->nr_hosts; i++) {
		free(e->hosts[i].events);
		free(e->hosts[i].place);
		free(e->hosts[i].values);
		free(e->hosts[i].heads);
		free(e->hosts[i].wires);
	}
	free(e->hosts);
	free(e->lanes);
	memset(e, 0, sizeof(*e));
}
