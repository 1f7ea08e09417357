/* Makes the fuzzed host and looks at how it ends. */
#include "tests/fuzz/bed.h"

#include <arpa/inet.h>

#include "lua/host_sh.h"
#include "nic-model/ftgmac100.h"
#include "stack/boot.h"
#include "stack/kernel/kernel.h"

#define GIGABIT 1000000000ull
#define POLLS_MAX 20 /* of 10,000 events each, about a second: no input may set off more */

/* The host's frames: remembered, and answered by nobody. */
static void receive(struct port *port, struct frame *f)
{
	struct bed *b = port->owner;
	struct bed_frame *s = &b->sent[b->nr_sent++ % BED_SENT];

	if (f->len < 14 || f->len > FRAME_MAX + 4)
		fuzz_bug("the host sent a frame of %u bytes", f->len);
	s->len = f->len;
	memcpy(s->data, f->data, f->len < BED_SENT_MAX ? f->len : BED_SENT_MAX);
	frame_put(b->sim, f);
}

static void on_poll(void *arg)
{
	struct bed *b = arg;

	if (++b->polls > POLLS_MAX)
		fuzz_bug("more than %u0000 events, now %llu ns", POLLS_MAX, (unsigned long long)b->sim->now);
}

void bed_init(struct bed *b, bool rx_checksums, bool traced)
{
	const struct world_addr addr = { .addr = inet_addr("10.0.0.1"),
					 .prefix = 24,
					 .rx_checksums = rx_checksums };
	const struct link_params params = { .delay = 1000 };
	const struct trace_options digest = { .path = NULL };
	char err[256] = "";

	memset(b, 0, sizeof(*b));
	b->sim = sim_new(1);
	b->sim->idle_poll = on_poll;
	b->sim->idle_arg = b;
	if (traced && trace_start(b->sim, &digest, err, sizeof(err)) < 0)
		fuzz_bug("%s", err);
	world_init(&b->world, b->sim, NULL);
	b->wh = world_add_host(&b->world, "h", &addr, 1, inet_addr("10.0.0.2"), err, sizeof(err));
	if (!b->wh)
		fuzz_bug("%s", err);
	b->host = b->wh->host;
	node_init(&b->node, b->sim, "peer");
	port_init(&b->port, &b->node, NULL, "peer");
	b->port.receive = receive;
	b->port.owner = b;
	b->link =
		world_add_link(&b->world, world_host_port(b->wh, NULL), &b->port, &params, err, sizeof(err));
	if (!b->link)
		fuzz_bug("%s", err);
	world_up(&b->world);
	bed_run(b, 2 * NSEC_PER_SEC);
}

void bed_free(struct bed *b)
{
	if (*b->sim->fault)
		fuzz_bug("%s", b->sim->fault);
	if (!event_queue_sane(&b->sim->queue))
		fuzz_bug("the event queue is out of order");
	world_down(&b->world);
	if (*b->sim->fault)
		fuzz_bug("at the end: %s", b->sim->fault);
	sim_free(b->sim);
}

static void nothing(struct event *ev)
{
	(void)ev;
}

void bed_run(struct bed *b, uint64_t ns)
{
	struct event ev = { 0 };
	uint64_t when = b->sim->now + ns;

	event_init(&ev, &b->sim->root, nothing, 0);
	event_add(&ev, when);
	sim_run(b->sim, when);
	event_del(&ev);
}

void bed_shell(struct bed *b, const char *line)
{
	struct sh sh = { .host = b->host, .world = &b->world };

	if (host_sh_takes_time(line))
		return;
	if (host_sh(&sh, line) != 0 && !sh.err.count && !sh.out.count)
		fuzz_bug("'%s' failed without a word", line);
	seq_release(&sh.out);
	seq_release(&sh.err);
}

void bed_send(struct bed *b, const void *frame, unsigned len)
{
	unsigned padded = len < 60 ? 60 : len > FRAME_MAX ? FRAME_MAX : len;
	struct frame *f = frame_alloc(b->sim, padded);

	if (!f)
		abort();
	if (len > padded)
		len = padded;
	memcpy(f->data, frame, len);
	memset(f->data + len, 0, padded - len);
	port_send(&b->port, f, GIGABIT);
}

const struct bed_frame *bed_sent(const struct bed *b, unsigned i)
{
	return i < b->nr_sent && i < BED_SENT ? &b->sent[(b->nr_sent - 1 - i) % BED_SENT] : NULL;
}
