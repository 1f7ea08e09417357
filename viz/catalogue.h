/*
 * The catalogue: every traced function of the program, and who was seen calling whom.
 */
#ifndef VIZ_CATALOGUE_H
#define VIZ_CATALOGUE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "viz/trace_read.h"

/* Where calls were seen: bits of catalogue_fn.seen. */
enum { SEEN_TASK = 1, SEEN_SOFTIRQ = 2, SEEN_IRQ = 4, SEEN_BOOT = 8 };

struct catalogue_fn {
	const char *name, *file, *what;
	char layer[24];	   /* folder: "transport", "nic-model" */
	uint32_t contexts; /* that it may run in: 1 << enum cpu_ctx */
	uint32_t seen;	   /* that it ran in */
	uint64_t calls;
	uint32_t callers, callees; /* first edge of either list, 0 none */
};

/* A function seen calling another. */
struct catalogue_edge {
	uint32_t caller, callee;	   /* indices of functions */
	uint32_t next_caller, next_callee; /* of the callee's callers, of the caller's callees; 0 the last */
	const char *op;			   /* the operations slot that it went through, or NULL */
	uint64_t calls;
};

struct catalogue {
	struct catalogue_fn *fns; /* by name, then file */
	uint32_t nr_fns;
	struct catalogue_edge *edges; /* from 1; in the order in which they were first seen */
	uint32_t nr_edges, cap_edges;
	uint32_t *slots, nr_slots; /* hash of edges */
};

/* The functions of this program, none of them seen. 0, or -1: no memory. */
int catalogue_init(struct catalogue *c);
void catalogue_free(struct catalogue *c);

/* Counts the calls of a trace. Functions that this program does not have are left out. 0, or -1: no memory.
 */
int catalogue_add(struct catalogue *c, const struct viz_trace *t);

/* Index of a function, or -1. `file` NULL: the first of that name. */
int catalogue_find(const struct catalogue *c, const char *name, const char *file);

/* "task softirq": contexts that it may run in ("any"), or that it was seen in ("-": never seen). */
const char *catalogue_contexts(const struct catalogue_fn *fn, bool seen, char *buf, unsigned len);

struct catalogue_query {
	const char *layer, *name; /* globs; NULL all */
	bool unseen;		  /* only those that no call was seen of */
	bool tsv;
};

/* Prints the functions that a query asks for; returns how many. */
unsigned catalogue_print(const struct catalogue *c, const struct catalogue_query *q, FILE *out);

#endif
