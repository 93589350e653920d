/* One act of the authority's, with all its rows as JSON. */
#ifndef TOOL_ADMIN_ASK_H
#define TOOL_ADMIN_ASK_H

#include "tool/ask_authority.h"

#include <jansson.h>

/* What came back: rows by kind; owned until admin_answer_done. */
struct admin_answer {
	json_t *users, *groups, *factors, *sessions, *invites;
	struct ask_authority_end end;
};

/*
 * admin_ask - one act, and all of its answer; a refusal is printed
 *   fd     an open channel, or -1: one by the keeper of that state directory
 *   state  --state, or NULL
 * 0 done · 1 refused, or there was no answer: told on standard error. ret is to be closed either
 * way
 */
int admin_ask(int fd, const char *state, const struct tool_act *act, struct admin_answer *ret);
void admin_answer_done(struct admin_answer *a);

#endif
