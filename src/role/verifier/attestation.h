/*
 * A passkey that is being made (WebAuthn §7.1): every byte of it is a stranger's. Formats "none"
 * and "packed" (§8.7, §8.2: signed by the key itself or by its maker's certificate) are taken.
 */
#ifndef ROLE_VERIFIER_ATTESTATION_H
#define ROLE_VERIFIER_ATTESTATION_H

#include "ipc/authority_verifier.h"

/* What the views of an answer borrow. */
struct attestation_room {
	uint8_t credential[GATE_CREDENTIAL_MAX], key[GATE_KEY_MAX], aaguid[16];
};

/* attestation_verify - ret is set whole: right, with the credential; or not, and why (a fixed
 * text). E_NOMEM: it could not be worked on */
enum err attestation_verify(const struct verify_attestation *a, struct attestation_room *room,
			    struct verified_credential *ret);

#endif
