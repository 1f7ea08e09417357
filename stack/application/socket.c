/*
 * The socket layer (net/socket.c): sockets and their files, families, and the way of a message between
 * a file and a family's operations. The system calls are in sys_socket.c and sys_message.c.
 */
#include "stack/application/socket.h"

#include <net/if.h>
#include <sys/ioctl.h>

#include "stack/application/eventpoll.h"
#include "stack/application/memfile.h"
#include "stack/interface/netdevice.h"
#include "stack/kernel/kernel_state.h"
#include "stack/kernel/printk.h"

static const struct file_operations socket_file_ops;

/* ---- the host ---- */

int sock_init(struct host *host)
{
	TRACE(host, "make the caches of files and sockets");
	struct file_state *st = kzalloc(host, sizeof(*st));
	struct netns_core *core = &host->net->core;

	if (!st)
		return -ENOMEM;
	st->host = host;
	INIT_LIST_HEAD(&st->socks);
	INIT_LIST_HEAD(&st->memfiles);
	st->file_cache = kmem_cache_create(host, "filp", sizeof(struct file));
	st->socket_cache = kmem_cache_create(host, "sock_inode_cache", sizeof(struct socket));
	st->fds_cache = kmem_cache_create(host, "files_cache", sizeof(struct files_struct));
	st->epoll_cache = kmem_cache_create(host, "eventpoll", sizeof(struct eventpoll));
	st->epitem_cache = kmem_cache_create(host, "eventpoll_epi", sizeof(struct epitem));
	if (!st->file_cache || !st->socket_cache || !st->fds_cache || !st->epoll_cache || !st->epitem_cache) {
		kfree(host, st);
		return -ENOMEM;
	}
	host->net->files = st;
	core->sysctl_rmem_default = core->sysctl_rmem_max = SK_RMEM_DEFAULT;
	core->sysctl_wmem_default = core->sysctl_wmem_max = SK_WMEM_DEFAULT;
	core->sysctl_optmem_max = 20480;
	core->sysctl_somaxconn = SOMAXCONN_DEFAULT;
	kernel_of(host)->exit_files = exit_files;
	return 0;
}

void sock_exit(struct host *host)
{
	struct file_state *st = host->net->files;

	if (!st)
		return;
	rcu_barrier(host);
	kernel_of(host)->exit_files = NULL;
	memfile_unlink_all(host);
	host->net->files = NULL;
	kfree(host, st);
}

static const char *const pf_family_names[NPROTO] = {
	[PF_INET] = "PF_INET",
	[PF_PACKET] = "PF_PACKET",
};

int sock_register(struct host *host, const struct net_proto_family *fam)
{
	TRACE(host, "make an address family known");
	struct file_state *st = host->net->files;

	if (fam->family < 0 || fam->family >= NPROTO)
		return -ENOBUFS;
	if (st->families[fam->family])
		return -EEXIST;
	st->families[fam->family] = fam;
	pr_info(host, "NET: Registered %s protocol family", pf_family_names[fam->family]);
	return 0;
}

void sock_unregister(struct host *host, int family)
{
	TRACE(host, "forget an address family");

	host->net->files->families[family] = NULL;
}

bool sock_is_registered(struct host *host, int family)
{
	return family >= 0 && family < NPROTO && host->net->files->families[family];
}

/* ---- sockets ---- */

static struct socket *sock_alloc_inode(struct host *host)
{
	TRACE(host, "allocate the inode that the socket is part of");
	struct socket *sock = kmem_cache_zalloc(host, host->net->files->socket_cache);

	if (!sock)
		return NULL;
	sock->host = host;
	init_waitqueue_head(host, &sock->wq.wait);
	sock->state = SS_UNCONNECTED;
	return sock;
}

static void sock_free_inode(struct rcu_head *head)
{
	struct socket *sock = container_of(head, struct socket, rcu);
	TRACE(sock, "free the socket");

	kmem_cache_free(sock->host, sock->host->net->files->socket_cache, sock);
}

struct socket *sock_alloc(struct host *host)
{
	TRACE(host, "allocate socket");
	struct socket *sock = sock_alloc_inode(host);

	if (sock)
		host->net->files->sockets_in_use++;
	return sock;
}

static void __sock_release(struct socket *sock)
{
	TRACE(sock, "release the socket: its family closes the connection");

	if (sock->ops) {
		sock_ops_release(sock);
		sock->sk = NULL;
		sock->ops = NULL;
	}
	sock->host->net->files->sockets_in_use--;
	sock->file = NULL;
	call_rcu(sock->host, &sock->rcu, sock_free_inode);
}

void sock_release(struct socket *sock)
{
	TRACE(sock, "release a socket that has no file");

	__sock_release(sock);
}

static int pf_create(const struct net_proto_family *pf, struct net *net, struct socket *sock, int protocol,
		     int kern)
{
	TRACE_OP(sock, "create");
	return pf->create(net, sock, protocol, kern);
}

int __sock_create(struct net *net, int family, int type, int protocol, struct socket **res, int kern)
{
	TRACE(net, "alloc gen/tcp sockets and relate them, install family+type ops");
	const struct net_proto_family *pf;
	struct socket *sock;
	int err;

	if (family < 0 || family >= NPROTO)
		return -EAFNOSUPPORT;
	if (type < 0 || type > SOCK_PACKET)
		return -EINVAL;
	sock = sock_alloc(net->host);
	if (!sock)
		return -ENFILE;
	sock->type = (short)type;
	err = -EAFNOSUPPORT;
	pf = net->files->families[family];
	if (!pf)
		goto out_release;
	err = pf_create(pf, net, sock, protocol, kern);
	if (err < 0) {
		sock->ops = NULL;
		goto out_release;
	}
	*res = sock;
	return 0;
out_release:
	sock_release(sock);
	return err;
}

int sock_create(struct host *host, int family, int type, int protocol, struct socket **res)
{
	TRACE(host, "alloc gen/tcp sockets and relate them, install family+type ops");

	return __sock_create(host->net, family, type, protocol, res, 0);
}

int sock_create_kern(struct net *net, int family, int type, int protocol, struct socket **res)
{
	TRACE(net, "make a socket for the kernel's own use");

	return __sock_create(net, family, type, protocol, res, 1);
}

/* ---- files of sockets ---- */

struct file *sock_alloc_file(struct socket *sock, int flags, const char *dname)
{
	TRACE(sock, "allocate file for the connection");
	struct file *file = alloc_file_pseudo(sock->host, dname ? dname : "socket",
					      O_RDWR | (flags & O_NONBLOCK), &socket_file_ops);

	if (!file) {
		sock_release(sock);
		return ERR_PTR(-ENFILE);
	}
	sock->file = file;
	file->private_data = sock;
	return file;
}

struct socket *sock_from_file(struct file *file)
{
	TRACE(file, "get socket of the file");

	return file->f_op == &socket_file_ops ? file->private_data : NULL;
}

struct socket *sockfd_lookup_light(struct task_struct *tsk, int fd, int *err, int *fput_needed)
{
	TRACE(tsk, "get socket by file descriptor");
	struct file *file = fget_light(tsk, (unsigned int)fd);
	struct socket *sock;

	*err = -EBADF;
	*fput_needed = 0;
	if (!file)
		return NULL;
	sock = sock_from_file(file);
	if (unlikely(!sock))
		*err = -ENOTSOCK;
	return sock;
}

/* ---- messages ---- */

static int sock_sendmsg_nosec(struct socket *sock, struct msghdr *msg)
{
	TRACE(sock, "send a message by the family's operation");

	return sock_ops_sendmsg(sock, msg, msg_data_left(msg));
}

int sock_sendmsg(struct socket *sock, struct msghdr *msg)
{
	TRACE(sock, "send a message through the socket");

	return sock_sendmsg_nosec(sock, msg);
}

static int sock_recvmsg_nosec(struct socket *sock, struct msghdr *msg, int flags)
{
	TRACE(sock, "receive a message by the family's operation");

	return sock_ops_recvmsg(sock, msg, msg_data_left(msg), flags);
}

int sock_recvmsg(struct socket *sock, struct msghdr *msg, int flags)
{
	TRACE(sock, "receive a message from the socket");

	return sock_recvmsg_nosec(sock, msg, flags);
}

/* ---- operations of the file ---- */

static ssize_t sock_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	TRACE(file, "read from the socket");
	struct msghdr msg = { .msg_iter = *to, .msg_iocb = iocb };
	ssize_t res;

	if (iocb->ki_pos != 0)
		return -ESPIPE;
	if (!iov_iter_count(to))
		return 0;
	res = sock_recvmsg(file->private_data, &msg, file->f_flags & O_NONBLOCK ? MSG_DONTWAIT : 0);
	*to = msg.msg_iter;
	return res;
}

static ssize_t sock_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	TRACE(file, "write to the socket");
	struct socket *sock = file->private_data;
	struct msghdr msg = { .msg_iter = *from, .msg_iocb = iocb };
	ssize_t res;

	if (iocb->ki_pos != 0)
		return -ESPIPE;
	if (file->f_flags & O_NONBLOCK)
		msg.msg_flags = MSG_DONTWAIT;
	if (sock->type == SOCK_SEQPACKET)
		msg.msg_flags |= MSG_EOR;
	res = sock_sendmsg(sock, &msg);
	*from = msg.msg_iter;
	return res;
}

void sock_poll_wait(struct file *filp, struct socket *sock, struct poll_table_struct *p)
{
	TRACE(sock, "queue whoever polls on the socket");

	if (!poll_does_not_wait(p))
		poll_wait(filp, &sock->wq.wait, p);
}

__poll_t sock_poll(struct file *file, struct poll_table_struct *wait)
{
	struct socket *sock = file->private_data;
	TRACE(sock, "what can be done with the socket without blocking?");

	if (!sock->ops->poll)
		return 0;
	return sock_ops_poll(file, sock, wait);
}

int get_user_ifreq(struct socket *sock, struct ifreq *ifr, const void *arg)
{
	TRACE(sock, "take the request's data from the program");

	if (!arg)
		return -EFAULT;
	memcpy(ifr, arg, sizeof(*ifr));
	return 0;
}

int put_user_ifreq(struct socket *sock, const struct ifreq *ifr, void *arg)
{
	TRACE(sock, "give the answer to the program");

	memcpy(arg, ifr, sizeof(*ifr));
	return 0;
}

/* Requests about a device that no family answers. */
static int dev_ioctl(struct socket *sock, unsigned int cmd, struct ifreq *ifr)
{
	TRACE(sock, "answer a request about a device");
	struct net_device *dev;

	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	dev = dev_get_by_name_rcu(sock->host->net, ifr->ifr_name);
	if (!dev)
		return -ENODEV;
	switch (cmd) {
	case SIOCGIFFLAGS:
		ifr->ifr_flags = (short)dev_get_flags(dev);
		return 0;
	case SIOCGIFMTU:
		ifr->ifr_mtu = (int)dev->mtu;
		return 0;
	default:
		ifr->ifr_ifindex = dev->ifindex;
		return 0;
	}
}

static long sock_dev_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct ifreq ifr;
	int err = get_user_ifreq(sock, &ifr, (const void *)arg);

	if (!err)
		err = dev_ioctl(sock, cmd, &ifr);
	return err ? err : put_user_ifreq(sock, &ifr, (void *)arg);
}

static long sock_do_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	TRACE(sock, "control the socket by the family's operation");
	long err = sock_ops_ioctl(sock, cmd, arg);

	if (err != -ENOIOCTLCMD)
		return err;
	return cmd == SIOCGIFFLAGS || cmd == SIOCGIFMTU || cmd == SIOCGIFINDEX
		       ? sock_dev_ioctl(sock, cmd, arg)
		       : -ENOTTY;
}

static int sock_fasync(int fd __maybe_unused, struct file *file, int on)
{
	struct sock *sk = ((struct socket *)file->private_data)->sk;
	TRACE_SK(sk, "remember whether the program wants SIGIO");

	lock_sock(sk);
	sock_valbool_flag(sk, SOCK_FASYNC, on);
	release_sock(sk);
	return 0;
}

static long sock_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	TRACE(file, "control the socket");

	return sock_do_ioctl(file->private_data, cmd, arg);
}

static int sock_close(struct file *file)
{
	TRACE(file, "close the socket");

	__sock_release(file->private_data);
	return 0;
}

static const struct file_operations socket_file_ops = {
	.name = "socket",
	.read_iter = sock_read_iter,
	.write_iter = sock_write_iter,
	.poll = sock_poll,
	.fasync = sock_fasync,
	.unlocked_ioctl = sock_ioctl,
	.release = sock_close,
};
