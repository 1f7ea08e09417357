/*
 * Work items: functions that need a task's context. One kworker a host runs them in the order queued.
 *
 * The kworker's stack is taken when there is work and given back when there is none.
 */
#ifndef STACK_KERNEL_WORKQUEUE_H
#define STACK_KERNEL_WORKQUEUE_H

#include "stack/kernel/list.h"
#include "stack/kernel/timer.h"

struct work_struct;
typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	struct host *host;
	work_func_t func;
	struct list_head entry;
	bool pending; /* queued, or its delay is running */
	u32 hop;
};

struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
};

/* All queues are one; the names are for the callers' sake. */
struct workqueue_struct;
#define system_wq ((struct workqueue_struct *)NULL)
#define system_power_efficient_wq system_wq
#define system_long_wq system_wq
#define WORK_CPU_UNBOUND 0

static inline struct delayed_work *to_delayed_work(struct work_struct *work)
{
	return container_of(work, struct delayed_work, work);
}

void init_work(struct host *host, struct work_struct *work, work_func_t func);
/* `timer_flags`: TIMER_BACKGROUND when waiting for this work must not keep the run alive. */
void init_delayed_work(struct host *host, struct delayed_work *dwork, work_func_t func,
		       unsigned int timer_flags);
#define INIT_WORK(host, work, func) init_work(host, work, func)
#define INIT_DELAYED_WORK(host, dwork, func) init_delayed_work(host, dwork, func, 0)
#define INIT_DEFERRABLE_WORK(host, dwork, func) init_delayed_work(host, dwork, func, TIMER_BACKGROUND)

/* False when it is queued already. */
bool queue_work_on(int cpu, struct workqueue_struct *wq, struct work_struct *work);
bool queue_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork,
			   unsigned long delay);
/* Changes the delay of a queued one; true when it was queued. */
bool mod_delayed_work_on(int cpu, struct workqueue_struct *wq, struct delayed_work *dwork,
			 unsigned long delay);

#define queue_work(wq, work) queue_work_on(WORK_CPU_UNBOUND, wq, work)
bool schedule_work(struct work_struct *work);
#define queue_delayed_work(wq, dwork, delay) queue_delayed_work_on(WORK_CPU_UNBOUND, wq, dwork, delay)
#define schedule_delayed_work(dwork, delay) queue_delayed_work(system_wq, dwork, delay)
#define mod_delayed_work(wq, dwork, delay) mod_delayed_work_on(WORK_CPU_UNBOUND, wq, dwork, delay)

/* Takes it out of the queue; _sync also waits for its function when that sleeps. True when it was queued. */
bool cancel_work(struct work_struct *work);
bool cancel_work_sync(struct work_struct *work);
bool cancel_delayed_work(struct delayed_work *dwork);
bool cancel_delayed_work_sync(struct delayed_work *dwork);
/* Waits until the work has run (task context). True when there was something to wait for. */
bool flush_work(struct work_struct *work);

static inline bool work_pending(const struct work_struct *work)
{
	return work->pending;
}
#define delayed_work_pending(dwork) work_pending(&(dwork)->work)

#endif
