/* A MAC address, or bytes of it, as registers hold it: the first byte on the wire is the highest. */
#ifndef NIC_MODEL_MAC_H
#define NIC_MODEL_MAC_H

#include <stdint.h>

static inline void mac_write(uint8_t *mac, uint32_t val, unsigned n)
{
	for (unsigned i = n; i-- > 0; val >>= 8)
		mac[i] = (uint8_t)val;
}

static inline uint32_t mac_read(const uint8_t *mac, unsigned n)
{
	uint32_t val = 0;

	for (unsigned i = 0; i < n; i++)
		val = val << 8 | mac[i];
	return val;
}

#endif
