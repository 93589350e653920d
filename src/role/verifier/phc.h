/*
 * How a hash is written down: "$argon2id$v=19$m=65536,t=3,p=1$SALT$TAG", with base64 without
 * padding (the string that libargon2 itself makes). One spelling per hash: digits without leading
 * zeros, no bits left over.
 */
#ifndef ROLE_VERIFIER_PHC_H
#define ROLE_VERIFIER_PHC_H

#include "base/wbuf.h"

enum { PHC_KIB_MIN = 8, PHC_SALT_MIN = 8, PHC_SALT_MAX = 48, PHC_TAG_MIN = 16, PHC_TAG_MAX = 64 };

struct phc {
	uint32_t kib, passes; /* lanes: always 1 */
	uint8_t salt[PHC_SALT_MAX], tag[PHC_TAG_MAX];
	size_t salt_n, tag_n;
};

/* phc_put - appends h's string */
void phc_put(struct wbuf *w, const struct phc *h);

/* phc_get - E_PROTO: not such a string, more than one lane, or a length out of bounds */
enum err phc_get(struct view text, struct phc *ret);

#endif
