/*
 * `export --format chrome`: Chrome's trace event format. A host is a process, a lane a thread, a slice a
 * complete event; arrows are flow events right behind the event that they hang at.
 */
#include <stdlib.h>
#include <string.h>

#include "viz/emit.h"
#include "viz/timeline.h"

/* Threads of lanes that are no tasks; a task's thread is its pid. */
#define LANE_THREAD 1000000u

struct chrome {
	const struct viz_export *x;
	FILE *out;
	char **fn; /* by rank: name, category and arguments, as JSON */
	bool any;  /* an event was written */
	bool failed;
};

static uint32_t thread_of(enum viz_lane lane, uint32_t sub)
{
	return lane == LANE_TASK ? sub : LANE_THREAD + 1000 * lane + sub;
}

static void begin_event(struct chrome *c, const char *phase, uint32_t host, enum viz_lane lane, uint32_t sub)
{
	emit_text(c->out, c->any ? ",\n{\"ph\":\"" : "\n{\"ph\":\"");
	c->any = true;
	emit_text(c->out, phase);
	emit_text(c->out, "\",\"pid\":");
	emit_u64(c->out, host + 1);
	emit_text(c->out, ",\"tid\":");
	emit_u64(c->out, thread_of(lane, sub));
}

static void metadata(struct chrome *c, uint32_t host, enum viz_lane lane, uint32_t sub, const char *what,
		     const char *name, uint32_t order)
{
	begin_event(c, "M", host, lane, sub);
	fprintf(c->out, ",\"name\":\"%s_name\",\"args\":{\"name\":", what);
	emit_json(c->out, name);
	emit_text(c->out, "}}");
	begin_event(c, "M", host, lane, sub);
	fprintf(c->out, ",\"name\":\"%s_sort_index\",\"args\":{\"sort_index\":%u}}", what, order);
}

/* What every call of a function says, made once. */
static const char *fn_text(struct chrome *c, const struct viz_fn *fn)
{
	char **text = &c->fn[fn - c->x->t->fns], layer[64];
	size_t len;
	if (*text)
		return *text;
	FILE *f = open_memstream(text, &len);
	if (!f) {
		c->failed = true;
		return "";
	}
	const struct trace_fn as_traced = { .file = fn->file };
	emit_text(f, ",\"name\":");
	emit_json(f, fn->name);
	emit_text(f, ",\"cat\":");
	emit_json(f, trace_fn_layer(&as_traced, layer, sizeof(layer)));
	emit_text(f, ",\"args\":{\"file\":");
	emit_json(f, fn->file);
	emit_text(f, ",\"layer\":");
	emit_json(f, layer);
	if (*fn->what) {
		emit_text(f, ",\"description\":");
		emit_json(f, fn->what);
	}
	fclose(f);
	return *text ? *text : "";
}

static void number(struct chrome *c, const char *name, uint32_t v)
{
	if (!v)
		return;
	emit_text(c->out, name);
	emit_u64(c->out, v);
}

/* Name, category and arguments of a slice that is no function's. */
static void other_text(struct chrome *c, const struct viz_slice *s)
{
	emit_text(c->out, ",\"name\":");
	if (s->number)
		fprintf(c->out, "\"%s %u\"", s->name, s->number);
	else
		emit_json(c->out, s->name);
	emit_text(c->out, s->bytes ? ",\"cat\":\"frame\"" : ",\"cat\":\"program\"");
	emit_text(c->out, ",\"args\":{\"layer\":");
	emit_text(c->out, s->bytes ? "\"wire\"" : "\"program\"");
}

static void arrow(struct chrome *c, const struct viz_slice *s, const struct viz_arrow *a)
{
	static const char *const phases[] = { [ARROW_START] = "s", [ARROW_STEP] = "t", [ARROW_END] = "f" };
	begin_event(c, phases[a->phase], s->host, s->lane, s->sub);
	emit_text(c->out, ",\"ts\":");
	emit_us(c->out, s->begin);
	emit_text(c->out, ",\"id\":");
	emit_u64(c->out, viz_arrow_id(a));
	fprintf(c->out, ",\"name\":\"%s\",\"cat\":\"%s\"%s}", viz_arrow_names[a->kind],
		viz_arrow_names[a->kind], a->phase == ARROW_END ? ",\"bp\":\"e\"" : "");
}

static void on_begin(void *arg, const struct viz_slice *s)
{
	struct chrome *c = arg;
	begin_event(c, "X", s->host, s->lane, s->sub);
	emit_text(c->out, ",\"ts\":");
	emit_us(c->out, s->begin);
	emit_text(c->out, ",\"dur\":");
	emit_us(c->out, s->end - s->begin);
	if (s->fn)
		emit_text(c->out, fn_text(c, s->fn));
	else
		other_text(c, s);
	if (s->op >= 0) {
		emit_text(c->out, ",\"called through\":");
		emit_json(c->out, viz_fn_name(c->x->t, (unsigned)s->op));
	}
	number(c, ",\"journey\":", s->journey);
	number(c, ",\"socket\":", s->socket);
	number(c, ",\"bytes\":", s->bytes);
	if (s->has_result) {
		emit_text(c->out, ",\"result\":");
		emit_i64(c->out, s->result);
	}
	emit_text(c->out, "}}");
	for (uint32_t i = 0; i < s->nr_arrows; i++)
		arrow(c, s, &s->arrows[i]);
}

static int export_host(struct chrome *c, const struct viz_timeline *tl, uint32_t i)
{
	const struct viz_timeline_host *h = &tl->hosts[i];
	struct viz_timeline_visitor v = { .arg = c, .begin = on_begin };
	metadata(c, i, LANE_TASK, 0, "process", c->x->t->hosts[i].name, i);
	for (uint32_t k = 0; k < h->nr_lanes; k++)
		metadata(c, i, h->lanes[k].lane, h->lanes[k].sub, "thread", h->lanes[k].name, k);
	return viz_timeline_host(tl, i, &v);
}

int viz_export_chrome(const struct viz_export *x)
{
	struct chrome c = { .x = x, .out = x->out, .fn = calloc(x->t->nr_fns + 1u, sizeof(*c.fn)) };
	struct viz_timeline tl = { 0 };
	c.failed = !c.fn || viz_timeline_init(&tl, x) < 0;
	emit_text(
		x->out,
		"{\"displayTimeUnit\":\"ns\",\"otherData\":{\"producer\":\"wirepath\",\"clock\":\"virtual\"},"
		"\"traceEvents\":[");
	for (uint32_t i = 0; i < x->t->nr_hosts && !c.failed; i++)
		if (viz_export_wants(x, i))
			c.failed = export_host(&c, &tl, i) < 0 || c.failed;
	emit_text(x->out, "\n]}\n");
	if (!c.failed || tl.hosts)
		viz_timeline_free(&tl);
	for (uint32_t i = 0; c.fn && i < x->t->nr_fns; i++)
		free(c.fn[i]);
	free(c.fn);
	return c.failed ? viz_export_no_memory(x) : 0;
}
