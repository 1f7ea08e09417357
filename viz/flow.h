/*
 * Flows: a host's records turned back into nested calls.
 *
 * viz_flow_run() walks the records of one host in order and tells a visitor what happens. Each task has a
 * stack of open calls of its own, which lives on while the task sleeps. A hard interrupt, and irq_exit()
 * after it, are flows of their own: what they call does not belong to the function that they interrupted.
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
};

struct viz_flow {
	enum viz_flow_kind kind;
	uint32_t pid; /* FLOW_TASK */
	uint8_t base; /* FLOW_IRQ, FLOW_SOFTIRQ: depth of what was interrupted */
	uint32_t n, cap;
	struct viz_call *calls; /* open, outermost first */
	uint64_t last;		/* when it last had the CPU */
};

/* Any function may be NULL. `parent` is NULL for the outermost call of a flow. */
struct viz_visitor {
	void *arg;
	/* A call begins. Set call->user. */
	void (*enter)(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		      struct viz_call *call);
	/* A call has ended at `time`. */
	void (*leave)(void *arg, const struct viz_flow *flow, const struct viz_call *call, uint64_t time);
	/* A step line of `call`. */
	void (*step)(void *arg, const struct viz_flow *flow, const struct viz_call *call, unsigned rank);
	/* Every record that is no entry, operations slot or time: TR_TASK, TR_IDLE, TR_CALL, ... `depth` open
	 * calls. */
	void (*mark)(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time);
};

/* Walks a host's records. 0, or -1 when memory ran out. */
int viz_flow_run(const struct viz_trace *t, unsigned host, const struct viz_visitor *v);

/* Walks the first `n` records, then calls `at` with the flow that has the CPU and the time. 0 or -1. */
int viz_flow_at(const struct viz_trace *t, unsigned host, uint64_t n,
		void (*at)(void *arg, const struct viz_flow *flow, uint64_t time), void *arg);

const char *viz_softirq_name(unsigned nr);

#endif
