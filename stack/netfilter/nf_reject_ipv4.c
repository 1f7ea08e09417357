/* REJECT: the packet is dropped and its sender told, by an ICMP error or a TCP reset. */
#include "stack/interface/netdevice.h"
#include "stack/internet/icmp.h"
#include "stack/internet/ip.h"
#include "stack/internet/route.h"
#include "stack/netfilter/ip_route_me.h"
#include "stack/netfilter/nf_conntrack.h"
#include "stack/netfilter/xt_targets.h"
#include "stack/transport/tcp.h"

__sum16 nf_ip_checksum(struct sk_buff *skb, unsigned int hook, unsigned int dataoff, u8 protocol)
{
	TRACE_SKB(skb, "check the transport's checksum");
	const struct iphdr *iph = ip_hdr(skb);
	__wsum csum;

	if (hook == NF_INET_LOCAL_OUT || hook == NF_INET_POST_ROUTING || skb_csum_unnecessary(skb) ||
	    skb->ip_summed == CHECKSUM_PARTIAL)
		return 0;
	csum = skb_checksum(skb, (int)dataoff, (int)(skb->len - dataoff), 0);
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return csum_fold(csum);
	return csum_tcpudp_magic(iph->saddr, iph->daddr, skb->len - dataoff, protocol, csum);
}

/* ---- tcp-reset ---- */

static const struct tcphdr *nf_reject_ip_tcphdr_get(struct sk_buff *oldskb, struct tcphdr *_oth, int hook)
{
	TRACE_SKB(oldskb, "find the tcp header of the packet to refuse");
	const struct tcphdr *oth;

	if ((ip_hdr(oldskb)->frag_off & htons(IP_OFFSET)) || ip_hdr(oldskb)->protocol != IPPROTO_TCP)
		return NULL;
	oth = skb_header_pointer(oldskb, (int)ip_hdrlen(oldskb), sizeof(*_oth), _oth);
	if (!oth || oth->rst)
		return NULL;
	if (nf_ip_checksum(oldskb, (unsigned int)hook, ip_hdrlen(oldskb), IPPROTO_TCP))
		return NULL;
	return oth;
}

static struct iphdr *nf_reject_iphdr_put(struct sk_buff *nskb, const struct sk_buff *oldskb, u8 protocol,
					 int ttl)
{
	TRACE_SKB(nskb, "put an ip header on: back to where the packet came from");
	const struct iphdr *oiph = ip_hdr(oldskb);
	struct iphdr *niph;

	skb_reset_network_header(nskb);
	niph = skb_put(nskb, sizeof(*niph));
	*niph = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.frag_off = htons(IP_DF),
		.protocol = protocol,
		.saddr = oiph->daddr,
		.daddr = oiph->saddr,
		.ttl = (u8)ttl,
	};
	nskb->protocol = htons(0x0800);
	return niph;
}

static void nf_reject_ip_tcphdr_put(struct sk_buff *nskb, const struct sk_buff *oldskb,
				    const struct tcphdr *oth)
{
	TRACE_SKB(nskb, "put a tcp header on: a reset that the sender will believe");
	const struct iphdr *niph = ip_hdr(nskb);
	struct tcphdr *tcph;

	skb_reset_transport_header(nskb);
	tcph = skb_put(nskb, sizeof(*tcph));
	memset(tcph, 0, sizeof(*tcph));
	tcph->source = oth->dest;
	tcph->dest = oth->source;
	tcph->doff = sizeof(*tcph) / 4;
	if (oth->ack) {
		tcph->seq = oth->ack_seq;
	} else {
		tcph->ack_seq = htonl(ntohl(oth->seq) + oth->syn + oth->fin + oldskb->len -
				      ip_hdrlen(oldskb) - oth->doff * 4u);
		tcph->ack = 1;
	}
	tcph->rst = 1;
	tcph->check = (__sum16)~tcp_v4_check(sizeof(*tcph), niph->saddr, niph->daddr, 0);
	nskb->ip_summed = CHECKSUM_PARTIAL;
	nskb->csum_start = (u16)((u8 *)tcph - nskb->head);
	nskb->csum_offset = offsetof(struct tcphdr, check);
}

/* At PRE_ROUTING the packet has no route yet: the way back to its sender will do. */
static int nf_reject_fill_skb_dst(struct sk_buff *skb_in)
{
	struct flowi4 fl4 = { .daddr = ip_hdr(skb_in)->saddr };
	struct rtable *rt = ip_route_output_key(skb_in->host->net, &fl4);

	if (IS_ERR(rt))
		return -1;
	skb_dst_set(skb_in, &rt->dst);
	return 0;
}

static void nf_send_reset(struct net *net, struct sock *sk, struct sk_buff *oldskb, int hook)
{
	TRACE_SKB(oldskb, "answer the packet with a tcp reset");
	const struct tcphdr *oth;
	struct sk_buff *nskb;
	struct tcphdr _oth;

	oth = nf_reject_ip_tcphdr_get(oldskb, &_oth, hook);
	if (!oth || (!skb_dst(oldskb) && nf_reject_fill_skb_dst(oldskb) < 0))
		return;
	if (skb_rtable(oldskb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST))
		return;
	nskb = alloc_skb(net->host, sizeof(struct iphdr) + sizeof(struct tcphdr) + LL_MAX_HEADER, GFP_ATOMIC);
	if (!nskb)
		return;
	nskb->journey = trace_journey_new(net->host);
	skb_dst_set_noref(nskb, skb_dst(oldskb));
	skb_reserve(nskb, LL_MAX_HEADER);
	nf_reject_iphdr_put(nskb, oldskb, IPPROTO_TCP, ip4_dst_hoplimit(skb_dst(nskb)));
	nf_reject_ip_tcphdr_put(nskb, oldskb, oth);
	if (ip_route_me_harder(net, sk, nskb, RTN_UNSPEC) || nskb->len > dst_mtu(skb_dst(nskb))) {
		kfree_skb_reason(nskb, SKB_DROP_REASON_IP_OUTNOROUTES);
		return;
	}
	if (oldskb->_nfct)
		nf_ct_attach(nskb, oldskb);
	ip_local_out(net, nskb->sk, nskb);
}

/* ---- ICMP ---- */

static void nf_send_unreach(struct sk_buff *skb_in, int code, int hook)
{
	TRACE_SKB(skb_in, "answer the packet with an icmp error");
	u8 proto = ip_hdr(skb_in)->protocol;

	if ((ip_hdr(skb_in)->frag_off & htons(IP_OFFSET)) ||
	    (!skb_dst(skb_in) && nf_reject_fill_skb_dst(skb_in) < 0))
		return;
	if ((proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_ICMP) &&
	    nf_ip_checksum(skb_in, (unsigned int)hook, ip_hdrlen(skb_in), proto))
		return;
	icmp_send(skb_in, ICMP_DEST_UNREACH, code, 0);
}

unsigned int reject_tg(struct sk_buff *skb, const struct nf_hook_state *state, const struct ipt_entry *e)
{
	TRACE_SKB(skb, "refuse the packet and tell its sender");
	static const u8 codes[] = {
		[IPT_ICMP_NET_UNREACHABLE] = ICMP_NET_UNREACH,
		[IPT_ICMP_HOST_UNREACHABLE] = ICMP_HOST_UNREACH,
		[IPT_ICMP_PROT_UNREACHABLE] = ICMP_PROT_UNREACH,
		[IPT_ICMP_PORT_UNREACHABLE] = ICMP_PORT_UNREACH,
		[IPT_ICMP_NET_PROHIBITED] = ICMP_NET_ANO,
		[IPT_ICMP_HOST_PROHIBITED] = ICMP_HOST_ANO,
		[IPT_ICMP_ADMIN_PROHIBITED] = ICMP_PKT_FILTERED,
	};

	if (e->reject_with == IPT_TCP_RESET)
		nf_send_reset(state->net, state->sk, skb, state->hook);
	else
		nf_send_unreach(skb, codes[e->reject_with], state->hook);
	return NF_DROP;
}
