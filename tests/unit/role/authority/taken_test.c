/*
 * Peers of the authority that have been taken over: cells that try to outlive their session, to
 * become another user's, to take the verifier for themselves; a verifier that answers what nobody
 * asked (promises P2, P6, P7; THREATS A20).
 */
#include "../../check.h"

#include "role/authority/cell.h"
#include "role/authority/session.h"
#include "sys/fd.h"
#include "tests/ipc/authority_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct scene {
	struct authority_kit k;
	struct hash32 jan, piet;
	uint8_t key[20];
	int cell; /* jan's, slot 1, serial 1 */
};

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof *s);
	struct tool_act group = { .kind = ACT_GROUP_ADD, .name = VIEW("staff") };
	int other = -1;

	authority_kit_open(&s->k, authority_kit_yaml);
	assert_true(authority_kit_act(&s->k, &group, NULL).is_done);
	authority_kit_user(&s->k, "jan", "staff");
	authority_kit_user(&s->k, "piet", "staff");
	s->jan = authority_kit_hash(1, 1);
	s->piet = authority_kit_hash(2, 1);
	s->cell = authority_kit_cell(&s->k, 1, "192.0.2.1", 1);
	authority_kit_enrol(&s->k, s->cell, "jan", &s->jan, s->key);
	other = authority_kit_cell(&s->k, 2, "192.0.2.1", 1);
	authority_kit_enrol(&s->k, other, "piet", &s->piet, s->key);
	close(other);
	authority_kit_run(&s->k);
	s->k.kills = 0;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	close(s->cell);
	authority_kit_close(&s->k);
	free(s);
	return 0;
}

static void hello(struct scene *s, int fd)
{
	struct cell_hello h = { .sni = VIEW("login.example.nl") };
	uint8_t body[128];
	struct wbuf w = wbuf_of(body, sizeof body);

	h.fingerprint.b[0] = 1;
	assert_int_equal(cell_hello_put(&w, &h), E_OK);
	authority_kit_say(fd, CELL_HELLO, 0, wbuf_view(&w));
	authority_kit_run(&s->k);
}

static void revoke_jan(struct scene *s)
{
	const struct tool_act act = { .kind = ACT_SESSION_REVOKE, .name = VIEW("jan") };

	assert_true(authority_kit_act(&s->k, &act, NULL).is_done);
}

/* Without its channel it could not be found when its session ends: so it ends now. */
static void test_closed_channel_is_killed(void **state)
{
	struct scene *s = *state;

	close(s->cell);
	authority_kit_run(&s->k);
	assert_int_equal(s->k.kills, 1);
	assert_int_equal(s->k.gate->killed[1], 1); /* for the keeper, when the spawner is gone */
	s->cell = authority_kit_introduce(&s->k, 3, ++s->k.serial, "192.0.2.9");
	close(s->cell);
	authority_kit_run(&s->k);
	assert_int_equal(s->k.kills, 1); /* a stranger's: there is nothing to outlive */
	s->cell = -1;
}

static void test_violation_is_killed(void **state)
{
	struct scene *s = *state;
	int stranger = authority_kit_introduce(&s->k, 3, ++s->k.serial, "192.0.2.9");

	authority_kit_say(stranger, 200, 1, (struct view){ 0 });
	authority_kit_run(&s->k);
	assert_int_equal(s->k.kills, 1);
	assert_int_equal(authority_kit_told(&s->k, "cell.refused ended"), 1);
	close(stranger);
}

/* Whose a cell is, another authority knows: from a page that tells other readers nothing. */
static void test_restart_forgets_no_cell(void **state)
{
	struct scene *s = *state;
	uint64_t said = s->k.gate->belongs[1];

	assert_int_not_equal(said, 0);
	assert_true(said >> 32 != 1); /* not its serial, and so not its session beside it */
	close(s->cell);
	authority_kit_restart(&s->k);
	s->cell = authority_kit_introduce(&s->k, 1, 1, "192.0.2.1");
	hello(s, s->cell);
	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->piet, NULL), GATE_OTHER);
	revoke_jan(s);
	assert_int_equal(s->k.kills, 0);
	authority_kit_wait(&s->k, 3);
	assert_int_equal(s->k.kills, 1);
}

/* Its session ended while there was no authority that knew it. */
static void test_restart_kills_what_has_ended(void **state)
{
	struct scene *s = *state;

	revoke_jan(s);
	close(s->cell);
	authority_kit_restart(&s->k);
	s->cell = authority_kit_introduce(&s->k, 1, 1, "192.0.2.1");
	s->k.kills = 0;
	authority_kit_wait(&s->k, 3);
	assert_int_equal(s->k.kills, 1);
}

/* A page that somebody has written nonsense to, or a cell of another serial, binds nobody. */
static void test_restart_believes_no_other(void **state)
{
	struct scene *s = *state;
	int cell = -1;

	s->k.gate->belongs[4] = s->k.gate->belongs[1];
	authority_kit_restart(&s->k);
	cell = authority_kit_introduce(&s->k, 4, 9, "192.0.2.1");
	assert_int_equal(s->k.a->cells[4].user, 0);
	assert_int_equal(s->k.a->cells[4].session, 0);
	close(cell);
	cell = authority_kit_introduce(&s->k, 1, 10, "192.0.2.1"); /* the slot's next cell */
	assert_int_equal(s->k.a->cells[1].user, 0);
	close(cell);
}

/* What one session was granted does not go on under another one of the same user. */
static void test_another_session_begins_without_reach(void **state)
{
	struct scene *s = *state;
	struct hash32 app = authority_kit_hash(4, 1);
	uint64_t files = authority_kit_app(&s->k, "files");
	unsigned before = 0;

	assert_int_equal(authority_kit_enter(&s->k, s->cell, files, &s->jan, &app), GATE_OK);
	assert_int_equal(s->k.a->cells[1].app_n, 1);
	before = s->k.forbids;
	s->k.a->cells[1].session++; /* as if the one it showed last was another */
	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->jan, NULL), GATE_OK);
	assert_int_equal(s->k.a->cells[1].app_n, 0);
	assert_int_equal(s->k.forbids, before + 1);
}

enum { CROWD = 1000, CROWD_SLOT = 100, CROWD_ANSWER_MS = 500 };

/* As much as its channel takes; what is answered it does not read. */
static void flood(int fd, uint16_t n)
{
	const struct cell_token ask = { .token = authority_kit_hash(9, n) };
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);
	uint32_t seq = 0;

	assert_int_equal(cell_token_put(&w, &ask), E_OK);
	while (frame_send(fd, CELL_SESSION, ++seq, wbuf_view(&w), NULL, 0) == E_OK)
		;
}

/* What this process has worked: both ends of every channel are in it, and nobody else's load is. */
static uint64_t worked_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A thousand cells ask without end and read nothing (THREATS A20): who is at work has an answer at
 * once, and none of the thousand costs more than its place. */
static void test_thousand_hostile_cells(void **state)
{
	struct scene *s = *state;
	struct rlimit files = { 0 };
	int crowd[CROWD];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_cur < 3 * CROWD)
		skip();
	for (uint16_t i = 0; i < CROWD; i++) {
		crowd[i] = authority_kit_cell(&s->k, CROWD_SLOT + (uint32_t)i, "198.51.100.1", 1);
		assert_int_equal(fd_set_nonblocking(crowd[i]), E_OK);
	}
	for (unsigned round = 0; round < 5; round++) {
		uint64_t began_ms = 0;

		for (uint16_t i = 0; i < CROWD; i++)
			flood(crowd[i], i);
		began_ms = worked_ms();
		assert_int_equal(authority_kit_session(&s->k, s->cell, &s->jan, NULL), GATE_OK);
		assert_in_range(worked_ms() - began_ms, 0, CROWD_ANSWER_MS);
	}
	for (unsigned i = 0; i < CROWD; i++)
		close(crowd[i]);
	authority_kit_run(&s->k);
	assert_int_equal(authority_kit_session(&s->k, s->cell, &s->jan, NULL), GATE_OK);
}

/* ---- the verifier ---- */

static bool try_password(struct scene *s, int cell, uint16_t n)
{
	struct cell_login login = { .transaction = authority_kit_hash(9, n) };
	struct cell_password p = { .transaction = login.transaction,
				   .user = VIEW("nobody"),
				   .password = VIEW("not the password") };
	uint8_t body[2048];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct kit_reply r = { 0 };
	char name[16];

	assert_int_equal(cell_login_put(&w, &login), E_OK);
	assert_true(authority_kit_ask(&s->k, cell, CELL_LOGIN, &w, &r));
	(void)snprintf(name, sizeof name, "nobody%u", n);
	p.user = view_str(name);
	w = wbuf_of(body, sizeof body);
	assert_int_equal(cell_password_put(&w, &p), E_OK);
	/* true: refused at once; else it waits for the verifier */
	return authority_kit_ask(&s->k, cell, CELL_PASSWORD, &w, &r) && r.type == AUTHORITY_REFUSED;
}

static void test_one_cell_leaves_the_verifier_to_others(void **state)
{
	struct scene *s = *state;
	int cell = authority_kit_cell(&s->k, 6, "198.51.100.1", 1),
	    other = authority_kit_cell(&s->k, 7, "203.0.113.1", 1);

	s->k.is_mute = true;
	for (uint16_t i = 0; i < AUTHORITY_VERIFIES_OF_CELL; i++)
		assert_false(try_password(s, cell, i));
	assert_true(try_password(s, cell, 100));
	assert_false(try_password(s, other, 101));
	s->k.is_mute = false;
	close(cell);
	close(other);
}

/* Right to what nobody asked, twice, and to questions of another kind: no more than an end. */
static void test_verifier_that_lies(void **state)
{
	struct scene *s = *state;
	const struct verified_password right = { .is_right = 1 };
	int cell = authority_kit_cell(&s->k, 6, "198.51.100.1", 1);
	uint8_t body[64];
	struct wbuf w = wbuf_of(body, sizeof body);
	uint64_t logins = s->k.gate->logins;

	assert_int_equal(verified_password_put(&w, &right), E_OK);
	for (uint32_t seq = 0; seq < 300; seq++)
		authority_kit_say(s->k.verifier, VERIFIED_PASSWORD, seq, wbuf_view(&w));
	authority_kit_run(&s->k);
	assert_int_equal(s->k.gate->logins, logins);
	assert_true(s->k.a->verifier.fd >= 0);
	s->k.is_mute = true;
	assert_false(try_password(s, cell, 1));
	/* "right", although there is no such account: nothing was there to compare with */
	authority_kit_say(s->k.verifier, VERIFIED_PASSWORD, s->k.a->verify_count, wbuf_view(&w));
	authority_kit_run(&s->k);
	assert_int_equal(s->k.gate->logins, logins);
	assert_int_equal(s->k.a->verify_n, 0);
	close(cell);
	cell = authority_kit_cell(&s->k, 7, "203.0.113.1", 1); /* the answer above was that one's */
	assert_false(try_password(s, cell, 2));
	w = wbuf_of(body, sizeof body);
	wbuf_str16(&w, VIEW("$argon2id$x")); /* a hash, where a yes or no was asked for */
	authority_kit_say(s->k.verifier, VERIFIED_HASH, s->k.a->verify_count, wbuf_view(&w));
	authority_kit_run(&s->k);
	assert_true(s->k.a->verifier.fd < 0);
	assert_int_equal(s->k.a->verify_n, 0);
	close(cell);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_closed_channel_is_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_violation_is_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart_forgets_no_cell, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart_kills_what_has_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart_believes_no_other, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_session_begins_without_reach, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_thousand_hostile_cells, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_cell_leaves_the_verifier_to_others, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_verifier_that_lies, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
