/* balance/budget: a part of all requests, and a few in any case. */
#include "tests/unit/check.h"

#include "balance/budget.h"

static uint32_t spend_all(struct budget *b, uint32_t percent, uint64_t now_ms)
{
	uint32_t n = 0;

	while (n < 1000000 && budget_spend(b, percent, now_ms))
		n++;
	return n;
}

static void test_reserve(void **state)
{
	struct budget b = { 0 };

	(void)state;
	assert_int_equal(spend_all(&b, 20, 5000), BUDGET_MAX); /* full at first */
	assert_int_equal(spend_all(&b, 20, 5000), 0);
	assert_int_equal(spend_all(&b, 20, 5099), 0);
	assert_int_equal(spend_all(&b, 20, 5100), 1);
	assert_int_equal(spend_all(&b, 20, 6100), BUDGET_PER_S);
	assert_int_equal(spend_all(&b, 20, 6100 + 3600 * 1000), BUDGET_MAX);
	assert_int_equal(spend_all(&b, 20, UINT64_MAX), BUDGET_MAX);
}

static void test_part(void **state)
{
	(void)state;
	for (uint32_t percent = 1; percent <= 100; percent += 9) {
		struct budget b = { 0 };
		uint32_t tries = 0;

		(void)spend_all(&b, percent, 1);
		for (uint32_t i = 0; i < 100000; i++) {
			budget_deposit(&b, percent);
			tries += budget_spend(&b, percent, 1);
		}
		assert_in_range(tries, 1000 * percent - 1, 1000 * percent);
	}
}

static void test_bounded(void **state)
{
	struct budget b = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 1000000; i++)
		budget_deposit(&b, 100);
	assert_int_equal(spend_all(&b, 100, 1), BUDGET_MAX);
}

static void test_none(void **state)
{
	struct budget b = { 0 };

	(void)state;
	budget_deposit(&b, 0);
	assert_false(budget_spend(&b, 0, 1000));
}

/* A clock that stands still or goes back gives nothing. */
static void test_clock(void **state)
{
	struct budget b = { 0 };

	(void)state;
	assert_int_equal(spend_all(&b, 20, 9000), BUDGET_MAX);
	assert_int_equal(spend_all(&b, 20, 1000), 0);
	assert_int_equal(spend_all(&b, 20, 9000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reserve), cmocka_unit_test(test_part),
		cmocka_unit_test(test_bounded), cmocka_unit_test(test_none),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
