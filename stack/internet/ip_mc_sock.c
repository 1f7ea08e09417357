/*
 * Multicast groups of a socket: joining, leaving, which sources it wants (net/ipv4/igmp.c's other half). The
 * device's groups (igmp.c) have one member for each socket that joined by it.
 */
#include "stack/internet/igmp.h"
#include "stack/internet/internet.h"
#include "stack/transport/inet_sock.h"
#include "stack/transport/sock_mem.h"

/* The device that is meant: by index, by one of its addresses, or by the route to the group; imr says which.
 */
static struct in_device *ip_mc_find_dev(struct net *net, struct ip_mreqn *imr)
{
	TRACE(net, "find the device that the group is joined by");
	struct net_device *dev = NULL;
	struct rtable *rt;

	if (imr->imr_ifindex)
		return inetdev_by_index(net, imr->imr_ifindex);
	if (imr->imr_address.s_addr) {
		dev = __ip_dev_find(net, imr->imr_address.s_addr, false);
		if (!dev)
			return NULL;
	} else {
		rt = ip_route_output(net, imr->imr_multiaddr.s_addr, 0, 0, 0);
		if (!IS_ERR(rt)) {
			dev = rt->dst.dev;
			ip_rt_put(rt);
		}
	}
	if (!dev)
		return NULL;
	imr->imr_ifindex = dev->ifindex;
	return __in_dev_get_rtnl(dev);
}

static struct ip_mc_socklist *mc_sock_find(const struct sock *sk, __be32 group, int ifindex)
{
	struct ip_mc_socklist *pmc;

	for (pmc = inet_sk(sk)->mc_list; pmc; pmc = pmc->next)
		if (pmc->multi.imr_multiaddr.s_addr == group && pmc->multi.imr_ifindex == ifindex)
			return pmc;
	return NULL;
}

static int __ip_mc_join_group(struct sock *sk, struct ip_mreqn *imr, unsigned int mode)
{
	TRACE_SK_IN(sk, IN_TASK, "join a multicast group by a device");
	__be32 addr = imr->imr_multiaddr.s_addr;
	struct inet_sock *inet = inet_sk(sk);
	struct ip_mc_socklist *iml;
	struct in_device *in_dev;
	int count = 0;

	ASSERT_RTNL(sk->host);
	if (!ipv4_is_multicast(addr))
		return -EINVAL;
	in_dev = ip_mc_find_dev(sock_net(sk), imr);
	if (!in_dev)
		return -ENODEV;
	if (mc_sock_find(sk, addr, imr->imr_ifindex))
		return -EADDRINUSE;
	for (iml = inet->mc_list; iml; iml = iml->next)
		count++;
	if (count >= sock_net(sk)->ipv4.sysctl_igmp_max_memberships)
		return -ENOBUFS;
	iml = sock_kmalloc(sk, sizeof(*iml));
	if (!iml)
		return -ENOBUFS;
	iml->multi = *imr;
	iml->sfmode = mode;
	iml->next = inet->mc_list;
	inet->mc_list = iml;
	____ip_mc_inc_group(in_dev, addr, mode);
	return 0;
}

int ip_mc_join_group(struct sock *sk, struct ip_mreqn *imr)
{
	TRACE_SK_IN(sk, IN_TASK, "join a multicast group, from any source");
	return __ip_mc_join_group(sk, imr, MCAST_EXCLUDE);
}

int ip_mc_join_group_ssm(struct sock *sk, struct ip_mreqn *imr, unsigned int mode)
{
	TRACE_SK_IN(sk, IN_TASK, "join a multicast group, from sources that are named");
	return __ip_mc_join_group(sk, imr, mode);
}

static size_t sflist_size(unsigned int max)
{
	return sizeof(struct ip_sf_socklist) + max * sizeof(__be32);
}

static struct ip_sf_socklist *sflist_alloc(struct sock *sk, unsigned int max)
{
	struct ip_sf_socklist *psl = sock_kmalloc(sk, sflist_size(max));

	if (psl)
		psl->sl_max = max;
	return psl;
}

static void sflist_free(struct sock *sk, struct ip_sf_socklist *psl)
{
	if (psl)
		sock_omem_free(sk, psl, sflist_size(psl->sl_max));
}

static void ip_mc_leave_src(struct sock *sk, struct ip_mc_socklist *iml, struct in_device *in_dev)
{
	TRACE_SK(sk, "forget which sources of the group the socket wants");
	struct ip_sf_socklist *psf = iml->sflist;

	ip_mc_del_src(in_dev, iml->multi.imr_multiaddr.s_addr, iml->sfmode, psf ? psf->sl_count : 0,
		      psf ? psf->sl_addr : NULL, false);
	sflist_free(sk, psf);
	iml->sflist = NULL;
}

/* Takes a membership off the socket's list. */
static void mc_sock_remove(struct sock *sk, struct ip_mc_socklist **imlp, struct in_device *in_dev)
{
	struct ip_mc_socklist *iml = *imlp;

	ip_mc_leave_src(sk, iml, in_dev);
	*imlp = iml->next;
	if (in_dev)
		__ip_mc_dec_group(in_dev, iml->multi.imr_multiaddr.s_addr);
	sock_omem_free(sk, iml, sizeof(*iml));
}

int ip_mc_leave_group(struct sock *sk, struct ip_mreqn *imr)
{
	TRACE_SK_IN(sk, IN_TASK, "leave a multicast group");
	struct ip_mc_socklist **imlp, *iml;
	struct in_device *in_dev;

	ASSERT_RTNL(sk->host);
	in_dev = ip_mc_find_dev(sock_net(sk), imr);
	if (!imr->imr_ifindex && !imr->imr_address.s_addr && !in_dev)
		return -ENODEV;
	for (imlp = &inet_sk(sk)->mc_list; (iml = *imlp) != NULL; imlp = &iml->next) {
		if (iml->multi.imr_multiaddr.s_addr != imr->imr_multiaddr.s_addr)
			continue;
		if (imr->imr_ifindex ? iml->multi.imr_ifindex != imr->imr_ifindex
				     : imr->imr_address.s_addr &&
					       imr->imr_address.s_addr != iml->multi.imr_address.s_addr)
			continue;
		mc_sock_remove(sk, imlp, in_dev);
		return 0;
	}
	return -EADDRNOTAVAIL;
}

void ip_mc_drop_socket(struct sock *sk)
{
	TRACE_SK(sk, "leave the socket's multicast groups");
	struct inet_sock *inet = inet_sk(sk);

	if (likely(!inet->mc_list))
		return;
	rtnl_lock(sk->host);
	while (inet->mc_list)
		mc_sock_remove(sk, &inet->mc_list,
			       inetdev_by_index(sock_net(sk), inet->mc_list->multi.imr_ifindex));
	rtnl_unlock(sk->host);
}

/* ---- sources ---- */

#define IP_SFBLOCK 10 /* the list grows by so many */

/* The index of the source, or sl_count. */
static unsigned int source_index(const struct ip_sf_socklist *psl, __be32 addr)
{
	unsigned int i;

	for (i = 0; psl && i < psl->sl_count && psl->sl_addr[i] != addr; i++)
		;
	return i;
}

static int mc_source_remove(struct sock *sk, struct ip_mc_socklist *pmc, struct in_device *in_dev,
			    __be32 source, struct ip_mreqn *imr)
{
	struct ip_sf_socklist *psl = pmc->sflist;
	unsigned int i = source_index(psl, source);

	if (!psl || i == psl->sl_count)
		return -EADDRNOTAVAIL;
	/* to include none is to leave */
	if (psl->sl_count == 1 && pmc->sfmode == MCAST_INCLUDE)
		return ip_mc_leave_group(sk, imr);
	ip_mc_del_src(in_dev, imr->imr_multiaddr.s_addr, pmc->sfmode, 1, &source, true);
	for (psl->sl_count--; i < psl->sl_count; i++)
		psl->sl_addr[i] = psl->sl_addr[i + 1];
	return 0;
}

static int mc_source_add(struct sock *sk, struct ip_mc_socklist *pmc, struct in_device *in_dev, __be32 source,
			 __be32 group)
{
	struct ip_sf_socklist *psl = pmc->sflist, *newpsl;

	if (psl && psl->sl_count >= (unsigned int)sock_net(sk)->ipv4.sysctl_igmp_max_msf)
		return -ENOBUFS;
	if (!psl || psl->sl_count == psl->sl_max) {
		newpsl = sflist_alloc(sk, (psl ? psl->sl_max : 0) + IP_SFBLOCK);
		if (!newpsl)
			return -ENOBUFS;
		if (psl) {
			newpsl->sl_count = psl->sl_count;
			memcpy(newpsl->sl_addr, psl->sl_addr, psl->sl_count * sizeof(psl->sl_addr[0]));
			sflist_free(sk, psl);
		}
		pmc->sflist = psl = newpsl;
	}
	if (source_index(psl, source) < psl->sl_count)
		return -EADDRNOTAVAIL;
	psl->sl_addr[psl->sl_count++] = source;
	ip_mc_add_src(in_dev, group, pmc->sfmode, 1, &source, true);
	return 0;
}

int ip_mc_source(bool add, unsigned int omode, struct sock *sk, const struct ip_mreq_source *mreqs,
		 int ifindex)
{
	TRACE_SK_IN(sk, IN_TASK, "let one source of a group through, or no longer");
	struct ip_mreqn imr = { .imr_multiaddr = mreqs->imr_multiaddr,
				.imr_address = mreqs->imr_interface,
				.imr_ifindex = ifindex };
	__be32 group = mreqs->imr_multiaddr.s_addr, source = mreqs->imr_sourceaddr.s_addr;
	struct ip_mc_socklist *pmc;
	struct in_device *in_dev;

	if (!ipv4_is_multicast(group))
		return -EINVAL;
	ASSERT_RTNL(sk->host);
	in_dev = ip_mc_find_dev(sock_net(sk), &imr);
	if (!in_dev)
		return -ENODEV;
	pmc = mc_sock_find(sk, group, imr.imr_ifindex);
	if (!pmc)
		return -EINVAL;
	if (pmc->sfmode != omode) {
		if (pmc->sflist)
			return -EINVAL;
		/* without sources the mode may be changed */
		ip_mc_add_src(in_dev, group, omode, 0, NULL, false);
		ip_mc_del_src(in_dev, group, pmc->sfmode, 0, NULL, false);
		pmc->sfmode = omode;
	}
	return add ? mc_source_add(sk, pmc, in_dev, source, group)
		   : mc_source_remove(sk, pmc, in_dev, source, &imr);
}

int ip_mc_msfilter(struct sock *sk, const struct ip_msfilter *msf, int ifindex)
{
	TRACE_SK_IN(sk, IN_TASK, "set which sources of a group the socket wants, all at once");
	struct ip_mreqn imr = { .imr_multiaddr = msf->imsf_multiaddr,
				.imr_address = msf->imsf_interface,
				.imr_ifindex = ifindex };
	__be32 group = msf->imsf_multiaddr.s_addr;
	struct ip_sf_socklist *newpsl = NULL, *psl;
	struct ip_mc_socklist *pmc;
	struct in_device *in_dev;
	int err;

	if (!ipv4_is_multicast(group) ||
	    (msf->imsf_fmode != MCAST_INCLUDE && msf->imsf_fmode != MCAST_EXCLUDE))
		return -EINVAL;
	ASSERT_RTNL(sk->host);
	in_dev = ip_mc_find_dev(sock_net(sk), &imr);
	if (!in_dev)
		return -ENODEV;
	if (msf->imsf_fmode == MCAST_INCLUDE && !msf->imsf_numsrc)
		return ip_mc_leave_group(sk, &imr);
	pmc = mc_sock_find(sk, group, imr.imr_ifindex);
	if (!pmc)
		return -EINVAL;
	if (msf->imsf_numsrc) {
		newpsl = sflist_alloc(sk, msf->imsf_numsrc);
		if (!newpsl)
			return -ENOBUFS;
		newpsl->sl_count = msf->imsf_numsrc;
		memcpy(newpsl->sl_addr, msf->imsf_slist, msf->imsf_numsrc * sizeof(newpsl->sl_addr[0]));
	}
	err = ip_mc_add_src(in_dev, group, msf->imsf_fmode, msf->imsf_numsrc, newpsl ? newpsl->sl_addr : NULL,
			    false);
	if (err && newpsl) {
		sflist_free(sk, newpsl);
		return err;
	}
	psl = pmc->sflist;
	ip_mc_del_src(in_dev, group, pmc->sfmode, psl ? psl->sl_count : 0, psl ? psl->sl_addr : NULL, false);
	sflist_free(sk, psl);
	pmc->sflist = newpsl;
	pmc->sfmode = msf->imsf_fmode;
	return 0;
}

int ip_mc_msfget(struct sock *sk, struct ip_msfilter *msf, __be32 *srcs)
{
	TRACE_SK_IN(sk, IN_TASK, "tell which sources of a group the socket wants");
	struct ip_mreqn imr = { .imr_multiaddr = msf->imsf_multiaddr, .imr_address = msf->imsf_interface };
	const struct ip_mc_socklist *pmc;
	u32 count;

	if (!ipv4_is_multicast(msf->imsf_multiaddr.s_addr))
		return -EINVAL;
	if (!ip_mc_find_dev(sock_net(sk), &imr))
		return -ENODEV;
	pmc = mc_sock_find(sk, msf->imsf_multiaddr.s_addr, imr.imr_ifindex);
	if (!pmc)
		return -EADDRNOTAVAIL;
	msf->imsf_fmode = pmc->sfmode;
	count = pmc->sflist ? pmc->sflist->sl_count : 0;
	if (pmc->sflist)
		memcpy(srcs, pmc->sflist->sl_addr, min(count, msf->imsf_numsrc) * sizeof(*srcs));
	msf->imsf_numsrc = count;
	return 0;
}

int ip_mc_sf_allow(const struct sock *sk, __be32 loc_addr, __be32 rmt_addr, int dif, int sdif)
{
	TRACE_SK(sk, "may the socket have the packet, by its multicast groups?");
	const struct inet_sock *inet = inet_sk(sk);
	const struct ip_mc_socklist *pmc;
	bool named;

	if (!ipv4_is_multicast(loc_addr))
		return 1;
	for (pmc = inet->mc_list; pmc; pmc = pmc->next)
		if (pmc->multi.imr_multiaddr.s_addr == loc_addr &&
		    (pmc->multi.imr_ifindex == dif || (sdif && pmc->multi.imr_ifindex == sdif)))
			break;
	if (!pmc)
		return inet->mc_all;
	named = pmc->sflist && source_index(pmc->sflist, rmt_addr) < pmc->sflist->sl_count;
	return (pmc->sfmode == MCAST_INCLUDE) == named;
}
