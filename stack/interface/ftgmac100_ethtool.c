/*
 * FTGMAC100 driver: what `ethtool` asks for (rings, flow control, statistics).
 */
#include <stdio.h>

#include "stack/interface/ethtool.h"
#include "stack/interface/ftgmac100.h"

static void ftgmac100_get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	TRACE(netdev, "tell the driver's name");
	snprintf(info->driver, sizeof(info->driver), "ftgmac100");
	snprintf(info->version, sizeof(info->version), "5.15");
	snprintf(info->bus_info, sizeof(info->bus_info), "%x.ethernet", netdev->base_addr);
}

static void ftgmac100_get_ringparam(struct net_device *netdev, struct ethtool_ringparam *ering)
{
	TRACE(netdev, "tell the sizes of the rings");
	struct ftgmac100 *priv = netdev_priv(netdev);

	memset(ering, 0, sizeof(*ering));
	ering->rx_max_pending = MAX_RX_QUEUE_ENTRIES;
	ering->tx_max_pending = MAX_TX_QUEUE_ENTRIES;
	ering->rx_pending = priv->rx_q_entries;
	ering->tx_pending = priv->tx_q_entries;
}

static int ftgmac100_set_ringparam(struct net_device *netdev, struct ethtool_ringparam *ering)
{
	TRACE(netdev, "change the sizes of the rings");
	struct ftgmac100 *priv = netdev_priv(netdev);

	if (ering->rx_pending > MAX_RX_QUEUE_ENTRIES || ering->tx_pending > MAX_TX_QUEUE_ENTRIES ||
	    ering->rx_pending < MIN_RX_QUEUE_ENTRIES || ering->tx_pending < MIN_TX_QUEUE_ENTRIES ||
	    !is_power_of_2(ering->rx_pending) || !is_power_of_2(ering->tx_pending))
		return -EINVAL;
	priv->new_rx_q_entries = ering->rx_pending;
	priv->new_tx_q_entries = ering->tx_pending;
	if (netif_running(netdev))
		ftgmac100_reset(priv);
	return 0;
}

static void ftgmac100_get_pauseparam(struct net_device *netdev, struct ethtool_pauseparam *pause)
{
	TRACE(netdev, "tell the flow control");
	struct ftgmac100 *priv = netdev_priv(netdev);

	pause->autoneg = priv->aneg_pause;
	pause->tx_pause = priv->tx_pause;
	pause->rx_pause = priv->rx_pause;
}

static int ftgmac100_set_pauseparam(struct net_device *netdev, struct ethtool_pauseparam *pause)
{
	TRACE(netdev, "change the flow control");
	struct ftgmac100 *priv = netdev_priv(netdev);

	priv->aneg_pause = pause->autoneg;
	priv->tx_pause = pause->tx_pause;
	priv->rx_pause = pause->rx_pause;
	if (netdev->phydev)
		phy_set_asym_pause(netdev->phydev, pause->rx_pause, pause->tx_pause);
	if (netif_running(netdev) && !(netdev->phydev && priv->aneg_pause))
		ftgmac100_config_pause(priv);
	return 0;
}

/* The statistics of `ethtool -S`, in this order. */
struct ftgmac100_stat {
	const char *name;
	size_t offset; /* in struct rtnl_link_stats64 */
};
#define STAT(name)                                                                                           \
	{                                                                                                    \
#name, offsetof(struct rtnl_link_stats64, name)                                              \
	}
static const struct ftgmac100_stat ftgmac100_stats[] = {
	STAT(rx_packets),     STAT(tx_packets),	      STAT(rx_bytes),	    STAT(tx_bytes),
	STAT(rx_errors),      STAT(tx_errors),	      STAT(rx_dropped),	    STAT(tx_dropped),
	STAT(multicast),      STAT(rx_length_errors), STAT(rx_over_errors), STAT(rx_crc_errors),
	STAT(rx_fifo_errors), STAT(tx_fifo_errors),
};

static int ftgmac100_get_sset_count(struct net_device *dev)
{
	(void)dev;
	return (int)ARRAY_SIZE(ftgmac100_stats);
}

static const char *ftgmac100_get_ethtool_stat(struct net_device *dev, unsigned int i, u64 *value)
{
	if (i >= ARRAY_SIZE(ftgmac100_stats))
		return NULL;
	memcpy(value, (const char *)&dev->stats + ftgmac100_stats[i].offset, sizeof(*value));
	return ftgmac100_stats[i].name;
}

const struct ethtool_ops ftgmac100_ethtool_ops = {
	.get_drvinfo = ftgmac100_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_ringparam = ftgmac100_get_ringparam,
	.set_ringparam = ftgmac100_set_ringparam,
	.get_pauseparam = ftgmac100_get_pauseparam,
	.set_pauseparam = ftgmac100_set_pauseparam,
	.nway_reset = phy_ethtool_nway_reset,
	.get_sset_count = ftgmac100_get_sset_count,
	.get_ethtool_stat = ftgmac100_get_ethtool_stat,
	.get_link_ksettings = phy_ethtool_get_link_ksettings,
};
