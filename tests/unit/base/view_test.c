/* Bounded reads: everything, nothing, and one byte too many, at a guard page. */
#include "tests/unit/check.h"
#include "tests/unit/guard.h"

#include "base/view.h"

static void test_numbers(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct guard g = guard_new(8);
	struct view v = guard_put(&g, view_of(bytes, 8));
	uint64_t x64 = 0;
	uint32_t x32 = 0;
	uint16_t x16 = 0;
	uint8_t x8 = 0;

	(void)state;
	CHECK_OK(view_u64(&v, &x64));
	assert_true(x64 == 0x0102030405060708u && v.n == 0);
	v = guard_put(&g, view_of(bytes, 7));
	CHECK_ERR(view_u64(&v, &x64), E_SHORT);
	assert_int_equal(v.n, 7);
	CHECK_OK(view_u32(&v, &x32));
	CHECK_OK(view_u16(&v, &x16));
	CHECK_ERR(view_u32(&v, &x32), E_SHORT);
	CHECK_ERR(view_u16(&v, &x16), E_SHORT);
	CHECK_OK(view_u8(&v, &x8));
	CHECK_ERR(view_u8(&v, &x8), E_SHORT);
	assert_true(x32 == 0x01020304 && x16 == 0x0506 && x8 == 7);
	CHECK_OK(view_end(&v));
	guard_done(&g);
}

static void test_take_and_str16(void **state)
{
	struct view v = VIEW("\0\3abcd"), part = { 0 }, empty = { 0 };

	(void)state;
	CHECK_OK(view_str16(&v, &part));
	CHECK_VIEW(part, "abc");
	CHECK_ERR(view_end(&v), E_PROTO);
	CHECK_ERR(view_take(&v, 2, &part), E_SHORT);
	CHECK_OK(view_take(&v, 1, &part));
	CHECK_VIEW(part, "d");
	CHECK_OK(view_take(&empty, 0, &part));
	v = VIEW("\0\4abc");
	CHECK_ERR(view_str16(&v, &part), E_SHORT);
	assert_int_equal(v.n, 5);
}

static void test_slice_clips(void **state)
{
	struct view v = VIEW("abcdef");

	(void)state;
	CHECK_VIEW(view_slice(v, 2, 3), "cde");
	CHECK_VIEW(view_slice(v, 4, 9), "ef");
	CHECK_VIEW(view_slice(v, 1, SIZE_MAX), "bcdef");
	assert_int_equal(view_slice(v, 6, 1).n, 0);
	assert_int_equal(view_slice(v, SIZE_MAX, SIZE_MAX).n, 0);
}

static void test_compare(void **state)
{
	(void)state;
	assert_true(view_eq(VIEW(""), (struct view){ 0 }));
	assert_true(view_eq(VIEW("ab"), VIEW("ab")));
	assert_false(view_eq(VIEW("ab"), VIEW("aB")));
	assert_false(view_eq(VIEW("ab"), VIEW("abc")));
	assert_true(view_ieq(VIEW("AbZz-9"), VIEW("aBzZ-9")));
	assert_false(view_ieq(VIEW("@["), VIEW("`{"))); /* case is of letters alone */
	assert_true(view_starts(VIEW("abc"), VIEW("ab")) && view_starts(VIEW("a"), VIEW("")));
	assert_false(view_starts(VIEW("a"), VIEW("ab")));
	assert_true(view_ends(VIEW("abc"), VIEW("bc")));
	assert_false(view_ends(VIEW("c"), VIEW("bc")));
	assert_int_equal(view_find(VIEW("abcb"), 'b'), 1);
	assert_int_equal(view_find(VIEW("abc"), 'x'), 3);
	assert_int_equal(view_find((struct view){ 0 }, 'x'), 0);
}

static void test_trim(void **state)
{
	(void)state;
	CHECK_VIEW(view_trim(VIEW(" \t a b\t ")), "a b");
	assert_int_equal(view_trim(VIEW(" \t ")).n, 0);
	assert_int_equal(view_trim((struct view){ 0 }).n, 0);
	assert_int_equal(view_str(NULL).n, 0);
}

static void test_dec(void **state)
{
	static const char *const bad[] = { "",	 "+1",	"-1", " 1",
					   "1 ", "0x1", "1a", "10000000000000000000" };
	uint64_t x = 7;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		CHECK_ROW(bad[i], view_dec(view_str(bad[i]), &x) == E_PROTO && x == 7);
	CHECK_OK(view_dec(VIEW("9999999999999999999"), &x));
	assert_true(x == 9999999999999999999u);
	CHECK_OK(view_dec(VIEW("007"), &x));
	assert_true(x == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	    cmocka_unit_test(test_take_and_str16),
		cmocka_unit_test(test_slice_clips), cmocka_unit_test(test_compare),
		cmocka_unit_test(test_trim),	    cmocka_unit_test(test_dec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
