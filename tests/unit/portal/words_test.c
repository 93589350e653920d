/* Times and machines in people's words. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "portal/portal_words.h"

static void test_ago(void **state)
{
	static const struct {
		uint64_t seconds, n;
		enum portal_ago want;
	} rows[] = {
		{ 0, 0, PORTAL_AGO_NOW },
		{ 59, 0, PORTAL_AGO_NOW },
		{ 60, 1, PORTAL_AGO_MINUTE },
		{ 119, 1, PORTAL_AGO_MINUTE },
		{ 120, 2, PORTAL_AGO_MINUTES },
		{ 3599, 59, PORTAL_AGO_MINUTES },
		{ 3600, 1, PORTAL_AGO_HOUR },
		{ 7200, 2, PORTAL_AGO_HOURS },
		{ 86400, 1, PORTAL_AGO_DAY },
		{ 86400 * 29, 29, PORTAL_AGO_DAYS },
		{ 86400 * 30, 1, PORTAL_AGO_MONTH },
		{ 86400 * 364, 12, PORTAL_AGO_MONTHS },
		{ 86400 * 365, 1, PORTAL_AGO_YEAR },
		{ 86400ull * 7300, 20, PORTAL_AGO_YEARS },
	};
	const uint64_t now = 1795000000;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(portal_words_ago(now, now - rows[i].seconds), rows[i].want);
		assert_int_equal(portal_words_ago_n(now, now - rows[i].seconds), rows[i].n);
	}
	assert_int_equal(portal_words_ago(now, 0), PORTAL_AGO_NEVER);
	assert_int_equal(portal_words_ago(now, now + 1), PORTAL_AGO_NOW);
	assert_int_equal(portal_words_ago(0, UINT64_MAX), PORTAL_AGO_NOW);
	assert_int_equal(portal_words_ago(UINT64_MAX, 1), PORTAL_AGO_YEARS);
}

static void test_agent(void **state)
{
	static const struct {
		const char *agent, *browser, *system;
	} rows[] = {
		{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 "
		  "Firefox/128.0",
		  "Firefox", "Windows" },
		{ "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, "
		  "like Gecko) "
		  "Version/17.5 Safari/605.1.15",
		  "Safari", "macOS" },
		{ "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
		  "Chrome/126.0.0.0 "
		  "Safari/537.36",
		  "Chrome", "Linux" },
		{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
		  "Gecko) "
		  "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
		  "Edge", "Windows" },
		{ "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
		  "(KHTML, like "
		  "Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1",
		  "Chrome", "iPhone" },
		{ "Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like "
		  "Gecko) "
		  "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
		  "Samsung Internet", "Android" },
		{ "curl/7.88.1", "curl", "" },
		{ "Firefox", "", "" },
		{ "", "", "" },
	};
	struct guard g = guard_new(4096);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view agent = guard_put(&g, view_str(rows[i].agent));

		CHECK_ROW(rows[i].agent,
			  view_eq(portal_words_browser(agent), view_str(rows[i].browser)));
		CHECK_ROW(rows[i].agent,
			  view_eq(portal_words_system(agent), view_str(rows[i].system)));
	}
	guard_done(&g);
	CHECK_VIEW(portal_words_host(VIEW("https://a.nl:8443")), "a.nl:8443");
	CHECK_VIEW(portal_words_host(VIEW("a.nl")), "a.nl");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ago),
		cmocka_unit_test(test_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
