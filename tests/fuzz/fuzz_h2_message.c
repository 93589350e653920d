/*
 * HTTP/2 fields to HTTP/1.1 text (THREATS A2): whatever fields a peer sends, the text is refused,
 * or it is one head and nothing behind it, in which every field given is at most one line; and the
 * strict parser and the slow reference agree about it.
 *
 * Input: KIND LAST, then fields: NAME_LEN VALUE_LEN NAME VALUE.
 */
#include "proto/h2_message.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reference_http1.h"

enum {
	ROOM = 4096,
	FIELDS = 256,
	MADE_LINES = 6 /* start, Host, Cookie, framing, a WebSocket's */
};

#define must(cond) INVARIANT(cond)

static uint8_t room[ROOM];

static enum err fuzz_fields(struct h2_message *m, struct view *in, size_t *ret_n)
{
	uint8_t name_n = 0, value_n = 0;
	struct view name = { 0 }, value = { 0 };

	while (view_u8(in, &name_n) == E_OK && view_u8(in, &value_n) == E_OK &&
	       view_take(in, name_n, &name) == E_OK && view_take(in, value_n, &value) == E_OK) {
		TRY(h2_message_field(m, name, value));
		++*ret_n;
	}
	return E_OK;
}

/* Lines of text, which must all end in CRLF, and none but the last may be empty. */
static size_t fuzz_lines(struct view text, bool is_head)
{
	size_t n = 0;

	while (text.n) {
		size_t lf = view_find(text, '\n');

		must(lf < text.n && lf > 0 && text.p[lf - 1] == '\r');
		must(view_find(text, '\r') == lf - 1);
		must(lf > 1 || (is_head && text.n == 2));
		text = view_slice(text, lf + 1, text.n);
		n++;
	}
	return n;
}

static void fuzz_judge_request(struct view text)
{
	struct field fields[FIELDS];
	struct http1_head h = { .fields = fields, .field_cap = FIELDS };
	struct http1_error why = { 0 };
	size_t progress = 0;
	enum err got = http1_parse_request(text, UINT16_MAX, &progress, &h, &why);
	struct reference ref = reference_http1_request(text.p, text.n, UINT16_MAX, FIELDS);

	must(got != E_AGAIN);
	must((got == E_OK) == ref.is_good);
	must(got != E_OK || h.n == text.n);
}

static void fuzz_judge_response(struct view text, enum http_method method)
{
	struct field fields[FIELDS];
	struct http1_head h = { .fields = fields, .field_cap = FIELDS };
	struct http1_error why = { 0 };
	size_t progress = 0;
	enum err got = http1_parse_response(text, UINT16_MAX, method, &progress, &h, &why);

	must(got != E_AGAIN);
	must(got != E_OK || h.n == text.n);
	must(got != E_OK || h.body != BODY_UNTIL_CLOSE); /* a stream's end is always said */
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view in = view_of(p, n), text = { 0 };
	struct h2_message m = { 0 };
	uint8_t kind = 0, last = 0;
	size_t field_n = 0, lines = 0;

	if (view_u8(&in, &kind) != E_OK || view_u8(&in, &last) != E_OK)
		return 0;
	kind %= 3;
	h2_message_begin(&m, (enum h2_message_kind)kind, wbuf_of(room, 1 + (size_t)last / 2 * 32),
			 kind == H2_MESSAGE_RESPONSE && last & 2 ? METHOD_HEAD : METHOD_GET);
	if (fuzz_fields(&m, &in, &field_n) != E_OK)
		return 0;
	if (h2_message_end(&m, last & 1, VIEW("0123456789abcdef"), &text) != E_OK)
		return 0;
	lines = fuzz_lines(text, kind != H2_MESSAGE_TRAILERS);
	must(lines <= 2 * field_n + MADE_LINES); /* TE is two */
	if (kind == H2_MESSAGE_REQUEST)
		fuzz_judge_request(text);
	else if (kind == H2_MESSAGE_RESPONSE)
		fuzz_judge_response(text, last & 2 ? METHOD_HEAD : METHOD_GET);
	return 0;
}
