/* What a configuration becomes: contents of the image, slots over reloads, the same bytes twice. */
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

#include "base/hash.h"
#include "proto/http1.h"

#include <string.h>
#include <time.h>

#define HEAD                                                                                       \
	"listeners:\n"                                                                             \
	"  - {name: a, address: \"127.0.0.1:80\", protocol: http}\n"                               \
	"  - {name: b, address: \"[::1]:81\", protocol: http, redirect_to_https: true,\n"          \
	"     limits: {connections: 5, connections_per_address: 6, header_size: 2k, headers: 9,\n" \
	"     body_size: 5g, requests_per_connection: 7}, timeouts: {handshake: 1s,\n"             \
	"     request_header: 2s, request_body_idle: 3s, request_body_rate: 1k,\n"                 \
	"     keep_alive: 4s, response_idle: 5s}}\n"

static const char site[] = HEAD
	"edges: 3\n"
	"backends:\n"
	"  - name: web\n"
	"    balance: round_robin\n"
	"    servers: [\"127.0.0.1:1\", {name: s2, address: \"App.Internal:2\", weight: 7,\n"
	"      state: drain, backup: true}, {address: \"unix:/run/web\", state: disabled}]\n"
	"    health: {path: /h, method: HEAD, host: h.nl, interval: 3s, timeout: 2s, fall: 4,\n"
	"      rise: 5, expect_status: [200, 300-303]}\n"
	"    outlier: {consecutive_errors: 0, eject_for: 1s, max_ejected_percent: 100}\n"
	"    limits: {connections_per_server: 1, requests_per_server: 2, queue: 3, queue_timeout: "
	"4s}\n"
	"    retries: {attempts: 3, on: [reset_before_response], budget_percent: 50}\n"
	"    timeouts: {connect: 1s, first_byte: 2s, idle_connection: 3s}\n"
	"  - {name: tls, protocol: https, servers: [\"127.0.0.1:3\"],\n"
	"     tls: {ca: " CASES "/certs/bundle.crt, name: A.NL}}\n"
	"  - {name: tls2, protocol: https, servers: [\"127.0.0.1:4\"],\n"
	"     tls: {ca: " CASES "/certs/bundle.crt}}\n"
	"  - {name: blind, protocol: https, servers: [\"127.0.0.1:5\"], tls: {verify: false}}\n"
	"routes:\n"
	"  - name: first\n"
	"    hosts: [x.nl]\n"
	"    rules:\n"
	"      - {name: m, match: {path_prefix: /api/, methods: [GET, HEAD, BAN],\n"
	"         headers: {X-A: \"1\"}, query: {q: \"2\"}, source: [10.0.0.0/8]},\n"
	"         backends: [{name: web, weight: 3}, tls, {name: tls2, weight: 0}, {name: "
	"blind}]}\n"
	"      - {match: {path_prefix: /}, redirect: {status: 302, location: /y}}\n"
	"      - {match: {path_regex: ^/z}, respond: {status: 410, body: gone, content_type: "
	"a/b}}\n"
	"    backend: web\n"
	"  - {name: second, listeners: [a], hosts: [x.nl, y.nl], rules: [{match: {path_exact: "
	"/s},\n"
	"     backend: web}]}\n"
	"metrics: {address: \"127.0.0.1:9\"}\n"
	"log: {access: false, audit_retention: 2d}\n"
	"trust_forwarded_from: [192.0.2.0/24, \"::1\"]\n";

static bool is(const struct image *im, struct image_str s, const char *text)
{
	return view_eq(image_view(im, s), view_str(text));
}

static void test_header_and_listeners(void **state)
{
	struct made_image m = make_image(site, NULL, 0);
	const struct image_header *h = m.im.header;
	const struct image_listener *a = image_listener_at(&m.im, 0), *b = a + 1;

	(void)state;
	assert_int_equal(h->generation, 1);
	assert_int_equal(h->edges, 3);
	assert_int_equal(h->audit_retention_s, 2 * 86400);
	assert_int_equal(h->log_access, 0);
	assert_int_equal(h->metrics.kind, IMAGE_ADDRESS_IP);
	assert_int_equal(h->metrics.port, 9);
	assert_int_equal(h->trust_forwarded_from.n, 2);
	assert_int_equal(image_network_at(&m.im, h->trust_forwarded_from.first)->bits, 96 + 24);
	assert_int_equal(h->digest,
			 hash_fnv1a(view_of((const uint8_t *)m.p + sizeof *h, m.n - sizeof *h)));
	assert_int_equal(image_count(&m.im, IMAGE_LISTENER), 2);
	assert_true(is(&m.im, a->name, "a"));
	assert_int_equal(a->protocol, IMAGE_HTTP);
	assert_int_equal(a->flags, 0);
	assert_int_equal(a->connections, 20000);
	assert_int_equal(a->default_certificate, IMAGE_NONE);
	assert_int_equal(b->flags, IMAGE_REDIRECT_TO_HTTPS);
	assert_int_equal(b->address.port, 81);
	assert_int_equal(b->connections, 5);
	assert_int_equal(b->connections_per_address, 6);
	assert_int_equal(b->header_size, 2048);
	assert_int_equal(b->headers, 9);
	assert_int_equal(b->body_size, (uint64_t)5 << 30);
	assert_int_equal(b->requests_per_connection, 7);
	assert_int_equal(b->handshake_ms, 1000);
	assert_int_equal(b->request_header_ms, 2000);
	assert_int_equal(b->request_body_idle_ms, 3000);
	assert_int_equal(b->request_body_rate, 1024);
	assert_int_equal(b->keep_alive_ms, 4000);
	assert_int_equal(b->response_idle_ms, 5000);
	unmake_image(&m);
}

static void test_pools(void **state)
{
	struct made_image m = make_image(site, NULL, 0);
	const struct image_pool *web = image_pool_at(&m.im, 0), *tls = image_pool_at(&m.im, 1),
				*tls2 = image_pool_at(&m.im, 2), *blind = image_pool_at(&m.im, 3);

	(void)state;
	assert_int_equal(web->balance, IMAGE_ROUND_ROBIN);
	assert_int_equal(web->servers.n, 3);
	assert_int_equal(web->health_kind, IMAGE_HEALTH_HTTP);
	assert_true(is(&m.im, web->health_path, "/h") && is(&m.im, web->health_method, "HEAD") &&
		    is(&m.im, web->health_host, "h.nl"));
	assert_int_equal(web->health_interval_ms, 3000);
	assert_int_equal(web->health_timeout_ms, 2000);
	assert_int_equal(web->health_fall, 4);
	assert_int_equal(web->health_rise, 5);
	assert_int_equal(web->status.n, 2);
	assert_int_equal(image_status_range_at(&m.im, web->status.first + 1)->to, 303);
	assert_int_equal(web->outlier_errors, 0);
	assert_int_equal(web->outlier_eject_ms, 1000);
	assert_int_equal(web->outlier_max_percent, 100);
	assert_int_equal(web->connections_per_server, 1);
	assert_int_equal(web->requests_per_server, 2);
	assert_int_equal(web->queue, 3);
	assert_int_equal(web->queue_timeout_ms, 4000);
	assert_int_equal(web->retry_attempts, 3);
	assert_int_equal(web->retry_on, IMAGE_RETRY_RESET);
	assert_int_equal(web->retry_budget_percent, 50);
	assert_int_equal(web->connect_ms, 1000);
	assert_int_equal(web->first_byte_ms, 2000);
	assert_int_equal(web->idle_connection_ms, 3000);
	assert_int_equal(web->tls_verify, 0);
	assert_int_equal(web->tls_client_certificate, IMAGE_NONE);
	assert_int_equal(tls->protocol, IMAGE_HTTPS);
	assert_int_equal(tls->tls_verify, 1);
	assert_int_equal(tls->health_kind, IMAGE_HEALTH_NONE);
	assert_true(is(&m.im, tls->tls_name, "a.nl"));
	assert_int_equal(tls->tls_ca.n, 2); /* three in the file, one of them twice */
	assert_int_equal(tls2->tls_ca.first, tls->tls_ca.first);
	assert_int_equal(blind->tls_verify, 0);
	assert_int_equal(blind->tls_ca.n, 0);
	unmake_image(&m);
}

static void test_servers(void **state)
{
	struct made_image m = make_image(site, NULL, 0);
	const struct image_server *s = image_server_at(&m.im, 0);

	(void)state;
	assert_true(is(&m.im, s[0].name, "127.0.0.1:1"));
	assert_int_equal(s[0].address.kind, IMAGE_ADDRESS_IP);
	assert_int_equal(s[0].weight, 1);
	assert_int_equal(s[0].state, IMAGE_SERVER_ENABLED);
	assert_true(is(&m.im, s[1].name, "s2") && is(&m.im, s[1].address.name, "app.internal"));
	assert_int_equal(s[1].address.kind, IMAGE_ADDRESS_NAME);
	assert_int_equal(s[1].weight, 7);
	assert_int_equal(s[1].state, IMAGE_SERVER_DRAIN);
	assert_int_equal(s[1].is_backup, 1);
	assert_true(is(&m.im, s[2].name, "unix:/run/web") &&
		    is(&m.im, s[2].address.name, "/run/web"));
	assert_int_equal(s[2].state, IMAGE_SERVER_DISABLED);
	for (uint32_t i = 0; i < 6; i++)
		assert_true(s[i].slot == i && s[i].slot_gen == 1);
	unmake_image(&m);
}

static void test_rules(void **state)
{
	struct made_image m = make_image(site, NULL, 0);
	const struct image_rule *r = image_rule_at(&m.im, 0);
	const struct image_split *s = image_split_at(&m.im, r->backends.first);

	(void)state;
	assert_true(is(&m.im, r[0].name, "first/m") && is(&m.im, r[0].path, "/api"));
	assert_int_equal(r[0].path_kind, IMAGE_PATH_PREFIX);
	assert_int_equal(r[0].method_bits, 1 << METHOD_GET | 1 << METHOD_HEAD);
	assert_int_equal(r[0].methods.n, 1);
	assert_true(is(&m.im, *image_method_at(&m.im, r[0].methods.first), "BAN"));
	assert_int_equal(r[0].fields.n, 2);
	assert_true(is(&m.im, image_field_match_at(&m.im, r[0].fields.first)->name, "x-a"));
	assert_int_equal(image_field_match_at(&m.im, r[0].fields.first + 1)->kind,
			 IMAGE_FIELD_QUERY);
	assert_int_equal(r[0].sources.n, 1);
	assert_int_equal(r[0].backends.n, 4);
	assert_int_equal(r[0].weight_total, 5);
	assert_true(s[0].upto == 3 && s[1].upto == 4 && s[2].upto == 4 && s[3].upto == 5);
	assert_true(s[0].pool == 0 && s[1].pool == 1 && s[2].pool == 2 && s[3].pool == 3);
	assert_true(is(&m.im, r[1].path, "/") && is(&m.im, r[1].location, "/y"));
	assert_int_equal(r[1].action, IMAGE_ACTION_REDIRECT);
	assert_int_equal(r[1].status, 302);
	assert_int_equal(r[2].path_kind, IMAGE_PATH_REGEX);
	assert_int_equal(r[2].action, IMAGE_ACTION_RESPOND);
	assert_true(is(&m.im, r[2].body, "gone") && is(&m.im, r[2].content_type, "a/b"));
	assert_true(is(&m.im, r[3].name, "first/default"));
	assert_int_equal(r[3].path_kind, IMAGE_PATH_ANY);
	assert_int_equal(r[3].weight_total, 1);
	assert_int_equal(r[4].path_kind, IMAGE_PATH_EXACT);
	unmake_image(&m);
}

/* File order over routes; each route's short form behind its own rules. */
static void test_hosts_have_the_rules_of_their_routes(void **state)
{
	struct made_image m = make_image(site, NULL, 0);
	const struct image_listener *a = image_listener_at(&m.im, 0), *b = a + 1;
	const struct image_host *ax = image_find_host(&m.im, a, VIEW("x.nl")),
				*ay = image_find_host(&m.im, a, VIEW("y.nl")),
				*bx = image_find_host(&m.im, b, VIEW("x.nl"));

	(void)state;
	assert_int_equal(ax->rules.n, 5);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(*image_rule_index_at(&m.im, ax->rules.first + i), i);
	assert_int_equal(ay->rules.n, 1);
	assert_int_equal(*image_rule_index_at(&m.im, ay->rules.first), 4);
	assert_int_equal(bx->rules.n, 4);
	assert_null(image_find_host(&m.im, b, VIEW("y.nl")));
	unmake_image(&m);
}

static void test_the_same_twice(void **state)
{
	struct made_image a = make_image(site, NULL, 0), b = make_image(site, NULL, 0);

	(void)state;
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n);
	unmake_image(&a);
	unmake_image(&b);
}

static const char before[] = HEAD "backends:\n"
				  "  - {name: web, servers: [\"127.0.0.1:1\", \"127.0.0.1:2\", "
				  "{name: n, address: \"h.nl:3\"}]}\n"
				  "  - {name: gone, servers: [\"127.0.0.1:1\"]}\n"
				  "routes: [{hosts: [x.nl], backend: web}]\n";
static const char after[] =
	"listeners:\n"
	"  - {name: new, address: \"127.0.0.1:82\", protocol: http}\n"
	"  - {name: b, address: \"[::1]:81\", protocol: http}\n"
	"  - {name: a, address: \"127.0.0.1:83\", protocol: http}\n"
	"backends:\n"
	"  - {name: api, servers: [\"127.0.0.1:1\"]}\n"
	"  - {name: web, servers: [\"127.0.0.1:9\", {name: n, address: \"H.NL:3\", weight: 5}, "
	"\"127.0.0.1:2\"]}\n"
	"routes: [{hosts: [x.nl], backend: web}]\n";

/* {slot, slot_gen} stay with pool, name and address, whatever else changes. */
static void test_slots_over_reloads(void **state)
{
	struct made_image a = make_image(before, NULL, 0), b = make_image(after, &a.im, 0),
			  c = make_image(before, &b.im, 0);
	const struct image_server *s = image_server_at(&b.im, 0);
	const struct image_listener *l = image_listener_at(&b.im, 0);

	(void)state;
	assert_int_equal(b.im.header->generation, 2);
	/* api: the same address in another pool is another server, in a slot of its own */
	assert_true(s[0].slot == 4 && s[0].slot_gen == 2);
	assert_true(s[1].slot == 5 && s[1].slot_gen == 2);
	assert_true(s[2].slot == 2 && s[2].slot_gen == 1);
	assert_true(s[3].slot == 1 && s[3].slot_gen == 1);
	assert_int_equal(l[0].slot, 2);
	assert_int_equal(l[1].slot, 1);
	assert_int_equal(l[2].slot, 3); /* a moved to another address */
	/* back again: what had gone is new */
	s = image_server_at(&c.im, 0);
	assert_true(s[0].slot_gen == 3 && s[1].slot_gen == 1 && s[2].slot_gen == 1);
	assert_int_equal(s[1].slot, 1);
	unmake_image(&a);
	unmake_image(&b);
	unmake_image(&c);
}

static void test_generations_only_go_up(void **state)
{
	struct made_image a = make_image(before, NULL, 41), b = make_image(before, &a.im, 7),
			  c = make_image(before, &b.im, 99);

	(void)state;
	assert_int_equal(a.im.header->generation, 42);
	assert_int_equal(b.im.header->generation, 43);
	assert_int_equal(c.im.header->generation, 100);
	assert_int_equal(image_server_at(&c.im, 0)->slot_gen, 42);
	unmake_image(&a);
	unmake_image(&b);
	unmake_image(&c);
}

struct answer_row {
	const char *name, *rule; /* what a rule does */
	unsigned errors;
};

static void test_answers_that_http_allows(void **state)
{
	static const struct answer_row rows[] = {
		{ "RFC 9110 §15.3.5: 204 has no content", "respond: {status: 204, body: x}", 1 },
		{ "RFC 9110 §15.3.5: 204 alone", "respond: {status: 204}", 0 },
		{ "RFC 9110 §15.3.6: 205 has no content", "respond: {status: 205, body: x}", 1 },
		{ "RFC 9110 §15.4.5: 304 has no content", "respond: {status: 304, body: x}", 1 },
		{ "RFC 9110 §15.4: 301", "redirect: {status: 301, location: /x}", 0 },
		{ "RFC 9110 §15.4: 300", "redirect: {status: 300, location: /x}", 1 },
		{ "RFC 9110 §15.4: 304", "redirect: {status: 304, location: /x}", 1 },
		{ "RFC 9110 §15.4: 305", "redirect: {status: 305, location: /x}", 1 },
		{ "RFC 9110 §15.4: 309", "redirect: {status: 309, location: /x}", 1 },
		{ "RFC 9110 §15.4: 308", "redirect: {location: /x}", 0 },
	};
	char yaml[1000];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		(void)snprintf(yaml, sizeof yaml, HEAD "routes: [{hosts: [a.nl], rules: [{%s}]}]\n",
			       rows[i].rule);
		CHECK_ROW(rows[i].name, make_image_errors(yaml) == rows[i].errors);
	}
}

/* What a file may be: 8 MB, 500,000 values (THREATS A21, A22). */
static void test_limits_of_files(void **state)
{
	static char text[(8 << 20) + 2];
	size_t n = 0;

	(void)state;
	memset(text, ' ', sizeof text - 1);
	memcpy(text, before, sizeof before - 1);
	text[8 << 20] = '\0';
	assert_int_equal(make_image_errors(text), 0);
	text[8 << 20] = ' ';
	assert_int_equal(make_image_errors(text), 1);
	n = (size_t)snprintf(text, sizeof text, "edges: [");
	for (size_t i = 0; i < 500001; i++) {
		text[n++] = '1';
		text[n++] = ',';
	}
	memcpy(text + n, "]\n", 3);
	assert_int_equal(make_image_errors(text), 1);
}

/* 10,000 routes over 1,000 pools, all on one host: seconds when a step were quadratic. */
static void test_many_routes(void **state)
{
	static char text[4 << 20];
	struct wbuf w = wbuf_of(text, sizeof text - 1);
	struct made_image m = { 0 };
	clock_t from = 0;

	(void)state;
	WBUF_LIT(&w, HEAD "backends:\n");
	for (uint32_t i = 0; i < 1000; i++) {
		WBUF_LIT(&w, "  - {name: b");
		wbuf_dec(&w, i);
		WBUF_LIT(&w, ", servers: [\"127.0.0.1:1\", \"127.0.0.1:2\"]}\n");
	}
	WBUF_LIT(&w, "routes:\n");
	for (uint32_t i = 0; i < 10000; i++) {
		WBUF_LIT(&w, "  - {hosts: [\"*\", h");
		wbuf_dec(&w, i);
		WBUF_LIT(&w, ".nl], rules: [{match: {path_prefix: /p");
		wbuf_dec(&w, i);
		WBUF_LIT(&w, "}, backend: b");
		wbuf_dec(&w, i % 1000);
		WBUF_LIT(&w, "}]}\n");
	}
	assert_false(w.bad);
	text[w.n] = '\0';
	from = clock();
	m = make_image(text, NULL, 0);
	assert_true(clock() - from < 5 * CLOCKS_PER_SEC);
	assert_int_equal(image_count(&m.im, IMAGE_RULE), 10000);
	assert_int_equal(image_find_host(&m.im, image_listener_at(&m.im, 0), VIEW("x.nl"))->rules.n,
			 10000);
	assert_int_equal(
		image_find_host(&m.im, image_listener_at(&m.im, 0), VIEW("h9999.nl"))->rules.n, 1);
	unmake_image(&m);
}

/* Rules and pools keep slot and generation while their name stays, wherever it stands; what is new
 * gets a slot that the image before did not use. */
static void test_rule_and_pool_slots(void **state)
{
	static const char front[] = "listeners: [{name: a, address: \"127.0.0.1:80\", protocol: "
				    "http}]\n";
	static const char one[] =
		"backends: [{name: x, servers: [\"127.0.0.1:1\"]}, {name: y, "
		"servers: [\"127.0.0.1:2\"]}]\n"
		"routes: [{name: r, hosts: [\"*\"], backend: x}, {name: s, hosts: "
		"[s.nl], backend: y}]\n";
	static const char two[] = "backends: [{name: z, servers: [\"127.0.0.1:3\"]}, {name: y, "
				  "servers: [\"127.0.0.1:2\"]}]\n"
				  "routes: [{name: t, hosts: [t.nl], backend: z}, {name: s, hosts: "
				  "[\"*\"], backend: y}]\n";
	char text[1024];
	struct made_image a, b;
	const struct image_rule *s = NULL, *t = NULL;
	const struct image_pool *y = NULL, *z = NULL;

	(void)state;
	(void)snprintf(text, sizeof text, "%s%s", front, one);
	a = make_image(text, NULL, 0);
	(void)snprintf(text, sizeof text, "%s%s", front, two);
	b = make_image(text, &a.im, 1);
	s = image_rule_at(&a.im, 1);
	t = image_rule_at(&b.im, 1);
	assert_true(is(&b.im, t->name, "s/default"));
	assert_int_equal(t->slot, s->slot);
	assert_int_equal(t->slot_gen, s->slot_gen);
	assert_int_equal(s->slot_gen, 1);
	t = image_rule_at(&b.im, 0);
	assert_int_equal(t->slot_gen, 2);
	assert_true(t->slot != s->slot && t->slot != image_rule_at(&a.im, 0)->slot);
	y = image_pool_at(&a.im, 1);
	z = image_pool_at(&b.im, 1);
	assert_true(z->slot == y->slot && z->slot_gen == y->slot_gen);
	z = image_pool_at(&b.im, 0);
	assert_true(z->slot != y->slot && z->slot != image_pool_at(&a.im, 0)->slot);
	assert_int_equal(z->slot_gen, 2);
	unmake_image(&a);
	unmake_image(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_and_listeners),
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_rule_and_pool_slots),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_hosts_have_the_rules_of_their_routes),
		cmocka_unit_test(test_the_same_twice),
		cmocka_unit_test(test_slots_over_reloads),
		cmocka_unit_test(test_generations_only_go_up),
		cmocka_unit_test(test_answers_that_http_allows),
		cmocka_unit_test(test_limits_of_files),
		cmocka_unit_test(test_many_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
