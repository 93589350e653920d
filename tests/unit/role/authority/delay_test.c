/* Delays after failures, with a clock of the test's own (NIST SP 800-63B §5.2.2; issue: nobody is
 * locked out by a stranger, nothing tells whether an account exists). */
#include "../../check.h"

#include "role/authority/delay.h"
#include "role/authority/network.h"

#include <stdlib.h>

static struct ip ip_of(const char *text)
{
	struct ip ip = { 0 };

	CHECK_OK(ip_parse(view_str(text), &ip));
	return ip;
}

static struct delay_key key_of(const struct delay *d, const char *name, const char *network,
			       bool is_known)
{
	struct ip ip = ip_of(network);

	return (struct delay_key){
		.account = delay_account(d, view_str(name), is_known ? &ip : NULL),
		.source = delay_source(d, &ip),
	};
}

static int setup(void **state)
{
	struct delay *d = calloc(1, sizeof *d);

	d->key[0] = 1;
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void test_grows(void **state)
{
	static const uint32_t wait_s[] = { 0, 0, 1, 2, 4, 8, 16, 32, 60, 60 };
	struct delay *d = *state;
	uint64_t now = 1000;

	for (size_t i = 0; i < COUNT_OF(wait_s); i++) {
		/* from another network each time: the account's counter alone */
		char network[16] = "10.0.0.0";
		struct delay_key k;

		network[5] = (char)('0' + i);
		k = key_of(d, "jan", network, false);
		assert_int_equal(delay_wait_s(d, &k, now), 0);
		delay_count(d, &k, now);
		assert_int_equal(delay_wait_s(d, &k, now), wait_s[i]);
		now += wait_s[i] * 1000ull;
	}
}

static void test_is_forgiven(void **state)
{
	struct delay *d = *state;
	struct delay_key k = key_of(d, "jan", "10.0.0.0", false);
	uint64_t now = 1000;

	for (unsigned i = 0; i < 5; i++)
		delay_count(d, &k, now);
	assert_int_equal(delay_wait_s(d, &k, now), 4);
	delay_forgive(d, &k);
	assert_int_equal(delay_wait_s(d, &k, now), 0);
	delay_count(d, &k, now);
	assert_int_equal(delay_wait_s(d, &k, now), 0);
}

static void test_is_forgotten(void **state)
{
	struct delay *d = *state;
	struct delay_key k = key_of(d, "jan", "10.0.0.0", false);

	for (unsigned i = 0; i < 8; i++)
		delay_count(d, &k, 1000);
	delay_count(d, &k, 1000 + 4 * (uint64_t)DELAY_FORGET_MS);
	assert_int_equal(delay_wait_s(d, &k, 1000 + 4 * (uint64_t)DELAY_FORGET_MS), 0);
}

/* A stranger's failures don't delay the user at a known network, and the other way round. */
static void test_known_networks(void **state)
{
	struct delay *d = *state;
	struct delay_key stranger = key_of(d, "jan", "192.0.2.0", false),
			 home = key_of(d, "jan", "10.0.0.0", true);

	for (unsigned i = 0; i < 20; i++)
		delay_count(d, &stranger, 1000);
	assert_int_equal(delay_wait_s(d, &stranger, 1000), 60);
	assert_int_equal(delay_wait_s(d, &home, 1000), 0);
}

/* Many names from one network: its own counter. */
static void test_source(void **state)
{
	struct delay *d = *state;
	struct delay_key other = key_of(d, "other", "192.0.2.0", false);

	for (unsigned i = 0; i < DELAY_SOURCE_FREE + 1; i++) {
		char name[4] = "u00";
		struct delay_key k;

		name[1] = (char)('a' + i);
		k = key_of(d, name, "192.0.2.0", false);
		delay_count(d, &k, 1000);
	}
	assert_int_equal(delay_wait_s(d, &other, 1000), 1);
}

/* RFC 6177 §2: what one site gets counts as one. */
static void test_network(void **state)
{
	struct ip a = ip_of("192.0.2.77"), b = ip_of("2001:db8:1:2ff:5::9"), n = { 0 };

	(void)state;
	n = network_of(&a);
	a = ip_of("192.0.2.0");
	assert_true(ip_eq(&n, &a));
	n = network_of(&b);
	b = ip_of("2001:db8:1:200::");
	assert_true(ip_eq(&n, &b));
}

/* A flood of names pushes out those that have failed least. */
static void test_flood(void **state)
{
	struct delay *d = *state;
	struct delay_key jan = key_of(d, "jan", "192.0.2.0", false);

	for (unsigned i = 0; i < 9; i++)
		delay_count(d, &jan, 1000);
	for (uint64_t i = 1; i < 200000; i++) {
		struct delay_key k = { .account = i * 0x9e3779b97f4a7c15u, .source = i };

		delay_count(d, &k, 1001);
	}
	assert_int_equal(delay_wait_s(d, &jan, 1001), 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_grows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_is_forgiven, setup, teardown),
		cmocka_unit_test_setup_teardown(test_is_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_known_networks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_network, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
