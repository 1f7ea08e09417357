/*
 * What datagram protocols of IPv4 share: connecting without a handshake (net/ipv4/datagram.c), polling,
 * peeking.
 */
#include "stack/transport/datagram.h"

#include "stack/application/socket.h"
#include "stack/internet/ip.h"
#include "stack/transport/inet_sock.h"
#include "stack/transport/udp.h"

/* ---- connect() ---- */

int __ip4_datagram_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	TRACE_SK_IN(sk, IN_TASK, "route to the peer, remember it and the route");
	struct inet_sock *inet = inet_sk(sk);
	struct sockaddr_in *usin = (struct sockaddr_in *)uaddr;
	struct flowi4 *fl4 = &inet->cork.fl.u.ip4;
	int oif = sk->sk_bound_dev_if;
	__be32 saddr = inet->inet_saddr;
	struct rtable *rt;

	if (addr_len < (int)sizeof(*usin))
		return -EINVAL;
	if (usin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	sk_dst_reset(sk);
	if (ipv4_is_multicast(usin->sin_addr.s_addr)) {
		if (!oif)
			oif = inet->mc_index;
		if (!saddr)
			saddr = inet->mc_addr;
	} else if (!oif) {
		oif = inet->uc_index;
	}
	rt = ip_route_connect(fl4, usin->sin_addr.s_addr, saddr, RT_CONN_FLAGS(sk), oif, (u8)sk->sk_protocol,
			      inet->inet_sport, usin->sin_port, sk);
	if (IS_ERR(rt)) {
		if (PTR_ERR(rt) == -ENETUNREACH)
			IP_INC_STATS(sock_net(sk), IPSTATS_MIB_OUTNOROUTES);
		return (int)PTR_ERR(rt);
	}
	if ((rt->rt_flags & RTCF_BROADCAST) && !sock_flag(sk, SOCK_BROADCAST)) {
		ip_rt_put(rt);
		return -EACCES;
	}
	if (!inet->inet_saddr)
		inet->inet_saddr = fl4->saddr;
	if (!inet->inet_rcv_saddr) {
		inet->inet_rcv_saddr = fl4->saddr;
		if (sk->sk_prot->rehash)
			sk_prot_rehash(sk);
	}
	inet->inet_daddr = fl4->daddr;
	inet->inet_dport = usin->sin_port;
	reuseport_has_conns_set(sk);
	TRACE_STEP(sk, "change state to ESTABLISHED: the peer is set");
	sk->sk_state = TCP_ESTABLISHED;
	inet_trace_name(sk);
	inet->inet_id = (u16)random_u32(&udp_host(sock_net(sk))->random);
	sk_dst_set(sk, &rt->dst);
	return 0;
}

int ip4_datagram_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	TRACE_SK_IN(sk, IN_TASK, "set the peer of a datagram socket");
	int res;

	lock_sock(sk);
	res = __ip4_datagram_connect(sk, uaddr, addr_len);
	release_sock(sk);
	return res;
}

void ip4_datagram_release_cb(struct sock *sk)
{
	TRACE_SK(sk, "find the route again if the one that the socket keeps is stale");
	const struct inet_sock *inet = inet_sk(sk);
	const struct ip_options_rcu *inet_opt = inet->inet_opt;
	struct dst_entry *dst = __sk_dst_get(sk);
	struct flowi4 fl4;
	struct rtable *rt;

	if (!dst || dst_check(dst, 0))
		return;
	rt = ip_route_output_ports(sock_net(sk), &fl4, sk,
				   inet_opt && inet_opt->opt.srr ? inet_opt->opt.faddr : inet->inet_daddr,
				   inet->inet_saddr, inet->inet_dport, inet->inet_sport, (u8)sk->sk_protocol,
				   (u8)RT_CONN_FLAGS(sk), sk->sk_bound_dev_if);
	sk_dst_set(sk, IS_ERR(rt) ? NULL : &rt->dst);
}

/* ---- polling, peeking ---- */

unsigned int datagram_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait)
{
	TRACE(sock, "what can the program do with the socket now?");
	const struct sock *sk = sock->sk;
	unsigned int mask = 0;

	sock_poll_wait(file, sock, wait);
	if (sk->sk_err || !skb_queue_empty(&sk->sk_error_queue))
		mask |= EPOLLERR | (sock_flag(sk, SOCK_SELECT_ERR_QUEUE) ? EPOLLPRI : 0);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (sk->sk_shutdown == SHUTDOWN_MASK)
		mask |= EPOLLHUP;
	if (!skb_queue_empty(&sk->sk_receive_queue))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (sock_writeable(sk))
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return mask;
}

int sk_set_peek_off(struct sock *sk, int val)
{
	TRACE_SK(sk, "set where MSG_PEEK begins");

	sk->sk_peek_off = val;
	return 0;
}
