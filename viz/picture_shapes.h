/* Inside a picture: for viz/picture.c and its writers only. */
#ifndef VIZ_PICTURE_SHAPES_H
#define VIZ_PICTURE_SHAPES_H

#include "viz/picture.h"

enum pic_kind { PIC_KIND_BOX, PIC_KIND_PATH, PIC_KIND_TEXT, PIC_KIND_OPEN, PIC_KIND_CLOSE };

struct pic_shape {
	uint8_t kind, cls;
	uint16_t flags;
	int x, y, w, h; /* PATH: w points */
	uint32_t text;	/* TEXT, OPEN: offset of the text or the tool tip, 0 none; PATH: of the first point */
	uint32_t href;	/* OPEN */
};

struct picture {
	struct pic_shape *shapes;
	struct pic_point *points;
	char *text; /* strings, one after the other */
	uint32_t n, cap, nr_points, cap_points, nr_text, cap_text, title;
	int left, top, right, bottom; /* of all that was drawn */
	bool failed;		      /* no memory */
};

int pic_font_size(unsigned flags);

#endif
