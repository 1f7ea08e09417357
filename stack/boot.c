/* Boots a host's software and takes it down. */
#include "stack/boot.h"

#include <errno.h>

#include "stack/interface/vlan.h"
#include "stack/internet/arp.h"
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"
#include "stack/internet/neighbour.h"
#include "stack/internet/netfilter.h"
#include "stack/kernel/kernel.h"
#include "stack/net.h"
#include "stack/packet/af_packet.h"
#include "stack/skb/skbuff.h"
#include "stack/transport/inet_sock.h"
#include "stack/transport/sock.h"
#include "stack/transport/tcp.h"

/* In the order of Linux's initcalls: core, skbs, sockets, devices, the INET family, packet sockets. */
static const struct {
	int (*init)(struct host *host);
	void (*exit)(struct host *host);
} layers[] = {
	{ kernel_init, kernel_exit }, { skb_init, skb_exit },	    { netfilter_init, netfilter_exit },
	{ sock_init, sock_exit },     { neigh_init, neigh_exit },   { net_dev_init, net_dev_exit },
	{ inet_init, inet_exit },     { packet_init, packet_exit },
};
#define NR_LAYERS (sizeof(layers) / sizeof(layers[0]))

int host_boot(struct host *host)
{
	host->net = kzalloc(host, sizeof(*host->net));
	if (!host->net)
		return -ENOMEM;
	host->net->host = host;
	for (unsigned i = 0; i < NR_LAYERS; i++) {
		int err = layers[i].init(host);
		if (err) {
			while (i-- > 0)
				layers[i].exit(host);
			kfree(host, host->net);
			host->net = NULL;
			return err;
		}
	}
	return 0;
}

int host_probe(struct host *host, uint32_t base, unsigned irq)
{
	return ftgmac100_probe(host, base, irq);
}

int host_probe_pio(struct host *host, uint32_t base, unsigned irq)
{
	return pio_probe(host, base, irq);
}

int host_ifup(struct host *host, const char *ifname, uint32_t addr, int prefix)
{
	struct net_device *dev = __dev_get_by_name(host->net, ifname);
	if (!dev)
		return -ENODEV;
	int err = netdev_set_up(host->net->loopback_dev, true);
	if (err == 0)
		err = netdev_set_up(dev, true);
	if (err == 0 && addr)
		err = ip_addr_add(host, ifname, addr, prefix);
	return err;
}

int host_link_set(struct host *host, const char *ifname, bool up)
{
	struct net_device *dev = __dev_get_by_name(host->net, ifname);
	return dev ? netdev_set_up(dev, up) : -ENODEV;
}

int host_link_mtu(struct host *host, const char *ifname, int mtu)
{
	struct net_device *dev = __dev_get_by_name(host->net, ifname);
	int err;

	if (!dev)
		return -ENODEV;
	rtnl_lock(host);
	err = dev_set_mtu(dev, mtu);
	rtnl_unlock(host);
	return err;
}

int host_vlan_add(struct host *host, const char *real, const char *name, int id, unsigned flags)
{
	struct net_device *real_dev = __dev_get_by_name(host->net, real), *dev;
	int err;

	if (!real_dev)
		return -ENODEV;
	if (id < 0 || id > VLAN_VID_MASK)
		return -ERANGE;
	rtnl_lock(host);
	err = vlan_newlink(real_dev, name, (u16)id, (u16)flags, &dev);
	rtnl_unlock(host);
	return err;
}

int host_vlan_qos(struct host *host, const char *name, bool egress, uint32_t from, uint32_t to)
{
	struct net_device *dev = __dev_get_by_name(host->net, name);

	if (!dev)
		return -ENODEV;
	if (!is_vlan_dev(dev) || (egress ? to : from) > 7)
		return -EINVAL;
	if (egress)
		return vlan_dev_set_egress_priority(dev, from, (u16)to);
	vlan_dev_set_ingress_priority(dev, to, (u16)from);
	return 0;
}

int host_link_del(struct host *host, const char *name)
{
	struct net_device *dev = __dev_get_by_name(host->net, name);

	if (!dev)
		return -ENODEV;
	if (!is_vlan_dev(dev))
		return -EOPNOTSUPP;
	rtnl_lock(host);
	vlan_dellink(dev);
	rtnl_unlock(host);
	return 0;
}

int host_set_gateway(struct host *host, uint32_t gw)
{
	return ip_route_add(host, 0, 0, gw, NULL, 0);
}

void host_shutdown(struct host *host)
{
	if (!host->net)
		return;
	tcp_quiesce(host); /* closing files sends nothing from here on */
	host_end_tasks(host);
	/* what lies in the cards' rings and the CPU's queues belongs to sockets and routes: given back while
	 * these are there */
	struct net_device *dev;
	for_each_netdev(host->net, dev) netdev_set_up(dev, false);
	softnet_flush(host);
	for (unsigned i = NR_LAYERS; i-- > 0;)
		layers[i].exit(host);
	kfree(host, host->net);
	host->net = NULL;
}
