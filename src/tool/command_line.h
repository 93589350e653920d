/* Options that many sub-commands share. */
#ifndef TOOL_COMMAND_LINE_H
#define TOOL_COMMAND_LINE_H

#include <stdbool.h>

struct command_line {
	const char *state; /* --state DIR; NULL: the default */
	bool is_json;	   /* --json */
	int rest;	   /* index of the first argument that is no option */
};

/*
 * command_line_read - --state, --help and, with wants_json, --json
 * -1: go on; otherwise the exit status: help was printed (0), or the usage (2)
 */
int command_line_read(int argc, char **argv, const char *usage, bool wants_json,
		      struct command_line *ret);

/* command_line_count - 2 and the usage on standard error unless there are from min to max
 * arguments; else -1 */
int command_line_count(const struct command_line *o, int argc, int min, int max, const char *usage);

#endif
