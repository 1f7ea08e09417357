/* The requests of old about interfaces (SIOCSIFFLAGS, SIOCGIFADDR, ...), as ifconfig makes them. */
#include <net/if.h>
#include <sys/ioctl.h>

#include "stack/internet/devinet.h"

/* A module for the device might be loaded here. */
static void dev_load(struct net *net, const char *name)
{
	TRACE(net, "see that the device is there");
	dev_get_by_name_rcu(net, name);
}

static void put_addr(struct ifreq *ifr, __be32 addr)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = addr };

	memcpy(&ifr->ifr_addr, &sin, sizeof(sin));
}

/* With the configuration's lock held. */
static int devinet_request(struct net *net, unsigned int cmd, struct ifreq *ifr)
{
	struct net_device *dev = __dev_get_by_name(net, ifr->ifr_name);
	const struct in_device *in_dev = dev ? __in_dev_get_rtnl(dev) : NULL;
	const struct in_ifaddr *ifa = in_dev ? in_dev->ifa_list : NULL;

	if (!dev)
		return -ENODEV;
	if (cmd == SIOCSIFFLAGS)
		return dev_change_flags(dev, (unsigned int)(unsigned short)ifr->ifr_flags);
	if (!ifa)
		return -EADDRNOTAVAIL;
	put_addr(ifr, cmd == SIOCGIFADDR      ? ifa->ifa_local
		      : cmd == SIOCGIFBRDADDR ? ifa->ifa_broadcast
					      : ifa->ifa_mask);
	return 0;
}

int devinet_ioctl(struct net *net, unsigned int cmd, struct ifreq *ifr)
{
	TRACE(net, "answer a request about an interface's addresses or flags");
	int err;

	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	dev_load(net, ifr->ifr_name);
	rtnl_lock(net->host);
	err = devinet_request(net, cmd, ifr);
	rtnl_unlock(net->host);
	return err;
}
