/*
 * Routes of received packets: delivered here, forwarded, or refused (martians). Called for every packet
 * that early demux did not give its socket's route, and by ARP for the address that is asked for.
 */
#include <stdio.h>

#include "stack/interface/etherdevice.h"
#include "stack/internet/icmp.h"
#include "stack/internet/inetpeer.h"
#include "stack/internet/igmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/internet/route.h"
#include "stack/kernel/printk.h"

#define ip_rt_error_cost (1ul * HZ)
#define ip_rt_error_burst (5ul * HZ)

/* A route for input that is handed to an output: a bug of the stack. */
static int ip_rt_bug(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)net, (void)sk;
	SIM_BUG_ON(skb->host, true);
	kfree_skb(skb);
	return -EINVAL;
}

/* The sender's own limit of "unreachable" messages: one a second, five at once. */
static bool ip_error_allowed(struct sk_buff *skb)
{
	struct inet_peer *peer = inet_getpeer_v4(skb->host->net, ip_hdr(skb)->saddr, true);
	unsigned long now = jiffies(skb->host);

	if (!peer)
		return true;
	peer->rate_tokens =
		min_t(unsigned long, peer->rate_tokens + now - peer->rate_last, ip_rt_error_burst);
	peer->rate_last = now;
	if (peer->rate_tokens < ip_rt_error_cost)
		return false;
	peer->rate_tokens -= ip_rt_error_cost;
	return true;
}

int ip_error(struct sk_buff *skb)
{
	TRACE_SKB(skb, "refuse a packet that has no route");
	struct in_device *in_dev = __in_dev_get_rcu(skb->dev);
	struct net *net = skb->host->net;
	int error = skb_rtable(skb)->dst.error, code;

	if (!in_dev)
		goto out;
	if (!IN_DEV_FORWARD(in_dev)) {
		if (error == EHOSTUNREACH)
			__IP_INC_STATS(net, IPSTATS_MIB_INADDRERRORS);
		else if (error == ENETUNREACH)
			__IP_INC_STATS(net, IPSTATS_MIB_INNOROUTES);
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_NOT_FORWARDING);
		return 0;
	}
	switch (error) {
	case EHOSTUNREACH:
		code = ICMP_HOST_UNREACH;
		break;
	case ENETUNREACH:
		code = ICMP_NET_UNREACH;
		__IP_INC_STATS(net, IPSTATS_MIB_INNOROUTES);
		break;
	case EACCES:
		code = ICMP_PKT_FILTERED;
		break;
	default: /* a black hole */
		goto out;
	}
	if (ip_error_allowed(skb))
		icmp_send(skb, ICMP_DEST_UNREACH, code, 0);
out:
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_INNOROUTES);
	return 0;
}

/* ---- martians: addresses that cannot be where they were found ---- */

/* The frame's header is the only hint at who sent it (RFC 1812). */
static void martian_log_header(const struct sk_buff *skb, const struct net_device *dev)
{
	char text[3 * 32 + 1] = "";
	int n = 0;

	if (!dev->hard_header_len || !skb_mac_header_was_set(skb))
		return;
	for (unsigned int i = 0; i < min_t(unsigned int, dev->hard_header_len, 32); i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %02x", skb_mac_header(skb)[i]);
	pr_warn(skb->host, "ll header: 00000000:%s", text);
}

static void ip_handle_martian_source(struct net_device *dev, struct in_device *in_dev, struct sk_buff *skb,
				     __be32 daddr, __be32 saddr)
{
	TRACE_SKB(skb, "the source address cannot come in this way: log it if asked to");
	if (!IN_DEV_LOG_MARTIANS(in_dev) || !net_ratelimit(skb->host))
		return;
	pr_warn(skb->host, "IPv4: martian source " NIPQUAD_FMT " from " NIPQUAD_FMT ", on dev %s",
		NIPQUAD(daddr), NIPQUAD(saddr), dev->name);
	martian_log_header(skb, dev);
}

static int martian_destination(struct sk_buff *skb, const struct in_device *in_dev, __be32 daddr,
			       __be32 saddr)
{
	if (IN_DEV_LOG_MARTIANS(in_dev))
		net_warn_ratelimited(skb->host,
				     "IPv4: martian destination " NIPQUAD_FMT " from " NIPQUAD_FMT ", dev %s",
				     NIPQUAD(daddr), NIPQUAD(saddr), in_dev->dev->name);
	return -EINVAL;
}

/* ---- forwarding ---- */

/* The packet would leave by the device that it came in by: should the sender be told of a shorter way? */
static void route_note_redirect(struct sk_buff *skb, const struct fib_nh_common *nhc,
				struct in_device *out_dev, __be32 saddr)
{
	__be32 gw = nhc->nhc_gw_family == AF_INET ? nhc->nhc_gw4 : 0;

	if (IN_DEV_SHARED_MEDIA(out_dev) || inet_addr_onlink(out_dev, saddr, gw))
		IPCB(skb)->flags |= IPSKB_DOREDIRECT;
}

static int __mkroute_input(struct sk_buff *skb, const struct fib_result *res, struct in_device *in_dev,
			   __be32 daddr, __be32 saddr, u8 tos)
{
	TRACE_SKB(skb, "take the cached route for forwarding, or make one");
	struct fib_nh_common *nhc = FIB_RES_NHC(*res);
	struct in_device *out_dev = __in_dev_get_rcu(nhc->nhc_dev);
	struct fib_nh_exception *fnhe;
	bool do_cache;
	struct rtable *rth;
	u32 itag = 0;
	int err;

	if (!out_dev)
		return -EINVAL;
	err = fib_validate_source(skb, saddr, daddr, tos, FIB_RES_OIF(*res), in_dev->dev, in_dev, &itag);
	if (err < 0) {
		ip_handle_martian_source(in_dev->dev, in_dev, skb, daddr, saddr);
		return err;
	}
	do_cache = res->fi && !itag;
	if (out_dev == in_dev) {
		if (skb->protocol != htons(ETH_P_IP)) {
			if (!IN_DEV_PROXY_ARP_PVLAN(in_dev))
				return -EINVAL; /* no proxy ARP back to the same link */
		} else if (err && IN_DEV_TX_REDIRECTS(out_dev)) {
			route_note_redirect(skb, nhc, out_dev, saddr);
		}
	}
	fnhe = find_exception(skb->host, nhc, daddr);
	if (do_cache) {
		rth = fnhe ? fnhe->fnhe_rth_input : nhc->nhc_rth_input;
		if (rt_cache_valid(rth, skb->host)) {
			skb_dst_set_noref(skb, &rth->dst);
			return 0;
		}
	}
	rth = rt_dst_alloc(out_dev->dev, 0, res->type, out_dev->cnf.noxfrm);
	if (!rth)
		return -ENOBUFS;
	rth->rt_is_input = 1;
	rth->dst.input = ip_forward;
	rt_set_nexthop(rth, daddr, res, fnhe, res->fi, res->type, do_cache);
	skb_dst_set(skb, &rth->dst);
	return 0;
}

static int ip_mkroute_input(struct sk_buff *skb, struct fib_result *res, struct in_device *in_dev,
			    __be32 daddr, __be32 saddr, u8 tos)
{
	TRACE_SKB(skb, "make the route of a packet to forward");
	return __mkroute_input(skb, res, in_dev, daddr, saddr, tos);
}

/* ---- local delivery ---- */

/* Lends or gives the packet the route to this host. `error`: it is no route but a refusal. */
static int route_local_input(struct sk_buff *skb, struct fib_result *res, struct net_device *dev,
			     unsigned int flags, u32 itag, int error)
{
	struct net *net = dev_net(dev);
	bool do_cache =
		res->fi && !itag && !(res->type == RTN_BROADCAST && net->inet->devconf_all.bc_forwarding);
	struct rtable *rth;

	if (do_cache) {
		rth = FIB_RES_NHC(*res)->nhc_rth_input;
		if (rt_cache_valid(rth, skb->host)) {
			skb_dst_set_noref(skb, &rth->dst);
			return 0;
		}
	}
	rth = rt_dst_alloc(ip_rt_get_dev(net, res), flags | RTCF_LOCAL, res->type, false);
	if (!rth)
		return -ENOBUFS;
	rth->dst.output = ip_rt_bug;
	rth->rt_is_input = 1;
	if (res->type == RTN_UNREACHABLE) {
		rth->dst.input = ip_error;
		rth->dst.error = (short)-error;
		rth->rt_flags &= ~RTCF_LOCAL;
	}
	if (do_cache)
		rt_cache_route(FIB_RES_NHC(*res), rth);
	skb_dst_set(skb, &rth->dst);
	return 0;
}

/* Addresses that no packet from a wire may have. */
enum martian { NOT_MARTIAN, MARTIAN_SOURCE, MARTIAN_DESTINATION };

static enum martian martian_check(const struct in_device *in_dev, __be32 daddr, __be32 saddr)
{
	if (ipv4_is_zeronet(saddr))
		return MARTIAN_SOURCE;
	if (ipv4_is_zeronet(daddr))
		return MARTIAN_DESTINATION;
	if (IN_DEV_ROUTE_LOCALNET(in_dev))
		return NOT_MARTIAN;
	if (ipv4_is_loopback(daddr) && !(in_dev->dev->flags & IFF_LOOPBACK))
		return MARTIAN_DESTINATION;
	if (ipv4_is_loopback(saddr) && !(in_dev->dev->flags & IFF_LOOPBACK))
		return MARTIAN_SOURCE;
	return NOT_MARTIAN;
}

static int ip_route_input_slow(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos,
			       struct net_device *dev, struct fib_result *res)
{
	TRACE_SKB(skb, "find the route of a received packet in the fib");
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	struct net *net = dev_net(dev);
	struct flowi4 fl4 = {
		.flowi4_iif = dev->ifindex,
		.flowi4_tos = tos,
		.flowi4_scope = RT_SCOPE_UNIVERSE,
		.daddr = daddr,
		.saddr = saddr,
	};
	enum martian martian;
	u32 itag = 0;
	int err;

	if (!in_dev)
		return -EINVAL;
	res->fi = NULL;
	res->table = NULL;
	if (ipv4_is_multicast(saddr) || ipv4_is_lbcast(saddr))
		goto martian_source;
	if (ipv4_is_lbcast(daddr) || (saddr == 0 && daddr == 0))
		goto brd_input;
	martian = martian_check(in_dev, daddr, saddr);
	if (unlikely(martian == MARTIAN_SOURCE))
		goto martian_source;
	if (unlikely(martian == MARTIAN_DESTINATION))
		return martian_destination(skb, in_dev, daddr, saddr);
	err = fib_lookup(net, &fl4, res, 0);
	if (err) {
		if (!IN_DEV_FORWARD(in_dev))
			err = -EHOSTUNREACH;
		goto no_route;
	}
	if (res->type == RTN_BROADCAST) {
		if (IN_DEV_BFORWARD(in_dev))
			return ip_mkroute_input(skb, res, in_dev, daddr, saddr, tos);
		goto brd_input;
	}
	if (res->type == RTN_LOCAL) {
		err = fib_validate_source(skb, saddr, daddr, tos, 0, dev, in_dev, &itag);
		if (err < 0)
			goto martian_source_keep_err;
		return route_local_input(skb, res, dev, 0, itag, 0);
	}
	if (!IN_DEV_FORWARD(in_dev)) {
		err = -EHOSTUNREACH;
		goto no_route;
	}
	if (res->type != RTN_UNICAST)
		return martian_destination(skb, in_dev, daddr, saddr);
	return ip_mkroute_input(skb, res, in_dev, daddr, saddr, tos);
brd_input:
	if (skb->protocol != htons(ETH_P_IP))
		return -EINVAL;
	if (!ipv4_is_zeronet(saddr)) {
		err = fib_validate_source(skb, saddr, 0, tos, 0, dev, in_dev, &itag);
		if (err < 0)
			goto martian_source_keep_err;
	}
	res->type = RTN_BROADCAST;
	return route_local_input(skb, res, dev, RTCF_BROADCAST, itag, 0);
no_route:
	res->type = RTN_UNREACHABLE;
	res->fi = NULL;
	res->table = NULL;
	return route_local_input(skb, res, dev, 0, 0, err);
martian_source:
	err = -EINVAL;
martian_source_keep_err:
	ip_handle_martian_source(dev, in_dev, skb, daddr, saddr);
	return err;
}

/*
 * Lends the packet the route of one to the same address that came just before. What fib_validate_source()
 * and the martian checks say of the sender is asked anew.
 */
int ip_route_use_hint(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos, struct net_device *dev,
		      const struct sk_buff *hint)
{
	TRACE_SKB(skb, "take over the route of the packet before");
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	u32 itag = 0;
	int err;

	if (!in_dev)
		return -EINVAL;
	if (ipv4_is_multicast(saddr) || ipv4_is_lbcast(saddr) || ipv4_is_zeronet(saddr) ||
	    (ipv4_is_loopback(saddr) && !IN_DEV_ROUTE_LOCALNET(in_dev)))
		goto martian_source;
	if (skb_rtable(hint)->rt_type == RTN_LOCAL) {
		err = fib_validate_source(skb, saddr, daddr, tos & IPTOS_RT_MASK, 0, dev, in_dev, &itag);
		if (err < 0)
			goto martian_source_keep_err;
	}
	skb_dst_copy(skb, hint);
	return 0;
martian_source:
	err = -EINVAL;
martian_source_keep_err:
	ip_handle_martian_source(dev, in_dev, skb, daddr, saddr);
	return err;
}

/* ---- groups ---- */

int ip_mc_validate_source(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos, struct net_device *dev,
			  struct in_device *in_dev, u32 *itag)
{
	TRACE_SKB(skb, "can a packet to a group come from this address?");
	int err;

	if (!in_dev || ipv4_is_multicast(saddr) || ipv4_is_lbcast(saddr) || skb->protocol != htons(ETH_P_IP))
		return -EINVAL;
	if (ipv4_is_loopback(saddr) && !IN_DEV_ROUTE_LOCALNET(in_dev))
		return -EINVAL;
	if (ipv4_is_zeronet(saddr)) { /* who has no address yet may speak to his link, or IGMP */
		return ipv4_is_local_multicast(daddr) || ip_hdr(skb)->protocol == IPPROTO_IGMP ? 0 : -EINVAL;
	}
	err = fib_validate_source(skb, saddr, 0, tos, 0, dev, in_dev, itag);
	return min(err, 0);
}

/* A packet to a group that the device is a member of. */
static int ip_route_input_mc(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos, struct net_device *dev)
{
	TRACE_SKB(skb, "make the route of a packet to a group of ours");
	struct rtable *rth;
	u32 itag = 0;
	int err = ip_mc_validate_source(skb, daddr, saddr, tos, dev, __in_dev_get_rcu(dev), &itag);

	if (err)
		return err;
	rth = rt_dst_alloc(dev_net(dev)->loopback_dev, RTCF_MULTICAST | RTCF_LOCAL, RTN_MULTICAST, false);
	if (!rth)
		return -ENOBUFS;
	rth->dst.output = ip_rt_bug;
	rth->rt_is_input = 1;
	skb_dst_set(skb, &rth->dst);
	return 0;
}

static int ip_route_input_rcu(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos, struct net_device *dev,
			      struct fib_result *res)
{
	TRACE_SKB(skb, "find the route of a received packet");
	struct in_device *in_dev;

	if (unlikely(ipv4_is_multicast(daddr))) {
		in_dev = __in_dev_get_rcu(dev);
		if (!in_dev || !ip_check_mc_rcu(in_dev, daddr, saddr, ip_hdr(skb)->protocol))
			return -EINVAL; /* no member, and no multicast routing */
		return ip_route_input_mc(skb, daddr, saddr, tos, dev);
	}
	return ip_route_input_slow(skb, daddr, saddr, tos, dev, res);
}

int ip_route_input_noref(struct sk_buff *skb, __be32 daddr, __be32 saddr, u8 tos, struct net_device *dev)
{
	TRACE_SKB(skb, "find the route of a received packet");
	struct fib_result res;

	return ip_route_input_rcu(skb, daddr, saddr, tos & IPTOS_RT_MASK, dev, &res);
}

int ip_route_input(struct sk_buff *skb, __be32 dst, __be32 src, u8 tos, struct net_device *dev)
{
	int err = ip_route_input_noref(skb, dst, src, tos, dev);

	if (!err && !skb_dst_force(skb))
		err = -EINVAL;
	return err;
}
