/*
 * Where a packet's headers lie: offsets from head, so that they survive a move of the buffer.
 * Included by skbuff.h.
 */
#ifndef STACK_SKB_SKB_HEADER_H
#define STACK_SKB_SKB_HEADER_H

#include "stack/skb/skbuff.h"

static inline unsigned char *skb_transport_header(const struct sk_buff *skb)
{
	return skb->head + skb->transport_header;
}

static inline bool skb_transport_header_was_set(const struct sk_buff *skb)
{
	return skb->transport_header != (u16)~0U;
}

static inline void skb_reset_transport_header(struct sk_buff *skb)
{
	skb->transport_header = (u16)(skb->data - skb->head);
}

static inline void skb_set_transport_header(struct sk_buff *skb, int offset)
{
	skb->transport_header = (u16)(skb->data - skb->head + offset);
}

static inline unsigned char *skb_network_header(const struct sk_buff *skb)
{
	return skb->head + skb->network_header;
}

static inline void skb_reset_network_header(struct sk_buff *skb)
{
	skb->network_header = (u16)(skb->data - skb->head);
}

static inline void skb_set_network_header(struct sk_buff *skb, int offset)
{
	skb->network_header = (u16)(skb->data - skb->head + offset);
}

static inline unsigned char *skb_mac_header(const struct sk_buff *skb)
{
	return skb->head + skb->mac_header;
}

static inline bool skb_mac_header_was_set(const struct sk_buff *skb)
{
	return skb->mac_header != (u16)~0U;
}

static inline void skb_unset_mac_header(struct sk_buff *skb)
{
	skb->mac_header = (u16)~0U;
}

static inline void skb_reset_mac_header(struct sk_buff *skb)
{
	skb->mac_header = (u16)(skb->data - skb->head);
}

static inline void skb_set_mac_header(struct sk_buff *skb, int offset)
{
	skb->mac_header = (u16)(skb->data - skb->head + offset);
}

static inline int skb_mac_offset(const struct sk_buff *skb)
{
	return (int)(skb_mac_header(skb) - skb->data);
}

static inline u32 skb_mac_header_len(const struct sk_buff *skb)
{
	return (u32)(skb->network_header - skb->mac_header);
}

static inline void skb_reset_mac_len(struct sk_buff *skb)
{
	skb->mac_len = (u8)(skb->network_header - skb->mac_header);
}

static inline int skb_network_offset(const struct sk_buff *skb)
{
	return (int)(skb_network_header(skb) - skb->data);
}

static inline int skb_transport_offset(const struct sk_buff *skb)
{
	return (int)(skb_transport_header(skb) - skb->data);
}

static inline u32 skb_network_header_len(const struct sk_buff *skb)
{
	return (u32)(skb->transport_header - skb->network_header);
}

static inline unsigned char *skb_checksum_start(const struct sk_buff *skb)
{
	return skb->head + skb->csum_start;
}

static inline int skb_checksum_start_offset(const struct sk_buff *skb)
{
	return skb->csum_start - (int)skb_headroom(skb);
}

static inline void skb_set_csum_start(struct sk_buff *skb)
{
	skb->csum_start = skb->transport_header;
}

static inline bool pskb_network_may_pull(struct sk_buff *skb, unsigned int len)
{
	return pskb_may_pull(skb, (unsigned int)skb_network_offset(skb) + len);
}

/* `len` bytes at `offset`: in place when they are linear, else copied to `buffer`; NULL when beyond. */
void *__skb_header_pointer(const struct sk_buff *skb, int offset, int len, void *buffer);

static inline void *skb_header_pointer(const struct sk_buff *skb, int offset, int len, void *buffer)
{
	if (likely((int)skb_headlen(skb) - offset >= len))
		return skb->data + offset;
	return __skb_header_pointer(skb, offset, len, buffer);
}

#endif
