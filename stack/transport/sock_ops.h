/*
 * One wrapper per slot of struct proto and per callback of struct sock: where "call ->slot()" of the
 * charts comes from. Included by sock.h. The caller has checked that an optional slot is there.
 */
#ifndef STACK_TRANSPORT_SOCK_OPS_H
#define STACK_TRANSPORT_SOCK_OPS_H

#include "stack/transport/sock.h"

static inline void sk_prot_close(struct sock *sk, long timeout)
{
	TRACE_OP(sk, "close");
	sk->sk_prot->close(sk, timeout);
}

static inline int sk_prot_pre_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	TRACE_OP(sk, "pre_connect");
	return sk->sk_prot->pre_connect(sk, uaddr, addr_len);
}

static inline int sk_prot_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	TRACE_OP(sk, "connect");
	return sk->sk_prot->connect(sk, uaddr, addr_len);
}

static inline int sk_prot_disconnect(struct sock *sk, int flags)
{
	TRACE_OP(sk, "disconnect");
	return sk->sk_prot->disconnect(sk, flags);
}

static inline struct sock *sk_prot_accept(struct sock *sk, int flags, int *err, bool kern)
{
	TRACE_OP(sk, "accept");
	return sk->sk_prot->accept(sk, flags, err, kern);
}

static inline int sk_prot_ioctl(struct sock *sk, int cmd, unsigned long arg)
{
	TRACE_OP(sk, "ioctl");
	return sk->sk_prot->ioctl(sk, cmd, arg);
}

static inline int sk_prot_init(struct sock *sk)
{
	TRACE_OP(sk, "init");
	return sk->sk_prot->init(sk);
}

static inline void sk_prot_destroy(struct sock *sk)
{
	TRACE_OP(sk, "destroy");
	sk->sk_prot->destroy(sk);
}

static inline void sk_prot_shutdown(struct sock *sk, int how)
{
	TRACE_OP(sk, "shutdown");
	sk->sk_prot->shutdown(sk, how);
}

static inline int sk_prot_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval,
				     unsigned int optlen)
{
	TRACE_OP(sk, "setsockopt");
	return sk->sk_prot->setsockopt(sk, level, optname, optval, optlen);
}

static inline int sk_prot_getsockopt(struct sock *sk, int level, int optname, char *optval, int *option)
{
	TRACE_OP(sk, "getsockopt");
	return sk->sk_prot->getsockopt(sk, level, optname, optval, option);
}

static inline void sk_prot_keepalive(struct sock *sk, int valbool)
{
	TRACE_OP(sk, "keepalive");
	sk->sk_prot->keepalive(sk, valbool);
}

static inline int sk_prot_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	TRACE_OP(sk, "sendmsg");
	return sk->sk_prot->sendmsg(sk, msg, len);
}

static inline int sk_prot_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int noblock, int flags,
				  int *addr_len)
{
	TRACE_OP(sk, "recvmsg");
	return sk->sk_prot->recvmsg(sk, msg, len, noblock, flags, addr_len);
}

static inline int sk_prot_bind(struct sock *sk, struct sockaddr *addr, int addr_len)
{
	TRACE_OP(sk, "bind");
	return sk->sk_prot->bind(sk, addr, addr_len);
}

static inline void sk_prot_release_cb(struct sock *sk)
{
	TRACE_OP(sk, "release_cb");
	sk->sk_prot->release_cb(sk);
}

static inline int sk_prot_hash(struct sock *sk)
{
	TRACE_OP(sk, "hash");
	return sk->sk_prot->hash(sk);
}

static inline void sk_prot_unhash(struct sock *sk)
{
	TRACE_OP(sk, "unhash");
	sk->sk_prot->unhash(sk);
}

static inline void sk_prot_rehash(struct sock *sk)
{
	TRACE_OP(sk, "rehash");
	sk->sk_prot->rehash(sk);
}

static inline int sk_prot_get_port(struct sock *sk, unsigned short snum)
{
	TRACE_OP(sk, "get_port");
	return sk->sk_prot->get_port(sk, snum);
}

static inline void sk_prot_put_port(struct sock *sk)
{
	TRACE_OP(sk, "put_port");
	sk->sk_prot->put_port(sk);
}

static inline void sk_prot_enter_memory_pressure(struct sock *sk)
{
	TRACE_OP(sk, "enter_memory_pressure");
	sk->sk_prot->enter_memory_pressure(sk);
}

static inline void sk_prot_leave_memory_pressure(struct sock *sk)
{
	TRACE_OP(sk, "leave_memory_pressure");
	sk->sk_prot->leave_memory_pressure(sk);
}

/* ---- callbacks ---- */

static inline void sk_call_state_change(struct sock *sk)
{
	TRACE_OP(sk, "sk_state_change");
	sk->sk_state_change(sk);
}

static inline void sk_call_data_ready(struct sock *sk)
{
	TRACE_OP(sk, "sk_data_ready");
	sk->sk_data_ready(sk);
}

static inline void sk_call_write_space(struct sock *sk)
{
	TRACE_OP(sk, "sk_write_space");
	sk->sk_write_space(sk);
}

static inline void sk_call_error_report(struct sock *sk)
{
	TRACE_OP(sk, "sk_error_report");
	sk->sk_error_report(sk);
}

static inline void sk_call_destruct(struct sock *sk)
{
	TRACE_OP(sk, "sk_destruct");
	sk->sk_destruct(sk);
}

static inline int sk_backlog_rcv(struct sock *sk, struct sk_buff *skb)
{
	TRACE_SK(sk, "process a packet of the backlog");

	TRACE_OP(sk, "sk_backlog_rcv");
	return sk->sk_backlog_rcv(sk, skb);
}

#endif
