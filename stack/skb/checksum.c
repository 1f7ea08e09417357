/* The stack's checksums, on top of core/sum.h. */
#include "stack/skb/checksum.h"

#include "core/sum.h"

__wsum csum_partial(const void *buff, int len, __wsum sum)
{
	return sum_fold64((u64)sum + mem_sum(buff, (size_t)len));
}

__wsum csum_partial_copy_nocheck(const void *src, void *dst, int len)
{
	memcpy(dst, src, (size_t)len);
	return csum_partial(dst, len, 0);
}

__sum16 ip_compute_csum(const void *buff, int len)
{
	return csum_fold(csum_partial(buff, len, 0));
}

__sum16 ip_fast_csum(const void *iph, unsigned int ihl)
{
	const u8 *p = iph;
	u64 acc = 0;
	u32 w[5];

	/* all but a few have no options */
	for (; ihl >= 5; ihl -= 5, p += sizeof(w)) {
		memcpy(w, p, sizeof(w));
		acc += (u64)w[0] + w[1] + w[2] + w[3] + w[4];
	}
	for (; ihl; ihl--, p += 4) {
		memcpy(w, p, 4);
		acc += w[0];
	}
	return csum_fold(sum_fold64(acc));
}
