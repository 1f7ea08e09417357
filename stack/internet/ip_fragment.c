/*
 * Fragments: cutting packets that are too long for the path. Putting them together is in ip_reassembly.c.
 *
 * A datagram that was built as its fragments (ip_append.c hangs them on the frag_list) is sent as it lies:
 * each skb only gets a header (fast path). Any other packet is copied piece by piece (slow path).
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

/* ---- fast path: the fragments are there ---- */

struct ip_fraglist_iter {
	struct sk_buff *frag; /* the next one */
	struct iphdr *iph;    /* of the one before */
	int offset;
	unsigned int hlen;
};

/* The packet becomes its first fragment. */
static void ip_fraglist_init(struct sk_buff *skb, struct iphdr *iph, unsigned int hlen,
			     struct ip_fraglist_iter *iter)
{
	TRACE_SKB(skb, "make the packet the first of its fragments");
	unsigned int first_len = skb_pagelen(skb);

	iter->frag = skb_shinfo(skb)->frag_list;
	skb_frag_list_init(skb);
	iter->offset = 0;
	iter->iph = iph;
	iter->hlen = hlen;
	skb->data_len = first_len - skb_headlen(skb);
	skb->len = first_len;
	iph->tot_len = htons((u16)first_len);
	iph->frag_off = htons(IP_MF);
	ip_send_check(skb->host, iph);
}

/* Puts the header on the next fragment; `skb` is the one before it, which is still here. */
static void ip_fraglist_prepare(struct sk_buff *skb, struct ip_fraglist_iter *iter)
{
	TRACE_SKB(skb, "put the header on the next fragment");
	struct sk_buff *frag = iter->frag;
	struct iphdr *iph;

	frag->ip_summed = CHECKSUM_NONE;
	skb_reset_transport_header(frag);
	__skb_push(frag, iter->hlen);
	skb_reset_network_header(frag);
	memcpy(skb_network_header(frag), iter->iph, iter->hlen);
	iph = iter->iph = ip_hdr(frag);
	iph->tot_len = htons((u16)frag->len);
	ip_copy_metadata(frag, skb);
	iter->offset += (int)(skb->len - iter->hlen);
	iph->frag_off = htons((u16)(iter->offset >> 3));
	if (frag->next)
		iph->frag_off |= htons(IP_MF);
	ip_send_check(frag->host, iph);
}

static struct sk_buff *ip_fraglist_next(struct ip_fraglist_iter *iter)
{
	struct sk_buff *skb = iter->frag;

	iter->frag = skb->next;
	skb_mark_not_on_list(skb);
	return skb;
}

/* Can the packet go as it lies? Its list is checked, and its fragments charged to the socket on their own. */
static bool ip_fraglist_ok(struct sk_buff *skb, const struct iphdr *iph, unsigned int hlen, unsigned int mtu)
{
	unsigned int first_len = skb_pagelen(skb), ll_rs = LL_RESERVED_SPACE(skb_dst(skb)->dev);
	struct sk_buff *frag;

	if (!skb_has_frag_list(skb) || first_len - hlen > mtu || ((first_len - hlen) & 7) ||
	    ip_is_fragment(iph) || skb_cloned(skb) || skb_headroom(skb) < ll_rs)
		return false;
	skb_walk_frags(skb, frag)
	{
		if (frag->len > mtu || ((frag->len & 7) && frag->next) || skb_headroom(frag) < hlen + ll_rs ||
		    skb_shared(frag))
			return false;
	}
	skb_walk_frags(skb, frag)
	{
		if (skb->sk) {
			frag->sk = skb->sk;
			frag->destructor = sock_wfree;
		}
		skb->truesize -= frag->truesize;
	}
	return true;
}

static int ip_fraglist_send(struct net *net, struct sock *sk, struct sk_buff *skb, unsigned int hlen,
			    ip_output_fn_t *output)
{
	struct ip_fraglist_iter iter;
	u64 tstamp = skb->tstamp;
	bool first;
	int err;

	ip_fraglist_init(skb, ip_hdr(skb), hlen, &iter);
	for (;;) {
		/* The next one's header is made of this one's, before this one is gone. */
		if (iter.frag) {
			first = iter.offset == 0;
			IPCB(iter.frag)->flags = IPCB(skb)->flags;
			ip_fraglist_prepare(skb, &iter);
			if (first && hlen > sizeof(struct iphdr)) {
				ip_options_fragment(iter.frag); /* some go with the first one only */
				ip_send_check(skb->host, iter.iph);
			}
		}
		skb->tstamp = tstamp;
		err = output(net, sk, skb);
		if (err)
			break;
		IP_INC_STATS(net, IPSTATS_MIB_FRAGCREATES);
		if (!iter.frag) {
			IP_INC_STATS(net, IPSTATS_MIB_FRAGOKS);
			return 0;
		}
		skb = ip_fraglist_next(&iter);
	}
	kfree_skb_list(iter.frag);
	IP_INC_STATS(net, IPSTATS_MIB_FRAGFAILS);
	return err;
}

/* ---- slow path: the fragments are copied ---- */

struct ip_frag_state {
	bool DF;	    /* of the fragments */
	bool not_last_frag; /* the packet is a fragment itself, and others follow it */
	unsigned int hlen, ll_rs, mtu, left;
	int offset; /* in the whole packet's payload */
	int ptr;    /* in the skb */
};

static void ip_frag_init(struct sk_buff *skb, unsigned int hlen, unsigned int ll_rs, unsigned int mtu,
			 bool DF, struct ip_frag_state *state)
{
	TRACE_SKB(skb, "begin to copy the packet piece by piece");
	u16 frag_off = ntohs(ip_hdr(skb)->frag_off);

	state->DF = DF;
	state->hlen = hlen;
	state->ll_rs = ll_rs;
	state->mtu = mtu;
	state->left = skb->len - hlen;
	state->ptr = (int)hlen;
	state->offset = (frag_off & IP_OFFSET) << 3;
	state->not_last_frag = frag_off & IP_MF;
}

/* The next fragment, or ERR_PTR. */
static struct sk_buff *ip_frag_next(struct sk_buff *skb, struct ip_frag_state *state)
{
	TRACE_SKB(skb, "copy the next fragment out of the packet");
	unsigned int len = min(state->left, state->mtu);
	struct sk_buff *skb2;
	struct iphdr *iph;

	if (len < state->left)
		len &= ~7u;
	skb2 = alloc_skb(skb->host, len + state->hlen + state->ll_rs, GFP_ATOMIC);
	if (!skb2)
		return ERR_PTR(-ENOMEM);
	ip_copy_metadata(skb2, skb);
	skb_reserve(skb2, (int)state->ll_rs);
	skb_put(skb2, len + state->hlen);
	skb_reset_network_header(skb2);
	skb_set_transport_header(skb2, (int)state->hlen);
	if (skb->sk)
		skb_set_owner_w(skb2, skb->sk);
	memcpy(skb_network_header(skb2), skb_network_header(skb), state->hlen);
	if (skb_copy_bits(skb, state->ptr, skb_transport_header(skb2), (int)len)) {
		kfree_skb_reason(skb2, SKB_DROP_REASON_HDR_TRUNC);
		return ERR_PTR(-EFAULT);
	}
	state->left -= len;
	iph = ip_hdr(skb2);
	iph->frag_off = htons((u16)(state->offset >> 3));
	if (state->DF)
		iph->frag_off |= htons(IP_DF);
	if (state->left > 0 || state->not_last_frag)
		iph->frag_off |= htons(IP_MF);
	state->ptr += (int)len;
	state->offset += (int)len;
	iph->tot_len = htons((u16)(len + state->hlen));
	ip_send_check(skb2->host, iph);
	return skb2;
}

/* What the fragment keeps in IPCB, and which options those after the first carry. */
static void ip_frag_ipcb(struct sk_buff *from, struct sk_buff *to, bool first_frag)
{
	TRACE_SKB(to, "copy what ip knows of the packet; options that only the first fragment carries go");
	IPCB(to)->flags = IPCB(from)->flags;
	if (first_frag)
		ip_options_fragment(from);
}

static int ip_frag_send(struct net *net, struct sock *sk, struct sk_buff *skb, unsigned int hlen,
			unsigned int mtu, ip_output_fn_t *output)
{
	struct ip_frag_state state;
	u64 tstamp = skb->tstamp;
	struct sk_buff *skb2;
	bool first;
	int err;

	ip_frag_init(skb, hlen, LL_RESERVED_SPACE(skb_dst(skb)->dev), mtu, IPCB(skb)->flags & IPSKB_FRAG_PMTU,
		     &state);
	while (state.left > 0) {
		first = state.ptr == (int)hlen;
		skb2 = ip_frag_next(skb, &state);
		if (IS_ERR(skb2))
			return (int)PTR_ERR(skb2);
		ip_frag_ipcb(skb, skb2, first);
		skb2->tstamp = tstamp;
		err = output(net, sk, skb2);
		if (err)
			return err;
		IP_INC_STATS(net, IPSTATS_MIB_FRAGCREATES);
	}
	return 0;
}

/* ---- both ---- */

int ip_do_fragment(struct net *net, struct sock *sk, struct sk_buff *skb, ip_output_fn_t *output)
{
	TRACE_SKB(skb, "cut the packet into fragments and send them");
	unsigned int mtu, hlen;
	struct iphdr *iph;
	int err;

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		err = skb_checksum_help(skb);
		if (err)
			goto fail;
	}
	iph = ip_hdr(skb);
	mtu = ip_skb_dst_mtu(sk, skb);
	if (IPCB(skb)->frag_max_size && IPCB(skb)->frag_max_size < mtu)
		mtu = IPCB(skb)->frag_max_size;
	hlen = iph->ihl * 4u;
	err = -EMSGSIZE;
	if (mtu < hlen + 8)
		goto fail;
	mtu -= hlen; /* of data */
	IPCB(skb)->flags |= IPSKB_FRAG_COMPLETE;
	if (ip_fraglist_ok(skb, iph, hlen, mtu))
		return ip_fraglist_send(net, sk, skb, hlen, output);
	err = ip_frag_send(net, sk, skb, hlen, mtu, output);
	if (err)
		goto fail;
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
	if (unlikely(!skb->ignore_df || (IPCB(skb)->frag_max_size && IPCB(skb)->frag_max_size > mtu))) {
		IP_INC_STATS(net, IPSTATS_MIB_FRAGFAILS);
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_MTU);
		return -EMSGSIZE;
	}
	return ip_do_fragment(net, sk, skb, output);
}
