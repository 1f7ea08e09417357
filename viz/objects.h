/* Pictures of a snapshot's objects: packets in memory, descriptor rings, files and sockets. */
#ifndef VIZ_OBJECTS_H
#define VIZ_OBJECTS_H

#include "viz/board.h"
#include "viz/snapshot_read.h"

struct viz_objects_options {
	const char *at;	    /* the snapshot: its moment or its number from 1; NULL: the first */
	const char *host;   /* NULL: the host of the call that the moment is, else all */
	const char *object; /* "skb", "skb:3", "ring", "ring:eth0", "socket", "socket:2", "queue", "queue:2",
			       "all" */
};

/* Draws; `s` was opened and is loaded here. `title` gets what is shown. NULL with a message in `err`. */
struct board *viz_objects(struct viz_snapshots *s, const struct viz_objects_options *opt, char *title,
			  unsigned titlelen, char *err, unsigned errlen);

#endif
