/*
 * Segmentation in software of a datagram that a program wants to be many (UDP_SEGMENT): behind the queueing
 * discipline it is cut into datagrams of gso_size bytes of data, each with a header of its own.
 */
#include "stack/interface/netdevice.h"
#include "stack/internet/ip.h"
#include "stack/internet/protocol.h"
#include "stack/transport/udp.h"

/* Length and checksum of one datagram, whose header is a copy of the big one's. */
static void udp_gso_fix_header(struct sk_buff *skb)
{
	struct udphdr *uh = udp_hdr(skb);
	__be16 len = htons((u16)(skb_tail_pointer(skb) - skb_transport_header(skb) + (long)skb->data_len));
	__wsum pseudo = csum_add(csum_sub(csum_unfold(uh->check), uh->len), len);

	uh->len = len;
	uh->check = (__sum16)~csum_fold(pseudo);
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		gso_reset_checksum(skb, (__wsum)~uh->check);
		return;
	}
	uh->check = gso_make_checksum(skb, (__wsum)~uh->check);
	if (uh->check == 0)
		uh->check = CSUM_MANGLED_0;
}

static struct sk_buff *__udp_gso_segment(struct sk_buff *gso_skb, u64 features)
{
	TRACE_SKB(gso_skb, "cut the datagram into those that the program wants");
	const bool copy_dtor = gso_skb->destructor == sock_wfree;
	struct sock *sk = gso_skb->sk;
	struct sk_buff *segs, *skb;
	int sum_truesize = 0;

	if (gso_skb->len <= sizeof(struct udphdr) + skb_shinfo(gso_skb)->gso_size)
		return ERR_PTR(-EINVAL);
	__skb_pull(gso_skb, sizeof(struct udphdr));
	if (copy_dtor) /* else all of the charge would go to the last one */
		gso_skb->destructor = NULL;
	segs = skb_segment(gso_skb, features);
	if (IS_ERR_OR_NULL(segs)) {
		if (copy_dtor)
			gso_skb->destructor = sock_wfree;
		return segs;
	}
	for (skb = segs; skb; skb = skb->next) {
		if (copy_dtor) {
			skb->destructor = sock_wfree;
			skb->sk = sk;
			sum_truesize += (int)skb->truesize;
		}
		udp_gso_fix_header(skb);
	}
	if (copy_dtor) {
		gso_skb->sk = NULL;
		sk->sk_wmem_alloc += sum_truesize - (int)gso_skb->truesize;
	}
	return segs;
}

static struct sk_buff *udp4_ufo_fragment(struct sk_buff *skb, u64 features)
{
	TRACE_SKB(skb, "cut a udp packet over ipv4");

	if (!(skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4) || !pskb_may_pull(skb, sizeof(struct udphdr)))
		return ERR_PTR(-EINVAL);
	return __udp_gso_segment(skb, features);
}

static const struct net_offload udpv4_offload = {
	.gso_segment = udp4_ufo_fragment,
};

int udpv4_offload_init(struct host *host)
{
	return inet_add_offload(host, &udpv4_offload, IPPROTO_UDP);
}
