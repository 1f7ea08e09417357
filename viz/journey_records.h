/* Inside journeys: the records of one packet, of all hosts. */
#ifndef VIZ_JOURNEY_RECORDS_H
#define VIZ_JOURNEY_RECORDS_H

#include "viz/flow.h"
#include "viz/trace_read.h"

enum jrec_kind { JREC_CALL, JREC_TX, JREC_RX, JREC_DROP };

/* A function that handles the packet is entered, or it passes a card. */
struct jrec {
	uint64_t time, irq;  /* irq: when the host last had an interrupt */
	uint32_t host, mark; /* among the marks of the host */
	uint32_t visit;	     /* number of the outermost call: the same visit, the same number */
	uint32_t stack;	     /* offset in jrecs.stacks: functions from the outermost to this one */
	uint32_t pid, call;  /* call: program's call + 1 that it is in, 0 none */
	uint16_t fn, depth;  /* depth: functions in the stack */
	uint8_t kind, flow;  /* enum jrec_kind, enum viz_flow_kind */
	bool handed, taken;  /* given to the card's ring by the driver; taken from it */
	bool freed;	     /* inside what frees it */
};

/* A program's call in which the packet was handled. */
struct jcall {
	const char *text, *task;
	uint64_t from, to; /* to: UINT64_MAX, has not returned */
};

struct jrecs {
	struct jrec *rec; /* by host, then in order */
	struct jcall *calls;
	uint16_t *stacks;
	uint32_t n, cap, nr_calls, cap_calls, nr_stacks, cap_stacks;
};

/* 0, or -1: no memory. Either way jrecs_free() is to be called. */
int jrecs_read(struct jrecs *j, const struct viz_trace *t, uint32_t packet);
void jrecs_free(struct jrecs *j);

#endif
