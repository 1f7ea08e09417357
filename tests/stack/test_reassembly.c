/*
 * Reassembly: fragments in every order, and everything that hostile senders do with them. What is put
 * together is a ping, so a right answer shows that every byte is in its place.
 */
#include "tests/stack/ip_bench.h"

#include "stack/internet/inet_frag.h"

#define PING 4000u

static struct fqdir *fqdir(const struct ip_bench *b)
{
	return b->net->inet->fqdir;
}

static u64 drops(const struct ip_bench *b, enum skb_drop_reason reason)
{
	return skb_drop_count(b->net, reason);
}

struct piece {
	const char *saddr; /* NULL: the peer */
	u16 id;
	unsigned offset, len;
	bool more, df;
	u8 tos;
};

static void send_piece(struct ip_bench *b, const u8 *packet, struct piece p)
{
	struct iphdr iph = bench_header(b, IPPROTO_ICMP, p.len);

	iph.tos = p.tos;
	iph.id = htons(p.id);
	iph.frag_off = htons((u16)((p.offset >> 3) | (p.more ? IP_MF : 0) | (p.df ? IP_DF : 0)));
	if (p.saddr)
		iph.saddr = inet_addr(p.saddr);
	bench_receive(b, b->dev, &iph, 20, true, packet + p.offset, p.len);
}

/* The ping's pieces of `size` bytes, in the order of `order` (indices). */
static void send_ping(struct ip_bench *b, u16 id, unsigned size, const int *order, int n)
{
	u8 ping[PING];

	bench_icmp_fill(ping, PING, ICMP_ECHO, 0);
	for (int i = 0; i < n; i++) {
		unsigned off = (unsigned)order[i] * size, len = min(size, PING - off);

		send_piece(b, ping,
			   (struct piece){ .id = id, .offset = off, .len = len, .more = off + len < PING });
	}
}

static void nothing_is_kept(struct ip_bench *b)
{
	bench_run(b, SEC); /* what is freed is freed by RCU */
	assert_int_equal(fqdir(b)->nelems, 0);
	assert_int_equal(fqdir(b)->mem, 0);
}

static void answered(struct ip_bench *b, int pings)
{
	bench_run(b, SEC / 100);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INECHOS), pings);
	assert_int_equal(icmp_stat(b, ICMP_MIB_CSUMERRORS), 0);
	assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], pings);
	assert_int_equal(b->seen->bytes, pings * (int)PING);
}

static void test_orders(void **state)
{
	struct ip_bench *b = *state;
	static const int orders[][5] = {
		{ 0, 1, 2, 3, 4 }, { 4, 3, 2, 1, 0 }, { 2, 0, 4, 1, 3 }, { 4, 0, 1, 2, 3 }, { 1, 2, 3, 4, 0 },
	};

	for (u16 i = 0; i < 5; i++) {
		send_ping(b, i, 800, orders[i], 5);
		answered(b, i + 1);
	}
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMREQDS), 25);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMOKS), 5);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMFAILS), 0);
	/* The answers are 4000 bytes as well: three fragments each. */
	assert_int_equal(b->seen->fragments, 15);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_FRAGCREATES), 15);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_FRAGOKS), 5);
	nothing_is_kept(b);
}

/* Every order of six pieces: 720 pings. */
static void test_all_permutations(void **state)
{
	struct ip_bench *b = *state;
	int p[6] = { 0, 1, 2, 3, 4, 5 }, c[6] = { 0 }, n = 1, i = 1;

	send_ping(b, 0, 672, p, 6);
	while (i < 6) { /* Heap's algorithm */
		if (c[i] < i) {
			int *with = &p[i % 2 ? c[i] : 0], t = *with;

			*with = p[i];
			p[i] = t;
			send_ping(b, (u16)n++, 672, p, 6);
			c[i]++;
			i = 1;
		} else {
			c[i++] = 0;
		}
	}
	assert_int_equal(n, 720);
	answered(b, 720);
	nothing_is_kept(b);
}

static void test_duplicates(void **state)
{
	struct ip_bench *b = *state;
	static const int order[] = { 0, 0, 1, 0, 1, 3, 3, 1, 2, 4 };

	send_ping(b, 1, 800, order, 10);
	answered(b, 1);
	assert_int_equal(drops(b, SKB_DROP_REASON_DUP_FRAG), 5);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMFAILS), 0);
	nothing_is_kept(b);
}

/* Two pieces with these offsets and lengths: what becomes of the packet? */
static void overlap(struct ip_bench *b, u16 id, unsigned off1, unsigned len1, unsigned off2, unsigned len2)
{
	u8 ping[PING];

	bench_icmp_fill(ping, PING, ICMP_ECHO, 0);
	send_piece(b, ping, (struct piece){ .id = id, .offset = off1, .len = len1, .more = true });
	send_piece(b, ping, (struct piece){ .id = id, .offset = off2, .len = len2, .more = true });
}

static void test_overlaps(void **state)
{
	struct ip_bench *b = *state;
	static const unsigned cases[][4] = {
		{ 0, 800, 792, 800 },  /* the tail of the first again */
		{ 800, 800, 8, 800 },  /* before and into it */
		{ 800, 800, 0, 2400 }, /* all around it */
		{ 800, 80, 800, 800 }, /* the same beginning, longer */
		{ 8, 792, 0, 16 },     /* offset 1 overwritten (flags of TCP) */
	};

	for (u16 i = 0; i < 5; i++) {
		overlap(b, i, cases[i][0], cases[i][1], cases[i][2], cases[i][3]);
		assert_int_equal(ip_stat(b, IPSTATS_MIB_REASM_OVERLAPS), i + 1);
		assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMFAILS), i + 1);
		assert_int_equal(drops(b, SKB_DROP_REASON_FRAG_OVERLAP), 2 * (i + 1));
	}
	nothing_is_kept(b);
	/* Teardrop: inside the first. It brings nothing new, so it is ignored. */
	overlap(b, 9, 0, 800, 80, 80);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASM_OVERLAPS), 5);
	assert_int_equal(drops(b, SKB_DROP_REASON_DUP_FRAG), 1);
	assert_int_equal(fqdir(b)->nelems, 1);
	assert_int_equal(b->seen->ip, 0);
}

static void test_ping_of_death(void **state)
{
	struct ip_bench *b = *state;
	u8 *big = calloc(1, 70000);
	unsigned off;

	fqdir(b)->high_thresh = 64 << 20;
	for (off = 0; off < 65520; off += 1456)
		send_piece(b, big, (struct piece){ .id = 1, .offset = off, .len = 1456, .more = true });
	assert_int_equal(off, 65520);
	send_piece(b, big, (struct piece){ .id = 1, .offset = off, .len = 600 });
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMOKS), 0);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMFAILS), 1);
	assert_int_equal(drops(b, SKB_DROP_REASON_FRAG_OVERSIZE), 46);
	nothing_is_kept(b);
	free(big);
}

/* The largest packet there is. */
static void test_largest(void **state)
{
	struct ip_bench *b = *state;
	u8 *big = malloc(65515);

	fqdir(b)->high_thresh = 64 << 20;
	bench_icmp_fill(big, 65515, ICMP_ECHO, 0);
	for (unsigned off = 0; off < 65515; off += 1480) {
		unsigned len = min(1480u, 65515 - off);

		send_piece(b, big,
			   (struct piece){ .id = 1, .offset = off, .len = len, .more = off + len < 65515 });
	}
	bench_run(b, SEC / 100);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMOKS), 1);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INECHOS), 1);
	assert_int_equal(b->seen->bytes, 65515);
	nothing_is_kept(b);
	free(big);
}

static void test_pieces_that_do_not_fit(void **state)
{
	struct ip_bench *b = *state;
	u8 ping[PING] = { 0 };
	static const struct piece cases[][2] = {
		/* two ends */
		{ { .offset = 800, .len = 80 }, { .offset = 1600, .len = 80 } },
		{ { .offset = 800, .len = 80 }, { .offset = 80, .len = 80 } },
		/* data beyond the end */
		{ { .offset = 800, .len = 80 }, { .offset = 880, .len = 80, .more = true } },
		/* an end before data */
		{ { .offset = 800, .len = 80, .more = true }, { .offset = 80, .len = 80 } },
		/* no data */
		{ { .offset = 0, .len = 80, .more = true }, { .offset = 80, .len = 0, .more = true } },
		{ { .offset = 0, .len = 80, .more = true }, { .offset = 80, .len = 7, .more = true } },
	};

	for (u16 i = 0; i < 6; i++) {
		struct piece p = cases[i][0], q = cases[i][1];

		p.id = q.id = i;
		send_piece(b, ping, p);
		assert_int_equal(fqdir(b)->nelems, 1);
		send_piece(b, ping, q);
		assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMFAILS), i + 1);
		assert_int_equal(drops(b, SKB_DROP_REASON_FRAG_INVALID), 2 * (i + 1));
		assert_int_equal(fqdir(b)->nelems, 0);
	}
	nothing_is_kept(b);
}

/* "More fragments" with a length that is no whole number of blocks: the rest is cut off. */
static void test_odd_length(void **state)
{
	struct ip_bench *b = *state;
	u8 ping[PING];

	bench_icmp_fill(ping, PING, ICMP_ECHO, 0);
	send_piece(b, ping, (struct piece){ .id = 1, .offset = 0, .len = 807, .more = true });
	send_piece(b, ping, (struct piece){ .id = 1, .offset = 800, .len = 1480, .more = true });
	send_piece(b, ping, (struct piece){ .id = 1, .offset = 2280, .len = PING - 2280 });
	answered(b, 1);
	nothing_is_kept(b);
}

static void test_timeout(void **state)
{
	struct ip_bench *b = *state;
	static const int all_but_last[] = { 0, 1, 2, 3 }, all_but_first[] = { 1, 2, 3, 4 };

	send_ping(b, 1, 800, all_but_last, 4);
	bench_run(b, 29 * SEC);
	assert_int_equal(fqdir(b)->nelems, 1);
	bench_run(b, 2 * SEC);
	assert_int_equal(fqdir(b)->nelems, 0);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMTIMEOUT), 1);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMFAILS), 1);
	assert_int_equal(drops(b, SKB_DROP_REASON_FRAG_REASM_TIMEOUT), 4);
	/* The sender is told, with its first fragment's header. */
	assert_int_equal(b->seen->icmp[ICMP_TIME_EXCEEDED], 1);
	assert_int_equal(b->seen->last[21], ICMP_EXC_FRAGTIME);
	assert_int_equal(b->seen->last[28 + 5], 1);
	/* Without the first one nobody is told. */
	send_ping(b, 2, 800, all_but_first, 4);
	bench_run(b, 31 * SEC);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMTIMEOUT), 2);
	assert_int_equal(b->seen->icmp[ICMP_TIME_EXCEEDED], 1);
	nothing_is_kept(b);
	/* What comes later begins a new packet. */
	send_ping(b, 2, 800, (const int[]){ 0 }, 1);
	assert_int_equal(fqdir(b)->nelems, 1);
}

/* FragmentSmack: one block each, from the end. A quadratic search would need 33 million steps. */
static void test_small_pieces_reversed(void **state)
{
	struct ip_bench *b = *state;
	u8 *big = malloc(65512);
	u64 nr;

	fqdir(b)->high_thresh = 64 << 20;
	bench_icmp_fill(big, 65512, ICMP_ECHO, 0);
	for (unsigned off = 65504;; off -= 8) {
		send_piece(b, big, (struct piece){ .id = 1, .offset = off, .len = 8, .more = off < 65504 });
		if (off == 0)
			break;
	}
	bench_run(b, SEC / 100);
	nr = ip_stat(b, IPSTATS_MIB_REASMREQDS);
	assert_int_equal(nr, 8189);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMOKS), 1);
	assert_int_equal(icmp_stat(b, ICMP_MIB_INECHOS), 1);
	nothing_is_kept(b);
	free(big);
}

static void test_memory_is_bounded(void **state)
{
	struct ip_bench *b = *state;
	u8 data[1480] = { 0 };

	for (unsigned i = 0; i < 5000; i++) {
		send_piece(b, data, (struct piece){ .id = (u16)i, .len = 1480, .more = true });
		assert_true(fqdir(b)->mem <= 4 * 1024 * 1024 + 8192);
	}
	assert_true(drops(b, SKB_DROP_REASON_FRAG_MEM) > 1000);
	assert_int_equal(drops(b, SKB_DROP_REASON_FRAG_MEM), ip_stat(b, IPSTATS_MIB_REASMFAILS));
	bench_run(b, 31 * SEC);
	nothing_is_kept(b);
	/* Then there is room again. */
	send_ping(b, 1, 800, (const int[]){ 0, 1, 2, 3, 4 }, 5);
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMOKS), 1);
}

static void test_same_id_of_many(void **state)
{
	struct ip_bench *b = *state;
	u8 ping[PING];
	char addr[20];

	bench_icmp_fill(ping, PING, ICMP_ECHO, 0);
	for (int half = 0; half < 2; half++) {
		for (int i = 1; i <= 200; i++) {
			snprintf(addr, sizeof(addr), "10.0.0.%d", i + 3);
			bench_add_neigh(b, b->dev, addr);
			for (unsigned off = half ? 2400 : 0; off < (half ? PING : 2400); off += 800)
				send_piece(b, ping,
					   (struct piece){ .saddr = addr,
							   .id = 7,
							   .offset = off,
							   .len = 800,
							   .more = off + 800 < PING });
		}
		assert_int_equal(fqdir(b)->nelems, half ? 0 : 200);
	}
	answered(b, 200);
	nothing_is_kept(b);
}

/* 65536 packets later the id is used again: the old fragments must not be mixed with the new ones. */
static void test_id_reuse(void **state)
{
	struct ip_bench *b = *state;
	u8 ping[PING], other[PING] = { 0 };

	bench_icmp_fill(ping, PING, ICMP_ECHO, 0);
	send_piece(b, other, (struct piece){ .id = 1, .offset = 0, .len = 800, .more = true });
	for (u16 i = 2; i < 90; i++) /* more than max_dist of the same sender */
		send_piece(b, other, (struct piece){ .id = i, .offset = 0, .len = 800, .more = true });
	send_piece(b, ping, (struct piece){ .id = 1, .offset = 800, .len = PING - 800 });
	assert_int_equal(drops(b, SKB_DROP_REASON_FRAG_TOO_FAR), 1);
	send_piece(b, ping, (struct piece){ .id = 1, .offset = 0, .len = 800, .more = true });
	answered(b, 1);
}

static void test_ecn(void **state)
{
	struct ip_bench *b = *state;
	static const u8 cases[][3] = { /* bits of two fragments; of the packet, 9: dropped */
				       { 0, 0, 0 }, { 2, 2, 2 }, { 2, 3, 3 }, { 1, 3, 3 },
				       { 0, 3, 9 }, { 0, 2, 9 }, { 1, 2, 1 }, { 3, 3, 3 }
	};
	u64 oks = 0, ce;
	u8 ping[PING];

	bench_icmp_fill(ping, PING, ICMP_ECHO, 0);
	for (u16 i = 0; i < 8; i++) {
		ce = b->seen->icmp[ICMP_ECHOREPLY];
		send_piece(
			b, ping,
			(struct piece){ .id = i, .offset = 0, .len = 800, .more = true, .tos = cases[i][0] });
		send_piece(b, ping,
			   (struct piece){ .id = i, .offset = 800, .len = PING - 800, .tos = cases[i][1] });
		oks += cases[i][2] != 9;
		assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMOKS), oks);
		/* The answer's type of service is the question's. */
		if (cases[i][2] != 9) {
			assert_int_equal(b->seen->icmp[ICMP_ECHOREPLY], ce + 1);
			assert_int_equal(b->seen->last[1] & 3, cases[i][2]);
		}
	}
	nothing_is_kept(b);
}

/* The header in a first fragment so small that the rest of it comes in the second. */
static void test_tiny_first(void **state)
{
	struct ip_bench *b = *state;
	u8 ping[PING];

	bench_icmp_fill(ping, PING, ICMP_ECHO, 0);
	send_piece(b, ping, (struct piece){ .id = 1, .offset = 0, .len = 8, .more = true });
	send_piece(b, ping, (struct piece){ .id = 1, .offset = 8, .len = PING - 8 });
	answered(b, 1);
	/* Offset 0 and no more: no fragment at all (an "atomic" one). */
	send_piece(b, ping, (struct piece){ .id = 2, .offset = 0, .len = 800 });
	assert_int_equal(ip_stat(b, IPSTATS_MIB_REASMREQDS), 2);
}

/* Anything at all: memory stays bounded, everything is gone when the time is up. */
static void test_random(void **state)
{
	struct ip_bench *b = *state;
	u8 ping[PING];
	struct random r;

	bench_icmp_fill(ping, PING, ICMP_ECHO, 0);
	random_init(&r, b->sim, "test", "fragments");
	for (int i = 0; i < 30000; i++) {
		unsigned off = random_below(&r, 40) * 8, len = random_below(&r, 120);

		send_piece(b, ping,
			   (struct piece){ .id = (u16)random_below(&r, 12),
					   .offset = random_below(&r, 50) ? off : 3200 + off,
					   .len = random_below(&r, 3) ? len & ~7u : len,
					   .more = random_below(&r, 6) != 0,
					   .df = random_below(&r, 9) == 0,
					   .tos = random_below(&r, 20) ? 0 : (u8)random_below(&r, 4) });
		if (i % 100 == 0) /* and between them some that are as they should be */
			send_ping(b, (u16)(100 + i), 800, (const int[]){ 3, 1, 4, 0, 2 }, 5);
		if (random_below(&r, 3000) == 0)
			bench_run(b, 31 * SEC);
		assert_true(fqdir(b)->mem < 1 << 20);
	}
	assert_in_range(ip_stat(b, IPSTATS_MIB_REASMOKS), 300, 10000);
	bench_run(b, 31 * SEC);
	nothing_is_kept(b);
}

/* Each allocation fails in turn: the packet may be lost, nothing else. */
static void test_no_memory(void **state)
{
	struct ip_bench *b = *state;
	static const int orders[][5] = { { 0, 1, 2, 3, 4 }, { 4, 2, 3, 0, 1 } };

	for (u64 n = 1; n < 60; n++) {
		b->host->kmem.fail_nth = b->host->kmem.nr_allocs + n;
		send_ping(b, (u16)n, 800, orders[n % 2], 5);
		b->host->kmem.fail_nth = 0;
		bench_run(b, 31 * SEC);
		assert_int_equal(fqdir(b)->nelems, 0);
	}
	nothing_is_kept(b);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_orders),	    TEST(test_all_permutations),
		TEST(test_duplicates),	    TEST(test_overlaps),
		TEST(test_ping_of_death),   TEST(test_largest),
		TEST(test_odd_length),	    TEST(test_pieces_that_do_not_fit),
		TEST(test_timeout),	    TEST(test_small_pieces_reversed),
		TEST(test_same_id_of_many), TEST(test_memory_is_bounded),
		TEST(test_id_reuse),	    TEST(test_ecn),
		TEST(test_tiny_first),	    TEST(test_random),
		TEST(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
