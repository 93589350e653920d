/* role/edge/buffer.c: fixed number, last in first out, bytes in order. */
#include "role/edge/buffer.h"

#include "tests/unit/check.h"

static void test_pool(void **state)
{
	struct buffer_pool p = { 0 };
	struct buffer *a = NULL, *b = NULL;

	(void)state;
	assert_int_equal(buffer_pool_init(&p, 2), E_OK);
	a = buffer_get(&p);
	b = buffer_get(&p);
	assert_non_null(a);
	assert_non_null(b);
	assert_null(buffer_get(&p)); /* a limit, not a crash */
	assert_null(buffer_put(&p, a));
	assert_ptr_equal(buffer_get(&p), a);
	assert_null(buffer_put(&p, NULL));
	assert_int_equal(p.free_n, 0);
	assert_null(buffer_put(&p, b));
	assert_null(buffer_put(&p, a));
	a->p[0] = 'x';
	buffer_pool_trim(&p, 0);
	assert_int_equal(a->p[0], 0); /* its page went back to the kernel */
	assert_false(a->is_dirty);
}

static void test_append_moves_to_the_front(void **state)
{
	static uint8_t big[BUFFER_BYTES];
	struct buffer_pool p = { 0 };
	struct buffer *b = NULL;

	(void)state;
	assert_int_equal(buffer_pool_init(&p, 1), E_OK);
	b = buffer_get(&p);
	assert_int_equal(buffer_append(b, view_of(big, BUFFER_BYTES - 3)), E_OK);
	assert_int_equal(buffer_append(b, VIEW("abcd")), E_LIMIT);
	b->at = BUFFER_BYTES - 5;
	assert_int_equal(buffer_append(b, VIEW("abcd")), E_OK);
	assert_int_equal(buffer_view(b).n, 6);
	assert_true(view_ends(buffer_view(b), VIEW("abcd")));
	assert_int_equal(buffer_room(b), BUFFER_BYTES - 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_pool),
					    cmocka_unit_test(test_append_moves_to_the_front) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
