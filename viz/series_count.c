/* What is counted from records that are no values: throughput, interrupts, shares of the CPU, drops. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "viz/flow.h"
#include "viz/series.h"

#define WINDOWS 100 /* at least so many in a stretch of time */

enum { COUNT_THROUGHPUT, COUNT_INTERRUPTS, COUNT_CPU, COUNT_DROPS, COUNT_QUEUE };
const char *const series_counted[] = { "throughput", "interrupts", "cpu", "drops", "wire_queue", NULL };
static const char *const units[] = { "bit/s", "per second", "%", "packets", "frames" };

/* Where the time of a CPU goes; idle is the rest. */
enum { CPU_TASK, CPU_SOFTIRQ, CPU_IRQ, CPU_CONTEXTS, CPU_IDLE = CPU_CONTEXTS };

/* What one series of a rate has had in the window that is open. */
struct meter {
	uint32_t id;
	uint64_t window, sum;
};

/* Frames that wait until a card, or a port of a switch, can send them: when each starts, in that order. */
struct wire {
	uint32_t line, first, n, cap;
	uint64_t *starts;
};

struct counting {
	struct series_set *set;
	const struct viz_trace *t;
	const struct series_query *q;
	struct series key; /* host, host_nr, order, name and unit of all that are made */
	const struct viz_host *h;
	unsigned what;
	uint64_t from, to, window; /* the stretch, and the length of its windows in ns */
	struct meter *meters;
	uint32_t nr_meters;
	struct wire *wires;
	uint32_t nr_wires, line; /* line: of the frame sent last */
	bool failed;
	/* cpu */
	unsigned context;
	uint32_t softirq; /* open calls of a task's flow when it began to serve one; 0: it does not */
	uint64_t since, busy[CPU_CONTEXTS + 1];
};

static uint64_t time_of(const struct trace_rec *r)
{
	return r->obj | (uint64_t)r->fn << 32 | (uint64_t)r->depth << 48;
}

/* Calls `each` for the records of a host with their times. */
static void walk(struct counting *c,
		 void (*each)(struct counting *c, const struct trace_rec *r, uint64_t time))
{
	for (uint32_t k = 0; k < c->h->nr_chunks; k++) {
		const struct viz_chunk *chunk = &c->h->chunks[k];
		uint64_t time = chunk->time;
		for (uint32_t i = 0; i < chunk->n; i++)
			if (chunk->rec[i].kind == TR_TIME)
				time = time_of(&chunk->rec[i]);
			else
				each(c, &chunk->rec[i], time);
	}
}

/* ---- the stretch of time ---- */

static bool is_counted(unsigned what, unsigned kind)
{
	switch (what) {
	case COUNT_THROUGHPUT:
		return kind == TR_FRAME_TX || kind == TR_FRAME_RX;
	case COUNT_INTERRUPTS:
		return kind == TR_IRQ;
	case COUNT_DROPS:
		return kind == TR_DROP;
	case COUNT_QUEUE:
		return kind == TR_FRAME_TX || kind == TR_WIRE_FROM;
	default:
		return kind == TR_TASK || kind == TR_IDLE || kind == TR_IRQ;
	}
}

static void find_stretch(struct counting *c, const struct trace_rec *r, uint64_t time)
{
	if (!is_counted(c->what, r->kind) || time < c->q->from || time > c->q->to)
		return;
	c->from = time < c->from ? time : c->from;
	c->to = time > c->to ? time : c->to;
}

/* 1, 2 or 5 times a power of ten: the largest of which WINDOWS fit. */
static uint64_t choose_window(uint64_t span)
{
	for (uint64_t w = 1;; w *= 10) {
		if (span / (w * 2) < WINDOWS)
			return w;
		if (span / (w * 5) < WINDOWS)
			return w * 2;
		if (span / (w * 10) < WINDOWS)
			return w * 5;
	}
}

/* ---- series ---- */

/* A new value of the series number `id`, called `fmt`. */
static void tell(struct counting *c, uint32_t id, uint64_t time, int64_t value, const char *of,
		 const char *more)
{
	c->key.id = id;
	struct series *s = c->failed ? NULL : series_get(c->set, &c->key);
	if (s && !s->of[0])
		snprintf(s->of, sizeof(s->of), "%s%s", of, more);
	if (!s || !series_add(s, c->q, time, value))
		c->failed = true;
}

static const char *card(const struct counting *c, uint32_t line, char *buf, unsigned len)
{
	return viz_subject_name(c->h, SUBJECT_CARD, line, buf, len);
}

/* What a meter's series is of. */
static void tell_meter(struct counting *c, const struct meter *m, uint64_t window, uint64_t sum)
{
	char buf[32];
	uint64_t start = c->from + window * c->window;
	int64_t value = (int64_t)((unsigned __int128)sum * 1000000000 / c->window);
	if (start > c->to && sum == 0)
		return;
	if (c->what == COUNT_THROUGHPUT)
		tell(c, m->id, start, value, card(c, m->id / 2, buf, sizeof(buf)),
		     m->id & 1 ? " received" : " sent");
	else
		tell(c, m->id, start, value, card(c, m->id, buf, sizeof(buf)), "");
}

/* A window of a meter is over, and those up to `next` were empty. */
static void close_window(struct counting *c, struct meter *m, uint64_t next)
{
	tell_meter(c, m, m->window, m->sum);
	if (next > m->window + 1)
		tell_meter(c, m, m->window + 1, 0);
	m->window = next;
	m->sum = 0;
}

static void meter_add(struct counting *c, uint32_t id, uint64_t time, uint64_t amount)
{
	uint64_t window = (time - c->from) / c->window;
	uint32_t i = 0;
	while (i < c->nr_meters && c->meters[i].id != id)
		i++;
	if (i == c->nr_meters) {
		struct meter *grown = realloc(c->meters, (i + 1) * sizeof(*grown));
		if (!grown) {
			c->failed = true;
			return;
		}
		c->meters = grown;
		c->meters[c->nr_meters++] = (struct meter){ .id = id };
	}
	if (window != c->meters[i].window)
		close_window(c, &c->meters[i], window);
	c->meters[i].sum += amount;
}

static void count(struct counting *c, const struct trace_rec *r, uint64_t time)
{
	if (!is_counted(c->what, r->kind) || time < c->from || time > c->to)
		return;
	if (c->what == COUNT_THROUGHPUT) {
		meter_add(c, r->depth * 2u + (r->kind == TR_FRAME_RX), time, r->fn * 8u);
	} else if (c->what == COUNT_INTERRUPTS) {
		meter_add(c, r->obj, time, 1);
	} else {
		c->key.id = r->fn;
		struct series *s = series_get(c->set, &c->key);
		int64_t before = s && s->n ? s->p[s->n - 1].value : 0;
		if (before == 0)
			tell(c, r->fn, c->from, 0, viz_string(&c->t->drops, r->fn), "");
		tell(c, r->fn, time, before + 1, viz_string(&c->t->drops, r->fn), "");
	}
}

/* ---- frames before a wire ---- */

static struct wire *wire_of(struct counting *c, uint32_t line)
{
	uint32_t i = 0;
	while (i < c->nr_wires && c->wires[i].line != line)
		i++;
	if (i < c->nr_wires)
		return &c->wires[i];
	struct wire *grown = realloc(c->wires, (i + 1) * sizeof(*grown));
	if (!grown) {
		c->failed = true;
		return NULL;
	}
	c->wires = grown;
	c->wires[c->nr_wires++] = (struct wire){ .line = line };
	return &c->wires[i];
}

static void tell_wire(struct counting *c, const struct wire *w, uint64_t time)
{
	char buf[32];
	tell(c, w->line, time, w->n, card(c, w->line, buf, sizeof(buf)), "");
}

/* Frames have started until `time`. */
static void wire_until(struct counting *c, struct wire *w, uint64_t time)
{
	while (w->n && w->starts[w->first] <= time) {
		uint64_t start = w->starts[w->first];
		w->first = (w->first + 1) % w->cap;
		w->n--;
		tell_wire(c, w, start);
	}
}

static void wire_push(struct counting *c, struct wire *w, uint64_t start)
{
	if (w->n == w->cap) {
		uint32_t cap = w->cap ? w->cap * 2 : 64;
		uint64_t *grown = malloc(cap * sizeof(*grown));
		if (!grown) {
			c->failed = true;
			return;
		}
		for (uint32_t i = 0; i < w->n; i++)
			grown[i] = w->starts[(w->first + i) % w->cap];
		free(w->starts);
		w->starts = grown;
		w->cap = cap;
		w->first = 0;
	}
	w->starts[(w->first + w->n++) % w->cap] = start;
}

static void count_queue(struct counting *c, const struct trace_rec *r, uint64_t time)
{
	if (time > c->to || !is_counted(c->what, r->kind) || c->failed)
		return;
	if (r->kind == TR_FRAME_TX)
		c->line = r->depth;
	struct wire *w = wire_of(c, c->line);
	if (!w)
		return;
	if (r->kind == TR_FRAME_TX) {
		wire_until(c, w, time);
		tell_wire(c, w, time);
	} else {
		wire_push(c, w, time_of(r));
		tell_wire(c, w, time);
	}
}

static void count_queues(struct counting *c)
{
	walk(c, count_queue);
	for (uint32_t i = 0; i < c->nr_wires; i++) {
		wire_until(c, &c->wires[i], c->to);
		free(c->wires[i].starts);
	}
	c->nr_wires = 0;
}

/* ---- the CPU ---- */

static void cpu_window(struct counting *c)
{
	static const char *const names[CPU_CONTEXTS] = { "task", "softirq", "irq" };
	for (uint32_t k = 0; k < CPU_CONTEXTS; k++)
		tell(c, k, c->since - c->window, (int64_t)(c->busy[k] * 100 / c->window), names[k], "");
	memset(c->busy, 0, sizeof(c->busy));
}

/* Time has passed until `now` in the context that is on. */
static void cpu_until(struct counting *c, uint64_t now)
{
	now = now < c->to ? now : c->to;
	while (c->since < now) {
		uint64_t end = c->since + c->window - (c->since - c->from) % c->window;
		uint64_t until = now < end ? now : end;
		c->busy[c->context] += until - c->since;
		c->since = until;
		if (until == end)
			cpu_window(c);
	}
}

static void cpu_context(struct counting *c, const struct viz_flow *flow, uint64_t now)
{
	cpu_until(c, now);
	if (flow->kind == FLOW_TASK && flow->n < c->softirq)
		c->softirq = 0;
	c->context = flow->kind == FLOW_IRQ		      ? CPU_IRQ
		     : flow->kind == FLOW_SOFTIRQ	      ? CPU_SOFTIRQ
		     : flow->kind == FLOW_TASK && c->softirq  ? CPU_SOFTIRQ
		     : flow->kind == FLOW_TASK || flow->n > 0 ? CPU_TASK
							      : CPU_IDLE;
}

static void cpu_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		      struct viz_call *call)
{
	struct counting *c = arg;
	cpu_context(c, flow, call->time);
	if (!parent && c->context == CPU_IDLE)
		c->context = CPU_TASK; /* the host starts */
}

static void cpu_leave(void *arg, const struct viz_flow *flow, const struct viz_call *call, uint64_t time)
{
	(void)call;
	cpu_context(arg, flow, time);
}

static void cpu_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct counting *c = arg;
	cpu_context(c, flow, time);
	if (rec->kind == TR_SOFTIRQ && flow->kind == FLOW_TASK)
		c->softirq = flow->n;
	else if (rec->kind == TR_TASK && !rec->fn)
		c->softirq = 0;
}

static void count_cpu(struct counting *c)
{
	const struct viz_visitor v = { .arg = c, .enter = cpu_enter, .leave = cpu_leave, .mark = cpu_mark };
	c->since = c->from;
	c->context = CPU_IDLE;
	memset(c->busy, 0, sizeof(c->busy));
	if (viz_flow_run(c->t, c->key.host_nr, &v) < 0)
		c->failed = true;
	cpu_until(c, c->to);
	c->since += c->window - (c->since - c->from) % c->window; /* the last one may be short */
	cpu_window(c);
}

/* ---- all ---- */

static bool select_host(struct counting *c, uint32_t i)
{
	c->h = &c->t->hosts[i];
	c->key.host = c->h->name;
	c->key.host_nr = i;
	return c->h->name && (!c->q->host || strcmp(c->q->host, c->h->name) == 0);
}

int series_count(struct series_set *set, const struct viz_trace *t, unsigned what, uint32_t order,
		 const struct series_query *q)
{
	struct counting c = { .set = set, .t = t, .q = q, .what = what, .from = UINT64_MAX };
	c.key = (struct series){
		.name = series_counted[what], .unit = units[what], .order = order, .kind = SUBJECT_CARD
	};
	for (uint32_t i = 0; i < t->nr_hosts; i++)
		if (select_host(&c, i))
			walk(&c, find_stretch);
	if (c.from > c.to)
		return 0; /* there was none */
	c.from = q->from ? q->from : c.from;
	c.to = q->to != UINT64_MAX ? q->to : c.to;
	set->from = c.from < set->from ? c.from : set->from;
	set->to = c.to > set->to ? c.to : set->to;
	c.window = choose_window(c.to - c.from);
	for (uint32_t i = 0; i < t->nr_hosts && !c.failed; i++) {
		if (!select_host(&c, i))
			continue;
		if (what == COUNT_CPU) {
			count_cpu(&c);
		} else if (what == COUNT_QUEUE) {
			count_queues(&c);
		} else {
			c.nr_meters = 0;
			walk(&c, count);
			for (uint32_t k = 0; k < c.nr_meters; k++)
				close_window(&c, &c.meters[k], UINT64_MAX);
		}
	}
	free(c.meters);
	free(c.wires);
	return c.failed ? -1 : 0;
}
