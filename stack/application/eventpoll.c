/*
 * epoll (fs/eventpoll.c).
 *
 * An item stands for one file in a set. It is in the ready list when its file has called back since it
 * was last looked at; epoll_wait() asks the file again before it reports (ep_item_poll). Level triggered
 * items go back to the ready list after a report; edge triggered ones (EPOLLET) wait for the next callback;
 * EPOLLONESHOT ones are silent until EPOLL_CTL_MOD. Of several sets that watch a file with EPOLLEXCLUSIVE,
 * one is told.
 *
 * Sets may watch sets, EP_MAX_NESTS deep and never in a circle. While a set is scanned, what calls back goes
 * to its overflow list and joins the ready list afterwards.
 *
 * Drawn are the functions that the golden traces show; the steps in between (ep_insert, ep_modify, ep_poll,
 * ep_send_events, ...) are inlined there.
 */
#include "stack/application/eventpoll.h"

#include "stack/application/socket.h"
#include "stack/application/syscall.h"

#define EP_PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EPOLLINOUT_BITS (EPOLLIN | EPOLLOUT)
#define EPOLLEXCLUSIVE_OK_BITS                                                                               \
	(EPOLLINOUT_BITS | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)
#define EP_MAX_NESTS 4
#define EP_MAX_EVENTS ((int)(INT32_MAX / sizeof(struct epoll_event)))

static const struct file_operations eventpoll_fops;

struct ep_pqueue {
	poll_table pt;
	struct epitem *epi;
};

static bool is_file_epoll(const struct file *file)
{
	return file->f_op == &eventpoll_fops;
}

/* The item of a file under a descriptor, or NULL. */
static struct epitem *ep_find(struct eventpoll *ep, const struct file *file, int fd)
{
	struct rb_node *n = ep->rbr.rb_node, *first = NULL;

	while (n) {
		struct epitem *epi = rb_entry(n, struct epitem, rbn);

		if (fd <= epi->fd) {
			if (fd == epi->fd)
				first = n;
			n = n->rb_left;
		} else {
			n = n->rb_right;
		}
	}
	for (; first; first = rb_next(first)) {
		struct epitem *epi = rb_entry(first, struct epitem, rbn);

		if (epi->fd != fd)
			break;
		if (epi->file == file)
			return epi;
	}
	return NULL;
}

static void ep_rbtree_insert(struct eventpoll *ep, struct epitem *epi)
{
	struct rb_node **p = &ep->rbr.rb_node, *parent = NULL;

	while (*p) {
		parent = *p;
		p = epi->fd < rb_entry(parent, struct epitem, rbn)->fd ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&epi->rbn, parent, p);
	rb_insert_color(&epi->rbn, &ep->rbr);
}

static bool ep_is_linked(const struct epitem *epi)
{
	return !list_empty(&epi->rdllink);
}

static bool ep_events_available(const struct eventpoll *ep)
{
	return !list_empty(&ep->rdllist) || ep->scanning;
}

/* Tells the sets that watch this one. */
static void ep_poll_safewake(struct eventpoll *ep)
{
	if (waitqueue_active(&ep->poll_wait))
		wake_up_poll(&ep->poll_wait, EPOLLIN);
}

/* An item was found ready by a system call: into the list with it, and tell those who wait. */
static void ep_ready(struct epitem *epi)
{
	struct eventpoll *ep = epi->ep;

	if (ep_is_linked(epi))
		return;
	list_add_tail(&epi->rdllink, &ep->rdllist);
	if (waitqueue_active(&ep->wq))
		wake_up(&ep->wq);
	ep_poll_safewake(ep);
}

/* Whether an exclusive item wants what happened: then the others need not be told. */
static int ep_wants(const struct epitem *epi, __poll_t pollflags)
{
	__poll_t inout = pollflags & EPOLLINOUT_BITS;

	return inout == 0 || (inout != EPOLLINOUT_BITS && (epi->event.events & inout));
}

static int ep_poll_callback(wait_queue_entry_t *wait, unsigned int mode __maybe_unused, int sync, void *key)
{
	struct epitem *epi = container_of(wait, struct epitem, wait);
	TRACE(epi, "a file of the set may be ready: remember it and wake up the waiter");
	struct eventpoll *ep = epi->ep;
	__poll_t pollflags = key_to_poll(key);
	int ewake = !(epi->event.events & EPOLLEXCLUSIVE);

	if (!(epi->event.events & ~EP_PRIVATE_BITS))
		return ewake;
	if (pollflags && !(pollflags & epi->event.events))
		return ewake;
	if (ep->scanning) {
		if (!epi->overflowed) {
			epi->overflowed = true;
			epi->next = ep->ovflist;
			ep->ovflist = epi;
		}
	} else if (!ep_is_linked(epi)) {
		list_add_tail(&epi->rdllink, &ep->rdllist);
	}
	if (waitqueue_active(&ep->wq)) {
		ewake |= ep_wants(epi, pollflags);
		if (sync)
			__wake_up_sync(&ep->wq, TASK_NORMAL);
		else
			wake_up(&ep->wq);
	}
	ep_poll_safewake(ep);
	return ewake;
}

static void ep_ptable_queue_proc(struct file *file __maybe_unused, wait_queue_head_t *whead, poll_table *pt)
{
	struct ep_pqueue *epq = container_of(pt, struct ep_pqueue, pt);
	struct epitem *epi = epq->epi;
	TRACE(epi, "have the file call back when something happens");

	if (epi->whead)
		return;
	init_waitqueue_func_entry(epi->host, &epi->wait, ep_poll_callback);
	epi->whead = whead;
	if (epi->event.events & EPOLLEXCLUSIVE)
		add_wait_queue_exclusive(whead, &epi->wait);
	else
		add_wait_queue(whead, &epi->wait);
}

/* ---- looking through the ready list ---- */

static void ep_start_scan(struct eventpoll *ep, struct list_head *txlist)
{
	INIT_LIST_HEAD(txlist);
	list_splice_init(&ep->rdllist, txlist);
	ep->scanning = true;
}

/* What called back meanwhile becomes ready, before it what was not looked at; others may have a look then. */
static void ep_done_scan(struct eventpoll *ep, struct list_head *txlist)
{
	struct epitem *epi;

	while ((epi = ep->ovflist) != NULL) {
		ep->ovflist = epi->next;
		epi->overflowed = false;
		if (!ep_is_linked(epi))
			list_add(&epi->rdllink, &ep->rdllist);
	}
	ep->scanning = false;
	list_splice(txlist, &ep->rdllist);
	if (!list_empty(&ep->rdllist) && waitqueue_active(&ep->wq))
		wake_up(&ep->wq);
}

static __poll_t ep_item_poll(const struct epitem *epi, poll_table *pt);

static __poll_t __ep_eventpoll_poll(struct file *file, poll_table *wait)
{
	struct eventpoll *ep = file->private_data;
	TRACE(ep, "ask whether any file of the set is ready");
	poll_table pt = { ._qproc = NULL };
	struct epitem *epi, *next;
	struct list_head txlist;
	__poll_t res = 0;

	poll_wait(file, &ep->poll_wait, wait);
	ep_start_scan(ep, &txlist);
	list_for_each_entry_safe (epi, next, &txlist, rdllink) {
		if (ep_item_poll(epi, &pt)) {
			res = EPOLLIN | EPOLLRDNORM;
			break;
		}
		list_del_init(&epi->rdllink);
	}
	ep_done_scan(ep, &txlist);
	return res;
}

static __poll_t ep_item_poll(const struct epitem *epi, poll_table *pt)
{
	TRACE(epi, "ask the file what is ready of what the program wants");
	__poll_t res;

	pt->_key = epi->event.events;
	res = is_file_epoll(epi->file) ? __ep_eventpoll_poll(epi->file, pt) : vfs_poll(epi->file, pt);
	return res & epi->event.events;
}

/* ---- sets within sets ---- */

/* How deep sets are nested below this one; more than EP_MAX_NESTS: too deep, or `inserting_into` is among
 * them. */
static int ep_loop_check_proc(struct eventpoll *ep, const struct eventpoll *inserting_into, int depth)
{
	int result = 0;
	struct rb_node *n;

	if (ep->gen == ep->host->net->files->loop_check_gen)
		return ep->loop_check_depth;
	ep->gen = ep->host->net->files->loop_check_gen;
	for (n = rb_first(&ep->rbr); n && result <= EP_MAX_NESTS; n = rb_next(n)) {
		const struct epitem *epi = rb_entry(n, struct epitem, rbn);

		if (!is_file_epoll(epi->file))
			continue;
		if (epi->file->private_data == inserting_into || depth > EP_MAX_NESTS)
			result = EP_MAX_NESTS + 1;
		else
			result = max(result,
				     ep_loop_check_proc(epi->file->private_data, inserting_into, depth + 1) +
					     1);
	}
	ep->loop_check_depth = result;
	return result;
}

/* How deep this set lies in others. */
static int ep_get_upwards_depth_proc(struct eventpoll *ep)
{
	int result = 0;
	const struct epitem *epi;

	if (ep->gen == ep->host->net->files->loop_check_gen)
		return ep->loop_check_depth;
	list_for_each_entry (epi, &ep->file->f_ep, fllink)
		result = max(result, ep_get_upwards_depth_proc(epi->ep) + 1);
	ep->gen = ep->host->net->files->loop_check_gen;
	ep->loop_check_depth = result;
	return result;
}

/* Whether `to` may become part of `ep`. */
static bool ep_loop_check(struct eventpoll *ep, struct eventpoll *to)
{
	int depth;

	ep->host->net->files->loop_check_gen++;
	depth = ep_loop_check_proc(to, ep, 0);
	return depth <= EP_MAX_NESTS && depth + 1 + ep_get_upwards_depth_proc(ep) <= EP_MAX_NESTS;
}

/* ---- changing the set ---- */

static int ep_insert(struct eventpoll *ep, const struct epoll_event *event, struct file *tfile, int fd)
{
	struct host *host = ep->host;
	struct epitem *epi = kmem_cache_zalloc(host, host->net->files->epitem_cache);
	struct ep_pqueue epq;

	if (!epi)
		return -ENOMEM;
	epi->host = host;
	epi->ep = ep;
	epi->file = tfile;
	epi->fd = fd;
	epi->event = *event;
	INIT_LIST_HEAD(&epi->rdllink);
	list_add_tail(&epi->fllink, &tfile->f_ep);
	ep_rbtree_insert(ep, epi);
	epq.epi = epi;
	epq.pt._qproc = ep_ptable_queue_proc;
	if (ep_item_poll(epi, &epq.pt))
		ep_ready(epi);
	return 0;
}

static void ep_remove(struct eventpoll *ep, struct epitem *epi)
{
	if (epi->whead)
		remove_wait_queue(epi->whead, &epi->wait);
	list_del(&epi->fllink);
	rb_erase(&epi->rbn, &ep->rbr);
	if (ep_is_linked(epi))
		list_del(&epi->rdllink);
	kmem_cache_free(ep->host, ep->host->net->files->epitem_cache, epi);
}

static void ep_modify(struct epitem *epi, const struct epoll_event *event)
{
	poll_table pt = { ._qproc = NULL };

	epi->event = *event;
	if (ep_item_poll(epi, &pt))
		ep_ready(epi);
}

void eventpoll_release_file(struct file *file)
{
	struct epitem *epi, *next;

	list_for_each_entry_safe (epi, next, &file->f_ep, fllink)
		ep_remove(epi->ep, epi);
}

static int do_epoll_ctl(struct task_struct *tsk, int epfd, int op, int fd, struct epoll_event *epds)
{
	TRACE(tsk, "add, change or remove a file of the set");
	struct file *f = fget_light(tsk, (unsigned int)epfd), *tf = fget_light(tsk, (unsigned int)fd);
	struct epoll_event ev = { 0 };
	struct eventpoll *ep;
	struct epitem *epi;

	if (op != EPOLL_CTL_DEL) {
		if (!epds)
			return -EFAULT;
		ev = *epds;
	}
	if (!f || !tf)
		return -EBADF;
	if (!tf->f_op->poll)
		return -EPERM;
	if (f == tf || !is_file_epoll(f))
		return -EINVAL;
	if (op != EPOLL_CTL_DEL && (ev.events & EPOLLEXCLUSIVE) &&
	    (op == EPOLL_CTL_MOD || is_file_epoll(tf) || (ev.events & ~EPOLLEXCLUSIVE_OK_BITS)))
		return -EINVAL;
	ep = f->private_data;
	if (op == EPOLL_CTL_ADD && is_file_epoll(tf) && !ep_loop_check(ep, tf->private_data))
		return -ELOOP;
	epi = ep_find(ep, tf, fd);
	ev.events |= EPOLLERR | EPOLLHUP;
	switch (op) {
	case EPOLL_CTL_ADD:
		return epi ? -EEXIST : ep_insert(ep, &ev, tf, fd);
	case EPOLL_CTL_DEL:
		if (!epi)
			return -ENOENT;
		ep_remove(ep, epi);
		return 0;
	case EPOLL_CTL_MOD:
		if (!epi)
			return -ENOENT;
		if (epi->event.events & EPOLLEXCLUSIVE)
			return -EINVAL;
		ep_modify(epi, &ev);
		return 0;
	default:
		return -EINVAL;
	}
}

/* ---- waiting ---- */

/* Reports items of the ready list that really are; the rest leaves the list. */
static int ep_send_events(struct eventpoll *ep, struct epoll_event *events, int maxevents)
{
	poll_table pt = { ._qproc = NULL };
	struct list_head txlist;
	struct epitem *epi, *next;
	int res = 0;

	ep_start_scan(ep, &txlist);
	list_for_each_entry_safe (epi, next, &txlist, rdllink) {
		__poll_t revents;

		if (res >= maxevents)
			break;
		list_del_init(&epi->rdllink);
		revents = ep_item_poll(epi, &pt);
		if (!revents)
			continue;
		events[res].events = revents;
		events[res++].data = epi->event.data;
		if (epi->event.events & EPOLLONESHOT)
			epi->event.events &= EP_PRIVATE_BITS;
		else if (!(epi->event.events & EPOLLET))
			list_add_tail(&epi->rdllink, &ep->rdllist);
	}
	ep_done_scan(ep, &txlist);
	return res;
}

/* Unlike autoremove_wake_function(): out of the queue also when the task was awake already. */
static int ep_autoremove_wake_function(wait_queue_entry_t *wq_entry, unsigned int mode, int sync, void *key)
{
	int ret = default_wake_function(wq_entry, mode, sync, key);

	list_del_init(&wq_entry->entry);
	return ret;
}

static int ep_poll(struct eventpoll *ep, struct epoll_event *events, int maxevents, int timeout)
{
	struct host *host = ep->host;
	ktime_t expires = ktime_get(host) + (s64)timeout * (s64)NSEC_PER_MSEC;
	bool timed_out = timeout == 0, eavail = ep_events_available(ep);

	for (;;) {
		DEFINE_WAIT_FUNC(wait, host, ep_autoremove_wake_function);

		if (eavail) {
			int res = ep_send_events(ep, events, maxevents);

			if (res)
				return res;
		}
		if (timed_out)
			return 0;
		if (signal_pending(current(host)))
			return -EINTR;
		set_current_state(host, TASK_INTERRUPTIBLE);
		eavail = ep_events_available(ep);
		if (!eavail) {
			wait.flags |= WQ_FLAG_EXCLUSIVE;
			list_add(&wait.entry, &ep->wq.head);
			timed_out = !schedule_hrtimeout_range(host, timeout < 0 ? NULL : &expires, 0);
		}
		set_current_state(host, TASK_RUNNING);
		eavail = true;
		if (!list_empty(&wait.entry)) {
			/* nobody woke us: there is nothing to be had */
			eavail = !timed_out;
			list_del_init(&wait.entry);
		}
	}
}

static int do_epoll_wait(struct task_struct *tsk, int epfd, struct epoll_event *events, int maxevents,
			 int timeout)
{
	TRACE_IN(tsk, IN_TASK, "wait until a file of the set is ready");
	struct file *f;

	if (maxevents <= 0 || maxevents > EP_MAX_EVENTS)
		return -EINVAL;
	if (!events)
		return -EFAULT;
	f = fget_light(tsk, (unsigned int)epfd);
	if (!f)
		return -EBADF;
	if (!is_file_epoll(f))
		return -EINVAL;
	return ep_poll(f->private_data, events, maxevents, timeout);
}

/* ---- the set's own file ---- */

static int do_epoll_create(struct task_struct *tsk, int flags)
{
	TRACE(tsk, "make an empty set with a file and a descriptor");
	struct host *host = tsk->host;
	struct eventpoll *ep;
	struct file *file;
	int fd;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	ep = kmem_cache_zalloc(host, host->net->files->epoll_cache);
	if (!ep)
		return -ENOMEM;
	ep->host = host;
	init_waitqueue_head(host, &ep->wq);
	init_waitqueue_head(host, &ep->poll_wait);
	INIT_LIST_HEAD(&ep->rdllist);
	ep->rbr = RB_ROOT;
	fd = get_unused_fd_flags(tsk, O_RDWR | ((unsigned int)flags & O_CLOEXEC));
	if (fd < 0)
		goto out_free;
	file = alloc_file_pseudo(host, "[eventpoll]", O_RDWR | (flags & O_CLOEXEC), &eventpoll_fops);
	if (!file) {
		put_unused_fd(tsk, (unsigned int)fd);
		fd = -ENFILE;
		goto out_free;
	}
	file->private_data = ep;
	ep->file = file;
	fd_install(tsk, (unsigned int)fd, file);
	return fd;
out_free:
	kmem_cache_free(host, host->net->files->epoll_cache, ep);
	return fd;
}

static int ep_eventpoll_release(struct file *file)
{
	struct eventpoll *ep = file->private_data;
	struct rb_node *n;

	ep_poll_safewake(ep);
	while ((n = rb_first(&ep->rbr)) != NULL)
		ep_remove(ep, rb_entry(n, struct epitem, rbn));
	kmem_cache_free(ep->host, ep->host->net->files->epoll_cache, ep);
	return 0;
}

static __poll_t ep_eventpoll_poll(struct file *file, poll_table *wait)
{
	return __ep_eventpoll_poll(file, wait);
}

static const struct file_operations eventpoll_fops = {
	.name = "[eventpoll]",
	.poll = ep_eventpoll_poll,
	.release = ep_eventpoll_release,
};

/* ---- system calls ---- */

long sys_epoll_create1(struct task_struct *tsk, int flags)
{
	SYSCALL(tsk, "make a set of files to wait on", do_epoll_create(tsk, flags));
}

long sys_epoll_ctl(struct task_struct *tsk, int epfd, int op, int fd, struct epoll_event *event)
{
	SYSCALL(tsk, "change a set of files to wait on", do_epoll_ctl(tsk, epfd, op, fd, event));
}

long sys_epoll_wait(struct task_struct *tsk, int epfd, struct epoll_event *events, int maxevents, int timeout)
{
	SYSCALL(tsk, "wait on a set of files", do_epoll_wait(tsk, epfd, events, maxevents, timeout));
}
