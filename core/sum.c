/*
 * Summing memory: 32-bit halves into 64-bit lanes, with AVX2 where the machine has it. The result does not
 * depend on how it was summed.
 */
#include "core/sum.h"

#include <string.h>

typedef uint64_t v4u64 __attribute__((vector_size(32), may_alias, aligned(1)));

/* Sum of n blocks of 64 bytes. */
static inline __attribute__((always_inline)) uint64_t sum_blocks(const uint8_t *p, size_t n)
{
	const v4u64 low = { 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu };
	v4u64 a = { 0 }, b = { 0 };

	for (; n; n--, p += 64) {
		v4u64 x = *(const v4u64 *)p, y = *(const v4u64 *)(p + 32);

		a += (x & low) + (x >> 32);
		b += (y & low) + (y >> 32);
	}
	a += b;
	return (uint64_t)sum_fold64(a[0]) + sum_fold64(a[1]) + sum_fold64(a[2]) + sum_fold64(a[3]);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static uint64_t sum_blocks_avx2(const uint8_t *p, size_t n)
{
	return sum_blocks(p, n);
}
#endif

static uint64_t sum_blocks_any(const uint8_t *p, size_t n)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return sum_blocks_avx2(p, n);
#endif
	return sum_blocks(p, n);
}

uint32_t mem_sum(const void *mem, size_t len)
{
	const uint8_t *p = mem;
	uint64_t acc = 0, w;
	uint32_t h;

	if (len >= 128) {
		acc += sum_blocks_any(p, len / 64);
		p += len & ~(size_t)63;
		len &= 63;
	}
	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&w, p, 8);
		acc += w;
		acc += acc < w; /* the carry goes round */
	}
	if (len >= 4) {
		memcpy(&h, p, 4);
		acc += h;
		acc += acc < h;
		p += 4;
		len -= 4;
	}
	if (len > 0) {
		h = 0;
		memcpy(&h, p, len);
		acc += h;
		acc += acc < h;
	}
	return sum_fold64(acc);
}
