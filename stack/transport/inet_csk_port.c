/*
 * Local ports: which sockets may share one (SO_REUSEADDR, SO_REUSEPORT), and the choice of a free one for
 * bind() with port 0. bind(), listen() and connect() of connection-oriented protocols call in.
 */
#include "stack/transport/inet_connection_sock.h"

#include "stack/transport/tcp.h"

void inet_get_local_port_range(const struct net *net, int *low, int *high)
{
	TRACE(net, "read the range of local ports");

	*low = net->ipv4.sysctl_local_port_min;
	*high = net->ipv4.sysctl_local_port_max;
}

static bool ipv4_rcv_saddr_equal(const struct sock *sk, const struct sock *sk2, bool match_wildcard)
{
	TRACE_SK(sk, "have both sockets the same ipv4 address, or one of them any?");
	if (sk->sk_rcv_saddr == sk2->sk_rcv_saddr)
		return true;
	return match_wildcard && (!sk->sk_rcv_saddr || !sk2->sk_rcv_saddr);
}

bool inet_rcv_saddr_equal(const struct sock *sk, const struct sock *sk2, bool match_wildcard)
{
	TRACE_SK(sk, "do two sockets receive at the same address?");
	return ipv4_rcv_saddr_equal(sk, sk2, match_wildcard);
}

/* Sockets of one user only share a port by SO_REUSEPORT. TIME_WAIT belongs to anybody. */
static bool same_user(u32 uid, struct sock *sk2)
{
	return sk2->sk_state == TCP_TIME_WAIT || uid == sock_i_uid(sk2);
}

/* `relax`: the port was asked for, so SO_REUSEADDR counts; else a free one is wanted. */
static bool inet_csk_bind_conflict(struct sock *sk, const struct inet_bind_bucket *tb, bool relax,
				   bool reuseport_ok)
{
	TRACE_SK(sk, "does another socket keep us from this port?");
	bool reuse = sk->sk_reuse, reuseport = sk->sk_reuseport;
	u32 uid = sock_i_uid(sk);
	struct hlist_node *n;

	hlist_for_each(n, &tb->owners)
	{
		struct sock *sk2 = hlist_entry(n, struct sock, sk_bind_node);

		if (sk == sk2 || (sk->sk_bound_dev_if && sk2->sk_bound_dev_if &&
				  sk->sk_bound_dev_if != sk2->sk_bound_dev_if))
			continue;
		if (reuse && sk2->sk_reuse && sk2->sk_state != TCP_LISTEN) {
			if ((!relax ||
			     (!reuseport_ok && reuseport && sk2->sk_reuseport && same_user(uid, sk2))) &&
			    inet_rcv_saddr_equal(sk, sk2, true))
				return true;
		} else if (!reuseport_ok || !reuseport || !sk2->sk_reuseport || !same_user(uid, sk2)) {
			if (inet_rcv_saddr_equal(sk, sk2, true))
				return true;
		}
	}
	return false;
}

/* May the socket share the port by SO_REUSEPORT, judged by the port's record alone? */
static bool sk_reuseport_match(struct inet_bind_bucket *tb, struct sock *sk)
{
	u32 uid = sock_i_uid(sk);

	if (tb->fastreuseport <= 0 || !sk->sk_reuseport || tb->fastuid != uid)
		return false;
	return tb->fastreuseport == FASTREUSEPORT_ANY || tb->fast_rcv_saddr == sk->sk_rcv_saddr;
}

static void remember_reuseport(struct inet_bind_bucket *tb, struct sock *sk, signed char how, u32 uid)
{
	tb->fastreuseport = how;
	tb->fastuid = uid;
	tb->fast_rcv_saddr = sk->sk_rcv_saddr;
}

void inet_csk_update_fastreuse(struct inet_bind_bucket *tb, struct sock *sk)
{
	TRACE_SK(sk, "note in the port's record how it may be shared");
	u32 uid = sock_i_uid(sk);
	bool reuse = sk->sk_reuse && sk->sk_state != TCP_LISTEN;

	if (hlist_empty(&tb->owners)) {
		tb->fastreuse = reuse;
		if (sk->sk_reuseport)
			remember_reuseport(tb, sk, FASTREUSEPORT_ANY, uid);
		else
			tb->fastreuseport = 0;
		return;
	}
	if (!reuse)
		tb->fastreuse = 0;
	if (!sk->sk_reuseport)
		tb->fastreuseport = 0;
	else if (tb->fastreuseport <= 0 || !(tb->fastuid == uid && (tb->fastreuseport == FASTREUSEPORT_ANY ||
								    tb->fast_rcv_saddr == sk->sk_rcv_saddr)))
		remember_reuseport(tb, sk, FASTREUSEPORT_STRICT, uid);
}

/* Searches low..high-1, odd ports first (connect() takes even ones); the port, or 0. */
static unsigned short search_port(struct sock *sk, int low, int high, struct inet_bind_bucket **tbp)
{
	struct inet_hashinfo *h = tcp_hashinfo(sk->host);
	int remaining = high - low, offset;

	if (remaining > 1)
		remaining &= ~1;
	offset = (int)random_below(&tcp_host(sk)->seq.random, (u32)remaining) | 1;
	for (int parity = 0; parity < 2; parity++, offset--) {
		int port = low + offset;

		for (int i = 0; i < remaining; i += 2, port += 2) {
			struct inet_bind_bucket *tb;

			if (unlikely(port >= high))
				port -= remaining;
			tb = inet_bind_bucket_find(h, (unsigned short)port);
			if (!tb || !inet_csk_bind_conflict(sk, tb, false, false)) {
				*tbp = tb;
				return (unsigned short)port;
			}
		}
	}
	return 0;
}

/* A port for bind() with port 0, and its record if it has one; 0: none is free. */
static unsigned short inet_csk_find_open_port(struct sock *sk, struct inet_bind_bucket **tbp)
{
	TRACE_SK(sk, "find a free port");
	int low, high, half;
	unsigned short port;

	inet_get_local_port_range(sock_net(sk), &low, &high);
	high++;
	if (sk->sk_reuse != SK_CAN_REUSE || high - low < 4)
		return search_port(sk, low, high, tbp);
	/* who may share leaves the upper half to those who may not, as long as possible */
	half = low + ((high - low) >> 2 << 1);
	port = search_port(sk, low, half, tbp);
	return port ? port : search_port(sk, half, high, tbp);
}

/* Binds the socket to the port, or to a free one when it is 0. Nonzero: it cannot have it. */
int inet_csk_get_port(struct sock *sk, unsigned short snum)
{
	TRACE_SK(sk, "ensure a valid port is ready");
	bool reuse = sk->sk_reuse && sk->sk_state != TCP_LISTEN;
	struct inet_hashinfo *h = tcp_hashinfo(sk->host);
	struct inet_bind_bucket *tb = NULL;
	unsigned short port = snum;

	if (!port) {
		port = inet_csk_find_open_port(sk, &tb);
		if (!port)
			return 1;
	} else {
		tb = inet_bind_bucket_find(h, port);
		if (tb && !hlist_empty(&tb->owners) && sk->sk_reuse != SK_FORCE_REUSE &&
		    !(tb->fastreuse > 0 && reuse) && !sk_reuseport_match(tb, sk) &&
		    inet_csk_bind_conflict(sk, tb, true, true))
			return 1;
	}
	if (!tb) {
		tb = inet_bind_bucket_create(h, port);
		if (!tb)
			return 1;
	}
	inet_csk_update_fastreuse(tb, sk);
	if (!inet_csk(sk)->icsk_bind_hash)
		inet_bind_hash(sk, tb, port);
	SIM_BUG_ON(sk->host, inet_csk(sk)->icsk_bind_hash != tb);
	return 0;
}
