/* The heap behind OpenSSL: wiped blocks, classes, a ceiling; and that OpenSSL lives in it. */
#include "tls/tls_heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEAP_TEST_BYTES = 16 << 20 };

static size_t used(void)
{
	struct heap_stat s;

	tls_heap_stat(&s);
	return s.used;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* THREATS A10: what a block held is gone when it is handed out again. */
static void test_wiped(void **state)
{
	static const size_t sizes[] = { 1,    15,   16,	   17,	  100,	 1000,	1024,  1025,
					5000, 8193, 16715, 16896, 20000, 32768, 40000, 300000 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		uint8_t *p = OPENSSL_malloc(sizes[i]), *q = NULL;
		unsigned n = 0;

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_true(is_zero(p, sizes[i]));
		memset(p, 0xaa, sizes[i]);
		OPENSSL_free(p);
		do { /* it waits, and comes back with others, in any order */
			q = OPENSSL_malloc(sizes[i]);
			assert_non_null(q);
			assert_true(is_zero(q, sizes[i]));
			memset(q, 0xbb, sizes[i]);
			OPENSSL_free(q);
		} while (q != p && n++ < 1000);
		assert_ptr_equal(p, q);
	}
	assert_null(OPENSSL_malloc(0));
	OPENSSL_free(NULL);
}

static void test_grow(void **state)
{
	size_t before = used();
	uint8_t *p = OPENSSL_realloc(NULL, 10), *q = NULL;

	(void)state;
	memset(p, 7, 10);
	q = OPENSSL_realloc(p, 5000);
	assert_ptr_not_equal(p, q);
	for (int i = 0; i < 10; i++)
		assert_int_equal(q[i], 7);
	assert_true(is_zero(q + 10, 4990));
	assert_ptr_equal(OPENSSL_realloc(q, 4999), q); /* the same class */
	p = OPENSSL_realloc(q, 8);
	for (int i = 0; i < 8; i++)
		assert_int_equal(p[i], 7);
	assert_null(OPENSSL_realloc(p, 0));
	assert_int_equal(used(), before);
}

static void test_apart(void **state)
{
	enum { N = 2000 };
	static uint8_t *p[N];
	static size_t n[N];
	size_t before = used();

	(void)state;
	srandom(1);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < N; i++) {
			if (p[i]) {
				for (size_t k = 0; k < n[i]; k++)
					assert_int_equal(p[i][k], (uint8_t)i);
				OPENSSL_free(p[i]);
				p[i] = NULL;
			}
			if (random() % 2) {
				n[i] = (size_t)(random() % 3000 + 1);
				p[i] = OPENSSL_malloc(n[i]);
				assert_non_null(p[i]);
				memset(p[i], (uint8_t)i, n[i]);
			}
		}
	}
	for (int i = 0; i < N; i++)
		OPENSSL_free(p[i]);
	assert_int_equal(used(), before);
}

static void test_ceiling(void **state)
{
	enum { N = 40 };
	void *p[N];
	struct heap_stat s;
	int got = 0;

	(void)state;
	assert_null(OPENSSL_malloc(2 << 20)); /* more than any class */
	for (int i = 0; i < N; i++) {
		p[i] = OPENSSL_malloc(1 << 20);
		got += p[i] != NULL;
	}
	assert_true(got > 0 && got <= HEAP_TEST_BYTES >> 20);
	tls_heap_stat(&s);
	assert_true(s.failed > 0);
	assert_true(s.reached <= HEAP_TEST_BYTES);
	for (int i = 0; i < N; i++)
		OPENSSL_free(p[i]);
	p[0] = OPENSSL_malloc(1 << 20);
	assert_non_null(p[0]);
	OPENSSL_free(p[0]);
}

static void test_openssl_lives_here(void **state)
{
	size_t before = used();
	EVP_PKEY *key = EVP_EC_gen("P-256");

	(void)state;
	assert_non_null(key);
	assert_true(used() > before);
	EVP_PKEY_free(key);
}

/* A write after free that would reach the next owner of a block ends the process instead. */
static void test_write_after_free(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0) {
		uint64_t *p = OPENSSL_malloc(64);
		void *q[20];

		(void)!freopen("/dev/null", "w", stderr);
		OPENSSL_free(p);
		p[0] = 0x4141414141414141u;
		for (int i = 0; i < 20; i++)
			q[i] = OPENSSL_malloc(64);
		for (int i = 0; i < 20; i++)
			OPENSSL_free(q[i]);
		for (int i = 0; i < 10000; i++) /* some time it is handed out again */
			(void)OPENSSL_malloc(64);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wiped),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_openssl_lives_here),
		cmocka_unit_test(test_write_after_free),
		cmocka_unit_test(test_ceiling),
	};

	if (tls_heap_init(HEAP_TEST_BYTES, HEAP_PLAIN) != E_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
