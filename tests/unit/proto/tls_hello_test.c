/* ClientHellos at every split and fragmented in every way; RFC 8446 §4.1.2, §4.2, §5.1, §6.2,
 * RFC 5246 §7.4.1.2, RFC 6066 §3, RFC 7301 §3.1. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/tls_hello.h"

enum { ROOM = 32 * 1024 };

struct rig {
	uint8_t message[ROOM], wire[2 * ROOM], scratch[TLS_HELLO_MAX];
	struct guard guard;
};

static void put_u24(struct wbuf *w, size_t n)
{
	wbuf_u8(w, (uint8_t)(n >> 16));
	wbuf_u16(w, (uint16_t)n);
}

/* The fields in front of the extensions. */
static void put_front(struct wbuf *w, size_t suites)
{
	wbuf_u16(w, 0x0303);
	for (int i = 0; i < 32; i++)
		wbuf_u8(w, (uint8_t)i);
	wbuf_u8(w, 0);
	wbuf_u16(w, (uint16_t)(2 * suites));
	for (size_t i = 0; i < suites; i++)
		wbuf_u16(w, 0x1301);
	wbuf_u8(w, 1);
	wbuf_u8(w, 0);
}

static struct view hello(struct rig *r, struct view extensions, size_t suites)
{
	struct wbuf body = wbuf_of(r->wire, sizeof r->wire), w = wbuf_of(r->message, ROOM);

	put_front(&body, suites);
	wbuf_str16(&body, extensions);
	wbuf_u8(&w, 1);
	put_u24(&w, body.n);
	wbuf_view_put(&w, wbuf_view(&body));
	CHECK_OK(wbuf_check(&w));
	return wbuf_view(&w);
}

/* The message in records of `each` bytes. */
static struct view records(struct rig *r, struct view message, size_t each)
{
	struct wbuf w = wbuf_of(r->wire, sizeof r->wire);

	while (message.n) {
		struct view part = view_slice(message, 0, each);

		wbuf_u8(&w, 22);
		wbuf_u16(&w, 0x0301);
		wbuf_str16(&w, part);
		message = view_slice(message, part.n, message.n);
	}
	CHECK_OK(wbuf_check(&w));
	return wbuf_view(&w);
}

/* As it would arrive: a byte more each time. */
static enum err feed(struct rig *r, struct view v, struct tls_hello *ret)
{
	struct wbuf scratch = wbuf_of(r->scratch, sizeof r->scratch);
	size_t progress = 0;
	enum err e = E_AGAIN;

	for (size_t n = 0; n <= v.n && e == E_AGAIN; n++) {
		e = tls_hello_parse(guard_put(&r->guard, view_slice(v, 0, n)), &progress, &scratch,
				    ret);
		if (e == E_OK)
			assert_int_equal(n, v.n);
	}
	return e;
}

#define SNI_A	    "\0\0\0\x10\0\x0e\0\0\x0bwww.abcd.nl"
#define ALPN	    "\0\x10\0\x0e\0\x0c\x02h2\x08http/1.1"
#define UNKNOWN_EXT "\xff\x01\0\1\0"

struct row {
	const char *name;
	struct view extensions;
	const char *sni, *alpn;
	enum err want;
};

static void test_extensions(void **state)
{
	const struct row rows[] = {
		{ "none", VIEW(""), "", "", E_OK },
		{ "name", VIEW(SNI_A), "www.abcd.nl", "", E_OK },
		{ "name and protocols", VIEW(UNKNOWN_EXT SNI_A ALPN), "www.abcd.nl",
		  "\x02h2\x08http/1.1", E_OK },
		{ "protocols alone", VIEW(ALPN UNKNOWN_EXT), "", "\x02h2\x08http/1.1", E_OK },
		{ "two names", VIEW(SNI_A SNI_A), NULL, NULL, E_PROTO },
		{ "two lists", VIEW(ALPN ALPN), NULL, NULL, E_PROTO },
		{ "a list of two names", VIEW("\0\0\0\x0a\0\x08\0\0\1a\0\0\1b"), NULL, NULL,
		  E_PROTO },
		{ "an empty list", VIEW("\0\0\0\2\0\0"), NULL, NULL, E_PROTO },
		{ "an empty name", VIEW("\0\0\0\5\0\3\0\0\0"), NULL, NULL, E_PROTO },
		{ "a name of another type", VIEW("\0\0\0\6\0\4\1\0\1a"), NULL, NULL, E_PROTO },
		{ "a name with NUL", VIEW("\0\0\0\x08\0\6\0\0\3a\0b"), NULL, NULL, E_PROTO },
		{ "a name with a space", VIEW("\0\0\0\x08\0\6\0\0\3a b"), NULL, NULL, E_PROTO },
		{ "a name past its list", VIEW("\0\0\0\6\0\4\0\0\2a"), NULL, NULL, E_PROTO },
		{ "bytes behind the list", VIEW("\0\0\0\7\0\4\0\0\1a!"), NULL, NULL, E_PROTO },
		{ "an empty protocol", VIEW("\0\x10\0\3\0\1\0"), NULL, NULL, E_PROTO },
		{ "no protocol", VIEW("\0\x10\0\2\0\0"), NULL, NULL, E_PROTO },
		{ "a protocol past its list", VIEW("\0\x10\0\4\0\2\2h"), NULL, NULL, E_PROTO },
		{ "half an extension", VIEW("\0\0\0"), NULL, NULL, E_PROTO },
		{ "an extension past the end", VIEW("\0\5\0\2x"), NULL, NULL, E_PROTO },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view message = hello(r, rows[i].extensions, 3);
		static const size_t sizes[] = { 16384, 7, 1 };

		for (size_t k = 0; k < COUNT_OF(sizes); k++) {
			struct tls_hello h = { 0 };
			enum err e = feed(r, records(r, message, sizes[k]), &h);

			CHECK_ROW(rows[i].name, e == rows[i].want);
			CHECK_ROW(rows[i].name, e != E_OK || view_eq(h.sni, view_str(rows[i].sni)));
			CHECK_ROW(rows[i].name,
				  e != E_OK || view_eq(h.alpn, view_str(rows[i].alpn)));
			CHECK_ROW(rows[i].name, e == E_OK || h.sni.n == 0);
		}
	}
}

/* What stands in front of the extensions, changed byte by byte: never read past, never E_OK with a
 * length that lies. */
static void test_front(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		uint8_t byte;
		enum err want;
	} rows[] = {
		{ "alert record", 0, 21, E_PROTO },
		{ "application data", 0, 23, E_PROTO },
		{ "plain text", 0, 'G', E_PROTO },
		{ "SSL 2", 1, 0, E_PROTO },
		{ "another message", 5, 2, E_PROTO },
		{ "16 MB", 6, 255, E_LIMIT },
		{ "longer than the record", 8, 255, E_AGAIN },
		{ "shorter than its fields", 8, 30, E_PROTO },
		{ "version 4", 9, 4, E_PROTO },
		{ "session of 33", 43, 33, E_PROTO },
		{ "odd suites", 45, 5, E_PROTO },
		{ "no suites", 45, 0, E_PROTO },
		{ "extensions too long", 54, 200, E_PROTO },
	};
	struct rig *r = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view v = records(r, hello(r, VIEW(SNI_A), 3), 16384);
		struct tls_hello h = { 0 };

		r->wire[rows[i].at] = rows[i].byte;
		CHECK_ROW(rows[i].name, feed(r, v, &h) == rows[i].want);
	}
}

static void test_lengths(void **state)
{
	struct rig *r = *state;
	struct wbuf scratch = wbuf_of(r->scratch, sizeof r->scratch);
	struct tls_hello h = { 0 };
	size_t progress = 0, front = 4 + 2 + 32 + 1 + 2 + 2 + 2;
	size_t most = (TLS_HELLO_MAX - front) / 2;
	struct view v = { 0 };

	v = records(r, hello(r, VIEW(""), most), 8000); /* RFC 8446 §5.1: in three records */
	CHECK_OK(tls_hello_parse(v, &progress, &scratch, &h));
	progress = 0;
	v = records(r, hello(r, VIEW(""), most + 1), 8000);
	CHECK_ERR(tls_hello_parse(v, &progress, &scratch, &h), E_LIMIT);
	progress = 0;
	CHECK_ERR(tls_hello_parse(VIEW("\x16\3\1\0\0"), &progress, &scratch, &h), E_PROTO);
	progress = 0;
	CHECK_ERR(tls_hello_parse(VIEW("\x16\3\1\x40\1"), &progress, &scratch, &h), E_PROTO);
}

/* Records of one byte each are six times as long on the wire: that has an end too. */
static void test_tiny_records_end(void **state)
{
	struct rig *r = *state;
	struct wbuf scratch = wbuf_of(r->scratch, sizeof r->scratch);
	struct tls_hello h = { 0 };
	size_t progress = 0;
	struct view v = records(r, view_slice(hello(r, VIEW(SNI_A), 4000), 0, 5000), 1);

	CHECK_ERR(tls_hello_parse(v, &progress, &scratch, &h), E_LIMIT);
}

static void test_what_follows_is_not_looked_at(void **state)
{
	struct rig *r = *state;
	struct wbuf scratch = wbuf_of(r->scratch, sizeof r->scratch);
	struct tls_hello h = { 0 };
	size_t progress = 0;
	struct view v = records(r, hello(r, VIEW(SNI_A), 3), 16384);

	r->wire[v.n] = 'x';
	CHECK_OK(tls_hello_parse(view_of(v.p, v.n + 1), &progress, &scratch, &h));
	CHECK_VIEW(h.sni, "www.abcd.nl");
}

static void test_alert(void **state)
{
	uint8_t bytes[8];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	(void)state;
	tls_hello_put_alert(&w, TLS_ALERT_UNRECOGNIZED_NAME);
	assert_true(view_eq(wbuf_view(&w), VIEW("\x15\3\3\0\2\2\x70"))); /* RFC 8446 §6.2 */
}

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof *r);

	if (r)
		r->guard = guard_new(sizeof r->wire);
	*state = r;
	return r ? 0 : -1;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	guard_done(&r->guard);
	free(r);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_front),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_tiny_records_end),
		cmocka_unit_test(test_what_follows_is_not_looked_at),
		cmocka_unit_test(test_alert),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
