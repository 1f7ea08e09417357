/*
 * The neighbour table and ARP, at a device that only counts what it is given: states and timers, what
 * packets may change, limits, malformed packets.
 */
#include "stack/kernel/printk.h"
#include "tests/stack/neigh_bench.h"

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
	const struct arp_spec bad[] = {
		{ .op = 0, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac },
		{ .op = 65535, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac },
		{ .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac, .cut = 1 },
		{ .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac, .cut = 27 },
		{ .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac, .hln = 7 },
		{ .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac, .pln = 16 },
		{ .op = 1, .sip = "10.0.0.2", .tip = "224.0.0.1", .sha = peer_mac },
		{ .op = 1, .sip = "10.0.0.2", .tip = "127.0.0.1", .sha = peer_mac },
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

/* ---- parameters ---- */

static long sysctl_get(struct fixture *fx, const char *dev, const char *name)
{
	long v = -12345;

	assert_int_equal(neigh_sysctl_get(fx->host->net, dev, name, &v), 0);
	return v;
}

static void sysctl_set(struct fixture *fx, const char *dev, const char *name, long value)
{
	assert_int_equal(neigh_sysctl_set(fx->host->net, dev, name, value), 0);
}

/* What a real kernel prints for net.ipv4.neigh.DEVICE. */
static void test_sysctl_defaults(void **state)
{
	static const struct {
		const char *name;
		long value;
	} defaults[] = {
		{ "anycast_delay", 100 },
		{ "app_solicit", 0 },
		{ "base_reachable_time", 30 },
		{ "base_reachable_time_ms", 30000 },
		{ "delay_first_probe_time", 5 },
		{ "gc_stale_time", 60 },
		{ "locktime", 100 },
		{ "mcast_resolicit", 0 },
		{ "mcast_solicit", 3 },
		{ "proxy_delay", 80 },
		{ "proxy_qlen", 64 },
		{ "retrans_time", 100 },
		{ "retrans_time_ms", 1000 },
		{ "ucast_solicit", 3 },
		{ "unres_qlen", 101 },
		{ "unres_qlen_bytes", 212992 },
	};
	struct fixture *fx = *state;
	long v;

	for (unsigned i = 0; i < ARRAY_SIZE(defaults); i++) {
		assert_int_equal(sysctl_get(fx, fx->dev->name, defaults[i].name), defaults[i].value);
		assert_int_equal(sysctl_get(fx, "default", defaults[i].name), defaults[i].value);
	}
	assert_int_equal(sysctl_get(fx, "default", "gc_interval"), 30);
	assert_int_equal(sysctl_get(fx, "default", "gc_thresh1"), 128);
	assert_int_equal(sysctl_get(fx, "default", "gc_thresh2"), 512);
	assert_int_equal(sysctl_get(fx, "default", "gc_thresh3"), 1024);
	assert_int_equal(neigh_sysctl_get(fx->host->net, fx->dev->name, "gc_thresh1", &v), -ENOENT);
	assert_int_equal(neigh_sysctl_get(fx->host->net, "eth9", "locktime", &v), -ENOENT);
	assert_int_equal(neigh_sysctl_set(fx->host->net, fx->dev->name, "mcast_solicit", -1), -EINVAL);
	assert_int_equal(neigh_sysctl_set(fx->host->net, fx->dev->name, "gc_stale_time", 1L << 40), -EINVAL);
	assert_string_equal(neigh_sysctl_name(true, 0), "mcast_solicit");
	assert_string_equal(neigh_sysctl_name(true, 19), "gc_thresh3");
	assert_null(neigh_sysctl_name(true, 20));
	assert_null(neigh_sysctl_name(false, 16));
}

/* A default reaches the devices that have no value of their own. */
static void test_sysctl_inheritance(void **state)
{
	struct fixture *fx = *state;
	struct net_device *dev;

	sysctl_set(fx, "default", "retrans_time_ms", 500);
	assert_int_equal(sysctl_get(fx, fx->dev->name, "retrans_time"), 50);
	sysctl_set(fx, fx->dev->name, "unres_qlen", 10);
	assert_int_equal(sysctl_get(fx, fx->dev->name, "unres_qlen_bytes"), 20900); /* of 2090 each */
	sysctl_set(fx, "default", "unres_qlen_bytes", 5000);
	assert_int_equal(sysctl_get(fx, fx->dev->name, "unres_qlen_bytes"), 20900);
	dev = add_device(fx->host, 2, "10.0.1.1");
	assert_int_equal(sysctl_get(fx, dev->name, "unres_qlen_bytes"), 5000);
	drop_device(dev);
	/* a new base draws a new reachable time at once, between half and one and a half of it */
	sysctl_set(fx, fx->dev->name, "base_reachable_time_ms", 4000);
	assert_in_range(fx->dev->ip_ptr->arp_parms->reachable_time, 2000, 5999);
}

static void test_sysctl_timing(void **state)
{
	struct fixture *fx = *state;
	struct seen *seen = seen_of(fx->dev);

	sysctl_set(fx, fx->dev->name, "retrans_time_ms", 100);
	sysctl_set(fx, fx->dev->name, "mcast_solicit", 2);
	send_packet(fx, 40);
	assert_int_equal(sim_run(fx->sim, SIM_FOREVER), SIM_IDLE);
	assert_int_equal(fx->sim->now, SEC / 5);
	assert_int_equal(seen->arp, 2);
	assert_string_equal(state_of(fx), "FAILED");
	/* a daemon's turn first: two messages instead of requests */
	sysctl_set(fx, fx->dev->name, "app_solicit", 2);
	send_packet(fx, 40);
	run_until(fx, fx->sim->now + SEC / 10);
	assert_int_equal(seen->arp, 2);
	run_until(fx, fx->sim->now + SEC / 10);
	assert_int_equal(seen->arp, 3);
	/* nobody may ask: fails at once */
	run_until(fx, fx->sim->now + SEC);
	sysctl_set(fx, fx->dev->name, "app_solicit", 0);
	sysctl_set(fx, fx->dev->name, "mcast_solicit", 0);
	send_packet(fx, 40);
	assert_string_equal(state_of(fx), "FAILED");
	assert_int_equal(seen->arp, 4);
}

/* PROBE asks the known address ucast_solicit times, then everybody mcast_resolicit times. */
static void test_probe_then_broadcast(void **state)
{
	struct fixture *fx = *state;
	struct seen *seen = seen_of(fx->dev);

	sysctl_set(fx, fx->dev->name, "ucast_solicit", 1);
	sysctl_set(fx, fx->dev->name, "mcast_resolicit", 1);
	sysctl_set(fx, fx->dev->name, "delay_first_probe_time", 1);
	assert_int_equal(ip_neigh_add(fx->host, fx->dev->name, inet_addr("10.0.0.2"), peer_mac, NUD_STALE),
			 0);
	send_packet(fx, 40);
	assert_string_equal(state_of(fx), "DELAY");
	run_until(fx, fx->sim->now + SEC);
	assert_string_equal(state_of(fx), "PROBE");
	assert_memory_equal(seen->arp_dest, peer_mac, 6);
	run_until(fx, fx->sim->now + SEC);
	assert_int_equal(seen->arp, 2);
	assert_int_equal(seen->arp_dest[0], 0xff);
	run_until(fx, fx->sim->now + SEC);
	assert_string_equal(state_of(fx), "FAILED");
	assert_int_equal(fx->tbl->stats.res_failed, 1);
}

/* ---- `ip neigh` ---- */

/* Errors and states as a real kernel's, for each state with and without an address. */
static void test_admin(void **state)
{
	static const u8 states[] = { NUD_PERMANENT, NUD_REACHABLE,  NUD_STALE,	NUD_NOARP, NUD_DELAY,
				     NUD_PROBE,	    NUD_INCOMPLETE, NUD_FAILED, NUD_NONE };
	struct fixture *fx = *state;
	struct ip_neigh_spec spec = { .dev = fx->dev->name,
				      .addr = inet_addr("10.0.0.2"),
				      .state = NUD_STALE };

	assert_int_equal(ip_neigh_add_spec(fx->host, &spec), -ENOENT); /* change what is not there */
	for (unsigned i = 0; i < ARRAY_SIZE(states); i++) {
		bool valid = states[i] & NUD_VALID;

		spec = (struct ip_neigh_spec){ .dev = fx->dev->name,
					       .addr = inet_addr("10.0.0.2"),
					       .state = states[i],
					       .create = true };
		assert_int_equal(ip_neigh_add_spec(fx->host, &spec), valid ? -EINVAL : 0);
		assert_int_equal(peer(fx)->nud_state, valid ? NUD_NONE : states[i]);
		spec.lladdr = peer_mac;
		assert_int_equal(ip_neigh_add_spec(fx->host, &spec), -EEXIST);
		spec.create = false;
		spec.replace = true;
		assert_int_equal(ip_neigh_add_spec(fx->host, &spec), 0);
		assert_int_equal(peer(fx)->nud_state, states[i]);
		if (valid)
			assert_memory_equal(peer(fx)->ha, peer_mac, 6);
		assert_int_equal(fx->tbl->gc_entries, states[i] != NUD_PERMANENT);
		run_until(fx, fx->sim->now + SEC / 100); /* DELAY's time is over at once */
		if (states[i] == NUD_DELAY)
			assert_string_equal(state_of(fx), "PROBE");
		assert_int_equal(ip_neigh_del(fx->host, fx->dev->name, spec.addr), 0);
		assert_null(peer(fx));
		assert_int_equal(fx->tbl->gc_entries, 0);
	}
	/* `use` starts to resolve, with what state there is */
	spec = (struct ip_neigh_spec){
		.dev = fx->dev->name, .addr = inet_addr("10.0.0.2"), .create = true, .flags = NTF_USE
	};
	assert_int_equal(ip_neigh_add_spec(fx->host, &spec), 0);
	assert_string_equal(state_of(fx), "INCOMPLETE");
	/* removing an entry reports what waits for it */
	send_packet(fx, 40);
	assert_int_equal(ip_neigh_del(fx->host, fx->dev->name, spec.addr), 0);
	assert_int_equal(skb_drop_count(fx->host->net, SKB_DROP_REASON_NEIGH_FAILED), 1);
	/* learnt outside: no business of garbage collection */
	spec.flags = NTF_EXT_LEARNED;
	spec.lladdr = peer_mac;
	spec.state = NUD_STALE;
	assert_int_equal(ip_neigh_add_spec(fx->host, &spec), 0);
	assert_int_equal(fx->tbl->gc_entries, 0);
	run_until(fx, fx->sim->now + 200 * SEC);
	assert_string_equal(state_of(fx), "STALE");
}

static void test_flush(void **state)
{
	static const u8 states[] = { NUD_PERMANENT, NUD_NOARP, NUD_REACHABLE, NUD_STALE, NUD_FAILED };
	struct fixture *fx = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(states); i++)
		ip_neigh_add(fx->host, fx->dev->name, htonl(0x0a000010 + i), peer_mac, states[i]);
	assert_int_equal(fx->tbl->entries, 5);
	ip_neigh_flush(fx->host, fx->dev->name);
	assert_int_equal(fx->tbl->entries, 2);
	netdev_set_up(fx->dev, false); /* that one takes all */
	assert_int_equal(fx->tbl->entries, 0);
}

/* ---- the table's limits ---- */

static int fill(struct fixture *fx, int from, int n, u8 nud)
{
	int err = 0;

	for (int i = from; i < from + n && !err; i++)
		err = ip_neigh_add(fx->host, fx->dev->name, htonl(0x0b000000u + (u32)i), peer_mac, nud);
	return err;
}

static void count_line(void *arg, const char *text)
{
	*(int *)arg += strstr(text, "neighbour: arp_cache: neighbor table overflow!") != NULL;
}

static void test_overflow(void **state)
{
	struct fixture *fx = *state;
	int lines = 0;

	run_until(fx, 10 * SEC);
	sysctl_set(fx, "default", "gc_thresh2", 8);
	sysctl_set(fx, "default", "gc_thresh3", 16);
	assert_int_equal(fill(fx, 0, 16, NUD_STALE), 0);
	assert_int_equal(fill(fx, 16, 1, NUD_STALE), -ENOBUFS); /* all are younger than 5 s */
	assert_int_equal(fx->tbl->gc_entries, 16);
	assert_int_equal(fx->tbl->stats.table_fulls, 1);
	for (int i = 0; i < 30; i++)
		fill(fx, 16, 1, NUD_STALE);
	log_for_each(fx->host, count_line, &lines);
	assert_int_equal(lines, 10);			     /* in five seconds */
	assert_int_equal(fill(fx, 16, 4, NUD_PERMANENT), 0); /* these do not count */
	run_until(fx, fx->sim->now + 6 * SEC);
	assert_int_equal(fill(fx, 100, 1, NUD_STALE), 0);
	assert_int_equal(fx->tbl->gc_entries,
			 8); /* the nine oldest went: down to gc_thresh2, and the new one */
	assert_int_equal(fx->tbl->entries, 12);
	/* FAILED goes first of all, however young */
	assert_int_equal(fill(fx, 101, 8, NUD_FAILED), 0);
	assert_int_equal(fill(fx, 110, 1, NUD_REACHABLE), 0);
	assert_in_range(fx->tbl->gc_entries, 8, 9);
}

static void test_device_down_with_packets_waiting(void **state)
{
	struct fixture *fx = *state;

	send_packet(fx, 40);
	send_packet(fx, 40);
	netdev_set_up(fx->dev, false);
	assert_int_equal(skb_drop_count(fx->host->net, SKB_DROP_REASON_NEIGH_DEAD), 2);
	assert_int_equal(fx->tbl->entries, 0);
}

static void test_queue_of_few_bytes(void **state)
{
	struct fixture *fx = *state;

	sysctl_set(fx, fx->dev->name, "unres_qlen", 3);
	for (int i = 0; i < 20; i++)
		send_packet(fx, 1400);
	assert_int_equal(peer(fx)->arp_queue.qlen, 2); /* 1400 bytes take more than a frame's share */
	assert_int_equal(fx->tbl->stats.unres_discards, 18);
	sysctl_set(fx, fx->dev->name, "unres_qlen_bytes", 0); /* the last one always waits */
	send_packet(fx, 1400);
	assert_int_equal(peer(fx)->arp_queue.qlen, 1);
	assert_int_equal(fx->tbl->stats.unres_discards, 20);
}

static void test_statistics(void **state)
{
	struct fixture *fx = *state;
	struct neigh_statistics *st = &fx->tbl->stats, before = *st;
	__be32 key = inet_addr("10.0.0.2"), other = inet_addr("10.0.0.3");

	send_packet(fx, 40);
	reply(fx, peer_mac);
	neigh_release(neigh_lookup(fx->tbl, &key, fx->dev));
	assert_null(neigh_lookup(fx->tbl, &other, fx->dev));
	ip_neigh_del(fx->host, fx->dev->name, key);
	assert_int_equal(st->allocs - before.allocs, 1);
	assert_int_equal(st->destroys - before.destroys, 1);
	assert_int_equal(st->lookups - before.lookups, 4);
	assert_int_equal(st->hits - before.hits, 3);
	run_until(fx, 100 * SEC);
	/* first after reachable_time, then each half base_reachable_time */
	assert_in_range(st->periodic_gc_runs, 1 + (100 - 45) / 15, 1 + (100 - 15) / 15);
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
		cmocka_unit_test_setup_teardown(test_sysctl_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sysctl_inheritance, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sysctl_timing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_probe_then_broadcast, setup, teardown),
		cmocka_unit_test_setup_teardown(test_admin, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_device_down_with_packets_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queue_of_few_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_statistics, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
