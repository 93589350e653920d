/* Invitations: a secret made here, a link shown once; the authority keeps its hash. */
#ifndef TOOL_ADMIN_LINK_H
#define TOOL_ADMIN_LINK_H

#include "tool/admin_act.h"

/* admin_link_make - invites the user and prints the link; the exit status */
int admin_link_make(const struct admin_line *o, struct view user);

#endif
