/*
 * Moving a packet's bytes between its linear part, its fragments and elsewhere.
 */
#include "stack/skb/skbuff.h"

int skb_copy_bits(const struct sk_buff *skb, int offset, void *to, int len)
{
	TRACE_SKB(skb, "copy bytes out of the packet");
	int start = (int)skb_headlen(skb);
	const struct sk_buff *frag_iter;
	u8 *dst = to;
	int i, copy;

	if (offset > (int)skb->len - len)
		return -EFAULT;
	copy = start - offset;
	if (copy > 0) {
		copy = min(copy, len);
		memcpy(dst, skb->data + offset, (size_t)copy);
		len -= copy;
		offset += copy;
		dst += copy;
	}
	for (i = 0; len && i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *f = &skb_shinfo(skb)->frags[i];
		int end = start + (int)skb_frag_size(f);

		copy = min(end - offset, len);
		if (copy > 0) {
			memcpy(dst, (u8 *)skb_frag_address(skb->host, f) + offset - start, (size_t)copy);
			len -= copy;
			offset += copy;
			dst += copy;
		}
		start = end;
	}
	if (likely(!len))
		return 0;
	skb_walk_frags(skb, frag_iter)
	{
		int end = start + (int)frag_iter->len;

		copy = min(end - offset, len);
		if (copy > 0) {
			if (skb_copy_bits(frag_iter, offset - start, dst, copy))
				return -EFAULT;
			len -= copy;
			offset += copy;
			dst += copy;
		}
		start = end;
	}
	return len ? -EFAULT : 0;
}

int skb_store_bits(struct sk_buff *skb, int offset, const void *from, int len)
{
	TRACE_SKB(skb, "write bytes into the packet");
	int start = (int)skb_headlen(skb);
	struct sk_buff *frag_iter;
	const u8 *src = from;
	int i, copy;

	if (offset > (int)skb->len - len)
		return -EFAULT;
	copy = start - offset;
	if (copy > 0) {
		copy = min(copy, len);
		memcpy(skb->data + offset, src, (size_t)copy);
		len -= copy;
		offset += copy;
		src += copy;
	}
	for (i = 0; len && i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *f = &skb_shinfo(skb)->frags[i];
		int end = start + (int)skb_frag_size(f);

		copy = min(end - offset, len);
		if (copy > 0) {
			memcpy((u8 *)skb_frag_address(skb->host, f) + offset - start, src, (size_t)copy);
			len -= copy;
			offset += copy;
			src += copy;
		}
		start = end;
	}
	if (!len)
		return 0;
	skb_walk_frags(skb, frag_iter)
	{
		int end = start + (int)frag_iter->len;

		copy = min(end - offset, len);
		if (copy > 0) {
			if (skb_store_bits(frag_iter, offset - start, src, copy))
				return -EFAULT;
			len -= copy;
			offset += copy;
			src += copy;
		}
		start = end;
	}
	return len ? -EFAULT : 0;
}

void *__skb_header_pointer(const struct sk_buff *skb, int offset, int len, void *buffer)
{
	return skb_copy_bits(skb, offset, buffer, len) < 0 ? NULL : buffer;
}

void *skb_pull_rcsum(struct sk_buff *skb, unsigned int len)
{
	TRACE_SKB_LEAF(skb, "take a header off the front and out of the checksum");
	unsigned char *data = skb->data;

	SIM_BUG_ON(skb->host, len > skb->len);
	__skb_pull(skb, len);
	skb_postpull_rcsum(skb, data, len);
	return skb->data;
}

/* ---- taking bytes off the paged part ---- */

/* Removes the first `eat` bytes of the frag_list. */
static int frag_list_eat(struct sk_buff *skb, unsigned int eat)
{
	struct skb_shared_info *si = skb_shinfo(skb);
	struct sk_buff *list;

	while (eat && (list = si->frag_list) != NULL) {
		if (list->len <= eat) {
			eat -= list->len;
			si->frag_list = list->next;
			list->next = NULL;
			consume_skb(list);
			continue;
		}
		if (skb_shared(list)) {
			struct sk_buff *clone = skb_clone(list, GFP_ATOMIC);

			if (!clone)
				return -ENOMEM;
			clone->next = list->next;
			si->frag_list = clone;
			consume_skb(list);
			list = clone;
		}
		if (!pskb_pull(list, eat))
			return -ENOMEM;
		eat = 0;
	}
	return 0;
}

/* Removes the first `eat` bytes of the fragments (and what is more from the frag_list). */
static int frags_eat(struct sk_buff *skb, unsigned int eat)
{
	struct skb_shared_info *si = skb_shinfo(skb);
	unsigned int i, k = 0;

	for (i = 0; i < si->nr_frags; i++) {
		unsigned int size = skb_frag_size(&si->frags[i]);

		if (size <= eat) {
			skb_frag_unref(skb, (int)i);
			eat -= size;
			continue;
		}
		si->frags[k] = si->frags[i];
		skb_frag_off_add(&si->frags[k], (int)eat);
		skb_frag_size_sub(&si->frags[k], (int)eat);
		eat = 0;
		k++;
	}
	si->nr_frags = (u8)k;
	return eat ? frag_list_eat(skb, eat) : 0;
}

void *__pskb_pull_tail(struct sk_buff *skb, int delta)
{
	TRACE_SKB(skb, "make more of the packet linear");
	int eat = (int)(skb->tail + (unsigned int)delta) - (int)skb->end;

	if (eat > 0 || skb_cloned(skb)) {
		if (pskb_expand_head(skb, 0, eat > 0 ? eat + 128 : 0, GFP_ATOMIC))
			return NULL;
	}
	if (skb_copy_bits(skb, (int)skb_headlen(skb), skb_tail_pointer(skb), delta) ||
	    frags_eat(skb, (unsigned int)delta))
		return NULL;
	skb->tail += (unsigned int)delta;
	skb->data_len -= (unsigned int)delta;
	return skb_tail_pointer(skb);
}

int __skb_linearize(struct sk_buff *skb)
{
	TRACE_SKB(skb, "make the whole packet linear");

	return __pskb_pull_tail(skb, (int)skb->data_len) ? 0 : -ENOMEM;
}

int __pskb_trim_head(struct sk_buff *skb, int len)
{
	TRACE_SKB(skb, "take acknowledged bytes off the front");
	int eat = min_t(int, len, (int)skb_headlen(skb));

	if (eat)
		__skb_pull(skb, (unsigned int)eat);
	len -= eat;
	if (!len)
		return 0;
	frags_eat(skb, (unsigned int)len);
	skb->data_len -= (unsigned int)len;
	skb->len = skb->data_len;
	return len;
}

/* ---- cutting the end ---- */

/* Cuts the frag_list, which starts at `offset`, to end at `len`. */
static int frag_list_trim(struct sk_buff *skb, unsigned int offset, unsigned int len)
{
	struct sk_buff **fragp, *frag;

	for (fragp = &skb_shinfo(skb)->frag_list; (frag = *fragp); fragp = &frag->next) {
		unsigned int end = offset + frag->len;

		if (skb_shared(frag)) {
			struct sk_buff *nfrag = skb_clone(frag, GFP_ATOMIC);

			if (!nfrag)
				return -ENOMEM;
			nfrag->next = frag->next;
			consume_skb(frag);
			frag = nfrag;
			*fragp = frag;
		}
		if (end < len) {
			offset = end;
			continue;
		}
		if (end > len && pskb_trim(frag, len - offset))
			return -ENOMEM;
		while (frag->next) {
			struct sk_buff *rest = frag->next;

			frag->next = rest->next;
			rest->next = NULL;
			consume_skb(rest);
		}
		break;
	}
	return 0;
}

int ___pskb_trim(struct sk_buff *skb, unsigned int len)
{
	TRACE_SKB(skb, "cut the packet");
	unsigned int offset = skb_headlen(skb);
	struct skb_shared_info *si;
	int i, nfrags, err;

	if (skb_cloned(skb)) {
		err = pskb_expand_head(skb, 0, 0, GFP_ATOMIC);
		if (err)
			return err;
	}
	si = skb_shinfo(skb);
	nfrags = si->nr_frags;
	i = 0;
	if (offset < len) {
		for (; i < nfrags; i++) {
			unsigned int end = offset + skb_frag_size(&si->frags[i]);

			if (end >= len) {
				skb_frag_size_set(&si->frags[i++], len - offset);
				offset = len;
				break;
			}
			offset = end;
		}
	}
	if (offset >= len) {
		/* all behind fragment i goes */
		si->nr_frags = (u8)i;
		for (; i < nfrags; i++)
			__skb_frag_unref(skb->host, &si->frags[i]);
		if (si->frag_list) {
			struct sk_buff *list = si->frag_list, *next;

			si->frag_list = NULL;
			for (; list; list = next) {
				next = list->next;
				list->next = NULL;
				consume_skb(list);
			}
		}
	} else {
		err = frag_list_trim(skb, offset, len);
		if (err)
			return err;
	}
	if (len > skb_headlen(skb)) {
		skb->data_len -= skb->len - len;
		skb->len = len;
	} else {
		skb->len = len;
		skb->data_len = 0;
		skb_set_tail_pointer(skb, (int)len);
	}
	return 0;
}

int pskb_trim_rcsum_slow(struct sk_buff *skb, unsigned int len)
{
	TRACE_SKB(skb, "cut the padding off and out of the checksum");

	if (skb->ip_summed == CHECKSUM_COMPLETE) {
		unsigned int delta = skb->len - len;

		skb->csum = csum_block_sub(skb->csum, skb_checksum(skb, (int)len, (int)delta, 0), (int)len);
	} else if (skb->ip_summed == CHECKSUM_PARTIAL) {
		if ((unsigned int)skb_checksum_start_offset(skb) + skb->csum_offset + 2 > len)
			return -EINVAL;
	}
	return __pskb_trim(skb, len);
}

/* ---- padding ---- */

int __skb_pad(struct sk_buff *skb, int pad, bool free_on_error)
{
	TRACE_SKB(skb, "pad the packet with zeros");
	int ntail, err;

	if (!skb_cloned(skb) && skb_tailroom(skb) >= pad) {
		memset(skb->data + skb->len, 0, (size_t)pad);
		return 0;
	}
	ntail = (int)(skb->data_len + (unsigned int)pad) - (int)(skb->end - skb->tail);
	err = 0;
	if (skb_cloned(skb) || ntail > 0)
		err = pskb_expand_head(skb, 0, max(ntail, 0), GFP_ATOMIC);
	if (!err)
		err = skb_linearize(skb);
	if (err) {
		if (free_on_error)
			kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return err;
	}
	memset(skb->data + skb->len, 0, (size_t)pad);
	return 0;
}

int __skb_put_padto(struct sk_buff *skb, unsigned int len, bool free_on_error)
{
	unsigned int size = skb->len;

	if (unlikely(size < len)) {
		len -= size;
		if (__skb_pad(skb, (int)len, free_on_error))
			return -ENOMEM;
		__skb_put(skb, len);
	}
	return 0;
}

int skb_put_padto(struct sk_buff *skb, unsigned int len)
{
	TRACE_SKB(skb, "pad the packet to the least length");

	return __skb_put_padto(skb, len, true);
}

void skb_scrub_packet(struct sk_buff *skb, bool xnet)
{
	TRACE_SKB(skb, "forget what the packet's way so far has left in it");

	skb->pkt_type = PACKET_HOST;
	skb->skb_iif = 0;
	skb->ignore_df = 0;
	if (xnet) {
		skb->mark = 0;
		skb->tstamp = 0;
	}
}
