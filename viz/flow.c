/* Walks records and keeps the stacks of open calls. */
#include "viz/flow.h"

#include <stdlib.h>
#include <string.h>

#include "viz/array.h"

struct walk {
	const struct viz_trace *t;
	const struct viz_visitor *v;
	struct viz_flow **tasks; /* by pid */
	uint32_t nr_tasks;
	struct viz_flow base;	  /* used when no task is known */
	struct viz_flow *top[64]; /* what runs; top[0] is a task's flow, above it interrupts */
	int n;
	struct viz_flow *spare; /* a closed interrupt flow, for reuse */
	uint64_t time;
	int32_t op;
	uint8_t *stays; /* by number of the switch: depth in which the task that leaves the CPU goes on later
			 */
	uint32_t nr_switches, next_switch;
	bool failed;
};

#define STAYS_UNKNOWN 255 /* it does not go on */

const char *viz_softirq_name(unsigned nr)
{
	static const char *const names[] = { "HI",	 "TIMER",   "NET_TX", "NET_RX",	 "BLOCK",
					     "IRQ_POLL", "TASKLET", "SCHED",  "HRTIMER", "RCU" };
	return nr < sizeof(names) / sizeof(names[0]) ? names[nr] : "?";
}

/* ---- what the visitor is told ---- */

static bool in_window(const struct walk *w)
{
	return w->time >= w->v->from && (!w->v->to || w->time <= w->v->to);
}

/* Tells of the flow's calls that are not told yet: they began before the window, or one has just begun. */
static void tell_open(struct walk *w, struct viz_flow *f)
{
	uint32_t first = f->n;
	while (first > 0 && !f->calls[first - 1].told)
		first--;
	for (; first < f->n && (!w->v->to || f->calls[first].time <= w->v->to); first++) {
		struct viz_call *call = &f->calls[first];
		call->told = true;
		if (call->time < w->v->from)
			call->time = w->v->from;
		if (w->v->enter)
			w->v->enter(w->v->arg, f, first ? call - 1 : NULL, call);
	}
}

/* Ends the calls of a flow that are at `depth` or deeper. */
static void close_to(struct walk *w, struct viz_flow *f, unsigned depth, uint64_t time)
{
	if (f->n > 0 && f->calls[f->n - 1].depth >= depth && time >= w->v->from) /* it ends in the window */
		tell_open(w, f);
	if (w->v->to && time > w->v->to)
		time = w->v->to;
	while (f->n > 0 && f->calls[f->n - 1].depth >= depth) {
		if (f->calls[f->n - 1].told && w->v->leave)
			w->v->leave(w->v->arg, f, &f->calls[f->n - 1], time);
		f->n--;
	}
}

static void mark(struct walk *w, const struct trace_rec *rec)
{
	if (in_window(w))
		tell_open(w, w->top[w->n - 1]);
	else if (rec->kind != TR_SUBJECT)
		return;
	if (w->v->mark)
		w->v->mark(w->v->arg, w->top[w->n - 1], rec, w->time);
}

static void step(struct walk *w, struct viz_flow *f, unsigned rank)
{
	if (!f->n || !in_window(w))
		return;
	tell_open(w, f);
	if (w->v->step)
		w->v->step(w->v->arg, f, &f->calls[f->n - 1], rank);
}

/* Time from `start` to `end` went by in a flow: that part of it that is in the window. */
static void pass_time(struct walk *w, struct viz_flow *f, uint64_t start, uint64_t end,
		      void (*tell)(void *arg, const struct viz_flow *flow, uint64_t ns, uint64_t time))
{
	if (start < w->v->from)
		start = w->v->from;
	if (w->v->to && end > w->v->to)
		end = w->v->to;
	if (start >= end)
		return;
	tell_open(w, f);
	if (tell)
		tell(w->v->arg, f, end - start, end);
}

/* ---- records ---- */

static void push_flow(struct walk *w, enum viz_flow_kind kind, uint8_t base)
{
	struct viz_flow *f = w->spare;
	if (w->n == (int)(sizeof(w->top) / sizeof(w->top[0])))
		return;
	w->spare = NULL;
	if (!f && !(f = calloc(1, sizeof(*f)))) {
		w->failed = true;
		return;
	}
	f->kind = kind;
	f->base = base;
	f->n = 0;
	w->top[w->n++] = f;
}

static void pop_flow(struct walk *w)
{
	struct viz_flow *f = w->top[--w->n];
	close_to(w, f, 0, w->time);
	if (w->spare) {
		free(f->calls);
		free(f);
	} else {
		w->spare = f;
	}
}

/* Ends what irq_exit() did once a record is no deeper than where it began. */
static void leave_softirqs(struct walk *w, unsigned depth)
{
	while (w->n > 1 && w->top[w->n - 1]->kind == FLOW_SOFTIRQ && depth <= w->top[w->n - 1]->base + 1u)
		pop_flow(w);
}

/* Numbers of tasks are given out in a row, and each task is defined: a small file has no large ones. */
static uint64_t max_pid(const struct viz_trace *t)
{
	return t->size / 8 + 65536;
}

static struct viz_flow *task_flow(struct walk *w, uint32_t pid)
{
	if (pid >= max_pid(w->t) ||
	    !array_reach((void **)&w->tasks, &w->nr_tasks, pid, sizeof(struct viz_flow *)))
		return NULL;
	if (!w->tasks[pid] && (w->tasks[pid] = calloc(1, sizeof(**w->tasks)))) {
		w->tasks[pid]->kind = FLOW_TASK;
		w->tasks[pid]->pid = pid;
	}
	return w->tasks[pid];
}

/* A task does not go on: it sleeps inside the calls in which it will go on, and has left the others. One that
 * never does sleeps in all of them when a program's call brought it there. */
static void leave_cpu(struct walk *w, struct viz_flow *f)
{
	uint32_t nr = w->next_switch++;
	unsigned stays = nr < w->nr_switches ? w->stays[nr] : STAYS_UNKNOWN;
	f->last = w->time;
	if (f->kind != FLOW_TASK || (stays == STAYS_UNKNOWN && !f->in_call))
		close_to(w, f, 0, w->time);
	else
		close_to(w, f, stays + 1u, w->time);
}

/* Another task, or nobody, has the CPU. */
static void switch_task(struct walk *w, const struct trace_rec *rec)
{
	while (w->n > 1)
		pop_flow(w);
	leave_cpu(w, w->top[0]);
	if (rec->kind == TR_IDLE) {
		w->top[0] = &w->base;
		return;
	}
	struct viz_flow *f = task_flow(w, rec->obj);
	if (!f) {
		w->failed = true;
		return;
	}
	close_to(w, f, rec->fn ? rec->depth + 1u : 0, w->time);
	if (f->n)
		pass_time(w, f, f->last, w->time, w->v->asleep);
	w->top[0] = f;
}

static void enter(struct walk *w, const struct trace_rec *rec)
{
	leave_softirqs(w, rec->depth);
	struct viz_flow *f = w->top[w->n - 1];
	if (strcmp(viz_fn_name(w->t, rec->fn), "irq_exit") == 0) {
		close_to(w, f, rec->depth, w->time);
		push_flow(w, FLOW_SOFTIRQ, (uint8_t)(rec->depth - 1));
		f = w->top[w->n - 1];
	}
	close_to(w, f, rec->depth, w->time);
	if (f->n == f->cap) {
		uint32_t cap = f->cap ? f->cap * 2 : 64;
		struct viz_call *grown = realloc(f->calls, cap * sizeof(*grown));
		if (!grown) {
			w->failed = true;
			return;
		}
		f->calls = grown;
		f->cap = cap;
	}
	f->calls[f->n++] =
		(struct viz_call){ rec->fn, rec->depth, rec->kind, w->op, rec->obj, w->time, 0, false };
	if (in_window(w))
		tell_open(w, f);
	w->op = -1;
}

static void record(struct walk *w, const struct trace_rec *rec)
{
	switch ((enum trace_kind)rec->kind) {
	case TR_TIME: {
		uint64_t start = w->time;
		w->time = viz_rec_time(rec);
		pass_time(w, w->top[w->n - 1], start, w->time, w->v->elapse);
		break;
	}
	case TR_ENTER:
	case TR_ENTER_SKB:
	case TR_ENTER_SK:
		enter(w, rec);
		break;
	case TR_OP:
		w->op = rec->fn;
		break;
	case TR_STEP: {
		leave_softirqs(w, rec->depth);
		struct viz_flow *f = w->top[w->n - 1];
		close_to(w, f, rec->depth, w->time);
		f->last = w->time;
		step(w, f, rec->fn);
		break;
	}
	case TR_TASK:
	case TR_IDLE:
		switch_task(w, rec);
		mark(w, rec);
		break;
	case TR_IRQ:
		leave_softirqs(w, rec->depth + 1u);
		close_to(w, w->top[w->n - 1], rec->depth + 1u, w->time);
		mark(w, rec);
		push_flow(w, FLOW_IRQ, rec->depth);
		break;
	case TR_IRQ_END:
		while (w->n > 1 && w->top[w->n - 1]->kind == FLOW_SOFTIRQ)
			pop_flow(w);
		if (w->n > 1)
			pop_flow(w);
		mark(w, rec);
		break;
	case TR_LEAVE:
		leave_softirqs(w, rec->depth);
		close_to(w, w->top[w->n - 1], rec->depth, w->time);
		break;
	case TR_CALL:
	case TR_RET:
	case TR_HOP_OUT:
	case TR_HOP_IN:
	case TR_DROP:
		leave_softirqs(w, rec->depth);
		close_to(w, w->top[w->n - 1], rec->depth, w->time);
		if (rec->kind == TR_CALL || rec->kind == TR_RET)
			w->top[w->n - 1]->in_call = rec->kind == TR_CALL;
		mark(w, rec);
		break;
	default:
		mark(w, rec);
	}
}

static void end_task(struct walk *w, struct viz_flow *f)
{
	if (f->n && f != w->top[0])
		pass_time(w, f, f->last, w->time, w->v->asleep);
	close_to(w, f, 0, w->time);
	free(f->calls);
	free(f);
}

static void walk_free(struct walk *w)
{
	while (w->n > 1)
		pop_flow(w);
	for (uint32_t i = 0; i < w->nr_tasks; i++)
		if (w->tasks[i])
			end_task(w, w->tasks[i]);
	close_to(w, &w->base, 0, w->time);
	free(w->base.calls);
	free(w->tasks);
	free(w->stays);
	if (w->spare) {
		free(w->spare->calls);
		free(w->spare);
	}
}

/* Finds out of each switch in what depth the task that leaves goes on. */
static void find_stays(struct walk *w, const struct viz_host *h)
{
	uint32_t *left = NULL, nr_left = 0, cap = 0,
		 now = UINT32_MAX; /* by pid: 1 + the switch that it left at */
	for (uint32_t c = 0; c < h->nr_chunks; c++)
		for (uint32_t i = 0; i < h->chunks[c].n; i++) {
			const struct trace_rec *rec = &h->chunks[c].rec[i];
			if (rec->kind != TR_TASK && rec->kind != TR_IDLE)
				continue;
			if (!array_reach((void **)&w->stays, &cap, w->nr_switches, 1)) {
				w->failed = true;
				goto out;
			}
			w->stays[w->nr_switches++] = STAYS_UNKNOWN;
			if (now < nr_left)
				left[now] = w->nr_switches;
			now = rec->kind == TR_TASK ? rec->obj : UINT32_MAX;
			if (rec->kind == TR_IDLE || now >= max_pid(w->t))
				continue;
			if (!array_reach((void **)&left, &nr_left, now, sizeof(*left))) {
				w->failed = true;
				goto out;
			}
			if (left[now])
				w->stays[left[now] - 1] = rec->fn ? rec->depth : 0;
			left[now] = 0;
		}
out:
	free(left);
}

/* Walks the first `n` records. */
static void walk_records(struct walk *w, unsigned host, uint64_t n)
{
	const struct viz_host *h = &w->t->hosts[host];
	find_stays(w, h);
	for (uint32_t c = 0; c < h->nr_chunks && n > 0 && !w->failed; c++) {
		w->time = h->chunks[c].time;
		for (uint32_t i = 0; i < h->chunks[c].n && n > 0 && !w->failed; i++, n--)
			record(w, &h->chunks[c].rec[i]);
	}
	w->top[0]->last = w->time;
}

int viz_flow_run(const struct viz_trace *t, unsigned host, const struct viz_visitor *v)
{
	struct walk w = { .t = t, .v = v, .op = -1 };
	w.top[w.n++] = &w.base;
	walk_records(&w, host, UINT64_MAX);
	walk_free(&w);
	return w.failed ? -1 : 0;
}

int viz_flow_at(const struct viz_trace *t, unsigned host, uint64_t n,
		void (*at)(void *arg, const struct viz_flow *flow, uint64_t time), void *arg)
{
	static const struct viz_visitor none;
	struct walk w = { .t = t, .v = &none, .op = -1 };
	w.top[w.n++] = &w.base;
	walk_records(&w, host, n);
	at(arg, w.top[w.n - 1], w.time);
	walk_free(&w);
	return w.failed ? -1 : 0;
}
