/* Turns records into events with named fields. */
#include "viz/events.h"

#include <string.h>

#include "viz/errno_name.h"
#include "viz/flow.h"
#include "viz/series.h"

const struct viz_event_type_info viz_event_types[EV_TYPES] = {
	[EV_ENTER] = { "enter",
		       { { "function", FIELD_TEXT },
			 { "layer", FIELD_TEXT },
			 { "depth", FIELD_NUMBER },
			 { "through", FIELD_TEXT },
			 { "journey", FIELD_NUMBER },
			 { "socket", FIELD_NUMBER } } },
	[EV_LEAVE] = { "leave", { { "function", FIELD_TEXT }, { "depth", FIELD_NUMBER } } },
	[EV_STEP] = { "step", { { "text", FIELD_TEXT }, { "function", FIELD_TEXT } } },
	[EV_TASK] = { "task", { { "name", FIELD_TEXT }, { "resumes", FIELD_NUMBER } } },
	[EV_IDLE] = { "idle", { { NULL, FIELD_NONE } } },
	[EV_IRQ] = { "irq", { { "line", FIELD_NUMBER } } },
	[EV_IRQ_END] = { "irq_end", { { NULL, FIELD_NONE } } },
	[EV_SOFTIRQ] = { "softirq", { { "name", FIELD_TEXT } } },
	[EV_CALL] = { "call", { { "text", FIELD_TEXT } } },
	[EV_RET] = { "ret", { { "result", FIELD_SIGNED }, { "error", FIELD_TEXT } } },
	[EV_CAUSE] = { "cause", { { "kind", FIELD_TEXT }, { "id", FIELD_NUMBER } } },
	[EV_EFFECT] = { "effect", { { "kind", FIELD_TEXT }, { "id", FIELD_NUMBER } } },
	[EV_DROP] = { "drop", { { "reason", FIELD_TEXT }, { "journey", FIELD_NUMBER } } },
	[EV_SENT] = { "sent",
		      { { "card", FIELD_TEXT },
			{ "journey", FIELD_NUMBER },
			{ "bytes", FIELD_NUMBER },
			{ "head", FIELD_TEXT },
			{ "to", FIELD_TEXT },
			{ "first_bit", FIELD_NUMBER },
			{ "last_bit", FIELD_NUMBER } } },
	[EV_RECEIVED] = { "received",
			  { { "card", FIELD_TEXT },
			    { "journey", FIELD_NUMBER },
			    { "bytes", FIELD_NUMBER },
			    { "head", FIELD_TEXT } } },
	[EV_LOG] = { "log", { { "text", FIELD_TEXT } } },
	[EV_VALUE] = { "value",
		       { { "object", FIELD_TEXT },
			 { "name", FIELD_TEXT },
			 { "value", FIELD_SIGNED },
			 { "state", FIELD_TEXT },
			 { "unit", FIELD_TEXT } } },
};

const char *const viz_contexts[CONTEXT_KINDS] = { "boot", "task", "hardirq", "softirq" };

static const char *const hop_names[HOP_KINDS] = { "timer", "softirq", "irq", "wake", "frame", "work" };

struct listing {
	const struct viz_trace *t;
	const struct viz_host *host;
	void (*tell)(void *arg, const struct viz_event *e);
	void *arg;
	uint64_t now;
	unsigned subject_kind;
	uint32_t subject;
	/* a frame's event, while more records about it come */
	bool has_frame;
	struct viz_event frame;
	char card[64], head[2 * TRACE_BYTES + 1];
	unsigned nr_head; /* bytes */
};

/* Tells of the frame of which all is known now. */
static void flush_frame(struct listing *l)
{
	if (l->has_frame)
		l->tell(l->arg, &l->frame);
	l->has_frame = false;
}

static struct viz_event event_of(enum viz_event_type type, const struct viz_flow *flow, uint64_t time)
{
	static const enum viz_context contexts[] = { [FLOW_NONE] = CONTEXT_BOOT,
						     [FLOW_TASK] = CONTEXT_TASK,
						     [FLOW_IRQ] = CONTEXT_HARDIRQ,
						     [FLOW_SOFTIRQ] = CONTEXT_SOFTIRQ };
	return (struct viz_event){ .type = type,
				   .time = time,
				   .context = contexts[flow->kind],
				   .pid = flow->kind == FLOW_TASK ? flow->pid : 0 };
}

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct listing *l = arg;
	const struct trace_fn fn = { .file = l->t->fns[call->fn].file };
	struct viz_event e = event_of(EV_ENTER, flow, call->time);
	char layer[64];
	(void)parent;
	flush_frame(l);
	l->now = call->time;
	e.fields[0].text = viz_fn_name(l->t, call->fn);
	e.fields[1].text = trace_fn_layer(&fn, layer, sizeof(layer));
	e.fields[2].number = call->depth;
	e.fields[3].text = call->op >= 0 ? viz_fn_name(l->t, (unsigned)call->op) : NULL;
	e.fields[4].number = call->kind == TR_ENTER_SKB ? call->obj : 0;
	e.fields[5].number = call->kind == TR_ENTER_SK ? call->obj : 0;
	l->tell(l->arg, &e);
}

static void on_leave(void *arg, const struct viz_flow *flow, const struct viz_call *call, uint64_t time)
{
	struct listing *l = arg;
	struct viz_event e = event_of(EV_LEAVE, flow, time);
	flush_frame(l);
	e.fields[0].text = viz_fn_name(l->t, call->fn);
	e.fields[1].number = call->depth;
	l->tell(l->arg, &e);
}

static void on_step(void *arg, const struct viz_flow *flow, const struct viz_call *call, unsigned rank)
{
	struct listing *l = arg;
	struct viz_event e = event_of(EV_STEP, flow, l->now);
	flush_frame(l);
	e.fields[0].text = viz_fn_name(l->t, rank);
	e.fields[1].text = viz_fn_name(l->t, call->fn);
	l->tell(l->arg, &e);
}

static void on_elapse(void *arg, const struct viz_flow *flow, uint64_t ns, uint64_t time)
{
	struct listing *l = arg;
	(void)flow;
	(void)ns;
	flush_frame(l);
	l->now = time;
}

static void value(struct listing *l, const struct viz_flow *flow, const struct trace_rec *rec)
{
	struct viz_event e = event_of(EV_VALUE, flow, l->now);
	const char *what = l->t->fns[rec->fn].what;
	char object[64], state[64];
	e.fields[0].text = viz_subject_name(l->host, l->subject_kind, l->subject, object, sizeof(object));
	e.fields[1].text = viz_fn_name(l->t, rec->fn);
	e.fields[2].number = rec->obj;
	if (strchr(what, '|'))
		e.fields[3].text = series_state_name(what, rec->obj, state, sizeof(state));
	else if (*what)
		e.fields[4].text = what;
	l->tell(l->arg, &e);
}

static void frame(struct listing *l, const struct viz_flow *flow, const struct trace_rec *rec)
{
	struct viz_event *e = &l->frame;
	bool out = rec->kind == TR_FRAME_TX;
	*e = event_of(out ? EV_SENT : EV_RECEIVED, flow, l->now);
	e->fields[0].text = viz_subject_name(l->host, SUBJECT_CARD, rec->depth, l->card, sizeof(l->card));
	e->fields[1].number = rec->obj;
	e->fields[2].number = rec->fn;
	e->fields[5].number = out ? (int64_t)l->now : 0;
	l->nr_head = 0;
	l->has_frame = true;
}

/* Seven more bytes of the frame, in hex. */
static void frame_bytes(struct listing *l, const struct trace_rec *rec)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t bytes = rec->fn | (uint64_t)rec->depth << 16 | (uint64_t)rec->obj << 24;
	for (unsigned i = 0; i < 7 && l->nr_head < TRACE_BYTES && l->nr_head < l->frame.fields[2].number;
	     i++) {
		l->head[2 * l->nr_head] = digits[bytes >> (8 * i + 4) & 0xf];
		l->head[2 * l->nr_head + 1] = digits[bytes >> 8 * i & 0xf];
		l->head[2 * ++l->nr_head] = '\0';
	}
	l->frame.fields[3].text = l->head;
}

/* More about the frame of the record before? */
static bool about_frame(struct listing *l, const struct trace_rec *rec)
{
	switch (rec->kind) {
	case TR_BYTES:
		frame_bytes(l, rec);
		return true;
	case TR_WIRE_TO:
		if (rec->obj < l->t->nr_hosts)
			l->frame.fields[4].text = l->t->hosts[rec->obj].name;
		return true;
	case TR_WIRE_FROM:
		l->frame.fields[5].number = (int64_t)viz_rec_time(rec);
		return true;
	case TR_WIRE_LEFT:
		l->frame.fields[6].number = (int64_t)viz_rec_time(rec);
		return true;
	default:
		return false;
	}
}

/* Records of which the event has a text, a number or both. */
static void tell_plain(struct listing *l, const struct viz_flow *flow, enum viz_event_type type,
		       const char *text, int64_t number)
{
	struct viz_event e = event_of(type, flow, l->now);
	bool text_first = viz_event_types[type].fields[0].kind == FIELD_TEXT;
	e.fields[text_first ? 0 : 1].text = text;
	e.fields[text_first ? 1 : 0].number = number;
	l->tell(l->arg, &e);
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct listing *l = arg;
	int32_t result = (int32_t)rec->obj;
	if (about_frame(l, rec))
		return;
	flush_frame(l);
	l->now = time;
	switch (rec->kind) {
	case TR_TASK:
		tell_plain(l, flow, EV_TASK, viz_string(&l->host->tasks, rec->obj), rec->fn);
		break;
	case TR_IDLE:
		tell_plain(l, flow, EV_IDLE, NULL, 0);
		break;
	case TR_IRQ:
		tell_plain(l, flow, EV_IRQ, NULL, rec->obj);
		break;
	case TR_IRQ_END:
		tell_plain(l, flow, EV_IRQ_END, NULL, 0);
		break;
	case TR_SOFTIRQ:
		tell_plain(l, flow, EV_SOFTIRQ, viz_softirq_name(rec->obj), 0);
		break;
	case TR_CALL:
		tell_plain(l, flow, EV_CALL, viz_string(&l->host->strings, rec->obj), 0);
		break;
	case TR_RET:
		tell_plain(l, flow, EV_RET, result < 0 && result > INT32_MIN ? viz_errno_name(-result) : NULL,
			   result);
		break;
	case TR_HOP_OUT:
	case TR_HOP_IN:
		tell_plain(l, flow, rec->kind == TR_HOP_OUT ? EV_CAUSE : EV_EFFECT,
			   rec->fn < HOP_KINDS ? hop_names[rec->fn] : "?", rec->obj);
		break;
	case TR_DROP:
		tell_plain(l, flow, EV_DROP, viz_string(&l->t->drops, rec->fn), rec->obj);
		break;
	case TR_FRAME_TX:
	case TR_FRAME_RX:
		frame(l, flow, rec);
		break;
	case TR_NOTE:
		tell_plain(l, flow, EV_LOG, viz_string(&l->host->strings, rec->obj), 0);
		break;
	case TR_SUBJECT:
		l->subject_kind = rec->fn;
		l->subject = rec->obj;
		break;
	case TR_VALUE:
		value(l, flow, rec);
		break;
	default:
		break;
	}
}

int viz_events_host(const struct viz_export *x, uint32_t host,
		    void (*tell)(void *arg, const struct viz_event *e), void *arg)
{
	struct listing l = {
		.t = x->t, .host = &x->t->hosts[host], .tell = tell, .arg = arg, .now = x->from
	};
	struct viz_visitor v = { .arg = &l,
				 .from = x->from,
				 .to = x->to,
				 .enter = on_enter,
				 .leave = on_leave,
				 .step = on_step,
				 .mark = on_mark,
				 .elapse = on_elapse };
	int r = viz_flow_run(x->t, host, &v);
	flush_frame(&l);
	return r;
}
