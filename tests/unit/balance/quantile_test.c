/* balance/quantile: near the true one for streams of several kinds, and quick to follow. */
#include "tests/unit/check.h"

#include "balance/quantile.h"
#include "base/rng.h"

enum { SAMPLES = 20000 };

/* Times in microseconds of four kinds: even, with a long tail, two humps, one value. */
static uint64_t sample_of(unsigned kind, struct rng *r)
{
	uint32_t u = rng_below(r, 1000);

	switch (kind) {
	case 0:
		return 1000 + rng_below(r, 9000);
	case 1:
		return 500u * 1000u / (1000u - u);
	case 2:
		return u < 900 ? 2000 + rng_below(r, 100) : 50000 + rng_below(r, 1000);
	default:
		return 7000;
	}
}

static void test_share_below(void **state)
{
	static const uint32_t percents[] = { 50, 75, 90, 95, 99 };

	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		for (size_t k = 0; k < COUNT_OF(percents); k++) {
			struct rng r = { { 5, 6, 7, 8 } };
			uint32_t at = 0, below = 0;

			for (unsigned i = 0; i < SAMPLES; i++) {
				uint64_t x = sample_of(kind, &r);

				below += i >= SAMPLES / 2 && x <= at;
				quantile_add(&at, x, percents[k]);
			}
			below = below * 100 / (SAMPLES / 2);
			assert_in_range(below, percents[k] - 6, percents[k] + 6);
		}
	}
}

static void test_follows(void **state)
{
	uint32_t at = 0;
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		quantile_add(&at, 1000, 95);
	for (n = 0; at < 100000; n++)
		quantile_add(&at, 100000, 95);
	assert_in_range(n, 1, 60);
	for (n = 0; at > 2000; n++)
		quantile_add(&at, 1000, 95);
	assert_in_range(n, 1, 1000);
}

static void test_bounds(void **state)
{
	uint32_t at = 0;

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		quantile_add(&at, UINT64_MAX, 99);
	assert_in_range(at, 1, 1 << 30);
	for (unsigned i = 0; i < 50000; i++)
		quantile_add(&at, 0, 1);
	assert_in_range(at, 1, 64);
	at = 1;
	quantile_add(&at, 0, 1);
	assert_in_range(at, 1, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_share_below),
		cmocka_unit_test(test_follows),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
