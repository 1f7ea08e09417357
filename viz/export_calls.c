/* `export --format calls`: the call tree as indented text, for comparing with traces of a real kernel. */
#include <stdlib.h>
#include <string.h>

#include "viz/errno_name.h"
#include "viz/export.h"
#include "viz/flow.h"

/* The call that a task's program is in. */
struct open_call {
	uint32_t pid;
	const char *text;
};

struct calls {
	const struct viz_trace *t;
	const struct viz_host *host;
	FILE *out;
	/* the line being held back to count repeats of a leaf */
	uint32_t fn, depth, count;
	struct open_call *open; /* of the tasks that made one */
	uint32_t nr_open;
	bool failed;
};

static struct open_call *open_call(struct calls *c, uint32_t pid)
{
	for (uint32_t i = 0; i < c->nr_open; i++)
		if (c->open[i].pid == pid)
			return &c->open[i];
	struct open_call *grown = realloc(c->open, (c->nr_open + 1) * sizeof(*grown));
	if (!grown) {
		c->failed = true;
		return NULL;
	}
	c->open = grown;
	c->open[c->nr_open] = (struct open_call){ pid, "?" };
	return &c->open[c->nr_open++];
}

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

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
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

static void call_line(struct calls *c, uint32_t pid, const char *text)
{
	struct open_call *call = open_call(c, pid);
	if (call)
		call->text = text;
	fprintf(c->out, "== CALL %s\n", text);
}

static void ret_line(struct calls *c, uint32_t pid, int32_t result)
{
	const char *name = result < 0 && result > INT32_MIN ? viz_errno_name(-result) : NULL;
	const struct open_call *call = open_call(c, pid);
	fprintf(c->out, "== RET %s = %d%s%s\n", call ? call->text : "?", name ? -1 : result, name ? " " : "",
		name ? name : "");
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct calls *c = arg;
	uint32_t pid = flow->kind == FLOW_TASK ? flow->pid : 0;
	(void)time;
	if (rec->kind >= TR_HOP_OUT)
		return;
	flush_line(c);
	switch (rec->kind) {
	case TR_TASK:
		fprintf(c->out, "[task %s]%s\n", viz_string(&c->host->tasks, rec->obj),
			rec->fn ? " (resumes)" : "");
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
		call_line(c, pid, viz_string(&c->host->strings, rec->obj));
		break;
	case TR_RET:
		ret_line(c, pid, (int32_t)rec->obj);
		break;
	default:
		break;
	}
}

int viz_export_calls(const struct viz_export *x)
{
	for (uint32_t i = 0; i < x->t->nr_hosts; i++) {
		struct calls c = { .t = x->t, .host = &x->t->hosts[i], .out = x->out };
		struct viz_visitor v = {
			.arg = &c, .from = x->from, .to = x->to, .enter = on_enter, .mark = on_mark
		};
		if (!viz_export_wants(x, i))
			continue;
		if (!x->host)
			fprintf(x->out, "# host %s\n", c.host->name);
		bool failed = viz_flow_run(x->t, i, &v) < 0 || c.failed;
		free(c.open);
		if (failed)
			return viz_export_no_memory(x);
		flush_line(&c);
	}
	return 0;
}
