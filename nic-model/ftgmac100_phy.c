/*
 * The PHY (a Realtek RTL8211E by its identifiers) and the MDIO master that PHYCR and PHYDATA drive.
 *
 * It answers at all 32 addresses. An MDIO operation is complete when the register write returns. The
 * status register shows the link as it is now, not latched.
 */
#include "nic-model/ftgmac100_int.h"

enum mii_reg {
	MII_BMCR = 0,
	MII_BMSR = 1,
	MII_PHYID1 = 2,
	MII_PHYID2 = 3,
	MII_ANAR = 4,
	MII_ANLPAR = 5,
	MII_ANER = 6,
	MII_CTRL1000 = 9,
	MII_STAT1000 = 10,
	MII_INER = 18,
	MII_INSR = 19,
};

#define BMCR_RESET 0x8000u
#define BMCR_ANEG 0x1000u
#define BMCR_STORED 0x7980u
#define BMSR_ABILITIES 0x7949u /* with neither of the next two */
#define BMSR_LINK 0x0004u
#define BMSR_ANEG_DONE 0x0020u
#define ANAR_WRITABLE 0x2d7fu
#define ANAR_TX 0x0080u
#define INSR_DOWN 0x0100u
#define INSR_UP 0x0800u

void ftgmac_phy_reset(struct ftgmac *c)
{
	c->phy.bmcr = 0x1140;
	c->phy.anar = 0x0de1;
	c->phy.iner = 0;
	c->phy.insr = 0;
	c->phy.link = port_link_up(&c->port);
	c->phy.aneg_done = c->phy.link;
}

void ftgmac_phy_link(struct ftgmac *c, bool up)
{
	c->phy.link = up;
	c->phy.aneg_done = up; /* negotiation takes no time */
	c->phy.insr |= up ? INSR_UP : INSR_DOWN;
}

static uint32_t phy_read(struct ftgmac *c, uint32_t reg)
{
	uint32_t val;

	switch (reg) {
	case MII_BMCR:
		return c->phy.bmcr;
	case MII_BMSR:
		return BMSR_ABILITIES | (c->phy.link ? BMSR_LINK : 0) |
		       (c->phy.aneg_done ? BMSR_ANEG_DONE : 0);
	case MII_PHYID1:
		return 0x001c;
	case MII_PHYID2:
		return 0xc915;
	case MII_ANAR:
		return c->phy.anar;
	case MII_ANLPAR:
		return 0x45e1;
	case MII_ANER:
		return 0x0001;
	case MII_CTRL1000:
		return 0x0300;
	case MII_STAT1000:
		return 0x0800;
	case MII_INER:
		return c->phy.iner;
	case MII_INSR: /* reading clears it */
		val = c->phy.insr;
		c->phy.insr = 0;
		return val;
	default:
		return 0;
	}
}

static void phy_write(struct ftgmac *c, uint32_t reg, uint32_t val)
{
	switch (reg) {
	case MII_BMCR:
		if (val & BMCR_RESET) {
			ftgmac_phy_reset(c);
			break;
		}
		c->phy.bmcr = val & BMCR_STORED;
		if (val & BMCR_ANEG)
			c->phy.aneg_done = true;
		break;
	case MII_ANAR:
		c->phy.anar = (val & ANAR_WRITABLE) | ANAR_TX;
		break;
	case MII_INER:
		c->phy.iner = val;
		break;
	default:
		break;
	}
}

static void command_old(struct ftgmac *c)
{
	uint32_t reg = PHYCR_REGAD(c->phycr);

	if (c->phycr & PHYCR_MIIWR) {
		phy_write(c, reg, c->phydata & 0xffff);
		c->phycr &= ~PHYCR_MIIWR;
	} else if (c->phycr & PHYCR_MIIRD) {
		c->phydata = phy_read(c, reg) << 16;
		c->phycr &= ~PHYCR_MIIRD;
	}
}

static void command_new(struct ftgmac *c)
{
	uint32_t reg = PHYCR_NEW_REGAD(c->phycr);

	if (!(c->phycr & PHYCR_NEW_ST_22) || !(c->phycr & PHYCR_NEW_FIRE))
		return;
	if (PHYCR_NEW_OP(c->phycr) == PHYCR_NEW_OP_WRITE)
		phy_write(c, reg, c->phycr >> 16);
	else if (PHYCR_NEW_OP(c->phycr) == PHYCR_NEW_OP_READ)
		c->phydata = phy_read(c, reg);
	c->phycr &= ~PHYCR_NEW_FIRE;
}

void ftgmac_phy_command(struct ftgmac *c)
{
	if (c->revr & REVR_NEW_MDIO)
		command_new(c);
	else
		command_old(c);
}
