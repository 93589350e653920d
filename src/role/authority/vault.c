/* Contexts are set up once: afterwards the library allocates nothing. */
#include "role/authority/vault.h"

#include "sys/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

static bool vault_start(struct vault *v, struct view key)
{
	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL))
		return false;
	v->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	v->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	v->sealing = EVP_CIPHER_CTX_new();
	v->opening = EVP_CIPHER_CTX_new();
	v->hashing = EVP_MD_CTX_new();
	return v->cipher && v->digest && v->sealing && v->opening && v->hashing &&
	       EVP_EncryptInit_ex2(v->sealing, v->cipher, key.p, NULL, NULL) == 1 &&
	       EVP_DecryptInit_ex2(v->opening, v->cipher, key.p, NULL, NULL) == 1 &&
	       EVP_DigestInit_ex2(v->hashing, v->digest, NULL) == 1;
}

enum err vault_open(struct vault *v, struct view key)
{
	INVARIANT(key.n == VAULT_KEY);
	if (vault_start(v, key))
		return E_OK;
	vault_done(v);
	return E_NOMEM;
}

void vault_done(struct vault *v)
{
	EVP_CIPHER_CTX_free(v->sealing);
	EVP_CIPHER_CTX_free(v->opening);
	EVP_MD_CTX_free(v->hashing);
	EVP_CIPHER_free(v->cipher);
	EVP_MD_free(v->digest);
	*v = (struct vault){ 0 };
}

void vault_hash(struct vault *v, struct view text, struct hash32 *ret)
{
	INVARIANT(EVP_DigestInit_ex2(v->hashing, NULL, NULL) == 1 &&
		  EVP_DigestUpdate(v->hashing, text.p, text.n) == 1 &&
		  EVP_DigestFinal_ex(v->hashing, ret->b, NULL) == 1);
}

static struct view vault_bound(uint64_t bound, uint8_t at[8])
{
	struct wbuf w = wbuf_of(at, 8);

	wbuf_u64(&w, bound);
	return wbuf_view(&w);
}

enum err vault_seal(struct vault *v, struct view plain, uint64_t bound, struct wbuf *w)
{
	uint8_t nonce[VAULT_NONCE], tag[VAULT_TAG], sealed[VAULT_PLAIN_MAX], at[8];
	struct view aad = vault_bound(bound, at);
	int n = 0;

	if (!plain.n || plain.n > VAULT_PLAIN_MAX ||
	    wbuf_room(w) < plain.n + VAULT_NONCE + VAULT_TAG)
		return E_LIMIT;
	secret_random(nonce, sizeof nonce);
	if (EVP_EncryptInit_ex2(v->sealing, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_EncryptUpdate(v->sealing, NULL, &n, aad.p, (int)aad.n) != 1 ||
	    EVP_EncryptUpdate(v->sealing, sealed, &n, plain.p, (int)plain.n) != 1 ||
	    EVP_EncryptFinal_ex(v->sealing, sealed, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(v->sealing, EVP_CTRL_AEAD_GET_TAG, VAULT_TAG, tag) != 1)
		return E_SYS;
	wbuf_put(w, nonce, sizeof nonce);
	wbuf_put(w, sealed, plain.n);
	wbuf_put(w, tag, sizeof tag);
	return E_OK;
}

enum err vault_unseal(struct vault *v, struct view sealed, uint64_t bound, struct wbuf *w)
{
	uint8_t plain[VAULT_PLAIN_MAX], tag_at[VAULT_TAG], at[8];
	struct view nonce = { 0 }, text = { 0 }, aad = vault_bound(bound, at);
	struct wbuf tag = wbuf_of(tag_at, sizeof tag_at);
	enum err e = E_OK;
	int n = 0;

	if (sealed.n <= VAULT_NONCE + VAULT_TAG ||
	    sealed.n > VAULT_PLAIN_MAX + VAULT_NONCE + VAULT_TAG)
		return E_DENIED;
	TRY(view_take(&sealed, VAULT_NONCE, &nonce));
	TRY(view_take(&sealed, sealed.n - VAULT_TAG, &text));
	wbuf_view_put(&tag, sealed);
	if (EVP_DecryptInit_ex2(v->opening, NULL, NULL, nonce.p, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(v->opening, EVP_CTRL_AEAD_SET_TAG, VAULT_TAG, tag_at) != 1 ||
	    EVP_DecryptUpdate(v->opening, NULL, &n, aad.p, (int)aad.n) != 1 ||
	    EVP_DecryptUpdate(v->opening, plain, &n, text.p, (int)text.n) != 1 ||
	    EVP_DecryptFinal_ex(v->opening, plain, &n) != 1)
		e = E_DENIED;
	if (e == E_OK)
		wbuf_put(w, plain, text.n);
	secret_wipe(plain, sizeof plain);
	return e != E_OK ? e : wbuf_check(w);
}
