/* conf/image_same.c: which difference of two configurations asks for a new signer or dialer (P2,
 * P4). */
#include "conf/image_same.h"

#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#define LISTENERS "listeners: [{name: l, address: \"127.0.0.1:80\", protocol: http}]\n"
#define ROUTES	  "routes: [{name: all, hosts: [\"*\"], backend: web}]\n"

static const char base[] = LISTENERS
	"backends: [{name: web, servers: [{name: a, address: \"127.0.0.1:1\"}, {name: b, address: "
	"\"127.0.0.1:2\"}]}]\n" ROUTES;

static const struct {
	const char *name, *yaml;
	bool is_same;
} rows[] = {
	{ "itself", base, true },
	{ "a weight",
	  LISTENERS "backends: [{name: web, servers: [{name: a, address: \"127.0.0.1:1\", weight: "
		    "9}, {name: b, address: \"127.0.0.1:2\"}]}]\n" ROUTES,
	  true },
	{ "a backup, and draining",
	  LISTENERS "backends: [{name: web, servers: [{name: a, address: \"127.0.0.1:1\", backup: "
		    "true}, {name: b, address: \"127.0.0.1:2\", state: drain}]}]\n" ROUTES,
	  true },
	{ "disabled: no health checks",
	  LISTENERS "backends: [{name: web, servers: [{name: a, address: \"127.0.0.1:1\", state: "
		    "disabled}, {name: b, address: \"127.0.0.1:2\"}]}]\n" ROUTES,
	  false },
	{ "another port",
	  LISTENERS
	  "backends: [{name: web, servers: [{name: a, address: \"127.0.0.1:1\"}, {name: b, "
	  "address: \"127.0.0.1:3\"}]}]\n" ROUTES,
	  false },
	{ "one server less",
	  LISTENERS
	  "backends: [{name: web, servers: [{name: a, address: \"127.0.0.1:1\"}]}]\n" ROUTES,
	  false },
	{ "another order",
	  LISTENERS
	  "backends: [{name: web, servers: [{name: b, address: \"127.0.0.1:2\"}, {name: a, "
	  "address: \"127.0.0.1:1\"}]}]\n" ROUTES,
	  false },
	{ "a health check",
	  LISTENERS "backends: [{name: web, health: {tcp: true}, servers: [{name: a, address: "
		    "\"127.0.0.1:1\"}, {name: b, address: \"127.0.0.1:2\"}]}]\n" ROUTES,
	  false },
	{ "a timeout",
	  LISTENERS "backends: [{name: web, timeouts: {connect: 1s}, servers: [{name: a, address: "
		    "\"127.0.0.1:1\"}, {name: b, address: \"127.0.0.1:2\"}]}]\n" ROUTES,
	  false },
};

static void test_servers(void **state)
{
	struct made_image first = make_image(base, NULL, 0);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct made_image other = make_image(rows[i].yaml, &first.im, 1);

		CHECK_ROW(rows[i].name,
			  image_same_servers(&first.im, &other.im) == rows[i].is_same);
		CHECK_ROW(rows[i].name, image_same_keys(&first.im, &other.im));
		unmake_image(&other);
	}
	unmake_image(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_servers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
