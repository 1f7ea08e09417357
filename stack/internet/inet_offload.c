/*
 * IPv4's part of segmentation in software (each segment gets its length, id and checksum) and of merging
 * received segments.
 */
#include "stack/interface/gro.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"

struct sk_buff *inet_gso_segment(struct sk_buff *skb, netdev_features_t features)
{
	TRACE_SKB(skb, "segment an ipv4 packet");
	struct sk_buff *segs = ERR_PTR(-EINVAL);
	const struct net_offload *ops;
	struct host *host = skb->host;
	struct iphdr *iph;
	unsigned int ihl;
	bool fixedid;
	int nhoff;
	u16 id;

	skb_reset_network_header(skb);
	nhoff = (int)(skb_network_header(skb) - skb_mac_header(skb));
	if (!pskb_may_pull(skb, sizeof(*iph)))
		return segs;
	iph = ip_hdr(skb);
	ihl = iph->ihl * 4u;
	if (ihl < sizeof(*iph) || !pskb_may_pull(skb, ihl))
		return segs;
	iph = ip_hdr(skb);
	id = ntohs(iph->id);
	fixedid = skb_shinfo(skb)->gso_type & SKB_GSO_TCP_FIXEDID;
	ops = inet_offloads(host->net, iph->protocol);
	__skb_pull(skb, ihl);
	skb_reset_transport_header(skb);
	if (!ops || !ops->gso_segment)
		return ERR_PTR(-EPROTONOSUPPORT);
	TRACE_OP(skb, "gso_segment");
	segs = ops->gso_segment(skb, features);
	if (IS_ERR_OR_NULL(segs))
		return segs;
	for (skb = segs; skb; skb = skb->next) {
		iph = (struct iphdr *)(skb_mac_header(skb) + nhoff);
		if (!fixedid)
			iph->id = htons(id++);
		iph->tot_len = htons((u16)(skb->len - (unsigned int)nhoff));
		ip_send_check(host, iph);
		skb->network_header = (u16)((u8 *)iph - skb->head);
		skb_reset_mac_len(skb);
	}
	return segs;
}

/* ---- GRO ---- */

/* Compares the header with those of the held packets that may be of the same flow. */
static void inet_gro_compare(struct list_head *head, const struct iphdr *iph, unsigned int off, u16 flush)
{
	u16 id = ntohs(iph->id), flush_id;
	struct sk_buff *p;

	list_for_each_entry (p, head, list) {
		const struct iphdr *iph2 = (const struct iphdr *)(p->data + off);
		struct napi_gro_cb *cb = NAPI_GRO_CB(p);

		if (!cb->same_flow)
			continue;
		if (iph->protocol != iph2->protocol || iph->saddr != iph2->saddr ||
		    iph->daddr != iph2->daddr) {
			cb->same_flow = 0;
			continue;
		}
		/* All but length, id and checksum must be equal. */
		cb->flush |= iph->ttl != iph2->ttl || iph->tos != iph2->tos ||
			     ((iph->frag_off ^ iph2->frag_off) & htons(IP_DF)) || flush;
		/* The id must count on, or, where the packet may not be fragmented, stay as it is. */
		flush_id = (u16)(id - ntohs(iph2->id));
		if (!cb->is_atomic || !(iph->frag_off & htons(IP_DF)))
			flush_id = flush_id != cb->count ? 0xffff : 0;
		cb->flush_id = flush_id;
	}
}

struct sk_buff *inet_gro_receive(struct list_head *head, struct sk_buff *skb)
{
	TRACE_SKB(skb, "compare the ip header with those of the packets that wait");
	unsigned int off = skb_gro_offset(skb);
	const struct iphdr *iph = skb_gro_header(skb, off + sizeof(*iph), off);
	const struct net_offload *ops;
	struct sk_buff *pp = NULL;
	u16 flush = 1;

	if (unlikely(!iph))
		goto out;
	ops = inet_offloads(skb->host->net, iph->protocol);
	if (!ops || !ops->gro_receive)
		goto out;
	if (*(const u8 *)iph != 0x45 || ip_is_fragment(iph) || unlikely(ip_fast_csum((const u8 *)iph, 5)))
		goto out;
	/* Padding, or a flag that is reserved: not to be merged. */
	flush = ntohs(iph->tot_len) != skb_gro_len(skb) || (iph->frag_off & ~htons(IP_DF));
	inet_gro_compare(head, iph, off, flush);
	NAPI_GRO_CB(skb)->is_atomic = (iph->frag_off & htons(IP_DF)) != 0;
	NAPI_GRO_CB(skb)->flush |= flush;
	skb_set_network_header(skb, (int)off);
	skb_gro_pull(skb, sizeof(*iph));
	skb_set_transport_header(skb, (int)skb_gro_offset(skb));
	TRACE_OP(skb, "gro_receive");
	pp = ops->gro_receive(head, skb);
out:
	skb_gro_flush_final(skb, flush);
	return pp;
}

int inet_gro_complete(struct sk_buff *skb, int nhoff)
{
	TRACE_SKB(skb, "give the merged packet its ip length");
	struct iphdr *iph = (struct iphdr *)(skb->data + nhoff);
	__be16 newlen = htons((u16)(skb->len - (unsigned int)nhoff));
	const struct net_offload *ops = inet_offloads(skb->host->net, iph->protocol);

	csum_replace2(&iph->check, iph->tot_len, newlen);
	iph->tot_len = newlen;
	if (!ops || !ops->gro_complete)
		return -ENOSYS;
	TRACE_OP(skb, "gro_complete");
	return ops->gro_complete(skb, nhoff + (int)sizeof(*iph));
}
