/*
 * Softirqs and tasklets: work that an interrupt leaves for right after it.
 *
 * Raised from an interrupt, a softirq runs when the outermost interrupt ends (irq_exit); raised with bottom
 * halves disabled, when they are enabled again (__local_bh_enable_ip); raised by a task otherwise, in
 * ksoftirqd. Too many at once (10 rounds, 2 ms, or a task that waits for the CPU) are left to ksoftirqd as
 * well.
 */
#ifndef STACK_KERNEL_SOFTIRQ_H
#define STACK_KERNEL_SOFTIRQ_H

#include "stack/kernel/kernel.h"

enum {
	HI_SOFTIRQ,
	TIMER_SOFTIRQ,
	NET_TX_SOFTIRQ,
	NET_RX_SOFTIRQ,
	BLOCK_SOFTIRQ,
	IRQ_POLL_SOFTIRQ,
	TASKLET_SOFTIRQ,
	SCHED_SOFTIRQ,
	HRTIMER_SOFTIRQ,
	RCU_SOFTIRQ,
	NR_SOFTIRQS
};

/* host->cpu.softirq_count: one for the softirq that is being served, two for each local_bh_disable(). */
#define SOFTIRQ_OFFSET 1u
#define SOFTIRQ_DISABLE_OFFSET 2u

void open_softirq(struct host *host, int nr, void (*action)(struct host *host));
void raise_softirq(struct host *host, unsigned int nr);
void raise_softirq_irqoff(struct host *host, unsigned int nr);
void __raise_softirq_irqoff(struct host *host, unsigned int nr);
void do_softirq(struct host *host);
void __do_softirq(struct host *host);
void irq_exit(struct host *host);
void wakeup_softirqd(struct host *host);
void __local_bh_enable_ip(struct host *host);

static inline u32 local_softirq_pending(const struct host *host)
{
	return host->cpu.softirq_pending;
}
static inline void local_bh_disable(struct host *host)
{
	host->cpu.softirq_count += SOFTIRQ_DISABLE_OFFSET;
}
/* The outermost one serves what was raised meanwhile; only then is it shown. */
static inline void local_bh_enable(struct host *host)
{
	struct cpu *cpu = &host->cpu;

	if (unlikely(cpu->softirq_pending) && cpu->softirq_count == SOFTIRQ_DISABLE_OFFSET &&
	    !cpu->hardirq_count)
		__local_bh_enable_ip(host);
	else
		cpu->softirq_count -= SOFTIRQ_DISABLE_OFFSET;
}

static inline bool in_hardirq(const struct host *host)
{
	return host->cpu.hardirq_count;
}
#define in_irq(host) in_hardirq(host)
/* A softirq is being served, or bottom halves are disabled. */
static inline bool in_softirq(const struct host *host)
{
	return host->cpu.softirq_count;
}
static inline bool in_serving_softirq(const struct host *host)
{
	return host->cpu.softirq_count & SOFTIRQ_OFFSET;
}
static inline bool in_interrupt(const struct host *host)
{
	return host->cpu.softirq_count | host->cpu.hardirq_count;
}
static inline bool in_task(const struct host *host)
{
	return !(host->cpu.softirq_count & SOFTIRQ_OFFSET) && !host->cpu.hardirq_count;
}
static inline bool irqs_disabled(const struct host *host)
{
	return host->cpu.irq_disabled;
}

#define local_irq_save(host, flags) ((void)(flags), local_irq_disable(&(host)->cpu))
#define local_irq_restore(host, flags) ((void)(flags), local_irq_enable(&(host)->cpu))

/* ---- tasklets ---- */

struct tasklet_struct {
	struct host *host;
	struct tasklet_struct *next;
	bool scheduled;
	bool use_callback;
	unsigned int disabled; /* nesting of tasklet_disable() */
	u32 hop;
	void (*callback)(struct tasklet_struct *t);
	void (*func)(unsigned long data);
	unsigned long data;
};

void tasklet_setup(struct host *host, struct tasklet_struct *t, void (*callback)(struct tasklet_struct *));
void tasklet_init(struct host *host, struct tasklet_struct *t, void (*func)(unsigned long),
		  unsigned long data);
void tasklet_schedule(struct tasklet_struct *t);
/* Takes it out of the queue; it does not run any more until it is scheduled again. */
void tasklet_kill(struct tasklet_struct *t);
static inline void tasklet_disable(struct tasklet_struct *t)
{
	t->disabled++;
}
void tasklet_enable(struct tasklet_struct *t);
#define from_tasklet(var, callback_tasklet, field) container_of(callback_tasklet, __typeof__(*(var)), field)

#endif
