/* Canaries (P6): found at every place and every split, and nothing else is taken for one. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "base/base64url.h"
#include "base/canary.h"
#include "base/rng.h"

enum { ROOM = 200 };

static struct canary made(uint64_t seed)
{
	struct rng r = { .s = { seed, 2, 3, 4 } };
	uint8_t random[CANARY_RANDOM];
	struct canary c = { 0 };

	for (size_t i = 0; i < sizeof random; i++)
		random[i] = (uint8_t)rng_below(&r, 256);
	canary_make(&c, random);
	return c;
}

static struct view marker(const struct canary *c)
{
	return view_of(c->marker, CANARY_MARKER);
}

/* The forms that real secrets have; the marker survives what texts are put through. */
static void test_forms(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 200; seed++) {
		struct canary c = made(seed);
		struct view text = view_of(c.text, sizeof c.text);
		uint8_t raw[32];
		unsigned found = 0;

		for (size_t i = 1; i < CANARY_MARKER; i++)
			assert_true(c.marker[i] != c.marker[0]);
		for (unsigned kind = 0; kind < CANARY_KINDS; kind++) {
			struct wbuf w = wbuf_of(raw, sizeof raw);

			CHECK_OK(base64url_get(view_of(c.token[kind], CANARY_TOKEN), &w));
			assert_int_equal(w.n, 32);
			assert_int_equal(canary_which(&c, view_of(c.token[kind], CANARY_TOKEN)),
					 kind);
		}
		for (struct view rest = text; canary_find(&c, rest) < rest.n; found++)
			rest = view_slice(rest, canary_find(&c, rest) + CANARY_MARKER, rest.n);
		assert_int_equal(found, CANARY_KINDS);
		assert_int_equal(canary_find(&c, text), 0);
		for (size_t i = 0; i < CANARY_MARKER; i++)
			assert_true((c.marker[i] >= '0' && c.marker[i] <= '9') ||
				    ((c.marker[i] | 32) >= 'a' && (c.marker[i] | 32) <= 'z'));
	}
}

/* At every offset of views of every length up to ROOM, which end at a guard page. */
static void test_every_offset(void **state)
{
	struct canary c = made(7);
	struct guard g = guard_new(ROOM);
	uint8_t bytes[ROOM];

	(void)state;
	for (size_t n = 0; n <= ROOM; n++) {
		for (size_t i = 0; i < n; i++)
			bytes[i] = i % 3 ? c.marker[0] : c.marker[CANARY_MARKER - 1];
		assert_int_equal(canary_find(&c, guard_put(&g, view_of(bytes, n))), n);
		for (size_t at = 0; at + CANARY_MARKER <= n; at++) {
			struct wbuf w = wbuf_of(bytes + at, CANARY_MARKER);

			for (size_t i = 0; i < n; i++)
				bytes[i] = i % 3 ? c.marker[0] : c.marker[CANARY_MARKER - 1];
			wbuf_put(&w, c.marker, CANARY_MARKER);
			assert_int_equal(canary_find(&c, guard_put(&g, view_of(bytes, n))), at);
			bytes[at + 9] ^= 1;
			assert_int_equal(canary_find(&c, guard_put(&g, view_of(bytes, n))), n);
		}
	}
	guard_done(&g);
}

static bool scan_parts(const struct canary *c, struct view v, size_t a, size_t b)
{
	uint8_t at = 0;
	bool first = canary_scan(c, view_slice(v, 0, a), &at),
	     second = !first && canary_scan(c, view_slice(v, a, b), &at),
	     empty = !first && !second && canary_scan(c, (struct view){ 0 }, &at);

	assert_false(empty);
	return first || second || canary_scan(c, view_slice(v, a + b, v.n), &at);
}

/* Split over three sends at all places, behind a false beginning, and one byte after the other. */
static void test_splits(void **state)
{
	struct canary c = made(9);
	uint8_t bytes[80];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct view v = { 0 };
	uint8_t at = 0;

	(void)state;
	wbuf_put(&w, c.marker, 7); /* a beginning that does not go on */
	wbuf_put(&w, c.marker, 5);
	wbuf_view_put(&w, marker(&c));
	WBUF_LIT(&w, "behind it");
	v = wbuf_view(&w);
	for (size_t a = 0; a <= v.n; a++)
		for (size_t b = 0; a + b <= v.n; b++)
			assert_true(scan_parts(&c, v, a, b));
	for (size_t i = 0; i < 12 + CANARY_MARKER; i++)
		assert_int_equal(canary_scan(&c, view_slice(v, i, 1), &at),
				 i == 12 + CANARY_MARKER - 1);
	bytes[14] ^= 1;
	for (size_t a = 0; a <= v.n; a++)
		for (size_t b = 0; a + b <= v.n; b++)
			assert_false(scan_parts(&c, v, a, b));
}

/* What was never made finds nothing, not even in zeroes; nor does another process's. */
static void test_none(void **state)
{
	static const uint8_t zero[64] = { 0 };
	struct canary none = { 0 }, mine = made(3), other = made(4);
	uint8_t at = 0;

	(void)state;
	assert_false(canary_scan(&none, view_of(zero, sizeof zero), &at));
	assert_false(canary_scan(&mine, view_of(other.text, sizeof other.text), &at));
	assert_true(canary_scan(&mine, view_of(mine.text, sizeof mine.text), &at));
}

/* A part that has no byte behind the marker may be any of them. */
static void test_which(void **state)
{
	struct canary c = made(5);

	(void)state;
	assert_int_equal(canary_which(&c, marker(&c)), CANARY_KINDS);
	assert_int_equal(canary_which(&c, (struct view){ 0 }), CANARY_KINDS);
	assert_int_equal(canary_which(&c, view_of(c.token[CANARY_KEY], 30)), CANARY_KEY);
	CHECK_VIEW(view_str(canary_kind_name(CANARY_KINDS)), "marker");
	CHECK_VIEW(view_str(canary_kind_name(CANARY_SESSION)), "session");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),  cmocka_unit_test(test_every_offset),
		cmocka_unit_test(test_splits), cmocka_unit_test(test_none),
		cmocka_unit_test(test_which),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
