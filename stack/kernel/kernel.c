/*
 * Making and freeing a host's kernel state. kernel_init() comes before, kernel_exit() after all other layers.
 */
#include "stack/kernel/kernel.h"

#include <stdlib.h>

#include "stack/kernel/kernel_state.h"
#include "stack/kernel/rcu.h"

int kernel_init(struct host *host)
{
	struct kernel_state *k = kzalloc(host, sizeof(*k));

	if (!k)
		return -ENOMEM;
	host->net->kernel = k;
	softirq_init(host);
	timer_init(host);
	workqueue_init(host);
	rcu_init(host);
	k->ksoftirqd = kthread_create(host, "ksoftirqd", ksoftirqd, host);
	k->kworker = k->ksoftirqd ? kthread_create(host, "kworker", kworker, host) : NULL;
	if (!k->kworker) {
		if (k->ksoftirqd)
			kthread_stop(k->ksoftirqd);
		host->net->kernel = NULL;
		kfree(host, k);
		return -ENOMEM;
	}
	interrupt_init(host);
	return 0;
}

void kernel_exit(struct host *host)
{
	struct kernel_state *k = kernel_of(host);

	if (!k)
		return;
	rcu_barrier(host);
	interrupt_exit(host);
	timer_exit(host);
	workqueue_exit(host);
	softirq_exit(host);
	kthread_stop(k->kworker);
	kthread_stop(k->ksoftirqd);
	free(k->log);
	host->net->kernel = NULL;
	kfree(host, k);
}
