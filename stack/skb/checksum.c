/*
 * Summing memory for the internet checksum: 32-bit halves into 64-bit lanes, with AVX2 where the
 * machine has it. The result does not depend on how it was summed.
 */
#include "stack/skb/checksum.h"

typedef u64 v4u64 __attribute__((vector_size(32), may_alias, aligned(1)));

/* Folds a sum of 32-bit words to 32 bits. */
static inline u32 fold64(u64 sum)
{
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = (sum & 0xffffffffu) + (sum >> 32);
	return (u32)sum;
}

/* Sum of n blocks of 64 bytes. */
static inline __attribute__((always_inline)) u64 sum_blocks(const u8 *p, size_t n)
{
	const v4u64 low = { 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu };
	v4u64 a = { 0 }, b = { 0 };

	for (; n; n--, p += 64) {
		v4u64 x = *(const v4u64 *)p, y = *(const v4u64 *)(p + 32);

		a += (x & low) + (x >> 32);
		b += (y & low) + (y >> 32);
	}
	a += b;
	return (u64)fold64(a[0]) + fold64(a[1]) + fold64(a[2]) + fold64(a[3]);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static u64 sum_blocks_avx2(const u8 *p, size_t n)
{
	return sum_blocks(p, n);
}
#endif

static u64 sum_blocks_any(const u8 *p, size_t n)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return sum_blocks_avx2(p, n);
#endif
	return sum_blocks(p, n);
}

__wsum csum_partial(const void *buff, int len, __wsum sum)
{
	const u8 *p = buff;
	u64 acc = sum;
	u64 w;
	u32 h;

	if (len >= 128) {
		acc += sum_blocks_any(p, (size_t)len / 64);
		p += len & ~63;
		len &= 63;
	}
	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&w, p, 8);
		acc += (w & 0xffffffffu) + (w >> 32);
	}
	if (len >= 4) {
		memcpy(&h, p, 4);
		acc += h;
		p += 4;
		len -= 4;
	}
	if (len > 0) {
		h = 0;
		memcpy(&h, p, (size_t)len);
		acc += h;
	}
	return fold64(acc);
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
	u32 w;

	for (; ihl; ihl--, p += 4) {
		memcpy(&w, p, 4);
		acc += w;
	}
	return csum_fold(fold64(acc));
}
