/* FNV-1a against the vectors of its draft, appendix C. */
#include "tests/unit/check.h"

#include "base/hash.h"

static void test_vectors(void **state)
{
	(void)state;
	assert_true(hash_fnv1a(VIEW("")) == 0xcbf29ce484222325u);
	assert_true(hash_fnv1a(VIEW("a")) == 0xaf63dc4c8601ec8cu);
	assert_true(hash_fnv1a(VIEW("foobar")) == 0x85944171f73967e8u);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
