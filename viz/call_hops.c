/* Follows hops through a forest, and describes them. */
#include "viz/call_hops.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct forest_node *at(const struct forest *f, uint32_t host, uint32_t node)
{
	return forest_at(f, host, node);
}

static const char *name(const struct forest *f, uint32_t host, uint32_t node)
{
	return viz_fn_name(f->t, at(f, host, node)->fn);
}

/* The call that begins right after node i, which is nobody's; 0 none. */
static uint32_t next_root(const struct forest *f, uint32_t host, uint32_t i)
{
	const struct forest_host *h = &f->hosts[host];
	for (i++; i < h->n && h->nodes[i].kind == NODE_IN && !h->nodes[i].parent; i++)
		;
	bool begins = i < h->n && h->nodes[i].kind == NODE_CALL &&
		      (!h->nodes[i].parent || h->nodes[h->nodes[i].parent].kind != NODE_CALL);
	return begins ? i : 0;
}

static unsigned calls_after(const struct forest *f, uint32_t host, uint32_t in, struct hop_target *to)
{
	const struct forest_node *n = at(f, host, in);
	unsigned nr = 0;
	if (!n->parent) {
		uint32_t root = next_root(f, host, in);
		if (root)
			to[nr++] = (struct hop_target){ host, root, 0 };
		return nr;
	}
	bool irq = at(f, host, n->parent)->kind == NODE_IRQ;
	for (uint32_t i = n->next; i && nr < HOP_TARGETS; i = n->next) {
		n = at(f, host, i);
		if (n->kind == NODE_IN)
			break;
		if (n->kind == NODE_CALL && (!irq || n->flow == FLOW_IRQ))
			to[nr++] = (struct hop_target){ host, i, 0 };
	}
	return nr;
}

/* Whether a program's own call, and no softirq that ran on its back, leads to node i. */
static bool in_program(const struct forest *f, uint32_t host, uint32_t i)
{
	for (; i; i = at(f, host, i)->parent) {
		if (at(f, host, i)->kind == NODE_SYSCALL)
			return true;
		if (at(f, host, i)->kind == NODE_CALL && strcmp(name(f, host, i), "__do_softirq") == 0)
			return false;
	}
	return false;
}

/* Whether one of the targets leads to node i. */
static bool below_target(const struct forest *f, uint32_t host, uint32_t i, const struct hop_target *to,
			 unsigned nr)
{
	for (; i; i = at(f, host, i)->parent)
		for (unsigned k = 0; k < nr; k++)
			if (to[k].node == i)
				return true;
	return false;
}

/* The calls that took the frame's packet in: those around its outermost calls, until a program reads it. */
static unsigned frame_targets(const struct forest *f, const struct forest_hop *hop, struct hop_target *to)
{
	const struct forest_host *host = &f->hosts[hop->in_host];
	uint32_t n;
	const struct forest_about_entry *e = forest_about(host->packets, host->nr_packets, hop->about, &n);
	unsigned nr = 0;
	for (; n > 0 && nr < HOP_TARGETS; e++, n--) {
		uint32_t i = e->node, up = at(f, hop->in_host, i)->parent;
		if (i < hop->in || below_target(f, hop->in_host, i, to, nr) || in_program(f, hop->in_host, i))
			continue;
		if (up && at(f, hop->in_host, up)->kind == NODE_CALL)
			i = up;
		to[nr++] = (struct hop_target){ hop->in_host, i, 0 };
	}
	return nr;
}

unsigned hop_targets(const struct forest *f, const struct forest_hop *hop, struct hop_target *to)
{
	if (!hop->in)
		return 0;
	if (hop->kind == HOP_FRAME)
		return frame_targets(f, hop, to);
	const struct forest_node *in = at(f, hop->in_host, hop->in);
	if (in->kind != NODE_SLEEP)
		return calls_after(f, hop->in_host, hop->in, to);
	uint32_t i = in->parent;
	while (at(f, hop->in_host, i)->parent &&
	       at(f, hop->in_host, at(f, hop->in_host, i)->parent)->kind == NODE_CALL)
		i = at(f, hop->in_host, i)->parent;
	to[0] = (struct hop_target){ hop->in_host, i, hop->in };
	return 1;
}

/* Appends where a frame comes to; one that came to nobody is told only when there is no other. */
static unsigned add_ends(const struct forest *f, const struct forest_hop *first, const struct forest_hop *hop,
			 struct forest_hop *to, unsigned nr, unsigned switches)
{
	const struct forest_host *host = &f->hosts[hop->in_host];
	if (!hop->in)
		return nr;
	if (hop->kind != HOP_FRAME || !f->t->hosts[hop->in_host].is_switch || switches == 16) {
		if (nr < HOP_ENDS) {
			to[nr] = *first;
			to[nr].in_host = hop->in_host;
			to[nr++].in = hop->in;
		}
		return nr;
	}
	/* what the switch sends next is that frame, by one port or several */
	for (uint32_t i = hop->in + 1; i < host->n && host->nodes[i].kind == NODE_OUT; i++)
		if (host->nodes[i].obj != FOREST_NONE)
			nr = add_ends(f, first, &f->hops[host->nodes[i].obj], to, nr, switches + 1);
	return nr;
}

unsigned hop_ends(const struct forest *f, const struct forest_hop *hop, struct forest_hop *to)
{
	unsigned nr = add_ends(f, hop, hop, to, 0, 0);
	if (nr)
		return nr;
	to[0] = *hop;
	to[0].in = 0;
	return 1;
}

uint32_t hop_runs(const struct forest *f, uint32_t host, uint32_t node)
{
	while (strncmp(f->t->fns[at(f, host, node)->fn].file, "stack/kernel/", 13) == 0) {
		uint32_t below = at(f, host, node)->first;
		while (below && at(f, host, below)->kind != NODE_CALL)
			below = at(f, host, below)->next;
		if (!below)
			break;
		node = below;
	}
	return node;
}

/* The call that did it: the innermost one that is not of the kernel's own machinery. */
static uint32_t actor(const struct forest *f, uint32_t host, uint32_t node)
{
	uint32_t i = node;
	while (i && at(f, host, i)->kind != NODE_CALL)
		i = at(f, host, i)->parent;
	uint32_t innermost = i;
	for (; i && at(f, host, i)->kind == NODE_CALL; i = at(f, host, i)->parent)
		if (strncmp(f->t->fns[at(f, host, i)->fn].file, "stack/kernel/", 13) != 0)
			return i;
	return innermost;
}

void hop_context(const struct forest *f, uint32_t host, uint32_t node, char *text, unsigned len)
{
	const struct viz_host *h = &f->t->hosts[host];
	const struct forest_node *n = at(f, host, node);
	if (n->flow == FLOW_TASK)
		snprintf(text, len, "%s, task %s", h->name, viz_string(&h->tasks, n->pid));
	else
		snprintf(text, len, "%s, %s", h->name,
			 n->flow == FLOW_IRQ	   ? "irq"
			 : n->flow == FLOW_SOFTIRQ ? "softirq"
						   : "boot");
}

static const char *const hop_names[HOP_KINDS] = { "timer", "softirq", "irq", "wake-up", "frame", "work" };

static void describe_out(const struct forest *f, const struct forest_hop *hop, struct hop_line *line)
{
	struct hop_target to[HOP_TARGETS];
	unsigned nr = hop_targets(f, hop, to);
	const char *what = nr ? name(f, to[0].host, hop_runs(f, to[0].host, to[0].node)) : NULL;
	const struct viz_host *h = &f->t->hosts[hop->in_host];
	char *text = line->text;
	size_t len = sizeof(line->text);
	if (!hop->in) {
		static const char *const fate[HOP_KINDS] = { "does not fire",	"is not served",
							     "is not served",	"is not needed",
							     "nobody receives", "does not run" };
		snprintf(text, len, "~~> %s that %s", hop_names[hop->kind], fate[hop->kind]);
		return;
	}
	line->delay = at(f, hop->in_host, hop->in)->time - at(f, hop->out_host, hop->out)->time;
	line->when = WHEN_AFTER;
	if (hop->kind == HOP_WAKE && nr) {
		uint32_t in = to[0].since ? actor(f, hop->in_host, hop->in) : to[0].node;
		snprintf(text, len, "~~> wakes task %s in %s",
			 viz_string(&h->tasks, at(f, hop->in_host, in)->pid), name(f, hop->in_host, in));
	} else if (hop->kind == HOP_WAKE) {
		snprintf(text, len, "~~> wakes a task");
	} else if (hop->kind == HOP_FRAME) {
		snprintf(text, len, "~~> frame to %s%s%s", h->name, what ? ": " : "", what ? what : "");
	} else {
		snprintf(text, len, "~~> %s%s%s: %s", hop_names[hop->kind],
			 hop->kind == HOP_SOFTIRQ ? " " : "",
			 hop->kind == HOP_SOFTIRQ ? viz_softirq_name(hop->about) : "", what ? what : "runs");
	}
}

static void describe_in(const struct forest *f, const struct forest_hop *hop, struct hop_line *line)
{
	static const char *const done[HOP_KINDS] = { "armed", "raised", "raised", "woken", "sent", "queued" };
	char *text = line->text;
	size_t len = sizeof(line->text);
	uint32_t who = hop->out ? actor(f, hop->out_host, hop->out) : 0;
	int n = snprintf(text, len, "<~~ %s%s%s", hop_names[hop->kind], hop->kind == HOP_SOFTIRQ ? " " : "",
			 hop->kind == HOP_SOFTIRQ ? viz_softirq_name(hop->about) : "");
	if (hop->out) {
		line->delay = at(f, hop->in_host, hop->in)->time - at(f, hop->out_host, hop->out)->time;
		line->when = WHEN_BEFORE;
	}
	if (hop->kind == HOP_IRQ) {
		const struct forest_node *frame = hop->about ? at(f, hop->out_host, hop->about) : NULL;
		snprintf(text + n, len - (size_t)n, " raised by the card%s",
			 !frame			  ? ""
			 : frame->kind == NODE_IN ? ", which received a frame"
						  : ", which sent a frame");
	} else if (who) {
		snprintf(text + n, len - (size_t)n, " %s by %s", done[hop->kind],
			 name(f, hop->out_host, who));
	}
}

static void describe_sleep(const struct forest *f, uint32_t host, uint32_t node, struct hop_line *line)
{
	const struct forest_node *n = at(f, host, node);
	int64_t took = f->hosts[host].values[n->pid];
	const struct forest_hop *hop = n->obj != FOREST_NONE ? &f->hops[n->obj] : NULL;
	uint32_t who = hop && hop->out ? actor(f, hop->out_host, hop->out) : 0;
	if (took == FOREST_OPEN) {
		snprintf(line->text, sizeof(line->text), "sleeps to the end of the run");
		return;
	}
	line->delay = (uint64_t)took;
	line->when = WHEN_AFTER;
	snprintf(line->text, sizeof(line->text), "sleeps; goes on%s%s", who ? ", woken by " : "",
		 who ? name(f, hop->out_host, who) : "");
}

void hop_line(const struct forest *f, uint32_t host, uint32_t node, const struct forest_hop *hop,
	      struct hop_line *line)
{
	const struct forest_node *n = at(f, host, node);
	*line = (struct hop_line){ .when = WHEN_UNKNOWN };
	switch ((enum forest_kind)n->kind) {
	case NODE_OUT:
		describe_out(f, hop, line);
		break;
	case NODE_IN:
		describe_in(f, hop, line);
		break;
	case NODE_SLEEP:
		describe_sleep(f, host, node, line);
		break;
	case NODE_IRQ:
		snprintf(line->text, sizeof(line->text), "<~~ interrupt %" PRIu32 " comes in", n->obj);
		break;
	case NODE_DROP:
		snprintf(line->text, sizeof(line->text), "drop the packet: %s",
			 viz_string(&f->t->drops, n->fn));
		break;
	default:
		break;
	}
}
