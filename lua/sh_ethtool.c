/*
 * ethtool DEV; -i (driver), -S (statistics), -g and -G rx N tx N (rings), -k and -K FEATURE on|off
 * (features), -a and -A autoneg|rx|tx on|off (flow control), -r (negotiate anew)
 */
#include <errno.h>
#include <string.h>

#include "lua/sh.h"
#include "stack/interface/ethtool.h"
#include "stack/interface/phy.h"

/* ---- settings ---- */

/* Link modes, two a line. */
static void say_modes(struct sh *sh, const char *title, u32 modes)
{
	static const struct {
		u32 half, full;
		const char *speed;
	} speeds[] = {
		{ PHY_10HALF, PHY_10FULL, "10" },
		{ PHY_100HALF, PHY_100FULL, "100" },
		{ PHY_1000HALF, PHY_1000FULL, "1000" },
	};
	int width = (int)strlen(title) < 23 ? 24 : (int)strlen(title) + 2;
	bool any = false;
	for (unsigned i = 0; i < ARRAY_SIZE(speeds); i++) {
		u32 half = modes & speeds[i].half, full = modes & speeds[i].full;
		if (!half && !full)
			continue;
		sh_say(sh, "\t%-*s", width, any ? "" : title);
		if (half)
			sh_say(sh, "%sbaseT/Half%s", speeds[i].speed, full ? " " : "");
		if (full)
			sh_say(sh, "%sbaseT/Full", speeds[i].speed);
		sh_say(sh, "\n");
		any = true;
	}
	if (!any)
		sh_say(sh, "\t%-*sNot reported\n", width, title);
}

static void say_link_modes(struct sh *sh, const char *prefix, u32 modes, bool negotiates)
{
	char title[64];
	u32 pause = modes & (PHY_PAUSE | PHY_ASYM_PAUSE);
	snprintf(title, sizeof(title), "%s link modes:", prefix);
	say_modes(sh, title, modes);
	sh_say(sh, "\t%s pause frame use: %s\n", prefix,
	       pause == PHY_PAUSE	 ? "Symmetric"
	       : pause == PHY_ASYM_PAUSE ? "Transmit-only"
	       : pause			 ? "Symmetric Receive-only"
					 : "No");
	if (strcmp(prefix, "Supported") == 0)
		sh_say(sh, "\tSupports auto-negotiation: %s\n", negotiates ? "Yes" : "No");
	else
		sh_say(sh, "\t%s auto-negotiation: %s\n", prefix, negotiates ? "Yes" : "No");
	sh_say(sh, "\t%s FEC modes: Not reported\n", prefix);
}

static void say_phy(struct sh *sh, const struct ethtool_link_ksettings *k)
{
	sh_say(sh, "\tSupported ports: [ TP\t MII ]\n");
	say_link_modes(sh, "Supported", k->supported, k->supported & PHY_AUTONEG);
	say_link_modes(sh, "Advertised", k->advertising, k->autoneg);
	if (k->lp_advertising)
		say_link_modes(sh, "Link partner advertised", k->lp_advertising, true);
	if (k->speed > 0)
		sh_say(sh, "\tSpeed: %dMb/s\n", k->speed);
	else
		sh_say(sh, "\tSpeed: Unknown!\n");
	sh_say(sh, "\tDuplex: %s\n",
	       k->duplex == DUPLEX_UNKNOWN ? "Unknown! (255)"
	       : k->duplex		   ? "Full"
					   : "Half");
	sh_say(sh,
	       "\tAuto-negotiation: %s\n\tPort: Twisted Pair\n\tPHYAD: %d\n\tTransceiver: external\n"
	       "\tMDI-X: Unknown\n",
	       k->autoneg ? "on" : "off", k->phy_address);
}

static int say_settings(struct sh *sh, struct net_device *dev)
{
	struct ethtool_link_ksettings settings;
	u32 link;
	sh_say(sh, "Settings for %s:\n", dev->name);
	if (ethtool_get_link_ksettings(dev, &settings) == 0)
		say_phy(sh, &settings);
	if (ethtool_get_link(dev, &link))
		link = netif_carrier_ok(dev);
	sh_say(sh, "\tLink detected: %s\n", link && netif_running(dev) ? "yes" : "no");
	return 0;
}

/* ---- -i -S -g -G -a -A -r ---- */

static int say_driver(struct sh *sh, struct net_device *dev)
{
	struct ethtool_drvinfo info;
	if (ethtool_get_drvinfo(dev, &info))
		return sh_fail(sh, 71, "Cannot get driver information: Operation not supported\n");
	sh_say(sh, "driver: %s\nversion: %s\nfirmware-version: \nexpansion-rom-version: \nbus-info: %s\n",
	       info.driver, info.version, info.bus_info);
	sh_say(sh,
	       "supports-statistics: %s\nsupports-test: no\nsupports-eeprom-access: no\n"
	       "supports-register-dump: no\nsupports-priv-flags: no\n",
	       ethtool_get_sset_count(dev) > 0 ? "yes" : "no");
	return 0;
}

static int say_statistics(struct sh *sh, struct net_device *dev)
{
	int n = ethtool_get_sset_count(dev);
	if (n <= 0)
		return sh_fail(sh, 94, "no stats available\n");
	sh_say(sh, "NIC statistics:\n");
	for (int i = 0; i < n; i++) {
		u64 value;
		const char *name = ethtool_get_stat(dev, (unsigned)i, &value);
		sh_say(sh, "     %s: %llu\n", name, (unsigned long long)value);
	}
	return 0;
}

static int netlink_error(struct sh *sh, int status, int err)
{
	return sh_fail(sh, status, "netlink error: %s\n", strerrordesc_np(-err));
}

static int say_rings(struct sh *sh, struct net_device *dev)
{
	struct ethtool_ringparam r;
	int err = ethtool_get_ringparam(dev, &r);
	if (err)
		return netlink_error(sh, 1, err);
	sh_say(sh, "Ring parameters for %s:\nPre-set maximums:\n", dev->name);
	sh_say(sh, "RX:\t\t%u\nRX Mini:\tn/a\nRX Jumbo:\tn/a\nTX:\t\t%u\n", r.rx_max_pending,
	       r.tx_max_pending);
	sh_say(sh, "Current hardware settings:\n");
	sh_say(sh, "RX:\t\t%u\nRX Mini:\tn/a\nRX Jumbo:\tn/a\nTX:\t\t%u\n", r.rx_pending, r.tx_pending);
	sh_say(sh, "RX Buf Len:\t\tn/a\nCQE Size:\t\tn/a\nTX Push:\tn/a\nTCP data split:\tn/a\n");
	return 0;
}

static int bad_line(struct sh *sh)
{
	return sh_fail(sh, 1, "ethtool: bad command line argument(s)\nFor more information run ethtool -h\n");
}

static int set_rings(struct sh *sh, struct net_device *dev)
{
	struct ethtool_ringparam r;
	int err = ethtool_get_ringparam(dev, &r);
	for (int i = 3; i < sh->n; i += 2) {
		long n;
		const char *word = sh->words[i];
		u32 unused, *to = strcmp(word, "rx") == 0   ? &r.rx_pending
				  : strcmp(word, "tx") == 0 ? &r.tx_pending
				  : strcmp(word, "rx-mini") == 0 || strcmp(word, "rx-jumbo") == 0 ? &unused
												  : NULL;
		if (!to)
			return sh_fail(sh, 1, "ethtool (-G): unknown parameter '%s'\n", word);
		if (i + 1 == sh->n)
			return sh_fail(sh, 1, "ethtool (-G): no value for parameter '%s'\n", word);
		if (!sh_number(sh->words[i + 1], 0, UINT32_MAX, &n))
			return sh_fail(sh, 1, "ethtool (-G): invalid value '%s' for parameter '%s'\n",
				       sh->words[i + 1], word);
		*to = (u32)n;
	}
	if (!err && (r.rx_pending > r.rx_max_pending || r.tx_pending > r.tx_max_pending))
		return sh_fail(sh, 80,
			       "netlink error: requested ring size exceeds maximum (offset 36)\n"
			       "netlink error: Invalid argument\n");
	if (!err)
		err = ethtool_set_ringparam(dev, &r);
	return err ? netlink_error(sh, err == -EOPNOTSUPP ? 81 : 80, err) : 0;
}

static int say_pause(struct sh *sh, struct net_device *dev)
{
	struct ethtool_pauseparam p;
	int err = ethtool_get_pauseparam(dev, &p);
	if (err)
		return netlink_error(sh, 1, err);
	sh_say(sh, "Pause parameters for %s:\nAutonegotiate:\t%s\nRX:\t\t%s\nTX:\t\t%s\n\n", dev->name,
	       p.autoneg ? "on" : "off", p.rx_pause ? "on" : "off", p.tx_pause ? "on" : "off");
	return 0;
}

static bool is_on_or_off(const char *word)
{
	return strcmp(word, "on") == 0 || strcmp(word, "off") == 0;
}

static int set_pause(struct sh *sh, struct net_device *dev)
{
	struct ethtool_pauseparam p;
	int err = ethtool_get_pauseparam(dev, &p);
	for (int i = 3; i < sh->n && !err; i += 2) {
		const char *word = sh->words[i];
		u32 *to = strcmp(word, "autoneg") == 0 ? &p.autoneg
			  : strcmp(word, "rx") == 0    ? &p.rx_pause
			  : strcmp(word, "tx") == 0    ? &p.tx_pause
						       : NULL;
		if (!to || i + 1 == sh->n || !is_on_or_off(sh->words[i + 1]))
			return bad_line(sh);
		*to = strcmp(sh->words[i + 1], "on") == 0;
	}
	if (!err)
		err = ethtool_set_pauseparam(dev, &p);
	return err ? netlink_error(sh, err == -EOPNOTSUPP ? 76 : 79, err) : 0;
}

static int restart_negotiation(struct sh *sh, struct net_device *dev)
{
	int err = ethtool_nway_reset(dev);
	return err ? sh_fail(sh, 255, "Cannot restart autonegotiation: %s\n", strerrordesc_np(-err)) : 0;
}

/* ---- features ---- */

/* In the order of `ethtool -k`; a feature without a bit here is always off. */
static const struct feature {
	const char *name, *brief;
	netdev_features_t bits;
	bool part; /* of the one above */
} features[] = {
	{ "rx-checksumming", "rx", NETIF_F_RXCSUM, false },
	{ "tx-checksumming", "tx", NETIF_F_CSUM_MASK, false },
	{ "tx-checksum-ipv4", NULL, NETIF_F_IP_CSUM, true },
	{ "tx-checksum-ip-generic", NULL, NETIF_F_HW_CSUM, true },
	{ "tx-checksum-ipv6", NULL, NETIF_F_IPV6_CSUM, true },
	{ "tx-checksum-fcoe-crc", NULL, 0, true },
	{ "tx-checksum-sctp", NULL, NETIF_F_SCTP_CRC, true },
	{ "scatter-gather", "sg", NETIF_F_SG | NETIF_F_FRAGLIST, false },
	{ "tx-scatter-gather", NULL, NETIF_F_SG, true },
	{ "tx-scatter-gather-fraglist", NULL, NETIF_F_FRAGLIST, true },
	{ "tcp-segmentation-offload", "tso", NETIF_F_ALL_TSO, false },
	{ "tx-tcp-segmentation", NULL, NETIF_F_TSO, true },
	{ "tx-tcp-ecn-segmentation", NULL, NETIF_F_TSO_ECN, true },
	{ "tx-tcp-mangleid-segmentation", NULL, NETIF_F_TSO_MANGLEID, true },
	{ "tx-tcp6-segmentation", NULL, NETIF_F_TSO6, true },
	{ "generic-segmentation-offload", "gso", NETIF_F_GSO, false },
	{ "generic-receive-offload", "gro", NETIF_F_GRO, false },
	{ "large-receive-offload", "lro", NETIF_F_LRO, false },
	{ "rx-vlan-offload", "rxvlan", NETIF_F_HW_VLAN_CTAG_RX, false },
	{ "tx-vlan-offload", "txvlan", NETIF_F_HW_VLAN_CTAG_TX, false },
	{ "ntuple-filters", "ntuple", 0, false },
	{ "receive-hashing", "rxhash", NETIF_F_RXHASH, false },
	{ "highdma", NULL, NETIF_F_HIGHDMA, false },
	{ "rx-vlan-filter", NULL, NETIF_F_HW_VLAN_CTAG_FILTER, false },
	{ "vlan-challenged", NULL, NETIF_F_VLAN_CHALLENGED, false },
	{ "tx-udp-segmentation", NULL, NETIF_F_GSO_UDP_L4, false },
	{ "tx-nocache-copy", NULL, NETIF_F_NOCACHE_COPY, false },
	{ "loopback", NULL, NETIF_F_LOOPBACK, false },
	{ "rx-fcs", NULL, NETIF_F_RXFCS, false },
	{ "rx-all", NULL, NETIF_F_RXALL, false },
};

static netdev_features_t changeable(const struct net_device *dev)
{
	return dev->hw_features & ~NETIF_F_NEVER_CHANGE;
}

static int say_features(struct sh *sh, const struct net_device *dev)
{
	sh_say(sh, "Features for %s:\n", dev->name);
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];
		bool parts = i + 1 < ARRAY_SIZE(features) && !f->part && features[i + 1].part;
		sh_say(sh, "%s%s: %s%s\n", f->part ? "\t" : "", f->name,
		       dev->features & f->bits ? "on" : "off",
		       parts || changeable(dev) & f->bits ? "" : " [fixed]");
	}
	return 0;
}

static const struct feature *find_feature(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++)
		if (strcmp(features[i].name, name) == 0 ||
		    (features[i].brief && strcmp(features[i].brief, name) == 0))
			return &features[i];
	return NULL;
}

static int set_features(struct sh *sh, struct net_device *dev)
{
	netdev_features_t on = 0, off = 0, before = dev->features;
	bool refused = false;
	if (sh->n < 4)
		return sh_fail(sh, 1, "Could not change any device features\n");
	for (int i = 3; i < sh->n; i += 2) {
		const struct feature *f = find_feature(sh->words[i]);
		const char *value = i + 1 < sh->n ? sh->words[i + 1] : NULL;
		if (!f)
			return sh_fail(sh, 92,
				       "netlink error: bit name not found (offset %d)\n"
				       "netlink error: Operation not supported\n",
				       48 + (int)(strlen(dev->name) + 4) / 4 *
						       4); /* behind the device's name */
		if (!value || !is_on_or_off(value))	   /* the real one loses the name, too */
			return sh_fail(sh, 1,
				       "ethtool (-K): flag '%s' for parameter '(null)' is not followed by "
				       "'on' or 'off'\n",
				       value ? value : "(null)");
		*(value[1] == 'n' ? &on : &off) |= f->bits & changeable(dev);
		refused |= f->bits & ~changeable(dev) & (value[1] == 'n' ? ~before : before);
	}
	if (!on && !off && refused)
		return sh_fail(sh, 1, "Could not change any device features\n");
	ethtool_set_features(dev, on | off, on);
	/* what changed beside what was asked for, or did not */
	netdev_features_t odd = ((before | on) & ~off) ^ dev->features;
	bool first = true;
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];
		bool parts = i + 1 < ARRAY_SIZE(features) && !f->part && features[i + 1].part;
		if (parts || !(f->bits & odd))
			continue;
		sh_say(sh, "%s%s: %s%s\n", first ? "Actual changes:\n" : "", f->name,
		       dev->features & f->bits ? "on" : "off",
		       f->bits & on    ? " [requested on]"
		       : f->bits & off ? " [requested off]"
				       : "");
		first = false;
	}
	return 0;
}

/* ---- the command ---- */

static int no_such_device(struct sh *sh, bool settings)
{
	/* those that still use ioctl, and their statuses */
	static const struct {
		const char *option, *what;
		int status;
	} calls[] = { { "-i", "Cannot get driver information: No such device", 71 },
		      { "--driver", "Cannot get driver information: No such device", 71 },
		      { "-S", "Cannot get stats strings information: No such device", 96 },
		      { "--statistics", "Cannot get stats strings information: No such device", 96 },
		      { "-P", "netlink error: No such device", 1 },
		      { "--show-permaddr", "netlink error: No such device", 1 } };
	const char *option = sh->words[1];
	int status = strcmp(option, "-G") == 0 || strcmp(option, "--set-ring") == 0   ? 81
		     : strcmp(option, "-K") == 0 || strcmp(option, "--features") == 0 ? 92
										      : 1;
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
		if (strcmp(option, calls[i].option) == 0)
			return sh_fail(sh, calls[i].status, "%s\n", calls[i].what);
	/* the settings are asked for in five parts */
	for (int i = 0; i < (settings ? 5 : 1); i++)
		seq_puts(&sh->err, "netlink error: no device matches name (offset 24)\n"
				   "netlink error: No such device\n");
	if (settings)
		sh_say(sh, "No data available\n");
	return settings ? 75 : status;
}

static int say_permanent(struct sh *sh, struct net_device *dev)
{
	static const uint8_t none[6];
	const uint8_t *m = dev->perm_addr;
	if (memcmp(m, none, sizeof(none)) == 0)
		sh_say(sh, "Permanent address: not set\n");
	else
		sh_say(sh, "Permanent address: %s\n", sh_mac_text(m).s);
	return 0;
}

static int ethtool_help(struct sh *sh)
{
	sh_say(sh, "ethtool version 6.1\nUsage:\n"
		   "        ethtool DEVNAME                     its settings\n"
		   "        ethtool -i|--driver DEVNAME\n"
		   "        ethtool -S|--statistics DEVNAME\n"
		   "        ethtool -g|--show-ring DEVNAME\n"
		   "        ethtool -G|--set-ring DEVNAME [ rx N ] [ tx N ]\n"
		   "        ethtool -k|--show-features|--show-offload DEVNAME\n"
		   "        ethtool -K|--features|--offload DEVNAME FEATURE on|off ...\n"
		   "        ethtool -a|--show-pause DEVNAME\n"
		   "        ethtool -A|--pause DEVNAME [ autoneg on|off ] [ rx on|off ] [ tx on|off ]\n"
		   "        ethtool -r|--negotiate DEVNAME\n"
		   "        ethtool -P|--show-permaddr DEVNAME\n"
		   "        ethtool -h|--help\n"
		   "        ethtool --version\n");
	return 0;
}

/* What the card's driver has no call for. */
static int not_supported(struct sh *sh, struct net_device *dev)
{
	(void)dev;
	return netlink_error(sh, 1, -EOPNOTSUPP);
}

int sh_ethtool(struct sh *sh)
{
	static const struct {
		const char *brief, *full;
		int (*run)(struct sh *sh, struct net_device *dev);
	} options[] = {
		{ "-i", "--driver", say_driver },
		{ "-S", "--statistics", say_statistics },
		{ "-g", "--show-ring", say_rings },
		{ "-G", "--set-ring", set_rings },
		{ "-a", "--show-pause", say_pause },
		{ "-r", "--negotiate", restart_negotiation },
		{ "-A", "--pause", set_pause },
		{ "-P", "--show-permaddr", say_permanent },
		{ "-c", "--show-coalesce", not_supported },
		{ "-C", "--coalesce", not_supported },
		{ "-l", "--show-channels", not_supported },
		{ "-L", "--set-channels", not_supported },
		{ "-m", "--module-info", not_supported },
		{ "--show-eee", "--show-eee", not_supported },
		{ "--show-priv-flags", "--show-priv-flags", not_supported },
	};
	int (*run)(struct sh * sh, struct net_device * dev) = NULL;
	const char *option = sh->n > 1 ? sh->words[1] : "", *name = sh->n > 2 ? sh->words[2] : NULL;
	bool show = strcmp(option, "-k") == 0 || strcmp(option, "--show-features") == 0 ||
		    strcmp(option, "--show-offload") == 0,
	     set = strcmp(option, "-K") == 0 || strcmp(option, "--features") == 0 ||
		   strcmp(option, "--offload") == 0;
	if (strcmp(option, "-h") == 0 || strcmp(option, "--help") == 0)
		return ethtool_help(sh);
	if (strcmp(option, "--version") == 0) {
		sh_say(sh, "ethtool version 6.1\n");
		return 0;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		if (strcmp(option, options[i].brief) == 0 || strcmp(option, options[i].full) == 0)
			run = options[i].run;
	if (option[0] != '-') {
		run = say_settings;
		name = *option ? option : NULL;
	}
	if (!name || (!run && !show && !set) ||
	    (sh->n > 3 && (show || run == say_driver || run == say_rings)))
		return bad_line(sh);
	struct net_device *dev = __dev_get_by_name(sh->host->net, name);
	if (!dev)
		return no_such_device(sh, run == say_settings);
	rtnl_lock(sh->host);
	int status = show ? say_features(sh, dev) : set ? set_features(sh, dev) : run(sh, dev);
	rtnl_unlock(sh->host);
	return status;
}
