/* The digest is fetched once: a fetch per line would cost more than the hashing. */
#include "ipc/audit_hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum err audit_hash_init(struct audit_hash *h)
{
	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL))
		return E_SYS;
	h->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->context = EVP_MD_CTX_new();
	if (!h->digest || !h->context || !EVP_DigestInit_ex2(h->context, h->digest, NULL)) {
		audit_hash_done(h);
		return E_SYS;
	}
	return E_OK;
}

void audit_hash_done(struct audit_hash *h)
{
	EVP_MD_CTX_free(h->context);
	EVP_MD_free(h->digest);
	*h = (struct audit_hash){ 0 };
}

enum err audit_hash_of(struct audit_hash *h, struct view v, struct audit_line_hash *ret)
{
	/* NULL for the type: the context keeps its digest and starts again. */
	if (!EVP_DigestInit_ex2(h->context, NULL, NULL) ||
	    !EVP_DigestUpdate(h->context, v.p, v.n) ||
	    !EVP_DigestFinal_ex(h->context, ret->b, NULL))
		return E_SYS;
	return E_OK;
}

/* One byte, then two views. */
static enum err hash_parts(struct audit_hash *h, uint8_t first, struct view a, struct view b,
			   struct audit_line_hash *ret)
{
	if (!EVP_DigestInit_ex2(h->context, NULL, NULL) ||
	    !EVP_DigestUpdate(h->context, &first, 1) || !EVP_DigestUpdate(h->context, a.p, a.n) ||
	    !EVP_DigestUpdate(h->context, b.p, b.n) ||
	    !EVP_DigestFinal_ex(h->context, ret->b, NULL))
		return E_SYS;
	return E_OK;
}

enum err audit_hash_leaf(struct audit_hash *h, struct view v, struct audit_line_hash *ret)
{
	return hash_parts(h, 0, v, (struct view){ 0 }, ret);
}

enum err audit_hash_node(struct audit_hash *h, const struct audit_line_hash *left,
			 const struct audit_line_hash *right, struct audit_line_hash *ret)
{
	return hash_parts(h, 1, view_of(left->b, sizeof left->b),
			  view_of(right->b, sizeof right->b), ret);
}
