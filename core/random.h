/*
 * Named random streams: one per purpose and place ("link/eth0/loss", "tcp/isn"). A stream depends only
 * on the run's seed, its scope's name and its own name, so drawing from one never shifts another.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct sim;

struct random {
	uint64_t s[4]; /* xoshiro256** */
};

/* `scope` is a host's or link's name, "" for the run itself. */
void random_init(struct random *r, const struct sim *sim, const char *scope, const char *name);
uint64_t random_u64(struct random *r);
uint32_t random_u32(struct random *r);
uint32_t random_below(struct random *r, uint32_t n); /* 0..n-1, unbiased; n > 0 */
/* True with probability `ppb` in a thousand million. */
bool random_chance(struct random *r, uint32_t ppb);
void random_bytes(struct random *r, void *dst, uint32_t n);

#endif
