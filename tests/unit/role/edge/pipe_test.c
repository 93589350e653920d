/* role/edge/pipe.c: bounded, lent empty or not at all; a pipe with bytes in it is never lent again
 * (THREATS A18). */
#include "role/edge/pipe.h"

#include "tests/unit/check.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static void sockets(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
			 0);
}

static void close_both(const int ends[2])
{
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void test_bytes_pass(void **state)
{
	struct pipe_pool pool = { .most = PIPES_MAX };
	struct pipe *p = pipe_get(&pool);
	int from[2] = { -1, -1 }, to[2] = { -1, -1 };
	char got[8] = { 0 };
	size_t n = 0;

	(void)state;
	assert_non_null(p);
	sockets(from);
	sockets(to);
	assert_int_equal(pipe_fill(p, from[1], 100, &n), E_AGAIN);
	assert_int_equal(send(from[0], "abcdef", 6, 0), 6);
	assert_int_equal(pipe_fill(p, from[1], 4, &n), E_OK);
	assert_int_equal(n, 4); /* no more than what was asked for */
	assert_int_equal(p->n, 4);
	assert_int_equal(pipe_drain(p, to[0]), E_OK);
	assert_int_equal(p->n, 0);
	assert_int_equal(recv(to[1], got, sizeof got, 0), 4);
	assert_memory_equal(got, "abcd", 4);
	assert_int_equal(pipe_fill(p, from[1], 100, &n), E_OK);
	(void)close(from[0]);
	assert_int_equal(pipe_drain(p, to[0]), E_OK);
	assert_int_equal(pipe_fill(p, from[1], 100, &n), E_CLOSED);
	assert_int_equal(n, 0);
	(void)close(from[1]);
	close_both(to);
	assert_null(pipe_put(&pool, p));
	pipe_pool_trim(&pool);
}

static void test_what_was_left_in_it_is_gone(void **state)
{
	struct pipe_pool pool = { .most = PIPES_MAX };
	struct pipe *p = pipe_get(&pool), *again = NULL;
	int from[2] = { -1, -1 };
	size_t n = 0;

	(void)state;
	sockets(from);
	assert_int_equal(send(from[0], "secret", 6, 0), 6);
	assert_int_equal(pipe_fill(p, from[1], 100, &n), E_OK);
	assert_null(pipe_put(&pool, p)); /* with six bytes in it: closed */
	assert_null(pool.free);
	again = pipe_get(&pool); /* the same place, another pipe */
	assert_non_null(again);
	assert_int_equal(again->n, 0);
	assert_int_equal(read(again->out, &n, 1), -1);
	assert_null(pipe_put(&pool, again));
	assert_ptr_equal(pool.free, again);
	assert_ptr_equal(pipe_get(&pool), again); /* an empty one is used again */
	assert_null(pipe_put(&pool, again));
	pipe_pool_trim(&pool);
	assert_null(pool.free);
	close_both(from);
}

static void test_there_is_a_limit(void **state)
{
	struct pipe_pool pool = { .most = PIPES_MAX };
	struct pipe *all[PIPES_MAX];

	(void)state;
	for (unsigned i = 0; i < PIPES_MAX; i++)
		assert_non_null(all[i] = pipe_get(&pool));
	assert_null(pipe_get(&pool));
	for (unsigned i = 0; i < PIPES_MAX; i++)
		assert_null(pipe_put(&pool, all[i]));
	assert_non_null(pipe_get(&pool));
	assert_null(pipe_put(&pool, NULL));
	pipe_pool_trim(&pool);
}

static void test_nobody_takes_it(void **state)
{
	struct pipe_pool pool = { .most = PIPES_MAX };
	struct pipe *p = pipe_get(&pool);
	int from[2] = { -1, -1 }, to[2] = { -1, -1 };
	size_t n = 0;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	sockets(from);
	sockets(to);
	assert_int_equal(send(from[0], "abc", 3, 0), 3);
	assert_int_equal(pipe_fill(p, from[1], 100, &n), E_OK);
	(void)close(to[1]);
	assert_int_equal(pipe_drain(p, to[0]), E_CLOSED);
	assert_null(pipe_put(&pool, p));
	assert_null(pool.free);
	(void)close(to[0]);
	close_both(from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_pass),
		cmocka_unit_test(test_what_was_left_in_it_is_gone),
		cmocka_unit_test(test_there_is_a_limit),
		cmocka_unit_test(test_nobody_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
