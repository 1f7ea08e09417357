/* Summing memory for the internet checksum, for the stack and for cards that do it in hardware. */
#ifndef CORE_SUM_H
#define CORE_SUM_H

#include <stddef.h>
#include <stdint.h>

/* Sum of the 16-bit words of [p, p + len) in host order, the last odd byte padded with zero; folded to 32
 * bits. */
uint32_t mem_sum(const void *p, size_t len);

/* Folds a sum of 32-bit words to 32 bits. */
static inline uint32_t sum_fold64(uint64_t sum)
{
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = (sum & 0xffffffffu) + (sum >> 32);
	return (uint32_t)sum;
}

#endif
