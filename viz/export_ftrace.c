/*
 * `export --format ftrace`: what `cat trace` prints of the kernel's function_graph tracer with its options
 * funcgraph-abstime and funcgraph-proc on: kernel/trace/trace_functions_graph.c has the columns.
 *
 * As there, a function that calls nothing takes one line; interrupts, and softirqs behind them, run on top of
 * the task that they found, and are shown under its name, deeper than what it was in.
 */
#include "viz/emit.h"
#include "viz/flow.h"
#include "viz/export.h"

#define PROC_WIDTH 14
#define COMM_SHOWN 7
#define NO_TASK UINT32_MAX

struct ftrace {
	const struct viz_trace *t;
	const struct viz_host *host;
	FILE *out;
	uint32_t pid, shown_pid; /* who has the CPU (0: idle); the last one in a line */
	uint64_t now;
	/* a call that may turn out to call nothing */
	bool pending;
	uint64_t entered;
	unsigned depth;
	const char *name;
};

static void proc(struct ftrace *f, uint32_t pid)
{
	char text[64];
	const char *comm = pid ? viz_string(&f->host->tasks, pid) : "<idle>";
	int n = snprintf(text, sizeof(text), "%.*s-%u", COMM_SHOWN, comm, pid);
	int spaces = n < PROC_WIDTH ? PROC_WIDTH - n : 0;
	fprintf(f->out, "%*s%s%*s", spaces / 2, "", text, spaces - spaces / 2, "");
}

/* Another task than in the line before. */
static void switch_line(struct ftrace *f)
{
	static const char rule[] = " ------------------------------------------\n";
	if (f->shown_pid == f->pid)
		return;
	if (f->shown_pid != NO_TASK) {
		emit_text(f->out, rule);
		emit_text(f->out, " 0) ");
		proc(f, f->shown_pid);
		emit_text(f->out, " => ");
		proc(f, f->pid);
		fprintf(f->out, "\n%s\n", rule);
	}
	f->shown_pid = f->pid;
}

/* Time, CPU and task. */
static void columns(struct ftrace *f, uint64_t time)
{
	switch_line(f);
	fprintf(f->out, "%5llu.%06llu |   0) ", (unsigned long long)(time / 1000000000),
		(unsigned long long)(time / 1000 % 1000000));
	proc(f, f->pid);
	emit_text(f->out, " | ");
}

static char overhead_mark(uint64_t ns)
{
	static const struct {
		uint64_t above;
		char mark;
	} marks[] = { { 1000000000, '$' }, { 100000000, '@' }, { 10000000, '*' },
		      { 1000000, '#' },	   { 100000, '!' },    { 10000, '+' } };
	for (unsigned i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (ns > marks[i].above)
			return marks[i].mark;
	return ' ';
}

/* Microseconds in seven digits at most, with as many of the fraction as there is room for. */
static void duration(struct ftrace *f, uint64_t ns)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)(ns / 1000));
	if (n < 7) {
		int digits = 7 - n < 3 ? 7 - n : 3;
		char fraction[8];
		snprintf(fraction, sizeof(fraction), "%03u", (unsigned)(ns % 1000));
		n += snprintf(text + n, sizeof(text) - (size_t)n, ".%.*s", digits, fraction);
	}
	fprintf(f->out, "%c %s us %*s|  ", overhead_mark(ns), text, n < 8 ? 8 - n : 0, "");
}

static void indent(struct ftrace *f, unsigned depth)
{
	fprintf(f->out, "%*s", 2 * (int)(depth - 1), "");
}

/* The pending call calls another function. */
static void open_pending(struct ftrace *f)
{
	if (!f->pending)
		return;
	f->pending = false;
	columns(f, f->entered);
	emit_text(f->out, "              |  ");
	indent(f, f->depth);
	fprintf(f->out, "%s() {\n", f->name);
}

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct ftrace *f = arg;
	(void)flow;
	(void)parent;
	open_pending(f);
	f->pending = true;
	f->entered = f->now = call->time;
	f->depth = call->depth;
	f->name = viz_fn_name(f->t, call->fn);
}

static void on_leave(void *arg, const struct viz_flow *flow, const struct viz_call *call, uint64_t time)
{
	struct ftrace *f = arg;
	bool leaf = f->pending;
	(void)flow;
	f->now = time;
	f->pending = false;
	columns(f, leaf ? f->entered : time);
	duration(f, time - call->time);
	indent(f, call->depth);
	if (leaf)
		fprintf(f->out, "%s();\n", f->name);
	else
		emit_text(f->out, "}\n");
}

/* As trace_printk() within a function at `depth`. */
static void comment(struct ftrace *f, unsigned depth, const char *text)
{
	open_pending(f);
	columns(f, f->now);
	emit_text(f->out, "              |  ");
	indent(f, depth + 1);
	emit_text(f->out, "/* ");
	for (; *text; text++)
		putc_unlocked(*text == '\n' ? ' ' : *text, f->out);
	emit_text(f->out, " */\n");
}

static void on_step(void *arg, const struct viz_flow *flow, const struct viz_call *call, unsigned rank)
{
	struct ftrace *f = arg;
	(void)flow;
	comment(f, call->depth, viz_fn_name(f->t, rank));
}

static void on_elapse(void *arg, const struct viz_flow *flow, uint64_t ns, uint64_t time)
{
	struct ftrace *f = arg;
	(void)flow;
	(void)ns;
	f->now = time;
}

static void interrupt_line(struct ftrace *f, const char *arrow)
{
	open_pending(f);
	columns(f, f->now);
	fprintf(f->out, "  %s |\n", arrow);
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct ftrace *f = arg;
	unsigned depth = flow->n ? flow->calls[flow->n - 1].depth : 0;
	f->now = time;
	switch (rec->kind) {
	case TR_TASK:
	case TR_IDLE:
		open_pending(f);
		f->pid = rec->kind == TR_TASK ? rec->obj : 0;
		break;
	case TR_IRQ:
		interrupt_line(f, "==========>");
		break;
	case TR_IRQ_END:
		interrupt_line(f, "<==========");
		break;
	case TR_DROP:
		comment(f, depth, viz_string(&f->t->drops, rec->fn));
		break;
	case TR_CALL:
	case TR_NOTE:
		comment(f, depth, viz_string(&f->host->strings, rec->obj));
		break;
	default:
		break;
	}
}

static const char header[] =
	"# tracer: function_graph\n#\n"
	"#     TIME        CPU  TASK/PID         DURATION                  FUNCTION CALLS\n"
	"#      |          |     |    |           |   |                     |   |   |   |\n";

int viz_export_ftrace(const struct viz_export *x)
{
	for (uint32_t i = 0; i < x->t->nr_hosts; i++) {
		struct ftrace f = { .t = x->t,
				    .host = &x->t->hosts[i],
				    .out = x->out,
				    .shown_pid = NO_TASK,
				    .now = x->from };
		struct viz_visitor v = { .arg = &f,
					 .from = x->from,
					 .to = x->to,
					 .enter = on_enter,
					 .leave = on_leave,
					 .step = on_step,
					 .mark = on_mark,
					 .elapse = on_elapse };
		if (!viz_export_wants(x, i))
			continue;
		if (!x->host)
			fprintf(x->out, "# host %s\n", f.host->name);
		emit_text(x->out, header);
		if (viz_flow_run(x->t, i, &v) < 0)
			return viz_export_no_memory(x);
	}
	return 0;
}
