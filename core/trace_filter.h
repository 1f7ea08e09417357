/* What a trace records: the filter of trace_start(). */
#ifndef CORE_TRACE_FILTER_H
#define CORE_TRACE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

struct host;
struct sim;

struct trace_filter {
	bool any; /* a filter is on; off, everything passes */
	char **host_globs;
	bool *host_used; /* the glob matched a host */
	unsigned nr_host_globs;
	bool *fn_pass;	 /* by rank, or NULL: every function */
	uint32_t packet; /* journey id, 0: every packet */
	uint64_t from, to;
};

int trace_filter_init(struct trace_filter *f, const struct sim *sim, const char *text, char *err,
		      unsigned errlen);
void trace_filter_free(struct trace_filter *f);
bool trace_filter_host(struct trace_filter *f, const char *name);
/* A glob that no host so far has matched, or NULL. */
const char *trace_filter_unused_host(const struct trace_filter *f);

/* The time window is open. */
bool trace_filter_window(const struct trace_filter *f, const struct host *host);

/* Whether an entry passes a filter that is on (`any`). */
bool trace_filter_match(const struct trace_filter *f, struct host *host, unsigned rank, unsigned kind,
			uint32_t obj, unsigned depth);

#endif
