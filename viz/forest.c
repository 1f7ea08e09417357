/* Builds the forest of a run. */
#include "viz/forest.h"

#include <stdlib.h>
#include <string.h>

#include "viz/array.h"

/* One side of a hop, until both sides are known. */
struct side {
	uint32_t id, host, node, about, order;
	uint8_t kind;
	bool in;
};

/* Where a packet was last seen on the host that is walked: an open table of journeys. */
struct seen {
	uint32_t journey, node;
	uint32_t driver; /* the call that gave it to the driver last, or 0 */
};

struct task_state {
	uint32_t syscall; /* the program's call that is open, or 0 */
	uint32_t sleeps;  /* the call in which it gave up the CPU, or 0 */
	uint64_t since;
};

struct build {
	struct forest *f;
	const struct viz_trace *t;
	uint32_t h;
	struct forest_host *host;
	uint32_t irqs[64], nr_irqs, last_irq; /* interrupts that are open; the one that ended last */
	struct task_state *tasks, no_task;
	uint32_t nr_tasks;
	uint32_t running;	     /* pid of the task that has the CPU, 0 none */
	const struct viz_flow *flow; /* of that task */
	struct seen *seen;
	uint32_t nr_seen, cap_seen;
	struct side *sides;
	uint32_t nr_sides, cap_sides;
	uint32_t softirq;    /* number of the one that is served */
	uint32_t frame_side; /* side of the last frame on this host, or FOREST_NONE */
	uint64_t frame_time;
	bool failed;
};

static void list_add(struct build *b, struct forest_list *l, uint32_t node)
{
	uint32_t *grown = array_room(l->at, l->n, &l->cap, sizeof(*grown), &b->failed);
	if (grown) {
		l->at = grown;
		l->at[l->n++] = node;
	}
}

/* Appends a node under `parent`; 0 when there is no memory. */
static uint32_t add(struct build *b, uint32_t parent, enum forest_kind kind, unsigned fn, uint32_t obj,
		    uint64_t time)
{
	struct forest_host *host = b->host;
	struct forest_node *grown = array_room(host->nodes, host->n, &host->cap, sizeof(*grown), &b->failed);
	if (!grown)
		return 0;
	host->nodes = grown;
	uint32_t i = host->n++;
	host->nodes[i] = (struct forest_node){ .time = time,
					       .parent = parent,
					       .obj = obj,
					       .fn = (uint16_t)fn,
					       .op = FOREST_NO_OP,
					       .kind = kind };
	if (parent) {
		struct forest_node *p = &host->nodes[parent];
		if (p->last)
			host->nodes[p->last].next = i;
		else
			p->first = i;
		p->last = i;
	}
	if (kind == NODE_IRQ || (!parent && (kind == NODE_CALL || kind == NODE_SYSCALL)))
		list_add(b, &host->roots, i);
	return i;
}

static struct task_state *task(struct build *b, uint32_t pid)
{
	if (pid >= b->nr_tasks) {
		uint32_t n = b->nr_tasks ? b->nr_tasks : 16;
		while (n <= pid && n < 1u << 24)
			n *= 2;
		struct task_state *grown = pid < n ? realloc(b->tasks, n * sizeof(*grown)) : NULL;
		if (!grown) {
			b->failed = true;
			return &b->no_task;
		}
		memset(grown + b->nr_tasks, 0, (n - b->nr_tasks) * sizeof(*grown));
		b->tasks = grown;
		b->nr_tasks = n;
	}
	return &b->tasks[pid];
}

static uint32_t hash(uint32_t v)
{
	return (uint32_t)(v * 0x9e3779b97f4a7c15ull >> 32);
}

/* The place of a journey in the table, which has room for it. */
static struct seen *seen_at(const struct build *b, uint32_t journey)
{
	uint32_t i = hash(journey) & (b->cap_seen - 1);
	while (b->seen[i].node && b->seen[i].journey != journey)
		i = (i + 1) & (b->cap_seen - 1);
	return &b->seen[i];
}

static void see(struct build *b, uint32_t journey, uint32_t node)
{
	if (b->nr_seen * 2 >= b->cap_seen) {
		struct seen *old = b->seen;
		uint32_t n = b->cap_seen, cap = n ? n * 2 : 64;
		b->seen = calloc(cap, sizeof(*b->seen));
		if (!b->seen) {
			b->seen = old;
			b->failed = true;
			return;
		}
		b->cap_seen = cap;
		for (uint32_t i = 0; i < n; i++)
			if (old[i].node)
				*seen_at(b, old[i].journey) = old[i];
		free(old);
	}
	struct seen *s = seen_at(b, journey);
	uint16_t op = b->host->nodes[node].op;
	b->nr_seen += !s->node;
	s->journey = journey;
	s->node = node;
	if (op != FOREST_NO_OP && strcmp(viz_fn_name(b->t, op), "ndo_start_xmit") == 0)
		s->driver = node;
}

static void note_about(struct build *b, uint32_t i, const struct viz_call *call)
{
	struct forest_host *host = b->host;
	struct forest_node *n = &host->nodes[i];
	n->about = call->kind == TR_ENTER_SKB ? ABOUT_PACKET : ABOUT_SOCKET;
	const struct forest_node *p = &host->nodes[n->parent];
	bool again = n->parent && p->about == n->about && p->obj == n->obj;
	if (n->about == ABOUT_PACKET)
		see(b, n->obj, i);
	if (again || !n->obj)
		return;
	struct forest_about_entry **list = n->about == ABOUT_PACKET ? &host->packets : &host->sockets;
	uint32_t *nr = n->about == ABOUT_PACKET ? &host->nr_packets : &host->nr_sockets;
	uint32_t *cap = n->about == ABOUT_PACKET ? &host->cap_packets : &host->cap_sockets;
	struct forest_about_entry *grown = array_room(*list, *nr, cap, sizeof(*grown), &b->failed);
	if (!grown)
		return;
	*list = grown;
	grown[(*nr)++] = (struct forest_about_entry){ n->obj, i };
}

/* What the outermost call of a flow hangs from. */
static uint32_t above(struct build *b, const struct viz_flow *flow)
{
	switch (flow->kind) {
	case FLOW_TASK:
		return task(b, flow->pid)->syscall;
	case FLOW_IRQ:
		return b->nr_irqs ? b->irqs[b->nr_irqs - 1] : 0;
	case FLOW_SOFTIRQ:
		return b->last_irq;
	default:
		return 0;
	}
}

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct build *b = arg;
	uint32_t i =
		add(b, parent ? parent->user : above(b, flow), NODE_CALL, call->fn, call->obj, call->time);
	call->user = i;
	if (!i)
		return;
	struct forest_node *n = &b->host->nodes[i];
	n->flow = flow->kind;
	n->depth = call->depth;
	n->pid = flow->kind == FLOW_TASK ? flow->pid : b->running;
	if (call->op >= 0)
		n->op = (uint16_t)call->op;
	if (call->kind != TR_ENTER)
		note_about(b, i, call);
}

static void on_step(void *arg, const struct viz_flow *flow, const struct viz_call *call, unsigned rank)
{
	(void)flow;
	add(arg, call->user, NODE_STEP, rank, 0, call->time);
}

/* The call that a record at `depth` belongs to. */
static uint32_t owner(const struct viz_flow *flow, unsigned depth)
{
	for (uint32_t i = flow->n; i > 0; i--)
		if (flow->calls[i - 1].depth < depth)
			return flow->calls[i - 1].user;
	return 0;
}

/* Puts a number aside for node i. */
static void value(struct build *b, uint32_t i, int64_t v)
{
	struct forest_host *host = b->host;
	int64_t *grown =
		i ? array_room(host->values, host->nr_values, &host->cap_values, sizeof(*grown), &b->failed)
		  : NULL;
	if (!grown)
		return;
	host->values = grown;
	host->nodes[i].pid = host->nr_values;
	host->values[host->nr_values++] = v;
}

static struct side *add_side(struct build *b, const struct trace_rec *rec, uint32_t node)
{
	struct side *grown = array_room(b->sides, b->nr_sides, &b->cap_sides, sizeof(*grown), &b->failed);
	if (!grown)
		return NULL;
	b->sides = grown;
	struct side *s = &b->sides[b->nr_sides];
	*s = (struct side){ .id = rec->obj, .host = b->h, .node = node, .order = b->nr_sides++ };
	s->kind = (uint8_t)rec->fn;
	s->in = rec->kind == TR_HOP_IN;
	return s;
}

/* Frames: what the card does is nobody's call; a frame that leaves is put under the call that had its packet.
 */
static void on_frame_hop(struct build *b, const struct trace_rec *rec, uint64_t time)
{
	bool in = rec->kind == TR_HOP_IN;
	uint32_t i = in ? add(b, 0, NODE_IN, 0, FOREST_NONE, time) : 0;
	if (!in || i) {
		b->frame_side = b->nr_sides;
		b->frame_time = time;
		if (!add_side(b, rec, i))
			b->frame_side = FOREST_NONE;
	}
}

/* The call that sent a packet: the one that gave it to the driver, else the last that had it; 0 none. */
static uint32_t sender(const struct build *b, uint32_t journey)
{
	const struct seen *s = b->cap_seen ? seen_at(b, journey) : NULL;
	return !s ? 0 : s->driver ? s->driver : s->node;
}

/* The packet of the frame whose hop was the record before this one. */
static void on_frame(struct build *b, const struct trace_rec *rec, uint64_t time)
{
	if (b->frame_side == FOREST_NONE || b->frame_side + 1 != b->nr_sides)
		return;
	struct side *s = &b->sides[b->frame_side];
	s->about = rec->obj;
	if (!s->in && !s->node)
		s->node = add(b, sender(b, rec->obj), NODE_OUT, 0, FOREST_NONE, time);
}

static void on_hop(struct build *b, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	bool in = rec->kind == TR_HOP_IN;
	uint32_t above_it = owner(flow, rec->depth), i = 0, about = 0;
	if (rec->fn == HOP_IRQ) {
		above_it = in && b->nr_irqs ? b->irqs[b->nr_irqs - 1] : 0;
		if (!in && b->frame_side != FOREST_NONE && b->frame_time == time)
			about = b->sides[b->frame_side].node;
	} else if (rec->fn == HOP_SOFTIRQ && in) {
		about = b->softirq;
	} else if (rec->fn == HOP_WAKE && in && above_it) {
		i = b->host->nodes[above_it].last; /* the sleep that this ends */
		if (b->host->nodes[i].kind != NODE_SLEEP || b->host->nodes[i].time != time)
			i = 0;
	}
	if (!i)
		i = add(b, above_it, in ? NODE_IN : NODE_OUT, 0, FOREST_NONE, time);
	struct side *s = i ? add_side(b, rec, i) : NULL;
	if (s)
		s->about = about;
}

/* The task that had the CPU has given it up. */
static void on_gone(struct build *b, uint64_t time)
{
	if (!b->running)
		return;
	struct task_state *t = task(b, b->running);
	t->sleeps = b->flow && b->flow->n ? b->flow->calls[b->flow->n - 1].user : 0;
	t->since = time;
}

static void on_task(struct build *b, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	on_gone(b, time);
	b->running = rec->kind == TR_TASK ? rec->obj : 0;
	b->flow = flow;
	if (!b->running)
		return;
	struct task_state *t = task(b, b->running);
	uint32_t in = rec->fn && t->sleeps ? owner(flow, rec->depth + 1u) : 0;
	if (in) {
		uint64_t since = t->since;
		value(b, add(b, in, NODE_SLEEP, 0, FOREST_NONE, time), (int64_t)(time - since));
	}
	t->sleeps = 0;
}

static void on_call(struct build *b, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct task_state *t = flow->kind == FLOW_TASK ? task(b, flow->pid) : NULL;
	if (!t)
		return;
	if (rec->kind == TR_CALL) {
		uint32_t i = add(b, 0, NODE_SYSCALL, 0, rec->obj, time);
		t->syscall = i;
		value(b, i, FOREST_OPEN);
		if (i) {
			b->host->nodes[i].flow = FLOW_TASK;
			list_add(b, &b->host->syscalls, i);
		}
	} else if (t->syscall) {
		b->host->values[b->host->nodes[t->syscall].pid] = (int32_t)rec->obj;
		t->syscall = 0;
	}
}

static void on_irq(struct build *b, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	uint32_t i = add(b, owner(flow, rec->depth + 1u), NODE_IRQ, 0, rec->obj, time);
	if (i && b->nr_irqs < sizeof(b->irqs) / sizeof(b->irqs[0]))
		b->irqs[b->nr_irqs++] = i;
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct build *b = arg;
	switch ((enum trace_kind)rec->kind) {
	case TR_TASK:
	case TR_IDLE:
		on_task(b, flow, rec, time);
		break;
	case TR_IRQ:
		on_irq(b, flow, rec, time);
		break;
	case TR_IRQ_END:
		b->last_irq = b->nr_irqs ? b->irqs[--b->nr_irqs] : 0;
		break;
	case TR_SOFTIRQ:
		b->softirq = rec->obj;
		break;
	case TR_CALL:
	case TR_RET:
		on_call(b, flow, rec, time);
		break;
	case TR_HOP_OUT:
	case TR_HOP_IN:
		if (rec->fn >= HOP_KINDS)
			break;
		if (rec->fn == HOP_FRAME)
			on_frame_hop(b, rec, time);
		else
			on_hop(b, flow, rec, time);
		break;
	case TR_FRAME_TX:
	case TR_FRAME_RX:
		on_frame(b, rec, time);
		break;
	case TR_DROP:
		add(b, owner(flow, rec->depth), NODE_DROP, rec->fn, rec->obj, time);
		break;
	default:
		break;
	}
}

static int by_obj(const void *a, const void *b)
{
	const struct forest_about_entry *x = a, *y = b;
	if (x->obj != y->obj)
		return x->obj < y->obj ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static int walk_host(struct build *b, uint32_t h)
{
	struct viz_visitor v = { .arg = b, .enter = on_enter, .step = on_step, .mark = on_mark };
	b->h = h;
	b->host = &b->f->hosts[h];
	b->nr_irqs = b->last_irq = b->running = 0;
	b->flow = NULL;
	b->frame_side = FOREST_NONE;
	if (b->nr_tasks)
		memset(b->tasks, 0, b->nr_tasks * sizeof(*b->tasks));
	if (b->cap_seen)
		memset(b->seen, 0, b->cap_seen * sizeof(*b->seen));
	b->nr_seen = 0;
	add(b, 0, NODE_STEP, 0, 0, 0); /* node 0 */
	if (b->failed || viz_flow_run(b->t, h, &v) < 0)
		return -1;
	for (uint32_t pid = 0; pid < b->nr_tasks && !b->failed; pid++)
		if (b->tasks[pid].syscall && b->tasks[pid].sleeps)
			value(b,
			      add(b, b->tasks[pid].sleeps, NODE_SLEEP, 0, FOREST_NONE, b->tasks[pid].since),
			      FOREST_OPEN);
	struct forest_host *host = b->host;
	if (host->nr_packets)
		qsort(host->packets, host->nr_packets, sizeof(*host->packets), by_obj);
	if (host->nr_sockets)
		qsort(host->sockets, host->nr_sockets, sizeof(*host->sockets), by_obj);
	return b->failed ? -1 : 0;
}

/* Ids repeat after four million hops of a host: of one id, what was set off last is what runs. */
static int by_id(const void *a, const void *b, void *arg)
{
	const struct side *x = a, *y = b;
	const struct forest *f = arg;
	uint64_t tx = f->hosts[x->host].nodes[x->node].time, ty = f->hosts[y->host].nodes[y->node].time;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (tx != ty)
		return tx < ty ? -1 : 1;
	if (x->in != y->in)
		return x->in ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Makes hops of the sides of one id. */
static void match(struct forest *f, const struct side *s, uint32_t n)
{
	struct forest_hop *out = NULL; /* the last that was set off */
	for (uint32_t i = 0; i < n; i++) {
		struct forest_node *node = &f->hosts[s[i].host].nodes[s[i].node];
		struct forest_hop *h = &f->hops[f->nr_hops];
		if (!s[i].node)
			continue;
		if (!s[i].in) {
			out = h;
			*h = (struct forest_hop){ .kind = s[i].kind,
						  .out_host = s[i].host,
						  .out = s[i].node };
			h->about = s[i].about;
			node->obj = f->nr_hops++;
			continue;
		}
		if (!out || out->kind != s[i].kind)
			*h = (struct forest_hop){ .kind = s[i].kind };
		else if (out->in)
			*h = *out; /* it reaches another host */
		else
			h = out;
		f->nr_hops += h == &f->hops[f->nr_hops];
		h->in_host = s[i].host;
		h->in = s[i].node;
		if (s[i].kind != HOP_IRQ)
			h->about = s[i].about;
		node->obj = (uint32_t)(h - f->hops);
	}
}

static int match_sides(struct build *b)
{
	struct forest *f = b->f;
	if (!b->nr_sides)
		return 0;
	f->hops = malloc(b->nr_sides * sizeof(*f->hops));
	if (!f->hops)
		return -1;
	qsort_r(b->sides, b->nr_sides, sizeof(*b->sides), by_id, f);
	for (uint32_t i = 0, n; i < b->nr_sides; i += n) {
		for (n = 1; i + n < b->nr_sides && b->sides[i + n].id == b->sides[i].id; n++)
			;
		match(f, b->sides + i, n);
	}
	return 0;
}

int forest_build(struct forest *f, const struct viz_trace *t)
{
	struct build b = { .f = f, .t = t };
	int rc = 0;
	*f = (struct forest){ .t = t, .hosts = calloc(t->nr_hosts ? t->nr_hosts : 1, sizeof(*f->hosts)) };
	if (!f->hosts)
		return -1;
	for (uint32_t h = 0; h < t->nr_hosts && rc == 0; h++)
		if (t->hosts[h].name)
			rc = walk_host(&b, h);
	if (rc == 0)
		rc = match_sides(&b);
	free(b.tasks);
	free(b.seen);
	free(b.sides);
	if (rc < 0)
		forest_free(f);
	return rc;
}

void forest_free(struct forest *f)
{
	for (uint32_t h = 0; f->hosts && h < f->t->nr_hosts; h++) {
		struct forest_host *host = &f->hosts[h];
		free(host->nodes);
		free(host->roots.at);
		free(host->syscalls.at);
		free(host->values);
		free(host->packets);
		free(host->sockets);
	}
	free(f->hosts);
	free(f->hops);
	*f = (struct forest){ 0 };
}

const struct forest_about_entry *forest_about(const struct forest_about_entry *all, uint32_t nr, uint32_t obj,
					      uint32_t *n)
{
	uint32_t lo = 0, hi = nr;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (all[mid].obj < obj)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (*n = 0; lo + *n < nr && all[lo + *n].obj == obj; ++*n)
		;
	return *n ? all + lo : NULL;
}
