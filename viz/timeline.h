/*
 * A run as slices on lanes, with arrows between them: what timeline viewers (Chrome, Perfetto) draw.
 *
 * Lanes of a host: its boot, each task, softirqs, hard interrupts, what each card sends and receives. A slice
 * is a call of a function, a program's call, a frame that is sent (from its first bit to its last), or
 * something that takes no time (a frame that arrives, a step, a drop, a line of the log). Slices of a lane
 * nest.
 *
 * Arrows join slices: of a packet, over the lanes of a host that handle it; of a cause (a frame on its wire,
 * a timer, a wake-up, ...), from what set it off to what ran because of it. An arrow hangs at the beginning
 * of its slice.
 *
 * Two walks: viz_timeline_init() numbers the slices and finds their ends and arrows, viz_timeline_host()
 * tells them, a host's slices in order of beginning.
 */
#ifndef VIZ_TIMELINE_H
#define VIZ_TIMELINE_H

#include "viz/export.h"

enum viz_lane { LANE_BOOT, LANE_TASK, LANE_SOFTIRQ, LANE_IRQ, LANE_SENT, LANE_RECEIVED, LANE_KINDS };

/* As enum trace_hop, and: */
#define ARROW_PACKET HOP_KINDS
#define ARROW_KINDS (HOP_KINDS + 1)
extern const char *const viz_arrow_names[ARROW_KINDS];

/* A number that only the touches of this arrow have, among those of its kind. */
struct viz_arrow;
uint64_t viz_arrow_id(const struct viz_arrow *a);

enum viz_arrow_phase { ARROW_NONE, ARROW_START, ARROW_STEP, ARROW_END };

/* Where an arrow touches a slice. */
struct viz_arrow {
	uint64_t time; /* of the slice's beginning */
	uint32_t id;   /* journey, or hop */
	uint32_t slice, host;
	uint32_t place; /* order of making */
	uint32_t sub;
	uint8_t kind, lane;
	uint8_t phase; /* enum viz_arrow_phase */
};

/* A lane that has slices. */
struct viz_lane_of {
	enum viz_lane lane;
	uint32_t sub; /* pid of LANE_TASK, interrupt line of the card of LANE_SENT and LANE_RECEIVED */
	char name[64];
};

struct viz_slice {
	uint32_t host;
	enum viz_lane lane;
	uint32_t sub; /* as of the lane */
	const char *name;
	uint32_t number;	 /* that follows the name in "packet 5"; 0: none */
	const struct viz_fn *fn; /* of a call or step; else NULL */
	int32_t op;		 /* rank of the operations slot it was called through, or -1 */
	uint32_t journey, socket, bytes;
	bool has_result; /* of a program's call */
	int32_t result;
	uint64_t begin, end;
	const struct viz_arrow *arrows;
	uint32_t nr_arrows;
};

struct viz_slice_end {
	uint64_t begin, end;
	int32_t result;
	bool has_result;
};

struct viz_timeline_host {
	struct viz_slice_end *ends; /* by number of slice */
	uint32_t nr_slices, cap_slices;
	uint32_t first_arrow, nr_arrows; /* in timeline->arrows */
	struct viz_lane_of *lanes;	 /* in the order in which to show them */
	uint32_t nr_lanes;
};

struct viz_timeline {
	const struct viz_export *x;
	struct viz_timeline_host *hosts;
	struct viz_arrow *arrows; /* by host and slice */
	uint32_t nr_arrows, cap_arrows;
};

struct viz_timeline_visitor {
	void *arg;
	void (*begin)(void *arg, const struct viz_slice *slice);
	void (*end)(void *arg, enum viz_lane lane, uint32_t sub,
		    uint64_t time); /* the lane's innermost slice */
};

/* Slices of the hosts and the window that `x` names. 0, or -1: no memory. */
int viz_timeline_init(struct viz_timeline *tl, const struct viz_export *x);
int viz_timeline_host(const struct viz_timeline *tl, uint32_t host, const struct viz_timeline_visitor *v);
void viz_timeline_free(struct viz_timeline *tl);

#endif
