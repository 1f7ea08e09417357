/*
 * TCP-MD5 (RFC 2385), which BGP sessions use: a segment carries the MD5 digest of addresses, header, data and
 * a secret that both sides know. Programs set keys with TCP_MD5SIG for a peer, or with TCP_MD5SIG_EXT for a
 * prefix; a listener's apply to the connections that it makes.
 *
 * Signing: the option is reserved by tcp_*_options() and filled in when the segment is complete
 * (tcp_output.c, tcp_options.c for SYN-ACKs, tcp_ipv4_reply.c for segments without a socket). Checking:
 * tcp_v4_rcv() asks tcp_v4_inbound_md5_hash() before anything else looks at the segment.
 */
#include "stack/internet/ip.h"
#include "stack/kernel/printk.h"
#include "stack/transport/tcp.h"

#ifndef TCP_MD5SIG_FLAG_IFINDEX
#define TCP_MD5SIG_FLAG_IFINDEX 2 /* glibc calls the field __tcpm_pad */
#endif

/* ---- keys ---- */

static bool prefix_covers(const struct tcp_md5sig_key *key, __be32 addr)
{
	u32 mask = key->prefixlen ? UINT32_MAX << (32 - key->prefixlen) : 0;

	return ((ntohl(key->addr) ^ ntohl(addr)) & mask) == 0;
}

const struct tcp_md5sig_key *__tcp_md5_do_lookup(const struct sock *sk, __be32 addr)
{
	TRACE_SK(sk, "find the key for the peer: the one with the longest prefix");
	const struct tcp_md5sig_key *best = NULL;

	for (const struct tcp_md5sig_key *key = tcp_sk(sk)->md5sig_info; key; key = key->next)
		if (prefix_covers(key, addr) && (!best || key->prefixlen > best->prefixlen))
			best = key;
	return best;
}

static struct tcp_md5sig_key **tcp_md5_do_lookup_exact(struct sock *sk, __be32 addr, u8 prefixlen)
{
	TRACE_SK(sk, "find the key for this very prefix");
	struct tcp_md5sig_key **at = &tcp_sk(sk)->md5sig_info;

	while (*at && ((*at)->addr != addr || (*at)->prefixlen != prefixlen))
		at = &(*at)->next;
	return at;
}

static int tcp_md5_do_add(struct sock *sk, __be32 addr, u8 prefixlen, const u8 *newkey, u8 newkeylen)
{
	TRACE_SK(sk, "set a key of the socket");
	struct tcp_md5sig_key **at = tcp_md5_do_lookup_exact(sk, addr, prefixlen);

	if (!*at) {
		*at = kzalloc(sk->host, sizeof(**at));
		if (!*at)
			return -ENOMEM;
		(*at)->addr = addr;
		(*at)->prefixlen = prefixlen;
		/* each segment has its own signature: nobody may cut them later */
		sk_nocaps_add(sk, NETIF_F_GSO_MASK);
	}
	(*at)->keylen = newkeylen;
	memcpy((*at)->key, newkey, newkeylen);
	return 0;
}

static int tcp_md5_do_del(struct sock *sk, __be32 addr, u8 prefixlen)
{
	TRACE_SK(sk, "take a key from the socket");
	struct tcp_md5sig_key **at = tcp_md5_do_lookup_exact(sk, addr, prefixlen), *key = *at;

	if (!key)
		return -ENOENT;
	*at = key->next;
	kfree(sk->host, key);
	return 0;
}

void tcp_clear_md5_list(struct sock *sk)
{
	TRACE_SK(sk, "free the keys of the socket");
	struct tcp_sock *tp = tcp_sk(sk);

	while (tp->md5sig_info) {
		struct tcp_md5sig_key *key = tp->md5sig_info;

		tp->md5sig_info = key->next;
		kfree(sk->host, key);
	}
}

void tcp_md5_inherit(const struct sock *sk, struct sock *newsk, __be32 addr)
{
	const struct tcp_md5sig_key *key = tcp_md5_do_lookup(sk, addr);

	/* without memory the connection has no key, and the peer's segments will not be taken */
	if (key)
		tcp_md5_do_add(newsk, addr, 32, key->key, key->keylen);
}

struct tcp_md5sig_key *tcp_md5_key_copy(struct host *host, const struct tcp_md5sig_key *key)
{
	struct tcp_md5sig_key *copy = kmalloc(host, sizeof(*copy));

	if (copy)
		*copy = *key;
	return copy;
}

/* setsockopt(TCP_MD5SIG, TCP_MD5SIG_EXT): a key of length 0 takes one away. */
int tcp_v4_parse_md5_keys(struct sock *sk, int optname, sockptr_t optval, unsigned int optlen)
{
	TRACE_SK_IN(sk, IN_TASK, "set or take away a key for TCP-MD5");
	struct sockaddr_in sin;
	struct tcp_md5sig cmd;
	u8 prefixlen = 32;

	if (optlen < sizeof(cmd))
		return -EINVAL;
	if (copy_from_sockptr(&cmd, optval, sizeof(cmd)))
		return -EFAULT;
	memcpy(&sin, &cmd.tcpm_addr, sizeof(sin));
	if (sin.sin_family != AF_INET)
		return -EINVAL;
	if (optname == TCP_MD5SIG_EXT && cmd.tcpm_flags & TCP_MD5SIG_FLAG_PREFIX) {
		prefixlen = cmd.tcpm_prefixlen;
		if (prefixlen > 32)
			return -EINVAL;
	}
	/* a VRF's device is meant: there are none */
	if (optname == TCP_MD5SIG_EXT && cmd.tcpm_flags & TCP_MD5SIG_FLAG_IFINDEX && cmd.__tcpm_pad)
		return -EINVAL;
	if (!cmd.tcpm_keylen)
		return tcp_md5_do_del(sk, sin.sin_addr.s_addr, prefixlen);
	if (cmd.tcpm_keylen > TCP_MD5SIG_MAXKEYLEN)
		return -EINVAL;
	return tcp_md5_do_add(sk, sin.sin_addr.s_addr, prefixlen, cmd.tcpm_key, (u8)cmd.tcpm_keylen);
}

/* ---- the signature ---- */

/* Addresses, protocol and length; then the header without its options and checksum. */
static void tcp_v4_md5_hash_headers(struct md5 *m, __be32 daddr, __be32 saddr, const struct tcphdr *th,
				    unsigned int nbytes)
{
	struct {
		__be32 saddr, daddr;
		u8 pad, protocol;
		__be16 len;
	} pseudo = { saddr, daddr, 0, IPPROTO_TCP, htons((u16)nbytes) };
	struct tcphdr header = *th;

	header.check = 0;
	md5_update(m, &pseudo, sizeof(pseudo));
	md5_update(m, &header, sizeof(header));
}

void tcp_v4_md5_hash_skb(u8 *md5_hash, const struct tcp_md5sig_key *key, __be32 saddr, __be32 daddr,
			 const struct sk_buff *skb)
{
	TRACE_SKB(skb, "work out the signature of a segment");
	const struct tcphdr *th = tcp_hdr(skb);
	unsigned int at = __tcp_hdrlen(th);
	struct md5 m;
	u8 part[256];

	md5_init(&m);
	tcp_v4_md5_hash_headers(&m, daddr, saddr, th, skb->len);
	while (at < skb->len) {
		unsigned int n = min(skb->len - at, (unsigned int)sizeof(part));

		SIM_BUG_ON(skb->host, skb_copy_bits(skb, (int)at, part, (int)n) != 0);
		md5_update(&m, part, n);
		at += n;
	}
	md5_update(&m, key->key, key->keylen);
	md5_final(&m, md5_hash);
}

/* The same for a segment without data, of which there is only the header. */
void tcp_v4_md5_hash_hdr(u8 *md5_hash, const struct tcp_md5sig_key *key, __be32 saddr, __be32 daddr,
			 const struct tcphdr *th)
{
	struct md5 m;

	md5_init(&m);
	tcp_v4_md5_hash_headers(&m, daddr, saddr, th, __tcp_hdrlen(th));
	md5_update(&m, key->key, key->keylen);
	md5_final(&m, md5_hash);
}

/* ---- segments that come in ---- */

/* The signature in the options of the header, or NULL. */
const u8 *tcp_parse_md5sig_option(const struct tcphdr *th)
{
	const u8 *p = (const u8 *)(th + 1), *end = (const u8 *)th + __tcp_hdrlen(th);

	while (end - p >= TCPOLEN_MD5SIG) {
		if (*p == TCPOPT_EOL)
			return NULL;
		if (*p == TCPOPT_NOP) {
			p++;
			continue;
		}
		if (p[1] < 2 || p[1] > end - p)
			return NULL;
		if (p[0] == TCPOPT_MD5SIG)
			return p[1] == TCPOLEN_MD5SIG ? p + 2 : NULL;
		p += p[1];
	}
	return NULL;
}

int __tcp_v4_inbound_md5_hash(const struct sock *sk, const struct sk_buff *skb)
{
	TRACE_SKB(skb, "is the segment signed as it should be?");
	const struct iphdr *iph = ip_hdr(skb);
	const struct tcphdr *th = tcp_hdr(skb);
	const struct tcp_md5sig_key *hash_expected = tcp_md5_do_lookup(sk, iph->saddr);
	const u8 *hash_location = tcp_parse_md5sig_option(th);
	u8 newhash[MD5_DIGEST_SIZE];

	if (!hash_expected && !hash_location)
		return 0;
	if (!hash_location) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPMD5NOTFOUND);
		return SKB_DROP_REASON_TCP_MD5NOTFOUND;
	}
	if (!hash_expected) {
		NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPMD5UNEXPECTED);
		return SKB_DROP_REASON_TCP_MD5UNEXPECTED;
	}
	tcp_v4_md5_hash_skb(newhash, hash_expected, iph->saddr, iph->daddr, skb);
	if (memcmp(hash_location, newhash, sizeof(newhash)) == 0)
		return 0;
	NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPMD5FAILURE);
	net_info_ratelimited(
		sk->host, "TCP: MD5 Hash failed for (" NIPQUAD_FMT ", %d)->(" NIPQUAD_FMT ", %d) L3 index 0",
		NIPQUAD(iph->saddr), ntohs(th->source), NIPQUAD(iph->daddr), ntohs(th->dest));
	return SKB_DROP_REASON_TCP_MD5FAILURE;
}
