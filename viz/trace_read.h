/*
 * A finished trace in memory: the file of core/trace_format.h, checked, with its tables looked up.
 *
 * A file that was cut off is read up to its last whole chunk (`truncated`). Anything else that is wrong
 * with it is an error: nothing here trusts an offset or an index of the file.
 */
#ifndef VIZ_TRACE_READ_H
#define VIZ_TRACE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/trace.h"

struct viz_fn {
	uint32_t contexts, kind; /* enum trace_fn_kind */
	const char *name, *file, *what;
};

struct viz_strings {
	const char **text; /* by id; NULL: not defined */
	uint32_t n;
};

/* Names of the subjects of values (core/trace.h). */
struct viz_subject {
	uint32_t kind, id; /* enum trace_subject */
	const char *name;
};

/* A run of records of one host. */
struct viz_chunk {
	const struct trace_rec *rec;
	uint32_t n;
	uint64_t time; /* before the first record */
};

struct viz_host {
	const char *name; /* NULL: no such host */
	bool is_switch;	  /* no host: it only passes frames on */
	struct viz_chunk *chunks;
	uint32_t nr_chunks, cap_chunks;
	struct viz_strings strings, tasks;
	struct viz_subject *subjects; /* in order of kind and id, each once */
	uint32_t nr_subjects, cap_subjects;
	uint64_t nr_records;
};

struct viz_trace {
	uint8_t *map;
	size_t size;
	bool filtered, truncated;
	struct viz_fn *fns; /* by rank */
	uint32_t nr_fns;
	struct viz_strings drops; /* by reason number */
	struct viz_host *hosts;
	uint32_t nr_hosts;
	uint64_t nr_records, digest; /* as END says; 0 when truncated */
};

/* Reads PATH. 0, or -1 with a message that names the file and what is wrong with it. */
int viz_trace_open(struct viz_trace *t, const char *path, char *err, unsigned errlen);
void viz_trace_close(struct viz_trace *t);

/* The trace of a run folder: DIR/trace.wpt. */
int viz_run_open(struct viz_trace *t, const char *dir, char *err, unsigned errlen);

/* Names for what records point at; never NULL. */
const char *viz_fn_name(const struct viz_trace *t, unsigned rank);
const char *viz_string(const struct viz_strings *s, uint32_t id);

/* What a subject of values is called: its name, or "socket 3", "neighbour 1", "device 2", "card 5", "host" in
 * `buf`. */
const char *viz_subject_name(const struct viz_host *h, unsigned kind, uint32_t id, char *buf, unsigned len);

/* Index of the host of that name, or -1. */
int viz_host_index(const struct viz_trace *t, const char *name);

#endif
