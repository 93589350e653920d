/* `sluis top --json`: one interval, for programs (docs/top.md). */
#ifndef TOOL_TOP_JSON_H
#define TOOL_TOP_JSON_H

#include "tool/top_sample.h"

enum { TOP_JSON_FORMAT = 1 };

/* top_json_print - all views; the exit status */
int top_json_print(const struct top_sample *now, const struct top_sample *before,
		   uint32_t generation);

#endif
