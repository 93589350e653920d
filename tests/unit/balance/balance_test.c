/* Balancing: exactness of round robin, fairness and weights of least requests, who may be chosen.
 */
#include "balance/balance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SERVERS_MAX = 2000 };

struct bench {
	struct balance_pool pool;
	struct balance_server server[SERVERS_MAX];
	struct rng rng;
};

static struct bench bench;

/* Not by assignment: a compiler may build so large a value on the stack. */
static void bench_clear(uint64_t seed)
{
	memset(&bench, 0, sizeof bench);
	bench.rng = (struct rng){ { seed, 2, 3, 4 } };
}

static struct balance_pool *setup(enum image_balance algorithm, const uint16_t *weights, uint32_t n)
{
	bench_clear(1);
	for (uint32_t i = 0; i < n; i++)
		bench.server[i].weight = weights ? weights[i] : 1;
	balance_init(&bench.pool, bench.server, n, algorithm);
	for (uint32_t i = 0; i < n; i++)
		balance_set_usable(&bench.pool, i, true);
	return &bench.pool;
}

static uint32_t pick(const struct balance_tried *tried)
{
	return balance_pick(&bench.pool,
			    &(struct balance_facts){ .tried = tried, .rng = &bench.rng });
}

static void nothing_usable_gives_none(void **state)
{
	static const enum image_balance both[] = { IMAGE_LEAST_REQUESTS, IMAGE_ROUND_ROBIN };

	(void)state;
	for (unsigned k = 0; k < 2; k++)
		for (uint32_t n = 0; n < 40; n++) {
			struct balance_pool *p = setup(both[k], NULL, n);

			for (uint32_t i = 0; i < n; i++)
				balance_set_usable(p, i, false);
			assert_int_equal(pick(NULL), BALANCE_NONE);
			assert_int_equal(p->total[0], 0);
		}
}

static void round_robin_every_window_is_exact(void **state)
{
	static const uint16_t weights[] = { 5, 1, 1, 3, 256, 2 };
	enum { SUM = 268, N = 6, TURNS = 5 };
	static uint32_t seen[SUM * TURNS];

	(void)state;
	setup(IMAGE_ROUND_ROBIN, weights, N);
	for (unsigned t = 0; t < SUM * TURNS; t++)
		seen[t] = pick(NULL);
	for (unsigned from = 0; from + SUM <= SUM * TURNS; from++) {
		unsigned count[N] = { 0 };

		for (unsigned t = from; t < from + SUM; t++)
			count[seen[t]]++;
		for (unsigned i = 0; i < N; i++)
			assert_int_equal(count[i], weights[i]);
	}
}

static void round_robin_is_smooth(void **state)
{
	/* 5:1:1 is a a b a c a a, never five in a row */
	static const uint16_t weights[] = { 5, 1, 1 };
	static const uint32_t want[] = { 0, 0, 1, 0, 2, 0, 0 };

	(void)state;
	setup(IMAGE_ROUND_ROBIN, weights, 3);
	for (unsigned t = 0; t < 70; t++)
		assert_int_equal(pick(NULL), want[t % 7]);
}

static void round_robin_is_exact_again_after_a_change(void **state)
{
	static const uint16_t weights[] = { 7, 2, 4 };
	unsigned count[3] = { 0 };

	(void)state;
	setup(IMAGE_ROUND_ROBIN, weights, 3);
	for (unsigned t = 0; t < 5; t++)
		(void)pick(NULL);
	balance_set_usable(&bench.pool, 0, false);
	for (unsigned t = 0; t < 6; t++)
		count[pick(NULL)]++;
	assert_int_equal(count[0], 0);
	assert_int_equal(count[1], 2);
	assert_int_equal(count[2], 4);
	balance_set_usable(&bench.pool, 0, true);
	count[1] = count[2] = 0;
	for (unsigned t = 0; t < 13; t++)
		count[pick(NULL)]++;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(count[i], weights[i]);
}

static void backup_only_when_no_primary_is_left(void **state)
{
	static const enum image_balance both[] = { IMAGE_LEAST_REQUESTS, IMAGE_ROUND_ROBIN };

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct balance_tried tried = { 0 };

		bench_clear(9);
		for (unsigned i = 0; i < 4; i++)
			bench.server[i] =
				(struct balance_server){ .weight = 1, .is_backup = i >= 2 };
		balance_init(&bench.pool, bench.server, 4, both[k]);
		for (unsigned i = 0; i < 4; i++)
			balance_set_usable(&bench.pool, i, true);
		for (unsigned t = 0; t < 100; t++)
			assert_true(pick(NULL) < 2);
		balance_tried_add(&tried, 0);
		for (unsigned t = 0; t < 100; t++)
			assert_int_equal(pick(&tried), 1);
		balance_tried_add(&tried, 1);
		for (unsigned t = 0; t < 100; t++)
			assert_in_range(pick(&tried), 2, 3);
		balance_set_usable(&bench.pool, 0, false);
		balance_set_usable(&bench.pool, 1, false);
		for (unsigned t = 0; t < 100; t++)
			assert_in_range(pick(NULL), 2, 3);
		balance_tried_add(&tried, 2);
		balance_tried_add(&tried, 3);
		assert_int_equal(pick(&tried), BALANCE_NONE);
	}
}

static void tried_ones_are_left_out(void **state)
{
	static const enum image_balance both[] = { IMAGE_LEAST_REQUESTS, IMAGE_ROUND_ROBIN };
	static const uint32_t sizes[] = { 1, 2, 3, 8, 33, 200 };

	(void)state;
	for (unsigned k = 0; k < 2; k++)
		for (unsigned z = 0; z < 6; z++) {
			struct balance_tried tried = { .n = 1, .index = { 100000 } };
			uint32_t n = sizes[z], all = n < 7 ? n : 7;

			setup(both[k], NULL, n);
			for (uint32_t t = 0; t < all; t++) {
				uint32_t i = pick(&tried);

				assert_true(i < n);
				for (uint32_t q = 0; q < tried.n; q++)
					assert_int_not_equal(i, tried.index[q]);
				balance_tried_add(&tried, i);
			}
			if (n == all)
				assert_int_equal(pick(&tried), BALANCE_NONE);
		}
}

static void tried_is_bounded_and_has_no_doubles(void **state)
{
	struct balance_tried tried = { 0 };

	(void)state;
	balance_tried_add(&tried, 3);
	balance_tried_add(&tried, 3);
	assert_int_equal(tried.n, 1);
	for (uint32_t i = 10; i < 30; i++)
		balance_tried_add(&tried, i);
	assert_int_equal(tried.n, BALANCE_TRIED_MAX);
	assert_int_equal(tried.index[BALANCE_TRIED_MAX - 1], 29);
}

/* One request after the other: the pool is idle at each choice. */
static void least_requests_follows_weights_when_idle(void **state)
{
	static const uint16_t weights[] = { 90, 10 };
	static const uint32_t sizes[] = { 2, 40 };
	enum { TURNS = 100000 };

	(void)state;
	for (unsigned z = 0; z < 2; z++) {
		uint16_t w[40];
		unsigned heavy = 0, total = 0, want = 0;

		for (unsigned i = 0; i < 40; i++)
			w[i] = weights[i % 2];
		setup(IMAGE_LEAST_REQUESTS, w, sizes[z]);
		for (unsigned t = 0; t < TURNS; t++)
			heavy += pick(NULL) % 2 == 0;
		total = TURNS;
		want = total / 10 * 9;
		assert_in_range(heavy, want - total / 100, want + total / 100);
	}
}

static void least_requests_prefers_the_less_loaded(void **state)
{
	static const uint16_t weights[] = { 4, 1 };

	(void)state;
	setup(IMAGE_LEAST_REQUESTS, NULL, 2);
	bench.server[0].in_flight = 3;
	bench.server[1].in_flight = 2;
	for (unsigned t = 0; t < 100; t++)
		assert_int_equal(pick(NULL), 1);
	setup(IMAGE_LEAST_REQUESTS, weights, 2);
	bench.server[0].in_flight = 2; /* 3/4 with one more, against 1/1 */
	for (unsigned t = 0; t < 100; t++)
		assert_int_equal(pick(NULL), 0);
	bench.server[0].in_flight = 4; /* 5/4 against 1/1 */
	for (unsigned t = 0; t < 100; t++)
		assert_int_equal(pick(NULL), 1);
	bench.server[0].in_flight = bench.server[1].in_flight = UINT32_MAX; /* no overflow */
	assert_int_equal(pick(NULL), 0);
}

static void least_requests_finds_the_few_usable_of_many(void **state)
{
	(void)state;
	setup(IMAGE_LEAST_REQUESTS, NULL, SERVERS_MAX);
	for (uint32_t i = 0; i < SERVERS_MAX; i++)
		balance_set_usable(&bench.pool, i, i == 77 || i == 1999);
	for (unsigned t = 0; t < 1000; t++) {
		uint32_t i = pick(NULL);

		assert_true(i == 77 || i == 1999);
	}
}

/*
 * Requests arrive at an even rate; server i needs service_ms[i] for each. Time steps of 1 ms; what
 * is printed is what a pool with one slow server does under each algorithm.
 */
struct sim {
	unsigned served[4], peak[4];
};

static void simulate(enum image_balance algorithm, const unsigned service_ms[4], struct sim *ret)
{
	enum { STEPS = 20000, DUE_MAX = 4096 };
	static unsigned due[4][DUE_MAX];
	unsigned head[4] = { 0 }, tail[4] = { 0 };

	setup(algorithm, NULL, 4);
	*ret = (struct sim){ 0 };
	for (unsigned now = 0; now < STEPS; now++) {
		for (unsigned i = 0; i < 4; i++)
			for (; tail[i] != head[i] && due[i][tail[i] % DUE_MAX] <= now; tail[i]++)
				bench.server[i].in_flight--;
		for (unsigned k = 0; k < 2; k++) {
			uint32_t i = pick(NULL);

			due[i][head[i]++ % DUE_MAX] = now + service_ms[i];
			ret->served[i]++;
			if (++bench.server[i].in_flight > ret->peak[i])
				ret->peak[i] = bench.server[i].in_flight;
			assert_true(head[i] - tail[i] < DUE_MAX);
		}
	}
}

static void a_slow_server_gets_less(void **state)
{
	static const unsigned service_ms[4] = { 10, 10, 10, 100 };
	struct sim lr = { 0 }, rr = { 0 };

	(void)state;
	simulate(IMAGE_LEAST_REQUESTS, service_ms, &lr);
	simulate(IMAGE_ROUND_ROBIN, service_ms, &rr);
	printf("# 2000 requests/s, 20 s; server 3 is ten times slower\n");
	printf("# server  service_ms  least_requests: served  peak   round_robin: served  peak\n");
	for (unsigned i = 0; i < 4; i++)
		printf("# %6u  %10u  %22u  %4u  %19u  %4u\n", i, service_ms[i], lr.served[i],
		       lr.peak[i], rr.served[i], rr.peak[i]);
	assert_int_equal(rr.served[0], rr.served[3]);
	assert_true(lr.served[3] * 3 < lr.served[0]);
	assert_true(lr.peak[3] * 3 < rr.peak[3]);
	/* the fast ones share evenly: within 3 % */
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(lr.served[i] * 100 / lr.served[0], 97, 103);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_usable_gives_none),
		cmocka_unit_test(round_robin_every_window_is_exact),
		cmocka_unit_test(round_robin_is_smooth),
		cmocka_unit_test(round_robin_is_exact_again_after_a_change),
		cmocka_unit_test(backup_only_when_no_primary_is_left),
		cmocka_unit_test(tried_ones_are_left_out),
		cmocka_unit_test(tried_is_bounded_and_has_no_doubles),
		cmocka_unit_test(least_requests_follows_weights_when_idle),
		cmocka_unit_test(least_requests_prefers_the_less_loaded),
		cmocka_unit_test(least_requests_finds_the_few_usable_of_many),
		cmocka_unit_test(a_slow_server_gets_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
