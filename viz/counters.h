/*
 * A host's counters over virtual time: frames and bytes of each card, interrupts, softirqs, drops by reason,
 * the CPU's time by context, and the values that the stack records (congestion windows, queue lengths,
 * states, ...).
 */
#ifndef VIZ_COUNTERS_H
#define VIZ_COUNTERS_H

#include "viz/export.h"

struct viz_counter {
	uint64_t key;
	uint32_t id; /* from 0, in order of first change */
	char object[80];
	const char *name;
	const char
		*unit; /* "frames", "bytes", "ns", ...; of a state: the names of its values, joined by '|' */
	uint64_t value;
};

/* Tells each change, in order of time. 0, or -1: no memory. */
int viz_counters_host(const struct viz_export *x, uint32_t host,
		      void (*tell)(void *arg, const struct viz_counter *c, uint64_t time), void *arg);

#endif
