/* Turns flows into slices on lanes, and joins them by arrows. */
#include "viz/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "viz/array.h"
#include "viz/flow.h"

const char *const viz_arrow_names[ARROW_KINDS] = {
	[HOP_TIMER] = "timer", [HOP_SOFTIRQ] = "softirq", [HOP_IRQ] = "interrupt",   [HOP_WAKE] = "wake-up",
	[HOP_FRAME] = "wire",  [HOP_WORK] = "work",	  [ARROW_PACKET] = "packet",
};

/* A task's program call that has not returned. */
struct program_call {
	uint32_t pid, slice;
};

/* A frame whose records are still coming. */
struct pending_frame {
	bool any;
	struct viz_slice slice;
	uint64_t time, from, left;
	uint32_t hop;
};

/* A walk of one host: the first (`v` NULL) finds ends and arrows, the second tells. */
struct slicer {
	struct viz_timeline *tl;
	struct viz_timeline_host *h;
	const struct viz_trace *t;
	const struct viz_timeline_visitor *v;
	uint32_t host, next; /* number of the next slice */
	uint64_t now, last;  /* the time; spread: the time that was shown last */
	struct program_call *calls;
	uint32_t nr_calls, cap_calls;
	const struct viz_arrow *arrow; /* second walk: of the next slice that has some */
	/* what the next slice of a kind hangs on: */
	const struct viz_flow *hop_flow;
	uint32_t hop, frame_hop;
	uint8_t hop_kind;
	struct pending_frame frame;
	uint32_t packet, in_sub; /* where the last packet's arrow was put */
	uint8_t in_lane;
	struct {
		bool *used; /* by sub */
		uint32_t n;
	} lanes[LANE_KINDS];
	bool failed;
};

/* The time at which something is shown. */
static uint64_t shown(struct slicer *s, uint64_t time)
{
	if (s->tl->x->spread && time <= s->last)
		time = s->last + 1;
	return s->last = time;
}

static enum viz_lane lane_of(const struct viz_flow *flow)
{
	switch (flow->kind) {
	case FLOW_TASK:
		return LANE_TASK;
	case FLOW_SOFTIRQ:
		return LANE_SOFTIRQ;
	case FLOW_IRQ:
		return LANE_IRQ;
	default:
		return LANE_BOOT;
	}
}

static uint32_t sub_of(const struct viz_flow *flow)
{
	return flow->kind == FLOW_TASK ? flow->pid : 0;
}

static void add_arrow(struct slicer *s, unsigned kind, uint32_t id, enum viz_arrow_phase phase,
		      const struct viz_slice *at, uint32_t slice)
{
	struct viz_timeline *tl = s->tl;
	if (s->v || s->failed || !id)
		return;
	if (!array_reach((void **)&tl->arrows, &tl->cap_arrows, tl->nr_arrows, sizeof(*tl->arrows))) {
		s->failed = true;
		return;
	}
	tl->arrows[tl->nr_arrows] = (struct viz_arrow){ .time = s->h->ends[slice].begin,
							.id = id,
							.slice = slice,
							.host = s->host,
							.place = tl->nr_arrows,
							.sub = at->sub,
							.kind = (uint8_t)kind,
							.lane = (uint8_t)at->lane,
							.phase = (uint8_t)phase };
	tl->nr_arrows++;
}

/* A packet is handled: an arrow comes from the lane that handled it before. */
static void packet_arrow(struct slicer *s, const struct viz_slice *at, uint32_t slice)
{
	if (s->packet == at->journey && s->in_lane == at->lane && s->in_sub == at->sub)
		return;
	s->packet = at->journey;
	s->in_lane = (uint8_t)at->lane;
	s->in_sub = at->sub;
	add_arrow(s, ARROW_PACKET, at->journey, ARROW_STEP, at, slice);
}

static void use_lane(struct slicer *s, enum viz_lane lane, uint32_t sub)
{
	bool **used = &s->lanes[lane].used;
	if (sub >= 1u << 24 || !array_reach((void **)used, &s->lanes[lane].n, sub, sizeof(**used)))
		s->failed = true;
	else
		(*used)[sub] = true;
}

/* A slice begins; returns its number. */
static uint32_t begin_shown(struct slicer *s, struct viz_slice *slice, uint64_t time)
{
	uint32_t nr = s->next++;
	slice->host = s->host;
	slice->begin = time;
	if (s->failed)
		return nr;
	if (!s->v) {
		if (array_reach((void **)&s->h->ends, &s->h->cap_slices, nr, sizeof(*s->h->ends)))
			s->h->ends[nr] = (struct viz_slice_end){ .begin = slice->begin, .end = slice->begin };
		else
			s->failed = true;
		use_lane(s, slice->lane, slice->sub);
		return nr;
	}
	const struct viz_slice_end *e = &s->h->ends[nr];
	const struct viz_arrow *end =
		s->tl->arrows ? s->tl->arrows + s->h->first_arrow + s->h->nr_arrows : NULL;
	slice->end = e->end;
	slice->has_result = e->has_result;
	slice->result = e->result;
	slice->arrows = s->arrow;
	while (s->arrow < end && s->arrow->slice == nr)
		s->arrow++;
	slice->nr_arrows = (uint32_t)(s->arrow - slice->arrows);
	s->v->begin(s->v->arg, slice);
	return nr;
}

static uint32_t begin(struct slicer *s, struct viz_slice *slice, uint64_t time)
{
	return begin_shown(s, slice, shown(s, time));
}

static void end_at(struct slicer *s, uint32_t nr, enum viz_lane lane, uint32_t sub, uint64_t shown_time)
{
	if (s->failed)
		return;
	if (!s->v)
		s->h->ends[nr].end = shown_time > s->h->ends[nr].end ? shown_time : s->h->ends[nr].end;
	else if (s->v->end)
		s->v->end(s->v->arg, lane, sub, shown_time);
}

/* A slice that takes no time. */
static void point(struct slicer *s, struct viz_slice *slice, uint64_t time)
{
	uint32_t nr = begin(s, slice, time);
	end_at(s, nr, slice->lane, slice->sub, shown(s, time));
}

/* The frame of which records are all there: one that was sent lasts from its first bit to its last. */
static void flush_frame(struct slicer *s)
{
	struct pending_frame f = s->frame;
	if (!f.any)
		return;
	s->frame.any = false;
	uint64_t begin_at = f.from > shown(s, f.time) ? f.from : s->last;
	uint32_t nr = begin_shown(s, &f.slice, begin_at);
	packet_arrow(s, &f.slice, nr);
	add_arrow(s, HOP_FRAME, f.hop, f.slice.lane == LANE_SENT ? ARROW_START : ARROW_END, &f.slice, nr);
	end_at(s, nr, f.slice.lane, f.slice.sub, f.left > begin_at ? f.left : begin_at);
}

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct slicer *s = arg;
	struct viz_slice slice = { .lane = lane_of(flow),
				   .sub = sub_of(flow),
				   .name = viz_fn_name(s->t, call->fn),
				   .fn = &s->t->fns[call->fn],
				   .op = call->op,
				   .journey = call->kind == TR_ENTER_SKB ? call->obj : 0,
				   .socket = call->kind == TR_ENTER_SK ? call->obj : 0 };
	(void)parent;
	s->now = call->time;
	flush_frame(s);
	call->user = begin(s, &slice, call->time);
	if (s->hop && s->hop_flow == flow)
		add_arrow(s, s->hop_kind, s->hop, ARROW_END, &slice, call->user);
	s->hop = 0;
	if (slice.journey)
		packet_arrow(s, &slice, call->user);
}

static void on_leave(void *arg, const struct viz_flow *flow, const struct viz_call *call, uint64_t time)
{
	struct slicer *s = arg;
	s->now = time;
	end_at(s, call->user, lane_of(flow), sub_of(flow), shown(s, time));
}

static void on_step(void *arg, const struct viz_flow *flow, const struct viz_call *call, unsigned rank)
{
	struct slicer *s = arg;
	struct viz_slice slice = { .lane = lane_of(flow),
				   .sub = sub_of(flow),
				   .name = viz_fn_name(s->t, rank),
				   .fn = &s->t->fns[rank],
				   .op = -1 };
	(void)call;
	point(s, &slice, s->now);
}

static void on_elapse(void *arg, const struct viz_flow *flow, uint64_t ns, uint64_t time)
{
	struct slicer *s = arg;
	(void)flow;
	(void)ns;
	flush_frame(s);
	s->now = time;
}

/* ---- records that are no calls ---- */

static struct program_call *find_call(struct slicer *s, uint32_t pid)
{
	for (uint32_t i = 0; i < s->nr_calls; i++)
		if (s->calls[i].pid == pid)
			return &s->calls[i];
	return NULL;
}

static void end_call(struct slicer *s, struct program_call *c, uint64_t time)
{
	end_at(s, c->slice, LANE_TASK, c->pid, shown(s, time));
	*c = s->calls[--s->nr_calls];
}

static void program_call(struct slicer *s, uint32_t pid, const char *text, uint64_t time)
{
	struct viz_slice slice = { .lane = LANE_TASK, .sub = pid, .name = text, .op = -1 };
	struct program_call *c = find_call(s, pid);
	if (c)
		end_call(s, c, time);
	uint32_t nr = begin(s, &slice, time);
	if (array_reach((void **)&s->calls, &s->cap_calls, s->nr_calls, sizeof(*s->calls)))
		s->calls[s->nr_calls++] = (struct program_call){ pid, nr };
	else
		s->failed = true;
}

static void program_ret(struct slicer *s, uint32_t pid, int32_t result, uint64_t time)
{
	struct program_call *c = find_call(s, pid);
	if (!c || s->failed)
		return;
	if (!s->v) {
		s->h->ends[c->slice].has_result = true;
		s->h->ends[c->slice].result = result;
	}
	end_call(s, c, time);
}

static void frame(struct slicer *s, const struct trace_rec *rec, uint64_t time)
{
	bool out = rec->kind == TR_FRAME_TX;
	s->frame = (struct pending_frame){ .any = true,
					   .time = time,
					   .hop = s->frame_hop,
					   .slice = { .lane = out ? LANE_SENT : LANE_RECEIVED,
						      .sub = rec->depth,
						      .name = "packet",
						      .number = rec->obj,
						      .op = -1,
						      .journey = rec->obj,
						      .bytes = rec->fn } };
}

static void hop(struct slicer *s, const struct viz_flow *flow, const struct trace_rec *rec)
{
	if (rec->fn >= HOP_KINDS)
		return;
	if (rec->fn == HOP_FRAME) {
		s->frame_hop = rec->obj;
	} else if (rec->kind == TR_HOP_IN) {
		s->hop = rec->obj;
		s->hop_kind = (uint8_t)rec->fn;
		s->hop_flow = flow;
	} else if (flow->n) {
		const struct viz_slice at = { .lane = lane_of(flow), .sub = sub_of(flow) };
		add_arrow(s, rec->fn, rec->obj, ARROW_START, &at, flow->calls[flow->n - 1].user);
	}
}

static void text_point(struct slicer *s, const struct viz_flow *flow, const char *text, uint32_t journey,
		       uint64_t time)
{
	struct viz_slice slice = {
		.lane = lane_of(flow), .sub = sub_of(flow), .name = text, .op = -1, .journey = journey
	};
	point(s, &slice, time);
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct slicer *s = arg;
	const struct viz_host *host = &s->t->hosts[s->host];
	s->now = time;
	if (rec->kind == TR_WIRE_FROM)
		s->frame.from = viz_rec_time(rec);
	else if (rec->kind == TR_WIRE_LEFT)
		s->frame.left = viz_rec_time(rec);
	else if (rec->kind != TR_BYTES && rec->kind != TR_WIRE_TO)
		flush_frame(s);
	switch (rec->kind) {
	case TR_CALL:
		program_call(s, sub_of(flow), viz_string(&host->strings, rec->obj), time);
		break;
	case TR_RET:
		program_ret(s, sub_of(flow), (int32_t)rec->obj, time);
		break;
	case TR_FRAME_TX:
	case TR_FRAME_RX:
		frame(s, rec, time);
		s->frame_hop = 0;
		break;
	case TR_HOP_OUT:
	case TR_HOP_IN:
		hop(s, flow, rec);
		break;
	case TR_DROP:
		text_point(s, flow, viz_string(&s->t->drops, rec->fn), rec->obj, time);
		break;
	case TR_NOTE:
		text_point(s, flow, viz_string(&host->strings, rec->obj), 0, time);
		break;
	default:
		break;
	}
}

/* ---- the walks ---- */

static bool walk(struct slicer *s)
{
	const struct viz_export *x = s->tl->x;
	struct viz_visitor v = { .arg = s,
				 .from = x->from,
				 .to = x->to,
				 .enter = on_enter,
				 .leave = on_leave,
				 .step = on_step,
				 .mark = on_mark,
				 .elapse = on_elapse };
	s->failed |= viz_flow_run(s->t, s->host, &v) < 0;
	flush_frame(s);
	while (s->nr_calls && !s->failed)
		end_call(s, &s->calls[0], s->now);
	free(s->calls);
	return !s->failed;
}

static bool add_lane(struct slicer *s, uint32_t *cap, enum viz_lane lane, uint32_t sub)
{
	static const char *const names[] = {
		[LANE_BOOT] = "boot", [LANE_SOFTIRQ] = "softirq", [LANE_IRQ] = "hard irq"
	};
	struct viz_timeline_host *h = s->h;
	char card[32];
	if (!array_reach((void **)&h->lanes, cap, h->nr_lanes, sizeof(*h->lanes)))
		return false;
	struct viz_lane_of *l = &h->lanes[h->nr_lanes++];
	*l = (struct viz_lane_of){ .lane = lane, .sub = sub };
	if (lane == LANE_TASK)
		snprintf(l->name, sizeof(l->name), "%s", viz_string(&s->t->hosts[s->host].tasks, sub));
	else if (lane >= LANE_SENT)
		snprintf(l->name, sizeof(l->name), "%s %s",
			 viz_subject_name(&s->t->hosts[s->host], SUBJECT_CARD, sub, card, sizeof(card)),
			 lane == LANE_SENT ? "sends" : "receives");
	else
		snprintf(l->name, sizeof(l->name), "%s", names[lane]);
	return true;
}

/* The lanes that were used, from the programs down to the wire. */
static bool add_lanes(struct slicer *s)
{
	uint32_t cap = 0;
	for (unsigned lane = 0; lane < LANE_KINDS; lane++)
		for (uint32_t sub = 0; sub < s->lanes[lane].n; sub++)
			if (s->lanes[lane].used[sub] && !add_lane(s, &cap, lane, sub))
				return false;
	return true;
}

static void slicer_init(struct slicer *s, struct viz_timeline *tl, uint32_t host)
{
	memset(s, 0, sizeof(*s));
	s->tl = tl;
	s->t = tl->x->t;
	s->h = &tl->hosts[host];
	s->host = host;
	s->now = tl->x->from;
	s->in_lane = LANE_KINDS;
}

static bool find_slices(struct viz_timeline *tl, uint32_t host)
{
	struct slicer s;
	slicer_init(&s, tl, host);
	bool ok = walk(&s) && add_lanes(&s);
	s.h->nr_slices = s.next;
	for (unsigned lane = 0; lane < LANE_KINDS; lane++)
		free(s.lanes[lane].used);
	return ok;
}

/* ---- arrows ---- */

static int cmp(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* The touches of one arrow together, in order of time. */
static int by_arrow(const void *x, const void *y)
{
	const struct viz_arrow *a = x, *b = y;
	int c = a->kind != b->kind ? cmp(a->kind, b->kind) : cmp(a->id, b->id);
	if (c == 0 && a->kind == ARROW_PACKET)
		c = cmp(a->host, b->host);
	if (c == 0)
		c = a->time != b->time ? cmp(a->time, b->time) : cmp(a->place, b->place);
	return c;
}

static int by_slice(const void *x, const void *y)
{
	const struct viz_arrow *a = x, *b = y;
	int c = a->host != b->host ? cmp(a->host, b->host) : cmp(a->slice, b->slice);
	return c ? c : cmp(a->place, b->place);
}

static bool same_arrow(const struct viz_arrow *a, const struct viz_arrow *b)
{
	return a->kind == b->kind && a->id == b->id && (a->kind != ARROW_PACKET || a->host == b->host);
}

/* Keeps of an arrow's touches where the packet goes on to another lane; says which are first and last.
 * Returns their number. */
static uint32_t join(struct viz_arrow *a, uint32_t n)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < n; i++)
		if (a->kind != ARROW_PACKET || !kept || a[kept - 1].lane != a[i].lane ||
		    a[kept - 1].sub != a[i].sub)
			a[kept++] = a[i];
	if (kept < 2)
		return 0;
	for (uint32_t i = 0; i < kept; i++)
		a[i].phase = i == 0 ? ARROW_START : i == kept - 1 ? ARROW_END : ARROW_STEP;
	return kept;
}

static void sort_arrows(struct viz_timeline *tl)
{
	struct viz_arrow *a = tl->arrows;
	uint32_t n = tl->nr_arrows, kept = 0, host_at = 0;
	if (n)
		qsort(a, n, sizeof(*a), by_arrow);
	for (uint32_t i = 0, j; i < n; i = j) {
		for (j = i + 1; j < n && same_arrow(&a[i], &a[j]);)
			j++;
		uint32_t m = join(&a[i], j - i);
		memmove(&a[kept], &a[i], m * sizeof(*a));
		kept += m;
	}
	tl->nr_arrows = kept;
	if (kept)
		qsort(a, kept, sizeof(*a), by_slice);
	for (uint32_t i = 0; i < tl->x->t->nr_hosts; i++) {
		struct viz_timeline_host *h = &tl->hosts[i];
		h->first_arrow = host_at;
		while (host_at < kept && a[host_at].host == i)
			host_at++;
		h->nr_arrows = host_at - h->first_arrow;
	}
}

int viz_timeline_init(struct viz_timeline *tl, const struct viz_export *x)
{
	*tl = (struct viz_timeline){ .x = x };
	tl->hosts = calloc(x->t->nr_hosts ? x->t->nr_hosts : 1, sizeof(*tl->hosts));
	bool ok = tl->hosts != NULL;
	for (uint32_t i = 0; i < x->t->nr_hosts && ok; i++)
		if (viz_export_wants(x, i))
			ok = find_slices(tl, i);
	if (ok)
		sort_arrows(tl);
	else
		viz_timeline_free(tl);
	return ok ? 0 : -1;
}

int viz_timeline_host(const struct viz_timeline *tl, uint32_t host, const struct viz_timeline_visitor *v)
{
	struct slicer s;
	slicer_init(&s, (struct viz_timeline *)tl, host);
	s.v = v;
	s.arrow = tl->arrows ? tl->arrows + s.h->first_arrow : NULL;
	return walk(&s) ? 0 : -1;
}

void viz_timeline_free(struct viz_timeline *tl)
{
	for (uint32_t i = 0; tl->hosts && i < tl->x->t->nr_hosts; i++) {
		free(tl->hosts[i].ends);
		free(tl->hosts[i].lanes);
	}
	free(tl->hosts);
	free(tl->arrows);
	memset(tl, 0, sizeof(*tl));
}

uint64_t viz_arrow_id(const struct viz_arrow *a)
{
	return a->id | (a->kind == ARROW_PACKET ? (uint64_t)(a->host + 1) << 32 : 0);
}
