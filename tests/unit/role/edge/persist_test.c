/*
 * role/edge/persist.c: what a cookie says comes back, from nobody but us, and from no other key
 * than the present one and the one before it.
 */
#include "role/edge/persist.h"

#include "base/rng.h"
#include "tests/unit/check.h"
#include "tls/tls_heap.h"

#include <stdlib.h>

static struct tls_site *no_site(void *owner, struct view sni)
{
	(void)owner;
	(void)sni;
	return NULL;
}

static void on_ready(void *owner, struct tls_conn *conn)
{
	(void)owner;
	(void)conn;
}

static const struct tls_hooks hooks = { .choose = no_site, .on_ready = on_ready };

/* An edge with these keys; 0: none. */
static struct edge *edge_new(uint8_t first, uint8_t second)
{
	struct edge *e = calloc(1, sizeof *e);

	assert_non_null(e);
	CHECK_OK(tls_library_new(&hooks, &e->tls));
	e->persist_keys[0] = first;
	e->persist_keys[1] = first;
	e->persist_keys[PERSIST_KEY_BYTES] = second;
	e->persist_keys[PERSIST_KEY_BYTES + 1] = second;
	CHECK_OK(persist_init(e));
	for (size_t i = 0; i < sizeof e->persist_keys; i++)
		assert_int_equal(e->persist_keys[i], 0); /* wiped */
	return e;
}

static void edge_free(struct edge *e)
{
	for (unsigned i = 0; i < PERSIST_KEYS; i++)
		e->persist[i].seal = tls_seal_free(e->persist[i].seal);
	e->tls = tls_library_free(e->tls);
	free(e);
}

static const struct persist_token token = { .pool = 0x1122334455667788u,
					    .server = UINT64_MAX,
					    .issued_s = 1790000000 };

static void test_round_trip(void **state)
{
	struct edge *e = edge_new(1, 0);
	uint8_t text[PERSIST_TOKEN_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct persist_token got = { 0 };

	(void)state;
	CHECK_OK(persist_seal(e, &token, &w));
	CHECK_OK(persist_open(e, wbuf_view(&w), &got));
	assert_true(got.pool == token.pool && got.server == token.server &&
		    got.issued_s == token.issued_s);
	w.cap = w.n + 5;
	CHECK_ERR(persist_seal(e, &token, &w), E_LIMIT);
	edge_free(e);
}

static void test_keys_turn(void **state)
{
	struct edge *old = edge_new(1, 0), *now = edge_new(2, 1), *next = edge_new(3, 2);
	uint8_t text[PERSIST_TOKEN_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct persist_token got = { 0 };

	(void)state;
	CHECK_OK(persist_seal(old, &token, &w));
	CHECK_OK(persist_open(now, wbuf_view(&w), &got));
	CHECK_ERR(persist_open(next, wbuf_view(&w), &got), E_DENIED);
	w.n = 0;
	CHECK_OK(persist_seal(next, &token, &w));
	CHECK_ERR(persist_open(now, wbuf_view(&w), &got), E_DENIED);
	edge_free(old);
	edge_free(now);
	edge_free(next);
}

/* Without a key from the keeper it has one of its own, that nobody else has. */
static void test_no_key(void **state)
{
	struct edge *a = edge_new(0, 0), *b = edge_new(0, 0);
	uint8_t text[PERSIST_TOKEN_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct persist_token got = { 0 };

	(void)state;
	CHECK_OK(persist_seal(a, &token, &w));
	CHECK_OK(persist_open(a, wbuf_view(&w), &got));
	CHECK_ERR(persist_open(b, wbuf_view(&w), &got), E_DENIED);
	edge_free(a);
	edge_free(b);
}

static void test_refused(void **state)
{
	struct edge *e = edge_new(1, 2);
	uint8_t text[PERSIST_TOKEN_MAX], noise[100];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct persist_token got = { 0 };
	struct rng r = { { 1, 2, 3, 4 } };
	struct view v = { 0 };

	(void)state;
	CHECK_OK(persist_seal(e, &token, &w));
	v = wbuf_view(&w);
	for (size_t i = 0; i < v.n; i++) {
		uint8_t was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		CHECK_ERR(persist_open(e, v, &got), E_DENIED);
		text[i] = was;
		CHECK_ERR(persist_open(e, view_slice(v, 0, i), &got), E_DENIED);
	}
	for (unsigned k = 0; k < 20000; k++) {
		size_t n = rng_below(&r, sizeof noise);

		for (size_t i = 0; i < n; i++)
			noise[i] = k % 2 ? (uint8_t)rng_next(&r)
					 : (uint8_t) "ABCwxyz019-_"[rng_below(&r, 12)];
		CHECK_ERR(persist_open(e, view_of(noise, n), &got), E_DENIED);
	}
	assert_int_equal(got.pool, 0);
	edge_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_keys_turn),
		cmocka_unit_test(test_no_key),
		cmocka_unit_test(test_refused),
	};

	if (tls_heap_init(16 << 20, HEAP_PLAIN) != E_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
