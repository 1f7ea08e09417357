/*
 * The snapshots of a run folder in memory: snapshots.jsonl, which lua/snapshot/README.md describes.
 *
 * A line is a flat JSON object; its members' values are texts and whole numbers. Lines are read when they are
 * asked for: only the snapshot at hand is taken apart. Nothing here trusts the file.
 */
#ifndef VIZ_SNAPSHOT_READ_H
#define VIZ_SNAPSHOT_READ_H

#include <stdbool.h>
#include <stdint.h>

/* One line. Nothing in it is owned: it points into the file in memory. */
struct snap_rec {
	const char *is;	   /* "skb" */
	uint32_t first, n; /* its members, in viz_snapshots.members */
	uint32_t host;	   /* index of the "host" line that it comes under, in the snapshot's records */
};

struct snap_member {
	const char *key, *text; /* text NULL: a number */
	int64_t number;
};

/* A snapshot of the file. */
struct snap_head {
	const char *moment, *host, *function, *context, *task; /* "" where it is not a call */
	uint64_t time;
	char *begin, *end; /* its lines after the first */
	uint32_t line;	   /* number of the first of them */
};

struct viz_snapshots {
	char *text;
	struct snap_head *heads;
	uint32_t nr_heads, cap_heads;
	/* the one that is loaded */
	struct snap_rec *recs;
	struct snap_member *members;
	uint32_t nr_recs, cap_recs, nr_members, cap_members;
};

/* Reads DIR/snapshots.jsonl. 0, or -1 with a message. No file: nr_heads is 0. */
int viz_snapshots_open(struct viz_snapshots *s, const char *dir, char *err, unsigned errlen);
void viz_snapshots_close(struct viz_snapshots *s);

/* Takes one apart; once for each viz_snapshots. 0, or -1 with a message. */
int viz_snapshot_load(struct viz_snapshots *s, uint32_t nr, char *err, unsigned errlen);

/* A member of a line; 0 or "" when it has none. */
int64_t snap_num(const struct viz_snapshots *s, const struct snap_rec *rec, const char *key);
const char *snap_str(const struct viz_snapshots *s, const struct snap_rec *rec, const char *key);

/* The first line of that kind under that host (its name in `host` lines) whose `key` is `value`; NULL: none.
 */
const struct snap_rec *snap_find(const struct viz_snapshots *s, uint32_t host, const char *is,
				 const char *key, int64_t value);

/* for (rec = NULL; (rec = snap_next(s, rec, host, "skb"));) goes through all of a kind. */
const struct snap_rec *snap_next(const struct viz_snapshots *s, const struct snap_rec *rec, uint32_t host,
				 const char *is);

#endif
