/*
 * From a datagram to the socket that takes it: the one that fits best (compute_score), by address and port,
 * then by any address and port; among those that share a port by SO_REUSEPORT the flow's hash picks.
 * Softirqs call in, for datagrams and for ICMP errors about ours.
 */
#include "stack/interface/netdevice.h"
#include "stack/internet/igmp.h"
#include "stack/transport/inet_hashtables.h"
#include "stack/transport/udp.h"

/* Until the first socket is bound there is no table. */
static const struct hlist_head no_chain;

static const struct hlist_head *port_chain(const struct udp_state *st, u16 port)
{
	return st->table.hash ? udp_hashslot(&st->table, port) : &no_chain;
}

static const struct hlist_head *portaddr_chain(const struct udp_state *st, __be32 addr, u16 port)
{
	return st->table.hash ? udp_hashslot2(&st->table, udp_portaddr_hash(st, addr, port)) : &no_chain;
}

/* How well the socket fits; -1: not at all. `daddr`: as the socket must be bound, or any. */
static int compute_score(struct sock *sk, __be32 saddr, __be16 sport, __be32 daddr, u16 hnum, int dif,
			 int sdif)
{
	TRACE_SK(sk, "how well does the socket fit the packet?");
	const struct inet_sock *inet = inet_sk(sk);
	int score = 2; /* a socket of this family */

	if (udp_sk(sk)->udp_port_hash != hnum || sk->sk_rcv_saddr != daddr)
		return -1;
	if (inet->inet_daddr) {
		if (inet->inet_daddr != saddr)
			return -1;
		score += 4;
	}
	if (inet->inet_dport) {
		if (inet->inet_dport != sport)
			return -1;
		score += 4;
	}
	if (!inet_sk_bound_dev_eq(sk->sk_bound_dev_if, dif, sdif))
		return -1;
	if (sk->sk_bound_dev_if)
		score += 4;
	if (sk->sk_incoming_cpu == 0)
		score++;
	return score;
}

/* May a packet for `sk` as well go to sk2? Connected members only get what is theirs. */
static bool shares(const struct sock *sk, const struct sock *sk2)
{
	return sk2->sk_reuseport && sk2->sk_state != TCP_ESTABLISHED &&
	       udp_sk(sk2)->udp_port_hash == udp_sk(sk)->udp_port_hash &&
	       sk2->sk_rcv_saddr == sk->sk_rcv_saddr && sk2->sk_bound_dev_if == sk->sk_bound_dev_if &&
	       sk2->sk_uid == sk->sk_uid;
}

/* Members in order of their coming; in the chain the newest is in front. */
static struct sock *inet_lookup_reuseport(struct net *net, struct sock *sk, const struct hlist_head *chain,
					  __be32 saddr, __be16 sport, __be32 daddr, u16 hnum)
{
	TRACE_SK(sk, "choose among the sockets that share the port");
	u32 nr = 0, pick;
	struct sock *sk2;

	if (!sk->sk_reuseport)
		return NULL;
	udp_portaddr_for_each_entry(sk2, chain) nr += shares(sk, sk2);
	pick = (u32)((u64)inet_ehashfn(net->host, daddr, hnum, saddr, sport) * nr >> 32);
	udp_portaddr_for_each_entry(sk2, chain)
	{
		if (shares(sk, sk2) && nr-- == pick + 1)
			return sk2;
	}
	return NULL;
}

static struct sock *udp4_lib_lookup2(struct net *net, __be32 saddr, __be16 sport, __be32 daddr, u16 hnum,
				     int dif, int sdif, const struct hlist_head *chain)
{
	TRACE(net, "find the best socket of a chain");
	struct sock *sk, *shared, *result = NULL;
	int score, badness = 0;

	udp_portaddr_for_each_entry(sk, chain)
	{
		score = compute_score(sk, saddr, sport, daddr, hnum, dif, sdif);
		if (score <= badness)
			continue;
		badness = score;
		result = sk;
		if (sk->sk_state == TCP_ESTABLISHED)
			continue;
		shared = inet_lookup_reuseport(net, sk, chain, saddr, sport, daddr, hnum);
		if (!shared)
			continue;
		if (!udp_sk(sk)->reuse_has_conns)
			return shared;
		/* a connected member may fit better: go on, from what the chosen one scores */
		result = shared;
		badness = compute_score(shared, saddr, sport, daddr, hnum, dif, sdif);
	}
	return result;
}

/* In the chain of the port: sockets whose address changed while the packet was on its way. */
static struct sock *udp4_lib_lookup1(struct net *net, __be32 saddr, __be16 sport, __be32 daddr, u16 hnum,
				     int dif, int sdif)
{
	TRACE(net, "find a socket by its port alone, if its address has just changed");
	const struct hlist_head *chain = port_chain(udp_host(net), hnum);
	struct sock *sk, *result = NULL;
	int score, badness = 0;

	udp_for_each_entry(sk, chain)
	{
		score = compute_score(sk, saddr, sport, daddr, hnum, dif, sdif);
		if (score > badness) {
			result = sk;
			badness = score;
		}
	}
	return result;
}

struct sock *__udp4_lib_lookup(struct net *net, __be32 saddr, __be16 sport, __be32 daddr, __be16 dport,
			       int dif, int sdif, struct sk_buff *skb)
{
	TRACE(net, "find the socket of a datagram");
	const struct udp_state *st = udp_host(net);
	u16 hnum = ntohs(dport);
	struct sock *result;

	(void)skb;
	result = udp4_lib_lookup2(net, saddr, sport, daddr, hnum, dif, sdif, portaddr_chain(st, daddr, hnum));
	if (!result)
		result = udp4_lib_lookup2(net, saddr, sport, htonl(INADDR_ANY), hnum, dif, sdif,
					  portaddr_chain(st, htonl(INADDR_ANY), hnum));
	if (!result)
		result = udp4_lib_lookup1(net, saddr, sport, daddr, hnum, dif, sdif);
	return result;
}

struct sock *__udp4_lib_lookup_skb(struct sk_buff *skb, __be16 sport, __be16 dport)
{
	TRACE_SKB(skb, "find the socket of the datagram");
	const struct iphdr *iph = ip_hdr(skb);

	return __udp4_lib_lookup(skb->host->net, iph->saddr, sport, iph->daddr, dport, inet_iif(skb), 0, skb);
}

/* Does a datagram to many go to this socket? */
bool __udp_is_mcast_sock(const struct sock *sk, __be16 loc_port, __be32 loc_addr, __be16 rmt_port,
			 __be32 rmt_addr, int dif)
{
	TRACE_SK(sk, "does a datagram to many go to this socket?");
	const struct inet_sock *inet = inet_sk(sk);

	if (udp_sk(sk)->udp_port_hash != ntohs(loc_port) ||
	    (inet->inet_daddr && inet->inet_daddr != rmt_addr) ||
	    (inet->inet_dport && inet->inet_dport != rmt_port) ||
	    (inet->inet_rcv_saddr && inet->inet_rcv_saddr != loc_addr) ||
	    !inet_sk_bound_dev_eq(sk->sk_bound_dev_if, dif, 0))
		return false;
	return ip_mc_sf_allow(sk, loc_addr, rmt_addr, dif, 0);
}

/* ---- before routing ---- */

static struct sock *__udp4_lib_demux_lookup(struct net *net, __be16 loc_port, __be32 loc_addr,
					    __be16 rmt_port, __be32 rmt_addr, int dif, int sdif)
{
	TRACE_LEAF(net, "is the first socket of the chain the packet's connected one?");
	u16 hnum = ntohs(loc_port);
	const struct hlist_node *n = portaddr_chain(udp_host(net), loc_addr, hnum)->first;

	if (n) {
		struct sock *sk = &hlist_entry(n, struct udp_sock, udp_portaddr_node)->inet.sk;

		if (inet_match(sk, rmt_addr, rmt_port, loc_addr, hnum, dif, sdif))
			return sk;
	}
	return NULL;
}

#define MCAST_DEMUX_MAX 10 /* in a longer chain it is not worth looking */

/* The only socket that a datagram to a group is for; NULL: none, or more than one. */
static struct sock *__udp4_lib_mcast_demux_lookup(struct net *net, __be16 loc_port, __be32 loc_addr,
						  __be16 rmt_port, __be32 rmt_addr, int dif)
{
	TRACE(net, "is the datagram to a group for one socket only?");
	struct sock *sk, *result = NULL;
	int seen = 0;

	udp_for_each_entry(sk, port_chain(udp_host(net), ntohs(loc_port)))
	{
		if (++seen > MCAST_DEMUX_MAX)
			return NULL;
		if (!__udp_is_mcast_sock(sk, loc_port, loc_addr, rmt_port, rmt_addr, dif))
			continue;
		if (result)
			return NULL;
		result = sk;
	}
	return result;
}

int udp_v4_early_demux(struct sk_buff *skb)
{
	TRACE_SKB(skb, "find a connected socket before routing, and use its route");
	const struct iphdr *iph;
	const struct udphdr *uh;
	struct in_device *in_dev = NULL;
	struct dst_entry *dst;
	struct sock *sk;
	u32 itag = 0;

	if (!pskb_may_pull(skb, (unsigned int)skb_transport_offset(skb) + sizeof(struct udphdr)))
		return 0;
	iph = ip_hdr(skb);
	uh = udp_hdr(skb);
	if (skb->pkt_type == PACKET_MULTICAST) {
		in_dev = __in_dev_get_rcu(skb->dev);
		if (!in_dev || !ip_check_mc_rcu(in_dev, iph->daddr, iph->saddr, iph->protocol))
			return 0;
		sk = __udp4_lib_mcast_demux_lookup(skb->host->net, uh->dest, iph->daddr, uh->source,
						   iph->saddr, skb->dev->ifindex);
	} else if (skb->pkt_type == PACKET_HOST) {
		sk = __udp4_lib_demux_lookup(skb->host->net, uh->dest, iph->daddr, uh->source, iph->saddr,
					     skb->dev->ifindex, 0);
	} else {
		return 0;
	}
	if (!sk)
		return 0;
	sock_hold(sk);
	skb->sk = sk;
	skb->destructor = sock_efree;
	dst = sk->sk_rx_dst;
	if (dst)
		dst = dst_check(dst, 0);
	if (!dst)
		return 0;
	skb_dst_set_noref(skb, dst);
	/* the kept route says nothing about who sends to the group */
	if (!inet_sk(sk)->inet_daddr && in_dev)
		return ip_mc_validate_source(skb, iph->daddr, iph->saddr, iph->tos, skb->dev, in_dev, &itag);
	return 0;
}
