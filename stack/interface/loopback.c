/*
 * lo: what is sent comes back, by way of the CPU's backlog.
 */
#include "stack/interface/etherdevice.h"
#include "stack/internet/dst.h"

static netdev_tx_t loopback_xmit(struct sk_buff *skb, struct net_device *dev)
{
	TRACE_SKB(skb, "put the packet into the receive backlog of this host");
	unsigned int len;

	skb_tx_timestamp(skb);
	skb->tstamp = 0;
	/* From the sender's socket: it is the receiver's packet now. */
	skb_orphan(skb);
	skb_orphan_frags_rx(skb, GFP_ATOMIC);
	/* The route goes along: the receiving side needs no lookup. */
	skb_dst_force(skb);
	skb->protocol = eth_type_trans(skb, dev);
	len = skb->len;
	if (likely(netif_rx(skb) == NET_RX_SUCCESS)) {
		dev->stats.rx_packets++;
		dev->stats.tx_packets++;
		dev->stats.rx_bytes += len;
		dev->stats.tx_bytes += len;
	}
	return NETDEV_TX_OK;
}

static void loopback_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *stats)
{
	*stats = dev->stats;
}

static void loopback_remove(struct net_device *dev)
{
	struct net *net = dev_net(dev);

	unregister_netdev(dev);
	free_netdev(dev);
	net->loopback_dev = NULL;
}

static const struct net_device_ops loopback_ops;

static void loopback_setup(struct net_device *dev)
{
	TRACE(dev, "init with the loopback device's values");
	dev->mtu = 64 * 1024;
	dev->hard_header_len = ETH_HLEN;
	dev->min_header_len = ETH_HLEN;
	dev->addr_len = ETH_ALEN;
	dev->type = ARPHRD_LOOPBACK;
	dev->flags = IFF_LOOPBACK;
	dev->hw_features = NETIF_F_GSO_SOFTWARE;
	dev->features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_GSO_SOFTWARE | NETIF_F_HW_CSUM |
			NETIF_F_RXCSUM | NETIF_F_SCTP_CRC | NETIF_F_HIGHDMA | NETIF_F_LLTX |
			NETIF_F_NETNS_LOCAL | NETIF_F_VLAN_CHALLENGED | NETIF_F_LOOPBACK;
	dev->header_ops = &eth_header_ops;
	dev->netdev_ops = &loopback_ops;
	dev->driver_remove = loopback_remove;
	dev->tx_queue_len = 1000; /* not used: no queue */
	dev->priv_flags |= IFF_NO_QUEUE | IFF_LIVE_ADDR_CHANGE;
	dev->priv_flags &= ~IFF_XMIT_DST_RELEASE; /* the route goes along to the receiving side */
}

int loopback_net_init(struct net *net)
{
	TRACE(net, "register the loopback device");
	struct net_device *dev = alloc_netdev(net->host, 0, "lo", loopback_setup);
	int err;

	if (!dev)
		return -ENOMEM;
	err = register_netdev(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	SIM_BUG_ON(net->host, dev->ifindex != LOOPBACK_IFINDEX);
	net->loopback_dev = dev;
	return 0;
}

static const struct net_device_ops loopback_ops = {
	.ndo_start_xmit = loopback_xmit,
	.ndo_get_stats64 = loopback_get_stats64,
	.ndo_set_mac_address = eth_mac_addr,
};
