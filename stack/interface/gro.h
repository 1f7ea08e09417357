/*
 * Generic receive offload: received segments of one flow become one big packet, so that the layers above
 * handle many at a time. gro.c keeps the packets that wait for more (napi_struct.gro_hash) and asks the
 * protocols' gro_receive callbacks which of them a new packet continues.
 *
 * NAPI_GRO_CB() are the notes of both sides, in skb->cb; skb_gro_offset() is where the next header starts.
 */
#ifndef STACK_INTERFACE_GRO_H
#define STACK_INTERFACE_GRO_H

#include "stack/interface/netdevice.h"

struct napi_gro_cb {
	int data_offset;      /* of the header at hand, from skb->data */
	u16 flush;	      /* not to be merged: a new packet itself, a held one with the new one */
	u16 flush_id;	      /* how the IP id differs from the one expected */
	u16 count;	      /* segments in it */
	u8 same_flow : 1;     /* held: of the new packet's flow as far as is known; new: was merged */
	u8 free : 2;	      /* merged: NAPI_GRO_FREE, NAPI_GRO_FREE_STOLEN_HEAD */
	u8 is_atomic : 1;     /* may not be fragmented (DF), so its IP id need not count */
	u8 csum_cnt : 3;      /* checksums that the card vouches for */
	unsigned long age;    /* jiffies when it was held */
	struct sk_buff *last; /* of the frag_list, or itself */
};
#define NAPI_GRO_CB(skb) ((struct napi_gro_cb *)(void *)(skb)->cb)
#define NAPI_GRO_FREE 1
#define NAPI_GRO_FREE_STOLEN_HEAD 2

static inline unsigned int skb_gro_offset(const struct sk_buff *skb)
{
	return (unsigned int)NAPI_GRO_CB(skb)->data_offset;
}

/* Bytes from the header at hand on. */
static inline unsigned int skb_gro_len(const struct sk_buff *skb)
{
	return skb->len - skb_gro_offset(skb);
}

static inline void skb_gro_pull(struct sk_buff *skb, unsigned int len)
{
	NAPI_GRO_CB(skb)->data_offset += (int)len;
}

/* The header at `offset`, which ends at `hlen`; NULL when the packet is shorter. */
static inline void *skb_gro_header(struct sk_buff *skb, unsigned int hlen, unsigned int offset)
{
	return pskb_may_pull(skb, hlen) ? skb->data + offset : NULL;
}

static inline void skb_gro_flush_final(struct sk_buff *skb, int flush)
{
	NAPI_GRO_CB(skb)->flush |= flush != 0;
}

/* 0: the transport checksum of the packet at hand is right. `pseudo`: sum of the pseudo header. */
__sum16 skb_gro_checksum_validate(struct sk_buff *skb, __wsum pseudo);

/* skb_gro.c: appends a segment to a held packet. 0, or -E2BIG: it does not fit. */
int skb_gro_receive(struct sk_buff *p, struct sk_buff *skb);

void napi_gro_flush(struct napi_struct *napi, bool flush_old);
void gro_normal_list_slow(struct napi_struct *napi);
static inline void gro_normal_list(struct napi_struct *napi)
{
	if (unlikely(napi->rx_count))
		gro_normal_list_slow(napi);
}
void flush_gro_hash(struct napi_struct *napi);
void init_gro_hash(struct napi_struct *napi);

#endif
