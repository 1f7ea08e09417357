/*
 * A host: RAM, a virtual CPU, devices on a bus, and the software that runs on it (opaque to core).
 *
 * `host->host == host`, so that TRACE(host, ...) works as for every other object that has a `host`.
 */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include "core/bus.h"
#include "core/cpu.h"
#include "core/mem.h"
#include "core/sim.h"
#include "core/trace.h"

struct net; /* the stack's per-host state */

struct host {
	struct host *host; /* itself */
	struct sim *sim;
	struct trace_host tr; /* hot: first cache lines */
	struct cpu cpu;
	struct node node;
	uint32_t index; /* in sim->hosts */
	bool dying;	/* being torn down: nothing is sent, no time is spent */
	const char *name;
	struct ram ram;
	struct bus bus;
	struct kmem kmem;      /* object caches, accounted for at the end of the run */
	struct net *net;       /* the stack's; core never looks inside */
	uint32_t journey_next; /* core/trace.h: journey and hop ids of this host */
	uint32_t hop_next;
};

/* Creates a host with `ram_size` bytes of DRAM at 0x80000000 (address space only, committed on use). */
struct host *host_new(struct sim *sim, const char *name, uint32_t ram_size);

/* Tear-down, first step: marks the host as dying and ends its tasks. The stack's exit functions come after
 * it. */
void host_end_tasks(struct host *host);

/* Tear-down, last step: checks that every object was given back; a leak is a sim_fault(). */
void host_check_leaks(struct host *host);

void host_free(struct host *host);

static inline void trace_span_end(struct trace_span *span)
{
	if (unlikely(span->host->tr.active))
		span->host->tr.depth--;
}

static inline bool trace_active(const struct host *host)
{
	return unlikely(host->tr.active);
}

static inline bool trace_recording(const struct host *host)
{
	return unlikely(host->tr.recording);
}

static inline uint64_t host_now(const struct host *host)
{
	return host->sim->now;
}

#endif
