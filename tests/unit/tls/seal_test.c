/* tls/tls_seal: what is sealed is read by nobody else, changed by nobody, bound to its purpose. */
#include "tests/unit/check.h"

#include "tls/tls_heap.h"
#include "tls/tls_seal.h"

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
static const uint8_t key_a[TLS_SEAL_KEY] = { 1 }, key_b[TLS_SEAL_KEY] = { 2 };

struct rig {
	struct tls_library *lib;
	struct tls_seal *a, *b;
};

static void rig_start(struct rig *r)
{
	*r = (struct rig){ 0 };
	CHECK_OK(tls_library_new(&hooks, &r->lib));
	CHECK_OK(tls_seal_new(r->lib, view_of(key_a, sizeof key_a), &r->a));
	CHECK_OK(tls_seal_new(r->lib, view_of(key_b, sizeof key_b), &r->b));
	CHECK_ERR(tls_seal_new(r->lib, view_of(key_a, 16), &r->b), E_NOMEM);
}

static void rig_stop(struct rig *r)
{
	assert_null(tls_seal_free(r->a));
	assert_null(tls_seal_free(r->b));
	assert_null(tls_seal_free(NULL));
	assert_null(tls_library_free(r->lib));
}

static void test_round_trip(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r);
	for (size_t n = 1; n <= TLS_SEAL_MAX; n += 5) {
		uint8_t plain[TLS_SEAL_MAX], sealed[TLS_SEAL_MAX + 28], back[TLS_SEAL_MAX];
		struct wbuf s = wbuf_of(sealed, sizeof sealed), b = wbuf_of(back, sizeof back);

		for (size_t i = 0; i < n; i++)
			plain[i] = (uint8_t)(i * 3 + n);
		CHECK_OK(tls_seal_put(r.a, view_of(plain, n), VIEW("use"), &s));
		assert_int_equal(s.n, n + 28);
		CHECK_OK(tls_seal_open(r.a, wbuf_view(&s), VIEW("use"), &b));
		assert_true(view_eq(wbuf_view(&b), view_of(plain, n)));
	}
	rig_stop(&r);
}

static void test_refused(void **state)
{
	uint8_t sealed[100], back[100];
	struct wbuf s = wbuf_of(sealed, sizeof sealed), b = wbuf_of(back, sizeof back);
	struct view v = { 0 };
	struct rig r;

	(void)state;
	rig_start(&r);
	CHECK_OK(tls_seal_put(r.a, VIEW("attack at dawn"), VIEW("use"), &s));
	v = wbuf_view(&s);
	CHECK_ERR(tls_seal_open(r.b, v, VIEW("use"), &b), E_DENIED);
	CHECK_ERR(tls_seal_open(r.a, v, VIEW("abuse"), &b), E_DENIED);
	for (size_t n = 0; n < v.n; n++)
		CHECK_ERR(tls_seal_open(r.a, view_slice(v, 0, n), VIEW("use"), &b), E_DENIED);
	for (size_t bit = 0; bit < 8 * v.n; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK_ERR(tls_seal_open(r.a, v, VIEW("use"), &b), E_DENIED);
		sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(b.n, 0);
	CHECK_OK(tls_seal_open(r.a, v, VIEW("use"), &b)); /* a failure leaves nothing behind */
	CHECK_VIEW(wbuf_view(&b), "attack at dawn");
	rig_stop(&r);
}

static void test_limits_and_nonces(void **state)
{
	uint8_t plain[TLS_SEAL_MAX + 1] = { 0 }, sealed[400], again[400];
	struct wbuf s = wbuf_of(sealed, sizeof sealed), t = wbuf_of(again, sizeof again);
	struct rig r;

	(void)state;
	rig_start(&r);
	CHECK_ERR(tls_seal_put(r.a, view_of(plain, 0), VIEW("u"), &s), E_LIMIT);
	CHECK_ERR(tls_seal_put(r.a, view_of(plain, sizeof plain), VIEW("u"), &s), E_LIMIT);
	s.cap = 10 + 27;
	CHECK_ERR(tls_seal_put(r.a, view_of(plain, 10), VIEW("u"), &s), E_LIMIT);
	assert_int_equal(s.n, 0);
	s.cap = sizeof sealed;
	CHECK_OK(tls_seal_put(r.a, view_of(plain, 10), VIEW("u"), &s));
	CHECK_OK(tls_seal_put(r.a, view_of(plain, 10), VIEW("u"), &t));
	assert_false(view_eq(wbuf_view(&s), wbuf_view(&t)));
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits_and_nonces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
