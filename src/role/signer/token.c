/* Tokens and their key. Nothing is signed but what claims.c has composed. */
#include "role/signer/token.h"

#include "base/base64url.h"
#include "role/signer/claims.h"
#include "role/signer/key_store.h"
#include "sys/secret.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

enum {
	TOKEN_HASH = 32,
	TOKEN_ID = 16,	     /* jti: 128 random bits (RFC 7519 §4.1.7) */
	TOKEN_SESSION = 16,  /* bytes of the session's hash that applications see */
	TOKEN_DER_MAX = 80,  /* ECDSA signature of P-256 */
	TOKEN_TEXT_MAX = 24, /* of TOKEN_ID and TOKEN_SESSION in base64url */
	TOKEN_COORDINATE_TEXT = 43
};

static const struct key_store_kind token_kind = {
	.name = "token.key",
	.new_name = "token.new",
	.algorithm = "EC",
	.group = SN_X9_62_prime256v1,
	.why_unread = "token.key in the key directory can't be read",
	.why_open = "token.key in the key directory is open to other users: chmod 0600",
	.why_none = "token.key in the key directory is not a P-256 key in PEM form",
	.why_unmade = "token.key can't be made in the key directory",
};

static const struct key_store_kind token_old_kind = {
	.name = "token.old.key",
	.new_name = "token.new",
	.algorithm = "EC",
	.group = SN_X9_62_prime256v1,
	.why_unread = "token.old.key in the key directory can't be read",
	.why_open = "token.old.key in the key directory is open to other users: chmod 0600",
	.why_none = "token.old.key in the key directory is not a P-256 key in PEM form",
	.why_unmade = "",
};

size_t token_memory(const struct image *im)
{
	size_t n = im->header->gateway.origin.n + _Alignof(struct token_app);

	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++)
		n += sizeof(struct token_app) + image_app_at(im, i)->audience.n;
	return n;
}

static enum err token_keep(struct arena *a, struct view v, struct view *ret)
{
	uint8_t *p = ARENA_NEW(a, uint8_t, v.n ? v.n : 1);
	struct wbuf w = wbuf_of(p, v.n);

	if (!p)
		return E_NOMEM;
	wbuf_view_put(&w, v);
	*ret = wbuf_view(&w);
	return E_OK;
}

static enum err token_load_apps(struct token *t, const struct image *im, struct arena *a)
{
	uint32_t n = (uint32_t)image_count(im, IMAGE_APP);

	TRY(token_keep(a, image_view(im, im->header->gateway.origin), &t->issuer));
	t->apps = ARENA_NEW(a, struct token_app, n ? n : 1);
	if (!t->apps)
		return E_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct image_app *app = image_app_at(im, i);
		struct token_app *to = &t->apps[t->app_n];

		if (!app->wants_jwt)
			continue;
		to->id = app->id;
		TRY(token_keep(a, image_view(im, app->audience), &to->audience));
		t->app_n++;
	}
	return E_OK;
}

static enum err token_coordinate(const EVP_PKEY *pkey, const char *name, uint8_t *ret)
{
	BIGNUM *x = NULL;
	bool is_good = EVP_PKEY_get_bn_param(pkey, name, &x) == 1 &&
		       BN_bn2binpad(x, ret, TOKEN_COORDINATE) == TOKEN_COORDINATE;

	BN_free(x);
	return is_good ? E_OK : E_DENIED;
}

static void token_put_point(struct wbuf *w, const struct token_key *k)
{
	WBUF_LIT(w, ",\"x\":\"");
	base64url_put(w, view_of(k->x, sizeof k->x));
	WBUF_LIT(w, "\",\"y\":\"");
	base64url_put(w, view_of(k->y, sizeof k->y));
	WBUF_LIT(w, "\"");
}

/* RFC 7638 §3: SHA-256 over the members that it needs, in order of their names. */
static enum err token_thumbprint(struct token_key *k, OSSL_LIB_CTX *libctx)
{
	uint8_t room[256], hash[TOKEN_HASH];
	struct wbuf w = wbuf_of(room, sizeof room), kid = wbuf_of(k->kid, sizeof k->kid);
	size_t n = 0;

	WBUF_LIT(&w, "{\"crv\":\"P-256\",\"kty\":\"EC\"");
	token_put_point(&w, k);
	WBUF_LIT(&w, "}");
	TRY(wbuf_check(&w));
	if (EVP_Q_digest(libctx, "SHA256", NULL, w.p, w.n, hash, &n) != 1 || n != sizeof hash)
		return E_SYS;
	base64url_put(&kid, view_of(hash, sizeof hash));
	return wbuf_check(&kid);
}

static enum err token_describe(struct token_key *k, OSSL_LIB_CTX *libctx)
{
	TRY(token_coordinate(k->pkey, OSSL_PKEY_PARAM_EC_PUB_X, k->x));
	TRY(token_coordinate(k->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, k->y));
	return token_thumbprint(k, libctx);
}

/* The key before this one: its public half alone is wanted, for as long as somebody may have
 * fetched the set before. */
static enum err token_open_old(struct token *t, OSSL_LIB_CTX *libctx, int dir_fd,
			       const char **ret_why)
{
	enum err e = key_store_read(&token_old_kind, libctx, dir_fd, &t->old.pkey, ret_why);

	if (e == E_AGAIN)
		return E_OK;
	TRY(e);
	t->old_until_s = key_store_made_s(&token_kind, dir_fd) + TOKEN_OLD_S;
	return token_describe(&t->old, libctx);
}

static enum err token_open_key(struct token *t, OSSL_LIB_CTX *libctx, int dir_fd,
			       const char **ret_why)
{
	TRY(key_store_open(&token_kind, libctx, dir_fd, &t->key.pkey, ret_why));
	TRY(token_describe(&t->key, libctx));
	TRY(token_open_old(t, libctx, dir_fd, ret_why));
	*ret_why = "OpenSSL can't sign with token.key of the key directory";
	t->ctx = EVP_MD_CTX_new();
	if (!t->ctx ||
	    EVP_DigestSignInit_ex(t->ctx, NULL, "SHA256", libctx, NULL, t->key.pkey, NULL) != 1)
		return E_NOMEM;
	return E_OK;
}

enum err token_open(struct token *t, OSSL_LIB_CTX *libctx, int dir_fd, const struct image *im,
		    struct arena *a, const char **ret_why)
{
	enum err e = E_OK;

	if (!im->header->gateway.host.n)
		return E_OK;
	t->libctx = libctx;
	*ret_why = "no memory for the applications";
	TRY(token_load_apps(t, im, a));
	e = token_open_key(t, libctx, dir_fd, ret_why);
	ERR_clear_error();
	return e;
}

void token_done(struct token *t)
{
	EVP_MD_CTX_free(t->ctx);
	EVP_PKEY_free(t->key.pkey);
	EVP_PKEY_free(t->old.pkey);
	*t = (struct token){ 0 };
}

/* RFC 7515 §4.1: what the signature is, and whose */
static void token_put_head(struct wbuf *w, const struct token *t)
{
	uint8_t room[160];
	struct wbuf head = wbuf_of(room, sizeof room);

	WBUF_LIT(&head, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"");
	wbuf_put(&head, t->key.kid, sizeof t->key.kid);
	WBUF_LIT(&head, "\"}");
	w->bad |= head.bad;
	base64url_put(w, wbuf_view(&head));
}

/* RFC 7518 §3.4: both numbers of the signature, 32 bytes each */
static enum err token_put_signature(struct wbuf *w, struct token *t)
{
	uint8_t der[TOKEN_DER_MAX], raw[2 * TOKEN_COORDINATE];
	const uint8_t *at = der;
	size_t n = sizeof der;
	ECDSA_SIG *s = NULL;
	bool is_good = false;

	if (EVP_DigestSignInit_ex(t->ctx, NULL, NULL, NULL, NULL, NULL, NULL) == 1 &&
	    EVP_DigestSign(t->ctx, der, &n, w->p, w->n) == 1)
		s = d2i_ECDSA_SIG(NULL, &at, (long)n);
	is_good = s && BN_bn2binpad(ECDSA_SIG_get0_r(s), raw, TOKEN_COORDINATE) > 0 &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(s), raw + TOKEN_COORDINATE, TOKEN_COORDINATE) > 0;
	ECDSA_SIG_free(s);
	if (!is_good) {
		ERR_clear_error();
		return E_SYS;
	}
	WBUF_LIT(w, ".");
	base64url_put(w, view_of(raw, sizeof raw));
	return wbuf_check(w);
}

static const struct token_app *token_app(const struct token *t, uint64_t id)
{
	for (uint32_t i = 0; i < t->app_n; i++)
		if (t->apps[i].id == id)
			return &t->apps[i];
	return NULL;
}

/* What applications may know a session by: not the hash that the store knows it by. */
static enum err token_put_session(struct wbuf *w, const struct token *t,
				  const struct hash32 *session)
{
	uint8_t room[64], hash[TOKEN_HASH];
	struct wbuf text = wbuf_of(room, sizeof room);
	size_t n = 0;

	if (hash32_is_zero(session))
		return E_DENIED;
	WBUF_LIT(&text, "sluis sid");
	wbuf_put(&text, session->b, sizeof session->b);
	if (EVP_Q_digest(t->libctx, "SHA256", NULL, text.p, text.n, hash, &n) != 1)
		return E_SYS;
	base64url_put(w, view_of(hash, TOKEN_SESSION));
	return wbuf_check(w);
}

static enum err token_put_claims(struct wbuf *w, const struct token *t, const struct token_app *app,
				 const struct authority_token *ask, struct claims *c,
				 const char **ret_why)
{
	uint8_t random[TOKEN_ID], id[TOKEN_TEXT_MAX], sid[TOKEN_TEXT_MAX], room[GATE_JWT_MAX];
	struct wbuf i = wbuf_of(id, sizeof id), s = wbuf_of(sid, sizeof sid);
	struct wbuf json = wbuf_of(room, sizeof room);

	*ret_why = "an assertion is of no session";
	TRY(token_put_session(&s, t, &ask->session));
	secret_random(random, sizeof random);
	base64url_put(&i, view_of(random, sizeof random));
	c->issuer = t->issuer;
	c->audience = app->audience;
	c->user = ask->user;
	c->title = ask->title;
	c->groups = ask->groups;
	c->factors = ask->factors;
	c->auth_s = ask->auth_s;
	c->id = wbuf_view(&i);
	c->session = wbuf_view(&s);
	TRY(claims_put(&json, c, ret_why));
	base64url_put(w, wbuf_view(&json));
	return wbuf_check(w);
}

enum err token_make(struct token *t, const struct authority_token *ask, uint64_t now_s,
		    struct wbuf *ret, const char **ret_why)
{
	const struct token_app *app = token_app(t, ask->app);
	struct claims c = { .now_s = now_s, .lifetime_s = TOKEN_LIFETIME_S };

	*ret_why = "an assertion is for no application";
	if (!app || !t->key.pkey)
		return E_DENIED;
	token_put_head(ret, t);
	WBUF_LIT(ret, ".");
	TRY(token_put_claims(ret, t, app, ask, &c, ret_why));
	*ret_why = "an assertion is too long, or OpenSSL failed";
	return token_put_signature(ret, t);
}

static void token_put_key(struct wbuf *w, const struct token_key *k)
{
	WBUF_LIT(w, "{\"kty\":\"EC\",\"crv\":\"P-256\"");
	token_put_point(w, k);
	WBUF_LIT(w, ",\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":\"");
	wbuf_put(w, k->kid, sizeof k->kid);
	WBUF_LIT(w, "\"}");
}

enum err token_keys(const struct token *t, uint64_t now_s, struct wbuf *ret)
{
	if (!t->key.pkey)
		return E_DENIED;
	WBUF_LIT(ret, "{\"keys\":[");
	token_put_key(ret, &t->key);
	if (t->old.pkey && now_s < t->old_until_s) {
		WBUF_LIT(ret, ",");
		token_put_key(ret, &t->old);
	}
	WBUF_LIT(ret, "]}");
	return wbuf_check(ret);
}
