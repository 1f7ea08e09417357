/*
 * Packets that should not be: what IP and ICMP make of them (dropped with a reason, counted, answered or
 * not), and forwarding between two cards. The answers are what the card is given to send.
 */
#include "tests/stack/ip_bench.h"

#include "stack/internet/fib.h"

static u64 drops(const struct ip_bench *b, enum skb_drop_reason reason)
{
	return skb_drop_count(b->net, reason);
}

/* A ping in this header; the header's checksum is right. */
static void ping_with(struct ip_bench *b, struct iphdr iph)
{
	u8 ping[64];

	bench_icmp_fill(ping, 64, ICMP_ECHO, 0);
	bench_receive(b, b->dev, &iph, 20, true, ping, 64);
}

static struct iphdr good(struct ip_bench *b)
{
	return bench_header(b, IPPROTO_ICMP, 64);
}

static void test_headers(void **state)
{
	struct ip_bench *b = *state;
	u8 ping[64];
	struct iphdr iph;

	bench_icmp_fill(ping, 64, ICMP_ECHO, 0);
	ping_with(b, good(b));
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], 1);

	iph = good(b); /* not IPv4 */
	iph.version = 5;
	ping_with(b, iph);
	iph = good(b); /* a header shorter than any */
	iph.ihl = 4;
	ping_with(b, iph);
	iph = good(b); /* longer than the packet */
	iph.tot_len = htons(40);
	iph.ihl = 15;
	bench_receive(b, b->dev, &iph, 20, false, ping, 20);
	iph = good(b); /* a packet shorter than its header */
	iph.tot_len = htons(19);
	ping_with(b, iph);
	assert_int_equal(drops(b, SKB_DROP_REASON_IP_INHDR), 4);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_INHDRERRORS), 4);

	iph = good(b); /* wrong checksum */
	iph.check = htons(0x1234);
	bench_receive(b, b->dev, &iph, 20, false, ping, 64);
	assert_int_equal(drops(b, SKB_DROP_REASON_IP_CSUM), 1);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_CSUMERRORS), 1);
	iph = good(b); /* longer than the frame */
	iph.tot_len = htons(2000);
	ping_with(b, iph);
	assert_int_equal(drops(b, SKB_DROP_REASON_PKT_TOO_SMALL), 1);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_INTRUNCATEDPKTS), 1);
	/* A frame longer than the packet is padded. */
	iph = bench_header(b, IPPROTO_ICMP, 8);
	bench_icmp_fill(ping, 8, ICMP_ECHO, 0);
	bench_receive(b, b->dev, &iph, 20, true, ping, 64);
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], 2);
	assert_int_equal(ntohs(((struct iphdr *)b->seen->last)->tot_len), 28);
	/* The reserved flag and DF are nobody's business at the end of the way; a TTL of 0 neither. */
	iph = good(b);
	iph.frag_off = htons(IP_CE | IP_DF);
	iph.ttl = 0;
	ping_with(b, iph);
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], 3);
}

static void test_martians(void **state)
{
	struct ip_bench *b = *state;
	static const char *const sources[] = { "255.255.255.255", "224.0.0.1", "127.0.0.1", "0.0.0.0",
					       "10.0.0.1" };
	struct iphdr iph;

	for (unsigned i = 0; i < 5; i++) { /* the last is LAND: from myself to myself */
		iph = good(b);
		iph.saddr = inet_addr(sources[i]);
		ping_with(b, iph);
		assert_int_equal(drops(b, SKB_DROP_REASON_IP_MARTIAN), i + 1);
	}
	iph = good(b);
	iph.daddr = inet_addr("127.0.0.1");
	ping_with(b, iph);
	iph.daddr = 0;
	ping_with(b, iph);
	assert_int_equal(drops(b, SKB_DROP_REASON_IP_MARTIAN), 7);
	assert_int_equal(b->seen->ip, 0);
	/* They are told in the log when somebody wants to know. */
	ipv4_devconf_find(b->net, "all")->log_martians = 1;
	ping_with(b, iph);
}

/* Nobody is told of errors with packets to many, of fragments but the first, or of errors. */
static void test_no_error_about(void **state)
{
	struct ip_bench *b = *state;
	struct iphdr iph = bench_header(b, IPPROTO_UDP, 20);
	u8 udp[20] = { 1, 1, 0, 9, 0, 20 }; /* to a port that nobody has */

	iph.daddr = inet_addr("224.0.0.1");
	bench_receive(b, b->dev, &iph, 20, true, udp, 20);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_INMCASTPKTS), 1);
	iph.daddr = inet_addr("239.1.2.3"); /* not a member */
	bench_receive(b, b->dev, &iph, 20, true, udp, 20);
	assert_int_equal(drops(b, SKB_DROP_REASON_MULTICAST), 1);
	iph.daddr = inet_addr("10.0.0.255");
	bench_receive(b, b->dev, &iph, 20, true, udp, 20);
	assert_int_equal(b->net->mib.udp_statistics[UDP_MIB_IGNOREDMULTI], 2);
	iph = bench_header(b, 200, 20); /* the second fragment of a protocol that nobody knows: it waits */
	iph.frag_off = htons(5);
	bench_receive(b, b->dev, &iph, 20, true, udp, 20);
	/* a SYN to many: TCP looks at nothing but what is for this host */
	iph = bench_header(b, IPPROTO_TCP, 20);
	iph.daddr = inet_addr("224.0.0.1");
	bench_receive(b, b->dev, &iph, 20, true, udp, 20);
	bench_run(b, 40 * SEC);
	assert_int_equal(b->seen->ip, 0);
}

/* Whatever comes with DF and MF both is a fragment like others. */
static void test_df_and_mf(void **state)
{
	struct ip_bench *b = *state;
	struct iphdr iph = bench_header(b, IPPROTO_ICMP, 32);
	u8 msg[64];

	bench_icmp_fill(msg, 64, ICMP_ECHO, 0);
	iph.frag_off = htons(IP_DF | IP_MF);
	bench_receive(b, b->dev, &iph, 20, true, msg, 32);
	iph.frag_off = htons(IP_DF | 4);
	bench_receive(b, b->dev, &iph, 20, true, msg + 32, 32);
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], 1);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMOKS), 1);
}

static void test_unknown_protocol(void **state)
{
	struct ip_bench *b = *state;

	for (int i = 0; i < 100; i++) {
		struct iphdr iph = bench_header(b, i % 2 ? 255 : 200, 64);

		bench_receive(b, b->dev, &iph, 20, true, "x", 0);
		iph.tot_len = htons(20);
		bench_receive(b, b->dev, &iph, 20, true, NULL, 0);
	}
	assert_int_equal(ip_stat(b, IPSTATS_MIB_INUNKNOWNPROTOS),
			 200 - drops(b, SKB_DROP_REASON_PKT_TOO_SMALL));
	/* The sender is told, but not a hundred times: six at once, then one a second. */
	assert_in_range(b->seen->icmp[ICMP_DEST_UNREACH], 1, 7);
	assert_int_equal(b->seen->last[21], ICMP_PROT_UNREACH);
	int before = b->seen->icmp[ICMP_DEST_UNREACH];
	bench_run(b, 3 * SEC);
	for (int i = 0; i < 10; i++) {
		struct iphdr iph = bench_header(b, 200, 0);

		bench_receive(b, b->dev, &iph, 20, true, NULL, 0);
	}
	assert_in_range(b->seen->icmp[ICMP_DEST_UNREACH], before + 2, before + 4);
}

/* Errors to many hosts: about fifty at once (the credit goes by 0 to 2, at random), then a thousand a second.
 * Answers are not limited. */
static void test_rate_limit_of_all(void **state)
{
	struct ip_bench *b = *state;
	u8 ping[64];
	char peer[24];

	for (int round = 0; round < 2; round++, bench_run(b, 5 * SEC)) {
		for (int i = 0; i < 200; i++) {
			struct iphdr iph = bench_header(b, 200, 0);

			snprintf(peer, sizeof(peer), "10.0.0.%d", 20 + i);
			bench_add_neigh(b, b->dev, peer);
			iph.saddr = inet_addr(peer);
			bench_receive(b, b->dev, &iph, 20, true, NULL, 0);
		}
		assert_in_range(b->seen->icmp[ICMP_DEST_UNREACH], 30, 75);
		b->seen->icmp[ICMP_DEST_UNREACH] = 0;
	}
	bench_icmp_fill(ping, 64, ICMP_ECHO, 0);
	for (int i = 0; i < 200; i++) {
		struct iphdr iph = good(b);

		bench_receive(b, b->dev, &iph, 20, true, ping, 64);
	}
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], 200);
}

/* A header with these options (padded with zeros) and a ping. */
static void ping_with_options(struct ip_bench *b, const u8 *opt, unsigned len)
{
	u8 packet[60] = { 0 }, ping[64];
	unsigned hlen = 20 + ((len + 3) & ~3u);
	struct iphdr iph = good(b);

	iph.ihl = (u8)(hlen / 4) & 15;
	iph.tot_len = htons((u16)(hlen + 64));
	memcpy(packet, &iph, 20);
	memcpy(packet + 20, opt, len);
	bench_icmp_fill(ping, 64, ICMP_ECHO, 0);
	bench_receive(b, b->dev, packet, hlen, true, ping, 64);
}

static void test_options(void **state)
{
	struct ip_bench *b = *state;
	static const struct {
		u8 opt[12], len;
	} bad[] = {
		{ { 7, 0, 4 }, 4 },			  /* length 0 */
		{ { 7, 1, 4 }, 4 },			  /* length 1 */
		{ { 7, 11, 10, 0 }, 12 },		  /* no room for a whole address */
		{ { 7, 11, 2 }, 12 },			  /* pointer before the entries */
		{ { 7, 200, 4 }, 12 },			  /* longer than the header */
		{ { 68, 8, 3, 0 }, 8 },			  /* pointer of the time stamps */
		{ { 68, 8, 9, 0xf0 }, 8 },		  /* full, and the overflow counter as well */
		{ { 1, 1, 1, 7 }, 4 },			  /* cut off */
		{ { 7, 7, 4, 0, 0, 0, 0, 7, 4, 4 }, 12 }, /* twice */
	};
	static const u8 rr[] = { 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
			lsrr[] = { 131, 7, 4, 10, 0, 0, 9, 0 },
			ts[] = { 68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	__be32 me = inet_addr("10.0.0.1");
	int told = 0;

	for (unsigned i = 0; i < 9; i++) {
		ping_with_options(b, bad[i].opt, bad[i].len);
		assert_int_equal(drops(b, SKB_DROP_REASON_IP_OPTIONS), i + 1);
		assert_int_equal(ip_stat(b, IPSTATS_MIB_INHDRERRORS), i + 1);
		bench_run(b, 2 * SEC);
		told = b->seen->icmp[ICMP_PARAMETERPROB];
	}
	assert_int_equal(told, 9);
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], 0);
	/* Source routes are refused without a word. */
	ping_with_options(b, lsrr, 8);
	assert_int_equal(drops(b, SKB_DROP_REASON_IP_OPTIONS), 10);
	assert_int_equal(b->seen->ip, 9);
	/* Record route: the answer has our address twice, as it came in and as it left. */
	ping_with_options(b, rr, 12);
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], 1);
	assert_int_equal(b->seen->last[0], 0x48);
	assert_int_equal(b->seen->last[22], 12);
	assert_memory_equal(b->seen->last + 23, &me, 4);
	assert_memory_equal(b->seen->last + 27, &me, 4);
	/* Time stamps: two entries as well. */
	ping_with_options(b, ts, 12);
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], 2);
	assert_int_equal(b->seen->last[22], 13);
}

/* ---- ICMP ---- */

static void icmp(struct ip_bench *b, struct iphdr iph, u8 *msg, unsigned len, bool sum)
{
	__sum16 s;

	iph.tot_len = htons((u16)(20 + len));
	if (sum && len >= 4) {
		msg[2] = msg[3] = 0;
		s = csum_fold(csum_partial(msg, (int)len, 0));
		memcpy(msg + 2, &s, 2);
	}
	bench_receive(b, b->dev, &iph, 20, true, msg, len);
}

static void test_icmp_requests(void **state)
{
	struct ip_bench *b = *state;
	u8 msg[1400] = { ICMP_ECHO };
	struct iphdr iph = good(b);

	msg[5] = 1;
	icmp(b, iph, msg, 64, false); /* wrong checksum */
	assert_int_equal(icmp_stat(b, ICMP_MIB_CSUMERRORS), 1);
	assert_int_equal(drops(b, SKB_DROP_REASON_ICMP_CSUM), 1);
	for (unsigned len = 0; len < 8; len++) /* too short */
		icmp(b, iph, msg, len, true);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INERRORS), 9);
	icmp(b, iph, msg, 8, true); /* no data: answered */
	icmp(b, iph, msg, 1400, true);
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], 2);
	/* Smurf: to everybody. */
	iph.daddr = inet_addr("10.0.0.255");
	icmp(b, iph, msg, 64, true);
	iph.daddr = inet_addr("255.255.255.255");
	icmp(b, iph, msg, 64, true);
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], 2);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INERRORS), 11);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INECHOS), 4); /* those to everybody count as echos too */
	b->net->ipv4.sysctl_icmp_echo_ignore_broadcasts = 0;
	icmp(b, iph, msg, 64, true);
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], 3);
	/* The time is told, an address mask is not. */
	iph = good(b);
	msg[0] = ICMP_TIMESTAMP;
	icmp(b, iph, msg, 20, true);
	assert_int_equal(b->seen->icmp[ICMP_TIMESTAMPREPLY], 1);
	icmp(b, iph, msg, 10, true);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INERRORS), 12);
	msg[0] = ICMP_ADDRESS;
	icmp(b, iph, msg, 20, true);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INADDRMASKS), 1);
	for (unsigned type = 19; type < 256; type++) { /* nobody knows these */
		msg[0] = (u8)type;
		icmp(b, iph, msg, 20, true);
	}
	assert_int_equal(b->seen->ip, 4);
	assert_int_equal(icmp_stat(b, ICMP_MIB_OUTMSGS), 4);
	/* 237 types are errors; PROBE and its answer are ignored without a word */
	assert_int_equal(icmp_stat(b, ICMP_MIB_INERRORS), 12 + 237 - 2);
	/* To the group that every host is a member of: as to everybody. */
	b->net->ipv4.sysctl_icmp_echo_ignore_broadcasts = 1;
	msg[0] = ICMP_ECHO;
	iph.daddr = inet_addr("224.0.0.1");
	icmp(b, iph, msg, 64, true);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INERRORS), 12 + 237 - 2 + 1);
	assert_int_equal(b->seen->ip, 4);
}

/* An error that quotes a packet of ours to the peer. */
static unsigned error_about(u8 *msg, u8 type, u8 code, u16 mtu, u8 protocol)
{
	struct iphdr iph = { .version = 4, .ihl = 5, .tot_len = htons(84), .ttl = 60, .protocol = protocol };

	memset(msg, 0, 100);
	msg[0] = type;
	msg[1] = code;
	msg[6] = (u8)(mtu >> 8);
	msg[7] = (u8)mtu;
	iph.saddr = inet_addr("10.0.0.1");
	iph.daddr = inet_addr(PEER);
	memcpy(msg + 8, &iph, 20);
	msg[28] = ICMP_ECHOREPLY;
	return 8 + 28;
}

static u32 path_mtu(struct ip_bench *b)
{
	struct rtable *rt = ip_route_output(b->net, inet_addr(PEER), 0, 0, 0);
	u32 mtu = dst_mtu(&rt->dst);

	ip_rt_put(rt);
	return mtu;
}

static void test_frag_needed(void **state)
{
	struct ip_bench *b = *state;
	struct iphdr iph = good(b);
	static const u16 mtus[] = { 2000, 1500, 1400, 1450, 1000, 552, 68, 1, 0 };
	static const u32 want[] = { 1500, 1500, 1400, 1400, 1000, 552, 552, 552, 552 };
	u8 msg[128];

	for (unsigned i = 0; i < 9; i++) {
		icmp(b, iph, msg,
		     error_about(msg, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtus[i], IPPROTO_ICMP), true);
		assert_int_equal(path_mtu(b), want[i]);
	}
	/* Other destinations are not affected; after ten minutes this one is not either. */
	bench_run(b, 590 * SEC);
	assert_int_equal(path_mtu(b), 552);
	bench_run(b, 11 * SEC);
	assert_int_equal(path_mtu(b), 1500);
	/* ip_no_pmtu_disc 2: not believed. */
	b->net->ipv4.sysctl_ip_no_pmtu_disc = 2;
	icmp(b, iph, msg, error_about(msg, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000, IPPROTO_ICMP), true);
	assert_int_equal(path_mtu(b), 1500);
	assert_int_equal(b->seen->ip, 0); /* no error is ever answered */
}

static void test_icmp_errors(void **state)
{
	struct ip_bench *b = *state;
	struct iphdr iph = good(b);
	u8 msg[128];
	unsigned len;

	for (unsigned code = 0; code < 256; code++) {
		len = error_about(msg, ICMP_DEST_UNREACH, (u8)code, 0, code % 2 ? IPPROTO_TCP : IPPROTO_UDP);
		icmp(b, iph, msg, len, true);
		icmp(b, iph, msg, code % 36, true); /* the quoted header is cut off */
	}
	for (u8 type = 0; type <= NR_ICMP_TYPES; type++) {
		if (type == ICMP_ECHO || type == ICMP_TIMESTAMP)
			continue;
		for (unsigned cut = 0; cut < 36; cut++) {
			error_about(msg, type, 0, 0, 200);
			icmp(b, iph, msg, cut, true);
		}
	}
	/* The quoted header is none. */
	len = error_about(msg, ICMP_TIME_EXCEEDED, 0, 0, IPPROTO_ICMP);
	msg[8] = 0x42;
	icmp(b, iph, msg, len, true);
	msg[8] = 0x4f;
	icmp(b, iph, msg, len, true);
	assert_int_equal(b->seen->ip, 0);
	assert_true(icmp_stat(b, ICMP_MIB_INERRORS) > 100);
}

static void test_redirect(void **state)
{
	struct ip_bench *b = *state;
	struct iphdr iph = good(b);
	__be32 far = inet_addr("192.168.1.1"), gw = inet_addr("10.0.0.3");
	struct rtable *rt;
	u8 msg[128];
	unsigned len = error_about(msg, ICMP_REDIRECT, ICMP_REDIR_HOST, 0, IPPROTO_ICMP);

	bench_add_neigh(b, b->dev, "10.0.0.3");
	assert_int_equal(ip_route_add(b->host, 0, 0, inet_addr(PEER), NULL, 0), 0);
	memcpy(msg + 4, &gw, 4);
	memcpy(msg + 8 + 16, &far, 4);
	/* Only from the gateway that we use, ... */
	iph.saddr = inet_addr("10.0.0.9");
	icmp(b, iph, msg, len, true);
	rt = ip_route_output(b->net, far, 0, 0, 0);
	assert_int_equal(rt->rt_gw4, inet_addr(PEER));
	ip_rt_put(rt);
	/* ... not by a router, ... */
	iph.saddr = inet_addr(PEER);
	inet_forward_change(b->net, true);
	icmp(b, iph, msg, len, true);
	rt = ip_route_output(b->net, far, 0, 0, 0);
	assert_int_equal(rt->rt_gw4, inet_addr(PEER));
	ip_rt_put(rt);
	inet_forward_change(b->net, false);
	/* ... and then for this destination only. */
	icmp(b, iph, msg, len, true);
	rt = ip_route_output(b->net, far, 0, 0, 0);
	assert_int_equal(rt->rt_gw4, gw);
	assert_true(rt->rt_flags & RTCF_REDIRECTED);
	ip_rt_put(rt);
	rt = ip_route_output(b->net, inet_addr("192.168.1.2"), 0, 0, 0);
	assert_int_equal(rt->rt_gw4, inet_addr(PEER));
	ip_rt_put(rt);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INREDIRECTS), 3);
	bench_run(b, 301 * SEC); /* it is forgotten */
	rt = ip_route_output(b->net, far, 0, 0, 0);
	assert_int_equal(rt->rt_gw4, inet_addr(PEER));
	ip_rt_put(rt);
}

/* ---- forwarding ---- */

struct router {
	struct net_device *dev2;
	struct seen *out;
};

static struct router router_setup(struct ip_bench *b)
{
	struct router r;

	r.dev2 = bench_add_dev(b, 2, "10.0.9.1");
	r.out = netdev_priv(r.dev2);
	bench_add_neigh(b, r.dev2, "10.0.9.2");
	inet_forward_change(b->net, true);
	return r;
}

static struct iphdr passing(struct ip_bench *b, const char *to, unsigned len)
{
	struct iphdr iph = bench_header(b, IPPROTO_ICMP, len);

	iph.daddr = inet_addr(to);
	return iph;
}

static void test_forward(void **state)
{
	struct ip_bench *b = *state;
	struct router r = router_setup(b);
	u8 ping[1480];
	struct iphdr iph;

	bench_icmp_fill(ping, 64, ICMP_ECHO, 0);
	iph = passing(b, "10.0.9.2", 64);
	bench_receive(b, b->dev, &iph, 20, true, ping, 64);
	assert_int_equal(r.out->icmp[ICMP_ECHO], 1);
	assert_int_equal(r.out->last[8], 63);
	assert_int_equal(ip_fast_csum(r.out->last, 5), 0);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_OUTFORWDATAGRAMS), 1);
	/* One hop to live, or none. */
	for (u8 ttl = 0; ttl < 2; ttl++) {
		iph.ttl = ttl;
		bench_receive(b, b->dev, &iph, 20, true, ping, 64);
	}
	assert_int_equal(drops(b, SKB_DROP_REASON_IP_TTL), 2);
	assert_int_equal(b->seen->icmp[ICMP_TIME_EXCEEDED], 2);
	/* The way out is narrower. */
	rtnl_lock(b->host);
	assert_int_equal(dev_set_mtu(r.dev2, 700), 0);
	rtnl_unlock(b->host);
	bench_icmp_fill(ping, 1480, ICMP_ECHO, 0);
	iph = passing(b, "10.0.9.2", 1480);
	iph.frag_off = htons(IP_DF);
	bench_receive(b, b->dev, &iph, 20, true, ping, 1480);
	assert_int_equal(drops(b, SKB_DROP_REASON_IP_MTU), 1);
	assert_int_equal(b->seen->icmp[ICMP_DEST_UNREACH], 1);
	assert_int_equal(b->seen->last[21], ICMP_FRAG_NEEDED);
	assert_int_equal(b->seen->last[26] << 8 | b->seen->last[27], 700);
	iph.frag_off = 0;
	bench_receive(b, b->dev, &iph, 20, true, ping, 1480);
	assert_int_equal(r.out->fragments, 3);
	/* A fragment is cut again; its parts keep their place and "more". */
	iph.frag_off = htons(IP_MF | 185);
	bench_receive(b, b->dev, &iph, 20, true, ping, 1480);
	assert_int_equal(r.out->fragments, 6);
	assert_int_equal(ntohs(((struct iphdr *)r.out->last)->frag_off), IP_MF | (185 + 2 * 85));
	bench_drop_dev(r.dev2);
}

static void test_forward_refusals(void **state)
{
	struct ip_bench *b = *state;
	struct router r = router_setup(b);
	static const struct {
		const char *to;
		u8 type;
		int code; /* -1: nothing is said */
	} cases[] = {
		{ "10.1.0.1", RTN_BLACKHOLE, -1 },
		{ "10.2.0.1", RTN_UNREACHABLE, ICMP_HOST_UNREACH },
		{ "10.3.0.1", RTN_PROHIBIT, ICMP_PKT_FILTERED },
		{ "10.4.0.1", 0, ICMP_NET_UNREACH },
	};
	struct iphdr iph;
	u8 ping[64];
	int told = 0;

	bench_icmp_fill(ping, 64, ICMP_ECHO, 0);
	for (unsigned i = 0; i < 4; i++) {
		struct ip_route_spec spec = { .dst = inet_addr(cases[i].to),
					      .plen = 32,
					      .type = cases[i].type };

		if (cases[i].type)
			assert_int_equal(ip_route_add_spec(b->host, &spec), 0);
		iph = passing(b, cases[i].to, 64);
		bench_receive(b, b->dev, &iph, 20, true, ping, 64);
		told += cases[i].code >= 0;
		assert_int_equal(b->seen->icmp[ICMP_DEST_UNREACH], told);
		if (cases[i].code >= 0)
			assert_int_equal(b->seen->last[21], cases[i].code);
		bench_run(b, 5 * SEC);
	}
	assert_int_equal(drops(b, SKB_DROP_REASON_IP_INNOROUTES), 4);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_INNOROUTES), 1);
	/* A host is no router. */
	inet_forward_change(b->net, false);
	iph = passing(b, "10.0.9.2", 64);
	bench_receive(b, b->dev, &iph, 20, true, ping, 64);
	assert_int_equal(drops(b, SKB_DROP_REASON_IP_NOT_FORWARDING), 1);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_INADDRERRORS), 1);
	assert_int_equal(r.out->ip, 0);
	bench_drop_dev(r.dev2);
}

static void test_rp_filter(void **state)
{
	struct ip_bench *b = *state;
	struct router r = router_setup(b);
	struct iphdr iph = passing(b, "10.0.9.2", 64);
	u8 ping[64];

	bench_icmp_fill(ping, 64, ICMP_ECHO, 0);
	iph.saddr = inet_addr("10.0.9.7"); /* lives on the other side */
	bench_receive(b, b->dev, &iph, 20, true, ping, 64);
	assert_int_equal(r.out->ip, 1);
	ipv4_devconf_find(b->net, "all")->rp_filter = 1;
	bench_receive(b, b->dev, &iph, 20, true, ping, 64);
	assert_int_equal(r.out->ip, 1);
	assert_int_equal(drops(b, SKB_DROP_REASON_IP_RPFILTER), 1);
	assert_int_equal(b->net->mib.net_statistics[LINUX_MIB_IPRPFILTER], 1);
	ipv4_devconf_find(b->net, "all")->rp_filter = 2; /* loose: there is a way back, whichever */
	bench_receive(b, b->dev, &iph, 20, true, ping, 64);
	assert_int_equal(r.out->ip, 2);
	iph.saddr = inet_addr("172.16.0.1");
	bench_receive(b, b->dev, &iph, 20, true, ping, 64);
	assert_int_equal(drops(b, SKB_DROP_REASON_IP_RPFILTER), 2);
	bench_drop_dev(r.dev2);
}

/* Out by the link that it came from: the sender is told of the shorter way, ever more seldom. */
static void test_send_redirect(void **state)
{
	struct ip_bench *b = *state;
	struct router r = router_setup(b);
	struct iphdr iph = passing(b, "10.5.0.1", 64);
	__be32 gw = inet_addr("10.0.0.3");
	u8 ping[64];

	bench_add_neigh(b, b->dev, "10.0.0.3");
	assert_int_equal(ip_route_add(b->host, inet_addr("10.5.0.0"), 16, gw, NULL, 0), 0);
	bench_icmp_fill(ping, 64, ICMP_ECHO, 0);
	for (int i = 0; i < 100; i++) {
		bench_receive(b, b->dev, &iph, 20, true, ping, 64);
		if (i == 0) {
			assert_int_equal(b->seen->icmp[ICMP_REDIRECT], 1);
			assert_int_equal(b->seen->icmp[ICMP_ECHO], 1);
		}
		bench_run(b, SEC);
	}
	assert_int_equal(b->seen->icmp[ICMP_ECHO], 100); /* forwarded all the same */
	assert_int_equal(b->seen->icmp[ICMP_REDIRECT], 9);
	bench_drop_dev(r.dev2);
}

/* Anything at all in a header and behind it. */
static void test_random(void **state)
{
	struct ip_bench *b = *state;
	struct router r = router_setup(b);
	struct random rnd;
	u8 data[200];

	random_init(&rnd, b->sim, "test", "ip");
	for (int i = 0; i < 30000; i++) {
		struct iphdr iph = random_below(&rnd, 2) ? passing(b, "10.0.9.2", 64) : good(b);
		unsigned len = random_below(&rnd, sizeof(data));
		u8 *raw = (u8 *)&iph;

		random_bytes(&rnd, data, len);
		data[0] = (u8)random_below(&rnd, 20);
		iph.tot_len = htons((u16)(20 + len));
		iph.ihl = 5 + (random_below(&rnd, 3) ? 0 : random_below(&rnd, 11));
		iph.protocol = random_below(&rnd, 4) ? IPPROTO_ICMP : (u8)random_below(&rnd, 256);
		if (random_below(&rnd, 4) == 0)
			raw[random_below(&rnd, 20)] = (u8)random_below(&rnd, 256);
		if (len >= 8 && iph.protocol == IPPROTO_ICMP && iph.ihl == 5 && random_below(&rnd, 2)) {
			__sum16 s;

			data[2] = data[3] = 0;
			s = csum_fold(csum_partial(data, (int)len, 0));
			memcpy(data + 2, &s, 2);
		}
		bench_receive(b, b->dev, &iph, 20, random_below(&rnd, 20) != 0, data, len);
		if (random_below(&rnd, 1000) == 0)
			bench_run(b, SEC);
	}
	bench_run(b, 40 * SEC);
	bench_drop_dev(r.dev2);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_headers),	      TEST(test_martians),	   TEST(test_no_error_about),
		TEST(test_df_and_mf),	      TEST(test_unknown_protocol), TEST(test_options),
		TEST(test_icmp_requests),     TEST(test_frag_needed),	   TEST(test_icmp_errors),
		TEST(test_redirect),	      TEST(test_forward),	   TEST(test_rp_filter),
		TEST(test_send_redirect),     TEST(test_forward_refusals), TEST(test_random),
		TEST(test_rate_limit_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
