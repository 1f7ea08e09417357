/*
 * Tasks as the network code knows them: life, sleeping and waking, work on return to user mode.
 *
 * The switching is core's (core/cpu.c); here is the state that makes a wake-up that comes between looking at
 * a condition and sleeping not get lost: it sets TASK_RUNNING, and schedule() then does not sleep.
 */
#include "stack/kernel/sched.h"

#include "stack/kernel/kernel_state.h"
#include "stack/kernel/signal.h"

/* ---- life ---- */

static struct task_struct *task_struct_new(struct host *host, const char *name, void (*fn)(void *arg),
					   void *arg)
{
	struct task_struct *tsk = kzalloc(host, sizeof(*tsk));

	if (!tsk)
		return NULL;
	tsk->host = host;
	tsk->fn = fn;
	tsk->arg = arg;
	tsk->sig_ignored = ~0u;
	strncpy(tsk->comm, name, TASK_COMM_LEN - 1);
	return tsk;
}

/* A program has ended: its files are closed, which may be the last use of a socket. */
static void do_exit(struct task_struct *tsk)
{
	struct host *host = tsk->host;
	struct kernel_state *k = kernel_of(host);

	if (k->exit_files)
		k->exit_files(tsk);
	exit_signals(tsk);
	exit_to_user_mode(tsk);
	rcu_quiescent(host);
	tsk->task->priv = NULL;
	kfree(host, tsk);
}

static void user_task_main(void *arg)
{
	struct task_struct *tsk = arg;

	if (!signal_pending(tsk))
		tsk->fn(tsk->arg);
	do_exit(tsk);
}

struct task_struct *user_task_create(struct host *host, const char *name, void (*fn)(void *arg), void *arg)
{
	struct task_struct *tsk = task_struct_new(host, name, fn, arg);

	if (!tsk)
		return NULL;
	tsk->task = task_create(host, tsk->comm, user_task_main, tsk);
	if (!tsk->task) {
		kfree(host, tsk);
		return NULL;
	}
	tsk->task->priv = tsk;
	return tsk;
}

/* One run of a kernel thread, from a wake-up to its next rest. */
static void kthread_main(void *arg)
{
	struct task_struct *tsk = arg;

	tsk->fn(tsk->arg);
	rcu_quiescent(tsk->host);
	tsk->state = TASK_INTERRUPTIBLE;
}

struct task_struct *kthread_create(struct host *host, const char *name, void (*fn)(void *arg), void *arg)
{
	struct task_struct *tsk = task_struct_new(host, name, fn, arg);

	if (!tsk)
		return NULL;
	tsk->task = task_create_resting(host, tsk->comm, kthread_main, tsk);
	if (!tsk->task) {
		kfree(host, tsk);
		return NULL;
	}
	tsk->task->priv = tsk;
	tsk->task->daemon = true;
	tsk->is_kthread = true;
	tsk->state = TASK_INTERRUPTIBLE;
	return tsk;
}

void kthread_stop(struct task_struct *tsk)
{
	struct host *host = tsk->host;

	task_free(tsk->task);
	kfree(host, tsk);
}

/* ---- sleeping and waking ---- */

static bool may_sleep(const struct task_struct *tsk)
{
	if (tsk->state == TASK_RUNNING || tsk->host->dying)
		return false;
	return !(tsk->state & TASK_INTERRUPTIBLE) || !signal_pending(tsk);
}

void schedule(struct host *host)
{
	struct task_struct *tsk = current(host);

	if (unlikely(!tsk || in_interrupt(host))) {
		sim_fault(host->sim, host, "schedule() in an interrupt or with bottom halves disabled");
		return;
	}
	rcu_quiescent(host);
	if (tsk->state == TASK_RUNNING)
		task_yield(tsk->task);
	while (may_sleep(tsk))
		task_block(tsk->task);
	if (unlikely(host->dying))
		task_block(tsk->task); /* puts a task aside that will not end */
	tsk->state = TASK_RUNNING;
}

bool wake_up_quietly(struct task_struct *tsk, unsigned int state)
{
	if (!(tsk->state & state))
		return false;
	tsk->state = TASK_RUNNING;
	task_wake(tsk->task);
	return true;
}

int try_to_wake_up(struct task_struct *tsk, unsigned int state, int wake_flags)
{
	TRACE(tsk, "make the sleeping task ready to run");
	(void)wake_flags;
	return wake_up_quietly(tsk, state);
}

int wake_up_process(struct task_struct *tsk)
{
	return try_to_wake_up(tsk, TASK_NORMAL, 0);
}

int wake_up_state(struct task_struct *tsk, unsigned int state)
{
	return try_to_wake_up(tsk, state, 0);
}

void cond_resched(struct host *host)
{
	if (host->cpu.runq && !in_interrupt(host))
		yield(host);
}

void yield(struct host *host)
{
	struct task_struct *tsk = current(host);

	rcu_quiescent(host);
	task_yield(tsk->task);
}

/* ---- sleeping for a time ---- */

struct process_timer {
	struct timer_list timer;
	struct task_struct *task;
};

static void process_timeout(struct timer_list *t)
{
	wake_up_quietly(container_of(t, struct process_timer, timer)->task, TASK_NORMAL);
}

long schedule_timeout(struct host *host, long timeout)
{
	TRACE(host, "sleep until woken or the time is over");
	struct process_timer pt;
	unsigned long expire;

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		schedule(host);
		return timeout;
	}
	if (unlikely(timeout < 0)) {
		set_current_state(host, TASK_RUNNING);
		return 0;
	}
	expire = jiffies(host) + (unsigned long)timeout;
	pt.task = current(host);
	timer_setup(host, &pt.timer, process_timeout, TIMER_QUIET);
	mod_timer(&pt.timer, expire);
	schedule(host);
	del_timer_sync(&pt.timer);
	timeout = (long)(expire - jiffies(host));
	return timeout < 0 ? 0 : timeout;
}

long schedule_timeout_interruptible(struct host *host, long timeout)
{
	set_current_state(host, TASK_INTERRUPTIBLE);
	return schedule_timeout(host, timeout);
}

long schedule_timeout_uninterruptible(struct host *host, long timeout)
{
	set_current_state(host, TASK_UNINTERRUPTIBLE);
	return schedule_timeout(host, timeout);
}

struct hrtimer_sleeper {
	struct hrtimer timer;
	struct task_struct *task; /* NULL once it has fired */
};

static enum hrtimer_restart hrtimer_wakeup(struct hrtimer *timer)
{
	struct hrtimer_sleeper *t = container_of(timer, struct hrtimer_sleeper, timer);
	struct task_struct *tsk = t->task;

	t->task = NULL;
	wake_up_quietly(tsk, TASK_NORMAL);
	return HRTIMER_NORESTART;
}

int schedule_hrtimeout(struct host *host, const ktime_t *expires)
{
	struct hrtimer_sleeper t;

	if (expires && *expires <= ktime_get(host)) {
		set_current_state(host, TASK_RUNNING);
		return 0;
	}
	if (!expires) {
		schedule(host);
		return -EINTR;
	}
	hrtimer_init(host, &t.timer, HRTIMER_MODE_ABS);
	t.timer.function = hrtimer_wakeup;
	t.timer.quiet = true;
	t.task = current(host);
	hrtimer_start(&t.timer, *expires, HRTIMER_MODE_ABS);
	schedule(host);
	hrtimer_cancel(&t.timer);
	return t.task ? -EINTR : 0;
}

int schedule_hrtimeout_range(struct host *host, const ktime_t *expires, u64 slack)
{
	(void)slack;
	return schedule_hrtimeout(host, expires);
}

/* Boot and tear-down run outside any task: nothing can be waited for, but softirqs get their turn. */
static void sleep_without_task(struct host *host)
{
	local_irq_disable(&host->cpu);
	if (host->cpu.softirq_pending && !in_interrupt(host))
		__do_softirq(host);
	local_irq_enable(&host->cpu);
}

static void sleep_until(struct host *host, u64 expires, unsigned int state)
{
	ktime_t when = (ktime_t)expires;

	if (!current(host)) {
		sleep_without_task(host);
		return;
	}
	do {
		set_current_state(host, state);
	} while (schedule_hrtimeout(host, &when) != 0 && !host->dying);
}

void msleep(struct host *host, unsigned int ms)
{
	sleep_until(host, host_now(host) + ms * NSEC_PER_MSEC, TASK_UNINTERRUPTIBLE);
}

void usleep_range(struct host *host, unsigned long min_us, unsigned long max_us)
{
	(void)max_us;
	sleep_until(host, host_now(host) + min_us * NSEC_PER_USEC, TASK_UNINTERRUPTIBLE);
}

/* ---- work on return to user mode ---- */

int task_work_add(struct task_struct *tsk, struct callback_head *work, void (*func)(struct callback_head *))
{
	work->func = func;
	work->next = tsk->task_works;
	tsk->task_works = work;
	return 0;
}

void task_work_run(struct task_struct *tsk)
{
	TRACE(tsk, "on the way back to the program: run the work that was left for it");
	struct callback_head *work, *next;

	while ((work = tsk->task_works)) {
		tsk->task_works = NULL;
		for (; work; work = next) {
			next = work->next;
			work->func(work);
		}
	}
}
