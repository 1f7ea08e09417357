/*
 * `export --format folded`: how often each stack of calls was seen, or (--by time) how many ns of virtual
 * time it took: of the CPU in its innermost function, and, in a frame [asleep] below that, of waiting there.
 *
 * With --follow a call that a hop led to stands below what set it off, behind a frame [work], [timer], ...,
 * and not below what ran it. Wake-ups go on with a stack that the task has already; frames leave the host.
 */
#include <stdlib.h>
#include <string.h>

#include "viz/array.h"
#include "viz/export.h"
#include "viz/flow.h"

/* A distinct stack: a node of the tree of all stacks. Node 0 stands for "none". */
struct path {
	const char *name;
	uint32_t parent, first_child, next;
	uint32_t hops; /* followed to get here */
	uint64_t count;
};

/* What the next calls of a flow are because of: those `depth` calls deep, in this task. */
struct cause {
	uint32_t path; /* 0: nothing */
	uint32_t pid;
	uint8_t depth;
};

struct folded {
	const struct viz_trace *t;
	const struct viz_host *host;
	bool by_time;
	unsigned follow;
	struct path *paths;
	uint32_t n, cap;
	struct cause cause[FLOW_SOFTIRQ + 1]; /* by enum viz_flow_kind */
	uint32_t *from, nr_from;	      /* by hop of the host: the path that it leads on from */
	bool failed;
	char **lines;
	uint32_t nr_lines, cap_lines;
};

/* The child of `parent` of that name, made when it is new; names are compared as text. */
static uint32_t child(struct folded *f, uint32_t parent, const char *name)
{
	uint32_t *link = &f->paths[parent].first_child;
	for (; *link; link = &f->paths[*link].next)
		if (f->paths[*link].name == name || strcmp(f->paths[*link].name, name) == 0)
			return *link;
	if (f->n == f->cap) {
		uint32_t cap = f->cap * 2;
		size_t at = (size_t)((char *)link - (char *)f->paths);
		struct path *grown = realloc(f->paths, cap * sizeof(*grown));
		if (!grown) {
			f->failed = true;
			return 0;
		}
		f->paths = grown;
		f->cap = cap;
		link = (uint32_t *)((char *)f->paths + at);
	}
	*link = f->n;
	f->paths[f->n] = (struct path){ .name = name, .parent = parent, .hops = f->paths[parent].hops };
	return f->n++;
}

static uint32_t context_path(struct folded *f, const struct viz_flow *flow)
{
	switch (flow->kind) {
	case FLOW_TASK:
		return child(f, child(f, 0, "task"), viz_string(&f->host->tasks, flow->pid));
	case FLOW_IRQ:
		return child(f, 0, "irq");
	case FLOW_SOFTIRQ:
		return child(f, 0, "softirq");
	default:
		return child(f, 0, "boot");
	}
}

/* What set off the call, if that is followed, else 0. */
static uint32_t cause_of(struct folded *f, const struct viz_flow *flow, const struct viz_call *call)
{
	struct cause *c = &f->cause[flow->kind];
	if (!c->path || c->pid != flow->pid || call->depth > c->depth)
		return 0;
	if (call->depth < c->depth)
		c->path = 0;
	return c->path;
}

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct folded *f = arg;
	uint32_t up = cause_of(f, flow, call);
	if (!up)
		up = parent ? parent->user : context_path(f, flow);
	call->user = f->failed ? 0 : child(f, up, viz_fn_name(f->t, call->fn));
	f->paths[call->user].count += !f->by_time;
}

/* The stack that a flow is in. */
static uint32_t flow_path(struct folded *f, const struct viz_flow *flow)
{
	return flow->n ? flow->calls[flow->n - 1].user : context_path(f, flow);
}

static void on_elapse(void *arg, const struct viz_flow *flow, uint64_t ns, uint64_t time)
{
	struct folded *f = arg;
	(void)time;
	if (f->by_time && !f->failed && (flow->n || flow->kind != FLOW_NONE))
		f->paths[flow_path(f, flow)].count += ns;
}

static void on_asleep(void *arg, const struct viz_flow *flow, uint64_t ns, uint64_t time)
{
	struct folded *f = arg;
	(void)time;
	if (f->by_time && !f->failed)
		f->paths[child(f, flow_path(f, flow), "[asleep]")].count += ns;
}

static const char *const hop_frames[HOP_KINDS] = {
	[HOP_TIMER] = "[timer]", [HOP_SOFTIRQ] = "[softirq]", [HOP_IRQ] = "[irq]", [HOP_WORK] = "[work]"
};

static void hop_out(struct folded *f, const struct viz_flow *flow, uint32_t hop)
{
	if (!array_reach((void **)&f->from, &f->nr_from, hop, sizeof(*f->from)))
		f->failed = true;
	else
		f->from[hop] = flow->n ? flow_path(f, flow) : 0;
}

static void hop_in(struct folded *f, const struct viz_flow *flow, const struct trace_rec *rec, uint32_t hop)
{
	struct cause *c = &f->cause[flow->kind];
	uint32_t from = hop < f->nr_from ? f->from[hop] : 0;
	*c = (struct cause){ .pid = flow->pid, .depth = rec->depth };
	if (!from || f->paths[from].hops >= f->follow)
		return;
	c->path = child(f, from, hop_frames[rec->fn]);
	f->paths[c->path].hops = f->paths[from].hops + 1;
}

/* Hops of this host, where they are followed. */
static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct folded *f = arg;
	uint32_t hop = rec->obj & TRACE_ID_COUNT;
	(void)time;
	if (f->failed || !f->follow)
		return;
	if (rec->kind == TR_SOFTIRQ)
		f->cause[FLOW_SOFTIRQ].path = 0;
	else if (rec->kind == TR_IRQ)
		f->cause[FLOW_IRQ].path = 0;
	else if (rec->kind == TR_TASK && !rec->fn)
		f->cause[FLOW_TASK].path = 0;
	if ((rec->kind != TR_HOP_OUT && rec->kind != TR_HOP_IN) || rec->fn >= HOP_KINDS ||
	    !hop_frames[rec->fn])
		return;
	if (rec->kind == TR_HOP_OUT)
		hop_out(f, flow, hop);
	else
		hop_in(f, flow, rec, hop);
}

/* "host;task client;outer;inner COUNT" in memory of its own. */
static char *path_line(const struct folded *f, uint32_t at)
{
	uint32_t up[512], n = 0;
	char *mem = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&mem, &len);
	if (!out)
		return NULL;
	for (uint32_t p = at; p && n < 512; p = f->paths[p].parent)
		up[n++] = p;
	fputs(f->host->name, out);
	while (n > 0) {
		uint32_t p = up[--n];
		bool task_name = f->paths[p].parent && f->paths[f->paths[p].parent].parent == 0 &&
				 strcmp(f->paths[f->paths[p].parent].name, "task") == 0;
		fprintf(out, "%c%s", task_name ? ' ' : ';', f->paths[p].name);
	}
	fprintf(out, " %llu", (unsigned long long)f->paths[at].count);
	fclose(out);
	return mem;
}

static int line_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_lines(struct folded *f)
{
	for (uint32_t i = 1; i < f->n && !f->failed; i++) {
		if (!f->paths[i].count)
			continue;
		if (f->nr_lines == f->cap_lines) {
			uint32_t cap = f->cap_lines ? f->cap_lines * 2 : 1024;
			char **grown = realloc(f->lines, cap * sizeof(*grown));
			if (!grown) {
				f->failed = true;
				return;
			}
			f->lines = grown;
			f->cap_lines = cap;
		}
		f->lines[f->nr_lines] = path_line(f, i);
		f->failed |= !f->lines[f->nr_lines];
		f->nr_lines += !f->failed;
	}
}

static bool add_host(struct folded *f, const struct viz_export *x, uint32_t i)
{
	struct viz_visitor v = { .arg = f,
				 .from = x->from,
				 .to = x->to,
				 .enter = on_enter,
				 .mark = on_mark,
				 .elapse = on_elapse,
				 .asleep = on_asleep };
	f->host = &x->t->hosts[i];
	f->n = 1;
	f->paths[0] = (struct path){ .name = "" };
	memset(f->cause, 0, sizeof(f->cause));
	if (f->nr_from)
		memset(f->from, 0, f->nr_from * sizeof(*f->from));
	f->failed |= viz_flow_run(x->t, i, &v) < 0;
	if (!f->failed)
		add_lines(f);
	return !f->failed;
}

int viz_export_folded(const struct viz_export *x)
{
	struct folded f = { .t = x->t, .by_time = x->by_time, .follow = x->follow, .cap = 1024 };
	f.paths = calloc(f.cap, sizeof(*f.paths));
	f.failed = !f.paths;
	for (uint32_t i = 0; i < x->t->nr_hosts && !f.failed; i++)
		if (viz_export_wants(x, i))
			add_host(&f, x, i);
	if (f.nr_lines)
		qsort(f.lines, f.nr_lines, sizeof(*f.lines), line_cmp);
	for (uint32_t i = 0; i < f.nr_lines; i++) {
		if (!f.failed)
			fprintf(x->out, "%s\n", f.lines[i]);
		free(f.lines[i]);
	}
	free(f.lines);
	free(f.paths);
	free(f.from);
	return f.failed ? viz_export_no_memory(x) : 0;
}
