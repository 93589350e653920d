/* The shape of heads: every byte is looked at once, the end is seen, and what can't be a head is
 * noticed at the byte that shows it. The parser's verdicts do not depend on this; its cost does. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/http1_shape.h"

struct row {
	const char *name;
	bool is_request;
	struct view in;
	enum err e; /* at the last byte; E_AGAIN at every byte before it */
};

static const struct row rows[] = {
	{ "every class of bytes", true,
	  VIEW("GE+T /a:b/c-d?e=f:g HTTP/1.1\r\nHo-st:a:80\r\nX: \t,\xff b:c(d)\r\nY:\r\n\r\n"),
	  E_OK },
	{ "no fields", true, VIEW("GET :a HTTP/1.0\r\n\r\n"), E_OK },
	{ "target that starts with a letter", true, VIEW("GET a HTTP/1.0\r\n\r\n"), E_OK },
	{ "response", false, VIEW("HTTP/1.1 200 O(K) \t\xe9:\r\nX:\r\n\r\n"), E_OK },
	{ "first byte", true, VIEW("/"), E_PROTO },
	{ "empty line", true, VIEW("\r"), E_PROTO },
	{ "method", true, VIEW("GE:"), E_PROTO },
	{ "line feed in the method", true, VIEW("GET\n"), E_PROTO },
	{ "two spaces", true, VIEW("GET  "), E_PROTO },
	{ "simple request", true, VIEW("GET /\r"), E_PROTO },
	{ "control byte in the target", true, VIEW("GET /\x01"), E_PROTO },
	{ "obs-text in the target", true, VIEW("GET /\x80"), E_PROTO },
	{ "space after the version", true, VIEW("GET / HTTP/1.1 "), E_PROTO },
	{ "bare CR", true, VIEW("GET / HTTP/1.1\rH"), E_PROTO },
	{ "bare LF", true, VIEW("GET / HTTP/1.1\n"), E_PROTO },
	{ "folding", true, VIEW("GET / HTTP/1.1\r\n "), E_PROTO },
	{ "empty name", true, VIEW("GET / HTTP/1.1\r\n:"), E_PROTO },
	{ "space before the colon", true, VIEW("GET / HTTP/1.1\r\nA "), E_PROTO },
	{ "no colon", true, VIEW("GET / HTTP/1.1\r\nA\r"), E_PROTO },
	{ "NUL in a value", true, VIEW("GET / HTTP/1.1\r\nA: \0"), E_PROTO },
	{ "bare LF after a value", true, VIEW("GET / HTTP/1.1\r\nA: b\n"), E_PROTO },
	{ "bare CR after a value", true, VIEW("GET / HTTP/1.1\r\nA: b\r "), E_PROTO },
	{ "bare CR at the end", true, VIEW("GET / HTTP/1.1\r\nA: b\r\n\rX"), E_PROTO },
	{ "control byte in a status line", false, VIEW("HTTP/1.1 200 \x7f"), E_PROTO },
};

/* In steps of step bytes, and each call a second time: it changes nothing. */
static void run(const struct row *t, size_t step)
{
	struct guard g = guard_new(t->in.n);
	size_t progress = 0;

	for (size_t n = 0; n < t->in.n; n += step) {
		struct view in = guard_put(&g, view_slice(t->in, 0, n));

		CHECK_ROW(t->name, http1_shape_advance(in, t->is_request, &progress) == E_AGAIN);
		CHECK_ROW(t->name, http1_shape_advance(in, t->is_request, &progress) == E_AGAIN);
		CHECK_ROW(t->name, (progress == 0) == (n == 0));
	}
	for (int again = 0; again < 3; again++) {
		struct view in = guard_put(&g, t->in);

		CHECK_ROW(t->name, http1_shape_advance(in, t->is_request, &progress) == t->e);
	}
	guard_done(&g);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t step = 1; step <= rows[i].in.n; step++)
			run(&rows[i], step);
}

static void test_looks_at_new_bytes_only(void **state)
{
	struct view first = VIEW("GET /"), second = VIEW("\0\0\0\0\0x");
	size_t progress = 0;

	(void)state;
	CHECK_ERR(http1_shape_advance(first, true, &progress), E_AGAIN);
	CHECK_ERR(http1_shape_advance(second, true, &progress), E_AGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_looks_at_new_bytes_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
