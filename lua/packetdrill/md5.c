/*
 * --tcp_md5_secret: an `md5` option without a digest is signed, or checked, with this secret (RFC 2385). It
 * is worked out from the bytes on the cable alone.
 */
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <string.h>

#include "lua/packetdrill/run.h"
#include "stack/transport/md5.h"

#define OPTION_BYTES (2 + MD5_DIGEST_SIZE)

/* Where the signature is among the options of the header, or NULL. */
static uint8_t *find(const struct tcphdr *tcp)
{
	uint8_t *p = (uint8_t *)(uintptr_t)(tcp + 1), *end = (uint8_t *)(uintptr_t)tcp + tcp->doff * 4;
	while (end - p >= OPTION_BYTES && *p != PD_OPT_MD5)
		p += *p <= PD_OPT_NOP || p[1] < 2 ? 1 : p[1];
	return end - p >= OPTION_BYTES ? p + 2 : NULL;
}

static void sign(const char *secret, const struct iphdr *ip, const struct tcphdr *tcp, const uint8_t *data,
		 uint32_t len, uint8_t digest[MD5_DIGEST_SIZE])
{
	uint8_t pseudo[12], header[20], byte = 0;
	uint32_t tlen = tcp->doff * 4u + len;
	struct md5 m;
	memcpy(pseudo, &ip->saddr, 4);
	memcpy(pseudo + 4, &ip->daddr, 4);
	pseudo[8] = 0;
	pseudo[9] = IPPROTO_TCP;
	pseudo[10] = (uint8_t)(tlen >> 8);
	pseudo[11] = (uint8_t)tlen;
	memcpy(header, tcp, sizeof(header));
	header[16] = header[17] = 0; /* the checksum */
	md5_init(&m);
	md5_update(&m, pseudo, sizeof(pseudo));
	md5_update(&m, header, sizeof(header));
	for (uint32_t i = 0; i < len; i++)
		md5_update(&m, data ? data + i : &byte, 1);
	md5_update(&m, secret, strlen(secret));
	md5_final(&m, digest);
}

static struct tcphdr *tcp_header(const struct iphdr *ip)
{
	return (struct tcphdr *)((uint8_t *)(uintptr_t)ip + ip->ihl * 4);
}

bool pd_md5_check(const struct pd_run *run, const void *packet)
{
	const struct iphdr *ip = packet;
	const struct tcphdr *tcp = tcp_header(ip);
	const uint8_t *at = find(tcp), *data = (const uint8_t *)tcp + tcp->doff * 4;
	uint8_t digest[MD5_DIGEST_SIZE];
	if (!at || !run->config.md5_secret)
		return false;
	sign(run->config.md5_secret, ip, tcp, data, ntohs(ip->tot_len) - ip->ihl * 4u - tcp->doff * 4u,
	     digest);
	return memcmp(at, digest, sizeof(digest)) == 0;
}

void pd_md5_sign(const struct pd_run *run, void *headers, uint32_t len)
{
	struct tcphdr *tcp = tcp_header(headers);
	uint8_t *at = find(tcp);
	if (at && run->config.md5_secret)
		sign(run->config.md5_secret, headers, tcp, NULL, len, at);
}
