/*
 * Isolation in an image (R1 to R4): what is written there for what people write and for what they
 * leave out, and that every reader refuses an image that would open more than people asked for.
 */
#include "conf/image.h"
#include "ipc/gate_words.h"
#include "proto/http1.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/wrong_image.h"

#define CERTIFICATES                                                                               \
	"certificates: [{name: www, chain: " CASES "/certs/www.crt, key: " CASES                   \
	"/certs/dummy.key}]\n"
#define CELLS(more)                                                                                \
	"listeners: [{name: s, address: \"127.0.0.1:443\", certificates: [www], isolation: cell, " \
	"default_certificate: true" more "}]\n" CERTIFICATES                                       \
	"backends: [{name: b, servers: [\"127.0.0.1:1\"]}]\n"                                      \
	"gateway: {host: login.example.nl}\n"
#define APP(name, more)                                                                            \
	"  - {name: " name ", host: " name                                                         \
	".example.nl, backend: b, access: {allow: {everyone: true}}" more "}\n"
#define PLAIN                                                                                      \
	"listeners: [{name: l, address: \"127.0.0.1:80\", protocol: http}]\n"                      \
	"backends: [{name: b, servers: [\"127.0.0.1:1\"]}]\n"                                      \
	"routes: [{hosts: [\"*\"], backend: b}]\n"

static const char config[] = CELLS(
	", inside: true") "zones:\n"
			  "  - {name: office, networks: [10.0.0.0/8]}\n"
			  "  - {name: desks, networks: [10.0.0.0/8]}\n"
			  "  - {name: partners, networks: [192.0.2.0/24]}\n"
			  "apps:\n" APP("cases", ", read_only: {methods: [GET, PATCH], also: "
						 "[{method: POST, path_prefix: /search/}, "
						 "{method: PUT, path_prefix: /}], websocket: "
						 "true}, needs: [registry, files], owner: "
						 "cases-owners") APP("registry", "")
				  APP("files",
				      ", read_only: {also: [{method: DELETE, path_prefix: /a}]}, "
				      "needs: [registry]") "isolation:\n"
							   "  approvers: {group: incident-team, "
							   "to_open: 3, to_close: 2}\n"
							   "  fallback_on: [canary, failures]\n"
							   "  office: [office, desks]\n"
							   "  pilot: first-in\n"
							   "  news: "
							   "\"https://status.example.nl/?a=b\"\n"
							   "  soak: 30m\n"
							   "  waiting_room: {per_minute: 120, "
							   "at_a_time: 2000, urgent: [doctors, "
							   "duty]}\n"
							   "status_page: {address: "
							   "\"127.0.0.1:81\", title: X}\n";

#define CHECK_STR(im, s, text) CHECK_VIEW(image_view((im), (s)), text)

static void test_isolation(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	const struct image_isolation *s = &m.im.header->isolation;

	(void)state;
	CHECK_STR(&m.im, s->approvers, "incident-team");
	CHECK_STR(&m.im, s->pilot, "first-in");
	CHECK_STR(&m.im, s->news, "https://status.example.nl/?a=b");
	assert_int_equal(s->has_approvers, 1);
	assert_int_equal(s->to_open, 3);
	assert_int_equal(s->to_close, 2);
	assert_int_equal(s->fallback_on, 1 << IMAGE_ALARM_CANARY | 1 << IMAGE_ALARM_FAILURES);
	assert_int_equal(s->soak_s, 30 * 60);
	assert_int_equal(s->room_per_minute, 120);
	assert_int_equal(s->room_at_a_time, 2000);
	CHECK_STR(&m.im, s->urgent, "doctors\nduty");
	assert_int_equal(image_listener_at(&m.im, 0)->flags & IMAGE_INSIDE, IMAGE_INSIDE);
	unmake_image(&m);
}

/* Nobody wrote anything, and there is no portal: the safe values are there all the same. */
static void test_defaults(void **state)
{
	struct made_image m = make_image(PLAIN, NULL, 0);
	const struct image_isolation *s = &m.im.header->isolation;

	(void)state;
	assert_int_equal(s->has_approvers, 0);
	assert_int_equal(s->approvers.n, 0);
	assert_int_equal(s->news.n, 0);
	CHECK_STR(&m.im, s->pilot, "pilot");
	assert_int_equal(s->to_open, 2);
	assert_int_equal(s->to_close, 1);
	assert_int_equal(s->fallback_on, 0);
	assert_int_equal(s->soak_s, 0);
	assert_int_equal(s->room_per_minute, 0);
	assert_int_equal(s->room_at_a_time, 0);
	assert_int_equal(s->urgent.n, 0);
	assert_int_equal(image_listener_at(&m.im, 0)->flags & IMAGE_INSIDE, 0);
	unmake_image(&m);
}

struct zone {
	bool is_office, is_partner;
};

static void check_zones(const char *yaml, const struct zone *zones, uint32_t n)
{
	struct made_image m = make_image(yaml, NULL, 0);

	assert_int_equal(image_count(&m.im, IMAGE_ZONE), n);
	for (uint32_t i = 0; i < n; i++) {
		const struct image_zone *z = image_zone_at(&m.im, i);

		assert_int_equal(z->is_office, zones[i].is_office);
		assert_int_equal(z->is_partner, zones[i].is_partner);
	}
	unmake_image(&m);
}

#define ZONES                                                                                      \
	"zones: [{name: office, networks: [10.0.0.0/8]}, {name: partners, networks: "              \
	"[192.0.2.0/24]}, {name: home, networks: [\"::/0\"]}]\n"

/* What is given counts alone; what is left out is found by its name. */
static void test_zones(void **state)
{
	(void)state;
	check_zones(config, (struct zone[]){ { true, false }, { true, false }, { false, true } },
		    3);
	check_zones(PLAIN ZONES,
		    (struct zone[]){ { true, false }, { false, true }, { false, false } }, 3);
	check_zones(PLAIN ZONES "isolation: {office: [home], partners: [office, home]}\n",
		    (struct zone[]){ { false, true }, { false, false }, { true, true } }, 3);
	check_zones(PLAIN ZONES "isolation: {office: [], partners: []}\n",
		    (struct zone[]){ { false, false }, { false, false }, { false, false } }, 3);
}

static void test_read_only(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	const struct image_app *cases = image_app_at(&m.im, 0), *registry = image_app_at(&m.im, 1),
			       *files = image_app_at(&m.im, 2);
	const struct image_safe_call *call = image_safe_call_at(&m.im, cases->read_only_also.first);
	uint64_t usual = 1 << METHOD_GET | 1 << METHOD_HEAD | 1 << METHOD_OPTIONS;

	(void)state;
	assert_int_equal(cases->read_only_methods, 1 << METHOD_GET | 1 << METHOD_PATCH);
	assert_int_equal(registry->read_only_methods, usual);
	assert_int_equal(files->read_only_methods, usual);
	assert_int_equal(cases->read_only_websocket, 1);
	assert_int_equal(registry->read_only_websocket, 0);
	assert_int_equal(cases->read_only_also.n, 2);
	assert_int_equal(call[0].method, METHOD_POST);
	CHECK_STR(&m.im, call[0].path_prefix, "/search"); /* as a rule's prefix is kept */
	assert_int_equal(call[1].method, METHOD_PUT);
	CHECK_STR(&m.im, call[1].path_prefix, "/");
	assert_int_equal(registry->read_only_also.n, 0);
	assert_int_equal(files->read_only_also.n, 1);
	call = image_safe_call_at(&m.im, files->read_only_also.first);
	assert_int_equal(call->method, METHOD_DELETE);
	CHECK_STR(&m.im, call->path_prefix, "/a");
	unmake_image(&m);
}

static void test_needs_and_owners(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	const struct image_app *cases = image_app_at(&m.im, 0), *files = image_app_at(&m.im, 2);

	(void)state;
	CHECK_STR(&m.im, cases->owner, "cases-owners");
	assert_int_equal(files->owner.n, 0);
	assert_int_equal(cases->needs.n, 2);
	assert_int_equal(image_need_at(&m.im, cases->needs.first)->app, 1);
	assert_int_equal(image_need_at(&m.im, cases->needs.first + 1)->app, 2);
	assert_int_equal(image_app_at(&m.im, 1)->needs.n, 0);
	assert_int_equal(files->needs.n, 1);
	assert_int_equal(image_need_at(&m.im, files->needs.first)->app, 1);
	unmake_image(&m);
}

/* Each method of the enum but three, as a word of either list: the bit and the number agree. */
static void test_methods(void **state)
{
	(void)state;
	for (unsigned id = METHOD_GET; id < METHOD_N; id++) {
		struct view name = http_method_name((enum http_method)id);
		bool is_good = id != METHOD_TRACE && id != METHOD_CONNECT;
		char yaml[2000] = "";
		struct wbuf w = wbuf_of(yaml, sizeof yaml - 1);
		struct made_image m = { 0 };

		WBUF_LIT(&w, CELLS("") "apps:\n"
				       "  - name: a\n"
				       "    host: a.example.nl\n"
				       "    backend: b\n"
				       "    access: {allow: {everyone: true}}\n"
				       "    read_only:\n"
				       "      methods: [");
		wbuf_view_put(&w, name);
		WBUF_LIT(&w, "]\n      also: [{path_prefix: /x, method: ");
		wbuf_view_put(&w, name);
		WBUF_LIT(&w, "}]\n");
		assert_false(w.bad);
		assert_int_equal(make_image_errors(yaml), is_good ? 0 : 2);
		if (!is_good)
			continue;
		m = make_image(yaml, NULL, 0);
		assert_int_equal(image_app_at(&m.im, 0)->read_only_methods, 1u << id);
		assert_int_equal(image_safe_call_at(&m.im, 0)->method, id);
		unmake_image(&m);
	}
}

/* 64 safe calls and no more. */
static void test_many_calls(void **state)
{
	(void)state;
	for (unsigned n = IMAGE_SAFE_CALLS_MAX; n <= IMAGE_SAFE_CALLS_MAX + 1; n++) {
		static char yaml[8000];
		struct wbuf w = wbuf_of(yaml, sizeof yaml - 1);

		WBUF_LIT(&w, CELLS("") "apps:\n"
				       "  - name: a\n"
				       "    host: a.example.nl\n"
				       "    backend: b\n"
				       "    access: {allow: {everyone: true}}\n"
				       "    read_only:\n"
				       "      also:\n");
		for (unsigned i = 0; i < n; i++) {
			WBUF_LIT(&w, "        - {method: POST, path_prefix: /");
			wbuf_dec(&w, i);
			WBUF_LIT(&w, "}\n");
		}
		assert_false(w.bad);
		yaml[w.n] = '\0';
		assert_int_equal(make_image_errors(yaml), n > IMAGE_SAFE_CALLS_MAX);
	}
}

/* A thousand applications, each of which needs the one before: no call goes deeper for it, neither
 * in the check nor in that of the image; and the same in a circle. */
static void test_long_chains(void **state)
{
	static char yaml[200000];

	(void)state;
	for (unsigned is_circle = 0; is_circle <= 1; is_circle++) {
		struct wbuf w = wbuf_of(yaml, sizeof yaml - 1);

		WBUF_LIT(&w, CELLS("") "apps:\n");
		for (unsigned i = 0; i < IMAGE_APPS_MAX; i++) {
			char line[200];

			(void)snprintf(line, sizeof line,
				       "  - {name: a%u, host: a%u.example.nl, backend: b, access: "
				       "{allow: {everyone: true}}, needs: [",
				       i, i);
			wbuf_str(&w, line);
			if (i || is_circle) {
				WBUF_LIT(&w, "a");
				wbuf_dec(&w, i ? i - 1 : IMAGE_APPS_MAX - 1);
			}
			WBUF_LIT(&w, "]}\n");
		}
		assert_false(w.bad);
		yaml[w.n] = '\0';
		assert_int_equal(make_image_errors(yaml), is_circle);
	}
}

static void test_every_field_is_checked(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	static const struct wrong rows[] = {
		WRONG(-1, 0, image_header, isolation.approvers.n, 65),
		WRONG(-1, 0, image_header, isolation.approvers.n, 0),
		WRONG(-1, 0, image_header, isolation.approvers.at, UINT32_MAX),
		WRONG(-1, 0, image_header, isolation.has_approvers, 0),
		WRONG(-1, 0, image_header, isolation.has_approvers, 2),
		WRONG(-1, 0, image_header, isolation.urgent.n,
		      IMAGE_URGENT_MAX * (GATE_USER_MAX + 1) + 1),
		WRONG(-1, 0, image_header, isolation.urgent.at, UINT32_MAX),
		WRONG(-1, 0, image_header, isolation.room_per_minute, IMAGE_ROOM_MAX + 1),
		WRONG(-1, 0, image_header, isolation.room_at_a_time, IMAGE_ROOM_MAX + 1),
		WRONG(-1, 0, image_header, isolation.pilot.n, 0),
		WRONG(-1, 0, image_header, isolation.pilot.n, 65),
		WRONG(-1, 0, image_header, isolation.pilot.at, UINT32_MAX),
		WRONG(-1, 0, image_header, isolation.news.n, IMAGE_NEWS_MAX + 1),
		WRONG(-1, 0, image_header, isolation.news.n, 7),
		WRONG(-1, 0, image_header, isolation.news.at, UINT32_MAX),
		WRONG(-1, 0, image_header, isolation.news.at, 0), /* another text, no URL */
		WRONG(-1, 0, image_header, isolation.to_open, 0),
		WRONG(-1, 0, image_header, isolation.to_open, IMAGE_APPROVALS_MAX + 1),
		WRONG(-1, 0, image_header, isolation.to_close, 0),
		WRONG(-1, 0, image_header, isolation.to_close, IMAGE_APPROVALS_MAX + 1),
		WRONG(-1, 0, image_header, isolation.fallback_on, 1 << IMAGE_ALARM_CLASSES),
		WRONG(-1, 0, image_header, isolation.fallback_on, UINT32_MAX),
		WRONG(-1, 0, image_header, isolation.soak_s, IMAGE_SOAK_MAX_S + 1),
		WRONG(-1, 0, image_header, status_page.address.kind, IMAGE_ADDRESS_UNIX),
		WRONG(-1, 0, image_header, status_page.titles.n, 2),
		WRONG(-1, 0, image_header, status_page.contacts.first, UINT32_MAX),
		WRONG(IMAGE_APP, 0, image_app, is_on_status_page, 2),
		WRONG(IMAGE_LISTENER, 0, image_listener, titles.n, UINT32_MAX),
		WRONG(IMAGE_LISTENER, 0, image_listener, flags, IMAGE_CELL | IMAGE_INSIDE << 1),
		WRONG(IMAGE_ZONE, 0, image_zone, is_office, 2),
		WRONG(IMAGE_ZONE, 0, image_zone, is_partner, 2),
		WRONG(IMAGE_APP, 0, image_app, read_only_methods, 1 << METHOD_OTHER),
		WRONG(IMAGE_APP, 0, image_app, read_only_methods, 1 << METHOD_TRACE),
		WRONG(IMAGE_APP, 0, image_app, read_only_methods, 1 << METHOD_CONNECT),
		WRONG(IMAGE_APP, 0, image_app, read_only_methods, 1 << METHOD_N),
		WRONG(IMAGE_APP, 0, image_app, read_only_methods, (uint64_t)1 << 63),
		WRONG(IMAGE_APP, 0, image_app, read_only_also.n, 4),
		WRONG(IMAGE_APP, 0, image_app, read_only_also.first, UINT32_MAX),
		WRONG(IMAGE_APP, 2, image_app, read_only_also.first, 0), /* the other's */
		WRONG(IMAGE_APP, 0, image_app, read_only_websocket, 2),
		WRONG(IMAGE_APP, 0, image_app, needs.n, 4),
		WRONG(IMAGE_APP, 0, image_app, needs.first, UINT32_MAX),
		WRONG(IMAGE_APP, 2, image_app, needs.first, 0),
		WRONG(IMAGE_APP, 0, image_app, owner.n, 65),
		WRONG(IMAGE_APP, 0, image_app, owner.at, UINT32_MAX),
		WRONG(IMAGE_SAFE_CALL, 0, image_safe_call, path_prefix.n, 0),
		WRONG(IMAGE_SAFE_CALL, 0, image_safe_call, path_prefix.n, 4096),
		WRONG(IMAGE_SAFE_CALL, 0, image_safe_call, path_prefix.at, UINT32_MAX),
		WRONG(IMAGE_SAFE_CALL, 0, image_safe_call, path_prefix.at, 0), /* "s" ... */
		WRONG(IMAGE_SAFE_CALL, 0, image_safe_call, method, METHOD_OTHER),
		WRONG(IMAGE_SAFE_CALL, 0, image_safe_call, method, METHOD_TRACE),
		WRONG(IMAGE_SAFE_CALL, 0, image_safe_call, method, METHOD_CONNECT),
		WRONG(IMAGE_SAFE_CALL, 0, image_safe_call, method, UINT16_MAX),
		WRONG(IMAGE_NEED, 0, image_need, app, 3),
		WRONG(IMAGE_NEED, 0, image_need, app, UINT32_MAX),
		WRONG(IMAGE_NEED, 0, image_need, app, 0), /* cases needs itself */
		WRONG(IMAGE_NEED, 2, image_need, app, 2), /* files needs itself */
		WRONG(IMAGE_NEED, 2, image_need, app, 0), /* cases needs files needs cases */
	};

	(void)state;
	assert_int_equal(image_count(&m.im, IMAGE_NEED), 3);
	assert_int_equal(image_count(&m.im, IMAGE_SAFE_CALL), 3);
	check_wrong(&m, rows, COUNT_OF(rows));
	unmake_image(&m);
}

/* The text of an address of news, one byte of it changed: what a page would make of it. */
static void test_news_is_a_link(void **state)
{
	static const uint8_t bad[] = { '"', '\'', '<', '>', ' ', '\n', 0x7f, 0xe9, 0 };
	struct made_image m = make_image(config, NULL, 0);
	struct copy c = copy_of(&m);
	struct image_str news = header(&c)->isolation.news;
	uint8_t *text = element(&c, IMAGE_BYTES, news.at);

	(void)state;
	assert_false(is_refused(&c));
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		uint8_t was = text[news.n - 1];

		text[news.n - 1] = bad[i];
		assert_true(is_refused(&c));
		text[news.n - 1] = was;
	}
	for (size_t i = 0; i < 8; i++) { /* "https://" */
		uint8_t was = text[i];

		text[i] = 'x';
		assert_true(is_refused(&c));
		text[i] = was;
	}
	assert_false(is_refused(&c));
	free(c.p);
	unmake_image(&m);
}

/* "/search/" in an image would match nothing but what begins with "/search//". */
static void test_prefix_ends_without_a_slash(void **state)
{
	struct made_image m = make_image(config, NULL, 0);
	struct copy c = copy_of(&m);
	struct image_safe_call *call = element(&c, IMAGE_SAFE_CALL, 0);
	uint8_t *text = element(&c, IMAGE_BYTES, call->path_prefix.at);

	(void)state;
	text[call->path_prefix.n - 1] = '/';
	assert_true(is_refused(&c));
	free(c.p);
	unmake_image(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_isolation),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_needs_and_owners),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_many_calls),
		cmocka_unit_test(test_long_chains),
		cmocka_unit_test(test_every_field_is_checked),
		cmocka_unit_test(test_news_is_a_link),
		cmocka_unit_test(test_prefix_ends_without_a_slash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
