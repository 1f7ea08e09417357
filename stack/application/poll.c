/*
 * poll and select (fs/select.c): the task queues itself on all files, asks each what is ready, and sleeps
 * until one of them wakes it. select() has three sets of bits, one a descriptor, instead of a list: who may
 * be read, written, or has urgent data. What is left of its time goes back to the program.
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

/* ---- select ---- */

#define BITS_PER_LONG ((int)(8 * sizeof(long)))
#define FDS_LONGS(nr) ((size_t)(((nr) + BITS_PER_LONG - 1) / BITS_PER_LONG))

#define POLLIN_SET (EPOLLRDNORM | EPOLLRDBAND | EPOLLIN | EPOLLHUP | EPOLLERR | POLLNVAL)
#define POLLOUT_SET (EPOLLWRBAND | EPOLLWRNORM | EPOLLOUT | EPOLLERR | POLLNVAL)
#define POLLEX_SET (EPOLLPRI | POLLNVAL)

/* The sets of one call, its files by number: what is wanted, and what is ready. */
struct fd_set_bits {
	unsigned long in[FDS_LONGS(NR_OPEN_MAX)], out[FDS_LONGS(NR_OPEN_MAX)], ex[FDS_LONGS(NR_OPEN_MAX)];
	unsigned long res_in[FDS_LONGS(NR_OPEN_MAX)], res_out[FDS_LONGS(NR_OPEN_MAX)];
	unsigned long res_ex[FDS_LONGS(NR_OPEN_MAX)];
};

/* When a time-out is over, as the clock that began with the run counts; 0: at once. */
static int poll_select_set_timeout(struct task_struct *tsk, struct timespec *to, s64 sec, long nsec)
{
	TRACE(tsk, "compute when the time will be over");
	s64 now = ktime_get(tsk->host);

	to->tv_sec = 0;
	to->tv_nsec = 0;
	if (sec < 0 || nsec < 0 || nsec >= (long)NSEC_PER_SEC)
		return -EINVAL;
	if (!sec && !nsec)
		return 0;
	nsec += now % (s64)NSEC_PER_SEC;
	now = now / (s64)NSEC_PER_SEC + nsec / (s64)NSEC_PER_SEC;
	to->tv_nsec = nsec % (s64)NSEC_PER_SEC;
	if (__builtin_add_overflow(sec, now, &to->tv_sec)) {
		to->tv_sec = INT64_MAX;
		to->tv_nsec = 0;
	}
	return 0;
}

/* What is left of the time, for the program; false when it asked for none. */
static bool poll_select_finish(struct task_struct *tsk, const struct timespec *end_time,
			       struct timespec *left)
{
	TRACE(tsk, "compute what is left of the time");
	s64 now = ktime_get(tsk->host);

	if (!end_time->tv_sec && !end_time->tv_nsec)
		return false;
	left->tv_sec = end_time->tv_sec - now / (s64)NSEC_PER_SEC;
	left->tv_nsec = end_time->tv_nsec - now % (s64)NSEC_PER_SEC;
	if (left->tv_nsec < 0) {
		left->tv_sec--;
		left->tv_nsec += (s64)NSEC_PER_SEC;
	}
	if (left->tv_sec < 0)
		*left = (struct timespec){ 0 };
	return true;
}

static bool fd_in(const unsigned long *set, int fd)
{
	return set[fd / BITS_PER_LONG] >> (fd % BITS_PER_LONG) & 1;
}

static bool fd_wanted(const struct fd_set_bits *fds, int fd)
{
	return fd_in(fds->in, fd) || fd_in(fds->out, fd) || fd_in(fds->ex, fd);
}

/* One more than the highest descriptor in the sets, and how many there are; all must be open. */
static int max_select_fd(struct task_struct *tsk, int n, const struct fd_set_bits *fds, unsigned int *count)
{
	int fd, highest = 0;

	for (*count = 0, fd = 0; fd < n; fd++) {
		if (!fd_wanted(fds, fd))
			continue;
		if (!fget_light(tsk, (unsigned int)fd))
			return -EBADF;
		highest = fd + 1;
		++*count;
	}
	return highest;
}

/* Asks a file what is ready; in how many sets it is. */
static int select_one(struct task_struct *tsk, struct fd_set_bits *fds, int fd, poll_table *wait)
{
	bool in = fd_in(fds->in, fd), out = fd_in(fds->out, fd), ex = fd_in(fds->ex, fd);
	struct file *file = fget_light(tsk, (unsigned int)fd);
	unsigned long bit = 1ul << (fd % BITS_PER_LONG);
	__poll_t mask = POLLNVAL; /* somebody closed it meanwhile */
	int word = fd / BITS_PER_LONG;

	if (file) {
		wait->_key = POLLEX_SET | (in ? POLLIN_SET : 0) | (out ? POLLOUT_SET : 0);
		mask = vfs_poll(file, wait);
	}
	in = in && (mask & POLLIN_SET);
	out = out && (mask & POLLOUT_SET);
	ex = ex && (mask & POLLEX_SET);
	fds->res_in[word] |= in ? bit : 0;
	fds->res_out[word] |= out ? bit : 0;
	fds->res_ex[word] |= ex ? bit : 0;
	return in + out + ex;
}

static int do_select(struct task_struct *tsk, int n, struct fd_set_bits *fds, const struct timespec *end_time)
{
	TRACE(tsk, "ask the files of the sets until one is ready or the time is over");
	bool timed_out = end_time && !end_time->tv_sec && !end_time->tv_nsec;
	bool bounded = end_time && end_time->tv_sec < INT64_MAX / (s64)NSEC_PER_SEC;
	ktime_t expires = bounded ? end_time->tv_sec * (s64)NSEC_PER_SEC + end_time->tv_nsec : 0;
	struct poll_wqueues table;
	unsigned int nr;
	int fd, ret;

	n = max_select_fd(tsk, n, fds, &nr);
	if (n < 0)
		return n;
	ret = poll_initwait(&table, tsk, nr);
	if (ret)
		return ret;
	if (timed_out)
		table.pt._qproc = NULL;
	for (;;) {
		for (fd = 0; fd < n; fd++) {
			if (fd_wanted(fds, fd))
				ret += select_one(tsk, fds, fd, &table.pt);
			if (ret)
				table.pt._qproc = NULL;
		}
		table.pt._qproc = NULL;
		if (ret || timed_out || signal_pending(tsk))
			break;
		ret = table.error;
		if (ret)
			break;
		if (!poll_schedule_timeout(&table, bounded ? &expires : NULL))
			timed_out = true;
	}
	poll_freewait(&table);
	return ret;
}

static int core_sys_select(struct task_struct *tsk, int n, fd_set *inp, fd_set *outp, fd_set *exp,
			   const struct timespec *end_time)
{
	TRACE_IN(tsk, IN_TASK, "take the sets from the program, and give it what is ready");
	/* the kernel's table has a word of bits at least */
	int max_fds = max(tsk->files ? tsk->files->max_fds : 0, BITS_PER_LONG), ret;
	struct fd_set_bits fds = { 0 };
	size_t size;

	if (n < 0)
		return -EINVAL;
	n = min(n, max_fds);
	size = FDS_LONGS(n) * sizeof(long);
	if (inp)
		memcpy(fds.in, inp, size);
	if (outp)
		memcpy(fds.out, outp, size);
	if (exp)
		memcpy(fds.ex, exp, size);
	ret = do_select(tsk, n, &fds, end_time);
	if (ret < 0)
		return ret;
	if (!ret && signal_pending(tsk))
		return -EINTR;
	if (inp)
		memcpy(inp, fds.res_in, size);
	if (outp)
		memcpy(outp, fds.res_out, size);
	if (exp)
		memcpy(exp, fds.res_ex, size);
	return ret;
}

static int kern_select(struct task_struct *tsk, int n, fd_set *inp, fd_set *outp, fd_set *exp,
		       struct timeval *tvp)
{
	TRACE(tsk, "wait until a file of the sets is ready, for a time in microseconds");
	struct timespec end_time, left;
	s64 sec;
	int ret;

	if (!tvp)
		return core_sys_select(tsk, n, inp, outp, exp, NULL);
	if (__builtin_add_overflow(tvp->tv_sec, tvp->tv_usec / USEC_PER_SEC, &sec) ||
	    poll_select_set_timeout(tsk, &end_time, sec, tvp->tv_usec % USEC_PER_SEC * NSEC_PER_USEC))
		return -EINVAL;
	ret = core_sys_select(tsk, n, inp, outp, exp, &end_time);
	if (poll_select_finish(tsk, &end_time, &left))
		*tvp = (struct timeval){ left.tv_sec, left.tv_nsec / (long)NSEC_PER_USEC };
	return ret;
}

static int do_pselect(struct task_struct *tsk, int n, fd_set *inp, fd_set *outp, fd_set *exp,
		      struct timespec *tsp)
{
	TRACE(tsk, "wait until a file of the sets is ready, for a time in nanoseconds");
	struct timespec end_time;
	int ret;

	if (!tsp)
		return core_sys_select(tsk, n, inp, outp, exp, NULL);
	if (poll_select_set_timeout(tsk, &end_time, tsp->tv_sec, tsp->tv_nsec))
		return -EINVAL;
	ret = core_sys_select(tsk, n, inp, outp, exp, &end_time);
	poll_select_finish(tsk, &end_time, tsp);
	return ret;
}

long sys_select(struct task_struct *tsk, int n, fd_set *inp, fd_set *outp, fd_set *exp, struct timeval *tvp)
{
	SYSCALL(tsk, "wait for files of three sets", kern_select(tsk, n, inp, outp, exp, tvp));
}

long sys_pselect6(struct task_struct *tsk, int n, fd_set *inp, fd_set *outp, fd_set *exp,
		  struct timespec *tsp)
{
	SYSCALL(tsk, "wait for files of three sets", do_pselect(tsk, n, inp, outp, exp, tsp));
}
