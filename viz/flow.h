/*
 * Flows: a host's records turned back into nested calls.
 *
 * viz_flow_run() walks the records of one host in order and tells a visitor what happens. Each task has a
 * stack of open calls of its own, which lives on while the task sleeps. A hard interrupt, and irq_exit()
 * after it, are flows of their own: what they call does not belong to the function that they interrupted.
 *
 * A visitor may ask for a window of time. It is told of what happens inside it only: a call that was open
 * when the window opened begins there, one that is open when it closes ends there.
 */
#ifndef VIZ_FLOW_H
#define VIZ_FLOW_H

#include "viz/trace_read.h"

enum viz_flow_kind { FLOW_NONE, FLOW_TASK, FLOW_IRQ, FLOW_SOFTIRQ };

/* An open call. */
struct viz_call {
	uint16_t fn;
	uint8_t depth, kind;
	int32_t op; /* rank of the operations slot that it was reached through, or -1 */
	uint32_t obj;
	uint64_t time;
	uint32_t user; /* the visitor's: what it knows about this call */
	bool told;     /* the visitor knows of it */
};

struct viz_flow {
	enum viz_flow_kind kind;
	uint32_t pid; /* FLOW_TASK */
	uint8_t base; /* FLOW_IRQ, FLOW_SOFTIRQ: depth of what was interrupted */
	uint32_t n, cap;
	struct viz_call *calls; /* open, outermost first */
	uint64_t last;		/* when it last had the CPU */
	bool in_call;		/* a program's call has not returned */
};

/* Any function may be NULL. `parent` is NULL for the outermost call of a flow. */
struct viz_visitor {
	void *arg;
	uint64_t from, to; /* the window, both ends in it; to 0: to the end */
	/* A call begins. Set call->user. */
	void (*enter)(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		      struct viz_call *call);
	/* A call has ended at `time`. */
	void (*leave)(void *arg, const struct viz_flow *flow, const struct viz_call *call, uint64_t time);
	/* A step line of `call`, at flow->last. */
	void (*step)(void *arg, const struct viz_flow *flow, const struct viz_call *call, unsigned rank);
	/* Every record that is no entry, operations slot or time: TR_TASK, TR_IDLE, TR_CALL, ... `depth` open
	 * calls. */
	void (*mark)(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time);
	/* Time goes by up to `time` while `flow` has the CPU, inside its innermost open call; with none open
	 * in a flow of no task, the CPU is idle. */
	void (*elapse)(void *arg, const struct viz_flow *flow, uint64_t ns, uint64_t time);
	/* A task that goes on, or is seen no more, has slept up to `time` in its innermost open call. */
	void (*asleep)(void *arg, const struct viz_flow *flow, uint64_t ns, uint64_t time);
};

/* Walks a host's records. 0, or -1 when memory ran out. */
int viz_flow_run(const struct viz_trace *t, unsigned host, const struct viz_visitor *v);

/* Walks the first `n` records, then calls `at` with the flow that has the CPU and the time. 0 or -1. */
int viz_flow_at(const struct viz_trace *t, unsigned host, uint64_t n,
		void (*at)(void *arg, const struct viz_flow *flow, uint64_t time), void *arg);

const char *viz_softirq_name(unsigned nr);

/* The time that a TR_TIME or TR_WIRE record holds. */
static inline uint64_t viz_rec_time(const struct trace_rec *rec)
{
	return rec->obj | (uint64_t)rec->fn << 32 | (uint64_t)rec->depth << 48;
}

#endif
