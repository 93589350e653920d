/*
 * Asking for a run-time change, or trying it: the same text goes to the keeper (TOOL_CHANGE), or,
 * with --dry-run, through the same code here, which changes nothing.
 */
#ifndef TOOL_CHANGE_ASK_H
#define TOOL_CHANGE_ASK_H

#include "base/wbuf.h"
#include "ipc/tool_keeper.h"

enum { CHANGE_ASK_BYTES = 60000 };

struct change_ask {
	const char *state, *reason; /* --state, --reason; NULL: not given */
	bool is_dry, is_json;
	uint8_t kind;	  /* enum tool_change */
	uint32_t from;	  /* TOOL_CHANGE_TARGET: entry of the history */
	struct view text; /* what is asked for */
};

/* change_ask_send - asks, or tries; prints what changes, as lines or JSON. The exit status */
int change_ask_send(const struct change_ask *a);

/* change_ask_running - the document in force, mapped for good; *ret_number, *ret_is_pinned may be
 * NULL. The exit status: 0 */
int change_ask_running(const char *state, struct view *ret, uint32_t *ret_number,
		       bool *ret_is_pinned);

/* change_ask_diff - what applying the file at path would change. 0 nothing, 3 something, 1 it does
 * not check (told) */
int change_ask_diff(const char *state, const char *path, bool is_json);

#endif
