/*
 * call_rcu() as TINY_RCU does it: each time a task gives up the CPU, all callbacks queued so far have had
 * their grace period, and the RCU softirq, left to ksoftirqd, calls them.
 */
#include "stack/kernel/rcu.h"

#include "stack/kernel/kernel_state.h"

void call_rcu(struct host *host, struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	struct kernel_state *k = kernel_of(host);

	head->func = func;
	head->next = NULL;
	*k->rcu_tail = head;
	k->rcu_tail = &head->next;
	/* idle will not switch by itself: ksoftirqd's own start is the switch */
	if (!host->cpu.current)
		wake_up_quietly(k->ksoftirqd, TASK_NORMAL);
}

void rcu_quiescent(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	if (likely(k->rcu_done == k->rcu_tail))
		return;
	k->rcu_done = k->rcu_tail;
	if (host->tr.depth) {
		raise_softirq_irqoff(host, RCU_SOFTIRQ);
	} else {
		host->cpu.softirq_pending |= (u32)BIT(RCU_SOFTIRQ);
		wake_up_quietly(k->ksoftirqd, TASK_NORMAL);
	}
}

/* Takes the callbacks up to `done` off the list and calls them. */
static void rcu_run(struct host *host)
{
	struct kernel_state *k = kernel_of(host);
	struct rcu_head *head = k->rcu, *next;

	if (k->rcu_done == &k->rcu)
		return;
	k->rcu = *k->rcu_done;
	*k->rcu_done = NULL;
	if (k->rcu_tail == k->rcu_done)
		k->rcu_tail = &k->rcu;
	k->rcu_done = &k->rcu;
	for (; head; head = next) {
		next = head->next;
		head->func(head);
	}
}

void rcu_barrier(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	while (k->rcu) {
		k->rcu_done = k->rcu_tail;
		rcu_run(host);
	}
}

void rcu_init(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	k->rcu_tail = &k->rcu;
	k->rcu_done = &k->rcu;
	k->action[RCU_SOFTIRQ] = rcu_run;
}
