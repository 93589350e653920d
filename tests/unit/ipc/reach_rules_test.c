/* What a dialer may reach, from its image: the protocol counts as much as address and port (P4). */
#include "ipc/reach_rules.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

static const char site[] =
	"listeners:\n"
	"  - {name: web, address: \"127.0.0.1:80\", protocol: http}\n"
	"  - {name: dns, address: \"127.0.0.1:53\", protocol: udp, backend: dns}\n"
	"backends:\n"
	"  - {name: web, servers: [\"192.0.2.1:80\"]}\n"
	"  - {name: dns, servers: [\"192.0.2.2:53\", \"ns.example.nl:53\"], resolve_to: "
	"[198.51.100.0/24, 203.0.113.0/24]}\n"
	"routes:\n  - {hosts: [\"*\"], backend: web}\n";

static unsigned count(const struct reach_rule *rules, size_t n, uint16_t port, uint8_t protocol)
{
	unsigned found = 0;

	for (size_t i = 0; i < n; i++)
		found += rules[i].port == port && rules[i].protocol == protocol;
	return found;
}

static void test_protocols(void **state)
{
	struct made_image m = make_image(site, NULL, 0);
	struct reach_rule rules[32];
	size_t n = reach_rules_count(&m.im, 0);

	(void)state;
	assert_true(n <= 32);
	assert_int_equal(image_pool_at(&m.im, 0)->is_datagram, 0);
	assert_int_equal(image_pool_at(&m.im, 1)->is_datagram, 1);
	n = reach_rules_fill(&m.im, NULL, 0, rules);
	assert_int_equal(n, reach_rules_count(&m.im, 0) - 2); /* an address needs one of two */
	assert_int_equal(count(rules, n, 80, REACH_TCP), 1);
	assert_int_equal(count(rules, n, 80, REACH_UDP), 0);
	/* its address, and two networks for the name */
	assert_int_equal(count(rules, n, 53, REACH_TCP), 3);
	assert_int_equal(count(rules, n, 53, REACH_UDP), 3);
	unmake_image(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_protocols) };

	return cmocka_run_group_tests_name("reach_rules", tests, NULL, NULL);
}
