/*
 * Multicast membership: which IGMP messages each step of a program leads to, answers to queries of all
 * versions, what the card is told, which packets get in, and to which sockets. The expected messages were
 * recorded on a real Linux with the same steps (its timers are shorter than the pauses between them).
 */
#include "tests/stack/ip_bench.h"

#include <arpa/inet.h>

#include "stack/application/syscalls.h"
#include "stack/internet/igmp.h"
#include "stack/transport/udp.h"

#define G "239.1.1.1"
#define ME "10.0.0.1"

/* ---- what the device is given ---- */

static char wire[2000]; /* IGMP messages, a line each */
static int data_frames;

static void note(const char *text)
{
	strncat(wire, text, sizeof(wire) - strlen(wire) - 1);
}

static const char *dotted(__be32 addr)
{
	static char text[4][16];
	static int nr;
	char *to = text[nr++ % 4];

	inet_ntop(AF_INET, &addr, to, 16);
	return to;
}

static void note_igmp(const struct iphdr *iph, const u8 *igmp)
{
	const struct igmpv3_report *rep = (const void *)igmp;
	const u8 *p = igmp + sizeof(*rep);
	char line[200];

	if (iph->ttl != 1 || iph->ihl != 6 || iph->tos != 0xc0 || ((const u8 *)iph)[20] != IPOPT_RA)
		note("bad header\n");
	if (csum_fold(csum_partial(igmp, ntohs(iph->tot_len) - 24, 0)))
		note("bad checksum\n");
	if (igmp[0] != IGMPV3_HOST_MEMBERSHIP_REPORT) {
		snprintf(line, sizeof(line), "%02x %s > %s\n", igmp[0],
			 dotted(((const struct igmphdr *)igmp)->group), dotted(iph->daddr));
		note(line);
		return;
	}
	if (iph->daddr != IGMPV3_ALL_MCR)
		note("bad destination\n");
	for (int i = 0; i < ntohs(rep->ngrec); i++) {
		const struct igmpv3_grec *gr = (const void *)p;

		snprintf(line, sizeof(line), "%s%d %s", i ? ", " : "", gr->grec_type, dotted(gr->grec_mca));
		note(line);
		for (int k = 0; k < ntohs(gr->grec_nsrcs); k++) {
			snprintf(line, sizeof(line), " %s", dotted(gr->grec_src[k]));
			note(line);
		}
		p += sizeof(*gr) + 4u * ntohs(gr->grec_nsrcs);
	}
	note("\n");
}

static netdev_tx_t igmp_xmit(struct sk_buff *skb, struct net_device *dev __maybe_unused)
{
	u8 packet[2000];
	const struct iphdr *iph = (const void *)packet;

	if (skb->protocol == htons(ETH_P_IP)) {
		skb_copy_bits(skb, 14, packet, (int)min_t(unsigned, skb->len - 14, sizeof(packet)));
		if (iph->protocol == IPPROTO_IGMP)
			note_igmp(iph, packet + iph->ihl * 4);
		else
			data_frames++;
	}
	consume_skb(skb);
	return NETDEV_TX_OK;
}

/* ---- the program ---- */

struct prog {
	struct ip_bench *b;
	void (*body)(struct prog *p);
	struct task_struct *t;
	int failed;
	bool done;
	char detail[400];
};

#define CHECK(p, cond) ((cond) || (p)->failed ? (void)0 : (void)((p)->failed = __LINE__))

static int udp(struct prog *p)
{
	return (int)sys_socket(p->t, AF_INET, SOCK_DGRAM, 0);
}

/* Lets ms pass; then exactly these messages have been sent. */
static void expect_at(struct prog *p, int line, int ms, const char *want)
{
	schedule_timeout_uninterruptible(p->b->host, ms * HZ / 1000);
	if (strcmp(wire, want) && !p->failed) {
		p->failed = line;
		snprintf(p->detail, sizeof(p->detail), "sent:\n%.150sexpected:\n%.150s", wire, want);
	}
	wire[0] = '\0';
}
#define expect(p, ms, want) expect_at(p, __LINE__, ms, want)

static long member(struct prog *p, int fd, int name, const char *group)
{
	struct ip_mreq m = { { inet_addr(group) }, { inet_addr(ME) } };

	return sys_setsockopt(p->t, fd, IPPROTO_IP, name, &m, sizeof(m));
}

static long source(struct prog *p, int fd, int name, const char *group, const char *from)
{
	struct ip_mreq_source m = { { inet_addr(group) }, { inet_addr(ME) }, { inet_addr(from) } };

	return sys_setsockopt(p->t, fd, IPPROTO_IP, name, &m, sizeof(m));
}

static long filter(struct prog *p, int fd, unsigned mode, unsigned n, const char *s1, const char *s2)
{
	u32 m[6] = {
		inet_addr(G), inet_addr(ME), mode, n, n > 0 ? inet_addr(s1) : 0, n > 1 ? inet_addr(s2) : 0
	};

	return sys_setsockopt(p->t, fd, IPPROTO_IP, IP_MSFILTER, m, 16 + 4 * (int)n);
}

static void prog_main(void *arg)
{
	struct prog *p = arg;

	p->t = current(p->b->host);
	p->body(p);
	p->done = true;
}

static void run(struct ip_bench *b, void (*body)(struct prog *p))
{
	static struct net_device_ops ops;
	static struct prog p;

	ops = *b->dev->netdev_ops;
	ops.ndo_start_xmit = igmp_xmit;
	b->dev->netdev_ops = &ops;
	wire[0] = '\0';
	data_frames = 0;
	p = (struct prog){ .b = b, .body = body };
	assert_non_null(user_task_create(b->host, "prog", prog_main, &p));
	bench_run(b, 300 * SEC);
	assert_true(p.done);
	if (p.failed)
		fail_msg("check in line %d\n%s", p.failed, p.detail);
}

/* ---- frames in ---- */

static void to_group(struct ip_bench *b, struct iphdr *iph, unsigned hlen, const void *payload, unsigned len)
{
	static const u8 mac[6] = { 1, 0, 0x5e, 0, 0, 1 };
	struct sk_buff *skb = netdev_alloc_skb_ip_align(b->host, b->dev, 1000);

	memset(skb_put(skb, 14), 0, 14);
	memcpy(skb->data, mac, 6);
	skb->data[12] = 8;
	iph->check = 0;
	iph->check = ip_fast_csum((u8 *)iph, iph->ihl);
	skb_put_data(skb, iph, hlen);
	skb_put_data(skb, payload, len);
	skb->protocol = eth_type_trans(skb, b->dev);
	local_bh_disable(b->host);
	netif_receive_skb(skb);
	local_bh_enable(b->host);
}

static void igmp_in(struct ip_bench *b, const char *dst, u8 *igmp, unsigned len)
{
	struct {
		struct iphdr iph;
		u8 ra[4];
	} h = { bench_header(b, IPPROTO_IGMP, 4 + len), { IPOPT_RA, 4, 0, 0 } };
	__sum16 sum;

	h.iph.ihl = 6;
	h.iph.ttl = 1;
	h.iph.daddr = inet_addr(dst);
	igmp[2] = igmp[3] = 0;
	sum = csum_fold(csum_partial(igmp, (int)len, 0));
	memcpy(igmp + 2, &sum, 2);
	to_group(b, &h.iph, 24, igmp, len);
}

/* A query of version 3 that wants answers within half a second. */
static void query3(struct ip_bench *b, const char *group, int nsrcs, const char *s1, const char *s2)
{
	u8 q[20] = { IGMP_HOST_MEMBERSHIP_QUERY, 5 };
	__be32 addr[3] = { inet_addr(group), nsrcs > 0 ? inet_addr(s1) : 0, nsrcs > 1 ? inet_addr(s2) : 0 };

	memcpy(q + 4, &addr[0], 4);
	q[8] = 2;
	q[9] = 125;
	q[11] = (u8)nsrcs;
	memcpy(q + 12, &addr[1], 8);
	igmp_in(b, addr[0] ? group : "224.0.0.1", q, 12 + 4u * (unsigned)nsrcs);
}

static void message8(struct ip_bench *b, u8 type, u8 code, const char *group, const char *dst)
{
	u8 q[8] = { type, code };
	__be32 addr = inet_addr(group);

	memcpy(q + 4, &addr, 4);
	igmp_in(b, dst, q, 8);
}

/* ---- changes, version 3 ---- */

static void changes_body(struct prog *p)
{
	int a = udp(p), c = udp(p);

	expect(p, 2500, "");
	CHECK(p, member(p, a, IP_ADD_MEMBERSHIP, G) == 0);
	expect(p, 2500, "4 239.1.1.1\n4 239.1.1.1\n");
	CHECK(p, source(p, a, IP_BLOCK_SOURCE, G, "1.1.1.1") == 0);
	expect(p, 2500, "6 239.1.1.1 1.1.1.1\n6 239.1.1.1 1.1.1.1\n");
	CHECK(p, member(p, c, IP_ADD_MEMBERSHIP, G) == 0);
	expect(p, 2500, "5 239.1.1.1 1.1.1.1\n5 239.1.1.1 1.1.1.1\n");
	CHECK(p, member(p, c, IP_DROP_MEMBERSHIP, G) == 0);
	expect(p, 2500, "6 239.1.1.1 1.1.1.1\n6 239.1.1.1 1.1.1.1\n");
	CHECK(p, source(p, a, IP_UNBLOCK_SOURCE, G, "1.1.1.1") == 0);
	expect(p, 2500, "5 239.1.1.1 1.1.1.1\n5 239.1.1.1 1.1.1.1\n");
	CHECK(p, member(p, a, IP_DROP_MEMBERSHIP, G) == 0);
	expect(p, 2500, "3 239.1.1.1\n3 239.1.1.1\n");
	CHECK(p, source(p, a, IP_ADD_SOURCE_MEMBERSHIP, G, "2.2.2.2") == 0);
	expect(p, 2500, "5 239.1.1.1 2.2.2.2\n5 239.1.1.1 2.2.2.2\n");
	CHECK(p, source(p, a, IP_ADD_SOURCE_MEMBERSHIP, G, "3.3.3.3") == 0);
	expect(p, 2500, "5 239.1.1.1 3.3.3.3\n5 239.1.1.1 3.3.3.3\n");
	CHECK(p, member(p, c, IP_ADD_MEMBERSHIP, G) == 0);
	expect(p, 2500, "4 239.1.1.1\n4 239.1.1.1\n");
	CHECK(p, member(p, c, IP_DROP_MEMBERSHIP, G) == 0);
	expect(p, 2500, "3 239.1.1.1 2.2.2.2 3.3.3.3\n3 239.1.1.1 2.2.2.2 3.3.3.3\n");
	CHECK(p, source(p, a, IP_DROP_SOURCE_MEMBERSHIP, G, "2.2.2.2") == 0);
	expect(p, 2500, "6 239.1.1.1 2.2.2.2\n6 239.1.1.1 2.2.2.2\n");
	CHECK(p, source(p, a, IP_DROP_SOURCE_MEMBERSHIP, G, "3.3.3.3") == 0);
	expect(p, 2500, "6 239.1.1.1 3.3.3.3\n6 239.1.1.1 3.3.3.3\n");
	CHECK(p, member(p, a, IP_ADD_MEMBERSHIP, G) == 0);
	CHECK(p, filter(p, a, MCAST_INCLUDE, 2, "5.5.5.5", "6.6.6.6") == 0);
	expect(p, 2500, "3 239.1.1.1 5.5.5.5 6.6.6.6\n3 239.1.1.1 5.5.5.5 6.6.6.6\n");
	CHECK(p, filter(p, a, MCAST_EXCLUDE, 1, "7.7.7.7", NULL) == 0);
	expect(p, 2500, "4 239.1.1.1 7.7.7.7\n4 239.1.1.1 7.7.7.7\n");
	sys_close(p->t, a); /* leaves */
	expect(p, 2500, "3 239.1.1.1\n3 239.1.1.1\n");
}

static void test_changes(void **state)
{
	run(*state, changes_body);
}

/* ---- queries ---- */

static void queries_body(struct prog *p)
{
	int a = udp(p), c = udp(p), d;
	struct ip_bench *b = p->b;

	member(p, a, IP_ADD_MEMBERSHIP, G);
	filter(p, a, MCAST_EXCLUDE, 1, "7.7.7.7", NULL);
	schedule_timeout_uninterruptible(b->host, 2500 * HZ / 1000);
	wire[0] = '\0';
	query3(b, "0.0.0.0", 0, NULL, NULL);
	expect(p, 600, "2 239.1.1.1 7.7.7.7\n");
	query3(b, G, 0, NULL, NULL);
	expect(p, 600, "2 239.1.1.1 7.7.7.7\n");
	query3(b, G, 1, "7.7.7.7", NULL); /* not wanted */
	expect(p, 600, "");
	query3(b, G, 2, "7.7.7.7", "8.8.8.8");
	expect(p, 600, "2 239.1.1.1 7.7.7.7\n");
	query3(b, "0.0.0.0", 1, "7.7.7.7", NULL); /* makes no sense */
	expect(p, 600, "");
	filter(p, a, MCAST_INCLUDE, 2, "5.5.5.5", "6.6.6.6");
	expect(p, 2500, "3 239.1.1.1 5.5.5.5 6.6.6.6\n3 239.1.1.1 5.5.5.5 6.6.6.6\n");
	query3(b, G, 2, "5.5.5.5", "8.8.8.8");
	expect(p, 600, "1 239.1.1.1 5.5.5.5\n");
	query3(b, G, 1, "8.8.8.8", NULL);
	expect(p, 600, "");
	query3(b, "239.9.9.9", 0, NULL, NULL); /* not ours */
	expect(p, 600, "");
	member(p, c, IP_ADD_MEMBERSHIP, "239.2.2.2");
	expect(p, 2500, "4 239.2.2.2\n4 239.2.2.2\n");
	query3(b, "0.0.0.0", 0, NULL, NULL);
	expect(p, 600, "2 239.2.2.2, 1 239.1.1.1 5.5.5.5 6.6.6.6\n");

	/* a router of version 2: only that is spoken, one message a group */
	message8(b, IGMP_HOST_MEMBERSHIP_QUERY, 10, "0.0.0.0", "224.0.0.1");
	schedule_timeout_uninterruptible(b->host, 1100 * HZ / 1000);
	CHECK(p, strstr(wire, "16 239.1.1.1 > 239.1.1.1\n") && strstr(wire, "16 239.2.2.2 > 239.2.2.2\n") &&
			 strlen(wire) == 2 * strlen("16 239.1.1.1 > 239.1.1.1\n"));
	wire[0] = '\0';
	sys_close(p->t, a);
	expect(p, 500, "17 239.1.1.1 > 224.0.0.2\n");
	member(p, c, IP_DROP_MEMBERSHIP, "239.2.2.2");
	expect(p, 500, "17 239.2.2.2 > 224.0.0.2\n");
	d = udp(p);
	member(p, d, IP_ADD_MEMBERSHIP, "239.3.3.3");
	expect(p, 10, "16 239.3.3.3 > 239.3.3.3\n");
	/* another member reports: the router need not be told that we leave */
	message8(b, IGMPV2_HOST_MEMBERSHIP_REPORT, 0, "239.3.3.3", "239.3.3.3");
	member(p, d, IP_DROP_MEMBERSHIP, "239.3.3.3");
	expect(p, 500, "");
	/* of version 1: no leave messages, ten seconds for reports */
	member(p, d, IP_ADD_MEMBERSHIP, "239.3.3.3");
	expect(p, 10, "16 239.3.3.3 > 239.3.3.3\n");
	message8(b, IGMP_HOST_MEMBERSHIP_QUERY, 0, "0.0.0.0", "224.0.0.1");
	expect(p, 10500, "12 239.3.3.3 > 239.3.3.3\n");
	member(p, d, IP_DROP_MEMBERSHIP, "239.3.3.3");
	expect(p, 500, "");
}

static void test_queries(void **state)
{
	run(*state, queries_body);
}

/* 2 x 125 s + 10 s after the last query of an old router, version 3 is spoken again. */
static void fallback_body(struct prog *p)
{
	int a = udp(p);

	message8(p->b, IGMP_HOST_MEMBERSHIP_QUERY, 10, "0.0.0.0", "224.0.0.1");
	member(p, a, IP_ADD_MEMBERSHIP, G);
	schedule_timeout_uninterruptible(p->b->host, 259 * HZ);
	wire[0] = '\0';
	member(p, a, IP_ADD_MEMBERSHIP, "239.2.2.2");
	expect(p, 500, "16 239.2.2.2 > 239.2.2.2\n");
	schedule_timeout_uninterruptible(p->b->host, HZ);
	member(p, a, IP_ADD_MEMBERSHIP, "239.4.4.4");
	expect(p, 500, "4 239.4.4.4\n");
}

static void test_fallback(void **state)
{
	run(*state, fallback_body);
}

static void malformed_body(struct prog *p)
{
	struct ip_bench *b = p->b;
	u8 q[20] = { IGMP_HOST_MEMBERSHIP_QUERY, 5 };
	int a = udp(p);

	member(p, a, IP_ADD_MEMBERSHIP, G);
	expect(p, 2500, "4 239.1.1.1\n4 239.1.1.1\n");
	for (unsigned len = 1; len < 12; len++)
		if (len != 8)
			igmp_in(b, "224.0.0.1", q, len);
	q[4] = 239, q[5] = q[6] = q[7] = 1;
	q[11] = 200; /* sources that are not there */
	igmp_in(b, G, q, 12);
	igmp_in(b, G, q, 20);
	expect(p, 1000, "");
	CHECK(p, skb_drop_count(b->net, SKB_DROP_REASON_IGMP_INVALID) == 12);
	for (int type = 0; type < 256; type++)
		if (type != IGMP_HOST_MEMBERSHIP_QUERY)
			message8(b, (u8)type, 3, G, "224.0.0.1");
	expect(p, 1000, "");
}

static void test_malformed(void **state)
{
	run(*state, malformed_body);
}

/* ---- who gets what ---- */

static bool card_listens(const struct ip_bench *b, const u8 *mac)
{
	struct netdev_hw_addr *ha;

	list_for_each_entry (ha, &b->dev->mc.list, list)
		if (!memcmp(ha->addr, mac, 6))
			return true;
	return false;
}

static void datagram_in(struct ip_bench *b, const char *from, const char *group)
{
	u8 msg[9] = { 0x04, 0xd2, 0x13, 0x88, 0, 9 };
	struct iphdr iph = bench_header(b, IPPROTO_UDP, sizeof(msg));

	iph.saddr = inet_addr(from);
	iph.daddr = inet_addr(group);
	to_group(b, &iph, 20, msg, sizeof(msg));
}

static int got(struct prog *p, int fd)
{
	char buf[10];
	int n = 0;

	while (sys_recv(p->t, fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		n++;
	return n;
}

static void delivery_body(struct prog *p)
{
	static const u8 mac[6] = { 1, 0, 0x5e, 1, 1, 1 }, all[6] = { 1, 0, 0x5e, 0, 0, 1 };
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(5000) };
	int a = udp(p), c = udp(p), one = 1, zero = 0;
	struct ip_bench *b = p->b;

	CHECK(p, card_listens(b, all) && !card_listens(b, mac));
	sys_setsockopt(p->t, a, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	sys_setsockopt(p->t, c, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	CHECK(p, sys_bind(p->t, a, (void *)&sa, sizeof(sa)) == 0 &&
			 sys_bind(p->t, c, (void *)&sa, sizeof(sa)) == 0);
	datagram_in(b, "10.0.0.2", G);
	CHECK(p, got(p, a) == 0 && skb_drop_count(b->net, SKB_DROP_REASON_MULTICAST) == 1);
	/* one joins: both get it, unless the other says that it wants only what it joined */
	member(p, a, IP_ADD_MEMBERSHIP, G);
	CHECK(p, card_listens(b, mac));
	datagram_in(b, "10.0.0.2", G);
	CHECK(p, got(p, a) == 1 && got(p, c) == 1);
	sys_setsockopt(p->t, c, IPPROTO_IP, IP_MULTICAST_ALL, &zero, sizeof(zero));
	datagram_in(b, "10.0.0.2", G);
	CHECK(p, got(p, a) == 1 && got(p, c) == 0);
	CHECK(p, ip_stat(b, IPSTATS_MIB_INMCASTPKTS) == 2);
	/* sources */
	source(p, a, IP_BLOCK_SOURCE, G, "10.0.0.2");
	datagram_in(b, "10.0.0.2", G);
	datagram_in(b, "10.0.0.3", G);
	CHECK(p, got(p, a) == 1);
	source(p, c, IP_ADD_SOURCE_MEMBERSHIP, G, "10.0.0.2");
	datagram_in(b, "10.0.0.2", G);
	CHECK(p, got(p, a) == 0 && got(p, c) == 1);
	datagram_in(b, "10.0.0.3", G);
	CHECK(p, got(p, a) == 1 && got(p, c) == 0);
	/* from addresses that cannot be */
	datagram_in(b, "224.1.1.1", G);
	datagram_in(b, "127.0.0.1", G);
	datagram_in(b, "0.0.0.0", G);
	datagram_in(b, "255.255.255.255", G);
	CHECK(p, got(p, a) == 0 && got(p, c) == 0);
	sys_close(p->t, a);
	sys_close(p->t, c);
	CHECK(p, !card_listens(b, mac) && card_listens(b, all));
}

static void test_delivery(void **state)
{
	run(*state, delivery_body);
}

/* What is sent to an own group comes back, unless IP_MULTICAST_LOOP is off; ttl 0 stays on the host. */
static void loop_body(struct prog *p)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(5000) };
	struct in_addr iface = { inet_addr(ME) };
	int a = udp(p), c = udp(p), zero = 0;

	sys_bind(p->t, a, (void *)&sa, sizeof(sa));
	sa.sin_addr.s_addr = inet_addr(G);
	CHECK(p, sys_sendto(p->t, c, "x", 1, 0, (void *)&sa, sizeof(sa)) == -ENETUNREACH);
	CHECK(p, sys_setsockopt(p->t, c, IPPROTO_IP, IP_MULTICAST_IF, &iface, sizeof(iface)) == 0);
	CHECK(p, sys_sendto(p->t, c, "x", 1, 0, (void *)&sa, sizeof(sa)) == 1);
	expect(p, 10, "");
	CHECK(p, got(p, a) == 0 && data_frames == 1);
	member(p, a, IP_ADD_MEMBERSHIP, G);
	CHECK(p, sys_sendto(p->t, c, "x", 1, 0, (void *)&sa, sizeof(sa)) == 1);
	expect(p, 2500, "4 239.1.1.1\n4 239.1.1.1\n");
	CHECK(p, got(p, a) == 1 && data_frames == 2);
	sys_setsockopt(p->t, c, IPPROTO_IP, IP_MULTICAST_TTL, &zero, sizeof(zero));
	CHECK(p, sys_sendto(p->t, c, "x", 1, 0, (void *)&sa, sizeof(sa)) == 1);
	expect(p, 10, "");
	CHECK(p, got(p, a) == 1 && data_frames == 2);
	sys_setsockopt(p->t, c, IPPROTO_IP, IP_MULTICAST_LOOP, &zero, sizeof(zero));
	CHECK(p, sys_sendto(p->t, c, "x", 1, 0, (void *)&sa, sizeof(sa)) == 1);
	expect(p, 10, "");
	CHECK(p, got(p, a) == 0 && data_frames == 2);
}

static void test_loop(void **state)
{
	run(*state, loop_body);
}

/* ---- the device goes down and up: members stay members ---- */

static void down_body(struct prog *p)
{
	static const u8 mac[6] = { 1, 0, 0x5e, 1, 1, 1 };
	struct ip_bench *b = p->b;
	int a = udp(p);

	member(p, a, IP_ADD_MEMBERSHIP, G);
	expect(p, 2500, "4 239.1.1.1\n4 239.1.1.1\n");
	netdev_set_up(b->dev, false);
	CHECK(p, !card_listens(b, mac));
	expect(p, 2500, "");
	netdev_set_up(b->dev, true);
	CHECK(p, card_listens(b, mac));
	ip_addr_add(b->host, b->dev->name, inet_addr(ME), 24);
	schedule_timeout_uninterruptible(b->host, 2500 * HZ / 1000);
	CHECK(p, strstr(wire, "4 239.1.1.1\n"));
}

static void test_down_and_up(void **state)
{
	run(*state, down_body);
}

/* ---- refusals ---- */

static void errors_body(struct prog *p)
{
	int a = udp(p), tcp = (int)sys_socket(p->t, AF_INET, SOCK_STREAM, 0), len;
	u32 msf[8] = { inet_addr(G), inet_addr(ME), 0, 4 };
	char group[20];

	CHECK(p, member(p, a, IP_ADD_MEMBERSHIP, "10.0.0.9") == -EINVAL);
	CHECK(p, member(p, tcp, IP_ADD_MEMBERSHIP, G) == -EPROTO);
	CHECK(p, sys_setsockopt(p->t, a, IPPROTO_IP, IP_ADD_MEMBERSHIP, group, 7) == -EINVAL);
	CHECK(p, member(p, a, IP_DROP_MEMBERSHIP, G) == -EADDRNOTAVAIL);
	CHECK(p, source(p, a, IP_BLOCK_SOURCE, G, "1.1.1.1") == -EINVAL);
	CHECK(p,
	      member(p, a, IP_ADD_MEMBERSHIP, G) == 0 && member(p, a, IP_ADD_MEMBERSHIP, G) == -EADDRINUSE);
	CHECK(p, source(p, a, IP_UNBLOCK_SOURCE, G, "1.1.1.1") == -EADDRNOTAVAIL);
	CHECK(p, source(p, a, IP_BLOCK_SOURCE, G, "1.1.1.1") == 0);
	CHECK(p, source(p, a, IP_BLOCK_SOURCE, G, "1.1.1.1") == -EADDRNOTAVAIL);
	CHECK(p, source(p, a, IP_ADD_SOURCE_MEMBERSHIP, G, "1.1.1.1") == -EINVAL); /* another mode */
	for (int i = 2; i <= 11; i++) {
		snprintf(group, sizeof(group), "1.1.1.%d", i);
		CHECK(p, source(p, a, IP_BLOCK_SOURCE, G, group) == (i <= 10 ? 0 : -ENOBUFS));
	}
	len = sizeof(msf);
	CHECK(p, sys_getsockopt(p->t, a, IPPROTO_IP, IP_MSFILTER, msf, &len) == 0);
	CHECK(p, len == 32 && msf[2] == MCAST_EXCLUDE && msf[3] == 10);
	for (int i = 2; i <= 21; i++) {
		snprintf(group, sizeof(group), "239.1.2.%d", i);
		CHECK(p, member(p, a, IP_ADD_MEMBERSHIP, group) == (i <= 20 ? 0 : -ENOBUFS));
	}
	/* in a table by now: found, and left in another order */
	for (int i = 20; i >= 2; i -= 3) {
		snprintf(group, sizeof(group), "239.1.2.%d", i);
		CHECK(p, ip_check_mc_rcu(p->b->dev->ip_ptr, inet_addr(group), 0, 17));
		CHECK(p, member(p, a, IP_DROP_MEMBERSHIP, group) == 0);
		CHECK(p, !ip_check_mc_rcu(p->b->dev->ip_ptr, inet_addr(group), 0, 17));
	}
	len = inet_addr("10.0.0.77");
	CHECK(p, sys_setsockopt(p->t, a, IPPROTO_IP, IP_MULTICAST_IF, &len, 4) == -EADDRNOTAVAIL);
	CHECK(p, sys_setsockopt(p->t, tcp, IPPROTO_IP, IP_MULTICAST_IF, &len, 4) == -EINVAL);
}

static void test_errors(void **state)
{
	run(*state, errors_body);
}

/* ---- texts ---- */

static void texts_body(struct prog *p)
{
	char text[1000];
	int a = udp(p);

	member(p, a, IP_ADD_MEMBERSHIP, G);
	source(p, a, IP_BLOCK_SOURCE, G, "1.2.3.4");
	schedule_timeout_uninterruptible(p->b->host, 3 * HZ);
	igmp_mc_seq_show(p->b->net, text, sizeof(text));
	CHECK(p, !strcmp(text, "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
			       "2\teth0      :     2      V3\n"
			       "\t\t\t\t010101EF     1 0:00000000\t\t0\n"
			       "\t\t\t\t010000E0     1 0:00000000\t\t0\n"));
	igmp_mcf_seq_show(p->b->net, text, sizeof(text));
	CHECK(p, !strcmp(text, "Idx Device        MCA        SRC    INC    EXC\n"
			       "  2   eth0 0xef010101 0x01020304      0      1\n"));
	CHECK(p, igmp_mc_seq_show(p->b->net, text, 10) > 100 && strlen(text) == 9);
}

static void test_texts(void **state)
{
	run(*state, texts_body);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_changes),	TEST(test_queries),  TEST(test_fallback),
		TEST(test_malformed),	TEST(test_delivery), TEST(test_loop),
		TEST(test_down_and_up), TEST(test_errors),   TEST(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
