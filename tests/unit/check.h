/* What every unit test includes: cmocka with the headers it needs before it, and checks that name
 * the row of a table that failed. */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/view.h"

/* CHECK_ROW - cond, or a failure that says which case it was */
#define CHECK_ROW(name, cond)                                                                      \
	do {                                                                                       \
		if (!(cond))                                                                       \
			fail_msg("%s: %s", (name), #cond);                                         \
	} while (0)

/* CHECK_VIEW - v is exactly the text */
#define CHECK_VIEW(v, text) assert_true(view_eq((v), view_str(text)))

#define CHECK_OK(expr)	   assert_int_equal((expr), E_OK)
#define CHECK_ERR(expr, e) assert_int_equal((expr), (e))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
