/* Which entries a purge means: hosts with and without ports, whole URLs, prefixes; never half a
 * host (A26). */
#include "tests/unit/check.h"

#include "cache/cache_pattern.h"

struct row {
	uint8_t kind;
	const char *text, *key;
	bool matches;
};

enum {
	ALL = CACHE_PATTERN_ALL,
	HOST = CACHE_PATTERN_HOST,
	URL = CACHE_PATTERN_URL,
	PREFIX = CACHE_PATTERN_PREFIX
};

static const struct row rows[] = {
	{ ALL, "", "https|a.nl/x  a.nl", true },
	{ ALL, "", "", true },
	{ HOST, "a.nl", "https|a.nl/x  b", true },
	{ HOST, "a.nl", "http|A.NL/x  b", true },
	{ HOST, "a.nl", "http|a.nl:8080/x  b", true },
	{ HOST, "a.nl:8080", "http|a.nl:8080/x  b", true },
	{ HOST, "a.nl:80", "http|a.nl:8080/x  b", false },
	{ HOST, "a.nl:8080", "http|a.nl/x  b", false },
	{ HOST, "a.nl", "http|a.nl.evil/x  b", false },
	{ HOST, "a.nl", "http|aa.nl/x  b", false },
	{ HOST, "a.nl", "http|b.nl/a.nl/  a.nl", false },
	{ HOST, "a.nl", "http|a.nl", false },
	{ HOST, "a.nl", "http|a.nl:80", false },
	{ HOST, "a.nl", "", false },
	{ HOST, "[::1]", "http|[::1]:81/  b", true },
	{ HOST, "[::1]", "http|[::11]/  b", false },
	{ URL, "https://a.nl/x", "https|a.nl/x  b", true },
	{ URL, "https://a.nl/x", "https|a.nl:8443/x /y b", true },
	{ URL, "https://a.nl/x", "http|a.nl/x  b", false },
	{ URL, "https://a.nl/x", "https|a.nl/xx  b", false },
	{ URL, "https://a.nl/x", "https|a.nl/x?q  b", false },
	{ URL, "https://a.nl/x?q", "https|a.nl/x?q  b", true },
	{ URL, "https://a.nl/y", "https|a.nl/x /y b", false }, /* the server's word for it */
	{ PREFIX, "https://a.nl/x", "https|a.nl/xx?q  b", true },
	{ PREFIX, "https://a.nl/x/", "https|a.nl/x  b", false },
	{ PREFIX, "https://a.nl:81/", "https|a.nl/x  b", false },
	{ PREFIX, "https://a.nl/x", "https|a.nl/ /xx b", false },
};

static void test_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cache_pattern p = { 0 };

		assert_int_equal(cache_pattern_read(rows[i].kind, view_str(rows[i].text), &p),
				 E_OK);
		if (cache_pattern_matches(&p, view_str(rows[i].key)) != rows[i].matches)
			fail_msg("row %zu: %s", i, rows[i].text);
	}
}

static void test_refused(void **state)
{
	static const struct row refused[] = {
		{ 0, "", NULL, false },
		{ CACHE_PATTERN_KINDS, "", NULL, false },
		{ 255, "https://a/", NULL, false },
		{ ALL, "x", NULL, false },
		{ HOST, "", NULL, false },
		{ HOST, "a/b", NULL, false },
		{ URL, "", NULL, false },
		{ URL, "a.nl/x", NULL, false },
		{ URL, "https:/a.nl/x", NULL, false },
		{ URL, "https://", NULL, false },
		{ URL, "https://a.nl", NULL, false },
		{ URL, "https:///x", NULL, false },
		{ PREFIX, "://a/", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		struct cache_pattern p = { 0 };

		assert_int_equal(cache_pattern_read(refused[i].kind, view_str(refused[i].text), &p),
				 E_PROTO);
		assert_int_equal(p.kind, 0); /* untouched */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_matches),
					    cmocka_unit_test(test_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
