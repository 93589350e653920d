/* The release build (docs/hardening.md): a call through a pointer of another type ends the process,
 * one of the right type does not. Built with -Dcfi=true alone. */
#include "tests/unit/check.h"
#include "tests/unit/sys/dies.h"

typedef int of_int(int x);
typedef int of_text(const char *text);

static int twice(int x)
{
	return 2 * x;
}

static int length(const char *text)
{
	return text[0] != '\0';
}

/* What an overflow would do: the linker can't know what is called. */
static union {
	of_int *as_int;
	of_text *as_text;
	uintptr_t bits;
} volatile slot;

static void call(void *unused)
{
	(void)unused;
	_exit(slot.as_int(21) == 42 ? 0 : 1);
}

static void test_only_its_own_type(void **state)
{
	(void)state;
	slot.as_int = twice;
	assert_int_equal(dies_of(call, NULL), 0);
	slot.as_text = length;
	assert_int_equal(dies_of(call, NULL), SIGILL);
	slot.as_int = twice;
	slot.bits += 4; /* the middle of a function, or of an entry of a table */
	assert_int_equal(dies_of(call, NULL), SIGILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_only_its_own_type) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
