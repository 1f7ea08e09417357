/*
 * `export --format pcapng`: merges the captures of a run, one interface per file. Packets at the same time
 * come in order of file name; a file that is cut off counts up to the cut.
 */
#include "viz/export.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SHB 0x0a0d0d0au
#define BLOCK_IDB 1u
#define BLOCK_EPB 6u
#define BLOCK_MAX (1u << 20)

struct input {
	char *path;
	FILE *f;
	uint8_t *block; /* the packet that is next, NULL at the end */
	uint32_t len;
	uint64_t time;
	uint32_t first_if, nr_ifs; /* of its interfaces in the output */
	bool cut;
};

struct merge {
	struct input *in;
	unsigned n;
	FILE *out;
	uint32_t nr_ifs;
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

static void put(struct merge *m, const uint8_t *block, uint32_t len)
{
	fwrite(block, 1, len, m->out);
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
			put(m, block, len);
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
		put(m, first->block, first->len);
		if (next_packet(m, first, &section_written) < 0)
			return -1;
	}
}

int viz_export_pcapng(const struct viz_export *x)
{
	struct merge m = { .out = x->out, .err = x->err, .errlen = x->errlen };
	int r = find_inputs(&m, x->dir, x->host);
	if (r == 0)
		r = merge_all(&m);
	for (unsigned i = 0; i < m.n; i++) {
		*x->cut |= m.in[i].cut;
		if (m.in[i].f)
			fclose(m.in[i].f);
		free(m.in[i].block);
		free(m.in[i].path);
	}
	free(m.in);
	return r;
}
