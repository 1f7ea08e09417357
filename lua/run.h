/*
 * One run of a scenario: options, the world it builds, its scripts and programs, and how it ends.
 */
#ifndef LUA_RUN_H
#define LUA_RUN_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>
#include <xxhash.h>

#include "core/sim.h"
#include "lua/command.h"
#include "lua/script.h"
#include "lua/snapshot/snapshot.h"
#include "lua/world.h"

struct ev_loop;
struct program;
struct run_ui;
struct watch_list;

#define RUN_MAX_PARAMS 64

struct run_options {
	const char *file;
	const char *dir; /* the run folder; NULL: none is written */
	const char *filter;
	const char *params[RUN_MAX_PARAMS + 1];	 /* "k=v", NULL after the last */
	const char *snapshots[SNAPSHOT_MAX + 1]; /* moments, NULL after the last: lua/snapshot/ */
	const char *profile;			 /* of function costs; NULL: instant */
	uint64_t seed, until;
	uint64_t budget; /* instructions of a script without time passing; 0: SCRIPT_BUDGET */
	uint64_t events; /* that may happen; 0: any number */
	double pace;	 /* times real time; 0: as fast as it goes */
	bool no_trace, pcap, watch;
};

/* A chart that the scenario asked for. */
struct run_chart {
	char *host, *call, *style;
	unsigned depth, nth;
	bool show;
	struct run_chart *next;
};

struct run {
	const struct run_options *opt;
	struct sim *sim;
	struct world world;
	struct script *scripts;
	lua_State *main_co; /* the scenario's own thread */
	struct program *programs, **programs_tail;
	struct run_chart *charts, **charts_tail;
	struct snapshots *snapshots;
	struct ev_loop *loop;
	struct watch_list *watched; /* NULL: not with --watch */
	struct run_ui *ui;	    /* signals, progress, pacing, files watched (lua/run_ui.c) */
	XXH3_state_t *output;	    /* of all that the scenario itself prints */
	enum exit_code code;
	uint64_t alive; /* grows while scripts make progress, for the watchdog */
};

/* Runs a scenario from start to end. Returns its exit code. `watched` may be NULL. */
int run_scenario(const struct run_options *opt, struct watch_list *watched, bool *interrupted);

/* Ends the run with this code unless a worse end is known already; the message goes to standard error. */
void run_fail(struct run *run, enum exit_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Lets virtual time pass, up to `until` or until idle, after bringing up hosts and starting programs. */
enum sim_stop run_advance(struct run *run, uint64_t until);

/* Text of a program (`who`: "client", NULL: the scenario) for standard output; lines get time and name. */
void run_output(struct run *run, const char *who, const char *s, size_t n);
void run_error_output(struct run *run, const char *s, size_t n);

static inline void run_alive(struct run *run)
{
	run->alive++;
}

/* A signal asked the run to end, or it has failed: scripts are not to go on. */
bool run_interrupted(struct run *run);

/* --watch: the run depends on this file. */
void run_watch(struct run *run, const char *file);

#endif
