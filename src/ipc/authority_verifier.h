/*
 * Authority and verifier: what is slow (argon2id) or takes apart strangers' bytes (WebAuthn's CBOR
 * and certificates), in a process that has no store, no file and no network, and remembers nothing.
 * One question at a time is worked on; its memory is reserved at boot, so that no number of log-ins
 * takes more. Every question gets one answer with its seq.
 */
#ifndef IPC_AUTHORITY_VERIFIER_H
#define IPC_AUTHORITY_VERIFIER_H

#include "ipc/frame.h"
#include "ipc/gate_words.h"
#include "ipc/wire.h"

enum { VERIFIER_QUEUE = 64, VERIFIER_ENCODED_MAX = 256 };

enum authority_verifier_message {
	VERIFY_HASH = 1,    /* struct verify_hash -> VERIFIED_HASH */
	VERIFY_PASSWORD,    /* struct verify_password -> VERIFIED_PASSWORD */
	VERIFY_ATTESTATION, /* struct verify_attestation -> VERIFIED_CREDENTIAL */
	VERIFY_ASSERTION    /* struct verify_assertion -> VERIFIED_ASSERTION */
};

enum verifier_authority_message {
	VERIFIED_HASH = 1,   /* struct verified_hash */
	VERIFIED_PASSWORD,   /* struct verified_password */
	VERIFIED_CREDENTIAL, /* struct verified_credential */
	VERIFIED_ASSERTION,  /* struct verified_assertion */
	VERIFIED_NOT	     /* struct verified_not: it could not be worked on */
};

enum verified_flag {
	VERIFIED_BACKUP_ELIGIBLE = 1, /* WebAuthn §6.1 BE: absent means bound to one device */
	VERIFIED_BACKED_UP = 2,
	VERIFIED_ATTESTED = 4 /* packed, with a certificate that signed it */
};

#define VERIFY_HASH_FIELDS(F) F(TEXT, password, GATE_PASSWORD_MAX)
/* encoded: "$argon2id$v=19$m=...": empty: none is known, and the same time is to be spent */
#define VERIFY_PASSWORD_FIELDS(F)                                                                  \
	F(TEXT, encoded, VERIFIER_ENCODED_MAX) F(TEXT, password, GATE_PASSWORD_MAX)
/* host: the relying party's id; origin: "https://host[:port]" */
#define VERIFY_ATTESTATION_FIELDS(F)                                                               \
	F(HASH, challenge, 0)                                                                      \
	F(TEXT, host, 255)                                                                         \
	F(TEXT, origin, 300)                                                                       \
	F(TEXT, client_data, GATE_CLIENT_DATA_MAX) F(TEXT, attestation, GATE_ATTESTATION_MAX)
#define VERIFY_ASSERTION_FIELDS(F)                                                                 \
	F(HASH, challenge, 0)                                                                      \
	F(TEXT, host, 255)                                                                         \
	F(TEXT, origin, 300)                                                                       \
	F(U32, algorithm, 0)                                                                       \
	F(TEXT, key, GATE_KEY_MAX)                                                                 \
	F(TEXT, client_data, GATE_CLIENT_DATA_MAX)                                                 \
	F(TEXT, auth_data, GATE_AUTH_DATA_MAX) F(TEXT, signature, 512)
#define VERIFIED_HASH_FIELDS(F) F(TEXT, encoded, VERIFIER_ENCODED_MAX)
/* is_old: right, and its parameters are weaker than today's: hash it again */
#define VERIFIED_PASSWORD_FIELDS(F) F(U8, is_right, 0) F(U8, is_old, 0)
/* why: a fixed English text for the log, empty when it is right; algorithm: COSE, as u32 of the
 * negative number; key: as VERIFY_ASSERTION takes it */
#define VERIFIED_CREDENTIAL_FIELDS(F)                                                              \
	F(U8, is_right, 0)                                                                         \
	F(U8, flags, 0)                                                                            \
	F(U32, count, 0)                                                                           \
	F(U32, algorithm, 0)                                                                       \
	F(TEXT, credential, GATE_CREDENTIAL_MAX)                                                   \
	F(TEXT, key, GATE_KEY_MAX) F(TEXT, aaguid, 16) F(TEXT, why, 128)
#define VERIFIED_ASSERTION_FIELDS(F)                                                               \
	F(U8, is_right, 0) F(U8, flags, 0) F(U32, count, 0) F(TEXT, why, 128)
#define VERIFIED_NOT_FIELDS(F) F(TEXT, why, 128)

WIRE_MESSAGE(verify_hash, VERIFY_HASH_FIELDS)
WIRE_MESSAGE(verify_password, VERIFY_PASSWORD_FIELDS)
WIRE_MESSAGE(verify_attestation, VERIFY_ATTESTATION_FIELDS)
WIRE_MESSAGE(verify_assertion, VERIFY_ASSERTION_FIELDS)
WIRE_MESSAGE(verified_hash, VERIFIED_HASH_FIELDS)
WIRE_MESSAGE(verified_password, VERIFIED_PASSWORD_FIELDS)
WIRE_MESSAGE(verified_credential, VERIFIED_CREDENTIAL_FIELDS)
WIRE_MESSAGE(verified_assertion, VERIFIED_ASSERTION_FIELDS)
WIRE_MESSAGE(verified_not, VERIFIED_NOT_FIELDS)

#endif
