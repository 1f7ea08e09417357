/*
 * FTGMAC100 driver: receive. One descriptor a frame; its buffer is replaced by a new one before the
 * frame is handed up, so the ring never runs dry for want of the stack's speed.
 */
#include "stack/interface/ftgmac100.h"

int ftgmac100_alloc_rx_buf(struct ftgmac100 *priv, u32 entry, struct ftgmac100_rxdes *rxdes, gfp_t gfp)
{
	TRACE(priv, "allocate skb and map dma mapping for next time");
	struct net_device *netdev = priv->netdev;
	struct sk_buff *skb = netdev_alloc_skb_ip_align(priv->host, netdev, RX_BUF_SIZE);
	dma_addr_t map = priv->rx_scratch_dma;
	int err = 0;

	(void)gfp;
	if (likely(skb)) {
		map = dma_map_single(netdev, skb->data, RX_BUF_SIZE, DMA_FROM_DEVICE);
		if (unlikely(dma_mapping_error(map))) {
			dev_kfree_skb_any(skb);
			skb = NULL;
			map = priv->rx_scratch_dma;
			err = -ENOMEM;
		}
	} else {
		net_warn_ratelimited(priv->host, "%s: failed to allocate rx skb", netdev->name);
		err = -ENOMEM;
	}
	priv->rx_skbs[entry] = skb;
	/* The address first: with a status of 0 the descriptor is the card's. */
	rxdes->rxdes3 = htole32(map);
	rxdes->rxdes0 = entry == priv->rx_q_entries - 1 ? htole32(priv->rxdes0_edorr_mask) : 0;
	return err;
}

static u32 ftgmac100_next_rx_pointer(struct ftgmac100 *priv, u32 pointer)
{
	TRACE_LEAF(priv, "step to the next receive descriptor");
	return (pointer + 1) & (priv->rx_q_entries - 1);
}

static void ftgmac100_rx_packet_error(struct ftgmac100 *priv, u32 status)
{
	TRACE(priv, "count what is wrong with a received frame");
	struct rtnl_link_stats64 *stats = &priv->netdev->stats;

	if (status & FTGMAC100_RXDES0_RX_ERR)
		stats->rx_errors++;
	if (status & FTGMAC100_RXDES0_CRC_ERR)
		stats->rx_crc_errors++;
	if (status & (FTGMAC100_RXDES0_FTL | FTGMAC100_RXDES0_RUNT | FTGMAC100_RXDES0_RX_ODD_NB))
		stats->rx_length_errors++;
}

/* How many frames wait in the ring: of use to the trace only, so counted only for it. */
void ftgmac100_trace_rx_ring(struct ftgmac100 *priv)
{
	u32 n = 0, mask = priv->rx_q_entries - 1;

	while (n <= mask &&
	       le32toh(priv->rxdes[(priv->rx_pointer + n) & mask].rxdes0) & FTGMAC100_RXDES0_RXPKT_RDY)
		n++;
	if (n == priv->rx_ring_traced)
		return;
	priv->rx_ring_traced = n;
	TRACE_VALUE(priv, SUBJECT_DEV, (u32)priv->netdev->ifindex, "rx_ring", "frames", n);
}

/* What the descriptor says about the frame goes into its skb. */
static void ftgmac100_rx_fill(struct ftgmac100 *priv, struct sk_buff *skb, u32 status, u32 csum_vlan)
{
	netdev_features_t features = priv->netdev->features;

	if (status & FTGMAC100_RXDES0_MULTICAST)
		priv->netdev->stats.multicast++;
	if (features & NETIF_F_RXCSUM) {
		u32 err_bits = FTGMAC100_RXDES1_TCP_CHKSUM_ERR | FTGMAC100_RXDES1_UDP_CHKSUM_ERR |
			       FTGMAC100_RXDES1_IP_CHKSUM_ERR;

		if ((csum_vlan & err_bits) || !(csum_vlan & FTGMAC100_RXDES1_PROT_MASK))
			skb->ip_summed = CHECKSUM_NONE;
		else
			skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	skb_put(skb, status & FTGMAC100_RXDES0_VDBC);
	if ((features & NETIF_F_HW_VLAN_CTAG_RX) && (csum_vlan & FTGMAC100_RXDES1_VLANTAG_AVAIL)) {
		skb->vlan_tci = csum_vlan & FTGMAC100_RXDES1_VLANTAG_CI;
		skb->vlan_present = 1;
	}
}

bool ftgmac100_rx_packet(struct ftgmac100 *priv, int *processed)
{
	TRACE(priv, "take a received frame from the ring and hand it up");
	struct net_device *netdev = priv->netdev;
	u32 pointer = priv->rx_pointer, status, csum_vlan, size;
	struct ftgmac100_rxdes *rxdes = &priv->rxdes[pointer];
	struct sk_buff *skb;
	dma_addr_t map;

	status = le32toh(rxdes->rxdes0);
	if (!(status & FTGMAC100_RXDES0_RXPKT_RDY))
		return false;
	if (unlikely(!(status & FTGMAC100_RXDES0_FRS) || !(status & FTGMAC100_RXDES0_LRS)))
		goto drop; /* a frame that did not fit one buffer */
	size = status & FTGMAC100_RXDES0_VDBC;
	csum_vlan = le32toh(rxdes->rxdes1);
	if (unlikely(status & RXDES0_ANY_ERROR)) {
		/* A tagged frame may be short by the tag that the card took out. */
		if (size >= 60 && (csum_vlan & FTGMAC100_RXDES1_VLANTAG_AVAIL))
			status &= ~(u32)FTGMAC100_RXDES0_RUNT;
		if (status & RXDES0_ANY_ERROR) {
			ftgmac100_rx_packet_error(priv, status);
			goto drop;
		}
	}
	skb = priv->rx_skbs[pointer];
	if (unlikely(!skb)) {
		ftgmac100_alloc_rx_buf(priv, pointer, rxdes, GFP_ATOMIC);
		goto drop;
	}
	if (unlikely(size > RX_BUF_SIZE)) /* the card does not do that; a wrong length must not hurt */
		goto drop;
	map = le32toh(rxdes->rxdes3);
	skb->journey = bus_tag_get(priv->host, map);
	if (unlikely(!skb->journey))
		skb->journey = trace_journey_new(priv->host);
	ftgmac100_rx_fill(priv, skb, status, csum_vlan);
	dma_unmap_single(netdev, map, RX_BUF_SIZE, DMA_FROM_DEVICE);

	ftgmac100_alloc_rx_buf(priv, pointer, rxdes, GFP_ATOMIC);
	priv->rx_pointer = ftgmac100_next_rx_pointer(priv, pointer);
	skb->protocol = eth_type_trans(skb, netdev);
	netdev->stats.rx_packets++;
	netdev->stats.rx_bytes += size;
	if (skb->ip_summed == CHECKSUM_NONE)
		netif_receive_skb(skb);
	else
		napi_gro_receive(&priv->napi, skb);
	(*processed)++;
	return true;

drop:
	trace_drop(priv->host, SKB_DROP_REASON_RX_ERROR, bus_tag_get(priv->host, le32toh(rxdes->rxdes3)));
	rxdes->rxdes0 = htole32(status & priv->rxdes0_edorr_mask);
	priv->rx_pointer = ftgmac100_next_rx_pointer(priv, pointer);
	netdev->stats.rx_dropped++;
	return true;
}
