/*
 * The search for canaries: it says what a plain search says, whatever stands around and however
 * the bytes are cut into sends. Bytes 0xF0 to 0xFF of the input stand for the marker's 16 and 0xEF
 * for all of it, so that whole and broken ones are made; the rest is as it is.
 */
#include "tests/fuzz/fuzz.h"

#include "base/canary.h"

enum { TEXT_MAX = 4096 };

static size_t plain_find(const struct canary *c, struct view v)
{
	for (size_t i = 0; i + CANARY_MARKER <= v.n; i++)
		if (view_eq(view_slice(v, i, CANARY_MARKER), view_of(c->marker, CANARY_MARKER)))
			return i;
	return v.n;
}

static void check_sends(const struct canary *c, struct view v, bool is_there, size_t step)
{
	bool was_found = false;
	uint8_t at = 0;

	for (size_t i = 0; i < v.n && !was_found; i += step) {
		was_found = canary_scan(c, view_slice(v, i, step), &at);
		INVARIANT(was_found || at < CANARY_MARKER);
	}
	INVARIANT(was_found == is_there);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t random[CANARY_RANDOM], bytes[TEXT_MAX];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct canary c = { 0 };
	uint8_t *copy = NULL;
	struct view v = { 0 };
	bool is_there = false;

	if (size < 2)
		return 0;
	for (size_t i = 0; i < sizeof random; i++)
		random[i] = (uint8_t)((size_t)data[i % 2] * 31 + i * (data[0] | 1u));
	canary_make(&c, random);
	for (size_t i = 2; i < size && wbuf_room(&w) > CANARY_MARKER; i++) {
		if (data[i] == 0xef)
			wbuf_put(&w, c.marker, CANARY_MARKER);
		else
			wbuf_u8(&w, data[i] >= 0xf0 ? c.marker[data[i] - 0xf0] : data[i]);
	}
	copy = fuzz_copy(wbuf_view(&w));
	v = view_of(copy, w.n);
	is_there = plain_find(&c, v) < v.n;
	INVARIANT(canary_find(&c, v) == plain_find(&c, v));
	for (size_t step = 1; step < 40; step++)
		check_sends(&c, v, is_there, step);
	free(copy);
	return 0;
}
