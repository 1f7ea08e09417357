/*
 * host:sh(): the host's own commands. So far `ip` and `sysctl`:
 *
 *	ip link set [dev] DEV [up|down] [mtu N]
 *	ip link add link DEV name NAME type vlan id N [reorder_hdr on|off] [loose_binding on|off]
 *		[ingress-qos-map FROM:TO] [egress-qos-map FROM:TO]; ip link del NAME
 *	ip addr add|del ADDR/PREFIX dev DEV
 *	ip route add|replace|del [unicast|blackhole|unreachable|prohibit|throw] DST/PREFIX|default
 *		[via GW] [dev DEV] [metric N] [src ADDR] [mtu N] [advmss N] [window N] [initcwnd N] [onlink]
 *	ip neigh add|change|replace|del ADDR [lladdr MAC] dev DEV [nud STATE] [use]; ip neigh flush dev DEV
 *	ip neigh add|del proxy ADDR [dev DEV]
 *	sysctl -w NAME=VALUE...
 */
#include "lua/host_sh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/host_sysctl.h"
#include "stack/boot.h"
#include "stack/interface/vlan.h"
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"
#include "stack/internet/neighbour.h"

#define MAX_WORDS 24

struct sh {
	struct host *host;
	char *words[MAX_WORDS];
	int n;
	char *err;
	unsigned errlen;
};

static int say(struct sh *sh, const char *what, const char *word)
{
	snprintf(sh->err, sh->errlen, "%s '%s'", what, word ? word : "");
	return -EINVAL;
}

/* What the ip command says of the kernel's answer. */
static int answer(struct sh *sh, int err)
{
	if (err < 0)
		snprintf(sh->err, sh->errlen, "RTNETLINK answers: %s", strerrordesc_np(-err));
	return err;
}

/* "10.0.2.15/24", "default"; false when it is none. */
static bool parse_prefix(const char *s, uint32_t *addr, int *plen)
{
	char text[64], *slash, *end;
	if (!s || strlen(s) >= sizeof(text))
		return false;
	if (strcmp(s, "default") == 0) {
		*addr = 0;
		*plen = 0;
		return true;
	}
	memcpy(text, s, strlen(s) + 1);
	*plen = 32;
	slash = strchr(text, '/');
	if (slash) {
		*slash = '\0';
		*plen = (int)strtol(slash + 1, &end, 10);
		if (*end || end == slash + 1 || *plen < 0 || *plen > 32)
			return false;
	}
	return inet_pton(AF_INET, text, addr) == 1;
}

/* The word after `key`, or NULL. */
static const char *value_of(const struct sh *sh, int from, const char *key)
{
	for (int i = from; i + 1 < sh->n; i++)
		if (strcmp(sh->words[i], key) == 0)
			return sh->words[i + 1];
	return NULL;
}

/* A number after `key`; false: there is none. *bad when it is no number. */
static bool number_of(struct sh *sh, int from, const char *key, uint32_t *v, int *bad)
{
	const char *word = value_of(sh, from, key);
	char *end;
	if (!word)
		return false;
	*v = (uint32_t)strtoul(word, &end, 10);
	if (*end || end == word)
		*bad = say(sh, "a number expected, not", word);
	return true;
}

static bool has_word(const struct sh *sh, int from, const char *word)
{
	for (int i = from; i < sh->n; i++)
		if (strcmp(sh->words[i], word) == 0)
			return true;
	return false;
}

/* "FROM:TO" after `key`, if it is there. */
static int vlan_qos(struct sh *sh, const char *name, const char *key, bool egress)
{
	const char *map = value_of(sh, 3, key);
	unsigned from, to;
	if (!map)
		return 0;
	if (sscanf(map, "%u:%u", &from, &to) != 2)
		return say(sh, "FROM:TO expected, not", map);
	return answer(sh, host_vlan_qos(sh->host, name, egress, from, to));
}

static int ip_link_add(struct sh *sh)
{
	const char *real = value_of(sh, 3, "link"), *name = value_of(sh, 3, "name"),
		   *type = value_of(sh, 3, "type"), *reorder = value_of(sh, 3, "reorder_hdr"),
		   *loose = value_of(sh, 3, "loose_binding");
	unsigned flags = reorder && strcmp(reorder, "off") == 0 ? 0 : VLAN_FLAG_REORDER_HDR;
	uint32_t id;
	int bad = 0, err;
	if (!real || !name || !type || strcmp(type, "vlan") != 0 || !number_of(sh, 3, "id", &id, &bad))
		return say(sh, "use: ip link add link DEV name NAME type vlan id N, not", type);
	if (bad)
		return bad;
	if (loose && strcmp(loose, "on") == 0)
		flags |= VLAN_FLAG_LOOSE_BINDING;
	err = host_vlan_add(sh->host, real, name, (int)id, flags);
	if (err == -ENODEV)
		return say(sh, "Cannot find device", real);
	if (err)
		return answer(sh, err);
	err = vlan_qos(sh, name, "ingress-qos-map", false);
	return err ? err : vlan_qos(sh, name, "egress-qos-map", true);
}

static int ip_link_del(struct sh *sh)
{
	int err = host_link_del(sh->host, sh->words[sh->n - 1]);
	return err == -ENODEV ? say(sh, "Cannot find device", sh->words[sh->n - 1]) : answer(sh, err);
}

static int ip_link(struct sh *sh)
{
	if (sh->n > 3 && strcmp(sh->words[2], "add") == 0)
		return ip_link_add(sh);
	if (sh->n > 3 && (strcmp(sh->words[2], "del") == 0 || strcmp(sh->words[2], "delete") == 0))
		return ip_link_del(sh);
	int at = sh->n > 3 && strcmp(sh->words[3], "dev") == 0 ? 4 : 3, bad = 0, err = 0;
	uint32_t mtu;
	if (sh->n < at + 2 || strcmp(sh->words[2], "set") != 0)
		return say(sh, "use: ip link set DEV up|down|mtu N, not", sh->n > 2 ? sh->words[2] : "");
	const char *dev = sh->words[at];
	bool up = has_word(sh, at + 1, "up"), down = has_word(sh, at + 1, "down"),
	     has_mtu = number_of(sh, at + 1, "mtu", &mtu, &bad);
	if (bad)
		return bad;
	if (!up && !down && !has_mtu)
		return say(sh, "up, down or mtu expected, not", sh->words[at + 1]);
	if (has_mtu)
		err = host_link_mtu(sh->host, dev, (int)mtu);
	if (!err && (up || down))
		err = host_link_set(sh->host, dev, up);
	if (err == -ENODEV)
		return say(sh, "Cannot find device", dev);
	return answer(sh, err);
}

static int ip_addr(struct sh *sh)
{
	uint32_t addr;
	int plen;
	const char *dev = value_of(sh, 4, "dev");
	bool add = sh->n > 2 && strcmp(sh->words[2], "add") == 0;
	if (sh->n < 4 || (!add && strcmp(sh->words[2], "del") != 0))
		return say(sh, "use: ip addr add|del ADDR/PREFIX dev DEV, not",
			   sh->n > 2 ? sh->words[2] : "");
	if (!parse_prefix(sh->words[3], &addr, &plen))
		return say(sh, "an address expected, not", sh->words[3]);
	if (!dev)
		return say(sh, "\"dev\" argument is required.", "");
	return answer(sh,
		      add ? ip_addr_add(sh->host, dev, addr, plen) : ip_addr_del(sh->host, dev, addr, plen));
}

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

static int ip_route(struct sh *sh)
{
	struct ip_route_spec spec = { .type = 0 };
	int at = 3, bad = 0;
	const char *what = sh->n > 2 ? sh->words[2] : "";
	bool add = strcmp(what, "add") == 0, replace = strcmp(what, "replace") == 0;
	if (sh->n > at && (spec.type = route_type(sh->words[at])))
		at++;
	if (sh->n < at + 1 || (!add && !replace && strcmp(what, "del") != 0))
		return say(sh, "use: ip route add|del [TYPE] DST/PREFIX [via GW] [dev DEV] [metric N], not",
			   what);
	if (!parse_prefix(sh->words[at], &spec.dst, &spec.plen))
		return say(sh, "an address expected, not", sh->words[at]);
	at++;
	const char *via = value_of(sh, at, "via"), *src = value_of(sh, at, "src");
	if (via && inet_pton(AF_INET, via, &spec.gw) != 1)
		return say(sh, "an address expected, not", via);
	if (src && inet_pton(AF_INET, src, &spec.src) != 1)
		return say(sh, "an address expected, not", src);
	spec.dev = value_of(sh, at, "dev");
	spec.onlink = has_word(sh, at, "onlink");
	spec.replace = replace;
	number_of(sh, at, "metric", &spec.metric, &bad);
	number_of(sh, at, "mtu", &spec.mtu, &bad);
	number_of(sh, at, "advmss", &spec.advmss, &bad);
	number_of(sh, at, "window", &spec.window, &bad);
	number_of(sh, at, "initcwnd", &spec.initcwnd, &bad);
	if (bad)
		return bad;
	return answer(sh, add || replace ? ip_route_add_spec(sh->host, &spec)
					 : ip_route_del_spec(sh->host, &spec));
}

/* ---- ip neigh ---- */

static bool parse_mac(const char *s, uint8_t mac[6])
{
	unsigned m[6];
	int n = 0;
	if (sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%n", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &n) != 6 || s[n])
		return false;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)m[i];
	return true;
}

/* The state that a word names; false: none. */
static bool neigh_state(const char *word, uint8_t *state)
{
	static const struct {
		const char *name;
		uint8_t state;
	} states[] = {
		{ "permanent", NUD_PERMANENT }, { "reachable", NUD_REACHABLE },	  { "stale", NUD_STALE },
		{ "noarp", NUD_NOARP },		{ "probe", NUD_PROBE },		  { "delay", NUD_DELAY },
		{ "failed", NUD_FAILED },	{ "incomplete", NUD_INCOMPLETE }, { "none", NUD_NONE },
	};
	for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(word, states[i].name) == 0) {
			*state = states[i].state;
			return true;
		}
	}
	return false;
}

static int ip_neigh_proxy(struct sh *sh, bool add)
{
	uint32_t addr;
	const char *dev = value_of(sh, 5, "dev");
	if (sh->n < 5 || inet_pton(AF_INET, sh->words[4], &addr) != 1)
		return say(sh, "an address expected, not", sh->n > 4 ? sh->words[4] : "");
	return answer(sh, add ? ip_neigh_add_proxy(sh->host, dev, addr)
			      : ip_neigh_del_proxy(sh->host, dev, addr));
}

static int ip_neigh(struct sh *sh)
{
	const char *what = sh->n > 2 ? sh->words[2] : "", *dev = value_of(sh, 3, "dev"),
		   *ll = value_of(sh, 3, "lladdr"), *nud = value_of(sh, 3, "nud");
	bool add = strcmp(what, "add") == 0, change = strcmp(what, "change") == 0,
	     replace = strcmp(what, "replace") == 0, del = strcmp(what, "del") == 0;
	uint8_t mac[6];
	struct ip_neigh_spec spec = { .dev = dev,
				      .state = NUD_PERMANENT,
				      .flags = has_word(sh, 4, "use") ? NTF_USE : 0,
				      .create = !change,
				      .replace = !add };
	if (strcmp(what, "flush") == 0) {
		ip_neigh_flush(sh->host, dev);
		return 0;
	}
	if (sh->n < 4 || !(add || change || replace || del))
		return say(
			sh,
			"use: ip neigh add|change|replace|del [proxy] ADDR [lladdr MAC] dev DEV [nud STATE] "
			"[use], not",
			what);
	if (strcmp(sh->words[3], "proxy") == 0)
		return ip_neigh_proxy(sh, !del);
	if (inet_pton(AF_INET, sh->words[3], &spec.addr) != 1)
		return say(sh, "an address expected, not", sh->words[3]);
	if (!dev)
		return say(sh, "Device and destination are required arguments.", "");
	if (ll && !parse_mac(ll, mac))
		return say(sh, "a link address expected, not", ll);
	if (ll)
		spec.lladdr = mac;
	if (nud && !neigh_state(nud, &spec.state))
		return say(sh, "nud state is bad", nud);
	return answer(sh, del ? ip_neigh_del(sh->host, dev, spec.addr) : ip_neigh_add_spec(sh->host, &spec));
}

/* ---- the command line ---- */

static int ip_command(struct sh *sh)
{
	static const struct {
		const char *object;
		int (*run)(struct sh *sh);
	} objects[] = {
		{ "link", ip_link },   { "addr", ip_addr },   { "address", ip_addr },
		{ "route", ip_route }, { "neigh", ip_neigh }, { "neighbour", ip_neigh },
	};
	const char *object = sh->n > 1 ? sh->words[1] : "";
	for (unsigned i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (strcmp(object, objects[i].object) == 0)
			return objects[i].run(sh);
	return say(sh, "ip: there is no object", object);
}

static int sysctl_command(struct sh *sh)
{
	int at = sh->n > 1 && strcmp(sh->words[1], "-w") == 0 ? 2 : 1, err = 0;
	if (at >= sh->n)
		return say(sh, "use: sysctl -w NAME=VALUE, not", sh->words[0]);
	for (int i = at; i < sh->n && !err; i++)
		err = host_sysctl(sh->host, sh->words[i], sh->err, sh->errlen);
	return err;
}

int host_sh(struct host *host, const char *line, char *err, unsigned errlen)
{
	struct sh sh = { .host = host, .err = err, .errlen = errlen };
	char *copy = strdup(line), *save = NULL;
	int r;
	if (!copy) {
		snprintf(err, errlen, "no memory");
		return -ENOMEM;
	}
	for (char *w = strtok_r(copy, " \t\n", &save); w && sh.n < MAX_WORDS;
	     w = strtok_r(NULL, " \t\n", &save))
		sh.words[sh.n++] = w;
	if (sh.n && strcmp(sh.words[0], "ip") == 0)
		r = ip_command(&sh);
	else if (sh.n && strcmp(sh.words[0], "sysctl") == 0)
		r = sysctl_command(&sh);
	else
		r = say(&sh, "there is no command", sh.n ? sh.words[0] : "");
	free(copy);
	return r;
}
