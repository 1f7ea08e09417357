/* The interpreter's end of the cable: frames made of packet lines, frames that the host sent. */
#include <arpa/inet.h>
#include <ctype.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/packetdrill/run.h"

#define MIN_FRAME 60
#define TTL 255

/* ---- checksums ---- */

uint16_t pd_checksum(const void *data, uint32_t len, uint32_t sum)
{
	const uint8_t *p = data;
	uint64_t s = sum;
	for (uint32_t i = 0; i + 1 < len; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	if (len & 1)
		s += (uint32_t)p[len - 1] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons((uint16_t)~s);
}

uint32_t pd_pseudo_sum(uint32_t saddr, uint32_t daddr, uint8_t proto, uint32_t len)
{
	uint32_t s = ntohl(saddr), d = ntohl(daddr);
	return (s >> 16) + (s & 0xffff) + (d >> 16) + (d & 0xffff) + proto + len;
}

/* ---- connections ---- */

struct pd_conn *pd_new_conn(struct pd_run *run, int fd)
{
	if (run->nr_conns == PD_MAX_CONNS) {
		pd_fail(run, "more than %d sockets and connections", PD_MAX_CONNS);
		return NULL;
	}
	struct pd_conn *c = &run->conns[run->nr_conns];
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	run->current = run->nr_conns++;
	return c;
}

struct pd_conn *pd_conn_of_fd(struct pd_run *run, int fd)
{
	for (unsigned i = run->nr_conns; i-- > 0;)
		if (run->conns[i].fd == fd)
			return &run->conns[i];
	return NULL;
}

static struct pd_conn *by_remote_port(struct pd_run *run, uint16_t port)
{
	for (unsigned i = run->nr_conns; i-- > 0;)
		if (run->conns[i].remote_port == port && run->conns[i].state >= PD_CONN_ACTIVE)
			return &run->conns[i];
	return NULL;
}

static struct pd_conn *listener(struct pd_run *run)
{
	for (unsigned i = run->nr_conns; i-- > 0;)
		if (run->conns[i].state == PD_CONN_LISTENING)
			return &run->conns[i];
	return NULL;
}

/* Whose packet an inbound line is: by its ports, or the connection under test; a SYN to a listener makes a
 * new one. */
static struct pd_conn *inbound_conn(struct pd_run *run, const struct pd_packet *p)
{
	struct pd_conn *c, *l = listener(run);
	bool syn = p->proto == PD_TCP && (p->flags & (TH_SYN | TH_ACK)) == TH_SYN;
	if (p->sport && (c = by_remote_port(run, (uint16_t)p->sport)))
		return c;
	if (run->nr_conns == 0) {
		pd_fail(run, "there is no socket that this packet could be for");
		return NULL;
	}
	c = &run->conns[run->current];
	if (p->proto != PD_TCP)
		return c;
	if (!(syn && l &&
	      (c == l || p->sport || (c->state != PD_CONN_ACTIVE && c->state != PD_CONN_PASSIVE)))) {
		if (c->state != PD_CONN_LISTENING)
			return c;
		l = c;
	}
	c = pd_new_conn(run, -1);
	if (!c)
		return NULL;
	c->state = PD_CONN_PASSIVE;
	c->local_port = p->dport ? (uint16_t)p->dport : l->local_port;
	c->remote_port = p->sport ? (uint16_t)p->sport : run->next_remote_port++;
	return c;
}

/* Sequence numbers: those of SYNs are the script's own, all others count from the initial ones. */
static uint32_t local_offset(const struct pd_conn *c, bool syn)
{
	return syn ? c->live_local_isn - c->script_local_isn : c->live_local_isn;
}

static uint32_t remote_offset(const struct pd_conn *c, bool syn)
{
	return syn ? c->live_remote_isn - c->script_remote_isn : c->live_remote_isn;
}

/* ---- building ---- */

int pd_hex(const struct pd_run *run, const char *text, uint8_t *out, unsigned max)
{
	const char *defined = pd_defined(&run->config, text);
	if (defined)
		text = defined;
	size_t n = strlen(text);
	if (n % 2 || n / 2 > max)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *digits = "0123456789abcdef", *d = strchr(digits, text[i] | 0x20);
		if (!d || !text[i])
			return -1;
		out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | (d - digits) : (d - digits) << 4);
	}
	return (int)(n / 2);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* The host's value of a time stamp that the script echoes. */
static bool live_ecr(struct pd_run *run, const struct pd_conn *c, const struct pd_packet *p, uint32_t script,
		     uint32_t *live)
{
	*live = script;
	if (!(p->flags & TH_ACK))
		return true;
	for (unsigned i = c->nr_stamps; i-- > 0;)
		if (c->stamps[i].script == script) {
			*live = c->stamps[i].live;
			return true;
		}
	if (c->nr_stamps > 0 && run->config.ts_ecr_scaled) {
		*live = c->stamps[0].live + (script - c->stamps[0].script);
		return true;
	}
	return pd_fail(run, "ecr %u: no packet with that time stamp was expected before", script);
}

/* The bytes of the options in `out` (room for 60); -1 after a failure. */
static int build_options(struct pd_run *run, const struct pd_conn *c, const struct pd_packet *p, uint8_t *out)
{
	unsigned n = 0;
	bool syn = p->flags & TH_SYN;
	for (unsigned i = 0; i < p->nr_options; i++) {
		const struct pd_option *o = &p->options[i];
		uint8_t b[44] = { o->kind };
		int len = 2, k;
		uint32_t ecr;
		switch (o->kind) {
		case PD_OPT_EOL:
		case PD_OPT_NOP:
			len = 1;
			break;
		case PD_OPT_MSS:
			put16(b + 2, o->value);
			len = 4;
			break;
		case PD_OPT_WSCALE:
			b[2] = (uint8_t)o->value;
			len = 3;
			break;
		case PD_OPT_SACK:
			for (k = 0; k < 2 * o->nr_sack; k++)
				put32(b + 2 + 4 * k, o->sack[k] + local_offset(c, syn));
			len = 2 + 8 * o->nr_sack;
			break;
		case PD_OPT_TS:
			if (!live_ecr(run, c, p, o->ecr, &ecr))
				return -1;
			put32(b + 2, o->value);
			put32(b + 6, ecr);
			len = 10;
			break;
		case PD_OPT_EXP:
			put16(b + 2, 0xf989);
			len = 4;
			/* fall through */
		case PD_OPT_FO:
		case PD_OPT_MD5:
			k = o->cookie ? pd_hex(run, o->cookie, b + len, (unsigned)(40 - len)) : 0;
			if (k < 0) {
				pd_fail(run, "'%s' is no even number of hex digits, at most 40 bytes",
					o->cookie);
				return -1;
			}
			len += k;
			if (o->kind == PD_OPT_MD5 && !o->cookie)
				len += 16; /* pd_md5_sign() */
			break;
		}
		if (len > 1)
			b[1] = (uint8_t)len;
		if (n + (unsigned)len > 40) {
			pd_fail(run, "the TCP options are longer than 40 bytes");
			return -1;
		}
		memcpy(out + n, b, (size_t)len);
		n += (unsigned)len;
	}
	if (n % 4) {
		pd_fail(run, "the TCP options are %u bytes long: pad them with nop or eol to a multiple of 4",
			n);
		return -1;
	}
	return (int)n;
}

static void ip_header(const struct pd_run *run, struct iphdr *ip, const struct pd_packet *p, uint8_t proto,
		      uint32_t len, uint32_t id)
{
	static const uint8_t marks[] = {
		[PD_ECN_ECT0] = 2, [PD_ECN_ECT1] = 1, [PD_ECN_CE] = 3, [PD_ECN_ECT01] = 2
	};
	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->id = htons((uint16_t)id);
	ip->tos = (uint8_t)(p->tos >= 0 ? p->tos : marks[p->ecn]);
	ip->tot_len = htons((uint16_t)len);
	ip->ttl = (uint8_t)(p->ttl >= 0 ? p->ttl : TTL);
	ip->protocol = proto;
	ip->saddr = run->config.remote_ip;
	ip->daddr = run->config.local_ip;
	ip->check = pd_checksum(ip, sizeof(*ip), 0);
}

/* ---- sending into the host ---- */

static bool send_ip(struct pd_run *run, const uint8_t *packet, uint32_t len)
{
	static const uint8_t host_mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 1 },
			     here[6] = { 0x52, 0x54, 0, 0x12, 0x35, 2 };
	uint32_t size = ETH_HLEN + len < MIN_FRAME ? MIN_FRAME : ETH_HLEN + len;
	struct frame *f = frame_alloc(run->sim, size);
	if (!f)
		return pd_fail(run, "no memory for a frame");
	memset(f->data, 0, size);
	memcpy(f->data, host_mac, 6);
	memcpy(f->data + 6, here, 6);
	put16(f->data + 12, ETHERTYPE_IP);
	memcpy(f->data + ETH_HLEN, packet, len);
	port_send(&run->port, f, 1000000000000000ull);
	return true;
}

/* Runs the host until it has dealt with what was sent: the frames' way takes a nanosecond each. */
static void settle(struct pd_run *run)
{
	while (link_in_flight(run->world.links->link, 0) || link_in_flight(run->world.links->link, 1))
		sim_run(run->sim, run->sim->now + 1);
	sim_run(run->sim, run->sim->now);
}

#define BURST 100 /* segments at one go: the driver's ring holds 128 */

/*
 * The segments of a large packet are to be found by one poll of the driver, as if they had come at one
 * instant: until all are in its ring, the host hears of none.
 */
static void burst_begins(struct pd_run *run)
{
	local_irq_disable(&run->host->cpu);
}

static void burst_ends(struct pd_run *run)
{
	while (link_in_flight(run->world.links->link, 1))
		sim_run(run->sim, run->sim->now + 1);
	local_irq_enable(&run->host->cpu);
	settle(run);
}

/* Of inbound packets; the card has an end before the MTU that can be set. */
static uint32_t mtu(const struct pd_run *run)
{
	return (uint32_t)(run->config.mtu < ETHERMTU ? run->config.mtu : ETHERMTU);
}

/* A packet larger than the MTU comes as the segments that a receiver's GRO makes one packet of. */
static bool send_tcp(struct pd_run *run, const struct pd_conn *c, const struct pd_packet *p)
{
	_Alignas(4) uint8_t head[sizeof(struct iphdr) + 60];
	uint8_t options[40], *packet;
	struct tcphdr *tcp = (struct tcphdr *)(head + sizeof(struct iphdr));
	int nopt = build_options(run, c, p, options);
	bool syn = p->flags & TH_SYN, sign = false;
	if (nopt < 0)
		return false;
	for (unsigned i = 0; i < p->nr_options; i++)
		sign |= p->options[i].kind == PD_OPT_MD5 && !p->options[i].cookie;
	if (sign && !run->config.md5_secret)
		return pd_fail(run, "md5 needs a digest, or --tcp_md5_secret=SECRET to make one");
	uint32_t hlen = (uint32_t)sizeof(*tcp) + (uint32_t)nopt, sent = 0, segment = 0;
	uint32_t room = mtu(run) - (uint32_t)sizeof(struct iphdr) - hlen;
	if (run->config.mss && p->len > room && (uint32_t)run->config.mss < room)
		room = (uint32_t)run->config.mss;
	memset(tcp, 0, sizeof(*tcp));
	tcp->source = htons(p->sport ? (uint16_t)p->sport : c->remote_port);
	tcp->dest = htons(p->dport ? (uint16_t)p->dport : c->local_port);
	tcp->doff = (uint8_t)(hlen / 4) & 15;
	tcp->window = htons((uint16_t)p->win);
	/* without the flag the number means nothing and goes out as it is written */
	tcp->ack_seq = htonl(p->flags & TH_ACK ? p->ack + local_offset(c, syn) : p->ack);
	if (p->urg >= 0)
		tcp->urg_ptr = htons((uint16_t)p->urg);
	memcpy(tcp + 1, options, (size_t)nopt);
	packet = calloc(1, (size_t)sizeof(struct iphdr) + hlen + room);
	if (!packet)
		return pd_fail(run, "no memory for a packet");
	burst_begins(run);
	do {
		uint32_t n = p->len - sent > room ? room : p->len - sent,
			 total = (uint32_t)sizeof(struct iphdr) + hlen + n;
		uint8_t flags = p->flags;
		if (sent + n < p->len)
			flags &= (uint8_t) ~(TH_FIN | TH_PUSH);
		if (sent > 0)
			flags &= (uint8_t)~TH_SYN;
		tcp->seq = htonl(p->seq + remote_offset(c, syn) + sent + (syn && sent > 0));
		((uint8_t *)tcp)[13] = flags;
		tcp->check = 0;
		ip_header(run, (struct iphdr *)head, p, IPPROTO_TCP, total, segment++);
		if (sign)
			pd_md5_sign(run, head, n);
		tcp->check = pd_checksum(tcp, hlen,
					 pd_pseudo_sum(run->config.remote_ip, run->config.local_ip,
						       IPPROTO_TCP, hlen + n)); /* the payload is zeros */
		memcpy(packet, head, sizeof(struct iphdr) + hlen);
		if (!send_ip(run, packet, total))
			break;
		sent += n;
		if (segment % BURST == 0 && sent < p->len) {
			burst_ends(run);
			burst_begins(run);
		}
	} while (sent < p->len);
	burst_ends(run);
	free(packet);
	return !run->failed;
}

/* The source and destination port that a line leaves open. */
static uint16_t remote_port(const struct pd_run *run, const struct pd_conn *c)
{
	return (uint16_t)(c->remote_port ? c->remote_port : run->config.connect_port);
}

static bool send_udp(struct pd_run *run, const struct pd_conn *c, const struct pd_packet *p)
{
	uint32_t len = (uint32_t)(sizeof(struct iphdr) + sizeof(struct udphdr)) + p->len;
	if (len > mtu(run))
		return pd_fail(run, "an inbound datagram has at most the MTU: %u bytes with its headers",
			       mtu(run));
	if (!p->dport && !c->local_port)
		return pd_fail(run, "the socket has no port yet that this datagram could be for");
	uint8_t *packet = calloc(1, len);
	if (!packet)
		return pd_fail(run, "no memory for a packet");
	struct udphdr udp = { 0 };
	uint8_t *at = packet + sizeof(struct iphdr);
	udp.source = htons(p->sport ? (uint16_t)p->sport : remote_port(run, c));
	udp.dest = htons(p->dport ? (uint16_t)p->dport : c->local_port);
	udp.len = htons((uint16_t)(sizeof(udp) + p->len));
	udp.check = pd_checksum(&udp, sizeof(udp),
				pd_pseudo_sum(run->config.remote_ip, run->config.local_ip, IPPROTO_UDP,
					      (uint32_t)sizeof(udp) + p->len)); /* the payload is zeros */
	ip_header(run, (struct iphdr *)packet, p, IPPROTO_UDP, len, 0);
	memcpy(at, &udp, sizeof(udp));
	bool sent = send_ip(run, packet, len);
	free(packet);
	return sent;
}

/* A name's place in a list, or N of what is called "type_N" or "code_N"; -1: neither. */
static int icmp_number(const char *const *names, unsigned n, const char *prefix, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return (int)i;
	size_t len = strlen(prefix);
	char *end;
	long v = strncmp(name, prefix, len) == 0 && isdigit((unsigned char)name[len])
			 ? strtol(name + len, &end, 10)
			 : -1;
	return v >= 0 && v <= 255 && !*end ? (int)v : -1;
}

/* Type and code by name, by number (type_3, code_13), or by a name that --define gave. */
bool pd_icmp_type_code(struct pd_run *run, const struct pd_packet *p, uint8_t *type, uint8_t *code)
{
	static const char *const types[] = {
		[0] = "echo_reply",	     [3] = "unreachable",
		[4] = "source_quench",	     [5] = "redirect",
		[8] = "echo_request",	     [11] = "time_exceeded",
		[12] = "parameter_problem",  [13] = "timestamp_request",
		[14] = "timestamp_reply",    [15] = "information_request",
		[16] = "information_reply",  [17] = "address_mask_request",
		[18] = "address_mask_reply",
	};
	static const char *const codes[] = {
		"net_unreachable",
		"host_unreachable",
		"protocol_unreachable",
		"port_unreachable",
		"frag_needed",
		"source_route_failed",
		"net_unknown",
		"host_unknown",
		"source_host_isolated",
		"net_prohibited",
		"host_prohibited",
		"net_unreachable_for_tos",
		"host_unreachable_for_tos",
		"packet_filtered",
		"precedence_violation",
		"precedence_cutoff",
	};
	const char *t = p->icmp_type->str, *c = p->icmp_code ? p->icmp_code->str : NULL;
	if (p->icmp_type->kind == PD_INTEGER) {
		*type = (uint8_t)p->icmp_type->num;
		*code = p->icmp_code ? (uint8_t)p->icmp_code->num : 0;
		return true;
	}
	const char *defined = c ? pd_defined(&run->config, c) : NULL;
	if (defined)
		c = defined;
	int number = t ? icmp_number(types, sizeof(types) / sizeof(types[0]), "type_", t) : -1;
	unsigned nr_codes = number == 3 ? sizeof(codes) / sizeof(codes[0]) : 0;
	int sub = c ? icmp_number(codes, nr_codes, "code_", c) : 0;
	*type = (uint8_t)number;
	*code = (uint8_t)sub;
	return (number >= 0 && sub >= 0) || pd_fail(run, "there is no ICMP type '%s'%s%s", t ? t : "?",
						    c ? " with code " : "", c ? c : "");
}

/* The headers of a segment or datagram that the host has sent, as an ICMP error quotes them. The length. */
static uint32_t quote(const struct pd_run *run, const struct pd_conn *c, const struct pd_packet *p,
		      struct iphdr *ip)
{
	bool datagram = p->quotes ? p->quotes == PD_UDP : c->udp;
	uint32_t hlen = (uint32_t)(datagram ? sizeof(struct udphdr) : sizeof(struct tcphdr));
	uint8_t proto = datagram ? IPPROTO_UDP : IPPROTO_TCP;
	ip_header(run, ip, p, proto, (uint32_t)sizeof(*ip) + hlen + p->len, 0);
	ip->saddr = run->config.local_ip;
	ip->daddr = run->config.remote_ip;
	ip->check = 0;
	ip->check = pd_checksum(ip, sizeof(*ip), 0);
	if (datagram) {
		struct udphdr *udp = (struct udphdr *)(ip + 1);
		udp->source = htons(c->local_port);
		udp->dest = htons(remote_port(run, c));
		udp->len = htons((uint16_t)(hlen + p->len));
	} else {
		struct tcphdr *tcp = (struct tcphdr *)(ip + 1);
		tcp->source = htons(c->local_port);
		tcp->dest = htons(c->remote_port);
		tcp->seq = htonl(p->seq + local_offset(c, c->state == PD_CONN_ACTIVE && !c->have_remote_isn));
		tcp->doff = 5;
	}
	return (uint32_t)sizeof(*ip) + hlen;
}

#define MAX_ICMP 1480

/* Errors quote a packet of the host; of other messages only the length can be given. */
static bool send_icmp(struct pd_run *run, const struct pd_conn *c, const struct pd_packet *p)
{
	_Alignas(4) uint8_t packet[sizeof(struct iphdr) + MAX_ICMP] = { 0 };
	uint8_t *icmp = packet + sizeof(struct iphdr), type = 0, code = 0;
	uint32_t len = p->len;
	if (!pd_icmp_type_code(run, p, &type, &code))
		return false;
	if (!p->whole)
		len = 8 + quote(run, c, p, (struct iphdr *)(icmp + 8));
	else if (len < 8 || len > MAX_ICMP)
		return pd_fail(run, "an ICMP message has 8 to %d bytes", MAX_ICMP);
	icmp[0] = type;
	icmp[1] = code;
	if (p->mtu >= 0)
		put16(icmp + 6, (uint32_t)p->mtu);
	if (p->echo_id >= 0)
		put16(icmp + 4, (uint32_t)p->echo_id);
	uint16_t sum = pd_checksum(icmp, len, 0);
	memcpy(icmp + 2, &sum, 2);
	ip_header(run, (struct iphdr *)packet, p, IPPROTO_ICMP, (uint32_t)sizeof(struct iphdr) + len, 0);
	return send_ip(run, packet, (uint32_t)sizeof(struct iphdr) + len);
}

bool pd_inject(struct pd_run *run, const struct pd_packet *p)
{
	struct pd_conn *c = inbound_conn(run, p);
	if (!c)
		return false;
	if (p->proto == PD_TCP && (p->flags & TH_SYN) && !c->have_remote_isn) {
		c->have_remote_isn = true;
		c->script_remote_isn = c->live_remote_isn = p->seq;
	}
	if (p->proto == PD_ICMP	 ? !send_icmp(run, c, p)
	    : p->proto == PD_UDP ? !send_udp(run, c, p)
				 : !send_tcp(run, c, p))
		return false;
	run->current = (unsigned)(c - run->conns);
	settle(run);
	return true;
}

/* ---- what the host sends ---- */

/* What goes to the remote address counts; ARP and IGMP do not exist on the device that the scripts know. */
void pd_host_sent(struct pd_run *run, const void *packet, uint32_t len)
{
	struct iphdr ip;
	if (len < sizeof(ip) || run->start == 0)
		return;
	memcpy(&ip, packet, sizeof(ip));
	if (ip.daddr != run->config.remote_ip || ntohs(ip.tot_len) > len ||
	    (ip.protocol != IPPROTO_TCP && ip.protocol != IPPROTO_UDP && ip.protocol != IPPROTO_ICMP))
		return;
	len = ntohs(ip.tot_len);
	struct pd_frame *p = malloc(sizeof(*p) + len);
	if (!p)
		return;
	p->next = NULL;
	p->time = run->sim->now;
	p->len = len;
	memcpy(p->data, packet, len);
	*run->frames_tail = p;
	run->frames_tail = &p->next;
	sim_stop(run->sim, SIM_STOPPED);
}

static void on_receive(struct port *port, struct frame *f)
{
	struct pd_run *run = port->owner;
	if (f->len > ETH_HLEN && f->data[12] == 8 && f->data[13] == 0)
		pd_host_sent(run, f->data + ETH_HLEN, f->len - ETH_HLEN);
	frame_put(run->sim, f);
}

struct pd_frame *pd_next_frame(struct pd_run *run, uint64_t deadline)
{
	while (!run->frames && run->sim->now < deadline) {
		enum sim_stop why = sim_run(run->sim, deadline);
		if (why == SIM_IDLE || why == SIM_FAULT || why == SIM_LIMIT)
			break;
	}
	return run->frames;
}

bool pd_wire_init(struct pd_run *run)
{
	node_init(&run->node, run->sim, "packetdrill");
	port_init(&run->port, &run->node, NULL, "tun0");
	run->port.receive = on_receive;
	run->port.owner = run;
	return true;
}

void pd_wire_free(struct pd_run *run)
{
	while (run->frames) {
		struct pd_frame *p = run->frames;
		run->frames = p->next;
		free(p);
	}
	for (unsigned i = 0; i < run->nr_conns; i++)
		free(run->conns[i].stamps);
}
