/*
 * The documents' summary picture: the layers of a host as bands, what is sent on its way down at the left,
 * what is received on its way up at the right, the card and the wire at the bottom; from a run, with counts
 * on the arrows.
 */
#ifndef VIZ_LAYERS_H
#define VIZ_LAYERS_H

#include "viz/board.h"
#include "viz/forest.h"

struct layers_options {
	const char *host;  /* NULL: all */
	uint64_t from, to; /* to 0: to the end */
	uint32_t packet;   /* only what handles it; 0: everything */
};

/* A picture under the other for each host. NULL with a message; to be freed by board_free(). */
struct board *viz_layers(const struct viz_trace *t, const struct layers_options *opt, char *err,
			 unsigned errlen);

#endif
