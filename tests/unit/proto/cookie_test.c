/* Cookie fields: RFC 6265 §4.2.1, and what clients send instead of it. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/cookie.h"

static const struct {
	const char *name, *value, *others; /* without "me" */
	size_t n, mine;
} rows[] = {
	{ "RFC 6265 §4.2.1 one", "me=1", "", 0, 1 },
	{ "RFC 6265 §4.2.1 first", "me=1; a=2", "a=2", 1, 1 },
	{ "RFC 6265 §4.2.1 last", "a=2; me=1", "a=2", 1, 1 },
	{ "RFC 6265 §4.2.1 between", "a=2; me=1; b=3", "a=2; b=3", 2, 1 },
	{ "RFC 6265 §4.2.1 several", "me=1; a=2; me=3", "a=2", 1, 2 },
	{ "no space", "a=2;me=1;b=3", "a=2; b=3", 2, 1 },
	{ "spaces", " \ta=2 ;  me=1\t; b=3 ", "a=2; b=3", 2, 1 },
	{ "empty pairs", ";;a=2;;me=1;;", "a=2", 1, 1 },
	{ "nothing", "", "", 0, 0 },
	{ "no value", "me; me=", "me", 1, 1 },
	{ "longer name", "mee=1; meme=2; e=3", "mee=1; meme=2; e=3", 3, 0 },
	{ "RFC 6265 §5.3 names by byte", "Me=1; ME=2", "Me=1; ME=2", 2, 0 },
	{ "in a value", "a=me=1; b=\"me=2\"", "a=me=1; b=\"me=2\"", 2, 0 },
	{ "equals in ours", "me=a=b==", "", 0, 1 },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct guard g = guard_new(100);
		struct view value = guard_put(&g, view_str(rows[i].value));
		uint8_t text[200];
		struct wbuf w = wbuf_of(text, sizeof text);
		struct view rest = value, pair = { 0 }, token = { 0 };
		size_t mine = 0;

		CHECK_ROW(rows[i].name, cookie_put_others(&w, value, VIEW("me")) == rows[i].n);
		CHECK_ROW(rows[i].name, view_eq(wbuf_view(&w), view_str(rows[i].others)));
		while (cookie_next(&rest, &pair) == E_OK)
			mine += cookie_is(pair, VIEW("me"), &token);
		CHECK_ROW(rows[i].name, mine == rows[i].mine);
		guard_done(&g);
	}
}

static void test_value(void **state)
{
	struct view token = VIEW("untouched");

	(void)state;
	assert_false(cookie_is(VIEW("me"), VIEW("me"), &token));
	assert_false(cookie_is(VIEW("mea=1"), VIEW("me"), &token));
	CHECK_VIEW(token, "untouched");
	assert_true(cookie_is(VIEW("me=a=b"), VIEW("me"), &token));
	CHECK_VIEW(token, "a=b");
	assert_true(cookie_is(VIEW("me="), VIEW("me"), &token));
	assert_int_equal(token.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
