/* HTTP/2 fields to HTTP/1.1 text: what goes on, what is refused, and that the text is one message.
 */
#include "tests/unit/check.h"

#include "proto/h2_message.h"

enum { MEMORY = 8192 };

struct row {
	const char *name;
	const char *fields; /* "name: value\n" each */
	bool is_last;
	enum err want;
	const char *text; /* E_OK */
};

static uint8_t memory[MEMORY];

/* Made of exactly these bytes: a larger one that is full is E_LIMIT, as a small one. */
static enum err make(const struct row *r, enum h2_message_kind kind, enum http_method method,
		     size_t cap, struct h2_message *ret_m, struct view *ret)
{
	struct view rest = view_str(r->fields);

	h2_message_begin(ret_m, kind, wbuf_of(memory, cap), method);
	while (rest.n) {
		struct view line = view_slice(rest, 0, view_find(rest, '\n'));
		size_t colon = 1 + view_find(view_slice(line, 1, line.n), ':');

		rest = view_slice(rest, line.n + 1, rest.n);
		TRY(h2_message_field(ret_m, view_slice(line, 0, colon),
				     view_slice(line, colon + 2, line.n)));
	}
	return h2_message_end(ret_m, r->is_last, VIEW("0123456789abcdef"), ret);
}

static void run(const struct row *rows, size_t n, enum h2_message_kind kind,
		enum http_method method)
{
	for (size_t i = 0; i < n; i++) {
		struct h2_message m = { 0 };
		struct view text = { 0 };
		enum err got = make(&rows[i], kind, method, MEMORY, &m, &text);

		CHECK_ROW(rows[i].name, got == rows[i].want);
		if (got == E_OK)
			CHECK_ROW(rows[i].name, view_eq(text, view_str(rows[i].text)));
		/* in less memory it is the same, or it does not fit */
		for (size_t cap = 0; cap < 400; cap++) {
			enum err less = make(&rows[i], kind, method, cap, &m, &text);

			CHECK_ROW(rows[i].name, less == got || less == E_LIMIT);
			if (less == E_OK)
				CHECK_ROW(rows[i].name, view_eq(text, view_str(rows[i].text)));
		}
	}
}

#define GET ":method: GET\n:scheme: https\n:path: /\n:authority: a\n"

static void test_requests(void **state)
{
	static const struct row rows[] = {
		{ "RFC 9113 §8.3.1: a request", GET, true, E_OK,
		  "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ "RFC 9113 §8: in any order",
		  ":path: /x?y\n:authority: a:81\n:scheme: http\n:method: PUT\nx: 1\n", true, E_OK,
		  "PUT /x?y HTTP/1.1\r\nHost: a:81\r\nx: 1\r\n\r\n" },
		{ "RFC 9110 §9.3.7: an asterisk", ":method: OPTIONS\n:scheme: http\n:path: *\n",
		  true, E_OK, "OPTIONS * HTTP/1.1\r\n\r\n" },
		{ "RFC 9113 §8.3.1: an asterisk for another method",
		  ":method: GET\n:scheme: http\n:path: *\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.3.1: Host agrees", GET "host: A\n", true, E_OK,
		  "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
		{ "RFC 9113 §8.3.1: Host disagrees", GET "host: b\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.3.1: Host alone",
		  ":method: GET\n:scheme: https\n:path: /\nhost: b\n", true, E_OK,
		  "GET / HTTP/1.1\r\nhost: b\r\n\r\n" },
		{ "RFC 9113 §8.3: twice", GET ":path: /\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.3: behind a field", ":method: GET\n:scheme: https\nx: 1\n:path: /\n",
		  true, E_PROTO, NULL },
		{ "RFC 9113 §8.3: unknown", GET ":x: 1\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.3: a response's", GET ":status: 200\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.3.1: no method", ":scheme: https\n:path: /\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.3.1: no scheme", ":method: GET\n:path: /\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.3.1: no path", ":method: GET\n:scheme: https\n", true, E_PROTO,
		  NULL },
		{ "RFC 9113 §8.3.1: empty path", ":method: GET\n:scheme: https\n:path: \n", true,
		  E_PROTO, NULL },
		{ "RFC 9113 §8.3.1: a path without a slash",
		  ":method: GET\n:scheme: https\n:path: x\n", true, E_PROTO, NULL },
		{ "THREATS A4: another URI as path",
		  ":method: GET\n:scheme: https\n:path: http://b/\n:authority: a\n", true, E_PROTO,
		  NULL },
		{ "THREATS A2: a space in the path",
		  ":method: GET\n:scheme: https\n:path: / HTTP/1.1\n:authority: a\n", true, E_PROTO,
		  NULL },
		{ "THREATS A2: a line end in the path",
		  ":method: GET\n:scheme: https\n:path: /\rx\n:authority: a\n", true, E_PROTO,
		  NULL },
		{ "THREATS A2: a space in the method", ":method: GET /\n:scheme: https\n:path: /\n",
		  true, E_PROTO, NULL },
		{ "THREATS A2: a line end in the authority",
		  ":method: GET\n:scheme: https\n:path: /\n:authority: a\rb\n", true, E_PROTO,
		  NULL },
		{ "another scheme", ":method: GET\n:scheme: ftp\n:path: /\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.2.1: upper case", GET "X: 1\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.2.1: no token", GET "x y: 1\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.2.1: a line end in a value", GET "x: 1\r2\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.2.1: space in front", GET "x:  1\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.2.1: space behind", GET "x: 1\t\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.2.1: empty", GET "x: \n", true, E_OK,
		  "GET / HTTP/1.1\r\nHost: a\r\nx: \r\n\r\n" },
		{ "RFC 9113 §8.2.2: connection", GET "connection: close\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.2.2: keep-alive", GET "keep-alive: 1\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.2.2: proxy-connection", GET "proxy-connection: close\n", true,
		  E_PROTO, NULL },
		{ "RFC 9113 §8.2.2: transfer-encoding", GET "transfer-encoding: chunked\n", false,
		  E_PROTO, NULL },
		{ "RFC 9113 §8.2.2: upgrade", GET "upgrade: h2c\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.2.2: te", GET "te: trailers\n", true, E_OK,
		  "GET / HTTP/1.1\r\nHost: a\r\nte: trailers\r\nconnection: te\r\n\r\n" },
		{ "RFC 9113 §8.2.2: another te", GET "te: gzip\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.2.3: crumbs", GET "cookie: a=1\nx: 1\ncookie: b=2\ncookie: c=3\n",
		  true, E_OK,
		  "GET / HTTP/1.1\r\nHost: a\r\nx: 1\r\nCookie: a=1; b=2; c=3\r\n\r\n" },
		{ "RFC 9113 §8.1.1: a length", GET "content-length: 5\n", false, E_OK,
		  "GET / HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\n" },
		{ "RFC 9113 §8.1.1: a length and the end", GET "content-length: 5\n", true, E_PROTO,
		  NULL },
		{ "no length is 0", GET "content-length: 0\n", true, E_OK,
		  "GET / HTTP/1.1\r\nHost: a\r\ncontent-length: 0\r\n\r\n" },
		{ "THREATS A1: two lengths", GET "content-length: 5\ncontent-length: 5\n", false,
		  E_PROTO, NULL },
		{ "THREATS A3: a signed length", GET "content-length: +5\n", false, E_PROTO, NULL },
		{ "content without a length", GET, false, E_OK,
		  "GET / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n" },
		{ "RFC 9110 §6.5: trailers need chunks", GET "content-length: 5\ntrailer: x\n",
		  false, E_OK,
		  "GET / HTTP/1.1\r\nHost: a\r\ntrailer: x\r\ntransfer-encoding: chunked\r\n\r\n" },
		{ "RFC 9113 §8.5: CONNECT", ":method: CONNECT\n:authority: a:1\n", false, E_OK,
		  "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\ntransfer-encoding: chunked\r\n\r\n" },
		{ "RFC 9113 §8.5: CONNECT with a path",
		  ":method: CONNECT\n:authority: a:1\n:path: /\n:scheme: https\n", false, E_PROTO,
		  NULL },
		{ "RFC 8441 §4, RFC 8441 §5: a WebSocket, RFC 6455 §4.1",
		  ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:path: /w\n:authority: "
		  "a\nsec-websocket-version: 13\nsec-websocket-key: x\n",
		  false, E_OK,
		  "GET /w HTTP/1.1\r\nHost: a\r\nsec-websocket-version: 13\r\nconnection: "
		  "Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: "
		  "MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n" },
		{ "RFC 8441 §4: without a path",
		  ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:authority: a\n", false,
		  E_PROTO, NULL },
		{ "RFC 8441 §4: with GET", GET ":protocol: websocket\n", false, E_PROTO, NULL },
		{ "RFC 8441 §5.1: with a length",
		  ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:path: /\n:authority: "
		  "a\ncontent-length: 0\n",
		  false, E_PROTO, NULL },
		{ "RFC 8441 §4: another protocol",
		  ":method: CONNECT\n:protocol: x\n:scheme: https\n:path: /\n:authority: a:1\n",
		  false, E_OK,
		  "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\ntransfer-encoding: chunked\r\n\r\n" },
		{ "nothing of an upgrade to HTTP/2", GET "http2-settings: x\n", true, E_OK,
		  "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
	};

	(void)state;
	run(rows, COUNT_OF(rows), H2_MESSAGE_REQUEST, METHOD_OTHER);
}

static void test_responses(void **state)
{
	static const struct row rows[] = {
		{ "RFC 9113 §8.3.2: a response", ":status: 200\ncontent-length: 5\nset-cookie: a\n",
		  false, E_OK, "HTTP/1.1 200 \r\nset-cookie: a\r\ncontent-length: 5\r\n\r\n" },
		{ "without a length", ":status: 200\n", false, E_OK,
		  "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n" },
		{ "without content", ":status: 404\n", true, E_OK,
		  "HTTP/1.1 404 \r\ncontent-length: 0\r\n\r\n" },
		{ "gRPC, trailers alone", ":status: 200\ncontent-type: application/grpc\n", true,
		  E_OK,
		  "HTTP/1.1 200 \r\ncontent-type: application/grpc\r\ntransfer-encoding: "
		  "chunked\r\n\r\n" },
		{ "gRPC with a length",
		  ":status: 200\ncontent-type: application/grpc+proto\ncontent-length: 7\n", false,
		  E_OK,
		  "HTTP/1.1 200 \r\ncontent-type: application/grpc+proto\r\ntransfer-encoding: "
		  "chunked\r\n\r\n" },
		{ "RFC 9113 §8.3.2: no status", "x: 1\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.3.2: a status of two digits", ":status: 20\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.3.2: a status of letters", ":status: 2x0\n", true, E_PROTO, NULL },
		{ "RFC 9110 §15: a status out of range", ":status: 600\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.6: 101", ":status: 101\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.3: a request's", ":status: 200\n:path: /\n", true, E_PROTO, NULL },
		{ "RFC 9110 §15.2: interim", ":status: 103\nlink: x\n", false, E_OK,
		  "HTTP/1.1 103 \r\nlink: x\r\n\r\n" },
		{ "RFC 9110 §15.3.5: 204", ":status: 204\n", true, E_OK, "HTTP/1.1 204 \r\n\r\n" },
		{ "RFC 9110 §15.3.5: 204 with a length", ":status: 204\ncontent-length: 1\n", true,
		  E_PROTO, NULL },
		{ "RFC 9110 §8.6: 304 with a length", ":status: 304\ncontent-length: 9\n", true,
		  E_OK, "HTTP/1.1 304 \r\ncontent-length: 9\r\n\r\n" },
		{ "RFC 9113 §8.1.1: a length and the end", ":status: 200\ncontent-length: 9\n",
		  true, E_PROTO, NULL },
	};

	(void)state;
	run(rows, COUNT_OF(rows), H2_MESSAGE_RESPONSE, METHOD_GET);
}

static void test_trailers(void **state)
{
	static const struct row rows[] = {
		{ "RFC 9113 §8.1: trailers", "grpc-status: 0\nx: 1\n", true, E_OK,
		  "grpc-status: 0\r\nx: 1\r\n" },
		{ "RFC 9113 §8.1: that do not end the stream", "x: 1\n", false, E_PROTO, NULL },
		{ "RFC 9113 §8.1: a pseudo-field", ":status: 200\n", true, E_PROTO, NULL },
		{ "RFC 9113 §8.2.2: of a connection", "upgrade: x\n", true, E_PROTO, NULL },
		{ "none", "", true, E_OK, "" },
	};

	(void)state;
	run(rows, COUNT_OF(rows), H2_MESSAGE_TRAILERS, METHOD_GET);
}

static void test_head_has_no_content(void **state)
{
	static const struct row rows[] = {
		{ "RFC 9110 §9.3.2: a length", ":status: 200\ncontent-length: 9\n", true, E_OK,
		  "HTTP/1.1 200 \r\ncontent-length: 9\r\n\r\n" },
		{ "RFC 9110 §9.3.2: none", ":status: 200\n", true, E_OK, "HTTP/1.1 200 \r\n\r\n" },
	};

	(void)state;
	run(rows, COUNT_OF(rows), H2_MESSAGE_RESPONSE, METHOD_HEAD);
}

/* RFC 8441 §5.1: 200 is the switch; RFC 6455 §4.2.2: with the answer that the client expects. */
static void test_websocket_is_accepted(void **state)
{
	uint8_t accept[H2_MESSAGE_ACCEPT];
	struct h2_message m = { 0 };
	struct view text = { 0 };

	(void)state;
	h2_message_accept(VIEW("dGhlIHNhbXBsZSBub25jZQ=="), accept); /* RFC 6455 §1.3 */
	CHECK_VIEW(view_of(accept, sizeof accept), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	h2_message_begin(&m, H2_MESSAGE_RESPONSE, wbuf_of(memory, MEMORY), METHOD_GET);
	m.is_extended = true;
	CHECK_OK(h2_message_field(&m, VIEW(":status"), VIEW("200")));
	CHECK_OK(h2_message_field(&m, VIEW("sec-websocket-protocol"), VIEW("chat")));
	CHECK_OK(h2_message_end(&m, false, view_of(accept, sizeof accept), &text));
	CHECK_VIEW(text,
		   "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-protocol: "
		   "chat\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: "
		   "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

/* RFC 9113 §6.5.2: what a field counts. */
static void test_bytes_are_counted(void **state)
{
	struct h2_message m = { 0 };

	(void)state;
	h2_message_begin(&m, H2_MESSAGE_TRAILERS, wbuf_of(memory, MEMORY), METHOD_GET);
	CHECK_OK(h2_message_field(&m, VIEW("abc"), VIEW("de")));
	assert_int_equal(m.bytes, 37);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_trailers),
		cmocka_unit_test(test_head_has_no_content),
		cmocka_unit_test(test_websocket_is_accepted),
		cmocka_unit_test(test_bytes_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
