/* Our parser and the reference: the same heads taken, with the same end and framing. A difference
 * is a bug in one of them, and bugs of this kind are how requests are smuggled (THREATS A1). */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reference_http1.h"

#include "proto/http1.h"

enum { FIELDS = 200, LIMIT = 65535 };

static enum reference_body body_of(const struct http1_head *h)
{
	if (h->body == BODY_CHUNKED)
		return REFERENCE_CHUNKED;
	return h->body == BODY_LENGTH ? REFERENCE_LENGTH : REFERENCE_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct field fields[FIELDS];
	struct http1_head h = { .fields = fields, .field_cap = FIELDS };
	struct http1_error why = { 0 };
	size_t progress = 0;
	struct reference r = reference_http1_request(data, size, LIMIT, FIELDS);
	enum err e = http1_parse_request(view_of(data, size), LIMIT, &progress, &h, &why);

	INVARIANT((e == E_OK) == r.is_good);
	if (e != E_OK)
		return 0;
	INVARIANT(h.n == r.n && h.field_n == r.field_n);
	INVARIANT(body_of(&h) == r.body && h.content_length == r.length);
	INVARIANT(((h.flags & HTTP1_KEEP_ALIVE) != 0) == r.is_persistent);
	return 0;
}
