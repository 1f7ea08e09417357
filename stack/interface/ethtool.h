/*
 * What `ethtool` asks of a device: what a driver offers (struct ethtool_ops; slots may be empty), and the
 * calls for whoever plays the command, with Linux's names. These need rtnl; -EOPNOTSUPP: the driver has
 * no such thing.
 */
#ifndef STACK_INTERFACE_ETHTOOL_H
#define STACK_INTERFACE_ETHTOOL_H

#include "stack/interface/netdevice.h"

struct ethtool_ringparam {
	u32 rx_max_pending, tx_max_pending, rx_pending, tx_pending;
};
struct ethtool_pauseparam {
	u32 autoneg, rx_pause, tx_pause;
};
struct ethtool_drvinfo {
	char driver[32], version[32], bus_info[32];
};
struct ethtool_link_ksettings {
	int speed;  /* Mbit/s, SPEED_UNKNOWN (-1) */
	int duplex; /* DUPLEX_*, DUPLEX_UNKNOWN (0xff) */
	int autoneg, phy_address;
	u32 supported, advertising, lp_advertising; /* bits of enum phy_link_mode (phy.h) */
};

struct ethtool_ops {
	void (*get_drvinfo)(struct net_device *dev, struct ethtool_drvinfo *info);
	u32 (*get_link)(struct net_device *dev);
	void (*get_ringparam)(struct net_device *dev, struct ethtool_ringparam *ering);
	int (*set_ringparam)(struct net_device *dev, struct ethtool_ringparam *ering);
	void (*get_pauseparam)(struct net_device *dev, struct ethtool_pauseparam *pause);
	int (*set_pauseparam)(struct net_device *dev, struct ethtool_pauseparam *pause);
	int (*nway_reset)(struct net_device *dev);
	/* `ethtool -S`: number of statistics; name (constant) and value of number i */
	int (*get_sset_count)(struct net_device *dev);
	const char *(*get_ethtool_stat)(struct net_device *dev, unsigned int i, u64 *value);
	int (*get_link_ksettings)(struct net_device *dev, struct ethtool_link_ksettings *cmd);
};

/* `ethtool -i`, `ethtool`, `-g`, `-G`, `-a`, `-A`, `-r`, `-S` */
int ethtool_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info);
int ethtool_get_link(struct net_device *dev, u32 *link);
int ethtool_get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *cmd);
int ethtool_get_ringparam(struct net_device *dev, struct ethtool_ringparam *ering);
int ethtool_set_ringparam(struct net_device *dev, struct ethtool_ringparam *ering);
int ethtool_get_pauseparam(struct net_device *dev, struct ethtool_pauseparam *pause);
int ethtool_set_pauseparam(struct net_device *dev, struct ethtool_pauseparam *pause);
int ethtool_nway_reset(struct net_device *dev);
int ethtool_get_sset_count(struct net_device *dev);
const char *ethtool_get_stat(struct net_device *dev, unsigned int i, u64 *value);

/* `ethtool -k`: Linux's name of a feature bit ("rx-gro"), or NULL. Which bits are on is dev->features; a bit
 * can be changed ("[fixed]" otherwise) if it is in dev->hw_features. */
const char *netdev_features_string(unsigned int bit);

/* `ethtool -K`: wants the features of `valid` as `requested` has them. ETHTOOL_F_*: what did not go as asked.
 */
#define ETHTOOL_F_UNSUPPORTED 1 /* some cannot be changed */
#define ETHTOOL_F_WISH 2	/* some are remembered but lack what they need now */
int ethtool_set_features(struct net_device *dev, netdev_features_t valid, netdev_features_t requested);

/* For drivers. */
u32 ethtool_op_get_link(struct net_device *dev);
int phy_ethtool_nway_reset(struct net_device *dev);
int phy_ethtool_get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *cmd);

#endif
