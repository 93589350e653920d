/* See portal_put.h. */
#include "portal/portal_put.h"

#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static bool portal_put_is_shown(uint32_t c)
{
	bool is_control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c <= 0x9f);
	bool turns = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
	bool is_none = (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);

	return !is_control && !turns && !is_none;
}

static void portal_put_character(struct wbuf *w, uint32_t c, struct view bytes)
{
	switch (c) {
	case '&':
		WBUF_LIT(w, "&amp;");
		return;
	case '<':
		WBUF_LIT(w, "&lt;");
		return;
	case '>':
		WBUF_LIT(w, "&gt;");
		return;
	case '"':
		WBUF_LIT(w, "&quot;");
		return;
	case '\'':
		WBUF_LIT(w, "&#39;");
		return;
	default:
		if (portal_put_is_shown(c))
			wbuf_view_put(w, bytes);
		else
			WBUF_LIT(w, REPLACEMENT);
	}
}

void portal_put_text(struct wbuf *w, struct view v)
{
	while (v.n > 0) {
		struct view before = v;
		uint32_t c = 0;

		if (utf8_next(&v, &c) == E_OK)
			portal_put_character(w, c, view_slice(before, 0, before.n - v.n));
		else
			WBUF_LIT(w, REPLACEMENT);
	}
}

static bool portal_put_is_unreserved(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
	       c == '.' || c == '_' || c == '~';
}

/* Those that a URL consists of (RFC 3986 §2), less the quotes that mean something in HTML. */
static bool portal_put_is_url(uint8_t c)
{
	static const struct view reserved = VIEW_INIT(":/?#[]@!$&()*+,;=%");

	return portal_put_is_unreserved(c) || view_find(reserved, c) < reserved.n;
}

static bool portal_put_is_address(struct view v)
{
	static const struct view starts[] = { VIEW_INIT("https://"), VIEW_INIT("otpauth://totp/") };
	bool is_address = view_starts(v, VIEW("/")) && !view_starts(v, VIEW("//"));

	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		is_address = is_address || (view_starts(v, starts[i]) && v.n > starts[i].n);
	for (size_t i = 0; i < v.n; i++)
		if (!portal_put_is_url(v.p[i]))
			return false;
	return is_address;
}

void portal_put_url(struct wbuf *w, struct view v)
{
	portal_put_text(w, portal_put_is_address(v) ? v : VIEW("#"));
}

void portal_put_query(struct wbuf *w, struct view v)
{
	static const uint8_t digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < v.n; i++) {
		if (portal_put_is_unreserved(v.p[i])) {
			wbuf_put(w, &v.p[i], 1);
		} else {
			WBUF_LIT(w, "%");
			wbuf_put(w, &digits[v.p[i] >> 4], 1);
			wbuf_put(w, &digits[v.p[i] & 0x0f], 1);
		}
	}
}

void portal_put_credentials(struct wbuf *w, struct view v)
{
	struct view id = { 0 };
	bool is_first = true;

	while (view_str16(&v, &id) == E_OK) {
		if (id.n == 0)
			continue;
		if (!is_first)
			WBUF_LIT(w, " ");
		base64url_put(w, id);
		is_first = false;
	}
}

void portal_put_groups(struct wbuf *w, struct view v)
{
	for (size_t i = 0; i < v.n; i += 4) {
		if (i > 0)
			WBUF_LIT(w, " ");
		portal_put_text(w, view_slice(v, i, 4));
	}
}

bool portal_put_next_line(struct view *rest, struct view *ret)
{
	while (rest->n > 0) {
		size_t end = view_find(*rest, '\n');
		struct view line = view_trim(view_slice(*rest, 0, end));

		*rest = view_slice(*rest, end + 1, rest->n);
		if (line.n > 0) {
			*ret = line;
			return true;
		}
	}
	return false;
}
