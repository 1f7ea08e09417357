/*
 * Life of a route cache entry (struct rtable), and the operations of IPv4's dst_entry: is it still valid,
 * its mtu, what to do when its next hop is not there.
 *
 * Entries are cached at the next hop of the route that they were made from, one for output and one for
 * input, or at an exception of it (a path with a smaller mtu). What cannot be cached is on the host's
 * uncached list while it is in use. Raising rt_genid makes all of them stale (rt_cache_flush()).
 */
#include "stack/internet/route.h"

#include "stack/internet/arp.h"
#include "stack/internet/icmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/transport/inet_sock.h"

#define ip_rt_min_advmss 256
#define TCP_IP_HEADERS 40u

void rt_cache_flush(struct net *net)
{
	TRACE(net, "make all cached routes stale");
	net->inet->rt_genid++;
}

static bool rt_is_expired(const struct rtable *rth)
{
	return rth->rt_genid != inet_state(rth->dst.host)->rt_genid;
}

bool rt_cache_valid(const struct rtable *rt, struct host *host)
{
	TRACE_LEAF(host, "check that the cached route still holds");
	return rt && rt->dst.obsolete == DST_OBSOLETE_FORCE_CHK && !rt_is_expired(rt);
}

/* ---- entries ---- */

static const struct dst_ops ipv4_dst_ops;

static struct rtable *rtable_new(struct net_device *dev, unsigned int flags, u16 type, bool noxfrm)
{
	struct inet_state *inet = inet_state(dev->host);
	struct rtable *rt = (struct rtable *)dst_alloc(&ipv4_dst_ops, inet->rtable_cache, dev, 1,
						       DST_OBSOLETE_FORCE_CHK, noxfrm ? DST_NOXFRM : 0);

	if (!rt)
		return NULL;
	rt->rt_genid = inet->rt_genid;
	rt->rt_flags = flags;
	rt->rt_type = type;
	rt->rt_is_input = 0;
	rt->rt_uses_gateway = 0;
	rt->rt_iif = 0;
	rt->rt_gw_family = 0;
	rt->rt_gw4 = 0;
	rt->rt_pmtu = 0;
	rt->rt_mtu_locked = 0;
	INIT_LIST_HEAD(&rt->rt_uncached);
	rt->dst.output = ip_output;
	if (flags & RTCF_LOCAL)
		rt->dst.input = ip_local_deliver;
	return rt;
}

struct rtable *rt_dst_alloc(struct net_device *dev, unsigned int flags, u16 type, bool noxfrm)
{
	TRACE(dev, "set up rtable and install ops");
	return rtable_new(dev, flags, type, noxfrm);
}

struct rtable *rt_dst_clone(struct net_device *dev, const struct rtable *rt)
{
	TRACE(dev, "copy a route, by another device");
	struct rtable *new_rt = rtable_new(dev, rt->rt_flags, rt->rt_type, false);

	if (!new_rt)
		return NULL;
	new_rt->rt_is_input = rt->rt_is_input;
	new_rt->rt_iif = rt->rt_iif;
	new_rt->rt_pmtu = rt->rt_pmtu;
	new_rt->rt_mtu_locked = rt->rt_mtu_locked;
	new_rt->rt_gw_family = rt->rt_gw_family;
	new_rt->rt_gw4 = rt->rt_gw4;
	new_rt->rt_uses_gateway = rt->rt_uses_gateway;
	new_rt->dst.input = rt->dst.input;
	new_rt->dst.output = rt->dst.output;
	new_rt->dst.error = rt->dst.error;
	return new_rt;
}

void rt_add_uncached_list(struct rtable *rt)
{
	TRACE(&rt->dst, "keep track of a route that is not cached");
	list_add_tail(&rt->rt_uncached, &inet_state(rt->dst.host)->rt_uncached_list);
}

void rt_del_uncached_list(struct rtable *rt)
{
	TRACE(&rt->dst, "forget a route that was not cached");
	if (!list_empty(&rt->rt_uncached))
		list_del_init(&rt->rt_uncached);
}

void rt_flush_dev(struct net_device *dev)
{
	TRACE(dev, "take uncached routes off a device that goes away");
	struct rtable *rt;

	list_for_each_entry (rt, &inet_state(dev->host)->rt_uncached_list, rt_uncached) {
		if (rt->dst.dev == dev)
			dst_dev_put(&rt->dst);
	}
}

static void ipv4_dst_destroy(struct dst_entry *dst)
{
	TRACE(dst, "free an ipv4 route entry");
	struct rtable *rt = (struct rtable *)dst;

	rt_del_uncached_list(rt);
	kmem_cache_free(dst->host, inet_state(dst->host)->rtable_cache, rt);
}

/* ---- caching at the next hop ---- */

bool rt_cache_route(struct fib_nh_common *nhc, struct rtable *rt)
{
	TRACE(&rt->dst, "cache the route at its next hop");
	struct rtable **p = rt_is_input_route(rt) ? &nhc->nhc_rth_input : &nhc->nhc_rth_output;
	struct rtable *orig = *p;

	dst_hold(&rt->dst);
	*p = rt;
	if (orig) {
		rt_add_uncached_list(orig);
		dst_release(&orig->dst);
	}
	return true;
}

void rt_set_nexthop(struct rtable *rt, __be32 daddr, const struct fib_result *res,
		    struct fib_nh_exception *fnhe, struct fib_info *fi, u16 type, bool do_cache)
{
	TRACE(&rt->dst, "save gw ip from fib to rtable");
	struct fib_nh_common *nhc;
	bool cached = false;

	(void)type;
	if (!fi) {
		rt_add_uncached_list(rt);
		return;
	}
	nhc = FIB_RES_NHC(*res);
	if (nhc->nhc_gw_family && nhc->nhc_scope == RT_SCOPE_LINK) {
		rt->rt_uses_gateway = 1;
		rt->rt_gw_family = nhc->nhc_gw_family;
		rt->rt_gw4 = nhc->nhc_gw4;
	}
	if (fi->fib_metrics) {
		fi->fib_metrics->refcnt++;
		rt->dst.metrics = fi->fib_metrics;
		rt->dst._metrics = fi->fib_metrics->metrics;
	}
	if (unlikely(fnhe))
		cached = rt_bind_exception(rt, fnhe, daddr, do_cache);
	else if (do_cache)
		cached = rt_cache_route(nhc, rt);
	if (!cached) {
		if (!rt->rt_gw4) {
			rt->rt_gw_family = AF_INET;
			rt->rt_gw4 = daddr;
		}
		rt_add_uncached_list(rt);
	}
}

struct net_device *ip_rt_get_dev(struct net *net, const struct fib_result *res)
{
	TRACE(net, "choose the device of a local route: loopback");
	(void)res;
	return net->loopback_dev;
}

/* ---- operations: validity ---- */

static struct dst_entry *ipv4_dst_check(struct dst_entry *dst, u32 cookie)
{
	TRACE_LEAF(dst, "check that the route is still valid");
	const struct rtable *rt = (const struct rtable *)dst;

	(void)cookie;
	if (dst->obsolete != DST_OBSOLETE_FORCE_CHK || rt_is_expired(rt))
		return NULL;
	return dst;
}

/* The holder gives its reference up when NULL comes back. */
static struct dst_entry *ipv4_negative_advice(struct dst_entry *dst)
{
	TRACE(dst, "give the route up when it is stale or was doubted");
	struct rtable *rt = (struct rtable *)dst;

	if (dst->obsolete > 0 || (rt->rt_flags & RTCF_REDIRECTED) || dst->expires) {
		ip_rt_put(rt);
		return NULL;
	}
	return dst;
}

/* ---- operations: mtu ---- */

unsigned int ip_dst_mtu_maybe_forward(const struct dst_entry *dst, bool forwarding)
{
	TRACE_LEAF(dst, "get the mtu: learnt for the path, of the route, or of the device");
	const struct rtable *rt = (const struct rtable *)dst;
	bool locked = rt->rt_mtu_locked || dst_metric_locked(dst, RTAX_MTU);
	unsigned int mtu;

	if (!forwarding || locked || dst->host->net->ipv4.sysctl_ip_fwd_use_pmtu) {
		mtu = rt->rt_pmtu;
		if (mtu && time_before(jiffies(dst->host), dst->expires))
			goto out;
	}
	mtu = dst_metric_raw(dst, RTAX_MTU);
	if (mtu)
		goto out;
	mtu = dst->dev->mtu;
	if (unlikely(locked) && rt->rt_uses_gateway && mtu > 576)
		mtu = 576;
out:
	return min(mtu, IP_MAX_MTU);
}

unsigned int ipv4_mtu(const struct dst_entry *dst)
{
	TRACE(dst, "get the mtu of an ipv4 path");
	return ip_dst_mtu_maybe_forward(dst, false);
}

static unsigned int ipv4_default_advmss(const struct dst_entry *dst)
{
	TRACE(dst, "compute the mss to advertise from the mtu");
	unsigned int advmss = max_t(unsigned int, ipv4_mtu(dst) - TCP_IP_HEADERS, ip_rt_min_advmss);

	return min(advmss, IPV4_MAX_PMTU - TCP_IP_HEADERS);
}

void ipv4_confirm_neigh(const struct dst_entry *dst, const void *daddr)
{
	const struct rtable *rt = (const struct rtable *)dst;
	struct net_device *dev = dst->dev;
	__be32 pkey;

	if (rt->rt_gw_family == AF_INET)
		pkey = rt->rt_gw4;
	else if (!daddr || (rt->rt_flags & (RTCF_MULTICAST | RTCF_BROADCAST | RTCF_LOCAL)))
		return;
	else
		memcpy(&pkey, daddr, sizeof(pkey));
	neigh_confirm(__ipv4_neigh_lookup_noref(dev, pkey));
}

void ip_rt_get_source(u8 *addr, struct sk_buff *skb, const struct rtable *rt)
{
	TRACE_SKB(skb, "find our address that goes with the packet's route");
	const struct iphdr *iph = ip_hdr(skb);
	struct net *net = skb->host->net;
	__be32 src = iph->saddr;
	struct fib_result res;

	if (rt_is_input_route(rt)) {
		struct flowi4 fl4 = {
			.daddr = iph->daddr,
			.saddr = iph->saddr,
			.flowi4_tos = RT_TOS(iph->tos),
			.flowi4_oif = rt->dst.dev->ifindex,
			.flowi4_iif = skb->dev->ifindex,
		};

		if (!fib_lookup(net, &fl4, &res, 0))
			src = fib_result_prefsrc(net, &res);
		else
			src = inet_select_addr(rt->dst.dev, rt_nexthop(rt, iph->daddr), RT_SCOPE_UNIVERSE);
	}
	memcpy(addr, &src, 4);
}

int ip4_dst_hoplimit(const struct dst_entry *dst)
{
	u32 hoplimit = dst_metric_raw(dst, RTAX_HOPLIMIT);

	return hoplimit ? (int)hoplimit : dst->host->net->ipv4.sysctl_ip_default_ttl;
}

/* ---- operations: neighbours ---- */

struct neighbour *ip_neigh_gw4(struct net_device *dev, __be32 daddr)
{
	TRACE(dev, "find the neighbour of an ipv4 address");
	struct neighbour *neigh = __ipv4_neigh_lookup_noref(dev, daddr);

	if (unlikely(!neigh))
		neigh = __neigh_create(arp_tbl(dev_net(dev)), &daddr, dev, false);
	return neigh;
}

static struct neighbour *ipv4_neigh_lookup(const struct dst_entry *dst, struct sk_buff *skb,
					   const void *daddr)
{
	TRACE(dst, "find the neighbour that the route leads to");
	const struct rtable *rt = (const struct rtable *)dst;
	struct neighbour *n;
	__be32 pkey;

	if (rt->rt_gw_family == AF_INET)
		pkey = rt->rt_gw4;
	else if (skb)
		pkey = ip_hdr(skb)->daddr;
	else
		memcpy(&pkey, daddr, sizeof(pkey));
	n = ip_neigh_gw4(dst->dev, pkey);
	if (!IS_ERR(n))
		neigh_hold(n);
	return n;
}

static void ipv4_send_dest_unreach(struct sk_buff *skb)
{
	TRACE_SKB(skb, "tell the sender that the host cannot be reached");
	struct ip_options opt = { 0 };

	/* The packet may be ours and have no options parsed, or one to be forwarded. */
	if (!pskb_network_may_pull(skb, sizeof(struct iphdr)) || ip_hdr(skb)->version != 4 ||
	    ip_hdr(skb)->ihl < 5)
		return;
	if (ip_hdr(skb)->ihl > 5) {
		if (!pskb_network_may_pull(skb, ip_hdrlen(skb)))
			return;
		opt.optlen = (u8)(ip_hdrlen(skb) - sizeof(struct iphdr));
		if (__ip_options_compile(skb->host->net, &opt, skb, NULL))
			return;
	}
	__icmp_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0, &opt);
}

static void ipv4_link_failure(struct sk_buff *skb)
{
	TRACE_SKB(skb, "the next hop does not answer: tell the sender, doubt the route");
	struct rtable *rt;

	ipv4_send_dest_unreach(skb);
	rt = skb_rtable(skb);
	if (rt)
		dst_set_expires(&rt->dst, 0);
}

/* ---- start and end ---- */

int ip_rt_init(struct host *host)
{
	struct inet_state *inet = inet_state(host);
	int err;

	inet->rtable_cache = kmem_cache_create(host, "ip_dst_cache", sizeof(struct rtable));
	if (!inet->rtable_cache)
		return -ENOMEM;
	random_init(&inet->route_random, host->sim, host->name, "ip/route");
	inet->fnhe_key = random_u32(&inet->route_random);
	inet->dev_addr_genid = 1;
	err = devinet_init(host);
	if (err)
		return err;
	ip_fib_init(host);
	return 0;
}

void ip_rt_exit(struct host *host)
{
	devinet_exit(host);
	ip_fib_exit(host);
}

static const struct dst_ops ipv4_dst_ops = {
	.family = AF_INET,
	.check = ipv4_dst_check,
	.default_advmss = ipv4_default_advmss,
	.mtu = ipv4_mtu,
	.destroy = ipv4_dst_destroy,
	.negative_advice = ipv4_negative_advice,
	.link_failure = ipv4_link_failure,
	.update_pmtu = ip_rt_update_pmtu,
	.redirect = ip_do_redirect,
	.neigh_lookup = ipv4_neigh_lookup,
	.confirm_neigh = ipv4_confirm_neigh,
};
