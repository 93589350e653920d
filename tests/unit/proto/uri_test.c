/* Targets and hosts: the one canonical form, and what has none. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/uri.h"

static const struct {
	const char *name, *target, *path, *query; /* path NULL: refused; query NULL: none */
} rows[] = {
	{ "RFC 9112 §3.2.1 root", "/", "/", NULL },
	{ "RFC 9112 §3.2.4 asterisk", "*", "*", NULL },
	{ "RFC 3986 §3.3 plain", "/a-b._~/c!$&'()*+,;=:@9", "/a-b._~/c!$&'()*+,;=:@9", NULL },
	{ "RFC 3986 §3.4 query", "/a?b=/../c?d%zz", "/a", "b=/../c?d%zz" },
	{ "RFC 3986 §3.4 empty query", "/a?", "/a", "" },
	{ "RFC 3986 §6.2.2.1 upper case", "/a%c3%a9", "/a%C3%A9", NULL },
	{ "RFC 3986 §6.2.2.1 canonical escape", "/a%C3%A9%20b%25", "/a%C3%A9%20b%25", NULL },
	{ "RFC 3986 §2.3, §6.2.2.2 unreserved", "/%61%2D%7e%5f%2E%39", "/a-~_.9", NULL },
	{ "RFC 3986 §6.2.2.2 reserved stay", "/%3b%3A%40%3f%23%5b", "/%3B%3A%40%3F%23%5B", NULL },
	{ "RFC 3986 §2.1 decoded once", "/%252e%252e/%2561", "/%252e%252e/%2561", NULL },
	{ "RFC 3986 §3.3 not allowed, escaped", "/\"<>[]^`{|}", "/%22%3C%3E%5B%5D%5E%60%7B%7C%7D",
	  NULL },
	{ "RFC 3986 §5.2.4 dot", "/a/./b", "/a/b", NULL },
	{ "RFC 3986 §5.2.4 dot at the end", "/a/.", "/a/", NULL },
	{ "RFC 3986 §5.2.4 dots", "/a/b/../c", "/a/c", NULL },
	{ "RFC 3986 §5.2.4 dots at the end", "/a/b/..", "/a/", NULL },
	{ "RFC 3986 §5.2.4 dots to the root", "/a/..", "/", NULL },
	{ "RFC 3986 §5.2.4 dots and a query", "/a/..?b", "/", "b" },
	{ "RFC 3986 §5.2.4 example", "/a/b/c/./../../g", "/a/g", NULL },
	{ "RFC 3986 §5.2.4 hidden dots", "/a/%2e%2E/b/%2e/c", "/b/c", NULL },
	{ "RFC 3986 §5.2.4 names with dots", "/.a/..b/.../c.", "/.a/..b/.../c.", NULL },
	{ "RFC 3986 §5.2.4 dots and an escape", "/..%5B/.%C3", "/..%5B/.%C3", NULL },
	{ "A4 slashes merge", "//a///b//", "/a/b/", NULL },
	{ "A4 slashes alone", "////", "/", NULL },
	{ "A4 slashes merge before dots count", "/a//../b", "/b", NULL },
	{ "A4 well-known", "/.well-known/x", "/.well-known/x", NULL },
	{ "A4 parameter", "/a;b=c/d;", "/a;b=c/d;", NULL },
	{ "A4 no slash", "a", NULL, NULL },
	{ "A4 empty", "", NULL, NULL },
	{ "A4 query alone", "?a", NULL, NULL },
	{ "A4 asterisk and more", "*?", NULL, NULL },
	{ "A4 above the root", "/..", NULL, NULL },
	{ "A4 above the root later", "/a/../../b", NULL, NULL },
	{ "A4 above the root, hidden", "/%2e%2e/a", NULL, NULL },
	{ "A4 above the root, slashes", "//../a", NULL, NULL },
	{ "A4 %2F", "/a%2fb", NULL, NULL },
	{ "A4 %5C", "/a%5Cb", NULL, NULL },
	{ "A4 backslash", "/a\\b", NULL, NULL },
	{ "A4 %00", "/a%00", NULL, NULL },
	{ "A4 %0A", "/a%0A", NULL, NULL },
	{ "A4 %7F", "/a%7f", NULL, NULL },
	{ "A4 fragment", "/a#b", NULL, NULL },
	{ "A4 fragment in the query", "/a?b#c", NULL, NULL },
	{ "A4 space", "/a b", NULL, NULL },
	{ "A4 DEL", "/a\x7f", NULL, NULL },
	{ "A4 obs-text", "/\xc3\xa9", NULL, NULL },
	{ "A4 obs-text in the query", "/?\xc3\xa9", NULL, NULL },
	{ "A4 control byte in the query", "/?\t", NULL, NULL },
	{ "A4 broken escape", "/%g0", NULL, NULL },
	{ "A4 half an escape", "/%a", NULL, NULL },
	{ "A4 escape cut by a slash", "/%a/0", NULL, NULL },
	{ "A4 escape cut by a query", "/%?aa", NULL, NULL },
	{ "A4 percent at the end", "/%", NULL, NULL },
	{ "A4 ..;", "/a/..;/b", NULL, NULL },
	{ "A4 .;", "/a/.;x", NULL, NULL },
	{ "A4 ..; hidden", "/a/%2e%2e;/b", NULL, NULL },
	{ "A4 ..%3b", "/a/..%3b/b", NULL, NULL },
};

static bool matches(const struct uri_target *t, const char *path, const char *query)
{
	if (!view_eq(t->path, view_str(path)) || (t->query.p != NULL) != (query != NULL))
		return false;
	return view_eq(t->query, view_str(query));
}

static void test_targets(void **state)
{
	struct guard g = guard_new(128);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view in = guard_put(&g, view_str(rows[i].target)), came = { 0 };
		uint8_t room[128];
		struct wbuf scratch = wbuf_of(room, 1 + 3 * in.n);
		struct uri_target t = { 0 };
		const char *why = NULL;
		enum err e = E_OK;

		wbuf_u8(&scratch, '!'); /* what is there already stays */
		e = uri_target_parse(in, &scratch, &t, &why);
		CHECK_ROW(rows[i].name, room[0] == '!');
		if (!rows[i].path) {
			CHECK_ROW(rows[i].name, e == E_PROTO && why && scratch.n == 1);
			continue;
		}
		CHECK_ROW(rows[i].name, e == E_OK && matches(&t, rows[i].path, rows[i].query));
		came = view_slice(in, 0, view_find(in, '?'));
		CHECK_ROW(rows[i].name, t.is_changed == !view_eq(came, t.path));
		CHECK_ROW(rows[i].name, t.is_changed == (t.path.p != in.p));
		CHECK_ROW(rows[i].name, scratch.n == 1 + (t.is_changed ? t.path.n : 0));
	}
	guard_done(&g);
}

static void test_scratch_of_three_times_is_enough_and_one_less_is_said(void **state)
{
	uint8_t room[16];
	struct wbuf scratch = wbuf_of(room, 10);
	struct uri_target t = { 0 };
	const char *why = NULL;

	(void)state;
	CHECK_OK(uri_target_parse(VIEW("/<>|"), &scratch, &t, &why));
	CHECK_VIEW(t.path, "/%3C%3E%7C");
	scratch = wbuf_of(room, 9);
	CHECK_ERR(uri_target_parse(VIEW("/<>|"), &scratch, &t, &why), E_LIMIT);
	assert_true(scratch.n == 0 && !scratch.bad);
}

static const struct {
	const char *text, *name; /* name NULL: refused */
	uint16_t port;
	bool is_ip;
} hosts[] = {
	{ "example.nl", "example.nl", 0, false },
	{ "WWW.Example.NL:443", "www.example.nl", 443, false },
	{ "example.nl.", "example.nl", 0, false },
	{ "example.nl.:80", "example.nl", 80, false },
	{ "a_b-c.9", "a_b-c.9", 0, false },
	{ "192.0.2.1", "192.0.2.1", 0, true },
	{ "192.0.2.1:65535", "192.0.2.1", 65535, true },
	{ "192.0.2.999", "192.0.2.999", 0, false },
	{ "[::1]", "[::1]", 0, true },
	{ "[2001:DB8::A]:8443", "[2001:db8::a]", 8443, true },
	{ "[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", 0, true },
	{ "", NULL, 0, false },
	{ ".", NULL, 0, false },
	{ ".a", NULL, 0, false },
	{ "a..b", NULL, 0, false },
	{ "a..", NULL, 0, false },
	{ ":80", NULL, 0, false },
	{ "a:", NULL, 0, false },
	{ "a:0", NULL, 0, false },
	{ "a:080", NULL, 0, false },
	{ "a:65536", NULL, 0, false },
	{ "a:123456", NULL, 0, false },
	{ "a:+1", NULL, 0, false },
	{ "a:80:81", NULL, 0, false },
	{ "a:8a", NULL, 0, false },
	{ "u@a", NULL, 0, false },
	{ "u:p@a", NULL, 0, false },
	{ "a,b", NULL, 0, false },
	{ "a b", NULL, 0, false },
	{ "a/b", NULL, 0, false },
	{ "a%41", NULL, 0, false },
	{ "a\\b", NULL, 0, false },
	{ "\xc3\xa9.nl", NULL, 0, false },
	{ "::1", NULL, 0, false },
	{ "[::1", NULL, 0, false },
	{ "[::1]a", NULL, 0, false },
	{ "[::1]]", NULL, 0, false },
	{ "[]", NULL, 0, false },
	{ "[", NULL, 0, false },
	{ "[192.0.2.1]", NULL, 0, false },
	{ "[fe80::1%25eth0]", NULL, 0, false },
	{ "[v1.a:b]", NULL, 0, false },
};

static void test_hosts(void **state)
{
	struct guard g = guard_new(64);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(hosts); i++) {
		uint8_t room[64];
		struct wbuf scratch = wbuf_of(room, sizeof room);
		struct uri_host h = { 0 };
		enum err e = uri_host_parse(guard_put(&g, view_str(hosts[i].text)), &scratch, &h);

		if (!hosts[i].name) {
			CHECK_ROW(hosts[i].text, e == E_PROTO);
			continue;
		}
		CHECK_ROW(hosts[i].text, e == E_OK && view_eq(h.name, view_str(hosts[i].name)));
		CHECK_ROW(hosts[i].text, h.port == hosts[i].port && h.is_ip == hosts[i].is_ip);
	}
	guard_done(&g);
}

static void fill_labels(struct wbuf *w, size_t label, size_t total)
{
	for (size_t i = 0; w->n < total; i++)
		wbuf_u8(w, i % (label + 1) == label ? '.' : 'a');
}

/* RFC 1035 §2.3.4 */
static void test_host_lengths(void **state)
{
	static const struct {
		size_t label, total;
		enum err e;
	} sizes[] = { { 63, 63, E_OK },	 { 64, 64, E_PROTO },  { 63, 70, E_OK },
		      { 49, 253, E_OK }, { 49, 254, E_PROTO }, { 64, 70, E_PROTO } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		uint8_t room[256];
		struct wbuf text = wbuf_of(room, sizeof room), scratch = { 0 };
		struct uri_host h = { 0 };

		fill_labels(&text, sizes[i].label, sizes[i].total);
		CHECK_ERR(uri_host_parse(wbuf_view(&text), &scratch, &h), sizes[i].e);
		room[0] = 'A';
		CHECK_ERR(uri_host_parse(wbuf_view(&text), &scratch, &h),
			  sizes[i].e == E_OK ? E_LIMIT : E_PROTO); /* no room for lower case */
	}
}

/* RFC 9110 §4.2.1: an empty host is refused */
static void test_absolute(void **state)
{
	static const struct {
		const char *target, *authority, *rest;
		bool is_https;
	} splits[] = {
		{ "http://a/b?c", "a", "/b?c", false },
		{ "HTTPS://a:1", "a:1", "/", true },
		{ "https://u@a/", "u@a", "/", true }, /* the host parser refuses it */
		{ "http://a//b", "a", "//b", false },
		{ "http://a?b", NULL, NULL, false },
		{ "http://a?b/c", NULL, NULL, false },
		{ "http:///b", NULL, NULL, false },
		{ "http://", NULL, NULL, false },
		{ "http:/a", NULL, NULL, false },
		{ "ftp://a/", NULL, NULL, false },
		{ "/a", NULL, NULL, false },
		{ "", NULL, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(splits); i++) {
		struct view authority = { 0 }, rest = { 0 };
		bool is_https = false;
		enum err e = uri_absolute_split(view_str(splits[i].target), &is_https, &authority,
						&rest);

		if (!splits[i].rest) {
			CHECK_ROW(splits[i].target, e == E_PROTO && authority.p == NULL);
			continue;
		}
		CHECK_ROW(splits[i].target, e == E_OK && is_https == splits[i].is_https);
		CHECK_ROW(splits[i].target, view_eq(authority, view_str(splits[i].authority)));
		CHECK_ROW(splits[i].target, view_eq(rest, view_str(splits[i].rest)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_scratch_of_three_times_is_enough_and_one_less_is_said),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_host_lengths),
		cmocka_unit_test(test_absolute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
