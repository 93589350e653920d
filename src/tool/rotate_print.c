/* One line per item, and what there is to see behind it. */
#include "tool/rotate_print.h"

#include "base/date.h"
#include "tool/admin_table.h"
#include "tool/ask.h"

#include <stdio.h>

enum { ROTATE_PRINT_OPEN = 3 /* exit status */, ROTATE_PRINT_SHORT = 16 };

static void rotate_print_time(struct wbuf *w, int64_t at_s)
{
	uint8_t text[32];
	struct wbuf t = wbuf_of(text, sizeof text);

	date_put_utc(&t, at_s * 1000000);
	wbuf_view_put(w, view_slice(wbuf_view(&t), 0, 19)); /* seconds do */
	WBUF_LIT(w, "Z");
}

static void rotate_print_pad(struct wbuf *w, size_t to)
{
	while (w->n < to)
		WBUF_LIT(w, " ");
}

static void rotate_print_prints(struct wbuf *w, const struct rotate_item *i)
{
	if (i->was[0]) {
		WBUF_LIT(w, "  was ");
		wbuf_view_put(w, view_slice(view_str(i->was), 0, ROTATE_PRINT_SHORT));
	}
	if (i->now[0]) {
		wbuf_str(w, i->progress == ROTATE_OPEN ? "  next " : "  now ");
		wbuf_view_put(w, view_slice(view_str(i->now), 0, ROTATE_PRINT_SHORT));
	}
}

static void rotate_print_item(const struct rotate_item *i)
{
	static const char *const boxes[ROTATE_PROGRESSES] = { "[ ] ", "[x] ", "[-] " };
	char line[900];
	struct wbuf w = wbuf_of(line, sizeof line);

	wbuf_str(&w, boxes[i->progress]);
	wbuf_str(&w, i->name);
	rotate_print_pad(&w, 32);
	WBUF_LIT(&w, " ");
	if (i->at_s)
		rotate_print_time(&w, i->at_s);
	else
		wbuf_str(&w, rotate_state_owner(i->kind));
	if (i->was[0] || i->now[0])
		rotate_print_pad(&w, 54);
	rotate_print_prints(&w, i);
	ask_put_line(false, wbuf_view(&w));
	if (!i->evidence[0])
		return;
	w = wbuf_of(line, sizeof line);
	WBUF_LIT(&w, "      ");
	wbuf_str(&w, i->evidence);
	ask_put_line(false, wbuf_view(&w));
}

static void rotate_print_head(const struct rotation *r, size_t open)
{
	char line[900];
	struct wbuf w = wbuf_of(line, sizeof line);

	WBUF_LIT(&w, "rotation of ");
	rotate_print_time(&w, r->begun_s);
	WBUF_LIT(&w, " by uid ");
	wbuf_dec(&w, r->uid);
	WBUF_LIT(&w, ": ");
	wbuf_str(&w, r->reason);
	ask_put_line(false, wbuf_view(&w));
	w = wbuf_of(line, sizeof line);
	wbuf_dec(&w, r->n - open);
	WBUF_LIT(&w, " of ");
	wbuf_dec(&w, r->n);
	wbuf_str(&w, open ? " closed" : " closed: finished");
	ask_put_line(false, wbuf_view(&w));
}

int rotate_print(const struct rotation *r, bool is_json)
{
	size_t open = rotate_state_open_n(r);
	int status = open ? ROTATE_PRINT_OPEN : 0;

	if (is_json)
		return admin_table_json(rotate_state_json(r)) == 0 ? status : 1;
	rotate_print_head(r, open);
	for (size_t i = 0; i < r->n; i++)
		rotate_print_item(&r->items[i]);
	return status;
}
