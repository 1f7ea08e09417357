/*
 * Wait queues: who waits for what, and what happens to him when it comes.
 *
 * A waiter puts an entry with a function into a queue; __wake_up() calls the functions in order, all
 * of the shared ones and `nr_exclusive` of those added with the exclusive flag.
 */
#ifndef STACK_KERNEL_WAIT_H
#define STACK_KERNEL_WAIT_H

#include "stack/kernel/list.h"
#include "stack/kernel/sched.h"

#define WQ_FLAG_EXCLUSIVE 0x01
#define WQ_FLAG_WOKEN 0x02
#define WQ_FLAG_PRIORITY 0x20

struct wait_queue_entry;
/* Returns 1 when it woke somebody, 0 when not, negative to stop the walk. `key` is a poll mask as a pointer.
 */
typedef int (*wait_queue_func_t)(struct wait_queue_entry *wq_entry, unsigned int mode, int flags, void *key);

struct wait_queue_entry {
	struct host *host;
	unsigned int flags;
	void *private; /* the task_struct that waits, or the function's own */
	wait_queue_func_t func;
	struct list_head entry;
};
typedef struct wait_queue_entry wait_queue_entry_t;

struct wait_queue_head {
	struct host *host;
	struct list_head head;
};
typedef struct wait_queue_head wait_queue_head_t;

static inline void init_waitqueue_head(struct host *host, struct wait_queue_head *wq_head)
{
	wq_head->host = host;
	INIT_LIST_HEAD(&wq_head->head);
}
static inline void init_waitqueue_func_entry(struct host *host, struct wait_queue_entry *wq_entry,
					     wait_queue_func_t func)
{
	wq_entry->host = host;
	wq_entry->flags = 0;
	wq_entry->private = NULL;
	wq_entry->func = func;
	INIT_LIST_HEAD(&wq_entry->entry);
}
static inline bool waitqueue_active(const struct wait_queue_head *wq_head)
{
	return !list_empty(&wq_head->head);
}
static inline bool wq_has_sleeper(const struct wait_queue_head *wq_head)
{
	return waitqueue_active(wq_head);
}

int autoremove_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int sync, void *key);
int default_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int flags, void *key);
int woken_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int sync, void *key);

/* On the stack of a task: DEFINE_WAIT(wait, host); DEFINE_WAIT_FUNC(wait, host, woken_wake_function). */
#define DEFINE_WAIT_FUNC(name, host_, function)                                                              \
	struct wait_queue_entry name = {                                                                     \
		.host = (host_),                                                                             \
		.private = current(host_),                                                                   \
		.func = (function),                                                                          \
		.entry = LIST_HEAD_INIT((name).entry),                                                       \
	}
#define DEFINE_WAIT(name, host_) DEFINE_WAIT_FUNC(name, host_, autoremove_wake_function)
#define DECLARE_WAITQUEUE(name, tsk)                                                                         \
	struct wait_queue_entry name = {                                                                     \
		.host = (tsk)->host,                                                                         \
		.private = (tsk),                                                                            \
		.func = default_wake_function,                                                               \
		.entry = LIST_HEAD_INIT((name).entry),                                                       \
	}

void add_wait_queue(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry);
void add_wait_queue_exclusive(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry);
void remove_wait_queue(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry);
void prepare_to_wait(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry, int state);
void prepare_to_wait_exclusive(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry, int state);
void finish_wait(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry);
long wait_woken(struct wait_queue_entry *wq_entry, unsigned int mode, long timeout);

/* Calls the functions of those who wait; `nr_exclusive` 0: of all of them. */
void __wake_up(struct wait_queue_head *wq_head, unsigned int mode, int nr_exclusive, void *key);
void __wake_up_sync_key(struct wait_queue_head *wq_head, unsigned int mode, void *key);
void __wake_up_sync(struct wait_queue_head *wq_head, unsigned int mode);
void __wake_up_locked_key(struct wait_queue_head *wq_head, unsigned int mode, void *key);

#define poll_to_key(m) ((void *)(uintptr_t)(u32)(m))
#define key_to_poll(m) ((u32)(uintptr_t)(void *)(m))

#define wake_up(x) __wake_up(x, TASK_NORMAL, 1, NULL)
#define wake_up_nr(x, nr) __wake_up(x, TASK_NORMAL, nr, NULL)
#define wake_up_all(x) __wake_up(x, TASK_NORMAL, 0, NULL)
#define wake_up_poll(x, m) __wake_up(x, TASK_NORMAL, 1, poll_to_key(m))
#define wake_up_interruptible(x) __wake_up(x, TASK_INTERRUPTIBLE, 1, NULL)
#define wake_up_interruptible_all(x) __wake_up(x, TASK_INTERRUPTIBLE, 0, NULL)
#define wake_up_interruptible_sync(x) __wake_up_sync(x, TASK_INTERRUPTIBLE)
#define wake_up_interruptible_poll(x, m) __wake_up(x, TASK_INTERRUPTIBLE, 1, poll_to_key(m))
#define wake_up_interruptible_sync_poll(x, m) __wake_up_sync_key(x, TASK_INTERRUPTIBLE, poll_to_key(m))

/* Waits until `cond` holds. 0, or -ERESTARTSYS after a kill. */
#define wait_event_interruptible(wq, cond)                                                                   \
	({                                                                                                   \
		int _ret = 0;                                                                                \
		DEFINE_WAIT(_wait, (wq)->host);                                                              \
		while (!(cond)) {                                                                            \
			prepare_to_wait(wq, &_wait, TASK_INTERRUPTIBLE);                                     \
			if (cond)                                                                            \
				break;                                                                       \
			if (signal_pending(current((wq)->host))) {                                           \
				_ret = -ERESTARTSYS;                                                         \
				break;                                                                       \
			}                                                                                    \
			schedule((wq)->host);                                                                \
		}                                                                                            \
		finish_wait(wq, &_wait);                                                                     \
		_ret;                                                                                        \
	})

#endif
