/* Cookie fields: our own cookie is gone from what goes on, every other pair stays, in its order;
 * and a cookie's value has one text. */
#include "tests/fuzz/fuzz.h"

#include "base/base64url.h"
#include "proto/cookie.h"

enum { FUZZ_MAX = 1024 };

static const struct view name = VIEW_INIT("k");

/* The pairs of a and b are the same, but for ours and empty ones. Nothing of ours is in b. */
static void check_same(struct view a, struct view b)
{
	struct view x = { 0 }, y = { 0 }, token = { 0 };

	while (cookie_next(&a, &x) == E_OK) {
		if (x.n == 0 || cookie_is(x, name, &token))
			continue;
		INVARIANT(cookie_next(&b, &y) == E_OK);
		INVARIANT(view_eq(x, y) && !cookie_is(y, name, &token));
	}
	INVARIANT(cookie_next(&b, &y) == E_SHORT);
}

/* Whoever takes bytes out of a text puts the same text back: there is one for each value. */
static void check_token(struct view token)
{
	uint8_t bytes[FUZZ_MAX], again[2 * FUZZ_MAX];
	struct wbuf b = wbuf_of(bytes, sizeof bytes), t = wbuf_of(again, sizeof again);

	if (base64url_get(token, &b) != E_OK)
		return;
	base64url_put(&t, wbuf_view(&b));
	INVARIANT(view_eq(wbuf_view(&t), token));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view v = view_of(p, n), rest = v, pair = { 0 }, token = { 0 };
	uint8_t out[2 * FUZZ_MAX], twice[2 * FUZZ_MAX];
	struct wbuf w = wbuf_of(out, sizeof out), again = wbuf_of(twice, sizeof twice);
	size_t kept = 0;

	if (n > FUZZ_MAX)
		return 0;
	kept = cookie_put_others(&w, v, name);
	INVARIANT(!w.bad && w.n <= 2 * n);
	check_same(v, wbuf_view(&w));
	INVARIANT(cookie_put_others(&again, wbuf_view(&w), name) == kept);
	INVARIANT(view_eq(wbuf_view(&w), wbuf_view(&again)));
	check_token(v);
	while (cookie_next(&rest, &pair) == E_OK)
		if (cookie_is(pair, name, &token))
			check_token(token);
	return 0;
}
