/* The bounded writer: to the last byte, and nothing of what does not fit. */
#include "tests/unit/check.h"

#include "base/wbuf.h"

static void test_numbers(void **state)
{
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t room[15];
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)state;
	wbuf_u8(&w, 1);
	wbuf_u16(&w, 0x0203);
	wbuf_u32(&w, 0x04050607);
	wbuf_u64(&w, 0x08090a0b0c0d0e0f);
	CHECK_OK(wbuf_check(&w));
	assert_memory_equal(room, want, sizeof want);
	assert_int_equal(wbuf_room(&w), 0);
}

static void test_failure_sticks_and_writes_nothing(void **state)
{
	uint8_t room[5] = { 0 };
	struct wbuf w = wbuf_of(room, 4);

	(void)state;
	WBUF_LIT(&w, "abc");
	wbuf_u16(&w, 0xffff);
	CHECK_ERR(wbuf_check(&w), E_LIMIT);
	wbuf_u8(&w, 'd'); /* would fit, but a gap may not be hidden */
	assert_int_equal(w.n, 3);
	assert_int_equal(wbuf_room(&w), 0);
	assert_int_equal(room[3] | room[4], 0);
}

static void test_str16(void **state)
{
	static uint8_t room[70000], big[65536];
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)state;
	wbuf_str16(&w, view_of(big, 65535));
	CHECK_OK(wbuf_check(&w));
	assert_int_equal(w.n, 65537);
	w = wbuf_of(room, sizeof room);
	wbuf_str16(&w, view_of(big, 65536));
	CHECK_ERR(wbuf_check(&w), E_LIMIT);
	w = wbuf_of(room, 4);
	wbuf_str16(&w, VIEW("abc"));
	CHECK_ERR(wbuf_check(&w), E_LIMIT);
	assert_int_equal(w.n, 0);
}

static void test_text(void **state)
{
	uint8_t room[128];
	struct wbuf w = wbuf_of(room, sizeof room);

	(void)state;
	wbuf_dec(&w, 0);
	WBUF_LIT(&w, " ");
	wbuf_dec(&w, UINT64_MAX);
	WBUF_LIT(&w, " ");
	wbuf_dec_pad(&w, 42, 5);
	WBUF_LIT(&w, " ");
	wbuf_dec_pad(&w, 1234, 2);
	WBUF_LIT(&w, " ");
	wbuf_hex(&w, VIEW("\x00\xff\x1a"));
	WBUF_LIT(&w, " ");
	wbuf_hex_u64(&w, 0);
	WBUF_LIT(&w, " ");
	wbuf_hex_u64(&w, UINT64_MAX);
	wbuf_str(&w, " z");
	wbuf_view_put(&w, (struct view){ 0 });
	CHECK_OK(wbuf_check(&w));
	CHECK_VIEW(wbuf_view(&w), "0 18446744073709551615 00042 1234 00ff1a 0 ffffffffffffffff z");
	w = wbuf_of(room, 5);
	wbuf_hex(&w, VIEW("abc"));
	CHECK_ERR(wbuf_check(&w), E_LIMIT);
	assert_int_equal(w.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_failure_sticks_and_writes_nothing),
		cmocka_unit_test(test_str16),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
