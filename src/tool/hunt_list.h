/*
 * Indicators as a plain list, one per line (docs/hunt.md): an address, a network, a URL, a path, a
 * host name, a user agent, or type:value; # begins a comment.
 *
 * A line that can't be told apart is an error, never a guess.
 */
#ifndef TOOL_HUNT_LIST_H
#define TOOL_HUNT_LIST_H

#include "tool/hunt_set.h"

/* A line that is none; told to the caller while reading. */
struct hunt_list_error {
	uint32_t line, column; /* from 1; bytes */
	const char *why;       /* and what to write instead */
};

typedef void hunt_list_tell(void *arg, const struct hunt_list_error *e);

/*
 * hunt_list_read - all lines of a file
 * E_PROTO some are errors, all of which were told · E_LIMIT too many, or too much · E_NOMEM
 */
enum err hunt_list_read(struct hunt_set *s, struct view file, struct view text,
			hunt_list_tell *tell, void *arg);

#endif
