/* Collects the values of a trace. */
#include "viz/series.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNLIMITED 0x7fffffffu /* what the stack writes for "none" */

bool series_is_state(const struct series *s)
{
	return strchr(s->unit, '|') != NULL;
}

const char *series_state_name(const char *unit, int64_t value, char *buf, unsigned len)
{
	const char *p = unit;
	for (int64_t i = 0; p && i < value; i++)
		p = (p = strchr(p, '|')) ? p + 1 : NULL;
	size_t n = p ? strcspn(p, "|") : 0;
	if (n && value >= 0)
		snprintf(buf, len, "%.*s", (int)n, p);
	else
		snprintf(buf, len, "%lld", (long long)value);
	return buf;
}

/* ---- a set ---- */

static uint32_t slot_of(const struct series_set *set, const struct series *key)
{
	uint64_t h = ((uint64_t)key->order << 32 | key->host_nr) * 0x9e3779b97f4a7c15ull;
	h = (h ^ h >> 29 ^ ((uint64_t)key->kind << 32 | key->id)) * 0xbf58476d1ce4e5b9ull;
	uint32_t i = (uint32_t)(h >> 32) & (set->nr_slots - 1);
	for (; set->slots[i]; i = (i + 1) & (set->nr_slots - 1)) {
		const struct series *s = &set->s[set->slots[i] - 1];
		if (s->order == key->order && s->host_nr == key->host_nr && s->kind == key->kind &&
		    s->id == key->id)
			break;
	}
	return i;
}

/* Room for one more. */
static bool grow(struct series_set *set)
{
	uint32_t cap = set->cap ? set->cap * 2 : 32;
	struct series *s = realloc(set->s, cap * sizeof(*s));
	set->s = s ? s : set->s;
	uint32_t *slots = calloc(cap * 2, sizeof(*slots));
	if (!s || !slots) {
		free(slots);
		return false;
	}
	free(set->slots);
	set->slots = slots;
	set->nr_slots = cap * 2;
	set->cap = cap;
	for (uint32_t i = 0; i < set->n; i++)
		set->slots[slot_of(set, &set->s[i])] = i + 1;
	return true;
}

struct series *series_get(struct series_set *set, const struct series *key)
{
	if (set->n == set->cap && !grow(set))
		return NULL;
	uint32_t i = slot_of(set, key);
	if (!set->slots[i]) {
		set->s[set->n] = *key;
		set->slots[i] = ++set->n;
	}
	return &set->s[set->slots[i] - 1];
}

bool series_add(struct series *s, const struct series_query *q, uint64_t time, int64_t value)
{
	if (time > q->to || (s->n && s->p[s->n - 1].value == value))
		return true;
	if (time < q->from)
		s->n = 0; /* only the last one counts: what the stretch begins with */
	if (s->n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 16;
		struct series_point *p = realloc(s->p, cap * sizeof(*p));
		if (!p)
			return false;
		s->p = p;
		s->cap = cap;
	}
	s->p[s->n++] = (struct series_point){ time < q->from ? q->from : time, value };
	return true;
}

void series_free(struct series_set *set)
{
	for (uint32_t i = 0; i < set->n; i++)
		free(set->s[i].p);
	free(set->s);
	free(set->slots);
	memset(set, 0, sizeof(*set));
}

static int by_order(const void *a, const void *b)
{
	const struct series *x = a, *y = b;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (x->host_nr != y->host_nr)
		return x->host_nr < y->host_nr ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Leaves out what has no points or is of something else, sorts, and finds the stretch. */
static void finish(struct series_set *set, const struct series_query *q)
{
	uint32_t n = 0;
	uint64_t first = set->from, last = set->to; /* of what is counted */
	for (uint32_t i = 0; i < set->n; i++) {
		struct series *s = &set->s[i];
		if (!s->n || (q->of && fnmatch(q->of, s->of, 0) != 0)) {
			free(s->p);
			continue;
		}
		first = s->p[0].time < first ? s->p[0].time : first;
		last = s->p[s->n - 1].time > last ? s->p[s->n - 1].time : last;
		set->s[n++] = *s;
	}
	set->n = n;
	if (n)
		qsort(set->s, n, sizeof(*set->s), by_order);
	set->from = q->from || !n ? q->from : first;
	set->to = q->to != UINT64_MAX || !n ? q->to : last;
	if (set->to <= set->from)
		set->to = set->from + 1000;
}

/* ---- what is recorded ---- */

/* Of each rank its name's place in the query, or UINT32_MAX; the rank without a query. */
static uint32_t *orders(const struct viz_trace *t, const struct series_query *q)
{
	uint32_t *order = malloc((t->nr_fns ? t->nr_fns : 1) * sizeof(*order));
	for (uint32_t r = 0; order && r < t->nr_fns; r++) {
		const struct viz_fn *fn = &t->fns[r];
		/* a name that several lines of the code record is one */
		bool again =
			r > 0 && t->fns[r - 1].kind == fn->kind && strcmp(fn->name, t->fns[r - 1].name) == 0;
		order[r] = q->nr_names ? UINT32_MAX : again ? order[r - 1] : r;
		for (unsigned i = 0; i < q->nr_names && fn->kind == TRACE_FN_VALUE; i++)
			if (strcmp(q->names[i], fn->name) == 0)
				order[r] = i;
	}
	return order;
}

static int collect_host(struct series_set *set, const struct viz_trace *t, uint32_t host,
			const uint32_t *order, const struct series_query *q)
{
	const struct viz_host *h = &t->hosts[host];
	struct series key = { .host = h->name, .host_nr = host };
	char buf[32];
	for (uint32_t c = 0; c < h->nr_chunks; c++) {
		uint64_t time = h->chunks[c].time;
		for (uint32_t i = 0; i < h->chunks[c].n; i++) {
			const struct trace_rec *r = &h->chunks[c].rec[i];
			if (r->kind == TR_TIME) {
				time = r->obj | (uint64_t)r->fn << 32 | (uint64_t)r->depth << 48;
			} else if (r->kind == TR_SUBJECT) {
				key.kind = r->fn;
				key.id = r->obj;
			} else if (r->kind == TR_VALUE && order[r->fn] != UINT32_MAX) {
				key.order = order[r->fn];
				struct series *s = series_get(set, &key);
				if (!s)
					return -1;
				if (!s->name) {
					s->name = t->fns[r->fn].name;
					s->unit = t->fns[r->fn].what;
					snprintf(s->of, sizeof(s->of), "%s",
						 viz_subject_name(h, key.kind, key.id, buf, sizeof(buf)));
				}
				if (!series_add(s, q, time,
						r->obj == UNLIMITED ? SERIES_NONE : (int64_t)r->obj))
					return -1;
			}
		}
	}
	return 0;
}

int series_collect(struct series_set *set, const struct viz_trace *t, const struct series_query *q)
{
	memset(set, 0, sizeof(*set));
	set->from = UINT64_MAX;
	uint32_t *order = orders(t, q);
	int rc = order ? 0 : -1;
	for (uint32_t i = 0; i < t->nr_hosts && rc == 0; i++)
		if (t->hosts[i].name && (!q->host || strcmp(q->host, t->hosts[i].name) == 0))
			rc = collect_host(set, t, i, order, q);
	for (unsigned i = 0; i < q->nr_names && rc == 0; i++)
		for (unsigned k = 0; series_counted[k] && rc == 0; k++)
			if (strcmp(q->names[i], series_counted[k]) == 0)
				rc = series_count(set, t, k, i, q);
	free(order);
	if (rc < 0)
		series_free(set);
	else
		finish(set, q);
	return rc;
}

bool series_known(const struct viz_trace *t, const char *name)
{
	for (unsigned k = 0; series_counted[k]; k++)
		if (strcmp(name, series_counted[k]) == 0)
			return true;
	for (uint32_t r = 0; r < t->nr_fns; r++)
		if (t->fns[r].kind == TRACE_FN_VALUE && strcmp(t->fns[r].name, name) == 0)
			return true;
	return false;
}

/* ---- columns ---- */

static void take_in(struct series_column *c, int64_t v)
{
	c->last = v;
	if (v == SERIES_NONE)
		return;
	c->least = c->least == SERIES_NONE || v < c->least ? v : c->least;
	c->most = c->most == SERIES_NONE || v > c->most ? v : c->most;
}

void series_columns(const struct series *s, uint64_t from, uint64_t to, struct series_column *col, unsigned n)
{
	int64_t value = SERIES_NONE;
	uint32_t k = 0;
	for (unsigned i = 0; i < n; i++) {
		uint64_t end = from + (uint64_t)((unsigned __int128)(to - from) * (i + 1) / n);
		col[i] = (struct series_column){ value, value, value, value };
		/* the last column has its end as well */
		for (; k < s->n && (s->p[k].time < end || i + 1 == n); k++)
			take_in(&col[i], value = s->p[k].value);
	}
}
