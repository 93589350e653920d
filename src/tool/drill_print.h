/* A drill's result, for people: a matrix of roles and groups, and what worked. */
#ifndef TOOL_DRILL_PRINT_H
#define TOOL_DRILL_PRINT_H

#include "tool/drill_result.h"

/* drill_print - to standard output; is_long: each role's acts, one per line */
void drill_print(const struct drill_result *r, bool is_long);

/* drill_print_summary - "13 roles, 2041 acts, ...", without a line's end */
void drill_print_summary(const struct drill_result *r, struct wbuf *w);

/* drill_print_json - the same for programs (docs/drill.md). The exit status */
int drill_print_json(const struct drill_result *r);

#endif
