/* Counts the ways that objects took through their state machine. */
#include "viz/states.h"

#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

const char *states_name(const struct states *st, const struct series *s, uint32_t i, char *buf, unsigned len)
{
	(void)st;
	return series_state_name(s->unit, s->p[i].value, buf, len);
}

const char *states_time_text(uint64_t ns, char *buf, unsigned len)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" } };
	unsigned u = 0;
	while (u < 3 && ns < units[u].ns)
		u++;
	char part[24];
	int digits =
		snprintf(part, sizeof(part), ".%09llu", (ull)(ns % units[u].ns * (1000000000 / units[u].ns)));
	while (digits > 0 && part[digits - 1] == '0')
		digits--;
	part[digits > 1 ? digits : 0] = '\0';
	snprintf(buf, len, "%llu%s %s", (ull)(ns / units[u].ns), part, units[u].name);
	return buf;
}

const char *states_count_text(const struct states_count *c, char *buf, unsigned len)
{
	char time[32];
	if (c->n == 1)
		snprintf(buf, len, "x1, %s", states_time_text(c->first, time, sizeof(time)));
	else
		snprintf(buf, len, "x%llu", (ull)c->n);
	return buf;
}

static void happened(struct states_count *c, uint64_t time)
{
	if (c->n == 0 || time < c->first)
		c->first = time;
	if (c->n == 0 || time > c->last)
		c->last = time;
	c->n++;
}

static bool other_way(struct states *st, const char *from, const char *to, uint64_t time)
{
	uint32_t i = 0;
	while (i < st->nr_others &&
	       (strcmp(st->others[i].from, from) != 0 || strcmp(st->others[i].to, to) != 0))
		i++;
	if (i == st->nr_others) {
		struct states_other *grown = realloc(st->others, (i + 1) * sizeof(*grown));
		if (!grown)
			return false;
		st->others = grown;
		memset(&grown[i], 0, sizeof(*grown));
		snprintf(grown[i].from, sizeof(grown[i].from), "%s", from);
		snprintf(grown[i].to, sizeof(grown[i].to), "%s", to);
		st->nr_others++;
	}
	happened(&st->others[i].count, time);
	return true;
}

/* An object went from one state to another. False: no memory. */
static bool take_way(struct states *st, const char *from, const char *to, uint64_t time)
{
	const struct state_diagram *d = st->diagram;
	for (unsigned i = 0; d->arrows[i].event; i++) {
		const struct diagram_arrow *a = &d->arrows[i];
		if (strcmp(d->boxes[a->from].name, from) != 0 || strcmp(d->boxes[a->to].name, to) != 0)
			continue;
		happened(&st->arrow[i], time);
		st->visited[a->from] = st->visited[a->to] = true;
		return true;
	}
	return other_way(st, from, to, time);
}

/* The first box of that name is one that an object was in. */
static void visit(struct states *st, const char *name)
{
	const struct diagram_box *box = st->diagram->boxes;
	unsigned i = 0;
	while (box[i].name && strcmp(box[i].name, name) != 0)
		i++;
	for (unsigned k = i; box[i].name && box[k].name; k++)
		if (strcmp(box[k].name, name) == 0 && st->visited[k])
			return; /* it has two, and one was reached by an arrow */
	if (box[i].name)
		st->visited[i] = true;
}

static const char *born_from(const struct state_diagram *d, const char *state)
{
	for (unsigned i = 0; d->births && d->births[i]; i += 2)
		if (strcmp(d->births[i], state) == 0)
			return d->births[i + 1];
	return d->initial;
}

static bool follow(struct states *st, const struct series *s, const struct states_query *q)
{
	char before[24], now[24];
	for (uint32_t i = 0; i < s->n; i++) {
		states_name(st, s, i, now, sizeof(now));
		if (i == 0)
			snprintf(before, sizeof(before), "%s", born_from(st->diagram, now));
		bool was_so = i == 0 && ((q->from && s->p[0].time == q->from) || strcmp(before, now) == 0);
		if (!was_so && !take_way(st, before, now, s->p[i].time))
			return false;
		memcpy(before, now, sizeof(before));
	}
	return true;
}

int states_collect(struct states *st, const struct viz_trace *t, const struct state_diagram *d,
		   const struct states_query *q)
{
	const struct series_query sq = {
		.names = &d->value, .nr_names = 1, .host = q->host, .of = q->of, .from = q->from, .to = q->to
	};
	char name[24];
	memset(st, 0, sizeof(*st));
	st->diagram = d;
	if (series_collect(&st->set, t, &sq) < 0)
		return -1;
	for (uint32_t i = 0; i < st->set.n; i++)
		if (!follow(st, &st->set.s[i], q)) {
			states_free(st);
			return -1;
		}
	for (uint32_t i = 0; i < st->set.n; i++)
		for (uint32_t k = 0; k < st->set.s[i].n; k++)
			visit(st, states_name(st, &st->set.s[i], k, name, sizeof(name)));
	return 0;
}

void states_free(struct states *st)
{
	series_free(&st->set);
	free(st->others);
	memset(st, 0, sizeof(*st));
}
