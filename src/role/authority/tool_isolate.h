/* `sluis isolate`: levels set, lifted and listed by command. */
#ifndef ROLE_AUTHORITY_TOOL_ISOLATE_H
#define ROLE_AUTHORITY_TOOL_ISOLATE_H

#include "role/authority/tool.h"

/* tool_isolate_set - ACT_LEVEL_SET; ends the answer */
void tool_isolate_set(struct tool *t, const struct tool_act *act);

/* tool_isolate_row - the next row of ACT_LEVEL_LIST. E_AGAIN the command has to read first */
enum err tool_isolate_row(struct tool *t, bool *ret_over);

#endif
