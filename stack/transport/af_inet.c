/*
 * The IPv4 family of sockets: socket(), bind(), listen(), connect(), accept(), send() and recv() on their
 * way from the socket layer (struct proto_ops) to the protocol (struct proto). Booting the family and the
 * sock's own life are in af_inet_init.c.
 */
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "stack/application/socket.h"
#include "stack/internet/ip.h"
#include "stack/transport/datagram.h"
#include "stack/transport/tcp.h"
#include "stack/transport/udp.h"

/* ---- socket() and close() ---- */

/* The row of the host's table that fits; its errno when there is none. */
static const struct inet_protosw *inetsw_lookup(const struct tcp_state *state, int type, int *protocol,
						int *err)
{
	*err = -ESOCKTNOSUPPORT;
	for (u32 i = 0; i < state->nr_inetsw; i++) {
		const struct inet_protosw *row = state->inetsw[i];

		if (row->type != type)
			continue;
		if (*protocol == IPPROTO_IP && row->protocol != IPPROTO_IP)
			*protocol = row->protocol;
		/* a raw socket takes any protocol, but one has to be named */
		if (*protocol != IPPROTO_IP && (*protocol == row->protocol || row->protocol == IPPROTO_IP))
			return row;
		*err = -EPROTONOSUPPORT;
	}
	return NULL;
}

static void inet_sock_defaults(struct inet_sock *inet, const struct net *net)
{
	inet->pmtudisc = net->ipv4.sysctl_ip_no_pmtu_disc ? IP_PMTUDISC_DONT : IP_PMTUDISC_WANT;
	inet->uc_ttl = -1;
	inet->mc_loop = 1;
	inet->mc_ttl = 1;
	inet->mc_all = 1;
}

int inet_create(struct net *net, struct socket *sock, int protocol, int kern)
{
	TRACE(sock, "install family+type ops, prepare tcp socket");
	const struct inet_protosw *answer;
	struct sock *sk;
	int err;

	if (protocol < 0 || protocol >= IPPROTO_MAX)
		return -EINVAL;
	sock->state = SS_UNCONNECTED;
	answer = inetsw_lookup(net->tcp, sock->type, &protocol, &err);
	if (!answer)
		return err;
	TRACE_STEP(sock, "install family + type operations, e.g., inet_stream_ops");
	sock->ops = answer->ops;
	TRACE_STEP(sock, "allocate tcp socket (not the same socket created earlier)");
	sk = sk_alloc(net, PF_INET, GFP_KERNEL, answer->prot, kern);
	if (!sk)
		return -ENOMEM;
	if (answer->flags & INET_PROTOSW_REUSE)
		sk->sk_reuse = SK_CAN_REUSE;
	inet_sk(sk)->is_icsk = (answer->flags & INET_PROTOSW_ICSK) != 0;
	if (sock->type == SOCK_RAW) {
		inet_sk(sk)->inet_num = (u16)protocol;
		inet_sk(sk)->hdrincl = protocol == IPPROTO_RAW;
	}
	inet_sock_defaults(inet_sk(sk), net);
	sock_init_data(sock, sk);
	sk->sk_destruct = inet_sock_destruct;
	sk->sk_protocol = (u16)protocol;
	sk->sk_backlog_rcv = sk->sk_prot->backlog_rcv;
	if (inet_sk(sk)->inet_num) {
		/* a raw socket's protocol number is its port: known at once */
		inet_sk(sk)->inet_sport = htons(inet_sk(sk)->inet_num);
		err = sk_prot_hash(sk);
		if (err)
			goto fail;
	}
	if (sk->sk_prot->init) {
		err = sk_prot_init(sk);
		if (err)
			goto fail;
	}
	return 0;
fail:
	sk_common_release(sk);
	return err;
}

int inet_release(struct socket *sock)
{
	TRACE(sock, "let the protocol close the socket");
	struct sock *sk = sock->sk;
	long timeout = 0;

	if (!sk)
		return 0;
	ip_mc_drop_socket(sk);
	if (sock_flag(sk, SOCK_LINGER))
		timeout = (long)sk->sk_lingertime;
	sk_prot_close(sk, timeout);
	sock->sk = NULL;
	return 0;
}

/* ---- bind() ---- */

int __inet_bind(struct sock *sk, struct sockaddr *uaddr, int addr_len, u32 flags)
{
	TRACE_SK_IN(sk, IN_TASK, "ensure a valid port is ready");
	struct sockaddr_in *addr = (struct sockaddr_in *)uaddr;
	struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);
	unsigned short snum;
	int chk_addr_ret, err;

	(void)addr_len;
	if (addr->sin_family != AF_INET &&
	    (addr->sin_family != AF_UNSPEC || addr->sin_addr.s_addr != htonl(INADDR_ANY)))
		return -EAFNOSUPPORT;
	chk_addr_ret = (int)inet_addr_type_table(net, addr->sin_addr.s_addr, RT_TABLE_LOCAL);
	if (!inet_can_nonlocal_bind(net, inet) && addr->sin_addr.s_addr != htonl(INADDR_ANY) &&
	    chk_addr_ret != RTN_LOCAL && chk_addr_ret != RTN_MULTICAST && chk_addr_ret != RTN_BROADCAST)
		return -EADDRNOTAVAIL;
	snum = ntohs(addr->sin_port);

	if (flags & BIND_WITH_LOCK)
		lock_sock(sk);
	/* once only, and not when connected or listening */
	err = -EINVAL;
	if (sk->sk_state != TCP_CLOSE || inet->inet_num)
		goto out;
	inet->inet_rcv_saddr = inet->inet_saddr = addr->sin_addr.s_addr;
	if (chk_addr_ret == RTN_MULTICAST || chk_addr_ret == RTN_BROADCAST)
		inet->inet_saddr = 0; /* send with the device's address */
	if (snum || !(inet->bind_address_no_port || (flags & BIND_FORCE_ADDRESS_NO_PORT))) {
		if (sk_prot_get_port(sk, snum)) {
			inet->inet_saddr = inet->inet_rcv_saddr = 0;
			err = -EADDRINUSE;
			goto out;
		}
	}
	if (inet->inet_rcv_saddr)
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	if (snum)
		sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
	inet->inet_sport = htons(inet->inet_num);
	inet->inet_daddr = 0;
	inet->inet_dport = 0;
	sk_dst_reset(sk);
	err = 0;
out:
	if (flags & BIND_WITH_LOCK)
		release_sock(sk);
	return err;
}

int inet_bind(struct socket *sock, struct sockaddr *uaddr, int addr_len)
{
	TRACE_IN(sock, IN_TASK, "ensure a valid port is ready");
	struct sock *sk = sock->sk;

	if (sk->sk_prot->bind)
		return sk_prot_bind(sk, uaddr, addr_len);
	if (addr_len < (int)sizeof(struct sockaddr_in))
		return -EINVAL;
	return __inet_bind(sk, uaddr, addr_len, BIND_WITH_LOCK);
}

/* A socket that sends or connects without bind() gets a port. */
static int inet_autobind(struct sock *sk)
{
	TRACE_SK_IN(sk, IN_TASK, "bind the socket to a free port");
	struct inet_sock *inet = inet_sk(sk);
	int err = 0;

	lock_sock(sk);
	if (!inet->inet_num) {
		if (sk_prot_get_port(sk, 0))
			err = -EAGAIN;
		else
			inet->inet_sport = htons(inet->inet_num);
	}
	release_sock(sk);
	return err;
}

/* ---- listen() and accept() ---- */

int inet_listen(struct socket *sock, int backlog)
{
	TRACE_IN(sock, IN_TASK,
		 "set tcp state to LISTEN, ensure a ready port, add socket to hash table for connection");
	struct sock *sk = sock->sk;
	int err = -EINVAL;

	lock_sock(sk);
	if (sock->state != SS_UNCONNECTED || sock->type != SOCK_STREAM)
		goto out;
	if (!((1u << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)))
		goto out;
	sk->sk_max_ack_backlog = (u32)backlog;
	err = 0;
	/* listen() again only changes the backlog */
	if (sk->sk_state != TCP_LISTEN) {
		const int tfo = TFO_SERVER_WO_SOCKOPT1 | TFO_SERVER_ENABLE;

		if ((sock_net(sk)->ipv4.sysctl_tcp_fastopen & tfo) == tfo &&
		    !inet_csk(sk)->icsk_accept_queue.fastopenq.max_qlen) {
			fastopen_queue_tune(sk, backlog);
			tcp_fastopen_init_key_once(sock_net(sk));
		}
		err = inet_csk_listen_start(sk, backlog);
	}
out:
	release_sock(sk);
	return err;
}

static void __inet_accept(struct socket *newsock, struct sock *newsk)
{
	TRACE(newsock, "join the new connection and the program's new socket");

	SIM_BUG_ON(newsk->host, !((1u << newsk->sk_state) &
				  (TCPF_ESTABLISHED | TCPF_SYN_RECV | TCPF_CLOSE_WAIT | TCPF_CLOSE |
				   TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_CLOSING | TCPF_LAST_ACK)));
	sock_graft(newsk, newsock);
	newsock->state = SS_CONNECTED;
}

int inet_accept(struct socket *sock, struct socket *newsock, int flags, bool kern)
{
	TRACE_IN(sock, IN_TASK, "remove a request (if there's one) from queue");
	int err = -EINVAL;
	struct sock *sk1 = sock->sk, *sk2;

	if (!sk1->sk_prot->accept)
		return -EOPNOTSUPP;
	sk2 = sk_prot_accept(sk1, flags, &err, kern);
	if (!sk2)
		return err;
	lock_sock(sk2);
	__inet_accept(newsock, sk2);
	release_sock(sk2);
	return 0;
}

/* ---- connect() ---- */

static long inet_wait_for_connect(struct sock *sk, long timeo, int writebias)
{
	TRACE_SK_IN(sk, IN_TASK, "wait until the handshake is done");
	DEFINE_WAIT_FUNC(wait, sk->host, woken_wake_function);

	add_wait_queue(sk_sleep(sk), &wait);
	sk->sk_write_pending += writebias;
	while ((1u << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) {
		release_sock(sk);
		timeo = wait_woken(&wait, TASK_INTERRUPTIBLE, timeo);
		lock_sock(sk);
		if (signal_pending(current(sk->host)) || !timeo)
			break;
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	sk->sk_write_pending -= writebias;
	return timeo;
}

/* connect() on an unconnected socket: sends the SYN. */
static int start_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len)
{
	struct sock *sk = sock->sk;
	int err;

	if (sk->sk_state != TCP_CLOSE)
		return -EISCONN;
	if (sk->sk_prot->pre_connect) {
		err = sk_prot_pre_connect(sk, uaddr, addr_len);
		if (err)
			return err;
	}
	err = sk_prot_connect(sk, uaddr, addr_len);
	if (err < 0)
		return err;
	sock->state = SS_CONNECTING;
	return inet_sk(sk)->defer_connect ? 0 : -EINPROGRESS;
}

/* The attempt has failed: why, and back to an unconnected socket. */
static int connect_failed(struct socket *sock, int err)
{
	sock->state = SS_UNCONNECTED;
	if (sk_prot_disconnect(sock->sk, 0))
		sock->state = SS_DISCONNECTING;
	return err;
}

/* connect(AF_UNSPEC): ends the connection or listening. */
static int connect_unspec(struct socket *sock, int flags)
{
	int err = sk_prot_disconnect(sock->sk, flags);

	sock->state = err ? SS_DISCONNECTING : SS_UNCONNECTED;
	return err;
}

/* A write that connects waits with its data: the ACK of the handshake may go with that. */
static int connect_writebias(const struct sock *sk)
{
	return sk->sk_protocol == IPPROTO_TCP && tcp_sk(sk)->fastopen_req && tcp_sk(sk)->fastopen_req->data;
}

int __inet_stream_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len, int flags,
			  int is_sendmsg)
{
	TRACE_IN(sock, IN_TASK, "set addr and port, allocate skb and build tcp header, send to ip layer");
	struct sock *sk = sock->sk;
	int err;
	long timeo;

	if (uaddr) {
		if (addr_len < (int)sizeof(uaddr->sa_family))
			return -EINVAL;
		if (uaddr->sa_family == AF_UNSPEC)
			return connect_unspec(sock, flags);
	}
	switch (sock->state) {
	case SS_CONNECTED:
		return -EISCONN;
	case SS_CONNECTING:
		/* deferred: the SYN waits for a write, which is what sendmsg() is about to do */
		if (inet_sk(sk)->defer_connect)
			err = is_sendmsg ? -EINPROGRESS : -EISCONN;
		else
			err = -EALREADY;
		break;
	case SS_UNCONNECTED:
		err = start_connect(sock, uaddr, addr_len);
		if (err != -EINPROGRESS)
			return err;
		break;
	default:
		return -EINVAL;
	}

	timeo = sock_sndtimeo(sk, flags & O_NONBLOCK);
	if ((1u << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV)) {
		if (!timeo || !inet_wait_for_connect(sk, timeo, connect_writebias(sk)))
			return err;
		if (signal_pending(current(sk->host)))
			return sock_intr_errno(timeo);
	}
	/* closed: by RST, timeout, ICMP error */
	if (sk->sk_state == TCP_CLOSE) {
		err = sock_error(sk);
		return connect_failed(sock, err ? err : -ECONNABORTED);
	}
	sock->state = SS_CONNECTED;
	return 0;
}

int inet_stream_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len, int flags)
{
	TRACE_IN(sock, IN_TASK, "set addr and port, allocate skb and build tcp header, send to ip layer");
	int err;

	lock_sock(sock->sk);
	err = __inet_stream_connect(sock, uaddr, addr_len, flags, 0);
	release_sock(sock->sk);
	return err;
}

int inet_dgram_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len, int flags)
{
	TRACE_IN(sock, IN_TASK, "set the peer of a datagram socket");
	struct sock *sk = sock->sk;
	int err;

	if (addr_len < (int)sizeof(uaddr->sa_family))
		return -EINVAL;
	if (uaddr->sa_family == AF_UNSPEC)
		return sk_prot_disconnect(sk, flags);
	if (sk->sk_prot->pre_connect) {
		err = sk_prot_pre_connect(sk, uaddr, addr_len);
		if (err)
			return err;
	}
	if (!inet_sk(sk)->inet_num && inet_autobind(sk))
		return -EAGAIN;
	return sk_prot_connect(sk, uaddr, addr_len);
}

/* ---- names, data, shutdown ---- */

int inet_getname(struct socket *sock, struct sockaddr *uaddr, int peer)
{
	TRACE(sock, "get the socket's or the peer's address and port");
	struct sock *sk = sock->sk;
	struct inet_sock *inet = inet_sk(sk);
	struct sockaddr_in *sin = (struct sockaddr_in *)uaddr;
	int err = sizeof(*sin);

	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	lock_sock(sk);
	if (peer) {
		if (!inet->inet_dport ||
		    (((1u << sk->sk_state) & (TCPF_CLOSE | TCPF_SYN_SENT)) && peer == 1)) {
			err = -ENOTCONN;
			goto out;
		}
		sin->sin_port = inet->inet_dport;
		sin->sin_addr.s_addr = inet->inet_daddr;
	} else {
		sin->sin_port = inet->inet_sport;
		sin->sin_addr.s_addr = inet->inet_rcv_saddr ? inet->inet_rcv_saddr : inet->inet_saddr;
	}
out:
	release_sock(sk);
	return err;
}

int inet_send_prepare(struct sock *sk)
{
	TRACE_SK_IN(sk, IN_TASK, "bind the socket to a port if it has none");

	if (!inet_sk(sk)->inet_num && !sk->sk_prot->no_autobind && inet_autobind(sk))
		return -EAGAIN;
	return 0;
}

int inet_sendmsg(struct socket *sock, struct msghdr *msg, size_t size)
{
	TRACE_IN(sock, IN_TASK, "send a message through the socket's protocol");
	struct sock *sk = sock->sk;

	if (unlikely(inet_send_prepare(sk)))
		return -EAGAIN;
	return sk_prot_sendmsg(sk, msg, size);
}

int inet_recv_error(struct sock *sk, struct msghdr *msg, int len, int *addr_len)
{
	TRACE_SK(sk, "read an error by the socket's family");
	return ip_recv_error(sk, msg, len, addr_len);
}

int inet_recvmsg(struct socket *sock, struct msghdr *msg, size_t size, int flags)
{
	TRACE_IN(sock, IN_TASK, "receive a message through the socket's protocol");
	int addr_len = 0, err;

	err = sk_prot_recvmsg(sock->sk, msg, size, flags & MSG_DONTWAIT, flags & ~MSG_DONTWAIT, &addr_len);
	if (err >= 0)
		msg->msg_namelen = addr_len;
	return err;
}

int inet_shutdown(struct socket *sock, int how)
{
	TRACE_IN(sock, IN_TASK, "shut down one or both directions");
	struct sock *sk = sock->sk;
	int err = 0;

	/* SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2 become bits */
	how++;
	if ((how & ~SHUTDOWN_MASK) || !how)
		return -EINVAL;
	lock_sock(sk);
	if (sock->state == SS_CONNECTING)
		sock->state = (1u << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV | TCPF_CLOSE)
				      ? SS_DISCONNECTING
				      : SS_CONNECTED;
	switch (sk->sk_state) {
	case TCP_CLOSE:
		err = -ENOTCONN;
		fallthrough;
	default:
		sk->sk_shutdown |= (u8)how;
		if (sk->sk_prot->shutdown)
			sk_prot_shutdown(sk, how);
		break;
	case TCP_LISTEN:
		if (!(how & RCV_SHUTDOWN))
			break;
		fallthrough;
	case TCP_SYN_SENT:
		err = sk_prot_disconnect(sk, O_NONBLOCK);
		sock->state = err ? SS_DISCONNECTING : SS_UNCONNECTED;
		break;
	}
	/* whoever waits shall see it */
	sk_call_state_change(sk);
	release_sock(sk);
	return err;
}

/* Of the family's own requests, those about an interface's flags and addresses; for more there are the
 * commands. */
int inet_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	TRACE_IN(sock, IN_TASK, "answer a request about the socket");
	struct sock *sk = sock->sk;
	struct ifreq ifr;
	int err;

	switch (cmd) {
	case SIOCGIFADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCSIFFLAGS:
		err = get_user_ifreq(sock, &ifr, (const void *)arg);
		if (!err)
			err = devinet_ioctl(sock_net(sk), cmd, &ifr);
		if (!err && cmd != SIOCSIFFLAGS)
			err = put_user_ifreq(sock, &ifr, (void *)arg);
		return err;
	default:
		break;
	}
	if (!sk->sk_prot->ioctl)
		return -ENOIOCTLCMD;
	return sk_prot_ioctl(sk, (int)cmd, arg);
}

/* ---- operations ---- */

const struct proto_ops inet_stream_ops = {
	.family = PF_INET,
	.release = inet_release,
	.bind = inet_bind,
	.connect = inet_stream_connect,
	.socketpair = sock_no_socketpair,
	.accept = inet_accept,
	.getname = inet_getname,
	.poll = tcp_poll,
	.ioctl = inet_ioctl,
	.listen = inet_listen,
	.shutdown = inet_shutdown,
	.setsockopt = sock_common_setsockopt,
	.getsockopt = sock_common_getsockopt,
	.sendmsg = inet_sendmsg,
	.recvmsg = inet_recvmsg,
	.splice_read = tcp_splice_read,
	.set_rcvlowat = tcp_set_rcvlowat,
};

const struct proto_ops inet_dgram_ops = {
	.family = PF_INET,
	.release = inet_release,
	.bind = inet_bind,
	.connect = inet_dgram_connect,
	.socketpair = sock_no_socketpair,
	.accept = sock_no_accept,
	.getname = inet_getname,
	.poll = udp_poll,
	.ioctl = inet_ioctl,
	.listen = sock_no_listen,
	.shutdown = inet_shutdown,
	.setsockopt = sock_common_setsockopt,
	.getsockopt = sock_common_getsockopt,
	.sendmsg = inet_sendmsg,
	.recvmsg = inet_recvmsg,
	.set_peek_off = sk_set_peek_off,
};
