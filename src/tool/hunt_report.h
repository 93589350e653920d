/* What a hunt has found, as a table and as JSON. */
#ifndef TOOL_HUNT_REPORT_H
#define TOOL_HUNT_REPORT_H

#include "tool/hunt_found.h"

enum { HUNT_REPORT_FORMAT = 1 };

struct hunt_report {
	const struct hunt_set *set;
	const struct hunt_found *found;
	struct log_scan_result scan;
	uint64_t ms; /* that it took */
};

/* hunt_report_text - on standard output; nothing in it can move a terminal (THREATS A27). E_NOMEM,
 * E_SYS */
enum err hunt_report_text(const struct hunt_report *r);

/* hunt_report_json - likewise, one document (docs/hunt.md). E_NOMEM, E_SYS */
enum err hunt_report_json(const struct hunt_report *r);

#endif
