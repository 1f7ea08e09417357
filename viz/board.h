/*
 * A drawing in cells, a letter each: printed as plain ASCII, printed with box characters, or made into a
 * picture. Whoever draws lays things out once, and all formats show the same.
 *
 * Columns and rows count from 0, rightwards and downwards. A box takes its border's cells; what is drawn
 * later lies above. The functions never fail: when memory runs out, board_print() and board_picture() say so.
 */
#ifndef VIZ_BOARD_H
#define VIZ_BOARD_H

#include <stdbool.h>
#include <stdio.h>

#include "viz/picture.h"

struct board;

struct board *board_new(void);
void board_free(struct board *b);

/* `w` and `h` with the border. `tip`: what a picture says about it under the mouse, or NULL. */
void board_box(struct board *b, int x, int y, int w, int h, enum pic_class cls, const char *tip);
#define BOARD_MAX_POINTS 8 /* of a line */
/* Pieces level or upright. PIC_ARROW, PIC_ARROW_BACK: a head in the last, the first cell, which points at its
 * neighbour; an end without one lies in the border of what it comes from. PIC_DASHED. */
void board_line(struct board *b, const struct pic_point *points, unsigned n, enum pic_class cls,
		unsigned flags);
/* PIC_BOLD, PIC_END (ends at x). One line, plain ASCII. */
void board_text(struct board *b, int x, int y, enum pic_class cls, unsigned flags, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* A cell with a letter; in a picture a small box around it. */
void board_mark(struct board *b, int x, int y, enum pic_class cls, char letter);

/*
 * Lines from the cells (x1, from[i]) to (x2, to[i]) without crossing each other: both lists go down; several
 * may go to the same row. x2 may lie left of x1. board_route_width() columns between the two are enough.
 * `flags`: PIC_ARROW.
 */
void board_route(struct board *b, int x1, const int *from, int x2, const int *to, unsigned n,
		 enum pic_class cls, unsigned flags);
int board_route_width(unsigned n);

/* Prints it, trailing blanks left out. 0, or -1: no memory. */
int board_print(const struct board *b, bool utf8, FILE *out);

/* The same as a picture, to be freed by picture_free(); NULL: no memory. */
struct picture *board_picture(const struct board *b, const char *title);

#endif
