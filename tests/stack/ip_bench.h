/*
 * A host with a card that only counts what it is given, and packets made by hand that are put into it: for
 * tests of IP input. The host is 10.0.0.1/24, its neighbour 10.0.0.2 is known.
 */
#ifndef TESTS_STACK_IP_BENCH_H
#define TESTS_STACK_IP_BENCH_H

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
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"
#include "stack/internet/icmp.h"
#include "stack/internet/internet.h"
#include "stack/internet/neighbour.h"
#include "stack/kernel/softirq.h"

#define SEC NSEC_PER_SEC
#define PEER "10.0.0.2"

/* What the card was given. */
struct seen {
	int ip, fragments, bytes;
	int icmp[256]; /* first fragments by type */
	u8 last[2048]; /* the last IP packet */
	unsigned last_len;
};

struct ip_bench {
	struct sim *sim;
	struct host *host;
	struct net *net;
	struct net_device *dev;
	struct seen *seen;
	u16 next_id;
};

static inline netdev_tx_t bench_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct seen *seen = netdev_priv(dev);
	const struct iphdr *iph = ip_hdr(skb);

	if (skb->protocol == htons(ETH_P_IP)) {
		seen->ip++;
		seen->fragments += ip_is_fragment(iph);
		seen->bytes += ntohs(iph->tot_len) - iph->ihl * 4;
		if (iph->protocol == IPPROTO_ICMP && !(iph->frag_off & htons(IP_OFFSET)))
			seen->icmp[((const u8 *)iph)[iph->ihl * 4]]++;
		seen->last_len = min_t(unsigned, skb->len - 14, sizeof(seen->last));
		skb_copy_bits(skb, 14, seen->last, (int)seen->last_len);
	}
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static inline struct net_device *bench_add_dev(struct ip_bench *b, u8 nr, const char *addr)
{
	static const struct net_device_ops ops = { .ndo_start_xmit = bench_xmit };
	const u8 mac[6] = { 2, 0, 0, 0, 0, nr };
	struct net_device *dev = alloc_etherdev(b->host, sizeof(struct seen));

	dev->netdev_ops = &ops;
	eth_hw_addr_set(dev, mac);
	assert_int_equal(register_netdev(dev), 0);
	assert_int_equal(netdev_set_up(dev, true), 0);
	assert_int_equal(ip_addr_add(b->host, dev->name, inet_addr(addr), 24), 0);
	return dev;
}

static inline void bench_add_neigh(struct ip_bench *b, const struct net_device *dev, const char *addr)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 9, 9 };

	assert_int_equal(ip_neigh_add(b->host, dev->name, inet_addr(addr), mac, NUD_PERMANENT), 0);
}

static inline int bench_setup(void **state)
{
	struct ip_bench *b = calloc(1, sizeof(*b));

	b->sim = sim_new(7);
	b->host = host_new(b->sim, "h", 64 << 20);
	assert_int_equal(host_boot(b->host), 0);
	b->net = b->host->net;
	b->dev = bench_add_dev(b, 1, "10.0.0.1");
	b->seen = netdev_priv(b->dev);
	bench_add_neigh(b, b->dev, PEER);
	*state = b;
	return 0;
}

static inline void bench_drop_dev(struct net_device *dev)
{
	netdev_set_up(dev, false);
	unregister_netdev(dev);
	free_netdev(dev);
}

static inline int bench_teardown(void **state)
{
	struct ip_bench *b = *state;

	bench_drop_dev(b->dev);
	host_shutdown(b->host);
	host_check_leaks(b->host);
	assert_string_equal(b->sim->fault, "");
	host_free(b->host);
	sim_free(b->sim);
	free(b);
	return 0;
}

static inline void bench_nothing(struct event *ev)
{
	(void)ev;
}

/* Lets time pass although there is nothing but house-keeping. */
static inline void bench_run(struct ip_bench *b, u64 duration)
{
	struct event ev = { 0 };
	u64 when = b->sim->now + duration;

	event_init(&ev, &b->sim->root, bench_nothing, 0);
	event_add(&ev, when);
	sim_run(b->sim, when);
}

/* A header for `len` bytes of payload from the peer to this host. */
static inline struct iphdr bench_header(const struct ip_bench *b, u8 protocol, unsigned len)
{
	(void)b;
	return (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tot_len = htons((u16)(20 + len)),
		.ttl = 64,
		.protocol = protocol,
		.saddr = inet_addr(PEER),
		.daddr = inet_addr("10.0.0.1"),
	};
}

/* The device receives this packet: `hlen` bytes of header, which gets a checksum if `sum`, and the payload.
 */
static inline void bench_receive(struct ip_bench *b, struct net_device *dev, const void *header,
				 unsigned hlen, bool sum, const void *payload, unsigned len)
{
	struct sk_buff *skb = netdev_alloc_skb_ip_align(b->host, dev, max(hlen + len, 46u) + 14);
	struct iphdr *iph;

	if (!skb)
		return;
	memset(skb_put(skb, 14), 0, 14);
	memcpy(skb->data, dev->dev_addr, 6);
	skb->data[12] = 8;
	iph = skb_put_data(skb, header, hlen);
	if (len)
		skb_put_data(skb, payload, len);
	if (sum) {
		iph->check = 0;
		iph->check = ip_fast_csum((u8 *)iph, iph->ihl);
	}
	skb->protocol = eth_type_trans(skb, dev);
	local_bh_disable(b->host);
	netif_receive_skb(skb);
	local_bh_enable(b->host);
}

static inline u64 ip_stat(const struct ip_bench *b, int field)
{
	return b->net->mib.ip_statistics[field];
}

static inline u64 icmp_stat(const struct ip_bench *b, int field)
{
	return b->net->mib.icmp_statistics[field];
}

/* An ICMP message of `len` bytes with a right checksum: type, code, and a pattern. */
static inline void bench_icmp_fill(u8 *msg, unsigned len, u8 type, u8 code)
{
	__sum16 sum;

	for (unsigned i = 0; i < len; i++)
		msg[i] = (u8)(i * 7 + i / 256);
	msg[0] = type;
	msg[1] = code;
	msg[2] = msg[3] = 0;
	sum = csum_fold(csum_partial(msg, (int)len, 0));
	memcpy(msg + 2, &sum, 2);
}

#endif
