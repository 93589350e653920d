/* Options that many sub-commands share. */
#ifndef TOOL_COMMAND_LINE_H
#define TOOL_COMMAND_LINE_H

#include <stdbool.h>

struct command_line {
	const char *state; /* --state DIR; NULL: the default */
	bool is_json;	   /* --json */
	const char *wait;  /* --wait: "", or --wait=TEXT; NULL: not given */
	int rest;	   /* index of the first argument that is no option */
};

/* What a sub-command takes beside --state and --help. */
enum command_line_option { COMMAND_LINE_JSON = 1, COMMAND_LINE_WAIT = 2 };

/*
 * command_line_read - --state, --help and those of takes: bits of enum command_line_option
 * -1: go on; otherwise the exit status: help was printed (0), or the usage (2)
 */
int command_line_read(int argc, char **argv, const char *usage, unsigned takes,
		      struct command_line *ret);

/* command_line_enter - a sub-command's argv, whose first word is the whole command ("sluis user
 * add"), as messages about its options begin; room is as long as argv lives */
enum { COMMAND_LINE_ROOM = 64 };

char **command_line_enter(char room[COMMAND_LINE_ROOM], const char *command, char **argv);

/* command_line_count - 2 and the usage on standard error unless there are from min to max
 * arguments; else -1 */
int command_line_count(const struct command_line *o, int argc, int min, int max, const char *usage);

#endif
