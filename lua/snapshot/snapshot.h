/*
 * Snapshots: the objects of all hosts as they are at chosen moments of a run, in snapshots.jsonl of the run
 * folder. A run with and one without are the same to the byte. lua/snapshot/README.md describes the file.
 */
#ifndef LUA_SNAPSHOT_SNAPSHOT_H
#define LUA_SNAPSHOT_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#define SNAPSHOT_FILE "snapshots.jsonl"
#define SNAPSHOT_MAX 64 /* moments of one run that --snapshot may give */

struct run;
struct snapshots;

/*
 * Parses moments, "2ms" or "client:tcp_transmit_skb:3" (NULL after the last), and begins to watch for them:
 * before the first host is made. NULL with a message when one is wrong.
 */
struct snapshots *snapshots_new(struct run *run, const char *const *moments, char *err, unsigned errlen);
void snapshots_free(struct snapshots *s);

/* The clock is about to move to `when`: takes what was wanted at a time before. Returns the virtual time from
 * which it wants to be called again, SIM_FOREVER: never. */
uint64_t snapshots_clock(struct snapshots *s, uint64_t when);

/* Takes one now, for sim.snapshot(). */
void snapshots_take(struct snapshots *s, const char *name);

/* After the run, while its hosts are there: false with a message when the file could not be written whole, or
 * (`all`: the run came to its natural end) a moment was never reached. */
bool snapshots_finish(struct snapshots *s, bool all, char *err, unsigned errlen);

#endif
