/* The internet layer when memory runs out: each allocation of a host's start and set-up fails in turn. */
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
#include "stack/interface/netdevice.h"
#include "stack/internet/devinet.h"
#include "stack/internet/fib.h"
#include "stack/internet/neighbour.h"
#include "stack/internet/route.h"

/* Whatever fails, the next step is tried all the same. */
static void set_up(struct host *h)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 9 };
	struct net_device *lo = h->net->loopback_dev;
	struct flowi4 fl4;
	struct rtable *rt;

	netdev_set_up(lo, true);
	ip_addr_add(h, "lo", inet_addr("10.3.0.1"), 24);
	ip_addr_add(h, "lo", inet_addr("10.3.0.2"), 24);
	for (int i = 0; i < 8; i++)
		ip_route_add(h, htonl(0x0a040000u + ((u32)i << 8)), 24, 0, "lo", (u32)i);
	ip_route_add_spec(
		h, &(struct ip_route_spec){
			   .dst = inet_addr("10.7.0.0"), .plen = 16, .dev = "lo", .mx[RTAX_MTU - 1] = 900 });
	ip_neigh_add(h, "lo", inet_addr("10.4.0.9"), mac, NUD_PERMANENT);
	fl4 = (struct flowi4){ .daddr = inet_addr("10.7.0.9") };
	rt = ip_route_output_key(h->net, &fl4);
	if (!IS_ERR(rt))
		ip_rt_put(rt);
	fl4 = (struct flowi4){ .daddr = inet_addr("10.3.0.1") };
	rt = ip_route_output_key(h->net, &fl4);
	if (!IS_ERR(rt))
		ip_rt_put(rt);
	ip_route_del(h, htonl(0x0a040000u), 24, 0, NULL, 0);
	ip_addr_del(h, "lo", inet_addr("10.3.0.1"), 24);
}

/* Returns how many allocations were asked for. */
static u64 run(u64 fail_nth, bool forever)
{
	struct sim *sim = sim_new(3);
	struct host *h = host_new(sim, "h", 1 << 20);
	u64 nr;

	h->kmem.fail_nth = fail_nth;
	h->kmem.fail_forever = forever;
	if (host_boot(h) == 0) {
		set_up(h);
		h->kmem.fail_nth = 0;
		h->kmem.fail_forever = false;
		host_shutdown(h);
	}
	nr = h->kmem.nr_allocs;
	host_check_leaks(h);
	if (sim->fault[0])
		printf("allocation %llu: %s\n", (unsigned long long)fail_nth, sim->fault);
	assert_string_equal(sim->fault, "");
	host_free(h);
	sim_free(sim);
	return nr;
}

static void test_each_allocation_fails(void **state)
{
	u64 nr = run(0, false);

	(void)state;
	assert_true(nr > 50);
	for (u64 n = 1; n <= nr; n++) {
		run(n, false);
		run(n, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
