/*
 * IP identification: what tells the fragments of one packet from another's.
 *
 * A connected socket counts on its own; packets that will not be fragmented have 0; the others draw from
 * counters in buckets by destination, keyed per host, with a random step for each tick that a bucket was
 * idle, so that nobody can count our packets by their ids (RFC 7739).
 */
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/transport/inet_sock.h"

static u32 ip_idents_hash(const struct inet_state *inet, const struct iphdr *iph)
{
	u64 h = (u64)iph->daddr << 32 | iph->saddr;

	h = (h ^ inet->idents_key ^ (u64)iph->protocol << 24) * 0x9e3779b97f4a7c15ull;
	h ^= h >> 29;
	return hash_64(h + inet->idents_key, 8) & (IP_IDENTS_SZ - 1);
}

/* Takes `segs` ids from a bucket; the first of them. */
static u32 ip_idents_reserve(struct net *net, u32 hash, int segs)
{
	TRACE(net, "take ids from the destination's counter");
	struct inet_state *inet = net->inet;
	struct ip_ident *ident = &inet->idents[hash];
	u32 now = (u32)jiffies(net->host), delta = 0;

	if (ident->tstamp != now) {
		delta = random_below(&inet->id_random, now - ident->tstamp);
		ident->tstamp = now;
	}
	ident->id += (u32)segs + delta;
	return ident->id - (u32)segs;
}

void __ip_select_ident(struct net *net, struct iphdr *iph, int segs)
{
	TRACE(net, "choose an ip id by destination");
	struct inet_state *inet = net->inet;

	if (unlikely(!inet->idents)) {
		inet->idents = kzalloc(net->host, sizeof(*inet->idents) * IP_IDENTS_SZ);
		if (!inet->idents) { /* no memory for counters: any id will do */
			iph->id = (__be16)random_u32(&inet->id_random);
			return;
		}
		inet->idents_key = random_u32(&inet->id_random);
		for (int i = 0; i < IP_IDENTS_SZ; i++)
			inet->idents[i].id = random_u32(&inet->id_random);
	}
	iph->id = htons((u16)ip_idents_reserve(net, ip_idents_hash(inet, iph), segs));
}

void ip_select_ident_segs(struct net *net, struct sk_buff *skb, struct sock *sk, int segs)
{
	struct iphdr *iph = ip_hdr(skb);

	if (sk && inet_sk(sk)->inet_daddr) {
		iph->id = htons(inet_sk(sk)->inet_id);
		inet_sk(sk)->inet_id = (u16)(inet_sk(sk)->inet_id + segs);
		return;
	}
	if ((iph->frag_off & htons(IP_DF)) && !skb->ignore_df)
		iph->id = 0;
	else
		__ip_select_ident(net, iph, segs);
}

void ip_select_ident(struct net *net, struct sk_buff *skb, struct sock *sk)
{
	TRACE_SKB(skb, "choose the ip id");
	ip_select_ident_segs(net, skb, sk, 1);
}
