/* Panels, rulers and labels of a plot: what its drawings have in common. */
#include "viz/plot.h"

#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

/* ---- rulers ---- */

/* 1, 2 or 5 times a power of ten, so that about `marks` of them cover `span`. */
static uint64_t nice_step(uint64_t span, unsigned marks)
{
	for (uint64_t s = 1;; s *= 10) {
		if (span / s <= marks)
			return s;
		if (span / (s * 2) <= marks)
			return s * 2;
		if (span / (s * 5) <= marks)
			return s * 5;
	}
}

/* `v` in units of `unit`, with as many decimals as `step` needs. */
static void put_units(char *buf, size_t len, uint64_t v, uint64_t unit, uint64_t step, const char *after)
{
	int decimals = 0;
	uint64_t scale = 1;
	for (; step * scale < unit; scale *= 10)
		decimals++;
	if (decimals)
		snprintf(buf, len, "%llu.%0*llu%s", (ull)(v / unit), decimals, (ull)(v % unit * scale / unit),
			 after);
	else
		snprintf(buf, len, "%llu%s", (ull)(v / unit), after);
}

static void value_ruler(struct plot_panel *panel, int64_t most)
{
	uint64_t step = nice_step((uint64_t)most, 5), top = ((uint64_t)most + step - 1) / step * step;
	uint64_t unit = top >= 1000000000 ? 1000000000 : top >= 1000000 ? 1000000 : top >= 10000 ? 1000 : 1;
	bool us = strcmp(panel->line[0]->unit, "us") == 0;
	if (us)
		unit = top >= 1000000 ? 1000000 : top >= 1000 ? 1000 : 1;
	const char *suffix = us			  ? (unit == 1000000 ? " s"
						     : unit == 1000  ? " ms"
								     : "")
			     : unit == 1000000000 ? "G"
			     : unit == 1000000	  ? "M"
			     : unit == 1000	  ? "k"
						  : "";
	panel->top = (int64_t)(top ? top : 1);
	for (uint64_t v = 0; v <= (uint64_t)panel->top && panel->y.nr < PLOT_TICKS; v += step) {
		put_units(panel->y.text[panel->y.nr], sizeof(panel->y.text[0]), v, unit, v ? step : unit,
			  v ? suffix : "");
		panel->y.at[panel->y.nr++] = (int64_t)v;
	}
}

static void time_ruler(struct plot *p, unsigned marks)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" } };
	uint64_t step = nice_step(p->set.to - p->set.from, marks), base = 0;
	unsigned u = 0;
	while (units[u].ns > step)
		u++;
	if (u > 0 && p->set.to < units[u - 1].ns * 10 && p->set.to >= units[u - 1].ns &&
	    step * 100 >= units[u - 1].ns)
		u--; /* 1.25 ms rather than 1250 us */
	snprintf(p->x_unit, sizeof(p->x_unit), "%s", units[u].name);
	if (p->set.to / units[u].ns >= 1000000) { /* long numbers: count from a round time */
		uint64_t whole = units[u].ns * 1000;
		base = p->set.from / whole * whole;
		snprintf(p->x_unit, sizeof(p->x_unit), "%s after %llu.%09llu s", units[u].name,
			 (ull)(base / 1000000000), (ull)(base % 1000000000));
	}
	for (uint64_t t = (p->set.from + step - 1) / step * step; t <= p->set.to && p->x.nr < PLOT_TICKS;
	     t += step) {
		put_units(p->x.text[p->x.nr], sizeof(p->x.text[0]), t - base, units[u].ns, step, "");
		p->x.at[p->x.nr++] = (int64_t)t;
	}
}

/* A row for each state that occurs, in the order of their numbers. */
static void state_ruler(struct plot_panel *panel)
{
	uint64_t seen = 0;
	for (unsigned i = 0; i < panel->n; i++)
		for (uint32_t k = 0; k < panel->line[i]->n; k++) {
			int64_t v = panel->line[i]->p[k].value;
			if (v >= 0 && v < 64)
				seen |= 1ull << v;
		}
	for (int64_t v = 0; v < 64 && panel->y.nr < PLOT_TICKS; v++)
		if (seen >> v & 1) {
			series_state_name(panel->line[0]->unit, v, panel->y.text[panel->y.nr],
					  sizeof(panel->y.text[0]));
			panel->values[panel->y.nr] = v;
			panel->y.at[panel->y.nr] = panel->y.nr;
			panel->y.nr++;
		}
	panel->top = panel->y.nr > 1 ? panel->y.nr - 1 : 1;
}

int64_t plot_scale(const struct plot_panel *panel, int64_t value, int64_t size)
{
	for (unsigned i = 0; panel->state && i < panel->y.nr; i++)
		if (panel->values[i] == value)
			return (int64_t)i * size / panel->top;
	value = value < 0 ? 0 : value > panel->top ? panel->top : value;
	return (int64_t)((__int128)value * size / panel->top);
}

/* ---- panels ---- */

/* The least changed line of a full panel. */
static unsigned least_line(const struct plot_panel *panel)
{
	unsigned least = 0;
	for (unsigned i = 1; i < panel->n; i++)
		if (panel->line[i]->n <= panel->line[least]->n)
			least = i;
	return least;
}

static void add_line(struct plot_panel *panel, const struct series *s)
{
	if (panel->n == PLOT_LINES) {
		unsigned least = least_line(panel);
		panel->left_out++;
		if (s->n <= panel->line[least]->n)
			return;
		memmove(&panel->line[least], &panel->line[least + 1],
			(panel->n - least - 1) * sizeof(panel->line[0]));
		panel->n--;
	}
	panel->line[panel->n++] = s;
}

static int make_panels(struct plot *p)
{
	p->panels = calloc(p->set.n ? p->set.n : 1, sizeof(*p->panels));
	if (!p->panels)
		return -1;
	for (uint32_t i = 0; i < p->set.n; i++) {
		unsigned k = 0;
		while (k < p->nr_panels && strcmp(p->panels[k].line[0]->unit, p->set.s[i].unit) != 0)
			k++;
		p->nr_panels += k == p->nr_panels;
		add_line(&p->panels[k], &p->set.s[i]);
	}
	return 0;
}

static void append(char *buf, size_t len, const char *word)
{
	size_t n = strlen(buf);
	snprintf(buf + n, len - n, "%s%s", n ? " " : "", word);
}

/* What all lines have in common goes into the title, what differs to the lines. */
static void name_panel(struct plot_panel *panel)
{
	bool name = true, host = true, of = true;
	for (unsigned i = 1; i < panel->n; i++) {
		name &= strcmp(panel->line[i]->name, panel->line[0]->name) == 0;
		host &= strcmp(panel->line[i]->host, panel->line[0]->host) == 0;
		of &= strcmp(panel->line[i]->of, panel->line[0]->of) == 0;
	}
	for (unsigned i = 0; i < panel->n; i++) {
		const struct series *s = panel->line[i];
		if (!host)
			append(panel->label[i], sizeof(panel->label[i]), s->host);
		if (!of)
			append(panel->label[i], sizeof(panel->label[i]), s->of);
		if (!name)
			append(panel->label[i], sizeof(panel->label[i]), s->name);
	}
	const struct series *s = panel->line[0];
	if (name)
		append(panel->title, sizeof(panel->title), s->name);
	bool us = strcmp(s->unit, "us") == 0; /* the ruler has the unit */
	if (!panel->state && !(us && name)) {
		char unit[64];
		snprintf(unit, sizeof(unit), name ? "(%s)" : "%s", us ? "time" : s->unit);
		append(panel->title, sizeof(panel->title), unit);
	}
	if (host || of)
		snprintf(panel->title + strlen(panel->title), sizeof(panel->title) - strlen(panel->title),
			 "%s%s", *panel->title ? ", " : "", host ? s->host : "");
	if (of)
		append(panel->title, sizeof(panel->title), s->of);
}

int plot_init(struct plot *p, struct series_set *set, unsigned ticks)
{
	memset(p, 0, sizeof(*p));
	p->set = *set;
	memset(set, 0, sizeof(*set));
	if (make_panels(p) < 0) {
		plot_free(p);
		return -1;
	}
	for (unsigned i = 0; i < p->nr_panels; i++) {
		struct plot_panel *panel = &p->panels[i];
		int64_t most = 0;
		panel->state = series_is_state(panel->line[0]);
		for (unsigned k = 0; k < panel->n; k++)
			for (uint32_t j = 0; j < panel->line[k]->n; j++)
				most = panel->line[k]->p[j].value > most ? panel->line[k]->p[j].value : most;
		if (panel->state)
			state_ruler(panel);
		else
			value_ruler(panel, most);
		name_panel(panel);
	}
	time_ruler(p, ticks);
	return 0;
}

void plot_free(struct plot *p)
{
	series_free(&p->set);
	free(p->panels);
	memset(p, 0, sizeof(*p));
}

/* ---- the list ---- */

int plot_list(const struct viz_trace *t, const char *host, FILE *out)
{
	const struct series_query q = { .host = host, .to = UINT64_MAX };
	struct series_set set;
	if (series_collect(&set, t, &q) < 0)
		return -1;
	fprintf(out, "%-14s %-14s %-12s %8s %8s   %s\n", "value", "unit", "host", "objects", "changes",
		"from .. to");
	for (uint32_t i = 0, next; i < set.n; i = next) {
		const struct series *s = &set.s[i];
		int64_t least = INT64_MAX, most = INT64_MIN;
		uint64_t changes = 0;
		for (next = i;
		     next < set.n && set.s[next].order == s->order && set.s[next].host_nr == s->host_nr;
		     next++)
			for (uint32_t k = 0; k < set.s[next].n; k++, changes++) {
				int64_t v = set.s[next].p[k].value;
				least = v != SERIES_NONE && v < least ? v : least;
				most = v > most ? v : most;
			}
		fprintf(out, "%-14s %-14s %-12s %8u %8llu   ", s->name,
			series_is_state(s) ? "state" : s->unit, s->host, next - i, (ull)changes);
		if (!series_is_state(s) && least <= most)
			fprintf(out, "%lld .. %lld\n", (long long)least, (long long)most);
		else
			fputs("-\n", out);
	}
	fputs("\ncounted:", out);
	for (unsigned k = 0; series_counted[k]; k++)
		fprintf(out, " %s", series_counted[k]);
	fputs("\n", out);
	series_free(&set);
	return 0;
}
