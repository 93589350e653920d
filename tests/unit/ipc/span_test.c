/* Spans over the channel: what goes in comes out, every cut is refused, texts are bounded. */
#include "tests/unit/check.h"

#include "ipc/span.h"

#include <string.h>

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define ID    "00f067aa0ba902b7"

static struct span sample(void)
{
	return (struct span){ .kind = SPAN_CLIENT,
			      .resends = 2,
			      .status = 404,
			      .port = 8080,
			      .start_ns = 1,
			      .end_ns = UINT64_MAX,
			      .trace_id = VIEW(TRACE),
			      .id = VIEW(ID),
			      .parent_id = VIEW("ffffffffffffffff"),
			      .method = VIEW("GET"),
			      .scheme = VIEW("https"),
			      .host = VIEW("h"),
			      .path = VIEW("/p"),
			      .pattern = VIEW("/"),
			      .peer = VIEW("::1"),
			      .listener = VIEW("l"),
			      .rule = VIEW("r/x"),
			      .pool = VIEW("w"),
			      .server = VIEW("s"),
			      .error = VIEW("tls"),
			      .version = VIEW("1.1") };
}

static void test_round_trip(void **state)
{
	uint8_t bytes[2 * SPAN_BYTES_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct span a = sample(), b = { 0 };
	struct view rest = { 0 };

	(void)state;
	span_put(&w, &a);
	a.parent_id = (struct view){ 0 };
	span_put(&w, &a);
	rest = wbuf_view(&w);
	assert_int_equal(span_next(&rest, &b), E_OK);
	assert_int_equal(b.kind, SPAN_CLIENT);
	assert_int_equal(b.resends, 2);
	assert_int_equal(b.status, 404);
	assert_int_equal(b.port, 8080);
	assert_true(b.start_ns == 1 && b.end_ns == UINT64_MAX);
	assert_true(view_eq(b.trace_id, VIEW(TRACE)) && view_eq(b.id, VIEW(ID)));
	assert_true(view_eq(b.parent_id, VIEW("ffffffffffffffff")));
	assert_true(view_eq(b.method, VIEW("GET")) && view_eq(b.error, VIEW("tls")));
	assert_true(view_eq(b.version, VIEW("1.1")));
	assert_true(view_eq(b.rule, VIEW("r/x")) && view_eq(b.peer, VIEW("::1")));
	assert_int_equal(span_next(&rest, &b), E_OK);
	assert_int_equal(b.parent_id.n, 0);
	assert_int_equal(rest.n, 0);
}

/* Whatever is put fits, and long texts are cut to what the reader takes. */
static void test_long_texts(void **state)
{
	static uint8_t x[65536];
	uint8_t bytes[SPAN_BYTES_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct view all = view_of(x, sizeof x), rest = { 0 };
	struct span a = sample(), b = { 0 };

	(void)state;
	memset(x, '/', sizeof x);
	a.method = a.scheme = a.host = a.path = a.pattern = a.peer = all;
	a.listener = a.rule = a.pool = a.server = a.error = a.version = all;
	span_put(&w, &a);
	assert_false(w.bad);
	rest = wbuf_view(&w);
	assert_int_equal(span_next(&rest, &b), E_OK);
	assert_int_equal(b.path.n, 800);
	assert_int_equal(b.method.n, 64);
}

static void test_hostile(void **state)
{
	uint8_t bytes[SPAN_BYTES_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct span a = sample(), b = { 0 };
	struct view rest = { 0 };

	(void)state;
	span_put(&w, &a);
	for (size_t n = 0; n < w.n; n++) {
		rest = view_of(bytes, n);
		assert_int_not_equal(span_next(&rest, &b), E_OK);
		assert_int_equal(rest.n, n);
	}
	bytes[0] = 1; /* a kind that there is not */
	rest = wbuf_view(&w);
	assert_int_equal(span_next(&rest, &b), E_PROTO);
	bytes[0] = SPAN_SERVER;
	bytes[24] = 'G'; /* in the trace's id */
	rest = wbuf_view(&w);
	assert_int_equal(span_next(&rest, &b), E_PROTO);
	w.n = 0;
	a.id = VIEW("short");
	span_put(&w, &a);
	rest = wbuf_view(&w);
	assert_int_equal(span_next(&rest, &b), E_PROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
