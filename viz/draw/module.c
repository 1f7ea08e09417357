/* What the module exports. */
#include "viz/draw/module.h"

extern const struct draw_module draw_module;
const struct draw_module draw_module = { draw_module_render, draw_module_layout };
