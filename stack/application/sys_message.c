/*
 * The system calls that send and receive messages on sockets (net/socket.c).
 */
#include <limits.h>

#include "stack/application/address.h"
#include "stack/application/socket.h"
#include "stack/application/syscall.h"

#define MAX_RW_COUNT (0x7fffffff & ~0xfff)

static int import_single_range(struct host *host, int rw, void *buf, size_t len, struct iovec *iov,
			       struct iov_iter *i)
{
	TRACE_LEAF(host, "copy buf from user space to kernel iov");

	iov->iov_base = buf;
	iov->iov_len = len = min_t(size_t, len, MAX_RW_COUNT);
	if (unlikely(!buf && len))
		return -EFAULT;
	iov_iter_init(i, (unsigned int)rw, iov, 1, len);
	return 0;
}

/* ---- sending ---- */

static int __sys_sendto(struct task_struct *tsk, int fd, const void *buff, size_t len, unsigned int flags,
			const struct sockaddr *addr, int addr_len)
{
	TRACE(tsk, "send one buffer as a message");
	struct sockaddr_storage address;
	struct msghdr msg = { 0 };
	struct iovec iov;
	struct socket *sock;
	int err, fput_needed;

	err = import_single_range(tsk->host, WRITE, (void *)(uintptr_t)buff, len, &iov, &msg.msg_iter);
	if (unlikely(err))
		return err;
	sock = sockfd_lookup_light(tsk, fd, &err, &fput_needed);
	if (!sock)
		return err;
	if (addr) {
		err = move_addr_to_kernel(tsk->host, addr, addr_len, &address);
		if (err < 0)
			return err;
		msg.msg_name = &address;
		msg.msg_namelen = addr_len;
	}
	if (sock->file->f_flags & O_NONBLOCK)
		flags |= MSG_DONTWAIT;
	msg.msg_flags = flags;
	return sock_sendmsg(sock, &msg);
}

long sys_send(struct task_struct *tsk, int fd, const void *buff, size_t len, unsigned int flags)
{
	SYSCALL(tsk, "send a message on a connected socket",
		__sys_sendto(tsk, fd, buff, len, flags, NULL, 0));
}

long sys_sendto(struct task_struct *tsk, int fd, const void *buff, size_t len, unsigned int flags,
		const struct sockaddr *addr, int addr_len)
{
	SYSCALL(tsk, "send a message to an address", __sys_sendto(tsk, fd, buff, len, flags, addr, addr_len));
}

/* ---- receiving ---- */

static int __sys_recvfrom(struct task_struct *tsk, int fd, void *ubuf, size_t size, unsigned int flags,
			  struct sockaddr *addr, int *addr_len)
{
	TRACE(tsk, "receive a message into one buffer");
	struct sockaddr_storage address;
	struct msghdr msg = { 0 };
	struct iovec iov;
	struct socket *sock;
	int err, err2, fput_needed;

	err = import_single_range(tsk->host, READ, ubuf, size, &iov, &msg.msg_iter);
	if (err == -EFAULT && flags & MSG_TRUNC) /* of a stream: bytes to throw away */
		iov_iter_init(&msg.msg_iter, READ, &iov, 1, iov.iov_len);
	else if (unlikely(err))
		return err;
	sock = sockfd_lookup_light(tsk, fd, &err, &fput_needed);
	if (!sock)
		return err;
	msg.msg_name = addr ? &address : NULL;
	if (sock->file->f_flags & O_NONBLOCK)
		flags |= MSG_DONTWAIT;
	err = sock_recvmsg(sock, &msg, (int)flags);
	if (err >= 0 && addr) {
		err2 = move_addr_to_user(tsk->host, &address, msg.msg_namelen, addr, addr_len);
		if (err2 < 0)
			err = err2;
	}
	return err;
}

long sys_recv(struct task_struct *tsk, int fd, void *ubuf, size_t size, unsigned int flags)
{
	SYSCALL(tsk, "receive a message", __sys_recvfrom(tsk, fd, ubuf, size, flags, NULL, NULL));
}

long sys_recvfrom(struct task_struct *tsk, int fd, void *ubuf, size_t size, unsigned int flags,
		  struct sockaddr *addr, int *addr_len)
{
	SYSCALL(tsk, "receive a message and who sent it",
		__sys_recvfrom(tsk, fd, ubuf, size, flags, addr, addr_len));
}

/* ---- with a message header ---- */

/* send_to: whereto the address is copied of a message to be sent, or NULL. */
static int __copy_msghdr_from_user(struct task_struct *tsk, struct msghdr *kmsg,
				   const struct user_msghdr *umsg, struct sockaddr_storage *send_to)
{
	TRACE(tsk, "copy the program's message header");
	int err;

	if (!umsg)
		return -EFAULT;
	if (umsg->msg_name && (int)umsg->msg_namelen < 0)
		return -EINVAL;
	kmsg->msg_control = umsg->msg_control;
	kmsg->msg_controllen = umsg->msg_control ? umsg->msg_controllen : 0;
	if (send_to && umsg->msg_name && umsg->msg_namelen) {
		kmsg->msg_name = send_to;
		kmsg->msg_namelen = (int)min_t(size_t, umsg->msg_namelen, sizeof(*send_to));
		err = move_addr_to_kernel(tsk->host, umsg->msg_name, kmsg->msg_namelen, send_to);
		if (err < 0)
			return err;
	}
	return umsg->msg_iovlen > UIO_MAXIOV ? -EMSGSIZE : 0;
}

/* Checks the program's header and points the kernel's at its buffers. */
static int copy_msghdr_from_user(struct task_struct *tsk, struct msghdr *kmsg, const struct user_msghdr *umsg,
				 struct sockaddr_storage *send_to)
{
	TRACE(tsk, "copy the program's message header, find its buffers");
	int err = __copy_msghdr_from_user(tsk, kmsg, umsg, send_to);
	size_t total = 0, i;

	if (err)
		return err;
	for (i = 0; i < umsg->msg_iovlen; i++) {
		if (umsg->msg_iov[i].iov_len > SSIZE_MAX - total)
			return -EINVAL;
		if (!umsg->msg_iov[i].iov_base && umsg->msg_iov[i].iov_len)
			return -EFAULT;
		total += umsg->msg_iov[i].iov_len;
	}
	iov_iter_init(&kmsg->msg_iter, send_to ? WRITE : READ, umsg->msg_iov, umsg->msg_iovlen,
		      min_t(size_t, total, MAX_RW_COUNT));
	return 0;
}

static int sendmsg_copy_msghdr(struct task_struct *tsk, struct msghdr *msg, const struct user_msghdr *umsg,
			       struct sockaddr_storage *address)
{
	TRACE(tsk, "copy the header of a message to be sent");
	return copy_msghdr_from_user(tsk, msg, umsg, address);
}

static int ____sys_sendmsg(struct task_struct *tsk, struct socket *sock, struct msghdr *msg,
			   unsigned int flags)
{
	TRACE(tsk, "send the message");
	if (msg->msg_controllen > (size_t)tsk->host->net->core.sysctl_optmem_max)
		return -ENOBUFS;
	msg->msg_flags = flags;
	if (sock->file->f_flags & O_NONBLOCK)
		msg->msg_flags |= MSG_DONTWAIT;
	return sock_sendmsg(sock, msg);
}

static int ___sys_sendmsg(struct task_struct *tsk, struct socket *sock, const struct user_msghdr *umsg,
			  unsigned int flags)
{
	TRACE(tsk, "copy the message's header, send the message");
	struct sockaddr_storage address;
	struct msghdr msg = { 0 };
	int err = sendmsg_copy_msghdr(tsk, &msg, umsg, &address);

	return err < 0 ? err : ____sys_sendmsg(tsk, sock, &msg, flags);
}

static int __sys_sendmsg(struct task_struct *tsk, int fd, const struct user_msghdr *umsg, unsigned int flags)
{
	TRACE(tsk, "send several buffers as a message");
	int err, fput_needed;
	struct socket *sock;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	sock = sockfd_lookup_light(tsk, fd, &err, &fput_needed);
	return sock ? ___sys_sendmsg(tsk, sock, umsg, flags) : err;
}

long sys_sendmsg(struct task_struct *tsk, int fd, const struct user_msghdr *msg, unsigned int flags)
{
	SYSCALL(tsk, "send several buffers as a message", __sys_sendmsg(tsk, fd, msg, flags));
}

static int recvmsg_copy_msghdr(struct task_struct *tsk, struct msghdr *msg, const struct user_msghdr *umsg)
{
	TRACE(tsk, "copy the header of a message to be received");
	return copy_msghdr_from_user(tsk, msg, umsg, NULL);
}

static int ____sys_recvmsg(struct task_struct *tsk, struct socket *sock, struct msghdr *msg,
			   struct user_msghdr *umsg, unsigned int flags)
{
	TRACE(tsk, "receive the message, tell what came with it");
	struct sockaddr_storage address;
	int err, len;

	msg->msg_name = umsg->msg_name ? &address : NULL;
	msg->msg_flags = flags & MSG_CMSG_CLOEXEC;
	if (sock->file->f_flags & O_NONBLOCK)
		flags |= MSG_DONTWAIT;
	len = sock_recvmsg(sock, msg, (int)flags);
	if (len < 0)
		return len;
	if (umsg->msg_name) {
		int ulen = (int)umsg->msg_namelen;

		err = move_addr_to_user(tsk->host, &address, msg->msg_namelen, umsg->msg_name, &ulen);
		if (err < 0)
			return err;
		umsg->msg_namelen = (socklen_t)ulen;
	}
	umsg->msg_flags = (int)msg->msg_flags;
	umsg->msg_controllen = (size_t)((u8 *)msg->msg_control - (u8 *)umsg->msg_control);
	return len;
}

static int ___sys_recvmsg(struct task_struct *tsk, struct socket *sock, struct user_msghdr *umsg,
			  unsigned int flags)
{
	TRACE(tsk, "copy the message's header, receive the message");
	struct msghdr msg = { 0 };
	int err = recvmsg_copy_msghdr(tsk, &msg, umsg);

	return err < 0 ? err : ____sys_recvmsg(tsk, sock, &msg, umsg, flags);
}

static int __sys_recvmsg(struct task_struct *tsk, int fd, struct user_msghdr *umsg, unsigned int flags)
{
	TRACE(tsk, "receive a message into several buffers");
	int err, fput_needed;
	struct socket *sock;

	if (flags & MSG_CMSG_COMPAT)
		return -EINVAL;
	sock = sockfd_lookup_light(tsk, fd, &err, &fput_needed);
	return sock ? ___sys_recvmsg(tsk, sock, umsg, flags) : err;
}

long sys_recvmsg(struct task_struct *tsk, int fd, struct user_msghdr *msg, unsigned int flags)
{
	SYSCALL(tsk, "receive a message into several buffers", __sys_recvmsg(tsk, fd, msg, flags));
}
