/*
 * IPv4 on a device: struct in_device (dev->ip_ptr) with its addresses and settings.
 *
 * A device gets its in_device when it is registered; the addresses belong to it. A change of addresses is
 * told to the inetaddr chain, where the FIB adds and removes the routes that go with an address.
 */
#ifndef STACK_INTERNET_DEVINET_H
#define STACK_INTERNET_DEVINET_H

#include <netinet/in.h>

#include "stack/interface/netdevice.h"
#include "stack/interface/notifier.h"
#include "stack/kernel/kernel.h"
#include "stack/kernel/timer.h"
#include "stack/net.h"

struct in_device;
struct neigh_parms;

/* Settings under net.ipv4.conf.DEVICE. */
struct ipv4_devconf {
	u8 forwarding, mc_forwarding, bc_forwarding;
	u8 rp_filter, accept_source_route, accept_local, src_valid_mark;
	u8 accept_redirects, secure_redirects, send_redirects, shared_media;
	u8 proxy_arp, proxy_arp_pvlan, arp_filter, arp_announce, arp_ignore, arp_accept, arp_notify,
		drop_gratuitous_arp;
	u8 log_martians, route_localnet, ignore_routes_with_linkdown, promote_secondaries;
	u8 drop_unicast_in_l2_multicast, noxfrm, nopolicy;
	u8 force_igmp_version;
	int igmpv2_unsolicited_report_interval, igmpv3_unsolicited_report_interval; /* ms */
};

#define IFA_F_SECONDARY 0x01
#define IFA_F_PERMANENT 0x80

struct in_ifaddr {
	struct in_ifaddr *hash_next;
	struct in_ifaddr *ifa_next;
	struct in_device *ifa_dev;
	__be32 ifa_local;
	__be32 ifa_address; /* of the peer on a point-to-point link, else ifa_local */
	__be32 ifa_mask;
	__be32 ifa_broadcast;
	u32 ifa_rt_priority;
	u8 ifa_scope;
	u8 ifa_prefixlen;
	u32 ifa_flags;
	char ifa_label[16];
};

struct in_device {
	struct host *host;
	struct net_device *dev;
	struct in_ifaddr *ifa_list;
	struct neigh_parms *arp_parms;
	struct ipv4_devconf cnf;
	const struct ipv4_devconf *all; /* net.ipv4.conf.all */
	bool dead;

	/* groups: igmp.h */
	struct ip_mc_list *mc_list, *mc_tomb;
	struct ip_mc_list **mc_hash; /* by group, made for the fourth one */
	int mc_count;
	struct timer_list mr_gq_timer;	      /* general query */
	struct timer_list mr_ifc_timer;	      /* interface change */
	unsigned long mr_v1_seen, mr_v2_seen; /* jiffies until which that version is spoken, 0: it is not */
	unsigned long mr_qi, mr_qri;	      /* query interval, query response interval */
	int mr_maxdelay;
	u8 mr_qrv, mr_ifc_count; /* robustness; reports of changes left to send */
};

/* What a device does follows from its own setting and that of "all": both, either, or the larger one. */
#define IN_DEV_CONF_GET(in_dev, field) ((in_dev)->cnf.field)
#define IN_DEV_ANDCONF(in_dev, field) ((in_dev)->all->field && (in_dev)->cnf.field)
#define IN_DEV_ORCONF(in_dev, field) ((in_dev)->all->field || (in_dev)->cnf.field)
#define IN_DEV_MAXCONF(in_dev, field) max((in_dev)->all->field, (in_dev)->cnf.field)

#define IN_DEV_FORWARD(in_dev) IN_DEV_CONF_GET(in_dev, forwarding)
#define IN_DEV_RPFILTER(in_dev) IN_DEV_MAXCONF(in_dev, rp_filter)
#define IN_DEV_SOURCE_ROUTE(in_dev) IN_DEV_ANDCONF(in_dev, accept_source_route)
#define IN_DEV_ACCEPT_LOCAL(in_dev) IN_DEV_ORCONF(in_dev, accept_local)
#define IN_DEV_BFORWARD(in_dev) IN_DEV_ANDCONF(in_dev, bc_forwarding)
#define IN_DEV_LOG_MARTIANS(in_dev) IN_DEV_ORCONF(in_dev, log_martians)
#define IN_DEV_PROXY_ARP(in_dev) IN_DEV_ORCONF(in_dev, proxy_arp)
#define IN_DEV_PROXY_ARP_PVLAN(in_dev) IN_DEV_ORCONF(in_dev, proxy_arp_pvlan)
#define IN_DEV_ROUTE_LOCALNET(in_dev) IN_DEV_ORCONF(in_dev, route_localnet)
#define IN_DEV_NET_ROUTE_LOCALNET(in_dev, net) IN_DEV_ROUTE_LOCALNET(in_dev)
#define IN_DEV_TX_REDIRECTS(in_dev) IN_DEV_ORCONF(in_dev, send_redirects)
/* A router must not be led by others: "all" and its own. A host: either. */
#define IN_DEV_RX_REDIRECTS(in_dev)                                                                          \
	(IN_DEV_FORWARD(in_dev) ? IN_DEV_ANDCONF(in_dev, accept_redirects)                                   \
				: IN_DEV_ORCONF(in_dev, accept_redirects))
#define IN_DEV_SEC_REDIRECTS(in_dev) IN_DEV_ORCONF(in_dev, secure_redirects)
#define IN_DEV_SHARED_MEDIA(in_dev) IN_DEV_ORCONF(in_dev, shared_media)
#define IN_DEV_ARPFILTER(in_dev) IN_DEV_ORCONF(in_dev, arp_filter)
#define IN_DEV_ARP_ACCEPT(in_dev) IN_DEV_ORCONF(in_dev, arp_accept)
#define IN_DEV_ARP_ANNOUNCE(in_dev) IN_DEV_MAXCONF(in_dev, arp_announce)
#define IN_DEV_ARP_IGNORE(in_dev) IN_DEV_MAXCONF(in_dev, arp_ignore)
#define IN_DEV_ARP_NOTIFY(in_dev) IN_DEV_MAXCONF(in_dev, arp_notify)
#define IN_DEV_IGNORE_ROUTES_WITH_LINKDOWN(in_dev) IN_DEV_ORCONF(in_dev, ignore_routes_with_linkdown)
#define IN_DEV_PROMOTE_SECONDARIES(in_dev) IN_DEV_ORCONF(in_dev, promote_secondaries)

static inline struct in_device *__in_dev_get_rcu(const struct net_device *dev)
{
	return dev->ip_ptr;
}

static inline struct in_device *__in_dev_get_rtnl(const struct net_device *dev)
{
	return dev->ip_ptr;
}

static inline __be32 inet_make_mask(int plen)
{
	return plen ? htonl(~((1u << (32 - plen)) - 1)) : 0;
}

static inline int inet_mask_len(__be32 mask)
{
	u32 m = ntohl(mask);

	return m ? 32 - __builtin_ctz(m) : 0;
}

static inline bool bad_mask(__be32 mask, __be32 addr)
{
	u32 hmask;

	if (addr & (mask = ~mask))
		return true;
	hmask = ntohl(mask);
	return hmask & (hmask + 1);
}

static inline bool inet_ifa_match(__be32 addr, const struct in_ifaddr *ifa)
{
	return !((addr ^ ifa->ifa_address) & ifa->ifa_mask);
}

/* ---- kinds of address ---- */

static inline bool ipv4_is_loopback(__be32 addr)
{
	return (addr & htonl(0xff000000)) == htonl(0x7f000000);
}

static inline bool ipv4_is_multicast(__be32 addr)
{
	return (addr & htonl(0xf0000000)) == htonl(0xe0000000);
}

static inline bool ipv4_is_local_multicast(__be32 addr)
{
	return (addr & htonl(0xffffff00)) == htonl(0xe0000000);
}

static inline bool ipv4_is_lbcast(__be32 addr)
{
	return addr == htonl(INADDR_BROADCAST);
}

static inline bool ipv4_is_zeronet(__be32 addr)
{
	return addr == 0;
}

/* The settings of net.ipv4.conf.NAME: "all", "default" or a device; NULL: there is none of that name. */
struct ipv4_devconf *ipv4_devconf_find(struct net *net, const char *name);
/* sysctl net.ipv4.ip_forward: a router or a host, on every device. */
void inet_forward_change(struct net *net, bool on);

int devinet_init(struct host *host);
void devinet_exit(struct host *host);
struct in_device *inetdev_init(struct net_device *dev);
int inet_insert_ifa(struct in_ifaddr *ifa);
struct net_device *__ip_dev_find(struct net *net, __be32 addr, bool devref);
struct net_device *ip_dev_find(struct net *net, __be32 addr);
struct in_ifaddr *inet_lookup_ifaddr_rcu(struct net *net, __be32 addr);
struct in_device *inetdev_by_index(struct net *net, int ifindex);
struct in_ifaddr *inet_ifa_byprefix(struct in_device *in_dev, __be32 prefix, __be32 mask);
bool inet_addr_onlink(struct in_device *in_dev, __be32 a, __be32 b);
__be32 inet_select_addr(const struct net_device *dev, __be32 dst, int scope);
__be32 inet_confirm_addr(struct net *net, struct in_device *in_dev, __be32 dst, __be32 local, int scope);
int register_inetaddr_notifier(struct host *host, struct notifier_block *nb);
int unregister_inetaddr_notifier(struct host *host, struct notifier_block *nb);

/* SIOCSIFFLAGS; SIOCGIFADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK of the first address. */
struct ifreq;
int devinet_ioctl(struct net *net, unsigned int cmd, struct ifreq *ifr);

/* `ip addr`: 0 or a negative errno: ENODEV, EINVAL, EEXIST (add), EADDRNOTAVAIL (del), ENOMEM. */
int ip_addr_add(struct host *host, const char *dev, __be32 addr, int prefixlen);
/* With all that the command knows. peer 0: `local`; the prefix is the peer's. label NULL: the device's name.
 */
struct ip_addr_spec {
	const char *dev;
	__be32 local, peer, broadcast;
	int prefixlen;
	u8 scope; /* RT_SCOPE_* */
	const char *label;
};
int ip_addr_add_spec(struct host *host, const struct ip_addr_spec *spec);
int ip_addr_del(struct host *host, const char *dev, __be32 addr, int prefixlen);

struct sock;
void ip_mc_drop_socket(struct sock *sk);
/* Does the socket want packets to this group from this source? Not a member: as IP_MULTICAST_ALL says. */
int ip_mc_sf_allow(const struct sock *sk, __be32 loc_addr, __be32 rmt_addr, int dif, int sdif);

#endif
