/*
 * Call charts: which calls of which runs, what of them is shown, and how it is drawn.
 *
 * nested   the whole tree in one drawing (DESIGN 7)
 * outline  a small drawing per function, in a fenced block headed by its source file: what it calls, with
 *          descriptions; functions that do nothing but call one other are stacked
 *
 * What is drawn as text reads back (charts/parse_charts.py) to the tree that was drawn.
 */
#ifndef VIZ_CHART_H
#define VIZ_CHART_H

#include <stdio.h>

#include "viz/call_tree.h"

enum viz_style { VIZ_NESTED, VIZ_OUTLINE };
enum viz_chart_format {
	CHART_ASCII,
	CHART_UTF8,
	/* one graph of all that was picked: a node a function (viz/graph.h) */
	CHART_DOT,
	CHART_MERMAID,
	CHART_SVG,
	CHART_PNG,
	CHART_PDF,
};

/* "ascii", ...; -1 for another word. */
int viz_chart_format(const char *word);

enum viz_pick {
	PICK_NTH,    /* one call */
	PICK_ALL,    /* every call, a drawing each */
	PICK_MERGED, /* all calls laid over one another */
};

#define CHART_GLOBS 64

struct viz_chart_options {
	/* which calls are at the top: a function, a program's call, or (neither) whatever the host enters by
	 */
	const char *call;    /* name or glob */
	const char *syscall; /* a number, as the list has it, or a name: "connect" */
	const char *host;    /* NULL: PICK_NTH the first host that has it, else all hosts */
	unsigned nth;	     /* PICK_NTH: which of them, from 1; 0: the first */
	enum viz_pick pick;
	uint64_t from, to; /* calls that begin then; to 0: to the end */
	/* what of them is shown; several: what meets all */
	uint32_t packet, socket;	   /* only what leads to calls that handle it, and those; 0: all */
	const char *reach;		   /* only what leads to this function (name or glob) */
	const char *layer;		   /* only functions of these layers: "transport,internet" */
	const char *only[CHART_GLOBS + 1]; /* only functions that match one of these globs */
	const char *hide[CHART_GLOBS + 1]; /* not these, nor what they call */
	unsigned depth;			   /* levels below the top; 0: all */
	unsigned follow;		   /* hops to follow */
	bool unfold;			   /* repetitions in full */
	/* how it is drawn */
	enum viz_style style;
	enum viz_chart_format format;
	bool color;
};

/* The runs that charts are drawn of. */
struct viz_chart_run {
	const struct viz_trace *t;
	const char *name; /* the run folder, for people */
	struct forest forest;
	struct call_source src;
};

struct viz_charts {
	struct viz_chart_run *runs;
	unsigned n;
};

/* 0, or -1 with a message. The traces stay open meanwhile. */
int viz_charts_open(struct viz_charts *c, const struct viz_trace *const *traces, const char *const *names,
		    unsigned n, char *err, unsigned errlen);
void viz_charts_close(struct viz_charts *c);

/*
 * Draws. `compare`: of the runs, which are two, the second is compared with the first. 0, or -1 with a
 * message (no such function, host or call). `note` gets what a reader may want to know beside the drawing:
 * where and when the call was, how many more there are.
 */
int viz_chart(const struct viz_charts *c, const struct viz_chart_options *opt, bool compare, FILE *out,
	      char *note, unsigned notelen, char *err, unsigned errlen);

/* The same of one trace, opened and closed for it. */
int viz_chart_one(const struct viz_trace *t, const struct viz_chart_options *opt, FILE *out, char *note,
		  unsigned notelen, char *err, unsigned errlen);

/* Lists what can be drawn: programs' calls, entry points, packets and sockets, with counts. */
int viz_chart_list(const struct viz_charts *c, const char *host, FILE *out, char *err, unsigned errlen);

#endif
