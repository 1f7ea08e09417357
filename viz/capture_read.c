/* Reads the pcapng files that core/pcapng.c writes. */
#include "viz/capture_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_IDB = 1, BLOCK_EPB = 6 };
enum { OPT_END = 0, OPT_COMMENT = 1, IF_NAME = 2, EPB_FLAGS = 2 };

/* One file being read. */
struct reader {
	struct viz_captures *c;
	const struct viz_trace *t;
	uint32_t *ifs; /* indices in ifnames, by the file's interface number */
	uint32_t nr_ifs;
};

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return v;
}

static uint16_t u16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

/* The option `code` among those in [p, end), or NULL. */
static const uint8_t *find_option(const uint8_t *p, const uint8_t *end, unsigned code, uint32_t *len)
{
	while (end - p >= 4 && u16_at(p) != OPT_END) {
		*len = u16_at(p + 2);
		if (*len > (size_t)(end - p - 4))
			return NULL;
		if (u16_at(p) == code)
			return p + 4;
		size_t step = 4 + ((*len + 3) & ~3u);
		if (step > (size_t)(end - p))
			return NULL;
		p += step;
	}
	return NULL;
}

/* An interface; its host is what stands before the '/' of its name. */
static bool read_interface(struct reader *r, const uint8_t *block, uint32_t len)
{
	uint32_t n = 0;
	const uint8_t *name = len >= 20 ? find_option(block + 16, block + len - 4, IF_NAME, &n) : NULL;
	struct viz_captures *c = r->c;
	char **names = realloc(c->ifnames, (c->nr_ifnames + 1) * sizeof(*names));
	if (names)
		c->ifnames = names;
	uint32_t *ifs = realloc(r->ifs, (r->nr_ifs + 1) * sizeof(*ifs));
	if (ifs)
		r->ifs = ifs;
	if (!names || !ifs ||
	    !(names[c->nr_ifnames] = strndup(name ? (const char *)name : "?", name ? n : 1)))
		return false;
	ifs[r->nr_ifs++] = c->nr_ifnames++;
	return true;
}

static int host_of(const struct viz_trace *t, const char *ifname)
{
	char host[256];
	const char *slash = strrchr(ifname, '/');
	if (!slash || (size_t)(slash - ifname) >= sizeof(host))
		return -1;
	memcpy(host, ifname, (size_t)(slash - ifname));
	host[slash - ifname] = '\0';
	return viz_host_index(t, host);
}

static bool read_packet(struct reader *r, const uint8_t *block, uint32_t len)
{
	struct viz_captures *c = r->c;
	uint32_t nr = u32_at(block + 8), bytes = u32_at(block + 20), n;
	if (nr >= r->nr_ifs || bytes > len - 32 || r->ifs[nr] > UINT16_MAX)
		return true; /* none of ours */
	int host = host_of(r->t, c->ifnames[r->ifs[nr]]);
	if (host < 0)
		return true;
	if (c->n == c->cap) {
		uint32_t cap = c->cap ? c->cap * 2 : 256;
		struct viz_frame *grown = realloc(c->frames, cap * sizeof(*grown));
		if (!grown)
			return false;
		c->frames = grown;
		c->cap = cap;
	}
	const uint8_t *options = block + 28 + ((bytes + 3) & ~3u), *end = block + len - 4;
	const uint8_t *flags = find_option(options, end, EPB_FLAGS, &n);
	c->frames[c->n++] = (struct viz_frame){
		.time = (uint64_t)u32_at(block + 12) << 32 | u32_at(block + 16),
		.host = (uint32_t)host,
		.len = bytes,
		.data = block + 28,
		.ifname = (uint16_t)r->ifs[nr],
		.out = flags && n == 4 && (flags[0] & 3) == 2,
		.damaged = find_option(options, end, OPT_COMMENT, &n) != NULL,
	};
	return true;
}

/* All blocks of a file that is in memory. False: no memory. */
static bool read_blocks(struct reader *r, const uint8_t *p, size_t size)
{
	bool ok = true;
	while (ok && size >= 12) {
		uint32_t len = u32_at(p + 4);
		if (len < 12 || len % 4 || len > size)
			break;
		if (u32_at(p) == BLOCK_IDB)
			ok = read_interface(r, p, len);
		else if (u32_at(p) == BLOCK_EPB && len >= 32)
			ok = read_packet(r, p, len);
		p += len;
		size -= len;
	}
	r->c->truncated |= ok && size > 0;
	return ok;
}

static int read_file(struct viz_captures *c, const struct viz_trace *t, const char *path)
{
	struct stat st;
	struct viz_capture_file *grown = realloc(c->files, (c->nr_files + 1) * sizeof(*grown));
	int fd = grown ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (grown)
		c->files = grown;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	uint8_t *map = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	close(fd);
	if (map == MAP_FAILED)
		return -1;
	if (!map)
		return 0;
	c->files[c->nr_files++] = (struct viz_capture_file){ map, (size_t)st.st_size };
	struct reader r = { .c = c, .t = t };
	bool ok = read_blocks(&r, map, (size_t)st.st_size);
	free(r.ifs);
	errno = ok ? errno : ENOMEM;
	return ok ? 0 : -1;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);
	return n > k && strcmp(name + n - k, suffix) == 0;
}

static int is_capture(const struct dirent *e)
{
	return has_suffix(e->d_name, ".pcapng") && !has_suffix(e->d_name, ".tap.pcapng");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Where a frame is in the order of viz_captures.frames, the order of capture aside. */
static int frame_cmp(const struct viz_frame *a, const struct viz_frame *b)
{
	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	if (a->out != b->out)
		return a->out < b->out ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return (a->len > b->len) - (a->len < b->len);
}

static int frame_order(const void *x, const void *y)
{
	const struct viz_frame *a = x, *b = y;
	int c = frame_cmp(a, b);
	if (c == 0)
		c = (a->ifname > b->ifname) - (a->ifname < b->ifname);
	return c ? c : (a->data > b->data) - (a->data < b->data); /* of one file: as captured */
}

int viz_captures_open(struct viz_captures *c, const struct viz_trace *t, const char *dir, char *err,
		      unsigned errlen)
{
	struct dirent **names;
	char path[4096];
	memset(c, 0, sizeof(*c));
	int n = scandir(dir, &names, is_capture, by_name), r = n < 0 ? -1 : 0;
	if (n < 0)
		snprintf(err, errlen, "cannot read %s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (r == 0 && (r = read_file(c, t, path)) < 0)
			snprintf(err, errlen, "cannot read %s: %s", path, strerror(errno));
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (r < 0)
		viz_captures_close(c);
	else if (c->n)
		qsort(c->frames, c->n, sizeof(*c->frames), frame_order);
	return r;
}

void viz_captures_close(struct viz_captures *c)
{
	for (uint32_t i = 0; i < c->nr_files; i++)
		munmap(c->files[i].map, c->files[i].size);
	for (uint32_t i = 0; i < c->nr_ifnames; i++)
		free(c->ifnames[i]);
	free(c->files);
	free(c->ifnames);
	free(c->frames);
	memset(c, 0, sizeof(*c));
}

/* Whether an interface "client/eth0" is the card of that name. */
static bool is_card(const char *ifname, const char *card)
{
	const char *slash = strrchr(ifname, '/');
	return !card || (slash && strcmp(slash + 1, card) == 0);
}

const struct viz_frame *viz_captures_take(struct viz_captures *c, uint32_t host, bool out, uint64_t time,
					  uint32_t len, const char *card)
{
	struct viz_frame key = { .time = time, .host = host, .len = len, .out = out };
	uint32_t lo = 0, hi = c->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (frame_cmp(&c->frames[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < c->n && frame_cmp(&c->frames[lo], &key) == 0; lo++) {
		struct viz_frame *f = &c->frames[lo];
		if (!f->used && is_card(c->ifnames[f->ifname], card)) {
			f->used = true;
			return f;
		}
	}
	return NULL;
}
