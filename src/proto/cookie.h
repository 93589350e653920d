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
/*@ requires \valid(rest) && \valid(ret) && \separated(rest, ret) && view_ok(*rest);
  @ assigns *rest, *ret;
  @ ensures view_ok(*rest);
  @ ensures \result == E_OK || \result == E_SHORT;
  @ ensures \result == E_OK ==> view_ok(*ret) && view_in(*ret, \old(*rest));
  @ ensures \result == E_OK ==> rest->n < \old(rest->n) && view_in(*rest, \old(*rest));
  @*/
enum err cookie_next(struct view *rest, struct view *ret);

/* cookie_is - pair is "name=..."; *ret is what is behind the '=', untouched otherwise. Names are
 * compared byte by byte (RFC 6265 §5.3 step 11) */
/*@ requires view_ok(pair) && view_ok(name) && \valid(ret);
  @ assigns *ret;
  @ ensures \result ==> view_ok(*ret) && ret->n < pair.n;
  @ ensures !\result ==> *ret == \old(*ret);
  @*/
bool cookie_is(struct view pair, struct view name, struct view *ret);

/*
 * cookie_put_others - appends the pairs of a field's value that are not called name, "; " between
 * them. How many that were
 */
/*@ requires wbuf_ok(w) && view_ok(value) && view_ok(name);
  @ requires value.n > 0 ==>
  @	\separated(value.p + (0 .. value.n - 1), w->p + (0 .. w->cap - 1), w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
size_t cookie_put_others(struct wbuf *w, struct view value, struct view name);

#endif
