/*
 * A host (10.0.0.1/24) with a device that only counts what it is given, packets to its neighbour 10.0.0.2,
 * and ARP packets made by hand: for tests of neighbours and ARP.
 */
#ifndef TESTS_STACK_NEIGH_BENCH_H
#define TESTS_STACK_NEIGH_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/sim.h"
#include "stack/boot.h"
#include "stack/interface/etherdevice.h"
#include "stack/internet/arp.h"
#include "stack/internet/devinet.h"
#include "stack/internet/neighbour.h"

#define SEC NSEC_PER_SEC

struct fixture {
	struct sim *sim;
	struct host *host;
	struct net_device *dev;
	struct neigh_table *tbl;
};

/* What the device was given. */
struct seen {
	int arp, ip;
	u8 arp_dest[6], ip_dest[6];
	u8 last_arp[28];
};

static const u8 peer_mac[6] = { 0x52, 0x54, 0, 0, 0, 2 }, other_mac[6] = { 0x52, 0x54, 0, 0, 0, 3 };

static inline struct seen *seen_of(struct net_device *dev)
{
	return netdev_priv(dev);
}

static inline netdev_tx_t fake_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct seen *seen = seen_of(dev);

	if (skb->protocol == htons(ETH_P_ARP)) {
		seen->arp++;
		memcpy(seen->arp_dest, eth_hdr(skb)->h_dest, 6);
		skb_copy_bits(skb, ETH_HLEN, seen->last_arp, sizeof(seen->last_arp));
	} else {
		seen->ip++;
		memcpy(seen->ip_dest, eth_hdr(skb)->h_dest, 6);
	}
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops fake_ops = {
	.ndo_start_xmit = fake_xmit,
};

/* The host's next device; its name follows from the order. */
static inline struct net_device *add_device(struct host *host, u8 nr, const char *addr)
{
	struct net_device *dev = alloc_etherdev(host, sizeof(struct seen));
	const u8 mac[6] = { 0x52, 0x54, 0, 0, (u8)(nr - 1), 1 };

	dev->netdev_ops = &fake_ops;
	eth_hw_addr_set(dev, mac);
	assert_int_equal(register_netdev(dev), 0);
	assert_int_equal(netdev_set_up(dev, true), 0);
	assert_int_equal(ip_addr_add(host, dev->name, inet_addr(addr), 24), 0);
	return dev;
}

static inline void drop_device(struct net_device *dev)
{
	netdev_set_up(dev, false);
	unregister_netdev(dev);
	free_netdev(dev);
}

static inline int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	fx->sim = sim_new(7);
	fx->host = host_new(fx->sim, "h", 16 << 20);
	assert_int_equal(host_boot(fx->host), 0);
	fx->dev = add_device(fx->host, 1, "10.0.0.1");
	fx->tbl = arp_tbl(fx->host->net);
	*state = fx;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fx = *state;

	drop_device(fx->dev);
	host_shutdown(fx->host);
	host_check_leaks(fx->host);
	assert_string_equal(fx->sim->fault, "");
	host_free(fx->host);
	sim_free(fx->sim);
	free(fx);
	return 0;
}

static inline void nothing(struct event *ev)
{
	(void)ev;
}

/* Lets time pass although there is nothing but house-keeping. */
static inline void run_until(struct fixture *fx, u64 when)
{
	struct event ev = { 0 };

	event_init(&ev, &fx->sim->root, nothing, 0);
	event_add(&ev, when);
	sim_run(fx->sim, when);
	assert_int_equal(fx->sim->now, when);
}

static inline struct neighbour *peer(struct fixture *fx)
{
	__be32 key = inet_addr("10.0.0.2");

	return __ipv4_neigh_lookup_noref(fx->dev, key);
}

static const char *state_of(struct fixture *fx)
{
	struct neighbour *n = peer(fx);

	return n ? neigh_state_name(n->nud_state) : "none";
}

/* Sends a packet of `len` bytes to 10.0.0.2, as ip_finish_output2() does. */
static inline void send_packet(struct fixture *fx, unsigned len)
{
	struct sk_buff *skb = alloc_skb(fx->host, 64 + len, GFP_ATOMIC);
	__be32 key = inet_addr("10.0.0.2");
	struct neighbour *n;

	skb_reserve(skb, 64);
	memset(skb_put(skb, len), 0, len);
	skb_reset_network_header(skb);
	skb->data[0] = 0x45;
	skb->protocol = htons(ETH_P_IP);
	skb->dev = fx->dev;
	n = peer(fx);
	if (!n)
		n = __neigh_create(fx->tbl, &key, fx->dev, false);
	assert_false(IS_ERR(n));
	neigh_output(n, skb, false);
}

/* An ARP packet; what is 0 is as it should be. */
struct arp_spec {
	u16 op;
	const char *sip, *tip;
	const u8 *sha;
	u8 pkt_type;
	const u8 *tha;
	int cut; /* bytes missing at the end */
	u8 hln, pln;
	u16 hrd, pro;
	struct net_device *dev; /* NULL: the first */
};

static inline void receive(struct fixture *fx, const struct arp_spec *s)
{
	struct sk_buff *skb = alloc_skb(fx->host, 128, GFP_ATOMIC);
	struct arphdr *arp;
	__be32 sip = inet_addr(s->sip), tip = inet_addr(s->tip);
	u8 *p;

	skb_reserve(skb, 16);
	skb_reset_mac_header(skb);
	skb_reserve(skb, ETH_HLEN);
	arp = skb_put(skb, ARP_ETH_LEN);
	memset(arp, 0, ARP_ETH_LEN);
	skb_reset_network_header(skb);
	arp->ar_hrd = htons(s->hrd ? s->hrd : 1);
	arp->ar_pro = htons(s->pro ? s->pro : ETH_P_IP);
	arp->ar_hln = s->hln ? s->hln : 6;
	arp->ar_pln = s->pln ? s->pln : 4;
	arp->ar_op = htons(s->op);
	p = (u8 *)(arp + 1);
	memcpy(p, s->sha, 6);
	memcpy(p + 6, &sip, 4);
	if (s->tha)
		memcpy(p + 10, s->tha, 6);
	else if (s->op == ARPOP_REPLY)
		memcpy(p + 10, fx->dev->dev_addr, 6);
	memcpy(p + 16, &tip, 4);
	skb_trim(skb, (unsigned)(ARP_ETH_LEN - s->cut));
	skb->protocol = htons(ETH_P_ARP);
	skb->dev = s->dev ? s->dev : fx->dev;
	skb->pkt_type = s->pkt_type;
	local_irq_disable(&fx->host->cpu);
	netif_receive_skb(skb);
	local_irq_enable(&fx->host->cpu);
}

static inline void reply(struct fixture *fx, const u8 *mac)
{
	receive(fx,
		&(struct arp_spec){ .op = ARPOP_REPLY, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = mac });
}

static inline u64 malformed(struct fixture *fx)
{
	return skb_drop_count(fx->host->net, SKB_DROP_REASON_ARP_MALFORMED);
}

#endif
