/*
 * Series: how the values of a trace changed over virtual time, and what can be counted from other records.
 *
 * Counted: "throughput" (bits/s by card and direction), "interrupts" (by card, a second), "cpu" (share of
 * time by context), "drops" (packets so far, by reason), "wire_queue" (frames that wait for the wire, by
 * card, and by port of a switch). Rates are means over windows that suit the stretch of time.
 */
#ifndef VIZ_SERIES_H
#define VIZ_SERIES_H

#include "viz/trace_read.h"

#define SERIES_NONE INT64_MIN /* no value from here on: TCP's "no slow start threshold yet" */

struct series_point {
	uint64_t time;
	int64_t value; /* from then on */
};

struct series {
	const char *name; /* "snd_cwnd" */
	const char *unit; /* "segments"; of a state the names of its values: "off|on" */
	const char *host;
	uint32_t order;		    /* of the name */
	uint32_t host_nr, kind, id; /* kind: enum trace_subject */
	char of[112];		    /* whose: "10.0.2.15:49826 > 10.0.2.2:80", "eth0 sent" */
	struct series_point *p;
	uint32_t n, cap;
};

/* What to collect. */
struct series_query {
	const char *const
		*names; /* nr_names of them; 0: every value that is recorded, nothing that is counted */
	unsigned nr_names;
	const char *host;  /* NULL: every host */
	const char *of;	   /* glob for what the value is of, NULL all */
	uint64_t from, to; /* stretch of time; to UINT64_MAX: until the last change of any of these */
};

struct series_set {
	struct series *s; /* in the order of name (as asked for, else by the alphabet), host, kind, id */
	uint32_t n, cap;
	uint64_t from, to; /* the stretch: as asked for, or from the first to the last change */
	uint32_t *slots;   /* hash of s while it is collected: place + 1, or 0 */
	uint32_t nr_slots;
};

/* Collects; a series without a point in the stretch, or before it, is left out. 0, or -1: no memory. */
int series_collect(struct series_set *set, const struct viz_trace *t, const struct series_query *q);
void series_free(struct series_set *set);

/* A name that can be asked for: of a value of the trace, or of something that is counted. */
bool series_known(const struct viz_trace *t, const char *name);
/* The names of what is counted, NULL at the end. */
extern const char *const series_counted[];

/* The unit is a list of names: a state. */
bool series_is_state(const struct series *s);
/* Name number `value` of a list "off|on" in `buf`; the number when it has none. */
const char *series_state_name(const char *unit, int64_t value, char *buf, unsigned len);

/* One of n columns that a stretch of time is cut into. */
struct series_column {
	int64_t first, least, most, last; /* first: what it comes in with; SERIES_NONE all through: nothing */
};
void series_columns(const struct series *s, uint64_t from, uint64_t to, struct series_column *col,
		    unsigned n);

/* ---- for series*.c ---- */

/* The series of that order, host_nr, kind and id, made when it is new. NULL: no memory. */
struct series *series_get(struct series_set *set, const struct series *key);
/* A new value at `time`, which is not before the last one's; q: the stretch. False: no memory. */
bool series_add(struct series *s, const struct series_query *q, uint64_t time, int64_t value);
/* Adds what is counted of that name (an index into series_counted). 0, or -1: no memory. */
int series_count(struct series_set *set, const struct viz_trace *t, unsigned what, uint32_t order,
		 const struct series_query *q);

#endif
