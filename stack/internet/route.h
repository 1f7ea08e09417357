/*
 * IPv4 routing decisions: struct rtable, and the look-ups that make or find one.
 *
 * The functions that return a struct rtable return a reference (ip_rt_put()) or ERR_PTR.
 */
#ifndef STACK_INTERNET_ROUTE_H
#define STACK_INTERNET_ROUTE_H

#include "stack/internet/devinet.h"
#include "stack/internet/dst.h"
#include "stack/internet/fib.h"
#include "stack/internet/flow.h"

struct sock;

#define RTCF_NOTIFY 0x00010000
#define RTCF_DIRECTDST 0x00020000
#define RTCF_REDIRECTED 0x00040000
#define RTCF_DOREDIRECT 0x01000000
#define RTCF_DIRECTSRC 0x04000000
#define RTCF_BROADCAST 0x10000000u
#define RTCF_MULTICAST 0x20000000u
#define RTCF_REJECT 0x40000000u
#define RTCF_LOCAL 0x80000000u

#define RTO_ONLINK 0x01
#define RT_CONN_FLAGS(sk) (RT_TOS(inet_sk(sk)->tos) | sock_flag(sk, SOCK_LOCALROUTE))
#define RT_CONN_FLAGS_TOS(sk, tos) (RT_TOS(tos) | sock_flag(sk, SOCK_LOCALROUTE))

#define IP_MAX_MTU 0xFFFFU
#define IPV4_MAX_PMTU 65535U
#define IPV4_MIN_MTU 68

struct rtable {
	struct dst_entry dst; /* first */
	int rt_genid;
	u32 rt_flags; /* RTCF_* */
	u16 rt_type;  /* RTN_* */
	u8 rt_is_input;
	u8 rt_uses_gateway;
	int rt_iif;
	u8 rt_gw_family; /* AF_INET when there is a gateway */
	__be32 rt_gw4;
	u32 rt_mtu_locked : 1, rt_pmtu : 31;
	struct list_head rt_uncached;
};

static inline struct rtable *skb_rtable(const struct sk_buff *skb)
{
	return (struct rtable *)skb_dst(skb);
}

/* The device that the packet came in by; of one to an own address, which goes over lo, the device that has
 * the address. */
static inline int inet_iif(const struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	return rt && rt->rt_iif ? rt->rt_iif : skb->skb_iif;
}

static inline bool rt_is_input_route(const struct rtable *rt)
{
	return rt->rt_is_input != 0;
}

static inline bool rt_is_output_route(const struct rtable *rt)
{
	return rt->rt_is_input == 0;
}

/* Whom to ask ARP for when a packet goes to `daddr`. */
static inline __be32 rt_nexthop(const struct rtable *rt, __be32 daddr)
{
	return rt->rt_gw_family == AF_INET ? rt->rt_gw4 : daddr;
}

static inline void ip_rt_put(struct rtable *rt)
{
	dst_release(&rt->dst);
}

int ip_rt_init(struct host *host);
void ip_rt_exit(struct host *host);

/* ---- route_output.c ---- */
struct rtable *ip_route_output_key_hash(struct net *net, struct flowi4 *fl4, const struct sk_buff *skb);
struct rtable *ip_route_output_key_hash_rcu(struct net *net, struct flowi4 *fl4, struct fib_result *res,
					    const struct sk_buff *skb);
struct rtable *__ip_route_output_key(struct net *net, struct flowi4 *flp);
struct rtable *ip_route_output_flow(struct net *net, struct flowi4 *flp, const struct sock *sk);
struct rtable *ip_route_output_ports(struct net *net, struct flowi4 *fl4, struct sock *sk, __be32 daddr,
				     __be32 saddr, __be16 dport, __be16 sport, u8 proto, u8 tos, int oif);
/* As Linux 5.15's: first find the source address, then the route with it. */
struct rtable *ip_route_connect(struct flowi4 *fl4, __be32 dst, __be32 src, u32 tos, int oif, u8 protocol,
				__be16 sport, __be16 dport, struct sock *sk);
struct rtable *ip_route_newports(struct flowi4 *fl4, struct rtable *rt, __be16 orig_sport, __be16 orig_dport,
				 __be16 sport, __be16 dport, struct sock *sk);

static inline struct rtable *ip_route_output_key(struct net *net, struct flowi4 *flp)
{
	TRACE(net, "find the route of a packet that no socket sends");
	return ip_route_output_flow(net, flp, NULL);
}

static inline struct rtable *ip_route_output(struct net *net, __be32 daddr, __be32 saddr, u8 tos, int oif)
{
	struct flowi4 fl4 = { .flowi4_oif = oif, .flowi4_tos = tos, .daddr = daddr, .saddr = saddr };

	return ip_route_output_key(net, &fl4);
}

/* ---- route_input.c ---- */

int ip_error(struct sk_buff *skb);

/* Finds the route of a received packet and lends it to the packet. 0 or a negative errno: drop it. */
int ip_route_input_noref(struct sk_buff *skb, __be32 dst, __be32 src, u8 tos, struct net_device *dev);
int ip_route_use_hint(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos, struct net_device *dev,
		      const struct sk_buff *hint);
/* The same with a reference. */
int ip_route_input(struct sk_buff *skb, __be32 dst, __be32 src, u8 tos, struct net_device *dev);

/* ---- route.c ---- */
/* 0, or an errno: a packet to a group cannot come from this address. */
int ip_mc_validate_source(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos, struct net_device *dev,
			  struct in_device *in_dev, u32 *itag);
/* A copy of a route, by another device. */
struct rtable *rt_dst_clone(struct net_device *dev, const struct rtable *rt);
struct rtable *rt_dst_alloc(struct net_device *dev, unsigned int flags, u16 type, bool noxfrm);
void rt_flush_dev(struct net_device *dev);
void rt_cache_flush(struct net *net);
void ipv4_update_pmtu(struct sk_buff *skb, struct net *net, u32 mtu, int oif, u8 protocol);
void ipv4_sk_update_pmtu(struct sk_buff *skb, struct sock *sk, u32 mtu);
void ipv4_redirect(struct sk_buff *skb, struct net *net, int oif, u8 protocol);
void ipv4_sk_redirect(struct sk_buff *skb, struct sock *sk);
unsigned int ipv4_mtu(const struct dst_entry *dst);
unsigned int ip_dst_mtu_maybe_forward(const struct dst_entry *dst, bool forwarding);
/* Our address that goes with the packet's route, to 4 bytes at addr: for options. */
void ip_rt_get_source(u8 *addr, struct sk_buff *skb, const struct rtable *rt);
int ip4_dst_hoplimit(const struct dst_entry *dst);
/* The neighbour of a next hop, created if need be, without a reference; ERR_PTR when that fails. */
struct neighbour *ip_neigh_gw4(struct net_device *dev, __be32 daddr);

/* The band of a packet in the queue of its device, by its type of service (linux/pkt_sched.h's TC_PRIO_*). */
static inline u32 rt_tos2priority(u8 tos)
{
	static const u8 prio[4] = { 0, 2, 6, 4 }; /* best effort, bulk, interactive, interactive bulk */

	return prio[(tos & 0x18) >> 3];
}

#endif
