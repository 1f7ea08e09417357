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

/* ---- the trace: causes and flows (core/trace.h) ---- */

/* Something was set off that will run later; returns the hop id (0 when not recording). */
static inline uint32_t trace_hop_out(struct host *host, enum trace_hop kind)
{
	return trace_recording(host) ? trace_hop_out_slow(host, kind) : 0;
}

/* What runs from here on runs because of that hop; 0 is ignored. */
static inline void trace_hop_in(struct host *host, enum trace_hop kind, uint32_t hop)
{
	if (trace_recording(host) && hop)
		trace_put(host, TR_HOP_IN, kind, host->tr.depth + 1u, hop);
}

/* What the CPU runs from here on: core/cpu.c and stack/kernel say it. */
static inline void trace_task(struct host *host, const struct task *task, bool resumes)
{
	if (trace_recording(host))
		trace_task_slow(host, task, resumes);
}

static inline void trace_idle(struct host *host)
{
	if (trace_recording(host))
		trace_idle_slow(host);
}

static inline void trace_irq(struct host *host, unsigned line)
{
	if (trace_recording(host))
		trace_put(host, TR_IRQ, 0, host->tr.depth, line);
}

static inline void trace_irq_end(struct host *host)
{
	if (trace_recording(host))
		trace_put(host, TR_IRQ_END, 0, host->tr.depth, 0);
}

static inline void trace_softirq(struct host *host, unsigned nr)
{
	if (trace_recording(host))
		trace_put(host, TR_SOFTIRQ, 0, host->tr.depth, nr);
}

/* ---- bus addresses ---- */

/* Bus address of a pointer into RAM and back; 0/NULL when it lies outside. */
static inline uint32_t ram_bus_addr(const struct host *host, const void *p)
{
	uintptr_t off = (uintptr_t)p - (uintptr_t)host->ram.base;

	return likely(off < host->ram.size) ? RAM_BASE + (uint32_t)off : 0;
}

static inline void *ram_ptr(const struct host *host, uint32_t addr, uint32_t len)
{
	uint32_t off = addr - RAM_BASE;

	if (unlikely(off >= host->ram.size || len > host->ram.size - off))
		return NULL;
	return host->ram.base + off;
}

static inline uint64_t host_now(const struct host *host)
{
	return host->sim->now;
}

#endif
