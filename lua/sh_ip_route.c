/*
 * ip route:
 *
 *	ip [-d] route [show [[root|match|exact] PREFIX] [dev DEV] [via GW] [proto P] [scope S] [type T]
 *		[src ADDR] [tos T] [metric N] [table local|main|all|N]]
 *	ip route flush, with the same words, or `flush cache`
 *	ip route get [to] ADDR [from ADDR] [oif DEV] [tos TOS] [mark N] [uid N] [ipproto P] [sport N]
 *		[dport N]
 *	ip route add|change|replace|append|prepend|test|del [TYPE] PREFIX|default [via GW] [dev DEV]
 *		[src ADDR] [metric N] [table T] [scope S] [proto P] [tos T] [onlink], and with or without
 *		`lock`: [mtu N]
 *		[advmss N] [window N] [rtt T] [rttvar T] [ssthresh N] [cwnd N] [reordering N] [hoplimit N]
 *		[initcwnd N] [initrwnd N] [features ecn] [rto_min T] [quickack N] [congctl NAME]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lua/sh_ip.h"
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"
#include "stack/internet/internet.h"
#include "stack/internet/route.h"
#include "stack/transport/tcp_cong.h"

static const struct {
	const char *name;
	uint8_t type;
} route_types[] = {
	{ "unicast", RTN_UNICAST },	    { "local", RTN_LOCAL },	    { "broadcast", RTN_BROADCAST },
	{ "blackhole", RTN_BLACKHOLE },	    { "prohibit", RTN_PROHIBIT },   { "throw", RTN_THROW },
	{ "unreachable", RTN_UNREACHABLE }, { "multicast", RTN_MULTICAST }, { "anycast", RTN_ANYCAST },
};

/* The type of a route that a word names, or 0. */
static uint8_t route_type(const char *word)
{
	for (unsigned i = 0; i < sizeof(route_types) / sizeof(route_types[0]); i++)
		if (strcmp(word, route_types[i].name) == 0)
			return route_types[i].type;
	return 0;
}

static const char *type_name(uint8_t type)
{
	for (unsigned i = 0; i < sizeof(route_types) / sizeof(route_types[0]); i++)
		if (route_types[i].type == type)
			return route_types[i].name;
	return "none";
}

const char *ip_scope_name(uint8_t scope)
{
	return scope == RT_SCOPE_HOST	   ? "host"
	       : scope == RT_SCOPE_LINK	   ? "link"
	       : scope == RT_SCOPE_SITE	   ? "site"
	       : scope == RT_SCOPE_NOWHERE ? "nowhere"
					   : "global";
}

bool ip_scope_value(const char *word, uint8_t *scope)
{
	static const uint8_t scopes[] = { RT_SCOPE_UNIVERSE, RT_SCOPE_SITE, RT_SCOPE_LINK, RT_SCOPE_HOST };
	long n;
	for (unsigned k = 0; k < sizeof(scopes); k++)
		if (strcmp(word, ip_scope_name(scopes[k])) == 0) {
			*scope = scopes[k];
			return true;
		}
	if (!sh_number(word, 0, 255, &n))
		return false;
	*scope = (uint8_t)n;
	return true;
}

static bool protocol_value(const char *word, uint8_t *protocol)
{
	static const struct {
		const char *name;
		uint8_t value;
	} names[] = { { "kernel", RTPROT_KERNEL },
		      { "boot", RTPROT_BOOT },
		      { "static", RTPROT_STATIC },
		      { "redirect", RTPROT_REDIRECT } };
	long n;
	for (unsigned k = 0; k < 4; k++)
		if (strcmp(word, names[k].name) == 0) {
			*protocol = names[k].value;
			return true;
		}
	if (!sh_number(word, 0, 255, &n))
		return false;
	*protocol = (uint8_t)n;
	return true;
}

static const char *protocol_name(uint8_t protocol)
{
	return protocol == RTPROT_KERNEL     ? "kernel"
	       : protocol == RTPROT_BOOT     ? "boot"
	       : protocol == RTPROT_STATIC   ? "static"
	       : protocol == RTPROT_REDIRECT ? "redirect"
					     : "unspec";
}

static bool table_number(const char *word, u32 *table)
{
	long n;
	*table = strcmp(word, "main") == 0	     ? RT_TABLE_MAIN
		 : strcmp(word, "local") == 0	     ? RT_TABLE_LOCAL
		 : strcmp(word, "default") == 0	     ? RT_TABLE_DEFAULT
		 : sh_number(word, 1, INT32_MAX, &n) ? (u32)n
						     : 0;
	return *table != 0;
}

/* ---- show ---- */

struct route_selection {
	struct ip *ip;
	u32 table;
	bool all; /* tables */
	const char *dev;
	enum { ANY, EXACT, ROOT, MATCH } how; /* the prefix: this one, those in it, those that it is in */
	uint32_t dst, via, src;
	int plen;
	bool has_protocol, has_scope, has_tos, has_metric, none; /* none: what there is none of */
	uint8_t protocol, scope, type, tos;
	u32 metric;
	struct ip_route_spec *found; /* flush: where to put the first */
};

static bool route_selected(const struct route_selection *sel, const struct fib_alias *fa)
{
	const struct fib_info *fi = fa->fa_info;
	const struct fib_nh *nh = &fi->fib_nh[0];
	int plen = sel->how == MATCH ? fa->fa_plen : sel->plen;
	return fa->tb_id == sel->table && !sel->none && (!sel->has_tos || fa->fa_tos == sel->tos) &&
	       (!sel->has_metric || fi->fib_priority == sel->metric) &&
	       (!sel->dev || (nh->fib_nh_dev && strcmp(nh->fib_nh_dev->name, sel->dev) == 0)) &&
	       (sel->how != EXACT || fa->fa_plen == sel->plen) &&
	       (sel->how != ROOT || fa->fa_plen >= sel->plen) &&
	       (sel->how != MATCH || fa->fa_plen <= sel->plen) &&
	       (sel->how == ANY || !((fa->fa_dst ^ sel->dst) & inet_make_mask(plen))) &&
	       (!sel->via || nh->fib_nh_gw4 == sel->via) && (!sel->src || fi->fib_prefsrc == sel->src) &&
	       (!sel->has_protocol || fi->fib_protocol == sel->protocol) &&
	       (!sel->has_scope || fi->fib_scope == sel->scope) && (!sel->type || fa->fa_type == sel->type);
}

static const char *const metric_names[RTAX_MAX + 1] = {
	[RTAX_MTU] = "mtu",	      [RTAX_WINDOW] = "window",		[RTAX_RTT] = "rtt",
	[RTAX_RTTVAR] = "rttvar",     [RTAX_SSTHRESH] = "ssthresh",	[RTAX_CWND] = "cwnd",
	[RTAX_ADVMSS] = "advmss",     [RTAX_REORDERING] = "reordering", [RTAX_HOPLIMIT] = "hoplimit",
	[RTAX_INITCWND] = "initcwnd", [RTAX_FEATURES] = "features",	[RTAX_RTO_MIN] = "rto_min",
	[RTAX_INITRWND] = "initrwnd", [RTAX_QUICKACK] = "quickack",
};

/* The metric of a name, or 0. */
static int metric_of(const char *word)
{
	int m = RTAX_MAX;
	while (m && (!metric_names[m] || strcmp(metric_names[m], word) != 0))
		m--;
	return m;
}

static void say_metrics(struct sh *sh, const u32 *mx)
{
	for (int m = RTAX_MTU; m <= RTAX_MAX; m++) {
		u32 v = mx[m - 1];
		if (v && m == RTAX_CC_ALGO)
			sh_say(sh, "congctl %s%s ", mx[RTAX_LOCK - 1] & 1u << m ? "lock " : "",
			       tcp_ca_get_name_by_key(v));
		if (m == RTAX_FEATURES)
			v &= RTAX_FEATURE_ECN;
		if (!v || !metric_names[m])
			continue;
		sh_say(sh, "%s %s", metric_names[m], mx[RTAX_LOCK - 1] & 1u << m ? "lock " : "");
		if (m == RTAX_FEATURES)
			sh_say(sh, "ecn ");
		else if (m == RTAX_RTT || m == RTAX_RTTVAR || m == RTAX_RTO_MIN) /* in 1/8 ms, 1/4 ms, ms */
			sh_say(sh, "%ums ", v / (m == RTAX_RTT ? 8 : m == RTAX_RTTVAR ? 4 : 1));
		else
			sh_say(sh, "%u ", v);
	}
}

static void say_prefix(struct sh *sh, uint32_t dst, int plen)
{
	if (plen == 0)
		sh_say(sh, "default ");
	else if (plen == 32)
		sh_say(sh, "%s ", sh_ip(dst).s);
	else
		sh_say(sh, "%s/%d ", sh_ip(dst).s, plen);
}

static void route_print(struct fib_alias *fa, void *cookie)
{
	const struct route_selection *sel = cookie;
	const struct fib_info *fi = fa->fa_info;
	const struct fib_nh *nh = &fi->fib_nh[0];
	struct sh *sh = sel->ip->sh;
	bool details = sel->ip->details;
	if (!route_selected(sel, fa))
		return;
	if (fa->fa_type != RTN_UNICAST || details)
		sh_say(sh, "%s ", type_name(fa->fa_type));
	say_prefix(sh, fa->fa_dst, fa->fa_plen);
	if (fa->fa_tos && !sel->has_tos)
		sh_say(sh, "tos 0x%02x ", fa->fa_tos);
	if (nh->fib_nh_gw4 && !sel->via)
		sh_say(sh, "via %s ", sh_ip(nh->fib_nh_gw4).s);
	if (nh->fib_nh_dev && !sel->dev)
		sh_say(sh, "dev %s ", nh->fib_nh_dev->name);
	if (sel->all && fa->tb_id == RT_TABLE_LOCAL)
		sh_say(sh, "table local ");
	else if (sel->all && fa->tb_id != RT_TABLE_MAIN)
		sh_say(sh, "table %u ", fa->tb_id);
	if ((fi->fib_protocol != RTPROT_BOOT || details) && !sel->has_protocol)
		sh_say(sh, "proto %s ", protocol_name(fi->fib_protocol));
	if ((fi->fib_scope != RT_SCOPE_UNIVERSE || details) && !sel->has_scope)
		sh_say(sh, "scope %s ", ip_scope_name(fi->fib_scope));
	if (fi->fib_prefsrc && !sel->src)
		sh_say(sh, "src %s ", sh_ip(fi->fib_prefsrc).s);
	if (fi->fib_priority && !sel->has_metric)
		sh_say(sh, "metric %u ", fi->fib_priority);
	if (nh->fib_nh_flags & RTNH_F_DEAD)
		sh_say(sh, "dead ");
	if (nh->fib_nh_flags & RTNH_F_ONLINK)
		sh_say(sh, "onlink ");
	if (nh->fib_nh_flags & RTNH_F_LINKDOWN)
		sh_say(sh, "linkdown ");
	if (fi->fib_metrics)
		say_metrics(sh, fi->fib_metrics->metrics);
	sh_say(sh, "\n");
}

static bool tos_value(const char *word, uint8_t *tos)
{
	char *end;
	unsigned long n = strtoul(word, &end, 16);
	*tos = (uint8_t)n;
	return end != word && !*end && n < 256;
}

/* A keyword with its value. 0, or the status of a mistake. */
static int selection_value(struct route_selection *sel, const char *word, const char *value)
{
	struct ip *ip = sel->ip;
	long n;
	if (strcmp(word, "dev") == 0 || strcmp(word, "oif") == 0)
		sel->dev = value;
	else if (strcmp(word, "from") == 0 || strcmp(word, "iif") == 0)
		sel->none = strcmp(value, "default") != 0 && strcmp(value, "any") != 0;
	else if (strcmp(word, "table") == 0 && strcmp(value, "cache") == 0)
		sel->none = true;
	else if (strcmp(word, "tos") == 0 || strcmp(word, "dsfield") == 0)
		return (sel->has_tos = tos_value(value, &sel->tos))
			       ? 0
			       : ip_bad_value(ip, value, "TOS value is invalid");
	else if (strcmp(word, "metric") == 0 || strcmp(word, "preference") == 0) {
		if (!(sel->has_metric = sh_number(value, 0, UINT32_MAX, &n)))
			return ip_bad_value(ip, value, "\"metric\" value is invalid");
		sel->metric = (u32)n;
	} else if (strcmp(word, "table") == 0 && strcmp(value, "all") == 0)
		sel->table = 0;
	else if (strcmp(word, "table") == 0 && !table_number(value, &sel->table))
		return ip_bad_value(ip, value, "table id value is invalid");
	else if (strcmp(word, "via") == 0 && inet_pton(AF_INET, value, &sel->via) != 1)
		return ip_bad_prefix(ip, value);
	else if (strcmp(word, "src") == 0 && inet_pton(AF_INET, value, &sel->src) != 1)
		return ip_bad_prefix(ip, value);
	else if (word[0] == 'p' && strcmp(value, "all") != 0 &&
		 !(sel->has_protocol = protocol_value(value, &sel->protocol)))
		return ip_bad_value(ip, value, "invalid \"protocol\"");
	else if (strcmp(word, "scope") == 0 && !(sel->has_scope = ip_scope_value(value, &sel->scope)))
		return ip_bad_value(ip, value, "invalid \"scope\"");
	else if (strcmp(word, "type") == 0 && !(sel->type = route_type(value)))
		return ip_bad_value(ip, value, "node type value is invalid");
	return 0;
}

static int select_routes(struct route_selection *sel, int i)
{
	static const char *const keys[] = { "dev",     "table",	 "via",	       "src",  "proto", "protocol",
					    "scope",   "type",	 "oif",	       "from", "iif",	"tos",
					    "dsfield", "metric", "preference", NULL };
	struct ip *ip = sel->ip;
	for (; i < ip->argc; i++) {
		const char *word = ip->argv[i], *value;
		int k = sh_find(keys, word), bad;
		if (keys[k]) {
			if (!(value = ip_next(ip, &i)))
				return ip_incomplete(ip);
			if ((bad = selection_value(sel, word, value)))
				return bad;
			continue;
		}
		if (strcmp(word, "cache") == 0 || strcmp(word, "cached") == 0) {
			sel->none = true; /* there is no cache of routes any more */
			continue;
		}
		sel->how = strcmp(word, "root") == 0 ? ROOT : strcmp(word, "match") == 0 ? MATCH : EXACT;
		bool said = sel->how != EXACT || strcmp(word, "exact") == 0 || strcmp(word, "to") == 0;
		if (said && !(word = ip_next(ip, &i)))
			return ip_incomplete(ip);
		if (!sh_prefix(word, &sel->dst, &sel->plen))
			return ip_bad_prefix(ip, word);
	}
	return sel->dev && !ip_find_dev(ip, sel->dev) ? 1 : 0;
}

static int route_show(struct ip *ip, int i)
{
	struct route_selection sel = { .ip = ip, .table = RT_TABLE_MAIN };
	int bad = select_routes(&sel, i);
	if (bad)
		return bad;
	sel.all = !sel.table;
	struct inet_state *inet = inet_state(ip->sh->host);
	if (!sel.all && !fib_get_table(ip->sh->host->net, sel.table))
		return sh_fail(ip->sh, 2, "Error: ipv4: FIB table does not exist.\nDump terminated\n");
	/* in the order of the kernel's hash table of tables: 100, main, local */
	for (u32 hash = 0; hash < 256; hash++)
		for (struct fib_table *tb = inet->fib_tables; tb; tb = tb->next)
			if ((tb->tb_id & 255) == hash && (sel.all || tb->tb_id == sel.table)) {
				sel.table = tb->tb_id;
				fib_table_walk(tb, route_print, &sel);
			}
	return 0;
}

/* ---- flush ---- */

static void route_find(struct fib_alias *fa, void *cookie)
{
	const struct route_selection *sel = cookie;
	const struct fib_nh *nh = &fa->fa_info->fib_nh[0];
	if (sel->found->plen >= 0 || !route_selected(sel, fa))
		return;
	*sel->found = (struct ip_route_spec){ .dst = fa->fa_dst,
					      .plen = fa->fa_plen,
					      .type = fa->fa_type,
					      .tos = fa->fa_tos,
					      .gw = nh->fib_nh_gw4,
					      .metric = fa->fa_info->fib_priority,
					      .table = sel->table,
					      .protocol = fa->fa_info->fib_protocol };
}

static int route_flush(struct ip *ip)
{
	struct route_selection sel = { .ip = ip, .table = RT_TABLE_MAIN };
	struct ip_route_spec spec;
	if (ip->argc < 2)
		return sh_fail(ip->sh, 1, "\"ip route flush\" requires arguments.\n");
	if (strcmp(ip->argv[1], "cache") == 0) {
		ip_route_flush_cache(ip->sh->host);
		return 0;
	}
	int bad = select_routes(&sel, 1);
	struct fib_table *tb = bad ? NULL : fib_get_table(ip->sh->host->net, sel.table);
	if (bad)
		return bad;
	if (!tb)
		return sh_fail(ip->sh, 2, "Error: ipv4: FIB table does not exist.\nFlush terminated\n");
	do { /* taking one away changes what is walked */
		spec.plen = -1;
		sel.found = &spec;
		fib_table_walk(tb, route_find, &sel);
	} while (spec.plen >= 0 && ip_route_del_spec(ip->sh->host, &spec) == 0);
	return 0;
}

/* ---- get ---- */

static void say_cache(struct sh *sh, const struct rtable *rt)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = { { RTCF_LOCAL, "local" },
		      { RTCF_MULTICAST, "mc" },
		      { RTCF_BROADCAST, "brd" },
		      { RTCF_REDIRECTED, "redirected" } };
	long left = (long)(rt->dst.expires - jiffies(sh->host));
	const char *before = "<";
	sh_say(sh, "    cache ");
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (rt->rt_flags & flags[i].flag) {
			sh_say(sh, "%s%s", before, flags[i].name);
			before = ",";
		}
	if (*before == ',')
		sh_say(sh, "> ");
	if (rt->dst.expires && left > 0)
		sh_say(sh, "expires %ldsec ", left / HZ);
	u32 mx[RTAX_MAX];
	for (int m = 1; m <= RTAX_MAX; m++)
		mx[m - 1] = dst_metric_raw(&rt->dst, m);
	if (rt->rt_pmtu && rt->dst.expires && left > 0)
		mx[RTAX_MTU - 1] = rt->rt_pmtu;
	say_metrics(sh, mx);
	sh_say(sh, "\n");
}

/* A keyword of `get` with its value. 0, or the status of a mistake. */
static int get_word(struct ip *ip, const char *word, const char *value, struct flowi4 *fl4)
{
	long n;
	int plen;
	if (strcmp(word, "from") == 0)
		return sh_prefix(value, &fl4->saddr, &plen) ? 0 : ip_bad_prefix(ip, value);
	if (strcmp(word, "tos") == 0 || strcmp(word, "dsfield") == 0) {
		return tos_value(value, &fl4->flowi4_tos) ? 0
							  : ip_bad_value(ip, value, "TOS value is invalid");
	}
	if (strcmp(word, "mark") == 0) {
		if (!sh_number(value, 0, UINT32_MAX, &n))
			return sh_fail(ip->sh, 255, "Error: argument \"%s\" is wrong: invalid mark value\n",
				       value);
		fl4->flowi4_mark = (u32)n;
		return 0;
	}
	if (strcmp(word, "ipproto") == 0) {
		static const char *const names[] = { "icmp", "tcp", "udp" };
		for (unsigned k = 0; k < 3; k++)
			if (strcmp(value, names[k]) == 0)
				return 0;
		return sh_number(value, 0, 255, &n) ? 0
						    : ip_bad_value(ip, value, "Invalid \"ipproto\" value");
	}
	if (strcmp(word, "uid") == 0)
		return sh_number(value, 0, UINT32_MAX, &n) ? 0 : ip_bad_value(ip, value, "invalid UID");
	if (strcmp(word, "sport") == 0 || strcmp(word, "dport") == 0)
		return sh_number(value, 0, 65535, &n)
			       ? 0
			       : ip_bad_value(ip, value, word[0] == 's' ? "invalid sport" : "invalid dport");
	struct net_device *dev = ip_find_dev(ip, value);
	if (dev)
		fl4->flowi4_oif = dev->ifindex;
	return !dev;
}

struct tos_search {
	const struct fib_info *fi;
	uint8_t tos;
	bool found;
};

static void tos_find(struct fib_alias *fa, void *cookie)
{
	struct tos_search *s = cookie;
	s->found |= fa->fa_info == s->fi && fa->fa_tos == s->tos;
}

static int route_get(struct ip *ip)
{
	static const char *const keys[] = { "from", "tos",     "dsfield", "mark",  "oif", "dev",
					    "uid",  "ipproto", "sport",	  "dport", NULL };
	struct sh *sh = ip->sh;
	struct flowi4 fl4 = { .flowi4_oif = 0 };
	const char *value;
	int plen, bad;
	bool said = false;
	for (int i = 1; i < ip->argc; i++) {
		const char *word = ip->argv[i];
		int k = sh_find(keys, word);
		if ((keys[k] || strcmp(word, "to") == 0) && !(value = ip_next(ip, &i)))
			return ip_incomplete(ip);
		if (keys[k]) {
			if ((bad = get_word(ip, word, value, &fl4)))
				return bad;
			continue;
		}
		word = ip->argv[i];
		if (!sh_prefix(word, &fl4.daddr, &plen))
			return said ? sh_fail(sh, 1, "Error: inet prefix is expected rather than \"%s\".\n",
					      word)
				    : ip_bad_prefix(ip, word);
		said = true;
		if (strchr(word, '/') && plen < 32)
			seq_printf(&sh->err,
				   "Warning: /%d as prefix is invalid, only /32 (or none) is supported.\n",
				   plen);
	}
	if (!said)
		return sh_fail(sh, 1, "need at least a destination address\n");
	uint32_t from = fl4.saddr;
	struct tos_search search = { .tos = fl4.flowi4_tos };
	struct flowi4 key = fl4;
	struct fib_result res = { .fi = NULL };
	if (search.tos && fib_lookup(sh->host->net, &key, &res, 0) == 0) {
		search.fi = res.fi;
		fib_table_walk(res.table, tos_find, &search);
	}
	uint32_t dst = fl4.daddr;
	struct rtable *rt = ip_route_output_key(sh->host->net, &fl4);
	if (IS_ERR(rt))
		return ip_answer(ip, (int)PTR_ERR(rt));
	if (rt->rt_type != RTN_UNICAST || ip->details)
		sh_say(sh, "%s ", type_name((uint8_t)rt->rt_type));
	sh_say(sh, "%s ", sh_ip(dst).s);
	if (from)
		sh_say(sh, "from %s ", sh_ip(from).s);
	if (search.found) /* as 6.0 and later: the route's own */
		sh_say(sh, "tos 0x%02x ", search.tos);
	if (rt->rt_gw_family == AF_INET && rt->rt_uses_gateway)
		sh_say(sh, "via %s ", sh_ip(rt->rt_gw4).s);
	sh_say(sh, "dev %s ", rt->dst.dev->name);
	if (ip->details)
		sh_say(sh, "table %s ", rt->rt_type == RTN_UNICAST ? "main" : "local");
	if (!from)
		sh_say(sh, "src %s ", sh_ip(fl4.saddr).s);
	if (fl4.flowi4_mark)
		sh_say(sh, "mark %u ", fl4.flowi4_mark);
	sh_say(sh, "uid 0 %s", ip_nl(ip));
	say_cache(sh, rt);
	ip_rt_put(rt);
	return 0;
}

/* ---- add, replace, del ---- */

/* "20ms", "0.2s", or a number as the kernel has it, which `scale` says in milliseconds. */
static bool time_value(const char *word, unsigned scale, u32 *value)
{
	size_t len = strcspn(word, "smh");
	char number[16];
	uint64_t ns;
	long n;
	if (!word[len])
		return sh_number(word, 0, UINT32_MAX, &n) && ((*value = (u32)n), true);
	snprintf(number, sizeof(number), "%.*s", (int)len, word);
	if (!sh_seconds(number, &ns))
		return false;
	bool s = strcmp(word + len, "s") == 0 || strcmp(word + len, "sec") == 0 ||
		 strcmp(word + len, "secs") == 0,
	     ms = strcmp(word + len, "ms") == 0 || strcmp(word + len, "msec") == 0 ||
		  strcmp(word + len, "msecs") == 0;
	*value = (u32)(ns * scale / (s ? NSEC_PER_MSEC : NSEC_PER_SEC));
	return s || ms;
}

/* A metric at argv[*i], its value behind it. 0, or the status of a mistake. */
static int route_metric(struct ip *ip, int *i, struct ip_route_spec *spec, int m)
{
	const char *value = ip_next(ip, i);
	long n = 0;
	u32 *mx = &spec->mx[m - 1];
	bool ok;
	if (value && m != RTAX_FEATURES && strcmp(value, "lock") == 0) {
		spec->mx[RTAX_LOCK - 1] |= 1u << m;
		value = ip_next(ip, i);
	}
	if (!value)
		return ip_incomplete(ip);
	if (m == RTAX_FEATURES) {
		ok = strcmp(value, "ecn") == 0;
		*mx |= RTAX_FEATURE_ECN;
	} else if (m == RTAX_RTT || m == RTAX_RTTVAR || m == RTAX_RTO_MIN) {
		ok = time_value(value, m == RTAX_RTT ? 8 : m == RTAX_RTTVAR ? 4 : 1, mx);
		spec->mx[RTAX_LOCK - 1] |= m == RTAX_RTO_MIN ? 1u << m : 0;
	} else {
		ok = sh_number(value, 0, UINT32_MAX, &n);
		*mx = (u32)n;
	}
	return ok ? 0
		  : sh_fail(ip->sh, 255, "Error: argument \"%s\" is wrong: \"%s\" value is invalid\n\n",
			    value, metric_names[m]);
}

static int bad_address(struct ip *ip, const char *word)
{
	return sh_fail(ip->sh, 1, "Error: inet address is expected rather than \"%s\".\n", word);
}

/* One word (with its value) of a route at argv[*i]. 0, or the status of a mistake. */
static int route_word(struct ip *ip, int *i, struct ip_route_spec *spec)
{
	static const char *const keys[] = { "via",	  "src",      "dev",	 "table",   "scope",
					    "proto",	  "protocol", "tos",	 "dsfield", "metric",
					    "preference", "priority", "congctl", NULL };
	const char *word = ip->argv[*i];
	int metric = metric_of(word);
	if (metric)
		return route_metric(ip, i, spec, metric);
	if (strcmp(word, "onlink") == 0) {
		spec->onlink = true;
		return 0;
	}
	if (!keys[sh_find(keys, word)])
		return ip_garbage(ip, "to", word);
	const char *value = ip_next(ip, i);
	if (!value)
		return ip_incomplete(ip);
	if (strcmp(word, "via") == 0) {
		if (spec->gw)
			return ip_bad_value(ip, word, "use nexthop syntax to specify multiple via");
		if (strcmp(value, "inet") == 0 && !(value = ip_next(ip, i)))
			return ip_incomplete(ip);
		if (inet_pton(AF_INET, value, &spec->gw) != 1)
			return bad_address(ip, value);
	} else if (strcmp(word, "src") == 0) {
		if (inet_pton(AF_INET, value, &spec->src) != 1)
			return bad_address(ip, value);
	} else if (strcmp(word, "dev") == 0) {
		spec->dev = value;
	} else if (strcmp(word, "table") == 0) {
		if (!table_number(value, &spec->table))
			return ip_bad_value(ip, value, "\"table\" value is invalid");
	} else if (strcmp(word, "scope") == 0) {
		if (!(spec->has_scope = ip_scope_value(value, &spec->scope)))
			return ip_bad_value(ip, value, "invalid \"scope\" value");
	} else if (strcmp(word, "proto") == 0 || strcmp(word, "protocol") == 0) {
		if (!protocol_value(value, &spec->protocol))
			return ip_bad_value(ip, value, "\"protocol\" value is invalid");
	} else if (strcmp(word, "congctl") == 0) {
		bool ecn;
		if (strcmp(value, "lock") == 0) {
			spec->mx[RTAX_LOCK - 1] |= 1u << RTAX_CC_ALGO;
			if (!(value = ip_next(ip, i)))
				return ip_incomplete(ip);
		}
		if (!(spec->mx[RTAX_CC_ALGO - 1] = tcp_ca_get_key_by_name(value, &ecn)))
			return sh_fail(ip->sh, 2, "Error: Unknown tcp congestion algorithm.\n");
		if (ecn)
			spec->mx[RTAX_FEATURES - 1] |= DST_FEATURE_ECN_CA;
	} else if (strcmp(word, "tos") == 0 || strcmp(word, "dsfield") == 0) {
		if (!tos_value(value, &spec->tos))
			return ip_bad_value(ip, value, "\"tos\" value is invalid");
	} else {
		long n;
		if (!sh_number(value, 0, UINT32_MAX, &n))
			return ip_bad_value(ip, value, "\"metric\" value is invalid");
		spec->metric = (u32)n;
	}
	return 0;
}

/* What the kernel says of a refusal beside the error number; NULL: nothing. */
static const char *complaint(struct ip *ip, const struct ip_route_spec *spec, int err, bool del)
{
	struct net *net = ip->sh->host->net;
	struct net_device *dev;
	if (spec->onlink && !spec->dev)
		return "Nexthop device required for onlink";
	if (err == -ENETUNREACH && spec->gw)
		return "Nexthop has invalid gateway";
	if (err == -EINVAL && spec->dst & ~inet_make_mask(spec->plen))
		return "Invalid prefix for given prefix length";
	if (err != -EINVAL || del)
		return NULL;
	if (!spec->src)
		return spec->gw ? "Nexthop has invalid gateway" : NULL;
	dev = ip_dev_find(net, spec->src);
	if (dev)
		dev_put(dev);
	return dev ? NULL : "Invalid prefsrc address";
}

static int route_help(struct ip *ip)
{
	return sh_fail(ip->sh, 255,
		       "Usage: ip route { list | flush } SELECTOR\n"
		       "       ip route get ADDRESS [ from ADDRESS ] [ oif DEV ] [ tos TOS ] [ mark N ] [ "
		       "uid N ]\n"
		       "       ip route { add | del | change | append | prepend | replace | test } ROUTE\n"
		       "SELECTOR := [ root | match | exact ] PREFIX, dev DEV, via ADDRESS, src ADDRESS, "
		       "proto P,\n"
		       "            scope S, type T, tos T, metric N, table T\n"
		       "ROUTE := [ TYPE ] PREFIX, via ADDRESS, dev DEV, src ADDRESS, metric N, table T, "
		       "proto P,\n"
		       "         scope S, tos T, onlink, mtu [ lock ] N, advmss N, window N, rtt T, rttvar "
		       "T,\n"
		       "         ssthresh N, cwnd N, reordering N, hoplimit N, initcwnd N, initrwnd N,\n"
		       "         features ecn, rto_min T, quickack N\n");
}

static int route_change(struct ip *ip, struct ip_route_spec *spec, bool del)
{
	int i = 1, bad, err;
	if (i < ip->argc && (spec->type = route_type(ip->argv[i])))
		i++;
	if (i < ip->argc && strcmp(ip->argv[i], "to") == 0)
		i++;
	if (ip->argc == 1)
		return route_help(ip);
	if (i == ip->argc)
		return ip_incomplete(ip);
	if (!sh_prefix(ip->argv[i], &spec->dst, &spec->plen))
		return ip_bad_prefix(ip, ip->argv[i]);
	for (i++; i < ip->argc; i++)
		if ((bad = route_word(ip, &i, spec)))
			return bad;
	if (spec->dev && !ip_find_dev(ip, spec->dev))
		return 1;
	if (!spec->table &&
	    (spec->type == RTN_LOCAL || spec->type == RTN_BROADCAST || spec->type == RTN_ANYCAST))
		spec->table = RT_TABLE_LOCAL;
	err = del ? ip_route_del_spec(ip->sh->host, spec) : ip_route_add_spec(ip->sh->host, spec);
	const char *why = err ? complaint(ip, spec, err, del) : NULL;
	return why ? sh_fail(ip->sh, 2, "Error: %s.\n", why) : ip_answer(ip, err);
}

int ip_route(struct ip *ip)
{
	const char *what = ip->argc ? ip->argv[0] : "show";
	struct ip_route_spec spec = { .prepend = ip_matches(what, "prepend"),
				      .test = ip_matches(what, "test"),
				      .append = ip_matches(what, "append") && strlen(what) > 1,
				      .change = ip_matches(what, "change") || strcmp(what, "chg") == 0,
				      .replace = ip_matches(what, "replace") };
	if (ip_matches(what, "add") || spec.append || spec.change || spec.replace || spec.prepend ||
	    spec.test)
		return route_change(ip, &spec, false);
	if (ip_matches(what, "delete"))
		return route_change(ip, &spec, true);
	if (ip_matches(what, "show") || ip_matches(what, "list") || ip_matches(what, "lst"))
		return route_show(ip, 1);
	if (ip_matches(what, "get"))
		return route_get(ip);
	if (ip_matches(what, "flush"))
		return route_flush(ip);
	if (ip_matches(what, "help"))
		return route_help(ip);
	return ip_unknown(ip, "route", what);
}
