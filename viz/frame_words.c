/* Takes headers apart, and says them in tcpdump's words. */
#include "viz/frame_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETH_HLEN 14
#define TYPE_IP 0x0800
#define TYPE_ARP 0x0806
#define TYPE_VLAN 0x8100

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/* ---- headers ---- */

static bool is_there(const struct frame_head *h, unsigned at, unsigned bytes)
{
	return at + bytes <= h->n;
}

static void parse_tcp(struct frame_head *h)
{
	const uint8_t *p = h->b + h->l4;
	unsigned head = (p[12] >> 4) * 4u;
	h->seq = be32(p + 4);
	h->ack = be32(p + 8);
	h->flags = p[13];
	if (head < 20 || head > h->l4_len)
		return;
	h->payload = h->l4_len - head;
	h->options = is_there(h, h->l4, head) ? head - 20 : h->n - h->l4 - 20;
}

static void parse_ip(struct frame_head *h, unsigned at)
{
	const uint8_t *p = h->b + at;
	unsigned head = (p[0] & 15) * 4u, total = be16(p + 2), frag = be16(p + 6);
	if (p[0] >> 4 != 4 || head < 20 || total < head)
		return;
	h->ip = at;
	h->proto = p[9];
	h->saddr = be32(p + 12);
	h->daddr = be32(p + 16);
	h->frag_at = (uint16_t)((frag & 0x1fff) * 8);
	h->more = frag & 0x2000;
	h->l4_len = total - head;
	if (h->frag_at)
		return;
	if ((h->proto == FRAME_TCP && is_there(h, at + head, 20) && h->l4_len >= 20) ||
	    (h->proto == FRAME_UDP && is_there(h, at + head, 8) && h->l4_len >= 8)) {
		h->l4 = at + head;
		h->sport = (uint16_t)be16(h->b + h->l4);
		h->dport = (uint16_t)be16(h->b + h->l4 + 2);
	} else if (h->proto != FRAME_TCP && h->proto != FRAME_UDP && is_there(h, at + head, 8)) {
		h->l4 = at + head;
	}
	if (h->l4 && h->proto == FRAME_TCP)
		parse_tcp(h);
}

void frame_parse(struct frame_head *h, const uint8_t *b, unsigned n, unsigned len)
{
	unsigned at = ETH_HLEN;
	*h = (struct frame_head){ .b = b, .n = n, .len = len };
	if (n < ETH_HLEN)
		return;
	h->type = (uint16_t)be16(b + 12);
	if (h->type == TYPE_VLAN && n >= at + 4) {
		h->vlan = (uint16_t)be16(b + at);
		h->type = (uint16_t)be16(b + at + 2);
		at += 4;
	}
	if (h->type == TYPE_IP && is_there(h, at, 20))
		parse_ip(h, at);
}

/* ---- connections ---- */

/* One way of a TCP connection, as a host sends it; or as it is, whoever sends it. */
struct way {
	uint32_t host; /* + 1; ANYONE; 0: the entry is free */
	uint32_t saddr, daddr, ports;
	uint32_t first, next; /* the SYN's number, or the first seen; after the last that was sent */
};
#define ANYONE UINT32_MAX

struct frame_follower {
	struct way *ways; /* open addressing */
	uint32_t n, slots;
};

struct frame_follower *frame_follower_new(void)
{
	return calloc(1, sizeof(struct frame_follower));
}

void frame_follower_free(struct frame_follower *f)
{
	if (f)
		free(f->ways);
	free(f);
}

static struct way *slot_of(struct way *ways, uint32_t slots, const struct way *key)
{
	uint64_t h = ((uint64_t)key->saddr << 32 | key->daddr) * 0x9e3779b97f4a7c15ull;
	h = (h ^ key->ports ^ (uint64_t)key->host << 40) * 0x9e3779b97f4a7c15ull;
	uint32_t i = (uint32_t)(h >> 32) & (slots - 1);
	while (ways[i].host && (ways[i].host != key->host || ways[i].saddr != key->saddr ||
				ways[i].daddr != key->daddr || ways[i].ports != key->ports))
		i = (i + 1) & (slots - 1);
	return &ways[i];
}

/* The entry of a way, new when there was none; NULL: no memory. */
static struct way *way_get(struct frame_follower *f, const struct way *key)
{
	if ((f->n + 1) * 2 > f->slots) {
		uint32_t slots = f->slots ? f->slots * 2 : 64;
		struct way *grown = calloc(slots, sizeof(*grown));
		if (!grown)
			return NULL;
		for (uint32_t i = 0; i < f->slots; i++)
			if (f->ways[i].host)
				*slot_of(grown, slots, &f->ways[i]) = f->ways[i];
		free(f->ways);
		f->ways = grown;
		f->slots = slots;
	}
	struct way *w = slot_of(f->ways, f->slots, key);
	if (!w->host) {
		*w = *key;
		f->n++;
	}
	return w;
}

bool frame_follow(struct frame_follower *f, uint32_t host, const struct frame_head *h,
		  struct frame_bases *bases)
{
	*bases = (struct frame_bases){ 0 };
	if (h->proto != FRAME_TCP || !h->l4)
		return true;
	uint32_t bytes = h->payload + !!(h->flags & FRAME_SYN) + !!(h->flags & FRAME_FIN),
		 end = h->seq + bytes;
	uint32_t ports = (uint32_t)h->sport << 16 | h->dport,
		 back_ports = (uint32_t)h->dport << 16 | h->sport;
	const struct way to = { ANYONE, h->saddr, h->daddr, ports, h->seq, 0 };
	const struct way back = { ANYONE, h->daddr, h->saddr, back_ports, h->ack - 1, 0 };
	const struct way mine = { host + 1, h->saddr, h->daddr, ports, h->seq - 1, h->seq };
	struct way *w = way_get(f, &to);
	if (!w)
		return false;
	bases->seq = w->first = h->flags & FRAME_SYN ? h->seq : w->first;
	if (h->flags & FRAME_ACK) {
		if (!(w = way_get(f, &back)))
			return false;
		bases->ack = w->first;
	}
	if (!(w = way_get(f, &mine)))
		return false;
	if (h->flags & FRAME_SYN) {
		bases->resent = w->first == h->seq;
		w->first = h->seq;
		w->next = bases->resent ? w->next : end;
	} else if (bytes && !(h->flags & FRAME_RST)) {
		bases->resent = (int32_t)(h->seq - w->next) < 0;
		w->next = (int32_t)(end - w->next) > 0 ? end : w->next;
	}
	return true;
}

/* ---- words ---- */

struct words {
	char *buf;
	unsigned n, len;
};

static void say(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *w, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(w->buf + w->n, w->len - w->n, fmt, ap);
	va_end(ap);
	w->n = n < 0 || w->n + (unsigned)n >= w->len ? w->len - 1 : w->n + (unsigned)n;
}

#define ADDR "%u.%u.%u.%u"
#define ADDR_OF(a) (a) >> 24, (a) >> 16 & 255, (a) >> 8 & 255, (a)&255
#define MAC "%02x:%02x:%02x:%02x:%02x:%02x"
#define MAC_OF(p) (p)[0], (p)[1], (p)[2], (p)[3], (p)[4], (p)[5]

static void say_arp(struct words *w, const struct frame_head *h)
{
	static const uint8_t nobody[6];
	unsigned at = ETH_HLEN + (h->vlan ? 4 : 0);
	const uint8_t *p = h->b + at;
	say(w, "ARP, ");
	if (!is_there(h, at, 28) || be16(p + 4) != 0x0604) {
		say(w, "length %u", h->len - at);
		return;
	}
	uint32_t from = be32(p + 14), to = be32(p + 24);
	if (be16(p + 6) == 1) {
		say(w, "Request who-has " ADDR, ADDR_OF(to));
		if (memcmp(p + 18, nobody, 6) != 0)
			say(w, " (" MAC ")", MAC_OF(p + 18));
		say(w, " tell " ADDR, ADDR_OF(from));
	} else if (be16(p + 6) == 2) {
		say(w, "Reply " ADDR " is-at " MAC, ADDR_OF(from), MAC_OF(p + 8));
	} else {
		say(w, "operation %u", be16(p + 6));
	}
	say(w, ", length %u", h->len - at);
}

static void say_sack(struct words *w, const uint8_t *p, unsigned n, uint32_t base)
{
	say(w, "sack %u ", n / 8);
	for (unsigned i = 0; i + 8 <= n; i += 8)
		say(w, "{%u:%u}", be32(p + i) - base, be32(p + i + 4) - base);
}

static void say_hex(struct words *w, const uint8_t *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		say(w, "%02x", p[i]);
}

/* One option of `n` bytes in all. */
static void say_option(struct words *w, const uint8_t *p, unsigned n, uint32_t ack_base, bool brief)
{
	switch (p[0]) {
	case 0:
		say(w, "eol");
		break;
	case 1:
		say(w, "nop");
		break;
	case 2:
		say(w, "mss %u", n == 4 ? be16(p + 2) : 0);
		break;
	case 3:
		say(w, "wscale %u", n == 3 ? p[2] : 0);
		break;
	case 4:
		say(w, "sackOK");
		break;
	case 5:
		say_sack(w, p + 2, n - 2, ack_base);
		break;
	case 8:
		if (brief || n != 10)
			say(w, "TS");
		else
			say(w, "TS val %u ecr %u", be32(p + 2), be32(p + 6));
		break;
	case 19:
		say(w, "md5 ");
		if (brief)
			w->n--;
		else
			say(w, "shared secret not supplied with -M, can't check - ");
		say_hex(w, p + 2, brief ? 0 : n - 2);
		break;
	case 34:
		say(w, n == 2 ? "tfo  cookiereq" : "tfo  cookie ");
		say_hex(w, p + 2, n - 2);
		break;
	default:
		say(w, "unknown-%u%s", p[0], n > 2 ? " 0x" : "");
		say_hex(w, p + 2, n - 2);
	}
}

static void say_options(struct words *w, const struct frame_head *h, uint32_t ack_base, bool brief)
{
	const uint8_t *p = h->b + h->l4 + 20;
	const char *sep = ", options [";
	for (unsigned i = 0, n; i < h->options; i += n) {
		n = p[i] <= 1 ? 1 : i + 1 < h->options ? p[i + 1] : 0;
		if (n == 0 || i + n > h->options || (p[i] > 1 && n < 2)) {
			say(w, "%s[|tcp]", sep);
			sep = ",";
			break;
		}
		if (brief && (p[i] <= 1 || (p[i] == 8 && !(h->flags & FRAME_SYN))))
			continue;
		say(w, "%s", sep);
		say_option(w, p + i, n, ack_base, brief);
		sep = ",";
		if (p[i] == 0)
			break;
	}
	if (*sep == ',' && sep[1] == '\0')
		say(w, "]");
}

static void say_tcp(struct words *w, const struct frame_head *h, const struct frame_bases *b, bool brief)
{
	static const char letters[] = "FSRP.UEW";
	const uint8_t *p = h->b + h->l4;
	char flags[9] = "none";
	unsigned n = 0;
	for (unsigned i = 0; i < 8; i++)
		if (h->flags >> i & 1)
			flags[n++] = letters[i];
	if (n)
		flags[n] = '\0';
	say(w, "Flags [%s]", flags);
	if (h->payload || h->flags & (FRAME_SYN | FRAME_FIN | FRAME_RST))
		say(w, ", seq %u", h->seq - b->seq);
	if (h->payload)
		say(w, ":%u", h->seq - b->seq + h->payload);
	if (h->flags & FRAME_ACK)
		say(w, ", ack %u", h->ack - b->ack);
	say(w, ", win %u", be16(p + 14));
	if (h->flags & FRAME_URG)
		say(w, ", urg %u", be16(p + 18));
	say_options(w, h, b->ack, brief);
	say(w, ", length %u", h->payload);
}

/* What cannot be reached, from the packet that the message brings back. */
static void say_unreachable(struct words *w, const struct frame_head *h, const uint8_t *p)
{
	static const char *const why[] = { [0] = "net %s unreachable",
					   [1] = "host %s unreachable",
					   [5] = "%s unreachable - source route failed",
					   [6] = "net %s unreachable - unknown",
					   [7] = "host %s unreachable - unknown",
					   [8] = "%s unreachable - source host isolated",
					   [9] = "net %s unreachable - admin prohibited",
					   [10] = "host %s unreachable - admin prohibited",
					   [11] = "net %s unreachable - tos prohibited",
					   [12] = "host %s unreachable - tos prohibited",
					   [13] = "host %s unreachable - admin prohibited filter",
					   [14] = "host %s unreachable - host precedence violation",
					   [15] = "host %s unreachable - precedence cutoff" };
	const uint8_t *in = p + 8;
	unsigned head = (in[0] & 15) * 4u, port = 0;
	char to[16];
	snprintf(to, sizeof(to), ADDR, ADDR_OF(be32(in + 16)));
	if (is_there(h, h->l4 + 8 + head, 4))
		port = be16(in + head + 2);
	if (p[1] == 2)
		say(w, "%s protocol %u unreachable", to, in[9]);
	else if (p[1] == 3 && (in[9] == FRAME_TCP || in[9] == FRAME_UDP))
		say(w, "%s %s port %u unreachable", to, in[9] == FRAME_TCP ? "tcp" : "udp", port);
	else if (p[1] == 3)
		say(w, "%s protocol %u port %u unreachable", to, in[9], port);
	else if (p[1] == 4 && be16(p + 6))
		say(w, "%s unreachable - need to frag (mtu %u)", to, be16(p + 6));
	else if (p[1] == 4)
		say(w, "%s unreachable - need to frag", to);
	else if (p[1] < sizeof(why) / sizeof(why[0]))
		say(w, why[p[1]], to); /* NOLINT: the formats above */
	else
		say(w, "%s unreachable - #%u", to, p[1]);
}

static void say_icmp(struct words *w, const struct frame_head *h)
{
	const uint8_t *p = h->b + h->l4;
	bool inner = is_there(h, h->l4, 28);
	say(w, "ICMP ");
	if (p[0] == 8 || p[0] == 0)
		say(w, "echo %s, id %u, seq %u", p[0] ? "request" : "reply", be16(p + 4), be16(p + 6));
	else if (p[0] == 3 && inner)
		say_unreachable(w, h, p);
	else if (p[0] == 11 && p[1] <= 1)
		say(w, p[1] ? "ip reassembly time exceeded" : "time exceeded in-transit");
	else if (p[0] == 5 && inner && p[1] <= 3)
		say(w, "redirect%s " ADDR " to %s " ADDR, p[1] > 1 ? "-tos" : "", ADDR_OF(be32(p + 24)),
		    p[1] & 1 ? "host" : "net", ADDR_OF(be32(p + 4)));
	else if (p[0] == 12 && p[1] == 0)
		say(w, "parameter problem - octet %u", p[4]);
	else if (p[0] == 12)
		say(w, "parameter problem - code %u", p[1]);
	else if (p[0] == 4)
		say(w, "source quench");
	else if (p[0] == 13)
		say(w, "time stamp query id %u seq %u", be16(p + 4), be16(p + 6));
	else if (p[0] == 14)
		say(w, "time stamp reply id %u seq %u", be16(p + 4), be16(p + 6));
	else
		say(w, "type-#%u", p[0]);
	say(w, ", length %u", h->l4_len);
}

static void say_igmp(struct words *w, const struct frame_head *h)
{
	const uint8_t *p = h->b + h->l4;
	uint32_t group = be32(p + 4);
	if (p[0] == 0x11) {
		unsigned version = h->l4_len >= 12 ? 3 : p[1] ? 2 : 1;
		say(w, "igmp query v%u", version);
		if (version > 1 && p[1] != 100) {
			unsigned tenths = version == 3 && p[1] & 0x80
						  ? ((p[1] & 15) | 16u) << ((p[1] >> 4 & 7) + 3)
						  : p[1];
			if (tenths < 10)
				say(w, " [max resp time %u.%us]", 0, tenths);
			else
				say(w, " [max resp time %u.%us]", tenths / 10, tenths % 10);
		}
		if (group)
			say(w, " [gaddr " ADDR "]", ADDR_OF(group));
	} else if (p[0] == 0x12 || p[0] == 0x16) {
		say(w, "igmp v%u report " ADDR, p[0] == 0x12 ? 1 : 2, ADDR_OF(group));
	} else if (p[0] == 0x17) {
		say(w, "igmp leave " ADDR, ADDR_OF(group));
	} else if (p[0] == 0x22) {
		say(w, "igmp v3 report, %u group record(s)", be16(p + 6));
	} else {
		say(w, "igmp type-#%u", p[0]);
	}
}

void frame_who(const struct frame_head *h, char *buf, unsigned len)
{
	struct words w = { buf, 0, len };
	*buf = '\0';
	if (!h->ip)
		return;
	if (h->l4 && (h->proto == FRAME_TCP || h->proto == FRAME_UDP))
		say(&w, "IP " ADDR ".%u > " ADDR ".%u: ", ADDR_OF(h->saddr), h->sport, ADDR_OF(h->daddr),
		    h->dport);
	else
		say(&w, "IP " ADDR " > " ADDR ": ", ADDR_OF(h->saddr), ADDR_OF(h->daddr));
}

void frame_words(const struct frame_head *h, const struct frame_bases *bases, bool brief, char *buf,
		 unsigned len)
{
	struct words w = { buf, 0, len };
	*buf = '\0';
	if (h->type == TYPE_ARP)
		say_arp(&w, h);
	else if (!h->ip)
		say(&w, "ethertype Unknown (0x%04x), length %u", h->type, h->len);
	else if (h->frag_at || !h->l4)
		say(&w, "ip-proto-%u", h->proto);
	else if (h->proto == FRAME_TCP)
		say_tcp(&w, h, bases, brief);
	else if (h->proto == FRAME_UDP)
		say(&w, "UDP, length %u", be16(h->b + h->l4 + 4) - 8);
	else if (h->proto == FRAME_ICMP)
		say_icmp(&w, h);
	else if (h->proto == FRAME_IGMP)
		say_igmp(&w, h);
	else
		say(&w, " ip-proto-%u %u", h->proto, h->l4_len);
}
