/*
 * Multicast groups of a device and IGMP's timers: who is a member, what the card listens to, when memberships
 * are reported. Sockets join and leave (ip_mc_sock.c), queries come in (igmp_rcv.c), reports go out
 * (igmp_send.c).
 *
 * With a router of IGMPv3 (or none seen) a change is reported mr_qrv times by one timer for the device
 * (mr_ifc_timer); with an older one each group has its own. Delays are drawn from the stream "igmp".
 */
#include "stack/internet/igmp.h"

#include "stack/internet/arp.h"
#include "stack/internet/internet.h"

#define IGMP_QUERY_INTERVAL (125 * HZ)
#define IGMP_QUERY_RESPONSE_INTERVAL (10 * HZ)
#define IGMP_INITIAL_REPORT_DELAY 1

/* ---- the table ---- */

#define MC_HASH_SZ_LOG 9
#define MC_HASH_MIN 4 /* fewer groups are walked */

static struct ip_mc_list **mc_slot(const struct in_device *in_dev, __be32 addr)
{
	return &in_dev->mc_hash[hash_32(addr, MC_HASH_SZ_LOG)];
}

static void mc_slot_add(struct in_device *in_dev, struct ip_mc_list *im)
{
	struct ip_mc_list **slot = mc_slot(in_dev, im->multiaddr);

	im->next_hash = *slot;
	*slot = im;
}

static void ip_mc_hash_add(struct in_device *in_dev, struct ip_mc_list *im)
{
	TRACE(in_dev->dev, "put the group into the table, if there is one");

	if (in_dev->mc_hash) {
		mc_slot_add(in_dev, im);
		return;
	}
	if (in_dev->mc_count < MC_HASH_MIN)
		return;
	in_dev->mc_hash = kzalloc(in_dev->host, sizeof(*in_dev->mc_hash) << MC_HASH_SZ_LOG);
	for (im = in_dev->mc_hash ? in_dev->mc_list : NULL; im; im = im->next)
		mc_slot_add(in_dev, im);
}

static void ip_mc_hash_remove(struct in_device *in_dev, struct ip_mc_list *im)
{
	TRACE(in_dev->dev, "take the group out of the table, if there is one");
	struct ip_mc_list **p;

	if (!in_dev->mc_hash)
		return;
	for (p = mc_slot(in_dev, im->multiaddr); *p != im; p = &(*p)->next_hash)
		;
	*p = im->next_hash;
}

struct ip_mc_list *igmp_find_group(const struct in_device *in_dev, __be32 addr)
{
	struct ip_mc_list *im;

	if (in_dev->mc_hash) {
		for (im = *mc_slot(in_dev, addr); im && im->multiaddr != addr; im = im->next_hash)
			;
		return im;
	}
	for (im = in_dev->mc_list; im && im->multiaddr != addr; im = im->next)
		;
	return im;
}

/* Routes to groups say whether this host is a member. */
void ip_rt_multicast_event(struct in_device *in_dev)
{
	TRACE(in_dev->dev, "routes to groups are stale: the host's groups changed");
	rt_cache_flush(dev_net(in_dev->dev));
}

/* ---- timers ---- */

/* A delay between 2 jiffies and max + 1. */
static unsigned long igmp_delay(struct in_device *in_dev, int max)
{
	struct inet_state *inet = inet_state(in_dev->host);

	return jiffies(in_dev->host) + random_below(&inet->igmp_random, (u32)max) + 2;
}

static int unsolicited_report_interval(const struct in_device *in_dev)
{
	TRACE(in_dev->dev, "how long to wait between two reports that nobody asked for");
	int ms = IGMP_V1_SEEN(in_dev) || IGMP_V2_SEEN(in_dev)
			 ? in_dev->cnf.igmpv2_unsolicited_report_interval
			 : in_dev->cnf.igmpv3_unsolicited_report_interval;

	return max((int)msecs_to_jiffies((unsigned int)ms), 1);
}

static void ip_ma_put(struct ip_mc_list *im)
{
	TRACE(im->interface->dev, "drop a reference of the group");
	if (--im->refcnt == 0)
		kfree(im->interface->host, im);
}

void igmp_stop_timer(struct ip_mc_list *im)
{
	TRACE(im->interface->dev, "report the group no longer");
	bool put = del_timer(&im->timer);

	im->tm_running = false;
	im->reporter = false;
	im->unsolicit_count = 0;
	if (put)
		ip_ma_put(im);
}

static void igmp_start_timer(struct ip_mc_list *im, int max_delay)
{
	TRACE(im->interface->dev, "report the group after a random delay");
	im->tm_running = true;
	if (!mod_timer(&im->timer, igmp_delay(im->interface, max_delay)))
		im->refcnt++;
}

void igmp_gq_start_timer(struct in_device *in_dev)
{
	TRACE(in_dev->dev, "answer a general query after a random delay");
	unsigned long exp = igmp_delay(in_dev, in_dev->mr_maxdelay);

	if (timer_pending(&in_dev->mr_gq_timer) && time_after_eq(exp, in_dev->mr_gq_timer.expires))
		return;
	mod_timer(&in_dev->mr_gq_timer, exp);
}

static void igmp_ifc_start_timer(struct in_device *in_dev, int delay)
{
	TRACE(in_dev->dev, "report changes after a random delay");
	mod_timer(&in_dev->mr_ifc_timer, igmp_delay(in_dev, delay));
}

/* A query wants an answer within max_delay: sooner than planned, or not at all later. */
void igmp_mod_timer(struct ip_mc_list *im, int max_delay)
{
	TRACE(im->interface->dev, "report the group within the time that a query allows");
	im->unsolicit_count = 0;
	if (timer_pending(&im->timer) &&
	    (long)(im->timer.expires - jiffies(im->interface->host)) < max_delay) {
		im->tm_running = true;
		return;
	}
	if (del_timer(&im->timer))
		im->refcnt--; /* igmp_start_timer() takes it again */
	igmp_start_timer(im, max_delay);
}

static void igmp_gq_timer_expire(struct timer_list *t)
{
	struct in_device *in_dev = from_timer(in_dev, t, mr_gq_timer);
	TRACE(in_dev->dev, "answer a general query: report all groups");

	igmpv3_send_report(in_dev, NULL);
}

static void igmp_ifc_timer_expire(struct timer_list *t)
{
	struct in_device *in_dev = from_timer(in_dev, t, mr_ifc_timer);
	TRACE(in_dev->dev, "report changes of the groups");

	igmpv3_send_cr(in_dev);
	if (in_dev->mr_ifc_count) {
		in_dev->mr_ifc_count--;
		igmp_ifc_start_timer(in_dev, unsolicited_report_interval(in_dev));
	}
}

/* Groups changed: IGMPv3 reports it, robustness times. */
void igmp_ifc_event(struct in_device *in_dev)
{
	TRACE(in_dev->dev, "groups or sources changed: report it");
	if (IGMP_V1_SEEN(in_dev) || IGMP_V2_SEEN(in_dev))
		return;
	in_dev->mr_ifc_count = igmp_robustness(in_dev);
	igmp_ifc_start_timer(in_dev, 1);
}

static void igmp_timer_expire(struct timer_list *t)
{
	struct ip_mc_list *im = from_timer(im, t, timer);
	struct in_device *in_dev = im->interface;
	TRACE(in_dev->dev, "report one group");

	im->tm_running = false;
	if (im->unsolicit_count && --im->unsolicit_count)
		igmp_start_timer(im, unsolicited_report_interval(in_dev));
	im->reporter = true;
	if (IGMP_V1_SEEN(in_dev))
		igmp_send_report(in_dev, im, IGMP_HOST_MEMBERSHIP_REPORT);
	else if (IGMP_V2_SEEN(in_dev))
		igmp_send_report(in_dev, im, IGMPV2_HOST_MEMBERSHIP_REPORT);
	else
		igmp_send_report(in_dev, im, IGMPV3_HOST_MEMBERSHIP_REPORT);
	ip_ma_put(im);
}

/* ---- groups that were left: what is still to be reported of them ---- */

void kfree_pmc(struct ip_mc_list *pmc)
{
	struct host *host = pmc->interface->host;
	TRACE(host, "free what was remembered of a group that was left");

	ip_sf_list_clear_all(host, &pmc->sources);
	ip_sf_list_clear_all(host, &pmc->tomb);
	kfree(host, pmc);
}

static void igmpv3_add_delrec(struct in_device *in_dev, struct ip_mc_list *im)
{
	TRACE(in_dev->dev, "remember that the group was left, to report it");
	struct ip_mc_list *pmc = kzalloc(in_dev->host, sizeof(*pmc));

	if (!pmc)
		return;
	pmc->interface = in_dev;
	pmc->multiaddr = im->multiaddr;
	pmc->crcount = igmp_robustness(in_dev);
	pmc->sfmode = im->sfmode;
	if (pmc->sfmode == MCAST_INCLUDE) {
		pmc->tomb = im->tomb;
		pmc->sources = im->sources;
		im->tomb = im->sources = NULL;
		for (struct ip_sf_list *psf = pmc->sources; psf; psf = psf->sf_next)
			psf->sf_crcount = pmc->crcount;
	}
	pmc->next = in_dev->mc_tomb;
	in_dev->mc_tomb = pmc;
}

/* The group is joined again before its leaving was reported to the end. */
static void igmpv3_del_delrec(struct in_device *in_dev, struct ip_mc_list *im)
{
	TRACE(in_dev->dev, "forget that the group was left");
	struct ip_mc_list **p, *pmc;

	for (p = &in_dev->mc_tomb; (pmc = *p) != NULL && pmc->multiaddr != im->multiaddr; p = &pmc->next)
		;
	if (!pmc)
		return;
	*p = pmc->next;
	if (im->sfmode == MCAST_INCLUDE) {
		swap(im->tomb, pmc->tomb);
		swap(im->sources, pmc->sources);
		for (struct ip_sf_list *psf = im->sources; psf; psf = psf->sf_next)
			psf->sf_crcount = igmp_robustness(in_dev);
	} else {
		im->crcount = igmp_robustness(in_dev);
	}
	kfree_pmc(pmc);
}

void igmpv3_clear_delrec(struct in_device *in_dev)
{
	TRACE(in_dev->dev, "forget all that was left and not yet reported");
	struct ip_mc_list *pmc;

	while ((pmc = in_dev->mc_tomb) != NULL) {
		in_dev->mc_tomb = pmc->next;
		ip_mc_clear_src(pmc);
		kfree_pmc(pmc);
	}
	for (pmc = in_dev->mc_list; pmc; pmc = pmc->next)
		ip_sf_list_clear_all(in_dev->host, &pmc->tomb);
}

/* ---- a group comes and goes ---- */

static void ip_mc_filter_add(struct in_device *in_dev, __be32 addr)
{
	TRACE(in_dev->dev, "have the card accept the group's frames");
	u8 buf[MAX_ADDR_LEN];

	if (arp_mc_map(addr, buf, in_dev->dev, 0) == 0)
		dev_mc_add(in_dev->dev, buf);
}

static void ip_mc_filter_del(struct in_device *in_dev, __be32 addr)
{
	TRACE(in_dev->dev, "have the card accept the group's frames no longer");
	u8 buf[MAX_ADDR_LEN];

	if (arp_mc_map(addr, buf, in_dev->dev, 0) == 0)
		dev_mc_del(in_dev->dev, buf);
}

static void __igmp_group_dropped(struct ip_mc_list *im)
{
	struct in_device *in_dev = im->interface;
	TRACE(in_dev->dev, "the device left a group: card, leave message");
	bool reporter = im->reporter;

	if (im->loaded) {
		im->loaded = false;
		ip_mc_filter_del(in_dev, im->multiaddr);
	}
	if (igmp_unspoken(in_dev, im->multiaddr))
		return;
	igmp_stop_timer(im);
	if (in_dev->dead || IGMP_V1_SEEN(in_dev))
		return;
	if (IGMP_V2_SEEN(in_dev)) {
		if (reporter) /* the last to report is who must say so */
			igmp_send_report(in_dev, im, IGMP_HOST_LEAVE_MESSAGE);
		return;
	}
	igmpv3_add_delrec(in_dev, im);
	igmp_ifc_event(in_dev);
}

static void igmp_group_dropped(struct ip_mc_list *im)
{
	TRACE(im->interface->dev, "the device leaves a group while it is down");
	__igmp_group_dropped(im);
}

static void igmp_group_added(struct ip_mc_list *im)
{
	struct in_device *in_dev = im->interface;
	TRACE(in_dev->dev, "the device joined a group: card, report");

	if (!im->loaded) {
		im->loaded = true;
		ip_mc_filter_add(in_dev, im->multiaddr);
	}
	if (igmp_unspoken(in_dev, im->multiaddr) || in_dev->dead)
		return;
	im->unsolicit_count = in_dev->host->net->ipv4.sysctl_igmp_qrv;
	if (IGMP_V1_SEEN(in_dev) || IGMP_V2_SEEN(in_dev)) {
		igmp_start_timer(im, IGMP_INITIAL_REPORT_DELAY);
		return;
	}
	/* from nothing to some sources is no change of mode (RFC 3376 5.1) */
	if (im->sfmode == MCAST_EXCLUDE)
		im->crcount = igmp_robustness(in_dev);
	igmp_ifc_event(in_dev);
}

int ____ip_mc_inc_group(struct in_device *in_dev, __be32 addr, unsigned int mode)
{
	TRACE(in_dev->dev, "one more member of the group");
	struct ip_mc_list *im = igmp_find_group(in_dev, addr);

	ASSERT_RTNL(in_dev->host);
	if (im) {
		im->users++;
		return ip_mc_add_src(in_dev, addr, mode, 0, NULL, false);
	}
	im = kzalloc(in_dev->host, sizeof(*im));
	if (!im)
		return -ENOMEM;
	im->users = im->refcnt = 1;
	im->interface = in_dev;
	im->multiaddr = addr;
	im->sfmode = mode;
	im->sfcount[mode] = 1;
	timer_setup(in_dev->host, &im->timer, igmp_timer_expire, 0);
	im->next = in_dev->mc_list;
	in_dev->mc_count++;
	in_dev->mc_list = im;
	ip_mc_hash_add(in_dev, im);
	igmpv3_del_delrec(in_dev, im);
	igmp_group_added(im);
	if (!in_dev->dead)
		ip_rt_multicast_event(in_dev);
	return 0;
}

static void __ip_mc_inc_group(struct in_device *in_dev, __be32 addr)
{
	TRACE(in_dev->dev, "one more member of the group");
	____ip_mc_inc_group(in_dev, addr, MCAST_EXCLUDE);
}

void ip_mc_inc_group(struct in_device *in_dev, __be32 addr)
{
	TRACE(in_dev->dev, "one more member of the group, from any source");
	__ip_mc_inc_group(in_dev, addr);
}

void __ip_mc_dec_group(struct in_device *in_dev, __be32 addr)
{
	TRACE(in_dev->dev, "one member less of the group");
	struct ip_mc_list *i, **ip;

	ASSERT_RTNL(in_dev->host);
	for (ip = &in_dev->mc_list; (i = *ip) != NULL && i->multiaddr != addr; ip = &i->next)
		;
	if (!i || --i->users)
		return;
	ip_mc_hash_remove(in_dev, i);
	*ip = i->next;
	in_dev->mc_count--;
	__igmp_group_dropped(i);
	ip_mc_clear_src(i);
	if (!in_dev->dead)
		ip_rt_multicast_event(in_dev);
	ip_ma_put(i);
}

/* ---- the device ---- */

static void ip_mc_reset(struct in_device *in_dev)
{
	TRACE(in_dev->dev, "no router was heard: IGMP's defaults hold");
	in_dev->mr_qi = IGMP_QUERY_INTERVAL;
	in_dev->mr_qri = IGMP_QUERY_RESPONSE_INTERVAL;
	in_dev->mr_qrv = in_dev->host->net->ipv4.sysctl_igmp_qrv;
}

void ip_mc_init_dev(struct in_device *in_dev)
{
	TRACE(in_dev->dev, "prepare the device's groups");
	ASSERT_RTNL(in_dev->host);
	timer_setup(in_dev->host, &in_dev->mr_gq_timer, igmp_gq_timer_expire, 0);
	timer_setup(in_dev->host, &in_dev->mr_ifc_timer, igmp_ifc_timer_expire, 0);
	ip_mc_reset(in_dev);
}

void ip_mc_up(struct in_device *in_dev)
{
	TRACE(in_dev->dev, "the device is up: join 224.0.0.1, and what was joined before");
	struct ip_mc_list *pmc;

	ASSERT_RTNL(in_dev->host);
	ip_mc_reset(in_dev);
	ip_mc_inc_group(in_dev, IGMP_ALL_HOSTS);
	for (pmc = in_dev->mc_list; pmc; pmc = pmc->next) {
		igmpv3_del_delrec(in_dev, pmc);
		igmp_group_added(pmc);
	}
}

void ip_mc_down(struct in_device *in_dev)
{
	TRACE(in_dev->dev, "the device goes down: out of all groups, for now");
	struct ip_mc_list *pmc;

	ASSERT_RTNL(in_dev->host);
	for (pmc = in_dev->mc_list; pmc; pmc = pmc->next)
		igmp_group_dropped(pmc);
	in_dev->mr_ifc_count = 0;
	del_timer(&in_dev->mr_ifc_timer);
	del_timer(&in_dev->mr_gq_timer);
	__ip_mc_dec_group(in_dev, IGMP_ALL_HOSTS);
}

void ip_mc_destroy_dev(struct in_device *in_dev)
{
	TRACE(in_dev->dev, "the device goes: forget its groups");
	struct ip_mc_list *i;

	ASSERT_RTNL(in_dev->host);
	ip_mc_down(in_dev);
	igmpv3_clear_delrec(in_dev);
	while ((i = in_dev->mc_list) != NULL) {
		ip_mc_hash_remove(in_dev, i);
		in_dev->mc_list = i->next;
		in_dev->mc_count--;
		ip_mc_clear_src(i);
		ip_ma_put(i);
	}
	kfree(in_dev->host, in_dev->mc_hash);
	in_dev->mc_hash = NULL;
}

bool ip_check_mc_rcu(const struct in_device *in_dev, __be32 mc_addr, __be32 src_addr, u8 proto)
{
	TRACE(in_dev->dev, "is the device a member of the group, for this source?");
	const struct ip_mc_list *im = igmp_find_group(in_dev, mc_addr);
	const struct ip_sf_list *psf;

	if (!im)
		return false;
	if (proto == IPPROTO_IGMP || !src_addr)
		return true;
	for (psf = im->sources; psf && psf->sf_inaddr != src_addr; psf = psf->sf_next)
		;
	if (!psf)
		return im->sfcount[MCAST_EXCLUDE] != 0;
	return psf->sf_count[MCAST_INCLUDE] || psf->sf_count[MCAST_EXCLUDE] != im->sfcount[MCAST_EXCLUDE];
}

/* ---- start ---- */

static const struct net_protocol igmp_protocol = {
	.handler = igmp_rcv,
};

int igmp_mc_init(struct host *host)
{
	struct netns_ipv4 *ipv4 = &host->net->ipv4;

	ipv4->sysctl_igmp_max_memberships = 20;
	ipv4->sysctl_igmp_max_msf = 10;
	ipv4->sysctl_igmp_qrv = 2;
	ipv4->sysctl_igmp_link_local_mcast_reports = 1;
	random_init(&inet_state(host)->igmp_random, host->sim, host->name, "igmp");
	return inet_add_protocol(host, &igmp_protocol, IPPROTO_IGMP) < 0 ? -ENOMEM : 0;
}
