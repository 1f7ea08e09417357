/*
 * Puts a packet's way together: from its records (journey_records.c) and what happened to its frames
 * (sends.c).
 *
 * On each host it is handled in visits: a system call, an interrupt, a softirq. Between them it waits, in a
 * queue that the functions tell which handled it last. A driver's ring is first in, first out, so the nth
 * frame that the driver handed over is the nth that the card sent, and likewise for what comes.
 */
#include "viz/journey.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "viz/journey_records.h"
#include "viz/ladder.h"

#define NONE UINT32_MAX
#define MAX_WIRES 128

struct build {
	struct journey *j;
	const struct viz_trace *t;
	struct viz_sends sends;
	struct jrecs recs;
	uint8_t *part_of; /* by function: enum journey_part, PARTS: a helper of whoever calls it */
	uint32_t *mine;	  /* sendings of the packet, in order of time */
	uint32_t nr_mine;
	uint64_t now, arrived; /* arrived: when it came to the last host */
	bool failed;
};

/* ---- steps ---- */

static void step(struct build *b, uint64_t to, uint32_t host, uint32_t peer, enum journey_part part,
		 const char *context, const char *fmt, ...) __attribute__((format(printf, 7, 8)));

static void step(struct build *b, uint64_t to, uint32_t host, uint32_t peer, enum journey_part part,
		 const char *context, const char *fmt, ...)
{
	struct journey *j = b->j;
	if (j->nr_steps == j->cap_steps) {
		uint32_t cap = j->cap_steps ? j->cap_steps * 2 : 64;
		struct journey_step *grown = realloc(j->steps, cap * sizeof(*grown));
		if (!grown) {
			b->failed = true;
			return;
		}
		j->steps = grown;
		j->cap_steps = cap;
	}
	to = to > b->now ? to : b->now;
	struct journey_step *s = &j->steps[j->nr_steps++];
	*s = (struct journey_step){ .from = b->now, .to = to, .host = host, .peer = peer, .part = part };
	snprintf(s->context, sizeof(s->context), "%s", context);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s->what, sizeof(s->what), fmt, ap);
	va_end(ap);
	b->now = to;
}

/* A wait; none when it takes no time. */
static void wait_until(struct build *b, uint64_t to, uint32_t host, enum journey_part part,
		       const char *context)
{
	static const char *const why[PARTS] = {
		[PART_SEND_QUEUE] = "waits in the socket's send queue",
		[PART_NEIGHBOUR] = "waits for the neighbour's address",
		[PART_QDISC] = "waits in the device's queue",
		[PART_TX_RING] = "waits in the transmit ring",
		[PART_RX_RING] = "waits in the receive ring for an interrupt",
		[PART_SOFTIRQ] = "waits for the softirq",
		[PART_REASSEMBLY] = "waits for the other fragments",
		[PART_RECV_QUEUE] = "waits in the socket's receive queue for the reader",
	};
	if (to > b->now)
		step(b, to, host, VIZ_NOBODY, part, context, "%s", why[part] ? why[part] : "waits");
}

/* ---- visits ---- */

/* A helper's part is that of who called it; of the outermost, that of what they called. */
static enum journey_part part_at(const struct build *b, const struct jrec *r, unsigned k)
{
	const uint16_t *stack = b->recs.stacks + r->stack;
	unsigned i = k;
	while (i > 0 && b->part_of[stack[i]] == PARTS)
		i--;
	while (i + 1u < r->depth && b->part_of[stack[i]] == PARTS)
		i++;
	return b->part_of[stack[i]] == PARTS ? PART_OTHER : b->part_of[stack[i]];
}

/* The record whose stack shows the way through the layers: the deepest that is no helper and does not free
 * it. */
static const struct jrec *spine(const struct build *b, uint32_t first, uint32_t last)
{
	const struct jrec *best = NULL;
	for (uint32_t i = first; i <= last; i++) {
		const struct jrec *r = &b->recs.rec[i];
		if (r->kind == JREC_CALL && !r->freed &&
		    (!best || (b->part_of[r->fn] != PARTS && r->depth > best->depth)))
			best = r;
	}
	return best;
}

/* "sys_write > ksys_write > ... > sock_sendmsg": functions `from` to before `to` of a stack. */
static void path_text(const struct build *b, const struct jrec *r, unsigned from, unsigned to, char *buf,
		      unsigned len)
{
	unsigned n = 0;
	*buf = '\0';
	for (unsigned k = from; k < to && n < len; k++) {
		if (to - from > 6 && k >= from + 3 && k < to - 2) {
			n += (unsigned)snprintf(buf + n, len - n, " > ...");
			k = to - 3;
			continue;
		}
		n += (unsigned)snprintf(buf + n, len - n, "%s%s", k > from ? " > " : "",
					viz_fn_name(b->t, b->recs.stacks[r->stack + k]));
	}
}

static void context_of(const struct build *b, const struct jrec *r, char *buf, unsigned len)
{
	if (r->flow == FLOW_TASK)
		snprintf(buf, len, "task %s", viz_string(&b->t->hosts[r->host].tasks, r->pid));
	else
		snprintf(buf, len, "%s",
			 r->flow == FLOW_IRQ	   ? "irq"
			 : r->flow == FLOW_SOFTIRQ ? "softirq"
						   : "boot");
}

/* When the function at place `k` of the stack of `r` began to handle the packet. */
static uint64_t begins(const struct build *b, const struct jrec *r, unsigned k, uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++) {
		const struct jrec *o = &b->recs.rec[i];
		if (o->kind == JREC_CALL && o->depth > k &&
		    memcmp(b->recs.stacks + o->stack, b->recs.stacks + r->stack,
			   (k + 1) * sizeof(uint16_t)) == 0)
			return o->time;
	}
	return r->time;
}

/* A step for each layer that a visit passes on the way to `goal`, or to where it goes deepest (NONE); the
 * last one ends at `end`. */
static enum journey_part visit(struct build *b, uint32_t first, uint32_t last, uint32_t goal, uint64_t end)
{
	const struct jrec *r = goal == NONE ? spine(b, first, last) : &b->recs.rec[goal];
	char context[40], path[160];
	enum journey_part part = PART_OTHER;
	if (!r)
		return part;
	context_of(b, r, context, sizeof(context));
	for (unsigned k = 0, next; k < r->depth; k = next) {
		part = part_at(b, r, k);
		for (next = k + 1; next < r->depth && part_at(b, r, next) == part;)
			next++;
		path_text(b, r, k, next, path, sizeof(path));
		step(b, next < r->depth ? begins(b, r, next, first, last) : end, r->host, VIZ_NOBODY, part,
		     context, "%s", path);
	}
	return part;
}

/* The last record of the visit of record `i`, and of the frame that it is about. */
static uint32_t visit_end(const struct build *b, uint32_t i)
{
	const struct jrec *all = b->recs.rec;
	uint32_t e = i;
	for (uint32_t k = i + 1; k < b->recs.n && all[k].host == all[i].host; k++) {
		if (all[k].kind != JREC_CALL)
			continue;
		if (all[k].visit != all[i].visit || all[k].taken)
			break;
		e = k;
	}
	return e;
}

/* The nth record of a host that is marked; NONE when there are fewer. */
static uint32_t nth(const struct build *b, uint32_t host, uint32_t n, bool handed)
{
	for (uint32_t i = 0; i < b->recs.n && n; i++) {
		const struct jrec *r = &b->recs.rec[i];
		if (r->host == host && r->kind == JREC_CALL && (handed ? r->handed : r->taken) && --n == 0)
			return i;
	}
	return NONE;
}

/* How many frames of the packet the host's cards have sent or got up to a mark. */
static uint32_t count(const struct build *b, uint32_t host, enum jrec_kind kind, uint32_t mark)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < b->recs.n; i++)
		n += b->recs.rec[i].host == host && b->recs.rec[i].kind == kind &&
		     b->recs.rec[i].mark <= mark;
	return n;
}

/* ---- on a host ---- */

static uint32_t first_of(const struct build *b, uint32_t host)
{
	for (uint32_t i = 0; i < b->recs.n; i++)
		if (b->recs.rec[i].host == host && b->recs.rec[i].kind == JREC_CALL)
			return i;
	return NONE;
}

static bool in_stack(const struct build *b, const struct jrec *r, const char *fn)
{
	for (unsigned k = 0; k < r->depth; k++)
		if (strcmp(viz_fn_name(b->t, b->recs.stacks[r->stack + k]), fn) == 0)
			return true;
	return false;
}

/* Where it waited, by what then handed it to the driver. */
static enum journey_part queue_before(const struct build *b, const struct jrec *handed)
{
	if (in_stack(b, handed, "neigh_update"))
		return PART_NEIGHBOUR;
	return in_stack(b, handed, "__tcp_transmit_skb") ? PART_SEND_QUEUE : PART_QDISC;
}

/* An earlier frame with the same bytes that did not arrive. */
static const struct viz_send *lost_before(const struct build *b, uint32_t send)
{
	const struct viz_send *s = &b->sends.send[send];
	struct frame_head h, g;
	viz_send_head(&b->sends, send, &h);
	for (uint32_t i = 0; i < b->nr_mine && b->mine[i] < send; i++) {
		const struct viz_send *o = &b->sends.send[b->mine[i]];
		viz_send_head(&b->sends, b->mine[i], &g);
		if (o->from == s->from && o->drop != VIZ_NOBODY && g.seq == h.seq && g.proto == h.proto)
			return o;
	}
	return NULL;
}

/* The first record of the visit of record `i`. */
static uint32_t visit_begin(const struct build *b, uint32_t i)
{
	const struct jrec *all = b->recs.rec;
	uint32_t first = i;
	for (; i > 0 && all[i - 1].host == all[i].host &&
	       (all[i - 1].kind != JREC_CALL || all[i - 1].visit == all[first].visit);
	     i--)
		first = all[i - 1].kind == JREC_CALL ? i - 1 : first;
	return first;
}

/* It is handled (record `at`), waits, and is handled again by what hands it to the driver: gives where that
 * begins. */
static uint32_t until_handed(struct build *b, uint32_t at, uint32_t handed, const struct viz_send *lost)
{
	uint32_t end = visit_end(b, at), host = b->recs.rec[at].host;
	if (handed == NONE) {
		visit(b, at, end, NONE, b->recs.rec[end].time);
		return NONE;
	}
	uint32_t begin = visit_begin(b, handed);
	enum journey_part queue = queue_before(b, &b->recs.rec[handed]);
	/* what waits in the socket has not gone deeper than its queue, though others of the packet may have
	 */
	visit(b, at, end, queue == PART_SEND_QUEUE ? at : NONE,
	      b->recs.rec[queue == PART_SEND_QUEUE ? at : end].time);
	if (lost) {
		wait_until(b, lost->sent, host, PART_SEND_QUEUE, "socket");
		step(b, b->recs.rec[begin].time, host, VIZ_NOBODY, PART_LOST, "socket",
		     "sent; %s; until it is sent again",
		     viz_string(&b->t->drops, b->sends.drops[lost->drop].reason));
	}
	wait_until(b, b->recs.rec[begin].time, host, queue, queue == PART_SEND_QUEUE ? "socket" : "queue");
	return begin;
}

/* From where it is handled first (record `at`) to the card that sends it. */
static void to_card(struct build *b, uint32_t at, uint32_t send)
{
	const struct viz_send *s = &b->sends.send[send];
	uint32_t handed = nth(b, s->from, count(b, s->from, JREC_TX, s->order), true);
	const struct viz_send *lost = s->resent ? lost_before(b, send) : NULL;
	char card[40], iface[32];
	snprintf(card, sizeof(card), "card %s",
		 viz_subject_name(&b->t->hosts[s->from], SUBJECT_CARD, s->out, iface, sizeof(iface)));
	if (at != NONE && (handed == NONE || b->recs.rec[handed].visit != b->recs.rec[at].visit))
		at = until_handed(b, at, handed, lost);
	if (at != NONE && handed != NONE)
		visit(b, at, handed, handed, b->recs.rec[handed].time);
	wait_until(b, s->sent, s->from, PART_TX_RING, card);
}

/* From the wire to the driver; gives the record at which the stack gets it. */
static uint32_t from_card(struct build *b, const struct viz_send *s)
{
	uint32_t at = nth(b, s->to, count(b, s->to, JREC_RX, s->arrived_order), false);
	char card[40], iface[32];
	if (at == NONE)
		return NONE;
	const struct jrec *r = &b->recs.rec[at];
	snprintf(card, sizeof(card), "card %s",
		 viz_subject_name(&b->t->hosts[s->to], SUBJECT_CARD, s->in, iface, sizeof(iface)));
	if (r->irq >= s->arrived && r->irq <= r->time) {
		wait_until(b, r->irq, s->to, PART_RX_RING, card);
		wait_until(b, r->time, s->to, PART_SOFTIRQ, "softirq");
	} else {
		wait_until(b, r->time, s->to, PART_RX_RING, card);
	}
	return at;
}

/* On the host where it ends: up to the return of the call that takes it. */
static void to_reader(struct build *b, uint32_t at)
{
	const struct jrec *all = b->recs.rec;
	uint32_t host = all[at].host, end = visit_end(b, at);
	enum journey_part last = visit(b, at, end, NONE, all[end].time);
	snprintf(b->j->to, sizeof(b->j->to), "%s", b->t->hosts[host].name);
	for (uint32_t i = end + 1; i < b->recs.n && all[i].host == host; i++) {
		if (all[i].kind == JREC_DROP)
			return;
		if (all[i].kind != JREC_CALL || all[i].flow != FLOW_TASK || !all[i].call)
			continue;
		const struct jcall *c = &b->recs.calls[all[i].call - 1];
		bool fragment = last == PART_INTERNET;
		wait_until(b, all[i].time, host, fragment ? PART_REASSEMBLY : PART_RECV_QUEUE,
			   fragment ? "reassembly" : "socket");
		end = visit_end(b, i);
		visit(b, i, end, NONE, c->to == UINT64_MAX ? all[end].time : c->to);
		snprintf(b->j->to, sizeof(b->j->to), "%s, %s%s", b->t->hosts[host].name, c->text,
			 ladder_parens(c->text));
		return;
	}
}

/* ---- on the wire ---- */

static void rate_text(const struct viz_send *s, char *buf, unsigned len)
{
	uint64_t ns = s->left - s->begun, bits = ((uint64_t)s->len + 24) * 8,
		 kbit = ns ? bits * 1000000 / ns : 0;
	if (kbit >= 10000)
		snprintf(buf, len, "%llu Mbit/s", (unsigned long long)(kbit + 500) / 1000);
	else
		snprintf(buf, len, "%llu kbit/s", (unsigned long long)kbit);
}

static void over_wire(struct build *b, const struct viz_send *s)
{
	char rate[32];
	if (s->left == VIZ_NEVER || s->from == VIZ_NOBODY)
		return;
	if (s->begun > b->now)
		step(b, s->begun, s->from, s->to, PART_WIRE_QUEUE, "wire", "waits until the wire is free");
	rate_text(s, rate, sizeof(rate));
	step(b, s->left, s->from, s->to, PART_SERIALISATION, "wire",
	     "serialisation: %u bytes, and 24 of preamble, FCS and gap, at %s", s->len, rate);
	if (s->arrived != VIZ_NEVER)
		step(b, s->arrived, s->from, s->to, PART_PROPAGATION, "wire", "propagation%s",
		     s->overtaken ? ", late: others overtake it" : "");
}

/* The sending by which a frame goes on from where it came; NONE: it goes no further. */
static uint32_t goes_on(const struct build *b, uint32_t from)
{
	const struct viz_send *s = &b->sends.send[from];
	struct frame_head h, g;
	uint32_t best = NONE;
	viz_send_head(&b->sends, from, &h);
	for (uint32_t i = 0; i < b->nr_mine && s->arrived != VIZ_NEVER && s->drop == VIZ_NOBODY; i++) {
		const struct viz_send *o = &b->sends.send[b->mine[i]];
		if (o->from != s->to || o->order <= s->arrived_order || (o->via && o->via != s->hop))
			continue;
		viz_send_head(&b->sends, b->mine[i], &g);
		if (!o->via && h.ip && g.ip &&
		    (memcmp(h.b + h.ip + 4, g.b + g.ip + 4, 2) != 0 || g.frag_at < h.frag_at ||
		     g.frag_at >= h.frag_at + (h.l4_len ? h.l4_len : 1)))
			continue;
		if (best == NONE || (b->sends.send[best].drop != VIZ_NOBODY && o->drop == VIZ_NOBODY))
			best = b->mine[i];
		if (!o->via)
			break;
	}
	return best;
}

static uint32_t last_wire(const struct build *b, uint32_t at)
{
	for (unsigned n = 0, next; n < MAX_WIRES && (next = goes_on(b, at)) != NONE; n++)
		at = next;
	return at;
}

/* ---- the whole ---- */

static void begin(struct build *b, uint32_t at)
{
	const struct jrec *r = &b->recs.rec[at];
	const struct jcall *c = r->call ? &b->recs.calls[r->call - 1] : NULL;
	b->now = c ? c->from : r->time;
	snprintf(b->j->from, sizeof(b->j->from), "%s%s%s%s", b->t->hosts[r->host].name, c ? ", " : "",
		 c ? c->text : "", c ? ladder_parens(c->text) : "");
}

static void tell_loss(struct build *b, const struct viz_send *s)
{
	const char *to = s->to < b->t->nr_hosts ? b->t->hosts[s->to].name : NULL;
	if (s->drop == VIZ_NOBODY && s->arrived == VIZ_NEVER)
		snprintf(b->j->fate, sizeof(b->j->fate), "not seen to arrive");
	if (s->drop == VIZ_NOBODY)
		return;
	const char *why = viz_string(&b->t->drops, b->sends.drops[s->drop].reason);
	if (s->arrived == VIZ_NEVER)
		snprintf(b->j->fate, sizeof(b->j->fate), "lost between %s and %s: %s",
			 b->t->hosts[s->from].name, to ? to : "?", why);
	else
		snprintf(b->j->fate, sizeof(b->j->fate), "dropped by the card of %s: %s", to ? to : "?", why);
	snprintf(b->j->to, sizeof(b->j->to), "%s", to ? to : "?");
}

/* Over all wires, from the sending `first`. */
static void travel(struct build *b, uint32_t first)
{
	uint32_t at = b->sends.send[first].from == VIZ_NOBODY ? NONE : first_of(b, b->sends.send[first].from),
		 i = first;
	b->now = b->sends.send[first].sent;
	if (at != NONE)
		begin(b, at);
	else
		snprintf(b->j->from, sizeof(b->j->from), "%s",
			 b->sends.send[first].from == VIZ_NOBODY
				 ? "(outside)"
				 : b->t->hosts[b->sends.send[first].from].name);
	for (unsigned n = 0; n < MAX_WIRES; n++) {
		const struct viz_send *s = &b->sends.send[i];
		if (s->from != VIZ_NOBODY && b->t->hosts[s->from].is_switch) {
			char port[32];
			step(b, s->sent, s->from, VIZ_NOBODY, PART_OTHER, "switch", "passes it on by port %s",
			     viz_subject_name(&b->t->hosts[s->from], SUBJECT_CARD, s->out, port,
					      sizeof(port)));
		} else if (s->from != VIZ_NOBODY) {
			to_card(b, at, i);
		}
		over_wire(b, s);
		tell_loss(b, s);
		if (s->arrived == VIZ_NEVER || s->drop != VIZ_NOBODY)
			return;
		b->arrived = s->arrived;
		uint32_t next = goes_on(b, i);
		at = b->t->hosts[s->to].is_switch ? NONE : from_card(b, s);
		if (next == NONE) {
			snprintf(b->j->to, sizeof(b->j->to), "%s", b->t->hosts[s->to].name);
			if (at != NONE)
				to_reader(b, at);
			return;
		}
		i = next;
	}
}

/* It never was on a wire: its visits one after the other. */
static void stay(struct build *b)
{
	uint32_t at = b->recs.n ? first_of(b, b->recs.rec[0].host) : NONE;
	if (at == NONE)
		return;
	const struct jrec *all = b->recs.rec;
	begin(b, at);
	snprintf(b->j->to, sizeof(b->j->to), "%s", b->t->hosts[all[at].host].name);
	for (unsigned n = 0; n < 32 && at < b->recs.n && all[at].host == all[0].host; n++) {
		uint32_t end = at;
		for (uint32_t k = at; k < b->recs.n && all[k].host == all[at].host; k++)
			end = all[k].kind == JREC_CALL && all[k].visit == all[at].visit ? k : end;
		enum journey_part last = visit(b, at, end, NONE, all[end].time);
		const struct jcall *c = all[at].call ? &b->recs.calls[all[at].call - 1] : NULL;
		at = end + 1;
		while (at < b->recs.n && all[at].kind != JREC_CALL)
			at++;
		if (at < b->recs.n && all[at].host == all[0].host)
			wait_until(b, all[at].time, all[at].host,
				   last == PART_INTERFACE ? PART_SOFTIRQ : PART_RECV_QUEUE,
				   last == PART_INTERFACE ? "softirq" : "socket");
		else if (c)
			snprintf(b->j->to, sizeof(b->j->to), "%s, %s%s", b->t->hosts[all[0].host].name,
				 c->text, ladder_parens(c->text));
	}
}

/* A drop by the stack, after the last step. */
static void tell_drop(struct build *b)
{
	for (uint32_t i = 0; i < b->sends.nr_drops; i++) {
		const struct viz_drop *d = &b->sends.drops[i];
		if (d->journey != b->j->packet || d->of_send || d->time < b->arrived || *b->j->fate)
			continue;
		snprintf(b->j->fate, sizeof(b->j->fate), "dropped by %s: %s", b->t->hosts[d->host].name,
			 viz_string(&b->t->drops, d->reason));
		snprintf(b->j->to, sizeof(b->j->to), "%s", b->t->hosts[d->host].name);
	}
}

static void find_parts(struct build *b)
{
	static const struct {
		const char *folder;
		enum journey_part part;
	} parts[] = { { "application", PART_APPLICATION }, { "transport", PART_TRANSPORT },
		      { "internet", PART_INTERNET },	   { "netfilter", PART_INTERNET },
		      { "interface", PART_INTERFACE },	   { "packet", PART_TRANSPORT } };
	char layer[32];
	for (uint32_t i = 0; i < b->t->nr_fns; i++) {
		const struct trace_fn fn = { .file = b->t->fns[i].file };
		trace_fn_layer(&fn, layer, sizeof(layer));
		b->part_of[i] = PARTS;
		for (unsigned k = 0; k < sizeof(parts) / sizeof(parts[0]); k++)
			if (strcmp(layer, parts[k].folder) == 0)
				b->part_of[i] = (uint8_t)parts[k].part;
	}
}

/* The frames that the packet's first host has sent; picks one. */
static uint32_t pick_frame(struct build *b, uint32_t wanted)
{
	struct journey *j = b->j;
	uint32_t picked = NONE, last = NONE;
	for (uint32_t i = 0; i < b->nr_mine; i++) {
		const struct viz_send *s = &b->sends.send[b->mine[i]];
		if (s->from != b->sends.send[b->mine[0]].from || s->duplicate)
			continue;
		j->nr_frames++;
		last = b->mine[i];
		const struct viz_send *end = wanted ? NULL : &b->sends.send[last_wire(b, last)];
		if (wanted ? j->nr_frames == wanted : end->arrived != VIZ_NEVER && end->drop == VIZ_NOBODY) {
			picked = last;
			j->frame = j->nr_frames;
		}
	}
	if (picked == NONE && !wanted) {
		picked = last;
		j->frame = j->nr_frames;
	}
	return picked;
}

static void label(struct build *b, uint32_t send)
{
	struct frame_head h;
	struct frame_bases bases = viz_send_bases(&b->sends, send);
	viz_send_head(&b->sends, send, &h);
	frame_who(&h, b->j->label, sizeof(b->j->label));
	size_t n = strlen(b->j->label);
	frame_words(&h, &bases, false, b->j->label + n, (unsigned)(sizeof(b->j->label) - n));
}

static bool read_all(struct build *b)
{
	b->part_of = calloc(UINT16_MAX + 1, 1);
	if (!b->part_of || viz_sends_read(&b->sends, b->t) < 0 ||
	    jrecs_read(&b->recs, b->t, b->j->packet) < 0 ||
	    !(b->mine = calloc(b->sends.n + 1, sizeof(*b->mine))))
		return false;
	for (uint32_t i = 0; i < b->sends.n; i++)
		if (b->sends.send[i].journey == b->j->packet)
			b->mine[b->nr_mine++] = i;
	find_parts(b);
	return true;
}

struct journey *viz_journey_new(const struct viz_trace *t, uint32_t packet, uint32_t frame, char *err,
				unsigned errlen)
{
	struct journey *j = calloc(1, sizeof(*j));
	struct build b = { .j = j, .t = t };
	if (j) {
		j->t = t;
		j->packet = packet;
	}
	bool ok = j && read_all(&b);
	if (!ok) {
		snprintf(err, errlen, "no memory");
	} else if (!b.recs.n) {
		ok = false;
		snprintf(err, errlen, "there is no packet %u: 'wirepath journey DIR' lists them", packet);
	} else if (!b.nr_mine) {
		stay(&b);
		tell_drop(&b);
	} else {
		uint32_t first = pick_frame(&b, frame);
		if (first == NONE) {
			ok = false;
			snprintf(err, errlen, "packet %u was sent as %u frames", packet, j->nr_frames);
		} else {
			label(&b, first);
			travel(&b, first);
			tell_drop(&b);
		}
	}
	viz_sends_free(&b.sends);
	jrecs_free(&b.recs);
	free(b.mine);
	free(b.part_of);
	if (ok && !b.failed)
		return j;
	if (b.failed)
		snprintf(err, errlen, "no memory");
	viz_journey_free(j);
	return NULL;
}

void viz_journey_free(struct journey *j)
{
	if (j)
		free(j->steps);
	free(j);
}

const char *journey_part_name(enum journey_part part)
{
	static const char *const names[PARTS] = {
		[PART_APPLICATION] = "application layer",
		[PART_TRANSPORT] = "transport layer",
		[PART_INTERNET] = "internet layer",
		[PART_INTERFACE] = "interface layer",
		[PART_OTHER] = "elsewhere",
		[PART_SEND_QUEUE] = "send queue",
		[PART_NEIGHBOUR] = "waiting for the neighbour's address",
		[PART_QDISC] = "device queue",
		[PART_TX_RING] = "transmit ring",
		[PART_WIRE_QUEUE] = "waiting for the wire",
		[PART_SERIALISATION] = "serialisation",
		[PART_PROPAGATION] = "propagation",
		[PART_RX_RING] = "receive ring, interrupt mitigation",
		[PART_SOFTIRQ] = "waiting for the softirq",
		[PART_REASSEMBLY] = "reassembly",
		[PART_RECV_QUEUE] = "receive queue",
		[PART_LOST] = "loss, until sent again",
	};
	return names[part];
}

void journey_where(const struct journey *j, const struct journey_step *s, char *buf, unsigned len)
{
	const char *from = s->host < j->t->nr_hosts ? j->t->hosts[s->host].name : "(outside)";
	if (s->peer == VIZ_NOBODY)
		snprintf(buf, len, "%s", from);
	else
		snprintf(buf, len, "%s > %s", from,
			 s->peer < j->t->nr_hosts ? j->t->hosts[s->peer].name : "?");
}

uint64_t journey_spent(const struct journey *j, uint32_t step)
{
	const struct journey_step *s = &j->steps[step];
	uint64_t sum = 0;
	for (uint32_t i = 0; i < j->nr_steps; i++) {
		const struct journey_step *o = &j->steps[i];
		if (o->part != s->part || o->host != s->host || o->peer != s->peer)
			continue;
		if (i < step)
			return 0;
		sum += o->to - o->from;
	}
	return sum;
}

uint64_t journey_takes(const struct journey *j)
{
	return j->nr_steps ? j->steps[j->nr_steps - 1].to - j->steps[0].from : 0;
}

void journey_share(const struct journey *j, uint64_t ns, char *buf, unsigned len)
{
	uint64_t all = journey_takes(j), tenths = all ? (uint64_t)((unsigned __int128)ns * 1000 / all) : 0;
	snprintf(buf, len, "%llu.%llu", (unsigned long long)tenths / 10, (unsigned long long)tenths % 10);
}

const char *journey_layer(enum journey_part part)
{
	static const char *const names[] = { "application", "transport", "internet", "interface" };
	return part < PART_OTHER ? names[part] : "";
}
