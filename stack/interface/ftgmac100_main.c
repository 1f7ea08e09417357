/*
 * FTGMAC100 driver: probe, open and stop, interrupt and NAPI poll, reset.
 *
 * From the interrupt on, RX and TX interrupts stay off until poll has nothing left to do. Poll departs
 * from Linux in one point: packets that the card is still sending do not keep it going. Linux's driver
 * claims its whole budget then, and so spins until the wire is done; with a CPU that takes no time it
 * would spin for ever. Here poll ends, and the completion's own interrupt (XPKT_ETH) starts it again.
 */
#include <stdio.h>

#include "stack/interface/ftgmac100.h"
#include "stack/kernel/sched.h"

int ftgmac100_init_all(struct ftgmac100 *priv, bool ignore_alloc_err)
{
	TRACE(priv, "init desc & alloc skb for rx/tx queues, start hw, enable napi/tx_queue/interrupts");
	int err;

	ftgmac100_init_rings(priv);
	err = ftgmac100_alloc_rx_buffers(priv);
	if (err && !ignore_alloc_err)
		return err;
	ftgmac100_init_hw(priv);
	ftgmac100_config_pause(priv);
	ftgmac100_start_hw(priv);
	napi_enable(&priv->napi);
	netif_start_queue(priv->netdev);
	ftgmac100_write(priv, FTGMAC100_INT_ALL, FTGMAC100_OFFSET_IER);
	return err;
}

static void ftgmac100_reset_task(struct work_struct *work)
{
	TRACE(work, "reset hw, reset sw (all desc/skb)");
	struct ftgmac100 *priv = container_of(work, struct ftgmac100, reset_task);
	struct net_device *netdev = priv->netdev;
	int err;

	rtnl_lock(priv->host);
	if (!netif_running(netdev))
		goto out;
	napi_disable(&priv->napi);
	netif_tx_disable(netdev);
	ftgmac100_stop_hw(priv);
	err = ftgmac100_reset_and_config_mac(priv);
	if (err)
		netdev_err(netdev, "attempting to proceed anyway...");
	ftgmac100_free_buffers(priv);
	ftgmac100_init_all(priv, true);
out:
	rtnl_unlock(priv->host);
}

static void ftgmac100_schedule_reset(struct ftgmac100 *priv)
{
	/* The interrupts first: nothing may come in until the task has run. */
	ftgmac100_write(priv, 0, FTGMAC100_OFFSET_IER);
	schedule_work(&priv->reset_task);
}

/* For a ring resize: at once, the caller holds rtnl. */
void ftgmac100_reset(struct ftgmac100 *priv)
{
	ftgmac100_schedule_reset(priv);
}

static irqreturn_t ftgmac100_interrupt(int irq, void *dev_id)
{
	struct net_device *netdev = dev_id;
	TRACE(netdev, "acknowledge the card's interrupt and schedule napi");
	struct ftgmac100 *priv = netdev_priv(netdev);
	u32 status = ftgmac100_read(priv, FTGMAC100_OFFSET_ISR), new_mask = FTGMAC100_INT_BAD;

	(void)irq;
	ftgmac100_write(priv, status, FTGMAC100_OFFSET_ISR);
	if (unlikely(status & FTGMAC100_INT_BAD)) {
		/* RX buffer unavailable */
		if (status & FTGMAC100_INT_NO_RXBUF)
			netdev->stats.rx_over_errors++;
		/* received packet lost due to RX FIFO full */
		if (status & FTGMAC100_INT_RPKT_LOST)
			netdev->stats.rx_fifo_errors++;
		/* sent packet lost due to excessive TX collision */
		if (status & FTGMAC100_INT_XPKT_LOST)
			netdev->stats.tx_fifo_errors++;
		if (status & FTGMAC100_INT_AHB_ERR) {
			net_warn_ratelimited(priv->host, "%s: AHB bus error ! Resetting chip.", netdev->name);
			ftgmac100_schedule_reset(priv);
			return IRQ_HANDLED;
		}
		/* Poll starts the card again and puts these interrupts back. */
		priv->need_mac_restart = true;
		new_mask &= ~(u32)(status & FTGMAC100_INT_BAD);
	}
	/* RX and TX interrupts stay off until poll ends. */
	ftgmac100_write(priv, new_mask, FTGMAC100_OFFSET_IER);
	napi_schedule_irqoff(&priv->napi);
	return IRQ_HANDLED;
}

static int ftgmac100_poll(struct napi_struct *napi, int budget)
{
	TRACE(napi, "send packets to higher layer (e.g., ip)");
	struct ftgmac100 *priv = container_of(napi, struct ftgmac100, napi);
	int work_done = 0;
	bool more;

	if (ftgmac100_tx_buf_cleanable(priv))
		ftgmac100_tx_complete(priv);
	if (trace_recording(priv->host))
		ftgmac100_trace_rx_ring(priv);
	do {
		more = ftgmac100_rx_packet(priv, &work_done);
	} while (more && work_done < budget);
	if (trace_recording(priv->host))
		ftgmac100_trace_rx_ring(priv);

	if (unlikely(priv->need_mac_restart)) {
		ftgmac100_start_hw(priv);
		priv->need_mac_restart = false;
		ftgmac100_write(priv, FTGMAC100_INT_BAD, FTGMAC100_OFFSET_IER);
	}
	/* Only what the card gave back meanwhile keeps poll going; see the head of this file. */
	if (ftgmac100_tx_buf_cleanable(priv) && ftgmac100_tx_head_done(priv))
		work_done = budget;
	if (work_done >= budget)
		return work_done;

	/* The card latched RX and TX events while their interrupts were off: clear them, then look once more.
	 */
	ftgmac100_write(priv, FTGMAC100_INT_RXTX, FTGMAC100_OFFSET_ISR);
	(void)ftgmac100_read(priv, FTGMAC100_OFFSET_ISR);
	if (ftgmac100_check_rx(priv) || (ftgmac100_tx_buf_cleanable(priv) && ftgmac100_tx_head_done(priv)))
		return budget;
	napi_complete(napi);
	ftgmac100_write(priv, FTGMAC100_INT_ALL, FTGMAC100_OFFSET_IER);
	return work_done;
}

static int ftgmac100_open(struct net_device *netdev)
{
	TRACE(netdev, "start the card: rings, buffers, interrupt, napi, phy");
	struct ftgmac100 *priv = netdev_priv(netdev);
	int err = ftgmac100_alloc_rings(priv);

	if (err) {
		netdev_err(netdev, "Failed to allocate descriptors");
		goto err_alloc;
	}
	/* No speed until the phy tells one. */
	priv->cur_duplex = 0;
	priv->cur_speed = 0;
	err = ftgmac100_reset_and_config_mac(priv);
	if (err)
		goto err_alloc;
	netif_napi_add(netdev, &priv->napi, ftgmac100_poll, NAPI_POLL_WEIGHT);
	err = request_irq(priv->host, priv->irq, ftgmac100_interrupt, 0, netdev->name, netdev);
	if (err) {
		netdev_err(netdev, "failed to request irq %u", priv->irq);
		goto err_irq;
	}
	err = ftgmac100_init_all(priv, false);
	if (err) {
		netdev_err(netdev, "Failed to allocate packet buffers");
		goto err_init;
	}
	if (netdev->phydev)
		phy_start(netdev->phydev);
	return 0;

err_init:
	ftgmac100_free_buffers(priv);
	free_irq(priv->host, priv->irq, netdev);
err_irq:
	netif_napi_del(&priv->napi);
err_alloc:
	ftgmac100_write(priv, 0, FTGMAC100_OFFSET_IER);
	ftgmac100_free_rings(priv);
	return err;
}

static int ftgmac100_stop(struct net_device *netdev)
{
	TRACE(netdev, "stop the card and free what open took");
	struct ftgmac100 *priv = netdev_priv(netdev);

	ftgmac100_write(priv, 0, FTGMAC100_OFFSET_IER);
	netif_stop_queue(netdev);
	napi_disable(&priv->napi);
	netif_napi_del(&priv->napi);
	if (netdev->phydev)
		phy_stop(netdev->phydev);
	ftgmac100_stop_hw(priv);
	free_irq(priv->host, priv->irq, netdev);
	ftgmac100_free_buffers(priv);
	ftgmac100_free_rings(priv);
	return 0;
}

static void ftgmac100_tx_timeout(struct net_device *netdev, unsigned int txqueue)
{
	TRACE(netdev, "disable interrupts, reset hw, reset sw (all desc/skb)");
	(void)txqueue;
	ftgmac100_schedule_reset(netdev_priv(netdev));
}

static int ftgmac100_set_features(struct net_device *netdev, netdev_features_t features)
{
	TRACE(netdev, "switch features of the card");
	struct ftgmac100 *priv = netdev_priv(netdev);
	u32 maccr;

	if (!netif_running(netdev) || !((netdev->features ^ features) & NETIF_F_HW_VLAN_CTAG_RX))
		return 0;
	/* By the features as they were until now, as Linux's driver does; the next start of the card mends
	 * it. */
	maccr = ftgmac100_read(priv, FTGMAC100_OFFSET_MACCR);
	if (netdev->features & NETIF_F_HW_VLAN_CTAG_RX)
		maccr |= FTGMAC100_MACCR_RM_VLAN;
	else
		maccr &= ~(u32)FTGMAC100_MACCR_RM_VLAN;
	ftgmac100_write(priv, maccr, FTGMAC100_OFFSET_MACCR);
	return 0;
}

/* Pause as negotiated by the phy, or as configured. */
static void ftgmac100_link_pause(const struct ftgmac100 *priv, const struct phy_device *phydev, bool *rx,
				 bool *tx)
{
	*rx = priv->rx_pause;
	*tx = priv->tx_pause;
	if (!priv->aneg_pause)
		return;
	*rx = *tx = phydev->pause;
	if (phydev->asym_pause)
		*tx = !*rx;
}

void ftgmac100_adjust_link(struct net_device *netdev)
{
	TRACE(netdev, "save new attributes in priv, reset hw/sw");
	struct ftgmac100 *priv = netdev_priv(netdev);
	struct phy_device *phydev = netdev->phydev;
	int new_speed = phydev->link ? phydev->speed : 0;
	bool rx_pause, tx_pause;

	ftgmac100_link_pause(priv, phydev, &rx_pause, &tx_pause);
	if (phydev->speed == priv->cur_speed && phydev->duplex == priv->cur_duplex &&
	    rx_pause == priv->rx_pause && tx_pause == priv->tx_pause)
		return;
	if (new_speed || priv->cur_speed)
		phy_print_status(phydev);
	priv->cur_speed = new_speed;
	priv->cur_duplex = phydev->duplex;
	priv->rx_pause = rx_pause;
	priv->tx_pause = tx_pause;
	if (!new_speed)
		return;
	ftgmac100_schedule_reset(priv);
}

/* ---- probe: what the platform bus and the device tree of an AST2500 give ---- */

static int platform_get_irq(struct host *host, unsigned int irq)
{
	TRACE(host, "get the interrupt of the device");
	return irq < NR_IRQS ? (int)irq : -ENXIO;
}

static u32 ioremap(struct host *host, u32 base)
{
	TRACE(host, "map hw reg");
	return base; /* registers are reached by their bus address */
}

static bool ftgmac100_has_child_node(struct host *host)
{
	TRACE(host, "ask the device tree for an mdio node");
	return false;
}

static struct mii_bus *of_parse_phandle(struct net_device *dev)
{
	TRACE(dev, "get dt node of \"phy-handle\"");
	return ((struct ftgmac100 *)netdev_priv(dev))->mii_bus;
}

static struct phy_device *of_phy_find_device(struct mii_bus *bus)
{
	TRACE(bus, "given phy dt_node, get its mdio_dev");
	return phy_find_first(bus);
}

static struct phy_device *of_phy_connect(struct net_device *dev, struct mii_bus *bus,
					 void (*handler)(struct net_device *))
{
	TRACE(dev, "given phy dt_node, bind its dev/drv, install handler to adjust link");
	struct phy_device *phydev = of_phy_find_device(bus);

	if (!phydev)
		return NULL;
	return phy_connect_direct(dev, phydev, handler) ? NULL : phydev;
}

static struct phy_device *of_phy_get_and_connect(struct net_device *dev, void (*handler)(struct net_device *))
{
	TRACE(dev, "get phy-mode from dt, bind phy dev/drv, install handler to adjust link");
	return of_phy_connect(dev, of_parse_phandle(dev), handler);
}

static int ftgmac100_probe_phy(struct net_device *netdev)
{
	struct phy_device *phy;
	int err;

	ftgmac100_has_child_node(netdev->host);
	err = ftgmac100_setup_mdio(netdev);
	if (err)
		return err;
	phy = of_phy_get_and_connect(netdev, ftgmac100_adjust_link);
	if (!phy) {
		netdev_err(netdev, "Failed to connect to phy");
		return -EINVAL;
	}
	phy_support_asym_pause(phy);
	phy_attached_info(phy);
	return 0;
}

static const struct net_device_ops ftgmac100_netdev_ops;

static void ftgmac100_setup_priv(struct net_device *netdev, u32 base, unsigned int irq)
{
	struct ftgmac100 *priv = netdev_priv(netdev);

	netdev->netdev_ops = &ftgmac100_netdev_ops;
	netdev->ethtool_ops = &ftgmac100_ethtool_ops;
	netdev->driver_remove = ftgmac100_remove;
	netdev->watchdog_timeo = 5 * HZ;
	netdev->irq = (int)irq;
	netdev->base_addr = base;
	snprintf(netdev->parent_name, sizeof(netdev->parent_name), "ftgmac100 %x.ethernet", base);
	priv->host = netdev->host;
	priv->netdev = netdev;
	priv->irq = irq;
	priv->rxdes0_edorr_mask = FTGMAC100_RXDES0_EDORR_ASPEED;
	priv->txdes0_edotr_mask = FTGMAC100_TXDES0_EDOTR_ASPEED;
	priv->tx_pause = priv->rx_pause = priv->aneg_pause = true;
	priv->new_rx_q_entries = priv->rx_q_entries = DEF_RX_QUEUE_ENTRIES;
	priv->new_tx_q_entries = priv->tx_q_entries = DEF_TX_QUEUE_ENTRIES;
	INIT_WORK(netdev->host, &priv->reset_task, ftgmac100_reset_task);
}

int ftgmac100_probe(struct host *host, u32 base, unsigned int irq)
{
	TRACE(host, "take the network card into service");
	struct net_device *netdev;
	struct ftgmac100 *priv;
	int err = platform_get_irq(host, irq);

	if (err < 0)
		return err;
	netdev = alloc_etherdev(host, sizeof(*priv));
	if (!netdev)
		return -ENOMEM;
	ftgmac100_setup_priv(netdev, base, irq);
	priv = netdev_priv(netdev);
	priv->base = ioremap(host, base);
	ftgmac100_initial_mac(priv);
	err = ftgmac100_probe_phy(netdev);
	if (err)
		goto err_phy;
	netdev->hw_features = NETIF_F_RXCSUM | NETIF_F_HW_CSUM | NETIF_F_GRO | NETIF_F_SG |
			      NETIF_F_HW_VLAN_CTAG_RX | NETIF_F_HW_VLAN_CTAG_TX;
	netdev->features |= netdev->hw_features;
	err = register_netdev(netdev);
	if (err) {
		netdev_err(netdev, "Failed to register netdev");
		goto err_phy;
	}
	netdev_info(netdev, "irq %u, mapped at %08x", irq, base);
	return 0;
err_phy:
	ftgmac100_destroy_mdio(netdev);
	free_netdev(netdev);
	return err;
}

void ftgmac100_remove(struct net_device *netdev)
{
	TRACE(netdev, "take the network card out of service");
	struct ftgmac100 *priv = netdev_priv(netdev);

	unregister_netdev(netdev);
	cancel_work_sync(&priv->reset_task);
	ftgmac100_destroy_mdio(netdev);
	free_netdev(netdev);
}

static const struct net_device_ops ftgmac100_netdev_ops = {
	.ndo_open = ftgmac100_open,
	.ndo_stop = ftgmac100_stop,
	.ndo_start_xmit = ftgmac100_hard_start_xmit,
	.ndo_set_rx_mode = ftgmac100_set_rx_mode,
	.ndo_set_mac_address = ftgmac100_set_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_tx_timeout = ftgmac100_tx_timeout,
	.ndo_set_features = ftgmac100_set_features,
};
