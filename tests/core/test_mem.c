/*
 * A host's memory: blocks do not overlap and are aligned, nothing is lost, leaks are named, failures
 * injected.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/host.h"
#include "core/random.h"

#define RAM (8u << 20)
#define N 500

static struct host *make(struct sim **sim)
{
	*sim = sim_new(1);
	struct host *host = host_new(*sim, "h", RAM);

	assert_non_null(host);
	return host;
}

static void ram_blocks(void **state)
{
	(void)state;
	struct sim *sim;
	struct host *host = make(&sim);
	struct random r;
	uint8_t *p[N] = { NULL };
	uint32_t size[N] = { 0 };

	random_init(&r, sim, "", "ram");
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = random_below(&r, N);

		if (p[i]) {
			for (uint32_t j = 0; j < size[i]; j += 61)
				assert_int_equal(p[i][j], i & 0xff);
			ram_free(host, p[i], size[i]);
			p[i] = NULL;
			continue;
		}
		size[i] = 1 + random_below(&r, 1u << random_below(&r, 15));
		bool fresh = false;
		p[i] = ram_alloc(host, size[i], SIM_SITE, &fresh);
		assert_non_null(p[i]);
		uint32_t block = ram_block_size(size[i]);
		assert_true(block >= size[i] && block >= 64 && block < (size[i] < 33 ? 129 : 2 * size[i]));
		uint32_t addr = ram_bus_addr(host, p[i]);
		assert_int_equal(addr % block, 0);
		assert_ptr_equal(ram_ptr(host, addr, block), p[i]);
		for (uint32_t j = 0; fresh && j < block; j++)
			assert_int_equal(p[i][j], 0);
		memset(p[i], (int)(i & 0xff), block);
	}
	for (unsigned i = 0; i < N; i++) {
		if (p[i])
			ram_free(host, p[i], size[i]);
	}
	assert_int_equal(host->ram.in_use, 0);
	host_check_leaks(host);
	assert_string_equal(sim->fault, "");
	host_free(host);
	sim_free(sim);
}

static void ram_limits(void **state)
{
	(void)state;
	struct sim *sim;
	struct host *host = make(&sim);
	int outside;

	assert_int_equal(ram_bus_addr(host, &outside), 0);
	assert_null(ram_ptr(host, RAM_BASE - 1, 1));
	assert_null(ram_ptr(host, RAM_BASE + RAM, 1));
	assert_null(ram_ptr(host, RAM_BASE + RAM - 4, 5));
	assert_non_null(ram_ptr(host, RAM_BASE + RAM - 4, 4));
	assert_null(ram_ptr(host, 0xffffffff, 0xffffffff));
	void *a = ram_alloc(host, 4 << 20, SIM_SITE, NULL);
	assert_non_null(a);
	assert_null(ram_alloc(host, 8 << 20, SIM_SITE, NULL));
	void *b = ram_alloc(host, 4 << 20, SIM_SITE, NULL);
	assert_non_null(b);
	assert_null(ram_alloc(host, 64, SIM_SITE, NULL));
	ram_free(host, b, 4 << 20);
	/* last in first out */
	assert_ptr_equal(ram_alloc(host, 4 << 20, SIM_SITE, NULL), b);
	ram_free(host, a, 4 << 20);
	assert_string_equal(sim->fault, "");
	ram_free(host, a, 4 << 20);
	assert_non_null(strstr(sim->fault, "is free already"));
	host_free(host);
	sim_free(sim);
}

static void leaks_are_named(void **state)
{
	(void)state;
	struct sim *sim;
	struct host *host = make(&sim);
	struct kmem_cache *cache = kmem_cache_create(host, "thing", 100);
	void *p[40];

	for (unsigned i = 0; i < 40; i++)
		p[i] = kmem_cache_alloc(host, cache);
	for (unsigned i = 0; i < 40; i++) {
		if (i != 7 && i != 30)
			kmem_cache_free(host, cache, p[i]);
	}
	host_check_leaks(host);
	assert_non_null(strstr(sim->fault, "h: leak: 2 objects of thing, first allocated at "));
	assert_non_null(strstr(sim->fault, "test_mem.c:"));
	host_free(host);
	sim_free(sim);

	host = make(&sim);
	ram_alloc(host, 1500, "there.c:5", NULL);
	host_check_leaks(host);
	assert_non_null(strstr(sim->fault, "leak: 1 objects of RAM, first allocated at there.c:5"));
	host_free(host);
	sim_free(sim);
}

static void objects(void **state)
{
	(void)state;
	struct sim *sim;
	struct host *host = make(&sim);
	struct kmem_cache *cache = kmem_cache_create(host, "thing", 24);
	uint64_t *p[1000];

	for (unsigned i = 0; i < 1000; i++) {
		p[i] = kmem_cache_zalloc(host, cache);
		assert_int_equal((uintptr_t)p[i] % 8, 0);
		assert_int_equal(p[i][0] | p[i][1] | p[i][2], 0);
		memset(p[i], (int)(i & 0xff), 24);
	}
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(((uint8_t *)p[i])[23], i & 0xff);
		kmem_cache_free(host, cache, p[i]);
	}
	assert_ptr_equal(kmem_cache_alloc(host, cache), p[999]);
	kmem_cache_free(host, cache, p[999]);
	char *big = kzalloc(host, 100000);
	assert_int_equal(big[99999], 0);
	kfree(host, big);
	kfree(host, NULL);
	host_check_leaks(host);
	assert_string_equal(sim->fault, "");
	kmem_cache_free(host, cache, p[999]);
	assert_non_null(strstr(sim->fault, "thing: object freed twice"));
	host_free(host);
	sim_free(sim);
}

static void injected_failures(void **state)
{
	(void)state;
	struct sim *sim;
	struct host *host = make(&sim);
	struct kmem_cache *cache = kmem_cache_create(host, "thing", 24);

	host->kmem.fail_nth = host->kmem.nr_allocs + 2;
	void *a = kmem_cache_alloc(host, cache), *b = ram_alloc(host, 64, SIM_SITE, NULL),
	     *c = kzalloc(host, 5);
	assert_true(a && !b && c);
	assert_int_equal(host->kmem.nr_failed, 1);
	host->kmem.fail_nth = host->kmem.nr_allocs + 1;
	host->kmem.fail_forever = true;
	assert_null(kmem_cache_alloc(host, cache));
	assert_null(ram_alloc(host, 64, SIM_SITE, NULL));
	assert_null(kzalloc(host, 5));
	assert_null(kmem_cache_create(host, "other", 10));
	kfree(host, c);
	kmem_cache_free(host, cache, a);
	host_check_leaks(host);
	assert_string_equal(sim->fault, "");
	host_free(host);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ram_blocks),	     cmocka_unit_test(ram_limits),
		cmocka_unit_test(leaks_are_named),   cmocka_unit_test(objects),
		cmocka_unit_test(injected_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
