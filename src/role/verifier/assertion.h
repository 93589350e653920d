/* A passkey's answer at log-in (WebAuthn §7.2): every byte of it is a stranger's. */
#ifndef ROLE_VERIFIER_ASSERTION_H
#define ROLE_VERIFIER_ASSERTION_H

#include "ipc/authority_verifier.h"

/* assertion_verify - ret is set whole: right, with flags and count; or not, and why (a fixed text).
 * E_NOMEM: it could not be worked on */
enum err assertion_verify(const struct verify_assertion *a, struct verified_assertion *ret);

#endif
