/* Exports: a finished run in the formats that other tools open. */
#ifndef VIZ_EXPORT_H
#define VIZ_EXPORT_H

#include <stdio.h>

#include "viz/trace_read.h"

/* What is wanted. */
struct viz_export {
	const struct viz_trace *t; /* NULL for a format that `needs` no trace */
	const char *dir;	   /* the run folder */
	const char *host;	   /* only this one; NULL: all */
	uint64_t from, to;	   /* what happened in this window of time; to 0: to the end */
	bool by_time;		   /* folded: virtual time instead of calls */
	unsigned follow;	   /* folded: calls stand below what set them off, over so many hops */
	bool spread;		   /* chrome, perfetto: what happens at one instant is set 1 ns apart */
	bool *cut;		   /* set when a capture was cut off */
	FILE *out;
	const char *folder; /* VIZ_EXPORT_FOLDER: an empty folder to write in */
	char *err;
	unsigned errlen;
};

enum viz_export_kind { VIZ_EXPORT_TEXT, VIZ_EXPORT_BINARY, VIZ_EXPORT_FOLDER };

struct viz_export_format {
	const char *name;
	enum viz_export_kind kind;
	int (*run)(const struct viz_export *x); /* 0, or -1 with a message */
	const char *help;
};

/* All formats; the last one has no name. */
extern const struct viz_export_format viz_export_formats[];

/* Host number i is there and wanted. */
bool viz_export_wants(const struct viz_export *x, uint32_t i);

/* Writes "no memory"; returns -1. */
int viz_export_no_memory(const struct viz_export *x);

int viz_export_calls(const struct viz_export *x);
int viz_export_chrome(const struct viz_export *x);
int viz_export_csv(const struct viz_export *x);
int viz_export_ctf(const struct viz_export *x);
int viz_export_folded(const struct viz_export *x);
int viz_export_ftrace(const struct viz_export *x);
int viz_export_jsonl(const struct viz_export *x);
int viz_export_pcapng(const struct viz_export *x);
int viz_export_perfetto(const struct viz_export *x);

#endif
