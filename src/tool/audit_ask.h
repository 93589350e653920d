/* What `sluis audit search` and `sluis audit reached` have in common: options, and the log. */
#ifndef TOOL_AUDIT_ASK_H
#define TOOL_AUDIT_ASK_H

#include "tool/audit_match.h"
#include "tool/audit_place.h"
#include "tool/audit_progress.h"

struct audit_ask {
	const char *command; /* "search"; for messages */
	struct audit_place place;
	struct audit_match match;
	int64_t since_us, until_us; /* 0: any */
	uint64_t lines;		    /* -n; UINT64_MAX: all */
	bool is_json;
	struct audit_progress progress;
	struct log_scan_result result;
};

/*
 * audit_ask_options - argv[0] is "search" or "reached"
 *   takes  bits: 1 << an audit_match_by that the command knows
 * -1: go on; else the exit status: help (0), or a mistake (2), both said
 */
int audit_ask_options(struct audit_ask *a, int argc, char **argv, unsigned takes,
		      const char *usage);

/* audit_ask_run - the log from begin to end. Anything but E_OK has been said on standard error */
enum err audit_ask_run(struct audit_ask *a, enum err (*on_line)(void *, const struct log_line *),
		       void *arg);

#endif
