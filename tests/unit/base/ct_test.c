/* Comparison of secrets: every single byte counts. */
#include "tests/unit/check.h"

#include "base/ct.h"

static void test_equal(void **state)
{
	uint8_t a[33] = { 0 }, b[33] = { 0 };

	(void)state;
	assert_true(ct_equal(view_of(a, 0), view_of(NULL, 0)));
	assert_true(ct_equal(view_of(a, 33), view_of(b, 33)));
	assert_false(ct_equal(view_of(a, 33), view_of(b, 32)));
	for (size_t i = 0; i < 33; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			b[i] = (uint8_t)(1u << bit);
			assert_false(ct_equal(view_of(a, 33), view_of(b, 33)));
		}
		b[i] = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_equal) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
