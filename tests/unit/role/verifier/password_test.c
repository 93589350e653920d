/*
 * password.c and phc.c: argon2id as RFC 9106 has it, hashes in one spelling, costs that are
 * bounded, and the same work for whoever asks (A12: which accounts exist).
 */
#include "role/verifier/password.h"
#include "role/verifier/phc.h"
#include "sys/clock.h"
#include "tests/unit/check.h"

#include <argon2.h>
#include <string.h>
#include <time.h>

static const struct password_cost cheap = { 19 * 1024, 2 };

static struct password_verdict check(const struct password *p, struct view encoded,
				     const char *text)
{
	struct password_verdict v = { true, true };

	CHECK_OK(password_check(p, encoded, view_str(text), &v));
	return v;
}

static void test_right_and_wrong(void **state)
{
	struct password p = { 0 };
	uint8_t a[256], b[256];
	struct wbuf w = wbuf_of(a, sizeof a), x = wbuf_of(b, sizeof b);

	(void)state;
	CHECK_OK(password_open(&p, &cheap));
	CHECK_OK(password_hash(&p, VIEW("correct horse battery"), &w));
	CHECK_OK(password_hash(&p, VIEW("correct horse battery"), &x));
	assert_true(view_starts(wbuf_view(&w), VIEW("$argon2id$v=19$m=19456,t=2,p=1$")));
	assert_false(view_eq(wbuf_view(&w), wbuf_view(&x))); /* salted */
	assert_true(check(&p, wbuf_view(&w), "correct horse battery").is_right);
	assert_false(check(&p, wbuf_view(&w), "correct horse battery").is_old);
	assert_false(check(&p, wbuf_view(&w), "correct horse batterz").is_right);
	assert_false(check(&p, wbuf_view(&w), "").is_right);
	assert_false(check(&p, (struct view){ 0 }, "correct horse battery").is_right);
	assert_false(check(&p, (struct view){ 0 }, "").is_old);
	/* the library's own reader agrees */
	a[w.n] = 0;
	assert_int_equal(argon2id_verify((char *)a, "correct horse battery", 21), ARGON2_OK);
	assert_int_equal(argon2id_verify((char *)a, "correct horse batterz", 21),
			 ARGON2_VERIFY_MISMATCH);
	password_done(&p);
}

/* Hashes that the reference implementation makes are read; RFC 9106 §3 is the function. */
static void test_of_the_library(void **state)
{
	struct password p = { 0 };
	char text[256];

	(void)state;
	CHECK_OK(password_open(&p, &cheap));
	assert_int_equal(
		argon2id_hash_encoded(1, 64, 1, "pw", 2, "saltsaltsalt", 12, 24, text, sizeof text),
		ARGON2_OK);
	assert_true(check(&p, view_str(text), "pw").is_right);
	assert_true(check(&p, view_str(text), "pw").is_old);
	assert_false(check(&p, view_str(text), "pq").is_old); /* only when it is right */
	assert_int_equal(argon2id_hash_encoded(2, 19456, 2, "pw", 2, "saltsaltsalt", 12, 24, text,
					       sizeof text),
			 ARGON2_OK);
	CHECK_ERR(password_check(&p, view_str(text), VIEW("pw"), &(struct password_verdict){ 0 }),
		  E_PROTO); /* two lanes */
	password_done(&p);
}

#define SALT "c2FsdHNhbHRzYWx0c2FsdA"
#define TAG  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void test_spellings(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} rows[] = {
		{ "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" TAG, E_OK },
		{ "$argon2id$v=19$m=8,t=1,p=1$" SALT "$" TAG, E_OK },
		{ "$argon2id$v=19$m=7,t=1,p=1$" SALT "$" TAG, E_PROTO },
		{ "$argon2i$v=19$m=19456,t=2,p=1$" SALT "$" TAG, E_PROTO },
		{ "$argon2id$v=16$m=19456,t=2,p=1$" SALT "$" TAG, E_PROTO },
		{ "$argon2id$v=19$m=019456,t=2,p=1$" SALT "$" TAG, E_PROTO },
		{ "$argon2id$v=19$m=,t=2,p=1$" SALT "$" TAG, E_PROTO },
		{ "$argon2id$v=19$m=-8,t=2,p=1$" SALT "$" TAG, E_PROTO },
		{ "$argon2id$v=19$m=4294967296,t=2,p=1$" SALT "$" TAG, E_PROTO },
		{ "$argon2id$v=19$m=19456,t=0,p=1$" SALT "$" TAG, E_PROTO },
		{ "$argon2id$v=19$m=19456,t=2,p=2$" SALT "$" TAG, E_PROTO },
		{ "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" TAG "=", E_PROTO },
		{ "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" TAG "$", E_PROTO },
		{ "$argon2id$v=19$m=19456,t=2,p=1$" SALT "$", E_PROTO },
		{ "$argon2id$v=19$m=19456,t=2,p=1$$" TAG, E_PROTO },
		{ "$argon2id$v=19$m=19456,t=2,p=1$c2Fs-HNhbHRzYWx0c2FsdA$" TAG, E_PROTO },
		{ "$argon2id$v=19$m=19456,t=2,p=1$c2Fs+HNhbHRzYWx0c2Fsd/$" TAG, E_PROTO },
		{ "$argon2id$v=19$m=19456,t=2,p=1$c2Fs+HNhbHRzYWx0c2FsdA$" TAG, E_OK },
		{ "x", E_PROTO },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view v = view_str(rows[i].text);
		struct phc h = { 0 };
		uint8_t room[256];
		struct wbuf w = wbuf_of(room, sizeof room);
		enum err e = phc_get(v, &h);

		if (e != rows[i].want)
			fail_msg("%s: %s", rows[i].text, err_name(e));
		if (e != E_OK)
			continue;
		phc_put(&w, &h);
		assert_true(view_eq(wbuf_view(&w), v)); /* one spelling */
		for (size_t n = 0; n + 1 < v.n && n < 60; n++)
			CHECK_ERR(phc_get(view_slice(v, 0, n), &h), E_PROTO);
	}
}

/* What a taken-over authority may ask for is bounded: memory and time. */
static void test_bounds(void **state)
{
	static const struct password_cost large = { PASSWORD_KIB_MAX + 1, 2 }, long_one = { 0, 65 };
	struct password p = { 0 };
	struct password_verdict v = { 0 };

	(void)state;
	CHECK_ERR(password_open(&p, &large), E_LIMIT);
	CHECK_ERR(password_open(&p, &long_one), E_LIMIT);
	CHECK_OK(password_open(&p, &cheap));
	CHECK_ERR(password_check(&p, VIEW("$argon2id$v=19$m=65537,t=1,p=1$" SALT "$" TAG),
				 VIEW("x"), &v),
		  E_PROTO);
	CHECK_ERR(password_check(&p, VIEW("$argon2id$v=19$m=8,t=65,p=1$" SALT "$" TAG), VIEW("x"),
				 &v),
		  E_PROTO);
	password_done(&p);
}

static void test_tuning(void **state)
{
	static const struct {
		uint64_t us;
		struct password_cost want;
	} rows[] = {
		{ 0, { 65536, 64 } },	      { 1000, { 65536, 64 } },
		{ 50000, { 65536, 3 } },      { 75000, { 65536, 2 } },
		{ 100000, { 48 * 1024, 2 } }, { 1000000, { 19 * 1024, 2 } },
		{ UINT32_MAX, { 19456, 2 } },
	};
	struct password p = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct password_cost c = password_tune(rows[i].us);

		if (c.kib != rows[i].want.kib || c.passes != rows[i].want.passes)
			fail_msg("%lu: %u KB, %u", (unsigned long)rows[i].us, c.kib, c.passes);
	}
	CHECK_OK(password_open(&p, &(struct password_cost){ 0 }));
	assert_in_range(p.cost.kib, PASSWORD_KIB_MIN, PASSWORD_KIB);
	assert_in_range(p.cost.passes, PASSWORD_PASSES_MIN, PASSWORD_PASSES_MAX);
	password_done(&p);
	CHECK_OK(password_open(&p, &(struct password_cost){ 32 * 1024, 0 }));
	assert_int_equal(p.cost.kib, 32 * 1024);
	password_done(&p);
}

/* Of the processor: others use the machine too. */
static uint64_t cpu_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t best_ns(const struct password *p, struct view encoded, const char *text)
{
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < 5; i++) {
		uint64_t began = cpu_ns(), ns = 0;

		(void)check(p, encoded, text);
		ns = cpu_ns() - began;
		best = ns < best ? ns : best;
	}
	return best;
}

/* Right, wrong, unknown, and an account whose hash is older and cheaper: one time. */
static void test_time(void **state)
{
	struct password p = { 0 };
	uint8_t room[256];
	char old[256];
	struct wbuf w = wbuf_of(room, sizeof room);
	uint64_t right = 0, others[3];

	(void)state;
	CHECK_OK(password_open(&p, &(struct password_cost){ 32 * 1024, 3 }));
	CHECK_OK(password_hash(&p, VIEW("pw"), &w));
	assert_int_equal(
		argon2id_hash_encoded(1, 8192, 1, "pw", 2, "saltsaltsalt", 12, 24, old, sizeof old),
		ARGON2_OK);
	right = best_ns(&p, wbuf_view(&w), "pw");
	others[0] = best_ns(&p, wbuf_view(&w), "wrong");
	others[1] = best_ns(&p, (struct view){ 0 }, "pw");
	others[2] = best_ns(&p, view_str(old), "pw");
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (others[i] < right / 2 || others[i] > right * 2)
			fail_msg("%zu: %lu us, not %lu us", i, (unsigned long)others[i] / 1000,
				 (unsigned long)right / 1000);
	password_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_and_wrong), cmocka_unit_test(test_of_the_library),
		cmocka_unit_test(test_spellings),	cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_tuning),		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
