/*
 * A program's buffers as the stack sees them: iovec iterators and the kernel's message header.
 *
 * Programs run in the simulator's own address space, so a user pointer is a plain pointer and copying
 * cannot fault; NULL where there should be a buffer is the caller's EFAULT.
 *
 * <sys/socket.h> has a struct msghdr too, the user's. In the stack the name means the kernel's, as in
 * Linux, and the user's is struct user_msghdr; the macro below makes this so in every file of the stack.
 */
#ifndef STACK_SKB_UIO_H
#define STACK_SKB_UIO_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#define msghdr kernel_msghdr

/* Flags of send() that programs do not have. */
#ifndef MSG_PROBE
#define MSG_PROBE 0x10
#endif
#ifndef MSG_SENDPAGE_NOTLAST
#define MSG_SENDPAGE_NOTLAST 0x20000
#endif
#define MSG_CMSG_COMPAT 0x80000000u /* the kernel's own: a program of 32 bits calls */

#ifndef READ
#define READ 0
#define WRITE 1
#endif

struct iov_iter {
	uint8_t data_source; /* WRITE: the program's data goes out; READ: it is filled */
	size_t iov_offset;   /* in iov[0] */
	size_t count;	     /* bytes left */
	const struct iovec *iov;
	unsigned long nr_segs;
};

struct kiocb;
struct ubuf_info;

/* The kernel's message header. */
struct msghdr {
	void *msg_name; /* the kernel's copy of the address */
	int msg_namelen;
	struct iov_iter msg_iter;
	void *msg_control;
	size_t msg_controllen;
	unsigned int msg_flags;
	struct kiocb *msg_iocb;
};

/* What a program hands to sendmsg() and recvmsg(): laid out as the C library's struct msghdr. */
struct user_msghdr {
	void *msg_name;
	socklen_t msg_namelen;
	struct iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	int msg_flags;
};

void iov_iter_init(struct iov_iter *i, unsigned int direction, const struct iovec *iov, unsigned long nr_segs,
		   size_t count);
void iov_iter_advance(struct iov_iter *i, size_t bytes);
void iov_iter_revert(struct iov_iter *i, size_t bytes);

/* Bytes left in the buffer that is next. */
size_t iov_iter_single_seg_count(struct iov_iter *i);
/* Copy out of and into the program's buffers; return the bytes copied. */
size_t copy_from_iter(void *addr, size_t bytes, struct iov_iter *i);
size_t copy_to_iter(const void *addr, size_t bytes, struct iov_iter *i);

static inline size_t iov_iter_count(const struct iov_iter *i)
{
	return i->count;
}

static inline size_t msg_data_left(const struct msghdr *msg)
{
	return iov_iter_count(&msg->msg_iter);
}

static inline void iov_iter_truncate(struct iov_iter *i, size_t count)
{
	if (i->count > count)
		i->count = count;
}

static inline void iov_iter_reexpand(struct iov_iter *i, size_t count)
{
	i->count = count;
}

/* All or nothing: false leaves the iterator where it was. */
static inline bool copy_from_iter_full(void *addr, size_t bytes, struct iov_iter *i)
{
	if (i->count < bytes)
		return false;
	copy_from_iter(addr, bytes, i);
	return true;
}

static inline bool copy_from_iter_full_nocache(void *addr, size_t bytes, struct iov_iter *i)
{
	return copy_from_iter_full(addr, bytes, i);
}

static inline size_t copy_from_iter_nocache(void *addr, size_t bytes, struct iov_iter *i)
{
	return copy_from_iter(addr, bytes, i);
}

/* Copy and sum; `csum` goes on from what it was, `off` is the place in the whole (for odd places). */
bool csum_and_copy_from_iter_full(void *addr, size_t bytes, uint32_t *csum, struct iov_iter *i);
size_t csum_and_copy_to_iter(const void *addr, size_t bytes, uint32_t *csum, size_t *off, struct iov_iter *i);

static inline int memcpy_from_msg(void *data, struct msghdr *msg, int len)
{
	return copy_from_iter_full(data, (size_t)len, &msg->msg_iter) ? 0 : -EFAULT;
}

static inline int memcpy_to_msg(struct msghdr *msg, const void *data, int len)
{
	return copy_to_iter(data, (size_t)len, &msg->msg_iter) == (size_t)len ? 0 : -EFAULT;
}

#endif
