/*
 * ip address:
 *
 *	ip [-s] [-br] [-o] [-4] address [show [dev] DEV] [up] [to PREFIX] [label NAME] [scope SCOPE]
 *		[primary|secondary]
 *	ip address add|change|replace ADDR[/PREFIX] [peer ADDR[/PREFIX]] [brd ADDR|+|-] [scope SCOPE]
 *		[label NAME] dev DEV
 *	ip address del ADDR[/PREFIX] dev DEV; flush, with what show selects by
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "lua/sh_ip.h"
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"

/* What `show` and `flush` select. */
struct selection {
	const char *dev;
	const char *label;
	uint32_t to;
	int plen;		    /* -1: no `to` */
	int scope;		    /* -1: any */
	int primary;		    /* 1: primary, 0: secondary, -1: both */
	bool up, filtered;	    /* filtered: by what only addresses have */
	bool no_device, no_address; /* by what none of ours has */
};

/* Words on flags: those that an address of ours may have, and those that it never has. */
static bool flag_word(const char *word, struct selection *sel)
{
	static const char *const never[] = { "dynamic",	      "deprecated", "tentative", "dadfailed",
					     "noprefixroute", "mngtmpaddr", "autojoin",	 "home",
					     "nodad",	      NULL };
	bool no = word[0] == '-';
	if (strcmp(word, "primary") == 0 || strcmp(word, "secondary") == 0 ||
	    strcmp(word, "temporary") == 0) {
		sel->primary = word[0] == 'p';
		return true;
	}
	if (never[sh_find(never, word + no)]) {
		sel->no_address |= !no;
		return true;
	}
	return strcmp(word, "permanent") == 0;
}

static int selection_word(struct ip *ip, int *i, struct selection *sel)
{
	static const char *const keys[] = { "to",  "label", "scope", "type", "master",
					    "vrf", "group", "dev",   NULL };
	const char *word = ip->argv[*i], *value = NULL;
	uint8_t scope;
	int k = sh_find(keys, word);
	if (strcmp(word, "up") == 0 || strcmp(word, "nomaster") == 0) {
		sel->up |= word[0] == 'u';
		return 0;
	}
	if (flag_word(word, sel)) {
		sel->filtered = true;
		return 0;
	}
	if (keys[k] && !(value = ip_next(ip, i)))
		return ip_incomplete(ip);
	switch (k) {
	case 0:
		return sh_prefix(value, &sel->to, &sel->plen) ? 0 : ip_bad_prefix(ip, value);
	case 1:
		sel->label = value;
		return 0;
	case 2:
		if (!ip_scope_value(value, &scope) && strcmp(value, "all") != 0)
			return ip_bad_value(ip, value, "invalid \"scope\"");
		sel->scope = strcmp(value, "all") == 0 ? -1 : scope;
		return 0;
	case 3:
		sel->no_device = true; /* the kinds that ip knows by a name are none of ours but VLANs */
		return 0;
	case 4:
		sel->no_device = true;
		return __dev_get_by_name(ip->sh->host->net, value)
			       ? 0
			       : ip_bad_value(ip, value, "Device does not exist");
	case 5:
		return ip_bad_value(ip, value, "Not a valid VRF name");
	case 6:
		sel->no_device |= strcmp(value, "default") != 0 && strcmp(value, "0") != 0;
		return 0;
	default:
		break;
	}
	if (sel->dev)
		return ip_garbage(ip, "dev", value ? value : word);
	sel->dev = value ? value : word;
	return 0;
}

static int select_addresses(struct ip *ip, struct selection *sel)
{
	*sel = (struct selection){ .plen = -1, .scope = -1, .primary = -1 };
	for (int i = 1, bad; i < ip->argc; i++)
		if ((bad = selection_word(ip, &i, sel)))
			return bad;
	return !sel->dev || __dev_get_by_name(ip->sh->host->net, sel->dev)
		       ? 0
		       : sh_fail(ip->sh, 1, "Device \"%s\" does not exist.\n", sel->dev);
}

static bool device_selected(const struct selection *sel, const struct net_device *dev)
{
	return !sel->no_device && (!sel->dev || strcmp(sel->dev, dev->name) == 0) &&
	       (!sel->up || dev->flags & IFF_UP);
}

static bool address_selected(const struct selection *sel, const struct in_ifaddr *ifa)
{
	return !sel->no_address && (!sel->label || fnmatch(sel->label, ifa->ifa_label, 0) == 0) &&
	       (sel->plen < 0 || !((ifa->ifa_local ^ sel->to) & inet_make_mask(sel->plen))) &&
	       (sel->scope < 0 || sel->scope == ifa->ifa_scope) &&
	       (sel->primary < 0 || sel->primary == !(ifa->ifa_flags & IFA_F_SECONDARY));
}

/* ---- show ---- */

static void say_local(struct sh *sh, const struct in_ifaddr *ifa)
{
	sh_say(sh, "%s", sh_ip(ifa->ifa_local).s);
	if (ifa->ifa_address != ifa->ifa_local)
		sh_say(sh, " peer %s", sh_ip(ifa->ifa_address).s);
	sh_say(sh, "/%d ", ifa->ifa_prefixlen);
}

static void say_address(struct ip *ip, const struct net_device *dev, const struct in_ifaddr *ifa)
{
	struct sh *sh = ip->sh;
	if (ip->oneline)
		sh_say(sh, "%d: %s", dev->ifindex, dev->name);
	sh_say(sh, "    inet ");
	say_local(sh, ifa);
	if (ifa->ifa_broadcast)
		sh_say(sh, "brd %s ", sh_ip(ifa->ifa_broadcast).s);
	sh_say(sh, "scope %s %s%s%s       valid_lft forever preferred_lft forever\n",
	       ip_scope_name(ifa->ifa_scope), ifa->ifa_flags & IFA_F_SECONDARY ? "secondary " : "",
	       ifa->ifa_label, ip_nl(ip));
}

static void show_device(struct ip *ip, const struct selection *sel, struct net_device *dev,
			const struct in_ifaddr *list)
{
	struct sh *sh = ip->sh;
	if (ip->brief)
		sh_say(sh, "%-16s %-14s ", ip_full_name(dev).s, ip_operstate(dev));
	else if (!ip->oneline && !sel->label) {
		ip_link_lines(ip, dev, false);
		sh_say(sh, "\n");
	}
	for (const struct in_ifaddr *ifa = list; ifa; ifa = ifa->ifa_next) {
		if (!address_selected(sel, ifa))
			continue;
		if (ip->brief)
			say_local(sh, ifa);
		else
			say_address(ip, dev, ifa);
	}
	if (ip->brief)
		sh_say(sh, "\n");
	else if (ip->stats && !ip->oneline)
		ip_link_stats(ip, dev);
}

static int address_show(struct ip *ip)
{
	struct selection sel;
	struct net_device *dev;
	int bad = select_addresses(ip, &sel);
	if (bad)
		return bad;
	ip->inet_only |= sel.plen >= 0;
	if (ip->link_only)
		sel.no_address = true;
	bool some = ip->inet_only || sel.label || sel.scope >= 0 || sel.filtered;
	for_each_netdev(ip->sh->host->net, dev)
	{
		const struct in_ifaddr *list = dev->ip_ptr ? dev->ip_ptr->ifa_list : NULL, *ifa = list;
		while (ifa && !address_selected(&sel, ifa))
			ifa = ifa->ifa_next;
		if (device_selected(&sel, dev) && (ifa || !some))
			show_device(ip, &sel, dev, list);
	}
	return 0;
}

static int address_flush(struct ip *ip)
{
	struct selection sel;
	struct net_device *dev;
	if (ip->argc < 2)
		return sh_fail(ip->sh, 1, "Flush requires arguments.\n");
	int bad = select_addresses(ip, &sel), n = 0;
	if (bad)
		return bad;
	for_each_netdev(ip->sh->host->net, dev)
	{
		struct in_ifaddr *ifa =
			dev->ip_ptr && device_selected(&sel, dev) ? dev->ip_ptr->ifa_list : NULL;
		while (ifa)
			if (address_selected(&sel, ifa)) { /* others may go with it: from the beginning */
				ip_addr_del(ip->sh->host, dev->name, ifa->ifa_local, ifa->ifa_prefixlen);
				ifa = dev->ip_ptr->ifa_list;
				n++;
			} else {
				ifa = ifa->ifa_next;
			}
	}
	ip_say_flush(ip, n, "addresses");
	return 0;
}

/* ---- add, change, replace, del ---- */

struct addr_words {
	struct ip_addr_spec spec;
	const char *brd;
	bool has_local, has_plen, has_scope;
};

static int bad_inet(struct ip *ip, const char *word)
{
	return sh_fail(ip->sh, 1, "Error: inet address is expected rather than \"%s\".\n", word);
}

static int addr_word(struct ip *ip, int *i, struct addr_words *w)
{
	static const char *const names[] = { "dev",    "brd",	"broadcast", "peer",
					     "remote", "scope", "label",     NULL };
	const char *word = ip->argv[*i], *value = NULL;
	int k = sh_find(names, word), plen;
	if (names[k] && !(value = ip_next(ip, i)))
		return ip_incomplete(ip);
	switch (k) {
	case 0:
		w->spec.dev = value;
		return 0;
	case 1:
	case 2:
		w->brd = value;
		return strcmp(value, "+") != 0 && strcmp(value, "-") != 0 &&
				       inet_pton(AF_INET, value, &w->spec.broadcast) != 1
			       ? bad_inet(ip, value)
			       : 0;
	case 3:
	case 4:
		if (!sh_prefix(value, &w->spec.peer, &plen))
			return bad_inet(ip, value);
		w->spec.prefixlen = plen;
		return 0;
	case 5:
		w->has_scope = ip_scope_value(value, &w->spec.scope);
		return w->has_scope
			       ? 0
			       : sh_fail(ip->sh, 255,
					 "Error: argument \"%s\" is wrong: invalid scope value.\n", value);
	case 6:
		w->spec.label = value;
		return strlen(value) < IFNAMSIZ
			       ? 0
			       : sh_fail(ip->sh, 2, "Error: Attribute failed policy validation.\n");
	default:
		break;
	}
	if (strcmp(word, "nodad") == 0 || strcmp(word, "home") == 0 || strcmp(word, "mngtmpaddr") == 0) {
		seq_printf(&ip->sh->err, "Warning: %s option can be set only for IPv6 addresses\n", word);
		return 0;
	}
	if (strcmp(word, "local") == 0 && !(word = ip_next(ip, i)))
		return ip_incomplete(ip);
	if (w->has_local)
		return ip_garbage(ip, "local", word);
	if (!sh_prefix(word, &w->spec.local, &plen))
		return ip_bad_prefix(ip, word);
	w->has_local = true;
	w->has_plen = strchr(word, '/');
	if (!w->spec.peer)
		w->spec.prefixlen = plen;
	return 0;
}

static int address_add(struct ip *ip, const struct addr_words *w, bool replace)
{
	struct ip_addr_spec spec = w->spec;
	uint32_t wild = ~inet_make_mask(spec.prefixlen);
	if (!w->has_scope && (ntohl(spec.local) >> 24) == 127)
		spec.scope = RT_SCOPE_HOST;
	if (w->brd && (w->brd[0] == '+' || w->brd[0] == '-') && spec.prefixlen <= 30)
		spec.broadcast = w->brd[0] == '+' ? spec.local | wild : spec.local & ~wild;
	int err = ip_addr_add_spec(ip->sh->host, &spec);
	if (err == -EEXIST)
		return replace ? 0 : sh_fail(ip->sh, 2, "Error: ipv4: Address already assigned.\n");
	if (err == -EINVAL && w->has_scope)
		return sh_fail(ip->sh, 2, "Error: ipv4: Invalid scope value.\n");
	return ip_answer(ip, err);
}

static int address_del(struct ip *ip, const struct addr_words *w)
{
	if (!w->has_plen && !w->spec.peer)
		seq_printf(&ip->sh->err,
			   "Warning: Executing wildcard deletion to stay compatible with old scripts.\n"
			   "         Explicitly specify the prefix length (%s/32) to avoid this warning.\n"
			   "         This special behaviour is likely to disappear in further releases,\n"
			   "         fix your scripts!\n",
			   sh_ip(w->spec.local).s);
	int err = ip_addr_del(ip->sh->host, w->spec.dev, w->spec.local,
			      w->has_plen || w->spec.peer ? w->spec.prefixlen : -1);
	if (err == -EADDRNOTAVAIL)
		return sh_fail(ip->sh, 2, "Error: ipv4: Address not found.\n");
	return ip_answer(ip, err);
}

static int address_change(struct ip *ip, bool del, bool replace)
{
	struct addr_words w = { .has_plen = false };
	for (int i = 1, bad; i < ip->argc; i++)
		if ((bad = addr_word(ip, &i, &w)))
			return bad;
	if (!w.spec.dev)
		return sh_fail(ip->sh, 1, "Not enough information: \"dev\" argument is required.\n");
	if (!ip_find_dev(ip, w.spec.dev))
		return 1;
	if (!w.spec.local && !w.has_plen)
		return ip_answer(ip, -EOPNOTSUPP);
	return del ? address_del(ip, &w) : address_add(ip, &w, replace);
}

int ip_address(struct ip *ip)
{
	const char *what = ip->argc ? ip->argv[0] : "show";
	if (ip_matches(what, "add"))
		return address_change(ip, false, false);
	if (ip_matches(what, "change") || strcmp(what, "chg") == 0 || ip_matches(what, "replace"))
		return address_change(ip, false, true);
	if (ip_matches(what, "delete"))
		return address_change(ip, true, false);
	if (ip_matches(what, "show") || ip_matches(what, "list") || ip_matches(what, "lst"))
		return address_show(ip);
	if (ip_matches(what, "flush"))
		return address_flush(ip);
	if (ip_matches(what, "help"))
		return sh_fail(
			ip->sh, 255,
			"Usage: ip address { add | change | replace } ADDR[/PREFIX] [ peer ADDR[/PREFIX] ]\n"
			"                   [ broadcast { ADDR | + | - } ] [ label NAME ] [ scope SCOPE ] "
			"dev DEV\n"
			"       ip address del ADDR[/PREFIX] dev DEV\n"
			"       ip address { show | flush } [ dev DEV ] [ scope SCOPE ] [ to PREFIX ] [ "
			"label LABEL ]\n"
			"                   [ primary | secondary ] [ up ]\n");
	return ip_unknown(ip, "address", what);
}
