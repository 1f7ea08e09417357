/*
 * The socket layer: struct socket (the program's view of a sock), files, address families, and the
 * calls that go from one to the next.
 *
 * A struct socket lives as long as its file; __sock_release() parts it from its sock. Every object has
 * its host. The host's own state is net->files.
 */
#ifndef STACK_APPLICATION_SOCKET_H
#define STACK_APPLICATION_SOCKET_H

#include <fcntl.h>

#include "stack/application/file.h"
#include "stack/transport/sock.h"

#define NPROTO 46 /* AF_MAX */
#define MAX_PROTOS 16
#define SOMAXCONN_DEFAULT 4096 /* net.core.somaxconn */

typedef enum {
	SS_FREE,
	SS_UNCONNECTED,
	SS_CONNECTING,
	SS_CONNECTED,
	SS_DISCONNECTING,
} socket_state;

/* socket->flags, bit numbers as in Linux */
#define SOCK_NOSPACE 2
#define SOCK_PASSCRED 3
#define SOCK_PASSSEC 4
#define SOCK_SUPPORT_ZC 5
#define SOCK_CUSTOM_SOCKOPT 6
#define SOCKWQ_ASYNC_NOSPACE 0
#define SOCKWQ_ASYNC_WAITDATA 1

#define SOCK_TYPE_MASK 0xf

/* sk_wake_async() */
enum { SOCK_WAKE_IO, SOCK_WAKE_WAITD, SOCK_WAKE_SPACE, SOCK_WAKE_URG };
#ifndef POLL_IN
#define POLL_IN 1
#define POLL_OUT 2
#define POLL_MSG 3
#define POLL_ERR 4
#define POLL_PRI 5
#define POLL_HUP 6
#endif

struct socket_wq {
	wait_queue_head_t wait; /* first */
	unsigned long flags;	/* SOCKWQ_* */
};

struct proto_ops;

struct socket {
	struct host *host;
	socket_state state;
	short type;
	unsigned long flags; /* SOCK_NOSPACE, ... */
	struct file *file;
	struct sock *sk;
	const struct proto_ops *ops;
	struct socket_wq wq;
	struct rcu_head rcu;
};

struct pipe_inode_info;
struct poll_table_struct;

/* What a family does with its sockets. */
struct proto_ops {
	int family;
	int (*release)(struct socket *sock);
	int (*bind)(struct socket *sock, struct sockaddr *myaddr, int sockaddr_len);
	int (*connect)(struct socket *sock, struct sockaddr *vaddr, int sockaddr_len, int flags);
	int (*socketpair)(struct socket *sock1, struct socket *sock2);
	int (*accept)(struct socket *sock, struct socket *newsock, int flags, bool kern);
	int (*getname)(struct socket *sock, struct sockaddr *addr, int peer); /* returns the length */
	__poll_t (*poll)(struct file *file, struct socket *sock, struct poll_table_struct *wait);
	int (*ioctl)(struct socket *sock, unsigned int cmd, unsigned long arg);
	int (*gettstamp)(struct socket *sock, void *userstamp, bool timeval, bool time32);
	int (*listen)(struct socket *sock, int len);
	int (*shutdown)(struct socket *sock, int flags);
	int (*setsockopt)(struct socket *sock, int level, int optname, sockptr_t optval, unsigned int optlen);
	int (*getsockopt)(struct socket *sock, int level, int optname, char *optval, int *optlen);
	int (*sendmsg)(struct socket *sock, struct msghdr *m, size_t total_len);
	int (*recvmsg)(struct socket *sock, struct msghdr *m, size_t total_len, int flags);
	ssize_t (*splice_read)(struct socket *sock, struct pipe_inode_info *pipe, size_t len,
			       unsigned int flags);
	int (*set_peek_off)(struct sock *sk, int val);
	int (*set_rcvlowat)(struct sock *sk, int val);
};

/* An address family: makes a socket's sock. */
struct net_proto_family {
	int family;
	int (*create)(struct net *net, struct socket *sock, int protocol, int kern);
};

/* A host's files, sockets, families and protocols: net->files. */
struct file_state {
	struct host *host;
	struct kmem_cache *file_cache, *socket_cache, *fds_cache;
	struct kmem_cache *epoll_cache, *epitem_cache;
	u32 loop_check_gen; /* of epoll: checks for loops so far */
	const struct net_proto_family *families[NPROTO];
	struct {
		const struct proto *prot;
		struct kmem_cache *slab;
	} protos[MAX_PROTOS];
	u32 nr_protos;
	u32 sock_ids; /* trace ids given out */
	u32 sockets_in_use;
	struct list_head socks; /* struct sock by sk_hostlist */
	struct list_head memfiles;
};

/* The struct ifreq of a request, from and to the program. */
struct ifreq;
int get_user_ifreq(struct socket *sock, struct ifreq *ifr, const void *arg);
int put_user_ifreq(struct socket *sock, const struct ifreq *ifr, void *arg);

int sock_register(struct host *host, const struct net_proto_family *fam);
void sock_unregister(struct host *host, int family);

int sock_create(struct host *host, int family, int type, int protocol, struct socket **res);
int sock_create_kern(struct net *net, int family, int type, int protocol, struct socket **res);
int __sock_create(struct net *net, int family, int type, int protocol, struct socket **res, int kern);
struct socket *sock_alloc(struct host *host);
void sock_release(struct socket *sock);
struct file *sock_alloc_file(struct socket *sock, int flags, const char *dname);
struct socket *sock_from_file(struct file *file);
struct socket *sockfd_lookup_light(struct task_struct *tsk, int fd, int *err, int *fput_needed);
int sock_sendmsg(struct socket *sock, struct msghdr *msg);
int sock_recvmsg(struct socket *sock, struct msghdr *msg, int flags);
__poll_t sock_poll(struct file *file, struct poll_table_struct *wait);
bool sock_is_registered(struct host *host, int family);

/* ---- one wrapper per slot ---- */

static inline int sock_ops_release(struct socket *sock)
{
	TRACE_OP(sock, "release");
	return sock->ops->release(sock);
}

static inline int sock_ops_bind(struct socket *sock, struct sockaddr *myaddr, int len)
{
	TRACE_OP(sock, "bind");
	return sock->ops->bind(sock, myaddr, len);
}

static inline int sock_ops_connect(struct socket *sock, struct sockaddr *vaddr, int len, int flags)
{
	TRACE_OP(sock, "connect");
	return sock->ops->connect(sock, vaddr, len, flags);
}

static inline int sock_ops_accept(struct socket *sock, struct socket *newsock, int flags, bool kern)
{
	TRACE_OP(sock, "accept");
	return sock->ops->accept(sock, newsock, flags, kern);
}

static inline int sock_ops_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	TRACE_OP(sock, "getname");
	return sock->ops->getname(sock, addr, peer);
}

static inline __poll_t sock_ops_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait)
{
	TRACE_OP(sock, "poll");
	return sock->ops->poll(file, sock, wait);
}

static inline int sock_ops_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	TRACE_OP(sock, "ioctl");
	return sock->ops->ioctl(sock, cmd, arg);
}

static inline int sock_ops_listen(struct socket *sock, int backlog)
{
	TRACE_OP(sock, "listen");
	return sock->ops->listen(sock, backlog);
}

static inline int sock_ops_shutdown(struct socket *sock, int how)
{
	TRACE_OP(sock, "shutdown");
	return sock->ops->shutdown(sock, how);
}

static inline int sock_ops_setsockopt(struct socket *sock, int level, int optname, sockptr_t optval,
				      unsigned int optlen)
{
	TRACE_OP(sock, "setsockopt");
	return sock->ops->setsockopt(sock, level, optname, optval, optlen);
}

static inline int sock_ops_getsockopt(struct socket *sock, int level, int optname, char *optval, int *optlen)
{
	TRACE_OP(sock, "getsockopt");
	return sock->ops->getsockopt(sock, level, optname, optval, optlen);
}

static inline int sock_ops_sendmsg(struct socket *sock, struct msghdr *m, size_t len)
{
	TRACE_OP(sock, "sendmsg");
	return sock->ops->sendmsg(sock, m, len);
}

static inline int sock_ops_recvmsg(struct socket *sock, struct msghdr *m, size_t len, int flags)
{
	TRACE_OP(sock, "recvmsg");
	return sock->ops->recvmsg(sock, m, len, flags);
}

/* ---- polling ---- */

/* Called by the protocols' poll functions: whoever polls queues himself on the sock. */
void sock_poll_wait(struct file *filp, struct socket *sock, struct poll_table_struct *p);

#endif
