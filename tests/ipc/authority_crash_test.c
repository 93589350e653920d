/*
 * kill -9 at any moment while sessions are made, rotated and ended (promise P11): what was
 * acknowledged is there afterwards, what was ended has ended, and nothing is half done.
 */
#include "../unit/check.h"

#include "role/authority/seat.h"
#include "role/authority/session_end.h"
#include "tests/ipc/authority_kit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 12, LIVE = 8, MOST = 20000 };

/* What the child has been told is done. */
struct ack {
	uint32_t n;
	char what; /* m made, r rotated, e ended */
};

static struct hash32 token_of(unsigned round, uint32_t n, bool is_fresh)
{
	struct hash32 h = authority_kit_hash(is_fresh ? 2 : 1, (uint16_t)n);

	h.b[9] = (uint8_t)round;
	h.b[10] = (uint8_t)(n >> 16);
	return h;
}

static void say(int fd, uint32_t n, char what)
{
	const struct ack a = { n, what };

	INVARIANT(write(fd, &a, sizeof a) == sizeof a);
}

/* Until somebody kills it. */
static void child(struct authority_kit *k, unsigned round, int fd)
{
	struct authority_cell cell = { .a = k->a, .slot = 5, .serial = 5 };
	const struct session_wish wish = { .user = 1, .factors = GATE_PASSKEY };
	const struct tell t = { .action = "logout", .result = "ok" };
	static uint32_t ids[MOST];

	for (uint32_t n = 0; n < MOST; n++) {
		struct hash32 token = token_of(round, n, false), fresh = token_of(round, n, true);
		struct session s = { 0 };

		INVARIANT(session_make(k->a, &cell, &wish, &token, &s) == E_OK);
		ids[n] = s.id;
		say(fd, n, 'm');
		INVARIANT(session_rotate(k->a, &s, &fresh) == E_OK);
		say(fd, n, 'r');
		if (n < LIVE)
			continue;
		INVARIANT(session_end_one(k->a, ids[n - LIVE], &t) == E_OK);
		say(fd, n - LIVE, 'e');
		authority_kit_told(k, ""); /* empties the ring */
		k->logged_n = 0;
	}
	_exit(0);
}

static void check_acked(struct authority_kit *k, unsigned round, const struct ack *acks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct hash32 token = token_of(round, acks[i].n, acks[i].what == 'r');
		struct session s = { 0 };

		CHECK_OK(session_by_token(k->a, &token, 0, &s));
		if (acks[i].what == 'e')
			assert_true(s.ended_s != 0 && s.slot == 0);
		if (acks[i].what == 'r')
			assert_int_equal(s.token_state, TOKEN_FRESH);
	}
}

/* Each that lives has a seat of its own, and its page says so; then they end. */
static void check_whole(struct authority_kit *k)
{
	const struct tell t = { .action = "logout", .result = "ok" };
	struct session s = { 0 };
	uint32_t n = 0;

	while (session_after(k->a, 0, s.id, &s) == E_OK) {
		assert_true(s.slot > 0 && s.slot < PAGE_SESSIONS);
		assert_int_equal(k->a->seats[s.slot].session, s.id);
		assert_int_equal(PAGE_GET(k->gate->session[s.slot]), s.generation);
		n++;
	}
	assert_int_equal(n, PAGE_GET(k->gate->sessions));
	CHECK_OK(session_end_all(k->a, 0, 0, &t, NULL));
}

static void run_round(struct authority_kit *k, unsigned round, struct ack *acks)
{
	const struct timespec nap = { .tv_nsec = (3 + (long)(round * 7919 % 23)) * 1000000 };
	int pipes[2], status = 0;
	size_t n = 0;
	pid_t pid = 0;

	authority_kit_stop(k);
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		authority_kit_start(k);
		child(k, round, pipes[1]);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &acks[n++], sizeof acks[0]), sizeof acks[0]);
	nanosleep(&nap, NULL);
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (n < 3 * MOST && read(pipes[0], &acks[n], sizeof acks[0]) == sizeof acks[0])
		n++;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(pipes[0]);
	authority_kit_start(k);
	check_acked(k, round, acks, n);
	check_whole(k);
}

static void test_killed(void **state)
{
	struct authority_kit *k = calloc(1, sizeof *k);
	struct ack *acks = calloc(3 * MOST, sizeof *acks);

	(void)state;
	authority_kit_open(k, authority_kit_yaml);
	authority_kit_user(k, "jan", "");
	for (unsigned round = 0; round < ROUNDS; round++)
		run_round(k, round, acks);
	authority_kit_close(k);
	free(acks);
	free(k);
}

/* A store that is no store, is damaged, or is of a newer version is not opened: nobody logs in. */
static void test_damaged(void **state)
{
	struct authority_kit *k = calloc(1, sizeof *k);
	struct store s = { 0 };
	const char *why = "";
	static char bytes[4096 * 4];
	int fd = -1;

	(void)state;
	authority_kit_open(k, authority_kit_yaml);
	authority_kit_user(k, "jan", "");
	authority_kit_stop(k);
	fd = openat(k->dir_fd, "sluis.db", O_RDWR);
	assert_true(fd >= 0);
	assert_true(pread(fd, bytes, sizeof bytes, 4096) > 4096);
	for (unsigned i = 0; i < 4096; i++)
		bytes[i] ^= 0x5a;
	assert_int_equal(pwrite(fd, bytes, 4096, 4096), 4096);
	CHECK_ERR(store_open(&s, k->dir_fd, &why), E_DENIED);
	assert_true(view_starts(view_str(why), VIEW("the store is damaged")));
	for (unsigned i = 0; i < 4096; i++)
		bytes[i] ^= 0x5a;
	assert_int_equal(pwrite(fd, bytes, 4096, 4096), 4096);
	CHECK_OK(store_open(&s, k->dir_fd, &why)); /* as it was */
	store_done(&s);
	assert_int_equal(pwrite(fd, "no store at all.", 16, 0), 16);
	CHECK_ERR(store_open(&s, k->dir_fd, &why), E_DENIED);
	assert_int_equal(pwrite(fd, "SQLite format 3\0", 16, 0), 16);
	assert_int_equal(pwrite(fd, "\0\0\0\x7f", 4, 60), 4); /* user_version */
	CHECK_ERR(store_open(&s, k->dir_fd, &why), E_DENIED);
	assert_true(view_starts(view_str(why), VIEW("the store was written by a newer")));
	assert_int_equal(pwrite(fd, (uint8_t[]){ 0, 0, 0, STORE_VERSION }, 4, 60), 4);
	close(fd);
	authority_kit_start(k);
	authority_kit_close(k);
	free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
