/* Peaks: none in what goes on as it did, one when it rises, and none again before it came down. */
#include "tests/unit/check.h"

#include "base/peak.h"
#include "base/rng.h"

enum { DAY = 8640 };

/* A day of traffic that swings by two and has bursts of three: no alarm. */
static void test_normal_traffic(void **state)
{
	struct rng r = { .s = { 1, 2, 3, 4 } };

	(void)state;
	for (uint32_t level = 0; level < 5000; level = level * 2 + 1) {
		struct peak p = { .floor = 20 };

		for (unsigned i = 0; i < DAY; i++) {
			uint64_t n = level ? level / 2 + rng_below(&r, level) : 0;

			if (i % 97 == 5)
				n *= 3;
			assert_false(peak_feed(&p, n, 0));
		}
	}
}

static void feed(struct peak *p, unsigned times, uint64_t n)
{
	for (unsigned i = 0; i < times; i++)
		assert_false(peak_feed(p, n, 0));
}

static void test_rises_once_and_again(void **state)
{
	struct peak p = { .floor = 20 };

	(void)state;
	feed(&p, 100, 3);
	feed(&p, 1, 19); /* under the floor */
	assert_true(peak_feed(&p, 60, 0));
	feed(&p, 20, 60); /* still the same one */
	feed(&p, 2, 15);  /* between the two thresholds */
	assert_true(p.is_high);
	feed(&p, 1, 60);
	feed(&p, 5, 2); /* over */
	assert_false(p.is_high);
	assert_true(peak_feed(&p, 80, 0));
}

/* What a start finds is no peak, also when it is much. */
static void test_start(void **state)
{
	struct peak p = { .floor = 20 };

	(void)state;
	feed(&p, 50, 1000);
	assert_false(p.is_high);
}

/* With many tries many failures are few. */
static void test_share(void **state)
{
	struct peak p = { .floor = 100 };

	(void)state;
	feed(&p, 20, 1);
	assert_false(peak_feed(&p, 200, 100000));
	assert_true(peak_feed(&p, 6000, 100000));
}

/* Numbers that a liar writes. */
static void test_bounds(void **state)
{
	struct peak p = { .floor = 100 };

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		(void)peak_feed(&p, i % 2 ? UINT64_MAX : 0, UINT64_MAX);
	assert_true(p.mean <= (UINT64_C(1) << 48));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal_traffic), cmocka_unit_test(test_rises_once_and_again),
		cmocka_unit_test(test_start),	       cmocka_unit_test(test_share),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
