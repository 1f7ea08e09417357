/*
 * netstat, which reads /proc/net as the real one does:
 *
 *	netstat [-46tuw] [-a|-l] [-e] [-n] [-o] [-p] [-W]	sockets
 *	netstat -r [-n] [-e]; netstat -i [-a]; netstat -s; netstat -g
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lua/sh.h"
#include "lua/sh_netstat.h"
#include "stack/interface/netdevice.h"
#include "stack/internet/devinet.h"
#include "stack/internet/igmp.h"
#include "stack/proc.h"

struct netstat {
	struct sh *sh;
	bool tcp, udp, raw, all, listening, numeric, timers, owners, wide, routes, interfaces, statistics,
		groups, four, six, local, cache, masquerade, numeric_hosts, numeric_ports;
	int extended;
	const char *proto; /* of the lines at hand */
};

/* A socket's line of /proc/net/tcp, udp or raw. */
struct sock_line {
	unsigned local, local_port, remote, remote_port, state, tx, rx, timer, retransmits, uid, timeout,
		inode;
	unsigned long when;
};

static struct sh_port raw_port(unsigned port, bool numeric)
{
	struct sh_port p;
	if (!port)
		strcpy(p.s, "*");
	else if (!numeric && port == IPPROTO_ICMP)
		strcpy(p.s, "icmp");
	else
		snprintf(p.s, sizeof(p.s), "%u", port);
	return p;
}

/* "10.0.2.2:http", in 23 characters (but with -W): the port stays whole. */
static void endpoint(const struct netstat *ns, unsigned addr, unsigned port, char buf[64])
{
	struct sh_port p = ns->proto[0] == 'r' ? raw_port(port, ns->numeric || ns->numeric_ports)
					       : sh_port(ns->proto, port, ns->numeric || ns->numeric_ports);
	const char *name = ns->numeric || ns->numeric_hosts ? NULL : sh_name_of(ns->sh, addr);
	struct sh_ip ip = sh_ip(addr);
	snprintf(buf, 64, "%.*s:%s", (ns->wide ? 62 : 22) - (int)strlen(p.s), name ? name : ip.s, p.s);
}

static void timer_column(const struct netstat *ns, const struct sock_line *s)
{
	static const char *const names[] = { "off", "on", "keepalive", "timewait", "probe" };
	sh_say(ns->sh, "%s (%lu.%02lu/%u/%u)", names[s->timer < 5 ? s->timer : 0], s->when / 100,
	       s->when % 100, s->retransmits, s->timeout);
}

static void sock_print(struct netstat *ns, const char *line)
{
	static const char *const states[] = { "",	    "ESTABLISHED", "SYN_SENT",	"SYN_RECV",
					      "FIN_WAIT1",  "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
					      "CLOSE_WAIT", "LAST_ACK",	   "LISTEN",	"CLOSING" };
	struct sock_line s;
	char local[64], remote[64], state[12];
	if (sscanf(line, "%*u: %x:%x %x:%x %x %x:%x %x:%lx %x %u %u %u", &s.local, &s.local_port, &s.remote,
		   &s.remote_port, &s.state, &s.tx, &s.rx, &s.timer, &s.when, &s.retransmits, &s.uid,
		   &s.timeout, &s.inode) != 13)
		return;
	bool connected = ns->proto[0] == 'r' ? s.remote != 0 : s.remote_port != 0;
	if (!ns->all && (ns->listening ? connected : !connected))
		return;
	if (ns->proto[0] == 'r')
		snprintf(state, sizeof(state), "%u", s.state);
	else if (ns->proto[0] == 'u' && s.state != 1)
		state[0] = '\0';
	else
		snprintf(state, sizeof(state), "%s", states[s.state < 12 ? s.state : 0]);
	endpoint(ns, s.local, s.local_port, local);
	endpoint(ns, s.remote, s.remote_port, remote);
	sh_say(ns->sh, "%-4s  %6u %6u %-23s %-23s %-11s", ns->proto, s.rx, s.tx, local, remote, state);
	if (ns->extended)
		sh_say(ns->sh, " %-10s %-9u", s.uid || ns->numeric ? "0" : "root", s.inode);
	if (ns->owners) {
		struct sh_owner o;
		char text[24] = "-";
		if (sh_socket_owner(ns->sh, s.inode, 0, &o))
			snprintf(text, sizeof(text), "%u/%s", o.pid, o.name);
		sh_say(ns->sh, " %-19.19s", text);
	}
	if (ns->timers) {
		sh_say(ns->sh, " ");
		timer_column(ns, &s);
	}
	sh_say(ns->sh, "\n");
}

/* Calls fn for each line of a file of /proc but the headings. */
static void for_lines(struct netstat *ns, const char *path, int headings,
		      void (*fn)(struct netstat *ns, const char *line))
{
	struct seq_file m = { .host = ns->sh->host };
	char *save = NULL;
	proc_show(&m, path);
	for (char *line = m.buf ? strtok_r(m.buf, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (headings-- <= 0)
			fn(ns, line);
	seq_release(&m);
}

static int list_sockets(struct netstat *ns)
{
	bool every = !ns->tcp && !ns->udp && !ns->raw, internet = !ns->local || !every;
	const char *which = ns->all	    ? "(servers and established)"
			    : ns->listening ? "(only servers)"
					    : "(w/o servers)";
	static const char *const protos[] = { "tcp", "udp", "raw" };
	const bool wanted[] = { ns->tcp, ns->udp, ns->raw };
	char path[32];
	if (internet)
		sh_say(ns->sh, "Active Internet connections %s\n", which);
	if (internet)
		sh_say(ns->sh,
		       "Proto Recv-Q Send-Q Local Address           Foreign Address         State      "
		       "%s%s%s\n",
		       ns->extended ? " User       Inode    " : "", ns->owners ? " PID/Program name   " : "",
		       ns->timers ? " Timer" : "");
	for (unsigned i = 0; i < 3 && internet && (!ns->six || ns->four); i++) {
		if (!every && !wanted[i])
			continue;
		ns->proto = protos[i];
		snprintf(path, sizeof(path), "/proc/net/%s", protos[i]);
		for_lines(ns, path, 1, sock_print);
	}
	if (ns->local || (every && !ns->four && !ns->six))
		sh_say(ns->sh,
		       "Active UNIX domain sockets %s\n"
		       "Proto RefCnt Flags       Type       State         I-Node   Path\n",
		       which);
	return 0;
}

/* ---- interfaces ---- */

/* "1.4 KiB", as ifconfig writes it. */
static void say_bytes(struct sh *sh, const char *way, unsigned long long packets, unsigned long long bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	unsigned long long unit = 1;
	int i = 0;
	for (; i < 4 && bytes / unit >= 1024; i++)
		unit *= 1024;
	sh_say(sh, "        %s packets %llu  bytes %llu (%llu.%llu %s)\n", way, packets, bytes, bytes / unit,
	       bytes % unit * 10 / unit, units[i]);
}

/* -ie: as ifconfig has it. */
static void interface_long(struct netstat *ns, const struct net_device *dev, const unsigned long long *v)
{
	static const struct {
		unsigned flag;
		const char *name;
	} names[] = { { IFF_UP, "UP" },
		      { IFF_BROADCAST, "BROADCAST" },
		      { IFF_DEBUG, "DEBUG" },
		      { IFF_LOOPBACK, "LOOPBACK" },
		      { IFF_RUNNING, "RUNNING" },
		      { IFF_NOARP, "NOARP" },
		      { IFF_PROMISC, "PROMISC" },
		      { IFF_ALLMULTI, "ALLMULTI" },
		      { IFF_MULTICAST, "MULTICAST" },
		      { IFF_DYNAMIC, "DYNAMIC" } };
	struct sh *sh = ns->sh;
	unsigned flags = dev_get_flags(dev) & 0xffff;
	bool loop = dev->type == ARPHRD_LOOPBACK, some = false;
	sh_say(sh, "%s: flags=%u<", dev->name, flags);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag) {
			sh_say(sh, "%s%s", some ? "," : "", names[i].name);
			some = true;
		}
	sh_say(sh, ">  mtu %u\n", dev->mtu);
	const struct in_ifaddr *ifa = dev->ip_ptr ? dev->ip_ptr->ifa_list : NULL;
	if (ifa) {
		sh_say(sh, "        inet %s  netmask %s", sh_ip(ifa->ifa_local).s, sh_ip(ifa->ifa_mask).s);
		if (flags & IFF_BROADCAST)
			sh_say(sh, "  broadcast %s", sh_ip(ifa->ifa_broadcast).s);
		sh_say(sh, "\n");
	}
	if (loop)
		sh_say(sh, "        loop  txqueuelen %u  (Local Loopback)\n", dev->tx_queue_len);
	else
		sh_say(sh, "        ether %s  txqueuelen %u  (Ethernet)\n", sh_mac_text(dev->dev_addr).s,
		       dev->tx_queue_len);
	say_bytes(sh, "RX", v[1], v[0]);
	sh_say(sh, "        RX errors %llu  dropped %llu  overruns %llu  frame %llu\n", v[2], v[3], v[4],
	       v[5]);
	say_bytes(sh, "TX", v[9], v[8]);
	sh_say(sh, "        TX errors %llu  dropped %llu overruns %llu  carrier %llu  collisions %llu\n\n",
	       v[10], v[11], v[12], v[14], v[13]);
}

static void interface_print(struct netstat *ns, const char *line)
{
	static const struct {
		unsigned flag;
		char letter;
	} letters[] = {
		{ IFF_ALLMULTI, 'A' }, { IFF_BROADCAST, 'B' }, { IFF_DEBUG, 'D' },
		{ IFF_LOOPBACK, 'L' }, { IFF_PROMISC, 'P' },   { IFF_MULTICAST, 'M' },
		{ IFF_NOARP, 'O' },    { IFF_RUNNING, 'R' },   { IFF_UP, 'U' },
	};
	unsigned long long v[16];
	char name[IFNAMSIZ], flags[12];
	int at = 0, n = 0;
	if (sscanf(line, " %15[^:]:%n", name, &at) != 1)
		return;
	for (char *end; n < 16; n++, at = (int)(end - line))
		v[n] = strtoull(line + at, &end, 10);
	const struct net_device *dev = __dev_get_by_name(ns->sh->host->net, name);
	if (!ns->all && !(dev->flags & IFF_UP))
		return;
	if (ns->extended)
		return interface_long(ns, dev, v);
	n = 0;
	for (unsigned i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (dev_get_flags(dev) & letters[i].flag)
			flags[n++] = letters[i].letter;
	flags[n] = '\0';
	sh_say(ns->sh, "%-15.15s %5u %8llu %6llu %6llu %-6llu %8llu %6llu %6llu %6llu %s\n", name, dev->mtu,
	       v[1], v[2], v[3], v[4], v[9], v[10], v[11], v[12], flags);
}

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order of names. */
static int list_interfaces(struct netstat *ns)
{
	struct seq_file m = { .host = ns->sh->host };
	char *lines[64], *save = NULL;
	size_t n = 0;
	sh_say(ns->sh, "Kernel Interface table\n");
	if (!ns->extended)
		sh_say(ns->sh, "Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP "
			       "TX-OVR Flg\n");
	proc_show(&m, "/proc/net/dev");
	for (char *line = m.buf ? strtok_r(m.buf, "\n", &save) : NULL; line && n < ARRAY_SIZE(lines);
	     line = strtok_r(NULL, "\n", &save))
		if (strchr(line, ':'))
			lines[n++] = line + strspn(line, " ");
	qsort(lines, n, sizeof(lines[0]), name_cmp);
	for (size_t i = 0; i < n; i++)
		interface_print(ns, lines[i]);
	seq_release(&m);
	return 0;
}

/* ---- groups ---- */

static int list_groups(struct netstat *ns)
{
	const struct net_device *dev;
	sh_say(ns->sh, "IPv6/IPv4 Group Memberships\n"
		       "Interface       RefCnt Group\n--------------- ------ ---------------------\n");
	for_each_netdev(ns->sh->host->net, dev)
	{
		const struct in_device *in_dev = dev->ip_ptr;
		for (const struct ip_mc_list *im = in_dev ? in_dev->mc_list : NULL; im; im = im->next)
			sh_say(ns->sh, "%-15s %-6d %s\n", dev->name, im->users, sh_ip(im->multiaddr).s);
	}
	return 0;
}

/* ---- the command ---- */

static const struct sh_long longs[] = {
	{ "tcp", 't' },
	{ "udp", 'u' },
	{ "raw", 'w' },
	{ "all", 'a' },
	{ "listening", 'l' },
	{ "numeric", 'n' },
	{ "timers", 'o' },
	{ "route", 'r' },
	{ "interfaces", 'i' },
	{ "statistics", 's' },
	{ "programs", 'p' },
	{ "extend", 'e' },
	{ "wide", 'W' },
	{ "verbose", 'v' },
	{ "groups", 'g' },
	{ "inet", '4' },
	{ "inet6", '6' },
	{ "unix", 'x' },
	{ "protocol", 'A' },
	{ "cache", 'C' },
	{ "masquerade", 'M' },
	{ "help", 'h' },
	{ "numeric-users", '3' },
	{ "version", 'V' },
	{ "numeric-hosts", '1' },
	{ "numeric-ports", '2' },
	{ "symbolic", 'N' },
	{ "fib", 'F' },
	{ NULL, 0 },
};

static int netstat_usage(struct sh *sh, int status)
{
	return sh_fail(sh, status,
		       "usage: netstat [-46tuwx] [-A inet|inet6|unix] [-aelnopW]\n"
		       "       netstat -r [-neeCF] | -i [-ae] | -s [-tuw] | -g\n"
		       "       netstat {-V|--version|-h|--help}\n");
}

/* -A FAMILY */
static bool netstat_family(struct netstat *ns, const char *name)
{
	bool *const flag = strcmp(name, "inet") == 0	? &ns->four
			   : strcmp(name, "inet6") == 0 ? &ns->six
			   : strcmp(name, "unix") == 0	? &ns->local
							: NULL;
	if (flag)
		*flag = true;
	return flag;
}

int sh_netstat(struct sh *sh)
{
	struct netstat ns = { .sh = sh };
	sh->longs = longs;
	for (int c; (c = sh_getopt(sh, "tuwxalnorispeWvg46VNFChMA:123"));)
		switch (c) {
		case 'p':
			ns.owners = true;
			break;
		case 'e':
			ns.extended++;
			break;
		case 'g':
			ns.groups = true;
			break;
		case '6':
			ns.six = true;
			break;
		case '4':
			ns.four = true;
			break;
		case 'x':
			ns.local = true;
			break;
		case 'C':
			ns.cache = true;
			break;
		case 'M':
			ns.masquerade = true;
			break;
		case '1':
			ns.numeric_hosts = true;
			break;
		case '2':
			ns.numeric_ports = true;
			break;
		case 'A':
			if (!netstat_family(&ns, sh->arg))
				return sh_fail(sh, 1, "Unknown address family `%s'.\n", sh->arg);
			break;
		case '3':
		case 'v':
		case 'N':
		case 'F':
			break; /* as it is */
		case 'W':
			ns.wide = true;
			break;
		case 'V':
			sh_say(sh, "net-tools 2.10\n");
			return 0;
		case 't':
			ns.tcp = true;
			break;
		case 'u':
			ns.udp = true;
			break;
		case 'w':
			ns.raw = true;
			break;
		case 'a':
			ns.all = true;
			break;
		case 'l':
			ns.listening = true;
			break;
		case 'n':
			ns.numeric = true;
			break;
		case 'o':
			ns.timers = true;
			break;
		case 'r':
			ns.routes = true;
			break;
		case 'i':
			ns.interfaces = true;
			break;
		case 's':
			ns.statistics = true;
			break;
		default:
			if (c != 'h')
				sh_bad_option(sh, c);
			return netstat_usage(sh, c == 'h' ? 0 : 3);
		}
	if (ns.routes + ns.interfaces + ns.statistics + ns.groups > 1)
		return netstat_usage(sh, 3);
	if (ns.masquerade)
		return sh_fail(sh, 1, "netstat: no support for `ip_masquerade' on this system.\n");
	if (ns.routes && ns.cache)
		return sh_list_cache(sh, ns.extended == 1 ? 0 : 1);
	if (ns.routes && ns.six)
		return sh_list_routes6(sh);
	if (ns.routes)
		return sh_list_routes(sh, ns.numeric,
				      ns.extended == 0	 ? 1
				      : ns.extended == 1 ? 0
							 : ns.extended);
	if (ns.groups)
		return list_groups(&ns);
	if (ns.interfaces)
		return list_interfaces(&ns);
	if (ns.statistics)
		return netstat_statistics(sh, ns.tcp, ns.udp, ns.raw);
	return list_sockets(&ns);
}
