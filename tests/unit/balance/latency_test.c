/* peak_ewma's estimate and what neighbours may do to it; slow start; round robin among many. */
#include "balance/balance.h"

#include "balance/peak_ewma.h"
#include "balance/round_robin.h"
#include "balance/slow_start.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MANY = 10000 };

static struct balance_server server[MANY];

static struct balance_pool make(enum image_balance algorithm, uint32_t n, uint16_t heavy)
{
	struct balance_pool p = { 0 };

	for (uint32_t i = 0; i < n; i++)
		server[i] = (struct balance_server){ .weight = i ? 1 : heavy };
	balance_init(&p, server, n, algorithm);
	for (uint32_t i = 0; i < n; i++)
		balance_set_usable(&p, i, true);
	return p;
}

static uint32_t pick(struct balance_pool *p, struct rng *rng)
{
	return balance_pick(p, &(struct balance_facts){ .rng = rng });
}

static void a_peak_counts_at_once_and_sinks_slowly(void **state)
{
	struct peak_ewma m = { 0 };

	(void)state;
	assert_int_equal(peak_ewma_now(&m, 5000), 0);
	peak_ewma_seen(&m, 1000, false, 5000);
	assert_int_equal(peak_ewma_now(&m, 5000), 1000);
	peak_ewma_seen(&m, 50000, false, 5001);
	assert_int_equal(peak_ewma_now(&m, 5001), 50000);
	peak_ewma_seen(&m, 1000, false, 5002); /* one fast answer makes no fast server */
	assert_in_range(peak_ewma_now(&m, 5002), 49000, 50000);
	/* after the decay time a third is left (1/e, within 6 %), after ten of them next to nothing
	 */
	assert_in_range(peak_ewma_now(&m, 5002 + PEAK_EWMA_DECAY_MS), 18000, 19800);
	assert_int_equal(peak_ewma_now(&m, 5002 + 20 * PEAK_EWMA_DECAY_MS), 1);
}

static void it_never_grows_by_itself(void **state)
{
	struct peak_ewma m = { .latency_us = PEAK_EWMA_MAX_US, .at_ms = 0 };
	uint32_t before = UINT32_MAX;

	(void)state;
	for (uint64_t ms = 0; ms < 200000; ms += 37) {
		uint32_t now = peak_ewma_now(&m, ms);

		assert_true(now <= before && now >= 1);
		before = now;
	}
}

static void failures_are_slow(void **state)
{
	struct peak_ewma m = { 0 };

	(void)state;
	peak_ewma_seen(&m, 10, true, 1);
	assert_int_equal(m.latency_us, PEAK_EWMA_FAILURE_US);
	peak_ewma_seen(&m, UINT64_MAX, true, 2);
	assert_int_equal(m.latency_us, PEAK_EWMA_MAX_US);
	peak_ewma_seen(&m, 0, false, 3 + 30 * PEAK_EWMA_DECAY_MS);
	assert_int_equal(m.latency_us, 1);
}

/* A page that was written by somebody hostile: any latency, any time. */
static void claims_are_held_to_what_can_be(void **state)
{
	struct peak_ewma m = { .latency_us = UINT32_MAX, .at_ms = 9000 };

	(void)state;
	assert_in_range(peak_ewma_now(&m, 1000), 1, PEAK_EWMA_MAX_US); /* from the future */
	assert_int_equal(peak_ewma_limit(1000, UINT32_MAX), 8000);
	assert_int_equal(peak_ewma_limit(1000, 1), 125);
	assert_int_equal(peak_ewma_limit(1000, 1234), 1234);
	assert_int_equal(peak_ewma_limit(0, UINT32_MAX), PEAK_EWMA_MAX_US);
	assert_int_equal(peak_ewma_limit(UINT32_MAX, UINT32_MAX), PEAK_EWMA_MAX_US);
	assert_int_equal(peak_ewma_join(1000, 8000, 1), 4500);
	assert_int_equal(peak_ewma_join(0, 300, 3), 100);
	assert_int_equal(peak_ewma_join(700, 0, 0), 700);
	assert_int_equal(peak_ewma_join(0, 0, 0), 0);
}

static void the_cheaper_of_two_is_taken(void **state)
{
	struct rng rng = { { 1, 2, 3, 4 } };
	struct balance_pool p = make(IMAGE_PEAK_EWMA, 2, 1);

	(void)state;
	server[0].latency_us = 1000;
	server[1].latency_us = 5000;
	balance_set_in_flight(&p, 0, 3); /* 4 * 1000 < 1 * 5000 */
	for (unsigned t = 0; t < 50; t++)
		assert_int_equal(pick(&p, &rng), 0);
	balance_set_in_flight(&p, 0, 5);
	for (unsigned t = 0; t < 50; t++)
		assert_int_equal(pick(&p, &rng), 1);
	server[1].latency_us = 0; /* nothing is known: one try, no more at once */
	assert_int_equal(pick(&p, &rng), 1);
	balance_set_in_flight(&p, 1, 1);
	assert_int_equal(pick(&p, &rng), 0);
	balance_set_in_flight(&p, 0, UINT64_MAX); /* no overflow */
	server[0].latency_us = server[1].latency_us = UINT32_MAX;
	assert_int_equal(pick(&p, &rng), 1);
}

static void slow_start_is_a_straight_line(void **state)
{
	uint32_t before = 0;

	(void)state;
	assert_int_equal(slow_start_part(0, 100, 1000), SLOW_START_ALL);
	assert_int_equal(slow_start_part(100, 100, 1000), SLOW_START_LEAST);
	assert_int_equal(slow_start_part(100, 50, 1000), SLOW_START_LEAST);
	assert_int_equal(slow_start_part(100, 600, 1000), (SLOW_START_LEAST + SLOW_START_ALL) / 2);
	assert_int_equal(slow_start_part(100, 1100, 1000), SLOW_START_ALL);
	assert_int_equal(slow_start_part(100, 100, 0), SLOW_START_ALL);
	assert_int_equal(slow_start_part(1, UINT64_MAX, UINT32_MAX), SLOW_START_ALL);
	for (uint64_t ms = 100; ms < 1200; ms++) {
		assert_true(slow_start_part(100, ms, 1000) >= before);
		before = slow_start_part(100, ms, 1000);
	}
}

/* The algorithms that know weights give a starting server what its weight says. */
static void a_starting_server_gets_its_part(void **state)
{
	static const enum image_balance some[] = { IMAGE_RANDOM, IMAGE_LEAST_REQUESTS,
						   IMAGE_ROUND_ROBIN };

	(void)state;
	for (unsigned a = 0; a < 3; a++) {
		struct rng rng = { { 1, 2, 3, 4 } };
		struct balance_pool p = make(some[a], 4, 1);
		unsigned count = 0;

		balance_set_weight(&p, 2, 64);
		assert_int_equal(p.starting, 1);
		for (unsigned t = 0; t < 13000; t++)
			count += pick(&p, &rng) == 2;
		assert_in_range(count, 900, 1100); /* 1 of 13 */
		balance_set_weight(&p, 2, 256);
		assert_int_equal(p.starting, 0);
		count = 0;
		for (unsigned t = 0; t < 4000; t++)
			count += pick(&p, &rng) == 2;
		assert_in_range(count, 900, 1100);
	}
}

static void round_robin_among_many_is_exact(void **state)
{
	static const uint16_t heavy[] = { 1, 2, 256 };
	static unsigned count[MANY];

	(void)state;
	for (unsigned z = 0; z < 3; z++) {
		struct rng rng = { { 1, 2, 3, 4 } };
		struct balance_pool p = make(IMAGE_ROUND_ROBIN, 1000, heavy[z]);
		unsigned sum = 999u + heavy[z];

		for (unsigned i = 0; i < 1000; i++)
			count[i] = 0;
		for (unsigned t = 0; t < 3 * sum; t++)
			count[pick(&p, &rng)]++;
		for (unsigned i = 0; i < 1000; i++)
			assert_int_equal(count[i], 3u * (i ? 1 : heavy[z]));
	}
}

static void round_robin_among_many_skips_and_spreads(void **state)
{
	struct rng rng = { { 1, 2, 3, 4 } };
	struct balance_pool p = make(IMAGE_ROUND_ROBIN, MANY, 100);
	struct balance_tried tried = { 0 };
	unsigned heavy = 0;

	(void)state;
	for (uint32_t i = 50; i < MANY; i++)
		balance_set_usable(&p, i, false);
	for (unsigned t = 1; t <= 149; t++) { /* 100 of 149 are the heavy one's, evenly */
		uint32_t i = pick(&p, &rng);

		assert_true(i < 50);
		heavy += i == 0;
		assert_in_range(heavy * 149 + 300, t * 100, t * 100 + 600);
	}
	assert_int_equal(heavy, 100);
	for (uint32_t t = 0; t < 8; t++) {
		uint32_t i =
			balance_pick(&p, &(struct balance_facts){ .tried = &tried, .rng = &rng });

		assert_true(i < 50 && !balance_was_tried(&tried, i));
		balance_tried_add(&tried, i);
	}
}

static void first_is_the_first_that_can_be(void **state)
{
	struct rng rng = { { 1, 2, 3, 4 } };
	struct balance_pool p = make(IMAGE_FIRST, MANY, 1);
	const struct balance_tried tried = { .n = 2, .index = { 7, 5 } };

	(void)state;
	assert_int_equal(pick(&p, &rng), 0);
	for (uint32_t i = 0; i < 5; i++)
		balance_set_usable(&p, i, false);
	assert_int_equal(pick(&p, &rng), 5);
	assert_int_equal(balance_pick(&p, &(struct balance_facts){ .tried = &tried, .rng = &rng }),
			 6);
	balance_set_usable(&p, 2, true);
	assert_int_equal(pick(&p, &rng), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peak_counts_at_once_and_sinks_slowly),
		cmocka_unit_test(it_never_grows_by_itself),
		cmocka_unit_test(failures_are_slow),
		cmocka_unit_test(claims_are_held_to_what_can_be),
		cmocka_unit_test(the_cheaper_of_two_is_taken),
		cmocka_unit_test(slow_start_is_a_straight_line),
		cmocka_unit_test(a_starting_server_gets_its_part),
		cmocka_unit_test(round_robin_among_many_is_exact),
		cmocka_unit_test(round_robin_among_many_skips_and_spreads),
		cmocka_unit_test(first_is_the_first_that_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
