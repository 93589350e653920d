/* What the command may have done. */
#ifndef ROLE_AUTHORITY_TOOL_ACT_H
#define ROLE_AUTHORITY_TOOL_ACT_H

#include "role/authority/tool.h"

/* tool_act_do - does it and answers, or begins the answer that tool_list_step goes on with */
void tool_act_do(struct tool *t, const struct tool_act *act);

#endif
