/* The chunked coding: data, trailers, and where each bad byte is noticed; cut at every place. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "proto/chunked.h"

enum { LONGEST = 20000 };

/* What came out of one message. */
struct outcome {
	uint8_t room[LONGEST];
	struct wbuf data, trailers; /* in the two halves of room */
	size_t rest;		    /* bytes after the message */
	enum err e;		    /* E_OK: CHUNKED_END was reached */
};

static void outcome_add(struct outcome *o, enum chunked_piece piece, struct view v)
{
	if (piece == CHUNKED_DATA)
		wbuf_view_put(&o->data, v);
	else
		wbuf_view_put(&o->trailers, v);
}

/* Feeds in; what is not consumed is kept, as the caller must. */
static void run(struct outcome *o, struct view in, size_t first, size_t step)
{
	struct guard g = guard_new(in.n);
	struct chunked c = { 0 };
	size_t used = 0;

	o->data = wbuf_of(o->room, LONGEST / 2);
	o->trailers = wbuf_of(o->room + LONGEST / 2, LONGEST / 2);
	for (size_t n = first;; n += step) {
		struct view part = view_slice(in, used, n - used), v = { 0 };
		size_t was = 0;
		enum chunked_piece piece = CHUNKED_DATA;

		part = guard_put(&g, part);
		do {
			was = part.n;
			o->e = chunked_next(&c, &part, &piece, &v);
			used += was - part.n;
			if (o->e == E_OK && piece != CHUNKED_END)
				outcome_add(o, piece, v);
		} while (o->e == E_OK && piece != CHUNKED_END);
		if (o->e != E_AGAIN || n >= in.n)
			break;
	}
	o->rest = in.n - used;
	guard_done(&g);
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	if (a->e != b->e || (a->e == E_OK && a->rest != b->rest))
		return false;
	return view_eq(wbuf_view(&a->data), wbuf_view(&b->data)) &&
	       view_eq(wbuf_view(&a->trailers), wbuf_view(&b->trailers));
}

/* All ways to cut in give o. */
static void run_all(const char *name, struct view in, struct outcome *o)
{
	static struct outcome parts;

	run(o, in, in.n, 1);
	for (size_t cut = 0; cut <= in.n; cut++) {
		run(&parts, in, cut, in.n - cut ? in.n - cut : 1);
		CHECK_ROW(name, same(o, &parts));
	}
	for (size_t step = 1; step <= 3; step++) {
		run(&parts, in, 0, step);
		CHECK_ROW(name, same(o, &parts));
	}
}

static const struct {
	const char *name;
	struct view in;
	enum err e;
	const char *data, *trailers;
	size_t rest;
} rows[] = {
	{ "RFC 9112 §7.1 nothing", VIEW("0\r\n\r\n"), E_OK, "", "", 0 },
	{ "RFC 9112 §7.1 two chunks", VIEW("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nGET"), E_OK, "hello!",
	  "", 3 },
	{ "RFC 9112 §7.1 digits of both cases",
	  VIEW("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), E_OK, "01234567890123456789", "",
	  0 },
	{ "RFC 9112 §7.1 leading zeros", VIEW("000000000000001\r\nx\r\n000\r\n\r\n"), E_OK, "x", "",
	  0 },
	{ "RFC 9112 §7.1 CRLF in the data", VIEW("2\r\n\r\n\r\n0\r\n\r\n"), E_OK, "\r\n", "", 0 },
	{ "RFC 9112 §7.1.1 extensions", VIEW("1;a;b=\"c d\\\"\"\r\nx\r\n0;z\r\n\r\n"), E_OK, "x",
	  "", 0 },
	{ "RFC 9112 §7.1.2 trailers", VIEW("0\r\nX-Sum: 1\r\ngrpc-status:0\r\n\r\n"), E_OK, "",
	  "X-Sum: 1\r\ngrpc-status:0\r\n", 0 },
	{ "RFC 9112 §7.1 not complete", VIEW("5\r\nwor"), E_AGAIN, "wor", "", 0 },
	{ "RFC 9112 §7.1 16 digits", VIEW("0000000000000001"), E_PROTO, "", "", 0 },
	{ "A3 2^64", VIEW("10000000000000000\r\n"), E_PROTO, "", "", 0 },
	{ "RFC 9112 §7.1 no digits", VIEW("\r"), E_PROTO, "", "", 0 },
	{ "A3 minus", VIEW("-1"), E_PROTO, "", "", 0 },
	{ "A3 0x", VIEW("0x"), E_PROTO, "", "", 0 },
	{ "A3 space before the size", VIEW(" 1"), E_PROTO, "", "", 0 },
	{ "A3 space after the size", VIEW("1 "), E_PROTO, "", "", 0 },
	{ "RFC 9112 §7.1.1 space before the semicolon", VIEW("1 ;a"), E_PROTO, "", "", 0 },
	{ "RFC 9112 §2.2 bare LF after the size", VIEW("1\n"), E_PROTO, "", "", 0 },
	{ "RFC 9112 §2.2 bare CR after the size", VIEW("1\rx"), E_PROTO, "", "", 0 },
	{ "A3 LF in an extension", VIEW("1;a\n"), E_PROTO, "", "", 0 },
	{ "A3 CR in a quoted extension", VIEW("1;a=\"\rb"), E_PROTO, "", "", 0 },
	{ "A3 NUL in an extension", VIEW("1;\0"), E_PROTO, "", "", 0 },
	{ "A3 obs-text in an extension", VIEW("1;\x80"), E_PROTO, "", "", 0 },
	{ "RFC 9112 §7.1 data longer than its size", VIEW("1\r\nxy"), E_PROTO, "x", "", 0 },
	{ "RFC 9112 §2.2 bare LF after the data", VIEW("1\r\nx\n"), E_PROTO, "x", "", 0 },
	{ "RFC 9112 §2.2 bare CR after the data", VIEW("1\r\nx\r0"), E_PROTO, "x", "", 0 },
	{ "RFC 9112 §7.1.2 bare LF at the end", VIEW("0\r\n\n"), E_PROTO, "", "", 0 },
	{ "RFC 9112 §7.1.2 bare CR at the end", VIEW("0\r\n\rx"), E_PROTO, "", "", 0 },
	{ "RFC 9112 §5.2 folded trailer", VIEW("0\r\nX: a\r\n "), E_PROTO, "", "X: a\r\n", 0 },
	{ "RFC 9112 §5.1 space before the colon", VIEW("0\r\nX "), E_PROTO, "", "", 0 },
	{ "RFC 9112 §5 trailer without a name", VIEW("0\r\n:"), E_PROTO, "", "", 0 },
	{ "RFC 9110 §5.5 NUL in a trailer", VIEW("0\r\nX: \0"), E_PROTO, "", "", 0 },
	{ "RFC 9110 §6.5.1 Content-Length", VIEW("0\r\nContent-Length: 5\r\n"), E_PROTO, "", "",
	  0 },
	{ "RFC 9110 §6.5.1 Transfer-Encoding", VIEW("0\r\nTransfer-Encoding: chunked\r\n"), E_PROTO,
	  "", "", 0 },
	{ "RFC 9110 §6.5.1 Host", VIEW("0\r\nhost: a\r\n"), E_PROTO, "", "", 0 },
	{ "RFC 9110 §6.5.1 Authorization", VIEW("0\r\nAuthorization: a\r\n"), E_PROTO, "", "", 0 },
	{ "RFC 9110 §6.5.1 Set-Cookie", VIEW("0\r\nSet_Cookie: a\r\n"), E_PROTO, "", "", 0 },
	{ "RFC 9110 §6.5.1 Trailer", VIEW("0\r\nTrailer: a\r\n"), E_PROTO, "", "", 0 },
	{ "RFC 9110 §7.6.1 Connection", VIEW("0\r\nConnection: close\r\n"), E_PROTO, "", "", 0 },
	{ "A5 look-alike", VIEW("0\r\ncontent_length: 5\r\n"), E_PROTO, "", "", 0 },
	{ "A6 X-Forwarded-For", VIEW("0\r\nX_Forwarded_For: ::1\r\n"), E_PROTO, "", "", 0 },
};

static void test_table(void **state)
{
	static struct outcome o;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		run_all(rows[i].name, rows[i].in, &o);
		CHECK_ROW(rows[i].name, o.e == rows[i].e);
		CHECK_ROW(rows[i].name, view_eq(wbuf_view(&o.data), view_str(rows[i].data)));
		CHECK_ROW(rows[i].name,
			  view_eq(wbuf_view(&o.trailers), view_str(rows[i].trailers)));
		if (o.e == E_OK)
			CHECK_ROW(rows[i].name, o.rest == rows[i].rest);
	}
}

static void put_many(struct wbuf *w, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wbuf_str(w, text);
}

/* One message: head, n times body, tail. */
static enum err run_many(const char *head, const char *body, size_t n, const char *tail)
{
	static uint8_t room[LONGEST];
	static struct outcome o;
	struct wbuf w = wbuf_of(room, sizeof room);

	wbuf_str(&w, head);
	put_many(&w, body, n);
	wbuf_str(&w, tail);
	CHECK_OK(wbuf_check(&w));
	run(&o, wbuf_view(&w), w.n, 1);
	return o.e;
}

static void test_extensions_are_bounded_over_the_message(void **state)
{
	(void)state;
	CHECK_OK(run_many("1;", "x", CHUNKED_EXTENSION_MAX - 1, "\r\ny\r\n0\r\n\r\n"));
	CHECK_ERR(run_many("1;", "x", CHUNKED_EXTENSION_MAX, "\r\ny\r\n0\r\n\r\n"), E_LIMIT);
	CHECK_ERR(run_many("1;", "x", CHUNKED_EXTENSION_MAX, ""), E_LIMIT); /* without its end */
	CHECK_OK(run_many("", "1;abc\r\nx\r\n", CHUNKED_EXTENSION_MAX / 4, "0\r\n\r\n"));
	CHECK_ERR(run_many("", "1;abc\r\nx\r\n", CHUNKED_EXTENSION_MAX / 4 + 1, "0\r\n\r\n"),
		  E_LIMIT);
}

static void test_trailers_are_bounded(void **state)
{
	(void)state;
	CHECK_OK(run_many("0\r\nX:", "x", CHUNKED_TRAILER_MAX - 4, "\r\n\r\n"));
	CHECK_ERR(run_many("0\r\nX:", "x", CHUNKED_TRAILER_MAX - 3, "\r\n\r\n"), E_LIMIT);
	CHECK_ERR(run_many("0\r\nX:", "x", CHUNKED_TRAILER_MAX, ""), E_LIMIT);
	CHECK_OK(run_many("0\r\n", "X: abc\r\n", CHUNKED_TRAILER_MAX / 8, "\r\n"));
	/* extensions before don't count here */
	CHECK_OK(run_many("0;abc\r\n", "X: abc\r\n", CHUNKED_TRAILER_MAX / 8, "\r\n"));
	CHECK_ERR(run_many("0\r\n", "X: abc\r\n", CHUNKED_TRAILER_MAX / 8 + 1, "\r\n"), E_LIMIT);
}

static void test_largest_size_and_data_in_parts(void **state)
{
	struct chunked c = { 0 };
	struct view in = VIEW("fffffffffffffff\r\nab"), v = { 0 };
	enum chunked_piece piece = CHUNKED_END;

	(void)state;
	CHECK_OK(chunked_next(&c, &in, &piece, &v));
	assert_int_equal(piece, CHUNKED_DATA);
	CHECK_VIEW(v, "ab");
	assert_true(c.left == 0xfffffffffffffffu - 2);
	CHECK_ERR(chunked_next(&c, &in, &piece, &v), E_AGAIN);
}

static void test_end_stays_the_end(void **state)
{
	struct chunked c = { 0 };
	struct view in = VIEW("0\r\n\r\nGET /"), v = VIEW("x");
	enum chunked_piece piece = CHUNKED_DATA;

	(void)state;
	for (int i = 0; i < 2; i++) {
		CHECK_OK(chunked_next(&c, &in, &piece, &v));
		assert_int_equal(piece, CHUNKED_END);
		assert_int_equal(v.n, 0);
		CHECK_VIEW(in, "GET /");
	}
}

static void test_put_size(void **state)
{
	uint8_t room[18];
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)state;
	chunked_put_size(&w, UINT64_MAX);
	CHECK_OK(wbuf_check(&w));
	CHECK_VIEW(wbuf_view(&w), "ffffffffffffffff\r\n");
	w = wbuf_of(room, sizeof room);
	chunked_put_size(&w, 26);
	CHECK_VIEW(wbuf_view(&w), "1a\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_extensions_are_bounded_over_the_message),
		cmocka_unit_test(test_trailers_are_bounded),
		cmocka_unit_test(test_largest_size_and_data_in_parts),
		cmocka_unit_test(test_end_stays_the_end),
		cmocka_unit_test(test_put_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
