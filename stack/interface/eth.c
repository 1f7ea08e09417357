/*
 * Ethernet: building and parsing the link header, setting up an Ethernet device.
 */
#include "stack/interface/etherdevice.h"

#include "core/random.h"
#include "stack/internet/neighbour.h"

void ether_setup(struct net_device *dev)
{
	TRACE(dev, "init with ethernet-generic values");
	dev->header_ops = &eth_header_ops;
	dev->type = ARPHRD_ETHER;
	dev->hard_header_len = ETH_HLEN;
	dev->min_header_len = ETH_HLEN;
	dev->mtu = ETH_DATA_LEN;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_DATA_LEN;
	dev->addr_len = ETH_ALEN;
	dev->tx_queue_len = 1000;
	dev->flags = IFF_BROADCAST | IFF_MULTICAST;
	eth_broadcast_addr(dev->broadcast);
}

struct net_device *alloc_etherdev_mqs(struct host *host, int sizeof_priv, unsigned int txqs,
				      unsigned int rxqs)
{
	TRACE(host, "alloc net_device + priv, alloc tx/rx queues, install basic ops");
	return alloc_netdev_mqs(host, sizeof_priv, "eth%d", ether_setup, txqs, rxqs);
}

struct net_device *alloc_etherdev_mq(struct host *host, int sizeof_priv, unsigned int count)
{
	TRACE(host, "alloc net_device + priv, alloc tx/rx queues, install basic ops");
	return alloc_etherdev_mqs(host, sizeof_priv, count, count);
}

struct net_device *alloc_etherdev(struct host *host, int sizeof_priv)
{
	TRACE(host, "alloc net_device + priv, alloc tx/rx queues, install basic ops");
	return alloc_etherdev_mq(host, sizeof_priv, 1);
}

/* An 802.3 frame has a length where Ethernet II has a type. */
static __be16 eth_802_3_protocol(const struct sk_buff *skb)
{
	/* Raw IPX says so with all ones behind the header. */
	if (skb->len >= 2 && skb->data[0] == 0xff && skb->data[1] == 0xff)
		return htons(ETH_P_802_3);
	return htons(ETH_P_802_2);
}

__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev)
{
	TRACE_SKB_LEAF(skb, "take off the mac header, tell for whom and of which protocol the frame is");
	const struct ethhdr *eth;

	skb->dev = dev;
	skb_reset_mac_header(skb);
	if (unlikely(skb->len < ETH_HLEN)) { /* a runt of a card that lets it pass */
		__skb_pull(skb, skb->len);
		return htons(ETH_P_802_2);
	}
	eth = (const struct ethhdr *)skb->data;
	__skb_pull(skb, ETH_HLEN);
	if (unlikely(!ether_addr_equal_64bits(eth->h_dest, dev->dev_addr))) {
		if (unlikely(is_multicast_ether_addr(eth->h_dest)))
			skb->pkt_type = ether_addr_equal_64bits(eth->h_dest, dev->broadcast)
						? PACKET_BROADCAST
						: PACKET_MULTICAST;
		else
			skb->pkt_type = PACKET_OTHERHOST;
	}
	if (likely(ntohs(eth->h_proto) >= ETH_P_802_3_MIN))
		return eth->h_proto;
	return eth_802_3_protocol(skb);
}

int eth_header(struct sk_buff *skb, struct net_device *dev, unsigned short type, const void *daddr,
	       const void *saddr, unsigned int len)
{
	TRACE_SKB(skb, "build mac header");
	struct ethhdr *eth = skb_push(skb, ETH_HLEN);

	eth->h_proto = htons(type != ETH_P_802_3 && type != ETH_P_802_2 ? type : (u16)len);
	memcpy(eth->h_source, saddr ? saddr : dev->dev_addr, ETH_ALEN);
	if (daddr) {
		memcpy(eth->h_dest, daddr, ETH_ALEN);
		return ETH_HLEN;
	}
	/* Who needs no address (loopback) gets zeros; else the header is not complete. */
	if (dev->flags & (IFF_LOOPBACK | IFF_NOARP)) {
		eth_zero_addr(eth->h_dest);
		return ETH_HLEN;
	}
	return -ETH_HLEN;
}

int eth_header_parse(const struct sk_buff *skb, unsigned char *haddr)
{
	TRACE_SKB(skb, "get the sender's mac address out of the header");
	memcpy(haddr, eth_hdr(skb)->h_source, ETH_ALEN);
	return ETH_ALEN;
}

int eth_header_cache(const struct neighbour *neigh, struct hh_cache *hh, __be16 type)
{
	TRACE(neigh, "keep a ready mac header for the neighbour");
	const struct net_device *dev = neigh->dev;
	struct ethhdr *eth = (struct ethhdr *)(hh->hh_data + HH_DATA_MOD - ETH_HLEN);

	if (type == htons(ETH_P_802_3))
		return -1;
	eth->h_proto = type;
	memcpy(eth->h_source, dev->dev_addr, ETH_ALEN);
	memcpy(eth->h_dest, neigh->ha, ETH_ALEN);
	hh->hh_len = ETH_HLEN;
	return 0;
}

void eth_header_cache_update(struct hh_cache *hh, const struct net_device *dev, const unsigned char *haddr)
{
	TRACE(dev, "put a changed address into the ready mac header");
	memcpy(hh->hh_data + HH_DATA_MOD - ETH_HLEN, haddr, ETH_ALEN);
}

__be16 eth_header_parse_protocol(const struct sk_buff *skb)
{
	return eth_hdr(skb)->h_proto;
}

int eth_prepare_mac_addr_change(struct net_device *dev, void *p)
{
	TRACE(dev, "check a new mac address");
	const struct sockaddr *addr = p;

	if (!(dev->priv_flags & IFF_LIVE_ADDR_CHANGE) && netif_running(dev))
		return -EBUSY;
	if (!is_valid_ether_addr((const u8 *)addr->sa_data))
		return -EADDRNOTAVAIL;
	return 0;
}

void eth_commit_mac_addr_change(struct net_device *dev, void *p)
{
	TRACE(dev, "take over a new mac address");
	const struct sockaddr *addr = p;

	eth_hw_addr_set(dev, (const u8 *)addr->sa_data);
}

int eth_mac_addr(struct net_device *dev, void *p)
{
	TRACE(dev, "change the mac address");
	int ret = eth_prepare_mac_addr_change(dev, p);

	if (ret < 0)
		return ret;
	eth_commit_mac_addr_change(dev, p);
	return 0;
}

int eth_validate_addr(struct net_device *dev)
{
	TRACE(dev, "check that the device has a usable mac address");
	return is_valid_ether_addr(dev->dev_addr) ? 0 : -EADDRNOTAVAIL;
}

void eth_hw_addr_set(struct net_device *dev, const u8 *addr)
{
	dev_addr_mod(dev, 0, addr, ETH_ALEN);
}

void eth_hw_addr_random(struct net_device *dev)
{
	u8 addr[ETH_ALEN];
	struct random r;

	random_init(&r, dev->host->sim, dev->host->name, "mac");
	random_bytes(&r, addr, ETH_ALEN);
	addr[0] &= 0xfe; /* unicast, */
	addr[0] |= 0x02; /* locally administered */
	dev->addr_assign_type = NET_ADDR_RANDOM;
	eth_hw_addr_set(dev, addr);
}

int eth_skb_pad(struct sk_buff *skb)
{
	TRACE_SKB(skb, "pad the frame to ethernet's shortest");
	return skb_put_padto(skb, ETH_ZLEN);
}

const struct header_ops eth_header_ops = {
	.create = eth_header,
	.parse = eth_header_parse,
	.cache = eth_header_cache,
	.cache_update = eth_header_cache_update,
	.parse_protocol = eth_header_parse_protocol,
};
