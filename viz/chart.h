/*
 * Call charts as text, in the two styles of the documents (DESIGN 7).
 *
 * nested   the whole tree in one drawing
 * outline  a small drawing per function, in a fenced block headed by its source file: what it calls, with
 *          descriptions; functions that do nothing but call one other are stacked
 *
 * What is drawn reads back (charts/parse_charts.py) to the tree that was drawn.
 */
#ifndef VIZ_CHART_H
#define VIZ_CHART_H

#include <stdio.h>

#include "viz/trace_read.h"

enum viz_style { VIZ_NESTED, VIZ_OUTLINE };

struct viz_chart_options {
	const char *host; /* NULL: the first host that calls it */
	const char *call; /* name of the function */
	enum viz_style style;
	unsigned depth; /* levels below the function; 0: all */
	unsigned nth;	/* which of its calls, from 1; 0: the first */
};

/* Draws. 0, or -1 with a message (no such function, host or call). `note` gets what a reader may want to
 * know beside the drawing: where and when the call was, how many more there are. */
int viz_chart(const struct viz_trace *t, const struct viz_chart_options *opt, FILE *out, char *note,
	      unsigned notelen, char *err, unsigned errlen);

#endif
