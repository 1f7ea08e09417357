/* Counts a host's records. */
#include "viz/counters.h"

#include <stdlib.h>
#include <string.h>

#include "viz/flow.h"

enum kind {
	SENT_FRAMES,
	SENT_BYTES,
	RECEIVED_FRAMES,
	RECEIVED_BYTES,
	INTERRUPTS,
	SOFTIRQS,
	DROPS,
	CPU_TIME,
	VALUES, /* + enum trace_subject */
};

struct counting {
	const struct viz_export *x;
	const struct viz_host *host;
	void (*tell)(void *arg, const struct viz_counter *c, uint64_t time);
	void *arg;
	struct viz_counter **slots; /* open addressing by key */
	uint32_t nr_slots, n;	    /* a power of two */
	uint32_t subject_kind, subject;
	bool failed;
};

static struct viz_counter **slot_of(struct viz_counter **slots, uint32_t nr_slots, uint64_t key)
{
	uint32_t i = (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 32) & (nr_slots - 1);
	while (slots[i] && slots[i]->key != key)
		i = (i + 1) & (nr_slots - 1);
	return &slots[i];
}

static bool grow(struct counting *c)
{
	uint32_t nr = c->nr_slots ? c->nr_slots * 2 : 64;
	struct viz_counter **slots = calloc(nr, sizeof(*slots));
	if (!slots)
		return false;
	for (uint32_t i = 0; i < c->nr_slots; i++)
		if (c->slots[i])
			*slot_of(slots, nr, c->slots[i]->key) = c->slots[i];
	free(c->slots);
	c->slots = slots;
	c->nr_slots = nr;
	return true;
}

static void name_object(const struct counting *c, struct viz_counter *n, unsigned kind, uint32_t of)
{
	char buf[64];
	if (kind <= INTERRUPTS || kind >= VALUES)
		snprintf(n->object, sizeof(n->object), "%s",
			 viz_subject_name(c->host, kind >= VALUES ? kind - VALUES : SUBJECT_CARD, of, buf,
					  sizeof(buf)));
	else
		snprintf(n->object, sizeof(n->object), "%s",
			 kind == SOFTIRQS ? "softirq"
			 : kind == DROPS  ? "drops"
					  : "cpu");
}

static void name_counter(const struct counting *c, struct viz_counter *n, unsigned kind, uint32_t of,
			 uint32_t rank)
{
	static const struct {
		const char *name, *unit;
	} names[] = {
		[SENT_FRAMES] = { "sent frames", "frames" },
		[SENT_BYTES] = { "sent bytes", "bytes" },
		[RECEIVED_FRAMES] = { "received frames", "frames" },
		[RECEIVED_BYTES] = { "received bytes", "bytes" },
		[INTERRUPTS] = { "interrupts", "" },
	};
	static const char *const contexts[] = { [FLOW_NONE] = "boot",
						[FLOW_TASK] = "tasks",
						[FLOW_IRQ] = "hard irq",
						[FLOW_SOFTIRQ] = "softirq" };
	n->unit = "";
	if (kind <= INTERRUPTS) {
		n->name = names[kind].name;
		n->unit = names[kind].unit;
	} else if (kind >= VALUES) {
		n->name = viz_fn_name(c->x->t, rank);
		n->unit = c->x->t->fns[rank].what;
	} else if (kind == CPU_TIME) {
		n->name = contexts[of];
		n->unit = "ns";
	} else {
		n->name = kind == SOFTIRQS ? viz_softirq_name(of) : viz_string(&c->x->t->drops, of);
	}
}

/* The counter of a kind that belongs to number `of`, made when it is new; NULL: no memory. */
static struct viz_counter *counter(struct counting *c, unsigned kind, uint32_t of, uint32_t rank)
{
	uint64_t key = of | (uint64_t)rank << 32 | (uint64_t)kind << 48;
	if (c->failed || (c->n * 2 >= c->nr_slots && !grow(c))) {
		c->failed = true;
		return NULL;
	}
	struct viz_counter **slot = slot_of(c->slots, c->nr_slots, key);
	if (!*slot && !(*slot = calloc(1, sizeof(**slot)))) {
		c->failed = true;
	} else if (!(*slot)->name) {
		(*slot)->key = key;
		(*slot)->id = c->n++;
		name_object(c, *slot, kind, of);
		name_counter(c, *slot, kind, of, rank);
	}
	return *slot;
}

/* Counting goes on from the start of the run; told is what is in the window. */
static void tell(struct counting *c, const struct viz_counter *n, uint64_t time)
{
	if (time >= c->x->from && (!c->x->to || time <= c->x->to))
		c->tell(c->arg, n, time);
}

static void add(struct counting *c, unsigned kind, uint32_t of, uint64_t amount, uint64_t time)
{
	struct viz_counter *n = counter(c, kind, of, 0);
	if (!n)
		return;
	n->value += amount;
	tell(c, n, time);
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct counting *c = arg;
	struct viz_counter *n;
	(void)flow;
	switch (rec->kind) {
	case TR_FRAME_TX:
	case TR_FRAME_RX:
		add(c, rec->kind == TR_FRAME_TX ? SENT_FRAMES : RECEIVED_FRAMES, rec->depth, 1, time);
		add(c, rec->kind == TR_FRAME_TX ? SENT_BYTES : RECEIVED_BYTES, rec->depth, rec->fn, time);
		break;
	case TR_IRQ:
		add(c, INTERRUPTS, rec->obj, 1, time);
		break;
	case TR_SOFTIRQ:
		add(c, SOFTIRQS, rec->obj, 1, time);
		break;
	case TR_DROP:
		add(c, DROPS, rec->fn, 1, time);
		break;
	case TR_SUBJECT:
		c->subject_kind = rec->fn;
		c->subject = rec->obj;
		break;
	case TR_VALUE:
		if ((n = counter(c, VALUES + c->subject_kind, c->subject, rec->fn))) {
			n->value = rec->obj;
			tell(c, n, time);
		}
		break;
	default:
		break;
	}
}

static void on_elapse(void *arg, const struct viz_flow *flow, uint64_t ns, uint64_t time)
{
	if (flow->kind != FLOW_NONE || flow->n)
		add(arg, CPU_TIME, flow->kind, ns, time);
}

int viz_counters_host(const struct viz_export *x, uint32_t host,
		      void (*tell)(void *arg, const struct viz_counter *c, uint64_t time), void *arg)
{
	struct counting c = { .x = x, .host = &x->t->hosts[host], .tell = tell, .arg = arg };
	struct viz_visitor v = { .arg = &c, .mark = on_mark, .elapse = on_elapse };
	c.failed |= viz_flow_run(x->t, host, &v) < 0;
	for (uint32_t i = 0; i < c.nr_slots; i++)
		free(c.slots[i]);
	free(c.slots);
	return c.failed ? -1 : 0;
}
