/*
 * call_rcu(): a callback that runs when no function that is on its way can still hold the object: from
 * ksoftirqd after the next switch of tasks (as TINY_RCU does it). Readers need nothing.
 */
#ifndef STACK_KERNEL_RCU_H
#define STACK_KERNEL_RCU_H

#include "stack/kernel/sched.h"

void call_rcu(struct host *host, struct rcu_head *head, void (*func)(struct rcu_head *head));
/* Runs all callbacks that wait, now: tear-down. */
void rcu_barrier(struct host *host);

#define rcu_read_lock() ((void)0)
#define rcu_read_unlock() ((void)0)
#define rcu_dereference(p) (p)
#define rcu_dereference_protected(p, c) (p)
#define rcu_access_pointer(p) (p)
#define rcu_assign_pointer(p, v) ((p) = (v))
#define RCU_INIT_POINTER(p, v) ((p) = (v))
#define __rcu

#endif
