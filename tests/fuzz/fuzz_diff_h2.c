/*
 * The conversion of an HTTP/2 request against the reference (THREATS A2, A5), field by field: the
 * same lists of fields are requests, and mean the same head, byte for byte. So every line that a
 * server gets comes from a field, with its value, none is lost and none is put together but
 * cookies.
 *
 * Input: KIND LAST, then fields: NAME_LEN VALUE_LEN NAME VALUE; those of fuzz_h2_message. A length
 * of a name above 223 means a name that is known: there is no need to guess them.
 */
#include "proto/h2_message.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reference_h2.h"
#include "tests/fuzz/reference_http1.h"

#include <stdio.h>

enum { DIFF_KNOWN = 224 };

static const char *const known[] = {
	":method",
	":scheme",
	":path",
	":authority",
	":protocol",
	":status",
	"host",
	"cookie",
	"content-length",
	"content-type",
	"te",
	"trailer",
	"connection",
	"transfer-encoding",
	"upgrade",
	"keep-alive",
	"proxy-connection",
	"x_y",
	"sec-websocket-key",
	"http2-settings",
	"content_length",
	"expect",
	"max-forwards",
	"forwarded",
};

/* Names as they are given, or known ones. */
static size_t diff_fields(struct view in, struct reference_h2_field *f)
{
	size_t n = 0;
	uint8_t name_n = 0, value_n = 0;

	while (n < REFERENCE_H2_FIELDS && view_u8(&in, &name_n) == E_OK &&
	       view_u8(&in, &value_n) == E_OK) {
		struct view name = { 0 }, value = { 0 };

		if (name_n >= DIFF_KNOWN)
			name = view_str(known[(size_t)(name_n - DIFF_KNOWN) %
					      (sizeof known / sizeof known[0])]);
		else if (view_take(&in, name_n, &name) != E_OK)
			break;
		if (view_take(&in, value_n, &value) != E_OK)
			break;
		f[n++] = (struct reference_h2_field){ name.p, value.p, name.n, value.n };
	}
	return n;
}

static enum err diff_convert(const struct reference_h2_field *f, size_t n, bool is_last,
			     struct view *ret)
{
	static uint8_t room[REFERENCE_H2_TEXT];
	struct h2_message m = { 0 };

	h2_message_begin(&m, H2_MESSAGE_REQUEST, wbuf_of(room, sizeof room), METHOD_OTHER);
	for (size_t i = 0; i < n; i++)
		TRY(h2_message_field(&m, view_of(f[i].name, f[i].name_n),
				     view_of(f[i].value, f[i].value_n)));
	return h2_message_end(&m, is_last, VIEW("0123456789abcdef"), ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reference_h2_field f[REFERENCE_H2_FIELDS];
	static char expected[REFERENCE_H2_TEXT];
	struct view in = view_of(data, size), text = { 0 };
	struct reference ref = { 0 };
	uint8_t kind = 0, last = 0;
	size_t n = 0, expected_n = 0;
	enum err made = E_OK;

	if (view_u8(&in, &kind) != E_OK || view_u8(&in, &last) != E_OK)
		return 0;
	n = diff_fields(in, f);
	made = diff_convert(f, n, last & 1, &text);
	expected_n = reference_h2_request(f, n, last & 1, "MDEyMzQ1Njc4OWFiY2RlZg==", expected);
	INVARIANT(made == E_OK || made == E_PROTO);
	INVARIANT((made == E_OK) == (expected_n != 0));
	if (made != E_OK)
		return 0;
	INVARIANT(view_eq(text, view_of((const uint8_t *)expected, expected_n)));
	ref = reference_http1_request(text.p, text.n, UINT16_MAX, UINT16_MAX);
	INVARIANT(!ref.is_good || ref.n == text.n); /* one, and nothing behind it */
	return 0;
}
