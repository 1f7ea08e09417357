/* Links: exact arrival times, queue bounds, each fault by itself, cable in and out, digests, frames. */
#include "tests/core/link_util.h"

struct world {
	struct sim *sim;
	struct station a, b;
	struct link *link;
};

static void world_init(struct world *w, uint64_t seed, const struct link_params *params)
{
	w->sim = sim_new(seed);
	assert_non_null(w->sim);
	station_init(&w->a, w->sim, "a", 1);
	station_init(&w->b, w->sim, "b", 2);
	w->link = link_new(w->sim, "ab", &w->a.port, &w->b.port, params);
	assert_non_null(w->link);
}

static void world_free(struct world *w)
{
	link_free(w->link);
	station_free(&w->a);
	station_free(&w->b);
	sim_free(w->sim);
}

static void drain(struct world *w)
{
	sim_run(w->sim, SIM_FOREVER);
	assert_int_equal(link_in_flight(w->link, 0) + link_in_flight(w->link, 1), 0);
}

/* ---- time ---- */

static void test_arrival_times(void **state)
{
	const struct link_params params = { .delay = 50000 };
	struct world w;

	(void)state;
	world_init(&w, 1, &params);
	assert_int_equal(send(&w.a, w.b.mac, 1514, 0), (1514 + 24) * 8);
	assert_int_equal(send(&w.a, w.b.mac, 60, 1), (1538 + 84) * 8);
	assert_int_equal(port_send(&w.a.port, frame_to(&w.a, w.b.mac, 60, 2), 100000000), 1622 * 8 + 84 * 80);
	assert_int_equal(send(&w.b, w.a.mac, 60, 3), 84 * 8); /* the other direction is free */
	drain(&w);
	assert_int_equal(w.b.n, 3);
	assert_int_equal(w.b.got[0].when, 12304 + 50000);
	assert_int_equal(w.b.got[1].when, 12976 + 50000);
	assert_int_equal(w.b.got[2].when, 12976 + 6720 + 50000);
	assert_int_equal(w.a.got[0].when, 672 + 50000);
	assert_int_equal(w.b.port.peer_rate, 100000000);
	assert_int_equal(link_get_stats(w.link, 0)->frames, 3);
	assert_int_equal(link_get_stats(w.link, 0)->bytes, 1514 + 60 + 60);
	world_free(&w);
}

/* The link's own rate wins over the sender's; odd rates round up; the delay is at least 1 ns. */
static void test_rates(void **state)
{
	struct link_params params = { .rate = 10000000 };
	struct world w;

	(void)state;
	world_init(&w, 1, &params);
	assert_int_equal(send(&w.a, w.b.mac, 60, 0), 84 * 800);
	params.rate = 3000000;
	link_set_params(w.link, 0, &params);
	assert_int_equal(send(&w.a, w.b.mac, 61, 1), 84 * 800 + 226667); /* 85 * 8 / 3 us = 226666.67 ns */
	drain(&w);
	assert_int_equal(w.b.got[0].when, 84 * 800 + 1);
	assert_int_equal(w.b.got[1].when, 84 * 800 + 226667 + 1);
	assert_int_equal(wire_time(FRAME_MAX, 1), (FRAME_MAX + 24) * 8 * NSEC_PER_SEC);
	world_free(&w);
}

/* Frames on a wire do not overtake each other, also when it becomes shorter. */
static void test_shorter_while_in_flight(void **state)
{
	struct link_params params = { .delay = 1000000 };
	struct world w;

	(void)state;
	world_init(&w, 1, &params);
	send(&w.a, w.b.mac, 60, 0);
	params.delay = 10;
	link_set_params(w.link, -1, &params);
	send(&w.a, w.b.mac, 60, 1);
	send(&w.b, w.a.mac, 60, 2);
	drain(&w);
	assert_int_equal(w.b.got[0].when, 672 + 1000000);
	assert_int_equal(w.b.got[1].when, 672 + 1000000);
	assert_int_equal(w.b.got[1].id, 1);
	assert_int_equal(w.a.got[0].when, 672 + 10);
	world_free(&w);
}

static void test_queue_bound(void **state)
{
	const struct link_params params = { .delay = 1, .queue_len = 5 };
	struct world w;
	uint32_t sent = 0;

	(void)state;
	world_init(&w, 1, &params);
	for (uint32_t i = 0; i < 20; i++)
		sent += send(&w.a, w.b.mac, 60, i) != 0;
	assert_int_equal(sent, 6); /* one in transmission, five waiting */
	assert_int_equal(link_get_stats(w.link, 0)->dropped_queue, 14);
	assert_int_equal(link_waiting(w.link, 0), 5);
	assert_int_equal(link_waiting(w.link, 1), 0);
	sim_run(w.sim, 2 * 672); /* the third is in transmission */
	assert_int_equal(link_waiting(w.link, 0), 3);
	for (uint32_t i = 20; i < 40; i++)
		sent += send(&w.a, w.b.mac, 60, i) != 0;
	assert_int_equal(sent, 8);
	drain(&w);
	assert_int_equal(link_waiting(w.link, 0), 0);
	assert_int_equal(w.b.n, 8);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(w.b.got[i].when, (i + 1) * 672 + 1);
	world_free(&w);
}

/* Whatever is in flight, each direction has one event in the queue. */
static void test_one_event_per_direction(void **state)
{
	const struct link_params params = { .delay = 1000000 };
	struct world w;

	(void)state;
	world_init(&w, 1, &params);
	for (uint32_t i = 0; i < 900; i++)
		send(&w.a, w.b.mac, 60, i);
	send(&w.b, w.a.mac, 60, 0);
	assert_int_equal(w.sim->queue.nr_pending, 2);
	assert_int_equal(link_in_flight(w.link, 0), 900);
	drain(&w);
	assert_int_equal(w.b.n, 900);
	world_free(&w);
}

/* ---- faults ---- */

/* Sends `n` frames, each when the one before has left, and returns how many arrived. */
static uint32_t send_many(struct world *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		send(&w->a, w->b.mac, 60, i);
		sim_run(w->sim, w->sim->now + 700);
	}
	drain(w);
	return w->b.n;
}

static void test_loss(void **state)
{
	const struct link_params params = { .delay = 1000, .faults.loss = PPB / 10 };
	struct link_params more = params;
	struct world w, same, other, corrupting;
	uint32_t n;

	(void)state;
	world_init(&w, 7, &params);
	n = send_many(&w, 20000);
	assert_in_range(n, 17850, 18150); /* 18000 +- 3.5 sigma */
	assert_int_equal(link_get_stats(w.link, 0)->lost, 20000 - n);

	world_init(&same, 7, &params);
	assert_int_equal(send_many(&same, 20000), n);
	assert_memory_equal(same.b.got, w.b.got, n * sizeof(*w.b.got));

	world_init(&other, 8, &params);
	send_many(&other, 20000);
	assert_memory_not_equal(other.b.got, w.b.got, 1000 * sizeof(*w.b.got));

	/* drawing for corruption does not shift the losses */
	more.faults.corrupt = PPB / 2;
	world_init(&corrupting, 7, &more);
	assert_int_equal(send_many(&corrupting, 20000), n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(corrupting.b.got[i].when, w.b.got[i].when);
	world_free(&corrupting);
	world_free(&other);
	world_free(&same);
	world_free(&w);
}

static void test_duplicate(void **state)
{
	const struct link_params params = { .delay = 1000, .faults.duplicate = PPB };
	struct world w;

	(void)state;
	world_init(&w, 1, &params);
	assert_int_equal(send_many(&w, 100), 200);
	for (uint32_t i = 0; i < 200; i++)
		assert_int_equal(w.b.got[i].id, i / 2);
	assert_int_equal(link_get_stats(w.link, 0)->duplicated, 100);
	world_free(&w);
}

static void corrupt_once(bool fcs_ok)
{
	const struct link_params params = { .delay = 1000,
					    .faults = { .corrupt = PPB, .corrupt_fcs_ok = fcs_ok } };
	struct world w;
	unsigned flipped = 0;

	world_init(&w, 1, &params);
	w.b.keep = true;
	struct frame *f = frame_to(&w.a, w.b.mac, 100, 5), *clean = frame_copy(w.sim, f);

	port_send(&w.a.port, f, GIGABIT);
	drain(&w);
	assert_int_equal(w.b.got[0].bad_fcs, !fcs_ok);
	for (uint32_t i = 0; i < 100; i++)
		flipped += __builtin_popcount(clean->data[i] ^ w.b.last->data[i]);
	assert_int_equal(flipped, 1);
	frame_put(w.sim, clean);
	world_free(&w);
}

static void test_corrupt(void **state)
{
	(void)state;
	corrupt_once(false);
	corrupt_once(true);
}

static void test_reorder(void **state)
{
	const struct link_params params = { .delay = 1000,
					    .faults = { .reorder = PPB / 10, .reorder_delay = 5000 } };
	struct world w;
	uint32_t late = 0, highest = 0;

	(void)state;
	world_init(&w, 3, &params);
	assert_int_equal(send_many(&w, 5000), 5000);
	for (uint32_t i = 0; i < 5000; i++) {
		const struct arrival *a = &w.b.got[i];
		uint64_t sent = (uint64_t)a->id * 700, on_time = sent + 672 + 1000;

		assert_true(a->when == on_time || a->when == on_time + 5000);
		if (a->when != on_time)
			late++;
		else
			assert_true(a->id >= highest);
		if (a->when == on_time)
			highest = a->id;
	}
	assert_int_equal(late, link_get_stats(w.link, 0)->reordered);
	assert_in_range(late, 420, 580);
	world_free(&w);
}

static void test_jitter(void **state)
{
	const struct link_params params = { .delay = 1000, .faults.jitter = 3000 };
	struct world w;
	uint64_t min = UINT64_MAX, max = 0;

	(void)state;
	world_init(&w, 3, &params);
	assert_int_equal(send_many(&w, 5000), 5000);
	for (uint32_t i = 0; i < 5000; i++) {
		uint64_t extra = w.b.got[i].when - (i * 700ull + 672 + 1000);

		assert_int_equal(w.b.got[i].id, i); /* order is kept */
		min = extra < min ? extra : min;
		max = extra > max ? extra : max;
	}
	assert_in_range(max, 2900, 3000);
	world_free(&w);
}

static bool is_odd(void *arg, const struct frame *f)
{
	++*(int *)arg;
	return f->data[14] & 1;
}

static void test_scripted_drop(void **state)
{
	struct world w;
	int asked = 0;

	(void)state;
	world_init(&w, 1, NULL);
	link_drop_next(w.link, 0, 2, is_odd, &asked);
	assert_int_equal(send_many(&w, 10), 8);
	assert_int_equal(w.b.got[1].id, 2);
	assert_int_equal(w.b.got[2].id, 4);
	assert_int_equal(w.b.got[3].id, 5);
	assert_int_equal(asked, 4);
	link_drop_next(w.link, 0, 1, NULL, NULL);
	assert_int_equal(send_many(&w, 3), 10);
	assert_int_equal(w.sim->nr_drops, 3);
	world_free(&w);
}

/* ---- cable ---- */

static void test_cable(void **state)
{
	const struct link_params params = { .delay = 100000 };
	struct world w;

	(void)state;
	world_init(&w, 1, &params);
	assert_int_equal(w.a.ups, 1);
	for (uint32_t i = 0; i < 3; i++)
		send(&w.a, w.b.mac, 60, i);
	sim_run(w.sim, 100000 + 700); /* one has arrived */
	link_set_up(w.link, false);
	link_set_up(w.link, false);
	assert_int_equal(w.a.downs + w.b.downs, 2);
	assert_false(port_link_up(&w.a.port));
	assert_int_equal(send(&w.a, w.b.mac, 60, 3), 0);
	assert_int_equal(link_get_stats(w.link, 0)->dropped_down, 3);
	link_set_up(w.link, true);
	assert_int_equal(w.b.ups, 2);
	assert_int_equal(send(&w.a, w.b.mac, 60, 4), w.sim->now + 672);
	drain(&w);
	assert_int_equal(w.b.n, 2);
	assert_int_equal(w.b.got[1].id, 4);

	/* no cable at all, and a port that is taken */
	struct station c;

	station_init(&c, w.sim, "c", 3);
	assert_int_equal(send(&c, w.a.mac, 60, 0), 0);
	assert_null(link_new(w.sim, "ac", &w.a.port, &c.port, NULL));
	assert_null(link_new(w.sim, "cc", &c.port, &c.port, NULL));
	station_free(&c);
	world_free(&w);
}

/* ---- frames and digests ---- */

static void test_frames(void **state)
{
	struct sim *sim = sim_new(1);

	(void)state;
	struct frame *f = frame_alloc(sim, 1518), *big = frame_alloc(sim, FRAME_MAX);

	assert_non_null(big);
	assert_null(frame_alloc(sim, 20000));
	memset(f->data - FRAME_HEADROOM, 1, 1518 + FRAME_HEADROOM);
	memset(big->data - FRAME_HEADROOM, 2, FRAME_MAX + FRAME_HEADROOM);
	assert_ptr_equal(frame_own(sim, f), f);
	frame_get(f);
	struct frame *mine = frame_own(sim, f);

	assert_ptr_not_equal(mine, f);
	assert_memory_equal(mine->data, f->data, 1518);
	frame_put(sim, mine);
	frame_put(sim, f);
	frame_put(sim, big);
	sim_free(sim);
}

static uint64_t digest_of(uint32_t id, uint64_t at, uint32_t len)
{
	struct world w;
	uint64_t digest;

	world_init(&w, 1, NULL);
	sim_run(w.sim, at);
	w.sim->now = at;
	send(&w.a, w.b.mac, len, id);
	drain(&w);
	digest = port_digest(&w.a.port);
	assert_int_equal(port_digest(&w.b.port), 0);
	world_free(&w);
	return digest;
}

static void test_digest(void **state)
{
	(void)state;
	assert_true(digest_of(1, 5, 60) == digest_of(1, 5, 60));
	assert_true(digest_of(1, 5, 60) != digest_of(2, 5, 60));
	assert_true(digest_of(1, 5, 60) != digest_of(1, 6, 60));
	assert_true(digest_of(1, 5, 60) != digest_of(1, 5, 61));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrival_times),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_shorter_while_in_flight),
		cmocka_unit_test(test_queue_bound),
		cmocka_unit_test(test_one_event_per_direction),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_duplicate),
		cmocka_unit_test(test_corrupt),
		cmocka_unit_test(test_reorder),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_scripted_drop),
		cmocka_unit_test(test_cable),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_digest),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
