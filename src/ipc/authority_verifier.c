/* The forms of what authority and verifier say to each other. */
#include "ipc/authority_verifier.h"

WIRE_FORM(verify_hash, VERIFY_HASH_FIELDS)
WIRE_FORM(verify_password, VERIFY_PASSWORD_FIELDS)
WIRE_FORM(verify_attestation, VERIFY_ATTESTATION_FIELDS)
WIRE_FORM(verify_assertion, VERIFY_ASSERTION_FIELDS)
WIRE_FORM(verified_hash, VERIFIED_HASH_FIELDS)
WIRE_FORM(verified_password, VERIFIED_PASSWORD_FIELDS)
WIRE_FORM(verified_credential, VERIFIED_CREDENTIAL_FIELDS)
WIRE_FORM(verified_assertion, VERIFIED_ASSERTION_FIELDS)
WIRE_FORM(verified_not, VERIFIED_NOT_FIELDS)
