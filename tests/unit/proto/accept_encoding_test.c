/* Accept-Encoding: RFC 9110 §12.5.3 and §12.4.2, row by row; x-gzip is
 * RFC 9110 §8.4.1.3. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/accept_encoding.h"

static const uint8_t all[] = { ENCODING_ZSTD, ENCODING_BR, ENCODING_GZIP };

static enum encoding choose(const char *value, const uint8_t *offer, size_t n)
{
	struct accept_encoding a = { 0 };
	struct guard g = guard_new(4096);

	accept_encoding_add(&a, guard_put(&g, view_str(value)));
	guard_done(&g);
	return accept_encoding_choose(&a, offer, n);
}

static void test_choice(void **state)
{
	static const struct {
		const char *value;
		enum encoding want;
	} rows[] = {
		{ "", ENCODING_IDENTITY }, /* §12.5.3: none is wanted */
		{ "gzip", ENCODING_GZIP },
		{ "GZip", ENCODING_GZIP },
		{ "x-gzip", ENCODING_GZIP },
		{ "gzip, deflate, br, zstd", ENCODING_ZSTD },
		{ "gzip, deflate, br", ENCODING_BR },
		{ "gzip;q=1.0, br;q=0.5", ENCODING_GZIP },
		{ "gzip;q=0.5, br;q=0.500", ENCODING_BR },
		{ "gzip ; q=0.001", ENCODING_GZIP },
		{ "gzip;q=0", ENCODING_IDENTITY },
		{ "gzip;Q=1", ENCODING_GZIP },
		{ "*", ENCODING_ZSTD },
		{ "*;q=0", ENCODING_IDENTITY },
		{ "zstd;q=0, *", ENCODING_BR },
		{ "gzip, *;q=0", ENCODING_GZIP },
		{ "identity", ENCODING_IDENTITY },
		{ "identity;q=0", ENCODING_IDENTITY }, /* nothing else is taken either */
		{ "identity;q=0, *;q=0.1", ENCODING_ZSTD },
		{ "identity;q=0.5, gzip;q=0.4", ENCODING_IDENTITY },
		{ "identity;q=0.5, gzip;q=0.5", ENCODING_GZIP },
		{ "gzip;q=0.2, gzip;q=1, br;q=0.5", ENCODING_BR },
		/* malformed elements are passed over */
		{ "gzip;q=1.5", ENCODING_IDENTITY },
		{ "gzip;q=0.1234", ENCODING_IDENTITY },
		{ "gzip;q=", ENCODING_IDENTITY },
		{ "gzip;q=-1", ENCODING_IDENTITY },
		{ "gzip;q=1.001", ENCODING_IDENTITY },
		{ "gzip;level=1", ENCODING_IDENTITY },
		{ "g zip, br", ENCODING_BR },
		{ ";q=1, br", ENCODING_BR },
		{ ",,, ,br,", ENCODING_BR },
		{ "\"br\"", ENCODING_IDENTITY },
		{ "brotli, gzipped, deflate, compress", ENCODING_IDENTITY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		CHECK_ROW(rows[i].value, choose(rows[i].value, all, COUNT_OF(all)) == rows[i].want);
}

static void test_order(void **state)
{
	static const uint8_t gzip_first[] = { ENCODING_GZIP, ENCODING_ZSTD };
	static const uint8_t odd[] = { ENCODING_IDENTITY };

	(void)state;
	assert_int_equal(choose("zstd, gzip, br", gzip_first, 2), ENCODING_GZIP);
	assert_int_equal(choose("br", gzip_first, 2), ENCODING_IDENTITY);
	assert_int_equal(choose("*", odd, 1), ENCODING_IDENTITY);
	assert_int_equal(choose("*", odd, 0), ENCODING_IDENTITY);
}

/* RFC 9110 §5.2: several lines are one list; what was said first counts. */
static void test_lines(void **state)
{
	struct accept_encoding a = { 0 };

	(void)state;
	assert_int_equal(accept_encoding_choose(&a, all, 3), ENCODING_IDENTITY);
	accept_encoding_add(&a, VIEW("gzip;q=0.5"));
	accept_encoding_add(&a, VIEW("br;q=0.7, gzip"));
	assert_int_equal(accept_encoding_choose(&a, all, 3), ENCODING_BR);
}

static void test_bound(void **state)
{
	char many[4 * ACCEPT_ENCODING_ELEMENTS + 8] = "";
	struct accept_encoding a = { 0 };

	(void)state;
	for (int i = 0; i < ACCEPT_ENCODING_ELEMENTS; i++)
		strcat(many, "x, ");
	strcat(many, "gzip");
	accept_encoding_add(&a, view_str(many));
	assert_int_equal(accept_encoding_choose(&a, all, 3), ENCODING_IDENTITY);
}

static void test_names(void **state)
{
	(void)state;
	CHECK_VIEW(accept_encoding_name(ENCODING_GZIP), "gzip");
	CHECK_VIEW(accept_encoding_name(ENCODING_BR), "br");
	CHECK_VIEW(accept_encoding_name(ENCODING_ZSTD), "zstd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice), cmocka_unit_test(test_order),
		cmocka_unit_test(test_lines),  cmocka_unit_test(test_bound),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
