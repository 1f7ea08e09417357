/* Finds the first record in which two traces differ, and shows both sides of it. */
#include "viz/diff.h"

#include <string.h>

#include "viz/flow.h"

/* A place in a host's records. */
struct place {
	const struct viz_host *host;
	uint32_t chunk, i;
	uint64_t n; /* records before it */
	uint64_t time;
};

static const struct trace_rec *peek(struct place *p)
{
	while (p->chunk < p->host->nr_chunks && p->i == p->host->chunks[p->chunk].n) {
		p->chunk++;
		p->i = 0;
	}
	return p->chunk < p->host->nr_chunks ? &p->host->chunks[p->chunk].rec[p->i] : NULL;
}

static uint64_t time_of(const struct trace_rec *rec)
{
	return rec->obj | (uint64_t)rec->fn << 32 | (uint64_t)rec->depth << 48;
}

static void advance(struct place *p, const struct trace_rec *rec)
{
	if (rec->kind == TR_TIME)
		p->time = time_of(rec);
	p->i++;
	p->n++;
}

/* When what the record tells happens; a run that has ended does nothing for ever. */
static uint64_t event_time(const struct place *p, const struct trace_rec *rec)
{
	if (!rec)
		return UINT64_MAX;
	return rec->kind == TR_TIME ? time_of(rec) : p->time;
}

static bool names_fn(unsigned kind)
{
	return kind <= TR_OP || kind == TR_VALUE;
}

/* Numbers of functions, texts and tasks mean what each trace's own tables say. */
static bool same_record(const struct viz_trace *ta, const struct viz_trace *tb, const struct place *a,
			const struct place *b, const struct trace_rec *x, const struct trace_rec *y,
			bool same_tables)
{
	if (x->kind != y->kind || x->depth != y->depth)
		return false;
	if (x->kind == TR_CALL || x->kind == TR_NOTE)
		return strcmp(viz_string(&a->host->strings, x->obj), viz_string(&b->host->strings, y->obj)) ==
		       0;
	if (x->obj != y->obj)
		return false;
	if (x->kind == TR_TASK &&
	    strcmp(viz_string(&a->host->tasks, x->obj), viz_string(&b->host->tasks, y->obj)) != 0)
		return false;
	if (!names_fn(x->kind) || same_tables)
		return x->fn == y->fn;
	return strcmp(viz_fn_name(ta, x->fn), viz_fn_name(tb, y->fn)) == 0;
}

static bool same_tables(const struct viz_trace *a, const struct viz_trace *b)
{
	if (a->nr_fns != b->nr_fns)
		return false;
	for (uint32_t i = 0; i < a->nr_fns; i++)
		if (strcmp(a->fns[i].name, b->fns[i].name) != 0)
			return false;
	return true;
}

/* ---- telling ---- */

struct side {
	const struct viz_trace *t;
	const struct viz_host *host;
	const struct trace_rec *rec; /* NULL: the run has ended */
	uint64_t time;		     /* of that event */
	FILE *out;
};

/* The event at a difference: what happens next, not that time passes first. */
static struct side side_at(const struct viz_trace *t, struct place p, FILE *out)
{
	const struct trace_rec *rec = peek(&p);
	while (rec && rec->kind == TR_TIME) {
		advance(&p, rec);
		rec = peek(&p);
	}
	return (struct side){ t, p.host, rec, p.time, out };
}

static void put_time(FILE *out, uint64_t ns)
{
	fprintf(out, "%llu.%09llu s", (unsigned long long)(ns / 1000000000),
		(unsigned long long)(ns % 1000000000));
}

static void put_event(const struct side *s)
{
	static const char *const words[TR_KINDS] = {
		[TR_STEP] = "step",
		[TR_OP] = "through ->",
		[TR_TASK] = "task",
		[TR_IDLE] = "idle",
		[TR_IRQ] = "interrupt",
		[TR_IRQ_END] = "end of interrupt",
		[TR_SOFTIRQ] = "softirq",
		[TR_CALL] = "program calls",
		[TR_RET] = "returns",
		[TR_HOP_OUT] = "sets off",
		[TR_HOP_IN] = "set off by",
		[TR_DROP] = "drop",
		[TR_FRAME_TX] = "frame sent",
		[TR_FRAME_RX] = "frame received",
		[TR_NOTE] = "log",
		[TR_SUBJECT] = "values of number",
		[TR_BYTES] = "bytes of the frame",
		[TR_WIRE_TO] = "its wire goes to host",
		[TR_WIRE_FROM] = "it waits for the wire",
		[TR_WIRE_LEFT] = "it leaves",
	};
	const struct trace_rec *r = s->rec;
	if (!r) {
		fprintf(s->out, "the run has no more events here\n");
		return;
	}
	switch ((enum trace_kind)r->kind) {
	case TR_ENTER:
	case TR_ENTER_SKB:
	case TR_ENTER_SK:
		fprintf(s->out, "call of %s", viz_fn_name(s->t, r->fn));
		if (r->obj)
			fprintf(s->out, " (%s %u)", r->kind == TR_ENTER_SKB ? "packet" : "socket", r->obj);
		break;
	case TR_STEP:
	case TR_OP:
		fprintf(s->out, "%s%s%s", words[r->kind], r->kind == TR_STEP ? ": " : "",
			viz_fn_name(s->t, r->fn));
		break;
	case TR_TASK:
		fprintf(s->out, "task %s %s", viz_string(&s->host->tasks, r->obj),
			r->fn ? "resumes" : "runs");
		break;
	case TR_SOFTIRQ:
		fprintf(s->out, "softirq %s", viz_softirq_name(r->obj));
		break;
	case TR_CALL:
	case TR_NOTE:
		fprintf(s->out, "%s: %s", words[r->kind], viz_string(&s->host->strings, r->obj));
		break;
	case TR_RET:
		fprintf(s->out, "returns %d", (int32_t)r->obj);
		break;
	case TR_DROP:
		fprintf(s->out, "drop of packet %u: %s", r->obj, viz_string(&s->t->drops, r->fn));
		break;
	case TR_FRAME_TX:
	case TR_FRAME_RX:
		fprintf(s->out, "%s: packet %u, %u bytes", words[r->kind], r->obj, r->fn);
		break;
	case TR_VALUE:
		fprintf(s->out, "%s is now %u", viz_fn_name(s->t, r->fn), r->obj);
		break;
	case TR_BYTES:
	case TR_WIRE_FROM:
	case TR_WIRE_LEFT:
		fprintf(s->out, "%s", words[r->kind]);
		break;
	default:
		fprintf(s->out, "%s %u", r->kind < TR_KINDS && words[r->kind] ? words[r->kind] : "record",
			r->obj);
	}
	fputc('\n', s->out);
}

static void put_stack(void *arg, const struct viz_flow *flow, uint64_t time)
{
	struct side *s = arg;
	(void)time; /* before the event */
	fprintf(s->out, "    at ");
	put_time(s->out, s->time);
	if (flow->kind == FLOW_TASK)
		fprintf(s->out, ", task %s", viz_string(&s->host->tasks, flow->pid));
	else
		fprintf(s->out, ", %s",
			flow->kind == FLOW_IRQ	     ? "irq"
			: flow->kind == FLOW_SOFTIRQ ? "softirq"
						     : "no task");
	fprintf(s->out, ": ");
	put_event(s);
	for (uint32_t i = 0; i < flow->n; i++) {
		if (s->rec && names_fn(s->rec->kind) && flow->calls[i].depth >= s->rec->depth)
			break;
		fprintf(s->out, "      %*s%s\n", (int)i, "", viz_fn_name(s->t, flow->calls[i].fn));
	}
}

/* Moves `a` and `b` to the first difference, which happens at `when`; false when there is none. */
static bool first_difference(const struct viz_trace *ta, const struct viz_trace *tb, struct place *a,
			     struct place *b, bool tables, uint64_t *when)
{
	for (;;) {
		const struct trace_rec *x = peek(a), *y = peek(b);
		if (!x && !y)
			return false;
		if (!x || !y || !same_record(ta, tb, a, b, x, y, tables)) {
			uint64_t at_a = event_time(a, x), at_b = event_time(b, y);
			*when = at_a < at_b ? at_a : at_b;
			return true;
		}
		advance(a, x);
		advance(b, y);
	}
}

int viz_diff(const struct viz_trace *a, const struct viz_trace *b, FILE *out, char *err, unsigned errlen)
{
	bool tables = same_tables(a, b), found = false;
	struct place best_a = { 0 }, best_b = { 0 };
	uint64_t first = 0;
	for (uint32_t i = 0; i < a->nr_hosts; i++) {
		int k = a->hosts[i].name ? viz_host_index(b, a->hosts[i].name) : -1;
		if (!a->hosts[i].name)
			continue;
		if (k < 0) {
			fprintf(out, "host %s is only in the first run\n", a->hosts[i].name);
			return 1;
		}
		struct place pa = { .host = &a->hosts[i] }, pb = { .host = &b->hosts[k] };
		uint64_t when;
		if (first_difference(a, b, &pa, &pb, tables, &when) && (!found || when < first)) {
			found = true;
			first = when;
			best_a = pa;
			best_b = pb;
		}
	}
	for (uint32_t i = 0; i < b->nr_hosts; i++)
		if (b->hosts[i].name && viz_host_index(a, b->hosts[i].name) < 0) {
			fprintf(out, "host %s is only in the second run\n", b->hosts[i].name);
			return 1;
		}
	if (!found)
		return 0;
	struct side sa = side_at(a, best_a, out), sb = side_at(b, best_b, out);
	fprintf(out, "first difference: host %s, record %llu\n  first run:\n", best_a.host->name,
		(unsigned long long)best_a.n);
	int failed = viz_flow_at(a, (unsigned)(best_a.host - a->hosts), best_a.n, put_stack, &sa);
	fprintf(out, "  second run:\n");
	failed |= viz_flow_at(b, (unsigned)(best_b.host - b->hosts), best_b.n, put_stack, &sb);
	if (failed) {
		snprintf(err, errlen, "no memory");
		return -1;
	}
	return 1;
}
