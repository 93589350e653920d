/* The scans against the grammar, spelled out anew: each byte at each place of each length around
 * the width of a vector; and the loop for other machines against the same. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/scan.h"

#if defined(__SSE2__)
/* The same file once more, as a machine without SSE2 sees it. */
#undef __SSE2__
#define scan_token plain_token
#define scan_value plain_value
#define scan_vchar plain_vchar
size_t plain_token(struct view v);
size_t plain_value(struct view v);
size_t plain_vchar(struct view v);
#include "proto/scan.c"
#undef scan_token
#undef scan_value
#undef scan_vchar
#else
#define plain_token scan_token
#define plain_value scan_value
#define plain_vchar scan_vchar
#endif

static bool is_vchar(int c)
{
	return c > 0x20 && c < 0x7f;
}

static bool is_value(int c)
{
	return is_vchar(c) || c == ' ' || c == '\t' || c >= 0x80;
}

static bool is_token(int c)
{
	return is_vchar(c) && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

struct scan_case {
	const char *name;
	size_t (*run)(struct view);
	bool (*is_in)(int);
};

static const struct scan_case cases[] = {
	{ "token", scan_token, is_token },	  { "value", scan_value, is_value },
	{ "vchar", scan_vchar, is_vchar },	  { "plain token", plain_token, is_token },
	{ "plain value", plain_value, is_value }, { "plain vchar", plain_vchar, is_vchar },
};

enum { LONGEST = 50 };

static void check_byte(const struct scan_case *t, struct guard *g, int c)
{
	uint8_t bytes[LONGEST];

	for (size_t n = 1; n <= LONGEST; n++) {
		for (size_t at = 0; at < n; at++) {
			memset(bytes, 'a', n);
			bytes[at] = (uint8_t)c;
			CHECK_ROW(t->name, t->run(guard_put(g, view_of(bytes, n))) ==
						   (t->is_in(c) ? n : at));
		}
	}
}

static void test_every_byte_everywhere(void **state)
{
	struct guard g = guard_new(LONGEST);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(cases[i].run((struct view){ 0 }), 0);
		for (int c = 0; c < 256; c++)
			check_byte(&cases[i], &g, c);
	}
	guard_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_byte_everywhere) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
