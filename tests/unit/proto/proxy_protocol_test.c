/* PROXY headers to the letter of HAProxy's proxy-protocol.txt; THREATS A6: truncated, lying and
 * forged ones. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/proxy_protocol.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

/* Every proper part of a good header asks for more; the whole of it gives the same with and without
 * bytes behind it. */
static enum err parse_at_every_split(struct view v, struct proxy_protocol *ret, size_t *ret_n)
{
	struct guard g = guard_new(2 * PROXY_PROTOCOL_MAX);
	enum err e = E_AGAIN;

	for (size_t n = 0; n <= v.n; n++) {
		e = proxy_protocol_parse(guard_put(&g, view_slice(v, 0, n)), ret, ret_n);
		if (e == E_AGAIN && n < v.n)
			continue;
		if (e == E_PROTO)
			break;
		assert_true(n == v.n || (e == E_OK && *ret_n == n));
		if (e == E_OK)
			break;
	}
	guard_done(&g);
	return e;
}

struct line {
	const char *text;
	const char *source, *destination; /* NULL: no addresses */
	uint16_t source_port, destination_port;
};

/* proxy-protocol.txt §2.1 */
static void test_v1_good(void **state)
{
	static const struct line rows[] = {
		{ "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n", "192.0.2.1", "198.51.100.7",
		  56324, 443 },
		{ "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255",
		  "255.255.255.255", 65535, 65535 },
		{ "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0", "0.0.0.0", 0, 0 },
		{ "PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "2001:db8::1", "::1", 1, 2 },
		{ "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n", "192.0.2.1", "2001:db8::2", 1,
		  2 },
		{ "PROXY UNKNOWN\r\n", NULL, NULL, 0, 0 },
		{ "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", NULL, NULL, 0,
		  0 },
		{ "PROXY UNKNOWN \r\n", NULL, NULL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view v = view_str(rows[i].text);
		struct proxy_protocol p = { 0 };
		struct ip ip = { 0 };
		size_t n = 0;

		CHECK_ROW(rows[i].text, parse_at_every_split(v, &p, &n) == E_OK && n == v.n);
		CHECK_ROW(rows[i].text, p.has_addresses == (rows[i].source != NULL));
		if (!rows[i].source)
			continue;
		CHECK_OK(ip_parse(view_str(rows[i].source), &ip));
		CHECK_ROW(rows[i].text, ip_eq(&ip, &p.source));
		CHECK_OK(ip_parse(view_str(rows[i].destination), &ip));
		CHECK_ROW(rows[i].text, ip_eq(&ip, &p.destination));
		CHECK_ROW(rows[i].text, p.source_port == rows[i].source_port);
		CHECK_ROW(rows[i].text, p.destination_port == rows[i].destination_port);
	}
}

static void test_v1_bad(void **state)
{
	static const char *const rows[] = {
		"GET / HTTP/1.1\r\n",
		"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n",
		"PROXY TCP4\r\n",
		"PROXY \r\n",
		"PROXY UNKNOWNS\r\n",
		"PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP4 ::1 192.0.2.2 1 2\r\n",
		"PROXY TCP4 ::ffff:192.0.2.1 192.0.2.2 1 2\r\n",
		"PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
		"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 000001 2\r\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n",
		"PROXY TCP4\t192.0.2.1 192.0.2.2 1 2\r\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct proxy_protocol p = { .source_port = 7 };
		size_t n = 0;

		CHECK_ROW(rows[i], parse_at_every_split(view_str(rows[i]), &p, &n) == E_PROTO);
		CHECK_ROW(rows[i], p.source_port == 7);
	}
}

/* §2.1: 107 bytes and no more, and the byte that is one too many is not waited for. */
static void test_v1_length(void **state)
{
	char text[160] = "PROXY UNKNOWN ";
	struct proxy_protocol p = { 0 };
	size_t n = 0;

	(void)state;
	for (size_t i = 14; i < 105; i++)
		text[i] = 'x';
	text[105] = '\r';
	text[106] = '\n';
	CHECK_OK(parse_at_every_split(view_of(text, 107), &p, &n));
	assert_int_equal(n, 107);
	text[105] = text[106] = 'x';
	CHECK_ERR(proxy_protocol_parse(view_of(text, 106), &p, &n), E_AGAIN);
	CHECK_ERR(proxy_protocol_parse(view_of(text, 107), &p, &n), E_PROTO);
	text[106] = '\r';
	text[107] = '\n';
	CHECK_ERR(proxy_protocol_parse(view_of(text, 108), &p, &n), E_PROTO);
}

static void put_head(struct wbuf *w, uint8_t command, uint8_t kind, uint16_t n)
{
	wbuf_view_put(w, VIEW(SIGNATURE));
	wbuf_u8(w, command);
	wbuf_u8(w, kind);
	wbuf_u16(w, n);
}

static void put_zeros(struct wbuf *w, size_t n)
{
	while (n--)
		wbuf_u8(w, 0);
}

struct binary {
	const char *name;
	uint8_t command, kind;
	uint16_t said, there;
	enum err want;
	bool has_addresses;
};

/* §2.2: versions, commands, families; lengths that are shorter than their family. */
static void test_v2_heads(void **state)
{
	static const struct binary rows[] = {
		{ "TCP over IPv4", 0x21, 0x11, 12, 12, E_OK, true },
		{ "UDP over IPv4", 0x21, 0x12, 12, 12, E_OK, true },
		{ "TCP over IPv6", 0x21, 0x21, 36, 36, E_OK, true },
		{ "UDP over IPv6", 0x21, 0x22, 36, 36, E_OK, true },
		{ "unix stream", 0x21, 0x31, 216, 216, E_OK, false },
		{ "unix datagram", 0x21, 0x32, 216, 216, E_OK, false },
		{ "unspec", 0x21, 0x00, 0, 0, E_OK, false },
		{ "unspec with an unknown block", 0x21, 0x00, 7, 7, E_OK, false },
		{ "local", 0x20, 0x00, 0, 0, E_OK, false },
		{ "local ignores its block", 0x20, 0x11, 3, 3, E_OK, false },
		{ "version 1", 0x11, 0x11, 12, 12, E_PROTO, false },
		{ "version 3", 0x31, 0x11, 12, 12, E_PROTO, false },
		{ "command 2", 0x22, 0x11, 12, 12, E_PROTO, false },
		{ "command 15", 0x2f, 0x11, 12, 12, E_PROTO, false },
		{ "family 4", 0x21, 0x41, 36, 36, E_PROTO, false },
		{ "transport 3", 0x21, 0x13, 12, 12, E_PROTO, false },
		{ "IPv4 cut", 0x21, 0x11, 11, 11, E_PROTO, false },
		{ "IPv4 empty", 0x21, 0x11, 0, 0, E_PROTO, false },
		{ "IPv6 cut", 0x21, 0x21, 35, 35, E_PROTO, false },
		{ "unix cut", 0x21, 0x31, 215, 215, E_PROTO, false },
		{ "half a TLV head", 0x21, 0x11, 13, 13, E_PROTO, false },
		{ "two thirds of a TLV head", 0x21, 0x11, 14, 14, E_PROTO, false },
		{ "an empty TLV", 0x21, 0x11, 15, 15, E_OK, true },
		{ "the longest", 0x20, 0x00, 4080, 4080, E_OK, false },
		{ "longer", 0x20, 0x00, 4081, 0, E_PROTO, false },
		{ "the longest there is", 0x21, 0x11, 65535, 0, E_PROTO, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t bytes[PROXY_PROTOCOL_MAX];
		struct wbuf w = wbuf_of(bytes, sizeof bytes);
		struct proxy_protocol p = { 0 };
		size_t n = 0;

		put_head(&w, rows[i].command, rows[i].kind, rows[i].said);
		put_zeros(&w, rows[i].there);
		CHECK_ROW(rows[i].name,
			  parse_at_every_split(wbuf_view(&w), &p, &n) == rows[i].want);
		CHECK_ROW(rows[i].name, p.has_addresses == rows[i].has_addresses);
		CHECK_ROW(rows[i].name, n == (rows[i].want == E_OK ? w.n : 0));
	}
}

/* §2.2.2; RFC 3720 appendix B.4. The sum over this header was computed by another program. */
static void test_v2_checksum(void **state)
{
	uint8_t bytes[64];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct proxy_protocol p = { 0 };
	size_t n = 0;

	(void)state;
	put_head(&w, 0x21, 0x11, 12 + 4 + 7);
	wbuf_u32(&w, 0xc0000201);
	wbuf_u32(&w, 0xc0000202);
	wbuf_u16(&w, 1000);
	wbuf_u16(&w, 443);
	wbuf_u8(&w, 0xe0);
	wbuf_str16(&w, VIEW("x"));
	wbuf_u8(&w, 0x03);
	wbuf_u16(&w, 4);
	wbuf_u32(&w, 0x36b168f8);
	CHECK_OK(wbuf_check(&w));
	CHECK_OK(parse_at_every_split(wbuf_view(&w), &p, &n));
	assert_int_equal(p.source_port, 1000);
	for (size_t i = 16; i < w.n; i++) { /* A6: any byte of it changed */
		if (i == w.n - 7)
			continue; /* another type: no checksum, which is fine */
		bytes[i] ^= 0x10;
		CHECK_ERR(parse_at_every_split(wbuf_view(&w), &p, &n), E_PROTO);
		bytes[i] ^= 0x10;
	}
	bytes[w.n - 5] = 3; /* a sum of three bytes */
	CHECK_ERR(proxy_protocol_parse(wbuf_view(&w), &p, &n), E_PROTO);
}

/* What is written is read back, in both versions and all mixtures of families. */
static void test_put(void **state)
{
	static const struct {
		const char *source, *destination, *v1;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.2", "PROXY TCP4 192.0.2.1 192.0.2.2 1000 443\r\n" },
		{ "2001:db8::1", "::1", "PROXY TCP6 2001:db8::1 ::1 1000 443\r\n" },
		{ "192.0.2.1", "::1", "PROXY TCP6 ::ffff:192.0.2.1 ::1 1000 443\r\n" },
		{ "2001:db8::1", "192.0.2.2",
		  "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.2 1000 443\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct proxy_protocol p = { .has_addresses = true,
					    .source_port = 1000,
					    .destination_port = 443,
					    .is_datagram = i % 2 };
		uint8_t bytes[PROXY_PROTOCOL_PUT_MAX];
		struct wbuf w = wbuf_of(bytes, sizeof bytes);
		struct proxy_protocol back = { 0 };
		size_t n = 0;

		CHECK_OK(ip_parse(view_str(rows[i].source), &p.source));
		CHECK_OK(ip_parse(view_str(rows[i].destination), &p.destination));
		proxy_protocol_put_v1(&w, &p);
		CHECK_VIEW(wbuf_view(&w), rows[i].v1);
		CHECK_OK(parse_at_every_split(wbuf_view(&w), &back, &n));
		assert_true(ip_eq(&back.source, &p.source));
		w.n = 0;
		proxy_protocol_put_v2(&w, &p);
		CHECK_OK(wbuf_check(&w));
		CHECK_OK(parse_at_every_split(wbuf_view(&w), &back, &n));
		assert_int_equal(n, w.n);
		assert_true(ip_eq(&back.source, &p.source));
		assert_true(ip_eq(&back.destination, &p.destination));
		assert_int_equal(back.source_port, 1000);
		assert_int_equal(back.destination_port, 443);
		assert_int_equal(back.is_datagram, i % 2);
	}
}

static void test_put_local(void **state)
{
	uint8_t bytes[64];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct proxy_protocol p = { 0 };

	(void)state;
	proxy_protocol_put_v1(&w, &p);
	CHECK_VIEW(wbuf_view(&w), "PROXY UNKNOWN\r\n");
	w.n = 0;
	proxy_protocol_put_v2(&w, &p);
	assert_true(view_eq(wbuf_view(&w), VIEW(SIGNATURE "\x20\0\0\0")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v1_good),	    cmocka_unit_test(test_v1_bad),
		cmocka_unit_test(test_v1_length),   cmocka_unit_test(test_v2_heads),
		cmocka_unit_test(test_v2_checksum), cmocka_unit_test(test_put),
		cmocka_unit_test(test_put_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
