/*
 * The state machines that a trace tells of, as people draw them: states as boxes, ways between them as
 * arrows.
 *
 * Places are characters of a text drawing (a picture has 8 x 16 pixels for each), so that text and picture
 * are the same drawing. An arrow runs along its points, which lie outside the boxes; its label stands at `x`,
 * `y` and has a second line below for how often the arrow was taken: where the arrow runs along `y` + 1, in
 * the line after it.
 */
#ifndef VIZ_STATE_DIAGRAMS_H
#define VIZ_STATE_DIAGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#define DIAGRAM_STATES 12
#define DIAGRAM_POINTS 5

enum {
	DIAGRAM_BELOW = 1, /* the event stands not above its arrow: the count follows at once */
	DIAGRAM_ENDS = 2   /* the event ends at x */
};

struct diagram_place {
	uint8_t x, y;
};

struct diagram_box {
	const char *name; /* of the state; NULL ends the list. The same state may have two boxes. */
	uint8_t x, y, w, h;
};

struct diagram_arrow {
	uint8_t from, to;			/* boxes */
	const char *event;			/* NULL ends the list */
	uint8_t x, y;				/* where the event stands */
	uint8_t how;				/* DIAGRAM_* */
	struct diagram_place p[DIAGRAM_POINTS]; /* 0, 0 ends them */
};

struct state_diagram {
	const char *object; /* "tcp" */
	const char *title;
	const char *value; /* the value of the trace */
	const struct diagram_box *boxes;
	const struct diagram_arrow *arrows;
	/* Where an object that is first seen in a state came from, by name: `births` (pairs, NULL ends them),
	 * else `initial`. */
	const char *initial;
	const char *const *births;
	uint8_t width, height;
};

/* By object and place; NULL at the end. */
extern const struct state_diagram *const state_diagrams[];

#endif
