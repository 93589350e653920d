/* One row per algorithm; the key is made, used and freed within one call. */
#include "role/verifier/cose.h"

#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/es384.h>
#include <fido/rs256.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

enum { COSE_RSA_EXPONENT = 65537 };

struct cose_row {
	int algorithm;
	size_t bytes;
	/* gives: a key, or NULL */
	void *(*make)(struct view bytes);
	EVP_PKEY *(*as_pkey)(const void *key);
	void (*free)(void *key);
};

static void *cose_es256(struct view v)
{
	es256_pk_t *k = es256_pk_new();

	if (k && es256_pk_from_ptr(k, v.p, v.n) != FIDO_OK)
		es256_pk_free(&k);
	return k;
}

static void *cose_es384(struct view v)
{
	es384_pk_t *k = es384_pk_new();

	if (k && es384_pk_from_ptr(k, v.p, v.n) != FIDO_OK)
		es384_pk_free(&k);
	return k;
}

static void *cose_rs256(struct view v)
{
	rs256_pk_t *k = rs256_pk_new();

	if (k && rs256_pk_from_ptr(k, v.p, v.n) != FIDO_OK)
		rs256_pk_free(&k);
	return k;
}

static void *cose_eddsa(struct view v)
{
	eddsa_pk_t *k = eddsa_pk_new();

	if (k && eddsa_pk_from_ptr(k, v.p, v.n) != FIDO_OK)
		eddsa_pk_free(&k);
	return k;
}

static EVP_PKEY *cose_es256_pkey(const void *key)
{
	return es256_pk_to_EVP_PKEY(key);
}

static EVP_PKEY *cose_es384_pkey(const void *key)
{
	return es384_pk_to_EVP_PKEY(key);
}

static EVP_PKEY *cose_rs256_pkey(const void *key)
{
	return rs256_pk_to_EVP_PKEY(key);
}

static EVP_PKEY *cose_eddsa_pkey(const void *key)
{
	return eddsa_pk_to_EVP_PKEY(key);
}

static void cose_es256_free(void *key)
{
	es256_pk_t *k = key;

	es256_pk_free(&k);
}

static void cose_es384_free(void *key)
{
	es384_pk_t *k = key;

	es384_pk_free(&k);
}

static void cose_rs256_free(void *key)
{
	rs256_pk_t *k = key;

	rs256_pk_free(&k);
}

static void cose_eddsa_free(void *key)
{
	eddsa_pk_t *k = key;

	eddsa_pk_free(&k);
}

static const struct cose_row cose_rows[] = {
	{ COSE_ES256, 64, cose_es256, cose_es256_pkey, cose_es256_free },
	{ COSE_ES384, 96, cose_es384, cose_es384_pkey, cose_es384_free },
	{ COSE_RS256, 256 + 3, cose_rs256, cose_rs256_pkey, cose_rs256_free },
	{ COSE_EDDSA, 32, cose_eddsa, cose_eddsa_pkey, cose_eddsa_free },
};

static const struct cose_row *cose_row(int algorithm)
{
	for (size_t i = 0; i < sizeof cose_rows / sizeof cose_rows[0]; i++)
		if (cose_rows[i].algorithm == algorithm)
			return &cose_rows[i];
	return NULL;
}

bool cose_is_known(int algorithm)
{
	return cose_row(algorithm) != NULL;
}

/* Exponents of 1 or 3 make signatures that others can forge. */
static bool cose_has_exponent(const EVP_PKEY *pkey)
{
	BIGNUM *e = NULL;
	bool is_good = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
		       BN_is_word(e, COSE_RSA_EXPONENT);

	BN_free(e);
	return is_good;
}

bool cose_is_sound(int algorithm, struct view key)
{
	const struct cose_row *row = cose_row(algorithm);
	void *k = row && key.n == row->bytes ? row->make(key) : NULL;
	EVP_PKEY *pkey = k ? row->as_pkey(k) : NULL;
	bool is_sound = pkey && (algorithm != COSE_RS256 || cose_has_exponent(pkey));

	EVP_PKEY_free(pkey);
	if (k)
		row->free(k);
	ERR_clear_error();
	return is_sound;
}

enum err cose_verify(const fido_assert_t *assertion, int algorithm, struct view key)
{
	const struct cose_row *row = cose_row(algorithm);
	void *k = row && key.n == row->bytes ? row->make(key) : NULL;
	int r = FIDO_ERR_INVALID_ARGUMENT;

	if (!k)
		return E_PROTO;
	r = fido_assert_verify(assertion, 0, algorithm, k);
	row->free(k);
	ERR_clear_error();
	return r == FIDO_OK ? E_OK : E_DENIED;
}
