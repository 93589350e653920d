/* Datagrams that wait: in order, whole, and bounded three times (THREATS A22). */
#include "role/relay/setup.h"
#include "role/relay/waiting.h"
#include "tests/unit/check.h"

#include <sys/mman.h>

static struct relay *made(void)
{
	struct relay *r = setup_new();

	assert_non_null(r);
	assert_int_equal(waiting_init(r), E_OK);
	return r;
}

static void unmade(struct relay *r)
{
	(void)munmap(r->waiting_memory, (size_t)RELAY_WAITING * DATAGRAM_BYTES);
	(void)munmap(r, sizeof *r);
}

static void test_in_order_and_whole(void **state)
{
	struct relay *r = made();
	struct relay_session a = { 0 }, b = { 0 };
	struct view v = { 0 };

	(void)state;
	assert_false(waiting_take(r, &a, &v));
	assert_int_equal(waiting_add(r, &a, VIEW("one"), 3), E_OK);
	assert_int_equal(waiting_add(r, &b, VIEW("other"), 3), E_OK);
	assert_int_equal(waiting_add(r, &a, VIEW(""), 3), E_OK);
	assert_int_equal(waiting_add(r, &a, VIEW("three"), 3), E_OK);
	assert_int_equal(waiting_add(r, &a, VIEW("four"), 3), E_LIMIT);
	assert_true(waiting_take(r, &a, &v) && view_eq(v, VIEW("one")));
	assert_true(waiting_take(r, &a, &v) && v.n == 0);
	assert_int_equal(waiting_add(r, &a, VIEW("again"), 3), E_OK);
	assert_true(waiting_take(r, &a, &v) && view_eq(v, VIEW("three")));
	assert_true(waiting_take(r, &a, &v) && view_eq(v, VIEW("again")));
	assert_false(waiting_take(r, &a, &v));
	assert_int_equal(waiting_forget(r, &b), 1);
	assert_int_equal(r->waiting_bytes, 0);
	unmade(r);
}

static void test_all_slots(void **state)
{
	struct relay *r = made();
	struct relay_session s = { 0 };

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < RELAY_WAITING; i++)
			assert_int_equal(waiting_add(r, &s, VIEW("x"), UINT32_MAX), E_OK);
		assert_int_equal(waiting_add(r, &s, VIEW("x"), UINT32_MAX), E_LIMIT);
		assert_int_equal(waiting_forget(r, &s), RELAY_WAITING);
	}
	unmade(r);
}

static void test_all_bytes(void **state)
{
	static uint8_t long_one[IMAGE_DATAGRAM_MAX];
	struct relay *r = made();
	struct relay_session s = { 0 };
	unsigned n = 0;

	(void)state;
	while (waiting_add(r, &s, view_of(long_one, sizeof long_one), UINT32_MAX) == E_OK)
		n++;
	assert_int_equal(n, RELAY_WAITING_BYTES / sizeof long_one);
	assert_true(n < RELAY_WAITING);
	assert_int_equal(waiting_forget(r, &s), n);
	assert_int_equal(r->waiting_bytes, 0);
	unmade(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order_and_whole),
		cmocka_unit_test(test_all_slots),
		cmocka_unit_test(test_all_bytes),
	};

	return cmocka_run_group_tests_name("relay_waiting", tests, NULL, NULL);
}
