/* role/edge/body.c: bodies keep their bytes and lose their sender's framing (RFC 9112 §6, §7.1;
 * THREATS A1). */
#include "role/edge/body.h"

#include "tests/unit/check.h"

static uint8_t scratch_bytes[BUFFER_BYTES], out_bytes[BUFFER_BYTES];

/* Feeds text in pieces of `step` bytes, keeping what is not consumed, and gathers what comes out.
 */
static enum err body_feed(struct body *b, struct view text, size_t step, struct wbuf *out)
{
	uint8_t held_bytes[4096];
	size_t held = 0, at = 0;

	while (at < text.n && !b->is_done) {
		size_t n = text.n - at < step ? text.n - at : step;
		struct view in = { 0 }, got = { 0 };
		struct wbuf scratch = wbuf_of(scratch_bytes, sizeof scratch_bytes);

		memcpy(held_bytes + held, text.p + at, n);
		at += n;
		in = view_of(held_bytes, held + n);
		TRY(body_next(b, &in, &scratch, &got));
		wbuf_view_put(out, got);
		if (in.n)
			memmove(held_bytes, in.p, in.n);
		held = in.n;
	}
	return E_OK;
}

/* The content of a chunked message, by the plainest decoder there can be. */
static void body_decode(struct view in, struct wbuf *content, struct wbuf *trailers)
{
	for (;;) {
		size_t size = 0, i = 0;

		for (; i < in.n && in.p[i] != '\r'; i++)
			size = size * 16 +
			       (size_t)(in.p[i] <= '9' ? in.p[i] - '0' : in.p[i] - 'a' + 10);
		in = view_slice(in, i + 2, in.n);
		if (size == 0)
			break;
		assert_true(size <= in.n);
		wbuf_put(content, in.p, size);
		in = view_slice(in, size + 2, in.n);
	}
	wbuf_view_put(trailers, in);
}

static void test_chunked_any_cut(void **state)
{
	static const char text[] =
		"5;x=y\r\nhello\r\n1\r\n \r\n0006\r\nworld!\r\n0\r\nA: b\r\nC: d\r\n\r\n";

	(void)state;
	for (size_t step = 1; step <= sizeof text - 1; step++) {
		struct wbuf out = wbuf_of(out_bytes, sizeof out_bytes);
		uint8_t content[64], trailers[64];
		struct wbuf c = wbuf_of(content, sizeof content),
			    t = wbuf_of(trailers, sizeof trailers);
		struct body b = { 0 };

		body_init(&b, BODY_CHUNKED, 0, true);
		assert_int_equal(body_feed(&b, view_of(text, sizeof text - 1), step, &out), E_OK);
		assert_true(b.is_done);
		assert_int_equal(b.moved, 12);
		body_decode(wbuf_view(&out), &c, &t);
		assert_true(view_eq(wbuf_view(&c), VIEW("hello world!")));
		assert_true(view_eq(wbuf_view(&t), VIEW("A: b\r\nC: d\r\n\r\n")));
	}
}

static void test_chunked_for_http10(void **state)
{
	static const char text[] = "5\r\nhello\r\n0\r\nA: b\r\n\r\n";

	(void)state;
	for (size_t step = 1; step <= sizeof text - 1; step++) {
		struct wbuf out = wbuf_of(out_bytes, sizeof out_bytes);
		struct body b = { 0 };

		body_init(&b, BODY_CHUNKED, 0, false);
		assert_int_equal(body_feed(&b, view_of(text, sizeof text - 1), step, &out), E_OK);
		assert_true(b.is_done);
		assert_true(view_eq(wbuf_view(&out), VIEW("hello")));
	}
}

static void test_length_stops_at_its_end(void **state)
{
	struct view in = VIEW("helloGET / HTTP/1.1"), got = { 0 };
	struct wbuf scratch = wbuf_of(scratch_bytes, sizeof scratch_bytes);
	struct body b = { 0 };

	(void)state;
	body_init(&b, BODY_LENGTH, 5, false);
	assert_int_equal(body_next(&b, &in, &scratch, &got), E_OK);
	assert_true(b.is_done);
	assert_true(view_eq(got, VIEW("hello")));
	assert_true(view_eq(
		in, VIEW("GET / HTTP/1.1"))); /* the next request is not body: RFC 9112 §9.3 */
}

static void test_broken_chunks(void **state)
{
	static const char *const broken[] = {
		"5\r\nhelloX\r\n",	"g\r\n", "-1\r\n", "5\nhello\n", "ffffffffffffffff\r\n",
		"0\r\nbad line\r\n\r\n"
	};

	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		struct wbuf out = wbuf_of(out_bytes, sizeof out_bytes);
		struct body b = { 0 };

		body_init(&b, BODY_CHUNKED, 0, true);
		assert_int_not_equal(body_feed(&b, view_str(broken[i]), 100, &out), E_OK);
	}
}

static void test_ends(void **state)
{
	struct body b = { 0 };

	(void)state;
	body_init(&b, BODY_UNTIL_CLOSE, 0, false);
	assert_int_equal(body_end(&b), E_OK);
	body_init(&b, BODY_LENGTH, 3, false);
	assert_int_equal(body_end(&b), E_PROTO); /* cut: RFC 9112 §8 */
	body_init(&b, BODY_CHUNKED, 0, true);
	assert_int_equal(body_end(&b), E_PROTO);
	body_init(&b, BODY_LENGTH, 0, false);
	assert_true(b.is_done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunked_any_cut),
		cmocka_unit_test(test_chunked_for_http10),
		cmocka_unit_test(test_length_stops_at_its_end),
		cmocka_unit_test(test_broken_chunks),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
