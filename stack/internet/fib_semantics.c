/*
 * What routes say: fib_info (next hop, source, metrics), shared by all routes that say the same; their
 * next hops' life with the devices; the choice of the source address.
 *
 * A fib_info is freed when its last route (fib_treeref) and its last user (fib_clntref) are gone.
 */
#include "stack/internet/internet.h"
#include "stack/internet/route.h"

const struct fib_prop fib_props[RTN_MAX + 1] = {
	[RTN_UNSPEC] = { 0, RT_SCOPE_NOWHERE },
	[RTN_UNICAST] = { 0, RT_SCOPE_UNIVERSE },
	[RTN_LOCAL] = { 0, RT_SCOPE_HOST },
	[RTN_BROADCAST] = { 0, RT_SCOPE_LINK },
	[RTN_ANYCAST] = { 0, RT_SCOPE_LINK },
	[RTN_MULTICAST] = { 0, RT_SCOPE_UNIVERSE },
	[RTN_BLACKHOLE] = { -EINVAL, RT_SCOPE_UNIVERSE },
	[RTN_UNREACHABLE] = { -EHOSTUNREACH, RT_SCOPE_UNIVERSE },
	[RTN_PROHIBIT] = { -EACCES, RT_SCOPE_UNIVERSE },
	[RTN_THROW] = { -EAGAIN, RT_SCOPE_UNIVERSE },
	[RTN_NAT] = { -EINVAL, RT_SCOPE_NOWHERE },
};

/* ---- the hash of all fib_infos ---- */

static unsigned int fib_info_hashfn_1(struct host *host, int init_val, u8 protocol, u8 scope, u32 prefsrc,
				      u32 priority)
{
	TRACE(host, "hash what a route says");
	unsigned int val = (unsigned int)init_val;

	val ^= (unsigned int)protocol << 8 | scope;
	val ^= prefsrc;
	val ^= priority;
	return val;
}

static unsigned int fib_info_hashfn_result(const struct net *net, unsigned int val)
{
	TRACE(net, "fold a route's hash to a bucket");
	return (val ^ val >> 7 ^ val >> 14) & (FIB_INFO_HSIZE - 1);
}

static unsigned int fib_info_hashfn(struct net *net, struct fib_info *fi)
{
	unsigned int val = fib_info_hashfn_1(net->host, fi->fib_nhs, fi->fib_protocol, fi->fib_scope,
					     fi->fib_prefsrc, fi->fib_priority);

	for (int i = 0; i < fi->fib_nhs; i++)
		val ^= (unsigned int)fi->fib_nh[i].fib_nh_oif;
	return fib_info_hashfn_result(net, val);
}

static bool nh_comp(const struct fib_info *fi, const struct fib_info *ofi)
{
	for (int i = 0; i < fi->fib_nhs; i++) {
		const struct fib_nh_common *a = &fi->fib_nh[i].nh_common, *b = &ofi->fib_nh[i].nh_common;

		if (a->nhc_oif != b->nhc_oif || a->nhc_gw_family != b->nhc_gw_family ||
		    a->nhc_gw4 != b->nhc_gw4 || a->nhc_scope != b->nhc_scope ||
		    ((a->nhc_flags ^ b->nhc_flags) & RTNH_F_ONLINK))
			return false;
	}
	return true;
}

static const u32 *fib_metrics_of(const struct fib_info *fi)
{
	return fi->fib_metrics ? fi->fib_metrics->metrics : dst_default_metrics.metrics;
}

/* The fib_info that says the same as this new one, or NULL. */
static struct fib_info *fib_find_info(struct net *net, struct fib_info *nfi)
{
	TRACE(net, "find a route info that says the same");
	unsigned int hash = fib_info_hashfn(net, nfi);
	struct fib_info *fi;

	hlist_for_each_entry (fi, &net->inet->fib_info_hash[hash], fib_hash) {
		if (fi->fib_nhs == nfi->fib_nhs && fi->fib_protocol == nfi->fib_protocol &&
		    fi->fib_scope == nfi->fib_scope && fi->fib_prefsrc == nfi->fib_prefsrc &&
		    fi->fib_priority == nfi->fib_priority && fi->fib_type == nfi->fib_type &&
		    fi->fib_tb_id == nfi->fib_tb_id &&
		    !((fi->fib_flags ^ nfi->fib_flags) & ~RTNH_F_DEAD & 0xff) &&
		    !memcmp(fib_metrics_of(fi), fib_metrics_of(nfi), sizeof(dst_default_metrics.metrics)) &&
		    nh_comp(fi, nfi))
			return fi;
	}
	return NULL;
}

/* ---- freeing ---- */

static void rt_fibinfo_free(struct rtable **rtp)
{
	struct rtable *rt = *rtp;

	if (!rt)
		return;
	*rtp = NULL;
	/* Holders notice by dst_check(): obsolete stays FORCE_CHK and the genid has moved on. */
	rt->dst.obsolete = DST_OBSOLETE_KILL;
	dst_dev_put(&rt->dst);
	dst_release(&rt->dst);
}

static void free_nh_exceptions(struct host *host, struct fib_nh_common *nhc)
{
	struct fnhe_hash_bucket *hash = nhc->nhc_exceptions;
	struct fib_nh_exception *fnhe, *next;

	if (!hash)
		return;
	for (int i = 0; i < FNHE_HASH_SIZE; i++) {
		for (fnhe = hash[i].chain; fnhe; fnhe = next) {
			next = fnhe->fnhe_next;
			rt_fibinfo_free(&fnhe->fnhe_rth_input);
			rt_fibinfo_free(&fnhe->fnhe_rth_output);
			kfree(host, fnhe);
		}
	}
	kfree(host, hash);
	nhc->nhc_exceptions = NULL;
}

void fib_nh_common_release(struct net *net, struct fib_nh_common *nhc)
{
	if (nhc->nhc_dev)
		dev_put(nhc->nhc_dev);
	nhc->nhc_dev = NULL;
	rt_fibinfo_free(&nhc->nhc_rth_output);
	rt_fibinfo_free(&nhc->nhc_rth_input);
	free_nh_exceptions(net->host, nhc);
}

void free_fib_info(struct fib_info *fi)
{
	TRACE(fi, "free a route info");
	struct host *host = fi->host;

	SIM_BUG_ON(host, !fi->fib_dead);
	for (int i = 0; i < fi->fib_nhs; i++)
		fib_nh_common_release(host->net, &fi->fib_nh[i].nh_common);
	if (fi->fib_metrics && --fi->fib_metrics->refcnt == 0)
		kfree(host, fi->fib_metrics);
	inet_state(host)->fib_info_cnt--;
	kfree(host, fi);
}

void fib_release_info(struct fib_info *fi)
{
	if (!fi)
		return;
	TRACE(fi, "drop a route's hold on its info");
	if (--fi->fib_treeref == 0) {
		hlist_del_init(&fi->fib_hash);
		fi->fib_dead = true;
		fib_info_put(fi);
	}
}

/* ---- making ---- */

/* Copies the metrics that a user gave; NULL: none were. */
static int ip_fib_metrics_init(struct net *net, const struct fib_config *cfg, struct dst_metrics **metrics)
{
	TRACE(net, "keep the metrics of a new route");
	struct dst_metrics *m;

	*metrics = NULL;
	if (!cfg->fc_mx)
		return 0;
	m = kzalloc(net->host, sizeof(*m));
	if (!m)
		return -ENOMEM;
	memcpy(m->metrics, cfg->fc_mx, sizeof(m->metrics));
	m->refcnt = 1;
	if (m->metrics[RTAX_ADVMSS - 1] > 65535 - 40)
		m->metrics[RTAX_ADVMSS - 1] = 65535 - 40;
	if (m->metrics[RTAX_MTU - 1] > 65535 - 15)
		m->metrics[RTAX_MTU - 1] = 65535 - 15;
	*metrics = m;
	return 0;
}

static void fib_nh_common_init(struct net *net, struct fib_nh_common *nhc)
{
	TRACE(net, "prepare a next hop's route cache");
	nhc->nhc_rth_output = NULL;
	nhc->nhc_rth_input = NULL;
}

static int fib_nh_init(struct net *net, struct fib_nh *nh, struct fib_config *cfg)
{
	TRACE(net, "fill in a next hop");
	fib_nh_common_init(net, &nh->nh_common);
	nh->fib_nh_oif = cfg->fc_oif;
	nh->fib_nh_gw_family = cfg->fc_gw_family;
	nh->fib_nh_gw4 = cfg->fc_gw_family ? cfg->fc_gw4 : 0;
	nh->fib_nh_flags = (u8)cfg->fc_flags;
	return 0;
}

static int fib_check_nh_onlink(struct net *net, struct fib_nh *nh, u8 scope)
{
	struct net_device *dev;

	if (scope >= RT_SCOPE_LINK)
		return -EINVAL;
	dev = __dev_get_by_index(net, nh->fib_nh_oif);
	if (!dev)
		return -ENODEV;
	if (!(dev->flags & IFF_UP))
		return -ENETDOWN;
	if (inet_addr_type_dev_table(net, dev, nh->fib_nh_gw4) != RTN_UNICAST)
		return -EINVAL;
	if (!netif_carrier_ok(dev))
		nh->fib_nh_flags |= RTNH_F_LINKDOWN;
	nh->fib_nh_dev = dev;
	dev_hold(dev);
	nh->fib_nh_scope = RT_SCOPE_LINK;
	return 0;
}

/* A gateway must be reachable by a route of narrower scope; that route gives the device. */
static int fib_check_nh_v4_gw(struct net *net, struct fib_nh *nh, u8 scope)
{
	TRACE(net, "check that the gateway is reachable, and by which device");
	struct flowi4 fl4 = {
		.daddr = nh->fib_nh_gw4,
		.flowi4_scope = (u8)max(scope + 1, RT_SCOPE_LINK),
		.flowi4_oif = nh->fib_nh_oif,
		.flowi4_iif = LOOPBACK_IFINDEX,
	};
	struct fib_result res;
	struct net_device *dev;
	int err;

	if (nh->fib_nh_flags & RTNH_F_ONLINK)
		return fib_check_nh_onlink(net, nh, scope);
	err = fib_lookup(net, &fl4, &res, FIB_LOOKUP_IGNORE_LINKSTATE);
	if (err)
		return err;
	if (res.type != RTN_UNICAST && res.type != RTN_LOCAL)
		return -EINVAL;
	nh->fib_nh_scope = res.scope;
	nh->fib_nh_oif = FIB_RES_OIF(res);
	nh->fib_nh_dev = dev = FIB_RES_DEV(res);
	if (!dev)
		return -EINVAL;
	dev_hold(dev);
	if (!netif_carrier_ok(dev))
		nh->fib_nh_flags |= RTNH_F_LINKDOWN;
	return dev->flags & IFF_UP ? 0 : -ENETDOWN;
}

/* Without a gateway everybody is on the link: the "next hop" is the destination itself. */
static int fib_check_nh_nongw(struct net *net, struct fib_nh *nh)
{
	TRACE(net, "check the device of a next hop without a gateway");
	struct in_device *in_dev = inetdev_by_index(net, nh->fib_nh_oif);

	if (nh->fib_nh_flags & RTNH_F_ONLINK)
		return -EINVAL;
	if (!in_dev)
		return -ENODEV;
	if (!(in_dev->dev->flags & IFF_UP))
		return -ENETDOWN;
	nh->fib_nh_dev = in_dev->dev;
	dev_hold(nh->fib_nh_dev);
	nh->fib_nh_scope = RT_SCOPE_HOST;
	if (!netif_carrier_ok(nh->fib_nh_dev))
		nh->fib_nh_flags |= RTNH_F_LINKDOWN;
	return 0;
}

static int fib_check_nh(struct net *net, struct fib_nh *nh, u8 scope)
{
	TRACE(net, "check a next hop and find its device");
	return nh->fib_nh_gw_family ? fib_check_nh_v4_gw(net, nh, scope) : fib_check_nh_nongw(net, nh);
}

static bool fib_valid_prefsrc(struct net *net, struct fib_config *cfg, __be32 fib_prefsrc)
{
	TRACE(net, "check that the preferred source is a local address");
	return (cfg->fc_type == RTN_LOCAL && cfg->fc_dst && fib_prefsrc == cfg->fc_dst) ||
	       inet_addr_type_table(net, fib_prefsrc, RT_TABLE_LOCAL) == RTN_LOCAL;
}

/* Checks what the next hop of a new route must have by its type and scope, and takes hold of its device. */
static int fib_setup_nh(struct net *net, struct fib_info *fi, struct fib_config *cfg)
{
	struct fib_nh *nh = fi->fib_nh;
	int err;

	if (fib_props[cfg->fc_type].error)
		return cfg->fc_gw_family || cfg->fc_oif ? -EINVAL : 0;
	if (cfg->fc_type == RTN_UNSPEC || cfg->fc_type > RTN_MULTICAST || cfg->fc_scope > RT_SCOPE_HOST)
		return -EINVAL;
	if (cfg->fc_scope == RT_SCOPE_HOST) {
		if (nh->fib_nh_gw_family)
			return -EINVAL;
		nh->fib_nh_scope = RT_SCOPE_NOWHERE;
		nh->fib_nh_dev = dev_get_by_index(net, nh->fib_nh_oif);
		if (!nh->fib_nh_dev)
			return -ENODEV;
	} else {
		err = fib_check_nh(net, nh, cfg->fc_scope);
		if (err)
			return err;
		if (nh->fib_nh_flags & RTNH_F_LINKDOWN)
			fi->fib_flags |= RTNH_F_LINKDOWN;
	}
	if (fi->fib_prefsrc && !fib_valid_prefsrc(net, cfg, fi->fib_prefsrc))
		return -EINVAL;
	fib_info_update_nhc_saddr(net, &nh->nh_common, fi->fib_scope);
	return 0;
}

struct fib_info *fib_create_info(struct net *net, struct fib_config *cfg, int *err)
{
	TRACE(net, "make the info of a new route, or find one that says the same");
	struct fib_info *fi, *ofi;

	*err = -EINVAL;
	if (cfg->fc_type > RTN_MAX || fib_props[cfg->fc_type].scope > cfg->fc_scope)
		return NULL;
	*err = -ENOMEM;
	fi = kzalloc(net->host, sizeof(*fi));
	if (!fi)
		return NULL;
	fi->host = net->host;
	net->inet->fib_info_cnt++;
	fi->fib_nhs = fib_props[cfg->fc_type].error ? 0 : 1;
	fi->fib_protocol = cfg->fc_protocol;
	fi->fib_scope = cfg->fc_scope;
	fi->fib_type = cfg->fc_type;
	fi->fib_prefsrc = cfg->fc_prefsrc;
	fi->fib_priority = cfg->fc_priority;
	fi->fib_tb_id = cfg->fc_table;
	fi->fib_clntref = 1;
	fi->fib_nh[0].nh_parent = fi;
	*err = ip_fib_metrics_init(net, cfg, &fi->fib_metrics);
	if (*err)
		goto failure;
	*err = fib_nh_init(net, fi->fib_nh, cfg);
	if (!*err)
		*err = fib_setup_nh(net, fi, cfg);
	if (*err)
		goto failure;
	ofi = fib_find_info(net, fi);
	if (ofi) {
		fi->fib_dead = true;
		free_fib_info(fi);
		ofi->fib_treeref++;
		return ofi;
	}
	fi->fib_treeref = 1;
	hlist_add_head(&fi->fib_hash, &net->inet->fib_info_hash[fib_info_hashfn(net, fi)]);
	return fi;
failure:
	fi->fib_dead = true;
	free_fib_info(fi);
	return NULL;
}

/* ---- deleting: does a route agree with what the user named? 0: yes ---- */

int fib_nh_match(struct net *net, struct fib_config *cfg, struct fib_info *fi)
{
	const struct fib_nh *nh = fi->fib_nh;

	(void)net;
	if (cfg->fc_priority && cfg->fc_priority != fi->fib_priority)
		return 1;
	if ((cfg->fc_oif || cfg->fc_gw_family) && !fi->fib_nhs)
		return 1;
	if (cfg->fc_oif && cfg->fc_oif != nh->fib_nh_oif)
		return 1;
	if (cfg->fc_gw_family && (!nh->fib_nh_gw_family || cfg->fc_gw4 != nh->fib_nh_gw4))
		return 1;
	return 0;
}

bool fib_metrics_match(struct fib_config *cfg, struct fib_info *fi)
{
	if (!cfg->fc_mx)
		return true;
	for (int i = 0; i < RTAX_MAX; i++) {
		if (cfg->fc_mx[i] && cfg->fc_mx[i] != fib_metrics_of(fi)[i])
			return false;
	}
	return true;
}

/* ---- devices and addresses come and go ---- */

/* Calls fn for every fib_info; fn does not free any. */
static int fib_for_each_info(struct net *net, int (*fn)(struct fib_info *fi, void *arg), void *arg)
{
	struct fib_info *fi;
	int n = 0;

	for (unsigned int i = 0; i < FIB_INFO_HSIZE; i++) {
		hlist_for_each_entry (fi, &net->inet->fib_info_hash[i], fib_hash)
			n += fn(fi, arg);
	}
	return n;
}

struct sync_dev {
	struct net_device *dev;
	unsigned long event;
	int scope;
	u8 nh_flags;
};

static int fib_info_down_dev(struct fib_info *fi, void *arg)
{
	struct sync_dev *s = arg;
	struct fib_nh *nh = fi->fib_nh;

	if (!fi->fib_nhs || nh->fib_nh_dev != s->dev || (nh->fib_nh_flags & RTNH_F_DEAD) ||
	    nh->fib_nh_scope == s->scope)
		return 0;
	if (s->event == NETDEV_CHANGE) {
		nh->fib_nh_flags |= RTNH_F_LINKDOWN;
		fi->fib_flags |= RTNH_F_LINKDOWN;
		return 1;
	}
	nh->fib_nh_flags |= RTNH_F_DEAD | RTNH_F_LINKDOWN;
	fi->fib_flags |= RTNH_F_DEAD | RTNH_F_LINKDOWN;
	return 1;
}

/* Marks the routes by a device that goes down as dead (the host's own addresses stay unless `force`). */
int fib_sync_down_dev(struct net_device *dev, unsigned long event, bool force)
{
	TRACE(dev, "mark the routes by a device that goes down");
	struct sync_dev s = { .dev = dev, .event = event, .scope = force ? -1 : RT_SCOPE_NOWHERE };

	return fib_for_each_info(dev_net(dev), fib_info_down_dev, &s);
}

static int fib_info_up_dev(struct fib_info *fi, void *arg)
{
	struct sync_dev *s = arg;
	struct fib_nh *nh = fi->fib_nh;

	if (!fi->fib_nhs || nh->fib_nh_dev != s->dev || !(nh->fib_nh_flags & s->nh_flags))
		return 0;
	nh->fib_nh_flags &= (u8)~s->nh_flags;
	fi->fib_flags &= (u8)~s->nh_flags;
	return 1;
}

int fib_sync_up(struct net_device *dev, unsigned char nh_flags)
{
	TRACE(dev, "revive the routes by a device that comes up");
	struct sync_dev s = { .dev = dev, .nh_flags = nh_flags };

	if (!(dev->flags & IFF_UP))
		return 0;
	if ((nh_flags & RTNH_F_DEAD) && netif_carrier_ok(dev))
		s.nh_flags |= RTNH_F_LINKDOWN;
	return fib_for_each_info(dev_net(dev), fib_info_up_dev, &s);
}

struct sync_addr {
	u32 tb_id;
	__be32 local;
};

static int fib_info_down_addr(struct fib_info *fi, void *arg)
{
	struct sync_addr *s = arg;

	if (!fi->fib_prefsrc || fi->fib_prefsrc != s->local)
		return 0;
	fi->fib_flags |= RTNH_F_DEAD;
	return 1;
}

int fib_sync_down_addr(struct net_device *dev, __be32 local)
{
	TRACE(dev, "mark the routes that prefer an address which goes");
	struct sync_addr s = { .local = local };

	return local ? fib_for_each_info(dev_net(dev), fib_info_down_addr, &s) : 0;
}

/* The device's mtu changed: exceptions that were the old mtu follow it, larger ones are cut. */
void fib_nhc_update_mtu(struct fib_nh_common *nhc, u32 new, u32 orig)
{
	TRACE(nhc->nhc_dev, "have the paths of a next hop follow the mtu");
	struct fnhe_hash_bucket *hash = nhc->nhc_exceptions;
	struct fib_nh_exception *fnhe;

	for (int i = 0; hash && i < FNHE_HASH_SIZE; i++) {
		for (fnhe = hash[i].chain; fnhe; fnhe = fnhe->fnhe_next) {
			if (fnhe->fnhe_mtu_locked) {
				if (new <= fnhe->fnhe_pmtu) {
					fnhe->fnhe_pmtu = new;
					fnhe->fnhe_mtu_locked = false;
				}
			} else if (new < fnhe->fnhe_pmtu || orig == fnhe->fnhe_pmtu) {
				fnhe->fnhe_pmtu = new;
			}
		}
	}
}

struct sync_mtu {
	struct net_device *dev;
	u32 orig;
};

static int fib_info_sync_mtu(struct fib_info *fi, void *arg)
{
	struct sync_mtu *s = arg;

	if (fi->fib_nhs && fi->fib_nh[0].fib_nh_dev == s->dev)
		fib_nhc_update_mtu(&fi->fib_nh[0].nh_common, s->dev->mtu, s->orig);
	return 0;
}

void fib_sync_mtu(struct net_device *dev, u32 orig_mtu)
{
	TRACE(dev, "have the paths by the device follow its mtu");
	struct sync_mtu s = { .dev = dev, .orig = orig_mtu };

	fib_for_each_info(dev_net(dev), fib_info_sync_mtu, &s);
}

bool fib_info_nh_uses_dev(struct fib_info *fi, const struct net_device *dev)
{
	TRACE(dev, "does the route go out by this device?");

	return fi->fib_nhs && fi->fib_nh[0].fib_nh_dev == dev;
}

struct gateway {
	__be32 gw;
	struct net_device *dev;
};

static int fib_info_has_gw(struct fib_info *fi, void *arg)
{
	const struct gateway *g = arg;
	const struct fib_nh *nh = fi->fib_nh;

	return fi->fib_nhs && nh->fib_nh_dev == g->dev && nh->fib_nh_gw_family == AF_INET &&
	       nh->fib_nh_gw4 == g->gw && !(nh->fib_nh_flags & RTNH_F_DEAD);
}

bool ip_fib_check_default(__be32 gw, struct net_device *dev)
{
	TRACE(dev, "is this address a gateway of ours?");
	struct gateway g = { .gw = gw, .dev = dev };

	return fib_for_each_info(dev_net(dev), fib_info_has_gw, &g) == 0;
}

/* ---- choosing the source address ---- */

__be32 fib_info_update_nhc_saddr(struct net *net, struct fib_nh_common *nhc, unsigned char scope)
{
	TRACE(net, "find the source address that goes with a next hop");
	struct fib_nh *nh = container_of(nhc, struct fib_nh, nh_common);

	nh->nh_saddr = inet_select_addr(nh->fib_nh_dev, nh->fib_nh_gw4, scope);
	nh->nh_saddr_genid = net->inet->dev_addr_genid;
	return nh->nh_saddr;
}

__be32 fib_result_prefsrc(struct net *net, struct fib_result *res)
{
	TRACE(net, "get the source address that the route prefers");
	const struct fib_nh *nh;

	if (res->fi->fib_prefsrc)
		return res->fi->fib_prefsrc;
	nh = container_of(res->nhc, struct fib_nh, nh_common);
	if (nh->nh_saddr_genid == net->inet->dev_addr_genid)
		return nh->nh_saddr;
	return fib_info_update_nhc_saddr(net, res->nhc, res->fi->fib_scope);
}

void fib_select_path(struct net *net, struct fib_result *res, struct flowi4 *fl4, const struct sk_buff *skb)
{
	TRACE(net, "choose the next hop of the route, and the source address");
	(void)skb; /* one next hop a route: nothing to hash */
	if (!fl4->saddr)
		fl4->saddr = fib_result_prefsrc(net, res);
}
