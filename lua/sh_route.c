/*
 * route and arp, which read /proc/net/route and /proc/net/arp as the real ones do:
 *
 *	route [-n] [-e[e]]
 *	route add|del [-net|-host] DST[/PREFIX]|default [netmask M] [gw GW] [metric N] [mss N] [window N]
 *		[dev] DEV [reject]
 *	arp [-nv] [-a|-e] [-i DEV] [ADDR]
 *	arp -s ADDR MAC [temp]; arp -Ds ADDR DEV [pub]; arp -d ADDR [pub]
 *
 * `route` writes an absent gateway as '*', as the documents' does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lua/sh.h"
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"
#include "stack/internet/neighbour.h"
#include "stack/proc.h"

#define RTF_REJECT 0x0200
/* flags of /proc/net/arp */
#define ATF_COM 0x02
#define ATF_PERM 0x04
#define ATF_PUBL 0x08

static void flag_letters(unsigned flags, char *buf)
{
	static const char letters[] = "UGHRDM"; /* bits 0 to 5; R is "reinstate" */
	if (flags & RTF_REJECT) {
		strcpy(buf, "!");
		return;
	}
	for (unsigned i = 0; letters[i]; i++)
		if (flags & 1u << i)
			*buf++ = letters[i];
	*buf = '\0';
}

static void route_line(struct sh *sh, const char *line, bool numeric, int extended)
{
	char dev[IFNAMSIZ], letters[8], dst_text[16], gw_text[16], mask_text[16];
	unsigned dst, gw, flags, ref, use, metric, mask, mtu, window, irtt;
	if (sscanf(line, "%15s %x %x %x %u %u %u %x %u %u %u", dev, &dst, &gw, &flags, &ref, &use, &metric,
		   &mask, &mtu, &window, &irtt) != 11)
		return;
	bool reject = flags & RTF_REJECT;
	flag_letters(flags, letters);
	snprintf(dst_text, sizeof(dst_text), "%s", numeric || dst || mask ? sh_ip(dst).s : "default");
	snprintf(gw_text, sizeof(gw_text), "%s", reject ? "-" : gw || numeric ? sh_ip(gw).s : "*");
	snprintf(mask_text, sizeof(mask_text), "%s", sh_ip(mask).s);
	sh_say(sh, "%-15s %-15s %-15s ", dst_text, gw_text, mask_text);
	if (extended > 1 && reject)
		sh_say(sh, "%-5s %-6u -        %u -        -     -      -\n", letters, metric, use);
	else if (extended > 1)
		sh_say(sh, "%-5s %-6u %-2u %7u %-8s %-5u %-6u %u\n", letters, metric, ref, use, dev, mtu,
		       window, irtt);
	else if (extended && reject)
		sh_say(sh, "%-5s     - -          - -\n", letters);
	else if (extended)
		sh_say(sh, "%-5s %5u %-5u %6u %s\n", letters, mtu, window, irtt, dev);
	else if (reject)
		sh_say(sh, "%-5s %-6u -        %u -\n", letters, metric, use);
	else
		sh_say(sh, "%-5s %-6u %-2u %7u %s\n", letters, metric, ref, use, dev);
}

int sh_list_routes(struct sh *sh, bool numeric, int extended)
{
	struct seq_file m = { .host = sh->host };
	char *save = NULL;
	sh_say(sh, "Kernel IP routing table\n");
	sh_say(sh,
	       extended == 1
		       ? "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n"
	       : extended
		       ? "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface    "
			 "MSS   Window irtt\n"
		       : "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n");
	proc_show(&m, "/proc/net/route");
	if (m.buf && strtok_r(m.buf, "\n", &save)) /* the heading */
		for (char *line; (line = strtok_r(NULL, "\n", &save));)
			route_line(sh, line, numeric, extended);
	seq_release(&m);
	return 0;
}

static int route_usage(struct sh *sh)
{
	return sh_fail(
		sh, 3,
		"Usage: inet_route [-vF] del {-host|-net} Target[/prefix] [gw Gw] [metric M] [[dev] If]\n"
		"       inet_route [-vF] add {-host|-net} Target[/prefix] [gw Gw] [metric M]\n"
		"                              [netmask N] [mss Mss] [window W] [irtt I]\n"
		"                              [mod] [dyn] [reinstate] [[dev] If]\n"
		"       inet_route [-vF] add {-host|-net} Target[/prefix] [metric M] reject\n"
		"       inet_route [-FC] flush      NOT supported\n");
}

/* A keyword with a value. False: no such keyword, or no value of its kind. */
static bool route_option(struct sh *sh, struct ip_route_spec *spec, const char *key, const char *value,
			 uint32_t *mask)
{
	long n;
	if (strcmp(key, "gw") == 0)
		return sh_resolve(sh, value, &spec->gw);
	if (strcmp(key, "netmask") == 0)
		return inet_pton(AF_INET, value, mask) == 1;
	if (strcmp(key, "metric") == 0 && sh_number(value, 0, INT32_MAX, &n))
		spec->metric = (u32)n;
	else if (strcmp(key, "window") == 0 && sh_number(value, 0, INT32_MAX, &n))
		spec->mx[RTAX_WINDOW - 1] = (u32)n;
	else if (strcmp(key, "mss") == 0 && sh_number(value, 64, 65536, &n))
		spec->mx[RTAX_ADVMSS - 1] = (u32)n - 40; /* what it sets is the mtu of a segment */
	else if (strcmp(key, "dev") == 0)
		spec->dev = value;
	else
		return false;
	return true;
}

static int route_complaint(struct sh *sh, const char *what)
{
	seq_printf(&sh->err, "route: %s\n", what);
	return route_usage(sh);
}

/* The words behind the target, into the specification; 0 or the status of a mistake. */
static int route_words(struct sh *sh, int i, struct ip_route_spec *spec, uint32_t *mask)
{
	for (; i < sh->n; i++) {
		if (strcmp(sh->words[i], "reject") == 0)
			spec->type = RTN_UNREACHABLE;
		else if (i + 1 < sh->n && route_option(sh, spec, sh->words[i], sh->words[i + 1], mask))
			i++;
		else if (i + 1 == sh->n)
			spec->dev = sh->words[i];
		else
			return route_usage(sh);
	}
	return 0;
}

static int route_change(struct sh *sh, bool add)
{
	struct ip_route_spec spec = { .type = 0 };
	int i = 2, err;
	char text[80];
	uint32_t mask = 0;
	bool net = i < sh->n && strcmp(sh->words[i], "-net") == 0,
	     host = i < sh->n && strcmp(sh->words[i], "-host") == 0;
	i += net || host;
	if (i >= sh->n) {
		route_usage(sh);
		return 0;
	}
	const char *target = sh->words[i++];
	bool slash = strchr(target, '/'), is_default = strcmp(target, "default") == 0;
	if (!sh_prefix(target, &spec.dst, &spec.plen) && !sh_resolve(sh, target, &spec.dst))
		return sh_fail(sh, 6, "%s: Unknown host\n", target);
	if (!slash && !is_default)
		spec.plen = 32;
	if ((err = route_words(sh, i, &spec, &mask)))
		return err;
	if (mask && (~ntohl(mask) & (~ntohl(mask) + 1))) {
		snprintf(text, sizeof(text), "bogus netmask %s", sh_ip(mask).s);
		return route_complaint(sh, text);
	}
	if (mask || slash) {
		if (mask)
			spec.plen = inet_mask_len(mask);
		if (!net && spec.plen != 32) {
			snprintf(text, sizeof(text), "netmask %.8x doesn't make sense with host route",
				 inet_make_mask(spec.plen));
			return route_complaint(sh, text);
		}
	} else if (net && !is_default) {
		return sh_fail(sh, 7, "%s: %s\n", add ? "SIOCADDRT" : "SIOCDELRT", strerrordesc_np(EINVAL));
	}
	if (spec.plen < 32 && spec.dst & ~inet_make_mask(spec.plen))
		return route_complaint(sh, "netmask doesn't match route address");
	err = add ? ip_route_add_spec(sh->host, &spec) : ip_route_del_spec(sh->host, &spec);
	return err ? sh_fail(sh, 7, "%s: %s\n", add ? "SIOCADDRT" : "SIOCDELRT", strerrordesc_np(-err)) : 0;
}

int sh_route(struct sh *sh)
{
	static const struct sh_long longs[] = { { "numeric", 'n' }, { "extend", 'e' },	{ "verbose", 'v' },
						{ "fib", 'F' },	    { "version", 'V' }, { "inet", '4' },
						{ NULL, 0 } };
	bool numeric = false;
	int extended = 0;
	sh->longs = longs;
	for (int c; (c = sh_getopt(sh, "+neFvN4V"));) {
		if (c == '?')
			return sh_fail(sh, 3,
				       "route: invalid option -- '%c'\nUsage: route [-nNvee] [-F]\n"
				       "       route [-v] {add|del} ...\n",
				       sh->opt);
		if (c == 'V') {
			sh_say(sh, "net-tools 2.10\n");
			return 0;
		}
		numeric |= c == 'n';
		extended += c == 'e';
	}
	if (sh->at == sh->n)
		return sh_list_routes(sh, numeric, extended);
	const char *what = sh->words[sh->at];
	sh->words += sh->at - 1; /* as if there were no options */
	sh->n -= sh->at - 1;
	int status = strcmp(what, "add") == 0	? route_change(sh, true)
		     : strcmp(what, "del") == 0 ? route_change(sh, false)
						: route_usage(sh);
	sh->words -= sh->at - 1;
	sh->n += sh->at - 1;
	return status;
}

/* ---- arp ---- */

/* The device on whose net `addr` is. */
static struct net_device *arp_device(struct sh *sh, uint32_t addr)
{
	struct net_device *dev;
	for_each_netdev(sh->host->net, dev)
	{
		if (!(dev->flags & IFF_NOARP) && dev->type == ARPHRD_ETHER && dev->ip_ptr &&
		    inet_addr_onlink(dev->ip_ptr, addr, 0))
			return dev;
	}
	return NULL;
}

struct arp {
	struct sh *sh;
	const char *dev; /* -i */
	bool numeric, bsd, set, del, verbose, of_device;
};

/* The words behind the addresses: "temp", "pub"; NULL: the one that is neither. */
static bool arp_words(const struct sh *sh, int i, bool *temporary, bool *public)
{
	for (; i < sh->n; i++) {
		*temporary |= strcmp(sh->words[i], "temp") == 0;
		*public |= strcmp(sh->words[i], "pub") == 0;
		if (strcmp(sh->words[i], "temp") != 0 && strcmp(sh->words[i], "pub") != 0)
			return false;
	}
	return true;
}

static int arp_change(struct arp *a)
{
	struct sh *sh = a->sh;
	uint8_t mac[6];
	uint32_t addr;
	bool temporary = false, public = false;
	const char *word = sh->at < sh->n ? sh->words[sh->at] : NULL;
	if (!word)
		return sh_fail(sh, 255, "arp: need host name\n");
	if (!sh_resolve(sh, word, &addr))
		return sh_fail(sh, 255, "%s: Unknown host\n", word);
	if (a->set && sh->at + 1 >= sh->n)
		return sh_fail(sh, 255, "arp: need hardware address\n");
	if (a->set && !a->of_device && !sh_mac(sh->words[sh->at + 1], mac))
		return sh_fail(sh, 255, "arp: invalid hardware address\n");
	if (!arp_words(sh, sh->at + 1 + a->set, &temporary, &public))
		return sh_fail(sh, 255, "arp: feature ATF_DONTPUB is not supported\n");
	const char *name = a->of_device && a->set ? sh->words[sh->at + 1] : a->dev;
	struct net_device *dev = name ? __dev_get_by_name(sh->host->net, name) : arp_device(sh, addr);
	int err;
	if (public && a->set)
		err = a->of_device && dev ? ip_neigh_add_proxy(sh->host, dev->name, addr) : -ENODEV;
	else if (public)
		err = a->dev ? ip_neigh_del_proxy(sh->host, a->dev, addr) : -ENOENT;
	else
		err = !dev     ? name ? -ENODEV : -ENETUNREACH
		      : a->set ? ip_neigh_add(sh->host, dev->name, addr, a->of_device ? dev->dev_addr : mac,
					      temporary ? NUD_STALE : NUD_PERMANENT)
			       : ip_neigh_del(sh->host, dev->name, addr);
	if (!a->set && err)
		return sh_fail(sh, 255, "No ARP entry for %s\n", word);
	return err ? sh_fail(sh, 255, "SIOCSARP: %s\n", strerrordesc_np(-err)) : 0;
}

/* A line of /proc/net/arp. */
struct arp_entry {
	char ip[16], mac[18], dev[IFNAMSIZ];
	unsigned type, flags;
};

static void arp_line(struct sh *sh, const struct arp_entry *e, const char *name, bool bsd)
{
	const char *perm = e->flags & ATF_PERM ? "PERM " : "", *pub = e->flags & ATF_PUBL ? "PUB " : "";
	char flags[4];
	snprintf(flags, sizeof(flags), "%s%s%s", e->flags & ATF_COM ? "C" : "", *perm ? "M" : "",
		 *pub ? "P" : "");
	if (bsd && !e->flags)
		sh_say(sh, "%s (%s) at <incomplete> on %s\n", name ? name : "?", e->ip, e->dev);
	else if (bsd && *pub)
		sh_say(sh, "%s (%s) at <from_interface> %s%son %s\n", name ? name : "?", e->ip, perm, pub,
		       e->dev);
	else if (bsd)
		sh_say(sh, "%s (%s) at %s [ether] %son %s\n", name ? name : "?", e->ip, e->mac, perm, e->dev);
	else if (!e->flags)
		sh_say(sh, "%-23.23s  %-7s (incomplete)        %-22s%s\n", name ? name : e->ip, "", "",
		       e->dev);
	else if (*pub)
		sh_say(sh, "%-23.23s  %-7s %-17s   %-5s %-15s %s\n", name ? name : e->ip, "*",
		       "<from_interface>", flags, "", e->dev);
	else
		sh_say(sh, "%-23.23s  %-7s %-17s   %-5s %-15s %s\n", name ? name : e->ip, "ether", e->mac,
		       flags, "", e->dev);
}

static int arp_list(struct arp *a)
{
	struct sh *sh = a->sh;
	const char *word = sh->at < sh->n ? sh->words[sh->at] : NULL;
	struct seq_file m = { .host = sh->host };
	struct arp_entry e;
	uint32_t only = 0, addr;
	int found = 0, all = 0;
	char *save = NULL;
	if (word && !sh_resolve(sh, word, &only))
		return sh_fail(sh, 255, "%s: Unknown host\n", word);
	proc_show(&m, "/proc/net/arp");
	char *heading = m.buf ? strtok_r(m.buf, "\n", &save) : NULL;
	for (char *line; heading && (line = strtok_r(NULL, "\n", &save));) {
		if (sscanf(line, "%15s 0x%x 0x%x %17s * %15s", e.ip, &e.type, &e.flags, e.mac, e.dev) != 5)
			continue;
		all++;
		inet_pton(AF_INET, e.ip, &addr);
		if ((only && addr != only) || (a->dev && strcmp(a->dev, e.dev) != 0))
			continue;
		if (!a->bsd && !found)
			sh_say(sh,
			       "Address                  HWtype  HWaddress           Flags Mask            "
			       "Iface\n");
		found++;
		arp_line(sh, &e, a->numeric ? NULL : sh_name_of(sh, addr), a->bsd);
	}
	seq_release(&m);
	if (a->verbose)
		sh_say(sh, "Entries: %d\tSkipped: %d\tFound: %d\n", all, all - found, found);
	if (word && !found)
		sh_say(sh, "%s (%s) -- no entry\n", word, sh_ip(only).s);
	else if (a->dev && !found)
		sh_say(sh, "arp: in %d entries no match found.\n", all);
	return 0;
}

int sh_arp(struct sh *sh)
{
	static const struct sh_long longs[] = { { "numeric", 'n' }, { "set", 's' },    { "delete", 'd' },
						{ "verbose", 'v' }, { "device", 'i' }, { "use-device", 'D' },
						{ "version", 'V' }, { NULL, 0 } };
	struct arp a = { .sh = sh };
	sh->longs = longs;
	for (int c; (c = sh_getopt(sh, "naesdvDVi:H:t:"));)
		switch (c) {
		case 'n':
			a.numeric = true;
			break;
		case 'a':
			a.bsd = true;
			break;
		case 'e':
			a.bsd = false;
			break;
		case 's':
			a.set = true;
			break;
		case 'd':
			a.del = true;
			break;
		case 'v':
			a.verbose = true;
			break;
		case 'D':
			a.of_device = true;
			break;
		case 'i':
			a.dev = sh->arg;
			break;
		case 'H':
		case 't':
			if (strcmp(sh->arg, "ether") != 0)
				return sh_fail(sh, 255, "arp: %s: unknown hardware type.\n", sh->arg);
			break;
		case 'V':
			sh_say(sh, "net-tools 2.10\n");
			return 0;
		default:
			return sh_fail(sh, 3,
				       "arp: invalid option -- '%c'\n"
				       "Usage:\n"
				       "  arp [-vn]  [-H ether] [-i <if>] [-a|-e] [<hostname>]\n"
				       "  arp [-v]   [-i <if>] -d  <host> [pub]\n"
				       "  arp [-v]   [-H ether] [-i <if>] -s  <host> <hwaddr> [temp]\n"
				       "  arp [-v]   [-H ether] -Ds <host> <if> [pub]\n",
				       sh->opt);
		}
	return a.set || a.del ? arp_change(&a) : arp_list(&a);
}
