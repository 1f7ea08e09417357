/*
 * The tables of sockets: insertion, removal, lookup. TCP calls in: connect and accept insert, every received
 * segment looks up. The choice of a local port for connect() is in inet_connect_port.c.
 */
#include "stack/transport/inet_hashtables.h"

#include <stdlib.h>

#include "stack/internet/ip.h"
#include "stack/interface/netdevice.h"
#include "stack/transport/tcp.h"

/* ---- tables that grow ---- */

static void inet_table_init(struct inet_table *t)
{
	t->chains = t->first;
	t->mask = INET_TABLE_MIN - 1;
	t->count = 0;
	memset(t->first, 0, sizeof(t->first));
}

static void inet_table_free(struct host *host, struct inet_table *t)
{
	if (t->chains && t->chains != t->first)
		kfree(host, t->chains);
	inet_table_init(t);
}

/* Doubles a table whose chains got long. Without memory it stays as it is: slower, not wrong. */
static void inet_table_grow(struct host *host, struct inet_table *t, u32 (*hash)(const struct hlist_node *))
{
	struct inet_table old = *t;
	struct hlist_head *chains;
	u32 mask = old.mask * 2 + 1;

	chains = kzalloc(host, (mask + 1ul) * sizeof(*chains));
	if (!chains)
		return;
	t->mask = mask;
	for (u32 i = 0; i <= old.mask; i++) {
		struct hlist_node *n, *next;

		for (n = (old.chains == t->first ? t->first : old.chains)[i].first; n; n = next) {
			next = n->next;
			hlist_add_head(n, &chains[hash(n) & mask]);
		}
	}
	if (old.chains != t->first)
		kfree(host, old.chains);
	t->chains = chains;
}

static void inet_table_add(struct host *host, struct inet_table *t, struct hlist_node *n,
			   u32 (*hash)(const struct hlist_node *))
{
	if (unlikely(t->count > t->mask))
		inet_table_grow(host, t, hash);
	t->count++;
	hlist_add_head(n, inet_table_chain(t, hash(n)));
}

static void inet_table_del(struct inet_table *t, struct hlist_node *n)
{
	t->count--;
	hlist_del_init(n);
}

static inline struct sock *node_sk(const struct hlist_node *n)
{
	return hlist_entry(n, struct sock, sk_node);
}

static u32 sk_node_hash(const struct hlist_node *n)
{
	return node_sk(n)->sk_hash;
}

static u32 tb_node_hash(const struct hlist_node *n)
{
	return hlist_entry(n, struct inet_bind_bucket, node)->port;
}

int inet_hashinfo_init(struct host *host, struct inet_hashinfo *h)
{
	h->host = host;
	inet_table_init(&h->ehash);
	inet_table_init(&h->bhash);
	inet_table_init(&h->lhash2);
	for (int i = 0; i < 2; i++)
		h->ehash_key[i] = random_u64(&host->net->tcp->seq.random);
	h->bind_bucket_cachep = kmem_cache_create(host, "tcp_bind_bucket", sizeof(struct inet_bind_bucket));
	return h->bind_bucket_cachep ? 0 : -ENOMEM;
}

void inet_hashinfo_free(struct inet_hashinfo *h)
{
	struct host *host = h->host;

	SIM_BUG_ON(host, h->ehash.count || h->bhash.count || h->lhash2.count);
	inet_table_free(host, &h->ehash);
	inet_table_free(host, &h->bhash);
	inet_table_free(host, &h->lhash2);
	kfree(host, h->ports);
	h->ports = NULL;
}

/* ---- ports in use ---- */

struct inet_bind_bucket *inet_bind_bucket_create(struct inet_hashinfo *h, unsigned short snum)
{
	TRACE(h, "make the record of a local port");
	struct inet_bind_bucket *tb = kmem_cache_zalloc(h->host, h->bind_bucket_cachep);

	if (tb) {
		tb->host = h->host;
		tb->port = snum;
		inet_table_add(h->host, &h->bhash, &tb->node, tb_node_hash);
	}
	return tb;
}

void inet_bind_bucket_destroy(struct inet_hashinfo *h, struct inet_bind_bucket *tb)
{
	TRACE(h, "forget a local port that nobody uses any more");

	if (hlist_empty(&tb->owners)) {
		inet_table_del(&h->bhash, &tb->node);
		kmem_cache_free(h->host, h->bind_bucket_cachep, tb);
	}
}

/* The record of a port in use, or NULL. */
struct inet_bind_bucket *inet_bind_bucket_find(struct inet_hashinfo *h, unsigned short port)
{
	struct inet_bind_bucket *tb;

	hlist_for_each_entry (tb, inet_table_chain(&h->bhash, port), node)
		if (tb->port == port)
			return tb;
	return NULL;
}

void inet_bind_hash(struct sock *sk, struct inet_bind_bucket *tb, unsigned short snum)
{
	TRACE_SK(sk, "make the socket an owner of the local port");

	inet_sk(sk)->inet_num = snum;
	hlist_add_head(&sk->sk_bind_node, &tb->owners);
	inet_csk(sk)->icsk_bind_hash = tb;
}

static void __inet_put_port(struct sock *sk)
{
	TRACE_SK(sk, "give the local port back");
	struct inet_bind_bucket *tb = inet_csk(sk)->icsk_bind_hash;

	hlist_del_init(&sk->sk_bind_node);
	inet_csk(sk)->icsk_bind_hash = NULL;
	inet_sk(sk)->inet_num = 0;
	inet_port_released(tcp_hashinfo(sk->host), tb->port);
	inet_bind_bucket_destroy(tcp_hashinfo(sk->host), tb);
}

void inet_put_port(struct sock *sk)
{
	TRACE_SK(sk, "give the local port back");

	__inet_put_port(sk);
}

/* The child shares the listener's port, or, behind a redirection, gets a record for its own. */
int __inet_inherit_port(const struct sock *sk, struct sock *child)
{
	TRACE_SK(child, "let the new connection share the listener's local port");
	struct inet_hashinfo *h = tcp_hashinfo(child->host);
	unsigned short port = inet_sk(child)->inet_num;
	struct inet_bind_bucket *tb = inet_csk(sk)->icsk_bind_hash;

	if (unlikely(!tb))
		return -ENOENT;
	if (tb->port != port) {
		tb = inet_bind_bucket_find(h, port);
		if (!tb)
			tb = inet_bind_bucket_create(h, port);
		if (!tb)
			return -ENOMEM;
		inet_csk_update_fastreuse(tb, child);
	}
	inet_bind_hash(child, tb, port);
	return 0;
}

/* ---- hashes ---- */

u32 inet_ehashfn(struct host *host, __be32 laddr, u16 lport, __be32 faddr, __be16 fport)
{
	TRACE_LEAF(host, "hash the addresses and ports of a connection");
	const u64 *key = host->net->tcp->hashinfo.ehash_key;
	u64 h = (((u64)laddr << 32 | faddr) ^ key[0]) * 0x9e3779b97f4a7c15ull;

	h ^= h >> 32;
	h = (h + ((u64)lport << 16 | fport) + key[1]) * 0xbf58476d1ce4e5b9ull;
	return (u32)(h ^ h >> 32);
}

static u32 sk_ehashfn(const struct sock *sk)
{
	TRACE_SK(sk, "hash the socket's addresses and ports");

	return inet_ehashfn(sk->host, sk->sk_rcv_saddr, sk->sk_num, sk->sk_daddr, sk->sk_dport);
}

static u32 ipv4_portaddr_hash(const struct inet_hashinfo *h, __be32 saddr, unsigned int port)
{
	return (u32)(((saddr ^ h->ehash_key[0]) * 0x9e3779b97f4a7c15ull) >> 32) ^ port;
}

static struct hlist_head *inet_lhash2_bucket_sk(struct inet_hashinfo *h, struct sock *sk)
{
	TRACE_SK(sk, "find the listening table's chain for the socket");

	sk->sk_hash = ipv4_portaddr_hash(h, sk->sk_rcv_saddr, sk->sk_num);
	return inet_table_chain(&h->lhash2, sk->sk_hash);
}

/* ---- lookup ---- */

/* Gives back a reference to what a lookup found: a sock, a request or a time-wait sock. */
void sock_gen_put(struct sock *sk)
{
	TRACE_SK(sk, "drop a reference to a socket of any kind");

	if (--sk->sk_refcnt)
		return;
	if (sk->sk_state == TCP_TIME_WAIT)
		inet_twsk_free(inet_twsk(sk));
	else if (sk->sk_state == TCP_NEW_SYN_RECV)
		reqsk_free(inet_reqsk(sk));
	else
		sk_free(sk);
}

struct sock *__inet_lookup_established(struct net *net, struct inet_hashinfo *hashinfo, const __be32 saddr,
				       const __be16 sport, const __be32 daddr, const u16 hnum, const int dif,
				       const int sdif)
{
	TRACE(net, "find a connection by its four-tuple");
	u32 hash = inet_ehashfn(net->host, daddr, hnum, saddr, sport);
	struct hlist_node *n;

	hlist_for_each(n, inet_table_chain(&hashinfo->ehash, hash))
	{
		struct sock *sk = node_sk(n);

		if (sk->sk_hash == hash && likely(inet_match(sk, saddr, sport, daddr, hnum, dif, sdif))) {
			sock_hold(sk);
			return sk;
		}
	}
	return NULL;
}

/* How well a listener fits; -1: not at all. */
static inline int compute_score(const struct sock *sk, unsigned short hnum, __be32 daddr, int dif, int sdif)
{
	if (sk->sk_num != hnum || sk->sk_rcv_saddr != daddr)
		return -1;
	if (!inet_sk_bound_dev_eq(sk->sk_bound_dev_if, dif, sdif))
		return -1;
	return sk->sk_bound_dev_if ? 3 : 2;
}

/* Of the listeners that share the port by SO_REUSEPORT, the connection's hash picks one. */
static struct sock *inet_lookup_reuseport(struct net *net, struct sock *sk, struct hlist_head *chain,
					  __be32 saddr, __be16 sport, __be32 daddr, unsigned short hnum)
{
	TRACE_SK(sk, "choose among the listeners that share the port");
	struct hlist_node *n;
	u32 nr = 0, pick;

	if (!sk->sk_reuseport)
		return NULL;
	hlist_for_each(n, chain) nr += node_sk(n)->sk_reuseport && node_sk(n)->sk_num == hnum &&
				       node_sk(n)->sk_rcv_saddr == sk->sk_rcv_saddr &&
				       node_sk(n)->sk_bound_dev_if == sk->sk_bound_dev_if;
	pick = (u32)((u64)inet_ehashfn(net->host, daddr, hnum, saddr, sport) * nr >> 32);
	hlist_for_each(n, chain) if (node_sk(n)->sk_reuseport && node_sk(n)->sk_num == hnum &&
				     node_sk(n)->sk_rcv_saddr == sk->sk_rcv_saddr &&
				     node_sk(n)->sk_bound_dev_if == sk->sk_bound_dev_if &&
				     nr-- == pick + 1) return node_sk(n);
	return NULL;
}

static struct sock *inet_lhash2_lookup(struct net *net, struct inet_hashinfo *h, __be32 saddr, __be16 sport,
				       __be32 daddr, unsigned short hnum, __be32 bound, int dif, int sdif)
{
	TRACE(net, "find a listener by address and port");
	struct hlist_head *chain = inet_table_chain(&h->lhash2, ipv4_portaddr_hash(h, bound, hnum));
	struct sock *result = NULL;
	struct hlist_node *n;
	int hiscore = 0;

	hlist_for_each(n, chain)
	{
		struct sock *sk = node_sk(n), *shared;
		int score = compute_score(sk, hnum, bound, dif, sdif);

		if (score > hiscore) {
			shared = inet_lookup_reuseport(net, sk, chain, saddr, sport, daddr, hnum);
			if (shared)
				return shared;
			result = sk;
			hiscore = score;
		}
	}
	return result;
}

struct sock *__inet_lookup_listener(struct net *net, struct inet_hashinfo *hashinfo, struct sk_buff *skb,
				    int doff, const __be32 saddr, const __be16 sport, const __be32 daddr,
				    const unsigned short hnum, const int dif, const int sdif)
{
	TRACE(net, "find a listener: bound to the address, else to any");
	struct sock *sk;

	(void)skb, (void)doff;
	sk = inet_lhash2_lookup(net, hashinfo, saddr, sport, daddr, hnum, daddr, dif, sdif);
	if (!sk)
		sk = inet_lhash2_lookup(net, hashinfo, saddr, sport, daddr, hnum, htonl(INADDR_ANY), dif,
					sdif);
	return sk;
}

struct sock *__inet_lookup(struct net *net, struct inet_hashinfo *hashinfo, struct sk_buff *skb, int doff,
			   const __be32 saddr, const __be16 sport, const __be32 daddr, const __be16 dport,
			   const int dif, const int sdif, bool *refcounted)
{
	TRACE(net, "find the socket of a segment: a connection, else a listener");
	u16 hnum = ntohs(dport);
	struct sock *sk = __inet_lookup_established(net, hashinfo, saddr, sport, daddr, hnum, dif, sdif);

	*refcounted = true;
	if (sk)
		return sk;
	*refcounted = false;
	return __inet_lookup_listener(net, hashinfo, skb, doff, saddr, sport, daddr, hnum, dif, sdif);
}

struct sock *__inet_lookup_skb(struct inet_hashinfo *hashinfo, struct sk_buff *skb, int doff,
			       const __be16 sport, const __be16 dport, const int sdif, bool *refcounted)
{
	TRACE_SKB(skb, "lookup target socket through address information");
	const struct iphdr *iph = ip_hdr(skb);
	struct sock *sk = skb->sk;

	if (sk) {
		*refcounted = true;
		skb->destructor = NULL;
		skb->sk = NULL;
		return sk;
	}
	return __inet_lookup(skb->host->net, hashinfo, skb, doff, iph->saddr, sport, iph->daddr, dport,
			     inet_iif(skb), sdif, refcounted);
}

/* ---- insertion and removal ---- */

/* Is there a connection with this socket's four-tuple already? */
static bool inet_ehash_lookup_by_sk(struct inet_hashinfo *h, struct sock *sk)
{
	TRACE_SK(sk, "look for a connection with the same four-tuple");
	struct hlist_node *n;

	hlist_for_each(n, inet_table_chain(&h->ehash, sk->sk_hash))
	{
		struct sock *other = node_sk(n);

		if (other->sk_hash == sk->sk_hash &&
		    inet_match(other, sk->sk_daddr, sk->sk_dport, sk->sk_rcv_saddr, sk->sk_num,
			       sk->sk_bound_dev_if, 0))
			return true;
	}
	return false;
}

/* `osk`, a request, leaves the table (with the table's reference) in favour of its child `sk`;
 * `found_dup_sk` asks for a check for doubles. */
bool inet_ehash_insert(struct sock *sk, struct sock *osk, bool *found_dup_sk)
{
	TRACE_SK(sk, "put the socket into the table of connections");
	struct inet_hashinfo *h = tcp_hashinfo(sk->host);
	bool ret = true;

	sk->sk_hash = sk_ehashfn(sk);
	if (osk) {
		ret = !hlist_unhashed(&osk->sk_node);
		if (ret) {
			inet_table_del(&h->ehash, &osk->sk_node);
			__sock_put(osk);
		}
	} else if (found_dup_sk) {
		*found_dup_sk = inet_ehash_lookup_by_sk(h, sk);
		ret = !*found_dup_sk;
	}
	if (ret)
		inet_table_add(sk->host, &h->ehash, &sk->sk_node, sk_node_hash);
	return ret;
}

bool inet_ehash_nolisten(struct sock *sk, struct sock *osk, bool *found_dup_sk)
{
	TRACE_SK(sk, "put the socket into the table of connections, or give it up");
	bool ok = inet_ehash_insert(sk, osk, found_dup_sk);

	if (ok) {
		tcp_host(sk)->inuse += 1;
	} else {
		tcp_host(sk)->orphan_count++;
		inet_sk_set_state(sk, TCP_CLOSE);
		sock_set_flag(sk, SOCK_DEAD);
		inet_csk_destroy_sock(sk);
	}
	return ok;
}

static void inet_hash2(struct inet_hashinfo *h, struct sock *sk)
{
	TRACE_SK(sk, "put the socket into the table of listeners");
	struct hlist_head *chain = inet_lhash2_bucket_sk(h, sk);
	bool grew = h->lhash2.count > h->lhash2.mask;

	if (unlikely(grew))
		inet_table_grow(h->host, &h->lhash2, sk_node_hash);
	if (grew)
		chain = inet_table_chain(&h->lhash2, sk->sk_hash);
	h->lhash2.count++;
	hlist_add_head(&sk->sk_node, chain);
}

int __inet_hash(struct sock *sk, struct sock *osk)
{
	TRACE_SK(sk, "put the socket into the table of listeners (or of connections)");

	if (sk->sk_state != TCP_LISTEN) {
		inet_ehash_nolisten(sk, osk, NULL);
		return 0;
	}
	inet_hash2(tcp_hashinfo(sk->host), sk);
	sock_set_flag(sk, SOCK_RCU_FREE); /* who looks a listener up takes no reference */
	tcp_host(sk)->inuse += 1;
	return 0;
}

int inet_hash(struct sock *sk)
{
	TRACE_SK(sk, "add socket to hash table waiting for connection");

	return sk->sk_state == TCP_CLOSE ? 0 : __inet_hash(sk, NULL);
}

void inet_unhash(struct sock *sk)
{
	TRACE_SK(sk, "take the socket out of the tables");
	struct inet_hashinfo *h = tcp_hashinfo(sk->host);

	if (hlist_unhashed(&sk->sk_node))
		return;
	inet_table_del(sk->sk_state == TCP_LISTEN ? &h->lhash2 : &h->ehash, &sk->sk_node);
	tcp_host(sk)->inuse += -1;
}

/* A request or time-wait socket leaves the table of connections; false when it was not in. */
bool inet_ehash_remove(struct inet_hashinfo *h, struct sock *sk)
{
	if (hlist_unhashed(&sk->sk_node))
		return false;
	inet_table_del(&h->ehash, &sk->sk_node);
	return true;
}

/* For sockets whose hash is known (TIME_WAIT takes its connection's). */
void inet_ehash_add_hashed(struct inet_hashinfo *h, struct sock *sk)
{
	inet_table_add(h->host, &h->ehash, &sk->sk_node, sk_node_hash);
}

/* ---- for listings ---- */

static int sock_order(const struct sock *a, const struct sock *b)
{
	if (a->sk_num != b->sk_num)
		return a->sk_num < b->sk_num ? -1 : 1;
	if (a->sk_rcv_saddr != b->sk_rcv_saddr)
		return ntohl(a->sk_rcv_saddr) < ntohl(b->sk_rcv_saddr) ? -1 : 1;
	if (a->sk_daddr != b->sk_daddr)
		return ntohl(a->sk_daddr) < ntohl(b->sk_daddr) ? -1 : 1;
	return (int)ntohs(a->sk_dport) - (int)ntohs(b->sk_dport);
}

static int sock_cmp(const void *a, const void *b)
{
	return sock_order(*(struct sock *const *)a, *(struct sock *const *)b);
}

/* Calls fn for listeners, then connections, each sorted by addresses: tables' order means nothing. */
void inet_for_each_sock(struct inet_hashinfo *h, bool (*fn)(struct sock *sk, void *arg), void *arg)
{
	struct inet_table *tables[] = { &h->lhash2, &h->ehash };

	for (unsigned t = 0; t < 2; t++) {
		u32 nr = 0, count = tables[t]->count;
		struct sock **all = count ? kzalloc(h->host, count * sizeof(*all)) : NULL;
		struct hlist_node *n;

		if (!all)
			continue;
		for (u32 i = 0; i <= tables[t]->mask; i++)
			hlist_for_each(n, &tables[t]->chains[i]) all[nr++] = node_sk(n);
		qsort(all, nr, sizeof(*all), sock_cmp);
		for (u32 i = 0; i < nr; i++)
			if (!fn(all[i], arg)) {
				kfree(h->host, all);
				return;
			}
		kfree(h->host, all);
	}
}
