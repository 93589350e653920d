/* The checklist as people read it. */
#ifndef TOOL_ROTATE_PRINT_H
#define TOOL_ROTATE_PRINT_H

#include "tool/rotate_state.h"

/* rotate_print - all items, with what was seen; the exit status: 0 all closed, 3 some are open */
int rotate_print(const struct rotation *r, bool is_json);

#endif
