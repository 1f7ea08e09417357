/* Walks all hosts and keeps what concerns one packet. */
#include "viz/journey_records.h"

#include <stdlib.h>
#include <string.h>

struct open_call {
	const char *text;
	uint64_t from;
	uint32_t kept; /* in jrecs.calls, + 1 */
};

struct gather {
	struct jrecs *j;
	const struct viz_trace *t;
	uint32_t packet, host, mark, visits;
	uint64_t irq;
	struct open_call *open; /* by pid */
	uint32_t nr_open;
	bool *frees; /* by function: it frees packets */
	bool failed;
};

static bool room(struct gather *g, void **array, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t want = *cap ? *cap : 256;
	while (want < n)
		want *= 2;
	void *grown = want > *cap ? realloc(*array, want * size) : *array;
	if (!grown) {
		g->failed = true;
		return false;
	}
	*array = grown;
	*cap = want > *cap ? want : *cap;
	return true;
}

static struct open_call *open_call(struct gather *g, uint32_t pid)
{
	uint32_t old = g->nr_open;
	if (pid >= 1u << 24 || !room(g, (void **)&g->open, pid + 1, &g->nr_open, sizeof(*g->open)))
		return NULL;
	if (g->nr_open > old)
		memset(g->open + old, 0, (g->nr_open - old) * sizeof(*g->open));
	return &g->open[pid];
}

static struct jrec *add(struct gather *g, enum jrec_kind kind, uint64_t time)
{
	struct jrecs *j = g->j;
	if (!room(g, (void **)&j->rec, j->n + 1, &j->cap, sizeof(*j->rec)))
		return NULL;
	j->rec[j->n] = (struct jrec){
		.time = time, .irq = g->irq, .host = g->host, .mark = g->mark, .kind = (uint8_t)kind
	};
	return &j->rec[j->n++];
}

/* The program's call around it is kept. */
static uint32_t keep_call(struct gather *g, uint32_t pid)
{
	struct open_call *c = open_call(g, pid);
	struct jrecs *j = g->j;
	if (!c || !c->text)
		return 0;
	if (!c->kept && room(g, (void **)&j->calls, j->nr_calls + 1, &j->cap_calls, sizeof(*j->calls))) {
		j->calls[j->nr_calls++] =
			(struct jcall){ c->text, viz_string(&g->t->hosts[g->host].tasks, pid), c->from,
					UINT64_MAX };
		c->kept = j->nr_calls;
	}
	return c->kept;
}

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct gather *g = arg;
	struct jrecs *j = g->j;
	call->user = parent ? parent->user : ++g->visits;
	if (call->kind != TR_ENTER_SKB || call->obj != g->packet)
		return;
	uint32_t above = (uint32_t)(call - flow->calls);
	struct jrec *r = add(g, JREC_CALL, call->time);
	if (!r || !room(g, (void **)&j->stacks, j->nr_stacks + above + 1, &j->cap_stacks, sizeof(*j->stacks)))
		return;
	r->visit = call->user;
	r->stack = j->nr_stacks;
	r->fn = call->fn;
	r->depth = (uint16_t)(above + 1);
	r->flow = (uint8_t)flow->kind;
	r->pid = flow->pid;
	for (uint32_t i = 0; i <= above; i++) {
		j->stacks[j->nr_stacks++] = flow->calls[i].fn;
		r->freed |= g->frees[flow->calls[i].fn];
	}
	r->handed = call->op >= 0 && strcmp(viz_fn_name(g->t, (unsigned)call->op), "ndo_start_xmit") == 0 &&
		    !strstr(g->t->fns[call->fn].file, "vlan");
	r->taken = strcmp(viz_fn_name(g->t, call->fn), "eth_type_trans") == 0;
	uint32_t at = j->n - 1, kept = flow->kind == FLOW_TASK ? keep_call(g, flow->pid) : 0;
	j->rec[at].call = kept;
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct gather *g = arg;
	struct open_call *c;
	g->mark++;
	switch (rec->kind) {
	case TR_IRQ:
		g->irq = time;
		break;
	case TR_CALL:
		if ((c = open_call(g, flow->kind == FLOW_TASK ? flow->pid : 0)))
			*c = (struct open_call){ viz_string(&g->t->hosts[g->host].strings, rec->obj), time,
						 0 };
		break;
	case TR_RET:
		if ((c = open_call(g, flow->kind == FLOW_TASK ? flow->pid : 0))) {
			if (c->kept)
				g->j->calls[c->kept - 1].to = time;
			c->text = NULL;
		}
		break;
	case TR_FRAME_TX:
	case TR_FRAME_RX:
	case TR_DROP:
		if (rec->obj == g->packet)
			add(g,
			    rec->kind == TR_FRAME_TX   ? JREC_TX
			    : rec->kind == TR_FRAME_RX ? JREC_RX
						       : JREC_DROP,
			    time);
		break;
	default:
		break;
	}
}

int jrecs_read(struct jrecs *j, const struct viz_trace *t, uint32_t packet)
{
	struct gather g = { .j = j, .t = t, .packet = packet };
	const struct viz_visitor v = { .arg = &g, .enter = on_enter, .mark = on_mark };
	memset(j, 0, sizeof(*j));
	g.frees = calloc(UINT16_MAX + 1, sizeof(*g.frees));
	g.failed = !g.frees;
	for (uint32_t i = 0; i < t->nr_fns && g.frees; i++)
		g.frees[i] =
			strstr(t->fns[i].name, "kfree_skb") || strcmp(t->fns[i].name, "consume_skb") == 0;
	for (uint32_t i = 0; i < t->nr_hosts && !g.failed; i++) {
		if (!t->hosts[i].name)
			continue;
		g.host = i;
		g.mark = 0;
		g.irq = 0;
		if (g.nr_open)
			memset(g.open, 0, g.nr_open * sizeof(*g.open));
		g.failed |= viz_flow_run(t, i, &v) < 0;
	}
	free(g.open);
	free(g.frees);
	return g.failed ? -1 : 0;
}

void jrecs_free(struct jrecs *j)
{
	free(j->rec);
	free(j->calls);
	free(j->stacks);
	memset(j, 0, sizeof(*j));
}
