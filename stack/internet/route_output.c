/*
 * Routes of packets that the host sends: from addresses and ports to a struct rtable. Called by connect,
 * by sends without a connection, and by IP for its own answers.
 */
#include "stack/internet/igmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/internet/route.h"
#include "stack/transport/inet_sock.h"

/* The route in the cache of the next hop, with a reference, or NULL. Sets *do_cache false when it must not be
 * kept. */
static struct rtable *route_from_cache(struct host *host, struct fib_nh_common *nhc,
				       struct fib_nh_exception *fnhe, const struct flowi4 *fl4,
				       bool *do_cache)
{
	struct rtable *rth;

	if (fnhe) {
		rth = fnhe->fnhe_rth_output;
	} else {
		if (unlikely((fl4->flowi4_flags & FLOWI_FLAG_KNOWN_NH) &&
			     !(nhc->nhc_gw_family && nhc->nhc_scope == RT_SCOPE_LINK))) {
			*do_cache = false;
			return NULL;
		}
		rth = nhc->nhc_rth_output;
	}
	return rt_cache_valid(rth, host) && dst_hold_safe(&rth->dst) ? rth : NULL;
}

static struct rtable *__mkroute_output(const struct fib_result *res, const struct flowi4 *fl4, int orig_oif,
				       struct net_device *dev_out, u32 flags)
{
	TRACE(dev_out, "take the cached route, or make one");
	struct in_device *in_dev = __in_dev_get_rcu(dev_out);
	struct fib_nh_exception *fnhe = NULL;
	struct fib_info *fi = res->fi;
	u16 type = res->type;
	bool do_cache = true;
	struct rtable *rth;

	if (!in_dev)
		return ERR_PTR(-EINVAL);
	if (ipv4_is_loopback(fl4->saddr) && !(dev_out->flags & IFF_LOOPBACK) &&
	    !IN_DEV_ROUTE_LOCALNET(in_dev))
		return ERR_PTR(-EINVAL);
	if (ipv4_is_lbcast(fl4->daddr))
		type = RTN_BROADCAST;
	else if (ipv4_is_multicast(fl4->daddr))
		type = RTN_MULTICAST;
	else if (ipv4_is_zeronet(fl4->daddr))
		return ERR_PTR(-EINVAL);
	if (dev_out->flags & IFF_LOOPBACK)
		flags |= RTCF_LOCAL;
	if (type == RTN_BROADCAST) {
		flags |= RTCF_BROADCAST | RTCF_LOCAL;
		fi = NULL;
	} else if (type == RTN_MULTICAST) {
		flags |= RTCF_MULTICAST;
		if (ip_check_mc_rcu(in_dev, fl4->daddr, fl4->saddr, fl4->flowi4_proto)) {
			flags |= RTCF_LOCAL; /* a copy comes back to us */
			do_cache = false;
		} else {
			flags &= ~(u32)RTCF_LOCAL;
		}
		if (fi && res->prefixlen < 4)
			fi = NULL; /* the default route is no group's */
	} else if (type == RTN_LOCAL && orig_oif != 0 && orig_oif != dev_out->ifindex) {
		do_cache = false; /* rt_iif differs from caller to caller */
	}
	do_cache &= fi != NULL;
	if (fi) {
		struct fib_nh_common *nhc = FIB_RES_NHC(*res);

		fnhe = find_exception(dev_out->host, nhc, fl4->daddr);
		if (do_cache) {
			rth = route_from_cache(dev_out->host, nhc, fnhe, fl4, &do_cache);
			if (rth)
				return rth;
		}
	}
	rth = rt_dst_alloc(dev_out, flags, type, in_dev->cnf.noxfrm);
	if (!rth)
		return ERR_PTR(-ENOBUFS);
	rth->rt_iif = orig_oif;
	if ((flags & (RTCF_BROADCAST | RTCF_MULTICAST)) && (flags & RTCF_LOCAL) &&
	    !(dev_out->flags & IFF_LOOPBACK))
		rth->dst.output = ip_mc_output;
	rt_set_nexthop(rth, fl4->daddr, res, fnhe, fi, type, do_cache);
	return rth;
}

/* The source address is given: may it be used? 0 (and the device, when that is decided now), or an errno. */
static int route_check_saddr(struct net *net, struct flowi4 *fl4, struct net_device **dev_out)
{
	if (ipv4_is_multicast(fl4->saddr) || ipv4_is_lbcast(fl4->saddr))
		return -EINVAL;
	if (fl4->flowi4_oif == 0 && (ipv4_is_multicast(fl4->daddr) || ipv4_is_lbcast(fl4->daddr))) {
		/* Sent by the device that has the address, whatever the table says. */
		*dev_out = __ip_dev_find(net, fl4->saddr, false);
		if (!*dev_out)
			return -ENETUNREACH;
		fl4->flowi4_oif = (*dev_out)->ifindex;
		return 0;
	}
	if (!(fl4->flowi4_flags & FLOWI_FLAG_ANYSRC) && !__ip_dev_find(net, fl4->saddr, false))
		return -ENETUNREACH;
	return 0;
}

/* The device is given. 0, or an errno; *done: the device alone decides (broadcast, link-local groups). */
static int route_check_oif(struct net *net, struct flowi4 *fl4, struct net_device **dev_out, bool *done)
{
	struct net_device *dev = dev_get_by_index_rcu(net, fl4->flowi4_oif);

	if (!dev)
		return -ENODEV;
	if (!(dev->flags & IFF_UP) || !__in_dev_get_rcu(dev))
		return -ENETUNREACH;
	*dev_out = dev;
	if (ipv4_is_local_multicast(fl4->daddr) || ipv4_is_lbcast(fl4->daddr) ||
	    fl4->flowi4_proto == IPPROTO_IGMP) {
		if (!fl4->saddr)
			fl4->saddr = inet_select_addr(dev, 0, RT_SCOPE_LINK);
		*done = true;
		return 0;
	}
	if (!fl4->saddr) {
		if (ipv4_is_multicast(fl4->daddr))
			fl4->saddr = inet_select_addr(dev, 0, fl4->flowi4_scope);
		else if (!fl4->daddr)
			fl4->saddr = inet_select_addr(dev, 0, RT_SCOPE_HOST);
	}
	return 0;
}

struct rtable *ip_route_output_key_hash_rcu(struct net *net, struct flowi4 *fl4, struct fib_result *res,
					    const struct sk_buff *skb)
{
	TRACE(net, "find the route of a packet to send");
	struct net_device *dev_out = NULL;
	int orig_oif = fl4->flowi4_oif, err;
	unsigned int flags = 0;
	bool done = false;

	if (fl4->saddr) {
		err = route_check_saddr(net, fl4, &dev_out);
		if (err)
			return ERR_PTR(err);
		if (dev_out)
			goto make_route;
	}
	if (fl4->flowi4_oif) {
		err = route_check_oif(net, fl4, &dev_out, &done);
		if (err)
			return ERR_PTR(err);
		if (done)
			goto make_route;
	}
	if (!fl4->daddr) { /* to "this host" */
		fl4->daddr = fl4->saddr;
		if (!fl4->daddr)
			fl4->daddr = fl4->saddr = htonl(INADDR_LOOPBACK);
		dev_out = net->loopback_dev;
		fl4->flowi4_oif = LOOPBACK_IFINDEX;
		res->type = RTN_LOCAL;
		flags |= RTCF_LOCAL;
		goto make_route;
	}
	err = fib_lookup(net, fl4, res, 0);
	if (err) {
		res->fi = NULL;
		res->table = NULL;
		if (!fl4->flowi4_oif)
			return ERR_PTR(err);
		/* No route, but the device was named: the address is taken to be on its link. */
		if (fl4->saddr == 0)
			fl4->saddr = inet_select_addr(dev_out, 0, RT_SCOPE_LINK);
		res->type = RTN_UNICAST;
		goto make_route;
	}
	if (res->type == RTN_LOCAL) {
		if (!fl4->saddr)
			fl4->saddr = res->fi->fib_prefsrc ? res->fi->fib_prefsrc : fl4->daddr;
		dev_out = net->loopback_dev;
		orig_oif = FIB_RES_OIF(*res);
		fl4->flowi4_oif = dev_out->ifindex;
		flags |= RTCF_LOCAL;
		goto make_route;
	}
	fib_select_path(net, res, fl4, skb);
	dev_out = FIB_RES_DEV(*res);
make_route:
	return __mkroute_output(res, fl4, orig_oif, dev_out, flags);
}

static void ip_rt_fix_tos(struct net *net, struct flowi4 *fl4)
{
	TRACE_LEAF(net, "take the scope out of the tos of a look-up");
	u8 tos = fl4->flowi4_tos & (IPTOS_RT_MASK | RTO_ONLINK);

	fl4->flowi4_tos = tos & IPTOS_RT_MASK;
	fl4->flowi4_scope = tos & RTO_ONLINK ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

struct rtable *ip_route_output_key_hash(struct net *net, struct flowi4 *fl4, const struct sk_buff *skb)
{
	TRACE(net, "find the route of a packet to send, and its source address");
	struct fib_result res = { .type = RTN_UNSPEC };

	fl4->flowi4_iif = LOOPBACK_IFINDEX;
	ip_rt_fix_tos(net, fl4);
	return ip_route_output_key_hash_rcu(net, fl4, &res, skb);
}

struct rtable *__ip_route_output_key(struct net *net, struct flowi4 *flp)
{
	TRACE(net, "find the route of a flow");
	return ip_route_output_key_hash(net, flp, NULL);
}

struct rtable *ip_route_output_flow(struct net *net, struct flowi4 *flp, const struct sock *sk)
{
	TRACE(net, "decide addr, interface, gw ip");
	(void)sk; /* no IPsec policies to look at */
	return __ip_route_output_key(net, flp);
}

struct rtable *ip_route_output_ports(struct net *net, struct flowi4 *fl4, struct sock *sk, __be32 daddr,
				     __be32 saddr, __be16 dport, __be16 sport, u8 proto, u8 tos, int oif)
{
	TRACE(net, "find the route of a socket's packets");
	flowi4_init_output(fl4, oif, sk ? sk->sk_mark : 0, tos, RT_SCOPE_UNIVERSE, proto,
			   sk ? inet_sk_flowi_flags(sk) : 0, daddr, saddr, dport, sport);
	return ip_route_output_flow(net, fl4, sk);
}

static void ip_route_connect_init(struct flowi4 *fl4, __be32 dst, __be32 src, u32 tos, int oif, u8 protocol,
				  __be16 sport, __be16 dport, const struct sock *sk)
{
	TRACE_SK(sk, "init flowi4");
	flowi4_init_output(fl4, oif, sk->sk_mark, (u8)tos, RT_SCOPE_UNIVERSE, protocol,
			   inet_sk(sk)->transparent ? FLOWI_FLAG_ANYSRC : 0, dst, src, dport, sport);
}

struct rtable *ip_route_connect(struct flowi4 *fl4, __be32 dst, __be32 src, u32 tos, int oif, u8 protocol,
				__be16 sport, __be16 dport, struct sock *sk)
{
	TRACE_SK(sk, "prepare routing table, and decide next hop");
	struct net *net = sock_net(sk);
	struct rtable *rt;

	ip_route_connect_init(fl4, dst, src, tos, oif, protocol, sport, dport, sk);
	if (!dst || !src) {
		/* Once to find the address that was left open, then again with it. */
		rt = __ip_route_output_key(net, fl4);
		if (IS_ERR(rt))
			return rt;
		ip_rt_put(rt);
		flowi4_update_output(fl4, oif, (u8)tos, fl4->daddr, fl4->saddr);
	}
	return ip_route_output_flow(net, fl4, sk);
}

struct rtable *ip_route_newports(struct flowi4 *fl4, struct rtable *rt, __be16 orig_sport, __be16 orig_dport,
				 __be16 sport, __be16 dport, struct sock *sk)
{
	TRACE_SK(sk, "find the route again when the ports changed");
	if (sport == orig_sport && dport == orig_dport)
		return rt;
	fl4->fl4_dport = dport;
	fl4->fl4_sport = sport;
	ip_rt_put(rt);
	flowi4_update_output(fl4, sk->sk_bound_dev_if, (u8)RT_CONN_FLAGS(sk), fl4->daddr, fl4->saddr);
	return ip_route_output_flow(sock_net(sk), fl4, sk);
}
