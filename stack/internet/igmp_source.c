/*
 * Source filters of a device's groups: the union of what its sockets want. A source passes when some socket
 * includes it, or when not all of those who take any source exclude it. What changes by that is reported.
 */
#include "stack/internet/igmp.h"
#include "stack/internet/internet.h"

void ip_sf_list_clear_all(struct host *host, struct ip_sf_list **list)
{
	TRACE(host, "free a list of sources");
	struct ip_sf_list *psf;

	while ((psf = *list) != NULL) {
		*list = psf->sf_next;
		kfree(host, psf);
	}
}

static struct ip_sf_list **source_find(struct ip_sf_list **list, __be32 addr)
{
	while (*list && (*list)->sf_inaddr != addr)
		list = &(*list)->sf_next;
	return list;
}

/* Is it a source to be named in a report: one that alone passes, or that alone does not? */
static bool source_is_in(const struct ip_mc_list *pmc, const struct ip_sf_list *psf)
{
	if (!pmc->sfcount[MCAST_EXCLUDE])
		return psf->sf_count[MCAST_INCLUDE] != 0;
	return pmc->sfcount[MCAST_EXCLUDE] == psf->sf_count[MCAST_EXCLUDE] && !psf->sf_count[MCAST_INCLUDE];
}

static void sf_markstate(struct ip_mc_list *pmc)
{
	TRACE(pmc->interface->dev, "note which sources are named before a change");
	for (struct ip_sf_list *psf = pmc->sources; psf; psf = psf->sf_next)
		psf->sf_oldin = source_is_in(pmc, psf);
}

/* A source that is named no longer: kept in the tomb until that was reported. */
static bool source_bury(struct ip_mc_list *pmc, const struct ip_sf_list *psf)
{
	struct ip_sf_list **at = source_find(&pmc->tomb, psf->sf_inaddr), *dead = *at;

	if (!dead) {
		dead = kzalloc(pmc->interface->host, sizeof(*dead));
		if (!dead)
			return false;
		*dead = *psf;
		dead->sf_next = pmc->tomb;
		pmc->tomb = dead;
	}
	dead->sf_crcount = pmc->interface->mr_qrv;
	return true;
}

static void source_raise(struct ip_mc_list *pmc, __be32 addr)
{
	struct ip_sf_list **at = source_find(&pmc->tomb, addr), *dead = *at;

	if (dead) {
		*at = dead->sf_next;
		kfree(pmc->interface->host, dead);
	}
}

/* True: there is something to report. */
static bool sf_setstate(struct ip_mc_list *pmc)
{
	TRACE(pmc->interface->dev, "which sources are named now and were not, or no longer?");
	bool changed = false;

	for (struct ip_sf_list *psf = pmc->sources; psf; psf = psf->sf_next) {
		if (source_is_in(pmc, psf)) {
			if (psf->sf_oldin)
				continue;
			source_raise(pmc, psf->sf_inaddr);
			psf->sf_crcount = pmc->interface->mr_qrv;
			changed = true;
		} else if (psf->sf_oldin) {
			psf->sf_crcount = 0;
			changed |= source_bury(pmc, psf);
		}
	}
	return changed;
}

/* 1: to be reported; 0; -ESRCH: no such source. */
static int ip_mc_del1_src(struct ip_mc_list *pmc, unsigned int sfmode, __be32 addr)
{
	TRACE(pmc->interface->dev, "one socket less names the source");
	struct ip_sf_list **at = source_find(&pmc->sources, addr), *psf = *at;
	struct in_device *in_dev = pmc->interface;

	if (!psf || !psf->sf_count[sfmode])
		return -ESRCH;
	if (--psf->sf_count[sfmode] == 0)
		ip_rt_multicast_event(in_dev);
	if (psf->sf_count[MCAST_INCLUDE] || psf->sf_count[MCAST_EXCLUDE])
		return 0;
	*at = psf->sf_next;
	if (psf->sf_oldin && !IGMP_V1_SEEN(in_dev) && !IGMP_V2_SEEN(in_dev)) {
		psf->sf_crcount = igmp_robustness(in_dev);
		psf->sf_next = pmc->tomb;
		pmc->tomb = psf;
		return 1;
	}
	kfree(in_dev->host, psf);
	return 0;
}

static int ip_mc_add1_src(struct ip_mc_list *pmc, unsigned int sfmode, __be32 addr)
{
	TRACE(pmc->interface->dev, "one socket more names the source");
	struct ip_sf_list **at = source_find(&pmc->sources, addr), *psf = *at;

	if (!psf) {
		psf = kzalloc(pmc->interface->host, sizeof(*psf));
		if (!psf)
			return -ENOBUFS;
		psf->sf_inaddr = addr;
		*at = psf;
	}
	if (++psf->sf_count[sfmode] == 1)
		ip_rt_multicast_event(pmc->interface);
	return 0;
}

/* The device goes from "these sources" to "any but these", or back: reported as a whole. */
static void filter_mode_change(struct ip_mc_list *pmc, unsigned int mode)
{
	pmc->sfmode = mode;
	pmc->crcount = igmp_robustness(pmc->interface);
	pmc->interface->mr_ifc_count = pmc->crcount;
	for (struct ip_sf_list *psf = pmc->sources; psf; psf = psf->sf_next)
		psf->sf_crcount = 0;
	igmp_ifc_event(pmc->interface);
}

int ip_mc_del_src(struct in_device *in_dev, __be32 mca, unsigned int sfmode, unsigned int sfcount,
		  const __be32 *psfsrc, bool delta)
{
	struct ip_mc_list *pmc = in_dev ? igmp_find_group(in_dev, mca) : NULL;
	bool changed = false;
	int err = 0;

	if (!in_dev)
		return -ENODEV;
	TRACE(in_dev->dev, "a socket names sources of a group no longer");
	if (!pmc)
		return -ESRCH;
	sf_markstate(pmc);
	if (!delta) {
		if (!pmc->sfcount[sfmode])
			return -EINVAL;
		pmc->sfcount[sfmode]--;
	}
	for (unsigned int i = 0; i < sfcount; i++) {
		int rv = ip_mc_del1_src(pmc, sfmode, psfsrc[i]);

		changed |= rv > 0;
		if (!err && rv < 0)
			err = rv;
	}
	if (pmc->sfmode == MCAST_EXCLUDE && !pmc->sfcount[MCAST_EXCLUDE] && pmc->sfcount[MCAST_INCLUDE])
		filter_mode_change(pmc, MCAST_INCLUDE);
	else if (sf_setstate(pmc) || changed)
		igmp_ifc_event(in_dev);
	return err;
}

int ip_mc_add_src(struct in_device *in_dev, __be32 mca, unsigned int sfmode, unsigned int sfcount,
		  const __be32 *psfsrc, bool delta)
{
	TRACE(in_dev->dev, "a socket names sources of a group");
	struct ip_mc_list *pmc = igmp_find_group(in_dev, mca);
	bool isexclude;
	unsigned int i;
	int err = 0;

	if (!pmc)
		return -ESRCH;
	sf_markstate(pmc);
	isexclude = pmc->sfmode == MCAST_EXCLUDE;
	if (!delta)
		pmc->sfcount[sfmode]++;
	for (i = 0; i < sfcount && !err; i++)
		err = ip_mc_add1_src(pmc, sfmode, psfsrc[i]);
	if (err) {
		if (!delta)
			pmc->sfcount[sfmode]--;
		while (--i > 0) /* the last one failed */
			ip_mc_del1_src(pmc, sfmode, psfsrc[i - 1]);
	} else if (isexclude != (pmc->sfcount[MCAST_EXCLUDE] != 0)) {
		/* without any filter the old mode stays, for the reports */
		filter_mode_change(pmc, pmc->sfcount[MCAST_EXCLUDE]   ? MCAST_EXCLUDE
					: pmc->sfcount[MCAST_INCLUDE] ? MCAST_INCLUDE
								      : pmc->sfmode);
	} else if (sf_setstate(pmc)) {
		igmp_ifc_event(in_dev);
	}
	return err;
}

void ip_mc_clear_src(struct ip_mc_list *pmc)
{
	TRACE(pmc->interface->dev, "forget the group's sources");
	pmc->sfmode = MCAST_EXCLUDE;
	pmc->sfcount[MCAST_INCLUDE] = 0;
	pmc->sfcount[MCAST_EXCLUDE] = 1;
	ip_sf_list_clear_all(pmc->interface->host, &pmc->tomb);
	ip_sf_list_clear_all(pmc->interface->host, &pmc->sources);
}
