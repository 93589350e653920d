/* Keys as people keep them: every form that is taken, every one that is refused, and why. */
#include "role/signer/keys.h"

#include "tests/unit/check.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

enum form {
	PKCS8,
	TRADITIONAL,
	PARAMETERS_FIRST,
	CERTIFICATE_FIRST,
	ENCRYPTED,
	OLD_ENCRYPTED,
	PUBLIC
};

static struct keys keys;

static EVP_PKEY *make(const char *kind)
{
	if (strcmp(kind, "ED25519") == 0 || strcmp(kind, "ED448") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, kind);
	if (strncmp(kind, "RSA", 3) == 0)
		return EVP_RSA_gen(strcmp(kind, "RSA1024") == 0 ? 1024 : 2048);
	return EVP_EC_gen(kind);
}

static BIO *write_key(EVP_PKEY *key, enum form form)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char pass[] = "secret";

	switch (form) {
	case PARAMETERS_FIRST:
		BIO_puts(bio, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
			      "-----END EC PARAMETERS-----\n");
		assert_int_equal(
			PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL),
			1);
		break;
	case TRADITIONAL:
		assert_int_equal(
			PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL),
			1);
		break;
	case CERTIFICATE_FIRST:
		BIO_puts(bio, "words before it\n-----BEGIN CERTIFICATE-----\nAAAA\n"
			      "-----END CERTIFICATE-----\n");
		assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
		break;
	case ENCRYPTED:
		assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), pass, 6,
							       NULL, NULL),
				 1);
		break;
	case OLD_ENCRYPTED:
		assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_256_cbc(),
								      (unsigned char *)pass, 6,
								      NULL, NULL),
				 1);
		break;
	case PUBLIC:
		assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
		break;
	case PKCS8:
	default:
		assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
		break;
	}
	return bio;
}

static enum err parse(EVP_PKEY *key, enum form form, EVP_PKEY *half, struct keys_key *ret,
		      const char **why)
{
	BIO *bio = write_key(key, form);
	unsigned char *der = NULL;
	char *text = NULL;
	int n = i2d_PUBKEY(half, &der);
	long text_n = BIO_get_mem_data(bio, &text);
	enum err e =
		keys_parse(&keys, view_of(text, (size_t)text_n), view_of(der, (size_t)n), ret, why);

	OPENSSL_free(der);
	BIO_free(bio);
	return e;
}

static void forget(struct keys_key *k)
{
	for (size_t i = 0; i < KEYS_SCHEMES; i++)
		EVP_MD_CTX_free(k->contexts[i]);
	EVP_PKEY_free(k->pkey);
}

static void test_forms(void **state)
{
	static const struct {
		const char *kind;
		enum form form;
		uint8_t type; /* 0: refused */
		const char *why;
	} rows[] = {
		{ "P-256", PKCS8, IMAGE_KEY_P256, NULL },
		{ "P-256", TRADITIONAL, IMAGE_KEY_P256, NULL },
		{ "P-256", PARAMETERS_FIRST, IMAGE_KEY_P256, NULL },
		{ "P-256", CERTIFICATE_FIRST, IMAGE_KEY_P256, NULL },
		{ "P-384", PKCS8, IMAGE_KEY_P384, NULL },
		{ "P-384", TRADITIONAL, IMAGE_KEY_P384, NULL },
		{ "RSA", PKCS8, IMAGE_KEY_RSA, NULL },
		{ "RSA", TRADITIONAL, IMAGE_KEY_RSA, NULL },
		{ "ED25519", PKCS8, IMAGE_KEY_ED25519, NULL },
		{ "P-521", PKCS8, 0, "kind" },
		{ "secp256k1", PKCS8, 0, "kind" },
		{ "ED448", PKCS8, 0, "kind" },
		{ "RSA1024", PKCS8, 0, "2048" },
		{ "P-256", ENCRYPTED, 0, "encrypted" },
		{ "RSA", OLD_ENCRYPTED, 0, "encrypted" },
		{ "P-256", PUBLIC, 0, "no private key" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		EVP_PKEY *key = make(rows[i].kind);
		struct keys_key got = { 0 };
		const char *why = NULL;
		enum err e = parse(key, rows[i].form, key, &got, &why);

		CHECK_ROW(rows[i].kind, e == (rows[i].type ? E_OK : E_DENIED));
		CHECK_ROW(rows[i].kind, got.type == rows[i].type);
		if (rows[i].why)
			CHECK_ROW(rows[i].kind, strstr(why, rows[i].why));
		forget(&got);
		EVP_PKEY_free(key);
	}
}

static void test_another_certificate(void **state)
{
	static const char *const kinds[] = { "P-256", "RSA", "ED25519" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		EVP_PKEY *a = make(kinds[i]), *b = make(kinds[i]);
		EVP_PKEY *c = make(kinds[(i + 1) % COUNT_OF(kinds)]);
		struct keys_key got = { 0 };
		const char *why = NULL;

		CHECK_ERR(parse(a, PKCS8, b, &got, &why), E_DENIED);
		assert_non_null(strstr(why, "not the key of that certificate"));
		CHECK_ERR(parse(a, PKCS8, c, &got, &why), E_DENIED);
		assert_null(got.pkey);
		EVP_PKEY_free(a);
		EVP_PKEY_free(b);
		EVP_PKEY_free(c);
	}
}

/* Half a private key of another pair behind a true public half must not get by. */
static void test_garbage(void **state)
{
	static const char *const texts[] = {
		"",
		"-",
		"-----BEGIN PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
		"-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
	};
	const char *why = NULL;
	struct keys_key got = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CHECK_ERR(keys_parse(&keys, view_str(texts[i]), VIEW("spki"), &got, &why),
			  E_DENIED);
		assert_non_null(strstr(why, "no private key"));
	}
}

static int open_keys(void **state)
{
	(void)state;
	return keys_open(&keys) == E_OK ? 0 : -1;
}

static int close_keys(void **state)
{
	(void)state;
	keys_done(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_another_certificate),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, open_keys, close_keys);
}
