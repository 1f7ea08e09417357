/* The filter of a trace: its text, and what passes. */
#include "core/trace_filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/host.h"

/* Parses "10", "10ns", "1.5ms", "2s"; false when it is no time. */
bool trace_parse_time(const char *text, uint64_t *ns)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "", 1 }, { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };
	uint64_t whole = 0, part = 0, scale = 1;
	const char *p = text;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (whole > 1000000000000000ull)
			return false;
		whole = whole * 10 + (uint64_t)(*p - '0');
	}
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++)
			if (scale < 1000000000) {
				part = part * 10 + (uint64_t)(*p - '0');
				scale *= 10;
			}
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(p, units[i].unit) == 0) {
			if (whole > UINT64_MAX / 2 / units[i].ns)
				return false;
			*ns = whole * units[i].ns + part * units[i].ns / scale;
			return true;
		}
	return false;
}

/* Whether anything matched. */
static bool pass_matching(bool *pass, const struct sim *sim, const char *glob, bool layer)
{
	unsigned n = trace_fn_count(sim);
	bool any = false;
	char buf[64];
	for (unsigned i = 0; i < n; i++) {
		const struct trace_fn *fn = &__start_wp_fn[i];
		const char *subject = layer ? trace_fn_layer(fn, buf, sizeof(buf)) : fn->name;
		if (fnmatch(glob, subject, 0) == 0)
			any = pass[sim->fn_rank[i]] = true;
	}
	return any;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* "no layer is called so: there are application, internet, ..." in `text`. */
static void name_layers(const struct sim *sim, char *text, size_t len)
{
	char names[32][64];
	unsigned n = 0, k;
	for (unsigned i = 0; i < trace_fn_count(sim) && n < 32; i++) {
		trace_fn_layer(&__start_wp_fn[i], names[n], sizeof(names[n]));
		for (k = 0; strcmp(names[k], names[n]) != 0; k++)
			;
		n += k == n;
	}
	qsort(names, n, sizeof(names[0]), by_name);
	int at = snprintf(text, len, "no layer is called so; there are");
	for (k = 0; k < n && at > 0 && (size_t)at < len; k++)
		at += snprintf(text + at, len - (size_t)at, "%s %s", k ? "," : "", names[k]);
}

static int add_host_glob(struct trace_filter *f, const char *glob)
{
	char **grown = realloc(f->host_globs, (f->nr_host_globs + 1) * sizeof(*grown));
	bool *used = realloc(f->host_used, (f->nr_host_globs + 1) * sizeof(*used));
	f->host_globs = grown ? grown : f->host_globs;
	f->host_used = used ? used : f->host_used;
	if (!grown || !used)
		return -1;
	f->host_used[f->nr_host_globs] = false;
	if (!(f->host_globs[f->nr_host_globs] = strdup(glob)))
		return -1;
	f->nr_host_globs++;
	return 0;
}

/* One term "key=value"; `fns` and `layers` collect what passes. Returns NULL or what was wrong. */
static const char *add_term(struct trace_filter *f, const struct sim *sim, char *term, bool *fns,
			    bool *layers, bool *has_fn, bool *has_layer, char *text, size_t len)
{
	char *value = strchr(term, '='), *end;
	if (!value)
		return "a term is KEY=VALUE";
	*value++ = '\0';
	if (strcmp(term, "host") == 0)
		return add_host_glob(f, value) < 0 ? "no memory" : NULL;
	if (strcmp(term, "fn") == 0) {
		*has_fn = true;
		return pass_matching(fns, sim, value, false) ? NULL : "no function's name matches fn=";
	}
	if (strcmp(term, "layer") == 0) {
		*has_layer = true;
		if (pass_matching(layers, sim, value, true))
			return NULL;
		name_layers(sim, text, len);
		return text;
	}
	if (strcmp(term, "packet") == 0) {
		f->packet = (uint32_t)strtoul(value, &end, 0);
		return *value && !*end ? NULL : "packet= takes a packet's number";
	}
	if (strcmp(term, "from") == 0)
		return trace_parse_time(value, &f->from) ? NULL : "from= takes a time like 10ms";
	if (strcmp(term, "to") == 0)
		return trace_parse_time(value, &f->to) ? NULL : "to= takes a time like 10ms";
	return "keys are host, layer, fn, packet, from, to";
}

int trace_filter_init(struct trace_filter *f, const struct sim *sim, const char *text, char *err,
		      unsigned errlen)
{
	memset(f, 0, sizeof(*f));
	f->to = UINT64_MAX;
	if (!text || !*text)
		return 0;
	f->any = true;
	unsigned n = trace_fn_count(sim);
	bool *fns = calloc(n + 1, sizeof(*fns)), *layers = calloc(n + 1, sizeof(*layers));
	char *copy = strdup(text), *save = NULL;
	char words[384];
	bool has_fn = false, has_layer = false;
	const char *wrong = fns && layers && copy ? NULL : "no memory";
	for (char *term = wrong ? NULL : strtok_r(copy, ", ", &save); term && !wrong;
	     term = strtok_r(NULL, ", ", &save))
		wrong = add_term(f, sim, term, fns, layers, &has_fn, &has_layer, words, sizeof(words));
	if (!wrong && (has_fn || has_layer)) {
		for (unsigned i = 0; i < n; i++)
			fns[i] = (fns[i] || !has_fn) && (layers[i] || !has_layer);
		f->fn_pass = fns;
		fns = NULL;
	}
	free(fns);
	free(layers);
	free(copy);
	if (wrong) {
		snprintf(err, errlen, "trace filter '%s': %s", text, wrong);
		trace_filter_free(f);
		return -1;
	}
	return 0;
}

void trace_filter_free(struct trace_filter *f)
{
	for (unsigned i = 0; i < f->nr_host_globs; i++)
		free(f->host_globs[i]);
	free(f->host_globs);
	free(f->host_used);
	free(f->fn_pass);
	memset(f, 0, sizeof(*f));
}

bool trace_filter_host(struct trace_filter *f, const char *name)
{
	bool pass = f->nr_host_globs == 0;
	for (unsigned i = 0; i < f->nr_host_globs; i++)
		if (fnmatch(f->host_globs[i], name, 0) == 0)
			pass = f->host_used[i] = true;
	return pass;
}

const char *trace_filter_unused_host(const struct trace_filter *f)
{
	for (unsigned i = 0; i < f->nr_host_globs; i++)
		if (!f->host_used[i])
			return f->host_globs[i];
	return NULL;
}

bool trace_filter_window(const struct trace_filter *f, const struct host *host)
{
	uint64_t now = host->sim->now;
	return now >= f->from && now <= f->to;
}

bool trace_filter_match(const struct trace_filter *f, struct host *host, unsigned rank, unsigned kind,
			uint32_t obj, unsigned depth)
{
	if (f->packet) {
		/* packet_depth: the outermost open function that handles the packet; all below it pass */
		uint8_t *open = &host->tr.packet_depth;
		if (*open >= depth)
			*open = 0;
		if (kind == TR_ENTER_SKB && obj == f->packet && !*open)
			*open = (uint8_t)depth;
		if (!*open)
			return false;
	}
	return trace_filter_window(f, host) && (!f->fn_pass || f->fn_pass[rank]);
}
