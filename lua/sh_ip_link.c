/*
 * ip link:
 *
 *	ip [-s [-s]] [-d] [-br] [-o] link [show [dev] DEV] [up] [type vlan]
 *	ip link set [dev] DEV [up|down] [mtu N] [address MAC] [txqueuelen N]
 *		[promisc|allmulticast|multicast|arp on|off]
 *	ip link add link DEV [name] NAME type vlan id N [reorder_hdr on|off] [loose_binding on|off]
 *		[ingress-qos-map FROM:TO...] [egress-qos-map FROM:TO...]
 *	ip link del [dev] DEV
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lua/sh_ip.h"
#include "stack/boot.h"
#include "stack/interface/vlan.h"
#include "stack/interface/netdevice.h"

const char *ip_operstate(const struct net_device *dev)
{
	static const char *const names[] = { "UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN",
					     "TESTING", "DORMANT",    "UP" };
	return names[!netif_running(dev) ? IF_OPER_DOWN : dev->operstate <= IF_OPER_UP ? dev->operstate : 0];
}

static void say_flags(struct sh *sh, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *name;
	} names[] = {
		{ IFF_LOOPBACK, "LOOPBACK" },
		{ IFF_BROADCAST, "BROADCAST" },
		{ IFF_POINTOPOINT, "POINTOPOINT" },
		{ IFF_MULTICAST, "MULTICAST" },
		{ IFF_NOARP, "NOARP" },
		{ IFF_ALLMULTI, "ALLMULTI" },
		{ IFF_PROMISC, "PROMISC" },
		{ IFF_DEBUG, "DEBUG" },
		{ IFF_DYNAMIC, "DYNAMIC" },
		{ IFF_NOTRAILERS, "NOTRAILERS" },
		{ IFF_UP, "UP" },
		{ IFF_LOWER_UP, "LOWER_UP" },
		{ IFF_DORMANT, "DORMANT" },
	};
	const char *sep = "<";
	if ((flags & IFF_UP) && !(flags & IFF_RUNNING)) {
		sh_say(sh, "<NO-CARRIER");
		sep = ",";
	}
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].flag) {
			sh_say(sh, "%s%s", sep, names[i].name);
			sep = ",";
		}
	sh_say(sh, "%s>", *sep == '<' ? "<" : "");
}

struct counter_text {
	char s[24];
};

/* A counter, with -h in thousands of as many digits as people read: 1.23k, 12.3M, 123G. */
static struct counter_text counter_text(const struct ip *ip, u64 n)
{
	struct counter_text t;
	const char *prefix = "kMGTPE";
	u64 unit = ip->human, whole, scale = 100;
	int digits = 2;
	if (!unit || n < unit) {
		snprintf(t.s, sizeof(t.s), "%llu", (unsigned long long)n);
		return t;
	}
	while (n / ip->human >= unit && prefix[1]) {
		unit *= ip->human;
		prefix++;
	}
	for (whole = n / unit; digits > 0 && whole >= 10; whole /= 10, digits--)
		scale /= 10;
	u64 rounded = n / unit * scale + (n % unit * scale + unit / 2) / unit;
	int len = snprintf(t.s, sizeof(t.s), "%llu", (unsigned long long)(rounded / scale));
	if (digits)
		len += snprintf(t.s + len, sizeof(t.s) - (size_t)len, ".%0*llu", digits,
				(unsigned long long)(rounded % scale));
	snprintf(t.s + len, sizeof(t.s) - (size_t)len, "%c%s", *prefix, ip->human == 1024 ? "i" : "");
	return t;
}

/* A row of counters under its headings: each as wide as the heading or the widest value. */
static void say_counters(struct ip *ip, const char *title, const char *const *names, const u64 *values,
			 const int *widths, int n)
{
	struct sh *sh = ip->sh;
	sh_say(sh, "    %s", title);
	for (int i = 0; i < n; i++)
		sh_say(sh, "%s%*s", i ? " " : "", i ? widths[i] : widths[i] - (int)strlen(title), names[i]);
	sh_say(sh, "%s    ", ip_nl(ip));
	for (int i = 0; i < n; i++) {
		if (names[i][0])
			sh_say(sh, "%*s ", widths[i], counter_text(ip, values[i]).s);
		else if (i == 0)
			sh_say(sh, "%*s ", widths[i], "");
	}
}

void ip_link_stats(struct ip *ip, struct net_device *dev)
{
	static const char *const rx[] = { "bytes", "packets", "errors", "dropped", "missed", "mcast", "" },
				 *const tx[] = { "bytes",   "packets", "errors", "dropped",
						 "carrier", "collsns", "" },
				 *const rxe[] = { "", "length", "crc", "frame", "fifo", "overrun" },
				 *const txe[] = { "", "aborted", "fifo", "window", "heartbt", "transns" };
	struct rtnl_link_stats64 t;
	const struct rtnl_link_stats64 *s = dev_get_stats(dev, &t);
	u64 changes = (u64)(dev->carrier_up_count + dev->carrier_down_count);
	const u64 rows[4][7] = {
		{ s->rx_bytes, s->rx_packets, s->rx_errors, s->rx_dropped, s->rx_missed_errors, s->multicast,
		  0 },
		{ 0, s->rx_length_errors, s->rx_crc_errors, s->rx_frame_errors, s->rx_fifo_errors,
		  s->rx_over_errors, 0 },
		{ s->tx_bytes, s->tx_packets, s->tx_errors, s->tx_dropped, s->tx_carrier_errors,
		  s->collisions, 0 },
		{ 0, s->tx_aborted_errors, s->tx_fifo_errors, s->tx_window_errors, s->tx_heartbeat_errors,
		  changes, 0 },
	};
	int widths[] = { 10, 7, 6, 7, 7, 7, 10 };
	for (int r = 0; r<4; r += ip->stats> 1 ? 1 : 2)
		for (int c = 0; c < 7; c++) {
			int digits = (int)strlen(counter_text(ip, rows[r][c]).s);
			widths[c] = widths[c] < digits ? digits : widths[c];
		}
	say_counters(ip, "RX: ", rx, rows[0], widths, 7);
	if (ip->stats > 1) {
		sh_say(ip->sh, "%s", ip_nl(ip));
		say_counters(ip, "RX errors:", rxe, rows[1], widths, 6);
	}
	sh_say(ip->sh, "%s", ip_nl(ip));
	say_counters(ip, "TX: ", tx, rows[2], widths, 7);
	if (ip->stats > 1) {
		sh_say(ip->sh, "%s", ip_nl(ip));
		say_counters(ip, "TX errors:", txe, rows[3], widths, 6);
	}
	sh_say(ip->sh, "\n");
}

struct ip_dev_name ip_full_name(const struct net_device *dev)
{
	struct ip_dev_name n;
	bool vlan = is_vlan_dev(dev);
	snprintf(n.s, sizeof(n.s), "%s%s%s", dev->name, vlan ? "@" : "",
		 vlan ? vlan_dev_priv(dev)->real_dev->name : "");
	return n;
}

void ip_link_lines(struct ip *ip, const struct net_device *dev, bool mode)
{
	struct sh *sh = ip->sh;
	sh_say(sh, "%d: %s: ", dev->ifindex, ip_full_name(dev).s);
	say_flags(sh, dev_get_flags(dev));
	sh_say(sh, " mtu %u qdisc %s state %s %sgroup default qlen %u", dev->mtu, dev->qdisc->ops->id,
	       ip_operstate(dev), mode ? "mode DEFAULT " : "", dev->tx_queue_len);
	if ((ip->inet_only || ip->no_family) && !mode)
		return;
	sh_say(sh, "%s    link/%s ", ip_nl(ip), dev->type == ARPHRD_LOOPBACK ? "loopback" : "ether");
	sh_say(sh, "%s", sh_mac_text(dev->dev_addr).s);
	sh_say(sh, " brd ");
	sh_say(sh, "%s", sh_mac_text(dev->broadcast).s);
	if (ip->details)
		sh_say(sh,
		       " promiscuity %d  allmulti %d minmtu %u maxmtu %u numtxqueues %u numrxqueues %u "
		       "gso_max_size %u gso_max_segs %u ",
		       dev->promiscuity, dev->allmulti, dev->min_mtu, dev->max_mtu, dev->num_tx_queues,
		       dev->num_rx_queues, dev->gso_max_size, dev->gso_max_segs);
}

/* Which devices `show [dev DEV] [up] [type vlan]` means. */
struct selection {
	const char *dev;
	bool up, vlan, none; /* none: what no device is or has */
};

static int select_device(struct ip *ip, int *i, struct selection *sel)
{
	const char *word = ip->argv[*i], *value = NULL;
	bool type = strcmp(word, "type") == 0, group = strcmp(word, "group") == 0,
	     master = strcmp(word, "master") == 0, vrf = strcmp(word, "vrf") == 0,
	     dev = strcmp(word, "dev") == 0;
	long n;
	if (strcmp(word, "up") == 0 || strcmp(word, "nomaster") == 0) {
		sel->up |= word[0] == 'u';
		return 0;
	}
	if ((type || group || master || vrf || dev) && !(value = ip_next(ip, i)))
		return ip_incomplete(ip);
	if (vrf)
		return ip_bad_value(ip, value, "Not a valid VRF name");
	if (master && !__dev_get_by_name(ip->sh->host->net, value))
		return ip_bad_value(ip, value, "Device does not exist");
	if (group && strcmp(value, "default") != 0 && !sh_number(value, 0, INT32_MAX, &n))
		return ip_bad_value(ip, value, "Invalid \"group\" value");
	sel->vlan |= type && strcmp(value, "vlan") == 0;
	sel->none |= master || (type && strcmp(value, "vlan") != 0) ||
		     (group && strcmp(value, "default") != 0 && strcmp(value, "0") != 0);
	if (type || group || master)
		return 0;
	if (sel->dev)
		return ip_garbage(ip, "dev", value ? value : word);
	sel->dev = value ? value : word;
	return 0;
}

static bool selected(const struct selection *sel, const struct net_device *dev)
{
	return !sel->none && (!sel->dev || strcmp(sel->dev, dev->name) == 0) &&
	       (!sel->up || dev->flags & IFF_UP) && (!sel->vlan || is_vlan_dev(dev));
}

static int link_show(struct ip *ip, int from)
{
	struct selection sel = { 0 };
	struct sh *sh = ip->sh;
	struct net_device *dev;
	for (int i = from, bad; i < ip->argc; i++)
		if ((bad = select_device(ip, &i, &sel)))
			return bad;
	if (sel.dev && !__dev_get_by_name(sh->host->net, sel.dev))
		return sh_fail(sh, 1, "Device \"%s\" does not exist.\n", sel.dev);
	for_each_netdev(sh->host->net, dev)
	{
		if (!selected(&sel, dev))
			continue;
		if (ip->brief) {
			sh_say(sh, "%-16s %-14s ", ip_full_name(dev).s, ip_operstate(dev));
			sh_say(sh, "%s", sh_mac_text(dev->dev_addr).s);
			sh_say(sh, " ");
			say_flags(sh, dev_get_flags(dev));
			sh_say(sh, " \n");
			continue;
		}
		ip_link_lines(ip, dev, true);
		if (ip->stats) {
			sh_say(sh, "%s", ip_nl(ip));
			ip_link_stats(ip, dev);
		} else {
			sh_say(sh, "\n");
		}
	}
	return 0;
}

/* What `ip link set` changes. */
struct link_change {
	const char *dev;
	unsigned flags, change;			 /* IFF_*: new values, which of them */
	bool has_mtu, has_queue, has_mac, other; /* other: what no device of ours can */
	int mtu;
	long queue;
	uint8_t mac[6];
};

/* A word that is "on" or "off" for a flag; 0, or the status of a mistake. */
static int link_switch(struct ip *ip, int *i, struct link_change *c, unsigned flag, bool inverse)
{
	const char *word = ip->argv[*i], *value = ip_next(ip, i);
	if (!value)
		return ip_incomplete(ip);
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return sh_fail(ip->sh, 1, "Error: argument of \"%s\" must be \"on\" or \"off\", not \"%s\"\n",
			       word, value);
	bool on = (strcmp(value, "on") == 0) != inverse;
	c->change |= flag;
	c->flags = on ? c->flags | flag : c->flags & ~flag;
	return 0;
}

/* A number as get_integer() of iproute2 reads it. */
static bool link_number(const char *word, int *value)
{
	char *end;
	long n = strtol(word, &end, 0);
	*value = (int)n;
	return end != word && !*end && n >= INT32_MIN && n <= INT32_MAX;
}

/* mtu, address, txqueuelen and their value. */
static int link_value(struct ip *ip, const char *word, const char *value, struct link_change *c)
{
	bool *has = word[0] == 'm' ? &c->has_mtu : &c->has_queue;
	int queue;
	if (word[0] == 'a') {
		int bytes = sh_mac_bytes(value, c->mac);
		c->has_mac = true;
		return bytes < 0 ? sh_fail(ip->sh, 1, "\"%s\" is invalid lladdr.\n", value)
		       : bytes == 6
			       ? 0
			       : sh_fail(ip->sh, 1, "Invalid address length %d - must be 6 bytes\n", bytes);
	}
	if (*has)
		return sh_fail(ip->sh, 255, "Error: duplicate \"%s\": \"%s\" is the second value.\n",
			       word[0] == 'm' ? "mtu" : "txqueuelen", value);
	*has = true;
	if (word[0] == 'm')
		return link_number(value, &c->mtu) ? 0 : ip_bad_value(ip, value, "Invalid \"mtu\" value");
	if (!link_number(value, &queue))
		return ip_bad_value(ip, value, "Invalid \"txqueuelen\" value");
	c->queue = queue < 0 ? (long)UINT32_MAX + 1 + queue : queue;
	return 0;
}

static int link_word(struct ip *ip, int *i, struct link_change *c)
{
	static const struct {
		const char *name;
		unsigned flag;
		bool inverse;
	} switches[] = { { "promisc", IFF_PROMISC, false },	{ "allmulticast", IFF_ALLMULTI, false },
			 { "multicast", IFF_MULTICAST, false }, { "arp", IFF_NOARP, true },
			 { "dynamic", IFF_DYNAMIC, false },	{ "trailers", IFF_NOTRAILERS, true } };
	static const char *const values[] = { "mtu",   "address", "txqueuelen", "txqlen",      "qlen",
					      "name",  "index",	  "alias",	"group",       "master",
					      "netns", "carrier", "broadcast",	"brd",	       "peer",
					      "mode",  "state",	  "protodown",	"addrgenmode", "dev",
					      NULL };
	const char *word = ip->argv[*i], *value = NULL;
	int k = sh_find(values, word);
	for (unsigned n = 0; n < sizeof(switches) / sizeof(switches[0]); n++)
		if (strcmp(word, switches[n].name) == 0)
			return link_switch(ip, i, c, switches[n].flag, switches[n].inverse);
	if (strcmp(word, "up") == 0 || strcmp(word, "down") == 0) {
		c->change |= IFF_UP;
		c->flags = word[0] == 'u' ? c->flags | IFF_UP : c->flags & ~(unsigned)IFF_UP;
		return 0;
	}
	if (values[k] && !(value = ip_next(ip, i)))
		return ip_incomplete(ip);
	if (k < 5)
		return link_value(ip, word, value, c);
	c->other |= values[k] && strcmp(word, "dev") != 0;
	if (values[k] && strcmp(word, "dev") != 0)
		return 0;
	if (c->dev)
		return ip_garbage(ip, "dev", values[k] ? value : word);
	c->dev = values[k] ? value : word;
	return 0;
}

/* In the order of the kernel's do_setlink(). */
static int link_apply(struct net_device *dev, const struct link_change *c)
{
	int err = c->has_mac ? dev_set_mac_address(dev, c->mac, sizeof(c->mac)) : 0;
	if (!err && c->has_mtu)
		err = dev_set_mtu(dev, c->mtu);
	if (!err && c->change)
		err = dev_change_flags(dev, (dev_get_flags(dev) & ~c->change) | c->flags);
	if (!err && c->has_queue)
		dev->tx_queue_len = (unsigned)c->queue;
	return !err && c->other ? -EOPNOTSUPP : err;
}

static int link_set(struct ip *ip)
{
	struct sh *sh = ip->sh;
	struct link_change c = { .dev = NULL };
	int err;
	for (int i = 1, bad; i < ip->argc; i++)
		if ((bad = link_word(ip, &i, &c)))
			return bad;
	if (!c.dev)
		return sh_fail(sh, 255, "Not enough information: \"dev\" argument is required.\n");
	struct net_device *dev = ip_find_dev(ip, c.dev);
	if (!dev)
		return 1;
	if (c.has_mtu && (c.mtu < 0 || (unsigned)c.mtu < dev->min_mtu))
		return sh_fail(sh, 2, "Error: mtu less than device minimum.\n");
	if (c.has_mtu && dev->max_mtu && (unsigned)c.mtu > dev->max_mtu)
		return sh_fail(sh, 2, "Error: mtu greater than device maximum.\n");
	rtnl_lock(sh->host);
	err = link_apply(dev, &c);
	rtnl_unlock(sh->host);
	return ip_answer(ip, err);
}

/* ---- VLAN devices ---- */

/* FROM:TO after argv[*i], as many as there are. */
static int vlan_qos(struct ip *ip, const char *name, bool egress, int *i)
{
	unsigned from, to;
	int n = 0;
	for (; *i + 1 < ip->argc && sscanf(ip->argv[*i + 1], "%u:%u", &from, &to) == 2; ++*i, n++) {
		int err = host_vlan_qos(ip->sh->host, name, egress, from, to);
		if (err)
			return ip_answer(ip, err);
	}
	return n ? 0 : ip_bad_value(ip, *i + 1 < ip->argc ? ip->argv[*i + 1] : "", "qos-map is invalid");
}

/* The words of `ip link add`. */
struct vlan_words {
	const char *real, *name, *type;
	long id;
	unsigned flags;
	int ingress, egress; /* where the maps are; 0: none */
};

/* One word (with its value) at argv[*i]. 0, or the status of a mistake. */
static int vlan_word(struct ip *ip, int *i, struct vlan_words *w)
{
	const char *word = ip->argv[*i], *value;
	bool ingress = strcmp(word, "ingress-qos-map") == 0, egress = strcmp(word, "egress-qos-map") == 0;
	if (ingress || egress) {
		*(ingress ? &w->ingress : &w->egress) = *i;
		while (*i + 1 < ip->argc && strchr(ip->argv[*i + 1], ':'))
			++*i;
		return 0;
	}
	if (strcmp(word, "link") != 0 && strcmp(word, "name") != 0 && strcmp(word, "type") != 0 &&
	    strcmp(word, "id") != 0 && strcmp(word, "reorder_hdr") != 0 &&
	    strcmp(word, "loose_binding") != 0) {
		if (w->type)
			return sh_fail(ip->sh, 255, "vlan: unknown command \"%s\"?\n", word);
		if (w->name)
			return ip_garbage(ip, "dev", word);
		w->name = word;
		return 0;
	}
	if (!(value = ip_next(ip, i)))
		return ip_incomplete(ip);
	if (strcmp(word, "link") == 0)
		w->real = value;
	else if (strcmp(word, "name") == 0)
		w->name = value;
	else if (strcmp(word, "type") == 0)
		w->type = value;
	else if (strcmp(word, "id") == 0 && !sh_number(value, 0, 4095, &w->id))
		return ip_bad_value(ip, value, "id is invalid");
	else if (word[0] == 'r' && strcmp(value, "off") == 0)
		w->flags &= ~(unsigned)VLAN_FLAG_REORDER_HDR;
	else if (word[0] == 'l' && strcmp(value, "on") == 0)
		w->flags |= VLAN_FLAG_LOOSE_BINDING;
	return 0;
}

static int link_add(struct ip *ip)
{
	struct vlan_words w = { .id = -1, .flags = VLAN_FLAG_REORDER_HDR };
	char name[IFNAMSIZ];
	struct sh *sh = ip->sh;
	int bad = 0, err;
	for (int i = 1; i < ip->argc && !bad; i++)
		bad = vlan_word(ip, &i, &w);
	if (bad)
		return bad;
	if (!w.type)
		return sh_fail(sh, 1, "Not enough information: \"type\" argument is required\n");
	if (w.real && !ip_find_dev(ip, w.real))
		return 1;
	if (strcmp(w.type, "vlan") != 0)
		return sh_fail(sh, 2, "Error: Unknown device type.\n");
	if (w.id < 0)
		return sh_fail(sh, 2, "Error: 8021q: VLAN properties not specified.\n");
	if (!w.real)
		return sh_fail(sh, 2, "Error: 8021q: link not specified.\n");
	for (int n = 0; !w.name; n++) { /* the kernel's own name */
		snprintf(name, sizeof(name), "vlan%d", n);
		w.name = __dev_get_by_name(sh->host->net, name) ? NULL : name;
	}
	err = host_vlan_add(sh->host, w.real, w.name, (int)w.id, w.flags);
	if (err)
		return ip_answer(ip, err);
	if (w.ingress)
		bad = vlan_qos(ip, w.name, false, &w.ingress);
	if (w.egress && !bad)
		bad = vlan_qos(ip, w.name, true, &w.egress);
	return bad;
}

static int link_del(struct ip *ip)
{
	int i = ip->argc > 1 && strcmp(ip->argv[1], "dev") == 0 ? 2 : 1;
	if (i >= ip->argc)
		return sh_fail(ip->sh, 255, "Not enough information: \"dev\" argument is required.\n");
	if (!ip_find_dev(ip, ip->argv[i]))
		return 1;
	return ip_answer(ip, host_link_del(ip->sh->host, ip->argv[i]));
}

int ip_link(struct ip *ip)
{
	const char *what = ip->argc ? ip->argv[0] : "show";
	if (ip_matches(what, "add"))
		return link_add(ip);
	if (ip_matches(what, "delete"))
		return link_del(ip);
	if (ip_matches(what, "set"))
		return link_set(ip);
	if (ip_matches(what, "show") || ip_matches(what, "list") || ip_matches(what, "lst"))
		return link_show(ip, 1);
	if (ip_matches(what, "help"))
		return sh_fail(
			ip->sh, 255,
			"Usage: ip link add link DEV [ name ] NAME type vlan id N [ reorder_hdr { on | off } "
			"]\n"
			"                   [ loose_binding { on | off } ] [ ingress-qos-map FROM:TO ... ]\n"
			"                   [ egress-qos-map FROM:TO ... ]\n"
			"       ip link delete { DEV | dev DEV }\n"
			"       ip link set { DEV | dev DEV } [ { up | down } ] [ mtu N ] [ address MAC ] [ "
			"txqueuelen N ]\n"
			"                   [ { promisc | allmulticast | multicast | arp | dynamic | "
			"trailers } { on | off } ]\n"
			"       ip link show [ DEV | group default ] [ up ] [ master DEV ] [ nomaster ] [ "
			"type TYPE ]\n");
	return ip_unknown(ip, "link", what);
}
