/*
 * Softirqs, tasklets and ksoftirqd. See softirq.h for who runs what when.
 *
 * A softirq is served with interrupts enabled and softirq_count odd, so that an interrupt that comes
 * in meanwhile does not serve softirqs on top of it.
 */
#include "stack/kernel/softirq.h"

#include "stack/kernel/kernel_state.h"

#define MAX_SOFTIRQ_TIME 2 /* ms */
#define MAX_SOFTIRQ_RESTART 10

void open_softirq(struct host *host, int nr, void (*action)(struct host *host))
{
	TRACE(host, "register the function that serves a softirq");
	kernel_of(host)->action[nr] = action;
}

/* ---- raising ---- */

static void softirq_mark(struct host *host, unsigned int nr)
{
	if (host->cpu.softirq_pending & BIT(nr))
		return;
	host->cpu.softirq_pending |= (u32)BIT(nr);
	if (trace_recording(host))
		kernel_of(host)->softirq_hop[nr] = trace_hop_out(host, HOP_SOFTIRQ);
}

void __raise_softirq_irqoff(struct host *host, unsigned int nr)
{
	TRACE(host, "mark the softirq as pending");
	softirq_mark(host, nr);
}

void raise_softirq_irqoff(struct host *host, unsigned int nr)
{
	__raise_softirq_irqoff(host, nr);
	/* in an interrupt, or with bottom halves disabled, it will be seen at the end of that */
	if (!in_interrupt(host))
		wakeup_softirqd(host);
}

void raise_softirq(struct host *host, unsigned int nr)
{
	local_irq_disable(&host->cpu);
	raise_softirq_irqoff(host, nr);
	local_irq_enable(&host->cpu);
}

void wakeup_softirqd(struct host *host)
{
	TRACE(host, "leave the pending softirqs to ksoftirqd");
	wake_up_process(kernel_of(host)->ksoftirqd);
}

/* ksoftirqd has been woken: it gets what is pending in its turn, but for the urgent kinds. */
bool ksoftirqd_running(const struct host *host, u32 pending)
{
	if (pending & (BIT(HI_SOFTIRQ) | BIT(TASKLET_SOFTIRQ)))
		return false;
	return kernel_of(host)->ksoftirqd->state == TASK_RUNNING;
}

/* ---- serving ---- */

static inline void serve_one(struct host *host, unsigned int nr)
{
	struct kernel_state *k = kernel_of(host);

	host->cpu.ctx = nr == TIMER_SOFTIRQ || nr == HRTIMER_SOFTIRQ ? CTX_TIMER : CTX_SOFTIRQ;
	if (trace_recording(host)) {
		/* RCU's callbacks show as they are, as in golden/ */
		if (nr != RCU_SOFTIRQ)
			trace_softirq(host, nr);
		trace_hop_in(host, HOP_SOFTIRQ, k->softirq_hop[nr]);
		k->softirq_hop[nr] = 0;
	}
	k->action[nr](host);
}

static bool softirq_time_left(const struct host *host, u64 start)
{
	return time_before(jiffies(host), start / NSEC_PER_JIFFY + msecs_to_jiffies(MAX_SOFTIRQ_TIME));
}

/* Rounds of serving all that is pending; entered and left with interrupts disabled. */
static void serve_softirqs(struct host *host)
{
	struct cpu *cpu = &host->cpu;
	u64 start = host_now(host);
	int max_restart = MAX_SOFTIRQ_RESTART;
	u8 ctx = cpu->ctx;

	cpu->softirq_count += SOFTIRQ_OFFSET;
	do {
		u32 pending = cpu->softirq_pending;

		cpu->softirq_pending = 0;
		local_irq_enable(cpu);
		for (; pending; pending &= pending - 1)
			serve_one(host, (unsigned int)__builtin_ctz(pending));
		local_irq_disable(cpu);
	} while (cpu->softirq_pending && softirq_time_left(host, start) && !need_resched(host) &&
		 --max_restart);
	cpu->softirq_count -= SOFTIRQ_OFFSET;
	cpu->ctx = ctx;
	if (cpu->softirq_pending)
		wakeup_softirqd(host);
}

void __do_softirq(struct host *host)
{
	TRACE(host, "serve the pending softirqs, a bounded number of rounds");
	serve_softirqs(host);
}

void do_softirq(struct host *host)
{
	TRACE(host, "serve pending softirqs from task context");
	if (in_interrupt(host))
		return;
	local_irq_disable(&host->cpu);
	if (host->cpu.softirq_pending && !ksoftirqd_running(host, host->cpu.softirq_pending))
		__do_softirq(host);
	local_irq_enable(&host->cpu);
}

static void bh_enable_and_serve(struct host *host)
{
	TRACE_AS(host, "__local_bh_enable_ip",
		 "bottom halves are enabled again: serve what was raised meanwhile");
	host->cpu.softirq_count -= SOFTIRQ_DISABLE_OFFSET;
	do_softirq(host);
}

void __local_bh_enable_ip(struct host *host)
{
	if (ksoftirqd_running(host, host->cpu.softirq_pending))
		host->cpu.softirq_count -= SOFTIRQ_DISABLE_OFFSET;
	else
		bh_enable_and_serve(host);
}

void irq_exit(struct host *host)
{
	TRACE(host, "the outermost interrupt ends: serve the softirqs that it raised");
	__do_softirq(host);
}

static void run_ksoftirqd(struct host *host)
{
	TRACE(host, "serve softirqs as a task of its own");
	local_irq_disable(&host->cpu);
	serve_softirqs(host);
	local_irq_enable(&host->cpu);
}

void ksoftirqd(void *arg)
{
	struct host *host = arg;

	for (;;) {
		rcu_quiescent(host);
		if (!host->cpu.softirq_pending)
			return;
		run_ksoftirqd(host);
		cond_resched(host);
	}
}

/* ---- tasklets ---- */

void tasklet_setup(struct host *host, struct tasklet_struct *t, void (*callback)(struct tasklet_struct *))
{
	*t = (struct tasklet_struct){ .host = host, .callback = callback, .use_callback = true };
}

void tasklet_init(struct host *host, struct tasklet_struct *t, void (*func)(unsigned long),
		  unsigned long data)
{
	*t = (struct tasklet_struct){ .host = host, .func = func, .data = data };
}

static void tasklet_queue(struct kernel_state *k, struct tasklet_struct *t)
{
	t->next = NULL;
	*k->tasklets_tail = t;
	k->tasklets_tail = &t->next;
}

void tasklet_schedule(struct tasklet_struct *t)
{
	if (t->scheduled)
		return;
	t->scheduled = true;
	tasklet_queue(kernel_of(t->host), t);
	raise_softirq_irqoff(t->host, TASKLET_SOFTIRQ);
}

void tasklet_kill(struct tasklet_struct *t)
{
	struct kernel_state *k = kernel_of(t->host);

	if (!t->scheduled)
		return;
	t->scheduled = false;
	for (struct tasklet_struct **p = &k->tasklets; *p; p = &(*p)->next) {
		if (*p != t)
			continue;
		*p = t->next;
		if (!*p)
			k->tasklets_tail = p;
		return;
	}
}

void tasklet_enable(struct tasklet_struct *t)
{
	if (--t->disabled == 0 && t->scheduled)
		raise_softirq_irqoff(t->host, TASKLET_SOFTIRQ);
}

/* Runs each tasklet that was scheduled before; golden/ does not show this function itself. */
static void tasklet_action(struct host *host)
{
	struct kernel_state *k = kernel_of(host);
	struct tasklet_struct **end = k->tasklets_tail, **p = &k->tasklets, *t;
	bool last = false;

	while ((t = *p) && !last) {
		last = &t->next == end;
		if (t->disabled) {
			p = &t->next;
			continue;
		}
		*p = t->next;
		if (!*p)
			k->tasklets_tail = p;
		t->scheduled = false;
		if (t->use_callback)
			t->callback(t);
		else
			t->func(t->data);
	}
}

/* ---- life ---- */

void softirq_init(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	k->tasklets_tail = &k->tasklets;
	k->action[TASKLET_SOFTIRQ] = tasklet_action;
	k->action[TIMER_SOFTIRQ] = run_timer_softirq;
	k->action[HRTIMER_SOFTIRQ] = hrtimer_run_softirq;
}

void softirq_exit(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	k->tasklets = NULL;
	k->tasklets_tail = &k->tasklets;
	host->cpu.softirq_pending = 0;
}
