/* Texts with placeholders, origins and networks: what the edge decides and writes for a filter. */
#include "conf/filter_text.h"
#include "proto/http1.h"
#include "route/allow.h"
#include "route/cors.h"
#include "route/expand.h"
#include "tests/unit/check.h"
#include "tests/unit/conf/make_image.h"

static const char yaml[] =
	"listeners:\n"
	"  - {name: a, address: \"127.0.0.1:80\", protocol: http}\n"
	"backends:\n"
	"  - {name: web, servers: [\"127.0.0.1:81\"]}\n"
	"routes:\n"
	"  - hosts: [\"*\"]\n"
	"    filters: [{allow_networks: [10.0.0.0/8, \"2001:db8::/32\"]}, {deny_networks: "
	"[10.1.0.0/16]}]\n"
	"    rules:\n"
	"      - match: {path_prefix: /a}\n"
	"        redirect: {location: \"{scheme}://{host}/x{path}{search}\"}\n"
	"        filters: [{cors: {allow_origins: [\"https://*.b.nl:8443\", \"http://c.nl\"]}}]\n"
	"      - match: {path_prefix: /b}\n"
	"        redirect: {replace_prefix: /}\n"
	"      - match: {path_prefix: /c}\n"
	"        redirect: {replace_prefix: /d}\n"
	"      - match: {path_prefix: /e}\n"
	"        redirect: {location: \"/{{{request_id}/{source_address}}?{query}\"}\n";

struct fixture {
	struct made_image made;
};

static int setup(void **state)
{
	static struct fixture f;

	f.made = make_image(yaml, NULL, 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unmake_image(&f->made);
	return 0;
}

static void check_expands(struct fixture *f, size_t rule, const char *path, const char *query,
			  const char *want)
{
	const struct image_rule *r = image_rule_at(&f->made.im, rule);
	static const struct ip source = { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
	struct expand_facts facts = { .source = &source,
				      .host = VIEW("h.nl"),
				      .path = view_str(path),
				      .query = view_str(query),
				      .request_id = VIEW("0123"),
				      .scheme = VIEW("https"),
				      .prefix_n = expand_prefix(r) };
	uint8_t text[200];
	struct wbuf w = wbuf_of(text, sizeof text), small = wbuf_of(text, 2);

	expand_put(&w, &f->made.im, r->to, &facts);
	assert_false(w.bad);
	CHECK_VIEW(wbuf_view(&w), want);
	expand_put(&small, &f->made.im, r->to, &facts);
	assert_int_equal(wbuf_check(&small), E_LIMIT);
}

static void test_expand(void **state)
{
	struct fixture *f = *state;

	check_expands(f, 0, "/a/b", "q=1", "https://h.nl/x/a/b?q=1");
	check_expands(f, 0, "/a", "", "https://h.nl/x/a");
	check_expands(f, 1, "/b/rest", "", "/rest");
	check_expands(f, 1, "/b", "long", "/?long");
	check_expands(f, 2, "/c", "long", "/d?long");
	check_expands(f, 2, "/c/", "", "/d/");
	check_expands(f, 3, "/e", "a{host}", "/{0123/2001:db8::1}?a{host}");
}

static void test_allow(void **state)
{
	struct fixture *f = *state;
	const struct image_filter *filter = image_filter_at(&f->made.im, 0);
	static const struct {
		const char *ip;
		bool is_allowed;
	} cases[] = {
		{ "10.0.0.1", true },	{ "10.255.0.1", true },	 { "10.1.0.1", false },
		{ "11.0.0.1", false },	{ "2001:db8::1", true }, { "2001:db9::1", false },
		{ "127.0.0.1", false },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ip ip = { 0 };

		assert_int_equal(ip_parse(view_str(cases[i].ip), &ip), E_OK);
		CHECK_ROW(cases[i].ip,
			  allow_source(&f->made.im, filter, &ip) == cases[i].is_allowed);
	}
}

static void test_cors_origins(void **state)
{
	struct fixture *f = *state;
	const struct image_cors *c = image_cors_at(&f->made.im, 0);
	static const struct {
		const char *origin;
		bool is_allowed;
	} cases[] = {
		{ "https://a.b.nl:8443", true },
		{ "https://x.a.b.nl:8443", true },
		{ "http://c.nl", true },
		{ "", false },
		{ "null", false },
		{ "*", false },
		{ "https://b.nl:8443", false },
		{ "https://.b.nl:8443", false },
		{ "https://a.b.nl", false },
		{ "http://a.b.nl:8443", false },
		{ "https://ab.nl:8443", false },
		{ "https://evil.nl/.b.nl:8443", false },
		{ "https://evil.nl#.b.nl:8443", false },
		{ "https://u@a.b.nl:8443", false },
		{ "https://evil.nl:1.b.nl:8443", false },
		{ "http://c.nl.evil.nl", false },
		{ "http://C.nl", false },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		CHECK_ROW(cases[i].origin, cors_allows(&f->made.im, c, view_str(cases[i].origin)) ==
						   cases[i].is_allowed);
}

static void test_cors_preflight(void **state)
{
	static const struct {
		const char *head;
		bool is_preflight;
	} cases[] = {
		{ "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n"
		  "access-control-request-method: PUT\r\n\r\n",
		  true },
		{ "GET / HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n"
		  "Access-Control-Request-Method: PUT\r\n\r\n",
		  false },
		{ "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n\r\n", false },
		{ "OPTIONS / HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
		  false },
		{ "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\nOrigin: http://b\r\n"
		  "Access-Control-Request-Method: PUT\r\n\r\n",
		  false },
		{ "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n"
		  "Access-Control-Request-Method: P T\r\n\r\n",
		  false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct field fields[10];
		struct http1_head h = { .fields = fields, .field_cap = 10 };
		struct http1_error why = { 0 };
		struct view head = view_str(cases[i].head);
		size_t progress = 0;

		assert_int_equal(http1_parse_request(head, 1000, &progress, &h, &why), E_OK);
		CHECK_ROW(cases[i].head, cors_is_preflight(head, &h) == cases[i].is_preflight);
	}
}

static void test_words(void **state)
{
	struct fixture *f = *state;
	static const char *const want[] = {
		"allows only the networks 10.0.0.0/8, 2001:db8::/32",
		"denies the networks 10.1.0.0/16",
		"cors: lets in https://*.b.nl:8443, http://c.nl",
	};
	uint8_t text[300];
	uint32_t at = 0;

	for (size_t i = 0; i < COUNT_OF(want); i++) {
		struct wbuf w = wbuf_of(text, sizeof text);

		assert_true(filter_text_next(&f->made.im, image_rule_at(&f->made.im, 0), &at, &w));
		CHECK_VIEW(wbuf_view(&w), want[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),	     cmocka_unit_test(test_allow),
		cmocka_unit_test(test_cors_origins), cmocka_unit_test(test_cors_preflight),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
