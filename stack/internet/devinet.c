/*
 * IPv4 addresses of devices: struct in_device and its list of addresses, the hash of local addresses,
 * and the choice of a source address.
 *
 * Invariants: every in_ifaddr is on its device's ifa_list and in the hash; secondaries of a subnet come
 * after its primary; the FIB hears of each by the inetaddr chain (NETDEV_UP added, NETDEV_DOWN gone).
 */
#include "stack/internet/devinet.h"

#include <stdio.h>

#include "stack/interface/etherdevice.h"
#include "stack/internet/arp.h"
#include "stack/internet/fib.h"
#include "stack/internet/igmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/route.h"
#include "stack/transport/inet_sock.h"

/* ---- the hash of local addresses ---- */

static u32 inet_addr_hash(struct net *net, __be32 addr)
{
	TRACE(net, "hash a local address");
	return hash_32(addr, 4) & (IN4_ADDR_HSIZE - 1);
}

static void inet_hash_insert(struct net *net, struct in_ifaddr *ifa)
{
	struct in_ifaddr **head = &net->inet->inet_addr_lst[inet_addr_hash(net, ifa->ifa_local)];

	ifa->hash_next = *head;
	*head = ifa;
}

static void inet_hash_remove(struct net *net, struct in_ifaddr *ifa)
{
	struct in_ifaddr **p = &net->inet->inet_addr_lst[inet_addr_hash(net, ifa->ifa_local)];

	while (*p && *p != ifa)
		p = &(*p)->hash_next;
	if (*p)
		*p = ifa->hash_next;
}

struct in_ifaddr *inet_lookup_ifaddr_rcu(struct net *net, __be32 addr)
{
	TRACE(net, "find a local address");
	struct in_ifaddr *ifa = net->inet->inet_addr_lst[inet_addr_hash(net, addr)];

	while (ifa && ifa->ifa_local != addr)
		ifa = ifa->hash_next;
	return ifa;
}

struct net_device *__ip_dev_find(struct net *net, __be32 addr, bool devref)
{
	TRACE(net, "find the device that has a local address");
	struct in_ifaddr *ifa = inet_lookup_ifaddr_rcu(net, addr);
	struct net_device *result = NULL;

	if (ifa) {
		result = ifa->ifa_dev->dev;
	} else {
		/* Addresses that are local by a route only (127.0.0.2). */
		struct flowi4 fl4 = { .daddr = addr };
		struct fib_result res;
		struct fib_table *local = fib_get_table(net, RT_TABLE_LOCAL);

		if (local && !fib_table_lookup(local, &fl4, &res, FIB_LOOKUP_NOREF) && res.type == RTN_LOCAL)
			result = FIB_RES_DEV(res);
	}
	if (result && devref)
		dev_hold(result);
	return result;
}

struct net_device *ip_dev_find(struct net *net, __be32 addr)
{
	return __ip_dev_find(net, addr, true);
}

struct in_device *inetdev_by_index(struct net *net, int ifindex)
{
	TRACE(net, "find the ip configuration of a device by its number");
	struct net_device *dev = dev_get_by_index_rcu(net, ifindex);

	return dev ? dev->ip_ptr : NULL;
}

struct in_ifaddr *inet_ifa_byprefix(struct in_device *in_dev, __be32 prefix, __be32 mask)
{
	struct in_ifaddr *ifa;

	for (ifa = in_dev->ifa_list; ifa; ifa = ifa->ifa_next) {
		if (ifa->ifa_mask == mask && inet_ifa_match(prefix, ifa))
			return ifa;
	}
	return NULL;
}

bool inet_addr_onlink(struct in_device *in_dev, __be32 a, __be32 b)
{
	struct in_ifaddr *ifa;

	for (ifa = in_dev->ifa_list; ifa; ifa = ifa->ifa_next) {
		if (inet_ifa_match(a, ifa) && (!b || inet_ifa_match(b, ifa)))
			return true;
	}
	return false;
}

/* ---- choosing a source address ---- */

/* The first address of the device in scope, best one whose subnet holds `dst`; 0: none. */
static __be32 in_dev_select_addr(const struct in_device *in_dev, __be32 dst, int scope)
{
	int localnet_scope = IN_DEV_ROUTE_LOCALNET(in_dev) ? RT_SCOPE_LINK : RT_SCOPE_HOST;
	const struct in_ifaddr *ifa;
	__be32 addr = 0;

	for (ifa = in_dev->ifa_list; ifa; ifa = ifa->ifa_next) {
		if (ifa->ifa_flags & IFA_F_SECONDARY)
			continue;
		if (min_t(int, ifa->ifa_scope, localnet_scope) > scope)
			continue;
		if (!dst || inet_ifa_match(dst, ifa))
			return ifa->ifa_local;
		if (!addr)
			addr = ifa->ifa_local;
	}
	return addr;
}

__be32 inet_select_addr(const struct net_device *dev, __be32 dst, int scope)
{
	TRACE(dev, "choose a source address");
	const struct in_device *in_dev = __in_dev_get_rcu(dev);
	__be32 addr = in_dev ? in_dev_select_addr(in_dev, dst, scope) : 0;
	struct net_device *other;
	const struct in_ifaddr *ifa;

	if (addr)
		return addr;
	/* The device has none (unnumbered): one of any other device that is not only of its link. */
	for_each_netdev(dev_net(dev), other)
	{
		in_dev = __in_dev_get_rcu(other);
		for (ifa = in_dev ? in_dev->ifa_list : NULL; ifa; ifa = ifa->ifa_next) {
			if (!(ifa->ifa_flags & IFA_F_SECONDARY) && ifa->ifa_scope != RT_SCOPE_LINK &&
			    ifa->ifa_scope <= scope)
				return ifa->ifa_local;
		}
	}
	return 0;
}

/* Has the device `local` (0: any address) in scope, on a subnet that holds `dst` (0: any)? That address, or
 * 0. */
static __be32 confirm_addr_indev(const struct in_device *in_dev, __be32 dst, __be32 local, int scope)
{
	TRACE(in_dev->dev, "find an address of the device that may be used for this one");
	int localnet_scope = IN_DEV_ROUTE_LOCALNET(in_dev) ? RT_SCOPE_LINK : RT_SCOPE_HOST;
	const struct in_ifaddr *ifa;
	__be32 addr = 0;
	bool same = false;

	for (ifa = in_dev->ifa_list; ifa; ifa = ifa->ifa_next) {
		int ifa_scope = min_t(int, ifa->ifa_scope, localnet_scope);

		if (!addr && (local == ifa->ifa_local || !local) && ifa_scope <= scope) {
			addr = ifa->ifa_local;
			if (same)
				break;
		}
		if (same)
			continue;
		same = (!local || inet_ifa_match(local, ifa)) && (!dst || inet_ifa_match(dst, ifa));
		if (same && addr) {
			if (local || !dst || inet_ifa_match(addr, ifa))
				break;
			if (ifa_scope <= scope) {
				addr = ifa->ifa_local;
				break;
			}
			same = false;
		}
	}
	return same ? addr : 0;
}

__be32 inet_confirm_addr(struct net *net, struct in_device *in_dev, __be32 dst, __be32 local, int scope)
{
	TRACE(net, "find an address of ours that may be used for this one");
	struct net_device *dev;
	__be32 addr = 0;

	if (in_dev)
		return confirm_addr_indev(in_dev, dst, local, scope);
	for_each_netdev(net, dev)
	{
		in_dev = __in_dev_get_rcu(dev);
		addr = in_dev ? confirm_addr_indev(in_dev, dst, local, scope) : 0;
		if (addr)
			break;
	}
	return addr;
}

/* ---- adding and removing ---- */

int register_inetaddr_notifier(struct host *host, struct notifier_block *nb)
{
	return raw_notifier_chain_register(&inet_state(host)->inetaddr_chain, nb);
}

int unregister_inetaddr_notifier(struct host *host, struct notifier_block *nb)
{
	return raw_notifier_chain_unregister(&inet_state(host)->inetaddr_chain, nb);
}

/* Puts the address into its device's list, the hash and (by the chain) the FIB. Frees it on error. */
static int __inet_insert_ifa(struct in_ifaddr *ifa)
{
	struct in_device *in_dev = ifa->ifa_dev;
	TRACE(in_dev, "add an address to the device");
	struct in_ifaddr **last_primary = &in_dev->ifa_list, **ifap, *ifa1;
	int err = 0;

	ifa->ifa_flags &= ~(u32)IFA_F_SECONDARY;
	for (ifap = &in_dev->ifa_list; (ifa1 = *ifap) != NULL; ifap = &ifa1->ifa_next) {
		if (!(ifa1->ifa_flags & IFA_F_SECONDARY) && ifa->ifa_scope <= ifa1->ifa_scope)
			last_primary = &ifa1->ifa_next;
		if (ifa1->ifa_mask == ifa->ifa_mask && inet_ifa_match(ifa1->ifa_address, ifa)) {
			if (ifa1->ifa_local == ifa->ifa_local)
				err = -EEXIST;
			else if (ifa1->ifa_scope != ifa->ifa_scope)
				err = -EINVAL;
			if (err) {
				kfree(in_dev->host, ifa);
				return err;
			}
			ifa->ifa_flags |= IFA_F_SECONDARY;
		}
	}
	if (!(ifa->ifa_flags & IFA_F_SECONDARY))
		ifap = last_primary;
	ifa->ifa_next = *ifap;
	*ifap = ifa;
	inet_hash_insert(dev_net(in_dev->dev), ifa);
	raw_notifier_call_chain(&inet_state(in_dev->host)->inetaddr_chain, NETDEV_UP, ifa);
	return 0;
}

int inet_insert_ifa(struct in_ifaddr *ifa)
{
	return __inet_insert_ifa(ifa);
}

static void inet_unlink_ifa(struct in_device *in_dev, struct in_ifaddr *ifa)
{
	struct in_ifaddr **ifap = &in_dev->ifa_list;

	while (*ifap != ifa)
		ifap = &(*ifap)->ifa_next;
	*ifap = ifa->ifa_next;
	inet_hash_remove(dev_net(in_dev->dev), ifa);
}

/* What becomes of the secondaries of a subnet whose primary goes: removed, or the first made primary. */
static void inet_del_secondaries(struct in_device *in_dev, struct in_ifaddr *prim)
{
	struct inet_state *inet = inet_state(in_dev->host);
	struct in_ifaddr *ifa, *next, *promoted = NULL;

	for (ifa = in_dev->ifa_list; ifa; ifa = next) {
		next = ifa->ifa_next;
		if (ifa == prim || !(ifa->ifa_flags & IFA_F_SECONDARY) || ifa->ifa_mask != prim->ifa_mask ||
		    !inet_ifa_match(prim->ifa_address, ifa))
			continue;
		if (IN_DEV_PROMOTE_SECONDARIES(in_dev)) {
			if (promoted)
				continue;
			promoted = ifa;
			ifa->ifa_flags &= ~(u32)IFA_F_SECONDARY;
			raw_notifier_call_chain(&inet->inetaddr_chain, NETDEV_UP, ifa);
		} else {
			inet_unlink_ifa(in_dev, ifa);
			fib_del_ifaddr(ifa, prim);
			kfree(in_dev->host, ifa);
		}
	}
}

static void inet_del_ifa(struct in_device *in_dev, struct in_ifaddr *ifa)
{
	TRACE(in_dev, "remove an address from the device");
	struct inet_state *inet = inet_state(in_dev->host);

	if (!(ifa->ifa_flags & IFA_F_SECONDARY) && !IN_DEV_PROMOTE_SECONDARIES(in_dev))
		inet_del_secondaries(in_dev, ifa);
	inet_unlink_ifa(in_dev, ifa);
	raw_notifier_call_chain(&inet->inetaddr_chain, NETDEV_DOWN, ifa);
	if (!(ifa->ifa_flags & IFA_F_SECONDARY) && IN_DEV_PROMOTE_SECONDARIES(in_dev))
		inet_del_secondaries(in_dev, ifa);
	kfree(in_dev->host, ifa);
}

static struct in_ifaddr *inet_alloc_ifa(struct in_device *in_dev, const struct ip_addr_spec *spec)
{
	struct in_ifaddr *ifa = kzalloc(in_dev->host, sizeof(*ifa));

	if (!ifa)
		return NULL;
	ifa->ifa_dev = in_dev;
	ifa->ifa_local = spec->local;
	ifa->ifa_address = spec->peer ? spec->peer : spec->local;
	ifa->ifa_broadcast = spec->broadcast;
	ifa->ifa_prefixlen = (u8)spec->prefixlen;
	ifa->ifa_mask = inet_make_mask(spec->prefixlen);
	ifa->ifa_scope = spec->scope;
	ifa->ifa_flags = IFA_F_PERMANENT;
	snprintf(ifa->ifa_label, sizeof(ifa->ifa_label), "%s", spec->label ? spec->label : in_dev->dev->name);
	return ifa;
}

int ip_addr_add_spec(struct host *host, const struct ip_addr_spec *spec)
{
	struct net_device *dev = __dev_get_by_name(host->net, spec->dev);
	struct in_device *in_dev = dev ? dev->ip_ptr : NULL;
	struct in_ifaddr *ifa;

	if (!dev)
		return -ENODEV;
	if (!in_dev || spec->prefixlen < 0 || spec->prefixlen > 32 || !spec->local ||
	    ipv4_is_lbcast(spec->local) || ipv4_is_multicast(spec->local))
		return -EINVAL;
	ifa = inet_alloc_ifa(in_dev, spec);
	return ifa ? inet_insert_ifa(ifa) : -ENOMEM;
}

int ip_addr_add(struct host *host, const char *name, __be32 addr, int prefixlen)
{
	struct ip_addr_spec spec = { .dev = name,
				     .local = addr,
				     .prefixlen = prefixlen,
				     .scope = ipv4_is_loopback(addr) ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE };

	if (prefixlen >= 0 && prefixlen < 31)
		spec.broadcast = addr | ~inet_make_mask(prefixlen);
	return ip_addr_add_spec(host, &spec);
}

int ip_addr_del(struct host *host, const char *name, __be32 addr, int prefixlen)
{
	struct net_device *dev = __dev_get_by_name(host->net, name);
	struct in_device *in_dev = dev ? dev->ip_ptr : NULL;
	struct in_ifaddr *ifa;

	if (!dev)
		return -ENODEV;
	for (ifa = in_dev ? in_dev->ifa_list : NULL; ifa; ifa = ifa->ifa_next) {
		if (ifa->ifa_local == addr && (prefixlen < 0 || ifa->ifa_prefixlen == prefixlen)) {
			inet_del_ifa(in_dev, ifa);
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

/* ---- settings ---- */

struct ipv4_devconf *ipv4_devconf_find(struct net *net, const char *name)
{
	struct net_device *dev;

	if (!strcmp(name, "all"))
		return &net->inet->devconf_all;
	if (!strcmp(name, "default"))
		return &net->inet->devconf_dflt;
	dev = __dev_get_by_name(net, name);
	return dev && dev->ip_ptr ? &((struct in_device *)dev->ip_ptr)->cnf : NULL;
}

void inet_forward_change(struct net *net, bool on)
{
	TRACE(net, "become a router, or stop being one");
	struct net_device *dev;

	net->ipv4.sysctl_ip_forward = on;
	net->inet->devconf_all.forwarding = on;
	net->inet->devconf_all.accept_redirects = !on;
	net->inet->devconf_dflt.forwarding = on;
	for_each_netdev(net, dev)
	{
		if (dev->ip_ptr)
			((struct in_device *)dev->ip_ptr)->cnf.forwarding = on;
	}
	rt_cache_flush(net);
}

/* ---- devices come and go ---- */

struct in_device *inetdev_init(struct net_device *dev)
{
	struct in_device *in_dev = kzalloc(dev->host, sizeof(*in_dev));

	if (!in_dev)
		return ERR_PTR(-ENOMEM);
	in_dev->host = dev->host;
	in_dev->dev = dev;
	in_dev->cnf = inet_state(dev->host)->devconf_dflt;
	in_dev->all = &inet_state(dev->host)->devconf_all;
	in_dev->arp_parms = neigh_parms_alloc(dev, arp_tbl(dev_net(dev)));
	if (!in_dev->arp_parms) {
		kfree(dev->host, in_dev);
		return ERR_PTR(-ENOMEM);
	}
	dev_hold(dev);
	ip_mc_init_dev(in_dev);
	dev->ip_ptr = in_dev;
	return in_dev;
}

static void inetdev_destroy(struct in_device *in_dev)
{
	struct net_device *dev = in_dev->dev;

	in_dev->dead = true;
	ip_mc_destroy_dev(in_dev);
	while (in_dev->ifa_list)
		inet_del_ifa(in_dev, in_dev->ifa_list);
	dev->ip_ptr = NULL;
	arp_ifdown(dev);
	neigh_parms_release(arp_tbl(dev_net(dev)), in_dev->arp_parms);
	dev_put(dev);
	kfree(in_dev->host, in_dev);
}

/* lo comes with 127.0.0.1/8. */
static void inetdev_loopback_addr(struct in_device *in_dev)
{
	const struct ip_addr_spec spec = { .local = htonl(INADDR_LOOPBACK),
					   .prefixlen = 8,
					   .scope = RT_SCOPE_HOST };
	struct in_ifaddr *ifa = inet_alloc_ifa(in_dev, &spec);

	if (ifa)
		inet_insert_ifa(ifa);
}

static void inetdev_send_gratuitous_arp(struct net_device *dev, struct in_device *in_dev)
{
	const struct in_ifaddr *ifa;

	for (ifa = in_dev->ifa_list; ifa; ifa = ifa->ifa_next)
		arp_send(ARPOP_REQUEST, ETH_P_ARP, ifa->ifa_local, dev, ifa->ifa_local, NULL, dev->dev_addr,
			 NULL);
}

static bool inetdev_valid_mtu(unsigned int mtu)
{
	return mtu >= 68;
}

static int inetdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct in_device *in_dev = __in_dev_get_rtnl(dev);
	TRACE(dev, "follow the device's state with its IPv4 settings");

	(void)nb;
	ASSERT_RTNL(dev->host);
	if (!in_dev) {
		if (event == NETDEV_REGISTER || (event == NETDEV_CHANGEMTU && inetdev_valid_mtu(dev->mtu))) {
			in_dev = inetdev_init(dev);
			if (IS_ERR(in_dev))
				return notifier_from_errno((int)PTR_ERR(in_dev));
			if (dev->flags & IFF_LOOPBACK)
				in_dev->cnf.noxfrm = in_dev->cnf.nopolicy = 1;
		}
		return NOTIFY_DONE;
	}
	switch (event) {
	case NETDEV_UP:
		if (!inetdev_valid_mtu(dev->mtu))
			break;
		if ((dev->flags & IFF_LOOPBACK) && !in_dev->ifa_list)
			inetdev_loopback_addr(in_dev);
		ip_mc_up(in_dev);
		fallthrough;
	case NETDEV_CHANGEADDR:
		if (IN_DEV_ARP_NOTIFY(in_dev))
			inetdev_send_gratuitous_arp(dev, in_dev);
		break;
	case NETDEV_DOWN:
		ip_mc_down(in_dev);
		break;
	case NETDEV_CHANGEMTU:
		if (inetdev_valid_mtu(dev->mtu))
			break;
		fallthrough;
	case NETDEV_UNREGISTER:
		inetdev_destroy(in_dev);
		break;
	default:
		break;
	}
	return NOTIFY_DONE;
}

static void inetdev_destroy_all(struct net *net)
{
	struct net_device *dev;

	for_each_netdev(net, dev)
	{
		if (dev->ip_ptr)
			inetdev_destroy(dev->ip_ptr);
	}
}

int devinet_init(struct host *host)
{
	struct inet_state *inet = inet_state(host);
	int err;

	inet->devconf_all = (struct ipv4_devconf){
		.accept_redirects = 1,
		.send_redirects = 1,
		.secure_redirects = 1,
		.shared_media = 1,
		.igmpv2_unsolicited_report_interval = 10000,
		.igmpv3_unsolicited_report_interval = 1000,
	};
	inet->devconf_dflt = inet->devconf_all;
	inet->devconf_dflt.accept_source_route = 1;
	inet->ip_netdev_notifier.notifier_call = inetdev_event;
	err = register_netdevice_notifier(host->net, &inet->ip_netdev_notifier);
	if (err) /* some devices may have got theirs */
		inetdev_destroy_all(host->net);
	return err;
}

void devinet_exit(struct host *host)
{
	unregister_netdevice_notifier(host->net, &inet_state(host)->ip_netdev_notifier);
	rtnl_lock(host);
	inetdev_destroy_all(host->net);
	rtnl_unlock(host);
}
