/* Sealing with OpenSSL's AES-256-GCM; one context per direction, so that a use only sets a nonce.
 */
#include "tls/tls_seal.h"

#include "tls/tls_internal.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

struct tls_seal {
	OSSL_LIB_CTX *libctx;
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *put, *open;
};

static enum err tls_seal_setup(struct tls_seal *s, struct view key)
{
	s->cipher = EVP_CIPHER_fetch(s->libctx, "AES-256-GCM", NULL);
	s->put = EVP_CIPHER_CTX_new();
	s->open = EVP_CIPHER_CTX_new();
	if (!s->cipher || !s->put || !s->open)
		return E_NOMEM;
	if (EVP_EncryptInit_ex2(s->put, s->cipher, key.p, NULL, NULL) != 1 ||
	    EVP_DecryptInit_ex2(s->open, s->cipher, key.p, NULL, NULL) != 1)
		return E_NOMEM;
	return E_OK;
}

enum err tls_seal_new(struct tls_library *lib, struct view key, struct tls_seal **ret)
{
	struct tls_seal *s = key.n == TLS_SEAL_KEY ? OPENSSL_zalloc(sizeof *s) : NULL;

	if (!s)
		return E_NOMEM;
	s->libctx = lib->libctx;
	if (tls_seal_setup(s, key) != E_OK) {
		(void)tls_seal_free(s);
		return E_NOMEM;
	}
	*ret = s;
	return E_OK;
}

struct tls_seal *tls_seal_free(struct tls_seal *s)
{
	if (!s)
		return NULL;
	EVP_CIPHER_CTX_free(s->put);
	EVP_CIPHER_CTX_free(s->open);
	EVP_CIPHER_free(s->cipher);
	OPENSSL_free(s);
	return NULL;
}

static enum err tls_seal_fail(enum err e)
{
	ERR_clear_error(); /* nobody else's to find */
	return e;
}

enum err tls_seal_put(struct tls_seal *s, struct view plain, struct view bound, struct wbuf *w)
{
	uint8_t nonce[TLS_SEAL_NONCE], out[TLS_SEAL_MAX], tag[TLS_SEAL_TAG];
	int n = 0, last = 0;

	if (plain.n == 0 || plain.n > TLS_SEAL_MAX ||
	    wbuf_room(w) < sizeof nonce + plain.n + sizeof tag)
		return E_LIMIT;
	if (RAND_bytes_ex(s->libctx, nonce, sizeof nonce, 0) != 1 ||
	    EVP_EncryptInit_ex2(s->put, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_EncryptUpdate(s->put, NULL, &n, bound.p, (int)bound.n) != 1 ||
	    EVP_EncryptUpdate(s->put, out, &n, plain.p, (int)plain.n) != 1 ||
	    EVP_EncryptFinal_ex(s->put, out + n, &last) != 1 ||
	    EVP_CIPHER_CTX_ctrl(s->put, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag) != 1 ||
	    (size_t)n != plain.n)
		return tls_seal_fail(E_SYS);
	wbuf_put(w, nonce, sizeof nonce);
	wbuf_put(w, out, plain.n);
	wbuf_put(w, tag, sizeof tag);
	return wbuf_check(w);
}

enum err tls_seal_open(struct tls_seal *s, struct view sealed, struct view bound,
		       struct wbuf *plain)
{
	uint8_t out[TLS_SEAL_MAX], tag[TLS_SEAL_TAG];
	struct wbuf t = wbuf_of(tag, sizeof tag);
	struct view nonce = { 0 }, text = sealed;
	int n = 0, last = 0;
	size_t text_n = 0;

	if (sealed.n <= TLS_SEAL_NONCE + TLS_SEAL_TAG ||
	    sealed.n > TLS_SEAL_NONCE + TLS_SEAL_TAG + TLS_SEAL_MAX)
		return E_DENIED;
	text_n = sealed.n - TLS_SEAL_NONCE - TLS_SEAL_TAG;
	TRY(view_take(&text, TLS_SEAL_NONCE, &nonce));
	wbuf_view_put(&t, view_slice(text, text_n, text.n));
	if (EVP_DecryptInit_ex2(s->open, NULL, NULL, nonce.p, NULL) != 1 ||
	    EVP_DecryptUpdate(s->open, NULL, &n, bound.p, (int)bound.n) != 1 ||
	    EVP_DecryptUpdate(s->open, out, &n, text.p, (int)text_n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(s->open, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1 ||
	    EVP_DecryptFinal_ex(s->open, out + n, &last) != 1 || (size_t)n != text_n)
		return tls_seal_fail(E_DENIED);
	wbuf_put(plain, out, text_n);
	return wbuf_check(plain);
}
