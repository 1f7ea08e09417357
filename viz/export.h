/* Exports of a trace as text. Each returns 0, or -1 with a message. */
#ifndef VIZ_EXPORT_H
#define VIZ_EXPORT_H

#include <stdio.h>

#include "viz/trace_read.h"

/*
 * Folded stacks of the flame graph tools, sorted: `host;context;outer;...;inner COUNT`, COUNT the number of
 * calls. The context is "task NAME", "irq" or "softirq". `host`: only that one, NULL all.
 */
int viz_export_folded(const struct viz_trace *t, const char *host, FILE *out, char *err, unsigned errlen);

/*
 * One function a line, two spaces a level, with marker lines: [task NAME], [task NAME] (resumes), [idle],
 * [irq], [end irq], [softirq NET_RX], == CALL text, == RET text = result. Leaf calls in a row: `name  xN`.
 * With more than one host, a line `# host NAME` goes before each.
 */
int viz_export_calls(const struct viz_trace *t, const char *host, FILE *out, char *err, unsigned errlen);

#endif
