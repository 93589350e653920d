/* The escapes: hostile values stay values (A10, A19); RFC 3986 §2.3 is what a query keeps. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "portal/portal_put.h"

static uint8_t room[64 * 1024];

/* What one of the escapes makes of v; v ends at a guard page. */
static struct view put(void (*escape)(struct wbuf *, struct view), struct view v)
{
	struct wbuf w = wbuf_of(room, sizeof room);
	struct guard g = guard_new(4096);

	escape(&w, guard_put(&g, v));
	guard_done(&g);
	assert_false(w.bad);
	return wbuf_view(&w);
}

struct row {
	struct view in;
	const char *out;
};

static void check_rows(void (*escape)(struct wbuf *, struct view), const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		CHECK_ROW(rows[i].out, view_eq(put(escape, rows[i].in), view_str(rows[i].out)));
}

#define BAD "\xef\xbf\xbd"

static void test_text(void **state)
{
	static const struct row rows[] = {
		{ VIEW_INIT(""), "" },
		{ VIEW_INIT("Jan"), "Jan" },
		{ VIEW_INIT("\"><script>alert(1)</script>"),
		  "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" },
		{ VIEW_INIT("' onload='x"), "&#39; onload=&#39;x" },
		{ VIEW_INIT("a & b &amp; c"), "a &amp; b &amp;amp; c" },
		{ VIEW_INIT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
		  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ VIEW_INIT("a\tb\nc"), "a\tb\nc" },
		{ VIEW_INIT("a\0b\x01\x1b[31m\r\x7f"), "a" BAD "b" BAD BAD "[31m" BAD BAD },
		{ VIEW_INIT("\xc2\x80\xc2\x9f"), BAD BAD }, /* C1 */
		{ VIEW_INIT("\xe2\x80\xae"
			    "txt.exe"),
		  BAD "txt.exe" },					 /* U+202E */
		{ VIEW_INIT("\xe2\x81\xa6x\xe2\x81\xa9"), BAD "x" BAD }, /* U+2066, U+2069 */
		{ VIEW_INIT("\xef\xbf\xbf\xef\xb7\x90"), BAD BAD },	 /* noncharacters */
		{ VIEW_INIT("\xff<\xc0\xbcscript>"), BAD "&lt;" BAD BAD "script&gt;" },
		{ VIEW_INIT("\xe2\x82"), BAD BAD },
		{ VIEW_INIT("\xf0<img>"), BAD "&lt;img&gt;" }, /* a lead byte swallows nothing */
	};

	(void)state;
	check_rows(portal_put_text, rows, COUNT_OF(rows));
}

static void test_url(void **state)
{
	static const struct row rows[] = {
		{ VIEW_INIT("/"), "/" },
		{ VIEW_INIT("/enter?app=a&nonce=b"), "/enter?app=a&amp;nonce=b" },
		{ VIEW_INIT("https://zaken.example.nl:8443/x"), "https://zaken.example.nl:8443/x" },
		{ VIEW_INIT("otpauth://totp/a?secret=B"), "otpauth://totp/a?secret=B" },
		{ VIEW_INIT("https://"), "#" },
		{ VIEW_INIT(""), "#" },
		{ VIEW_INIT("//evil.example"), "#" },
		{ VIEW_INIT("javascript:alert(1)"), "#" },
		{ VIEW_INIT("JaVaScRiPt:alert(1)"), "#" },
		{ VIEW_INIT(" javascript:alert(1)"), "#" },
		{ VIEW_INIT("java\nscript:alert(1)"), "#" },
		{ VIEW_INIT("data:text/html,x"), "#" },
		{ VIEW_INIT("http://plain.example"), "#" },
		{ VIEW_INIT("/\\evil.example"), "#" },
		{ VIEW_INIT("/\tx"), "#" },
		{ VIEW_INIT("/a\"onclick=\"x"), "#" },
		{ VIEW_INIT("/a'b"), "#" },
		{ VIEW_INIT("/a<b"), "#" },
		{ VIEW_INIT("/\xc3\xa9"), "#" },
		{ VIEW_INIT("/a\0"), "#" },
	};

	(void)state;
	check_rows(portal_put_url, rows, COUNT_OF(rows));
}

static void test_query(void **state)
{
	static const struct row rows[] = {
		{ VIEW_INIT("aZ09-._~"), "aZ09-._~" },
		{ VIEW_INIT("a b&c=d/?#+%"), "a%20b%26c%3Dd%2F%3F%23%2B%25" },
		{ VIEW_INIT("\"><\0\xff"), "%22%3E%3C%00%FF" },
		{ VIEW_INIT("javascript:"), "javascript%3A" },
	};

	(void)state;
	check_rows(portal_put_query, rows, COUNT_OF(rows));
}

static void test_credentials(void **state)
{
	static const struct row rows[] = {
		{ VIEW_INIT(""), "" },
		{ VIEW_INIT("\0\x03"
			    "abc"),
		  "YWJj" },
		{ VIEW_INIT("\0\x03"
			    "abc\0\x01\xff"),
		  "YWJj _w" },
		{ VIEW_INIT("\0\0\0\x01"
			    "a"),
		  "YQ" },
		{ VIEW_INIT("\0\x01"
			    "a\0\x09"
			    "cut"),
		  "YQ" },
		{ VIEW_INIT("\xff"), "" },
	};

	(void)state;
	check_rows(portal_put_credentials, rows, COUNT_OF(rows));
}

static void test_groups(void **state)
{
	static const struct row rows[] = {
		{ VIEW_INIT(""), "" },
		{ VIEW_INIT("ABC"), "ABC" },
		{ VIEW_INIT("ABCDEFGHI"), "ABCD EFGH I" },
		{ VIEW_INIT("<<<<<"), "&lt;&lt;&lt;&lt; &lt;" },
	};

	(void)state;
	check_rows(portal_put_groups, rows, COUNT_OF(rows));
}

static void test_lines(void **state)
{
	struct view rest = VIEW("one\n\n two \r\n\t\nthree"), line = { 0 };

	(void)state;
	assert_true(portal_put_next_line(&rest, &line));
	CHECK_VIEW(line, "one");
	assert_true(portal_put_next_line(&rest, &line));
	CHECK_VIEW(line, "two \r");
	assert_true(portal_put_next_line(&rest, &line));
	CHECK_VIEW(line, "three");
	assert_false(portal_put_next_line(&rest, &line));
	CHECK_VIEW(line, "three");
}

/* A writer that is full stays within its bytes, whichever escape writes. */
static void test_full(void **state)
{
	static void (*const escapes[])(struct wbuf *, struct view) = {
		portal_put_text,	portal_put_query, portal_put_groups,
		portal_put_credentials, portal_put_qr,
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(escapes); i++) {
		struct guard g = guard_new(4096);
		struct view end = guard_put(&g, VIEW("12345"));
		struct wbuf w = wbuf_of(g.map + (end.p - g.map), end.n);

		escapes[i](&w, VIEW("\0\x09<>\"&'\xff<><>"));
		assert_true(w.bad && w.n <= 5);
		guard_done(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),   cmocka_unit_test(test_url),
		cmocka_unit_test(test_query),  cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_groups), cmocka_unit_test(test_lines),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
