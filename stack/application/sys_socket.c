/*
 * The system calls that make, name, connect and configure sockets (net/socket.c).
 */
#include "stack/application/address.h"
#include "stack/application/socket.h"
#include "stack/application/syscall.h"

/* ---- socket ---- */

static int sock_map_fd(struct task_struct *tsk, struct socket *sock, int flags)
{
	TRACE(sock, "alloc a file handle for the socket, and install it to fd table");
	int fd = get_unused_fd_flags(tsk, (unsigned int)flags);
	struct file *newfile;

	if (unlikely(fd < 0)) {
		sock_release(sock);
		return fd;
	}
	newfile = sock_alloc_file(sock, flags, NULL);
	if (unlikely(IS_ERR(newfile))) {
		put_unused_fd(tsk, (unsigned int)fd);
		return (int)PTR_ERR(newfile);
	}
	fd_install(tsk, (unsigned int)fd, newfile);
	return fd;
}

static int __sys_socket(struct task_struct *tsk, int family, int type, int protocol)
{
	TRACE(tsk,
	      "alloc socket pair (generic/specific), install family+type ops, prepare file, install to fdt");
	int flags = type & ~SOCK_TYPE_MASK;
	struct socket *sock;
	int retval;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	retval = sock_create(tsk->host, family, type & SOCK_TYPE_MASK, protocol, &sock);
	if (retval < 0)
		return retval;
	return sock_map_fd(tsk, sock, flags & (O_CLOEXEC | O_NONBLOCK));
}

long sys_socket(struct task_struct *tsk, int family, int type, int protocol)
{
	SYSCALL(tsk, "create a socket", __sys_socket(tsk, family, type, protocol));
}

/* No family here has pairs; what it says comes from its operations, as in Linux. */
static int __sys_socketpair(struct task_struct *tsk, int family, int type, int protocol, int *usockvec)
{
	TRACE(tsk, "create two sockets that are connected");
	int flags = type & ~SOCK_TYPE_MASK, err;
	struct socket *sock;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	usockvec[0] = usockvec[1] = -1;
	err = sock_create(tsk->host, family, type & SOCK_TYPE_MASK, protocol, &sock);
	if (err < 0)
		return err;
	err = sock->ops->socketpair(sock, sock);
	sock_release(sock);
	return err;
}

long sys_socketpair(struct task_struct *tsk, int family, int type, int protocol, int *usockvec)
{
	SYSCALL(tsk, "create two sockets that are connected",
		__sys_socketpair(tsk, family, type, protocol, usockvec));
}

/* ---- bind, listen ---- */

static int __sys_bind(struct task_struct *tsk, int fd, const struct sockaddr *umyaddr, int addrlen)
{
	TRACE(tsk, "ensure a valid port is ready");
	struct sockaddr_storage address;
	int err, fput_needed;
	struct socket *sock = sockfd_lookup_light(tsk, fd, &err, &fput_needed);

	if (!sock)
		return err;
	err = move_addr_to_kernel(tsk->host, umyaddr, addrlen, &address);
	if (err)
		return err;
	return sock_ops_bind(sock, (struct sockaddr *)&address, addrlen);
}

long sys_bind(struct task_struct *tsk, int fd, const struct sockaddr *umyaddr, int addrlen)
{
	SYSCALL(tsk, "ensure a valid port is ready", __sys_bind(tsk, fd, umyaddr, addrlen));
}

static int __sys_listen(struct task_struct *tsk, int fd, int backlog)
{
	TRACE(tsk, "set tcp state to LISTEN, ensure a ready port, add socket to hash table for connection");
	int err, fput_needed;
	struct socket *sock = sockfd_lookup_light(tsk, fd, &err, &fput_needed);
	int somaxconn = tsk->host->net->core.sysctl_somaxconn;

	if (!sock)
		return err;
	if ((unsigned int)backlog > (unsigned int)somaxconn)
		backlog = somaxconn;
	return sock_ops_listen(sock, backlog);
}

long sys_listen(struct task_struct *tsk, int fd, int backlog)
{
	SYSCALL(tsk, "set tcp state to LISTEN, ensure a ready port, add socket to hash table for connection",
		__sys_listen(tsk, fd, backlog));
}

/* ---- accept ---- */

static struct file *do_accept(struct file *file, unsigned int file_flags, struct sockaddr *upeer_sockaddr,
			      int *upeer_addrlen, int flags)
{
	TRACE(file, "alloc socket and file for the connection, remove req from queue");
	struct socket *sock = sock_from_file(file), *newsock;
	struct sockaddr_storage address;
	struct file *newfile;
	int err, len;

	if (!sock)
		return ERR_PTR(-ENOTSOCK);
	newsock = sock_alloc(file->host);
	if (!newsock)
		return ERR_PTR(-ENFILE);
	newsock->type = sock->type;
	newsock->ops = sock->ops;
	newfile = sock_alloc_file(newsock, flags, "socket");
	if (IS_ERR(newfile))
		return newfile;
	err = sock_ops_accept(sock, newsock, (int)(sock->file->f_flags | file_flags), false);
	if (err < 0)
		goto out_fd;
	if (upeer_sockaddr) {
		len = sock_ops_getname(newsock, (struct sockaddr *)&address, 2);
		err = -ECONNABORTED;
		if (len < 0)
			goto out_fd;
		err = move_addr_to_user(file->host, &address, len, upeer_sockaddr, upeer_addrlen);
		if (err < 0)
			goto out_fd;
	}
	return newfile;
out_fd:
	fput(newfile);
	return ERR_PTR(err);
}

static int __sys_accept4_file(struct task_struct *tsk, struct file *file, struct sockaddr *upeer_sockaddr,
			      int *upeer_addrlen, int flags)
{
	TRACE(tsk, "prepare a valid fd, accept the connection, install its file");
	struct file *newfile;
	int newfd;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	newfd = get_unused_fd_flags(tsk, (unsigned int)flags);
	if (unlikely(newfd < 0))
		return newfd;
	newfile = do_accept(file, 0, upeer_sockaddr, upeer_addrlen, flags);
	if (IS_ERR(newfile)) {
		put_unused_fd(tsk, (unsigned int)newfd);
		return (int)PTR_ERR(newfile);
	}
	fd_install(tsk, (unsigned int)newfd, newfile);
	return newfd;
}

static int __sys_accept4(struct task_struct *tsk, int fd, struct sockaddr *upeer_sockaddr, int *upeer_addrlen,
			 int flags)
{
	TRACE(tsk, "alloc socket for connection, prepare valid fd/file, remove req from queue, install file, "
		   "return fd");
	struct file *file = fget_light(tsk, (unsigned int)fd);

	if (!file)
		return -EBADF;
	return __sys_accept4_file(tsk, file, upeer_sockaddr, upeer_addrlen, flags);
}

long sys_accept4(struct task_struct *tsk, int fd, struct sockaddr *upeer_sockaddr, int *upeer_addrlen,
		 int flags)
{
	SYSCALL(tsk, "accept a connection, with flags for the new socket",
		__sys_accept4(tsk, fd, upeer_sockaddr, upeer_addrlen, flags));
}

long sys_accept(struct task_struct *tsk, int fd, struct sockaddr *upeer_sockaddr, int *upeer_addrlen)
{
	SYSCALL(tsk, "accept a connection", __sys_accept4(tsk, fd, upeer_sockaddr, upeer_addrlen, 0));
}

/* ---- connect ---- */

static int __sys_connect_file(struct file *file, struct sockaddr_storage *address, int addrlen,
			      unsigned int file_flags)
{
	TRACE(file, "connect the socket of the file");
	struct socket *sock = sock_from_file(file);

	if (!sock)
		return -ENOTSOCK;
	return sock_ops_connect(sock, (struct sockaddr *)address, addrlen,
				(int)(sock->file->f_flags | file_flags));
}

static int __sys_connect(struct task_struct *tsk, int fd, const struct sockaddr *uservaddr, int addrlen)
{
	TRACE(tsk, "set addr and port, allocate skb and build tcp header, send to ip layer");
	struct file *file = fget_light(tsk, (unsigned int)fd);
	struct sockaddr_storage address;
	int ret;

	if (!file)
		return -EBADF;
	ret = move_addr_to_kernel(tsk->host, uservaddr, addrlen, &address);
	if (ret)
		return ret;
	return __sys_connect_file(file, &address, addrlen, 0);
}

long sys_connect(struct task_struct *tsk, int fd, const struct sockaddr *uservaddr, int addrlen)
{
	SYSCALL(tsk, "connect a socket", __sys_connect(tsk, fd, uservaddr, addrlen));
}

/* ---- names ---- */

static int sock_name(struct task_struct *tsk, int fd, struct sockaddr *usockaddr, int *usockaddr_len,
		     int peer)
{
	struct sockaddr_storage address;
	int err, fput_needed;
	struct socket *sock = sockfd_lookup_light(tsk, fd, &err, &fput_needed);

	if (!sock)
		return err;
	err = sock_ops_getname(sock, (struct sockaddr *)&address, peer);
	if (err < 0)
		return err;
	return move_addr_to_user(tsk->host, &address, err, usockaddr, usockaddr_len);
}

static int __sys_getsockname(struct task_struct *tsk, int fd, struct sockaddr *usockaddr, int *usockaddr_len)
{
	TRACE(tsk, "get the socket's own address");

	return sock_name(tsk, fd, usockaddr, usockaddr_len, 0);
}

long sys_getsockname(struct task_struct *tsk, int fd, struct sockaddr *usockaddr, int *usockaddr_len)
{
	SYSCALL(tsk, "get the socket's own address", __sys_getsockname(tsk, fd, usockaddr, usockaddr_len));
}

static int __sys_getpeername(struct task_struct *tsk, int fd, struct sockaddr *usockaddr, int *usockaddr_len)
{
	TRACE(tsk, "get the address that the socket is connected to");

	return sock_name(tsk, fd, usockaddr, usockaddr_len, 1);
}

long sys_getpeername(struct task_struct *tsk, int fd, struct sockaddr *usockaddr, int *usockaddr_len)
{
	SYSCALL(tsk, "get the address that the socket is connected to",
		__sys_getpeername(tsk, fd, usockaddr, usockaddr_len));
}

/* ---- options ---- */

static bool sock_use_custom_sol_socket(const struct socket *sock)
{
	TRACE(sock, "does the protocol take SOL_SOCKET options itself?");

	return sock->flags & BIT(SOCK_CUSTOM_SOCKOPT);
}

static int __sys_setsockopt(struct task_struct *tsk, int fd, int level, int optname, const void *optval,
			    int optlen)
{
	TRACE(tsk, "set socket options");
	int err, fput_needed;
	struct socket *sock;

	if (optlen < 0)
		return -EINVAL;
	sock = sockfd_lookup_light(tsk, fd, &err, &fput_needed);
	if (!sock)
		return err;
	if (level == SOL_SOCKET && !sock_use_custom_sol_socket(sock))
		return sock_setsockopt(sock, level, optname, optval, (unsigned int)optlen);
	if (unlikely(!sock->ops->setsockopt))
		return -EOPNOTSUPP;
	return sock_ops_setsockopt(sock, level, optname, optval, (unsigned int)optlen);
}

long sys_setsockopt(struct task_struct *tsk, int fd, int level, int optname, const void *optval, int optlen)
{
	SYSCALL(tsk, "set socket options", __sys_setsockopt(tsk, fd, level, optname, optval, optlen));
}

static int __sys_getsockopt(struct task_struct *tsk, int fd, int level, int optname, void *optval,
			    int *optlen)
{
	TRACE(tsk, "get socket options");
	int err, fput_needed;
	struct socket *sock = sockfd_lookup_light(tsk, fd, &err, &fput_needed);

	if (!sock)
		return err;
	if (level == SOL_SOCKET)
		return sock_getsockopt(sock, level, optname, optval, optlen);
	if (unlikely(!sock->ops->getsockopt))
		return -EOPNOTSUPP;
	if (!optlen || (!optval && *optlen > 0))
		return -EFAULT;
	return sock_ops_getsockopt(sock, level, optname, optval, optlen);
}

long sys_getsockopt(struct task_struct *tsk, int fd, int level, int optname, void *optval, int *optlen)
{
	SYSCALL(tsk, "get socket options", __sys_getsockopt(tsk, fd, level, optname, optval, optlen));
}

/* ---- shutdown ---- */

static int __sys_shutdown_sock(struct socket *sock, int how)
{
	TRACE(sock, "shut the socket down");
	return sock_ops_shutdown(sock, how);
}

static int __sys_shutdown(struct task_struct *tsk, int fd, int how)
{
	TRACE(tsk, "end one or both directions of the connection");
	int err, fput_needed;
	struct socket *sock = sockfd_lookup_light(tsk, fd, &err, &fput_needed);

	if (!sock)
		return err;
	return __sys_shutdown_sock(sock, how);
}

long sys_shutdown(struct task_struct *tsk, int fd, int how)
{
	SYSCALL(tsk, "end one or both directions of the connection", __sys_shutdown(tsk, fd, how));
}
