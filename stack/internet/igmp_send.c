/*
 * IGMP output: reports and leave messages, of versions 1 and 2 one a group, of version 3 records of many
 * groups in a packet. All with ttl 1 and the router alert option.
 */
#include "stack/internet/igmp.h"
#include "stack/internet/internet.h"

#define IGMP_IPHDR_LEN (sizeof(struct iphdr) + 4) /* with the router alert option */
#define TOS_INTERNET_CONTROL 0xc0

/* ---- the ip header ---- */

static struct rtable *igmp_route(const struct in_device *in_dev, struct flowi4 *fl4, __be32 dst)
{
	return ip_route_output_ports(dev_net(in_dev->dev), fl4, NULL, dst, 0, 0, 0, IPPROTO_IGMP, 0,
				     in_dev->dev->ifindex);
}

static struct sk_buff *igmp_alloc(const struct in_device *in_dev, unsigned int size)
{
	const struct net_device *dev = in_dev->dev;
	struct sk_buff *skb =
		alloc_skb(dev->host, size + LL_RESERVED_SPACE(dev) + dev->needed_tailroom, GFP_ATOMIC);

	if (skb) {
		skb->priority = 7; /* TC_PRIO_CONTROL */
		skb->journey = trace_journey_new(dev->host);
	}
	return skb;
}

static __be32 igmpv3_get_srcaddr(const struct in_device *in_dev, const struct flowi4 *fl4)
{
	TRACE(in_dev->dev, "another device's address would lead the router astray: 0 then");
	const struct in_ifaddr *ifa;

	for (ifa = in_dev->ifa_list; ifa && ifa->ifa_local != fl4->saddr; ifa = ifa->ifa_next)
		;
	return ifa ? fl4->saddr : 0;
}

static void igmp_header(struct sk_buff *skb, const struct in_device *in_dev, struct rtable *rt,
			const struct flowi4 *fl4, bool v3)
{
	struct net_device *dev = in_dev->dev;
	struct iphdr *iph;

	skb_dst_set(skb, &rt->dst);
	skb->dev = dev;
	skb_reserve(skb, (int)LL_RESERVED_SPACE(dev));
	skb_reset_network_header(skb);
	iph = skb_put(skb, IGMP_IPHDR_LEN);
	*iph = (struct iphdr){
		.version = 4,
		.ihl = IGMP_IPHDR_LEN >> 2,
		.tos = TOS_INTERNET_CONTROL,
		.frag_off = htons(IP_DF),
		.ttl = 1,
		.protocol = IPPROTO_IGMP,
		.saddr = v3 ? igmpv3_get_srcaddr(in_dev, fl4) : fl4->saddr,
		.daddr = fl4->daddr,
	};
	memcpy(iph + 1, (const u8[]){ IPOPT_RA, 4, 0, 0 }, 4);
	ip_select_ident(dev_net(dev), skb, NULL);
	skb_set_transport_header(skb, IGMP_IPHDR_LEN);
}

static int igmp_finish(struct sk_buff *skb)
{
	u8 *igmp = skb_transport_header(skb);
	__sum16 csum = csum_fold(csum_partial(igmp, (int)(skb_tail_pointer(skb) - igmp), 0));

	memcpy(igmp + 2, &csum, sizeof(csum));
	return ip_local_out(skb->host->net, NULL, skb);
}

/* ---- records of a version 3 report ---- */

/* A report being filled; it is sent and a new one begun whenever a record does not fit. */
struct report {
	struct in_device *in_dev;
	struct sk_buff *skb;	/* NULL: none yet */
	struct igmpv3_grec *gr; /* the record at hand, NULL: none */
	unsigned int mtu;
};

static struct igmpv3_report *igmpv3_report_hdr(const struct sk_buff *skb)
{
	return (struct igmpv3_report *)(void *)skb_transport_header(skb);
}

static bool igmpv3_newpack(struct report *r)
{
	TRACE(r->in_dev->dev, "begin a report");
	struct igmpv3_report *pig;
	struct flowi4 fl4;
	struct rtable *rt;

	r->gr = NULL;
	r->skb = igmp_alloc(r->in_dev, r->mtu);
	if (!r->skb)
		return false;
	rt = igmp_route(r->in_dev, &fl4, IGMPV3_ALL_MCR);
	if (IS_ERR(rt)) {
		kfree_skb(r->skb);
		r->skb = NULL;
		return false;
	}
	igmp_header(r->skb, r->in_dev, rt, &fl4, true);
	pig = skb_put(r->skb, sizeof(*pig));
	*pig = (struct igmpv3_report){ .type = IGMPV3_HOST_MEMBERSHIP_REPORT };
	return true;
}

static void igmpv3_sendpack(struct report *r)
{
	TRACE(r->in_dev->dev, "send a report");
	igmp_finish(r->skb);
	r->skb = NULL;
}

static unsigned int report_room(const struct report *r)
{
	return r->skb && r->skb->len < r->mtu ? r->mtu - r->skb->len : 0;
}

/* Begins a record; false: no memory. */
static bool add_grhead(struct report *r, const struct ip_mc_list *pmc, enum igmpv3_record type)
{
	TRACE(r->in_dev->dev, "begin a record of a group");
	struct igmpv3_report *pih;

	if (!r->skb && !igmpv3_newpack(r))
		return false;
	r->gr = skb_put(r->skb, sizeof(*r->gr));
	*r->gr = (struct igmpv3_grec){ .grec_type = (u8)type, .grec_mca = pmc->multiaddr };
	pih = igmpv3_report_hdr(r->skb);
	pih->ngrec = htons((u16)(ntohs(pih->ngrec) + 1));
	return true;
}

/* Does the source belong into a record of this type? gdel, sdel: of groups or sources that went. */
static bool is_in(const struct ip_mc_list *pmc, const struct ip_sf_list *psf, enum igmpv3_record type,
		  bool gdel, bool sdel)
{
	TRACE(pmc->interface->dev, "does the source belong into the record?");
	const bool excluded = pmc->sfcount[MCAST_EXCLUDE] == psf->sf_count[MCAST_EXCLUDE];

	switch (type) {
	case IGMPV3_MODE_IS_INCLUDE:
	case IGMPV3_MODE_IS_EXCLUDE:
		if (gdel || sdel || (pmc->gsquery && !psf->sf_gsresp))
			return false;
		if (pmc->sfmode == MCAST_INCLUDE)
			return true;
		/* one that is included passes, whoever excludes it */
		if (psf->sf_count[MCAST_INCLUDE])
			return type == IGMPV3_MODE_IS_INCLUDE;
		return excluded;
	case IGMPV3_CHANGE_TO_INCLUDE:
		return !gdel && !sdel && psf->sf_count[MCAST_INCLUDE];
	case IGMPV3_CHANGE_TO_EXCLUDE:
		return !gdel && !sdel && pmc->sfcount[MCAST_EXCLUDE] && !psf->sf_count[MCAST_INCLUDE] &&
		       excluded;
	case IGMPV3_ALLOW_NEW_SOURCES:
		return !gdel && psf->sf_crcount && (pmc->sfmode == MCAST_INCLUDE) != sdel;
	case IGMPV3_BLOCK_OLD_SOURCES:
		if (pmc->sfmode == MCAST_INCLUDE)
			return gdel || (psf->sf_crcount && sdel);
		return psf->sf_crcount && !gdel && !sdel;
	}
	return false;
}

static unsigned int igmp_scount(struct ip_mc_list *pmc, enum igmpv3_record type, bool gdel, bool sdel)
{
	TRACE(pmc->interface->dev, "count the sources of the record");
	unsigned int scount = 0;

	for (const struct ip_sf_list *psf = sdel ? pmc->tomb : pmc->sources; psf; psf = psf->sf_next)
		scount += is_in(pmc, psf, type, gdel, sdel);
	return scount;
}

static bool is_change_of_sources(enum igmpv3_record type)
{
	return type == IGMPV3_ALLOW_NEW_SOURCES || type == IGMPV3_BLOCK_OLD_SOURCES;
}

/* Puts one source into the record at hand, which is begun when there is none. False: it does not fit a record
 * that cannot be split, or there is no memory. */
static bool add_source(struct report *r, struct ip_mc_list *pmc, __be32 addr, enum igmpv3_record type,
		       bool truncate)
{
	unsigned int need = sizeof(addr) + (r->gr ? 0 : (unsigned int)sizeof(struct igmpv3_grec));

	if (report_room(r) < need) {
		if (truncate && r->gr)
			return false;
		if (r->skb)
			igmpv3_sendpack(r);
		if (!igmpv3_newpack(r))
			return false;
	}
	if (!r->gr && !add_grhead(r, pmc, type))
		return false;
	skb_put_data(r->skb, &addr, sizeof(addr));
	r->gr->grec_nsrcs = htons((u16)(ntohs(r->gr->grec_nsrcs) + 1));
	return true;
}

/* The sources of a record. False: none. */
static bool add_grec_sources(struct report *r, struct ip_mc_list *pmc, enum igmpv3_record type, bool gdel,
			     bool sdel, bool truncate)
{
	struct ip_sf_list **at = sdel ? &pmc->tomb : &pmc->sources, *psf;
	/* a change of the mode says it all (RFC 3376 5.1) */
	bool silent = is_change_of_sources(type) && (gdel ? pmc->sfmode == MCAST_EXCLUDE : pmc->crcount != 0);
	bool any = false;

	while ((psf = *at) != NULL) {
		if (!is_in(pmc, psf, type, gdel, sdel)) {
			at = &psf->sf_next;
			continue;
		}
		if (!(silent && psf->sf_crcount)) {
			if (type == IGMPV3_MODE_IS_INCLUDE || type == IGMPV3_MODE_IS_EXCLUDE)
				psf->sf_gsresp = 0;
			if (!add_source(r, pmc, psf->sf_inaddr, type, truncate))
				return any;
			any = true;
		}
		if (is_change_of_sources(type) && psf->sf_crcount) {
			psf->sf_crcount--;
			if ((sdel || gdel) && !psf->sf_crcount) {
				*at = psf->sf_next;
				kfree(r->in_dev->host, psf);
				continue;
			}
		}
		at = &psf->sf_next;
	}
	return any;
}

static void add_grec(struct report *r, struct ip_mc_list *pmc, enum igmpv3_record type, bool gdel, bool sdel)
{
	TRACE(r->in_dev->dev, "add what there is to report of a group");
	const bool isquery = type == IGMPV3_MODE_IS_INCLUDE || type == IGMPV3_MODE_IS_EXCLUDE;
	const bool truncate = type == IGMPV3_MODE_IS_EXCLUDE || type == IGMPV3_CHANGE_TO_EXCLUDE;

	if (igmp_unspoken(r->in_dev, pmc->multiaddr) || r->mtu < IPV4_MIN_MTU)
		return;
	r->gr = NULL;
	/* a list of what is excluded must be in one record: it gets a fresh packet rather than be cut */
	if (truncate && r->skb && igmpv3_report_hdr(r->skb)->ngrec &&
	    report_room(r) < sizeof(struct igmpv3_grec) + 4 * igmp_scount(pmc, type, gdel, sdel))
		igmpv3_sendpack(r);
	if (!add_grec_sources(r, pmc, type, gdel, sdel, truncate)) {
		if (is_change_of_sources(type))
			return;
		if (pmc->crcount || isquery) {
			if (r->skb && report_room(r) < sizeof(struct igmpv3_grec))
				igmpv3_sendpack(r);
			add_grhead(r, pmc, type);
		}
	}
	if (isquery)
		pmc->gsquery = false;
}

static struct report report_begin(struct in_device *in_dev)
{
	return (struct report){ .in_dev = in_dev, .mtu = min(in_dev->dev->mtu, IP_MAX_MTU) };
}

static void report_end(struct report *r)
{
	if (r->skb)
		igmpv3_sendpack(r);
}

/* ---- version 3 ---- */

int igmpv3_send_report(struct in_device *in_dev, struct ip_mc_list *pmc)
{
	TRACE(in_dev->dev, "report one group, or all of them");
	struct ip_mc_list *im = pmc ? pmc : in_dev->mc_list;
	struct report r = report_begin(in_dev);

	for (; im; im = pmc ? NULL : im->next)
		add_grec(&r, im, im->sfcount[MCAST_EXCLUDE] ? IGMPV3_MODE_IS_EXCLUDE : IGMPV3_MODE_IS_INCLUDE,
			 false, false);
	report_end(&r);
	return 0;
}

/* Sources of a group that was left and that are not to be reported any more. */
static void igmpv3_clear_zeros(struct host *host, struct ip_sf_list **at)
{
	TRACE(host, "forget sources that need no more reports");
	struct ip_sf_list *psf;

	while ((psf = *at) != NULL) {
		if (psf->sf_crcount) {
			at = &psf->sf_next;
			continue;
		}
		*at = psf->sf_next;
		kfree(host, psf);
	}
}

static void report_groups_left(struct report *r)
{
	struct ip_mc_list **at = &r->in_dev->mc_tomb, *pmc;
	struct host *host = r->in_dev->host;

	while ((pmc = *at) != NULL) {
		if (pmc->sfmode == MCAST_INCLUDE) {
			add_grec(r, pmc, IGMPV3_BLOCK_OLD_SOURCES, true, false);
			add_grec(r, pmc, IGMPV3_BLOCK_OLD_SOURCES, true, true);
		}
		if (pmc->crcount) {
			if (pmc->sfmode == MCAST_EXCLUDE)
				add_grec(r, pmc, IGMPV3_CHANGE_TO_INCLUDE, true, false);
			if (--pmc->crcount == 0) {
				igmpv3_clear_zeros(host, &pmc->tomb);
				igmpv3_clear_zeros(host, &pmc->sources);
			}
		}
		if (pmc->crcount || pmc->tomb || pmc->sources) {
			at = &pmc->next;
			continue;
		}
		*at = pmc->next;
		kfree_pmc(pmc);
	}
}

void igmpv3_send_cr(struct in_device *in_dev)
{
	TRACE(in_dev->dev, "report what changed: groups left, sources, groups joined");
	struct report r = report_begin(in_dev);

	report_groups_left(&r);
	for (struct ip_mc_list *pmc = in_dev->mc_list; pmc; pmc = pmc->next) {
		const bool exclude = pmc->sfcount[MCAST_EXCLUDE] != 0;

		add_grec(&r, pmc, exclude ? IGMPV3_BLOCK_OLD_SOURCES : IGMPV3_ALLOW_NEW_SOURCES, false,
			 false);
		add_grec(&r, pmc, exclude ? IGMPV3_ALLOW_NEW_SOURCES : IGMPV3_BLOCK_OLD_SOURCES, false, true);
		if (pmc->crcount) {
			add_grec(&r, pmc,
				 pmc->sfmode == MCAST_EXCLUDE ? IGMPV3_CHANGE_TO_EXCLUDE
							      : IGMPV3_CHANGE_TO_INCLUDE,
				 false, false);
			pmc->crcount--;
		}
	}
	report_end(&r);
}

/* ---- versions 1 and 2 ---- */

int igmp_send_report(struct in_device *in_dev, struct ip_mc_list *pmc, int type)
{
	TRACE(in_dev->dev, "send a report of a group, or that it was left");
	struct igmphdr *ih;
	struct sk_buff *skb;
	struct flowi4 fl4;
	struct rtable *rt;

	if (type == IGMPV3_HOST_MEMBERSHIP_REPORT)
		return igmpv3_send_report(in_dev, pmc);
	if (igmp_unspoken(in_dev, pmc->multiaddr))
		return 0;
	rt = igmp_route(in_dev, &fl4, type == IGMP_HOST_LEAVE_MESSAGE ? IGMP_ALL_ROUTER : pmc->multiaddr);
	if (IS_ERR(rt))
		return -1;
	skb = igmp_alloc(in_dev, IGMP_IPHDR_LEN + sizeof(*ih));
	if (!skb) {
		ip_rt_put(rt);
		return -1;
	}
	igmp_header(skb, in_dev, rt, &fl4, false);
	ih = skb_put(skb, sizeof(*ih));
	*ih = (struct igmphdr){ .type = (u8)type, .group = pmc->multiaddr };
	return igmp_finish(skb);
}
