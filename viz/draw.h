/*
 * What the big libraries do for pictures: rendering (librsvg, cairo) and laying out of graphs (Graphviz).
 *
 * They take 10 ms to load, ten times what the program itself takes to start. So they are linked to a module,
 * wirepath-draw.so beside the program (viz/draw/), which is loaded when a picture first needs it.
 */
#ifndef VIZ_DRAW_H
#define VIZ_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct draw_size {
	int width, height; /* px */
};

/* Renders an SVG of that size as PNG, or as PDF. 0, or -1 with a message. */
int draw_render(const char *svg, size_t len, const struct draw_size *size, bool pdf, FILE *out, char *err,
		unsigned errlen);

struct graph;

/* Lays a graph out: sets the places of its nodes, whose sizes are known, of its clusters and its edges. 0, or
 * -1 with a message. */
int draw_layout(struct graph *g, char *err, unsigned errlen);

/* What the module exports, as `draw_module`. */
struct draw_module {
	int (*render)(const char *svg, size_t len, const struct draw_size *size, bool pdf, FILE *out,
		      char *err, unsigned errlen);
	int (*layout)(struct graph *g, char *err, unsigned errlen);
};

#endif
