/*
 * State charts: which ways through a state machine the objects of a run have taken, beside all that there
 * are.
 */
#ifndef VIZ_STATES_H
#define VIZ_STATES_H

#include <stdio.h>

#include "viz/picture.h"
#include "viz/series.h"
#include "viz/state_diagrams.h"

#define STATES_ARROWS 32

/* How often something happened, and when. */
struct states_count {
	uint64_t n, first, last;
};

/* A way that the diagram does not draw: a reset, an abort, an administrator's order. */
struct states_other {
	char from[24], to[24];
	struct states_count count;
};

/* A state machine and what went through it. */
struct states {
	const struct state_diagram *diagram;
	struct series_set set; /* the objects */
	struct states_count arrow[STATES_ARROWS];
	bool visited[DIAGRAM_STATES]; /* boxes */
	struct states_other *others;
	uint32_t nr_others;
};

struct states_query {
	const char *host, *of; /* as of a series_query */
	uint64_t from, to;
};

/* Collects. 0, or -1: no memory. `set.n` is 0 when there is no such object. */
int states_collect(struct states *st, const struct viz_trace *t, const struct state_diagram *d,
		   const struct states_query *q);
void states_free(struct states *st);

/* Name of the state that an object has from point i on. */
const char *states_name(const struct states *st, const struct series *s, uint32_t i, char *buf, unsigned len);
/* "x3", or "x1, 1.2 ms" where there is one. */
const char *states_count_text(const struct states_count *c, char *buf, unsigned len);
/* "1.22912 ms", of a length of time or a moment. */
const char *states_time_text(uint64_t ns, char *buf, unsigned len);

/* 0, or -1: no memory. */
int states_text(const struct states *st, bool utf8, FILE *out);
void states_dot(const struct states *st, FILE *out);
void states_mermaid(const struct states *st, FILE *out);
/* Draws it at `y` into a picture; returns where it ends. */
int states_picture(const struct states *st, struct picture *pic, int y);

#endif
