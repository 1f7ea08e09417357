/* The reference manual of the stack: a page for each source file, from the catalogue and live runs. */
#ifndef VIZ_MANUAL_H
#define VIZ_MANUAL_H

#include "viz/catalogue.h"

/*
 * Writes the manual into the folder `dir`, which is there: index.md, and LAYER/FILE.md with a section for
 * each function: its sentence, contexts, callers, callees, and a chart of what it called in all the runs. 0,
 * or -1 with a message.
 */
int manual_write(const struct catalogue *c, const char *const *runs, unsigned nr_runs, const char *dir,
		 char *err, unsigned errlen);

#endif
