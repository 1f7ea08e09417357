/*
 * The event queue against a model: a sorted array that is searched from the front.
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

#define MODEL_MAX 3000

struct model {
	struct event *ev[MODEL_MAX];
	unsigned n;
};

static bool model_before(const struct event *a, const struct event *b)
{
	return a->when != b->when ? a->when < b->when : a->key < b->key;
}

static void model_add(struct model *m, struct event *ev)
{
	unsigned i = m->n++;

	for (; i > 0 && model_before(ev, m->ev[i - 1]); i--)
		m->ev[i] = m->ev[i - 1];
	m->ev[i] = ev;
}

static void model_del(struct model *m, struct event *ev)
{
	unsigned i = 0;

	while (m->ev[i] != ev)
		i++;
	memmove(&m->ev[i], &m->ev[i + 1], (--m->n - i) * sizeof(m->ev[0]));
}

static void nothing(struct event *ev)
{
	(void)ev;
}

/* Times of all sizes: the same instant, ns, us, ms, hours, years. */
static uint64_t some_span(struct random *r)
{
	static const unsigned char bits[] = { 0, 1, 4, 8, 10, 16, 17, 20, 24, 30, 33, 42, 50, 57 };

	return random_u64(r) & ((1ull << bits[random_below(r, sizeof(bits))]) - 1);
}

struct world {
	struct sim *sim;
	struct node nodes[4];
	struct event ev[MODEL_MAX];
	struct model model;
	struct random random;
};

static struct world *world_new(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));

	w->sim = sim_new(seed);
	for (unsigned i = 0; i < 4; i++)
		node_init(&w->nodes[i], w->sim, "node");
	random_init(&w->random, w->sim, "", "test");
	for (unsigned i = 0; i < MODEL_MAX; i++)
		event_init(&w->ev[i], &w->nodes[random_below(&w->random, 4)], nothing, i % 3 == 0);
	return w;
}

static void world_free(struct world *w)
{
	sim_free(w->sim);
	free(w);
}

static void pop_first(struct world *w, uint64_t until)
{
	struct event_queue *q = &w->sim->queue;
	struct event *want = w->model.n && w->model.ev[0]->when <= until ? w->model.ev[0] : NULL;

	assert_int_equal(event_queue_next(q), w->model.n ? w->model.ev[0]->when : UINT64_MAX);
	assert_int_equal(event_queue_due(q, until), want != NULL);
	struct event *got = event_queue_pop(q, until);
	assert_ptr_equal(got, want);
	if (got) {
		model_del(&w->model, got);
		assert_false(event_pending(got));
		w->sim->now = got->when;
	} else {
		w->sim->now = until;
	}
}

/* One random step: arm, move, disarm, or pop. */
static void step(struct world *w, unsigned fill)
{
	struct event *ev = &w->ev[random_below(&w->random, fill)];
	unsigned what = random_below(&w->random, 10);

	if (what < 6) {
		if (event_pending(ev))
			model_del(&w->model, ev);
		event_add(ev, w->sim->now + some_span(&w->random));
		model_add(&w->model, ev);
	} else if (what < 7) {
		bool pending = event_pending(ev);

		if (pending)
			model_del(&w->model, ev);
		assert_int_equal(event_del(ev), pending);
	} else {
		pop_first(w, w->sim->now + (what == 9 ? some_span(&w->random) : UINT64_MAX / 2));
	}
}

static void check_against_model(void **state)
{
	(void)state;
	static const unsigned fills[] = { 1, 3, 17, 100, 1000, MODEL_MAX };

	for (uint64_t seed = 1; seed <= 24; seed++) {
		struct world *w = world_new(seed);
		unsigned fill = fills[seed % 6];

		for (unsigned i = 0; i < 6000; i++) {
			step(w, fill);
			if (i % 97 == 0)
				assert_true(event_queue_sane(&w->sim->queue));
			/* times past 2^62 would overflow the spans */
			if (w->sim->now > 1ull << 62)
				break;
		}
		assert_int_equal(w->sim->queue.nr_pending, w->model.n);
		while (w->model.n)
			pop_first(w, UINT64_MAX);
		assert_int_equal(w->sim->queue.nr_background, 0);
		assert_true(w->sim->stop != SIM_FAULT);
		world_free(w);
	}
}

/* Many at one instant, of several nodes, added in any order: by node, then by count. */
static void same_instant(void **state)
{
	(void)state;
	struct world *w = world_new(7);

	for (unsigned i = 0; i < MODEL_MAX; i++) {
		event_add(&w->ev[i], 5000);
		model_add(&w->model, &w->ev[i]);
	}
	for (unsigned i = 0; i < MODEL_MAX; i++) {
		pop_first(w, UINT64_MAX);
		if (i % 5 == 0 && i < MODEL_MAX / 2) {
			/* what is armed for now comes after what its node has armed before */
			struct event *ev = w->model.ev[w->model.n / 2];
			model_del(&w->model, ev);
			event_add(ev, 5000);
			model_add(&w->model, ev);
		}
	}
	world_free(w);
}

/* A long look ahead must not spoil the order of what is then armed before it. */
static void look_ahead(void **state)
{
	(void)state;
	struct world *w = world_new(9);

	event_add(&w->ev[0], 3600 * NSEC_PER_SEC);
	model_add(&w->model, &w->ev[0]);
	for (unsigned i = 1; i < 2000; i++) {
		assert_false(event_queue_due(&w->sim->queue, w->sim->now + 100));
		event_add(&w->ev[i], w->sim->now + 200);
		model_add(&w->model, &w->ev[i]);
		pop_first(w, w->sim->now + 1000);
	}
	pop_first(w, UINT64_MAX);
	world_free(w);
}

static unsigned fired;

static void count(struct event *ev)
{
	fired++;
	if (ev->flags & EVENT_BACKGROUND)
		event_add(ev, ev->node->sim->now + NSEC_PER_SEC);
}

static void run_until_idle(void **state)
{
	(void)state;
	struct sim *sim = sim_new(1);
	struct event periodic, once;

	fired = 0;
	event_init(&periodic, &sim->root, count, EVENT_BACKGROUND);
	event_init(&once, &sim->root, count, 0);
	event_add(&periodic, NSEC_PER_SEC);
	event_add(&once, 5 * NSEC_PER_SEC + 1);
	assert_int_equal(sim_run(sim, 3 * NSEC_PER_SEC), SIM_UNTIL);
	assert_int_equal(fired, 3);
	assert_int_equal(sim->now, 3 * NSEC_PER_SEC);
	assert_int_equal(sim_run(sim, SIM_FOREVER), SIM_IDLE);
	assert_int_equal(fired, 6);
	assert_int_equal(sim->now, 5 * NSEC_PER_SEC + 1);
	assert_int_equal(sim_run(sim, SIM_FOREVER), SIM_IDLE);
	assert_int_equal(fired, 6);
	sim->time_limit = 7 * NSEC_PER_SEC;
	event_add(&once, 20 * NSEC_PER_SEC);
	assert_int_equal(sim_run(sim, SIM_FOREVER), SIM_LIMIT);
	assert_int_equal(sim->now, 7 * NSEC_PER_SEC);
	sim_fault(sim, NULL, "number %d", 5);
	assert_string_equal(sim->fault, "7.000000000 sim: number 5");
	assert_int_equal(sim_run(sim, SIM_FOREVER), SIM_FAULT);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_against_model),
		cmocka_unit_test(same_instant),
		cmocka_unit_test(look_ahead),
		cmocka_unit_test(run_until_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
