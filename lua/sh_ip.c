/* ip: options, objects by their names or the beginning of them, and the small ones: rule,
 * maddress. */
#include "lua/sh_ip.h"

#include <errno.h>
#include <string.h>

#include "stack/interface/netdevice.h"
#include "stack/internet/devinet.h"
#include "stack/internet/igmp.h"

bool ip_matches(const char *word, const char *full)
{
	return *word && strncmp(word, full, strlen(word)) == 0;
}

const char *ip_next(struct ip *ip, int *i)
{
	return ++*i < ip->argc ? ip->argv[*i] : NULL;
}

int ip_incomplete(struct ip *ip)
{
	return sh_fail(ip->sh, 255, "Command line is not complete. Try option \"help\"\n");
}

int ip_unknown(struct ip *ip, const char *object, const char *word)
{
	return sh_fail(ip->sh, 255, "Command \"%s\" is unknown, try \"ip %s help\".\n", word, object);
}

int ip_bad_prefix(struct ip *ip, const char *word)
{
	return sh_fail(ip->sh, 1, "Error: any valid prefix is expected rather than \"%s\".\n", word);
}

int ip_bad_value(struct ip *ip, const char *value, const char *what)
{
	return sh_fail(ip->sh, 255, "Error: argument \"%s\" is wrong: %s\n\n", value, what);
}

int ip_garbage(struct ip *ip, const char *what, const char *word)
{
	return sh_fail(ip->sh, 255, "Error: either \"%s\" is duplicate, or \"%s\" is a garbage.\n", what,
		       word);
}

int ip_answer(struct ip *ip, int err)
{
	return err < 0 ? sh_fail(ip->sh, 2, "RTNETLINK answers: %s\n", strerrordesc_np(-err)) : 0;
}

void ip_say_flush(struct ip *ip, int n, const char *entries)
{
	if (ip->stats && !n)
		sh_say(ip->sh, "Nothing to flush.\n");
	else if (ip->stats)
		sh_say(ip->sh, "\n*** Round 1, deleting %d %s ***\n*** Flush is complete after 1 round ***\n",
		       n, entries);
}

const char *ip_nl(const struct ip *ip)
{
	return ip->oneline ? "\\" : "\n";
}

struct net_device *ip_find_dev(struct ip *ip, const char *name)
{
	struct net_device *dev = __dev_get_by_name(ip->sh->host->net, name);
	if (!dev)
		seq_printf(&ip->sh->err, "Cannot find device \"%s\"\n", name);
	return dev;
}

/* ---- ip rule, ip maddress ---- */

/* There are no others than those of every Linux. */
static int ip_rule(struct ip *ip)
{
	const char *what = ip->argc ? ip->argv[0] : "show";
	const char *by = ip->details ? " proto kernel" : "";
	if (ip_matches(what, "help"))
		return sh_fail(ip->sh, 255, "Usage: ip rule [ list ]\n");
	if (!ip_matches(what, "show") && !ip_matches(what, "list") && !ip_matches(what, "lst"))
		return ip_unknown(ip, "rule", what);
	sh_say(ip->sh, "0:\tfrom all lookup local%s\n32766:\tfrom all lookup main%s\n", by, by);
	sh_say(ip->sh, "32767:\tfrom all lookup default%s\n", by);
	return 0;
}

/* A line on an address: with -o the device's name begins it. */
static void maddr_line(struct ip *ip, const struct net_device *dev, const char *kind, const char *addr,
		       int users)
{
	if (ip->oneline)
		sh_say(ip->sh, "%d:\t%s\\", dev->ifindex, dev->name);
	sh_say(ip->sh, "\t%s %s", kind, addr);
	if (users > 1)
		sh_say(ip->sh, " users %d", users);
	sh_say(ip->sh, "\n");
}

static void maddr_device(struct ip *ip, const struct net_device *dev)
{
	const struct netdev_hw_addr *ha;
	if (!ip->oneline)
		sh_say(ip->sh, "%d:\t%s\n", dev->ifindex, dev->name);
	if (!ip->inet_only && dev->type != ARPHRD_LOOPBACK)
		list_for_each_entry (ha, &dev->mc.list, list)
			maddr_line(ip, dev, "link ", sh_mac_text(ha->addr).s, ha->refcount);
	for (const struct ip_mc_list *im = dev->ip_ptr && !ip->link_only ? dev->ip_ptr->mc_list : NULL; im;
	     im = im->next)
		maddr_line(ip, dev, "inet ", sh_ip(im->multiaddr).s, im->users);
}

static int ip_maddress(struct ip *ip)
{
	const struct net_device *dev, *only = NULL;
	const char *what = ip->argc ? ip->argv[0] : "show";
	int i = 1;
	if (ip_matches(what, "help"))
		return sh_fail(ip->sh, 255, "Usage: ip maddr [ show [ dev DEV ] ]\n");
	if (!ip_matches(what, "show") && !ip_matches(what, "list") && !ip_matches(what, "lst"))
		return ip_unknown(ip, "maddr", what);
	if (i < ip->argc && strcmp(ip->argv[i], "dev") == 0)
		i++;
	if (i < ip->argc && !(only = __dev_get_by_name(ip->sh->host->net, ip->argv[i])))
		return 0; /* of which there is nothing to say */
	for_each_netdev(ip->sh->host->net, dev) if (!only || only == dev) maddr_device(ip, dev);
	return 0;
}

/* ---- the command ---- */

static int ip_usage(struct sh *sh)
{
	return sh_fail(
		sh, 255,
		"Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n"
		"where  OBJECT := { address | link | maddress | neighbour | route | rule }\n"
		"       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -br[ief] | -o[neline] |\n"
		"                    -h[uman-readable] | -iec | -f[amily] { inet | inet6 | link } |\n"
		"                    -4 | -6 | -0 }\n");
}

/* -f FAMILY; 0, or the status of a mistake. */
static int ip_family(struct ip *ip, const char *family)
{
	if (strcmp(family, "help") == 0)
		return ip_usage(ip->sh);
	if (strcmp(family, "inet") == 0)
		ip->inet_only = true;
	else if (strcmp(family, "link") == 0)
		ip->link_only = true;
	else if (strcmp(family, "inet6") == 0 || strcmp(family, "mpls") == 0 || strcmp(family, "bridge") == 0)
		ip->no_family = true;
	else
		return sh_fail(ip->sh, 255, "Error: argument \"%s\" is wrong: invalid protocol family\n",
			       family);
	return 0;
}

/* An option at words[*i], with its argument if it has one; 0, the status of a mistake, or -1: that was all.
 */
static int ip_option(struct ip *ip, int *i)
{
	/* what they would change is nothing that there is here: colours, names of addresses, blanks */
	static const char *const idle[] = { "resolve", "timestamp", "tshort", "force", "pretty",
					    "Numeric", "all",	    "echo",   NULL };
	static const struct {
		const char *name;
		char letter;
	} arguments[] = { { "loops", 'l' }, { "netns", 'n' }, { "rcvbuf", 'r' }, { "family", 'f' } };
	struct sh *sh = ip->sh;
	const char *word = sh->words[*i], *opt = word + (word[1] == '-' ? 2 : 1);
	for (unsigned k = 0; k < sizeof(arguments) / sizeof(arguments[0]); k++)
		if (ip_matches(opt, arguments[k].name) && (k != 2 || strlen(opt) > 1)) {
			if (*i + 1 >= sh->n)
				return ip_usage(sh);
			const char *value = sh->words[++*i];
			if (arguments[k].letter == 'n')
				return sh_fail(
					sh, 255,
					"Cannot open network namespace \"%s\": No such file or directory\n",
					value);
			return arguments[k].letter == 'f' ? ip_family(ip, value) : 0;
		}
	for (int k = 0; idle[k]; k++)
		if (ip_matches(opt, idle[k]))
			return 0;
	if (strcmp(opt, "4") == 0 || strcmp(opt, "6") == 0 || strcmp(opt, "0") == 0)
		return ip_family(ip, *opt == '4' ? "inet" : *opt == '6' ? "inet6" : "link");
	if (strcmp(opt, "M") == 0 || strcmp(opt, "B") == 0)
		return ip_family(ip, *opt == 'M' ? "mpls" : "bridge");
	if (ip_matches(opt, "human") || strcmp(opt, "human-readable") == 0)
		ip->human = ip->human ? ip->human : 1000;
	else if (ip_matches(opt, "iec"))
		ip->human = 1024;
	else if (ip_matches(opt, "statistics") || ip_matches(opt, "stats"))
		ip->stats++;
	else if (ip_matches(opt, "details"))
		ip->details = true;
	else if (ip_matches(opt, "oneline"))
		ip->oneline = true;
	else if (strlen(opt) > 1 && ip_matches(opt, "brief"))
		ip->brief = true;
	else if (strcmp(opt, "V") == 0 || (strlen(opt) > 3 && ip_matches(opt, "Version"))) {
		sh_say(sh, "ip utility, iproute2-6.1.0, libbpf 1.1.2\n");
		return -1;
	} else if (strncmp(opt, "c", 1) != 0 || (opt[1] && opt[1] != '=' && !ip_matches(opt, "color")))
		return ip_matches(opt, "help")
			       ? ip_usage(sh)
			       : sh_fail(sh, 255, "Option \"%s\" is unknown, try \"ip -help\".\n", word);
	return 0;
}

int sh_ip_command(struct sh *sh)
{
	static const struct {
		const char *name;
		int (*run)(struct ip *ip);
		bool of_family; /* says nothing when there is nothing of the family */
	} objects[] = {
		{ "address", ip_address, true }, { "route", ip_route, true },
		{ "neighbor", ip_neigh, true },	 { "neighbour", ip_neigh, true },
		{ "link", ip_link, false },	 { "maddress", ip_maddress, true },
		{ "rule", ip_rule, false },
	};
	struct ip ip = { .sh = sh };
	int i = 1;
	for (int status; i < sh->n && sh->words[i][0] == '-'; i++)
		if ((status = ip_option(&ip, &i)))
			return status < 0 ? 0 : status;
	if (i >= sh->n || strcmp(sh->words[i], "help") == 0)
		return ip_usage(sh);
	for (unsigned k = 0; k < sizeof(objects) / sizeof(objects[0]); k++)
		if (ip_matches(sh->words[i], objects[k].name)) {
			ip.argv = sh->words + i + 1;
			ip.argc = sh->n - i - 1;
			return ip.no_family && objects[k].of_family ? 0 : objects[k].run(&ip);
		}
	return sh_fail(sh, 1, "Object \"%s\" is unknown, try \"ip help\".\n", sh->words[i]);
}
