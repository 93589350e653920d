/* Dates as text: leap days, centuries, before 1970. Expected values from date(1). */
#include "tests/unit/check.h"

#include "base/date.h"

static void test_http(void **state)
{
	static const struct {
		int64_t wall_s;
		const char *text;
	} rows[] = {
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ -1, "Wed, 31 Dec 1969 23:59:59 GMT" },
		{ 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" }, /* RFC 9110 §5.6.7 */
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ 951868799, "Tue, 29 Feb 2000 23:59:59 GMT" },
		{ 951868800, "Wed, 01 Mar 2000 00:00:00 GMT" },
		{ 1709164800, "Thu, 29 Feb 2024 00:00:00 GMT" },
		{ 1767225599, "Wed, 31 Dec 2025 23:59:59 GMT" },
		{ 4107542399, "Sun, 28 Feb 2100 23:59:59 GMT" },
		{ 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT" }, /* 2100 has no leap day */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t room[29];
		struct wbuf w = wbuf_of(room, sizeof room);

		date_put_http(&w, rows[i].wall_s);
		CHECK_ROW(rows[i].text, view_eq(wbuf_view(&w), view_str(rows[i].text)));
	}
}

static void test_utc(void **state)
{
	static const struct {
		int64_t wall_us;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ -1, "1969-12-31T23:59:59.999999Z" },
		{ 1767323045000006, "2026-01-02T03:04:05.000006Z" },
		{ 1767323045999999, "2026-01-02T03:04:05.999999Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t room[27];
		struct wbuf w = wbuf_of(room, sizeof room);

		date_put_utc(&w, rows[i].wall_us);
		CHECK_ROW(rows[i].text, view_eq(wbuf_view(&w), view_str(rows[i].text)));
	}
}

/* RFC 9110 §5.6.7: the three forms of one moment, and what is none of them */
static void test_parse(void **state)
{
	static const struct {
		const char *text;
		enum err e;
		int64_t wall_s;
	} rows[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", E_OK, 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", E_OK, 784111777 },
		{ "Sun Nov  6 08:49:37 1994", E_OK, 784111777 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", E_OK, 0 },
		{ "Thu, 29 Feb 2024 23:59:60 GMT", E_OK, 1709251200 },
		{ "Tue, 01 Jan 2030 00:00:00 GMT", E_OK, 1893456000 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", E_OK, 253402300799 },
		{ "", E_PROTO, 0 },
		{ "0", E_PROTO, 0 },
		{ "Sun, 06 Nov 1994 08:49:37", E_PROTO, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", E_PROTO, 0 },
		{ "Sun, 06 nov 1994 08:49:37 GMT", E_PROTO, 0 },
		{ "Sun, 00 Nov 1994 08:49:37 GMT", E_PROTO, 0 },
		{ "Sun, 32 Nov 1994 08:49:37 GMT", E_PROTO, 0 },
		{ "Thu, 31 Nov 1994 08:49:37 GMT", E_PROTO, 0 }, /* RFC 9110 §5.6.7: no such day */
		{ "Wed, 29 Feb 2023 08:49:37 GMT", E_PROTO, 0 },
		{ "Sat, 31 Dec 1994 08:49:37 GMT", E_OK, 788863777 },
		{ "Sun, 06 Nov 1994 24:49:37 GMT", E_PROTO, 0 },
		{ "Sun, 06 Nov 1994 08:60:37 GMT", E_PROTO, 0 },
		{ "Sun, 06 Nov 1994 08-49-37 GMT", E_PROTO, 0 },
		{ "Sun, 06 Nov 0000 08:49:37 GMT", E_PROTO, 0 },
		{ "Sun, +6 Nov 1994 08:49:37 GMT", E_PROTO, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t wall_s = 0;

		CHECK_ROW(rows[i].text,
			  date_parse_http(view_str(rows[i].text), &wall_s) == rows[i].e);
		CHECK_ROW(rows[i].text, wall_s == rows[i].wall_s);
	}
}

/* RFC 3339 §5.6, UTC alone. */
static void test_parse_utc(void **state)
{
	static const struct {
		const char *text;
		enum err e;
		int64_t wall_us;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", E_OK, 0 },
		{ "2026-01-02T03:04:05.000006Z", E_OK, INT64_C(1767323045000006) },
		{ "2026-01-02T03:04:05.5Z", E_OK, INT64_C(1767323045500000) },
		{ "2024-02-29T23:59:60Z", E_OK, INT64_C(1709251200000000) },
		{ "9999-12-31T23:59:59.999999Z", E_OK, INT64_C(253402300799999999) },
		{ "1969-12-31T23:59:59Z", E_OK, -INT64_C(1000000) },
		{ "", E_PROTO, 0 },
		{ "2026-01-02", E_PROTO, 0 },
		{ "2026-01-02T03:04:05", E_PROTO, 0 },
		{ "2026-01-02T03:04:05.Z", E_PROTO, 0 },
		{ "2026-01-02T03:04:05.1234567Z", E_PROTO, 0 },
		{ "2026-01-02T03:04:05,5Z", E_PROTO, 0 },
		{ "2026-01-02T03:04:05+00:00", E_PROTO, 0 },
		{ "2026-01-02T03:04:05ZZ", E_PROTO, 0 },
		{ "2026-01-02 03:04:05Z", E_PROTO, 0 },
		{ "2026-02-29T03:04:05Z", E_PROTO, 0 },
		{ "2026-00-02T03:04:05Z", E_PROTO, 0 },
		{ "2026-13-02T03:04:05Z", E_PROTO, 0 },
		{ "2026-01-00T03:04:05Z", E_PROTO, 0 },
		{ "2026-01-02T24:04:05Z", E_PROTO, 0 },
		{ "2026-01-02T03:60:05Z", E_PROTO, 0 },
		{ "2026-01-02T03:04:61Z", E_PROTO, 0 },
		{ "0000-01-02T03:04:05Z", E_PROTO, 0 },
		{ "+026-01-02T03:04:05Z", E_PROTO, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t wall_us = 0;

		CHECK_ROW(rows[i].text,
			  date_parse_utc(view_str(rows[i].text), &wall_us) == rows[i].e);
		CHECK_ROW(rows[i].text, wall_us == rows[i].wall_us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_http), cmocka_unit_test(test_utc),
					    cmocka_unit_test(test_parse),
					    cmocka_unit_test(test_parse_utc) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
