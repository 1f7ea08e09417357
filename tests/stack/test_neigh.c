/*
 * The neighbour table and ARP, at a device that only counts what it is given: states and timers, what
 * packets may change, limits, malformed packets.
 */
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
};

static const u8 peer_mac[6] = { 0x52, 0x54, 0, 0, 0, 2 }, other_mac[6] = { 0x52, 0x54, 0, 0, 0, 3 };

static struct seen *seen_of(struct net_device *dev)
{
	return netdev_priv(dev);
}

static netdev_tx_t fake_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct seen *seen = seen_of(dev);

	if (skb->protocol == htons(ETH_P_ARP)) {
		seen->arp++;
		memcpy(seen->arp_dest, eth_hdr(skb)->h_dest, 6);
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

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));
	static const u8 mac[6] = { 0x52, 0x54, 0, 0, 0, 1 };

	fx->sim = sim_new(7);
	fx->host = host_new(fx->sim, "h", 4 << 20);
	assert_int_equal(host_boot(fx->host), 0);
	fx->dev = alloc_etherdev(fx->host, sizeof(struct seen));
	fx->dev->netdev_ops = &fake_ops;
	eth_hw_addr_set(fx->dev, mac);
	assert_int_equal(register_netdev(fx->dev), 0);
	assert_int_equal(netdev_set_up(fx->dev, true), 0);
	assert_int_equal(ip_addr_add(fx->host, fx->dev->name, inet_addr("10.0.0.1"), 24), 0);
	fx->tbl = arp_tbl(fx->host->net);
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;

	netdev_set_up(fx->dev, false);
	unregister_netdev(fx->dev);
	free_netdev(fx->dev);
	host_shutdown(fx->host);
	host_check_leaks(fx->host);
	assert_string_equal(fx->sim->fault, "");
	host_free(fx->host);
	sim_free(fx->sim);
	free(fx);
	return 0;
}

static void nothing(struct event *ev)
{
	(void)ev;
}

/* Lets time pass although there is nothing but house-keeping. */
static void run_until(struct fixture *fx, u64 when)
{
	struct event ev = { 0 };

	event_init(&ev, &fx->sim->root, nothing, 0);
	event_add(&ev, when);
	sim_run(fx->sim, when);
	assert_int_equal(fx->sim->now, when);
}

static struct neighbour *peer(struct fixture *fx)
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
static void send_packet(struct fixture *fx, unsigned len)
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

struct arp_spec {
	u16 op;
	const char *sip, *tip;
	const u8 *sha;
	u8 pkt_type;
	int cut;     /* bytes missing at the end */
	u8 hln, pln; /* 0: right */
};

static void receive(struct fixture *fx, const struct arp_spec *s)
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
	arp->ar_hrd = htons(1);
	arp->ar_pro = htons(ETH_P_IP);
	arp->ar_hln = s->hln ? s->hln : 6;
	arp->ar_pln = s->pln ? s->pln : 4;
	arp->ar_op = htons(s->op);
	p = (u8 *)(arp + 1);
	memcpy(p, s->sha, 6);
	memcpy(p + 6, &sip, 4);
	memcpy(p + 10, s->op == ARPOP_REPLY ? fx->dev->dev_addr : p + 10, 6);
	memcpy(p + 16, &tip, 4);
	skb_trim(skb, (unsigned)(ARP_ETH_LEN - s->cut));
	skb->protocol = htons(ETH_P_ARP);
	skb->dev = fx->dev;
	skb->pkt_type = s->pkt_type;
	local_irq_disable(&fx->host->cpu);
	netif_receive_skb(skb);
	local_irq_enable(&fx->host->cpu);
}

static void reply(struct fixture *fx, const u8 *mac)
{
	receive(fx,
		&(struct arp_spec){ .op = ARPOP_REPLY, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = mac });
}

static u64 malformed(struct fixture *fx)
{
	return skb_drop_count(fx->host->net, SKB_DROP_REASON_ARP_MALFORMED);
}

/* ---- states ---- */

static void test_no_answer(void **state)
{
	struct fixture *fx = *state;

	send_packet(fx, 40);
	assert_string_equal(state_of(fx), "INCOMPLETE");
	assert_int_equal(seen_of(fx->dev)->arp, 1);
	run_until(fx, 1 * SEC);
	assert_int_equal(seen_of(fx->dev)->arp, 2);
	run_until(fx, 2 * SEC);
	assert_int_equal(seen_of(fx->dev)->arp, 3);
	/* the timer of the packet that waits keeps the run alive until it is given up */
	assert_int_equal(sim_run(fx->sim, SIM_FOREVER), SIM_IDLE);
	assert_int_equal(fx->sim->now, 3 * SEC);
	assert_string_equal(state_of(fx), "FAILED");
	assert_int_equal(seen_of(fx->dev)->arp, 3);
	assert_int_equal(seen_of(fx->dev)->ip, 0);
	assert_int_equal(skb_drop_count(fx->host->net, SKB_DROP_REASON_NEIGH_FAILED), 1);
	send_packet(fx, 40); /* tries again */
	assert_string_equal(state_of(fx), "INCOMPLETE");
}

static void test_life_of_an_entry(void **state)
{
	struct fixture *fx = *state;
	struct seen *seen = seen_of(fx->dev);
	u64 reachable;

	send_packet(fx, 40);
	send_packet(fx, 40);
	assert_int_equal(seen->ip, 0);
	assert_int_equal(peer(fx)->arp_queue.qlen, 2);
	reply(fx, peer_mac);
	assert_string_equal(state_of(fx), "REACHABLE");
	assert_int_equal(seen->ip, 2);
	assert_memory_equal(seen->ip_dest, peer_mac, 6);
	assert_int_equal(peer(fx)->arp_queue_len_bytes, 0);
	send_packet(fx, 40); /* by the cached header */
	assert_int_equal(seen->ip, 3);
	assert_int_equal(seen->arp, 1);
	/* it ages, which keeps nobody waiting */
	reachable = (u64)peer(fx)->parms->reachable_time * NSEC_PER_MSEC;
	assert_in_range(reachable, 15 * SEC, 45 * SEC);
	assert_int_equal(sim_run(fx->sim, SIM_FOREVER), SIM_IDLE);
	assert_int_equal(fx->sim->now, 0);
	run_until(fx, reachable + SEC / 10);
	assert_string_equal(state_of(fx), "STALE");
	assert_int_equal(seen->arp, 1);
	send_packet(fx, 40); /* goes out, and starts the check */
	assert_int_equal(seen->ip, 4);
	assert_string_equal(state_of(fx), "DELAY");
	run_until(fx, fx->sim->now + 5 * SEC + SEC / 10);
	assert_string_equal(state_of(fx), "PROBE");
	assert_int_equal(seen->arp, 2);
	assert_memory_equal(seen->arp_dest, peer_mac, 6); /* asks him alone */
	reply(fx, peer_mac);
	assert_string_equal(state_of(fx), "REACHABLE");
	run_until(fx, fx->sim->now + reachable + SEC / 10);
	send_packet(fx, 40);
	run_until(fx, fx->sim->now + 9 * SEC);
	assert_int_equal(seen->arp, 5);
	assert_string_equal(state_of(fx), "FAILED");
}

static void test_confirmation_keeps_reachable(void **state)
{
	struct fixture *fx = *state;

	send_packet(fx, 40);
	reply(fx, peer_mac);
	for (int i = 0; i < 20; i++) {
		run_until(fx, fx->sim->now + 10 * SEC);
		neigh_confirm(peer(fx));
		assert_string_equal(state_of(fx), "REACHABLE");
	}
	assert_int_equal(seen_of(fx->dev)->arp, 1);
}

/* ---- what packets may change ---- */

static void test_unasked_reply(void **state)
{
	struct fixture *fx = *state;

	reply(fx, peer_mac);
	assert_null(peer(fx));
	/* somebody's announcement of his own address, too */
	receive(fx, &(struct arp_spec){ .op = ARPOP_REQUEST,
					.sip = "10.0.0.2",
					.tip = "10.0.0.2",
					.sha = peer_mac,
					.pkt_type = PACKET_BROADCAST });
	assert_null(peer(fx));
	fx->dev->ip_ptr->cnf.arp_accept = 1;
	reply(fx, peer_mac);
	assert_string_equal(state_of(fx), "REACHABLE");
}

static void test_changing_address(void **state)
{
	struct fixture *fx = *state;

	send_packet(fx, 40);
	reply(fx, peer_mac);
	reply(fx, other_mac); /* a second answer within a second: ignored */
	assert_memory_equal(peer(fx)->ha, peer_mac, 6);
	run_until(fx, 2 * SEC);
	reply(fx, other_mac);
	assert_memory_equal(peer(fx)->ha, other_mac, 6);
	send_packet(fx, 40);
	assert_memory_equal(seen_of(fx->dev)->ip_dest, other_mac, 6); /* the cached header follows */
}

static void test_permanent_stays(void **state)
{
	struct fixture *fx = *state;

	assert_int_equal(
		ip_neigh_add(fx->host, fx->dev->name, inet_addr("10.0.0.2"), peer_mac, NUD_PERMANENT), 0);
	run_until(fx, 5 * SEC);
	reply(fx, other_mac);
	assert_memory_equal(peer(fx)->ha, peer_mac, 6);
	assert_string_equal(state_of(fx), "PERMANENT");
	send_packet(fx, 40);
	assert_int_equal(seen_of(fx->dev)->arp, 0);
	assert_int_equal(ip_neigh_del(fx->host, fx->dev->name, inet_addr("10.0.0.2")), 0);
	assert_null(peer(fx));
	assert_int_equal(ip_neigh_del(fx->host, fx->dev->name, inet_addr("10.0.0.2")), -ENOENT);
	assert_int_equal(ip_neigh_add(fx->host, "eth9", inet_addr("10.0.0.2"), peer_mac, NUD_STALE), -ENODEV);
}

static void test_request_is_answered_and_learnt(void **state)
{
	struct fixture *fx = *state;
	struct arp_spec ask = { .op = ARPOP_REQUEST,
				.sip = "10.0.0.2",
				.tip = "10.0.0.1",
				.sha = peer_mac,
				.pkt_type = PACKET_BROADCAST };

	receive(fx, &ask);
	assert_int_equal(seen_of(fx->dev)->arp, 1);
	assert_memory_equal(seen_of(fx->dev)->arp_dest, peer_mac, 6);
	assert_string_equal(state_of(fx), "STALE");
	ask.sip = "0.0.0.0"; /* is the address free? (RFC 5227): no */
	receive(fx, &ask);
	assert_int_equal(seen_of(fx->dev)->arp, 2);
	ask.sip = "10.0.0.2";
	ask.tip = "10.0.0.77"; /* somebody else's business */
	receive(fx, &ask);
	assert_int_equal(seen_of(fx->dev)->arp, 2);
	ask.sip = ask.tip = "10.0.0.1"; /* somebody claims our address */
	ask.sha = other_mac;
	receive(fx, &ask);
	assert_int_equal(seen_of(fx->dev)->arp, 2);
}

static void test_malformed(void **state)
{
	struct fixture *fx = *state;
	static const u8 bcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const struct arp_spec bad[] = {
		{ .op = 0, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac },
		{ .op = 65535, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac },
		{ .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac, .cut = 1 },
		{ .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac, .cut = 27 },
		{ .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac, .hln = 7 },
		{ .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac, .pln = 16 },
		{ .op = 1, .sip = "10.0.0.2", .tip = "224.0.0.1", .sha = peer_mac },
		{ .op = 1, .sip = "10.0.0.2", .tip = "127.0.0.1", .sha = peer_mac },
		{ .op = 2, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = bcast },
	};

	send_packet(fx, 40);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		receive(fx, &bad[i]);
		assert_int_equal(malformed(fx), i + 1);
	}
	assert_string_equal(state_of(fx), "INCOMPLETE");
	assert_int_equal(seen_of(fx->dev)->arp, 1);
}

/* ---- limits ---- */

static void test_queue_limit(void **state)
{
	struct fixture *fx = *state;
	int dropped;

	for (int i = 0; i < 300; i++) {
		send_packet(fx, 1000);
		assert_true(peer(fx)->arp_queue_len_bytes <= 212992);
	}
	dropped = (int)skb_drop_count(fx->host->net, SKB_DROP_REASON_NEIGH_QUEUEFULL);
	assert_true(dropped > 100);
	reply(fx, peer_mac);
	assert_int_equal(seen_of(fx->dev)->ip, 300 - dropped);
}

static void test_table_limit(void **state)
{
	struct fixture *fx = *state;
	char sip[32];

	fx->dev->ip_ptr->cnf.arp_accept = 1;
	ip_neigh_add(fx->host, fx->dev->name, inet_addr("10.0.0.2"), peer_mac, NUD_PERMANENT);
	assert_int_equal(ip_addr_add(fx->host, fx->dev->name, inet_addr("172.16.0.1"), 16), 0);
	for (int i = 0; i < 5000; i++) {
		snprintf(sip, sizeof(sip), "172.16.%d.%d", 1 + i / 250, 1 + i % 250);
		receive(fx, &(struct arp_spec){ .op = ARPOP_REQUEST,
						.sip = sip,
						.tip = "172.16.0.1",
						.sha = other_mac,
						.pkt_type = PACKET_BROADCAST });
		assert_true(fx->tbl->gc_entries <= fx->tbl->gc_thresh3);
		if (i == 3000)
			run_until(fx, fx->sim->now + 10 * SEC);
	}
	assert_string_equal(state_of(fx), "PERMANENT");
	assert_true(fx->tbl->stats.table_fulls > 0);
	assert_true(fx->tbl->stats.forced_gc_runs > 0);
	/* what nobody uses goes with time */
	run_until(fx, fx->sim->now + 200 * SEC);
	assert_true(fx->tbl->entries < fx->tbl->gc_thresh1);
	assert_string_equal(state_of(fx), "PERMANENT");
}

static void test_link_down_flushes(void **state)
{
	struct fixture *fx = *state;

	send_packet(fx, 40);
	netdev_set_up(fx->dev, false);
	assert_null(peer(fx));
	assert_int_equal(fx->tbl->entries, 0);
	netdev_set_up(fx->dev, true);
	send_packet(fx, 40);
	reply(fx, peer_mac);
	assert_string_equal(state_of(fx), "REACHABLE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_life_of_an_entry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_confirmation_keeps_reachable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unasked_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changing_address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_permanent_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_request_is_answered_and_learnt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queue_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_down_flushes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
