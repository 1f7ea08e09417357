/* Between the files that make the picture of layers: what stands in it, and the drawing. */
#ifndef VIZ_LAYERS_PARTS_H
#define VIZ_LAYERS_PARTS_H

#include "viz/layers.h"

enum layers_row {
	ROW_CALL,     /* application: calls of programs */
	ROW_SOCKET,   /* transport: between the program and the queues */
	ROW_SEGMENT,  /* the protocol's own packets */
	ROW_INET_TOP, /* internet */
	ROW_INET_MID,
	ROW_INET_LOW,
	ROW_DEVICE, /* network interface: whatever the device */
	ROW_DRIVER,
	ROW_INTERRUPT,
	ROW_CARD, /* hardware */
	LAYER_ROWS
};

enum layers_lane { LANE_DOWN, LANE_ACROSS, LANE_UP };

#define MAX_STATIONS 160
#define MAX_WAYS 256

/* A function that the picture has a box for, or the card. */
struct station {
	const char *name, *what;
	uint8_t row, lane;
	uint32_t count;
};

/* From one station to another. */
struct way {
	uint8_t from, to;
	bool later; /* not called: it comes by a queue or an interrupt */
	uint32_t count;
};

struct stations {
	struct station at[MAX_STATIONS];
	struct way ways[MAX_WAYS];
	unsigned n, nr_ways;
	char card[2][32]; /* what the card has done */
};

/* Draws the stations that ways lead to or from, below row `top`. Returns the row below it. */
int layers_draw(struct board *b, const struct stations *s, int top, const char *title);

#endif
