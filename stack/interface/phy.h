/*
 * PHYs behind an MDIO bus, phylib's shape: a state machine in a work item that polls once a second (house-
 * keeping, does not keep a run alive) and at once after phy_start(), and tells the MAC's driver of changes.
 *
 *	DOWN -> READY (attached) -> UP (phy_start) -> RUNNING (link) <-> NOLINK;  -> HALTED (phy_stop)
 */
#ifndef STACK_INTERFACE_PHY_H
#define STACK_INTERFACE_PHY_H

#include "stack/interface/netdevice.h"

#define PHY_MAX_ADDR 32

#define MII_BMCR 0x00
#define MII_BMSR 0x01
#define MII_PHYSID1 0x02
#define MII_PHYSID2 0x03
#define MII_ADVERTISE 0x04
#define MII_LPA 0x05
#define MII_EXPANSION 0x06
#define MII_CTRL1000 0x09
#define MII_STAT1000 0x0a
#define MII_ESTATUS 0x0f

#define BMCR_SPEED1000 0x0040
#define BMCR_FULLDPLX 0x0100
#define BMCR_ANRESTART 0x0200
#define BMCR_ISOLATE 0x0400
#define BMCR_PDOWN 0x0800
#define BMCR_ANENABLE 0x1000
#define BMCR_SPEED100 0x2000
#define BMCR_RESET 0x8000

#define BMSR_ERCAP 0x0001
#define BMSR_LSTATUS 0x0004
#define BMSR_ANEGCAPABLE 0x0008
#define BMSR_ANEGCOMPLETE 0x0020
#define BMSR_ESTATEN 0x0100
#define BMSR_10HALF 0x0800
#define BMSR_10FULL 0x1000
#define BMSR_100HALF 0x2000
#define BMSR_100FULL 0x4000

#define ADVERTISE_CSMA 0x0001
#define ADVERTISE_10HALF 0x0020
#define ADVERTISE_10FULL 0x0040
#define ADVERTISE_100HALF 0x0080
#define ADVERTISE_100FULL 0x0100
#define ADVERTISE_PAUSE_CAP 0x0400
#define ADVERTISE_PAUSE_ASYM 0x0800
#define ADVERTISE_1000HALF 0x0100 /* MII_CTRL1000 */
#define ADVERTISE_1000FULL 0x0200
#define LPA_1000HALF 0x0400 /* MII_STAT1000 */
#define LPA_1000FULL 0x0800
#define ESTATUS_1000_THALF 0x1000
#define ESTATUS_1000_TFULL 0x2000

#define SPEED_10 10
#define SPEED_100 100
#define SPEED_1000 1000
#define SPEED_UNKNOWN (-1)
#define DUPLEX_HALF 0
#define DUPLEX_FULL 1
#define DUPLEX_UNKNOWN 0xff

/* Link modes: bits of supported, advertising, lp_advertising. */
enum phy_link_mode {
	PHY_10HALF = 1 << 0,
	PHY_10FULL = 1 << 1,
	PHY_100HALF = 1 << 2,
	PHY_100FULL = 1 << 3,
	PHY_1000HALF = 1 << 4,
	PHY_1000FULL = 1 << 5,
	PHY_AUTONEG = 1 << 6,
	PHY_PAUSE = 1 << 13,
	PHY_ASYM_PAUSE = 1 << 14,
};

enum phy_state { PHY_DOWN, PHY_READY, PHY_HALTED, PHY_UP, PHY_RUNNING, PHY_NOLINK };

struct mii_bus {
	struct host *host;
	void *priv; /* the MAC's driver */
	char id[24];
	int (*read)(struct mii_bus *bus, int addr, int regnum);
	int (*write)(struct mii_bus *bus, int addr, int regnum, u16 val);
	struct phy_device *phy; /* the first that answered */
	u64 transfers, reads, writes, errors;
};

struct phy_device {
	struct host *host;
	struct mii_bus *bus;
	int addr;
	u32 phy_id;
	const char *drv_name;
	enum phy_state state;
	bool link, suspended, autoneg_complete;
	int autoneg, speed, duplex, pause, asym_pause;
	u32 supported, advertising, lp_advertising;
	struct net_device *attached_dev;
	struct delayed_work state_queue;
	void (*phy_link_change)(struct phy_device *phydev, bool up);
	void (*adjust_link)(struct net_device *dev);
};

struct mii_bus *mdiobus_alloc_size(struct host *host);
int __mdiobus_register(struct mii_bus *bus);
void mdiobus_unregister(struct mii_bus *bus);
void mdiobus_free(struct mii_bus *bus);
int mdiobus_read(struct mii_bus *bus, int addr, u32 regnum);
int mdiobus_write(struct mii_bus *bus, int addr, u32 regnum, u16 val);
int phy_read(struct phy_device *phydev, u32 regnum);
int phy_write(struct phy_device *phydev, u32 regnum, u16 val);
int phy_modify(struct phy_device *phydev, u32 regnum, u16 mask, u16 set);
int phy_modify_changed(struct phy_device *phydev, u32 regnum, u16 mask, u16 set);
void phy_scan_fixups(struct phy_device *phydev);

struct phy_device *phy_find_first(struct mii_bus *bus);
int phy_connect_direct(struct net_device *dev, struct phy_device *phydev,
		       void (*handler)(struct net_device *));
int phy_attach_direct(struct net_device *dev, struct phy_device *phydev);
void phy_disconnect(struct phy_device *phydev);
void phy_detach(struct phy_device *phydev);
int phy_init_hw(struct phy_device *phydev);
int phy_resume(struct phy_device *phydev);
int phy_suspend(struct phy_device *phydev);
void phy_start(struct phy_device *phydev);
void phy_stop(struct phy_device *phydev);
void phy_support_asym_pause(struct phy_device *phydev);
void phy_set_asym_pause(struct phy_device *phydev, bool rx, bool tx);
int phy_start_aneg(struct phy_device *phydev);
void phy_print_status(struct phy_device *phydev);
void phy_attached_info(struct phy_device *phydev);
void phy_state_machine(struct work_struct *work);
int phy_read_status(struct phy_device *phydev);

int genphy_read_abilities(struct phy_device *phydev);
int genphy_config_aneg(struct phy_device *phydev);
int genphy_update_link(struct phy_device *phydev);
int genphy_read_status(struct phy_device *phydev);
int genphy_resume(struct phy_device *phydev);
int genphy_suspend(struct phy_device *phydev);

#endif
