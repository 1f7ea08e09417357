/*
 * Checksums over packets, and filling in or verifying those that the card left to us.
 */
#include "stack/skb/skbuff.h"

__wsum __skb_checksum(const struct sk_buff *skb, int offset, int len, __wsum csum)
{
	TRACE_SKB(skb, "sum the packet's bytes part by part");
	int start = (int)skb_headlen(skb);
	int i, copy = start - offset, pos = 0;
	struct sk_buff *frag_iter;

	if (copy > 0) {
		copy = min(copy, len);
		csum = csum_partial(skb->data + offset, copy, csum);
		len -= copy;
		offset += copy;
		pos = copy;
	}
	for (i = 0; len && i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *f = &skb_shinfo(skb)->frags[i];
		int end = start + (int)skb_frag_size(f);

		copy = min(end - offset, len);
		if (copy > 0) {
			__wsum sum =
				csum_partial((u8 *)skb_frag_address(skb->host, f) + offset - start, copy, 0);

			csum = csum_block_add(csum, sum, pos);
			len -= copy;
			offset += copy;
			pos += copy;
		}
		start = end;
	}
	if (likely(!len))
		return csum;
	skb_walk_frags(skb, frag_iter)
	{
		int end = start + (int)frag_iter->len;

		copy = min(end - offset, len);
		if (copy > 0) {
			csum = csum_block_add(csum, __skb_checksum(frag_iter, offset - start, copy, 0), pos);
			len -= copy;
			offset += copy;
			pos += copy;
		}
		start = end;
	}
	SIM_BUG_ON(skb->host, len);
	return csum;
}

__wsum skb_checksum(const struct sk_buff *skb, int offset, int len, __wsum csum)
{
	TRACE_SKB(skb, "sum the packet's bytes");

	return __skb_checksum(skb, offset, len, csum);
}

__wsum skb_copy_and_csum_bits(const struct sk_buff *skb, int offset, u8 *to, int len)
{
	TRACE_SKB(skb, "copy bytes out of the packet and sum them");

	if (likely(offset + len <= (int)skb_headlen(skb)))
		memcpy(to, skb->data + offset, (size_t)len);
	else if (skb_copy_bits(skb, offset, to, len))
		return 0;
	return csum_partial(to, len, 0);
}

__sum16 __skb_checksum_complete_head(struct sk_buff *skb, int len)
{
	TRACE_SKB(skb, "verify the checksum of the first bytes");
	__sum16 sum = csum_fold(skb_checksum(skb, 0, len, skb->csum));

	if (!skb_shared(skb))
		skb->csum_valid = !sum;
	return sum;
}

__sum16 __skb_checksum_complete(struct sk_buff *skb)
{
	TRACE_SKB(skb, "verify the packet's checksum");
	__wsum csum = skb_checksum(skb, 0, (int)skb->len, 0);
	__sum16 sum = csum_fold(csum_add(skb->csum, csum));

	if (!skb_shared(skb)) {
		skb->csum = csum;
		skb->ip_summed = CHECKSUM_COMPLETE;
		skb->csum_complete_sw = 1;
		skb->csum_valid = !sum;
	}
	return sum;
}

int skb_checksum_help(struct sk_buff *skb)
{
	TRACE_SKB(skb, "fill in the checksum that the card will not");
	int offset, ret;
	__wsum csum;
	__sum16 sum;

	if (skb->ip_summed == CHECKSUM_COMPLETE)
		goto out_set_summed;
	if (skb_is_gso(skb))
		return -EINVAL;
	offset = skb_checksum_start_offset(skb);
	SIM_BUG_ON(skb->host, offset < 0 || offset >= (int)skb_headlen(skb));
	csum = skb_checksum(skb, offset, (int)skb->len - offset, 0);
	offset += skb->csum_offset;
	SIM_BUG_ON(skb->host, offset + 2 > (int)skb_headlen(skb));
	ret = skb_ensure_writable(skb, (unsigned int)offset + 2);
	if (ret)
		return ret;
	sum = csum_fold(csum);
	if (!sum)
		sum = CSUM_MANGLED_0;
	memcpy(skb->data + offset, &sum, sizeof(sum));
out_set_summed:
	skb->ip_summed = CHECKSUM_NONE;
	return 0;
}

void skb_copy_and_csum_dev(const struct sk_buff *skb, u8 *to)
{
	TRACE_SKB(skb, "copy the packet to a device and fill in its checksum");
	int csstart =
		skb->ip_summed == CHECKSUM_PARTIAL ? skb_checksum_start_offset(skb) : (int)skb_headlen(skb);
	__wsum csum = 0;

	skb_copy_from_linear_data(skb, to, (unsigned int)csstart);
	if (csstart != (int)skb->len)
		csum = skb_copy_and_csum_bits(skb, csstart, to + csstart, (int)skb->len - csstart);
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		__sum16 sum = csum_fold(csum);

		memcpy(to + csstart + skb->csum_offset, &sum, sizeof(sum));
	}
}
