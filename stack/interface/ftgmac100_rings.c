/*
 * FTGMAC100 driver: memory of the rings, and the buffers in them.
 *
 * Unlike Linux's, which takes memory for the largest ring there is, both descriptors and the arrays of skbs
 * have the size of the ring in use: the small ring of each direction then lies in the same page.
 */
#include "stack/interface/ftgmac100.h"

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

static void free_rx_ring(struct ftgmac100 *priv, struct sk_buff **skbs, void *des, u32 n)
{
	if (skbs)
		kfree(priv->host, skbs);
	if (des)
		dma_free_attrs(priv->netdev, n * sizeof(struct ftgmac100_rxdes), des);
}

static void free_tx_ring(struct ftgmac100 *priv, struct sk_buff **skbs, void *des, u32 n)
{
	if (skbs)
		kfree(priv->host, skbs);
	if (des)
		dma_free_attrs(priv->netdev, n * sizeof(struct ftgmac100_txdes), des);
}

void ftgmac100_free_rings(struct ftgmac100 *priv)
{
	TRACE(priv, "give back the memory of the rings");

	free_rx_ring(priv, priv->rx_skbs, priv->rxdes, priv->rx_q_entries);
	free_tx_ring(priv, priv->tx_skbs, priv->txdes, priv->tx_q_entries);
	if (priv->rx_scratch)
		dma_free_attrs(priv->netdev, RX_BUF_SIZE, priv->rx_scratch);
	priv->rx_skbs = priv->tx_skbs = NULL;
	priv->rxdes = NULL;
	priv->txdes = NULL;
	priv->rx_scratch = NULL;
}

/* Rings of the sizes asked for take the place of those there are, which are empty. -ENOMEM: nothing changes.
 */
static int ftgmac100_make_rings(struct ftgmac100 *priv)
{
	u32 rx = priv->new_rx_q_entries, tx = priv->new_tx_q_entries;
	struct sk_buff **rx_skbs = kzalloc(priv->host, rx * sizeof(void *));
	struct sk_buff **tx_skbs = kzalloc(priv->host, tx * sizeof(void *));
	dma_addr_t rx_dma, tx_dma;
	void *rxdes = dma_alloc_attrs(priv->netdev, rx * sizeof(struct ftgmac100_rxdes), &rx_dma, NULL);
	void *txdes = dma_alloc_attrs(priv->netdev, tx * sizeof(struct ftgmac100_txdes), &tx_dma, NULL);

	if (!rx_skbs || !tx_skbs || !rxdes || !txdes) {
		free_rx_ring(priv, rx_skbs, rxdes, rx);
		free_tx_ring(priv, tx_skbs, txdes, tx);
		return -ENOMEM;
	}
	free_rx_ring(priv, priv->rx_skbs, priv->rxdes, priv->rx_q_entries);
	free_tx_ring(priv, priv->tx_skbs, priv->txdes, priv->tx_q_entries);
	priv->rx_skbs = rx_skbs;
	priv->tx_skbs = tx_skbs;
	priv->rxdes = rxdes;
	priv->txdes = txdes;
	priv->rxdes_dma = rx_dma;
	priv->txdes_dma = tx_dma;
	priv->rx_q_entries = rx;
	priv->tx_q_entries = tx;
	return 0;
}

/* On failure ftgmac100_free_rings() clears up. */
int ftgmac100_alloc_rings(struct ftgmac100 *priv)
{
	TRACE(priv, "allocate the rings");
	int err = ftgmac100_make_rings(priv);

	if (err)
		return err;
	priv->rx_scratch = dma_alloc_attrs(priv->netdev, RX_BUF_SIZE, &priv->rx_scratch_dma, NULL);
	return priv->rx_scratch ? 0 : -ENOMEM;
}

/* Follows a change of the ring sizes. Without memory the old sizes stay. */
static void ftgmac100_resize_rings(struct ftgmac100 *priv)
{
	if (priv->rx_q_entries == priv->new_rx_q_entries && priv->tx_q_entries == priv->new_tx_q_entries)
		return;
	if (ftgmac100_make_rings(priv)) {
		priv->new_rx_q_entries = priv->rx_q_entries;
		priv->new_tx_q_entries = priv->tx_q_entries;
	}
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
