/*
 * The tables that find a TCP socket: established connections by four-tuple (ehash; also half-open
 * ones and TIME_WAIT), listeners by address and port (lhash2), and ports in use (bhash).
 *
 * Tables start small and double when their chains get longer than one on average; nothing depends on
 * the order within a chain. A socket in a table is held by a reference.
 */
#ifndef STACK_TRANSPORT_INET_HASHTABLES_H
#define STACK_TRANSPORT_INET_HASHTABLES_H

#include "stack/kernel/list.h"
#include "stack/transport/inet_sock.h"
#include "stack/transport/sock.h"

struct inet_timewait_sock;
struct inet_timewait_death_row;

/* A port in use and who uses it. */
struct inet_bind_bucket {
	struct host *host;
	struct hlist_node node;
	struct hlist_head owners; /* socks and time-wait socks by skc_bind_node */
	unsigned short port;
	signed char fastreuse;	   /* all owners allow reuse and none listens */
	signed char fastreuseport; /* FASTREUSEPORT_*: all owners share by SO_REUSEPORT */
	u8 fast_rcv_any;
	u32 fastuid;
	__be32 fast_rcv_saddr;
};
#define FASTREUSEPORT_ANY 1
#define FASTREUSEPORT_STRICT 2

#define INET_TABLE_MIN 8
struct inet_table {
	struct hlist_head *chains; /* `mask` + 1 of them */
	u32 mask, count;
	struct hlist_head first[INET_TABLE_MIN]; /* what `chains` is at the start */
};

struct inet_hashinfo {
	struct host *host;
	struct inet_table ehash, bhash, lhash2;
	u64 ehash_key[2];
	struct kmem_cache *bind_bucket_cachep;
	struct port_search *ports; /* inet_connect_port.c; made at the first connect() */
};

int inet_hashinfo_init(struct host *host, struct inet_hashinfo *h);
void inet_hashinfo_free(struct inet_hashinfo *h);

struct inet_bind_bucket *inet_bind_bucket_create(struct inet_hashinfo *h, unsigned short snum);
void inet_bind_bucket_destroy(struct inet_hashinfo *h, struct inet_bind_bucket *tb);
struct inet_bind_bucket *inet_bind_bucket_find(struct inet_hashinfo *h, unsigned short port);
void inet_bind_hash(struct sock *sk, struct inet_bind_bucket *tb, unsigned short snum);
void inet_put_port(struct sock *sk);
int __inet_inherit_port(const struct sock *sk, struct sock *child);
int inet_hash(struct sock *sk);
void inet_unhash(struct sock *sk);
int __inet_hash(struct sock *sk, struct sock *osk);
bool inet_ehash_insert(struct sock *sk, struct sock *osk, bool *found_dup_sk);
bool inet_ehash_nolisten(struct sock *sk, struct sock *osk, bool *found_dup_sk);
bool inet_ehash_remove(struct inet_hashinfo *h, struct sock *sk);
void inet_ehash_add_hashed(struct inet_hashinfo *h, struct sock *sk);
void inet_port_released(struct inet_hashinfo *h, unsigned short port);
int inet_hash_connect(struct inet_timewait_death_row *death_row, struct sock *sk);
u32 inet_ehashfn(struct host *host, __be32 laddr, u16 lport, __be32 faddr, __be16 fport);

/* The one chain of a table where `hash` lives. */
static inline struct hlist_head *inet_table_chain(const struct inet_table *t, u32 hash)
{
	return &t->chains[hash & t->mask];
}

/* Has the sock this four-tuple? */
static inline bool inet_match(const struct sock *sk, __be32 saddr, __be16 sport, __be32 daddr, u16 hnum,
			      int dif, int sdif)
{
	return sk->sk_daddr == saddr && sk->sk_rcv_saddr == daddr && sk->sk_dport == sport &&
	       sk->sk_num == hnum && inet_sk_bound_dev_eq(sk->sk_bound_dev_if, dif, sdif);
}

/* `dif`: the device the packet came in by; sdif: 0. A sock found in ehash comes with a reference. */
struct sock *__inet_lookup_established(struct net *net, struct inet_hashinfo *hashinfo, const __be32 saddr,
				       const __be16 sport, const __be32 daddr, const u16 hnum, const int dif,
				       const int sdif);
struct sock *__inet_lookup_listener(struct net *net, struct inet_hashinfo *hashinfo, struct sk_buff *skb,
				    int doff, const __be32 saddr, const __be16 sport, const __be32 daddr,
				    const unsigned short hnum, const int dif, const int sdif);
struct sock *__inet_lookup(struct net *net, struct inet_hashinfo *hashinfo, struct sk_buff *skb, int doff,
			   const __be32 saddr, const __be16 sport, const __be32 daddr, const __be16 dport,
			   const int dif, const int sdif, bool *refcounted);
struct sock *__inet_lookup_skb(struct inet_hashinfo *hashinfo, struct sk_buff *skb, int doff,
			       const __be16 sport, const __be16 dport, const int sdif, bool *refcounted);

/* For netstat and /proc/net/tcp: listeners, then all others (requests and time-wait too), each sorted by
 * addresses and ports. fn returns false to stop, and may drop the socks that it was given. */
void inet_for_each_sock(struct inet_hashinfo *h, bool (*fn)(struct sock *sk, void *arg), void *arg);

#endif
