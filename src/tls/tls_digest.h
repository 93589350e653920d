/* SHA-256 for who links OpenSSL anyway (FIPS 180-4). */
#ifndef TLS_TLS_DIGEST_H
#define TLS_TLS_DIGEST_H

#include "base/view.h"

enum { TLS_DIGEST_BYTES = 32 };

/* tls_digest_sha256 - of v. E_NOMEM: ret is not to be used */
enum err tls_digest_sha256(struct view v, uint8_t ret[TLS_DIGEST_BYTES]);

#endif
