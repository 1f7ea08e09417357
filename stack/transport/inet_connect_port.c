/*
 * The choice of a local port for connect(), and the entry of the connection into the table.
 *
 * A port may serve many connections, as long as no two have the same four-tuple. The search begins where the
 * hash of the destination and the searches before say, and takes even ports first. Ports that are found to be
 * in use for this destination are remembered until they are released, so that a host with tens of thousands
 * of connections (or TIME_WAITs) to one server does not look at each of them again and again.
 */
#include "stack/transport/inet_hashtables.h"

#include "stack/transport/tcp.h"

#define INET_TABLE_PERTURB_SIZE 256
#define PORT_WORDS (65536 / 64)

/* What searches remember. `busy` is a bit a port, for connections like the key says. */
struct port_search {
	u32 perturb[INET_TABLE_PERTURB_SIZE]; /* where to go on, by a part of the hash */
	struct {
		__be32 saddr, daddr;
		__be16 dport;
		u16 reuse; /* sysctl_tcp_tw_reuse */
		int bound_dev_if;
	} key;
	u32 nr_busy;
	u64 busy[PORT_WORDS];
};

/* Why a port cannot be had. */
enum { PORT_OK = 0, PORT_BUSY = 1, PORT_NOT_YET = 2 /* TIME_WAIT that is too young: time will help */ };

/* Made at first use, with random words. NULL: no memory. */
static struct port_search *port_search_get(struct inet_hashinfo *h)
{
	if (unlikely(!h->ports)) {
		h->ports = kzalloc(h->host, sizeof(*h->ports));
		if (h->ports)
			random_bytes(&h->host->net->tcp->seq.random, h->ports->perturb,
				     sizeof(h->ports->perturb));
	}
	return h->ports;
}

/* Somebody has given the port up. */
void inet_port_released(struct inet_hashinfo *h, unsigned short port)
{
	if (h->ports && (h->ports->busy[port / 64] >> port % 64 & 1)) {
		h->ports->busy[port / 64] &= ~(1ull << port % 64);
		h->ports->nr_busy--;
	}
}

static void port_busy(struct port_search *ps, int port)
{
	u64 bit = 1ull << port % 64;

	ps->nr_busy += !(ps->busy[port / 64] & bit);
	ps->busy[port / 64] |= bit;
}

/* What is remembered holds for one destination only. */
static void port_search_begin(struct port_search *ps, const struct sock *sk)
{
	u16 reuse = sock_net(sk)->ipv4.sysctl_tcp_tw_reuse;

	if (ps->key.saddr == sk->sk_rcv_saddr && ps->key.daddr == sk->sk_daddr &&
	    ps->key.dport == sk->sk_dport && ps->key.reuse == reuse &&
	    ps->key.bound_dev_if == sk->sk_bound_dev_if)
		return;
	if (ps->nr_busy)
		memset(ps->busy, 0, sizeof(ps->busy));
	ps->nr_busy = 0;
	ps->key.saddr = sk->sk_rcv_saddr;
	ps->key.daddr = sk->sk_daddr;
	ps->key.dport = sk->sk_dport;
	ps->key.reuse = reuse;
	ps->key.bound_dev_if = sk->sk_bound_dev_if;
}

/* The first port of port, port + 2, ... below `end` that is not known to be busy; `end` or more: none. */
static int next_candidate(const struct port_search *ps, int port, int end)
{
	const u64 parity = port & 1 ? 0xaaaaaaaaaaaaaaaaull : 0x5555555555555555ull;

	while (port < end) {
		u64 word = ~ps->busy[port / 64] & parity & ~0ull << port % 64;

		if (word)
			return (port & ~63) + __builtin_ctzll(word);
		port = (port | 63) + 1 + (port & 1);
	}
	return end;
}

/*
 * Is the four-tuple with local port `lport` free? Then the socket takes it. *twp, if given: the time-wait
 * socket that had it, with a reference.
 */
static int __inet_check_established(struct inet_timewait_death_row *death_row, struct sock *sk, u16 lport,
				    struct inet_timewait_sock **twp)
{
	TRACE_SK(sk, "is the four-tuple with this local port free?");
	struct inet_hashinfo *h = death_row->hashinfo;
	struct inet_sock *inet = inet_sk(sk);
	u32 hash = inet_ehashfn(sk->host, inet->inet_rcv_saddr, lport, inet->inet_daddr, inet->inet_dport);
	struct inet_timewait_sock *tw = NULL;
	struct sock *sk2;

	hlist_for_each_entry (sk2, inet_table_chain(&h->ehash, hash), sk_node) {
		if (sk2->sk_hash != hash || !inet_match(sk2, inet->inet_daddr, inet->inet_dport,
							inet->inet_rcv_saddr, lport, sk->sk_bound_dev_if, 0))
			continue;
		if (sk2->sk_state != TCP_TIME_WAIT)
			return PORT_BUSY;
		if (!tcp_twsk_unique(sk, sk2, twp))
			return tcp_twsk_may_ripen(sk, sk2) ? PORT_NOT_YET : PORT_BUSY;
		tw = inet_twsk(sk2);
		break;
	}
	inet->inet_num = lport;
	inet->inet_sport = htons(lport);
	sk->sk_hash = hash;
	if (tw) {
		inet_ehash_remove(h, (struct sock *)tw);
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TIMEWAITRECYCLED);
	}
	inet_ehash_add_hashed(h, sk);
	tcp_host(sk)->inuse += 1;
	if (twp)
		*twp = tw;
	else if (tw)
		inet_twsk_deschedule_put(tw);
	return PORT_OK;
}

static u64 inet_sk_port_offset(const struct sock *sk)
{
	TRACE_SK(sk, "where does the search for a local port begin?");
	const struct inet_sock *inet = inet_sk(sk);

	return secure_ipv4_port_ephemeral(sock_net(sk), inet->inet_rcv_saddr, inet->inet_daddr,
					  inet->inet_dport);
}

/*
 * Tries one port: PORT_OK with its record in *tbp, and in *tw the TIME_WAIT connection that made room; or
 * PORT_BUSY, PORT_NOT_YET, negative errno.
 */
static int try_port(struct inet_timewait_death_row *death_row, struct sock *sk, unsigned short port,
		    struct inet_bind_bucket **tbp, struct inet_timewait_sock **tw)
{
	struct inet_hashinfo *h = death_row->hashinfo;
	struct inet_bind_bucket *tb = inet_bind_bucket_find(h, port);
	int ret;

	if (tb) {
		/* a port somebody bound to is not for sharing: fastreuse is -1 only for connect()'s own */
		if (tb->fastreuse >= 0 || tb->fastreuseport >= 0)
			return PORT_BUSY;
		ret = __inet_check_established(death_row, sk, port, tw);
		if (ret)
			return ret;
	} else {
		tb = inet_bind_bucket_create(h, port);
		if (!tb)
			return -ENOMEM;
		tb->fastreuse = -1;
		tb->fastreuseport = -1;
	}
	*tbp = tb;
	return PORT_OK;
}

struct port_choice {
	struct inet_bind_bucket *tb;
	struct inet_timewait_sock *tw;
	int port;
	int distance; /* from where the search began */
};

/* Tries the ports start, start + 2, ... (after high - 1 comes low), `remaining` / 2 of them. */
static int search_ports(struct inet_timewait_death_row *death_row, struct sock *sk, struct port_search *ps,
			int start, int high, int remaining, struct port_choice *choice)
{
	for (int i = 0; i < remaining;) {
		bool wrapped = start + i >= high;
		int port = start + i - (wrapped ? remaining : 0);
		int end = min(wrapped ? start : high, port + remaining - i);
		int found = next_candidate(ps, port, end), ret;

		if (found >= end) {
			i += (end - port + 1) & ~1;
			continue;
		}
		i += found - port;
		ret = try_port(death_row, sk, (unsigned short)found, &choice->tb, &choice->tw);
		if (ret <= 0) {
			choice->port = found;
			choice->distance = i;
			return ret;
		}
		if (ret == PORT_BUSY)
			port_busy(ps, found);
		i += 2;
	}
	return PORT_BUSY;
}

/* A port that was bound before: the four-tuple must be free. */
static int connect_bound_port(struct inet_timewait_death_row *death_row, struct sock *sk)
{
	const struct inet_bind_bucket *tb = inet_csk(sk)->icsk_bind_hash;

	if (tb->owners.first == &sk->sk_bind_node && !sk->sk_bind_node.next) {
		inet_ehash_nolisten(sk, NULL, NULL);
		return 0;
	}
	return __inet_check_established(death_row, sk, inet_sk(sk)->inet_num, NULL) ? -EADDRNOTAVAIL : 0;
}

static int __inet_hash_connect(struct inet_timewait_death_row *death_row, struct sock *sk, u64 port_offset)
{
	TRACE_SK(sk, "find a free local port and put the socket into the table of connections");
	struct inet_hashinfo *h = death_row->hashinfo;
	struct port_choice choice = { .tw = NULL };
	int low, high, remaining, ret, advance;
	struct port_search *ps;
	u32 offset, index;

	if (inet_sk(sk)->inet_num)
		return connect_bound_port(death_row, sk);
	ps = port_search_get(h);
	if (!ps)
		return -ENOMEM;
	port_search_begin(ps, sk);
	inet_get_local_port_range(sock_net(sk), &low, &high);
	high++;
	remaining = high - low;
	if (likely(remaining > 1))
		remaining &= ~1;
	index = (u32)port_offset & (INET_TABLE_PERTURB_SIZE - 1);
	/* bind() takes odd ports first, connect() even ones, so that they meet late */
	offset = (ps->perturb[index] + (u32)(port_offset >> 32)) % (u32)remaining & ~1u;
	ret = search_ports(death_row, sk, ps, low + (int)offset, high, remaining, &choice);
	if (ret == PORT_BUSY && remaining > 1)
		ret = search_ports(death_row, sk, ps, low + (int)offset + 1, high, remaining, &choice);
	if (ret)
		return ret < 0 ? ret : -EADDRNOTAVAIL;

	/* a little chance for where the next search goes on */
	advance = max(choice.distance, (int)random_below(&tcp_host(sk)->seq.random, 8) * 2);
	ps->perturb[index] += (u32)advance + 2;
	inet_bind_hash(sk, choice.tb, (unsigned short)choice.port);
	if (sk_unhashed(sk)) {
		inet_sk(sk)->inet_sport = htons((u16)choice.port);
		inet_ehash_nolisten(sk, NULL, NULL);
	}
	if (choice.tw) {
		inet_twsk_bind_unhash(choice.tw, h);
		inet_twsk_deschedule_put(choice.tw);
	}
	return 0;
}

int inet_hash_connect(struct inet_timewait_death_row *death_row, struct sock *sk)
{
	TRACE_SK(sk, "bind a port to the socket and add to hash table");
	u64 port_offset = 0;

	if (!inet_sk(sk)->inet_num)
		port_offset = inet_sk_port_offset(sk);
	return __inet_hash_connect(death_row, sk, port_offset);
}
