/* role/edge/address.c: the count of connections per address is exact
 * (limits.connections_per_address; THREATS A22). */
#include "role/edge/address.h"

#include "base/rng.h"
#include "tests/unit/check.h"

#include <stdlib.h>

enum { ADDRESSES = 300, STEPS = 200000 };

static struct edge *edge_new(void)
{
	struct edge *e = calloc(1, sizeof *e);

	assert_non_null(e);
	e->load = calloc(1, sizeof *e->load);
	assert_non_null(e->load);
	e->loads[0] = e->load;
	e->load_n = 1;
	assert_int_equal(address_init(e, 4096), E_OK);
	return e;
}

static struct ip address_of(uint32_t i)
{
	struct ip ip = { { [0] = 0x20, [1] = 1, [6] = (uint8_t)(i >> 8), [7] = (uint8_t)i } };

	return ip;
}

static void test_counts_like_a_plain_array(void **state)
{
	static uint32_t count[2][ADDRESSES];
	struct edge *e = edge_new();
	struct rng r = { { 1, 2, 3, 4 } };

	(void)state;
	for (unsigned n = 0; n < STEPS; n++) {
		uint32_t i = rng_below(&r, ADDRESSES);
		uint16_t slot = (uint16_t)rng_below(&r, 2);
		struct ip ip = address_of(i);

		if (rng_below(&r, 2) && count[slot][i]) {
			address_remove(e, slot, &ip);
			count[slot][i]--;
		} else if (count[slot][i] < 5) {
			assert_int_equal(address_add(e, slot, &ip, 5), E_OK);
			count[slot][i]++;
		} else {
			assert_int_equal(address_add(e, slot, &ip, 5), E_LIMIT);
		}
	}
	for (uint16_t slot = 0; slot < 2; slot++)
		for (uint32_t i = 0; i < ADDRESSES; i++)
			for (struct ip ip = address_of(i); count[slot][i]; count[slot][i]--)
				address_remove(e, slot, &ip);
	for (uint32_t i = 0; i <= e->address_mask; i++)
		assert_int_equal(e->addresses[i].n, 0); /* nothing is left behind */
	for (uint32_t i = 0; i < PAGE_ADDRESSES; i++)
		assert_int_equal(PAGE_GET(e->load->address[i]), 0);
	free(e->load);
	free(e);
}

static void test_other_edges_count(void **state)
{
	struct edge *a = edge_new(), *b = edge_new();
	struct ip ip = address_of(7);

	(void)state;
	b->self.index = 1;
	a->loads[1] = b->load;
	b->loads[1] = b->load;
	b->loads[0] = a->load;
	a->load_n = b->load_n = 2;
	assert_int_equal(address_add(a, 0, &ip, 3), E_OK);
	assert_int_equal(address_add(b, 0, &ip, 3), E_OK);
	assert_int_equal(address_add(a, 0, &ip, 3), E_OK);
	assert_int_equal(address_add(b, 0, &ip, 3), E_LIMIT);
	assert_int_equal(address_add(a, 0, &ip, 3), E_LIMIT);
	address_remove(a, 0, &ip);
	assert_int_equal(address_add(b, 0, &ip, 3), E_OK);
	free(a->load);
	free(b->load);
	free(a);
	free(b);
}

/* RFC 4291 §2.5.1: who has one address of a /64 has them all */
static void test_one_network_is_one_client(void **state)
{
	struct edge *e = edge_new();

	(void)state;
	for (uint8_t i = 0; i < 3; i++) {
		struct ip ip = address_of(7);

		ip.b[15] = i;
		assert_int_equal(address_add(e, 0, &ip, 2), i < 2 ? E_OK : E_LIMIT);
	}
	free(e->load);
	free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_counts_like_a_plain_array),
					    cmocka_unit_test(test_other_edges_count),
					    cmocka_unit_test(test_one_network_is_one_client) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
