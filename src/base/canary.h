/*
 * Canaries: secrets of nobody, in the forms that real ones have. They lie where a read out of
 * bounds would pass, and one that leaves the process proves that memory has leaked (promise P6).
 *
 * All texts of one process carry the same marker, 16 letters and digits that nobody can guess (95
 * bits), so that one search finds any of them. Letters and digits survive JSON, HTML, URLs and
 * base64url texts; the first of them occurs once, so that what is split over two sends is found
 * with one number per connection.
 *
 * Pure: randomness comes from the caller.
 */
#ifndef BASE_CANARY_H
#define BASE_CANARY_H

#include "base/wbuf.h"

#include <stdbool.h>

enum canary_kind {
	CANARY_SESSION = 0, /* a session's cookie: 43 characters of base64url */
	CANARY_BEARER,	    /* of an Authorization field; likewise */
	CANARY_PASSWORD,
	CANARY_KEY, /* an Ed25519 key in PKCS #8 and PEM */
	CANARY_KINDS
};

enum {
	CANARY_MARKER = 16,
	CANARY_TOKEN = 43,
	CANARY_TEXT = 384, /* room of all forms, one after the other */
	CANARY_RANDOM = CANARY_MARKER + CANARY_KINDS * CANARY_TOKEN
};

struct canary {
	uint8_t marker[CANARY_MARKER];
	uint8_t token[CANARY_KINDS][CANARY_TOKEN]; /* each begins with the marker */
	uint8_t text[CANARY_TEXT];		   /* the session's token first, then the others */
};

/* canary_make - from CANARY_RANDOM bytes that nobody can guess */
void canary_make(struct canary *c, const uint8_t random[CANARY_RANDOM]);

/* canary_find - where c's marker begins in v; v.n: it is not there. Reads v alone */
size_t canary_find(const struct canary *c, struct view v);

/*
 * canary_scan - v goes out behind what was scanned before with the same *at: is c's marker in it?
 *   c    zeroed, not made yet: there is none
 *   at   in-out: how much of the marker the bytes so far end with; 0 at the beginning
 */
bool canary_scan(const struct canary *c, struct view v, uint8_t *at);

/* canary_which - the kind whose token stands in v, at its marker; CANARY_KINDS: too little of it is
 * there */
enum canary_kind canary_which(const struct canary *c, struct view v);

/* canary_kind_name - "session", "bearer", "password", "key"; "marker" for CANARY_KINDS */
const char *canary_kind_name(enum canary_kind kind);

#endif
