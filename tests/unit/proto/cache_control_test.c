/* Cache-Control: RFC 9111 §5.2 and §1.2.2, RFC 5861; each directive, odd values, odd lists. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/cache_control.h"

static struct cache_control parse(const char *value)
{
	struct cache_control c = { 0 };
	struct guard g = guard_new(4096);

	cache_control_add(&c, guard_put(&g, view_str(value)));
	guard_done(&g);
	return c;
}

static void test_directives(void **state)
{
	static const struct {
		const char *value;
		uint32_t flags, max_age, s_maxage;
	} rows[] = {
		{ "", 0, 0, 0 },
		{ "no-store", CACHE_NO_STORE, 0, 0 },
		{ "No-Store, no-cache,private", CACHE_NO_STORE | CACHE_NO_CACHE | CACHE_PRIVATE, 0,
		  0 },
		{ "private=\"Set-Cookie, X\", public", CACHE_PRIVATE | CACHE_PUBLIC, 0, 0 },
		{ "no-cache=\"a, no-store\"", CACHE_NO_CACHE, 0, 0 },
		{ "max-age=60", CACHE_MAX_AGE, 60, 0 },
		{ "max-age=\"60\"", CACHE_MAX_AGE, 60, 0 },
		{ "max-age=60, s-maxage=5", CACHE_MAX_AGE | CACHE_S_MAXAGE, 60, 5 },
		{ "max-age=60, max-age=9", CACHE_MAX_AGE, 9, 0 },
		{ "max-age=9, max-age=60", CACHE_MAX_AGE, 9, 0 },
		/* what is no number counts as stale (§4.2.1) */
		{ "max-age", CACHE_MAX_AGE, 0, 0 },
		{ "max-age=", CACHE_MAX_AGE, 0, 0 },
		{ "max-age=-1", CACHE_MAX_AGE, 0, 0 },
		{ "max-age=1.5", CACHE_MAX_AGE, 0, 0 },
		{ "max-age=1 2", CACHE_MAX_AGE, 0, 0 },
		{ "max-age=99999999999999999999999", CACHE_MAX_AGE, CACHE_DELTA_MAX, 0 },
		{ "max-age=2147483647", CACHE_MAX_AGE, CACHE_DELTA_MAX, 0 },
		{ "max-agee=4, xmax-age=4, =4, \"max-age=4\"", 0, 0, 0 },
		{ "must-revalidate, proxy-revalidate, only-if-cached",
		  CACHE_MUST_REVALIDATE | CACHE_PROXY_REVALIDATE | CACHE_ONLY_IF_CACHED, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cache_control c = parse(rows[i].value);

		CHECK_ROW(rows[i].value, c.flags == rows[i].flags);
		CHECK_ROW(rows[i].value, c.max_age == rows[i].max_age);
		CHECK_ROW(rows[i].value, c.s_maxage == rows[i].s_maxage);
	}
}

/* RFC 9111 §5.2.1.2, §5.2.1.3; RFC 5861 §3, §4 */
static void test_others(void **state)
{
	struct cache_control c = parse("max-stale, min-fresh=3");

	(void)state;
	assert_true(c.max_stale == UINT32_MAX && c.min_fresh == 3);
	c = parse("max-stale=7, stale-while-revalidate=8, stale-if-error=9");
	assert_true(c.max_stale == 7 && c.stale_while_revalidate == 8 && c.stale_if_error == 9);
	cache_control_add(&c, VIEW("max-stale=5, no-cache"));
	assert_true(c.max_stale == 5 && (c.flags & CACHE_NO_CACHE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directives),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
