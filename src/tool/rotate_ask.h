/* What a rotation asks of the running instance. */
#ifndef TOOL_ROTATE_ASK_H
#define TOOL_ROTATE_ASK_H

#include "ipc/tool_keeper.h"
#include "tool/rotate_state.h"
#include "tool/snapshot.h"

/* A rotation under way: what is read once and used by all items. */
struct rotate {
	const char *state; /* --state, or NULL */
	const char *chain; /* --chain, or NULL */
	int dir_fd;	   /* the state directory */
	struct snapshot *now;
	struct rotation list;
	size_t failed; /* items that could not be done */
};

/* rotate_ask_now - the running configuration, into r->now. The exit status: 0, 1 (told) */
int rotate_ask_now(struct rotate *r);

/* rotate_ask_record - one record in the audit log. The exit status: 0, 1 (told) */
int rotate_ask_record(const struct rotate *r, enum tool_rotate act, const char *object,
		      const char *detail);

/* rotate_ask_keys - fresh keys of the keeper's (a set of enum tool_rotate_key), in new processes;
 * comes back when all run. The exit status: 0, 1 (told) */
int rotate_ask_keys(const struct rotate *r, uint8_t keys);

/* rotate_ask_sessions - ends all; *ret_n how many were there. The exit status: 0, 1 (told) */
int rotate_ask_sessions(const struct rotate *r, uint32_t *ret_n);

/* rotate_ask_people - users with any factor, all of them (group NULL) or of a group. The exit
 * status: 0, 1 (told) */
int rotate_ask_people(const struct rotate *r, const char *group, uint32_t *ret_n);

#endif
