/*
 * Kernel timers: timer_list in jiffies (run by the TIMER softirq) and hrtimer in ns (HRTIMER softirq).
 *
 * A timer is an event of the engine that acts as the timer interrupt. Timers of one host that expire at
 * the same jiffy run in one softirq, the one armed last first, as Linux's wheel does it. Unlike the wheel
 * they are exact: expires jiffy N fires at N ms; what is not in the future fires at the next jiffy.
 */
#ifndef STACK_KERNEL_TIMER_H
#define STACK_KERNEL_TIMER_H

#include "stack/kernel/kernel.h"

#define TIMER_BACKGROUND 0x1u /* house-keeping: does not keep the run alive */
#define TIMER_DEFERRABLE 0u
#define TIMER_PINNED 0u
#define TIMER_IRQSAFE 0u
#define TIMER_QUIET 0x2u /* only wakes a task or queues work: run by the interrupt itself, not traced */

struct timer_list {
	struct event
		event; /* armed for no later than `when`; or waiting in the host's list of expired timers */
	struct host *host;
	unsigned long expires; /* jiffies */
	void (*function)(struct timer_list *timer);
	u64 when, key; /* the time and place in the order that mod_timer() gave it */
	u32 hop;       /* armed -> fired, in the trace */
	u8 flags;
	u8 state; /* private to timer.c */
	struct timer_list *next_expired, **pprev_expired;
};

void timer_setup(struct host *host, struct timer_list *timer, void (*function)(struct timer_list *),
		 unsigned int flags);
/* 1 when it was pending (and is moved), 0 when not. A running timer function may arm its own timer. */
int mod_timer(struct timer_list *timer, unsigned long expires);
int mod_timer_pending(struct timer_list *timer, unsigned long expires);
int timer_reduce(struct timer_list *timer, unsigned long expires);
void add_timer(struct timer_list *timer);
/* 1 when it was pending. Functions do not run beside their caller here, so _sync waits for nothing. */
int del_timer(struct timer_list *timer);
#define del_timer_sync(timer) del_timer(timer)
#define timer_shutdown_sync(timer) del_timer(timer)
#define from_timer(var, callback_timer, field) container_of(callback_timer, __typeof__(*(var)), field)

/* The same with a line in the chart: for the few calls that the documents show. */
void timer_setup_shown(struct host *host, struct timer_list *timer, void (*function)(struct timer_list *),
		       unsigned int flags);
int mod_timer_shown(struct timer_list *timer, unsigned long expires);

static inline bool timer_pending(const struct timer_list *timer)
{
	return timer->state != 0;
}

static inline unsigned long round_jiffies(unsigned long j)
{
	return DIV_ROUND_UP(j, (unsigned long)HZ) * HZ;
}
#define round_jiffies_relative(j) (j)

/* ---- hrtimer ---- */

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode {
	HRTIMER_MODE_ABS = 0,
	HRTIMER_MODE_REL = 1,
	HRTIMER_MODE_SOFT = 4,
	HRTIMER_MODE_ABS_SOFT = 4,
	HRTIMER_MODE_REL_SOFT = 5,
	HRTIMER_MODE_ABS_PINNED = 0,
	HRTIMER_MODE_REL_PINNED = 1,
	HRTIMER_MODE_ABS_PINNED_SOFT = 4,
	HRTIMER_MODE_REL_PINNED_SOFT = 5,
};

struct hrtimer {
	struct event event;
	struct host *host;
	ktime_t expires; /* ns */
	enum hrtimer_restart (*function)(struct hrtimer *timer);
	u32 hop;
	bool queued; /* expired, its function not yet called */
	bool quiet;  /* run by the interrupt itself, not traced: it only wakes a task */
	struct hrtimer *next_expired, **pprev_expired;
};

/* All hrtimers here are of the soft kind: the function runs in softirq context. The caller sets ->function.
 */
void hrtimer_init(struct host *host, struct hrtimer *timer, enum hrtimer_mode mode);
void hrtimer_start(struct hrtimer *timer, ktime_t tim, enum hrtimer_mode mode);
void hrtimer_start_range_ns(struct hrtimer *timer, ktime_t tim, u64 range_ns, enum hrtimer_mode mode);
/* 1 when it was active. */
int hrtimer_cancel(struct hrtimer *timer);
int hrtimer_try_to_cancel(struct hrtimer *timer);
u64 hrtimer_forward_now(struct hrtimer *timer, ktime_t interval);

/* Armed, or expired and its function not yet called. */
static inline bool hrtimer_active(const struct hrtimer *timer)
{
	return event_pending(&timer->event) || timer->queued;
}
static inline bool hrtimer_is_queued(const struct hrtimer *timer)
{
	return hrtimer_active(timer);
}
static inline ktime_t hrtimer_get_expires(const struct hrtimer *timer)
{
	return timer->expires;
}
static inline ktime_t hrtimer_get_softexpires(const struct hrtimer *timer)
{
	return timer->expires;
}
static inline s64 hrtimer_get_expires_ns(const struct hrtimer *timer)
{
	return timer->expires;
}

void run_timer_softirq(struct host *host);   /* TIMER_SOFTIRQ's action */
void hrtimer_run_softirq(struct host *host); /* HRTIMER_SOFTIRQ's action */

#endif
