/* ip: options (-s -d -br -o -4), objects by their names or the beginning of them, and the small ones: rule,
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

int ip_answer(struct ip *ip, int err)
{
	return err < 0 ? sh_fail(ip->sh, 2, "RTNETLINK answers: %s\n", strerrordesc_np(-err)) : 0;
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
	if (ip->argc && !ip_matches(ip->argv[0], "show") && !ip_matches(ip->argv[0], "list"))
		return ip_unknown(ip, "rule", ip->argv[0]);
	sh_say(ip->sh,
	       "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n");
	return 0;
}

static void maddr_device(struct ip *ip, const struct net_device *dev)
{
	const struct netdev_hw_addr *ha;
	struct sh *sh = ip->sh;
	sh_say(sh, "%d:\t%s\n", dev->ifindex, dev->name);
	if (!ip->inet_only)
		list_for_each_entry (ha, &dev->mc.list, list) {
			sh_say(sh, "\tlink  %s", sh_mac_text(ha->addr).s);
			if (ha->refcount > 1)
				sh_say(sh, " users %d", ha->refcount);
			sh_say(sh, "\n");
		}
	for (const struct ip_mc_list *im = dev->ip_ptr ? dev->ip_ptr->mc_list : NULL; im; im = im->next) {
		sh_say(sh, "\tinet  %s", sh_ip(im->multiaddr).s);
		if (im->users > 1)
			sh_say(sh, " users %d", im->users);
		sh_say(sh, "\n");
	}
}

static int ip_maddress(struct ip *ip)
{
	const struct net_device *dev, *only = NULL;
	int i = ip->argc && (ip_matches(ip->argv[0], "show") || ip_matches(ip->argv[0], "list"));
	if (i == 0 && ip->argc)
		return ip_unknown(ip, "maddr", ip->argv[0]);
	if (i < ip->argc && strcmp(ip->argv[i], "dev") == 0)
		i++;
	if (i < ip->argc && !(only = ip_find_dev(ip, ip->argv[i])))
		return 1;
	for_each_netdev(ip->sh->host->net, dev) if (!only || only == dev) maddr_device(ip, dev);
	return 0;
}

/* ---- the command ---- */

static int ip_usage(struct sh *sh)
{
	return sh_fail(sh, 255,
		       "Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n"
		       "where  OBJECT := { address | link | maddress | neighbour | route | rule }\n"
		       "       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -br[ief] | -o[neline] "
		       "| -4 | -6 }\n");
}

int sh_ip_command(struct sh *sh)
{
	static const struct {
		const char *name;
		int (*run)(struct ip *ip);
	} objects[] = {
		{ "address", ip_address }, { "route", ip_route }, { "neighbor", ip_neigh },
		{ "neighbour", ip_neigh }, { "link", ip_link },	  { "maddress", ip_maddress },
		{ "rule", ip_rule },
	};
	struct ip ip = { .sh = sh };
	int i = 1;
	for (; i < sh->n && sh->words[i][0] == '-'; i++) {
		const char *opt = sh->words[i] + (sh->words[i][1] == '-' ? 2 : 1);
		if (ip_matches(opt, "statistics") || ip_matches(opt, "stats"))
			ip.stats++;
		else if (ip_matches(opt, "details"))
			ip.details = true;
		else if (ip_matches(opt, "oneline"))
			ip.oneline = true;
		else if (strlen(opt) > 1 && ip_matches(opt, "brief"))
			ip.brief = true;
		else if (strcmp(opt, "4") == 0)
			ip.inet_only = true;
		else if (strcmp(opt, "6") == 0)
			return 0; /* there is nothing of that family */
		else if (strcmp(opt, "V") == 0 || (strlen(opt) > 3 && ip_matches(opt, "Version"))) {
			sh_say(sh, "ip utility, iproute2-6.1.0, libbpf 1.1.2\n");
			return 0;
		} else if (strncmp(opt, "c", 1) == 0 &&
			   (!opt[1] || opt[1] == '=' || ip_matches(opt, "color")))
			continue; /* no colours here */
		else
			return sh_fail(sh, 255, "Option \"%s\" is unknown, try \"ip -help\".\n",
				       sh->words[i]);
	}
	if (i == sh->n || strcmp(sh->words[i], "help") == 0)
		return ip_usage(sh);
	for (unsigned k = 0; k < sizeof(objects) / sizeof(objects[0]); k++)
		if (ip_matches(sh->words[i], objects[k].name)) {
			ip.argv = sh->words + i + 1;
			ip.argc = sh->n - i - 1;
			return objects[k].run(&ip);
		}
	return sh_fail(sh, 1, "Object \"%s\" is unknown, try \"ip help\".\n", sh->words[i]);
}
