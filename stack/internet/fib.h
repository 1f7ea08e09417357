/*
 * The forwarding information base: tables of routes, and the look-up of the longest matching prefix.
 *
 * fib_table > trie of prefixes (fib_trie.c) > fib_alias (one route of a prefix: tos, priority, type) >
 * fib_info (shared by routes that agree: nexthops, preferred source, metrics). A nexthop caches the
 * rtables that were made from it.
 */
#ifndef STACK_INTERNET_FIB_H
#define STACK_INTERNET_FIB_H

#include "stack/internet/dst.h"
#include "stack/internet/flow.h"
#include "stack/kernel/kernel.h"
#include "stack/kernel/list.h"
#include "stack/net.h"

struct rtable;
struct fib_info;
struct in_ifaddr;

enum {
	RTN_UNSPEC,
	RTN_UNICAST,
	RTN_LOCAL,
	RTN_BROADCAST,
	RTN_ANYCAST,
	RTN_MULTICAST,
	RTN_BLACKHOLE,
	RTN_UNREACHABLE,
	RTN_PROHIBIT,
	RTN_THROW,
	RTN_NAT,
	__RTN_MAX
};
#define RTN_MAX (__RTN_MAX - 1)

#define RTPROT_UNSPEC 0
#define RTPROT_REDIRECT 1
#define RTPROT_KERNEL 2
#define RTPROT_BOOT 3
#define RTPROT_STATIC 4

#define RT_SCOPE_UNIVERSE 0
#define RT_SCOPE_SITE 200
#define RT_SCOPE_LINK 253
#define RT_SCOPE_HOST 254
#define RT_SCOPE_NOWHERE 255

#define RT_TABLE_UNSPEC 0
#define RT_TABLE_DEFAULT 253
#define RT_TABLE_MAIN 254
#define RT_TABLE_LOCAL 255

#define RTNH_F_DEAD 1
#define RTNH_F_ONLINK 4
#define RTNH_F_LINKDOWN 16

/* Ways to add a route. */
#define NLM_F_REPLACE 0x100
#define NLM_F_EXCL 0x200
#define NLM_F_CREATE 0x400
#define NLM_F_APPEND 0x800

#define RTM_NEWROUTE 24
#define RTM_DELROUTE 25

#define FIB_LOOKUP_NOREF 1
#define FIB_LOOKUP_IGNORE_LINKSTATE 2
#define IPTOS_RT_MASK 0x1c
#define RT_TOS(tos) ((tos)&0x1e)

/* What a user or the kernel asks to add or delete. */
struct fib_config {
	u8 fc_dst_len;
	u8 fc_tos;
	u8 fc_protocol;
	u8 fc_scope;
	u8 fc_type;
	u8 fc_gw_family; /* AF_INET when fc_gw4 counts */
	u32 fc_table;
	__be32 fc_dst;
	__be32 fc_gw4;
	int fc_oif;
	u32 fc_flags; /* RTNH_F_ONLINK */
	u32 fc_priority;
	__be32 fc_prefsrc;
	const u32 *fc_mx; /* RTAX_MAX metrics, or NULL */
	u32 fc_nlflags;	  /* NLM_F_* */
};

/* A path learnt to be narrower than its route (ICMP "fragmentation needed") or redirected. */
struct fib_nh_exception {
	struct fib_nh_exception *fnhe_next;
	int fnhe_genid;
	__be32 fnhe_daddr;
	u32 fnhe_pmtu;
	bool fnhe_mtu_locked;
	__be32 fnhe_gw;
	unsigned long fnhe_expires, fnhe_stamp;
	struct rtable *fnhe_rth_input, *fnhe_rth_output;
};

#define FNHE_HASH_SHIFT 9
#define FNHE_HASH_SIZE (1 << FNHE_HASH_SHIFT)
#define FNHE_RECLAIM_DEPTH 5 /* in a bucket that has more, the least used gives way */

/* Made when a next hop gets its first exception. */
struct fnhe_hash_bucket {
	struct fib_nh_exception *chain;
};

struct fib_nh_common {
	struct net_device *nhc_dev;
	int nhc_oif;
	u8 nhc_scope;
	u8 nhc_gw_family;
	u8 nhc_flags; /* RTNH_F_* */
	__be32 nhc_gw4;
	struct rtable *nhc_rth_output, *nhc_rth_input; /* the cache */
	struct fnhe_hash_bucket *nhc_exceptions;       /* FNHE_HASH_SIZE, or NULL */
};

struct fib_nh {
	struct fib_nh_common nh_common;
	struct fib_info *nh_parent;
	__be32 nh_saddr;
	int nh_saddr_genid;
};
#define fib_nh_dev nh_common.nhc_dev
#define fib_nh_oif nh_common.nhc_oif
#define fib_nh_flags nh_common.nhc_flags
#define fib_nh_scope nh_common.nhc_scope
#define fib_nh_gw_family nh_common.nhc_gw_family
#define fib_nh_gw4 nh_common.nhc_gw4

struct fib_info {
	struct host *host;
	struct hlist_node fib_hash;
	int fib_treeref; /* routes that use it */
	int fib_clntref; /* and look-ups' results, tree included once */
	u8 fib_flags;	 /* RTNH_F_DEAD */
	bool fib_dead;
	u8 fib_protocol;
	u8 fib_scope;
	u8 fib_type;
	__be32 fib_prefsrc;
	u32 fib_tb_id;
	u32 fib_priority;
	struct dst_metrics *fib_metrics;
	int fib_nhs;
	struct fib_nh fib_nh[1];
};

/* One route of a prefix. */
struct fib_alias {
	struct fib_alias *fa_next; /* of the prefix: by table and tos falling, then priority rising */
	struct fib_info *fa_info;
	u8 fa_tos;
	u8 fa_type;
	u8 fa_state;
	u8 fa_plen;
	u32 tb_id;
	__be32 fa_dst;
};
#define FA_S_ACCESSED 0x01

/* A prefix of a trie: private to fib_trie.c. */
struct fib_node;

struct fib_trie {
	struct fib_node *root;
};

/* The local table shares the main one's trie (as Linux does without policy rules): one look-up finds both. */
struct fib_table {
	struct host *host;
	u32 tb_id;
	int tb_num; /* routes in it */
	struct fib_table *next;
	struct fib_trie *tb_data;
	struct fib_trie own;
};

struct fib_result {
	__be32 prefix;
	u8 prefixlen;
	u8 nh_sel;
	u8 type;
	u8 scope;
	struct fib_nh_common *nhc;
	struct fib_info *fi;
	struct fib_table *table;
};

#define FIB_RES_NHC(res) ((res).nhc)
#define FIB_RES_DEV(res) (FIB_RES_NHC(res)->nhc_dev)
#define FIB_RES_OIF(res) (FIB_RES_NHC(res)->nhc_oif)

/* ---- fib_trie.c ---- */
struct fib_table *fib_trie_table(struct net *net, u32 id, struct fib_table *alias);
void fib_free_table(struct fib_table *tb);
int fib_table_insert(struct net *net, struct fib_table *tb, struct fib_config *cfg);
int fib_table_delete(struct net *net, struct fib_table *tb, struct fib_config *cfg);
int fib_table_lookup(struct fib_table *tb, const struct flowi4 *flp, struct fib_result *res, int fib_flags);
/* Removes the routes whose info is dead; `all`: every route. Returns how many. */
int fib_table_flush(struct net *net, struct fib_table *tb, bool all);
bool fib_lookup_good_nhc(const struct fib_nh_common *nhc, int fib_flags, const struct flowi4 *flp);
/* Every route in order of prefix (address, then length). */
void fib_table_walk(struct fib_table *tb, void (*fn)(struct fib_alias *fa, void *cookie), void *cookie);

/* ---- fib_frontend.c ---- */
void ip_fib_init(struct host *host);
void ip_fib_exit(struct host *host);
struct fib_table *fib_new_table(struct net *net, u32 id);
struct fib_table *fib_get_table(struct net *net, u32 id);
int fib_lookup(struct net *net, const struct flowi4 *flp, struct fib_result *res, unsigned int flags);
void fib_flush(struct net *net);
unsigned int inet_addr_type(struct net *net, __be32 addr);
unsigned int inet_addr_type_table(struct net *net, __be32 addr, u32 tb_id);
unsigned int inet_dev_addr_type(struct net *net, const struct net_device *dev, __be32 addr);
unsigned int inet_addr_type_dev_table(struct net *net, const struct net_device *dev, __be32 addr);
__be32 fib_compute_spec_dst(struct sk_buff *skb);
int fib_validate_source(struct sk_buff *skb, __be32 src, __be32 dst, u8 tos, int oif, struct net_device *dev,
			struct in_device *idev, u32 *itag);
void fib_add_ifaddr(struct in_ifaddr *ifa);
void fib_del_ifaddr(struct in_ifaddr *ifa, struct in_ifaddr *iprim);

/* ---- fib_semantics.c ---- */
struct fib_info *fib_create_info(struct net *net, struct fib_config *cfg, int *err);
void fib_release_info(struct fib_info *fi);
void free_fib_info(struct fib_info *fi);
int fib_nh_match(struct net *net, struct fib_config *cfg, struct fib_info *fi);
bool fib_metrics_match(struct fib_config *cfg, struct fib_info *fi);
int fib_sync_down_dev(struct net_device *dev, unsigned long event, bool force);
int fib_sync_down_addr(struct net_device *dev, __be32 local);
int fib_sync_up(struct net_device *dev, unsigned char nh_flags);
bool fib_info_nh_uses_dev(struct fib_info *fi, const struct net_device *dev);
void fib_sync_mtu(struct net_device *dev, u32 orig_mtu);
void fib_nhc_update_mtu(struct fib_nh_common *nhc, u32 new, u32 orig);
/* False: the address is a gateway that a route of this device leads to. */
bool ip_fib_check_default(__be32 gw, struct net_device *dev);
void fib_select_path(struct net *net, struct fib_result *res, struct flowi4 *fl4, const struct sk_buff *skb);
__be32 fib_result_prefsrc(struct net *net, struct fib_result *res);
__be32 fib_info_update_nhc_saddr(struct net *net, struct fib_nh_common *nhc, unsigned char scope);
void fib_nh_common_release(struct net *net, struct fib_nh_common *nhc);

/* What a route of each type answers to a look-up, and the widest scope that it may have. */
struct fib_prop {
	int error;
	u8 scope;
};
extern const struct fib_prop fib_props[RTN_MAX + 1];

static inline void fib_info_put(struct fib_info *fi)
{
	if (--fi->fib_clntref == 0)
		free_fib_info(fi);
}

/*
 * `ip route add DST/PLEN [via GW] [dev DEV] [metric N] [src ADDR] [mtu N] [TYPE]`: 0 or a negative errno:
 * EEXIST, ENETUNREACH (gateway not on a link), ENODEV, ENETDOWN, EINVAL, ESRCH (delete), ENOMEM. `gw` 0 and
 * `dev` NULL: not given. type 0 is RTN_UNICAST. mtu 0: not given.
 */
struct ip_route_spec {
	__be32 dst;
	int plen;
	__be32 gw;
	const char *dev;
	u32 metric;
	__be32 src;
	u32 mx[RTAX_MAX]; /* metrics, by RTAX_* - 1; those that are locked: RTAX_LOCK */
	u8 type;
	u8 tos;
	u8 scope; /* with has_scope */
	bool has_scope;
	bool onlink, replace;
	bool change, append; /* only one that is there; behind those that are there */
	bool prepend, test;  /* before those that are there; none, only whether it is there */
	u8 protocol;	     /* RTPROT_*; 0: boot (add), any (del) */
	u32 table;	     /* 0: main */
};
int ip_route_add_spec(struct host *host, const struct ip_route_spec *spec);
int ip_route_del_spec(struct host *host, const struct ip_route_spec *spec);
void ip_route_flush_cache(struct host *host); /* and what redirects and "fragmentation needed" taught */
int ip_route_add(struct host *host, __be32 dst, int plen, __be32 gw, const char *dev, u32 metric);
int ip_route_del(struct host *host, __be32 dst, int plen, __be32 gw, const char *dev, u32 metric);

#endif
