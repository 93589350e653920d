/* The audit key: made once, kept, published, and refused when it is not what it should be. */
#include "role/signer/seal.h"

#include "tests/unit/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char dir[40];
	int fd;
	OSSL_LIB_CTX *libctx;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	strcpy(p->dir, "/tmp/seal_test_XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY);
	p->libctx = OSSL_LIB_CTX_new();
	*state = p;
	return p->fd < 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "audit.key", "audit.pub", "audit.new" };
	struct place *p = *state;

	for (size_t i = 0; i < COUNT_OF(names); i++)
		(void)unlinkat(p->fd, names[i], 0);
	close(p->fd);
	rmdir(p->dir);
	OSSL_LIB_CTX_free(p->libctx);
	free(p);
	return 0;
}

static mode_t mode_of(const struct place *p, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(p->fd, name, &st, 0), 0);
	return st.st_mode & 07777;
}

static void put_file(const struct place *p, const char *name, const char *text, mode_t mode)
{
	int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void test_made_and_kept(void **state)
{
	struct place *p = *state;
	struct seal a = { 0 }, b = { 0 };
	struct audit_key_signature sa, sb;
	struct audit_checkpoint c = { .seq = 1, .wall_us = 5 };
	uint8_t pem[AUDIT_KEY_PEM_MAX];
	struct audit_key published;
	const char *why = NULL;
	mode_t old = umask(0);
	ssize_t n = 0;
	int fd = -1;

	put_file(p, "audit.new", "left over by a crash", 0600);
	CHECK_OK(seal_open(&a, p->libctx, p->fd, &why));
	assert_int_equal(mode_of(p, "audit.key"), 0600);
	assert_int_equal(mode_of(p, "audit.pub"), 0644);
	assert_int_equal(faccessat(p->fd, "audit.new", F_OK, 0), -1);
	CHECK_OK(seal_open(&b, p->libctx, p->fd, &why));
	assert_true(audit_key_eq(&a.public_half, &b.public_half));
	CHECK_OK(seal_sign(&a, &c, &sa));
	CHECK_OK(seal_sign(&b, &c, &sb));
	CHECK_OK(audit_key_check(&b.public_half, &c, &sa));
	assert_memory_equal(sa.b, sb.b, sizeof sa.b); /* RFC 8032: deterministic */
	fd = openat(p->fd, "audit.pub", O_RDONLY);
	n = read(fd, pem, sizeof pem);
	close(fd);
	CHECK_OK(audit_key_get_pem(view_of(pem, (size_t)n), &published));
	assert_true(audit_key_eq(&a.public_half, &published));
	seal_done(&a);
	seal_done(&b);
	(void)umask(old);
}

static void test_published_again(void **state)
{
	struct place *p = *state;
	struct seal s = { 0 };
	const char *why = NULL;
	struct stat before, after;

	CHECK_OK(seal_open(&s, p->libctx, p->fd, &why));
	seal_done(&s);
	assert_int_equal(fstatat(p->fd, "audit.pub", &before, 0), 0);
	CHECK_OK(seal_open(&s, p->libctx, p->fd, &why));
	seal_done(&s);
	assert_int_equal(fstatat(p->fd, "audit.pub", &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino); /* not written when it says the key */
	put_file(p, "audit.pub", "another key", 0644);
	CHECK_OK(seal_open(&s, p->libctx, p->fd, &why));
	seal_done(&s);
	assert_int_equal(fstatat(p->fd, "audit.pub", &after, 0), 0);
	assert_true(after.st_size > 100);
}

static void test_refused(void **state)
{
	struct place *p = *state;
	struct seal s = { 0 };
	const char *why = NULL;

	CHECK_OK(seal_open(&s, p->libctx, p->fd, &why));
	seal_done(&s);
	assert_int_equal(fchmodat(p->fd, "audit.key", 0640, 0), 0);
	CHECK_ERR(seal_open(&s, p->libctx, p->fd, &why), E_DENIED);
	assert_non_null(strstr(why, "chmod 0600"));
	put_file(p, "audit.key", "", 0600);
	CHECK_ERR(seal_open(&s, p->libctx, p->fd, &why), E_DENIED);
	assert_non_null(strstr(why, "Ed25519"));
	seal_done(&s);
	assert_int_equal(unlinkat(p->fd, "audit.key", 0), 0);
	assert_int_equal(symlinkat("/etc/hostname", p->fd, "audit.key"), 0);
	CHECK_ERR(seal_open(&s, p->libctx, p->fd, &why), E_SYS);
	seal_done(&s);
}

static void test_another_kind(void **state)
{
	struct place *p = *state;
	struct seal s = { 0 };
	const char *why = NULL;

	/* openssl genpkey -algorithm X25519: no key that signs */
	put_file(p, "audit.key",
		 "-----BEGIN PRIVATE KEY-----\n"
		 "MC4CAQAwBQYDK2VuBCIEIGAGbiYsiBZDmMHsfb2dJYfmhI8r2VmM6gCVPKCOdEdC\n"
		 "-----END PRIVATE KEY-----\n",
		 0600);
	CHECK_ERR(seal_open(&s, p->libctx, p->fd, &why), E_DENIED);
	seal_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made_and_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_published_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_kind, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
