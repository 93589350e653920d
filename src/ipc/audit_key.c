/* Ed25519 verification by libcrypto; strict text forms. Reads hostile files in `sluis audit`. */
#include "ipc/audit_key.h"

#include <openssl/evp.h>

/* SEQUENCE { SEQUENCE { 1.3.101.112 }, BIT STRING of 32 bytes }: RFC 8410 §4 leaves no choice. */
static const uint8_t key_prefix[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
				      0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

enum { KEY_DER = sizeof key_prefix + AUDIT_KEY, KEY_BASE64 = (KEY_DER + 2) / 3 * 4 };

static const char key_begin[] = "-----BEGIN PUBLIC KEY-----\n";
static const char key_end[] = "\n-----END PUBLIC KEY-----\n";

enum err audit_key_verify(const struct audit_key *key, struct view message, struct view signature)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->b, sizeof key->b);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = E_SYS;

	if (pkey && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1)
		e = EVP_DigestVerify(ctx, signature.p, signature.n, message.p, message.n) == 1
			    ? E_OK
			    : E_DENIED;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return e;
}

enum err audit_key_check(const struct audit_key *key, const struct audit_checkpoint *c,
			 const struct audit_key_signature *signature)
{
	uint8_t text[AUDIT_CHECKPOINT_TEXT_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);

	audit_checkpoint_put(&w, c);
	if (w.bad)
		return E_SYS;
	return audit_key_verify(key, wbuf_view(&w), view_of(signature->b, sizeof signature->b));
}

bool audit_key_eq(const struct audit_key *a, const struct audit_key *b)
{
	return view_eq(view_of(a->b, sizeof a->b), view_of(b->b, sizeof b->b));
}

void audit_key_put_id(struct wbuf *w, const struct audit_key *key)
{
	wbuf_hex(w, view_of(key->b, AUDIT_KEY_ID / 2));
}

static void key_put_base64(struct wbuf *w, struct view v)
{
	uint8_t text[4 * AUDIT_SIGNATURE];
	int n = 0;

	INVARIANT(v.n <= AUDIT_SIGNATURE);
	n = EVP_EncodeBlock(text, v.p, (int)v.n);
	wbuf_put(w, text, (size_t)n);
}

/* Exactly n bytes; the text must be the one that encoding them gives. */
static enum err key_get_base64(struct view text, uint8_t *ret, size_t n)
{
	uint8_t bytes[2 * AUDIT_SIGNATURE], again[4 * AUDIT_SIGNATURE];
	struct wbuf w = wbuf_of(again, sizeof again), out = wbuf_of(ret, n);

	INVARIANT(n <= AUDIT_SIGNATURE);
	if (text.n != (n + 2) / 3 * 4 || EVP_DecodeBlock(bytes, text.p, (int)text.n) < (int)n)
		return E_PROTO;
	key_put_base64(&w, view_of(bytes, n));
	if (!view_eq(wbuf_view(&w), text))
		return E_PROTO;
	wbuf_put(&out, bytes, n);
	return E_OK;
}

void audit_key_put_pem(struct wbuf *w, const struct audit_key *key)
{
	uint8_t der[KEY_DER];
	struct wbuf d = wbuf_of(der, sizeof der);

	wbuf_put(&d, key_prefix, sizeof key_prefix);
	wbuf_put(&d, key->b, sizeof key->b);
	wbuf_str(w, key_begin);
	key_put_base64(w, wbuf_view(&d));
	wbuf_str(w, key_end);
}

enum err audit_key_get_pem(struct view pem, struct audit_key *ret)
{
	uint8_t der[KEY_DER];
	struct view body = view_slice(pem, sizeof key_begin - 1, KEY_BASE64);
	struct view end = view_slice(pem, sizeof key_begin - 1 + KEY_BASE64, pem.n);
	struct wbuf out = wbuf_of(ret->b, sizeof ret->b);

	if (!view_starts(pem, view_str(key_begin)) || !view_eq(end, view_str(key_end)))
		return E_PROTO;
	TRY(key_get_base64(body, der, sizeof der));
	if (!view_starts(view_of(der, sizeof der), view_of(key_prefix, sizeof key_prefix)))
		return E_PROTO;
	wbuf_put(&out, der + sizeof key_prefix, AUDIT_KEY);
	return E_OK;
}

void audit_key_put_signature(struct wbuf *w, const struct audit_key_signature *s)
{
	key_put_base64(w, view_of(s->b, sizeof s->b));
}

enum err audit_key_get_signature(struct view text, struct audit_key_signature *ret)
{
	struct audit_key_signature s = { 0 };

	TRY(key_get_base64(text, s.b, sizeof s.b));
	*ret = s;
	return E_OK;
}
