/*
 * Packets, system calls, commands and time, one after the other, and what must hold of a host afterwards.
 *
 * The input is a program: each byte names an operation, its arguments follow. It runs as a task of the host;
 * two more tasks, with sockets of their own, are given calls meanwhile, which may wait for good. In the end
 * all of them are killed and 20 minutes pass: then nothing may be left of what the host did.
 */
#include "stack/application/syscalls.h"
#include "stack/kernel/sched.h"
#include "stack/skb/skbuff.h"
#include "tests/fuzz/bed.h"
#include "tests/fuzz/calls.h"

#define NR_HELPERS 2
#define OPS_MAX 300
#define MAX_CACHES 128

struct sequence {
	struct bed bed;
	struct input in;
	struct task_struct *t, *helpers[NR_HELPERS];
	struct input calls[NR_HELPERS];
	uint32_t out_before[MAX_CACHES], ram_before;
};

static void helper_of(struct sequence *s, unsigned nr)
{
	struct task_struct *t = s->helpers[nr] = current(s->bed.host);

	while (!signal_pending(t)) {
		while (input_left(&s->calls[nr]) && !signal_pending(t))
			fuzz_call(t, &s->calls[nr]);
		set_current_state(s->bed.host, TASK_INTERRUPTIBLE);
		schedule(s->bed.host);
	}
}

static void helper0(void *arg)
{
	helper_of(arg, 0);
}

static void helper1(void *arg)
{
	helper_of(arg, 1);
}

/* Hands calls to a helper that is free: the next bytes of the input. */
static void delegate(struct sequence *s)
{
	unsigned nr = take8(&s->in) % NR_HELPERS;
	size_t n = 2 + take8(&s->in) % 64u, left = (size_t)(s->in.end - s->in.p);

	if (n > left)
		n = left;
	if (!input_left(&s->calls[nr])) /* it has come to the end of those before */
		s->calls[nr] = (struct input){ s->in.p, s->in.p + n };
	wake_up_process(s->helpers[nr]);
	s->in.p += n;
	msleep(s->bed.host, 1);
}

static void pass(struct sequence *s)
{
	unsigned ms = TAKE_OF(&s->in, 1, 2, 10, 40, 200, 1000, 3000, 20000, 60000, 125000) % 300000;

	msleep(s->bed.host, ms);
}

static void operation(struct sequence *s)
{
	uint8_t op = take8(&s->in);

	switch (op % 16) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		bed_packet(&s->bed, &s->in);
		if (!(op & 128)) /* else the next one comes right behind it */
			usleep_range(s->bed.host, 200, 200);
		break;
	case 5:
		pass(s);
		break;
	case 6:
		fuzz_command(&s->bed, &s->in);
		break;
	case 7:
		delegate(s);
		break;
	case 10:
		fuzz_rule(s->bed.host, &s->in);
		break;
	case 8:
		link_set_up(s->bed.link->link, op & 128);
		break;
	default:
		fuzz_call(s->t, &s->in);
	}
}

static void program(void *arg)
{
	struct sequence *s = arg;

	s->t = current(s->bed.host);
	user_task_create(s->bed.host, "helper0", helper0, s);
	user_task_create(s->bed.host, "helper1", helper1, s);
	msleep(s->bed.host, 1);
	for (unsigned n = 0; n < OPS_MAX && input_left(&s->in) && !signal_pending(s->t); n++)
		operation(s);
	sim_stop(s->bed.sim, SIM_STOPPED);
}

static void count_out(const struct host *h, uint32_t out[MAX_CACHES])
{
	unsigned i = 0;

	for (const struct kmem_cache *c = h->kmem.caches; c && i < MAX_CACHES; c = c->next)
		out[i++] = c->in_use;
}

/* Neighbours, routes and addresses, what was learned of a peer, and the socket that ICMP sends by may stay.
 */
static bool may_stay(const char *cache)
{
	static const char *const names[] = {
		"neighbour", "arp_cache",	"inet_peer_cache", "ip_dst_cache", "fib",  "hh",
		"in_ifaddr", "route_exception", "ip_fib",	   "tcp_metrics",  "ICMP", "nf_"
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(cache, names[i]))
			return true;
	return false;
}

static bool is_ours(const struct task *t)
{
	return strncmp(t->name, "helper", 6) == 0 || strcmp(t->name, "sequence") == 0;
}

/* All programs have ended and time has passed: the name of what the host holds and did not hold before, or
 * NULL. */
static const char *left_over(struct sequence *s)
{
	uint32_t out[MAX_CACHES];
	unsigned i = 0;

	for (const struct task *t = s->bed.host->cpu.tasks; t; t = t->next)
		if (is_ours(t))
			return t->name;
	count_out(s->bed.host, out);
	for (const struct kmem_cache *c = s->bed.host->kmem.caches; c && i < MAX_CACHES; c = c->next, i++)
		if (out[i] > s->out_before[i] && !may_stay(c->name))
			return c->name;
	return NULL;
}

static void kill_tasks(struct sequence *s)
{
	for (struct task *t = s->bed.host->cpu.tasks; t; t = t->next)
		if (is_ours(t))
			task_kill(t);
	bed_run(&s->bed, 10 * NSEC_PER_MSEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sequence *s = calloc(1, sizeof(*s));
	struct host *h;

	if (!s)
		abort();
	s->in = (struct input){ data, data + (size > 4096 ? 4096 : size) };
	bed_init(&s->bed, size && data[size - 1] & 1, size && data[size - 1] & 2);
	h = s->bed.host;
	count_out(h, s->out_before);
	user_task_create(h, "sequence", program, s);
	bed_run(&s->bed, 10000 * NSEC_PER_SEC);
	if (!*s->bed.sim->fault) {
		kill_tasks(s);
		link_set_up(s->bed.link->link, true);
		bed_run(&s->bed, 70 * NSEC_PER_SEC);
		if (left_over(s)) /* connections that try again and again */
			bed_run(&s->bed, 1200 * NSEC_PER_SEC);
		if (!*s->bed.sim->fault && left_over(s))
			fuzz_bug("20 minutes later the host still has: %s", left_over(s));
	}
	bed_free(&s->bed);
	free(s);
	return 0;
}
