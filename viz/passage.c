/* Finds what a host did with the frames that its cards sent and took. */
#include "viz/passage.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* What is known of a packet: in what it is handled, and its last passages. */
struct packet {
	uint32_t journey;	 /* 0: free slot */
	uint32_t last, last_in;	 /* passages, or NONE */
	struct viz_passage now;	 /* of it: what handles the packet */
	uint64_t began;		 /* that call's time, to tell it from the next of its flow */
	struct viz_passage sent; /* of it: what gave the packet to the driver last */
};

struct finding {
	const struct viz_trace *t;
	const struct viz_host *host;
	struct viz_passages *out;
	struct packet *packets; /* open addressing */
	uint32_t nr_packets, nr_slots;
	const char **program; /* by pid: the call that it is in */
	uint32_t nr_programs;
	uint8_t *heights; /* by rank */
	bool failed;
};

static struct packet *slot_of(struct packet *slots, uint32_t nr, uint32_t journey)
{
	uint32_t i = journey * 0x9e3779b1u & (nr - 1);
	while (slots[i].journey && slots[i].journey != journey)
		i = (i + 1) & (nr - 1);
	return &slots[i];
}

static struct packet *packet_of(struct finding *f, uint32_t journey)
{
	if (f->nr_packets * 2 >= f->nr_slots) {
		uint32_t nr = f->nr_slots ? f->nr_slots * 2 : 256;
		struct packet *slots = f->failed ? NULL : calloc(nr, sizeof(*slots));
		if (!slots) {
			f->failed = true;
			return NULL;
		}
		for (uint32_t i = 0; i < f->nr_slots; i++)
			if (f->packets[i].journey)
				*slot_of(slots, nr, f->packets[i].journey) = f->packets[i];
		free(f->packets);
		f->packets = slots;
		f->nr_slots = nr;
	}
	struct packet *p = slot_of(f->packets, f->nr_slots, journey);
	if (!p->journey) {
		*p = (struct packet){ .journey = journey, .last = NONE, .last_in = NONE };
		f->nr_packets++;
	}
	return p;
}

static void set_handler(struct viz_passage *p, const struct viz_passage *by)
{
	p->handled = by->handled;
	p->kind = by->kind;
	p->pid = by->pid;
	p->program = by->program;
	p->outer = by->outer;
	p->inner = by->inner;
}

/* The higher the layer, the more a call says about a packet; skb functions are all the layers' tool. */
static unsigned height(const struct viz_trace *t, unsigned rank)
{
	static const char *const layers[] = { "interface", "packet", "internet", "transport" };
	const struct trace_fn fn = { .file = t->fns[rank].file };
	char layer[64];
	trace_fn_layer(&fn, layer, sizeof(layer));
	for (unsigned i = 0; i < sizeof(layers) / sizeof(layers[0]); i++)
		if (strcmp(layer, layers[i]) == 0)
			return i + 1;
	return 0;
}

/* A call with the packet at hand: what stands for it are, of the calls that it is in, those of the highest
 * layer: the innermost when the packet goes out, the outermost when it came in. */
static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct finding *f = arg;
	struct packet *p = call->kind == TR_ENTER_SKB && call->obj ? packet_of(f, call->obj) : NULL;
	const struct viz_call *outer = &flow->calls[0], *first = outer, *last = outer;
	uint32_t pid = flow->kind == FLOW_TASK ? flow->pid : 0;
	(void)parent;
	if (!p)
		return;
	for (const struct viz_call *c = outer; c <= call; c++) {
		first = f->heights[c->fn] > f->heights[first->fn] ? c : first;
		last = f->heights[c->fn] >= f->heights[last->fn] ? c : last;
	}
	bool same = p->now.handled && p->now.kind == flow->kind && p->now.pid == pid &&
		    p->now.outer == outer->fn && p->began == outer->time;
	if (!same || f->heights[first->fn] >= f->heights[p->now.inner])
		p->now.inner = first->fn;
	p->began = outer->time;
	p->now.handled = true;
	p->now.kind = flow->kind;
	p->now.pid = pid;
	p->now.program = pid < f->nr_programs ? f->program[pid] : NULL;
	p->now.outer = outer->fn;
	if (call->op >= 0 && strcmp(viz_fn_name(f->t, (unsigned)call->op), "ndo_start_xmit") == 0) {
		set_handler(&p->sent, &p->now);
		p->sent.inner = last->fn;
	}
	if (p->last_in != NONE)
		set_handler(&f->out->p[p->last_in], &p->now);
}

static uint32_t add(struct finding *f, bool out, uint32_t journey, uint64_t time)
{
	struct viz_passages *s = f->out;
	if (s->n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 256;
		struct viz_passage *grown = f->failed ? NULL : realloc(s->p, cap * sizeof(*grown));
		if (!grown) {
			f->failed = true;
			return NONE;
		}
		s->p = grown;
		s->cap = cap;
	}
	s->p[s->n] = (struct viz_passage){ .time = time, .journey = journey, .place = s->n, .out = out };
	return s->n++;
}

static void frame(struct finding *f, bool out, uint32_t journey, uint64_t time)
{
	struct packet *p = packet_of(f, journey);
	uint32_t nr = p ? add(f, out, journey, time) : NONE;
	if (nr == NONE)
		return;
	p->last = nr;
	p->last_in = out ? NONE : nr;
	if (out) {
		set_handler(&f->out->p[nr], p->sent.handled ? &p->sent : &p->now);
	} else {
		p->now.handled = false;
	}
}

/* What the host drops is the packet that came or went last; what it has not seen came in and was refused. */
static void drop(struct finding *f, unsigned reason, uint32_t journey, uint64_t time)
{
	struct packet *p = journey ? packet_of(f, journey) : NULL;
	if (p && p->last == NONE && !p->now.handled)
		frame(f, false, journey, time);
	if (p && p->last != NONE)
		f->out->p[p->last].drop = viz_string(&f->t->drops, reason);
}

static void set_program(struct finding *f, uint32_t pid, const char *text)
{
	if (pid >= f->nr_programs) {
		uint32_t n = f->nr_programs ? f->nr_programs : 16;
		while (n <= pid)
			n *= 2;
		const char **grown = realloc(f->program, n * sizeof(*grown));
		if (!grown) {
			f->failed = true;
			return;
		}
		memset(grown + f->nr_programs, 0, (n - f->nr_programs) * sizeof(*grown));
		f->program = grown;
		f->nr_programs = n;
	}
	f->program[pid] = text;
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct finding *f = arg;
	switch (rec->kind) {
	case TR_CALL:
	case TR_RET:
		if (flow->kind == FLOW_TASK)
			set_program(f, flow->pid,
				    rec->kind == TR_CALL ? viz_string(&f->host->strings, rec->obj) : NULL);
		break;
	case TR_FRAME_TX:
	case TR_FRAME_RX:
		if (rec->obj)
			frame(f, rec->kind == TR_FRAME_TX, rec->obj, time);
		break;
	case TR_DROP:
		drop(f, rec->fn, rec->obj, time);
		break;
	default:
		break;
	}
}

static int place_of(const struct viz_passage *p, uint64_t journey, bool out, uint64_t time)
{
	if (p->journey != journey)
		return p->journey < journey ? -1 : 1;
	if (p->out != out)
		return p->out < out ? -1 : 1;
	return p->time < time ? -1 : p->time > time;
}

static int by_place(const void *a, const void *b)
{
	const struct viz_passage *x = a, *y = b;
	int c = place_of(x, y->journey, y->out, y->time);
	return c ? c : x->place < y->place ? -1 : x->place > y->place;
}

int viz_passages_find(const struct viz_trace *t, uint32_t host, struct viz_passages *out)
{
	struct finding f = { .t = t, .host = &t->hosts[host], .out = out };
	struct viz_visitor v = { .arg = &f, .enter = on_enter, .mark = on_mark };
	f.heights = malloc(t->nr_fns + 1u);
	f.failed = !f.heights;
	for (uint32_t i = 0; i < t->nr_fns && !f.failed; i++)
		f.heights[i] = (uint8_t)height(t, i);
	if (!f.failed && viz_flow_run(t, host, &v) < 0)
		f.failed = true;
	free(f.heights);
	free(f.packets);
	free(f.program);
	if (out->n)
		qsort(out->p, out->n, sizeof(*out->p), by_place);
	return f.failed ? -1 : 0;
}

const struct viz_passage *viz_passages_at(const struct viz_passages *s, uint64_t journey, bool out,
					  uint64_t time)
{
	uint32_t lo = 0, hi = s->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (place_of(&s->p[mid], journey, out, time) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n && place_of(&s->p[lo], journey, out, time) == 0 ? &s->p[lo] : NULL;
}
