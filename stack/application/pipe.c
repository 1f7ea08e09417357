/*
 * Pipes (fs/pipe.c): a ring of pages between a file for reading and one for writing. A write goes behind what
 * lies in the last page when all of its odd bytes fit there, else into pages of its own; a pipe is full when
 * no page is free.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "stack/application/pipe.h"
#include "stack/application/syscall.h"
#include "stack/kernel/signal.h"

struct pipe_buffer *pipe_next_buf(struct pipe_inode_info *pipe, struct host *host)
{
	struct pipe_buffer *buf = pipe_buf(pipe, pipe->head);

	if (!buf->page)
		buf->page = kzalloc(host, PIPE_PAGE);
	buf->offset = 0;
	return buf->page ? buf : NULL;
}

/* ---- reading ---- */

/* Takes what there is, as far as there is room for it. */
static ssize_t take(struct pipe_inode_info *pipe, struct iov_iter *to)
{
	ssize_t ret = 0;

	while (!pipe_empty(pipe) && iov_iter_count(to)) {
		struct pipe_buffer *buf = pipe_buf(pipe, pipe->tail);
		size_t n = copy_to_iter(buf->page + buf->offset, min_t(size_t, buf->len, iov_iter_count(to)),
					to);

		ret += (ssize_t)n;
		buf->offset += (unsigned int)n;
		buf->len -= (unsigned int)n;
		if (!buf->len)
			pipe->tail++;
	}
	return ret;
}

static ssize_t pipe_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *filp = iocb->ki_filp;
	TRACE(filp, "read from the pipe");
	struct pipe_inode_info *pipe = filp->private_data;
	bool was_full;
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	while (pipe_empty(pipe)) {
		if (!pipe->writers)
			return 0;
		if (filp->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(&pipe->rd_wait, !pipe_empty(pipe) || !pipe->writers))
			return -ERESTARTSYS;
	}
	was_full = pipe_full(pipe);
	ret = take(pipe, to);
	if (was_full && !pipe_full(pipe))
		wake_up_interruptible_sync_poll(&pipe->wr_wait, EPOLLOUT | EPOLLWRNORM);
	return ret;
}

/* ---- writing ---- */

static bool merge(struct pipe_inode_info *pipe, struct iov_iter *from)
{
	size_t chars = iov_iter_count(from) & (PIPE_PAGE - 1);
	struct pipe_buffer *buf;

	if (!chars || pipe_empty(pipe))
		return false;
	buf = pipe_buf(pipe, pipe->head - 1);
	if (buf->offset + buf->len + chars > PIPE_PAGE)
		return false;
	copy_from_iter(buf->page + buf->offset + buf->len, chars, from);
	buf->len += (unsigned int)chars;
	return true;
}

/* Puts up to a page into the next buffer; false: no memory. */
static bool put_page_of(struct pipe_inode_info *pipe, struct host *host, struct iov_iter *from)
{
	struct pipe_buffer *buf = pipe_next_buf(pipe, host);

	if (!buf)
		return false;
	buf->len =
		(unsigned int)copy_from_iter(buf->page, min_t(size_t, PIPE_PAGE, iov_iter_count(from)), from);
	pipe->head++;
	return true;
}

/* Writes until all is in or the pipe is full; a negative errno when nobody reads. */
static int fill(struct pipe_inode_info *pipe, struct file *filp, struct iov_iter *from)
{
	while (iov_iter_count(from)) {
		if (!pipe->readers) {
			send_sig(SIGPIPE, current(filp->host), 0);
			return -EPIPE;
		}
		if (pipe_full(pipe))
			return -EAGAIN;
		if (!put_page_of(pipe, filp->host, from))
			return -ENOMEM;
	}
	return 0;
}

static ssize_t pipe_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *filp = iocb->ki_filp;
	TRACE(filp, "write to the pipe");
	struct pipe_inode_info *pipe = filp->private_data;
	size_t total = iov_iter_count(from);
	bool was_empty = pipe_empty(pipe);
	int err;

	if (!total)
		return 0;
	if (pipe->readers)
		merge(pipe, from);
	for (;;) {
		err = fill(pipe, filp, from);
		if (was_empty && !pipe_empty(pipe))
			wake_up_interruptible_sync_poll(&pipe->rd_wait, EPOLLIN | EPOLLRDNORM);
		if (err != -EAGAIN || (filp->f_flags & O_NONBLOCK))
			break;
		was_empty = false;
		if (wait_event_interruptible(&pipe->wr_wait, !pipe_full(pipe) || !pipe->readers)) {
			err = -ERESTARTSYS;
			break;
		}
		was_empty = pipe_empty(pipe);
	}
	return total > iov_iter_count(from) ? (ssize_t)(total - iov_iter_count(from)) : err;
}

/* ---- the rest ---- */

static __poll_t pipe_poll(struct file *filp, struct poll_table_struct *wait)
{
	TRACE(filp, "what the pipe is ready for");
	struct pipe_inode_info *pipe = filp->private_data;
	__poll_t mask = 0;

	poll_wait(filp, filp->f_mode & FMODE_READ ? &pipe->rd_wait : &pipe->wr_wait, wait);
	if (filp->f_mode & FMODE_READ) {
		if (!pipe_empty(pipe))
			mask |= EPOLLIN | EPOLLRDNORM;
		if (!pipe->writers)
			mask |= EPOLLHUP;
		return mask;
	}
	if (!pipe_full(pipe))
		mask |= EPOLLOUT | EPOLLWRNORM;
	if (!pipe->readers)
		mask |= EPOLLERR;
	return mask;
}

static int pipe_release(struct file *file)
{
	TRACE(file, "close an end of the pipe");
	struct pipe_inode_info *pipe = file->private_data;
	unsigned int i;

	if (file->f_mode & FMODE_READ)
		pipe->readers--;
	else
		pipe->writers--;
	wake_up_interruptible_all(&pipe->rd_wait);
	wake_up_interruptible_all(&pipe->wr_wait);
	if (--pipe->files)
		return 0;
	for (i = 0; i < PIPE_DEF_BUFFERS; i++)
		if (pipe->bufs[i].page)
			kfree(file->host, pipe->bufs[i].page);
	kfree(file->host, pipe);
	return 0;
}

static long pipe_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	TRACE(filp, "tell how many bytes are in the pipe");
	struct pipe_inode_info *pipe = filp->private_data;
	int count = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	for (unsigned int i = pipe->tail; i != pipe->head; i++)
		count += (int)pipe_buf(pipe, i)->len;
	*(int *)arg = count;
	return 0;
}

static const struct file_operations pipefifo_fops = {
	.name = "pipefifo_fops",
	.read_iter = pipe_read,
	.write_iter = pipe_write,
	.poll = pipe_poll,
	.unlocked_ioctl = pipe_ioctl,
	.release = pipe_release,
};

struct pipe_inode_info *get_pipe_info(struct file *file)
{
	return file->f_op == &pipefifo_fops ? file->private_data : NULL;
}

/* One end, installed at a new descriptor. */
static int pipe_end(struct task_struct *tsk, struct pipe_inode_info *pipe, int flags, unsigned int mode)
{
	int fd = get_unused_fd_flags(tsk, 0);
	struct file *file;

	if (fd < 0)
		return fd;
	file = alloc_file_pseudo(tsk->host, "pipe", flags, &pipefifo_fops);
	if (!file) {
		put_unused_fd(tsk, (unsigned int)fd);
		return -ENFILE;
	}
	file->f_mode = mode | FMODE_STREAM;
	file->private_data = pipe;
	pipe->files++;
	fd_install(tsk, (unsigned int)fd, file);
	return fd;
}

static long do_pipe2(struct task_struct *tsk, int *fildes)
{
	TRACE(tsk, "make a pipe and a descriptor for each end");
	struct pipe_inode_info *pipe = kzalloc(tsk->host, sizeof(*pipe));

	if (!pipe)
		return -ENFILE;
	init_waitqueue_head(tsk->host, &pipe->rd_wait);
	init_waitqueue_head(tsk->host, &pipe->wr_wait);
	pipe->readers = pipe->writers = 1;
	fildes[0] = pipe_end(tsk, pipe, O_RDONLY, FMODE_READ);
	if (fildes[0] < 0) {
		kfree(tsk->host, pipe);
		return fildes[0];
	}
	fildes[1] = pipe_end(tsk, pipe, O_WRONLY, FMODE_WRITE);
	if (fildes[1] < 0) {
		close_fd(tsk, (unsigned int)fildes[0]);
		return fildes[1];
	}
	return 0;
}

long sys_pipe(struct task_struct *tsk, int *fildes)
{
	SYSCALL(tsk, "create a pipe", do_pipe2(tsk, fildes));
}
