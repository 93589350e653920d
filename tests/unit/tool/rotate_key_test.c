/* New keys are of the old one's kind, requests ask for its names, and a chain that does not fit is
 * refused. */
#include "../check.h"

#include "tool/rotate_key.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOW = 1800000000, DAY = 86400 };

static EVP_PKEY *make(const char *algorithm, const char *group, unsigned bits)
{
	if (group)
		return EVP_PKEY_Q_keygen(NULL, NULL, algorithm, group);
	return bits ? EVP_PKEY_Q_keygen(NULL, NULL, algorithm, (size_t)bits)
		    : EVP_PKEY_Q_keygen(NULL, NULL, algorithm);
}

/* A certificate for subject, signed by issuer (NULL: itself), good from a day before NOW. */
static X509 *issue(EVP_PKEY *subject, const char *name, const char *names, EVP_PKEY *issuer,
		   const char *issuer_name, int64_t until_s)
{
	X509 *x = X509_new();
	X509V3_CTX ctx = { 0 };
	X509_EXTENSION *e = NULL;
	EVP_PKEY *by = issuer ? issuer : subject;

	assert_non_null(x);
	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 7), 1);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x), NOW - DAY));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x), until_s));
	assert_int_equal(X509_set_pubkey(x, subject), 1);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const uint8_t *)name, -1, -1, 0);
	X509_NAME_add_entry_by_txt(X509_get_issuer_name(x), "CN", MBSTRING_ASC,
				   (const uint8_t *)issuer_name, -1, -1, 0);
	if (names) {
		X509V3_set_ctx_nodb(&ctx);
		e = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, names);
		assert_non_null(e);
		assert_int_equal(X509_add_ext(x, e, -1), 1);
		X509_EXTENSION_free(e);
	}
	assert_true(X509_sign(x, by, EVP_PKEY_is_a(by, "ED25519") ? NULL : EVP_sha256()) > 0);
	return x;
}

static struct view pem_of(BIO *bio, X509 *a, X509 *b)
{
	char *text = NULL;
	long n = 0;

	(void)BIO_reset(bio);
	assert_int_equal(PEM_write_bio_X509(bio, a), 1);
	if (b)
		assert_int_equal(PEM_write_bio_X509(bio, b), 1);
	n = BIO_get_mem_data(bio, &text);
	return view_of(text, (size_t)n);
}

/* RFC 8410 §6 and RFC 2986: each kind of key signs its own request. */
static void test_kinds(void **state)
{
	static const struct {
		const char *algorithm, *group;
		unsigned bits;
	} kinds[] = {
		{ "EC", "P-256", 0 },
		{ "EC", "P-384", 0 },
		{ "RSA", NULL, 2048 },
		{ "ED25519", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		EVP_PKEY *old = make(kinds[i].algorithm, kinds[i].group, kinds[i].bits),
			 *new = rotate_key_like(old), *in_request = NULL;
		X509 *leaf = issue(old, "www", "DNS:www.example.nl,IP:192.0.2.1", NULL, "www",
				   NOW + 90 * DAY);
		uint8_t room[8192];
		struct wbuf w = wbuf_of(room, sizeof room);
		char a[65], b[65];
		BIO *bio = NULL;
		X509_REQ *req = NULL;
		STACK_OF(X509_EXTENSION) *asked = NULL;

		assert_non_null(new);
		assert_int_equal(EVP_PKEY_get_base_id(new), EVP_PKEY_get_base_id(old));
		assert_int_equal(EVP_PKEY_get_bits(new), EVP_PKEY_get_bits(old));
		assert_int_equal(EVP_PKEY_eq(new, old), 0);
		CHECK_OK(rotate_key_request(new, leaf, &w));
		bio = BIO_new_mem_buf(w.p, (int)w.n);
		req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
		in_request = X509_REQ_get0_pubkey(req);
		assert_int_equal(X509_REQ_verify(req, in_request), 1);
		assert_int_equal(EVP_PKEY_eq(in_request, new), 1);
		assert_int_equal(
			X509_NAME_cmp(X509_REQ_get_subject_name(req), X509_get_subject_name(leaf)),
			0);
		asked = X509_REQ_get_extensions(req);
		assert_int_equal(sk_X509_EXTENSION_num(asked), 1);
		rotate_key_print(new, a);
		rotate_key_print(in_request, b);
		assert_string_equal(a, b);
		sk_X509_EXTENSION_pop_free(asked, X509_EXTENSION_free);
		X509_REQ_free(req);
		BIO_free(bio);
		X509_free(leaf);
		EVP_PKEY_free(new);
		EVP_PKEY_free(old);
	}
}

static void test_chain(void **state)
{
	EVP_PKEY *old = rotate_key_p256(), *new = rotate_key_p256(), *ca = rotate_key_p256();
	const char *names = "DNS:www.example.nl,DNS:*.shop.example.nl,IP:192.0.2.1";
	X509 *was = issue(old, "www", names, ca, "ca", NOW + 30 * DAY),
	     *root = issue(ca, "ca", NULL, NULL, "ca", NOW + 900 * DAY);
	const struct {
		const char *names;
		EVP_PKEY *key;
		int64_t until_s;
		enum err want;
	} cases[] = {
		{ names, new, NOW + 90 * DAY, E_OK },
		{ "DNS:*.example.nl,DNS:*.shop.example.nl,IP:192.0.2.1", new, NOW + 90 * DAY,
		  E_OK },
		{ "DNS:www.example.nl,DNS:a.shop.example.nl,IP:192.0.2.1", new, NOW + 90 * DAY,
		  E_DENIED },
		{ "DNS:www.example.nl,DNS:*.shop.example.nl", new, NOW + 90 * DAY, E_DENIED },
		{ NULL, new, NOW + 90 * DAY, E_DENIED },
		{ names, old, NOW + 90 * DAY, E_DENIED },
		{ names, new, NOW - 1, E_DENIED },
		{ names, new, NOW + DAY - 1, E_DENIED },
	};
	BIO *bio = BIO_new(BIO_s_mem());

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		X509 *leaf = issue(cases[i].key, "www", cases[i].names, ca, "ca", cases[i].until_s);

		assert_int_equal(rotate_key_check_chain(pem_of(bio, leaf, NULL), was, new, NOW),
				 cases[i].want);
		assert_int_equal(rotate_key_check_chain(pem_of(bio, leaf, root), was, new, NOW),
				 cases[i].want);
		/* what is behind it did not sign it; its issuer comes first */
		CHECK_ERR(rotate_key_check_chain(pem_of(bio, leaf, was), was, new, NOW), E_DENIED);
		CHECK_ERR(rotate_key_check_chain(pem_of(bio, root, leaf), was, new, NOW), E_DENIED);
		X509_free(leaf);
	}
	CHECK_ERR(rotate_key_check_chain(VIEW("nothing"), was, new, NOW), E_DENIED);
	CHECK_ERR(rotate_key_check_chain(pem_of(bio, was, NULL), was, old, NOW - 2 * DAY),
		  E_DENIED); /* not yet */
	BIO_free(bio);
	X509_free(was);
	X509_free(root);
	EVP_PKEY_free(old);
	EVP_PKEY_free(new);
	EVP_PKEY_free(ca);
}

/* RFC 5280 §4.1.2.7: the fingerprint is of the public half, so file and certificate have the same.
 */
static void test_files(void **state)
{
	const struct rotate_file_owner owner = { geteuid(), getegid(), 0600 };
	char dir[] = "/tmp/rotate_key_XXXXXX", a[65], b[65];
	EVP_PKEY *key = rotate_key_p256(), *read = NULL;
	struct stat st = { 0 };
	int fd = -1;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(rotate_key_read(fd, "k", &read));
	assert_null(read); /* there is none */
	CHECK_OK(rotate_key_put(key, fd, "k", &owner));
	assert_int_equal(fstatat(fd, "k", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	CHECK_OK(rotate_key_read(fd, "k", &read));
	rotate_key_print(key, a);
	rotate_key_print(read, b);
	assert_string_equal(a, b);
	EVP_PKEY_free(read);
	assert_int_equal(fchmodat(fd, "k", 0644, 0), 0);
	CHECK_ERR(rotate_key_read(fd, "k", &read), E_DENIED);
	/* a link in the place of what is to be written is replaced, not followed */
	assert_int_equal(symlinkat("k", fd, "l.tmp"), 0);
	CHECK_OK(rotate_file_put(fd, "l", &owner, VIEW("text")));
	assert_int_equal(fstatat(fd, "k", &st, 0), 0);
	assert_true(st.st_size > 100);
	CHECK_OK(rotate_file_print(fd, "l", a));
	CHECK_OK(rotate_file_put(fd, "l", &owner, VIEW("texu")));
	CHECK_OK(rotate_file_print(fd, "l", b));
	assert_string_not_equal(a, b);
	CHECK_OK(rotate_file_print(fd, "none", b));
	assert_string_equal(b, "");
	assert_int_equal(unlinkat(fd, "k", 0) + unlinkat(fd, "l", 0), 0);
	assert_int_equal(rmdir(dir), 0); /* nothing else is left */
	close(fd);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
