/*
 * What ICMP tells about a path: its mtu (RFC 1191) and a better first hop (redirect). Both become exceptions
 * of the next hop (route_exception.c). Called by the protocols' error handlers, by their sockets' routes
 * (dst_ops), and by IP output for a packet that does not fit.
 */
#include "stack/internet/arp.h"
#include "stack/internet/icmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip_sock.h"
#include "stack/internet/neighbour.h"
#include "stack/kernel/printk.h"
#include "stack/transport/inet_sock.h"

#define ip_rt_min_pmtu 552u
#define ip_rt_mtu_expires (10 * 60 * HZ)
#define ip_rt_gc_timeout (300 * HZ) /* of a redirect */

/* ---- whose path: the flow of a socket, or of a packet of ours that a message quotes ---- */

static void flow_of_sock(const struct sock *sk, struct flowi4 *fl4)
{
	flowi4_init_output(fl4, sk->sk_bound_dev_if, sk->sk_mark, RT_CONN_FLAGS(sk) & IPTOS_RT_MASK,
			   RT_SCOPE_UNIVERSE, (u8)sk->sk_protocol, 0, inet_sk(sk)->inet_daddr,
			   inet_sk(sk)->inet_saddr, inet_sk(sk)->inet_dport, inet_sk(sk)->inet_sport);
}

static void __build_flow_key(struct host *host, const struct iphdr *iph, int oif, u8 protocol,
			     struct flowi4 *fl4)
{
	TRACE(host, "the flow of a packet of ours");
	flowi4_init_output(fl4, oif, 0, iph->tos & IPTOS_RT_MASK, RT_SCOPE_UNIVERSE, protocol, 0, iph->daddr,
			   iph->saddr, 0, 0);
}

/* ---- path mtu ---- */

static void __ip_rt_update_pmtu(struct rtable *rt, struct flowi4 *fl4, u32 mtu)
{
	TRACE(&rt->dst, "remember the smaller mtu of a path");
	struct dst_entry *dst = &rt->dst;
	struct net *net = dst->host->net;
	struct fib_result res;
	bool lock = false;
	u32 old_mtu;

	if (dst_metric_locked(dst, RTAX_MTU))
		return;
	old_mtu = ipv4_mtu(dst);
	if (old_mtu < mtu)
		return;
	if (mtu < ip_rt_min_pmtu) { /* too small to be true: from now on fragment instead */
		lock = true;
		mtu = min_t(u32, old_mtu, ip_rt_min_pmtu);
	}
	if (rt->rt_pmtu == mtu && !lock &&
	    time_before(jiffies(dst->host), dst->expires - ip_rt_mtu_expires / 2))
		return;
	if (!fib_lookup(net, fl4, &res, 0)) {
		fib_select_path(net, &res, fl4, NULL);
		update_or_create_fnhe(dst->host, FIB_RES_NHC(res), fl4->daddr, 0, mtu, lock,
				      jiffies(dst->host) + ip_rt_mtu_expires);
	}
}

/* A dst_ops. skb: the packet that was too big (without a sock). */
void ip_rt_update_pmtu(struct dst_entry *dst, struct sock *sk, struct sk_buff *skb, u32 mtu,
		       bool confirm_neigh)
{
	TRACE(dst, "learn the mtu of a path");
	struct flowi4 fl4;

	if (sk)
		flow_of_sock(sk, &fl4);
	else if (skb)
		__build_flow_key(skb->host, ip_hdr(skb), 0, ip_hdr(skb)->protocol, &fl4);
	else
		return;
	if (confirm_neigh)
		ipv4_confirm_neigh(dst, &fl4.daddr);
	__ip_rt_update_pmtu((struct rtable *)dst, &fl4, mtu);
}

/* skb->data is at the header of our packet that an ICMP message quotes. */
void ipv4_update_pmtu(struct sk_buff *skb, struct net *net, u32 mtu, int oif, u8 protocol)
{
	TRACE_SKB(skb, "learn the mtu of a path from an icmp message");
	struct flowi4 fl4;
	struct rtable *rt;

	__build_flow_key(skb->host, (const struct iphdr *)skb->data, oif, protocol, &fl4);
	rt = __ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return;
	__ip_rt_update_pmtu(rt, &fl4, mtu);
	ip_rt_put(rt);
}

/* The socket's route is not to be touched now: only the path is remembered. */
static void __ipv4_sk_update_pmtu(struct sk_buff *skb, struct sock *sk, u32 mtu)
{
	TRACE_SK(sk, "learn the mtu of a path that a socket sends on");
	struct flowi4 fl4;
	struct rtable *rt;

	__build_flow_key(skb->host, (const struct iphdr *)skb->data, sk->sk_bound_dev_if, (u8)sk->sk_protocol,
			 &fl4);
	rt = __ip_route_output_key(sock_net(sk), &fl4);
	if (IS_ERR(rt))
		return;
	__ip_rt_update_pmtu(rt, &fl4, mtu);
	ip_rt_put(rt);
}

/* And gives the socket the route that follows from it. */
void ipv4_sk_update_pmtu(struct sk_buff *skb, struct sock *sk, u32 mtu)
{
	TRACE_SK(sk, "learn the mtu of a socket's path");
	struct dst_entry *odst = sk->sk_dst_cache;
	struct rtable *rt = (struct rtable *)odst;
	struct flowi4 fl4;
	bool new = false;

	if (!ip_sk_accept_pmtu(sk))
		return;
	if (odst)
		dst_hold(odst);
	if (sock_owned_by_user(sk) || !odst) {
		__ipv4_sk_update_pmtu(skb, sk, mtu);
		goto out;
	}
	__build_flow_key(skb->host, (const struct iphdr *)skb->data, sk->sk_bound_dev_if, (u8)sk->sk_protocol,
			 &fl4);
	if (!dst_check(odst, 0)) {
		rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
		if (IS_ERR(rt))
			goto out;
		new = true;
	}
	__ip_rt_update_pmtu(rt, &fl4, mtu);
	if (!dst_check(&rt->dst, 0)) {
		if (new)
			dst_release(&rt->dst);
		rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
		if (IS_ERR(rt))
			goto out;
		new = true;
	}
	if (new)
		sk_dst_set(sk, &rt->dst);
out:
	dst_release_of(sk->host, odst);
}

/* ---- redirects ---- */

/* May the gateway that a redirect names be used? */
static bool redirect_ok(struct net_device *dev, struct in_device *in_dev, __be32 new_gw, __be32 old_gw)
{
	if (new_gw == old_gw || !IN_DEV_RX_REDIRECTS(in_dev) || ipv4_is_multicast(new_gw) ||
	    ipv4_is_lbcast(new_gw) || ipv4_is_zeronet(new_gw))
		return false;
	if (IN_DEV_SHARED_MEDIA(in_dev))
		return inet_addr_type(dev_net(dev), new_gw) == RTN_UNICAST;
	if (!inet_addr_onlink(in_dev, new_gw, old_gw))
		return false;
	return !IN_DEV_SEC_REDIRECTS(in_dev) || !ip_fib_check_default(new_gw, dev);
}

static void log_redirect(const struct in_device *in_dev, const struct iphdr *iph, __be32 gw, __be32 old_gw)
{
	if (!IN_DEV_LOG_MARTIANS(in_dev) || !net_ratelimit(in_dev->host))
		return;
	pr_info(in_dev->host, "IPv4: Redirect from " NIPQUAD_FMT " on %s about " NIPQUAD_FMT " ignored",
		NIPQUAD(old_gw), in_dev->dev->name, NIPQUAD(gw));
	pr_info(in_dev->host, "  Advised path = " NIPQUAD_FMT " -> " NIPQUAD_FMT, NIPQUAD(iph->saddr),
		NIPQUAD(iph->daddr));
}

/* skb: the message; its network header is the router's. Believed only from the gateway that we use. */
static void __ip_do_redirect(struct rtable *rt, struct sk_buff *skb, struct flowi4 *fl4, bool kill_route)
{
	TRACE_SKB(skb, "follow a redirect: send by the gateway that it names");
	__be32 new_gw = icmp_hdr(skb)->un.gateway, old_gw = ip_hdr(skb)->saddr;
	struct net_device *dev = skb->dev;
	struct in_device *in_dev;
	struct fib_result res;
	struct neighbour *n;

	if ((icmp_hdr(skb)->code & 7) > ICMP_REDIR_HOSTTOS)
		return;
	if (rt->rt_gw_family != AF_INET || rt->rt_gw4 != old_gw)
		return;
	in_dev = __in_dev_get_rcu(dev);
	if (!in_dev)
		return;
	if (!redirect_ok(dev, in_dev, new_gw, old_gw)) {
		log_redirect(in_dev, (const struct iphdr *)skb->data, new_gw, old_gw);
		return;
	}
	n = __ipv4_neigh_lookup(rt->dst.dev, new_gw);
	if (!n)
		n = __neigh_create(arp_tbl(dev_net(dev)), &new_gw, rt->dst.dev, true);
	if (IS_ERR(n))
		return;
	if (!(n->nud_state & NUD_VALID)) {
		neigh_event_send(n, NULL); /* taken when it is told again, if somebody is there */
	} else {
		if (!fib_lookup(dev_net(dev), fl4, &res, 0)) {
			fib_select_path(dev_net(dev), &res, fl4, skb);
			update_or_create_fnhe(skb->host, FIB_RES_NHC(res), fl4->daddr, new_gw, 0, false,
					      jiffies(skb->host) + ip_rt_gc_timeout);
		}
		if (kill_route)
			rt->dst.obsolete = DST_OBSOLETE_KILL;
	}
	neigh_release(n);
}

/* A dst_ops. skb->data is at the quoted header. */
void ip_do_redirect(struct dst_entry *dst, struct sock *sk, struct sk_buff *skb)
{
	TRACE_SKB(skb, "follow a redirect of a socket's path");
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	struct flowi4 fl4;

	__build_flow_key(skb->host, iph, sk && sk->sk_bound_dev_if ? sk->sk_bound_dev_if : skb->dev->ifindex,
			 iph->protocol, &fl4);
	__ip_do_redirect((struct rtable *)dst, skb, &fl4, true);
}

void ipv4_redirect(struct sk_buff *skb, struct net *net, int oif, u8 protocol)
{
	TRACE_SKB(skb, "follow a redirect of a path");
	struct flowi4 fl4;
	struct rtable *rt;

	__build_flow_key(skb->host, (const struct iphdr *)skb->data, oif, protocol, &fl4);
	rt = __ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return;
	__ip_do_redirect(rt, skb, &fl4, false);
	ip_rt_put(rt);
}

void ipv4_sk_redirect(struct sk_buff *skb, struct sock *sk)
{
	TRACE_SK(sk, "follow a redirect of a path that a socket sends on");
	struct flowi4 fl4;
	struct rtable *rt;

	__build_flow_key(skb->host, (const struct iphdr *)skb->data, sk->sk_bound_dev_if, (u8)sk->sk_protocol,
			 &fl4);
	rt = __ip_route_output_key(sock_net(sk), &fl4);
	if (IS_ERR(rt))
		return;
	__ip_do_redirect(rt, skb, &fl4, false);
	ip_rt_put(rt);
}
