/* RFC 9113 §5.1, §5.1.1: streams that are gone, and what may still come of them. */
#include "role/edge/h2_gone.h"

#include "tests/unit/check.h"

static void test_begin(void **state)
{
	struct h2_gone g = { 0 };

	(void)state;
	assert_true(h2_gone_begin(&g, 1));
	assert_false(h2_gone_begin(&g, 1));
	assert_true(h2_gone_begin(&g, 3));
	assert_false(h2_gone_begin(&g, 1));
	assert_int_equal(g.last, 3);
	assert_true(h2_gone_begin(&g, INT32_MAX));
	assert_false(h2_gone_begin(&g, INT32_MAX));
}

/* Numbers that were left out are another error than those that are over. */
static void test_gap(void **state)
{
	struct h2_gone g = { 0 };

	(void)state;
	assert_true(h2_gone_begin(&g, 5));
	assert_int_equal(h2_gone_what(&g, 1), H2_GONE_NEVER);
	assert_int_equal(h2_gone_what(&g, 3), H2_GONE_NEVER);
	assert_int_equal(h2_gone_what(&g, 5), H2_GONE_ENDED);
	assert_true(h2_gone_begin(&g, 7));
	assert_int_equal(h2_gone_what(&g, 7), H2_GONE_ENDED);
	assert_true(h2_gone_begin(&g, 11));
	assert_int_equal(h2_gone_what(&g, 9), H2_GONE_NEVER);
	assert_int_equal(h2_gone_what(&g, 7), H2_GONE_ENDED);
}

static void test_reset(void **state)
{
	struct h2_gone g = { 0 };

	(void)state;
	assert_true(h2_gone_begin(&g, 1));
	assert_true(h2_gone_begin(&g, 3));
	assert_int_equal(h2_gone_what(&g, 1), H2_GONE_ENDED);
	h2_gone_reset(&g, 1);
	assert_int_equal(h2_gone_what(&g, 1), H2_GONE_CROSSED);
	assert_int_equal(h2_gone_what(&g, 3), H2_GONE_ENDED);
}

/* Who opens many streams that are reset is never blamed for what crossed. */
static void test_forgets(void **state)
{
	struct h2_gone g = { 0 };

	(void)state;
	for (int32_t i = 0; i < 4 * H2_GONE_RESETS; i++) {
		assert_true(h2_gone_begin(&g, 4 * i + 1));
		assert_true(h2_gone_begin(&g, 4 * i + 3));
		h2_gone_reset(&g, 4 * i + 1);
		for (int32_t k = 0; k <= i; k++)
			assert_int_equal(h2_gone_what(&g, 4 * k + 1), H2_GONE_CROSSED);
		assert_int_equal(h2_gone_what(&g, 4 * i + 3), H2_GONE_ENDED);
	}
	assert_int_equal(h2_gone_what(&g, 3), H2_GONE_CROSSED); /* nobody knows any more */
}

/* Also when they end in another order than they began. */
static void test_any_order(void **state)
{
	struct h2_gone g = { 0 };

	(void)state;
	for (int32_t id = 1; id < 400; id += 2)
		assert_true(h2_gone_begin(&g, id));
	for (int32_t id = 399; id > 0; id -= 2)
		h2_gone_reset(&g, id);
	for (int32_t id = 1; id < 400; id += 2)
		assert_int_equal(h2_gone_what(&g, id), H2_GONE_CROSSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_begin),	  cmocka_unit_test(test_gap),
		cmocka_unit_test(test_reset),	  cmocka_unit_test(test_forgets),
		cmocka_unit_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
