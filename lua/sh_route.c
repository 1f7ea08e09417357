/*
 * route and arp, which read /proc/net/route and /proc/net/arp as the real ones do:
 *
 *	route [-n] [-e]; route add|del [-net|-host] DST[/PREFIX]|default [netmask M] [gw GW] [metric N] [dev]
 *DEV arp [-n] [-a|-e] [ADDR]; arp -s ADDR MAC; arp -d ADDR
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

static void route_line(struct sh *sh, const char *line, bool numeric, bool extended)
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
	if (extended && reject)
		sh_say(sh, "%-5s     - -          - -\n", letters);
	else if (extended)
		sh_say(sh, "%-5s %5u %-5u %6u %s\n", letters, mtu, window, irtt, dev);
	else if (reject)
		sh_say(sh, "%-5s %-6u -        %u -\n", letters, metric, use);
	else
		sh_say(sh, "%-5s %-6u %-2u %7u %s\n", letters, metric, ref, use, dev);
}

int sh_list_routes(struct sh *sh, bool numeric, bool extended)
{
	struct seq_file m = { .host = sh->host };
	char *save = NULL;
	sh_say(sh, "Kernel IP routing table\n");
	sh_say(sh,
	       extended ? "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n"
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
		sh, 4,
		"Usage: inet_route [-vF] del {-host|-net} Target[/prefix] [gw Gw] [metric M] [[dev] If]\n"
		"       inet_route [-vF] add {-host|-net} Target[/prefix] [gw Gw] [metric M]\n"
		"                              [netmask N] [window W] [[dev] If]\n"
		"       inet_route [-vF] add {-host|-net} Target[/prefix] [metric M] reject\n");
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
		spec->window = (u32)n;
	else if (strcmp(key, "dev") == 0)
		spec->dev = value;
	else
		return false;
	return true;
}

static int route_change(struct sh *sh, bool add)
{
	struct ip_route_spec spec = { .type = 0 };
	int i = 2, err;
	uint32_t mask = 0;
	bool net = i < sh->n && strcmp(sh->words[i], "-net") == 0,
	     host = i < sh->n && strcmp(sh->words[i], "-host") == 0;
	i += net || host;
	if (i >= sh->n)
		return route_usage(sh);
	const char *target = sh->words[i++];
	bool slash = strchr(target, '/'), is_default = strcmp(target, "default") == 0;
	if (!sh_prefix(target, &spec.dst, &spec.plen) && !sh_resolve(sh, target, &spec.dst))
		return sh_fail(sh, 6, "%s: Unknown host\n", target);
	if (!slash && !is_default)
		spec.plen = 32;
	for (; i < sh->n; i++) {
		if (strcmp(sh->words[i], "reject") == 0)
			spec.type = RTN_UNREACHABLE;
		else if (i + 1 < sh->n && route_option(sh, &spec, sh->words[i], sh->words[i + 1], &mask))
			i++;
		else if (i + 1 == sh->n)
			spec.dev = sh->words[i];
		else
			return route_usage(sh);
	}
	if (mask)
		spec.plen = inet_mask_len(mask);
	else if (net && !slash && !is_default)
		return sh_fail(sh, 4, "route: netmask doesn't make sense with host route\n");
	if (spec.plen < 32 && spec.dst & ~inet_make_mask(spec.plen))
		return sh_fail(sh, 4, "route: netmask doesn't match route address\n");
	err = add ? ip_route_add_spec(sh->host, &spec) : ip_route_del_spec(sh->host, &spec);
	return err ? sh_fail(sh, 7, "%s: %s\n", add ? "SIOCADDRT" : "SIOCDELRT", strerrordesc_np(-err)) : 0;
}

int sh_route(struct sh *sh)
{
	bool numeric = false, extended = false;
	if (sh->n > 1 && (strcmp(sh->words[1], "add") == 0 || strcmp(sh->words[1], "del") == 0))
		return route_change(sh, sh->words[1][0] == 'a');
	for (int c; (c = sh_getopt(sh, "+ne"));) {
		if (c == '?')
			return sh_fail(sh, 4,
				       "route: invalid option -- '%c'\nUsage: route [-ne]\n"
				       "       route {add|del} ...\n",
				       sh->opt);
		numeric |= c == 'n';
		extended |= c == 'e';
	}
	if (sh->at < sh->n)
		return route_usage(sh);
	return sh_list_routes(sh, numeric, extended);
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

static int arp_change(struct sh *sh, bool set)
{
	uint8_t mac[6];
	uint32_t addr;
	const char *word = sh->at < sh->n ? sh->words[sh->at] : NULL;
	if (!word)
		return sh_fail(sh, 255, "arp: need host name\n");
	if (!sh_resolve(sh, word, &addr))
		return sh_fail(sh, 255, "%s: Unknown host\n", word);
	if (set && sh->at + 1 >= sh->n)
		return sh_fail(sh, 255, "arp: need hardware address\n");
	if (set && !sh_mac(sh->words[sh->at + 1], mac))
		return sh_fail(sh, 255, "arp: invalid hardware address\n");
	struct net_device *dev = arp_device(sh, addr);
	int err = !dev	? -ENETUNREACH
		  : set ? ip_neigh_add(sh->host, dev->name, addr, mac, NUD_PERMANENT)
			: ip_neigh_del(sh->host, dev->name, addr);
	if (!set && err)
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
	bool perm = e->flags & 4;
	if (bsd && !e->flags)
		sh_say(sh, "%s (%s) at <incomplete> on %s\n", name ? name : "?", e->ip, e->dev);
	else if (bsd)
		sh_say(sh, "%s (%s) at %s [ether] %son %s\n", name ? name : "?", e->ip, e->mac,
		       perm ? "PERM " : "", e->dev);
	else if (!e->flags)
		sh_say(sh, "%-23.23s  %-7s (incomplete)        %-22s%s\n", name ? name : e->ip, "", "",
		       e->dev);
	else
		sh_say(sh, "%-23.23s  %-7s %-17s   %-5s %-15s %s\n", name ? name : e->ip, "ether", e->mac,
		       perm ? "CM" : "C", "", e->dev);
}

static int arp_list(struct sh *sh, bool numeric, bool bsd)
{
	const char *word = sh->at < sh->n ? sh->words[sh->at] : NULL;
	struct seq_file m = { .host = sh->host };
	struct arp_entry e;
	uint32_t only = 0, addr;
	int found = 0;
	char *save = NULL;
	if (word && !sh_resolve(sh, word, &only))
		return sh_fail(sh, 255, "%s: Unknown host\n", word);
	proc_show(&m, "/proc/net/arp");
	char *heading = m.buf ? strtok_r(m.buf, "\n", &save) : NULL;
	for (char *line; heading && (line = strtok_r(NULL, "\n", &save));) {
		if (sscanf(line, "%15s 0x%x 0x%x %17s * %15s", e.ip, &e.type, &e.flags, e.mac, e.dev) != 5)
			continue;
		inet_pton(AF_INET, e.ip, &addr);
		if (only && addr != only)
			continue;
		if (!bsd && !found)
			sh_say(sh,
			       "Address                  HWtype  HWaddress           Flags Mask            "
			       "Iface\n");
		found++;
		arp_line(sh, &e, numeric ? NULL : sh_name_of(sh, addr), bsd);
	}
	seq_release(&m);
	if (word && !found)
		sh_say(sh, "%s (%s) -- no entry\n", word, sh_ip(only).s);
	return 0;
}

int sh_arp(struct sh *sh)
{
	bool numeric = false, bsd = false, set = false, del = false;
	for (int c; (c = sh_getopt(sh, "naesd"));) {
		if (c == '?')
			return sh_fail(sh, 255,
				       "arp: invalid option -- '%c'\n"
				       "Usage:\n  arp [-n] [-a|-e] [<hostname>]\n"
				       "  arp -d <hostname>\n  arp -s <hostname> <hwaddr>\n",
				       sh->opt);
		numeric |= c == 'n';
		bsd |= c == 'a';
		set |= c == 's';
		del |= c == 'd';
	}
	if (set || del)
		return arp_change(sh, set);
	return arp_list(sh, numeric, bsd);
}
