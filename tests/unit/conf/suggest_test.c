/* Nearest names: distances by hand, and what is never suggested. */
#include "conf/suggest.h"
#include "tests/unit/check.h"

static void test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} rows[] = {
		{ "", "", 0 },
		{ "a", "a", 0 },
		{ "a", "A", 0 },
		{ "a", "b", 1 },
		{ "ab", "ba", 1 },
		{ "abc", "ab", 1 },
		{ "ab", "abc", 1 },
		{ "abcd", "badc", 2 },
		{ "ca", "abc", 3 },
		{ "listen", "listeners", 3 },
		{ "keep_alvie", "keep_alive", 1 },
		{ "wbe", "web", 1 },
		{ "", "ab", 2 },
		{ "kitten", "sitting", 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CHECK_ROW(rows[i].a, suggest_distance(view_str(rows[i].a), view_str(rows[i].b),
						      2) == rows[i].distance);
		CHECK_ROW(rows[i].b, suggest_distance(view_str(rows[i].b), view_str(rows[i].a),
						      2) == rows[i].distance);
	}
}

static void test_long_words_are_far_away(void **state)
{
	uint8_t a[65] = { 0 };

	(void)state;
	assert_int_equal(suggest_distance(view_of(a, 64), view_of(a, 64), 2), 0);
	assert_int_equal(suggest_distance(view_of(a, 65), view_of(a, 65), 2), 3);
}

static struct view best_of(const char *word, const char *const *candidates, size_t n)
{
	struct suggest s = suggest_for(view_str(word));

	for (size_t i = 0; i < n; i++)
		suggest_offer(&s, view_str(candidates[i]));
	return s.best;
}

static void test_best(void **state)
{
	static const char *const words[] = { "web", "api", "api-next", "shop" };

	(void)state;
	CHECK_VIEW(best_of("wbe", words, COUNT_OF(words)), "web");
	CHECK_VIEW(best_of("api-nxet", words, COUNT_OF(words)), "api-next");
	CHECK_VIEW(best_of("shopp", words, COUNT_OF(words)), "shop");
	CHECK_VIEW(best_of("cases", words, COUNT_OF(words)), "");
	/* two changes in three letters are another word */
	CHECK_VIEW(best_of("xxb", words, COUNT_OF(words)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_long_words_are_far_away),
		cmocka_unit_test(test_best),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
