/* When snapshots are taken: at virtual times, on entry to functions, when the script asks. */
#include "lua/snapshot/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/trace.h"
#include "lua/run.h"
#include "lua/snapshot/write.h"
#include "stack/kernel/sched.h"
#include "stack/skb/skbuff.h"

#define MAX_NEAR 3 /* names offered in place of one that is not known */

struct moment {
	const char *text; /* as it was given */
	bool taken;
	uint64_t time; /* SIM_FOREVER: a call it is */
	char *host;    /* of the call */
	const char *function;
	uint64_t nth, seen;
};

struct snapshots {
	struct run *run;
	struct moment *moments;
	unsigned nr_moments;
	FILE *file; /* NULL: nothing is written yet */
	uint64_t count;
	int error;   /* errno of what failed */
	bool taking; /* no traced function may be entered now */
};

/* The call whose entry is the moment; `host` NULL: none. */
struct call {
	struct host *host;
	const struct trace_fn *fn;
	unsigned kind;
	const void *at;
};

/* ---- taking one ---- */

static const char *context_name(unsigned ctx)
{
	static const char *const names[] = { "idle", "task", "hard irq", "softirq", "timer", "work" };

	return names[ctx];
}

/* The packet and the sock that the function was called with. The last steps of freeing a packet have none
 * that could be shown. */
static void write_at_hand(struct snap *s, const struct call *call)
{
	const struct sk_buff *skb = call->kind == TR_ENTER_SKB ? call->at : NULL, *pair;
	const struct snap_place at = { .in = "elsewhere" };
	uint32_t skb_id = 0;

	if (skb && skb->head && strcmp(call->fn->name, "kfree_skbmem") != 0) {
		skb_id = snap_skb(s, skb, &at);
		if ((pair = snap_skb_pair(skb)))
			snap_skb(s, pair, &at);
	}
	snap_begin(s->file, "at_hand");
	snap_number(s->file, "skb", skb_id);
	snap_number(s->file, "sock", call->kind == TR_ENTER_SK ? snap_sock_id(s, call->at) : 0);
	snap_end(s->file);
}

static void write_host(struct snapshots *all, const struct world_host *wh, const struct call *call)
{
	struct snap s;

	snap_init(&s, all->file, wh->host);
	snap_begin(s.file, "host");
	snap_text(s.file, "name", wh->host->name);
	snap_end(s.file);
	snap_files(&s);
	snap_socks(&s);
	snap_devices(&s, wh);
	snap_neighbours(&s);
	if (call->host == wh->host)
		write_at_hand(&s, call);
	if (s.no_memory)
		all->error = ENOMEM;
	snap_free(&s);
}

static bool open_file(struct snapshots *s)
{
	char path[4400];

	if (!s->file && !s->error) {
		snprintf(path, sizeof(path), "%s/" SNAPSHOT_FILE, s->run->opt->dir);
		if (!(s->file = fopen(path, "we")))
			s->error = errno;
	}
	return s->file;
}

static void take(struct snapshots *s, const char *name, uint64_t time, const struct call *call)
{
	const struct task_struct *tsk = call->host ? current(call->host) : NULL;

	if (!s->run->opt->dir || !open_file(s))
		return;
	s->taking = true;
	snap_begin(s->file, "snapshot");
	snap_number(s->file, "nr", (int64_t)++s->count);
	snap_text(s->file, "moment", name);
	snap_number(s->file, "time_ns", (int64_t)time);
	if (call->host) {
		snap_text(s->file, "host", call->host->name);
		snap_text(s->file, "function", call->fn->name);
		snap_text(s->file, "context", context_name(call->host->cpu.ctx));
		snap_text(s->file, "task", tsk ? tsk->comm : "");
	}
	snap_end(s->file);
	for (const struct world_host *wh = s->run->world.hosts; wh; wh = wh->next)
		write_host(s, wh, call);
	s->taking = false;
}

void snapshots_take(struct snapshots *s, const char *name)
{
	const struct call none = { 0 };

	take(s, name, s->run->sim->now, &none);
}

uint64_t snapshots_clock(struct snapshots *s, uint64_t when)
{
	uint64_t next = SIM_FOREVER;

	for (unsigned i = 0; i < s->nr_moments; i++) {
		struct moment *m = &s->moments[i];
		const struct call none = { 0 };

		if (m->taken || m->time == SIM_FOREVER)
			continue;
		if (m->time < when) {
			m->taken = true;
			take(s, m->text, m->time > s->run->sim->now ? m->time : s->run->sim->now, &none);
		} else if (m->time + 1 < next) {
			next = m->time + 1;
		}
	}
	return next;
}

/* sim->on_enter */
static void on_enter(void *arg, struct host *host, const struct trace_fn *fn, unsigned kind, const void *at)
{
	struct snapshots *s = arg;

	SIM_BUG_ON(host, s->taking);
	for (unsigned i = 0; i < s->nr_moments; i++) {
		struct moment *m = &s->moments[i];
		const struct call call = { host, fn, kind, at };

		if (m->taken || !m->function || strcmp(fn->name, m->function) != 0 ||
		    strcmp(host->name, m->host) != 0)
			continue;
		m->taken = ++m->seen == m->nth;
		if (m->taken)
			take(s, m->text, host->sim->now, &call);
	}
}

/* ---- what is asked for ---- */

/* How many letters have to be changed, put in or left out. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[64], n = (unsigned)strlen(b);

	if (n >= 64)
		return n;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned corner = row[0];

		row[0] = i + 1;
		for (unsigned j = 1; j <= n; j++) {
			unsigned best = corner + (a[i] != b[j - 1]);

			best = row[j] + 1 < best ? row[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			corner = row[j];
			row[j] = best;
		}
	}
	return row[n];
}

/* Names of functions that are nearly `name`: ", did you mean a, b?" or nothing. */
static const char *near_functions(const char *name, char *buf, unsigned len)
{
	unsigned limit = (unsigned)strlen(name) / 3 + 1, found = 0;

	buf[0] = '\0';
	for (unsigned d = 1; d <= limit && d <= 4 && found < MAX_NEAR; d++)
		for (const struct trace_fn *fn = __start_wp_fn; fn < __stop_wp_fn && found < MAX_NEAR; fn++) {
			size_t at = strlen(buf);

			if (fn->kind != TRACE_FN_FUNCTION || distance(name, fn->name) != d ||
			    strstr(buf, fn->name))
				continue;
			snprintf(buf + at, len - at, "%s%s", found++ ? ", " : "; did you mean ", fn->name);
		}
	if (found)
		snprintf(buf + strlen(buf), len - strlen(buf), "?");
	return buf;
}

static bool is_function(const char *name)
{
	for (const struct trace_fn *fn = __start_wp_fn; fn < __stop_wp_fn; fn++)
		if (fn->kind == TRACE_FN_FUNCTION && strcmp(fn->name, name) == 0)
			return true;
	return false;
}

/* HOST:FUNCTION[:NTH] */
static bool parse_call(struct moment *m, char *err, unsigned errlen)
{
	char near[300], *colon, *end;

	m->host = strdup(m->text);
	m->nth = 1;
	if (!m->host) {
		snprintf(err, errlen, "no memory");
		return false;
	}
	if (!(colon = strchr(m->host, ':')) || colon == m->host || !colon[1])
		goto wrong;
	*colon = '\0';
	m->function = colon + 1;
	if ((colon = strchr(m->function, ':'))) {
		*colon = '\0';
		errno = 0;
		m->nth = strtoull(colon + 1, &end, 10);
		if (end == colon + 1 || *end || !m->nth || errno)
			goto wrong;
	}
	if (is_function(m->function))
		return true;
	snprintf(err, errlen, "--snapshot %s: no function '%s' is traced%s", m->text, m->function,
		 near_functions(m->function, near, sizeof(near)));
	return false;
wrong:
	snprintf(err, errlen,
		 "--snapshot takes a virtual time (2ms) or a call, HOST:FUNCTION[:NTH] "
		 "(client:tcp_transmit_skb:3), not '%s'",
		 m->text);
	return false;
}

struct snapshots *snapshots_new(struct run *run, const char *const *moments, char *err, unsigned errlen)
{
	struct snapshots *s = calloc(1, sizeof(*s));
	bool calls = false;

	snprintf(err, errlen, "no memory");
	if (!s || !(s->moments = calloc(SNAPSHOT_MAX, sizeof(*s->moments))))
		goto fail;
	s->run = run;
	for (; moments[s->nr_moments]; s->nr_moments++) {
		struct moment *m = &s->moments[s->nr_moments];

		m->text = moments[s->nr_moments];
		m->time = SIM_FOREVER;
		if (trace_parse_time(m->text, &m->time))
			continue;
		m->time = SIM_FOREVER;
		calls = true;
		if (!parse_call(m, err, errlen)) {
			s->nr_moments++;
			goto fail;
		}
	}
	if (calls) {
		if (trace_rank_init(run->sim) < 0)
			goto fail;
		run->sim->on_enter = on_enter;
		run->sim->on_enter_arg = s;
	}
	return s;
fail:
	snapshots_free(s);
	return NULL;
}

void snapshots_free(struct snapshots *s)
{
	if (!s)
		return;
	for (unsigned i = 0; s->moments && i < s->nr_moments; i++)
		free(s->moments[i].host);
	if (s->file)
		fclose(s->file);
	free(s->moments);
	free(s);
}

/* ---- the end ---- */

static bool has_host(const struct run *run, const char *name)
{
	for (const struct world_host *wh = run->world.hosts; wh; wh = wh->next)
		if (strcmp(wh->host->name, name) == 0)
			return true;
	return false;
}

static void list_hosts(const struct run *run, char *buf, unsigned len)
{
	buf[0] = '\0';
	for (const struct world_host *wh = run->world.hosts; wh; wh = wh->next) {
		size_t at = strlen(buf);

		snprintf(buf + at, len - at, "%s%s", at ? ", " : "", wh->host->name);
	}
}

/* Why a moment did not come. */
static void explain(const struct snapshots *s, const struct moment *m, char *err, unsigned errlen)
{
	uint64_t now = s->run->sim->now;
	char hosts[300];

	if (!m->function)
		snprintf(err, errlen, "--snapshot %s: the run ended before, at %llu.%09llu s", m->text,
			 (unsigned long long)(now / NSEC_PER_SEC), (unsigned long long)(now % NSEC_PER_SEC));
	else if (!has_host(s->run, m->host)) {
		list_hosts(s->run, hosts, sizeof(hosts));
		snprintf(err, errlen, "--snapshot %s: there is no host '%s' in the scenario; it has %s",
			 m->text, m->host, hosts);
	} else if (m->seen)
		snprintf(err, errlen, "--snapshot %s: %s calls %s %llu times only", m->text, m->host,
			 m->function, (unsigned long long)m->seen);
	else
		snprintf(err, errlen, "--snapshot %s: %s never calls %s", m->text, m->host, m->function);
}

bool snapshots_finish(struct snapshots *s, bool all, char *err, unsigned errlen)
{
	s->run->sim->on_enter = NULL;
	if (s->file) {
		if ((fflush(s->file) != 0 || ferror(s->file)) && !s->error)
			s->error = errno;
		fclose(s->file);
		s->file = NULL;
	}
	if (s->error) {
		snprintf(err, errlen, "the snapshots could not be written whole: %s", strerror(s->error));
		return false;
	}
	for (unsigned i = 0; all && i < s->nr_moments; i++)
		if (!s->moments[i].taken) {
			explain(s, &s->moments[i], err, errlen);
			return false;
		}
	return true;
}
