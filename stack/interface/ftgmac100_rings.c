/*
 * FTGMAC100 driver: memory of the rings, and the buffers in them.
 *
 * Descriptor memory is for the largest ring there is, like Linux's; only what the ring in use covers is
 * ever touched. The arrays of skbs have the size of the ring in use.
 */
#include "stack/interface/ftgmac100.h"

#define RX_RING_BYTES (MAX_RX_QUEUE_ENTRIES * sizeof(struct ftgmac100_rxdes))
#define TX_RING_BYTES (MAX_TX_QUEUE_ENTRIES * sizeof(struct ftgmac100_txdes))

void ftgmac100_free_buffers(struct ftgmac100 *priv)
{
	TRACE(priv, "free all packets in rx/tx queues");
	if (!priv->rx_skbs || !priv->tx_skbs)
		return;
	for (u32 i = 0; i < priv->rx_q_entries; i++) {
		struct sk_buff *skb = priv->rx_skbs[i];

		if (!skb)
			continue;
		priv->rx_skbs[i] = NULL;
		dma_unmap_single(priv->netdev, le32toh(priv->rxdes[i].rxdes3), RX_BUF_SIZE, DMA_FROM_DEVICE);
		dev_kfree_skb_any(skb);
	}
	/* in the order of sending: a packet's last descriptor, which frees it, may lie before its first in
	 * the ring */
	for (u32 n = 0; n < priv->tx_q_entries; n++) {
		u32 i = (priv->tx_clean_pointer + n) & (priv->tx_q_entries - 1);
		struct ftgmac100_txdes *txdes = &priv->txdes[i];
		struct sk_buff *skb = priv->tx_skbs[i];

		if (skb)
			ftgmac100_free_tx_packet(priv, i, skb, txdes, le32toh(txdes->txdes0));
	}
	priv->tx_clean_pointer = priv->tx_pointer;
}

void ftgmac100_free_rings(struct ftgmac100 *priv)
{
	TRACE(priv, "give back the memory of the rings");
	struct net_device *netdev = priv->netdev;

	if (priv->rx_skbs)
		kfree(priv->host, priv->rx_skbs);
	if (priv->tx_skbs)
		kfree(priv->host, priv->tx_skbs);
	if (priv->rxdes)
		dma_free_attrs(netdev, RX_RING_BYTES, priv->rxdes);
	if (priv->txdes)
		dma_free_attrs(netdev, TX_RING_BYTES, priv->txdes);
	if (priv->rx_scratch)
		dma_free_attrs(netdev, RX_BUF_SIZE, priv->rx_scratch);
	priv->rx_skbs = priv->tx_skbs = NULL;
	priv->rxdes = NULL;
	priv->txdes = NULL;
	priv->rx_scratch = NULL;
}

/* On failure ftgmac100_free_rings() clears up. */
int ftgmac100_alloc_rings(struct ftgmac100 *priv)
{
	TRACE(priv, "allocate the rings");
	struct net_device *netdev = priv->netdev;

	priv->rx_q_entries = priv->new_rx_q_entries;
	priv->tx_q_entries = priv->new_tx_q_entries;
	priv->rx_skbs = kzalloc(priv->host, priv->rx_q_entries * sizeof(void *));
	priv->tx_skbs = kzalloc(priv->host, priv->tx_q_entries * sizeof(void *));
	if (!priv->rx_skbs || !priv->tx_skbs)
		return -ENOMEM;
	priv->rxdes = dma_alloc_attrs(netdev, RX_RING_BYTES, &priv->rxdes_dma, NULL);
	priv->txdes = dma_alloc_attrs(netdev, TX_RING_BYTES, &priv->txdes_dma, NULL);
	priv->rx_scratch = dma_alloc_attrs(netdev, RX_BUF_SIZE, &priv->rx_scratch_dma, NULL);
	if (!priv->rxdes || !priv->txdes || !priv->rx_scratch)
		return -ENOMEM;
	return 0;
}

/* Follows a change of the ring sizes; the buffers are free. Without memory the old sizes stay. */
static void ftgmac100_resize_rings(struct ftgmac100 *priv)
{
	struct sk_buff **rx, **tx;

	if (priv->rx_q_entries == priv->new_rx_q_entries && priv->tx_q_entries == priv->new_tx_q_entries)
		return;
	rx = kzalloc(priv->host, priv->new_rx_q_entries * sizeof(void *));
	tx = kzalloc(priv->host, priv->new_tx_q_entries * sizeof(void *));
	if (!rx || !tx) {
		if (rx)
			kfree(priv->host, rx);
		if (tx)
			kfree(priv->host, tx);
		priv->new_rx_q_entries = priv->rx_q_entries;
		priv->new_tx_q_entries = priv->tx_q_entries;
		return;
	}
	kfree(priv->host, priv->rx_skbs);
	kfree(priv->host, priv->tx_skbs);
	priv->rx_skbs = rx;
	priv->tx_skbs = tx;
	priv->rx_q_entries = priv->new_rx_q_entries;
	priv->tx_q_entries = priv->new_tx_q_entries;
}

void ftgmac100_init_rings(struct ftgmac100 *priv)
{
	TRACE(priv, "init all desc on rx/tx queues");
	ftgmac100_resize_rings(priv);
	/* Until it has a buffer, each points to the scratch one. */
	for (u32 i = 0; i < priv->rx_q_entries; i++) {
		priv->rxdes[i].rxdes0 = 0;
		priv->rxdes[i].rxdes3 = htole32(priv->rx_scratch_dma);
	}
	priv->rxdes[priv->rx_q_entries - 1].rxdes0 = htole32(priv->rxdes0_edorr_mask);
	for (u32 i = 0; i < priv->tx_q_entries; i++)
		priv->txdes[i].txdes0 = 0;
	priv->txdes[priv->tx_q_entries - 1].txdes0 = htole32(priv->txdes0_edotr_mask);
}

int ftgmac100_alloc_rx_buffers(struct ftgmac100 *priv)
{
	TRACE(priv, "alloc skb for each desc on rx queue");
	int err = 0;

	for (u32 i = 0; i < priv->rx_q_entries; i++) {
		int ret = ftgmac100_alloc_rx_buf(priv, i, &priv->rxdes[i], GFP_KERNEL);

		if (unlikely(ret))
			err = ret;
	}
	return err ? -ENOMEM : 0;
}
