/*
 * Checksum offload of the transmitter: IPv4 header, TCP, UDP, each by its own bit of TXDES1.
 *
 * The field is computed anew over pseudo-header and payload, whatever it held. Bytes after the datagram
 * (padding) do not count. Not done: other than IPv4, fragments, a total length beyond the frame.
 */
#include <netinet/in.h>

#include "core/sum.h"
#include "nic-model/ftgmac100_int.h"

#define ETH_HEADER 14u
#define VLAN_TAG 4u
#define IP_HEADER_MIN 20u

static uint16_t fold_not(uint64_t sum)
{
	sum = (sum & 0xffffffffu) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Puts the checksum of [p, p + len), plus `sum`, into the two bytes at `field`. */
static uint16_t put_checksum(uint8_t *field, const uint8_t *p, uint32_t len, uint64_t sum)
{
	uint16_t result;

	memset(field, 0, 2);
	result = fold_not(sum + mem_sum(p, len));
	memcpy(field, &result, 2);
	return result;
}

static void transport_checksum(const uint8_t *ip, uint8_t *l4, uint32_t len, uint32_t txdes1)
{
	unsigned proto = ip[9];
	uint64_t pseudo = (uint64_t)mem_sum(ip + 12, 8) + htons(proto) + htons(len);

	if (proto == IPPROTO_TCP && txdes1 & TXDES1_TCP_CHKSUM && len >= 20)
		put_checksum(l4 + 16, l4, len, pseudo);
	/* a UDP sum of zero would say "no checksum" */
	if (proto == IPPROTO_UDP && txdes1 & TXDES1_UDP_CHKSUM && len >= 8 &&
	    !put_checksum(l4 + 6, l4, len, pseudo))
		memset(l4 + 6, 0xff, 2);
}

void ftgmac_tx_checksums(uint8_t *data, uint32_t len, uint32_t txdes1)
{
	uint32_t l3 = ETH_HEADER;

	if (len >= ETH_HEADER + VLAN_TAG && load_be16(data + 12) == ETH_P_VLAN)
		l3 += VLAN_TAG;
	if (len < l3 + IP_HEADER_MIN || load_be16(data + l3 - 2) != 0x0800)
		return;
	uint8_t *ip = data + l3;
	uint32_t room = len - l3, ihl = (ip[0] & 0xfu) * 4, total = load_be16(ip + 2);

	if (ip[0] >> 4 != 4 || ihl < IP_HEADER_MIN || ihl > room)
		return;
	if (txdes1 & TXDES1_IP_CHKSUM)
		put_checksum(ip + 10, ip, ihl, 0);
	if (load_be16(ip + 6) & 0x3fff || total > room || total < ihl)
		return;
	transport_checksum(ip, ip + ihl, total - ihl, txdes1);
}
