/*
 * Open files and descriptors (fs/file.c, fs/file_table.c). See file.h.
 */
#include "stack/application/file.h"

#include "stack/application/eventpoll.h"
#include "stack/application/socket.h"
#include "stack/application/syscall.h"

/* reserved: 0 free; handed out and not yet installed; the program's standard files, which are not ours */
enum { FD_FREE, FD_RESERVED, FD_STANDARD };

#define NR_STANDARD 3

int task_files_init(struct task_struct *tsk)
{
	struct file_state *st = tsk->host->net->files;
	struct files_struct *files = kmem_cache_zalloc(tsk->host, st->fds_cache);
	int i;

	if (!files)
		return -ENOMEM;
	files->host = tsk->host;
	files->count = 1;
	files->fd = files->fd_init;
	files->max_fds = NR_OPEN_DEFAULT;
	files->next_fd = NR_STANDARD;
	for (i = 0; i < NR_STANDARD; i++)
		files->fd[i].reserved = FD_STANDARD;
	tsk->files = files;
	return 0;
}

static int expand_files(struct files_struct *files)
{
	int nr = files->max_fds * 2;
	struct fd_slot *fd;

	if (files->max_fds >= NR_OPEN_MAX)
		return -EMFILE;
	fd = kzalloc(files->host, (size_t)nr * sizeof(*fd));
	if (!fd)
		return -ENOMEM;
	memcpy(fd, files->fd, (size_t)files->max_fds * sizeof(*fd));
	if (files->fd != files->fd_init)
		kfree(files->host, files->fd);
	files->fd = fd;
	files->max_fds = nr;
	return 0;
}

/* The lowest free descriptor from `start` on, reserved. */
static int alloc_fd(struct task_struct *tsk, int start, unsigned int flags)
{
	struct files_struct *files;
	int fd, err;

	if (!tsk->files) {
		err = task_files_init(tsk);
		if (err)
			return err;
	}
	files = tsk->files;
	for (fd = max(start, files->next_fd);; fd++) {
		while (fd >= files->max_fds) {
			err = expand_files(files);
			if (err)
				return err;
		}
		if (!files->fd[fd].file && files->fd[fd].reserved == FD_FREE)
			break;
	}
	if (start <= files->next_fd)
		files->next_fd = fd + 1;
	files->fd[fd].reserved = FD_RESERVED;
	files->fd[fd].close_on_exec = !!(flags & O_CLOEXEC);
	return fd;
}

int get_unused_fd_flags(struct task_struct *tsk, unsigned int flags)
{
	TRACE(tsk, "get an valid file descriptor");

	return alloc_fd(tsk, 0, flags);
}

void put_unused_fd(struct task_struct *tsk, unsigned int fd)
{
	struct files_struct *files = tsk->files;

	files->fd[fd].reserved = FD_FREE;
	if ((int)fd < files->next_fd)
		files->next_fd = (int)fd;
}

void fd_install(struct task_struct *tsk, unsigned int fd, struct file *file)
{
	TRACE(tsk, "install the file to allocated fd");

	tsk->files->fd[fd].file = file;
	tsk->files->fd[fd].reserved = FD_FREE;
}

struct file *fget_light(struct task_struct *tsk, unsigned int fd)
{
	struct files_struct *files = tsk->files;

	if (!files || fd >= (unsigned int)files->max_fds)
		return NULL;
	return files->fd[fd].file;
}

struct file *fget(struct task_struct *tsk, unsigned int fd)
{
	struct file *file = fget_light(tsk, fd);

	return file ? get_file(file) : NULL;
}

int close_fd(struct task_struct *tsk, unsigned int fd)
{
	struct files_struct *files = tsk->files;
	struct fd_slot *slot;
	struct file *file;

	if (!files && task_files_init(tsk))
		return -ENOMEM;
	files = tsk->files;
	if (fd >= (unsigned int)files->max_fds)
		return -EBADF;
	slot = &files->fd[fd];
	file = slot->file;
	if (!file && slot->reserved != FD_STANDARD)
		return -EBADF;
	slot->file = NULL;
	put_unused_fd(tsk, fd);
	if (file)
		fput(file);
	return 0;
}

void exit_files(struct task_struct *tsk)
{
	struct files_struct *files = tsk->files;
	int fd;

	tsk->files = NULL;
	if (!files || --files->count > 0)
		return;
	tsk->files = files;
	for (fd = 0; fd < files->max_fds; fd++)
		if (files->fd[fd].file)
			close_fd(tsk, (unsigned int)fd);
	if (files->fd != files->fd_init)
		kfree(files->host, files->fd);
	tsk->files = NULL;
	kmem_cache_free(tsk->host, tsk->host->net->files->fds_cache, files);
}

int do_dup(struct task_struct *tsk, struct file *file, int from, unsigned int flags)
{
	int fd;

	if (from < 0 || from >= NR_OPEN_MAX)
		return -EINVAL;
	fd = alloc_fd(tsk, from, flags);
	if (fd >= 0)
		fd_install(tsk, (unsigned int)fd, get_file(file));
	return fd;
}

/* ---- files ---- */

struct file *alloc_file_pseudo(struct host *host, const char *name, int flags,
			       const struct file_operations *fops)
{
	TRACE(host, "allocate a file");
	struct file *file = kmem_cache_zalloc(host, host->net->files->file_cache);

	if (!file)
		return NULL;
	file->host = host;
	file->f_op = fops;
	file->f_flags = (unsigned int)flags;
	file->f_mode = FMODE_READ | FMODE_WRITE | FMODE_STREAM;
	file->f_count = 1;
	file->f_name = name;
	INIT_LIST_HEAD(&file->f_ep);
	return file;
}

static void __fput(struct file *file)
{
	TRACE(file, "release the file");
	struct host *host = file->host;

	if (unlikely(!list_empty(&file->f_ep)))
		eventpoll_release_file(file);
	if (file->f_op->release) {
		TRACE_OP(file, "release");
		file->f_op->release(file);
	}
	kmem_cache_free(host, host->net->files->file_cache, file);
}

static void ____fput(struct callback_head *work)
{
	struct file *file = container_of(work, struct file, f_work);
	TRACE(file, "release a file that was closed for the last time");

	__fput(file);
}

/* ____fput() as work of a task: the trace shows what left it. */
static void run_fput(struct callback_head *work)
{
	struct file *file = container_of(work, struct file, f_work);

	trace_hop_in(file->host, HOP_WORK, file->f_hop);
	____fput(work);
}

void fput(struct file *file)
{
	struct task_struct *tsk;

	if (--file->f_count)
		return;
	tsk = current(file->host);
	if (likely(tsk && !tsk->is_kthread)) {
		file->f_hop = trace_hop_out(file->host, HOP_WORK);
		task_work_add(tsk, &file->f_work, run_fput);
	} else {
		____fput(&file->f_work);
	}
}

/* ---- system calls ---- */

long sys_close(struct task_struct *tsk, unsigned int fd)
{
	SYSCALL(tsk, "close a descriptor; the file is released on the way back to the program",
		close_fd(tsk, fd));
}

static long do_dup_syscall(struct task_struct *tsk, unsigned int fildes)
{
	struct file *file = fget_light(tsk, fildes);

	return file ? do_dup(tsk, file, 0, 0) : -EBADF;
}

long sys_dup(struct task_struct *tsk, unsigned int fildes)
{
	SYSCALL(tsk, "make a second descriptor for a file", do_dup_syscall(tsk, fildes));
}

/* Puts the file at `newfd`, closing what was there. */
static long ksys_dup2(struct task_struct *tsk, unsigned int oldfd, unsigned int newfd)
{
	TRACE(tsk, "duplicate to a descriptor of the program's choice");
	struct file *file = fget_light(tsk, oldfd), *old;
	struct fd_slot *slot;

	if (newfd >= NR_OPEN_MAX || !file)
		return -EBADF;
	if (oldfd == newfd)
		return (long)newfd;
	while (newfd >= (unsigned int)tsk->files->max_fds)
		if (expand_files(tsk->files))
			return -EMFILE;
	slot = &tsk->files->fd[newfd];
	if (slot->reserved == FD_RESERVED)
		return -EBUSY;
	old = slot->file;
	slot->reserved = FD_FREE;
	slot->close_on_exec = false;
	slot->file = get_file(file);
	if (old)
		fput(old);
	return (long)newfd;
}

long sys_dup2(struct task_struct *tsk, unsigned int oldfd, unsigned int newfd)
{
	SYSCALL(tsk, "make a second descriptor, with a given number, for a file",
		ksys_dup2(tsk, oldfd, newfd));
}

bool fd_is_standard(const struct task_struct *tsk, unsigned int fd)
{
	return fd < NR_STANDARD && (!tsk->files || tsk->files->fd[fd].reserved == FD_STANDARD);
}

#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_ASYNC)

/* A program knows of none but itself. */
static int set_owner(struct task_struct *tsk, struct file *file, int who)
{
	if (who && who != (int)tsk->task->pid)
		return -ESRCH;
	file->f_owner = who ? tsk : NULL;
	return 0;
}

static int setfl(int fd, struct file *file, unsigned int arg)
{
	if ((file->f_flags ^ arg) & O_ASYNC && file->f_op->fasync) {
		TRACE_OP(file, "fasync");
		file->f_op->fasync(fd, file, (arg & O_ASYNC) != 0);
	}
	file->f_flags = (file->f_flags & ~(unsigned int)SETFL_MASK) | (arg & SETFL_MASK);
	return 0;
}

static long do_fcntl(struct task_struct *tsk, unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct file *file = fget_light(tsk, fd);

	if (!file)
		return -EBADF;
	switch (cmd) {
	case F_DUPFD:
		return do_dup(tsk, file, (int)arg, 0);
	case F_DUPFD_CLOEXEC:
		return do_dup(tsk, file, (int)arg, O_CLOEXEC);
	case F_GETFD:
		return tsk->files->fd[fd].close_on_exec ? FD_CLOEXEC : 0;
	case F_SETFD:
		tsk->files->fd[fd].close_on_exec = !!(arg & FD_CLOEXEC);
		return 0;
	case F_GETFL:
		return (long)file->f_flags;
	case F_SETFL:
		return setfl((int)fd, file, (unsigned int)arg);
	case F_GETOWN:
		return file->f_owner ? (long)file->f_owner->task->pid : 0;
	case F_SETOWN:
		return set_owner(tsk, file, (int)arg);
	default:
		return -EINVAL;
	}
}

long sys_fcntl(struct task_struct *tsk, unsigned int fd, unsigned int cmd, unsigned long arg)
{
	SYSCALL(tsk, "get or set flags of a file or descriptor", do_fcntl(tsk, fd, cmd, arg));
}

#define IOCTL_FIONBIO 0x5421
#define IOCTL_FIOCLEX 0x5451
#define IOCTL_FIONCLEX 0x5450

static long do_ioctl(struct task_struct *tsk, unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct file *file = fget_light(tsk, fd);

	if (!file)
		return -EBADF;
	switch (cmd) {
	case IOCTL_FIOCLEX:
	case IOCTL_FIONCLEX:
		tsk->files->fd[fd].close_on_exec = cmd == IOCTL_FIOCLEX;
		return 0;
	case IOCTL_FIONBIO:
		if (!arg)
			return -EFAULT;
		if (*(int *)arg)
			file->f_flags |= O_NONBLOCK;
		else
			file->f_flags &= ~(unsigned int)O_NONBLOCK;
		return 0;
	default:
		if (!file->f_op->unlocked_ioctl)
			return -ENOTTY;
		TRACE_OP(file, "unlocked_ioctl");
		return file->f_op->unlocked_ioctl(file, cmd, arg);
	}
}

long sys_ioctl(struct task_struct *tsk, unsigned int fd, unsigned int cmd, unsigned long arg)
{
	SYSCALL(tsk, "control a device or socket", do_ioctl(tsk, fd, cmd, arg));
}
