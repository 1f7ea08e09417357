/*
 * Signals (kernel/signal.c, kernel/time/itimer.c). See signal.h.
 */
#include "stack/kernel/signal.h"

#include "stack/kernel/timer.h"

/* The real timer of a task, from which the function finds the task. */
struct alarm_timer {
	struct hrtimer timer; /* first: task_struct points to it */
	struct task_struct *tsk;
};

void send_sig(int sig, struct task_struct *tsk, int priv __maybe_unused)
{
	TRACE(tsk, "send a signal to the task");

	if (tsk->sig_ignored & sig_bit(sig))
		return;
	tsk->pending |= sig_bit(sig);
	if (signal_pending(tsk))
		wake_up_state(tsk, TASK_INTERRUPTIBLE);
}

int dequeue_signal(struct task_struct *tsk)
{
	u32 all = tsk->pending | tsk->sig_noticed;
	int sig;

	if (!all)
		return 0;
	sig = 32 - __builtin_clz(all);
	tsk->pending &= ~sig_bit(sig);
	tsk->sig_noticed &= ~sig_bit(sig);
	return sig;
}

void signals_noticed(struct task_struct *tsk)
{
	tsk->sig_noticed |= tsk->pending;
	tsk->pending = 0;
}

bool restart_syscall(struct task_struct *tsk)
{
	TRACE(tsk, "a signal interrupted the call: begin it again if the handler was set so");

	if (tsk->task->killed || !tsk->pending || (tsk->pending & ~tsk->sig_restart))
		return false;
	signals_noticed(tsk);
	return true;
}

static enum hrtimer_restart it_real_fn(struct hrtimer *timer)
{
	struct task_struct *tsk = container_of(timer, struct alarm_timer, timer)->tsk;
	TRACE(tsk, "the alarm rings");

	send_sig(SIGALRM, tsk, 1);
	return HRTIMER_NORESTART;
}

/* Sets the alarm; what the last one had left. */
static long alarm_setitimer(struct task_struct *tsk, unsigned int seconds)
{
	TRACE(tsk, "set the alarm");
	ktime_t now = ktime_get(tsk->host), left = 0;
	struct alarm_timer *a;

	if (!tsk->real_timer) {
		a = kzalloc(tsk->host, sizeof(*a));
		if (!a)
			return -ENOMEM;
		hrtimer_init(tsk->host, &a->timer, HRTIMER_MODE_ABS);
		a->timer.function = it_real_fn;
		a->tsk = tsk;
		tsk->real_timer = &a->timer;
	}
	if (hrtimer_active(tsk->real_timer))
		left = hrtimer_get_expires(tsk->real_timer) - now;
	hrtimer_cancel(tsk->real_timer);
	if (seconds)
		hrtimer_start(tsk->real_timer, now + (ktime_t)seconds * (ktime_t)NSEC_PER_SEC,
			      HRTIMER_MODE_ABS);
	if (left <= 0)
		return 0;
	/* to the nearest second, but not to none */
	return left < (ktime_t)NSEC_PER_SEC
		       ? 1
		       : (long)((left + (ktime_t)NSEC_PER_SEC / 2) / (ktime_t)NSEC_PER_SEC);
}

long sys_alarm(struct task_struct *tsk, unsigned int seconds)
{
	TRACE_IN(tsk, IN_TASK, "have a signal sent after some time");

	return alarm_setitimer(tsk, seconds);
}

void exit_signals(struct task_struct *tsk)
{
	if (!tsk->real_timer)
		return;
	hrtimer_cancel(tsk->real_timer);
	kfree(tsk->host, tsk->real_timer);
	tsk->real_timer = NULL;
}
