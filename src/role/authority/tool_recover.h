/* `sluis recover`: the staged return by command, and levels that need approvals. */
#ifndef ROLE_AUTHORITY_TOOL_RECOVER_H
#define ROLE_AUTHORITY_TOOL_RECOVER_H

#include "role/authority/isolate.h"
#include "role/authority/tool.h"

void tool_recover_list(struct tool *t, const struct tool_act *act);
void tool_recover_start(struct tool *t, const struct tool_act *act);
void tool_recover_stop(struct tool *t, const struct tool_act *act);
void tool_recover_advance(struct tool *t, const struct tool_act *act);
void tool_recover_withdraw(struct tool *t, const struct tool_act *act);

/* tool_recover_row - the next row of ACT_RECOVER_LIST. E_AGAIN the command has to read first */
enum err tool_recover_row(struct tool *t, bool *ret_over);

/* tool_recover_may_set - whether the level may be set by the word of this command alone; if not, t
 * has ended: it is asked for, or refused */
bool tool_recover_may_set(struct tool *t, const struct isolate_wish *w);

/* tool_recover_is_loosened - w, which is about to be set, lets through what is held back now */
bool tool_recover_is_loosened(const struct authority *a, const struct isolate_wish *w);

#endif
