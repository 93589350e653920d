/* role/edge/roster.c: every server is found by id and by slot, in its own pool alone. */
#include "role/edge/roster.h"

#include "base/rng.h"
#include "role/edge/edge.h"
#include "sys/fd.h"
#include "sys/shm.h"
#include "tests/unit/check.h"
#include "tests/unit/role/edge/edge_rig.h"

#include <stdio.h>

static char yaml[1 << 18];

static struct image image_of(unsigned pools, unsigned servers, const char *persistence)
{
	size_t at = (size_t)snprintf(
		yaml, sizeof yaml,
		"listeners:\n  - {name: l, address: \"127.0.0.1:1\", protocol: http}\nbackends:\n");
	struct image im = { 0 };
	const char *why = "";
	AUTO_FD fd = -1;
	void *p = NULL;
	size_t n = 0;

	for (unsigned i = 0; i < pools; i++) {
		at += (size_t)snprintf(yaml + at, sizeof yaml - at,
				       "  - name: b%u\n%s    servers:\n", i, persistence);
		for (unsigned s = 0; s < servers; s++)
			at += (size_t)snprintf(yaml + at, sizeof yaml - at,
					       "      - \"10.0.%u.%u:80\"\n", s >> 8, s & 255);
	}
	(void)snprintf(yaml + at, sizeof yaml - at,
		       "routes:\n  - {name: r, hosts: [\"*\"], backend: b0}\n");
	fd = edge_rig_image(yaml, 1);
	assert_int_equal(shm_map(fd, false, &p, &n), E_OK);
	assert_int_equal(image_check(view_of(p, n), &im, &why), E_OK);
	return im; /* its mapping stays */
}

static void every_server_is_found(void **state)
{
	struct image im = image_of(3, 1000, "    persistence: {cookie: true}\n");
	struct roster r = { 0 };

	(void)state;
	assert_int_equal(roster_init(&r, &im), E_OK);
	for (uint32_t k = 0; k < 3; k++) {
		const struct image_pool *pool = image_pool_at(&im, k);
		const struct image_pool *other = image_pool_at(&im, (k + 1) % 3);

		for (uint32_t i = 0; i < pool->servers.n; i++) {
			const struct image_server *s =
				image_server_at(&im, pool->servers.first + i);

			assert_int_equal(roster_find_id(&r, &im, pool, s->persist_id), i);
			assert_int_equal(roster_find_slot(&r, pool, s->slot), i);
			assert_int_equal(roster_find_id(&r, &im, other, s->persist_id), UINT32_MAX);
			assert_int_equal(roster_find_slot(&r, other, s->slot), UINT32_MAX);
		}
	}
	roster_done(&r);
}

/* Cookies of servers that have left, and what a page that lies says: nobody. */
static void anything_else_is_nobody(void **state)
{
	struct image im = image_of(1, 700, "    persistence: {source_address: true}\n");
	const struct image_pool *pool = image_pool_at(&im, 0);
	struct rng rng = { { 1, 2, 3, 4 } };
	struct roster r = { 0 };

	(void)state;
	assert_int_equal(roster_init(&r, &im), E_OK);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(roster_find_id(&r, &im, pool, rng_next(&rng)), UINT32_MAX);
	for (uint32_t slot = 700; slot < 70000; slot++)
		assert_int_equal(roster_find_slot(&r, pool, slot), UINT32_MAX);
	assert_int_equal(roster_find_slot(&r, pool, UINT32_MAX), UINT32_MAX);
	roster_done(&r);
}

static void without_persistence_it_takes_no_memory(void **state)
{
	struct image im = image_of(1, 2, "");
	struct roster r = { 0 };

	(void)state;
	assert_int_equal(roster_init(&r, &im), E_OK);
	assert_null(r.by_slot);
	assert_null(r.by_id);
	roster_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_server_is_found),
		cmocka_unit_test(anything_else_is_nobody),
		cmocka_unit_test(without_persistence_it_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
