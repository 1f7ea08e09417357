/*
 * A host's kernel state. Private to stack/kernel, but for exit_files.
 */
#ifndef STACK_KERNEL_KERNEL_STATE_H
#define STACK_KERNEL_KERNEL_STATE_H

#include "stack/kernel/interrupt.h"
#include "stack/kernel/sched.h"
#include "stack/kernel/softirq.h"
#include "stack/kernel/timer.h"
#include "stack/kernel/wait.h"
#include "stack/kernel/workqueue.h"
#include "stack/net.h"

struct irqaction;

/* One interrupt line. */
struct irq_desc {
	struct host *host;
	struct irqaction *action; /* who handles it, in the order of request_irq() */
	u32 irq;
	u32 depth; /* nesting of disable_irq() */
	u64 count;
	u32 unhandled; /* interrupts that nobody wanted */
};

struct kernel_state {
	/* softirq.c */
	void (*action[NR_SOFTIRQS])(struct host *host);
	u32 softirq_hop[NR_SOFTIRQS];
	struct task_struct *ksoftirqd;
	struct tasklet_struct *tasklets, **tasklets_tail;
	/* timer.c */
	struct event tick;	    /* the timer interrupt of this instant */
	struct timer_list *expired; /* the one armed last first */
	struct hrtimer *hr_expired, **hr_expired_tail;
	/* workqueue.c */
	struct task_struct *kworker;
	struct list_head works;
	struct work_struct *running;
	struct wait_queue_head work_done;
	/* rcu.c */
	struct rcu_head *rcu, **rcu_tail; /* callbacks, oldest first */
	struct rcu_head **rcu_done;	  /* end of those whose time has come */
	/* interrupt.c; by line, made on request_irq() */
	struct irq_desc *irq[NR_IRQS];
	/* printk.c */
	char *log;
	u32 log_len, log_size;
	u64 ratelimit_begin;
	u32 ratelimit_printed, ratelimit_missed;
	/* Closes a program's files when it ends; set by stack/application. */
	void (*exit_files)(struct task_struct *tsk);
};

static inline struct kernel_state *kernel_of(const struct host *host)
{
	return host->net->kernel;
}

/* Between the files of stack/kernel. */
void softirq_init(struct host *host);
void softirq_exit(struct host *host);
bool ksoftirqd_running(const struct host *host, u32 pending);
void ksoftirqd(void *arg);
void timer_init(struct host *host);
void timer_exit(struct host *host);
void timer_interrupt(struct host *host); /* TIMER_IRQ's handler */
void workqueue_init(struct host *host);
void workqueue_exit(struct host *host);
void kworker(void *arg);
void rcu_init(struct host *host);
void rcu_quiescent(struct host *host); /* the running task is about to give up the CPU */
void interrupt_init(struct host *host);
void interrupt_exit(struct host *host);

#endif
