/* Deadlines: never early, at most a tick late, movable, cancellable, over clock jumps and rounds.
 */
#include "tests/unit/check.h"

#include "base/wheel.h"

enum { START_MS = 1000 };

/* Milliseconds from START_MS until e comes out when the clock moves in steps; -1: not by end. */
static int64_t comes_at(struct wheel *w, const struct wheel_entry *e, uint64_t end, uint64_t step)
{
	for (uint64_t now = START_MS; now <= START_MS + end; now += step)
		if (wheel_next(w, now) == e)
			return (int64_t)(now - START_MS);
	return -1;
}

static void test_due_on_time(void **state)
{
	static const uint64_t waits[] = { 1, 63, 64, 65, 1000, 100000, 300000, 600000 };
	static struct wheel w;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(waits); i++) {
		struct wheel_entry e = { 0 };
		int64_t at = 0;

		wheel_init(&w, START_MS);
		wheel_entry_init(&e);
		wheel_set(&w, &e, START_MS + waits[i]);
		at = comes_at(&w, &e, waits[i] + 200, 1);
		assert_true(at >= (int64_t)waits[i]);
		assert_true(at <= (int64_t)waits[i] + WHEEL_TICK_MS);
		assert_null(wheel_next(&w, START_MS + 10000000));
	}
}

static void test_moved_later_and_earlier(void **state)
{
	static struct wheel w;
	struct wheel_entry e = { 0 };
	int64_t at = 0;

	(void)state;
	wheel_init(&w, START_MS);
	wheel_entry_init(&e);
	wheel_set(&w, &e, START_MS + 500);
	wheel_set(&w, &e, START_MS + 5000);
	at = comes_at(&w, &e, 6000, 1);
	assert_true(at >= 5000 && at <= 5000 + WHEEL_TICK_MS);

	wheel_init(&w, START_MS);
	wheel_set(&w, &e, START_MS + 5000);
	wheel_set(&w, &e, START_MS + 500);
	at = comes_at(&w, &e, 6000, 1);
	assert_true(at >= 500 && at <= 500 + 2 * WHEEL_TICK_MS);
}

static void test_cancelled_never_comes(void **state)
{
	static struct wheel w;
	struct wheel_entry e = { 0 };

	(void)state;
	wheel_init(&w, START_MS);
	wheel_entry_init(&e);
	wheel_set(&w, &e, START_MS + 100);
	wheel_cancel(&e);
	assert_null(wheel_next(&w, START_MS + 1000000));
	wheel_cancel(&e); /* twice does no harm */
}

static void test_clock_jump_brings_all(void **state)
{
	static struct wheel w;
	struct wheel_entry e[3] = { 0 };
	unsigned n = 0;

	(void)state;
	wheel_init(&w, START_MS);
	for (size_t i = 0; i < 3; i++) {
		wheel_entry_init(&e[i]);
		wheel_set(&w, &e[i], START_MS + 1000 * (i + 1));
	}
	while (wheel_next(&w, START_MS + 3600000))
		n++;
	assert_int_equal(n, 3);
	assert_in_range(wheel_wait_ms(&w, START_MS + 3600000), 0, WHEEL_TICK_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_due_on_time),
		cmocka_unit_test(test_moved_later_and_earlier),
		cmocka_unit_test(test_cancelled_never_comes),
		cmocka_unit_test(test_clock_jump_brings_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
