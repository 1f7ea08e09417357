/* Puts the report together: the page around the run's data, packed. */
#include "viz/report.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#include "core/trace_format.h"
#include "viz/capture_read.h"
#include "viz/errno_name.h"
#include "viz/report_events.h"
#include "viz/report_page.h"

#define ERRORS_MAX 133	      /* EHWPOISON */
#define OUTPUT_MAX (1u << 20) /* of a program's output, bytes in the report */

enum {
	FRAME_DAMAGED = 1,
	FRAME_PART = 2
}; /* of a frame in FRM: damaged on the way; only its first bytes are known */

/* What is packed: sections like the chunks of a trace file. */
struct pack {
	uint8_t *data;
	size_t n, cap, section;
	bool failed;
};

/* Room for `len` more bytes, which are zeros; NULL: no memory. */
static void *pack_room(struct pack *p, size_t len)
{
	if (p->failed)
		return NULL;
	if (p->n + len > p->cap) {
		size_t cap = p->cap ? p->cap : 1u << 20;
		while (cap < p->n + len)
			cap *= 2;
		uint8_t *grown = realloc(p->data, cap);
		if (!grown) {
			p->failed = true;
			return NULL;
		}
		p->data = grown;
		p->cap = cap;
	}
	void *at = p->data + p->n;
	memset(at, 0, len);
	p->n += len;
	return at;
}

static void put_bytes(struct pack *p, const void *data, size_t len)
{
	void *at = pack_room(p, len);
	if (at && len)
		memcpy(at, data, len);
}

static void put_u32(struct pack *p, uint32_t v)
{
	put_bytes(p, &v, 4);
}

static void put_text(struct pack *p, const char *s)
{
	put_bytes(p, s, strlen(s) + 1);
}

static void section_begin(struct pack *p, const char *tag)
{
	put_bytes(p, tag, 4);
	put_u32(p, 0);
	p->section = p->n;
}

static void section_end(struct pack *p)
{
	uint32_t len = (uint32_t)(p->n - p->section);
	if (p->failed || p->n - p->section > UINT32_MAX) {
		p->failed = true;
		return;
	}
	memcpy(p->data + p->section - 4, &len, 4);
	pack_room(p, -p->n & 7);
}

/* ---- names ---- */

static void put_names(struct pack *p, const struct viz_trace *t)
{
	section_begin(p, "FNS ");
	put_u32(p, t->nr_fns);
	for (uint32_t i = 0; i < t->nr_fns; i++) {
		put_u32(p, t->fns[i].kind);
		put_text(p, t->fns[i].name);
		put_text(p, t->fns[i].file);
		put_text(p, t->fns[i].what);
	}
	section_end(p);
	section_begin(p, "DROP");
	for (uint32_t i = 0; i < t->drops.n; i++)
		if (t->drops.text[i]) {
			put_u32(p, i);
			put_text(p, t->drops.text[i]);
		}
	section_end(p);
	section_begin(p, "ERR ");
	for (int nr = 1; nr <= ERRORS_MAX; nr++)
		if (viz_errno_name(nr)) {
			put_u32(p, (uint32_t)nr);
			put_text(p, viz_errno_name(nr));
		}
	section_end(p);
	for (uint32_t h = 0; h < t->nr_hosts; h++) {
		const struct viz_host *host = &t->hosts[h];
		if (!host->name)
			continue;
		section_begin(p, "HOST");
		put_u32(p, h);
		put_text(p, host->name);
		for (uint32_t i = 0; i < host->strings.n; i++)
			if (host->strings.text[i]) {
				put_u32(p, i);
				put_text(p, host->strings.text[i]);
			}
		section_end(p);
		section_begin(p, "SUBJ");
		put_u32(p, h);
		for (uint32_t i = 0; i < host->nr_subjects; i++) {
			put_u32(p, host->subjects[i].kind);
			put_u32(p, host->subjects[i].id);
			put_text(p, host->subjects[i].name);
		}
		section_end(p);
	}
}

static void put_lanes(struct pack *p, const struct viz_trace *t, const struct report_events *e)
{
	section_begin(p, "LANE");
	put_u32(p, e->nr_lanes);
	for (uint32_t i = 0; i < e->nr_lanes; i++) {
		const struct report_lane *l = &e->lanes[i];
		put_u32(p, l->host);
		put_u32(p, l->kind);
		put_u32(p, l->pid);
		put_text(p, l->kind == LANE_TASK ? viz_string(&t->hosts[l->host].tasks, l->pid) : "");
	}
	section_end(p);
}

/* ---- events ---- */

/* Columns, the widest first; in place of a call's end its distance, which packs better. */
static void put_events(struct pack *p, const struct report_events *e)
{
	size_t n = e->n;
	section_begin(p, "EVT ");
	put_u32(p, e->n);
	put_u32(p, 0);
	uint8_t *at = pack_room(p, n * 16);
	uint32_t *obj = (uint32_t *)at, *span = obj + n;
	for (uint32_t h = 0; at && h < e->nr_hosts; h++)
		for (uint32_t i = 0; i < e->hosts[h].n; i++) {
			const struct report_event *ev = &e->hosts[h].events[i];
			size_t place = e->hosts[h].place[i];
			uint16_t *fn = (uint16_t *)(span + n), *op = fn + n, *lane = op + n;
			uint8_t *row = (uint8_t *)(lane + n), *kind = row + n;
			obj[place] = ev->obj;
			span[place] = ev->end ? ev->end - (uint32_t)place : 0;
			fn[place] = ev->fn;
			op[place] = ev->op;
			lane[place] = ev->lane;
			row[place] = ev->row;
			kind[place] = ev->kind;
		}
	section_end(p);
}

/* How many of a host's values from i on are of one series. */
static uint32_t series_len(const struct report_host *h, uint32_t i)
{
	uint32_t n = 1;
	const struct report_value *v = &h->values[i];
	while (i + n < h->nr_values && v[n].kind == v->kind && v[n].id == v->id && v[n].fn == v->fn)
		n++;
	return n;
}

/* Values: of each series whose and what it is, then the places where it changes, then what to. */
static void put_values(struct pack *p, const struct report_events *e)
{
	section_begin(p, "VAL ");
	for (uint32_t h = 0; h < e->nr_hosts; h++) {
		const struct report_host *host = &e->hosts[h];
		for (uint32_t i = 0, n; i < host->nr_values; i += n) {
			const struct report_value *v = &host->values[i];
			n = series_len(host, i);
			const uint32_t head[] = { h, v->kind, v->id, v->fn, n };
			put_bytes(p, head, sizeof(head));
			for (uint32_t k = 0; k < n; k++)
				put_u32(p, host->place[v[k].index]);
			for (uint32_t k = 0; k < n; k++)
				put_u32(p, v[k].value);
		}
	}
	section_end(p);
}

/* The times of all events, by place; NULL: no memory. The one after the last is the end of the run. */
static uint64_t *times_of(const struct report_events *e)
{
	uint64_t *times = malloc(((size_t)e->n + 1) * sizeof(*times)), end = 0;
	for (uint32_t h = 0; times && h < e->nr_hosts; h++)
		for (uint32_t i = 0; i < e->hosts[h].n; i++) {
			uint64_t time = e->hosts[h].events[i].time;
			times[e->hosts[h].place[i]] = time;
			end = time > end ? time : end;
		}
	if (times)
		times[e->n] = end;
	return times;
}

/* The places where the time changes, and what it is from there on: places, low halves, high halves. */
static void put_times(struct pack *p, const struct report_events *e)
{
	uint64_t *times = times_of(e);
	uint32_t n = 0;
	if (!times) {
		p->failed = true;
		return;
	}
	section_begin(p, "TIME");
	for (uint32_t i = 0; i <= e->n; i++)
		n += i == 0 || times[i] != times[i - 1];
	put_u32(p, n);
	put_u32(p, 0);
	uint32_t *places = pack_room(p, (size_t)n * 12), *lows = places + n, *highs = lows + n, k = 0;
	for (uint32_t i = 0; places && i <= e->n; i++)
		if (i == 0 || times[i] != times[i - 1]) {
			places[k] = i;
			lows[k] = (uint32_t)times[i];
			highs[k++] = (uint32_t)(times[i] >> 32);
		}
	section_end(p);
	free(times);
}

/* Of sent frames how long the first bit waited, and how long it took from the first to the last. */
static void put_wires(struct pack *p, const struct report_events *e)
{
	section_begin(p, "WIRE");
	for (uint32_t h = 0; h < e->nr_hosts; h++)
		for (uint32_t i = 0; i < e->hosts[h].nr_wires; i++) {
			const struct report_wire *w = &e->hosts[h].wires[i];
			uint64_t sent = e->hosts[h].events[w->index].time;
			uint64_t from = w->from > sent ? w->from : sent,
				 left = w->left > from ? w->left : from;
			put_u32(p, e->hosts[h].place[w->index]);
			put_u32(p, from - sent < UINT32_MAX ? (uint32_t)(from - sent) : UINT32_MAX);
			put_u32(p, left - from < UINT32_MAX ? (uint32_t)(left - from) : UINT32_MAX);
		}
	section_end(p);
}

/* ---- frames ---- */

/* Frames of the captures, each with the place of its event; bytes that were there before are not repeated. */
struct frames {
	struct pack bytes, table;
	const struct viz_trace *t;
	const struct report_events *e;
	struct viz_captures *captures;
	struct slot {
		uint64_t hash;
		uint32_t offset, len;
	} * slots; /* open addressing; len 0: free */
	uint32_t nr_slots, n;
};

static uint32_t keep_bytes(struct frames *f, const uint8_t *bytes, uint32_t len)
{
	uint64_t hash = XXH3_64bits(bytes, len);
	uint32_t i = (uint32_t)hash & (f->nr_slots - 1);
	for (; f->slots[i].len; i = (i + 1) & (f->nr_slots - 1))
		if (f->slots[i].hash == hash && f->slots[i].len == len &&
		    memcmp(f->bytes.data + f->slots[i].offset, bytes, len) == 0)
			return f->slots[i].offset;
	f->slots[i] = (struct slot){ hash, (uint32_t)f->bytes.n, len };
	put_bytes(&f->bytes, bytes, len);
	return f->slots[i].offset;
}

/* Looks up the frame of an RE_TX or RE_RX: as it was captured, else what the trace keeps of it (`head`, or
 * NULL). */
static void put_frame(struct frames *f, uint32_t host, uint32_t i, const struct report_head *head)
{
	const struct report_event *ev = &f->e->hosts[host].events[i];
	char buf[32];
	const char *card = viz_subject_name(&f->t->hosts[host], SUBJECT_CARD, ev->op, buf, sizeof(buf));
	const struct viz_frame *frame = viz_captures_take(f->captures, host, (ev->kind & RE_KIND) == RE_TX,
							  ev->time, ev->fn, card == buf ? NULL : card);
	const uint8_t *bytes = frame ? frame->data : head ? head->bytes : NULL;
	uint32_t len = frame ? frame->len : head ? head->n : 0;
	if (!len)
		return;
	put_u32(&f->table, f->e->hosts[host].place[i]);
	put_u32(&f->table, keep_bytes(f, bytes, len));
	put_u32(&f->table, len);
	put_u32(&f->table, frame && frame->damaged ? FRAME_DAMAGED : len < ev->fn ? FRAME_PART : 0);
	f->n++;
}

static void put_frames(struct pack *p, const struct viz_trace *t, const struct report_events *e,
		       struct viz_captures *captures)
{
	struct frames f = { .t = t, .e = e, .captures = captures, .nr_slots = 64 };
	uint32_t most = captures->n;
	for (uint32_t h = 0; h < e->nr_hosts; h++)
		most += e->hosts[h].nr_heads;
	while (f.nr_slots < most * 2)
		f.nr_slots *= 2;
	f.slots = calloc(f.nr_slots, sizeof(*f.slots));
	for (uint32_t h = 0; f.slots && h < e->nr_hosts; h++) {
		const struct report_head *head = e->hosts[h].heads;
		const struct report_head *end = head ? head + e->hosts[h].nr_heads : NULL;
		for (uint32_t i = 0; i < e->hosts[h].n && !f.bytes.failed; i++) {
			unsigned kind = e->hosts[h].events[i].kind & RE_KIND;
			bool has_head = head != end && head->index == i;
			if (kind == RE_TX || kind == RE_RX)
				put_frame(&f, h, i, has_head ? head : NULL);
			if (has_head)
				head++;
		}
	}
	p->failed |= !f.slots || f.table.failed || f.bytes.failed;
	section_begin(p, "FRM ");
	put_u32(p, f.n);
	put_bytes(p, f.table.data, f.table.n);
	section_end(p);
	section_begin(p, "BYTE");
	put_bytes(p, f.bytes.data, f.bytes.n);
	section_end(p);
	free(f.slots);
	free(f.bytes.data);
	free(f.table.data);
}

/* ---- files of the run folder ---- */

/* A section with the file's name and its first bytes; false when it cannot be read. */
static bool put_file(struct pack *p, const char *tag, const char *dir, const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	section_begin(p, tag);
	put_text(p, name);
	uint8_t *at = pack_room(p, OUTPUT_MAX);
	size_t n = at ? fread(at, 1, OUTPUT_MAX, f) : 0;
	p->n -= at ? OUTPUT_MAX - n : 0;
	section_end(p);
	fclose(f);
	return true;
}

static int is_output(const struct dirent *e)
{
	size_t n = strlen(e->d_name);
	return n > 4 && strcmp(e->d_name + n - 4, ".out") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void put_files(struct pack *p, const char *dir)
{
	struct dirent **names;
	put_file(p, "RUN ", dir, "manifest.json"); /* a run that was killed has none */
	int n = scandir(dir, &names, is_output, by_name);
	for (int i = 0; i < n; i++) {
		put_file(p, "OUT ", dir, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* ---- the page ---- */

static void write_base64(const uint8_t *data, size_t len, FILE *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char line[77];
	for (size_t at = 0; at < len;) {
		unsigned k = 0;
		for (; k < 76 && at < len; at += 3, k += 4) {
			size_t left = len - at;
			uint32_t v = (uint32_t)data[at] << 16 | (left > 1 ? (uint32_t)data[at + 1] << 8 : 0) |
				     (left > 2 ? data[at + 2] : 0);
			line[k] = digits[v >> 18];
			line[k + 1] = digits[v >> 12 & 63];
			line[k + 2] = left > 1 ? digits[v >> 6 & 63] : '=';
			line[k + 3] = left > 2 ? digits[v & 63] : '=';
		}
		line[k] = '\n';
		fwrite(line, 1, k + 1, out);
	}
}

/* The page's template, with each mark "@NAME@" of a line of its own replaced by what it names. */
static void write_page(const uint8_t *packed, size_t len, FILE *out)
{
	const char *at = viz_report_html, *mark;
	while ((mark = strstr(at, "\n@"))) {
		fwrite(at, 1, (size_t)(mark + 1 - at), out);
		at = strchr(mark + 1, '\n');
		if (strncmp(mark, "\n@STYLE@", 8) == 0)
			fputs(viz_report_css, out);
		else if (strncmp(mark, "\n@DATA@", 7) == 0)
			write_base64(packed, len, out);
		else
			fputs(viz_report_js, out);
		at++;
	}
	fputs(at, out);
}

static int write_packed(const struct pack *p, FILE *out)
{
	uLongf len = compressBound(p->n);
	uint8_t *packed = p->failed ? NULL : malloc(len);
	bool ok = packed && compress2(packed, &len, p->data, p->n, 6) == Z_OK;
	if (ok)
		write_page(packed, len, out);
	free(packed);
	return ok ? 0 : -1;
}

int viz_report(const struct viz_trace *t, const char *dir, FILE *out, char *note, unsigned notelen, char *err,
	       unsigned errlen)
{
	struct report_events e;
	struct viz_captures captures;
	struct pack p = { 0 };
	uint32_t flags[3] = { t->truncated, t->filtered };
	if (viz_captures_open(&captures, t, dir, err, errlen) < 0)
		return -1;
	if (report_events_collect(&e, t) < 0) {
		viz_captures_close(&captures);
		snprintf(err, errlen, "no memory");
		return -1;
	}
	flags[2] = captures.n > 0;
	section_begin(&p, "META");
	put_bytes(&p, flags, sizeof(flags));
	section_end(&p);
	put_files(&p, dir);
	put_names(&p, t);
	put_lanes(&p, t, &e);
	put_events(&p, &e);
	put_times(&p, &e);
	put_values(&p, &e);
	put_wires(&p, &e);
	put_frames(&p, t, &e, &captures);
	int r = write_packed(&p, out);
	if (r < 0)
		snprintf(err, errlen, "no memory");
	snprintf(note, notelen, "%s",
		 captures.truncated ? "a capture was cut off; frames before the cut are shown"
		 : captures.n	    ? ""
			      : "the run has no captures: run it with --pcap to see the frames' payload");
	free(p.data);
	report_events_free(&e);
	viz_captures_close(&captures);
	return r;
}
