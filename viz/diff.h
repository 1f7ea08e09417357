/* Where two runs part. */
#ifndef VIZ_DIFF_H
#define VIZ_DIFF_H

#include <stdio.h>

#include "viz/trace_read.h"

/*
 * Compares two traces. 0: they tell the same; 1: they differ, and `out` got the first event (in virtual
 * time) that differs, with both call stacks; -1: an error, in `err`.
 */
int viz_diff(const struct viz_trace *a, const struct viz_trace *b, FILE *out, char *err, unsigned errlen);

#endif
