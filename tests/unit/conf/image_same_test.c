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
	{ "draining, with another slow start",
	  LISTENERS
	  "backends: [{name: web, slow_start: 5s, servers: [{name: a, address: "
	  "\"127.0.0.1:1\", state: drain}, {name: b, address: \"127.0.0.1:2\"}]}]\n" ROUTES,
	  false },
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

/* A slow start begins when a state changes: the dialer has to know of it. */
static void test_slow_start(void **state)
{
	static const char from[] = LISTENERS "backends: [{name: web, slow_start: 5s, servers: "
					     "[{name: a, address: \"127.0.0.1:1\", "
					     "state: drain}]}]\n" ROUTES;
	static const char to[] = LISTENERS "backends: [{name: web, slow_start: 5s, servers: "
					   "[{name: a, address: \"127.0.0.1:1\", "
					   "weight: 5}]}]\n" ROUTES;
	struct made_image a = make_image(from, NULL, 0), b = make_image(to, &a.im, 1);

	(void)state;
	assert_false(image_same_servers(&a.im, &b.im));
	unmake_image(&a);
	unmake_image(&b);
}

#define GATEWAY(help, cases)                                                                       \
	"listeners: [{name: l, address: \"127.0.0.1:443\", certificates: [www], isolation: cell, " \
	"default_certificate: true}]\n"                                                            \
	"certificates: [{name: www, chain: " CASES "/certs/www.crt, key: " CASES                   \
	"/certs/dummy.key}]\n"                                                                     \
	"backends: [{name: a, servers: [\"127.0.0.1:1\"]}, {name: b, servers: "                    \
	"[\"127.0.0.1:2\"]}]\n"                                                                    \
	"gateway: {host: login.example.nl}\n"                                                      \
	"routes: [{name: help, listeners: [l], hosts: [help.example.nl], backend: " help "}]\n"    \
	"apps: [{name: cases, host: c.example.nl, backend: " cases                                 \
	", access: {allow: {everyone: true}}}]\n"

/* P4: a cell reaches the servers of its listener's routes, and of applications that it is allowed:
 * which these are is known to the dialer from its birth. */
static void test_cells(void **state)
{
	struct made_image first = make_image(GATEWAY("a", "b"), NULL, 0),
			  same = make_image(GATEWAY("a", "b"), &first.im, 1),
			  app = make_image(GATEWAY("a", "a"), &first.im, 1),
			  route = make_image(GATEWAY("b", "b"), &first.im, 1);

	(void)state;
	assert_true(image_same_servers(&first.im, &same.im));
	assert_false(image_same_servers(&first.im, &app.im));
	assert_false(image_same_servers(&first.im, &route.im));
	assert_true(image_same_keys(&first.im, &app.im));
	unmake_image(&route);
	unmake_image(&app);
	unmake_image(&same);
	unmake_image(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_servers),
					    cmocka_unit_test(test_cells),
					    cmocka_unit_test(test_slow_start) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
