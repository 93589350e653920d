/* What is taken can be written anew and is taken again, the same. */
#include "tests/fuzz/fuzz.h"

#include "proto/traceparent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(view_of(data, size));
	struct traceparent a = { 0 }, b = { 0 };
	uint8_t out[64];
	struct wbuf w = wbuf_of(out, sizeof out);

	if (traceparent_parse(view_of(copy, size), &a) == E_OK) {
		traceparent_put(&w, &a);
		INVARIANT(!w.bad && w.n == TRACEPARENT_BYTES);
		INVARIANT(traceparent_parse(wbuf_view(&w), &b) == E_OK);
		INVARIANT(view_eq(a.trace_id, b.trace_id) && view_eq(a.parent_id, b.parent_id));
		INVARIANT(a.is_sampled == b.is_sampled);
	}
	free(copy);
	return 0;
}
