/*
 * Public keys of credentials (RFC 9052 §7, RFC 9053): the algorithms that are taken, and the form
 * in which they are kept: what libfido2 gives and takes, opaque to everybody else.
 */
#ifndef ROLE_VERIFIER_COSE_H
#define ROLE_VERIFIER_COSE_H

#include "base/view.h"

#include <fido.h>

/* cose_is_known - ES256, ES384, RS256 or EdDSA with Ed25519 */
bool cose_is_known(int algorithm);

/* cose_is_sound - the bytes are a key of that algorithm: a point on its curve, a modulus with the
 * usual exponent */
bool cose_is_sound(int algorithm, struct view key);

/*
 * cose_verify - fido_assert_verify of assertion 0 with that key
 * E_DENIED: the signature is not by it · E_PROTO: no such algorithm, or no such key
 */
enum err cose_verify(const fido_assert_t *assertion, int algorithm, struct view key);

#endif
