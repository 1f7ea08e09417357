/*
 * epoll: a set of files that a program waits on. Owned by its own file; see eventpoll.c.
 */
#ifndef STACK_APPLICATION_EVENTPOLL_H
#define STACK_APPLICATION_EVENTPOLL_H

#include <sys/epoll.h>

#include "stack/application/file.h"
#include "stack/kernel/rbtree.h"
#include "stack/kernel/wait.h"

struct eventpoll {
	struct host *host;
	struct file *file;
	wait_queue_head_t wq;	     /* tasks in epoll_wait() */
	wait_queue_head_t poll_wait; /* who polls this epoll file */
	struct list_head rdllist;    /* items that may be ready, in the order they became so */
	struct epitem *ovflist;	     /* those that became so during a scan, the last one first */
	bool scanning;		     /* the ready list is being looked through */
	struct rb_root rbr;	     /* all items by descriptor */
	u32 gen;		     /* the last check for loops that came by, ... */
	int loop_check_depth;	     /* ... and the depth it found */
};

struct epitem {
	struct host *host;
	struct rb_node rbn;
	struct list_head rdllink; /* in ep->rdllist, or empty */
	struct epitem *next;	  /* in ep->ovflist */
	bool overflowed;	  /* is in there */
	struct list_head fllink;  /* in file->f_ep */
	struct eventpoll *ep;
	struct file *file;
	int fd;
	struct epoll_event event; /* what the program wants, and its data */
	wait_queue_entry_t wait;  /* in the file's wait queue */
	wait_queue_head_t *whead; /* that queue, or NULL */
};

/* A file that is watched goes away: take it out of all sets. */
void eventpoll_release_file(struct file *file);

#endif
