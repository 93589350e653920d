/*
 * HTTP field lines (headers and trailers): where they lie in a head, and which names Sluis knows.
 *
 * Positions are 16-bit offsets into the head, so a head is at most 65535 bytes, a field costs ten
 * bytes, and a head that moves to another buffer needs no fixing up.
 */
#ifndef PROTO_FIELD_H
#define PROTO_FIELD_H

#include "base/view.h"

/* Names that some part of Sluis treats specially; every other name is FIELD_OTHER. */
enum field_id {
	FIELD_OTHER = 0,
	FIELD_HOST,
	FIELD_CONNECTION,
	FIELD_CONTENT_LENGTH,
	FIELD_TRANSFER_ENCODING,
	FIELD_TE,
	FIELD_TRAILER,
	FIELD_UPGRADE,
	FIELD_EXPECT,
	FIELD_KEEP_ALIVE,
	FIELD_PROXY_CONNECTION,
	FIELD_PROXY_AUTHENTICATE,
	FIELD_PROXY_AUTHORIZATION,
	FIELD_HTTP2_SETTINGS,
	FIELD_FORWARDED,
	FIELD_X_FORWARDED_FOR,
	FIELD_X_FORWARDED_PROTO,
	FIELD_X_FORWARDED_HOST,
	FIELD_X_FORWARDED_OTHER, /* X-Forwarded-Port, -Server, -Prefix, -Ssl, ... : every other
				    X-Forwarded-* */
	FIELD_X_REAL_IP,
	FIELD_X_REQUEST_ID,
	FIELD_X_SLUIS_MIRROR,
	FIELD_TRACEPARENT,
	FIELD_TRACESTATE,
	FIELD_CLIENT_CERT, /* RFC 9440 */
	FIELD_CLIENT_CERT_CHAIN,
	FIELD_VIA,
	FIELD_DATE,
	FIELD_SERVER,
	FIELD_STRICT_TRANSPORT_SECURITY,
	FIELD_USER_AGENT,
	FIELD_COOKIE,
	FIELD_CONTENT_TYPE,
	FIELD_LOCATION,
	FIELD_MAX_FORWARDS,
	/* Known because no trailer may have them: */
	FIELD_AUTHORIZATION,
	FIELD_SET_COOKIE,
	FIELD_CACHE_CONTROL,
	FIELD_CONTENT_ENCODING,
	FIELD_CONTENT_RANGE,
	FIELD_TAKEN_OUT, /* no name's: what a filter marks a field with that ends here */
	FIELD_N
};

/* What a field is, by its id: bits of field_flags(). */
enum field_flag {
	FIELD_HOP = 1,	   /* ends at this hop: RFC 9110 §7.6.1, never forwarded as it came */
	FIELD_FRAMING = 2, /* decides where a message ends: RFC 9112 §6 */
	FIELD_TRUST =
		4, /* says who the client is: removed unless its sender is trusted (THREATS A6) */
	FIELD_NO_TRAILER = 8 /* may not come in a trailer section: RFC 9110 §6.5.1 */
};

struct field {
	uint16_t name, name_n;	 /* offset and length in the head */
	uint16_t value, value_n; /* without surrounding OWS */
	uint16_t id;		 /* enum field_id */
};

/*
 * field_id_of - the id of a name, letters without case, '_' read as '-' (THREATS A5)
 *   is_alias  set when the name was spelled with '_' where the known name has '-'
 */
/*@ requires view_ok(name) && \valid(is_alias);
  @ requires name.n > 0 ==> \separated(name.p + (0 .. name.n - 1), is_alias);
  @ assigns *is_alias;
  @ ensures 0 <= \result < FIELD_N;
  @*/
enum field_id field_id_of(struct view name, bool *is_alias);

/* field_flags - bits of enum field_flag; 0 for FIELD_OTHER */
//@ assigns \nothing;
unsigned field_flags(enum field_id id);

/* field_name - the canonical spelling ("X-Forwarded-For"); empty for FIELD_OTHER,
 * FIELD_X_FORWARDED_OTHER */
/*@ assigns \nothing;
  @ ensures view_ok(\result);
  @*/
struct view field_name(enum field_id id);

/* field_name_view, field_value_view - the bytes of f inside its head */
/*@ requires \valid_read(f);
  @ assigns \nothing;
  @ ensures \result.p == head.p + f->name && \result.n == f->name_n;
  @*/
static inline struct view field_name_view(struct view head, const struct field *f)
{
	return view_of(head.p + f->name, f->name_n);
}

/*@ requires \valid_read(f);
  @ assigns \nothing;
  @ ensures \result.p == head.p + f->value && \result.n == f->value_n;
  @*/
static inline struct view field_value_view(struct view head, const struct field *f)
{
	return view_of(head.p + f->value, f->value_n);
}

/* field_is_token - v is a non-empty token, RFC 9110 §5.6.2 */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @ ensures \result ==> v.n > 0;
  @*/
bool field_is_token(struct view v);

/* field_is_value - v has only field-content bytes: VCHAR, obs-text, SP, HTAB (RFC 9110 §5.5) */
/*@ requires view_ok(v);
  @ assigns \nothing;
  @*/
bool field_is_value(struct view v);

/*
 * field_parse - one whole field line of a head or a trailer section
 *   head      borrows; hostile; at most 65535 bytes
 *   at        where the line starts
 *   ret       positions in head and id
 *   ret_next  position after the line's CRLF
 *   ret_why   set on E_PROTO
 * E_AGAIN the line is not complete and good so far · E_PROTO malformed (RFC 9112 §5), or a name
 * that is FIELD_FRAMING or FIELD_HOP spelled with '_' (THREATS A5)
 */
/*@ requires view_ok(head) && at <= head.n <= 65535;
  @ requires \valid(ret) && \valid(ret_next) && \valid(ret_why);
  @ requires \separated(ret, ret_next, ret_why);
  @ requires head.n > 0 ==> \separated(head.p + (0 .. head.n - 1), ret, ret_next, ret_why);
  @ assigns *ret, *ret_next, *ret_why;
  @ ensures \result == E_OK || \result == E_AGAIN || \result == E_PROTO;
  @ ensures \result == E_OK ==> at < *ret_next <= head.n;
  @ ensures \result == E_OK ==> ret->name == at && 0 < ret->name_n &&
  @	ret->name + ret->name_n < *ret_next && ret->value + ret->value_n + 2 <= *ret_next;
  @ ensures \result == E_OK ==> ret->name + ret->name_n < ret->value;
  @ ensures \result == E_OK ==> ret->id < FIELD_N;
  @ ensures \result != E_OK ==> *ret == \old(*ret) && *ret_next == \old(*ret_next);
  @*/
enum err field_parse(struct view head, size_t at, struct field *ret, size_t *ret_next,
		     const char **ret_why);

/*
 * field_list_next - next element of a comma-separated list value (RFC 9110 §5.6.1), OWS trimmed,
 * empty elements skipped, commas inside quoted strings kept. False at the end.
 */
/*@ requires \valid(rest) && \valid(ret) && \separated(rest, ret) && view_ok(*rest);
  @ requires rest->n < SIZE_MAX; // no object is that large
  @ assigns *rest, *ret;
  @ ensures view_ok(*rest);
  @ ensures \result ==> view_ok(*ret) && ret->n > 0 && rest->n < \old(rest->n);
  @*/
bool field_list_next(struct view *rest, struct view *ret);

#endif
