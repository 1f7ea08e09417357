/*
 * The FIB's door: tables, look-ups by table, what kind an address is, the routes that go with addresses
 * and devices, `ip route`, and the check of received packets' source addresses.
 */
#include "stack/internet/arp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/internet/route.h"

/* ---- tables ---- */

struct fib_table *fib_get_table(struct net *net, u32 id)
{
	TRACE(net, "find a fib table by its number");
	struct fib_table *tb;

	if (id == RT_TABLE_UNSPEC)
		id = RT_TABLE_MAIN;
	for (tb = net->inet->fib_tables; tb && tb->tb_id != id; tb = tb->next)
		;
	return tb;
}

struct fib_table *fib_new_table(struct net *net, u32 id)
{
	TRACE(net, "get a fib table, made if it is not there");
	struct fib_table *tb, *alias = NULL;

	if (id == RT_TABLE_UNSPEC)
		id = RT_TABLE_MAIN;
	tb = fib_get_table(net, id);
	if (tb)
		return tb;
	if (id == RT_TABLE_LOCAL) {
		alias = fib_new_table(net, RT_TABLE_MAIN);
		if (!alias)
			return NULL;
	}
	tb = fib_trie_table(net, id, alias);
	if (!tb)
		return NULL;
	if (id == RT_TABLE_LOCAL)
		net->inet->fib_local = tb;
	else if (id == RT_TABLE_MAIN)
		net->inet->fib_main = tb;
	tb->next = net->inet->fib_tables;
	net->inet->fib_tables = tb;
	return tb;
}

int fib_lookup(struct net *net, const struct flowi4 *flp, struct fib_result *res, unsigned int flags)
{
	TRACE(net, "lookup fib based on dst addr");
	struct fib_table *tb = net->inet->fib_main;
	int err = -ENETUNREACH;

	if (likely(tb))
		err = fib_table_lookup(tb, flp, res, (int)flags | FIB_LOOKUP_NOREF);
	return err == -EAGAIN ? -ENETUNREACH : err;
}

void fib_flush(struct net *net)
{
	TRACE(net, "remove dead routes from all tables");
	struct fib_table *tb;
	int flushed = 0;

	for (tb = net->inet->fib_tables; tb; tb = tb->next)
		flushed += fib_table_flush(net, tb, false);
	if (flushed)
		rt_cache_flush(net);
}

/* ---- kinds of address ---- */

static unsigned int __inet_dev_addr_type(struct net *net, const struct net_device *dev, __be32 addr,
					 struct fib_table *local_table)
{
	struct flowi4 fl4 = { .daddr = addr };
	unsigned int ret = RTN_BROADCAST;
	struct fib_result res;

	if (ipv4_is_zeronet(addr) || ipv4_is_lbcast(addr))
		return RTN_BROADCAST;
	if (ipv4_is_multicast(addr))
		return RTN_MULTICAST;
	(void)net;
	if (local_table) {
		ret = RTN_UNICAST;
		if (!fib_table_lookup(local_table, &fl4, &res, FIB_LOOKUP_NOREF) &&
		    (!dev || dev == FIB_RES_DEV(res)))
			ret = res.type;
	}
	return ret;
}

unsigned int inet_addr_type_table(struct net *net, __be32 addr, u32 tb_id)
{
	TRACE(net, "find out what kind of address this is: local, broadcast, ...");
	return __inet_dev_addr_type(
		net, NULL, addr, tb_id == RT_TABLE_LOCAL ? net->inet->fib_local : fib_get_table(net, tb_id));
}

unsigned int inet_addr_type(struct net *net, __be32 addr)
{
	TRACE(net, "find out what kind of address this is: local, broadcast, ...");
	return __inet_dev_addr_type(net, NULL, addr, net->inet->fib_local);
}

unsigned int inet_dev_addr_type(struct net *net, const struct net_device *dev, __be32 addr)
{
	TRACE(net, "find out what kind of address this is, on one device");
	return __inet_dev_addr_type(net, dev, addr, net->inet->fib_local);
}

unsigned int inet_addr_type_dev_table(struct net *net, const struct net_device *dev, __be32 addr)
{
	TRACE(net, "find out what kind of address this is: local, broadcast, ...");
	(void)dev; /* no VRF: every device uses the local table */
	return __inet_dev_addr_type(net, NULL, addr, net->inet->fib_local);
}

__be32 fib_compute_spec_dst(struct sk_buff *skb)
{
	TRACE_SKB(skb, "find the local address that the packet was meant for");
	struct rtable *rt = skb_rtable(skb);
	struct net_device *dev = skb->dev;
	struct net *net = dev_net(dev);
	struct flowi4 fl4 = { .flowi4_iif = LOOPBACK_IFINDEX, .daddr = ip_hdr(skb)->saddr };
	struct fib_result res;
	int scope = RT_SCOPE_UNIVERSE;

	if ((rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST | RTCF_LOCAL)) == RTCF_LOCAL)
		return ip_hdr(skb)->daddr;
	if (ipv4_is_zeronet(ip_hdr(skb)->saddr))
		scope = RT_SCOPE_LINK;
	else if (!fib_lookup(net, &fl4, &res, 0))
		return fib_result_prefsrc(net, &res);
	return inet_select_addr(dev, ip_hdr(skb)->saddr, scope);
}

/* ---- reverse path ---- */

static int __fib_validate_source(struct sk_buff *skb, __be32 src, __be32 dst, u8 tos, int oif,
				 struct net_device *dev, int rpf, struct in_device *idev, u32 *itag)
{
	TRACE_SKB(skb, "look the source up: would an answer go out by the device it came in by?");
	struct net *net = dev_net(dev);
	struct flowi4 fl4 = {
		.flowi4_iif = oif ? oif : LOOPBACK_IFINDEX,
		.daddr = src,
		.saddr = dst,
		.flowi4_tos = tos,
	};
	struct fib_result res;

	(void)skb;
	if (fib_lookup(net, &fl4, &res, 0))
		goto last_resort;
	if (res.type != RTN_UNICAST && (res.type != RTN_LOCAL || !IN_DEV_ACCEPT_LOCAL(idev)))
		return -EINVAL;
	*itag = 0;
	if (fib_info_nh_uses_dev(res.fi, dev))
		return FIB_RES_NHC(res)->nhc_scope >= RT_SCOPE_HOST;
	if (!idev->ifa_list)
		goto last_resort;
	if (rpf == 1)
		return -EXDEV;
	fl4.flowi4_oif = dev->ifindex;
	if (!fib_lookup(net, &fl4, &res, FIB_LOOKUP_IGNORE_LINKSTATE) && res.type == RTN_UNICAST)
		return FIB_RES_NHC(res)->nhc_scope >= RT_SCOPE_HOST;
	return 0;
last_resort:
	if (rpf)
		return -EXDEV;
	*itag = 0;
	return 0;
}

int fib_validate_source(struct sk_buff *skb, __be32 src, __be32 dst, u8 tos, int oif, struct net_device *dev,
			struct in_device *idev, u32 *itag)
{
	TRACE_SKB(skb, "check that the source address is not one of ours and may come this way");
	int r = IN_DEV_RPFILTER(idev);

	if (!r && (dev->ifindex != oif || !IN_DEV_TX_REDIRECTS(idev))) {
		if (!IN_DEV_ACCEPT_LOCAL(idev) && inet_lookup_ifaddr_rcu(dev_net(dev), src))
			return -EINVAL;
		*itag = 0;
		return 0;
	}
	return __fib_validate_source(skb, src, dst, tos, oif, dev, r, idev, itag);
}

/* ---- routes that go with addresses ---- */

static void fib_magic(int cmd, int type, __be32 dst, int dst_len, struct in_ifaddr *ifa, u32 rt_priority)
{
	struct net *net = dev_net(ifa->ifa_dev->dev);
	TRACE(net, "add or delete a route that goes with an address");
	struct fib_config cfg = {
		.fc_protocol = RTPROT_KERNEL,
		.fc_type = (u8)type,
		.fc_dst = dst,
		.fc_dst_len = (u8)dst_len,
		.fc_priority = rt_priority,
		.fc_prefsrc = ifa->ifa_local,
		.fc_oif = ifa->ifa_dev->dev->ifindex,
		.fc_nlflags = NLM_F_CREATE | NLM_F_APPEND,
		.fc_scope = type != RTN_LOCAL ? RT_SCOPE_LINK : RT_SCOPE_HOST,
	};
	struct fib_table *tb = fib_new_table(net, type == RTN_UNICAST ? RT_TABLE_MAIN : RT_TABLE_LOCAL);

	if (!tb)
		return;
	cfg.fc_table = tb->tb_id;
	if (cmd == RTM_NEWROUTE)
		fib_table_insert(net, tb, &cfg);
	else
		fib_table_delete(net, tb, &cfg);
}

void fib_add_ifaddr(struct in_ifaddr *ifa)
{
	struct in_device *in_dev = ifa->ifa_dev;
	TRACE(in_dev, "add the routes that go with an address");
	struct net_device *dev = in_dev->dev;
	__be32 mask = ifa->ifa_mask, addr = ifa->ifa_local, prefix = ifa->ifa_address & mask;
	struct in_ifaddr *prim = ifa;

	if (ifa->ifa_flags & IFA_F_SECONDARY) {
		prim = inet_ifa_byprefix(in_dev, prefix, mask);
		if (!prim)
			return;
	}
	fib_magic(RTM_NEWROUTE, RTN_LOCAL, addr, 32, prim, 0);
	if (!(dev->flags & IFF_UP))
		return;
	if (ifa->ifa_broadcast && !ipv4_is_lbcast(ifa->ifa_broadcast)) {
		fib_magic(RTM_NEWROUTE, RTN_BROADCAST, ifa->ifa_broadcast, 32, prim, 0);
		arp_invalidate(dev, ifa->ifa_broadcast, false);
	}
	if (ipv4_is_zeronet(prefix) || (ifa->ifa_flags & IFA_F_SECONDARY) ||
	    (prefix == addr && ifa->ifa_prefixlen == 32))
		return;
	fib_magic(RTM_NEWROUTE, dev->flags & IFF_LOOPBACK ? RTN_LOCAL : RTN_UNICAST, prefix,
		  ifa->ifa_prefixlen, prim, ifa->ifa_rt_priority);
	if (ifa->ifa_prefixlen < 31) {
		fib_magic(RTM_NEWROUTE, RTN_BROADCAST, prefix | ~mask, 32, prim, 0);
		arp_invalidate(dev, prefix | ~mask, false);
	}
}

/* Which routes of a deleted address other addresses of the device still want. */
struct still_used {
	bool local, broadcast, subnet_broadcast, prefix;
};

static struct still_used fib_addr_still_used(const struct in_device *in_dev, const struct in_ifaddr *gone)
{
	__be32 prefix = gone->ifa_address & gone->ifa_mask, brd = prefix | ~gone->ifa_mask;
	struct still_used u = { 0 };
	const struct in_ifaddr *ifa;

	for (ifa = in_dev->ifa_list; ifa; ifa = ifa->ifa_next) {
		__be32 ifa_brd = (ifa->ifa_address & ifa->ifa_mask) | ~ifa->ifa_mask;

		if (ifa == gone)
			continue;
		u.local |= ifa->ifa_local == gone->ifa_local;
		u.broadcast |= ifa->ifa_broadcast == gone->ifa_broadcast ||
			       (ifa->ifa_prefixlen < 31 && ifa_brd == gone->ifa_broadcast);
		u.subnet_broadcast |=
			ifa->ifa_broadcast == brd || (ifa->ifa_prefixlen < 31 && ifa_brd == brd);
		u.prefix |= ifa->ifa_mask == gone->ifa_mask && inet_ifa_match(prefix, ifa);
	}
	return u;
}

void fib_del_ifaddr(struct in_ifaddr *ifa, struct in_ifaddr *iprim)
{
	struct in_device *in_dev = ifa->ifa_dev;
	TRACE(in_dev, "delete the routes that go with an address");
	struct net_device *dev = in_dev->dev;
	__be32 prefix = ifa->ifa_address & ifa->ifa_mask;
	struct still_used used = fib_addr_still_used(in_dev, ifa);
	struct in_ifaddr *prim = iprim ? iprim : ifa;
	struct net *net = dev_net(dev);

	if (ifa->ifa_flags & IFA_F_SECONDARY && !iprim) {
		prim = inet_ifa_byprefix(in_dev, prefix, ifa->ifa_mask);
		if (!prim)
			prim = ifa;
	} else if (!(ifa->ifa_flags & IFA_F_SECONDARY) && !ipv4_is_zeronet(prefix) &&
		   (prefix != ifa->ifa_local || ifa->ifa_prefixlen < 32)) {
		fib_magic(RTM_DELROUTE, dev->flags & IFF_LOOPBACK ? RTN_LOCAL : RTN_UNICAST, prefix,
			  ifa->ifa_prefixlen, prim, ifa->ifa_rt_priority);
	}
	if (ifa->ifa_broadcast && !used.broadcast)
		fib_magic(RTM_DELROUTE, RTN_BROADCAST, ifa->ifa_broadcast, 32, prim, 0);
	if (ifa->ifa_prefixlen < 31 && !used.subnet_broadcast &&
	    (prefix | ~ifa->ifa_mask) != ifa->ifa_broadcast)
		fib_magic(RTM_DELROUTE, RTN_BROADCAST, prefix | ~ifa->ifa_mask, 32, prim, 0);
	if (used.local)
		return;
	fib_magic(RTM_DELROUTE, RTN_LOCAL, ifa->ifa_local, 32, prim, 0);
	/* The address is gone from the host: so are the routes that prefer it as their source. */
	if (inet_addr_type_dev_table(net, dev, ifa->ifa_local) != RTN_LOCAL &&
	    fib_sync_down_addr(dev, ifa->ifa_local))
		fib_flush(net);
}

static void fib_disable_ip(struct net_device *dev, unsigned long event, bool force)
{
	TRACE(dev, "remove what the routing knows of a device");
	struct net *net = dev_net(dev);

	if (fib_sync_down_dev(dev, event, force))
		fib_flush(net);
	else
		rt_cache_flush(net);
	arp_ifdown(dev);
}

static int fib_inetaddr_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct in_ifaddr *ifa = ptr;
	struct net_device *dev = ifa->ifa_dev->dev;
	TRACE(dev, "keep the routes in step with the addresses");
	struct net *net = dev_net(dev);

	(void)nb;
	switch (event) {
	case NETDEV_UP:
		fib_add_ifaddr(ifa);
		net->inet->dev_addr_genid++;
		rt_cache_flush(net);
		break;
	case NETDEV_DOWN:
		fib_del_ifaddr(ifa, NULL);
		net->inet->dev_addr_genid++;
		if (!ifa->ifa_dev->ifa_list)
			fib_disable_ip(dev, event, true); /* the last one: IPv4 is off on the device */
		else
			rt_cache_flush(net);
		break;
	}
	return NOTIFY_DONE;
}

static int fib_netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	TRACE(dev, "keep the routes in step with the device");
	struct in_device *in_dev = __in_dev_get_rtnl(dev);
	struct net *net = dev_net(dev);
	struct in_ifaddr *ifa;

	(void)nb;
	if (event == NETDEV_UNREGISTER) {
		fib_disable_ip(dev, event, true);
		rt_flush_dev(dev);
		return NOTIFY_DONE;
	}
	if (!in_dev)
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_UP:
		for (ifa = in_dev->ifa_list; ifa; ifa = ifa->ifa_next)
			fib_add_ifaddr(ifa);
		fib_sync_up(dev, RTNH_F_DEAD);
		net->inet->dev_addr_genid++;
		rt_cache_flush(net);
		break;
	case NETDEV_DOWN:
		fib_disable_ip(dev, event, false);
		break;
	case NETDEV_CHANGE:
		if (dev_get_flags(dev) & (IFF_RUNNING | IFF_LOWER_UP))
			fib_sync_up(dev, RTNH_F_LINKDOWN);
		else
			fib_sync_down_dev(dev, event, false);
		rt_cache_flush(net);
		break;
	case NETDEV_CHANGEMTU:
		fib_sync_mtu(dev, ((const struct netdev_notifier_mtu_info *)ptr)->old);
		rt_cache_flush(net);
		break;
	}
	return NOTIFY_DONE;
}

/* ---- `ip route` ---- */

static u8 route_default_scope(const struct ip_route_spec *spec, u8 type)
{
	if (spec->has_scope)
		return spec->scope;
	if (type == RTN_LOCAL || type == RTN_NAT)
		return RT_SCOPE_HOST;
	if (type == RTN_BROADCAST || type == RTN_MULTICAST || type == RTN_ANYCAST)
		return RT_SCOPE_LINK;
	return spec->gw || fib_props[type].error ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
}

static int route_config(struct net *net, const struct ip_route_spec *spec, struct fib_config *cfg)
{
	struct net_device *dev;

	if (spec->plen < 0 || spec->plen > 32 || spec->type > RTN_MAX)
		return -EINVAL;
	cfg->fc_dst = spec->dst;
	cfg->fc_dst_len = (u8)spec->plen;
	cfg->fc_tos = spec->tos;
	cfg->fc_priority = spec->metric;
	cfg->fc_prefsrc = spec->src;
	cfg->fc_table = spec->table ? spec->table : RT_TABLE_MAIN;
	if (spec->gw) {
		cfg->fc_gw_family = AF_INET;
		cfg->fc_gw4 = spec->gw;
	}
	if (spec->onlink)
		cfg->fc_flags |= RTNH_F_ONLINK;
	if (spec->dev) {
		dev = __dev_get_by_name(net, spec->dev);
		if (!dev)
			return -ENODEV;
		cfg->fc_oif = dev->ifindex;
	}
	return 0;
}

int ip_route_add_spec(struct host *host, const struct ip_route_spec *spec)
{
	struct net *net = host->net;
	struct fib_config cfg = { .fc_protocol = spec->protocol ? spec->protocol : RTPROT_BOOT };
	u32 mx[RTAX_MAX], any = 0;
	struct fib_table *tb;
	int err = route_config(net, spec, &cfg);

	if (err)
		return err;
	cfg.fc_type = spec->type ? spec->type : RTN_UNICAST;
	cfg.fc_scope = route_default_scope(spec, cfg.fc_type);
	cfg.fc_nlflags = spec->change	 ? NLM_F_REPLACE
			 : spec->replace ? NLM_F_CREATE | NLM_F_REPLACE
			 : spec->append	 ? NLM_F_CREATE | NLM_F_APPEND
			 : spec->prepend ? NLM_F_CREATE
			 : spec->test	 ? NLM_F_EXCL
					 : NLM_F_CREATE | NLM_F_EXCL;
	memcpy(mx, spec->mx, sizeof(mx));
	for (unsigned i = RTAX_LOCK; i < RTAX_MAX; i++) /* behind the locks */
		any |= mx[i];
	if (any)
		cfg.fc_mx = mx;
	tb = fib_new_table(net, cfg.fc_table);
	return tb ? fib_table_insert(net, tb, &cfg) : -ENOBUFS;
}

int ip_route_del_spec(struct host *host, const struct ip_route_spec *spec)
{
	struct net *net = host->net;
	struct fib_config cfg = { .fc_scope = RT_SCOPE_NOWHERE, .fc_protocol = spec->protocol };
	struct fib_table *tb;
	int err = route_config(net, spec, &cfg);

	if (err)
		return err;
	cfg.fc_type = spec->type;
	if (spec->has_scope)
		cfg.fc_scope = spec->scope;
	tb = fib_get_table(net, cfg.fc_table);
	return tb ? fib_table_delete(net, tb, &cfg) : -ESRCH;
}

void ip_route_flush_cache(struct host *host)
{
	rt_cache_flush(host->net);
	inet_state(host)->fnhe_genid++;
}

int ip_route_add(struct host *host, __be32 dst, int plen, __be32 gw, const char *dev, u32 metric)
{
	struct ip_route_spec spec = { .dst = dst, .plen = plen, .gw = gw, .dev = dev, .metric = metric };

	return ip_route_add_spec(host, &spec);
}

int ip_route_del(struct host *host, __be32 dst, int plen, __be32 gw, const char *dev, u32 metric)
{
	struct ip_route_spec spec = { .dst = dst, .plen = plen, .gw = gw, .dev = dev, .metric = metric };

	return ip_route_del_spec(host, &spec);
}

/* ---- start and end ---- */

void ip_fib_init(struct host *host)
{
	struct inet_state *inet = inet_state(host);

	inet->fib_inetaddr_notifier.notifier_call = fib_inetaddr_event;
	inet->fib_netdev_notifier.notifier_call = fib_netdev_event;
	register_inetaddr_notifier(host, &inet->fib_inetaddr_notifier);
	register_netdevice_notifier(host->net, &inet->fib_netdev_notifier);
}

void ip_fib_exit(struct host *host)
{
	struct inet_state *inet = inet_state(host);
	struct fib_table *tb;

	unregister_inetaddr_notifier(host, &inet->fib_inetaddr_notifier);
	unregister_netdevice_notifier(host->net, &inet->fib_netdev_notifier);
	for (tb = inet->fib_tables; tb; tb = tb->next)
		fib_table_flush(host->net, tb, true);
	while ((tb = inet->fib_tables) != NULL) {
		inet->fib_tables = tb->next;
		fib_free_table(tb);
	}
	inet->fib_main = inet->fib_local = NULL;
}
