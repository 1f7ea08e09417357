/*
 * Copies of packets, moving their bytes, checksums, and segmentation (GSO). Included by skbuff.h.
 */
#ifndef STACK_SKB_SKB_COPY_H
#define STACK_SKB_SKB_COPY_H

#include "stack/skb/skbuff.h"

/* ---- copies: skb_clone.c, skb_data.c ---- */

struct sk_buff *skb_clone(struct sk_buff *skb, gfp_t gfp_mask);
struct sk_buff *skb_morph(struct sk_buff *dst, struct sk_buff *src);
struct sk_buff *skb_copy(const struct sk_buff *skb, gfp_t gfp_mask);
struct sk_buff *skb_copy_expand(const struct sk_buff *skb, int newheadroom, int newtailroom, gfp_t gfp_mask);
struct sk_buff *__pskb_copy(struct sk_buff *skb, int headroom, gfp_t gfp_mask);
struct sk_buff *__pskb_copy_fclone(struct sk_buff *skb, int headroom, gfp_t gfp_mask, bool fclone);
struct sk_buff *pskb_copy(struct sk_buff *skb, gfp_t gfp_mask);
struct sk_buff *skb_realloc_headroom(struct sk_buff *skb, unsigned int headroom);
struct sk_buff *skb_expand_head(struct sk_buff *skb, unsigned int headroom);
int pskb_expand_head(struct sk_buff *skb, int nhead, int ntail, gfp_t gfp_mask);
void __copy_skb_header(struct sk_buff *new, const struct sk_buff *old);
void skb_copy_header(struct sk_buff *new, const struct sk_buff *old);
void skb_headers_offset_update(struct sk_buff *skb, int off);

/* A copy of a shared skb to write to, in exchange for it; NULL (and the original dropped) without memory. */
static inline struct sk_buff *skb_share_check(struct sk_buff *skb, gfp_t pri)
{
	if (skb_shared(skb)) {
		struct sk_buff *nskb = skb_clone(skb, pri);

		if (likely(nskb))
			consume_skb(skb);
		else
			kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		skb = nskb;
	}
	return skb;
}

static inline struct sk_buff *skb_unshare(struct sk_buff *skb, gfp_t pri)
{
	if (skb_cloned(skb)) {
		struct sk_buff *nskb = skb_copy(skb, pri);

		if (likely(nskb))
			consume_skb(skb);
		else
			kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		skb = nskb;
	}
	return skb;
}

/* A head of one's own. */
static inline int skb_unclone(struct sk_buff *skb, gfp_t pri)
{
	return skb_cloned(skb) ? pskb_expand_head(skb, 0, 0, pri) : 0;
}

static inline int skb_unclone_keeptruesize(struct sk_buff *skb, gfp_t pri)
{
	if (skb_cloned(skb)) {
		unsigned int save = skb->truesize;
		int res = pskb_expand_head(skb, 0, 0, pri);

		skb->truesize = save;
		return res;
	}
	return 0;
}

static inline int __skb_cow(struct sk_buff *skb, unsigned int headroom, bool cloned)
{
	int delta = 0;

	if (headroom > skb_headroom(skb))
		delta = (int)(headroom - skb_headroom(skb));
	if (delta || cloned)
		return pskb_expand_head(
			skb, (int)((unsigned int)(delta + NET_SKB_PAD - 1) / NET_SKB_PAD * NET_SKB_PAD), 0,
			GFP_ATOMIC);
	return 0;
}

/* Makes sure that the packet's data may be written to and that there is so much head room. */
static inline int skb_cow(struct sk_buff *skb, unsigned int headroom)
{
	return __skb_cow(skb, headroom, skb_cloned(skb));
}

/* The same for the headers only. */
static inline int skb_cow_head(struct sk_buff *skb, unsigned int headroom)
{
	return __skb_cow(skb, headroom, skb_header_cloned(skb));
}

int __skb_linearize(struct sk_buff *skb);

static inline int skb_linearize(struct sk_buff *skb)
{
	return skb_is_nonlinear(skb) ? __skb_linearize(skb) : 0;
}

static inline int skb_ensure_writable(struct sk_buff *skb, unsigned int write_len)
{
	if (!pskb_may_pull(skb, write_len))
		return -ENOMEM;
	if (!skb_cloned(skb) || skb_clone_writable(skb, write_len))
		return 0;
	return pskb_expand_head(skb, 0, 0, GFP_ATOMIC);
}

int skb_copy_bits(const struct sk_buff *skb, int offset, void *to, int len);
int skb_store_bits(struct sk_buff *skb, int offset, const void *from, int len);
void skb_split(struct sk_buff *skb, struct sk_buff *skb1, const u32 len);
int skb_shift(struct sk_buff *tgt, struct sk_buff *skb, int shiftlen);
bool skb_try_coalesce(struct sk_buff *to, struct sk_buff *from, bool *fragstolen, int *delta_truesize);
void skb_condense(struct sk_buff *skb);
int __pskb_trim_head(struct sk_buff *skb, int len);
void skb_scrub_packet(struct sk_buff *skb, bool xnet);

static inline void skb_copy_from_linear_data(const struct sk_buff *skb, void *to, unsigned int len)
{
	memcpy(to, skb->data, len);
}

static inline void skb_copy_from_linear_data_offset(const struct sk_buff *skb, int offset, void *to,
						    unsigned int len)
{
	memcpy(to, skb->data + offset, len);
}

static inline void skb_copy_to_linear_data(struct sk_buff *skb, const void *from, unsigned int len)
{
	memcpy(skb->data, from, len);
}

static inline void skb_copy_to_linear_data_offset(struct sk_buff *skb, int offset, const void *from,
						  unsigned int len)
{
	memcpy(skb->data + offset, from, len);
}

/* ---- checksums: skb_csum.c ---- */

__wsum __skb_checksum(const struct sk_buff *skb, int offset, int len, __wsum csum);
__wsum skb_checksum(const struct sk_buff *skb, int offset, int len, __wsum csum);
__wsum skb_copy_and_csum_bits(const struct sk_buff *skb, int offset, u8 *to, int len);
__sum16 __skb_checksum_complete_head(struct sk_buff *skb, int len);
__sum16 __skb_checksum_complete(struct sk_buff *skb);
int skb_checksum_help(struct sk_buff *skb);
void skb_copy_and_csum_dev(const struct sk_buff *skb, u8 *to);

static inline bool skb_csum_unnecessary(const struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_UNNECESSARY || skb->csum_valid ||
	       (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_start_offset(skb) >= 0);
}

/* 0 when the checksum of the packet is right. */
static inline __sum16 skb_checksum_complete(struct sk_buff *skb)
{
	return skb_csum_unnecessary(skb) ? 0 : __skb_checksum_complete(skb);
}

static inline void skb_checksum_none_assert(const struct sk_buff *skb)
{
	(void)skb;
}

/* Tells a packet sum (CHECKSUM_COMPLETE) that `len` bytes were taken off or put on in front. */
static inline void skb_postpull_rcsum(struct sk_buff *skb, const void *start, unsigned int len)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = ~csum_partial(start, (int)len, ~skb->csum);
	else if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_start_offset(skb) < 0)
		skb->ip_summed = CHECKSUM_NONE;
}

static inline void skb_postpush_rcsum(struct sk_buff *skb, const void *start, unsigned int len)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_block_add(skb->csum, csum_partial(start, (int)len, 0), 0);
}

/* ---- to and from a program's buffers: skb_datagram.c ---- */

int skb_copy_datagram_msg(const struct sk_buff *from, int offset, struct msghdr *msg, int size);
int skb_copy_datagram_iter(const struct sk_buff *from, int offset, struct iov_iter *to, int size);
int skb_copy_datagram_from_iter(struct sk_buff *skb, int offset, struct iov_iter *from, int len);
int skb_copy_and_csum_datagram_msg(struct sk_buff *skb, int hlen, struct msghdr *msg);
struct sk_buff *__skb_try_recv_from_queue(struct sock *sk, struct sk_buff_head *queue, unsigned int flags,
					  int *off, int *err, struct sk_buff **last);
struct sk_buff *__skb_try_recv_datagram(struct sock *sk, struct sk_buff_head *queue, unsigned int flags,
					int *off, int *err, struct sk_buff **last);
int __skb_wait_for_more_packets(struct sock *sk, struct sk_buff_head *queue, int *err, long *timeo_p,
				const struct sk_buff *skb);
struct sk_buff *__skb_recv_datagram(struct sock *sk, struct sk_buff_head *sk_queue, unsigned int flags,
				    int *off, int *err);
struct sk_buff *skb_recv_datagram(struct sock *sk, unsigned int flags, int noblock, int *err);
void skb_free_datagram(struct sock *sk, struct sk_buff *skb);
/* 0: the packet is off the queue; a packet that was only peeked at loses the queue's reference. */
int __sk_queue_drop_skb(struct sock *sk, struct sk_buff_head *sk_queue, struct sk_buff *skb,
			unsigned int flags, void (*destructor)(struct sock *sk, struct sk_buff *skb));
int skb_kill_datagram(struct sock *sk, struct sk_buff *skb, unsigned int flags);

/* ---- GSO: skb_segment.c ---- */

/* The packet cut into segments of gso_size, a list linked by next; ERR_PTR on failure. */
struct sk_buff *skb_segment(struct sk_buff *head_skb, u64 features);
bool skb_gso_validate_network_len(const struct sk_buff *skb, unsigned int mtu);
bool skb_gso_validate_mac_len(const struct sk_buff *skb, unsigned int len);
unsigned int skb_gso_transport_seglen(const struct sk_buff *skb);
unsigned int skb_gso_network_seglen(const struct sk_buff *skb);

/* Notes of segmentation in cb[] (from byte 32 on, as in Linux). */
struct skb_gso_cb {
	int mac_offset; /* from head to the mac header of the original */
	int encap_level;
	__wsum csum;
	u16 csum_start;
};
#define SKB_GSO_CB_OFFSET 32
#define SKB_GSO_CB(skb) ((struct skb_gso_cb *)(void *)((skb)->cb + SKB_GSO_CB_OFFSET))

static inline bool skb_is_gso(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_size;
}

static inline bool skb_is_gso_v6(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_type & SKB_GSO_TCPV6;
}

static inline bool skb_is_gso_tcp(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6);
}

static inline void skb_gso_reset(struct sk_buff *skb)
{
	skb_shinfo(skb)->gso_size = 0;
	skb_shinfo(skb)->gso_segs = 0;
	skb_shinfo(skb)->gso_type = 0;
}

static inline int skb_tnl_header_len(const struct sk_buff *inner_skb)
{
	return (int)(skb_mac_header(inner_skb) - inner_skb->head) - SKB_GSO_CB(inner_skb)->mac_offset;
}

/* Checksum of a segment whose payload sum is already known (gso_make_checksum). */
__sum16 gso_make_checksum(struct sk_buff *skb, __wsum res);
void gso_reset_checksum(struct sk_buff *skb, __wsum res);

#endif
