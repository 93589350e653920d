/* Buckets at their bounds, and quantiles of what is known. */
#include "tests/unit/check.h"

#include "base/histogram.h"

static void test_bounds(void **state)
{
	(void)state;
	assert_int_equal(histogram_bucket(0), 0);
	assert_int_equal(histogram_bucket(250), 0);
	assert_int_equal(histogram_bucket(251), 1);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		assert_true(histogram_bound_us(i) == (uint64_t)250 << i);
		assert_int_equal(histogram_bucket(histogram_bound_us(i)), i);
		assert_int_equal(histogram_bucket(histogram_bound_us(i) + 1), i + 1);
	}
	assert_true(histogram_bound_us(HISTOGRAM_BUCKETS - 1) == UINT64_MAX);
	assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void test_quantiles(void **state)
{
	uint64_t c[HISTOGRAM_BUCKETS] = { 0 };

	(void)state;
	assert_int_equal(histogram_quantile_us(c, 500), 0);
	c[1] = 100; /* 251 .. 500 us */
	assert_int_equal(histogram_quantile_us(c, 500), 375);
	assert_int_equal(histogram_quantile_us(c, 1000), 500);
	assert_int_equal(histogram_quantile_us(c, 5000), 500);
	c[3] = 100; /* 1001 .. 2000 us */
	assert_int_equal(histogram_quantile_us(c, 500), 500);
	assert_int_equal(histogram_quantile_us(c, 750), 1500);
	c[15] = 10000; /* longer than can be told */
	assert_int_equal(histogram_quantile_us(c, 990), 4096000);
}

/* Counters of a process that lies: any answer, but one. */
static void test_absurd(void **state)
{
	uint64_t c[HISTOGRAM_BUCKETS];

	(void)state;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		c[i] = UINT64_MAX - i;
	for (unsigned p = 0; p <= 1000; p += 10)
		assert_true(histogram_quantile_us(c, p) <= 4096000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_absurd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
