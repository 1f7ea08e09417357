/*
 * Initial sequence numbers, ephemeral port offsets and time stamp offsets: a keyed hash over the
 * addresses, so that a stranger cannot guess them and the same run always has the same ones.
 */
#include "stack/transport/secure_seq.h"

#include "stack/transport/tcp.h"

static inline u64 rotl(u64 x, int b)
{
	return x << b | x >> (64 - b);
}

/* One SipHash round. */
static inline void sip_round(u64 v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/* `m`: the message's words, the last one with its length in the top byte. */
static u64 siphash(const u64 *m, int words, const u64 key[2])
{
	u64 v[4] = { key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
		     key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull };

	for (int i = 0; i < words; i++) {
		v[3] ^= m[i];
		sip_round(v);
		sip_round(v);
		v[0] ^= m[i];
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

u64 siphash_1u64(u64 a, const u64 key[2])
{
	const u64 m[2] = { a, 8ull << 56 };

	return siphash(m, 2, key);
}

u64 siphash_2u64(u64 a, u64 b, const u64 key[2])
{
	const u64 m[3] = { a, b, 16ull << 56 };

	return siphash(m, 3, key);
}

void secure_seq_init(struct host *host, struct secure_seq *seq)
{
	struct random isn;

	random_init(&isn, host->sim, host->name, "tcp/isn");
	seq->host = host;
	random_bytes(&isn, seq->net_secret, sizeof(seq->net_secret));
	random_bytes(&isn, seq->ts_secret, sizeof(seq->ts_secret));
	random_init(&seq->random, host->sim, host->name, "tcp/random");
}

/* RFC 6528: the hash plus a clock of 64 ns ticks, so that a reused pair of ports gets a higher number. */
static u32 seq_scale(const struct host *host, u32 seq)
{
	TRACE(host, "add the clock to the initial sequence number");

	return seq + (u32)(ktime_get_real_ns(host) >> 6);
}

u32 secure_tcp_seq(const struct net *net, __be32 saddr, __be32 daddr, __be16 sport, __be16 dport)
{
	TRACE(net, "choose an initial sequence number that strangers cannot guess");

	return seq_scale(net->host, (u32)siphash_2u64((u64)saddr << 32 | daddr, (u64)sport << 16 | dport,
						      net->tcp->seq.net_secret));
}

u32 secure_tcp_ts_off(const struct net *net, __be32 saddr, __be32 daddr)
{
	TRACE(net, "choose the offset of the time stamps sent to this peer");

	if (net->ipv4.sysctl_tcp_timestamps != 1)
		return 0;
	return (u32)siphash_2u64(saddr, daddr, net->tcp->seq.ts_secret);
}

u64 secure_ipv4_port_ephemeral(const struct net *net, __be32 saddr, __be32 daddr, __be16 dport)
{
	TRACE(net, "choose where the search for a local port begins");

	return siphash_2u64((u64)saddr << 32 | daddr, (u64)1 << 32 | dport, net->tcp->seq.net_secret);
}
