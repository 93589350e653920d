/* What WebAuthn §8.2.1 asks of the certificate that signed a packed attestation. */
#ifndef ROLE_VERIFIER_PACKED_CERT_H
#define ROLE_VERIFIER_PACKED_CERT_H

#include "base/view.h"

/* packed_cert_check - NULL: it is as it has to be, and says that model or none; else what is not.
 * Who issued it is not looked at. */
const char *packed_cert_check(struct view der, struct view aaguid);

#endif
