/* `sluis status` for people. */
#ifndef TOOL_STATUS_TABLE_H
#define TOOL_STATUS_TABLE_H

#include "tool/snapshot.h"

/* status_table_print - on standard output; the exit status */
int status_table_print(const struct snapshot *s);

#endif
