/* Writing protocol buffers: fields of nested messages into a growing buffer. */
#ifndef VIZ_PROTO_H
#define VIZ_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proto {
	uint8_t *buf;
	size_t n, cap;
	bool failed; /* no memory: what was written is not whole */
};

void proto_varint(struct proto *p, unsigned field, uint64_t v);
void proto_fixed64(struct proto *p, unsigned field, uint64_t v);

/* A string; bytes that are no UTF-8 become U+FFFD. */
void proto_text(struct proto *p, unsigned field, const char *text);

/* A message within: what is written up to proto_end(p, at) is inside it. */
size_t proto_begin(struct proto *p, unsigned field);
void proto_end(struct proto *p, size_t at);

#endif
