/*
 * What the store may not hold in the clear: secrets of authenticator apps, sealed under a key that
 * is kept outside of it (DIR/keys/store.key, by the keeper), so that a copy of the store alone is
 * no factor. And SHA-256, for what need not be read back.
 */
#ifndef ROLE_AUTHORITY_VAULT_H
#define ROLE_AUTHORITY_VAULT_H

#include "ipc/wire.h"

enum { VAULT_KEY = 32, VAULT_NONCE = 12, VAULT_TAG = 16, VAULT_PLAIN_MAX = 64 };

struct vault {
	void *cipher, *sealing, *opening, *digest, *hashing; /* libcrypto's; owned */
};

/* vault_open - key: VAULT_KEY bytes, borrowed. All memory is taken here. E_NOMEM */
enum err vault_open(struct vault *v, struct view key);
void vault_done(struct vault *v);

/* vault_hash - SHA-256 of text */
void vault_hash(struct vault *v, struct view text, struct hash32 *ret);

/*
 * vault_seal - appends nonce, sealed text and tag (AES-256-GCM, NIST SP 800-38D; a random nonce)
 *   bound  whose it is: what is sealed for one user opens for no other
 * E_LIMIT · E_SYS the library failed
 */
enum err vault_seal(struct vault *v, struct view plain, uint64_t bound, struct wbuf *w);

/* vault_unseal - appends the plain text. E_DENIED not sealed under this key, or another's */
enum err vault_unseal(struct vault *v, struct view sealed, uint64_t bound, struct wbuf *w);

#endif
