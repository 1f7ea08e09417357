/* Picks what a ladder shows, orders its life lines, and finds the words. */
#include "viz/ladder.h"

#include <stdlib.h>
#include <string.h>

#include "viz/array.h"
#include "viz/errno_name.h"
#include "viz/flow.h"

/* ---- calls and states ---- */

struct gather {
	struct ladder *l;
	uint32_t host, order, subject;
	uint32_t *open; /* by pid: call + 1 */
	uint32_t nr_open;
	bool failed;
};

static uint32_t *open_call(struct gather *g, uint32_t pid)
{
	uint32_t n = g->nr_open ? g->nr_open : 64;
	while (n <= pid && n < 1u << 24)
		n *= 2;
	if (pid >= n)
		return NULL;
	if (n > g->nr_open) {
		uint32_t *grown = realloc(g->open, n * sizeof(*grown));
		if (!grown) {
			g->failed = true;
			return NULL;
		}
		memset(grown + g->nr_open, 0, (n - g->nr_open) * sizeof(*grown));
		g->open = grown;
		g->nr_open = n;
	}
	return &g->open[pid];
}

static void on_call(struct gather *g, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct ladder *l = g->l;
	const struct viz_host *h = &l->t->hosts[g->host];
	uint32_t pid = flow->kind == FLOW_TASK ? flow->pid : 0, *open = open_call(g, pid);
	if (!open)
		return;
	if (rec->kind == TR_RET) {
		if (*open) {
			struct ladder_call *c = &l->calls[*open - 1];
			c->to = time;
			c->result = (int32_t)rec->obj;
			c->ret_order = g->order;
		}
		*open = 0;
		return;
	}
	if (!array_reach((void **)&l->calls, &l->cap_calls, l->nr_calls, sizeof(*l->calls))) {
		g->failed = true;
		return;
	}
	l->calls[l->nr_calls++] = (struct ladder_call){ .text = viz_string(&h->strings, rec->obj),
							.task = viz_string(&h->tasks, pid),
							.from = time,
							.to = VIZ_NEVER,
							.host = g->host,
							.order = g->order,
							.pid = pid };
	*open = l->nr_calls;
}

static void on_state(struct gather *g, const struct trace_rec *rec, uint64_t time)
{
	struct ladder *l = g->l;
	if (g->subject == VIZ_NOBODY || strcmp(viz_fn_name(l->t, rec->fn), "tcp_state") != 0)
		return;
	if (!array_reach((void **)&l->states, &l->cap_states, l->nr_states, sizeof(*l->states))) {
		g->failed = true;
		return;
	}
	l->states[l->nr_states++] =
		(struct ladder_state){ time, g->host, g->order, rec->fn, rec->obj, g->subject };
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct gather *g = arg;
	g->order++;
	if (rec->kind == TR_CALL || rec->kind == TR_RET)
		on_call(g, flow, rec, time);
	else if (rec->kind == TR_SUBJECT)
		g->subject = rec->fn == SUBJECT_SOCK ? rec->obj : VIZ_NOBODY;
	else if (rec->kind == TR_VALUE)
		on_state(g, rec, time);
}

static bool gather_sides(struct ladder *l)
{
	struct gather g = { .l = l };
	const struct viz_visitor v = { .arg = &g, .mark = on_mark };
	for (uint32_t i = 0; i < l->t->nr_hosts && !g.failed; i++) {
		if (!l->t->hosts[i].name || (l->opt.host && strcmp(l->opt.host, l->t->hosts[i].name) != 0))
			continue;
		g.host = i;
		g.order = 0;
		g.subject = VIZ_NOBODY;
		if (g.nr_open)
			memset(g.open, 0, g.nr_open * sizeof(*g.open));
		g.failed |= viz_flow_run(l->t, i, &v) < 0;
	}
	free(g.open);
	return !g.failed;
}

/* ---- what is shown ---- */

static bool add_item(struct ladder *l, enum ladder_kind kind, uint64_t time, uint32_t host, uint32_t order,
		     uint32_t index)
{
	if (!array_reach((void **)&l->items, &l->cap_items, l->nr_items, sizeof(*l->items)))
		return false;
	l->items[l->nr_items++] = (struct ladder_item){ time, host, order, index, kind };
	return true;
}

static bool in_window(const struct ladder *l, uint64_t time)
{
	return time >= l->opt.from && time <= l->opt.to;
}

static bool is_host(const struct ladder *l, uint32_t host)
{
	return !l->opt.host || strcmp(ladder_host(l, host), l->opt.host) == 0;
}

static bool wants_send(const struct ladder *l, uint32_t i)
{
	const struct viz_send *s = &l->sends.send[i];
	char text[640];
	struct frame_head h;
	if (!in_window(l, s->sent) || (l->opt.packet && s->journey != l->opt.packet) ||
	    (!is_host(l, s->from) && !is_host(l, s->to)))
		return false;
	if (!l->opt.filter)
		return true;
	viz_send_head(&l->sends, i, &h);
	frame_who(&h, text, sizeof(text));
	size_t n = strlen(text);
	ladder_words(l, i, false, text + n, (unsigned)(sizeof(text) - n));
	return strstr(text, l->opt.filter);
}

/* The frames, up to the limit; `*end` is when the first was sent that is left out. */
static bool add_sends(struct ladder *l, uint64_t *end)
{
	*end = VIZ_NEVER;
	for (uint32_t i = 0; i < l->sends.n; i++) {
		const struct viz_send *s = &l->sends.send[i];
		if (!wants_send(l, i))
			continue;
		if (l->opt.limit && l->shown == l->opt.limit) {
			*end = l->left_out++ ? *end : s->sent;
			continue;
		}
		l->shown++;
		if (!add_item(l, LADDER_SEND, s->sent, s->from == VIZ_NOBODY ? s->to : s->from, s->order,
			      i) ||
		    (s->arrived != VIZ_NEVER &&
		     !add_item(l, LADDER_ARRIVE, s->arrived, s->to, s->arrived_order, i)))
			return false;
	}
	return true;
}

static bool add_sides(struct ladder *l, uint64_t end)
{
	for (uint32_t i = 0; i < l->sends.nr_drops; i++) {
		const struct viz_drop *d = &l->sends.drops[i];
		if (!d->of_send && in_window(l, d->time) && d->time <= end && is_host(l, d->host) &&
		    (!l->opt.packet || d->journey == l->opt.packet) && !l->opt.filter &&
		    !add_item(l, LADDER_DROP, d->time, d->host, d->order, i))
			return false;
	}
	if (l->opt.packet || l->opt.filter)
		return true;
	for (uint32_t i = 0; i < l->nr_calls; i++) {
		const struct ladder_call *c = &l->calls[i];
		if (!in_window(l, c->from) || c->from > end)
			continue;
		if (!add_item(l, LADDER_CALL, c->from, c->host, c->order, i) ||
		    (c->to != VIZ_NEVER && c->to != c->from && in_window(l, c->to) && c->to <= end &&
		     !add_item(l, LADDER_RET, c->to, c->host, c->ret_order, i)))
			return false;
	}
	for (uint32_t i = 0; i < l->nr_states; i++) {
		const struct ladder_state *s = &l->states[i];
		if (in_window(l, s->time) && s->time <= end &&
		    !add_item(l, LADDER_STATE, s->time, s->host, s->order, i))
			return false;
	}
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct ladder_item *x = a, *y = b;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->kind != y->kind ? (int)x->kind - (int)y->kind
				  : (x->index > y->index) - (x->index < y->index);
}

/* ---- life lines ---- */

struct order {
	struct ladder *l;
	uint8_t *near; /* [a * n + b]: frames go between them */
	bool *seen;
	uint32_t n, used;
};

/* From one on to all that are reached over it: the nearest stand beside each other. */
static void walk_lanes(struct order *o, uint32_t at)
{
	o->seen[at] = true;
	o->l->lanes[o->used] = at;
	o->l->lane_of[at] = o->used++;
	for (uint32_t i = 0; i < o->n; i++)
		if (o->near[at * o->n + i] && !o->seen[i])
			walk_lanes(o, i);
}

static uint32_t neighbours(const struct order *o, uint32_t at)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < o->n; i++)
		n += o->near[at * o->n + i];
	return n;
}

static void order_lanes(struct order *o, bool *shown)
{
	/* ends of chains first; then what hangs on no wire, or in a ring */
	for (int ends = 1; ends >= 0; ends--)
		for (uint32_t i = 0; i < o->n; i++)
			if (shown[i] && !o->seen[i] && (!ends || neighbours(o, i) == 1))
				walk_lanes(o, i);
}

static bool find_lanes(struct ladder *l)
{
	uint32_t n = l->t->nr_hosts;
	struct order o = {
		.l = l, .n = n, .near = calloc((size_t)n * n + 1, 1), .seen = calloc(n + 1, sizeof(bool))
	};
	bool *shown = calloc(n + 1, sizeof(bool)), outside = false;
	l->lanes = calloc(n + 1, sizeof(*l->lanes));
	l->lane_of = calloc(n + 1, sizeof(*l->lane_of));
	bool ok = o.near && o.seen && shown && l->lanes && l->lane_of;
	for (uint32_t i = 0; ok && i < l->nr_items; i++) {
		const struct ladder_item *it = &l->items[i];
		const struct viz_send *s = it->kind == LADDER_SEND ? &l->sends.send[it->index] : NULL;
		shown[it->host] = true;
		if (s && s->from < n && s->to < n && l->t->hosts[s->to].name) {
			shown[s->to] = true;
			o.near[s->from * n + s->to] = o.near[s->to * n + s->from] = 1;
		} else if (s && s->from == VIZ_NOBODY) {
			outside = true;
		}
	}
	if (ok) {
		order_lanes(&o, shown);
		l->nr_lanes = o.used;
		l->outside = outside ? l->nr_lanes : VIZ_NOBODY;
		if (outside)
			l->lanes[l->nr_lanes++] = VIZ_NOBODY;
	}
	free(o.near);
	free(o.seen);
	free(shown);
	return ok;
}

/* Is there but one pair of ports that talk? Are there several sockets on one host? */
static void find_talks(struct ladder *l)
{
	char first[96] = "", who[96];
	struct frame_head h;
	l->one_talk = true;
	for (uint32_t i = 0; i < l->nr_items && l->one_talk; i++) {
		if (l->items[i].kind != LADDER_SEND)
			continue;
		viz_send_head(&l->sends, l->items[i].index, &h);
		if (!h.ip)
			continue;
		if (!*first)
			frame_who(&h, l->who, sizeof(l->who));
		if (h.saddr > h.daddr || (h.saddr == h.daddr && h.sport > h.dport)) {
			struct frame_head turned = h;
			turned.saddr = h.daddr;
			turned.daddr = h.saddr;
			turned.sport = h.dport;
			turned.dport = h.sport;
			h = turned;
		}
		frame_who(&h, who, sizeof(who));
		l->one_talk = !*first || strcmp(first, who) == 0;
		memcpy(first, who, sizeof(first));
	}
	char *arrow = strstr(l->who, " > "), *end = strrchr(l->who, ':');
	if (l->one_talk && arrow && end) {
		snprintf(who, sizeof(who), "%.*s and %.*s", (int)(arrow - l->who - 3), l->who + 3,
			 (int)(end - arrow - 3), arrow + 3);
		memcpy(l->who, who, sizeof(l->who));
	} else {
		*l->who = '\0';
	}
	for (uint32_t i = 1; i < l->nr_states && !l->many_socks; i++)
		l->many_socks = l->states[i].host == l->states[i - 1].host &&
				l->states[i].sock != l->states[i - 1].sock;
}

/* Long is what is a twentieth of the whole, and far above what is usual. */
static void find_gap(struct ladder *l)
{
	uint64_t span = l->items[l->nr_items - 1].time - l->items[0].time, times = 1;
	for (uint32_t i = 1; i < l->nr_items; i++)
		times += l->items[i].time != l->items[i - 1].time;
	l->gap = span / 20 > span / times * 4 ? span / 20 : span / times * 4;
}

struct ladder *viz_ladder_new(const struct viz_trace *t, const struct viz_ladder_options *opt, char *err,
			      unsigned errlen)
{
	struct ladder *l = calloc(1, sizeof(*l));
	uint64_t end;
	if (!l || (l->t = t, l->opt = *opt, viz_sends_read(&l->sends, t) < 0) || !gather_sides(l) ||
	    !add_sends(l, &end) || !add_sides(l, end))
		goto no_memory;
	if (l->nr_items)
		qsort(l->items, l->nr_items, sizeof(*l->items), by_time);
	if (!find_lanes(l))
		goto no_memory;
	find_talks(l);
	if (l->nr_items) {
		find_gap(l);
		return l;
	}
	snprintf(err, errlen, "nothing happens there: no frame, no call%s",
		 t->filtered ? " (the run was traced through a filter)" : "");
	viz_ladder_free(l);
	return NULL;
no_memory:
	snprintf(err, errlen, "no memory");
	viz_ladder_free(l);
	return NULL;
}

void viz_ladder_free(struct ladder *l)
{
	if (!l)
		return;
	viz_sends_free(&l->sends);
	free(l->calls);
	free(l->states);
	free(l->items);
	free(l->lanes);
	free(l->lane_of);
	free(l);
}

/* ---- words ---- */

uint32_t ladder_lane(const struct ladder *l, uint32_t host)
{
	return host == VIZ_NOBODY ? l->outside : l->lane_of[host];
}

const char *ladder_host(const struct ladder *l, uint32_t host)
{
	return host < l->t->nr_hosts && l->t->hosts[host].name ? l->t->hosts[host].name : "(outside)";
}

bool ladder_speaks(const struct ladder *l, uint32_t send)
{
	const struct viz_send *s = &l->sends.send[send];
	if (s->origin != send)
		return false;
	struct frame_bases bases = viz_send_bases(&l->sends, send);
	struct frame_head h, g;
	char now[640], then[640];
	viz_send_head(&l->sends, send, &h);
	frame_words(&h, &bases, false, now, sizeof(now));
	uint32_t b = s->before;
	for (unsigned n = 0; b != VIZ_NOBODY && n < 256; n++, b = l->sends.send[b].before) {
		if (l->sends.send[b].from == s->from)
			continue;
		bases = viz_send_bases(&l->sends, b);
		viz_send_head(&l->sends, b, &g);
		frame_words(&g, &bases, false, then, sizeof(then));
		if (h.saddr == g.saddr && h.daddr == g.daddr && h.sport == g.sport && h.dport == g.dport &&
		    h.frag_at == g.frag_at && h.more == g.more && strcmp(now, then) == 0)
			return false;
	}
	return true;
}

void ladder_notes(const struct ladder *l, uint32_t send, char *buf, unsigned len)
{
	static const char *const again[] = { [RESENT_NOT] = "",
					     [RESENT_SEEN] = " [retransmission]",
					     [RESENT_FAST] = " [fast retransmission]",
					     [RESENT_TIMEOUT] = " [retransmission, timeout]",
					     [RESENT_PROBE] = " [tail loss probe]" };
	const struct viz_send *s = &l->sends.send[send];
	struct frame_head h;
	char part[64] = "", vlan[32] = "";
	viz_send_head(&l->sends, send, &h);
	if (h.more)
		snprintf(part, sizeof(part), " [fragment at %u, more follow]", h.frag_at);
	else if (h.frag_at)
		snprintf(part, sizeof(part), " [last fragment, at %u]", h.frag_at);
	if (h.vlan)
		snprintf(vlan, sizeof(vlan), " [vlan %u]", h.vlan & 4095);
	snprintf(buf, len, "%s%s%s%s%s", part, vlan, again[s->resent],
		 s->duplicate ? " [duplicated on the wire]" : "", s->overtaken ? " [overtaken]" : "");
	size_t n = strlen(buf);
	if (s->drop == VIZ_NOBODY)
		return;
	const char *why = viz_string(&l->t->drops, l->sends.drops[s->drop].reason);
	const char *what = strncmp(why, "lost", 4) == 0 ? ""
			   : s->arrived == VIZ_NEVER	? "lost: "
							: "dropped: ";
	snprintf(buf + n, len - n, " [%s%s]", what, why);
}

void ladder_words(const struct ladder *l, uint32_t send, bool brief, char *buf, unsigned len)
{
	struct frame_head h;
	struct frame_bases b = viz_send_bases(&l->sends, send);
	viz_send_head(&l->sends, send, &h);
	*buf = '\0';
	if (!l->one_talk)
		frame_who(&h, buf, len);
	if (brief && strncmp(buf, "IP ", 3) == 0)
		memmove(buf, buf + 3, strlen(buf + 3) + 1);
	size_t n = strlen(buf);
	frame_words(&h, &b, brief, buf + n, (unsigned)(len - n));
}

const char *ladder_parens(const char *call)
{
	return call[0] && call[strlen(call) - 1] != ')' ? "()" : "";
}

void ladder_call_text(const struct ladder_call *c, bool with_result, char *buf, unsigned len)
{
	const char *name = c->result < 0 && c->result > INT32_MIN ? viz_errno_name(-c->result) : NULL;
	const char *none = ladder_parens(c->text);
	if (!with_result)
		snprintf(buf, len, "%s%s", c->text, none);
	else
		snprintf(buf, len, "%s%s = %d%s%s", c->text, none, name ? -1 : c->result, name ? " " : "",
			 name ? name : "");
}

/* Name number `value` in "a|b|c". */
static const char *value_name(const char *names, uint32_t value, char *buf, unsigned len)
{
	for (; value; value--) {
		names = strchr(names, '|');
		if (!names++)
			return "?";
	}
	snprintf(buf, len, "%.*s", (int)strcspn(names, "|"), names);
	return buf;
}

void ladder_state_text(const struct ladder *l, const struct ladder_state *s, char *buf, unsigned len)
{
	char subject[128], name[32];
	const char *own =
		viz_subject_name(&l->t->hosts[s->host], SUBJECT_SOCK, s->sock, subject, sizeof(subject));
	const char *state = value_name(l->t->fns[s->fn].what, s->value, name, sizeof(name));
	const char *end = strstr(own, " > "), *port = own;
	for (const char *p = own; *p && (!end || p < end); p++)
		port = *p == ':' ? p : port;
	if (l->many_socks && *port == ':')
		snprintf(buf, len, "%s (%.*s)", state, end ? (int)(end - port) : (int)strlen(port), port);
	else
		snprintf(buf, len, "%s", state);
}

void ladder_time(uint64_t ns, char *buf, unsigned len)
{
	snprintf(buf, len, "%llu.%09llu", (unsigned long long)(ns / 1000000000),
		 (unsigned long long)(ns % 1000000000));
}

void ladder_span(uint64_t ns, char *buf, unsigned len)
{
	static const struct {
		uint64_t unit;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" } };
	for (unsigned i = 0; i < 3; i++)
		if (ns >= units[i].unit) {
			unsigned long long whole = ns / units[i].unit,
					   thousandths = ns % units[i].unit / (units[i].unit / 1000);
			snprintf(buf, len, "%llu.%03llu %s", whole, thousandths, units[i].name);
			return;
		}
	snprintf(buf, len, "%llu ns", (unsigned long long)ns);
}

bool ladder_gap(const struct ladder *l, uint64_t ns)
{
	return ns > l->gap;
}
