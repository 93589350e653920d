/*
 * Sealing of small texts that a client keeps for us (persistence cookies): AES-256-GCM (NIST SP
 * 800-38D) with a random nonce of 96 bits in front. Nobody without the key can read, make or change
 * one; under one key not more than 2^32 may be made, which a new key every month is far from.
 */
#ifndef TLS_TLS_SEAL_H
#define TLS_TLS_SEAL_H

#include "tls/tls.h"

enum { TLS_SEAL_KEY = 32, TLS_SEAL_NONCE = 12, TLS_SEAL_TAG = 16, TLS_SEAL_MAX = 256 };

/* A key, ready to use; all of its memory is taken by tls_seal_new. */
struct tls_seal;

/* tls_seal_new - key: TLS_SEAL_KEY bytes, borrowed. E_NOMEM */
enum err tls_seal_new(struct tls_library *lib, struct view key, struct tls_seal **ret);
struct tls_seal *tls_seal_free(struct tls_seal *s); /* NULL is fine; returns NULL */

/*
 * tls_seal_put - appends nonce, sealed text and tag: plain.n + 28 bytes
 *   plain   1 to TLS_SEAL_MAX bytes
 *   bound   not in it, but must be given again to open it
 * E_LIMIT w or plain is too long · E_SYS the library failed; w is untouched
 */
enum err tls_seal_put(struct tls_seal *s, struct view plain, struct view bound, struct wbuf *w);

/* tls_seal_open - the plain text, appended to plain. E_DENIED made by nobody with this key */
enum err tls_seal_open(struct tls_seal *s, struct view sealed, struct view bound,
		       struct wbuf *plain);

#endif
