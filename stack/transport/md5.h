/* MD5 (RFC 1321). */
#ifndef STACK_TRANSPORT_MD5_H
#define STACK_TRANSPORT_MD5_H

#include <stddef.h>
#include <stdint.h>

#define MD5_DIGEST_SIZE 16

struct md5 {
	uint32_t h[4];
	uint64_t len; /* bytes so far */
	uint8_t buf[64];
};

void md5_init(struct md5 *m);
void md5_update(struct md5 *m, const void *data, size_t len);
void md5_final(struct md5 *m, uint8_t digest[MD5_DIGEST_SIZE]);

#endif
