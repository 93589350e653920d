/* role/keeper/watch.c: a process whose code is not what it was is noticed, told and ended (P5). */
#include "tests/ipc/keeper_kit.h"
#include "tests/unit/check.h"

#include "role/keeper/watch.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child of a role that, at the first byte from go, makes memory of that protection. */
static struct keeper_child *role(struct keeper *k, enum role r, int protection, int *ret_go)
{
	struct keeper_child *c = &k->children[0];
	int go[2];

	assert_int_equal(pipe(go), 0);
	*c = (struct keeper_child){ .k = k, .role = (uint8_t)r, .state = CHILD_RUNNING };
	list_init(&c->outbox);
	c->channel.fd = -1;
	c->pid = fork();
	if (c->pid == 0) {
		char byte = 0;

		(void)close(go[1]); /* so that its end is seen here */
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		(void)mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		(void)kill(getpid(), SIGSTOP); /* that it has is seen by who waits for this */
		for (;;)
			(void)pause();
	}
	(void)close(go[0]);
	c->pidfd.fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	assert_true(c->pidfd.fd >= 0);
	*ret_go = go[1];
	return c;
}

static void let_go(const struct keeper_child *c, int go)
{
	int status = 0;

	assert_int_equal(write(go, "", 1), 1);
	assert_int_equal(waitpid(c->pid, &status, WUNTRACED), c->pid);
	assert_true(WIFSTOPPED(status));
	(void)close(go);
}

static int end_of(const struct keeper_child *c)
{
	int status = 0;

	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static const struct row {
	const char *name;
	int protection;
	bool is_fine;
} rows[] = {
	{ "data", PROT_READ | PROT_WRITE, true },
	{ "writable code", PROT_READ | PROT_WRITE | PROT_EXEC, false },
	{ "code of no file", PROT_READ | PROT_EXEC, false },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct keeper *k = keeper_kit_new();
		int go = -1;
		struct keeper_child *c = role(k, ROLE_CONSOLE, rows[i].protection, &go);

		CHECK_ROW(rows[i].name, watch_child(c) && c->code != 0);
		CHECK_ROW(rows[i].name, watch_child(c));
		let_go(c, go);
		CHECK_ROW(rows[i].name, watch_child(c) == rows[i].is_fine);
		if (rows[i].is_fine)
			(void)kill(c->pid, SIGKILL);
		CHECK_ROW(rows[i].name, end_of(c) == SIGKILL);
		(void)close(c->pidfd.fd);
		c->state = CHILD_FREE;
		keeper_kit_free(k);
	}
}

/* An edge is evidence: stopped, not ended, and its place is free. */
static void test_edge_is_kept(void **state)
{
	struct keeper *k = keeper_kit_new();
	int go = -1, status = 0;
	struct keeper_child *c = role(k, ROLE_EDGE, PROT_READ | PROT_WRITE | PROT_EXEC, &go);

	(void)state;
	assert_true(watch_child(c));
	let_go(c, go);
	assert_int_equal(kill(c->pid, SIGCONT), 0);
	assert_false(watch_child(c));
	assert_int_equal(c->state, CHILD_FROZEN);
	assert_int_equal(waitpid(c->pid, &status, WUNTRACED), c->pid);
	assert_true(WIFSTOPPED(status));
	assert_true(watch_child(c)); /* frozen ones are not looked at */
	assert_int_equal(kill(c->pid, SIGKILL), 0);
	assert_int_equal(end_of(c), SIGKILL);
	(void)close(c->pidfd.fd);
	c->state = CHILD_FREE;
	keeper_kit_free(k);
}

/* Every process gets its turn, and none while Sluis stops or has not begun. */
static void test_tick(void **state)
{
	struct keeper *k = keeper_kit_new();
	int go = -1;
	struct keeper_child *c = role(k, ROLE_CONSOLE, PROT_READ, &go);

	(void)state;
	k->is_ready = false;
	assert_true(watch_tick(k) == UINT64_MAX);
	k->is_ready = true;
	k->loop.now_ms = 100000;
	assert_int_equal(watch_tick(k), 102000);
	assert_int_not_equal(c->code, 0);
	c->code = 0;
	k->loop.now_ms = 101999;
	assert_int_equal(watch_tick(k), 102000);
	assert_int_equal(c->code, 0);
	k->loop.now_ms = 102000;
	assert_int_equal(watch_tick(k), 104000);
	assert_int_not_equal(c->code, 0);
	k->stop.stage = STOP_EDGES;
	assert_true(watch_tick(k) == UINT64_MAX);
	(void)close(go);
	assert_int_equal(end_of(c), 0);
	(void)close(c->pidfd.fd);
	c->state = CHILD_FREE;
	keeper_kit_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows),
					    cmocka_unit_test(test_edge_is_kept),
					    cmocka_unit_test(test_tick) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
