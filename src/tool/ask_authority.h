/* One act of administration, and its rows (ipc/tool_authority.h). */
#ifndef TOOL_ASK_AUTHORITY_H
#define TOOL_ASK_AUTHORITY_H

#include "ipc/tool_authority.h"

/* How an act ended. */
struct ask_authority_end {
	bool is_done; /* else refused: text says why */
	uint32_t n;   /* how many it concerned */
	char text[513];
};

/* Who takes the rows: type is an enum authority_tool_message; an error ends the conversation. */
typedef enum err ask_authority_row(void *arg, uint8_t type, struct view body);

/*
 * ask_authority - opens a channel by the keeper, sends an act, takes its rows and its end
 *   state_option  --state, or NULL
 *   on_row        may be NULL
 * Gives 0, and *ret, when there was an answer, also when it was no; 1 when there was none (told).
 */
int ask_authority(const char *state_option, const struct tool_act *act, ask_authority_row *on_row,
		  void *arg, struct ask_authority_end *ret);

/* ask_authority_on - the same on a channel that is open already */
int ask_authority_on(int fd, const struct tool_act *act, ask_authority_row *on_row, void *arg,
		     struct ask_authority_end *ret);

#endif
