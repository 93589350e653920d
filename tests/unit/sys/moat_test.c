/* sys/moat.c: who runs over the end of such memory, or before its begin, is ended (P1, P5). */
#include "sys/moat.h"

#include "tests/unit/check.h"
#include "tests/unit/sys/dies.h"

#include <sys/mman.h>

static void touch(void *p)
{
	*(volatile uint8_t *)p = 1;
}

static void test_map(void **state)
{
	uint8_t *p = moat_map((size_t)3 * MOAT_PAGE);

	(void)state;
	assert_non_null(p);
	assert_int_equal(p[0] + p[3 * MOAT_PAGE - 1], 0);
	assert_int_equal(dies_of(touch, p + 3 * MOAT_PAGE - 1), 0);
	assert_int_equal(dies_of(touch, p + 3 * MOAT_PAGE), SIGSEGV);
	assert_int_equal(dies_of(touch, p - 1), SIGSEGV);
	p = moat_map(1);
	assert_int_equal(dies_of(touch, p + MOAT_PAGE), SIGSEGV);
	assert_null(moat_map(SIZE_MAX));
}

/* What lies beside it stays, and memory that goes back does not open it again. */
static void test_page(void **state)
{
	uint8_t *p = moat_map((size_t)3 * MOAT_PAGE);

	(void)state;
	touch(p);
	touch(p + 2 * MOAT_PAGE);
	if (!moat_page(p + MOAT_PAGE)) {
		print_message("skipped: this kernel has no markers for guard pages\n");
		return;
	}
	assert_int_equal(p[0] + p[2 * MOAT_PAGE], 2);
	assert_int_equal(dies_of(touch, p + MOAT_PAGE), SIGSEGV);
	assert_int_equal(madvise(p, (size_t)3 * MOAT_PAGE, MADV_DONTNEED), 0);
	assert_int_equal(dies_of(touch, p + MOAT_PAGE), SIGSEGV);
	assert_int_equal(p[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_map),
					    cmocka_unit_test(test_page) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
