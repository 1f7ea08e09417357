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
		strcpy(buf, flags & 0x4 ? "!H" : "!");
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
	snprintf(gw_text, sizeof(gw_text), "%s", reject ? "-" : sh_ip(gw).s);
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

int sh_list_cache(struct sh *sh, int extended)
{
	sh_say(sh, "Kernel IP routing cache\n");
	sh_say(sh,
	       extended ? "Source          Destination     Gateway         Flags   MSS Window  irtt Iface\n"
			: "Source          Destination     Gateway         Flags Metric Ref    Use Iface\n");
	return 0;
}

int sh_list_routes6(struct sh *sh)
{
	sh_say(sh, "Kernel IPv6 routing table\n"
		   "Destination                    Next Hop                   Flag Met Ref  Use If\n");
	return 0;
}

/* Of the command, not of a family: what `route -h` says. */
static int route_help(struct sh *sh, int status)
{
	return sh_fail(sh, status,
		       "Usage: route [-nNvee] [-FC] [<AF>]\n"
		       "       route [-v] [-FC] {add|del|flush} ...\n"
		       "       route {-h|--help} | {-V|--version}\n"
		       "  <AF>: -4, -6, -A inet|inet6, --inet, --inet6\n");
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

struct route_words {
	struct ip_route_spec spec;
	uint32_t mask;
	bool has_mask;
};

static int route_complaint(struct sh *sh, const char *what)
{
	seq_printf(&sh->err, "route: %s\n", what);
	return route_usage(sh);
}

/* A keyword with a value. 0, the status of a mistake, or -1: it is no such keyword. */
static int route_option(struct sh *sh, struct route_words *w, const char *key, const char *value)
{
	static const char *const keys[] = { "gw",  "gateway", "netmask", "metric", "window",
					    "mss", "irtt",    "dev",	 "device", NULL };
	struct ip_route_spec *spec = &w->spec;
	int k = sh_find(keys, key);
	long n;
	if (!keys[k])
		return -1;
	if (!value)
		return route_usage(sh);
	switch (key[0]) {
	case 'g':
		return sh_resolve(sh, value, &spec->gw) ? 0 : sh_fail(sh, 6, "%s: Unknown host\n", value);
	case 'n':
		if (w->has_mask)
			return route_usage(sh);
		w->has_mask = true;
		return inet_aton(value, (struct in_addr *)&w->mask)
			       ? 0
			       : sh_fail(sh, 6, "%s: Unknown host\n", value);
	case 'd':
		spec->dev = value;
		return 0;
	case 'm':
		if (key[1] == 's' && !sh_number(value, 64, 65535, &n))
			return route_complaint(sh, "Invalid MSS/MTU.");
		if (key[1] == 's')
			spec->mx[RTAX_ADVMSS - 1] = (u32)n - 40; /* what it sets is the mtu of a segment */
		else if (sh_number(value, 0, INT32_MAX, &n))
			spec->metric = (u32)n;
		else
			return route_help(sh, 3);
		return 0;
	case 'w':
		if (!sh_number(value, 128, INT32_MAX, &n))
			return route_complaint(sh, "Invalid window.");
		spec->mx[RTAX_WINDOW - 1] = (u32)n;
		return 0;
	default: /* irtt: in clock ticks */
		if (!sh_number(value, 1, 120 * 100 - 1, &n))
			return route_complaint(sh, "Invalid initial rtt.");
		spec->mx[RTAX_RTT - 1] = (u32)n * 80;
		return 0;
	}
}

/* The words behind the target; 0 or the status of a mistake. */
static int route_words(struct sh *sh, int i, struct route_words *w)
{
	for (; i < sh->n; i++) {
		const char *word = sh->words[i];
		int bad = route_option(sh, w, word, i + 1 < sh->n ? sh->words[i + 1] : NULL);
		if (bad > 0)
			return bad;
		if (bad == 0)
			i++;
		else if (strcmp(word, "reject") == 0)
			w->spec.type = RTN_UNREACHABLE;
		else if (strcmp(word, "mod") == 0 || strcmp(word, "dyn") == 0 ||
			 strcmp(word, "reinstate") == 0)
			continue; /* flags that change nothing */
		else if (i + 1 == sh->n && !w->spec.dev)
			w->spec.dev = word;
		else
			return route_usage(sh);
	}
	return 0;
}

static int route_change(struct sh *sh, bool add)
{
	struct route_words w = { .spec = { .prepend = true } }; /* as SIOCADDRT does */
	struct ip_route_spec *spec = &w.spec;
	int i = 2, err;
	char text[80];
	bool net = i < sh->n && strcmp(sh->words[i], "-net") == 0,
	     host = i < sh->n && strcmp(sh->words[i], "-host") == 0;
	i += net || host;
	if (i >= sh->n) {
		int status = route_usage(sh);
		return net || host ? status : 0;
	}
	const char *target = sh->words[i++];
	bool slash = strchr(target, '/'), is_default = strcmp(target, "default") == 0;
	if (slash && !sh_prefix(target, &spec->dst, &spec->plen) && net)
		return route_complaint(sh, "netmask doesn't match route address");
	if (!sh_prefix(target, &spec->dst, &spec->plen) && !sh_resolve(sh, target, &spec->dst))
		return sh_fail(sh, 6, "%s: Unknown host\n", target);
	if (!slash && !is_default)
		spec->plen = 32;
	w.has_mask = slash;
	if ((err = route_words(sh, i, &w)))
		return err;
	if (bad_mask(w.mask, 0)) {
		snprintf(text, sizeof(text), "bogus netmask %s", sh_ip(w.mask).s);
		return route_complaint(sh, text);
	}
	if (w.mask || slash) {
		if (w.mask)
			spec->plen = inet_mask_len(w.mask);
		if (!net && (spec->plen != 32 || w.mask)) {
			snprintf(text, sizeof(text), "netmask %.8x doesn't make sense with host route",
				 ~ntohl(inet_make_mask(spec->plen)));
			return route_complaint(sh, text);
		}
	} else if (net && !is_default && spec->dst) {
		return sh_fail(sh, 7, "%s: %s\n", add ? "SIOCADDRT" : "SIOCDELRT", strerrordesc_np(EINVAL));
	} else if (net && !is_default) {
		spec->plen = 0;
	}
	if (spec->plen < 32 && spec->dst & ~inet_make_mask(spec->plen))
		return route_complaint(sh, "netmask doesn't match route address");
	err = add ? ip_route_add_spec(sh->host, spec) : ip_route_del_spec(sh->host, spec);
	return err ? sh_fail(sh, 7, "%s: %s\n", add ? "SIOCADDRT" : "SIOCDELRT", strerrordesc_np(-err)) : 0;
}

int sh_route(struct sh *sh)
{
	static const struct sh_long longs[] = { { "numeric", 'n' }, { "extend", 'e' },	{ "verbose", 'v' },
						{ "fib", 'F' },	    { "version", 'V' }, { "inet", '4' },
						{ "inet6", '6' },   { "cache", 'C' },	{ "help", 'h' },
						{ NULL, 0 } };
	bool numeric = false, six = false, cache = false, fib = false;
	int extended = 0;
	sh->longs = longs;
	for (int c; (c = sh_getopt(sh, "+neFCvN46VhA:"));) {
		if (c == '?' || c == ':')
			sh_bad_option(sh, c);
		if (c == '?' || c == ':' || c == 'h')
			return route_help(sh, c == 'h' ? 0 : 3);
		if (c == 'V') {
			sh_say(sh, "net-tools 2.10\n");
			return 0;
		}
		if (c == 'A' && strcmp(sh->arg, "inet") != 0 && strcmp(sh->arg, "inet6") != 0)
			return sh_fail(sh, 1, "Unknown address family `%s'.\n", sh->arg);
		numeric |= c == 'n';
		cache |= c == 'C';
		fib |= c == 'F';
		six |= c == '6' || (c == 'A' && strcmp(sh->arg, "inet6") == 0);
		extended += c == 'e';
	}
	if (sh->at == sh->n && six)
		return sh_list_routes6(sh);
	if (sh->at == sh->n) {
		if (fib || !cache)
			sh_list_routes(sh, numeric, extended);
		return cache ? sh_list_cache(sh, extended) : 0;
	}
	const char *what = sh->words[sh->at];
	if (strcmp(what, "flush") == 0) {
		seq_printf(&sh->err, "Flushing `inet' routing table not supported\n");
		return route_usage(sh);
	}
	sh->words += sh->at - 1; /* as if there were no options */
	sh->n -= sh->at - 1;
	int status = strcmp(what, "add") == 0				       ? route_change(sh, true)
		     : strcmp(what, "del") == 0 || strcmp(what, "delete") == 0 ? route_change(sh, false)
									       : route_help(sh, 3);
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

/* The words behind the addresses. */
struct arp_words {
	bool temporary, public;
	const char *dev;
	uint32_t mask;
};

static int arp_usage(struct sh *sh, int status)
{
	return sh_fail(sh, status,
		       "Usage:\n"
		       "  arp [-vn]  [-H ether] [-i <if>] [-a|-e] [<hostname>]\n"
		       "  arp [-v]   [-i <if>] -d  <host> [pub]\n"
		       "  arp [-v]   [-H ether] -s  <host> <hwaddr> [temp] [dev <if>]\n"
		       "  arp [-v]   [-H ether] -Ds <host> <if> [netmask <nm>] pub\n");
}

/* 0, or the status of a mistake. */
static int arp_words(struct sh *sh, int i, struct arp_words *w)
{
	for (; i < sh->n; i++) {
		const char *word = sh->words[i], *value = i + 1 < sh->n ? sh->words[i + 1] : NULL;
		bool dev = strcmp(word, "dev") == 0, mask = strcmp(word, "netmask") == 0;
		w->temporary |= strcmp(word, "temp") == 0;
		w->public |= strcmp(word, "pub") == 0;
		if (strcmp(word, "dontpub") == 0)
			return sh_fail(sh, 255, "SIOCSARP: Invalid argument\n");
		if (dev || mask) {
			if (!value)
				return arp_usage(sh, 3);
			if (dev)
				w->dev = value;
			else if (!inet_aton(value, (struct in_addr *)&w->mask))
				return sh_fail(sh, 255, "%s: Unknown host\n", value);
			i++;
		} else if (strcmp(word, "temp") != 0 && strcmp(word, "pub") != 0 &&
			   strcmp(word, "priv") != 0 && strcmp(word, "trail") != 0 &&
			   strcmp(word, "auto") != 0) {
			return arp_usage(sh, 3);
		}
	}
	return 0;
}

static int arp_change(struct arp *a)
{
	struct sh *sh = a->sh;
	uint8_t mac[6];
	uint32_t addr;
	struct arp_words w = { .dev = a->dev };
	int bad, err;
	const char *word = sh->at < sh->n ? sh->words[sh->at] : NULL;
	if (!word)
		return sh_fail(sh, 255, "arp: need host name\n");
	if (!sh_resolve(sh, word, &addr))
		return sh_fail(sh, 255, "%s: Unknown host\n", word);
	if (a->set && sh->at + 1 >= sh->n)
		return sh_fail(sh, 255, "arp: need hardware address\n");
	const char *hardware = a->set ? sh->words[sh->at + 1] : NULL;
	if (hardware && a->of_device && !__dev_get_by_name(sh->host->net, hardware))
		return sh_fail(sh, 255, "arp: cant get HW-Address for `%s': No such device.\n", hardware);
	if (hardware && !a->of_device && !sh_mac(hardware, mac))
		return sh_fail(sh, 255, "arp: invalid hardware address\n");
	if ((bad = arp_words(sh, sh->at + 1 + a->set, &w)))
		return bad;
	if (a->set && w.mask && w.mask != INADDR_BROADCAST)
		return sh_fail(sh, 255, "SIOCSARP: Invalid argument\n");
	const char *name = a->of_device && a->set ? hardware : w.dev;
	struct net_device *dev = name ? __dev_get_by_name(sh->host->net, name) : arp_device(sh, addr);
	if (w.public && a->set)
		err = a->of_device && dev ? ip_neigh_add_proxy(sh->host, dev->name, addr) : -ENODEV;
	else if (w.public)
		err = w.dev ? ip_neigh_del_proxy(sh->host, w.dev, addr) : -ENOENT;
	else
		err = !dev     ? name ? -ENODEV : -ENETUNREACH
		      : a->set ? ip_neigh_add(sh->host, dev->name, addr, a->of_device ? dev->dev_addr : mac,
					      w.temporary ? NUD_STALE : NUD_PERMANENT)
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
	if (word && !found && a->bsd)
		sh_say(sh, "arp: in %d entries no match found.\n", all);
	else if (word && !found)
		sh_say(sh, "%s (%s) -- no entry\n", word, sh_ip(only).s);
	else if (a->dev && !found)
		sh_say(sh, "arp: in %d entries no match found.\n", all);
	return 0;
}

int sh_arp(struct sh *sh)
{
	static const struct sh_long longs[] = {
		{ "numeric", 'n' }, { "set", 's' },	   { "delete", 'd' },  { "verbose", 'v' },
		{ "device", 'i' },  { "use-device", 'D' }, { "version", 'V' }, { "all", 'a' },
		{ "help", 'h' },    { "protocol", 'A' },   { "hw-type", 'H' }, { NULL, 0 }
	};
	struct arp a = { .sh = sh };
	sh->longs = longs;
	for (int c; (c = sh_getopt(sh, "naesdvDVhi:H:t:A:p:"));)
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
		case 'A':
		case 'p':
			if (strcmp(sh->arg, "inet") != 0)
				return sh_fail(sh, 255, "arp: %s: unknown address family.\n", sh->arg);
			break;
		case 'h':
			return arp_usage(sh, 0);
		default:
			sh_bad_option(sh, c);
			return arp_usage(sh, 3);
		}
	return a.set || a.del ? arp_change(&a) : arp_list(&a);
}
