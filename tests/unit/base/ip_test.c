/* Addresses and networks as text, both ways; IPv4 in its mapped form (RFC 4291 §2.5.5.2). */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "base/ip.h"

static bool puts_as(const struct ip *a, const char *text)
{
	uint8_t room[64];
	struct wbuf w = wbuf_of(room, sizeof room);

	ip_put(&w, a);
	return view_eq(wbuf_view(&w), view_str(text));
}

static void test_parse_and_put(void **state)
{
	static const struct {
		const char *text, *canonical; /* NULL: refused */
	} rows[] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "192.0.2.1", "192.0.2.1" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "2001:DB8::1", "2001:db8::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },    /* RFC 5952 §4.2.3 */
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" }, /* RFC 5952 §4.2.2 */
		{ "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
		{ "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
		{ "", NULL },
		{ "1.2.3", NULL },
		{ "1.2.3.4.", NULL },
		{ "1.2.3.4.5", NULL },
		{ ".1.2.3.4", NULL },
		{ "1..2.3", NULL },
		{ "01.2.3.4", NULL }, /* octal to some readers */
		{ "1.2.3.256", NULL },
		{ "1.2.3.0x4", NULL },
		{ "1.2.3.4 ", NULL },
		{ "+1.2.3.4", NULL },
		{ "1.2.3.1000", NULL },
		{ ":", NULL },
		{ ":::", NULL },
		{ ":1", NULL },
		{ "1:", NULL },
		{ "1:::2", NULL },
		{ "1::2::3", NULL },
		{ "1:2:3:4:5:6:7", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "1:2:3:4:5:6:7:8::", NULL },
		{ "::1:2:3:4:5:6:7:8", NULL },
		{ "12345::", NULL },
		{ "g::", NULL },
		{ "fe80::1%eth0", NULL }, /* no scope ids */
		{ "[::1]", NULL },
		{ "1.2.3.4::", NULL }, /* RFC 4291 §2.2: dotted at the end only */
		{ "1.2.3.4::1", NULL },
		{ "1.2.3.4:1::", NULL },
		{ "1:2:3:4:5:6:7:1.2.3.4", NULL },
		{ "::1:2:3:4:5:6:7:1.2.3.4", NULL },
		{ "::1.2.3", NULL },
	};
	struct guard g = guard_new(64);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip a = { 0 };
		enum err e = ip_parse(guard_put(&g, view_str(rows[i].text)), &a);

		if (rows[i].canonical)
			CHECK_ROW(rows[i].text, e == E_OK && puts_as(&a, rows[i].canonical));
		else
			CHECK_ROW(rows[i].text, e == E_PROTO);
	}
	guard_done(&g);
}

static void test_net(void **state)
{
	static const struct {
		const char *net, *ip;
		bool has;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "::a00:0", false }, /* not mapped, not the same */
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "203.0.113.9", true },
		{ "2001:db8::/33", "2001:db8:7fff::", true },
		{ "2001:db8::/33", "2001:db8:8000::", false },
		{ "2001:db8::1/128", "2001:db8::1", true },
	};
	static const char *const bad[] = { "10.0.0.1/8",   "10.0.0.0/33", "10.0.0.0/",
					   "10.0.0.0/-1",  "::/129",	  "::1/64",
					   "10.0.0.0/8/8", "/8" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ip_net net = { 0 };
		struct ip a = { 0 };

		CHECK_OK(ip_net_parse(view_str(rows[i].net), &net));
		CHECK_OK(ip_parse(view_str(rows[i].ip), &a));
		CHECK_ROW(rows[i].net, ip_net_has(&net, &a) == rows[i].has);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct ip_net net = { 0 };

		CHECK_ROW(bad[i], ip_net_parse(view_str(bad[i]), &net) == E_PROTO);
	}
}

/* RFC 4291 §2.5.1: the lower half of an IPv6 address is its owner's to choose */
static void test_source(void **state)
{
	static const struct {
		const char *text, *source;
	} cases[] = { { "192.0.2.7", "192.0.2.7" },
		      { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
		      { "2001:db8:1:2::", "2001:db8:1:2::" },
		      { "2001:db8:1:3::9", "2001:db8:1:3::" } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ip a = { 0 }, want = { 0 }, got = { 0 };

		assert_int_equal(ip_parse(view_str(cases[i].text), &a), E_OK);
		assert_int_equal(ip_parse(view_str(cases[i].source), &want), E_OK);
		got = ip_source(&a);
		assert_true(ip_eq(&got, &want));
	}
}

static void test_endpoint_and_eq(void **state)
{
	uint8_t room[128];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct ip v4 = { 0 }, v6 = { 0 };

	(void)state;
	CHECK_OK(ip_parse(VIEW("192.0.2.1"), &v4));
	CHECK_OK(ip_parse(VIEW("2001:db8::1"), &v6));
	ip_put_endpoint(&w, &v4, 80);
	WBUF_LIT(&w, " ");
	ip_put_endpoint(&w, &v6, 65535);
	CHECK_VIEW(wbuf_view(&w), "192.0.2.1:80 [2001:db8::1]:65535");
	assert_true(ip_is_v4(&v4) && !ip_is_v4(&v6));
	assert_true(ip_eq(&v4, &v4) && !ip_eq(&v4, &v6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_and_put),
		cmocka_unit_test(test_net),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_endpoint_and_eq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
