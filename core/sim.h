/*
 * The simulation: one world of hosts, links and switches under one virtual clock.
 *
 * A `struct sim` owns everything of a run. Nothing in the process is shared between two of them, so
 * that two runs can live side by side (or in two threads). Time is an integer count of nanoseconds
 * since the start of the run.
 */
#ifndef CORE_SIM_H
#define CORE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

struct host;
struct trace;
struct trace_fn;
struct frame_pool;

#define NSEC_PER_USEC 1000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_SEC 1000000000ull
#define SIM_FOREVER UINT64_MAX /* no limit on virtual time */

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Where something was allocated or armed, for the leak report: a literal "file:line". */
#define SIM_STR2(x) #x
#define SIM_STR(x) SIM_STR2(x)
#define SIM_SITE __FILE__ ":" SIM_STR(__LINE__)

/* Why sim_run() returned. */
enum sim_stop {
	SIM_IDLE,    /* no foreground event is left */
	SIM_UNTIL,   /* the time asked for was reached */
	SIM_STOPPED, /* sim_stop() was called (a signal, an assertion, the script) */
	SIM_FAULT,   /* sim_fault() was called: the simulator or the stack is wrong */
	SIM_LIMIT,   /* a limit was reached: virtual time, memory, instructions */
};

/*
 * Anything that acts in time: a host, a switch, a hub. The pair (id, seq) orders what happens at the
 * same nanosecond, so the order does not depend on how nodes are spread over threads.
 */
struct node {
	struct sim *sim;
	uint32_t id;  /* 1.. in order of creation; 0 is the simulation itself */
	uint64_t seq; /* how many events this node has scheduled */
	const char *name;
};

struct sim {
	uint64_t now;  /* virtual time in ns; read it freely, only the engine writes it */
	uint64_t seed; /* the run's seed; named streams are derived from it (core/random.h) */
	struct event_queue queue;
	struct node root;    /* node 0: scripts and fault injection schedule on it */
	struct host **hosts; /* by creation; hosts[i]->index == i */
	uint32_t nr_hosts, nr_nodes;
	struct trace *trace; /* NULL when nothing is recorded */
	uint16_t *fn_rank; /* core/trace.h: rank by name of each function description; NULL: not needed yet */
	uint32_t *fn_cost; /* ns a call of each function spends by rank, or NULL: instant; from malloc, freed
			      with sim */
	struct frame_pool *frames;
	struct cpu *ready, **ready_tail; /* CPUs with something to run when the event at hand is done */
	struct task_stack *stacks;	 /* cpu.c: stacks that no task uses, last used first */
	void *engine; /* whoever switched to the flow that runs: the engine's stack pointer, and its stack's
			 place */
	const void *engine_bottom;
	size_t engine_size;
	uint64_t until; /* of the sim_run() at hand */
	enum sim_stop stop;
	bool stopping;	     /* set by sim_stop() and sim_fault(): the loop returns after this event */
	uint64_t time_limit; /* virtual ns; past it the run ends with SIM_LIMIT */
	uint64_t nr_events, nr_frames, nr_drops;
	char fault[512];	      /* what sim_fault() said, with time and host */
	bool no_memory;		      /* it was sim_no_memory() */
	void (*idle_poll)(void *arg); /* called about every 10,000 events: signals, progress */
	/* Called when the clock is about to move to `when`, at or past pace_at: waits for the real time that
	 * is due, and returns the virtual time from which it wants to be called again. Changes nothing of the
	 * run. */
	uint64_t (*pace)(void *arg, uint64_t when);
	uint64_t pace_at; /* SIM_FOREVER: never */
	void *idle_arg;
	/* Called on entry to every traced function of every host, when set before the first host is made:
	 * core/trace.h. It looks and changes nothing of the run. */
	void (*on_enter)(void *arg, struct host *host, const struct trace_fn *fn, unsigned kind,
			 const void *at);
	void *on_enter_arg;
};

struct sim *sim_new(uint64_t seed);

/* Frees the world. Everything in it must have been torn down before (host_teardown()). */
void sim_free(struct sim *sim);

/*
 * Runs until the virtual time `until` (inclusive), or until idle when it is SIM_FOREVER, or until stopped.
 * The time limit stops both.
 */
enum sim_stop sim_run(struct sim *sim, uint64_t until);

/* Nothing but house-keeping is left to happen. */
bool sim_idle(const struct sim *sim);

/* Asks the loop to return after the event at hand. */
void sim_stop(struct sim *sim, enum sim_stop why);

/*
 * Records the first fault inside the simulator (a broken invariant, a bus error that no card reports,
 * a leak) with virtual time and host, and stops the run: exit code 3. `host` may be NULL.
 */
void sim_fault(struct sim *sim, struct host *host, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The real machine has no memory for something that the run cannot do without: stops it, a limit and no fault
 * of the simulator. */
void sim_no_memory(struct sim *sim, struct host *host, const char *what);

/* An invariant of the simulator, on in every build. */
#define SIM_BUG_ON(host_, cond)                                                                              \
	do {                                                                                                 \
		if (unlikely(cond))                                                                          \
			sim_fault((host_)->sim, (host_), "BUG at %s: %s", SIM_SITE, #cond);                  \
	} while (0)

void node_init(struct node *node, struct sim *sim, const char *name);

#endif
