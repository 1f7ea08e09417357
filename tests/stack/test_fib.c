/*
 * The FIB: its trie against a linear scan over random prefixes, and the errnos and defaults of `ip route`
 * and `ip addr`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"
#include "core/sim.h"
#include "stack/boot.h"
#include "stack/interface/netdevice.h"
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"
#include "stack/internet/route.h"

struct fixture {
	struct sim *sim;
	struct host *host;
	struct random random;
};

static int setup(void **state)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	fx->sim = sim_new(7);
	fx->host = host_new(fx->sim, "h", 1 << 20);
	assert_int_equal(host_boot(fx->host), 0);
	assert_int_equal(netdev_set_up(fx->host->net->loopback_dev, true), 0);
	random_init(&fx->random, fx->sim, "test", "fib");
	*state = fx;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fx = *state;

	host_shutdown(fx->host);
	host_check_leaks(fx->host);
	assert_string_equal(fx->sim->fault, "");
	host_free(fx->host);
	sim_free(fx->sim);
	free(fx);
	return 0;
}

static __be32 addr(const char *text)
{
	return inet_addr(text);
}

/* ---- trie and linear scan ---- */

#define NR_PREFIXES 600

struct prefix {
	u32 key;
	int plen;
	bool there;
};

static u32 mask(int plen)
{
	return plen ? ~0u << (32 - plen) : 0;
}

/* Few distinct high bits, so that prefixes nest. */
static u32 random_key(struct fixture *fx)
{
	return 0x0a000000u | (random_u32(&fx->random) & 0x0f0f00ffu);
}

static const struct prefix *linear_lookup(const struct prefix *p, u32 key)
{
	const struct prefix *best = NULL;

	for (int i = 0; i < NR_PREFIXES; i++) {
		if (p[i].there && !((p[i].key ^ key) & mask(p[i].plen)) && (!best || p[i].plen > best->plen))
			best = &p[i];
	}
	return best;
}

static void check_lookups(struct fixture *fx, const struct prefix *p, int n)
{
	struct fib_table *tb = fib_get_table(fx->host->net, RT_TABLE_MAIN);

	for (int i = 0; i < n; i++) {
		u32 key = random_key(fx);
		struct flowi4 fl4 = { .daddr = htonl(key) };
		const struct prefix *want = linear_lookup(p, key);
		struct fib_result res;
		int err = fib_table_lookup(tb, &fl4, &res, FIB_LOOKUP_NOREF);

		if (!want) {
			assert_int_equal(err, -EAGAIN);
			continue;
		}
		assert_int_equal(err, 0);
		assert_int_equal(res.prefixlen, want->plen);
		assert_int_equal(ntohl(res.prefix), want->key);
	}
}

struct walk {
	u32 key;
	int plen, n;
};

static void walk_ordered(struct fib_alias *fa, void *cookie)
{
	struct walk *w = cookie;
	u32 key = ntohl(fa->fa_dst);

	assert_true(w->n == 0 || key > w->key || (key == w->key && fa->fa_plen > w->plen));
	w->key = key;
	w->plen = fa->fa_plen;
	w->n++;
}

static bool find_same(const struct prefix *p, int n, u32 key, int plen)
{
	for (int i = 0; i < n; i++) {
		if (p[i].there && p[i].key == key && p[i].plen == plen)
			return true;
	}
	return false;
}

static void test_trie_equals_linear_scan(void **state)
{
	struct fixture *fx = *state;
	static const int lens[] = { 0, 4, 7, 8, 9, 12, 15, 16, 17, 20, 24, 25, 28, 30, 31, 32 };
	struct prefix *p = calloc(NR_PREFIXES, sizeof(*p));
	struct walk w = { 0 };
	int there = 0;

	for (int i = 0; i < NR_PREFIXES; i++) {
		int plen = lens[random_below(&fx->random, 16)];
		u32 key = random_key(fx) & mask(plen);
		bool same = find_same(p, i, key, plen);

		assert_int_equal(ip_route_add(fx->host, htonl(key), plen, 0, "lo", 0), same ? -EEXIST : 0);
		p[i] = (struct prefix){ key, plen, !same };
		there += !same;
		if (i % 50 == 0)
			check_lookups(fx, p, 200);
	}
	check_lookups(fx, p, 20000);
	fib_table_walk(fib_get_table(fx->host->net, RT_TABLE_MAIN), walk_ordered, &w);
	assert_int_equal(w.n, there);
	for (int round = 0; round < 3 * NR_PREFIXES; round++) {
		int i = (int)random_below(&fx->random, NR_PREFIXES);
		bool same = !p[i].there && find_same(p, NR_PREFIXES, p[i].key, p[i].plen);

		if (same)
			continue;
		assert_int_equal(ip_route_del(fx->host, htonl(p[i].key), p[i].plen, 0, NULL, 0),
				 p[i].there ? 0 : -ESRCH);
		p[i].there = false;
		if (round % 50 == 0)
			check_lookups(fx, p, 200);
	}
	check_lookups(fx, p, 20000);
	free(p);
}

/* ---- errnos ---- */

static void test_route_errnos(void **state)
{
	struct fixture *fx = *state;
	struct host *h = fx->host;

	assert_int_equal(ip_route_add(h, addr("10.1.0.0"), 16, 0, "nope", 0), -ENODEV);
	assert_int_equal(ip_route_add(h, addr("10.1.0.1"), 16, 0, "lo", 0),
			 -EINVAL); /* bits behind the prefix */
	assert_int_equal(ip_route_add(h, addr("10.1.0.0"), 33, 0, "lo", 0), -EINVAL);
	assert_int_equal(ip_route_add(h, addr("10.1.0.0"), 16, addr("192.168.5.1"), NULL, 0), -ENETUNREACH);
	assert_int_equal(ip_route_add(h, addr("10.1.0.0"), 16, 0, NULL, 0), -ENODEV);
	assert_int_equal(ip_route_add(h, addr("10.1.0.0"), 16, 0, "lo", 5), 0);
	assert_int_equal(ip_route_add(h, addr("10.1.0.0"), 16, 0, "lo", 5), -EEXIST);
	assert_int_equal(ip_route_add(h, addr("10.1.0.0"), 16, 0, "lo", 6), 0);
	assert_int_equal(ip_route_del(h, addr("10.1.0.0"), 16, 0, NULL, 7), -ESRCH);
	assert_int_equal(ip_route_del(h, addr("10.2.0.0"), 16, 0, NULL, 0), -ESRCH);
	assert_int_equal(ip_route_del(h, addr("10.1.0.0"), 16, 0, NULL, 0), 0); /* the one of metric 5 */
	assert_int_equal(ip_route_del(h, addr("10.1.0.0"), 16, 0, NULL, 5), -ESRCH);
	assert_int_equal(ip_route_del(h, addr("10.1.0.0"), 16, 0, NULL, 6), 0);
}

static void test_lookup_errors(void **state)
{
	struct fixture *fx = *state;
	struct ip_route_spec spec = { .dst = addr("10.9.0.0"), .plen = 16 };
	struct flowi4 fl4 = { .daddr = addr("10.9.1.1") };
	struct rtable *rt;

	rt = ip_route_output_key(fx->host->net, &fl4);
	assert_int_equal(PTR_ERR(rt), -ENETUNREACH);
	spec.type = RTN_UNREACHABLE;
	assert_int_equal(ip_route_add_spec(fx->host, &spec), 0);
	rt = ip_route_output_key(fx->host->net, &fl4);
	assert_int_equal(PTR_ERR(rt), -EHOSTUNREACH);
	spec.type = RTN_PROHIBIT;
	spec.replace = true;
	assert_int_equal(ip_route_add_spec(fx->host, &spec), 0);
	rt = ip_route_output_key(fx->host->net, &fl4);
	assert_int_equal(PTR_ERR(rt), -EACCES);
}

/* ---- addresses ---- */

static void test_addresses(void **state)
{
	struct fixture *fx = *state;
	struct host *h = fx->host;
	struct net *net = h->net;

	assert_int_equal(inet_addr_type(net, addr("127.0.0.1")), RTN_LOCAL);
	assert_int_equal(inet_addr_type(net, addr("127.9.9.9")), RTN_LOCAL);
	assert_int_equal(inet_addr_type(net, addr("10.3.0.1")), RTN_UNICAST);
	assert_int_equal(inet_addr_type(net, addr("224.0.0.5")), RTN_MULTICAST);
	assert_int_equal(inet_addr_type(net, addr("255.255.255.255")), RTN_BROADCAST);
	assert_int_equal(ip_addr_add(h, "lo", addr("10.3.0.1"), 24), 0);
	assert_int_equal(ip_addr_add(h, "lo", addr("10.3.0.1"), 24), -EEXIST);
	assert_int_equal(ip_addr_add(h, "eth9", addr("10.3.0.1"), 24), -ENODEV);
	assert_int_equal(ip_addr_add(h, "lo", addr("10.3.0.1"), 40), -EINVAL);
	assert_int_equal(inet_addr_type(net, addr("10.3.0.1")), RTN_LOCAL);
	assert_int_equal(inet_addr_type(net, addr("10.3.0.255")), RTN_BROADCAST);
	assert_int_equal(ip_addr_add(h, "lo", addr("10.3.0.2"), 24), 0); /* a secondary */
	assert_int_equal(inet_addr_type(net, addr("10.3.0.2")), RTN_LOCAL);
	assert_int_equal(ip_addr_del(h, "lo", addr("10.3.0.9"), 24), -EADDRNOTAVAIL);
	assert_int_equal(ip_addr_del(h, "lo", addr("10.3.0.1"), 24), 0); /* takes the secondary with it */
	assert_int_equal(inet_addr_type(net, addr("10.3.0.1")), RTN_UNICAST);
	assert_int_equal(inet_addr_type(net, addr("10.3.0.2")), RTN_UNICAST);
	assert_int_equal(inet_addr_type(net, addr("10.3.0.255")), RTN_UNICAST);
	assert_int_equal(fib_get_table(net, RT_TABLE_MAIN)->tb_num, 0);
}

/* ---- the route cache ---- */

static void test_route_cache(void **state)
{
	struct fixture *fx = *state;
	struct net *net = fx->host->net;
	struct flowi4 fl4;
	struct rtable *a, *b;

	assert_int_equal(ip_addr_add(fx->host, "lo", addr("10.3.0.1"), 24), 0);
	assert_int_equal(ip_route_add(fx->host, addr("10.4.0.0"), 16, 0, "lo", 0), 0);
	fl4 = (struct flowi4){ .daddr = addr("10.4.1.1") };
	a = ip_route_output_key(net, &fl4);
	assert_false(IS_ERR(a));
	assert_int_equal(fl4.saddr, addr("10.3.0.1"));
	fl4 = (struct flowi4){ .daddr = addr("10.4.1.2") };
	b = ip_route_output_key(net, &fl4);
	assert_ptr_equal(a, b); /* one entry a next hop */
	ip_rt_put(b);
	assert_non_null(dst_check(&a->dst, 0));
	rt_cache_flush(net);
	assert_null(dst_check(&a->dst, 0));
	b = ip_route_output_key(net, &fl4);
	assert_ptr_not_equal(a, b);
	ip_rt_put(a);
	ip_rt_put(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_trie_equals_linear_scan, setup, teardown),
		cmocka_unit_test_setup_teardown(test_route_errnos, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lookup_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_route_cache, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
