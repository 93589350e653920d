/* What the four commands share: acts on names, lists, and the question before what hurts. */
#ifndef TOOL_ADMIN_ACT_H
#define TOOL_ADMIN_ACT_H

#include "tool/admin_ask.h"
#include "tool/admin_line.h"
#include "tool/admin_table.h"

/* admin_act_sure - asks at a terminal; elsewhere --yes is needed. False: told */
bool admin_act_sure(const struct admin_line *o, const char *what);

/* admin_act_one - one act on a channel of its own, whose outcome is printed; the exit status */
int admin_act_one(const struct admin_line *o, const struct tool_act *act);

/* admin_act_each - the act for each of o's names; stops at the first that is refused */
int admin_act_each(const struct admin_line *o, enum tool_act_kind kind);

/* admin_act_numbers - likewise, for names that are numbers: what says of what */
int admin_act_numbers(const struct admin_line *o, enum tool_act_kind kind, const char *what);

/* admin_act_ask - one act on a channel of its own; ret is to be closed whatever the status */
int admin_act_ask(const struct admin_line *o, const struct tool_act *act, struct admin_answer *ret);

/* admin_act_names - o's names from `from` on, between commas. False (told): too long */
bool admin_act_names(const struct admin_line *o, int from, struct wbuf *ret);

#endif
