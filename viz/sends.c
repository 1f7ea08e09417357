/*
 * Collects the frames of a run. The hosts are walked one after the other; then sendings and arrivals are
 * joined by their hops, put in order of time, and followed as connections.
 */
#include "viz/sends.h"

#include <stdlib.h>
#include <string.h>

#include "viz/array.h"
#include "viz/flow.h"

#define TCP_CA_LOSS 4 /* of the value ca_state */

struct arrival {
	uint64_t time;
	uint32_t host, hop, order, drop;
	uint8_t line;
};

struct again {
	uint32_t journey; /* 0: free */
	enum viz_resent why;
};

struct gather {
	struct viz_sends *s;
	const struct viz_trace *t;
	uint8_t *why; /* by function: enum viz_resent, what is sent inside it */
	struct arrival *arrivals;
	uint32_t nr_arrivals, cap_arrivals;
	uint8_t *timed_out; /* by socket of the host at hand: it recovers from a timeout */
	uint32_t nr_socks;
	struct again *again; /* what TCP sends again: open addressing by packet */
	uint32_t nr_again, again_slots;
	/* of the host at hand: */
	uint32_t order, host, hop_out, hop_in, came_by, subject;
	uint32_t sending; /* the records that come are about this one, or VIZ_NOBODY */
	bool failed;
};

static struct viz_send *add_send(struct gather *g)
{
	struct viz_send *grown = array_room(g->s->send, g->s->n, &g->s->cap, sizeof(*grown), &g->failed);
	if (!grown)
		return NULL;
	g->s->send = grown;
	g->s->send[g->s->n] = (struct viz_send){ .begun = VIZ_NEVER,
						 .left = VIZ_NEVER,
						 .arrived = VIZ_NEVER,
						 .from = VIZ_NOBODY,
						 .to = VIZ_NOBODY,
						 .drop = VIZ_NOBODY,
						 .origin = g->s->n };
	return &g->s->send[g->s->n++];
}

/* ---- the records of a host ---- */

/* What the functions tell in which the frame is sent: retransmission, and of what kind. */
static enum viz_resent why_sent(const struct gather *g, const struct viz_flow *flow)
{
	for (uint32_t i = flow->n; i-- > 0;) {
		enum viz_resent why = g->why[flow->calls[i].fn];
		if (why == RESENT_SEEN) /* only says that it is sent again */
			continue;
		if (why == RESENT_FAST && flow->calls[i].obj < g->nr_socks &&
		    g->timed_out[flow->calls[i].obj])
			return RESENT_TIMEOUT; /* after one, the rest of what was lost */
		if (why)
			return why;
	}
	return RESENT_NOT;
}

static struct again *again_slot(struct again *all, uint32_t slots, uint32_t journey)
{
	uint32_t i = journey * 2654435761u & (slots - 1);
	while (all[i].journey && all[i].journey != journey)
		i = (i + 1) & (slots - 1);
	return &all[i];
}

/* A packet may wait in queues before it leaves: its journey is remembered when TCP sends it again. */
static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct gather *g = arg;
	(void)parent;
	if (g->why[call->fn] != RESENT_SEEN || !call->obj)
		return;
	if ((g->nr_again + 1) * 2 > g->again_slots) {
		uint32_t slots = g->again_slots ? g->again_slots * 2 : 64;
		struct again *grown = calloc(slots, sizeof(*grown));
		if (!grown) {
			g->failed = true;
			return;
		}
		for (uint32_t i = 0; i < g->again_slots; i++)
			if (g->again[i].journey)
				*again_slot(grown, slots, g->again[i].journey) = g->again[i];
		free(g->again);
		g->again = grown;
		g->again_slots = slots;
	}
	struct again *a = again_slot(g->again, g->again_slots, call->obj);
	g->nr_again += !a->journey;
	*a = (struct again){ call->obj, why_sent(g, flow) };
}

static void on_tx(struct gather *g, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct viz_send *s = add_send(g);
	if (!s)
		return;
	g->sending = g->s->n - 1;
	s->sent = s->begun = time;
	s->from = g->host;
	s->journey = rec->obj;
	s->hop = g->hop_out;
	s->len = rec->fn;
	s->out = rec->depth;
	s->order = g->order;
	s->via = g->t->hosts[g->host].is_switch ? g->came_by : 0;
	s->resent = (uint8_t)why_sent(g, flow);
	if (g->again_slots && !s->resent)
		s->resent = (uint8_t)again_slot(g->again, g->again_slots, rec->obj)->why;
}

static void add_arrival(struct gather *g, const struct trace_rec *rec, uint64_t time, uint32_t drop)
{
	struct arrival *grown =
		array_room(g->arrivals, g->nr_arrivals, &g->cap_arrivals, sizeof(*grown), &g->failed);
	if (!grown)
		return;
	g->arrivals = grown;
	g->arrivals[g->nr_arrivals++] =
		(struct arrival){ time, g->host, g->hop_in, g->order, drop, rec->depth };
	g->hop_in = 0;
}

static void on_rx(struct gather *g, const struct trace_rec *rec, uint64_t time)
{
	g->sending = VIZ_NOBODY;
	g->came_by = g->hop_in;
	if (g->hop_in) {
		add_arrival(g, rec, time, VIZ_NOBODY);
		return;
	}
	/* from where nothing is recorded */
	struct viz_send *s = add_send(g);
	if (!s)
		return;
	g->sending = g->s->n - 1;
	s->sent = s->begun = s->left = s->arrived = time;
	s->to = g->host;
	s->order = s->arrived_order = g->order;
	s->journey = rec->obj;
	s->len = rec->fn;
	s->in = rec->depth;
}

static void on_bytes(struct gather *g, const struct trace_rec *rec)
{
	struct viz_sends *all = g->s;
	if (g->sending == VIZ_NOBODY)
		return;
	struct viz_send *s = &all->send[g->sending];
	uint32_t want = s->len < TRACE_BYTES ? s->len : TRACE_BYTES, n = want - s->nr_bytes;
	n = n < 7 ? n : 7;
	uint8_t *grown = array_room(all->bytes, all->nr_bytes + 8, &all->cap_bytes, 1, &g->failed);
	if (!grown)
		return;
	all->bytes = grown;
	if (!s->nr_bytes)
		s->bytes = all->nr_bytes;
	memcpy(grown + all->nr_bytes, &rec->obj, 4);
	memcpy(grown + all->nr_bytes + 4, &rec->fn, 2);
	grown[all->nr_bytes + 6] = rec->depth;
	all->nr_bytes += n;
	s->nr_bytes = (uint8_t)(s->nr_bytes + n);
}

static void on_drop(struct gather *g, const struct trace_rec *rec, uint64_t time)
{
	struct viz_drop *grown =
		array_room(g->s->drops, g->s->nr_drops, &g->s->cap_drops, sizeof(*grown), &g->failed);
	if (!grown)
		return;
	g->s->drops = grown;
	uint32_t nr = g->s->nr_drops++;
	grown[nr] = (struct viz_drop){ time, g->host, rec->obj, g->order, rec->fn, false };
	struct viz_send *s = g->sending == VIZ_NOBODY ? NULL : &g->s->send[g->sending];
	if (g->hop_in) {
		grown[nr].of_send = true;
		add_arrival(g, rec, time, nr);
	} else if (s && s->from == g->host && s->journey == rec->obj && s->sent == time) {
		grown[nr].of_send = true;
		s->drop = nr;
	}
	g->sending = VIZ_NOBODY;
}

static void on_value(struct gather *g, const struct trace_rec *rec)
{
	uint32_t n = g->nr_socks ? g->nr_socks : 64;
	if (g->subject == VIZ_NOBODY || strcmp(viz_fn_name(g->t, rec->fn), "ca_state") != 0)
		return;
	while (n <= g->subject && n < 1u << 24)
		n *= 2;
	if (g->subject >= n)
		return;
	if (n > g->nr_socks) {
		uint8_t *grown = realloc(g->timed_out, n);
		if (!grown) {
			g->failed = true;
			return;
		}
		memset(grown + g->nr_socks, 0, n - g->nr_socks);
		g->timed_out = grown;
		g->nr_socks = n;
	}
	g->timed_out[g->subject] = rec->obj == TCP_CA_LOSS;
}

static uint64_t moment(const struct trace_rec *rec)
{
	return rec->obj | (uint64_t)rec->fn << 32 | (uint64_t)rec->depth << 48;
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct gather *g = arg;
	struct viz_send *s = g->sending == VIZ_NOBODY ? NULL : &g->s->send[g->sending];
	g->order++;
	switch (rec->kind) {
	case TR_HOP_OUT:
		if (rec->fn == HOP_FRAME)
			g->hop_out = rec->obj;
		break;
	case TR_HOP_IN:
		if (rec->fn == HOP_FRAME)
			g->hop_in = rec->obj;
		break;
	case TR_FRAME_TX:
		on_tx(g, flow, rec, time);
		break;
	case TR_FRAME_RX:
		on_rx(g, rec, time);
		break;
	case TR_BYTES:
		on_bytes(g, rec);
		break;
	case TR_WIRE_TO:
		if (s && s->from != VIZ_NOBODY) /* a frame from outside is here already */
			s->to = rec->obj;
		break;
	case TR_WIRE_FROM:
		if (s)
			s->begun = moment(rec);
		break;
	case TR_WIRE_LEFT:
		if (s)
			s->left = moment(rec);
		break;
	case TR_DROP:
		on_drop(g, rec, time);
		break;
	case TR_SUBJECT:
		g->subject = rec->fn == SUBJECT_SOCK ? rec->obj : VIZ_NOBODY;
		break;
	case TR_VALUE:
		on_value(g, rec);
		break;
	default:
		break;
	}
}

/* ---- sendings and arrivals ---- */

struct hops {
	uint32_t *slot; /* send + 1 */
	uint32_t mask;
};

static uint32_t *hop_slot(const struct hops *h, const struct viz_sends *s, uint32_t hop)
{
	uint32_t i = hop * 2654435761u & h->mask;
	while (h->slot[i] && s->send[h->slot[i] - 1].hop != hop)
		i = (i + 1) & h->mask;
	return &h->slot[i];
}

static bool hops_init(struct hops *h, const struct viz_sends *s)
{
	uint32_t slots = 16;
	while (slots < s->n * 2)
		slots *= 2;
	h->mask = slots - 1;
	h->slot = calloc(slots, sizeof(*h->slot));
	for (uint32_t i = 0; h->slot && i < s->n; i++)
		if (s->send[i].hop && !s->send[i].duplicate)
			*hop_slot(h, s, s->send[i].hop) = i + 1;
	return h->slot;
}

/* A second arrival of one hop: the wire has made two of it. */
static struct viz_send *twin(struct gather *g, uint32_t of)
{
	struct viz_send *s = add_send(g);
	if (!s)
		return NULL;
	*s = g->s->send[of];
	s->duplicate = true;
	return s;
}

static void join_arrivals(struct gather *g, const struct hops *hops)
{
	for (uint32_t i = 0; i < g->nr_arrivals && !g->failed; i++) {
		const struct arrival *a = &g->arrivals[i];
		uint32_t at = *hop_slot(hops, g->s, a->hop);
		if (!at) /* the sender was left out by a filter */
			continue;
		struct viz_send *s = &g->s->send[at - 1];
		if (s->arrived != VIZ_NEVER && !(s = twin(g, at - 1)))
			return;
		s->to = a->host;
		s->in = a->line;
		s->arrived = a->time;
		s->arrived_order = a->order;
		s->drop = a->drop;
	}
}

static int by_journey(const void *a, const void *b)
{
	const struct viz_send *x = *(const struct viz_send *const *)a,
			      *y = *(const struct viz_send *const *)b;
	return x->journey != y->journey ? (x->journey > y->journey) - (x->journey < y->journey)
					: (x->sent > y->sent) - (x->sent < y->sent);
}

/* What never arrived, and was dropped later: in flight on a link that went down. */
static bool join_flying(struct viz_sends *s)
{
	struct viz_send **lost = calloc(s->n ? s->n : 1, sizeof(struct viz_send *));
	uint32_t n = 0;
	if (!lost)
		return false;
	for (uint32_t i = 0; i < s->n; i++)
		if (s->send[i].arrived == VIZ_NEVER && s->send[i].drop == VIZ_NOBODY)
			lost[n++] = &s->send[i];
	if (n)
		qsort(lost, n, sizeof(struct viz_send *), by_journey);
	for (uint32_t d = 0; d < s->nr_drops && n; d++) {
		if (s->drops[d].of_send)
			continue;
		uint32_t lo = 0, hi = n;
		while (lo < hi) {
			uint32_t mid = (lo + hi) / 2;
			if (lost[mid]->journey < s->drops[d].journey)
				lo = mid + 1;
			else
				hi = mid;
		}
		for (; lo < n && lost[lo]->journey == s->drops[d].journey; lo++)
			if (lost[lo]->from == s->drops[d].host && lost[lo]->drop == VIZ_NOBODY &&
			    lost[lo]->sent <= s->drops[d].time) {
				lost[lo]->drop = d;
				s->drops[d].of_send = true;
				break;
			}
	}
	free(lost);
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct viz_send *x = a, *y = b;
	if (x->sent != y->sent)
		return x->sent < y->sent ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->hop != y->hop)
		return x->hop < y->hop ? -1 : 1;
	if (x->arrived != y->arrived)
		return x->arrived < y->arrived ? -1 : 1;
	return x->duplicate - y->duplicate;
}

/* ---- what the bytes tell ---- */

/* The last sending of each journey that has bytes: open addressing, send + 1. */
static uint32_t *journey_slot(uint32_t *slot, uint32_t mask, const struct viz_sends *s, uint32_t journey)
{
	uint32_t i = journey * 2654435761u & mask;
	while (slot[i] && s->send[slot[i] - 1].journey != journey)
		i = (i + 1) & mask;
	return &slot[i];
}

/* The sending whose bytes `v` has: what a switch passes on, or what the wire has made two of; NULL: its own.
 */
static const struct viz_send *same_bytes(const struct viz_sends *s, const struct viz_send *v,
					 const struct hops *hops)
{
	uint32_t at = v->duplicate ? *hop_slot(hops, s, v->hop) : v->via ? *hop_slot(hops, s, v->via) : 0;
	return at && &s->send[at - 1] < v ? &s->send[at - 1] : NULL;
}

/* In order of time: switches pass on what a card has sent; TCP's numbers tell what is sent again. */
static bool follow(struct viz_sends *s, const struct hops *hops)
{
	struct frame_follower *f = frame_follower_new();
	uint32_t slots = 16;
	while (slots < s->n * 2)
		slots *= 2;
	uint32_t *slot = calloc(slots, sizeof(*slot));
	bool ok = f && slot;
	for (uint32_t i = 0; ok && i < s->n; i++) {
		struct viz_send *v = &s->send[i];
		uint32_t *last = journey_slot(slot, slots - 1, s, v->journey);
		struct frame_head h;
		struct frame_bases b;
		v->origin = i;
		v->before = *last ? *last - 1 : VIZ_NOBODY;
		const struct viz_send *o = same_bytes(s, v, hops);
		if (o) {
			v->origin = o->origin;
			v->bytes = o->bytes;
			v->nr_bytes = o->nr_bytes;
			v->seq = o->seq;
			v->ack = o->ack;
			v->resent = o->resent;
			continue;
		}
		*last = i + 1;
		viz_send_head(s, i, &h);
		ok = frame_follow(f, v->from, &h, &b);
		v->seq = b.seq;
		v->ack = b.ack;
		if (b.resent && !v->resent)
			v->resent = RESENT_SEEN;
		else if (!b.resent && v->resent != RESENT_PROBE)
			v->resent = RESENT_NOT;
		else if (h.proto != FRAME_TCP)
			v->resent = RESENT_NOT;
	}
	frame_follower_free(f);
	free(slot);
	return ok;
}

static int by_wire(const void *a, const void *b)
{
	const struct viz_send *x = *(const struct viz_send *const *)a,
			      *y = *(const struct viz_send *const *)b;
	if (x->from != y->from || x->out != y->out)
		return x->from != y->from ? (x->from > y->from) - (x->from < y->from) : x->out - y->out;
	if (x->begun != y->begun)
		return x->begun < y->begun ? -1 : 1;
	return (x > y) - (x < y);
}

/* Frames that came later than one that was sent after them. */
static bool find_overtaken(struct viz_sends *s)
{
	struct viz_send **all = calloc(s->n ? s->n : 1, sizeof(struct viz_send *));
	uint32_t n = 0;
	uint64_t first = VIZ_NEVER; /* arrival of those sent later */
	if (!all)
		return false;
	for (uint32_t i = 0; i < s->n; i++)
		if (s->send[i].arrived != VIZ_NEVER && !s->send[i].duplicate && s->send[i].from != VIZ_NOBODY)
			all[n++] = &s->send[i];
	if (n)
		qsort(all, n, sizeof(struct viz_send *), by_wire);
	for (uint32_t i = n; i-- > 0;) {
		if (i + 1 == n || all[i]->from != all[i + 1]->from || all[i]->out != all[i + 1]->out)
			first = VIZ_NEVER;
		all[i]->overtaken = all[i]->arrived > first;
		first = all[i]->arrived < first ? all[i]->arrived : first;
	}
	free(all);
	return true;
}

/* ---- all of it ---- */

static bool find_causes(struct gather *g)
{
	static const struct {
		const char *fn;
		enum viz_resent why;
	} causes[] = { { "__tcp_retransmit_skb", RESENT_SEEN },
		       { "tcp_xmit_retransmit_queue", RESENT_FAST },
		       { "tcp_retransmit_timer", RESENT_TIMEOUT },
		       { "reqsk_timer_handler", RESENT_TIMEOUT },
		       { "tcp_send_loss_probe", RESENT_PROBE } };
	g->why = calloc(UINT16_MAX + 1, 1);
	for (uint32_t i = 0; g->why && i < g->t->nr_fns; i++)
		for (unsigned k = 0; k < sizeof(causes) / sizeof(causes[0]); k++)
			if (strcmp(g->t->fns[i].name, causes[k].fn) == 0)
				g->why[i] = (uint8_t)causes[k].why;
	return g->why;
}

static void gather_host(struct gather *g, uint32_t host)
{
	const struct viz_visitor v = { .arg = g, .enter = on_enter, .mark = on_mark };
	g->host = host;
	g->hop_in = g->hop_out = g->order = 0;
	g->subject = g->sending = VIZ_NOBODY;
	if (g->nr_socks)
		memset(g->timed_out, 0, g->nr_socks);
	g->failed |= viz_flow_run(g->t, host, &v) < 0;
}

int viz_sends_read(struct viz_sends *s, const struct viz_trace *t)
{
	struct gather g = { .s = s, .t = t };
	struct hops hops = { NULL, 0 };
	memset(s, 0, sizeof(*s));
	g.failed = !find_causes(&g);
	for (uint32_t i = 0; i < t->nr_hosts && !g.failed; i++)
		if (t->hosts[i].name)
			gather_host(&g, i);
	if (!g.failed && hops_init(&hops, s))
		join_arrivals(&g, &hops);
	else
		g.failed = true;
	bool ok = !g.failed && join_flying(s);
	if (ok && s->n)
		qsort(s->send, s->n, sizeof(*s->send), by_time);
	free(hops.slot);
	hops.slot = NULL;
	ok = ok && hops_init(&hops, s) && follow(s, &hops) && find_overtaken(s);
	free(hops.slot);
	free(g.why);
	free(g.arrivals);
	free(g.timed_out);
	free(g.again);
	return ok ? 0 : -1;
}

void viz_sends_free(struct viz_sends *s)
{
	free(s->send);
	free(s->drops);
	free(s->bytes);
	memset(s, 0, sizeof(*s));
}

void viz_send_head(const struct viz_sends *s, uint32_t i, struct frame_head *h)
{
	const struct viz_send *v = &s->send[i];
	frame_parse(h, v->nr_bytes ? s->bytes + v->bytes : NULL, v->nr_bytes, v->len);
}

struct frame_bases viz_send_bases(const struct viz_sends *s, uint32_t i)
{
	return (struct frame_bases){ s->send[i].seq, s->send[i].ack, s->send[i].resent };
}
