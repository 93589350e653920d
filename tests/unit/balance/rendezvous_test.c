/*
 * balance/rendezvous: fair by weight, the same everywhere, and only the keys of a server that
 * leaves move (Thaler and Ravishankar 1998, §IV).
 */
#include "tests/unit/check.h"

#include "balance/rendezvous.h"

enum { SERVERS = 10, KEYS = 100000 };

struct rig {
	struct image_server image[SERVERS];
	struct balance_server server[SERVERS];
	struct balance_pool pool;
};

static void rig_init(struct rig *r, const uint16_t *weights, uint32_t n)
{
	*r = (struct rig){ 0 };
	for (uint32_t i = 0; i < n; i++) {
		r->server[i].weight = weights ? weights[i] : 1;
		r->image[i].persist_id = 0x1234567u * (i + 1);
	}
	balance_init(&r->pool, r->server, n, IMAGE_LEAST_REQUESTS);
	for (uint32_t i = 0; i < n; i++)
		balance_set_usable(&r->pool, i, true);
}

/* Keys as they come: a hash of something. */
static uint64_t key_of(uint64_t i)
{
	uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u;

	return (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
}

static void test_fair(void **state)
{
	static uint32_t got[SERVERS];
	struct rig r;

	(void)state;
	rig_init(&r, NULL, SERVERS);
	for (uint32_t i = 0; i < KEYS; i++)
		got[rendezvous_pick(&r.pool, NULL, r.image, key_of(i))]++;
	for (uint32_t i = 0; i < SERVERS; i++)
		assert_in_range(got[i], KEYS / SERVERS * 95 / 100, KEYS / SERVERS * 105 / 100);
}

static void test_weights(void **state)
{
	static const uint16_t weights[4] = { 1, 2, 5, 256 };
	uint32_t got[4] = { 0 };
	struct rig r;

	(void)state;
	rig_init(&r, weights, 4);
	for (uint32_t i = 0; i < 4 * KEYS; i++)
		got[rendezvous_pick(&r.pool, NULL, r.image, key_of(i))]++;
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t fair = 4u * KEYS / 264 * weights[i];

		assert_in_range(got[i], fair * 90 / 100, fair * 110 / 100);
	}
}

static void test_disruption(void **state)
{
	struct rig r;
	uint32_t moved = 0, of_it = 0;

	(void)state;
	rig_init(&r, NULL, SERVERS);
	for (uint32_t i = 0; i < KEYS / 10; i++) {
		uint32_t before = 0, after = 0;

		balance_set_usable(&r.pool, 3, true);
		before = rendezvous_pick(&r.pool, NULL, r.image, key_of(i));
		balance_set_usable(&r.pool, 3, false);
		after = rendezvous_pick(&r.pool, NULL, r.image, key_of(i));
		of_it += before == 3;
		moved += before != after;
		assert_true(before == 3 || before == after);
	}
	assert_int_equal(moved, of_it);
}

/* Where a server stands in the pool says nothing: a reload may move it. */
static void test_order_is_nothing(void **state)
{
	struct rig r, turned;

	(void)state;
	rig_init(&r, NULL, SERVERS);
	rig_init(&turned, NULL, SERVERS);
	for (uint32_t i = 0; i < SERVERS; i++)
		turned.image[SERVERS - 1 - i].persist_id = r.image[i].persist_id;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(
			rendezvous_pick(&r.pool, NULL, r.image, key_of(i)),
			SERVERS - 1 - rendezvous_pick(&turned.pool, NULL, turned.image, key_of(i)));
}

static void test_tried_and_none(void **state)
{
	struct balance_tried tried = { 0 };
	struct rig r;

	(void)state;
	rig_init(&r, NULL, 3);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t got = rendezvous_pick(&r.pool, &tried, r.image, 77);

		assert_true(got < 3 && !balance_was_tried(&tried, got));
		balance_tried_add(&tried, got);
	}
	assert_int_equal(rendezvous_pick(&r.pool, &tried, r.image, 77), BALANCE_NONE);
	rig_init(&r, NULL, 0);
	assert_int_equal(rendezvous_pick(&r.pool, NULL, r.image, 77), BALANCE_NONE);
}

/* Backup servers only when no other is left. */
static void test_backup(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, NULL, 3);
	r = (struct rig){ 0 };
	for (uint32_t i = 0; i < 3; i++)
		r.server[i] = (struct balance_server){ .weight = 1, .is_backup = i == 2 };
	balance_init(&r.pool, r.server, 3, IMAGE_LEAST_REQUESTS);
	for (uint32_t i = 0; i < 3; i++)
		balance_set_usable(&r.pool, i, true);
	for (uint32_t i = 0; i < 200; i++)
		assert_true(rendezvous_pick(&r.pool, NULL, r.image, key_of(i)) < 2);
	balance_set_usable(&r.pool, 0, false);
	balance_set_usable(&r.pool, 1, false);
	assert_int_equal(rendezvous_pick(&r.pool, NULL, r.image, 5), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fair),	       cmocka_unit_test(test_weights),
		cmocka_unit_test(test_disruption),     cmocka_unit_test(test_order_is_nothing),
		cmocka_unit_test(test_tried_and_none), cmocka_unit_test(test_backup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
