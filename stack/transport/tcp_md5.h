/*
 * TCP-MD5 (RFC 2385): keys of a socket by the peer's address, and the signature of segments. A socket without
 * keys has tp->md5sig_info NULL, and costs nothing but that test. Included by tcp.h.
 */
#ifndef STACK_TRANSPORT_TCP_MD5_H
#define STACK_TRANSPORT_TCP_MD5_H

#include "stack/transport/md5.h"
#include "stack/transport/tcp_types.h"

#define TCPOLEN_MD5SIG_ALIGNED 20

struct tcp_md5sig_key {
	struct tcp_md5sig_key *next;
	__be32 addr; /* with prefixlen bits: the peers that it is for */
	u8 prefixlen, keylen;
	u8 key[TCP_MD5SIG_MAXKEYLEN];
};

int tcp_v4_parse_md5_keys(struct sock *sk, int optname, sockptr_t optval, unsigned int optlen);
void tcp_clear_md5_list(struct sock *sk);
/* The key for the peer, or NULL. */
const struct tcp_md5sig_key *__tcp_md5_do_lookup(const struct sock *sk, __be32 addr);
/* Gives a new connection the listener's key. */
void tcp_md5_inherit(const struct sock *sk, struct sock *newsk, __be32 addr);
/* A copy that outlives the socket (time-wait); NULL: no memory. */
struct tcp_md5sig_key *tcp_md5_key_copy(struct host *host, const struct tcp_md5sig_key *key);

/* skb->data is the TCP header. */
void tcp_v4_md5_hash_skb(u8 *md5_hash, const struct tcp_md5sig_key *key, __be32 saddr, __be32 daddr,
			 const struct sk_buff *skb);
void tcp_v4_md5_hash_hdr(u8 *md5_hash, const struct tcp_md5sig_key *key, __be32 saddr, __be32 daddr,
			 const struct tcphdr *th);
const u8 *tcp_parse_md5sig_option(const struct tcphdr *th);
/* Why the segment is not acceptable, or 0. */
int __tcp_v4_inbound_md5_hash(const struct sock *sk, const struct sk_buff *skb);

static inline const struct tcp_md5sig_key *tcp_md5_do_lookup(const struct sock *sk, __be32 addr)
{
	return likely(!tcp_sk(sk)->md5sig_info) ? NULL : __tcp_md5_do_lookup(sk, addr);
}

static inline int tcp_v4_inbound_md5_hash(const struct sock *sk, const struct sk_buff *skb)
{
	if (likely(!tcp_sk(sk)->md5sig_info && tcp_hdrlen(skb) < TCP_HEADER_LEN + TCPOLEN_MD5SIG))
		return 0;
	return __tcp_v4_inbound_md5_hash(sk, skb);
}

#endif
