/*
 * The events of a run in one order, as the report shows them: calls with their ends, and what else happened.
 *
 * An event's place is its index: by time, then host, then the host's own order. A call ends where the event
 * at `end` begins.
 */
#ifndef VIZ_REPORT_EVENTS_H
#define VIZ_REPORT_EVENTS_H

#include "viz/flow.h"

/* The numbers are known to viz/report/data.js. */
enum report_kind {
	RE_FN,	    /* a call; obj 0 */
	RE_FN_SKB,  /* with a packet at hand: obj its id */
	RE_FN_SK,   /* with a socket at hand: obj its id */
	RE_STEP,    /* fn: rank of the text */
	RE_SYSCALL, /* a program's call: obj string id; ends at its RE_RET */
	RE_RET,	    /* obj: the result as int32 */
	RE_TASK,    /* lane: the CPU's; obj: the lane that gets it */
	RE_IDLE,
	RE_IRQ,
	RE_IRQ_END,
	RE_SOFTIRQ, /* obj: its number */
	RE_HOP_OUT, /* fn: enum trace_hop, obj: hop id */
	RE_HOP_IN,
	RE_DROP, /* fn: reason, obj: packet */
	RE_TX,	 /* fn: length, obj: packet, op: the card (SUBJECT_CARD) */
	RE_RX,
	RE_NOTE,	 /* obj: string id */
	RE_KIND = 0x1f,	 /* what of `kind` is the kind; the rest are flags: */
	RE_ROOT = 0x80,	 /* the outermost call of its flow */
	RE_TIGHT = 0x40, /* no time passed after the last event inside: it ends at that event's time */
	RE_OPEN = 0x20,	 /* the program's call did not return */
};

enum report_lane_kind { LANE_CPU, LANE_BOOT, LANE_TASK, LANE_SOFTIRQ, LANE_IRQ, LANE_CARD };

struct report_lane {
	uint32_t host, pid;
	enum report_lane_kind kind;
	/* while events are collected: */
	uint32_t open;	    /* calls */
	uint32_t last;	    /* index in the host's events of this lane's last */
	uint32_t off;	    /* index of the event at which another got the CPU */
	uint32_t call;	    /* the open RE_SYSCALL + 1, or 0 */
	uint64_t last_time; /* of `last` */
};

struct report_event {
	uint64_t time;
	uint32_t obj, end;
	uint16_t fn, op, lane; /* op: rank of the slot, UINT16_MAX none */
	uint8_t row, kind;
};

/* A change of a value (TR_VALUE). */
struct report_value {
	uint32_t kind, id;  /* whose: enum trace_subject and its number */
	uint32_t fn;	    /* rank of its name */
	uint32_t index;	    /* of the host's next event */
	uint32_t value, nr; /* nr: of the host's changes */
};

/* The first bytes of a frame (TR_BYTES). */
struct report_head {
	uint32_t index; /* of the frame's event */
	uint32_t n;
	uint8_t bytes[TRACE_BYTES];
};

/* When the bits of a sent frame leave (TR_WIRE_FROM, TR_WIRE_LEFT): the first and the last. */
struct report_wire {
	uint32_t index; /* of the frame's event */
	uint64_t from, left;
};

struct report_host {
	struct report_event *events;
	uint32_t n, cap;
	uint32_t *place;	     /* by index: the event's place among all */
	struct report_value *values; /* each series in a row, in order */
	uint32_t nr_values, cap_values;
	struct report_head *heads; /* in order of index */
	uint32_t nr_heads, cap_heads;
	struct report_wire *wires; /* in order of index */
	uint32_t nr_wires, cap_wires;
};

struct report_events {
	struct report_lane *lanes;
	uint32_t nr_lanes;
	struct report_host *hosts; /* as many as the trace has */
	uint32_t nr_hosts;
	uint32_t n; /* events of all hosts */
};

/* 0, or -1 when memory ran out or there are more events than places. */
int report_events_collect(struct report_events *e, const struct viz_trace *t);
void report_events_free(struct report_events *e);

#endif
