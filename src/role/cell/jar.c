/* Cookies by name; pure. */
#include "role/cell/jar.h"

#include "proto/cookie.h"

static const struct view jar_names[JAR_COOKIES] = {
	[JAR_SESSION] = VIEW_INIT("__Host-sluis"),
	[JAR_LOGIN] = VIEW_INIT("__Host-sluis-login"),
	[JAR_APP] = VIEW_INIT("__Host-sluis-app"),
	[JAR_ENTER] = VIEW_INIT("__Host-sluis-enter"),
	[JAR_LANGUAGE] = VIEW_INIT("__Host-sluis-language"),
};

static bool jar_is_ours(struct view pair)
{
	struct view stem = jar_names[JAR_SESSION];

	return pair.n >= stem.n && view_ieq(view_slice(pair, 0, stem.n), stem);
}

static void jar_note(struct jar *j, bool has[JAR_COOKIES], struct view pair)
{
	struct view value = { 0 };

	j->has_any |= jar_is_ours(pair);
	for (unsigned i = 0; i < JAR_COOKIES; i++) {
		if (!cookie_is(pair, jar_names[i], &value))
			continue;
		j->value[i] = has[i] ? (struct view){ 0 } : value;
		has[i] = true;
	}
}

void jar_read(struct jar *ret, struct view head, const struct http1_head *h)
{
	bool has[JAR_COOKIES] = { 0 };
	struct view pair = { 0 };

	*ret = (struct jar){ 0 };
	for (size_t i = 0; i < h->field_n; i++) {
		struct view rest = field_value_view(head, &h->fields[i]);

		if (h->fields[i].id != FIELD_COOKIE)
			continue;
		while (cookie_next(&rest, &pair) == E_OK)
			jar_note(ret, has, pair);
	}
}

static bool jar_field_has_ours(struct view rest)
{
	struct view pair = { 0 };

	while (cookie_next(&rest, &pair) == E_OK)
		if (jar_is_ours(pair))
			return true;
	return false;
}

/* The parts between semicolons as they are, spaces and all; only the first one loses those in
 * front of it. */
static void jar_put_others(struct wbuf *w, struct view rest)
{
	bool has_begun = false;

	while (rest.n) {
		size_t end = view_find(rest, ';');
		struct view part = view_slice(rest, 0, end);

		rest = view_slice(rest, end + 1, rest.n);
		if (view_trim(part).n == 0 || jar_is_ours(view_trim(part)))
			continue;
		wbuf_view_put(w, has_begun ? VIEW(";") : VIEW("Cookie: "));
		wbuf_view_put(w, has_begun ? part : view_trim(part));
		has_begun = true;
	}
	if (has_begun)
		WBUF_LIT(w, "\r\n");
}

void jar_take_out(struct wbuf *w, struct view head, const struct http1_head *h)
{
	for (size_t i = 0; i < h->field_n; i++) {
		struct field *f = &h->fields[i];

		if (f->id != FIELD_COOKIE || !jar_field_has_ours(field_value_view(head, f)))
			continue;
		f->id = FIELD_TAKEN_OUT;
		jar_put_others(w, field_value_view(head, f));
	}
}

void jar_take_out_set(struct view head, const struct http1_head *h)
{
	for (size_t i = 0; i < h->field_n; i++)
		if (h->fields[i].id == FIELD_SET_COOKIE &&
		    jar_is_ours(view_trim(field_value_view(head, &h->fields[i]))))
			h->fields[i].id = FIELD_TAKEN_OUT;
}

static void jar_put_line(struct wbuf *w, enum jar_cookie cookie, struct view value)
{
	WBUF_LIT(w, "Set-Cookie: ");
	wbuf_view_put(w, jar_names[cookie]);
	WBUF_LIT(w, "=");
	wbuf_view_put(w, value);
	WBUF_LIT(w, "; Path=/; Secure; HttpOnly; SameSite=Lax");
}

void jar_put(struct wbuf *w, enum jar_cookie cookie, struct view value, uint32_t max_age_s)
{
	jar_put_line(w, cookie, value);
	if (max_age_s) {
		WBUF_LIT(w, "; Max-Age=");
		wbuf_dec(w, max_age_s);
	}
	WBUF_LIT(w, "\r\n");
}

void jar_put_gone(struct wbuf *w, enum jar_cookie cookie)
{
	jar_put_line(w, cookie, (struct view){ 0 });
	WBUF_LIT(w, "; Max-Age=0\r\n");
}
