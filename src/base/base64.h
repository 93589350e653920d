/* Base64 with padding, RFC 4648 §4. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/wbuf.h"

/* base64_put - appends v encoded: 4 bytes for every 3 begun */
/*@ requires v.n <= SIZE_MAX - 3;
  @ requires wbuf_ok(w) && view_ok(v);
  @ requires v.n == 0 || \separated(v.p + (0 .. v.n - 1), w->p + (0 .. w->cap - 1), w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
void base64_put(struct wbuf *w, struct view v);

#endif
