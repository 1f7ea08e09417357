/*
 * `iptables`: options of its command line, and how their values are written.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "lua/sh_iptables.h"

bool ipt_bad(struct ipt_command *c, const char *what, const char *word)
{
	c->status = sh_fail(c->sh, 2, "iptables v1.8.9 (legacy): %s%s%s%s\n" IPT_HINT, what, word ? " `" : "",
			    word ? word : "", word ? "'" : "");
	return false;
}

/* Some extensions quote words like this: "foo". */
static bool ipt_bad_quoted(struct ipt_command *c, const char *what, const char *word)
{
	c->status = sh_fail(c->sh, 2, "iptables v1.8.9 (legacy): %s \"%s\"\n" IPT_HINT, what, word);
	return false;
}

/* ---- values ---- */

static const struct ipt_name *find_name(const struct ipt_name *names, const char *word)
{
	for (; names->name; names++)
		if (strcasecmp(names->name, word) == 0)
			return names;
	return NULL;
}

static bool parse_addr(struct ipt_command *c, const char *word, uint32_t *addr, uint32_t *mask)
{
	char text[64], *slash;
	uint32_t m = 0xffffffff;
	long plen;
	snprintf(text, sizeof(text), "%s", word);
	slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	if (slash && inet_pton(AF_INET, slash, &m) != 1) {
		if (!sh_number(slash, 0, 32, &plen)) {
			c->status = sh_fail(
				c->sh, 2, "iptables v1.8.9 (legacy): invalid mask `%s' specified\n" IPT_HINT,
				slash);
			return false;
		}
		m = plen ? htonl(~0u << (32 - plen)) : 0;
	}
	if (!sh_resolve(c->sh, text, addr)) {
		c->status = sh_fail(c->sh, 2,
				    "iptables v1.8.9 (legacy): host/network `%s' not found\n" IPT_HINT, text);
		return false;
	}
	*mask = m;
	*addr &= m;
	return true;
}

static bool parse_port(struct ipt_command *c, const char *word, uint16_t *port)
{
	long n;
	if (!sh_service(word, &n) && !sh_number(word, 0, 65535, &n)) {
		c->status = sh_fail(
			c->sh, 2, "iptables v1.8.9 (legacy): invalid port/service `%s' specified\n" IPT_HINT,
			word);
		return false;
	}
	*port = (uint16_t)n;
	return true;
}

/* "80", "1000:2000", ":1023": sep is what stands between. */
static bool parse_ports(struct ipt_command *c, const char *word, char sep, uint16_t ports[2])
{
	char text[64], *second;
	snprintf(text, sizeof(text), "%s", word);
	second = strchr(text, sep);
	if (second)
		*second++ = '\0';
	ports[0] = 0;
	ports[1] = 0xffff;
	if (*text && !parse_port(c, text, &ports[0]))
		return false;
	if (!second)
		ports[1] = ports[0];
	else if (*second && !parse_port(c, second, &ports[1]))
		return false;
	if (ports[0] > ports[1]) {
		c->status = sh_fail(c->sh, 2,
				    "iptables v1.8.9 (legacy): invalid portrange (min > max)\n" IPT_HINT);
		return false;
	}
	return true;
}

/* "FIN,SYN": the sum of their values. */
static bool parse_list(struct ipt_command *c, const char *word, const struct ipt_name *names,
		       bool (*bad)(struct ipt_command *c, const char *what, const char *word),
		       const char *what, uint8_t *bits)
{
	char text[128], *save = NULL;
	snprintf(text, sizeof(text), "%s", word);
	*bits = 0;
	for (char *w = strtok_r(text, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		const struct ipt_name *n = find_name(names, w);
		if (!n)
			return bad(c, what, w);
		*bits |= n->value;
	}
	return true;
}

static bool parse_icmp(struct ipt_command *c, const char *word)
{
	const struct ipt_name *n = find_name(ipt_icmp_names, word);
	struct ipt_entry *e = &c->rule;
	char text[32], *slash;
	long type, code = 0;
	e->icmp_code[0] = 0;
	e->icmp_code[1] = 0xff;
	if (n) {
		e->icmp_type = n->value;
		if (n->code != 0xff)
			e->icmp_code[0] = e->icmp_code[1] = n->code;
		return true;
	}
	snprintf(text, sizeof(text), "%s", word);
	slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	if (!sh_number(text, 0, 255, &type) || (slash && !sh_number(slash, 0, 255, &code)))
		return ipt_bad(c, "Unknown ICMP type", word);
	e->icmp_type = (uint8_t)type;
	if (slash)
		e->icmp_code[0] = e->icmp_code[1] = (uint8_t)code;
	return true;
}

/* "5/min" */
static bool parse_rate(struct ipt_command *c, const char *word, uint32_t *avg)
{
	static const uint32_t seconds[] = { 1, 60, 3600, 86400 };
	char *slash;
	unsigned long n = strtoul(word, &slash, 10);
	unsigned unit = 0;
	if (*slash) {
		for (; unit < 4 && strncmp(slash + 1, ipt_limit_units[unit].name, 1) != 0; unit++)
			;
		if (*slash != '/' || unit == 4)
			return ipt_bad(c, "bad rate", word);
	}
	if (n == 0 || n > seconds[unit] * 10000u)
		return ipt_bad(c, "bad rate", word);
	*avg = seconds[unit] * 10000u / (uint32_t)n;
	return true;
}

/* "10.0.0.1-10.0.0.9:80-90" */
static bool parse_range(struct ipt_command *c, const char *word, struct nf_nat_range2 *r)
{
	char text[96], *colon, *dash;
	snprintf(text, sizeof(text), "%s", word);
	colon = strchr(text, ':');
	if (colon) {
		uint16_t ports[2];
		*colon++ = '\0';
		if (!parse_ports(c, colon, '-', ports))
			return false;
		r->flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
		r->min_proto = ports[0];
		r->max_proto = ports[1];
	}
	if (!*text)
		return true;
	dash = strchr(text, '-');
	if (dash)
		*dash++ = '\0';
	if (inet_pton(AF_INET, text, &r->min_addr) != 1 ||
	    (dash && inet_pton(AF_INET, dash, &r->max_addr) != 1))
		return ipt_bad(c, "Bad IP address", word);
	if (!dash)
		r->max_addr = r->min_addr;
	r->flags |= NF_NAT_RANGE_MAP_IPS;
	return true;
}

/* ---- options ---- */

static bool opt_proto(struct ipt_command *c, const char *word)
{
	const struct ipt_name *n = find_name(ipt_proto_names, word);
	long number;
	if (!n && !sh_number(word, 0, 255, &number)) {
		c->status = sh_fail(c->sh, 2,
				    "iptables v1.8.9 (legacy): unknown protocol \"%s\" specified\n" IPT_HINT,
				    word);
		return false;
	}
	c->rule.ip.proto = n ? n->value : (uint8_t)number;
	if (c->invert)
		c->rule.ip.invflags |= IPT_INV_PROTO;
	return true;
}

static bool opt_source(struct ipt_command *c, const char *word)
{
	if (c->invert)
		c->rule.ip.invflags |= IPT_INV_SRCIP;
	return parse_addr(c, word, &c->rule.ip.src, &c->rule.ip.smsk);
}

static bool opt_destination(struct ipt_command *c, const char *word)
{
	if (c->invert)
		c->rule.ip.invflags |= IPT_INV_DSTIP;
	return parse_addr(c, word, &c->rule.ip.dst, &c->rule.ip.dmsk);
}

static bool opt_iface(struct ipt_command *c, const char *word, char *to, uint8_t inv)
{
	if (strlen(word) >= IFNAMSIZ)
		return ipt_bad(c, "interface name must be shorter than 16 characters", word);
	strcpy(to, word);
	if (c->invert)
		c->rule.ip.invflags |= inv;
	return true;
}

static bool opt_in(struct ipt_command *c, const char *word)
{
	return opt_iface(c, word, c->rule.ip.iniface, IPT_INV_VIA_IN);
}

static bool opt_out(struct ipt_command *c, const char *word)
{
	return opt_iface(c, word, c->rule.ip.outiface, IPT_INV_VIA_OUT);
}

static bool opt_fragment(struct ipt_command *c, const char *word)
{
	(void)word;
	c->rule.ip.frag = true;
	if (c->invert)
		c->rule.ip.invflags |= IPT_INV_FRAG;
	return true;
}

static bool opt_match(struct ipt_command *c, const char *word)
{
	const struct {
		const char *name;
		bool *flag;
	} known[] = { { "tcp", &c->with_tcp },	   { "udp", &c->with_udp },
		      { "icmp", &c->with_icmp },   { "state", &c->with_state },
		      { "limit", &c->with_limit }, { "conntrack", &c->with_conntrack } };
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, word) == 0) {
			*known[i].flag = true;
			if (known[i].flag == &c->with_limit && !c->rule.limit.avg) {
				c->rule.matches |= IPT_M_LIMIT;
				c->rule.limit.avg = 3 * 3600 * 10000u / 9; /* 3/hour */
				c->rule.limit.burst = 5;
			}
			return true;
		}
	c->status = sh_fail(
		c->sh, 2,
		"iptables v1.8.9 (legacy): Couldn't load match `%s':No such file or directory\n\n" IPT_HINT,
		word);
	return false;
}

static bool opt_jump(struct ipt_command *c, const char *word)
{
	c->target = word;
	return true;
}

static bool opt_goto(struct ipt_command *c, const char *word)
{
	c->target = word;
	c->jump_is_goto = true;
	return true;
}

static bool opt_sport(struct ipt_command *c, const char *word)
{
	c->rule.matches |= IPT_M_PORTS;
	if (c->invert)
		c->rule.inv_match |= XT_INV_SRCPT;
	return parse_ports(c, word, ':', c->rule.spts);
}

static bool opt_dport(struct ipt_command *c, const char *word)
{
	c->rule.matches |= IPT_M_PORTS;
	if (c->invert)
		c->rule.inv_match |= XT_INV_DSTPT;
	return parse_ports(c, word, ':', c->rule.dpts);
}

static bool opt_syn(struct ipt_command *c, const char *word)
{
	(void)word;
	c->rule.matches |= IPT_M_TCPFLAGS;
	c->rule.flg_mask = 0x17;
	c->rule.flg_cmp = 0x02;
	if (c->invert)
		c->rule.inv_match |= XT_INV_FLAGS;
	return true;
}

static bool opt_flags(struct ipt_command *c, const char *word)
{
	struct sh *sh = c->sh;
	if (sh->at == sh->n)
		return ipt_bad(c, "--tcp-flags requires two args.", NULL);
	c->rule.matches |= IPT_M_TCPFLAGS;
	if (c->invert)
		c->rule.inv_match |= XT_INV_FLAGS;
	return parse_list(c, word, ipt_flag_names, ipt_bad, "Unknown TCP flag", &c->rule.flg_mask) &&
	       parse_list(c, sh->words[sh->at++], ipt_flag_names, ipt_bad, "Unknown TCP flag",
			  &c->rule.flg_cmp);
}

static bool opt_icmp(struct ipt_command *c, const char *word)
{
	c->rule.matches |= IPT_M_ICMP;
	if (c->invert)
		c->rule.inv_match |= XT_INV_ICMP;
	return parse_icmp(c, word);
}

static bool opt_ctstate(struct ipt_command *c, const char *word)
{
	c->rule.matches |= IPT_M_STATE;
	if (c->invert)
		c->rule.inv_match |= XT_INV_STATE;
	return parse_list(c, word, ipt_state_names, ipt_bad, "Bad ctstate", &c->rule.state);
}

static bool opt_state(struct ipt_command *c, const char *word)
{
	c->rule.matches |= IPT_M_OLDSTATE | IPT_M_STATE;
	if (c->invert)
		c->rule.inv_match |= XT_INV_STATE;
	return parse_list(c, word, ipt_state_names, ipt_bad_quoted, "Bad state", &c->rule.state);
}

static bool opt_limit(struct ipt_command *c, const char *word)
{
	return parse_rate(c, word, &c->rule.limit.avg);
}

static bool opt_burst(struct ipt_command *c, const char *word)
{
	long n;
	if (!sh_number(word, 1, 10000, &n))
		return ipt_bad(c, "bad --limit-burst", word);
	c->rule.limit.burst = (uint32_t)n;
	return true;
}

static bool opt_reject(struct ipt_command *c, const char *word)
{
	char name[40];
	const struct ipt_name *n = find_name(ipt_reject_names, word);
	if (!n) { /* names may come without "icmp-", and short */
		snprintf(name, sizeof(name), "icmp-%.30s", word);
		n = find_name(ipt_reject_names, name);
	}
	if (!n)
		return ipt_bad_quoted(c, "unknown reject type", word);
	c->rule.reject_with = n->value;
	return true;
}

static bool opt_log_prefix(struct ipt_command *c, const char *word)
{
	if (strlen(word) >= sizeof(c->rule.log_prefix))
		return ipt_bad(c, "LOG: Prefix is too long, at most 29 characters:", word);
	strcpy(c->rule.log_prefix, word);
	return true;
}

static bool opt_log_level(struct ipt_command *c, const char *word)
{
	static const char *const levels[] = { "emerg",	 "alert",  "crit", "error",
					      "warning", "notice", "info", "debug" };
	long n;
	for (n = 0; n < 8; n++)
		if (strcmp(levels[n], word) == 0)
			break;
	if (n == 8 && !sh_number(word, 0, 7, &n))
		return ipt_bad(c, "log-level unknown:", word);
	c->rule.log_level = (uint8_t)n;
	return true;
}

static bool opt_log_tcp_sequence(struct ipt_command *c, const char *word)
{
	(void)word;
	c->rule.log_flags |= NF_LOG_TCPSEQ;
	return true;
}

static bool opt_log_tcp_options(struct ipt_command *c, const char *word)
{
	(void)word;
	c->rule.log_flags |= NF_LOG_TCPOPT;
	return true;
}

static bool opt_log_ip_options(struct ipt_command *c, const char *word)
{
	(void)word;
	c->rule.log_flags |= NF_LOG_IPOPT;
	return true;
}

static bool opt_to(struct ipt_command *c, const char *word)
{
	return parse_range(c, word, &c->rule.range);
}

static bool opt_to_ports(struct ipt_command *c, const char *word)
{
	uint16_t ports[2];
	if (!parse_ports(c, word, '-', ports))
		return false;
	c->rule.range.flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
	c->rule.range.min_proto = ports[0];
	c->rule.range.max_proto = ports[1];
	return true;
}

static bool opt_numeric(struct ipt_command *c, const char *word)
{
	(void)word;
	c->list.numeric = true;
	return true;
}

static bool opt_verbose(struct ipt_command *c, const char *word)
{
	(void)word;
	c->list.verbose = true;
	return true;
}

static bool opt_exact(struct ipt_command *c, const char *word)
{
	(void)word;
	c->list.exact = true;
	return true;
}

static bool opt_line_numbers(struct ipt_command *c, const char *word)
{
	(void)word;
	c->list.line_numbers = true;
	return true;
}

static bool opt_table(struct ipt_command *c, const char *word)
{
	c->table = word;
	return true;
}

/* What must be so for an option to be known. */
enum option_needs {
	ANYWAY,
	NEEDS_PORTS,
	NEEDS_TCP,
	NEEDS_ICMP,
	NEEDS_STATE,
	NEEDS_CONNTRACK,
	NEEDS_LIMIT,
	NEEDS_TARGET
};

static const struct ipt_option {
	const char *name, *letter;
	bool argument, may_invert;
	bool (*set)(struct ipt_command *c, const char *word);
	enum option_needs needs;
	const char *target;
} options[] = {
	{ "--table", "-t", true, false, opt_table, ANYWAY, NULL },
	{ "--protocol", "-p", true, true, opt_proto, ANYWAY, NULL },
	{ "--proto", NULL, true, true, opt_proto, ANYWAY, NULL },
	{ "--source", "-s", true, true, opt_source, ANYWAY, NULL },
	{ "--src", NULL, true, true, opt_source, ANYWAY, NULL },
	{ "--destination", "-d", true, true, opt_destination, ANYWAY, NULL },
	{ "--dst", NULL, true, true, opt_destination, ANYWAY, NULL },
	{ "--in-interface", "-i", true, true, opt_in, ANYWAY, NULL },
	{ "--out-interface", "-o", true, true, opt_out, ANYWAY, NULL },
	{ "--fragment", "-f", false, true, opt_fragment, ANYWAY, NULL },
	{ "--match", "-m", true, false, opt_match, ANYWAY, NULL },
	{ "--jump", "-j", true, false, opt_jump, ANYWAY, NULL },
	{ "--goto", "-g", true, false, opt_goto, ANYWAY, NULL },
	{ "--numeric", "-n", false, false, opt_numeric, ANYWAY, NULL },
	{ "--verbose", "-v", false, false, opt_verbose, ANYWAY, NULL },
	{ "--exact", "-x", false, false, opt_exact, ANYWAY, NULL },
	{ "--line-numbers", NULL, false, false, opt_line_numbers, ANYWAY, NULL },
	{ "--source-port", "--sport", true, true, opt_sport, NEEDS_PORTS, NULL },
	{ "--destination-port", "--dport", true, true, opt_dport, NEEDS_PORTS, NULL },
	{ "--syn", NULL, false, true, opt_syn, NEEDS_TCP, NULL },
	{ "--tcp-flags", NULL, true, true, opt_flags, NEEDS_TCP, NULL },
	{ "--icmp-type", NULL, true, true, opt_icmp, NEEDS_ICMP, NULL },
	{ "--state", NULL, true, true, opt_state, NEEDS_STATE, NULL },
	{ "--ctstate", NULL, true, true, opt_ctstate, NEEDS_CONNTRACK, NULL },
	{ "--limit", NULL, true, false, opt_limit, NEEDS_LIMIT, NULL },
	{ "--limit-burst", NULL, true, false, opt_burst, NEEDS_LIMIT, NULL },
	{ "--reject-with", NULL, true, false, opt_reject, NEEDS_TARGET, "REJECT" },
	{ "--log-prefix", NULL, true, false, opt_log_prefix, NEEDS_TARGET, "LOG" },
	{ "--log-level", NULL, true, false, opt_log_level, NEEDS_TARGET, "LOG" },
	{ "--log-tcp-sequence", NULL, false, false, opt_log_tcp_sequence, NEEDS_TARGET, "LOG" },
	{ "--log-tcp-options", NULL, false, false, opt_log_tcp_options, NEEDS_TARGET, "LOG" },
	{ "--log-ip-options", NULL, false, false, opt_log_ip_options, NEEDS_TARGET, "LOG" },
	{ "--to-source", "--to", true, false, opt_to, NEEDS_TARGET, "SNAT" },
	{ "--to-destination", "--to", true, false, opt_to, NEEDS_TARGET, "DNAT" },
	{ "--to-ports", "--to-port", true, false, opt_to_ports, NEEDS_TARGET, "REDIRECT" },
	{ "--to-ports", "--to-port", true, false, opt_to_ports, NEEDS_TARGET, "MASQUERADE" },
};

static bool option_known(const struct ipt_command *c, const struct ipt_option *o)
{
	bool tcp = c->with_tcp || c->rule.ip.proto == IPPROTO_TCP,
	     udp = c->with_udp || c->rule.ip.proto == IPPROTO_UDP;
	switch (o->needs) {
	case NEEDS_PORTS:
		return tcp || udp;
	case NEEDS_TCP:
		return tcp;
	case NEEDS_ICMP:
		return c->with_icmp || c->rule.ip.proto == IPPROTO_ICMP;
	case NEEDS_STATE:
		return c->with_state;
	case NEEDS_CONNTRACK:
		return c->with_conntrack;
	case NEEDS_LIMIT:
		return c->with_limit;
	case NEEDS_TARGET:
		return c->target && strcmp(c->target, o->target) == 0;
	default:
		return true;
	}
}

static const struct ipt_option *find_option(const struct ipt_command *c, const char *word)
{
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct ipt_option *o = &options[i];
		if ((strcmp(o->name, word) == 0 || (o->letter && strcmp(o->letter, word) == 0)) &&
		    option_known(c, o))
			return o;
	}
	return NULL;
}

bool ipt_option_word(struct ipt_command *c, const char *word)
{
	struct sh *sh = c->sh;
	const struct ipt_option *o = find_option(c, word);
	if (!o) {
		c->status =
			sh_fail(sh, 2, "iptables v1.8.9 (legacy): unknown option \"%s\"\n" IPT_HINT, word);
		return false;
	}
	if (c->invert && !o->may_invert)
		return ipt_bad(c, "unexpected ! flag before", word);
	if (o->argument && sh->at == sh->n) {
		c->status = sh_fail(sh, 2,
				    "iptables v1.8.9 (legacy): option \"%s\" requires an argument\n" IPT_HINT,
				    word);
		return false;
	}
	bool ok = o->set(c, o->argument ? sh->words[sh->at++] : NULL);
	c->invert = false;
	return ok;
}
