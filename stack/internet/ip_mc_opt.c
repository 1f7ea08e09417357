/*
 * The socket options about multicast groups at level SOL_IP: memberships, source filters, the device to send
 * by.
 */
#include "stack/internet/igmp.h"
#include "stack/internet/internet.h"
#include "stack/transport/inet_sock.h"

bool ip_is_mcast_option(int optname)
{
	return optname == IP_MULTICAST_IF || (optname >= IP_ADD_MEMBERSHIP && optname <= IP_MSFILTER) ||
	       (optname >= MCAST_JOIN_GROUP && optname <= MCAST_MSFILTER);
}

bool setsockopt_needs_rtnl(const struct sock *sk, int optname)
{
	TRACE_SK(sk, "does the option change the device's group memberships?");
	return ip_is_mcast_option(optname) && optname != IP_MULTICAST_IF;
}

static int set_multicast_if(struct sock *sk, const void *optval, unsigned int optlen)
{
	struct inet_sock *inet = inet_sk(sk);
	struct ip_mreqn mreq = { 0 };
	struct net_device *dev;

	if (sk->sk_type == SOCK_STREAM || optlen < sizeof(struct in_addr))
		return -EINVAL;
	if (optlen >= sizeof(mreq))
		memcpy(&mreq, optval, sizeof(mreq));
	else if (optlen >= sizeof(struct ip_mreq))
		memcpy(&mreq, optval, sizeof(struct ip_mreq));
	else
		memcpy(&mreq.imr_address, optval, sizeof(struct in_addr));
	if (mreq.imr_ifindex) {
		dev = dev_get_by_index_rcu(sock_net(sk), mreq.imr_ifindex);
	} else if (mreq.imr_address.s_addr == htonl(INADDR_ANY)) {
		inet->mc_index = 0;
		inet->mc_addr = 0;
		return 0;
	} else {
		dev = __ip_dev_find(sock_net(sk), mreq.imr_address.s_addr, false);
	}
	if (!dev)
		return -EADDRNOTAVAIL;
	if (sk->sk_bound_dev_if && dev->ifindex != sk->sk_bound_dev_if)
		return -EINVAL;
	inet->mc_index = dev->ifindex;
	inet->mc_addr = mreq.imr_address.s_addr;
	return 0;
}

static int set_membership(struct sock *sk, int optname, const void *optval, unsigned int optlen)
{
	struct ip_mreqn mreq = { 0 };

	if (inet_sk(sk)->is_icsk)
		return -EPROTO;
	if (optlen < sizeof(struct ip_mreq))
		return -EINVAL;
	memcpy(&mreq, optval, optlen >= sizeof(mreq) ? sizeof(mreq) : sizeof(struct ip_mreq));
	return optname == IP_ADD_MEMBERSHIP ? ip_mc_join_group(sk, &mreq) : ip_mc_leave_group(sk, &mreq);
}

/* By what name the option goes with a struct ip_mreq_source. */
static int set_source(struct sock *sk, int optname, const struct ip_mreq_source *mreqs, int ifindex)
{
	struct ip_mreqn mreq = { .imr_multiaddr = mreqs->imr_multiaddr,
				 .imr_address = mreqs->imr_interface,
				 .imr_ifindex = ifindex };
	int err;

	switch (optname) {
	case IP_BLOCK_SOURCE:
	case MCAST_BLOCK_SOURCE:
		return ip_mc_source(true, MCAST_EXCLUDE, sk, mreqs, ifindex);
	case IP_UNBLOCK_SOURCE:
	case MCAST_UNBLOCK_SOURCE:
		return ip_mc_source(false, MCAST_EXCLUDE, sk, mreqs, ifindex);
	case IP_ADD_SOURCE_MEMBERSHIP:
	case MCAST_JOIN_SOURCE_GROUP:
		err = ip_mc_join_group_ssm(sk, &mreq, MCAST_INCLUDE);
		if (err && err != -EADDRINUSE)
			return err;
		return ip_mc_source(true, MCAST_INCLUDE, sk, mreqs, mreq.imr_ifindex);
	default:
		return ip_mc_source(false, MCAST_INCLUDE, sk, mreqs, ifindex);
	}
}

static int set_msfilter(struct sock *sk, const void *optval, unsigned int optlen)
{
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	struct ip_msfilter *msf;
	int err;

	if (optlen < IP_MSFILTER_SIZE(0))
		return -EINVAL;
	if (optlen > (unsigned int)sock_net(sk)->core.sysctl_optmem_max)
		return -ENOBUFS;
	msf = kzalloc(sk->host, max_t(size_t, optlen, sizeof(*msf)));
	if (!msf)
		return -ENOBUFS;
	memcpy(msf, optval, optlen);
	if (msf->imsf_numsrc > (u32)ipv4->sysctl_igmp_max_msf)
		err = -ENOBUFS;
	else if (IP_MSFILTER_SIZE(msf->imsf_numsrc) > optlen)
		err = -EINVAL;
	else
		err = ip_mc_msfilter(sk, msf, 0);
	kfree(sk->host, msf);
	return err;
}

/* The protocol-independent forms (RFC 3678), which name the device by its index. */
static int set_group(struct sock *sk, int optname, const void *optval, unsigned int optlen)
{
	struct group_source_req req;
	struct sockaddr_in group, source;
	struct ip_mreqn mreq = { 0 };
	struct ip_mreq_source mreqs = { 0 };
	bool join = optname == MCAST_JOIN_GROUP || optname == MCAST_LEAVE_GROUP;
	size_t size = join ? sizeof(struct group_req) : sizeof(req);

	if (join ? optlen < size : optlen != size)
		return -EINVAL;
	memset(&req, 0, sizeof(req));
	memcpy(&req, optval, size);
	memcpy(&group, &req.gsr_group, sizeof(group));
	memcpy(&source, &req.gsr_source, sizeof(source));
	if (join) {
		if (group.sin_family != AF_INET)
			return -EINVAL;
		mreq.imr_multiaddr = group.sin_addr;
		mreq.imr_ifindex = (int)req.gsr_interface;
		return optname == MCAST_JOIN_GROUP ? ip_mc_join_group(sk, &mreq)
						   : ip_mc_leave_group(sk, &mreq);
	}
	if (group.sin_family != AF_INET || source.sin_family != AF_INET)
		return -EADDRNOTAVAIL;
	mreqs.imr_multiaddr = group.sin_addr;
	mreqs.imr_sourceaddr = source.sin_addr;
	return set_source(sk, optname, &mreqs, (int)req.gsr_interface);
}

static int set_mcast_option(struct sock *sk, int optname, const void *optval, unsigned int optlen)
{
	struct ip_mreq_source mreqs;

	switch (optname) {
	case IP_MULTICAST_IF:
		return set_multicast_if(sk, optval, optlen);
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		return set_membership(sk, optname, optval, optlen);
	case IP_BLOCK_SOURCE:
	case IP_UNBLOCK_SOURCE:
	case IP_ADD_SOURCE_MEMBERSHIP:
	case IP_DROP_SOURCE_MEMBERSHIP:
		if (optlen != sizeof(mreqs))
			return -EINVAL;
		memcpy(&mreqs, optval, sizeof(mreqs));
		return set_source(sk, optname, &mreqs, 0);
	case IP_MSFILTER:
		return set_msfilter(sk, optval, optlen);
	case MCAST_MSFILTER:
		return -ENOPROTOOPT;
	default:
		return set_group(sk, optname, optval, optlen);
	}
}

int ip_mc_setsockopt(struct sock *sk, int optname, const void *optval, unsigned int optlen)
{
	bool needs_rtnl = setsockopt_needs_rtnl(sk, optname);
	int err = -EFAULT;

	if (needs_rtnl)
		rtnl_lock(sk->host);
	lock_sock(sk);
	if (optval || !optlen)
		err = set_mcast_option(sk, optname, optval, optlen);
	release_sock(sk);
	if (needs_rtnl)
		rtnl_unlock(sk->host);
	return err;
}

static int get_msfilter(struct sock *sk, char *optval, int *optlen)
{
	const int head = (int)IP_MSFILTER_SIZE(0);
	struct ip_msfilter *msf = (struct ip_msfilter *)(void *)optval;
	u32 room;
	int err;

	if (*optlen < head)
		return -EINVAL;
	room = min(msf->imsf_numsrc, (u32)(*optlen - head) / 4);
	msf->imsf_numsrc = room;
	err = ip_mc_msfget(sk, msf, (__be32 *)(void *)(optval + head));
	if (!err)
		*optlen = head + (int)min(room, msf->imsf_numsrc) * 4;
	return err;
}

int ip_mc_getsockopt(struct sock *sk, int optname, char *optval, int *optlen)
{
	int err = 0;

	if (!optval)
		return -EFAULT;
	lock_sock(sk);
	if (optname == IP_MULTICAST_IF) {
		*optlen = min(*optlen, (int)sizeof(struct in_addr));
		memcpy(optval, &inet_sk(sk)->mc_addr, (size_t)*optlen);
	} else if (optname == IP_MSFILTER) {
		err = get_msfilter(sk, optval, optlen);
	} else {
		err = -ENOPROTOOPT;
	}
	release_sock(sk);
	return err;
}
