/* `export --format calls`: the call tree as indented text, for comparing with traces of a real kernel. */
#include <string.h>

#include "viz/errno_name.h"
#include "viz/export.h"
#include "viz/flow.h"

struct calls {
	const struct viz_trace *t;
	const struct viz_host *host;
	FILE *out;
	/* the line being held back to count repeats of a leaf */
	uint32_t fn, depth, count;
	const char *call; /* text of the program's call that is open */
};

static void flush_line(struct calls *c)
{
	if (!c->count)
		return;
	fprintf(c->out, "%*s%s", (int)(2 * (c->depth - 1)), "", viz_fn_name(c->t, c->fn));
	if (c->count > 1)
		fprintf(c->out, "  x%u", c->count);
	fputc('\n', c->out);
	c->count = 0;
}

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent, struct viz_call *call)
{
	struct calls *c = arg;
	(void)flow;
	(void)parent;
	if (c->count && c->fn == call->fn && c->depth == call->depth) {
		c->count++;
		return;
	}
	flush_line(c);
	c->fn = call->fn;
	c->depth = call->depth;
	c->count = 1;
}

static void ret_line(struct calls *c, int32_t result)
{
	const char *name = result < 0 ? viz_errno_name(-result) : NULL;
	fprintf(c->out, "== RET %s = %d%s%s\n", c->call ? c->call : "?", name ? -1 : result, name ? " " : "",
		name ? name : "");
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct calls *c = arg;
	(void)flow;
	(void)time;
	if (rec->kind >= TR_HOP_OUT)
		return;
	flush_line(c);
	switch (rec->kind) {
	case TR_TASK:
		fprintf(c->out, "[task %s]%s\n", viz_string(&c->host->tasks, rec->obj), rec->fn ? " (resumes)" : "");
		break;
	case TR_IDLE:
		fprintf(c->out, "[idle]\n");
		break;
	case TR_IRQ:
		fprintf(c->out, "%*s[irq]\n", 2 * rec->depth, "");
		break;
	case TR_IRQ_END:
		fprintf(c->out, "%*s[end irq]\n", 2 * rec->depth, "");
		break;
	case TR_SOFTIRQ:
		fprintf(c->out, "%*s[softirq %s]\n", 2 * rec->depth, "", viz_softirq_name(rec->obj));
		break;
	case TR_CALL:
		c->call = viz_string(&c->host->strings, rec->obj);
		fprintf(c->out, "== CALL %s\n", c->call);
		break;
	case TR_RET:
		ret_line(c, (int32_t)rec->obj);
		break;
	default:
		break;
	}
}

int viz_export_calls(const struct viz_trace *t, const char *host, FILE *out, char *err, unsigned errlen)
{
	for (uint32_t i = 0; i < t->nr_hosts; i++) {
		struct calls c = { .t = t, .host = &t->hosts[i], .out = out };
		struct viz_visitor v = { .arg = &c, .enter = on_enter, .mark = on_mark };
		if (!t->hosts[i].name || (host && strcmp(host, t->hosts[i].name) != 0))
			continue;
		if (!host)
			fprintf(out, "# host %s\n", t->hosts[i].name);
		if (viz_flow_run(t, i, &v) < 0) {
			snprintf(err, errlen, "no memory");
			return -1;
		}
		flush_line(&c);
	}
	return 0;
}
