/*
 * What the signer signs for TLS, and with what. The edge is expected to be taken over (A20): who
 * asks gets a signature over a TLS 1.3 CertificateVerify or a TLS 1.2 ServerKeyExchange and over
 * nothing else, under the scheme that belongs to the key.
 *
 * Each key has one OpenSSL context per scheme that fits it, set up once: signing allocates nothing
 * of ours and looks no algorithm up.
 */
#include "role/signer/keys.h"

#include "proto/tls_signed.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

enum {
	KEYS_ANY = 1 << TLS_SIGNED_13_SERVER | 1 << TLS_SIGNED_13_CLIENT |
		   1 << TLS_SIGNED_12_KEY_EXCHANGE,
	KEYS_OLD = 1 << TLS_SIGNED_12_KEY_EXCHANGE, /* TLS 1.2 alone */
	KEYS_RSA_MIN = 2048,
	KEYS_HEAP_BASE = 3 * 1024 * 1024, /* OpenSSL itself, and KEYS_CONTEXTS */
	KEYS_SECURE_BASE = 128 * 1024,
	KEYS_CONTEXTS = 512 /* kept ready; a key whose turn comes seldom gets its own anew */
};

/* Bytes that a key needs, with what signing leaves behind in it; measured, with a little to spare:
 * 2,000 P-256 keys, all used, take 5.9 MB of the heap and 64 KB beside it. */
static const struct {
	uint16_t heap, secure;
} keys_needs[] = {
	[IMAGE_KEY_RSA] = { 13 * 1024, 8 * 1024 },
	[IMAGE_KEY_P256] = { 2304, 96 },
	[IMAGE_KEY_P384] = { 2560, 128 },
	[IMAGE_KEY_ED25519] = { 1536, 96 },
};

struct keys_scheme {
	uint16_t scheme;
	uint8_t type;  /* enum image_key_type */
	uint8_t kinds; /* bits 1 << enum tls_signed_kind */
	bool is_pss;
	const char *digest; /* NULL: the algorithm has its own */
};

/*
 * RFC 8446 §4.2.3. In TLS 1.3 an ECDSA scheme names the curve; in TLS 1.2 the same numbers mean
 * hash and algorithm, for either curve (RFC 5246 §7.4.1.4.1), and only there RSASSA-PKCS1-v1_5
 * may sign.
 */
static const struct keys_scheme keys_schemes[] = {
	{ 0x0403, IMAGE_KEY_P256, KEYS_ANY, false, "SHA256" },
	{ 0x0503, IMAGE_KEY_P256, KEYS_OLD, false, "SHA384" },
	{ 0x0403, IMAGE_KEY_P384, KEYS_OLD, false, "SHA256" },
	{ 0x0503, IMAGE_KEY_P384, KEYS_ANY, false, "SHA384" },
	{ 0x0804, IMAGE_KEY_RSA, KEYS_ANY, true, "SHA256" },
	{ 0x0805, IMAGE_KEY_RSA, KEYS_ANY, true, "SHA384" },
	{ 0x0806, IMAGE_KEY_RSA, KEYS_ANY, true, "SHA512" },
	{ 0x0401, IMAGE_KEY_RSA, KEYS_OLD, false, "SHA256" },
	{ 0x0501, IMAGE_KEY_RSA, KEYS_OLD, false, "SHA384" },
	{ 0x0601, IMAGE_KEY_RSA, KEYS_OLD, false, "SHA512" },
	{ 0x0807, IMAGE_KEY_ED25519, KEYS_ANY, false, NULL },
};
_Static_assert(sizeof keys_schemes / sizeof keys_schemes[0] == KEYS_SCHEMES, "one context each");

/* RSASSA-PSS with a salt as long as the hash, MGF1 with the same hash: RFC 8446 §4.2.3. */
struct keys_padding {
	char mode[sizeof OSSL_PKEY_RSA_PAD_MODE_PSS],
		salt[sizeof OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST];
	OSSL_PARAM params[3];
};

/* What a scheme's context is set up with: p's room filled, or nothing. */
static const OSSL_PARAM *keys_params(const struct keys_scheme *s, struct keys_padding *p)
{
	if (!s->is_pss)
		return NULL;
	*p = (struct keys_padding){ OSSL_PKEY_RSA_PAD_MODE_PSS,
				    OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST,
				    { { 0 } } };
	p->params[0] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, p->mode, 0);
	p->params[1] =
		OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, p->salt, 0);
	p->params[2] = OSSL_PARAM_construct_end();
	return p->params;
}

size_t keys_memory(const struct image *im)
{
	size_t n = KEYS_HEAP_BASE;

	for (uint32_t i = 0; i < image_count(im, IMAGE_CERTIFICATE); i++)
		n += (size_t)keys_needs[image_certificate_at(im, i)->key_type].heap +
		     keys_needs[image_certificate_at(im, i)->key_type].secure;
	return n;
}

enum err keys_guard(const struct image *im, bool is_hidden)
{
	size_t secure = KEYS_SECURE_BASE, want = 0;

	if (is_hidden)
		return E_OK; /* which OpenSSL's own guarded memory would not be */
	for (uint32_t i = 0; i < image_count(im, IMAGE_CERTIFICATE); i++)
		want += keys_needs[image_certificate_at(im, i)->key_type].secure;
	while (secure < want)
		secure *= 2;
	return CRYPTO_secure_malloc_init(secure, 32) != 0 ? E_OK : E_NOMEM;
}

enum err keys_open(struct keys *k)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
		return E_NOMEM;
	k->libctx = OSSL_LIB_CTX_new();
	k->provider = k->libctx ? OSSL_PROVIDER_load(k->libctx, "default") : NULL;
	return k->provider ? E_OK : E_NOMEM;
}

/* The contexts of a key go; it can sign as before. */
static void keys_cool(struct keys *k, struct keys_key *key)
{
	for (size_t i = 0; i < KEYS_SCHEMES; i++) {
		k->context_n -= key->contexts[i] != NULL;
		EVP_MD_CTX_free(key->contexts[i]);
		key->contexts[i] = NULL;
	}
}

/* Room for one more context: those of the next keys in turn go, but not key's own. */
static void keys_make_room(struct keys *k, const struct keys_key *key)
{
	for (uint32_t i = 0; i < k->n && k->context_n >= KEYS_CONTEXTS; i++) {
		struct keys_key *next = &k->key[k->hand++ % k->n];

		if (next != key)
			keys_cool(k, next);
	}
}

static void keys_key_done(struct keys *k, struct keys_key *key)
{
	keys_cool(k, key);
	EVP_PKEY_free(key->pkey);
	*key = (struct keys_key){ 0 };
}

void keys_done(struct keys *k)
{
	for (uint32_t i = 0; i < k->n; i++)
		keys_key_done(k, &k->key[i]);
	if (k->provider)
		(void)OSSL_PROVIDER_unload(k->provider);
	OSSL_LIB_CTX_free(k->libctx);
	*k = (struct keys){ 0 };
}

/* 0 and why: not a kind of key we use. */
static uint8_t keys_type(const EVP_PKEY *pkey, const char **ret_why)
{
	char group[32] = { 0 };
	size_t n = 0;

	if (EVP_PKEY_is_a(pkey, "ED25519"))
		return IMAGE_KEY_ED25519;
	*ret_why = "RSA keys need at least 2048 bits";
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return EVP_PKEY_get_bits(pkey) >= KEYS_RSA_MIN ? IMAGE_KEY_RSA : 0;
	*ret_why = "its kind is none of RSA, P-256, P-384 and Ed25519";
	if (!EVP_PKEY_is_a(pkey, "EC") ||
	    EVP_PKEY_get_group_name(pkey, group, sizeof group, &n) != 1)
		return 0;
	if (view_eq(view_str(group), VIEW(SN_X9_62_prime256v1)))
		return IMAGE_KEY_P256;
	return view_eq(view_str(group), VIEW(SN_secp384r1)) ? IMAGE_KEY_P384 : 0;
}

static bool keys_is_half_of(struct keys *k, const EVP_PKEY *pkey, struct view spki)
{
	const unsigned char *at = spki.p;
	EVP_PKEY *half = d2i_PUBKEY_ex(NULL, &at, (long)spki.n, k->libctx, NULL);
	bool is_half = half && EVP_PKEY_eq(pkey, half) == 1;

	EVP_PKEY_free(half);
	return is_half;
}

/* The context of one scheme, which fits the key. */
static enum err keys_warm(struct keys *k, struct keys_key *key, size_t i)
{
	const struct keys_scheme *s = &keys_schemes[i];
	struct keys_padding padding = { 0 };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx || EVP_DigestSignInit_ex(ctx, NULL, s->digest, k->libctx, NULL, key->pkey,
					  keys_params(s, &padding)) != 1) {
		EVP_MD_CTX_free(ctx);
		return E_NOMEM;
	}
	/* else each signature would be made in a copy of the context */
	EVP_MD_CTX_set_flags(ctx, EVP_MD_CTX_FLAG_FINALISE);
	key->contexts[i] = ctx;
	k->context_n++;
	return E_OK;
}

/* Every context once, to see that OpenSSL can; they stay while there are few. */
static enum err keys_prepare(struct keys *k, struct keys_key *key)
{
	for (size_t i = 0; i < KEYS_SCHEMES; i++)
		if (keys_schemes[i].type == key->type)
			TRY(keys_warm(k, key, i));
	if (k->context_n > KEYS_CONTEXTS)
		keys_cool(k, key);
	return E_OK;
}

/* OpenSSL asks for a pass phrase: there is nobody who could give one. */
static int keys_on_pass_phrase(char *buf, int n, int is_writing, void *was_asked)
{
	(void)is_writing;
	if (n > 0)
		buf[0] = '\0';
	*(bool *)was_asked = true;
	return -1;
}

static EVP_PKEY *keys_read_pem(struct keys *k, struct view pem, const char **ret_why)
{
	bool is_encrypted = false;
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey_ex(bio, NULL, keys_on_pass_phrase,
							  &is_encrypted, k->libctx, NULL)
			     : NULL;

	*ret_why = is_encrypted ? "it is encrypted: decrypt it with 'openssl pkey', or keep it "
				  "in a file that only its owner can read"
				: "it holds no private key in PEM form (PKCS#8, SEC1 or PKCS#1)";
	ERR_clear_error();
	BIO_free(bio);
	return pkey;
}

enum err keys_parse(struct keys *k, struct view pem, struct view spki, struct keys_key *ret,
		    const char **ret_why)
{
	struct keys_key key = { .pkey = keys_read_pem(k, pem, ret_why) };

	if (!key.pkey)
		return E_DENIED;
	key.type = keys_type(key.pkey, ret_why);
	if (key.type && !keys_is_half_of(k, key.pkey, spki)) {
		*ret_why = "it is not the key of that certificate";
		key.type = 0;
	}
	if (key.type && keys_prepare(k, &key) != E_OK) {
		*ret_why = "OpenSSL can't sign with it";
		key.type = 0;
	}
	ERR_clear_error();
	if (!key.type) {
		keys_key_done(k, &key);
		return E_DENIED;
	}
	*ret = key;
	return E_OK;
}

/* Which certificate may sign what: a server's key never signs as a client, nor the reverse. */
static bool keys_may(const struct keys_key *key, const struct keys_ask *ask,
		     const struct tls_signed *what)
{
	bool is_client = what->kind == TLS_SIGNED_13_CLIENT;
	const uint64_t *own = NULL;

	if (is_client ? !key->is_client : !key->is_server)
		return false;
	if (!ask->scope)
		return true;
	own = is_client ? ask->scope->client : ask->scope->server;
	return own && own[ask->certificate / 64] >> (ask->certificate % 64) & 1;
}

static EVP_MD_CTX *keys_context(struct keys *k, struct keys_key *key, uint16_t scheme,
				unsigned kind, const struct keys_scheme **ret)
{
	for (size_t i = 0; i < KEYS_SCHEMES; i++) {
		const struct keys_scheme *s = *ret = &keys_schemes[i];

		if (s->scheme != scheme || s->type != key->type)
			continue;
		if (!(s->kinds & 1u << kind))
			return NULL;
		if (!key->contexts[i]) {
			keys_make_room(k, key);
			if (keys_warm(k, key, i) != E_OK)
				return NULL;
		}
		return key->contexts[i];
	}
	return NULL;
}

enum err keys_sign(struct keys *k, const struct keys_ask *ask, struct wbuf *signature,
		   const char **ret_why)
{
	const struct keys_scheme *scheme = NULL;
	struct keys_padding padding = { 0 };
	struct keys_key *key = NULL;
	struct tls_signed what = { 0 };
	EVP_MD_CTX *ctx = NULL;
	size_t n = wbuf_room(signature);

	*ret_why = "no such certificate";
	if (ask->certificate >= k->n)
		return E_DENIED;
	key = &k->key[ask->certificate];
	*ret_why = "not a message that TLS signs";
	if (tls_signed_parse(ask->message, &what) != E_OK)
		return E_DENIED;
	*ret_why = "the certificate is not for this side of a connection, or of another listener";
	if (!keys_may(key, ask, &what))
		return E_DENIED;
	*ret_why = "the scheme does not fit the key";
	ctx = keys_context(k, key, ask->scheme, what.kind, &scheme);
	if (!ctx)
		return E_DENIED;
	*ret_why = "OpenSSL failed";
	if (EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, NULL,
				  keys_params(scheme, &padding)) != 1 ||
	    EVP_DigestSign(ctx, signature->p + signature->n, &n, ask->message.p, /* hot */
			   ask->message.n) != 1) {
		ERR_clear_error();
		return E_SYS;
	}
	signature->n += n;
	return E_OK;
}
