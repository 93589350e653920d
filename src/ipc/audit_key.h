/*
 * The public half of the audit key: checking checkpoints, and the text forms of key and signature.
 * The private half never leaves the signer.
 */
#ifndef IPC_AUDIT_KEY_H
#define IPC_AUDIT_KEY_H

#include "ipc/audit_signer.h"

struct audit_key {
	uint8_t b[AUDIT_KEY]; /* Ed25519, RFC 8032 §5.1.5 */
};

struct audit_key_signature {
	uint8_t b[AUDIT_SIGNATURE];
};

enum { AUDIT_KEY_PEM_MAX = 256, AUDIT_KEY_ID = 16 };

/* audit_key_check - E_OK signature is over this checkpoint · E_DENIED it is not · E_SYS */
enum err audit_key_check(const struct audit_key *key, const struct audit_checkpoint *c,
			 const struct audit_key_signature *signature);

/* audit_key_verify - the same over any bytes. E_DENIED, E_SYS */
enum err audit_key_verify(const struct audit_key *key, struct view message, struct view signature);

bool audit_key_eq(const struct audit_key *a, const struct audit_key *b);

/* audit_key_put_id - a short name for the key, AUDIT_KEY_ID hexadecimal digits: its first bytes */
void audit_key_put_id(struct wbuf *w, const struct audit_key *key);

/* audit_key_put_pem, audit_key_get_pem - SubjectPublicKeyInfo, RFC 8410 §4, as RFC 7468 text.
 * E_PROTO: something else */
void audit_key_put_pem(struct wbuf *w, const struct audit_key *key);
enum err audit_key_get_pem(struct view pem, struct audit_key *ret);

/* audit_key_put_signature, audit_key_get_signature - base64, RFC 4648 §4, exactly 88 characters */
void audit_key_put_signature(struct wbuf *w, const struct audit_key_signature *s);
enum err audit_key_get_signature(struct view text, struct audit_key_signature *ret);

#endif
