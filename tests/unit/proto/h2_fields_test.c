/* HTTP/1.1 heads to HTTP/2 fields: pseudo-fields first, lower case, nothing of the connection. */
#include "tests/unit/check.h"

#include "proto/h2_fields.h"

enum { FIELDS = 32, TEXT = 4096 };

static uint8_t scratch[TEXT], out[TEXT];

/* The fields as "name: value\n". */
static struct view show(const struct h2_fields *f)
{
	struct wbuf w = wbuf_of(out, sizeof out);

	for (size_t i = 0; i < f->n; i++) {
		wbuf_view_put(&w, f->p[i].name);
		WBUF_LIT(&w, ": ");
		wbuf_view_put(&w, f->p[i].value);
		WBUF_LIT(&w, "\n");
	}
	return wbuf_view(&w);
}

struct row {
	const char *name, *head, *want;
	bool is_request, flag /* request: TLS; response: extended */;
};

static const struct row rows[] = {
	{ "RFC 9113 §8.3.1: a request",
	  "GET /a?b HTTP/1.1\r\nHost: h:1\r\nX-A: B\r\nCookie: a=1; b=2\r\nContent-Length: "
	  "3\r\n\r\n",
	  ":method: GET\n:scheme: https\n:path: /a?b\n:authority: h:1\nx-a: B\ncookie: a=1; "
	  "b=2\ncontent-length: 3\n",
	  true, true },
	{ "RFC 9113 §8.2.2: nothing of the connection",
	  "POST / HTTP/1.1\r\nHost: h\r\nConnection: TE\r\nTE: trailers, "
	  "gzip\r\nTransfer-Encoding: "
	  "chunked\r\nKeep-Alive: 1\r\n\r\n",
	  ":method: POST\n:scheme: http\n:path: /\n:authority: h\nte: trailers\n", true, false },
	{ "RFC 8441 §4: a WebSocket",
	  "GET /w HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: "
	  "websocket\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n",
	  ":method: CONNECT\n:protocol: websocket\n:scheme: http\n:path: /w\n:authority: "
	  "h\nsec-websocket-version: 13\n",
	  true, false },
	{ "RFC 9113 §8.3.2: a response",
	  "HTTP/1.1 404 Not Found\r\nServer: s\r\nContent-Length: 2\r\nConnection: close\r\n\r\n",
	  ":status: 404\nserver: s\ncontent-length: 2\n", false, false },
	{ "RFC 8441 §5: a switch is 200",
	  "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
	  "a\r\nSec-WebSocket-Protocol: p\r\n\r\n",
	  ":status: 200\nsec-websocket-protocol: p\n", false, true },
};

static enum err convert(const struct row *r, struct h2_fields *f)
{
	struct field fields[FIELDS];
	struct http1_head h = { .fields = fields, .field_cap = FIELDS };
	struct http1_error why = { 0 };
	struct view head = view_str(r->head);
	size_t progress = 0;

	if (r->is_request) {
		CHECK_OK(http1_parse_request(head, TEXT, &progress, &h, &why));
		return h2_fields_request(f, head, &h, r->flag);
	}
	CHECK_OK(http1_parse_response(head, TEXT, METHOD_GET, &progress, &h, &why));
	return h2_fields_response(f, head, &h, r->flag);
}

static void test_heads(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct h2_field fields[FIELDS];
		struct h2_fields f = { .p = fields,
				       .cap = FIELDS,
				       .scratch = wbuf_of(scratch, sizeof scratch) };

		CHECK_ROW(rows[i].name, convert(&rows[i], &f) == E_OK);
		CHECK_ROW(rows[i].name, view_eq(show(&f), view_str(rows[i].want)));
	}
}

static void test_no_room(void **state)
{
	struct h2_field fields[2];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct h2_fields few = { .p = fields,
					 .cap = 2,
					 .scratch = wbuf_of(scratch, sizeof scratch) };
		struct h2_field many[FIELDS];
		struct h2_fields small = { .p = many,
					   .cap = FIELDS,
					   .scratch = wbuf_of(scratch, 1) };

		CHECK_ROW(rows[i].name, convert(&rows[i], &few) == E_LIMIT || few.n <= 2);
		CHECK_ROW(rows[i].name,
			  convert(&rows[i], &small) == E_LIMIT || small.scratch.n == 0);
	}
}

static void test_trailers(void **state)
{
	struct h2_field fields[FIELDS];
	struct h2_fields f = { .p = fields,
			       .cap = FIELDS,
			       .scratch = wbuf_of(scratch, sizeof scratch) };

	(void)state;
	CHECK_OK(h2_fields_trailers(&f, VIEW("Grpc-Status: 0\r\nX: y\r\n")));
	CHECK_VIEW(show(&f), "grpc-status: 0\nx: y\n");
	CHECK_ERR(h2_fields_trailers(&f, VIEW("half: line")), E_PROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_trailers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
