/*
 * A picture: boxes, lines, curves and text, in the order in which they are laid one over the other.
 *
 * Every drawing of viz/ that is not text is put together here and written as SVG; PNG and PDF are that SVG as
 * librsvg renders it. What a thing means is its class; colours follow from it, for light and for dark pages.
 * Places are whole pixels, y downwards, and may be negative: the page is what was drawn, and a margin.
 * Tip and link texts may be any UTF-8; what XML has no place for becomes '?'.
 *
 * The functions never fail: when memory runs out, picture_write() says so.
 */
#ifndef VIZ_PICTURE_H
#define VIZ_PICTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum pic_class {
	PIC_NORMAL,
	PIC_DIM,     /* there, but not what matters */
	PIC_STRONG,  /* what matters */
	PIC_PAPER,   /* the page: an area that hides what is below, and text as of PIC_NORMAL */
	PIC_GRID,    /* rulers, axes, life lines */
	PIC_ADDED,   /* two runs: only in the second */
	PIC_REMOVED, /* only in the first */
	PIC_DROP,    /* lost, refused, failed */
	PIC_RESENT,  /* sent again */
	/* layers, as the folders of stack/ and what is below them */
	PIC_APPLICATION,
	PIC_TRANSPORT,
	PIC_INTERNET,
	PIC_INTERFACE,
	PIC_SKB,
	PIC_KERNEL,
	PIC_CARD,
	PIC_WIRE,
	/* contexts */
	PIC_TASK,
	PIC_SOFTIRQ,
	PIC_IRQ,
	/* curves of a plot */
	PIC_SERIES1,
	PIC_SERIES2,
	PIC_SERIES3,
	PIC_SERIES4,
	PIC_SERIES5,
	PIC_SERIES6,
	PIC_CLASSES
};

enum pic_flags {
	PIC_ARROW = 1,	    /* lines: a head at the end */
	PIC_ARROW_BACK = 2, /* and one at the beginning */
	PIC_DASHED = 4,
	PIC_DOTTED = 8,
	PIC_THICK = 16,
	PIC_CURVE = 32,	  /* picture_path(): cubic Bezier curves, 1 + 3k points */
	PIC_CLOSED = 64,  /* picture_path(): an area, filled with the class's colour */
	PIC_ROUND = 128,  /* boxes: rounded */
	PIC_HOLLOW = 256, /* boxes: not filled */
	PIC_SOLID = 512,  /* boxes: filled with the colour of the class's lines */
	/* text: centred on, or ending at, x; else it begins there */
	PIC_MIDDLE = 1024,
	PIC_END = 2048,
	PIC_SMALL = 4096,
	PIC_LARGE = 8192,
	PIC_BOLD = 16384,
};

struct pic_point {
	int x, y;
};

struct picture;

/* `title` is what a screen reader says, and the page's name. NULL when there is no memory. */
struct picture *picture_new(const char *title);
void picture_free(struct picture *p);

void picture_box(struct picture *p, int x, int y, int w, int h, enum pic_class cls, unsigned flags);
void picture_line(struct picture *p, int x1, int y1, int x2, int y2, enum pic_class cls, unsigned flags);
void picture_path(struct picture *p, const struct pic_point *points, unsigned n, enum pic_class cls,
		  unsigned flags);
/* `y` is the base line. The text is the class's in colour; in one line. */
void picture_text(struct picture *p, int x, int y, enum pic_class cls, unsigned flags, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* Until picture_close(): things that belong together, with a tool tip and a link (either may be NULL). */
void picture_open(struct picture *p, const char *tip, const char *href);
void picture_close(struct picture *p);

/* Room that a text of these flags takes: width of `text`, height of a line. The letters are all of one width.
 */
int picture_text_width(const char *text, unsigned flags);
int picture_text_height(unsigned flags);

enum pic_format { PIC_SVG, PIC_PNG, PIC_PDF };

/* "svg", "png", "pdf"; -1 for another word. */
int picture_format(const char *word);

/* Writes the picture. 0, or -1 with a message. The same picture gives the same bytes. */
int picture_write(const struct picture *p, enum pic_format format, FILE *out, char *err, unsigned errlen);

#endif
