/*
 * Segmentation in software: a big TCP packet is cut into segments of gso_size behind the queueing
 * discipline (validate_xmit_skb() > ... > inet_gso_segment() > tcp4_gso_segment()), so that everything
 * above handles 64 KiB at a time.
 */
#include "stack/internet/ip.h"
#include "stack/internet/protocol.h"
#include "stack/interface/netdevice.h"
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

static const struct net_offload tcpv4_offload = {
	.gso_segment = tcp4_gso_segment,
};

int tcpv4_offload_init(struct host *host)
{
	return inet_add_offload(host, &tcpv4_offload, IPPROTO_TCP);
}
