/* Scalars: each kind at its bounds, and what is no such thing. */
#include "conf/value.h"
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include <stdio.h>

struct number_row {
	const char *text;
	enum err e;
	uint64_t value;
};

static void check_numbers(const struct number_row *rows, size_t n,
			  enum err (*read)(struct view, uint64_t *))
{
	struct guard g = guard_new(64);

	for (size_t i = 0; i < n; i++) {
		uint64_t x = 77;
		struct view text = guard_put(&g, view_str(rows[i].text));
		enum err e = read(text, &x);

		CHECK_ROW(rows[i].text, e == rows[i].e);
		CHECK_ROW(rows[i].text, x == (e == E_OK ? rows[i].value : 77));
	}
	guard_done(&g);
}

static void test_number(void **state)
{
	static const struct number_row rows[] = {
		{ "0", E_OK, 0 },
		{ "007", E_OK, 7 },
		{ "9999999999999999999", E_OK, 9999999999999999999u },
		{ "99999999999999999999", E_LIMIT, 0 },
		{ "", E_PROTO, 0 },
		{ "-1", E_PROTO, 0 },
		{ "+1", E_PROTO, 0 },
		{ "1 ", E_PROTO, 0 },
		{ "0x1", E_PROTO, 0 },
		{ "1.0", E_PROTO, 0 },
	};

	(void)state;
	check_numbers(rows, COUNT_OF(rows), value_number);
}

static void test_size(void **state)
{
	static const struct number_row rows[] = {
		{ "0", E_OK, 0 },
		{ "16k", E_OK, 16384 },
		{ "4m", E_OK, 4u << 20 },
		{ "3g", E_OK, (uint64_t)3 << 30 },
		{ "17179869183g", E_OK, (uint64_t)17179869183u << 30 },
		{ "17179869184g", E_LIMIT, 0 },
		{ "99999999999999999999k", E_LIMIT, 0 },
		{ "16K", E_PROTO, 0 },
		{ "16kb", E_PROTO, 0 },
		{ "k", E_PROTO, 0 },
		{ "", E_PROTO, 0 },
		{ "1.5m", E_PROTO, 0 },
		{ "16 k", E_PROTO, 0 },
	};

	(void)state;
	check_numbers(rows, COUNT_OF(rows), value_size);
}

static void test_duration(void **state)
{
	static const struct number_row rows[] = {
		{ "0", E_OK, 0 },
		{ "500ms", E_OK, 500 },
		{ "5s", E_OK, 5000 },
		{ "10m", E_OK, 600000 },
		{ "8h", E_OK, 28800000 },
		{ "30d", E_OK, (uint64_t)30 * 86400000 },
		{ "213503982334d", E_OK, (uint64_t)213503982334 * 86400000 },
		{ "213503982335d", E_LIMIT, 0 },
		{ "5", E_PROTO, 0 },
		{ "00", E_PROTO, 0 },
		{ "1h30m", E_PROTO, 0 },
		{ "5 s", E_PROTO, 0 },
		{ "5S", E_PROTO, 0 },
		{ "s", E_PROTO, 0 },
		{ "-5s", E_PROTO, 0 },
		{ "", E_PROTO, 0 },
	};

	(void)state;
	check_numbers(rows, COUNT_OF(rows), value_duration);
}

struct address_row {
	const char *text;
	enum err e;
	uint8_t kind;
	const char *name; /* or the address as it is printed */
	uint16_t port;
};

static void test_address(void **state)
{
	static const struct address_row rows[] = {
		{ "127.0.0.1:8080", E_OK, IMAGE_ADDRESS_IP, "127.0.0.1", 8080 },
		{ "[::1]:65535", E_OK, IMAGE_ADDRESS_IP, "::1", 65535 },
		{ "[::ffff:1.2.3.4]:1", E_OK, IMAGE_ADDRESS_IP, "1.2.3.4", 1 },
		{ "host.name:80", E_OK, IMAGE_ADDRESS_NAME, "host.name", 80 },
		{ "localhost:80", E_OK, IMAGE_ADDRESS_NAME, "localhost", 80 },
		{ "unix:/run/x", E_OK, IMAGE_ADDRESS_UNIX, "/run/x", 0 },
		{ "unix:run/x", E_PROTO, 0, "", 0 },
		{ "unix:/", E_PROTO, 0, "", 0 },
		{ "127.0.0.1", E_PROTO, 0, "", 0 },
		{ "127.0.0.1:", E_PROTO, 0, "", 0 },
		{ "127.0.0.1:0", E_PROTO, 0, "", 0 },
		{ "127.0.0.1:65536", E_PROTO, 0, "", 0 },
		{ "127.0.0.1:99999999999999999999", E_LIMIT, 0, "", 0 },
		{ "127.0.0.1:-1", E_PROTO, 0, "", 0 },
		{ "127.0.0.256:80", E_PROTO, 0, "", 0 },
		{ "1.2.3:80", E_PROTO, 0, "", 0 },
		{ "::1:80", E_PROTO, 0, "", 0 },
		{ "[127.0.0.1]:80", E_PROTO, 0, "", 0 },
		{ "[::1:80", E_PROTO, 0, "", 0 },
		{ "[]:80", E_PROTO, 0, "", 0 },
		{ ":80", E_PROTO, 0, "", 0 },
		{ "a b:80", E_PROTO, 0, "", 0 },
		{ "", E_PROTO, 0, "", 0 },
	};
	struct guard g = guard_new(128);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct value_address a = { 0 };
		char text[64];
		struct wbuf w = wbuf_of(text, sizeof text);

		CHECK_ROW(rows[i].text,
			  value_address(guard_put(&g, view_str(rows[i].text)), &a) == rows[i].e);
		if (rows[i].e != E_OK)
			continue;
		if (a.kind == IMAGE_ADDRESS_IP)
			ip_put(&w, &a.ip);
		else
			wbuf_view_put(&w, a.name);
		CHECK_ROW(rows[i].text, a.kind == rows[i].kind && a.port == rows[i].port);
		CHECK_ROW(rows[i].text, view_eq(wbuf_view(&w), view_str(rows[i].name)));
	}
	guard_done(&g);
}

static void test_unix_path_fits_the_kernel(void **state)
{
	char text[128] = "unix:/";
	struct value_address a = { 0 };

	(void)state;
	memset(text + 6, 'x', 106);
	CHECK_OK(value_address(view_of(text, 5 + 107), &a));
	CHECK_ERR(value_address(view_of(text, 5 + 108), &a), E_PROTO);
}

static void test_status_range(void **state)
{
	static const struct {
		const char *text;
		enum err e;
		uint16_t from, to;
	} rows[] = {
		{ "200", E_OK, 200, 200 },
		{ "200-399", E_OK, 200, 399 },
		{ "100-599", E_OK, 100, 599 },
		{ "99", E_PROTO, 0, 0 },
		{ "600", E_PROTO, 0, 0 },
		{ "300-200", E_PROTO, 0, 0 },
		{ "200-", E_PROTO, 0, 0 },
		{ "-200", E_PROTO, 0, 0 },
		{ "200-300-400", E_PROTO, 0, 0 },
		{ "2xx", E_PROTO, 0, 0 },
		{ "", E_PROTO, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct image_status_range r = { 0 };

		CHECK_ROW(rows[i].text,
			  value_status_range(view_str(rows[i].text), &r) == rows[i].e);
		CHECK_ROW(rows[i].text, r.from == rows[i].from && r.to == rows[i].to);
	}
}

static void test_names(void **state)
{
	static const char label63[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	char long_name[300] = "";

	(void)state;
	assert_true(value_is_name(VIEW("a")));
	assert_true(value_is_name(VIEW("9.b_c-d")));
	assert_true(value_is_name(view_str(label63)));
	assert_false(value_is_name(VIEW("")));
	assert_false(value_is_name(VIEW("-a")));
	assert_false(value_is_name(VIEW("a/b")));
	assert_false(value_is_name(VIEW("a b")));
	assert_false(value_is_name(VIEW("\xc3\xa9")));
	(void)snprintf(long_name, sizeof long_name, "%sa", label63);
	assert_false(value_is_name(view_str(long_name)));
	/* RFC 1123 §2.1: labels of 63, names of 253 */
	assert_true(value_is_dns_name(view_str(label63)));
	assert_false(value_is_dns_name(view_str(long_name)));
	(void)snprintf(long_name, sizeof long_name, "%s.%s.%s.%.61s", label63, label63, label63,
		       label63);
	assert_int_equal(strlen(long_name), 253);
	assert_true(value_is_dns_name(view_str(long_name)));
	(void)snprintf(long_name, sizeof long_name, "%s.%s.%s.%.62s", label63, label63, label63,
		       label63);
	assert_false(value_is_dns_name(view_str(long_name)));
	assert_true(value_is_dns_name(VIEW("a_b.x1")));
	assert_true(value_is_dns_name(VIEW("1.2.3.4a")));
	assert_false(value_is_dns_name(VIEW("1.2.3.4")));
	assert_false(value_is_dns_name(VIEW("a..b")));
	assert_false(value_is_dns_name(VIEW(".a")));
	assert_false(value_is_dns_name(VIEW("a.")));
	assert_false(value_is_dns_name(VIEW("-a.b")));
	assert_false(value_is_dns_name(VIEW("a-.b")));
	assert_false(value_is_dns_name(VIEW("*.b")));
	assert_false(value_is_dns_name(view_of("a\0b", 3)));
}

static void test_what_is_put_is_read_back(void **state)
{
	static const uint64_t numbers[] = {
		0, 1, 1000, 1024, 16384, 60000, 61000, 86400000, 1 << 30
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		char text[32];
		struct wbuf w = wbuf_of(text, sizeof text);
		uint64_t x = 77;

		value_put_size(&w, numbers[i]);
		CHECK_OK(value_size(wbuf_view(&w), &x));
		assert_int_equal(x, numbers[i]);
		w = wbuf_of(text, sizeof text);
		value_put_duration(&w, numbers[i]);
		CHECK_OK(value_duration(wbuf_view(&w), &x));
		assert_int_equal(x, numbers[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_unix_path_fits_the_kernel),
		cmocka_unit_test(test_status_range),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_what_is_put_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
