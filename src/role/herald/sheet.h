/* The status page as bytes: for people in two languages, for programs, and as a feed. */
#ifndef ROLE_HERALD_SHEET_H
#define ROLE_HERALD_SHEET_H

#include "role/herald/board.h"

#include "base/wbuf.h"

/* Documents, in the order of struct sheets; the two languages one behind the other. */
enum sheet_kind { SHEET_HTML, SHEET_HTML_EN, SHEET_JSON, SHEET_FEED, SHEET_FEED_EN, SHEET_KINDS };

/* sheet_html, sheet_json - w is bad when it does not fit */
void sheet_html(struct wbuf *w, const struct board *b, enum notice_language language);
void sheet_json(struct wbuf *w, const struct board *b);

/* sheet_feed - RFC 4287; born_s: for a feed in which nothing has happened yet */
void sheet_feed(struct wbuf *w, const struct board *b, enum notice_language language,
		uint64_t born_s);

/* sheet_style - the style sheet of the page */
struct view sheet_style(void);

/* sheet_says - how a state is called; sheet_levels - what holds, in words: "reading only" */
struct view sheet_says(enum board_state state, enum notice_language language);
void sheet_levels(struct wbuf *w, const struct board_service *s, enum notice_language language);

#endif
