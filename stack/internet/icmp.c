/*
 * ICMP input: requests are answered, errors about our packets are told to their protocol, everything else
 * is checked and dropped.
 */
#include "stack/internet/icmp.h"

#include "stack/internet/icmp_impl.h"
#include "stack/internet/internet.h"
#include "stack/internet/ping.h"

const struct icmp_err icmp_err_convert[NR_ICMP_UNREACH + 1] = {
	[ICMP_NET_UNREACH] = { ENETUNREACH, false },	[ICMP_HOST_UNREACH] = { EHOSTUNREACH, false },
	[ICMP_PROT_UNREACH] = { ENOPROTOOPT, true },	[ICMP_PORT_UNREACH] = { ECONNREFUSED, true },
	[ICMP_FRAG_NEEDED] = { EMSGSIZE, false },	[ICMP_SR_FAILED] = { EOPNOTSUPP, false },
	[ICMP_NET_UNKNOWN] = { ENETUNREACH, true },	[ICMP_HOST_UNKNOWN] = { EHOSTDOWN, true },
	[ICMP_HOST_ISOLATED] = { ENONET, true },	[ICMP_NET_ANO] = { ENETUNREACH, true },
	[ICMP_HOST_ANO] = { EHOSTUNREACH, true },	[ICMP_NET_UNR_TOS] = { ENETUNREACH, false },
	[ICMP_HOST_UNR_TOS] = { EHOSTUNREACH, false },	[ICMP_PKT_FILTERED] = { EHOSTUNREACH, true },
	[ICMP_PREC_VIOLATION] = { EHOSTUNREACH, true }, [ICMP_PREC_CUTOFF] = { EHOSTUNREACH, true },
};

/* ---- errors about our packets: skb->data is at the IP header that the message quotes ---- */

static void icmp_socket_deliver(struct sk_buff *skb, u32 info)
{
	TRACE_SKB(skb, "tell the protocol that sent the quoted packet");
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const struct net_protocol *ipprot;
	struct net *net = skb->host->net;
	int protocol = iph->protocol;

	/* Enough for the ports, or whatever the protocol knows its socket by. */
	if (!pskb_may_pull(skb, iph->ihl * 4u + 8)) {
		__ICMP_INC_STATS(net, ICMP_MIB_INERRORS);
		return;
	}
	raw_icmp_error(skb, protocol, info);
	ipprot = inet_protos(net, (u8)protocol);
	if (ipprot && ipprot->err_handler) {
		TRACE_OP(skb, "err_handler");
		ipprot->err_handler(skb, info);
	}
}

static bool icmp_tag_validation(const struct net *net, int proto)
{
	const struct net_protocol *ipprot = inet_protos(net, (u8)proto);

	return ipprot && ipprot->icmp_strict_tag_validation;
}

/* "Fragmentation needed": what the mtu is, or false: not to be believed. */
static bool icmp_frag_needed(struct net *net, const struct icmphdr *icmph, const struct iphdr *iph, u32 *info)
{
	if (net->ipv4.sysctl_ip_no_pmtu_disc == 2)
		return false;
	if (net->ipv4.sysctl_ip_no_pmtu_disc == 3 && !icmp_tag_validation(net, iph->protocol))
		return false;
	if (net->ipv4.sysctl_ip_no_pmtu_disc != 1)
		*info = ntohs(icmph->un.frag.mtu);
	return true;
}

static bool icmp_unreach(struct sk_buff *skb)
{
	TRACE_SKB(skb, "take in an error about a packet of ours");
	struct net *net = skb->host->net;
	const struct icmphdr *icmph;
	const struct iphdr *iph;
	u32 info = 0;

	if (!pskb_may_pull(skb, sizeof(struct iphdr)))
		goto out_err;
	icmph = icmp_hdr(skb);
	iph = (const struct iphdr *)skb->data;
	if (iph->ihl < 5)
		goto out_err;
	switch (icmph->type) {
	case ICMP_DEST_UNREACH:
		if ((icmph->code & 15) == ICMP_FRAG_NEEDED && !icmp_frag_needed(net, icmph, iph, &info))
			return true;
		if (icmph->code > NR_ICMP_UNREACH)
			return true;
		break;
	case ICMP_PARAMETERPROB:
		info = ntohl(icmph->un.gateway) >> 24;
		break;
	case ICMP_TIME_EXCEEDED:
		__ICMP_INC_STATS(net, ICMP_MIB_INTIMEEXCDS);
		if (icmph->code == ICMP_EXC_FRAGTIME)
			return true;
		break;
	default:
		break;
	}
	/* RFC 1122 3.2.2: a packet to many cannot have been refused; who says so is mistaken or lies. */
	if (!net->ipv4.sysctl_icmp_ignore_bogus_error_responses &&
	    inet_addr_type_dev_table(net, skb->dev, iph->daddr) == RTN_BROADCAST)
		return true;
	icmp_socket_deliver(skb, info);
	return true;
out_err:
	__ICMP_INC_STATS(net, ICMP_MIB_INERRORS);
	return false;
}

/* A router knows a shorter way: the protocol tells the route. */
static bool icmp_redirect(struct sk_buff *skb)
{
	TRACE_SKB(skb, "take in a redirect");
	if (skb->len < sizeof(struct iphdr)) {
		__ICMP_INC_STATS(skb->host->net, ICMP_MIB_INERRORS);
		return false;
	}
	if (!pskb_may_pull(skb, sizeof(struct iphdr)))
		return false;
	icmp_socket_deliver(skb, ntohl(icmp_hdr(skb)->un.gateway));
	return true;
}

/* Messages that nobody here wants: requests of old, answers that were not asked for. */
static bool icmp_discard(struct sk_buff *skb)
{
	TRACE_SKB(skb, "a message that is not acted on");
	return true;
}

/* ---- requests ---- */

static bool icmp_echo(struct sk_buff *skb)
{
	TRACE_SKB(skb, "answer a ping");
	struct net *net = skb->host->net;
	struct icmp_bxm icmp_param;

	if (net->ipv4.sysctl_icmp_echo_ignore_all)
		return true;
	icmp_param.data.icmph = *icmp_hdr(skb);
	icmp_param.data.icmph.type = ICMP_ECHOREPLY;
	icmp_param.skb = skb;
	icmp_param.offset = 0;
	icmp_param.data_len = (int)skb->len;
	icmp_param.head_len = sizeof(struct icmphdr);
	icmp_reply(&icmp_param, skb);
	return true;
}

static bool icmp_timestamp(struct sk_buff *skb)
{
	TRACE_SKB(skb, "answer a question for the time");
	struct icmp_bxm icmp_param;

	if (skb->len < 4) {
		__ICMP_INC_STATS(skb->host->net, ICMP_MIB_INERRORS);
		return false;
	}
	icmp_param.data.times[1] = inet_current_timestamp(skb->host);
	icmp_param.data.times[2] = icmp_param.data.times[1];
	if (skb_copy_bits(skb, 0, &icmp_param.data.times[0], 4))
		return false;
	icmp_param.data.icmph = *icmp_hdr(skb);
	icmp_param.data.icmph.type = ICMP_TIMESTAMPREPLY;
	icmp_param.data.icmph.code = 0;
	icmp_param.skb = skb;
	icmp_param.offset = 0;
	icmp_param.data_len = 0;
	icmp_param.head_len = (int)sizeof(struct icmphdr) + 12;
	icmp_reply(&icmp_param, skb);
	return true;
}

/* What is done with each type, and where it is counted. */
struct icmp_control {
	bool (*handler)(struct sk_buff *skb); /* true: taken in; false: to be dropped */
	u8 field;			      /* ICMP_MIB_*, or 0 */
};
static const struct icmp_control icmp_pointers[NR_ICMP_TYPES + 1];

/* To many at once: only what RFC 1122 lets a host take. */
static bool icmp_broadcast_ok(const struct net *net, u8 type)
{
	if (type == ICMP_ECHO || type == ICMP_TIMESTAMP)
		return !net->ipv4.sysctl_icmp_echo_ignore_broadcasts;
	return type == ICMP_ADDRESS || type == ICMP_ADDRESSREPLY;
}

static bool icmp_checksum_ok(struct sk_buff *skb)
{
	if (skb_csum_unnecessary(skb))
		return true;
	if (skb->ip_summed == CHECKSUM_COMPLETE && !csum_fold(skb->csum)) {
		skb->csum_valid = 1;
		return true;
	}
	skb->csum = 0;
	return !__skb_checksum_complete(skb);
}

int icmp_rcv(struct sk_buff *skb)
{
	TRACE_SKB(skb, "receive an icmp message");
	struct net *net = skb->host->net;
	struct rtable *rt = skb_rtable(skb);
	enum skb_drop_reason reason = SKB_DROP_REASON_ICMP_INVALID;
	bool handled;
	u8 type;

	__ICMP_INC_STATS(net, ICMP_MIB_INMSGS);
	if (!icmp_checksum_ok(skb)) {
		__ICMP_INC_STATS(net, ICMP_MIB_CSUMERRORS);
		reason = SKB_DROP_REASON_ICMP_CSUM;
		goto error;
	}
	if (!pskb_pull(skb, sizeof(struct icmphdr)))
		goto error;
	type = icmp_hdr(skb)->type;
	ICMPMSGIN_INC_STATS(net, type);
	if (type == ICMP_EXT_ECHOREPLY) {
		handled = ping_rcv(skb);
		reason = SKB_DROP_REASON_NO_SOCKET;
		goto done;
	}
	if (type == ICMP_EXT_ECHO) {
		/* PROBE (RFC 8335), which is off (icmp_echo_enable_probe): no answer, and no error either */
		consume_skb(skb);
		return 0;
	}
	if (type > NR_ICMP_TYPES)
		goto error;
	if (icmp_pointers[type].field)
		__ICMP_INC_STATS(net, icmp_pointers[type].field);
	if ((rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) && !icmp_broadcast_ok(net, type))
		goto error;
	TRACE_OP(skb, "handler");
	handled = icmp_pointers[type].handler(skb);
	if (type == ICMP_ECHOREPLY)
		reason = SKB_DROP_REASON_NO_SOCKET;
done:
	if (handled)
		consume_skb(skb);
	else
		kfree_skb_reason(skb, reason);
	return 0;
error:
	__ICMP_INC_STATS(net, ICMP_MIB_INERRORS);
	kfree_skb_reason(skb, reason);
	return 0;
}

int icmp_err(struct sk_buff *skb, u32 info)
{
	TRACE_SKB(skb, "take in an error about an icmp message of ours");
	const int offset = ((const struct iphdr *)skb->data)->ihl << 2;
	const struct icmphdr *icmph = (const struct icmphdr *)(skb->data + offset);

	/* What a program sent; answers are the host's own. */
	if (icmph->type != ICMP_ECHOREPLY) {
		ping_err(skb, offset, info);
		return 0;
	}
	if (icmp_hdr(skb)->type == ICMP_DEST_UNREACH && icmp_hdr(skb)->code == ICMP_FRAG_NEEDED)
		ipv4_update_pmtu(skb, skb->host->net, info, 0, IPPROTO_ICMP);
	else if (icmp_hdr(skb)->type == ICMP_REDIRECT)
		ipv4_redirect(skb, skb->host->net, 0, IPPROTO_ICMP);
	return 0;
}

static const struct icmp_control icmp_pointers[NR_ICMP_TYPES + 1] = {
	[ICMP_ECHOREPLY] = { ping_rcv, ICMP_MIB_INECHOREPS },
	[1] = { icmp_discard, 0 },
	[2] = { icmp_discard, 0 },
	[ICMP_DEST_UNREACH] = { icmp_unreach, ICMP_MIB_INDESTUNREACHS },
	[ICMP_SOURCE_QUENCH] = { icmp_unreach, ICMP_MIB_INSRCQUENCHS },
	[ICMP_REDIRECT] = { icmp_redirect, ICMP_MIB_INREDIRECTS },
	[6] = { icmp_discard, 0 },
	[7] = { icmp_discard, 0 },
	[ICMP_ECHO] = { icmp_echo, ICMP_MIB_INECHOS },
	[9] = { icmp_discard, 0 },
	[10] = { icmp_discard, 0 },
	[ICMP_TIME_EXCEEDED] = { icmp_unreach, 0 }, /* counts itself */
	[ICMP_PARAMETERPROB] = { icmp_unreach, ICMP_MIB_INPARMPROBS },
	[ICMP_TIMESTAMP] = { icmp_timestamp, ICMP_MIB_INTIMESTAMPS },
	[ICMP_TIMESTAMPREPLY] = { icmp_discard, ICMP_MIB_INTIMESTAMPREPS },
	[ICMP_INFO_REQUEST] = { icmp_discard, 0 },
	[ICMP_INFO_REPLY] = { icmp_discard, 0 },
	[ICMP_ADDRESS] = { icmp_discard, ICMP_MIB_INADDRMASKS },
	[ICMP_ADDRESSREPLY] = { icmp_discard, ICMP_MIB_INADDRMASKREPS },
};
