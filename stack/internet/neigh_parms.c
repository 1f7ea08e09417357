/*
 * Parameters of neighbours, per device, and the sysctls that set them: net.ipv4.neigh.DEVICE.* and
 * .default.*.
 *
 * A new device takes the defaults over. A default that changes goes to every device that was not given a
 * value of its own (data_state).
 */
#include <limits.h>
#include <stddef.h>

#include "stack/interface/etherdevice.h"
#include "stack/internet/devinet.h"
#include "stack/internet/neigh_impl.h"

unsigned long neigh_rand_reach_time(struct neigh_table *tbl, unsigned long base)
{
	return base ? random_below(&tbl->random, (u32)base) + (base >> 1) : 0;
}

struct neigh_parms *neigh_parms_clone(struct neigh_parms *parms)
{
	parms->refcnt++;
	return parms;
}

void neigh_parms_put(struct neigh_parms *parms)
{
	if (--parms->refcnt == 0)
		kfree(parms->host, parms);
}

struct neigh_parms *neigh_parms_alloc(struct net_device *dev, struct neigh_table *tbl)
{
	struct neigh_parms *p = kzalloc(dev->host, sizeof(*p));

	if (!p)
		return NULL;
	*p = tbl->parms;
	p->refcnt = 1;
	p->dead = false;
	p->data_state = 0;
	p->dev = dev;
	dev_hold(dev);
	p->reachable_time = (int)neigh_rand_reach_time(tbl, (unsigned long)NEIGH_VAR(p, BASE_REACHABLE_TIME));
	p->next = tbl->parms.next;
	tbl->parms.next = p;
	return p;
}

void neigh_parms_release(struct neigh_table *tbl, struct neigh_parms *parms)
{
	struct neigh_parms **pp = &tbl->parms.next;

	if (!parms)
		return;
	while (*pp && *pp != parms)
		pp = &(*pp)->next;
	if (*pp)
		*pp = parms->next;
	parms->dead = true;
	dev_put(parms->dev);
	parms->dev = NULL;
	neigh_parms_put(parms);
}

/* ---- sysctl ---- */

#define USER_HZ 100

/* How a value is given. A time is kept in jiffies, a number of packets in bytes. */
enum neigh_unit { PLAIN, SECONDS, TICKS, MILLISECONDS, PACKETS };

static const struct neigh_sysctl {
	const char *name;
	u8 attr; /* NEIGH_VAR_ */
	u8 unit;
} neigh_sysctls[] = {
	{ "mcast_solicit", NEIGH_VAR_MCAST_PROBES, PLAIN },
	{ "ucast_solicit", NEIGH_VAR_UCAST_PROBES, PLAIN },
	{ "app_solicit", NEIGH_VAR_APP_PROBES, PLAIN },
	{ "mcast_resolicit", NEIGH_VAR_MCAST_REPROBES, PLAIN },
	{ "retrans_time", NEIGH_VAR_RETRANS_TIME, TICKS },
	{ "retrans_time_ms", NEIGH_VAR_RETRANS_TIME, MILLISECONDS },
	{ "base_reachable_time", NEIGH_VAR_BASE_REACHABLE_TIME, SECONDS },
	{ "base_reachable_time_ms", NEIGH_VAR_BASE_REACHABLE_TIME, MILLISECONDS },
	{ "delay_first_probe_time", NEIGH_VAR_DELAY_PROBE_TIME, SECONDS },
	{ "gc_stale_time", NEIGH_VAR_GC_STALETIME, SECONDS },
	{ "unres_qlen_bytes", NEIGH_VAR_QUEUE_LEN_BYTES, PLAIN },
	{ "unres_qlen", NEIGH_VAR_QUEUE_LEN_BYTES, PACKETS },
	{ "proxy_qlen", NEIGH_VAR_PROXY_QLEN, PLAIN },
	{ "anycast_delay", NEIGH_VAR_ANYCAST_DELAY, TICKS },
	{ "proxy_delay", NEIGH_VAR_PROXY_DELAY, TICKS },
	{ "locktime", NEIGH_VAR_LOCKTIME, TICKS },
};

/* Of the table: among the defaults only. */
static const struct neigh_table_sysctl {
	const char *name;
	u16 offset;
	u8 unit;
} neigh_table_sysctls[] = {
	{ "gc_interval", offsetof(struct neigh_table, gc_interval), SECONDS },
	{ "gc_thresh1", offsetof(struct neigh_table, gc_thresh1), PLAIN },
	{ "gc_thresh2", offsetof(struct neigh_table, gc_thresh2), PLAIN },
	{ "gc_thresh3", offsetof(struct neigh_table, gc_thresh3), PLAIN },
};

/* What one of a value's unit is in the unit that it is kept in, as a fraction. */
static void neigh_unit_scale(u8 unit, long *num, long *den)
{
	*num = unit == PACKETS ? (long)SKB_TRUESIZE(ETH_FRAME_LEN) : unit == PLAIN ? 1 : HZ;
	*den = unit == TICKS ? USER_HZ : unit == MILLISECONDS ? 1000 : 1;
}

static int neigh_to_kept(u8 unit, long value, int *kept)
{
	long num, den;

	neigh_unit_scale(unit, &num, &den);
	if (value < 0 || value > INT_MAX / num * den)
		return -EINVAL;
	*kept = (int)((value * num + den - 1) / den);
	return 0;
}

static long neigh_from_kept(u8 unit, int kept)
{
	long num, den;

	neigh_unit_scale(unit, &num, &den);
	return kept * den / num;
}

/* NULL: there is no such device. */
static struct neigh_parms *neigh_find_parms(struct net *net, const char *name)
{
	struct net_device *dev;

	if (!strcmp(name, "default"))
		return &arp_tbl(net)->parms;
	dev = __dev_get_by_name(net, name);
	return dev && dev->ip_ptr ? dev->ip_ptr->arp_parms : NULL;
}

static const struct neigh_sysctl *neigh_find_sysctl(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(neigh_sysctls); i++) {
		if (!strcmp(neigh_sysctls[i].name, name))
			return &neigh_sysctls[i];
	}
	return NULL;
}

static const struct neigh_table_sysctl *neigh_find_table_sysctl(const struct neigh_parms *p, const char *name)
{
	for (unsigned int i = 0; !p->dev && i < ARRAY_SIZE(neigh_table_sysctls); i++) {
		if (!strcmp(neigh_table_sysctls[i].name, name))
			return &neigh_table_sysctls[i];
	}
	return NULL;
}

static int *neigh_table_value(struct neigh_table *tbl, const struct neigh_table_sysctl *s)
{
	return (int *)((char *)tbl + s->offset);
}

static void neigh_copy_dflt_parms(struct neigh_table *tbl, int attr)
{
	for (struct neigh_parms *p = tbl->parms.next; p; p = p->next) {
		if (!(p->data_state & 1u << attr))
			p->data[attr] = tbl->parms.data[attr];
	}
}

static void neigh_set_parm(struct neigh_parms *p, int attr, int value)
{
	p->data[attr] = value;
	p->data_state |= 1u << attr;
	if (!p->dev)
		neigh_copy_dflt_parms(p->tbl, attr);
	if (attr == NEIGH_VAR_BASE_REACHABLE_TIME)
		p->reachable_time = (int)neigh_rand_reach_time(p->tbl, (unsigned long)value);
}

int neigh_sysctl_set(struct net *net, const char *dev, const char *name, long value)
{
	struct neigh_parms *p = neigh_find_parms(net, dev);
	const struct neigh_table_sysctl *t = p ? neigh_find_table_sysctl(p, name) : NULL;
	const struct neigh_sysctl *s = p ? neigh_find_sysctl(name) : NULL;
	int kept, err;

	if (!s && !t)
		return -ENOENT;
	err = neigh_to_kept(s ? s->unit : t->unit, value, &kept);
	if (err)
		return err;
	if (s)
		neigh_set_parm(p, s->attr, kept);
	else
		*neigh_table_value(p->tbl, t) = kept;
	return 0;
}

int neigh_sysctl_get(struct net *net, const char *dev, const char *name, long *value)
{
	struct neigh_parms *p = neigh_find_parms(net, dev);
	const struct neigh_table_sysctl *t = p ? neigh_find_table_sysctl(p, name) : NULL;
	const struct neigh_sysctl *s = p ? neigh_find_sysctl(name) : NULL;

	if (!s && !t)
		return -ENOENT;
	*value = s ? neigh_from_kept(s->unit, p->data[s->attr])
		   : neigh_from_kept(t->unit, *neigh_table_value(p->tbl, t));
	return 0;
}

const char *neigh_sysctl_name(bool dflt, unsigned int i)
{
	if (i < ARRAY_SIZE(neigh_sysctls))
		return neigh_sysctls[i].name;
	i -= (unsigned int)ARRAY_SIZE(neigh_sysctls);
	return dflt && i < ARRAY_SIZE(neigh_table_sysctls) ? neigh_table_sysctls[i].name : NULL;
}
