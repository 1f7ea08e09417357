/* Packet lines of a script: TCP segments, UDP datagrams and ICMP messages. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lua/packetdrill/scan.h"

#define MAX_PAYLOAD 65495 /* 65535 less both headers */

/* ---- TCP options ---- */

static bool sack_blocks(struct pd_scan *s, struct pd_option *o)
{
	while (pd_skip(s), isdigit((unsigned char)*s->at)) {
		if (o->nr_sack == 4)
			return pd_error(s, "an option holds at most four SACK blocks");
		uint32_t *edge = o->sack + 2 * o->nr_sack++;
		if (!pd_u32(s, &edge[0]) || !pd_want(s, ":") || !pd_u32(s, &edge[1]))
			return false;
	}
	return true;
}

/* Hex digits or a name that --define gave; may be missing: a request for a cookie. */
static void cookie(struct pd_scan *s, struct pd_option *o)
{
	pd_skip(s);
	size_t n = 0;
	while (isalnum((unsigned char)s->at[n]) || s->at[n] == '_')
		n++;
	o->cookie = n ? pd_strndup(s->pool, s->at, n) : NULL;
	s->at += n;
}

static bool tcp_option(struct pd_scan *s, struct pd_option *o)
{
	const char *name = pd_word(s);
	if (!name)
		return pd_error(s, "expected the name of a TCP option");
	if (strcmp(name, "nop") == 0) {
		o->kind = PD_OPT_NOP;
	} else if (strcmp(name, "eol") == 0) {
		o->kind = PD_OPT_EOL;
	} else if (strcmp(name, "mss") == 0) {
		o->kind = PD_OPT_MSS;
		return pd_u32(s, &o->value);
	} else if (strcmp(name, "wscale") == 0) {
		o->kind = PD_OPT_WSCALE;
		return pd_u32(s, &o->value);
	} else if (strcmp(name, "sackOK") == 0) {
		o->kind = PD_OPT_SACKOK;
	} else if (strcmp(name, "sack") == 0) {
		o->kind = PD_OPT_SACK;
		return sack_blocks(s, o);
	} else if (strcmp(name, "TS") == 0) {
		o->kind = PD_OPT_TS;
		if (!pd_take_word(s, "val"))
			return pd_error(s, "expected 'TS val N ecr N'");
		if (!pd_u32(s, &o->value))
			return false;
		if (!pd_take_word(s, "ecr"))
			return pd_error(s, "expected 'TS val N ecr N'");
		return pd_u32(s, &o->ecr);
	} else if (strcmp(name, "FO") == 0) {
		o->kind = PD_OPT_FO;
		cookie(s, o);
	} else if (strcmp(name, "FOEXP") == 0) {
		o->kind = PD_OPT_EXP;
		cookie(s, o);
	} else if (strcmp(name, "md5") == 0) {
		o->kind = PD_OPT_MD5;
		cookie(s, o);
	} else if (strcmp(name, "ECN") == 0) {
		return pd_unsupported(s, "the AccECN option (newer than Linux 5.15)");
	} else {
		return pd_error(s, "there is no TCP option '%s'", name);
	}
	return true;
}

static bool options(struct pd_scan *s, struct pd_packet *p)
{
	if (pd_take(s, "...")) {
		p->any_options = true;
		return pd_want(s, ">");
	}
	while (!pd_take(s, ">")) {
		if (p->nr_options == PD_MAX_OPTIONS)
			return pd_error(s, "too many TCP options");
		if (p->nr_options > 0 && !pd_want(s, ","))
			return false;
		if (!tcp_option(s, &p->options[p->nr_options++]))
			return false;
	}
	return true;
}

/* ---- fields ---- */

/* start:end(len), the numbers being modulo 2^32 */
static bool sequence(struct pd_scan *s, struct pd_packet *p)
{
	uint32_t end;
	if (!pd_u32(s, &p->seq) || !pd_want(s, ":") || !pd_u32(s, &end) || !pd_want(s, "(") ||
	    !pd_u32(s, &p->len) || !pd_want(s, ")"))
		return false;
	if (end - p->seq != p->len)
		return pd_error(s, "the sequence numbers %u:%u are not %u bytes", p->seq, end, p->len);
	if (p->len > MAX_PAYLOAD)
		return pd_error(s, "a packet has at most %u bytes of payload", MAX_PAYLOAD);
	return true;
}

static bool flags(struct pd_scan *s, struct pd_packet *p)
{
	static const char letters[] = "FSRP.UEW"; /* bit 0 on */
	pd_skip(s);
	const char *from = s->at;
	if (*s->at == '-') {
		s->at++;
		return true;
	}
	for (; *s->at && !isspace((unsigned char)*s->at); s->at++) {
		const char *bit = strchr(letters, *s->at);
		if (*s->at == 'A' || (isdigit((unsigned char)*s->at) && s->at > from))
			return pd_unsupported(s, "AccECN flags (newer than Linux 5.15)");
		if (!bit)
			return pd_error(s, "'%c' is no TCP flag; there are F S R P . U E W and - for none",
					*s->at);
		p->flags |= (uint8_t)(1 << (bit - letters));
	}
	return s->at > from || pd_error(s, "expected TCP flags");
}

static bool tcp_fields(struct pd_scan *s, struct pd_packet *p)
{
	uint32_t n;
	if (!flags(s, p) || !sequence(s, p))
		return false;
	for (;;) {
		if (pd_take_word(s, "ack")) {
			if (!pd_u32(s, &p->ack))
				return false;
		} else if (pd_take_word(s, "win")) {
			if (!pd_u32(s, &n))
				return false;
			if (n > 65535)
				return pd_error(
					s, "win is the 16-bit field as it is on the wire: at most 65535");
			p->win = (int32_t)n;
		} else if (pd_take_word(s, "urg")) {
			if (!pd_u32(s, &n))
				return false;
			p->urg = (int32_t)(n & 0xffff);
		} else if (pd_take(s, "<")) {
			return options(s, p);
		} else {
			break;
		}
	}
	if (p->inbound && p->win < 0)
		return pd_error(s, "an inbound packet needs 'win N'");
	return true;
}

/* (len) of a datagram or a whole ICMP message */
static bool length(struct pd_scan *s, struct pd_packet *p)
{
	if (!pd_want(s, "(") || !pd_u32(s, &p->len) || !pd_want(s, ")"))
		return false;
	return p->len <= MAX_PAYLOAD || pd_error(s, "a packet has at most %u bytes of payload", MAX_PAYLOAD);
}

/* What an ICMP error quotes, behind its bracket: seq:end(len)] or udp (len)] */
static bool quotation(struct pd_scan *s, struct pd_packet *p)
{
	bool udp = pd_take_word(s, "udp");
	p->quotes = udp ? PD_UDP : PD_TCP;
	return (udp ? length(s, p) : sequence(s, p)) && pd_want(s, "]");
}

/* A type or code: a number or a word, not a call though a bracket may follow. */
static struct pd_expr *icmp_name(struct pd_scan *s)
{
	pd_skip(s);
	if (!isalpha((unsigned char)*s->at))
		return pd_expression(s);
	struct pd_expr *e = pd_alloc(s->pool, sizeof(*e));
	e->kind = PD_WORD;
	e->str = pd_word(s);
	return e;
}

static bool icmp_fields(struct pd_scan *s, struct pd_packet *p)
{
	p->proto = PD_ICMP;
	p->icmp_type = icmp_name(s);
	if (p->icmp_type && p->icmp_type->str && strcmp(p->icmp_type->str, "packet_too_big") == 0)
		return pd_unsupported(s, "packet_too_big is of IPv6; there is IPv4 only");
	for (;;) {
		if (pd_take_word(s, "mtu")) {
			if (!pd_number(s, &p->mtu))
				return false;
		} else if (pd_take_word(s, "id")) {
			if (!pd_number(s, &p->echo_id))
				return false;
		} else if (pd_take(s, "[")) {
			if (!quotation(s, p))
				return false;
		} else if (pd_skip(s), *s->at == '(') {
			p->whole = true;
			if (!length(s, p))
				return false;
		} else if (!p->icmp_code && isalpha((unsigned char)*s->at)) {
			p->icmp_code = icmp_name(s);
		} else {
			return !s->failed;
		}
	}
}

/* (ect0), [tos 0x10, ttl 64]: what the IP header says */
static bool ip_fields(struct pd_scan *s, struct pd_packet *p, const char *close)
{
	static const struct {
		const char *name;
		enum pd_ecn ecn;
	} marks[] = { { "noecn", PD_ECN_NONE },
		      { "ect01", PD_ECN_ECT01 },
		      { "ect0", PD_ECN_ECT0 },
		      { "ect1", PD_ECN_ECT1 },
		      { "ce", PD_ECN_CE } };
	while (!pd_take(s, close)) {
		int64_t n;
		bool known = false;
		for (unsigned i = 0; !known && i < sizeof(marks) / sizeof(marks[0]); i++)
			if (pd_take_word(s, marks[i].name)) {
				p->ecn = marks[i].ecn;
				known = true;
			}
		if (!known && pd_take_word(s, "tos")) {
			if (!pd_number(s, &n))
				return false;
			p->tos = (int)(n & 0xff);
			known = true;
		}
		if (!known && pd_take_word(s, "ttl")) {
			if (!pd_number(s, &n))
				return false;
			p->ttl = (int)(n & 0xff);
			known = true;
		}
		if (!known)
			return pd_error(
				s,
				"of the IP header there are ect0, ect1, ect01, ce, noecn, tos N and ttl N");
		pd_take(s, ",");
	}
	return true;
}

static bool ports(struct pd_scan *s, struct pd_packet *p)
{
	uint32_t from, to;
	if (!pd_u32(s, &from) || !pd_want(s, ">") || !pd_u32(s, &to))
		return false;
	if (from > 65535 || to > 65535 || from == 0 || to == 0)
		return pd_error(s, "ports are 1 to 65535");
	p->sport = (int)from;
	p->dport = (int)to;
	return true;
}

/* udp (len), udp 8080 > 53 (len) */
static bool udp_fields(struct pd_scan *s, struct pd_packet *p)
{
	p->proto = PD_UDP;
	pd_skip(s);
	return (!isdigit((unsigned char)*s->at) || ports(s, p)) && length(s, p);
}

static bool packet_line(struct pd_scan *s, struct pd_packet *p)
{
	static const char *const others[] = { "udplite", "icmpv6", "ipv4", "ipv6",
					      "gre",	 "mpls",   "sctp", "psp" };
	if (pd_take(s, "(")) {
		if (!ip_fields(s, p, ")"))
			return false;
	} else if (pd_take(s, "[")) {
		pd_skip(s);
		if (isdigit((unsigned char)*s->at)) { /* the older order: [seq:end(len)] icmp ... */
			if (!quotation(s, p) || !pd_take_word(s, "icmp"))
				return pd_error(s, "expected 'icmp' behind what it quotes");
			return icmp_fields(s, p);
		}
		if (!ip_fields(s, p, "]"))
			return false;
	}
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (pd_take_word(s, others[i])) {
			char what[64];
			snprintf(what, sizeof(what), "packets of %s", others[i]);
			return pd_unsupported(s, what);
		}
	if (pd_take_word(s, "icmp"))
		return icmp_fields(s, p);
	if (pd_take_word(s, "udp"))
		return udp_fields(s, p);
	pd_skip(s);
	if (isdigit((unsigned char)*s->at) && !ports(s, p))
		return false;
	return tcp_fields(s, p);
}

struct pd_packet *pd_packet_line(struct pd_scan *s, bool inbound)
{
	struct pd_packet *p = pd_alloc(s->pool, sizeof(*p));
	p->inbound = inbound;
	p->proto = PD_TCP;
	p->win = p->urg = p->tos = p->ttl = -1;
	p->mtu = p->echo_id = -1;
	return packet_line(s, p) ? p : NULL;
}
