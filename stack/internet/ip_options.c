/*
 * Options of IPv4 headers: checked when a packet comes in, copied into an answer, put into a header.
 *
 * Source routes are parsed and refused (accept_source_route is 0). Record route and time stamps are
 * checked and carried, and our address is filled in when there is room.
 */
#include "stack/internet/icmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"

/* One option is a length-checked piece of the list; its kind is checked here. 0 or -EINVAL, *bad at fault. */
static int option_check(struct ip_options *opt, u8 *iph, u8 *p, unsigned int len, u8 **bad)
{
	u8 at = (u8)(p - iph);

	*bad = p;
	switch (p[0]) {
	case IPOPT_SSRR:
	case IPOPT_LSRR:
		*bad = p + 1;
		if (len < 3)
			return -EINVAL;
		*bad = p + 2;
		if (p[2] < 4 || opt->srr)
			return -EINVAL;
		opt->is_strictroute = p[0] == IPOPT_SSRR;
		opt->srr = at;
		return 0;
	case IPOPT_RR:
		*bad = p + 1;
		if (opt->rr || len < 3)
			return -EINVAL;
		*bad = p + 2;
		if (p[2] < 4 || (p[2] <= len && p[2] + 3u > len))
			return -EINVAL;
		opt->rr_needaddr = p[2] <= len;
		opt->rr = at;
		return 0;
	case IPOPT_TIMESTAMP:
		*bad = p + 1;
		if (opt->ts || len < 4)
			return -EINVAL;
		*bad = p + 2;
		if (p[2] < 5 || (p[2] <= len && p[2] + 3u > len))
			return -EINVAL;
		opt->ts = at;
		return 0;
	case IPOPT_RA:
		*bad = p + 1;
		if (len < 4)
			return -EINVAL;
		opt->router_alert = p[2] == 0 && p[3] == 0 ? at : 0;
		return 0;
	default:
		return 0;
	}
}

int __ip_options_compile(struct net *net, struct ip_options *opt, struct sk_buff *skb, __be32 *info)
{
	u8 *iph = skb ? skb_network_header(skb) : ip_options_bytes(opt) - sizeof(struct iphdr);
	u8 *p = iph + sizeof(struct iphdr), *bad = p;
	int left = opt->optlen;

	(void)net;
	while (left > 0) {
		unsigned int len;

		if (p[0] == IPOPT_END)
			break; /* what follows is padding */
		if (p[0] == IPOPT_NOOP) {
			p++;
			left--;
			continue;
		}
		bad = p;
		if (left < 2)
			goto error;
		len = p[1];
		if (len < 2 || (int)len > left || option_check(opt, iph, p, len, &bad))
			goto error;
		p += len;
		left -= (int)len;
	}
	return 0;
error:
	if (info)
		*info = htonl((u32)(bad - iph) << 24);
	return -EINVAL;
}

int ip_options_compile(struct net *net, struct ip_options *opt, struct sk_buff *skb)
{
	__be32 info = 0;
	int ret = __ip_options_compile(net, opt, skb, &info);

	if (ret && skb)
		icmp_send(skb, ICMP_PARAMETERPROB, 0, info);
	return ret;
}

/* Never called with a source route to follow: those are refused before. */
int ip_options_rcv_srr(struct sk_buff *skb, struct net_device *dev)
{
	(void)skb, (void)dev;
	return -EINVAL;
}

int __ip_options_echo(struct net *net, struct ip_options *dopt, struct sk_buff *skb,
		      const struct ip_options *sopt)
{
	TRACE_SKB(skb, "copy the packet's ip options for an answer");
	u8 *iph = skb_network_header(skb), *first = ip_options_bytes(dopt), *to = first;
	u8 at[2];

	(void)net;
	memset(dopt, 0, sizeof(*dopt));
	if (likely(sopt->optlen == 0))
		return 0;
	at[0] = sopt->rr;
	at[1] = sopt->ts;
	for (int i = 0; i < 2; i++) {
		u8 len = at[i] ? iph[at[i] + 1] : 0;

		if (!len || to + len > first + MAX_IPOPTLEN)
			continue;
		memcpy(to, iph + at[i], len);
		if (i == 0) {
			dopt->rr = (u8)(to - first + (int)sizeof(struct iphdr));
			dopt->rr_needaddr = to[2] + 3u <= len;
		} else {
			dopt->ts = (u8)(to - first + (int)sizeof(struct iphdr));
		}
		to += len;
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

	(void)daddr, (void)rt;
	IPCB(skb)->opt = *opt;
	memcpy(iph + sizeof(struct iphdr), ip_options_bytes(opt), opt->optlen);
	if (opt->rr_needaddr) {
		u8 *rr = iph + opt->rr;

		memcpy(rr + rr[2] - 1, &ip_hdr(skb)->saddr, 4);
		rr[2] += 4;
	}
}

void ip_options_fragment(struct sk_buff *skb)
{
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
