/* The report: a run as one HTML page that needs nothing else. viz/report/README.md has its format. */
#ifndef VIZ_REPORT_H
#define VIZ_REPORT_H

#include <stdio.h>

#include "viz/trace_read.h"

/*
 * Writes the report of the run folder DIR, whose trace is `t`. The same folder gives the same bytes. 0, or -1
 * with a message; `note` gets a line for the user, "" when there is nothing to say.
 */
int viz_report(const struct viz_trace *t, const char *dir, FILE *out, char *note, unsigned notelen, char *err,
	       unsigned errlen);

#endif
