/*
 * What `ethtool` asks of a device, and the answers that drivers share.
 */
#include "stack/interface/ethtool.h"

#include "stack/interface/phy.h"

/* ---- features ---- */

#define NAME(bit, string) [NETIF_F_##bit##_BIT] = string
static const char *const netdev_features_strings[] = {
	NAME(SG, "tx-scatter-gather"),
	NAME(IP_CSUM, "tx-checksum-ipv4"),
	NAME(HW_CSUM, "tx-checksum-ip-generic"),
	NAME(IPV6_CSUM, "tx-checksum-ipv6"),
	NAME(HIGHDMA, "highdma"),
	NAME(FRAGLIST, "tx-scatter-gather-fraglist"),
	NAME(HW_VLAN_CTAG_TX, "tx-vlan-hw-insert"),
	NAME(HW_VLAN_CTAG_RX, "rx-vlan-hw-parse"),
	NAME(HW_VLAN_CTAG_FILTER, "rx-vlan-filter"),
	NAME(VLAN_CHALLENGED, "vlan-challenged"),
	NAME(GSO, "tx-generic-segmentation"),
	NAME(LLTX, "tx-lockless"),
	NAME(NETNS_LOCAL, "netns-local"),
	NAME(GRO, "rx-gro"),
	NAME(LRO, "rx-lro"),
	NAME(TSO, "tx-tcp-segmentation"),
	NAME(GSO_ROBUST, "tx-gso-robust"),
	NAME(TSO_ECN, "tx-tcp-ecn-segmentation"),
	NAME(TSO_MANGLEID, "tx-tcp-mangleid-segmentation"),
	NAME(TSO6, "tx-tcp6-segmentation"),
	NAME(FSO, "tx-fcoe-segmentation"),
	NAME(GSO_UDP_L4, "tx-udp-segmentation"),
	NAME(SCTP_CRC, "tx-checksum-sctp"),
	NAME(NTUPLE, "rx-ntuple-filter"),
	NAME(RXHASH, "rx-hashing"),
	NAME(RXCSUM, "rx-checksum"),
	NAME(NOCACHE_COPY, "tx-nocache-copy"),
	NAME(LOOPBACK, "loopback"),
	NAME(RXFCS, "rx-fcs"),
	NAME(RXALL, "rx-all"),
};

const char *netdev_features_string(unsigned int bit)
{
	return bit < ARRAY_SIZE(netdev_features_strings) ? netdev_features_strings[bit] : NULL;
}

int ethtool_set_features(struct net_device *dev, netdev_features_t valid, netdev_features_t requested)
{
	TRACE(dev, "switch features of the device on and off");
	int ret = 0;

	if (valid & ~dev->hw_features) {
		valid &= dev->hw_features;
		ret |= ETHTOOL_F_UNSUPPORTED;
	}
	dev->wanted_features = (dev->wanted_features & ~valid) | (requested & valid);
	netdev_update_features(dev);
	if ((dev->wanted_features ^ dev->features) & valid)
		ret |= ETHTOOL_F_WISH;
	return ret;
}

/* ---- what the driver answers ---- */

/* The driver's own answer, or -EOPNOTSUPP. */
#define HAS_OP(dev, op) ((dev)->ethtool_ops && (dev)->ethtool_ops->op)

int ethtool_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	TRACE(dev, "ask the driver who it is");

	if (!HAS_OP(dev, get_drvinfo))
		return -EOPNOTSUPP;
	TRACE_OP(dev, "get_drvinfo");
	dev->ethtool_ops->get_drvinfo(dev, info);
	return 0;
}

int ethtool_get_link(struct net_device *dev, u32 *link)
{
	TRACE(dev, "ask the driver whether there is a link");

	if (!HAS_OP(dev, get_link))
		return -EOPNOTSUPP;
	TRACE_OP(dev, "get_link");
	*link = netif_running(dev) && dev->ethtool_ops->get_link(dev);
	return 0;
}

int ethtool_get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *cmd)
{
	TRACE(dev, "ask the driver for speed, duplex and negotiation");

	if (!HAS_OP(dev, get_link_ksettings))
		return -EOPNOTSUPP;
	memset(cmd, 0, sizeof(*cmd));
	TRACE_OP(dev, "get_link_ksettings");
	return dev->ethtool_ops->get_link_ksettings(dev, cmd);
}

int ethtool_get_ringparam(struct net_device *dev, struct ethtool_ringparam *ering)
{
	TRACE(dev, "ask the driver for the sizes of the rings");

	if (!HAS_OP(dev, get_ringparam))
		return -EOPNOTSUPP;
	TRACE_OP(dev, "get_ringparam");
	dev->ethtool_ops->get_ringparam(dev, ering);
	return 0;
}

int ethtool_set_ringparam(struct net_device *dev, struct ethtool_ringparam *ering)
{
	TRACE(dev, "have the driver change the sizes of the rings");
	struct ethtool_ringparam max = { 0 };

	if (!HAS_OP(dev, set_ringparam) || !HAS_OP(dev, get_ringparam))
		return -EOPNOTSUPP;
	TRACE_OP(dev, "get_ringparam");
	dev->ethtool_ops->get_ringparam(dev, &max);
	if (ering->rx_pending > max.rx_max_pending || ering->tx_pending > max.tx_max_pending)
		return -EINVAL;
	TRACE_OP(dev, "set_ringparam");
	return dev->ethtool_ops->set_ringparam(dev, ering);
}

int ethtool_get_pauseparam(struct net_device *dev, struct ethtool_pauseparam *pause)
{
	TRACE(dev, "ask the driver for the flow control");

	if (!HAS_OP(dev, get_pauseparam))
		return -EOPNOTSUPP;
	TRACE_OP(dev, "get_pauseparam");
	dev->ethtool_ops->get_pauseparam(dev, pause);
	return 0;
}

int ethtool_set_pauseparam(struct net_device *dev, struct ethtool_pauseparam *pause)
{
	TRACE(dev, "have the driver change the flow control");

	if (!HAS_OP(dev, set_pauseparam))
		return -EOPNOTSUPP;
	TRACE_OP(dev, "set_pauseparam");
	return dev->ethtool_ops->set_pauseparam(dev, pause);
}

int ethtool_nway_reset(struct net_device *dev)
{
	TRACE(dev, "have the driver negotiate anew");

	if (!HAS_OP(dev, nway_reset))
		return -EOPNOTSUPP;
	TRACE_OP(dev, "nway_reset");
	return dev->ethtool_ops->nway_reset(dev);
}

int ethtool_get_sset_count(struct net_device *dev)
{
	TRACE(dev, "ask the driver how many counters of its own it has");

	if (!HAS_OP(dev, get_sset_count))
		return -EOPNOTSUPP;
	TRACE_OP(dev, "get_sset_count");
	return dev->ethtool_ops->get_sset_count(dev);
}

const char *ethtool_get_stat(struct net_device *dev, unsigned int i, u64 *value)
{
	return HAS_OP(dev, get_ethtool_stat) ? dev->ethtool_ops->get_ethtool_stat(dev, i, value) : NULL;
}

/* ---- for drivers ---- */

u32 ethtool_op_get_link(struct net_device *dev)
{
	TRACE(dev, "tell whether there is a link");
	return netif_carrier_ok(dev);
}

int phy_ethtool_nway_reset(struct net_device *dev)
{
	TRACE(dev, "negotiate the link anew");
	return dev->phydev ? phy_start_aneg(dev->phydev) : -ENODEV;
}

int phy_ethtool_get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *cmd)
{
	TRACE(dev, "tell what the phy has negotiated");
	const struct phy_device *phydev = dev->phydev;

	if (!phydev)
		return -ENODEV;
	cmd->supported = phydev->supported;
	cmd->advertising = phydev->advertising;
	cmd->lp_advertising = phydev->lp_advertising;
	cmd->speed = phydev->speed;
	cmd->duplex = phydev->duplex;
	cmd->autoneg = phydev->autoneg;
	cmd->phy_address = phydev->addr;
	return 0;
}
