/* The table of sessions: found by all of its key, bounded, and never mistaken for an earlier use of
 * the same slot (THREATS A20, A22, A25). */
#include "role/relay/setup.h"
#include "role/relay/table.h"
#include "tests/unit/check.h"

#include <string.h>
#include <sys/mman.h>

static struct relay *made(uint32_t most)
{
	struct relay *r = setup_new();

	assert_non_null(r);
	r->table_key[0] = 1;
	assert_int_equal(table_init(r, most), E_OK);
	return r;
}

static void unmade(struct relay *r)
{
	(void)munmap(r->session, RELAY_SESSIONS * sizeof *r->session);
	(void)munmap(r, sizeof *r);
}

static struct ip address(const char *text)
{
	struct ip ip = { 0 };

	assert_int_equal(ip_parse(view_str(text), &ip), E_OK);
	return ip;
}

static struct relay_session *add(struct relay *r, const struct table_key *k)
{
	struct relay_session *s = table_add(r, k);

	if (s)
		s->state = SESSION_OPEN;
	return s;
}

static void test_every_part_of_the_key_counts(void **state)
{
	struct relay *r = made(100);
	struct ip a = address("192.0.2.1"), b = address("192.0.2.2"), here = address("10.0.0.1"),
		  there = address("10.0.0.2");
	const struct table_key keys[] = { { &a, &here, 1000, 1 },
					  { &b, &here, 1000, 1 },
					  { &a, &there, 1000, 1 },
					  { &a, &here, 1001, 1 },
					  { &a, &here, 1000, 2 } };
	struct relay_session *s[5] = { NULL };

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		assert_null(table_find(r, &keys[i]));
		s[i] = add(r, &keys[i]);
		assert_non_null(s[i]);
	}
	for (unsigned i = 0; i < 5; i++)
		assert_ptr_equal(table_find(r, &keys[i]), s[i]);
	table_remove(r, s[2]);
	assert_null(table_find(r, &keys[2]));
	assert_ptr_equal(table_find(r, &keys[4]), s[4]);
	assert_int_equal(r->session_n, 4);
	unmade(r);
}

static void test_no_more_than_the_limit(void **state)
{
	struct relay *r = made(3);
	struct ip a = address("192.0.2.1"), here = address("10.0.0.1");
	struct table_key k = { &a, &here, 0, 0 };

	(void)state;
	for (k.port = 1; k.port <= 3; k.port++)
		assert_non_null(add(r, &k));
	assert_null(add(r, &k));
	k.port = 2;
	table_remove(r, table_find(r, &k));
	k.port = 4;
	assert_non_null(add(r, &k)); /* of another slot: the freed one rests */
	assert_null(table_add(r, &k));
	unmade(r);
}

static void test_a_slot_rests_until_the_turn_is_over(void **state)
{
	struct relay *r = made(100);
	struct ip a = address("192.0.2.1"), here = address("10.0.0.1");
	struct table_key k = { &a, &here, 1, 0 };
	struct relay_session *s = add(r, &k), *other = NULL;
	uint32_t seq = table_seq(r, s);

	(void)state;
	assert_ptr_equal(table_at(r, seq), s);
	table_remove(r, s);
	assert_null(table_at(r, seq));
	other = add(r, &k);
	assert_ptr_not_equal(other, s);
	table_remove(r, other);
	table_turn(r);
	k.port = 2;
	other = add(r, &k);
	assert_true(other == s || other == s + 1);
	/* ... and what was asked for its earlier use finds nothing */
	assert_null(table_at(r, seq));
	unmade(r);
}

static void test_sessions_of_an_address(void **state)
{
	struct relay *r = made(100);
	struct ip a = address("2001:db8::1"), same = address("2001:db8::ffff:1"),
		  other = address("2001:db8:0:1::1"), here = address("::1");
	struct table_key k = { &a, &here, 1, 0 };
	struct relay_session *s = NULL;

	(void)state;
	s = add(r, &k);
	k.client = &same; /* of one /64 (RFC 4291 §2.5.1) */
	k.port = 2;
	assert_int_equal(table_address_n(r, &k), 1);
	(void)add(r, &k);
	assert_int_equal(table_address_n(r, &k), 2);
	k.client = &other;
	assert_int_equal(table_address_n(r, &k), 0);
	k.client = &a;
	table_remove(r, s);
	assert_int_equal(table_address_n(r, &k), 1);
	k.slot = 1;
	assert_int_equal(table_address_n(r, &k), 0);
	unmade(r);
}

/* Chains: many sessions, in and out in another order. */
static void test_many(void **state)
{
	struct relay *r = made(RELAY_SESSIONS);
	struct ip a = address("192.0.2.1"), here = address("10.0.0.1");
	struct table_key k = { &a, &here, 0, 0 };

	(void)state;
	for (uint32_t i = 0; i < RELAY_SESSIONS; i++) {
		k.port = (uint16_t)i;
		assert_non_null(add(r, &k));
	}
	assert_null(table_add(r, &k));
	for (uint32_t i = 0; i < RELAY_SESSIONS; i++) {
		k.port = (uint16_t)(i * 40503u); /* odd: each once */
		table_remove(r, table_find(r, &k));
	}
	assert_int_equal(r->session_n, 0);
	for (size_t i = 0; i < RELAY_BUCKETS; i++)
		assert_int_equal(r->bucket[i], RELAY_NONE);
	for (size_t i = 0; i < RELAY_ADDRESSES; i++)
		assert_int_equal(r->address_n[i], 0);
	table_turn(r);
	k.port = 7;
	assert_non_null(add(r, &k));
	unmade(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_part_of_the_key_counts),
		cmocka_unit_test(test_no_more_than_the_limit),
		cmocka_unit_test(test_a_slot_rests_until_the_turn_is_over),
		cmocka_unit_test(test_sessions_of_an_address),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("relay_table", tests, NULL, NULL);
}
