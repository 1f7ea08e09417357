/* `iptables -L` and `iptables -S`: rules as text. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lua/sh_iptables.h"

const struct ipt_name ipt_target_names[] = {
	{ "ACCEPT", IPT_ACCEPT, 0 },
	{ "DROP", IPT_DROP, 0 },
	{ "RETURN", IPT_RETURN, 0 },
	{ "REJECT", IPT_REJECT, 0 },
	{ "LOG", IPT_LOG, 0 },
	{ "DNAT", IPT_DNAT, 0 },
	{ "SNAT", IPT_SNAT, 0 },
	{ "REDIRECT", IPT_REDIRECT, 0 },
	{ "MASQUERADE", IPT_MASQUERADE, 0 },
	{ NULL, 0, 0 },
};

const struct ipt_name ipt_proto_names[] = {
	{ "all", 0, 0 },  { "icmp", 1, 0 }, { "igmp", 2, 0 }, { "tcp", 6, 0 },	  { "udp", 17, 0 },
	{ "gre", 47, 0 }, { "esp", 50, 0 }, { "ah", 51, 0 },  { "sctp", 132, 0 }, { NULL, 0, 0 },
};

const struct ipt_name ipt_icmp_names[] = {
	{ "any", 0xff, 0xff },
	{ "echo-reply", 0, 0xff },
	{ "pong", 0, 0xff },
	{ "destination-unreachable", 3, 0xff },
	{ "network-unreachable", 3, 0 },
	{ "host-unreachable", 3, 1 },
	{ "protocol-unreachable", 3, 2 },
	{ "port-unreachable", 3, 3 },
	{ "fragmentation-needed", 3, 4 },
	{ "source-route-failed", 3, 5 },
	{ "network-unknown", 3, 6 },
	{ "host-unknown", 3, 7 },
	{ "network-prohibited", 3, 9 },
	{ "host-prohibited", 3, 10 },
	{ "communication-prohibited", 3, 13 },
	{ "source-quench", 4, 0xff },
	{ "redirect", 5, 0xff },
	{ "network-redirect", 5, 0 },
	{ "host-redirect", 5, 1 },
	{ "echo-request", 8, 0xff },
	{ "ping", 8, 0xff },
	{ "time-exceeded", 11, 0xff },
	{ "ttl-exceeded", 11, 0xff },
	{ "ttl-zero-during-transit", 11, 0 },
	{ "ttl-zero-during-reassembly", 11, 1 },
	{ "parameter-problem", 12, 0xff },
	{ "ip-header-bad", 12, 0 },
	{ "timestamp-request", 13, 0xff },
	{ "timestamp-reply", 14, 0xff },
	{ NULL, 0, 0 },
};

const struct ipt_name ipt_reject_names[] = {
	{ "icmp-net-unreachable", IPT_ICMP_NET_UNREACHABLE, 0 },
	{ "icmp-host-unreachable", IPT_ICMP_HOST_UNREACHABLE, 0 },
	{ "icmp-proto-unreachable", IPT_ICMP_PROT_UNREACHABLE, 0 },
	{ "icmp-port-unreachable", IPT_ICMP_PORT_UNREACHABLE, 0 },
	{ "icmp-net-prohibited", IPT_ICMP_NET_PROHIBITED, 0 },
	{ "icmp-host-prohibited", IPT_ICMP_HOST_PROHIBITED, 0 },
	{ "icmp-admin-prohibited", IPT_ICMP_ADMIN_PROHIBITED, 0 },
	{ "tcp-reset", IPT_TCP_RESET, 0 },
	{ "tcp-rst", IPT_TCP_RESET, 0 },
	{ NULL, 0, 0 },
};

const struct ipt_name ipt_state_names[] = {
	{ "INVALID", XT_CONNTRACK_STATE_INVALID, 0 },
	{ "NEW", XT_CONNTRACK_STATE_NEW, 0 },
	{ "RELATED", XT_CONNTRACK_STATE_RELATED, 0 },
	{ "ESTABLISHED", XT_CONNTRACK_STATE_ESTABLISHED, 0 },
	{ NULL, 0, 0 },
};

const struct ipt_name ipt_flag_names[] = {
	{ "FIN", 0x01, 0 }, { "SYN", 0x02, 0 }, { "RST", 0x04, 0 },  { "PSH", 0x08, 0 }, { "ACK", 0x10, 0 },
	{ "URG", 0x20, 0 }, { "ALL", 0x3f, 0 }, { "NONE", 0x00, 0 }, { NULL, 0, 0 },
};

const struct ipt_name ipt_limit_units[] = {
	{ "sec", 0, 0 }, { "min", 1, 0 }, { "hour", 2, 0 }, { "day", 3, 0 }, { NULL, 0, 0 },
};

static const char *name_of(const struct ipt_name *names, uint8_t value)
{
	for (; names->name; names++)
		if (names->value == value)
			return names->name;
	return NULL;
}

static const char *target_name(const struct ipt_entry *e)
{
	const char *name = e->jump ? e->jump->name : name_of(ipt_target_names, e->target);
	return name ? name : "";
}

static const char *proto_name(uint8_t proto, char buf[8])
{
	const char *name = name_of(ipt_proto_names, proto);
	snprintf(buf, 8, "%u", proto);
	return name ? name : buf;
}

/* "FIN,SYN", by the bits of the TCP header. */
static const char *flag_list(uint8_t bits, char buf[40])
{
	buf[0] = '\0';
	for (const struct ipt_name *f = ipt_flag_names; bits && f->value != 0x3f; f++)
		if (bits & f->value)
			sprintf(buf + strlen(buf), "%s%s", *buf ? "," : "", f->name);
	return *buf ? buf : "NONE";
}

static const char *state_list(uint8_t bits, char buf[64])
{
	buf[0] = '\0';
	for (const struct ipt_name *s = ipt_state_names; s->name; s++)
		if (bits & s->value)
			sprintf(buf + strlen(buf), "%s%s", *buf ? "," : "", s->name);
	return buf;
}

/* "5/min": the rate in the largest unit that it is a whole number of (or is nearest to). */
static const char *limit_rate(uint32_t avg, char buf[32])
{
	static const uint32_t seconds[] = { 1, 60, 3600, 86400 };
	unsigned unit = 0;
	while (unit < 3 && avg > seconds[unit] * 10000u)
		unit++;
	while (unit < 3 && seconds[unit] * 10000u % avg && seconds[unit] * 10000u / avg < 10)
		unit++;
	snprintf(buf, 32, "%u/%s", seconds[unit] * 10000u / avg, ipt_limit_units[unit].name);
	return buf;
}

static void say_range(struct sh *sh, const struct nf_nat_range2 *r, bool addr)
{
	const char *colon = addr ? ":" : "";
	if (addr) {
		sh_say(sh, "%s", sh_ip(r->min_addr).s);
		if (r->max_addr != r->min_addr)
			sh_say(sh, "-%s", sh_ip(r->max_addr).s);
	}
	if (!(r->flags & NF_NAT_RANGE_PROTO_SPECIFIED))
		return;
	sh_say(sh, "%s%u", colon, r->min_proto);
	if (r->max_proto != r->min_proto)
		sh_say(sh, "-%u", r->max_proto);
}

/* ---- -L ---- */

/* "12345", "123K", "12M": five places. */
static void say_count(struct sh *sh, uint64_t n, bool exact)
{
	static const char units[] = " KMGT";
	unsigned unit = 0;
	if (exact) {
		sh_say(sh, "%8" PRIu64 " ", n);
		return;
	}
	for (; unit < 4 && n > (unit ? 9999 : 99999); unit++)
		n = (n + 500) / 1000;
	if (unit)
		sh_say(sh, "%4" PRIu64 "%c ", n, units[unit]);
	else
		sh_say(sh, "%5" PRIu64 " ", n);
}

static void say_addr(struct sh *sh, uint32_t addr, uint32_t mask, bool invert, bool numeric)
{
	char text[32];
	int plen = mask ? 32 - __builtin_ctz(ntohl(mask)) : 0;
	if (!mask)
		snprintf(text, sizeof(text), "%s", numeric ? "0.0.0.0/0" : "anywhere");
	else if (plen == 32)
		snprintf(text, sizeof(text), "%s", sh_ip(addr).s);
	else
		snprintf(text, sizeof(text), "%s/%d", sh_ip(addr).s, plen);
	sh_say(sh, "%s%-19s ", invert ? "!" : " ", text);
}

static void say_iface(struct sh *sh, const char *name, bool invert)
{
	sh_say(sh, "%s%-6s", invert ? "!" : " ", *name ? name : "*");
}

static void list_port(struct sh *sh, unsigned port, uint8_t proto, bool numeric)
{
	if (numeric || !port)
		sh_say(sh, "%u", port);
	else
		sh_say(sh, "%s", sh_port(proto == IPPROTO_UDP ? "udp" : "tcp", port, false).s);
}

static void list_ports(struct sh *sh, const char *what, const uint16_t ports[2], bool invert, uint8_t proto,
		       bool numeric)
{
	if (ports[0] == 0 && ports[1] == 0xffff)
		return;
	sh_say(sh, " %s%s:%s", what, ports[0] == ports[1] ? "" : "s", invert ? "!" : "");
	list_port(sh, ports[0], proto, numeric);
	if (ports[0] != ports[1]) {
		sh_say(sh, ":");
		list_port(sh, ports[1], proto, numeric);
	}
}

static void list_icmp(struct sh *sh, const struct ipt_entry *e, bool numeric)
{
	const char *inv = e->inv_match & XT_INV_ICMP ? "!" : "";
	uint8_t code = e->icmp_code[0] == e->icmp_code[1] ? e->icmp_code[0] : 0xff;
	for (const struct ipt_name *n = ipt_icmp_names; !numeric && n->name; n++)
		if (n->value == e->icmp_type && n->code == code) {
			sh_say(sh, " icmp %s%s", inv, n->name);
			return;
		}
	sh_say(sh, " %sicmptype %u", inv, e->icmp_type);
	if (code != 0xff)
		sh_say(sh, " code %u", code);
}

static void list_matches(struct sh *sh, const struct ipt_entry *e, bool numeric)
{
	char a[64], b[40];
	if (e->matches & (IPT_M_PORTS | IPT_M_TCPFLAGS)) {
		sh_say(sh, " %s", e->ip.proto == IPPROTO_UDP ? "udp" : "tcp");
		list_ports(sh, "spt", e->spts, e->inv_match & XT_INV_SRCPT, e->ip.proto, numeric);
		list_ports(sh, "dpt", e->dpts, e->inv_match & XT_INV_DSTPT, e->ip.proto, numeric);
		if (e->matches & IPT_M_TCPFLAGS && numeric)
			sh_say(sh, " flags:%s0x%02X/0x%02X", e->inv_match & XT_INV_FLAGS ? "!" : "",
			       e->flg_mask, e->flg_cmp);
		else if (e->matches & IPT_M_TCPFLAGS)
			sh_say(sh, " flags:%s%s/%s", e->inv_match & XT_INV_FLAGS ? "!" : "",
			       flag_list(e->flg_mask, a), flag_list(e->flg_cmp, b));
	}
	if (e->matches & IPT_M_ICMP)
		list_icmp(sh, e, numeric);
	if (e->matches & IPT_M_STATE)
		sh_say(sh, " %s%sstate %s", e->inv_match & XT_INV_STATE ? "! " : "",
		       e->matches & IPT_M_OLDSTATE ? "" : "ct", state_list(e->state, a));
	if (e->matches & IPT_M_LIMIT)
		sh_say(sh, " limit: avg %s burst %u", limit_rate(e->limit.avg, b), e->limit.burst);
}

static void list_log(struct sh *sh, const struct ipt_entry *e, bool numeric)
{
	static const char *const levels[] = { "emerg", "alert",	 "crit", "error",
					      "warn",  "notice", "info", "debug" };
	if (numeric)
		sh_say(sh, " LOG flags %u level %u", e->log_flags, e->log_level);
	else
		sh_say(sh, " LOG level %s", levels[e->log_level & 7]);
	if (*e->log_prefix)
		sh_say(sh, " prefix \"%s\"", e->log_prefix);
	if (!numeric)
		sh_say(sh, "%s%s%s", e->log_flags & NF_LOG_TCPSEQ ? " tcp-sequence" : "",
		       e->log_flags & NF_LOG_TCPOPT ? " tcp-options" : "",
		       e->log_flags & NF_LOG_IPOPT ? " ip-options" : "");
}

static void list_target(struct sh *sh, const struct ipt_entry *e, bool numeric)
{
	switch (e->target) {
	case IPT_REJECT:
		sh_say(sh, " reject-with %s", name_of(ipt_reject_names, e->reject_with));
		break;
	case IPT_LOG:
		list_log(sh, e, numeric);
		break;
	case IPT_DNAT:
	case IPT_SNAT:
		sh_say(sh, " to:");
		say_range(sh, &e->range, e->range.flags & NF_NAT_RANGE_MAP_IPS);
		break;
	case IPT_REDIRECT:
	case IPT_MASQUERADE:
		if (e->range.flags & NF_NAT_RANGE_PROTO_SPECIFIED) {
			sh_say(sh, e->target == IPT_REDIRECT ? " redir ports " : " masq ports: ");
			say_range(sh, &e->range, false);
		}
		break;
	case IPT_GOTO:
		sh_say(sh, "[goto] ");
		break;
	default:
		break;
	}
}

static void list_rule(struct sh *sh, const struct ipt_entry *e, unsigned nr, const struct ipt_list *how)
{
	char buf[8];
	if (how->line_numbers)
		sh_say(sh, "%-4u ", nr);
	if (how->verbose) {
		say_count(sh, e->pcnt, how->exact);
		say_count(sh, e->bcnt, how->exact);
	}
	sh_say(sh, "%-9s %s%-4s %s%s ", target_name(e), e->ip.invflags & IPT_INV_PROTO ? "!" : " ",
	       proto_name(e->ip.proto, buf), e->ip.invflags & IPT_INV_FRAG ? "!" : "-",
	       e->ip.frag ? "f" : "-");
	if (how->verbose) {
		say_iface(sh, e->ip.iniface, e->ip.invflags & IPT_INV_VIA_IN);
		say_iface(sh, e->ip.outiface, e->ip.invflags & IPT_INV_VIA_OUT);
		sh_say(sh, " ");
	}
	say_addr(sh, e->ip.src, e->ip.smsk, e->ip.invflags & IPT_INV_SRCIP, how->numeric);
	say_addr(sh, e->ip.dst, e->ip.dmsk, e->ip.invflags & IPT_INV_DSTIP, how->numeric);
	list_matches(sh, e, how->numeric);
	list_target(sh, e, how->numeric);
	sh_say(sh, "\n");
}

void ipt_list_chain(struct sh *sh, const struct xt_chain *chain, const struct ipt_list *how)
{
	const struct ipt_entry *e;
	unsigned nr = 0;
	sh_say(sh, "Chain %s (", chain->name);
	if (!chain->builtin) {
		sh_say(sh, "%u references", chain->references);
	} else {
		sh_say(sh, "policy %s", chain->policy == NF_DROP ? "DROP" : "ACCEPT");
		if (how->verbose)
			sh_say(sh, " %" PRIu64 " packets, %" PRIu64 " bytes", chain->pcnt, chain->bcnt);
	}
	sh_say(sh, ")\n");
	if (how->line_numbers)
		sh_say(sh, "num  ");
	if (how->verbose)
		sh_say(sh, how->exact ? "    pkts      bytes target     prot opt in     out     "
				      : " pkts bytes target     prot opt in     out     ");
	else
		sh_say(sh, "target     prot opt ");
	sh_say(sh, "%-20s %-20s\n", "source", "destination");
	list_for_each_entry (e, &chain->rules, list)
		list_rule(sh, e, ++nr, how);
}

/* ---- -S ---- */

static void save_addr(struct sh *sh, const char *option, uint32_t addr, uint32_t mask, bool invert)
{
	if (mask || invert)
		sh_say(sh, "%s %s %s/%d", invert ? " !" : "", option, sh_ip(addr).s,
		       mask ? 32 - __builtin_ctz(ntohl(mask)) : 0);
}

static void save_ports(struct sh *sh, const char *option, const uint16_t ports[2], bool invert)
{
	if (ports[0] == 0 && ports[1] == 0xffff)
		return;
	sh_say(sh, "%s %s %u", invert ? " !" : "", option, ports[0]);
	if (ports[0] != ports[1])
		sh_say(sh, ":%u", ports[1]);
}

static void save_matches(struct sh *sh, const struct ipt_entry *e)
{
	char a[64], b[40];
	if (e->matches & (IPT_M_PORTS | IPT_M_TCPFLAGS)) {
		sh_say(sh, " -m %s", e->ip.proto == IPPROTO_UDP ? "udp" : "tcp");
		save_ports(sh, "--sport", e->spts, e->inv_match & XT_INV_SRCPT);
		save_ports(sh, "--dport", e->dpts, e->inv_match & XT_INV_DSTPT);
	}
	if (e->matches & IPT_M_TCPFLAGS)
		sh_say(sh, "%s --tcp-flags %s %s", e->inv_match & XT_INV_FLAGS ? " !" : "",
		       flag_list(e->flg_mask, a), flag_list(e->flg_cmp, b));
	if (e->matches & IPT_M_ICMP) {
		sh_say(sh, " -m icmp%s --icmp-type ", e->inv_match & XT_INV_ICMP ? " !" : "");
		if (e->icmp_type == 0xff)
			sh_say(sh, "any");
		else
			sh_say(sh, "%u", e->icmp_type);
		if (e->icmp_code[0] == e->icmp_code[1])
			sh_say(sh, "/%u", e->icmp_code[0]);
	}
	if (e->matches & IPT_M_STATE)
		sh_say(sh,
		       e->matches & IPT_M_OLDSTATE ? " -m state%s --state %s"
						   : " -m conntrack%s --ctstate %s",
		       e->inv_match & XT_INV_STATE ? " !" : "", state_list(e->state, a));
	if (e->matches & IPT_M_LIMIT) {
		sh_say(sh, " -m limit --limit %s", limit_rate(e->limit.avg, b));
		if (e->limit.burst != 5)
			sh_say(sh, " --limit-burst %u", e->limit.burst);
	}
}

static void save_target(struct sh *sh, const struct ipt_entry *e)
{
	switch (e->target) {
	case IPT_REJECT:
		sh_say(sh, " --reject-with %s", name_of(ipt_reject_names, e->reject_with));
		break;
	case IPT_LOG:
		if (*e->log_prefix)
			sh_say(sh, " --log-prefix \"%s\"", e->log_prefix);
		if (e->log_level != 4)
			sh_say(sh, " --log-level %u", e->log_level);
		sh_say(sh, "%s%s%s", e->log_flags & NF_LOG_TCPSEQ ? " --log-tcp-sequence" : "",
		       e->log_flags & NF_LOG_TCPOPT ? " --log-tcp-options" : "",
		       e->log_flags & NF_LOG_IPOPT ? " --log-ip-options" : "");
		break;
	case IPT_DNAT:
	case IPT_SNAT:
		sh_say(sh, e->target == IPT_DNAT ? " --to-destination " : " --to-source ");
		say_range(sh, &e->range, e->range.flags & NF_NAT_RANGE_MAP_IPS);
		break;
	case IPT_REDIRECT:
	case IPT_MASQUERADE:
		if (e->range.flags & NF_NAT_RANGE_PROTO_SPECIFIED) {
			sh_say(sh, " --to-ports ");
			say_range(sh, &e->range, false);
		}
		break;
	default:
		break;
	}
}

void ipt_save_rule(struct sh *sh, const struct xt_chain *chain, const struct ipt_entry *e, bool counters)
{
	char buf[8];
	sh_say(sh, "-A %s", chain->name);
	save_addr(sh, "-s", e->ip.src, e->ip.smsk, e->ip.invflags & IPT_INV_SRCIP);
	save_addr(sh, "-d", e->ip.dst, e->ip.dmsk, e->ip.invflags & IPT_INV_DSTIP);
	if (*e->ip.iniface)
		sh_say(sh, "%s -i %s", e->ip.invflags & IPT_INV_VIA_IN ? " !" : "", e->ip.iniface);
	if (*e->ip.outiface)
		sh_say(sh, "%s -o %s", e->ip.invflags & IPT_INV_VIA_OUT ? " !" : "", e->ip.outiface);
	if (e->ip.proto)
		sh_say(sh, "%s -p %s", e->ip.invflags & IPT_INV_PROTO ? " !" : "",
		       proto_name(e->ip.proto, buf));
	if (e->ip.frag)
		sh_say(sh, "%s -f", e->ip.invflags & IPT_INV_FRAG ? " !" : "");
	save_matches(sh, e);
	if (counters)
		sh_say(sh, " -c %" PRIu64 " %" PRIu64, e->pcnt, e->bcnt);
	if (e->target != IPT_NO_TARGET)
		sh_say(sh, " %s %s", e->target == IPT_GOTO ? "-g" : "-j", target_name(e));
	save_target(sh, e);
	sh_say(sh, "\n");
}
