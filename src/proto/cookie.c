/* Cookie fields; pure, linear. */
#include "proto/cookie.h"

enum err cookie_next(struct view *rest, struct view *ret)
{
	size_t end = view_find(*rest, ';');

	if (rest->n == 0)
		return E_SHORT;
	*ret = view_trim(view_slice(*rest, 0, end));
	*rest = view_slice(*rest, end + (end < rest->n), rest->n);
	return E_OK;
}

bool cookie_is(struct view pair, struct view name, struct view *ret)
{
	if (!view_starts(pair, name) || pair.n == name.n || pair.p[name.n] != '=')
		return false;
	*ret = view_slice(pair, name.n + 1, pair.n);
	return true;
}

size_t cookie_put_others(struct wbuf *w, struct view value, struct view name)
{
	struct view pair = { 0 }, ignored = { 0 };
	size_t n = 0;

	/*@ loop invariant view_ok(value) && n <= \at(value.n, Pre) - value.n;
	  @ loop invariant value.n > 0 ==>
	  @	\separated(value.p + (0 .. value.n - 1), w->p + (0 .. w->cap - 1), w);
	  @ loop invariant wbuf_ok(w) && wbuf_grew{Pre, Here}(w);
	  @ loop assigns value, pair, ignored, n, w->n, w->bad, w->p[\at(w->n, Pre) .. w->cap - 1];
	  @ loop variant value.n;
	  @*/
	while (cookie_next(&value, &pair) == E_OK) {
		if (pair.n == 0 || cookie_is(pair, name, &ignored))
			continue;
		if (n++)
			WBUF_LIT(w, "; ");
		wbuf_view_put(w, pair);
	}
	return n;
}
