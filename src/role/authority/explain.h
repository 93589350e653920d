/* `sluis explain`: what the rules say of somebody, condition by condition. Changes nothing. */
#ifndef ROLE_AUTHORITY_EXPLAIN_H
#define ROLE_AUTHORITY_EXPLAIN_H

#include "role/authority/tool.h"

/* explain_begin - t's answer begins, or has ended because there is no such user or host */
void explain_begin(struct tool *t, const struct tool_act *act);

/* explain_step - rows that the command has room for. E_AGAIN; explain_end - the verdict */
enum err explain_step(struct tool *t, bool *ret_over);
void explain_end(struct tool *t);

#endif
