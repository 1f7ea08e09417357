/*
 * Driver of the PIO card, written as drivers were before NAPI: the interrupt handler itself takes each frame
 * out of the card, word by word, and leaves it to netif_rx(), whose backlog the softirq works off
 * (process_backlog). The card's document is nic-model/README.md; this file shares no header with the model.
 */
#include <stdio.h>

#include "stack/interface/ethtool.h"
#include "stack/interface/etherdevice.h"
#include "stack/interface/phy.h"
#include "stack/kernel/interrupt.h"

/* Registers, by offset */
#define PIO_CTRL 0x00
#define PIO_CTRL_EN (1u << 0)
#define PIO_CTRL_PROMISC (1u << 1)
#define PIO_CTRL_ALLMULTI (1u << 2)
#define PIO_CTRL_RESET (1u << 31)
#define PIO_ISR 0x04
#define PIO_IER 0x08
#define PIO_INT_RX (1u << 0)
#define PIO_INT_TXDONE (1u << 1)
#define PIO_INT_RXLOST (1u << 2)
#define PIO_INT_LINK (1u << 3)
#define PIO_INT_ALL 0xfu
#define PIO_MACH 0x0c
#define PIO_MACL 0x10
#define PIO_STATUS 0x14
#define PIO_STATUS_LINK (1u << 0)
#define PIO_RXLEN 0x18
#define PIO_RXDATA 0x1c
#define PIO_RXNEXT 0x20
#define PIO_TXLEN 0x24
#define PIO_TXDATA 0x28
#define PIO_TXGO 0x2c
#define PIO_TAG 0x30
#define PIO_LOST 0x34

struct pio_priv {
	struct host *host;
	u32 base, irq;
	u32 lost; /* of PIO_LOST, counted so far */
};

static u32 pio_read(const struct pio_priv *priv, u32 reg)
{
	return ioread32(priv->host, priv->base + reg);
}

static void pio_write(const struct pio_priv *priv, u32 val, u32 reg)
{
	iowrite32(priv->host, val, priv->base + reg);
}

/* ---- receiving ---- */

static void pio_rx(struct net_device *dev, u32 len)
{
	TRACE(dev, "take one frame out of the card, word by word, and leave it to the backlog");
	struct pio_priv *priv = netdev_priv(dev);
	struct sk_buff *skb = netdev_alloc_skb_ip_align(priv->host, dev, len);
	u32 tag = pio_read(priv, PIO_TAG);
	u8 *p;

	if (unlikely(!skb)) {
		dev->stats.rx_dropped++;
		trace_drop(priv->host, SKB_DROP_REASON_NOMEM, tag);
		pio_write(priv, 1, PIO_RXNEXT);
		return;
	}
	skb->journey = tag ? tag : trace_journey_new(priv->host);
	p = skb_put(skb, len);
	for (u32 i = 0; i < len; i += 4) {
		u32 word = htole32(pio_read(priv, PIO_RXDATA));

		memcpy(p + i, &word, min(len - i, 4u));
	}
	pio_write(priv, 1, PIO_RXNEXT);
	skb->protocol = eth_type_trans(skb, dev);
	dev->stats.rx_packets++;
	dev->stats.rx_bytes += len;
	if (skb->pkt_type == PACKET_MULTICAST)
		dev->stats.multicast++;
	netif_rx(skb);
}

static void pio_link(struct net_device *dev)
{
	TRACE(dev, "see whether there is a link");

	if (pio_read(netdev_priv(dev), PIO_STATUS) & PIO_STATUS_LINK)
		netif_carrier_on(dev);
	else
		netif_carrier_off(dev);
}

static irqreturn_t pio_interrupt(int irq, void *dev_id)
{
	struct net_device *dev = dev_id;
	TRACE(dev, "take in what the card has received, go on sending");
	struct pio_priv *priv = netdev_priv(dev);
	u32 status = pio_read(priv, PIO_ISR), len;

	(void)irq;
	pio_write(priv, status, PIO_ISR);
	if (status & PIO_INT_RX) {
		while ((len = pio_read(priv, PIO_RXLEN)))
			pio_rx(dev, len);
	}
	if (unlikely(status & PIO_INT_RXLOST)) {
		u32 lost = pio_read(priv, PIO_LOST);

		dev->stats.rx_errors += lost - priv->lost;
		dev->stats.rx_missed_errors += lost - priv->lost;
		priv->lost = lost;
	}
	if (status & PIO_INT_TXDONE)
		netif_wake_queue(dev);
	if (unlikely(status & PIO_INT_LINK))
		pio_link(dev);
	return IRQ_HANDLED;
}

/* ---- sending ---- */

static netdev_tx_t pio_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	TRACE_SKB(skb, "write the frame into the card, word by word, and have it sent");
	struct pio_priv *priv = netdev_priv(dev);

	skb_tx_timestamp(skb);
	if (unlikely(eth_skb_pad(skb))) {
		dev->stats.tx_dropped++;
		return NETDEV_TX_OK;
	}
	/* The card holds one frame: the next one has to wait for the interrupt. */
	netif_stop_queue(dev);
	pio_write(priv, skb->len, PIO_TXLEN);
	for (u32 i = 0; i < skb->len; i += 4) {
		u32 word = 0;

		memcpy(&word, skb->data + i, min(skb->len - i, 4u));
		pio_write(priv, le32toh(word), PIO_TXDATA);
	}
	pio_write(priv, skb->journey, PIO_TAG);
	dev->stats.tx_packets++;
	dev->stats.tx_bytes += skb->len;
	pio_write(priv, 1, PIO_TXGO);
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

static void pio_start_hw(struct net_device *dev)
{
	TRACE(dev, "reset the card and switch it on");
	struct pio_priv *priv = netdev_priv(dev);
	const u8 *mac = dev->dev_addr;

	pio_write(priv, PIO_CTRL_RESET, PIO_CTRL);
	pio_write(priv, (u32)mac[0] << 8 | mac[1], PIO_MACH);
	pio_write(priv, get_unaligned_be32(mac + 2), PIO_MACL);
	pio_write(priv, PIO_CTRL_EN, PIO_CTRL);
	priv->lost = 0;
	netif_start_queue(dev);
	pio_write(priv, PIO_INT_ALL, PIO_IER);
}

static void pio_tx_timeout(struct net_device *dev, unsigned int txqueue)
{
	TRACE(dev, "the card does not send any more: start it again");

	(void)txqueue;
	pio_start_hw(dev);
	dev->netdev_ops->ndo_set_rx_mode(dev);
	netif_wake_queue(dev);
}

/* ---- up and down ---- */

static int pio_open(struct net_device *dev)
{
	TRACE(dev, "start the card");
	struct pio_priv *priv = netdev_priv(dev);
	int err = request_irq(priv->host, priv->irq, pio_interrupt, 0, dev->name, dev);

	if (err)
		return err;
	pio_start_hw(dev);
	pio_link(dev);
	return 0;
}

static int pio_stop(struct net_device *dev)
{
	TRACE(dev, "stop the card");
	struct pio_priv *priv = netdev_priv(dev);

	netif_stop_queue(dev);
	pio_write(priv, PIO_CTRL_RESET, PIO_CTRL);
	free_irq(priv->host, priv->irq, dev);
	netif_carrier_off(dev);
	return 0;
}

static void pio_set_rx_mode(struct net_device *dev)
{
	TRACE(dev, "tell the card which frames it is to take in");
	u32 ctrl = PIO_CTRL_EN;

	if (dev->flags & IFF_PROMISC)
		ctrl |= PIO_CTRL_PROMISC;
	if (dev->flags & IFF_ALLMULTI || !netdev_mc_empty(dev))
		ctrl |= PIO_CTRL_ALLMULTI;
	pio_write(netdev_priv(dev), ctrl, PIO_CTRL);
}

/* ---- ethtool ---- */

static void pio_get_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	TRACE(dev, "tell the driver's name");
	snprintf(info->driver, sizeof(info->driver), "pio");
	snprintf(info->version, sizeof(info->version), "5.15");
	snprintf(info->bus_info, sizeof(info->bus_info), "%x.ethernet", dev->base_addr);
}

static int pio_get_link_ksettings(struct net_device *dev, struct ethtool_link_ksettings *cmd)
{
	TRACE(dev, "tell speed and duplex: fixed");
	cmd->supported = cmd->advertising = PHY_100FULL;
	cmd->speed = netif_carrier_ok(dev) ? SPEED_100 : SPEED_UNKNOWN;
	cmd->duplex = netif_carrier_ok(dev) ? DUPLEX_FULL : DUPLEX_UNKNOWN;
	return 0;
}

static const struct ethtool_ops pio_ethtool_ops = {
	.get_drvinfo = pio_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = pio_get_link_ksettings,
};

/* ---- probe ---- */

static const struct net_device_ops pio_netdev_ops = {
	.ndo_open = pio_open,
	.ndo_stop = pio_stop,
	.ndo_start_xmit = pio_start_xmit,
	.ndo_set_rx_mode = pio_set_rx_mode,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_tx_timeout = pio_tx_timeout,
};

static void pio_remove(struct net_device *dev)
{
	TRACE(dev, "take the network card out of service");

	unregister_netdev(dev);
	free_netdev(dev);
}

int pio_probe(struct host *host, u32 base, unsigned int irq)
{
	TRACE(host, "take the network card into service");
	struct net_device *dev = alloc_etherdev(host, sizeof(struct pio_priv));
	struct pio_priv *priv;
	u8 mac[8];
	int err;

	if (!dev)
		return -ENOMEM;
	priv = netdev_priv(dev);
	priv->host = host;
	priv->base = base;
	priv->irq = irq;
	put_unaligned_be16((u16)pio_read(priv, PIO_MACH), mac);
	put_unaligned_be32(pio_read(priv, PIO_MACL), mac + 2);
	eth_hw_addr_set(dev, mac);
	dev->netdev_ops = &pio_netdev_ops;
	dev->ethtool_ops = &pio_ethtool_ops;
	dev->driver_remove = pio_remove;
	dev->watchdog_timeo = 5 * HZ;
	dev->irq = (int)irq;
	dev->base_addr = base;
	snprintf(dev->parent_name, sizeof(dev->parent_name), "pio %x.ethernet", base);
	netif_carrier_off(dev);
	err = register_netdev(dev);
	if (err)
		free_netdev(dev);
	else
		netdev_info(dev, "irq %u, mapped at %08x", irq, base);
	return err;
}
