/*
 * The Cookie field, as far as an intermediary has a cookie of its own in it: finding that one, and
 * leaving it out of what goes on. RFC 6265 §4.2.1, read as leniently as servers do: what is between
 * two semicolons is a pair, spaces around it don't count.
 */
#ifndef PROTO_COOKIE_H
#define PROTO_COOKIE_H

#include "base/wbuf.h"

/*
 * cookie_next - the next pair of a field's value
 *   rest   in-out: what is left of the value; empty at its end
 * ret is the pair without spaces around it; may be empty ("a=1;;b=2"). E_SHORT: no pair is left
 */
enum err cookie_next(struct view *rest, struct view *ret);

/* cookie_is - pair is "name=..."; *ret is what is behind the '=', untouched otherwise. Names are
 * compared byte by byte (RFC 6265 §5.3 step 11) */
bool cookie_is(struct view pair, struct view name, struct view *ret);

/*
 * cookie_put_others - appends the pairs of a field's value that are not called name, "; " between
 * them. How many that were
 */
size_t cookie_put_others(struct wbuf *w, struct view value, struct view name);

#endif
