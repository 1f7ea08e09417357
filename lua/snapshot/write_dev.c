/* Devices in a snapshot: the descriptor rings as they lie in RAM, queues on the way to and from them,
 * neighbours. */
#include <arpa/inet.h>

#include "lua/snapshot/write.h"
#include "lua/world.h"
#include "nic-model/ftgmac100.h"
#include "stack/interface/ftgmac100.h"
#include "stack/internet/neighbour.h"

/* ---- rings ---- */

/* Four words of a descriptor of either direction, as the driver sees them. */
static void write_desc(struct snap *s, const char *dev, bool tx, uint32_t nr, const uint32_t word[4],
		       uint32_t skb)
{
	FILE *f = s->file;
	uint32_t w0 = le32toh(word[0]);

	snap_begin(f, "desc");
	snap_text(f, "dev", dev);
	snap_text(f, "dir", tx ? "tx" : "rx");
	snap_number(f, "nr", nr);
	/* TXDMA_OWN says that it is the card's; RXPKT_RDY that it is the driver's */
	snap_text(f, "owner",
		  (tx ? w0 & FTGMAC100_TXDES0_TXDMA_OWN : !(w0 & FTGMAC100_RXDES0_RXPKT_RDY)) ? "card"
											      : "driver");
	for (unsigned i = 0; i < 4; i++) {
		char key[] = { 'w', 'o', 'r', 'd', (char)('0' + i), '\0' };

		snap_address(f, key, le32toh(word[i]));
	}
	snap_number(f, "first", !!(w0 & (tx ? FTGMAC100_TXDES0_FTS : FTGMAC100_RXDES0_FRS)));
	snap_number(f, "last", !!(w0 & (tx ? FTGMAC100_TXDES0_LTS : FTGMAC100_RXDES0_LRS)));
	snap_number(f, "wrap", !!(w0 & (tx ? FTGMAC100_TXDES0_EDOTR_ASPEED : FTGMAC100_RXDES0_EDORR_ASPEED)));
	snap_number(f, "len", w0 & FTGMAC100_RXDES0_VDBC);
	snap_number(f, "skb", skb);
	snap_end(f);
}

/* `card`: bus address of the descriptor that the card looks at next. */
static void write_ring(struct snap *s, const struct ftgmac100 *priv, bool tx, uint32_t card)
{
	uint32_t n = tx ? priv->tx_q_entries : priv->rx_q_entries;
	uint32_t base = tx ? priv->txdes_dma : priv->rxdes_dma;
	struct sk_buff **skbs = tx ? priv->tx_skbs : priv->rx_skbs;
	const char *dev = priv->netdev->name;
	struct snap_place at = { .in = tx ? "tx ring" : "rx ring", .dev = dev };
	FILE *f = s->file;

	if (!skbs)
		return;
	snap_begin(f, "ring");
	snap_text(f, "dev", dev);
	snap_text(f, "dir", tx ? "tx" : "rx");
	snap_number(f, "entries", n);
	snap_address(f, "address", base);
	snap_number(f, "next", tx ? priv->tx_pointer : priv->rx_pointer);
	snap_number(f, "clean", tx ? priv->tx_clean_pointer : priv->rx_pointer);
	snap_number(f, "card", (card - base) / sizeof(struct ftgmac100_txdes));
	snap_end(f);
	for (uint32_t i = 0; i < n; i++) {
		const void *des = tx ? (void *)&priv->txdes[i] : (void *)&priv->rxdes[i];

		at.place = i;
		/* an empty receive buffer is no packet yet */
		write_desc(s, dev, tx, i, des, skbs[i] && skbs[i]->len ? snap_skb(s, skbs[i], &at) : 0);
	}
}

/* ---- devices ---- */

static void write_device(struct snap *s, const struct net_device *dev, const struct world_host *wh)
{
	const struct Qdisc *q = dev->qdisc;
	FILE *f = s->file;
	char mac[18];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", dev->dev_addr[0], dev->dev_addr[1],
		 dev->dev_addr[2], dev->dev_addr[3], dev->dev_addr[4], dev->dev_addr[5]);
	snap_begin(f, "device");
	snap_text(f, "name", dev->name);
	snap_number(f, "ifindex", dev->ifindex);
	snap_text(f, "address", mac);
	snap_number(f, "mtu", dev->mtu);
	snap_number(f, "up", !!(dev->flags & IFF_UP));
	snap_text(f, "qdisc", q ? q->ops->id : "");
	snap_number(f, "qlen", q ? q->qstats.qlen : 0);
	snap_number(f, "backlog", q ? q->qstats.backlog : 0);
	snap_number(f, "stopped", netif_queue_stopped(dev));
	snap_end(f);
	if (q) {
		struct snap_place at = { .in = "gso_skb", .dev = dev->name };

		snap_skb_queue(s, &q->gso_skb, at);
	}
	if (dev->ethtool_ops != &ftgmac100_ethtool_ops)
		return;
	for (unsigned i = 0; i < wh->nr_nics; i++) {
		uint32_t tx, rx;

		if (!wh->nics[i].card || strcmp(wh->nics[i].ifname, dev->name) != 0)
			continue;
		ftgmac_ring_pointers(wh->nics[i].card, &tx, &rx);
		write_ring(s, netdev_priv(dev), true, tx);
		write_ring(s, netdev_priv(dev), false, rx);
	}
}

void snap_devices(struct snap *s, const struct world_host *wh)
{
	const struct netdev_state *st = s->host->net ? s->host->net->netdev : NULL;
	const struct net_device *dev;
	struct snap_place at = { .in = "input_pkt_queue" };

	if (!st || !st->dev_base_head.next) /* the host is booting */
		return;
	list_for_each_entry (dev, &st->dev_base_head, dev_list)
		write_device(s, dev, wh);
	snap_skb_queue(s, &st->softnet.input_pkt_queue, at);
	at.in = "process_queue";
	snap_skb_queue(s, &st->softnet.process_queue, at);
}

/* ---- neighbours ---- */

static const char *nud_name(unsigned state)
{
	static const char *const names[] = {
		"NUD_INCOMPLETE", "NUD_REACHABLE", "NUD_STALE", "NUD_DELAY",
		"NUD_PROBE",	  "NUD_FAILED",	   "NUD_NOARP", "NUD_PERMANENT"
	};

	return state ? names[__builtin_ctz(state)] : "NUD_NONE";
}

void snap_neighbours(struct snap *s)
{
	const struct neigh_state *st = s->host->net ? s->host->net->neigh : NULL;
	const struct neighbour *n;
	FILE *f = s->file;

	if (!st || !st->arp_tbl.all_list.next) /* the host is booting */
		return;
	list_for_each_entry (n, &st->arp_tbl.all_list, all_list) {
		struct snap_place at = { .in = "arp_queue", .dev = n->dev->name };
		char addr[INET_ADDRSTRLEN], mac[18] = "";

		inet_ntop(AF_INET, &n->primary_key, addr, sizeof(addr));
		if (n->nud_state & NUD_VALID)
			snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", n->ha[0], n->ha[1],
				 n->ha[2], n->ha[3], n->ha[4], n->ha[5]);
		snap_begin(f, "neighbour");
		snap_text(f, "dev", n->dev->name);
		snap_text(f, "ip", addr);
		snap_text(f, "address", mac);
		snap_text(f, "state", nud_name(n->nud_state));
		snap_number(f, "queued", n->arp_queue.qlen);
		snap_end(f);
		snap_skb_queue(s, &n->arp_queue, at);
	}
}
