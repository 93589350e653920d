/* `sluis alarms`: what is open, and that it is dealt with. */
#ifndef ROLE_AUTHORITY_TOOL_ALARM_H
#define ROLE_AUTHORITY_TOOL_ALARM_H

#include "role/authority/tool.h"

/* tool_alarm_row - the next of the list; as the steps of tool_list.c */
enum err tool_alarm_row(struct tool *t, bool *ret_over);

void tool_alarm_show(struct tool *t, const struct tool_act *act);
void tool_alarm_close(struct tool *t, const struct tool_act *act);

#endif
