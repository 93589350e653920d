/* One question to the keeper, and its answer (ipc/tool_keeper.h). */
#ifndef TOOL_ASK_H
#define TOOL_ASK_H

#include "ipc/frame.h"
#include "ipc/tool_keeper.h"

/*
 * ask_keeper - sends a question, prints the lines that come back (errors and warnings to standard
 * error) and gives the exit status: 0 done · 1 refused, or the keeper does not answer
 *   state_option  --state, or NULL
 *   on_row        called for every other frame; may take its descriptors; an error ends the
 *                 conversation; may be NULL
 */
int ask_keeper(const char *state_option, uint8_t type, struct view body,
	       enum err (*on_row)(void *arg, struct frame *f), void *arg);

/* Who takes an answer. */
struct ask_sink {
	enum err (*on_row)(void *arg, struct frame *f);
	void (*on_text)(void *arg, uint8_t level, struct view text); /* NULL: lines are printed */
	void *arg;
};

/* ask_keeper_with - the same with a descriptor to pass, which is borrowed; -1: none */
int ask_keeper_with(const char *state_option, uint8_t type, struct view body, int pass,
		    const struct ask_sink *sink);

/* ask_put_line - one line with control bytes as \xNN */
void ask_put_line(bool is_error, struct view text);

#endif
