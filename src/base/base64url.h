/* Base64 with the alphabet for URLs and cookies, without padding: RFC 4648 §5. */
#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H

#include "base/wbuf.h"

/* base64url_put - appends v encoded: 4 bytes for 3, the last ones for the rest */
/*@ requires wbuf_ok(w) && view_ok(v);
  @ requires v.n == 0 || \separated(v.p + (0 .. v.n - 1), w->p + (0 .. w->cap - 1), w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
void base64url_put(struct wbuf *w, struct view v);

/*
 * base64url_get - appends what text stands for
 * E_PROTO a byte of another alphabet, padding, a length that no bytes have, or bits left over that
 * are not zero (RFC 4648 §3.5: each sequence has one text) · E_LIMIT w is full
 */
/*@ requires wbuf_ok(w) && view_ok(text);
  @ requires text.n == 0 ||
  @	\separated(text.p + (0 .. text.n - 1), w->p + (0 .. w->cap - 1), w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures \result == E_OK || \result == E_PROTO || \result == E_LIMIT;
  @*/
enum err base64url_get(struct view text, struct wbuf *w);

#endif
