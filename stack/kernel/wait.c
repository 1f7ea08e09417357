/*
 * Wait queues. See wait.h; shared waiters stand at the front, exclusive ones at the back.
 */
#include "stack/kernel/wait.h"

#define WF_SYNC 0x10 /* the waker is about to sleep itself */

/* ---- joining and leaving ---- */

static void entry_add_shared(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry)
{
	struct list_head *place = &wq_head->head;
	struct wait_queue_entry *other;

	list_for_each_entry (other, &wq_head->head, entry) {
		if (!(other->flags & WQ_FLAG_PRIORITY))
			break;
		place = &other->entry;
	}
	list_add(&wq_entry->entry, place);
}

void add_wait_queue(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry)
{
	TRACE(wq_head, "join the wait queue");
	wq_entry->flags &= ~(unsigned int)WQ_FLAG_EXCLUSIVE;
	entry_add_shared(wq_head, wq_entry);
}

void add_wait_queue_exclusive(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry)
{
	TRACE(wq_head, "join the wait queue as one of those who are woken one at a time");
	wq_entry->flags |= WQ_FLAG_EXCLUSIVE;
	list_add_tail(&wq_entry->entry, &wq_head->head);
}

void remove_wait_queue(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry)
{
	TRACE(wq_head, "leave the wait queue");
	list_del_init(&wq_entry->entry);
}

void prepare_to_wait(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry, int state)
{
	TRACE(wq_head, "join the wait queue before the condition is looked at");
	wq_entry->flags &= ~(unsigned int)WQ_FLAG_EXCLUSIVE;
	if (list_empty(&wq_entry->entry))
		entry_add_shared(wq_head, wq_entry);
	set_current_state(wq_head->host, (unsigned int)state);
}

void prepare_to_wait_exclusive(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry, int state)
{
	TRACE_LEAF(wq_head, "join the wait queue, exclusively, before the condition is looked at");
	wq_entry->flags |= WQ_FLAG_EXCLUSIVE;
	if (list_empty(&wq_entry->entry))
		list_add_tail(&wq_entry->entry, &wq_head->head);
	set_current_state(wq_head->host, (unsigned int)state);
}

void finish_wait(struct wait_queue_head *wq_head, struct wait_queue_entry *wq_entry)
{
	TRACE_LEAF(wq_head, "waiting is over: leave the wait queue if still in it");
	set_current_state(wq_head->host, TASK_RUNNING);
	if (!list_empty(&wq_entry->entry))
		list_del_init(&wq_entry->entry);
}

long wait_woken(struct wait_queue_entry *wq_entry, unsigned int mode, long timeout)
{
	TRACE(wq_entry, "sleep until woken through this entry, unless that has happened already");
	set_current_state(wq_entry->host, mode);
	if (!(wq_entry->flags & WQ_FLAG_WOKEN))
		timeout = schedule_timeout(wq_entry->host, timeout);
	set_current_state(wq_entry->host, TASK_RUNNING);
	wq_entry->flags &= ~(unsigned int)WQ_FLAG_WOKEN;
	return timeout;
}

/* ---- what happens to a waiter ---- */

int default_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int flags, void *key)
{
	TRACE(wq_entry, "wake the task that waits");
	(void)key;
	return try_to_wake_up(wq_entry->private, mode, flags);
}

int autoremove_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int sync, void *key)
{
	TRACE(wq_entry, "wake the task that waits and take it out of the queue");
	int ret = default_wake_function(wq_entry, mode, sync, key);

	if (ret)
		list_del_init(&wq_entry->entry);
	return ret;
}

int woken_wake_function(struct wait_queue_entry *wq_entry, unsigned int mode, int sync, void *key)
{
	TRACE(wq_entry, "note that the waiter was woken and wake its task");
	wq_entry->flags |= WQ_FLAG_WOKEN;
	return default_wake_function(wq_entry, mode, sync, key);
}

/* ---- waking ---- */

static void wake_all(struct wait_queue_head *wq_head, unsigned int mode, int nr_exclusive, int flags,
		     void *key)
{
	struct wait_queue_entry *curr, *next;

	list_for_each_entry_safe (curr, next, &wq_head->head, entry) {
		unsigned int entry_flags = curr->flags;
		int ret = curr->func(curr, mode, flags, key);

		if (ret < 0)
			break;
		if (ret && (entry_flags & WQ_FLAG_EXCLUSIVE) && --nr_exclusive == 0)
			break;
	}
}

void __wake_up(struct wait_queue_head *wq_head, unsigned int mode, int nr_exclusive, void *key)
{
	TRACE(wq_head, "wake those who wait in the queue");
	wake_all(wq_head, mode, nr_exclusive, 0, key);
}

void __wake_up_sync_key(struct wait_queue_head *wq_head, unsigned int mode, void *key)
{
	TRACE(wq_head, "wake those who wait in the queue for this; they run when the waker is done");
	wake_all(wq_head, mode, 1, WF_SYNC, key);
}

void __wake_up_sync(struct wait_queue_head *wq_head, unsigned int mode)
{
	TRACE(wq_head, "wake those who wait in the queue; they run when the waker is done");
	wake_all(wq_head, mode, 1, WF_SYNC, NULL);
}

void __wake_up_locked_key(struct wait_queue_head *wq_head, unsigned int mode, void *key)
{
	TRACE(wq_head, "wake those who wait in the queue for this");
	wake_all(wq_head, mode, 1, 0, key);
}
