/* Acts on users and groups; each ends t's answer. */
#ifndef ROLE_AUTHORITY_TOOL_PEOPLE_H
#define ROLE_AUTHORITY_TOOL_PEOPLE_H

#include "role/authority/tool.h"
#include "role/authority/user.h"

/* tool_people_user - the user that the act names; false: t has its answer */
bool tool_people_user(struct tool *t, struct view name, struct user *ret);

/* tool_people_group - likewise the group */
bool tool_people_group(struct tool *t, struct view name, uint32_t *ret);

/* tool_people_tell - an event of this command */
void tool_people_tell(struct tool *t, const char *action, struct view object, struct view detail);

/* tool_people_failed - the store can't be written: t's answer */
void tool_people_failed(struct tool *t);

/* tool_people_cut - ... and sessions that were to end have been cut */
void tool_people_cut(struct tool *t);

void tool_people_add(struct tool *t, const struct tool_act *act);
void tool_people_change(struct tool *t, const struct tool_act *act);
void tool_people_enable(struct tool *t, const struct tool_act *act);
void tool_people_disable(struct tool *t, const struct tool_act *act);
void tool_people_remove(struct tool *t, const struct tool_act *act);
void tool_people_reset(struct tool *t, const struct tool_act *act);
void tool_people_group_add(struct tool *t, const struct tool_act *act);
void tool_people_group_remove(struct tool *t, const struct tool_act *act);
void tool_people_join(struct tool *t, const struct tool_act *act);
void tool_people_leave(struct tool *t, const struct tool_act *act);

#endif
