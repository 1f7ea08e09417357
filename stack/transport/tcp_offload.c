/*
 * Segmentation in software: a big TCP packet is cut into segments of gso_size behind the queueing
 * discipline (validate_xmit_skb() > ... > inet_gso_segment() > tcp4_gso_segment()), so that everything
 * above handles 64 KiB at a time. And the reverse, on receipt (stack/interface/gro.h): a segment that goes
 * on where a held packet of its flow ends is appended to it.
 */
#include "stack/interface/gro.h"
#include "stack/internet/ip.h"
#include "stack/internet/protocol.h"
#include "stack/transport/tcp_output.h"

/*
 * Mends the checksum of a segment that was copied from the whole packet. `sum` is the packet's pseudo header
 * sum as it stands in th->check (CHECKSUM_PARTIAL), taken for `old_len` bytes of TCP; the segment has `len`.
 */
static void tcp_gso_fix_check(struct sk_buff *skb, __sum16 sum, u32 old_len, u32 len)
{
	struct tcphdr *th = tcp_hdr(skb);
	__wsum pseudo = csum_add(csum_sub(csum_unfold(sum), htonl(old_len)), htonl(len));

	th->check = (__sum16)~csum_fold(pseudo);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		gso_reset_checksum(skb, (__wsum)~th->check);
	else
		th->check = gso_make_checksum(skb, (__wsum)~th->check);
}

/* Header and data of a segment, as the checksum counts them. */
static inline u32 tcp_gso_len(const struct sk_buff *skb)
{
	return (u32)(skb_tail_pointer(skb) - skb_transport_header(skb)) + skb->data_len;
}

/* The segments are charged to the socket in place of the packet; the last one carries the packet's share. */
static void tcp_gso_charge(struct sk_buff *segs, struct sk_buff *gso_skb)
{
	struct sk_buff *skb, *last = NULL;
	int sum_truesize = 0;

	for (skb = segs; skb; skb = skb->next) {
		skb->destructor = gso_skb->destructor;
		skb->sk = gso_skb->sk;
		sum_truesize += (int)skb->truesize;
		last = skb;
	}
	gso_skb->sk = NULL;
	gso_skb->destructor = NULL;
	last->sk->sk_wmem_alloc += sum_truesize - (int)gso_skb->truesize;
}

/* The time stamp is of one byte: the segment with it asks for it. */
static void tcp_gso_tstamp(struct sk_buff *skb, u32 ts_seq, u32 seq, unsigned int mss)
{
	for (; skb; skb = skb->next, seq += mss)
		if (before(ts_seq, seq + mss)) {
			skb_shinfo(skb)->tx_flags |= SKBTX_SW_TSTAMP;
			skb_shinfo(skb)->tskey = ts_seq;
			return;
		}
}

struct sk_buff *tcp_gso_segment(struct sk_buff *skb, u64 features)
{
	TRACE_SKB(skb, "cut the packet into segments, each with a tcp header");
	struct sk_buff *gso_skb = skb, *segs;
	unsigned int mss = skb_shinfo(skb)->gso_size, thlen;
	struct tcphdr *th = tcp_hdr(skb);
	bool copy_destructor, ooo_okay;
	__sum16 sum = th->check;
	u32 old_len = skb->len, seq;

	thlen = th->doff * 4u;
	if (unlikely(thlen < sizeof(*th) || !pskb_may_pull(skb, thlen) || skb->len - thlen <= mss))
		return ERR_PTR(-EINVAL);
	__skb_pull(skb, thlen);

	copy_destructor = gso_skb->destructor == tcp_wfree;
	ooo_okay = gso_skb->ooo_okay;
	/* only the first may be put on another queue than those before it */
	gso_skb->ooo_okay = 0;
	segs = skb_segment(skb, features);
	if (IS_ERR(segs))
		return segs;
	segs->ooo_okay = ooo_okay;

	seq = ntohl(tcp_hdr(segs)->seq);
	if (unlikely(skb_shinfo(gso_skb)->tx_flags & SKBTX_SW_TSTAMP))
		tcp_gso_tstamp(segs, skb_shinfo(gso_skb)->tskey, seq, mss);
	for (skb = segs; skb; skb = skb->next) {
		th = tcp_hdr(skb);
		th->seq = htonl(seq);
		if (skb->next)
			th->fin = th->psh = 0;
		if (skb != segs)
			th->cwr = 0;
		tcp_gso_fix_check(skb, sum, old_len, tcp_gso_len(skb));
		seq += mss;
	}
	if (copy_destructor)
		tcp_gso_charge(segs, gso_skb);
	return segs;
}

struct sk_buff *tcp4_gso_segment(struct sk_buff *skb, u64 features)
{
	TRACE_SKB(skb, "cut a tcp packet over ipv4 into segments");

	if (!(skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4) || !pskb_may_pull(skb, sizeof(struct tcphdr)))
		return ERR_PTR(-EINVAL);
	if (unlikely(skb->ip_summed != CHECKSUM_PARTIAL)) {
		/* the segments' checksums are made from the pseudo header's sum */
		const struct iphdr *iph = ip_hdr(skb);

		tcp_hdr(skb)->check = 0;
		skb->ip_summed = CHECKSUM_PARTIAL;
		__tcp_v4_send_check(skb, iph->saddr, iph->daddr);
	}
	return tcp_gso_segment(skb, features);
}

/* ---- GRO ---- */

/* The held packet of the segment's flow, or NULL; marks the others as of another flow. */
static struct sk_buff *tcp_gro_lookup(struct list_head *head, const struct tcphdr *th)
{
	struct sk_buff *p;

	list_for_each_entry (p, head, list) {
		const struct tcphdr *th2 = tcp_hdr(p);

		if (!NAPI_GRO_CB(p)->same_flow)
			continue;
		if (th->source == th2->source && th->dest == th2->dest)
			return p;
		NAPI_GRO_CB(p)->same_flow = 0;
	}
	return NULL;
}

/* The segment does not continue the held packet: something differs but length, FIN and PSH. */
static bool tcp_gro_differs(struct sk_buff *p, const struct tcphdr *th, unsigned int thlen, unsigned int len)
{
	struct napi_gro_cb *cb = NAPI_GRO_CB(p);
	const struct tcphdr *th2 = tcp_hdr(p);
	__be32 flags = tcp_flag_word(th), differ = flags ^ tcp_flag_word(th2);
	bool flush = cb->flush || (flags & TCP_FLAG_CWR) ||
		     (differ & ~(TCP_FLAG_CWR | TCP_FLAG_FIN | TCP_FLAG_PSH)) || th->ack_seq != th2->ack_seq;

	/* The window and the length of the header are in the flags' word, so the options are of one length.
	 */
	flush |= memcmp(th + 1, th2 + 1, thlen - sizeof(*th)) != 0;
	/* The second segment decides whether the flow's ip ids count on or stay the same. */
	if (cb->flush_id != 1 || cb->count != 1 || !cb->is_atomic)
		flush |= cb->flush_id != 0;
	else
		cb->is_atomic = 0;
	flush |= len - 1 >= skb_shinfo(p)->gso_size;
	flush |= ntohl(th2->seq) + skb_gro_len(p) != ntohl(th->seq);
	return flush;
}

struct sk_buff *tcp_gro_receive(struct list_head *head, struct sk_buff *skb)
{
	TRACE_SKB(skb, "append the segment to the packet of its connection that it continues");
	unsigned int off = skb_gro_offset(skb), thlen, len, mss = 1;
	struct tcphdr *th = skb_gro_header(skb, off + sizeof(*th), off);
	struct sk_buff *p;
	__be32 flags;
	bool flush;

	if (unlikely(!th))
		goto malformed;
	thlen = th->doff * 4u;
	if (unlikely(thlen < sizeof(*th)))
		goto malformed;
	th = skb_gro_header(skb, off + thlen, off);
	if (unlikely(!th))
		goto malformed;
	skb_gro_pull(skb, thlen);
	len = skb_gro_len(skb);
	flags = tcp_flag_word(th);
	p = tcp_gro_lookup(head, th);
	if (p) {
		mss = skb_shinfo(p)->gso_size;
		if (tcp_gro_differs(p, th, thlen, len) || skb_gro_receive(p, skb))
			mss = 1;
		else
			tcp_flag_word(tcp_hdr(p)) |= flags & (TCP_FLAG_FIN | TCP_FLAG_PSH);
	}
	/* A short segment ends a burst, and so do these flags: the packet goes up. */
	flush = len < mss ||
		(flags & (TCP_FLAG_URG | TCP_FLAG_PSH | TCP_FLAG_RST | TCP_FLAG_SYN | TCP_FLAG_FIN));
	skb_gro_flush_final(skb, flush);
	return p && (!NAPI_GRO_CB(skb)->same_flow || flush) ? p : NULL;
malformed:
	skb_gro_flush_final(skb, true);
	return NULL;
}

static struct sk_buff *tcp4_gro_receive(struct list_head *head, struct sk_buff *skb)
{
	TRACE_SKB(skb, "check the segment's sum and find the packet that it continues");
	const struct iphdr *iph = ip_hdr(skb);

	if (!NAPI_GRO_CB(skb)->flush &&
	    skb_gro_checksum_validate(
		    skb, csum_tcpudp_nofold(iph->saddr, iph->daddr, skb_gro_len(skb), IPPROTO_TCP, 0))) {
		NAPI_GRO_CB(skb)->flush = 1;
		return NULL;
	}
	return tcp_gro_receive(head, skb);
}

static int tcp_gro_complete(struct sk_buff *skb)
{
	TRACE_SKB(skb, "note how many segments are in the packet");
	struct tcphdr *th = tcp_hdr(skb);

	skb->csum_start = (u16)((u8 *)th - skb->head);
	skb->csum_offset = offsetof(struct tcphdr, check);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb_shinfo(skb)->gso_segs = NAPI_GRO_CB(skb)->count;
	if (th->cwr)
		skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_ECN;
	return 0;
}

static int tcp4_gro_complete(struct sk_buff *skb, int thoff)
{
	TRACE_SKB(skb, "make the merged packet one that can be cut into segments again");
	const struct iphdr *iph = ip_hdr(skb);
	struct tcphdr *th = tcp_hdr(skb);

	th->check = (__sum16)~tcp_v4_check((int)skb->len - thoff, iph->saddr, iph->daddr, 0);
	skb_shinfo(skb)->gso_type |= SKB_GSO_TCPV4;
	if (NAPI_GRO_CB(skb)->is_atomic)
		skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_FIXEDID;
	return tcp_gro_complete(skb);
}

static const struct net_offload tcpv4_offload = {
	.gso_segment = tcp4_gso_segment,
	.gro_receive = tcp4_gro_receive,
	.gro_complete = tcp4_gro_complete,
};

int tcpv4_offload_init(struct host *host)
{
	return inet_add_offload(host, &tcpv4_offload, IPPROTO_TCP);
}
