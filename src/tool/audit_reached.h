/* `sluis audit reached`: what a session, a user, a source or an application had to do with. */
#ifndef TOOL_AUDIT_REACHED_H
#define TOOL_AUDIT_REACHED_H

#include "tool/audit_ask.h"
#include "tool/reached_table.h"

enum { REACHED_EVENTS = 10000, REACHED_EVENTS_TEXT = 1 << 23 };

/* Events and alarms about the same, as they stand in the log. */
struct reached_events {
	uint8_t *text; /* REACHED_EVENTS_TEXT: lines with their newlines */
	size_t text_n;
	uint64_t kept, more; /* more: there was no room for them */
};

struct reached {
	struct audit_ask ask;
	struct reached_table table;
	struct reached_events events;
	bool has_session; /* some access record names its session */
};

/* audit_reached_main - argv[0] is "reached"; usage is printed for --help and mistakes. Gives the
 * exit status */
int audit_reached_main(int argc, char **argv, const char *usage);

#endif
