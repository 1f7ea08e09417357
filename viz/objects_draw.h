/* What the files that draw objects know of each other. */
#ifndef VIZ_OBJECTS_DRAW_H
#define VIZ_OBJECTS_DRAW_H

#include "viz/board.h"
#include "viz/snapshot_read.h"

/* A host of a snapshot on a board; what comes next goes below row `y`. */
struct drawing {
	struct board *b;
	const struct viz_snapshots *s;
	uint32_t host; /* its record */
	const char *name;
	int y;
};

static inline int64_t num(const struct drawing *d, const struct snap_rec *rec, const char *key)
{
	return snap_num(d->s, rec, key);
}

static inline const char *str(const struct drawing *d, const struct snap_rec *rec, const char *key)
{
	return snap_str(d->s, rec, key);
}

static inline const struct snap_rec *next(const struct drawing *d, const struct snap_rec *rec, const char *is)
{
	return snap_next(d->s, rec, d->host, is);
}

/* Packet `id`, and those that share its data (0: all packets that are worth it). False: there is none. */
bool objects_skbs(struct drawing *d, int64_t id);
/* Rings of a device (NULL: of all). False: there is none. */
bool objects_rings(struct drawing *d, const char *dev);
/* Sockets of several hosts (their records), side by side when they are few. `id`: only of that trace id; 0:
 * all. */
#define OBJECTS_SIDE_BY_SIDE 3
bool objects_sockets(struct drawing *d, const uint32_t *hosts, unsigned n, int64_t id);
bool objects_queues(struct drawing *d, int64_t id);
bool objects_devices(struct drawing *d);

#endif
