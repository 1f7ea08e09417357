/*
 * Expected packets against what the host sent.
 *
 * The host's card cuts large packets into segments; a script may expect them whole. So segments that follow
 * each other are put together until they have the length that is expected: with equal ack, window, urgent
 * pointer and options, equal flags but for FIN, PSH and CWR, and each but the last as long as the one before.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/packetdrill/run.h"

#define TCP_FLAGS(tcp) (((const uint8_t *)(tcp))[13])
#define TH_CWR_ 0x80

/* One packet of the host in the script's numbers. */
struct seen {
	const struct iphdr *ip;
	const struct tcphdr *tcp; /* NULL: another protocol's */
	const struct udphdr *udp;
	const uint8_t *icmp; /* of len bytes */
	const uint8_t *options;
	uint32_t nopt, len, seq, ack, last_len;
	uint8_t flags;
	uint64_t time;
	unsigned segments;
	bool bad; /* a header or checksum is wrong */
};

static void look_at_udp(struct seen *s, const uint8_t *l4, uint32_t tlen)
{
	const struct udphdr *udp = (const struct udphdr *)l4;
	s->bad = tlen < sizeof(*udp) || ntohs(udp->len) != tlen ||
		 (udp->check != 0 &&
		  pd_checksum(udp, tlen, pd_pseudo_sum(s->ip->saddr, s->ip->daddr, IPPROTO_UDP, tlen)) != 0);
	s->udp = udp;
	s->len = tlen - (uint32_t)sizeof(*udp);
}

static void look_at_icmp(struct seen *s, const uint8_t *l4, uint32_t tlen)
{
	s->bad = tlen < 8 || pd_checksum(l4, tlen, 0) != 0;
	s->icmp = l4;
	s->len = tlen;
}

static void look_at(const struct pd_frame *f, struct seen *s)
{
	memset(s, 0, sizeof(*s));
	s->ip = (const struct iphdr *)f->data;
	s->time = f->time;
	s->segments = 1;
	uint32_t ihl = s->ip->ihl * 4u;
	if (ihl < sizeof(*s->ip) || f->len < ihl || pd_checksum(s->ip, ihl, 0) != 0) {
		s->bad = true;
		return;
	}
	if (s->ip->protocol == IPPROTO_UDP) {
		look_at_udp(s, f->data + ihl, f->len - ihl);
		return;
	}
	if (s->ip->protocol == IPPROTO_ICMP) {
		look_at_icmp(s, f->data + ihl, f->len - ihl);
		return;
	}
	if (f->len < ihl + sizeof(*s->tcp)) {
		s->bad = true;
		return;
	}
	s->tcp = (const struct tcphdr *)(f->data + ihl);
	uint32_t thl = s->tcp->doff * 4u, tlen = f->len - ihl;
	s->bad = thl < sizeof(*s->tcp) || thl > tlen ||
		 pd_checksum(s->tcp, tlen, pd_pseudo_sum(s->ip->saddr, s->ip->daddr, IPPROTO_TCP, tlen)) != 0;
	if (s->bad)
		return;
	s->options = (const uint8_t *)(s->tcp + 1);
	s->nopt = thl - (uint32_t)sizeof(*s->tcp);
	s->len = s->last_len = tlen - thl;
	s->seq = ntohl(s->tcp->seq);
	s->ack = ntohl(s->tcp->ack_seq);
	s->flags = TCP_FLAGS(s->tcp);
}

/* Whether `next` goes on where `s` ends, as segments of one packet do. */
static bool goes_on(const struct seen *s, const struct seen *next)
{
	uint8_t same = (uint8_t) ~(TH_FIN | TH_PUSH | TH_CWR_);
	return !next->bad && next->tcp && next->seq == s->seq + s->len &&
	       (next->flags & same) == (s->flags & same) && !(s->flags & (TH_FIN | TH_SYN | TH_RST)) &&
	       next->ack == s->ack && next->tcp->window == s->tcp->window &&
	       next->tcp->urg_ptr == s->tcp->urg_ptr && next->nopt == s->nopt && next->len > 0 &&
	       next->len <= s->last_len && s->last_len > 0 && next->tcp->source == s->tcp->source &&
	       next->tcp->dest == s->tcp->dest;
}

/* ---- printing ---- */

static int print_flags(char *out, unsigned len, uint8_t flags)
{
	static const char letters[] = "FSRP.UEW";
	char buf[9];
	unsigned n = 0;
	for (unsigned i = 0; i < 8; i++)
		if (flags & 1 << i)
			buf[n++] = letters[i];
	buf[n] = '\0';
	return snprintf(out, len, "%s", n ? buf : "-");
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

struct text {
	char *at;
	unsigned left;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *fmt, ...)
{
	__builtin_va_list ap;
	__builtin_va_start(ap, fmt);
	int n = vsnprintf(t->at, t->left, fmt, ap);
	__builtin_va_end(ap);
	if (n < 0 || t->left == 0)
		return;
	unsigned used = (unsigned)n < t->left ? (unsigned)n : t->left - 1;
	t->at += used;
	t->left -= used;
}

static void print_option(struct text *t, const uint8_t *o, unsigned len, uint32_t remote_offset)
{
	switch (*o) {
	case PD_OPT_EOL:
		add(t, "eol");
		return;
	case PD_OPT_NOP:
		add(t, "nop");
		return;
	case PD_OPT_MSS:
		add(t, "mss %u", len == 4 ? (unsigned)(o[2] << 8 | o[3]) : 0);
		return;
	case PD_OPT_WSCALE:
		add(t, "wscale %u", o[2]);
		return;
	case PD_OPT_SACKOK:
		add(t, "sackOK");
		return;
	case PD_OPT_SACK:
		add(t, "sack");
		for (unsigned i = 2; i + 8 <= len; i += 8)
			add(t, " %u:%u", get32(o + i) - remote_offset, get32(o + i + 4) - remote_offset);
		return;
	case PD_OPT_TS:
		add(t, "TS val %u ecr %u", len == 10 ? get32(o + 2) : 0, len == 10 ? get32(o + 6) : 0);
		return;
	default:
		add(t, *o == PD_OPT_FO ? "FO " : *o == PD_OPT_MD5 ? "md5 " : "kind %u ", *o);
		for (unsigned i = 2; i < len; i++)
			add(t, "%02x", o[i]);
	}
}

static void print_options(struct text *t, const uint8_t *o, uint32_t n, uint32_t remote_offset)
{
	add(t, " <");
	for (uint32_t i = 0; i < n;) {
		unsigned len = o[i] <= 1					 ? 1
			       : i + 1 < n && o[i + 1] >= 2 && o[i + 1] <= n - i ? o[i + 1]
										 : n - i;
		if (i > 0)
			add(t, ",");
		print_option(t, o + i, len, remote_offset);
		i += len;
	}
	add(t, ">");
}

/* The packet as a script would have it. */
static void print_seen(const struct pd_run *run, const struct pd_conn *c, const struct seen *s, char *out,
		       unsigned len)
{
	struct text t = { out, len };
	char flags[16];
	int64_t us = (int64_t)((s->time - run->start) / NSEC_PER_USEC);
	add(&t, "%" PRId64 ".%06" PRId64 " ", us / 1000000, us % 1000000);
	if (s->bad) {
		add(&t, "a damaged packet");
		return;
	}
	if (s->udp) {
		add(&t, "udp %u > %u (%u)", ntohs(s->udp->source), ntohs(s->udp->dest), s->len);
		return;
	}
	if (s->icmp) {
		add(&t, "icmp type_%u code_%u (%u)", s->icmp[0], s->icmp[1], s->len);
		return;
	}
	bool syn = s->flags & TH_SYN;
	uint32_t lo = !c ? 0 : syn ? c->live_local_isn - c->script_local_isn : c->live_local_isn;
	uint32_t ro = !c ? 0 : syn ? c->live_remote_isn - c->script_remote_isn : c->live_remote_isn;
	print_flags(flags, sizeof(flags), s->flags);
	add(&t, "%s %u:%u(%u)", flags, s->seq - lo, s->seq - lo + s->len, s->len);
	if (s->flags & TH_ACK)
		add(&t, " ack %u", s->ack - ro);
	add(&t, " win %u", ntohs(s->tcp->window));
	if (s->flags & TH_URG)
		add(&t, " urg %u", ntohs(s->tcp->urg_ptr));
	if (s->nopt)
		print_options(&t, s->options, s->nopt, ro);
}

/* ---- comparing ---- */

/* The socket that sent a datagram; one without a port has got one by sending. */
static struct pd_conn *udp_conn(struct pd_run *run, const struct seen *s)
{
	uint16_t local = ntohs(s->udp->source);
	for (int pass = 0; pass < 2; pass++)
		for (unsigned i = run->nr_conns; i-- > 0;)
			if (run->conns[i].udp && run->conns[i].local_port == (pass == 0 ? local : 0)) {
				run->conns[i].local_port = local;
				return &run->conns[i];
			}
	return NULL;
}

/* Whose packet it is, as far as ports and state tell. */
static struct pd_conn *outbound_conn(struct pd_run *run, const struct seen *s)
{
	if (s->udp)
		return udp_conn(run, s);
	if (s->icmp)
		return run->nr_conns ? &run->conns[run->current] : NULL;
	uint16_t local = ntohs(s->tcp->source), remote = ntohs(s->tcp->dest);
	struct pd_conn *c = run->nr_conns ? &run->conns[run->current] : NULL;
	/* by both ports; or, as the first packet of its connection, by the remote one */
	for (int pass = 0; pass < 2; pass++)
		for (unsigned i = run->nr_conns; i-- > 0;) {
			struct pd_conn *k = &run->conns[i];
			/* ports may be in use again: another SYN is another connection's */
			if ((s->flags & TH_SYN) && k->have_local_isn && k->live_local_isn != s->seq)
				continue;
			if (k->state >= PD_CONN_ACTIVE && k->remote_port == remote &&
			    (pass == 0 ? k->local_port == local : !k->have_local_isn))
				return k;
		}
	return c;
}

static bool option_differs(struct pd_run *run, struct pd_conn *c, const struct pd_option *o, const uint8_t *b,
			   unsigned len, bool syn)
{
	uint32_t ro = syn ? c->live_remote_isn - c->script_remote_isn : c->live_remote_isn;
	uint8_t want[40];
	int n, at = o->kind == PD_OPT_EXP ? 4 : 2;
	switch (o->kind) {
	case PD_OPT_EOL:
	case PD_OPT_NOP:
		return false;
	case PD_OPT_MSS:
		return len != 4 || (uint32_t)(b[2] << 8 | b[3]) != o->value;
	case PD_OPT_WSCALE:
		return len != 3 || b[2] != o->value;
	case PD_OPT_SACKOK:
		return len != 2;
	case PD_OPT_SACK:
		if (len != 2u + 8u * o->nr_sack)
			return true;
		for (unsigned i = 0; i < 2u * o->nr_sack; i++)
			if (get32(b + 2 + 4 * i) - ro != o->sack[i])
				return true;
		return false;
	case PD_OPT_TS:
		return len != 10;
	default:
		if (o->kind == PD_OPT_EXP && (len < 4 || b[2] != 0xf9 || b[3] != 0x89))
			return true;
		n = o->cookie ? pd_hex(run, o->cookie, want, sizeof(want)) : 0;
		return n < 0 || len != (unsigned)(at + n) || memcmp(b + at, want, (size_t)n) != 0;
	}
}

static bool same_options(struct pd_run *run, struct pd_conn *c, const struct pd_packet *p,
			 const struct seen *s)
{
	uint32_t at = 0;
	for (unsigned i = 0; i < p->nr_options; i++) {
		const struct pd_option *o = &p->options[i];
		if (at >= s->nopt || s->options[at] != o->kind)
			return false;
		unsigned len = o->kind <= 1 ? 1 : at + 1 < s->nopt ? s->options[at + 1] : 0;
		bool signed_here = o->kind == PD_OPT_MD5 && !o->cookie;
		if (len == 0 || at + len > s->nopt || (signed_here && !pd_md5_check(run, s->ip)))
			return false;
		if (!signed_here && option_differs(run, c, o, s->options + at, len, p->flags & TH_SYN))
			return false;
		at += len;
	}
	return at == s->nopt;
}

/* Remembers the time stamp, and compares it with the script's where the script tells how fast it ticks. */
static bool note_stamp(struct pd_run *run, struct pd_conn *c, uint32_t script, uint32_t live)
{
	if (c->nr_stamps == c->cap_stamps) {
		unsigned cap = c->cap_stamps ? c->cap_stamps * 2 : 16;
		struct pd_stamp *grown = realloc(c->stamps, cap * sizeof(*grown));
		if (!grown)
			return pd_fail(run, "no memory");
		c->stamps = grown;
		c->cap_stamps = cap;
	}
	c->stamps[c->nr_stamps++] = (struct pd_stamp){ script, live };
	if (!run->config.ts_tick_usecs)
		return true;
	int64_t want = (int64_t)(int32_t)(script - c->stamps[0].script) * run->config.ts_tick_usecs;
	int64_t is = (int64_t)(int32_t)(live - c->stamps[0].live) *
		     1000; /* the host's clock of time stamps: 1 ms */
	int64_t part = pd_now(run) * run->config.tolerance_percent_x10 / 1000;
	int64_t allowed = part > run->config.tolerance_usecs ? part : run->config.tolerance_usecs;
	if (is - want > allowed || want - is > allowed)
		return pd_fail(run, "time stamp: val %u is %.3f ms off the host's", script,
			       (double)(is - want) / 1e3);
	return true;
}

static bool check_stamp(struct pd_run *run, struct pd_conn *c, const struct pd_packet *p,
			const struct seen *s)
{
	uint32_t at = 0;
	for (unsigned i = 0; i < p->nr_options; i++) {
		if (p->options[i].kind == PD_OPT_TS)
			return note_stamp(run, c, p->options[i].value, get32(s->options + at + 2));
		at += p->options[i].kind <= 1 ? 1 : s->options[at + 1];
	}
	return true;
}

static const char *ip_difference(const struct pd_packet *p, const struct seen *s)
{
	unsigned ecn = s->ip->tos & 3u;
	static const uint8_t marks[] = {
		[PD_ECN_NONE] = 0, [PD_ECN_ECT0] = 2, [PD_ECN_ECT1] = 1, [PD_ECN_CE] = 3
	};
	if (p->ecn == PD_ECN_ECT01 ? ecn != 1 && ecn != 2 : p->ecn != PD_ECN_ANY && ecn != marks[p->ecn])
		return "ECN mark";
	if (p->tos >= 0 && s->ip->tos != p->tos)
		return "TOS";
	if (p->ttl >= 0 && s->ip->ttl != p->ttl)
		return "TTL";
	return NULL;
}

static const char *udp_difference(const struct pd_packet *p, const struct seen *s)
{
	if (s->len != p->len)
		return "length";
	if ((p->sport && ntohs(s->udp->source) != p->sport) || (p->dport && ntohs(s->udp->dest) != p->dport))
		return "ports";
	return ip_difference(p, s);
}

static const char *icmp_difference(struct pd_run *run, const struct pd_packet *p, const struct seen *s)
{
	const struct iphdr *quoted = (const struct iphdr *)(s->icmp + 8);
	uint8_t type, code;
	if (!pd_icmp_type_code(run, p, &type, &code) || s->icmp[0] != type)
		return "ICMP type";
	if (s->icmp[1] != code)
		return "ICMP code";
	if (p->whole && s->len != p->len)
		return "length";
	if (p->mtu >= 0 && (s->icmp[6] << 8 | s->icmp[7]) != p->mtu)
		return "MTU";
	if (p->echo_id >= 0 && (s->icmp[4] << 8 | s->icmp[5]) != p->echo_id)
		return "id";
	if (p->quotes && (s->len < 8 + sizeof(*quoted) || quoted->protocol != p->quotes))
		return "quoted packet";
	return ip_difference(p, s);
}

/* The name of the first thing that differs, or NULL. */
static const char *difference(struct pd_run *run, struct pd_conn *c, const struct pd_packet *p,
			      const struct seen *s)
{
	bool syn = p->flags & TH_SYN;
	uint32_t lo = syn ? c->live_local_isn - c->script_local_isn : c->live_local_isn;
	uint32_t ro = syn ? c->live_remote_isn - c->script_remote_isn : c->live_remote_isn;
	if (s->bad)
		return "checksum of the packet";
	if (p->proto != PD_TCP)
		return p->proto == PD_UDP ? udp_difference(p, s) : icmp_difference(run, p, s);
	if (s->flags != p->flags)
		return "flags";
	if (s->seq - lo != p->seq)
		return "sequence number";
	if (s->len != p->len)
		return "length";
	if ((s->flags & TH_ACK ? s->ack - ro : s->ack) != p->ack)
		return "ack number";
	if (p->win >= 0 && ntohs(s->tcp->window) != p->win)
		return "window";
	if (ntohs(s->tcp->urg_ptr) != (p->urg >= 0 ? p->urg : 0))
		return "urgent pointer";
	if ((p->sport && ntohs(s->tcp->source) != p->sport) || (p->dport && ntohs(s->tcp->dest) != p->dport))
		return "ports";
	const char *ip = ip_difference(p, s);
	if (ip)
		return ip;
	if (s->tcp->res1)
		return "reserved bits";
	if (!p->any_options && !same_options(run, c, p, s))
		return "TCP options";
	return NULL;
}

/* The first packet of a connection that the host sends tells its initial sequence number. */
static void learn(struct pd_conn *c, const struct pd_packet *p, const struct seen *s)
{
	if (s->bad || !s->tcp || c->have_local_isn || !(s->flags & TH_SYN) || !(p->flags & TH_SYN))
		return;
	c->have_local_isn = true;
	c->live_local_isn = s->seq;
	c->script_local_isn = p->seq;
	if (!c->local_port)
		c->local_port = ntohs(s->tcp->source);
}

static void drop_first(struct pd_run *run)
{
	struct pd_frame *f = run->frames;
	run->frames = f->next;
	if (!run->frames)
		run->frames_tail = &run->frames;
	free(f);
}

/* Takes segments from the queue until the packet is as long as expected. The first one stays in the queue. */
static void put_together(struct pd_run *run, const struct pd_packet *p, struct seen *s, uint64_t deadline)
{
	struct pd_frame *first = run->frames;
	while (p->proto == PD_TCP && !run->config.strict_segments && s->len < p->len) {
		struct seen next;
		if (!first->next) {
			while (!first->next && run->sim->now < deadline &&
			       sim_run(run->sim, deadline) == SIM_STOPPED)
				;
			if (!first->next)
				return;
		}
		look_at(first->next, &next);
		if (next.bad || !goes_on(s, &next) || s->len + next.len > p->len)
			return;
		struct pd_frame *taken = first->next;
		s->len += next.len;
		s->last_len = next.len;
		s->flags = (uint8_t)((next.flags & ~TH_CWR_) | (s->flags & TH_CWR_));
		s->time = next.time;
		s->segments++;
		first->next = taken->next;
		if (!first->next)
			run->frames_tail = &first->next;
		free(taken);
	}
}

/* Only the connection under test and the protocol of the line are looked at, unless the line names ports.
 * Drops a packet of another one. */
static bool of_another(struct pd_run *run, const struct pd_packet *p, const struct seen *s,
		       const struct pd_conn *c)
{
	if (s->ip->protocol == p->proto && (!c || c == &run->conns[run->current] || p->sport))
		return false;
	drop_first(run);
	return true;
}

bool pd_match(struct pd_run *run, const struct pd_event *e, uint64_t deadline, int64_t *time)
{
	const struct pd_packet *p = e->packet;
	struct pd_frame *f;
	struct pd_conn *c;
	struct seen s;
	char came[600];
	do {
		f = pd_next_frame(run, deadline);
		if (!f)
			return pd_fail(run, "no packet came until %.6f s", (double)pd_now(run) / 1e6);
		look_at(f, &s);
		c = s.bad ? NULL : outbound_conn(run, &s);
	} while (of_another(run, p, &s, c));
	if (!c) {
		print_seen(run, NULL, &s, came, sizeof(came));
		return pd_fail(run, "no packet of a connection of this script came, but\n  %s", came);
	}
	learn(c, p, &s);
	if (run->sent_by >= 0)
		run->waited += run->calls - run->sent_by;
	run->sent_by = -1;
	put_together(run, p, &s, deadline);
	*time = run->looked_at = (int64_t)((s.time - run->start) / NSEC_PER_USEC);
	const char *what = difference(run, c, p, &s);
	if (what) {
		print_seen(run, c, &s, came, sizeof(came));
		return pd_fail(run, "another packet came (%s differs)\n  came:     %s", what, came);
	}
	if (!p->any_options && !check_stamp(run, c, p, &s))
		return false;
	run->current = (unsigned)(c - run->conns);
	drop_first(run);
	return true;
}
