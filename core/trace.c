/*
 * Recording: from the TRACE lines of the code to the trace file and the digest of the calls.
 *
 * Records go to a buffer per host; a full one is hashed and written as one chunk. core/trace.h has the
 * records, core/trace_format.h the file.
 */
#include "core/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#include "core/host.h"
#include "core/trace_format.h"
#include "core/trace_filter.h"

#define TASK_BITS                                                                                            \
	64 /* pids whose definition is known to be in the file, a bit each; above: written again             \
	    */

/* Strings of a host that records point at: id = index + 1. */
struct trace_strings {
	char **text;
	uint32_t n, cap;
	uint32_t *slots; /* open addressing, id or 0 */
	uint32_t nr_slots;
};

struct trace_host_out {
	XXH3_state_t *hash;
	struct trace_strings strings;
	uint64_t tasks_defined;
	struct host *stand_in; /* a switch's, see trace_stand_in_new() */
	uint64_t chunk_time;   /* time before the first record of the buffer */
	uint64_t shown[4]; /* with a filter: a bit per depth, set when the function last entered there passed
			    */
};

struct trace {
	int fd;	   /* -1: nothing is written */
	int error; /* errno of the first failed write */
	struct trace_filter filter;
	struct trace_host_out *out; /* by host index */
	uint32_t nr_out, nr_stand_ins;
	uint64_t nr_records, digest;
};

/* ---- writing ---- */

static void write_all(struct trace *t, struct iovec *iov, int n)
{
	while (n > 0 && !t->error && t->fd >= 0) {
		ssize_t done = writev(t->fd, iov, n);
		if (done < 0) {
			if (errno != EINTR)
				t->error = errno;
			continue;
		}
		while (n > 0 && (size_t)done >= iov->iov_len) {
			done -= (ssize_t)iov->iov_len;
			iov++;
			n--;
		}
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= (size_t)done;
		}
	}
}

/* Writes a chunk whose payload is `head` followed by `body`. */
static void write_chunk(struct trace *t, uint32_t type, const void *head, uint32_t head_len, const void *body,
			uint32_t body_len)
{
	static const char zeros[8];
	struct trace_chunk c = { type, head_len + body_len };
	struct iovec iov[4] = {
		{ &c, sizeof(c) },
		{ (void *)head, head_len },
		{ (void *)body, body_len },
		{ (void *)zeros, -c.len & 7 },
	};
	write_all(t, iov, 4);
}

static void write_named(struct trace *t, uint32_t type, uint32_t a, uint32_t b, bool has_b, const char *name)
{
	uint32_t head[2] = { a, b };
	write_chunk(t, type, head, has_b ? 8 : 4, name, (uint32_t)strlen(name) + 1);
}

static void flush_host(struct host *host)
{
	struct trace *t = host->sim->trace;
	struct trace_host *tr = &host->tr;
	struct trace_host_out *out = &t->out[host->index];
	uint32_t n = (uint32_t)(tr->next - tr->buf), bytes = n * (uint32_t)sizeof(*tr->buf);
	struct {
		uint32_t host, n;
		uint64_t time;
	} head = { host->index, n, out->chunk_time };

	if (n == 0)
		return;
	XXH3_64bits_update(out->hash, tr->buf, bytes);
	write_chunk(t, CHUNK_REC, &head, sizeof(head), tr->buf, bytes);
	t->nr_records += n;
	out->chunk_time = tr->time;
	tr->next = tr->buf;
	tr->subject = UINT64_MAX;
}

/* ---- recording ---- */

static inline void store(struct trace_host *tr, unsigned kind, unsigned fn, unsigned depth, uint32_t obj)
{
	*tr->next++ = (struct trace_rec){ (uint16_t)fn, (uint8_t)depth, (uint8_t)kind, obj };
}

static void put(struct host *host, unsigned kind, unsigned fn, unsigned depth, uint32_t obj)
{
	if (unlikely(host->tr.next == host->tr.end))
		flush_host(host);
	store(&host->tr, kind, fn, depth, obj);
}

static void put_time(struct host *host, uint64_t now)
{
	put(host, TR_TIME, (uint16_t)(now >> 32), (uint8_t)(now >> 48), (uint32_t)now);
	host->tr.time = now;
}

void trace_put(struct host *host, unsigned kind, unsigned fn, unsigned depth, uint32_t obj)
{
	uint64_t now = host->sim->now;
	if (unlikely(now != host->tr.time))
		put_time(host, now);
	put(host, kind, fn, depth, obj);
}

/* Kind of the record before, TR_KINDS when there is none in the buffer. */
static unsigned last_kind(const struct trace_host *tr)
{
	return tr->next > tr->buf ? tr->next[-1].kind : TR_KINDS;
}

static inline unsigned rank_of(const struct host *host, const struct trace_fn *fn)
{
	return host->sim->fn_rank[fn - __start_wp_fn];
}

/* Whether an entry passes the filter. The slot before it and the steps after it go with it. */
static bool filter_entry(struct host *host, unsigned rank, unsigned kind, uint32_t obj)
{
	struct trace_host *tr = &host->tr;
	struct trace *t = host->sim->trace;
	uint64_t *shown = &t->out[host->index].shown[tr->depth / 64], bit = 1ull << tr->depth % 64;
	if (trace_filter_match(&t->filter, host, rank, kind, obj, tr->depth)) {
		*shown |= bit;
		return true;
	}
	*shown &= ~bit;
	if (last_kind(tr) == TR_OP)
		tr->next--;
	/* what was recorded at this depth or deeper is over: later entries must not seem to be inside it */
	if (last_kind(tr) != TR_LEAVE || tr->next[-1].depth > tr->depth)
		trace_put(host, TR_LEAVE, 0, tr->depth, 0);
	return false;
}

/* An entry that is more than a record: a new time, a full buffer, a filter, costs, a fault. */
static __attribute__((noinline, cold)) void enter_slow(struct host *host, const struct trace_fn *fn,
						       unsigned kind, uint32_t obj, const void *at)
{
	struct trace_host *tr = &host->tr;
	struct sim *sim = host->sim;
	unsigned rank = rank_of(host, fn);

	SIM_BUG_ON(host, tr->depth == 0); /* wrapped */
	if (unlikely(kind >> 8 >> host->cpu.ctx & 1))
		sim_fault(sim, host, "%s entered in a context that it may not run in (%u)", fn->name,
			  host->cpu.ctx);
	kind &= 0xff;
	if (tr->recording && (!sim->trace->filter.any || filter_entry(host, rank, kind, obj)))
		trace_put(host, kind, rank, tr->depth, obj);
	if (sim->on_enter)
		sim->on_enter(sim->on_enter_arg, host, fn, kind, at);
	if (unlikely(sim->fn_cost) && sim->fn_cost[rank])
		cpu_spend(&host->cpu, sim->fn_cost[rank]);
}

void trace_enter(struct host *host, const struct trace_fn *fn, unsigned kind, uint32_t obj, const void *at)
{
	struct trace_host *tr = &host->tr;

	tr->depth++;
	if (likely(tr->next < tr->plain_end && tr->time == host->sim->now && tr->depth &&
		   !(kind >> 8 >> host->cpu.ctx & 1)))
		store(tr, kind, rank_of(host, fn), tr->depth, obj);
	else
		enter_slow(host, fn, kind, obj, at);
}

void trace_leaf(struct host *host, const struct trace_fn *fn, unsigned kind, uint32_t obj, const void *at)
{
	trace_enter(host, fn, kind, obj, at);
	host->tr.depth--;
}

void trace_step_slow(struct host *host, const struct trace_fn *fn, uint32_t obj)
{
	const struct trace *t = host->sim->trace;
	unsigned depth = host->tr.depth;
	if (!t->filter.any || (trace_filter_window(&t->filter, host) &&
			       t->out[host->index].shown[depth / 64] >> depth % 64 & 1))
		trace_put(host, TR_STEP, rank_of(host, fn), depth + 1, obj);
}

void trace_op_slow(struct host *host, const struct trace_fn *fn)
{
	trace_put(host, TR_OP, rank_of(host, fn), host->tr.depth + 1, 0);
}

void trace_value_slow(struct host *host, const struct trace_fn *fn, enum trace_subject kind, uint32_t id,
		      uint32_t value)
{
	struct trace_host *tr = &host->tr;
	const struct trace *t = host->sim->trace;
	uint64_t subject = (uint64_t)kind << 32 | id;

	if (t->filter.any && !trace_filter_window(&t->filter, host))
		return;
	if (tr->end - tr->next < 3) /* a time, a subject, a value: all in one chunk */
		flush_host(host);
	if (tr->subject != subject)
		trace_put(host, TR_SUBJECT, kind, tr->depth + 1u, id);
	tr->subject = subject;
	trace_put(host, TR_VALUE, rank_of(host, fn), tr->depth + 1u, value);
}

static uint32_t next_id(const struct host *host, uint32_t *count)
{
	*count = (*count + 1) & TRACE_ID_COUNT;
	if (unlikely(*count == 0))
		*count = 1;
	return (host->index % TRACE_MAX_HOSTS) << 22 | *count;
}

uint32_t trace_journey_new(struct host *host)
{
	return next_id(host, &host->journey_next);
}

uint32_t trace_hop_out_slow(struct host *host, enum trace_hop kind)
{
	uint32_t hop = next_id(host, &host->hop_next);
	trace_put(host, TR_HOP_OUT, kind, host->tr.depth + 1u, hop);
	return hop;
}

void trace_task_slow(struct host *host, const struct task *task, bool resumes)
{
	struct trace *t = host->sim->trace;
	struct trace_host_out *out = &t->out[host->index];
	host->tr.packet_depth = 0; /* it was another flow's */
	uint64_t bit = task->pid < TASK_BITS ? 1ull << task->pid : 0;
	if (!resumes && (!bit || !(out->tasks_defined & bit))) {
		out->tasks_defined |= bit;
		write_named(t, CHUNK_TASK, host->index, task->pid, true, task->name);
	}
	trace_put(host, TR_TASK, resumes, task->trace_depth, task->pid);
}

void trace_idle_slow(struct host *host)
{
	if (last_kind(&host->tr) != TR_IDLE)
		trace_put(host, TR_IDLE, 0, 0, 0);
}

void trace_drop(struct host *host, unsigned reason, uint32_t journey)
{
	host->sim->nr_drops++;
	if (trace_recording(host))
		trace_put(host, TR_DROP, reason, host->tr.depth + 1u, journey);
}

/* ---- strings ---- */

static void strings_grow(struct trace_strings *s)
{
	uint32_t n = s->nr_slots ? s->nr_slots * 2 : 64;
	uint32_t *slots = calloc(n, sizeof(*slots));
	if (!slots)
		return;
	for (uint32_t id = 1; id <= s->n; id++) {
		uint32_t i = (uint32_t)XXH3_64bits(s->text[id - 1], strlen(s->text[id - 1])) & (n - 1);
		while (slots[i])
			i = (i + 1) & (n - 1);
		slots[i] = id;
	}
	free(s->slots);
	s->slots = slots;
	s->nr_slots = n;
}

/* The id of a text; 0 when there is no memory. A new one is written to the file. */
static uint32_t string_id(struct host *host, const char *text)
{
	struct trace *t = host->sim->trace;
	struct trace_strings *s = &t->out[host->index].strings;
	if (s->n * 2 >= s->nr_slots)
		strings_grow(s);
	if (!s->nr_slots || s->n + 1 >= s->nr_slots)
		return 0;
	uint32_t i = (uint32_t)XXH3_64bits(text, strlen(text)) & (s->nr_slots - 1);
	while (s->slots[i]) {
		if (strcmp(s->text[s->slots[i] - 1], text) == 0)
			return s->slots[i];
		i = (i + 1) & (s->nr_slots - 1);
	}
	if (s->n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 32;
		char **grown = realloc(s->text, cap * sizeof(*grown));
		if (!grown)
			return 0;
		s->text = grown;
		s->cap = cap;
	}
	if (!(s->text[s->n] = strdup(text)))
		return 0;
	s->slots[i] = ++s->n;
	write_named(t, CHUNK_STR, host->index, s->n, true, text);
	return s->n;
}

void trace_call(struct host *host, const char *fmt, ...)
{
	char text[160];
	va_list ap;
	if (!trace_recording(host))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	trace_put(host, TR_CALL, 0, host->tr.depth + 1u, string_id(host, text));
}

void trace_ret(struct host *host, int32_t result)
{
	if (trace_recording(host))
		trace_put(host, TR_RET, 0, host->tr.depth + 1u, (uint32_t)result);
}

void trace_note(struct host *host, const char *text)
{
	if (trace_recording(host))
		trace_put(host, TR_NOTE, 0, host->tr.depth + 1u, string_id(host, text));
}

void trace_subject_name(struct host *host, enum trace_subject kind, uint32_t id, const char *fmt, ...)
{
	char text[96];
	uint32_t head[3] = { host->index, kind, id };
	va_list ap;
	if (!trace_recording(host))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	write_chunk(host->sim->trace, CHUNK_SUBJ, head, sizeof(head), text, (uint32_t)strlen(text) + 1);
}

/* ---- functions and their ranks ---- */

unsigned trace_fn_count(const struct sim *sim)
{
	(void)sim;
	return (unsigned)(__stop_wp_fn - __start_wp_fn);
}

static int fn_cmp(const struct trace_fn *a, const struct trace_fn *b)
{
	int c = strcmp(a->name, b->name);
	if (c == 0)
		c = (a->kind > b->kind) - (a->kind < b->kind);
	if (c == 0)
		c = strcmp(a->file, b->file);
	return c ? c : strcmp(a->what, b->what);
}

static int fn_ptr_cmp(const void *a, const void *b)
{
	return fn_cmp(*(const struct trace_fn *const *)a, *(const struct trace_fn *const *)b);
}

/* All descriptions in order of name; equal ones (one line expanded in several places) share a rank. */
static const struct trace_fn **sorted_fns(unsigned n)
{
	const struct trace_fn **fns = calloc(n ? n : 1, sizeof(*fns));
	if (!fns)
		return NULL;
	for (unsigned i = 0; i < n; i++)
		fns[i] = &__start_wp_fn[i];
	qsort(fns, n, sizeof(*fns), fn_ptr_cmp);
	return fns;
}

int trace_rank_init(struct sim *sim)
{
	unsigned n = trace_fn_count(sim);
	if (sim->fn_rank)
		return 0;
	const struct trace_fn **fns = sorted_fns(n);
	sim->fn_rank = calloc(n ? n : 1, sizeof(*sim->fn_rank));
	if (!fns || !sim->fn_rank) {
		free(fns);
		return -1;
	}
	unsigned rank = 0;
	for (unsigned i = 0; i < n; i++) {
		if (i > 0 && fn_cmp(fns[i - 1], fns[i]) != 0)
			rank++;
		sim->fn_rank[fns[i] - __start_wp_fn] = (uint16_t)rank;
	}
	free(fns);
	return 0;
}

const char *trace_fn_layer(const struct trace_fn *fn, char *buf, unsigned len)
{
	const char *start = fn->file;
	if (strncmp(start, "stack/", 6) == 0 && strchr(start + 6, '/'))
		start += 6;
	const char *slash = strchr(start, '/');
	snprintf(buf, len, "%.*s", slash ? (int)(slash - start) : (int)strlen(start), start);
	return buf;
}

static int write_fns(struct trace *t, const struct sim *sim)
{
	unsigned n = trace_fn_count(sim);
	const struct trace_fn **fns = sorted_fns(n);
	char *mem = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&mem, &len);
	if (!fns || !f) {
		free(fns);
		if (f)
			fclose(f);
		free(mem);
		return -1;
	}
	uint32_t count = 0;
	for (unsigned i = 0; i < n; i++) {
		if (i > 0 && fn_cmp(fns[i - 1], fns[i]) == 0)
			continue;
		uint32_t head[2] = { fns[i]->contexts, fns[i]->kind };
		fwrite(head, sizeof(head), 1, f);
		fwrite(fns[i]->name, strlen(fns[i]->name) + 1, 1, f);
		fwrite(fns[i]->file, strlen(fns[i]->file) + 1, 1, f);
		fwrite(fns[i]->what, strlen(fns[i]->what) + 1, 1, f);
		count++;
	}
	fclose(f);
	write_chunk(t, CHUNK_FNS, &count, 4, mem, (uint32_t)len);
	free(mem);
	free(fns);
	return 0;
}

static void write_drops(struct trace *t, const char *(*text)(unsigned nr))
{
	char *mem = NULL;
	size_t len = 0;
	FILE *f = text ? open_memstream(&mem, &len) : NULL;
	uint32_t count = 0;
	if (!f)
		return;
	for (uint32_t nr = 0; nr < 256; nr++) {
		const char *s = text(nr);
		if (!s)
			continue;
		fwrite(&nr, sizeof(nr), 1, f);
		fwrite(s, strlen(s) + 1, 1, f);
		count++;
	}
	fclose(f);
	write_chunk(t, CHUNK_DROP, &count, 4, mem, (uint32_t)len);
	free(mem);
}

/* ---- the whole run ---- */

int trace_start(struct sim *sim, const struct trace_options *opt, char *err, unsigned errlen)
{
	struct trace *t = calloc(1, sizeof(*t));
	if (!t || trace_rank_init(sim) < 0) {
		free(t);
		snprintf(err, errlen, "no memory for the trace");
		return -1;
	}
	t->fd = -1;
	if (trace_filter_init(&t->filter, sim, opt->filter, err, errlen) < 0)
		goto fail;
	if (opt->path) {
		t->fd = open(opt->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (t->fd < 0) {
			snprintf(err, errlen, "cannot write %s: %s", opt->path, strerror(errno));
			goto fail;
		}
		struct trace_file_header h = { TRACE_MAGIC, TRACE_VERSION, t->filter.any };
		struct iovec iov = { &h, sizeof(h) };
		write_all(t, &iov, 1);
		write_fns(t, sim);
		write_drops(t, opt->drop_text);
	}
	sim->trace = t;
	return 0;
fail:
	trace_filter_free(&t->filter);
	free(t);
	return -1;
}

/* The host's place in the file and its digest. */
static bool add_out(struct trace *t, const struct host *host)
{
	XXH3_state_t *hash = XXH3_createState();
	uint32_t n = host->index < t->nr_out ? t->nr_out : host->index + 1;
	struct trace_host_out *grown = hash ? realloc(t->out, n * sizeof(*grown)) : NULL;
	if (!grown) {
		XXH3_freeState(hash);
		return false;
	}
	memset(grown + t->nr_out, 0, (n - t->nr_out) * sizeof(*grown));
	t->out = grown;
	t->nr_out = n;
	XXH3_freeState(t->out[host->index].hash); /* of a host that has gone */
	memset(&t->out[host->index], 0, sizeof(*t->out));
	t->out[host->index].hash = hash;
	XXH3_64bits_reset(hash);
	return true;
}

static int begin(struct host *host, enum trace_chunk_type type)
{
	struct sim *sim = host->sim;
	struct trace *t = sim->trace;
	bool recording = trace_filter_host(&t->filter, host->name);
	if (recording && !(host->tr.buf = malloc(TRACE_CHUNK * sizeof(*host->tr.buf))))
		return -1;
	if (!add_out(t, host))
		return -1;
	write_named(t, type, host->index, 0, false, host->name);
	if (!recording)
		return 0;
	host->tr.active = host->tr.recording = true;
	host->tr.subject = UINT64_MAX;
	host->tr.next = host->tr.buf;
	host->tr.end = host->tr.buf + TRACE_CHUNK;
	if (!t->filter.any && !sim->fn_cost && !sim->on_enter)
		host->tr.plain_end = host->tr.end;
	return 0;
}

int trace_host_init(struct host *host)
{
	host->tr.active = host->sim->fn_cost || host->sim->on_enter;
	return host->sim->trace ? begin(host, CHUNK_HOST) : 0;
}

int trace_stand_in_new(struct sim *sim, const char *name, struct host **stand_in)
{
	struct host *host = sim->trace ? calloc(1, sizeof(*host)) : NULL;
	*stand_in = host;
	if (!host)
		return sim->trace ? -1 : 0;
	host->host = host;
	host->sim = sim;
	host->name = name;
	host->index = TRACE_MAX_HOSTS - ++sim->trace->nr_stand_ins;
	if (begin(host, CHUNK_SWITCH) < 0) {
		trace_stand_in_free(host);
		*stand_in = NULL;
		return -1;
	}
	sim->trace->out[host->index].stand_in = host;
	return 0;
}

void trace_stand_in_free(struct host *stand_in)
{
	if (!stand_in)
		return;
	struct trace *t = stand_in->sim->trace;
	if (t && stand_in->index < t->nr_out)
		t->out[stand_in->index].stand_in = NULL;
	free(stand_in->tr.buf);
	free(stand_in);
}

bool trace_full(const struct sim *sim)
{
	return sim->trace && sim->nr_hosts + sim->trace->nr_stand_ins >= TRACE_MAX_HOSTS;
}

int trace_finish(struct sim *sim, char *err, unsigned errlen)
{
	struct trace *t = sim->trace;
	XXH3_state_t *all;
	if (!t || !(all = XXH3_createState()))
		return 0;
	XXH3_64bits_reset(all);
	for (uint32_t i = 0; i < t->nr_out; i++) {
		struct host *host = i < sim->nr_hosts ? sim->hosts[i] : t->out[i].stand_in;
		if (host && host->tr.buf) {
			flush_host(host);
			free(host->tr.buf);
			host->tr.buf = host->tr.next = host->tr.end = host->tr.plain_end = NULL;
			host->tr.recording = false;
			host->tr.active = sim->fn_cost || sim->on_enter;
		}
		uint64_t h = t->out[i].hash ? XXH3_64bits_digest(t->out[i].hash) : 0;
		XXH3_64bits_update(all, &h, sizeof(h));
	}
	t->digest = XXH3_64bits_digest(all);
	XXH3_freeState(all);
	uint64_t end[2] = { t->nr_records, t->digest };
	write_chunk(t, CHUNK_END, end, sizeof(end), NULL, 0);
	if (t->fd >= 0 && close(t->fd) < 0 && !t->error)
		t->error = errno;
	t->fd = -1;
	if (t->error) {
		snprintf(err, errlen, "the trace could not be written whole: %s", strerror(t->error));
		return -1;
	}
	return 0;
}

void trace_free(struct sim *sim)
{
	struct trace *t = sim->trace;
	if (!t)
		return;
	for (uint32_t i = 0; i < t->nr_out; i++) {
		struct trace_strings *s = &t->out[i].strings;
		for (uint32_t k = 0; k < s->n; k++)
			free(s->text[k]);
		free(s->text);
		free(s->slots);
		XXH3_freeState(t->out[i].hash);
	}
	free(t->out);
	trace_filter_free(&t->filter);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
	sim->trace = NULL;
}

const char *trace_unused_host(const struct sim *sim)
{
	return sim->trace ? trace_filter_unused_host(&sim->trace->filter) : NULL;
}

uint64_t trace_digest(const struct sim *sim)
{
	return sim->trace ? sim->trace->digest : 0;
}

uint64_t trace_count(const struct sim *sim)
{
	return sim->trace ? sim->trace->nr_records : 0;
}
