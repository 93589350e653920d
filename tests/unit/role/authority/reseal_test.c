/* The store under another key: all of it or nothing, also when the power goes (promise P11); what
 * the old key does not open stays as it is. */
#include "../../check.h"

#include "ipc/keeper_role.h"
#include "role/authority/factor.h"
#include "role/authority/reseal.h"
#include "tests/ipc/authority_kit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIRST = 0, SECOND = 100, MANY = 200, ROUNDS = 12 };

static int keeper = -1; /* the keeper's end of the channel */

/* Keys are the bytes from, from + 1, ... as the kit's own is. */
static void give(struct authority *a, uint8_t first, uint8_t second)
{
	for (unsigned i = 0; i < VAULT_KEY; i++) {
		a->secret[i] = (uint8_t)(first + i);
		a->secret_next[i] = (uint8_t)(second + i);
	}
	a->has_secret = true;
	a->has_secret_next = second != first;
	vault_done(&a->vault);
}

static enum err reseal(struct authority *a, uint8_t first, uint8_t second)
{
	const char *why = "";

	give(a, first, second);
	return reseal_store(a, &why);
}

static bool is_told(void)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	bool is = recv(keeper, buf, 1, MSG_PEEK | MSG_DONTWAIT) > 0 &&
		  frame_receive(keeper, buf, &f) == E_OK && f.type == ROLE_RESEALED;

	frame_done(&f);
	return is;
}

/* How many secrets the vault opens; *ret_all: of how many. */
static unsigned opened(struct authority *a, unsigned *ret_all)
{
	uint32_t id = 0;
	unsigned n = 0;

	*ret_all = 0;
	for (;;) {
		struct store_ask q = store_ask(&a->store, Q_FACTOR_SEALED);
		uint8_t plain[VAULT_PLAIN_MAX];
		struct wbuf w = wbuf_of(plain, sizeof plain);

		store_put_int(&q, GATE_TOTP);
		store_put_int(&q, id);
		if (store_next(&q) != E_OK)
			return n;
		id = (uint32_t)store_int(&q, 0);
		n += vault_unseal(&a->vault, store_bytes(&q, 2), store_int(&q, 1), &w) == E_OK;
		++*ret_all;
		store_end(&q);
	}
}

static void check_all(struct authority *a)
{
	unsigned all = 0, n = opened(a, &all);

	assert_true(all > 0);
	assert_int_equal(n, all);
}

static void add(struct authority *a, uint32_t user)
{
	struct factor f = { .user = user, .kind = GATE_TOTP };
	struct wbuf w = wbuf_of(f.secret, sizeof f.secret);

	CHECK_OK(vault_seal(&a->vault, VIEW("a secret of 20 bytes"), user, &w));
	f.secret_n = (uint16_t)w.n;
	CHECK_OK(factor_add(a, &f));
}

struct scene {
	struct authority_kit k;
	uint8_t key[20];
};

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof *s);
	struct hash32 token = authority_kit_hash(1, 1);
	int cell = -1;

	authority_kit_open(&s->k, authority_kit_yaml);
	authority_kit_user(&s->k, "jan", "");
	cell = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	authority_kit_enrol(&s->k, cell, "jan", &token, s->key);
	close(cell);
	while (is_told())
		;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	authority_kit_close(&s->k);
	free(s);
	return 0;
}

static void test_new_key(void **state)
{
	struct scene *s = *state;
	struct hash32 token = authority_kit_hash(2, 2);
	unsigned all = 0;
	int cell = -1;

	CHECK_OK(reseal(s->k.a, FIRST, SECOND));
	assert_true(is_told());
	check_all(s->k.a);
	assert_int_equal(s->k.a->secret[0], SECOND); /* what is made of it later is the new one's */
	assert_int_equal(s->k.a->secret_next[0], 0);
	assert_int_equal(authority_kit_told(&s->k, "store.resealed ok"), 1);
	authority_kit_wait(&s->k, 60);
	cell = authority_kit_cell(&s->k, 2, "192.0.2.1", 1);
	assert_int_equal(authority_kit_login(&s->k, cell, "jan", s->key, &token), GATE_OK);
	close(cell);

	CHECK_OK(reseal(s->k.a, FIRST, FIRST)); /* the old key alone opens nothing */
	assert_int_equal(opened(s->k.a, &all), 0);
	CHECK_OK(reseal(s->k.a, SECOND, SECOND));
	check_all(s->k.a);
}

/* The keeper died before it could rename: it gives both once more. */
static void test_said_again(void **state)
{
	struct scene *s = *state;

	CHECK_OK(reseal(s->k.a, FIRST, SECOND));
	assert_true(is_told());
	CHECK_OK(reseal(s->k.a, FIRST, SECOND));
	assert_true(is_told());
	check_all(s->k.a);
	assert_int_equal(authority_kit_told(&s->k, "store.resealed ok"), 1);
}

static void test_does_not_open(void **state)
{
	struct scene *s = *state;

	CHECK_OK(reseal(s->k.a, 7, SECOND)); /* not the store's */
	assert_false(is_told());
	assert_int_equal(authority_kit_told(&s->k, "store.resealed failed"), 1);
	CHECK_OK(reseal(s->k.a, FIRST, FIRST));
	check_all(s->k.a);
	CHECK_OK(reseal(s->k.a, FIRST, SECOND));
	assert_true(is_told());
	CHECK_OK(reseal(s->k.a, FIRST, 200)); /* under the second by name: neither is its key */
	assert_false(is_told());
	CHECK_OK(reseal(s->k.a, SECOND, SECOND));
	check_all(s->k.a);
}

static void test_killed(void **state)
{
	struct scene *s = *state;
	uint8_t now = FIRST;

	for (unsigned i = 0; i < MANY; i++)
		add(s->k.a, 1);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint8_t next = (uint8_t)(SECOND + round);
		const struct timespec nap = { 0, (long)(round + 1) * 400000 };
		pid_t pid = -1;
		int status = 0;

		authority_kit_stop(&s->k);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			authority_kit_start(&s->k);
			INVARIANT(reseal(s->k.a, now, next) == E_OK);
			_exit(0);
		}
		nanosleep(&nap, NULL);
		(void)kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		authority_kit_start(&s->k);
		while (is_told())
			;
		CHECK_OK(reseal(s->k.a, now, next));
		assert_true(is_told());
		check_all(s->k.a);
		now = next;
	}
}

int main(void)
{
	int pair[2] = { -1, -1 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_new_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_said_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_does_not_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
	};

	INVARIANT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	keeper = pair[0] == ROLE_CHANNEL_FD ? pair[1] : pair[0];
	if (keeper == pair[0] && pair[1] != ROLE_CHANNEL_FD)
		INVARIANT(dup2(pair[1], ROLE_CHANNEL_FD) == ROLE_CHANNEL_FD);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
