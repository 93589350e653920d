/*
 * SHA-1 (RFC 3174), for what still asks for it and does not rest on collisions being hard: the
 * handshake of WebSockets (RFC 6455 §4.2.2), and one-time passwords by HMAC (RFC 6238 §1.2).
 */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include "base/view.h"

enum { SHA1_BYTES = 20, SHA1_BLOCK = 64 };

struct sha1 {
	uint32_t h[5];
	uint64_t bytes;
	uint8_t block[SHA1_BLOCK];
};

struct sha1 sha1_begin(void);
void sha1_add(struct sha1 *s, struct view v);
void sha1_end(struct sha1 *s, uint8_t ret[SHA1_BYTES]);

#endif
