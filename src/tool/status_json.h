/* `sluis status --json`: names that programs may rely on (docs/status.md). */
#ifndef TOOL_STATUS_JSON_H
#define TOOL_STATUS_JSON_H

#include "tool/snapshot.h"

#include <stdio.h>

enum { STATUS_JSON_FORMAT = 1 /* counts up when a name changes its meaning or goes */ };

/* status_json_write - one document; 0: written */
int status_json_write(const struct snapshot *s, FILE *to);

/* status_json_print - one document on standard output; the exit status */
int status_json_print(const struct snapshot *s);

#endif
