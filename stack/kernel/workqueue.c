/*
 * Work items and the kworker that runs them.
 *
 *	idle --queue_work--> queued --kworker--> running (may be queued again) --> idle
 *	  \--queue_delayed_work--> timer --------^
 */
#include "stack/kernel/workqueue.h"

#include "stack/kernel/kernel_state.h"

/* ---- queueing ---- */

static void work_hop_out(struct work_struct *work)
{
	if (trace_recording(work->host))
		work->hop = trace_hop_out(work->host, HOP_WORK);
}

static void insert_work(struct work_struct *work, bool quiet)
{
	struct kernel_state *k = kernel_of(work->host);

	list_add_tail(&work->entry, &k->works);
	if (k->kworker->state == TASK_RUNNING)
		return; /* it looks at the list again before it rests */
	if (quiet)
		wake_up_quietly(k->kworker, TASK_NORMAL);
	else
		wake_up_process(k->kworker);
}

static void delayed_work_timer_fn(struct timer_list *t)
{
	insert_work(&container_of(t, struct delayed_work, timer)->work, true);
}

void init_work(struct host *host, struct work_struct *work, work_func_t func)
{
	work->host = host;
	work->func = func;
	INIT_LIST_HEAD(&work->entry);
	work->pending = false;
	work->hop = 0;
}

void init_delayed_work(struct host *host, struct delayed_work *dwork, work_func_t func,
		       unsigned int timer_flags)
{
	init_work(host, &dwork->work, func);
	timer_setup(host, &dwork->timer, delayed_work_timer_fn, timer_flags | TIMER_QUIET);
}

bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work)
{
	TRACE(work, "queue work for a kworker");
	(void)cpu;
	(void)wq;
	if (work->pending)
		return false;
	work->pending = true;
	work_hop_out(work);
	insert_work(work, false);
	return true;
}

bool schedule_work(struct work_struct *work)
{
	TRACE(work, "put work into the kernel's own work queue");
	return queue_work(system_wq, work);
}

static void queue_delayed(struct delayed_work *dwork, unsigned long delay)
{
	struct work_struct *work = &dwork->work;

	work->pending = true;
	work_hop_out(work);
	if (delay)
		mod_timer(&dwork->timer, jiffies(work->host) + delay);
	else
		insert_work(work, false);
}

bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork,
			   unsigned long delay)
{
	TRACE(&dwork->work, "queue work for a kworker after a delay");
	(void)cpu;
	(void)wq;
	if (dwork->work.pending)
		return false;
	queue_delayed(dwork, delay);
	return true;
}

bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork,
			 unsigned long delay)
{
	TRACE(&dwork->work, "change the delay of queued work, or queue it");
	bool was = cancel_delayed_work(dwork);

	(void)cpu;
	(void)wq;
	queue_delayed(dwork, delay);
	return was;
}

/* ---- taking back and waiting ---- */

bool cancel_work(struct work_struct *work)
{
	if (!work->pending)
		return false;
	work->pending = false;
	list_del_init(&work->entry);
	return true;
}

/* Waits until the function, which must have gone to sleep, has ended. The work itself may call this. */
static bool wait_running(struct work_struct *work)
{
	struct host *host = work->host;
	struct kernel_state *k = kernel_of(host);
	bool waited = false;

	while (k->running == work && current(host) != k->kworker && !host->dying) {
		DEFINE_WAIT(wait, host);

		waited = true;
		prepare_to_wait(&k->work_done, &wait, TASK_UNINTERRUPTIBLE);
		schedule(host);
		finish_wait(&k->work_done, &wait);
	}
	return waited;
}

bool cancel_work_sync(struct work_struct *work)
{
	bool was = cancel_work(work);

	wait_running(work);
	return was;
}

bool cancel_delayed_work(struct delayed_work *dwork)
{
	del_timer(&dwork->timer);
	return cancel_work(&dwork->work);
}

bool cancel_delayed_work_sync(struct delayed_work *dwork)
{
	bool was = cancel_delayed_work(dwork);

	wait_running(&dwork->work);
	return was;
}

bool flush_work(struct work_struct *work)
{
	struct host *host = work->host;
	bool waited = false;

	while (!list_empty(&work->entry) && !host->dying) {
		waited = true;
		yield(host);
		if (kernel_of(host)->running)
			waited |= wait_running(kernel_of(host)->running);
	}
	return wait_running(work) || waited;
}

/* ---- running ---- */

static void process_one_work(struct work_struct *work)
{
	TRACE(work, "run a work item");
	work->func(work);
}

void kworker(void *arg)
{
	struct host *host = arg;
	struct kernel_state *k = kernel_of(host);

	while (!list_empty(&k->works)) {
		struct work_struct *work = list_first_entry(&k->works, struct work_struct, entry);

		list_del_init(&work->entry);
		work->pending = false;
		k->running = work;
		host->cpu.ctx = CTX_WORK;
		trace_hop_in(host, HOP_WORK, work->hop);
		/* the function may free its own work */
		process_one_work(work);
		host->cpu.ctx = CTX_TASK;
		k->running = NULL;
		if (waitqueue_active(&k->work_done))
			wake_up_all(&k->work_done);
		cond_resched(host);
	}
}

void workqueue_init(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	INIT_LIST_HEAD(&k->works);
	init_waitqueue_head(host, &k->work_done);
}

void workqueue_exit(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	while (!list_empty(&k->works))
		cancel_work(list_first_entry(&k->works, struct work_struct, entry));
}
