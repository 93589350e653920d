/*
 * The chunked coding, piece by piece; pure. Runs wherever bodies pass. What it consumes is good;
 * what it refuses it refuses at the first bad byte, so pieces of any size give one verdict.
 * Attacks of class A3: sizes that overflow, extensions as a cheap flood, hidden trailer fields.
 */
#include "proto/chunked.h"

#include "proto/field.h"

enum chunked_state {
	CHUNKED_AT_SIZE,
	CHUNKED_IN_DATA,
	CHUNKED_AT_DATA_END,
	CHUNKED_IN_TRAILER,
	CHUNKED_AT_END
};

enum { CHUNKED_DIGITS_MAX = 15 };

/*@ assigns \nothing;
  @ ensures -1 <= \result <= 15;
  @*/
static int chunked_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* CR LF at position at; E_AGAIN when the bytes so far are right. */
/*@ requires view_ok(in) && at <= in.n;
  @ assigns \nothing;
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==> at + 2 <= in.n;
  @*/
static enum err chunked_crlf(struct view in, size_t at)
{
	static const uint8_t crlf[2] = { '\r', '\n' };

	/*@ loop invariant i <= 2 && (i > 0 ==> at + i <= in.n);
	  @ loop assigns i;
	  @ loop variant 2 - i;
	  @*/
	for (size_t i = 0; i < 2; i++) {
		if (at + i >= in.n)
			return E_AGAIN;
		if (in.p[at + i] != crlf[i])
			return E_PROTO;
	}
	return E_OK;
}

/* Leading bytes of a chunk extension: HTAB, SP and visible ASCII, also inside quotes. */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @ ensures \result <= v.n;
  @*/
static size_t chunked_extension(struct view v)
{
	size_t n = 0;

	/*@ loop invariant n <= v.n;
	  @ loop assigns n;
	  @ loop variant v.n - n;
	  @*/
	while (n < v.n && (v.p[n] == '\t' || (v.p[n] >= 0x20 && v.p[n] <= 0x7e)))
		n++;
	return n;
}

/* chunk-size [ chunk-ext ] CRLF; no space before ";" (RFC 9112 §7.1.1 calls it bad whitespace). */
/*@ requires chunked_ok(c) && \valid(in) && view_ok(*in) && \separated(c, in) && c->state == 0;
  @ requires in->n > 0 ==> \separated(in->p + (0 .. in->n - 1), c, in);
  @ assigns *c, *in;
  @ ensures chunked_ok(c) && view_ok(*in) && view_advanced(\old(*in), *in);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result != E_OK ==> *c == \old(*c) && *in == \old(*in);
  @ ensures \result == E_OK ==> c->state == 1 || c->state == 3;
  @*/
static enum err chunked_size(struct chunked *c, struct view *in)
{
	uint64_t size = 0;
	size_t at = 0, extension = 0;

	/*@ loop invariant at <= in->n && at <= CHUNKED_DIGITS_MAX;
	  @ loop assigns at, size;
	  @ loop variant in->n - at;
	  @*/
	for (; at < in->n && chunked_digit(in->p[at]) >= 0; at++) {
		if (at == CHUNKED_DIGITS_MAX)
			return E_PROTO; /* RFC 9112 §7.1: a recipient must prevent overflow */
		size = size << 4 | (unsigned)chunked_digit(in->p[at]);
	}
	if (at == in->n)
		return E_AGAIN;
	if (at == 0)
		return E_PROTO;
	if (in->p[at] == ';')
		extension = chunked_extension(view_slice(*in, at, in->n));
	if (extension > CHUNKED_EXTENSION_MAX - (size_t)c->line_bytes)
		return E_LIMIT;
	TRY(chunked_crlf(*in, at + extension));
	c->line_bytes = (uint16_t)(c->line_bytes + extension);
	c->left = size;
	c->state = CHUNKED_IN_DATA;
	if (size == 0) {
		c->state = CHUNKED_IN_TRAILER;
		c->line_bytes = 0; /* trailers have a bound of their own */
	}
	*in = view_slice(*in, at + extension + 2, in->n);
	return E_OK;
}

/*@ requires chunked_ok(c) && \valid(in) && \valid(ret) && view_ok(*in) && c->state == 1;
  @ requires \separated(c, in, ret);
  @ requires in->n > 0 ==> \separated(in->p + (0 .. in->n - 1), c, in, ret);
  @ assigns *c, *in, *ret;
  @ ensures chunked_ok(c) && view_ok(*in) && view_advanced(\old(*in), *in);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result != E_OK ==> *c == \old(*c) && *in == \old(*in);
  @ ensures \result == E_OK ==> view_ok(*ret) && view_in(*ret, \old(*in));
  @ ensures \result == E_OK ==> 0 < ret->n == \old(in->n) - in->n;
  @*/
static enum err chunked_data(struct chunked *c, struct view *in, struct view *ret)
{
	size_t n = in->n < c->left ? in->n : (size_t)c->left;

	if (n == 0)
		return E_AGAIN;
	TRY(view_take(in, n, ret));
	c->left -= n;
	if (c->left == 0)
		c->state = CHUNKED_AT_DATA_END;
	return E_OK;
}

/*@ requires chunked_ok(c) && \valid(in) && view_ok(*in) && \separated(c, in) && c->state == 2;
  @ requires in->n > 0 ==> \separated(in->p + (0 .. in->n - 1), c, in);
  @ assigns *c, *in;
  @ ensures chunked_ok(c) && view_ok(*in) && view_advanced(\old(*in), *in);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result != E_OK ==> *c == \old(*c) && *in == \old(*in);
  @ ensures \result == E_OK ==> c->state == 0;
  @*/
static enum err chunked_data_end(struct chunked *c, struct view *in)
{
	TRY(chunked_crlf(*in, 0));
	*in = view_slice(*in, 2, in->n);
	c->state = CHUNKED_AT_SIZE;
	return E_OK;
}

/* A trailer may not say what only a header may, RFC 9110 §6.5.1; nor who the client is (A6). */
/*@ requires chunked_ok(c) && \valid(in) && \valid(ret) && view_ok(*in) && c->state == 3;
  @ requires \separated(c, in, ret);
  @ requires in->n > 0 ==> \separated(in->p + (0 .. in->n - 1), c, in, ret);
  @ assigns *c, *in, *ret;
  @ ensures chunked_ok(c) && view_ok(*in) && view_advanced(\old(*in), *in);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result != E_OK ==> *c == \old(*c) && *in == \old(*in);
  @ ensures \result == E_OK ==> view_ok(*ret) && view_in(*ret, \old(*in));
  @*/
static enum err chunked_trailer(struct chunked *c, struct view *in, struct view *ret)
{
	size_t room = CHUNKED_TRAILER_MAX - (size_t)c->line_bytes, next = 0;
	struct view section = view_slice(*in, 0, room);
	struct field f = { 0 };
	const char *why = NULL;
	enum err e = field_parse(section, 0, &f, &next, &why);

	if (e == E_AGAIN && in->n >= room)
		return E_LIMIT;
	TRY(e);
	if (field_flags((enum field_id)f.id) != 0)
		return E_PROTO;
	TRY(view_take(in, next, ret));
	c->line_bytes = (uint16_t)(c->line_bytes + next);
	return E_OK;
}

/*@ requires chunked_ok(c) && \valid(in) && view_ok(*in) && \separated(c, in) && c->state == 3;
  @ requires in->n > 0 ==> \separated(in->p + (0 .. in->n - 1), c, in);
  @ assigns *c, *in;
  @ ensures chunked_ok(c) && view_ok(*in) && view_advanced(\old(*in), *in);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result != E_OK ==> *c == \old(*c) && *in == \old(*in);
  @ ensures \result == E_OK ==> c->state == 4;
  @*/
static enum err chunked_end(struct chunked *c, struct view *in)
{
	TRY(chunked_crlf(*in, 0));
	*in = view_slice(*in, 2, in->n);
	c->state = CHUNKED_AT_END;
	return E_OK;
}

/* The lines in front of data or trailers: the end of one chunk, the size of the next. */
/*@ requires chunked_ok(c) && \valid(in) && view_ok(*in) && \separated(c, in);
  @ requires in->n > 0 ==> \separated(in->p + (0 .. in->n - 1), c, in);
  @ assigns *c, *in;
  @ ensures chunked_ok(c) && view_ok(*in) && view_advanced(\old(*in), *in);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> c->state == 1 || c->state == 3 || c->state == 4;
  @*/
static enum err chunked_lines(struct chunked *c, struct view *in)
{
	if (c->state == CHUNKED_AT_DATA_END)
		TRY(chunked_data_end(c, in));
	return c->state == CHUNKED_AT_SIZE ? chunked_size(c, in) : E_OK;
}

/* One trailer line, or the empty line behind the last one. */
/*@ requires chunked_ok(c) && \valid(in) && \valid(ret_piece) && \valid(ret) && view_ok(*in);
  @ requires \separated(c, in, ret_piece, ret) && c->state == 3;
  @ requires in->n > 0 ==> \separated(in->p + (0 .. in->n - 1), c, in, ret_piece, ret);
  @ assigns *c, *in, *ret_piece, *ret;
  @ ensures chunked_ok(c) && view_ok(*in) && view_advanced(\old(*in), *in);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> view_ok(*ret) && view_in(*ret, \old(*in));
  @ ensures \result == E_OK ==> *ret_piece == CHUNKED_TRAILER || *ret_piece == CHUNKED_END;
  @*/
static enum err chunked_tail(struct chunked *c, struct view *in, enum chunked_piece *ret_piece,
			     struct view *ret)
{
	if (in->n == 0)
		return E_AGAIN;
	if (in->p[0] != '\r') {
		*ret_piece = CHUNKED_TRAILER;
		return chunked_trailer(c, in, ret);
	}
	TRY(chunked_end(c, in));
	*ret_piece = CHUNKED_END;
	*ret = (struct view){ 0 };
	return E_OK;
}

enum err chunked_next(struct chunked *c, struct view *in, enum chunked_piece *ret_piece,
		      struct view *ret)
{
	TRY(chunked_lines(c, in));
	if (c->state == CHUNKED_IN_TRAILER)
		return chunked_tail(c, in, ret_piece, ret);
	if (c->state == CHUNKED_IN_DATA) {
		*ret_piece = CHUNKED_DATA;
		return chunked_data(c, in, ret);
	}
	*ret_piece = CHUNKED_END;
	*ret = (struct view){ 0 };
	return E_OK;
}

void chunked_put_size(struct wbuf *w, uint64_t n)
{
	wbuf_hex_u64(w, n);
	WBUF_LIT(w, "\r\n");
}
