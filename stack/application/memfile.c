/* Files of a host, in memory. They live as long as the host. */
#include "stack/application/memfile.h"

#include <fcntl.h>

#include "stack/application/socket.h"
#include "stack/application/syscall.h"

static const struct file_operations memfile_fops;

static struct memfile *memfile_find(struct host *host, const char *name)
{
	struct memfile *mf;

	list_for_each_entry (mf, &host->net->files->memfiles, list)
		if (strcmp(mf->name, name) == 0)
			return mf;
	return NULL;
}

/* Another size: what is there stays, what is new is zero. */
static int memfile_resize(struct host *host, struct memfile *mf, size_t size)
{
	u8 *data = size ? kzalloc(host, size) : NULL;

	if (size && !data)
		return -ENOSPC;
	if (mf->data) {
		memcpy(data, mf->data, min(size, mf->size));
		kfree(host, mf->data);
	}
	mf->data = data;
	mf->size = size;
	return 0;
}

struct memfile *memfile_create(struct host *host, const char *name, size_t size)
{
	TRACE(host, "make a file in memory");
	struct memfile *mf = memfile_find(host, name);

	if (!mf) {
		mf = kzalloc(host, sizeof(*mf) + strlen(name) + 1);
		if (!mf)
			return NULL;
		strcpy(mf->name, name);
		list_add_tail(&mf->list, &host->net->files->memfiles);
	}
	return memfile_resize(host, mf, 0) || memfile_resize(host, mf, size) ? NULL : mf;
}

int memfile_unlink(struct host *host, const char *name)
{
	TRACE(host, "remove a file from memory");
	struct memfile *mf = memfile_find(host, name);

	if (!mf)
		return -ENOENT;
	mf->name[0] = '\0';
	return 0;
}

void memfile_unlink_all(struct host *host)
{
	struct memfile *mf, *next;

	list_for_each_entry_safe (mf, next, &host->net->files->memfiles, list) {
		list_del(&mf->list);
		if (mf->data)
			kfree(host, mf->data);
		kfree(host, mf);
	}
}

struct memfile *memfile_of(const struct file *file)
{
	return file->f_op == &memfile_fops ? file->private_data : NULL;
}

static ssize_t memfile_read(struct kiocb *iocb, struct iov_iter *to)
{
	TRACE(iocb->ki_filp, "read from the file in memory");
	const struct memfile *mf = iocb->ki_filp->private_data;
	ssize_t ret = 0;

	if (iocb->ki_pos < (s64)mf->size)
		ret = (ssize_t)copy_to_iter(mf->data + iocb->ki_pos, mf->size - (size_t)iocb->ki_pos, to);
	iocb->ki_pos += ret;
	return ret;
}

static ssize_t memfile_write(struct kiocb *iocb, struct iov_iter *from)
{
	TRACE(iocb->ki_filp, "write to the file in memory");
	struct memfile *mf = iocb->ki_filp->private_data;
	size_t end = (size_t)iocb->ki_pos + iov_iter_count(from);
	ssize_t ret;

	if (end > mf->size && memfile_resize(iocb->ki_filp->host, mf, end))
		return -ENOSPC;
	ret = (ssize_t)copy_from_iter(mf->data + iocb->ki_pos, iov_iter_count(from), from);
	iocb->ki_pos += ret;
	return ret;
}

static int memfile_release(struct file *file)
{
	TRACE(file, "close the file in memory");

	return 0;
}

static const struct file_operations memfile_fops = {
	.name = "memfile_fops",
	.read_iter = memfile_read,
	.write_iter = memfile_write,
	.release = memfile_release,
};

static long do_sys_open(struct task_struct *tsk, const char *filename, int flags)
{
	TRACE(tsk, "open a file in memory");
	struct memfile *mf = *filename ? memfile_find(tsk->host, filename) : NULL;
	unsigned int acc = flags & O_ACCMODE;
	struct file *file;
	int fd;

	if (mf && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (!mf && (!(flags & O_CREAT) || !*filename))
		return -ENOENT;
	if (!mf || (flags & O_TRUNC))
		mf = memfile_create(tsk->host, filename, 0);
	if (!mf)
		return -ENOSPC;
	fd = get_unused_fd_flags(tsk, (unsigned int)flags);
	if (fd < 0)
		return fd;
	file = alloc_file_pseudo(tsk->host, mf->name, flags & ~(O_CREAT | O_EXCL | O_TRUNC), &memfile_fops);
	if (!file) {
		put_unused_fd(tsk, (unsigned int)fd);
		return -ENFILE;
	}
	file->f_mode = (acc != O_WRONLY ? FMODE_READ : 0) | (acc != O_RDONLY ? FMODE_WRITE : 0);
	file->private_data = mf;
	fd_install(tsk, (unsigned int)fd, file);
	return fd;
}

long sys_open(struct task_struct *tsk, const char *filename, int flags)
{
	SYSCALL(tsk, "open a file", do_sys_open(tsk, filename, flags));
}
