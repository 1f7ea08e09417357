/* What hops lead to, and the words that a chart has for them. */
#ifndef VIZ_CALL_HOPS_H
#define VIZ_CALL_HOPS_H

#include "viz/call_tree.h"

/* What ran because of a hop: a call, or a call that went on. */
struct hop_target {
	uint32_t host, node;
	uint32_t since; /* not 0: it went on; only what it called from this node on is because of the hop */
};

#define HOP_TARGETS 8
#define HOP_ENDS 32

/* Where a hop leads past switches, at most HOP_ENDS: frames go on from there, perhaps to several hosts. */
unsigned hop_ends(const struct forest *f, const struct forest_hop *hop, struct forest_hop *to);

/* The calls that ran because of `hop`, at most HOP_TARGETS. */
unsigned hop_targets(const struct forest *f, const struct forest_hop *hop, struct hop_target *to);

/* What a call is about: itself, or, when it is of the kernel's machinery, the first below it that is not. */
uint32_t hop_runs(const struct forest *f, uint32_t host, uint32_t node);

/* The words for what happens at a node (NODE_OUT with `hop`, NODE_IN, NODE_SLEEP, NODE_IRQ, NODE_DROP). */
struct hop_line {
	char text[256];
	uint64_t delay;
	enum call_when when;
};
void hop_line(const struct forest *f, uint32_t host, uint32_t node, const struct forest_hop *hop,
	      struct hop_line *line);

/* "client, task sh", "server, softirq": who runs a call. */
void hop_context(const struct forest *f, uint32_t host, uint32_t node, char *text, unsigned len);

#endif
