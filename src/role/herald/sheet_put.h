/* Texts of anybody's into HTML, XML and JSON: what comes out is text there and nothing else. */
#ifndef ROLE_HERALD_SHEET_PUT_H
#define ROLE_HERALD_SHEET_PUT_H

#include "base/wbuf.h"

/* sheet_put_text - into an element or a quoted attribute of HTML or XML. What is not UTF-8, or a
 * character that XML 1.0 does not have, becomes U+FFFD */
void sheet_put_text(struct wbuf *w, struct view text);

/* sheet_put_json - between the quotes of a JSON string (RFC 8259 §7) that may also stand in HTML */
void sheet_put_json(struct wbuf *w, struct view text);

/* sheet_put_time - RFC 3339, to the second: "2026-07-17T06:30:00Z" */
void sheet_put_time(struct wbuf *w, uint64_t wall_s);

#endif
