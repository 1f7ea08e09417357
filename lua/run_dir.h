/*
 * The run folder: trace.wpt, the pcapng files, program output, charts, and manifest.json, which is written
 * last: a folder with a manifest is whole.
 */
#ifndef LUA_RUN_DIR_H
#define LUA_RUN_DIR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define RUN_VERSION "0.1.0" /* goes into the manifest; the digest is defined per version */

/* What a manifest says. Nothing in it depends on the machine or the clock. */
struct manifest {
	char scenario[256];   /* the script's file name without folders */
	char params[1024];    /* the --set options as given, "k=v k=v" */
	char filter[256];     /* of the trace; "" none */
	uint64_t seed, until; /* ns; UINT64_MAX: until idle */
	bool traced;
	char result[32]; /* "done", "assertion failed", "script error", "fault", "limit", "interrupted" */
	uint64_t time, events, frames, drops, records;
	uint64_t digest_run, digest_calls; /* frames, their times and program output; calls (0: not traced) */
};

/* Makes the folder (with its parents) and removes what an earlier run left there. 0, or -1 with a message. */
int run_dir_prepare(const char *dir, char *err, unsigned errlen);

int manifest_write(const char *dir, const struct manifest *m, char *err, unsigned errlen);
int manifest_read(const char *dir, struct manifest *m, char *err, unsigned errlen);

#endif
