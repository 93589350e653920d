/* Restarts: immediate, then later and later; a storm of one role waits; what is planned is not a
 * failure. */
#include "tests/ipc/keeper_kit.h"
#include "tests/unit/check.h"

#include "role/keeper/seat.h"

#include <unistd.h>

static const struct process_end killed = { .is_signal = true, .value = 9 };

/* Whoever is started there when that is due ends after lived_ms; how long the seat then waits. */
static uint64_t ends_after(struct keeper *k, struct keeper_seat *s, uint64_t lived_ms)
{
	struct keeper_child c = { .k = k, .role = s->role, .index = s->index };

	if (s->due_ms > k->loop.now_ms)
		k->loop.now_ms = s->due_ms;
	(void)seat_give(s, &c);
	c.started_ms = k->loop.now_ms;
	k->loop.now_ms += lived_ms;
	seat_on_end(&c, &killed);
	assert_null(s->child);
	return s->due_ms - k->loop.now_ms;
}

static void test_back_off_doubles(void **state)
{
	struct keeper *k = keeper_kit_new();
	struct keeper_seat *s = seat_of(k, ROLE_DIALER, 0);
	static const uint64_t want[] = { 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		assert_int_equal(ends_after(k, s, 1), want[i]);
		k->loop.now_ms += 2000; /* no storm: few deaths in ten seconds */
	}
	assert_int_equal(s->restarts, COUNT_OF(want));
	/* alive for ten seconds: as if nothing had been */
	assert_int_equal(ends_after(k, s, KEEPER_ALIVE_MS), 0);
	assert_int_equal(ends_after(k, s, 1), 100);
	keeper_kit_free(k);
}

/* P11: a change put another process there a moment ago; that is no reason to wait. */
static void test_change_is_no_new_begin(void **state)
{
	struct keeper *k = keeper_kit_new();
	struct keeper_seat *s = seat_of(k, ROLE_SIGNER, 0);

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct keeper_child old = { .k = k, .role = ROLE_SIGNER };

		(void)seat_give(s, &old);
		k->loop.now_ms += KEEPER_ALIVE_MS;
		assert_ptr_equal(seat_give(s, NULL), &old);
		assert_int_equal(ends_after(k, s, 1), 0);
	}
	keeper_kit_free(k);
}

/* Ten edges end at once: each seat's own back-off is zero, the storm guard's is not. */
static void test_storm(void **state)
{
	struct keeper *k = keeper_kit_new();

	(void)state;
	for (unsigned i = 0; i < KEEPER_STORM_DEATHS - 1; i++)
		assert_int_equal(ends_after(k, seat_of(k, ROLE_EDGE, i), 1), 0);
	assert_int_equal(ends_after(k, seat_of(k, ROLE_EDGE, 30), 1), KEEPER_BACKOFF_MAX_MS);
	assert_int_equal(ends_after(k, seat_of(k, ROLE_EDGE, 31), 1), KEEPER_BACKOFF_MAX_MS);
	/* another role has nothing to do with it */
	assert_int_equal(ends_after(k, seat_of(k, ROLE_SIGNER, 0), 1), 0);
	k->loop.now_ms += KEEPER_ALIVE_MS + 1;
	assert_int_equal(ends_after(k, seat_of(k, ROLE_EDGE, 40), 1), 0);
	keeper_kit_free(k);
}

static void test_planned_end_is_no_failure(void **state)
{
	struct keeper *k = keeper_kit_new();
	struct keeper_seat *s = seat_of(k, ROLE_AUDIT, 0);
	struct keeper_child c = { .k = k, .role = ROLE_AUDIT, .is_draining = true };

	(void)state;
	(void)seat_give(s, &c);
	seat_on_end(&c, &(struct process_end){ 0 });
	assert_int_equal(s->due_ms, k->loop.now_ms);
	assert_int_equal(s->restarts, 0);
	keeper_kit_free(k);
}

static void test_stopping_restarts_nobody(void **state)
{
	struct keeper *k = keeper_kit_new();
	struct keeper_seat *s = seat_of(k, ROLE_EDGE, 1);
	struct keeper_child c = { .k = k, .role = ROLE_EDGE, .index = 1 };

	(void)state;
	k->stop.stage = STOP_EDGES;
	(void)seat_give(s, &c);
	seat_on_end(&c, &killed);
	assert_int_equal(s->due_ms, 0);
	assert_int_equal(seat_tick(k), UINT64_MAX);
	keeper_kit_free(k);
}

/* A program that is missing: the seat tries again, later and later, and the keeper goes on. */
static void test_program_is_missing(void **state)
{
	struct keeper *k = keeper_kit_new();
	struct keeper_seat *s = seat_of(k, ROLE_CONSOLE, 0);

	(void)state;
	seat_want(s, k->loop.now_ms);
	for (unsigned i = 0; i < 4; i++) {
		k->loop.now_ms = s->due_ms;
		(void)seat_tick(k);
		assert_null(s->child);
		assert_true(s->due_ms >= k->loop.now_ms);
	}
	assert_int_equal(s->restarts, 4);
	assert_int_equal(s->due_ms - k->loop.now_ms, 400);
	keeper_kit_free(k);
}

static void test_all_run(void **state)
{
	struct keeper *k = keeper_kit_new();
	struct keeper_child c = { .k = k, .role = ROLE_EDGE, .state = CHILD_STARTING };
	struct keeper_seat *s = seat_of(k, ROLE_EDGE, 0);

	(void)state;
	assert_true(seat_all_run(k));
	(void)seat_give(s, &c);
	assert_false(seat_all_run(k));
	c.state = CHILD_RUNNING;
	assert_true(seat_all_run(k));
	c.swap = 3;
	assert_false(seat_all_run(k));
	c.swap = 0;
	c.is_draining = true;
	assert_false(seat_all_run(k));
	keeper_kit_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_back_off_doubles),
		cmocka_unit_test(test_change_is_no_new_begin),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_planned_end_is_no_failure),
		cmocka_unit_test(test_stopping_restarts_nobody),
		cmocka_unit_test(test_program_is_missing),
		cmocka_unit_test(test_all_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
