/* Accept-Language: RFC 9110 §12.5.4 and §12.4.2, ranges of RFC 4647 §2.1, lookup of RFC 4647 §3.4,
 * row by row. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/accept_language.h"

#include <stdio.h>
#include <string.h>

enum { NL, EN, NONE };

static const struct view offers[] = { VIEW_INIT("nl"), VIEW_INIT("en") };

static size_t choose(const char *value)
{
	struct guard g = guard_new(4096);
	size_t found = accept_language_choose(guard_put(&g, view_str(value)), offers, 2);

	guard_done(&g);
	return found;
}

static void test_rows(void **state)
{
	static const struct {
		const char *value;
		size_t want;
	} rows[] = {
		{ "", NONE },
		{ "nl", NL },
		{ "NL", NL },
		{ "en", EN },
		{ "nl-BE", NL },
		{ "en-GB,en;q=0.9,nl;q=0.8", EN },
		{ "nl-NL,nl;q=0.9,en-US;q=0.8,en;q=0.7", NL },
		{ "en;q=0.5, nl;q=0.6", NL },
		{ "de, fr;q=0.9, nl;q=0.1", NL },
		{ "de", NONE },
		{ "*", NL },
		{ "de, *;q=0.5", NL },
		{ "en, *;q=0.5", EN },
		{ "nl;q=0", NONE },
		{ "nl;q=0, en;q=0.001", EN },
		{ "en ; q=0.3 , nl; q=0.3", EN }, /* the client's order between equals */
		{ "nld", NONE },
		{ "n", NONE },
		/* malformed elements are passed over */
		{ "nl;q=2, en;q=0.1", EN },
		{ "nl;q=, en;q=0.1", EN },
		{ "nl;level=1, en;q=0.1", EN },
		{ "nl;q=0.1234, en;q=0.1", EN },
		{ "nl-, en", EN },
		{ "-nl, en", EN },
		{ "nl--x, en", EN },
		{ "n1, en", EN },
		{ "nl_NL, en", EN },
		{ "nl-abcdefghi, en", EN },
		{ "\"nl\", en", EN },
		{ "nl x, en", EN },
		{ ",, ,en,", EN },
		{ ";q=1,en", EN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		CHECK_ROW(rows[i].value, choose(rows[i].value) == rows[i].want);
}

static void test_limit(void **state)
{
	char value[512] = "";

	(void)state;
	for (int i = 0; i < ACCEPT_LANGUAGE_ELEMENTS; i++)
		strcat(value, "fr,");
	strcat(value, "nl");
	assert_int_equal(choose(value), NONE);
	assert_int_equal(choose(value + 3), NL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
