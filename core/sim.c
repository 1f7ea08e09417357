/*
 * The engine's loop and the making and freeing of a world.
 *
 * One turn of the loop: pop the first event, move the clock to it, run it, then run the CPUs that it gave
 * something to do (tasks woken) until they idle.
 */
#include "core/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/host.h"
#include "core/trace.h"
#include "core/link.h"

#define POLL_EVENTS 10000

void node_init(struct node *node, struct sim *sim, const char *name)
{
	node->sim = sim;
	node->id = sim->nr_nodes++;
	node->seq = 0;
	node->name = name;
}

struct sim *sim_new(uint64_t seed)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	if (!sim)
		return NULL;
	sim->seed = seed;
	sim->time_limit = SIM_FOREVER;
	sim->pace_at = SIM_FOREVER;
	sim->ready_tail = &sim->ready;
	node_init(&sim->root, sim, "sim");
	if (event_queue_init(&sim->queue) == 0)
		return sim;
	sim_free(sim);
	return NULL;
}

void sim_free(struct sim *sim)
{
	if (!sim)
		return;
	trace_free(sim);
	frame_pool_free(sim);
	task_stacks_free(sim);
	event_queue_free(&sim->queue);
	free(sim->hosts);
	free(sim->fn_rank);
	free(sim->fn_cost);
	free(sim);
}

/* Runs every CPU that has something to do, in the order in which they got it. */
static void run_ready(struct sim *sim)
{
	while (sim->ready && !sim->stopping) {
		struct cpu *cpu = sim->ready;

		sim->ready = cpu->next_ready;
		if (!sim->ready)
			sim->ready_tail = &sim->ready;
		cpu->is_ready = false;
		cpu_run(cpu);
	}
}

bool sim_idle(const struct sim *sim)
{
	return !sim->ready && sim->queue.nr_pending == sim->queue.nr_background;
}

enum sim_stop sim_run(struct sim *sim, uint64_t until)
{
	struct event_queue *q = &sim->queue;
	uint32_t poll = POLL_EVENTS;

	if (sim->stop == SIM_FAULT)
		return SIM_FAULT;
	sim->stopping = false;
	sim->until = until < sim->time_limit ? until : sim->time_limit;
	run_ready(sim);
	while (!sim->stopping) {
		if (until == SIM_FOREVER && sim_idle(sim)) {
			sim->stop = SIM_IDLE;
			break;
		}
		struct event *ev = event_queue_pop(q, sim->until);
		if (unlikely(!ev)) {
			if (sim->now < sim->until)
				sim->now = sim->until;
			sim->stop = until <= sim->time_limit ? SIM_UNTIL : SIM_LIMIT;
			break;
		}
		if (unlikely(ev->when >= sim->pace_at))
			sim->pace_at = sim->pace(sim->idle_arg, ev->when);
		sim->now = ev->when;
		sim->nr_events++;
		ev->fn(ev);
		if (sim->ready)
			run_ready(sim);
		if (unlikely(--poll == 0)) {
			poll = POLL_EVENTS;
			if (sim->idle_poll)
				sim->idle_poll(sim->idle_arg);
		}
	}
	return sim->stop;
}

void sim_stop(struct sim *sim, enum sim_stop why)
{
	sim->stopping = true;
	if (sim->stop != SIM_FAULT)
		sim->stop = why;
}

void sim_fault(struct sim *sim, struct host *host, const char *fmt, ...)
{
	va_list ap;
	int n;

	sim_stop(sim, SIM_FAULT);
	if (sim->fault[0])
		return;
	n = snprintf(sim->fault, sizeof(sim->fault),
		     "%llu.%09llu %s: ", (unsigned long long)(sim->now / NSEC_PER_SEC),
		     (unsigned long long)(sim->now % NSEC_PER_SEC), host ? host->name : "sim");
	if (n < 0 || (size_t)n >= sizeof(sim->fault))
		n = 0;
	va_start(ap, fmt);
	vsnprintf(sim->fault + n, sizeof(sim->fault) - (size_t)n, fmt, ap);
	va_end(ap);
}

void sim_no_memory(struct sim *sim, struct host *host, const char *what)
{
	sim->no_memory |= !sim->fault[0];
	sim_fault(sim, host, "no memory for %s", what);
}
