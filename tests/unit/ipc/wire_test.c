/* Bodies of frames as structs: what goes in comes out, and nothing else is taken (THREATS A20). */
#include "ipc/cell_authority.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct cell_enter whole = { .app = 0x1122334455667788,
					 .code = { { 1, 2, 3 } },
					 .nonce = { { 4 } },
					 .token = { { [31] = 9 } } };

static void test_round_trip(void **state)
{
	uint8_t body[200];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct cell_enter got = { 0 };

	(void)state;
	assert_int_equal(cell_enter_put(&w, &whole), E_OK);
	assert_int_equal(w.n, 8 + 3 * 32);
	assert_int_equal(cell_enter_get(wbuf_view(&w), &got), E_OK);
	assert_true(got.app == whole.app && hash32_eq(&got.code, &whole.code) &&
		    hash32_eq(&got.nonce, &whole.nonce) && hash32_eq(&got.token, &whole.token));
}

/* Every shorter and every longer body is refused. */
static void test_lengths(void **state)
{
	uint8_t body[200];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct cell_code from = { .is_recovery = 1, .code = VIEW("123456") }, got = { 0 };

	(void)state;
	assert_int_equal(cell_code_put(&w, &from), E_OK);
	for (size_t n = 0; n < w.n; n++)
		assert_int_not_equal(cell_code_get(view_of(body, n), &got), E_OK);
	assert_int_equal(cell_code_get(view_of(body, w.n), &got), E_OK);
	assert_true(got.is_recovery == 1 && view_eq(got.code, VIEW("123456")));
	wbuf_u8(&w, 0);
	assert_int_equal(cell_code_get(wbuf_view(&w), &got), E_PROTO);
}

static void test_text_bounds(void **state)
{
	uint8_t body[400], text[65] = { 0 };
	struct wbuf w = wbuf_of(body, sizeof body);
	struct cell_code from = { .code = view_of(text, 65) }, got = { 0 };
	struct hash32 none = { { 0 } };

	(void)state;
	assert_int_equal(cell_code_put(&w, &from), E_LIMIT);
	w = wbuf_of(body, sizeof body);
	wbuf_put(&w, none.b, sizeof none.b);
	wbuf_u8(&w, 0);
	wbuf_str16(&w, from.code);
	assert_int_equal(cell_code_get(wbuf_view(&w), &got), E_LIMIT);
	w = wbuf_of(body, 20);
	from.code.n = 6;
	assert_int_equal(cell_code_put(&w, &from), E_LIMIT);
	assert_true(hash32_is_zero(&none) && !hash32_is_zero(&whole.code));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_text_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
