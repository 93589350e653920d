/* Request heads: what is taken, with which meaning, and what is refused with which status. */
#include "tests/unit/proto/http1_rig.h"

#include "base/wbuf.h"

#define L1 "GET / HTTP/1.1\r\n"
#define L0 "GET / HTTP/1.0\r\n"
#define H  "Host: a\r\n"
#define P1 "POST / HTTP/1.1\r\nHost: a\r\n"

struct good {
	const char *name;
	struct view in;
	uint8_t body, flags;
	uint64_t length;
};

enum {
	KA = HTTP1_KEEP_ALIVE,
	UP = HTTP1_KEEP_ALIVE | HTTP1_UPGRADE,
	WS = HTTP1_KEEP_ALIVE | HTTP1_UPGRADE | HTTP1_WEBSOCKET
};

static const struct good good_rows[] = {
	{ "RFC 9112 §3 smallest", VIEW(L1 H "\r\n"), BODY_NONE, KA, 0 },
	{ "RFC 9112 §3.2 HTTP/1.0 needs no Host", VIEW(L0 "\r\n"), BODY_NONE, 0, 0 },
	{ "RFC 9112 §2.3 higher minor", VIEW("GET / HTTP/1.7\r\n" H "\r\n"), BODY_NONE, KA, 0 },
	{ "RFC 9112 §9.3 close", VIEW(L1 H "Connection: close\r\n\r\n"), BODY_NONE, 0, 0 },
	{ "RFC 9112 §9.3 close wins, any case", VIEW(L1 H "Connection: keep-alive,, CLOSE\r\n\r\n"),
	  BODY_NONE, 0, 0 },
	{ "RFC 9112 §9.3 close wins over lines",
	  VIEW(L1 H "Connection: close\r\nConnection: keep-alive\r\n\r\n"), BODY_NONE, 0, 0 },
	{ "RFC 9112 §9.3 keep-alive in 1.0", VIEW(L0 "Connection: Keep-Alive\r\n\r\n"), BODY_NONE,
	  KA, 0 },
	{ "RFC 9110 §7.6.1 other nominations", VIEW(L1 H "Connection: x-a, te\r\n\r\n"), BODY_NONE,
	  KA | HTTP1_CONNECTION, 0 },
	{ "RFC 9110 §7.6.1 te alone", VIEW(L1 H "Connection: TE\r\nTE: trailers\r\n\r\n"),
	  BODY_NONE, KA | HTTP1_TE_TRAILERS, 0 },
	{ "RFC 9110 §10.1.4 te list", VIEW(L1 H "TE: gzip;q=0.5, Trailers\r\n\r\n"), BODY_NONE,
	  KA | HTTP1_TE_TRAILERS, 0 },
	{ "RFC 9112 §6.2 length", VIEW(P1 "Content-Length: 5\r\n\r\nhello"), BODY_LENGTH, KA, 5 },
	{ "RFC 9112 §6.2 length of nothing", VIEW(P1 "Content-Length: 0\r\n\r\n"), BODY_LENGTH, KA,
	  0 },
	{ "RFC 9110 §8.6 18 digits", VIEW(P1 "content-length:999999999999999999\r\n\r\n"),
	  BODY_LENGTH, KA, 999999999999999999u },
	{ "RFC 9110 §5.5 OWS around a value", VIEW(P1 "Content-Length: \t 7 \t\r\n\r\n"),
	  BODY_LENGTH, KA, 7 },
	{ "RFC 9112 §7.1 chunked, any case", VIEW(P1 "Transfer-Encoding: cHuNkEd\r\n\r\n"),
	  BODY_CHUNKED, KA, 0 },
	{ "RFC 9110 §7.8 upgrade", VIEW(L1 H "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
	  BODY_NONE, UP, 0 },
	{ "RFC 6455 §4.1 websocket", VIEW(L1 H "Upgrade: WebSocket\r\nConnection: upgrade\r\n\r\n"),
	  BODY_NONE, WS, 0 },
	{ "RFC 6455 §4.1 websocket and another",
	  VIEW(L1 H "Upgrade: websocket, h2c\r\nConnection: upgrade\r\n\r\n"), BODY_NONE, UP, 0 },
	{ "RFC 6455 §4.1 websocket and another line",
	  VIEW(L1 H "Upgrade: websocket\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"), BODY_NONE,
	  UP, 0 },
	{ "RFC 6455 §4.1 another line and websocket",
	  VIEW(L1 H "Upgrade: h2c\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"), BODY_NONE,
	  UP, 0 },
	{ "RFC 9110 §7.8 not nominated", VIEW(L1 H "Upgrade: websocket\r\n\r\n"), BODY_NONE, KA,
	  0 },
	{ "RFC 9110 §7.8 nominated, absent", VIEW(L1 H "Connection: upgrade\r\n\r\n"), BODY_NONE,
	  KA, 0 },
	{ "RFC 9110 §7.8 ignored in 1.0",
	  VIEW(L0 "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n"), BODY_NONE, 0, 0 },
	{ "RFC 9110 §10.1.1 continue", VIEW(P1 "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n"),
	  BODY_LENGTH, KA | HTTP1_EXPECT_CONTINUE, 1 },
	{ "RFC 9110 §10.1.1 ignored in 1.0", VIEW(L0 "Expect: x\r\n\r\n"), BODY_NONE, 0, 0 },
	{ "A6 trust fields", VIEW(L1 H "X-Forwarded-For: 1\r\n\r\n"), BODY_NONE, KA | HTTP1_TRUST,
	  0 },
	{ "A6 trust fields, alias", VIEW(L1 H "x_forwarded_prefix: 1\r\n\r\n"), BODY_NONE,
	  KA | HTTP1_TRUST, 0 },
	{ "RFC 9110 §5.5 obs-text, empty value", VIEW(L1 H "X: a\x80\xff\tb\r\nY:\r\n\r\n"),
	  BODY_NONE, KA, 0 },
	{ "RFC 9110 §5.6.2 every token character", VIEW(L1 H "!#$%&'*+-.^_`|~09azAZ: v\r\n\r\n"),
	  BODY_NONE, KA, 0 },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good_rows); i++) {
		const struct good *t = &good_rows[i];
		struct rig r = rig_request(t->name, t->in);

		CHECK_ROW(t->name, r.e == E_OK);
		CHECK_ROW(t->name, r.h.body == t->body && r.h.flags == t->flags);
		CHECK_ROW(t->name, r.h.content_length == t->length);
	}
}

struct bad {
	const char *name;
	struct view in;
	uint16_t status;
};

static const struct bad bad_rows[] = {
	{ "RFC 9112 §2.2 bare LF after the request line", VIEW("GET / HTTP/1.1\n"), 400 },
	{ "RFC 9112 §2.2 bare LF after a field", VIEW(L1 "Host: a\n"), 400 },
	{ "RFC 9112 §2.2 bare LF at the end", VIEW(L1 H "\n"), 400 },
	{ "RFC 9112 §2.2 bare CR in a value", VIEW(L1 "Host: a\rb"), 400 },
	{ "RFC 9112 §2.2 CR CR LF", VIEW(L1 H "\r\r"), 400 },
	{ "RFC 9112 §2.2 bare CR after the version", VIEW("GET / HTTP/1.1\rX"), 400 },
	{ "RFC 9110 §5.5 NUL in a value", VIEW(L1 "Host: a\0"), 400 },
	{ "RFC 9110 §5.5 control byte in a value", VIEW(L1 "Host: a\x1b"), 400 },
	{ "RFC 9110 §5.5 DEL in a value", VIEW(L1 "Host: a\x7f"), 400 },
	{ "RFC 9110 §5.1 NUL in a name", VIEW(L1 "Ho\0"), 400 },
	{ "RFC 9112 §5.2 folding with SP", VIEW(L1 H "X: a\r\n "), 400 },
	{ "RFC 9112 §5.2 folding with HTAB", VIEW(L1 H "X: a\r\n\t"), 400 },
	{ "RFC 9112 §2.2 space before the first field", VIEW(L1 " "), 400 },
	{ "RFC 9112 §5.1 space before the colon", VIEW(L1 "Host "), 400 },
	{ "RFC 9112 §5.1 tab before the colon", VIEW(L1 "Host\t"), 400 },
	{ "RFC 9112 §5 empty name", VIEW(L1 ":"), 400 },
	{ "RFC 9112 §5 no colon", VIEW(L1 "Host\r"), 400 },
	{ "RFC 9110 §5.1 name is no token", VIEW(L1 "Ho(st"), 400 },
	{ "RFC 9110 §5.1 obs-text in a name", VIEW(L1 "Ho\xc3\xa9"), 400 },
	{ "RFC 9112 §3.1 method is no token", VIEW("GE/T"), 400 },
	{ "RFC 9112 §3.1 no method", VIEW(" "), 400 },
	{ "RFC 9112 §2.2 empty line is not skipped here", VIEW("\r"), 400 },
	{ "RFC 8446 §5.1 a ClientHello", VIEW("\x16"), 400 },
	{ "RFC 9113 §3.4 the HTTP/2 preface", VIEW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400 },
	{ "RFC 9112 §3 two spaces", VIEW("GET  "), 400 },
	{ "RFC 9112 §3 tab", VIEW("GET\t"), 400 },
	{ "RFC 9112 §3 space run before the version", VIEW("GET /  "), 400 },
	{ "RFC 9112 §3 space at the end", VIEW("GET / HTTP/1.1 "), 400 },
	{ "RFC 9112 §3 space in the target", VIEW("GET /a b"), 400 },
	{ "RFC 9112 §3 obs-text in the target", VIEW("GET /\xc3"), 400 },
	{ "RFC 9112 §3 NUL in the target", VIEW("GET /\0"), 400 },
	{ "RFC 1945 §4.1 simple request", VIEW("GET /\r"), 400 },
	{ "RFC 9112 §2.3 lower case", VIEW("GET / h"), 400 },
	{ "RFC 9112 §2.3 no number", VIEW("GET / HTTP/x"), 400 },
	{ "RFC 9112 §2.3 two digits", VIEW("GET / HTTP/11"), 400 },
	{ "RFC 9112 §2.3 two digits of minor", VIEW("GET / HTTP/1.10"), 400 },
	{ "RFC 9110 §15.6.6 version 2", VIEW("GET / HTTP/2.0"), 505 },
	{ "RFC 9110 §15.6.6 version 0.9", VIEW("GET / HTTP/0.9"), 505 },
	{ "RFC 9112 §3.2.1 no slash", VIEW("GET a "), 400 },
	{ "RFC 9112 §3.2.2 other scheme", VIEW("GET ftp://a/ "), 400 },
	{ "RFC 9112 §3.2.2 scheme alone", VIEW("GET http:/a "), 400 },
	{ "RFC 9112 §3.2.3 authority without CONNECT", VIEW("GET a:80 "), 400 },
	{ "RFC 9112 §3.2.3 CONNECT with a path", VIEW("CONNECT / "), 400 },
	{ "RFC 9112 §3.2.3 CONNECT without a port", VIEW("CONNECT a "), 400 },
	{ "RFC 9112 §3.2.3 CONNECT with an empty port", VIEW("CONNECT a: "), 400 },
	{ "RFC 9112 §3.2.3 CONNECT without a host", VIEW("CONNECT :80 "), 400 },
	{ "RFC 9112 §3.2.3 CONNECT with a URI", VIEW("CONNECT http://a:80 "), 400 },
	{ "RFC 9112 §3.2.3 CONNECT with userinfo", VIEW("CONNECT u@a:80 "), 400 },
	{ "RFC 9112 §3.2.4 asterisk without OPTIONS", VIEW("GET * "), 400 },
	{ "RFC 9112 §3.2.4 asterisk and more", VIEW("OPTIONS *a "), 400 },
	{ "RFC 9112 §3.2 no Host", VIEW(L1 "X: a\r\n\r\n"), 400 },
	{ "RFC 9112 §3.2 second Host", VIEW(L1 H "hOST: a\r\n"), 400 },
	{ "RFC 9112 §3.2 second Host in 1.0", VIEW(L0 H H), 400 },
	{ "RFC 9112 §3.2 empty Host", VIEW(L1 "Host: \r\n"), 400 },
	{ "RFC 9112 §3.2 list of hosts", VIEW(L1 "Host: a, b\r\n"), 400 },
	{ "RFC 9112 §3.2 list of hosts, no space", VIEW(L1 "Host: a,b\r\n"), 400 },
	{ "RFC 9112 §3.2 space in Host", VIEW(L1 "Host: a b\r\n"), 400 },
	{ "RFC 9110 §8.6 plus", VIEW(P1 "Content-Length: +5\r\n"), 400 },
	{ "RFC 9110 §8.6 minus", VIEW(P1 "Content-Length: -5\r\n"), 400 },
	{ "RFC 9110 §8.6 hexadecimal", VIEW(P1 "Content-Length: 0x5\r\n"), 400 },
	{ "RFC 9110 §8.6 space inside", VIEW(P1 "Content-Length: 5 5\r\n"), 400 },
	{ "RFC 9110 §8.6 equal list", VIEW(P1 "Content-Length: 5, 5\r\n"), 400 },
	{ "RFC 9110 §8.6 empty", VIEW(P1 "Content-Length:\r\n"), 400 },
	{ "RFC 9110 §8.6 19 digits", VIEW(P1 "Content-Length: 1000000000000000000\r\n"), 400 },
	{ "RFC 9112 §6.3 repeated equal lengths",
	  VIEW(P1 "Content-Length: 5\r\nContent-Length: 5\r\n"), 400 },
	{ "RFC 9112 §6.3 differing lengths", VIEW(P1 "Content-Length: 5\r\nContent-Length: 6\r\n"),
	  400 },
	{ "RFC 9112 §6.3 CL and TE", VIEW(P1 "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
	  400 },
	{ "RFC 9112 §6.3 TE and CL", VIEW(P1 "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
	  400 },
	{ "RFC 9112 §6.1 TE in 1.0", VIEW(L0 "Transfer-Encoding: chunked\r\n"), 400 },
	{ "RFC 9112 §6.1 TE twice",
	  VIEW(P1 "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400 },
	{ "RFC 9112 §6.1 chunked twice", VIEW(P1 "Transfer-Encoding: chunked, chunked\r\n"), 400 },
	{ "RFC 9112 §6.1 chunked is not last", VIEW(P1 "Transfer-Encoding: chunked, gzip\r\n"),
	  400 },
	{ "RFC 9112 §6.1 not chunked", VIEW(P1 "Transfer-Encoding: gzip\r\n"), 400 },
	{ "RFC 9112 §6.1 identity", VIEW(P1 "Transfer-Encoding: identity\r\n"), 400 },
	{ "RFC 9112 §6.1 empty", VIEW(P1 "Transfer-Encoding:\r\n"), 400 },
	{ "RFC 9112 §6.1 nearly chunked", VIEW(P1 "Transfer-Encoding: xchunked\r\n"), 400 },
	{ "RFC 9112 §6.1 quoted", VIEW(P1 "Transfer-Encoding: \"chunked\"\r\n"), 400 },
	{ "RFC 9112 §7 chunked with a parameter", VIEW(P1 "Transfer-Encoding: chunked;a=b\r\n"),
	  400 },
	{ "RFC 9112 §7 broken list", VIEW(P1 "Transfer-Encoding: gz ip, chunked\r\n"), 400 },
	{ "RFC 9112 §7 broken parameter", VIEW(P1 "Transfer-Encoding: gzip;a, chunked\r\n"), 400 },
	{ "RFC 9112 §6.1 unknown coding before chunked",
	  VIEW(P1 "Transfer-Encoding: gzip, chunked\r\n"), 501 },
	{ "RFC 9112 §7 coding with parameters",
	  VIEW(P1 "Transfer-Encoding: x;a=b ; c=\"d,\\\"\", chunked\r\n"), 501 },
	{ "A5 Transfer_Encoding", VIEW(P1 "Transfer_Encoding: chunked\r\n"), 400 },
	{ "A5 Content_Length", VIEW(P1 "content_length: 5\r\n"), 400 },
	{ "A5 Keep_Alive", VIEW(P1 "Keep_Alive: 5\r\n"), 400 },
	{ "A5 Proxy_Connection", VIEW(P1 "Proxy_Connection: close\r\n"), 400 },
	{ "A5 Connection nominates Host", VIEW(L1 H "Connection: close, host\r\n"), 400 },
	{ "A5 Connection nominates Content-Length", VIEW(L1 H "Connection: Content-Length\r\n"),
	  400 },
	{ "A5 Connection nominates Transfer_Encoding",
	  VIEW(L1 H "Connection: transfer_encoding\r\n"), 400 },
	{ "RFC 9110 §7.6.1 Connection is no list of tokens", VIEW(L1 H "Connection: a b\r\n"),
	  400 },
	{ "RFC 9110 §10.1.1 other expectation", VIEW(L1 H "Expect: tea\r\n"), 417 },
	{ "RFC 9110 §10.1.1 list of expectations", VIEW(L1 H "Expect: 100-continue, tea\r\n"),
	  417 },
	{ "RFC 9110 §10.1.1 expectation twice",
	  VIEW(L1 H "Expect: 100-continue\r\nExpect: 100-continue\r\n"), 417 },
	{ "RFC 9110 §10.1.1 empty expectation", VIEW(L1 H "Expect:\r\n"), 417 },
};

/* Most rows end with the byte that decides: it must be enough. */
static void test_bad_at_the_first_byte_that_shows_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_rows); i++) {
		const struct bad *t = &bad_rows[i];
		struct rig r = rig_request(t->name, t->in);

		CHECK_ROW(t->name, r.e == E_PROTO);
		CHECK_ROW(t->name, r.why.status == t->status && r.why.why != NULL);
	}
}

static void test_good_is_never_refused_early(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good_rows); i++) {
		struct view head = good_rows[i].in;
		struct rig whole = rig_request(good_rows[i].name, head);

		for (size_t n = 0; n < whole.h.n; n++) {
			struct rig r = rig_request(good_rows[i].name, view_slice(head, 0, n));

			CHECK_ROW(good_rows[i].name, r.e == E_AGAIN);
		}
	}
}

static void test_positions(void **state)
{
	struct view in = VIEW("PATCH /a?b HTTP/1.1\r\nHost:  x \r\nA: b c\r\nE:\r\n\r\nbody");
	struct rig r = rig_request("positions", in);

	(void)state;
	CHECK_OK(r.e);
	r.h.fields = r.fields; /* the rig's own are gone */
	assert_int_equal(r.h.n, in.n - 4);
	assert_int_equal(r.h.method_id, METHOD_PATCH);
	CHECK_VIEW(view_slice(in, r.h.method, r.h.method_n), "PATCH");
	CHECK_VIEW(view_slice(in, r.h.target, r.h.target_n), "/a?b");
	assert_int_equal(r.h.field_n, 3);
	assert_int_equal(r.h.host, 0);
	assert_int_equal(r.h.fields_at, 21);
	CHECK_VIEW(field_name_view(in, &r.fields[0]), "Host");
	CHECK_VIEW(field_value_view(in, &r.fields[0]), "x");
	CHECK_VIEW(field_value_view(in, &r.fields[1]), "b c");
	assert_int_equal(r.fields[2].value_n, 0);
	CHECK_VIEW(http1_line(in, &r.h, 0), "Host:  x \r\n");
	CHECK_VIEW(http1_line(in, &r.h, 2), "E:\r\n");
	r = rig_request("no fields", VIEW(L0 "\r\n"));
	CHECK_OK(r.e);
	assert_int_equal(r.h.fields_at, r.h.n - 2);
	assert_int_equal(r.h.host, UINT16_MAX);
}

static void test_target_forms(void **state)
{
	static const struct {
		struct view in;
		uint8_t form;
	} rows[] = {
		{ VIEW("GET /a/b?c HTTP/1.0\r\n\r\n"), TARGET_ORIGIN },
		{ VIEW("GET //a HTTP/1.0\r\n\r\n"), TARGET_ORIGIN },
		{ VIEW("GET hTTp://a/ HTTP/1.0\r\n\r\n"), TARGET_ABSOLUTE },
		{ VIEW("GET https://a HTTP/1.0\r\n\r\n"), TARGET_ABSOLUTE },
		{ VIEW("OPTIONS * HTTP/1.0\r\n\r\n"), TARGET_ASTERISK },
		{ VIEW("OPTIONS /a HTTP/1.0\r\n\r\n"), TARGET_ORIGIN },
		{ VIEW("CONNECT a:443 HTTP/1.0\r\n\r\n"), TARGET_AUTHORITY },
		{ VIEW("CONNECT [::1]:443 HTTP/1.0\r\n\r\n"), TARGET_AUTHORITY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct rig r = rig_request("target form", rows[i].in);

		CHECK_OK(r.e);
		assert_int_equal(r.h.target_form, rows[i].form);
	}
}

/* RFC 9110 §15.5.15: 414; RFC 6585 §5: 431 */
static void test_limits(void **state)
{
	struct rig_case c = { .is_request = true, .in = VIEW(L1 H "X: y\r\n\r\n") };
	struct rig r = { 0 };

	(void)state;
	for (c.limit = 1; c.limit <= c.in.n + 2; c.limit++) {
		r = rig_run("limit", &c);
		if (c.limit >= c.in.n) {
			CHECK_OK(r.e);
			continue;
		}
		CHECK_ERR(r.e, E_LIMIT);
		assert_int_equal(r.why.status, c.limit < sizeof L1 - 1 ? 414 : 431);
	}
	c.limit = c.in.n - 1; /* full and not complete: no need to wait for one byte more */
	c.in = view_slice(c.in, 0, c.limit);
	CHECK_ERR(rig_run("exactly full", &c).e, E_LIMIT);
	c = (struct rig_case){ .is_request = true, .limit = RIG_LIMIT };
	c.in = VIEW(L1 H "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n");
	CHECK_OK(rig_run("as many fields as fit", &c).e);
	c.in = VIEW(L1 H "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n");
	r = rig_run("one field too many", &c);
	CHECK_ERR(r.e, E_LIMIT);
	assert_int_equal(r.why.status, 431);
}

static void test_largest_head(void **state)
{
	static uint8_t head[70000];
	struct field fields[2] = { 0 };
	struct http1_head h = { .fields = fields, .field_cap = 2 };
	struct http1_error why = { 0 };
	struct wbuf w = wbuf_of(head, sizeof head);
	size_t progress = 0;

	(void)state;
	WBUF_LIT(&w, L1 H "X: ");
	while (w.n < 65535 - 4)
		WBUF_LIT(&w, "y");
	WBUF_LIT(&w, "\r\n\r\n");
	for (size_t n = 0; n < w.n; n++)
		CHECK_ERR(http1_parse_request(view_of(head, n), 65535, &progress, &h, &why),
			  E_AGAIN);
	CHECK_OK(http1_parse_request(wbuf_view(&w), 65535, &progress, &h, &why));
	assert_int_equal(progress, 0);
	assert_int_equal(h.n, 65535);
	assert_int_equal(fields[1].value + fields[1].value_n, 65531);
	head[65531] = 'y';
	CHECK_ERR(http1_parse_request(wbuf_view(&w), SIZE_MAX, &progress, &h, &why), E_PROTO);
	w.n = 65531;
	WBUF_LIT(&w, "y\r\n\r\n");
	CHECK_ERR(http1_parse_request(wbuf_view(&w), SIZE_MAX, &progress, &h, &why), E_LIMIT);
}

static void test_small_helpers(void **state)
{
	struct view in = VIEW(L1 H "Connection: a, close\r\nConnection: X-Me\r\n\r\n");
	struct rig r = rig_request("nominations", in);

	(void)state;
	CHECK_OK(r.e);
	r.h.fields = r.fields;
	assert_true(http1_connection_has(in, &r.h, VIEW("x-me")));
	assert_true(http1_connection_has(in, &r.h, VIEW("A")));
	assert_false(http1_connection_has(in, &r.h, VIEW("x")));
	assert_int_equal(http1_skip_crlf(VIEW("\r\nGET")), 2);
	assert_int_equal(http1_skip_crlf(VIEW("\r")), 0);
	assert_int_equal(http1_skip_crlf(VIEW("\nG")), 0);
	assert_int_equal(http1_skip_crlf((struct view){ 0 }), 0);
}

/* RFC 9110 §9.2.1, §9.2.2 */
static void test_methods(void **state)
{
	(void)state;
	for (unsigned m = METHOD_GET; m < METHOD_N; m++) {
		enum http_method method = (enum http_method)m;

		assert_int_equal(http_method_of(http_method_name(method)), method);
		assert_true(!http_method_is_safe(method) || http_method_is_idempotent(method));
	}
	assert_int_equal(http_method_of(VIEW("get")), METHOD_OTHER);
	assert_int_equal(http_method_of((struct view){ 0 }), METHOD_OTHER);
	assert_int_equal(http_method_name(METHOD_OTHER).n, 0);
	assert_false(http_method_is_safe(METHOD_POST) || http_method_is_idempotent(METHOD_POST));
	assert_true(!http_method_is_safe(METHOD_PUT) && http_method_is_idempotent(METHOD_PUT));
	assert_false(http_method_is_idempotent(METHOD_PATCH) || http_method_is_safe(METHOD_OTHER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad_at_the_first_byte_that_shows_it),
		cmocka_unit_test(test_good_is_never_refused_early),
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_target_forms),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_largest_head),
		cmocka_unit_test(test_small_helpers),
		cmocka_unit_test(test_methods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
