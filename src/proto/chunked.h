/*
 * The chunked transfer coding (RFC 9112 §7.1), strict: hexadecimal size of at most 15 digits,
 * chunk extensions bounded and dropped, CRLF only, trailer fields checked like header fields.
 */
#ifndef PROTO_CHUNKED_H
#define PROTO_CHUNKED_H

#include "base/wbuf.h"

enum chunked_piece {
	CHUNKED_DATA,	 /* a run of body bytes */
	CHUNKED_TRAILER, /* one trailer field line, CRLF included */
	CHUNKED_END	 /* the message is complete */
};

struct chunked {
	uint64_t left;	     /* bytes of the current chunk still to come */
	uint16_t line_bytes; /* of extensions and trailers so far: both are bounded */
	uint8_t state;	     /* 0 = before the first chunk size */
};

enum { CHUNKED_TRAILER_MAX = 8192, CHUNKED_EXTENSION_MAX = 1024 };

/*@ // what zeroed memory fulfils, and every call keeps: both budgets are never overdrawn
  @ predicate chunked_ok(struct chunked *c) = \valid(c) && c->state <= 4 &&
  @	c->line_bytes <= CHUNKED_TRAILER_MAX &&
  @	(c->state <= 2 ==> c->line_bytes <= CHUNKED_EXTENSION_MAX);
  @ // to goes on where from was, or further on, and ends where it ended
  @ predicate view_advanced(struct view from, struct view to) =
  @	to.n == 0 || (to.n <= from.n && to.p == from.p + (from.n - to.n));
  @*/

/*
 * chunked_next - the next piece from the front of in
 *   in        in-out; consumed up to and including the piece; an incomplete line is not consumed
 *   ret       the piece's bytes, borrowed from in; empty for CHUNKED_END
 * E_AGAIN in is used up or ends inside a line (keep the rest) · E_PROTO refused · E_LIMIT line or
 * trailers too long
 */
/*@ requires chunked_ok(c) && \valid(in) && \valid(ret_piece) && \valid(ret) && view_ok(*in);
  @ requires \separated(c, in, ret_piece, ret);
  @ requires in->n > 0 ==> \separated(in->p + (0 .. in->n - 1), c, in, ret_piece, ret);
  @ assigns *c, *in, *ret_piece, *ret;
  @ ensures chunked_ok(c) && view_ok(*in) && view_advanced(\old(*in), *in);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> view_ok(*ret) && ret->n <= \old(in->n);
  @ ensures \result == E_OK && *ret_piece == CHUNKED_DATA ==> 0 < ret->n <= \old(in->n) - in->n;
  @*/
enum err chunked_next(struct chunked *c, struct view *in, enum chunked_piece *ret_piece,
		      struct view *ret);

/* chunked_put_size - the chunk header for n bytes: size in hex and CRLF, at most 18 bytes; n > 0 */
/*@ requires wbuf_ok(w);
  @ assigns w->n, w->bad, w->p[w->n .. w->cap - 1];
  @ ensures wbuf_ok(w) && wbuf_grew{Pre, Post}(w);
  @ ensures w->n <= \old(w->n) + 18;
  @*/
void chunked_put_size(struct wbuf *w, uint64_t n);

#endif
