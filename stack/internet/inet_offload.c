/* IPv4's part of segmentation in software: each segment gets its length, id and checksum. */
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
