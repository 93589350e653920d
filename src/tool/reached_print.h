/* What `sluis audit reached` found: for a person, or for a program. */
#ifndef TOOL_REACHED_PRINT_H
#define TOOL_REACHED_PRINT_H

#include "tool/audit_reached.h"

/* reached_print_text, reached_print_json - to standard output; E_NOMEM */
enum err reached_print_text(const struct reached *r);
void reached_print_json(const struct reached *r);

#endif
