/* Measuring and printing columns. */
#include "tool/columns.h"

#include "base/utf8.h"

#include <stdio.h>

/* What a terminal shows and does not obey: no control of C0 or C1 (ECMA-48 §5.3 begins commands
 * with one), nothing that turns the direction of what follows. People choose some of these texts.
 */
static bool columns_is_plain(uint32_t c)
{
	return c >= 0x20 && (c < 0x7f || c > 0x9f) && c != 0x200e && c != 0x200f &&
	       (c < 0x2028 || c > 0x202e) && (c < 0x2066 || c > 0x2069);
}

void columns_cell(struct columns *c, struct view text)
{
	char cell[256];
	struct wbuf w = wbuf_of(cell, sizeof cell - 1);
	size_t *width = &c->width[c->at];

	if (c->at >= COLUMNS_MAX)
		return;
	while (text.n && wbuf_room(&w) >= 4) {
		struct view from = text;
		uint32_t ch = 0;
		bool is_good = utf8_next(&text, &ch) == E_OK;

		wbuf_view_put(&w, is_good && columns_is_plain(ch)
					  ? view_slice(from, 0, from.n - text.n)
					  : VIEW("?"));
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
