/* Finds the calls that a chart begins with, and marks what of them is shown. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "viz/chart_parts.h"
#include "viz/near.h"

struct pick {
	struct chart_picks *to;
	const struct viz_charts *c;
	const struct viz_chart_options *opt;
	uint32_t run, host;
	const struct forest_host *fh;
	const uint8_t *keep;
	bool *match;	     /* by rank: functions that opt->call names */
	uint32_t want, seen; /* PICK_NTH: which, and how many there were on this host */
	bool failed;
};

bool chart_is_glob(const char *word)
{
	return strpbrk(word, "*?[") != NULL;
}

unsigned chart_call_name(const char *text)
{
	return (unsigned)strcspn(text, "( ");
}

static bool is_call(const char *word, const char *text)
{
	unsigned len = chart_call_name(text);
	return strlen(word) == len && strncmp(word, text, len) == 0;
}

/* ---- what is kept ---- */

/* Node i is kept as `how`; what leads to it as well. */
static void keep(uint8_t *flags, const struct forest_host *h, uint32_t i, uint8_t how)
{
	flags[i] = flags[i] > how ? flags[i] : how;
	while (h->nodes[i].kind != NODE_IRQ && (i = h->nodes[i].parent) != 0 && !flags[i])
		flags[i] = 1;
}

static void keep_about(uint8_t *flags, const struct forest_host *h, const struct forest_about_entry *all,
		       uint32_t nr, uint32_t obj)
{
	uint32_t n;
	const struct forest_about_entry *e = forest_about(all, nr, obj, &n);
	for (; n > 0; e++, n--)
		keep(flags, h, e->node, 2);
}

static uint8_t *keep_of(const struct pick *p, const struct forest_host *h)
{
	const struct viz_chart_options *opt = p->opt;
	const struct viz_trace *t = p->c->runs[p->run].t;
	uint8_t *flags = calloc(h->n ? h->n : 1, 1);
	if (!flags)
		return NULL;
	if (opt->packet)
		keep_about(flags, h, h->packets, h->nr_packets, opt->packet);
	if (opt->socket)
		keep_about(flags, h, h->sockets, h->nr_sockets, opt->socket);
	for (uint32_t i = 1; i < h->n && opt->reach; i++)
		if (h->nodes[i].kind == NODE_CALL &&
		    fnmatch(opt->reach, viz_fn_name(t, h->nodes[i].fn), 0) == 0)
			keep(flags, h, i, 1);
	return flags;
}

/* ---- what is at the top ---- */

static void take(struct pick *p, uint32_t node, uint32_t syscall)
{
	struct chart_picks *to = p->to;
	const struct forest_node *n = &p->fh->nodes[node];
	if (p->keep && !p->keep[node])
		return;
	if (to->n == to->cap) {
		uint32_t cap = to->cap ? to->cap * 2 : 64;
		struct chart_root *grown = realloc(to->roots, cap * sizeof(*grown));
		if (!grown) {
			p->failed = true;
			return;
		}
		to->roots = grown;
		to->cap = cap;
	}
	to->roots[to->n++] = (struct chart_root){ n->time, p->run, p->host, node, syscall };
}

static void take_calls_below(struct pick *p, uint32_t i, uint32_t syscall)
{
	for (uint32_t c = p->fh->nodes[i].first; c; c = p->fh->nodes[c].next)
		if (p->fh->nodes[c].kind == NODE_CALL)
			take(p, c, syscall);
}

/* Whether it is its turn: of those in the time window, the nth or each. */
static bool wanted(struct pick *p, uint32_t i)
{
	const struct viz_chart_options *opt = p->opt;
	uint64_t time = p->fh->nodes[i].time;
	if (time < opt->from || (opt->to && time > opt->to) || (p->keep && !p->keep[i]))
		return false;
	p->seen++;
	return !p->want || p->seen == p->want;
}

static bool inside_match(const struct pick *p, uint32_t i)
{
	for (i = p->fh->nodes[i].parent; i; i = p->fh->nodes[i].parent)
		if (p->fh->nodes[i].kind == NODE_CALL && p->match[p->fh->nodes[i].fn])
			return true;
	return false;
}

static void pick_calls(struct pick *p)
{
	bool outermost = p->opt->pick != PICK_NTH || chart_is_glob(p->opt->call);
	for (uint32_t i = 1; i < p->fh->n; i++) {
		const struct forest_node *n = &p->fh->nodes[i];
		if (n->kind != NODE_CALL || !p->match[n->fn] || (outermost && inside_match(p, i)))
			continue;
		if (wanted(p, i))
			take(p, i, 0);
	}
}

static void pick_syscalls(struct pick *p)
{
	const struct viz_strings *strings = &p->c->runs[p->run].t->hosts[p->host].strings;
	const struct forest_list *l = &p->fh->syscalls;
	bool number = *p->opt->syscall >= '0' && *p->opt->syscall <= '9';
	for (uint32_t k = 0; k < l->n; k++) {
		uint32_t i = l->at[k];
		bool it = number ? strtoul(p->opt->syscall, NULL, 10) == k + 1
				 : is_call(p->opt->syscall, viz_string(strings, p->fh->nodes[i].obj));
		if (it && wanted(p, i))
			take_calls_below(p, i, i);
	}
}

static void pick_entries(struct pick *p)
{
	const struct forest_list *l = &p->fh->roots;
	for (uint32_t k = 0; k < l->n; k++) {
		uint32_t i = l->at[k];
		if (!wanted(p, i))
			continue;
		if (p->fh->nodes[i].kind == NODE_CALL)
			take(p, i, 0);
		else
			take_calls_below(p, i, p->fh->nodes[i].kind == NODE_SYSCALL ? i : 0);
	}
}

/* 1: this host has what was asked for. */
static void pick_host(struct pick *p)
{
	uint32_t before = p->to->n;
	p->seen = 0;
	if (p->opt->call)
		pick_calls(p);
	else if (p->opt->syscall)
		pick_syscalls(p);
	else
		pick_entries(p);
	if (p->want && p->to->n > before)
		p->to->others = p->seen - 1;
}

static int by_time(const void *a, const void *b)
{
	const struct chart_root *x = a, *y = b;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

static void pick_run(struct pick *p, bool filtered)
{
	const struct viz_chart_run *run = &p->c->runs[p->run];
	uint32_t before = p->to->n;
	for (p->host = 0; p->host < run->t->nr_hosts && !p->failed; p->host++) {
		const char *name = run->t->hosts[p->host].name;
		if (!name || (p->opt->host && strcmp(p->opt->host, name) != 0))
			continue;
		p->fh = &run->forest.hosts[p->host];
		uint8_t **keep = &p->to->keep[p->to->first_keep[p->run] + p->host];
		if (filtered && !(*keep = keep_of(p, p->fh)))
			p->failed = true;
		p->keep = *keep;
		if (!p->failed)
			pick_host(p);
		if (p->want && p->to->n > before)
			return;
	}
}

/* ---- what was asked for is there ---- */

static bool fn_known(const struct viz_charts *c, const char *word, struct near *near)
{
	for (unsigned r = 0; r < c->n; r++)
		for (uint32_t i = 0; i < c->runs[r].t->nr_fns; i++) {
			const struct viz_fn *fn = &c->runs[r].t->fns[i];
			if (fn->kind != TRACE_FN_FUNCTION)
				continue;
			if (fnmatch(word, fn->name, 0) == 0)
				return true;
			near_try(near, fn->name);
		}
	return false;
}

static int check_fn(const struct viz_charts *c, const char *word, char *err, unsigned errlen)
{
	struct near near = { .word = word ? word : "" };
	if (!word || fn_known(c, word, &near))
		return 0;
	snprintf(err, errlen,
		 chart_is_glob(word) ? "no function in the trace is named like '%s'"
				     : "there is no function '%s' in the trace",
		 word);
	near_say(&near, err, errlen);
	return -1;
}

static int check_host(const struct viz_charts *c, const char *word, char *err, unsigned errlen)
{
	struct near near = { .word = word ? word : "" };
	if (!word)
		return 0;
	for (unsigned r = 0; r < c->n; r++) {
		if (viz_host_index(c->runs[r].t, word) >= 0)
			return 0;
		for (uint32_t h = 0; h < c->runs[r].t->nr_hosts; h++)
			if (c->runs[r].t->hosts[h].name)
				near_try(&near, c->runs[r].t->hosts[h].name);
	}
	snprintf(err, errlen, "there is no host '%s' in the trace", word);
	near_say(&near, err, errlen);
	return -1;
}

static int check_words(const struct viz_charts *c, const struct viz_chart_options *opt, char *err,
		       unsigned errlen)
{
	if (check_fn(c, opt->call, err, errlen) < 0 || check_fn(c, opt->reach, err, errlen) < 0 ||
	    check_host(c, opt->host, err, errlen) < 0)
		return -1;
	for (unsigned i = 0; opt->only[i]; i++)
		if (check_fn(c, opt->only[i], err, errlen) < 0)
			return -1;
	for (unsigned i = 0; opt->hide[i]; i++)
		if (check_fn(c, opt->hide[i], err, errlen) < 0)
			return -1;
	return 0;
}

/* Why nothing was found. */
static void say_none(const struct viz_charts *c, const struct viz_chart_options *opt, char *err,
		     unsigned errlen)
{
	struct near near = { .word = opt->syscall ? opt->syscall : "" };
	char names[8][64] = { "" };
	unsigned nr = 0;
	bool narrowed = opt->packet || opt->socket || opt->reach || opt->from || opt->to;
	for (unsigned r = 0; r < c->n && opt->syscall && !narrowed; r++)
		for (uint32_t h = 0; h < c->runs[r].t->nr_hosts && nr < 8; h++) {
			const struct forest_host *fh = &c->runs[r].forest.hosts[h];
			for (uint32_t k = 0; k < fh->syscalls.n && nr < 8; k++) {
				const char *text = viz_string(&c->runs[r].t->hosts[h].strings,
							      fh->nodes[fh->syscalls.at[k]].obj);
				snprintf(names[nr], sizeof(names[nr]), "%.*s", (int)chart_call_name(text),
					 text);
				const char *before = near.best[0];
				near_try(&near, names[nr]);
				nr += near.best[0] != before || near.best[1] == names[nr] ||
				      near.best[2] == names[nr];
			}
		}
	const char *on = opt->host ? " on " : "", *host = opt->host ? opt->host : "";
	const char *often = opt->nth > 1 ? " that often" : "";
	if (narrowed)
		snprintf(err, errlen,
			 "nothing that was asked for is in that packet, socket, function or time%s%s", on,
			 host);
	else if (opt->syscall)
		snprintf(err, errlen, "no program makes the call '%s'%s%s%s", opt->syscall, often, on, host);
	else if (opt->call)
		snprintf(err, errlen, "%s was not called%s%s%s", opt->call, often, on, host);
	else
		snprintf(err, errlen, "nothing ran%s%s", on, host);
	near_say(&near, err, errlen);
}

int chart_pick(struct chart_picks *to, const struct viz_charts *c, const struct viz_chart_options *opt,
	       bool compare, char *err, unsigned errlen)
{
	struct pick p = { .to = to, .c = c, .opt = opt };
	uint32_t nr_hosts = 0, got = 0;
	*to = (struct chart_picks){ 0 };
	if (check_words(c, opt, err, errlen) < 0)
		return -1;
	to->first_keep = calloc(c->n, sizeof(*to->first_keep));
	for (unsigned r = 0; r < c->n && to->first_keep; r++) {
		to->first_keep[r] = nr_hosts;
		nr_hosts += c->runs[r].t->nr_hosts;
	}
	to->nr_keep = nr_hosts;
	to->keep = calloc(nr_hosts ? nr_hosts : 1, sizeof(*to->keep));
	p.failed = !to->keep || !to->first_keep;
	p.want = opt->pick == PICK_NTH ? (opt->nth ? opt->nth : 1) : 0;
	for (p.run = 0; p.run < c->n && !p.failed; p.run++) {
		const struct viz_trace *t = c->runs[p.run].t;
		uint32_t before = to->n;
		p.match = calloc(t->nr_fns ? t->nr_fns : 1, sizeof(*p.match));
		for (uint32_t i = 0; i < t->nr_fns && p.match && opt->call; i++)
			p.match[i] = t->fns[i].kind == TRACE_FN_FUNCTION &&
				     fnmatch(opt->call, t->fns[i].name, 0) == 0;
		p.failed |= !p.match;
		if (!p.failed)
			pick_run(&p, opt->packet || opt->socket || opt->reach);
		free(p.match);
		got += to->n > before;
		if (to->n > before && p.want && !compare)
			break;
	}
	if (p.failed) {
		snprintf(err, errlen, "no memory");
		return -1;
	}
	if (!got) {
		say_none(c, opt, err, errlen);
		return -1;
	}
	if (compare && got < 2) {
		snprintf(err, errlen, "only one of the two runs has that call");
		return -1;
	}
	if (!compare)
		qsort(to->roots, to->n, sizeof(*to->roots), by_time);
	return 0;
}

void chart_picks_free(struct chart_picks *p)
{
	for (uint32_t i = 0; p->keep && i < p->nr_keep; i++)
		free(p->keep[i]);
	free(p->keep);
	free(p->first_keep);
	free(p->roots);
}
