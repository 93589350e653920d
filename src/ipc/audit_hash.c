/*
 * SHA-256 by libcrypto's own functions, which OpenSSL 3 calls deprecated: through EVP a hash costs
 * 70 ns more, and every record of the log has three of them.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ipc/audit_hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

enum err audit_hash_init(struct audit_hash *h)
{
	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL))
		return E_SYS;
	h->is_ready = true;
	return E_OK;
}

void audit_hash_done(struct audit_hash *h)
{
	*h = (struct audit_hash){ 0 };
}

/* Two views, one behind the other; an empty one is not looked at. */
static enum err hash_parts(const struct audit_hash *h, struct view a, struct view b,
			   struct audit_line_hash *ret)
{
	SHA256_CTX c = { 0 };

	if (!h->is_ready || !SHA256_Init(&c) || !SHA256_Update(&c, a.p, a.n) ||
	    !SHA256_Update(&c, b.p, b.n) || !SHA256_Final(ret->b, &c))
		return E_SYS;
	return E_OK;
}

enum err audit_hash_of(struct audit_hash *h, struct view v, struct audit_line_hash *ret)
{
	return hash_parts(h, v, (struct view){ 0 }, ret);
}

enum err audit_hash_leaf(struct audit_hash *h, struct view v, struct audit_line_hash *ret)
{
	static const uint8_t first = 0;

	return hash_parts(h, view_of(&first, 1), v, ret);
}

enum err audit_hash_node(struct audit_hash *h, const struct audit_line_hash *left,
			 const struct audit_line_hash *right, struct audit_line_hash *ret)
{
	uint8_t room[1 + 2 * AUDIT_LINE_HASH];
	struct wbuf w = wbuf_of(room, sizeof room);

	wbuf_u8(&w, 1);
	wbuf_put(&w, left->b, sizeof left->b);
	wbuf_put(&w, right->b, sizeof right->b);
	return hash_parts(h, wbuf_view(&w), (struct view){ 0 }, ret);
}
