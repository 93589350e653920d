/* The return as a picture: steps as boxes, where each application is, and what it waits for. */
#ifndef TOOL_RECOVER_DRAW_H
#define TOOL_RECOVER_DRAW_H

#include "base/wbuf.h"

#include <jansson.h>

/* recover_draw - doc as recover_rows_ask gives it
 *   is_plan    with every gate, the open ones too
 *   is_bold    a terminal shows it: where an application is stands out */
void recover_draw(struct wbuf *w, const json_t *doc, bool is_plan, bool is_bold);

/* recover_draw_request - one request in a line: what is approved by who approves it */
void recover_draw_request(struct wbuf *w, const json_t *request);

#endif
