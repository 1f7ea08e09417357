/*
 * Passages: each frame that went through a host's card, with what the host had to do with it: which call sent
 * it, which took it in the end, why it was dropped.
 */
#ifndef VIZ_PASSAGE_H
#define VIZ_PASSAGE_H

#include "viz/export.h"
#include "viz/flow.h"

struct viz_passage {
	uint64_t time;
	uint32_t journey, place; /* place: order in the trace */
	bool out;
	/* what handled it: before it went out, or last after it came in */
	bool handled;
	enum viz_flow_kind kind;
	uint32_t pid;	     /* FLOW_TASK */
	const char *program; /* the program's call, or NULL */
	uint16_t outer,
		inner;	  /* ranks: the outermost call, and the first in it that had the packet at hand */
	const char *drop; /* or NULL */
};

struct viz_passages {
	struct viz_passage *p; /* by journey, direction and time */
	uint32_t n, cap;
};

/* 0, or -1: no memory. */
int viz_passages_find(const struct viz_trace *t, uint32_t host, struct viz_passages *out);
const struct viz_passage *viz_passages_at(const struct viz_passages *s, uint64_t journey, bool out,
					  uint64_t time);

#endif
