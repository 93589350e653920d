/*
 * The status page of a gate page with any bytes in it, and of a notice with any text: it fits, and
 * what is in it is our own markup alone. Quotes and angle brackets can be counted, because texts of
 * others have none left.
 */
#include "tests/fuzz/fuzz.h"

#include "ipc/pages.h"
#include "role/herald/sheet.h"
#include "role/herald/sheet_put.h"

enum { SHEET_ROOM = 1 << 16 };

/* An image without services and titles: what is drawn is the page's. */
static void empty_image(struct image *im, struct image_header *h)
{
	*im = (struct image){ .header = h };
}

static size_t count(struct view v, uint8_t c)
{
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++)
		n += v.p[i] == c;
	return n;
}

static void check_text(struct view text)
{
	static uint8_t room[SHEET_ROOM * 8];
	struct wbuf w = wbuf_of(room, sizeof room);

	text = view_slice(text, 0, SHEET_ROOM);
	sheet_put_text(&w, text);
	INVARIANT(!w.bad && !count(wbuf_view(&w), '<') && !count(wbuf_view(&w), '"') &&
		  !count(wbuf_view(&w), '>') && !count(wbuf_view(&w), '\''));
	w = wbuf_of(room, sizeof room);
	sheet_put_json(&w, text);
	INVARIANT(!w.bad && !count(wbuf_view(&w), '"') && !count(wbuf_view(&w), '<') &&
		  !count(wbuf_view(&w), '\n'));
}

static void check_page(const struct page_gate_page *page)
{
	static struct board b;
	static uint8_t room[SHEET_ROOM];
	static struct image_header h;
	struct image im;
	struct wbuf w = wbuf_of(room, sizeof room);

	empty_image(&im, &h);
	b = (struct board){ .im = &im };
	b.is_known = level_page_read(&page->levels, &b.map.book) == E_OK;
	(void)notice_page_read(&page->notice, &b.notice);
	board_make(&b);
	INVARIANT(b.is_known || b.state == BOARD_UNKNOWN);
	sheet_html(&w, &b, NOTICE_EN);
	INVARIANT(!w.bad && count(wbuf_view(&w), '<') == count(wbuf_view(&w), '>') &&
		  count(wbuf_view(&w), '"') % 2 == 0);
	w = wbuf_of(room, sizeof room);
	sheet_json(&w, &b);
	INVARIANT(!w.bad && count(wbuf_view(&w), '"') % 2 == 0 && !count(wbuf_view(&w), '<'));
	w = wbuf_of(room, sizeof room);
	sheet_feed(&w, &b, NOTICE_NL, 1784246400);
	INVARIANT(!w.bad && count(wbuf_view(&w), '<') == count(wbuf_view(&w), '>'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct page_gate_page page;
	uint8_t *copy = fuzz_copy(view_of(data, size));
	struct view in = view_of(copy, size);
	struct wbuf levels = wbuf_of(&page.levels, sizeof page.levels),
		    notice = wbuf_of(&page.notice, sizeof page.notice);

	check_text(in);
	wbuf_view_put(&notice, view_slice(in, 0, sizeof page.notice));
	wbuf_view_put(&levels, view_slice(in, 0, sizeof page.levels));
	check_page(&page);
	free(copy);
	return 0;
}
