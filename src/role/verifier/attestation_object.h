/*
 * The CBOR of an attestation object (WebAuthn §6.5.4), by libcbor, which allocates: what it holds
 * is bounded by GATE_ATTESTATION_MAX bytes and by the heap of the role.
 */
#ifndef ROLE_VERIFIER_ATTESTATION_OBJECT_H
#define ROLE_VERIFIER_ATTESTATION_OBJECT_H

#include "role/verifier/authdata.h"

#include <cbor.h>

enum attestation_format { ATTESTATION_NONE = 1, ATTESTATION_PACKED };

/* What extensions the authenticator says it has done, which libfido2 compares. */
struct attestation_extensions {
	int mask; /* FIDO_EXT_* */
	int protect;
	size_t pin_min;
};

struct attestation_object {
	cbor_item_t *root; /* owned; the views borrow from it */
	uint8_t format;	   /* enum attestation_format */
	const cbor_item_t *statement;
	struct view raw; /* authenticator data */
	struct authdata data;
	int algorithm; /* of the public key: COSE */
	struct attestation_extensions extensions;
};

/* attestation_object_open - NULL: ret is to be closed; else what is wrong with the bytes, a fixed
 * text, and ret is empty */
const char *attestation_object_open(struct view bytes, struct attestation_object *ret);
void attestation_object_close(struct attestation_object *o);

#endif
