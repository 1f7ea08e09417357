/*
 * `export --format pcapng`: merges the captures of a run, one interface per file. Packets at the same time
 * come in order of file name; a file that is cut off counts up to the cut. From the trace, where there is
 * one, each packet gets a comment (what sent or took it, why it was dropped) and the process.
 */
#include "viz/passage.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SHB 0x0a0d0d0au
#define BLOCK_IDB 1u
#define BLOCK_EPB 6u
#define BLOCK_MAX (1u << 20)
#define COMMENT_MAX 600u

enum option {
	OPT_END = 0,
	OPT_COMMENT = 1,
	IF_NAME = 2,
	IF_DESCRIPTION = 3,
	EPB_FLAGS = 2,
	EPB_PACKETID = 5,
	EPB_PROCESSID_THREADID = 8
};

struct input {
	char *path;
	FILE *f;
	uint8_t *block; /* the packet that is next, NULL at the end */
	uint32_t len;
	uint64_t time;
	uint32_t first_if, nr_ifs; /* of its interfaces in the output */
	bool cut;
	uint32_t host; /* whose it is, NO_HOST: not known */
};

#define NO_HOST UINT32_MAX

struct merge {
	const struct viz_export *x;
	struct viz_passages *passages; /* by host; NULL without a trace */
	struct input *in;
	unsigned n;
	FILE *out;
	uint32_t nr_ifs;
	bool no_memory;
	char *err;
	unsigned errlen;
};

static int fail(struct merge *m, const char *what, const char *path)
{
	snprintf(m->err, m->errlen, "%s %s: %s", what, path,
		 errno ? strerror(errno) : "not a capture of wirepath");
	return -1;
}

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return v;
}

/* The next block of a file: 1, 0 at the end (or a cut), -1 when it is damaged. */
static int read_block(struct input *in, uint8_t **block, uint32_t *len)
{
	uint8_t head[8];
	size_t n = fread(head, 1, 8, in->f);
	if (n != 8) {
		in->cut = n != 0;
		return 0;
	}
	*len = u32_at(head + 4);
	if (*len < 12 || *len % 4 || *len > BLOCK_MAX || !(*block = malloc(*len)))
		return -1;
	memcpy(*block, head, 8);
	if (fread(*block + 8, 1, *len - 8, in->f) != *len - 8) {
		free(*block);
		in->cut = true;
		return 0;
	}
	return 1;
}

static void put(struct merge *m, const void *block, uint32_t len)
{
	fwrite(block, 1, len, m->out);
}

/* ---- options ---- */

/* The option `code` among those from `p` on, or NULL; its length in *n. */
static const uint8_t *find_option(const uint8_t *p, const uint8_t *end, unsigned code, uint32_t *n)
{
	while (end - p >= 4) {
		unsigned got = p[0] | p[1] << 8;
		*n = p[2] | (uint32_t)p[3] << 8;
		if (got == OPT_END || *n > (size_t)(end - p) - 4)
			break;
		if (got == code)
			return p + 4;
		p += 4 + ((*n + 3) & ~3u);
		if (p > end)
			break;
	}
	return NULL;
}

static uint32_t put_option(uint8_t *to, unsigned code, const void *data, uint32_t n)
{
	const uint8_t head[4] = { (uint8_t)code, 0, (uint8_t)n, (uint8_t)(n >> 8) };
	memcpy(to, head, 4);
	memcpy(to + 4, data, n);
	memset(to + 4 + n, 0, -n & 3);
	return 4 + ((n + 3) & ~3u);
}

/* Where a block's options end: before its end-of-options, or its length. */
static uint32_t options_end(const uint8_t *block, uint32_t at, uint32_t len)
{
	while (at + 8 <= len && (block[at] || block[at + 1])) {
		uint32_t n = block[at + 2] | (uint32_t)block[at + 3] << 8;
		if (n + 8 > len - at)
			return len - 4;
		at += 4 + ((n + 3) & ~3u);
	}
	return at < len - 4 ? at : len - 4;
}

/* Writes a block of which `n` bytes are there with more options behind them. */
static void put_block(struct merge *m, const uint8_t *block, uint32_t n, const uint8_t *more,
		      uint32_t nr_more)
{
	static const uint8_t end[4];
	uint32_t len = n + nr_more + 4 + 4;
	put(m, block, 4);
	put(m, &len, 4);
	put(m, block + 8, n - 8);
	put(m, more, nr_more);
	put(m, end, 4);
	put(m, &len, 4);
}

/* An interface: "client/eth0" is client.eth0 here, and described. */
static void put_interface(struct merge *m, const uint8_t *block, uint32_t len)
{
	uint32_t n = 0;
	const uint8_t *name = len >= 20 ? find_option(block + 16, block + len - 4, IF_NAME, &n) : NULL;
	const uint8_t *slash = name ? memchr(name, '/', n) : NULL;
	if (!slash) {
		put(m, block, len);
		return;
	}
	char text[256];
	uint8_t *copy = malloc(len), more[300];
	if (!copy) {
		m->no_memory = true;
		return;
	}
	memcpy(copy, block, len);
	copy[slash - block] = '.';
	int host = (int)(slash - name), card = (int)(n - (size_t)host) - 1;
	int k = snprintf(text, sizeof(text), "%.*s of host %.*s", card, (const char *)slash + 1, host,
			 (const char *)name);
	k = k < (int)sizeof(text) ? k : (int)sizeof(text) - 1;
	put_block(m, copy, options_end(copy, 16, len), more,
		  put_option(more, IF_DESCRIPTION, text, (uint32_t)k));
	free(copy);
}

/* ---- packets ---- */

/* What the host had to do with a packet, as text. */
static uint32_t comment_of(const struct merge *m, const struct input *in, const struct viz_passage *p,
			   char *text)
{
	const struct viz_trace *t = m->x->t;
	const struct viz_host *h = &t->hosts[in->host];
	FILE *f = fmemopen(text, COMMENT_MAX, "w");
	if (!f)
		return 0;
	fprintf(f, "%s packet %u", h->name, p->journey);
	if (p->handled) {
		fprintf(f, ": %s ", p->out ? "sent by" : "taken by");
		if (p->kind == FLOW_TASK)
			fprintf(f, "task %s", viz_string(&h->tasks, p->pid));
		else
			fputs(p->kind == FLOW_SOFTIRQ ? "softirq"
			      : p->kind == FLOW_IRQ   ? "hard irq"
						      : "boot",
			      f);
		if (p->program)
			fprintf(f, " in %s", p->program);
		fprintf(f, ", %s", viz_fn_name(t, p->outer));
		if (p->inner != p->outer)
			fprintf(f, " > %s", viz_fn_name(t, p->inner));
	}
	if (p->drop)
		fprintf(f, "; dropped: %s", p->drop);
	long n = ftell(f);
	fclose(f);
	return n > 0 && n < (long)COMMENT_MAX ? (uint32_t)n : 0;
}

/* Writes a packet, with what the trace tells about it. */
static void put_packet(struct merge *m, const struct input *in)
{
	const uint8_t *block = in->block;
	uint32_t bytes = u32_at(block + 20), n;
	if (in->host == NO_HOST || bytes > in->len - 32) {
		put(m, block, in->len);
		return;
	}
	uint32_t at = 28 + ((bytes + 3) & ~3u);
	const uint8_t *end = block + in->len - 4;
	const uint8_t *flags = find_option(block + at, end, EPB_FLAGS, &n);
	const uint8_t *id = find_option(block + at, end, EPB_PACKETID, &n);
	uint64_t journey = id && n == 8 ? u32_at(id) : 0;
	const struct viz_passage *p = flags && journey ? viz_passages_at(&m->passages[in->host], journey,
									 (*flags & 3) == 2, in->time)
						       : NULL;
	if (!p) {
		put(m, block, in->len);
		return;
	}
	uint8_t more[COMMENT_MAX + 64];
	char text[COMMENT_MAX];
	uint32_t nr_text = comment_of(m, in, p, text), nr = 0;
	if (nr_text)
		nr += put_option(more, OPT_COMMENT, text, nr_text);
	if (p->handled && p->kind == FLOW_TASK) {
		const uint32_t process[2] = { p->pid,
					      0 }; /* little-endian, as all machines that build this */
		nr += put_option(more + nr, EPB_PROCESSID_THREADID, process, sizeof(process));
	}
	put_block(m, block, options_end(block, at, in->len), more, nr);
}

/* Moves to the file's next packet; interfaces on the way go straight to the output. */
static int next_packet(struct merge *m, struct input *in, bool *section_written)
{
	uint8_t *block = NULL;
	uint32_t len;
	int r;
	free(in->block);
	in->block = NULL;
	while ((r = read_block(in, &block, &len)) > 0) {
		uint32_t type = u32_at(block);
		if (type == BLOCK_EPB && len >= 32 && u32_at(block + 8) < in->nr_ifs) {
			uint32_t nr = u32_at(block + 8) + in->first_if;
			memcpy(block + 8, &nr, 4);
			in->time = (uint64_t)u32_at(block + 12) << 32 | u32_at(block + 16);
			in->block = block;
			in->len = len;
			return 0;
		}
		if (type == BLOCK_IDB) {
			if (in->nr_ifs++ == 0)
				in->first_if = m->nr_ifs;
			m->nr_ifs++;
			put_interface(m, block, len);
		} else if (type == BLOCK_SHB && !*section_written) {
			put(m, block, len);
			*section_written = true;
		}
		free(block);
	}
	errno = 0;
	return r < 0 ? fail(m, "cannot read", in->path) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct input *)a)->path, ((const struct input *)b)->path);
}

static bool wanted(const char *name, const char *host)
{
	size_t n = strlen(name), h = host ? strlen(host) : 0;
	if (n > 11 &&
	    strcmp(name + n - 11, ".tap.pcapng") == 0) /* taken inside a host: the same frames again */
		return false;
	return n > 7 && strcmp(name + n - 7, ".pcapng") == 0 &&
	       (!host || (strncmp(name, host, h) == 0 && name[h] == '.'));
}

static int find_inputs(struct merge *m, const char *dir, const char *host)
{
	DIR *d = opendir(dir);
	if (!d)
		return fail(m, "cannot read", dir);
	for (struct dirent *e; (e = readdir(d));) {
		struct input *grown =
			wanted(e->d_name, host) ? realloc(m->in, (m->n + 1) * sizeof(*m->in)) : NULL;
		if (!grown)
			continue;
		m->in = grown;
		memset(&m->in[m->n], 0, sizeof(*m->in));
		if (asprintf(&m->in[m->n].path, "%s/%s", dir, e->d_name) >= 0)
			m->n++;
	}
	closedir(d);
	if (m->n)
		qsort(m->in, m->n, sizeof(*m->in), by_name);
	if (!m->n)
		snprintf(m->err, m->errlen, "%s holds no captures%s%s: run the scenario with --pcap", dir,
			 host ? " of " : "", host ? host : "");
	return m->n ? 0 : -1;
}

static int merge_all(struct merge *m)
{
	bool section_written = false;
	for (unsigned i = 0; i < m->n; i++) {
		m->in[i].f = fopen(m->in[i].path, "re");
		if (!m->in[i].f)
			return fail(m, "cannot read", m->in[i].path);
		if (next_packet(m, &m->in[i], &section_written) < 0)
			return -1;
	}
	for (;;) {
		struct input *first = NULL;
		for (unsigned i = 0; i < m->n; i++)
			if (m->in[i].block && (!first || m->in[i].time < first->time))
				first = &m->in[i];
		if (!first)
			return 0;
		if (first->time >= m->x->from && (!m->x->to || first->time <= m->x->to))
			put_packet(m, first);
		if (next_packet(m, first, &section_written) < 0)
			return -1;
	}
}

/* The host of each file, and what its frames had to do with. */
static int find_hosts(struct merge *m)
{
	const struct viz_trace *t = m->x->t;
	for (unsigned i = 0; i < m->n; i++)
		m->in[i].host = NO_HOST;
	if (!t)
		return 0;
	if (!(m->passages = calloc(t->nr_hosts + 1u, sizeof(*m->passages))))
		return viz_export_no_memory(m->x);
	for (unsigned i = 0; i < m->n; i++) {
		const char *slash = strrchr(m->in[i].path, '/'), *name = slash ? slash + 1 : m->in[i].path;
		char host[64];
		snprintf(host, sizeof(host), "%.*s", (int)strcspn(name, "."), name);
		int nr = viz_host_index(t, host);
		if (nr < 0)
			continue;
		m->in[i].host = (uint32_t)nr;
		if (!m->passages[nr].n && viz_passages_find(t, (uint32_t)nr, &m->passages[nr]) < 0)
			return viz_export_no_memory(m->x);
	}
	return 0;
}

int viz_export_pcapng(const struct viz_export *x)
{
	struct merge m = { .x = x, .out = x->out, .err = x->err, .errlen = x->errlen };
	int r = find_inputs(&m, x->dir, x->host);
	if (r == 0)
		r = find_hosts(&m);
	if (r == 0)
		r = merge_all(&m);
	if (r == 0 && m.no_memory)
		r = viz_export_no_memory(x);
	for (unsigned i = 0; i < m.n; i++) {
		*x->cut |= m.in[i].cut;
		if (m.in[i].f)
			fclose(m.in[i].f);
		free(m.in[i].block);
		free(m.in[i].path);
	}
	for (uint32_t i = 0; m.passages && i < x->t->nr_hosts; i++)
		free(m.passages[i].p);
	free(m.passages);
	free(m.in);
	return r;
}
