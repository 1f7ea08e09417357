/*
 * Checksum offload of IPv4 header, TCP and UDP.
 *
 * Transmitter: each by its own bit of TXDES1. The field is computed anew over pseudo-header and payload,
 * whatever it held. Receiver, when it is told to vouch (ftgmac_config): RXDES1 has the protocol and a bit for
 * each wrong sum. Bytes after the datagram (padding) do not count. Not done: other than IPv4, fragments, a
 * total length beyond the frame; of these the receiver says nothing, because drivers take a protocol for
 * a promise that all of the frame's checksums are right.
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

/* The pseudo header's part of the sum. */
static uint64_t pseudo_header(const uint8_t *ip, uint32_t len)
{
	return (uint64_t)mem_sum(ip + 12, 8) + htons(ip[9]) + htons(len);
}

static void transport_checksum(const uint8_t *ip, uint8_t *l4, uint32_t len, uint32_t txdes1)
{
	unsigned proto = ip[9];
	uint64_t pseudo = pseudo_header(ip, len);

	if (proto == IPPROTO_TCP && txdes1 & TXDES1_TCP_CHKSUM && len >= 20)
		put_checksum(l4 + 16, l4, len, pseudo);
	/* a UDP sum of zero would say "no checksum" */
	if (proto == IPPROTO_UDP && txdes1 & TXDES1_UDP_CHKSUM && len >= 8 &&
	    !put_checksum(l4 + 6, l4, len, pseudo))
		memset(l4 + 6, 0xff, 2);
}

/* Where an IPv4 header lies in the frame. */
struct ipv4 {
	uint32_t at, ihl, room; /* offset; its length; bytes of the frame from there on */
	uint32_t total;
};

static bool find_ipv4(const uint8_t *data, uint32_t len, struct ipv4 *v4)
{
	v4->at = ETH_HEADER;
	if (len >= ETH_HEADER + VLAN_TAG && load_be16(data + 12) == ETH_P_VLAN)
		v4->at += VLAN_TAG;
	if (len < v4->at + IP_HEADER_MIN || load_be16(data + v4->at - 2) != 0x0800)
		return false;
	v4->room = len - v4->at;
	v4->ihl = (data[v4->at] & 0xfu) * 4;
	v4->total = load_be16(data + v4->at + 2);
	return data[v4->at] >> 4 == 4 && v4->ihl >= IP_HEADER_MIN && v4->ihl <= v4->room;
}

/* The datagram is there from its first to its last byte. */
static bool is_whole(const uint8_t *ip, const struct ipv4 *v4)
{
	return !(load_be16(ip + 6) & 0x3fff) && v4->total <= v4->room && v4->total >= v4->ihl;
}

void ftgmac_tx_checksums(uint8_t *data, uint32_t len, uint32_t txdes1)
{
	struct ipv4 v4;

	if (!find_ipv4(data, len, &v4))
		return;
	uint8_t *ip = data + v4.at;

	if (txdes1 & TXDES1_IP_CHKSUM)
		put_checksum(ip + 10, ip, v4.ihl, 0);
	if (is_whole(ip, &v4))
		transport_checksum(ip, ip + v4.ihl, v4.total - v4.ihl, txdes1);
}

uint32_t ftgmac_rx_checksums(const uint8_t *data, uint32_t len)
{
	struct ipv4 v4;
	uint32_t des1;

	if (!find_ipv4(data, len, &v4))
		return 0;
	const uint8_t *ip = data + v4.at, *l4 = ip + v4.ihl;
	uint32_t l4_len = v4.total - v4.ihl;

	if (!is_whole(ip, &v4) || (ip[9] != IPPROTO_TCP && ip[9] != IPPROTO_UDP) ||
	    l4_len < (ip[9] == IPPROTO_TCP ? 20u : 8u))
		return 0;
	bool l4_ok = !fold_not(pseudo_header(ip, l4_len) + mem_sum(l4, l4_len));

	if (ip[9] == IPPROTO_TCP)
		des1 = RXDES1_PROT_TCP | (l4_ok ? 0 : RXDES1_TCP_CHKSUM_ERR);
	else
		des1 = RXDES1_PROT_UDP | (l4_ok || !load_be16(l4 + 6) ? 0 : RXDES1_UDP_CHKSUM_ERR);
	return fold_not(mem_sum(ip, v4.ihl)) ? des1 | RXDES1_IP_CHKSUM_ERR : des1;
}
