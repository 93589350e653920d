/* Error names, TRY and INVARIANT. */
#include "tests/unit/check.h"

#include "base/err.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_names_are_words_of_their_own(void **state)
{
	(void)state;
	for (int a = E_OK; a <= E_SYS; a++) {
		assert_string_not_equal(err_name((enum err)a), "unknown");
		for (int b = E_OK; b < a; b++)
			assert_string_not_equal(err_name((enum err)a), err_name((enum err)b));
	}
	assert_string_equal(err_name((enum err)(E_SYS + 1)), "unknown");
}

static enum err try_it(enum err e, int *steps)
{
	TRY(e);
	(*steps)++;
	return E_OK;
}

static void test_try_returns_at_once(void **state)
{
	int steps = 0;

	(void)state;
	CHECK_ERR(try_it(E_LIMIT, &steps), E_LIMIT);
	assert_int_equal(steps, 0);
	CHECK_OK(try_it(E_OK, &steps));
	assert_int_equal(steps, 1);
}

static void test_broken_invariant_says_where_and_aborts(void **state)
{
	int out[2] = { -1, -1 }, status = 0;
	char text[256] = { 0 };
	pid_t child = -1;

	(void)state;
	assert_int_equal(pipe(out), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(out[1], STDERR_FILENO);
		INVARIANT(child != 0);
		_exit(0);
	}
	close(out[1]);
	assert_true(read(out[0], text, sizeof text - 1) > 0);
	close(out[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(text, "child != 0"));
	assert_non_null(strstr(text, "err_test.c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_words_of_their_own),
		cmocka_unit_test(test_try_returns_at_once),
		cmocka_unit_test(test_broken_invariant_says_where_and_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
