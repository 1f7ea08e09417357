/*
 * What every PHY with the standard registers does the same way: abilities, negotiation, status.
 */
#include "stack/interface/phy.h"

int genphy_read_abilities(struct phy_device *phydev)
{
	TRACE(phydev, "read which speeds the phy can do");
	int val = phy_read(phydev, MII_BMSR);

	if (val < 0)
		return val;
	phydev->supported = 0;
	if (val & BMSR_ANEGCAPABLE)
		phydev->supported |= PHY_AUTONEG;
	if (val & BMSR_100FULL)
		phydev->supported |= PHY_100FULL;
	if (val & BMSR_100HALF)
		phydev->supported |= PHY_100HALF;
	if (val & BMSR_10FULL)
		phydev->supported |= PHY_10FULL;
	if (val & BMSR_10HALF)
		phydev->supported |= PHY_10HALF;
	if (val & BMSR_ESTATEN) {
		val = phy_read(phydev, MII_ESTATUS);
		if (val < 0)
			return val;
		if (val & ESTATUS_1000_TFULL)
			phydev->supported |= PHY_1000FULL;
		if (val & ESTATUS_1000_THALF)
			phydev->supported |= PHY_1000HALF;
	}
	return 0;
}

static u16 linkmode_adv_to_mii_adv_t(u32 adv)
{
	u16 reg = ADVERTISE_CSMA;

	reg |= adv & PHY_10HALF ? ADVERTISE_10HALF : 0;
	reg |= adv & PHY_10FULL ? ADVERTISE_10FULL : 0;
	reg |= adv & PHY_100HALF ? ADVERTISE_100HALF : 0;
	reg |= adv & PHY_100FULL ? ADVERTISE_100FULL : 0;
	reg |= adv & PHY_PAUSE ? ADVERTISE_PAUSE_CAP : 0;
	reg |= adv & PHY_ASYM_PAUSE ? ADVERTISE_PAUSE_ASYM : 0;
	return reg;
}

static u32 mii_adv_to_linkmode_adv_t(u16 reg)
{
	u32 adv = 0;

	adv |= reg & ADVERTISE_10HALF ? PHY_10HALF : 0;
	adv |= reg & ADVERTISE_10FULL ? PHY_10FULL : 0;
	adv |= reg & ADVERTISE_100HALF ? PHY_100HALF : 0;
	adv |= reg & ADVERTISE_100FULL ? PHY_100FULL : 0;
	adv |= reg & ADVERTISE_PAUSE_CAP ? PHY_PAUSE : 0;
	adv |= reg & ADVERTISE_PAUSE_ASYM ? PHY_ASYM_PAUSE : 0;
	return adv;
}

/* 1 when what is offered changed. */
static int genphy_config_advert(struct phy_device *phydev)
{
	TRACE(phydev, "write what is offered to the other side");
	const u16 all = ADVERTISE_10HALF | ADVERTISE_10FULL | ADVERTISE_100HALF | ADVERTISE_100FULL |
			ADVERTISE_PAUSE_CAP | ADVERTISE_PAUSE_ASYM;
	u16 adv, adv1000 = 0;
	int err, changed;

	phydev->advertising &= phydev->supported;
	adv = linkmode_adv_to_mii_adv_t(phydev->advertising) & all;
	changed = phy_modify_changed(phydev, MII_ADVERTISE, all, adv);
	if (changed < 0)
		return changed;
	if (!(phydev->supported & (PHY_1000HALF | PHY_1000FULL)))
		return changed;
	adv1000 |= phydev->advertising & PHY_1000HALF ? ADVERTISE_1000HALF : 0;
	adv1000 |= phydev->advertising & PHY_1000FULL ? ADVERTISE_1000FULL : 0;
	err = phy_modify_changed(phydev, MII_CTRL1000, ADVERTISE_1000HALF | ADVERTISE_1000FULL, adv1000);
	return err < 0 ? err : changed | err;
}

static int genphy_setup_forced(struct phy_device *phydev)
{
	TRACE(phydev, "set speed and duplex without negotiating");
	u16 ctl = 0;

	phydev->pause = 0;
	phydev->asym_pause = 0;
	if (phydev->speed == SPEED_1000)
		ctl |= BMCR_SPEED1000;
	else if (phydev->speed == SPEED_100)
		ctl |= BMCR_SPEED100;
	if (phydev->duplex == DUPLEX_FULL)
		ctl |= BMCR_FULLDPLX;
	return phy_modify(phydev, MII_BMCR, BMCR_SPEED1000 | BMCR_SPEED100 | BMCR_FULLDPLX | BMCR_ANENABLE,
			  ctl);
}

static int genphy_restart_aneg(struct phy_device *phydev)
{
	TRACE(phydev, "start the negotiation");
	return phy_modify(phydev, MII_BMCR, BMCR_ISOLATE, BMCR_ANENABLE | BMCR_ANRESTART);
}

int genphy_config_aneg(struct phy_device *phydev)
{
	TRACE(phydev, "negotiate, or set what is forced");
	int changed, ctl;

	if (!phydev->autoneg)
		return genphy_setup_forced(phydev);
	changed = genphy_config_advert(phydev);
	if (changed < 0)
		return changed;
	if (!changed) {
		/* Nothing new to tell: negotiate only when that was off. */
		ctl = phy_read(phydev, MII_BMCR);
		if (ctl < 0)
			return ctl;
		if (!(ctl & BMCR_ANENABLE) || (ctl & BMCR_ISOLATE))
			changed = 1;
	}
	return changed ? genphy_restart_aneg(phydev) : 0;
}

int genphy_update_link(struct phy_device *phydev)
{
	TRACE(phydev, "read whether there is a link");
	int bmcr = phy_read(phydev, MII_BMCR), status = 0;

	if (bmcr < 0)
		return bmcr;
	/* A negotiation that begins: what the status says is of before. */
	if (!(bmcr & BMCR_ANRESTART)) {
		/* Link down is latched, so of a link that was not up the second reading counts. */
		if (!phydev->link) {
			status = phy_read(phydev, MII_BMSR);
			if (status < 0)
				return status;
		}
		if (!(status & BMSR_LSTATUS)) {
			status = phy_read(phydev, MII_BMSR);
			if (status < 0)
				return status;
		}
	}
	phydev->link = status & BMSR_LSTATUS;
	phydev->autoneg_complete = status & BMSR_ANEGCOMPLETE;
	if (phydev->autoneg && !phydev->autoneg_complete)
		phydev->link = false;
	return 0;
}

static int genphy_read_lpa(struct phy_device *phydev)
{
	TRACE(phydev, "read what the other side offers");
	int lpa;

	phydev->lp_advertising = 0;
	if (!phydev->autoneg || !phydev->autoneg_complete)
		return 0;
	if (phydev->supported & (PHY_1000HALF | PHY_1000FULL)) {
		lpa = phy_read(phydev, MII_STAT1000);
		if (lpa < 0)
			return lpa;
		phydev->lp_advertising |= lpa & LPA_1000HALF ? PHY_1000HALF : 0;
		phydev->lp_advertising |= lpa & LPA_1000FULL ? PHY_1000FULL : 0;
	}
	lpa = phy_read(phydev, MII_LPA);
	if (lpa < 0)
		return lpa;
	phydev->lp_advertising |= mii_adv_to_linkmode_adv_t((u16)lpa);
	return 0;
}

/* The best that both offer. */
static void phy_resolve_aneg_linkmode(struct phy_device *phydev)
{
	TRACE(phydev, "choose the best that both sides offer");
	u32 common = phydev->lp_advertising & phydev->advertising;

	if (common & (PHY_1000FULL | PHY_1000HALF))
		phydev->speed = SPEED_1000;
	else if (common & (PHY_100FULL | PHY_100HALF))
		phydev->speed = SPEED_100;
	else if (common & (PHY_10FULL | PHY_10HALF))
		phydev->speed = SPEED_10;
	else
		return;
	if (phydev->speed == SPEED_1000)
		phydev->duplex = common & PHY_1000FULL ? DUPLEX_FULL : DUPLEX_HALF;
	else if (phydev->speed == SPEED_100)
		phydev->duplex = common & PHY_100FULL ? DUPLEX_FULL : DUPLEX_HALF;
	else
		phydev->duplex = common & PHY_10FULL ? DUPLEX_FULL : DUPLEX_HALF;
	if (phydev->duplex == DUPLEX_FULL) {
		phydev->pause = !!(phydev->lp_advertising & PHY_PAUSE);
		phydev->asym_pause = !!(phydev->lp_advertising & PHY_ASYM_PAUSE);
	}
}

static int genphy_read_status_fixed(struct phy_device *phydev)
{
	TRACE(phydev, "read the forced speed and duplex");
	int bmcr = phy_read(phydev, MII_BMCR);

	if (bmcr < 0)
		return bmcr;
	phydev->duplex = bmcr & BMCR_FULLDPLX ? DUPLEX_FULL : DUPLEX_HALF;
	phydev->speed = bmcr & BMCR_SPEED1000 ? SPEED_1000 : bmcr & BMCR_SPEED100 ? SPEED_100 : SPEED_10;
	return 0;
}

int genphy_read_status(struct phy_device *phydev)
{
	TRACE(phydev, "read link, speed, duplex and pause");
	bool old_link = phydev->link;
	int err = genphy_update_link(phydev);

	if (err)
		return err;
	/* A link that stays cannot have changed its speed. */
	if (phydev->autoneg && old_link && phydev->link)
		return 0;
	phydev->speed = SPEED_UNKNOWN;
	phydev->duplex = DUPLEX_UNKNOWN;
	phydev->pause = 0;
	phydev->asym_pause = 0;
	err = genphy_read_lpa(phydev);
	if (err < 0)
		return err;
	if (phydev->autoneg && phydev->autoneg_complete)
		phy_resolve_aneg_linkmode(phydev);
	else if (!phydev->autoneg)
		return genphy_read_status_fixed(phydev);
	return 0;
}

int genphy_resume(struct phy_device *phydev)
{
	TRACE(phydev, "power the phy up");
	return phy_modify(phydev, MII_BMCR, BMCR_PDOWN, 0);
}

int genphy_suspend(struct phy_device *phydev)
{
	TRACE(phydev, "power the phy down");
	return phy_modify(phydev, MII_BMCR, 0, BMCR_PDOWN);
}
