/*
 * What the fields of one HTTP/1 head mean together: framing, persistence, upgrade (RFC 9112 §6,
 * §9). Inside of http1; not for others.
 */
#ifndef PROTO_HTTP1_RULES_H
#define PROTO_HTTP1_RULES_H

#include "proto/http1.h"

struct http1_rules {
	uint64_t length;	 /* Content-Length */
	struct http1_error *why; /* keeps; set with E_PROTO */
	uint16_t seen;		 /* bits private to http1_rules.c */
	uint16_t host;		 /* index of Host, or UINT16_MAX */
	uint8_t minor;
	uint8_t flags; /* bits of enum http1_flag that need no second field */
	bool is_request;
};

/*@ predicate http1_rules_ok(struct http1_rules *r) =
  @	\valid(r) && \valid(r->why) && \separated(r, r->why);
  @*/

/* http1_rules_start - before the first field of a message in HTTP/1.minor */
/*@ assigns \nothing;
  @ ensures \result.why == why && \result.host == UINT16_MAX && \result.length == 0;
  @*/
struct http1_rules http1_rules_start(bool is_request, uint8_t minor, struct http1_error *why);

/* http1_rules_add - field number index; E_PROTO: it breaks a rule alone or with one before it */
/*@ requires http1_rules_ok(r) && \valid_read(f) && f->id < FIELD_N;
  @ requires view_ok(head) && f->value + f->value_n <= head.n < SIZE_MAX;
  @ assigns r->length, r->seen, r->flags, r->host, *r->why;
  @ ensures http1_rules_ok(r);
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
enum err http1_rules_add(struct http1_rules *r, struct view head, const struct field *f,
			 uint16_t index);

/* http1_rules_end_request, _response - body, content_length, host and flags of h, which has method
 * or status already. E_PROTO: the fields don't fit together */
/*@ requires http1_rules_ok(r) && \valid(h) && \separated(h, r, r->why);
  @ assigns h->host, h->flags, h->content_length, h->body, *r->why;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
enum err http1_rules_end_request(struct http1_rules *r, struct http1_head *h);
/*@ requires http1_rules_ok(r) && \valid(h) && \separated(h, r, r->why);
  @ assigns h->host, h->flags, h->content_length, h->body, *r->why;
  @ ensures \result == E_OK || \result == E_PROTO;
  @*/
enum err http1_rules_end_response(struct http1_rules *r, enum http_method method,
				  struct http1_head *h);

/* http1_rules_refuse - notes why; always E_PROTO */
/*@ requires \valid(why);
  @ assigns *why;
  @ ensures \result == E_PROTO && why->status == status && why->why == text;
  @*/
enum err http1_rules_refuse(struct http1_error *why, uint16_t status, const char *text);

#endif
