/* One digest, at once. */
#include "tls/tls_digest.h"

#include <openssl/sha.h>

enum err tls_digest_sha256(struct view v, uint8_t ret[TLS_DIGEST_BYTES])
{
	return SHA256(v.p, v.n, ret) ? E_OK : E_NOMEM;
}
