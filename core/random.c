/*
 * Named random streams: xoshiro256** (Blackman and Vigna, public domain), seeded from a hash of the run's
 * seed and the stream's name.
 */
#include "core/random.h"

#include <string.h>
#include <xxhash.h>

#include "core/sim.h"

/* splitmix64: spreads one word over the state, as the authors of xoshiro advise. */
static uint64_t mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void random_init(struct random *r, const struct sim *sim, const char *scope, const char *name)
{
	/* hashed one after the other, so that ("a", "b") and ("ab", "") differ */
	uint64_t state = XXH64(name, strlen(name), XXH64(scope, strlen(scope), sim->seed));

	for (int i = 0; i < 4; i++)
		r->s[i] = mix(&state);
}

static inline uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

uint64_t random_u64(struct random *r)
{
	uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint32_t random_u32(struct random *r)
{
	return (uint32_t)(random_u64(r) >> 32);
}

uint32_t random_below(struct random *r, uint32_t n)
{
	/* Lemire: the upper half of a product; the few values that would favour some results are drawn again
	 */
	uint64_t m = (uint64_t)random_u32(r) * n;

	if ((uint32_t)m < n) {
		uint32_t unfair = -n % n;

		while ((uint32_t)m < unfair)
			m = (uint64_t)random_u32(r) * n;
	}
	return (uint32_t)(m >> 32);
}

bool random_chance(struct random *r, uint32_t ppb)
{
	return random_below(r, 1000000000u) < ppb;
}

void random_bytes(struct random *r, void *dst, uint32_t n)
{
	uint8_t *p = dst;

	/* byte by byte from each word, so that the bytes are the same on any machine */
	for (uint32_t i = 0; i < n; i += 8) {
		uint64_t word = random_u64(r);

		for (uint32_t j = i; j < n && j < i + 8; j++, word >>= 8)
			p[j] = (uint8_t)word;
	}
}
