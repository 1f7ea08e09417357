/*
 * Random streams: fixed by seed and names, independent of each other, fair.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"
#include "core/sim.h"

static uint64_t first(uint64_t seed, const char *scope, const char *name)
{
	struct sim *sim = sim_new(seed);
	struct random r;

	random_init(&r, sim, scope, name);
	sim_free(sim);
	return random_u64(&r);
}

static void named_streams(void **state)
{
	(void)state;
	assert_true(first(1, "a", "b") == first(1, "a", "b"));
	assert_true(first(1, "a", "b") != first(2, "a", "b"));
	assert_true(first(1, "a", "b") != first(1, "b", "a"));
	assert_true(first(1, "ab", "") != first(1, "a", "b"));
	/* the same on every machine and for good: runs are compared across versions */
	assert_int_equal(first(1, "client", "tcp/isn"), 0x87d6bb8404989231u);
}

static void fair(void **state)
{
	(void)state;
	struct sim *sim = sim_new(3);
	struct random r;
	unsigned n[10] = { 0 }, hits = 0;
	uint8_t bytes[13], again[13];

	random_init(&r, sim, "", "fair");
	for (unsigned i = 0; i < 100000; i++) {
		n[random_below(&r, 10)]++;
		hits += random_chance(&r, 100000000);
	}
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(n[i], 9500, 10500);
	assert_in_range(hits, 9500, 10500);
	assert_false(random_chance(&r, 0));
	assert_true(random_chance(&r, 1000000000));
	struct random copy = r;
	random_bytes(&r, bytes, sizeof(bytes));
	random_bytes(&copy, again, sizeof(again));
	assert_memory_equal(bytes, again, sizeof(bytes));
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_streams),
		cmocka_unit_test(fair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
