/*
 * The algorithms that hash, and what they stand on: shares, how many keys move when servers come
 * and go, the bound on load, the tree of weights.
 */
#include "balance/balance.h"
#include "balance/tables.h"

#include "balance/bounded.h"
#include "balance/maglev.h"
#include "balance/ring_hash.h"
#include "balance/source_address.h"
#include "balance/weights.h"
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MANY = 10000, KEYS = 20000 };

static const enum image_balance hashing[] = { IMAGE_MAGLEV, IMAGE_RING_HASH, IMAGE_SOURCE_ADDRESS };

struct bench {
	struct balance_pool pool;
	struct balance_server server[MANY];
	void *memory;
};

static struct balance_scratch scratch[MANY];

/* Servers are numbered: number first + i. */
static struct bench *make(enum image_balance algorithm, uint32_t first, uint32_t n,
			  const uint16_t *weights)
{
	struct bench *b = calloc(1, sizeof *b);

	assert_non_null(b);
	for (uint32_t i = 0; i < n; i++)
		b->server[i] = (struct balance_server){ .id = hash_mix(first + i),
							.weight = weights ? weights[i] : 1 };
	balance_init(&b->pool, b->server, n, algorithm);
	b->memory = calloc(tables_bytes(&b->pool) + 1, 1);
	assert_non_null(b->memory);
	tables_build(&b->pool, b->memory, scratch);
	for (uint32_t i = 0; i < n; i++)
		balance_set_usable(&b->pool, i, true);
	return b;
}

static void unmake(struct bench *b)
{
	free(b->memory);
	free(b);
}

static uint32_t pick(struct bench *b, uint64_t key)
{
	struct rng rng = { { key, 2, 3, 4 } };

	return balance_pick(
		&b->pool,
		&(struct balance_facts){ .rng = &rng, .hash = hash_mix(key), .has_hash = true });
}

static void shares_follow_weights(void **state)
{
	static const uint16_t weights[] = { 1, 1, 2, 4, 8 };
	static unsigned count[5];

	(void)state;
	for (unsigned a = 0; a < 3; a++) {
		struct bench *b = make(hashing[a], 100, 5, weights);
		double slack = hashing[a] == IMAGE_RING_HASH ? 0.25 : 0.08;

		for (unsigned i = 0; i < 5; i++)
			count[i] = 0;
		for (uint64_t k = 0; k < KEYS; k++)
			count[pick(b, k)]++;
		for (unsigned i = 0; i < 5; i++) {
			double want = (double)KEYS * weights[i] / 16;

			assert_true(count[i] > want * (1 - slack) && count[i] < want * (1 + slack));
		}
		unmake(b);
	}
}

/* Every server has its part of a Maglev table to one place, whatever the weights. */
static void maglev_places_are_dealt_evenly(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 3, 7, 100, 2000 };

	(void)state;
	for (unsigned z = 0; z < 6; z++) {
		struct bench *b = make(IMAGE_MAGLEV, 1, sizes[z], NULL);
		const struct balance_table *t = &b->pool.table[0];
		const uint16_t *place = t->p;
		uint32_t *count = calloc(sizes[z], sizeof *count);

		assert_int_equal(t->size, maglev_size(sizes[z]));
		assert_true(t->size >= MAGLEV_PLACES * sizes[z]);
		for (uint32_t k = 0; k < t->size; k++)
			count[place[k]]++;
		for (uint32_t i = 0; i < sizes[z]; i++)
			assert_in_range(count[i], t->size / sizes[z], t->size / sizes[z] + 1);
		free(count);
		unmake(b);
	}
}

static void ring_points_lie_sorted(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 33, MANY };

	(void)state;
	for (unsigned z = 0; z < 4; z++) {
		struct bench *b = make(IMAGE_RING_HASH, 1, sizes[z], NULL);
		const struct ring_hash_point *p = b->pool.table[0].p;
		uint32_t size = b->pool.table[0].size;

		assert_true(size <= RING_HASH_POINTS_MAX);
		for (uint32_t k = 1; k < size; k++)
			assert_true(p[k - 1].hash <= p[k].hash && p[k].server < sizes[z]);
		/* The point behind a key, found by looking at all of them. */
		for (uint64_t key = 0; key < 2000; key++) {
			uint32_t h = (uint32_t)(hash_mix(key) >> 32), k = 0;

			while (k < size && p[k].hash < h)
				k++;
			assert_int_equal(pick(b, key), p[k < size ? k : 0].server);
		}
		unmake(b);
	}
}

/* One of ten can't be chosen: its keys move, to all others, and no other key does. */
static void who_is_down_loses_his_keys_alone(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 3; a++) {
		struct bench *b = make(hashing[a], 7, 10, NULL);
		static uint32_t before[KEYS];
		unsigned to[10] = { 0 }, moved = 0;

		for (uint64_t k = 0; k < KEYS; k++)
			before[k] = pick(b, k);
		balance_set_usable(&b->pool, 4, false);
		for (uint64_t k = 0; k < KEYS; k++) {
			uint32_t now = pick(b, k);

			assert_true(now != 4 && (before[k] == 4 || now == before[k]));
			if (before[k] != 4)
				continue;
			moved++;
			to[now]++;
		}
		for (unsigned i = 0; i < 10; i++)
			assert_true(i == 4 || to[i] > moved / 30);
		balance_set_usable(&b->pool, 4, true);
		for (uint64_t k = 0; k < KEYS; k++)
			assert_int_equal(pick(b, k), before[k]);
		unmake(b);
	}
}

/* A reload takes one of twenty away: of the others' keys few move (Maglev) or none (ring). */
static void who_leaves_for_good_moves_little(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 2; a++) {
		struct bench *b = make(hashing[a], 0, 20, NULL),
			     *less = make(hashing[a], 0, 19, NULL);
		unsigned moved = 0;

		for (uint64_t k = 0; k < KEYS; k++) {
			uint32_t was = pick(b, k);

			moved += was != 19 && pick(less, k) != was;
		}
		assert_true(moved <= (hashing[a] == IMAGE_RING_HASH ? 0 : KEYS / 20));
		unmake(b);
		unmake(less);
	}
}

/* The table is the servers' and not their order's: two edges with lists in another order agree. */
static void order_does_not_matter_to_the_ring(void **state)
{
	struct bench *b = make(IMAGE_RING_HASH, 0, 8, NULL);
	struct bench *c = calloc(1, sizeof *c);

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		c->server[i] = (struct balance_server){ .id = hash_mix(7 - i), .weight = 1 };
	balance_init(&c->pool, c->server, 8, IMAGE_RING_HASH);
	c->memory = calloc(tables_bytes(&c->pool), 1);
	tables_build(&c->pool, c->memory, scratch);
	for (uint32_t i = 0; i < 8; i++)
		balance_set_usable(&c->pool, i, true);
	for (uint64_t k = 0; k < KEYS; k++)
		assert_int_equal(pick(b, k), 7 - pick(c, k));
	unmake(b);
	unmake(c);
}

/* All requests have one key, none ends: no server ever has more than its bound, and all are used.
 */
static void load_stays_bounded(void **state)
{
	static const uint16_t weights[] = { 1, 2, 1, 4, 1, 1 };
	static const uint16_t bounds[] = { 100, 125, 200 };

	(void)state;
	for (unsigned a = 0; a < 2; a++)
		for (unsigned z = 0; z < 3; z++) {
			struct bench *b = make(hashing[a], 3, 6, weights);

			b->pool.load_percent = bounds[z];
			for (uint64_t m = 0; m < 2000; m++) {
				uint32_t i = pick(b, 42);
				uint64_t share = (m + 1) * weights[i] * bounds[z];

				assert_true(b->server[i].in_flight < BOUNDED_FREE ||
					    b->server[i].in_flight + 1 <= (share + 999) / 1000);
				balance_set_in_flight(&b->pool, i, b->server[i].in_flight + 1);
			}
			for (unsigned i = 0; i < 6; i++)
				assert_true(b->server[i].in_flight > 0 || bounds[z] != 100);
			assert_int_equal(b->pool.load[0], 2000);
			unmake(b);
		}
}

static void without_a_bound_a_key_stays(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 3; a++) {
		struct bench *b = make(hashing[a], 3, 6, NULL);
		uint32_t home = pick(b, 42);

		balance_set_in_flight(&b->pool, home, 1u << 30);
		assert_int_equal(b->server[home].in_flight, BALANCE_IN_FLIGHT_MAX);
		assert_int_equal(pick(b, 42), home);
		unmake(b);
	}
}

/* A slow start: the part of its keys that a server has only grows. */
static void a_starting_server_gets_its_keys_back_one_by_one(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 3; a++) {
		struct bench *b = make(hashing[a], 9, 5, NULL);
		static bool has[KEYS];
		unsigned before = 0;

		for (uint64_t k = 0; k < KEYS; k++)
			has[k] = false;
		for (uint32_t part = 26; part <= 256; part += 46) {
			unsigned n = 0;

			balance_set_weight(&b->pool, 2, part);
			for (uint64_t k = 0; k < KEYS; k++) {
				bool is = pick(b, k) == 2;

				assert_true(is || !has[k]);
				has[k] = is;
				n += is;
			}
			assert_true(n > before);
			assert_in_range(n, KEYS / 5 * part / 256 / 4 * 3,
					KEYS / 5 * part / 256 / 4 * 5 + 40);
			before = n;
		}
		unmake(b);
	}
}

static void few_of_many_are_found(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 3; a++) {
		struct bench *b = make(hashing[a], 1, MANY, NULL);
		unsigned hit[2] = { 0 };

		for (uint32_t i = 0; i < MANY; i++)
			balance_set_usable(&b->pool, i, i == 17 || i == MANY - 1);
		for (uint64_t k = 0; k < 1000; k++) {
			uint32_t i = pick(b, k);

			assert_true(i == 17 || i == MANY - 1);
			assert_int_equal(pick(b, k), i);
			hit[i == 17]++;
		}
		assert_true(hit[0] > 300 && hit[1] > 300);
		unmake(b);
	}
}

static void without_a_key_requests_are_spread(void **state)
{
	struct rng rng = { { 1, 2, 3, 4 } };

	(void)state;
	for (unsigned a = 0; a < 3; a++) {
		struct bench *b = make(hashing[a], 1, 4, NULL);
		unsigned count[4] = { 0 };

		for (unsigned t = 0; t < 4000; t++)
			count[balance_pick(&b->pool, &(struct balance_facts){ .rng = &rng })]++;
		for (unsigned i = 0; i < 4; i++)
			assert_in_range(count[i], 850, 1150);
		unmake(b);
	}
}

static void backups_have_a_table_of_their_own(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 3; a++) {
		struct bench *b = calloc(1, sizeof *b);
		bool met[4] = { 0 };

		for (uint32_t i = 0; i < 4; i++)
			b->server[i] = (struct balance_server){ .id = hash_mix(i),
								.weight = 1,
								.is_backup = i >= 2 };
		balance_init(&b->pool, b->server, 4, hashing[a]);
		b->memory = calloc(tables_bytes(&b->pool), 1);
		tables_build(&b->pool, b->memory, scratch);
		for (uint32_t i = 0; i < 4; i++)
			balance_set_usable(&b->pool, i, true);
		for (uint64_t k = 0; k < 100; k++)
			assert_true(pick(b, k) < 2);
		balance_set_usable(&b->pool, 0, false);
		balance_set_usable(&b->pool, 1, false);
		for (uint64_t k = 0; k < 100; k++)
			met[pick(b, k)] = true;
		assert_true(!met[0] && !met[1] && met[2] && met[3]);
		unmake(b);
	}
}

/* Small pools stay small: two servers. */
static void tables_are_sized_by_the_pool(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 3; a++) {
		struct bench *b = make(hashing[a], 1, 2, NULL);

		assert_true(tables_bytes(&b->pool) <= 4096);
		unmake(b);
		b = make(hashing[a], 1, MANY, NULL);
		assert_true(tables_bytes(&b->pool) <= 3 << 20);
		unmake(b);
	}
	assert_int_equal(maglev_size(0), 0);
	assert_int_equal(maglev_size(IMAGE_SERVER_SLOTS), MAGLEV_SIZE_MAX);
}

/* RFC 4291 §2.5.1: the last 64 bits of an IPv6 address are the host's own to choose. */
static void an_address_is_its_network(void **state)
{
	const uint64_t key[] = { 1, 2 }, other[] = { 1, 3 };
	struct ip a = { 0 }, b = { 0 }, c = { 0 }, v4 = { 0 }, w4 = { 0 };

	(void)state;
	assert_int_equal(ip_parse(VIEW("2001:db8:1:2::1"), &a), E_OK);
	assert_int_equal(ip_parse(VIEW("2001:db8:1:2:ffff:1:2:3"), &b), E_OK);
	assert_int_equal(ip_parse(VIEW("2001:db8:1:3::1"), &c), E_OK);
	assert_int_equal(ip_parse(VIEW("192.0.2.1"), &v4), E_OK);
	assert_int_equal(ip_parse(VIEW("192.0.2.2"), &w4), E_OK);
	assert_true(source_address_hash(key, &a) == source_address_hash(key, &b));
	assert_true(source_address_hash(key, &a) != source_address_hash(key, &c));
	assert_true(source_address_hash(key, &v4) != source_address_hash(key, &w4));
	assert_true(source_address_hash(key, &v4) != source_address_hash(other, &v4));
}

/* The tree against plain addition. */
static void weights_are_found(void **state)
{
	static const uint16_t weights[] = { 3, 1, 256, 7, 1, 1, 40 };
	struct bench *b = make(IMAGE_RANDOM, 1, 7, weights);
	const struct balance_tried tried = { .n = 3, .index = { 6, 99, 2 } };
	struct balance_choice c = { 0 };
	uint32_t x = 0;

	(void)state;
	balance_set_usable(&b->pool, 3, false);
	balance_set_weight(&b->pool, 6, 128);
	for (uint32_t i = 0; i < 7; i++) {
		assert_int_equal(weights_before(&b->pool, 0, i), x);
		for (uint32_t k = 0; i != 3 && k < b->server[i].weight; k++, x++)
			assert_int_equal(weights_find(&b->pool, 0, x), i);
	}
	assert_int_equal(b->pool.total[0], x);
	c = balance_choose(&b->pool, &tried);
	assert_int_equal(c.n, 4);
	x = 0;
	for (uint32_t i = 0; i < 7; i++) /* 1 is left out by name */
		for (uint32_t k = 0; (i == 0 || i == 4 || i == 5) && k < b->server[i].weight; k++)
			assert_int_equal(weights_find_left(&b->pool, &c, &tried, 1, x++), i);
	assert_int_equal(x + b->server[1].weight, c.total);
	unmake(b);
}

/* Made in steps of any size, a table is the same; and no step is larger than it was allowed, but
 * for the points of one server. */
static void a_table_made_in_pieces_is_the_same(void **state)
{
	static const uint32_t sizes[] = { 1, 3, 500 };
	static const uint32_t pieces[] = { 1, 7, 1000 };

	(void)state;
	for (unsigned a = 0; a < 3; a++)
		for (unsigned z = 0; z < 9; z++) {
			struct bench *b = make(hashing[a], 5, sizes[z % 3], NULL);
			size_t bytes = tables_bytes(&b->pool);
			uint8_t *memory = calloc(bytes, 1);
			struct tables_build build = { 0 };
			uint32_t steps = 0, turns = 0;

			for (uint32_t i = 0; i < sizes[z % 3]; i++)
				balance_set_usable(&b->pool, i, i % 2 == 0);
			tables_begin(&build, &b->pool, memory, scratch);
			do {
				steps = pieces[z / 3];
				turns++;
			} while (!tables_step(&build, &steps));
			assert_true(turns > 128 * sizes[z % 3] / (pieces[z / 3] + 200));
			assert_memory_equal(memory, b->memory, bytes);
			free(memory);
			unmake(b);
		}
}

/* Keys lead somewhere whatever the algorithm, evenly, and only those of who is down move. */
static void pools_of_any_algorithm_may_have_keys(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	struct rng rng = { { 1, 2, 3, 4 } };
	unsigned count[10] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 10; i++)
		b->server[i] = (struct balance_server){ .id = hash_mix(i), .weight = 1 };
	balance_init(&b->pool, b->server, 10, IMAGE_LEAST_REQUESTS);
	assert_int_equal(tables_bytes(&b->pool), 0);
	b->pool.has_keys = true;
	b->memory = calloc(tables_bytes(&b->pool), 1);
	tables_build(&b->pool, b->memory, scratch);
	for (uint32_t i = 0; i < 10; i++)
		balance_set_usable(&b->pool, i, true);
	for (uint64_t k = 0; k < KEYS; k++) {
		struct balance_facts f = { .rng = &rng, .hash = hash_mix(k), .has_hash = true };
		uint32_t was = balance_pick_key(&b->pool, &f), now = 0;

		count[was]++;
		balance_set_usable(&b->pool, 3, false);
		now = balance_pick_key(&b->pool, &f);
		assert_true(was == 3 ? now != 3 : now == was);
		balance_set_usable(&b->pool, 3, true);
	}
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(count[i], KEYS / 10 * 9 / 10, KEYS / 10 * 11 / 10);
	for (uint32_t i = 0; i < 10; i++)
		balance_set_usable(&b->pool, i, false);
	assert_int_equal(balance_pick_key(&b->pool, &(struct balance_facts){ .rng = &rng }),
			 BALANCE_NONE);
	unmake(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_follow_weights),
		cmocka_unit_test(maglev_places_are_dealt_evenly),
		cmocka_unit_test(ring_points_lie_sorted),
		cmocka_unit_test(who_is_down_loses_his_keys_alone),
		cmocka_unit_test(who_leaves_for_good_moves_little),
		cmocka_unit_test(order_does_not_matter_to_the_ring),
		cmocka_unit_test(load_stays_bounded),
		cmocka_unit_test(without_a_bound_a_key_stays),
		cmocka_unit_test(a_starting_server_gets_its_keys_back_one_by_one),
		cmocka_unit_test(few_of_many_are_found),
		cmocka_unit_test(without_a_key_requests_are_spread),
		cmocka_unit_test(backups_have_a_table_of_their_own),
		cmocka_unit_test(tables_are_sized_by_the_pool),
		cmocka_unit_test(an_address_is_its_network),
		cmocka_unit_test(weights_are_found),
		cmocka_unit_test(a_table_made_in_pieces_is_the_same),
		cmocka_unit_test(pools_of_any_algorithm_may_have_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
