/*
 * What changes from one configuration to another, option by option, by name: what is listed in
 * another order or written in another way is no change. One line each:
 *
 *   backends/web/servers/b/weight: 1 (default) -> 5
 *   + backends/web/servers/c: {address: "10.0.0.13:8080"}
 *   - routes/old
 */
#ifndef CONF_DIFF_H
#define CONF_DIFF_H

#include "base/wbuf.h"
#include "conf/node.h"

enum { DIFF_LINES = 1000, DIFF_LINE_BYTES = 900 };

struct diff {
	struct arena *region;
	struct view *lines;   /* DIFF_LINES of them at most */
	uint32_t line_n, all; /* kept; found */
};

/* diff_run - everything that differs; old may be NULL: there was nothing. Takes trees that may be
 * read only */
void diff_run(struct diff *d, struct arena *region, const struct node *old, const struct node *now);

/* diff_put - the lines, each with its end, and "and N more"; what does not fit is left out */
void diff_put(const struct diff *d, struct wbuf *w);

#endif
