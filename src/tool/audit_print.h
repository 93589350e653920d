/* One record of the audit log as a line for a person. */
#ifndef TOOL_AUDIT_PRINT_H
#define TOOL_AUDIT_PRINT_H

#include "ipc/audit_line.h"

enum { AUDIT_PRINT_MAX = 8 * AUDIT_LINE_MAX }; /* bytes that any line takes at most */

/* audit_print_record - the fixed fields, then the others as key=value; nothing in it can move a
 * terminal (THREATS A27), whatever the record holds */
void audit_print_record(struct wbuf *w, const struct audit_line *l);

#endif
