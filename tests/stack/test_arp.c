/*
 * ARP: what a packet does to what is known, who is answered, who asks with which address. The tables are
 * what a real kernel did (6.18, veth pairs in network namespaces, packets from packet sockets); none of these
 * points changed since 5.15.
 */
#include "tests/stack/neigh_bench.h"

#define BC PACKET_BROADCAST
#define P(op_, sip_, tip_, sha_, type, ...)                                                                  \
	{                                                                                                    \
		.op = op_, .sip = sip_, .tip = tip_, .sha = sha_, .pkt_type = type, __VA_ARGS__              \
	}

static const u8 own_mac[6] = { 0x52, 0x54, 0, 0, 0, 1 };

static u8 *conf(struct fixture *fx, size_t offset)
{
	return (u8 *)&fx->dev->ip_ptr->cnf + offset;
}
#define CONF(fx, field) (*conf(fx, offsetof(struct ipv4_devconf, field)))

/* How many ARP packets the device was given since the last call. */
static int sent(struct fixture *fx)
{
	int n = seen_of(fx->dev)->arp;

	seen_of(fx->dev)->arp = 0;
	return n;
}

static const char *sender_of_last(struct fixture *fx)
{
	struct in_addr addr;

	memcpy(&addr, seen_of(fx->dev)->last_arp + 14, 4);
	return inet_ntoa(addr);
}

/* ---- packets about an entry that is there ---- */

enum kind { REPLY, REPLY_BC, GARP, REQ_OTHER, REQ_US, REPLY_SAME, NR_KINDS };

static const struct arp_spec kinds[NR_KINDS] = {
	[REPLY] = { .op = 2, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = other_mac },
	[REPLY_BC] = { .op = 2, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = other_mac, .pkt_type = BC },
	[GARP] = { .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.2", .sha = other_mac, .pkt_type = BC },
	[REQ_OTHER] = { .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.3", .sha = other_mac, .pkt_type = BC },
	[REQ_US] = { .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = other_mac, .pkt_type = BC },
	[REPLY_SAME] = { .op = 2, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac },
};

/* State afterwards and whether the address changed: after locktime (a second), and within it. */
static const struct {
	u8 before;
	struct {
		u8 nud;
		bool changed;
	} after[NR_KINDS], within[NR_KINDS];
} reactions[] = {
#define R NUD_REACHABLE
#define S NUD_STALE
	{ S,
	  { { R, 1 }, { S, 1 }, { S, 1 }, { S, 1 }, { S, 1 }, { R, 0 } },
	  { { S, 0 }, { S, 0 }, { S, 1 }, { S, 0 }, { S, 1 }, { R, 0 } } },
	{ R,
	  { { R, 1 }, { S, 1 }, { S, 1 }, { S, 1 }, { S, 1 }, { R, 0 } },
	  { { R, 0 }, { R, 0 }, { S, 1 }, { R, 0 }, { S, 1 }, { R, 0 } } },
	{ NUD_FAILED,
	  { { R, 1 }, { S, 1 }, { S, 1 }, { S, 1 }, { S, 1 }, { R, 0 } },
	  { { R, 1 }, { S, 1 }, { S, 1 }, { S, 1 }, { S, 1 }, { R, 0 } } },
#define NEVER(nud)                                                                                           \
	{                                                                                                    \
		{ nud, 0 }, { nud, 0 }, { nud, 0 }, { nud, 0 }, { nud, 0 },                                  \
		{                                                                                            \
			nud, 0                                                                               \
		}                                                                                            \
	}
	{ NUD_PERMANENT, NEVER(NUD_PERMANENT), NEVER(NUD_PERMANENT) },
	{ NUD_NOARP, NEVER(NUD_NOARP), NEVER(NUD_NOARP) },
};

static void check_reaction(struct fixture *fx, u8 before, enum kind kind, u8 nud, bool changed, bool wait)
{
	ip_neigh_del(fx->host, fx->dev->name, inet_addr("10.0.0.2"));
	assert_int_equal(ip_neigh_add(fx->host, fx->dev->name, inet_addr("10.0.0.2"), peer_mac, before), 0);
	if (wait)
		run_until(fx, fx->sim->now + SEC * 11 / 10);
	receive(fx, &kinds[kind]);
	if (peer(fx)->nud_state != nud || memcmp(peer(fx)->ha, changed ? other_mac : peer_mac, 6))
		fail_msg("%s, kind %d, %s: %s", neigh_state_name(before), (int)kind,
			 wait ? "later" : "within locktime", state_of(fx));
}

static void test_reactions(void **state)
{
	struct fixture *fx = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(reactions); i++) {
		for (enum kind k = 0; k < NR_KINDS; k++) {
			check_reaction(fx, reactions[i].before, k, reactions[i].after[k].nud,
				       reactions[i].after[k].changed, true);
			check_reaction(fx, reactions[i].before, k, reactions[i].within[k].nud,
				       reactions[i].within[k].changed, false);
		}
	}
}

/* Two hosts that claim one address: what is known changes once a second at most, or with each announcement.
 */
static void test_flip_flop(void **state)
{
	struct fixture *fx = *state;
	int changes = 0;
	u8 last[6];

	send_packet(fx, 40);
	reply(fx, peer_mac);
	memcpy(last, peer_mac, 6);
	for (int i = 0; i < 100; i++) { /* five seconds */
		run_until(fx, fx->sim->now + SEC / 20);
		reply(fx, i & 1 ? peer_mac : other_mac);
		changes += memcmp(last, peer(fx)->ha, 6) != 0;
		memcpy(last, peer(fx)->ha, 6);
	}
	assert_in_range(changes, 3, 5);
}

/* ---- packets about what is not known ---- */

/* What the packet makes known (NULL: nothing), and whether it is answered. */
static void test_unknown_senders(void **state)
{
	static const u8 group[6] = { 1, 0, 0, 0, 0, 5 }, all[6] = { 255, 255, 255, 255, 255, 255 };
	const struct {
		struct arp_spec packet;
		const char *learnt;
		bool answered;
	} rows[] = {
		{ P(1, "10.0.0.2", "10.0.0.1", peer_mac, BC), "STALE", true },
		{ P(1, "10.0.0.2", "10.0.0.1", group, BC), "STALE", true },
		{ P(1, "10.0.0.2", "10.0.0.1", all, BC), "STALE", true },
		{ P(1, "10.9.9.9", "10.0.0.1", peer_mac, BC), "none", true },
		{ P(1, "0.0.0.0", "10.0.0.1", peer_mac, BC), "none", true },
		{ P(1, "0.0.0.0", "10.0.0.3", peer_mac, BC), "none", false },
		{ P(1, "10.0.0.1", "10.0.0.1", peer_mac, BC), "none", false },
		{ P(2, "10.0.0.1", "10.0.0.1", peer_mac, BC, .tha = peer_mac), "none", false },
		{ P(1, "10.0.0.1", "10.0.0.2", peer_mac, BC), "none", false },
		{ P(1, "255.255.255.255", "10.0.0.1", peer_mac, BC), "none", false },
		{ P(1, "224.0.0.5", "10.0.0.1", peer_mac, BC), "none", false },
		{ P(1, "127.0.0.1", "10.0.0.1", peer_mac, BC), "none", false },
		{ P(1, "10.0.0.255", "10.0.0.1", peer_mac, BC), "none", true },
		{ P(1, "10.0.0.2", "10.0.0.255", peer_mac, BC), "none", false },
		{ P(2, "10.0.0.2", "10.0.0.1", peer_mac, 0), "none", false },
		{ P(1, "10.0.0.2", "10.0.0.2", peer_mac, BC), "none", false },
	};
	struct fixture *fx = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		sent(fx);
		receive(fx, &rows[i].packet);
		if (sent(fx) != rows[i].answered || strcmp(state_of(fx), rows[i].learnt))
			fail_msg("row %u: %s", i, state_of(fx));
		if (rows[i].answered && strcmp(rows[i].packet.sip, "10.0.0.2") == 0)
			assert_memory_equal(seen_of(fx->dev)->arp_dest, rows[i].packet.sha, 6);
		ip_neigh_del(fx->host, fx->dev->name, inet_addr("10.0.0.2"));
	}
	assert_int_equal(malformed(fx), 0);
	CONF(fx, drop_gratuitous_arp) = 1;
	receive(fx, &rows[15].packet);
	assert_int_equal(malformed(fx), 1);
	CONF(fx, drop_gratuitous_arp) = 0;
	ipv4_devconf_find(fx->host->net, "all")->drop_gratuitous_arp = 1;
	receive(fx, &rows[15].packet);
	assert_int_equal(malformed(fx), 2);
}

static void test_arp_accept(void **state)
{
	const struct {
		struct arp_spec packet;
		const char *learnt;
	} rows[] = {
		{ P(2, "10.0.0.2", "10.0.0.1", peer_mac, 0), "REACHABLE" },
		{ P(2, "10.0.0.2", "10.0.0.1", peer_mac, BC), "STALE" },
		{ P(1, "10.0.0.2", "10.0.0.2", peer_mac, BC), "STALE" },
		{ P(2, "10.0.0.2", "10.0.0.2", peer_mac, BC, .tha = peer_mac), "STALE" },
		{ P(2, "10.0.0.2", "10.0.0.2", peer_mac, BC, .tha = other_mac), "STALE" },
		{ P(1, "10.0.0.2", "10.0.0.3", peer_mac, BC), "none" },
		{ P(1, "10.0.0.1", "10.0.0.1", peer_mac, BC), "none" },
	};
	struct fixture *fx = *state;

	CONF(fx, arp_accept) = 1;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		receive(fx, &rows[i].packet);
		assert_string_equal(state_of(fx), rows[i].learnt);
		ip_neigh_del(fx->host, fx->dev->name, inet_addr("10.0.0.2"));
		assert_int_equal(fx->tbl->entries, 0);
	}
}

/* Headers that are not ours to understand. */
static void test_headers(void **state)
{
	struct fixture *fx = *state;
	struct arp_spec spec = { .op = 1, .sip = "10.0.0.2", .tip = "10.0.0.1", .sha = peer_mac, .hrd = 6 };

	receive(fx, &spec); /* IEEE 802 means Ethernet here */
	assert_int_equal(sent(fx), 1);
	spec.hrd = 7;
	receive(fx, &spec);
	spec.hrd = 1;
	spec.pro = 0x86dd;
	receive(fx, &spec);
	assert_int_equal(malformed(fx), 2);
	spec.pro = 0;
	spec.pkt_type = PACKET_OTHERHOST;
	receive(fx, &spec);
	assert_int_equal(skb_drop_count(fx->host->net, SKB_DROP_REASON_OTHERHOST), 0); /* ignored, no drop */
	assert_int_equal(malformed(fx), 2);
	assert_int_equal(sent(fx), 0);
}

/* 65,000 senders: the table keeps its limit, what an administrator set stays, memory does not grow. */
static void test_storm(void **state)
{
	struct fixture *fx = *state;
	u64 used = 0, allocs = 0;
	char sip[32];

	ip_neigh_add(fx->host, fx->dev->name, inet_addr("10.0.0.2"), peer_mac, NUD_PERMANENT);
	for (int i = 0; i < 65000; i++) {
		snprintf(sip, sizeof(sip), "172.%d.%d.%d", 16 + i / 40000, i / 200 % 200, 1 + i % 200);
		receive(fx, &(struct arp_spec)P(1, sip, "10.0.0.1", other_mac, BC));
		if (i == 5000) {
			used = fx->host->ram.in_use;
			allocs = fx->tbl->stats.allocs;
		}
	}
	assert_in_range(fx->tbl->gc_entries, 1000, 1024);
	assert_int_equal(fx->host->ram.in_use, used);
	assert_int_equal(fx->tbl->stats.allocs, allocs);
	assert_int_equal(fx->tbl->stats.table_fulls, 65000 - 1024);
	assert_int_equal(sent(fx), 1024); /* who is not known is not answered */
	assert_string_equal(state_of(fx), "PERMANENT");
	run_until(fx, fx->sim->now + 6 * SEC); /* what is five seconds old makes room */
	receive(fx, &(struct arp_spec)P(1, "172.30.0.1", "10.0.0.1", other_mac, BC));
	assert_int_equal(fx->tbl->gc_entries, 512);
	assert_string_equal(state_of(fx), "PERMANENT");
}

/* ---- which address asks, which address is answered for ---- */

/* The addresses of the table below; those of the third line are on another device. */
static struct net_device *many_addresses(struct fixture *fx)
{
	struct net_device *dev1 = add_device(fx->host, 2, "10.0.1.1");

	ip_addr_add(fx->host, fx->dev->name, inet_addr("172.16.0.1"), 16);
	return dev1;
}

static void test_arp_ignore(void **state)
{
	static const char *const targets[] = { "10.0.0.1", "172.16.0.1", "10.0.1.1" };
	static const char *const askers[] = { "10.0.0.2", "172.16.0.2", "0.0.0.0" };
	static const struct {
		u8 ignore;
		const char *answers; /* three askers for each target */
	} rows[] = {
		{ 0, "yyyyyyyyy" }, { 1, "yyyyyy---" }, { 2, "y-y-yy---" },
		{ 3, "yyyyyyyyy" }, { 4, "yyyyyyyyy" }, { 8, "---------" },
	};
	struct fixture *fx = *state;
	struct net_device *dev1 = many_addresses(fx);
	char have[16];

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		CONF(fx, arp_ignore) = rows[i].ignore;
		for (unsigned k = 0; k < 9; k++) {
			sent(fx);
			receive(fx, &(struct arp_spec)P(1, askers[k % 3], targets[k / 3], peer_mac, BC));
			have[k] = sent(fx) ? 'y' : '-';
		}
		have[9] = '\0';
		assert_string_equal(have, rows[i].answers);
	}
	/* the larger of "all" and the device counts */
	CONF(fx, arp_ignore) = 0;
	ipv4_devconf_find(fx->host->net, "all")->arp_ignore = 8;
	receive(fx, &(struct arp_spec)P(1, "10.0.0.2", "10.0.0.1", peer_mac, BC));
	assert_int_equal(sent(fx), 0);
	drop_device(dev1);
}

/* The sender that a request for `target` names when a packet from `src` wants it. */
static const char *asks_with(struct fixture *fx, const char *src, const char *target)
{
	struct sk_buff *skb = alloc_skb(fx->host, 128, GFP_ATOMIC);
	__be32 key = inet_addr(target), saddr = inet_addr(src);
	struct neighbour *n;

	skb_reserve(skb, 64);
	memset(skb_put(skb, 40), 0, 40);
	skb_reset_network_header(skb);
	skb->data[0] = 0x45;
	memcpy(skb->data + 12, &saddr, 4);
	skb->protocol = htons(ETH_P_IP);
	skb->dev = fx->dev;
	n = __neigh_create(fx->tbl, &key, fx->dev, false);
	assert_false(IS_ERR(n));
	neigh_output(n, skb, false);
	ip_neigh_del(fx->host, fx->dev->name, key);
	return sender_of_last(fx);
}

static void test_arp_announce(void **state)
{
	static const char *const sources[] = { "10.0.0.1", "172.16.0.1", "10.0.1.1" };
	struct fixture *fx = *state;
	struct net_device *dev1 = many_addresses(fx);

	for (u8 announce = 0; announce <= 2; announce++) {
		CONF(fx, arp_announce) = announce;
		for (unsigned i = 0; i < ARRAY_SIZE(sources); i++) {
			assert_string_equal(asks_with(fx, sources[i], "10.0.0.9"),
					    announce ? "10.0.0.1" : sources[i]);
			assert_string_equal(asks_with(fx, sources[i], "172.16.0.9"),
					    announce ? "172.16.0.1" : sources[i]);
		}
		/* a source that is not ours (forwarded) never asks */
		assert_string_equal(asks_with(fx, "10.0.1.77", "10.0.0.9"), "10.0.0.1");
	}
	drop_device(dev1);
}

static void test_arp_filter(void **state)
{
	struct fixture *fx = *state;
	struct net_device *dev1 = many_addresses(fx);

	CONF(fx, arp_filter) = 1;
	receive(fx, &(struct arp_spec)P(1, "10.0.0.2", "10.0.1.1", peer_mac, BC));
	assert_int_equal(sent(fx), 1);
	receive(fx, &(struct arp_spec)P(1, "10.0.1.2", "10.0.0.1", peer_mac, BC));
	receive(fx, &(struct arp_spec)P(1, "10.0.1.2", "10.0.1.1", peer_mac, BC));
	assert_int_equal(sent(fx), 0); /* the way back is the other device */
	assert_int_equal(fx->host->net->mib.net_statistics[LINUX_MIB_ARPFILTER], 2);
	receive(fx, &(struct arp_spec)P(1, "0.0.0.0", "10.0.1.1", peer_mac, BC));
	assert_int_equal(sent(fx), 1);
	drop_device(dev1);
}

/* ---- announcing ---- */

static void test_arp_notify(void **state)
{
	static const u8 mac[6] = { 0x52, 0x54, 0, 0, 0, 0x55 };
	struct fixture *fx = *state;
	int expect = 0;

	for (u8 notify = 0; notify <= 1; notify++, expect++) {
		CONF(fx, arp_notify) = notify;
		sent(fx);
		assert_int_equal(ip_addr_add(fx->host, fx->dev->name, inet_addr("10.0.0.5"), 24), 0);
		assert_int_equal(sent(fx), 0); /* an address that is added is not announced */
		ip_addr_del(fx->host, fx->dev->name, inet_addr("10.0.0.5"), 24);
		netdev_set_up(fx->dev, false);
		netdev_set_up(fx->dev, true);
		assert_int_equal(sent(fx), expect);
		eth_hw_addr_set(fx->dev, notify ? own_mac : mac);
		rtnl_lock(fx->host);
		call_netdevice_notifiers(NETDEV_CHANGEADDR, fx->dev);
		rtnl_unlock(fx->host);
		assert_int_equal(sent(fx), expect);
	}
	assert_string_equal(sender_of_last(fx), "10.0.0.1");
	assert_memory_equal(seen_of(fx->dev)->last_arp + 24, seen_of(fx->dev)->last_arp + 14, 4);
	assert_memory_equal(seen_of(fx->dev)->last_arp + 8, own_mac, 6);
	assert_int_equal(seen_of(fx->dev)->arp_dest[0], 0xff);
}

/* ---- answering for others ---- */

/* Is the request answered, and after how many ms? -1: not within two seconds. */
static int proxied(struct fixture *fx, const struct arp_spec *spec)
{
	u64 start = fx->sim->now;

	sent(fx);
	receive(fx, spec);
	while (!seen_of(fx->dev)->arp && fx->sim->now < start + 2 * SEC)
		run_until(fx, fx->sim->now + SEC / 1000);
	assert_int_equal(fx->tbl->proxy_queue.qlen, 0);
	return sent(fx) ? (int)((fx->sim->now - start) / 1000000) : -1;
}

static void test_proxy_arp(void **state)
{
	const struct arp_spec ask = P(1, "10.0.0.2", "10.0.1.9", peer_mac, BC),
			      ask_us = P(1, "10.0.0.2", "10.0.1.9", peer_mac, 0),
			      same_net = P(1, "10.0.0.2", "10.0.0.77", peer_mac, BC),
			      no_route = P(1, "10.0.0.2", "99.9.9.9", peer_mac, BC),
			      probe = P(1, "0.0.0.0", "10.0.1.9", peer_mac, BC),
			      self = P(1, "10.0.1.9", "10.0.1.9", peer_mac, BC);
	struct fixture *fx = *state;
	struct net_device *dev1 = many_addresses(fx);
	int sum = 0;

	CONF(fx, proxy_arp) = 1;
	assert_int_equal(proxied(fx, &ask), -1); /* the host does not forward */
	CONF(fx, forwarding) = 1;
	CONF(fx, proxy_arp) = 0;
	assert_int_equal(proxied(fx, &ask), -1);
	CONF(fx, proxy_arp) = 1;
	for (int i = 0; i < 20; i++) { /* after a random part of proxy_delay: the owner comes first */
		assert_in_range(proxied(fx, &ask), 0, 800);
		sum += proxied(fx, &ask);
	}
	assert_in_range(sum / 20, 200, 600);
	assert_string_equal(sender_of_last(fx), "10.0.1.9");
	assert_memory_equal(seen_of(fx->dev)->last_arp + 8, own_mac, 6);
	assert_string_equal(state_of(fx), "STALE"); /* the asker is known */
	assert_int_equal(proxied(fx, &ask_us), 0);
	assert_int_equal(proxied(fx, &same_net), -1);
	assert_int_equal(proxied(fx, &no_route), -1);
	assert_int_equal(proxied(fx, &probe), -1);
	assert_in_range(proxied(fx, &self), 0, 800);
	neigh_sysctl_set(fx->host->net, fx->dev->name, "proxy_delay", 0);
	assert_int_equal(proxied(fx, &ask), 0);
	/* hosts of one segment that must not talk directly (RFC 3069) */
	CONF(fx, proxy_arp) = 0;
	CONF(fx, proxy_arp_pvlan) = 1;
	assert_int_equal(proxied(fx, &same_net), 0);
	assert_int_equal(proxied(fx, &(struct arp_spec)P(1, "10.0.0.77", "10.0.0.77", peer_mac, BC)), -1);
	assert_int_equal(proxied(fx, &ask), -1);
	drop_device(dev1);
}

static void count_proxy(const struct pneigh_entry *n, void *count)
{
	(void)n;
	++*(int *)count;
}

static int proxies(struct fixture *fx)
{
	int n = 0;

	pneigh_for_each(fx->tbl, count_proxy, &n);
	return n;
}

static void test_proxy_entries(void **state)
{
	const struct arp_spec ask = P(1, "10.0.0.2", "10.0.1.9", peer_mac, BC),
			      ask_other = P(1, "10.0.0.2", "10.0.1.10", peer_mac, BC),
			      same_net = P(1, "10.0.0.2", "10.0.0.77", peer_mac, BC);
	struct fixture *fx = *state;
	struct net_device *dev1 = many_addresses(fx);
	const char *name = fx->dev->name;

	CONF(fx, forwarding) = 1;
	assert_int_equal(ip_neigh_add_proxy(fx->host, name, inet_addr("10.0.1.9")), 0);
	assert_int_equal(ip_neigh_add_proxy(fx->host, name, inet_addr("10.0.1.9")), 0);
	assert_int_equal(proxies(fx), 1);
	assert_in_range(proxied(fx, &ask), 0, 800);
	assert_int_equal(proxied(fx, &ask_other), -1);
	assert_int_equal(ip_neigh_del_proxy(fx->host, dev1->name, inet_addr("10.0.1.9")), -ENOENT);
	assert_int_equal(ip_neigh_del_proxy(fx->host, name, inet_addr("10.0.1.9")), 0);
	assert_int_equal(ip_neigh_del_proxy(fx->host, name, inet_addr("10.0.1.9")), -ENOENT);
	assert_int_equal(ip_neigh_add_proxy(fx->host, "eth9", inet_addr("10.0.1.9")), -ENODEV);
	assert_int_equal(proxied(fx, &ask), -1);
	assert_int_equal(ip_neigh_add_proxy(fx->host, NULL, inet_addr("10.0.1.9")), 0); /* on every device */
	assert_in_range(proxied(fx, &ask), 0, 800);
	assert_int_equal(ip_neigh_add_proxy(fx->host, name, inet_addr("10.0.0.77")), 0);
	assert_int_equal(proxied(fx, &same_net), -1); /* the asker reaches it himself */
	netdev_set_up(fx->dev, false);
	assert_int_equal(proxies(fx), 1); /* the device's entries went with it */
	netdev_set_up(fx->dev, true);
	drop_device(dev1);
}

/* Answers that wait are few: proxy_qlen and one. */
static void test_proxy_queue(void **state)
{
	struct fixture *fx = *state;
	char tip[32];

	CONF(fx, forwarding) = 1;
	CONF(fx, proxy_arp_pvlan) = 1;
	neigh_sysctl_set(fx->host->net, fx->dev->name, "proxy_qlen", 3);
	for (int round = 0; round < 2; round++) {
		sent(fx);
		for (int i = 0; i < 20; i++) {
			snprintf(tip, sizeof(tip), "10.0.0.%d", 100 + i);
			receive(fx, &(struct arp_spec)P(1, "10.0.0.2", tip, peer_mac, BC));
		}
		assert_int_equal(fx->tbl->proxy_queue.qlen, 4);
		if (round) /* they are forgotten when the device goes down */
			netdev_set_up(fx->dev, false);
		else /* somebody waits for them: the run goes on */
			assert_int_equal(sim_run(fx->sim, SIM_FOREVER), SIM_IDLE);
		assert_int_equal(fx->tbl->proxy_queue.qlen, 0);
		assert_int_equal(sent(fx), round ? 0 : 4);
	}
	assert_int_equal(skb_drop_count(fx->host->net, SKB_DROP_REASON_NEIGH_PROXYFULL), 32);
	assert_int_equal(skb_drop_count(fx->host->net, SKB_DROP_REASON_DEV_DOWN), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reactions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flip_flop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_senders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arp_accept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arp_ignore, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arp_announce, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arp_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_arp_notify, setup, teardown),
		cmocka_unit_test_setup_teardown(test_proxy_arp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_proxy_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_proxy_queue, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
