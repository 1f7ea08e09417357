/*
 * Virtual CPUs: delivery of interrupts, time that is spent, tasks and their switching.
 *
 * All switches go between a flow's stack and the engine's (whoever called cpu_run()): a flow never
 * switches to another one directly.
 *
 *	                 cpu_run()                  task_block(), end
 *	   IDLE  ---------------------->  TASK  ----------------------> IDLE
 *	    |  interrupt                   |  ^  cpu_spend(), an event lies before
 *	    v                              v  |
 *	  irq on the engine's stack      SPENDING (flow = the task, or `idle` for an interrupt with costs)
 *	  or, with costs, on `idle`'s       |  resume event; an interrupt runs nested on the flow's stack
 */
#include "core/cpu.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "core/host.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define WITH_ASAN 0
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif

#define GUARD 4096u
#define STACK_SIZE (1024u * 1024) /* of address space, the guard page included: Lua may nest 200 C calls */
#define STORM 100000u		  /* interrupts at one nanosecond: nobody serves the device */
#define REFUSED_MAX 1000u	  /* a killed task that blocks so often does not want to end */

/* Boost.Context's switch, which C can call; the library has no C header. */
typedef void *fcontext_t;
typedef struct {
	fcontext_t fctx;
	void *data;
} transfer_t;
extern transfer_t jump_fcontext(fcontext_t to, void *data);
extern fcontext_t make_fcontext(void *sp, size_t size, void (*fn)(transfer_t from));

/* Lies at the top of the stack that it describes. */
struct task_stack {
	struct task_stack *next; /* in the pool */
	char *bottom;		 /* above the guard page */
	size_t size;		 /* up to this structure */
	unsigned int valgrind_id;
};

/* ---- stacks ---- */

static struct task_stack *stack_take(struct sim *sim)
{
	struct task_stack *stack = sim->stacks;

	if (stack) {
		sim->stacks = stack->next;
		return stack;
	}
	char *p = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (mprotect(p, GUARD, PROT_NONE) != 0) {
		munmap(p, STACK_SIZE);
		return NULL;
	}
	stack = (struct task_stack *)(p + STACK_SIZE - ((sizeof(*stack) + 63) & ~(size_t)63));
	stack->bottom = p + GUARD;
	stack->size = (size_t)((char *)stack - stack->bottom);
	stack->valgrind_id = VALGRIND_STACK_REGISTER(stack->bottom, (char *)stack);
	return stack;
}

static void stack_put(struct sim *sim, struct task_stack *stack)
{
	stack->next = sim->stacks;
	sim->stacks = stack;
}

void task_stacks_free(struct sim *sim)
{
	while (sim->stacks) {
		struct task_stack *stack = sim->stacks;

		sim->stacks = stack->next;
		VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
#if WITH_ASAN
		/* what frames left behind must not poison whatever is mapped there next */
		__asan_unpoison_memory_region(stack->bottom, (size_t)((char *)stack - (char *)stack->bottom));
#endif
		munmap(stack->bottom - GUARD, STACK_SIZE);
	}
}

/* ---- switching ---- */

/* AddressSanitizer must be told before and after each switch; `keep` is where the stack that is left keeps
 * its data, NULL when it ends. */
static inline void switch_start(void **keep, const void *bottom, size_t size)
{
#if WITH_ASAN
	__sanitizer_start_switch_fiber(keep, bottom, size);
#else
	(void)keep, (void)bottom, (void)size;
#endif
}

static inline void switch_done(void *kept, const void **from_bottom, size_t *from_size)
{
#if WITH_ASAN
	__sanitizer_finish_switch_fiber(kept, from_bottom, from_size);
#else
	(void)kept, (void)from_bottom, (void)from_size;
#endif
}

/* From a flow back to who switched to it. */
static void leave_flow(struct task *task)
{
	struct sim *sim = task->host->sim;

	switch_start(&task->fake_stack, sim->engine_bottom, sim->engine_size);
	sim->engine = jump_fcontext(sim->engine, NULL).fctx;
	switch_done(task->fake_stack, &sim->engine_bottom, &sim->engine_size);
}

static void task_main(transfer_t from)
{
	struct task *task = from.data;
	struct sim *sim = task->host->sim;

	sim->engine = from.fctx;
	switch_done(NULL, &sim->engine_bottom, &sim->engine_size);
	task->fn(task->arg);
	task->state = task->restarts ? TASK_BLOCKED : TASK_DEAD;
	task->trace_depth = 0;
	task->ctx = CTX_TASK;
	task->sp = NULL;
	switch_start(NULL, sim->engine_bottom, sim->engine_size);
	jump_fcontext(sim->engine, task);
	__builtin_unreachable();
}

/* Runs a flow until it leaves; it may leave because it blocks, ends or waits in cpu_spend(). */
static void enter_flow(struct task *task)
{
	struct sim *sim = task->host->sim;
	void *engine = sim->engine, *fake_stack = NULL;
	const void *bottom = sim->engine_bottom;
	size_t size = sim->engine_size;

	if (!task->stack) {
		task->stack = stack_take(sim);
		if (!task->stack) {
			sim_no_memory(sim, task->host, "the stack of a task");
			return;
		}
		task->sp = make_fcontext(task->stack, task->stack->size, task_main);
	}
	switch_start(&fake_stack, task->stack->bottom, task->stack->size);
	transfer_t back = jump_fcontext(task->sp, task);
	switch_done(fake_stack, NULL, NULL);
	/* a task that has ended hands itself over */
	task->sp = back.data ? NULL : back.fctx;
	sim->engine = engine;
	sim->engine_bottom = bottom;
	sim->engine_size = size;
	if (!task->sp) {
		stack_put(sim, task->stack);
		task->stack = NULL;
	}
}

/* ---- what is ready ---- */

static void cpu_mark_ready(struct cpu *cpu)
{
	struct sim *sim = cpu->host->sim;

	if (cpu->is_ready || cpu->ctx != CTX_IDLE)
		return; /* a CPU that runs looks at its run queue before it idles */
	cpu->is_ready = true;
	cpu->next_ready = NULL;
	*sim->ready_tail = cpu;
	sim->ready_tail = &cpu->next_ready;
}

static void runq_add(struct task *task)
{
	struct cpu *cpu = &task->host->cpu;

	task->next_run = NULL;
	*cpu->runq_tail = task;
	cpu->runq_tail = &task->next_run;
	cpu_mark_ready(cpu);
}

static void runq_remove(struct task *task)
{
	struct cpu *cpu = &task->host->cpu;

	for (struct task **p = &cpu->runq; *p; p = &(*p)->next_run) {
		if (*p != task)
			continue;
		*p = task->next_run;
		if (!*p)
			cpu->runq_tail = p;
		return;
	}
}

/* ---- running ---- */

/* The CPU's flow has left: it waits in cpu_spend(), or the CPU is free again. */
static void flow_left(struct cpu *cpu, struct task *flow)
{
	if (cpu->spending)
		return;
	cpu->ctx = CTX_IDLE;
	cpu->current = NULL;
	cpu->host->tr.depth = 0;
	if (flow->state == TASK_DEAD)
		task_free(flow);
}

static void run_task(struct cpu *cpu, struct task *task)
{
	struct host *host = cpu->host;

	cpu->current = task;
	cpu->ctx = task->ctx;
	host->tr.depth = task->trace_depth;
	trace_task(host, task, task->trace_depth > 0);
	if (unlikely(task->wake_hop)) {
		trace_hop_in(host, HOP_WAKE, task->wake_hop);
		task->wake_hop = 0;
	}
	enter_flow(task);
	flow_left(cpu, task);
}

void cpu_run(struct cpu *cpu)
{
	struct sim *sim = cpu->host->sim;
	bool ran = false;

	if (cpu->ctx != CTX_IDLE)
		return; /* in the middle of something: it comes back here */
	cpu_interrupt_point(cpu);
	while (cpu->runq && cpu->ctx == CTX_IDLE && (!sim->stopping || cpu->host->dying)) {
		struct task *task = cpu->runq;

		cpu->runq = task->next_run;
		if (!cpu->runq)
			cpu->runq_tail = &cpu->runq;
		run_task(cpu, task);
		ran = true;
	}
	if (cpu->ctx != CTX_IDLE)
		return;
	if (cpu->runq)
		cpu_mark_ready(cpu);
	else if (ran)
		trace_idle(cpu->host);
}

/* The suspended flow goes on: its time has passed, or an interrupt is to run on its stack. */
static void continue_flow(struct cpu *cpu)
{
	struct task *flow = cpu->flow;

	enter_flow(flow);
	flow_left(cpu, flow);
	if (cpu->ctx != CTX_IDLE)
		return;
	if (!cpu->runq)
		trace_idle(cpu->host);
	if (cpu->runq || (cpu->lines & ~cpu->masked))
		cpu_mark_ready(cpu);
}

static void resume_event(struct event *ev)
{
	struct cpu *cpu = (struct cpu *)((char *)ev - offsetof(struct cpu, resume));

	continue_flow(cpu);
}

/* ---- interrupts ---- */

static inline bool interrupt_due(const struct cpu *cpu)
{
	return unlikely(cpu->lines & ~cpu->masked) && !cpu->irq_disabled && cpu->irq_entry;
}

/* A device whose interrupt is served again and again at the same instant would stop the world. */
static bool storm(struct cpu *cpu)
{
	struct sim *sim = cpu->host->sim;

	if (cpu->storm_time != sim->now) {
		cpu->storm_time = sim->now;
		cpu->storm_count = 0;
	}
	if (likely(++cpu->storm_count < STORM))
		return false;
	sim_fault(sim, cpu->host, "interrupt storm: lines 0x%x stay high", cpu->lines & ~cpu->masked);
	cpu->masked |= cpu->lines;
	return true;
}

static void deliver(struct cpu *cpu)
{
	uint8_t ctx = cpu->ctx;

	do {
		if (storm(cpu))
			return;
		cpu->irq_disabled++;
		cpu->ctx = CTX_HARDIRQ;
		cpu->irq_entry(cpu);
		cpu->ctx = ctx;
		cpu->irq_disabled--;
	} while (interrupt_due(cpu));
}

static void idle_main(void *arg)
{
	struct cpu *cpu = arg;

	for (;;) {
		if (interrupt_due(cpu))
			deliver(cpu);
		leave_flow(cpu->idle);
	}
}

/* With costs an interrupt of idle takes time, so it needs a stack of its own. */
static void deliver_suspendable(struct cpu *cpu)
{
	if (!cpu->idle) {
		cpu->idle = calloc(1, sizeof(*cpu->idle));
		if (!cpu->idle) {
			sim_no_memory(cpu->host->sim, cpu->host, "the idle task");
			return;
		}
		*cpu->idle = (struct task){ .host = cpu->host, .name = "idle", .fn = idle_main, .arg = cpu };
	}
	enter_flow(cpu->idle);
	if (!cpu->spending)
		cpu->ctx = CTX_IDLE;
}

void cpu_interrupt(struct cpu *cpu)
{
	if (!interrupt_due(cpu))
		return;
	if (cpu->spending) {
		continue_flow(cpu);
		return;
	}
	if (cpu->ctx != CTX_IDLE) {
		deliver(cpu);
		return;
	}
	if (cpu->host->sim->fn_cost) {
		deliver_suspendable(cpu);
	} else {
		cpu->pinned = true;
		deliver(cpu);
		cpu->pinned = false;
	}
	if (cpu->runq)
		cpu_mark_ready(cpu);
	else if (cpu->ctx == CTX_IDLE)
		trace_idle(cpu->host); /* what the interrupt set off is over */
}

void cpu_set_line(struct cpu *cpu, unsigned line, bool high)
{
	uint32_t bit = 1u << line;

	if (!high) {
		cpu->lines &= ~bit;
		return;
	}
	if (!(cpu->lines & bit) && trace_recording(cpu->host))
		cpu->irq_hop[line] = trace_hop_out(cpu->host, HOP_IRQ);
	cpu->lines |= bit;
	/* a running flow takes it after its register access, so that the card is not entered twice */
	if (cpu->ctx == CTX_IDLE || cpu->spending)
		cpu_interrupt_point(cpu);
}

/* ---- time ---- */

void cpu_spend(struct cpu *cpu, uint64_t ns)
{
	struct host *host = cpu->host;
	struct sim *sim = host->sim;

	if (cpu->ctx == CTX_IDLE || cpu->spending)
		return; /* a device's code, not the CPU's */
	while (ns && !host->dying) {
		uint64_t start = sim->now, end = start + ns;

		if (end <= sim->until && !sim->ready && !event_queue_due(&sim->queue, end)) {
			sim->now = end;
			cpu->busy_ns += ns;
			return;
		}
		if (cpu->pinned)
			return;
		event_add(&cpu->resume, end);
		cpu->flow = cpu->current ? cpu->current : cpu->idle;
		cpu->spending = true;
		leave_flow(cpu->flow);
		cpu->spending = false;
		event_del(&cpu->resume);
		cpu->busy_ns += sim->now - start;
		ns -= sim->now - start;
		if (interrupt_due(cpu))
			deliver(cpu);
	}
}

/* ---- tasks ---- */

static struct task *task_new(struct host *host, const char *name, void (*fn)(void *arg), void *arg)
{
	struct cpu *cpu = &host->cpu;
	struct task *task = kzalloc(host, sizeof(*task));

	if (!task)
		return NULL;
	task->host = host;
	task->name = name;
	task->pid = ++cpu->next_pid;
	task->state = TASK_BLOCKED;
	task->ctx = CTX_TASK;
	task->fn = fn;
	task->arg = arg;
	task->pprev = cpu->tasks_tail;
	*cpu->tasks_tail = task;
	cpu->tasks_tail = &task->next;
	cpu->nr_tasks++;
	return task;
}

struct task *task_create(struct host *host, const char *name, void (*fn)(void *arg), void *arg)
{
	struct task *task = task_new(host, name, fn, arg);

	if (task) {
		task->state = TASK_RUNNING;
		runq_add(task);
	}
	return task;
}

struct task *task_create_resting(struct host *host, const char *name, void (*fn)(void *arg), void *arg)
{
	struct task *task = task_new(host, name, fn, arg);

	if (task)
		task->restarts = true;
	return task;
}

void task_free(struct task *task)
{
	struct cpu *cpu = &task->host->cpu;

	if (task->state == TASK_RUNNING)
		runq_remove(task);
	*task->pprev = task->next;
	if (task->next)
		task->next->pprev = task->pprev;
	else
		cpu->tasks_tail = task->pprev;
	cpu->nr_tasks--;
	if (task->stack)
		stack_put(task->host->sim, task->stack);
	kfree(task->host, task);
}

/* Off the CPU; comes back when the task is run again. */
static void task_switch_out(struct task *task)
{
	struct host *host = task->host;

	task->ctx = host->cpu.ctx;
	task->trace_depth = host->tr.depth;
	leave_flow(task);
}

void task_block(struct task *task)
{
	struct cpu *cpu = &task->host->cpu;

	if (unlikely(task != cpu->current || (cpu->ctx != CTX_TASK && cpu->ctx != CTX_WORK))) {
		sim_fault(task->host->sim, task->host, "task %s sleeps in a context that may not",
			  task->name);
		return;
	}
	if (unlikely(task->host->dying) && ++task->refused < REFUSED_MAX) {
		task_yield(task); /* nothing will come any more that could wake it */
		return;
	}
	task->state = TASK_BLOCKED;
	task_switch_out(task);
}

bool task_wake(struct task *task)
{
	if (task->state != TASK_BLOCKED || unlikely(task->refused >= REFUSED_MAX))
		return false;
	task->state = TASK_RUNNING;
	task->wake_hop = trace_hop_out(task->host, HOP_WAKE);
	runq_add(task);
	return true;
}

void task_yield(struct task *task)
{
	if (!task->host->cpu.runq)
		return;
	runq_add(task);
	task_switch_out(task);
}

void task_kill(struct task *task)
{
	task->killed = true;
	task_wake(task);
}

static bool task_rests(const struct task *task)
{
	return task->restarts && !task->stack && task->state == TASK_BLOCKED;
}

void cpu_end_tasks(struct cpu *cpu)
{
	struct task *task, *next;

	for (task = cpu->tasks; task; task = task->next) {
		if (!task_rests(task))
			task_kill(task);
	}
	while (cpu->spending)
		continue_flow(cpu);
	cpu_run(cpu);
	for (task = cpu->tasks; task; task = next) {
		next = task->next;
		if (!task->restarts)
			task_free(task);
	}
}

/* ---- life ---- */

void cpu_init(struct cpu *cpu, struct host *host)
{
	cpu->host = host;
	cpu->runq_tail = &cpu->runq;
	cpu->tasks_tail = &cpu->tasks;
	event_init(&cpu->resume, &host->node, resume_event, 0);
}

static void ready_remove(struct cpu *cpu)
{
	struct sim *sim = cpu->host->sim;

	for (struct cpu **p = &sim->ready; *p; p = &(*p)->next_ready) {
		if (*p != cpu)
			continue;
		*p = cpu->next_ready;
		if (!*p)
			sim->ready_tail = p;
		return;
	}
}

void cpu_exit(struct cpu *cpu)
{
	event_del(&cpu->resume);
	while (cpu->tasks)
		task_free(cpu->tasks);
	if (cpu->idle) {
		if (cpu->idle->stack)
			stack_put(cpu->host->sim, cpu->idle->stack);
		free(cpu->idle);
		cpu->idle = NULL;
	}
	if (cpu->is_ready)
		ready_remove(cpu);
}
