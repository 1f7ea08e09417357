/* ARP: the wire format, and IPv4's side of the neighbour table. */
#ifndef STACK_INTERNET_ARP_H
#define STACK_INTERNET_ARP_H

#include "stack/internet/neighbour.h"

#define ARPOP_REQUEST 1
#define ARPOP_REPLY 2

/* The fixed part; sender hardware and protocol address, target hardware and protocol address follow. */
struct arphdr {
	__be16 ar_hrd;
	__be16 ar_pro;
	u8 ar_hln;
	u8 ar_pln;
	__be16 ar_op;
};

#define ARP_ETH_LEN 28 /* of an IPv4 over Ethernet packet */

static inline struct arphdr *arp_hdr(const struct sk_buff *skb)
{
	return (struct arphdr *)skb_network_header(skb);
}

int arp_init(struct host *host);
void arp_exit(struct host *host);
struct sk_buff *arp_create(struct net_device *dev, int type, int ptype, __be32 dest_ip, __be32 src_ip,
			   const u8 *dest_hw, const u8 *src_hw, const u8 *target_hw);
void arp_xmit(struct sk_buff *skb);
void arp_send(int type, int ptype, __be32 dest_ip, struct net_device *dev, __be32 src_ip, const u8 *dest_hw,
	      const u8 *src_hw, const u8 *target_hw);
int arp_mc_map(__be32 addr, u8 *haddr, struct net_device *dev, int dir);
void arp_ifdown(struct net_device *dev);
int arp_invalidate(struct net_device *dev, __be32 ip, bool force);

/* The neighbour without a reference and without creating it. */
struct neighbour *__ipv4_neigh_lookup_noref(struct net_device *dev, u32 key);
struct neighbour *__ipv4_neigh_lookup(struct net_device *dev, u32 key);

#endif
