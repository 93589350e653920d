/* FNV-1a against the vectors of its draft, appendix C; SipHash-2-4 against those of its paper and
 * reference. */
#include "tests/unit/check.h"

#include "base/hash.h"

static void test_vectors(void **state)
{
	(void)state;
	assert_true(hash_fnv1a(VIEW("")) == 0xcbf29ce484222325u);
	assert_true(hash_fnv1a(VIEW("a")) == 0xaf63dc4c8601ec8cu);
	assert_true(hash_fnv1a(VIEW("foobar")) == 0x85944171f73967e8u);
}

/* Key 00 01 .. 0f, input 00 01 .. of each length. */
static void test_keyed(void **state)
{
	static const uint64_t key[2] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
	static const struct {
		size_t n;
		uint64_t want;
	} vectors[] = { { 0, 0x726fdb47dd0e0e31u },
			{ 1, 0x74f839c593dc67fdu },
			{ 7, 0xab0200f58b01d137u },
			{ 8, 0x93f5f5799a932462u },
			{ 15, 0xa129ca6149be45e5u } };
	uint8_t bytes[16];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
		assert_true(hash_keyed(key, view_of(bytes, vectors[i].n)) == vectors[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors),
					    cmocka_unit_test(test_keyed) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
