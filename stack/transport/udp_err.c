/*
 * ICMP errors about datagrams of ours: learn the path's mtu, and tell the socket. By RFC 1122 4.1.3.3 errors
 * go to the program; a socket that is not connected only gets them when it asked for it (IP_RECVERR), since
 * it could not know which of its datagrams is meant.
 */
#include "stack/internet/icmp.h"
#include "stack/interface/netdevice.h"
#include "stack/transport/udp.h"

/* The errno of a message, and whether it is final. 0: nothing for the program. */
static int udp_errno_of(struct sk_buff *skb, struct sock *sk, u32 info, bool *harderr)
{
	const struct icmphdr *icmph = icmp_hdr(skb);

	*harderr = false;
	switch (icmph->type) {
	case ICMP_SOURCE_QUENCH:
		return 0;
	case ICMP_PARAMETERPROB:
		*harderr = true;
		return EPROTO;
	case ICMP_REDIRECT:
		ipv4_sk_redirect(skb, sk);
		return 0;
	case ICMP_DEST_UNREACH:
		if (icmph->code == ICMP_FRAG_NEEDED) {
			ipv4_sk_update_pmtu(skb, sk, info);
			*harderr = true;
			return inet_sk(sk)->pmtudisc != IP_PMTUDISC_DONT ? EMSGSIZE : 0;
		}
		if (icmph->code > NR_ICMP_UNREACH)
			return EHOSTUNREACH;
		*harderr = icmp_err_convert[icmph->code].fatal;
		return icmp_err_convert[icmph->code].errno_;
	default: /* time exceeded */
		return EHOSTUNREACH;
	}
}

int __udp4_lib_err(struct sk_buff *skb, u32 info)
{
	TRACE_SKB(skb, "tell the socket whose datagram the message quotes");
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const struct udphdr *uh = (const struct udphdr *)(skb->data + iph->ihl * 4);
	struct net *net = skb->host->net;
	struct sock *sk = __udp4_lib_lookup(net, iph->daddr, uh->dest, iph->saddr, uh->source,
					    skb->dev->ifindex, 0, NULL);
	bool harderr;
	int err;

	if (!sk) {
		__ICMP_INC_STATS(net, ICMP_MIB_INERRORS);
		return -ENOENT;
	}
	err = udp_errno_of(skb, sk, info, &harderr);
	if (!err)
		return 0;
	if (inet_sk(sk)->recverr)
		ip_icmp_error(sk, skb, err, uh->dest, info, (u8 *)(uintptr_t)(uh + 1));
	else if (!harderr || sk->sk_state != TCP_ESTABLISHED)
		return 0;
	sk->sk_err = err;
	sk_error_report(sk);
	return 0;
}

int udp_err(struct sk_buff *skb, u32 info)
{
	TRACE_SKB(skb, "take in an error about a datagram of ours");
	const struct icmphdr *icmph = icmp_hdr(skb);

	if (icmph->type == ICMP_DEST_UNREACH && icmph->code == ICMP_FRAG_NEEDED)
		ipv4_update_pmtu(skb, skb->host->net, info, 0, IPPROTO_UDP);
	else if (icmph->type == ICMP_REDIRECT)
		ipv4_redirect(skb, skb->host->net, 0, IPPROTO_UDP);
	return __udp4_lib_err(skb, info);
}
