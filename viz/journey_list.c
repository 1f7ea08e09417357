/* Lists packets, and finds the one that a call made. */
#include <stdlib.h>
#include <string.h>

#include "viz/flow.h"
#include "viz/journey.h"
#include "viz/ladder.h"

/* ---- the list ---- */

struct entry {
	uint32_t journey, first, last, frames; /* sendings: the first, the last that arrived */
	uint32_t drop;			       /* the last one, or VIZ_NOBODY */
};

static int by_journey(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return (x->journey > y->journey) - (x->journey < y->journey);
}

static int by_first(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return (x->first > y->first) - (x->first < y->first);
}

static struct entry *find(struct entry *all, uint32_t n, uint32_t journey)
{
	const struct entry key = { .journey = journey };
	return n ? bsearch(&key, all, n, sizeof(*all), by_journey) : NULL;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

/* An entry for each packet of the sendings, in order of number. */
static struct entry *make_entries(const struct viz_sends *s, uint32_t *n)
{
	uint32_t *numbers = calloc(s->n + 1, sizeof(*numbers));
	struct entry *all = calloc(s->n + 1, sizeof(*all));
	*n = 0;
	if (!numbers || !all) {
		free(numbers);
		free(all);
		return NULL;
	}
	for (uint32_t i = 0; i < s->n; i++)
		numbers[i] = s->send[i].journey;
	if (s->n)
		qsort(numbers, s->n, sizeof(*numbers), by_number);
	for (uint32_t i = 0; i < s->n; i++)
		if (i == 0 || numbers[i] != numbers[i - 1])
			all[(*n)++] = (struct entry){ numbers[i], VIZ_NOBODY, VIZ_NOBODY, 0, VIZ_NOBODY };
	free(numbers);
	return all;
}

static void fill_entries(struct entry *all, uint32_t n, const struct viz_trace *t, const struct viz_sends *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct viz_send *v = &s->send[i];
		struct entry *e = find(all, n, v->journey);
		if (e->first == VIZ_NOBODY)
			e->first = i;
		e->frames += v->from == s->send[e->first].from && !v->duplicate;
		if (v->arrived != VIZ_NEVER && v->drop == VIZ_NOBODY && v->to < t->nr_hosts &&
		    !t->hosts[v->to].is_switch &&
		    (e->last == VIZ_NOBODY || v->arrived >= s->send[e->last].arrived))
			e->last = i;
	}
	for (uint32_t i = 0; i < s->nr_drops; i++) {
		struct entry *e = find(all, n, s->drops[i].journey);
		if (e && (e->drop == VIZ_NOBODY || s->drops[e->drop].time <= s->drops[i].time))
			e->drop = i;
	}
}

static void put_entry(const struct entry *e, const struct viz_trace *t, const struct viz_sends *s, FILE *out)
{
	const struct viz_send *a = &s->send[e->first], *b = e->last == VIZ_NOBODY ? NULL : &s->send[e->last];
	struct frame_head h;
	struct frame_bases bases = viz_send_bases(s, e->first);
	char when[32], took[32] = "", text[640];
	const char *from = a->from < t->nr_hosts ? t->hosts[a->from].name : "(outside)";
	viz_send_head(s, e->first, &h);
	ladder_time(a->sent, when, sizeof(when));
	if (b)
		ladder_span(b->arrived - a->sent, took, sizeof(took));
	frame_who(&h, text, sizeof(text));
	size_t n = strlen(text);
	frame_words(&h, &bases, true, text + n, (unsigned)(sizeof(text) - n));
	fprintf(out, "%10u %15s %11s  %-12s %-12s %6u  %s", e->journey, when, took, from,
		b ? t->hosts[b->to].name : "-", e->frames, text);
	if (e->drop != VIZ_NOBODY) {
		const struct viz_drop *d = &s->drops[e->drop];
		bool end = !b || (b->to == d->host && b->arrived <= d->time); /* else others of it arrived */
		fprintf(out, "  [%sdropped by %s: %s]", end ? "" : "a frame or copy ", t->hosts[d->host].name,
			viz_string(&t->drops, d->reason));
	}
	fputc('\n', out);
}

int viz_journey_list(const struct viz_trace *t, const char *host, FILE *out, char *err, unsigned errlen)
{
	struct viz_sends s;
	uint32_t n = 0;
	struct entry *all = viz_sends_read(&s, t) < 0 ? NULL : make_entries(&s, &n);
	if (all) {
		fill_entries(all, n, t, &s);
		if (n)
			qsort(all, n, sizeof(*all), by_first);
		fprintf(out, "%10s %15s %11s  %-12s %-12s %6s  %s\n", "packet", "sent (s)", "on the way",
			"from", "to", "frames", "first frame");
		for (uint32_t i = 0; i < n; i++) {
			uint32_t from = s.send[all[i].first].from;
			if (!host || (from < t->nr_hosts && strcmp(t->hosts[from].name, host) == 0))
				put_entry(&all[i], t, &s, out);
		}
	} else {
		snprintf(err, errlen, "no memory");
	}
	viz_sends_free(&s);
	free(all);
	return all ? 0 : -1;
}

/* ---- the packet of a call ---- */

struct of_write {
	uint32_t nth, seen, packet;
	uint32_t pid;
	bool inside;
	const struct viz_host *host;
};

static void on_enter(void *arg, const struct viz_flow *flow, const struct viz_call *parent,
		     struct viz_call *call)
{
	struct of_write *w = arg;
	(void)parent;
	if (w->inside && !w->packet && flow->kind == FLOW_TASK && flow->pid == w->pid &&
	    call->kind == TR_ENTER_SKB)
		w->packet = call->obj;
}

static void on_mark(void *arg, const struct viz_flow *flow, const struct trace_rec *rec, uint64_t time)
{
	struct of_write *w = arg;
	uint32_t pid = flow->kind == FLOW_TASK ? flow->pid : 0;
	(void)time;
	if (rec->kind == TR_RET && pid == w->pid)
		w->inside = false;
	if (rec->kind != TR_CALL)
		return;
	const char *text = viz_string(&w->host->strings, rec->obj);
	if ((strncmp(text, "write", 5) == 0 || strncmp(text, "send", 4) == 0) && ++w->seen == w->nth) {
		w->inside = true;
		w->pid = pid;
	}
}

uint32_t viz_journey_of_write(const struct viz_trace *t, uint32_t host, uint32_t nth, char *err,
			      unsigned errlen)
{
	struct of_write w = { .nth = nth, .host = &t->hosts[host] };
	const struct viz_visitor v = { .arg = &w, .enter = on_enter, .mark = on_mark };
	if (viz_flow_run(t, host, &v) < 0)
		snprintf(err, errlen, "no memory");
	else if (w.seen < nth)
		snprintf(err, errlen, "%s has called write(), send() and their like %u times",
			 t->hosts[host].name, w.seen);
	else if (!w.packet)
		snprintf(err, errlen, "no packet was made in call %u of write(), send() and their like", nth);
	return w.packet;
}
