/*
 * ip route:
 *
 *	ip [-d] route [show [PREFIX] [dev DEV] [table local|main|all|N]]
 *	ip route get ADDR [from ADDR] [oif DEV]
 *	ip route flush cache
 *	ip route add|replace|del [TYPE] PREFIX|default [via GW] [dev DEV] [src ADDR] [metric N] [table T]
 *[scope S] [mtu [lock] N] [advmss N] [window N] [initcwnd N] [initrwnd N] [onlink]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lua/sh_ip.h"
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"
#include "stack/internet/route.h"

static const struct {
	const char *name;
	uint8_t type;
} route_types[] = {
	{ "unicast", RTN_UNICAST },	    { "local", RTN_LOCAL },	  { "broadcast", RTN_BROADCAST },
	{ "blackhole", RTN_BLACKHOLE },	    { "prohibit", RTN_PROHIBIT }, { "throw", RTN_THROW },
	{ "unreachable", RTN_UNREACHABLE },
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
	bool has_prefix;
	uint32_t dst;
	int plen;
};

static void say_metrics(struct sh *sh, const u32 *m)
{
	static const struct {
		const char *name;
		int metric;
	} names[] = {
		{ "mtu", RTAX_MTU },	       { "window", RTAX_WINDOW },     { "advmss", RTAX_ADVMSS },
		{ "initcwnd", RTAX_INITCWND }, { "initrwnd", RTAX_INITRWND },
	};
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (m[names[i].metric - 1])
			sh_say(sh, "%s %s%u ", names[i].name,
			       m[RTAX_LOCK - 1] & 1u << names[i].metric ? "lock " : "",
			       m[names[i].metric - 1]);
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
	if (fa->tb_id != sel->table ||
	    (sel->dev && (!nh->fib_nh_dev || strcmp(nh->fib_nh_dev->name, sel->dev) != 0)) ||
	    (sel->has_prefix && (fa->fa_dst != sel->dst || fa->fa_plen != sel->plen)))
		return;
	if (fa->fa_type != RTN_UNICAST || details)
		sh_say(sh, "%s ", type_name(fa->fa_type));
	say_prefix(sh, fa->fa_dst, fa->fa_plen);
	if (nh->fib_nh_gw4)
		sh_say(sh, "via %s ", sh_ip(nh->fib_nh_gw4).s);
	if (nh->fib_nh_dev && !sel->dev)
		sh_say(sh, "dev %s ", nh->fib_nh_dev->name);
	if (fa->tb_id == RT_TABLE_LOCAL && sel->all)
		sh_say(sh, "table local ");
	if (fi->fib_protocol != RTPROT_BOOT || details)
		sh_say(sh, "proto %s ", protocol_name(fi->fib_protocol));
	if (fi->fib_scope != RT_SCOPE_UNIVERSE || details)
		sh_say(sh, "scope %s ", ip_scope_name(fi->fib_scope));
	if (fi->fib_prefsrc)
		sh_say(sh, "src %s ", sh_ip(fi->fib_prefsrc).s);
	if (fi->fib_priority)
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

static int route_show(struct ip *ip, int i)
{
	struct route_selection sel = { .ip = ip, .table = RT_TABLE_MAIN };
	struct sh *sh = ip->sh;
	for (; i < ip->argc; i++) {
		const char *word = ip->argv[i], *value;
		bool dev = strcmp(word, "dev") == 0, table = strcmp(word, "table") == 0;
		if (dev || table) {
			if (!(value = ip_next(ip, &i)))
				return ip_incomplete(ip);
			if (dev)
				sel.dev = value;
			else if (strcmp(value, "all") == 0)
				sel.table = 0;
			else if (!table_number(value, &sel.table))
				return sh_fail(
					sh, 255,
					"Error: argument \"%s\" is wrong: table id value is invalid\n\n",
					value);
			continue;
		}
		if (!sh_prefix(word, &sel.dst, &sel.plen))
			return sh_fail(sh, 1, "Error: any valid prefix is expected rather than \"%s\".\n",
				       word);
		sel.has_prefix = true;
	}
	if (sel.dev && !ip_find_dev(ip, sel.dev))
		return 1;
	/* the main table first, as the real list of all has it */
	const u32 tables[] = { RT_TABLE_MAIN, RT_TABLE_LOCAL };
	sel.all = !sel.table;
	for (unsigned t = 0; t < (sel.all ? 2 : 1); t++) {
		if (sel.all)
			sel.table = tables[t];
		struct fib_table *tb = fib_get_table(sh->host->net, sel.table);
		if (tb)
			fib_table_walk(tb, route_print, &sel);
	}
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
	if (rt->rt_pmtu && rt->dst.expires && left > 0)
		sh_say(sh, "mtu %u ", rt->rt_pmtu);
	else if (dst_metric_raw(&rt->dst, RTAX_MTU))
		sh_say(sh, "mtu %u ", dst_metric_raw(&rt->dst, RTAX_MTU));
	sh_say(sh, "\n");
}

static int route_get(struct ip *ip)
{
	struct sh *sh = ip->sh;
	struct flowi4 fl4 = { .flowi4_oif = 0 };
	const char *value;
	uint32_t from = 0;
	int plen;
	if (ip->argc < 2)
		return sh_fail(sh, 255, "need at least a destination address\n");
	if (!sh_prefix(ip->argv[1], &fl4.daddr, &plen))
		return sh_fail(sh, 1, "Error: any valid prefix is expected rather than \"%s\".\n",
			       ip->argv[1]);
	for (int i = 2; i < ip->argc; i++) {
		const char *word = ip->argv[i];
		bool src = strcmp(word, "from") == 0,
		     oif = strcmp(word, "oif") == 0 || strcmp(word, "dev") == 0;
		if (!src && !oif)
			return sh_fail(sh, 255,
				       "Error: either \"to\" is duplicate, or \"%s\" is a garbage.\n", word);
		if (!(value = ip_next(ip, &i)))
			return ip_incomplete(ip);
		if (src && !sh_prefix(value, &from, &plen))
			return sh_fail(sh, 1, "Error: any valid prefix is expected rather than \"%s\".\n",
				       value);
		if (oif) {
			struct net_device *dev = ip_find_dev(ip, value);
			if (!dev)
				return 1;
			fl4.flowi4_oif = dev->ifindex;
		}
	}
	uint32_t dst = fl4.daddr;
	fl4.saddr = from;
	struct rtable *rt = ip_route_output_key(sh->host->net, &fl4);
	if (IS_ERR(rt))
		return ip_answer(ip, (int)PTR_ERR(rt));
	if (rt->rt_type != RTN_UNICAST)
		sh_say(sh, "%s ", type_name((uint8_t)rt->rt_type));
	sh_say(sh, "%s ", sh_ip(dst).s);
	if (from)
		sh_say(sh, "from %s ", sh_ip(from).s);
	if (rt->rt_gw_family == AF_INET && rt->rt_uses_gateway)
		sh_say(sh, "via %s ", sh_ip(rt->rt_gw4).s);
	sh_say(sh, "dev %s ", rt->dst.dev->name);
	if (!from)
		sh_say(sh, "src %s ", sh_ip(fl4.saddr).s);
	sh_say(sh, "uid 0 %s", ip_nl(ip));
	say_cache(sh, rt);
	ip_rt_put(rt);
	return 0;
}

/* ---- add, replace, del ---- */

/* A keyword with a number: where it goes in the specification, or NULL. */
static u32 *number_field(struct ip_route_spec *spec, const char *word)
{
	return strcmp(word, "metric") == 0 || strcmp(word, "preference") == 0 || strcmp(word, "priority") == 0
		       ? &spec->metric
	       : strcmp(word, "mtu") == 0      ? &spec->mtu
	       : strcmp(word, "advmss") == 0   ? &spec->advmss
	       : strcmp(word, "window") == 0   ? &spec->window
	       : strcmp(word, "initcwnd") == 0 ? &spec->initcwnd
	       : strcmp(word, "initrwnd") == 0 ? &spec->initrwnd
					       : NULL;
}

static int bad_address(struct ip *ip, const char *word)
{
	return sh_fail(ip->sh, 1, "Error: any valid address is expected rather than \"%s\".\n", word);
}

/* One word (with its value) of a route at argv[*i]. 0, or the status of a mistake. */
static int route_word(struct ip *ip, int *i, struct ip_route_spec *spec)
{
	const char *word = ip->argv[*i];
	u32 *number = number_field(spec, word);
	if (strcmp(word, "onlink") == 0) {
		spec->onlink = true;
		return 0;
	}
	const char *value = ip_next(ip, i);
	if (!value)
		return ip_incomplete(ip);
	if (number) {
		long n;
		if (number == &spec->mtu && strcmp(value, "lock") == 0) {
			spec->mtu_locked = true;
			value = ip_next(ip, i);
			if (!value)
				return ip_incomplete(ip);
		}
		if (!sh_number(value, 0, UINT32_MAX, &n))
			return sh_fail(ip->sh, 255,
				       "Error: argument \"%s\" is wrong: \"%s\" value is invalid\n\n", value,
				       word);
		*number = (u32)n;
	} else if (strcmp(word, "via") == 0) {
		if (inet_pton(AF_INET, value, &spec->gw) != 1)
			return bad_address(ip, value);
	} else if (strcmp(word, "src") == 0) {
		if (inet_pton(AF_INET, value, &spec->src) != 1)
			return bad_address(ip, value);
	} else if (strcmp(word, "dev") == 0) {
		spec->dev = value;
	} else if (strcmp(word, "table") == 0) {
		if (!table_number(value, &spec->table))
			return sh_fail(ip->sh, 255,
				       "Error: argument \"%s\" is wrong: \"table\" value is invalid\n\n",
				       value);
	} else if (strcmp(word, "scope") == 0) {
		static const uint8_t scopes[] = { RT_SCOPE_UNIVERSE, RT_SCOPE_SITE, RT_SCOPE_LINK,
						  RT_SCOPE_HOST };
		for (unsigned k = 0; k < sizeof(scopes) && !spec->has_scope; k++)
			if (strcmp(value, ip_scope_name(scopes[k])) == 0) {
				spec->has_scope = true;
				spec->scope = scopes[k];
			}
		if (!spec->has_scope)
			return sh_fail(ip->sh, 255,
				       "Error: argument \"%s\" is wrong: invalid \"scope\" value\n\n", value);
	} else {
		return sh_fail(ip->sh, 255, "Error: either \"to\" is duplicate, or \"%s\" is a garbage.\n",
			       word);
	}
	return 0;
}

static int route_change(struct ip *ip, bool del, bool replace)
{
	struct ip_route_spec spec = { .replace = replace };
	int i = 1, bad, err;
	if (i < ip->argc && (spec.type = route_type(ip->argv[i])))
		i++;
	if (i < ip->argc && strcmp(ip->argv[i], "to") == 0)
		i++;
	if (i == ip->argc)
		return ip_incomplete(ip);
	if (!sh_prefix(ip->argv[i], &spec.dst, &spec.plen))
		return sh_fail(ip->sh, 1, "Error: any valid prefix is expected rather than \"%s\".\n",
			       ip->argv[i]);
	for (i++; i < ip->argc; i++)
		if ((bad = route_word(ip, &i, &spec)))
			return bad;
	if (spec.dev && !ip_find_dev(ip, spec.dev))
		return 1;
	err = del ? ip_route_del_spec(ip->sh->host, &spec) : ip_route_add_spec(ip->sh->host, &spec);
	if (err == -ENETUNREACH && spec.gw)
		return sh_fail(ip->sh, 2, "Error: Nexthop has invalid gateway.\n");
	return ip_answer(ip, err);
}

int ip_route(struct ip *ip)
{
	const char *what = ip->argc ? ip->argv[0] : "show";
	if (ip_matches(what, "add"))
		return route_change(ip, false, false);
	if (ip_matches(what, "replace") || strcmp(what, "change") == 0)
		return route_change(ip, false, true);
	if (ip_matches(what, "delete"))
		return route_change(ip, true, false);
	if (ip_matches(what, "show") || ip_matches(what, "list") || ip_matches(what, "lst"))
		return route_show(ip, 1);
	if (ip_matches(what, "get"))
		return route_get(ip);
	if (strcmp(what, "flush") == 0 && ip->argc == 2 && strcmp(ip->argv[1], "cache") == 0) {
		ip_route_flush_cache(ip->sh->host);
		return 0;
	}
	return ip_unknown(ip, "route", what);
}
