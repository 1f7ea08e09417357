/*
 * IGMP output: reports and leave messages, of versions 1 and 2 one a group, of version 3 records of many
 * groups in a packet. All with ttl 1 and the router alert option.
 */
#include "stack/internet/igmp.h"
#include "stack/internet/internet.h"

#define IGMP_IPHDR_LEN (sizeof(struct iphdr) + 4) /* with the router alert option */
#define TOS_INTERNET_CONTROL 0xc0

/* ---- the ip header ---- */

/* A packet with route and ip header and room for `size` bytes in all. */
static struct sk_buff *igmp_alloc(struct in_device *in_dev, __be32 dst, unsigned int size)
{
	struct net_device *dev = in_dev->dev;
	struct net *net = dev_net(dev);
	const unsigned int hlen = LL_RESERVED_SPACE(dev);
	struct sk_buff *skb;
	struct flowi4 fl4;
	struct rtable *rt;
	struct iphdr *iph;

	rt = ip_route_output_ports(net, &fl4, NULL, dst, 0, 0, 0, IPPROTO_IGMP, 0, dev->ifindex);
	if (IS_ERR(rt))
		return NULL;
	skb = alloc_skb(net->host, size + hlen + dev->needed_tailroom, GFP_ATOMIC);
	if (!skb) {
		ip_rt_put(rt);
		return NULL;
	}
	skb->priority = 7; /* TC_PRIO_CONTROL */
	skb->journey = trace_journey_new(net->host);
	skb_dst_set(skb, &rt->dst);
	skb->dev = dev;
	skb_reserve(skb, (int)hlen);
	skb_reset_network_header(skb);
	iph = skb_put(skb, IGMP_IPHDR_LEN);
	*iph = (struct iphdr){
		.version = 4,
		.ihl = IGMP_IPHDR_LEN >> 2,
		.tos = TOS_INTERNET_CONTROL,
		.frag_off = htons(IP_DF),
		.ttl = 1,
		.protocol = IPPROTO_IGMP,
		.saddr = fl4.saddr,
		.daddr = fl4.daddr,
	};
	memcpy(iph + 1, (const u8[]){ IPOPT_RA, 4, 0, 0 }, 4);
	ip_select_ident(net, skb, NULL);
	skb_set_transport_header(skb, IGMP_IPHDR_LEN);
	return skb;
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

/* Another device's address would lead the router astray. */
static bool is_address_of(const struct in_device *in_dev, __be32 addr)
{
	const struct in_ifaddr *ifa;

	for (ifa = in_dev->ifa_list; ifa && ifa->ifa_local != addr; ifa = ifa->ifa_next)
		;
	return ifa != NULL;
}

static bool igmpv3_newpack(struct report *r)
{
	TRACE(r->in_dev->dev, "begin a report");
	struct igmpv3_report *pig;

	r->gr = NULL;
	r->skb = igmp_alloc(r->in_dev, IGMPV3_ALL_MCR, r->mtu);
	if (!r->skb)
		return false;
	if (!is_address_of(r->in_dev, ip_hdr(r->skb)->saddr))
		ip_hdr(r->skb)->saddr = 0;
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

static unsigned int grec_size(struct ip_mc_list *pmc, enum igmpv3_record type, bool gdel, bool sdel)
{
	unsigned int size = sizeof(struct igmpv3_grec);

	for (const struct ip_sf_list *psf = sdel ? pmc->tomb : pmc->sources; psf; psf = psf->sf_next)
		size += is_in(pmc, psf, type, gdel, sdel) ? 4 : 0;
	return size;
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
	    report_room(r) < grec_size(pmc, type, gdel, sdel))
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
		kfree(host, pmc);
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

	if (type == IGMPV3_HOST_MEMBERSHIP_REPORT)
		return igmpv3_send_report(in_dev, pmc);
	if (igmp_unspoken(in_dev, pmc->multiaddr))
		return 0;
	skb = igmp_alloc(in_dev, type == IGMP_HOST_LEAVE_MESSAGE ? IGMP_ALL_ROUTER : pmc->multiaddr,
			 IGMP_IPHDR_LEN + sizeof(*ih));
	if (!skb)
		return -1;
	ih = skb_put(skb, sizeof(*ih));
	*ih = (struct igmphdr){ .type = (u8)type, .group = pmc->multiaddr };
	return igmp_finish(skb);
}
