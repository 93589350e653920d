/*
 * `sluis evidence` and the signer: the one signature under a bundle's manifest (promises P3, P9).
 * The keeper hands the command one end of a fresh channel (TOOL_EVIDENCE_SIGNER) and the signer the
 * other. The signer composes what it signs from the hash and its own clock; the text's first line
 * is in nothing else that this key signs.
 */
#ifndef IPC_EVIDENCE_SIGNER_H
#define IPC_EVIDENCE_SIGNER_H

#include "ipc/audit_key.h"
#include "ipc/role.h"

/* How the keeper calls a command when it gives the signer its channel (KEEPER_CHANNEL). */
#define SIGNER_COMMAND ROLE_KEEPER

enum command_signer_message {
	EVIDENCE_SIGN = 1 /* 32 bytes: SHA-256 of MANIFEST.json */
};

enum signer_command_message {
	SIGNER_EVIDENCE = 1,	/* u64 wall clock, microseconds; 32 bytes public key; 64 bytes
				   signature (Ed25519, RFC 8032) over evidence_signer_put_text; seq as
				   asked */
	SIGNER_EVIDENCE_REFUSED /* nothing; seq as asked: too many questions */
};

enum {
	EVIDENCE_HASH = 32,
	EVIDENCE_TEXT_MAX = 160,
	EVIDENCE_ANSWER = 8 + AUDIT_KEY + AUDIT_SIGNATURE
};

/* What was signed, by which key. */
struct evidence_signature {
	uint8_t hash[EVIDENCE_HASH];
	uint64_t wall_us; /* the signer's clock */
	struct audit_key key;
	struct audit_key_signature signature;
};

/* evidence_signer_put_text - "sluis evidence manifest v1\n<hex hash>\n<UTC time>\n" */
void evidence_signer_put_text(struct wbuf *w, const struct evidence_signature *s);

/* evidence_signer_put, evidence_signer_get - the body of SIGNER_EVIDENCE; hash stays as it is.
 * E_SHORT, E_PROTO: malformed, or a time that has no text */
void evidence_signer_put(struct wbuf *w, const struct evidence_signature *s);
enum err evidence_signer_get(struct view body, struct evidence_signature *ret);

/* evidence_signer_check - E_OK the signature is over this hash and time, under s->key · E_DENIED it
 * is not · E_SYS */
enum err evidence_signer_check(const struct evidence_signature *s);

#endif
