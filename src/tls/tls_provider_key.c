/*
 * Keys of provider "sluis": import, comparison and description of a public half. Runs in the edge.
 *
 * libssl compares a certificate's key with its private key by exporting the former into the
 * latter's provider: so an import without our own two numbers is a public key only.
 *
 * OSSL_DISPATCH wants every function as void (*)(void): the casts below are its interface, and the
 * only casts of function pointers in the tree. libcrypto casts them back to these exact types.
 */
#include "tls/tls_provider_key.h"

#include <openssl/bn.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#define PARAM_GENERATION  "sluis-generation"
#define PARAM_CERTIFICATE "sluis-certificate"
#define FUNCTION(id, fn)                                                                           \
	{                                                                                          \
		(id), (void (*)(void))(fn)                                                         \
	}

enum { ED25519_BYTES = 32, EC_SECURITY_256 = 128, EC_SECURITY_384 = 192 };

static void *tls_provider_key_new(void *provider, enum tls_provider_kind kind)
{
	struct tls_provider_key *k = OPENSSL_zalloc(sizeof *k);

	if (k) {
		k->provider = provider;
		k->kind = (uint8_t)kind;
		k->public_half = wbuf_of(k->room, sizeof k->room);
	}
	return k;
}

static void *tls_provider_key_new_ec(void *provider)
{
	return tls_provider_key_new(provider, TLS_PROVIDER_EC);
}

static void *tls_provider_key_new_rsa(void *provider)
{
	return tls_provider_key_new(provider, TLS_PROVIDER_RSA);
}

static void *tls_provider_key_new_ed25519(void *provider)
{
	return tls_provider_key_new(provider, TLS_PROVIDER_ED25519);
}

static void tls_provider_key_free(void *key)
{
	OPENSSL_free(key);
}

static int tls_provider_key_has(const void *key, int selection)
{
	const struct tls_provider_key *k = key;

	if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) && !k->has_private)
		return 0;
	return k->public_half.n != 0;
}

static int tls_provider_key_match(const void *a, const void *b, int selection)
{
	const struct tls_provider_key *ka = a, *kb = b;

	(void)selection; /* the public half decides about everything */
	return ka->kind == kb->kind && view_eq(view_str(ka->group), view_str(kb->group)) &&
	       ka->public_half.n != 0 &&
	       view_eq(wbuf_view(&ka->public_half), wbuf_view(&kb->public_half));
}

static bool tls_provider_key_import_ec(struct tls_provider_key *k, const OSSL_PARAM params[])
{
	const OSSL_PARAM *group = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
	const OSSL_PARAM *point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
	char *name = k->group;
	bool is_256 = false, is_384 = false;

	if (!group || !point || point->data_type != OSSL_PARAM_OCTET_STRING ||
	    !OSSL_PARAM_get_utf8_string(group, &name, sizeof k->group))
		return false;
	is_256 = view_eq(view_str(k->group), VIEW(SN_X9_62_prime256v1));
	is_384 = view_eq(view_str(k->group), VIEW(SN_secp384r1));
	if (!is_256 && !is_384)
		return false;
	wbuf_put(&k->public_half, point->data, point->data_size);
	k->bits = is_256 ? 256 : 384;
	k->security_bits = is_256 ? EC_SECURITY_256 : EC_SECURITY_384;
	/* DER: SEQUENCE of two INTEGERs, each with a zero byte in front at worst */
	k->signature_max = is_256 ? 2 + 2 * (2 + 33) : 2 + 2 * (2 + 49);
	return true;
}

/* One number of an RSA key in canonical form: length and big-endian bytes. */
static bool tls_provider_key_put_number(struct tls_provider_key *k, const OSSL_PARAM *p,
					int *ret_bits)
{
	uint8_t bytes[TLS_PROVIDER_PUBLIC_MAX / 2];
	BIGNUM *n = NULL;
	int size = 0;

	if (!p || !OSSL_PARAM_get_BN(p, &n))
		return false;
	*ret_bits = BN_num_bits(n);
	size = BN_num_bytes(n);
	if (size > 0 && (size_t)size <= sizeof bytes && BN_bn2bin(n, bytes) == size)
		wbuf_str16(&k->public_half, view_of(bytes, (size_t)size));
	else
		k->public_half.bad = true;
	BN_free(n);
	return !k->public_half.bad;
}

static bool tls_provider_key_import_rsa(struct tls_provider_key *k, const OSSL_PARAM params[])
{
	int bits = 0, exponent_bits = 0;

	if (!tls_provider_key_put_number(k, OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_N),
					 &bits) ||
	    !tls_provider_key_put_number(k, OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_E),
					 &exponent_bits))
		return false;
	k->bits = (uint16_t)bits;
	k->security_bits = (uint16_t)BN_security_bits(bits, -1);
	k->signature_max = (uint16_t)((bits + 7) / 8);
	return true;
}

static bool tls_provider_key_import_ed25519(struct tls_provider_key *k, const OSSL_PARAM params[])
{
	const OSSL_PARAM *point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);

	if (!point || point->data_type != OSSL_PARAM_OCTET_STRING ||
	    point->data_size != ED25519_BYTES)
		return false;
	wbuf_put(&k->public_half, point->data, point->data_size);
	k->bits = 256;
	k->security_bits = EC_SECURITY_256;
	k->signature_max = 2 * ED25519_BYTES;
	return true;
}

static int tls_provider_key_import(void *key, int selection, const OSSL_PARAM params[])
{
	struct tls_provider_key *k = key;
	const OSSL_PARAM *generation = OSSL_PARAM_locate_const(params, PARAM_GENERATION);
	const OSSL_PARAM *certificate = OSSL_PARAM_locate_const(params, PARAM_CERTIFICATE);
	bool is_fine = false;

	(void)selection;
	if (k->public_half.n)
		return 0;
	if (k->kind == TLS_PROVIDER_EC)
		is_fine = tls_provider_key_import_ec(k, params);
	else if (k->kind == TLS_PROVIDER_RSA)
		is_fine = tls_provider_key_import_rsa(k, params);
	else
		is_fine = tls_provider_key_import_ed25519(k, params);
	if (!is_fine || k->public_half.bad)
		return 0;
	k->has_private = generation && certificate &&
			 OSSL_PARAM_get_uint32(generation, &k->key.generation) &&
			 OSSL_PARAM_get_uint32(certificate, &k->key.certificate);
	return 1;
}

static const OSSL_PARAM *tls_provider_key_import_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_uint32(PARAM_GENERATION, NULL),
		OSSL_PARAM_uint32(PARAM_CERTIFICATE, NULL),
		OSSL_PARAM_END
	};

	return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) ? types : NULL;
}

static int tls_provider_key_get_params(void *key, OSSL_PARAM params[])
{
	const struct tls_provider_key *k = key;
	OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_BITS);

	if (p && !OSSL_PARAM_set_int(p, k->bits))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_SECURITY_BITS);
	if (p && !OSSL_PARAM_set_int(p, k->security_bits))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_MAX_SIZE);
	if (p && !OSSL_PARAM_set_int(p, k->signature_max))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_GROUP_NAME);
	if (p && k->kind == TLS_PROVIDER_EC && !OSSL_PARAM_set_utf8_string(p, k->group))
		return 0;
	/* RFC 8032: Ed25519 has no digest beside it */
	p = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_MANDATORY_DIGEST);
	if (p && k->kind == TLS_PROVIDER_ED25519 && !OSSL_PARAM_set_utf8_string(p, ""))
		return 0;
	return 1;
}

static const OSSL_PARAM *tls_provider_key_gettable(void *provider)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
		OSSL_PARAM_END
	};

	(void)provider;
	return types;
}

/* Names of our own, so that libcrypto finds our signatures at the first look. */
static const char *tls_provider_key_operation_ec(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "SLUIS-ECDSA" : NULL;
}

static const char *tls_provider_key_operation_rsa(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "SLUIS-RSA" : NULL;
}

static const char *tls_provider_key_operation_ed25519(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "SLUIS-EDDSA" : NULL;
}

#define KEY_FUNCTIONS(kind)                                                                        \
	FUNCTION(OSSL_FUNC_KEYMGMT_NEW, tls_provider_key_new_##kind),                              \
		FUNCTION(OSSL_FUNC_KEYMGMT_FREE, tls_provider_key_free),                           \
		FUNCTION(OSSL_FUNC_KEYMGMT_HAS, tls_provider_key_has),                             \
		FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, tls_provider_key_match),                         \
		FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, tls_provider_key_import),                       \
		FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, tls_provider_key_import_types),           \
		FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, tls_provider_key_get_params),               \
		FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, tls_provider_key_gettable),            \
		FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME,                                   \
			 tls_provider_key_operation_##kind),                                       \
	{                                                                                          \
		0, NULL                                                                            \
	}

const OSSL_ALGORITHM *tls_provider_key_table(void)
{
	static const OSSL_DISPATCH ec[] = { KEY_FUNCTIONS(ec) };
	static const OSSL_DISPATCH rsa[] = { KEY_FUNCTIONS(rsa) };
	static const OSSL_DISPATCH ed25519[] = { KEY_FUNCTIONS(ed25519) };
	/* the names libssl tells key types by */
	static const OSSL_ALGORITHM table[] = {
		{ "EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=sluis", ec, NULL },
		{ "RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=sluis", rsa, NULL },
		{ "ED25519:1.3.101.112", "provider=sluis", ed25519, NULL },
		{ NULL, NULL, NULL, NULL }
	};

	return table;
}

/* The parameters of the public half, and our two numbers. */
static OSSL_PARAM *tls_provider_key_params(EVP_PKEY *public_half, const struct tls_signer_key *key)
{
	uint32_t generation = key->generation, certificate = key->certificate;
	OSSL_PARAM ours[] = { OSSL_PARAM_uint32(PARAM_GENERATION, &generation),
			      OSSL_PARAM_uint32(PARAM_CERTIFICATE, &certificate), OSSL_PARAM_END };
	OSSL_PARAM *theirs = NULL, *merged = NULL, *ret = NULL;

	if (EVP_PKEY_todata(public_half, EVP_PKEY_PUBLIC_KEY, &theirs) != 1)
		return NULL;
	merged = OSSL_PARAM_merge(theirs, ours);
	ret = merged ? OSSL_PARAM_dup(merged) : NULL;
	OSSL_PARAM_free(merged);
	OSSL_PARAM_free(theirs);
	return ret;
}

EVP_PKEY *tls_provider_key(OSSL_LIB_CTX *libctx, EVP_PKEY *public_half,
			   const struct tls_signer_key *key)
{
	const char *name = EVP_PKEY_get0_type_name(public_half);
	OSSL_PARAM *params = tls_provider_key_params(public_half, key);
	EVP_PKEY_CTX *ctx =
		name && params ? EVP_PKEY_CTX_new_from_name(libctx, name, "provider=sluis") : NULL;
	EVP_PKEY *ret = NULL;

	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &ret, EVP_PKEY_KEYPAIR, params) != 1)
		ret = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return ret;
}
