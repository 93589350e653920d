/*
 * Assertions for applications (P3): JSON Web Tokens (RFC 7519, compact form of RFC 7515 §3.1) that
 * this role composes from the authority's fields and signs with ES256 (RFC 7518 §3.4), for
 * applications of its own image that ask for them, 60 seconds each. The key is made at the first
 * start (DIR/keys/token.key) and never leaves the signer; its public half is in the JSON Web Key
 * Set (RFC 7517) that applications fetch, under its thumbprint (RFC 7638).
 *
 * Rotation: token.key is renamed to token.old.key, and the next start makes another one. The old
 * one's public half stays in the set for a day.
 */
#ifndef ROLE_SIGNER_TOKEN_H
#define ROLE_SIGNER_TOKEN_H

#include "base/arena.h"
#include "conf/image.h"
#include "ipc/authority_signer.h"

#include <openssl/evp.h>

enum { TOKEN_COORDINATE = 32, TOKEN_KID = 43, TOKEN_OLD_S = 86400 };

struct token_key {
	EVP_PKEY *pkey; /* NULL: there is none */
	uint8_t x[TOKEN_COORDINATE], y[TOKEN_COORDINATE];
	uint8_t kid[TOKEN_KID]; /* base64url */
};

struct token_app {
	uint64_t id;
	struct view audience; /* in the arena */
};

struct token {
	struct token_key key, old;
	OSSL_LIB_CTX *libctx; /* borrowed */
	EVP_MD_CTX *ctx;
	uint64_t old_until_s;
	struct view issuer; /* empty: there is no gateway, and no key */
	struct token_app *apps;
	uint32_t app_n;
};

/* token_memory - bytes of the arena that this image's applications need */
size_t token_memory(const struct image *im);

/*
 * token_open - key and applications; without a gateway nothing is made and nothing can be asked
 *   ret_why  a fixed text
 * E_SYS (logged), E_DENIED the file is no such key, or open to others, E_NOMEM
 */
enum err token_open(struct token *t, OSSL_LIB_CTX *libctx, int dir_fd, const struct image *im,
		    struct arena *a, const char **ret_why);
void token_done(struct token *t);

/*
 * token_make - the signed token of these fields
 *   now_s  wall clock
 * E_DENIED and ret_why: no such application, or a field is wrong · E_LIMIT too many groups · E_SYS
 */
enum err token_make(struct token *t, const struct authority_token *ask, uint64_t now_s,
		    struct wbuf *ret, const char **ret_why);

/* token_keys - the JSON Web Key Set. E_DENIED there is no key · E_LIMIT ret is full */
enum err token_keys(const struct token *t, uint64_t now_s, struct wbuf *ret);

#endif
