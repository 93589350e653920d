/*
 * What the authenticator says and signs (WebAuthn §6.1): whose page it was used for, that somebody
 * was there and was verified, how often it was used; and, when it made a key, which.
 */
#ifndef ROLE_VERIFIER_AUTHDATA_H
#define ROLE_VERIFIER_AUTHDATA_H

#include "base/view.h"

enum authdata_flag {
	AUTHDATA_PRESENT = 0x01,
	AUTHDATA_VERIFIED = 0x04,
	AUTHDATA_BACKUP_ELIGIBLE = 0x08,
	AUTHDATA_BACKED_UP = 0x10,
	AUTHDATA_CREDENTIAL = 0x40,
	AUTHDATA_EXTENSIONS = 0x80
};

enum { AUTHDATA_HASH = 32, AUTHDATA_AAGUID = 16 };

struct authdata {
	struct view host_hash;
	uint8_t flags; /* enum authdata_flag */
	uint32_t count;
	struct view aaguid, id; /* with AUTHDATA_CREDENTIAL */
	struct view rest;	/* CBOR: public key with AUTHDATA_CREDENTIAL, then extensions with
				   AUTHDATA_EXTENSIONS */
};

/* authdata_parse - views into raw. E_SHORT · E_PROTO bytes behind what the flags announce ·
 * E_LIMIT an id of no bytes, or of more than GATE_CREDENTIAL_MAX */
enum err authdata_parse(struct view raw, struct authdata *ret);

/* authdata_check - NULL: made for that host, by somebody present and verified; else what is not */
const char *authdata_check(const struct authdata *a, struct view host);

/* authdata_verified_flags - bits of enum verified_flag */
uint8_t authdata_verified_flags(const struct authdata *a);

#endif
