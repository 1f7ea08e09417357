/* System calls with any arguments, on a host whose packets go over loopback or to nobody. */
#include "stack/kernel/sched.h"
#include "tests/fuzz/bed.h"
#include "tests/fuzz/calls.h"

struct calls {
	struct bed bed;
	struct input in;
};

static void program(void *arg)
{
	struct calls *c = arg;
	struct task_struct *t = current(c->bed.host);

	while (input_left(&c->in) && !signal_pending(t) && !*c->bed.sim->fault)
		fuzz_call(t, &c->in);
	sim_stop(c->bed.sim, SIM_STOPPED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct calls *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->in = (struct input){ data, data + (size > 2048 ? 2048 : size) };
	bed_init(&c->bed, true, size % 2);
	user_task_create(c->bed.host, "calls", program, c);
	bed_run(&c->bed, 600 * NSEC_PER_SEC); /* it may wait for good */
	bed_free(&c->bed);
	free(c);
	return 0;
}
