/*
 * Tokens: 32 random bytes, base64url in cookies and links. The authority is told their SHA-256
 * alone; the bytes themselves are wiped as soon as the hash is made (DEFAULTS, threats class A).
 */
#ifndef ROLE_CELL_TOKEN_H
#define ROLE_CELL_TOKEN_H

#include "base/wbuf.h"
#include "ipc/cell_authority.h"

enum { TOKEN_TEXT = 43 };

/* What is known of a token that has come. */
struct token {
	bool is_there;
	struct hash32 hash;
	struct hash32 form; /* what forms must have in field t: token_form */
};

/* One of ours that has not been given away yet; wiped by its owner. */
struct token_fresh {
	struct token token;
	uint8_t text[TOKEN_TEXT];
};

/* token_read - text as a client has sent it; hostile. E_PROTO: it is none, ret is untouched */
enum err token_read(struct view text, struct token *ret);

/* token_make - a new one. E_NOMEM */
enum err token_make(struct token_fresh *ret);

/* token_put - 32 bytes as text */
void token_put(struct wbuf *w, const struct hash32 *h);

/* token_hash_read - 32 bytes that are no secret: a hash in a query. E_PROTO */
enum err token_hash_read(struct view text, struct hash32 *ret);

#endif
