/* Protocol buffers' wire format. */
#include "viz/proto.h"

#include <stdlib.h>
#include <string.h>

#include "viz/emit.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

/* Room for a message's length, which is known at its end: a varint of fixed size. */
#define LENGTH_BYTES 4

static bool room(struct proto *p, size_t n)
{
	if (p->n + n <= p->cap)
		return true;
	size_t cap = p->cap ? p->cap * 2 : 256;
	while (cap < p->n + n)
		cap *= 2;
	uint8_t *grown = p->failed ? NULL : realloc(p->buf, cap);
	if (!grown) {
		p->failed = true;
		return false;
	}
	p->buf = grown;
	p->cap = cap;
	return true;
}

static void put_varint(struct proto *p, uint64_t v)
{
	if (!room(p, 10))
		return;
	for (; v >= 0x80; v >>= 7)
		p->buf[p->n++] = (uint8_t)(v | 0x80);
	p->buf[p->n++] = (uint8_t)v;
}

static void put_bytes(struct proto *p, const void *data, size_t n)
{
	if (!room(p, n))
		return;
	memcpy(p->buf + p->n, data, n);
	p->n += n;
}

void proto_varint(struct proto *p, unsigned field, uint64_t v)
{
	put_varint(p, field << 3 | WIRE_VARINT);
	put_varint(p, v);
}

void proto_fixed64(struct proto *p, unsigned field, uint64_t v)
{
	uint8_t le[8];
	for (int i = 0; i < 8; i++)
		le[i] = (uint8_t)(v >> 8 * i);
	put_varint(p, field << 3 | WIRE_FIXED64);
	put_bytes(p, le, sizeof(le));
}

void proto_text(struct proto *p, unsigned field, const char *text)
{
	size_t at = proto_begin(p, field);
	while (*text) {
		unsigned n = emit_utf8(text);
		put_bytes(p, n ? text : "\xef\xbf\xbd", n ? n : 3);
		text += n ? n : 1;
	}
	proto_end(p, at);
}

size_t proto_begin(struct proto *p, unsigned field)
{
	put_varint(p, field << 3 | WIRE_BYTES);
	if (room(p, LENGTH_BYTES))
		p->n += LENGTH_BYTES;
	return p->n;
}

void proto_end(struct proto *p, size_t at)
{
	if (p->failed)
		return;
	size_t len = p->n - at;
	for (unsigned i = 0; i < LENGTH_BYTES; i++, len >>= 7)
		p->buf[at - LENGTH_BYTES + i] = (uint8_t)((len & 0x7f) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
}
