/*
 * A passkey in software, written from WebAuthn §6 alone (libcrypto, CBOR by hand): makes what a
 * browser would send, right or with exactly one thing wrong.
 */
#ifndef TESTS_UNIT_ROLE_VERIFIER_SOFT_KEY_H
#define TESTS_UNIT_ROLE_VERIFIER_SOFT_KEY_H

#include "ipc/authority_verifier.h"

#include <openssl/evp.h>

enum soft_kind { SOFT_ES256, SOFT_ES384, SOFT_RS256, SOFT_EDDSA, SOFT_KINDS };
enum soft_format { SOFT_NONE, SOFT_SELF, SOFT_X5C };

enum { SOFT_MAX = 2400 };

struct soft_key {
	EVP_PKEY *pkey, *maker;
	enum soft_kind kind;
	int algorithm;
	uint8_t id[64], aaguid[16];
	uint32_t count;
};

/* What a ceremony is made of; the zero of a member means: as it should be. */
struct soft_how {
	enum soft_format format;
	const char *type, *host, *origin, *json; /* json: instead of all client data */
	struct view challenge;
	uint8_t flags_off, flags_on;
	const char *extensions; /* CBOR, behind the key; sets the flag */
	size_t extension_n;
	const char *fmt;       /* instead of the format's name */
	const char *cert_unit; /* instead of "Authenticator Attestation" */
	bool cert_is_ca, cert_is_other_model;
	bool breaks_signature;
	const char *tail; /* bytes behind the attestation object */
	size_t tail_n;
	const char *key_tail; /* bytes behind the authenticator data */
	size_t key_tail_n;
	int algorithm; /* instead of the key's, in the key's own map */
};

/* What the ceremony gave, and the questions about it. */
struct soft_out {
	struct hash32 challenge;
	uint8_t client_data[SOFT_MAX], object[SOFT_MAX], auth_data[SOFT_MAX], signature[SOFT_MAX];
	struct view client_data_v, object_v, auth_data_v, signature_v;
	struct verify_attestation attestation;
	struct verify_assertion assertion;
};

#define SOFT_HOST   "login.example.nl"
#define SOFT_ORIGIN "https://login.example.nl"

/* soft_key_open - aborts when libcrypto can't */
void soft_key_open(struct soft_key *k, enum soft_kind kind);
void soft_key_close(struct soft_key *k);

/* soft_key_make - a new credential, attested */
void soft_key_make(struct soft_key *k, const struct soft_how *how, struct soft_out *ret);

/* soft_key_show - an assertion; key: as the attestation's answer named it */
void soft_key_show(struct soft_key *k, const struct soft_how *how, struct view key,
		   struct soft_out *ret);

#endif
