/* Reads a trace file. */
#include "viz/trace_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/trace_format.h"
#include "viz/array.h"

#define MAX_STRINGS (1u << 24)

/* A payload being taken apart; `ok` turns false when it ends too early. */
struct cursor {
	const uint8_t *p, *end;
	bool ok;
};

static uint32_t take_u32(struct cursor *c)
{
	uint32_t v = 0;
	if (c->end - c->p < 4)
		c->ok = false;
	else
		memcpy(&v, c->p, 4);
	c->p += c->ok ? 4 : 0;
	return v;
}

static uint64_t take_u64(struct cursor *c)
{
	uint64_t lo = take_u32(c);
	return lo | (uint64_t)take_u32(c) << 32;
}

static const char *take_str(struct cursor *c)
{
	const void *nul = memchr(c->p, 0, (size_t)(c->end - c->p));
	const char *s = (const char *)c->p;
	if (!nul) {
		c->ok = false;
		return "";
	}
	c->p = (const uint8_t *)nul + 1;
	return s;
}

static bool strings_set(struct viz_strings *s, uint32_t id, const char *text)
{
	if (id >= MAX_STRINGS || !array_reach((void **)&s->text, &s->n, id, sizeof(*s->text)))
		return false;
	s->text[id] = text;
	return true;
}

static struct viz_host *host_at(struct viz_trace *t, uint32_t i)
{
	return i < t->nr_hosts && t->hosts[i].name ? &t->hosts[i] : NULL;
}

static bool read_fns(struct viz_trace *t, struct cursor *c)
{
	uint32_t n = take_u32(c);
	if (n > UINT16_MAX + 1u || t->fns)
		return false;
	t->fns = calloc(n ? n : 1, sizeof(*t->fns));
	if (!t->fns)
		return false;
	for (t->nr_fns = 0; t->nr_fns < n && c->ok; t->nr_fns++) {
		struct viz_fn *fn = &t->fns[t->nr_fns];
		fn->contexts = take_u32(c);
		fn->kind = take_u32(c);
		fn->name = take_str(c);
		fn->file = take_str(c);
		fn->what = take_str(c);
	}
	return c->ok;
}

static bool read_drops(struct viz_trace *t, struct cursor *c)
{
	for (uint32_t n = take_u32(c); n > 0 && c->ok; n--) {
		uint32_t nr = take_u32(c);
		if (nr > UINT16_MAX || !strings_set(&t->drops, nr, take_str(c)))
			return false;
	}
	return c->ok;
}

static bool read_host(struct viz_trace *t, struct cursor *c, bool is_switch)
{
	uint32_t i = take_u32(c);
	const char *name = take_str(c);
	uint32_t n = t->nr_hosts;
	if (!c->ok || i >= TRACE_MAX_HOSTS || !array_reach((void **)&t->hosts, &n, i, sizeof(*t->hosts)))
		return false;
	t->nr_hosts = n;
	t->hosts[i].name = name;
	t->hosts[i].is_switch = is_switch;
	return true;
}

static bool read_named(struct viz_trace *t, struct cursor *c, bool task)
{
	struct viz_host *h = host_at(t, take_u32(c));
	uint32_t id = take_u32(c);
	/* numbers are given out in a row, and each is defined: a small file has no large ones */
	return h && c->ok && id < t->size / 8 + 65536 &&
	       strings_set(task ? &h->tasks : &h->strings, id, take_str(c)) && c->ok;
}

static bool read_subject(struct viz_trace *t, struct cursor *c)
{
	struct viz_host *h = host_at(t, take_u32(c));
	struct viz_subject s = { .kind = take_u32(c), .id = take_u32(c) };
	s.name = take_str(c);
	if (!h || !c->ok || s.kind >= SUBJECT_KINDS ||
	    !array_reach((void **)&h->subjects, &h->cap_subjects, h->nr_subjects, sizeof(s)))
		return false;
	h->subjects[h->nr_subjects++] = s;
	return true;
}

/* By kind and id, and those of the same by their place in the file. */
static int subject_cmp(const void *a, const void *b)
{
	const struct viz_subject *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

/* Sorts a host's subjects; of several names of one the last stays. */
static void sort_subjects(struct viz_host *h)
{
	uint32_t n = 0;
	if (h->nr_subjects)
		qsort(h->subjects, h->nr_subjects, sizeof(*h->subjects), subject_cmp);
	for (uint32_t i = 0; i < h->nr_subjects; i++) {
		const struct viz_subject *s = &h->subjects[i];
		if (n > 0 && h->subjects[n - 1].kind == s->kind && h->subjects[n - 1].id == s->id)
			n--;
		h->subjects[n++] = *s;
	}
	h->nr_subjects = n;
}

/* The function that a record names is in the table, and of the kind that the record is about. */
static bool names_good_fn(const struct viz_trace *t, const struct trace_rec *r)
{
	if (r->kind == TR_VALUE)
		return r->fn < t->nr_fns && t->fns[r->fn].kind == TRACE_FN_VALUE;
	return r->kind > TR_OP || (r->fn < t->nr_fns && r->depth > 0);
}

/* Every record is of a kind that is known; the function that it names is in the table, at a depth from 1. */
static bool records_good(const struct viz_trace *t, const struct viz_chunk *chunk)
{
	for (uint32_t i = 0; i < chunk->n; i++) {
		const struct trace_rec *r = &chunk->rec[i];
		if (r->kind >= TR_KINDS || !names_good_fn(t, r) ||
		    (r->kind == TR_SUBJECT && r->fn >= SUBJECT_KINDS))
			return false;
	}
	return true;
}

static bool read_records(struct viz_trace *t, struct cursor *c)
{
	struct viz_host *h = host_at(t, take_u32(c));
	struct viz_chunk chunk = { .n = take_u32(c) };
	chunk.time = take_u64(c);
	if (!h || !c->ok || (uint64_t)(c->end - c->p) != (uint64_t)chunk.n * sizeof(*chunk.rec) ||
	    !array_reach((void **)&h->chunks, &h->cap_chunks, h->nr_chunks, sizeof(*h->chunks)))
		return false;
	chunk.rec = (const struct trace_rec *)c->p;
	if (!records_good(t, &chunk))
		return false;
	h->chunks[h->nr_chunks++] = chunk;
	h->nr_records += chunk.n;
	return true;
}

static bool read_chunk(struct viz_trace *t, uint32_t type, struct cursor *c)
{
	switch (type) {
	case CHUNK_FNS:
		return read_fns(t, c);
	case CHUNK_DROP:
		return read_drops(t, c);
	case CHUNK_HOST:
	case CHUNK_SWITCH:
		return read_host(t, c, type == CHUNK_SWITCH);
	case CHUNK_TASK:
		return read_named(t, c, true);
	case CHUNK_STR:
		return read_named(t, c, false);
	case CHUNK_SUBJ:
		return read_subject(t, c);
	case CHUNK_REC:
		return read_records(t, c);
	case CHUNK_END:
		t->nr_records = take_u64(c);
		t->digest = take_u64(c);
		t->truncated = false;
		return c->ok;
	default:
		return false;
	}
}

static int map_file(struct viz_trace *t, const char *path, char *err, unsigned errlen)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		snprintf(err, errlen, "cannot read %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	t->size = (size_t)st.st_size;
	t->map = t->size ? mmap(NULL, t->size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	close(fd);
	if (t->map == MAP_FAILED || !t->map) {
		t->map = NULL;
		snprintf(err, errlen, "%s: %s", path, t->size ? strerror(errno) : "is empty");
		return -1;
	}
	return 0;
}

int viz_trace_open(struct viz_trace *t, const char *path, char *err, unsigned errlen)
{
	struct trace_file_header h;
	memset(t, 0, sizeof(*t));
	if (map_file(t, path, err, errlen) < 0)
		return -1;
	if (t->size < sizeof(h) || memcmp(t->map, TRACE_MAGIC, sizeof(TRACE_MAGIC)) != 0) {
		snprintf(err, errlen, "%s is not a wirepath trace", path);
		goto fail;
	}
	memcpy(&h, t->map, sizeof(h));
	if (h.version != TRACE_VERSION) {
		snprintf(err, errlen,
			 "%s has trace version %u, this program reads version %u: run the scenario again",
			 path, h.version, TRACE_VERSION);
		goto fail;
	}
	t->filtered = h.filtered;
	t->truncated = true;
	for (size_t at = sizeof(h); t->size - at >= sizeof(struct trace_chunk);) {
		struct trace_chunk ch;
		memcpy(&ch, t->map + at, sizeof(ch));
		const uint8_t *payload = t->map + at + sizeof(ch);
		uint64_t whole = ((uint64_t)ch.len + 7) & ~7ull;
		if (whole > t->size - at - sizeof(ch))
			break; /* cut off */
		struct cursor c = { payload, payload + ch.len, true };
		if (!read_chunk(t, ch.type, &c)) {
			snprintf(err, errlen, "%s is damaged at byte %zu", path, at);
			goto fail;
		}
		at += sizeof(ch) + whole;
	}
	for (uint32_t i = 0; i < t->nr_hosts; i++)
		sort_subjects(&t->hosts[i]);
	return 0;
fail:
	viz_trace_close(t);
	return -1;
}

void viz_trace_close(struct viz_trace *t)
{
	for (uint32_t i = 0; i < t->nr_hosts; i++) {
		free(t->hosts[i].chunks);
		free(t->hosts[i].strings.text);
		free(t->hosts[i].tasks.text);
		free(t->hosts[i].subjects);
	}
	free(t->hosts);
	free(t->fns);
	free(t->drops.text);
	if (t->map)
		munmap(t->map, t->size);
	memset(t, 0, sizeof(*t));
}

int viz_run_open(struct viz_trace *t, const char *dir, char *err, unsigned errlen)
{
	char path[4096];
	struct stat st;
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		snprintf(err, errlen, "%s is not a run folder: %s", dir,
			 errno ? strerror(errno) : "no folder");
		return -1;
	}
	snprintf(path, sizeof(path), "%s/trace.wpt", dir);
	if (access(path, F_OK) < 0) {
		snprintf(err, errlen, "%s holds no trace: run the scenario without --no-trace", dir);
		return -1;
	}
	return viz_trace_open(t, path, err, errlen);
}

const char *viz_fn_name(const struct viz_trace *t, unsigned rank)
{
	return rank < t->nr_fns ? t->fns[rank].name : "?";
}

const char *viz_string(const struct viz_strings *s, uint32_t id)
{
	return id < s->n && s->text[id] ? s->text[id] : "?";
}

const char *viz_subject_name(const struct viz_host *h, unsigned kind, uint32_t id, char *buf, unsigned len)
{
	static const char *const words[SUBJECT_KINDS] = { "host", "socket", "neighbour", "device", "card" };
	uint32_t lo = 0, hi = h->nr_subjects;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct viz_subject *s = &h->subjects[mid];
		if (s->kind < kind || (s->kind == kind && s->id < id))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < h->nr_subjects && h->subjects[lo].kind == kind && h->subjects[lo].id == id)
		return h->subjects[lo].name;
	if (kind == SUBJECT_HOST)
		return h->name;
	snprintf(buf, len, "%s %u", kind < SUBJECT_KINDS ? words[kind] : "?", id);
	return buf;
}

int viz_host_index(const struct viz_trace *t, const char *name)
{
	for (uint32_t i = 0; i < t->nr_hosts; i++)
		if (t->hosts[i].name && strcmp(t->hosts[i].name, name) == 0)
			return (int)i;
	return -1;
}
