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

	while (cookie_next(&value, &pair) == E_OK) {
		if (pair.n == 0 || cookie_is(pair, name, &ignored))
			continue;
		if (n++)
			WBUF_LIT(w, "; ");
		wbuf_view_put(w, pair);
	}
	return n;
}
