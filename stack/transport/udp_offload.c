/*
 * Segmentation in software of a datagram that a program wants to be many (UDP_SEGMENT): behind the queueing
 * discipline it is cut into datagrams of gso_size bytes of data, each with a header of its own. And the
 * reverse, on receipt (stack/interface/gro.h): datagrams of one flow are merged for a socket that wants that
 * (UDP_GRO).
 */
#include "stack/interface/gro.h"
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

/* ---- GRO ---- */

#define UDP_GRO_CNT_MAX 64

/* The socket that a datagram is for, which the packet does not tell yet where it came in. */
static struct sock *udp4_gro_lookup_skb(struct sk_buff *skb, __be16 sport, __be16 dport)
{
	const struct iphdr *iph = ip_hdr(skb);

	return __udp4_lib_lookup(skb->host->net, iph->saddr, sport, iph->daddr, dport, skb->dev->ifindex, 0,
				 NULL);
}

/* Does the datagram not continue the held packet of its flow? */
static bool udp_gro_differs(struct sk_buff *p, unsigned int ulen)
{
	struct napi_gro_cb *cb = NAPI_GRO_CB(p);
	bool flush = cb->flush || ulen > ntohs(udp_hdr(p)->len);

	/* as in tcp_gro_receive(): the second one decides about ip ids */
	if (cb->flush_id != 1 || cb->count != 1 || !cb->is_atomic)
		flush |= cb->flush_id != 0;
	else
		cb->is_atomic = 0;
	return flush;
}

static struct sk_buff *udp_gro_receive_segment(struct list_head *head, struct sk_buff *skb,
					       const struct udphdr *uh)
{
	TRACE_SKB(skb, "append the datagram to the packet of its flow");
	unsigned int ulen = ntohs(uh->len);
	struct sk_buff *p;

	/* A sum is needed for cutting it again; padded or malformed ones are not merged. */
	if (!uh->check || ulen <= sizeof(*uh) || ulen != skb_gro_len(skb)) {
		NAPI_GRO_CB(skb)->flush = 1;
		return NULL;
	}
	skb_gro_pull(skb, sizeof(*uh));
	list_for_each_entry (p, head, list) {
		const struct udphdr *uh2 = udp_hdr(p);

		if (!NAPI_GRO_CB(p)->same_flow)
			continue;
		if (uh->source != uh2->source || uh->dest != uh2->dest) {
			NAPI_GRO_CB(p)->same_flow = 0;
			continue;
		}
		/* A longer one begins anew, a shorter one is the last. */
		if (udp_gro_differs(p, ulen) || skb_gro_receive(p, skb) || ulen != ntohs(uh2->len) ||
		    NAPI_GRO_CB(p)->count >= UDP_GRO_CNT_MAX)
			return p;
		return NULL;
	}
	return NULL;
}

static struct sk_buff *udp4_gro_receive(struct list_head *head, struct sk_buff *skb)
{
	TRACE_SKB(skb, "see whether the socket wants datagrams merged");
	unsigned int off = skb_gro_offset(skb);
	const struct udphdr *uh = skb_gro_header(skb, off + sizeof(*uh), off);
	const struct iphdr *iph = ip_hdr(skb);
	const struct sock *sk = NULL;

	if (unlikely(!uh))
		goto flush;
	if (!NAPI_GRO_CB(skb)->flush && uh->check &&
	    skb_gro_checksum_validate(
		    skb, csum_tcpudp_nofold(iph->saddr, iph->daddr, skb_gro_len(skb), IPPROTO_UDP, 0)))
		goto flush;
	if (udp_host(skb->host->net)->encap_needed)
		sk = udp4_gro_lookup_skb(skb, uh->source, uh->dest);
	if (sk && udp_sk(sk)->gro_enabled)
		return udp_gro_receive_segment(head, skb, uh);
flush:
	NAPI_GRO_CB(skb)->flush = 1;
	return NULL;
}

static int udp4_gro_complete(struct sk_buff *skb, int nhoff)
{
	TRACE_SKB(skb, "make the merged packet one that can be cut into datagrams again");
	const struct iphdr *iph = ip_hdr(skb);
	struct udphdr *uh = (struct udphdr *)(skb->data + nhoff);
	u32 len = skb->len - (u32)nhoff;

	uh->check = (__sum16)~csum_tcpudp_magic(iph->saddr, iph->daddr, len, IPPROTO_UDP, 0);
	uh->len = htons((u16)len);
	skb->csum_start = (u16)((u8 *)uh - skb->head);
	skb->csum_offset = offsetof(struct udphdr, check);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb_shinfo(skb)->gso_segs = NAPI_GRO_CB(skb)->count;
	skb_shinfo(skb)->gso_type |= SKB_GSO_UDP_L4;
	return 0;
}

static const struct net_offload udpv4_offload = {
	.gso_segment = udp4_ufo_fragment,
	.gro_receive = udp4_gro_receive,
	.gro_complete = udp4_gro_complete,
};

int udpv4_offload_init(struct host *host)
{
	return inet_add_offload(host, &udpv4_offload, IPPROTO_UDP);
}
