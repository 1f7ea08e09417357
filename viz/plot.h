/*
 * Plots: series over virtual time, as text or as a picture.
 *
 * Series of one unit share a panel, panels share the axis of time. A state's panel has a row for each state
 * that occurs. Lines are steps: a value holds until the next one.
 */
#ifndef VIZ_PLOT_H
#define VIZ_PLOT_H

#include <stdio.h>

#include "viz/picture.h"
#include "viz/series.h"

#define PLOT_LINES 12 /* series in a panel; of more those with the most changes are shown */
#define PLOT_TICKS 16

/* A ruler: `nr` marks, and what stands at them. */
struct plot_ruler {
	unsigned nr;
	int64_t at[PLOT_TICKS];
	char text[PLOT_TICKS][24];
};

struct plot_panel {
	const struct series *line[PLOT_LINES];
	char label[PLOT_LINES][160]; /* what tells a line from the others; "" when there is one */
	unsigned n, left_out;
	char title[256]; /* what all have in common */
	bool state;
	int64_t top;		    /* the values go from 0 to it; of a state: the last row's number */
	struct plot_ruler y;	    /* at: 0 .. top; of a state at: the row's number */
	int64_t values[PLOT_TICKS]; /* of a state: what each row stands for */
};

struct plot {
	struct series_set set;
	struct plot_panel *panels;
	unsigned nr_panels;
	struct plot_ruler x;
	char x_unit[64]; /* "ms", or "us after 61.5 s" */
};

/* Lays out what was collected, for about `ticks` marks of time; takes `set` over. 0, or -1: no memory. */
int plot_init(struct plot *p, struct series_set *set, unsigned ticks);
void plot_free(struct plot *p);

/* Rows: where a value lies between 0 and `size`. */
int64_t plot_scale(const struct plot_panel *panel, int64_t value, int64_t size);

/* Draws as text, `width` columns wide; `utf8` with finer lines. 0, or -1: no memory. */
int plot_text(const struct plot *p, unsigned width, bool utf8, FILE *out);
/* Draws as a picture; NULL: no memory. */
struct picture *plot_picture(const struct plot *p);

/* Lists what can be plotted. 0, or -1: no memory. */
int plot_list(const struct viz_trace *t, const char *host, FILE *out);

#endif
