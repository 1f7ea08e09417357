/*
 * FTGMAC100 driver: what is written into the card's registers, and its MDIO bus.
 */
#include <stdio.h>

#include "stack/interface/ftgmac100.h"
#include "stack/kernel/sched.h"

static int ftgmac100_reset_mac(struct ftgmac100 *priv, u32 maccr)
{
	TRACE(priv, "reset the card and wait until it is done");
	ftgmac100_write(priv, maccr, FTGMAC100_OFFSET_MACCR);
	ftgmac100_write(priv, maccr | FTGMAC100_MACCR_SW_RST, FTGMAC100_OFFSET_MACCR);
	for (int i = 0; i < 200; i++) {
		if (!(ftgmac100_read(priv, FTGMAC100_OFFSET_MACCR) & FTGMAC100_MACCR_SW_RST))
			return 0;
		udelay(priv->host, 1);
	}
	netdev_err(priv->netdev, "Hardware reset failed");
	return -EIO;
}

int ftgmac100_reset_and_config_mac(struct ftgmac100 *priv)
{
	TRACE(priv, "reset hw reg");
	u32 maccr = 0;

	/* The speed must be right before the reset, which keeps it. Speed 0 (no link yet) is as good as 10.
	 */
	if (priv->cur_speed == SPEED_1000)
		maccr = FTGMAC100_MACCR_GIGA_MODE;
	else if (priv->cur_speed == SPEED_100)
		maccr = FTGMAC100_MACCR_FAST_MODE;
	priv->rx_pointer = 0;
	priv->tx_clean_pointer = 0;
	priv->tx_pointer = 0;
	/* Twice, as the hardware wants it. Linux sleeps 10 us to 1 ms in between; here no time passes. */
	if (ftgmac100_reset_mac(priv, maccr))
		return -EIO;
	return ftgmac100_reset_mac(priv, maccr);
}

void ftgmac100_write_mac_addr(struct ftgmac100 *priv, const u8 *mac)
{
	TRACE(priv, "write the mac address to the card");
	ftgmac100_write(priv, (u32)mac[0] << 8 | mac[1], FTGMAC100_OFFSET_MAC_MADR);
	ftgmac100_write(priv, get_unaligned_be32(mac + 2), FTGMAC100_OFFSET_MAC_LADR);
}

void ftgmac100_initial_mac(struct ftgmac100 *priv)
{
	TRACE(priv, "determine mac and write to reg");
	u32 m = ftgmac100_read(priv, FTGMAC100_OFFSET_MAC_MADR);
	u32 l = ftgmac100_read(priv, FTGMAC100_OFFSET_MAC_LADR);
	u8 mac[ETH_ALEN + 2];

	put_unaligned_be16((u16)m, mac);
	put_unaligned_be32(l, mac + 2);
	if (is_valid_ether_addr(mac)) {
		eth_hw_addr_set(priv->netdev, mac);
		pr_info(priv->host, "%s: Read MAC address %02x:%02x:%02x:%02x:%02x:%02x from chip",
			priv->netdev->parent_name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	} else {
		eth_hw_addr_random(priv->netdev);
		pr_info(priv->host, "%s: Generated random MAC address %02x:%02x:%02x:%02x:%02x:%02x",
			priv->netdev->parent_name, priv->netdev->dev_addr[0], priv->netdev->dev_addr[1],
			priv->netdev->dev_addr[2], priv->netdev->dev_addr[3], priv->netdev->dev_addr[4],
			priv->netdev->dev_addr[5]);
	}
}

int ftgmac100_set_mac_addr(struct net_device *dev, void *p)
{
	TRACE(dev, "change the mac address, in the card too");
	int ret = eth_prepare_mac_addr_change(dev, p);

	if (ret < 0)
		return ret;
	eth_commit_mac_addr_change(dev, p);
	ftgmac100_write_mac_addr(netdev_priv(dev), dev->dev_addr);
	return 0;
}

void ftgmac100_config_pause(struct ftgmac100 *priv)
{
	TRACE(priv, "configure flow control");
	u32 fcr = FTGMAC100_FCR_PAUSE_TIME(16);

	if (priv->rx_pause)
		fcr |= FTGMAC100_FCR_FC_EN;
	if (priv->tx_pause)
		fcr |= FTGMAC100_FCR_FCTHR_EN;
	ftgmac100_write(priv, fcr, FTGMAC100_OFFSET_FCR);
}

void ftgmac100_init_hw(struct ftgmac100 *priv)
{
	TRACE(priv, "init hw (e.g., clear interrupts, write mac addr, ...)");
	u32 reg = ftgmac100_read(priv, FTGMAC100_OFFSET_ISR), rfifo_sz, tfifo_sz;

	ftgmac100_write(priv, reg, FTGMAC100_OFFSET_ISR);
	ftgmac100_write(priv, priv->rxdes_dma, FTGMAC100_OFFSET_RXR_BADR);
	ftgmac100_write(priv, priv->txdes_dma, FTGMAC100_OFFSET_NPTXR_BADR);
	ftgmac100_write(priv, RX_BUF_SIZE, FTGMAC100_OFFSET_RBSR);
	/* The card looks for free RX descriptors by itself. */
	ftgmac100_write(priv, FTGMAC100_APTC_RXPOLL_CNT(1), FTGMAC100_OFFSET_APTC);
	ftgmac100_write_mac_addr(priv, priv->netdev->dev_addr);
	ftgmac100_write(priv, priv->maht0, FTGMAC100_OFFSET_MAHT0);
	ftgmac100_write(priv, priv->maht1, FTGMAC100_OFFSET_MAHT1);
	/* Descriptors of 16 bytes, receive FIFO thresholds, bursts of 512 bytes. */
	ftgmac100_write(priv,
			FTGMAC100_DBLAC_RXDES_SIZE(2) | FTGMAC100_DBLAC_TXDES_SIZE(2) |
				FTGMAC100_DBLAC_RXBURST_SIZE(3) | FTGMAC100_DBLAC_TXBURST_SIZE(3) |
				FTGMAC100_DBLAC_RX_THR_EN | FTGMAC100_DBLAC_RXFIFO_HTHR(6) |
				FTGMAC100_DBLAC_RXFIFO_LTHR(2),
			FTGMAC100_OFFSET_DBLAC);
	/* An interrupt for each frame, both ways. */
	ftgmac100_write(priv, FTGMAC100_ITC_RXINT_THR(1) | FTGMAC100_ITC_TXINT_THR(1), FTGMAC100_OFFSET_ITC);
	/* FIFOs as large as there are. */
	reg = ftgmac100_read(priv, FTGMAC100_OFFSET_FEAR);
	rfifo_sz = reg & 7u;
	tfifo_sz = reg >> 3 & 7u;
	reg = ftgmac100_read(priv, FTGMAC100_OFFSET_TPAFCR);
	reg &= ~0x3f000000u;
	reg |= tfifo_sz << 27 | rfifo_sz << 24;
	ftgmac100_write(priv, reg, FTGMAC100_OFFSET_TPAFCR);
}

void ftgmac100_start_hw(struct ftgmac100 *priv)
{
	TRACE(priv, "start hw");
	struct net_device *netdev = priv->netdev;
	u32 maccr = ftgmac100_read(priv, FTGMAC100_OFFSET_MACCR);

	maccr &= FTGMAC100_MACCR_FAST_MODE | FTGMAC100_MACCR_GIGA_MODE; /* the speed stays */
	maccr |= FTGMAC100_MACCR_TXDMA_EN | FTGMAC100_MACCR_RXDMA_EN | FTGMAC100_MACCR_TXMAC_EN |
		 FTGMAC100_MACCR_RXMAC_EN | FTGMAC100_MACCR_CRC_APD | FTGMAC100_MACCR_PHY_LINK_LEVEL |
		 FTGMAC100_MACCR_RX_RUNT | FTGMAC100_MACCR_RX_BROADPKT;
	if (priv->cur_duplex == DUPLEX_FULL)
		maccr |= FTGMAC100_MACCR_FULLDUP;
	if (netdev->flags & IFF_PROMISC)
		maccr |= FTGMAC100_MACCR_RX_ALL;
	if (netdev->flags & IFF_ALLMULTI)
		maccr |= FTGMAC100_MACCR_RX_MULTIPKT;
	else if (netdev_mc_count(netdev))
		maccr |= FTGMAC100_MACCR_HT_MULTI_EN;
	if (netdev->features & NETIF_F_HW_VLAN_CTAG_RX)
		maccr |= FTGMAC100_MACCR_RM_VLAN;
	ftgmac100_write(priv, maccr, FTGMAC100_OFFSET_MACCR);
}

void ftgmac100_stop_hw(struct ftgmac100 *priv)
{
	TRACE(priv, "stop hw");
	ftgmac100_write(priv, 0, FTGMAC100_OFFSET_MACCR);
}

/* Bits 7..2 of the Ethernet CRC of a group address choose its bit of MAHT. */
static unsigned int ftgmac100_hash_bit(const u8 *addr)
{
	u32 crc = ~0u;

	for (int i = 0; i < ETH_ALEN; i++) {
		crc ^= addr[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
	}
	return ~crc >> 2 & 0x3f;
}

static void ftgmac100_calc_mc_hash(struct ftgmac100 *priv)
{
	TRACE(priv, "compute the multicast hash table");
	struct netdev_hw_addr *ha;

	priv->maht1 = 0;
	priv->maht0 = 0;
	netdev_for_each_mc_addr(ha, priv->netdev)
	{
		unsigned int bit = ftgmac100_hash_bit(ha->addr);

		if (bit >= 32)
			priv->maht1 |= 1u << (bit - 32);
		else
			priv->maht0 |= 1u << bit;
	}
}

void ftgmac100_set_rx_mode(struct net_device *netdev)
{
	TRACE(netdev, "tell the card which multicast frames to accept");
	struct ftgmac100 *priv = netdev_priv(netdev);

	ftgmac100_calc_mc_hash(priv);
	if (!netif_running(netdev)) /* open will do it */
		return;
	ftgmac100_write(priv, priv->maht0, FTGMAC100_OFFSET_MAHT0);
	ftgmac100_write(priv, priv->maht1, FTGMAC100_OFFSET_MAHT1);
	ftgmac100_start_hw(priv);
}

/* ---- MDIO ---- */

/* Starts a transaction and waits for `busy` to clear. */
static int ftgmac100_mdio_run(struct ftgmac100 *priv, int phy_addr, int regnum, u32 busy)
{
	u32 phycr = ftgmac100_read(priv, FTGMAC100_OFFSET_PHYCR);

	phycr &= FTGMAC100_PHYCR_MDC_CYCTHR_MASK;
	phycr |= FTGMAC100_PHYCR_PHYAD(phy_addr) | FTGMAC100_PHYCR_REGAD(regnum) | busy;
	ftgmac100_write(priv, phycr, FTGMAC100_OFFSET_PHYCR);
	for (int i = 0; i < 10; i++) {
		if (!(ftgmac100_read(priv, FTGMAC100_OFFSET_PHYCR) & busy))
			return 0;
		udelay(priv->host, 100);
	}
	netdev_err(priv->netdev, "mdio timed out");
	return -EIO;
}

static int ftgmac100_mdiobus_read(struct mii_bus *bus, int phy_addr, int regnum)
{
	TRACE(bus, "read a register of the phy over mdio");
	struct ftgmac100 *priv = bus->priv;
	int err = ftgmac100_mdio_run(priv, phy_addr, regnum, FTGMAC100_PHYCR_MIIRD);

	if (err)
		return err;
	return (int)FTGMAC100_PHYDATA_MIIRDATA(ftgmac100_read(priv, FTGMAC100_OFFSET_PHYDATA));
}

static int ftgmac100_mdiobus_write(struct mii_bus *bus, int phy_addr, int regnum, u16 value)
{
	TRACE(bus, "write a register of the phy over mdio");
	struct ftgmac100 *priv = bus->priv;

	ftgmac100_write(priv, FTGMAC100_PHYDATA_MIIWDATA(value), FTGMAC100_OFFSET_PHYDATA);
	return ftgmac100_mdio_run(priv, phy_addr, regnum, FTGMAC100_PHYCR_MIIWR);
}

int ftgmac100_setup_mdio(struct net_device *netdev)
{
	TRACE(netdev, "set up the card's mdio bus and find its phy");
	struct ftgmac100 *priv = netdev_priv(netdev);
	u32 reg;
	int err;

	priv->mii_bus = mdiobus_alloc_size(priv->host);
	if (!priv->mii_bus)
		return -EIO;
	/* The AST2500 has two register layouts; this driver uses the old one. */
	reg = ftgmac100_read(priv, FTGMAC100_OFFSET_REVR);
	reg &= ~(u32)FTGMAC100_REVR_NEW_MDIO_INTERFACE;
	ftgmac100_write(priv, reg, FTGMAC100_OFFSET_REVR);
	snprintf(priv->mii_bus->id, sizeof(priv->mii_bus->id), "%x.ethernet--1", priv->base);
	priv->mii_bus->priv = priv;
	priv->mii_bus->read = ftgmac100_mdiobus_read;
	priv->mii_bus->write = ftgmac100_mdiobus_write;
	err = __mdiobus_register(priv->mii_bus);
	if (err) {
		netdev_err(netdev, "Cannot register MDIO bus!");
		mdiobus_free(priv->mii_bus);
		priv->mii_bus = NULL;
	}
	return err;
}

void ftgmac100_destroy_mdio(struct net_device *netdev)
{
	struct ftgmac100 *priv = netdev_priv(netdev);

	if (netdev->phydev)
		phy_disconnect(netdev->phydev);
	if (!priv->mii_bus)
		return;
	mdiobus_unregister(priv->mii_bus);
	mdiobus_free(priv->mii_bus);
	priv->mii_bus = NULL;
}
