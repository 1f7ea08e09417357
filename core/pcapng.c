/*
 * The pcapng writer: section header, interface descriptions, enhanced packet blocks, all little-endian.
 *
 * Blocks are put together in a buffer; write() gets whole blocks only.
 */
#include "core/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/link.h"

#define BUFFER_SIZE (256u * 1024)
#define COMMENT_MAX 4000u

enum block_type { BLOCK_IDB = 1, BLOCK_EPB = 6, BLOCK_SHB = 0x0a0d0d0a };
enum option {
	OPT_END = 0,
	OPT_COMMENT = 1,
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_SPEED = 8,
	IF_TSRESOL = 9,
	EPB_FLAGS = 2,
	EPB_PACKETID = 5
};

struct pcapng {
	int fd;
	int error; /* errno of the first write that failed */
	uint32_t nr_interfaces;
	uint32_t used;	/* bytes in buf: whole blocks, and the one being made from `block` on */
	uint32_t block; /* where the block being made begins */
	uint8_t *buf;
};

static void put32(struct pcapng *p, uint32_t v)
{
	uint8_t *b = p->buf + p->used;

	b[0] = v;
	b[1] = v >> 8;
	b[2] = v >> 16;
	b[3] = v >> 24;
	p->used += 4;
}

static void put16(struct pcapng *p, uint32_t v)
{
	p->buf[p->used++] = v;
	p->buf[p->used++] = v >> 8;
}

static void put_padded(struct pcapng *p, const void *data, uint32_t len)
{
	memcpy(p->buf + p->used, data, len);
	p->used += len;
	while (p->used & 3)
		p->buf[p->used++] = 0;
}

static void put_option(struct pcapng *p, enum option code, const void *data, uint32_t len)
{
	put16(p, code);
	put16(p, len);
	put_padded(p, data, len);
}

static void put_option64(struct pcapng *p, enum option code, uint64_t v)
{
	uint8_t le[8];

	for (int i = 0; i < 8; i++)
		le[i] = v >> 8 * i;
	put_option(p, code, le, sizeof(le));
}

static void write_all(struct pcapng *p)
{
	const uint8_t *b = p->buf;
	uint32_t left = p->used;

	p->used = 0;
	while (left && !p->error) {
		ssize_t n = write(p->fd, b, left);

		if (n < 0 && errno != EINTR)
			p->error = errno;
		if (n > 0) {
			b += n;
			left -= n;
		}
	}
}

/* Begins a block that needs at most `room` bytes. */
static void block_begin(struct pcapng *p, enum block_type type, uint32_t room)
{
	if (p->used + room > BUFFER_SIZE)
		write_all(p);
	p->block = p->used;
	put32(p, type);
	put32(p, 0); /* length, known at the end */
}

static void block_end(struct pcapng *p)
{
	uint32_t len = p->used + 4 - p->block, end;

	put32(p, len);
	end = p->used;
	p->used = p->block + 4;
	put32(p, len);
	p->used = end;
}

static void put_section(struct pcapng *p)
{
	static const char app[] = "wirepath";

	block_begin(p, BLOCK_SHB, 64);
	put32(p, 0x1a2b3c4d); /* byte order */
	put16(p, 1);	      /* version 1.0 */
	put16(p, 0);
	put32(p, 0xffffffff); /* section length unknown */
	put32(p, 0xffffffff);
	put_option(p, SHB_USERAPPL, app, sizeof(app) - 1);
	put32(p, OPT_END);
	block_end(p);
}

struct pcapng *pcapng_create(const char *path, char *err, unsigned errlen)
{
	struct pcapng *p = calloc(1, sizeof(*p));

	if (p)
		p->buf = malloc(BUFFER_SIZE);
	if (!p || !p->buf) {
		snprintf(err, errlen, "%s: no memory", path);
		free(p);
		return NULL;
	}
	p->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (p->fd < 0) {
		snprintf(err, errlen, "%s: %s", path, strerror(errno));
		free(p->buf);
		free(p);
		return NULL;
	}
	put_section(p);
	return p;
}

int pcapng_add_interface(struct pcapng *p, const char *name, uint64_t speed)
{
	const uint8_t tsresol = 9; /* 10^-9 s */
	size_t whole = strlen(name);
	uint32_t len = whole < 255 ? (uint32_t)whole : 255;

	block_begin(p, BLOCK_IDB, 512);
	put16(p, 1); /* LINKTYPE_ETHERNET */
	put16(p, 0);
	put32(p, 0); /* no snap length */
	put_option(p, IF_NAME, name, len);
	if (speed)
		put_option64(p, IF_SPEED, speed);
	put_option(p, IF_TSRESOL, &tsresol, 1);
	put32(p, OPT_END);
	block_end(p);
	return p->error ? -1 : (int)p->nr_interfaces++;
}

bool pcapng_packet(struct pcapng *p, uint32_t interface, uint64_t when, enum pcapng_dir dir, uint64_t id,
		   const void *data, uint32_t len, uint32_t orig_len, const char *comment)
{
	uint32_t comment_len = comment ? strnlen(comment, COMMENT_MAX) : 0;

	if (len > BUFFER_SIZE / 2 || interface >= p->nr_interfaces)
		return false;
	block_begin(p, BLOCK_EPB, len + comment_len + 96);
	put32(p, interface);
	put32(p, when >> 32);
	put32(p, when);
	put32(p, len);
	put32(p, orig_len);
	put_padded(p, data, len);
	if (comment_len)
		put_option(p, OPT_COMMENT, comment, comment_len);
	if (dir != PCAPNG_DIR_NONE) {
		const uint8_t flags[4] = { dir }; /* bits 1:0: 1 inbound, 2 outbound */

		put_option(p, EPB_FLAGS, flags, 4);
	}
	if (id)
		put_option64(p, EPB_PACKETID, id);
	if (comment_len || dir != PCAPNG_DIR_NONE || id)
		put32(p, OPT_END);
	block_end(p);
	return !p->error;
}

bool pcapng_flush(struct pcapng *p)
{
	write_all(p);
	return !p->error;
}

bool pcapng_close(struct pcapng *p)
{
	if (!p)
		return true;
	bool ok = pcapng_flush(p);

	if (close(p->fd))
		ok = false;
	free(p->buf);
	free(p);
	return ok;
}

/* ---- a port's capture point ---- */

struct capture *capture_open(const char *path, const char *ifname, uint64_t speed, char *err, unsigned errlen)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (!c) {
		snprintf(err, errlen, "%s: no memory", path);
		return NULL;
	}
	c->file = pcapng_create(path, err, errlen);
	if (!c->file) {
		free(c);
		return NULL;
	}
	c->interface = pcapng_add_interface(c->file, ifname, speed);
	return c;
}

void capture_frame(struct capture *c, uint64_t when, const struct frame *f, enum pcapng_dir dir)
{
	pcapng_packet(c->file, c->interface, when, dir, f->journey, f->data, f->len, f->len,
		      f->bad_fcs ? "damaged on the way: wrong frame check sequence" : NULL);
}

bool capture_close(struct capture *c)
{
	if (!c)
		return true;
	bool ok = pcapng_close(c->file);

	free(c);
	return ok;
}
