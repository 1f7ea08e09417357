/*
 * Slots of proto_ops for families that do not have the operation.
 */
#include "stack/application/socket.h"
#include "stack/transport/sock.h"

int sock_no_bind(struct socket *sock, struct sockaddr *saddr, int len)
{
	(void)sock, (void)saddr, (void)len;
	return -EOPNOTSUPP;
}

int sock_no_connect(struct socket *sock, struct sockaddr *saddr, int len, int flags)
{
	(void)sock, (void)saddr, (void)len, (void)flags;
	return -EOPNOTSUPP;
}

int sock_no_socketpair(struct socket *sock1, struct socket *sock2)
{
	(void)sock1, (void)sock2;
	return -EOPNOTSUPP;
}

int sock_no_accept(struct socket *sock, struct socket *newsock, int flags, bool kern)
{
	(void)sock, (void)newsock, (void)flags, (void)kern;
	return -EOPNOTSUPP;
}

int sock_no_getname(struct socket *sock, struct sockaddr *saddr, int peer)
{
	(void)sock, (void)saddr, (void)peer;
	return -EOPNOTSUPP;
}

int sock_no_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	(void)sock, (void)cmd, (void)arg;
	return -EOPNOTSUPP;
}

int sock_no_listen(struct socket *sock, int backlog)
{
	(void)sock, (void)backlog;
	return -EOPNOTSUPP;
}

int sock_no_shutdown(struct socket *sock, int how)
{
	(void)sock, (void)how;
	return -EOPNOTSUPP;
}

int sock_no_sendmsg(struct socket *sock, struct msghdr *m, size_t len)
{
	(void)sock, (void)m, (void)len;
	return -EOPNOTSUPP;
}

int sock_no_recvmsg(struct socket *sock, struct msghdr *m, size_t len, int flags)
{
	(void)sock, (void)m, (void)len, (void)flags;
	return -EOPNOTSUPP;
}
