/*
 * W6: what a pop and a push of the event queue cost at a given number of pending events.
 *
 * Hold model: pop the first event, push it again a random time later; user CPU time over millions of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/random.h"
#include "core/sim.h"

#define SPANS 65536

static double cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void nothing(struct event *ev)
{
	(void)ev;
}

/* Times until the next one: even over 2 ms, or mostly short with a far tail as a network's timers are. */
static void fill_spans(struct random *r, uint32_t *span, const char *kind)
{
	for (unsigned i = 0; i < SPANS; i++) {
		if (kind[0] == 'e')
			span[i] = 1 + random_below(r, 2000000);
		else
			span[i] = random_below(r, 10) ? 1 + random_below(r, 100000)
						      : 200000000 + random_below(r, 1000000);
	}
}

static double measure(uint32_t pending, const char *kind)
{
	struct sim *sim = sim_new(1);
	struct event *ev = calloc(pending, sizeof(*ev));
	uint32_t *span = malloc(SPANS * sizeof(*span));
	uint32_t rounds = pending > 100000 ? 4000000 : 10000000;
	struct random r;

	random_init(&r, sim, "", "bench");
	fill_spans(&r, span, kind);
	for (uint32_t i = 0; i < pending; i++) {
		event_init(&ev[i], &sim->root, nothing, 0);
		event_add(&ev[i], random_below(&r, 2000000));
	}
	double start = 0;
	for (uint32_t i = 0; i < 2 * rounds; i++) {
		if (i == rounds)
			start = cpu_ns();
		struct event *first = event_queue_pop(&sim->queue, UINT64_MAX);
		sim->now = first->when;
		event_add(first, sim->now + span[i % SPANS]);
	}
	double ns = (cpu_ns() - start) / rounds;
	free(span);
	free(ev);
	sim_free(sim);
	return ns;
}

int main(void)
{
	static const uint32_t pending[] = { 10, 100, 10000, 1000000 };

	for (unsigned i = 0; i < 4; i++)
		printf("W6 queue pop+push, %7u pending: %5.1f ns (even), %5.1f ns (short with a far tail)\n",
		       pending[i], measure(pending[i], "even"), measure(pending[i], "tail"));
	return 0;
}
