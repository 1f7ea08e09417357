/*
 * Options of IPv4 headers: checked when a packet comes in, copied into an answer, put into a header.
 *
 * Source routes are followed where accept_source_route allows it (by default nowhere). Record route and time
 * stamps get our address and time when there is room: the pointer of an option is behind what we wrote.
 */
#include "stack/internet/icmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"

/* A list of options being checked: a received header's, or one that a program gave (no skb). */
struct option_list {
	struct ip_options *opt;
	struct sk_buff *skb;
	u8 *iph;
	__be32 spec_dst; /* our address that the packet was for, when it was asked for */
	u8 *bad;	 /* the byte at fault */
};

static bool at_fault(struct option_list *l, u8 *p)
{
	l->bad = p;
	return false;
}

/* Is the list of a packet that has found its way: may we write our address into it? */
static bool option_may_fill(const struct option_list *l)
{
	return l->skb && skb_rtable(l->skb);
}

static void spec_dst_fill(struct option_list *l)
{
	TRACE_SKB(l->skb, "find our address for the options, unless that is done");
	if (!l->spec_dst)
		l->spec_dst = fib_compute_spec_dst(l->skb);
}

static void put_spec_dst(struct option_list *l, u8 *to)
{
	spec_dst_fill(l);
	memcpy(to, &l->spec_dst, 4);
	l->opt->is_changed = 1;
}

static bool option_source_route(struct option_list *l, u8 *p, unsigned int len)
{
	struct ip_options *opt = l->opt;

	if (len < 3)
		return at_fault(l, p + 1);
	if (p[2] < 4)
		return at_fault(l, p + 2);
	if (opt->srr)
		return at_fault(l, p);
	if (!l->skb) { /* the program names the first hop first; the header gets it as destination */
		if (p[2] != 4 || len < 7 || ((len - 3) & 3))
			return at_fault(l, p + 1);
		memcpy(&opt->faddr, p + 3, 4);
		if (len > 7)
			memmove(p + 3, p + 7, len - 7);
	}
	opt->is_strictroute = p[0] == IPOPT_SSRR;
	opt->srr = (u8)(p - l->iph);
	return true;
}

static bool option_record_route(struct option_list *l, u8 *p, unsigned int len)
{
	struct ip_options *opt = l->opt;

	if (opt->rr)
		return at_fault(l, p);
	if (len < 3)
		return at_fault(l, p + 1);
	if (p[2] < 4)
		return at_fault(l, p + 2);
	if (p[2] <= len) { /* not full yet */
		if (p[2] + 3u > len)
			return at_fault(l, p + 2);
		if (option_may_fill(l))
			put_spec_dst(l, p + p[2] - 1);
		p[2] = (u8)(p[2] + 4);
		opt->rr_needaddr = 1;
	}
	opt->rr = (u8)(p - l->iph);
	return true;
}

/* Milliseconds since midnight, as the wire has it. */
__be32 inet_current_timestamp(struct host *host)
{
	TRACE(host, "the time of day in milliseconds");
	return htonl((u32)(ktime_get_real_ns(host) / NSEC_PER_MSEC % 86400000ull));
}

/* Room is left at p[2]: the next entry, by the kind of the option. */
static bool option_timestamp_entry(struct option_list *l, u8 *p, unsigned int len)
{
	struct ip_options *opt = l->opt;
	u8 *entry = p + p[2] - 1, *time = NULL;
	u8 kind = p[3] & 0xf;
	__be32 now, addr;

	if (p[2] + 3u > len || ((kind == IPOPT_TS_TSANDADDR || kind == IPOPT_TS_PRESPEC) && p[2] + 7u > len))
		return at_fault(l, p + 2);
	switch (kind) {
	case IPOPT_TS_TSONLY:
		time = l->skb ? entry : NULL;
		p[2] = (u8)(p[2] + 4);
		break;
	case IPOPT_TS_TSANDADDR:
		if (option_may_fill(l)) {
			put_spec_dst(l, entry);
			time = entry + 4;
		}
		opt->ts_needaddr = 1;
		p[2] = (u8)(p[2] + 8);
		break;
	case IPOPT_TS_PRESPEC:
		memcpy(&addr, entry, 4);
		if (l->skb && inet_addr_type(l->skb->host->net, addr) == RTN_UNICAST)
			return true; /* somebody else's */
		time = l->skb ? entry + 4 : NULL;
		p[2] = (u8)(p[2] + 8);
		break;
	default: /* left alone */
		return true;
	}
	opt->ts_needtime = 1;
	if (time) {
		now = inet_current_timestamp(l->skb->host);
		memcpy(time, &now, 4);
		opt->is_changed = 1;
	}
	return true;
}

static bool option_timestamp(struct option_list *l, u8 *p, unsigned int len)
{
	struct ip_options *opt = l->opt;

	if (opt->ts)
		return at_fault(l, p);
	if (len < 4)
		return at_fault(l, p + 1);
	if (p[2] < 5)
		return at_fault(l, p + 2);
	if (p[2] <= len) {
		if (!option_timestamp_entry(l, p, len))
			return false;
	} else if ((p[3] & 0xf) != IPOPT_TS_PRESPEC) { /* full: count those who found no room */
		unsigned int overflow = p[3] >> 4;

		if (overflow == 15)
			return at_fault(l, p + 3);
		if (l->skb) {
			p[3] = (u8)((p[3] & 0xf) | (overflow + 1) << 4);
			opt->is_changed = 1;
		}
	}
	opt->ts = (u8)(p - l->iph);
	return true;
}

/* A CIPSO label: a domain, then tags that fill the rest (FIPS 188), whatever they say. */
static bool option_cipso(struct option_list *l, u8 *p, unsigned int len)
{
	unsigned int at;

	if (l->opt->cipso)
		return at_fault(l, p);
	l->opt->cipso = (u8)(p - l->iph);
	if (len < 8)
		return at_fault(l, p + 1);
	if (!(p[2] | p[3] | p[4] | p[5]))
		return at_fault(l, p + 2);
	for (at = 6; at < len; at += p[at + 1]) {
		if (at + 1 == len || !p[at + 1] || p[at + 1] > len - at)
			return at_fault(l, p + at + 1);
	}
	return true;
}

/* One option, whose length fits the list. */
static bool option_check(struct option_list *l, u8 *p, unsigned int len)
{
	struct ip_options *opt = l->opt;

	switch (p[0]) {
	case IPOPT_SSRR:
	case IPOPT_LSRR:
		return option_source_route(l, p, len);
	case IPOPT_RR:
		return option_record_route(l, p, len);
	case IPOPT_TIMESTAMP:
		return option_timestamp(l, p, len);
	case IPOPT_RA:
		if (len < 4)
			return at_fault(l, p + 1);
		if (p[2] == 0 && p[3] == 0)
			opt->router_alert = (u8)(p - l->iph);
		return true;
	case IPOPT_CIPSO:
		return option_cipso(l, p, len);
	default:
		return true;
	}
}

int __ip_options_compile(struct net *net, struct ip_options *opt, struct sk_buff *skb, __be32 *info)
{
	TRACE(net, "check the options of an ip header");
	struct option_list l = { .opt = opt, .skb = skb };
	int left = opt->optlen;
	unsigned int len;
	u8 *p;

	l.iph = skb ? skb_network_header(skb) : ip_options_bytes(opt) - sizeof(struct iphdr);
	for (p = l.iph + sizeof(struct iphdr); left > 0; p += len, left -= (int)len) {
		if (p[0] == IPOPT_END) { /* what follows is padding, and is made to be */
			for (int i = 1; i < left; i++) {
				opt->is_changed |= p[i] != IPOPT_END;
				p[i] = IPOPT_END;
			}
			return 0;
		}
		if (p[0] == IPOPT_NOOP) {
			len = 1;
			continue;
		}
		l.bad = p;
		if (left < 2)
			goto error;
		len = p[1];
		if (len < 2 || (int)len > left || !option_check(&l, p, len))
			goto error;
	}
	return 0;
error:
	if (info)
		*info = htonl((u32)(l.bad - l.iph) << 24);
	return -EINVAL;
}

int ip_options_compile(struct net *net, struct ip_options *opt, struct sk_buff *skb)
{
	TRACE(net, "check the options of an ip header, complain about bad ones");
	__be32 info = 0;
	int ret = __ip_options_compile(net, opt, skb, &info);

	if (ret && skb)
		icmp_send(skb, ICMP_PARAMETERPROB, 0, info);
	return ret;
}

/* The packet goes on to `nexthop`: 0 with its route in place of the packet's own, which stays on error. */
static int srr_route(struct sk_buff *skb, __be32 nexthop, struct net_device *dev)
{
	struct dst_entry *old = dst_clone(skb_dst(skb)), *new;
	const struct iphdr *iph = ip_hdr(skb);
	int err;

	skb_dst_drop(skb);
	err = ip_route_input(skb, nexthop, iph->saddr, iph->tos, dev);
	new = err ? NULL : skb_dst(skb);
	if (new && (skb_rtable(skb)->rt_type == RTN_UNICAST || skb_rtable(skb)->rt_type == RTN_LOCAL)) {
		dst_release(old);
		return 0;
	}
	skb_dst_drop(skb);
	skb_dst_set(skb, old);
	return -EINVAL;
}

/* The packet has reached a hop of its source route: the next one that is not this host becomes its way. */
int ip_options_rcv_srr(struct sk_buff *skb, struct net_device *dev)
{
	TRACE_SKB(skb, "follow the source route");
	struct ip_options *opt = &IPCB(skb)->opt;
	u8 *p = skb_network_header(skb) + opt->srr;
	const struct rtable *rt = skb_rtable(skb);
	__be32 nexthop = 0;
	int at, end = p[1];

	if (skb->pkt_type != PACKET_HOST)
		return -EINVAL;
	if (rt->rt_type == RTN_UNICAST) { /* not meant for us as a hop */
		if (!opt->is_strictroute)
			return 0;
		icmp_send(skb, ICMP_PARAMETERPROB, 0, htonl(16u << 24));
		return -EINVAL;
	}
	if (rt->rt_type != RTN_LOCAL)
		return -EINVAL;
	for (at = p[2]; at <= end; at += 4) {
		if (at + 3 > end) {
			icmp_send(skb, ICMP_PARAMETERPROB, 0, htonl((opt->srr + 2u) << 24));
			return -EINVAL;
		}
		memcpy(&nexthop, p + at - 1, 4);
		if (srr_route(skb, nexthop, dev))
			return -EINVAL;
		if (skb_rtable(skb)->rt_type != RTN_LOCAL)
			break;
		ip_hdr(skb)->daddr = nexthop;
		opt->is_changed = 1;
	}
	if (at <= end) {
		opt->srr_is_hit = 1;
		opt->nexthop = nexthop;
		opt->is_changed = 1;
	}
	return 0;
}

/* The echoed time stamps get one more entry if there is room: ours, filled in by ip_options_build(). */
static u8 option_echo_timestamp(struct net *net, struct ip_options *dopt, const struct ip_options *sopt,
				u8 *to, u8 len)
{
	u8 ptr = to[2], kind = to[3] & 0xf;
	__be32 addr;

	if (ptr > len || !sopt->ts_needtime)
		return len;
	if (sopt->ts_needaddr) {
		if (ptr + 7 > len)
			return len;
		dopt->ts_needaddr = dopt->ts_needtime = 1;
		to[2] = (u8)(ptr + 8);
	} else if (kind == IPOPT_TS_TSONLY) {
		if (ptr + 3 > len)
			return len;
		dopt->ts_needtime = 1;
		to[2] = (u8)(ptr + 4);
	} else if (kind == IPOPT_TS_PRESPEC && ptr + 7 <= len) {
		memcpy(&addr, to + ptr - 1, 4);
		if (inet_addr_type(net, addr) != RTN_UNICAST) {
			dopt->ts_needtime = 1;
			to[2] = (u8)(ptr + 8);
		}
	}
	return len;
}

int __ip_options_echo(struct net *net, struct ip_options *dopt, struct sk_buff *skb,
		      const struct ip_options *sopt)
{
	TRACE_SKB(skb, "copy the packet's ip options for an answer");
	u8 *iph = skb_network_header(skb), *first = ip_options_bytes(dopt), *to = first;

	memset(dopt, 0, sizeof(*dopt));
	if (likely(sopt->optlen == 0))
		return 0;
	if (sopt->rr) {
		u8 len = iph[sopt->rr + 1], ptr = iph[sopt->rr + 2];

		dopt->rr = (u8)(to - first + (int)sizeof(struct iphdr));
		memcpy(to, iph + sopt->rr, len);
		if (sopt->rr_needaddr && ptr <= len) {
			if (ptr + 3 > len)
				return -EINVAL;
			to[2] = (u8)(ptr + 4);
			dopt->rr_needaddr = 1;
		}
		to += len;
	}
	if (sopt->ts) {
		u8 len = iph[sopt->ts + 1];

		dopt->ts = (u8)(to - first + (int)sizeof(struct iphdr));
		memcpy(to, iph + sopt->ts, len);
		to += option_echo_timestamp(net, dopt, sopt, to, len);
	}
	dopt->optlen = (u8)(to - first);
	while (dopt->optlen & 3) {
		*to++ = IPOPT_END;
		dopt->optlen++;
	}
	return 0;
}

void ip_options_build(struct sk_buff *skb, struct ip_options *opt, __be32 daddr, const void *rt)
{
	TRACE_SKB(skb, "put the options into the header");
	u8 *iph = skb_network_header(skb);
	__be32 now;

	IPCB(skb)->opt = *opt;
	memcpy(iph + sizeof(struct iphdr), ip_options_bytes(opt), opt->optlen);
	if (opt->srr) /* the last hop of a source route is where the packet goes */
		memcpy(iph + opt->srr + iph[opt->srr + 1] - 4, &daddr, 4);
	if (opt->rr_needaddr)
		ip_rt_get_source(iph + opt->rr + iph[opt->rr + 2] - 5, skb, rt);
	if (opt->ts_needaddr)
		ip_rt_get_source(iph + opt->ts + iph[opt->ts + 2] - 9, skb, rt);
	if (opt->ts_needtime) {
		now = inet_current_timestamp(skb->host);
		memcpy(iph + opt->ts + iph[opt->ts + 2] - 5, &now, 4);
	}
}

void ip_options_fragment(struct sk_buff *skb)
{
	TRACE_SKB(skb, "blank the options that only the first fragment carries");
	u8 *p = skb_network_header(skb) + sizeof(struct iphdr);
	int left = (int)ip_hdrlen(skb) - (int)sizeof(struct iphdr);

	while (left > 0 && p[0] != IPOPT_END) {
		int len = p[0] == IPOPT_NOOP || left < 2 ? 1 : p[1];

		if (len < 1 || len > left)
			return;
		if (p[0] != IPOPT_NOOP && !IPOPT_COPIED(p[0]))
			memset(p, IPOPT_NOOP, (size_t)len);
		p += len;
		left -= len;
	}
}

/* ---- options of a program ---- */

int ip_options_get(struct net *net, struct ip_options_rcu **optp, const void *data, int optlen)
{
	TRACE(net, "take a program's ip options in and check them");
	const size_t size = sizeof(struct ip_options_rcu) + (((size_t)optlen + 3) & ~3ul);
	struct ip_options_rcu *opt = kzalloc(net->host, size);
	u8 *bytes;

	if (!opt)
		return -ENOMEM;
	bytes = ip_options_bytes(&opt->opt);
	if (optlen)
		memcpy(bytes, data, (size_t)optlen);
	while (optlen & 3)
		bytes[optlen++] = IPOPT_END;
	opt->opt.optlen = (u8)optlen;
	if (optlen && ip_options_compile(net, &opt->opt, NULL)) {
		kfree(net->host, opt);
		return -EINVAL;
	}
	kfree(net->host, *optp);
	*optp = opt;
	return 0;
}

/* Takes the last entry, of 4 bytes, back out. */
static void option_take_back(u8 *p)
{
	p[2] = (u8)(p[2] - 4);
	memset(p + p[2] - 1, 0, 4);
}

void ip_options_undo(struct net *net, struct ip_options *opt)
{
	TRACE(net, "take back what was put into a program's ip options");
	u8 *iph = ip_options_bytes(opt) - sizeof(struct iphdr), *p;

	if (opt->srr) { /* the first hop is named first again */
		p = iph + opt->srr;
		memmove(p + 7, p + 3, p[1] - 7u);
		memcpy(p + 3, &opt->faddr, 4);
	}
	if (opt->rr_needaddr)
		option_take_back(iph + opt->rr);
	if (opt->ts) {
		p = iph + opt->ts;
		if (opt->ts_needtime) {
			option_take_back(p);
			if ((p[3] & 0xf) == IPOPT_TS_PRESPEC) /* the address was the program's */
				p[2] = (u8)(p[2] - 4);
		}
		if (opt->ts_needaddr)
			option_take_back(p);
	}
}
