/* What is said about a change: printed line by line as it comes, or kept for one JSON document. */
#ifndef TOOL_CHANGE_LINES_H
#define TOOL_CHANGE_LINES_H

#include "ipc/frame.h"

#include <jansson.h>

struct change_lines {
	bool is_json, is_dry;
	uint32_t generation, entry; /* 0: none was told */
	json_t *differences, *errors, *warnings;
};

/* change_lines_begin - of a change, or of a trial (is_dry) */
void change_lines_begin(struct change_lines *l, bool is_json, bool is_dry);

/* change_lines_text - a line of KEEPER_TEXT; arg: struct change_lines */
void change_lines_text(void *arg, uint8_t level, struct view text);

/* change_lines_row - any other frame; arg likewise */
enum err change_lines_row(void *arg, struct frame *f);

/* change_lines_end - prints the document, where there is one; the exit status: status, or 1 */
int change_lines_end(struct change_lines *l, int status);

#endif
