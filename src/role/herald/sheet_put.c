/* Character by character: what is not known to be harmless is written by its number. */
#include "role/herald/sheet_put.h"

#include "base/date.h"
#include "base/utf8.h"

enum { PUT_NO_CHARACTER = 0xfffd };

static void put_utf8(struct wbuf *w, uint32_t c)
{
	if (c < 0x80) {
		wbuf_u8(w, (uint8_t)c);
	} else if (c < 0x800) {
		wbuf_u8(w, (uint8_t)(0xc0 | c >> 6));
		wbuf_u8(w, (uint8_t)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		wbuf_u8(w, (uint8_t)(0xe0 | c >> 12));
		wbuf_u8(w, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		wbuf_u8(w, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		wbuf_u8(w, (uint8_t)(0xf0 | c >> 18));
		wbuf_u8(w, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		wbuf_u8(w, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		wbuf_u8(w, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

/* One character; one that nobody should see is U+FFFD. */
static uint32_t put_next(struct view *text)
{
	uint32_t c = 0;

	if (utf8_next(text, &c) != E_OK || (c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0) ||
	    (c & 0xfffe) == 0xfffe)
		return PUT_NO_CHARACTER;
	return c;
}

void sheet_put_text(struct wbuf *w, struct view text)
{
	while (text.n) {
		uint32_t c = put_next(&text);

		if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'') {
			WBUF_LIT(w, "&#");
			wbuf_dec(w, c);
			WBUF_LIT(w, ";");
		} else {
			put_utf8(w, c);
		}
	}
}

void sheet_put_json(struct wbuf *w, struct view text)
{
	while (text.n) {
		uint32_t c = put_next(&text);

		if (c < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&') {
			uint8_t byte = (uint8_t)c;

			WBUF_LIT(w, "\\u00");
			wbuf_hex(w, view_of(&byte, 1));
		} else {
			put_utf8(w, c);
		}
	}
}

void sheet_put_time(struct wbuf *w, uint64_t wall_s)
{
	uint8_t text[32];
	struct wbuf t = wbuf_of(text, sizeof text);

	/* what the page claims may be any number: none that is no time */
	date_put_utc(&t, (int64_t)((wall_s > UINT32_MAX ? UINT32_MAX : wall_s) * 1000000));
	wbuf_view_put(w, view_slice(wbuf_view(&t), 0, sizeof "2026-01-02T03:04:05" - 1));
	WBUF_LIT(w, "Z");
}
