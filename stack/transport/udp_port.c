/*
 * UDP's tables, and local ports: which sockets may share one (SO_REUSEADDR, SO_REUSEPORT), and the choice of
 * a free one. bind(), connect() and the first send() call in; look-ups by packets are in udp_lookup.c.
 *
 * Within a chain the order matters: of two sockets that fit a packet equally well, the newer one (in front)
 * takes it. Growing keeps it.
 */
#include "stack/interface/netdevice.h"
#include "stack/transport/udp.h"

#define MAX_UDP_PORTS 65536
#define BITS_PER_LONG (8 * (unsigned int)sizeof(long))
#define PORTS_PER_CHAIN (MAX_UDP_PORTS / UDP_HTABLE_SIZE_MIN)

/* ---- tables ---- */

void udp_table_free(struct host *host, struct udp_table *t)
{
	SIM_BUG_ON(host, t->count);
	kfree(host, t->hash);
	t->hash = t->hash2 = NULL;
	t->mask = 0;
}

/* Moves a chain's nodes to the chains they belong to now, the last one first: each chain keeps its order. */
static void move_chain(struct udp_table *t, struct hlist_head *from, bool second)
{
	struct hlist_node *n, *next, *reversed = NULL;

	for (n = from->first; n; n = next) {
		next = n->next;
		n->next = reversed;
		reversed = n;
	}
	for (n = reversed; n; n = next) {
		next = n->next;
		if (second)
			hlist_add_head(n, udp_hashslot2(t, hlist_entry(n, struct udp_sock, udp_portaddr_node)
								   ->udp_portaddr_hash));
		else
			hlist_add_head(
				n,
				udp_hashslot(t, udp_sk(hlist_entry(n, struct sock, sk_node))->udp_port_hash));
	}
}

/* Makes the tables, or doubles them. Without memory old ones stay as they are: slower, not wrong. */
static int udp_table_resize(struct host *host, struct udp_table *t)
{
	struct udp_table old = *t;
	u32 size = old.hash ? (old.mask + 1) * 2 : UDP_HTABLE_SIZE_MIN;
	struct hlist_head *chains = kzalloc(host, 2ul * size * sizeof(*chains));

	if (!chains)
		return old.hash ? 0 : -ENOMEM;
	t->hash = chains;
	t->hash2 = chains + size;
	t->mask = size - 1;
	if (old.hash) {
		for (u32 i = 0; i <= old.mask; i++) {
			move_chain(t, &old.hash[i], false);
			move_chain(t, &old.hash2[i], true);
		}
		kfree(host, old.hash);
	}
	return 0;
}

/* Room for one more. */
static int udp_table_reserve(struct host *host, struct udp_table *t)
{
	if (!t->hash || (t->count > t->mask && t->mask + 1 < UDP_HTABLE_SIZE_MAX))
		return udp_table_resize(host, t);
	return 0;
}

/* No secret is needed: what lies in a chain is only what this host's programs have bound. */
u16 udp_portaddr_hash(const struct udp_state *st, __be32 saddr, u16 port)
{
	return (u16)(hash_32(saddr ^ st->portaddr_key, 16) ^ port);
}

/* ---- who keeps whom from a port ---- */

/*
 * With a bitmap: marks the ports of this chain that the socket cannot have. Without: can it not have port
 * `num`? Bits stand for the ports of the chain: port >> log.
 */
static int udp_lib_lport_inuse(u16 num, const struct hlist_head *chain, unsigned long *bitmap,
			       struct sock *sk, unsigned int log)
{
	TRACE_SK(sk, "which ports are taken by other sockets?");
	u32 uid = sock_i_uid(sk);
	struct sock *sk2;

	udp_for_each_entry(sk2, chain)
	{
		u16 port = udp_sk(sk2)->udp_port_hash;

		if (sk2 == sk || (!bitmap && port != num) || (sk2->sk_reuse && sk->sk_reuse) ||
		    (sk2->sk_bound_dev_if && sk->sk_bound_dev_if &&
		     sk2->sk_bound_dev_if != sk->sk_bound_dev_if) ||
		    !inet_rcv_saddr_equal(sk, sk2, true))
			continue;
		if (sk2->sk_reuseport && sk->sk_reuseport && uid == sock_i_uid(sk2)) {
			if (!bitmap)
				return 0;
		} else {
			if (!bitmap)
				return 1;
			bitmap[(port >> log) / BITS_PER_LONG] |= 1ul << (port >> log) % BITS_PER_LONG;
		}
	}
	return 0;
}

/* ---- SO_REUSEPORT: sockets of one user, address, port and device share what comes in ---- */

static bool same_group(const struct sock *sk, struct sock *sk2)
{
	return sk2 != sk && sk2->sk_reuseport && udp_sk(sk2)->udp_port_hash == udp_sk(sk)->udp_port_hash &&
	       sk2->sk_bound_dev_if == sk->sk_bound_dev_if && sk2->sk_uid == sk->sk_uid &&
	       inet_rcv_saddr_equal(sk, sk2, false);
}

/* The newcomer learns whether the group has connected members. */
static void udp_reuseport_add_sock(struct sock *sk, const struct hlist_head *chain)
{
	TRACE_SK(sk, "join the group of sockets that share the port");
	struct sock *sk2;

	udp_sk(sk)->reuse_has_conns = 0;
	udp_for_each_entry(sk2, chain)
	{
		if (same_group(sk, sk2)) {
			udp_sk(sk)->reuse_has_conns = udp_sk(sk2)->reuse_has_conns;
			return;
		}
	}
}

/* A member was connected: from now on a packet is given to whom it fits best, not to whom the hash picks. */
void reuseport_has_conns_set(struct sock *sk)
{
	TRACE_SK(sk, "tell those who share the port that one of them is connected");
	struct sock *sk2;

	if (!sk->sk_reuseport || sk->sk_prot != &udp_prot || sk_unhashed(sk))
		return; /* raw and ping sockets connect here as well */
	udp_sk(sk)->reuse_has_conns = 1;
	udp_for_each_entry(sk2, udp_hashslot(&udp_host(sock_net(sk))->table, udp_sk(sk)->udp_port_hash))
	{
		if (same_group(sk, sk2))
			udp_sk(sk2)->reuse_has_conns = 1;
	}
}

/* ---- a port for a socket ---- */

static bool test_port(const unsigned long *bitmap, unsigned int bit)
{
	return bitmap[bit / BITS_PER_LONG] >> bit % BITS_PER_LONG & 1;
}

/*
 * A free port, or 0. Chains are tried from a random one on; within a chain, its ports are walked in odd steps
 * of the table's size, so that all of them come up in an order that nobody can guess.
 */
static u16 udp_find_port(struct sock *sk)
{
	struct udp_state *st = udp_host(sock_net(sk));
	const struct udp_table *t = &st->table;
	unsigned int log = (unsigned int)__builtin_ctz(t->mask + 1), step;
	unsigned long bitmap[PORTS_PER_CHAIN / BITS_PER_LONG];
	u16 first, last, port;
	int low, high;

	inet_get_local_port_range(sock_net(sk), &low, &high);
	first = (u16)(random_below(&st->random, (u32)(high - low) + 1) + (u32)low);
	last = (u16)(first + t->mask + 1);
	step = (random_u32(&st->random) | 1) * (t->mask + 1);
	do {
		memset(bitmap, 0, sizeof(bitmap));
		udp_lib_lport_inuse(0, udp_hashslot(t, first), bitmap, sk, log);
		port = first;
		do {
			if (port >= low && port <= high && !test_port(bitmap, port >> log))
				return port;
			port = (u16)(port + step);
		} while (port != first);
	} while (++first != last);
	return 0;
}

static void udp_hash_sock(struct sock *sk, u16 port)
{
	struct udp_table *t = &udp_host(sock_net(sk))->table;
	struct udp_sock *up = udp_sk(sk);

	up->inet.inet_num = port;
	up->udp_port_hash = port;
	up->udp_portaddr_hash ^= port;
	if (sk_hashed(sk))
		return;
	if (sk->sk_reuseport)
		udp_reuseport_add_sock(sk, udp_hashslot(t, port));
	/* look-ups hold no reference */
	sock_set_flag(sk, SOCK_RCU_FREE);
	hlist_add_head(&sk->sk_node, udp_hashslot(t, port));
	hlist_add_head(&up->udp_portaddr_node, udp_hashslot2(t, up->udp_portaddr_hash));
	t->count++;
}

int udp_lib_get_port(struct sock *sk, unsigned short snum)
{
	TRACE_SK_IN(sk, IN_TASK, "ensure a valid port is ready, add socket to hash tables");
	struct udp_table *t = &udp_host(sock_net(sk))->table;

	if (udp_table_reserve(sk->host, t))
		return -ENOMEM;
	if (!snum) {
		snum = udp_find_port(sk);
		if (!snum)
			return -EADDRINUSE;
	} else if (udp_lib_lport_inuse(snum, udp_hashslot(t, snum), NULL, sk, 0)) {
		return -EADDRINUSE;
	}
	udp_hash_sock(sk, snum);
	inet_trace_name(sk);
	return 0;
}

int udp_v4_get_port(struct sock *sk, unsigned short snum)
{
	TRACE_SK_IN(sk, IN_TASK, "ensure a valid port is ready");

	/* the port's part follows when it is known */
	udp_sk(sk)->udp_portaddr_hash =
		udp_portaddr_hash(udp_host(sock_net(sk)), inet_sk(sk)->inet_rcv_saddr, 0);
	return udp_lib_get_port(sk, snum);
}

int udp_lib_hash(struct sock *sk)
{
	SIM_BUG_ON(sk->host, true); /* get_port does it */
	return 0;
}

void udp_lib_unhash(struct sock *sk)
{
	TRACE_SK(sk, "remove socket from hash tables, give the port back");

	if (sk_unhashed(sk))
		return;
	hlist_del_init(&sk->sk_node);
	hlist_del_init(&udp_sk(sk)->udp_portaddr_node);
	udp_host(sock_net(sk))->table.count--;
	udp_sk(sk)->reuse_has_conns = 0;
	inet_sk(sk)->inet_num = 0;
}

void udp_lib_rehash(struct sock *sk, u16 newhash)
{
	TRACE_SK(sk, "move socket to the chain of its new address");
	struct udp_table *t = &udp_host(sock_net(sk))->table;
	struct udp_sock *up = udp_sk(sk);
	struct hlist_head *old, *new;

	if (sk_unhashed(sk))
		return;
	old = udp_hashslot2(t, up->udp_portaddr_hash);
	new = udp_hashslot2(t, newhash);
	up->udp_portaddr_hash = newhash;
	up->reuse_has_conns = 0; /* another address: no longer of the group */
	if (old != new) {
		hlist_del_init(&up->udp_portaddr_node);
		hlist_add_head(&up->udp_portaddr_node, new);
	}
}

void udp_v4_rehash(struct sock *sk)
{
	TRACE_SK(sk, "find the socket by its new address from now on");

	udp_lib_rehash(sk, udp_portaddr_hash(udp_host(sock_net(sk)), inet_sk(sk)->inet_rcv_saddr,
					     inet_sk(sk)->inet_num));
}
