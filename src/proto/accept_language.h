/*
 * Accept-Language (RFC 9110 §12.5.4): which of our languages a client likes best. Pure; an element
 * that is malformed is passed over.
 */
#ifndef PROTO_ACCEPT_LANGUAGE_H
#define PROTO_ACCEPT_LANGUAGE_H

#include "base/view.h"

enum { ACCEPT_LANGUAGE_ELEMENTS = 32 /* further ones are not looked at */ };

/*
 * accept_language_choose - index into offers; n: none is wanted
 *   offers   primary subtags in lower case: "nl"
 * "nl-BE" asks for "nl" (lookup, RFC 4647 §3.4, in the direction of the shorter tag); the highest
 * weight wins, the client's order decides between equals.
 */
size_t accept_language_choose(struct view value, const struct view *offers, size_t n);

#endif
