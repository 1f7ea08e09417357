/*
 * The internet checksum (RFC 1071): 32-bit partial sums in network byte order, folded to 16 bits.
 * All pure functions; checksum.c has the loop over memory.
 */
#ifndef STACK_SKB_CHECKSUM_H
#define STACK_SKB_CHECKSUM_H

#include "stack/kernel/kernel.h"

#define CSUM_MANGLED_0 ((__sum16)0xffff)

/* Adds `len` bytes to a partial sum. */
__wsum csum_partial(const void *buff, int len, __wsum sum);

/* Copies and sums in one pass; starts from ~0 as Linux's does. */
__wsum csum_partial_copy_nocheck(const void *src, void *dst, int len);

/* Checksum of `len` bytes, final. */
__sum16 ip_compute_csum(const void *buff, int len);

/* Checksum of an IPv4 header of `ihl` 32-bit words; 0 when it is right. */
__sum16 ip_fast_csum(const void *iph, unsigned int ihl);

static inline __sum16 csum_fold(__wsum csum)
{
	uint32_t sum = csum;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__sum16)~sum;
}

static inline __wsum csum_unfold(__sum16 n)
{
	return n;
}

static inline __wsum csum_add(__wsum csum, __wsum addend)
{
	uint32_t res = csum + addend;

	return res + (res < addend);
}

static inline __wsum csum_sub(__wsum csum, __wsum addend)
{
	return csum_add(csum, ~addend);
}

static inline __sum16 csum16_add(__sum16 csum, __be16 addend)
{
	uint16_t res = (uint16_t)(csum + addend);

	return (__sum16)(res + (res < addend));
}

static inline __sum16 csum16_sub(__sum16 csum, __be16 addend)
{
	return csum16_add(csum, (__be16)~addend);
}

/* A sum of a block turned as it counts at an odd offset. */
static inline __wsum csum_shift(__wsum sum, int offset)
{
	return offset & 1 ? (sum >> 8 | sum << 24) : sum;
}

static inline __wsum csum_block_add(__wsum csum, __wsum csum2, int offset)
{
	return csum_add(csum, csum_shift(csum2, offset));
}

static inline __wsum csum_block_add_ext(__wsum csum, __wsum csum2, int offset, int len)
{
	(void)len;
	return csum_block_add(csum, csum2, offset);
}

static inline __wsum csum_block_sub(__wsum csum, __wsum csum2, int offset)
{
	return csum_block_add(csum, ~csum2, offset);
}

/* Adds the TCP/UDP pseudo header. */
static inline __wsum csum_tcpudp_nofold(__be32 saddr, __be32 daddr, uint32_t len, uint8_t proto, __wsum sum)
{
	uint64_t s = (uint64_t)sum + saddr + daddr;

	/* len + proto are two 16-bit words in network order; shifting by 8 is the swap on little endian */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	s += (uint64_t)(proto + len) << 8;
#else
	s += proto + len;
#endif
	s = (s & 0xffffffffu) + (s >> 32);
	s = (s & 0xffffffffu) + (s >> 32);
	return (__wsum)s;
}

static inline __sum16 csum_tcpudp_magic(__be32 saddr, __be32 daddr, uint32_t len, uint8_t proto, __wsum sum)
{
	return csum_fold(csum_tcpudp_nofold(saddr, daddr, len, proto, sum));
}

/* Mends a checksum after a field changed (RFC 1624). */
static inline void csum_replace_by_diff(__sum16 *sum, __wsum diff)
{
	*sum = csum_fold(csum_add(diff, ~csum_unfold(*sum)));
}

static inline void csum_replace4(__sum16 *sum, __be32 from, __be32 to)
{
	__wsum tmp = csum_sub(~csum_unfold(*sum), from);

	*sum = csum_fold(csum_add(tmp, to));
}

static inline void csum_replace2(__sum16 *sum, __be16 old, __be16 new)
{
	*sum = (__sum16)~csum16_add(csum16_sub((__sum16) ~(*sum), old), new);
}

#endif
