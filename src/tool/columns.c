/* Measuring and printing columns. */
#include "tool/columns.h"

#include <stdio.h>

void columns_cell(struct columns *c, struct view text)
{
	char cell[256];
	struct wbuf w = wbuf_of(cell, sizeof cell - 1);
	size_t *width = &c->width[c->at];

	if (c->at >= COLUMNS_MAX)
		return;
	for (size_t i = 0; i < text.n && wbuf_room(&w); i++) {
		struct view one = view_slice(text, i, 1);

		wbuf_view_put(&w, *one.p < 0x20 || *one.p == 0x7f ? VIEW("?") : one);
	}
	cell[w.n] = '\0';
	if (w.n > *width)
		*width = w.n;
	if (c->is_printing)
		(void)printf("  %-*s", (int)*width, cell);
	c->at++;
}

void columns_text(struct columns *c, const char *text)
{
	columns_cell(c, view_str(text));
}

void columns_number(struct columns *c, uint64_t n)
{
	char text[24];
	struct wbuf w = wbuf_of(text, sizeof text);

	wbuf_dec(&w, n);
	columns_cell(c, wbuf_view(&w));
}

void columns_end(struct columns *c)
{
	if (c->is_printing)
		(void)putchar('\n');
	c->at = 0;
}
