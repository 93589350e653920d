/*
 * What an edge says to the exporter: whatever is taken survives another trip, and its OTLP fits in
 * the room that is kept for one span and is plain ASCII without a control character, so that
 * nothing an edge says leaves its quotes.
 */
#include "tests/fuzz/fuzz.h"

#include "role/exporter/exporter.h"

static void check_json(const struct span *s)
{
	static uint8_t room[EXPORTER_BATCH];
	struct exporter_batch b = { .json = wbuf_of(room, sizeof room) };
	size_t from = 0, quotes = 0;

	otlp_begin(&b, "\"x\"");
	from = b.json.n;
	INVARIANT(otlp_span(&b, s) && b.json.n - from < EXPORTER_LINE);
	for (size_t i = from; i < b.json.n; i++) {
		INVARIANT(room[i] >= ' ' && room[i] < 0x7f);
		quotes += room[i] == '"';
	}
	INVARIANT(quotes % 2 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(view_of(data, size));
	struct view rest = view_of(copy, size);
	struct span s = { 0 }, again = { 0 };

	while (span_next(&rest, &s) == E_OK) {
		uint8_t out[SPAN_BYTES_MAX];
		struct wbuf w = wbuf_of(out, sizeof out);
		struct view v = { 0 };

		span_put(&w, &s);
		INVARIANT(!w.bad);
		v = wbuf_view(&w);
		INVARIANT(span_next(&v, &again) == E_OK && v.n == 0);
		INVARIANT(view_eq(s.path, again.path) && s.end_ns == again.end_ns);
		check_json(&s);
	}
	free(copy);
	return 0;
}
