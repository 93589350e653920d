/*
 * HTTP/1.1 message heads, strict (RFC 9110, RFC 9112).
 *
 * Pure: bytes in, positions out. What is ambiguous is refused, so that no two programs in a row
 * can disagree about where a message ends: bare CR or LF, obs-fold, space before the colon,
 * Content-Length beside Transfer-Encoding, differing or repeated lengths, a coding that is not
 * exactly "chunked", NUL, an empty name, a second Host. Nothing here allocates or logs.
 */
#ifndef PROTO_HTTP1_H
#define PROTO_HTTP1_H

#include "proto/field.h"

enum http_method {
	METHOD_OTHER = 0,
	METHOD_GET,
	METHOD_HEAD,
	METHOD_POST,
	METHOD_PUT,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_PATCH,
	METHOD_TRACE,
	METHOD_CONNECT,
	METHOD_N
};

/* http_method_of - by exact bytes (methods are case-sensitive, RFC 9110 §9.1) */
/*@ requires view_ok(name);
  @ assigns \nothing;
  @ ensures 0 <= \result < METHOD_N;
  @*/
enum http_method http_method_of(struct view name);
/*@ assigns \nothing;
  @ ensures view_ok(\result);
  @*/
struct view http_method_name(enum http_method m); /* empty for METHOD_OTHER */
//@ assigns \nothing;
bool http_method_is_safe(enum http_method m); /* RFC 9110 §9.2.1 */
//@ assigns \nothing;
bool http_method_is_idempotent(enum http_method m); /* RFC 9110 §9.2.2 */

enum http_target_form { TARGET_ORIGIN, TARGET_ABSOLUTE, TARGET_AUTHORITY, TARGET_ASTERISK };

/* BODY_LENGTH: Content-Length is there, be it 0; BODY_NONE: nothing follows and nothing is said. */
enum http_body { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_UNTIL_CLOSE };

/* Bits of http1_head.flags. */
enum http1_flag {
	HTTP1_KEEP_ALIVE = 1, /* the sender allows another message on this connection (§9.3) */
	HTTP1_EXPECT_CONTINUE = 2, /* Expect: 100-continue and nothing else */
	HTTP1_UPGRADE = 4,	   /* Upgrade present and nominated by Connection */
	HTTP1_WEBSOCKET = 8,	   /* ... and it is exactly "websocket" */
	HTTP1_TE_TRAILERS = 16,	   /* TE lists trailers */
	HTTP1_CONNECTION =
		32,	 /* Connection nominates fields other than close, keep-alive, upgrade, te */
	HTTP1_TRUST = 64 /* at least one FIELD_TRUST field is present */
};

/* Positions in the head of one message. Offsets are from its first byte. */
struct http1_head {
	uint32_t n;		   /* bytes of the whole head, final CRLF CRLF included */
	uint16_t method, method_n; /* request: the method; response: the reason phrase */
	uint16_t target, target_n; /* request: the request-target */
	uint16_t fields_at;	   /* first field line; = n - 2 when there is none */
	uint16_t field_n;	   /* fields[] used */
	uint16_t host;		   /* index in fields[] of Host, or UINT16_MAX */
	uint16_t status;	   /* response: 100..599 */
	uint8_t minor;		   /* HTTP/1.minor: 0 or 1 (a higher one is treated as 1) */
	uint8_t method_id;	   /* enum http_method */
	uint8_t target_form;	   /* enum http_target_form */
	uint8_t body;		   /* enum http_body */
	uint8_t flags;		   /* bits of enum http1_flag */
	uint64_t content_length; /* with BODY_LENGTH; also for a HEAD response or a 304 that states
				    one */
	struct field *fields;	 /* keeps: the caller's array */
	uint16_t field_cap;	 /* its size: the limit on the number of fields */
};

/* Why a head was refused: the status to answer (400, 414, 417, 431, 501, 505; 502 for a response)
 * and a fixed text. */
struct http1_error {
	uint16_t status;
	const char *why;
};

/*@ // 0, or what a call has left there: a position, and above it a state of http1_shape.c
  @ predicate http1_progress_ok(size_t progress) = progress / 0x100000000 <= 12;
  @ // what a caller gives: room for fields that is nothing else's
  @ predicate http1_room(struct http1_head *h) =
  @	h->field_cap == 0 || \valid(h->fields + (0 .. h->field_cap - 1));
  @ predicate http1_apart(struct view in, struct http1_head *h, struct http1_error *why) =
  @	\separated(h, why, h->fields + (0 .. h->field_cap - 1)) &&
  @	(in.n > 0 ==> \separated(in.p + (0 .. in.n - 1), h, why,
  @				 h->fields + (0 .. h->field_cap - 1)));
  @ // the first count fields lie in a head of n bytes
  @ predicate http1_fields_in(struct field *fields, integer count, integer n) =
  @	\forall integer i; 0 <= i < count ==>
  @		0 < fields[i].name_n && fields[i].name + fields[i].name_n <= n &&
  @		fields[i].value + fields[i].value_n <= n && fields[i].id < FIELD_N;
  @ // what a parsed head promises: every position in it lies in its n bytes
  @ predicate http1_head_ok(struct http1_head *h, integer n) =
  @	h->n <= n && h->fields_at <= h->n && h->method + h->method_n <= h->n &&
  @	h->target + h->target_n <= h->n && h->field_n <= h->field_cap &&
  @	http1_fields_in(h->fields, h->field_n, n);
  @*/

/*
 * http1_parse_request - one request head from the front of in
 *   in        borrows; hostile; may hold more than the head
 *   limit     bytes a head may have, 1..65535
 *   progress  in-out; 0 before the first byte of a message; makes byte-at-a-time input linear
 *   ret       fields and field_cap set by the caller; complete on E_OK only
 *   ret_why   set on E_PROTO and E_LIMIT
 * E_AGAIN more bytes are needed · E_PROTO refused · E_LIMIT head too long or too many fields
 * Bytes that can't be a head are refused at once; an error of meaning (a second Host) at the latest
 * when the head is complete. The verdict never depends on how the bytes were cut.
 * Leading empty lines: one CRLF before the request line is skipped by http1_skip_crlf, not here.
 */
/*@ requires view_ok(in) && \valid(progress) && http1_progress_ok(*progress);
  @ requires \valid(ret) && \valid(ret_why) && http1_room(ret) && http1_apart(in, ret, ret_why);
  @ requires \separated(progress, ret, ret_why, ret->fields + (0 .. ret->field_cap - 1));
  @ requires in.n > 0 ==> \separated(in.p + (0 .. in.n - 1), progress);
  @ assigns *progress, *ret, *ret_why, ret->fields[0 .. ret->field_cap - 1];
  @ ensures http1_progress_ok(*progress);
  @ ensures ret->fields == \old(ret->fields) && ret->field_cap == \old(ret->field_cap);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> http1_head_ok(ret, in.n);
  @*/
enum err http1_parse_request(struct view in, size_t limit, size_t *progress, struct http1_head *ret,
			     struct http1_error *ret_why);

/*
 * http1_parse_response - one response head; same contract
 *   method    of the request it answers: HEAD and CONNECT decide about the body (RFC 9112 §6.3)
 * A 101 has BODY_NONE. Both Content-Length and Transfer-Encoding: E_PROTO, also from a server.
 */
/*@ requires view_ok(in) && \valid(progress) && http1_progress_ok(*progress);
  @ requires \valid(ret) && \valid(ret_why) && http1_room(ret) && http1_apart(in, ret, ret_why);
  @ requires \separated(progress, ret, ret_why, ret->fields + (0 .. ret->field_cap - 1));
  @ requires in.n > 0 ==> \separated(in.p + (0 .. in.n - 1), progress);
  @ assigns *progress, *ret, *ret_why, ret->fields[0 .. ret->field_cap - 1];
  @ ensures http1_progress_ok(*progress);
  @ ensures ret->fields == \old(ret->fields) && ret->field_cap == \old(ret->field_cap);
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO || \result == E_LIMIT;
  @ ensures \result == E_OK ==> http1_head_ok(ret, in.n);
  @*/
enum err http1_parse_response(struct view in, size_t limit, enum http_method method,
			      size_t *progress, struct http1_head *ret,
			      struct http1_error *ret_why);

/* http1_skip_crlf - bytes of one leading CRLF in in: 0 or 2 (RFC 9112 §2.2) */
/*@ requires view_ok(in);
  @ assigns \nothing;
  @ ensures \result == 0 || (\result == 2 && in.n >= 2);
  @*/
size_t http1_skip_crlf(struct view in);

/* http1_connection_has - Connection nominates name (case-insensitive); to strip nominated fields
 * (RFC 9110 §7.6.1) */
/*@ requires view_ok(head) && head.n < SIZE_MAX && view_ok(name) && \valid_read(h);
  @ requires http1_head_ok(h, head.n) && http1_room(h);
  @ assigns \nothing;
  @*/
bool http1_connection_has(struct view head, const struct http1_head *h, struct view name);

/* http1_line - the raw bytes of field i, name to CRLF inclusive */
/*@ requires \valid_read(h) && http1_head_ok(h, head.n) && http1_room(h) && i < h->field_n;
  @ assigns \nothing;
  @*/
static inline struct view http1_line(struct view head, const struct http1_head *h, size_t i)
{
	size_t from = h->fields[i].name;
	size_t to = i + 1 < h->field_n ? h->fields[i + 1].name : h->n - 2;

	return view_of(head.p + from, to - from);
}

#endif
