/* The traceparent field: W3C Trace Context §3.2. Pure. */
#ifndef PROTO_TRACEPARENT_H
#define PROTO_TRACEPARENT_H

#include "base/wbuf.h"

enum { TRACEPARENT_TRACE = 32, TRACEPARENT_SPAN = 16, TRACEPARENT_BYTES = 55 };

struct traceparent {
	struct view trace_id, parent_id; /* lower-case hexadecimal; borrowed */
	bool is_sampled;
};

/*
 * traceparent_parse - v is a field's value without blanks around it; hostile
 * E_PROTO: it is to be treated as if it were not there (§3.2.2.2). A version above 00 may have
 * more behind the flags, which is not looked at (§4.4).
 */
/*@ requires view_ok(v) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result != E_OK ==> *ret == \old(*ret);
  @ ensures \result == E_OK ==> view_ok(ret->trace_id) && ret->trace_id.n == TRACEPARENT_TRACE;
  @ ensures \result == E_OK ==> view_ok(ret->parent_id) && ret->parent_id.n == TRACEPARENT_SPAN;
  @*/
enum err traceparent_parse(struct view v, struct traceparent *ret);

/* traceparent_put - 55 bytes in version 00 */
/*@ requires wbuf_ok(w) && \valid_read(t) && view_ok(t->trace_id) && view_ok(t->parent_id);
  @ requires \separated(t, w, w->p + (0 .. w->cap - 1));
  @ requires t->trace_id.n > 0 ==> \separated(t->trace_id.p + (0 .. t->trace_id.n - 1),
  @					   w->p + (0 .. w->cap - 1), w);
  @ requires t->parent_id.n > 0 ==> \separated(t->parent_id.p + (0 .. t->parent_id.n - 1),
  @					    w->p + (0 .. w->cap - 1), w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @*/
void traceparent_put(struct wbuf *w, const struct traceparent *t);

#endif
