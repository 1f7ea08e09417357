/*
 * A host's virtual CPU and its tasks.
 *
 * The CPU runs one flow at a time: a task, or on top of it (or of idle) a hard interrupt, and what the
 * stack's irq_exit() runs after it (softirqs). Core delivers interrupts and switches tasks; softirqs,
 * work items and kernel timers are the stack's (stack/kernel).
 *
 * Tasks are stackful and not preempted: a task runs until it blocks. An interrupt comes in when the
 * CPU is idle, while a flow spends time (cpu_spend), after a register access that raised the line, and
 * when interrupts are enabled again.
 */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include "core/event.h"

struct host;
struct sim;
struct task;

/* What kind of code runs; also the contexts that a traced function may demand. */
enum cpu_ctx {
	CTX_IDLE,
	CTX_TASK, /* a program's or a kernel thread's task */
	CTX_HARDIRQ,
	CTX_SOFTIRQ, /* NET_RX, NET_TX, TASKLET, ... */
	CTX_TIMER,   /* TIMER and HRTIMER softirq */
	CTX_WORK,    /* a work item in a kworker */
};
#define IN_TASK (1u << CTX_TASK | 1u << CTX_WORK)
#define IN_HARDIRQ (1u << CTX_HARDIRQ)
#define IN_SOFTIRQ (1u << CTX_SOFTIRQ | 1u << CTX_TIMER)
#define IN_ANY 0xffu

#define CPU_LINES 32

struct cpu {
	struct host *host;
	uint8_t ctx;	      /* enum cpu_ctx: what runs; the stack sets it around softirqs, work */
	uint8_t irq_disabled; /* nesting of local_irq_disable() */
	bool spending;	      /* the flow on the CPU is suspended in cpu_spend() */
	bool pinned;	      /* an interrupt of idle on the engine's stack: cannot be suspended */
	uint32_t lines;	      /* interrupt lines that are high, a bit each (level triggered) */
	uint32_t masked;      /* lines masked at the interrupt controller */
	/* The stack's; here because they are asked for all the time. */
	uint32_t softirq_pending, softirq_count, hardirq_count;
	/* Runs the handlers of the pending lines and irq_exit(); set by the stack. Called with interrupts
	 * disabled and ctx == CTX_HARDIRQ; must come back with interrupts disabled. */
	void (*irq_entry)(struct cpu *cpu);
	struct task *current;		  /* on the CPU, also under an interrupt; NULL when idle */
	struct task *runq, **runq_tail;	  /* ready to run, in the order they became so */
	struct task *tasks, **tasks_tail; /* all tasks of the host, in order of creation */
	uint32_t nr_tasks, next_pid;
	struct task *flow;   /* what is suspended while `spending`: `current` or `idle` */
	struct task *idle;   /* with costs, interrupts of idle run on this one's stack; made on first use */
	struct event resume; /* end of the time being spent, when somebody else's event lies before */
	uint64_t busy_ns;    /* time spent so far */
	struct cpu *next_ready; /* in sim->ready: something to run when the event at hand is done */
	bool is_ready;
	uint64_t storm_time; /* virtual time of the interrupts counted in storm_count */
	uint32_t storm_count;
	uint32_t irq_hop[CPU_LINES]; /* trace: the rising edge that the next interrupt of a line comes from */
};

void cpu_init(struct cpu *cpu, struct host *host);
void cpu_exit(struct cpu *cpu); /* all tasks must have ended */

/* A device drives an interrupt line (0..31). Takes effect at once when the CPU can be interrupted. */
void cpu_set_line(struct cpu *cpu, unsigned line, bool high);

/* Delivers pending interrupts if allowed now: called after register accesses and on enabling. */
void cpu_interrupt(struct cpu *cpu);
static inline void cpu_interrupt_point(struct cpu *cpu)
{
	if (__builtin_expect((cpu->lines & ~cpu->masked) != 0, 0))
		cpu_interrupt(cpu);
}

static inline void local_irq_disable(struct cpu *cpu)
{
	cpu->irq_disabled++;
}
static inline void local_irq_enable(struct cpu *cpu)
{
	if (--cpu->irq_disabled == 0)
		cpu_interrupt_point(cpu);
}

/*
 * The running flow uses `ns` of CPU time; interrupts may come in meanwhile. When nothing else happens before
 * the end, the clock is just moved. Without costs (sim->fn_cost) an interrupt of idle cannot be suspended: if
 * something else happens before the end, it takes no time.
 */
void cpu_spend(struct cpu *cpu, uint64_t ns);

/* ---- tasks ---- */

enum task_state { TASK_RUNNING, TASK_BLOCKED, TASK_DEAD };

struct task {
	struct host *host;
	const char *name; /* must live as long as the task */
	uint32_t pid;	  /* per host, from 1 */
	uint8_t state;
	uint8_t ctx;	     /* cpu->ctx while switched out */
	uint8_t trace_depth; /* depth in the call tree while switched out */
	bool killed;	     /* a blocking call returns -ERESTARTSYS as soon as it can */
	bool daemon;	     /* waiting for ever is this task's business: not a deadlock */
	bool restarts;	     /* rests without a stack when fn returns; the next wake-up runs fn again */
	uint16_t refused;  /* how often a killed task tried to block: it is put aside when it does not end */
	uint32_t wake_hop; /* trace: the wake-up that it resumes from */
	const char *waits_in; /* the blocking call, for the deadlock report, e.g. "accept" */
	void *priv;	      /* the stack's task_struct */
	struct task *next_run, *next, **pprev;
	void (*fn)(void *arg);
	void *arg;
	struct task_stack *stack; /* the engine's; NULL before the first run and while resting */
	void *sp;
	void *fake_stack; /* AddressSanitizer's */
};

/*
 * Makes a task that starts at the next chance at the current time. The stack comes from a pool of the
 * simulation and goes back when fn returns. NULL when there is no memory.
 */
struct task *task_create(struct host *host, const char *name, void (*fn)(void *arg), void *arg);

/* A task that rests until task_wake() and again whenever fn returns (kernel threads); freed by task_free().
 */
struct task *task_create_resting(struct host *host, const char *name, void (*fn)(void *arg), void *arg);
void task_free(struct task *task);

/* The running task sleeps until task_wake(). Must not be called from an interrupt. */
void task_block(struct task *task);

/* Makes a blocked task ready; harmless when it is ready already. True when it was blocked. */
bool task_wake(struct task *task);

/* The running task goes to the end of the run queue. */
void task_yield(struct task *task);

/* Marks the task as killed and wakes it. */
void task_kill(struct task *task);

/* Kills all tasks of the host and runs them until they have ended; some that will not are put aside. */
void cpu_end_tasks(struct cpu *cpu);

/* Runs what is ready on this CPU until it idles: pending interrupts, then tasks. Engine and tear-down. */
void cpu_run(struct cpu *cpu);

/* Frees the stacks that no task uses. */
void task_stacks_free(struct sim *sim);

#endif
