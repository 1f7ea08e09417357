/*
 * MSG_ZEROCOPY: what a program is told when the data of its send() is not needed any more. Included by
 * skbuff.h.
 *
 * One struct ubuf_info stands for one send() or several that follow each other. It lives in the cb of an
 * otherwise empty packet, which becomes the message in the socket's error queue. Each packet with some of the
 * data holds a reference (in skb_shared_info, so clones share it), the send() itself another; the last one
 * that is given back queues the message.
 */
#ifndef STACK_SKB_SKB_ZCOPY_H
#define STACK_SKB_SKB_ZCOPY_H

#include "stack/skb/skbuff.h"

struct ubuf_info {
	u32 id;	       /* of its first send(), counted by the socket */
	u16 len;       /* sends that it stands for */
	bool zerocopy; /* nothing was copied */
	u32 bytelen;
	u32 refcnt;
};

#define skb_uarg(skb) ((struct ubuf_info *)skb_shinfo(skb)->destructor_arg)

static inline struct ubuf_info *skb_zcopy(const struct sk_buff *skb)
{
	return skb && unlikely(skb_shinfo(skb)->flags & SKBFL_ZEROCOPY_ENABLE) ? skb_uarg(skb) : NULL;
}

static inline void net_zcopy_get(struct ubuf_info *uarg)
{
	uarg->refcnt++;
}

/* For a send() of `size` bytes: a new one, or `uarg` when it can stand for this one too. NULL: no memory. */
struct ubuf_info *msg_zerocopy_realloc(struct sock *sk, size_t size, struct ubuf_info *uarg);
/* Gives back a reference; `success`: the data was not copied on its way. */
void msg_zerocopy_callback(struct sk_buff *skb, struct ubuf_info *uarg, bool success);
/* The send() failed: it does not count. */
void msg_zerocopy_put_abort(struct ubuf_info *uarg, bool have_uref);
void skb_zcopy_set(struct sk_buff *skb, struct ubuf_info *uarg);
void skb_zcopy_clear(struct sk_buff *skb, bool zerocopy_success);
int skb_zerocopy_clone(struct sk_buff *nskb, struct sk_buff *orig, gfp_t gfp_mask);
int skb_copy_ubufs(struct sk_buff *skb, gfp_t gfp_mask);
int skb_zerocopy_iter_stream(struct sock *sk, struct sk_buff *skb, struct msghdr *msg, int len,
			     struct ubuf_info *uarg);

static inline void net_zcopy_put(struct ubuf_info *uarg)
{
	if (uarg)
		msg_zerocopy_callback(NULL, uarg, true);
}

static inline void net_zcopy_put_abort(struct ubuf_info *uarg, bool have_uref)
{
	if (uarg)
		msg_zerocopy_put_abort(uarg, have_uref);
}

/* A packet of our own is received: nobody shall wait for its reader. */
static inline int skb_orphan_frags_rx(struct sk_buff *skb, gfp_t gfp_mask)
{
	return likely(!skb_zcopy(skb)) ? 0 : skb_copy_ubufs(skb, gfp_mask);
}

#endif
