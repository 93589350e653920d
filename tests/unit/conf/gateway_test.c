/*
 * The gateway in an image: what is written there for what people write, on which listeners the
 * portal and applications are (P4, P6), and that every reader refuses an image that would let
 * anybody past it.
 */
#include "conf/image.h"
#include "ipc/gate_words.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/wrong_image.h"

#include "base/hash.h"

#define CERTIFICATES                                                                               \
	"certificates: [{name: www, chain: " CASES "/certs/www.crt, key: " CASES                   \
	"/certs/dummy.key}]\n"

static const char config[] =
	"listeners:\n"
	"  - {name: public, address: \"127.0.0.1:443\", certificates: [www], default_certificate: "
	"true}\n"
	"  - {name: staff, address: \"127.0.0.1:8443\", certificates: [www], default_certificate: "
	"true, isolation: cell}\n"
	"  - {name: more, address: \"127.0.0.1:9443\", certificates: [www], default_certificate: "
	"true, isolation: cell}\n" CERTIFICATES "backends:\n"
	"  - {name: web, servers: [\"127.0.0.1:1\"]}\n"
	"  - {name: cases, servers: [\"127.0.0.1:2\"]}\n"
	"  - {name: files, servers: [\"127.0.0.1:3\"]}\n"
	"routes:\n"
	"  - {name: all, hosts: [\"*\"], backend: web}\n"
	"  - {name: help, listeners: [staff], hosts: [help.example.nl], backend: web}\n"
	"gateway:\n"
	"  host: Login.Example.nl\n"
	"  session: {idle: 20m, lifetime: 9h, binding: network, on_mismatch: end, rotate: 4m, "
	"step_up: 3m}\n"
	"  cells: {total: 100, per_address: 7, spawner_lifetime: 10m}\n"
	"factors: {require: [[passkey], [password, totp]], argon2: {memory: 64m, passes: 3}}\n"
	"zones: [{name: office, networks: [10.0.0.0/8, 192.0.2.0/24]}, {name: home, networks: "
	"[\"::/0\"]}]\n"
	"apps:\n"
	"  - name: cases\n"
	"    title: {nl: Zaken, en: Cases}\n"
	"    host: Cases.example.nl\n"
	"    backend: cases\n"
	"    access:\n"
	"      allow: {all: [{group: staff}, {any: [{zone: home}, {factor: totp}]}, {time: {days: "
	"[mon-wed, sun], from: \"22:30\", to: \"6:05\"}}]}\n"
	"      deny: {none: [{client_certificate: true}, {user: jan}, {everyone: true}]}\n"
	"    identity: {header: X-User, jwt: true, audience: urn:cases}\n"
	"  - {name: files, title: Files, host: files.example.nl, backend: files, access: {allow: "
	"{everyone: true}}}\n";

static const struct image_rule *rule_of(const struct image *im, size_t listener, const char *host)
{
	const struct image_host *h =
		image_find_host(im, image_listener_at(im, listener), view_str(host));

	return h ? image_rule_at(im, *image_rule_index_at(im, h->rules.first)) : NULL;
}

#define CHECK_STR(im, s, text) CHECK_VIEW(image_view((im), (s)), text)

static void test_portal(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	const struct image_gateway *g = &m.im.header->gateway;

	(void)state;
	CHECK_STR(&m.im, g->host, "login.example.nl");
	CHECK_STR(&m.im, g->origin, "https://login.example.nl:8443");
	CHECK_STR(&m.im, g->title, "login.example.nl");
	assert_int_equal(g->factors.n, 2);
	assert_int_equal(*image_factors_at(&m.im, g->factors.first), GATE_PASSKEY);
	assert_int_equal(*image_factors_at(&m.im, g->factors.first + 1), GATE_PASSWORD | GATE_TOTP);
	assert_int_equal(g->idle_s, 20 * 60);
	assert_int_equal(g->lifetime_s, 9 * 3600);
	assert_int_equal(g->rotate_s, 4 * 60);
	assert_int_equal(g->step_up_s, 3 * 60);
	assert_int_equal(g->argon2_kib, 64 << 10);
	assert_int_equal(g->argon2_passes, 3);
	assert_int_equal(g->cells, 100);
	assert_int_equal(g->cells_per_address, 7);
	assert_int_equal(g->cells_before_login, 50); /* not given: never more than half */
	assert_int_equal(g->spawner_s, 600);
	assert_int_equal(g->binding, IMAGE_BINDING_NETWORK);
	assert_int_equal(g->on_mismatch, IMAGE_MISMATCH_END);
	unmake_image(&m);
}

static void test_plain_port_is_left_out(void **state)
{
	struct made_image m = make_image(
		"listeners: [{name: s, address: \"127.0.0.1:443\", certificates: [www], isolation: "
		"cell, default_certificate: true}]\n" CERTIFICATES
		"gateway: {host: login.example.nl, title: Staff}\n",
		NULL, 0);

	(void)state;
	CHECK_STR(&m.im, m.im.header->gateway.origin, "https://login.example.nl");
	CHECK_STR(&m.im, m.im.header->gateway.title, "Staff");
	assert_int_equal(m.im.header->gateway.cells_before_login, 1000);
	unmake_image(&m);
}

static void test_applications(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	const struct image_app *a = image_app_at(&m.im, 0), *b = image_app_at(&m.im, 1);

	(void)state;
	assert_int_equal(image_count(&m.im, IMAGE_APP), 2);
	CHECK_STR(&m.im, a->name, "cases");
	CHECK_STR(&m.im, a->host, "cases.example.nl");
	CHECK_STR(&m.im, a->origin, "https://cases.example.nl:8443");
	CHECK_STR(&m.im, a->audience, "urn:cases");
	CHECK_STR(&m.im, a->header, "X-User");
	assert_int_equal(a->wants_jwt, 1);
	CHECK_STR(&m.im, image_pool_at(&m.im, a->pool)->name, "cases");
	assert_int_equal(a->titles.n, 2);
	CHECK_STR(&m.im, image_title_at(&m.im, a->titles.first)->language, "nl");
	CHECK_STR(&m.im, image_title_at(&m.im, a->titles.first)->text, "Zaken");
	assert_int_equal(b->titles.n, 1);
	CHECK_STR(&m.im, image_title_at(&m.im, b->titles.first)->language, "");
	CHECK_STR(&m.im, b->audience, "files");
	assert_int_equal(b->header.n, 0);
	assert_int_equal(b->wants_jwt, 0);
	assert_true(a->id && b->id && a->id != b->id);
	unmake_image(&m);
}

/* The same application over reloads, whatever stands before it. */
static void test_ids_stay(void **state)
{
	static const char one[] =
		"listeners: [{name: s, address: \"127.0.0.1:443\", certificates: [www], isolation: "
		"cell, default_certificate: true}]\n" CERTIFICATES
		"backends: [{name: b, servers: [\"127.0.0.1:1\"]}]\n"
		"gateway: {host: other.example.nl}\n"
		"apps: [{name: files, host: f.example.nl, backend: b, access: {allow: {everyone: "
		"true}}}]\n";
	struct made_image m = make_image(config, NULL, 0), n = make_image(one, &m.im, 0);
	const struct image_rule *was = rule_of(&m.im, 1, "files.example.nl"),
				*is = rule_of(&n.im, 0, "f.example.nl");

	(void)state;
	assert_int_equal(image_app_at(&m.im, 1)->id, image_app_at(&n.im, 0)->id);
	assert_int_equal(was->slot, is->slot);
	assert_int_equal(was->slot_gen, is->slot_gen);
	unmake_image(&n);
	unmake_image(&m);
}

struct node {
	uint8_t kind;
	uint32_t n, index;
};

static void test_conditions_are_trees_in_preorder(void **state)
{
	static const struct node rows[] = { { IMAGE_IF_ALL, 5, 0 },
					    { IMAGE_IF_GROUP, 0, 0 },
					    { IMAGE_IF_ANY, 2, 0 },
					    { IMAGE_IF_ZONE, 0, 1 },
					    { IMAGE_IF_FACTOR, 0, GATE_TOTP },
					    { IMAGE_IF_TIME, 0, 0 },
					    { IMAGE_IF_NONE, 3, 0 },
					    { IMAGE_IF_CERTIFICATE, 0, 0 },
					    { IMAGE_IF_USER, 0, 0 },
					    { IMAGE_IF_EVERYONE, 0, 0 } };
	struct made_image m = make_image(config, NULL, 0);
	const struct image_app *a = image_app_at(&m.im, 0);
	const struct image_condition *time = NULL;

	(void)state;
	assert_int_equal(a->allow.n, 6);
	assert_int_equal(a->deny.n, 4);
	for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
		const struct image_condition *c = image_condition_at(&m.im, a->allow.first + i);

		assert_int_equal(c->kind, rows[i].kind);
		assert_int_equal(c->n, rows[i].n);
		assert_int_equal(c->index, rows[i].index);
	}
	CHECK_STR(&m.im, image_condition_at(&m.im, a->allow.first + 1)->text, "staff");
	CHECK_STR(&m.im, image_condition_at(&m.im, a->deny.first + 2)->text, "jan");
	time = image_condition_at(&m.im, a->allow.first + 5);
	assert_int_equal(time->days, 1 << 1 | 1 << 2 | 1 << 3 | 1 << 7);
	assert_int_equal(time->from, 22 * 60 + 30);
	assert_int_equal(time->to, 6 * 60 + 5);
	unmake_image(&m);
}

/* Only cells have them, and cells have nothing else unless it says so. */
static void test_who_is_on_which_listener(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	const struct image *im = &m.im;
	const struct image_rule *rule = NULL;

	(void)state;
	assert_int_equal(image_listener_at(im, 0)->flags & IMAGE_CELL, 0);
	assert_int_equal(image_listener_at(im, 1)->flags & IMAGE_CELL, IMAGE_CELL);
	CHECK_STR(im, rule_of(im, 0, "login.example.nl")->name, "all/default");
	CHECK_STR(im, rule_of(im, 0, "cases.example.nl")->name, "all/default");
	CHECK_STR(im, rule_of(im, 1, "help.example.nl")->name, "help/default");
	assert_null(rule_of(im, 1, "www.example.nl"));
	assert_null(rule_of(im, 2, "help.example.nl"));
	for (size_t l = 1; l <= 2; l++) {
		rule = rule_of(im, l, "login.example.nl");
		CHECK_STR(im, rule->name, "portal");
		assert_int_equal(rule->action, IMAGE_ACTION_PORTAL);
		assert_int_equal(rule->app, IMAGE_NONE);
		assert_int_equal(rule->backends.n, 0);
		rule = rule_of(im, l, "files.example.nl");
		CHECK_STR(im, rule->name, "app/files");
		assert_int_equal(rule->action, IMAGE_ACTION_APP);
		assert_int_equal(rule->app, 1);
		assert_int_equal(rule->backends.n, 1);
		assert_int_equal(image_split_at(im, rule->backends.first)->pool,
				 image_app_at(im, 1)->pool);
		assert_int_equal(rule->mirror_percent, 0);
		assert_int_equal(rule->cache, IMAGE_NONE);
	}
	unmake_image(&m);
}

/* Rules 0 to 4: all, help, portal, cases, files; the lists of the gateway are the last three. */
static void test_every_field_is_checked(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	static const struct wrong rows[] = {
		WRONG(-1, 0, image_header, gateway.host.n, 0),
		WRONG(-1, 0, image_header, gateway.host.n, 300),
		WRONG(-1, 0, image_header, gateway.host.at, UINT32_MAX),
		WRONG(-1, 0, image_header, gateway.origin.n, 0),
		WRONG(-1, 0, image_header, gateway.title.n, 0),
		WRONG(-1, 0, image_header, gateway.factors.n, 0),
		WRONG(-1, 0, image_header, gateway.factors.n, 3),
		WRONG(-1, 0, image_header, gateway.idle_s, 0),
		WRONG(-1, 0, image_header, gateway.lifetime_s, UINT32_MAX),
		WRONG(-1, 0, image_header, gateway.rotate_s, 0),
		WRONG(-1, 0, image_header, gateway.step_up_s, 0),
		WRONG(-1, 0, image_header, gateway.argon2_kib, (4 << 20) + 1),
		WRONG(-1, 0, image_header, gateway.argon2_passes, 1001),
		WRONG(-1, 0, image_header, gateway.cells, 0),
		WRONG(-1, 0, image_header, gateway.cells, IMAGE_CELLS_MAX + 1),
		WRONG(-1, 0, image_header, gateway.cells_per_address, 0),
		WRONG(-1, 0, image_header, gateway.cells_before_login, 0),
		WRONG(-1, 0, image_header, gateway.spawner_s, 0),
		WRONG(-1, 0, image_header, gateway.binding, 0),
		WRONG(-1, 0, image_header, gateway.binding, 4),
		WRONG(-1, 0, image_header, gateway.on_mismatch, 3),
		WRONG(IMAGE_FACTORS, 0, image_range, first, 0),
		WRONG(IMAGE_FACTORS, 0, image_range, first, GATE_RECOVERY),
		WRONG(IMAGE_APP, 0, image_app, name.n, 0),
		WRONG(IMAGE_APP, 0, image_app, host.n, 0),
		WRONG(IMAGE_APP, 0, image_app, origin.at, UINT32_MAX),
		WRONG(IMAGE_APP, 0, image_app, audience.n, 0),
		WRONG(IMAGE_APP, 0, image_app, header.n, 65),
		WRONG(IMAGE_APP, 0, image_app, titles.n, 99),
		WRONG(IMAGE_APP, 1, image_app, titles.first, 0),
		WRONG(IMAGE_APP, 0, image_app, allow.n, 5),
		WRONG(IMAGE_APP, 0, image_app, allow.n, 7),
		WRONG(IMAGE_APP, 0, image_app, deny.first, 0),
		WRONG(IMAGE_APP, 0, image_app, deny.n, UINT32_MAX),
		WRONG(IMAGE_APP, 1, image_app, allow.first, 1),
		WRONG(IMAGE_APP, 0, image_app, id, 0),
		WRONG(IMAGE_APP, 0, image_app, pool, 0),
		WRONG(IMAGE_APP, 0, image_app, pool, 3),
		WRONG(IMAGE_APP, 0, image_app, wants_jwt, 2),
		WRONG(IMAGE_TITLE, 0, image_title, language.n, 9),
		WRONG(IMAGE_TITLE, 0, image_title, text.n, 0),
		WRONG(IMAGE_CONDITION, 0, image_condition, n, 4),
		WRONG(IMAGE_CONDITION, 0, image_condition, n, 6),
		WRONG(IMAGE_CONDITION, 0, image_condition, n, 0),
		WRONG(IMAGE_CONDITION, 0, image_condition, kind, 0),
		WRONG(IMAGE_CONDITION, 0, image_condition, kind, IMAGE_IF_KINDS),
		WRONG(IMAGE_CONDITION, 0, image_condition, kind, IMAGE_IF_EVERYONE),
		WRONG(IMAGE_CONDITION, 1, image_condition, n, 1),
		WRONG(IMAGE_CONDITION, 1, image_condition, text.n, 0),
		WRONG(IMAGE_CONDITION, 1, image_condition, text.n, 65),
		WRONG(IMAGE_CONDITION, 2, image_condition, n, 4),
		WRONG(IMAGE_CONDITION, 2, image_condition, n, UINT32_MAX),
		WRONG(IMAGE_CONDITION, 3, image_condition, index, 2),
		WRONG(IMAGE_CONDITION, 4, image_condition, index, 0),
		WRONG(IMAGE_CONDITION, 4, image_condition, index, 3),
		WRONG(IMAGE_CONDITION, 4, image_condition, index, GATE_RECOVERY),
		WRONG(IMAGE_CONDITION, 4, image_condition, index, 256),
		WRONG(IMAGE_CONDITION, 5, image_condition, days, 0),
		WRONG(IMAGE_CONDITION, 5, image_condition, days, 1),
		WRONG(IMAGE_CONDITION, 5, image_condition, days, 255),
		WRONG(IMAGE_CONDITION, 5, image_condition, from, IMAGE_DAY_MINUTES),
		WRONG(IMAGE_CONDITION, 5, image_condition, to, IMAGE_DAY_MINUTES + 1),
		WRONG(IMAGE_CONDITION, 5, image_condition, to, 22 * 60 + 30),
		WRONG(IMAGE_ZONE, 0, image_zone, name.n, 0),
		WRONG(IMAGE_ZONE, 0, image_zone, networks.n, 99),
		WRONG(IMAGE_ZONE, 1, image_zone, networks.first, 0),
		/* past the gateway */
		WRONG(IMAGE_LISTENER, 1, image_listener, flags, IMAGE_HTTP2),
		WRONG(IMAGE_LISTENER, 1, image_listener, protocol, IMAGE_HTTP),
		WRONG(IMAGE_RULE, 0, image_rule, action, IMAGE_ACTION_APP),
		WRONG(IMAGE_RULE, 0, image_rule, action, IMAGE_ACTION_PORTAL),
		WRONG(IMAGE_RULE, 0, image_rule, app, 0),
		WRONG(IMAGE_RULE, 2, image_rule, app, 0),
		WRONG(IMAGE_RULE, 2, image_rule, action, IMAGE_ACTION_BACKEND),
		WRONG(IMAGE_RULE, 3, image_rule, app, IMAGE_NONE),
		WRONG(IMAGE_RULE, 3, image_rule, app, 1),
		WRONG(IMAGE_RULE, 3, image_rule, app, 2),
		WRONG(IMAGE_RULE, 3, image_rule, action, IMAGE_ACTION_BACKEND),
		WRONG(IMAGE_RULE, 3, image_rule, action, IMAGE_ACTION_APP + 1),
		WRONG(IMAGE_RULE_INDEX, 0, image_range, first, 3),
		WRONG(IMAGE_RULE_INDEX, 3, image_range, first, 0),
		WRONG(IMAGE_RULE_INDEX, 4, image_range, first, 1),
	};

	(void)state;
	assert_int_equal(image_count(&m.im, IMAGE_RULE), 5);
	assert_int_equal(image_count(&m.im, IMAGE_RULE_INDEX), 5);
	check_wrong(&m, rows, COUNT_OF(rows));
	unmake_image(&m);
}

/* Two applications with one id; a host of the public listener that is led to an application's
 * rule, and a host of the gateway with two rules. */
static void test_ways_past_the_gateway(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	const struct image_listener *l = image_listener_at(&m.im, 0),
				    *staff = image_listener_at(&m.im, 1);
	struct copy c = copy_of(&m);
	struct image_app *a = element(&c, IMAGE_APP, 0), *b = element(&c, IMAGE_APP, 1);
	uint64_t id = a->id;

	(void)state;
	a->id = b->id;
	assert_true(is_refused(&c));
	a->id = id;
	for (uint32_t i = 0; i < l->hosts.n; i++) {
		struct image_host *h = element(&c, IMAGE_HOST, l->hosts.first + i);
		struct image_range rules = h->rules;

		if (h->name.n == 0)
			continue;
		h->rules.first = 3;
		assert_true(is_refused(&c));
		h->rules = (struct image_range){ 0, 4 };
		assert_true(is_refused(&c));
		h->rules = rules;
		assert_false(is_refused(&c));
	}
	for (uint32_t i = 0; i < staff->hosts.n; i++) {
		struct image_host *h = element(&c, IMAGE_HOST, staff->hosts.first + i);

		if (h->name.n == 0 || h->rules.first < 2)
			continue;
		h->rules = (struct image_range){ 2, 2 };
		assert_true(is_refused(&c));
		h->rules = (struct image_range){ 1, 2 };
		assert_true(is_refused(&c));
		h->rules = (struct image_range){ 2, 1 };
		assert_false(is_refused(&c));
	}
	free(c.p);
	unmake_image(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_portal),
		cmocka_unit_test(test_plain_port_is_left_out),
		cmocka_unit_test(test_applications),
		cmocka_unit_test(test_ids_stay),
		cmocka_unit_test(test_conditions_are_trees_in_preorder),
		cmocka_unit_test(test_who_is_on_which_listener),
		cmocka_unit_test(test_every_field_is_checked),
		cmocka_unit_test(test_ways_past_the_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
