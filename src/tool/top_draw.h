/* The screen of `sluis top`, as text. Pure. */
#ifndef TOOL_TOP_DRAW_H
#define TOOL_TOP_DRAW_H

#include "base/wbuf.h"
#include "tool/top_sample.h"

enum top_order { TOP_BY_RATE, TOP_BY_NAME, TOP_BY_FAILED, TOP_BY_LATENCY, TOP_ORDERS };

/* What the screen shows. */
struct top_screen {
	uint8_t view;		 /* enum top_view */
	uint8_t order;		 /* enum top_order */
	unsigned lines, columns; /* of the terminal */
	size_t from;		 /* first row shown */
	bool is_terminal;	 /* false: no escapes, all rows */
};

/* top_draw_sort - the lines of a sample in the screen's order; ret has now->n elements */
void top_draw_sort(const struct top_sample *now, const struct top_sample *before,
		   enum top_order order, struct top_line *ret);

/* top_draw - heading, rows, and the keys below them; what does not fit is left out */
void top_draw(struct wbuf *w, const struct top_screen *screen, const struct top_line *lines,
	      size_t n, const char *title);

#endif
