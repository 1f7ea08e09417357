/*
 * MSG_ZEROCOPY. A program's memory is not the host's RAM, so that no card can read from it: the data is
 * copied to pages of its own, one or more for each buffer of the program as when they were pinned, and the
 * program is told so (SO_EE_CODE_ZEROCOPY_COPIED).
 */
#include "stack/internet/errqueue.h"
#include "stack/skb/skbuff.h"
#include "stack/transport/sock.h"

_Static_assert(sizeof(struct ubuf_info) <= sizeof(((struct sk_buff *)0)->cb), "does not fit");

static struct sk_buff *skb_from_uarg(struct ubuf_info *uarg)
{
	return container_of((void *)uarg, struct sk_buff, cb);
}

/* ---- a send() ---- */

static struct ubuf_info *msg_zerocopy_alloc(struct sock *sk, size_t size)
{
	TRACE_SK(sk, "make what will tell the program that its data is not needed any more");
	struct sk_buff *skb = sock_omalloc(sk, 0, GFP_KERNEL);
	struct ubuf_info *uarg;

	if (!skb)
		return NULL;
	uarg = (void *)skb->cb;
	uarg->id = sk->sk_zckey++;
	uarg->len = 1;
	uarg->bytelen = (u32)size;
	uarg->zerocopy = false; /* what is sent from are copies */
	uarg->refcnt = 1;
	sock_hold(sk);
	return uarg;
}

struct ubuf_info *msg_zerocopy_realloc(struct sock *sk, size_t size, struct ubuf_info *uarg)
{
	TRACE_SK(sk, "let the last packet's notification stand for this data too, or make a new one");
	const u32 byte_limit = 1 << 19; /* a few TSO packets */

	SIM_BUG_ON(sk->host, uarg && !sock_owned_by_user(sk));
	if (!uarg || uarg->len == U16_MAX - 1 || uarg->bytelen + size > byte_limit ||
	    uarg->id + uarg->len != sk->sk_zckey) {
		/* a datagram has one only */
		return uarg && sk->sk_type != SOCK_STREAM ? NULL : msg_zerocopy_alloc(sk, size);
	}
	uarg->len++;
	uarg->bytelen += (u32)size;
	sk->sk_zckey++;
	/* a datagram that grows has its reference already */
	if (sk->sk_type == SOCK_STREAM)
		net_zcopy_get(uarg);
	return uarg;
}

/* ---- the end ---- */

/* The message queued last may tell of the sends that follow those it tells of. */
static bool skb_zerocopy_notify_extend(struct sk_buff *skb, u32 lo, u16 len)
{
	TRACE_SKB(skb, "can the notification before tell of this data too?");
	struct sock_extended_err *ee = &SKB_EXT_ERR(skb)->ee;

	if (ee->ee_origin != SO_EE_ORIGIN_ZEROCOPY || lo != ee->ee_data + 1 ||
	    (u64)(ee->ee_data - ee->ee_info) + 1 + len >= 1ull << 32)
		return false;
	ee->ee_data += len;
	return true;
}

static void __msg_zerocopy_callback(struct ubuf_info *uarg)
{
	struct sk_buff *skb = skb_from_uarg(uarg), *tail;
	TRACE_SKB(skb, "tell the program that its data is not needed any more");
	struct sock_exterr_skb *serr = SKB_EXT_ERR(skb);
	const struct ubuf_info done = *uarg;
	struct sock *sk = skb->sk;

	/* all that it stood for failed, or nobody is there to be told */
	if (!done.len || sock_flag(sk, SOCK_DEAD))
		goto release;
	memset(serr, 0, sizeof(*serr));
	serr->ee.ee_origin = SO_EE_ORIGIN_ZEROCOPY;
	serr->ee.ee_code = done.zerocopy ? 0 : SO_EE_CODE_ZEROCOPY_COPIED;
	serr->ee.ee_info = done.id;
	serr->ee.ee_data = done.id + done.len - 1;
	tail = skb_peek_tail(&sk->sk_error_queue);
	if (!tail || !skb_zerocopy_notify_extend(tail, done.id, done.len)) {
		__skb_queue_tail(&sk->sk_error_queue, skb);
		skb = NULL;
	}
	sk_error_report(sk);
release:
	consume_skb(skb);
	sock_put(sk);
}

void msg_zerocopy_callback(struct sk_buff *skb __maybe_unused, struct ubuf_info *uarg, bool success)
{
	uarg->zerocopy &= success;
	if (--uarg->refcnt == 0)
		__msg_zerocopy_callback(uarg);
}

void msg_zerocopy_put_abort(struct ubuf_info *uarg, bool have_uref)
{
	struct sk_buff *skb = skb_from_uarg(uarg);
	TRACE_SKB(skb, "take the failed send() back");

	skb->sk->sk_zckey--;
	uarg->len--;
	if (have_uref)
		msg_zerocopy_callback(NULL, uarg, true);
}

/* ---- packets ---- */

void skb_zcopy_set(struct sk_buff *skb, struct ubuf_info *uarg)
{
	TRACE_SKB(skb, "the packet has data of a zero copy send()");

	if (!uarg || skb_zcopy(skb))
		return;
	net_zcopy_get(uarg);
	skb_shinfo(skb)->destructor_arg = uarg;
	skb_shinfo(skb)->flags |= SKBFL_ZEROCOPY_ENABLE | SKBFL_SHARED_FRAG;
}

void skb_zcopy_clear(struct sk_buff *skb, bool zerocopy_success)
{
	TRACE_SKB(skb, "the packet does not need the data of a zero copy send() any more");

	msg_zerocopy_callback(skb, skb_uarg(skb), zerocopy_success);
	skb_shinfo(skb)->flags &= (u8) ~(SKBFL_ZEROCOPY_ENABLE | SKBFL_SHARED_FRAG);
}

int skb_zerocopy_clone(struct sk_buff *nskb, struct sk_buff *orig, gfp_t gfp_mask __maybe_unused)
{
	TRACE_SKB(orig, "let the new packet share zero copy data, if there is any");

	if (unlikely(skb_zcopy(orig)))
		skb_zcopy_set(nskb, skb_uarg(orig));
	return 0;
}

int skb_copy_ubufs(struct sk_buff *skb, gfp_t gfp_mask)
{
	TRACE_SKB(skb, "the packet's data shall be its own");

	/* the pages are copies already: only the reference goes */
	if (skb_shared(skb) || skb_unclone(skb, gfp_mask))
		return -EINVAL;
	skb_zcopy_clear(skb, false);
	return 0;
}

/* Puts data into fragments, from each of the program's buffers into pages of their own. */
static int __zerocopy_sg_from_iter(struct sock *sk, struct sk_buff *skb, struct iov_iter *from, int length)
{
	TRACE_SKB(skb, "hang the program's buffers into the packet");
	int frag = skb_shinfo(skb)->nr_frags;

	while (length && iov_iter_count(from)) {
		size_t size =
			min_t(size_t, iov_iter_single_seg_count(from), min_t(u32, (u32)length, PAGE_SIZE));
		struct page *page;

		if (frag == MAX_SKB_FRAGS)
			return -EMSGSIZE;
		page = alloc_page(sk->host);
		if (!page)
			return -EFAULT;
		copy_from_iter(page_address(sk->host, page), size, from);
		skb_fill_page_desc(skb, frag++, page, 0, (int)size);
		skb->data_len += (unsigned int)size;
		skb->len += (unsigned int)size;
		skb->truesize += PAGE_SIZE;
		sk_wmem_queued_add(sk, PAGE_SIZE);
		sk_mem_charge(sk, PAGE_SIZE);
		length -= (int)size;
	}
	return 0;
}

int skb_zerocopy_iter_stream(struct sock *sk, struct sk_buff *skb, struct msghdr *msg, int len,
			     struct ubuf_info *uarg)
{
	TRACE_SKB(skb, "put data of a zero copy send() into the packet");
	struct ubuf_info *orig_uarg = skb_zcopy(skb);
	int orig_len = (int)skb->len, err;

	/* one packet, one notification */
	if (orig_uarg && uarg != orig_uarg)
		return -EEXIST;
	err = __zerocopy_sg_from_iter(sk, skb, &msg->msg_iter, len);
	if (err && (int)skb->len == orig_len)
		return err;
	skb_zcopy_set(skb, uarg);
	return (int)skb->len - orig_len;
}
