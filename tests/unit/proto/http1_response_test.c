/* Response heads: where the body ends for each status and method, and what servers may not send. */
#include "tests/unit/proto/http1_rig.h"

#define OK_  "HTTP/1.1 200 OK\r\n"
#define CL5  "Content-Length: 5\r\n"
#define TE_  "Transfer-Encoding: chunked\r\n"
#define END_ "\r\n"

struct good {
	const char *name;
	enum http_method asked;
	struct view in;
	uint8_t body, flags;
	uint64_t length;
	uint16_t status;
};

enum { KA = HTTP1_KEEP_ALIVE };

static const struct good good_rows[] = {
	{ "RFC 9112 §6.3 rule 6", METHOD_GET, VIEW(OK_ CL5 END_), BODY_LENGTH, KA, 5, 200 },
	{ "RFC 9112 §6.3 rule 4", METHOD_GET, VIEW(OK_ TE_ END_), BODY_CHUNKED, KA, 0, 200 },
	{ "RFC 9112 §6.3 rule 8", METHOD_GET, VIEW(OK_ END_), BODY_UNTIL_CLOSE, 0, 0, 200 },
	{ "RFC 9112 §6.3 rule 8 in 1.0", METHOD_GET, VIEW("HTTP/1.0 200 OK\r\n\r\n"),
	  BODY_UNTIL_CLOSE, 0, 0, 200 },
	{ "RFC 9112 §6.3 rule 1 HEAD", METHOD_HEAD, VIEW(OK_ CL5 END_), BODY_NONE, KA, 5, 200 },
	{ "RFC 9112 §6.1 TE in a HEAD response", METHOD_HEAD, VIEW(OK_ TE_ END_), BODY_NONE, KA, 0,
	  200 },
	{ "RFC 9112 §6.3 rule 1 304", METHOD_GET, VIEW("HTTP/1.1 304 Not Modified\r\n" CL5 END_),
	  BODY_NONE, KA, 5, 304 },
	{ "RFC 9112 §6.3 rule 1 204", METHOD_GET, VIEW("HTTP/1.1 204 No Content\r\n\r\n"),
	  BODY_NONE, KA, 0, 204 },
	{ "RFC 9110 §8.6 204 with a zero", METHOD_GET,
	  VIEW("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), BODY_NONE, KA, 0, 204 },
	{ "RFC 9112 §6.3 rule 1 100", METHOD_POST, VIEW("HTTP/1.1 100 Continue\r\n\r\n"), BODY_NONE,
	  KA, 0, 100 },
	{ "RFC 9110 §15.2.2 101", METHOD_GET,
	  VIEW("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"), BODY_NONE,
	  KA | HTTP1_UPGRADE | HTTP1_WEBSOCKET, 0, 101 },
	{ "RFC 9112 §6.3 rule 2 CONNECT", METHOD_CONNECT, VIEW(OK_ END_), BODY_NONE, KA, 0, 200 },
	{ "RFC 9112 §6.3 rule 2 CONNECT refused", METHOD_CONNECT,
	  VIEW("HTTP/1.1 403 No\r\n" CL5 END_), BODY_LENGTH, KA, 5, 403 },
	{ "RFC 9112 §9.3 1.0 keep-alive", METHOD_GET,
	  VIEW("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" CL5 END_), BODY_LENGTH, KA, 5, 200 },
	{ "RFC 9112 §9.3 close", METHOD_GET, VIEW(OK_ "Connection: close\r\n" CL5 END_),
	  BODY_LENGTH, 0, 5, 200 },
	{ "RFC 9112 §4 no reason", METHOD_GET, VIEW("HTTP/1.1 200 \r\n" CL5 END_), BODY_LENGTH, KA,
	  5, 200 },
	{ "RFC 9112 §4 no space either", METHOD_GET, VIEW("HTTP/1.1 599\r\n" CL5 END_), BODY_LENGTH,
	  KA, 5, 599 },
	{ "RFC 9112 §4 reason with tab and obs-text", METHOD_GET,
	  VIEW("HTTP/1.1 200 a\tb \xe9\r\n" CL5 END_), BODY_LENGTH, KA, 5, 200 },
	{ "RFC 9110 §10.1.1 Expect means nothing", METHOD_GET, VIEW(OK_ "Expect: tea\r\n" CL5 END_),
	  BODY_LENGTH, KA, 5, 200 },
	{ "RFC 9112 §3.2 Host means nothing", METHOD_GET, VIEW(OK_ "Host: a\r\nHost:\r\n" CL5 END_),
	  BODY_LENGTH, KA, 5, 200 },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good_rows); i++) {
		const struct good *t = &good_rows[i];
		struct rig r = rig_response(t->name, t->asked, t->in);

		CHECK_ROW(t->name, r.e == E_OK);
		CHECK_ROW(t->name, r.h.body == t->body && r.h.flags == t->flags);
		CHECK_ROW(t->name, r.h.content_length == t->length && r.h.status == t->status);
		CHECK_ROW(t->name, r.h.host == UINT16_MAX);
	}
}

static const struct {
	const char *name;
	enum http_method asked;
	struct view in;
} bad_rows[] = {
	{ "RFC 9112 §6.3 rule 3 TE and CL", METHOD_GET, VIEW(OK_ TE_ CL5) },
	{ "RFC 9112 §6.3 rule 3 CL and TE", METHOD_GET, VIEW(OK_ CL5 TE_) },
	{ "RFC 9112 §6.3 rule 3 also for HEAD", METHOD_HEAD, VIEW(OK_ CL5 TE_) },
	{ "RFC 9112 §6.3 rule 5 equal lengths", METHOD_GET, VIEW(OK_ CL5 CL5) },
	{ "RFC 9112 §6.3 rule 5 bad length", METHOD_GET, VIEW(OK_ "Content-Length: 5,5\r\n") },
	{ "RFC 9112 §6.1 TE in 1.0", METHOD_GET, VIEW("HTTP/1.0 200 OK\r\n" TE_) },
	{ "RFC 9112 §6.1 unknown coding", METHOD_GET,
	  VIEW(OK_ "Transfer-Encoding: gzip, chunked\r\n") },
	{ "RFC 9112 §6.1 TE in a 204", METHOD_GET, VIEW("HTTP/1.1 204 x\r\n" TE_ END_) },
	{ "RFC 9112 §6.1 TE in a 1xx", METHOD_GET, VIEW("HTTP/1.1 103 x\r\n" TE_ END_) },
	{ "RFC 9110 §8.6 CL in a 204", METHOD_GET, VIEW("HTTP/1.1 204 x\r\n" CL5 END_) },
	{ "RFC 9110 §8.6 CL in a 101", METHOD_GET, VIEW("HTTP/1.1 101 x\r\n" CL5 END_) },
	{ "RFC 9110 §9.3.6 TE after CONNECT", METHOD_CONNECT, VIEW(OK_ TE_ END_) },
	{ "RFC 9110 §9.3.6 CL after CONNECT", METHOD_CONNECT, VIEW(OK_ CL5 END_) },
	{ "RFC 9112 §4 version 2", METHOD_GET, VIEW("HTTP/2.0") },
	{ "RFC 9112 §4 lower case", METHOD_GET, VIEW("h") },
	{ "RFC 9112 §4 other protocol", METHOD_GET, VIEW("SSH-2.0-x") },
	{ "RFC 9112 §4 two spaces", METHOD_GET, VIEW("HTTP/1.1  ") },
	{ "RFC 9112 §4 two digits", METHOD_GET, VIEW("HTTP/1.1 20 ") },
	{ "RFC 9112 §4 four digits", METHOD_GET, VIEW("HTTP/1.1 2000") },
	{ "RFC 9110 §15 below 100", METHOD_GET, VIEW("HTTP/1.1 099") },
	{ "RFC 9110 §15 above 599", METHOD_GET, VIEW("HTTP/1.1 600") },
	{ "RFC 9112 §4 bare LF", METHOD_GET, VIEW("HTTP/1.1 200 OK\n") },
	{ "RFC 9112 §4 bare LF without a reason", METHOD_GET, VIEW("HTTP/1.1 200\n") },
	{ "RFC 9112 §4 control byte in the reason", METHOD_GET, VIEW("HTTP/1.1 200 O\x1b") },
	{ "RFC 9112 §5.2 folding", METHOD_GET, VIEW(OK_ "X: a\r\n b") },
	{ "RFC 9112 §5.1 space before the colon", METHOD_GET, VIEW(OK_ "X : a") },
	{ "A18 NUL in a value", METHOD_GET, VIEW(OK_ "X: \0") },
	{ "A5 look-alike", METHOD_GET, VIEW(OK_ "Content_Length: 5\r\n") },
	{ "A5 nomination", METHOD_GET, VIEW(OK_ "Connection: content-length\r\n") },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_rows); i++) {
		struct rig r = rig_response(bad_rows[i].name, bad_rows[i].asked, bad_rows[i].in);

		CHECK_ROW(bad_rows[i].name, r.e == E_PROTO);
		CHECK_ROW(bad_rows[i].name, r.why.status == 502 && r.why.why != NULL);
	}
}

static void test_limit_and_reason(void **state)
{
	struct rig_case c = { .asked = METHOD_GET, .limit = 20, .in = VIEW(OK_ CL5 END_) };
	struct rig r = rig_run("limit", &c);

	(void)state;
	CHECK_ERR(r.e, E_LIMIT);
	assert_int_equal(r.why.status, 502);
	c.limit = RIG_LIMIT;
	r = rig_run("reason", &c);
	CHECK_OK(r.e);
	CHECK_VIEW(view_slice(c.in, r.h.method, r.h.method_n), "OK");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limit_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
