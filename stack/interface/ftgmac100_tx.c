/*
 * FTGMAC100 driver: transmit. A packet takes a descriptor for its head and one for each fragment; the
 * head's is handed to the card last. Completed descriptors are taken back from NAPI poll.
 */
#include <netinet/in.h>

#include "stack/interface/ftgmac100.h"

static u32 ftgmac100_base_tx_ctlstat(struct ftgmac100 *priv, u32 index)
{
	TRACE_LEAF(priv, "start a descriptor's control word: end of ring or not");
	return index == priv->tx_q_entries - 1 ? priv->txdes0_edotr_mask : 0;
}

static u32 ftgmac100_next_tx_pointer(struct ftgmac100 *priv, u32 pointer)
{
	TRACE_LEAF(priv, "step to the next transmit descriptor");
	return (pointer + 1) & (priv->tx_q_entries - 1);
}

static u32 ftgmac100_tx_buf_avail(struct ftgmac100 *priv)
{
	TRACE_LEAF(priv, "count the free transmit descriptors");
	return (priv->tx_clean_pointer - priv->tx_pointer - 1) & (priv->tx_q_entries - 1);
}

/* Descriptors of the ring that the card has, or that nobody has taken back, are more or less now. */
static void ftgmac100_trace_tx_ring(const struct ftgmac100 *priv)
{
	TRACE_VALUE(priv, SUBJECT_DEV, (u32)priv->netdev->ifindex, "tx_ring", "descriptors",
		    (priv->tx_pointer - priv->tx_clean_pointer) & (priv->tx_q_entries - 1));
}

void ftgmac100_free_tx_packet(struct ftgmac100 *priv, u32 pointer, struct sk_buff *skb,
			      struct ftgmac100_txdes *txdes, u32 ctl_stat)
{
	TRACE_SKB(skb, "unmap a descriptor's buffer, and free the packet with its last one");
	u32 len = FTGMAC100_TXDES0_TXBUF_SIZE(ctl_stat);

	if (ctl_stat & FTGMAC100_TXDES0_FTS)
		dma_unmap_single(priv->netdev, le32toh(txdes->txdes3), len, DMA_TO_DEVICE);
	else
		dma_unmap_page(priv->netdev, le32toh(txdes->txdes3), len, DMA_TO_DEVICE);
	priv->tx_skbs[pointer] = NULL;
	if (!(ctl_stat & FTGMAC100_TXDES0_LTS))
		return;
	if (unlikely(ctl_stat & FTGMAC100_TXDES0_TXDMA_OWN))
		kfree_skb_reason(skb, SKB_DROP_REASON_TX_TIMEOUT); /* the card never sent it */
	else
		dev_kfree_skb(skb);
}

static bool ftgmac100_tx_complete_packet(struct ftgmac100 *priv)
{
	TRACE(priv, "take back a descriptor that the card is done with");
	u32 pointer = priv->tx_clean_pointer;
	struct ftgmac100_txdes *txdes = &priv->txdes[pointer];
	u32 ctl_stat = le32toh(txdes->txdes0);
	struct sk_buff *skb;

	if (ctl_stat & FTGMAC100_TXDES0_TXDMA_OWN)
		return false;
	skb = priv->tx_skbs[pointer];
	priv->netdev->stats.tx_packets++; /* per descriptor, as the driver in Linux counts */
	priv->netdev->stats.tx_bytes += skb->len;
	ftgmac100_free_tx_packet(priv, pointer, skb, txdes, ctl_stat);
	txdes->txdes0 = htole32(ctl_stat & priv->txdes0_edotr_mask);
	priv->tx_clean_pointer = ftgmac100_next_tx_pointer(priv, pointer);
	return true;
}

void ftgmac100_tx_complete(struct ftgmac100 *priv)
{
	TRACE(priv, "unmap complete packets and release their skbs");
	u32 first = priv->tx_clean_pointer;

	while (ftgmac100_tx_buf_cleanable(priv) && ftgmac100_tx_complete_packet(priv))
		;
	if (priv->tx_clean_pointer != first)
		ftgmac100_trace_tx_ring(priv);
	if (unlikely(netif_queue_stopped(priv->netdev)) && ftgmac100_tx_buf_avail(priv) >= TX_THRESHOLD)
		netif_wake_queue(priv->netdev);
}

static bool ftgmac100_prep_tx_csum(struct sk_buff *skb, u32 *csum_vlan)
{
	TRACE_SKB(skb, "let the card fill in the checksums, or do it in software");
	if (skb->protocol == htons(ETH_P_IP)) {
		u8 ip_proto = skb_network_header(skb)[9];

		*csum_vlan |= FTGMAC100_TXDES1_IP_CHKSUM;
		if (ip_proto == IPPROTO_TCP) {
			*csum_vlan |= FTGMAC100_TXDES1_TCP_CHKSUM;
			return true;
		}
		if (ip_proto == IPPROTO_UDP) {
			*csum_vlan |= FTGMAC100_TXDES1_UDP_CHKSUM;
			return true;
		}
		if (ip_proto == IPPROTO_IP)
			return true;
	}
	return skb_checksum_help(skb) == 0;
}

/* Fills the descriptors of the fragments; `*pointer` ends behind the last. 0, or -EIO with all undone. */
static int ftgmac100_map_frags(struct ftgmac100 *priv, struct sk_buff *skb, u32 *pointer)
{
	u32 nfrags = skb_shinfo(skb)->nr_frags, first = *pointer, p = first;

	for (u32 i = 0; i < nfrags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];
		struct ftgmac100_txdes *txdes = &priv->txdes[p];
		u32 len = skb_frag_size(frag), ctl_stat;
		const u8 *data = (u8 *)page_address(priv->host, skb_frag_page(frag)) + skb_frag_off(frag);
		dma_addr_t map = dma_map_page_attrs(priv->netdev, data, len, DMA_TO_DEVICE);

		if (unlikely(dma_mapping_error(map)))
			goto undo;
		priv->tx_skbs[p] = skb;
		ctl_stat = ftgmac100_base_tx_ctlstat(priv, p);
		ctl_stat |= FTGMAC100_TXDES0_TXDMA_OWN | FTGMAC100_TXDES0_TXBUF_SIZE(len);
		if (i == nfrags - 1)
			ctl_stat |= FTGMAC100_TXDES0_LTS;
		txdes->txdes0 = htole32(ctl_stat);
		txdes->txdes1 = 0;
		txdes->txdes3 = htole32(map);
		p = ftgmac100_next_tx_pointer(priv, p);
	}
	*pointer = p;
	return 0;
undo:
	for (u32 q = first; q != p; q = (q + 1) & (priv->tx_q_entries - 1)) {
		struct ftgmac100_txdes *txdes = &priv->txdes[q];

		dma_unmap_page(priv->netdev, le32toh(txdes->txdes3), 0, DMA_TO_DEVICE);
		txdes->txdes0 = htole32(le32toh(txdes->txdes0) & priv->txdes0_edotr_mask);
		priv->tx_skbs[q] = NULL;
	}
	return -EIO;
}

netdev_tx_t ftgmac100_hard_start_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	TRACE_SKB(skb, "fill the card's descriptors and tell it to send");
	struct ftgmac100 *priv = netdev_priv(netdev);
	struct ftgmac100_txdes *first;
	u32 pointer, len, f_ctl_stat, csum_vlan = 0;
	dma_addr_t map;

	skb_tx_timestamp(skb); /* its copy for the program has no padding */
	/* The card does not pad. */
	if (unlikely(eth_skb_pad(skb))) {
		netdev->stats.tx_dropped++;
		return NETDEV_TX_OK;
	}
	if (unlikely(skb->len > MAX_PKT_SIZE))
		goto drop;
	if (skb->ip_summed == CHECKSUM_PARTIAL && !ftgmac100_prep_tx_csum(skb, &csum_vlan))
		goto drop;
	if (unlikely(skb_vlan_tag_present(skb)))
		csum_vlan |= FTGMAC100_TXDES1_INS_VLANTAG | FTGMAC100_TXDES1_VLANTAG_CI(skb->vlan_tci);

	len = skb_headlen(skb);
	map = dma_map_single(netdev, skb->data, len, DMA_TO_DEVICE);
	if (unlikely(dma_mapping_error(map)))
		goto drop;
	bus_tag(priv->host, map, skb->journey);

	pointer = priv->tx_pointer;
	first = &priv->txdes[pointer];
	priv->tx_skbs[pointer] = skb;
	f_ctl_stat = ftgmac100_base_tx_ctlstat(priv, pointer);
	f_ctl_stat |= FTGMAC100_TXDES0_TXDMA_OWN | FTGMAC100_TXDES0_TXBUF_SIZE(len) | FTGMAC100_TXDES0_FTS;
	if (!skb_shinfo(skb)->nr_frags)
		f_ctl_stat |= FTGMAC100_TXDES0_LTS;
	first->txdes3 = htole32(map);
	first->txdes1 = htole32(csum_vlan);
	pointer = ftgmac100_next_tx_pointer(priv, pointer);
	if (skb_shinfo(skb)->nr_frags && unlikely(ftgmac100_map_frags(priv, skb, &pointer)))
		goto dma_err;

	/* The head's descriptor last: the card may look at any time. */
	first->txdes0 = htole32(f_ctl_stat);
	priv->tx_pointer = pointer;
	ftgmac100_trace_tx_ring(priv);
	if (unlikely(ftgmac100_tx_buf_avail(priv) < TX_THRESHOLD))
		netif_stop_queue(netdev);
	ftgmac100_write(priv, 1, FTGMAC100_OFFSET_NPTXPD);
	return NETDEV_TX_OK;

dma_err:
	dma_unmap_single(netdev, map, len, DMA_TO_DEVICE);
	priv->tx_skbs[priv->tx_pointer] = NULL;
	first->txdes0 = htole32(f_ctl_stat & priv->txdes0_edotr_mask);
drop:
	dev_kfree_skb_any(skb);
	netdev->stats.tx_dropped++;
	return NETDEV_TX_OK;
}
