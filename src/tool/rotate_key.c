/* OpenSSL's side of a rotation. Private keys lie in memory that OpenSSL wipes when it is freed. */
#include "tool/rotate_key.h"

#include "sys/secret.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>

enum { ROTATE_KEY_BYTES = 64 * 1024, ROTATE_KEY_DAY_S = 86400, ROTATE_KEY_CHAIN_MAX = 10 };

static enum err rotate_key_failed(const char *what)
{
	char text[200] = "";

	ERR_error_string_n(ERR_get_error(), text, sizeof text);
	(void)fprintf(stderr, "sluis: %s: %s\n", what, text);
	ERR_clear_error();
	return E_SYS;
}

static EVP_PKEY *rotate_key_generate(EVP_PKEY_CTX *ctx, unsigned rsa_bits)
{
	EVP_PKEY *key = NULL;
	bool is_good = ctx && EVP_PKEY_keygen_init(ctx) == 1 &&
		       (!rsa_bits || EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)rsa_bits) == 1) &&
		       EVP_PKEY_generate(ctx, &key) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (is_good)
		return key;
	(void)rotate_key_failed("a new key can't be made");
	return NULL;
}

EVP_PKEY *rotate_key_like(EVP_PKEY *like)
{
	bool is_rsa = EVP_PKEY_is_a(like, "RSA") == 1;

	/* The parameters (the curve) are those of the old public half; RSA has a size alone */
	return rotate_key_generate(
		is_rsa || EVP_PKEY_is_a(like, "ED25519")
			? EVP_PKEY_CTX_new_from_name(NULL, EVP_PKEY_get0_type_name(like), NULL)
			: EVP_PKEY_CTX_new_from_pkey(NULL, like, NULL),
		is_rsa ? (unsigned)EVP_PKEY_get_bits(like) : 0);
}

EVP_PKEY *rotate_key_p256(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", SN_X9_62_prime256v1);

	if (!key)
		(void)rotate_key_failed("a new key can't be made");
	return key;
}

enum err rotate_key_put(EVP_PKEY *key, int dir_fd, const char *name,
			const struct rotate_file_owner *owner)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text = NULL;
	long n = 0;
	enum err e = E_NOMEM;

	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
		n = BIO_get_mem_data(bio, &text);
	if (n > 0)
		e = rotate_file_put(dir_fd, name, owner, view_of(text, (size_t)n));
	else
		e = rotate_key_failed(name);
	BIO_free(bio);
	return e;
}

static EVP_PKEY *rotate_key_parse(struct view pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	char no_pass_phrase[] = "";
	EVP_PKEY *key =
		bio ? PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, no_pass_phrase, NULL, NULL)
		    : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

enum err rotate_key_read(int dir_fd, const char *name, EVP_PKEY **ret)
{
	struct secret file = { 0 };
	struct wbuf w = { 0 };
	struct stat st = { 0 };
	enum err e = E_OK;

	*ret = NULL;
	TRY(secret_new(ROTATE_KEY_BYTES, &file));
	w = wbuf_of(file.p, file.n);
	e = rotate_file_read(dir_fd, name, &w);
	if (e == E_OK)
		*ret = rotate_key_parse(wbuf_view(&w));
	secret_done(&file);
	if (e != E_OK)
		return e == E_CLOSED ? E_OK : e;
	if (*ret && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !(st.st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)))
		return E_OK;
	(void)fprintf(stderr, "sluis: %s: no private key in PEM that is closed to others\n", name);
	EVP_PKEY_free(*ret);
	*ret = NULL;
	return E_DENIED;
}

void rotate_key_print(const EVP_PKEY *key, char *ret)
{
	uint8_t *der = NULL;
	int n = i2d_PUBKEY(key, &der);

	ret[0] = '\0';
	if (n > 0)
		rotate_file_sha256(view_of(der, (size_t)n), ret);
	OPENSSL_free(der);
}

/* ---- requests ---- */

static bool rotate_key_add_names(X509_REQ *req, const X509 *leaf)
{
	int at = X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1);
	STACK_OF(X509_EXTENSION) *list = NULL;
	X509_EXTENSION *copy = NULL;
	bool is_good = true;

	if (at < 0)
		return true;
	list = sk_X509_EXTENSION_new_null();
	copy = X509_EXTENSION_dup(X509_get_ext(leaf, at));
	is_good = list && copy && sk_X509_EXTENSION_push(list, copy) > 0;
	if (!is_good)
		X509_EXTENSION_free(copy);
	is_good = is_good && X509_REQ_add_extensions(req, list) == 1;
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return is_good;
}

static bool rotate_key_fill(X509_REQ *req, EVP_PKEY *key, X509 *leaf)
{
	/* RFC 8410 §6: Ed25519 has its own hash */
	const EVP_MD *hash = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();

	return req && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
	       X509_REQ_set_subject_name(req, X509_get_subject_name(leaf)) == 1 &&
	       X509_REQ_set_pubkey(req, key) == 1 && rotate_key_add_names(req, leaf) &&
	       X509_REQ_sign(req, key, hash) > 0;
}

enum err rotate_key_request(EVP_PKEY *key, X509 *leaf, struct wbuf *w)
{
	X509_REQ *req = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;

	if (bio && rotate_key_fill(req, key, leaf) && PEM_write_bio_X509_REQ(bio, req) == 1)
		n = BIO_get_mem_data(bio, &text);
	if (n > 0)
		wbuf_put(w, text, (size_t)n);
	BIO_free(bio);
	X509_REQ_free(req);
	return n > 0 && wbuf_check(w) == E_OK
		       ? E_OK
		       : rotate_key_failed("a certificate request can't be made");
}

/* ---- chains ---- */

static enum err rotate_key_refuse(const char *why)
{
	(void)fprintf(stderr, "sluis: the new chain is refused: %s\n", why);
	ERR_clear_error();
	return E_DENIED;
}

static bool rotate_key_covers_name(X509 *leaf, const GENERAL_NAME *name)
{
	const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	const ASN1_STRING *text = NULL;
	int type = 0;

	text = GENERAL_NAME_get0_value(name, &type);
	if (type == GEN_DNS)
		return X509_check_host(leaf, (const char *)ASN1_STRING_get0_data(text),
				       (size_t)ASN1_STRING_length(text), flags, NULL) == 1;
	if (type == GEN_IPADD)
		return X509_check_ip(leaf, ASN1_STRING_get0_data(text),
				     (size_t)ASN1_STRING_length(text), 0) == 1;
	return true; /* others are no names that a client asks for here */
}

/* A wildcard of the old one has to be there itself. */
static bool rotate_key_has_name(const GENERAL_NAMES *names, const GENERAL_NAME *name)
{
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++)
		if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(names, i),
				     (GENERAL_NAME *)(uintptr_t)name) == 0)
			return true;
	return false;
}

static bool rotate_key_covers(X509 *leaf, X509 *was)
{
	GENERAL_NAMES *old = X509_get_ext_d2i(was, NID_subject_alt_name, NULL, NULL);
	GENERAL_NAMES *new = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	bool is_good = true;

	for (int i = 0; old && i < sk_GENERAL_NAME_num(old) && is_good; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(old, i);

		is_good = rotate_key_has_name(new, name) || rotate_key_covers_name(leaf, name);
	}
	GENERAL_NAMES_free(old);
	GENERAL_NAMES_free(new);
	return is_good;
}

static enum err rotate_key_check_leaf(X509 *leaf, X509 *was, EVP_PKEY *key, int64_t now_s)
{
	time_t now = (time_t)now_s, later = (time_t)now_s + ROTATE_KEY_DAY_S;

	if (EVP_PKEY_eq(X509_get0_pubkey(leaf), key) != 1)
		return rotate_key_refuse("its first certificate is not for the new key");
	if (X509_cmp_time(X509_get0_notBefore(leaf), &now) >= 0)
		return rotate_key_refuse("it is not valid yet");
	if (X509_cmp_time(X509_get0_notAfter(leaf), &later) <= 0)
		return rotate_key_refuse("it has expired, or does within a day");
	if (!rotate_key_covers(leaf, was))
		return rotate_key_refuse("it is not for all names of the present certificate");
	return E_OK;
}

/* Each must be signed by the one behind it, or clients can't follow. */
static enum err rotate_key_check_link(X509 *one, X509 *issuer)
{
	if (X509_check_issued(issuer, one) != X509_V_OK ||
	    X509_verify(one, X509_get0_pubkey(issuer)) != 1)
		return rotate_key_refuse("a certificate is not signed by the one behind it");
	return E_OK;
}

static enum err rotate_key_check_all(BIO *bio, X509 *was, EVP_PKEY *key, int64_t now_s)
{
	X509 *one = PEM_read_bio_X509(bio, NULL, NULL, NULL), *next = NULL;
	enum err e = one ? rotate_key_check_leaf(one, was, key, now_s)
			 : rotate_key_refuse("there is no certificate in PEM in it");

	for (unsigned i = 0; e == E_OK; i++) {
		next = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (!next)
			break;
		e = i < ROTATE_KEY_CHAIN_MAX ? rotate_key_check_link(one, next)
					     : rotate_key_refuse("it is too long");
		X509_free(one);
		one = next;
	}
	X509_free(one);
	ERR_clear_error();
	return e;
}

enum err rotate_key_check_chain(struct view pem, X509 *was, EVP_PKEY *key, int64_t now_s)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	enum err e = bio ? rotate_key_check_all(bio, was, key, now_s) : E_NOMEM;

	BIO_free(bio);
	return e;
}
