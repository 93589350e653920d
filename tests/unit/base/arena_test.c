/* The boot arena. */
#include "tests/unit/check.h"

#include "base/arena.h"

static void test_alloc_aligns_and_counts(void **state)
{
	static _Alignas(64) uint8_t room[256];
	struct arena a = { .p = room, .cap = sizeof room };
	uint8_t *byte = ARENA_NEW(&a, uint8_t, 3);
	uint64_t *number = ARENA_NEW(&a, uint64_t, 2);
	void *line = arena_alloc(&a, 1, 64, 64);

	(void)state;
	assert_ptr_equal(byte, room);
	assert_ptr_equal(number, room + 8);
	assert_ptr_equal(line, room + 64);
	assert_int_equal(a.n, 128);
}

static void test_alloc_fits_to_the_last_byte(void **state)
{
	static _Alignas(8) uint8_t room[16];
	struct arena a = { .p = room, .cap = sizeof room };

	(void)state;
	assert_non_null(arena_alloc(&a, 2, 8, 8));
	assert_null(arena_alloc(&a, 1, 1, 1));
	assert_int_equal(a.n, 16);
}

static void test_alloc_refuses_overflow_and_padding_past_the_end(void **state)
{
	static _Alignas(64) uint8_t room[64];
	struct arena a = { .p = room, .cap = sizeof room };
	volatile size_t huge = SIZE_MAX / 2;

	(void)state;
	assert_null(arena_alloc(&a, huge, 3, 1));
	assert_null(arena_alloc(&a, huge, 1, 1));
	assert_non_null(arena_alloc(&a, 1, 1, 1));
	assert_null(arena_alloc(&a, 1, 1, 64));
	assert_int_equal(a.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc_aligns_and_counts),
		cmocka_unit_test(test_alloc_fits_to_the_last_byte),
		cmocka_unit_test(test_alloc_refuses_overflow_and_padding_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
