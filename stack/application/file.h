/*
 * Open files and the table of a task's descriptors.
 *
 * A file has a count; the last fput() does not release it at once but queues the release as task work,
 * which runs when the task returns to its program (task_work_run > ____fput > __fput).
 */
#ifndef STACK_APPLICATION_FILE_H
#define STACK_APPLICATION_FILE_H

#include "stack/kernel/list.h"
#include "stack/kernel/sched.h"
#include "stack/skb/uio.h"

struct file;
struct poll_table_struct;
struct wait_queue_head;

typedef unsigned int __poll_t;

struct kiocb {
	struct file *ki_filp;
	s64 ki_pos;
	int ki_flags;
};

struct file_operations {
	const char *name;
	ssize_t (*read_iter)(struct kiocb *iocb, struct iov_iter *to);
	ssize_t (*write_iter)(struct kiocb *iocb, struct iov_iter *from);
	__poll_t (*poll)(struct file *file, struct poll_table_struct *wait);
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	int (*fasync)(int fd, struct file *file, int on); /* O_ASYNC: SIGIO is wanted, or no more */
	int (*release)(struct file *file);
};

#define FMODE_READ 1u
#define FMODE_WRITE 2u
#define FMODE_STREAM 4u

struct file {
	struct host *host;
	const struct file_operations *f_op;
	unsigned int f_flags; /* O_NONBLOCK, ... */
	unsigned int f_mode;
	struct task_struct *f_owner; /* F_SETOWN: gets SIGIO and SIGURG; lives longer than the file */
	u32 f_count;
	u32 f_hop; /* trace: what f_work runs because of */
	s64 f_pos;
	void *private_data;    /* struct socket, struct eventpoll */
	struct list_head f_ep; /* epoll items that watch this file */
	struct callback_head f_work;
	const char *f_name;
};

#define NR_OPEN_DEFAULT 8 /* descriptors of a new table */
#define NR_OPEN_MAX 1024  /* RLIMIT_NOFILE */

/* A task's descriptors: fd[i] is NULL when free; `reserved` ones wait for fd_install(). */
struct files_struct {
	struct host *host;
	u32 count; /* tasks that share it */
	int max_fds;
	int next_fd; /* no free one below */
	struct fd_slot {
		struct file *file;
		u8 reserved, close_on_exec;
	} * fd;
	struct fd_slot fd_init[NR_OPEN_DEFAULT];
};

/* Descriptors of a task that a program will run on: 0, 1 and 2 are taken (no file, EBADF on use). */
int task_files_init(struct task_struct *tsk);
/* Closes all; the files are released by task_work_run(). Called when a program's task ends. */
void exit_files(struct task_struct *tsk);

int get_unused_fd_flags(struct task_struct *tsk, unsigned int flags);
void put_unused_fd(struct task_struct *tsk, unsigned int fd);
void fd_install(struct task_struct *tsk, unsigned int fd, struct file *file);
/* The file without (fget_light) and with a reference; NULL: EBADF. */
struct file *fget_light(struct task_struct *tsk, unsigned int fd);
struct file *fget(struct task_struct *tsk, unsigned int fd);
int close_fd(struct task_struct *tsk, unsigned int fd);
int do_dup(struct task_struct *tsk, struct file *file, int from, unsigned int flags);

struct file *alloc_file_pseudo(struct host *host, const char *name, int flags,
			       const struct file_operations *fops);
void fput(struct file *file);

static inline struct file *get_file(struct file *file)
{
	file->f_count++;
	return file;
}

/* ---- polling ---- */

typedef void (*poll_queue_proc)(struct file *file, struct wait_queue_head *wq, struct poll_table_struct *p);

typedef struct poll_table_struct {
	poll_queue_proc _qproc; /* NULL: do not queue */
	__poll_t _key;
} poll_table;

static inline bool poll_does_not_wait(const poll_table *p)
{
	return p == NULL || p->_qproc == NULL;
}

static inline __poll_t poll_requested_events(const poll_table *p)
{
	return p ? p->_key : ~0u;
}

static inline void poll_wait(struct file *filp, struct wait_queue_head *wait_address, poll_table *p)
{
	if (p && p->_qproc && wait_address)
		p->_qproc(filp, wait_address, p);
}

static inline __poll_t vfs_poll(struct file *file, struct poll_table_struct *pt)
{
	if (unlikely(!file->f_op->poll))
		return 0x145; /* EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM */
	TRACE_OP(file, "poll");
	return file->f_op->poll(file, pt);
}

#endif
