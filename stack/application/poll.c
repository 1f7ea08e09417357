/*
 * poll (fs/select.c): the task queues itself on all files, asks each what is ready, and sleeps until
 * one of them wakes it.
 */
#include <poll.h>

#include "stack/application/file.h"
#include "stack/application/socket.h"
#include "stack/application/syscall.h"

#define N_INLINE_POLL_ENTRIES 16 /* on the task's stack; more are allocated */

struct poll_wqueues;

struct poll_table_entry {
	struct host *host;
	__poll_t key; /* what is wanted of the file */
	wait_queue_entry_t wait;
	wait_queue_head_t *wait_address;
	struct poll_wqueues *pwq;
};

/* All queues that one call of poll is in. */
struct poll_wqueues {
	poll_table pt; /* first */
	struct host *host;
	struct task_struct *polling_task;
	bool triggered; /* somebody woke us since we last looked */
	int error;
	int nr, room;		       /* entries in use, and there are */
	struct poll_table_entry *more; /* those after the inline ones */
	struct poll_table_entry entries[N_INLINE_POLL_ENTRIES];
};

static int pollwake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct poll_table_entry *entry = container_of(wait, struct poll_table_entry, wait);
	TRACE(entry, "wake up the task that polls, if it wants this event");
	struct poll_wqueues *pwq = entry->pwq;

	if (key && !(key_to_poll(key) & entry->key))
		return 0;
	pwq->triggered = true;
	DECLARE_WAITQUEUE(dummy_wait, pwq->polling_task);
	return default_wake_function(&dummy_wait, mode, sync, key);
}

static void __pollwait(struct file *filp, wait_queue_head_t *wait_address, poll_table *p)
{
	TRACE(filp, "queue the task on the file");
	struct poll_wqueues *pwq = container_of(p, struct poll_wqueues, pt);
	struct poll_table_entry *entry;

	if (pwq->nr >= N_INLINE_POLL_ENTRIES + pwq->room) {
		pwq->error = -ENOMEM;
		return;
	}
	entry = pwq->nr < N_INLINE_POLL_ENTRIES ? &pwq->entries[pwq->nr]
						: &pwq->more[pwq->nr - N_INLINE_POLL_ENTRIES];
	pwq->nr++;
	entry->host = filp->host;
	entry->key = p->_key;
	entry->pwq = pwq;
	entry->wait_address = wait_address;
	init_waitqueue_func_entry(filp->host, &entry->wait, pollwake);
	add_wait_queue(wait_address, &entry->wait);
}

/* Room for one queue a file: each of ours has one. */
static int poll_initwait(struct poll_wqueues *pwq, struct task_struct *tsk, unsigned int nfds)
{
	pwq->pt._qproc = __pollwait;
	pwq->pt._key = ~0u;
	pwq->host = tsk->host;
	pwq->polling_task = tsk;
	pwq->triggered = false;
	pwq->error = 0;
	pwq->nr = 0;
	pwq->room = 0;
	pwq->more = NULL;
	if (nfds > N_INLINE_POLL_ENTRIES) {
		pwq->room = (int)nfds - N_INLINE_POLL_ENTRIES;
		pwq->more = kzalloc(tsk->host, (size_t)pwq->room * sizeof(*pwq->more));
		if (!pwq->more)
			return -ENOMEM;
	}
	return 0;
}

static void poll_freewait(struct poll_wqueues *pwq)
{
	int i;

	for (i = 0; i < pwq->nr; i++) {
		struct poll_table_entry *entry =
			i < N_INLINE_POLL_ENTRIES ? &pwq->entries[i] : &pwq->more[i - N_INLINE_POLL_ENTRIES];

		remove_wait_queue(entry->wait_address, &entry->wait);
	}
	if (pwq->more)
		kfree(pwq->host, pwq->more);
}

/* What is ready of what the program wants of one descriptor. */
static __poll_t do_pollfd(struct task_struct *tsk, struct pollfd *pollfd, poll_table *pwait)
{
	__poll_t mask = 0, filter;
	struct file *file;

	if (pollfd->fd >= 0) {
		mask = POLLNVAL;
		file = fget_light(tsk, (unsigned int)pollfd->fd);
		if (file) {
			filter = (__poll_t)(unsigned short)pollfd->events | EPOLLERR | EPOLLHUP;
			pwait->_key = filter;
			mask = vfs_poll(file, pwait) & filter;
		}
	}
	pollfd->revents = (short)mask;
	return mask;
}

/* Sleeps until woken (1) or until the time has passed (0). */
static int poll_schedule_timeout(struct poll_wqueues *pwq, const ktime_t *expires)
{
	int rc = -EINTR;

	set_current_state(pwq->host, TASK_INTERRUPTIBLE);
	if (!pwq->triggered)
		rc = schedule_hrtimeout_range(pwq->host, expires, 0);
	__set_current_state(pwq->host, TASK_RUNNING);
	pwq->triggered = false;
	return rc;
}

static int do_poll(struct task_struct *tsk, struct pollfd *fds, unsigned int nfds, struct poll_wqueues *wait,
		   int timeout_msecs)
{
	ktime_t expires = ktime_get(tsk->host) + (s64)timeout_msecs * (s64)NSEC_PER_MSEC;
	poll_table *pt = &wait->pt;
	bool timed_out = false;
	unsigned int i;
	int count = 0;

	if (timeout_msecs == 0) {
		pt->_qproc = NULL;
		timed_out = true;
	}
	for (;;) {
		for (i = 0; i < nfds; i++) {
			if (do_pollfd(tsk, &fds[i], pt)) {
				count++;
				/* There is something to report: no need to queue on the rest. */
				pt->_qproc = NULL;
			}
		}
		/* All waiters are queued now: not again in the next turn. */
		pt->_qproc = NULL;
		if (!count) {
			count = wait->error;
			if (signal_pending(tsk))
				count = -EINTR;
		}
		if (count || timed_out)
			return count;
		if (!poll_schedule_timeout(wait, timeout_msecs < 0 ? NULL : &expires))
			timed_out = true;
	}
}

static int do_sys_poll(struct task_struct *tsk, struct pollfd *ufds, unsigned int nfds, int timeout_msecs)
{
	TRACE_IN(tsk, IN_TASK, "wait until one of some files is ready");
	struct poll_wqueues table;
	int ret;

	if (nfds > NR_OPEN_MAX)
		return -EINVAL;
	if (!ufds && nfds)
		return -EFAULT;
	ret = poll_initwait(&table, tsk, nfds);
	if (ret)
		return ret;
	ret = do_poll(tsk, ufds, nfds, &table, timeout_msecs);
	poll_freewait(&table);
	return ret;
}

long sys_poll(struct task_struct *tsk, struct pollfd *ufds, unsigned int nfds, int timeout_msecs)
{
	SYSCALL(tsk, "wait for events on some files", do_sys_poll(tsk, ufds, nfds, timeout_msecs));
}
