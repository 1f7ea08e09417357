/*
 * IGMP input: a router's queries, which say what version it speaks and want reports within some time; and
 * other hosts' reports, which save ours (versions 1 and 2). And the texts of /proc/net/igmp and mcfilter.
 */
#include <stdio.h>

#include "stack/internet/igmp.h"
#include "stack/internet/internet.h"

#define IGMP_TIMER_SCALE 10 /* times on the wire are in tenths of seconds */
#define IGMP_QUERY_INTERVAL (125 * HZ)
#define IGMP_QUERY_RESPONSE_INTERVAL (10 * HZ)

/* Times of version 3: from 128 on a small floating point number. */
static int igmpv3_time(u8 code)
{
	return code < 0x80 ? code : ((code & 0xf) | 0x10) << ((code >> 4 & 7) + 3);
}

/* ---- which of a group's sources does a query mean? ---- */

static bool is_asked(const struct ip_sf_list *psf, unsigned int nsrcs, const __be32 *srcs)
{
	for (unsigned int i = 0; i < nsrcs; i++)
		if (srcs[i] == psf->sf_inaddr)
			return true;
	return false;
}

/* All but some sources are wanted: true when one that is asked for is. */
static bool igmp_xmarksources(struct ip_mc_list *pmc, unsigned int nsrcs, const __be32 *srcs)
{
	TRACE(pmc->interface->dev, "is a source wanted that the query asks for? Some are not");
	unsigned int scount = 0;

	for (const struct ip_sf_list *psf = pmc->sources; psf && scount < nsrcs; psf = psf->sf_next) {
		if (psf->sf_count[MCAST_INCLUDE] ||
		    pmc->sfcount[MCAST_EXCLUDE] != psf->sf_count[MCAST_EXCLUDE])
			continue;
		scount += is_asked(psf, nsrcs, srcs);
	}
	pmc->gsquery = false;
	return scount < nsrcs;
}

static bool igmp_marksources(struct ip_mc_list *pmc, unsigned int nsrcs, const __be32 *srcs)
{
	TRACE(pmc->interface->dev, "mark the sources that the query asks for; are there any?");
	unsigned int scount = 0;

	if (pmc->sfmode == MCAST_EXCLUDE)
		return igmp_xmarksources(pmc, nsrcs, srcs);
	for (struct ip_sf_list *psf = pmc->sources; psf && scount < nsrcs; psf = psf->sf_next) {
		if (is_asked(psf, nsrcs, srcs)) {
			psf->sf_gsresp = 1;
			scount++;
		}
	}
	pmc->gsquery = scount != 0;
	return scount != 0;
}

/* ---- queries ---- */

/* A query of version 1 or 2: for a while only that is spoken. The longest delay allowed; *group: what it
 * asks. */
static int query_old(struct in_device *in_dev, const struct igmphdr *ih, __be32 *group)
{
	unsigned long until = jiffies(in_dev->host) + in_dev->mr_qrv * in_dev->mr_qi + in_dev->mr_qri;
	int max_delay = ih->code * (HZ / IGMP_TIMER_SCALE);

	if (!ih->code) {
		max_delay = IGMP_QUERY_RESPONSE_INTERVAL;
		in_dev->mr_v1_seen = until;
		*group = 0;
	} else {
		in_dev->mr_v2_seen = until;
	}
	in_dev->mr_ifc_count = 0;
	del_timer(&in_dev->mr_ifc_timer);
	igmpv3_clear_delrec(in_dev);
	return max_delay;
}

/* What a router of version 3 says about itself. */
static void query_learn(struct in_device *in_dev, const struct igmpv3_query *ih3, int max_delay)
{
	int qi = igmpv3_time(ih3->qqic) * HZ;

	in_dev->mr_maxdelay = max_delay;
	in_dev->mr_qrv = ih3->qrv & 7 ? ih3->qrv & 7 : in_dev->host->net->ipv4.sysctl_igmp_qrv;
	in_dev->mr_qi = (unsigned long)(qi ? qi : IGMP_QUERY_INTERVAL);
	if (in_dev->mr_qri >= in_dev->mr_qi) /* RFC 3376 8.3 */
		in_dev->mr_qri = (in_dev->mr_qi / HZ - 1) * HZ;
}

/* All groups that the query means are reported within max_delay. ih3: sources too, NULL: it names none. */
static void query_start_timers(struct in_device *in_dev, __be32 group, int max_delay,
			       const struct igmpv3_query *ih3)
{
	const bool mark = ih3 && ih3->nsrcs;

	for (struct ip_mc_list *im = in_dev->mc_list; im; im = im->next) {
		if ((group && group != im->multiaddr) || igmp_unspoken(in_dev, im->multiaddr))
			continue;
		im->gsquery = im->tm_running ? im->gsquery && mark : mark;
		if (!im->gsquery || igmp_marksources(im, ntohs(ih3->nsrcs), ih3->srcs))
			igmp_mod_timer(im, max_delay);
	}
}

/* True: a query that makes no sense. */
static bool igmp_heard_query(struct in_device *in_dev, struct sk_buff *skb, unsigned int len)
{
	TRACE_SKB(skb, "a router asks who is a member");
	const struct igmpv3_query *ih3 = (const struct igmpv3_query *)(const void *)skb_transport_header(skb);
	__be32 group = ih3->group;
	int max_delay;

	if (len == sizeof(struct igmphdr)) {
		max_delay = query_old(in_dev, (const struct igmphdr *)(const void *)ih3, &group);
		query_start_timers(in_dev, group, max_delay, NULL);
		return false;
	}
	if (len < sizeof(*ih3))
		return true;
	if (IGMP_V1_SEEN(in_dev)) {
		query_start_timers(in_dev, 0, IGMP_QUERY_RESPONSE_INTERVAL, NULL);
		return false;
	}
	if (!pskb_may_pull(skb, sizeof(*ih3)))
		return true;
	ih3 = (const struct igmpv3_query *)(const void *)skb_transport_header(skb);
	max_delay = max(igmpv3_time(ih3->code) * (HZ / IGMP_TIMER_SCALE), 1);
	if (IGMP_V2_SEEN(in_dev)) {
		query_start_timers(in_dev, group, max_delay, NULL);
		return false;
	}
	if (ih3->nsrcs) {
		if (!pskb_may_pull(skb, (unsigned int)sizeof(*ih3) + ntohs(ih3->nsrcs) * 4u))
			return true;
		ih3 = (const struct igmpv3_query *)(const void *)skb_transport_header(skb);
	}
	query_learn(in_dev, ih3, max_delay);
	if (group) {
		query_start_timers(in_dev, group, max_delay, ih3);
		return false;
	}
	if (ih3->nsrcs)
		return true;
	igmp_gq_start_timer(in_dev);
	return false;
}

/* Another host reports the group: enough for the router. */
static void igmp_heard_report(struct in_device *in_dev, __be32 group)
{
	TRACE(in_dev->dev, "another host is a member: our report is not needed");
	struct ip_mc_list *im = igmp_unspoken(in_dev, group) ? NULL : igmp_find_group(in_dev, group);

	if (im)
		igmp_stop_timer(im);
}

/* ---- from IP ---- */

static bool igmp_checksum_ok(struct sk_buff *skb)
{
	if (skb_csum_unnecessary(skb))
		return true;
	skb->csum = 0;
	return !__skb_checksum_complete(skb);
}

int igmp_rcv(struct sk_buff *skb)
{
	TRACE_SKB(skb, "receive an igmp message");
	struct in_device *in_dev = __in_dev_get_rcu(skb->dev);
	const struct igmphdr *ih;
	enum skb_drop_reason reason = SKB_DROP_REASON_IGMP_INVALID;
	bool dropped = true;

	if (!in_dev || !pskb_may_pull(skb, sizeof(*ih)) || !igmp_checksum_ok(skb))
		goto drop;
	ih = (const struct igmphdr *)(const void *)skb_transport_header(skb);
	switch (ih->type) {
	case IGMP_HOST_MEMBERSHIP_QUERY:
		dropped = igmp_heard_query(in_dev, skb, skb->len);
		break;
	case IGMP_HOST_MEMBERSHIP_REPORT:
	case IGMPV2_HOST_MEMBERSHIP_REPORT:
		reason = SKB_DROP_REASON_IGMP_UNHANDLED;
		/* not our own; and a router hears only what is sent to many */
		if (rt_is_output_route(skb_rtable(skb)) ||
		    (skb->pkt_type != PACKET_MULTICAST && skb->pkt_type != PACKET_BROADCAST))
			break;
		igmp_heard_report(in_dev, ih->group);
		dropped = false;
		break;
	default: /* for routers */
		reason = SKB_DROP_REASON_IGMP_UNHANDLED;
		break;
	}
drop:
	if (dropped)
		kfree_skb_reason(skb, reason);
	else
		consume_skb(skb);
	return 0;
}

/* ---- texts ---- */

/* Adds a line; counts what does not fit. */
#define TEXT(...) (used += snprintf(buf + min(used, size), (size_t)(size - min(used, size)), __VA_ARGS__))

int igmp_mc_seq_show(struct net *net, char *buf, int size)
{
	struct net_device *dev;
	int used = 0;

	TEXT("Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n");
	for_each_netdev(net, dev)
	{
		const struct in_device *in_dev = __in_dev_get_rtnl(dev);
		int count = 0;

		if (!in_dev || !in_dev->mc_list)
			continue;
		for (const struct ip_mc_list *im = in_dev->mc_list; im; im = im->next)
			count++;
		TEXT("%d\t%-10s: %5d %7s\n", dev->ifindex, dev->name, count,
		     IGMP_V1_SEEN(in_dev)   ? "V1"
		     : IGMP_V2_SEEN(in_dev) ? "V2"
					    : "V3");
		for (const struct ip_mc_list *im = in_dev->mc_list; im; im = im->next) {
			long left = im->tm_running ? (long)(im->timer.expires - jiffies(net->host)) : 0;

			TEXT("\t\t\t\t%08X %5d %d:%08lX\t\t%d\n", im->multiaddr, im->users, im->tm_running,
			     (unsigned long)max(left, 0L) * 100 / HZ, im->reporter);
		}
	}
	return used;
}

int igmp_mcf_seq_show(struct net *net, char *buf, int size)
{
	struct net_device *dev;
	int used = 0;

	TEXT("Idx Device        MCA        SRC    INC    EXC\n");
	for_each_netdev(net, dev)
	{
		const struct in_device *in_dev = __in_dev_get_rtnl(dev);

		for (const struct ip_mc_list *im = in_dev ? in_dev->mc_list : NULL; im; im = im->next)
			for (const struct ip_sf_list *psf = im->sources; psf; psf = psf->sf_next)
				TEXT("%3d %6.6s 0x%08x 0x%08x %6u %6u\n", dev->ifindex, dev->name,
				     ntohl(im->multiaddr), ntohl(psf->sf_inaddr),
				     psf->sf_count[MCAST_INCLUDE], psf->sf_count[MCAST_EXCLUDE]);
	}
	return used;
}
