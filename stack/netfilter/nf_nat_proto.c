/* Changing packets: addresses, ports and ids, with the checksums that cover them. */
#include "stack/internet/icmp.h"
#include "stack/internet/ip.h"
#include "stack/netfilter/nf_nat.h"
#include "stack/transport/tcp_types.h"
#include "stack/transport/udp.h"

/* Mends a checksum after a word changed; `pseudohdr`: the word is in the pseudo header only. */
static void inet_proto_csum_replace4(__sum16 *sum, struct sk_buff *skb, __be32 from, __be32 to,
				     bool pseudohdr)
{
	TRACE_SKB(skb, "mend the transport's checksum");
	if (skb->ip_summed != CHECKSUM_PARTIAL) {
		csum_replace4(sum, from, to);
		if (skb->ip_summed == CHECKSUM_COMPLETE && pseudohdr)
			skb->csum = ~csum_add(csum_sub(~skb->csum, from), to);
	} else if (pseudohdr) {
		*sum = (__sum16)~csum_fold(csum_add(csum_sub(csum_unfold(*sum), from), to));
	}
}

static void inet_proto_csum_replace2(__sum16 *sum, struct sk_buff *skb, __be16 from, __be16 to)
{
	inet_proto_csum_replace4(sum, skb, from, to, false);
}

/* The new address and port (or id) of one side of a packet. */
struct manip {
	const struct nf_conntrack_tuple *target;
	enum nf_nat_manip_type type;
	unsigned int iphdroff, hdroff;
};

static void nf_csum_update(struct sk_buff *skb, const struct manip *m, __sum16 *check)
{
	const struct iphdr *iph = (const struct iphdr *)(skb->data + m->iphdroff);

	if (m->type == NF_NAT_MANIP_SRC)
		inet_proto_csum_replace4(check, skb, iph->saddr, m->target->src_ip, true);
	else
		inet_proto_csum_replace4(check, skb, iph->daddr, m->target->dst_ip, true);
}

/* The two ports begin both headers. */
static __be16 manip_port(u8 *ports, const struct manip *m, __be16 *newport)
{
	__be16 old;

	*newport = m->type == NF_NAT_MANIP_SRC ? m->target->src_all : m->target->dst_all;
	ports += m->type == NF_NAT_MANIP_SRC ? 0 : 2;
	memcpy(&old, ports, 2);
	memcpy(ports, newport, 2);
	return old;
}

static bool tcp_manip_pkt(struct sk_buff *skb, const struct manip *m)
{
	TRACE_SKB(skb, "change a port of the tcp header");
	/* A quoted packet may end after eight bytes. */
	bool whole = skb->len >= m->hdroff + sizeof(struct tcphdr);
	struct tcphdr *hdr;
	__be16 oldport, newport;

	if (skb_ensure_writable(skb, m->hdroff + (whole ? (unsigned int)sizeof(*hdr) : 8)))
		return false;
	hdr = (struct tcphdr *)(skb->data + m->hdroff);
	oldport = manip_port((u8 *)hdr, m, &newport);
	if (!whole)
		return true;
	nf_csum_update(skb, m, &hdr->check);
	inet_proto_csum_replace2(&hdr->check, skb, oldport, newport);
	return true;
}

static bool udp_manip_pkt(struct sk_buff *skb, const struct manip *m)
{
	TRACE_SKB(skb, "change a port of the udp header");
	struct udphdr *hdr;
	__be16 oldport, newport;

	if (skb_ensure_writable(skb, m->hdroff + (unsigned int)sizeof(*hdr)))
		return false;
	hdr = (struct udphdr *)(skb->data + m->hdroff);
	oldport = manip_port((u8 *)hdr, m, &newport);
	if (!hdr->check && skb->ip_summed != CHECKSUM_PARTIAL)
		return true;
	nf_csum_update(skb, m, &hdr->check);
	inet_proto_csum_replace2(&hdr->check, skb, oldport, newport);
	if (!hdr->check)
		hdr->check = CSUM_MANGLED_0;
	return true;
}

static bool icmp_manip_pkt(struct sk_buff *skb, const struct manip *m)
{
	TRACE_SKB(skb, "change the id of an icmp query");
	struct icmphdr *hdr;

	if (skb_ensure_writable(skb, m->hdroff + (unsigned int)sizeof(*hdr)))
		return false;
	hdr = (struct icmphdr *)(skb->data + m->hdroff);
	switch (hdr->type) {
	case ICMP_ECHO:
	case ICMP_ECHOREPLY:
	case ICMP_TIMESTAMP:
	case ICMP_TIMESTAMPREPLY:
	case ICMP_INFO_REQUEST:
	case ICMP_INFO_REPLY:
	case ICMP_ADDRESS:
	case ICMP_ADDRESSREPLY:
		inet_proto_csum_replace2(&hdr->checksum, skb, hdr->un.echo.id, m->target->src_all);
		hdr->un.echo.id = m->target->src_all;
		break;
	default: /* an error: no id */
		break;
	}
	return true;
}

static bool nf_nat_ipv4_manip_pkt(struct sk_buff *skb, unsigned int iphdroff,
				  const struct nf_conntrack_tuple *target, enum nf_nat_manip_type type)
{
	TRACE_SKB(skb, "change an address of the ip header, and the port that goes with it");
	struct manip m = { target, type, iphdroff, 0 };
	struct iphdr *iph;
	__be32 *addr, new;
	bool ok = true;

	if (skb_ensure_writable(skb, iphdroff + (unsigned int)sizeof(*iph)))
		return false;
	iph = (struct iphdr *)(skb->data + iphdroff);
	m.hdroff = iphdroff + iph->ihl * 4u;
	if (iph->protocol == IPPROTO_TCP)
		ok = tcp_manip_pkt(skb, &m);
	else if (iph->protocol == IPPROTO_UDP)
		ok = udp_manip_pkt(skb, &m);
	else if (iph->protocol == IPPROTO_ICMP)
		ok = icmp_manip_pkt(skb, &m);
	if (!ok)
		return false;
	iph = (struct iphdr *)(skb->data + iphdroff);
	addr = type == NF_NAT_MANIP_SRC ? &iph->saddr : &iph->daddr;
	new = type == NF_NAT_MANIP_SRC ? target->src_ip : target->dst_ip;
	csum_replace4(&iph->check, *addr, new);
	*addr = new;
	return true;
}

unsigned int nf_nat_manip_pkt(struct sk_buff *skb, const struct nf_conn *ct, enum nf_nat_manip_type mtype,
			      enum ip_conntrack_dir dir)
{
	TRACE_SKB(skb, "make the packet look like the inverse of the flow's other direction");
	struct nf_conntrack_tuple target;

	nf_ct_invert_tuple(&target, &ct->tuplehash[!dir].tuple);
	return nf_nat_ipv4_manip_pkt(skb, 0, &target, mtype) ? NF_ACCEPT : NF_DROP;
}

bool nf_nat_icmp_reply_translation(struct sk_buff *skb, const struct nf_conn *ct,
				   enum ip_conntrack_info ctinfo, unsigned int hooknum)
{
	TRACE_SKB(skb, "translate an icmp error and the packet that it quotes");
	enum ip_conntrack_dir dir = CTINFO2DIR(ctinfo);
	enum nf_nat_manip_type manip = HOOK2MANIP(hooknum);
	unsigned int hdrlen = ip_hdrlen(skb);
	struct nf_conntrack_tuple target;
	struct icmphdr *icmph;

	if (skb_ensure_writable(skb, hdrlen + (unsigned int)(sizeof(*icmph) + sizeof(struct iphdr))) ||
	    nf_ip_checksum(skb, hooknum, hdrlen, IPPROTO_ICMP))
		return false;
	icmph = (struct icmphdr *)(skb->data + hdrlen);
	/* A redirect about a translated flow would mislead. */
	if (icmph->type == ICMP_REDIRECT &&
	    ((ct->status & IPS_NAT_DONE_MASK) != IPS_NAT_DONE_MASK || (ct->status & IPS_NAT_MASK)))
		return false;
	if (!nf_nat_applies(ct, manip, dir))
		return true;
	if (!nf_nat_ipv4_manip_pkt(skb, hdrlen + (unsigned int)sizeof(*icmph), &ct->tuplehash[!dir].tuple,
				   manip == NF_NAT_MANIP_SRC ? NF_NAT_MANIP_DST : NF_NAT_MANIP_SRC))
		return false;
	if (skb->ip_summed != CHECKSUM_PARTIAL) {
		icmph = (struct icmphdr *)(skb->data + hdrlen);
		icmph->checksum = 0;
		icmph->checksum = csum_fold(skb_checksum(skb, (int)hdrlen, (int)(skb->len - hdrlen), 0));
	}
	nf_ct_invert_tuple(&target, &ct->tuplehash[!dir].tuple);
	return nf_nat_ipv4_manip_pkt(skb, 0, &target, manip);
}
