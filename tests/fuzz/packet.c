/*
 * Packets for the fuzzed host. Most answer something that the host sent: ports, sequence and
 * acknowledgement numbers, time stamps and quoted headers are taken from there and bent a little, so that
 * changes of the input reach the states behind the first checks.
 */
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include "tests/fuzz/bed.h"

#define ETH 14
#define L4_MAX 9000

/* A packet being built. */
struct packet {
	uint32_t saddr, daddr; /* network byte order */
	uint8_t protocol;
	unsigned len; /* of l4 */
	uint8_t l4[L4_MAX];
};

/* ---- checksums ---- */

static uint32_t sum_add(uint32_t sum, const uint8_t *p, unsigned len)
{
	for (unsigned i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	return sum;
}

static void sum_put(uint8_t *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	at[0] = (uint8_t)(~sum >> 8);
	at[1] = (uint8_t)~sum;
}

/* The checksum of a whole TCP, UDP, ICMP or IGMP message in a packet with this header. */
static void fix_l4(const uint8_t *iph, uint8_t protocol, uint8_t *l4, unsigned len)
{
	unsigned at = protocol == IPPROTO_TCP ? 16 : protocol == IPPROTO_UDP ? 6 : 2;
	uint32_t sum = 0;

	if (len < at + 2 || (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_ICMP &&
			     protocol != IPPROTO_IGMP))
		return;
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)
		sum = sum_add(protocol + len, iph + 12, 8);
	l4[at] = l4[at + 1] = 0;
	sum_put(l4 + at, sum_add(sum, l4, len));
}

void bed_fix_sums(uint8_t *frame, unsigned len)
{
	unsigned at = ETH;

	while (at + 4 < len && frame[at - 2] == 0x81 && frame[at - 1] == 0)
		at += 4;
	if (len < at + 20 || frame[at - 2] != 8 || frame[at - 1] != 0)
		return;
	uint8_t *iph = frame + at;
	unsigned hlen = (iph[0] & 15) * 4u, total = (unsigned)(iph[2] << 8 | iph[3]);

	if (hlen < 20 || hlen > len - at)
		return;
	iph[10] = iph[11] = 0;
	sum_put(iph + 10, sum_add(0, iph, hlen));
	if (total >= hlen && total <= len - at && !((iph[6] & 0x3f) | iph[7]))
		fix_l4(iph, iph[9], iph + hlen, total - hlen);
}

/* ---- IP ---- */

static void put_ip(struct bed *b, const struct packet *p, struct input *in, uint8_t how, unsigned offset,
		   unsigned n, bool more)
{
	uint8_t frame[ETH + 60 + L4_MAX], *iph = frame + ETH;
	unsigned olen = how & 8 ? (take8(in) % 11) * 4u : 0, hlen = 20 + olen;

	memcpy(frame, "\x52\x54\x00\x12\x34\x01" BED_MAC_PEER "\x08", 14);
	if (how & 16)
		memset(frame, 0xff, 6);
	memset(iph, 0, hlen);
	iph[0] = (uint8_t)(0x40 | hlen / 4);
	iph[1] = how & 32 ? take8(in) : 0;
	iph[2] = (uint8_t)((hlen + n) >> 8);
	iph[3] = (uint8_t)(hlen + n);
	iph[4] = (uint8_t)(b->next_id >> 8);
	iph[5] = (uint8_t)b->next_id;
	iph[6] = (uint8_t)(offset >> 11 | (more ? 0x20 : 0));
	iph[7] = (uint8_t)(offset >> 3);
	iph[8] = how & 64 ? take8(in) : 64;
	iph[9] = p->protocol;
	memcpy(iph + 12, &p->saddr, 4);
	memcpy(iph + 16, &p->daddr, 4);
	for (unsigned i = 0; i < olen; i++)
		iph[20 + i] = take8(in);
	sum_put(iph + 10, sum_add(0, iph, hlen));
	memcpy(iph + hlen, p->l4 + offset, n);
	bed_send(b, frame, ETH + hlen + n);
}

/* Sends the packet whole or in pieces, which may overlap, come late, or be missing. */
static void put_packet(struct bed *b, struct packet *p, struct input *in)
{
	uint8_t how = take8(in), pseudo[20];

	memcpy(pseudo + 12, &p->saddr, 4);
	memcpy(pseudo + 16, &p->daddr, 4);
	fix_l4(pseudo, p->protocol, p->l4, p->len);
	if (how & 128 && p->len)
		p->l4[take16(in) % p->len] ^= take8(in);
	b->next_id += take8(in) != 1; /* 1: another fragment of the packet before */
	if ((how & 7) < 6 && p->len <= 1480) {
		put_ip(b, p, in, how, 0, p->len, false);
		return;
	}
	for (unsigned n = 1 + take8(in) % 6; n > 0; n--) {
		unsigned offset = p->len ? take16(in) % p->len & ~7u : 0, left = p->len - offset,
			 len = take16(in) % 1480 & ~7u;
		bool last = len >= left;

		put_ip(b, p, in, how, offset, last ? left : len, !last);
	}
}

static uint32_t an_address(struct input *in)
{
	return TAKE_OF(in, inet_addr("10.0.0.2"), inet_addr("10.0.0.1"), inet_addr("10.0.0.3"),
		       inet_addr("10.0.0.255"), inet_addr("127.0.0.1"), inet_addr("255.255.255.255"), 0,
		       inet_addr("224.0.0.1"), inet_addr("239.1.1.1"), inet_addr("192.168.7.7"));
}

static uint16_t a_port(struct input *in)
{
	return (uint16_t)TAKE_OF(in, 80, 7, 5000, 5001, 80, 1, 65535, 0, 1024, 49152);
}

/* Addresses and ports (the first 4 bytes of l4): from the host's i-th last IP packet, turned round, or new
 * ones. Returns the header behind the IP header of that packet, or NULL. */
static const uint8_t *address(struct bed *b, struct packet *p, struct input *in, uint8_t protocol)
{
	uint8_t which = take8(in);
	uint16_t port[2];

	p->protocol = protocol;
	for (unsigned i = which % 16; !(which & 128) && i < BED_SENT; i++) {
		const struct bed_frame *f = bed_sent(b, i);
		const uint8_t *iph = f ? f->data + ETH : NULL;

		if (!f || f->len < ETH + 28 || f->data[12] != 8 || f->data[13] || iph[9] != protocol)
			continue;
		unsigned hlen = (iph[0] & 15) * 4u;

		memcpy(&p->saddr, iph + 16, 4);
		memcpy(&p->daddr, iph + 12, 4);
		memcpy(p->l4, iph + hlen + 2, 2);
		memcpy(p->l4 + 2, iph + hlen, 2);
		return iph + hlen;
	}
	p->saddr = an_address(in);
	p->daddr = which & 64 ? an_address(in) : inet_addr("10.0.0.1");
	port[0] = htons(a_port(in));
	port[1] = htons(a_port(in));
	memcpy(p->l4, port, 4);
	return NULL;
}

static void pattern(struct packet *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p->l4[p->len++] = (uint8_t)('a' + i % 26);
}

/* ---- TCP ---- */

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

static void put32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

static uint32_t bend(struct input *in)
{
	return TAKE_OF(in, 0, 0, 0, 0, 1, (uint32_t)-1, 1000, (uint32_t)-1000, 1460, 2920, 30000,
		       (uint32_t)-30000, 0x40000000, 0x7fffffff, 0x80000000);
}

/* The time stamp that the host's segment carried. */
static uint32_t their_stamp(const uint8_t *th)
{
	unsigned end = (th[12] >> 4) * 4u;

	for (unsigned i = 20; i + 10 <= end && i < 60; i++)
		if (th[i] == 8 && th[i + 1] == 10)
			return get32(th + i + 2);
	return 0;
}

static unsigned tcp_options(struct bed *b, struct input *in, uint8_t *o, const uint8_t *theirs, uint32_t ack)
{
	uint8_t kinds = take8(in);
	unsigned n = 0;

	if (kinds & 1) {
		uint16_t mss = (uint16_t)TAKE_OF(in, 1460, 536, 88, 0, 1, 65535);

		memcpy(o + n, (const uint8_t[]){ 2, 4, (uint8_t)(mss >> 8), (uint8_t)mss }, 4);
		n += 4;
	}
	if (kinds & 2) {
		memcpy(o + n, "\x01\x03\x03", 3);
		o[n + 3] = take8(in) % 17;
		n += 4;
	}
	if (kinds & 4) {
		memcpy(o + n, "\x01\x01\x04\x02", 4);
		n += 4;
	}
	if (kinds & 8) {
		memcpy(o + n, "\x01\x01\x08\x0a", 4);
		put32(o + n + 4, (uint32_t)(b->sim->now / 1000000) + bend(in));
		put32(o + n + 8, theirs ? their_stamp(theirs) + bend(in) : 0);
		n += 12;
	}
	if (kinds & 16) {
		unsigned blocks = 1 + take8(in) % 3;

		if (n + 4 + blocks * 8 > 40)
			blocks = 1;
		memcpy(o + n, "\x01\x01\x05", 3);
		o[n + 3] = (uint8_t)(2 + blocks * 8);
		n += 4;
		for (unsigned i = 0; i < blocks; i++, n += 8) {
			uint32_t start = ack + bend(in);

			put32(o + n, start);
			put32(o + n + 4, start + bend(in) + 1);
		}
	}
	if (kinds & 32)
		for (unsigned end = n + (1 + take8(in) % 5) * 4u; n < end && n < 40;)
			o[n++] = take8(in);
	while (n % 4)
		o[n++] = 0;
	return n;
}

static void tcp(struct bed *b, struct input *in)
{
	static const uint8_t usual[] = { TH_ACK,
					 TH_SYN,
					 TH_SYN | TH_ACK,
					 TH_ACK | TH_PUSH,
					 TH_FIN | TH_ACK,
					 TH_RST,
					 TH_RST | TH_ACK,
					 TH_ACK | TH_URG,
					 0xd2,
					 0x50 };
	struct packet p = { .len = 20 };
	const uint8_t *theirs = address(b, &p, in, IPPROTO_TCP);
	uint8_t flags = take8(in);
	uint32_t seq = bend(in), ack = bend(in);

	flags = flags == 255 ? take8(in) : usual[flags % sizeof(usual)];
	if (theirs) {
		seq += get32(theirs + 8);
		ack += get32(theirs + 4) + ((theirs[13] & TH_SYN) != 0) + ((theirs[13] & TH_FIN) != 0);
		const uint8_t *iph = theirs - 20; /* sockets of the fuzzer that set IP options: never mind */

		if ((iph[0] & 15) == 5)
			ack += (uint32_t)(iph[2] << 8 | iph[3]) - 20 - (theirs[12] >> 4) * 4u;
	}
	unsigned window = TAKE_OF(in, 65535, 1000, 0, 1, 29200);

	put32(p.l4 + 4, seq);
	put32(p.l4 + 8, ack);
	p.l4[13] = flags;
	p.l4[14] = (uint8_t)(window >> 8);
	p.l4[15] = (uint8_t)window;
	p.l4[19] = flags & TH_URG ? take8(in) : 0;
	p.len += tcp_options(b, in, p.l4 + 20, theirs, ack);
	p.l4[12] = (uint8_t)(p.len / 4 << 4);
	pattern(&p, TAKE_OF(in, 0, 0, 1, 10, 100, 536, 1448, 2000) % 4000);
	put_packet(b, &p, in);
}

/* ---- UDP, ICMP, IGMP, anything ---- */

static void udp(struct bed *b, struct input *in)
{
	struct packet p = { .len = 8 };
	unsigned len;

	address(b, &p, in, IPPROTO_UDP);
	pattern(&p, TAKE_OF(in, 0, 1, 10, 100, 1472, 3000, 8000) % 8900);
	len = p.len + TAKE_OF(in, 0, 0, 0, 0, 1, (uint32_t)-1, (uint32_t)-8);
	p.l4[4] = (uint8_t)(len >> 8);
	p.l4[5] = (uint8_t)len;
	put_packet(b, &p, in);
}

/* An error that quotes what the host sent. */
static void icmp_error(struct bed *b, struct input *in)
{
	struct packet p = { .protocol = IPPROTO_ICMP, .len = 8 };
	const struct bed_frame *f = bed_sent(b, take8(in) % BED_SENT);

	if (!f || f->len < ETH + 28)
		return;
	p.saddr = an_address(in);
	memcpy(&p.daddr, f->data + ETH + 12, 4);
	p.l4[0] = (uint8_t)TAKE_OF(in, ICMP_DEST_UNREACH, ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB,
				   ICMP_REDIRECT, ICMP_SOURCE_QUENCH);
	p.l4[1] = take8(in) % 17;
	put32(p.l4 + 4, TAKE_OF(in, 0, 576, 68, 1, 1400, 65535, 0x0a000003, 0x14000000));
	unsigned n = TAKE_OF(in, 28, 60, 20, 8, 0, 128) % 146, have = f->len - ETH;

	if (have > BED_SENT_MAX - ETH)
		have = BED_SENT_MAX - ETH;
	memcpy(p.l4 + 8, f->data + ETH, n < have ? n : have);
	p.len += n < have ? n : have;
	if (take8(in) & 1)
		p.l4[8 + take8(in) % 28] ^= take8(in);
	put_packet(b, &p, in);
}

static void icmp_query(struct bed *b, struct input *in)
{
	struct packet p = { .len = 8 };

	address(b, &p, in, IPPROTO_ICMP);
	memmove(p.l4 + 4, p.l4, 4);
	p.l4[0] = (uint8_t)TAKE_OF(in, ICMP_ECHO, ICMP_ECHOREPLY, ICMP_TIMESTAMP, ICMP_ADDRESS, 9, 10);
	p.l4[1] = 0;
	pattern(&p, TAKE_OF(in, 0, 1, 56, 1400, 4000) % 8900);
	put_packet(b, &p, in);
}

static void igmp(struct bed *b, struct input *in)
{
	struct packet p = { .protocol = IPPROTO_IGMP, .len = 8, .saddr = an_address(in) };
	uint32_t group =
		TAKE_OF(in, inet_addr("239.1.1.1"), 0, inet_addr("224.0.0.1"), inet_addr("224.0.0.251"));

	p.l4[0] = (uint8_t)TAKE_OF(in, 0x11, 0x12, 0x16, 0x17, 0x22);
	p.l4[1] = take8(in);
	memcpy(p.l4 + 4, &group, 4);
	p.daddr = take8(in) & 1 ? inet_addr("224.0.0.1") : group;
	for (unsigned n = take8(in) % 64; n > 0; n--)
		p.l4[p.len++] = take8(in);
	put_packet(b, &p, in);
}

static void any_protocol(struct bed *b, struct input *in)
{
	struct packet p = { 0 };

	address(b, &p, in, take8(in));
	p.len = take8(in);
	for (unsigned i = 0; i < p.len; i++)
		p.l4[i] = take8(in);
	put_packet(b, &p, in);
}

/* ---- ARP, any frame ---- */

static void arp(struct bed *b, struct input *in)
{
	uint8_t f[60] = "\xff\xff\xff\xff\xff\xff" BED_MAC_PEER "\x08\x06\x00\x01\x08\x00\x06\x04";
	uint8_t how = take8(in);
	uint32_t sender = an_address(in), target = how & 1 ? an_address(in) : inet_addr("10.0.0.1");

	f[21] = (uint8_t)TAKE_OF(in, 1, 2, 2, 0, 3, 255);
	memcpy(f + 22, BED_MAC_PEER, 6);
	if (how & 2)
		f[22 + take8(in) % 6] = take8(in);
	if (how & 4)
		memcpy(f, "\x52\x54\x00\x12\x34\x01", 6);
	memcpy(f + 28, &sender, 4);
	memcpy(f + 38, &target, 4);
	if (how & 8)
		f[12 + take8(in) % 10] = take8(in);
	bed_send(b, f, sizeof(f));
}

static void tagged(struct bed *b, struct input *in)
{
	const struct bed_frame *f = bed_sent(b, take8(in) % BED_SENT);
	uint8_t frame[BED_SENT_MAX + 4];
	unsigned n = f && f->len < BED_SENT_MAX ? f->len : 60;

	memset(frame, 0, sizeof(frame));
	memcpy(frame, "\x52\x54\x00\x12\x34\x01" BED_MAC_PEER "\x81", 13);
	frame[14] = take8(in);
	frame[15] = take8(in);
	if (f)
		memcpy(frame + 16, f->data + 12, n - 12);
	if (take8(in) & 1)
		memcpy(frame + 16, "\x81", 2);
	bed_fix_sums(frame, n + 4);
	bed_send(b, frame, n + 4);
}

static void any_frame(struct bed *b, struct input *in)
{
	unsigned n = take16(in) % 1600;
	uint8_t *f = take_block(in, n);

	bed_fix_sums(f, n);
	bed_send(b, f, n);
	free(f);
}

void bed_packet(struct bed *b, struct input *in)
{
	static void (*const kinds[])(struct bed * b, struct input * in) = {
		tcp, udp, icmp_error, arp, icmp_query, tcp, tcp, igmp, any_protocol, tagged, any_frame,
	};

	kinds[take8(in) % (sizeof(kinds) / sizeof(kinds[0]))](b, in);
}
