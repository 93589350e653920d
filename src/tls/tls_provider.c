/*
 * Provider "sluis": its birth, and its signatures. Runs in the edge.
 *
 * A signature is one question to the signer: certificate, TLS scheme, the message as libssl made
 * it. What scheme it is follows from the kind of key and what libssl set (digest, padding); what
 * has no TLS scheme is refused here already, and by the signer again.
 */
#include "tls/tls_provider.h"

#include "tls/tls_provider_key.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>

#define FUNCTION(id, fn)                                                                           \
	{                                                                                          \
		(id), (void (*)(void))(fn)                                                         \
	}

struct tls_provider_signature {
	struct tls_provider *provider;
	const struct tls_provider_key *key; /* kept alive by libcrypto */
	uint16_t hash_bits;		    /* 0: none */
	bool is_pss;
};

static void *tls_provider_sign_new(void *provider, const char *propq)
{
	struct tls_provider_signature *s = OPENSSL_zalloc(sizeof *s);

	(void)propq;
	if (s)
		s->provider = provider;
	return s;
}

static void tls_provider_sign_free(void *signature)
{
	OPENSSL_free(signature);
}

static uint16_t tls_provider_hash_bits(const char *name)
{
	static const struct {
		const char *name;
		uint16_t bits;
	} names[] = {
		{ "SHA2-256", 256 }, { "SHA2-384", 384 }, { "SHA2-512", 512 },
		{ "SHA256", 256 },   { "SHA384", 384 },	  { "SHA512", 512 },
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (view_ieq(view_str(name), view_str(names[i].name)))
			return names[i].bits;
	return 0;
}

/* RFC 8446 §4.2.3; 0: no such scheme for this key. */
static uint16_t tls_provider_scheme(const struct tls_provider_signature *s)
{
	static const struct {
		uint8_t kind;
		bool is_pss;
		uint16_t hash_bits, scheme;
	} rows[] = {
		{ TLS_PROVIDER_EC, false, 256, 0x0403 },
		{ TLS_PROVIDER_EC, false, 384, 0x0503 },
		{ TLS_PROVIDER_RSA, true, 256, 0x0804 },
		{ TLS_PROVIDER_RSA, true, 384, 0x0805 },
		{ TLS_PROVIDER_RSA, true, 512, 0x0806 },
		{ TLS_PROVIDER_RSA, false, 256, 0x0401 },
		{ TLS_PROVIDER_RSA, false, 384, 0x0501 },
		{ TLS_PROVIDER_RSA, false, 512, 0x0601 },
		{ TLS_PROVIDER_ED25519, false, 0, 0x0807 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].kind == s->key->kind && rows[i].is_pss == s->is_pss &&
		    rows[i].hash_bits == s->hash_bits)
			return rows[i].scheme;
	return 0;
}

static int tls_provider_sign_set(void *signature, const OSSL_PARAM params[])
{
	struct tls_provider_signature *s = signature;
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	int mode = 0;

	if (!p || s->key->kind != TLS_PROVIDER_RSA)
		return 1;
	if (p->data_type == OSSL_PARAM_UTF8_STRING)
		s->is_pss = view_eq(view_str(p->data), VIEW(OSSL_PKEY_RSA_PAD_MODE_PSS));
	else if (OSSL_PARAM_get_int(p, &mode))
		s->is_pss = mode == RSA_PKCS1_PSS_PADDING;
	else
		return 0;
	return 1;
}

/* The salt's length and MGF1's digest are what TLS says they are, whatever is set here: the
 * signer decides them from the scheme (RFC 8446 §4.2.3). */
static const OSSL_PARAM *tls_provider_sign_settable(void *signature, void *provider)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0), OSSL_PARAM_END
	};

	(void)signature;
	(void)provider;
	return types;
}

static int tls_provider_sign_init(void *signature, const char *digest, void *key,
				  const OSSL_PARAM params[])
{
	struct tls_provider_signature *s = signature;

	if (key)
		s->key = key;
	if (!s->key || !s->key->has_private)
		return 0;
	s->hash_bits = digest ? tls_provider_hash_bits(digest) : 0;
	s->is_pss = false;
	if (s->key->kind != TLS_PROVIDER_ED25519 && s->hash_bits == 0)
		return 0;
	if (s->key->kind == TLS_PROVIDER_ED25519 && digest && digest[0])
		return 0;
	if (s->key->kind == TLS_PROVIDER_EC && s->hash_bits == 512)
		return 0;
	return tls_provider_sign_set(signature, params);
}

static int tls_provider_sign_once(void *signature, unsigned char *sig, size_t *sig_n,
				  size_t sig_cap, const unsigned char *message, size_t n)
{
	struct tls_provider_signature *s = signature;
	struct tls_conn *conn = s->provider->running;
	struct wbuf w = wbuf_of(sig, sig_cap);
	uint16_t scheme = tls_provider_scheme(s);

	if (!sig) {
		*sig_n = s->key->signature_max;
		return 1;
	}
	if (!conn || scheme == 0 ||
	    tls_signer_client_ask(s->provider->signer, conn, &s->key->key, scheme,
				  view_of(message, n), &w) != E_OK)
		return 0;
	*sig_n = w.n;
	return w.n != 0;
}

static const OSSL_ALGORITHM *tls_provider_sign_table(void)
{
	static const OSSL_DISPATCH functions[] = {
		FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, tls_provider_sign_new),
		FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, tls_provider_sign_free),
		FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, tls_provider_sign_init),
		FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, tls_provider_sign_once),
		FUNCTION(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, tls_provider_sign_set),
		FUNCTION(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, tls_provider_sign_settable),
		{ 0, NULL }
	};
	static const OSSL_ALGORITHM table[] = {
		{ "SLUIS-ECDSA", "provider=sluis", functions, NULL },
		{ "SLUIS-RSA", "provider=sluis", functions, NULL },
		{ "SLUIS-EDDSA", "provider=sluis", functions, NULL },
		{ NULL, NULL, NULL, NULL }
	};

	return table;
}

static const OSSL_ALGORITHM *tls_provider_query(void *provider, int operation, int *ret_no_cache)
{
	(void)provider;
	*ret_no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return tls_provider_key_table();
	return operation == OSSL_OP_SIGNATURE ? tls_provider_sign_table() : NULL;
}

static void tls_provider_teardown(void *provider)
{
	OPENSSL_free(provider);
}

int tls_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
		      const OSSL_DISPATCH **ret_out, void **ret_ctx)
{
	static const OSSL_DISPATCH functions[] = {
		FUNCTION(OSSL_FUNC_PROVIDER_TEARDOWN, tls_provider_teardown),
		FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, tls_provider_query),
		{ 0, NULL }
	};
	struct tls_provider *p = OPENSSL_zalloc(sizeof *p);

	(void)handle;
	(void)in;
	if (!p)
		return 0;
	*ret_ctx = p;
	*ret_out = functions;
	return 1;
}
