/*
 * Reading and writing files (fs/read_write.c): from sys_write() to the file's write_iter, for sockets
 * sock_write_iter().
 */
#include "stack/application/file.h"
#include "stack/application/socket.h"
#include "stack/application/syscall.h"

#include <limits.h>

#define MAX_RW_COUNT (0x7fffffff & ~0xfff)

static s64 *file_ppos(struct file *file)
{
	TRACE(file, "get file offset");

	return file->f_mode & FMODE_STREAM ? NULL : &file->f_pos;
}

static void init_sync_kiocb(struct kiocb *kiocb, struct file *filp, const s64 *ppos)
{
	kiocb->ki_filp = filp;
	kiocb->ki_pos = ppos ? *ppos : 0;
	kiocb->ki_flags = 0;
}

static ssize_t call_read_iter(struct file *file, struct kiocb *kio, struct iov_iter *iter)
{
	TRACE(file, "read by the file's operation");

	TRACE_OP(file, "read_iter");
	return file->f_op->read_iter(kio, iter);
}

static ssize_t call_write_iter(struct file *file, struct kiocb *kio, struct iov_iter *iter)
{
	TRACE(file, "write by the file's operation");

	TRACE_OP(file, "write_iter");
	return file->f_op->write_iter(kio, iter);
}

static ssize_t new_sync_read(struct file *filp, void *buf, size_t len, s64 *ppos)
{
	TRACE(filp, "read into one buffer");
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct kiocb kiocb;
	struct iov_iter iter;
	ssize_t ret;

	init_sync_kiocb(&kiocb, filp, ppos);
	iov_iter_init(&iter, READ, &iov, 1, len);
	ret = call_read_iter(filp, &kiocb, &iter);
	if (ppos)
		*ppos = kiocb.ki_pos;
	return ret;
}

static ssize_t new_sync_write(struct file *filp, const void *buf, size_t len, s64 *ppos)
{
	TRACE(filp, "write from one buffer");
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len };
	struct kiocb kiocb;
	struct iov_iter iter;
	ssize_t ret;

	init_sync_kiocb(&kiocb, filp, ppos);
	iov_iter_init(&iter, WRITE, &iov, 1, len);
	ret = call_write_iter(filp, &kiocb, &iter);
	if (ret > 0 && ppos)
		*ppos = kiocb.ki_pos;
	return ret;
}

static ssize_t vfs_read(struct file *file, void *buf, size_t count, s64 *pos)
{
	TRACE(file, "read from the file");

	if (!(file->f_mode & FMODE_READ))
		return -EBADF;
	if (!file->f_op->read_iter)
		return -EINVAL;
	if (unlikely(!buf && count))
		return -EFAULT;
	return new_sync_read(file, buf, min_t(size_t, count, MAX_RW_COUNT), pos);
}

static ssize_t vfs_write(struct file *file, const void *buf, size_t count, s64 *pos)
{
	TRACE(file, "write to the file");

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!file->f_op->write_iter)
		return -EINVAL;
	if (unlikely(!buf && count))
		return -EFAULT;
	return new_sync_write(file, buf, min_t(size_t, count, MAX_RW_COUNT), pos);
}

static ssize_t ksys_read(struct task_struct *tsk, unsigned int fd, void *buf, size_t count)
{
	TRACE(tsk, "read from a descriptor");
	struct file *file = fget_light(tsk, fd);

	return file ? vfs_read(file, buf, count, file_ppos(file)) : -EBADF;
}

static ssize_t ksys_write(struct task_struct *tsk, unsigned int fd, const void *buf, size_t count)
{
	TRACE(tsk, "write to a descriptor");
	struct file *file = fget_light(tsk, fd);

	return file ? vfs_write(file, buf, count, file_ppos(file)) : -EBADF;
}

long sys_read(struct task_struct *tsk, unsigned int fd, void *buf, size_t count)
{
	SYSCALL(tsk, "read from a file or socket", ksys_read(tsk, fd, buf, count));
}

long sys_write(struct task_struct *tsk, unsigned int fd, const void *buf, size_t count)
{
	SYSCALL(tsk, "write to a file or socket", ksys_write(tsk, fd, buf, count));
}

/* ---- several buffers ---- */

/* The bytes of all buffers, or a negative errno. */
static ssize_t iovec_bytes(const struct iovec *vec, unsigned long vlen)
{
	size_t total = 0;
	unsigned long i;

	if (vlen > UIO_MAXIOV)
		return -EINVAL;
	if (!vec && vlen)
		return -EFAULT;
	for (i = 0; i < vlen; i++) {
		if (vec[i].iov_len > SSIZE_MAX - total)
			return -EINVAL;
		if (!vec[i].iov_base && vec[i].iov_len)
			return -EFAULT;
		total += vec[i].iov_len;
	}
	return (ssize_t)min_t(size_t, total, MAX_RW_COUNT);
}

static ssize_t do_iter_readv_writev(struct task_struct *tsk, unsigned int fd, const struct iovec *vec,
				    unsigned long vlen, int rw)
{
	TRACE(tsk, "read or write several buffers at once");
	struct file *file = fget_light(tsk, fd);
	struct kiocb kiocb;
	struct iov_iter iter;
	ssize_t bytes;

	if (!file)
		return -EBADF;
	bytes = iovec_bytes(vec, vlen);
	if (bytes < 0)
		return bytes;
	if (!(file->f_mode & (rw == READ ? FMODE_READ : FMODE_WRITE)))
		return -EBADF;
	if (!(rw == READ ? file->f_op->read_iter : file->f_op->write_iter))
		return -EINVAL;
	if (!bytes) /* not even an empty datagram */
		return 0;
	init_sync_kiocb(&kiocb, file, NULL);
	iov_iter_init(&iter, (unsigned int)rw, vec, vlen, (size_t)bytes);
	return rw == READ ? call_read_iter(file, &kiocb, &iter) : call_write_iter(file, &kiocb, &iter);
}

long sys_readv(struct task_struct *tsk, unsigned int fd, const struct iovec *vec, unsigned long vlen)
{
	SYSCALL(tsk, "read into several buffers", do_iter_readv_writev(tsk, fd, vec, vlen, READ));
}

long sys_writev(struct task_struct *tsk, unsigned int fd, const struct iovec *vec, unsigned long vlen)
{
	SYSCALL(tsk, "write from several buffers", do_iter_readv_writev(tsk, fd, vec, vlen, WRITE));
}
