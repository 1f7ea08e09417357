/*
 * Fragments: cutting packets that are too long for the path. Every fragment is a copy with a header of its
 * own. Putting fragments together again is not there yet: received ones are dropped.
 */
#include "stack/interface/etherdevice.h"
#include "stack/internet/icmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/ip.h"
#include "stack/transport/sock.h"

/* What a fragment shares with its packet. */
static void ip_copy_metadata(struct sk_buff *to, struct sk_buff *from)
{
	TRACE_SKB(from, "give the fragment its packet's properties");
	to->pkt_type = from->pkt_type;
	to->priority = from->priority;
	to->protocol = from->protocol;
	to->skb_iif = from->skb_iif;
	skb_dst_drop(to);
	skb_dst_copy(to, from);
	to->dev = from->dev;
	to->mark = from->mark;
	to->journey = from->journey;
	skb_copy_hash(to, from);
}

/* The fragment of `len` bytes of payload at `offset` (of the packet's payload); NULL: no memory. */
static struct sk_buff *ip_frag_make(struct sk_buff *skb, unsigned int hlen, unsigned int offset,
				    unsigned int len)
{
	struct net_device *dev = skb_dst(skb)->dev;
	unsigned int ll_rs = LL_RESERVED_SPACE(dev);
	struct sk_buff *skb2 = alloc_skb(skb->host, len + hlen + ll_rs, GFP_ATOMIC);

	if (!skb2)
		return NULL;
	ip_copy_metadata(skb2, skb);
	skb_reserve(skb2, (int)ll_rs);
	skb_put(skb2, len + hlen);
	skb_reset_network_header(skb2);
	skb_set_transport_header(skb2, (int)hlen);
	if (skb->sk)
		skb_set_owner_w(skb2, skb->sk);
	memcpy(skb_network_header(skb2), skb_network_header(skb), hlen);
	if (skb_copy_bits(skb, (int)(hlen + offset), skb_transport_header(skb2), (int)len)) {
		kfree_skb_reason(skb2, SKB_DROP_REASON_HDR_TRUNC);
		return NULL;
	}
	IPCB(skb2)->flags = IPCB(skb)->flags;
	return skb2;
}

int ip_do_fragment(struct net *net, struct sock *sk, struct sk_buff *skb, ip_output_fn_t *output)
{
	TRACE_SKB(skb, "cut the packet into fragments and send them");
	unsigned int hlen, mtu, left, offset = 0, len;
	struct iphdr *iph = ip_hdr(skb);
	u16 orig_off = ntohs(iph->frag_off);
	struct sk_buff *skb2;
	int err = 0;

	if (skb->ip_summed == CHECKSUM_PARTIAL && (err = skb_checksum_help(skb)) != 0)
		goto fail;
	iph = ip_hdr(skb);
	mtu = ip_skb_dst_mtu(sk, skb);
	if (IPCB(skb)->frag_max_size && IPCB(skb)->frag_max_size < mtu)
		mtu = IPCB(skb)->frag_max_size;
	hlen = iph->ihl * 4u;
	if (mtu < hlen + 8) {
		err = -EMSGSIZE;
		goto fail;
	}
	mtu -= hlen;
	IPCB(skb)->flags |= IPSKB_FRAG_COMPLETE;
	for (left = skb->len - hlen; left > 0; left -= len, offset += len) {
		len = min(left, mtu);
		if (len < left)
			len &= ~7u;
		skb2 = ip_frag_make(skb, hlen, offset, len);
		if (!skb2) {
			err = -ENOMEM;
			goto fail;
		}
		if (offset == 0)
			ip_options_fragment(skb); /* those that only the first carries */
		iph = ip_hdr(skb2);
		iph->frag_off =
			htons((u16)((orig_off & (IP_DF | IP_MF)) | ((orig_off & IP_OFFSET) + (offset >> 3))));
		if (len < left)
			iph->frag_off |= htons(IP_MF);
		iph->tot_len = htons((u16)(len + hlen));
		ip_send_check(skb->host, iph);
		IP_INC_STATS(net, IPSTATS_MIB_FRAGCREATES);
		err = output(net, sk, skb2);
		if (err)
			goto fail;
	}
	consume_skb(skb);
	IP_INC_STATS(net, IPSTATS_MIB_FRAGOKS);
	return 0;
fail:
	kfree_skb_reason(skb, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_IP_MTU);
	IP_INC_STATS(net, IPSTATS_MIB_FRAGFAILS);
	return err;
}

int ip_fragment(struct net *net, struct sock *sk, struct sk_buff *skb, unsigned int mtu,
		ip_output_fn_t *output)
{
	TRACE_SKB(skb, "fragment the packet, or refuse it when that is forbidden");
	if (!(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return ip_do_fragment(net, sk, skb, output);
	if (!skb->ignore_df || (IPCB(skb)->frag_max_size && IPCB(skb)->frag_max_size > mtu)) {
		IP_INC_STATS(net, IPSTATS_MIB_FRAGFAILS);
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_MTU);
		return -EMSGSIZE;
	}
	return ip_do_fragment(net, sk, skb, output);
}

int ip_defrag(struct net *net, struct sk_buff *skb, u32 user)
{
	TRACE_SKB(skb, "put the fragments of a packet together");
	(void)user;
	__IP_INC_STATS(net, IPSTATS_MIB_REASMREQDS);
	__IP_INC_STATS(net, IPSTATS_MIB_REASMFAILS);
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_FRAG_UNSUPPORTED);
	return -EINPROGRESS;
}
