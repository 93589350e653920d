/* A drill's result as a picture: who can reach what. */
#ifndef TOOL_DRILL_SVG_H
#define TOOL_DRILL_SVG_H

#include "tool/drill_result.h"

/* drill_svg_write - to a file, which is made anew. E_SYS (told) */
enum err drill_svg_write(const struct drill_result *r, const char *path);

#endif
