/*
 * Timers: events of the engine that act as the timer interrupt.
 *
 *	idle --mod_timer--> ARMED --its event at `when`--> EXPIRED --interrupt, softirq--> function, idle
 *	                    | ^ a later mod_timer: only `when` changes, the event fires early and re-arms
 *	                    +-+
 *
 * All timers of an instant fire their events first and collect in the list of expired ones; the last of
 * them is followed by one timer interrupt (k->tick), whose softirq calls the functions.
 */
#include "stack/kernel/timer.h"

#include "stack/kernel/kernel_state.h"

enum { TIMER_IDLE, TIMER_ARMED, TIMER_EXPIRED };

/* The timer interrupt comes when all events of this instant that were armed before now have fired. */
static void tick_request(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	if (!event_pending(&k->tick))
		event_add(&k->tick, host_now(host));
}

static void tick_event(struct event *ev)
{
	struct kernel_state *k = container_of(ev, struct kernel_state, tick);

	cpu_set_line(&k->work_done.host->cpu, TIMER_IRQ, true);
}

/* ---- timer_list ---- */

static void expired_add(struct kernel_state *k, struct timer_list *t)
{
	t->state = TIMER_EXPIRED;
	t->next_expired = k->expired;
	t->pprev_expired = &k->expired;
	if (t->next_expired)
		t->next_expired->pprev_expired = &t->next_expired;
	k->expired = t;
}

static void expired_del(struct timer_list *t)
{
	*t->pprev_expired = t->next_expired;
	if (t->next_expired)
		t->next_expired->pprev_expired = t->pprev_expired;
	t->state = TIMER_IDLE;
}

static void timer_event(struct event *ev)
{
	struct timer_list *t = container_of(ev, struct timer_list, event);

	if (t->when != ev->when || t->key != ev->key) {
		event_add_keyed(ev, t->when, t->key); /* it was moved later meanwhile */
		return;
	}
	expired_add(kernel_of(t->host), t);
	tick_request(t->host);
}

void timer_setup(struct host *host, struct timer_list *t, void (*function)(struct timer_list *),
		 unsigned int flags)
{
	event_init(&t->event, &host->node, timer_event, flags & TIMER_BACKGROUND ? EVENT_BACKGROUND : 0);
	t->host = host;
	t->expires = 0;
	t->function = function;
	t->when = 0;
	t->hop = 0;
	t->flags = (u8)flags;
	t->state = TIMER_IDLE;
}

void timer_setup_shown(struct host *host, struct timer_list *t, void (*function)(struct timer_list *),
		       unsigned int flags)
{
	TRACE_AS(host, "timer_setup", "prepare a timer and its function");
	timer_setup(host, t, function, flags);
}

/* When the jiffy begins; what has passed comes with the next one. */
static u64 jiffy_time(const struct host *host, unsigned long expires)
{
	unsigned long now = jiffies(host);

	if (unlikely(time_before_eq(expires, now)))
		expires = now + 1;
	return unlikely(expires > MAX_JIFFY_OFFSET / NSEC_PER_JIFFY) ? MAX_JIFFY_OFFSET
								     : expires * NSEC_PER_JIFFY;
}

int mod_timer(struct timer_list *t, unsigned long expires)
{
	struct host *host = t->host;
	bool pending = t->state != TIMER_IDLE;

	if (pending && t->expires == expires)
		return 1;
	if (t->state == TIMER_EXPIRED)
		expired_del(t);
	t->expires = expires;
	t->when = jiffy_time(host, expires);
	t->key = event_key(&host->node);
	if (trace_recording(host))
		t->hop = trace_hop_out(host, HOP_TIMER);
	if (t->state != TIMER_ARMED || t->event.when > t->when)
		event_add_keyed(&t->event, t->when, t->key);
	t->state = TIMER_ARMED;
	return pending;
}

int mod_timer_shown(struct timer_list *t, unsigned long expires)
{
	TRACE_AS(t, "mod_timer", "set when the timer fires");
	return mod_timer(t, expires);
}

int mod_timer_pending(struct timer_list *t, unsigned long expires)
{
	return timer_pending(t) ? mod_timer(t, expires) : 0;
}

int timer_reduce(struct timer_list *t, unsigned long expires)
{
	if (timer_pending(t) && time_before_eq(t->expires, expires))
		return 1;
	return mod_timer(t, expires);
}

void add_timer(struct timer_list *t)
{
	SIM_BUG_ON(t->host, timer_pending(t));
	mod_timer(t, t->expires);
}

int del_timer(struct timer_list *t)
{
	if (t->state == TIMER_IDLE)
		return 0;
	if (t->state == TIMER_EXPIRED)
		expired_del(t);
	else
		event_del(&t->event);
	t->state = TIMER_IDLE;
	return 1;
}

static void call_timer_fn(struct timer_list *t)
{
	TRACE(t, "call the function of a timer that has expired");
	t->function(t);
}

void run_timer_softirq(struct host *host)
{
	TRACE(host, "run the timers that have expired");
	struct kernel_state *k = kernel_of(host);

	while (k->expired) {
		struct timer_list *t = k->expired;

		expired_del(t);
		trace_hop_in(host, HOP_TIMER, t->hop);
		call_timer_fn(t);
	}
}

/* ---- hrtimer ---- */

static void hr_expired_del(struct kernel_state *k, struct hrtimer *t)
{
	*t->pprev_expired = t->next_expired;
	if (t->next_expired)
		t->next_expired->pprev_expired = t->pprev_expired;
	else
		k->hr_expired_tail = t->pprev_expired;
	t->queued = false;
}

static void hrtimer_event(struct event *ev)
{
	struct hrtimer *t = container_of(ev, struct hrtimer, event);
	struct kernel_state *k = kernel_of(t->host);

	t->queued = true;
	t->next_expired = NULL;
	t->pprev_expired = k->hr_expired_tail;
	*k->hr_expired_tail = t;
	k->hr_expired_tail = &t->next_expired;
	tick_request(t->host);
}

void hrtimer_init(struct host *host, struct hrtimer *t, enum hrtimer_mode mode)
{
	(void)mode;
	event_init(&t->event, &host->node, hrtimer_event, 0);
	t->host = host;
	t->expires = 0;
	t->function = NULL;
	t->hop = 0;
	t->queued = false;
	t->quiet = false;
}

int hrtimer_cancel(struct hrtimer *t)
{
	if (t->queued) {
		hr_expired_del(kernel_of(t->host), t);
		return 1;
	}
	return event_del(&t->event);
}

int hrtimer_try_to_cancel(struct hrtimer *t)
{
	return hrtimer_cancel(t);
}

void hrtimer_start(struct hrtimer *t, ktime_t tim, enum hrtimer_mode mode)
{
	struct host *host = t->host;
	ktime_t now = ktime_get(host);

	if (t->queued)
		hr_expired_del(kernel_of(host), t);
	if (mode & HRTIMER_MODE_REL)
		tim = tim > S64_MAX - now ? S64_MAX : now + tim;
	t->expires = tim;
	if (trace_recording(host))
		t->hop = trace_hop_out(host, HOP_TIMER);
	event_add(&t->event, (u64)max(tim, now));
}

void hrtimer_start_range_ns(struct hrtimer *t, ktime_t tim, u64 range_ns, enum hrtimer_mode mode)
{
	(void)range_ns;
	hrtimer_start(t, tim, mode);
}

u64 hrtimer_forward_now(struct hrtimer *t, ktime_t interval)
{
	ktime_t behind = ktime_get(t->host) - t->expires;
	u64 n;

	if (behind < 0)
		return 0;
	n = (u64)(behind / interval) + 1;
	t->expires += (ktime_t)n * interval;
	return n;
}

static void hrtimer_run(struct kernel_state *k, struct hrtimer *t)
{
	hr_expired_del(k, t);
	trace_hop_in(t->host, HOP_TIMER, t->hop);
	if (t->function(t) == HRTIMER_RESTART && !hrtimer_active(t))
		hrtimer_start(t, t->expires, HRTIMER_MODE_ABS);
}

void hrtimer_run_softirq(struct host *host)
{
	TRACE(host, "run the high resolution timers that have expired");
	struct kernel_state *k = kernel_of(host);
	struct hrtimer **end = k->hr_expired_tail;

	/* one that is armed again for this very instant waits for the next interrupt */
	while (k->hr_expired) {
		bool last = &k->hr_expired->next_expired == end;

		hrtimer_run(k, k->hr_expired);
		if (last)
			break;
	}
}

/* ---- the timer interrupt ---- */

/* Timers that only wake a task or queue work run here; for the others the softirqs are raised. */
void timer_interrupt(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	cpu_set_line(&host->cpu, TIMER_IRQ, false);
	for (struct timer_list *t = k->expired, *next; t; t = next) {
		next = t->next_expired;
		if (!(t->flags & TIMER_QUIET))
			continue;
		expired_del(t);
		trace_hop_in(host, HOP_TIMER, t->hop);
		t->function(t);
	}
	for (struct hrtimer *t = k->hr_expired, *next; t; t = next) {
		next = t->next_expired;
		if (t->quiet)
			hrtimer_run(k, t);
	}
	/* the tick raises them by a way of its own, which golden/ does not show */
	if (k->expired)
		host->cpu.softirq_pending |= (u32)BIT(TIMER_SOFTIRQ);
	if (k->hr_expired)
		host->cpu.softirq_pending |= (u32)BIT(HRTIMER_SOFTIRQ);
}

void timer_init(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	event_init(&k->tick, &host->node, tick_event, 0);
	k->hr_expired_tail = &k->hr_expired;
}

void timer_exit(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	event_del(&k->tick);
	cpu_set_line(&host->cpu, TIMER_IRQ, false);
	while (k->expired)
		expired_del(k->expired);
	while (k->hr_expired)
		hr_expired_del(k, k->hr_expired);
}
