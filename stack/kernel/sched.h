/*
 * The stack's view of a task: what Linux keeps in task_struct and the network code looks at.
 *
 * A task_struct belongs to one core task (core/cpu.h) and lives as long as it does. Programs are made
 * by user_task_create(), kernel threads by kthread_create(). current(host) is NULL when the CPU idles.
 *
 *	  user_task_create()           set_current_state(TASK_INTERRUPTIBLE), schedule()
 *	  ----------------> RUNNING ------------------------------------------> blocked
 *	                       ^  |  \------- try_to_wake_up(), a kill <-----------/
 *	                       +--+---> do_exit(): files closed, task work run, gone
 */
#ifndef STACK_KERNEL_SCHED_H
#define STACK_KERNEL_SCHED_H

#include "stack/kernel/kernel.h"

/* task_struct.state; TASK_RUNNING (0) is core's. */
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

#define TASK_COMM_LEN 16

struct callback_head {
	struct callback_head *next;
	void (*func)(struct callback_head *head);
};
#define rcu_head callback_head

struct files_struct;

struct task_struct {
	struct host *host;
	struct task *task; /* core's */
	u8 state;
	u8 is_kthread;
	struct files_struct *files;	  /* stack/application's; NULL for kernel threads */
	struct callback_head *task_works; /* to run on return to user mode, newest first */
	u32 pending;	 /* signals to deal with on return to user mode, a bit each (signal.h) */
	u32 sig_ignored; /* those that are dropped; all, until a program sets it */
	u32 sig_restart; /* those with a handler after which a call is begun again (SA_RESTART) */
	u32 sig_noticed; /* taken from `pending`: their handlers are to run when the call is over */
	struct hrtimer *real_timer; /* alarm(); NULL before its first use */
	char comm[TASK_COMM_LEN];
	void (*fn)(void *arg);
	void *arg;
	void *journal; /* the caller's (lua/): not looked at here */
};

/* The task on the CPU, or NULL: idle, or an interrupt that came in while idle. */
static inline struct task_struct *current(const struct host *host)
{
	return likely(host->cpu.current) ? host->cpu.current->priv : NULL;
}

/*
 * A program: fn(arg) runs as a task of its own. files_init() may set exit_files (kernel_state.h), which is
 * called when the program ends, before the task's work is run. NULL: no memory.
 */
struct task_struct *user_task_create(struct host *host, const char *name, void (*fn)(void *arg), void *arg);

/*
 * A kernel thread: fn(arg) is run from its start each time it is woken while it rests, and rests again
 * (without a stack) when it returns. It starts at rest. kthread_stop() frees it; it must be at rest or never
 * wake again.
 */
struct task_struct *kthread_create(struct host *host, const char *name, void (*fn)(void *arg), void *arg);
void kthread_stop(struct task_struct *tsk);

/* A kill was sent, or a signal: blocking calls return -ERESTARTSYS / -EINTR. */
static inline bool signal_pending(const struct task_struct *tsk)
{
	return tsk && unlikely(tsk->task->killed || tsk->pending);
}
#define fatal_signal_pending(tsk) signal_pending(tsk)

/*
 * A call returned -ERESTARTSYS: whether to make it again, since all the signals that came have handlers with
 * SA_RESTART. The handlers run when the call is over, as in luaposix. Calls that wait for a time, and poll
 * and its like, return -EINTR and are never made again.
 */
bool restart_syscall(struct task_struct *tsk);

static inline void set_current_state(struct host *host, unsigned int state)
{
	current(host)->state = (u8)state;
}
#define __set_current_state set_current_state

/* Gives up the CPU; returns when woken, at once when the state is TASK_RUNNING or a kill is pending. */
void schedule(struct host *host);

/* Sleeps up to `timeout` jiffies; returns what is left of them, 0 when they have passed. The caller has set
 * the state. MAX_SCHEDULE_TIMEOUT: no limit. */
long schedule_timeout(struct host *host, long timeout);
long schedule_timeout_interruptible(struct host *host, long timeout);
long schedule_timeout_uninterruptible(struct host *host, long timeout);

/* Sleeps until the virtual time `expires` (ns; NULL: no limit). 0: it has come; -EINTR: woken before. */
int schedule_hrtimeout(struct host *host, const ktime_t *expires);
/* The same with the name that poll and epoll call it by; the slack is not used. */
int schedule_hrtimeout_range(struct host *host, const ktime_t *expires, u64 slack);

/* Lets other ready tasks run. */
void cond_resched(struct host *host);
void yield(struct host *host);

/* A task must get the CPU before more softirqs are served: it was woken while the CPU idles. */
static inline bool need_resched(const struct host *host)
{
	return !host->cpu.current && host->cpu.runq;
}

/* Makes a task that sleeps in one of `state`'s states ready. 1 when it slept. */
int try_to_wake_up(struct task_struct *tsk, unsigned int state, int wake_flags);
int wake_up_process(struct task_struct *tsk);
bool wake_up_quietly(struct task_struct *tsk, unsigned int state); /* the same with no line in the chart */
int wake_up_state(struct task_struct *tsk, unsigned int state);

/* ---- work on return to user mode ---- */

/* Queues work that the task runs before it goes back to its program, the last queued first. Returns 0. */
int task_work_add(struct task_struct *tsk, struct callback_head *work, void (*func)(struct callback_head *));
void task_work_run(struct task_struct *tsk);

/* What every system call does last. */
static inline void exit_to_user_mode(struct task_struct *tsk)
{
	if (unlikely(tsk->task_works))
		task_work_run(tsk);
}

/* ---- delays ---- */

void msleep(struct host *host, unsigned int ms);
void usleep_range(struct host *host, unsigned long min_us, unsigned long max_us);

/* Busy waiting: spends CPU time, in any context. */
static inline void ndelay(struct host *host, unsigned long ns)
{
	cpu_spend(&host->cpu, ns);
}
static inline void udelay(struct host *host, unsigned long us)
{
	cpu_spend(&host->cpu, us * NSEC_PER_USEC);
}
static inline void mdelay(struct host *host, unsigned long ms)
{
	cpu_spend(&host->cpu, ms * NSEC_PER_MSEC);
}

#endif
