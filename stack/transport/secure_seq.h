/*
 * Numbers that a stranger must not guess: initial sequence numbers, ephemeral ports, time stamp offsets.
 * A keyed hash (SipHash-2-4) over the connection's addresses; the key comes from the host's random stream.
 */
#ifndef STACK_TRANSPORT_SECURE_SEQ_H
#define STACK_TRANSPORT_SECURE_SEQ_H

#include "core/random.h"
#include "stack/kernel/kernel.h"

struct net;

struct secure_seq {
	struct host *host;
	u64 net_secret[2];    /* key of ISNs and ports */
	u64 ts_secret[2];     /* key of time stamp offsets */
	struct random random; /* "tcp/random": port perturbation, hash salts */
};

void secure_seq_init(struct host *host, struct secure_seq *seq);
u32 secure_tcp_seq(const struct net *net, __be32 saddr, __be32 daddr, __be16 sport, __be16 dport);
u32 secure_tcp_ts_off(const struct net *net, __be32 saddr, __be32 daddr);
u64 secure_ipv4_port_ephemeral(const struct net *net, __be32 saddr, __be32 daddr, __be16 dport);

/* A hash of two words under the host's key, for tables (inet_ehashfn). */
u64 siphash_1u64(u64 a, const u64 key[2]);
u64 siphash_2u64(u64 a, u64 b, const u64 key[2]);

#endif
