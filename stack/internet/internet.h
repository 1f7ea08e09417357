/*
 * What the internet layer keeps per host (net->inet), and the inits that ip_init() calls.
 * Private to stack/internet; nothing else includes it.
 */
#ifndef STACK_INTERNET_INTERNET_H
#define STACK_INTERNET_INTERNET_H

#include "core/random.h"
#include "stack/interface/netdevice.h"
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"
#include "stack/internet/protocol.h"
#include "stack/kernel/list.h"
#include "stack/kernel/rbtree.h"
#include "stack/net.h"

#define INET_PROTO_SLOTS 12 /* protocols that can be registered at once */
#define IN4_ADDR_HSIZE 16
#define IP_IDENTS_SZ 256
#define FIB_INFO_HSIZE 16

struct ip_ident {
	u32 id;
	u32 tstamp; /* jiffies of its last use */
};

/* A remote host, for rate limits (inetpeer.c). */
struct inet_peer;
struct fqdir;

struct ip_ra_chain {
	struct ip_ra_chain *next;
	struct sock *sk; /* held */
};

struct inet_state {
	struct host *host;

	/* protocol.c: slot 0 means none */
	u8 proto_slot[MAX_INET_PROTOS];
	const struct net_protocol *protos[INET_PROTO_SLOTS];
	const struct net_offload *offloads[INET_PROTO_SLOTS];
	u8 nr_slots;

	/* devinet.c */
	struct in_ifaddr *inet_addr_lst[IN4_ADDR_HSIZE];
	struct raw_notifier_head inetaddr_chain;
	struct notifier_block ip_netdev_notifier;
	struct ipv4_devconf devconf_all, devconf_dflt;

	/* fib_*.c */
	struct fib_table *fib_main, *fib_local; /* the usual two; all are in fib_tables */
	struct fib_table *fib_tables;
	struct hlist_head fib_info_hash[FIB_INFO_HSIZE];
	int fib_info_cnt;
	struct notifier_block fib_inetaddr_notifier, fib_netdev_notifier;

	/* route*.c */
	struct kmem_cache *rtable_cache;
	struct list_head rt_uncached_list;
	int rt_genid, dev_addr_genid, fnhe_genid;
	u32 fnhe_key; /* keys the hash of exceptions */
	int nr_dst;
	struct random route_random; /* "ip/route" */

	/* ip_id.c */
	struct ip_ident *idents;
	u32 idents_key;
	struct random id_random; /* "ip/id" */

	struct random igmp_random; /* "igmp": delays of reports */

	/* icmp.c */
	struct sock *icmp_sk;	     /* made when the first ICMP message is sent */
	u32 icmp_credit, icmp_stamp; /* global rate limit: messages left, jiffies of the last refill */
	struct random icmp_random;   /* "icmp/limit" */
	struct rb_root peers;
	struct list_head peers_lru;
	int nr_peers;

	/* ip_reassembly.c */
	struct fqdir *fqdir;

	/* ip_sockglue.c: IP_ROUTER_ALERT, in order of asking */
	struct ip_ra_chain *ra_chain;

	/* entries in the device layer's lists */
	struct packet_type ip_packet_type, arp_packet_type;
	struct packet_offload ip_packet_offload;
	struct notifier_block arp_netdev_notifier;
};

/* The protocol of this number, or NULL. */
static inline const struct net_protocol *inet_protos(const struct net *net, u8 protocol)
{
	return net->inet->protos[net->inet->proto_slot[protocol]];
}

static inline struct inet_state *inet_state(const struct host *host)
{
	return host->net->inet;
}

/* ---- rt_cache and exceptions, between route*.c ---- */
struct rtable;
bool rt_cache_valid(const struct rtable *rt, struct host *host);
bool rt_cache_route(struct fib_nh_common *nhc, struct rtable *rt);
void rt_set_nexthop(struct rtable *rt, __be32 daddr, const struct fib_result *res,
		    struct fib_nh_exception *fnhe, struct fib_info *fi, u16 type, bool do_cache);
struct fib_nh_exception *find_exception(struct host *host, struct fib_nh_common *nhc, __be32 daddr);
bool rt_bind_exception(struct rtable *rt, struct fib_nh_exception *fnhe, __be32 daddr, bool do_cache);
/* gw 0, pmtu 0: leave what is known. */
void update_or_create_fnhe(struct host *host, struct fib_nh_common *nhc, __be32 daddr, __be32 gw, u32 pmtu,
			   bool lock, unsigned long expires);
void ip_rt_update_pmtu(struct dst_entry *dst, struct sock *sk, struct sk_buff *skb, u32 mtu,
		       bool confirm_neigh);
void ipv4_confirm_neigh(const struct dst_entry *dst, const void *daddr);
void ip_do_redirect(struct dst_entry *dst, struct sock *sk, struct sk_buff *skb);
void ip_rt_send_redirect(struct sk_buff *skb);
void rt_add_uncached_list(struct rtable *rt);
void rt_del_uncached_list(struct rtable *rt);
struct net_device *ip_rt_get_dev(struct net *net, const struct fib_result *res);

/* ---- ip_options.c for ip_input.c ---- */
int ip_options_rcv_srr(struct sk_buff *skb, struct net_device *dev);

/* Makes net->inet when it is not there yet: whoever registers first may come before ip_init(). 0 or -ENOMEM.
 */
int inet_state_init(struct host *host);
void inet_state_exit(struct host *host);

/* ---- ip_output.c ---- */
struct iphdr;
void ip_copy_addrs(struct host *host, struct iphdr *iph, const struct flowi4 *fl4);

/* ---- ip_reassembly.c ---- */
int ipfrag_init(struct host *host);
void ipfrag_exit(struct host *host);

/* ---- inetpeer.c ---- */
struct inet_peer *inet_getpeer_v4(struct net *net, __be32 v4daddr, bool create);
bool inet_peer_xrlim_allow(struct inet_peer *peer, int timeout);
void inet_peers_exit(struct host *host);

#endif
