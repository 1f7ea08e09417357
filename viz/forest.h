/*
 * A run as a forest: what every host called, and what made it run, as trees in memory.
 *
 * A node is a call, or something that happened inside one: a step, the beginning of a hop (something was set
 * off that runs later) or its end, a sleep, an interrupt, a lost packet. A program's call (`connect(3, ...)`)
 * is a node too, above the functions that it runs; so is an interrupt, above its handler and the softirqs
 * after it.
 *
 * Nodes of a host lie in the order of the records, so a lower index is earlier; index 0 is nobody.
 */
#ifndef VIZ_FOREST_H
#define VIZ_FOREST_H

#include "viz/flow.h"

#define FOREST_NO_OP 0xffffu
#define FOREST_NONE UINT32_MAX
#define FOREST_OPEN INT64_MIN

enum forest_kind {
	NODE_CALL,    /* fn: rank; obj: packet or socket at hand */
	NODE_STEP,    /* fn: rank of the text */
	NODE_OUT,     /* obj: index of the hop that begins here */
	NODE_IN,      /* obj: index of the hop that ends here; what it set off are the calls after it */
	NODE_SLEEP,   /* the task slept in the call above until now; obj: the hop that woke it, or FOREST_NONE
		       */
	NODE_IRQ,     /* an interrupt came in; obj: its line */
	NODE_SYSCALL, /* a program's call; obj: its text */
	NODE_DROP,    /* a packet is lost; fn: reason */
};

enum forest_about { ABOUT_NOTHING, ABOUT_PACKET, ABOUT_SOCKET };

struct forest_node {
	uint64_t time;
	uint32_t parent, first, last, next; /* parent 0: the outermost of a flow */
	uint32_t obj;
	uint32_t pid; /* NODE_CALL: the task that ran, 0 none; NODE_SYSCALL, NODE_SLEEP: index in `values` */
	uint16_t fn, op;
	uint8_t kind, flow; /* enum forest_kind, enum viz_flow_kind */
	uint8_t about;	    /* NODE_CALL: enum forest_about */
	uint8_t depth;
};

/* Calls that handle a packet or a socket and are called by none that does, in order of (obj, node). */
struct forest_about_entry {
	uint32_t obj, node;
};

struct forest_list {
	uint32_t *at, n, cap;
};

struct forest_host {
	struct forest_node *nodes;
	uint32_t n, cap;
	struct forest_list roots;    /* interrupts, and calls and programs' calls without a parent */
	struct forest_list syscalls; /* the programs' calls, in order */
	int64_t *values; /* results of programs' calls, lengths of sleeps in ns; FOREST_OPEN: it has not ended
			  */
	uint32_t nr_values, cap_values;
	struct forest_about_entry *packets, *sockets;
	uint32_t nr_packets, nr_sockets, cap_packets, cap_sockets;
};

/* Something that set off something else. A side that was not recorded has node 0. What reaches several hosts
 * (a frame that a switch floods) is several hops in a row with one and the same `out`. */
struct forest_hop {
	uint8_t kind; /* enum trace_hop */
	uint32_t out_host, out, in_host, in;
	uint32_t about; /* HOP_FRAME: the journey; HOP_SOFTIRQ: its number; HOP_IRQ: node of the frame (on
			   out_host) that the card had just received or sent, or 0 */
};

struct forest {
	const struct viz_trace *t;
	struct forest_host *hosts; /* as many as the trace has */
	struct forest_hop *hops;
	uint32_t nr_hops;
};

/* 0, or -1 when memory ran out. */
int forest_build(struct forest *f, const struct viz_trace *t);
void forest_free(struct forest *f);

/* The first of a host's calls about `obj`: `*n` of them from there on. */
const struct forest_about_entry *forest_about(const struct forest_about_entry *all, uint32_t nr, uint32_t obj,
					      uint32_t *n);

static inline const struct forest_node *forest_at(const struct forest *f, uint32_t host, uint32_t node)
{
	return &f->hosts[host].nodes[node];
}

#endif
