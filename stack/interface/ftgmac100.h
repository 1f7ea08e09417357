/*
 * The FTGMAC100 driver's own state and the calls between its files.
 *
 * Rings: tx_clean_pointer .. tx_pointer are descriptors handed to the card and not yet taken back; one slot
 * stays unused. Every RX descriptor has an skb or, when there was no memory, the scratch buffer.
 */
#ifndef STACK_INTERFACE_FTGMAC100_H
#define STACK_INTERFACE_FTGMAC100_H

#include <endian.h>

#include "stack/interface/dma.h"
#include "stack/interface/etherdevice.h"
#include "stack/interface/ftgmac100_regs.h"
#include "stack/interface/phy.h"
#include "stack/kernel/interrupt.h"

#define MAX_RX_QUEUE_ENTRIES 1024u
#define MAX_TX_QUEUE_ENTRIES 1024u
#define MIN_RX_QUEUE_ENTRIES 32u
#define MIN_TX_QUEUE_ENTRIES 32u
#define DEF_RX_QUEUE_ENTRIES 128u
#define DEF_TX_QUEUE_ENTRIES 128u
#define MAX_PKT_SIZE 1536u
#define RX_BUF_SIZE MAX_PKT_SIZE
#define TX_THRESHOLD (MAX_SKB_FRAGS + 1)

struct ftgmac100 {
	struct host *host;
	u32 base; /* bus address of the registers */
	struct net_device *netdev;
	/* transmit */
	struct ftgmac100_txdes *txdes;
	struct sk_buff **tx_skbs;
	u32 tx_pointer, tx_clean_pointer, tx_q_entries;
	u32 txdes0_edotr_mask;
	/* receive */
	u32 rx_pointer, rx_q_entries;
	u32 rx_ring_traced; /* frames that waited when that was last recorded */
	u32 rxdes0_edorr_mask;
	bool need_mac_restart;
	struct ftgmac100_rxdes *rxdes;
	struct sk_buff **rx_skbs;
	struct napi_struct napi;
	/* seldom */
	dma_addr_t txdes_dma, rxdes_dma, rx_scratch_dma;
	void *rx_scratch;
	u32 new_rx_q_entries, new_tx_q_entries; /* asked for by ethtool -G */
	u32 maht0, maht1;
	unsigned int irq;
	bool irq_on;
	struct work_struct reset_task;
	struct mii_bus *mii_bus;
	int cur_speed, cur_duplex; /* speed 0: no link */
	bool tx_pause, rx_pause, aneg_pause;
};

static inline u32 ftgmac100_read(const struct ftgmac100 *priv, u32 offset)
{
	return ioread32(priv->host, priv->base + offset);
}

static inline void ftgmac100_write(const struct ftgmac100 *priv, u32 val, u32 offset)
{
	iowrite32(priv->host, val, priv->base + offset);
}

/* ftgmac100_hw.c */
int ftgmac100_reset_and_config_mac(struct ftgmac100 *priv);
void ftgmac100_write_mac_addr(struct ftgmac100 *priv, const u8 *mac);
void ftgmac100_initial_mac(struct ftgmac100 *priv);
int ftgmac100_set_mac_addr(struct net_device *dev, void *p);
void ftgmac100_config_pause(struct ftgmac100 *priv);
void ftgmac100_init_hw(struct ftgmac100 *priv);
void ftgmac100_start_hw(struct ftgmac100 *priv);
void ftgmac100_stop_hw(struct ftgmac100 *priv);
void ftgmac100_set_rx_mode(struct net_device *netdev);
int ftgmac100_setup_mdio(struct net_device *netdev);
void ftgmac100_destroy_mdio(struct net_device *netdev);

/* ftgmac100_tx.c */
netdev_tx_t ftgmac100_hard_start_xmit(struct sk_buff *skb, struct net_device *netdev);
void ftgmac100_tx_complete(struct ftgmac100 *priv);
void ftgmac100_free_tx_packet(struct ftgmac100 *priv, u32 pointer, struct sk_buff *skb,
			      struct ftgmac100_txdes *txdes, u32 ctl_stat);

/* ftgmac100_rx.c */
int ftgmac100_alloc_rx_buf(struct ftgmac100 *priv, u32 entry, struct ftgmac100_rxdes *rxdes, gfp_t gfp);
bool ftgmac100_rx_packet(struct ftgmac100 *priv, int *processed);
void ftgmac100_trace_rx_ring(struct ftgmac100 *priv);

/* ftgmac100_rings.c */
int ftgmac100_alloc_rings(struct ftgmac100 *priv);
void ftgmac100_free_rings(struct ftgmac100 *priv);
void ftgmac100_init_rings(struct ftgmac100 *priv);
int ftgmac100_alloc_rx_buffers(struct ftgmac100 *priv);
void ftgmac100_free_buffers(struct ftgmac100 *priv);

/* ftgmac100_main.c */
void ftgmac100_reset(struct ftgmac100 *priv);
int ftgmac100_init_all(struct ftgmac100 *priv, bool ignore_alloc_err);
void ftgmac100_adjust_link(struct net_device *netdev);

/* ftgmac100_ethtool.c */
extern const struct ethtool_ops ftgmac100_ethtool_ops;

static inline bool ftgmac100_tx_buf_cleanable(struct ftgmac100 *priv)
{
	TRACE_LEAF(priv, "ask whether transmit descriptors are outstanding");
	return priv->tx_pointer != priv->tx_clean_pointer;
}

/* The oldest outstanding descriptor is back from the card. */
static inline bool ftgmac100_tx_head_done(const struct ftgmac100 *priv)
{
	return !(le32toh(priv->txdes[priv->tx_clean_pointer].txdes0) & FTGMAC100_TXDES0_TXDMA_OWN);
}

static inline bool ftgmac100_check_rx(struct ftgmac100 *priv)
{
	TRACE_LEAF(priv, "ask whether the next receive descriptor has a frame");
	return le32toh(priv->rxdes[priv->rx_pointer].rxdes0) & FTGMAC100_RXDES0_RXPKT_RDY;
}

#endif
