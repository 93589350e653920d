/* What may be signed: three shapes, and nothing that differs from them in any byte or length. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "base/wbuf.h"
#include "proto/tls_signed.h"

enum { LONGEST = 512 };

static struct view put_13(struct wbuf *w, const char *context, size_t hash_bytes)
{
	for (int i = 0; i < 64; i++)
		wbuf_u8(w, 0x20);
	wbuf_str(w, context);
	wbuf_u8(w, 0);
	for (size_t i = 0; i < hash_bytes; i++)
		wbuf_u8(w, (uint8_t)(i * 7));
	return wbuf_view(w);
}

static struct view put_12(struct wbuf *w, uint16_t group, uint8_t point_bytes, uint8_t form)
{
	for (int i = 0; i < 64; i++)
		wbuf_u8(w, (uint8_t)(i * 5));
	wbuf_u8(w, 3);
	wbuf_u16(w, group);
	wbuf_u8(w, point_bytes);
	for (unsigned i = 0; i < point_bytes; i++)
		wbuf_u8(w, i ? (uint8_t)i : form);
	return wbuf_view(w);
}

static enum err parse(struct view v, struct tls_signed *ret)
{
	struct guard g = guard_new(LONGEST);
	enum err e = tls_signed_parse(guard_put(&g, v), ret);

	guard_done(&g);
	return e;
}

#define SERVER "TLS 1.3, server CertificateVerify"
#define CLIENT "TLS 1.3, client CertificateVerify"

/* RFC 8446 §4.4.3 */
static void test_13(void **state)
{
	static const struct {
		const char *context;
		size_t hash_bytes;
		enum tls_signed_kind kind; /* NONE: refused */
	} rows[] = {
		{ SERVER, 32, TLS_SIGNED_13_SERVER },
		{ SERVER, 48, TLS_SIGNED_13_SERVER },
		{ CLIENT, 32, TLS_SIGNED_13_CLIENT },
		{ CLIENT, 48, TLS_SIGNED_13_CLIENT },
		{ SERVER, 0, 0 },
		{ SERVER, 20, 0 },
		{ SERVER, 31, 0 },
		{ SERVER, 33, 0 },
		{ SERVER, 64, 0 },
		{ "TLS 1.3, server certificateVerify", 32, 0 },
		{ "TLS 1.3, client Finished", 48, 0 },
		{ "", 32, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t room[LONGEST];
		struct wbuf w = wbuf_of(room, sizeof room);
		struct tls_signed t = { 0 };
		enum err e = parse(put_13(&w, rows[i].context, rows[i].hash_bytes), &t);

		CHECK_ROW(rows[i].context, e == (rows[i].kind ? E_OK : E_PROTO));
		if (e == E_OK)
			CHECK_ROW(rows[i].context,
				  t.kind == rows[i].kind && t.hash_bytes == rows[i].hash_bytes);
	}
}

/* RFC 8422 §5.4, point sizes of RFC 8422 §5.4.1 and §5.11 */
static void test_12(void **state)
{
	static const struct {
		uint16_t group;
		uint8_t n, form;
		bool is_good;
	} rows[] = {
		{ 23, 65, 4, true },  { 24, 97, 4, true },   { 25, 133, 4, true },
		{ 29, 32, 9, true },  { 30, 56, 0, true },   { 23, 33, 2, false },
		{ 23, 65, 2, false }, { 23, 65, 6, false },  { 23, 97, 4, false },
		{ 24, 65, 4, false }, { 29, 33, 4, false },  { 29, 0, 0, false },
		{ 22, 65, 4, false }, { 256, 32, 4, false }, { 0xff01, 65, 4, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t room[LONGEST];
		struct wbuf w = wbuf_of(room, sizeof room);
		struct tls_signed t = { 0 };
		enum err e = parse(put_12(&w, rows[i].group, rows[i].n, rows[i].form), &t);

		assert_int_equal(e, rows[i].is_good ? E_OK : E_PROTO);
		if (e == E_OK)
			assert_true(t.kind == TLS_SIGNED_12_KEY_EXCHANGE &&
				    t.group == rows[i].group);
		/* RFC 8422 §5.4: explicit_prime is another curve type */
		room[64] = 1;
		CHECK_ERR(parse(wbuf_view(&w), &t), E_PROTO);
	}
}

/* Every shorter and longer message, and each byte of the fixed part changed. */
static void check_exact(struct view good, size_t fixed_from, size_t fixed_n)
{
	uint8_t room[LONGEST] = { 0 };
	struct tls_signed t = { 0 };

	CHECK_OK(parse(good, &t));
	for (size_t n = 0; n < good.n; n++) /* 48 bytes of hash less 16 are 32: a message too */
		assert_true(parse(view_slice(good, 0, n), &t) == E_PROTO || n + 16 == good.n);
	memcpy(room, good.p, good.n);
	CHECK_ERR(parse(view_of(room, good.n + 1), &t), E_PROTO);
	for (size_t i = fixed_from; i < fixed_from + fixed_n; i++) {
		room[i] ^= 1;
		CHECK_ERR(parse(view_of(room, good.n), &t), E_PROTO);
		room[i] ^= 1;
	}
}

static void test_every_byte_counts(void **state)
{
	uint8_t room[LONGEST];
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)state;
	check_exact(put_13(&w, SERVER, 48), 0, 64 + sizeof SERVER);
	w.n = 0;
	check_exact(put_12(&w, 23, 65, 4), 64, 5);
}

static void test_untouched_on_failure(void **state)
{
	struct tls_signed t = { .kind = TLS_SIGNED_13_CLIENT, .group = 7 };

	(void)state;
	CHECK_ERR(parse((struct view){ 0 }, &t), E_PROTO);
	CHECK_ERR(parse(VIEW("x"), &t), E_PROTO);
	assert_true(t.kind == TLS_SIGNED_13_CLIENT && t.group == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_13),
		cmocka_unit_test(test_12),
		cmocka_unit_test(test_every_byte_counts),
		cmocka_unit_test(test_untouched_on_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
