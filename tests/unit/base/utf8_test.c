/* UTF-8: RFC 3629 §3 and §4, row by row. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "base/utf8.h"

static void test_rows(void **state)
{
	static const struct {
		const char *text;
		enum err err;
		uint32_t want;
		size_t left;
	} rows[] = {
		{ "a", E_OK, 'a', 0 },
		{ "\x7f", E_OK, 0x7f, 0 },
		{ "\xc2\x80", E_OK, 0x80, 0 },
		{ "\xdf\xbf!", E_OK, 0x7ff, 1 },
		{ "\xe0\xa0\x80", E_OK, 0x800, 0 },
		{ "\xef\xbf\xbf", E_OK, 0xffff, 0 },
		{ "\xf0\x90\x80\x80", E_OK, 0x10000, 0 },
		{ "\xf4\x8f\xbf\xbf", E_OK, 0x10ffff, 0 },
		{ "\xed\x9f\xbf", E_OK, 0xd7ff, 0 },
		/* RFC 3629 §3: surrogates, more than U+10FFFF, and longer forms are none */
		{ "\xed\xa0\x80", E_PROTO, 0, 2 },
		{ "\xed\xbf\xbf", E_PROTO, 0, 2 },
		{ "\xf4\x90\x80\x80", E_PROTO, 0, 3 },
		{ "\xf8\x88\x80\x80\x80", E_PROTO, 0, 4 },
		{ "\xff", E_PROTO, 0, 0 },
		{ "\xc0\x80", E_PROTO, 0, 1 },
		{ "\xc1\xbf", E_PROTO, 0, 1 },
		{ "\xe0\x9f\xbf", E_PROTO, 0, 2 },
		{ "\xf0\x8f\xbf\xbf", E_PROTO, 0, 3 },
		{ "\x80", E_PROTO, 0, 0 },
		{ "\xbf", E_PROTO, 0, 0 },
		/* cut off, or broken in the middle */
		{ "\xc2", E_PROTO, 0, 0 },
		{ "\xe2\x82", E_PROTO, 0, 1 },
		{ "\xf0\x9f\x98", E_PROTO, 0, 2 },
		{ "\xe2(\xa1", E_PROTO, 0, 2 },
		{ "\xf0\x9f(\x80", E_PROTO, 0, 3 },
		{ "", E_SHORT, 0, 0 },
	};
	struct guard g = guard_new(64);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view v = guard_put(&g, view_str(rows[i].text));
		uint32_t c = 0;

		CHECK_ROW(rows[i].text, utf8_next(&v, &c) == rows[i].err);
		CHECK_ROW(rows[i].text, c == rows[i].want && v.n == rows[i].left);
		v = guard_put(&g, view_str(rows[i].text));
		CHECK_ROW(rows[i].text, utf8_is_valid(v) == (rows[i].err != E_PROTO));
	}
	guard_done(&g);
}

/* Each of the 1112064 characters, written as RFC 3629 §3 says, is read back. */
static void test_all(void **state)
{
	(void)state;
	for (uint32_t c = 1; c <= 0x10ffff; c++) {
		uint8_t bytes[4] = { 0 };
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		static const uint8_t leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
		struct view v = { 0 };
		uint32_t got = 0;

		for (size_t i = n; i-- > 1;)
			bytes[i] = (uint8_t)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
		bytes[0] = (uint8_t)(leads[n] | c >> 6 * (n - 1));
		v = view_of(bytes, n);
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		if (utf8_next(&v, &got) != E_OK || got != c || v.n != 0)
			fail_msg("U+%04X", (unsigned)c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
