/*
 * Accept-Encoding (RFC 9110 §12.5.3): which content codings a client takes, and how much it likes
 * them. Pure; an element that is malformed, or names a coding that Sluis can't make, is passed
 * over.
 */
#ifndef PROTO_ACCEPT_ENCODING_H
#define PROTO_ACCEPT_ENCODING_H

#include "base/view.h"

/* Content codings (RFC 9110 §8.4.1). */
enum encoding { ENCODING_IDENTITY, ENCODING_GZIP, ENCODING_BR, ENCODING_ZSTD, ENCODING_N };

enum {
	ACCEPT_ENCODING_ELEMENTS = 32, /* further ones of a request are not looked at */
	ACCEPT_ENCODING_WEIGHT = 1000  /* a weight of 1 */
};

/* Zero is valid: the client has said nothing, so it is sent nothing but identity. */
struct accept_encoding {
	uint16_t q[ENCODING_N]; /* thousandths; 0: not acceptable */
	uint16_t any;		/* of "*" */
	uint8_t named;		/* 1 << enum encoding: the codings it names */
	bool has_any;
	uint8_t elements;
};

/* accept_encoding_add - one field value; several field lines are one list (RFC 9110 §5.2). Of two
 * weights for one coding the first counts */
/*@ requires \valid(a) && view_ok(value) && value.n < SIZE_MAX;
  @ assigns *a;
  @*/
void accept_encoding_add(struct accept_encoding *a, struct view value);

/*
 * accept_encoding_choose - the coding to send
 *   offer   what can be made, most wanted first; ENCODING_IDENTITY need not be among them
 * The client's highest weight wins, the order of offer decides between equals. ENCODING_IDENTITY
 * when none is acceptable or the client prefers it.
 */
/*@ requires \valid_read(a) && (offer_n == 0 || \valid_read(offer + (0 .. offer_n - 1)));
  @ requires \forall integer i; 0 <= i < offer_n ==> offer[i] < ENCODING_N;
  @ assigns \nothing;
  @ ensures 0 <= \result < ENCODING_N;
  @*/
enum encoding accept_encoding_choose(const struct accept_encoding *a, const uint8_t *offer,
				     size_t offer_n);

/* accept_encoding_name - as Content-Encoding has it: "gzip" */
/*@ requires 0 <= coding < ENCODING_N;
  @ assigns \nothing;
  @ ensures view_ok(\result);
  @*/
struct view accept_encoding_name(enum encoding coding);

/* accept_encoding_qvalue - a weight in thousandths (RFC 9110 §12.4.2): 0, 1, and at most three
 * digits behind the point. E_PROTO: none */
/*@ requires view_ok(v) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO;
  @ ensures \result == E_OK ==> *ret <= ACCEPT_ENCODING_WEIGHT;
  @*/
enum err accept_encoding_qvalue(struct view v, uint16_t *ret);

#endif
