/* Answers of many rows, one after the other as the command reads them. */
#ifndef ROLE_AUTHORITY_TOOL_LIST_H
#define ROLE_AUTHORITY_TOOL_LIST_H

#include "role/authority/tool.h"

/* tool_list_step - the next row of t->kind, or its end. E_AGAIN: not now; E_CLOSED, E_SYS */
enum err tool_list_step(struct tool *t);

#endif
