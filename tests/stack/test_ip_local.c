/*
 * Packets from the wire with addresses that are local, of the loopback network, broadcast or nobody's: which
 * are taken and what is counted. The tables are what a real kernel did (6.18, packets from a packet socket
 * into a veth); none of these points changed since 5.15.
 */
#include "stack/internet/ip.h"
#include "tests/stack/ip_bench.h"

/* What becomes of a packet. */
enum fate { DROPPED, TAKEN, BCAST, ADDRERR, RPFILTER };

static const char *const fates[] = { "dropped", "taken", "taken as broadcast", "not forwarded",
				     "reverse path" };

static struct net_device *dev1;

static u64 ext(const struct ip_bench *b, int field)
{
	return b->net->mib.net_statistics[field];
}

static enum fate receive(struct ip_bench *b, const char *src, const char *dst)
{
	u64 taken = ip_stat(b, IPSTATS_MIB_INDELIVERS), bcast = ip_stat(b, IPSTATS_MIB_INBCASTPKTS),
	    addr = ip_stat(b, IPSTATS_MIB_INADDRERRORS), rpf = ext(b, LINUX_MIB_IPRPFILTER);
	struct iphdr iph = bench_header(b, IPPROTO_ICMP, 16);
	u8 reply[16]; /* an echo reply that nobody waits for: nothing is sent back */

	bench_icmp_fill(reply, sizeof(reply), 0, 0);
	iph.saddr = inet_addr(src);
	iph.daddr = inet_addr(dst);
	bench_receive(b, b->dev, &iph, sizeof(iph), true, reply, sizeof(reply));
	if (ip_stat(b, IPSTATS_MIB_INDELIVERS) != taken)
		return ip_stat(b, IPSTATS_MIB_INBCASTPKTS) != bcast ? BCAST : TAKEN;
	return ip_stat(b, IPSTATS_MIB_INADDRERRORS) != addr ? ADDRERR
	       : ext(b, LINUX_MIB_IPRPFILTER) != rpf	    ? RPFILTER
							    : DROPPED;
}

struct row {
	const char *src, *dst;
	enum fate fate;
};

static void check(struct ip_bench *b, const char *what, const struct row *rows, unsigned n)
{
	int wrong = 0;

	for (unsigned i = 0; i < n; i++) {
		enum fate fate = receive(b, rows[i].src, rows[i].dst);

		if (fate != rows[i].fate) {
			print_error("%s%s > %s: %s, not %s\n", what, rows[i].src, rows[i].dst, fates[fate],
				    fates[rows[i].fate]);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static int local_setup(void **state)
{
	struct ip_bench *b;

	bench_setup(state);
	b = *state;
	dev1 = bench_add_dev(b, 2, "10.0.1.1");
	assert_int_equal(netdev_set_up(b->net->loopback_dev, true), 0);
	assert_int_equal(ip_addr_add(b->host, "lo", inet_addr("10.0.5.1"), 24), 0);
	return 0;
}

static int local_teardown(void **state)
{
	bench_drop_dev(dev1);
	return bench_teardown(state);
}

static void test_addresses(void **state)
{
	static const struct row rows[] = {
		{ "10.0.0.2", "10.0.0.1", TAKEN },	     { "10.0.0.1", "10.0.0.1", DROPPED },
		{ "10.0.1.1", "10.0.0.1", DROPPED },	     { "127.0.0.1", "10.0.0.1", DROPPED },
		{ "0.0.0.0", "10.0.0.1", DROPPED },	     { "224.0.0.5", "10.0.0.1", DROPPED },
		{ "255.255.255.255", "10.0.0.1", DROPPED },  { "10.0.0.255", "10.0.0.1", TAKEN },
		{ "10.0.5.1", "10.0.0.1", DROPPED },	     { "10.0.1.77", "10.0.0.1", TAKEN },
		{ "99.9.9.9", "10.0.0.1", TAKEN },	     { "240.0.0.1", "10.0.0.1", TAKEN },
		{ "10.0.0.2", "10.0.1.1", TAKEN },	     { "10.0.0.1", "10.0.1.1", DROPPED },
		{ "127.0.0.1", "10.0.1.1", DROPPED },	     { "0.0.0.0", "10.0.1.1", DROPPED },
		{ "10.0.0.2", "127.0.0.1", DROPPED },	     { "10.0.0.1", "127.0.0.1", DROPPED },
		{ "127.0.0.1", "127.0.0.1", DROPPED },	     { "0.0.0.0", "127.0.0.1", DROPPED },
		{ "10.0.0.2", "0.0.0.0", DROPPED },	     { "10.0.0.1", "0.0.0.0", DROPPED },
		{ "127.0.0.1", "0.0.0.0", DROPPED },	     { "0.0.0.0", "0.0.0.0", BCAST },
		{ "10.0.0.2", "10.0.0.255", BCAST },	     { "10.0.0.1", "10.0.0.255", DROPPED },
		{ "127.0.0.1", "10.0.0.255", DROPPED },	     { "0.0.0.0", "10.0.0.255", DROPPED },
		{ "10.0.0.2", "255.255.255.255", BCAST },    { "10.0.0.1", "255.255.255.255", DROPPED },
		{ "127.0.0.1", "255.255.255.255", DROPPED }, { "0.0.0.0", "255.255.255.255", BCAST },
		{ "10.0.0.2", "10.0.0.0", ADDRERR },	     { "10.0.0.1", "10.0.0.0", ADDRERR },
		{ "127.0.0.1", "10.0.0.0", DROPPED },	     { "0.0.0.0", "10.0.0.0", DROPPED },
		{ "10.0.0.2", "10.0.5.77", TAKEN },	     { "10.0.0.1", "10.0.5.77", DROPPED },
		{ "127.0.0.1", "10.0.5.77", DROPPED },	     { "0.0.0.0", "10.0.5.77", DROPPED },
		{ "10.0.0.2", "10.0.1.255", BCAST },	     { "10.0.0.1", "10.0.1.255", DROPPED },
		{ "127.0.0.1", "10.0.1.255", DROPPED },	     { "0.0.0.0", "10.0.1.255", DROPPED },
		{ "10.0.0.2", "240.0.0.1", ADDRERR },	     { "10.0.0.1", "240.0.0.1", ADDRERR },
		{ "127.0.0.1", "240.0.0.1", DROPPED },	     { "0.0.0.0", "240.0.0.1", DROPPED },
	};

	check(*state, "", rows, ARRAY_SIZE(rows));
}

/* The same packet again: what was decided for one is not kept for another. */
static void test_addresses_again(void **state)
{
	static const struct row rows[] = {
		{ "10.0.0.2", "10.0.0.1", TAKEN },     { "127.0.0.1", "10.0.0.1", DROPPED },
		{ "10.0.0.2", "10.0.0.1", TAKEN },     { "10.0.0.2", "10.0.0.255", BCAST },
		{ "10.0.0.1", "10.0.0.255", DROPPED }, { "10.0.0.2", "127.0.0.1", DROPPED },
	};

	check(*state, "first ", rows, ARRAY_SIZE(rows));
	check(*state, "again ", rows, ARRAY_SIZE(rows));
}

static void test_settings(void **state)
{
	static const struct row localnet[] = {
		{ "10.0.0.2", "127.0.0.1", TAKEN },
		{ "127.0.0.1", "10.0.0.1", DROPPED },
		{ "127.0.0.1", "127.0.0.1", DROPPED },
	};
	static const struct row accept_local[] = {
		{ "10.0.0.1", "10.0.0.1", TAKEN },
		{ "127.0.0.1", "10.0.0.1", DROPPED },
		{ "10.0.1.1", "10.0.0.1", TAKEN },
		{ "10.0.0.1", "10.0.0.255", BCAST },
	};
	static const struct row strict[] = {
		{ "10.0.0.2", "10.0.0.1", TAKEN },	 { "10.0.1.77", "10.0.0.1", RPFILTER },
		{ "99.9.9.9", "10.0.0.1", RPFILTER },	 { "0.0.0.0", "255.255.255.255", BCAST },
		{ "10.0.1.77", "10.0.0.255", RPFILTER }, { "10.0.1.77", "255.255.255.255", RPFILTER },
	};
	static const struct row loose[] = {
		{ "10.0.0.2", "10.0.0.1", TAKEN },    { "10.0.1.77", "10.0.0.1", TAKEN },
		{ "99.9.9.9", "10.0.0.1", RPFILTER }, { "0.0.0.0", "255.255.255.255", BCAST },
		{ "10.0.1.77", "10.0.0.255", BCAST }, { "10.0.1.77", "255.255.255.255", BCAST },
	};
	struct ip_bench *b = *state;
	struct ipv4_devconf *cnf = &b->dev->ip_ptr->cnf;

	cnf->route_localnet = 1;
	check(b, "route_localnet ", localnet, ARRAY_SIZE(localnet));
	cnf->route_localnet = 0;
	cnf->accept_local = 1;
	check(b, "accept_local ", accept_local, ARRAY_SIZE(accept_local));
	cnf->accept_local = 0;
	cnf->rp_filter = 1;
	check(b, "rp_filter 1 ", strict, ARRAY_SIZE(strict));
	cnf->rp_filter = 2;
	check(b, "rp_filter 2 ", loose, ARRAY_SIZE(loose));
}

/* A host that ends with packets in the queue of its CPU gives up their routes. */
static void test_end_with_backlog(void **state)
{
	struct ip_bench *b = *state;
	struct rtable *rt = ip_route_output(b->net, inet_addr("10.0.0.1"), 0, 0, 0);
	struct sk_buff *skb = netdev_alloc_skb_ip_align(b->host, b->net->loopback_dev, 100);

	assert_false(IS_ERR(rt));
	memset(skb_put(skb, 60), 0, 60);
	skb->protocol = eth_type_trans(skb, b->net->loopback_dev);
	skb_dst_set(skb, &rt->dst);
	__skb_queue_tail(&b->net->netdev->softnet.input_pkt_queue, skb); /* and no softirq comes for it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, local_setup, local_teardown),
		cmocka_unit_test_setup_teardown(test_addresses_again, local_setup, local_teardown),
		cmocka_unit_test_setup_teardown(test_settings, local_setup, local_teardown),
		cmocka_unit_test_setup_teardown(test_end_with_backlog, local_setup, local_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
