/* xoshiro256**: its recurrence by hand, ranges, and the state that would never leave zero. */
#include "tests/unit/check.h"

#include "base/rng.h"

static void test_first_numbers(void **state)
{
	/* Worked out from the definition: rotl(2 * 5, 7) * 9 = 11520, and so on. */
	static const uint64_t want[] = { 11520, 0, 1509978240, 1215971899390074240 };
	struct rng r = { { 1, 2, 3, 4 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(want); i++)
		assert_true(rng_next(&r) == want[i]);
}

static void test_zero_state_is_left(void **state)
{
	struct rng r = { 0 };
	uint64_t any = 0;

	(void)state;
	for (int i = 0; i < 8; i++)
		any |= rng_next(&r);
	assert_true(any != 0);
}

static void test_below_covers_its_range_evenly(void **state)
{
	struct rng r = { { 1, 2, 3, 4 } };
	unsigned seen[7] = { 0 };

	(void)state;
	for (int i = 0; i < 70000; i++) {
		uint32_t x = rng_below(&r, 7);

		assert_true(x < 7);
		seen[x]++;
	}
	for (size_t i = 0; i < 7; i++)
		assert_in_range(seen[i], 9500, 10500);
	assert_int_equal(rng_below(&r, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_numbers),
		cmocka_unit_test(test_zero_state_is_left),
		cmocka_unit_test(test_below_covers_its_range_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
