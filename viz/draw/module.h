/* Between the files of the module. */
#ifndef VIZ_DRAW_MODULE_H
#define VIZ_DRAW_MODULE_H

#include "viz/draw.h"

int draw_module_render(const char *svg, size_t len, const struct draw_size *size, bool pdf, FILE *out,
		       char *err, unsigned errlen);
int draw_module_layout(struct graph *g, char *err, unsigned errlen);

#endif
