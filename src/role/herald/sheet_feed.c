/*
 * The feed (RFC 4287): an entry for the notice, for each service that is not open, and for each
 * that was seen to open again. An entry's id is made of what it says, so that readers show a change
 * as something new, and the same thing once (RFC 9562 §5.5: version 5, by name).
 */
#include "role/herald/sheet.h"

#include "base/sha1.h"
#include "role/herald/sheet_put.h"

static void feed_id(struct wbuf *w, struct view what, struct view state, uint64_t at_s)
{
	static const uint8_t space[16] = { 0x5b, 0x1e, 0x0c, 0x53, 0x8f, 0x2a, 0x4d, 0x1b,
					   0x9a, 0x37, 0x60, 0xe4, 0x1d, 0x2c, 0x7f, 0x90 };
	static const uint8_t dashes[] = { 4, 2, 2, 2, 6 };
	uint8_t hash[SHA1_BYTES], number[8];
	struct wbuf n = wbuf_of(number, sizeof number);
	struct sha1 h = sha1_begin();
	struct view rest = view_of(hash, 16);

	wbuf_u64(&n, at_s);
	sha1_add(&h, view_of(space, sizeof space));
	sha1_add(&h, what);
	sha1_add(&h, state);
	sha1_add(&h, wbuf_view(&n));
	sha1_end(&h, hash);
	hash[6] = (uint8_t)((hash[6] & 0x0f) | 0x50);
	hash[8] = (uint8_t)((hash[8] & 0x3f) | 0x80);
	WBUF_LIT(w, "<id>urn:uuid:");
	for (size_t i = 0; i < sizeof dashes; i++) {
		if (i)
			WBUF_LIT(w, "-");
		wbuf_hex(w, view_slice(rest, 0, dashes[i]));
		rest = view_slice(rest, dashes[i], rest.n);
	}
	WBUF_LIT(w, "</id>");
}

static void feed_updated(struct wbuf *w, uint64_t at_s)
{
	WBUF_LIT(w, "<updated>");
	sheet_put_time(w, at_s);
	WBUF_LIT(w, "</updated>");
}

static uint64_t feed_moment(const struct board_service *s, uint64_t born_s)
{
	if (s->state == BOARD_OPEN)
		return s->reopened_s;
	return s->since_s ? s->since_s : born_s;
}

static void feed_service(struct wbuf *w, const struct board_service *s,
			 enum notice_language language, uint64_t at_s)
{
	struct view state = sheet_says((enum board_state)s->state, language);

	WBUF_LIT(w, "<entry>");
	feed_id(w, s->title[language], state, at_s);
	WBUF_LIT(w, "<title>");
	sheet_put_text(w, s->title[language]);
	WBUF_LIT(w, ": ");
	wbuf_view_put(w, state);
	WBUF_LIT(w, "</title>");
	feed_updated(w, at_s);
	WBUF_LIT(w, "<summary>");
	if (s->state == BOARD_LIMITED)
		sheet_levels(w, s, language);
	else
		wbuf_view_put(w, state);
	WBUF_LIT(w, "</summary></entry>\n");
}

static void feed_notice(struct wbuf *w, const struct board *b, enum notice_language language)
{
	struct view text = notice_page_text(&b->notice, language);

	if (!text.n)
		return;
	WBUF_LIT(w, "<entry>");
	feed_id(w, text, VIEW("notice"), b->notice.since_s);
	WBUF_LIT(w, "<title>");
	sheet_put_text(w, text);
	WBUF_LIT(w, "</title>");
	feed_updated(w, b->notice.since_s);
	WBUF_LIT(w, "<summary>");
	sheet_put_text(w, text);
	WBUF_LIT(w, "</summary></entry>\n");
}

static uint64_t feed_newest(const struct board *b, uint64_t born_s)
{
	uint64_t newest = b->notice.since_s ? b->notice.since_s : born_s;

	for (uint32_t i = 0; i < b->n; i++) {
		uint64_t at_s = feed_moment(&b->at[i], born_s);

		newest = at_s > newest ? at_s : newest;
	}
	return newest;
}

void sheet_feed(struct wbuf *w, const struct board *b, enum notice_language language,
		uint64_t born_s)
{
	struct view own = board_title(b->im, b->im->header->status_page.titles, language);
	struct view title = own.n ? own : VIEW("Status");

	WBUF_LIT(w, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
		    "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"");
	wbuf_view_put(w, language == NOTICE_NL ? VIEW("nl") : VIEW("en"));
	WBUF_LIT(w, "\">");
	feed_id(w, title, VIEW("feed"), 0);
	WBUF_LIT(w, "<title>");
	sheet_put_text(w, title);
	WBUF_LIT(w, "</title><author><name>");
	sheet_put_text(w, title);
	WBUF_LIT(w, "</name></author>");
	feed_updated(w, feed_newest(b, born_s));
	WBUF_LIT(w, "\n");
	feed_notice(w, b, language);
	for (uint32_t i = 0; i < b->n; i++) {
		uint64_t at_s = feed_moment(&b->at[i], born_s);

		if (at_s)
			feed_service(w, &b->at[i], language, at_s);
	}
	WBUF_LIT(w, "</feed>\n");
}
