/*
 * The MDIO bus: reading and writing registers of PHYs, and finding the PHY on it.
 *
 * Linux makes a device for each PHY that answers; here scanning stops at the first, as only one is used.
 */
#include "stack/interface/phy.h"

static void mdiobus_stats_acct(struct mii_bus *bus, bool op, int ret)
{
	TRACE(bus, "count a transfer on the mdio bus");
	bus->transfers++;
	if (ret < 0)
		bus->errors++;
	else if (op)
		bus->reads++;
	else
		bus->writes++;
}

static int __mdiobus_read(struct mii_bus *bus, int addr, u32 regnum)
{
	TRACE(bus, "read a register of a phy");
	int retval;

	TRACE_OP(bus, "read");
	retval = bus->read(bus, addr, (int)regnum);
	mdiobus_stats_acct(bus, true, retval);
	return retval;
}

static int __mdiobus_write(struct mii_bus *bus, int addr, u32 regnum, u16 val)
{
	TRACE(bus, "write a register of a phy");
	int err;

	TRACE_OP(bus, "write");
	err = bus->write(bus, addr, (int)regnum, val);
	mdiobus_stats_acct(bus, false, err);
	return err;
}

int mdiobus_read(struct mii_bus *bus, int addr, u32 regnum)
{
	TRACE(bus, "read a register of a phy");
	return __mdiobus_read(bus, addr, regnum);
}

int mdiobus_write(struct mii_bus *bus, int addr, u32 regnum, u16 val)
{
	TRACE(bus, "write a register of a phy");
	return __mdiobus_write(bus, addr, regnum, val);
}

/* 1 when the register changed. */
static int __mdiobus_modify_changed(struct mii_bus *bus, int addr, u32 regnum, u16 mask, u16 set)
{
	TRACE(bus, "change bits of a phy's register if they differ");
	int new, ret = __mdiobus_read(bus, addr, regnum);

	if (ret < 0)
		return ret;
	new = (ret & ~mask) | set;
	if (new == ret)
		return 0;
	ret = __mdiobus_write(bus, addr, regnum, (u16) new);
	return ret < 0 ? ret : 1;
}

int phy_read(struct phy_device *phydev, u32 regnum)
{
	return mdiobus_read(phydev->bus, phydev->addr, regnum);
}

int phy_write(struct phy_device *phydev, u32 regnum, u16 val)
{
	return mdiobus_write(phydev->bus, phydev->addr, regnum, val);
}

static int __phy_modify(struct phy_device *phydev, u32 regnum, u16 mask, u16 set)
{
	TRACE(phydev, "change bits of a register");
	int ret = __mdiobus_modify_changed(phydev->bus, phydev->addr, regnum, mask, set);

	return ret < 0 ? ret : 0;
}

int phy_modify(struct phy_device *phydev, u32 regnum, u16 mask, u16 set)
{
	TRACE(phydev, "change bits of a register");
	return __phy_modify(phydev, regnum, mask, set);
}

int phy_modify_changed(struct phy_device *phydev, u32 regnum, u16 mask, u16 set)
{
	TRACE(phydev, "change bits of a register and tell whether they differed");
	return __mdiobus_modify_changed(phydev->bus, phydev->addr, regnum, mask, set);
}

struct mii_bus *mdiobus_alloc_size(struct host *host)
{
	TRACE(host, "allocate an mdio bus");
	struct mii_bus *bus = kzalloc(host, sizeof(*bus));

	if (bus)
		bus->host = host;
	return bus;
}

static struct phy_device *phy_device_create(struct mii_bus *bus, int addr, u32 phy_id)
{
	TRACE(bus, "make a phy device");
	struct phy_device *phydev = kzalloc(bus->host, sizeof(*phydev));

	if (!phydev)
		return NULL;
	phydev->host = bus->host;
	phydev->bus = bus;
	phydev->addr = addr;
	phydev->phy_id = phy_id;
	phydev->drv_name = phy_id == 0x001cc915 ? "RTL8211E Gigabit Ethernet" : "Generic PHY";
	phydev->state = PHY_DOWN;
	phydev->speed = SPEED_UNKNOWN;
	phydev->duplex = DUPLEX_UNKNOWN;
	phydev->autoneg = 1;
	init_delayed_work(bus->host, &phydev->state_queue, phy_state_machine, TIMER_BACKGROUND);
	return phydev;
}

/* What the phy can do is what it will offer; the mac adds pause. */
static void phy_copy_pause_bits(struct phy_device *phydev)
{
	TRACE(phydev, "keep the pause bits as the mac set them");
	phydev->advertising |= phydev->supported & (PHY_PAUSE | PHY_ASYM_PAUSE);
}

static void phy_advertise_supported(struct phy_device *phydev)
{
	TRACE(phydev, "advertise all that the phy supports");
	phydev->advertising = phydev->supported & ~(u32)(PHY_PAUSE | PHY_ASYM_PAUSE);
	phy_copy_pause_bits(phydev);
}

static int phy_probe(struct phy_device *phydev)
{
	TRACE(phydev, "find out what the phy can do");
	int err = genphy_read_abilities(phydev);

	if (err)
		return err;
	phydev->supported |= PHY_PAUSE | PHY_ASYM_PAUSE;
	phy_advertise_supported(phydev);
	phydev->state = PHY_READY;
	return 0;
}

void phy_scan_fixups(struct phy_device *phydev)
{
	TRACE(phydev, "apply what boards have registered for this phy");
}

static int phy_device_register(struct phy_device *phydev)
{
	TRACE(phydev, "register the phy and probe its driver");
	phy_scan_fixups(phydev);
	return phy_probe(phydev);
}

/* NULL when no phy answers at this address, ERR_PTR when there was trouble. */
static struct phy_device *mdiobus_scan(struct mii_bus *bus, int addr)
{
	TRACE(bus, "see whether a phy answers at an address");
	int id1 = mdiobus_read(bus, addr, MII_PHYSID1), id2, err;
	struct phy_device *phydev;

	if (id1 < 0)
		return ERR_PTR(id1);
	id2 = mdiobus_read(bus, addr, MII_PHYSID2);
	if (id2 < 0)
		return ERR_PTR(id2);
	/* All ones or zeros: nobody drives the lines. */
	if ((id1 == 0xffff && id2 == 0xffff) || (!id1 && !id2))
		return NULL;
	phydev = phy_device_create(bus, addr, (u32)id1 << 16 | (u32)id2);
	if (!phydev)
		return ERR_PTR(-ENOMEM);
	err = phy_device_register(phydev);
	if (err) {
		kfree(bus->host, phydev);
		return ERR_PTR(err);
	}
	return phydev;
}

int __mdiobus_register(struct mii_bus *bus)
{
	TRACE(bus, "register an mdio bus and find its phy");
	for (int addr = 0; addr < PHY_MAX_ADDR; addr++) {
		struct phy_device *phydev = mdiobus_scan(bus, addr);

		if (IS_ERR(phydev))
			return (int)PTR_ERR(phydev);
		if (phydev) {
			bus->phy = phydev;
			break;
		}
	}
	return 0;
}

void mdiobus_unregister(struct mii_bus *bus)
{
	TRACE(bus, "take an mdio bus and its phy away");
	if (!bus->phy)
		return;
	cancel_delayed_work_sync(&bus->phy->state_queue);
	kfree(bus->host, bus->phy);
	bus->phy = NULL;
}

void mdiobus_free(struct mii_bus *bus)
{
	kfree(bus->host, bus);
}

struct phy_device *phy_find_first(struct mii_bus *bus)
{
	TRACE(bus, "find the first phy of the bus");
	return bus->phy;
}
