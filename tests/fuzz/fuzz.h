/*
 * What all fuzzers share: bytes of an input taken one after the other, and the way to report a bug.
 *
 * A fuzzer is LLVMFuzzerTestOneInput(). Built by clang (`cmake --preset fuzz`) it is linked with libFuzzer,
 * in all other builds with driver.c, which replays the corpus and tries some seeded changes of it.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The rest of an input. When it is used up, everything taken from it is zero. */
struct input {
	const uint8_t *p, *end;
};

static inline bool input_left(const struct input *in)
{
	return in->p < in->end;
}

static inline uint8_t take8(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

static inline uint16_t take16(struct input *in)
{
	uint16_t lo = take8(in);

	return (uint16_t)(lo | take8(in) << 8);
}

static inline uint32_t take32(struct input *in)
{
	uint32_t lo = take16(in);

	return lo | (uint32_t)take16(in) << 16;
}

/* One of the `n` first elements of a table of 32-bit values; the last byte value takes any value at all. */
static inline uint32_t take_of(struct input *in, const uint32_t *table, unsigned n)
{
	uint8_t i = take8(in);

	return i == 255 ? take32(in) : table[i % n];
}
#define TAKE_OF(in, ...)                                                                                     \
	take_of(in, (const uint32_t[]){ __VA_ARGS__ },                                                       \
		sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* `n` bytes in a block of just that size, so that a sanitizer sees each byte too far. From the input as far
 * as it reaches. free() it. */
static inline void *take_block(struct input *in, size_t n)
{
	size_t have = (size_t)(in->end - in->p);
	uint8_t *block = calloc(1, n ? n : 1);

	if (!block)
		abort();
	if (have > n)
		have = n;
	if (have)
		memcpy(block, in->p, have);
	in->p += have;
	return block;
}

#define fuzz_bug(...)                                                                                        \
	do {                                                                                                 \
		fflush(stdout);                                                                              \
		fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                                              \
		fprintf(stderr, __VA_ARGS__);                                                                \
		fputc('\n', stderr);                                                                         \
		abort();                                                                                     \
	} while (0)

#endif
