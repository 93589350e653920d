/* An answer with a banner goes the way of a compressed one, through a stream that changes nothing
 * but what comes behind its end. */
#include "role/edge/banner.h"

#include "role/edge/compress.h"
#include "role/edge/level.h"

void banner_ask(struct exchange *x, unsigned method)
{
	bool is_page = x->level_reader & X_LEVEL_PAGE && method == METHOD_GET &&
		       !(x->flags & (X_OLD_CLIENT | X_WEBSOCKET));

	if (!is_page || x->level != LEVEL_READ_ONLY || x->level_by)
		return;
	x->level_reader |= X_LEVEL_BANNER;
	x->coding = ENCODING_IDENTITY;
}

static bool banner_is_one_of(struct view name, const struct view *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (view_ieq(name, names[i]))
			return true;
	return false;
}

bool banner_drops_request(struct view head, const struct field *f)
{
	static const struct view names[] = { VIEW_INIT("accept-encoding"), VIEW_INIT("range"),
					     VIEW_INIT("if-range"), VIEW_INIT("if-none-match"),
					     VIEW_INIT("if-modified-since") };

	return banner_is_one_of(field_name_view(head, f), names, sizeof names / sizeof names[0]);
}

static bool banner_is_html(struct view value)
{
	return view_ieq(view_trim(view_slice(value, 0, view_find(value, ';'))), VIEW("text/html"));
}

static bool banner_fits(const struct exchange *x, struct view head, const struct http1_head *h)
{
	bool is_html = false;

	if (h->status < 200 || h->status >= 500 || h->status == 204 || h->status == 205 ||
	    h->status == 206 || h->status == 304 || x->answer.is_done)
		return false;
	for (size_t i = 0; i < h->field_n; i++) {
		const struct field *f = &h->fields[i];

		if (f->id == FIELD_CONTENT_ENCODING || f->id == FIELD_TRAILER)
			return false;
		is_html |= f->id == FIELD_CONTENT_TYPE && banner_is_html(field_value_view(head, f));
	}
	return is_html;
}

void banner_begin(struct edge *e, struct exchange *x, struct view head, const struct http1_head *h)
{
	if (!banner_fits(x, head, h) || !compress_pass(e, x))
		x->level_reader &= (uint8_t)~X_LEVEL_BANNER;
}

bool banner_drops(struct view head, const struct field *f)
{
	static const struct view names[] = { VIEW_INIT("etag"), VIEW_INIT("accept-ranges"),
					     VIEW_INIT("last-modified"), VIEW_INIT("expires"),
					     VIEW_INIT("age") };

	if (f->id == FIELD_CONTENT_LENGTH || f->id == FIELD_CACHE_CONTROL)
		return true;
	return banner_is_one_of(field_name_view(head, f), names, sizeof names / sizeof names[0]);
}

void banner_put_fields(struct wbuf *w)
{
	WBUF_LIT(w, "Cache-Control: no-store\r\nTransfer-Encoding: chunked\r\n");
}

void banner_put(struct wbuf *w, const struct edge *e, const struct exchange *x)
{
	bool is_dutch = x->level_reader & X_LEVEL_DUTCH;

	wbuf_view_put(w, is_dutch ? VIEW("\n<p role=\"status\" lang=\"nl\" ")
				  : VIEW("\n<p role=\"status\" lang=\"en\" "));
	WBUF_LIT(w, "style=\"position:fixed;left:0;right:0;top:0;z-index:2147483647;margin:0;"
		    "padding:.5em 1em;background:#fff3c4;color:#1a1a1a;border-bottom:2px solid "
		    "#8a6d00;font:16px/1.4 sans-serif;text-align:center\">");
	wbuf_view_put(w,
		      is_dutch ? VIEW("Alleen lezen: wijzigen of versturen kan voorlopig niet.")
			       : VIEW("Reading only: nothing can be changed or sent at present."));
	level_put_where(w, e, x, LEVEL_READ_ONLY);
	WBUF_LIT(w, "</p>\n");
}
