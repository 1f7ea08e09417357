/*
 * Between files without the program's memory: splice() from a socket to a pipe or back, sendfile() from a
 * file to a socket. Pages are not handed on but copied.
 */
#include <fcntl.h>
#include <signal.h>

#include "stack/application/memfile.h"
#include "stack/application/pipe.h"
#include "stack/application/socket.h"
#include "stack/application/syscall.h"
#include "stack/kernel/signal.h"

#define SPLICE_F_ALL (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)
#define MAX_RW_COUNT (0x7fffffff & ~0xfff)

/* ---- splice() ---- */

static int wait_for_space(struct pipe_inode_info *pipe, struct host *host, unsigned int flags)
{
	TRACE(host, "wait until the pipe has room");

	for (;;) {
		if (!pipe->readers) {
			send_sig(SIGPIPE, current(host), 0);
			return -EPIPE;
		}
		if (!pipe_full(pipe))
			return 0;
		if (flags & SPLICE_F_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(&pipe->wr_wait, !pipe_full(pipe) || !pipe->readers))
			return -ERESTARTSYS;
	}
}

static long splice_file_to_pipe(struct file *in, struct pipe_inode_info *opipe, size_t len,
				unsigned int flags)
{
	TRACE(in, "move data from the socket to the pipe");
	struct socket *sock = sock_from_file(in);
	long ret = wait_for_space(opipe, in->host, flags);

	if (ret)
		return ret;
	if (!sock || !sock->ops->splice_read)
		return -EINVAL;
	TRACE_OP(sock, "splice_read");
	ret = sock->ops->splice_read(sock, opipe, len, flags);
	if (ret > 0)
		wake_up_interruptible_sync_poll(&opipe->rd_wait, EPOLLIN | EPOLLRDNORM);
	return ret;
}

/* 1: there is data; 0: there will be none, or enough was moved. */
static int splice_from_pipe_next(struct pipe_inode_info *pipe, long done, unsigned int flags)
{
	while (pipe_empty(pipe)) {
		if (!pipe->writers || done)
			return 0;
		if (flags & SPLICE_F_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(&pipe->rd_wait, !pipe_empty(pipe) || !pipe->writers))
			return -ERESTARTSYS;
	}
	return 1;
}

static long sock_send_from(struct socket *sock, void *data, size_t len, bool more)
{
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr msg = { .msg_flags = (more ? MSG_MORE : 0) |
					   (sock->file->f_flags & O_NONBLOCK ? MSG_DONTWAIT : 0) };

	iov_iter_init(&msg.msg_iter, WRITE, &iov, 1, len);
	return sock_sendmsg(sock, &msg);
}

static long generic_splice_sendpage(struct pipe_inode_info *pipe, struct file *out, size_t len,
				    unsigned int flags)
{
	TRACE(out, "send what is in the pipe");
	struct socket *sock = sock_from_file(out);
	long done = 0, ret;

	if (!sock)
		return -EINVAL;
	while (len) {
		struct pipe_buffer *buf;
		size_t n;

		ret = splice_from_pipe_next(pipe, done, flags);
		if (ret <= 0)
			return done ? done : ret;
		buf = pipe_buf(pipe, pipe->tail);
		n = min_t(size_t, buf->len, len);
		ret = sock_send_from(sock, buf->page + buf->offset, n,
				     flags & SPLICE_F_MORE || (n < len && pipe->head - pipe->tail > 1));
		if (ret <= 0)
			return done ? done : ret;
		buf->offset += (unsigned int)ret;
		buf->len -= (unsigned int)ret;
		done += ret;
		len -= (size_t)ret;
		if (!buf->len) {
			pipe->tail++;
			wake_up_interruptible_sync_poll(&pipe->wr_wait, EPOLLOUT | EPOLLWRNORM);
		}
	}
	return done;
}

static long do_splice(struct task_struct *tsk, unsigned int fd_in, const s64 *off_in, unsigned int fd_out,
		      const s64 *off_out, size_t len, unsigned int flags)
{
	TRACE(tsk, "move data between a pipe and another file");
	struct file *in = fget_light(tsk, fd_in), *out = fget_light(tsk, fd_out);
	struct pipe_inode_info *ipipe, *opipe;

	if (!len)
		return 0;
	if (flags & ~(unsigned int)SPLICE_F_ALL)
		return -EINVAL;
	if (!in || !out || !(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	ipipe = get_pipe_info(in);
	opipe = get_pipe_info(out);
	if ((ipipe && off_in) || (opipe && off_out))
		return -ESPIPE;
	if (!ipipe == !opipe || off_in || off_out) /* sockets have no place to seek to; no pipe to pipe */
		return -EINVAL;
	if (ipipe)
		return generic_splice_sendpage(ipipe, out, len, flags);
	if (out->f_flags & O_NONBLOCK)
		flags |= SPLICE_F_NONBLOCK;
	return splice_file_to_pipe(in, opipe, len, flags);
}

long sys_splice(struct task_struct *tsk, int fd_in, s64 *off_in, int fd_out, s64 *off_out, size_t len,
		unsigned int flags)
{
	SYSCALL(tsk, "move data between a pipe and a socket",
		do_splice(tsk, (unsigned int)fd_in, off_in, (unsigned int)fd_out, off_out, len, flags));
}

/* ---- sendfile() ---- */

/* In pieces of what a pipe holds, as Linux does through one. */
static long do_sendfile(struct task_struct *tsk, unsigned int out_fd, unsigned int in_fd, s64 *ppos,
			size_t count)
{
	TRACE(tsk, "send a file's data through a socket");
	struct file *in = fget_light(tsk, in_fd), *out = fget_light(tsk, out_fd);
	struct socket *sock;
	struct memfile *mf;
	s64 pos;
	long done = 0, ret;

	if (!in || !out || !(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	sock = sock_from_file(out);
	mf = memfile_of(in);
	if (!sock || !mf)
		return -EINVAL;
	pos = ppos ? *ppos : in->f_pos;
	if (pos < 0)
		return -EINVAL;
	count = min_t(size_t, count, MAX_RW_COUNT);
	count = pos < (s64)mf->size ? min_t(size_t, count, mf->size - (size_t)pos) : 0;
	while (count) {
		size_t n = min_t(size_t, count, PIPE_DEF_BUFFERS * PIPE_PAGE);

		ret = sock_send_from(sock, mf->data + pos, n, n < count);
		if (ret <= 0) {
			done = done ? done : ret;
			break;
		}
		pos += ret;
		done += ret;
		count -= (size_t)ret;
	}
	if (done > 0)
		*(ppos ? ppos : &in->f_pos) = pos;
	return done;
}

long sys_sendfile(struct task_struct *tsk, int out_fd, int in_fd, s64 *offset, size_t count)
{
	SYSCALL(tsk, "send a file's data through a socket",
		do_sendfile(tsk, (unsigned int)out_fd, (unsigned int)in_fd, offset, count));
}
